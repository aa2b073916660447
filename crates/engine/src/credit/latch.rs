//! Thresholds as latches: each fires once when its value is reached and is armed again below its margin.
//!
//! The breach is one more threshold with the id `limit`; it fires above its amount and has no cooldown.

use crate::account::{Cache, GUARDS, Latch, Row};
use crate::credit::{exposure, limit, restriction};
use crate::draft::Draft;
use crate::world::World;
use smallvec::SmallVec;
use umbral_catalog::tables::{CreditClass, MeasureRule, WarningAt};
use umbral_model::event::*;
use umbral_model::ids::ThresholdId;
use umbral_model::input::{Measure, Scope};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;

/// The id of the breach.
pub(crate) const LIMIT: &str = "limit";
const LIMIT_BPS: u32 = 10_000;
const SMALLEST: Money = Money::from_micros(1);

/// A threshold with its amount worked out for one account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threshold<'c> {
    pub id: &'c str,
    pub amount: Money,
    /// Its share of the way from floor to limit; none for a fixed amount.
    pub bps: Option<u32>,
    pub is_breach: bool,
    /// It recovers at this value or below.
    recovers_at: Money,
}

pub(crate) type Thresholds<'c> = SmallVec<[Threshold<'c>; 6]>;

impl Threshold<'_> {
    /// The least value at which it fires.
    fn fires_at(&self) -> Money {
        if self.is_breach {
            self.amount + SMALLEST
        } else {
            self.amount
        }
    }
}

/// The thresholds of a measure: warnings ascending by amount, the breach last. Percentages mean nothing
/// without a limit, or where the limit is the floor.
pub(crate) fn thresholds<'c>(rule: &'c MeasureRule, limit: Option<Money>) -> Thresholds<'c> {
    let mut found: Thresholds<'c> = rule
        .warnings
        .iter()
        .filter_map(|warning| {
            let (amount, bps) = match (warning.at, limit) {
                (WarningAt::Amount(amount), _) => (amount, None),
                (WarningAt::Bps(bps), Some(limit)) if limit != rule.floor => {
                    (rule.floor + (limit - rule.floor).bps_ceil(bps), Some(bps))
                }
                (WarningAt::Bps(_), _) => return None,
            };
            let below = amount - margin(amount, rule.margin, rule.margin_bps);
            let recovers_at = below.min(amount - SMALLEST);
            Some(Threshold {
                id: &warning.id,
                amount,
                bps,
                is_breach: false,
                recovers_at,
            })
        })
        .collect();
    found.sort_by_key(|threshold| threshold.amount);
    found.extend(limit.map(|amount| Threshold {
        id: LIMIT,
        amount,
        bps: Some(LIMIT_BPS),
        is_breach: true,
        recovers_at: amount - margin(amount, rule.breach_margin, rule.breach_margin_bps),
    }));
    found
}

/// The larger of an absolute margin and one in basis points of |T|, rounded up.
fn margin(amount: Money, absolute: Money, bps: u32) -> Money {
    absolute.max(amount.max(-amount).bps_ceil(bps))
}

/// The exposure limit of an account; none where there is no limit.
pub(crate) fn exposure_limit(world: &World, row: &Row, now: Timestamp) -> Option<Money> {
    let class = world.class(row.class, now)?;
    let rule = class
        .measures
        .iter()
        .find(|rule| rule.measure == Measure::Exposure)?;
    limit::effective(row, rule)
}

/// The limit of a measure as the class and the customer's own limits have it.
pub(crate) fn limit_of(draft: &Draft<'_>, measure: Measure, scope: Scope) -> Option<Money> {
    let class = draft.world.class(draft.row.class, draft.now)?;
    let rule = class
        .measures
        .iter()
        .find(|r| r.measure == measure && r.scope == scope)?;
    limit::effective(&draft.row, rule)
}

/// Compares all measures with their thresholds after the events of a group; nothing happens while every
/// value stays in the range that is known to be quiet.
pub(crate) fn compare(draft: &mut Draft<'_>, cause: Cause) {
    if is_quiet(draft) {
        return;
    }
    let world = draft.world;
    let class = world.class(draft.row.class, draft.now);
    for rule in class.map_or(&[][..], |class| &class.measures) {
        compare_measure(draft, rule, cause);
    }
    end_vanished(draft, class, cause);
    remember_quiet_ranges(draft, class);
}

/// Thresholds that are reached without anything having crossed them are FIRED in silence: at the start of
/// an account or of a cycle.
pub(crate) fn seed(draft: &mut Draft<'_>) {
    let world = draft.world;
    let class = world.class(draft.row.class, draft.now);
    for rule in class.map_or(&[][..], |class| &class.measures) {
        let after = value_of(draft, &draft.row, rule);
        for threshold in &thresholds(rule, limit::effective(&draft.row, rule)) {
            if after >= threshold.fires_at() && !is_fired(&draft.row, rule, threshold.id) {
                set_silently(draft, rule, threshold.id, true);
            }
        }
    }
    remember_quiet_ranges(draft, class);
}

fn is_quiet(draft: &Draft<'_>) -> bool {
    let cache = &draft.row.cache;
    let guards = &cache.guards;
    cache.guard_count != Cache::UNKNOWN
        && (0..usize::from(cache.guard_count)).all(|index| {
            let (measure, scope) = guards.of[index];
            let value = exposure::value(draft.world, &draft.row, draft.now, measure, scope);
            guards.low[index] < value && value < guards.high[index]
        })
}

fn value_of(draft: &Draft<'_>, row: &Row, rule: &MeasureRule) -> Money {
    exposure::value(draft.world, row, draft.now, rule.measure, rule.scope)
}

fn find<'r>(row: &'r Row, measure: Measure, scope: Scope, id: &str) -> Option<&'r Latch> {
    row.cold().latches.iter().find(|latch| {
        latch.measure == measure && latch.scope == scope && latch.threshold.as_str() == id
    })
}

pub(crate) fn is_fired(row: &Row, rule: &MeasureRule, id: &str) -> bool {
    find(row, rule.measure, rule.scope, id).is_some_and(|latch| latch.fired)
}

fn compare_measure(draft: &mut Draft<'_>, rule: &MeasureRule, cause: Cause) {
    let limit = limit::effective(&draft.row, rule);
    let after = value_of(draft, &draft.row, rule);
    let all = thresholds(rule, limit);
    let mut rising = Thresholds::new();
    let mut falling = Thresholds::new();
    for threshold in &all {
        let fired = is_fired(&draft.row, rule, threshold.id);
        if !fired && after >= threshold.fires_at() {
            if cause == Cause::Config && is_new(draft, rule, threshold.id) {
                set_silently(draft, rule, threshold.id, true);
            } else {
                rising.push(*threshold);
            }
        } else if fired && after <= threshold.recovers_at {
            falling.push(*threshold);
        }
    }
    if !rising.is_empty() {
        cross(draft, rule, limit, &rising, cause);
    }
    let ended: SmallVec<[&str; 6]> = falling.iter().map(|threshold| threshold.id).collect();
    recover(draft, rule.measure, rule.scope, limit, &ended, cause);
}

/// Whether the version in force brought the threshold: the one before had none of this id.
fn is_new(draft: &Draft<'_>, rule: &MeasureRule, id: &str) -> bool {
    let before = draft.world.previous_class(draft.row.class, draft.now);
    let same = before.and_then(|class| {
        class
            .measures
            .iter()
            .find(|r| r.measure == rule.measure && r.scope == rule.scope)
    });
    !same.is_some_and(|known| match id {
        LIMIT => limit::effective(&draft.row, known).is_some(),
        _ => known.warnings.iter().any(|warning| warning.id == id),
    })
}

fn set_silently(draft: &mut Draft<'_>, rule: &MeasureRule, id: &str, fired: bool) {
    draft.push(EventBody::LatchSet(LatchSet {
        measure: rule.measure,
        scope: rule.scope,
        threshold: id.into(),
        fired,
    }));
}

fn epoch_of(row: &Row, measure: Measure) -> Option<umbral_model::time::Date> {
    (measure != Measure::Exposure).then_some(row.cycle_start)
}

/// A warning is told again only after its cooldown; the breach always is.
fn is_told(draft: &Draft<'_>, rule: &MeasureRule, threshold: &Threshold<'_>) -> bool {
    let told_at = find(&draft.row, rule.measure, rule.scope, threshold.id)
        .and_then(|latch| latch.notified_at);
    threshold.is_breach
        || told_at.is_none_or(|told_at| draft.effective_at.since(told_at) >= rule.cooldown)
}

fn cross(
    draft: &mut Draft<'_>,
    rule: &MeasureRule,
    limit: Option<Money>,
    rising: &Thresholds<'_>,
    cause: Cause,
) {
    let Some(highest) = rising.last() else { return };
    let value_after = value_of(draft, &draft.row, rule);
    let crossed = rising.iter().map(|threshold| Crossed {
        threshold: threshold.id.into(),
        amount: threshold.amount,
        bps: threshold.bps,
    });
    draft.push(EventBody::ThresholdCrossed(Box::new(ThresholdCrossed {
        measure: rule.measure,
        scope: rule.scope,
        epoch: epoch_of(&draft.row, rule.measure),
        crossed: crossed.collect(),
        highest: highest.id.into(),
        value_before: value_of(draft, draft.before, rule),
        value_after,
        limit,
        remaining: limit.map(|limit| limit - value_after),
        cause,
        notify: rising
            .iter()
            .any(|threshold| is_told(draft, rule, threshold)),
        out_id: draft.next_out_id("threshold_crossed"),
    })));
    if highest.is_breach {
        draft.push(EventBody::LimitBreached(LimitBreached {
            measure: rule.measure,
            scope: rule.scope,
            exposure: value_after,
            limit: highest.amount,
            over_by: value_after - highest.amount,
            actions: rule.on_breach.clone(),
        }));
        restriction::bar_for_measure(draft, rule);
    }
}

/// Arms thresholds again; those whose crossing was published are told, and the end of a breach.
fn recover(
    draft: &mut Draft<'_>,
    measure: Measure,
    scope: Scope,
    limit: Option<Money>,
    ids: &[&str],
    cause: Cause,
) {
    let value = exposure::value(draft.world, &draft.row, draft.now, measure, scope);
    let mut cured = false;
    for id in ids {
        let published = find(&draft.row, measure, scope, id).and_then(|latch| latch.published);
        let threshold = ThresholdId::from(*id);
        let body = match published {
            Some(fired_out_id) => EventBody::ThresholdRecovered(ThresholdRecovered {
                measure,
                scope,
                epoch: epoch_of(&draft.row, measure),
                threshold,
                fired_out_id,
                value,
                cause,
            }),
            None => EventBody::LatchSet(LatchSet {
                measure,
                scope,
                threshold,
                fired: false,
            }),
        };
        draft.push(body);
        cured |= *id == LIMIT && published.is_some();
    }
    if cured {
        cure(draft, (measure, scope), value, limit);
    }
}

/// Tells the end of a breach, and lifts what it barred.
pub(crate) fn cure(
    draft: &mut Draft<'_>,
    (measure, scope): (Measure, Scope),
    exposure: Money,
    limit: Option<Money>,
) {
    draft.push(EventBody::LimitCured(LimitCured {
        measure,
        scope,
        exposure,
        limit,
        over_by: Money::ZERO,
        actions: restriction::bars_of_measure(&draft.row, measure, scope),
    }));
    restriction::lift_of_measure(draft, measure, scope);
}

/// Thresholds that class and catalog no longer have cannot stay fired.
fn end_vanished(draft: &mut Draft<'_>, class: Option<&CreditClass>, cause: Cause) {
    let mut vanished: Vec<(Measure, Scope, ThresholdId)> = Vec::new();
    for latch in draft.row.cold().latches.iter().filter(|latch| latch.fired) {
        let rule = class.and_then(|class| {
            class
                .measures
                .iter()
                .find(|r| r.measure == latch.measure && r.scope == latch.scope)
        });
        let stands = rule.is_some_and(|rule| {
            thresholds(rule, limit::effective(&draft.row, rule))
                .iter()
                .any(|threshold| threshold.id == latch.threshold.as_str())
        });
        if !stands {
            vanished.push((latch.measure, latch.scope, latch.threshold.clone()));
        }
    }
    for (measure, scope, threshold) in vanished {
        let limit = limit_of(draft, measure, scope);
        recover(draft, measure, scope, limit, &[threshold.as_str()], cause);
    }
}

/// Notes between which values nothing can happen, so that most records are compared with two numbers.
fn remember_quiet_ranges(draft: &mut Draft<'_>, class: Option<&CreditClass>) {
    let rules = class.map_or(&[][..], |class| &class.measures);
    let mut guards = draft.row.cache.guards;
    draft.row.cache.exposure_limit = Money::MAX;
    for (index, rule) in rules.iter().enumerate() {
        let limit = limit::effective(&draft.row, rule);
        if rule.measure == Measure::Exposure {
            draft.row.cache.exposure_limit = limit.unwrap_or(Money::MAX);
        }
        if index < GUARDS {
            let (low, high) = quiet_range(&draft.row, rule, limit);
            guards.of[index] = (rule.measure, rule.scope);
            (guards.low[index], guards.high[index]) = (low, high);
        }
    }
    draft.row.cache.guards = guards;
    draft.row.cache.guard_count = if rules.len() <= GUARDS {
        rules.len() as u8
    } else {
        Cache::UNKNOWN
    };
}

fn quiet_range(row: &Row, rule: &MeasureRule, limit: Option<Money>) -> (Money, Money) {
    let (mut low, mut high) = (Money::from_micros(i64::MIN), Money::MAX);
    for threshold in &thresholds(rule, limit) {
        if is_fired(row, rule, threshold.id) {
            low = low.max(threshold.recovers_at);
        } else {
            high = high.min(threshold.fires_at());
        }
    }
    (low, high)
}

/// Takes a silent change of a latch into the row.
pub(crate) fn apply_set(row: &mut Row, body: &LatchSet) {
    let latch = entry(row, body.measure, body.scope, &body.threshold);
    latch.fired = body.fired;
    latch.published = None;
    drop_idle(row);
}

/// Takes a crossing into the row.
pub(crate) fn apply_crossed(row: &mut Row, at: Timestamp, body: &ThresholdCrossed) {
    for crossed in &body.crossed {
        let latch = entry(row, body.measure, body.scope, &crossed.threshold);
        latch.fired = true;
        latch.published = Some(body.out_id);
        if body.notify {
            latch.notified_at = Some(at);
        }
    }
    row.forget_guards();
}

/// Takes a recovery into the row.
pub(crate) fn apply_recovered(row: &mut Row, body: &ThresholdRecovered) {
    let latch = entry(row, body.measure, body.scope, &body.threshold);
    latch.fired = false;
    latch.published = None;
    drop_idle(row);
}

fn entry<'r>(row: &'r mut Row, measure: Measure, scope: Scope, id: &ThresholdId) -> &'r mut Latch {
    let latches = &mut row.cold_mut().latches;
    let key = (measure, scope, id);
    let found =
        latches.binary_search_by(|latch| (latch.measure, latch.scope, &latch.threshold).cmp(&key));
    let index = found.unwrap_or_else(|index| {
        let fresh = Latch {
            measure,
            scope,
            threshold: id.clone(),
            fired: false,
            published: None,
            notified_at: None,
        };
        latches.insert(index, fresh);
        index
    });
    &mut latches[index]
}

/// An armed latch that nobody was told of is as good as none.
fn drop_idle(row: &mut Row) {
    row.cold_mut()
        .latches
        .retain(|latch| latch.fired || latch.notified_at.is_some());
    row.forget_guards();
}
