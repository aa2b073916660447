//! Moving sealed segments that lie below the kept snapshots into an object store, and back.
//!
//! A segment goes in four steps, each finished before the next one begins: its content is verified and put
//! into the archive; it is read back from there and compared; the list says, durably, that it is there; its file
//! goes from the log. A crash between any two of them leaves it in one of the two places at least.

pub(crate) mod cache;
pub(crate) mod list;

pub use list::ArchivedSegment;

use crate::datadir::DataDir;
use crate::error::JournalError;
use crate::manifest::{Manifest, SegmentEntry};
use crate::metrics as names;
use crate::scan::{Scanner, Step};
use crate::segment;
use crate::segments::Segments;
use crate::storage::{StorageFile, read_full_at, write_all_at};
use list::ArchiveList;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use umbral_store::Objects;

/// Snapshots that are kept: what lies below all of them is read only where none of them can be used.
const SNAPSHOTS_KEPT: usize = 2;
const READ_BYTES: usize = 1 << 20;

/// A segment of the log, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// Its number.
    pub number: u64,
    /// Its first batch.
    pub first_batch: u64,
    /// Octets: exact for a sealed one, the least for the last one.
    pub bytes: u64,
    /// It is complete: another one follows.
    pub sealed: bool,
    /// Its file is in the log.
    pub local: bool,
    /// Its entry in the archive's list, if it has one.
    pub archived: Option<ArchivedSegment>,
}

/// What is archived of a log, and what may be.
#[derive(Clone, Debug)]
pub struct ArchiveStatus {
    /// Address of the archive; none where nothing was ever archived.
    pub url: Option<String>,
    /// All segments in order.
    pub segments: Vec<SegmentPlace>,
    /// The last batch of the oldest snapshot that is kept; none without snapshots.
    pub below: Option<u64>,
}

impl ArchiveStatus {
    /// Segments that may go from the log, in order, when the `keep` newest of the sealed ones stay: those whose
    /// batches all lie before the last one of the oldest kept snapshot. One whose file is there although it
    /// is archived already is among them.
    pub fn due(&self, keep: usize) -> Vec<u64> {
        let Some(below) = self.below else {
            return Vec::new();
        };
        let sealed = self.segments.iter().filter(|one| one.sealed).count();
        let pairs = self.segments.windows(2).take(sealed.saturating_sub(keep));
        pairs
            .filter(|pair| pair[0].sealed && pair[1].first_batch <= below && pair[0].local)
            .map(|pair| pair[0].number)
            .collect()
    }
}

/// The archive of a data directory. Who changes anything with it holds the directory's lock.
pub struct Archive {
    data: DataDir,
    segments: Segments,
    objects: Arc<dyn Objects>,
    list: ArchiveList,
}

impl DataDir {
    /// What is archived, and what may be; needs no lock.
    ///
    /// # Errors
    /// A list or manifest that cannot be read.
    pub fn archive_status(&self) -> Result<ArchiveStatus, JournalError> {
        let segments = self.segments();
        let manifest = Manifest::read(segments.storage(), segments.log_dir(), self.chains())?;
        let last = manifest.segments.len() - 1;
        let mut places = Vec::with_capacity(manifest.segments.len());
        for (index, entry) in manifest.segments.iter().enumerate() {
            let local = segments.open_local(entry.number)?.is_some();
            places.push(SegmentPlace {
                number: entry.number,
                first_batch: entry.first_batch,
                bytes: entry.bytes,
                sealed: index < last,
                local,
                archived: None,
            });
        }
        let list = segments.list()?;
        for place in &mut places {
            let found = list.as_ref().and_then(|list| list.find(place.number));
            place.archived = found.cloned();
        }
        // Snapshots that cannot be listed are none.
        let kept = self.snapshots().list().unwrap_or_default();
        Ok(ArchiveStatus {
            url: list.map(|list| list.url),
            segments: places,
            below: kept.into_iter().take(SNAPSHOTS_KEPT).min(),
        })
    }

    /// Opens the archive at an address. Where segments are archived at another one already, it must hold all of
    /// them: each is read and compared, then the list says the new address.
    ///
    /// # Errors
    /// An address that cannot be used, or an archive that lacks a segment.
    pub fn archive(&self, objects: Arc<dyn Objects>) -> Result<Archive, JournalError> {
        let segments = self.segments();
        let url = objects.url().to_owned();
        let mut list = segments.list()?.unwrap_or_else(|| ArchiveList::new(&url));
        if list.url != url {
            for archived in &list.segments {
                cache::verify(objects.as_ref(), archived).map_err(|error| {
                    JournalError::OtherArchive {
                        known: list.url.clone(),
                        given: url.clone(),
                        what: error.to_string(),
                    }
                })?;
            }
            list.url = url;
            list.write(segments.storage(), segments.log_dir())?;
        }
        Ok(Archive {
            data: self.clone(),
            segments,
            objects,
            list,
        })
    }

    /// As [`DataDir::archive`], of an address; a folder that is not there is created.
    ///
    /// # Errors
    /// As [`DataDir::archive`].
    pub fn archive_at(&self, url: &str) -> Result<Archive, JournalError> {
        let url = umbral_store::address(url).map_err(JournalError::of_address)?;
        if let Some(folder) = umbral_store::folder(&url)
            && is_within(&folder, self.path())
        {
            let what = format!(
                "{url:?} lies in the data directory, whose folders may be deleted; give a folder elsewhere"
            );
            return Err(JournalError::ArchiveUnusable { what });
        }
        let objects = umbral_store::create(&url).map_err(JournalError::of_address)?;
        self.archive(objects)
    }

    /// Opens the archive that the list names; none where nothing was ever archived.
    ///
    /// # Errors
    /// A list that cannot be read, or an address that cannot be used.
    pub fn known_archive(&self) -> Result<Option<Archive>, JournalError> {
        let segments = self.segments();
        let Some(list) = segments.list()? else {
            return Ok(None);
        };
        let objects = segments.store(&list.url)?;
        Ok(Some(Archive {
            data: self.clone(),
            segments,
            objects,
            list,
        }))
    }
}

/// Whether a folder that may not be there yet is another one, or lies in it.
fn is_within(folder: &Path, other: &Path) -> bool {
    let Ok(other) = other.canonicalize() else {
        return false;
    };
    let known = folder.ancestors().find_map(|part| part.canonicalize().ok());
    known.is_some_and(|known| known.starts_with(&other))
}

impl ArchiveStatus {
    /// Segments that are neither in the log nor in the list of the archive.
    pub fn missing(&self) -> Vec<u64> {
        let missing = |one: &&SegmentPlace| !one.local && one.archived.is_none();
        let missing = self.segments.iter().filter(missing);
        missing.map(|one| one.number).collect()
    }
}

impl Archive {
    /// Its address.
    pub fn url(&self) -> &str {
        self.objects.url()
    }

    /// Moves a sealed segment into the archive. `progress` gets the octets that came by, and ends it by `false`:
    /// then nothing has changed.
    ///
    /// # Errors
    /// A segment that is damaged, what the store or the file system says; [`JournalError::Stopped`] if it was
    /// ended.
    pub fn store(
        &mut self,
        number: u64,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<ArchivedSegment, JournalError> {
        let archived = match self.list.find(number) {
            // Its file stayed when a process died.
            Some(known) => {
                let known = known.clone();
                cache::verify(self.objects.as_ref(), &known)?;
                known
            }
            None => {
                let archived = self.put(number, progress)?;
                cache::verify(self.objects.as_ref(), &archived)?;
                let mut list = self.list.clone();
                list.enter(archived.clone());
                list.write(self.segments.storage(), self.segments.log_dir())?;
                self.list = list;
                archived
            }
        };
        self.remove_file(number)?;
        metrics::counter!(names::ARCHIVED_SEGMENTS).increment(1);
        metrics::counter!(names::ARCHIVED_BYTES).increment(archived.bytes);
        Ok(archived)
    }

    /// Reads an archived segment and compares it with the list.
    ///
    /// # Errors
    /// What is wrong with it, by name.
    pub fn verify(&self, archived: &ArchivedSegment) -> Result<(), JournalError> {
        cache::verify(self.objects.as_ref(), archived)
    }

    /// Brings the newest archived segment back into the log; none if there is none. Its object stays; nothing
    /// reads it any more. The newest one goes first: while a segment has its file, all later ones have theirs.
    ///
    /// # Errors
    /// What is wrong with the object, or what the file system says.
    pub fn bring_back(&mut self) -> Result<Option<ArchivedSegment>, JournalError> {
        let Some(archived) = self.list.segments.last().cloned() else {
            return Ok(None);
        };
        let number = archived.number;
        if self.segments.open_local(number)?.is_none() {
            self.fetch_into_log(&archived)?;
        }
        self.list.segments.retain(|one| one.number != number);
        self.list
            .write(self.segments.storage(), self.segments.log_dir())?;
        Ok(Some(archived))
    }

    /// Archived segments, ascending.
    pub fn archived(&self) -> &[ArchivedSegment] {
        &self.list.segments
    }

    fn put(
        &self,
        number: u64,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<ArchivedSegment, JournalError> {
        let (file, path) = self.segments.open(number)?;
        let failed = |error| JournalError::io("read", &path, error);
        let entry = self.verify_file(number)?;
        let (bytes, hash) = cache::measure(file.as_ref()).map_err(failed)?;
        let archived = ArchivedSegment {
            number,
            first_batch: entry.first_batch,
            bytes,
            hash,
        };
        let object = archived.object();
        let there = self.objects.size(&object);
        let there = there.map_err(|error| JournalError::of_store(&archived, error))?;
        // An earlier try that died before the list was written.
        if there == Some(bytes) && cache::verify(self.objects.as_ref(), &archived).is_ok() {
            return Ok(archived);
        }
        let (mut at, mut ended) = (0, false);
        let put = self.objects.put(&object, &mut |piece| {
            piece.resize(READ_BYTES, 0);
            let got = read_full_at(file.as_ref(), at, piece)?;
            piece.truncate(got);
            at += got as u64;
            ended = !progress(got as u64);
            match ended {
                true => Err(io::ErrorKind::Interrupted.into()),
                false => Ok(()),
            }
        });
        match put {
            Ok(()) => Ok(archived),
            Err(_) if ended => Err(JournalError::Stopped {
                cause: "archiving was ended".to_owned(),
            }),
            Err(error) => Err(JournalError::of_store(&archived, error)),
        }
    }

    /// Walks a sealed segment to its end: what is damaged must be mended from a backup, not archived.
    fn verify_file(&self, number: u64) -> Result<SegmentEntry, JournalError> {
        let segments = &self.segments;
        let chains = self.data.chains();
        let manifest = Manifest::read(segments.storage(), segments.log_dir(), chains)?;
        let sealed = manifest.segments.split_last().map(|(_, sealed)| sealed);
        let entry = sealed.and_then(|sealed| sealed.iter().find(|one| one.number == number));
        let Some(entry) = entry else {
            return Err(JournalError::BadBatch {
                what: format!("segment {number} is not sealed"),
            });
        };
        let mut scanner = open_scanner(segments, number, chains)?;
        while scanner.step()? == Step::Batch {}
        let size = scanner.offset();
        if size != entry.bytes {
            let what = "it does not end where log/manifest.json says";
            return Err(JournalError::damaged(scanner.path(), size, what));
        }
        let next = open_scanner(segments, number + 1, chains)?;
        if next.chains().heads != scanner.chains().heads
            || next.chains().next_batch != scanner.chains().next_batch
        {
            let what = "it does not continue the segment before it";
            return Err(JournalError::damaged(next.path(), 0, what));
        }
        Ok(entry.clone())
    }

    fn fetch_into_log(&self, archived: &ArchivedSegment) -> Result<(), JournalError> {
        let (storage, log_dir) = (self.segments.storage(), self.segments.log_dir());
        let path = self.segments.path(archived.number);
        let failed = |error| JournalError::io("write", &path, error);
        let (file, _) = self.segments.open(archived.number)?;
        let aside: PathBuf = log_dir.join(format!("{}.tmp", segment::file_name(archived.number)));
        let mut back = storage.create(&aside).map_err(failed)?;
        copy(file.as_ref(), back.as_mut()).map_err(failed)?;
        back.sync().map_err(failed)?;
        storage.rename(&aside, &path).map_err(failed)?;
        storage.sync_dir(log_dir).map_err(failed)
    }

    fn remove_file(&self, number: u64) -> Result<(), JournalError> {
        let (storage, log_dir) = (self.segments.storage(), self.segments.log_dir());
        let path = self.segments.path(number);
        match storage.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(JournalError::io("remove", &path, error));
            }
            _ => {}
        }
        storage
            .sync_dir(log_dir)
            .map_err(|error| JournalError::io("sync", log_dir, error))
    }
}

fn open_scanner(segments: &Segments, number: u64, chains: usize) -> Result<Scanner, JournalError> {
    let (file, path) = segments.open(number)?;
    let header = segment::read_header(file.as_ref(), &path, number, chains)?;
    Ok(Scanner::new(file, path, header))
}

fn copy(from: &dyn StorageFile, to: &mut dyn StorageFile) -> io::Result<()> {
    let mut buffer = vec![0u8; READ_BYTES];
    let mut at = 0;
    loop {
        let got = read_full_at(from, at, &mut buffer)?;
        write_all_at(to, at, &buffer[..got])?;
        at += got as u64;
        if got < buffer.len() {
            return Ok(());
        }
    }
}
