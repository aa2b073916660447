//! The naive price of a record: quantum by quantum from the draft of the tariff, with decimals and with local
//! time from chrono. It shares no code with what it is compared to.

use crate::common::*;
use crate::record::Drawn;
use crate::world::World;
use chrono::{Datelike, TimeZone, Timelike};
use rust_decimal::Decimal;
use umbral_catalog::tables::*;
use umbral_model::ids::DestinationNo;
use umbral_model::input::Direction;
use umbral_model::money::{Pico, Rounding, RoundingMode};
use umbral_model::time::Date;

/// Whole quanta that every unit of a price divides: 3600 and 7 quanta.
pub const COMMON: u64 = 25_200;
/// Basis points.
pub const WHOLE: u64 = 10_000;

/// What a record costs, and what it takes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub micros: i64,
    /// Base units by grant, an index into the record's.
    pub covered: Vec<(usize, u64)>,
    /// Base units by counter, in the order in which they come.
    pub counted: Vec<(usize, TierPer, u64)>,
    pub discounts: Vec<usize>,
}

/// What the clock on the wall shows.
#[derive(Clone, Copy)]
pub struct Local {
    year: i32,
    month: u32,
    day: u32,
    weekday: u32,
    pub second: u32,
}

pub fn local(zone: chrono_tz::Tz, instant: i64) -> Local {
    let utc = chrono::DateTime::from_timestamp_nanos(instant).naive_utc();
    let local = zone.from_utc_datetime(&utc);
    Local {
        year: local.year(),
        month: local.month(),
        day: local.day(),
        weekday: local.weekday().number_from_monday(),
        second: local.num_seconds_from_midnight(),
    }
}

fn holds(windows: &[Window], now: Local) -> bool {
    let date = || Date::from_ymd(now.year, now.month as u8, now.day as u8).unwrap();
    windows.iter().any(|window| {
        (window.from..window.to).contains(&now.second)
            && window.weekdays >> now.weekday & 1 == 1
            && window.month_days >> now.day & 1 == 1
            && window.months >> now.month & 1 == 1
            && (window.years.is_empty() || window.years.contains(&now.year))
            && match &window.holidays {
                Holidays::Ignored => true,
                Holidays::Only(days) => days.contains(&date()),
                Holidays::Except(days) => !days.contains(&date()),
            }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Home,
    Group(u16),
    Elsewhere,
}

fn place(draft: &Draft, network: Option<&str>) -> Place {
    let Some(network) = network else {
        return Place::Home;
    };
    if draft.home.iter().any(|code| network.starts_with(code)) {
        return Place::Home;
    }
    let mut best = (0, Place::Elsewhere);
    for (group, codes) in draft.networks.iter().enumerate() {
        for code in codes {
            if code == "*" && best.0 == 0 {
                best.1 = Place::Group(group as u16);
            } else if network.starts_with(code.as_str()) && code.len() > best.0 {
                best = (code.len(), Place::Group(group as u16));
            }
        }
    }
    best.1
}

fn country<'d>(draft: &'d Draft, network: &str) -> Option<&'d str> {
    let listed = draft.countries.iter();
    listed
        .filter(|(code, _)| network.starts_with(code))
        .max_by_key(|(code, _)| code.len())
        .map(|(_, country)| *country)
}

/// Zones of the number itself, or of its longest prefix that any zone lists.
fn zones_of(draft: &Draft, record: &Drawn) -> Vec<usize> {
    if record.number.is_empty() {
        return vec![];
    }
    let exact = draft
        .exact
        .iter()
        .find(|(number, _)| *number == record.number);
    if let Some((_, zone)) = exact.filter(|_| record.whole) {
        return vec![*zone];
    }
    for length in (0..=record.number.len()).rev() {
        let prefix = &record.number[..length];
        let zones: Vec<usize> = (0..draft.zones.len())
            .filter(|zone| draft.zones[*zone].iter().any(|known| known == prefix))
            .collect();
        if !zones.is_empty() {
            return zones;
        }
    }
    vec![]
}

fn admits_zone(filter: &ZoneFilter, draft: &Draft, record: &Drawn) -> bool {
    let listed = |zone: &usize| filter.zones.contains(&DestinationNo(*zone as u16));
    filter.zones.is_empty()
        || match record.zone {
            Some(zone) => listed(&zone),
            None => zones_of(draft, record).iter().any(listed),
        }
}

fn admits_place(filter: &NetworkFilter, place: Place) -> bool {
    filter.everywhere
        || match place {
            Place::Home => filter.home,
            Place::Group(group) => filter.groups.contains(&group),
            Place::Elsewhere => false,
        }
}

impl Drawn {
    fn goes(&self, only: Option<Direction>) -> bool {
        let own = if self.terminating {
            Direction::Terminating
        } else {
            Direction::Originating
        };
        only.is_none_or(|only| only == own)
    }

    /// When the unit after `used` units begins.
    fn instant(&self, service: usize, used: u64) -> i64 {
        let passed = match (service, self.duration) {
            (0, _) => used,
            (_, Some(nanos)) => {
                (u128::from(used) * u128::from(nanos) / u128::from(self.usage.max(1))) as u64
            }
            _ => 0,
        };
        self.start + passed as i64
    }
}

/// A billed quantum, and where its price comes from.
struct Quantum {
    at: u64,
    version: usize,
    rate: usize,
    price: Pico,
    unit: u64,
    free: bool,
}

impl World {
    fn version_at(&self, instant: i64) -> usize {
        let versions = self.versions.iter().enumerate();
        let known = versions.filter(|(_, (from, _))| *from <= instant);
        known
            .max_by_key(|(order, (from, _))| (*from, *order))
            .unwrap()
            .0
    }

    fn plan_at(&self, instant: i64) -> usize {
        let mut past = self.changes.iter().rev();
        usize::from(past.find(|(from, _)| *from <= instant).unwrap().1)
    }

    /// The naive price; none where no rule holds for some part of the record.
    pub fn naive(&self, record: &Drawn) -> Option<Outcome> {
        let version = self.version_at(record.start);
        let draft = &self.versions[version].1;
        if record.whole && draft.emergency.contains(&record.number) {
            return Some(Outcome::default());
        }
        let (_, first) = self.rule_at(record, 0)?;
        if record.usage == 0 {
            return Some(Outcome::default());
        }
        let first = &draft.rates[first];
        let (mut quanta, rounding) = self.bill(record)?;
        let mut outcome = Outcome::default();
        let waived = self.cover(record, &mut quanta, &mut outcome);
        self.lay(record, &mut quanta, &mut outcome);
        let common = Decimal::from(COMMON);
        let mut total = Decimal::ZERO; // times COMMON
        for quantum in quanta.iter().filter(|quantum| !quantum.free) {
            total += decimal(quantum.price) * Decimal::from(COMMON * self.quantum / quantum.unit);
        }
        if record.continued.is_none() && !waived {
            total += decimal(first.setup) * common;
        }
        if let Some(minimum) = first.minimum.filter(|_| outcome.covered.is_empty()) {
            total = total.max(decimal(minimum) * common);
        }
        if let Some(maximum) = first.maximum {
            total = total.min(decimal(maximum) * common);
        }
        let off = self.reduce(record, version, &mut outcome);
        total *= Decimal::from(WHOLE - off);
        outcome.micros = round(total, COMMON * WHOLE, rounding);
        Some(outcome)
    }

    /// Increment after increment: each at the step of the rule that holds where it begins.
    fn bill(&self, record: &Drawn) -> Option<(Vec<Quantum>, Rounding)> {
        let (mut quanta, mut used) = (Vec::new(), 0);
        let mut rounding: Option<Rounding> = None;
        while used < record.usage {
            let (version, number) = self.rule_at(record, used)?;
            let rate = &self.versions[version].1.rates[number];
            if rounding.is_none_or(|known| rate.rounding.decimals > known.decimals) {
                rounding = Some(rate.rounding);
            }
            let position = used + record.continued.unwrap_or(0);
            let step = rate
                .steps
                .iter()
                .rev()
                .find(|step| step.start <= position)?;
            for _ in 0..step.increment / self.quantum {
                quanta.push(Quantum {
                    at: used,
                    version,
                    rate: number,
                    price: step.price,
                    unit: step.unit,
                    free: false,
                });
                used += self.quantum;
            }
        }
        Some((quanta, rounding?))
    }

    /// Lets the grants take quanta, one by one; tells whether the setup fee is waived.
    fn cover(&self, record: &Drawn, quanta: &mut [Quantum], outcome: &mut Outcome) -> bool {
        let fitting = self.fitting(record);
        let mut left: Vec<(u64, u64)> = record
            .grants
            .iter()
            .map(|grant| (grant.left, grant.left_abroad.unwrap_or(u64::MAX)))
            .collect();
        let mut waived = false;
        for quantum in quanta {
            let tiered = self.versions[quantum.version].1.rates[quantum.rate]
                .tiers
                .is_some();
            if fitting.is_empty() || (quantum.price <= Pico::ZERO && !tiered) {
                continue;
            }
            let instant = record.instant(self.service, quantum.at);
            for (number, abroad) in &fitting {
                let grant = &record.grants[*number];
                let draft = &self.versions[grant.version].1;
                let allowance = &draft.allowances[grant.allowance];
                let left = &mut left[*number];
                let mut bands = allowance.bands.iter();
                if left.0 == 0 || (*abroad && left.1 == 0) {
                    continue;
                }
                let now = || local(draft.zone, instant);
                if !allowance.bands.is_empty()
                    && !bands.any(|band| holds(&draft.bands[band.index()], now()))
                {
                    continue;
                }
                left.0 -= self.quantum;
                left.1 -= if *abroad { self.quantum } else { 0 };
                quantum.free = true;
                waived |= allowance.waives_setup;
                let known = outcome.covered.iter_mut().find(|known| known.0 == *number);
                match known {
                    Some(known) => known.1 += self.quantum,
                    None => outcome.covered.push((*number, self.quantum)),
                }
                break;
            }
        }
        outcome.covered.sort_unstable();
        waived
    }

    /// Grants that cover the record but for their bands and what is left, and whether it is abroad for them.
    fn fitting(&self, record: &Drawn) -> Vec<(usize, bool)> {
        let mut fitting = Vec::new();
        for (number, grant) in record.grants.iter().enumerate() {
            let draft = &self.versions[grant.version].1;
            let allowance = &draft.allowances[grant.allowance];
            let here = place(draft, record.network);
            let mut services = allowance.services.iter();
            if services.any(|service| service.index() == self.service)
                && record.goes(allowance.direction)
                && admits_place(&allowance.networks, here)
                && admits_zone(&allowance.zones, draft, record)
            {
                fitting.push((number, here != Place::Home && grant.left_abroad.is_some()));
            }
        }
        fitting
    }

    /// Prices of the quanta whose rates have tiers, one after the other.
    fn lay(&self, record: &Drawn, quanta: &mut [Quantum], outcome: &mut Outcome) {
        let tiers_of = |quantum: &Quantum| {
            let rate = &self.versions[quantum.version].1.rates[quantum.rate];
            rate.tiers
                .as_ref()
                .map(|tiers| (quantum.rate, tiers.per, tiers))
        };
        for quantum in quanta.iter() {
            if let Some((rate, per, _)) = tiers_of(quantum) {
                let units = if quantum.free { 0 } else { self.quantum };
                let ours = |known: &&mut (usize, TierPer, u64)| (known.0, known.1) == (rate, per);
                match outcome.counted.iter_mut().find(ours) {
                    Some(known) => known.2 += units,
                    None => outcome.counted.push((rate, per, units)),
                }
            }
        }
        let mut counters = record.counters.clone();
        for quantum in quanta {
            let Some((rate, per, tiers)) = tiers_of(quantum) else {
                continue;
            };
            let ours = |known: &(usize, TierPer, u64)| (known.0, known.1) == (rate, per);
            if !counters.iter().any(ours) {
                counters.push((rate, per, 0));
            }
            let counter = counters.iter_mut().find(|known| ours(known)).unwrap();
            let before = record.counters.iter().find(|known| ours(known));
            let all = outcome.counted.iter().find(|known| ours(known)).unwrap().2;
            let reach = match tiers.kind {
                // The tier in which the last unit of this quantum lies.
                TierKind::Graduated => counter.2 + self.quantum,
                TierKind::Volume => before.map_or(0, |known| known.2) + all,
            };
            let tier = tiers.tiers.iter().find(|tier| reach <= tier.up_to).unwrap();
            if !quantum.free {
                (quantum.price, quantum.unit) = (tier.price, tier.unit);
                counter.2 += self.quantum;
            }
        }
    }

    /// Basis points that the record's discounts take off.
    fn reduce(&self, record: &Drawn, version: usize, outcome: &mut Outcome) -> u64 {
        let draft = &self.versions[version].1;
        let plan = self.plan_at(record.start);
        let mut sum = 0;
        let one_of = |names: &[smol_str::SmolStr], own: &[&str]| {
            names.is_empty() || own.iter().any(|own| names.iter().any(|name| name == own))
        };
        for (number, discount) in draft.discounts.iter().enumerate() {
            let mut services = discount.services.iter();
            let applies = one_of(&discount.classes, record.class.as_slice())
                && one_of(&discount.tiers, record.tier.as_slice())
                && one_of(&discount.cards, &record.cards)
                && record.vip_rank >= discount.vip_rank
                && (discount.plans.is_empty() || discount.plans.contains(&(plan as u32)))
                && (discount.services.is_empty()
                    || services.any(|service| service.index() == self.service))
                && record.goes(discount.direction)
                && admits_place(&discount.networks, place(draft, record.network))
                && admits_zone(&discount.zones, draft, record)
                && discount.from.nanos() <= record.start
                && record.start < discount.until.nanos();
            if applies {
                sum += u64::from(discount.bps);
                outcome.discounts.push(number);
            }
        }
        sum.min(u64::from(draft.discount_cap_bps))
    }

    /// The version and the rate that price the unit after `used` units.
    fn rule_at(&self, record: &Drawn, used: u64) -> Option<(usize, usize)> {
        let instant = record.instant(self.service, used);
        let version = self.version_at(instant);
        let draft = &self.versions[version].1;
        let plan = &draft.plans[self.plan_at(instant)];
        let now = local(draft.zone, instant);
        let here = place(draft, record.network);
        let fits = |rule: &&DraftRule| {
            let wanted = rule.roaming.map_or(Place::Home, Place::Group);
            record.goes(rule.direction) && here == wanted
        };
        let mut lists: Vec<Vec<&DraftRule>> = Vec::new();
        let listed = |keep: &dyn Fn(&DraftRule) -> bool| {
            let own = plan.rules.iter().filter(fits);
            own.filter(|rule| keep(rule)).collect::<Vec<_>>()
        };
        if let Some(zone) = record.zone {
            lists.push(listed(&|rule| !rule.visited && rule.zone == Some(zone)));
        } else if !record.number.is_empty() {
            let country = record.network.and_then(|network| country(draft, network));
            if country.is_some_and(|code| record.number.starts_with(code)) {
                lists.push(listed(&|rule| rule.visited));
            }
            let exact = draft
                .exact
                .iter()
                .find(|(number, _)| *number == record.number);
            if let Some((_, zone)) = exact.filter(|_| record.whole) {
                lists.push(listed(&|rule| !rule.visited && rule.zone == Some(*zone)));
            } else {
                for length in (0..=record.number.len()).rev() {
                    let prefix = &record.number[..length];
                    let has = |zone: usize| draft.zones[zone].iter().any(|known| known == prefix);
                    lists.push(listed(&|rule| !rule.visited && rule.zone.is_some_and(has)));
                }
            }
        }
        lists.push(listed(&|rule| !rule.visited && rule.zone.is_none()));
        for list in lists.iter().filter(|list| !list.is_empty()) {
            let holding = list
                .iter()
                .filter(|rule| rule.band.is_none_or(|band| holds(&draft.bands[band], now)));
            let rank = |rule: &DraftRule| {
                let named = [
                    rule.roaming.is_some(),
                    rule.band.is_some(),
                    rule.direction.is_some(),
                ];
                (rule.priority, named)
            };
            let mut best: Option<&DraftRule> = None;
            for rule in holding {
                if best.is_none_or(|known| rank(rule) > rank(known)) {
                    best = Some(rule);
                }
            }
            match best {
                Some(rule) => return Some((version, rule.rate)),
                None if !plan.fall_through => return None,
                None => {}
            }
        }
        None
    }
}

pub fn decimal(amount: Pico) -> Decimal {
    let picos = amount.picos();
    match picos % 1_000_000 {
        0 => Decimal::from_i128_with_scale(picos / 1_000_000, 6),
        _ => Decimal::from_i128_with_scale(picos, 12),
    }
}

/// `total / common` rounded, in micro-units.
pub fn round(total: Decimal, common: u64, rounding: Rounding) -> i64 {
    let common = Decimal::from(common);
    let scaled = total * Decimal::from(10i64.pow(u32::from(rounding.decimals)));
    let mut floor = (scaled / common).floor();
    while floor * common > scaled {
        floor -= Decimal::ONE;
    }
    while (floor + Decimal::ONE) * common <= scaled {
        floor += Decimal::ONE;
    }
    let rest = scaled - floor * common;
    let twice = rest + rest;
    let up = match rounding.mode {
        RoundingMode::Up => !rest.is_zero(),
        RoundingMode::Down => false,
        RoundingMode::HalfUp if scaled < Decimal::ZERO => twice > common,
        RoundingMode::HalfUp => twice >= common,
        RoundingMode::HalfEven => {
            twice > common || (twice == common && floor % Decimal::TWO != Decimal::ZERO)
        }
    };
    let units = if up { floor + Decimal::ONE } else { floor };
    let micros = units * Decimal::from(10i64.pow(6 - u32::from(rounding.decimals)));
    i64::try_from(micros).unwrap()
}
