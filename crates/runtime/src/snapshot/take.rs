//! The station that takes snapshots: when one is due or asked for, it gathers the pieces and writes them.

use super::parts::{COMMIT, DIRECTORY, INDEX, ROWS, WORLD, put_commit, write_places};
use super::{
    Base, CopyOrder, MarkOrder, Reached, RowPiece, SnapshotFailure, SnapshotOptions, SnapshotTaken,
    VERSIONS,
};
use crate::committer::Shared;
use crate::error::Failure;
use crate::message::Command;
use crate::metrics;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_journal::snapshot::{SnapshotWriter, Snapshots};
use umbral_model::journal::Commit;

/// How often the station looks whether a snapshot is due, and a waiter whether the engine is still there.
const LOOK: Duration = Duration::from_millis(200);
/// Pieces of rows that may wait to be written: more, and workers keep theirs.
const PIECES_WAITING: usize = 8;
/// Members in one piece of the directory.
const MEMBERS: usize = 512;
/// Snapshots that are kept.
const KEPT: usize = 2;

/// What the callers of the engine ask for.
pub(crate) enum Request {
    /// Take one, if anything was committed since the last one.
    Take(Sender<Result<Option<SnapshotTaken>, SnapshotFailure>>),
    /// The engine is to stop: take one if it is worth it, and say when that is done.
    Stop(Sender<()>),
}

/// What a start knows of snapshots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    /// The snapshot that was used: the last batch that it holds; 0 if none was.
    pub batch: u64,
    /// Snapshots that cannot be used.
    pub useless: BTreeSet<u64>,
}

/// The station.
pub(crate) struct Snapshotter {
    snapshots: Snapshots,
    options: SnapshotOptions,
    workers: usize,
    commands: Sender<Command>,
    shared: Arc<Shared>,
    useless: BTreeSet<u64>,
    /// The last batch of the newest snapshot.
    batch: u64,
    /// Journaled bytes when it began.
    journaled: u64,
    began: Instant,
}

impl Snapshotter {
    pub(crate) fn new(
        (snapshots, options, workers): (Snapshots, SnapshotOptions, usize),
        commands: Sender<Command>,
        shared: Arc<Shared>,
        start: Start,
    ) -> Snapshotter {
        Snapshotter {
            snapshots,
            options,
            workers,
            commands,
            shared,
            useless: start.useless,
            batch: start.batch,
            journaled: 0,
            began: Instant::now(),
        }
    }

    /// Takes snapshots until nobody can ask for one any more.
    pub(crate) fn run(mut self, requests: &Receiver<Request>) {
        loop {
            match requests.recv_timeout(LOOK) {
                Ok(Request::Take(reply)) => {
                    let taken = self.take_if_any();
                    // Who asked may have gone.
                    let _ = reply.send(taken);
                }
                Ok(Request::Stop(reply)) => {
                    if self.has_more() && self.since() >= self.options.stop_bytes {
                        self.take_by_itself("the engine stops");
                    }
                    let _ = reply.send(());
                }
                Err(RecvTimeoutError::Timeout) => self.take_if_due(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn has_more(&self) -> bool {
        self.shared.committed().batch > self.batch
    }

    /// Journaled bytes since the newest snapshot.
    fn since(&self) -> u64 {
        self.shared.journaled().saturating_sub(self.journaled)
    }

    fn take_if_due(&mut self) {
        let SnapshotOptions {
            every_bytes, every, ..
        } = self.options;
        if self.since() >= every_bytes && self.has_more() {
            self.take_by_itself("so much was journaled");
        } else if self.began.elapsed() >= every && self.has_more() {
            self.take_by_itself("so much time has passed");
        }
    }

    fn take_by_itself(&mut self, why: &'static str) {
        match self.take_if_any() {
            Ok(_) => tracing::debug!(why, "snapshot was due"),
            Err(SnapshotFailure::Stopped(failure)) => {
                tracing::info!(%failure, "snapshot given up");
            }
            Err(SnapshotFailure::Files(error)) => tracing::warn!(
                file = %error.path.display(),
                reason = error.what,
                "Snapshot could not be written; the journal has everything, the next one is tried later."
            ),
        }
    }

    fn take_if_any(&mut self) -> Result<Option<SnapshotTaken>, SnapshotFailure> {
        if !self.has_more() {
            return Ok(None);
        }
        // Also after a failure the next one is due only when as much has come again.
        (self.journaled, self.began) = (self.shared.journaled(), Instant::now());
        let taken = self.take()?;
        self.batch = taken.batch;
        metrics::record_snapshot(&taken);
        tracing::info!(
            batch = taken.batch,
            position = taken.position,
            accounts = taken.accounts,
            bytes = taken.bytes,
            milliseconds = taken.took.as_millis() as u64,
            "snapshot taken"
        );
        self.snapshots.keep(KEPT, &self.useless)?;
        self.useless.clear();
        Ok(Some(taken))
    }

    fn take(&self) -> Result<SnapshotTaken, SnapshotFailure> {
        let started = Instant::now();
        let (rows, pieces) = bounded(PIECES_WAITING);
        let (reply, answer) = bounded(1);
        self.send(Command::Copy(CopyOrder { rows, reply }))?;
        let Base {
            settled,
            world,
            index,
            mut directory,
        } = self.wait_for(&answer)?;
        let mut writer = self.snapshots.begin(settled.batch)?;
        let (accounts, newest) = self.write_rows(&pieces, &mut writer, settled.batch)?;
        let mut bytes = Vec::new();
        while let Some(items) = directory.next_piece(MEMBERS, &mut bytes) {
            writer.put((DIRECTORY, 0), items, settled.batch, &bytes)?;
            bytes.clear();
        }
        for record in &world {
            put_commit(&mut writer, WORLD, record)?;
        }
        for stretch in index.stretches() {
            bytes.clear();
            write_places(stretch, &mut bytes);
            writer.put((INDEX, 0), stretch.len(), settled.batch, &bytes)?;
        }
        let Reached { mark, sources } = self.reach(newest)?;
        let (batch, position) = (settled.batch, settled.position);
        put_commit(&mut writer, COMMIT, &Commit { sources, ..settled })?;
        let bytes = writer.bytes();
        writer.finish(VERSIONS, mark)?;
        Ok(SnapshotTaken {
            batch,
            position,
            accounts,
            bytes,
            took: started.elapsed(),
        })
    }

    /// Writes the workers' rows; gives how many, and the newest batch that is in any of them.
    fn write_rows(
        &self,
        pieces: &Receiver<RowPiece>,
        writer: &mut SnapshotWriter,
        begun: u64,
    ) -> Result<(u64, u64), SnapshotFailure> {
        let (mut accounts, mut newest, mut done) = (0, begun, 0);
        while done < self.workers {
            match self.wait_for(pieces)? {
                RowPiece::Done => done += 1,
                RowPiece::Rows {
                    partition,
                    rows,
                    as_of,
                    bytes,
                } => {
                    debug_assert!(as_of >= begun, "rows are copied after the beginning");
                    writer.put((ROWS, partition.0), rows, as_of, &bytes)?;
                    accounts += rows as u64;
                    newest = newest.max(as_of);
                }
            }
        }
        Ok((accounts, newest))
    }

    /// Waits until a batch is durable.
    fn reach(&self, batch: u64) -> Result<Reached, SnapshotFailure> {
        let (reply, answer) = bounded(1);
        self.send(Command::Mark(MarkOrder { batch, reply }))?;
        self.wait_for(&answer)
    }

    fn send(&self, command: Command) -> Result<(), SnapshotFailure> {
        self.commands.send(command).map_err(|_| self.stopped())
    }

    /// An answer of the stations; they may end before they give it.
    fn wait_for<T>(&self, answer: &Receiver<T>) -> Result<T, SnapshotFailure> {
        loop {
            let ended = self.shared.has_ended();
            match answer.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if !ended => {}
                Err(_) => return Err(self.stopped()),
            }
        }
    }

    fn stopped(&self) -> SnapshotFailure {
        SnapshotFailure::Stopped(self.shared.failure().unwrap_or(Failure::Closed))
    }
}
