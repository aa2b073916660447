//! What will be done at a later second, in order of time.

use std::collections::BTreeMap;

/// Things to do later. Of two that are due in one second the one that was put in first comes first.
pub(crate) struct Later<T> {
    due: BTreeMap<(i64, u64), T>,
    numbered: u64,
    /// When the first of them is due.
    next: Option<i64>,
}

impl<T> Default for Later<T> {
    fn default() -> Later<T> {
        Later {
            due: BTreeMap::new(),
            numbered: 0,
            next: None,
        }
    }
}

impl<T> Later<T> {
    /// Something to do at a second since 1970.
    pub(crate) fn put(&mut self, second: i64, what: T) {
        self.numbered += 1;
        self.due.insert((second, self.numbered), what);
        self.next = Some(self.next.map_or(second, |next| next.min(second)));
    }

    /// When the next one is due, in seconds since 1970.
    pub(crate) fn next_second(&self) -> Option<i64> {
        self.next
    }

    /// The next one, and when it is due.
    pub(crate) fn take(&mut self) -> Option<(i64, T)> {
        let ((second, _), what) = self.due.pop_first()?;
        self.next = self.due.keys().next().map(|(second, _)| *second);
        Some((second, what))
    }
}
