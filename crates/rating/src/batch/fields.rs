//! The fields of a batch line, and the tariff, record and account that they ask for.

use super::json::Json;
use super::{INSTANT_RANGE, is_out_of_range};
use crate::assumed::Assumed;
use crate::record::{Record, Tariff, check_network, compared, readable};
use crate::resolve::version_at;
use std::borrow::Cow;
use std::cell::OnceCell;
use umbral_catalog::tables::NumberForm;
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::input::Direction;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{LocalMeaning, LocalTime, NANOS_PER_DAY, Timestamp};
use umbral_model::units::{Measurement, Quantity};

pub(super) const NAMES: [&str; 19] = [
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
    "left",
    "so_far",
    "class",
    "tier",
    "card",
    "vip_rank",
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
const LEFT: usize = 13;
const SO_FAR: usize = 14;
const CLASS: usize = 15;
const TIER: usize = 16;
const CARD: usize = 17;
const VIP_RANK: usize = 18;

/// What a line asks for.
#[derive(Debug)]
pub(super) struct Request<'f> {
    pub(super) tariff: Tariff<'f>,
    pub(super) record: Record<'f>,
    pub(super) account: Assumed<'f>,
}

/// The fields of a line, by the order of `NAMES`, and the first thing that is wrong with their names.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) values: [Option<Json<'a>>; NAMES.len()],
    pub(super) unknown: Option<String>,
    pub(super) twice: Option<&'static str>,
    /// The other party's number, where it was written with separators.
    number: OnceCell<String>,
}

impl<'a> Fields<'a> {
    pub(super) fn id_text(&self) -> Option<Cow<'_, str>> {
        match &self.values[ID] {
            Some(Json::Text(text)) => Some(Cow::Borrowed(text)),
            Some(Json::Whole(number)) => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), Rejection> {
        if let Some(name) = &self.unknown {
            let detail = format!("no field {name:?}; the fields are {}", NAMES.join(", "));
            return Err(Rejection::new(Reason::UnknownField, detail));
        }
        if let Some(name) = self.twice {
            return Err(malformed(name, "stands twice"));
        }
        match &self.values[ID] {
            None | Some(Json::Null) => Err(missing("id")),
            Some(Json::Text(_) | Json::Whole(_)) => Ok(()),
            Some(_) => Err(malformed("id", "is a text such as \"1\"")),
        }
    }

    fn text(&self, field: usize) -> Result<Option<&str>, Rejection> {
        match &self.values[field] {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
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

    /// The tariff, the record and the account that the line asks for.
    pub(super) fn request<'f>(
        &'f self,
        catalogs: &'f CatalogSet,
    ) -> Result<Request<'f>, Rejection> {
        let tariff = self.tariff(catalogs)?;
        let service = self.needed(SERVICE)?;
        let start = start(self.needed(START)?, catalogs)?;
        let version = version_at(catalogs, start)?;
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
        let (to, whole) = self.other_party(catalog.numbers)?;
        let network = self.optional(NETWORK)?;
        check_network(network)?;
        let record = Record {
            service,
            direction: self.direction()?,
            to,
            whole,
            zone: self.optional(ZONE)?,
            network,
            start,
            quantity,
            duration,
            continued: self.continued(measurement)?,
        };
        Ok(Request {
            account: self.account(catalogs, version, tariff, &record)?,
            tariff,
            record,
        })
    }

    /// What the line says of the account.
    fn account<'f>(
        &'f self,
        catalogs: &'f CatalogSet,
        version: &'f Version,
        tariff: Tariff<'_>,
        record: &Record<'_>,
    ) -> Result<Assumed<'f>, Rejection> {
        let mut assumed = Assumed {
            class: self.optional(CLASS)?,
            tier: self.optional(TIER)?.map(Into::into),
            vip_rank: self.vip_rank()?,
            ..Assumed::default()
        };
        if let Some(class) = assumed.class {
            crate::assumed::check_class(version, class)?;
        }
        self.cards(&mut assumed)?;
        for (name, units) in self.table(LEFT)? {
            let allowance = crate::assumed::allowance(catalogs, version, tariff, record, name)?;
            let counted_in = version.catalog.allowances[allowance.index()].measurement;
            let units = units_of("left", name, units, counted_in)?;
            assumed.add_grant(version, allowance, units.unwrap_or(0));
        }
        for (name, units) in self.table(SO_FAR)? {
            let tiers = crate::assumed::tiers(version, name)?;
            let units = units_of("so_far", name, units, tiers.measurement)?;
            assumed.add_counter(tiers, units.unwrap_or(0));
        }
        Ok(assumed)
    }

    fn vip_rank(&self) -> Result<u16, Rejection> {
        let rank = match &self.values[VIP_RANK] {
            None | Some(Json::Null) => Some(0),
            Some(Json::Whole(rank)) => u16::try_from(*rank).ok(),
            Some(Json::Text(text)) => text.parse().ok(),
            Some(_) => None,
        };
        rank.ok_or_else(|| malformed("vip_rank", "is a whole number, 0 to 65535"))
    }

    fn cards(&self, assumed: &mut Assumed<'_>) -> Result<(), Rejection> {
        let list = match &self.values[CARD] {
            None | Some(Json::Null) => &[],
            Some(Json::List(list)) => list.as_slice(),
            Some(one) => core::slice::from_ref(one),
        };
        for card in list {
            match card {
                Json::Text(card) => assumed.cards.push(card.as_ref().into()),
                _ => return Err(malformed("card", "is a text in quotes, or a list of them")),
            }
        }
        Ok(())
    }

    /// The entries of an object of units by name; no name comes twice.
    fn table(&self, field: usize) -> Result<&[(Cow<'a, str>, Json<'a>)], Rejection> {
        let entries = match &self.values[field] {
            None | Some(Json::Null) => return Ok(&[]),
            Some(Json::Table(entries)) => entries.as_slice(),
            Some(_) => {
                let why = "is an object of units by name, such as {\"10 GB\":\"3MB\"}";
                return Err(malformed(NAMES[field], why));
            }
        };
        for (index, (name, _)) in entries.iter().enumerate() {
            if entries[..index].iter().any(|(known, _)| known == name) {
                return Err(malformed(NAMES[field], format!("names {name:?} twice")));
            }
        }
        Ok(entries)
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

    /// What rating may read of the other party's number, and whether that is all of it.
    fn other_party(&self, form: NumberForm) -> Result<(&str, bool), Rejection> {
        let (to, from) = (self.optional(TO)?, self.optional(FROM)?);
        let (field, written) = match (self.direction()?, from) {
            (Direction::Terminating, Some(caller)) => (FROM, caller),
            _ => (TO, to.unwrap_or("")),
        };
        let number = match compared(NAMES[field], written, form)? {
            Cow::Borrowed(number) => number,
            Cow::Owned(number) => self.number.get_or_init(|| number),
        };
        Ok(readable(number, form))
    }

    fn quantity(&self, field: usize, measurement: Measurement) -> Result<Option<u64>, Rejection> {
        match &self.values[field] {
            None => Ok(None),
            Some(value) => quantity(NAMES[field], value, measurement),
        }
    }

    fn continued(&self, measurement: Measurement) -> Result<Option<u64>, Rejection> {
        match &self.values[CONTINUED] {
            Some(Json::Bool(later_leg)) => Ok(later_leg.then_some(0)),
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
        nano_of_day: wall.nanos().rem_euclid(NANOS_PER_DAY),
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

/// A quantity of a service; a plain count may stand without quotes.
fn quantity(
    field: &str,
    value: &Json<'_>,
    measurement: Measurement,
) -> Result<Option<u64>, Rejection> {
    let digits;
    let text = match value {
        Json::Null => return Ok(None),
        Json::Text(text) => text.as_ref(),
        Json::Whole(count) => {
            digits = count.to_string();
            &digits
        }
        _ => {
            let why = "is a quantity: \"61s\", \"10kB\" or \"1\"";
            return Err(malformed(field, why));
        }
    };
    match Quantity::parse(text, measurement) {
        Ok(quantity) => Ok(Some(quantity.0)),
        Err(error) => Err(malformed(field, format!("{text:?}: {error}"))),
    }
}

/// Units of an allowance or a rate, in its own measurement whatever the record's is; as in a catalog's cases.
fn units_of(
    field: &str,
    name: &str,
    value: &Json<'_>,
    measurement: Measurement,
) -> Result<Option<u64>, Rejection> {
    if let Json::Text(text) = value
        && let Some(units) = umbral_catalog::case::measured(text, measurement)
    {
        return Ok(Some(units));
    }
    quantity(&format!("{field} of {name:?}"), value, measurement)
}

fn missing(field: &str) -> Rejection {
    Rejection::new(Reason::MissingField, format!("{field} is missing"))
}

fn malformed(field: &str, why: impl core::fmt::Display) -> Rejection {
    Rejection::new(Reason::MalformedField, format!("{field} {why}"))
}
