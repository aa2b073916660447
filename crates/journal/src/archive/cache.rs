//! Archived segments on their way back: fetched whole, checked against the list, kept for a while in
//! `DIR/archive-cache`. Deleting that folder loses only time; where it cannot be written, a segment is held in
//! memory while it is read.

use super::list::ArchivedSegment;
use crate::error::JournalError;
use crate::storage::{Storage, StorageFile, read_full_at, write_all_at};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use umbral_store::{Objects, StoreError};
use xxhash_rust::xxh3::Xxh3;

const SUFFIX: &str = ".segment";
const ASIDE_SUFFIX: &str = ".tmp";
const READ_BYTES: usize = 1 << 20;

/// Tells apart what several readers of one process fetch.
static FETCHES: AtomicU64 = AtomicU64::new(0);

/// The folder of fetched segments.
pub(crate) struct Cache<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) dir: &'a Path,
    /// Octets that may lie in it, beside the segment fetched last.
    pub(crate) most: u64,
}

/// A fetched segment that could not be kept.
struct InMemory(Vec<u8>);

/// What comes in from the archive, hashed on the way.
#[derive(Default)]
struct Incoming {
    hasher: Xxh3,
    bytes: u64,
}

impl Incoming {
    fn take(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// What is wrong with the object, if anything.
    fn fault(&self, expected: &ArchivedSegment) -> Option<String> {
        if self.bytes != expected.bytes {
            return Some(format!(
                "it has {} octets instead of {}",
                self.bytes, expected.bytes
            ));
        }
        let is_it = hex(self.hasher.digest128()) == expected.hash;
        (!is_it).then(|| "its content is not what was archived".to_owned())
    }
}

pub(crate) fn hex(hash: u128) -> String {
    format!("{hash:032x}")
}

/// Length and hash of a file.
pub(crate) fn measure(file: &dyn StorageFile) -> io::Result<(u64, String)> {
    let mut incoming = Incoming::default();
    let mut buffer = vec![0u8; READ_BYTES];
    loop {
        let got = read_full_at(file, incoming.bytes, &mut buffer)?;
        incoming.take(&buffer[..got]);
        if got < buffer.len() {
            return Ok((incoming.bytes, hex(incoming.hasher.digest128())));
        }
    }
}

/// Reads an object to its end and compares it with the list.
pub(crate) fn verify(
    objects: &dyn Objects,
    expected: &ArchivedSegment,
) -> Result<(), JournalError> {
    let mut incoming = Incoming::default();
    let read = objects.get(&expected.object(), &mut |piece| {
        incoming.take(piece);
        Ok(())
    });
    read.map_err(|error| JournalError::of_store(expected, error))?;
    match incoming.fault(expected) {
        None => Ok(()),
        Some(what) => Err(damaged(objects, expected, what)),
    }
}

fn damaged(objects: &dyn Objects, expected: &ArchivedSegment, what: String) -> JournalError {
    JournalError::ArchivedDamaged {
        segment: expected.number,
        object: expected.object(),
        url: objects.url().to_owned(),
        what,
    }
}

impl Cache<'_> {
    /// The file of a segment in the cache; `is_known` says that this process has checked it already.
    pub(crate) fn find(
        &self,
        wanted: &ArchivedSegment,
        is_known: bool,
    ) -> Option<(Box<dyn StorageFile>, PathBuf)> {
        let path = self.path(wanted);
        let file = self.storage.open(&path).ok()?;
        let is_whole = match is_known {
            true => file.size().is_ok_and(|size| size == wanted.bytes),
            false => measure(file.as_ref())
                .is_ok_and(|(bytes, hash)| bytes == wanted.bytes && hash == wanted.hash),
        };
        if !is_whole {
            tracing::warn!(
                path = %path.display(),
                "A fetched segment was changed on disk; it is fetched again."
            );
            // Best effort: the fetch replaces it.
            let _ = self.storage.remove(&path);
        }
        is_whole.then_some((file, path))
    }

    /// Fetches a segment, and makes room for it.
    pub(crate) fn fetch(
        &self,
        wanted: &ArchivedSegment,
        objects: &dyn Objects,
    ) -> Result<(Box<dyn StorageFile>, PathBuf), JournalError> {
        let path = self.path(wanted);
        if let Some(file) = self.fetch_to_disk(wanted, objects, &path)? {
            return Ok((file, path));
        }
        let mut incoming = Incoming::default();
        let mut bytes = Vec::new();
        let read = objects.get(&wanted.object(), &mut |piece| {
            incoming.take(piece);
            bytes.extend_from_slice(piece);
            Ok(())
        });
        read.map_err(|error| JournalError::of_store(wanted, error))?;
        match incoming.fault(wanted) {
            None => Ok((Box::new(InMemory(bytes)), path)),
            Some(what) => Err(damaged(objects, wanted, what)),
        }
    }

    /// None where the folder cannot be written.
    fn fetch_to_disk(
        &self,
        wanted: &ArchivedSegment,
        objects: &dyn Objects,
        path: &Path,
    ) -> Result<Option<Box<dyn StorageFile>>, JournalError> {
        self.make_room(wanted);
        let number = FETCHES.fetch_add(1, Ordering::Relaxed);
        let aside = format!(
            "{}.{}-{number}{ASIDE_SUFFIX}",
            wanted.object(),
            std::process::id()
        );
        let aside = self.dir.join(aside);
        let created = self.storage.create_dir(self.dir);
        let Ok(mut file) = created.and_then(|()| self.storage.create(&aside)) else {
            return Ok(None);
        };
        let mut incoming = Incoming::default();
        let read = objects.get(&wanted.object(), &mut |piece| {
            let at = incoming.bytes;
            incoming.take(piece);
            write_all_at(file.as_mut(), at, piece)
        });
        let fault = match read {
            Ok(()) => incoming.fault(wanted),
            Err(error) => {
                let _ = self.storage.remove(&aside);
                return match error {
                    StoreError::Caller(_) => Ok(None),
                    error => Err(JournalError::of_store(wanted, error)),
                };
            }
        };
        if let Some(what) = fault {
            let _ = self.storage.remove(&aside);
            return Err(damaged(objects, wanted, what));
        }
        // Somebody may have tidied up meanwhile: the open file is whole all the same.
        let _ = self.storage.rename(&aside, path);
        Ok(Some(file))
    }

    /// Removes segments, the oldest first, until the wanted one has room beside the rest.
    fn make_room(&self, wanted: &ArchivedSegment) {
        let names = self.storage.list(self.dir).unwrap_or_default();
        let kept = names.iter().filter(|name| name.ends_with(SUFFIX));
        let mut sizes: Vec<(PathBuf, u64)> = kept
            .map(|name| self.dir.join(name))
            .filter_map(|path| {
                let size = self.storage.open(&path).and_then(|file| file.size());
                Some((path, size.ok()?))
            })
            .collect();
        sizes.reverse();
        let mut total: u64 = wanted.bytes + sizes.iter().map(|(_, size)| size).sum::<u64>();
        while total > self.most
            && let Some((path, size)) = sizes.pop()
        {
            total -= size;
            let _ = self.storage.remove(&path);
        }
    }

    /// Removes what fetches that died have left; nobody else must be fetching for the result to be kept.
    pub(crate) fn tidy(&self) {
        let names = self.storage.list(self.dir).unwrap_or_default();
        for name in names.iter().filter(|name| name.ends_with(ASIDE_SUFFIX)) {
            let _ = self.storage.remove(&self.dir.join(name));
        }
    }

    fn path(&self, wanted: &ArchivedSegment) -> PathBuf {
        self.dir.join(wanted.object())
    }
}

impl StorageFile for InMemory {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.0.get(from..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&mut self, _offset: u64, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn truncate(&mut self, _size: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
