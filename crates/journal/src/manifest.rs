//! `log/manifest.json`: what the log held at a known moment. It never says how far the log goes (the log
//! does), but how far it went at least: what is missing below that is a loss, and is refused.

use crate::error::JournalError;
use crate::segment::Head;
use crate::storage::{Storage, read_file, replace_file};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const FORMAT_VERSION: u32 = 1;

/// The manifest's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Version of this file's format.
    pub(crate) format_version: u32,
    /// Number of the writer's opening of the log, from 1.
    pub(crate) epoch: u32,
    /// Written by an orderly close; nothing was appended since.
    pub(crate) closed: bool,
    /// Number of the batch after the last one at that moment.
    pub(crate) next_batch: u64,
    /// Segments in order; the last one was being written.
    pub(crate) segments: Vec<SegmentEntry>,
    /// Chains at that moment: the partitions', then the control chain.
    pub(crate) heads: Vec<HeadEntry>,
}

/// A segment in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentEntry {
    /// Its number.
    pub(crate) number: u64,
    /// Its first batch.
    pub(crate) first_batch: u64,
    /// Octets of content: exact for a sealed one, the least for the last one.
    pub(crate) bytes: u64,
}

/// A chain's head in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadEntry {
    /// Sequence of the newest frame; 0 if there is none.
    sequence: u64,
    /// Its hash, 32 hexadecimal digits.
    hash: String,
}

/// The file: the content and a checksum of its compact JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    manifest: Manifest,
    crc32c: u32,
}

/// Just the version, readable whatever else a newer file holds.
#[derive(Deserialize)]
struct Probe {
    manifest: Version,
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

impl From<&Head> for HeadEntry {
    fn from(head: &Head) -> HeadEntry {
        HeadEntry {
            sequence: head.sequence,
            hash: format!("{:032x}", head.hash),
        }
    }
}

impl HeadEntry {
    /// Whether this is that head.
    pub(crate) fn is(&self, head: &Head) -> bool {
        *self == HeadEntry::from(head)
    }
}

impl Manifest {
    /// A manifest of this version.
    pub(crate) fn new(
        epoch: u32,
        closed: bool,
        next_batch: u64,
        segments: Vec<SegmentEntry>,
        heads: &[Head],
    ) -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            epoch,
            closed,
            next_batch,
            segments,
            heads: heads.iter().map(HeadEntry::from).collect(),
        }
    }

    /// Replaces the manifest in `log_dir`, durably.
    pub(crate) fn write(&self, storage: &dyn Storage, log_dir: &Path) -> Result<(), JournalError> {
        let path = path(log_dir);
        let file = File {
            manifest: self.clone(),
            crc32c: self.crc(&path)?,
        };
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| unreadable(&path, error.to_string()))?;
        replace_file(storage, &path, format!("{text}\n").as_bytes())
            .map_err(|error| JournalError::io("write", &path, error))
    }

    /// Reads and checks the manifest in `log_dir` of a log of `chains` chains.
    pub(crate) fn read(
        storage: &dyn Storage,
        log_dir: &Path,
        chains: usize,
    ) -> Result<Manifest, JournalError> {
        let path = path(log_dir);
        let bytes = read_file(storage, &path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unreadable(&path, "it is missing".into()),
            _ => JournalError::io("read", &path, error),
        })?;
        let probe: Probe =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, error.to_string()))?;
        if probe.manifest.format_version != FORMAT_VERSION {
            return Err(JournalError::UnknownFormat {
                path,
                found: probe.manifest.format_version,
                known: FORMAT_VERSION,
            });
        }
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, error.to_string()))?;
        let manifest = file.manifest;
        if manifest.crc(&path)? != file.crc32c {
            return Err(unreadable(&path, "its checksum does not match".into()));
        }
        if manifest.heads.len() != chains || manifest.segments.is_empty() {
            let what = "its segments or chains are not those of umbral.json";
            return Err(unreadable(&path, what.into()));
        }
        Ok(manifest)
    }

    /// Whether the chains that end before batch `next_batch` contradict this manifest.
    pub(crate) fn contradicts(&self, next_batch: u64, heads: &[Head]) -> bool {
        next_batch == self.next_batch && !self.heads.iter().zip(heads).all(|(a, b)| a.is(b))
    }

    fn crc(&self, path: &Path) -> Result<u32, JournalError> {
        let compact =
            serde_json::to_vec(self).map_err(|error| unreadable(path, error.to_string()))?;
        Ok(crc32c::crc32c(&compact))
    }
}

fn path(log_dir: &Path) -> PathBuf {
    log_dir.join("manifest.json")
}

fn unreadable(path: &Path, what: String) -> JournalError {
    JournalError::Unreadable {
        path: path.to_owned(),
        what,
    }
}
