//! Deciding journaled inputs again, beside what the journal holds of them.

use crate::sequencer::{decided_by_sequencer, is_version_tick};
use umbral_engine::{Decision, Partition, World};
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome};

/// Decides an entry's input again; none where the engine was not asked.
pub fn decide_again(
    partition: &mut Partition,
    world: &World,
    entry: &Entry,
    hash: u64,
) -> Option<(Decision, Vec<AccountEvent>)> {
    let mut events = Vec::new();
    note_version(partition, world, entry);
    let decision = match &entry.input {
        JournaledInput::Raw(_) => return None,
        JournaledInput::Tick(_) => {
            partition.tick(world, entry.clock, &mut events);
            Decision::Applied
        }
        JournaledInput::ConfigChanged(_) => {
            partition.config_changed(world, entry.clock, &mut events);
            Decision::Applied
        }
        JournaledInput::Account(input) => {
            let before = match &entry.outcome {
                Outcome::Quarantined(kept) => decided_by_sequencer(kept.reason, &input.body),
                // What the sequencer refused is a repeat all the same if the engine knows its key.
                Outcome::DuplicateIgnored => partition.is_repeat(input, hash),
                Outcome::Applied => false,
            };
            if before {
                return None;
            }
            partition.process(world, entry.clock, input, hash, &mut events)
        }
    };
    Some((decision, events))
}

/// Where a catalog version came into force and changed nothing in the partition, nothing is journaled
/// there; the partition has to know all the same that it was looked at.
fn note_version(partition: &mut Partition, world: &World, entry: &Entry) {
    let looks_itself = match &entry.input {
        JournaledInput::Tick(key) => is_version_tick(key),
        JournaledInput::ConfigChanged(_) => true,
        JournaledInput::Account(_) | JournaledInput::Raw(_) => false,
    };
    if !looks_itself {
        partition.resume(world, entry.clock);
    }
}

/// What came of an input as the journal has it and as it was decided again, in words that are the same where both
/// are.
pub fn outcome_texts(outcome: &Outcome, decision: &Decision) -> (String, String) {
    (outcome_text(outcome), decision_text(decision))
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied => "applied".to_owned(),
        Outcome::DuplicateIgnored => "duplicate_ignored".to_owned(),
        Outcome::Quarantined(kept) => {
            format!("quarantined {}: {}", kept.reason.code(), kept.detail)
        }
    }
}

fn decision_text(decision: &Decision) -> String {
    match decision {
        Decision::Applied => "applied".to_owned(),
        Decision::Duplicate => "duplicate_ignored".to_owned(),
        Decision::Refused(rejection) => {
            format!(
                "quarantined {}: {}",
                rejection.reason.code(),
                rejection.detail
            )
        }
    }
}
