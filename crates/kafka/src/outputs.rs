//! Derived records, one per event, from the bytes of a journaled frame: what `umbral tail` prints, as JSON or protobuf,
//! with the headers of CloudEvents (binary mode) and a number by which a reader sees that it missed nothing.
//!
//! | header | what |
//! |---|---|
//! | `ce_specversion` | `1.0` |
//! | `ce_id` | `out_id`, 32 hexadecimal digits: the same however often it was produced |
//! | `ce_source` | the deployment, as configured |
//! | `ce_type` | `umbral.KIND.v1`, as in `umbral.threshold_crossed.v1` |
//! | `ce_time` | from when it holds |
//! | `content-type` | `application/json` or `application/protobuf` |
//! | `umbral-seq` | number in its partition and stream, from 1, gapless |
//! | `ce_subject` | the account; left out for a record in the quarantine that names none |

use core::fmt::Write;
use umbral_engine::World;
use umbral_history::CatalogNames;
use umbral_model::event::{OutId, Stream};
use umbral_model::ids::AccountId;
use umbral_model::time::Timestamp;
use umbral_wire::{
    Entries, OutputEvent, Published, RatedBytes, WireError, json, outputs as outputs_of, proto,
};

/// The streams that are published, in the order of [`Counters`].
pub const STREAMS: [Stream; 5] = [
    Stream::Rated,
    Stream::Credit,
    Stream::Collections,
    Stream::Loyalty,
    Stream::Quarantine,
];

/// How many records each stream of [`STREAMS`] has of one partition.
pub type Counters = [u64; STREAMS.len()];

/// The place of a stream in [`STREAMS`]; none for what is not published.
pub const fn index_of(stream: Stream) -> Option<usize> {
    match stream {
        Stream::Rated => Some(0),
        Stream::Credit => Some(1),
        Stream::Collections => Some(2),
        Stream::Loyalty => Some(3),
        Stream::Quarantine => Some(4),
        Stream::Internal => None,
    }
}

/// How values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The line that `umbral tail` prints.
    Json,
    /// `umbral.v1.Output`.
    Protobuf,
}

impl Format {
    /// The content type of its values.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Protobuf => "application/protobuf",
        }
    }
}

/// How records are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How values are written.
    pub format: Format,
    /// Whether the stream `rated` is published. It has one record for nearly every input, and the journal has the same
    /// charges.
    pub rated: bool,
    /// Of each stream of [`STREAMS`] the id of its schema in a registry: where there is one, values are framed as
    /// Confluent's serializers do it.
    pub schema_ids: [Option<u32>; STREAMS.len()],
    /// `ce_source` of all records.
    pub source: String,
}

/// A header: name and value.
pub type Header<'a> = (&'static str, &'a [u8]);

/// One record of a derived stream.
#[derive(Clone, Copy, Debug)]
pub struct DerivedRecord<'a> {
    /// The stream.
    pub stream: Stream,
    /// The account; none for a record in the quarantine that names none.
    pub key: Option<&'a str>,
    /// The value.
    pub value: &'a [u8],
    /// The headers.
    pub headers: &'a [Header<'a>],
}

/// Writes derived records; keeps the memory of one from record to record.
#[derive(Debug)]
pub struct Publisher {
    settings: Settings,
    value: Vec<u8>,
    text: String,
    headers: HeaderTexts,
}

/// The texts of the headers that differ from record to record.
#[derive(Default, Debug)]
struct HeaderTexts {
    out_id: [u8; 32],
    kind: String,
    time: String,
    number: String,
}

/// What key and headers say of a record.
struct About<'a> {
    stream: Stream,
    kind: &'static str,
    out_id: OutId,
    account: Option<&'a str>,
    effective_at: Timestamp,
}

impl Publisher {
    /// Writes as the settings say.
    pub fn new(settings: Settings) -> Publisher {
        Publisher {
            settings,
            value: Vec::new(),
            text: String::new(),
            headers: HeaderTexts::default(),
        }
    }

    /// Hands every derived record of a journaled frame (`umbral.v1.Frame`) to `sink`, in order. `world` is that of the
    /// frame's batch, `counters` those of the frame's partition. After an error some records are handed out and
    /// counted: abort what they went into, and take the counters from before.
    ///
    /// A batch that was copied from another deployment (`Commit::copied`) was published there; leave it out.
    ///
    /// # Errors
    /// What `sink` says, and bytes that are no frame.
    pub fn publish<E: From<WireError>>(
        &mut self,
        frame: &[u8],
        world: &World,
        counters: &mut Counters,
        sink: &mut impl FnMut(&DerivedRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let names = CatalogNames(&world.catalogs);
        for entry in Entries::of(frame) {
            let entry = entry?;
            match entry.published() {
                Published::Nothing => {}
                Published::Rated(rated) => {
                    if self.settings.rated {
                        self.rated(&rated, &names, counters, sink)?;
                    }
                }
                Published::Unknown => {
                    for output in outputs_of(&entry.decode()?) {
                        self.output(output, &names, counters, sink)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn rated<E: From<WireError>>(
        &mut self,
        rated: &RatedBytes<'_>,
        names: &CatalogNames<'_>,
        counters: &mut Counters,
        sink: &mut impl FnMut(&DerivedRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (out_id, currency) = (rated.out_id(), names.currency());
        self.begin(Stream::Rated);
        match self.settings.format {
            Format::Json => {
                rated.append_json(out_id, currency, names, &mut self.text)?;
                self.end_json();
            }
            Format::Protobuf => rated.encode(out_id, currency, &mut self.value),
        }
        let about = About {
            stream: Stream::Rated,
            kind: rated.kind(),
            out_id,
            account: Some(rated.account()),
            effective_at: rated.effective_at(),
        };
        self.hand_on(&about, counters, sink)
    }

    fn output<E>(
        &mut self,
        mut output: OutputEvent<'_>,
        names: &CatalogNames<'_>,
        counters: &mut Counters,
        sink: &mut impl FnMut(&DerivedRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let stream = output.body.stream();
        if stream == Stream::Internal || stream == Stream::Rated && !self.settings.rated {
            return Ok(());
        }
        output.currency = output.account_id.and(names.currency());
        self.begin(stream);
        match self.settings.format {
            Format::Json => {
                json::append_output(&output, names, &mut self.text);
                self.end_json();
            }
            Format::Protobuf => proto::encode_output(&output, &mut self.value),
        }
        let about = About {
            stream,
            kind: output.body.kind(),
            out_id: output.out_id,
            account: output.account_id.map(AccountId::as_str),
            effective_at: output.effective_at,
        };
        self.hand_on(&about, counters, sink)
    }

    /// Empties the memory, and writes what stands before a value that is framed.
    fn begin(&mut self, stream: Stream) {
        self.value.clear();
        self.text.clear();
        if let Some(id) = self.schema_id(stream) {
            begin_confluent(id, self.settings.format, &mut self.value);
        }
    }

    fn schema_id(&self, stream: Stream) -> Option<u32> {
        self.settings.schema_ids[index_of(stream)?]
    }

    /// Brings a text behind what stands before it; where nothing does, the text itself is the value.
    fn end_json(&mut self) {
        if !self.value.is_empty() {
            self.value.extend_from_slice(self.text.as_bytes());
            self.text.clear();
        }
    }

    fn hand_on<E>(
        &mut self,
        about: &About<'_>,
        counters: &mut Counters,
        sink: &mut impl FnMut(&DerivedRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(index) = index_of(about.stream) else {
            return Ok(());
        };
        counters[index] += 1;
        self.headers.write(about, counters[index]);
        let text = &self.headers;
        let headers: [Header<'_>; 8] = [
            ("ce_specversion", b"1.0"),
            ("ce_id", &text.out_id),
            ("ce_source", self.settings.source.as_bytes()),
            ("ce_type", text.kind.as_bytes()),
            ("ce_time", text.time.as_bytes()),
            (
                "content-type",
                self.settings.format.content_type().as_bytes(),
            ),
            ("umbral-seq", text.number.as_bytes()),
            ("ce_subject", about.account.unwrap_or_default().as_bytes()),
        ];
        let with_subject = usize::from(about.account.is_some());
        sink(&DerivedRecord {
            stream: about.stream,
            key: about.account,
            value: if self.value.is_empty() {
                self.text.as_bytes()
            } else {
                &self.value
            },
            headers: &headers[..headers.len() - 1 + with_subject],
        })
    }
}

impl HeaderTexts {
    fn write(&mut self, about: &About<'_>, number: u64) {
        for text in [&mut self.kind, &mut self.time, &mut self.number] {
            text.clear();
        }
        self.kind.push_str("umbral.");
        self.kind.push_str(about.kind);
        self.kind.push_str(".v1");
        self.out_id = about.out_id.digits();
        // Writing to a string cannot fail.
        let _ = write!(self.time, "{}", about.effective_at);
        let _ = write!(self.number, "{number}");
    }
}

/// What Confluent's serializers write before a value: 0, the schema's id in four bytes, the greatest first, and for
/// protobuf which message of the schema it is. `Output` is the first one of `event.proto`; the list `[0]`, which says
/// that, is written as one 0.
fn begin_confluent(id: u32, format: Format, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&id.to_be_bytes());
    if format == Format::Protobuf {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_where_their_index_says() {
        for (index, stream) in STREAMS.into_iter().enumerate() {
            assert_eq!(index_of(stream), Some(index));
        }
        assert_eq!(index_of(Stream::Internal), None);
    }

    #[test]
    fn a_framed_value_begins_with_magic_id_and_message() {
        let framed = |format| {
            let mut out = Vec::new();
            begin_confluent(0x0102_0304, format, &mut out);
            out
        };
        assert_eq!(framed(Format::Json), [0, 1, 2, 3, 4]);
        assert_eq!(framed(Format::Protobuf), [0, 1, 2, 3, 4, 0]);
    }

    #[test]
    fn the_output_is_the_first_message_of_its_schema() {
        let schema = include_str!("../../../proto/umbral/v1/event.proto");
        let first = schema.lines().find(|line| line.starts_with("message "));
        assert_eq!(first, Some("message Output {"));
    }
}
