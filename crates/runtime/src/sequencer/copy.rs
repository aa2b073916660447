//! What the sequencer contributes to a snapshot: where it begins, the world, the directory, places of batches.

use super::{Lines, Sequencer};
use crate::error::Failure;
use crate::fold::{WorldRecord, world_record};
use crate::message::{Ack, CommitMessage, WorkerMessage};
use crate::snapshot::{Base, CopyOrder, MarkOrder};
use umbral_intake::directory::DirectoryCopy;
use umbral_model::journal::Commit;

/// What is remembered for snapshots.
pub(super) struct Copying {
    /// Number, position, clock and counts of the last batch that is durable.
    settled: Commit,
    /// Control records with catalogs or zones, in order; those of batches under way, too.
    records: Vec<WorldRecord>,
}

impl Copying {
    pub(super) fn new(last: &Commit, records: Vec<WorldRecord>) -> Copying {
        let settled = last.clone();
        Copying { settled, records }
    }

    pub(super) fn settled(&self) -> &Commit {
        &self.settled
    }

    pub(super) fn records(&self) -> &[WorldRecord] {
        &self.records
    }

    pub(super) fn into_parts(self) -> (Commit, Vec<WorldRecord>) {
        (self.settled, self.records)
    }

    /// A batch was closed.
    pub(super) fn closed(&mut self, commit: &Commit) {
        self.records.extend(world_record(commit));
    }

    /// A batch is done.
    pub(super) fn settle(&mut self, ack: &Ack) {
        self.settled = Commit {
            batch: ack.batch,
            position: ack.position,
            clock: ack.clock,
            counts: ack.counts,
            ..Commit::default()
        };
    }
}

impl Sequencer<Lines> {
    /// Begins a snapshot at the last durable batch: directory and index follow acknowledgements, so they are as
    /// of there now.
    pub(super) fn begin_copy(&mut self, order: CopyOrder) -> Result<(), Failure> {
        let CopyOrder { rows, reply } = order;
        let settled = self.copying.settled.clone();
        debug_assert_eq!(
            settled.batch,
            self.originals.len() as u64,
            "one place a batch"
        );
        let records = self.copying.records.iter();
        let world = records
            .filter(|record| record.batch <= settled.batch)
            .cloned()
            .collect();
        for line in &self.lines.workers {
            let message = WorkerMessage::CopyRows(rows.clone(), settled.batch);
            line.send(message).map_err(|_| Failure::Closed)?;
        }
        // Who asked may have given up: then the workers find nobody to take their rows.
        let _ = reply.send(Base {
            settled,
            world,
            index: self.originals.index().clone(),
            directory: DirectoryCopy::begin(&self.directory),
        });
        Ok(())
    }

    /// Has the committer say when a batch is durable.
    pub(super) fn pass_mark(&mut self, order: MarkOrder) -> Result<(), Failure> {
        let committer = &self.lines.committer;
        committer
            .send(CommitMessage::Mark(order))
            .map_err(|_| Failure::Closed)
    }
}
