//! Collection steps: taken in order, once in a case; the bars and fees that they bring.

use super::{Case, Collections, DoneStep, case, overdue, schedule};
use crate::credit::{latch, restriction};
use crate::draft::Draft;
use crate::usage;
use smol_str::{SmolStr, format_smolstr};
use umbral_catalog::tables::CollectionStep;
use umbral_model::event::*;
use umbral_model::ids::{BillId, CaseId};
use umbral_model::input::{HoldReason, RestrictionReason};
use umbral_model::time::Timestamp;

/// The open item that the late fee of a step is.
pub(crate) fn fee_item(case: &CaseId, step: u16) -> BillId {
    BillId::new(format_smolstr!("{case}/fee/{step}"))
}

/// Whether something takes the step's action back.
pub(crate) fn is_reversible(step: &CollectionStep) -> bool {
    step.action == case::LATE_FEE || restriction::barred_by(&step.action).is_some()
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
    let Some(planned) = schedule::step_of(schedule, next.step) else {
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
    let is_last = schedule::step_of(schedule, next.step + 1).is_none();
    if is_last {
        let steps_done = draft
            .row
            .cold()
            .collections
            .case
            .as_ref()
            .map(|case| case.steps_done());
        draft.push(EventBody::CaseExhausted(CaseExhausted {
            case: case.state.case,
            steps_done: steps_done.unwrap_or_default(),
        }));
    }
}

fn take(draft: &mut Draft<'_>, case: &Case, number: u16, planned: &CollectionStep) {
    let today = draft.today();
    let amount = overdue::overdue(&draft.row, today).base;
    let exit = schedule::pinned(draft.world, case).map_or(amount, |schedule| schedule.exit_amount);
    let id = case.state.case.clone();
    draft.push(EventBody::StepDue(StepDue {
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
    }));
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
    let mut row = draft.row.clone();
    let (on, at) = (draft.today(), draft.effective_at);
    let mut after = case.clone();
    after.done.push(DoneStep {
        step: number,
        on,
        at,
        corrected: false,
        result: None,
    });
    if planned.customer_facing {
        row.cold_mut().collections.last_contact_on = Some(on);
    }
    schedule::next_step(draft.world, &row, &after).map(|next| next.on)
}

/// Bars of the steps taken hold while the case is open, unless its class lifts them while a dispute covers
/// everything or the customer is exempt.
pub(crate) fn set_bars(draft: &mut Draft<'_>) {
    let Some(case) = draft.row.cold().collections.case.as_deref().cloned() else {
        return;
    };
    let lifted = is_lifted(draft, &case);
    for (service, corrected) in bars(draft, &case) {
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
fn bars(draft: &Draft<'_>, case: &Case) -> Vec<(SmolStr, bool)> {
    let Some(schedule) = schedule::pinned(draft.world, case) else {
        return Vec::new();
    };
    let mut found: Vec<(SmolStr, bool)> = Vec::new();
    for done in &case.done {
        let action = schedule::step_of(schedule, done.step).map(|step| step.action.as_str());
        let Some(service) = action.and_then(restriction::barred_by) else {
            continue;
        };
        match found.iter_mut().find(|(known, _)| known == service) {
            Some((_, corrected)) => *corrected &= done.corrected,
            None => found.push((service.into(), done.corrected)),
        }
    }
    found
}

/// Actions of the case whose bars hold now.
pub(crate) fn bars_in_force(draft: &Draft<'_>, case: &Case) -> Vec<SmolStr> {
    let id = &case.state.case;
    bars(draft, case)
        .into_iter()
        .filter(|(service, _)| restriction::is_barred_by_case(&draft.row, id, service))
        .map(|(service, _)| format_smolstr!("bar {service}"))
        .collect()
}

/// Takes a step that was taken into the row.
pub(crate) fn apply_due(collections: &mut Collections, at: Timestamp, body: &StepDue) {
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
        on: body.due_on,
        at,
        corrected: false,
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
        done.corrected = true;
    }
}
