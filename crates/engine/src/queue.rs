//! Which accounts have a timer due when. Rebuilt from the rows; entries of accounts whose due instant moved
//! on are left behind and dropped when their instant comes, so a change costs one push.

use std::collections::BTreeMap;
use umbral_model::time::Timestamp;

/// Slots by due instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    by_instant: BTreeMap<Timestamp, Vec<u32>>,
}

impl Queue {
    /// Notes that the account in `slot` is due at `due_at`.
    pub(crate) fn push(&mut self, due_at: Timestamp, slot: u32) {
        if due_at < Timestamp::MAX {
            self.by_instant.entry(due_at).or_default().push(slot);
        }
    }

    /// The earliest instant at which some account may be due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_instant.first_key_value().map(|(due_at, _)| *due_at)
    }

    /// Takes the slots of the earliest instant, if that is not after `as_of`. A slot may come twice, or be
    /// due at another instant by now.
    pub(crate) fn pop(&mut self, as_of: Timestamp) -> Option<(Timestamp, Vec<u32>)> {
        self.next().filter(|due_at| *due_at <= as_of)?;
        self.by_instant.pop_first()
    }
}
