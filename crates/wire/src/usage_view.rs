//! The way of most inputs: one usage record in protobuf, read where it lies and made into an input once.
//!
//! It takes what is whole and keeps every rule, and nothing else: of any other message it says nothing, and the
//! envelope reads that one again and knows what is wrong with it.

use crate::input::{body, check_identifier};
use crate::pb::{Raw, Reader};
use crate::usage;
use crate::value::{FromJson, Value};
use umbral_model::ids::{AccountId, EventId, MemberId, ServiceName, Source};
use umbral_model::input::{
    Address, Body, Direction, Identifier, Incoming, IncomingBody, InputKey, Scope, Usage,
};
use umbral_model::money::Currency;
use umbral_model::time::Timestamp;

/// A usage record as it stands in the bytes of `umbral.v1.Input`.
#[derive(Default)]
pub(crate) struct UsageView<'a> {
    source: Option<&'a str>,
    event_id: Option<&'a str>,
    occurred_at: Option<Timestamp>,
    account: Option<&'a str>,
    member: Option<&'a str>,
    identifier: Option<&'a [u8]>,
    currency: Option<Currency>,
    forced: bool,
    usage: Option<&'a [u8]>,
}

impl<'a> UsageView<'a> {
    /// The record; none for any other message, and for one with a field twice or out of place.
    pub(crate) fn of(message: &'a [u8]) -> Option<UsageView<'a>> {
        let mut reader = Reader::new(message);
        let (mut view, mut seen) = (UsageView::default(), Seen::default());
        while let Some((tag, raw)) = reader.field().ok()? {
            seen.first(tag)?;
            match tag {
                1 => view.source = Some(raw.text().ok()?),
                2 => view.event_id = Some(raw.text().ok()?),
                3 => view.occurred_at = Some(Value::take(raw).ok()?),
                4 => view.account = Some(raw.text().ok()?),
                5 => view.member = Some(raw.text().ok()?),
                6 => view.identifier = Some(raw.bytes().ok()?),
                7 => view.currency = Some(Value::take(raw).ok()?),
                10 => view.forced = Value::take(raw).ok()?,
                body::USAGE_TAG => view.usage = Some(raw.bytes().ok()?),
                _ => return None,
            }
        }
        Some(view)
    }

    /// The input; none if it does not keep the rules for inputs.
    pub(crate) fn into_incoming(self) -> Option<Incoming> {
        let usage = usage_of(self.usage?)?;
        Some(Incoming {
            key: InputKey {
                source: checked(Source::new(self.source?))?,
                event_id: checked(EventId::new(self.event_id?))?,
            },
            occurred_at: self.occurred_at?,
            address: Some(address_of(self.account, self.member, self.identifier)?),
            currency: self.currency,
            actor: None,
            reason: None,
            forced: self.forced,
            body: IncomingBody::Account(Body::Usage(usage)),
        })
    }
}

fn address_of(
    account: Option<&str>,
    member: Option<&str>,
    identifier: Option<&[u8]>,
) -> Option<Address> {
    match (account, member, identifier) {
        (Some(account), None, None) => {
            Some(Address::Account(checked(AccountId::new(account))?, None))
        }
        (Some(account), Some(member), None) => {
            let member = checked(MemberId::new(member))?;
            Some(Address::Account(
                checked(AccountId::new(account))?,
                Some(member),
            ))
        }
        (None, None, Some(identifier)) => {
            let identifier = Identifier::take(Raw::Bytes(identifier)).ok()?;
            check_identifier(&identifier).ok()?;
            Some(Address::Identifier(identifier))
        }
        _ => None,
    }
}

/// Reads `umbral.v1.Usage`.
fn usage_of(bytes: &[u8]) -> Option<Usage> {
    let mut reader = Reader::new(bytes);
    let (mut service, mut quantity, mut seen) = (None, None, Seen::default());
    let (mut head, mut tail) = ("", "");
    let mut usage = usage::nothing();
    while let Some((tag, raw)) = reader.field().ok()? {
        seen.first(tag)?;
        match tag {
            1 => service = Some(raw.text().ok()?),
            2 => usage.direction = Direction::take(raw).ok()?,
            3 => head = raw.text().ok()?,
            4 => tail = raw.text().ok()?,
            5 => usage.zone = Some(Value::take(raw).ok()?),
            6 => usage.network = Some(Value::take(raw).ok()?),
            7 => quantity = Some(raw.varint().ok()?),
            8 => usage.duration = Some(raw.varint().ok()?),
            9 => usage.scope = Some(Scope::take(raw).ok()?),
            10 => usage.continued = Some(raw.varint().ok()?),
            _ => return None,
        }
    }
    usage.service = ServiceName::new(service?);
    usage.quantity = quantity?;
    usage.to = usage::split(head, tail);
    usage::check(&usage).ok()?;
    Some(usage)
}

fn checked<V: FromJson>(value: V) -> Option<V> {
    value.check().ok()?;
    Some(value)
}

/// Which fields were there.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    /// Notes a field; none if it was there already.
    fn first(&mut self, tag: u32) -> Option<()> {
        let bit = 1u32.checked_shl(tag)?;
        let is_first = self.0 & bit == 0;
        self.0 |= bit;
        is_first.then_some(())
    }
}
