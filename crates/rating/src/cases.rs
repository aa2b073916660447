//! A catalog's own cases: each record must cost what the case says.

use crate::record::{Record, Tariff, is_whole, readable};
use umbral_catalog::case::{CaseTariff, CatalogCase};
use umbral_catalog::problem::Problem;
use umbral_catalog::version::CatalogSet;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

/// Runs cases against catalogs; one problem for each that does not hold, in the order of the cases.
pub fn run(catalogs: &CatalogSet, cases: &[CatalogCase]) -> Vec<Problem> {
    let judged = cases.iter().map(|case| case.judge(charge(catalogs, case)));
    judged.flatten().collect()
}

/// What the catalogs charge for a case's record.
pub fn charge(catalogs: &CatalogSet, case: &CatalogCase) -> Result<Money, Rejection> {
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
    crate::rate(catalogs, tariff, &record).map(|charge| charge.amount)
}
