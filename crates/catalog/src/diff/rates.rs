//! Two rates side by side: what differs in what they charge, whatever they are called and however they are
//! written.

use super::text;
use super::{Effect, Kind};
use crate::tables::{Rate, Tier, TierKind, TierPer, Tiers};
use core::cmp::Ordering;
use umbral_model::money::{Pico, Rounding};
use umbral_model::units::Measurement;

/// One thing in which two rates differ.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Aspect {
    pub(super) kind: Kind,
    pub(super) what: &'static str,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) percent: Option<String>,
    pub(super) effect: Effect,
}

impl Aspect {
    fn new(kind: Kind, what: &'static str, from: String, to: String, effect: Effect) -> Aspect {
        Aspect {
            kind,
            what,
            from,
            to,
            percent: None,
            effect,
        }
    }
}

/// A stretch of usage with one price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Priced {
    start: u64,
    price: Pico,
    unit: u64,
}

/// Differences between two rates of a service; none stands for no rule, where the service is refused.
pub(super) fn aspects(
    from: Option<&Rate>,
    to: Option<&Rate>,
    measurement: Measurement,
) -> Vec<Aspect> {
    let sold =
        |from: String, to: String| Aspect::new(Kind::Sold, "offer", from, to, Effect::Neutral);
    let (from, to) = match (from, to) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => return vec![sold(offer(from, measurement), "not sold".into())],
        (None, Some(to)) => return vec![sold("not sold".into(), offer(to, measurement))],
        (None, None) => return Vec::new(),
    };
    let mut found = Vec::new();
    found.extend(prices(from, to, measurement));
    found.extend(counters(from, to));
    found.extend(setup(from, to));
    found.extend(increments(from, to, measurement));
    found.extend(bound(Kind::Minimum, "minimum", from.minimum, to.minimum));
    found.extend(bound(Kind::Maximum, "maximum", from.maximum, to.maximum));
    if from.rounding != to.rounding && !(is_free(from) && is_free(to)) {
        let (from, to) = (rounding(from.rounding), rounding(to.rounding));
        let aspect = Aspect::new(Kind::Rounding, "rounding", from, to, Effect::Neutral);
        found.push(aspect);
    }
    found
}

/// What a rate charges, in one line.
fn offer(rate: &Rate, measurement: Measurement) -> String {
    let unit = rate.steps.first().map_or(1, |step| step.unit);
    let mut text = price_text(rate, unit, measurement);
    if has_price(rate) {
        text.push_str(&format!(" by {}", increment_text(rate, measurement)));
    }
    for (word, amount) in [
        (
            "setup fee",
            (rate.setup != Pico::ZERO).then_some(rate.setup),
        ),
        ("at least", rate.minimum),
        ("at most", rate.maximum),
    ] {
        if let Some(amount) = amount {
            text.push_str(&format!(", {word} {amount}"));
        }
    }
    text
}

fn has_price(rate: &Rate) -> bool {
    let tiers = rate.tiers.iter().flat_map(|tiers| &tiers.tiers);
    rate.steps.iter().any(|step| step.price != Pico::ZERO)
        || tiers.into_iter().any(|tier| tier.price != Pico::ZERO)
}

fn is_free(rate: &Rate) -> bool {
    let fees = [Some(rate.setup), rate.minimum];
    !has_price(rate) && fees.into_iter().flatten().all(|fee| fee == Pico::ZERO)
}

/// Stretches by price; a step that changes nothing but the increment begins none.
fn by_price(rate: &Rate) -> Vec<Priced> {
    let mut stretches: Vec<Priced> = Vec::new();
    for step in &rate.steps {
        let same = stretches.last().is_some_and(|last| {
            compare((last.price, last.unit), (step.price, step.unit)) == Ordering::Equal
        });
        if !same {
            stretches.push(Priced {
                start: step.start,
                price: step.price,
                unit: step.unit,
            });
        }
    }
    stretches
}

/// Stretches by increment.
fn by_increment(rate: &Rate) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    for step in &rate.steps {
        if stretches.last().is_none_or(|last| last.1 != step.increment) {
            stretches.push((step.start, step.increment));
        }
    }
    stretches
}

fn prices(from: &Rate, to: &Rate, measurement: Measurement) -> Option<Aspect> {
    let (kind, what, effect, percent) = match (&from.tiers, &to.tiers) {
        (None, None) => {
            let (left, right) = (by_price(from), by_price(to));
            let effect = effect_of_stretches(&left, &right)?;
            (Kind::Price, "price", effect, one_percent(&left, &right))
        }
        (Some(left), Some(right)) => (Kind::Tiers, "tiers", effect_of_tiers(left, right)?, None),
        _ => (Kind::Tiers, "tiers", Effect::Mixed, None),
    };
    let unit = |rate: &Rate| rate.steps.first().map_or(1, |step| step.unit);
    let usual = text::usual_unit(unit(from), unit(to), measurement);
    let from = price_text(from, usual, measurement);
    let to = price_text(to, usual, measurement);
    Some(Aspect {
        percent,
        ..Aspect::new(kind, what, from, to, effect)
    })
}

/// Dearer or cheaper, stretch by stretch; none where all prices are the same.
fn effect_of_stretches(from: &[Priced], to: &[Priced]) -> Option<Effect> {
    let at = |stretches: &[Priced], position: u64| {
        let past = stretches.partition_point(|stretch| stretch.start <= position);
        let found = past.checked_sub(1).and_then(|index| stretches.get(index));
        found.map_or((Pico::ZERO, 1), |stretch| (stretch.price, stretch.unit))
    };
    let starts = from.iter().chain(to).map(|stretch| stretch.start);
    effect(starts.map(|start| compare(at(from, start), at(to, start))))
}

/// The percentage where both have one price.
fn one_percent(from: &[Priced], to: &[Priced]) -> Option<String> {
    let ([from], [to]) = (from, to) else {
        return None;
    };
    let scaled = |price: Pico, unit: u64| price.picos().checked_mul(i128::from(unit));
    text::percent(scaled(from.price, to.unit)?, scaled(to.price, from.unit)?)
}

fn effect_of_tiers(from: &Tiers, to: &Tiers) -> Option<Effect> {
    if (from.kind, from.per) != (to.kind, to.per) {
        return Some(Effect::Mixed);
    }
    let at = |tiers: &Tiers, used: u64| {
        let tier = tiers.tiers.get(tiers.tier_after(used));
        tier.map_or((Pico::ZERO, 1), |tier| (tier.price, tier.unit))
    };
    let ends = from.tiers.iter().chain(&to.tiers).map(|tier| tier.up_to);
    let starts = core::iter::once(0).chain(ends.filter(|end| *end < u64::MAX));
    effect(starts.map(|start| compare(at(from, start), at(to, start))))
}

fn effect(orders: impl Iterator<Item = Ordering>) -> Option<Effect> {
    let (mut up, mut down) = (false, false);
    for order in orders {
        up |= order == Ordering::Less;
        down |= order == Ordering::Greater;
    }
    match (up, down) {
        (true, true) => Some(Effect::Mixed),
        (true, false) => Some(Effect::Dearer),
        (false, true) => Some(Effect::Cheaper),
        (false, false) => None,
    }
}

/// Compares two prices of different units, exactly.
fn compare(left: (Pico, u64), right: (Pico, u64)) -> Ordering {
    let parts = |(price, unit): (Pico, u64)| {
        let unit = i128::from(unit.max(1));
        let rest = price.picos().rem_euclid(unit);
        (price.picos().div_euclid(unit), rest.unsigned_abs())
    };
    let ((left_whole, left_rest), (right_whole, right_rest)) = (parts(left), parts(right));
    left_whole.cmp(&right_whole).then_with(|| {
        let left_rest = left_rest * u128::from(right.1.max(1));
        left_rest.cmp(&(right_rest * u128::from(left.1.max(1))))
    })
}

/// The same tiers under another name: their counters are another one's.
fn counters(from: &Rate, to: &Rate) -> Option<Aspect> {
    let counted = from.tiers.is_some() && to.tiers.is_some();
    (counted && from.name != to.name).then(|| {
        let named = |rate: &Rate| format!("that of rate {}", rate.name);
        Aspect::new(
            Kind::Tiers,
            "count of units, which begins anew",
            named(from),
            named(to),
            Effect::Neutral,
        )
    })
}

fn setup(from: &Rate, to: &Rate) -> Option<Aspect> {
    let effect = effect([from.setup.cmp(&to.setup)].into_iter())?;
    let named = |fee: Pico| match fee {
        Pico::ZERO => "none".to_owned(),
        fee => fee.to_string(),
    };
    let (old, new) = (named(from.setup), named(to.setup));
    Some(Aspect {
        percent: text::percent(from.setup.picos(), to.setup.picos()),
        ..Aspect::new(Kind::Setup, "setup fee", old, new, effect)
    })
}

fn increments(from: &Rate, to: &Rate, measurement: Measurement) -> Option<Aspect> {
    let (left, right) = (by_increment(from), by_increment(to));
    if left == right || !has_price(from) || !has_price(to) {
        return None;
    }
    let at = |stretches: &[(u64, u64)], position: u64| {
        let past = stretches.partition_point(|stretch| stretch.0 <= position);
        let found = past.checked_sub(1).and_then(|index| stretches.get(index));
        found.map_or(1, |stretch| stretch.1.max(1))
    };
    let starts = left.iter().chain(&right).map(|stretch| stretch.0);
    let pairs: Vec<(u64, u64)> = starts
        .map(|start| (at(&left, start), at(&right, start)))
        .collect();
    let effect = if pairs.iter().all(|(from, to)| to % from == 0) {
        Effect::Dearer
    } else if pairs.iter().all(|(from, to)| from % to == 0) {
        Effect::Cheaper
    } else {
        Effect::Mixed
    };
    let old = increment_text(from, measurement);
    let new = increment_text(to, measurement);
    Some(Aspect::new(
        Kind::Increments,
        "increments",
        old,
        new,
        effect,
    ))
}

fn bound(kind: Kind, what: &'static str, from: Option<Pico>, to: Option<Pico>) -> Option<Aspect> {
    // Without a minimum the least charge is as low, without a maximum the greatest as high as can be.
    let none = if kind == Kind::Minimum {
        i128::MIN
    } else {
        i128::MAX
    };
    let value = |bound: Option<Pico>| bound.map_or(none, Pico::picos);
    let effect = effect([value(from).cmp(&value(to))].into_iter())?;
    let named = |bound: Option<Pico>| bound.map_or_else(|| "none".to_owned(), |b| b.to_string());
    let percent = match (from, to) {
        (Some(from), Some(to)) => text::percent(from.picos(), to.picos()),
        _ => None,
    };
    Some(Aspect {
        percent,
        ..Aspect::new(kind, what, named(from), named(to), effect)
    })
}

fn rounding(rounding: Rounding) -> String {
    format!("{} to {}", rounding.mode.word(), rounding.decimals)
}

/// `0.50 per minute, from 5m 0.20 per minute`, or the tiers.
fn price_text(rate: &Rate, usual: u64, measurement: Measurement) -> String {
    if let Some(tiers) = &rate.tiers {
        return tiers_text(tiers, usual, measurement);
    }
    let parts = by_price(rate).into_iter().map(|stretch| {
        let price = text::price(stretch.price, stretch.unit, usual, measurement);
        match stretch.start {
            0 => price,
            start => format!("from {} {price}", text::length(start, measurement)),
        }
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// `graduated by account: 0.09 per event up to 100 events, then 0.05 per event`.
fn tiers_text(tiers: &Tiers, usual: u64, measurement: Measurement) -> String {
    let kind = match tiers.kind {
        TierKind::Graduated => "graduated",
        TierKind::Volume => "volume",
    };
    let per = match tiers.per {
        TierPer::Account => "account",
        TierPer::Member => "member",
    };
    let part = |tier: &Tier| {
        let price = text::price(tier.price, tier.unit, usual, measurement);
        match tier.up_to {
            u64::MAX => format!("then {price}"),
            end => format!("{price} up to {}", text::length(end, measurement)),
        }
    };
    let parts: Vec<String> = tiers.tiers.iter().map(part).collect();
    format!("{kind} by {per}: {}", parts.join(", "))
}

/// `30s, then 1s`.
fn increment_text(rate: &Rate, measurement: Measurement) -> String {
    let stretches = by_increment(rate);
    let mut parts = Vec::with_capacity(stretches.len());
    for (index, (start, increment)) in stretches.iter().enumerate() {
        let length = text::length(*increment, measurement);
        let next = stretches.get(index + 1).map(|next| next.0);
        parts.push(match next {
            Some(next) if next - start != *increment => {
                format!("{length} up to {}", text::length(next, measurement))
            }
            _ => length,
        });
    }
    parts.join(", then ")
}
