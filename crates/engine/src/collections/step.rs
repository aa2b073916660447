//! Collection steps: taken in order, once in a case; the bars and fees that they bring.

use super::schedule::NextStep;
use super::{Case, Collections, DoneStep, case, overdue, schedule};
use crate::account::{PaymentState, Row};
use crate::credit::{latch, restriction};
use crate::draft::Draft;
use crate::usage;
use smol_str::{SmolStr, format_smolstr};
use umbral_catalog::tables::CollectionStep;
use umbral_model::event::*;
use umbral_model::ids::{BillId, CaseId, PaymentId};
use umbral_model::input::{HoldReason, RestrictionReason};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;

/// The action that asks for a deposit, and its result once one came.
const DEPOSIT_DEMAND: &str = "deposit_demand";
const MET: &str = "met";

/// The open item that the late fee of a step is.
pub(crate) fn fee_item(case: &CaseId, step: u16) -> BillId {
    BillId::new(format_smolstr!("{case}/fee/{step}"))
}

/// Whether something takes an action back.
pub(crate) fn is_reversible(action: &str) -> bool {
    action == case::LATE_FEE || restriction::barred_by(action).is_some()
}

/// The step timer. A step that the customer notices and whose local day passed without a tick comes at the
/// first permitted instant from `as_of` on, after everything else that is due.
pub(crate) fn fire(draft: &mut Draft<'_>, as_of: Timestamp) {
    let Some(case) = draft.row.cold().collections.case.as_deref().cloned() else {
        return;
    };
    let Some(next) = schedule::next_step(draft.world, &draft.row, &case) else {
        return;
    };
    let Some(schedule) = schedule::pinned(draft.world, &case) else {
        return;
    };
    let Some(planned) = schedule::step_of(schedule, &case.state, next.step) else {
        return;
    };
    if planned.customer_facing && next.on < draft.local_date(as_of) {
        let zone = draft.world.zone(draft.row.zone);
        let not_before = schedule::permitted_from(zone, schedule.calendar.as_ref(), as_of);
        draft.push(EventBody::StepPostponed(StepPostponed {
            case: case.state.case,
            step: next.step,
            not_before,
        }));
        return;
    }
    take(draft, &case, next.step, planned);
    if schedule::step_of(schedule, &case.state, next.step + 1).is_none() {
        exhaust(draft);
    }
}

/// All steps of the open case are taken.
pub(crate) fn exhaust(draft: &mut Draft<'_>) {
    let Some(case) = draft.row.cold().collections.case.as_deref() else {
        return;
    };
    let exhausted = CaseExhausted {
        case: case.state.case.clone(),
        steps_done: case.steps_done(),
    };
    draft.push(EventBody::CaseExhausted(exhausted));
}

fn take(draft: &mut Draft<'_>, case: &Case, number: u16, planned: &CollectionStep) {
    let today = draft.today();
    let overdue = overdue::overdue(&draft.row, today);
    let amount = overdue.base;
    let schedule = schedule::pinned(draft.world, case);
    let exit = schedule.map_or(amount, |schedule| schedule.exit_amount);
    let following = schedule.and_then(|known| schedule::step_of(known, &case.state, number + 1));
    let id = case.state.case.clone();
    draft.push(EventBody::StepDue(Box::new(StepDue {
        case: id.clone(),
        step: number,
        action: planned.action.clone(),
        severity: planned.severity,
        amount,
        cure_amount: (amount - exit).floored_at_zero(),
        due_on: today,
        next_step_on: next_after(draft, case, number, planned),
        reversible_by: restriction::barred_by(&planned.action)
            .map(|service| format_smolstr!("unbar {service}")),
        customer_facing: planned.customer_facing,
        bills: overdue.bills,
        next_action: following.map(|step| step.action.clone()),
        channel: planned.channel.clone(),
    })));
    if let Some(service) = restriction::barred_by(&planned.action) {
        restriction::bar(draft, service, RestrictionReason::Collections, id.as_str());
    }
    if let Some(fee) = planned.fee.filter(|_| planned.action == case::LATE_FEE) {
        usage::late_fee(draft, fee_item(&id, number).as_str(), fee, today);
        latch::compare(draft, Cause::Charge);
    }
}

/// The day of the step after this one, as if this one were taken.
fn next_after(
    draft: &Draft<'_>,
    case: &Case,
    number: u16,
    planned: &CollectionStep,
) -> Option<umbral_model::time::Date> {
    let (mut row, mut case) = (draft.row.clone(), case.clone());
    let taken = NextStep {
        step: number,
        on: draft.today(),
        at: draft.effective_at,
    };
    schedule::suppose_taken(&mut row, &mut case, &taken, planned);
    schedule::next_step(draft.world, &row, &case).map(|next| next.on)
}

/// Bars of the steps taken hold while the case is open, unless its class lifts them while a dispute covers
/// everything or the customer is exempt.
pub(crate) fn set_bars(draft: &mut Draft<'_>) {
    let Some(case) = draft.row.cold().collections.case.as_deref().cloned() else {
        return;
    };
    let lifted = is_lifted(draft, &case);
    for (service, corrected) in bars(&case) {
        let source = case.state.case.as_str();
        match lifted || corrected {
            true => restriction::lift(draft, &service, RestrictionReason::Collections, source),
            false => restriction::bar(draft, &service, RestrictionReason::Collections, source),
        }
    }
}

fn is_lifted(draft: &Draft<'_>, case: &Case) -> bool {
    let reasons = &case.state.hold_reasons;
    draft
        .world
        .class(draft.row.class, draft.now)
        .is_some_and(|class| {
            (class.lift_on_full_dispute && reasons.contains(&HoldReason::Dispute))
                || (class.lift_on_exempt && reasons.contains(&HoldReason::Exempt))
        })
}

/// Services that the steps taken bar; corrected where every step that bars them was.
fn bars(case: &Case) -> Vec<(SmolStr, bool)> {
    let mut found: Vec<(SmolStr, bool)> = Vec::new();
    for done in &case.done {
        let Some(service) = restriction::barred_by(&done.action) else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| known == service) {
            Some((_, corrected)) => *corrected &= done.is_corrected(),
            None => found.push((service.into(), done.is_corrected())),
        }
    }
    found
}

/// Actions of the case whose bars hold now.
pub(crate) fn bars_in_force(draft: &Draft<'_>, case: &Case) -> Vec<SmolStr> {
    let id = &case.state.case;
    bars(case)
        .into_iter()
        .filter(|(service, _)| restriction::is_barred_by_case(&draft.row, id, service))
        .map(|(service, _)| format_smolstr!("bar {service}"))
        .collect()
}

/// A deposit came: steps of the open case that demanded one are answered.
pub(crate) fn note_deposit(draft: &mut Draft<'_>) {
    let Some(case) = draft.row.cold().collections.case.as_deref() else {
        return;
    };
    let demands = case.done.iter();
    let demands = demands.filter(|done| done.action == DEPOSIT_DEMAND && done.result.is_none());
    let met: Vec<StepResultNoted> = demands
        .map(|done| StepResultNoted {
            case: case.state.case.clone(),
            step: done.step,
            result: SmolStr::new_static(MET),
        })
        .collect();
    for result in met {
        draft.push(EventBody::StepResultNoted(result));
    }
}

/// What a step would have found overdue, had every payment been known that was made before it and is known by now, and
/// had the case not charged the late fees of some steps.
pub(crate) fn owed_then(row: &Row, case: &Case, done: &DoneStep, unneeded: &[u16]) -> Money {
    let payments = row.cold().billing.payments.iter();
    let late = payments.filter(|payment| {
        let was_made = payment.state == PaymentState::Settled && payment.received_at <= done.at;
        was_made && payment.seq > done.seq
    });
    let late: Money = late.map(|payment| payment.amount).sum();
    let earlier = case.done.iter().filter(|other| other.step < done.step);
    let not_charged =
        earlier.filter(|other| other.is_corrected() || unneeded.contains(&other.step));
    let fees = not_charged.filter_map(|other| row.bill(&fee_item(&case.state.case, other.step)));
    let fees: Money = fees
        .filter(|fee| fee.due_on < done.on)
        .map(|fee| fee.amount)
        .sum();
    done.asked - late - fees
}

/// Takes a step that was taken into the row.
pub(crate) fn apply_due(collections: &mut Collections, event: &Event, body: &StepDue) {
    if body.customer_facing {
        collections.last_contact_on = collections.last_contact_on.max(Some(body.due_on));
    }
    let Some(case) = &mut collections.case else {
        return;
    };
    case.state.step = body.step;
    case.state.next_step_on = body.next_step_on;
    case.done.push(DoneStep {
        step: body.step,
        action: body.action.clone(),
        severity: body.severity,
        on: body.due_on,
        at: event.effective_at,
        seq: event.account_seq,
        asked: body.amount,
        corrected_by: None,
        result: None,
    });
}

/// Takes the result of a step into the row.
pub(crate) fn apply_result(collections: &mut Collections, body: &StepResultNoted) {
    let open = collections.case.as_deref_mut();
    let closed = collections
        .closed
        .as_deref_mut()
        .map(|closed| &mut closed.case);
    for case in open
        .into_iter()
        .chain(closed)
        .filter(|case| case.state.case == body.case)
    {
        for done in case.done.iter_mut().filter(|done| done.step == body.step) {
            done.result = Some(body.result.clone());
        }
    }
}

/// Takes the correction of a step into the row.
pub(crate) fn apply_correction(collections: &mut Collections, body: &CorrectionApplied) {
    let Some(case) = &mut collections.case else {
        return;
    };
    for done in case
        .done
        .iter_mut()
        .filter(|done| Some(done.step) == body.step)
    {
        done.corrected_by = body.payment.clone();
    }
}

/// A payment went back: what it took back of the open case, or of the one closed last, stands again.
pub(crate) fn undo_corrections(collections: &mut Collections, payment: &PaymentId) {
    let closed = collections
        .closed
        .as_deref_mut()
        .map(|closed| &mut closed.case);
    let cases = collections.case.as_deref_mut().into_iter().chain(closed);
    for done in cases.flat_map(|case| &mut case.done) {
        done.corrected_by = done.corrected_by.take().filter(|by| by != payment);
    }
}
