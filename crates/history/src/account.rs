//! What is told of an account: words instead of enums, amounts as text, the same for people and programs.

use crate::bill::shown;
use crate::holdings::{
    AllowanceReport, FeeReport, InstalmentReport, ParkedReport, TierReport, allowance_of, fee_of,
    instalment_of, parked_of, tier_of,
};
use crate::loyalty::{LedgerReport, ledger_of};
use serde::Serialize;
use serde_json::Value;
use umbral_engine::{
    AccountView, BillView, CaseView, CycleView, MeasureView, MemberView, RestrictionView, Standing,
};
use umbral_model::input::{HoldReason, RestrictionReason, Scope, VipSource};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// An account as it was at an instant.
#[derive(Clone, Debug, Serialize)]
pub struct AccountReport {
    /// The account.
    pub account_id: String,
    /// The clock of the last thing that is in it.
    #[serde(serialize_with = "shown")]
    pub as_of: Timestamp,
    /// Position of its last event.
    pub account_seq: u64,
    /// Credit class.
    pub class: String,
    /// The account's own class, where its VIP rank chooses another one.
    pub own_class: Option<String>,
    /// VIP rank: the highest of its sources.
    pub vip_rank: u16,
    /// VIP ranks by source.
    pub vip_ranks: Vec<VipRankReport>,
    /// Plan.
    pub plan: Option<String>,
    /// Rating profile instead of a plan.
    pub profile: Option<String>,
    /// Currency of all amounts.
    pub currency: String,
    /// Time zone of its local day.
    pub time_zone: String,
    /// Day of the month on which cycles begin.
    pub cycle_day: u8,
    /// Grants that cover usage now or later, in the order in which they are spent.
    pub allowances: Vec<AllowanceReport>,
    /// Units of the current cycle under rates with tiers.
    pub tiers: Vec<TierReport>,
    /// Fees that are paid for the current cycle.
    pub fees: Vec<FeeReport>,
    /// Instalments to come.
    pub instalments: Vec<InstalmentReport>,
    /// Loyalty tiers that hold: one a ledger, and one by hand.
    pub loyalty_tiers: Vec<String>,
    /// Types of the cards that are good.
    pub cards: Vec<String>,
    /// Corrections that wait for their records.
    pub parked: Vec<ParkedReport>,
    /// Limits and how they stand.
    pub measures: Vec<MeasureReport>,
    /// Barred services.
    pub restrictions: Vec<RestrictionReport>,
    /// What exposure limits compare.
    #[serde(serialize_with = "shown")]
    pub exposure: Money,
    /// Usage and charges that no bill took up.
    #[serde(serialize_with = "shown")]
    pub unbilled: Money,
    /// Credit that pays no bill yet.
    #[serde(serialize_with = "shown")]
    pub credit: Money,
    /// Bills with something left to pay.
    pub open_bills: Vec<BillReport>,
    /// The open collections case, and the one closed last.
    pub cases: Vec<CaseReport>,
    /// Holds and exemptions.
    pub holds: Vec<HoldReport>,
    /// Loyalty ledgers.
    pub ledgers: Vec<LedgerReport>,
    /// Members.
    pub members: Vec<MemberReport>,
    /// The current cycle and the two before it, newest first.
    pub cycles: Vec<CycleReport>,
    /// The latest charges, newest first, with what re-computes them.
    pub latest_charges: Vec<LatestCharge>,
    /// When its next timer is due.
    pub next_due: Option<String>,
}

/// The VIP rank that a source gives.
#[derive(Clone, Debug, Serialize)]
pub struct VipRankReport {
    /// `assigned`, `bought` or `earned`.
    pub source: &'static str,
    /// The rank.
    pub rank: u16,
}

/// A measure with its limit and thresholds.
#[derive(Clone, Debug, Serialize)]
pub struct MeasureReport {
    /// `exposure`, `cycle_usage` or `cycle_charges`.
    pub measure: &'static str,
    /// `all`, `voice`, `data` or `roaming_data`.
    pub scope: &'static str,
    /// Its value.
    #[serde(serialize_with = "shown")]
    pub value: Money,
    /// Its limit; none where there is none.
    pub limit: Option<String>,
    /// Last day of the customer's own limit.
    pub own_until: Option<String>,
    /// `ok`, `warned` or `breached`.
    pub standing: &'static str,
    /// Warnings reached.
    pub warnings: u32,
    /// Thresholds, ascending; the limit is last.
    pub latches: Vec<LatchReport>,
}

/// A threshold.
#[derive(Clone, Debug, Serialize)]
pub struct LatchReport {
    /// Its id; the limit is `limit`.
    pub threshold_id: String,
    /// Its amount.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// Share of the limit in basis points.
    pub bps: Option<u32>,
    /// `armed` or `fired`.
    pub state: &'static str,
}

/// A barred service.
#[derive(Clone, Debug, Serialize)]
pub struct RestrictionReport {
    /// The service.
    pub service: String,
    /// Why.
    pub reasons: Vec<&'static str>,
}

/// A bill with something left to pay.
#[derive(Clone, Debug, Serialize)]
pub struct BillReport {
    /// The bill.
    pub bill_id: String,
    /// Last day to pay in time.
    #[serde(serialize_with = "shown")]
    pub due_on: Date,
    /// What it was opened at.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// What is left.
    #[serde(serialize_with = "shown")]
    pub remaining: Money,
    /// The disputed part of that.
    #[serde(serialize_with = "shown")]
    pub disputed: Money,
    /// A late fee of a collection step.
    pub late_fee: bool,
}

/// A collections case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseReport {
    /// The case.
    pub case_id: String,
    /// `open`, `held`, `exhausted` or `closed`.
    pub state: &'static str,
    /// Overdue base; of a closed case nothing.
    #[serde(serialize_with = "shown")]
    pub overdue_total: Money,
    /// Steps done.
    pub step: u16,
    /// Day of the next step.
    pub next_step_on: Option<String>,
    /// Why it is held.
    pub hold_reasons: Vec<&'static str>,
    /// Local day on which it was closed.
    pub closed_on: Option<String>,
    /// As what it was closed: `cured`, `written_off`, `exempted` or `agency`.
    pub closed_as: Option<String>,
}

/// A hold.
#[derive(Clone, Debug, Serialize)]
pub struct HoldReport {
    /// Why.
    pub reason: &'static str,
    /// Last day.
    pub until: Option<String>,
}

/// A member.
#[derive(Clone, Debug, Serialize)]
pub struct MemberReport {
    /// The member.
    pub member_id: String,
    /// Its own plan.
    pub plan: Option<String>,
    /// When it began.
    #[serde(serialize_with = "shown")]
    pub opened_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<String>,
}

/// Totals of a cycle.
#[derive(Clone, Debug, Serialize)]
pub struct CycleReport {
    /// First day.
    #[serde(serialize_with = "shown")]
    pub start: Date,
    /// Rated usage.
    #[serde(serialize_with = "shown")]
    pub usage: Money,
    /// Of that, calls.
    #[serde(serialize_with = "shown")]
    pub voice: Money,
    /// Of that, data.
    #[serde(serialize_with = "shown")]
    pub data: Money,
    /// Of that, data abroad.
    #[serde(serialize_with = "shown")]
    pub roaming_data: Money,
    /// Charges beside usage.
    #[serde(serialize_with = "shown")]
    pub charges: Money,
}

/// A charge with what led to it.
#[derive(Clone, Debug, Serialize)]
pub struct LatestCharge {
    /// The input's number.
    pub position: u64,
    /// When it happened.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// `usage`, `correction`, `charge`, `purchase`, `late_fee`, `fee`, `fee_credit`, `volume` or `instalment`.
    pub kind: &'static str,
    /// What it cost; of a correction the difference.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// The sender's code, or what the charge is for: plan, rate, product, the record that was corrected.
    pub code: Option<String>,
    /// What re-computes it: of usage plan, rule, zone, segments; of anything else the event as in the derived
    /// streams.
    pub explanation: Option<Value>,
}

/// The report of a view.
pub(crate) fn report_of(
    view: AccountView,
    clock: Timestamp,
    latest_charges: Vec<LatestCharge>,
) -> AccountReport {
    AccountReport {
        account_id: view.account.to_string(),
        as_of: clock,
        account_seq: view.account_seq,
        class: view.class.to_string(),
        own_class: view.own_class.map(|own| own.to_string()),
        vip_rank: view.vip_rank,
        vip_ranks: view.vip_ranks.into_iter().map(vip_rank_of).collect(),
        plan: view.plan.map(|plan| plan.to_string()),
        profile: view.profile.map(|profile| profile.to_string()),
        currency: view.currency.to_string(),
        time_zone: view.time_zone.to_string(),
        cycle_day: view.cycle_day,
        allowances: view.allowances.into_iter().map(allowance_of).collect(),
        tiers: view.tiers.into_iter().map(tier_of).collect(),
        fees: view.fees.into_iter().map(fee_of).collect(),
        instalments: view.instalments.into_iter().map(instalment_of).collect(),
        loyalty_tiers: view.loyalty_tiers.iter().map(ToString::to_string).collect(),
        cards: view.cards.iter().map(ToString::to_string).collect(),
        parked: view.parked.into_iter().map(parked_of).collect(),
        measures: view.measures.into_iter().map(measure_of).collect(),
        restrictions: view.restrictions.into_iter().map(restriction_of).collect(),
        exposure: view.exposure,
        unbilled: view.unbilled,
        credit: view.credit,
        open_bills: view.open_bills.into_iter().map(bill_of).collect(),
        cases: view
            .case
            .into_iter()
            .chain(view.closed_case)
            .map(case_of)
            .collect(),
        holds: view.holds.into_iter().map(hold_of).collect(),
        ledgers: view.ledgers.into_iter().map(ledger_of).collect(),
        members: view.members.into_iter().map(member_of).collect(),
        cycles: view.cycles.into_iter().map(cycle_of).collect(),
        latest_charges,
        next_due: view.next_due.map(|due| due.to_string()),
    }
}

fn vip_rank_of((source, rank): (VipSource, u16)) -> VipRankReport {
    VipRankReport {
        source: source.word(),
        rank,
    }
}

fn member_of(view: MemberView) -> MemberReport {
    MemberReport {
        member_id: view.member.to_string(),
        plan: view.plan.map(|plan| plan.to_string()),
        opened_at: view.opened_at,
        closed_at: view.closed_at.map(|at| at.to_string()),
    }
}

fn cycle_of(view: CycleView) -> CycleReport {
    let of = |scope: Scope| view.usage[scope as usize];
    CycleReport {
        start: view.start,
        usage: of(Scope::All),
        voice: of(Scope::Voice),
        data: of(Scope::Data),
        roaming_data: of(Scope::RoamingData),
        charges: view.charges,
    }
}

fn measure_of(view: MeasureView) -> MeasureReport {
    let (standing, warnings) = match view.standing {
        Standing::Ok => ("ok", 0),
        Standing::Warned(warnings) => ("warned", warnings),
        Standing::Breached => ("breached", 0),
    };
    MeasureReport {
        measure: view.measure.word(),
        scope: view.scope.word(),
        value: view.value,
        limit: view.limit.map(|limit| limit.to_string()),
        own_until: view.own_until.map(|day| day.to_string()),
        standing,
        warnings,
        latches: view
            .latches
            .into_iter()
            .map(|latch| LatchReport {
                threshold_id: latch.threshold.to_string(),
                amount: latch.amount,
                bps: latch.bps,
                state: if latch.fired { "fired" } else { "armed" },
            })
            .collect(),
    }
}

fn restriction_of(view: RestrictionView) -> RestrictionReport {
    RestrictionReport {
        service: view.service.to_string(),
        reasons: view
            .reasons
            .into_iter()
            .map(RestrictionReason::word)
            .collect(),
    }
}

fn bill_of(view: BillView) -> BillReport {
    BillReport {
        bill_id: view.bill.to_string(),
        due_on: view.due_on,
        amount: view.amount,
        remaining: view.remaining,
        disputed: view.disputed,
        late_fee: view.is_late_fee,
    }
}

fn case_of(view: CaseView) -> CaseReport {
    let state = match (
        view.closed_on,
        view.exhausted,
        view.state.hold_reasons.is_empty(),
    ) {
        (Some(_), _, _) => "closed",
        (None, _, false) => "held",
        (None, true, true) => "exhausted",
        (None, false, true) => "open",
    };
    CaseReport {
        case_id: view.state.case.to_string(),
        state,
        overdue_total: view.state.overdue_total,
        step: view.state.step,
        next_step_on: view.state.next_step_on.map(|day| day.to_string()),
        hold_reasons: view
            .state
            .hold_reasons
            .into_iter()
            .map(HoldReason::word)
            .collect(),
        closed_on: view.closed_on.map(|day| day.to_string()),
        closed_as: view.closed_as.map(|outcome| outcome.to_string()),
    }
}

fn hold_of((reason, until): (HoldReason, Option<Date>)) -> HoldReport {
    HoldReport {
        reason: reason.word(),
        until: until.map(|day| day.to_string()),
    }
}
