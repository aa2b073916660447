//! Fees, allowances, products, discounts and tiers, each in a few words.

use crate::tables::{
    Allowance, AllowanceOf, Catalog, Discount, NetworkFilter, Product, Rate, TierKind, TierPer,
    Tiers, Validity, ZoneFilter,
};
use core::fmt::Write as _;
use smol_str::SmolStr;
use umbral_model::ids::{AllowanceNo, RateNo};
use umbral_model::money::{Money, Pico};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::{Measurement, Quantity};

/// Included units of a plan or product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowanceSummary {
    /// Its name.
    pub name: SmolStr,
    /// Units with their unit: `10GB`, `300 minutes`, `100 events`.
    pub units: String,
    /// Services that it covers.
    pub services: Vec<SmolStr>,
    /// Where, when and how long, as far as that is not the usual: `2GB of them abroad`, `rolls over`.
    pub particulars: Vec<String>,
}

/// A product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductSummary {
    /// Its name.
    pub name: SmolStr,
    /// Its price.
    pub price: Money,
    /// Parts in which it is paid on account.
    pub instalments: u16,
    /// Allowances that it grants.
    pub allowances: Vec<AllowanceSummary>,
    /// The plan that it changes to.
    pub plan: Option<SmolStr>,
    /// The type of card that it pays for.
    pub card: Option<SmolStr>,
}

/// A discount.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiscountSummary {
    /// Its name.
    pub name: SmolStr,
    /// What it takes off: `12.5%`.
    pub percent: String,
    /// What it depends on: `class vip`, `data`, `from 2026-06-01 to 2026-08-31`; empty where on nothing.
    pub conditions: Vec<String>,
}

/// A rate with tiers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TiersSummary {
    /// The rate.
    pub rate: SmolStr,
    /// `graduated` or `volume`.
    pub kind: &'static str,
    /// `account` or `member`.
    pub per: &'static str,
    /// Its prices in order: `0.09 per event up to 100 events`, `0.05 per event`.
    pub prices: Vec<String>,
}

impl AllowanceSummary {
    /// All of it in a line: `10 GB: 10GB of data, rolls over`.
    pub fn line(&self) -> String {
        let services = self.services.join(" and ");
        let mut line = format!("{}: {} of {services}", self.name, self.units);
        for particular in &self.particulars {
            let _ = write!(line, ", {particular}");
        }
        line
    }
}

impl ProductSummary {
    /// What it gives, a line for each thing.
    pub fn gives(&self) -> Vec<String> {
        let mut gives: Vec<String> = self.allowances.iter().map(AllowanceSummary::line).collect();
        gives.extend(self.plan.iter().map(|plan| format!("the plan {plan}")));
        gives.extend(self.card.iter().map(|card| format!("a card {card}")));
        gives
    }
}

/// The allowances with these numbers.
pub(super) fn allowances(catalog: &Catalog, numbers: &[AllowanceNo]) -> Vec<AllowanceSummary> {
    let found = numbers
        .iter()
        .filter_map(|number| catalog.allowances.get(number.index()));
    found
        .map(|allowance| allowance_of(catalog, allowance))
        .collect()
}

fn allowance_of(catalog: &Catalog, allowance: &Allowance) -> AllowanceSummary {
    let mut particulars = Vec::new();
    particulars.extend(validity(allowance));
    particulars.extend(zones(catalog, &allowance.zones));
    let bands = allowance.bands.iter();
    let bands: Vec<&str> = bands
        .filter_map(|band| catalog.bands.get(band.index()))
        .map(|band| band.name.as_str())
        .collect();
    if !bands.is_empty() {
        particulars.push(format!("in {}", bands.join(", ")));
    }
    particulars.extend(allowance.direction.map(|way| way.word().to_owned()));
    let only_home = NetworkFilter {
        home: true,
        ..NetworkFilter::default()
    };
    if allowance.networks != only_home {
        particulars.push(networks(catalog, &allowance.networks));
    }
    if let Some(abroad) = allowance.units_abroad {
        let abroad = units(abroad, allowance.measurement);
        particulars.push(format!("{abroad} of them abroad"));
    }
    if !allowance.shared {
        particulars.push("each member its own".to_owned());
    }
    if allowance.waives_setup {
        particulars.push("no setup fee".to_owned());
    }
    AllowanceSummary {
        name: allowance.name.clone(),
        units: units(allowance.units, allowance.measurement),
        services: services(catalog, allowance),
        particulars,
    }
}

fn services(catalog: &Catalog, allowance: &Allowance) -> Vec<SmolStr> {
    let services = allowance.services.iter();
    services
        .filter_map(|service| catalog.services.get(service.index()))
        .map(|service| service.name.clone())
        .collect()
}

/// How long it holds; nothing for the cycle of a plan.
fn validity(allowance: &Allowance) -> Option<String> {
    let of_plan = matches!(allowance.of, AllowanceOf::Plan(_));
    match allowance.valid {
        Validity::Cycles(0) if of_plan => None,
        Validity::Cycles(_) if of_plan => Some("rolls over".to_owned()),
        Validity::Cycles(0) => Some("for the cycle".to_owned()),
        Validity::Cycles(more) => Some(format!("for {} cycles", u32::from(more) + 1)),
        Validity::Days(1) => Some("for 1 day".to_owned()),
        Validity::Days(days) => Some(format!("for {days} days")),
        Validity::Time(nanos) => {
            let hours = nanos / 3_600_000_000_000;
            Some(match hours * 3_600_000_000_000 == nanos {
                true => format!("for {hours}h"),
                false => format!(
                    "for {}",
                    Quantity(nanos.unsigned_abs()).display(Measurement::Time)
                ),
            })
        }
    }
}

fn zones(catalog: &Catalog, filter: &ZoneFilter) -> Option<String> {
    let zones = filter.zones.iter();
    let names = zones.filter_map(|zone| catalog.destinations.get(zone.index()));
    let names: Vec<&str> = names.map(SmolStr::as_str).collect();
    match names.as_slice() {
        [] => None,
        [first, second, third, _, rest @ ..] if !rest.is_empty() => Some(format!(
            "to {first}, {second}, {third} and {} more zones",
            rest.len() + 1
        )),
        names => Some(format!("to {}", names.join(", "))),
    }
}

fn networks(catalog: &Catalog, filter: &NetworkFilter) -> String {
    if filter.everywhere {
        return "everywhere".to_owned();
    }
    let groups = filter.groups.iter();
    let groups = groups.filter_map(|group| catalog.networks.get(usize::from(*group)));
    let home = filter.home.then_some("at home");
    let names = home
        .into_iter()
        .chain(groups.map(|group| group.name.as_str()));
    let names: Vec<&str> = names.collect();
    match filter.home {
        true => names.join(", "),
        false => format!("in {}", names.join(", ")),
    }
}

/// A number of base units as a tariff writes it.
fn units(units: u64, measurement: Measurement) -> String {
    const MINUTE: u64 = 60_000_000_000;
    match measurement {
        Measurement::Time if units == MINUTE => "1 minute".to_owned(),
        Measurement::Time if units.is_multiple_of(MINUTE) => format!("{} minutes", units / MINUTE),
        Measurement::Events if units == 1 => "1 event".to_owned(),
        Measurement::Events => format!("{units} events"),
        other => Quantity(units).display(other),
    }
}

/// All products.
pub(super) fn products(catalog: &Catalog) -> Vec<ProductSummary> {
    let of = |product: &Product| ProductSummary {
        name: product.name.clone(),
        price: product.price,
        instalments: product.instalments,
        allowances: allowances(catalog, &product.allowances),
        plan: product.plan.and_then(|plan| plan_name(catalog, plan)),
        card: product.card.clone(),
    };
    catalog.products.iter().map(of).collect()
}

fn plan_name(catalog: &Catalog, plan: u32) -> Option<SmolStr> {
    catalog
        .plans
        .get(plan as usize)
        .map(|plan| plan.name.clone())
}

/// All discounts.
pub(super) fn discounts(catalog: &Catalog) -> Vec<DiscountSummary> {
    let of = |discount: &Discount| DiscountSummary {
        name: discount.name.clone(),
        percent: crate::text::units::shown_percent(discount.bps),
        conditions: conditions(catalog, discount),
    };
    catalog.discounts.iter().map(of).collect()
}

fn conditions(catalog: &Catalog, discount: &Discount) -> Vec<String> {
    let mut conditions = Vec::new();
    let mut named = |what: &str, names: &[SmolStr]| {
        if !names.is_empty() {
            conditions.push(format!("{what} {}", names.join(" or ")));
        }
    };
    named("class", &discount.classes);
    named("tier", &discount.tiers);
    named("card", &discount.cards);
    let plans = discount.plans.iter();
    let plans: Vec<SmolStr> = plans.filter_map(|plan| plan_name(catalog, *plan)).collect();
    named("plan", &plans);
    if discount.vip_rank > 0 {
        conditions.push(format!("VIP rank from {} on", discount.vip_rank));
    }
    let services = discount.services.iter();
    let services: Vec<&str> = services
        .filter_map(|service| catalog.services.get(service.index()))
        .map(|service| service.name.as_str())
        .collect();
    if !services.is_empty() {
        conditions.push(services.join(" and "));
    }
    conditions.extend(zones(catalog, &discount.zones));
    conditions.extend(discount.direction.map(|way| way.word().to_owned()));
    if !discount.networks.everywhere {
        conditions.push(networks(catalog, &discount.networks));
    }
    conditions.extend(promotion(catalog, discount));
    conditions
}

/// First and last day of a promotion.
fn promotion(catalog: &Catalog, discount: &Discount) -> Option<String> {
    let day = |at: Timestamp| -> Date { catalog.zone.local(at).date };
    let first = (discount.from > Timestamp::MIN).then(|| day(discount.from));
    let last = (discount.until < Timestamp::MAX).then(|| day(discount.until).plus_days(-1));
    match (first, last) {
        (None, None) => None,
        (Some(first), None) => Some(format!("from {first} on")),
        (None, Some(last)) => Some(format!("to {last}")),
        (Some(first), Some(last)) if first == last => Some(format!("on {first}")),
        (Some(first), Some(last)) => Some(format!("from {first} to {last}")),
    }
}

/// All rates with tiers.
pub(super) fn tiers(catalog: &Catalog) -> Vec<TiersSummary> {
    let of = |(number, rate): (u32, &Rate)| {
        let tiers = rate.tiers.as_ref()?;
        Some(TiersSummary {
            rate: rate.name.clone(),
            kind: match tiers.kind {
                TierKind::Graduated => "graduated",
                TierKind::Volume => "volume",
            },
            per: match tiers.per {
                TierPer::Account => "account",
                TierPer::Member => "member",
            },
            prices: prices(tiers, counted_in(catalog, RateNo(number), tiers)),
        })
    };
    (0..).zip(&catalog.rates).filter_map(of).collect()
}

/// What the services are counted in that a rate prices; as the rate is written where no rule names it.
fn counted_in(catalog: &Catalog, rate: RateNo, tiers: &Tiers) -> Measurement {
    let mut rules = catalog.rules.terms().iter();
    let rule = rules.find(|rule| rule.rate == rate);
    let service = rule.map(|rule| rule.services.first().map_or(0, |service| service.index()));
    let service = service.and_then(|service| catalog.services.get(service));
    service.map_or(tiers.measurement, |service| service.measurement)
}

fn prices(tiers: &Tiers, measurement: Measurement) -> Vec<String> {
    let (size, per) = super::unit_of(measurement);
    let price = |tier: &crate::tables::Tier| {
        let price = match tier.price {
            Pico::ZERO => "free".to_owned(),
            price => format!("{} per {per}", super::price_of(price, tier.unit, size)),
        };
        match tier.up_to {
            u64::MAX => price,
            up_to => format!("{price} up to {}", units(up_to, measurement)),
        }
    };
    tiers.tiers.iter().map(price).collect()
}
