//! The partitions of a copy: every entry is decided again and compared with what the source holds of it.

use super::CopyError;
use super::route::{Move, share_of};
use crate::again::{decide_again, outcome_texts};
use crate::message::EncodedFrame;
use crate::worker::Worker;
use std::sync::Arc;
use umbral_engine::{Decision, Partition, World};
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{AccountEvent, Entry, Frame, LOGIC_VERSION};
use umbral_wire::{body_hash_of, frame};

/// What a worker takes of a batch.
pub(super) struct Share {
    pub(super) batch: u64,
    pub(super) world: Arc<World>,
    /// All moves of the batch: each worker takes those of its partitions.
    pub(super) moves: Arc<Vec<Move>>,
}

/// A partition with its frame of the batch in work.
struct Slot {
    number: PartitionNo,
    partition: Partition,
    entries: Vec<Entry>,
    /// Version of the rules that the frame names.
    version: u32,
}

/// Owner of the partitions whose number leaves its own number when divided by the workers.
pub(super) struct CopyWorker {
    slots: Vec<Slot>,
    workers: usize,
    number: usize,
    partitions: u16,
}

impl CopyWorker {
    /// Goes on with the partitions of a start.
    pub(super) fn of(
        mut recovered: Worker,
        number: usize,
        workers: usize,
        partitions: u16,
    ) -> Self {
        let own = (number..usize::from(partitions)).step_by(workers);
        let slots = own.map(|partition| {
            let number = PartitionNo(partition as u16);
            Slot {
                number,
                partition: std::mem::take(recovered.partition_mut(number)),
                entries: Vec::new(),
                version: LOGIC_VERSION,
            }
        });
        CopyWorker {
            slots: slots.collect(),
            workers,
            number,
            partitions,
        }
    }

    /// Decides its part of a batch.
    pub(super) fn take(&mut self, share: &Share) -> Result<Vec<EncodedFrame>, CopyError> {
        for one in share.moves.iter() {
            match one.partition {
                None => self.tell_all(share, one)?,
                Some(partition) if partition.index() % self.workers == self.number => {
                    let slot = &mut self.slots[partition.index() / self.workers];
                    slot.take(share, one, &one.entry)?;
                }
                Some(_) => {}
            }
        }
        let frames = self.slots.iter_mut();
        Ok(frames
            .filter_map(|slot| slot.take_frame(share.batch))
            .collect())
    }

    /// Tells all partitions what told all of the source's: the events of each account must be the same.
    fn tell_all(&mut self, share: &Share, told: &Move) -> Result<(), CopyError> {
        for slot in &mut self.slots {
            let entry = Entry {
                events: share_of(&told.entry.events, slot.number, self.partitions),
                ..without_events(&told.entry)
            };
            slot.take(share, told, &entry)?;
        }
        Ok(())
    }
}

fn without_events(entry: &Entry) -> Entry {
    Entry {
        position: entry.position,
        clock: entry.clock,
        version: entry.version,
        input: entry.input.clone(),
        outcome: entry.outcome.clone(),
        events: Vec::new(),
    }
}

impl Slot {
    /// Takes an entry whose events are those of this partition.
    fn take(&mut self, share: &Share, from: &Move, entry: &Entry) -> Result<(), CopyError> {
        let hash = body_hash_of(entry);
        let is_told = from.partition.is_none();
        if from.logic_version != LOGIC_VERSION {
            // Decided by other rules, and published so: it stays as it is.
            self.partition
                .replay_of(&share.world, share.batch, entry, hash);
            if !is_told || !entry.events.is_empty() {
                self.write(from.logic_version, entry.clone());
            }
            return Ok(());
        }
        let Some((decision, events)) = decide_again(&mut self.partition, &share.world, entry, hash)
        else {
            self.write(LOGIC_VERSION, entry.clone());
            return Ok(());
        };
        compare(entry, &decision, &events)?;
        if !is_told {
            self.write(LOGIC_VERSION, entry.clone());
        } else if !events.is_empty() {
            // The order of a partition's accounts is its own.
            let decided = Entry {
                events,
                ..without_events(entry)
            };
            self.write(LOGIC_VERSION, decided);
        }
        Ok(())
    }

    fn write(&mut self, version: u32, entry: Entry) {
        debug_assert!(
            self.entries.is_empty() || self.version == version,
            "a batch was decided by one process"
        );
        self.version = version;
        self.entries.push(entry);
    }

    fn take_frame(&mut self, batch: u64) -> Option<EncodedFrame> {
        if self.entries.is_empty() {
            return None;
        }
        let frame = Frame {
            partition: self.number,
            logic_version: self.version,
            batch,
            entries: std::mem::take(&mut self.entries),
        };
        let mut payload = Vec::new();
        frame::encode(&frame, &mut payload);
        Some(EncodedFrame {
            partition: self.number,
            entries: frame.entries.len() as u32,
            payload,
        })
    }
}

/// The same events of each account, in the same order; that of different accounts is free.
fn compare(entry: &Entry, decision: &Decision, events: &[AccountEvent]) -> Result<(), CopyError> {
    let differs = |what: String, source: String, copy: String| {
        Err(CopyError::Differs {
            position: entry.position,
            what,
            source_has: source,
            copy_has: copy,
        })
    };
    let (source, copy) = outcome_texts(&entry.outcome, decision);
    if source != copy {
        return differs("outcome".to_owned(), source, copy);
    }
    let (mut known, mut decided): (Vec<_>, Vec<_>) =
        (entry.events.iter().collect(), events.iter().collect());
    known.sort_by(|a: &&AccountEvent, b| a.account.cmp(&b.account));
    decided.sort_by(|a: &&AccountEvent, b| a.account.cmp(&b.account));
    let count = known.len().max(decided.len());
    let Some(first) = (0..count).find(|index| known.get(*index) != decided.get(*index)) else {
        return Ok(());
    };
    let text = |event: Option<&&AccountEvent>| {
        event.map_or_else(|| "none".to_owned(), |event| format!("{event:?}"))
    };
    differs(
        format!("event {} of {}", first + 1, known.len()),
        text(known.get(first)),
        text(decided.get(first)),
    )
}
