//! Where the sequencer hands its batches: to threads of an embedded engine, or to the one partition of a lane.

use crate::error::Failure;
use crate::message::{Ack, BatchHeader, Command, CommitMessage, Share, WorkerMessage};
use crate::partitioner::partition_of_account;
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::input::Input;
use umbral_model::rejection::{Reason, Rejection};

/// The stations after the sequencer.
pub(crate) trait Downstream {
    /// Shares into which a batch is cut.
    fn workers(&self) -> usize;

    /// Which numbers inputs get.
    fn numbering(&self) -> Numbering;

    /// Takes a closed batch that is decided in this world.
    fn hand_on(
        &mut self,
        header: BatchHeader,
        world: &Arc<World>,
        shares: Vec<(usize, Share)>,
    ) -> Result<(), Failure>;

    /// The directory followed an input of a batch that is done.
    fn followed(&mut self, input: Input);

    /// What is said of the next batch that is done; waits for it.
    fn ack(&mut self) -> Result<Ack, Failure>;
}

/// Which numbers inputs get: unique in the deployment, ascending in their log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Numbering {
    /// One log for all partitions: 1, 2, 3.
    One,
    /// A log for each partition: of `count` partitions, number `own` has own + 1, own + 1 + count, and so on.
    Strided { own: PartitionNo, count: u16 },
}

impl Numbering {
    /// The number after `position`; 0 comes before the first.
    pub(crate) fn after(self, position: u64) -> u64 {
        match self {
            Numbering::One => position + 1,
            Numbering::Strided { own, .. } if position == 0 => u64::from(own.0) + 1,
            Numbering::Strided { count, .. } => position + u64::from(count),
        }
    }

    /// Why an input of this account does not belong into this log; none if it does.
    pub(crate) fn misplaced(self, account: &AccountId, partitions: u16) -> Option<Rejection> {
        let Numbering::Strided { own, .. } = self else {
            return None;
        };
        let right = partition_of_account(account, partitions);
        (right != own).then(|| {
            Rejection::new(
                Reason::WrongPartition,
                format!(
                    "account {account} is of partition {right}, the record came in partition {own}: key records by \
                     account_id, with murmur2 as Java's default partitioner has it"
                ),
            )
        })
    }

    /// The partition that keeps what has no account, where a log has only one.
    pub(crate) fn own(self) -> Option<PartitionNo> {
        match self {
            Numbering::One => None,
            Numbering::Strided { own, .. } => Some(own),
        }
    }
}

/// The lines of the embedded engine's sequencer.
pub(crate) struct Lines {
    pub commands: Receiver<Command>,
    pub workers: Vec<Sender<WorkerMessage>>,
    pub committer: Sender<CommitMessage>,
    pub acks: Receiver<Ack>,
}

impl Downstream for Lines {
    fn workers(&self) -> usize {
        self.workers.len()
    }

    fn numbering(&self) -> Numbering {
        Numbering::One
    }

    fn hand_on(
        &mut self,
        header: BatchHeader,
        _: &Arc<World>,
        shares: Vec<(usize, Share)>,
    ) -> Result<(), Failure> {
        let opened = CommitMessage::Opened(Box::new(header));
        self.committer.send(opened).map_err(|_| Failure::Closed)?;
        for (worker, share) in shares {
            let message = WorkerMessage::Share(share);
            self.workers[worker]
                .send(message)
                .map_err(|_| Failure::Closed)?;
        }
        Ok(())
    }

    fn followed(&mut self, _: Input) {}

    fn ack(&mut self) -> Result<Ack, Failure> {
        self.acks.recv().map_err(|_| Failure::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_several_logs_never_meet() {
        let mut seen = std::collections::BTreeSet::new();
        for own in 0..3 {
            let numbering = Numbering::Strided {
                own: PartitionNo(own),
                count: 3,
            };
            let mut position = 0;
            for _ in 0..100 {
                let next = numbering.after(position);
                assert!(next > position && seen.insert(next));
                assert_eq!((next - 1) % 3, u64::from(own), "the partition is in it");
                position = next;
            }
        }
        assert_eq!(Numbering::One.after(7), 8);
    }
}
