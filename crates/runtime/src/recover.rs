//! A start: everything the engine knows, folded from the journal. Workers fold their own partitions in
//! parallel; the control records are folded here, in order.

use crate::engine::{Sources, journal};
use crate::error::EngineError;
use crate::fold::WorldFold;
use crate::originals::Originals;
use crate::scan::{FrameFold, ScannedFrame, Scanner, fold_all};
use crate::worker::Worker;
use std::sync::Arc;
use umbral_engine::World;
use umbral_intake::directory::Directory;
use umbral_journal::{DataDir, Log, LogOptions};
use umbral_model::input::{Input, InputKey};
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
    pub workers: Vec<Worker>,
    pub originals: Originals,
}

/// A worker that folds its partitions' frames.
struct Folding {
    worker: Worker,
    /// Identifier inputs that were applied, with their positions.
    identifiers: Vec<(u64, Input)>,
}

impl FrameFold for Folding {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        self.worker
            .fold(&frame.world, frame.decode()?, &mut self.identifiers);
        Ok(())
    }
}

/// Opens the log, cutting an unfinished batch at its end, and folds it.
pub(crate) fn recover(
    data: &DataDir,
    workers: usize,
    options: LogOptions,
) -> Result<Recovered, EngineError> {
    let dir = data.path();
    let lock = data.lock().map_err(|source| journal(dir, source))?;
    let log = Log::open(data, lock, options).map_err(|source| journal(dir, source))?;
    if let Some(cut) = &log.recovery().cut {
        tracing::warn!(?cut, "an unfinished batch was cut from the end of the log");
    }
    let mut scanner = Scanner::on(data)?.indexing();
    let folds = (0..workers)
        .map(|number| Folding {
            worker: Worker::new(number, workers, data.partitions()),
            identifiers: Vec::new(),
        })
        .collect();
    // Before the first tick: `Timestamp::default()` would be the first of January 1970.
    let mut last = Commit {
        clock: Timestamp::MIN,
        ..Commit::default()
    };
    let mut sources = Sources::default();
    let (world, folds) = fold_all(&mut scanner, folds, &mut |commit| {
        for source in &commit.sources {
            sources.insert(source.id.clone(), source.clone());
        }
        last = Commit {
            batch: commit.batch,
            position: commit.position,
            clock: commit.clock,
            counts: commit.counts,
            ..Commit::default()
        };
        true
    })?;
    let originals = Originals::new(data.picker(), scanner.into_index(), data.partitions());
    Ok(assemble(log, last, sources, &world, folds, originals))
}

fn assemble(
    log: Log,
    last: Commit,
    sources: Sources,
    world: &WorldFold,
    folds: Vec<Folding>,
    originals: Originals,
) -> Recovered {
    let mut workers = Vec::new();
    let mut identifiers: Vec<(u64, Input)> = Vec::new();
    for mut folding in folds {
        folding.worker.resume(world.world(), last.clock);
        workers.push(folding.worker);
        identifiers.extend(folding.identifiers);
    }
    // A number that changed hands did so in input order, over all partitions.
    identifiers.sort_unstable_by_key(|(position, _)| *position);
    let directory = Directory::new();
    for (_, input) in &identifiers {
        directory.apply(input);
    }
    Recovered {
        log,
        last,
        world: Arc::clone(world.world()),
        directory: Arc::new(directory),
        sources,
        activations: world.activations().to_vec(),
        workers,
        originals,
    }
}
