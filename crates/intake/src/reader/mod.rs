//! Readers: records of files and streams, one after the other, each with its place, its original bytes, and
//! either an input or the reason why it is none.

mod bytes;
mod decoder;
mod error;
mod framing;
mod merged;
mod packed;
mod source;

pub use decoder::Decoder;
pub use error::ReadError;
pub use merged::Merged;
pub use packed::Packing;
pub use source::{Options, SourceFile};

use umbral_model::ids::AccountId;
use umbral_model::input::{Incoming, InputKey};
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// Protobuf messages, each behind its length as a varint.
    Protobuf,
    /// Rows of a CSV or fixed-width file, by a mapping.
    Mapped,
}

/// A record as it was cut out of its file, not yet decoded. Decoding needs nothing else, so it may happen
/// on another thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Number of the record in its file, from 1; headers, comments and empty lines are not counted.
    pub row: u64,
    /// Line of the file, from 1; 0 where the format has no lines.
    pub line: u64,
    /// The record without its line end or length.
    pub bytes: Vec<u8>,
    /// Why it is no whole record, if it is not.
    pub fault: Option<Fault>,
}

/// Records as they were cut out of their file, one behind the other in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawChunk {
    /// The records without their line ends or lengths.
    pub bytes: Vec<u8>,
    /// Where each of them is.
    pub records: Vec<RawSpan>,
}

/// Where a record is in its chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawSpan {
    /// Number of the record in its file, from 1.
    pub row: u64,
    /// Line of the file, from 1; 0 where the format has no lines.
    pub line: u64,
    /// Its first byte.
    pub from: u32,
    /// The byte after its last one.
    pub to: u32,
    /// Why it is no whole record, if it is not.
    pub fault: Option<Fault>,
}

impl RawChunk {
    /// The bytes of one of its records.
    pub fn bytes_of(&self, span: &RawSpan) -> &[u8] {
        &self.bytes[span.from as usize..span.to as usize]
    }

    fn push(&mut self, cut: framing::Cut, from: usize) {
        self.records.push(RawSpan {
            row: cut.row,
            line: cut.line,
            from: from as u32,
            to: self.bytes.len() as u32,
            fault: cut.fault,
        });
    }
}

/// A record that could not be cut out whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Larger than a record may be; its bytes are cut at the limit.
    TooLarge {
        /// Bytes that it has.
        size: u64,
    },
    /// The file ends inside it.
    Truncated,
    /// No length stands where the next record's should: what follows cannot be told apart.
    NoLength,
}

/// One record of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number of the record in its file, from 1.
    pub row: u64,
    /// Line of the file, from 1; 0 where the format has no lines.
    pub line: u64,
    /// The record as it came in.
    pub original: Vec<u8>,
    /// What it says, or why it cannot be taken.
    pub content: Result<Incoming, Refusal>,
    /// The `customer_added` to be sequenced right before it, for a mapping that creates accounts.
    pub opening: Option<Incoming>,
}

impl Record {
    /// When it happened, as far as that could be read.
    pub fn occurred_at(&self) -> Option<Timestamp> {
        match &self.content {
            Ok(incoming) => Some(incoming.occurred_at),
            Err(refusal) => refusal.occurred_at,
        }
    }
}

/// Why a record is no input, with what could be read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Code and particulars.
    pub rejection: Rejection,
    /// Sender and id.
    pub key: Option<InputKey>,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Refusal {
        Refusal {
            rejection,
            key: None,
            occurred_at: None,
        }
    }
}

/// How far a source is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records handed out or skipped.
    pub records: u64,
    /// Bytes read, of the file as it lies on disk.
    pub bytes: u64,
    /// Bytes that there are; unknown for standard input.
    pub total: Option<u64>,
}

/// Hands out the records of one source.
pub trait RecordReader {
    /// The name for messages.
    fn name(&self) -> &str;

    /// Hash of the content (128 bit, hex), by which a reading that was broken off is taken up again;
    /// `None` for a stream whose end is not known.
    fn content_id(&self) -> Option<&str>;

    /// What the bytes of its records are: `json`, `protobuf`, `csv`, `fixed`.
    fn format(&self) -> &'static str;

    /// The next record; `None` at the end. `known` says whether an account exists: it must say yes from the
    /// moment at which the account's `customer_added` is sequenced, decided or not.
    fn next_record(
        &mut self,
        known: &dyn Fn(&AccountId) -> bool,
    ) -> Result<Option<Record>, ReadError>;

    /// Leaves out records, such as those that an earlier run took; how many there were.
    fn skip_records(&mut self, records: u64) -> Result<u64, ReadError>;

    /// How far it is read.
    fn progress(&self) -> Progress;
}
