//! The bytes of one frame: a header of 64 octets, the payload, padding, an end mark.
//!
//! Frames begin at multiples of 64, so a header never crosses a page; it has a checksum of its own, so
//! the length can be trusted before the payload is. The end mark makes sure that no page of a whole frame
//! is zero at its end: a page that is, was never written.

use crate::word::{u32_at, u64_at, u128_at};
use xxhash_rust::xxh3::xxh3_128;

/// Octets of a frame's header; also the alignment of frames.
pub(crate) const HEADER_BYTES: usize = 64;
/// Largest payload of one frame, in octets.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 28;
/// Largest batch, in octets with headers and padding.
pub const MAX_BATCH_BYTES: usize = 1 << 29;
/// What a disk writes wholly or not at all.
pub(crate) const PAGE_BYTES: usize = 4096;

const MAGIC: [u8; 4] = *b"UMFR";
const END_MARK: u8 = 0xa5;

/// Last frame of its batch; only control frames carry it.
pub(crate) const LAST_OF_BATCH: u16 = 1;
/// The payload holds a whole page of zeros by nature, so a zero page inside is no sign of a torn write.
pub(crate) const ZERO_PAGE: u16 = 2;
const KNOWN_FLAGS: u16 = LAST_OF_BATCH | ZERO_PAGE;

/// What is to be journaled for one partition in one batch.
#[derive(Clone, Copy, Debug)]
pub struct FrameToAppend<'a> {
    /// The partition, below the partition count.
    pub partition: u16,
    /// Entries in the payload.
    pub count: u32,
    /// The entries, encoded.
    pub payload: &'a [u8],
}

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The partition; the partition count itself for the control frame.
    pub partition: u16,
    /// Flags of the format.
    pub flags: u16,
    /// Number of the writer's opening of the log, from 1.
    pub epoch: u32,
    /// Number of the batch, from 1.
    pub batch: u64,
    /// Number of the frame in its partition, from 1.
    pub sequence: u64,
    /// Entries in the payload.
    pub count: u32,
    /// XXH3-128 of the partition's previous frame; 0 for the first.
    pub prev_hash: u128,
    /// Octets of the payload.
    pub payload_bytes: u32,
    /// CRC-32C of the payload.
    pub payload_crc: u32,
}

/// Where a frame stands. It enters the header's checksum, so that a frame at a wrong place, or a copy of one
/// inside a payload, is never taken for a frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// Octets that a frame with this payload takes.
pub(crate) fn frame_bytes(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes + 1).next_multiple_of(HEADER_BYTES)
}

/// Appends a frame to `buffer`, which starts at a multiple of 64 of its file; returns the frame's hash.
///
/// `payload_crc` and `payload_bytes` of `header` are filled in here.
pub(crate) fn encode(
    buffer: &mut Vec<u8>,
    place: Place,
    mut header: FrameHeader,
    payload: &[u8],
) -> u128 {
    debug_assert!(place.offset.is_multiple_of(HEADER_BYTES as u64));
    debug_assert!(payload.len() <= MAX_PAYLOAD_BYTES);
    let start = buffer.len();
    let total = frame_bytes(payload.len());
    header.payload_bytes = payload.len() as u32;
    header.payload_crc = crc32c::crc32c(payload);
    if has_zero_page(payload, place.offset + HEADER_BYTES as u64) {
        header.flags |= ZERO_PAGE;
    }
    buffer.extend_from_slice(&header_bytes(&header, place));
    buffer.extend_from_slice(payload);
    buffer.resize(start + total - 1, 0);
    buffer.push(END_MARK);
    debug_assert_eq!(buffer.len(), start + total);
    hash(&buffer[start..])
}

/// The chain hash of a whole frame. Magic and header checksum stay out of it: they depend on the place.
pub(crate) fn hash(frame: &[u8]) -> u128 {
    xxh3_128(&frame[8..])
}

fn header_bytes(header: &FrameHeader, place: Place) -> [u8; HEADER_BYTES] {
    let mut bytes = [0u8; HEADER_BYTES];
    bytes[0..4].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&header.payload_bytes.to_le_bytes());
    bytes[12..16].copy_from_slice(&header.payload_crc.to_le_bytes());
    bytes[16..20].copy_from_slice(&header.epoch.to_le_bytes());
    bytes[20..22].copy_from_slice(&header.partition.to_le_bytes());
    bytes[22..24].copy_from_slice(&header.flags.to_le_bytes());
    bytes[24..32].copy_from_slice(&header.batch.to_le_bytes());
    bytes[32..40].copy_from_slice(&header.sequence.to_le_bytes());
    bytes[40..44].copy_from_slice(&header.count.to_le_bytes());
    // 44..48 are reserved.
    bytes[48..64].copy_from_slice(&header.prev_hash.to_le_bytes());
    let crc = header_crc(&bytes, place);
    bytes[4..8].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn header_crc(bytes: &[u8; HEADER_BYTES], place: Place) -> u32 {
    let mut seed = [0u8; 16];
    seed[..8].copy_from_slice(&place.segment.to_le_bytes());
    seed[8..].copy_from_slice(&place.offset.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c(&seed), &bytes[8..])
}

/// Reads a header; says what is wrong if it is none.
pub(crate) fn decode_header(
    bytes: &[u8; HEADER_BYTES],
    place: Place,
) -> Result<FrameHeader, &'static str> {
    if bytes[0..4] != MAGIC {
        return Err("no frame begins here");
    }
    if bytes[4..8] != header_crc(bytes, place).to_le_bytes() {
        return Err("the frame's header does not match its checksum");
    }
    let header = FrameHeader {
        payload_bytes: u32_at(bytes, 8),
        payload_crc: u32_at(bytes, 12),
        epoch: u32_at(bytes, 16),
        partition: u16::from_le_bytes([bytes[20], bytes[21]]),
        flags: u16::from_le_bytes([bytes[22], bytes[23]]),
        batch: u64_at(bytes, 24),
        sequence: u64_at(bytes, 32),
        count: u32_at(bytes, 40),
        prev_hash: u128_at(bytes, 48),
    };
    if header.flags & !KNOWN_FLAGS != 0 || u32_at(bytes, 44) != 0 {
        return Err("the frame's header has fields that this version does not know");
    }
    if header.payload_bytes as usize > MAX_PAYLOAD_BYTES {
        return Err("the frame is longer than any frame can be");
    }
    Ok(header)
}

/// Whether a whole frame's bytes agree with its header.
pub(crate) fn check_body(header: &FrameHeader, frame: &[u8]) -> Result<(), &'static str> {
    debug_assert_eq!(frame.len(), frame_bytes(header.payload_bytes as usize));
    let payload_end = HEADER_BYTES + header.payload_bytes as usize;
    let mark = frame.len() - 1;
    if crc32c::crc32c(&frame[HEADER_BYTES..payload_end]) != header.payload_crc {
        return Err("the frame's payload does not match its checksum");
    }
    if frame[payload_end..mark].iter().any(|byte| *byte != 0) || frame[mark] != END_MARK {
        return Err("the frame's end is not as it was written");
    }
    Ok(())
}

/// Whether a page's share of the frame is zero although a written frame has something there: the sign of
/// a write that never reached the disk. `offset` is the frame's place in the file.
pub(crate) fn page_missing(header: &FrameHeader, frame: &[u8], offset: u64) -> bool {
    let mut from = 0;
    while from < frame.len() {
        let in_page = (offset as usize + from) % PAGE_BYTES;
        let to = frame.len().min(from + PAGE_BYTES - in_page);
        let natural = header.flags & ZERO_PAGE != 0 && to - from == PAGE_BYTES;
        if !natural && is_zero(&frame[from..to]) {
            return true;
        }
        from = to;
    }
    false
}

/// Whether a frame's end mark is still zero, as a write that stopped before it leaves it. No flipped bit
/// does that.
pub(crate) fn end_missing(frame: &[u8]) -> bool {
    frame[frame.len() - 1] == 0
}

fn has_zero_page(payload: &[u8], offset: u64) -> bool {
    let first = (PAGE_BYTES - offset as usize % PAGE_BYTES) % PAGE_BYTES;
    payload
        .get(first..)
        .is_some_and(|rest| rest.chunks_exact(PAGE_BYTES).any(is_zero))
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<16>();
    rest.iter().all(|byte| *byte == 0) && words.iter().all(|word| u128::from_ne_bytes(*word) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> FrameHeader {
        FrameHeader {
            partition: 7,
            flags: 0,
            epoch: 3,
            batch: 11,
            sequence: 5,
            count: 2,
            prev_hash: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10,
            payload_bytes: 0,
            payload_crc: 0,
        }
    }

    const PLACE: Place = Place {
        segment: 1,
        offset: 4096,
    };

    fn first_64(frame: &[u8]) -> &[u8; HEADER_BYTES] {
        frame[..HEADER_BYTES].try_into().unwrap()
    }

    #[test]
    fn round_trip_of_every_length_around_the_alignment() {
        for length in (0..200).chain([4095, 4096, 4097]) {
            let payload = vec![0xabu8; length];
            let mut frame = Vec::new();
            let chained = encode(&mut frame, PLACE, header(), &payload);
            let read = decode_header(first_64(&frame), PLACE).unwrap();
            assert_eq!(read.payload_bytes as usize, length);
            assert_eq!((read.partition, read.sequence, read.count), (7, 5, 2));
            assert_eq!(read.prev_hash, header().prev_hash);
            assert_eq!(check_body(&read, &frame), Ok(()));
            assert_eq!(chained, hash(&frame));
            assert!(!page_missing(&read, &frame, PLACE.offset));
        }
    }

    #[test]
    fn every_flipped_bit_of_a_frame_shows() {
        let mut frame = Vec::new();
        encode(&mut frame, PLACE, header(), b"some payload of a frame");
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let seen = decode_header(first_64(&flipped), PLACE)
                .and_then(|header| check_body(&header, &flipped));
            assert!(seen.is_err(), "bit {bit} went unseen");
        }
    }

    #[test]
    fn a_frame_at_another_place_is_none() {
        let mut frame = Vec::new();
        encode(&mut frame, PLACE, header(), b"x");
        let elsewhere = Place {
            segment: 1,
            offset: 4160,
        };
        assert!(decode_header(first_64(&frame), elsewhere).is_err());
    }

    #[test]
    fn missing_pages_are_told_from_natural_zeros() {
        let mut payload = vec![1u8; 20_000];
        let mut frame = Vec::new();
        encode(&mut frame, PLACE, header(), &payload);
        let plain = decode_header(first_64(&frame), PLACE).unwrap();
        frame[8192..12288].fill(0);
        assert!(page_missing(&plain, &frame, PLACE.offset));

        payload[8128..12224].fill(0);
        frame.clear();
        encode(&mut frame, PLACE, header(), &payload);
        let natural = decode_header(first_64(&frame), PLACE).unwrap();
        assert_ne!(natural.flags & ZERO_PAGE, 0);
        frame[100] ^= 1;
        assert!(!page_missing(&natural, &frame, PLACE.offset));
        let last_page = frame.len() - frame.len() % PAGE_BYTES;
        frame[last_page..].fill(0);
        assert!(page_missing(&natural, &frame, PLACE.offset));
    }
}
