//! Walking over the entries of a journal in input order.

use crate::{History, HistoryError};
use core::ops::ControlFlow;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome};
use umbral_model::time::Timestamp;
use umbral_runtime::partitioner::partition_of_account;
use umbral_runtime::{EngineError, ScannedBatch, Scanner, WorldFold};

/// The decoded entries of one batch.
pub(crate) struct Walked<'a> {
    /// Catalogs and zones as they were.
    pub world: &'a Arc<World>,
    /// The clock after the batch.
    pub clock: Timestamp,
    /// It was copied from another deployment, which published its outputs.
    pub copied: bool,
    /// Entries in input order; what told all partitions before the input that it came before.
    pub entries: Vec<(PartitionNo, Entry)>,
}

/// A walk over a journal that can be taken up again when more was committed.
pub(crate) struct Walk {
    scanner: Scanner,
    world: WorldFold,
    only: Option<PartitionNo>,
}

impl Walk {
    /// Over all partitions, or only one.
    pub(crate) fn new(history: &History, only: Option<PartitionNo>) -> Result<Walk, EngineError> {
        Ok(Walk {
            scanner: history.scan()?,
            world: WorldFold::new(),
            only,
        })
    }

    /// Over what an account needs: where segments have an index, only the batches that it occurs in. The clock
    /// between those is not seen.
    pub(crate) fn of(history: &History, account: &AccountId) -> Result<Walk, EngineError> {
        Ok(Walk {
            scanner: history.scan_account(account)?,
            world: WorldFold::new(),
            only: Some(partition_of(history, account)),
        })
    }

    /// Goes on to the end of what is committed, or until `visit` breaks.
    pub(crate) fn go<B>(
        &mut self,
        mut visit: impl FnMut(&Walked<'_>) -> Result<ControlFlow<B>, HistoryError>,
    ) -> Result<Option<B>, HistoryError> {
        while let Some(batch) = self.scanner.next_batch()? {
            self.world.follow(&batch.commit)?;
            let entries = self.decode(&batch)?;
            let walked = Walked {
                world: self.world.world(),
                clock: batch.commit.clock,
                copied: batch.commit.copied,
                entries,
            };
            if let ControlFlow::Break(found) = visit(&walked)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn decode(&self, batch: &ScannedBatch) -> Result<Vec<(PartitionNo, Entry)>, EngineError> {
        let mut entries = Vec::new();
        for (partition, payload) in &batch.frames {
            if self.only.is_some_and(|only| only != *partition) {
                continue;
            }
            let decoded = batch.decode(*partition, payload)?.entries;
            entries.extend(decoded.into_iter().map(|entry| (*partition, entry)));
        }
        // Stable: entries of one partition keep their order.
        entries.sort_by_key(|(_, entry)| (entry.position, is_input(entry)));
        Ok(entries)
    }
}

/// Whether an entry is an input of one account, and not what told all partitions before it.
fn is_input(entry: &Entry) -> bool {
    !matches!(
        entry.input,
        JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_)
    )
}

/// The partition of an account.
pub(crate) fn partition_of(history: &History, account: &AccountId) -> PartitionNo {
    partition_of_account(account, history.partitions())
}

/// The account that an event belongs to.
pub(crate) fn account_of<'a>(entry: &'a Entry, event: &'a AccountEvent) -> Option<&'a AccountId> {
    match (&event.account, &entry.input) {
        (Some(account), _) => Some(account),
        (None, JournaledInput::Account(input)) => Some(&input.account),
        (None, _) => None,
    }
}

/// The entry as one account saw it; none if it did not.
pub(crate) fn seen_by(entry: &Entry, account: &AccountId) -> Option<Entry> {
    if let JournaledInput::Account(input) = &entry.input {
        return (input.account == *account).then(|| entry.clone());
    }
    let events: Vec<AccountEvent> = entry
        .events
        .iter()
        .filter(|event| event.account.as_ref() == Some(account))
        .cloned()
        .collect();
    (!events.is_empty()).then(|| Entry {
        events,
        ..shallow(entry)
    })
}

fn shallow(entry: &Entry) -> Entry {
    Entry {
        position: entry.position,
        clock: entry.clock,
        version: entry.version,
        input: entry.input.clone(),
        outcome: Outcome::Applied,
        events: Vec::new(),
    }
}
