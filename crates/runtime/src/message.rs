//! What the stations hand to each other. Everything goes one way, from intake to commit; only
//! acknowledgements come back.

use crate::error::Failure;
use crate::snapshot::{CopyOrder, MarkOrder, RowPiece};
use crossbeam_channel::Sender;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use umbral_engine::World;
use umbral_intake::reader::Refusal;
use umbral_journal::{BatchPlace, FrameToAppend};
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::input::{Incoming, Input, InputKey};
use umbral_model::journal::{Commit, Counts, RawInput};
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;

/// Where an input's original bytes are.
#[derive(Clone, Debug, Default)]
pub enum Original {
    /// Nowhere: the input was made in this process, and is written as JSON where it must be kept.
    #[default]
    Made,
    /// In the bytes of its chunk, from and to.
    Span(u32, u32),
}

impl Original {
    /// How many of its chunk's bytes are its own.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Original::Made => 0,
            Original::Span(from, to) => to.saturating_sub(*from) as usize,
        }
    }
}

/// One record as intake hands it over.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it says, or why it cannot be read.
    pub content: Result<Incoming, Refusal>,
    /// Its original bytes.
    pub original: Original,
    /// Its source, an index into the chunk's; none for what keeps no position.
    pub source: Option<u16>,
    /// Number in its source, from 1; 0 where it has none.
    pub row: u64,
    /// Line of its file, from 1; 0 where it has none.
    pub line: u64,
    /// The quarantined entry that it takes up again.
    pub resubmits: Option<u64>,
}

/// The file or stream that records come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceId {
    /// Hash of the content for files, a name for streams: what a later start finds its position by.
    pub id: SmolStr,
    /// Name that it is shown under.
    pub name: String,
    /// What its bytes are: `json`, `protobuf`, `csv`, `fixed`.
    pub format: SmolStr,
    /// What its position counts.
    pub counting: Counting,
}

/// What the position of a source counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Counting {
    /// Records that were taken: a file is read again from its beginning, and so many are skipped.
    #[default]
    Records,
    /// Rows of a log, of which one may hold several records: the position is the offset to read next, and a
    /// record's row is its offset and 1.
    Rows,
}

impl SourceId {
    /// A file's own name with the beginning of its content's hash: what a place in the journal names, the
    /// same wherever the file lay. A log's name as it is.
    pub(crate) fn short_name(&self) -> String {
        if self.counting == Counting::Rows {
            return self.name.clone();
        }
        let name = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        let id = self.id.get(..8).unwrap_or(&self.id);
        format!("{name} ({id})")
    }
}

/// Records that travel together, with the bytes that they were read from.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Where they come from.
    pub sources: Vec<Arc<SourceId>>,
    /// What the bytes are, where a record has no source: `json`, `protobuf`.
    pub format: SmolStr,
    /// The bytes.
    pub bytes: Arc<Vec<u8>>,
    /// The records in order.
    pub records: Vec<Record>,
}

impl Chunk {
    /// A chunk of inputs that were made in this process.
    pub fn made(inputs: Vec<Incoming>) -> Chunk {
        Chunk {
            sources: Vec::new(),
            format: SmolStr::new_static("json"),
            bytes: Arc::default(),
            records: inputs.into_iter().map(Record::made).collect(),
        }
    }
}

impl Record {
    /// An input that was made in this process.
    pub fn made(incoming: Incoming) -> Record {
        Record {
            content: Ok(incoming),
            original: Original::Made,
            source: None,
            row: 0,
            line: 0,
            resubmits: None,
        }
    }
}

/// What came of one input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Taken.
    Applied,
    /// A repeat of one that was taken.
    Duplicate,
    /// Not taken, kept in the quarantine.
    Quarantined(Rejection),
}

/// What came of a submitted input, once it is durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Receipt {
    /// The input's number.
    pub position: u64,
    /// What came of it.
    pub verdict: Verdict,
}

/// What the engine asks of the sequencer.
pub(crate) enum Command {
    /// Take these records.
    Records(Chunk),
    /// Take these records and say what came of each when they are durable.
    Submit(Chunk, Sender<Vec<Receipt>>),
    /// All of a source was handed over; answer when it is durable.
    EndOfSources(Vec<Arc<SourceId>>, Sender<()>),
    /// Say which accounts there are, and note new ones from now on.
    ListAccounts(Arc<KnownAccounts>, Sender<()>),
    /// Answer when everything so far is durable.
    Flush(Sender<()>),
    /// Begin a copy of everything.
    Copy(CopyOrder),
    /// Have the committer say when a batch is durable.
    Mark(MarkOrder),
    /// Finish what is there and end.
    Stop,
}

/// What a worker is told.
pub(crate) enum WorkerMessage {
    /// Decide a share.
    Share(Share),
    /// Say which accounts there are.
    ListAccounts(Arc<KnownAccounts>, Sender<()>),
    /// Copy all rows between messages, for a snapshot that begins at a batch.
    CopyRows(Sender<RowPiece>, u64),
}

/// Accounts that exist or are about to; filled only where a mapping creates missing ones.
#[derive(Debug, Default)]
pub(crate) struct KnownAccounts(Mutex<FxHashSet<AccountId>>);

impl KnownAccounts {
    pub(crate) fn note(&self, account: AccountId) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account);
    }

    pub(crate) fn contains(&self, account: &AccountId) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(account)
    }
}

/// Bytes of an input on the way to its worker.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// To be written as JSON if needed.
    Made,
    /// Chunk of the share, from, to.
    Span(u32, u32, u32),
    /// Its own.
    Owned(Vec<u8>),
}

/// One piece of work for a worker.
pub(crate) struct Item {
    /// The input's number; that of the next input for what is no input.
    pub position: u64,
    /// The last tick.
    pub clock: Timestamp,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done.
pub(crate) enum Work {
    /// Decide an account's input.
    Input(InputWork),
    /// Keep what has no account.
    Raw(Box<RawWork>),
    /// Fire what is due, in all partitions of the worker.
    Tick(InputKey),
    /// Like a tick, and another catalog version is in force.
    VersionReached(InputKey),
    /// Compare all accounts with the catalog in force, in all partitions of the worker.
    ConfigChanged(InputKey),
}

/// An account's input on its way.
pub(crate) struct InputWork {
    /// Its partition.
    pub partition: PartitionNo,
    /// The input.
    pub input: Box<Input>,
    /// Why the sequencer refuses it, if it is not a repeat.
    pub refused: Option<Rejection>,
    /// Its bytes.
    pub bytes: Bytes,
    /// Somebody wants to know what came of it.
    pub watched: bool,
}

/// An input without an account on its way.
pub(crate) struct RawWork {
    /// Its partition.
    pub partition: PartitionNo,
    /// What is known about it.
    pub raw: RawInput,
    /// Why it is quarantined; none for a repeat of what is not an account's.
    pub refused: Option<Rejection>,
    /// Its bytes.
    pub bytes: Bytes,
    /// Somebody wants to know what came of it.
    pub watched: bool,
}

/// A worker's part of a batch.
pub(crate) struct Share {
    /// The batch.
    pub batch: u64,
    /// Catalogs and zones as they are for the whole batch.
    pub world: Arc<World>,
    /// Bytes that items point into.
    pub chunks: Arc<Vec<Arc<Vec<u8>>>>,
    /// The work, in input order.
    pub items: Vec<Item>,
    /// Memory for frames.
    pub payloads: Vec<Vec<u8>>,
}

/// What the committer is told.
pub(crate) enum CommitMessage {
    /// A batch was closed: how many shares it has and what stands in its control record.
    Opened(Box<BatchHeader>),
    /// A worker decided its share.
    Decided(Box<DecidedShare>),
    /// Say when a batch is durable.
    Mark(MarkOrder),
    /// A station broke; nothing more can be committed.
    Broken(Failure),
}

/// The control side of a batch.
pub(crate) struct BatchHeader {
    /// Control record; its counts are filled in by the committer.
    pub commit: Commit,
    /// Inputs of this batch, and outcomes that the sequencer decided.
    pub counts: Counts,
    /// Shares to wait for.
    pub shares: usize,
    /// What came of watched inputs that the sequencer decided.
    pub verdicts: Vec<(u64, Verdict)>,
}

/// One partition's frame, encoded.
pub(crate) struct EncodedFrame {
    /// Whose it is.
    pub partition: PartitionNo,
    /// Entries in it.
    pub entries: u32,
    /// The frame.
    pub payload: Vec<u8>,
}

impl EncodedFrame {
    /// As the log takes it.
    pub(crate) fn to_append(&self) -> FrameToAppend<'_> {
        FrameToAppend {
            partition: self.partition.0,
            count: self.entries,
            payload: &self.payload,
        }
    }
}

/// A worker's decided share of a batch.
pub(crate) struct DecidedShare {
    /// The batch.
    pub batch: u64,
    /// The worker.
    pub worker: usize,
    /// Frames in order of partition.
    pub frames: Vec<EncodedFrame>,
    /// Outcomes.
    pub counts: Counts,
    /// Events.
    pub events: u64,
    /// What came of watched inputs.
    pub verdicts: Vec<(u64, Verdict)>,
    /// How the worker's partitions stand after it.
    pub standing: Standing,
    /// Memory of the inputs, to be used again.
    #[allow(clippy::vec_box, reason = "the boxes themselves are handed on")]
    pub spent: Vec<Box<Input>>,
}

/// What the sequencer has to know of the partitions of a worker.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Standing {
    /// When their next timer is due.
    pub next_due: Option<Timestamp>,
    /// Keys that they keep to recognise repeats.
    pub keys: u64,
}

/// Where the frames of a batch are.
pub(crate) enum Placed {
    /// Durable in the log.
    At(BatchPlace),
    /// In a record that is not durable yet, in this range of it.
    Later(Arc<Vec<u8>>, Range<usize>),
}

/// What the sequencer is told when a batch is done: durable, or in a lane decided.
pub(crate) struct Ack {
    /// The batch.
    pub batch: u64,
    /// The clock after it.
    pub clock: Timestamp,
    /// Where its frames are.
    pub place: Placed,
    /// The last input of it.
    pub position: u64,
    /// Counts over everything up to it.
    pub counts: Counts,
    /// What came of watched inputs, by position.
    pub verdicts: Vec<(u64, Verdict)>,
    /// How the partitions of each worker that took part stand.
    pub standing: Vec<(usize, Standing)>,
    /// Memory to be used again.
    pub spent: Spent,
}

/// Memory that a batch no longer needs. It goes back to the sequencer, which hands it out again: thousands of pieces a
/// batch that one thread allocates and another one frees are what allocators are slowest at.
#[derive(Default)]
pub(crate) struct Spent {
    /// Of inputs, by worker.
    #[allow(clippy::vec_box, reason = "the boxes themselves are handed on")]
    pub inputs: Vec<Vec<Box<Input>>>,
    /// Of frames.
    pub payloads: Vec<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_shortly_and_a_stream_as_it_is() {
        let source = |id: &str, name: &str| SourceId {
            id: id.into(),
            name: name.to_owned(),
            format: "json".into(),
            counting: match id == name {
                true => Counting::Rows,
                false => Counting::Records,
            },
        };
        let file = source("0123456789abcdef", "/data/usage.ndjson");
        assert_eq!(file.short_name(), "usage.ndjson (01234567)");
        let stream = source("kafka:usage/3", "kafka:usage/3");
        assert_eq!(stream.short_name(), "kafka:usage/3");
    }
}
