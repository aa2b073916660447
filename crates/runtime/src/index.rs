//! Places of the durable batches, in order. The index only grows, so a copy shares all but its end.

use std::sync::Arc;
use umbral_journal::BatchPlace;
use umbral_model::time::Timestamp;

/// Batches of one shared stretch.
const STRETCH: usize = 4_096;

/// A batch of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct IndexedBatch {
    /// The clock after it.
    pub clock: Timestamp,
    pub place: BatchPlace,
}

/// Durable batches in order.
#[derive(Clone, Default, Debug)]
pub(crate) struct BatchIndex {
    full: Vec<Arc<[IndexedBatch]>>,
    last: Vec<IndexedBatch>,
}

impl BatchIndex {
    pub(crate) fn push(&mut self, batch: IndexedBatch) {
        self.last.push(batch);
        if self.last.len() == STRETCH {
            self.full.push(std::mem::take(&mut self.last).into());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.full.len() * STRETCH + self.last.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<IndexedBatch> {
        let stretch = match self.full.get(index / STRETCH) {
            Some(stretch) => stretch.as_ref(),
            None if index / STRETCH == self.full.len() => self.last.as_slice(),
            None => return None,
        };
        stretch.get(index % STRETCH).copied()
    }

    /// The newest batch.
    pub(crate) fn newest(&self) -> Option<IndexedBatch> {
        self.get(self.len().checked_sub(1)?)
    }

    /// How many batches come before the first one whose clock is `at` or later; clocks never go back.
    pub(crate) fn before(&self, at: Timestamp) -> usize {
        let is_before = |batch: &IndexedBatch| batch.clock < at;
        let begins_before = |stretch: &Arc<[IndexedBatch]>| stretch.last().is_some_and(is_before);
        let full = self.full.partition_point(begins_before);
        let stretch = self
            .full
            .get(full)
            .map_or(self.last.as_slice(), AsRef::as_ref);
        full * STRETCH + stretch.partition_point(is_before)
    }

    /// Stretches of at most so many batches, in order.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = &[IndexedBatch]> {
        let last = (!self.last.is_empty()).then_some(self.last.as_slice());
        self.full.iter().map(AsRef::as_ref).chain(last)
    }
}

impl Extend<IndexedBatch> for BatchIndex {
    fn extend<I: IntoIterator<Item = IndexedBatch>>(&mut self, batches: I) {
        batches.into_iter().for_each(|batch| self.push(batch));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_found_by_number_and_clock() {
        let mut index = BatchIndex::default();
        let batch = |number: usize| IndexedBatch {
            clock: Timestamp::from_seconds(number as i64 / 3),
            place: BatchPlace {
                segment: 1,
                offset: number as u64,
            },
        };
        let count = 2 * STRETCH + 7;
        index.extend((0..count).map(batch));
        assert_eq!(index.len(), count);
        assert_eq!(index.newest(), Some(batch(count - 1)));
        for number in [0, 1, STRETCH - 1, STRETCH, 2 * STRETCH, count - 1] {
            assert_eq!(index.get(number), Some(batch(number)));
            let first = number / 3 * 3;
            assert_eq!(index.before(batch(number).clock), first, "{number}");
        }
        assert_eq!(index.get(count), None);
        assert_eq!(index.get(count + STRETCH), None);
        assert_eq!(index.before(Timestamp::MAX), count);
        assert_eq!(index.stretches().map(<[_]>::len).sum::<usize>(), count);
    }
}
