//! A place in the journal with all that led to it: a batch, and where every chain stands after it. Two journals
//! with the same mark hold the same batches up to there.

use crate::segment::Head;

/// A batch with the heads of all chains after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalMark {
    batch: u64,
    heads: Vec<Head>,
}

impl JournalMark {
    pub(crate) const HEAD_BYTES: usize = 24;

    pub(crate) fn new(batch: u64, heads: &[Head]) -> JournalMark {
        JournalMark {
            batch,
            heads: heads.to_vec(),
        }
    }

    /// The batch; 0 before the first one.
    pub fn batch(&self) -> u64 {
        self.batch
    }

    pub(crate) fn chains(&self) -> usize {
        self.heads.len()
    }

    pub(crate) fn is(&self, heads: &[Head]) -> bool {
        self.heads == heads
    }

    pub(crate) fn encode_heads(&self, out: &mut Vec<u8>) {
        for head in &self.heads {
            out.extend_from_slice(&head.sequence.to_le_bytes());
            out.extend_from_slice(&head.hash.to_le_bytes());
        }
    }

    pub(crate) fn decode(batch: u64, heads: &[u8]) -> JournalMark {
        let heads = heads.chunks_exact(Self::HEAD_BYTES).map(|bytes| {
            let (mut sequence, mut hash) = ([0u8; 8], [0u8; 16]);
            sequence.copy_from_slice(&bytes[..8]);
            hash.copy_from_slice(&bytes[8..]);
            Head {
                sequence: u64::from_le_bytes(sequence),
                hash: u128::from_le_bytes(hash),
            }
        });
        JournalMark {
            batch,
            heads: heads.collect(),
        }
    }
}
