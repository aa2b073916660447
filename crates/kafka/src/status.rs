//! How an instance stands: what is said to whoever asks whether it is ready, and by what it is stopped.

use crate::error::Error;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use umbral_model::journal::Counts;

/// How a worker stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WorkerStatus {
    /// Partitions that it drives.
    pub owned: usize,
    /// Partitions that are its own and not folded yet.
    pub awaited: usize,
    /// Journal records that were read of those that are being folded.
    pub read: u64,
    /// Journal records to be read.
    pub to_read: u64,
    /// It has been given partitions, or been told that there are none for it.
    pub has_joined: bool,
}

/// How an instance stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Each of its workers.
    pub workers: BTreeMap<usize, WorkerStatus>,
    /// The deployment has a catalog.
    pub has_catalog: bool,
    /// What this instance committed since it began.
    pub counts: Counts,
    /// Events of that.
    pub events: u64,
}

impl Standing {
    /// Partitions that the instance drives.
    pub fn owned(&self) -> usize {
        self.workers.values().map(|worker| worker.owned).sum()
    }

    /// Whether all partitions that it was given are caught up.
    pub fn is_ready(&self) -> bool {
        let caught_up = |worker: &WorkerStatus| worker.has_joined && worker.awaited == 0;
        self.has_catalog && !self.workers.is_empty() && self.workers.values().all(caught_up)
    }
}

/// Shared by the workers of an instance.
#[derive(Default)]
pub(crate) struct Status {
    standing: Mutex<Standing>,
    failure: Mutex<Option<Error>>,
    is_stopping: AtomicBool,
}

impl Status {
    fn standing_mut(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, worker: usize, change: impl FnOnce(&mut WorkerStatus)) {
        change(self.standing_mut().workers.entry(worker).or_default());
    }

    pub(crate) fn standing(&self) -> Standing {
        self.standing_mut().clone()
    }

    /// A worker begins.
    pub(crate) fn begins(&self, worker: usize) {
        self.change(worker, |_| {});
    }

    pub(crate) fn owns(&self, worker: usize, owned: usize) {
        crate::metrics::record_owned(worker, owned);
        self.change(worker, |status| status.owned = owned);
    }

    pub(crate) fn awaits(&self, worker: usize, awaited: usize) {
        self.change(worker, |status| {
            status.awaited = awaited;
            status.has_joined = true;
        });
    }

    pub(crate) fn loading(&self, worker: usize, read: u64, to_read: u64) {
        self.change(worker, |status| {
            status.read = read;
            status.to_read = to_read;
        });
    }

    pub(crate) fn has_catalog(&self, has_catalog: bool) {
        self.standing_mut().has_catalog = has_catalog;
    }

    pub(crate) fn committed(&self, counts: &Counts, events: u64) {
        let mut standing = self.standing_mut();
        standing.counts.inputs += counts.inputs;
        standing.counts.applied += counts.applied;
        standing.counts.duplicates += counts.duplicates;
        standing.counts.quarantined += counts.quarantined;
        standing.events += events;
    }

    /// The first reason stays; all workers stop.
    pub(crate) fn fail(&self, error: Error) {
        tracing::error!(%error, "instance stops");
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.stop();
    }

    pub(crate) fn take_failure(&self) -> Option<Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }

    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }
}
