//! Names of the journal's metrics, in one place.

/// Batches made durable.
pub const BATCHES: &str = "umbral_journal_batches_total";
/// Octets made durable, headers and padding included.
pub const BYTES: &str = "umbral_journal_bytes_total";
/// Frames made durable, control frames included.
pub const FRAMES: &str = "umbral_journal_frames_total";
/// Time of the fdatasync of a batch, in seconds.
pub const SYNC_SECONDS: &str = "umbral_journal_sync_seconds";
/// Segments begun.
pub const SEGMENTS: &str = "umbral_journal_segments_total";
/// Appends refused or failed.
pub const ERRORS: &str = "umbral_journal_errors_total";

/// Tells the recorder what the metrics mean; call once at start.
pub fn describe() {
    use metrics::{Unit, describe_counter, describe_histogram};
    describe_counter!(BATCHES, "Batches made durable.");
    describe_counter!(BYTES, Unit::Bytes, "Octets made durable.");
    describe_counter!(FRAMES, "Frames made durable.");
    describe_histogram!(SYNC_SECONDS, Unit::Seconds, "Time of a batch's fdatasync.");
    describe_counter!(SEGMENTS, "Segments begun.");
    describe_counter!(ERRORS, "Appends refused or failed.");
}
