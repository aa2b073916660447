//! What adds to an account: rated usage, charges, purchases.

use crate::account::{Cold, Member, Row};
use crate::collections::case;
use crate::credit::{exposure, latch};
use crate::decide::in_range;
use crate::draft::Draft;
use umbral_model::event::{
    Cause, ChargeKind, ChargePosted, EventBody, PurchaseRecorded, UsageRated,
};
use umbral_model::ids::{MemberId, PlanNo, ServiceNo, VersionNo};
use umbral_model::input::{ChargeAdded, Input, Purchase, Scope, Usage};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Measurement;
use umbral_rating::{Record, Tariff};

/// Rates a usage record: always, whatever the limits say, for it is consumed already.
pub(crate) fn rate(draft: &mut Draft<'_>, input: &Input, usage: &Usage) -> Result<(), Rejection> {
    known_member(draft.row.cold(), input)?;
    let cycle = cycle_to_count_in(draft, input)?;
    let tariff = tariff_of(draft, input.member.as_ref(), input.occurred_at)?;
    let record = Record {
        service: usage.service.as_str(),
        direction: usage.direction,
        to: usage.to.head.as_str(),
        whole: usage.to.tail.is_empty(),
        zone: usage.zone.as_deref(),
        network: usage.network.as_deref(),
        start: input.occurred_at,
        quantity: usage.quantity,
        duration: usage.duration,
        continued: usage.continued,
    };
    let charge = umbral_rating::rate(&draft.world.catalogs, tariff, &record)?;
    in_range(charge.amount, "the price")?;
    let scope = usage.scope.unwrap_or_else(|| {
        scope_of(
            draft,
            charge.version,
            charge.service,
            usage.network.is_some(),
        )
    });
    let over_limit_amount = over_limit(draft, charge.amount);
    draft.push(EventBody::UsageRated(UsageRated {
        member: input.member.clone(),
        scope,
        cycle,
        quantity: usage.quantity,
        charge: Box::new(charge),
        over_limit_amount,
    }));
    latch::compare(draft, Cause::Usage);
    Ok(())
}

/// Adds a charge that was priced outside.
pub(crate) fn add_charge(
    draft: &mut Draft<'_>,
    input: &Input,
    charge: &ChargeAdded,
) -> Result<(), Rejection> {
    in_range(charge.amount, "the charge")?;
    let cycle = cycle_to_count_in(draft, input)?;
    draft.push(EventBody::ChargePosted(ChargePosted {
        kind: ChargeKind::Charge,
        amount: charge.amount,
        code: charge.code.clone(),
        cycle,
    }));
    latch::compare(draft, Cause::Charge);
    Ok(())
}

/// Records a purchase: on account it is a charge, otherwise it was paid at once.
pub(crate) fn record_purchase(
    draft: &mut Draft<'_>,
    input: &Input,
    purchase: &Purchase,
) -> Result<(), Rejection> {
    let total = purchase
        .total()
        .filter(|total| *total >= Money::ZERO)
        .ok_or_else(|| {
            Rejection::new(
                Reason::BadAmount,
                "the lines of the purchase add up to less than nothing",
            )
        })?;
    in_range(total, "the purchase")?;
    if purchase.method != "on_account" {
        let cycle = draft.row.cycle_of(draft.world, input.occurred_at);
        draft.push(EventBody::PurchaseRecorded(PurchaseRecorded {
            purchase: purchase.purchase.clone(),
            method: purchase.method.clone(),
            total,
            cycle,
        }));
        return Ok(());
    }
    let cycle = cycle_to_count_in(draft, input)?;
    draft.push(EventBody::ChargePosted(ChargePosted {
        kind: ChargeKind::Purchase(purchase.purchase.clone()),
        amount: total,
        code: "purchase".into(),
        cycle,
    }));
    latch::compare(draft, Cause::Charge);
    Ok(())
}

/// The late fee of a collection step: an open item of its own.
pub(crate) fn late_fee(draft: &mut Draft<'_>, item: &str, amount: Money, due_on: Date) {
    let cycle = draft.row.cycle_start;
    draft.push(EventBody::ChargePosted(ChargePosted {
        kind: ChargeKind::LateFee {
            item: item.into(),
            due_on,
        },
        amount,
        code: case::LATE_FEE.into(),
        cycle,
    }));
}

/// The cycle of an input by its date: the current one or one of the two before it, older ones by force.
fn cycle_to_count_in(draft: &Draft<'_>, input: &Input) -> Result<Date, Rejection> {
    if input.occurred_at < draft.row.opened_at {
        return Err(Rejection::new(
            Reason::BeforeAccount,
            format!(
                "it is of {}, the account began at {}",
                input.occurred_at, draft.row.opened_at
            ),
        ));
    }
    let cycle = draft.row.cycle_of(draft.world, input.occurred_at);
    if input.forced || draft.row.keeps_cycle(cycle) {
        return Ok(cycle);
    }
    Err(Rejection::new(
        Reason::CycleTooOld,
        format!(
            "the cycle from {cycle} on is closed for more than two cycles; force it to take it"
        ),
    ))
}

/// Refuses a member that the account did not have at that time. An account that was told of no members takes
/// any: its sources may name them without its knowing.
fn known_member(cold: &Cold, input: &Input) -> Result<(), Rejection> {
    let Some(member) = &input.member else {
        return Ok(());
    };
    let at = input.occurred_at;
    let had = |known: &Member| {
        known.id == *member
            && known.opened_at <= at
            && known.closed_at.is_none_or(|closed_at| at < closed_at)
    };
    if cold.members.is_empty() || cold.members.iter().any(had) {
        return Ok(());
    }
    let detail = format!("account {} had no member {member} at {at}", input.account);
    Err(Rejection::new(Reason::UnknownMember, detail))
}

/// The plans that price a record of the account or member at `at`.
fn tariff_of<'a>(
    draft: &'a Draft<'_>,
    member: Option<&MemberId>,
    at: Timestamp,
) -> Result<Tariff<'a>, Rejection> {
    let row = &draft.row;
    if !row.tariff_is_cold {
        return row.plan.map(Tariff::Plan).ok_or_else(no_plan);
    }
    let cold = row.cold();
    let of_member = member
        .and_then(|id| cold.members.iter().find(|known| known.id == *id))
        .map(|known| known.plans.as_slice())
        .filter(|plans| starts_by(plans, at));
    if let Some(plans) = of_member {
        return Ok(Tariff::Plans(plans));
    }
    if starts_by(&cold.plans, at) {
        return Ok(Tariff::Plans(&cold.plans));
    }
    match &cold.profile {
        Some(profile) => Ok(Tariff::Profile(profile)),
        None if cold.plans.is_empty() => row.plan.map(Tariff::Plan).ok_or_else(no_plan),
        None => Err(no_plan()),
    }
}

fn starts_by(plans: &[(Timestamp, PlanNo)], at: Timestamp) -> bool {
    plans.first().is_some_and(|(from, _)| *from <= at)
}

fn no_plan() -> Rejection {
    Rejection::new(Reason::UnknownPlan, "the account had no plan at that time")
}

/// The narrowest scope of a service: by what it is measured in, and where it was used.
fn scope_of(draft: &Draft<'_>, version: VersionNo, service: ServiceNo, abroad: bool) -> Scope {
    let measurement = draft
        .world
        .catalogs
        .get(version)
        .and_then(|version| version.catalog.services.get(service.index()))
        .map(|service| service.measurement);
    match measurement {
        Some(Measurement::Time) => Scope::Voice,
        Some(Measurement::Octets) if abroad => Scope::RoamingData,
        Some(Measurement::Octets) => Scope::Data,
        _ => Scope::All,
    }
}

/// How much of `amount` lies above the exposure limit once it is added.
fn over_limit(draft: &Draft<'_>, amount: Money) -> Money {
    let limit = match draft.row.cache.guard_count {
        crate::account::Cache::UNKNOWN => {
            latch::exposure_limit(draft.world, &draft.row, draft.now).unwrap_or(Money::MAX)
        }
        _ => draft.row.cache.exposure_limit,
    };
    let after = exposure::exposure(draft.world, &draft.row, draft.now) + amount;
    (after - limit)
        .floored_at_zero()
        .min(amount.floored_at_zero())
}

/// Which counters usage of a scope counts in, by the order of `Scope::ALL`.
const fn counts_in(scope: Scope) -> [bool; 4] {
    match scope {
        Scope::All => [true, false, false, false],
        Scope::Voice => [true, true, false, false],
        Scope::Data => [true, false, true, false],
        Scope::RoamingData => [true, false, true, true],
    }
}

fn add_usage(counters: &mut [Money; 4], scope: Scope, amount: Money) {
    for (counter, counts) in counters.iter_mut().zip(counts_in(scope)) {
        if counts {
            *counter += amount;
        }
    }
}

/// Takes rated usage into the row.
pub(crate) fn apply_usage(row: &mut Row, body: &UsageRated) {
    let amount = body.charge.amount;
    add_unbilled(row, body.cycle, amount);
    if body.cycle == row.cycle_start {
        add_usage(&mut row.usage, body.scope, amount);
    } else if let Some(index) = closed_cycle(row, body.cycle) {
        add_usage(&mut row.cold_mut().closed[index].usage, body.scope, amount);
    }
}

/// Takes a posted charge into the row.
pub(crate) fn apply_charge(row: &mut Row, body: &ChargePosted) {
    if let ChargeKind::LateFee { item, due_on } = &body.kind {
        crate::billing::bill::open_fee(row, item, *due_on, body.amount);
        return;
    }
    add_unbilled(row, body.cycle, body.amount);
    if body.cycle == row.cycle_start {
        row.charges += body.amount;
    } else if let Some(index) = closed_cycle(row, body.cycle) {
        row.cold_mut().closed[index].charges += body.amount;
    }
}

fn closed_cycle(row: &Row, start: Date) -> Option<usize> {
    row.cold()
        .closed
        .iter()
        .position(|cycle| cycle.start == start)
}

/// Unbilled money belongs to its own cycle until that is billed; then it joins the current one.
fn add_unbilled(row: &mut Row, cycle: Date, amount: Money) {
    row.unbilled += amount;
    let is_billed = |row: &Row| {
        let cycle_end = crate::dates::next_cycle(cycle, row.cycle_day);
        row.cold().billed_to.is_some_and(|to| cycle_end <= to)
    };
    if cycle == row.cycle_start || is_billed(row) {
        row.unbilled_current += amount;
        return;
    }
    let buckets = &mut row.cold_mut().buckets;
    match buckets.binary_search_by_key(&cycle, |(start, _)| *start) {
        Ok(index) => buckets[index].1 += amount,
        Err(index) => buckets.insert(index, (cycle, amount)),
    }
}
