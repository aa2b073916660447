//! The directory topic: the inputs by which numbers changed hands, in the partitions of their accounts.

use umbral_model::input::{Incoming, Input};
use umbral_model::journal::{JournaledInput, Outcome};
use umbral_wire::{WireError, frame, json};

/// Key and value of the record of an input that was applied.
pub(crate) fn record_of(input: &Input) -> (String, String) {
    let key = format!(
        "{}/{}/{}",
        input.account, input.key.source, input.key.event_id
    );
    (key, json::input(input))
}

/// What a record of the journal says to the router.
#[derive(Default)]
pub(crate) struct Changes {
    /// Inputs by which numbers changed hands.
    pub inputs: Vec<Input>,
    /// Purchases that nobody known made, with their positions.
    pub kept: Vec<(u64, Incoming)>,
    /// Positions of the quarantine that are taken up again.
    pub resubmitted: Vec<u64>,
}

impl Changes {
    /// Of a control record and a frame.
    ///
    /// # Errors
    /// Bytes that are none.
    pub(crate) fn of(control: &[u8], payload: &[u8]) -> Result<Changes, WireError> {
        let mut changes = Changes {
            resubmitted: frame::decode_commit(control)?.resubmitted,
            ..Changes::default()
        };
        if payload.is_empty() {
            return Ok(changes);
        }
        for entry in frame::decode(payload)?.entries {
            if let Some(purchase) = umbral_wire::unidentified(&entry) {
                changes.kept.push((entry.position, purchase));
            }
            match entry.input {
                JournaledInput::Account(input)
                    if entry.outcome == Outcome::Applied
                        && umbral_runtime::changes_directory(&input.body) =>
                {
                    changes.inputs.push(*input);
                }
                _ => {}
            }
        }
        Ok(changes)
    }
}
