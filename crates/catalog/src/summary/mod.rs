//! What a catalog sells, in figures that a tariff manager checks at a glance.

mod offers;
mod programmes;

pub use offers::{AllowanceSummary, DiscountSummary, ProductSummary, TiersSummary};
pub use programmes::ProgrammeSummary;

use crate::draft::head::Amounts;
use crate::tables::{Catalog, MeasureRule, Plan, Rate, Rule, WarningAt};
use crate::text::units::shown_percent;
use smol_str::SmolStr;
use umbral_model::ids::{RuleNo, ServiceNo};
use umbral_model::money::{Currency, Money, Pico};
use umbral_model::time::Timestamp;
use umbral_model::units::Measurement;

/// What a catalog sells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// Name of the operator or tariff.
    pub name: SmolStr,
    /// Label of the version.
    pub label: SmolStr,
    /// Descriptions by language; the language may be empty.
    pub descriptions: Vec<(SmolStr, SmolStr)>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// IANA name of its zone.
    pub time_zone: SmolStr,
    /// First instant.
    pub valid_from: Timestamp,
    /// Whether amounts hold tax.
    pub amounts: Amounts,
    /// Services, with what they are counted in.
    pub services: Vec<(SmolStr, Measurement)>,
    /// Zones and how many prefixes and whole numbers each has.
    pub zones: Vec<(SmolStr, usize)>,
    /// Prefixes in all.
    pub prefixes: usize,
    /// Whole numbers in all.
    pub numbers: usize,
    /// Numbers that are never charged nor barred.
    pub emergency: Vec<SmolStr>,
    /// Network groups and how many codes each has.
    pub networks: Vec<(SmolStr, usize)>,
    /// Time bands.
    pub bands: Vec<SmolStr>,
    /// Rates.
    pub rates: usize,
    /// Plans.
    pub plans: Vec<PlanSummary>,
    /// Rates with tiers over a cycle.
    pub tiers: Vec<TiersSummary>,
    /// Products.
    pub products: Vec<ProductSummary>,
    /// Discounts.
    pub discounts: Vec<DiscountSummary>,
    /// What all discounts of a record take off at most: `80%`.
    pub discount_cap: String,
    /// Credit classes.
    pub classes: Vec<ClassSummary>,
    /// Collection schedules and how many steps each has.
    pub schedules: Vec<(SmolStr, usize)>,
    /// Loyalty programmes.
    pub programmes: Vec<ProgrammeSummary>,
    /// Rating profiles.
    pub profiles: usize,
}

/// A plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanSummary {
    /// Its name.
    pub name: SmolStr,
    /// Descriptions by language.
    pub descriptions: Vec<(SmolStr, SmolStr)>,
    /// Rules.
    pub rules: usize,
    /// Fee of a cycle.
    pub monthly_fee: Money,
    /// Fee and allowances are counted by the day.
    pub by_day: bool,
    /// Included units.
    pub allowances: Vec<AllowanceSummary>,
    /// What it sells, by service.
    pub services: Vec<ServiceSummary>,
}

/// A service of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceSummary {
    /// Its name.
    pub service: SmolStr,
    /// Zones with prices of their own.
    pub zones: usize,
    /// Other destinations are sold too.
    pub anywhere: bool,
    /// Network groups with prices of their own.
    pub roaming: usize,
    /// Lowest price of a unit, setup fees left out.
    pub lowest: Pico,
    /// Highest price of a unit.
    pub highest: Pico,
    /// The unit: `minute`, `MB`, `event`.
    pub per: &'static str,
}

/// A credit class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassSummary {
    /// Its name.
    pub name: SmolStr,
    /// Its limits.
    pub limits: Vec<LimitSummary>,
    /// Its collection schedule.
    pub schedule: Option<SmolStr>,
}

/// A limit of a class.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitSummary {
    /// `exposure`, `cycle_usage`, `cycle_charges`.
    pub measure: &'static str,
    /// `all`, `voice`, `data`, `roaming_data`.
    pub scope: &'static str,
    /// The limit; none for warnings only.
    pub limit: Option<Money>,
    /// Warnings, as `80%` or an amount.
    pub warnings: Vec<String>,
    /// Actions on breach.
    pub on_breach: Vec<SmolStr>,
}

/// Sums a catalog up.
pub(crate) fn of(
    catalog: &Catalog,
    amounts: Amounts,
    descriptions: Vec<(SmolStr, SmolStr)>,
) -> Summary {
    let mut prefixes = vec![0usize; catalog.destinations.len()];
    for entry in &catalog.deck.entries {
        for zone in catalog
            .deck
            .zone_sets
            .get(entry.zone_set as usize)
            .into_iter()
            .flatten()
        {
            prefixes[zone.index()] += 1;
        }
    }
    let services = catalog.services.iter();
    let groups = catalog.networks.iter();
    let schedules = catalog.schedules.iter();
    Summary {
        name: catalog.name.clone(),
        label: catalog.label.clone(),
        descriptions,
        currency: catalog.currency,
        time_zone: catalog.zone.name.clone(),
        valid_from: catalog.valid_from,
        amounts,
        services: services
            .map(|service| (service.name.clone(), service.measurement))
            .collect(),
        zones: catalog.destinations.iter().cloned().zip(prefixes).collect(),
        prefixes: catalog.deck.by_text.len(),
        numbers: catalog.deck.exact.len(),
        emergency: catalog.emergency.clone(),
        networks: groups
            .map(|group| (group.name.clone(), group.networks.len()))
            .collect(),
        bands: catalog.bands.iter().map(|band| band.name.clone()).collect(),
        rates: catalog.rates.len() - usize::from(catalog.emergency_rule.is_some()),
        plans: catalog
            .plans
            .iter()
            .enumerate()
            .map(|(n, plan)| plan_of(catalog, n, plan))
            .collect(),
        tiers: offers::tiers(catalog),
        products: offers::products(catalog),
        discounts: offers::discounts(catalog),
        discount_cap: shown_percent(catalog.discount_cap_bps),
        classes: catalog.classes.iter().map(class_of).collect(),
        schedules: schedules
            .map(|schedule| (schedule.name.clone(), schedule.steps.len()))
            .collect(),
        programmes: programmes::programmes(catalog),
        profiles: catalog.profiles.by_name.len(),
    }
}

fn plan_of(catalog: &Catalog, number: usize, plan: &Plan) -> PlanSummary {
    PlanSummary {
        name: plan.name.clone(),
        descriptions: plan.descriptions.clone(),
        rules: catalog
            .rules
            .terms()
            .iter()
            .filter(|rule| rule.plan as usize == number)
            .count(),
        monthly_fee: plan.monthly_fee,
        by_day: plan.by_day,
        allowances: offers::allowances(catalog, &plan.allowances),
        services: (0..catalog.services.len())
            .filter_map(|service| service_of(catalog, plan, service))
            .collect(),
    }
}

fn service_of(catalog: &Catalog, plan: &Plan, service: usize) -> Option<ServiceSummary> {
    let table = plan.by_service.get(service)?;
    let zones = table
        .by_zone
        .iter()
        .filter(|rules| !rules.is_empty())
        .count();
    let mut numbers: Vec<RuleNo> = table
        .anywhere
        .iter()
        .chain(&table.visited)
        .chain(table.by_zone.iter().flatten())
        .copied()
        .collect();
    numbers.sort_unstable();
    let rules: Vec<&Rule> = numbers
        .iter()
        .filter_map(|number| catalog.rules.get(number.index()))
        .collect();
    let mut networks: Vec<u16> = rules.iter().filter_map(|rule| rule.roaming).collect();
    networks.sort_unstable();
    networks.dedup();
    let (units, per) = unit_of(catalog.services.get(service)?.measurement);
    let rates = rules
        .iter()
        .filter_map(|rule| catalog.rates.get(rule.rate.index()));
    let prices = || rates.clone().flat_map(move |rate| prices_per(rate, units));
    Some(ServiceSummary {
        service: catalog
            .services
            .get(ServiceNo(service as u8).index())?
            .name
            .clone(),
        zones,
        anywhere: !table.anywhere.is_empty(),
        roaming: networks.len(),
        lowest: prices().min()?,
        highest: prices().max()?,
        per,
    })
}

/// The unit in which prices of a service are told, in base units, and its name.
fn unit_of(measurement: Measurement) -> (u64, &'static str) {
    match measurement {
        Measurement::Time => (60_000_000_000, "minute"),
        Measurement::Octets => (1_000_000, "MB"),
        Measurement::Events => (1, "event"),
    }
}

/// Prices of a rate's steps or tiers for so many base units.
fn prices_per(rate: &Rate, units: u64) -> impl Iterator<Item = Pico> {
    let steps = rate.steps.iter().map(|step| (step.price, step.unit));
    let tiers = rate.tiers.iter().flat_map(|tiers| &tiers.tiers);
    let tiers = tiers.map(|tier| (tier.price, tier.unit));
    steps
        .chain(tiers)
        .map(move |(price, unit)| price_of(price, unit, units))
}

/// The price of `wanted` base units where `unit` of them cost `price`, to twelve decimals.
fn price_of(price: Pico, unit: u64, wanted: u64) -> Pico {
    let total = price.picos().saturating_mul(i128::from(wanted));
    Pico::from_picos(total / i128::from(unit.max(1)))
}

fn class_of(class: &crate::tables::CreditClass) -> ClassSummary {
    ClassSummary {
        name: class.name.clone(),
        limits: class.measures.iter().map(limit_of).collect(),
        schedule: class.schedule.clone(),
    }
}

fn limit_of(rule: &MeasureRule) -> LimitSummary {
    let warnings = rule.warnings.iter().map(|warning| match warning.at {
        WarningAt::Bps(bps) => shown_percent(bps),
        WarningAt::Amount(amount) => amount.to_string(),
    });
    LimitSummary {
        measure: rule.measure.word(),
        scope: rule.scope.word(),
        limit: rule.limit,
        warnings: warnings.collect(),
        on_breach: rule.on_breach.clone(),
    }
}
