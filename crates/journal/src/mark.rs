//! A place in the journal with all that led to it: a batch, and where every chain stands after it. Two journals
//! with the same mark hold the same batches up to there.

use crate::segment::{HEAD_BYTES, Head};

/// A batch with the heads of all chains after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalMark {
    batch: u64,
    heads: Vec<Head>,
}

impl JournalMark {
    pub(crate) fn new(batch: u64, heads: &[Head]) -> JournalMark {
        JournalMark {
            batch,
            heads: heads.to_vec(),
        }
    }

    /// The mark of several journals together, each of which is one partition's.
    #[must_use]
    pub fn of_parts(parts: &[JournalMark]) -> JournalMark {
        let heads = parts.iter().map(|part| part.heads.last().copied());
        JournalMark {
            batch: parts.iter().map(|part| part.batch).sum(),
            heads: heads
                .map(Option::unwrap_or_default)
                .chain([Head::default()])
                .collect(),
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
            out.extend_from_slice(&head.encode());
        }
    }

    pub(crate) fn decode(batch: u64, heads: &[u8]) -> JournalMark {
        let heads = heads.chunks_exact(HEAD_BYTES).map(Head::decode);
        JournalMark {
            batch,
            heads: heads.collect(),
        }
    }
}
