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
/// Segments moved into the archive.
pub const ARCHIVED_SEGMENTS: &str = "umbral_archived_segments_total";
/// Octets moved into the archive.
pub const ARCHIVED_BYTES: &str = "umbral_archived_bytes_total";
/// Archived segments fetched to be read.
pub const FETCHED_SEGMENTS: &str = "umbral_archive_fetched_segments_total";

/// Tells the recorder what the metrics mean; call once at start.
pub fn describe() {
    use metrics::{Unit, describe_counter, describe_histogram};
    describe_counter!(BATCHES, "Batches made durable.");
    describe_counter!(BYTES, Unit::Bytes, "Octets made durable.");
    describe_counter!(FRAMES, "Frames made durable.");
    describe_histogram!(SYNC_SECONDS, Unit::Seconds, "Time of a batch's fdatasync.");
    describe_counter!(SEGMENTS, "Segments begun.");
    describe_counter!(ERRORS, "Appends refused or failed.");
    describe_counter!(ARCHIVED_SEGMENTS, "Segments moved into the archive.");
    describe_counter!(
        ARCHIVED_BYTES,
        Unit::Bytes,
        "Octets moved into the archive."
    );
    describe_counter!(FETCHED_SEGMENTS, "Archived segments fetched to be read.");
}
