//! The stations as threads, and the lines between them.

use crate::archiver::Archiver;
use crate::committer::{Committed, Committer, Shared};
use crate::error::{EngineError, Failure};
use crate::indexer::Indexer;
use crate::message::{Command, CommitMessage, WorkerMessage};
use crate::options::Options;
use crate::recover::Recovered;
use crate::sequencer::{Lines, Resumed, Sequencer};
use crate::snapshot::{Request, Snapshotter};
use crate::worker::Worker;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use umbral_journal::DataDir;
use umbral_model::ids::PartitionNo;
use umbral_model::journal::Commit;

/// Chunks of records that may wait before the sequencer: more, and the source has to wait.
const CHUNKS_WAITING: usize = 4;
/// Shares that may wait before a worker.
const SHARES_WAITING: usize = 4;

/// The running stations.
pub(crate) struct Running {
    pub commands: Sender<Command>,
    pub stations: Vec<JoinHandle<()>>,
    pub shared: Arc<Shared>,
    pub hashes: Receiver<Vec<(PartitionNo, u128)>>,
    pub snapshots: Sender<Request>,
    pub background: Vec<Background>,
}

/// A station that nothing waits for: it goes on as long as the line is there.
pub(crate) struct Background {
    pub running: Sender<()>,
    pub station: JoinHandle<()>,
}

/// Starts one thread for each station.
pub(crate) fn start(
    data: &DataDir,
    options: Options,
    recovered: Recovered,
) -> Result<Running, EngineError> {
    let Recovered {
        log,
        last,
        world,
        directory,
        sources,
        activations,
        world_records,
        workers,
        originals,
        folded_bytes,
        snapshots,
    } = recovered;
    let shared = Arc::new(Shared::new(committed(&last), sources.clone()));
    shared.note_journaled(folded_bytes);
    let (commands, command_line) = bounded(CHUNKS_WAITING);
    let (to_committer, commit_line) = bounded(2 * (workers.len() + 1) * SHARES_WAITING);
    // Bounded by the batches in flight: the sequencer never has more of them than it waits for.
    let (acks, ack_line) = unbounded();
    let committer = Committer::new(log, &last, acks, Arc::clone(&shared));
    let background = start_background(data, &options, &shared)?;
    let taking = (data.snapshots(), options.snapshots, workers.len());
    let snapshotter = Snapshotter::new(taking, commands.clone(), Arc::clone(&shared), snapshots);
    let standing = workers.iter().map(Worker::standing).collect();
    let (mut threads, worker_lines, hashes) = start_workers(workers, &to_committer, &shared)?;
    let lines = Lines {
        commands: command_line,
        workers: worker_lines,
        committer: to_committer,
        acks: ack_line,
    };
    let resumed = Resumed {
        last,
        world,
        directory,
        sources,
        activations,
        world_records,
        standing,
        originals,
        partitions: data.partitions(),
    };
    let sequencer = Sequencer::new(lines, options, resumed);
    threads.push(start_sequencer(sequencer, &shared)?);
    threads.push(station("committer", &shared, move || {
        committer.run(&commit_line)
    })?);
    let (snapshots, thread) = start_snapshots(snapshotter, &shared)?;
    threads.push(thread);
    Ok(Running {
        commands,
        stations: threads,
        shared,
        hashes,
        snapshots,
        background,
    })
}

fn start_sequencer(
    mut sequencer: Sequencer<Lines>,
    shared: &Arc<Shared>,
) -> Result<JoinHandle<()>, EngineError> {
    // Also when it breaks: whoever waits for an answer has to learn it.
    let ended = EndOfSequencer(Arc::clone(shared));
    station("sequencer", shared, move || {
        let ran = sequencer.run();
        // Whoever finds its lines closed has to find the reason.
        if let Err(failure) = &ran
            && *failure != Failure::Closed
        {
            ended.0.fail(failure.clone());
        }
        drop(sequencer);
        drop(ended);
        ran
    })
}

fn start_background(
    data: &DataDir,
    options: &Options,
    shared: &Arc<Shared>,
) -> Result<Vec<Background>, EngineError> {
    let mut background = Vec::new();
    if let Some(archive) = options.archive.clone() {
        let (running, line) = bounded(0);
        let archiver = Archiver::new(data.clone(), archive, Arc::clone(shared), line);
        let station = station("archive", shared, move || {
            archiver.run();
            Ok(())
        })?;
        background.push(Background { running, station });
    }
    let (running, line) = bounded(0);
    let indexer = Indexer::new(data.clone(), Arc::clone(shared), line);
    let station = station("index", shared, move || {
        indexer.run();
        Ok(())
    })?;
    background.push(Background { running, station });
    Ok(background)
}

/// What is committed at a start.
fn committed(last: &Commit) -> Committed {
    Committed {
        batch: last.batch,
        position: last.position,
        clock: last.clock,
        counts: last.counts,
        events: 0,
    }
}

fn start_snapshots(
    snapshotter: Snapshotter,
    shared: &Arc<Shared>,
) -> Result<(Sender<Request>, JoinHandle<()>), EngineError> {
    let (line, requests) = bounded(1);
    let thread = station("snapshots", shared, move || {
        snapshotter.run(&requests);
        Ok(())
    })?;
    Ok((line, thread))
}

/// Notes the sequencer's end, however it comes.
struct EndOfSequencer(Arc<Shared>);

impl Drop for EndOfSequencer {
    fn drop(&mut self) {
        self.0.end();
    }
}

type StartedWorkers = (
    Vec<JoinHandle<()>>,
    Vec<Sender<WorkerMessage>>,
    Receiver<Vec<(PartitionNo, u128)>>,
);

fn start_workers(
    workers: Vec<Worker>,
    committer: &Sender<CommitMessage>,
    shared: &Arc<Shared>,
) -> Result<StartedWorkers, EngineError> {
    let (hash_line, hashes) = unbounded();
    let (mut threads, mut lines) = (Vec::new(), Vec::new());
    for (number, worker) in workers.into_iter().enumerate() {
        let (line, messages) = bounded(SHARES_WAITING);
        lines.push(line);
        let (committer, hash_line) = (committer.clone(), hash_line.clone());
        let (to_tell, known) = (committer.clone(), Arc::clone(shared));
        let body = move || {
            let worker = worker.run(&messages, &committer);
            if known.wants_hashes() {
                let _ = hash_line.send(worker.state_hashes());
            }
        };
        threads.push(worker_station(number, to_tell, shared, body)?);
    }
    Ok((threads, lines, hashes))
}

/// Starts a station; what ends it early is noted for the callers of the engine.
fn station(
    name: &'static str,
    shared: &Arc<Shared>,
    body: impl FnOnce() -> Result<(), Failure> + Send + 'static,
) -> Result<JoinHandle<()>, EngineError> {
    let shared = Arc::clone(shared);
    let run = move || {
        let ended = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
            Err(Failure::Defect {
                station: name,
                detail: panic_text(panic.as_ref()),
            })
        });
        if let Err(failure) = ended {
            // A closed line is the consequence of another station's failure, which is noted there.
            if failure != Failure::Closed {
                tracing::error!(station = name, %failure, "station stopped");
                shared.fail(failure);
            }
        }
    };
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map_err(EngineError::Thread)
}

/// Starts a worker; if it breaks, the committer learns it, so that nobody waits for its share.
fn worker_station(
    number: usize,
    committer: Sender<CommitMessage>,
    shared: &Arc<Shared>,
    body: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, EngineError> {
    let shared = Arc::clone(shared);
    let run = move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
            let detail = panic_text(panic.as_ref());
            let failure = Failure::Defect {
                station: "worker",
                detail,
            };
            tracing::error!(worker = number, %failure, "station stopped");
            shared.fail(failure.clone());
            let _ = committer.send(CommitMessage::Broken(failure));
        }
    };
    let name = format!("worker-{number}");
    std::thread::Builder::new()
        .name(name)
        .spawn(run)
        .map_err(EngineError::Thread)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
