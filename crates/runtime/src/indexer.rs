//! The station that indexes: each sealed segment gets a small file that says in which batches which account
//! occurs. It is made after the segment is sealed, by a thread of its own; nothing waits for it.

use crate::committer::Shared;
use crate::partitioner::murmur2;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_journal::{Batch, BatchNote, DataDir, JournalError};
use umbral_model::ids::AccountId;
use umbral_wire::frame;

/// How often the station looks for segments that were sealed.
const LOOK: Duration = Duration::from_secs(1);

/// How much longer than its work on a batch the station rests after it.
const RESTS: u32 = 3;

/// The key of an account in an index.
pub(crate) fn key_of(account: &AccountId) -> u32 {
    murmur2(account.as_str().as_bytes())
}

/// What an index says of a batch; none if it cannot be read.
fn note_of(batch: &Batch<'_>) -> Option<BatchNote> {
    let commit = frame::decode_commit(batch.control().payload).ok()?;
    let mut keys = Vec::new();
    for one in batch.frames() {
        let found = &mut |account: &str| keys.push(murmur2(account.as_bytes()));
        frame::for_each_account(one.payload, found).ok()?;
    }
    Some(BatchNote {
        for_all: !commit.catalogs.is_empty() || !commit.zones.is_empty(),
        time: commit.clock.nanos(),
        keys,
    })
}

/// The station.
pub(crate) struct Indexer {
    data: DataDir,
    shared: Arc<Shared>,
    /// Nothing is sent on it: it ends when the engine is to stop.
    running: Receiver<()>,
    /// Segments up to here have their index, or cannot have one.
    done: u64,
}

impl Indexer {
    pub(crate) fn new(data: DataDir, shared: Arc<Shared>, running: Receiver<()>) -> Indexer {
        Indexer {
            data,
            shared,
            running,
            done: 0,
        }
    }

    /// Indexes until the engine is to stop.
    pub(crate) fn run(mut self) {
        loop {
            if let Err(error) = self.index_sealed() {
                tracing::warn!(%error, "A segment could not be indexed; it is read without an index.");
            }
            match self.running.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return,
                _ if self.shared.has_ended() => return,
                _ => {}
            }
        }
    }

    /// Rests for a while after so much work; says whether to go on. A segment indexed at a stretch would take a core
    /// from the stations for a second, and every record that comes meanwhile would wait.
    fn goes_on_after(&self, work: Duration) -> bool {
        self.running.recv_timeout(RESTS * work) != Err(RecvTimeoutError::Disconnected)
            && !self.shared.has_ended()
    }

    fn index_sealed(&mut self) -> Result<(), JournalError> {
        for number in self.data.sealed_segments()? {
            if number <= self.done {
                continue;
            }
            let worked_from = Cell::new(Instant::now());
            let goes_on = || {
                let goes_on = self.goes_on_after(worked_from.get().elapsed());
                worked_from.set(Instant::now());
                goes_on
            };
            let indexed = index_while(&self.data, number, &goes_on);
            if !goes_on() {
                break;
            }
            // What cannot be indexed now cannot be later: it is told once.
            self.done = number;
            indexed?;
        }
        Ok(())
    }
}

/// Makes the index of a sealed segment whose file is in the log, if it has none that is whole.
///
/// # Errors
/// Damage in the segment, or what the file system says.
pub fn index_segment(data: &DataDir, number: u64) -> Result<(), JournalError> {
    index_while(data, number, &|| true)
}

fn index_while(
    data: &DataDir,
    number: u64,
    goes_on: &dyn Fn() -> bool,
) -> Result<(), JournalError> {
    if data.segment_index(number).is_some() {
        return Ok(());
    }
    let noted = &mut |batch: &Batch<'_>| goes_on().then(|| note_of(batch))?;
    let made = data.make_index(number, noted)?;
    tracing::debug!(segment = number, made, "segment indexed");
    Ok(())
}

/// The batches of an account in the first segments that have an index.
pub(crate) struct AccountBatches {
    pub(crate) places: std::vec::IntoIter<(u64, umbral_journal::BatchPlace)>,
    /// The first batch that no index covers.
    pub(crate) next_batch: u64,
}

/// Finds them: as far as segments have an index, one after the other.
pub(crate) fn batches_of(
    data: &DataDir,
    account: &AccountId,
) -> Result<AccountBatches, JournalError> {
    let (mut places, mut next_batch) = (Vec::new(), 1);
    for number in data.sealed_segments()? {
        let Some(index) = data.segment_index(number) else {
            break;
        };
        places.extend(index.find(key_of(account)));
        next_batch = index.next_batch();
    }
    Ok(AccountBatches {
        places: places.into_iter(),
        next_batch,
    })
}
