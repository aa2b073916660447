//! `rate --batch`: one JSON object a line in, one a line out.
//!
//! Fields of a line: `id`, `plan` or `profile`, `service`, `start`, `usage` (needed); `to`, `from`,
//! `direction`, `zone`, `network`, `duration`, `continued`. Unknown fields are an error. The other party's
//! number is `to`; of a terminating record it may be given as `from`.

use crate::explanation::{Explained, Usage, write_amount};
use crate::record::{Record, Tariff, is_whole, readable};
use crate::text::push_json_string;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use umbral_catalog::version::CatalogSet;
use umbral_model::input::Direction;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{LocalMeaning, LocalTime, NANOS_PER_SECOND, Timestamp};
use umbral_model::units::{Measurement, Quantity};

/// Longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Longest word of a message, in characters: the rest of it helps nobody.
const MAX_WORD_CHARS: usize = 200;

/// How much of a charge is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// The amount with its explanation.
    Full,
    /// Nothing after `currency`.
    Brief,
}

/// Rates one line and appends the answer, a JSON object and a newline, to `out`. Returns whether the record
/// was priced; an error is written as `{"id":…,"code":…,"reason":…}`.
pub fn rate_line(catalogs: &CatalogSet, line: &[u8], detail: Detail, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    if line.len() > MAX_LINE_BYTES {
        let detail = format!("the line is longer than {} kB", MAX_LINE_BYTES >> 10);
        write_rejection(out, None, &Rejection::new(Reason::TooLarge, detail));
        return false;
    }
    let fields = match parse(line) {
        Ok(fields) => fields,
        Err(rejection) => {
            write_rejection(out, None, &rejection);
            return false;
        }
    };
    match rate_fields(catalogs, &fields, detail, out) {
        Ok(()) => {
            out.extend_from_slice(b"}\n");
            true
        }
        Err(rejection) => {
            out.truncate(start);
            write_rejection(out, fields.id_text().as_deref(), &rejection);
            false
        }
    }
}

fn write_rejection(out: &mut Vec<u8>, id: Option<&str>, rejection: &Rejection) {
    write_id(out, id);
    out.extend_from_slice(b",\"code\":\"");
    out.extend_from_slice(rejection.reason.code().as_bytes());
    out.extend_from_slice(b"\",\"reason\":");
    push_json_string(out, &shortened(&rejection.detail));
    out.extend_from_slice(b"}\n");
}

/// A message in which no word is longer than a line can show.
pub fn shortened(message: &str) -> Cow<'_, str> {
    let is_long = |word: &str| word.chars().nth(MAX_WORD_CHARS).is_some();
    if !message.split(char::is_whitespace).any(is_long) {
        return Cow::Borrowed(message);
    }
    let mut short = String::with_capacity(message.len().min(4 * MAX_WORD_CHARS));
    for word in message.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        match bare.char_indices().nth(MAX_WORD_CHARS) {
            Some((cut, _)) => {
                short.push_str(&bare[..cut]);
                short.push('…');
                short.push_str(&word[bare.len()..]);
            }
            None => short.push_str(word),
        }
    }
    Cow::Owned(short)
}

fn write_id(out: &mut Vec<u8>, id: Option<&str>) {
    out.extend_from_slice(b"{\"id\":");
    match id {
        Some(id) => push_json_string(out, id),
        None => out.extend_from_slice(b"null"),
    }
}

fn rate_fields(
    catalogs: &CatalogSet,
    fields: &Fields<'_>,
    detail: Detail,
    out: &mut Vec<u8>,
) -> Result<(), Rejection> {
    fields.check()?;
    let (tariff, record) = fields.request(catalogs)?;
    let charge = crate::rate(catalogs, tariff, &record)?;
    write_id(out, fields.id_text().as_deref());
    out.push(b',');
    if detail == Detail::Brief {
        let version = catalogs.get(charge.version).ok_or(Reason::NoVersion)?;
        write_amount(out, charge.amount, version.catalog.currency);
        return Ok(());
    }
    let usage = Usage {
        start: record.start,
        quantity: record.quantity,
        duration: record.duration,
    };
    let explained = Explained::of(catalogs, &charge, usage).ok_or(Reason::NoVersion)?;
    explained.write_json(out);
    Ok(())
}

/// A JSON value as far as a record's fields need it.
#[derive(Debug)]
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    Bool(bool),
    Null,
    /// Anything else: negative or fractional numbers, lists, objects.
    Other,
}

const NAMES: [&str; 13] = [
    "id",
    "plan",
    "profile",
    "service",
    "direction",
    "to",
    "from",
    "network",
    "zone",
    "start",
    "usage",
    "duration",
    "continued",
];
const ID: usize = 0;
const PLAN: usize = 1;
const PROFILE: usize = 2;
const SERVICE: usize = 3;
const DIRECTION: usize = 4;
const TO: usize = 5;
const FROM: usize = 6;
const NETWORK: usize = 7;
const ZONE: usize = 8;
const START: usize = 9;
const USAGE: usize = 10;
const DURATION: usize = 11;
const CONTINUED: usize = 12;

/// The fields of a line, by the order of `NAMES`, and the first thing that is wrong with their names.
#[derive(Debug, Default)]
struct Fields<'a> {
    values: [Option<Scalar<'a>>; NAMES.len()],
    unknown: Option<String>,
    twice: Option<&'static str>,
}

fn parse(line: &[u8]) -> Result<Fields<'_>, Rejection> {
    serde_json::from_slice(line).map_err(|error| {
        let detail = format!("not a JSON object on one line: {error}");
        Rejection::new(Reason::Unreadable, detail)
    })
}

impl<'a> Fields<'a> {
    fn id_text(&self) -> Option<Cow<'_, str>> {
        match &self.values[ID] {
            Some(Scalar::Text(text)) => Some(Cow::Borrowed(text)),
            Some(Scalar::Whole(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), Rejection> {
        if let Some(name) = &self.unknown {
            let detail = format!("no field {name:?}; the fields are {}", NAMES.join(", "));
            return Err(Rejection::new(Reason::UnknownField, detail));
        }
        if let Some(name) = self.twice {
            return Err(malformed(name, "stands twice"));
        }
        match &self.values[ID] {
            None | Some(Scalar::Null) => Err(missing("id")),
            Some(Scalar::Text(_) | Scalar::Whole(_)) => Ok(()),
            Some(_) => Err(malformed("id", "is a text such as \"1\"")),
        }
    }

    fn text(&self, field: usize) -> Result<Option<&str>, Rejection> {
        match &self.values[field] {
            None | Some(Scalar::Null) => Ok(None),
            Some(Scalar::Text(text)) => Ok(Some(text)),
            Some(_) => Err(malformed(NAMES[field], "is a text, in quotes")),
        }
    }

    fn needed(&self, field: usize) -> Result<&str, Rejection> {
        self.text(field)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| missing(NAMES[field]))
    }

    fn optional(&self, field: usize) -> Result<Option<&str>, Rejection> {
        Ok(self.text(field)?.filter(|text| !text.is_empty()))
    }

    /// The tariff and the record that the line asks for.
    fn request<'f>(&'f self, catalogs: &CatalogSet) -> Result<(Tariff<'f>, Record<'f>), Rejection> {
        let tariff = self.tariff(catalogs)?;
        let service = self.needed(SERVICE)?;
        let start = start(self.needed(START)?, catalogs)?;
        let Some(version) = catalogs.in_force(start) else {
            let detail = format!("no catalog version is in force at {start}");
            return Err(Rejection::new(Reason::NoVersion, detail));
        };
        let catalog = &*version.catalog;
        let known = catalog.services.iter().find(|known| known.name == service);
        let Some(measurement) = known.map(|known| known.measurement) else {
            let detail = format!("catalog {} has no service {service}", catalog.label);
            return Err(Rejection::new(Reason::UnknownService, detail));
        };
        let quantity = self
            .quantity(USAGE, measurement)?
            .ok_or_else(|| missing(NAMES[USAGE]))?;
        let duration = self.quantity(DURATION, Measurement::Time)?;
        if measurement == Measurement::Time && duration.is_some_and(|nanos| nanos != quantity) {
            return Err(malformed(
                "duration",
                "is for services that are not counted in time",
            ));
        }
        let number = self.other_party()?;
        let record = Record {
            service,
            direction: self.direction()?,
            to: readable(number, catalog.numbers),
            whole: is_whole(number, catalog.numbers),
            zone: self.optional(ZONE)?,
            network: self.optional(NETWORK)?,
            start,
            quantity,
            duration,
            continued: self.continued(measurement)?,
        };
        Ok((tariff, record))
    }

    fn tariff(&self, catalogs: &CatalogSet) -> Result<Tariff<'_>, Rejection> {
        match (self.optional(PLAN)?, self.optional(PROFILE)?) {
            (Some(_), Some(_)) => Err(malformed(
                "profile",
                "stands instead of plan, not beside it",
            )),
            (None, None) => {
                let detail = "plan or profile is missing: name one of them";
                Err(Rejection::new(Reason::MissingField, detail))
            }
            (None, Some(profile)) => Ok(Tariff::Profile(profile)),
            (Some(name), None) => match catalogs.plan_no(name) {
                Some(plan) => Ok(Tariff::Plan(plan)),
                None => {
                    let detail = format!("the catalog has no plan {name}");
                    Err(Rejection::new(Reason::UnknownPlan, detail))
                }
            },
        }
    }

    fn direction(&self) -> Result<Direction, Rejection> {
        match self.optional(DIRECTION)? {
            None | Some("originating") => Ok(Direction::Originating),
            Some("terminating") => Ok(Direction::Terminating),
            Some(_) => Err(malformed("direction", "is originating or terminating")),
        }
    }

    fn other_party(&self) -> Result<&str, Rejection> {
        let (to, from) = (self.optional(TO)?, self.optional(FROM)?);
        Ok(match (self.direction()?, from) {
            (Direction::Terminating, Some(caller)) => caller,
            _ => to.unwrap_or(""),
        })
    }

    /// A quantity of a service; a plain count may stand without quotes.
    fn quantity(&self, field: usize, measurement: Measurement) -> Result<Option<u64>, Rejection> {
        let digits;
        let text = match &self.values[field] {
            None | Some(Scalar::Null) => return Ok(None),
            Some(Scalar::Text(text)) => text.as_ref(),
            Some(Scalar::Whole(count)) => {
                digits = count.to_string();
                &digits
            }
            Some(_) => {
                return Err(malformed(
                    NAMES[field],
                    "is a quantity: \"61s\", \"10kB\" or \"1\"",
                ));
            }
        };
        match Quantity::parse(text, measurement) {
            Ok(quantity) => Ok(Some(quantity.0)),
            Err(error) => Err(malformed(NAMES[field], format!("{text:?}: {error}"))),
        }
    }

    fn continued(&self, measurement: Measurement) -> Result<Option<u64>, Rejection> {
        match &self.values[CONTINUED] {
            Some(Scalar::Bool(later_leg)) => Ok(later_leg.then_some(0)),
            _ => self.quantity(CONTINUED, measurement),
        }
    }
}

/// An instant in RFC 3339; without an offset it is the wall clock of the catalog's zone: the earlier of two
/// meanings, and refused where the clock skips it.
fn start(text: &str, catalogs: &CatalogSet) -> Result<Timestamp, Rejection> {
    if let Some(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let mut as_utc = String::with_capacity(text.len() + 1);
    as_utc.push_str(text);
    as_utc.push('Z');
    let wall = Timestamp::parse(&as_utc).filter(|_| !text.ends_with(['Z', 'z']));
    let Some(wall) = wall else {
        if is_out_of_range(text) || is_out_of_range(&as_utc) {
            return Err(malformed("start", format!("{text}: {INSTANT_RANGE}")));
        }
        return Err(malformed(
            "start",
            "is an instant such as 2026-03-02T10:00:00+01:00",
        ));
    };
    let Some(version) = catalogs.in_force(wall) else {
        let detail = format!("no catalog version is in force at {text}");
        return Err(Rejection::new(Reason::NoVersion, detail));
    };
    let local = LocalTime {
        date: wall.utc_date(),
        nano_of_day: wall.nanos().rem_euclid(86_400 * NANOS_PER_SECOND),
    };
    match version.catalog.zone.meaning(local) {
        LocalMeaning::Single(at) | LocalMeaning::Ambiguous(at, _) => Ok(at),
        LocalMeaning::Gap(_) => {
            let zone = &version.catalog.zone.name;
            Err(malformed(
                "start",
                format!("does not exist: clocks of {zone} skip {text}"),
            ))
        }
    }
}

/// What is said of an instant that is out of range.
pub const INSTANT_RANGE: &str = "an instant lies in the years 1678 to 2261";

/// Whether a text would be an instant if its year were one that an instant can have.
pub fn is_out_of_range(text: &str) -> bool {
    let Some((year, rest)) = text.split_at_checked(4) else {
        return false;
    };
    year.bytes().all(|byte| byte.is_ascii_digit())
        && !(1678..=2261).contains(&year.parse::<u16>().unwrap_or_default())
        && Timestamp::parse(text).is_none()
        && Timestamp::parse(&format!("2000{rest}")).is_some()
}

fn missing(field: &str) -> Rejection {
    Rejection::new(Reason::MissingField, format!("{field} is missing"))
}

fn malformed(field: &str, why: impl core::fmt::Display) -> Rejection {
    Rejection::new(Reason::MalformedField, format!("{field} {why}"))
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(Text(name)) = map.next_key()? {
                    let Some(index) = NAMES.iter().position(|known| *known == name) else {
                        map.next_value::<IgnoredAny>()?;
                        fields.unknown.get_or_insert_with(|| name.into_owned());
                        continue;
                    };
                    let value = Some(map.next_value()?);
                    if core::mem::replace(&mut fields.values[index], value).is_some() {
                        fields.twice = Some(NAMES[index]);
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A text, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Ok(Text(text)),
            _ => Err(serde::de::Error::custom("a key is a text")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Whole(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Other)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Null)
            }

            fn visit_seq<A>(self, mut list: A) -> Result<Scalar<'de>, A::Error>
            where
                A: serde::de::SeqAccess<'de>,
            {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
