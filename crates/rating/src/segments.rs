//! Cutting a record where its price changes: at edges of time bands, changes of version and plan, and the
//! starts of price steps.

use crate::emergency;
use crate::record::{Axis, Record, Tariff};
use crate::resolve::{Footing, Ladder, Rung, footing, version_at};
use crate::view::View;
use smallvec::SmallVec;
use umbral_catalog::tables::{Rate, Step};
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::charge::{Charge, Segment};
use umbral_model::ids::RuleNo;
use umbral_model::money::{Money, Pico};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A record of more segments than this is not one record of usage; it is refused.
pub(crate) const SEGMENTS_MAX: usize = 10_000;

/// A record cut into segments: a charge without its amount, and between what that is held.
#[derive(Debug)]
pub(crate) struct Walk<'c> {
    pub(crate) charge: Charge,
    pub(crate) minimum: Option<Pico>,
    pub(crate) maximum: Option<Pico>,
    /// The version in force at the record's start, and the record as it sees it.
    pub(crate) version: &'c Version,
    pub(crate) view: View,
    pub(crate) axis: Axis,
    /// Never charged: neither allowances nor discounts are asked.
    pub(crate) free: bool,
}

/// Cuts the record into segments, in order of time. Setup fee, minimum and maximum are those of the first
/// segment's rate, the rounding that of the rate with most decimals (of equals, the earlier one).
pub(crate) fn cut<'c>(
    catalogs: &'c CatalogSet,
    tariff: Tariff<'_>,
    record: &Record<'_>,
) -> Result<Walk<'c>, Rejection> {
    let (quantity, limit) = (record.quantity, i64::MAX as u64);
    let measured = [Some(quantity), record.duration, record.continued];
    if measured.into_iter().flatten().any(|units| units > limit) {
        let detail = "usage of 2^63 units or more";
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    }
    let version = version_at(catalogs, record.start)?;
    if let Some(rule) = emergency::rule(version, record) {
        return emergency::walk(version, tariff, record, rule);
    }
    let mut footing = footing(catalogs, version, tariff, record, record.start)?;
    let measurement =
        footing.ladder.version.catalog.services[footing.ladder.service.index()].measurement;
    let axis = Axis::new(record.start, quantity, record.duration, measurement);
    if axis.end() == Timestamp::MAX {
        let detail = format!(
            "usage from {} ends after 2262-04-11, the last instant",
            record.start
        );
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    }
    let (mut offset, end) = (0, axis.end());
    let (mut rung, mut holds_until) = rule_at(&footing, record, record.start, end)?;
    let mut walk = first(&footing.ladder, rung, record, axis)?;
    while offset < quantity {
        let rate = rate_of(footing.ladder.version, rung.rule)?;
        let segment = segment(
            &footing.ladder,
            rung,
            rate,
            record,
            offset,
            axis.units_before(holds_until).min(quantity),
        )?;
        offset = offset.saturating_add(segment.billed);
        push(&mut walk.charge, segment, rate)?;
        if offset >= quantity {
            break;
        }
        let at = axis.instant(offset);
        if at >= footing.until {
            let version = version_at(catalogs, at)?;
            footing = crate::resolve::footing(catalogs, version, tariff, record, at)?;
            (rung, holds_until) = rule_at(&footing, record, at, end)?;
        } else if at >= holds_until {
            (rung, holds_until) = rule_at(&footing, record, at, end)?;
        }
    }
    Ok(walk)
}

fn rule_at(
    footing: &Footing<'_>,
    record: &Record<'_>,
    at: Timestamp,
    end: Timestamp,
) -> Result<(Rung, Timestamp), Rejection> {
    match footing.ladder.rule_at(at, end.min(footing.until)) {
        Some((rung, until)) => Ok((rung, until.min(footing.until))),
        None => Err(footing.ladder.gap(record, at)),
    }
}

/// The rate of a rule.
pub(crate) fn rate_of(version: &Version, rule: RuleNo) -> Result<&Rate, Rejection> {
    let catalog = &*version.catalog;
    let rate = catalog
        .rules
        .get(rule.index())
        .and_then(|rule| catalog.rates.get(rule.rate.index()));
    rate.ok_or_else(|| {
        let detail = format!("rule {rule} has no rate");
        Rejection::new(Reason::BadCatalog, detail)
    })
}

fn first<'c>(
    ladder: &Ladder<'c>,
    rung: Rung,
    record: &Record<'_>,
    axis: Axis,
) -> Result<Walk<'c>, Rejection> {
    let rate = rate_of(ladder.version, rung.rule)?;
    let charged = record.quantity > 0 && record.continued.is_none();
    let charge = Charge {
        amount: Money::ZERO,
        version: ladder.version.number,
        plan: ladder.plan.number,
        service: ladder.service,
        rule: rung.rule,
        prefix: rung.prefix,
        zone: ladder.version.catalog.rules[rung.rule.index()].zone,
        segments: SmallVec::new(),
        covered: SmallVec::new(),
        setup: if charged { rate.setup } else { Pico::ZERO },
        held_at: None,
        discounts: SmallVec::new(),
        discount_bps: 0,
        rounding: rate.rounding,
    };
    Ok(Walk {
        charge,
        minimum: rate.minimum,
        maximum: rate.maximum,
        version: ladder.version,
        view: ladder.view,
        axis,
        free: false,
    })
}

/// The segment that begins at `offset` and is cut at `cut` at the latest. It is lengthened to whole
/// increments and takes what it needs for that from the beginning of the next one.
fn segment(
    ladder: &Ladder<'_>,
    rung: Rung,
    rate: &Rate,
    record: &Record<'_>,
    offset: u64,
    cut: u64,
) -> Result<Segment, Rejection> {
    let before = record.continued.unwrap_or(0);
    let (step, step_end) = step_at(&rate.steps, offset.saturating_add(before))?;
    let end = cut.min(step_end.saturating_sub(before));
    // Holds by construction; where it did not, a refusal is better than an endless walk.
    let Some(length) = end.checked_sub(offset).filter(|length| *length > 0) else {
        return Err(Rejection::new(
            Reason::PriceOutOfRange,
            "a segment without usage",
        ));
    };
    let increments = length.div_ceil(step.increment);
    let Some(billed) = increments.checked_mul(step.increment) else {
        return Err(Rejection::new(
            Reason::PriceOutOfRange,
            "a billed increment beyond 2^64 units",
        ));
    };
    Ok(Segment {
        version: ladder.version.number,
        rule: rung.rule,
        rate: rung.rate,
        band: rung.band,
        offset,
        usage: billed.min(record.quantity - offset),
        billed,
        covered: 0,
        // Which one, and its price, is said when all units of the record are known.
        tier: rate.tiers.as_ref().map(|_| 0),
        increment: step.increment,
        price: step.price,
        unit: step.unit,
    })
}

/// The price step that `position` units from the start of the whole record falls into, and where it ends.
fn step_at(steps: &[Step], position: u64) -> Result<(&Step, u64), Rejection> {
    let past = steps.partition_point(|step| step.start <= position);
    let end = steps.get(past).map_or(u64::MAX, |step| step.start);
    match past.checked_sub(1).and_then(|index| steps.get(index)) {
        Some(step) if step.increment > 0 && step.unit > 0 => Ok((step, end)),
        _ => Err(Rejection::new(
            Reason::BadCatalog,
            "a rate without a price step that applies",
        )),
    }
}

/// The rejection of a record that is cut too often.
pub(crate) fn too_many() -> Rejection {
    let detail = format!("the record falls into more than {SEGMENTS_MAX} segments");
    Rejection::new(Reason::PriceOutOfRange, detail)
}

fn push(charge: &mut Charge, segment: Segment, rate: &Rate) -> Result<(), Rejection> {
    if charge.segments.len() == SEGMENTS_MAX {
        return Err(too_many());
    }
    if rate.rounding.decimals > charge.rounding.decimals {
        charge.rounding = rate.rounding;
    }
    charge.segments.push(segment);
    Ok(())
}
