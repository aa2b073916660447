//! A partition that is a log of its own: where partitions are spread over machines, each has its own numbers, batches,
//! clock and sources, and nothing of another one is needed to drive it.
//!
//! ```text
//! LaneState: fold records of the journal -> resume -> Lane: take, close, (somebody makes it durable), durable -> park -> LaneState
//! ```
//!
//! A lane has no thread. It decides when it is told to, with the same sequencer and the same worker as the embedded
//! engine, and gives its batches out as records to be made durable; what is lost with them is folded again from those
//! that are.

mod snapshot;
mod stations;

pub use snapshot::LaneSnapshotError;

use crate::clock::ClockMode;
use crate::directory::DirectoryChange;
use crate::error::Failure;
use crate::fold::WorldFold;
use crate::index::{BatchIndex, IndexedBatch};
use crate::message::Chunk;
use crate::metrics::{BatchFigures, record_batch};
use crate::options::Options;
use crate::originals::{FrameAt, Originals};
use crate::recover::{end_of, note_sources};
use crate::scan::ScannedFrame;
use crate::sequencer::{Resumed, Sequencer};
use crate::worker::Worker;
use stations::Stations;
use std::ops::Range;
use std::sync::Arc;
use umbral_engine::{Partition, World};
use umbral_intake::directory::Directory;
use umbral_journal::{BatchPlace, ChainError, RecordChain};
use umbral_model::ids::PartitionNo;
use umbral_model::input::Input;
use umbral_model::journal::{Commit, Counts, SourcePosition};
use umbral_model::time::Timestamp;
use umbral_wire::{WireError, frame};

/// Why a record of the journal cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// It is not the next one.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// What is in it cannot be read.
    #[error("batch {batch} cannot be read: written by another version?")]
    Content {
        /// The batch.
        batch: u64,
        /// What is wrong with it.
        #[source]
        source: WireError,
    },
    /// A catalog in it does not compile.
    #[error(transparent)]
    Engine(#[from] crate::error::EngineError),
}

/// A batch that is decided and not durable yet.
#[derive(Clone, Debug)]
pub struct LaneRecord {
    /// Its batch.
    pub batch: u64,
    /// What is to be made durable.
    pub bytes: Arc<Vec<u8>>,
    /// Where the frame is in it; empty if nothing concerned an account.
    pub payload: Range<usize>,
    /// Catalogs and zones by which it was decided.
    pub world: Arc<World>,
    /// Its inputs and what came of them.
    pub counts: Counts,
    /// Events in it.
    pub events: u64,
    /// The clock after it.
    pub clock: Timestamp,
    /// Inputs in it by which identifiers changed hands, in order.
    pub identifiers: Vec<Input>,
}

impl LaneRecord {
    /// The frame.
    pub fn frame(&self) -> &[u8] {
        &self.bytes[self.payload.clone()]
    }
}

/// A partition as its journal says.
pub struct LaneState {
    partitions: u16,
    chain: RecordChain,
    last: Commit,
    world: WorldFold,
    directory: Arc<Directory>,
    sources: crate::engine::Sources,
    index: BatchIndex,
    worker: Worker,
}

impl LaneState {
    /// Before the first record.
    pub fn new(partition: PartitionNo, partitions: u16) -> LaneState {
        LaneState {
            partitions,
            chain: RecordChain::new(partition.0),
            last: Commit {
                clock: Timestamp::MIN,
                ..Commit::default()
            },
            world: WorldFold::new(),
            directory: Arc::new(Directory::new()),
            sources: crate::engine::Sources::default(),
            index: BatchIndex::default(),
            worker: Worker::new(
                usize::from(partition.0),
                usize::from(partitions),
                partitions,
            ),
        }
    }

    /// Its number.
    pub fn partition(&self) -> PartitionNo {
        PartitionNo(self.chain.partition)
    }

    /// Where its chain of records stands.
    pub fn chain(&self) -> RecordChain {
        self.chain
    }

    /// Position, clock and counts after the last record.
    pub fn last(&self) -> &Commit {
        &self.last
    }

    /// How far a source is read.
    pub fn source(&self, id: &str) -> Option<&SourcePosition> {
        self.sources.get(id)
    }

    /// Catalogs and zones.
    pub fn world(&self) -> &Arc<World> {
        self.world.world()
    }

    /// Who holds which identifier.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Its accounts.
    pub fn accounts(&self) -> Option<&Partition> {
        self.worker.owned(0).map(|(_, accounts)| accounts)
    }

    /// Folds the next record, which lies at `offset` of its log.
    ///
    /// # Errors
    /// A record that is not the next one or cannot be read; the state is of no use then.
    pub fn fold(&mut self, bytes: &[u8], offset: u64) -> Result<(), LaneError> {
        let record = self.chain.read(bytes)?;
        let batch = record.batch;
        let of_batch = |source| LaneError::Content { batch, source };
        let commit = frame::decode_commit(record.control).map_err(of_batch)?;
        self.world.follow(&commit)?;
        note_sources(&mut self.sources, &commit);
        self.last = end_of(&commit);
        self.index.push(IndexedBatch {
            clock: commit.clock,
            place: place(offset),
        });
        if record.payload.is_empty() {
            return Ok(());
        }
        let frame = ScannedFrame {
            world: Arc::clone(self.world.world()),
            batch,
            partition: self.partition(),
            payload: record.payload.to_vec(),
        };
        let mut changes = Vec::new();
        self.worker.fold(&frame, &mut changes).map_err(of_batch)?;
        for change in changes {
            // Purchases that nobody known made wait where all partitions are seen.
            if let DirectoryChange::Applied(_, input) = change {
                self.directory.apply(&input);
            }
        }
        Ok(())
    }

    /// Begins to decide, as the owner after the one that wrote the last record. `frames` reads records again that
    /// corrections need: its places are offsets of the log.
    pub fn resume(mut self, options: &LaneOptions, frames: Box<dyn FrameAt>) -> Lane {
        self.worker.resume(self.world.world(), self.last.clock);
        self.chain.epoch += 1;
        let resumed = Resumed {
            world: Arc::clone(self.world.world()),
            directory: self.directory,
            sources: self.sources,
            activations: self.world.activations().to_vec(),
            world_records: self.world.records().to_vec(),
            standing: vec![self.worker.standing()],
            originals: Originals::new(frames, self.index, self.partitions),
            partitions: self.partitions,
            last: self.last.clone(),
        };
        let stations = Stations::new(self.worker, self.chain, &self.last, self.partitions);
        Lane {
            sequencer: Sequencer::new(stations, options.engine(self.partitions), resumed),
            world: self.world,
        }
    }
}

/// Where a record at this offset is.
fn place(offset: u64) -> BatchPlace {
    BatchPlace { segment: 0, offset }
}

/// How a lane decides.
#[derive(Clone, Debug)]
pub struct LaneOptions {
    /// What moves the clock.
    pub clock: ClockMode,
    /// Inputs after which a batch is closed.
    pub batch_inputs: usize,
    /// Keys that all partitions together may keep to recognise repeats.
    pub window_keys: u64,
    /// How far one input may move the event clock, in nanoseconds.
    pub max_gap: i64,
}

impl LaneOptions {
    /// The usual options with this clock.
    pub fn with_clock(clock: ClockMode) -> LaneOptions {
        let Options {
            batch_inputs,
            window_keys,
            max_gap,
            clock,
            ..
        } = Options::with_clock(clock);
        LaneOptions {
            clock,
            batch_inputs,
            window_keys,
            max_gap,
        }
    }

    fn engine(&self, partitions: u16) -> Options {
        Options {
            batch_inputs: self.batch_inputs,
            window_keys: (self.window_keys / u64::from(partitions)).max(1),
            max_gap: self.max_gap,
            ..Options::with_clock(self.clock.clone())
        }
    }
}

/// A partition that is driven.
pub struct Lane {
    sequencer: Sequencer<Stations>,
    /// What is in the batches that were given out; its world is the sequencer's, or the same one of another lane.
    world: WorldFold,
}

impl Lane {
    /// Its number.
    pub fn partition(&self) -> PartitionNo {
        PartitionNo(self.sequencer.lines_ref().chain().partition)
    }

    /// Where its chain stands after the last record that was given out.
    pub fn chain(&self) -> RecordChain {
        self.sequencer.lines_ref().chain()
    }

    /// How far a source is read.
    pub fn source(&self, id: &str) -> Option<&SourcePosition> {
        self.sequencer.source(id)
    }

    /// Who holds which identifier.
    pub fn directory(&self) -> &Arc<Directory> {
        self.sequencer.directory()
    }

    /// Position, clock and counts after the last record that was given out.
    pub fn last(&self) -> &Commit {
        self.sequencer.settled()
    }

    /// Takes records.
    ///
    /// # Errors
    /// What ends the lane: a full window of keys, a journal that cannot be read again, a batch too large.
    pub fn take(&mut self, chunk: Chunk) -> Result<(), Failure> {
        self.sequencer.take(chunk, false)
    }

    /// Fires what is due by the wall clock, if that is what moves the lane's.
    ///
    /// # Errors
    /// As [`Lane::take`].
    pub fn pass_time(&mut self) -> Result<(), Failure> {
        self.sequencer.follow_wall_clock()
    }

    /// Closes the open batch and gives out all that were closed since the last time, in order: they are to be made
    /// durable together, and before any later one.
    ///
    /// # Errors
    /// As [`Lane::take`].
    pub fn close(&mut self) -> Result<Vec<LaneRecord>, Failure> {
        self.sequencer.flush()?;
        self.sequencer.drain()?;
        let records = self.sequencer.lines().take_closed();
        if !records.is_empty() {
            self.share_world();
        }
        Ok(records)
    }

    fn share_world(&mut self) {
        if self.sequencer.world_records().len() > self.world.records().len() {
            self.sequencer.follow_world(&mut self.world);
        }
    }

    /// The next record that was given out is durable at `offset` of its log, after so many nanoseconds.
    pub fn durable(&mut self, record: &LaneRecord, offset: u64, nanos: u64) {
        self.sequencer.placed(record.batch, place(offset));
        record_batch(&BatchFigures {
            counts: record.counts,
            events: record.events,
            bytes: record.bytes.len() as u64,
            append_nanos: nanos,
            clock_seconds: record.clock.seconds(),
        });
    }

    /// Stops deciding, when all that was given out is durable.
    pub fn park(self) -> LaneState {
        let (stations, resumed) = self.sequencer.end();
        let (worker, chain) = stations.into_parts();
        LaneState {
            partitions: resumed.partitions,
            chain,
            last: resumed.last,
            world: self.world,
            directory: resumed.directory,
            sources: resumed.sources,
            index: resumed.originals.into_index(),
            worker,
        }
    }
}
