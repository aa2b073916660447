//! What adds to an account: rated usage and charges.

use crate::account::{Cold, Member, Row};
use crate::collections::case;
use crate::credit::{exposure, latch};
use crate::decide::in_range;
use crate::draft::Draft;
use crate::tariff::customer::{self, Holdings};
use crate::tariff::volume::{self, Change};
use crate::tariff::{fees, grants, meters, parked, purchase, warnings};
use crate::world::World;
use smallvec::SmallVec;
use umbral_catalog::tables::{TierPer, Whereabouts};
use umbral_model::charge::Charge;
use umbral_model::event::{Cause, ChargeKind, ChargePosted, EventBody, UsageRated};
use umbral_model::ids::{MemberId, PlanNo};
use umbral_model::input::{ChargeAdded, Input, RatedRecord, Scope, Usage};
use umbral_model::journal::UsageEntry;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Measurement;
use umbral_rating::{Account, Counter, Customer, Record, Tariff};

/// A usage record to be priced, and what helps where the account has forgotten its plans.
pub(crate) struct Priced<'a> {
    pub input: &'a Input,
    pub usage: &'a Usage,
    /// The plan of the record that is corrected.
    pub plan_of_old: Option<PlanNo>,
}

/// Rates a usage record: always, whatever the limits say, for it is consumed already.
pub(crate) fn rate(draft: &mut Draft<'_>, input: &Input, usage: &Usage) -> Result<(), Rejection> {
    let priced = Priced {
        input,
        usage,
        plan_of_old: None,
    };
    let rated = price(draft, &draft.row, priced)?;
    if !meters::touches(&rated.charge) && draft.row.cold().tariff.parked.is_empty() {
        draft.push(EventBody::UsageRated(rated));
        latch::compare(draft, Cause::Usage);
        return Ok(());
    }
    draft.push(EventBody::UsageRated(rated.clone()));
    volume::post(draft, Change::new(&rated))?;
    let mut touched = warnings::Touched::default();
    touched.add(&rated.charge);
    let record = RatedRecord {
        root: input.key.clone(),
        occurred_at: input.occurred_at,
        rated: Some(rated),
    };
    parked::release(draft, record, &input.key, &mut touched)?;
    warnings::compare(draft, touched, Cause::Usage);
    latch::compare(draft, Cause::Usage);
    Ok(())
}

/// Prices a usage record of an account as `row` has it.
pub(crate) fn price(
    draft: &Draft<'_>,
    row: &Row,
    priced: Priced<'_>,
) -> Result<UsageRated, Rejection> {
    let Priced { input, usage, .. } = priced;
    known_member(row.cold(), input)?;
    let at = input.occurred_at;
    let cycle = match priced.plan_of_old {
        None => cycle_to_count_in(draft, input)?,
        Some(_) => {
            not_before_account(draft, input)?;
            row.cycle_of(draft.world, at)
        }
    };
    let into_own = plans_into_own(row, input.member.as_ref(), at);
    let tariff = match (priced.plan_of_old, &into_own) {
        (Some(plan), _) if !row.keeps_cycle(cycle) => Tariff::Plan(plan),
        (_, Some(plans)) => Tariff::Plans(plans),
        (_, None) => tariff_of(row, input.member.as_ref(), at)?,
    };
    let record = Record {
        service: usage.service.as_str(),
        direction: usage.direction,
        to: usage.to.head.as_str(),
        whole: usage.to.tail.is_empty(),
        zone: usage.zone.as_deref(),
        network: usage.network.as_deref(),
        start: at,
        quantity: usage.quantity,
        duration: usage.duration,
        continued: usage.continued,
    };
    let charge = charge_for(draft, row, (tariff, &record), input, cycle)?;
    in_range(charge.amount, "the price")?;
    let scope = usage
        .scope
        .unwrap_or_else(|| scope_of(draft, &charge, usage.network.as_deref()));
    Ok(UsageRated {
        member: input.member.clone(),
        scope,
        cycle,
        quantity: usage.quantity,
        over_limit_amount: over_limit(draft, row, charge.amount),
        charge: draft.boxed(charge),
    })
}

/// The price with the account's allowances, counters and discounts; most accounts have none of them.
fn charge_for(
    draft: &Draft<'_>,
    row: &Row,
    (tariff, record): (Tariff<'_>, &Record<'_>),
    input: &Input,
    cycle: Date,
) -> Result<Charge, Rejection> {
    let world = draft.world;
    let member = input.member.as_ref();
    let holdings = match world.has_discounts {
        true => Holdings::at(world, row, record.start),
        false => Holdings::default(),
    };
    let customer = match world.has_discounts {
        true => customer::at(world, row, record.start, &holdings),
        false => Customer::default(),
    };
    let (allowances, counters) = match &row.meters {
        None => (SmallVec::new(), SmallVec::new()),
        Some(_) => (
            grants::usable(draft, row, member, record.start),
            counters_of(row, member, cycle),
        ),
    };
    let account = Account {
        customer,
        allowances: &allowances,
        counters: &counters,
    };
    umbral_rating::rate_for(&world.catalogs, tariff, record, &account)
}

/// Units of the cycle under rates with tiers, of the account and of the member.
fn counters_of(row: &Row, member: Option<&MemberId>, cycle: Date) -> SmallVec<[Counter; 2]> {
    let counted = row.meters().counters.iter();
    let of_cycle = counted.filter(|counted| counted.cycle == cycle);
    let mut found: SmallVec<[Counter; 2]> = SmallVec::new();
    for counted in of_cycle {
        let mut add = |per| {
            found.push(Counter {
                no: counted.counter,
                per,
                units: counted.units,
            });
        };
        if counted.member.is_none() {
            add(TierPer::Account);
        }
        if counted.member.as_ref() == member {
            add(TierPer::Member);
        }
    }
    found
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

fn not_before_account(draft: &Draft<'_>, input: &Input) -> Result<(), Rejection> {
    if input.occurred_at >= draft.row.opened_at {
        return Ok(());
    }
    Err(Rejection::new(
        Reason::BeforeAccount,
        format!(
            "it is of {}, the account began at {}",
            input.occurred_at, draft.row.opened_at
        ),
    ))
}

/// The cycle of an input by its date: the current one or one of the two before it, older ones by force.
pub(crate) fn cycle_to_count_in(draft: &Draft<'_>, input: &Input) -> Result<Date, Rejection> {
    not_before_account(draft, input)?;
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
    row: &'a Row,
    member: Option<&MemberId>,
    at: Timestamp,
) -> Result<Tariff<'a>, Rejection> {
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
    if starts_by(&cold.tariff.plans, at) {
        return Ok(Tariff::Plans(&cold.tariff.plans));
    }
    match &cold.tariff.profile {
        Some(profile) => Ok(Tariff::Profile(profile)),
        None if cold.tariff.plans.is_empty() => row.plan.map(Tariff::Plan).ok_or_else(no_plan),
        None => Err(no_plan()),
    }
}

/// The account's plans followed by the member's own, where those begin only after `at`: maybe inside the record.
fn plans_into_own(
    row: &Row,
    member: Option<&MemberId>,
    at: Timestamp,
) -> Option<Vec<(Timestamp, PlanNo)>> {
    if !row.tariff_is_cold {
        return None;
    }
    let cold = row.cold();
    let mut members = cold.members.iter();
    let own = &members.find(|known| Some(&known.id) == member)?.plans;
    let (first, _) = own.first().filter(|(from, _)| at < *from)?;
    let mut plans: Vec<(Timestamp, PlanNo)> = match cold.tariff.plans.is_empty() {
        true => vec![(row.opened_at, row.plan?)],
        false => cold.tariff.plans.to_vec(),
    };
    plans.retain(|(from, _)| from < first);
    plans.extend(own);
    starts_by(&plans, at).then_some(plans)
}

fn starts_by(plans: &[(Timestamp, PlanNo)], at: Timestamp) -> bool {
    plans.first().is_some_and(|(from, _)| *from <= at)
}

fn no_plan() -> Rejection {
    Rejection::new(Reason::UnknownPlan, "the account had no plan at that time")
}

/// The narrowest scope of a charge: by what its service is measured in, and where it was used.
fn scope_of(draft: &Draft<'_>, charge: &Charge, network: Option<&str>) -> Scope {
    let Some(version) = draft.world.catalogs.get(charge.version) else {
        return Scope::All;
    };
    let catalog = &version.catalog;
    let service = catalog.services.get(charge.service.index());
    match service.map(|service| service.measurement) {
        Some(Measurement::Time) => Scope::Voice,
        Some(Measurement::Octets) => match catalog.network_index.whereabouts(network) {
            Whereabouts::Home => Scope::Data,
            _ => Scope::RoamingData,
        },
        _ => Scope::All,
    }
}

/// How much of `amount` lies above the exposure limit once it is added.
fn over_limit(draft: &Draft<'_>, row: &Row, amount: Money) -> Money {
    let limit = match row.cache.guard_count {
        crate::account::Cache::UNKNOWN => {
            latch::exposure_limit(draft.world, row, draft.now).unwrap_or(Money::MAX)
        }
        _ => row.cache.exposure_limit,
    };
    let after = exposure::exposure(draft.world, row, draft.now) + amount;
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
pub(crate) fn apply_usage(world: &World, row: &mut Row, body: &UsageRated) {
    meters::use_units(world, row, body);
    add_rated(row, body, body.charge.amount);
}

/// Takes rated usage into the row that moved no meter.
pub(crate) fn replay(row: &mut Row, usage: &UsageEntry<'_>) {
    debug_assert_eq!(row.seq + 1, usage.account_seq, "events are gapless");
    row.seq = usage.account_seq;
    add_usage_money(row, usage.cycle, usage.scope, usage.amount);
}

/// Adds money of a rated record, or takes it away, in the record's own cycle and scope.
pub(crate) fn add_rated(row: &mut Row, rated: &UsageRated, amount: Money) {
    add_usage_money(row, rated.cycle, rated.scope, amount);
}

fn add_usage_money(row: &mut Row, cycle: Date, scope: Scope, amount: Money) {
    add_unbilled(row, cycle, amount);
    if cycle == row.cycle_start {
        add_usage(&mut row.usage, scope, amount);
    } else if let Some(index) = closed_cycle(row, cycle) {
        add_usage(&mut row.cold_mut().closed[index].usage, scope, amount);
    }
}

/// Takes a posted charge into the row.
pub(crate) fn apply_charge(row: &mut Row, body: &ChargePosted) {
    match &body.kind {
        ChargeKind::LateFee { item, due_on } => {
            return crate::billing::bill::open_fee(row, item, *due_on, body.amount);
        }
        ChargeKind::Volume(volume) => {
            return add_usage_money(row, body.cycle, volume.scope, body.amount);
        }
        ChargeKind::Fee(fee) => fees::apply_fee(row, fee),
        ChargeKind::Instalment {
            purchase: of,
            product,
            number,
            ..
        } => purchase::apply_instalment(row, of, product, *number),
        ChargeKind::Charge | ChargeKind::Purchase(..) => {}
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
