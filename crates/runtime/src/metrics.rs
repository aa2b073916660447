//! Every metric of the engine, by name, in one place.

use crate::snapshot::SnapshotTaken;
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use umbral_model::journal::Counts;

/// Inputs numbered by the sequencer.
pub const INPUTS: &str = "umbral_inputs_total";
/// Inputs by outcome; label `outcome`: `applied`, `duplicate`, `quarantined`.
pub const OUTCOMES: &str = "umbral_outcomes_total";
/// Events committed.
pub const EVENTS: &str = "umbral_events_total";
/// Batches committed.
pub const BATCHES: &str = "umbral_batches_total";
/// Bytes appended to the log.
pub const LOG_BYTES: &str = "umbral_log_bytes_total";
/// Seconds that one durable append took.
pub const APPEND_SECONDS: &str = "umbral_append_seconds";
/// Inputs in one batch.
pub const BATCH_INPUTS: &str = "umbral_batch_inputs";
/// Batches between sequencer and commit.
pub const IN_FLIGHT: &str = "umbral_batches_in_flight";
/// The last tick, in seconds since 1970.
pub const CLOCK: &str = "umbral_clock_seconds";
/// Times that a record had to wait for identifier changes before it.
pub const BARRIERS: &str = "umbral_identifier_barriers_total";
/// Seconds that the start took, recovery included.
pub const RECOVERY_SECONDS: &str = "umbral_recovery_seconds";

/// Snapshots taken.
pub const SNAPSHOTS: &str = "umbral_snapshots_total";
/// Seconds that the last snapshot took.
pub const SNAPSHOT_SECONDS: &str = "umbral_snapshot_seconds";
/// Size of the last snapshot.
pub const SNAPSHOT_BYTES: &str = "umbral_snapshot_bytes";

/// Tells the recorder what each metric means; call once after a recorder is installed.
pub fn describe() {
    describe_counter!(INPUTS, Unit::Count, "Inputs numbered by the sequencer");
    describe_counter!(
        OUTCOMES,
        Unit::Count,
        "Inputs by outcome; the outcomes add up to the inputs"
    );
    describe_counter!(EVENTS, Unit::Count, "Events committed");
    describe_counter!(BATCHES, Unit::Count, "Batches committed");
    describe_counter!(LOG_BYTES, Unit::Bytes, "Bytes appended to the log");
    describe_histogram!(APPEND_SECONDS, Unit::Seconds, "Time of one durable append");
    describe_histogram!(BATCH_INPUTS, Unit::Count, "Inputs in one batch");
    describe_gauge!(
        IN_FLIGHT,
        Unit::Count,
        "Batches between sequencer and commit"
    );
    describe_gauge!(CLOCK, Unit::Seconds, "The last tick, in seconds since 1970");
    describe_counter!(
        BARRIERS,
        Unit::Count,
        "Waits for identifier changes that came before"
    );
    describe_counter!(SNAPSHOTS, Unit::Count, "Snapshots taken");
    describe_gauge!(
        SNAPSHOT_SECONDS,
        Unit::Seconds,
        "Time that the last snapshot took"
    );
    describe_gauge!(SNAPSHOT_BYTES, Unit::Bytes, "Size of the last snapshot");
    describe_gauge!(
        RECOVERY_SECONDS,
        Unit::Seconds,
        "Time of the last start, recovery included"
    );
}

/// What one committed batch adds to the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchFigures {
    /// Inputs and outcomes of this batch alone.
    pub counts: Counts,
    /// Events.
    pub events: u64,
    /// Payload bytes.
    pub bytes: u64,
    /// Nanoseconds of the append.
    pub append_nanos: u64,
    /// The clock after it, in seconds since 1970.
    pub clock_seconds: i64,
}

/// Records a committed batch.
pub fn record_batch(figures: &BatchFigures) {
    counter!(INPUTS).increment(figures.counts.inputs);
    counter!(OUTCOMES, "outcome" => "applied").increment(figures.counts.applied);
    counter!(OUTCOMES, "outcome" => "duplicate").increment(figures.counts.duplicates);
    counter!(OUTCOMES, "outcome" => "quarantined").increment(figures.counts.quarantined);
    counter!(EVENTS).increment(figures.events);
    counter!(BATCHES).increment(1);
    counter!(LOG_BYTES).increment(figures.bytes);
    histogram!(APPEND_SECONDS).record(figures.append_nanos as f64 / 1e9);
    histogram!(BATCH_INPUTS).record(figures.counts.inputs as f64);
    gauge!(CLOCK).set(figures.clock_seconds as f64);
}

/// Records that a record waits for identifier changes.
pub fn record_barrier() {
    counter!(BARRIERS).increment(1);
}

/// Records how many batches are under way.
pub fn record_in_flight(batches: usize) {
    gauge!(IN_FLIGHT).set(batches as f64);
}

/// Records how long the start took.
pub fn record_recovery(seconds: f64) {
    gauge!(RECOVERY_SECONDS).set(seconds);
}

pub(crate) fn record_snapshot(taken: &SnapshotTaken) {
    counter!(SNAPSHOTS).increment(1);
    gauge!(SNAPSHOT_SECONDS).set(taken.took.as_secs_f64());
    gauge!(SNAPSHOT_BYTES).set(taken.bytes as f64);
}
