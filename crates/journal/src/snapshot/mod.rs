//! Files of snapshots: `DIR/snapshots/NUMBER.parts` holds the parts one after the other, `NUMBER.manifest` says
//! what they are and is written last. A snapshot is its manifest: without one the parts do not count.
//!
//! What the parts mean is not known here. The bytes are described in `docs/snapshots.md`.

mod manifest;
mod writer;

pub use writer::SnapshotWriter;

use crate::mark::JournalMark;
use crate::storage::{Storage, StorageFile, read_file, read_full_at};
use manifest::Manifest;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const PARTS_SUFFIX: &str = ".parts";
const MANIFEST_SUFFIX: &str = ".manifest";
const ASIDE_SUFFIX: &str = ".tmp";

/// Octets with which the file of parts begins: a magic and the snapshot's number.
const PARTS_HEAD_BYTES: u64 = 16;
const PARTS_MAGIC: [u8; 8] = *b"UMBRALSP";

/// Why a snapshot cannot be used. The journal has everything that was in it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", .path.display())]
pub struct SnapshotError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl SnapshotError {
    /// What is wrong with a file.
    pub fn new(path: &Path, what: impl Into<String>) -> SnapshotError {
        SnapshotError {
            path: path.to_owned(),
            what: what.into(),
        }
    }

    fn io(path: &Path, error: &io::Error) -> SnapshotError {
        SnapshotError::new(path, error.to_string())
    }
}

/// One part of a snapshot, as its manifest has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// What is in it; the meaning is the caller's.
    pub kind: u8,
    /// The partition that it is of, where that means something.
    pub partition: u16,
    /// Things in it.
    pub items: u32,
    /// The last batch whose effects are in it.
    pub as_of: u64,
    offset: u64,
    length: u32,
    crc: u32,
}

impl Part {
    /// Octets of its content.
    pub fn bytes(&self) -> usize {
        self.length as usize
    }
}

/// By which rules and in which layout the parts were written; one of other numbers is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Versions {
    /// Version of the rules.
    pub logic: u32,
    /// Version of the layout of the parts.
    pub layout: u32,
}

/// The snapshots of a data directory.
#[derive(Clone)]
pub struct Snapshots {
    storage: Arc<dyn Storage>,
    dir: PathBuf,
}

/// A snapshot whose manifest is whole. Its parts are checked as they are read.
pub struct Snapshot {
    path: PathBuf,
    file: Box<dyn StorageFile>,
    manifest: Manifest,
}

impl Snapshots {
    pub(crate) fn new(storage: Arc<dyn Storage>, dir: PathBuf) -> Snapshots {
        Snapshots { storage, dir }
    }

    /// Numbers of the snapshots that have a manifest, newest first.
    ///
    /// # Errors
    /// What the file system says; a missing directory is one without snapshots.
    pub fn list(&self) -> Result<Vec<u64>, SnapshotError> {
        let mut numbers: Vec<u64> = self
            .names()?
            .iter()
            .filter_map(|name| number_of(name, MANIFEST_SUFFIX))
            .collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        Ok(numbers)
    }

    /// Opens a snapshot of `partitions` partitions, if it was written by these versions.
    ///
    /// # Errors
    /// Everything that makes it useless, with the file.
    pub fn open(
        &self,
        number: u64,
        versions: Versions,
        partitions: u16,
    ) -> Result<Snapshot, SnapshotError> {
        let path = self.manifest_path(number);
        let bytes = read_file(self.storage.as_ref(), &path)
            .map_err(|error| SnapshotError::io(&path, &error))?;
        let manifest = Manifest::decode(bytes).map_err(|what| SnapshotError::new(&path, what))?;
        let what = if manifest.number != number {
            "it is of another snapshot".to_owned()
        } else if manifest.versions != versions {
            let Versions { logic, layout } = manifest.versions;
            format!(
                "it was written by rules {logic} in layout {layout}, this program has {} and {}",
                versions.logic, versions.layout
            )
        } else if manifest.mark.chains() != usize::from(partitions) + 1 {
            "it is of another number of partitions".to_owned()
        } else {
            return self.open_parts(manifest);
        };
        Err(SnapshotError::new(&path, what))
    }

    fn open_parts(&self, manifest: Manifest) -> Result<Snapshot, SnapshotError> {
        let path = self.parts_path(manifest.number);
        let fail = |error: io::Error| SnapshotError::io(&path, &error);
        let file = self.storage.open(&path).map_err(fail)?;
        let mut head = [0u8; PARTS_HEAD_BYTES as usize];
        let got = read_full_at(file.as_ref(), 0, &mut head).map_err(fail)?;
        let size = file.size().map_err(fail)?;
        if got < head.len() || head != parts_head(manifest.number) {
            return Err(SnapshotError::new(
                &path,
                "it does not begin as its parts do",
            ));
        }
        if size != manifest.parts_bytes {
            let what = format!("it has {size} octets instead of {}", manifest.parts_bytes);
            return Err(SnapshotError::new(&path, what));
        }
        Ok(Snapshot {
            path,
            file,
            manifest,
        })
    }

    /// Begins a snapshot, named after the last batch that it holds wholly. What was left of an unfinished
    /// one of that number is overwritten.
    ///
    /// # Errors
    /// What the file system says.
    pub fn begin(&self, number: u64) -> Result<SnapshotWriter, SnapshotError> {
        self.storage
            .create_dir(&self.dir)
            .map_err(|error| SnapshotError::io(&self.dir, &error))?;
        SnapshotWriter::begin(self.clone(), number)
    }

    /// Removes all snapshots but the newest `most`; those in `useless` go first. Files that belong to no
    /// snapshot go too.
    ///
    /// # Errors
    /// What the file system says.
    pub fn keep(&self, most: usize, useless: &BTreeSet<u64>) -> Result<(), SnapshotError> {
        let numbers = self.list()?;
        let useful = numbers.iter().filter(|number| !useless.contains(number));
        let kept: BTreeSet<u64> = useful.take(most).copied().collect();
        let dropped: Vec<u64> = numbers
            .into_iter()
            .filter(|number| !kept.contains(number))
            .collect();
        for number in &dropped {
            self.remove(&self.manifest_path(*number))?;
        }
        if !dropped.is_empty() {
            // First the manifests are gone for good: parts without one are no snapshot, the other way
            // round is a damaged one.
            self.sync_dir()?;
        }
        for name in self.names()? {
            let of_kept = number_of(&name, PARTS_SUFFIX).is_some_and(|n| kept.contains(&n))
                || number_of(&name, MANIFEST_SUFFIX).is_some();
            if !of_kept && is_ours(&name) {
                self.remove(&self.dir.join(name))?;
            }
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<(), SnapshotError> {
        match self.storage.remove(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SnapshotError::io(path, &error))
            }
            _ => Ok(()),
        }
    }

    fn names(&self) -> Result<Vec<String>, SnapshotError> {
        match self.storage.list(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            listed => listed.map_err(|error| SnapshotError::io(&self.dir, &error)),
        }
    }

    fn sync_dir(&self) -> Result<(), SnapshotError> {
        self.storage
            .sync_dir(&self.dir)
            .map_err(|error| SnapshotError::io(&self.dir, &error))
    }

    fn parts_path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}{PARTS_SUFFIX}"))
    }

    fn manifest_path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{number:020}{MANIFEST_SUFFIX}"))
    }
}

impl Snapshot {
    /// The last batch that it holds wholly; the journal is read from the one after it.
    pub fn number(&self) -> u64 {
        self.manifest.number
    }

    /// A place that the journal must have reached, and be the same there: nothing of later batches is in
    /// the snapshot.
    pub fn mark(&self) -> &JournalMark {
        &self.manifest.mark
    }

    /// Its parts, in the order in which they were written.
    pub fn parts(&self) -> &[Part] {
        &self.manifest.parts
    }

    /// The file of its parts.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a part into `buffer`, and checks it.
    ///
    /// # Errors
    /// A part that is not whole, or what the file system says.
    pub fn read(&self, part: &Part, buffer: &mut Vec<u8>) -> Result<(), SnapshotError> {
        buffer.clear();
        buffer.resize(part.bytes(), 0);
        let got = read_full_at(self.file.as_ref(), part.offset, buffer)
            .map_err(|error| SnapshotError::io(&self.path, &error))?;
        if got < buffer.len() || crc32c::crc32c(buffer) != part.crc {
            let what = format!("the part at offset {} is damaged", part.offset);
            return Err(SnapshotError::new(&self.path, what));
        }
        Ok(())
    }
}

fn parts_head(number: u64) -> [u8; PARTS_HEAD_BYTES as usize] {
    let mut head = [0u8; PARTS_HEAD_BYTES as usize];
    head[..8].copy_from_slice(&PARTS_MAGIC);
    head[8..].copy_from_slice(&number.to_le_bytes());
    head
}

/// The number in a file's name, if it ends so.
fn number_of(name: &str, suffix: &str) -> Option<u64> {
    name.strip_suffix(suffix)?.parse().ok()
}

/// Whether a file is a part of a snapshot, finished or not.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(ASIDE_SUFFIX).unwrap_or(name);
    number_of(name, PARTS_SUFFIX).is_some() || number_of(name, MANIFEST_SUFFIX).is_some()
}
