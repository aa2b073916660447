//! The envelope of inputs: sender, id, instant, whom it concerns, and exactly one body.

use crate::correction;
use crate::error::{Result, WireError};
use crate::hash::hash_of_written;
use crate::input::{body, check_identifier};
use crate::json::{Reader as Json, Writer};
use crate::loyalty;
use crate::pb::{Raw, Reader};
use crate::purchase;
use crate::usage;
use crate::value::{self, FromJson, Value, put, put_default, put_optional, take};
use smol_str::SmolStr;
use umbral_model::ids::{AccountId, EventId, MemberId, Source};
use umbral_model::input::{
    Address, Body, CatalogActivated, Identifier, IdentifierKind, Incoming, IncomingBody, Input,
    InputKey,
};
use umbral_model::money::Currency;
use umbral_model::time::Timestamp;

const FIELDS: [&str; 13] = [
    "source",
    "event_id",
    "occurred_at",
    "account_id",
    "member_id",
    "identifier",
    "currency",
    "actor",
    "reason",
    "forced",
    "kind",
    "recorded_at",
    "schema_version",
];

const PURCHASE: &str = "purchase";
const USAGE_CORRECTED: &str = "usage_corrected";
const TICK: &str = "tick";
const CATALOG_ACTIVATED: &str = "catalog_activated";
const TICK_TAG: u32 = 16;
const CATALOG_TAG: u32 = 17;

/// The only version of the messages so far.
const SCHEMA_VERSION: u32 = 1;

/// A message with the presence of its fields, as it is being read.
#[derive(Default)]
pub(crate) struct Envelope {
    source: Option<Source>,
    event_id: Option<EventId>,
    occurred_at: Option<Timestamp>,
    account: Option<AccountId>,
    member: Option<MemberId>,
    identifier: Option<Identifier>,
    currency: Option<Currency>,
    actor: Option<SmolStr>,
    reason: Option<SmolStr>,
    forced: Option<bool>,
    /// The member that the body names inside itself.
    inner_member: Option<MemberId>,
    /// The identifier that the body names inside itself.
    inner_identifier: Option<Identifier>,
    body: Option<IncomingBody>,
}

impl Envelope {
    /// Reads a JSON object.
    pub(crate) fn read(json: &mut Json<'_>) -> Result<Envelope> {
        let mut envelope = Envelope::default();
        let mut kind: Option<SmolStr> = None;
        json.object(|json, key| match key {
            "source" => value::read(&mut envelope.source, json, "source"),
            "event_id" => value::read(&mut envelope.event_id, json, "event_id"),
            "occurred_at" => value::read(&mut envelope.occurred_at, json, "occurred_at"),
            "account_id" => value::read(&mut envelope.account, json, "account_id"),
            "member_id" => value::read(&mut envelope.member, json, "member_id"),
            "identifier" => value::read(&mut envelope.identifier, json, "identifier"),
            "currency" => value::read(&mut envelope.currency, json, "currency"),
            "actor" => value::read(&mut envelope.actor, json, "actor"),
            "reason" => value::read(&mut envelope.reason, json, "reason"),
            "forced" => value::read(&mut envelope.forced, json, "forced"),
            "kind" => value::read(&mut kind, json, "kind"),
            "recorded_at" => value::read(&mut None::<Timestamp>, json, "recorded_at"),
            "schema_version" => read_schema_version(json),
            other => envelope.read_body(other, json),
        })?;
        envelope.check_kind(kind.as_deref())?;
        Ok(envelope)
    }

    fn read_body(&mut self, key: &str, json: &mut Json<'_>) -> Result<()> {
        let body = match key {
            "usage" => self.usage(usage::Form::read(json))?,
            PURCHASE => self.purchase(purchase::Form::read(json))?,
            USAGE_CORRECTED => self.correction(correction::Form::read(json))?,
            TICK => {
                json.object(|_, name| Err(WireError::unknown(name, &["none"])))
                    .map_err(|error| error.at(TICK))?;
                IncomingBody::Tick
            }
            CATALOG_ACTIVATED => CatalogActivated::read(json)
                .map(IncomingBody::CatalogActivated)
                .map_err(|error| error.at(CATALOG_ACTIVATED))?,
            _ => match body::read(key, json)? {
                Some(body) => IncomingBody::Account(body),
                None => return Err(unknown_key(key)),
            },
        };
        self.set_body(body)
    }

    /// Reads `umbral.v1.Input`.
    pub(crate) fn take(message: &[u8]) -> Result<Envelope> {
        let mut reader = Reader::new(message);
        let mut envelope = Envelope::default();
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut envelope.source, raw, "source")?,
                2 => take(&mut envelope.event_id, raw, "event_id")?,
                3 => take(&mut envelope.occurred_at, raw, "occurred_at")?,
                4 => take(&mut envelope.account, raw, "account_id")?,
                5 => take(&mut envelope.member, raw, "member_id")?,
                6 => take(&mut envelope.identifier, raw, "identifier")?,
                7 => take(&mut envelope.currency, raw, "currency")?,
                8 => take(&mut envelope.actor, raw, "actor")?,
                9 => take(&mut envelope.reason, raw, "reason")?,
                10 => take(&mut envelope.forced, raw, "forced")?,
                _ => envelope.take_body(tag, raw)?,
            }
        }
        Ok(envelope)
    }

    fn take_body(&mut self, tag: u32, raw: Raw<'_>) -> Result<()> {
        let body = match tag {
            body::USAGE_TAG => self.usage(usage::Form::take(raw))?,
            body::PURCHASE_TAG => self.purchase(purchase::Form::take(raw))?,
            body::USAGE_CORRECTED_TAG => self.correction(correction::Form::take(raw))?,
            TICK_TAG if raw.bytes()?.is_empty() => IncomingBody::Tick,
            TICK_TAG => return Err(WireError::malformed("has no fields").at(TICK)),
            CATALOG_TAG => CatalogActivated::take(raw)
                .map(IncomingBody::CatalogActivated)
                .map_err(|error| error.at(CATALOG_ACTIVATED))?,
            _ => match body::take(tag, raw)? {
                Some(body) => IncomingBody::Account(body),
                None => return Err(value::unknown_tag(tag)),
            },
        };
        self.set_body(body)
    }

    fn usage(&mut self, form: Result<usage::Form>) -> Result<IncomingBody> {
        let (usage, member) = form
            .and_then(usage::Form::finish)
            .map_err(|error| error.at("usage"))?;
        self.inner_member = member;
        Ok(IncomingBody::Account(Body::Usage(usage)))
    }

    fn purchase(&mut self, form: Result<purchase::Form>) -> Result<IncomingBody> {
        let (purchase, identifier) = form
            .map(purchase::Form::finish)
            .map_err(|error| error.at(PURCHASE))?;
        self.inner_identifier = identifier;
        Ok(IncomingBody::Account(Body::Purchase(purchase)))
    }

    fn correction(&mut self, form: Result<correction::Form>) -> Result<IncomingBody> {
        let (corrected, member) = form
            .and_then(correction::Form::finish)
            .map_err(|error| error.at(USAGE_CORRECTED))?;
        self.inner_member = member;
        Ok(IncomingBody::Account(Body::UsageCorrected(Box::new(
            corrected,
        ))))
    }

    /// Where the member stands that the body names inside itself.
    fn inner_member_path(&self) -> &'static str {
        match &self.body {
            Some(IncomingBody::Account(Body::UsageCorrected(_))) => {
                "usage_corrected.usage.member_id"
            }
            _ => "usage.member_id",
        }
    }

    fn set_body(&mut self, body: IncomingBody) -> Result<()> {
        if let Some(first) = &self.body {
            let detail = format!("a record has one body; this one has {} too", kind_of(first));
            return Err(WireError::malformed(detail).at(kind_of(&body)));
        }
        self.body = Some(body);
        Ok(())
    }

    fn check_kind(&self, kind: Option<&str>) -> Result<()> {
        match (kind, &self.body) {
            (Some(kind), Some(body)) if kind != kind_of(body) => {
                let detail = format!("does not fit the body, which is {}", kind_of(body));
                Err(WireError::malformed(detail).at("kind"))
            }
            _ => Ok(()),
        }
    }

    /// The input, held to the rules for inputs.
    pub(crate) fn into_incoming(mut self) -> Result<Incoming> {
        self.check_texts()?;
        let address = self.address()?;
        let mut body = self.body.ok_or_else(no_body)?;
        match &mut body {
            IncomingBody::Account(body) => {
                match body {
                    Body::Usage(usage) => usage::split_number(usage),
                    Body::UsageCorrected(corrected) => usage::split_number(&mut corrected.usage),
                    _ => loyalty::fill_in(body, address.as_ref()),
                }
                body::check(body)?;
                names_another(body, self.source.as_ref(), self.event_id.as_ref())?;
                names_who_ordered(body, self.actor.as_deref())?;
                // Who makes a purchase may be found out later.
                if address.is_none() && !matches!(body, Body::Purchase(_)) {
                    return Err(no_address());
                }
            }
            IncomingBody::Tick => {}
            IncomingBody::CatalogActivated(activated) => {
                activated
                    .check()
                    .map_err(|error| error.at(CATALOG_ACTIVATED))?;
            }
        }
        // Ticks and catalogs concern every account: one named beside them means nothing.
        let address = address.filter(|_| matches!(body, IncomingBody::Account(_)));
        Ok(Incoming {
            key: key(self.source, self.event_id)?,
            occurred_at: self
                .occurred_at
                .ok_or_else(|| WireError::missing("occurred_at"))?,
            address,
            currency: self.currency,
            actor: self.actor,
            reason: self.reason,
            forced: self.forced.unwrap_or(false),
            body,
        })
    }

    /// The resolved input that the journal holds.
    pub(crate) fn into_input(self) -> Result<Input> {
        let body = match self.body {
            Some(IncomingBody::Account(body)) => body,
            _ => return Err(no_body()),
        };
        let is_resolved = match (&self.inner_identifier, &body) {
            (Some(_), Body::Purchase(purchase)) => purchase.card.is_some(),
            _ => true,
        };
        if self.identifier.is_some() || self.inner_member.is_some() || !is_resolved {
            return Err(WireError::malformed("a journaled input is resolved").at("identifier"));
        }
        Ok(Input {
            key: key(self.source, self.event_id)?,
            occurred_at: self
                .occurred_at
                .ok_or_else(|| WireError::missing("occurred_at"))?,
            account: self
                .account
                .ok_or_else(|| WireError::missing("account_id"))?,
            member: self.member,
            currency: self.currency,
            actor: self.actor,
            reason: self.reason,
            forced: self.forced.unwrap_or(false),
            body,
        })
    }

    fn check_texts(&self) -> Result<()> {
        check_optional(&self.source, "source")?;
        check_optional(&self.event_id, "event_id")?;
        check_optional(&self.account, "account_id")?;
        check_optional(&self.member, "member_id")?;
        check_optional(&self.inner_member, self.inner_member_path())?;
        check_optional(&self.actor, "actor")?;
        check_optional(&self.reason, "reason")?;
        self.identifier
            .iter()
            .try_for_each(check_identifier)
            .map_err(|error| error.at("identifier"))
    }

    /// Takes out whom it concerns.
    fn address(&mut self) -> Result<Option<Address>> {
        if self.inner_member.is_some() {
            if self.member.is_some() && self.member != self.inner_member {
                let detail = "is not the member_id of the envelope";
                return Err(WireError::malformed(detail).at(self.inner_member_path()));
            }
            self.member = self.inner_member.take();
        }
        self.take_inner_account()?;
        self.take_inner_identifier()?;
        match (self.account.take(), self.identifier.take()) {
            (Some(_), Some(_)) => Err(WireError::malformed(
                "give account_id or identifier, not both: an identifier is resolved to an account",
            )
            .at("identifier")),
            (Some(account), None) => Ok(Some(Address::Account(account, self.member.take()))),
            (None, _) if self.member.is_some() => {
                Err(WireError::malformed("needs account_id beside it").at("member_id"))
            }
            (None, identifier) => Ok(identifier.map(Address::Identifier)),
        }
    }
}

impl Envelope {
    /// The account that the body names stands for the envelope's, and may not be another.
    fn take_inner_account(&mut self) -> Result<()> {
        let Some(IncomingBody::Account(body)) = &self.body else {
            return Ok(());
        };
        let Some(named) = loyalty::named_by(body) else {
            return Ok(());
        };
        let detail = match (&self.account, &self.identifier) {
            (Some(account), _) if account != named => "is not the account_id of the envelope",
            (None, Some(_)) => "needs account_id instead of an identifier beside it",
            _ => {
                self.account = Some(named.clone());
                return Ok(());
            }
        };
        Err(WireError::malformed(detail).at("account").at(body.kind()))
    }

    /// The identifier that a purchase names is whom it concerns, unless the envelope says that; beside the envelope
    /// it may only be a card.
    fn take_inner_identifier(&mut self) -> Result<()> {
        let Some(named) = self.inner_identifier.take() else {
            return Ok(());
        };
        if self.account.is_none() && self.identifier.is_none() {
            self.identifier = Some(named);
            return Ok(());
        }
        if named.kind == IdentifierKind::Card || self.identifier.as_ref() == Some(&named) {
            return Ok(());
        }
        let detail = "names nobody beside the envelope's account_id or identifier; leave it out, or write the card \
                      that was shown";
        Err(WireError::malformed(detail).at("identifier").at(PURCHASE))
    }
}

fn check_optional<V: FromJson>(value: &Option<V>, name: &str) -> Result<()> {
    value
        .iter()
        .try_for_each(V::check)
        .map_err(|error| error.at(name))
}

fn key(source: Option<Source>, event_id: Option<EventId>) -> Result<InputKey> {
    Ok(InputKey {
        source: source.ok_or_else(|| WireError::missing("source"))?,
        event_id: event_id.ok_or_else(|| WireError::missing("event_id"))?,
    })
}

fn read_schema_version(json: &mut Json<'_>) -> Result<()> {
    let mut version = None;
    value::read(&mut version, json, "schema_version")?;
    match version {
        None | Some(SCHEMA_VERSION) => Ok(()),
        Some(other) => {
            let detail = format!("{other} is not known; this engine reads {SCHEMA_VERSION}");
            Err(WireError::malformed(detail).at("schema_version"))
        }
    }
}

/// The kind's word of a body as it comes in.
fn kind_of(body: &IncomingBody) -> &'static str {
    match body {
        IncomingBody::Account(body) => body.kind(),
        IncomingBody::Tick => TICK,
        IncomingBody::CatalogActivated(_) => CATALOG_ACTIVATED,
    }
}

#[cold]
fn unknown_key(key: &str) -> Box<WireError> {
    let known: Vec<&str> = FIELDS
        .iter()
        .chain(Body::KINDS)
        .chain(&[TICK, CATALOG_ACTIVATED])
        .copied()
        .collect();
    WireError::unknown(key, &known)
}

/// An input that names neither an account nor an identifier.
#[cold]
pub(crate) fn no_address() -> Box<WireError> {
    let mut error = WireError::missing("account_id");
    error.detail = "is missing; write it, or an identifier such as \
                    {\"kind\":\"msisdn\",\"value\":\"34600000001\"}"
        .to_owned();
    error
}

/// Points given or taken by hand name who ordered it.
fn names_who_ordered(body: &Body, actor: Option<&str>) -> Result<()> {
    let is_by_hand = matches!(body, Body::PointsAdjusted(_) | Body::PointsVoided(_));
    if !is_by_hand || actor.is_some_and(|actor| !actor.is_empty()) {
        return Ok(());
    }
    let mut error = WireError::missing("actor");
    error.detail = format!("is missing; write who ordered the {}", body.kind());
    Err(error)
}

#[cold]
fn no_body() -> Box<WireError> {
    let mut error = WireError::missing("body");
    error.detail = "is missing: a record has one field that says what happened, such as usage, \
                    bill_issued or tick"
        .to_owned();
    error
}

/// The parts of a message that is to be written; borrowed from an input of either kind.
pub(crate) struct Parts<'a> {
    key: &'a InputKey,
    occurred_at: Timestamp,
    account: Option<&'a AccountId>,
    member: Option<&'a MemberId>,
    identifier: Option<&'a Identifier>,
    currency: Option<Currency>,
    actor: Option<&'a SmolStr>,
    reason: Option<&'a SmolStr>,
    forced: bool,
    body: BodyPart<'a>,
}

#[derive(Clone, Copy)]
enum BodyPart<'a> {
    Account(&'a Body),
    Tick,
    CatalogActivated(&'a CatalogActivated),
}

impl<'a> Parts<'a> {
    pub(crate) fn of_input(input: &'a Input) -> Self {
        Parts {
            key: &input.key,
            occurred_at: input.occurred_at,
            account: Some(&input.account),
            member: input.member.as_ref(),
            identifier: None,
            currency: input.currency,
            actor: input.actor.as_ref(),
            reason: input.reason.as_ref(),
            forced: input.forced,
            body: BodyPart::Account(&input.body),
        }
    }

    /// Appends the fields of an input and gives the hash of its body, which it writes only once.
    pub(crate) fn put_hashed(input: &'a Input, out: &mut Vec<u8>) -> u64 {
        let parts = Parts::of_input(input);
        parts.put_head(out);
        let start = out.len();
        parts.put_body(out);
        hash_of_written(&input.body, &out[start..])
    }

    pub(crate) fn of_incoming(incoming: &'a Incoming) -> Self {
        let (account, member, identifier) = match &incoming.address {
            Some(Address::Account(account, member)) => (Some(account), member.as_ref(), None),
            Some(Address::Identifier(identifier)) => (None, None, Some(identifier)),
            None => (None, None, None),
        };
        Parts {
            key: &incoming.key,
            occurred_at: incoming.occurred_at,
            account,
            member,
            identifier,
            currency: incoming.currency,
            actor: incoming.actor.as_ref(),
            reason: incoming.reason.as_ref(),
            forced: incoming.forced,
            body: match &incoming.body {
                IncomingBody::Account(body) => BodyPart::Account(body),
                IncomingBody::Tick => BodyPart::Tick,
                IncomingBody::CatalogActivated(activated) => BodyPart::CatalogActivated(activated),
            },
        }
    }

    /// Appends the fields of `umbral.v1.Input`.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        self.put_head(out);
        self.put_body(out);
    }

    /// Appends the fields before the body.
    fn put_head(&self, out: &mut Vec<u8>) {
        put(1, &self.key.source, out);
        put(2, &self.key.event_id, out);
        put(3, &self.occurred_at, out);
        put_optional(4, self.account, out);
        put_optional(5, self.member, out);
        put_optional(6, self.identifier, out);
        put_optional(7, self.currency.as_ref(), out);
        put_optional(8, self.actor, out);
        put_optional(9, self.reason, out);
        put_default(10, &self.forced, out);
    }

    fn put_body(&self, out: &mut Vec<u8>) {
        match self.body {
            BodyPart::Account(body) => body::put(body, out),
            BodyPart::Tick => {
                crate::pb::put_key(TICK_TAG, crate::pb::Wire::Bytes, out);
                crate::pb::put_bytes(&[], out);
            }
            BodyPart::CatalogActivated(activated) => put(CATALOG_TAG, activated, out),
        }
    }

    /// Appends the JSON object.
    pub(crate) fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.field("source", &self.key.source);
            out.field("event_id", &self.key.event_id);
            out.field("occurred_at", &self.occurred_at);
            out.optional("account_id", self.account);
            out.optional("member_id", self.member);
            out.optional("identifier", self.identifier);
            out.optional("currency", self.currency.as_ref());
            out.optional("actor", self.actor);
            out.optional("reason", self.reason);
            if self.forced {
                out.field("forced", &true);
            }
            match self.body {
                BodyPart::Account(body) => body::write(body, out),
                BodyPart::Tick => {
                    out.key(TICK);
                    out.object(|_| {});
                }
                BodyPart::CatalogActivated(activated) => out.field(CATALOG_ACTIVATED, activated),
            }
        });
    }
}

/// A correction that names itself would wait for itself.
fn names_another(body: &Body, source: Option<&Source>, event_id: Option<&EventId>) -> Result<()> {
    let (field, id, of) = match body {
        Body::UsageCorrected(body) => ("corrects", &body.corrects, &body.corrects_source),
        Body::UsageCancelled(body) => ("cancels", &body.cancels, &body.cancels_source),
        _ => return Ok(()),
    };
    if Some(id) != event_id || (of.is_some() && of.as_ref() != source) {
        return Ok(());
    }
    let detail = "is the event_id of this record itself; name the record that it is about";
    Err(WireError::malformed(detail).at(field).at(body.kind()))
}
