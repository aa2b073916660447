//! From the messages of input topics to the records that the engine takes.
//!
//! | topic | value | records |
//! |---|---|---|
//! | JSON | one object, on one line or several | one |
//! | JSON | several lines | one a line |
//! | protobuf | `umbral.v1.Input` | one |
//! | protobuf, with header `content-type:` [`PACKED`] | `umbral.v1.Input` each behind its length as a varint | one each |
//!
//! Every message ends in at least one record: what cannot be read goes to the quarantine with its bytes, and so does a
//! message without a value. A packed message that is damaged keeps what can be read before the damage.

use crate::said::Said;
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_intake::reader::{Decoder, Fault, Packing, RawChunk, RawSpan, Refusal};
use umbral_model::rejection::{Reason, Rejection};
use umbral_runtime::{Chunk, Counting, Original, Record, SourceId};

/// The content type of a packed batch of protobuf inputs.
pub const PACKED: &str = "application/vnd.umbral.batch+protobuf";

/// Header of a record that takes up a quarantined entry again: the entry's number.
pub const RESUBMITS: &str = "umbral-resubmits";

/// Header of a record that is taken although it is older than its window or beyond the clock; its value is `1`.
pub const FORCED: &str = "umbral-forced";

/// Header of a record that was sent on unread: the place at which it came in.
pub const CAME_BY: &str = "umbral-came-by";

/// Header of what the router says of a record.
pub const SAID: &str = "umbral-router";

/// Most bytes of one chunk: places in it are numbers of 32 bits.
pub const MAX_CHUNK_BYTES: usize = 1 << 30;

/// Octets of a record; of a longer one the beginning is kept, in the quarantine.
pub(crate) const MAX_RECORD: usize = 1 << 20;
const EMPTY: &str = "the message is empty; send one record or several in it";

/// How the values of an input topic are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputFormat {
    /// JSON objects.
    Json,
    /// `umbral.v1.Input`.
    Protobuf,
}

impl InputFormat {
    fn decoder(self) -> Decoder {
        match self {
            InputFormat::Json => Decoder::Json,
            InputFormat::Protobuf => Decoder::Protobuf,
        }
    }
}

/// An input topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InputTopic {
    /// Its name.
    pub name: String,
    /// How its values are written.
    pub format: InputFormat,
}

/// One message of an input topic.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// Its topic, an index into those of the builder.
    pub topic: usize,
    /// Its offset.
    pub offset: u64,
    /// The value of its header `content-type`, if it has one.
    pub content_type: Option<&'m [u8]>,
    /// Its value.
    pub value: Option<&'m [u8]>,
    /// The quarantined entry that it takes up again: the value of its header [`RESUBMITS`].
    pub resubmits: Option<u64>,
    /// It is taken although it is older than its window or beyond the clock: it has the header [`FORCED`].
    pub forced: bool,
    /// Where it came in before it was sent on: the value of its header [`CAME_BY`].
    pub came_by: Option<&'m [u8]>,
    /// What the router says of it: the value of its header [`SAID`].
    pub said: Option<&'m [u8]>,
}

struct Topic {
    source: Arc<SourceId>,
    format: InputFormat,
    decoder: Decoder,
}

/// Collects messages of one partition, of all its topics, into chunks.
pub struct ChunkBuilder {
    topics: Vec<Topic>,
    max_record: usize,
    max_bytes: usize,
    raw: RawChunk,
    records: Vec<Record>,
}

impl ChunkBuilder {
    /// A builder for a partition of these topics; of a record larger than `max_record` bytes only the beginning is
    /// kept, in the quarantine.
    pub fn new(topics: &[InputTopic], partition: i32, max_record: usize) -> ChunkBuilder {
        let topics = topics.iter().map(|topic| {
            let name = format!("kafka:{}/{partition}", topic.name);
            let decoder = topic.format.decoder();
            let source = SourceId {
                id: SmolStr::new(&name),
                name,
                format: SmolStr::new_static(decoder.format()),
                counting: Counting::Rows,
            };
            Topic {
                source: Arc::new(source),
                format: topic.format,
                decoder,
            }
        });
        ChunkBuilder {
            topics: topics.collect(),
            max_record,
            max_bytes: MAX_CHUNK_BYTES,
            raw: RawChunk::default(),
            records: Vec::new(),
        }
    }

    /// Takes a message; says whether there was room for it. A chunk without room is to be finished first.
    #[must_use = "a message that was not taken comes again after `finish`"]
    pub fn push(&mut self, message: &Message<'_>) -> bool {
        let value = message.value.unwrap_or_default();
        if !self.raw.bytes.is_empty() && self.raw.bytes.len() + value.len() > self.max_bytes {
            return false;
        }
        let refused = match self.topics.get(message.topic) {
            None => Some("the message is of a topic that is not read".to_owned()),
            Some(topic) => refused_whole(topic.format, message),
        };
        let refused = refused.or_else(|| {
            let nothing = !self.unpack(message, value);
            nothing.then(|| EMPTY.to_owned())
        });
        if let Some(why) = refused {
            self.refuse(message, value, why);
        }
        true
    }

    /// Records so far.
    pub fn records(&self) -> usize {
        self.records.len()
    }

    /// Their bytes.
    pub fn bytes(&self) -> usize {
        self.raw.bytes.len()
    }

    /// The records since the last chunk.
    pub fn finish(&mut self) -> Chunk {
        self.raw.records.clear();
        let sources = self.topics.iter().map(|topic| Arc::clone(&topic.source));
        let room = Vec::with_capacity(self.raw.bytes.len());
        Chunk {
            sources: sources.collect(),
            format: SmolStr::new_static("json"),
            bytes: Arc::new(core::mem::replace(&mut self.raw.bytes, room)),
            records: core::mem::take(&mut self.records),
        }
    }

    /// Takes the records of a message; says whether there were any.
    fn unpack(&mut self, message: &Message<'_>, value: &[u8]) -> bool {
        let Some(topic) = self.topics.get(message.topic) else {
            return false;
        };
        let packing = match topic.format {
            InputFormat::Json if is_one_object(value, self.max_record) => Packing::Single,
            InputFormat::Json => Packing::Lines,
            InputFormat::Protobuf if is_packed(message.content_type) => Packing::Delimited,
            InputFormat::Protobuf => Packing::Single,
        };
        self.raw.records.clear();
        self.raw
            .unpack(value, packing, row_of(message), self.max_record);
        for span in &self.raw.records {
            let mut content = match span.fault {
                Some(fault) => Err(refusal(faulty(fault))),
                None => topic.decoder.decode_span(&self.raw, span),
            };
            if let (Ok(incoming), Some(said)) = (&mut content, message.said)
                && let Err(rejection) = Said::fill_in(said, incoming)
            {
                content = Err(Refusal {
                    key: Some(incoming.key.clone()),
                    occurred_at: Some(incoming.occurred_at),
                    ..Refusal::from(rejection)
                });
            }
            match &mut content {
                Ok(incoming) => incoming.forced |= message.forced,
                Err(refusal) => name_place(&mut refusal.rejection, message),
            }
            self.records.push(Record {
                content,
                original: Original::Span(span.from, span.to),
                source: Some(message.topic as u16),
                row: span.row,
                line: 0,
                resubmits: message.resubmits,
            });
        }
        !self.raw.records.is_empty()
    }

    /// Keeps a message as one record that is none.
    fn refuse(&mut self, message: &Message<'_>, value: &[u8], why: String) {
        let row = row_of(message);
        self.raw.records.clear();
        self.raw
            .unpack(value, Packing::Single, row, self.max_record);
        let span = self.raw.records.first();
        let original = span.map_or(Original::Span(0, 0), |RawSpan { from, to, .. }| {
            Original::Span(*from, *to)
        });
        let known = message.topic < self.topics.len();
        let mut rejection = Rejection::new(Reason::Unreadable, why);
        name_place(&mut rejection, message);
        self.records.push(Record {
            content: Err(refusal(rejection)),
            original,
            source: known.then_some(message.topic as u16),
            row,
            line: 0,
            resubmits: message.resubmits,
        });
    }
}

/// Adds where the record came in, if it was sent on from there.
fn name_place(rejection: &mut Rejection, message: &Message<'_>) {
    if let Some(place) = message.came_by {
        let place = String::from_utf8_lossy(place);
        rejection.detail.push_str(&format!("; it came by {place}"));
    }
}

/// Why a message holds no record at all; none if it may.
fn refused_whole(format: InputFormat, message: &Message<'_>) -> Option<String> {
    let packed = is_packed(message.content_type);
    let Some(value) = message.value else {
        return Some(
            "the message has no value; a record is not taken back by a message without one, send a cancellation"
                .to_owned(),
        );
    };
    match format {
        _ if value.is_empty() => Some(EMPTY.to_owned()),
        InputFormat::Json if packed => Some(format!(
            "the message says that it is {PACKED}, but its topic is one of JSON; send it to a topic of protobuf"
        )),
        _ => None,
    }
}

/// The value of a message's header, if it has one.
pub(crate) fn header<'m>(
    message: &'m rdkafka::message::BorrowedMessage<'_>,
    key: &str,
) -> Option<&'m [u8]> {
    use rdkafka::message::{Headers, Message as _};
    let headers = message.headers()?;
    let header = headers.iter().find(|header| header.key == key)?;
    header.value
}

/// A number that a message's header has.
pub(crate) fn number(message: &rdkafka::message::BorrowedMessage<'_>, key: &str) -> Option<u64> {
    std::str::from_utf8(header(message, key)?)
        .ok()?
        .parse()
        .ok()
}

fn is_packed(content_type: Option<&[u8]>) -> bool {
    let Some(text) = content_type else {
        return false;
    };
    let essence = text.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(PACKED.as_bytes())
}

/// Whether a text of several lines is one object all the same: its first line is none by itself, and the whole is.
fn is_one_object(value: &[u8], max_record: usize) -> bool {
    let value = value.trim_ascii();
    let Some(end) = value.iter().position(|byte| *byte == b'\n') else {
        return false;
    };
    let begins_one = value[..end].trim_ascii_end().ends_with(b"}");
    value.len() <= max_record && !begins_one && umbral_wire::json::parse_incoming(value).is_ok()
}

/// Offsets begin at 0, rows at 1.
fn row_of(message: &Message<'_>) -> u64 {
    message.offset.saturating_add(1)
}

fn faulty(fault: Fault) -> Rejection {
    match fault {
        Fault::TooLarge { size } => Rejection::new(
            Reason::TooLarge,
            format!("a record of {size} bytes; its beginning is kept"),
        ),
        Fault::Truncated => Rejection::new(
            Reason::Unreadable,
            "the packed message ends inside the record; those before it were taken",
        ),
        Fault::NoLength => Rejection::new(
            Reason::Unreadable,
            "no length of a record stands here: the rest of the packed message cannot be told apart; the records before \
             it were taken",
        ),
    }
}

fn refusal(rejection: Rejection) -> Refusal {
    Refusal::from(rejection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_chunk_takes_no_more() {
        let topic = InputTopic {
            name: "usage".to_owned(),
            format: InputFormat::Json,
        };
        let mut builder = ChunkBuilder::new(&[topic], 0, 100);
        builder.max_bytes = 8;
        let message = Message {
            topic: 0,
            offset: 0,
            content_type: None,
            value: Some(b"12345"),
            resubmits: None,
            forced: false,
            came_by: None,
            said: None,
        };
        assert!(builder.push(&message));
        assert!(!builder.push(&message), "it would be too large");
        assert_eq!(builder.finish().records.len(), 1);
        assert!(builder.push(&message));
    }
}
