//! Reading a journal batch by batch, in order, and folding its frames on several threads. Readers need no
//! lock and may run beside a writer.

use crate::engine::journal;
use crate::error::{EngineError, Failure};
use crate::fold::WorldFold;
use crate::index::IndexedBatch;
use crate::indexer::{AccountBatches, batches_of};
use crate::partitioner::partition_of_account;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_engine::World;
use umbral_journal::{DataDir, FramePicker, Reader};
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::journal::{Commit, Frame};
use umbral_wire::{WireError, frame};

/// Frames that may wait before a folding thread.
const FRAMES_WAITING: usize = 64;

/// One committed batch.
#[derive(Clone, Debug)]
pub struct ScannedBatch {
    /// Its control record.
    pub commit: Commit,
    /// Its frames as bytes, in order of partition.
    pub frames: Vec<(PartitionNo, Vec<u8>)>,
}

impl ScannedBatch {
    /// The entries of one of its frames.
    pub fn decode(&self, partition: PartitionNo, payload: &[u8]) -> Result<Frame, EngineError> {
        frame::decode(payload).map_err(|source| unreadable(self.commit.batch, partition, source))
    }
}

/// The payload of a batch is no frame.
fn unreadable(batch: u64, partition: PartitionNo, source: WireError) -> EngineError {
    EngineError::Frame {
        partition,
        batch,
        source,
    }
}

/// Reads the batches of a data directory from the first one on.
pub struct Scanner {
    reader: Reader,
    dir: PathBuf,
    partitions: u16,
    index: Vec<IndexedBatch>,
    indexes: bool,
    /// Batches to be picked before the reader goes on.
    picked: Option<Picked>,
}

/// The batches of one account that indexes know, and the way to them.
struct Picked {
    batches: AccountBatches,
    picker: FramePicker,
    partition: PartitionNo,
}

impl Scanner {
    /// Opens a data directory for reading.
    pub fn open(dir: &Path) -> Result<Scanner, EngineError> {
        Scanner::on(&DataDir::open(dir).map_err(|source| journal(dir, source))?)
    }

    /// Reads a data directory that is open already.
    pub fn on(data: &DataDir) -> Result<Scanner, EngineError> {
        Scanner::after(data, 0)
    }

    /// Reads the batches after a number.
    pub(crate) fn after(data: &DataDir, batch: u64) -> Result<Scanner, EngineError> {
        let dir = data.path();
        let partitions = data.partitions();
        let reader = data
            .read(batch + 1)
            .map_err(|source| journal(dir, source))?;
        Ok(Scanner {
            reader,
            dir: dir.to_owned(),
            partitions,
            index: Vec::new(),
            indexes: false,
            picked: None,
        })
    }

    /// Reads the batches that an account occurs in, or that change catalogs or zones, and of the former the frame
    /// of its partition only. Where segments have no index, all batches are read.
    pub fn of_account(data: &DataDir, account: &AccountId) -> Result<Scanner, EngineError> {
        let failed = |source| journal(data.path(), source);
        let batches = batches_of(data, account).map_err(failed)?;
        let mut scanner = Scanner::after(data, batches.next_batch - 1)?;
        scanner.picked = Some(Picked {
            batches,
            picker: data.picker(),
            partition: partition_of_account(account, data.partitions()),
        });
        Ok(scanner)
    }

    /// The next batch that is picked; none when the reader goes on.
    fn next_picked(&mut self) -> Result<Option<ScannedBatch>, EngineError> {
        let Some(picked) = &mut self.picked else {
            return Ok(None);
        };
        let Some((batch, place)) = picked.batches.places.next() else {
            self.picked = None;
            return Ok(None);
        };
        let failed = |source| journal(&self.dir, source);
        let control = PartitionNo(self.partitions);
        let payload = picked.picker.pick(place, control.0).map_err(failed)?;
        let of_frame = |source| EngineError::Frame {
            partition: control,
            batch,
            source,
        };
        let commit = frame::decode_commit(&payload.unwrap_or_default()).map_err(of_frame)?;
        let own = picked
            .picker
            .pick(place, picked.partition.0)
            .map_err(failed)?;
        let frames = own.map(|payload| (picked.partition, payload)).into_iter();
        Ok(Some(ScannedBatch {
            commit,
            frames: frames.collect(),
        }))
    }

    /// Notes the place of every batch from here on.
    pub(crate) fn indexing(mut self) -> Scanner {
        self.indexes = true;
        self
    }

    /// Places of the batches so far.
    pub(crate) fn into_index(self) -> Vec<IndexedBatch> {
        self.index
    }

    /// Partitions of the deployment.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// The next batch; none at the end of what is committed. Ask again later to see what came since.
    pub fn next_batch(&mut self) -> Result<Option<ScannedBatch>, EngineError> {
        if let Some(picked) = self.next_picked()? {
            return Ok(Some(picked));
        }
        let next = self
            .reader
            .next_batch()
            .map_err(|source| journal(&self.dir, source))?;
        let Some(batch) = next else { return Ok(None) };
        let partition = PartitionNo(self.partitions);
        let number = batch.number();
        let commit =
            frame::decode_commit(batch.control().payload).map_err(|source| EngineError::Frame {
                partition,
                batch: number,
                source,
            })?;
        if self.indexes {
            self.index.push(IndexedBatch {
                clock: commit.clock,
                place: batch.place(),
            });
        }
        let frames = batch
            .frames()
            .map(|frame| (PartitionNo(frame.header.partition), frame.payload.to_vec()))
            .collect();
        Ok(Some(ScannedBatch { commit, frames }))
    }
}

/// A frame on its way to whoever folds it.
#[derive(Clone, Debug)]
pub struct ScannedFrame {
    /// Catalogs and zones as they were for its batch.
    pub world: Arc<World>,
    /// Its batch.
    pub batch: u64,
    /// Its partition.
    pub partition: PartitionNo,
    /// The frame as bytes.
    pub payload: Vec<u8>,
}

impl ScannedFrame {
    /// The frame's entries.
    pub fn decode(&self) -> Result<Frame, EngineError> {
        frame::decode(&self.payload).map_err(|source| self.unreadable(source))
    }

    /// The payload is no frame.
    pub(crate) fn unreadable(&self, source: WireError) -> EngineError {
        unreadable(self.batch, self.partition, source)
    }
}

/// Folds the frames of some partitions.
pub trait FrameFold: Send {
    /// Takes the next frame of one of its partitions.
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError>;
}

/// Folds all that is left to scan, each of `folds` on a thread of its own: partition p goes to number
/// p % n. Control records go to `control`, in order; it says whether to go on.
pub fn fold_all<F: FrameFold>(
    scanner: &mut Scanner,
    folds: Vec<F>,
    control: &mut dyn FnMut(&Commit) -> bool,
) -> Result<(WorldFold, Vec<F>), EngineError> {
    fold_on(WorldFold::new(), scanner, folds, control)
}

/// As [`fold_all`], in the world as it was before the first batch to be scanned.
pub(crate) fn fold_on<F: FrameFold>(
    mut world: WorldFold,
    scanner: &mut Scanner,
    folds: Vec<F>,
    control: &mut dyn FnMut(&Commit) -> bool,
) -> Result<(WorldFold, Vec<F>), EngineError> {
    let folds = std::thread::scope(|scope| {
        let mut lines: Vec<Sender<ScannedFrame>> = Vec::new();
        let mut threads = Vec::new();
        for fold in folds {
            let (line, frames) = bounded(FRAMES_WAITING);
            lines.push(line);
            threads.push(scope.spawn(move || fold_frames(fold, &frames)));
        }
        let fed = feed(scanner, &mut world, control, &lines);
        drop(lines);
        let folded: Result<Vec<F>, EngineError> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(broken_fold())))
            .collect();
        // A thread that failed made feeding fail too, but knows better why.
        let folded = folded?;
        fed.map(|()| folded)
    })?;
    Ok((world, folds))
}

fn fold_frames<F: FrameFold>(
    mut fold: F,
    frames: &Receiver<ScannedFrame>,
) -> Result<F, EngineError> {
    for frame in frames {
        fold.fold(&frame)?;
    }
    Ok(fold)
}

fn feed(
    scanner: &mut Scanner,
    world: &mut WorldFold,
    control: &mut dyn FnMut(&Commit) -> bool,
    lines: &[Sender<ScannedFrame>],
) -> Result<(), EngineError> {
    while let Some(batch) = scanner.next_batch()? {
        world.follow(&batch.commit)?;
        if !control(&batch.commit) {
            break;
        }
        for (partition, payload) in batch.frames {
            let line = &lines[partition.index() % lines.len()];
            let (world, batch) = (Arc::clone(world.world()), batch.commit.batch);
            let frame = ScannedFrame {
                world,
                batch,
                partition,
                payload,
            };
            line.send(frame).map_err(|_| broken_fold())?;
        }
    }
    Ok(())
}

fn broken_fold() -> EngineError {
    EngineError::Stopped(Failure::Defect {
        station: "fold",
        detail: String::new(),
    })
}
