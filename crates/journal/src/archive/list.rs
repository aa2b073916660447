//! `log/archive.json`: which sealed segments are in the archive, and what they hold. It is written before a
//! segment's file goes from the log, so what neither the log nor this list has is lost.

use crate::error::JournalError;
use crate::storage::{Storage, read_file, replace_file};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FORMAT_VERSION: u32 = 1;

/// What is archived, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArchiveList {
    /// Version of this file's format.
    format_version: u32,
    /// Address of the archive.
    pub(crate) url: String,
    /// Archived segments, ascending.
    pub(crate) segments: Vec<ArchivedSegment>,
}

/// A segment in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchivedSegment {
    /// Its number.
    pub number: u64,
    /// Its first batch.
    pub first_batch: u64,
    /// Octets of its file.
    pub bytes: u64,
    /// XXH3-128 of its file, 32 hexadecimal digits.
    pub hash: String,
}

/// The file: the list and a checksum of its compact JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    archive: ArchiveList,
    crc32c: u32,
}

/// Just the version, readable whatever else a newer file holds.
#[derive(Deserialize)]
struct Probe {
    archive: Version,
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

impl ArchivedSegment {
    /// Name of its object: no two segments of any log have the same, so an archive may serve several.
    pub fn object(&self) -> String {
        format!("{:010}-{}.segment", self.number, self.hash)
    }
}

impl ArchiveList {
    /// Nothing is archived yet at this address.
    pub(crate) fn new(url: &str) -> ArchiveList {
        ArchiveList {
            format_version: FORMAT_VERSION,
            url: url.to_owned(),
            segments: Vec::new(),
        }
    }

    /// Reads the list in `log_dir`; none where nothing was ever archived.
    pub(crate) fn read(
        storage: &dyn Storage,
        log_dir: &Path,
    ) -> Result<Option<ArchiveList>, JournalError> {
        let path = path(log_dir);
        let bytes = match read_file(storage, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| JournalError::io("read", &path, error))?,
        };
        let bad = |error: serde_json::Error| unreadable(&path, error.to_string());
        let probe: Probe = serde_json::from_slice(&bytes).map_err(bad)?;
        if probe.archive.format_version != FORMAT_VERSION {
            return Err(JournalError::UnknownFormat {
                path,
                found: probe.archive.format_version,
                known: FORMAT_VERSION,
            });
        }
        let file: File = serde_json::from_slice(&bytes).map_err(bad)?;
        if file.archive.crc(&path)? != file.crc32c {
            return Err(unreadable(&path, "its checksum does not match".into()));
        }
        // Names of files are made of it.
        let is_hash = |hash: &str| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        if !file.archive.segments.iter().all(|one| is_hash(&one.hash)) {
            return Err(unreadable(&path, "a hash in it is none".into()));
        }
        Ok(Some(file.archive))
    }

    /// Replaces the list in `log_dir`, durably.
    pub(crate) fn write(&self, storage: &dyn Storage, log_dir: &Path) -> Result<(), JournalError> {
        let path = path(log_dir);
        let file = File {
            archive: self.clone(),
            crc32c: self.crc(&path)?,
        };
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| unreadable(&path, error.to_string()))?;
        replace_file(storage, &path, format!("{text}\n").as_bytes())
            .map_err(|error| JournalError::io("write", &path, error))
    }

    /// The entry of a segment.
    pub(crate) fn find(&self, number: u64) -> Option<&ArchivedSegment> {
        let at = self
            .segments
            .binary_search_by_key(&number, |segment| segment.number);
        self.segments.get(at.ok()?)
    }

    /// Enters a segment; one of its number is replaced.
    pub(crate) fn enter(&mut self, segment: ArchivedSegment) {
        self.segments.retain(|known| known.number != segment.number);
        self.segments.push(segment);
        self.segments.sort_by_key(|segment| segment.number);
    }

    fn crc(&self, path: &Path) -> Result<u32, JournalError> {
        let compact =
            serde_json::to_vec(self).map_err(|error| unreadable(path, error.to_string()))?;
        Ok(crc32c::crc32c(&compact))
    }
}

fn path(log_dir: &Path) -> PathBuf {
    log_dir.join("archive.json")
}

fn unreadable(path: &Path, what: String) -> JournalError {
    JournalError::Unreadable {
        path: path.to_owned(),
        what,
    }
}
