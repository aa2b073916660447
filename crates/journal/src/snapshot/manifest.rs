//! The manifest of a snapshot: fixed places, little-endian, one checksum over all of it.

use super::{PARTS_HEAD_BYTES, Part, Versions};
use crate::frame::MAX_PAYLOAD_BYTES;
use crate::mark::JournalMark;
use crate::segment::HEAD_BYTES;
use crate::word::{u32_at, u64_at};

const FORMAT_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"UMBRALSM";
const FIXED_BYTES: usize = 64;
const PART_BYTES: usize = 32;

/// The manifest's content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Manifest {
    pub(super) number: u64,
    pub(super) versions: Versions,
    pub(super) parts_bytes: u64,
    pub(super) mark: JournalMark,
    pub(super) parts: Vec<Part>,
}

impl Manifest {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0u8; FIXED_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.number.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.versions.logic.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.versions.layout.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.parts_bytes.to_le_bytes());
        bytes[40..44].copy_from_slice(&(self.mark.chains() as u32).to_le_bytes());
        bytes[44..48].copy_from_slice(&(self.parts.len() as u32).to_le_bytes());
        bytes[48..56].copy_from_slice(&self.mark.batch().to_le_bytes());
        self.mark.encode_heads(&mut bytes);
        for part in &self.parts {
            bytes.extend_from_slice(&[part.kind, 0]);
            bytes.extend_from_slice(&part.partition.to_le_bytes());
            bytes.extend_from_slice(&part.items.to_le_bytes());
            bytes.extend_from_slice(&part.as_of.to_le_bytes());
            bytes.extend_from_slice(&part.offset.to_le_bytes());
            bytes.extend_from_slice(&part.length.to_le_bytes());
            bytes.extend_from_slice(&part.crc.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a manifest; what is wrong with it otherwise.
    pub(super) fn decode(mut bytes: Vec<u8>) -> Result<Manifest, String> {
        if bytes.len() < FIXED_BYTES || bytes[0..8] != MAGIC {
            return Err("this is no manifest of a snapshot".to_owned());
        }
        let stored_crc = u32_at(&bytes, 12);
        bytes[12..16].fill(0);
        if crc32c::crc32c(&bytes) != stored_crc {
            return Err("it does not match its checksum".to_owned());
        }
        let format = u32_at(&bytes, 8);
        if format != FORMAT_VERSION {
            return Err(format!(
                "it has format {format}, this program reads {FORMAT_VERSION}"
            ));
        }
        let (chains, count) = (u32_at(&bytes, 40) as usize, u32_at(&bytes, 44) as usize);
        let (heads, parts) = bytes[FIXED_BYTES..]
            .split_at_checked(chains.saturating_mul(HEAD_BYTES))
            .filter(|(_, parts)| parts.len() == count.saturating_mul(PART_BYTES))
            .ok_or("its length is not what it says")?;
        let manifest = Manifest {
            number: u64_at(&bytes, 16),
            versions: Versions {
                logic: u32_at(&bytes, 24),
                layout: u32_at(&bytes, 28),
            },
            parts_bytes: u64_at(&bytes, 32),
            mark: JournalMark::decode(u64_at(&bytes, 48), heads),
            parts: parts.chunks_exact(PART_BYTES).map(part).collect(),
        };
        manifest.check()?;
        Ok(manifest)
    }

    /// The parts lie one after the other and fill their file.
    fn check(&self) -> Result<(), String> {
        let mut at = PARTS_HEAD_BYTES;
        for part in &self.parts {
            if part.offset != at || part.bytes() > MAX_PAYLOAD_BYTES {
                return Err("its parts do not follow each other".to_owned());
            }
            at += u64::from(part.length);
        }
        if at != self.parts_bytes || self.mark.batch() < self.number {
            return Err("it contradicts itself".to_owned());
        }
        Ok(())
    }
}

fn part(bytes: &[u8]) -> Part {
    Part {
        kind: bytes[0],
        partition: u16::from_le_bytes([bytes[2], bytes[3]]),
        items: u32_at(bytes, 4),
        as_of: u64_at(bytes, 8),
        offset: u64_at(bytes, 16),
        length: u32_at(bytes, 24),
        crc: u32_at(bytes, 28),
    }
}
