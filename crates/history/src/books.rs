//! The adding up of bills: an account's months as they come out of its events.

use crate::bill::{Bill, BillLine, BillPart, ChargeLine, Month, kind_and_code};
use crate::entries::{Walked, account_of};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::charge::Charge;
use umbral_model::event::{ChargeKind, ChargePosted, EventBody, UsageCorrection, UsageRated};
use umbral_model::ids::{AccountId, ZoneName};
use umbral_model::input::{Body, InputKey, Usage};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Timestamp, ZoneRules};
use umbral_model::units::{Measurement, Quantity};

/// The kind of the line that holds corrections of other months.
const CORRECTION: &str = "correction";

/// Service, zone, network.
type LineKey = (String, Option<String>, Option<String>);
/// Version, plan, rule, rate, band.
type PartKey = (String, String, String, Option<String>, Option<String>);

#[derive(Clone, Default)]
struct Totals {
    lines: BTreeMap<LineKey, LineTotals>,
    charges: BTreeMap<(&'static str, String), (u64, Money)>,
    paid_at_once: Money,
    purchases: u64,
}

#[derive(Clone, Default)]
struct LineTotals {
    measurement: Option<Measurement>,
    base_units: u64,
    parts: BTreeMap<PartKey, (u64, Money)>,
}

/// Where a record went, as far as its price does not say it.
#[derive(Clone, Default)]
struct Place {
    zone: Option<SmolStr>,
    network: Option<SmolStr>,
}

/// The account's months as they are being added up.
pub(crate) struct Books {
    account: AccountId,
    only: Option<Month>,
    currency: Option<Currency>,
    zone: Arc<ZoneRules>,
    months: BTreeMap<Month, Totals>,
    corrections: Corrections,
}

/// What corrections need to know of the records before them.
#[derive(Default)]
struct Corrections {
    /// Records in the lines of a wanted month.
    records: FxHashMap<InputKey, (Month, Place)>,
    /// Records of which a correction is a line of its own; so are all later ones.
    beside: FxHashSet<InputKey>,
    /// Corrections that wait for their record.
    parked: FxHashMap<InputKey, Place>,
    /// Position of the last correction, and the month in which it counts.
    last: Option<(u64, Month)>,
}

impl Books {
    /// For all months of an account, or only one.
    pub(crate) fn new(account: AccountId, only: Option<Month>) -> Books {
        Books {
            account,
            only,
            currency: None,
            zone: Arc::new(ZoneRules::utc()),
            months: BTreeMap::new(),
            corrections: Corrections::default(),
        }
    }

    /// Whether the account was opened.
    pub(crate) fn is_known(&self) -> bool {
        self.currency.is_some()
    }

    /// Months that have something to show, in order.
    pub(crate) fn months(&self) -> impl Iterator<Item = Month> + '_ {
        self.months.keys().copied()
    }

    /// Takes the events of a batch.
    pub(crate) fn take(&mut self, walked: &Walked<'_>) {
        for (_, entry) in &walked.entries {
            for event in &entry.events {
                if account_of(entry, event) == Some(&self.account) {
                    let at = event.event.effective_at;
                    self.take_event(walked.world, entry, at, &event.event.body);
                }
            }
        }
    }

    fn take_event(&mut self, world: &World, entry: &Entry, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::AccountOpened(opened) => {
                self.currency = Some(opened.currency);
                self.move_to(world, &opened.time_zone);
            }
            EventBody::ZoneSet(set) => self.move_to(world, &set.time_zone),
            EventBody::UsageRated(rated) => self.add_record(world, entry, at, rated),
            EventBody::UsageCorrected(correction) => self.correct(world, entry, correction),
            EventBody::CorrectionParked(parked) => {
                if let Some(place) = place_of(&parked.input.body) {
                    let key = parked.input.key.clone();
                    self.corrections.parked.insert(key, place);
                }
            }
            EventBody::ChargePosted(posted) => {
                let month = self.month_of_charge(entry, at, posted);
                if let Some(totals) = self.totals(month) {
                    let (kind, code) = kind_and_code(posted);
                    totals.add_charge(kind, code, posted.amount);
                }
            }
            EventBody::PurchaseRecorded(recorded) => {
                if let Some(totals) = self.totals(self.month_of(at)) {
                    totals.purchases += 1;
                    totals.paid_at_once += recorded.total;
                }
            }
            _ => {}
        }
    }

    fn move_to(&mut self, world: &World, name: &ZoneName) {
        let rules = world
            .zones
            .number(name.as_str())
            .and_then(|number| world.zones.rules(number));
        if let Some(rules) = rules {
            self.zone = Arc::clone(rules);
        }
    }

    fn month_of(&self, at: Timestamp) -> Month {
        Month::of(self.zone.local(at).date)
    }

    /// Tiers that a correction moved count where the correction does.
    fn month_of_charge(&self, entry: &Entry, at: Timestamp, posted: &ChargePosted) -> Month {
        match (&posted.kind, self.corrections.last) {
            (ChargeKind::Volume(_), Some((position, month))) if position == entry.position => month,
            _ => self.month_of(at),
        }
    }

    /// What the month came to so far, if it is wanted.
    fn totals(&mut self, month: Month) -> Option<&mut Totals> {
        let wanted = self.only.is_none_or(|only| only == month);
        wanted.then(|| self.months.entry(month).or_default())
    }

    fn add_record(&mut self, world: &World, entry: &Entry, at: Timestamp, rated: &UsageRated) {
        let month = self.month_of(at);
        let Some(totals) = self.totals(month) else {
            return;
        };
        let JournaledInput::Account(input) = &entry.input else {
            return;
        };
        let place = place_of(&input.body).unwrap_or_default();
        totals.add_usage(world, &place, rated);
        let key = input.key.clone();
        self.corrections.records.insert(key, (month, place));
    }

    /// A record that is corrected in its own month counts as it stands now. What was billed is not rewritten:
    /// a later correction is a line of the month in which it came.
    fn correct(&mut self, world: &World, entry: &Entry, correction: &UsageCorrection) {
        let own = match &entry.input {
            JournaledInput::Account(input) => Some(input),
            _ => None,
        };
        let came = self.month_of(entry.clock);
        let (was, is) = (
            self.month_of(correction.occurred_at),
            self.month_of(correction.started_at),
        );
        // A correction that waited for its record comes with it.
        let with_record = own.is_some_and(|input| input.key == correction.root);
        let known = &mut self.corrections;
        let parked = known.parked.remove(&correction.correction);
        let within =
            was == is && (came == was || with_record) && !known.beside.contains(&correction.root);
        known.last = Some((entry.position, if within { was } else { came }));
        if !within {
            known.beside.insert(correction.root.clone());
            known.records.remove(&correction.root);
            if let Some(totals) = self.totals(came) {
                let code = corrected_service(world, correction);
                totals.add_charge(CORRECTION, code, correction.difference);
            }
            return;
        }
        let Some((month, before)) = known.records.get_mut(&correction.root) else {
            return;
        };
        let said = own.filter(|input| input.key == correction.correction);
        let said = said.and_then(|input| place_of(&input.body)).or(parked);
        let after = said.unwrap_or_else(|| before.clone());
        let (month, before) = (*month, std::mem::replace(before, after.clone()));
        if let Some(totals) = self.totals(month) {
            if let Some(rated) = &correction.before {
                totals.take_back(world, &before, rated);
            }
            if let Some(rated) = &correction.after {
                totals.add_usage(world, &after, rated);
            }
        }
    }

    /// The bill of a month; one without anything is a bill of zero.
    pub(crate) fn bill(&self, month: Month) -> Bill {
        let totals = self.months.get(&month).cloned().unwrap_or_default();
        let usage: Vec<BillLine> = totals
            .lines
            .into_iter()
            .map(|(key, line)| line.into_line(key))
            .collect();
        let charges: Vec<ChargeLine> = totals
            .charges
            .into_iter()
            .map(|((kind, code), (count, amount))| ChargeLine {
                kind,
                code,
                count,
                amount,
            })
            .collect();
        let usage_total = sum(usage.iter().map(|line| line.amount));
        let charges_total = sum(charges.iter().map(|line| line.amount));
        let first = month.first().unwrap_or_default();
        Bill {
            account_id: self.account.to_string(),
            month,
            time_zone: self.zone.name.to_string(),
            from: self.zone.start_of_day(first),
            to: self.zone.start_of_day(first.plus_months(1)),
            currency: self
                .currency
                .map(|currency| currency.to_string())
                .unwrap_or_default(),
            usage,
            charges,
            usage_total,
            charges_total,
            total: usage_total + charges_total,
            paid_at_once: totals.paid_at_once,
            purchases_paid_at_once: totals.purchases,
        }
    }
}

impl Totals {
    fn add_charge(&mut self, kind: &'static str, code: String, amount: Money) {
        let line = self.charges.entry((kind, code)).or_default();
        line.0 += 1;
        line.1 += amount;
    }

    fn add_usage(&mut self, world: &World, place: &Place, rated: &UsageRated) {
        let Some((key, measurement)) = line_of(world, place, &rated.charge) else {
            return;
        };
        let line = self.lines.entry(key).or_default();
        line.measurement = measurement;
        line.base_units = line.base_units.saturating_add(rated.quantity);
        let part = line
            .parts
            .entry(part_key(world, &rated.charge))
            .or_default();
        part.0 += 1;
        part.1 += rated.charge.amount;
    }

    /// Takes a record out again; lines of which nothing is left go with it.
    fn take_back(&mut self, world: &World, place: &Place, rated: &UsageRated) {
        let Some((key, _)) = line_of(world, place, &rated.charge) else {
            return;
        };
        let Some(line) = self.lines.get_mut(&key) else {
            return;
        };
        line.base_units = line.base_units.saturating_sub(rated.quantity);
        let part_key = part_key(world, &rated.charge);
        if let Some(part) = line.parts.get_mut(&part_key) {
            part.0 = part.0.saturating_sub(1);
            part.1 = part.1 - rated.charge.amount;
            if part.0 == 0 {
                line.parts.remove(&part_key);
            }
        }
        if line.parts.is_empty() {
            self.lines.remove(&key);
        }
    }
}

/// The line of a record, and what its service is measured in; none if the charge is not of these catalogs.
fn line_of(
    world: &World,
    place: &Place,
    charge: &Charge,
) -> Option<(LineKey, Option<Measurement>)> {
    let catalog = &*world.catalogs.get(charge.version)?.catalog;
    let service = catalog.services.get(charge.service.index());
    let zone = charge
        .zone
        .and_then(|zone| catalog.destinations.get(zone.index()))
        .or(place.zone.as_ref())
        .map(ToString::to_string);
    let network = place.network.as_ref().map(ToString::to_string);
    let name = service
        .map(|service| service.name.to_string())
        .unwrap_or_default();
    let measurement = service.map(|service| service.measurement);
    Some(((name, zone, network), measurement))
}

fn part_key(world: &World, charge: &Charge) -> PartKey {
    use umbral_wire::Names;
    let names = crate::CatalogNames(&world.catalogs);
    let text = |name: Option<SmolStr>| name.unwrap_or_default().to_string();
    let first = charge.segments.first();
    (
        text(names.version(charge.version)),
        text(names.plan(charge.plan)),
        text(names.rule(charge.version, charge.rule)),
        first
            .and_then(|segment| names.rate(segment.version, segment.rate))
            .map(|n| n.to_string()),
        first
            .and_then(|segment| names.band(segment.version, segment.band?))
            .map(|name| name.to_string()),
    )
}

impl LineTotals {
    fn into_line(self, (service, zone, network): LineKey) -> BillLine {
        let parts: Vec<BillPart> = self
            .parts
            .into_iter()
            .map(
                |((catalog_version, plan, rule, rate, band), (records, amount))| BillPart {
                    catalog_version,
                    plan,
                    rule,
                    rate,
                    band,
                    records,
                    amount,
                },
            )
            .collect();
        BillLine {
            service,
            zone,
            network,
            records: parts.iter().map(|part| part.records).sum(),
            quantity: self
                .measurement
                .map(|measurement| Quantity(self.base_units).display(measurement))
                .unwrap_or_default(),
            base_units: self.base_units,
            amount: sum(parts.iter().map(|part| part.amount)),
            parts,
        }
    }
}

/// Where the usage of an input went; none for an input without usage.
fn place_of(body: &Body) -> Option<Place> {
    let Usage { zone, network, .. } = match body {
        Body::Usage(usage) => usage,
        Body::UsageCorrected(corrected) => &corrected.usage,
        _ => return None,
    };
    Some(Place {
        zone: zone.clone(),
        network: network.clone(),
    })
}

/// The service of a corrected record: what it is now, or what it was.
fn corrected_service(world: &World, correction: &UsageCorrection) -> String {
    use umbral_wire::Names;
    let names = crate::CatalogNames(&world.catalogs);
    let rated = correction.after.as_ref().or(correction.before.as_ref());
    rated
        .and_then(|rated| names.service(rated.charge.version, rated.charge.service))
        .map(|(name, _)| name.to_string())
        .unwrap_or_default()
}

fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    amounts.fold(Money::ZERO, |sum, amount| sum + amount)
}
