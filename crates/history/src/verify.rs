//! `replay --verify`: rebuilds every partition from nothing by folding its events, decides every input again
//! beside it, and compares outcome, events and final state.

use crate::{History, HistoryError, threads};
use rustc_hash::FxHashMap;
use umbral_engine::{Decision, Partition};
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{AccountEvent, Entry, Frame, LOGIC_VERSION};
use umbral_runtime::{EngineError, FrameFold, ScannedFrame, decide_again, fold_all, outcome_texts};
use umbral_wire::body_hash_of;

/// How far a verification has come.
#[derive(Clone, Copy, Debug)]
pub struct VerifyProgress {
    /// The last input of the batches read so far.
    pub position: u64,
    /// Inputs of the batches read so far.
    pub inputs: u64,
    /// Batches read so far.
    pub batches: u64,
}

/// What a verification found.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Inputs of the journal.
    pub inputs: u64,
    /// Entries that were folded and compared.
    pub entries: u64,
    /// Of these, entries that were decided again; the rest was decided before the engine, or by rules of
    /// another version.
    pub decided: u64,
    /// Events that were compared.
    pub events: u64,
    /// State hash of every partition, in order.
    pub partition_hashes: Vec<u128>,
    /// The first difference by position; none when all agrees.
    pub difference: Option<Difference>,
}

impl Verification {
    /// The hash of the whole state, whatever the number of partitions.
    pub fn state_hash(&self) -> u128 {
        self.partition_hashes
            .iter()
            .copied()
            .fold(0, u128::wrapping_add)
    }

    /// Both together: each is of other partitions of one deployment.
    #[must_use]
    pub fn and(mut self, other: Verification) -> Verification {
        self.inputs += other.inputs;
        self.entries += other.entries;
        self.decided += other.decided;
        self.events += other.events;
        let empty = Partition::new().state_hash();
        let hashes = self.partition_hashes.iter_mut();
        for (hash, others) in hashes.zip(other.partition_hashes) {
            if *hash == empty {
                *hash = others;
            }
        }
        let differences = self.difference.into_iter().chain(other.difference);
        self.difference = first_of(differences);
        self
    }
}

/// Where deciding again gave something else than the journal holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The partition.
    pub partition: PartitionNo,
    /// The input's position; the last one for a difference in the final state.
    pub position: u64,
    /// What differs: `outcome`, `event 2 of 3`, `state`.
    pub what: String,
    /// What the journal holds.
    pub journaled: String,
    /// What deciding again gives.
    pub decided: String,
}

impl History {
    /// Verifies the whole journal.
    pub fn verify(
        &self,
        progress: &mut dyn FnMut(VerifyProgress),
    ) -> Result<Verification, HistoryError> {
        let mut scanner = self.scan()?;
        let folds = (0..threads(self.partitions()))
            .map(|_| Verifier::default())
            .collect();
        let mut seen = VerifyProgress {
            position: 0,
            inputs: 0,
            batches: 0,
        };
        let (_, folds) = fold_all(&mut scanner, folds, &mut |commit| {
            seen = VerifyProgress {
                position: commit.position,
                inputs: commit.counts.inputs,
                batches: commit.batch,
            };
            progress(seen);
            true
        })?;
        Ok(self.conclude(seen, folds))
    }

    fn conclude(&self, seen: VerifyProgress, folds: Vec<Verifier>) -> Verification {
        let mut found = Verification {
            inputs: seen.inputs,
            entries: 0,
            decided: 0,
            events: 0,
            partition_hashes: vec![Partition::new().state_hash(); usize::from(self.partitions())],
            difference: None,
        };
        let mut differences = Vec::new();
        for verifier in folds {
            found.entries += verifier.entries;
            found.decided += verifier.decided;
            found.events += verifier.events;
            for (number, pair) in verifier.pairs {
                found.partition_hashes[number.index()] = pair.folded.state_hash();
                differences.extend(pair.conclude(number, seen.position));
            }
        }
        found.difference = first_of(differences);
        found
    }
}

fn first_of(differences: impl IntoIterator<Item = Difference>) -> Option<Difference> {
    let place = |difference: &Difference| (difference.position, difference.partition);
    differences.into_iter().min_by_key(place)
}

/// Both ways to a partition's state.
struct Pair {
    folded: Partition,
    decided: Partition,
    difference: Option<Difference>,
}

impl Pair {
    fn new() -> Pair {
        Pair {
            folded: Partition::new(),
            decided: Partition::new(),
            difference: None,
        }
    }

    fn conclude(self, partition: PartitionNo, position: u64) -> Option<Difference> {
        let (folded, decided) = (self.folded.state_hash(), self.decided.state_hash());
        let differs = || Difference {
            partition,
            position,
            what: "state".to_owned(),
            journaled: format!("{folded:032x}"),
            decided: format!("{decided:032x}"),
        };
        self.difference
            .or_else(|| (folded != decided).then(differs))
    }
}

#[derive(Default)]
struct Verifier {
    pairs: FxHashMap<PartitionNo, Pair>,
    entries: u64,
    decided: u64,
    events: u64,
}

impl FrameFold for Verifier {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        let Frame {
            partition,
            logic_version,
            entries,
            ..
        } = frame.decode()?;
        let pair = self.pairs.entry(partition).or_insert_with(Pair::new);
        for entry in &entries {
            self.entries += 1;
            self.events += entry.events.len() as u64;
            let hash = body_hash_of(entry);
            pair.folded.replay(&frame.world, entry, hash);
            if pair.difference.is_some() {
                // After the first difference the second state has nothing more to tell.
                continue;
            }
            if logic_version != LOGIC_VERSION {
                pair.decided.replay(&frame.world, entry, hash);
                continue;
            }
            if let Some((outcome, events)) =
                decide_again(&mut pair.decided, &frame.world, entry, hash)
            {
                self.decided += 1;
                pair.difference = compare(partition, entry, &outcome, &events);
            }
        }
        Ok(())
    }
}

fn compare(
    partition: PartitionNo,
    entry: &Entry,
    decision: &Decision,
    events: &[AccountEvent],
) -> Option<Difference> {
    let difference = |what: String, journaled: String, decided: String| {
        Some(Difference {
            partition,
            position: entry.position,
            what,
            journaled,
            decided,
        })
    };
    let (journaled, decided) = outcome_texts(&entry.outcome, decision);
    if journaled != decided {
        return difference("outcome".to_owned(), journaled, decided);
    }
    let count = entry.events.len().max(events.len());
    let first = (0..count).find(|index| entry.events.get(*index) != events.get(*index))?;
    let text = |event: Option<&AccountEvent>| {
        event.map_or_else(|| "none".to_owned(), |event| format!("{event:?}"))
    };
    let what = format!("event {} of {}", first + 1, entry.events.len());
    difference(what, text(entry.events.get(first)), text(events.get(first)))
}
