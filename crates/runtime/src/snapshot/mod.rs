//! Snapshots: what a start would fold from the whole journal, copied while the engine runs.
//!
//! A snapshot is fuzzy. It begins at a batch that is durable, and everything that one station alone changes is
//! copied there and then (the directory, places of batches) or is repeated by every later batch (sources). Rows are
//! copied later, some between two batches of their worker, each piece with the last batch that its worker had
//! decided: replaying the batches after the beginning skips the rows that hold them. It counts when the journal
//! durably holds the newest batch that any piece may hold.

mod copier;
pub(crate) mod parts;
mod restore;
mod take;

pub(crate) use copier::{Copier, RowPiece};
pub(crate) use restore::{Restored, newest};
pub(crate) use take::{Request, Snapshotter, Start};

use crate::error::Failure;
use crate::index::BatchIndex;
use crossbeam_channel::Sender;
use std::sync::Arc;
use std::time::Duration;
use umbral_engine::STATE_LAYOUT;
use umbral_intake::directory::DirectoryCopy;
use umbral_journal::JournalMark;
use umbral_journal::snapshot::{SnapshotError, Versions};
use umbral_model::journal::{Commit, LOGIC_VERSION, SourcePosition};

/// What this build writes and reads.
const VERSIONS: Versions = Versions {
    logic: LOGIC_VERSION,
    layout: STATE_LAYOUT,
};

/// When snapshots are taken, and whether one is used. Nothing here changes a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotOptions {
    /// Whether a start begins with the newest snapshot; otherwise with the first batch of the journal.
    pub read: bool,
    /// Journaled bytes after which one is taken.
    pub every_bytes: u64,
    /// Time after which one is taken, if anything was journaled.
    pub every: Duration,
    /// Journaled bytes since the last one for which it is worth taking one when the engine is stopped.
    pub stop_bytes: u64,
}

impl SnapshotOptions {
    /// None is taken unless it is asked for.
    pub const ON_DEMAND: SnapshotOptions = SnapshotOptions {
        read: true,
        every_bytes: u64::MAX,
        every: Duration::MAX,
        stop_bytes: u64::MAX,
    };
}

impl Default for SnapshotOptions {
    /// After a gigabyte or a quarter of an hour, and at a stop after 16 megabytes: about a second of folding.
    fn default() -> Self {
        SnapshotOptions {
            read: true,
            every_bytes: 1 << 30,
            every: Duration::from_secs(900),
            stop_bytes: 16 << 20,
        }
    }
}

/// A snapshot that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotTaken {
    /// The last batch that it holds wholly.
    pub batch: u64,
    /// The last input of that batch.
    pub position: u64,
    /// Accounts in it.
    pub accounts: u64,
    /// Its size in bytes.
    pub bytes: u64,
    /// How long it took.
    pub took: Duration,
}

/// Why a snapshot was not taken. The engine goes on.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFailure {
    /// Its files could not be written.
    #[error("the snapshot could not be written: {0}")]
    Files(#[from] SnapshotError),
    /// The engine stopped meanwhile.
    #[error("the snapshot was given up: {0}")]
    Stopped(Failure),
}

/// What the sequencer gives a snapshot that begins.
pub(crate) struct Base {
    /// Number, position, clock and counts of the last batch that is durable.
    pub settled: Commit,
    /// Control records with the catalogs and zones up to there.
    pub world: Vec<Arc<Commit>>,
    /// Places of all batches up to there.
    pub index: BatchIndex,
    /// The directory as of there.
    pub directory: DirectoryCopy,
}

/// An order to begin a snapshot.
pub(crate) struct CopyOrder {
    /// Where workers put their rows.
    pub rows: Sender<RowPiece>,
    /// Where the sequencer's part goes.
    pub reply: Sender<Base>,
}

/// What the committer says when a batch is durable.
pub(crate) struct Reached {
    /// The journal there, or later.
    pub mark: JournalMark,
    /// How far all sources are read by then.
    pub sources: Vec<SourcePosition>,
}

/// An order to say when a batch is durable.
pub(crate) struct MarkOrder {
    /// The batch.
    pub batch: u64,
    /// Where the answer goes.
    pub reply: Sender<Reached>,
}
