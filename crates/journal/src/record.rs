//! A batch of one partition as one record of a log that somebody else keeps, such as a topic of Kafka: the same frame
//! header, hash and epoch as in the segments of the embedded log, so that loss, forks and repeats show there as well.

use crate::frame::{self, FrameHeader, HEADER_BYTES, MAX_PAYLOAD_BYTES, Place};
use crate::word::u32_at;
use std::ops::Range;

/// Octets before the control part: its length.
const CONTROL_AT: usize = HEADER_BYTES + 4;
/// Its place is the other log's affair.
const NOWHERE: Place = Place {
    segment: 0,
    offset: 0,
};

/// Why a record is not the next one of its chain.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChainError {
    /// The bytes are no whole record.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    /// It is of another partition.
    #[error("it is of partition {found}")]
    Partition {
        /// Whose it is.
        found: u16,
    },
    /// Another batch should come.
    #[error("it is batch {found} where batch {expected} should be: {}", gap(*found, *expected))]
    Batch {
        /// The batch that should come.
        expected: u64,
        /// The batch that it is.
        found: u64,
    },
    /// It was written by an older owner than the record before it.
    #[error(
        "it was written in epoch {found}, after one of epoch {newest}: an owner that was replaced went on writing"
    )]
    Epoch {
        /// Epoch of the record before it.
        newest: u32,
        /// Its epoch.
        found: u32,
    },
    /// It continues another record than the one before it.
    #[error(
        "it does not continue the record before it: two owners wrote at once, or a record was replaced"
    )]
    Fork,
    /// Longer than a frame may be.
    #[error("it would have {bytes} octets, and {MAX_PAYLOAD_BYTES} may be in one")]
    TooLarge {
        /// Octets of control part and payload.
        bytes: usize,
    },
}

fn gap(found: u64, expected: u64) -> &'static str {
    match found > expected {
        true => "records before it are lost",
        false => "it came twice, or was written by an owner that had not seen the end",
    }
}

/// Where a partition's chain of records stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordChain {
    /// The partition.
    pub partition: u16,
    /// The last batch; 0 before the first.
    pub batch: u64,
    /// Epoch of the last record; 0 before the first.
    pub epoch: u32,
    /// Hash of the last record; 0 before the first.
    pub hash: u128,
}

/// A whole record, checked.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its batch, from 1.
    pub batch: u64,
    /// Number of the ownership in which it was written, from 1.
    pub epoch: u32,
    /// Entries in the payload.
    pub count: u32,
    /// The batch's control part.
    pub control: &'a [u8],
    /// The partition's frame; empty if the batch has none.
    pub payload: &'a [u8],
}

impl RecordChain {
    /// Before the first record of a partition.
    pub fn new(partition: u16) -> RecordChain {
        RecordChain {
            partition,
            batch: 0,
            epoch: 0,
            hash: 0,
        }
    }

    /// Reads the next record of the chain and moves on.
    ///
    /// # Errors
    /// Bytes that are not the record that comes next; the chain stays where it is.
    pub fn read<'a>(&mut self, bytes: &'a [u8]) -> Result<Record<'a>, ChainError> {
        let (header, record) = decode(bytes)?;
        if header.partition != self.partition {
            let found = header.partition;
            return Err(ChainError::Partition { found });
        }
        if header.batch != self.batch + 1 {
            let (expected, found) = (self.batch + 1, header.batch);
            return Err(ChainError::Batch { expected, found });
        }
        if header.epoch < self.epoch {
            let (newest, found) = (self.epoch, header.epoch);
            return Err(ChainError::Epoch { newest, found });
        }
        if header.prev_hash != self.hash {
            return Err(ChainError::Fork);
        }
        self.batch = header.batch;
        self.epoch = header.epoch;
        self.hash = frame::hash(bytes);
        Ok(record)
    }

    /// Where a chain stands after a record, as the record itself says.
    ///
    /// # Errors
    /// Bytes that are no whole record.
    pub fn after(bytes: &[u8]) -> Result<RecordChain, ChainError> {
        let (header, _) = decode(bytes)?;
        Ok(RecordChain {
            partition: header.partition,
            batch: header.batch,
            epoch: header.epoch,
            hash: frame::hash(bytes),
        })
    }

    /// What is in a record, wherever it stands in its chain.
    ///
    /// # Errors
    /// Bytes that are no whole record.
    pub fn content(bytes: &[u8]) -> Result<Record<'_>, ChainError> {
        decode(bytes).map(|(_, record)| record)
    }

    /// Makes the next record of the chain, in the chain's epoch, and moves on. Gives its bytes, and where the payload
    /// is in them.
    ///
    /// # Errors
    /// [`ChainError::TooLarge`].
    pub fn write(
        &mut self,
        count: u32,
        control: &[u8],
        payload: &[u8],
    ) -> Result<(Vec<u8>, Range<usize>), ChainError> {
        let bytes = 4 + control.len() + payload.len();
        if bytes > MAX_PAYLOAD_BYTES {
            return Err(ChainError::TooLarge { bytes });
        }
        let mut body = Vec::with_capacity(bytes);
        body.extend_from_slice(&(control.len() as u32).to_le_bytes());
        body.extend_from_slice(control);
        body.extend_from_slice(payload);
        let header = FrameHeader {
            partition: self.partition,
            flags: 0,
            epoch: self.epoch,
            batch: self.batch + 1,
            sequence: self.batch + 1,
            count,
            prev_hash: self.hash,
            payload_bytes: 0,
            payload_crc: 0,
        };
        let mut record = Vec::with_capacity(frame::frame_bytes(bytes));
        self.hash = frame::encode(&mut record, NOWHERE, header, &body);
        self.batch += 1;
        let from = CONTROL_AT + control.len();
        Ok((record, from..from + payload.len()))
    }
}

/// Where a partition's chain stands after a record, and what is in the record.
fn decode(bytes: &[u8]) -> Result<(FrameHeader, Record<'_>), ChainError> {
    const SHORT: ChainError = ChainError::Damaged("it is shorter than a record");
    let first = bytes.first_chunk::<HEADER_BYTES>().ok_or(SHORT)?;
    let header = frame::decode_header(first, NOWHERE).map_err(ChainError::Damaged)?;
    let body_bytes = header.payload_bytes as usize;
    if bytes.len() != frame::frame_bytes(body_bytes) {
        return Err(ChainError::Damaged(
            "it has another length than its header says",
        ));
    }
    frame::check_body(&header, bytes).map_err(ChainError::Damaged)?;
    let body = &bytes[HEADER_BYTES..HEADER_BYTES + body_bytes];
    let (length, rest) = body.split_first_chunk::<4>().ok_or(SHORT)?;
    let control_bytes = u32_at(length, 0) as usize;
    let (control, payload) = rest
        .split_at_checked(control_bytes)
        .ok_or(ChainError::Damaged("its control part ends after it"))?;
    let record = Record {
        batch: header.batch,
        epoch: header.epoch,
        count: header.count,
        control,
        payload,
    };
    Ok((header, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<Vec<u8>> {
        let mut chain = RecordChain {
            epoch: 1,
            ..RecordChain::new(5)
        };
        (1..=3u8)
            .map(|n| {
                let payload = vec![n; usize::from(n) * 70];
                let (bytes, range) = chain.write(n.into(), &[n; 9], &payload).unwrap();
                assert_eq!(bytes[range], payload[..]);
                bytes
            })
            .collect()
    }

    #[test]
    fn what_is_written_is_read_in_order() {
        let mut chain = RecordChain::new(5);
        for (n, bytes) in (1u8..).zip(three()) {
            let record = chain.read(&bytes).unwrap();
            assert_eq!(
                (record.batch, record.epoch, record.count),
                (n.into(), 1, n.into())
            );
            assert_eq!(
                (record.control, record.payload.len()),
                (&[n; 9][..], usize::from(n) * 70)
            );
            assert_eq!(RecordChain::after(&bytes), Ok(chain));
        }
    }

    #[test]
    fn loss_repeats_forks_and_old_owners_show() {
        let records = three();
        let read = |picked: &[&[u8]]| {
            let mut chain = RecordChain::new(5);
            let results: Vec<_> = picked
                .iter()
                .map(|bytes| chain.read(bytes).map(|_| ()))
                .collect();
            results.into_iter().find_map(Result::err)
        };
        let [one, two, three] = [&records[0][..], &records[1], &records[2]];
        assert_eq!(read(&[one, two, three]), None);
        let lost = ChainError::Batch {
            expected: 2,
            found: 3,
        };
        assert_eq!(read(&[one, three]), Some(lost));
        let twice = ChainError::Batch {
            expected: 3,
            found: 2,
        };
        assert_eq!(read(&[one, two, two]), Some(twice));

        let mut other = RecordChain {
            epoch: 1,
            ..RecordChain::after(one).unwrap()
        };
        let (fork, _) = other.write(0, b"other", b"").unwrap();
        let (after_fork, _) = other.write(0, b"", b"").unwrap();
        assert_eq!(read(&[one, &fork, &after_fork]), None, "a chain of its own");
        assert_eq!(read(&[one, two, &after_fork]), Some(ChainError::Fork));

        let mut newer = RecordChain {
            epoch: 9,
            ..RecordChain::after(one).unwrap()
        };
        let (of_nine, _) = newer.write(0, b"", b"").unwrap();
        newer.epoch = 1;
        let (stale, _) = newer.write(0, b"", b"").unwrap();
        let old = ChainError::Epoch {
            newest: 9,
            found: 1,
        };
        assert_eq!(read(&[one, &of_nine, &stale]), Some(old));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_shows() {
        let record = &three()[0];
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                RecordChain::new(5).read(&flipped).is_err(),
                "bit {bit} went unseen"
            );
        }
        for length in 0..record.len() {
            assert!(RecordChain::new(5).read(&record[..length]).is_err());
        }
    }
}
