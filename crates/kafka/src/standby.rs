//! Partitions of other instances that are followed, so that they can be taken over without a snapshot to be read and
//! without much of the journal to be folded.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::journal::Loaded;
use crate::snapshots::{SnapshotSettings, Snapshots};
use crate::status::Status;
use crate::tail::{Start, assign, is_passing};
use rdkafka::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the journal is followed before the choice of partitions is looked at again.
const STRETCH: Duration = Duration::from_millis(500);

/// What is followed, and what need not be.
#[derive(Default)]
struct Pool {
    states: BTreeMap<u16, Loaded>,
    /// Partitions that this instance's workers have, by worker.
    owned: BTreeMap<usize, BTreeSet<u16>>,
}

/// States of partitions that others own.
#[derive(Clone, Default)]
pub(crate) struct Standby {
    most: usize,
    pool: Arc<Mutex<Pool>>,
}

impl Standby {
    /// Of so many partitions at most.
    pub(crate) fn new(most: usize) -> Standby {
        Standby {
            most,
            pool: Arc::default(),
        }
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker has these partitions now, and no others.
    pub(crate) fn owns(&self, worker: usize, partitions: &BTreeSet<u16>) {
        self.pool().owned.insert(worker, partitions.clone());
    }

    /// Hands over the state of a partition, if it is followed.
    pub(crate) fn take(&self, partition: u16) -> Option<Loaded> {
        self.pool().states.remove(&partition)
    }

    /// A worker has no use for a state any more; it is followed, if there is room.
    pub(crate) fn offer(&self, partition: u16, state: Loaded) {
        let mut pool = self.pool();
        if pool.states.len() < self.most {
            pool.states.insert(partition, state);
        }
    }

    /// Follows until the instance stops. What cannot be followed is given up: a takeover reads it from the beginning.
    pub(crate) fn follow(
        &self,
        deployment: &Arc<Deployment>,
        snapshots: &SnapshotSettings,
        status: &Status,
        workers: usize,
    ) -> Result<()> {
        let consumer = deployment.reading(None)?;
        let mut snapshots = Snapshots::new(deployment, snapshots);
        let mut followed = BTreeSet::new();
        while !status.is_stopping() {
            let wanted = self.wanted(deployment.partitions, workers);
            if wanted != followed {
                let starts = self.begin(deployment, &mut snapshots, &wanted);
                assign(&consumer, &starts)?;
                followed = wanted;
            }
            let began = Instant::now();
            while began.elapsed() < STRETCH {
                match consumer.poll(STRETCH.saturating_sub(began.elapsed())) {
                    Some(Ok(message)) => {
                        if !self.fold(&deployment.names.journal, &message) {
                            followed.clear();
                        }
                    }
                    Some(Err(error)) if is_passing(&error) => {}
                    Some(Err(error)) => return Err(Error::client("follow the journal")(error)),
                    None => break,
                }
            }
        }
        Ok(())
    }

    /// The partitions to be followed: those that are, and then the first that nobody here has.
    fn wanted(&self, partitions: u16, workers: usize) -> BTreeSet<u16> {
        let pool = self.pool();
        if pool.owned.len() < workers {
            return BTreeSet::new();
        }
        let is_free = |partition: &u16| !pool.owned.values().any(|owned| owned.contains(partition));
        let known = pool.states.keys().copied().filter(is_free);
        let others = (0..partitions).filter(is_free);
        let mut wanted = BTreeSet::new();
        for partition in known.chain(others) {
            if wanted.len() < self.most {
                wanted.insert(partition);
            }
        }
        wanted
    }

    /// Keeps what is wanted, begins what is new, and says from where each is read.
    fn begin(
        &self,
        deployment: &Deployment,
        snapshots: &mut Snapshots,
        wanted: &BTreeSet<u16>,
    ) -> Vec<Start> {
        let mut pool = self.pool();
        pool.states
            .retain(|partition, _| wanted.contains(partition));
        let starts = wanted.iter().map(|partition| {
            let state = pool
                .states
                .entry(*partition)
                .or_insert_with(|| snapshots.newest(*partition));
            Start {
                topic: deployment.names.journal.clone(),
                partition: i32::from(*partition),
                offset: state.next_offset,
            }
        });
        starts.collect()
    }

    /// Folds a record of the journal; false if its partition has to begin anew.
    fn fold(&self, topic: &str, message: &rdkafka::message::BorrowedMessage<'_>) -> bool {
        let Ok(partition) = u16::try_from(message.partition()) else {
            return true;
        };
        let mut pool = self.pool();
        let Some(state) = pool.states.get_mut(&partition) else {
            return true;
        };
        let Err(error) = state.take(topic, message) else {
            crate::metrics::record_followed();
            return true;
        };
        tracing::warn!(partition, %error, "A followed partition begins anew.");
        pool.states.remove(&partition);
        false
    }
}
