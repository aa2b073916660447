//! Cutting a record where its price changes: at edges of time bands, changes of version and plan, and the
//! starts of price steps.

use crate::emergency;
use crate::record::{Axis, Record, Tariff};
use crate::resolve::{Ladder, Rung, ladder, version_at};
use crate::view::View;
use smallvec::SmallVec;
use umbral_catalog::tables::{Rate, Step};
use umbral_catalog::version::{CatalogSet, Version};
use umbral_model::charge::{Charge, Segment};
use umbral_model::ids::{PlanNo, RateNo, RuleNo, ServiceNo, VersionNo};
use umbral_model::money::{Money, Pico, Rounding};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A record of more segments than this is not one record of usage; it is refused.
pub(crate) const SEGMENTS_MAX: usize = 10_000;

/// What a record is charged by, besides its segments.
#[derive(Debug)]
pub(crate) struct Walk<'c> {
    /// The first segment's rate: of it are setup fee, minimum and maximum.
    pub(crate) rate: &'c Rate,
    /// The version that prices the record's start, and the record as it sees it.
    pub(crate) version: &'c Version,
    pub(crate) view: View,
    pub(crate) axis: Axis,
    /// Never charged: neither allowances nor discounts are asked.
    pub(crate) free: bool,
}

/// A charge of nothing, to be filled in.
pub(crate) fn blank() -> Charge {
    Charge {
        amount: Money::ZERO,
        version: VersionNo(0),
        plan: PlanNo(0),
        service: ServiceNo(0),
        rule: RuleNo(0),
        prefix: None,
        zone: None,
        segments: SmallVec::new(),
        covered: SmallVec::new(),
        setup: Pico::ZERO,
        held_at: None,
        discounts: SmallVec::new(),
        discount_bps: 0,
        rounding: Rounding::default(),
    }
}

/// Cuts the record into the segments of `charge`, in order of time. Setup fee, minimum and maximum are those
/// of the first segment's rate, the rounding that of the rate with most decimals (of equals, the earlier one).
pub(crate) fn cut<'c>(
    catalogs: &'c CatalogSet,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    charge: &mut Charge,
) -> Result<Walk<'c>, Rejection> {
    let (quantity, limit) = (record.quantity, i64::MAX as u64);
    let measured = [Some(quantity), record.duration, record.continued];
    if measured.into_iter().flatten().any(|units| units > limit) {
        let detail = "usage of 2^63 units or more";
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    }
    let version = version_at(catalogs, record.start)?;
    if let Some(rule) = emergency::rule(version, record) {
        return emergency::walk(version, tariff, record, rule, charge);
    }
    let mut ladder = ladder(catalogs, version, tariff, record, record.start)?;
    let measurement = ladder.version.catalog.services[ladder.service.index()].measurement;
    let axis = Axis::new(record.start, quantity, record.duration, measurement);
    let end = axis.end();
    if end == Timestamp::MAX {
        let start = record.start;
        let detail = format!("usage from {start} ends after 2262-04-11, the last instant");
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    }
    let (mut rung, mut holds_until) = rule_at(&ladder, record, record.start, end)?;
    let mut rate = rate_of(ladder.version, rung.rate)?;
    begin(charge, &ladder, rung, rate, record);
    let walk = Walk {
        rate,
        version: ladder.version,
        view: ladder.view,
        axis,
        free: false,
    };
    let mut offset = 0;
    while offset < quantity {
        let cut = axis.units_before(holds_until).min(quantity);
        let billed = push_segment(charge, &ladder, rung, rate, record, offset, cut)?;
        offset = offset.saturating_add(billed);
        if offset >= quantity {
            break;
        }
        let at = axis.instant(offset);
        if at >= ladder.until {
            let version = version_at(catalogs, at)?;
            ladder = crate::resolve::ladder(catalogs, version, tariff, record, at)?;
        } else if at < holds_until {
            continue;
        }
        (rung, holds_until) = rule_at(&ladder, record, at, end)?;
        rate = rate_of(ladder.version, rung.rate)?;
    }
    Ok(walk)
}

fn rule_at(
    ladder: &Ladder<'_>,
    record: &Record<'_>,
    at: Timestamp,
    end: Timestamp,
) -> Result<(Rung, Timestamp), Rejection> {
    let found = ladder.rule_at(at, end);
    found.ok_or_else(|| ladder.gap(record, at))
}

/// A rate of a version.
pub(crate) fn rate_of(version: &Version, rate: RateNo) -> Result<&Rate, Rejection> {
    version.catalog.rates.get(rate.index()).ok_or_else(|| {
        let detail = format!("catalog {} has no rate {rate}", version.catalog.label);
        Rejection::new(Reason::BadCatalog, detail)
    })
}

/// What the first segment's rule says of a charge.
fn begin(charge: &mut Charge, ladder: &Ladder<'_>, rung: Rung, rate: &Rate, record: &Record<'_>) {
    charge.version = ladder.version.number;
    charge.plan = ladder.plan.number;
    charge.service = ladder.service;
    charge.rule = rung.rule;
    charge.prefix = rung.prefix;
    charge.zone = ladder.version.catalog.rules.zone(rung.rule);
    charge.rounding = rate.rounding;
    if record.quantity > 0 && record.continued.is_none() {
        charge.setup = rate.setup;
    }
}

/// Adds the segment that begins at `offset` and is cut at `cut` at the latest. It is lengthened to whole
/// increments and takes what it needs for that from the beginning of the next one; its billed units are
/// returned. It is built where it stays: moving it costs as much as computing it.
#[inline]
fn push_segment(
    charge: &mut Charge,
    ladder: &Ladder<'_>,
    rung: Rung,
    rate: &Rate,
    record: &Record<'_>,
    offset: u64,
    cut: u64,
) -> Result<u64, Rejection> {
    let before = record.continued.unwrap_or(0);
    let (step, step_end) = step_at(&rate.steps, offset.saturating_add(before))?;
    let end = cut.min(step_end.saturating_sub(before));
    // Holds by construction; where it did not, a refusal is better than an endless walk.
    let Some(length) = end.checked_sub(offset).filter(|length| *length > 0) else {
        let detail = "a segment without usage";
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    };
    let increments = length.div_ceil(step.increment);
    let Some(billed) = increments.checked_mul(step.increment) else {
        let detail = "a billed increment beyond 2^64 units";
        return Err(Rejection::new(Reason::PriceOutOfRange, detail));
    };
    if charge.segments.len() == SEGMENTS_MAX {
        return Err(too_many());
    }
    if rate.rounding.decimals > charge.rounding.decimals {
        charge.rounding = rate.rounding;
    }
    charge.segments.push(Segment {
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
    });
    Ok(billed)
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
