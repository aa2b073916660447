//! Kinds of parts, and the small ones as bytes. Rows are the engine's, the directory is intake's, control records
//! are those of the journal.

use crate::index::IndexedBatch;
use umbral_journal::BatchPlace;
use umbral_journal::snapshot::{SnapshotError, SnapshotWriter};
use umbral_model::journal::Commit;
use umbral_model::time::Timestamp;
use umbral_wire::frame;

/// Rows of one partition, in its order.
pub(crate) const ROWS: u8 = 1;
/// Members and their identifiers.
pub(crate) const DIRECTORY: u8 = 2;
/// A control record with catalogs or zones.
pub(crate) const WORLD: u8 = 3;
/// Places of batches.
pub(crate) const INDEX: u8 = 4;
/// A control record with position, clock, counts and all sources.
pub(crate) const COMMIT: u8 = 5;

/// Octets of a batch in the index.
const PLACE_BYTES: usize = 24;

/// Appends places of batches.
pub(crate) fn write_places(batches: &[IndexedBatch], out: &mut Vec<u8>) {
    for IndexedBatch { clock, place } in batches {
        out.extend_from_slice(&clock.nanos().to_le_bytes());
        out.extend_from_slice(&place.segment.to_le_bytes());
        out.extend_from_slice(&place.offset.to_le_bytes());
    }
}

/// Reads places of batches; none if the bytes are no whole number of them.
pub(crate) fn read_places(bytes: &[u8]) -> Option<impl Iterator<Item = IndexedBatch>> {
    let (places, rest) = bytes.as_chunks::<PLACE_BYTES>();
    let word = |place: &[u8; PLACE_BYTES], at: usize| {
        let mut word = [0u8; 8];
        word.copy_from_slice(&place[at..at + 8]);
        u64::from_le_bytes(word)
    };
    let batches = places.iter().map(move |place| IndexedBatch {
        clock: Timestamp::from_nanos(word(place, 0).cast_signed()),
        place: BatchPlace {
            segment: word(place, 8),
            offset: word(place, 16),
        },
    });
    rest.is_empty().then_some(batches)
}

/// Puts a control record into the snapshot.
pub(super) fn put_commit(
    writer: &mut SnapshotWriter,
    kind: u8,
    commit: &Commit,
) -> Result<(), SnapshotError> {
    let mut bytes = Vec::new();
    frame::encode_commit(commit, &mut bytes);
    writer.put((kind, 0), 1, writer.number(), &bytes)
}
