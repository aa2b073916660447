//! Usage: the hot body, whose quantity is read in the unit of its service.

use crate::error::{Result, WireError, shortened};
use crate::json::{Reader as Json, Scalar, Writer};
use crate::pb::{Raw, Reader, Wire};
use crate::scalars::{MAX_TEXT_BYTES, check_text};
use crate::value::{self, FromJson, Value, put, put_default, put_optional, twice, unknown_tag};
use std::borrow::Cow;
use umbral_model::ids::{MAX_ID_BYTES, MemberId, ServiceName};
use umbral_model::input::{Direction, PartyNumber, Usage};
use umbral_model::number::{CONTROL_CHARACTERS, NETWORK_FORM, is_network, plain_number};
use umbral_model::units::{Measurement, Quantity, QuantityError};

/// Names in JSON in the order of the numbers in protobuf, from 0.
const FIELDS: [&str; 13] = [
    "",
    "service",
    "direction",
    "to",
    "to_tail",
    "zone",
    "network",
    "quantity",
    "duration",
    "scope",
    "continued",
    "reservation_id",
    "member_id",
];

/// A record that says nothing yet.
pub(crate) fn nothing() -> Usage {
    Usage {
        service: ServiceName::default(),
        direction: Direction::default(),
        to: PartyNumber::default(),
        zone: None,
        network: None,
        quantity: 0,
        duration: None,
        scope: None,
        continued: None,
        reservation: None,
    }
}

/// Usage as it is written: it may name its member itself, beside the envelope.
pub(crate) struct Form {
    usage: Usage,
    quantity: Option<u64>,
    member: Option<MemberId>,
    /// Which fields of the schema were there, by their numbers.
    seen: u32,
}

impl Form {
    fn new() -> Form {
        let usage = nothing();
        Form {
            usage,
            quantity: None,
            member: None,
            seen: 0,
        }
    }

    /// Notes that a field is there; an error where it was already.
    fn note(&mut self, tag: u32) -> Result<()> {
        let bit = 1u32.checked_shl(tag).unwrap_or(0);
        if self.seen & bit != 0 {
            return Err(twice(&format!("field {tag}")));
        }
        self.seen |= bit;
        Ok(())
    }

    /// Reads the fields of `umbral.v1.Usage`.
    pub(crate) fn take(raw: Raw<'_>) -> Result<Form> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut form = Form::new();
        while let Some((tag, raw)) = reader.field()? {
            form.note(tag)?;
            form.take_field(tag, raw)
                .map_err(|error| match FIELDS.get(tag as usize) {
                    Some(name) => error.at(name),
                    None => error,
                })?;
        }
        Ok(form)
    }

    fn take_field(&mut self, tag: u32, raw: Raw<'_>) -> Result<()> {
        let usage = &mut self.usage;
        match tag {
            1 => usage.service = Value::take(raw)?,
            2 => usage.direction = Value::take(raw)?,
            3 => usage.to.head = Value::take(raw)?,
            4 => usage.to.tail = Value::take(raw)?,
            5 => usage.zone = Some(Value::take(raw)?),
            6 => usage.network = Some(Value::take(raw)?),
            7 => self.quantity = Some(raw.varint()?),
            8 => usage.duration = Some(raw.varint()?),
            9 => usage.scope = Some(Value::take(raw)?),
            10 => usage.continued = Some(raw.varint()?),
            11 => usage.reservation = Some(Value::take(raw)?),
            12 => self.member = Some(Value::take(raw)?),
            _ => return Err(unknown_tag(tag)),
        }
        Ok(())
    }

    /// Reads the JSON object.
    pub(crate) fn read(json: &mut Json<'_>) -> Result<Form> {
        let mut form = Form::new();
        let (mut service, mut direction, mut to) = (None, None, None);
        let (mut quantity, mut duration, mut continued) = (None, None, None);
        let usage = &mut form.usage;
        json.object(|json, key| match key {
            "service" => value::read(&mut service, json, "service"),
            "direction" => value::read(&mut direction, json, "direction"),
            "to" => value::read(&mut to, json, "to"),
            "zone" => value::read(&mut usage.zone, json, "zone"),
            "network" => value::read(&mut usage.network, json, "network"),
            "quantity" => read_amount(&mut quantity, json, "quantity"),
            "duration" => read_amount(&mut duration, json, "duration"),
            "scope" => value::read(&mut usage.scope, json, "scope"),
            "continued" => read_amount(&mut continued, json, "continued"),
            "reservation_id" => value::read(&mut usage.reservation, json, "reservation_id"),
            "member_id" => value::read(&mut form.member, json, "member_id"),
            _ => Err(WireError::unknown(key, &FIELDS[1..])),
        })?;
        usage.service = service.ok_or_else(|| WireError::missing("service"))?;
        usage.direction = direction.unwrap_or_default();
        usage.to.head = to.unwrap_or_default();
        let service = usage.service.as_str();
        form.quantity = in_base_units(service, quantity, "quantity")?;
        usage.continued = in_base_units(service, continued, "continued")?;
        usage.duration = in_base_units("voice", duration, "duration")?;
        Ok(form)
    }

    /// The usage, and the member that it names.
    pub(crate) fn finish(mut self) -> Result<(Usage, Option<MemberId>)> {
        if self.usage.service.as_str().is_empty() && self.seen & 2 == 0 {
            return Err(WireError::missing("service"));
        }
        self.usage.quantity = self
            .quantity
            .ok_or_else(|| WireError::missing("quantity"))?;
        Ok((self.usage, self.member))
    }
}

/// Sets the last digits of a number apart, as they must be in everything that is kept.
pub(crate) fn split_number(usage: &mut Usage) {
    let PartyNumber { head, tail } = &usage.to;
    if !head.is_empty() || !tail.is_empty() {
        usage.to = split(head, tail);
    }
}

/// A number in the parts that a sender gave it, in those that are kept.
pub(crate) fn split(head: &str, tail: &str) -> PartyNumber {
    if tail.is_empty() {
        PartyNumber::split(head)
    } else if is_split(head, tail) {
        PartyNumber {
            head: head.into(),
            tail: tail.into(),
        }
    } else {
        PartyNumber::split(&format!("{head}{tail}"))
    }
}

/// Whether a sender set the last digits apart as it is done here.
fn is_split(head: &str, tail: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    head.len() > 4 && tail.len() == 4 && digits(head) && digits(tail)
}

/// A quantity whose unit is not known before the service is.
enum Written<'a> {
    Text(Cow<'a, str>),
    Yes,
    No,
}

fn read_amount<'a>(slot: &mut Option<Written<'a>>, json: &mut Json<'a>, name: &str) -> Result<()> {
    const WHAT: &str = "a quantity such as \"61s\", \"10kB\" or 3";
    if slot.is_some() {
        return Err(twice(name));
    }
    *slot = match json.scalar(WHAT).map_err(|error| error.at(name))? {
        Scalar::Text(text) => Some(Written::Text(text)),
        Scalar::Number(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Written::Text(number.into()))
        }
        Scalar::Number(number) => {
            let detail = format!("must be {WHAT}; write {} as a string", shortened(number));
            return Err(WireError::malformed(detail).at(name));
        }
        Scalar::Bool(true) if name == "continued" => Some(Written::Yes),
        Scalar::Bool(false) if name == "continued" => Some(Written::No),
        Scalar::Bool(_) => return Err(WireError::malformed(format!("must be {WHAT}")).at(name)),
        Scalar::Null => None,
    };
    Ok(())
}

/// Base units of a written quantity; `true` is a later leg that does not say how much came before.
fn in_base_units(service: &str, written: Option<Written<'_>>, name: &str) -> Result<Option<u64>> {
    let text = match written {
        None | Some(Written::No) => return Ok(None),
        Some(Written::Yes) => return Ok(Some(0)),
        Some(Written::Text(text)) => text,
    };
    match parse_quantity(service, &text) {
        Ok(Quantity(units)) => Ok(Some(units)),
        Err(error) => {
            let detail = format!("\"{}\": {error}", shortened(&text));
            Err(WireError::malformed(detail).at(name))
        }
    }
}

/// What a service is measured in, where its name alone says so.
fn measurement_of(service: &str) -> Option<Measurement> {
    match service {
        "voice" => Some(Measurement::Time),
        "data" => Some(Measurement::Octets),
        "sms" | "mms" | "content" => Some(Measurement::Events),
        _ => None,
    }
}

/// Of a service of the operator's own the unit in the text decides; a plain count is base units.
fn parse_quantity(service: &str, text: &str) -> core::result::Result<Quantity, QuantityError> {
    if let Some(measurement) = measurement_of(service) {
        return Quantity::parse(text, measurement);
    }
    let has_unit = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !has_unit {
        return Quantity::parse(text, Measurement::Events);
    }
    match Quantity::parse(text, Measurement::Octets) {
        Ok(quantity) => Ok(quantity),
        Err(_) => Quantity::parse(text, Measurement::Time),
    }
}

/// What a usage record may not hold, although its form is right.
pub(crate) fn check(usage: &Usage) -> Result<()> {
    let Usage {
        service,
        to,
        zone,
        network,
        quantity,
        duration,
        continued,
        reservation,
        ..
    } = usage;
    service.check().map_err(|error| error.at("service"))?;
    if to.head.len() + to.tail.len() > MAX_ID_BYTES {
        let detail = format!("is longer than {MAX_ID_BYTES} bytes");
        return Err(WireError::malformed(detail).at("to"));
    }
    if plain_number(&to.head).is_none() {
        return Err(WireError::malformed(CONTROL_CHARACTERS).at("to"));
    }
    let texts = [
        (zone, "zone"),
        (network, "network"),
        (reservation, "reservation_id"),
    ];
    for (text, name) in texts {
        if let Some(text) = text {
            check_text(text, MAX_TEXT_BYTES, false).map_err(|error| error.at(name))?;
        }
    }
    if let Some(code) = network.as_ref().filter(|code| !is_network(code)) {
        let detail = format!("{:?} {NETWORK_FORM}", shortened(code));
        return Err(WireError::malformed(detail).at("network"));
    }
    let amounts = [
        (Some(*quantity), "quantity"),
        (*duration, "duration"),
        (*continued, "continued"),
    ];
    for (amount, name) in amounts {
        if amount.is_some_and(|units| i64::try_from(units).is_err()) {
            return Err(WireError::malformed(QuantityError::TooLarge.to_string()).at(name));
        }
    }
    Ok(())
}

impl Value for Usage {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        crate::pb::put_nested(out, |out| {
            put(1, &self.service, out);
            put_default(2, &self.direction, out);
            put_default(3, &self.to.head, out);
            put_default(4, &self.to.tail, out);
            put_optional(5, self.zone.as_ref(), out);
            put_optional(6, self.network.as_ref(), out);
            put(7, &self.quantity, out);
            put_optional(8, self.duration.as_ref(), out);
            put_optional(9, self.scope.as_ref(), out);
            put_optional(10, self.continued.as_ref(), out);
            put_optional(11, self.reservation.as_ref(), out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        match Form::take(raw)?.finish()? {
            (usage, None) => Ok(usage),
            (_, Some(_)) => Err(WireError::malformed("stands in the envelope").at("member_id")),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        let unit = measurement_of(self.service.as_str()).unwrap_or(Measurement::Events);
        out.object(|out| {
            out.field("service", &self.service);
            out.field("direction", &self.direction);
            if !self.to.is_empty() {
                out.key("to");
                out.text(&format!("{}{}", self.to.head, self.to.tail));
            }
            out.optional("zone", self.zone.as_ref());
            out.optional("network", self.network.as_ref());
            out.text_field("quantity", &Quantity(self.quantity).display(unit));
            if let Some(duration) = self.duration {
                out.text_field("duration", &Quantity(duration).display(Measurement::Time));
            }
            out.optional("scope", self.scope.as_ref());
            match self.continued {
                None => {}
                Some(0) => out.field("continued", &true),
                Some(units) => out.text_field("continued", &Quantity(units).display(unit)),
            }
            out.optional("reservation_id", self.reservation.as_ref());
        });
    }
}
