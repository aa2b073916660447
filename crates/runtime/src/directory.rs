//! What entries of the journal change in the directory.

use crate::sequencer::changes_directory;
use umbral_intake::directory::{Directory, KeptPurchase};
use umbral_model::input::Input;
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_wire::unidentified;

/// What an entry changes in the directory.
pub(crate) enum DirectoryChange {
    /// An input that was applied, with its position.
    Applied(u64, Box<Input>),
    /// A purchase that nobody known made.
    Kept(Box<KeptPurchase>),
}

impl DirectoryChange {
    /// What the entry changes; none if nothing.
    pub(crate) fn of(entry: Entry) -> Option<DirectoryChange> {
        let position = entry.position;
        match (&entry.input, &entry.outcome) {
            (JournaledInput::Account(input), Outcome::Applied)
                if changes_directory(&input.body) => {}
            (JournaledInput::Raw(_), Outcome::Quarantined(_)) => {
                let kept = KeptPurchase::of(position, unidentified(&entry)?)?;
                return Some(DirectoryChange::Kept(Box::new(kept)));
            }
            _ => return None,
        }
        match entry.input {
            JournaledInput::Account(input) => Some(DirectoryChange::Applied(position, input)),
            _ => None,
        }
    }

    /// The entry's position: changes are followed in that order, over all partitions.
    pub(crate) fn position(&self) -> u64 {
        match self {
            DirectoryChange::Applied(position, _) => *position,
            DirectoryChange::Kept(kept) => kept.position(),
        }
    }

    /// Has the directory follow it.
    pub(crate) fn follow(self, directory: &Directory) {
        match self {
            DirectoryChange::Applied(_, input) => directory.apply(&input),
            DirectoryChange::Kept(kept) => directory.keep(*kept),
        }
    }
}
