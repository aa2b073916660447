//! The files of the log, wherever they are: in `DIR/log`, or in the archive and fetched from there. The one
//! place that knows that there are two.

use crate::archive::cache::Cache;
use crate::archive::list::{ArchiveList, ArchivedSegment};
use crate::error::JournalError;
use crate::segment;
use crate::storage::{Storage, StorageFile};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use umbral_store::{Objects, StoreError};

/// How the store at an address is opened.
pub type OpenStore = Arc<dyn Fn(&str) -> Result<Arc<dyn Objects>, StoreError> + Send + Sync>;

/// Octets of fetched segments that are kept, unless a directory was opened with others.
const CACHE_BYTES: u64 = 1 << 30;

/// The segments of a log. Clones share what they know of the archive.
#[derive(Clone)]
pub(crate) struct Segments {
    storage: Arc<dyn Storage>,
    log_dir: PathBuf,
    cache_dir: PathBuf,
    cache_bytes: u64,
    open_store: OpenStore,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    list: Option<ArchiveList>,
    objects: Option<Arc<dyn Objects>>,
    /// Fetched segments that this process has checked.
    checked: BTreeSet<u64>,
}

impl Segments {
    pub(crate) fn new(storage: Arc<dyn Storage>, dir: &Path) -> Segments {
        Segments {
            storage,
            log_dir: dir.join("log"),
            cache_dir: dir.join("archive-cache"),
            cache_bytes: CACHE_BYTES,
            open_store: Arc::new(umbral_store::open),
            known: Arc::default(),
        }
    }

    pub(crate) fn with_store(self, open_store: OpenStore, cache_bytes: u64) -> Segments {
        Segments {
            open_store,
            cache_bytes,
            known: Arc::default(),
            ..self
        }
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        self.storage.as_ref()
    }

    pub(crate) fn log_dir(&self) -> &Path {
        &self.log_dir
    }

    /// Where a segment's file is in the log, or was.
    pub(crate) fn path(&self, number: u64) -> PathBuf {
        segment::path(&self.log_dir, number)
    }

    /// Opens a segment for reading; one that is archived is fetched. Gives where it is read from.
    pub(crate) fn open(
        &self,
        number: u64,
    ) -> Result<(Box<dyn StorageFile>, PathBuf), JournalError> {
        if let Some(file) = self.open_local(number)? {
            return Ok((file, self.path(number)));
        }
        match self.archived(number)? {
            Some(archived) => self.fetch(&archived),
            None => Err(JournalError::SegmentMissing {
                path: self.path(number),
            }),
        }
    }

    /// A segment's file in the log; none if it is not there.
    pub(crate) fn open_local(
        &self,
        number: u64,
    ) -> Result<Option<Box<dyn StorageFile>>, JournalError> {
        let path = self.path(number);
        match self.storage.open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(JournalError::io("open", &path, error)),
        }
    }

    /// The list's entry of a segment that has no file in the log any more: looked up again, because it may
    /// have been archived just now.
    pub(crate) fn archived(&self, number: u64) -> Result<Option<ArchivedSegment>, JournalError> {
        if let Some(found) = self.listed(number) {
            return Ok(Some(found));
        }
        self.refresh()?;
        Ok(self.listed(number))
    }

    /// Whether the log goes on with a segment behind the one that is being read.
    pub(crate) fn has_next(&self, current: u64) -> Result<bool, JournalError> {
        let next = current + 1;
        if self.open_local(next)?.is_some() || self.listed(next).is_some() {
            return Ok(true);
        }
        // Segments are archived in order: while the current one has its file, the next one has, too.
        if self.open_local(current)?.is_some() {
            return Ok(false);
        }
        Ok(self.open_local(next)?.is_some() || self.archived(next)?.is_some())
    }

    /// Numbers of all segments, ascending.
    pub(crate) fn numbers(&self) -> Result<Vec<u64>, JournalError> {
        let local = segment::list(self.storage(), &self.log_dir)?;
        // After the files: what went from the log meanwhile is in the list.
        self.refresh()?;
        let mut numbers: BTreeSet<u64> = local.into_iter().collect();
        let list = &self.known().list;
        let archived = list.iter().flat_map(|list| &list.segments);
        numbers.extend(archived.map(|segment| segment.number));
        Ok(numbers.into_iter().collect())
    }

    /// The archive's list, read again; none where nothing was ever archived.
    pub(crate) fn list(&self) -> Result<Option<ArchiveList>, JournalError> {
        self.refresh()?;
        Ok(self.known().list.clone())
    }

    /// Takes away what died fetches have left.
    pub(crate) fn tidy_cache(&self) {
        self.cache().tidy();
    }

    /// The archive at an address.
    pub(crate) fn store(&self, url: &str) -> Result<Arc<dyn Objects>, JournalError> {
        let known = self.known().objects.clone();
        if let Some(objects) = known.filter(|objects| objects.url() == url) {
            return Ok(objects);
        }
        let opened = (self.open_store)(url).map_err(JournalError::of_address)?;
        self.known().objects = Some(Arc::clone(&opened));
        Ok(opened)
    }

    fn fetch(
        &self,
        wanted: &ArchivedSegment,
    ) -> Result<(Box<dyn StorageFile>, PathBuf), JournalError> {
        let is_known = self.known().checked.contains(&wanted.number);
        let found = match self.cache().find(wanted, is_known) {
            Some(found) => found,
            None => {
                let url = self.known().list.as_ref().map(|list| list.url.clone());
                let objects = self.store(&url.unwrap_or_default())?;
                tracing::info!(segment = wanted.number, "fetching an archived segment");
                metrics::counter!(crate::metrics::FETCHED_SEGMENTS).increment(1);
                self.cache().fetch(wanted, objects.as_ref())?
            }
        };
        self.known().checked.insert(wanted.number);
        Ok(found)
    }

    fn cache(&self) -> Cache<'_> {
        Cache {
            storage: self.storage(),
            dir: &self.cache_dir,
            most: self.cache_bytes,
        }
    }

    fn listed(&self, number: u64) -> Option<ArchivedSegment> {
        self.known().list.as_ref()?.find(number).cloned()
    }

    fn refresh(&self) -> Result<(), JournalError> {
        let list = ArchiveList::read(self.storage(), &self.log_dir)?;
        self.known().list = list;
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
