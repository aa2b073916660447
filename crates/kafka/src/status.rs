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
    /// Why brokers do not answer, while they do not.
    pub unreachable: Option<String>,
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

    /// Whether brokers answer and all partitions that it was given are caught up.
    pub fn is_ready(&self) -> bool {
        self.why_not_ready().is_none()
    }

    /// What it waits for; nothing when it is ready.
    pub fn why_not_ready(&self) -> Option<String> {
        if let Some(reason) = &self.unreachable {
            return Some(format!("no broker answers: {reason}"));
        }
        let mut workers = self.workers.values();
        if self.workers.is_empty() || !workers.all(|worker| worker.has_joined) {
            return Some("waits for the group to give out partitions".to_owned());
        }
        if !self.has_catalog {
            return Some("the deployment has no catalog: umbral catalog activate".to_owned());
        }
        let behind = || self.workers.values().filter(|worker| worker.awaited > 0);
        let awaited: usize = behind().map(|worker| worker.awaited).sum();
        let read: u64 = behind().map(|worker| worker.read).sum();
        let to_read: u64 = behind().map(|worker| worker.to_read).sum();
        (awaited > 0).then(|| {
            format!("{awaited} partitions are not caught up, {read} of {to_read} journal records are read")
        })
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

    /// A worker begins, or begins again: it has not joined yet.
    pub(crate) fn begins(&self, worker: usize) {
        self.change(worker, |status| *status = WorkerStatus::default());
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

    /// Brokers answered, or did not for this reason.
    pub(crate) fn reaches(&self, unreachable: Option<String>) {
        let mut standing = self.standing_mut();
        let before = std::mem::replace(&mut standing.unreachable, unreachable);
        match (&before, &standing.unreachable) {
            (None, Some(reason)) => tracing::warn!(reason, "No broker answers."),
            (Some(_), None) => tracing::info!("brokers answer again"),
            _ => {}
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_instance_waits_for_is_said() {
        let mut standing = Standing::default();
        let why = |standing: &Standing| standing.why_not_ready().unwrap_or_default();
        assert!(why(&standing).contains("give out partitions"));
        let worker = WorkerStatus {
            awaited: 3,
            read: 10,
            to_read: 40,
            has_joined: true,
            ..WorkerStatus::default()
        };
        standing.workers.insert(0, worker);
        assert!(why(&standing).contains("no catalog"));
        standing.has_catalog = true;
        let expected = "3 partitions are not caught up, 10 of 40 journal records are read";
        assert_eq!(why(&standing), expected);
        standing.workers.insert(
            0,
            WorkerStatus {
                awaited: 0,
                ..worker
            },
        );
        assert!(standing.is_ready());
        standing.unreachable = Some("refused".to_owned());
        assert_eq!(why(&standing), "no broker answers: refused");
    }
}
