//! A data directory: `umbral.json`, the log, room for snapshots and keys, and the lock.

use crate::error::JournalError;
use crate::log;
use crate::mark::JournalMark;
use crate::picker::FramePicker;
use crate::reader::Reader;
use crate::segments::{OpenStore, Segments};
use crate::snapshot::Snapshots;
use crate::storage::{LockGuard, RealDisk, Storage, read_file, replace_file};
use crate::unfinished;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const FORMAT_VERSION: u32 = 1;
const SETTINGS_FILE: &str = "umbral.json";
const LOCK_FILE: &str = "lock";
const DIRECTORIES: [&str; 3] = ["log", "snapshots", "keys"];

/// Most partitions that a data directory can have.
pub const MAX_PARTITIONS: u16 = 4096;

/// What a new data directory is made with; fixed for its life.
#[derive(Clone, Debug)]
pub struct Creation {
    /// Partitions, 1 to [`MAX_PARTITIONS`].
    pub partitions: u16,
    /// Program and version, such as `umbral 0.1.0`.
    pub created_by: String,
}

/// What `umbral.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Version of the directory's layout.
    pub format_version: u32,
    /// Partitions.
    pub partitions: u16,
    /// Program and version that created it.
    pub created_by: String,
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

/// An existing data directory; opening it takes no lock.
#[derive(Clone)]
pub struct DataDir {
    storage: Arc<dyn Storage>,
    path: PathBuf,
    settings: Settings,
    segments: Segments,
}

/// The right to write to a data directory; freed when dropped, and by the system when the process dies.
pub struct WriteLock {
    _guard: Box<dyn LockGuard>,
}

impl DataDir {
    /// Creates a data directory where nothing, or an empty directory, is.
    pub fn create(path: &Path, creation: &Creation) -> Result<DataDir, JournalError> {
        DataDir::create_on(Arc::new(RealDisk), path, creation)
    }

    /// As [`DataDir::create`], on another storage.
    ///
    /// `umbral.json` is written last: without it, what a crash left is no data directory, and is
    /// created over.
    pub fn create_on(
        storage: Arc<dyn Storage>,
        path: &Path,
        creation: &Creation,
    ) -> Result<DataDir, JournalError> {
        check_partitions(creation.partitions)?;
        make_dir(storage.as_ref(), path)?;
        let _lock = take_lock_of_new(storage.as_ref(), path)?;
        let dir = DataDir::new(storage, path, creation);
        dir.make_log()?;
        dir.write_settings()?;
        dir.sync_parent()?;
        Ok(dir)
    }

    fn new(storage: Arc<dyn Storage>, path: &Path, creation: &Creation) -> DataDir {
        DataDir {
            segments: Segments::new(Arc::clone(&storage), path),
            path: path.to_owned(),
            settings: Settings {
                format_version: FORMAT_VERSION,
                partitions: creation.partitions,
                created_by: creation.created_by.clone(),
            },
            storage,
        }
    }

    fn make_log(&self) -> Result<(), JournalError> {
        for name in DIRECTORIES {
            make_dir(self.storage.as_ref(), &self.path.join(name))?;
        }
        log::create(self.storage.as_ref(), &self.log_dir(), self.chains())
    }

    /// Begins a data directory that counts only when [`DataDir::finish`] was called, or goes on with one. Until
    /// then nothing opens it. What was begun before is gone on with if `may_go_on` says so of the mark that was
    /// left, and if it has as many partitions; otherwise it is refused. The mark is left anew.
    ///
    /// # Errors
    /// A directory that is whole, or in use for something else; another copy; what the file system says.
    pub fn begin_on(
        storage: Arc<dyn Storage>,
        path: &Path,
        creation: &Creation,
        mark: &JournalMark,
        may_go_on: &dyn Fn(&JournalMark) -> Result<bool, JournalError>,
    ) -> Result<DataDir, JournalError> {
        check_partitions(creation.partitions)?;
        make_dir(storage.as_ref(), path)?;
        let dir = DataDir::new(Arc::clone(&storage), path, creation);
        let Some(left) = unfinished::read(storage.as_ref(), path)? else {
            let _lock = take_lock_of_new(storage.as_ref(), path)?;
            unfinished::write(storage.as_ref(), path, creation.partitions, mark)?;
            dir.make_log()?;
            return Ok(dir);
        };
        if is_there(storage.as_ref(), &path.join(SETTINGS_FILE))? {
            // It was finished, and only the note of its beginning stayed.
            return Err(JournalError::AlreadyADataDir { path: path.into() });
        }
        let _lock = take_lock(storage.as_ref(), path)?;
        if left.partitions != creation.partitions || !may_go_on(&left.mark()?)? {
            return Err(JournalError::OtherCopy { path: path.into() });
        }
        unfinished::write(storage.as_ref(), path, creation.partitions, mark)?;
        if !is_there(storage.as_ref(), &dir.log_dir().join("manifest.json"))? {
            dir.make_log()?;
        }
        Ok(dir)
    }

    /// Makes a directory that was begun a whole one: from here on it is opened.
    ///
    /// # Errors
    /// What the file system says.
    pub fn finish(&self) -> Result<(), JournalError> {
        self.write_settings()?;
        self.sync_parent()?;
        unfinished::remove(self.storage.as_ref(), &self.path)
    }

    /// Where all chains stand at the end of what is there now; needs no lock.
    ///
    /// # Errors
    /// Damage in the last segment, or what the file system says.
    pub fn end(&self) -> Result<JournalMark, JournalError> {
        let mut reader = self.read(u64::MAX)?;
        while reader.next_batch()?.is_some() {}
        let chains = reader.scanner().chains();
        Ok(JournalMark::new(chains.next_batch - 1, &chains.heads))
    }

    /// Opens a data directory.
    pub fn open(path: &Path) -> Result<DataDir, JournalError> {
        DataDir::open_on(Arc::new(RealDisk), path)
    }

    /// As [`DataDir::open`], on another storage.
    pub fn open_on(storage: Arc<dyn Storage>, path: &Path) -> Result<DataDir, JournalError> {
        let file = path.join(SETTINGS_FILE);
        let read = read_file(storage.as_ref(), &file);
        let is_missing = read
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if is_missing && unfinished::read(storage.as_ref(), path)?.is_some() {
            return Err(JournalError::Unfinished { path: path.into() });
        }
        let bytes = read.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                JournalError::NotADataDir { path: path.into() }
            }
            _ => JournalError::io("read", &file, error),
        })?;
        let settings = read_settings(&file, &bytes)?;
        Ok(DataDir {
            segments: Segments::new(Arc::clone(&storage), path),
            storage,
            path: path.to_owned(),
            settings,
        })
    }

    /// The same directory with archives opened in another way, and so many octets kept of what is fetched from
    /// them: for tests and simulators.
    #[must_use]
    pub fn with_store(self, open_store: OpenStore, cache_bytes: u64) -> DataDir {
        let segments = self.segments.with_store(open_store, cache_bytes);
        DataDir { segments, ..self }
    }

    /// Whether a data directory is at this path.
    pub fn is_at(path: &Path) -> bool {
        path.join(SETTINGS_FILE).is_file()
    }

    /// The right to write; refused at once while another process has it.
    pub fn lock(&self) -> Result<WriteLock, JournalError> {
        take_lock(self.storage.as_ref(), &self.path)
    }

    /// Reads the log from batch `from_batch` on (0 or 1: from the beginning); needs no lock.
    pub fn read(&self, from_batch: u64) -> Result<Reader, JournalError> {
        Reader::open(self.segments(), self.settings.partitions, from_batch)
    }

    /// Picks single frames of batches whose places are known; needs no lock.
    pub fn picker(&self) -> FramePicker {
        FramePicker::new(self.segments())
    }

    /// Its snapshots.
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::new(self.storage(), self.path.join("snapshots"))
    }

    /// Whether the log reaches a mark and is the same up to there; needs no lock.
    ///
    /// # Errors
    /// Damage on the way, or what the file system says.
    pub fn holds(&self, mark: &JournalMark) -> Result<bool, JournalError> {
        let mut reader = self.read(mark.batch())?;
        loop {
            let chains = reader.scanner().chains();
            if chains.next_batch > mark.batch() {
                return Ok(chains.next_batch == mark.batch() + 1 && mark.is(&chains.heads));
            }
            if reader.next_batch()?.is_none() {
                return Ok(false);
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What `umbral.json` says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Partitions.
    pub fn partitions(&self) -> u16 {
        self.settings.partitions
    }

    /// The log's directory.
    pub fn log_dir(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The snapshots' directory; deleting its content loses only time.
    pub fn snapshots_dir(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    /// The keys' directory.
    pub fn keys_dir(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// The storage that it is on.
    pub fn storage(&self) -> Arc<dyn Storage> {
        self.storage.clone()
    }

    /// Hash chains of the log: one a partition, and the control chain.
    pub(crate) fn chains(&self) -> usize {
        usize::from(self.settings.partitions) + 1
    }

    /// The files of its log.
    pub(crate) fn segments(&self) -> Segments {
        self.segments.clone()
    }

    fn write_settings(&self) -> Result<(), JournalError> {
        let file = self.path.join(SETTINGS_FILE);
        let text = serde_json::to_string_pretty(&self.settings)
            .map_err(|error| JournalError::io("write", &file, error.into()))?;
        replace_file(self.storage.as_ref(), &file, format!("{text}\n").as_bytes())
            .map_err(|error| JournalError::io("write", &file, error))
    }

    fn sync_parent(&self) -> Result<(), JournalError> {
        let parent = match self.path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Ok(()),
        };
        self.storage
            .sync_dir(parent)
            .map_err(|error| JournalError::io("sync", parent, error))
    }
}

fn read_settings(file: &Path, bytes: &[u8]) -> Result<Settings, JournalError> {
    let unreadable = |error: serde_json::Error| JournalError::Unreadable {
        path: file.to_owned(),
        what: error.to_string(),
    };
    let version: Version = serde_json::from_slice(bytes).map_err(unreadable)?;
    if version.format_version != FORMAT_VERSION {
        return Err(JournalError::UnknownFormat {
            path: file.to_owned(),
            found: version.format_version,
            known: FORMAT_VERSION,
        });
    }
    let settings: Settings = serde_json::from_slice(bytes).map_err(unreadable)?;
    if settings.partitions == 0 || settings.partitions > MAX_PARTITIONS {
        return Err(JournalError::Unreadable {
            path: file.to_owned(),
            what: format!("{} partitions are not possible", settings.partitions),
        });
    }
    Ok(settings)
}

fn check_partitions(partitions: u16) -> Result<(), JournalError> {
    if partitions == 0 || partitions > MAX_PARTITIONS {
        return Err(JournalError::BadPartitions {
            found: partitions.into(),
            max: MAX_PARTITIONS,
        });
    }
    Ok(())
}

fn is_there(storage: &dyn Storage, file: &Path) -> Result<bool, JournalError> {
    match storage.open(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::io("open", file, error)),
    }
}

fn make_dir(storage: &dyn Storage, path: &Path) -> Result<(), JournalError> {
    storage
        .create_dir(path)
        .map_err(|error| JournalError::io("create", path, error))
}

/// Takes the lock of a directory that is to become a data directory; refuses one that is in use for
/// something else.
fn take_lock_of_new(storage: &dyn Storage, path: &Path) -> Result<WriteLock, JournalError> {
    let names = storage
        .list(path)
        .map_err(|error| JournalError::io("list", path, error))?;
    if names.iter().any(|name| name == SETTINGS_FILE) {
        return Err(JournalError::AlreadyADataDir { path: path.into() });
    }
    if names.iter().any(|name| name == unfinished::FILE) {
        return Err(JournalError::Unfinished { path: path.into() });
    }
    let of_ours = |name: &String| {
        DIRECTORIES.contains(&name.as_str())
            || name == LOCK_FILE
            || *name == format!("{SETTINGS_FILE}.tmp")
            || *name == format!("{}.tmp", unfinished::FILE)
    };
    if !names.iter().all(of_ours) {
        return Err(JournalError::NotEmpty { path: path.into() });
    }
    let log_dir = path.join("log");
    if names.iter().any(|name| name == "log") && holds_batches(storage, &log_dir)? {
        // A log whose umbral.json was lost: not ours to begin anew.
        return Err(JournalError::NotEmpty { path: log_dir });
    }
    take_lock(storage, path)
}

/// Whether a log is more than what an interrupted creation leaves: one segment with a header only.
fn holds_batches(storage: &dyn Storage, log_dir: &Path) -> Result<bool, JournalError> {
    match crate::segment::list(storage, log_dir)?.as_slice() {
        [] => Ok(false),
        [1] => crate::segment::has_content(storage, &crate::segment::path(log_dir, 1)),
        _ => Ok(true),
    }
}

fn take_lock(storage: &dyn Storage, path: &Path) -> Result<WriteLock, JournalError> {
    let file = path.join(LOCK_FILE);
    let holder = format!("{}\n", std::process::id());
    match storage.lock(&file, &holder) {
        Ok(guard) => Ok(WriteLock { _guard: guard }),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(JournalError::Locked {
            path: path.to_owned(),
            holder: holder_of(storage, &file),
        }),
        Err(error) => Err(JournalError::io("lock", &file, error)),
    }
}

fn holder_of(storage: &dyn Storage, file: &Path) -> String {
    let text = read_file(storage, file).unwrap_or_default();
    match String::from_utf8_lossy(&text).trim() {
        "" => String::new(),
        pid => format!(" (pid {pid})"),
    }
}
