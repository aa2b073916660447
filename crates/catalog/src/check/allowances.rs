//! Allowances with numbers in place of names: units that fit their services, and services that are sold.

use super::filters::{Filters, Sale, Usage};
use crate::codes;
use crate::draft::allowances::DraftAllowance;
use crate::problem::Report;
use crate::source::At;
use crate::tables::{Allowance, AllowanceOf, NetworkFilter};
use crate::text::units::{Length, length};
use smol_str::SmolStr;
use umbral_model::ids::{AllowanceNo, ProductNo, ServiceNo};
use umbral_model::units::{Measurement, Quantity};

/// All allowances: those of plans first, then those of products.
#[derive(Debug, Default)]
pub(crate) struct Allowances {
    /// Those without mistakes.
    pub(crate) all: Vec<Allowance>,
    /// Those of each plan, ascending.
    pub(crate) of_plans: Vec<Vec<AllowanceNo>>,
    /// Those of each product, ascending.
    pub(crate) of_products: Vec<Vec<AllowanceNo>>,
}

const MOST: usize = 60_000;

/// Resolves the allowances of all plans and products.
pub(crate) fn resolve(filters: &Filters<'_>, report: &mut Report) -> Allowances {
    let mut allowances = Allowances::default();
    for (number, plan) in (0..).zip(&filters.draft.plans) {
        let of = Of {
            filters,
            grantor: AllowanceOf::Plan(number),
            plans: &[number],
            what: format!("plan {}", plan.name.value),
        };
        let own = of.resolve(&plan.allowances, &mut allowances.all, report);
        allowances.of_plans.push(own);
    }
    for (number, product) in (0..).zip(&filters.draft.products) {
        let of = Of {
            filters,
            grantor: AllowanceOf::Product(ProductNo(number)),
            plans: &[],
            what: format!("product {}", product.name.value),
        };
        let own = of.resolve(&product.allowances, &mut allowances.all, report);
        allowances.of_products.push(own);
    }
    allowances
}

/// Whose allowances are resolved.
struct Of<'f> {
    filters: &'f Filters<'f>,
    grantor: AllowanceOf,
    /// Plans of which one must sell the services; none for any plan.
    plans: &'f [u32],
    what: String,
}

impl Of<'_> {
    fn resolve(
        &self,
        drafts: &[DraftAllowance],
        all: &mut Vec<Allowance>,
        report: &mut Report,
    ) -> Vec<AllowanceNo> {
        let mut own = Vec::new();
        for draft in drafts {
            if all.len() == MOST {
                let title = format!("there are more than {MOST} allowances");
                report.error(codes::TOO_MANY, draft.spot, title, "");
            }
            if let Some(allowance) = self.allowance(draft, report).filter(|_| all.len() < MOST) {
                own.push(AllowanceNo(all.len() as u16));
                all.push(allowance);
            }
        }
        own
    }

    fn allowance(&self, draft: &DraftAllowance, report: &mut Report) -> Option<Allowance> {
        let filters = self.filters;
        let services = filters.services(&draft.services, report);
        let zones = filters.zones(&draft.zones, report);
        let bands = filters.bands(&draft.bands, report);
        let at_home = NetworkFilter {
            home: true,
            ..NetworkFilter::default()
        };
        let networks = filters.networks(&draft.roaming, at_home, report);
        let measurement = self.measurement(draft, services.as_deref(), report);
        let units = draft.units.as_ref().zip(measurement);
        let units = units.and_then(|(text, m)| self.units(draft, "units", text, m, report));
        let abroad = draft.units_abroad.as_ref().zip(measurement);
        let abroad =
            abroad.and_then(|(text, m)| self.units(draft, "units_abroad", text, m, report));
        if let (Some(text), Some(networks)) = (&draft.units_abroad, &networks) {
            self.abroad_fits(draft, text, (abroad, units), networks, report);
        }
        if let (Some(services), Some(networks), false) = (&services, &networks, draft.broken) {
            let usage = Usage {
                direction: draft.direction,
                networks,
            };
            if self.is_sold(draft, services, &usage, report) && measurement.is_some() {
                self.is_of_use(draft, services, &usage, report);
            }
        }
        Some(Allowance {
            name: draft.name.value.clone(),
            of: self.grantor,
            units: units?,
            measurement: measurement?,
            services: services?,
            zones: zones?,
            bands: bands?,
            direction: draft.direction,
            networks: networks?,
            units_abroad: abroad,
            priority: draft.priority,
            shared: draft.shared,
            waives_setup: draft.waives_setup,
            valid: draft.valid?,
            warnings: draft.warnings.clone(),
            margin_bps: draft.margin_bps,
            cooldown: draft.cooldown,
        })
    }

    fn named(&self, draft: &DraftAllowance) -> String {
        format!("the allowance {} of {}", draft.name.value, self.what)
    }

    /// What all services of an allowance are counted in.
    fn measurement(
        &self,
        draft: &DraftAllowance,
        services: Option<&[ServiceNo]>,
        report: &mut Report,
    ) -> Option<Measurement> {
        let known = &self.filters.draft.services;
        let mut counted = None;
        for service in services? {
            let service = known.get(service.index())?;
            let measurement = service.measurement?;
            if *counted.get_or_insert(measurement) == measurement {
                continue;
            }
            let at = draft
                .services
                .iter()
                .find(|name| name.value == service.name);
            let title = format!("{} counts in different units", self.named(draft));
            let label = format!("is counted in {}", counted_in(measurement));
            report
                .error(codes::ALLOWANCE_MIXED, at.map_or(draft.spot, |name| name.spot), title, label)
                .note("make one allowance for the services that are counted alike, and another one for the rest");
            return None;
        }
        counted
    }

    fn units(
        &self,
        draft: &DraftAllowance,
        key: &str,
        text: &At<SmolStr>,
        measurement: Measurement,
        report: &mut Report,
    ) -> Option<u64> {
        let what = || format!("{key} of {}", self.named(draft));
        let example = example(measurement);
        match length(&text.value) {
            Some(Length { units: 0, .. }) => {
                let title = format!("{} are 0", what());
                report
                    .error(codes::ZERO_UNIT, text.spot, title, "must be above 0")
                    .note(format!("write {example}, or leave it out"));
                None
            }
            Some(Length { units, kind }) if kind.is_none_or(|kind| kind.fits(measurement)) => {
                Some(units)
            }
            Some(Length { kind, .. }) => {
                let title = format!("{} do not fit its services", what());
                let kind = kind.map_or("plain units", |kind| kind.word());
                report
                    .error(
                        codes::ALLOWANCE_UNITS,
                        text.spot,
                        title,
                        format!("is {kind}"),
                    )
                    .note(format!(
                        "its services are counted in {}: write {example}",
                        counted_in(measurement)
                    ));
                None
            }
            None => {
                let title = format!("{} cannot be {}", what(), text.value);
                report
                    .error(codes::BAD_UNIT, text.spot, title, "")
                    .note(format!("write {example}"));
                None
            }
        }
    }

    fn abroad_fits(
        &self,
        draft: &DraftAllowance,
        text: &At<SmolStr>,
        (abroad, units): (Option<u64>, Option<u64>),
        networks: &NetworkFilter,
        report: &mut Report,
    ) {
        let title = format!("units_abroad of {} cannot be used", self.named(draft));
        if !networks.everywhere && networks.groups.is_empty() {
            report
                .error(codes::UNITS_ABROAD, text.spot, title, "holds at home only")
                .note("name the networks abroad too, such as roaming = [\"home\", \"eu\"], or leave units_abroad out");
        } else if let (Some(abroad), Some(units)) = (abroad, units)
            && abroad > units
        {
            let measurement = match self.filters.draft.services.iter().find(|service| {
                draft
                    .services
                    .first()
                    .is_some_and(|name| name.value == service.name)
            }) {
                Some(service) => service.measurement.unwrap_or(Measurement::Events),
                None => Measurement::Events,
            };
            let all = Quantity(units).display(measurement);
            report
                .error(codes::UNITS_ABROAD, text.spot, title, format!("above all its units, {all}"))
                .note("of the units of the allowance so many may be used abroad: write fewer, or leave units_abroad out");
        }
    }

    /// Whether all its services are sold: an allowance for what nobody sells would never be used.
    fn is_sold(
        &self,
        draft: &DraftAllowance,
        services: &[ServiceNo],
        usage: &Usage<'_>,
        report: &mut Report,
    ) -> bool {
        let mut sold = true;
        let seller = match self.grantor {
            AllowanceOf::Plan(_) => self.what.as_str(),
            AllowanceOf::Product(_) => "no plan",
        };
        for service in services {
            let sale = self.filters.sale(self.plans, *service, usage);
            let name = &self.filters.draft.services[service.index()].name;
            let no = if self.plans.is_empty() {
                "sells"
            } else {
                "does not sell"
            };
            let (label, mend) = match sale {
                Sale::Sold => continue,
                Sale::No => (
                    format!("{seller} {no} {name}"),
                    format!("add a rule for {name}, or leave {name} out of the allowance"),
                ),
                Sale::Elsewhere => (
                    format!("{seller} {no} {name} there"),
                    format!(
                        "the direction and the networks (at home, unless roaming names others) must be some for which there is a rule for {name}"
                    ),
                ),
            };
            sold = false;
            let at = draft.services.iter().find(|known| known.value == *name);
            let spot = at.map_or(draft.spot, |name| name.spot);
            let title = format!("{} can never cover {name}", self.named(draft));
            report
                .error(codes::ALLOWANCE_NOT_SOLD, spot, title, label)
                .note(mend);
        }
        sold
    }

    /// Warns of zones to which nothing is sold, and of an allowance for what costs nothing without it.
    fn is_of_use(
        &self,
        draft: &DraftAllowance,
        services: &[ServiceNo],
        usage: &Usage<'_>,
        report: &mut Report,
    ) {
        let filters = self.filters;
        for zone in &draft.zones {
            if filters.is_sold_to(&zone.value, self.plans, services, usage) {
                continue;
            }
            let title = format!("{} can never cover zone {}", self.named(draft), zone.value);
            report
                .warn(codes::ALLOWANCE_NOT_SOLD, zone.spot, title, "nothing is sold to it")
                .note("add a rule of its services for the zone, or leave the zone out of the allowance");
        }
        let costs = |service: &ServiceNo| filters.costs(self.plans, *service, usage);
        if !services.iter().any(costs) {
            let title = format!("{} is never used", self.named(draft));
            report
                .warn(
                    codes::ALLOWANCE_NOT_SOLD,
                    draft.name.spot,
                    title,
                    "what it is for is free without it",
                )
                .note("no units are taken for what costs nothing: give the rate its price, or leave the allowance out");
        }
    }
}

fn counted_in(measurement: Measurement) -> &'static str {
    match measurement {
        Measurement::Time => "time",
        Measurement::Octets => "octets",
        Measurement::Events => "events",
    }
}

fn example(measurement: Measurement) -> &'static str {
    match measurement {
        Measurement::Time => "a time such as \"300 minutes\"",
        Measurement::Octets => "octets such as \"10GB\"",
        Measurement::Events => "a count such as \"100 events\"",
    }
}
