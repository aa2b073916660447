//! Worker and committer of a lane: one partition, decided where it is asked for.

use super::LaneRecord;
use crate::committer::DecidedBatch;
use crate::error::Failure;
use crate::message::{Ack, BatchHeader, Placed, Share};
use crate::sequencer::{Downstream, Numbering};
use crate::worker::Worker;
use std::collections::VecDeque;
use std::sync::Arc;
use umbral_engine::World;
use umbral_journal::RecordChain;
use umbral_model::ids::PartitionNo;
use umbral_model::input::Input;
use umbral_model::journal::{Commit, Counts};
use umbral_wire::frame;

/// What comes after a lane's sequencer.
pub(super) struct Stations {
    worker: Worker,
    chain: RecordChain,
    counts: Counts,
    partitions: u16,
    /// Batches that were not given out yet.
    closed: Vec<LaneRecord>,
    acks: VecDeque<Ack>,
    control: Vec<u8>,
}

impl Stations {
    pub(super) fn new(
        worker: Worker,
        chain: RecordChain,
        last: &Commit,
        partitions: u16,
    ) -> Stations {
        Stations {
            worker,
            chain,
            counts: last.counts,
            partitions,
            closed: Vec::new(),
            acks: VecDeque::new(),
            control: Vec::new(),
        }
    }

    pub(super) fn chain(&self) -> RecordChain {
        self.chain
    }

    pub(super) fn partitions(&self) -> u16 {
        self.partitions
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    pub(super) fn take_closed(&mut self) -> Vec<LaneRecord> {
        std::mem::take(&mut self.closed)
    }

    pub(super) fn into_parts(self) -> (Worker, RecordChain) {
        (self.worker, self.chain)
    }

    /// Makes the batch's record.
    fn seal(&mut self, batch: DecidedBatch, world: Arc<World>) -> Result<(), Failure> {
        let DecidedBatch {
            commit,
            counts,
            events,
            mut frames,
            verdicts,
            standing,
            mut spent,
        } = batch;
        self.control.clear();
        frame::encode_commit(&commit, &mut self.control);
        debug_assert!(frames.len() <= 1, "a lane has one partition");
        let (entries, payload) = match frames.pop() {
            Some(frame) => (frame.entries, frame.payload),
            None => (0, Vec::new()),
        };
        let (bytes, range) = self
            .chain
            .write(entries, &self.control, &payload)
            .map_err(|error| Failure::Log(error.to_string()))?;
        debug_assert_eq!(
            self.chain.batch, commit.batch,
            "chain and engine count alike"
        );
        spent.payloads.push(payload);
        let bytes = Arc::new(bytes);
        self.acks.push_back(Ack {
            batch: commit.batch,
            clock: commit.clock,
            place: Placed::Later(Arc::clone(&bytes), range.clone()),
            position: commit.position,
            counts: commit.counts,
            verdicts,
            standing: standing
                .into_iter()
                .map(|(_, standing)| (0, standing))
                .collect(),
            spent,
        });
        self.closed.push(LaneRecord {
            batch: commit.batch,
            bytes,
            payload: range,
            world,
            counts,
            events,
            clock: commit.clock,
            identifiers: Vec::new(),
        });
        Ok(())
    }
}

impl Downstream for Stations {
    fn workers(&self) -> usize {
        1
    }

    fn numbering(&self) -> Numbering {
        Numbering::Strided {
            own: PartitionNo(self.chain.partition),
            count: self.partitions,
        }
    }

    fn hand_on(
        &mut self,
        header: BatchHeader,
        world: &Arc<World>,
        shares: Vec<(usize, Share)>,
    ) -> Result<(), Failure> {
        let worker = &mut self.worker;
        let decided = shares
            .into_iter()
            .map(|(_, share)| worker.decide(share))
            .collect();
        let batch = DecidedBatch::of(header, decided, &mut self.counts);
        self.seal(batch, Arc::clone(world))
    }

    /// Batches are settled one after the other, right after they were handed on.
    fn followed(&mut self, input: Input) {
        if let Some(last) = self.closed.last_mut() {
            last.identifiers.push(input);
        }
    }

    /// A batch is done as soon as it was handed on.
    fn ack(&mut self) -> Result<Ack, Failure> {
        self.acks.pop_front().ok_or(Failure::Closed)
    }
}
