//! The account itself: its beginning, members, class, plan, time zone and cycle.

use crate::account::{
    Billing, CLOSED_KEPT, ClassChange, Cold, CycleTotals, Latch, Member, PlanChange, Row, VipRank,
};
use crate::collections::{case, hold, promise};
use crate::credit::latch;
use crate::dates;
use crate::draft::Draft;
use crate::loyalty;
use crate::tariff::{correction, fees, grants, meters};
use crate::vip;
use crate::world::World;
use thin_vec::ThinVec;
use umbral_model::event::*;
use umbral_model::ids::{ClassName, ClassNo, MemberId, PlanName, PlanNo, ZoneName};
use umbral_model::input::*;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};

/// Unbilled buckets kept apart; what is older is added to the oldest of them.
const BUCKETS_KEPT: usize = 24;
/// Days after which settled bills and payments are forgotten; a reversal later than this is refused.
const HORIZON_DAYS: i32 = 730;

/// Opens the account: class, plan and zone must be known.
pub(crate) fn open(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &CustomerAdded,
) -> Result<(), Rejection> {
    let world = draft.world;
    let (_, version) = world
        .in_force(draft.now)
        .ok_or_else(|| Rejection::new(Reason::NoVersion, "activate a catalog first"))?;
    let currency = world
        .catalogs
        .get(version)
        .map(|found| found.catalog.currency)
        .unwrap_or_default();
    if input.currency.is_some_and(|given| given != currency) {
        return Err(Rejection::new(
            Reason::OtherCurrency,
            format!("the catalog's currency is {currency}"),
        ));
    }
    known_class(draft, &body.class)?;
    let zone = world
        .zones
        .number(body.time_zone.as_str())
        .ok_or_else(|| unknown(&body.time_zone))?;
    if let Some(plan) = &body.plan {
        known_plan(draft, plan)?;
    }
    if body.plan.is_some() && body.profile.is_some() {
        return Err(Rejection::new(
            Reason::MalformedField,
            "give a plan or a profile, not both",
        ));
    }
    if !(1..=31).contains(&body.cycle_day) {
        return Err(Rejection::new(
            Reason::BadDate,
            format!("cycle_day must be 1 to 31, not {}", body.cycle_day),
        ));
    }
    let today = world.zone(zone).local(input.occurred_at).date;
    draft.push(EventBody::AccountOpened(AccountOpened {
        class: body.class.clone(),
        plan: body.plan.clone(),
        profile: body.profile.clone(),
        currency,
        time_zone: body.time_zone.clone(),
        cycle_day: body.cycle_day,
        vip_rank: body.vip_rank,
        member_category: body.member_category.clone(),
        cycle_start: dates::cycle_of(today, body.cycle_day),
    }));
    vip::follow(draft);
    latch::seed(draft);
    fees::open(draft);
    Ok(())
}

fn unknown(zone: &ZoneName) -> Rejection {
    Rejection::new(
        Reason::UnknownTimeZone,
        format!("{zone} is no IANA time zone known here"),
    )
}

fn known_class(draft: &Draft<'_>, name: &ClassName) -> Result<ClassNo, Rejection> {
    draft
        .world
        .catalogs
        .class_no(name.as_str())
        .filter(|class| draft.world.class(*class, draft.now).is_some())
        .ok_or_else(|| {
            Rejection::new(
                Reason::UnknownClass,
                format!("the catalog has no class {name}"),
            )
        })
}

fn known_plan(draft: &Draft<'_>, name: &PlanName) -> Result<PlanNo, Rejection> {
    draft.world.catalogs.plan_no(name.as_str()).ok_or_else(|| {
        Rejection::new(
            Reason::UnknownPlan,
            format!("the catalog has no plan {name}"),
        )
    })
}

fn known_member<'d>(draft: &'d Draft<'_>, id: &MemberId) -> Result<&'d Member, Rejection> {
    let mut members = draft.row.cold().members.iter();
    members.find(|member| member.id == *id).ok_or_else(|| {
        Rejection::new(
            Reason::UnknownMember,
            format!("the account has no member {id}"),
        )
    })
}

/// A member that has not ended.
fn open_member(draft: &Draft<'_>, id: &MemberId) -> Result<(), Rejection> {
    match known_member(draft, id)?.closed_at {
        None => Ok(()),
        Some(at) => Err(Rejection::new(
            Reason::UnknownMember,
            format!("member {id} ended at {at}"),
        )),
    }
}

/// Adds a member; its numbers are the directory's business.
pub(crate) fn add_member(draft: &mut Draft<'_>, body: &MemberAdded) -> Result<(), Rejection> {
    if known_member(draft, &body.member).is_ok() {
        return Err(Rejection::new(
            Reason::MemberExists,
            format!("the account has member {} already", body.member),
        ));
    }
    if let Some(plan) = &body.plan {
        known_plan(draft, plan)?;
    }
    let takes_over = grants::has_own(draft.world, &draft.row, draft.effective_at);
    draft.push(EventBody::MemberOpened(MemberOpened {
        member: body.member.clone(),
        plan: body.plan.clone(),
    }));
    fees::open_member(draft, &body.member, takes_over);
    Ok(())
}

/// Ends a member. Its usage of earlier times is still taken.
pub(crate) fn remove_member(draft: &mut Draft<'_>, body: &MemberRemoved) -> Result<(), Rejection> {
    open_member(draft, &body.member)?;
    draft.push(EventBody::MemberClosed(MemberClosed {
        member: body.member.clone(),
    }));
    fees::close_member(draft, &body.member);
    Ok(())
}

/// Notes that a number was given to, or taken from, a member.
pub(crate) fn note_identifier(
    draft: &mut Draft<'_>,
    body: &IdentifierChange,
    given: bool,
) -> Result<(), Rejection> {
    known_member(draft, &body.member)?;
    draft.push(EventBody::IdentifierNoted(IdentifierNoted {
        member: body.member.clone(),
        given,
    }));
    Ok(())
}

/// The local day from which a change holds; none for at once.
fn day_of_change(draft: &Draft<'_>, effective: Effective) -> Result<Option<Date>, Rejection> {
    match effective {
        Effective::Now => Ok(None),
        Effective::NextCycle => Ok(Some(draft.row.next_cycle())),
        Effective::On(day) if day > draft.today() => Ok(Some(day)),
        Effective::On(day) if day == draft.today() => Ok(None),
        Effective::On(day) => Err(Rejection::new(
            Reason::BadDate,
            format!("{day} is past; today is {} for the account", draft.today()),
        )),
    }
}

/// Changes the class now, or notes the change to come.
pub(crate) fn change_class(
    draft: &mut Draft<'_>,
    _input: &Input,
    body: &ClassChanged,
) -> Result<(), Rejection> {
    known_class(draft, &body.class)?;
    match day_of_change(draft, body.effective)? {
        Some(on) => draft.push(EventBody::ClassChangeScheduled(ClassChangeScheduled {
            class: body.class.clone(),
            on,
            migrate_case: body.migrate_case,
        })),
        None => set_class(draft, body.class.clone(), body.migrate_case),
    }
    Ok(())
}

/// The new class holds: limits are looked at again, and what is overdue. The account's VIP rank may choose
/// another one in its place.
fn set_class(draft: &mut Draft<'_>, own: ClassName, migrates_case: bool) {
    vip::set_class(draft, own);
    latch::compare(draft, Cause::ClassChange);
    let trigger = case::Trigger {
        migrates: migrates_case,
        ..case::Trigger::default()
    };
    case::settle(draft, trigger);
}

/// Changes the plan of the account or a member now, or notes the change to come.
pub(crate) fn change_plan(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &PlanChanged,
) -> Result<(), Rejection> {
    known_plan(draft, &body.plan)?;
    if let Some(member) = &input.member {
        open_member(draft, member)?;
    }
    let (member, plan) = (input.member.clone(), body.plan.clone());
    match day_of_change(draft, body.effective)? {
        Some(on) => draft.push(EventBody::PlanChangeScheduled(PlanChangeScheduled {
            member,
            plan,
            on,
        })),
        None => {
            fees::change_plan(draft, member, plan);
            latch::compare(draft, Cause::Charge);
        }
    }
    Ok(())
}

/// Changes the time zone: dates stay, their instants move. What is past in the new zone ends now; a day that
/// comes once more changes nothing.
pub(crate) fn change_zone(draft: &mut Draft<'_>, body: &TimeZoneChanged) -> Result<(), Rejection> {
    draft
        .world
        .zones
        .number(body.time_zone.as_str())
        .ok_or_else(|| unknown(&body.time_zone))?;
    let day_before = draft.today();
    draft.push(EventBody::ZoneSet(ZoneSet {
        time_zone: body.time_zone.clone(),
    }));
    if draft.today() >= day_before {
        promise::break_if_missing(draft);
        hold::end_past(draft);
        case::settle(draft, case::Trigger::default());
    }
    Ok(())
}

/// The cycle timer: totals are told, counters and cycle latches start anew.
pub(crate) fn close_cycle(draft: &mut Draft<'_>) {
    let row = &draft.row;
    let closed = CycleClosed {
        cycle_start: row.cycle_start,
        cycle_end: row.next_cycle(),
        usage: row.usage,
        charges: row.charges,
    };
    let breached: Vec<Latch> = row
        .cold()
        .latches
        .iter()
        .filter(|latch| is_published_breach(latch))
        .cloned()
        .collect();
    draft.push(EventBody::CycleClosed(closed));
    for latch in breached {
        let limit = latch::limit_of(draft, latch.measure, latch.scope);
        latch::cure(draft, (latch.measure, latch.scope), Money::ZERO, limit);
    }
    latch::seed(draft);
    loyalty::usage::settle(draft);
}

fn is_published_breach(latch: &Latch) -> bool {
    latch.measure != Measure::Exposure
        && latch.fired
        && latch.published.is_some()
        && latch.threshold.as_str() == latch::LIMIT
}

/// The timer of a class or plan to come.
pub(crate) fn date_of_change(draft: &mut Draft<'_>) {
    let today = draft.today();
    let cold = draft.row.cold();
    let plans: Vec<PlanChange> = cold
        .tariff
        .plan_changes
        .iter()
        .filter(|change| change.on <= today)
        .cloned()
        .collect();
    let class = cold.tariff.class_change.clone();
    let class = class.filter(|change| change.on <= today);
    let changes_plan = !plans.is_empty();
    for change in plans {
        let name = draft
            .world
            .catalogs
            .plan_name(change.plan)
            .unwrap_or_default();
        let plan = PlanName::new(name);
        fees::change_plan(draft, change.member, plan);
    }
    if changes_plan {
        latch::compare(draft, Cause::Charge);
    }
    if let Some(change) = class {
        let name = draft.world.catalogs.class_name(change.class);
        let name = ClassName::new(name.unwrap_or_default());
        set_class(draft, name, change.migrates_case);
    }
}

/// Takes an event about the account itself into the row.
pub(crate) fn apply(world: &World, row: &mut Row, event: &Event) {
    match &event.body {
        EventBody::AccountOpened(body) => apply_opened(world, row, event.effective_at, body),
        EventBody::MemberOpened(body) => apply_member(world, row, event.effective_at, body),
        EventBody::MemberClosed(body) => {
            let members = &mut row.cold_mut().members;
            if let Some(member) = members.iter_mut().find(|member| member.id == body.member) {
                member.closed_at = Some(event.effective_at);
            }
            if let Some(tariff) = row.cold_mut().tariff.get_mut() {
                let others = |change: &PlanChange| change.member.as_ref() != Some(&body.member);
                tariff.plan_changes.retain(others);
            }
        }
        EventBody::ClassChangeScheduled(body) => {
            let class = world.catalogs.class_no(body.class.as_str());
            row.cold_mut().tariff.class_change = class.map(|class| ClassChange {
                on: body.on,
                class,
                migrates_case: body.migrate_case,
            });
        }
        EventBody::ClassSet(body) => {
            let to = world.catalogs.class_no(body.to.as_str());
            apply_class(row, event.effective_at, to.unwrap_or(row.class));
            let own = body.own.as_ref();
            let own = own.and_then(|own| world.catalogs.class_no(own.as_str()));
            if let Some(tariff) = row.cold_mut().tariff.get_mut() {
                tariff.own_class = own;
                if is_dated(event) {
                    tariff.class_change = None;
                }
            }
            row.forget_guards();
        }
        EventBody::PlanChangeScheduled(body) => apply_plan_to_come(world, row, body),
        EventBody::PlanSet(body) => apply_plan(world, row, event, body),
        EventBody::ZoneSet(body) => {
            let before = row.zone;
            row.zone = world
                .zones
                .number(body.time_zone.as_str())
                .unwrap_or(row.zone);
            row.refresh_cycle(world);
            grants::move_days(world, row, before);
        }
        EventBody::CycleClosed(body) => apply_cycle(world, row, body),
        _ => {}
    }
}

/// Another class from `at` on; earlier ones are remembered for late usage.
fn apply_class(row: &mut Row, at: Timestamp, to: ClassNo) {
    let before = (row.opened_at, row.class);
    let classes = &mut row.cold_mut().tariff.classes;
    if classes.is_empty() {
        classes.push(before);
    }
    set_from(classes, at, to);
    row.class = classes.last().map_or(to, |(_, last)| *last);
}

fn is_dated(event: &Event) -> bool {
    event
        .timer
        .as_ref()
        .is_some_and(|timer| timer.kind == TimerKind::ClassDate)
}

fn apply_opened(world: &World, row: &mut Row, at: Timestamp, body: &AccountOpened) {
    row.opened_at = at;
    row.class = world
        .catalogs
        .class_no(body.class.as_str())
        .unwrap_or_default();
    row.plan = body
        .plan
        .as_ref()
        .and_then(|plan| world.catalogs.plan_no(plan.as_str()));
    row.zone = world
        .zones
        .number(body.time_zone.as_str())
        .unwrap_or_default();
    row.vip_rank = body.vip_rank;
    row.cycle_day = body.cycle_day;
    row.currency = body.currency;
    row.cycle_start = body.cycle_start;
    if body.vip_rank > 0 {
        let assigned = VipRank {
            source: VipSource::Assigned,
            rank: body.vip_rank,
        };
        row.cold_mut().tariff.vip_ranks.push(assigned);
    }
    if body.profile.is_some() || body.member_category.is_some() {
        row.tariff_is_cold = body.profile.is_some();
        let cold = row.cold_mut();
        cold.tariff.profile = body.profile.clone();
        cold.tariff.member_category = body.member_category.clone();
    }
    row.refresh_cycle(world);
    row.forget_guards();
}

fn apply_member(world: &World, row: &mut Row, at: Timestamp, body: &MemberOpened) {
    let plan = body
        .plan
        .as_ref()
        .and_then(|plan| world.catalogs.plan_no(plan.as_str()));
    row.tariff_is_cold |= plan.is_some();
    if plan.is_none() {
        grants::hand_to_first_member(world, row, &body.member, at);
    }
    let members = &mut row.cold_mut().members;
    if members.is_empty() {
        // Most accounts have one member and no more.
        members.reserve_exact(1);
    }
    members.push(Member {
        id: body.member.clone(),
        opened_at: at,
        closed_at: None,
        plans: plan.map(|plan| (at, plan)).into_iter().collect(),
    });
}

fn apply_plan_to_come(world: &World, row: &mut Row, body: &PlanChangeScheduled) {
    let Some(plan) = world.catalogs.plan_no(body.plan.as_str()) else {
        return;
    };
    let changes = &mut row.cold_mut().tariff.plan_changes;
    changes.retain(|change| change.member != body.member);
    changes.push(PlanChange {
        member: body.member.clone(),
        on: body.on,
        plan,
    });
}

fn apply_plan(world: &World, row: &mut Row, event: &Event, body: &PlanSet) {
    let Some(plan) = world.catalogs.plan_no(body.plan.as_str()) else {
        return;
    };
    let before = row.plan.map(|plan| (row.opened_at, plan));
    row.tariff_is_cold = true;
    let dated = is_dated(event);
    let cold = row.cold_mut();
    if let Some(tariff) = cold.tariff.get_mut().filter(|_| dated) {
        tariff
            .plan_changes
            .retain(|change| change.member != body.member);
    }
    if let Some(member) = &body.member {
        if let Some(known) = cold.members.iter_mut().find(|known| known.id == *member) {
            set_from(&mut known.plans, event.effective_at, plan);
        }
        return;
    }
    if cold.tariff.plans.is_empty() {
        cold.tariff.plans.extend(before);
    }
    set_from(&mut cold.tariff.plans, event.effective_at, plan);
    let last = cold.tariff.plans.last().map(|(_, plan)| *plan);
    row.plan = last;
}

/// Puts what holds from an instant on into its place in a history.
fn set_from<T>(history: &mut ThinVec<(Timestamp, T)>, from: Timestamp, value: T) {
    match history.binary_search_by_key(&from, |(from, _)| *from) {
        Ok(index) => history[index].1 = value,
        Err(index) => history.insert(index, (from, value)),
    }
}

fn apply_cycle(world: &World, row: &mut Row, body: &CycleClosed) {
    let totals = CycleTotals {
        start: body.cycle_start,
        usage: body.usage,
        charges: body.charges,
    };
    let unbilled = row.unbilled_current;
    row.usage = [Money::ZERO; 4];
    row.charges = Money::ZERO;
    row.unbilled_current = Money::ZERO;
    row.cycle_start = body.cycle_end;
    row.refresh_cycle(world);
    row.forget_guards();
    let zone = row.zone;
    let cold = row.cold_mut();
    cold.closed.truncate(CLOSED_KEPT - 1);
    cold.closed.reserve_exact(1);
    cold.closed.insert(0, totals);
    if unbilled != Money::ZERO {
        cold.buckets.push((body.cycle_start, unbilled));
        cold.buckets.sort_unstable_by_key(|(start, _)| *start);
    }
    if cold.buckets.len() > BUCKETS_KEPT {
        let (_, oldest) = cold.buckets.remove(0);
        cold.buckets[0].1 += oldest;
    }
    cold.latches
        .retain(|latch| latch.measure == Measure::Exposure);
    let oldest_kept = cold
        .closed
        .last()
        .map_or(body.cycle_start, |cycle| cycle.start);
    let oldest_instant = world.zone(zone).start_of_day(oldest_kept);
    forget_plans(cold, oldest_instant);
    forget_settled(cold, body.cycle_end.plus_days(-HORIZON_DAYS));
    cold.fees.retain(|fee| fee.until > body.cycle_end);
    meters::forget(row, oldest_kept, oldest_instant);
    correction::forget(world, row, body.cycle_end);
    let horizon = body.cycle_end.plus_days(-HORIZON_DAYS);
    loyalty::forget(row, horizon, world.zone(zone).start_of_day(horizon));
    row.fees_due = fees::has_dues(world, row);
}

/// Drops plans that ended before the oldest kept cycle.
fn forget_plans(cold: &mut Cold, from: Timestamp) {
    for member in &mut cold.members {
        forget_before(&mut member.plans, from);
    }
    if let Some(tariff) = cold.tariff.get_mut() {
        forget_before(&mut tariff.plans, from);
        forget_before(&mut tariff.classes, from);
    }
}

/// Drops what was over by `from`: everything before the last one that began by then.
fn forget_before<T>(list: &mut ThinVec<(Timestamp, T)>, from: Timestamp) {
    let first_needed = list
        .partition_point(|(start, _)| *start <= from)
        .saturating_sub(1);
    list.drain(..first_needed);
}

/// Drops bills and payments that nothing can change any more.
fn forget_settled(cold: &mut Cold, before: Date) {
    let Some(Billing {
        bills, payments, ..
    }) = cold.billing.get_mut()
    else {
        return;
    };
    bills.retain(|bill| bill.due_on >= before || bill.remaining != Money::ZERO);
    payments.retain(|payment| {
        payment.received_on >= before
            || payment.credit != Money::ZERO
            || payment
                .allocations
                .iter()
                .any(|(id, _)| bills.iter().any(|bill| bill.id == *id))
    });
}
