//! Collections: cases, steps, promises, holds (section 3 of the semantics).

use super::Reinstated;
use crate::ids::*;
use crate::input::{HoldReason, Instalment};
use crate::money::Money;
use crate::time::{Date, Timestamp};
use smol_str::SmolStr;

/// What a case asks for on one bill.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CaseBill {
    /// The bill.
    pub bill: BillId,
    /// What is left of it.
    pub remaining: Money,
    /// Of that, disputed.
    pub disputed: Money,
    /// Last day to pay it in time.
    pub due_on: Date,
}

/// The figures of a case, carried by every event about it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CaseState {
    /// The case.
    pub case: CaseId,
    /// Schedule and version it is pinned to.
    pub schedule_version: SmolStr,
    /// The day from which steps count.
    pub anchor_on: Date,
    /// Overdue base U.
    pub overdue_total: Money,
    /// Overdue bills, oldest first.
    pub bills: Vec<CaseBill>,
    /// Steps done.
    pub step: u16,
    /// Day of the next step.
    pub next_step_on: Option<Date>,
    /// Days that do not count because it was held.
    pub held_days: u32,
    /// Why it is held now.
    pub hold_reasons: Vec<HoldReason>,
    /// Name of the pinned schedule.
    pub schedule: ScheduleName,
    /// Catalog version that the schedule is pinned to.
    pub pinned_version: VersionNo,
    /// The first step of this case, from 1 (later than 1 in a relapse).
    pub first_step: u16,
    /// Local day of the figures.
    pub day: Date,
    /// No step before this instant.
    pub not_before: Timestamp,
    /// No severe step before this day: after an exemption, never straight to one.
    pub severe_not_before: Option<Date>,
    /// From when held days are counted, while it is held for a dispute, by hand, or exempt.
    pub held_since: Option<Date>,
    /// First day on which a resolved dispute no longer holds it.
    pub grace_until: Option<Date>,
    /// The number of its schedule's first step, less 1: above 0, or below, once it moved to another schedule,
    /// so that the numbers of its steps go on.
    pub step_shift: i32,
    /// The hardest step taken when it moved to another schedule: of that one only harder steps come.
    pub severity_passed: Option<u16>,
}

/// Body of `step_due`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepDue {
    /// The case.
    pub case: CaseId,
    /// The step, from 1.
    pub step: u16,
    /// What is to be done.
    pub action: SmolStr,
    /// How hard it is.
    pub severity: u16,
    /// Amount asked: U.
    pub amount: Money,
    /// What would cure the case: `max(0, U - exit_amount)`.
    pub cure_amount: Money,
    /// Day of the step.
    pub due_on: Date,
    /// Day of the next one.
    pub next_step_on: Option<Date>,
    /// What takes it back, if anything.
    pub reversible_by: Option<SmolStr>,
    /// The customer notices it: at most one such step on a local day.
    pub customer_facing: bool,
    /// Overdue bills, oldest first.
    pub bills: Vec<CaseBill>,
    /// What the next step does, to be announced.
    pub next_action: Option<SmolStr>,
    /// How the customer is to be reached, where the schedule says it.
    pub channel: Option<SmolStr>,
}

/// Body of `step_postponed`: the step's day passed without a tick.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepPostponed {
    /// The case.
    pub case: CaseId,
    /// The step.
    pub step: u16,
    /// When it is due now, at the earliest.
    pub not_before: Timestamp,
}

/// Body of `step_result_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepResultNoted {
    /// The case.
    pub case: CaseId,
    /// The step.
    pub step: u16,
    /// What came of it.
    pub result: SmolStr,
}

/// Body of `correction_applied`: what was made before a step, or before points were gone, came to be known after
/// it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionApplied {
    /// The case; none where points are corrected.
    pub case: Option<CaseId>,
    /// The step, which stays in the history.
    pub step: Option<u16>,
    /// Its action.
    pub action: Option<SmolStr>,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// What is taken back.
    pub reversal: Option<SmolStr>,
    /// Points that are back.
    pub reinstated: Option<Box<Reinstated>>,
}

/// Body of `promise_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromiseNoted {
    /// The promise.
    pub promise: PromiseId,
    /// What is promised, by date.
    pub instalments: Vec<Instalment>,
}

/// Body of `promise_withdrawn`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromiseWithdrawn {
    /// The promise.
    pub promise: PromiseId,
}

/// Body of `promise_kept` and `promise_broken`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromiseEnded {
    /// The promise.
    pub promise: PromiseId,
    /// Paid since it was made.
    pub paid: Money,
    /// What was due so far and not paid.
    pub missing: Money,
}

/// Body of `hold_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldNoted {
    /// `exempt` or `manual`.
    pub reason: HoldReason,
    /// Last local day of the hold.
    pub until: Option<Date>,
}

/// Body of `hold_released`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HoldReleased {
    /// `exempt` or `manual`.
    pub reason: HoldReason,
}

/// Body of `step_cancelled`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StepCancelled {
    /// The case.
    pub case: CaseId,
    /// The step.
    pub step: u16,
    /// Why.
    pub reason: SmolStr,
}

/// Body of `case_exhausted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseExhausted {
    /// The case.
    pub case: CaseId,
    /// Steps that were done.
    pub steps_done: Vec<u16>,
}

/// Body of `case_closed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseClosed {
    /// The case.
    pub case: CaseId,
    /// `cured`, `agency`, `exempted` or `written_off`.
    pub reason: SmolStr,
    /// Steps that were done.
    pub steps_done: Vec<u16>,
    /// Actions that are taken back.
    pub reversals: Vec<SmolStr>,
    /// The payment that closed it: its reversal opens the case again.
    pub cured_by: Option<PaymentId>,
    /// Local day on which it was closed.
    pub day: Date,
    /// Bills that no later case asks for, where a command closed the case.
    pub handed_over: Vec<BillId>,
}
