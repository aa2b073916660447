//! An account as people look at it: names instead of numbers, values beside their limits.

use crate::account::Row;
use crate::collections::{Case, ClosedCase, schedule};
use crate::credit::{exposure, latch, limit, restriction};
use crate::loyalty;
use crate::loyalty::view::{CardView, LedgerView};
use crate::tariff::customer::Holdings;
use crate::tariff::meters::Counted;
use crate::world::World;
use core::cmp::Reverse;
use smol_str::SmolStr;
use umbral_catalog::tables::{AllowanceOf, Catalog, MeasureRule};
use umbral_model::event::CaseState;
use umbral_model::ids::*;
use umbral_model::input::{
    HoldReason, InputKey, Instalment, Measure, RestrictionReason, Scope, VipSource,
};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Measurement;

/// All that is known of an account.
#[derive(Clone, PartialEq, Debug)]
pub struct AccountView {
    /// The account.
    pub account: AccountId,
    /// Position of its last event.
    pub account_seq: u64,
    /// When it began.
    pub opened_at: Timestamp,
    /// Credit class.
    pub class: SmolStr,
    /// Plan of the account, if it has one.
    pub plan: Option<SmolStr>,
    /// Rating profile, if it has one.
    pub profile: Option<SmolStr>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Time zone of its local day.
    pub time_zone: SmolStr,
    /// Day of the month on which cycles begin.
    pub cycle_day: u8,
    /// The account's own class, where its VIP rank chooses another one.
    pub own_class: Option<SmolStr>,
    /// VIP rank, 0 for none: the highest of its sources.
    pub vip_rank: u16,
    /// VIP ranks by source.
    pub vip_ranks: Vec<(VipSource, u16)>,
    /// Members in the order in which they were added.
    pub members: Vec<MemberView>,
    /// The current cycle and the two before it, newest first.
    pub cycles: Vec<CycleView>,
    /// Grants that cover usage now or later, in the order in which they are spent.
    pub allowances: Vec<GrantView>,
    /// Units of the current cycle under rates with tiers.
    pub tiers: Vec<TierView>,
    /// Fees that are paid for the current cycle.
    pub fees: Vec<FeeView>,
    /// Instalments to come.
    pub instalments: Vec<InstalmentView>,
    /// Loyalty tiers that hold: one a ledger, and one by hand.
    pub loyalty_tiers: Vec<SmolStr>,
    /// Types of the cards that are good.
    pub cards: Vec<SmolStr>,
    /// Ledgers of points, in the order in which they opened.
    pub ledgers: Vec<LedgerView>,
    /// All cards, in the order in which they were given out.
    pub all_cards: Vec<CardView>,
    /// Corrections that wait for their records: correction, record, until when.
    pub parked: Vec<(InputKey, InputKey, Timestamp)>,
    /// Measures of the class.
    pub measures: Vec<MeasureView>,
    /// Barred services, by name.
    pub restrictions: Vec<RestrictionView>,
    /// Usage and charges that no bill took up yet.
    pub unbilled: Money,
    /// Credit that pays no bill yet.
    pub credit: Money,
    /// What all limits on exposure compare.
    pub exposure: Money,
    /// Added to the exposure limit.
    pub deposit: Money,
    /// Bills and late fees with something left to pay, in the order in which they were opened.
    pub open_bills: Vec<BillView>,
    /// The open case.
    pub case: Option<CaseView>,
    /// The case closed last.
    pub closed_case: Option<CaseView>,
    /// Instalments of the promise that runs, with what is paid so far.
    pub promise: Option<(PromiseId, Vec<Instalment>, Money)>,
    /// Holds and exemptions with their last day.
    pub holds: Vec<(HoldReason, Option<Date>)>,
    /// When its next timer is due.
    pub next_due: Option<Timestamp>,
}

/// A member of an account.
#[derive(Clone, PartialEq, Debug)]
pub struct MemberView {
    /// The member.
    pub member: MemberId,
    /// Its own plan, if it has one.
    pub plan: Option<SmolStr>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
}

/// Totals of a cycle.
#[derive(Clone, PartialEq, Debug)]
pub struct CycleView {
    /// First day.
    pub start: Date,
    /// Money of rated usage, by scope in the order of `Scope::ALL`.
    pub usage: [Money; 4],
    /// Charges beside usage.
    pub charges: Money,
}

/// A grant of an allowance.
#[derive(Clone, PartialEq, Debug)]
pub struct GrantView {
    /// Its number within the account.
    pub grant: GrantNo,
    /// Name of the allowance.
    pub name: SmolStr,
    /// The plan or product that gave it.
    pub of: SmolStr,
    /// Whose it is, if not the account's.
    pub member: Option<MemberId>,
    /// What it is counted in.
    pub measurement: Measurement,
    /// Units given.
    pub granted: u64,
    /// Units left.
    pub left: u64,
    /// Of them, left for use abroad, where that is limited.
    pub left_abroad: Option<u64>,
    /// It covers records that begin from here on,
    pub from: Timestamp,
    /// and before here.
    pub until: Timestamp,
    /// Warnings that are reached.
    pub warned: Vec<ThresholdId>,
}

/// Units of a cycle under a rate with tiers.
#[derive(Clone, PartialEq, Debug)]
pub struct TierView {
    /// The rate.
    pub rate: SmolStr,
    /// The member, where each counts by itself.
    pub member: Option<MemberId>,
    /// What it is counted in.
    pub measurement: Measurement,
    /// Units so far.
    pub units: u64,
    /// The tier in which the next unit lies, from 1.
    pub tier: usize,
    /// Units up to which it reaches; none for the last.
    pub up_to: Option<u64>,
}

/// A fee of the current cycle.
#[derive(Clone, PartialEq, Debug)]
pub struct FeeView {
    /// The plan.
    pub plan: PlanName,
    /// The member whose own plan it is.
    pub member: Option<MemberId>,
    /// Of a whole cycle.
    pub fee: Money,
    /// First day that it is paid for.
    pub from: Date,
    /// First day that it is not paid for any more.
    pub until: Date,
}

/// Instalments of a purchase.
#[derive(Clone, PartialEq, Debug)]
pub struct InstalmentView {
    /// The purchase.
    pub purchase: PurchaseId,
    /// The product.
    pub product: SmolStr,
    /// Number of the next one.
    pub next: u16,
    /// How many there are.
    pub count: u16,
    /// What they still come to.
    pub remaining: Money,
}

/// How a measure stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// No threshold is reached.
    Ok,
    /// So many warnings are reached.
    Warned(u32),
    /// The limit is breached.
    Breached,
}

/// A measure of an account.
#[derive(Clone, PartialEq, Debug)]
pub struct MeasureView {
    /// What is measured.
    pub measure: Measure,
    /// Of which usage.
    pub scope: Scope,
    /// Its value.
    pub value: Money,
    /// Its limit, if it has one.
    pub limit: Option<Money>,
    /// Last day of the customer's own limit, where it has one with an end.
    pub own_until: Option<Date>,
    /// How it stands.
    pub standing: Standing,
    /// Its thresholds, ascending; the limit is last.
    pub latches: Vec<LatchView>,
}

/// A threshold of an account.
#[derive(Clone, PartialEq, Debug)]
pub struct LatchView {
    /// Its id.
    pub threshold: ThresholdId,
    /// Its amount.
    pub amount: Money,
    /// Its share of the limit in basis points; none for a fixed amount.
    pub bps: Option<u32>,
    /// FIRED, or ARMED.
    pub fired: bool,
}

/// A barred service.
#[derive(Clone, PartialEq, Debug)]
pub struct RestrictionView {
    /// The service.
    pub service: SmolStr,
    /// Why, in the order of the reasons.
    pub reasons: Vec<RestrictionReason>,
}

/// A bill or late fee with something left to pay.
#[derive(Clone, PartialEq, Debug)]
pub struct BillView {
    /// The bill.
    pub bill: BillId,
    /// Last day to pay in time.
    pub due_on: Date,
    /// What it was opened at.
    pub amount: Money,
    /// What is left.
    pub remaining: Money,
    /// The disputed part of that.
    pub disputed: Money,
    /// It is the late fee of a collection step.
    pub is_late_fee: bool,
}

/// A case.
#[derive(Clone, PartialEq, Debug)]
pub struct CaseView {
    /// Its figures as they were told last; a closed case asks for nothing.
    pub state: CaseState,
    /// Steps taken.
    pub steps_done: Vec<StepView>,
    /// Steps to come if nothing is paid; none while it is held.
    pub steps_to_come: Vec<StepView>,
    /// All steps are taken.
    pub exhausted: bool,
    /// Local day on which it was closed.
    pub closed_on: Option<Date>,
    /// As what it was closed: `cured`, `written_off`, `exempted` or `agency`.
    pub closed_as: Option<SmolStr>,
}

/// A step of a case.
#[derive(Clone, PartialEq, Debug)]
pub struct StepView {
    /// Its number.
    pub step: u16,
    /// What it does.
    pub action: SmolStr,
    /// How hard it is.
    pub severity: u16,
    /// Its local day.
    pub on: Date,
    /// What came of it.
    pub result: Option<SmolStr>,
    /// It should not have been taken.
    pub corrected: bool,
}

impl AccountView {
    pub(crate) fn of(world: &World, clock: Timestamp, row: &Row) -> AccountView {
        let cold = row.cold();
        let collections = &cold.collections;
        let holdings = Holdings::at(world, row, clock);
        AccountView {
            account: row.id.clone(),
            account_seq: row.seq,
            opened_at: row.opened_at,
            class: world
                .catalogs
                .class_name(row.class)
                .unwrap_or_default()
                .into(),
            plan: row.plan.map(|plan| name_of_plan(world, plan)),
            profile: cold.tariff.profile.clone(),
            currency: row.currency,
            time_zone: world.zone(row.zone).name.clone(),
            cycle_day: row.cycle_day,
            own_class: own_class(world, row),
            vip_rank: row.vip_rank,
            vip_ranks: vip_ranks(row),
            members: members(world, row),
            cycles: cycles(row),
            allowances: grants(world, clock, row),
            tiers: tiers(world, clock, row),
            fees: fees(clock, world, row),
            instalments: instalments(row),
            loyalty_tiers: holdings.tiers.into_vec(),
            cards: holdings.cards.into_vec(),
            ledgers: loyalty::view::ledgers(world, clock, row),
            all_cards: loyalty::view::cards(world, clock, row),
            parked: cold
                .tariff
                .parked
                .iter()
                .map(|parked| (parked.input.key.clone(), parked.of.clone(), parked.until))
                .collect(),
            measures: measures(world, clock, row),
            restrictions: restrictions(row),
            unbilled: row.unbilled,
            credit: row.credit,
            exposure: exposure::exposure(world, row, clock),
            deposit: cold.deposit,
            open_bills: open_bills(row),
            case: collections
                .case
                .as_deref()
                .map(|case| case_view(case, steps_to_come(world, row, case))),
            closed_case: collections
                .closed
                .as_ref()
                .map(|closed| closed_view(closed)),
            promise: collections.promise.as_ref().map(|promise| {
                (
                    promise.id.clone(),
                    promise.instalments.clone(),
                    promise.paid,
                )
            }),
            holds: collections
                .holds
                .iter()
                .map(|hold| (hold.reason, hold.until))
                .collect(),
            next_due: (row.cache.due_at < Timestamp::MAX).then_some(row.cache.due_at),
        }
    }
}

fn own_class(world: &World, row: &Row) -> Option<SmolStr> {
    let own = row.cold().tariff.own_class?;
    world.catalogs.class_name(own).map(SmolStr::new)
}

fn vip_ranks(row: &Row) -> Vec<(VipSource, u16)> {
    let ranks = row.cold().tariff.vip_ranks.iter();
    ranks.map(|known| (known.source, known.rank)).collect()
}

fn name_of_plan(world: &World, plan: PlanNo) -> SmolStr {
    world
        .catalogs
        .plan_name(plan)
        .map(SmolStr::new)
        .unwrap_or_default()
}

fn members(world: &World, row: &Row) -> Vec<MemberView> {
    let members = row.cold().members.iter();
    members
        .map(|member| MemberView {
            member: member.id.clone(),
            plan: member
                .plans
                .last()
                .map(|(_, plan)| name_of_plan(world, *plan)),
            opened_at: member.opened_at,
            closed_at: member.closed_at,
        })
        .collect()
}

fn cycles(row: &Row) -> Vec<CycleView> {
    let current = CycleView {
        start: row.cycle_start,
        usage: row.usage,
        charges: row.charges,
    };
    let closed = row.cold().closed.iter().map(|cycle| CycleView {
        start: cycle.start,
        usage: cycle.usage,
        charges: cycle.charges,
    });
    std::iter::once(current).chain(closed).collect()
}

fn grants(world: &World, clock: Timestamp, row: &Row) -> Vec<GrantView> {
    let open = row
        .meters()
        .grants
        .iter()
        .filter(|grant| clock < grant.until);
    let mut found: Vec<(Reverse<i64>, GrantView)> = open
        .filter_map(|grant| {
            let catalog = &world.catalogs.get(grant.version)?.catalog;
            let definition = grant.definition(world)?;
            let of = match definition.of {
                AllowanceOf::Plan(plan) => &catalog.plans.get(plan as usize)?.name,
                AllowanceOf::Product(product) => &catalog.products.get(product.index())?.name,
            };
            let fired = grant
                .latches
                .iter()
                .filter(|latch| latch.published.is_some());
            let view = GrantView {
                grant: grant.no,
                name: definition.name.clone(),
                of: of.clone(),
                member: grant.member.clone(),
                measurement: definition.measurement,
                granted: grant.units,
                left: grant.left(),
                left_abroad: grant.left_abroad(),
                from: grant.from,
                until: grant.until,
                warned: fired.map(|latch| latch.threshold.clone()).collect(),
            };
            Some((Reverse(definition.priority), view))
        })
        .collect();
    found.sort_by_key(|(priority, view)| (*priority, view.until, view.grant));
    found.into_iter().map(|(_, view)| view).collect()
}

fn tiers(world: &World, clock: Timestamp, row: &Row) -> Vec<TierView> {
    let counters = row.meters().counters.iter();
    let current = counters.filter(|counted| counted.cycle == row.cycle_start);
    let view = |counted: &Counted| {
        let rate = world.catalogs.counter_name(counted.counter)?;
        let catalog = &world.catalogs.in_force(clock)?.catalog;
        let index = catalog.rates.iter().position(|known| known.name == rate)?;
        let tiers = catalog.rates[index].tiers.as_ref()?;
        let tier = tiers.tier_after(counted.units);
        let up_to = tiers.tiers.get(tier).map(|tier| tier.up_to);
        Some(TierView {
            rate: rate.into(),
            member: counted.member.clone(),
            measurement: measurement_of(catalog, index)?,
            units: counted.units,
            tier: tier + 1,
            up_to: up_to.filter(|up_to| *up_to < u64::MAX),
        })
    };
    current.filter_map(view).collect()
}

/// What a rate counts: that of a service that a rule prices with it.
fn measurement_of(catalog: &Catalog, rate: usize) -> Option<Measurement> {
    let rule = catalog
        .rules
        .terms()
        .iter()
        .find(|rule| rule.rate.index() == rate)?;
    let service = rule.services.first().map_or(0, |service| service.index());
    Some(catalog.services.get(service)?.measurement)
}

fn fees(clock: Timestamp, world: &World, row: &Row) -> Vec<FeeView> {
    let today = world.zone(row.zone).local(clock).date;
    let paid = row.cold().fees.iter().filter(|fee| fee.until > today);
    paid.map(|fee| FeeView {
        plan: fee.plan.clone(),
        member: fee.member.clone(),
        fee: fee.fee,
        from: fee.from,
        until: fee.until,
    })
    .collect()
}

fn instalments(row: &Row) -> Vec<InstalmentView> {
    let to_come = row.cold().tariff.instalments.iter();
    to_come
        .map(|agreed| {
            let before_last = i64::from(agreed.count - agreed.next);
            let rest = agreed.amount.micros() * before_last + agreed.last_amount.micros();
            InstalmentView {
                purchase: agreed.purchase.clone(),
                product: agreed.product.clone(),
                next: agreed.next,
                count: agreed.count,
                remaining: Money::from_micros(rest),
            }
        })
        .collect()
}

fn measures(world: &World, clock: Timestamp, row: &Row) -> Vec<MeasureView> {
    let class = world.class(row.class, clock);
    let rules = class.map_or(&[][..], |class| &class.measures);
    rules
        .iter()
        .map(|rule| measure_view(world, clock, row, rule))
        .collect()
}

fn measure_view(world: &World, clock: Timestamp, row: &Row, rule: &MeasureRule) -> MeasureView {
    let limit = limit::effective(row, rule);
    let own = row.cold().overrides.iter();
    let own_until = own
        .filter(|own| own.measure == rule.measure && own.scope == rule.scope)
        .find_map(|own| own.until);
    let latches: Vec<LatchView> = latch::thresholds(rule, limit)
        .iter()
        .map(|threshold| LatchView {
            threshold: threshold.id.into(),
            amount: threshold.amount,
            bps: threshold.bps,
            fired: latch::is_fired(row, rule, threshold.id),
        })
        .collect();
    let is_breach = |latch: &&LatchView| latch.threshold.as_str() == latch::LIMIT;
    let warned = latches
        .iter()
        .filter(|latch| latch.fired && !is_breach(latch))
        .count() as u32;
    let standing = match latches.iter().any(|latch| latch.fired && is_breach(&latch)) {
        true => Standing::Breached,
        false if warned > 0 => Standing::Warned(warned),
        false => Standing::Ok,
    };
    let value = exposure::value(world, row, clock, rule.measure, rule.scope);
    MeasureView {
        measure: rule.measure,
        scope: rule.scope,
        value,
        limit,
        own_until,
        standing,
        latches,
    }
}

fn restrictions(row: &Row) -> Vec<RestrictionView> {
    let held = row.cold().restrictions.iter();
    let mut services: Vec<SmolStr> = held.map(|held| held.service.clone()).collect();
    services.sort_unstable();
    services.dedup();
    services
        .into_iter()
        .map(|service| RestrictionView {
            reasons: restriction::reasons_for(row, &service),
            service,
        })
        .collect()
}

fn open_bills(row: &Row) -> Vec<BillView> {
    let open = row
        .cold()
        .billing
        .bills
        .iter()
        .filter(|bill| bill.remaining > Money::ZERO);
    open.map(|bill| BillView {
        bill: bill.id.clone(),
        due_on: bill.due_on,
        amount: bill.amount,
        remaining: bill.remaining,
        disputed: bill.disputed,
        is_late_fee: bill.cycle_end.is_none(),
    })
    .collect()
}

fn closed_view(closed: &ClosedCase) -> CaseView {
    let view = case_view(&closed.case, Vec::new());
    CaseView {
        state: CaseState {
            overdue_total: Money::ZERO,
            bills: Vec::new(),
            next_step_on: None,
            hold_reasons: Vec::new(),
            ..view.state
        },
        closed_on: Some(closed.on),
        closed_as: Some(closed.reason.clone()),
        ..view
    }
}

fn steps_to_come(world: &World, row: &Row, case: &Case) -> Vec<StepView> {
    let to_come = schedule::steps_to_come(world, row, case).into_iter();
    to_come
        .map(|(next, step)| StepView {
            step: next.step,
            action: step.action.clone(),
            severity: step.severity,
            on: next.on,
            result: None,
            corrected: false,
        })
        .collect()
}

fn case_view(case: &Case, steps_to_come: Vec<StepView>) -> CaseView {
    let done = case.done.iter().map(|done| StepView {
        step: done.step,
        action: done.action.clone(),
        severity: done.severity,
        on: done.on,
        result: done.result.clone(),
        corrected: done.is_corrected(),
    });
    CaseView {
        state: case.state.clone(),
        steps_done: done.collect(),
        steps_to_come,
        exhausted: case.exhausted,
        closed_on: None,
        closed_as: None,
    }
}
