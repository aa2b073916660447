//! What a month cost: usage by service and zone with the rates that priced it, and charges. Every line is a
//! sum of committed charges, and the totals are sums of the lines.

use crate::entries::{Walk, Walked, account_of, partition_of};
use crate::{History, HistoryError};
use core::fmt;
use core::ops::ControlFlow;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::charge::Charge;
use umbral_model::event::{ChargeKind, EventBody, UsageRated};
use umbral_model::ids::{AccountId, ZoneName};
use umbral_model::input::{Body, Usage};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp, ZoneRules};
use umbral_model::units::{Measurement, Quantity};

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month {
    /// Year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
}

impl Month {
    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Month> {
        if text.len() != 7 {
            return None;
        }
        let date = Date::parse(&format!("{text}-01"))?;
        Some(Month::of(date))
    }

    /// The month of a day.
    pub fn of(date: Date) -> Month {
        let (year, month, _) = date.ymd();
        Month { year, month }
    }

    /// Its first day.
    pub fn first(self) -> Option<Date> {
        Date::from_ymd(self.year, self.month, 1)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a month cost.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// The account.
    pub account_id: String,
    /// The month, in the account's time zone.
    pub month: Month,
    /// That zone.
    pub time_zone: String,
    /// Its first instant.
    #[serde(serialize_with = "shown")]
    pub from: Timestamp,
    /// The first instant after it.
    #[serde(serialize_with = "shown")]
    pub to: Timestamp,
    /// Currency of all amounts.
    pub currency: String,
    /// Usage by service, zone and network.
    pub usage: Vec<BillLine>,
    /// Charges by code.
    pub charges: Vec<ChargeLine>,
    /// Sum of `usage`.
    #[serde(serialize_with = "shown")]
    pub usage_total: Money,
    /// Sum of `charges`.
    #[serde(serialize_with = "shown")]
    pub charges_total: Money,
    /// Sum of both.
    #[serde(serialize_with = "shown")]
    pub total: Money,
    /// Purchases that were paid at once; no part of the total.
    #[serde(serialize_with = "shown")]
    pub paid_at_once: Money,
    /// Number of those purchases.
    pub purchases_paid_at_once: u64,
}

/// Usage of one service to one zone.
#[derive(Clone, Debug, Serialize)]
pub struct BillLine {
    /// The service.
    pub service: String,
    /// The destination zone; none where the service has none.
    pub zone: Option<String>,
    /// The serving network, where it was not the home network.
    pub network: Option<String>,
    /// Records.
    pub records: u64,
    /// Usage with its unit.
    pub quantity: String,
    /// Usage in base units: nanoseconds, octets, events.
    pub base_units: u64,
    /// What it cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// The same by plan, rate and time band.
    pub parts: Vec<BillPart>,
}

/// Usage that one rate priced.
#[derive(Clone, Debug, Serialize)]
pub struct BillPart {
    /// Label of the catalog version.
    pub catalog_version: String,
    /// The plan.
    pub plan: String,
    /// The rule of the first segment.
    pub rule: String,
    /// The rate of the first segment; none for zero usage.
    pub rate: Option<String>,
    /// Its time band; none where the rule always holds.
    pub band: Option<String>,
    /// Records.
    pub records: u64,
    /// What they cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// Charges of one code.
#[derive(Clone, Debug, Serialize)]
pub struct ChargeLine {
    /// `charge`, `purchase` or `late_fee`.
    pub kind: &'static str,
    /// The sender's code, or the purchase.
    pub code: String,
    /// How many.
    pub count: u64,
    /// What they cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

pub(crate) fn shown<T: fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl History {
    /// What a month cost, by the account's calendar; a month without records is a bill of zero.
    pub fn bill(&self, account: &AccountId, month: Month) -> Result<Bill, HistoryError> {
        let books = self.books(account, Some(month))?;
        let found = books.months.get(&month).cloned().unwrap_or_default();
        Ok(books.bill(month, found))
    }

    /// All months of an account that have something to show, in order.
    pub fn bills(&self, account: &AccountId) -> Result<Vec<Bill>, HistoryError> {
        let mut books = self.books(account, None)?;
        let months = std::mem::take(&mut books.months);
        Ok(months
            .into_iter()
            .map(|(month, found)| books.bill(month, found))
            .collect())
    }

    fn books(&self, account: &AccountId, only: Option<Month>) -> Result<Books, HistoryError> {
        let mut books = Books::new(account.clone(), only);
        let mut walk = Walk::new(self, Some(partition_of(self, account)))?;
        walk.go(|walked| {
            books.take(walked);
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        match books.currency {
            Some(_) => Ok(books),
            None => Err(HistoryError::UnknownAccount {
                account: account.to_string(),
                at: None,
            }),
        }
    }
}

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

/// The account's months as they are being added up.
struct Books {
    account: AccountId,
    only: Option<Month>,
    currency: Option<Currency>,
    zone: Arc<ZoneRules>,
    months: BTreeMap<Month, Totals>,
}

impl Books {
    fn new(account: AccountId, only: Option<Month>) -> Books {
        let zone = Arc::new(ZoneRules::utc());
        Books {
            account,
            only,
            currency: None,
            zone,
            months: BTreeMap::new(),
        }
    }

    fn take(&mut self, walked: &Walked<'_>) {
        for (_, entry) in &walked.entries {
            for event in &entry.events {
                if account_of(entry, event) == Some(&self.account) {
                    self.take_event(
                        walked.world,
                        entry,
                        event.event.effective_at,
                        &event.event.body,
                    );
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
            EventBody::UsageRated(rated) => {
                if let Some(totals) = self.month_of(at) {
                    totals.add_usage(world, usage_of(entry), rated);
                }
            }
            EventBody::ChargePosted(posted) => {
                let (kind, code) = match &posted.kind {
                    ChargeKind::Charge => ("charge", posted.code.to_string()),
                    ChargeKind::Purchase(purchase, _) => ("purchase", purchase.to_string()),
                    ChargeKind::LateFee { item, .. } => ("late_fee", item.to_string()),
                    ChargeKind::Fee(fee) => ("fee", fee.plan.to_string()),
                    ChargeKind::Volume(volume) => ("volume", volume.rate.to_string()),
                    ChargeKind::Instalment { purchase, .. } => ("instalment", purchase.to_string()),
                };
                if let Some(totals) = self.month_of(at) {
                    let line = totals.charges.entry((kind, code)).or_default();
                    line.0 += 1;
                    line.1 += posted.amount;
                }
            }
            EventBody::PurchaseRecorded(recorded) => {
                if let Some(totals) = self.month_of(at) {
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

    fn month_of(&mut self, at: Timestamp) -> Option<&mut Totals> {
        let month = Month::of(self.zone.local(at).date);
        let wanted = self.only.is_none_or(|only| only == month);
        wanted.then(|| self.months.entry(month).or_default())
    }

    fn bill(&self, month: Month, totals: Totals) -> Bill {
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
    fn add_usage(&mut self, world: &World, usage: Option<&Usage>, rated: &UsageRated) {
        let charge = &*rated.charge;
        let Some(version) = world.catalogs.get(charge.version) else {
            return;
        };
        let catalog = &*version.catalog;
        let service = catalog.services.get(charge.service.index());
        let zone = charge
            .zone
            .and_then(|zone| catalog.destinations.get(zone.index()))
            .map(ToString::to_string)
            .or_else(|| {
                usage
                    .and_then(|usage| usage.zone.as_ref())
                    .map(ToString::to_string)
            });
        let network = usage
            .and_then(|usage| usage.network.as_ref())
            .map(ToString::to_string);
        let name = service
            .map(|service| service.name.to_string())
            .unwrap_or_default();
        let line = self.lines.entry((name, zone, network)).or_default();
        line.measurement = service.map(|service| service.measurement);
        line.base_units = line.base_units.saturating_add(rated.quantity);
        let part = line.parts.entry(part_key(world, charge)).or_default();
        part.0 += 1;
        part.1 += charge.amount;
    }
}

fn part_key(world: &World, charge: &Charge) -> PartKey {
    use umbral_wire::Names;
    let names = crate::CatalogNames(&world.catalogs);
    let text = |name: Option<smol_str::SmolStr>| name.unwrap_or_default().to_string();
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

fn usage_of(entry: &Entry) -> Option<&Usage> {
    match &entry.input {
        JournaledInput::Account(input) => match &input.body {
            Body::Usage(usage) => Some(usage),
            _ => None,
        },
        _ => None,
    }
}

fn sum(amounts: impl Iterator<Item = Money>) -> Money {
    amounts.fold(Money::ZERO, |sum, amount| sum + amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        let cases = [
            (
                "2026-03",
                Some(Month {
                    year: 2026,
                    month: 3,
                }),
            ),
            ("2026-13", None),
            ("2026-3", None),
            ("2026-03-01", None),
            ("March", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Month::parse(text), expected, "{text}");
        }
        assert_eq!(
            Month {
                year: 2026,
                month: 3
            }
            .to_string(),
            "2026-03"
        );
    }
}
