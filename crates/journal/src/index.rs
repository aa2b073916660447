//! `log/NUMBER.index`: where in a sealed segment what stands, for readers that need little of it. What its keys mean
//! is not known here. An index is never the truth: one that is missing or damaged is made again, and a reader
//! without one reads the whole segment.

use crate::datadir::DataDir;
use crate::error::JournalError;
use crate::manifest::Manifest;
use crate::picker::BatchPlace;
use crate::reader::{Batch, Reader};
use crate::storage::{read_file, replace_file};
use crate::word::{u32_at, u64_at};
use std::path::PathBuf;

const MAGIC: [u8; 8] = *b"UMBRALIX";
const FORMAT_VERSION: u32 = 1;
const HEADER_BYTES: usize = 48;
const BATCH_BYTES: usize = 24;
const KEY_BYTES: usize = 8;

/// What is noted of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchNote {
    /// Whoever looks for anything needs it.
    pub for_all: bool,
    /// The time at its end, in whatever unit.
    pub time: i64,
    /// Hashes of what can be found in it; repeats do no harm.
    pub keys: Vec<u32>,
}

/// The index of a sealed segment.
#[derive(Debug)]
pub struct SegmentIndex {
    segment: u64,
    first_batch: u64,
    batches: usize,
    bytes: Vec<u8>,
}

impl SegmentIndex {
    /// Number of the batch after the segment's last one.
    pub fn next_batch(&self) -> u64 {
        self.first_batch + self.batches as u64
    }

    /// The batch's time.
    pub fn time(&self, batch: u64) -> Option<i64> {
        let at = self.batch_at(batch)?;
        Some(u64_at(&self.bytes, at + 8) as i64)
    }

    /// Batches in which a key may occur, and those that everybody needs, ascending.
    pub fn find(&self, key: u32) -> Vec<(u64, BatchPlace)> {
        let keys = &self.bytes[HEADER_BYTES + self.batches * BATCH_BYTES..];
        let count = keys.len() / KEY_BYTES;
        let key_of = |index: usize| u32_at(keys, index * KEY_BYTES);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            match key_of(middle) < key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        let own = (low..count).take_while(|index| key_of(*index) == key);
        let own = own.map(|index| u32_at(keys, index * KEY_BYTES + 4) as usize);
        let mut found: Vec<usize> = own.chain(self.for_all()).collect();
        found.sort_unstable();
        found.dedup();
        let place = |batch: usize| {
            let number = self.first_batch + batch as u64;
            let at = self.batch_at(number)?;
            let place = BatchPlace {
                segment: self.segment,
                offset: u64_at(&self.bytes, at),
            };
            Some((number, place))
        };
        found.into_iter().filter_map(place).collect()
    }

    fn for_all(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.batches).filter(|batch| {
            let at = HEADER_BYTES + batch * BATCH_BYTES;
            u32_at(&self.bytes, at + 16) != 0
        })
    }

    fn batch_at(&self, batch: u64) -> Option<usize> {
        let index = usize::try_from(batch.checked_sub(self.first_batch)?).ok()?;
        (index < self.batches).then_some(HEADER_BYTES + index * BATCH_BYTES)
    }

    /// Checks all of an index of this segment; none if it is not whole.
    fn decode(mut bytes: Vec<u8>, segment: u64, segment_bytes: u64) -> Option<SegmentIndex> {
        if bytes.len() < HEADER_BYTES || bytes[..8] != MAGIC || u32_at(&bytes, 8) != FORMAT_VERSION
        {
            return None;
        }
        let crc = u32_at(&bytes, 12);
        bytes[12..16].fill(0);
        let batches = u32_at(&bytes, 40) as usize;
        let keys = u32_at(&bytes, 44) as usize;
        let expected = HEADER_BYTES + batches * BATCH_BYTES + keys * KEY_BYTES;
        let is_whole = crc32c::crc32c(&bytes) == crc
            && bytes.len() == expected
            && u64_at(&bytes, 16) == segment
            && u64_at(&bytes, 32) == segment_bytes;
        is_whole.then(|| SegmentIndex {
            segment,
            first_batch: u64_at(&bytes, 24),
            batches,
            bytes,
        })
    }
}

/// An index in the making.
#[derive(Default)]
struct Making {
    batches: Vec<u8>,
    keys: Vec<u64>,
}

impl Making {
    fn add(&mut self, place: BatchPlace, note: &BatchNote) {
        let ordinal = (self.batches.len() / BATCH_BYTES) as u64;
        self.batches.extend_from_slice(&place.offset.to_le_bytes());
        self.batches.extend_from_slice(&note.time.to_le_bytes());
        self.batches
            .extend_from_slice(&u32::from(note.for_all).to_le_bytes());
        self.batches.extend_from_slice(&[0; 4]);
        let first = self.keys.len();
        let keys = note.keys.iter().map(|key| u64::from(*key) << 32 | ordinal);
        self.keys.extend(keys);
        // Repeats of one batch go at once: most of them are.
        self.keys[first..].sort_unstable();
        let mut kept = first;
        for at in first..self.keys.len() {
            if at == first || self.keys[at] != self.keys[kept - 1] {
                self.keys[kept] = self.keys[at];
                kept += 1;
            }
        }
        self.keys.truncate(kept);
    }

    fn encode(mut self, segment: u64, first_batch: u64, segment_bytes: u64) -> Vec<u8> {
        self.keys.sort_unstable();
        let batches = (self.batches.len() / BATCH_BYTES) as u32;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.batches.len() + 8 * self.keys.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&segment.to_le_bytes());
        bytes.extend_from_slice(&first_batch.to_le_bytes());
        bytes.extend_from_slice(&segment_bytes.to_le_bytes());
        bytes.extend_from_slice(&batches.to_le_bytes());
        bytes.extend_from_slice(&(self.keys.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.batches);
        for key in &self.keys {
            bytes.extend_from_slice(&((key >> 32) as u32).to_le_bytes());
            bytes.extend_from_slice(&(*key as u32).to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

impl DataDir {
    /// Numbers of the sealed segments, ascending; needs no lock.
    ///
    /// # Errors
    /// A manifest that cannot be read.
    pub fn sealed_segments(&self) -> Result<Vec<u64>, JournalError> {
        let mut manifest = self.manifest()?;
        manifest.segments.pop();
        Ok(manifest.segments.iter().map(|one| one.number).collect())
    }

    /// The index of a sealed segment; none if it is missing or damaged.
    pub fn segment_index(&self, number: u64) -> Option<SegmentIndex> {
        let bytes = read_file(self.segments().storage(), &self.index_path(number)).ok()?;
        let manifest = self.manifest().ok()?;
        let entry = manifest.segments.iter().find(|one| one.number == number)?;
        SegmentIndex::decode(bytes, number, entry.bytes)
    }

    /// Makes the index of a sealed segment whose file is in the log, from what `note` says of each batch; says
    /// whether it was made. `note` gives none to end it.
    ///
    /// # Errors
    /// Damage in the segment, or what the file system says.
    pub fn make_index(
        &self,
        number: u64,
        note: &mut dyn FnMut(&Batch<'_>) -> Option<BatchNote>,
    ) -> Result<bool, JournalError> {
        let (segments, manifest) = (self.segments(), self.manifest()?);
        let sealed = manifest.segments.split_last().map(|(_, sealed)| sealed);
        let entry = sealed.and_then(|sealed| sealed.iter().find(|one| one.number == number));
        let (Some(entry), Some(_)) = (entry, segments.open_local(number)?) else {
            return Ok(false);
        };
        let mut reader = Reader::at_segment(segments.clone(), self.chains(), number)?;
        let mut making = Making::default();
        while let Some(batch) = reader.next_batch()? {
            if batch.place().segment != number {
                break;
            }
            let Some(note) = note(&batch) else {
                return Ok(false);
            };
            making.add(batch.place(), &note);
        }
        let path = self.index_path(number);
        let bytes = making.encode(number, entry.first_batch, entry.bytes);
        replace_file(segments.storage(), &path, &bytes)
            .map_err(|error| JournalError::io("write", &path, error))?;
        Ok(true)
    }

    fn manifest(&self) -> Result<Manifest, JournalError> {
        let segments = self.segments();
        Manifest::read(segments.storage(), segments.log_dir(), self.chains())
    }

    fn index_path(&self, number: u64) -> PathBuf {
        self.log_dir().join(format!("{number:010}.index"))
    }
}
