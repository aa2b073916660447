//! A start: everything the engine knows, folded from the journal: from its first batch, or from where a snapshot
//! ends. Workers fold their own partitions in parallel; the control records are folded here, in order.

use crate::directory::DirectoryChange;
use crate::engine::{Sources, journal};
use crate::error::EngineError;
use crate::fold::{WorldFold, WorldRecord};
use crate::index::BatchIndex;
use crate::options::Options;
use crate::originals::Originals;
use crate::scan::{FrameFold, ScannedFrame, Scanner, fold_on};
use crate::snapshot::{self, Restored, Start};
use crate::worker::Worker;
use std::sync::Arc;
use umbral_engine::World;
use umbral_intake::directory::Directory;
use umbral_journal::{DataDir, Log};
use umbral_model::input::InputKey;
use umbral_model::journal::Commit;
use umbral_model::time::Timestamp;

/// What a start finds.
pub(crate) struct Recovered {
    pub log: Log,
    pub last: Commit,
    pub world: Arc<World>,
    pub directory: Arc<Directory>,
    pub sources: Sources,
    pub activations: Vec<(InputKey, u64)>,
    pub world_records: Vec<WorldRecord>,
    pub workers: Vec<Worker>,
    pub originals: Originals,
    /// Bytes of the frames that were folded.
    pub folded_bytes: u64,
    pub snapshots: Start,
}

/// A worker that folds its partitions' frames.
struct Folding {
    worker: Worker,
    /// What changed the directory.
    changes: Vec<DirectoryChange>,
    bytes: u64,
}

impl FrameFold for Folding {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        self.bytes += frame.payload.len() as u64;
        self.worker
            .fold(frame, &mut self.changes)
            .map_err(|source| frame.unreadable(source))
    }
}

/// Opens the log, cutting an unfinished batch at its end, and folds it.
pub(crate) fn recover(
    data: &DataDir,
    workers: usize,
    options: &Options,
) -> Result<Recovered, EngineError> {
    let dir = data.path();
    let lock = data.lock().map_err(|source| journal(dir, source))?;
    let log = Log::open(data, lock, options.log).map_err(|source| journal(dir, source))?;
    let (restored, snapshots) = match options.snapshots.read {
        true => snapshot::newest(data, workers),
        false => (None, Start::default()),
    };
    let Restored {
        last: mut reached,
        world,
        directory,
        mut index,
        workers,
    } = restored.unwrap_or_else(|| nothing(workers, data.partitions()));
    let mut sources = Sources::default();
    note_sources(&mut sources, &reached);
    let mut scanner = Scanner::after(data, reached.batch)?.indexing();
    let folds = workers.into_iter().map(Folding::of).collect();
    let mut taken_up: Vec<u64> = Vec::new();
    let (world, folds) = fold_on(world, &mut scanner, folds, &mut |commit| {
        note_sources(&mut sources, commit);
        taken_up.extend(&commit.resubmitted);
        reached = end_of(commit);
        true
    })?;
    index.extend(scanner.into_index());
    let originals = Originals::new(Box::new(data.picker()), index, data.partitions());
    let last = end_of(&reached);
    let folded_bytes = folds.iter().map(|folding| folding.bytes).sum();
    let workers = end_fold(folds, &world, last.clock, &directory);
    for position in taken_up {
        directory.take_up(position);
    }
    directory.forget_old(last.clock);
    Ok(Recovered {
        log,
        last,
        world: Arc::clone(world.world()),
        directory: Arc::new(directory),
        sources,
        activations: world.activations().to_vec(),
        world_records: world.records().to_vec(),
        workers,
        originals,
        folded_bytes,
        snapshots,
    })
}

impl Folding {
    fn of(worker: Worker) -> Folding {
        Folding {
            worker,
            changes: Vec::new(),
            bytes: 0,
        }
    }
}

/// What a start without a snapshot begins with.
fn nothing(workers: usize, partitions: u16) -> Restored {
    Restored {
        // Before the first tick: `Timestamp::default()` would be the first of January 1970.
        last: Commit {
            clock: Timestamp::MIN,
            ..Commit::default()
        },
        world: WorldFold::new(),
        directory: Directory::new(),
        index: BatchIndex::default(),
        workers: (0..workers)
            .map(|number| Worker::new(number, workers, partitions))
            .collect(),
    }
}

pub(crate) fn note_sources(sources: &mut Sources, commit: &Commit) {
    for source in &commit.sources {
        sources.insert(source.id.clone(), source.clone());
    }
}

/// Where a batch ends, without what it says besides.
pub(crate) fn end_of(commit: &Commit) -> Commit {
    Commit {
        batch: commit.batch,
        position: commit.position,
        clock: commit.clock,
        counts: commit.counts,
        ..Commit::default()
    }
}

/// Ends the fold of every partition, and of the directory.
fn end_fold(
    folds: Vec<Folding>,
    world: &WorldFold,
    clock: Timestamp,
    directory: &Directory,
) -> Vec<Worker> {
    let mut changes: Vec<DirectoryChange> = Vec::new();
    let mut ended: Vec<Worker> = Vec::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = folds
            .into_iter()
            .map(|mut folding| {
                changes.append(&mut folding.changes);
                let mut worker = folding.worker;
                scope.spawn(move || {
                    worker.resume(world.world(), clock);
                    worker
                })
            })
            .collect();
        // A number that changed hands did so in input order, over all partitions.
        changes.sort_unstable_by_key(DirectoryChange::position);
        for change in changes {
            change.follow(directory);
        }
        for thread in threads {
            match thread.join() {
                Ok(worker) => ended.push(worker),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    ended
}
