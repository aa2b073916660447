//! A lane as bytes, so that a new owner does not begin with the first record of the journal.
//!
//! Between two batches all of a lane stands still, so its snapshot is exact: rows, directory, catalogs and zones, places
//! of batches, sources, and the chain's head, which the journal must have at the snapshot's offset. Each part has its
//! length and CRC-32C.

use super::{Lane, LaneState};
use crate::fold::WorldFold;
use crate::index::BatchIndex;
use crate::snapshot::parts::{COMMIT, DIRECTORY, INDEX, ROWS, WORLD, read_places, write_places};
use crate::worker::Worker;
use std::sync::Arc;
use umbral_engine::{Portion, STATE_LAYOUT};
use umbral_intake::directory::{Directory, DirectoryCopy};
use umbral_journal::RecordChain;
use umbral_model::ids::PartitionNo;
use umbral_model::journal::{Commit, LOGIC_VERSION};
use umbral_wire::frame;

const MAGIC: [u8; 8] = *b"UMBRALLN";
/// Of the layout of the bytes around the parts.
const FORMAT: u32 = 1;
const HEAD_BYTES: usize = 64;
const PART_HEAD_BYTES: usize = 16;
/// The last part; it says how many there are before it.
const END: u8 = 0;
/// Members in one part of the directory.
const MEMBERS: usize = 4_096;
const PORTION: Portion = Portion {
    rows: 8_192,
    bytes: 4 << 20,
};

/// Why a snapshot of a lane is of no use. The journal has everything that was in it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct LaneSnapshotError(String);

fn bad(what: impl Into<String>) -> LaneSnapshotError {
    LaneSnapshotError(what.into())
}

impl Lane {
    /// Writes the lane as it is after the last record that was given out; that record lies, or will lie, at `offset` of
    /// the journal.
    pub fn write_snapshot(&self, offset: u64) -> Vec<u8> {
        let stations = self.sequencer.lines_ref();
        let mut writer = Parts::begin(stations.chain(), stations.partitions(), offset);
        let mut bytes = Vec::new();
        if let Some((_, rows)) = stations.worker().owned(0) {
            let mut from = 0;
            loop {
                bytes.clear();
                let next = rows.write_rows(from, &PORTION, &mut bytes);
                if next == from {
                    break;
                }
                writer.put(ROWS, next - from, &bytes);
                from = next;
            }
        }
        bytes.clear();
        let mut directory = DirectoryCopy::begin(self.sequencer.directory());
        while let Some(items) = directory.next_piece(MEMBERS, &mut bytes) {
            writer.put(DIRECTORY, items, &bytes);
            bytes.clear();
        }
        for record in self.world.records() {
            bytes.clear();
            frame::encode_commit(record, &mut bytes);
            writer.put(WORLD, 1, &bytes);
        }
        for stretch in self.sequencer.index().stretches() {
            bytes.clear();
            write_places(stretch, &mut bytes);
            writer.put(INDEX, stretch.len(), &bytes);
        }
        let sources = self.sequencer.all_sources();
        let commit = Commit {
            sources,
            ..self.last().clone()
        };
        bytes.clear();
        frame::encode_commit(&commit, &mut bytes);
        writer.put(COMMIT, 1, &bytes);
        writer.finish()
    }
}

/// Writes the parts one after the other.
struct Parts {
    bytes: Vec<u8>,
    count: u32,
}

impl Parts {
    fn begin(chain: RecordChain, partitions: u16, offset: u64) -> Parts {
        let mut bytes = Vec::with_capacity(1 << 16);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&LOGIC_VERSION.to_le_bytes());
        bytes.extend_from_slice(&STATE_LAYOUT.to_le_bytes());
        bytes.extend_from_slice(&chain.partition.to_le_bytes());
        bytes.extend_from_slice(&partitions.to_le_bytes());
        bytes.extend_from_slice(&offset.to_le_bytes());
        bytes.extend_from_slice(&chain.batch.to_le_bytes());
        bytes.extend_from_slice(&chain.hash.to_le_bytes());
        bytes.extend_from_slice(&chain.epoch.to_le_bytes());
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        debug_assert_eq!(bytes.len(), HEAD_BYTES);
        Parts { bytes, count: 0 }
    }

    fn put(&mut self, kind: u8, items: usize, content: &[u8]) {
        self.count += 1;
        let begin = self.bytes.len();
        for word in [u32::from(kind), items as u32, content.len() as u32] {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        let crc = part_crc(&self.bytes[begin..], content);
        self.bytes.extend_from_slice(&crc.to_le_bytes());
        self.bytes.extend_from_slice(content);
    }

    fn finish(mut self) -> Vec<u8> {
        let parts = self.count;
        self.put(END, parts as usize, &[]);
        self.bytes
    }
}

/// Of a part: kind, items and length, and the content.
fn part_crc(head: &[u8], content: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(head), content)
}

/// Reads the parts of a snapshot; checks each.
struct PartReader<'a> {
    rest: &'a [u8],
    count: usize,
}

struct Part<'a> {
    kind: u8,
    items: usize,
    content: &'a [u8],
}

impl<'a> PartReader<'a> {
    fn next(&mut self) -> Result<Option<Part<'a>>, LaneSnapshotError> {
        let cut = || bad("it ends before its end");
        let (head, rest) = self
            .rest
            .split_first_chunk::<PART_HEAD_BYTES>()
            .ok_or_else(cut)?;
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (content, rest) = rest.split_at_checked(word(8) as usize).ok_or_else(cut)?;
        if part_crc(&head[..12], content) != word(12) {
            return Err(bad("a part does not match its checksum"));
        }
        self.rest = rest;
        let (kind, items) = (word(0) as u8, word(4) as usize);
        if kind == END {
            let whole = items == self.count && rest.is_empty();
            return whole
                .then_some(None)
                .ok_or_else(|| bad("parts are missing"));
        }
        self.count += 1;
        Ok(Some(Part {
            kind,
            items,
            content,
        }))
    }
}

impl LaneState {
    /// Reads what [`Lane::write_snapshot`] wrote of this partition; gives the state and the offset of the last record
    /// that is in it. Whether the journal holds that record is for the caller to see.
    ///
    /// # Errors
    /// Bytes that are not whole, of another partition, or of another version.
    pub fn read_snapshot(
        bytes: &[u8],
        partition: PartitionNo,
        partitions: u16,
    ) -> Result<(LaneState, u64), LaneSnapshotError> {
        let (chain, offset, rest) = read_head(bytes, partition, partitions)?;
        let mut state = LaneState::new(partition, partitions);
        state.chain = chain;
        let directory = Directory::new();
        let (mut index, mut world, mut last) = (BatchIndex::default(), WorldFold::new(), None);
        let mut parts = PartReader { rest, count: 0 };
        while let Some(part) = parts.next()? {
            match part.kind {
                ROWS => read_rows(&mut state.worker, partition, &part, chain.batch)?,
                DIRECTORY => {
                    let held = directory
                        .read_members(part.content)
                        .map_err(|error| bad(error.to_string()))?;
                    directory.put_all(held);
                }
                INDEX => index.extend(
                    read_places(part.content).ok_or_else(|| bad("its index is not whole"))?,
                ),
                WORLD => world
                    .follow(&read_commit(part.content)?)
                    .map_err(|error| bad(error.to_string()))?,
                COMMIT => last = Some(read_commit(part.content)?),
                kind => return Err(bad(format!("it has a part of kind {kind}"))),
            }
        }
        let last = last.ok_or_else(|| bad("it does not say where it ends"))?;
        if last.batch != chain.batch || index.len() as u64 != last.batch {
            return Err(bad("its index does not reach to its end"));
        }
        crate::recover::note_sources(&mut state.sources, &last);
        state.last = crate::recover::end_of(&last);
        state.directory = Arc::new(directory);
        (state.index, state.world) = (index, world);
        Ok((state, offset))
    }
}

fn read_head(
    bytes: &[u8],
    partition: PartitionNo,
    partitions: u16,
) -> Result<(RecordChain, u64, &[u8]), LaneSnapshotError> {
    let (head, rest) = bytes
        .split_first_chunk::<HEAD_BYTES>()
        .ok_or_else(|| bad("it is shorter than a snapshot"))?;
    let (body, crc) = head.split_at(HEAD_BYTES - 4);
    if body[..8] != MAGIC || crc != crc32c::crc32c(body).to_le_bytes() {
        return Err(bad("it does not begin as a snapshot does"));
    }
    let mut at = 8;
    let mut take = |bytes: usize| {
        let mut wide = [0u8; 16];
        wide[..bytes].copy_from_slice(&body[at..at + bytes]);
        at += bytes;
        u128::from_le_bytes(wide)
    };
    let versions = (take(4), take(4), take(4));
    let ours = (
        u128::from(FORMAT),
        u128::from(LOGIC_VERSION),
        u128::from(STATE_LAYOUT),
    );
    if versions != ours {
        return Err(bad("it was written by another version"));
    }
    let of = (take(2), take(2));
    if of != (u128::from(partition.0), u128::from(partitions)) {
        return Err(bad("it is of another partition"));
    }
    let offset = take(8) as u64;
    let chain = RecordChain {
        partition: partition.0,
        batch: take(8) as u64,
        hash: take(16),
        epoch: take(4) as u32,
    };
    Ok((chain, offset, rest))
}

fn read_rows(
    worker: &mut Worker,
    partition: PartitionNo,
    part: &Part<'_>,
    as_of: u64,
) -> Result<(), LaneSnapshotError> {
    let rows = worker
        .partition_mut(partition)
        .read_rows(part.content, as_of)
        .map_err(|error| bad(error.to_string()))?;
    match rows == part.items {
        true => Ok(()),
        false => Err(bad("a part has other rows than it says")),
    }
}

fn read_commit(bytes: &[u8]) -> Result<Commit, LaneSnapshotError> {
    frame::decode_commit(bytes).map_err(|error| bad(error.to_string()))
}
