//! The one case of an account: when it opens, what holds it, when it closes, and when it opens again.

use super::{Case, ClosedCase, Collections, hold, overdue, schedule, step};
use crate::account::{Bill, Row};
use crate::billing::bill;
use crate::credit::restriction;
use crate::dates::end_of_day;
use crate::draft::Draft;
use smol_str::{SmolStr, format_smolstr};
use umbral_catalog::tables::Schedule;
use umbral_model::event::*;
use umbral_model::ids::{BillId, CaseId, PaymentId, ScheduleName, VersionNo};
use umbral_model::input::{CaseClosedBy, HoldReason, PaymentReceived, StepCompleted};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};

/// The action that charges a fee.
pub(crate) const LATE_FEE: &str = "late_fee";
const CURED: &str = "cured";
const WRITTEN_OFF: &str = "written_off";

/// What made collections look at the account again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trigger {
    /// Part of the debt was paid, credited or given up: the anchor may move forward.
    pub rebase: bool,
    /// It was given up.
    pub written_off: bool,
    /// The payment.
    pub payment: Option<PaymentId>,
    /// A payment went back.
    pub reversed: Option<PaymentId>,
    /// A promise was kept, broken or cancelled.
    pub promise_ended: bool,
    /// A dispute was resolved.
    pub dispute_resolved: bool,
    /// An exemption ended.
    pub exempt_ended: bool,
    /// The class changed, and the case is to go on by the schedule of the new one.
    pub migrates: bool,
}

/// Looks at the account after something changed what is overdue or what holds a case.
pub(crate) fn settle(draft: &mut Draft<'_>, trigger: Trigger) {
    let collections = &draft.row.cold().collections;
    match &collections.case {
        Some(case) => {
            let case = (**case).clone();
            review(draft, case, &trigger);
        }
        None => {
            if !reopen(draft, &trigger) {
                open(draft, &trigger);
            }
        }
    }
}

fn open(draft: &mut Draft<'_>, trigger: &Trigger) {
    if draft.row.open == Money::ZERO {
        return;
    }
    let today = draft.today();
    let world = draft.world;
    let Some((version, schedule)) = world.schedule_of(draft.row.class, draft.now) else {
        return;
    };
    let Some((anchor_on, day)) = overdue::entry(&draft.row, schedule) else {
        return;
    };
    if day > today || is_left_to_timer(draft, day) {
        return;
    }
    let fresh = Case {
        state: fresh_state(draft, trigger, (version, schedule), anchor_on),
        done: Vec::new(),
        exhausted: false,
    };
    let state = with_figures(draft, fresh, today);
    draft.push(EventBody::CaseOpened(Box::new(state)));
}

/// Whether the timer of the case opens it at this very instant, after the timers that come before it: changes of
/// class, promises and holds that end with the day before are over then.
fn is_left_to_timer(draft: &Draft<'_>, day: Date) -> bool {
    let comes_before = draft.timer().is_some_and(|kind| kind < TimerKind::Case);
    comes_before && draft.now == draft.world.zone(draft.row.zone).start_of_day(day)
}

fn fresh_state(
    draft: &Draft<'_>,
    trigger: &Trigger,
    (version, schedule): (VersionNo, &Schedule),
    anchor_on: Date,
) -> CaseState {
    let today = draft.today();
    let collections = &draft.row.cold().collections;
    let hold_reasons = hold::reasons(collections, false);
    let relapses = collections
        .cured_on
        .is_some_and(|cured| today.days() - cured.days() <= schedule.relapse_days as i32);
    CaseState {
        case: CaseId::new(format_smolstr!(
            "{}/{}",
            draft.row.id,
            collections.cases_opened + 1
        )),
        schedule_version: schedule.version.clone(),
        anchor_on,
        overdue_total: Money::ZERO,
        bills: Vec::new(),
        step: 0,
        next_step_on: None,
        held_days: 0,
        held_since: hold::stops_clock(&hold_reasons).then_some(today),
        step_shift: 0,
        severity_passed: None,
        hold_reasons,
        schedule: ScheduleName::new(schedule.name.clone()),
        pinned_version: version,
        first_step: if relapses {
            schedule.relapse_start.max(1)
        } else {
            1
        },
        day: today,
        not_before: not_before(draft, trigger, today),
        severe_not_before: None,
        grace_until: None,
    }
}

/// Completes a case's figures as of a day: what is overdue, and when the next step comes.
fn with_figures(draft: &Draft<'_>, mut case: Case, today: Date) -> CaseState {
    let found = overdue::overdue(&draft.row, today);
    case.state.day = today;
    case.state.overdue_total = found.base.floored_at_zero();
    case.state.bills = found.bills;
    case.state.step = case.last_step();
    case.state.next_step_on =
        schedule::next_step(draft.world, &draft.row, &case).map(|next| next.on);
    case.state
}

/// A payment that cured a case went back: the same case goes on at its step.
fn reopen(draft: &mut Draft<'_>, trigger: &Trigger) -> bool {
    let Some(payment) = &trigger.reversed else {
        return false;
    };
    let today = draft.today();
    let collections = &draft.row.cold().collections;
    let Some(closed) = collections.closed.as_ref() else {
        return false;
    };
    if closed.cured_by.as_ref() != Some(payment) {
        return false;
    }
    let Some(schedule) = schedule::pinned(draft.world, &closed.case) else {
        return false;
    };
    let elapsed = today.days() - closed.on.days();
    let base = overdue::overdue(&draft.row, today).base;
    if elapsed > schedule.reopen_days as i32 || base <= schedule.exit_amount {
        return false;
    }
    let mut case = closed.case.clone();
    let hold_reasons = hold::reasons(collections, false);
    case.state.held_since = hold::stops_clock(&hold_reasons).then_some(today);
    case.state.hold_reasons = hold_reasons;
    case.state.grace_until = None;
    case.state.not_before = case.state.not_before.max(not_before(draft, trigger, today));
    let state = with_figures(draft, case, today);
    draft.push(EventBody::CaseReopened(Box::new(state)));
    step::set_bars(draft);
    true
}

fn review(draft: &mut Draft<'_>, before: Case, trigger: &Trigger) {
    let told = before.state.clone();
    let before = if trigger.migrates {
        by_new_class(draft, before)
    } else {
        before
    };
    let Some(schedule) = schedule::pinned(draft.world, &before) else {
        return;
    };
    let today = draft.today();
    let found = overdue::overdue(&draft.row, today);
    let exit = schedule.exit_amount;
    let is_below = found.base <= exit;
    if is_below && found.base + found.disputed <= exit {
        let reason = if trigger.written_off {
            WRITTEN_OFF
        } else {
            CURED
        };
        let cured_by = trigger.payment.clone().filter(|_| reason == CURED);
        close(draft, &before, reason, cured_by, Vec::new());
        return;
    }
    let mut case = before.clone();
    case.state.grace_until = grace(&before, schedule, trigger, is_below, today);
    let disputed = is_below || case.state.grace_until.is_some();
    case.state.hold_reasons = hold::reasons(&draft.row.cold().collections, disputed);
    count_held_days(&mut case.state, today);
    if let Some(oldest) = found
        .oldest_due
        .filter(|_| trigger.rebase && schedule.rebase)
    {
        case.state.anchor_on = case.state.anchor_on.max(oldest);
    }
    case.state.not_before = case.state.not_before.max(not_before(draft, trigger, today));
    if trigger.exempt_ended {
        case.state.severe_not_before = Some(today.plus_days(1));
    }
    let (was_held, is_held) = (before.is_held(), case.is_held());
    let state = Box::new(with_figures(draft, case, today));
    let body = match (was_held, is_held) {
        (false, true) => Some(EventBody::CaseHeld(state)),
        (true, false) => Some(EventBody::CaseResumed(state)),
        _ if is_news(&told, &state) || is_overtaken(draft, &before) => {
            Some(EventBody::CaseUpdated(state))
        }
        _ => None,
    };
    if let Some(body) = body {
        draft.push(body);
    }
    // The class says whether bars are lifted while the case is held; it may be another one.
    step::set_bars(draft);
    if trigger.migrates
        && schedule::step_of(schedule, &before.state, schedule::next_number(&before)).is_none()
    {
        step::exhaust(draft);
    }
}

/// The case by the schedule of the account's class; of a class without one it keeps its own.
fn by_new_class(draft: &Draft<'_>, case: Case) -> Case {
    match draft.world.schedule_of(draft.row.class, draft.now) {
        Some((version, schedule)) => schedule::moved(case, version, schedule),
        None => case,
    }
}

/// Until when a resolved dispute goes on holding its case.
fn grace(
    before: &Case,
    schedule: &Schedule,
    trigger: &Trigger,
    is_below: bool,
    today: Date,
) -> Option<Date> {
    if is_below {
        return None;
    }
    let held_by_dispute = before.state.hold_reasons.contains(&HoldReason::Dispute);
    let until = match trigger.dispute_resolved && held_by_dispute {
        true => Some(today.plus_days(schedule.dispute_grace_days as i32)),
        false => before.state.grace_until,
    };
    until.filter(|until| *until > today)
}

/// Days count as held from the first to the last reason that stops the clock.
fn count_held_days(state: &mut CaseState, today: Date) {
    match (state.held_since, hold::stops_clock(&state.hold_reasons)) {
        (None, true) => state.held_since = Some(today),
        (Some(since), false) => {
            state.held_days += u32::try_from(today.days() - since.days()).unwrap_or(0);
            state.held_since = None;
        }
        _ => {}
    }
}

/// No step before the change itself; after a promise none before the next local day.
fn not_before(draft: &Draft<'_>, trigger: &Trigger, today: Date) -> Timestamp {
    match trigger.promise_ended {
        true => end_of_day(draft.world.zone(draft.row.zone), today),
        false => draft.now,
    }
}

fn is_news(before: &CaseState, after: &CaseState) -> bool {
    before.overdue_total != after.overdue_total
        || before.bills != after.bills
        || before.hold_reasons != after.hold_reasons
        || before.anchor_on != after.anchor_on
        || before.grace_until != after.grace_until
        || before.held_since != after.held_since
        || before.schedule_version != after.schedule_version
        || before.next_step_on != after.next_step_on
}

/// Whether the case's next step was due before now: something just made it due in the past.
fn is_overtaken(draft: &Draft<'_>, case: &Case) -> bool {
    schedule::next_step(draft.world, &draft.row, case).is_some_and(|next| next.at < draft.now)
}

/// Closes the case: what is pending is cancelled, what it barred is free.
fn close(
    draft: &mut Draft<'_>,
    case: &Case,
    reason: &'static str,
    cured_by: Option<PaymentId>,
    handed_over: Vec<BillId>,
) {
    let id = case.state.case.clone();
    let number = schedule::next_number(case);
    let pending = schedule::pinned(draft.world, case)
        .is_some_and(|schedule| schedule::step_of(schedule, &case.state, number).is_some());
    if pending && !case.exhausted {
        let reason = SmolStr::new_static(reason);
        draft.push(EventBody::StepCancelled(StepCancelled {
            case: id.clone(),
            step: number,
            reason,
        }));
    }
    let reversals = step::bars_in_force(draft, case);
    restriction::lift_of_case(draft, &id);
    let day = draft.today();
    draft.push(EventBody::CaseClosed(CaseClosed {
        case: id,
        reason: SmolStr::new_static(reason),
        steps_done: case.steps_done(),
        reversals,
        cured_by,
        day,
        handed_over,
    }));
}

fn open_case(draft: &Draft<'_>, id: &CaseId) -> Result<Case, Rejection> {
    let case = draft.row.cold().collections.case.as_ref();
    case.filter(|case| case.state.case == *id)
        .map(|case| (**case).clone())
        .ok_or_else(|| {
            Rejection::new(
                Reason::UnknownCase,
                format!("the account has no open case {id}"),
            )
        })
}

/// Closes the open case by command: its bills and late fees, also those of today, are handed over, and no later case
/// asks for them.
pub(crate) fn close_by_command(
    draft: &mut Draft<'_>,
    body: &CaseClosedBy,
) -> Result<(), Rejection> {
    let case = open_case(draft, &body.case)?;
    let bills = overdue::overdue(&draft.row, draft.today()).bills;
    let mut handed_over: Vec<BillId> = bills.into_iter().map(|bill| bill.bill).collect();
    for done in &case.done {
        let fee = step::fee_item(&case.state.case, done.step);
        let is_open = |bill: &Bill| bill.remaining > Money::ZERO;
        if draft.row.bill(&fee).is_some_and(is_open) && !handed_over.contains(&fee) {
            handed_over.push(fee);
        }
    }
    close(draft, &case, body.outcome.word(), None, handed_over);
    Ok(())
}

/// Records the result of a step that was taken, in the open case or the one closed last.
pub(crate) fn note_result(draft: &mut Draft<'_>, body: &StepCompleted) -> Result<(), Rejection> {
    let collections = &draft.row.cold().collections;
    let open = collections.case.as_deref();
    let closed = collections.closed.as_ref().map(|closed| &closed.case);
    let case = open
        .into_iter()
        .chain(closed)
        .find(|case| case.state.case == body.case);
    let is_done = case.is_some_and(|case| case.done.iter().any(|done| done.step == body.step));
    if !is_done {
        return Err(Rejection::new(
            Reason::UnknownCase,
            format!(
                "the account has no case {} with step {} done",
                body.case, body.step
            ),
        ));
    }
    draft.push(EventBody::StepResultNoted(StepResultNoted {
        case: body.case.clone(),
        step: body.step,
        result: body.result.clone(),
    }));
    Ok(())
}

/// A payment that was made before steps were taken takes back those on whose day the case would have been cured
/// with it: they stay in the history, their bars and fees do not.
pub(crate) fn correct_later_steps(
    draft: &mut Draft<'_>,
    occurred_at: Timestamp,
    body: &PaymentReceived,
) {
    let Some(case) = draft.row.cold().collections.case.as_deref().cloned() else {
        return;
    };
    let Some(schedule) = schedule::pinned(draft.world, &case) else {
        return;
    };
    let mut unneeded: Vec<u16> = Vec::new();
    let later = case.done.iter().filter(|done| done.at > occurred_at);
    for done in later.filter(|done| !done.is_corrected()) {
        let owed = step::owed_then(&draft.row, &case, done, &unneeded);
        if owed - paid_by(&draft.row, body, done.on) <= schedule.exit_amount {
            unneeded.push(done.step);
        }
    }
    for done in case
        .done
        .iter()
        .filter(|done| unneeded.contains(&done.step))
    {
        draft.push(EventBody::CorrectionApplied(CorrectionApplied {
            case: Some(case.state.case.clone()),
            step: Some(done.step),
            action: Some(done.action.clone()),
            payment: Some(body.payment.clone()),
            reversal: step::is_reversible(&done.action).then(|| done.action.clone()),
            reinstated: None,
        }));
        bill::withdraw_fee(draft, &step::fee_item(&case.state.case, done.step));
        step::set_bars(draft);
    }
}

/// What of a payment would have lowered what was overdue on a day: not the parts that it gives to other bills.
fn paid_by(row: &Row, body: &PaymentReceived, day: Date) -> Money {
    let parts = body.allocations.iter();
    let elsewhere = parts.filter(|part| {
        let bill = row.bill(&part.bill);
        bill.is_none_or(|bill| bill.due_on >= day || bill.handed_over)
    });
    body.amount - elsewhere.map(|part| part.amount).sum::<Money>()
}

/// Takes the case closed last, which is open again, into the row: its cure counts no more.
pub(crate) fn apply_reopened(collections: &mut Collections, state: &CaseState) {
    let Some(closed) = collections.closed.take() else {
        return;
    };
    collections.cured_on = closed.earlier_cure_on;
    collections.case = Some(Box::new(Case {
        state: state.clone(),
        ..closed.case
    }));
}

/// Takes a closed case into the row.
pub(crate) fn apply_closed(row: &mut Row, body: &CaseClosed) {
    let cold = row.cold_mut();
    for bill in cold
        .billing
        .bills
        .iter_mut()
        .filter(|bill| body.handed_over.contains(&bill.id))
    {
        bill.handed_over = true;
    }
    let Some(case) = cold.collections.case.take() else {
        return;
    };
    let earlier_cure_on = cold.collections.cured_on;
    cold.collections.closed = Some(Box::new(ClosedCase {
        case: *case,
        on: body.day,
        reason: body.reason.clone(),
        cured_by: body.cured_by.clone(),
        earlier_cure_on,
    }));
    if body.reason == CURED {
        cold.collections.cured_on = Some(body.day);
    }
}
