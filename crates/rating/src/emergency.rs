//! Emergency numbers: never charged, in every plan and wherever the member is.

use crate::profile;
use crate::record::{Axis, Record, Tariff};
use crate::segments::{Walk, rate_of};
use crate::view::View;
use umbral_catalog::version::Version;
use umbral_model::charge::{Charge, Segment};
use umbral_model::ids::{PlanNo, RuleNo};
use umbral_model::money::Pico;
use umbral_model::rejection::{Reason, Rejection};

/// The rule for the number that the record is for, if that is an emergency number of the version. The number
/// decides, even where the record names a zone beside it.
pub(crate) fn rule(version: &Version, record: &Record<'_>) -> Option<RuleNo> {
    let numbers = &version.catalog.emergency;
    if numbers.is_empty() || !record.whole {
        return None;
    }
    numbers
        .binary_search_by(|number| number.as_str().cmp(record.to))
        .ok()?;
    version.catalog.emergency_rule
}

/// The record as one segment that costs nothing.
pub(crate) fn walk<'c>(
    version: &'c Version,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    rule: RuleNo,
    charge: &mut Charge,
) -> Result<Walk<'c>, Rejection> {
    let catalog = &*version.catalog;
    let view = View::of(catalog, record);
    let service = crate::resolve::service_no(catalog, record.service)?;
    let number = catalog.rules.get(rule.index()).map(|rule| rule.rate);
    let number = number.ok_or(Reason::BadCatalog)?;
    let rate = rate_of(version, number)?;
    let step = rate.steps.first().filter(|step| step.increment > 0);
    let Some(step) = step.filter(|step| step.unit > 0) else {
        return Err(Reason::BadCatalog.into());
    };
    charge.version = version.number;
    charge.plan = plan(version, tariff, record)?;
    charge.service = service;
    charge.rule = rule;
    charge.rounding = rate.rounding;
    if record.quantity > 0 {
        let billed = record.quantity.checked_next_multiple_of(step.increment);
        charge.segments.push(Segment {
            version: version.number,
            rule,
            rate: number,
            band: None,
            offset: 0,
            usage: record.quantity,
            billed: billed.ok_or(Reason::PriceOutOfRange)?,
            covered: 0,
            tier: None,
            increment: step.increment,
            price: Pico::ZERO,
            unit: step.unit,
        });
    }
    let measurement = catalog.services[service.index()].measurement;
    Ok(Walk {
        rate,
        version,
        view,
        axis: Axis::new(record.start, record.quantity, record.duration, measurement),
        free: true,
    })
}

/// The plan that the tariff names at the record's start, whether or not the version has it.
fn plan(version: &Version, tariff: Tariff<'_>, record: &Record<'_>) -> Result<PlanNo, Rejection> {
    match tariff {
        Tariff::Plan(plan) => Ok(plan),
        Tariff::Plans(changes) => {
            crate::resolve::plan_at(changes, record.start).map(|(plan, _)| plan)
        }
        Tariff::Profile(name) => profile::plan_at(version, name, record),
    }
}
