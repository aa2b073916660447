//! From the bytes of a record to an input, for every format.

use super::{Fault, RawChunk, RawRecord, RawSpan, Refusal};
use crate::mapping::Rows;
use umbral_model::input::Incoming;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_wire::{Identity, WireError, json, proto};

/// Decodes the records of one source. Needs nothing but the record, so several threads may share it.
#[derive(Clone, Debug)]
pub enum Decoder {
    /// One JSON object.
    Json,
    /// One protobuf message.
    Protobuf,
    /// A row, by a mapping.
    Rows(Box<Rows>),
}

impl Decoder {
    /// What the bytes are: `json`, `protobuf`, `csv`, `fixed`.
    pub fn format(&self) -> &'static str {
        match self {
            Decoder::Json => "json",
            Decoder::Protobuf => "protobuf",
            Decoder::Rows(rows) => rows.mapping().format(),
        }
    }

    /// What a record says, or why it cannot be taken.
    pub fn decode(&self, raw: &RawRecord) -> Result<Incoming, Refusal> {
        self.decode_bytes(raw.row, raw.fault, &raw.bytes)
    }

    /// What a record of a chunk says, or why it cannot be taken.
    pub fn decode_span(&self, chunk: &RawChunk, span: &RawSpan) -> Result<Incoming, Refusal> {
        self.decode_bytes(span.row, span.fault, chunk.bytes_of(span))
    }

    fn decode_bytes(
        &self,
        row: u64,
        fault: Option<Fault>,
        bytes: &[u8],
    ) -> Result<Incoming, Refusal> {
        if let Some(fault) = fault {
            return Err(refused_whole(fault));
        }
        match self {
            Decoder::Json => {
                json::parse_incoming(bytes).map_err(|error| refused(error, json::identify(bytes)))
            }
            Decoder::Protobuf => proto::decode_incoming(bytes)
                .map_err(|error| refused(error, proto::identify(bytes))),
            Decoder::Rows(rows) => rows.decode(row, bytes),
        }
    }

    /// When a record happened, if that can be read.
    pub(super) fn occurred_at(&self, raw: &RawRecord) -> Option<Timestamp> {
        match self {
            Decoder::Rows(rows) if raw.fault.is_none() => rows.occurred_at(&raw.bytes),
            _ => match self.decode(raw) {
                Ok(incoming) => Some(incoming.occurred_at),
                Err(refusal) => refusal.occurred_at,
            },
        }
    }
}

fn refused_whole(fault: Fault) -> Refusal {
    Refusal::from(match fault {
        Fault::TooLarge { size } => Rejection::new(
            Reason::TooLarge,
            format!("a record of {size} bytes; its beginning is kept"),
        ),
        Fault::Truncated => Rejection::new(Reason::Unreadable, "the file ends inside the record"),
        Fault::NoLength => Rejection::new(
            Reason::Unreadable,
            "no length of a record stands here: this and what follows cannot be told apart",
        ),
    })
}

/// A message that was cut out whole and cannot be taken, with what it still says about itself.
fn refused(error: WireError, identity: Identity) -> Refusal {
    Refusal {
        rejection: Rejection::from(error),
        key: identity.key,
        occurred_at: identity.occurred_at,
    }
}
