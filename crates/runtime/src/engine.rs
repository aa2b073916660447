//! The engine as its callers see it: open a data directory, hand in records, stop.

use crate::committer::{Committed, Shared};
use crate::error::{EngineError, Failure};
use crate::ingest::{Go, IngestError, Ingested, Progress};
use crate::message::{Chunk, Command, KnownAccounts, Receipt, SourceId};
use crate::metrics;
use crate::options::Options;
use crate::recover::{Recovered, recover};
use crate::resubmit::Resubmission;
use crate::snapshot::{Request, SnapshotTaken};
use crate::stations::{self, Background, Running};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use smol_str::SmolStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use umbral_intake::directory::Directory;
use umbral_intake::reader::{Merged, SourceFile};
use umbral_journal::DataDir;
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_model::input::Incoming;
use umbral_model::journal::SourcePosition;

/// How often a caller that waits looks whether the stations are still there.
const ENDED_CHECK: Duration = Duration::from_millis(100);

/// A running engine on a data directory. One process at a time may have one.
pub struct Engine {
    commands: Sender<Command>,
    stations: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
    directory: Arc<Directory>,
    partitions: u16,
    dir: PathBuf,
    hashes: Receiver<Vec<(PartitionNo, u128)>>,
    workers: usize,
    known_accounts: Mutex<Option<Arc<KnownAccounts>>>,
    /// Until the engine is stopped.
    snapshots: Option<Sender<Request>>,
    background: Vec<Background>,
    restored_from: u64,
}

impl Engine {
    /// Opens a data directory, folds its journal, and starts the stations. Refuses a directory that another
    /// process has open, and any damage that a crash cannot explain.
    pub fn open(dir: &Path, options: Options) -> Result<Engine, EngineError> {
        Engine::on(
            &DataDir::open(dir).map_err(|source| journal(dir, source))?,
            options,
        )
    }

    /// Like [`Engine::open`], on a data directory that may lie on another storage: a simulated disk.
    pub fn on(data: &DataDir, options: Options) -> Result<Engine, EngineError> {
        let started = Instant::now();
        let dir = data.path();
        let partitions = data.partitions();
        let workers = options.workers.clamp(1, usize::from(partitions));
        let recovered = recover(data, workers, &options)?;
        metrics::record_recovery(started.elapsed().as_secs_f64());
        tracing::info!(
            dir = %dir.display(),
            position = recovered.last.position,
            batches = recovered.last.batch,
            snapshot = recovered.snapshots.batch,
            workers,
            partitions,
            milliseconds = started.elapsed().as_millis() as u64,
            "engine started"
        );
        start(data, options, recovered)
    }

    /// Partitions of the deployment.
    pub fn partitions(&self) -> u16 {
        self.partitions
    }

    /// Worker threads of this start.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The last batch of the snapshot that this start began with; 0 if it folded the whole journal.
    pub fn restored_from(&self) -> u64 {
        self.restored_from
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who holds which identifier: follows the journal, and is only for reading.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// What is committed by now.
    pub fn committed(&self) -> Committed {
        self.shared.committed()
    }

    /// How far a file or stream is committed.
    pub fn source_position(&self, id: &str) -> Option<SourcePosition> {
        self.shared.source(id)
    }

    /// Hands over records that keep no position; returns what came of each, once it is durable.
    pub fn submit(&self, inputs: Vec<Incoming>) -> Result<Vec<Receipt>, EngineError> {
        self.submit_chunk(Chunk::made(inputs))
    }

    /// Hands over a chunk; returns what came of each record, once it is durable.
    pub fn submit_chunk(&self, chunk: Chunk) -> Result<Vec<Receipt>, EngineError> {
        let (reply, answer) = bounded(1);
        self.send(Command::Submit(chunk, reply))?;
        self.wait_for(&answer)
    }

    /// Takes records of the quarantine up again; returns what came of each, in order, once it is durable.
    /// With `forced`, also those that are older than their window or beyond the clock.
    pub fn resubmit(
        &self,
        records: Vec<Resubmission>,
        forced: bool,
    ) -> Result<Vec<Receipt>, EngineError> {
        crate::resubmit::resubmit(self, records, forced)
    }

    /// Hands over a chunk and does not wait for it, except for room.
    pub fn offer(&self, chunk: Chunk) -> Result<(), EngineError> {
        self.send(Command::Records(chunk))
    }

    /// Says that all of some sources was handed over; returns when it is durable.
    pub fn end_sources(&self, sources: Vec<Arc<SourceId>>) -> Result<(), EngineError> {
        self.ask(|reply| Command::EndOfSources(sources, reply))
    }

    /// Whether an account exists, or an input that opens it was handed over.
    pub(crate) fn knows(&self, account: &AccountId) -> Result<bool, EngineError> {
        // Held while the list is made: a second reader waits for it instead of making another one.
        let mut known = self
            .known_accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.contains(account));
        }
        let list = Arc::new(KnownAccounts::default());
        let (reply, answers) = bounded(self.workers);
        self.send(Command::ListAccounts(Arc::clone(&list), reply))?;
        for _ in 0..self.workers {
            self.wait_for(&answers)?;
        }
        Ok(known.insert(list).contains(account))
    }

    /// Returns when everything handed over so far is durable.
    pub fn flush(&self) -> Result<(), EngineError> {
        self.ask(Command::Flush)
    }

    /// Takes a snapshot of what is durable now, while everything goes on; returns when it counts. None if
    /// nothing was committed since the newest one.
    ///
    /// # Errors
    /// Files that could not be written, or an engine that stopped. Neither harms the journal.
    pub fn snapshot(&self) -> Result<Option<SnapshotTaken>, EngineError> {
        let (reply, answer) = bounded(1);
        self.flush()?;
        self.request(Request::Take(reply))?;
        Ok(self.wait_for(&answer)??)
    }

    /// Lets a snapshot be taken before a stop, if it is worth it. It only saves time: what goes wrong with
    /// it is in the log.
    fn snapshot_before_stop(&self) {
        let (reply, answer) = bounded(1);
        let asked = self
            .flush()
            .and_then(|()| self.request(Request::Stop(reply)));
        let _ = asked.and_then(|()| self.wait_for(&answer));
    }

    fn request(&self, request: Request) -> Result<(), EngineError> {
        let line = self.snapshots.as_ref().ok_or_else(|| self.stopped())?;
        line.send(request).map_err(|_| self.stopped())
    }

    /// Stops after everything handed over so far is durable.
    pub fn stop(mut self) -> Result<Committed, EngineError> {
        self.snapshot_before_stop();
        let committed = self.finish()?;
        tracing::info!(position = committed.position, "engine stopped");
        Ok(committed)
    }

    /// Like [`Engine::stop`]; gives the state hash of every partition, in order, too.
    pub fn stop_with_hashes(mut self) -> Result<(Committed, Vec<u128>), EngineError> {
        self.snapshot_before_stop();
        self.shared.want_hashes();
        let committed = self.finish()?;
        let mut hashes: Vec<(PartitionNo, u128)> = self.hashes.try_iter().flatten().collect();
        hashes.sort_unstable();
        Ok((
            committed,
            hashes.into_iter().map(|(_, hash)| hash).collect(),
        ))
    }

    fn finish(&mut self) -> Result<Committed, EngineError> {
        self.snapshots = None;
        // Before the lock is given back: nobody else may archive meanwhile.
        for Background { running, station } in self.background.drain(..) {
            drop(running);
            let _ = station.join();
        }
        // A sequencer that has gone already left its reason in `shared`.
        let _ = self.commands.send(Command::Stop);
        for station in self.stations.drain(..) {
            let _ = station.join();
        }
        match self.shared.failure() {
            Some(failure) => Err(EngineError::Stopped(failure)),
            None => Ok(self.shared.committed()),
        }
    }

    fn ask(&self, command: impl FnOnce(Sender<()>) -> Command) -> Result<(), EngineError> {
        let (reply, answer) = bounded(1);
        self.send(command(reply))?;
        self.wait_for(&answer)
    }

    /// An answer of the stations. A command that was sent just as they ended may lie in the line for ever,
    /// so their end is looked for as well.
    fn wait_for<T>(&self, answer: &Receiver<T>) -> Result<T, EngineError> {
        loop {
            let ended = self.shared.has_ended();
            match answer.recv_timeout(ENDED_CHECK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Timeout) if !ended => {}
                Err(_) => return Err(self.stopped()),
            }
        }
    }

    fn send(&self, command: Command) -> Result<(), EngineError> {
        self.commands.send(command).map_err(|_| self.stopped())
    }

    fn stopped(&self) -> EngineError {
        EngineError::Stopped(self.shared.failure().unwrap_or(Failure::Closed))
    }

    /// Reads a source to its end, from where an earlier start left off. `progress` is called now and then;
    /// when it says stop, reading ends there and can be taken up again.
    pub fn ingest(
        &self,
        reader: &mut SourceFile,
        progress: &mut dyn FnMut(&Progress) -> Go,
    ) -> Result<Ingested, IngestError> {
        crate::ingest::ingest(self, reader, progress)
    }

    /// Like [`Engine::ingest`], for several sources in the order of `occurred_at`. Records that were taken
    /// before are to be skipped before the sources are merged, see [`Engine::source_position`].
    pub fn ingest_merged(
        &self,
        sources: &mut Merged,
        progress: &mut dyn FnMut(&Progress) -> Go,
    ) -> Result<Ingested, IngestError> {
        crate::ingest::ingest_merged(self, sources, progress)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !self.stations.is_empty() {
            let _ = self.finish();
        }
    }
}

pub(crate) fn journal(dir: &Path, source: umbral_journal::JournalError) -> EngineError {
    EngineError::Journal {
        dir: dir.to_owned(),
        source,
    }
}

/// Starts the stations on what recovery found.
fn start(data: &DataDir, options: Options, recovered: Recovered) -> Result<Engine, EngineError> {
    let partitions = data.partitions();
    let directory = Arc::clone(&recovered.directory);
    let workers = recovered.workers.len();
    let restored_from = recovered.snapshots.batch;
    let Running {
        commands,
        stations,
        shared,
        hashes,
        snapshots,
        background,
    } = stations::start(data, options, recovered)?;
    Ok(Engine {
        commands,
        stations,
        shared,
        directory,
        partitions,
        dir: data.path().to_owned(),
        hashes,
        workers,
        known_accounts: Mutex::default(),
        snapshots: Some(snapshots),
        background,
        restored_from,
    })
}

/// Positions of sources by id.
pub(crate) type Sources = rustc_hash::FxHashMap<SmolStr, SourcePosition>;
