//! The embedded journal: a data directory, its segmented append-only log, recovery and reading.
//!
//! This crate moves bytes and knows nothing of accounts or money. What it promises:
//!
//! - a batch (frames of any partitions and one control frame) is durable when [`Log::append_batch`]
//!   returns, and is there wholly or not at all after any crash;
//! - only an unfinished batch at the very end is ever cut; other damage is refused, with file and offset;
//! - a partition's frames form a gapless sequence and a hash chain, so loss, forks and repeats show;
//! - one writer at a time, any number of readers beside it.
//!
//! The bytes are described in `docs/journal-format.md`.

mod archive;
mod datadir;
mod error;
pub mod floor;
mod frame;
mod index;
mod log;
mod manifest;
mod mark;
pub mod metrics;
mod picker;
mod reader;
mod record;
mod recover;
mod scan;
mod segment;
mod segments;
pub mod snapshot;
pub mod storage;
mod unfinished;
mod word;

pub use archive::{Archive, ArchiveStatus, ArchivedSegment, SegmentPlace};
pub use datadir::{Creation, DataDir, MAX_PARTITIONS, Settings, WriteLock};
pub use error::JournalError;
pub use frame::{FrameHeader, FrameToAppend, MAX_BATCH_BYTES, MAX_PAYLOAD_BYTES};
pub use index::{BatchNote, SegmentIndex};
pub use log::{Log, LogOptions};
pub use mark::JournalMark;
pub use picker::{BatchPlace, FramePicker};
pub use reader::{Batch, Frame, Reader};
pub use record::{ChainError, Record, RecordChain};
pub use recover::{Cut, Recovery, rebuild_manifest};
pub use segments::OpenStore;
