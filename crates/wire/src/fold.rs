//! A frame as a fold reads it: entry by entry, and of the entries that are nearly all of a journal only what changes
//! the state, borrowed from the bytes. Everything else is decoded whole.

use crate::error::{Result, WireError};
use crate::frame::{ACCOUNT, ENTRY, EVENT};
use crate::pb::Reader;
use crate::value::{Value, unknown_tag};
use umbral_model::input::Scope;
use umbral_model::journal::{Entry, UsageEntry};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// Field of `umbral.v1.Input` that holds usage.
const USAGE: u32 = 11;
/// Field of `umbral.v1.AccountEvent` that holds rated usage.
const USAGE_RATED: u32 = 16;

/// The entries of a frame, in order.
#[derive(Clone, Debug)]
pub struct Entries<'a>(Reader<'a>);

/// The bytes of one entry.
#[derive(Clone, Copy, Debug)]
pub struct EntryBytes<'a>(pub(crate) &'a [u8]);

impl<'a> Entries<'a> {
    /// Opens a frame (`umbral.v1.Frame`).
    pub fn of(frame: &'a [u8]) -> Entries<'a> {
        Entries(Reader::new(frame))
    }

    fn next_entry(&mut self) -> Result<Option<EntryBytes<'a>>> {
        while let Some((tag, raw)) = self.0.field()? {
            match tag {
                ENTRY => return Ok(Some(EntryBytes(raw.bytes()?))),
                // Partition, version of the rules, batch: whoever opened the frame knows them.
                1..ENTRY => _ = raw.varint()?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = core::result::Result<EntryBytes<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_entry().map_err(|error| *error).transpose()
    }
}

impl<'a> EntryBytes<'a> {
    /// The whole entry.
    ///
    /// # Errors
    /// Bytes that are not exactly an entry of this version of the schema.
    pub fn decode(self) -> core::result::Result<Entry, WireError> {
        let raw = crate::pb::Raw::Bytes(self.0);
        Entry::take(raw).map_err(|error| *error.at("entries"))
    }

    /// The entry, if it is of usage that was rated and did nothing else: no second event, no timer, no meter of
    /// units. None for anything else, bytes that are no entry included.
    pub fn usage(self) -> Option<UsageEntry<'a>> {
        let mut reader = Reader::new(self.0);
        let (mut clock, mut input, mut event) = (Timestamp::default(), None, None);
        while let Some((tag, raw)) = reader.field().ok()? {
            match tag {
                1 | 3 => {}
                2 => clock = Value::take(raw).ok()?,
                ACCOUNT => input = Some(raw.bytes().ok()?),
                EVENT if event.is_none() => event = Some(raw.bytes().ok()?),
                _ => return None,
            }
        }
        let mut usage = UsageEntry {
            clock,
            ..UsageEntry::default()
        };
        take_input(input?, &mut usage)?;
        take_event(event?, &mut usage)?;
        Some(usage)
    }
}

/// Reads `umbral.v1.Input`.
fn take_input<'a>(bytes: &'a [u8], into: &mut UsageEntry<'a>) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let mut is_usage = false;
    loop {
        let before = reader.rest();
        let Some((tag, raw)) = reader.field().ok()? else {
            return is_usage.then_some(());
        };
        match tag {
            1 => into.source = raw.text().ok()?,
            2 => into.event_id = raw.text().ok()?,
            3 => into.occurred_at = Value::take(raw).ok()?,
            4 => into.account = raw.text().ok()?,
            // Member, currency, actor, reason, whether it was forced.
            5 | 7..=10 => {}
            USAGE => {
                is_usage = true;
                into.body_hash = xxh3_64(&before[..before.len() - reader.rest().len()]);
                into.abroad = is_abroad(raw.bytes().ok()?)?;
            }
            _ => return None,
        }
    }
}

/// What `Usage::is_abroad` says of `umbral.v1.Usage`.
fn is_abroad(bytes: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(bytes);
    let mut abroad = false;
    while let Some((tag, raw)) = reader.field().ok()? {
        abroad |= match tag {
            6 => true,
            9 => Scope::take(raw).ok()? == Scope::RoamingData,
            _ => false,
        };
    }
    Some(abroad)
}

/// Reads `umbral.v1.AccountEvent`.
fn take_event(bytes: &[u8], into: &mut UsageEntry<'_>) -> Option<()> {
    let mut reader = Reader::new(bytes);
    let mut rated = None;
    while let Some((tag, raw)) = reader.field().ok()? {
        match tag {
            2 => into.account_seq = raw.varint().ok()?,
            3 => {}
            USAGE_RATED => rated = Some(raw.bytes().ok()?),
            _ => return None,
        }
    }
    let mut reader = Reader::new(rated?);
    let mut charge = None;
    while let Some((tag, raw)) = reader.field().ok()? {
        match tag {
            2 => into.scope = Scope::take(raw).ok()?,
            3 => into.cycle = Date::take(raw).ok()?,
            5 => charge = Some(raw.bytes().ok()?),
            _ => {}
        }
    }
    into.amount = amount_of(charge?)?;
    Some(())
}

/// The amount of `umbral.v1.Charge`, if neither an allowance nor a rate with tiers had part in it.
fn amount_of(bytes: &[u8]) -> Option<Money> {
    const TIER: u32 = 12;
    let mut reader = Reader::new(bytes);
    let mut amount = Money::ZERO;
    while let Some((tag, raw)) = reader.field().ok()? {
        match tag {
            1 => amount = Money::take(raw).ok()?,
            8 => {
                let mut segment = Reader::new(raw.bytes().ok()?);
                while let Some((tag, _)) = segment.field().ok()? {
                    if tag == TIER {
                        return None;
                    }
                }
            }
            13 => return None,
            _ => {}
        }
    }
    Some(amount)
}
