//! A catalog's own cases: each record must cost what the case says.

use crate::account::{Account, Available, Counter, Customer};
use crate::record::{Record, Tariff, is_whole, readable};
use umbral_catalog::case::{CaseTariff, CatalogCase};
use umbral_catalog::problem::Problem;
use umbral_catalog::tables::{AllowanceOf, Catalog};
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::charge::Charge;
use umbral_model::ids::{AllowanceNo, GrantNo};
use umbral_model::rejection::{Reason, Rejection};

/// Runs cases against catalogs; one problem for each that does not hold, in the order of the cases.
pub fn run(catalogs: &CatalogSet, cases: &[CatalogCase]) -> Vec<Problem> {
    let judged = cases
        .iter()
        .map(|case| case.judge(charge(catalogs, case).map(|charge| charge.amount)));
    judged.flatten().collect()
}

/// The charge of a case's record, for the account that the case describes.
pub fn charge(catalogs: &CatalogSet, case: &CatalogCase) -> Result<Charge, Rejection> {
    let written = &case.record;
    let version = catalogs
        .in_force(written.start)
        .ok_or(Rejection::from(Reason::NoVersion))?;
    let tariff = match &case.tariff {
        CaseTariff::Profile(name) => Tariff::Profile(name),
        CaseTariff::Plan(name) => match catalogs.plan_no(name) {
            Some(plan) => Tariff::Plan(plan),
            None => {
                let detail = format!("the catalog has no plan {name}");
                return Err(Rejection::new(Reason::UnknownPlan, detail));
            }
        },
    };
    let record = Record {
        service: &written.service,
        direction: written.direction,
        to: readable(&written.to, version.catalog.numbers),
        whole: is_whole(&written.to, version.catalog.numbers),
        zone: written.zone.as_deref(),
        network: written.network.as_deref(),
        start: written.start,
        quantity: written.quantity,
        duration: written.duration,
        continued: written.continued,
    };
    let account = Account {
        customer: Customer {
            class: case.class.as_deref(),
            tier: case.tier.as_deref(),
            cards: &case.cards,
            vip_rank: case.vip_rank,
        },
        allowances: &available(version, case),
        counters: &counters(catalogs, version, case),
    };
    crate::rate_for(catalogs, tariff, &record, &account)
}

/// What allowances have left, those of higher priority first, then as the case lists them. Nothing of it was
/// used abroad so far.
fn available<'a>(version: &'a Version, case: &CatalogCase) -> Vec<Available<'a>> {
    let catalog = &version.catalog;
    let mut available = Vec::new();
    for (number, (name, left)) in (0..).zip(&case.left) {
        if let Some(allowance) = allowance(catalog, case, name) {
            let definition = &catalog.allowances[allowance.index()];
            available.push(Available {
                grant: GrantNo(number),
                version,
                allowance,
                left: *left,
                left_abroad: definition.units_abroad,
            });
        }
    }
    available.sort_by_key(|own| -i128::from(catalog.allowances[own.allowance.index()].priority));
    available
}

/// The allowance of this name: one of the case's plan, or `PRODUCT/NAME`.
fn allowance(catalog: &Catalog, case: &CatalogCase, name: &str) -> Option<AllowanceNo> {
    let all = (0..).map(AllowanceNo).zip(&catalog.allowances);
    let mut found = all.filter(|(_, allowance)| match allowance.of {
        AllowanceOf::Plan(plan) => allowance.name == name && is_plan_of(catalog, case, plan),
        AllowanceOf::Product(product) => {
            let product = catalog.products.get(product.index());
            product.is_some_and(|product| {
                name.strip_prefix(product.name.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|own| allowance.name == own)
            })
        }
    });
    found.next().map(|(number, _)| number)
}

/// Whether the case is rated by this plan: its own, or the one that its profile has at the record's start.
fn is_plan_of(catalog: &Catalog, case: &CatalogCase, plan: u32) -> bool {
    match &case.tariff {
        CaseTariff::Plan(name) => {
            let plan = catalog.plans.get(plan as usize);
            plan.is_some_and(|plan| plan.name == *name)
        }
        CaseTariff::Profile(name) => {
            let activations = catalog.profiles.by_name.get(name);
            let mut past = activations.into_iter().flatten().rev();
            past.find(|activation| activation.from <= case.record.start)
                .is_none_or(|activation| activation.plan == plan)
        }
    }
}

/// How far the counters of the rates with tiers have come.
fn counters(catalogs: &CatalogSet, version: &Version, case: &CatalogCase) -> Vec<Counter> {
    let mut counters = Vec::new();
    for (name, units) in &case.so_far {
        let rate = version.catalog.rates.iter().find(|rate| rate.name == *name);
        let tiers = rate.and_then(|rate| rate.tiers.as_ref());
        if let (Some(no), Some(tiers)) = (catalogs.counter_no(name), tiers) {
            counters.push(Counter {
                no,
                per: tiers.per,
                units: *units,
            });
        }
    }
    counters
}
