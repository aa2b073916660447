//! The station that archives: sealed segments go into an object store once both kept snapshots lie above them.
//! Nothing waits for it; what goes wrong is in the log and tried again.

use crate::committer::Shared;
use crate::indexer::index_segment;
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::Arc;
use std::time::{Duration, Instant};
use umbral_journal::{Archive, DataDir, JournalError};

/// How often the station looks whether there is a new snapshot.
const LOOK: Duration = Duration::from_secs(1);
/// How long it waits after a failure.
const AGAIN: Duration = Duration::from_secs(60);

/// Where sealed segments go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArchiveOptions {
    /// Address of the archive: a folder, or an object store of a cloud.
    pub url: String,
    /// Newest sealed segments that stay in the log all the same.
    pub keep: usize,
}

/// The station.
pub(crate) struct Archiver {
    data: DataDir,
    options: ArchiveOptions,
    shared: Arc<Shared>,
    /// Nothing is sent on it: it ends when the engine is to stop.
    running: Receiver<()>,
    archive: Option<Archive>,
    /// The newest snapshot when the station looked last.
    seen: Option<u64>,
    failed_at: Option<Instant>,
}

impl Archiver {
    pub(crate) fn new(
        data: DataDir,
        options: ArchiveOptions,
        shared: Arc<Shared>,
        running: Receiver<()>,
    ) -> Archiver {
        Archiver {
            data,
            options,
            shared,
            running,
            archive: None,
            seen: None,
            failed_at: None,
        }
    }

    /// Archives until the engine is to stop.
    pub(crate) fn run(mut self) {
        loop {
            if self.is_due() {
                let archived = self.archive_all();
                self.failed_at = archived.is_err().then(Instant::now);
                match archived {
                    Err(error) if self.goes_on() => tracing::warn!(
                        %error,
                        "Archiving failed; the segments stay in the log, it is tried again in a minute."
                    ),
                    _ => {}
                }
            }
            match self.running.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return,
                _ if self.shared.has_ended() => return,
                _ => {}
            }
        }
    }

    /// Whether there is another snapshot than last time, or a failure is to be tried again.
    fn is_due(&mut self) -> bool {
        let listed = self.data.snapshots().list().unwrap_or_default();
        let newest = listed.first().copied();
        let is_new = newest.is_some() && newest != self.seen;
        self.seen = newest;
        match self.failed_at {
            Some(at) => at.elapsed() >= AGAIN,
            None => is_new,
        }
    }

    fn goes_on(&self) -> bool {
        self.running.try_recv() != Err(TryRecvError::Disconnected) && !self.shared.has_ended()
    }

    fn archive_all(&mut self) -> Result<(), JournalError> {
        let due = self.data.archive_status()?.due(self.options.keep);
        if due.is_empty() {
            return Ok(());
        }
        let mut archive = match self.archive.take() {
            Some(archive) => archive,
            None => self.data.archive_at(&self.options.url)?,
        };
        for number in due {
            if !self.goes_on() {
                break;
            }
            let started = Instant::now();
            // Later it would have to be fetched for that.
            index_segment(&self.data, number)?;
            let archived = archive.store(number, &mut |_| self.goes_on())?;
            tracing::info!(
                segment = archived.number,
                bytes = archived.bytes,
                archive = archive.url(),
                milliseconds = started.elapsed().as_millis() as u64,
                "segment archived"
            );
        }
        self.archive = Some(archive);
        Ok(())
    }
}
