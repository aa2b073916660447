//! What an entry puts on the derived streams, told from its bytes. Nearly all entries put there nothing, or one record
//! of rated usage, whose fields are those of the entry: they need not be decoded for it.

use crate::error::{Result, WireError};
use crate::event::body;
use crate::fold::EntryBytes;
use crate::frame::{ACCOUNT, EVENT};
use crate::json;
use crate::names::Names;
use crate::output::{OutputBody, OutputEvent};
use crate::pb::{Raw, Reader, Wire, put_bytes, put_key, put_nested};
use crate::value::{Value, put, put_default, put_optional};
use umbral_model::event::{EventBody, OutId, Stream};
use umbral_model::ids::{AccountId, EventId, Source, VersionNo};
use umbral_model::input::InputKey;
use umbral_model::money::Currency;
use umbral_model::time::Timestamp;

/// Fields of `umbral.v1.Entry` beside its inputs and events.
const CLOCK: u32 = 2;
const VERSION: u32 = 3;
const QUARANTINED: u32 = 9;
/// Field of `umbral.v1.AccountEvent` and of `umbral.v1.Output` that holds rated usage.
const USAGE_RATED: u32 = 16;
const KIND: &str = "usage_rated";

/// What an entry puts on the derived streams, as far as its bytes tell.
#[derive(Clone, Copy, Debug)]
pub enum Published<'a> {
    /// Nothing.
    Nothing,
    /// One record of rated usage.
    Rated(RatedBytes<'a>),
    /// Whatever decoding it tells.
    Unknown,
}

/// The one output of an entry of rated usage, borrowed from the entry's bytes.
#[derive(Clone, Copy, Debug)]
pub struct RatedBytes<'a> {
    account: &'a str,
    source: &'a str,
    event_id: &'a str,
    account_seq: u64,
    ordinal: u32,
    effective_at: Timestamp,
    recorded_at: Timestamp,
    version: Option<VersionNo>,
    body: &'a [u8],
}

/// What the head of an event says.
#[derive(Default)]
struct EventHead<'a> {
    /// It names its account, as events do that are not of the entry's own.
    named: bool,
    /// A timer caused it.
    of_timer: bool,
    account_seq: u64,
    effective_at: Timestamp,
    body: Option<(u32, &'a [u8])>,
}

impl<'a> EventHead<'a> {
    fn take(bytes: &'a [u8]) -> Result<EventHead<'a>> {
        let mut reader = Reader::new(bytes);
        let mut head = EventHead::default();
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => head.named = true,
                4 => head.of_timer = true,
                2 => head.account_seq = raw.varint()?,
                3 => head.effective_at = Value::take(raw)?,
                _ => head.body = Some((tag, raw.bytes()?)),
            }
        }
        Ok(head)
    }
}

impl<'a> EntryBytes<'a> {
    /// What it puts on the derived streams. Bytes that are no entry are `Unknown`, so decoding them says why.
    pub fn published(self) -> Published<'a> {
        self.try_published().ok().unwrap_or(Published::Unknown)
    }

    fn try_published(self) -> Result<Published<'a>> {
        let mut reader = Reader::new(self.0);
        let (mut clock, mut version, mut input) = (Timestamp::default(), None, None);
        let (mut rated, mut ordinal, mut named) = (None, 0, false);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                CLOCK => clock = Value::take(raw)?,
                VERSION => version = Some(VersionNo::take(raw)?),
                ACCOUNT => input = Some(raw.bytes()?),
                QUARANTINED => return Ok(Published::Unknown),
                EVENT => {
                    let head = EventHead::take(raw.bytes()?)?;
                    named |= head.named;
                    let is_own = !head.of_timer;
                    match head.body.map(|(tag, _)| (tag, body::stream_of(tag))) {
                        Some((_, Some(Stream::Internal))) => {}
                        Some((USAGE_RATED, _)) if rated.is_none() && is_own => {
                            rated = Some((head, ordinal));
                        }
                        _ => return Ok(Published::Unknown),
                    }
                    ordinal += u32::from(is_own);
                }
                _ => {}
            }
        }
        let Some((head, ordinal)) = rated else {
            return Ok(Published::Nothing);
        };
        if named {
            return Ok(Published::Unknown);
        }
        Ok(RatedBytes::of(head, ordinal, input)
            .map(|rated| RatedBytes {
                recorded_at: clock,
                version,
                ..rated
            })
            .map_or(Published::Unknown, Published::Rated))
    }
}

impl<'a> RatedBytes<'a> {
    /// Reads what is needed of `umbral.v1.Input`; none where there is no input of an account.
    fn of(head: EventHead<'a>, ordinal: u32, input: Option<&'a [u8]>) -> Option<RatedBytes<'a>> {
        let mut reader = Reader::new(input?);
        let (mut source, mut event_id, mut account) = ("", "", "");
        while let Some((tag, raw)) = reader.field().ok()? {
            match tag {
                1 => source = raw.text().ok()?,
                2 => event_id = raw.text().ok()?,
                4 => account = raw.text().ok()?,
                _ => {}
            }
        }
        Some(RatedBytes {
            account,
            source,
            event_id,
            account_seq: head.account_seq,
            ordinal,
            effective_at: head.effective_at,
            recorded_at: Timestamp::default(),
            version: None,
            body: head.body?.1,
        })
    }

    /// The account.
    pub fn account(&self) -> &'a str {
        self.account
    }

    /// The kind's word.
    pub fn kind(&self) -> &'static str {
        KIND
    }

    /// From when it holds.
    pub fn effective_at(&self) -> Timestamp {
        self.effective_at
    }

    /// The same whatever partition, frame or restart produced it.
    pub fn out_id(&self) -> OutId {
        OutId::of_input(
            KIND,
            self.account,
            (self.source, self.event_id),
            self.ordinal,
        )
    }

    /// Appends it as `umbral.v1.Output`; the body is copied as it stands.
    pub fn encode(&self, out_id: OutId, currency: Option<Currency>, out: &mut Vec<u8>) {
        let put_text = |tag, text: &str, out: &mut Vec<u8>| {
            put_key(tag, Wire::Bytes, out);
            put_bytes(text.as_bytes(), out);
        };
        put(1, &out_id, out);
        put_text(2, self.account, out);
        put_default(3, &self.account_seq, out);
        put(4, &self.effective_at, out);
        put(5, &self.recorded_at, out);
        put_key(6, Wire::Bytes, out);
        put_nested(out, |out| {
            for (tag, text) in [(1, self.source), (2, self.event_id)] {
                if !text.is_empty() {
                    put_text(tag, text, out);
                }
            }
        });
        put_optional(7, self.version.as_ref(), out);
        put_optional(8, currency.as_ref(), out);
        put_key(USAGE_RATED, Wire::Bytes, out);
        put_bytes(self.body, out);
    }

    /// Appends it as JSON; only the body is decoded.
    ///
    /// # Errors
    /// A body that is not exactly rated usage of this version of the schema.
    pub fn append_json(
        &self,
        out_id: OutId,
        currency: Option<Currency>,
        names: &dyn Names,
        text: &mut String,
    ) -> core::result::Result<(), WireError> {
        let rated = Value::take(Raw::Bytes(self.body)).map_err(|error| *error.at(KIND))?;
        let (account, rated) = (AccountId::new(self.account), EventBody::UsageRated(rated));
        let output = OutputEvent {
            out_id,
            account_id: Some(&account),
            account_seq: self.account_seq,
            effective_at: self.effective_at,
            recorded_at: self.recorded_at,
            caused_by: InputKey {
                source: Source::new(self.source),
                event_id: EventId::new(self.event_id),
            },
            config_version: self.version,
            currency,
            body: OutputBody::Event(&rated),
        };
        json::append_output(&output, names, text);
        Ok(())
    }
}
