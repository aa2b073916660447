//! Takes the inputs of one data directory into a new one, which may have another number of partitions.
//!
//! Every batch of the source becomes the batch of the same number: the same inputs in the same order at the same
//! clock, the same positions, sources, catalogs and zones. Each input is decided again in the partition that has
//! its account now, and must come to what the source holds. The batches say that they were copied, so that nobody
//! publishes their outputs a second time.

mod merge;
mod route;
mod split;
mod worker;

use crate::clock::ClockMode;
use crate::engine::journal;
use crate::error::{EngineError, Failure};
use crate::fold::WorldFold;
use crate::message::EncodedFrame;
use crate::options::Options;
use crate::recover::{Recovered, recover};
use crate::scan::Scanner;
use crate::snapshot::SnapshotOptions;
use crossbeam_channel::{Receiver, Sender, bounded};
use route::moves;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use umbral_journal::storage::{RealDisk, Storage};
use umbral_journal::{Creation, DataDir, Log, LogOptions};
use umbral_model::journal::{Commit, Counts};
use umbral_wire::frame;
use worker::{CopyWorker, Share};

pub use merge::merge;
pub use split::{Split, SplitRecord};

/// Batches that may wait before a worker, or before they are written.
const WAITING: usize = 4;

/// What a copy is to be.
#[derive(Clone, Debug)]
pub struct Copying {
    /// Partitions of the copy; those of the source if it is none.
    pub partitions: Option<u16>,
    /// Threads that decide.
    pub workers: usize,
    /// How its log is written.
    pub log: LogOptions,
    /// What made it, for `umbral.json`.
    pub created_by: String,
}

/// How far a copy has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Copied {
    /// Partitions of the copy.
    pub partitions: u16,
    /// Its last batch.
    pub batch: u64,
    /// Its last input.
    pub position: u64,
    /// Counts over everything.
    pub counts: Counts,
    /// Batches that an earlier run had copied.
    pub resumed_from: u64,
}

/// Why there is no copy. What was done stays, and the next run goes on with it; no command opens it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The source, the copy, or a station.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Deciding an input again gave something else than the source holds.
    #[error(
        "input {position} comes out otherwise than in the source ({what}); umbral replay --verify --data SOURCE shows it, too"
    )]
    Differs {
        /// The input.
        position: u64,
        /// `outcome`, `event 2 of 3`.
        what: String,
        /// What the source holds.
        source_has: String,
        /// What deciding gives.
        copy_has: String,
    },
    /// A thread ended by a defect.
    #[error("copying stopped by a defect")]
    Defect,
}

/// Copies a data directory that no process has open; `progress` is called now and then. A copy that was broken off is
/// gone on with.
///
/// # Errors
/// A source or target that is not usable, and any difference.
pub fn copy(
    source: &DataDir,
    to: &Path,
    copying: &Copying,
    progress: &mut dyn FnMut(Copied),
) -> Result<Copied, CopyError> {
    copy_on(Arc::new(RealDisk), source, to, copying, progress)
}

/// Like [`copy`], onto another storage: a simulated disk.
///
/// # Errors
/// As [`copy`].
pub fn copy_on(
    storage: Arc<dyn Storage>,
    source: &DataDir,
    to: &Path,
    copying: &Copying,
    progress: &mut dyn FnMut(Copied),
) -> Result<Copied, CopyError> {
    let of_source = |error| journal(source.path(), error);
    let of_copy = |error| journal(to, error);
    // What the source would take meanwhile would be in neither.
    let _lock = source.lock().map_err(of_source)?;
    let mark = source.end().map_err(of_source)?;
    let creation = Creation {
        partitions: copying.partitions.unwrap_or(source.partitions()),
        created_by: copying.created_by.clone(),
    };
    let holds = |left: &_| source.holds(left);
    let target = DataDir::begin_on(storage, to, &creation, &mark, &holds).map_err(of_copy)?;
    let workers = copying.workers.clamp(1, usize::from(creation.partitions));
    let recovered = recover(&target, workers, &options(copying))?;
    let copied = copy_batches(source, &target, recovered, progress)?;
    target.finish().map_err(of_copy)?;
    Ok(copied)
}

fn options(copying: &Copying) -> Options {
    Options {
        snapshots: SnapshotOptions {
            read: false,
            ..SnapshotOptions::default()
        },
        // Each segment is synced when it is sealed, the last one at the end: before that it is no deployment.
        log: LogOptions {
            sync: false,
            ..copying.log
        },
        ..Options::with_clock(ClockMode::Event)
    }
}

/// What the thread that writes is told.
enum Written {
    /// A batch with its control record, and how many shares it has.
    Batch(Box<Commit>, usize),
    /// A share of a batch.
    Frames(u64, Result<Vec<EncodedFrame>, CopyError>),
}

fn copy_batches(
    source: &DataDir,
    target: &DataDir,
    recovered: Recovered,
    progress: &mut dyn FnMut(Copied),
) -> Result<Copied, CopyError> {
    let Recovered {
        log,
        last,
        world_records,
        workers,
        ..
    } = recovered;
    let mut world = WorldFold::new();
    for record in &world_records {
        world.follow(record)?;
    }
    let scanner = Scanner::after(source, last.batch)?;
    let count = workers.len();
    let begun = Copied {
        partitions: target.partitions(),
        batch: last.batch,
        position: last.position,
        counts: last.counts,
        resumed_from: last.batch,
    };
    thread::scope(|scope| {
        let (to_writer, writing) = bounded(WAITING * (count + 1));
        let mut lines = Vec::with_capacity(count);
        for (number, worker) in workers.into_iter().enumerate() {
            let (line, shares) = bounded(WAITING);
            lines.push(line);
            let worker = CopyWorker::of(worker, number, count, target.partitions());
            let to_writer = to_writer.clone();
            scope.spawn(move || decide_shares(worker, &shares, &to_writer));
        }
        let dir = target.path();
        let writer = scope.spawn(move || write_batches(log, dir, begun, &writing));
        let partitions = target.partitions();
        let fed = feed(
            scanner,
            world,
            partitions,
            (&lines, &to_writer),
            begun,
            progress,
        );
        drop((lines, to_writer));
        let written = writer.join().unwrap_or(Err(CopyError::Defect));
        // The writer knows better why nobody takes any more.
        let written = written?;
        fed.map(|()| written)
    })
}

fn decide_shares(mut worker: CopyWorker, shares: &Receiver<Share>, to_writer: &Sender<Written>) {
    for share in shares {
        let frames = worker.take(&share);
        let has_failed = frames.is_err();
        let sent = to_writer.send(Written::Frames(share.batch, frames));
        if has_failed || sent.is_err() {
            return;
        }
    }
}

/// Reads the source and hands each batch to all workers and to the writer.
fn feed(
    mut scanner: Scanner,
    mut world: WorldFold,
    partitions: u16,
    (workers, writer): (&[Sender<Share>], &Sender<Written>),
    mut copied: Copied,
    progress: &mut dyn FnMut(Copied),
) -> Result<(), CopyError> {
    let gone = || CopyError::Engine(EngineError::Stopped(Failure::Closed));
    while let Some(batch) = scanner.next_batch()? {
        world.follow(&batch.commit)?;
        let moves = Arc::new(moves(&batch, partitions)?);
        let number = batch.commit.batch;
        copied.batch = number;
        copied.position = batch.commit.position;
        copied.counts = batch.commit.counts;
        let told = Written::Batch(Box::new(batch.commit), workers.len());
        writer.send(told).map_err(|_| gone())?;
        for line in workers {
            let share = Share {
                batch: number,
                world: Arc::clone(world.world()),
                moves: Arc::clone(&moves),
            };
            line.send(share).map_err(|_| gone())?;
        }
        progress(copied);
    }
    Ok(())
}

/// A batch whose shares are coming in.
#[derive(Default)]
struct Gathering {
    header: Option<(Box<Commit>, usize)>,
    shares: usize,
    frames: Vec<EncodedFrame>,
}

/// Appends batches in order until the stations before it have ended.
fn write_batches(
    mut log: Log,
    dir: &Path,
    mut copied: Copied,
    messages: &Receiver<Written>,
) -> Result<Copied, CopyError> {
    let failed = |error| CopyError::Engine(journal(dir, error));
    let mut gathering: BTreeMap<u64, Gathering> = BTreeMap::new();
    for message in messages {
        match message {
            Written::Batch(commit, shares) => {
                let batch = commit.batch;
                gathering.entry(batch).or_default().header = Some((commit, shares));
            }
            Written::Frames(batch, frames) => {
                let gathered = gathering.entry(batch).or_default();
                gathered.frames.extend(frames?);
                gathered.shares += 1;
            }
        }
        while let Some(first) = gathering.first_entry() {
            let gathered = first.get();
            let is_next = *first.key() == copied.batch + 1;
            let is_whole = gathered
                .header
                .as_ref()
                .is_some_and(|(_, shares)| *shares == gathered.shares);
            if !is_next || !is_whole {
                break;
            }
            let Gathering { header, frames, .. } = first.remove();
            let Some((commit, _)) = header else { break };
            append(&mut log, &commit, frames).map_err(failed)?;
            copied.batch = commit.batch;
            copied.position = commit.position;
            copied.counts = commit.counts;
        }
    }
    if !gathering.is_empty() {
        return Err(CopyError::Defect);
    }
    log.close().map_err(failed)?;
    Ok(copied)
}

fn append(
    log: &mut Log,
    commit: &Commit,
    mut frames: Vec<EncodedFrame>,
) -> Result<(), umbral_journal::JournalError> {
    frames.sort_by_key(|frame| frame.partition);
    let frames: Vec<_> = frames.iter().map(EncodedFrame::to_append).collect();
    let commit = Commit {
        copied: true,
        ..commit.clone()
    };
    let mut control = Vec::new();
    frame::encode_commit(&commit, &mut control);
    let batch = log.append_batch(&frames, &control)?;
    debug_assert_eq!(batch, commit.batch, "both journals count the same batches");
    Ok(())
}
