//! The engine at work: stations in the order in which an input passes them.
//!
//! ```text
//! ingest -> sequencer -> workers (decide, apply, frame) -> committer -> log
//!               ^------------------ acknowledgements -----------+
//! ```
//!
//! Every station is a thread with bounded lines to the next one, so a full disk or a slow worker is felt at
//! the source. The number of workers, the size of batches and the points of restart change no result: what
//! depends on order is decided by the sequencer, and everything of an account by its partition.

mod again;
mod archiver;
mod clock;
mod committer;
mod copy;
mod decode;
mod directory;
mod engine;
mod error;
mod fold;
mod index;
mod indexer;
mod ingest;
mod init;
pub mod lane;
mod message;
pub mod metrics;
mod options;
mod originals;
pub mod partitioner;
mod recover;
mod resubmit;
mod scan;
mod sequencer;
mod snapshot;
mod stations;
mod worker;

pub use again::{decide_again, outcome_texts};
pub use archiver::ArchiveOptions;
pub use clock::{
    Clock, ClockMode, DEFAULT_MAX_GAP, EVENT_TICK, FUTURE_TOLERANCE, ManualTime, SystemTime,
    TimeSource, WALL_TICK,
};
pub use committer::{Committed, adds_up};
pub use copy::{Copied, CopyError, Copying, Split, SplitRecord, copy, copy_on, merge};
pub use engine::Engine;
pub use error::{EXIT_UNUSABLE, EngineError, Failure};
pub use fold::WorldFold;
pub use indexer::index_segment;
pub use ingest::{Go, IngestError, Ingested, Progress};
pub use init::{Founding, init, init_on, is_new};
pub use message::{Chunk, Counting, Original, Receipt, Record, SourceId, Verdict};
pub use options::Options;
pub use originals::FrameAt;
pub use resubmit::Resubmission;
pub use scan::{FrameFold, ScannedBatch, ScannedFrame, Scanner, fold_all};
pub use sequencer::{Catalogs, changes_directory, decided_by_sequencer, is_version_tick};
pub use snapshot::{SnapshotFailure, SnapshotOptions, SnapshotTaken};
