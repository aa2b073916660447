//! A batch of the source, cut for the partitions of the copy: entries in input order, what told all partitions
//! put together again.

use crate::error::EngineError;
use crate::partitioner::{partition_of_account, partition_of_unresolved};
use crate::scan::ScannedBatch;
use std::sync::Arc;
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome};

/// What a partition of the copy is to take.
pub(super) struct Move {
    /// The entry as the source has it. Of what told all partitions, the events of all of them.
    pub(super) entry: Arc<Entry>,
    /// Version of the rules by which it was decided.
    pub(super) logic_version: u32,
    /// The partition; none for what tells all of them.
    pub(super) partition: Option<PartitionNo>,
}

/// Reads the entries of a batch, in input order.
pub(super) fn moves(batch: &ScannedBatch, partitions: u16) -> Result<Vec<Move>, EngineError> {
    let mut entries: Vec<(u32, Entry)> = Vec::new();
    for (partition, payload) in &batch.frames {
        let decoded = batch.decode(*partition, payload)?;
        let version = decoded.logic_version;
        entries.extend(decoded.entries.into_iter().map(|entry| (version, entry)));
    }
    // Stable: entries of one partition keep their order. What tells all partitions stands before the input
    // that it came before.
    entries.sort_by_key(|(_, entry)| (entry.position, !is_told(entry), entry.clock));
    let mut moves: Vec<Move> = Vec::with_capacity(entries.len());
    let mut told: Vec<(u32, Entry)> = Vec::new();
    for (logic_version, entry) in entries {
        if !told.iter().any(|(_, one)| belongs_to(&entry, one)) {
            moves.extend(told.drain(..).map(told_move));
        }
        if is_told(&entry) {
            gather(&mut told, logic_version, entry);
            continue;
        }
        let partition = Some(partition_of(&entry, partitions));
        let entry = Arc::new(entry);
        moves.push(Move {
            entry,
            logic_version,
            partition,
        });
    }
    moves.extend(told.drain(..).map(told_move));
    Ok(moves)
}

fn told_move((logic_version, entry): (u32, Entry)) -> Move {
    Move {
        entry: Arc::new(entry),
        logic_version,
        partition: None,
    }
}

/// Whether an entry is the share of one partition in what told all of them.
fn is_told(entry: &Entry) -> bool {
    matches!(
        entry.input,
        JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_)
    )
}

/// Whether both stand at the same place of the input order and were told at the same time.
fn belongs_to(entry: &Entry, told: &Entry) -> bool {
    is_told(entry) && entry.position == told.position && entry.clock == told.clock
}

/// Adds a partition's share to what was told.
fn gather(told: &mut Vec<(u32, Entry)>, logic_version: u32, entry: Entry) {
    match told.iter_mut().find(|(_, one)| one.input == entry.input) {
        Some((_, one)) => one.events.extend(entry.events),
        None => told.push((logic_version, entry)),
    }
}

fn partition_of(entry: &Entry, partitions: u16) -> PartitionNo {
    match &entry.input {
        JournaledInput::Account(input) => partition_of_account(&input.account, partitions),
        JournaledInput::Raw(raw) => {
            let bytes = match &entry.outcome {
                Outcome::Quarantined(kept) => kept.original.as_slice(),
                Outcome::Applied | Outcome::DuplicateIgnored => &[],
            };
            partition_of_unresolved(raw.key.as_ref(), bytes, partitions)
        }
        JournaledInput::Tick(_) | JournaledInput::ConfigChanged(_) => PartitionNo(0),
    }
}

/// The events of a partition's accounts, in their order.
pub(super) fn share_of(
    events: &[AccountEvent],
    partition: PartitionNo,
    partitions: u16,
) -> Vec<AccountEvent> {
    let is_own = |event: &&AccountEvent| {
        let account = event.account.as_ref();
        account.is_some_and(|account| partition_of_account(account, partitions) == partition)
    };
    events.iter().filter(is_own).cloned().collect()
}
