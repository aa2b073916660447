//! Lines of a month's bill as they are being added up.

use crate::CatalogNames;
use crate::bill::{BillLine, BillPart, ChargeLine, CoveredUnits};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_engine::World;
use umbral_model::charge::Charge;
use umbral_model::event::UsageRated;
use umbral_model::input::{Body, Usage};
use umbral_model::money::Money;
use umbral_model::units::{Measurement, Quantity};
use umbral_wire::Names;

/// Service, zone, network.
type LineKey = (String, Option<String>, Option<String>);
/// Version, plan, rule, rate, band.
type PartKey = (String, String, String, Option<String>, Option<String>);

/// What a month came to so far.
#[derive(Clone, Default)]
pub(crate) struct Totals {
    lines: BTreeMap<LineKey, LineTotals>,
    charges: BTreeMap<(&'static str, String), ChargeTotals>,
    /// Purchases paid at once.
    pub paid_at_once: Money,
    /// Their number.
    pub purchases: u64,
}

#[derive(Clone, Default)]
struct LineTotals {
    measurement: Option<Measurement>,
    base_units: u64,
    parts: BTreeMap<PartKey, (u64, Money)>,
    covered: BTreeMap<String, Covered>,
    /// Records by discount.
    discounts: BTreeMap<String, u64>,
    discounted: Money,
}

#[derive(Clone, Copy, Default)]
struct Covered {
    measurement: Option<Measurement>,
    base_units: u64,
}

#[derive(Clone, Default)]
struct ChargeTotals {
    count: u64,
    amount: Money,
    details: Vec<String>,
}

/// Where a record went, as far as its price does not say it.
#[derive(Clone, Default)]
pub(crate) struct Place {
    zone: Option<SmolStr>,
    network: Option<SmolStr>,
}

impl Place {
    /// Where the usage of an input went; none for an input without usage.
    pub(crate) fn of(body: &Body) -> Option<Place> {
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
}

impl Totals {
    /// Adds a charge to the line of its kind and code.
    pub(crate) fn add_charge(
        &mut self,
        kind: &'static str,
        code: String,
        amount: Money,
        detail: Option<String>,
    ) {
        let line = self.charges.entry((kind, code)).or_default();
        line.count += 1;
        line.amount += amount;
        let is_known = |detail: &String| line.details.contains(detail);
        let fresh = detail.filter(|detail| !is_known(detail));
        line.details.extend(fresh);
    }

    /// Adds a rated record to the line of its service and place.
    pub(crate) fn add_usage(&mut self, world: &World, place: &Place, rated: &UsageRated) {
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
        line.add_covered(world, &rated.charge);
        line.add_discounts(world, &rated.charge);
    }

    /// Takes a record out again; lines of which nothing is left go with it.
    pub(crate) fn take_back(&mut self, world: &World, place: &Place, rated: &UsageRated) {
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
            part.1 -= rated.charge.amount;
            if part.0 == 0 {
                line.parts.remove(&part_key);
            }
        }
        line.take_back_covered(world, &rated.charge);
        line.take_back_discounts(world, &rated.charge);
        if line.parts.is_empty() {
            self.lines.remove(&key);
        }
    }

    /// Lines of usage, and lines of charges.
    pub(crate) fn lines(&self) -> (Vec<BillLine>, Vec<ChargeLine>) {
        let usage = self.lines.iter().map(|(key, line)| line.line(key.clone()));
        let charges = self.charges.iter().map(|((kind, code), line)| ChargeLine {
            kind,
            code: code.clone(),
            count: line.count,
            amount: line.amount,
            details: line.details.clone(),
        });
        (usage.collect(), charges.collect())
    }
}

/// Units that allowances took of a record, with their names.
fn covered_of<'w>(
    world: &'w World,
    charge: &'w Charge,
) -> impl Iterator<Item = (String, Measurement, u64)> + 'w {
    let names = CatalogNames(&world.catalogs);
    charge.covered.iter().filter_map(move |part| {
        let (name, measurement) = names.allowance(part.version, part.allowance)?;
        Some((name.to_string(), measurement, part.units))
    })
}

/// Names of a record's discounts.
fn discounts_of<'w>(world: &'w World, charge: &'w Charge) -> impl Iterator<Item = String> + 'w {
    let names = CatalogNames(&world.catalogs);
    let discounts = charge.discounts.iter();
    discounts.filter_map(move |(number, _)| {
        let name = names.discount(charge.version, *number)?;
        Some(name.to_string())
    })
}

/// What discounts took off a record: its price without them, rounded as ever, less its price.
fn discounted(charge: &Charge) -> Money {
    if charge.discount_bps == 0 {
        return Money::ZERO;
    }
    let whole = Charge {
        discount_bps: 0,
        ..charge.clone()
    };
    umbral_rating::recompute(&whole).map_or(Money::ZERO, |before| before - charge.amount)
}

impl LineTotals {
    fn add_covered(&mut self, world: &World, charge: &Charge) {
        for (name, measurement, units) in covered_of(world, charge) {
            let covered = self.covered.entry(name).or_default();
            covered.measurement = Some(measurement);
            covered.base_units = covered.base_units.saturating_add(units);
        }
    }

    fn take_back_covered(&mut self, world: &World, charge: &Charge) {
        for (name, _, units) in covered_of(world, charge) {
            let Some(covered) = self.covered.get_mut(&name) else {
                continue;
            };
            covered.base_units = covered.base_units.saturating_sub(units);
            if covered.base_units == 0 {
                self.covered.remove(&name);
            }
        }
    }

    fn add_discounts(&mut self, world: &World, charge: &Charge) {
        for name in discounts_of(world, charge) {
            *self.discounts.entry(name).or_default() += 1;
        }
        self.discounted += discounted(charge);
    }

    fn take_back_discounts(&mut self, world: &World, charge: &Charge) {
        for name in discounts_of(world, charge) {
            let Some(records) = self.discounts.get_mut(&name) else {
                continue;
            };
            *records = records.saturating_sub(1);
            if *records == 0 {
                self.discounts.remove(&name);
            }
        }
        self.discounted -= discounted(charge);
    }

    fn line(&self, (service, zone, network): LineKey) -> BillLine {
        let parts: Vec<BillPart> = self
            .parts
            .iter()
            .map(
                |((catalog_version, plan, rule, rate, band), (records, amount))| BillPart {
                    catalog_version: catalog_version.clone(),
                    plan: plan.clone(),
                    rule: rule.clone(),
                    rate: rate.clone(),
                    band: band.clone(),
                    records: *records,
                    amount: *amount,
                },
            )
            .collect();
        let covered = self
            .covered
            .iter()
            .map(|(allowance, covered)| CoveredUnits {
                allowance: allowance.clone(),
                quantity: quantity(covered.base_units, covered.measurement),
                base_units: covered.base_units,
            });
        BillLine {
            service,
            zone,
            network,
            records: parts.iter().map(|part| part.records).sum(),
            quantity: quantity(self.base_units, self.measurement),
            base_units: self.base_units,
            amount: sum(parts.iter().map(|part| part.amount)),
            parts,
            covered: covered.collect(),
            discounts: self.discounts.keys().cloned().collect(),
            discounted: self.discounted,
        }
    }
}

fn quantity(base_units: u64, measurement: Option<Measurement>) -> String {
    measurement
        .map(|measurement| Quantity(base_units).display(measurement))
        .unwrap_or_default()
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
    let names = CatalogNames(&world.catalogs);
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

/// Adds up.
pub(crate) fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    amounts.fold(Money::ZERO, |sum, amount| sum + amount)
}
