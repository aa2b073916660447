//! The worker's side: rows are copied in pieces, one at most between two messages, and without a stop while
//! there is nothing else to do. The worker never waits for whoever writes the pieces.

use crate::message::WorkerMessage;
use crate::worker::Worker;
use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, select};
use umbral_engine::Portion;
use umbral_model::ids::PartitionNo;

/// How much is copied between two batches: some tens of microseconds.
const PIECE: Portion = Portion {
    rows: 256,
    bytes: 256 << 10,
};

/// A piece of the copy on its way to the snapshot.
#[derive(Debug)]
pub(crate) enum RowPiece {
    /// Rows of a partition, in order.
    Rows {
        partition: PartitionNo,
        rows: usize,
        /// The last batch whose effects are in them.
        as_of: u64,
        bytes: Vec<u8>,
    },
    /// A worker has copied all its rows.
    Done,
}

/// Copies a worker's rows while it works.
#[derive(Default)]
pub(crate) struct Copier {
    job: Option<Job>,
}

struct Job {
    pieces: Sender<RowPiece>,
    /// A piece that found no room yet.
    waiting: Option<RowPiece>,
    /// The partition to be copied, of the worker's; and its row to come.
    at: (usize, usize),
    /// The batch at which the snapshot begins.
    begun: u64,
    done: bool,
}

impl Copier {
    /// Begins a copy; an older one is given up.
    pub(crate) fn begin(&mut self, pieces: Sender<RowPiece>, begun: u64) {
        self.job = Some(Job {
            pieces,
            waiting: None,
            at: (0, 0),
            begun,
            done: false,
        });
    }

    /// The worker's next message; meanwhile some of the copy is made. None when there will be no more.
    pub(crate) fn next(
        &mut self,
        messages: &Receiver<WorkerMessage>,
        worker: &Worker,
    ) -> Option<WorkerMessage> {
        self.step(worker);
        loop {
            let Some(job) = &mut self.job else {
                return messages.recv().ok();
            };
            match messages.try_recv() {
                Ok(message) => return Some(message),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let Some(piece) = job.waiting.take() else {
                self.step(worker);
                continue;
            };
            let mut waiting = Some(piece);
            let pieces = &job.pieces;
            select! {
                recv(messages) -> message => {
                    job.waiting = waiting;
                    return message.ok();
                }
                send(pieces, waiting.take().unwrap_or(RowPiece::Done)) -> sent => {
                    self.went(sent.is_ok());
                }
            }
        }
    }

    /// Copies a piece, or tries again to hand one over.
    fn step(&mut self, worker: &Worker) {
        let Some(job) = &mut self.job else { return };
        let piece = match job.waiting.take() {
            Some(piece) => piece,
            None => job.copy(worker),
        };
        match job.pieces.try_send(piece) {
            Ok(()) => self.went(true),
            Err(TrySendError::Full(piece)) => job.waiting = Some(piece),
            Err(TrySendError::Disconnected(_)) => self.went(false),
        }
    }

    /// A piece was handed over, or nobody wants it any more.
    fn went(&mut self, taken: bool) {
        if !taken || self.job.as_ref().is_some_and(|job| job.done) {
            self.job = None;
        }
    }
}

impl Job {
    fn copy(&mut self, worker: &Worker) -> RowPiece {
        while let Some((partition, rows)) = worker.owned(self.at.0) {
            let mut bytes = Vec::with_capacity(PIECE.bytes / 4);
            let from = self.at.1;
            let next = rows.write_rows(from, &PIECE, &mut bytes);
            if next == from {
                self.at = (self.at.0 + 1, 0);
                continue;
            }
            self.at.1 = next;
            return RowPiece::Rows {
                partition,
                rows: next - from,
                // A worker that has had nothing to do since holds everything of the earlier batches, too.
                as_of: worker.decided().max(self.begun),
                bytes,
            };
        }
        self.done = true;
        RowPiece::Done
    }
}
