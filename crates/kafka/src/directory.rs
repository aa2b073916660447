//! The directory topic: the inputs by which numbers changed hands, in the partitions of their accounts.

use umbral_model::input::Input;
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

/// The inputs of a journaled frame by which numbers changed hands.
///
/// # Errors
/// Bytes that are no frame.
pub(crate) fn inputs_of(bytes: &[u8]) -> Result<Vec<Input>, WireError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let entries = frame::decode(bytes)?.entries.into_iter();
    let applied = entries.filter(|entry| entry.outcome == Outcome::Applied);
    let inputs = applied.filter_map(|entry| match entry.input {
        JournaledInput::Account(input) => Some(*input),
        _ => None,
    });
    Ok(inputs
        .filter(|input| umbral_runtime::changes_directory(&input.body))
        .collect())
}
