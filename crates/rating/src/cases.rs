//! A catalog's own cases: each record must cost what the case says.

use crate::assumed::Assumed;
use crate::record::{Record, Tariff, compared, readable};
use umbral_catalog::case::{CaseTariff, CatalogCase};
use umbral_catalog::problem::Problem;
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::charge::Charge;
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
    let version = crate::resolve::version_at(catalogs, written.start)?;
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
    let form = version.catalog.numbers;
    let number = compared("to", &written.to, form)?;
    let (to, whole) = readable(&number, form);
    let record = Record {
        service: &written.service,
        direction: written.direction,
        to,
        whole,
        zone: written.zone.as_deref(),
        network: written.network.as_deref(),
        start: written.start,
        quantity: written.quantity,
        duration: written.duration,
        continued: written.continued,
    };
    let assumed = assumed(catalogs, version, tariff, &record, case)?;
    crate::rate_for(catalogs, tariff, &record, &assumed.account())
}

/// What a case says of the account.
fn assumed<'c>(
    catalogs: &CatalogSet,
    version: &'c Version,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    case: &'c CatalogCase,
) -> Result<Assumed<'c>, Rejection> {
    let mut assumed = Assumed {
        class: case.class.as_deref(),
        tier: case.tier.clone(),
        cards: case.cards.iter().cloned().collect(),
        vip_rank: case.vip_rank,
        ..Assumed::default()
    };
    for (name, units) in &case.left {
        let allowance = crate::assumed::allowance(catalogs, version, tariff, record, name)?;
        assumed.add_grant(version, allowance, *units);
    }
    for (name, units) in &case.so_far {
        assumed.add_counter(crate::assumed::tiers(version, name)?, *units);
    }
    Ok(assumed)
}
