//! The journal's records: frames of entries, and the commit that ends a batch.
//!
//! Written straight from the model into the journal's buffer; read back with nothing trusted: any bytes
//! that are no record give an error that names the field.

use crate::envelope::{Envelope, Parts};
use crate::error::{Result, WireError};
use crate::json::Writer;
use crate::pb::{Raw, Reader, Wire, begin_nested, end_nested, put_key, put_nested};
use crate::table::messages;
use crate::value::{Value, put, put_default, put_optional, take, take_element, unknown_tag};
use umbral_model::ids::{EventId, PartitionNo, Source, VersionNo};
use umbral_model::input::{Input, InputKey};
use umbral_model::journal::{
    AccountEvent, ActivatedCatalog, Commit, Counts, Entry, Frame, JournaledInput, Outcome,
    Quarantined, RawInput, SourcePosition,
};
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;

/// Appends a frame (`umbral.v1.Frame`).
pub fn encode(frame: &Frame, out: &mut Vec<u8>) {
    encode_header(frame.partition, frame.logic_version, frame.batch, out);
    for entry in &frame.entries {
        put(ENTRY, entry, out);
    }
}

/// Appends what stands before a frame's entries: together with an [`OpenEntry`] for each of them it makes
/// the same bytes as `encode`, without a `Frame`.
pub fn encode_header(partition: PartitionNo, logic_version: u32, batch: u64, out: &mut Vec<u8>) {
    put_default(1, &partition, out);
    put_default(2, &logic_version, out);
    put_default(3, &batch, out);
}

/// What stands at the beginning of an entry.
#[derive(Clone, Copy, Debug)]
pub struct EntryHead {
    /// Number of the input.
    pub position: u64,
    /// The last tick when it was sequenced.
    pub clock: Timestamp,
    /// Newest catalog version known when it was decided.
    pub version: Option<VersionNo>,
}

/// An entry that is being written: head and input stand, outcome and events are to come. Whoever decides an input
/// needs the hash of its body, and has it from writing the input first.
#[derive(Debug)]
#[must_use = "an entry has an outcome"]
pub struct OpenEntry {
    start: usize,
}

impl OpenEntry {
    fn begin(head: &EntryHead, out: &mut Vec<u8>) -> OpenEntry {
        put_key(ENTRY, Wire::Bytes, out);
        OpenEntry::begin_bare(head, out)
    }

    fn begin_bare(head: &EntryHead, out: &mut Vec<u8>) -> OpenEntry {
        let start = begin_nested(out);
        put_default(1, &head.position, out);
        put_default(2, &head.clock, out);
        put_optional(3, head.version.as_ref(), out);
        OpenEntry { start }
    }

    /// Appends the beginning of an entry of any input to the frame that `encode_header` began.
    pub fn of(head: &EntryHead, input: &JournaledInput, out: &mut Vec<u8>) -> OpenEntry {
        let open = OpenEntry::begin(head, out);
        put_input(input, out);
        open
    }

    /// As [`OpenEntry::of`], of an account's input; gives the hash of its body as well: see `body_hash`.
    pub fn of_account(head: &EntryHead, input: &Input, out: &mut Vec<u8>) -> (OpenEntry, u64) {
        let open = OpenEntry::begin(head, out);
        put_key(ACCOUNT, Wire::Bytes, out);
        let start = begin_nested(out);
        let hash = Parts::put_hashed(input, out);
        end_nested(start, out);
        (open, hash)
    }

    /// Appends what came of the input.
    pub fn finish(self, outcome: &Outcome, events: &[AccountEvent], out: &mut Vec<u8>) {
        match outcome {
            Outcome::Applied => {}
            Outcome::DuplicateIgnored => put(8, &true, out),
            Outcome::Quarantined(quarantined) => put(9, quarantined, out),
        }
        events.iter().for_each(|event| put(EVENT, event, out));
        end_nested(self.start, out);
    }
}

/// Reads a frame.
///
/// # Errors
/// Any bytes that are not exactly a frame of this version of the schema.
pub fn decode(bytes: &[u8]) -> core::result::Result<Frame, WireError> {
    read_frame(bytes).map_err(|error| *error)
}

fn read_frame(bytes: &[u8]) -> Result<Frame> {
    let mut reader = Reader::new(bytes);
    let (mut partition, mut logic_version, mut batch) = (None, None, None);
    let mut entries = Vec::new();
    while let Some((tag, raw)) = reader.field()? {
        match tag {
            1 => take(&mut partition, raw, "partition")?,
            2 => take(&mut logic_version, raw, "logic_version")?,
            3 => take(&mut batch, raw, "batch")?,
            ENTRY => take_element(&mut entries, raw, "entries")?,
            _ => return Err(unknown_tag(tag)),
        }
    }
    Ok(Frame {
        partition: partition.unwrap_or_default(),
        logic_version: logic_version.unwrap_or_default(),
        batch: batch.unwrap_or_default(),
        entries,
    })
}

/// Names every account that a frame has an input or an event of, repeats included, without decoding the rest.
///
/// # Errors
/// Bytes that are no frame, as far as they are looked at.
pub fn for_each_account(
    bytes: &[u8],
    found: &mut dyn FnMut(&str),
) -> core::result::Result<(), WireError> {
    accounts_of_frame(bytes, found).map_err(|error| *error)
}

fn accounts_of_frame(bytes: &[u8], found: &mut dyn FnMut(&str)) -> Result<()> {
    // `Frame.entries`, `Entry.events`; `Input.account_id`, `Event.account_id`.
    const ENTRY: u32 = 4;
    const EVENT: u32 = 10;
    const OF_INPUT: u32 = 4;
    const OF_EVENT: u32 = 1;
    let mut frame = Reader::new(bytes);
    while let Some((tag, raw)) = frame.field()? {
        if tag != ENTRY {
            continue;
        }
        let mut entry = Reader::new(raw.bytes()?);
        while let Some((tag, raw)) = entry.field()? {
            match tag {
                ACCOUNT => name_account(raw, OF_INPUT, found)?,
                EVENT => name_account(raw, OF_EVENT, found)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// Names the account in field `wanted` of a message, if it has one.
fn name_account(raw: Raw<'_>, wanted: u32, found: &mut dyn FnMut(&str)) -> Result<()> {
    let mut message = Reader::new(raw.bytes()?);
    while let Some((tag, raw)) = message.field()? {
        if tag == wanted {
            found(raw.text()?);
            return Ok(());
        }
    }
    Ok(())
}

/// Appends a commit (`umbral.v1.Commit`).
pub fn encode_commit(commit: &Commit, out: &mut Vec<u8>) {
    let Commit {
        batch,
        position,
        clock,
        sources,
        catalogs,
        zones,
        resubmitted,
        counts,
        copied,
    } = commit;
    put_default(1, batch, out);
    put_default(2, position, out);
    put_default(3, clock, out);
    sources.iter().for_each(|source| put(4, source, out));
    catalogs.iter().for_each(|catalog| put(5, catalog, out));
    zones.iter().for_each(|zone| put(6, zone, out));
    crate::value::put_packed(7, resubmitted, out);
    put(8, counts, out);
    put_default(9, copied, out);
}

/// Reads a commit.
///
/// # Errors
/// Any bytes that are not exactly a commit of this version of the schema.
pub fn decode_commit(bytes: &[u8]) -> core::result::Result<Commit, WireError> {
    read_commit(bytes).map_err(|error| *error)
}

fn read_commit(bytes: &[u8]) -> Result<Commit> {
    let mut reader = Reader::new(bytes);
    let mut commit = Commit::default();
    let mut counts = None;
    while let Some((tag, raw)) = reader.field()? {
        match tag {
            1 => commit.batch = raw.varint()?,
            2 => commit.position = raw.varint()?,
            3 => commit.clock = Value::take(raw)?,
            4 => take_element(&mut commit.sources, raw, "sources")?,
            5 => take_element(&mut commit.catalogs, raw, "catalogs")?,
            6 => take_element(&mut commit.zones, raw, "zones")?,
            7 => crate::value::take_packed(&mut commit.resubmitted, raw, "resubmitted")?,
            8 => take(&mut counts, raw, "counts")?,
            9 => commit.copied = bool::take(raw)?,
            _ => return Err(unknown_tag(tag)),
        }
    }
    commit.counts = counts.ok_or_else(|| WireError::missing("counts"))?;
    Ok(commit)
}

messages! {
    InputKey {
        1 default source "source",
        2 default event_id "event_id",
    }
    RawInput {
        1 optional key "key",
        2 optional occurred_at "occurred_at",
        3 default format "format",
        4 default place "place",
    }
    SourcePosition {
        1 default id "id",
        2 default name "name",
        3 default records "records",
        4 default done "done",
    }
    ActivatedCatalog {
        1 default number "number",
        2 required key "key",
        3 required activation "activation",
    }
    Counts {
        1 default inputs "inputs",
        2 default applied "applied",
        3 default duplicates "duplicates",
        4 default quarantined "quarantined",
    }
}

/// `umbral.v1.Input`, resolved to its account.
impl Value for Input {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| Parts::of_input(self).put(out));
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Envelope::take(raw.bytes()?)?.into_input()
    }

    fn write(&self, out: &mut Writer<'_>) {
        Parts::of_input(self).write(out);
    }
}

/// `umbral.v1.Quarantined`.
impl Value for Quarantined {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put(1, &self.reason, out);
            put_default(2, &self.detail, out);
            put_default(3, &self.original, out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut reason, mut detail, mut original) = (None, None, None);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => reason = Some(Reason::take(raw).map_err(|error| error.at("code"))?),
                2 => take(&mut detail, raw, "detail")?,
                3 => take(&mut original, raw, "original")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok(Quarantined {
            reason: reason.ok_or_else(|| WireError::missing("code"))?,
            detail: detail.unwrap_or_default(),
            original: original.unwrap_or_default(),
        })
    }

    /// The original bytes as text where they are text, else in base 64.
    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.text_field("code", self.reason.code());
            out.text_field("reason", self.reason.sentence());
            out.field("detail", &self.detail);
            match core::str::from_utf8(&self.original) {
                Ok(text) => out.text_field("original", text),
                Err(_) => out.field("original_base64", &self.original),
            }
        });
    }
}

/// A reason stands as its code.
impl Value for Reason {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        crate::pb::put_bytes(self.code().as_bytes(), out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Reason::from_code(raw.text()?).ok_or_else(unknown_code)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self.code());
    }
}

#[cold]
fn unknown_code() -> Box<WireError> {
    WireError::malformed("no reason of this version of the engine")
}

/// Field of `umbral.v1.Frame` that holds an entry.
pub(crate) const ENTRY: u32 = 4;
/// Field of `umbral.v1.Entry` that holds an event.
pub(crate) const EVENT: u32 = 10;
pub(crate) const ACCOUNT: u32 = 4;
const TICK: u32 = 5;
const CONFIG_CHANGED: u32 = 6;
const RAW: u32 = 7;

fn put_input(input: &JournaledInput, out: &mut Vec<u8>) {
    match input {
        JournaledInput::Account(input) => put(ACCOUNT, input, out),
        JournaledInput::Tick(key) => put(TICK, key, out),
        JournaledInput::ConfigChanged(key) => put(CONFIG_CHANGED, key, out),
        JournaledInput::Raw(raw) => put(RAW, raw, out),
    }
}

fn take_input(tag: u32, raw: Raw<'_>) -> Result<JournaledInput> {
    match tag {
        ACCOUNT => Value::take(raw).map(JournaledInput::Account),
        TICK => Value::take(raw).map(JournaledInput::Tick),
        CONFIG_CHANGED => Value::take(raw).map(JournaledInput::ConfigChanged),
        _ => Value::take(raw).map(JournaledInput::Raw),
    }
}

/// `umbral.v1.Entry`.
impl Value for Entry {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        let head = EntryHead {
            position: self.position,
            clock: self.clock,
            version: self.version,
        };
        let open = OpenEntry::begin_bare(&head, out);
        put_input(&self.input, out);
        open.finish(&self.outcome, &self.events, out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut position, mut version) = (0, None);
        let mut clock = Timestamp::default();
        let (mut input, mut outcome, mut events) = (None, Outcome::Applied, Vec::new());
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => position = raw.varint()?,
                2 => clock = Value::take(raw)?,
                3 => take(&mut version, raw, "version")?,
                ACCOUNT..=RAW if input.is_some() => return Err(WireError::malformed("two inputs")),
                ACCOUNT..=RAW => {
                    input = Some(take_input(tag, raw).map_err(|error| error.at("input"))?);
                }
                8 if bool::take(raw)? => outcome = Outcome::DuplicateIgnored,
                8 => outcome = Outcome::Applied,
                9 => outcome = Outcome::Quarantined(Value::take(raw)?),
                EVENT => take_element(&mut events, raw, "events")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        let input = input.ok_or_else(|| WireError::missing("input"))?;
        Ok(Entry {
            position,
            clock,
            version,
            input,
            outcome,
            events,
        })
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.field("position", &self.position);
            out.field("clock", &self.clock);
            out.optional("version", self.version.as_ref());
            match &self.input {
                JournaledInput::Account(input) => out.field("account", input),
                JournaledInput::Tick(key) => out.field("tick", key),
                JournaledInput::ConfigChanged(key) => out.field("config_changed", key),
                JournaledInput::Raw(raw) => out.field("raw", raw),
            }
            match &self.outcome {
                Outcome::Applied => {}
                Outcome::DuplicateIgnored => out.field("duplicate_ignored", &true),
                Outcome::Quarantined(quarantined) => out.field("quarantined", quarantined),
            }
            out.key("events");
            out.list(&self.events);
        });
    }
}

/// The key under which an entry's input came, as far as it is known.
pub(crate) fn key_of(entry: &Entry) -> InputKey {
    match &entry.input {
        JournaledInput::Account(input) => input.key.clone(),
        JournaledInput::Tick(key) | JournaledInput::ConfigChanged(key) => key.clone(),
        JournaledInput::Raw(RawInput { key: Some(key), .. }) => key.clone(),
        JournaledInput::Raw(RawInput { place, .. }) => InputKey {
            source: Source::default(),
            event_id: EventId::new(place.as_str()),
        },
    }
}
