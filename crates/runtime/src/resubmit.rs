//! Records of the quarantine, taken up again: under their own key, with their original bytes, resolved anew
//! and checked for repeats like any other. The journal says which entries were taken up, so that none is
//! listed twice: what is refused again stands there in place of the old entry.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::ingest::{CHUNK_BYTES, CHUNK_RECORDS};
use crate::message::{Chunk, Original, Receipt, Record};
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_model::input::Incoming;

/// A quarantined record on its way back.
#[derive(Clone, Debug)]
pub struct Resubmission {
    /// Position of the quarantined entry.
    pub position: u64,
    /// What it says, read from its bytes again.
    pub incoming: Incoming,
    /// The record as it came in.
    pub original: Vec<u8>,
    /// What the bytes are: `json`, `protobuf`, `csv`, `fixed`.
    pub format: SmolStr,
}

/// Takes records up again, in the order given; with `forced`, also those that are older than their window
/// or beyond the clock. Gives what came of each, in order, once it is durable.
pub(crate) fn resubmit(
    engine: &Engine,
    records: Vec<Resubmission>,
    forced: bool,
) -> Result<Vec<Receipt>, EngineError> {
    let mut receipts = Vec::with_capacity(records.len());
    let mut rest = records.into_iter().peekable();
    while let Some(first) = rest.next() {
        let format = first.format.clone();
        let mut chunk = Gathering::default();
        chunk.add(first, forced);
        while !chunk.is_full()
            && let Some(next) = rest.next_if(|next| next.format == format)
        {
            chunk.add(next, forced);
        }
        receipts.extend(engine.submit_chunk(chunk.into_chunk(format))?);
    }
    Ok(receipts)
}

#[derive(Default)]
struct Gathering {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

impl Gathering {
    fn add(&mut self, record: Resubmission, forced: bool) {
        let Resubmission {
            position,
            mut incoming,
            original,
            ..
        } = record;
        incoming.forced |= forced;
        let from = self.bytes.len() as u32;
        self.bytes.extend_from_slice(&original);
        self.records.push(Record {
            original: Original::Span(from, self.bytes.len() as u32),
            resubmits: Some(position),
            ..Record::made(incoming)
        });
    }

    /// As a reader's chunk: whoever takes up a whole flood does so in bounded pieces.
    fn is_full(&self) -> bool {
        self.records.len() >= CHUNK_RECORDS || self.bytes.len() >= CHUNK_BYTES
    }

    fn into_chunk(self, format: SmolStr) -> Chunk {
        Chunk {
            sources: Vec::new(),
            format,
            bytes: Arc::new(self.bytes),
            records: self.records,
        }
    }
}
