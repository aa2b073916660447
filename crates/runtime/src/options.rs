//! What may be chosen at a start. Nothing here changes a result, except the clock.

use crate::archiver::ArchiveOptions;
use crate::clock::{ClockMode, DEFAULT_MAX_GAP};
use crate::snapshot::SnapshotOptions;
use std::time::Duration;
use umbral_journal::LogOptions;

/// Keys that the windows of repeats may hold where nothing else is said: some 10 to 20 GB of them.
pub(crate) const DEFAULT_WINDOW_KEYS: u64 = 1_000_000_000;

/// Options of a start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Worker threads, at least 1; more than partitions are not used.
    pub workers: usize,
    /// Inputs after which a batch is closed, at least 1.
    pub batch_inputs: usize,
    /// How long an open batch waits for more inputs.
    pub batch_idle: Duration,
    /// Batches between sequencer and commit, at least 1.
    pub batches_in_flight: usize,
    /// Keys of inputs that may be kept to recognise repeats, in all accounts together; with as many, nothing more is
    /// taken. Each takes 8 octets, and 12 or so more in accounts that have hundreds of them.
    pub window_keys: u64,
    /// What moves the clock.
    pub clock: ClockMode,
    /// How far one input may move the event clock, in nanoseconds.
    pub max_gap: i64,
    /// When snapshots are taken, and whether one is used.
    pub snapshots: SnapshotOptions,
    /// Where sealed segments below the kept snapshots go; nowhere if it is none.
    pub archive: Option<ArchiveOptions>,
    /// How the log is written.
    pub log: LogOptions,
}

impl Options {
    /// The usual options with this clock: one worker for each core.
    pub fn with_clock(clock: ClockMode) -> Options {
        Options {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            batch_inputs: 8_192,
            batch_idle: Duration::from_millis(2),
            batches_in_flight: 8,
            window_keys: DEFAULT_WINDOW_KEYS,
            clock,
            max_gap: DEFAULT_MAX_GAP,
            snapshots: SnapshotOptions::default(),
            archive: None,
            log: LogOptions::default(),
        }
    }
}
