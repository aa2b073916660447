//! Single frames out of the log, at places that are known: for look-ups that must not read the whole of it.

use crate::error::JournalError;
use crate::frame::{self, FrameHeader, HEADER_BYTES, LAST_OF_BATCH, Place};
use crate::segments::Segments;
use crate::storage::{StorageFile, read_full_at};
use std::path::{Path, PathBuf};

/// Where a batch begins in the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BatchPlace {
    /// Number of its segment.
    pub segment: u64,
    /// Offset of its first frame there, in octets.
    pub offset: u64,
}

struct OpenSegment {
    number: u64,
    file: Box<dyn StorageFile>,
    path: PathBuf,
}

/// Picks frames of whole batches. Checksums of what it reads are checked; chains are not.
pub struct FramePicker {
    segments: Segments,
    file: Option<OpenSegment>,
}

impl FramePicker {
    pub(crate) fn new(segments: Segments) -> FramePicker {
        FramePicker {
            segments,
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
        let (file, path) = self.open(place.segment)?;
        let mut at = place.offset;
        loop {
            let header = read_header(file, path, place.segment, at)?;
            let total = frame::frame_bytes(header.payload_bytes as usize);
            if header.partition == partition {
                return read_payload(file, path, at, &header, total).map(Some);
            }
            if header.flags & LAST_OF_BATCH != 0 {
                return Ok(None);
            }
            at += total as u64;
        }
    }

    fn open(&mut self, number: u64) -> Result<(&dyn StorageFile, &Path), JournalError> {
        if self.file.as_ref().is_none_or(|open| open.number != number) {
            let (file, path) = self.segments.open(number)?;
            self.file = Some(OpenSegment { number, file, path });
        }
        match &self.file {
            Some(open) => Ok((open.file.as_ref(), &open.path)),
            None => Err(JournalError::SegmentMissing {
                path: self.segments.path(number),
            }),
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
