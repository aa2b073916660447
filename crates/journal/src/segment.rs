//! A segment: a file of the log. Its header says which batch comes first and where every partition's chain
//! stands, so each segment can be verified by itself.

use crate::error::JournalError;
use crate::frame::PAGE_BYTES;
use crate::storage::{Storage, StorageFile, read_full_at, write_all_at};
use crate::word::{u32_at, u64_at, u128_at};
use std::path::{Path, PathBuf};

/// Newest format version of segments.
pub(crate) const FORMAT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"UMBRALSG";
const FIXED_BYTES: usize = 64;
/// Octets of a chain's head in files.
pub(crate) const HEAD_BYTES: usize = 24;
const SUFFIX: &str = ".segment";

/// The newest frame of a partition's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Its sequence; 0 if there is none yet.
    pub(crate) sequence: u64,
    /// Its hash; 0 if there is none yet.
    pub(crate) hash: u128,
}

impl Head {
    /// As it stands in files.
    pub(crate) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0u8; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[8..].copy_from_slice(&self.hash.to_le_bytes());
        bytes
    }

    /// Reads a head from its `HEAD_BYTES` octets.
    pub(crate) fn decode(bytes: &[u8]) -> Head {
        Head {
            sequence: u64_at(bytes, 0),
            hash: u128_at(bytes, 8),
        }
    }
}

/// What a segment begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Number of the segment, from 1.
    pub(crate) number: u64,
    /// Its first batch.
    pub(crate) first_batch: u64,
    /// Epoch of the writer that began it.
    pub(crate) epoch: u32,
    /// Chains before its first batch: the partitions', then the control chain.
    pub(crate) heads: Vec<Head>,
}

/// Name of the file of segment `number`.
pub(crate) fn file_name(number: u64) -> String {
    format!("{number:010}{SUFFIX}")
}

/// Path of the file of segment `number`.
pub(crate) fn path(log_dir: &Path, number: u64) -> PathBuf {
    log_dir.join(file_name(number))
}

/// Numbers of all segments in the directory, ascending.
pub(crate) fn list(storage: &dyn Storage, log_dir: &Path) -> Result<Vec<u64>, JournalError> {
    let names = storage
        .list(log_dir)
        .map_err(|error| JournalError::io("list", log_dir, error))?;
    let mut numbers: Vec<u64> = names
        .iter()
        .filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Octets of the header for this many chains: whole pages.
pub(crate) fn header_bytes(chains: usize) -> u64 {
    (FIXED_BYTES + chains * HEAD_BYTES).next_multiple_of(PAGE_BYTES) as u64
}

impl SegmentHeader {
    /// Octets of this header.
    pub(crate) fn bytes(&self) -> u64 {
        header_bytes(self.heads.len())
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0u8; self.bytes() as usize];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.first_batch.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[36..40].copy_from_slice(&(self.heads.len() as u32).to_le_bytes());
        let places = bytes[FIXED_BYTES..].chunks_exact_mut(HEAD_BYTES);
        for (place, head) in places.zip(&self.heads) {
            place.copy_from_slice(&head.encode());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &mut [u8]) -> Result<SegmentHeader, &'static str> {
        let stored_crc = u32_at(bytes, 12);
        bytes[12..16].fill(0);
        if crc32c::crc32c(bytes) != stored_crc {
            return Err("the segment's header does not match its checksum");
        }
        let chains = u32_at(bytes, 36) as usize;
        let heads = bytes[FIXED_BYTES..].chunks_exact(HEAD_BYTES).take(chains);
        Ok(SegmentHeader {
            number: u64_at(bytes, 16),
            first_batch: u64_at(bytes, 24),
            epoch: u32_at(bytes, 32),
            heads: heads.map(Head::decode).collect(),
        })
    }
}

/// Creates a segment that holds its header only, durably, under its final name.
///
/// Written aside and renamed: a file with a segment's name always has a whole header.
pub(crate) fn create(
    storage: &dyn Storage,
    log_dir: &Path,
    header: &SegmentHeader,
) -> Result<Box<dyn StorageFile>, JournalError> {
    let final_path = path(log_dir, header.number);
    let aside = log_dir.join(format!("{}.tmp", file_name(header.number)));
    let mut file = storage
        .create(&aside)
        .map_err(|error| JournalError::io("create", &final_path, error))?;
    let bytes = header.encode();
    write_all_at(file.as_mut(), 0, &bytes)
        .map_err(|error| JournalError::io("write", &final_path, error))?;
    file.sync()
        .map_err(|error| JournalError::io("sync", &final_path, error))?;
    storage
        .rename(&aside, &final_path)
        .map_err(|error| JournalError::io("rename", &aside, error))?;
    storage
        .sync_dir(log_dir)
        .map_err(|error| JournalError::io("sync", log_dir, error))?;
    Ok(file)
}

/// Reads and checks the header of segment `number` for a log of `chains` chains.
pub(crate) fn read_header(
    file: &dyn StorageFile,
    path: &Path,
    number: u64,
    chains: usize,
) -> Result<SegmentHeader, JournalError> {
    let mut bytes = vec![0u8; header_bytes(chains) as usize];
    let got =
        read_full_at(file, 0, &mut bytes).map_err(|error| JournalError::io("read", path, error))?;
    if got < bytes.len() {
        return Err(JournalError::SegmentShort {
            path: path.to_owned(),
            what: "not even its header is whole".into(),
            size: got as u64,
        });
    }
    if bytes[0..8] != MAGIC {
        return Err(JournalError::damaged(path, 0, "this is not a segment"));
    }
    let found = u32_at(&bytes, 8);
    let header = SegmentHeader::decode(&mut bytes);
    if found != FORMAT_VERSION {
        return Err(match header {
            Ok(_) => JournalError::UnknownFormat {
                path: path.to_owned(),
                found,
                known: FORMAT_VERSION,
            },
            Err(what) => JournalError::damaged(path, 0, what),
        });
    }
    let header = header.map_err(|what| JournalError::damaged(path, 0, what))?;
    if header.number != number || header.heads.len() != chains {
        let what = "the segment's number or partition count is not the log's";
        return Err(JournalError::damaged(path, 0, what));
    }
    Ok(header)
}

/// Whether a segment holds more than its header, as far as its first page tells.
pub(crate) fn has_content(storage: &dyn Storage, path: &Path) -> Result<bool, JournalError> {
    let mut fixed = [0u8; FIXED_BYTES];
    let read = storage.open(path).and_then(|file| {
        read_full_at(file.as_ref(), 0, &mut fixed)?;
        file.size()
    });
    let size = read.map_err(|error| JournalError::io("read", path, error))?;
    Ok(size > header_bytes(u32_at(&fixed, 36) as usize))
}
