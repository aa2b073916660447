//! The batch that is open: work by worker, and its control record.

use crate::message::{BatchHeader, Bytes, Item, Original, Share, Verdict, Work};
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::ids::PartitionNo;
use umbral_model::input::InputKey;
use umbral_model::journal::{Commit, Counts, SourcePosition};
use umbral_model::time::Timestamp;

/// Octets of original records after which a batch is closed, whatever their number: a flood of long lines that go to
/// the quarantine must fit into memory and into a batch of the log.
const ORIGINAL_BYTES: usize = 8 << 20;

/// An open batch.
pub(crate) struct OpenBatch {
    items: Vec<Vec<Item>>,
    chunks: Vec<Arc<Vec<u8>>>,
    pub(crate) commit: Commit,
    pub(crate) counts: Counts,
    /// Octets of its inputs as they came.
    pub(crate) original_bytes: usize,
    pub(crate) verdicts: Vec<(u64, Verdict)>,
}

impl OpenBatch {
    /// An empty batch for so many workers, with room for so many items of each.
    pub(crate) fn new(workers: usize, room: usize) -> OpenBatch {
        OpenBatch {
            items: (0..workers).map(|_| Vec::with_capacity(room)).collect(),
            chunks: Vec::new(),
            commit: Commit::default(),
            counts: Counts::default(),
            original_bytes: 0,
            verdicts: Vec::new(),
        }
    }

    /// The items of the worker that has most: about as many will come next time.
    pub(crate) fn most_items(&self) -> usize {
        self.items.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Nothing would be journaled.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts == Counts::default()
            && self.commit.sources.is_empty()
            && self.commit.catalogs.is_empty()
            && self.commit.resubmitted.is_empty()
            && self.items.iter().all(Vec::is_empty)
    }

    /// Whether it has so many inputs, or as many octets as a batch may.
    pub(crate) fn is_full(&self, inputs: usize) -> bool {
        self.counts.inputs as usize >= inputs || self.original_bytes >= ORIGINAL_BYTES
    }

    /// Notes where an input's bytes are.
    pub(crate) fn bytes(&mut self, original: &Original, chunk: &Arc<Vec<u8>>) -> Bytes {
        let Original::Span(from, to) = original else {
            return Bytes::Made;
        };
        if !self
            .chunks
            .last()
            .is_some_and(|last| Arc::ptr_eq(last, chunk))
        {
            self.chunks.push(Arc::clone(chunk));
        }
        Bytes::Span(self.chunks.len() as u32 - 1, *from, *to)
    }

    /// Work for one partition.
    pub(crate) fn push(&mut self, partition: PartitionNo, item: Item) {
        let worker = partition.index() % self.items.len();
        self.items[worker].push(item);
    }

    /// Work for all partitions; `what` makes it from its key.
    pub(crate) fn broadcast(
        &mut self,
        position: u64,
        clock: Timestamp,
        key: &InputKey,
        what: fn(InputKey) -> Work,
    ) {
        for items in &mut self.items {
            items.push(Item {
                position,
                clock,
                work: what(key.clone()),
            });
        }
    }

    /// Notes how far a source is read.
    pub(crate) fn source(&mut self, position: &SourcePosition) {
        match self
            .commit
            .sources
            .iter_mut()
            .find(|known| known.id == position.id)
        {
            // Id and name are the same; copying them for each record would allocate.
            Some(known) => {
                known.records = position.records;
                known.done = position.done;
            }
            None => self.commit.sources.push(position.clone()),
        }
    }

    /// Closes the batch: the control side, and the shares of the workers that have work.
    pub(crate) fn close(self, world: &Arc<World>) -> (BatchHeader, Vec<(usize, Share)>) {
        let batch = self.commit.batch;
        let chunks = Arc::new(self.chunks);
        let shares: Vec<(usize, Share)> = self
            .items
            .into_iter()
            .enumerate()
            .filter(|(_, items)| !items.is_empty())
            .map(|(worker, items)| {
                let (world, chunks) = (Arc::clone(world), Arc::clone(&chunks));
                (
                    worker,
                    Share {
                        batch,
                        world,
                        chunks,
                        items,
                        payloads: Vec::new(),
                    },
                )
            })
            .collect();
        let header = BatchHeader {
            commit: self.commit,
            counts: self.counts,
            shares: shares.len(),
            verdicts: self.verdicts,
        };
        (header, shares)
    }
}
