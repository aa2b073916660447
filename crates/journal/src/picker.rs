//! Single frames out of the log, at places that are known: for look-ups that must not read the whole of it.

use crate::error::JournalError;
use crate::frame::{self, FrameHeader, HEADER_BYTES, LAST_OF_BATCH, Place};
use crate::segment;
use crate::storage::{Storage, StorageFile, read_full_at};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a batch begins in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BatchPlace {
    /// Number of its segment.
    pub segment: u64,
    /// Offset of its first frame there, in octets.
    pub offset: u64,
}

/// Picks frames of whole batches. Checksums of what it reads are checked; chains are not.
pub struct FramePicker {
    storage: Arc<dyn Storage>,
    log_dir: PathBuf,
    file: Option<(u64, Box<dyn StorageFile>)>,
}

impl FramePicker {
    pub(crate) fn new(storage: Arc<dyn Storage>, log_dir: &Path) -> FramePicker {
        FramePicker {
            storage,
            log_dir: log_dir.to_owned(),
            file: None,
        }
    }

    /// The payload of the partition's frame in the batch at `place`; `None` if the batch has none.
    ///
    /// # Errors
    /// A place where no whole batch begins, and whatever reading the segment meets.
    pub fn pick(
        &mut self,
        place: BatchPlace,
        partition: u16,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        let path = segment::path(&self.log_dir, place.segment);
        let file = self.open(place.segment, &path)?;
        let mut at = place.offset;
        loop {
            let header = read_header(file, &path, place.segment, at)?;
            let total = frame::frame_bytes(header.payload_bytes as usize);
            if header.partition == partition {
                return read_payload(file, &path, at, &header, total).map(Some);
            }
            if header.flags & LAST_OF_BATCH != 0 {
                return Ok(None);
            }
            at += total as u64;
        }
    }

    fn open(&mut self, number: u64, path: &Path) -> Result<&dyn StorageFile, JournalError> {
        if self.file.as_ref().is_none_or(|(open, _)| *open != number) {
            let file = self.storage.open(path);
            let file = file.map_err(|error| JournalError::io("open", path, error))?;
            self.file = Some((number, file));
        }
        match &self.file {
            Some((_, file)) => Ok(file.as_ref()),
            None => Err(JournalError::SegmentMissing { path: path.into() }),
        }
    }
}

fn read_header(
    file: &dyn StorageFile,
    path: &Path,
    segment: u64,
    offset: u64,
) -> Result<FrameHeader, JournalError> {
    let mut bytes = [0u8; HEADER_BYTES];
    let read = read_full_at(file, offset, &mut bytes);
    let read = read.map_err(|error| JournalError::io("read", path, error))?;
    if read < HEADER_BYTES {
        return Err(JournalError::damaged(
            path,
            offset,
            "the file ends before a frame",
        ));
    }
    frame::decode_header(&bytes, Place { segment, offset })
        .map_err(|what| JournalError::damaged(path, offset, what))
}

fn read_payload(
    file: &dyn StorageFile,
    path: &Path,
    offset: u64,
    header: &FrameHeader,
    total: usize,
) -> Result<Vec<u8>, JournalError> {
    let mut bytes = vec![0u8; total];
    let read = read_full_at(file, offset, &mut bytes);
    let read = read.map_err(|error| JournalError::io("read", path, error))?;
    if read < total {
        return Err(JournalError::damaged(
            path,
            offset,
            "the file ends inside a frame",
        ));
    }
    frame::check_body(header, &bytes).map_err(|what| JournalError::damaged(path, offset, what))?;
    bytes.truncate(HEADER_BYTES + header.payload_bytes as usize);
    bytes.drain(..HEADER_BYTES);
    Ok(bytes)
}
