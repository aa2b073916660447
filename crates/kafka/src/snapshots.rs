//! Snapshots of partitions in an object store that all instances share, so that a new owner does not begin with the
//! first record of the journal.
//!
//! Each partition has two slots that are written in turn, and an object that names the newer one. A snapshot counts only
//! if the journal has its last record: one of an owner that was replaced, or of another deployment, is found out.

use crate::deployment::Deployment;
use crate::journal::Loaded;
use crossbeam_channel::{Sender, bounded};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use umbral_model::ids::PartitionNo;
use umbral_runtime::lane::{Lane, LaneState};
use umbral_store::{Objects, StoreError};

/// Snapshots that may wait to be put into the store: more, and the next one is taken later.
const WAITING: usize = 2;

/// When snapshots are taken, and where they are.
#[derive(Clone)]
pub struct SnapshotSettings {
    /// The store; no snapshots without one.
    pub store: Option<Arc<dyn Objects>>,
    /// Journaled octets of a partition after which one is taken.
    pub every_bytes: u64,
    /// Time after which one is taken, if anything was journaled.
    pub every: Duration,
    /// Whether a new owner begins with the newest one.
    pub read: bool,
    /// Whether one is taken of each partition when the instance stops.
    pub at_stop: bool,
}

impl Default for SnapshotSettings {
    /// None: there is no store.
    fn default() -> SnapshotSettings {
        SnapshotSettings {
            store: None,
            every_bytes: 16 << 20,
            every: Duration::from_secs(300),
            read: true,
            at_stop: true,
        }
    }
}

impl SnapshotSettings {
    /// In this store: after 16 MiB of a partition's journal, or five minutes.
    pub fn in_store(store: Arc<dyn Objects>) -> SnapshotSettings {
        SnapshotSettings {
            store: Some(store),
            ..SnapshotSettings::default()
        }
    }
}

/// What is journaled of a partition since its newest snapshot.
#[derive(Clone, Copy)]
struct Since {
    bytes: u64,
    at: Instant,
    /// The slot to be written next.
    slot: u8,
}

impl Default for Since {
    fn default() -> Since {
        Since {
            bytes: 0,
            at: Instant::now(),
            slot: 0,
        }
    }
}

struct ToPut {
    partition: u16,
    slot: u8,
    bytes: Vec<u8>,
}

/// Takes and reads snapshots.
pub(crate) struct Snapshots {
    prefix: String,
    partitions: u16,
    settings: SnapshotSettings,
    since: BTreeMap<u16, Since>,
    putting: Option<(Sender<ToPut>, JoinHandle<()>)>,
}

impl Snapshots {
    pub(crate) fn new(deployment: &Deployment, settings: &SnapshotSettings) -> Snapshots {
        let prefix = deployment.settings().prefix.clone();
        let of = prefix.clone();
        let putting = settings.store.clone().and_then(|store| {
            let (line, snapshots) = bounded::<ToPut>(WAITING);
            let body = move || {
                snapshots
                    .iter()
                    .for_each(|one| put(store.as_ref(), &of, &one))
            };
            let thread = std::thread::Builder::new().name("snapshots".to_owned());
            Some((line, thread.spawn(body).ok()?))
        });
        Snapshots {
            prefix,
            partitions: deployment.partitions,
            settings: settings.clone(),
            since: BTreeMap::new(),
            putting,
        }
    }

    /// The newest snapshot of a partition that can be read; nothing folded where there is none.
    pub(crate) fn newest(&mut self, partition: u16) -> Loaded {
        let number = PartitionNo(partition);
        let since = self.since.entry(partition).or_default();
        *since = Since::default();
        let Some(store) = self.settings.store.as_ref().filter(|_| self.settings.read) else {
            return Loaded::nothing(number, self.partitions);
        };
        let newest = match store.get_bytes(&newest_name(&self.prefix, partition)) {
            Ok(text) if text == b"1" => 1,
            Ok(_) => 0,
            Err(StoreError::Missing { .. }) => return Loaded::nothing(number, self.partitions),
            Err(error) => {
                tracing::warn!(partition, %error, "The newest snapshot is not known; the journal is read.");
                return Loaded::nothing(number, self.partitions);
            }
        };
        for slot in [newest, 1 - newest] {
            let state = store
                .get_bytes(&slot_name(&self.prefix, partition, slot))
                .map_err(|error| error.to_string())
                .and_then(|bytes| {
                    LaneState::read_snapshot(&bytes, number, self.partitions)
                        .map_err(|error| error.to_string())
                });
            match state {
                Ok((state, offset)) => {
                    since.slot = 1 - slot;
                    return Loaded::restored(state, i64::try_from(offset).unwrap_or(i64::MAX));
                }
                Err(reason) => tracing::warn!(
                    partition,
                    slot,
                    reason,
                    "Snapshot is not used; nothing is lost but time."
                ),
            }
        }
        Loaded::nothing(number, self.partitions)
    }

    /// More of a partition is journaled.
    pub(crate) fn note(&mut self, partition: u16, bytes: usize) {
        self.since.entry(partition).or_default().bytes += bytes as u64;
    }

    /// A partition whose snapshot is due, if there is room for it.
    pub(crate) fn due(&self, partitions: impl Iterator<Item = u16>) -> Option<u16> {
        let (line, _) = self.putting.as_ref()?;
        if line.is_full() {
            return None;
        }
        let SnapshotSettings {
            every, every_bytes, ..
        } = self.settings;
        let is_due = |since: &Since| {
            since.bytes >= every_bytes || since.bytes > 0 && since.at.elapsed() >= every
        };
        let due = partitions.filter_map(|partition| {
            let since = self.since.get(&partition).filter(|since| is_due(since))?;
            Some((since.bytes, partition))
        });
        due.max().map(|(_, partition)| partition)
    }

    /// Takes a snapshot of a lane of which everything is durable; its last record lies at `offset`.
    pub(crate) fn take(&mut self, partition: u16, lane: &Lane, offset: Option<i64>) {
        let (Some((line, _)), Some(offset)) = (&self.putting, offset) else {
            return;
        };
        let since = self.since.entry(partition).or_default();
        let snapshot = ToPut {
            partition,
            slot: since.slot,
            bytes: lane.write_snapshot(offset.unsigned_abs()),
        };
        *since = Since {
            slot: 1 - since.slot,
            ..Since::default()
        };
        // Without the thread there are no snapshots; the journal has everything.
        let _ = line.send(snapshot);
    }

    /// Takes a snapshot before a stop, where there is anything new.
    pub(crate) fn take_last(&mut self, partition: u16, lane: &Lane, offset: Option<i64>) {
        let is_new = self
            .since
            .get(&partition)
            .is_some_and(|since| since.bytes > 0);
        if is_new && self.settings.at_stop {
            self.take(partition, lane, offset);
        }
    }

    /// Waits until all are in the store.
    pub(crate) fn finish(&mut self) {
        if let Some((line, thread)) = self.putting.take() {
            drop(line);
            let _ = thread.join();
        }
    }
}

/// The object of a slot. Deployments may share a store: their prefix begins the name.
fn slot_name(prefix: &str, partition: u16, slot: u8) -> String {
    format!("{prefix}/{partition:05}/{slot}.lane")
}

fn newest_name(prefix: &str, partition: u16) -> String {
    format!("{prefix}/{partition:05}/newest")
}

fn put(store: &dyn Objects, prefix: &str, snapshot: &ToPut) {
    let ToPut {
        partition,
        slot,
        bytes,
    } = snapshot;
    let started = Instant::now();
    let written = store
        .put_bytes(&slot_name(prefix, *partition, *slot), bytes)
        .and_then(|()| {
            store.put_bytes(
                &newest_name(prefix, *partition),
                slot.to_string().as_bytes(),
            )
        });
    match written {
        Ok(()) => tracing::debug!(
            partition,
            bytes = bytes.len(),
            milliseconds = started.elapsed().as_millis() as u64,
            "snapshot taken"
        ),
        Err(error) => tracing::warn!(
            partition,
            %error,
            "Snapshot could not be written; the journal has everything, the next one is tried later."
        ),
    }
}
