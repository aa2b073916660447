//! Fees and allowances of plans: charged and granted in advance, once for each cycle; by the day where a plan
//! that says so begins or ends inside a cycle (rule 13 of the tariff reference).

use super::grants::{self, Holder, Offer, Share};
use super::purchase;
use crate::account::{PaidFee, Row};
use crate::credit::latch;
use crate::draft::Draft;
use crate::world::World;
use smol_str::SmolStr;
use umbral_catalog::tables::{Allowance, Plan};
use umbral_model::event::*;
use umbral_model::ids::{AllowanceNo, MemberId, PlanName, PlanNo, VersionNo};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp};

/// Code of a fee.
const FEE: &str = "monthly_fee";
/// Code of the credit for unused days.
const FEE_CREDIT: &str = "fee_credit";

/// Something that a plan gives or costs to somebody of the account.
#[derive(Clone, Debug)]
struct Subscription {
    plan: PlanNo,
    /// The member whose own plan it is; none for the account's.
    member: Option<MemberId>,
}

/// Plans of the account and of its members as they stand, in order.
fn subscriptions(row: &Row) -> impl Iterator<Item = Subscription> + '_ {
    let own = row.plan.map(|plan| Subscription { plan, member: None });
    let members = row.cold().members.iter().filter_map(|member| {
        let (_, plan) = member.plans.last()?;
        let open = member.closed_at.is_none();
        open.then(|| Subscription {
            plan: *plan,
            member: Some(member.id.clone()),
        })
    });
    own.into_iter().chain(members)
}

/// Whether the cycle that begins has anything to charge or grant, the plans that come with its first day
/// included.
pub(crate) fn has_dues(world: &World, row: &Row) -> bool {
    let at = row.cache.cycle_from;
    let matters = |plan: PlanNo| {
        let found = world.plan(plan, at);
        found
            .is_some_and(|(_, plan)| plan.monthly_fee != Money::ZERO || !plan.allowances.is_empty())
    };
    let mut to_come = row.cold().tariff.plan_changes.iter();
    subscriptions(row).any(|subscription| matters(subscription.plan))
        || to_come.any(|change| change.on <= row.cycle_start && matters(change.plan))
        || !row.cold().tariff.instalments.is_empty()
}

/// The timer of a cycle that has begun: fees, grants, instalments, in this order.
pub(crate) fn begin_cycle(draft: &mut Draft<'_>) {
    let due: Vec<Subscription> = subscriptions(&draft.row).collect();
    let (day, from) = (draft.row.cycle_start, draft.row.cache.cycle_from);
    for subscription in &due {
        start(draft, subscription, day, from);
    }
    purchase::charge_instalments(draft);
    draft.push(EventBody::FeesCharged(FeesCharged { cycle: day }));
    latch::compare(draft, Cause::Charge);
}

/// The plan that an account opens with.
pub(crate) fn open(draft: &mut Draft<'_>) {
    let Some(plan) = draft.row.plan else { return };
    let subscription = Subscription { plan, member: None };
    start_now(draft, &subscription);
    latch::compare(draft, Cause::Charge);
}

/// A new member: its own plan, or its share of the account's; `takes_over` what the account had for itself.
pub(crate) fn open_member(draft: &mut Draft<'_>, member: &MemberId, takes_over: bool) {
    match (holder_plan(&draft.row, Some(member)), draft.row.plan) {
        (Some(plan), _) => {
            let member = Some(member.clone());
            start_now(draft, &Subscription { plan, member });
        }
        (None, Some(plan)) if !takes_over => grant_own_units(draft, plan, member),
        _ => {}
    }
    latch::compare(draft, Cause::Charge);
}

/// A member ends: what its own plan did not use is credited, and what it had is gone.
pub(crate) fn close_member(draft: &mut Draft<'_>, member: &MemberId) {
    credit_unused(draft, Some(member), day_of_change(draft));
    grants::end_of_member(draft, member, draft.effective_at);
    latch::compare(draft, Cause::Charge);
}

/// Plan changes take over from each other: unused days of the old one are credited, its grants end, and the
/// new one is charged and granted for the rest of the cycle. Before the cycle's own fees are charged only the
/// grants end; the new plan's come with the cycle. The caller compares thresholds.
pub(crate) fn change_plan(draft: &mut Draft<'_>, member: Option<MemberId>, plan: PlanName) {
    let before = holder_plan(&draft.row, member.as_ref());
    let account_plan = draft.row.plan;
    draft.push(EventBody::PlanSet(PlanSet {
        member: member.clone(),
        plan,
    }));
    let after = holder_plan(&draft.row, member.as_ref());
    if before == after {
        return;
    }
    let at = draft.effective_at;
    match (&member, before) {
        (None, Some(before)) => grants::end_of_plan(draft, before, Holder::Account, at),
        (Some(member), before) => {
            for plan in before.into_iter().chain(account_plan) {
                grants::end_of_plan(draft, plan, Holder::Member(member), at);
            }
        }
        (None, None) => {}
    }
    if !draft.row.fees_due {
        credit_unused(draft, member.as_ref(), day_of_change(draft));
        if let Some(plan) = after {
            start_now(draft, &Subscription { plan, member });
        }
    }
}

fn holder_plan(row: &Row, member: Option<&MemberId>) -> Option<PlanNo> {
    let Some(member) = member else {
        return row.plan;
    };
    let members = &row.cold().members;
    let known = members.iter().find(|known| known.id == *member)?;
    known.plans.last().map(|(_, plan)| *plan)
}

/// The local day of a change, counted in the current cycle: what is dated before it changes its first day.
fn day_of_change(draft: &Draft<'_>) -> Date {
    let day = draft.local_date(draft.effective_at);
    day.max(draft.row.cycle_start)
}

/// Charges and grants from the day of the decision on.
fn start_now(draft: &mut Draft<'_>, subscription: &Subscription) {
    let day = day_of_change(draft);
    let from = draft.effective_at.max(draft.row.cache.cycle_from);
    start(draft, subscription, day, from);
}

/// Charges a plan's fee and grants its allowances for the cycle from `day` on.
fn start(draft: &mut Draft<'_>, subscription: &Subscription, day: Date, from: Timestamp) {
    let Some((version, plan)) = draft.world.plan(subscription.plan, from) else {
        return;
    };
    let share = share_of(plan, &draft.row, day);
    charge(draft, subscription, plan, day, share);
    let members = match subscription.member {
        Some(_) => Vec::new(),
        None => on_account_plan(&draft.row),
    };
    let of_plan = OfPlan {
        version,
        plan,
        share,
        from,
    };
    of_plan.grant(draft, |allowance| {
        match allowance.shared || subscription.member.is_some() {
            true => std::slice::from_ref(&subscription.member),
            false => members.as_slice(),
        }
    });
}

/// Gives a new member its own units of the account's plan.
fn grant_own_units(draft: &mut Draft<'_>, plan: PlanNo, member: &MemberId) {
    let from = draft.effective_at.max(draft.row.cache.cycle_from);
    if draft.row.fees_due {
        return;
    }
    let Some((version, plan)) = draft.world.plan(plan, from) else {
        return;
    };
    let of_plan = OfPlan {
        version,
        plan,
        share: share_of(plan, &draft.row, day_of_change(draft)),
        from,
    };
    let member = [Some(member.clone())];
    of_plan.grant(draft, |allowance| match allowance.shared {
        true => &[],
        false => &member,
    });
}

/// What a plan gives from an instant on.
struct OfPlan<'w> {
    version: VersionNo,
    plan: &'w Plan,
    share: Share,
    from: Timestamp,
}

impl OfPlan<'_> {
    /// Grants each allowance to those who have it.
    fn grant<'m>(
        &self,
        draft: &mut Draft<'_>,
        holders: impl Fn(&Allowance) -> &'m [Option<MemberId>],
    ) {
        let world = draft.world;
        for number in &self.plan.allowances {
            let Some(allowance) = allowance(world, self.version, *number) else {
                continue;
            };
            for member in holders(allowance) {
                let offer = Offer {
                    version: self.version,
                    number: *number,
                    allowance,
                    member: member.as_ref(),
                    share: self.share,
                    times: 1,
                    from: self.from,
                };
                grants::grant(draft, offer, GrantCause::Plan);
            }
        }
    }
}

fn allowance(world: &World, version: VersionNo, number: AllowanceNo) -> Option<&Allowance> {
    let catalog = &world.catalogs.get(version)?.catalog;
    catalog.allowances.get(number.index())
}

/// Who has units of their own under the account's plan: open members without a plan of their own; where there
/// is none, the account itself.
fn on_account_plan(row: &Row) -> Vec<Option<MemberId>> {
    let without = row
        .cold()
        .members
        .iter()
        .filter(|member| member.closed_at.is_none() && member.plans.is_empty());
    let mut each: Vec<Option<MemberId>> = without.map(|m| Some(m.id.clone())).collect();
    if each.is_empty() {
        each.push(None);
    }
    each
}

/// The part of the current cycle from `day` on, where the plan is counted by the day; else all of it.
fn share_of(plan: &Plan, row: &Row, day: Date) -> Share {
    if !plan.by_day {
        return Share::WHOLE;
    }
    let end = row.next_cycle().days();
    Share {
        days: end - day.days(),
        of: end - row.cycle_start.days(),
    }
}

fn charge(
    draft: &mut Draft<'_>,
    subscription: &Subscription,
    plan: &Plan,
    day: Date,
    share: Share,
) {
    let amount = by_days(plan.monthly_fee, share, draft.row.currency);
    if amount == Money::ZERO {
        return;
    }
    let (start, end) = (draft.row.cycle_start, draft.row.next_cycle());
    let fee = FeeCharge {
        plan: PlanName::new(plan.name.clone()),
        member: subscription.member.clone(),
        fee: plan.monthly_fee,
        from: if plan.by_day { day } else { start },
        until: end,
        days_in_cycle: (end.days() - start.days()) as u16,
        by_day: plan.by_day,
        credit: false,
    };
    post(draft, fee, amount, FEE);
}

/// Credits what is left of the holder's fee from `day` on, where it is counted by the day.
fn credit_unused(draft: &mut Draft<'_>, member: Option<&MemberId>, day: Date) {
    let row = &draft.row;
    let paid = row.cold().fees.iter();
    let Some(paid) = paid
        .filter(|paid| paid.by_day && paid.member.as_ref() == member)
        .find(|paid| paid.until > day)
        .cloned()
    else {
        return;
    };
    let from = day.max(paid.from);
    let share = Share {
        days: paid.until.days() - from.days(),
        of: i32::from(paid.days_in_cycle),
    };
    let amount = by_days(paid.fee, share, row.currency);
    if amount == Money::ZERO {
        return;
    }
    let credit = FeeCharge {
        plan: paid.plan.clone(),
        member: member.cloned(),
        fee: paid.fee,
        from,
        until: paid.until,
        days_in_cycle: paid.days_in_cycle,
        by_day: true,
        credit: true,
    };
    post(draft, credit, -amount, FEE_CREDIT);
}

fn post(draft: &mut Draft<'_>, fee: FeeCharge, amount: Money, code: &'static str) {
    let cycle = draft.row.cycle_start;
    draft.push(EventBody::ChargePosted(ChargePosted {
        kind: ChargeKind::Fee(fee),
        amount,
        code: SmolStr::new_static(code),
        cycle,
    }));
}

/// `fee x days / days of the cycle`, rounded half up to minor units; the fee is not negative.
fn by_days(fee: Money, share: Share, currency: Currency) -> Money {
    let minor = i128::from(currency.minor_unit().micros());
    let whole = minor * i128::from(share.of.max(1));
    let product = i128::from(fee.micros()) * i128::from(share.days.max(0));
    let minors = (2 * product + whole) / (2 * whole);
    Money::from_micros(i64::try_from(minors * minor).unwrap_or(i64::MAX))
}

/// Takes a charged or credited fee into the row: what is paid for, so that unused days can be credited.
pub(crate) fn apply_fee(row: &mut Row, body: &FeeCharge) {
    let fees = &mut row.cold_mut().fees;
    let is_same = |paid: &PaidFee| paid.member == body.member;
    fees.retain(|paid| !is_same(paid));
    let (until, is_left) = match body.credit {
        false => (body.until, true),
        true => (body.from, false),
    };
    if is_left {
        fees.push(PaidFee {
            plan: body.plan.clone(),
            member: body.member.clone(),
            fee: body.fee,
            from: body.from,
            until,
            days_in_cycle: body.days_in_cycle,
            by_day: body.by_day,
        });
    }
}
