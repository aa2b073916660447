//! What holds a case: disputes, promises, exemptions, and holds by hand. A hold outlives its case.

use super::{Collections, Hold, case};
use crate::draft::Draft;
use umbral_model::event::{EventBody, HoldNoted, HoldReleased};
use umbral_model::input::{HoldCleared, HoldReason, HoldSet};
use umbral_model::rejection::{Reason, Rejection};

/// Why a case is held, in the order of the reasons; `disputed` says that a dispute or its grace does.
pub(crate) fn reasons(collections: &Collections, disputed: bool) -> Vec<HoldReason> {
    let mut reasons: Vec<HoldReason> = Vec::new();
    reasons.extend(disputed.then_some(HoldReason::Dispute));
    reasons.extend(collections.promise.as_ref().map(|_| HoldReason::Promise));
    reasons.extend(collections.holds.iter().map(|hold| hold.reason));
    reasons
}

/// Whether days do not count while these reasons hold: a promise stops steps, not the clock.
pub(crate) fn stops_clock(reasons: &[HoldReason]) -> bool {
    reasons.iter().any(|reason| *reason != HoldReason::Promise)
}

fn check_reason(reason: HoldReason) -> Result<(), Rejection> {
    match reason {
        HoldReason::Exempt | HoldReason::Manual => Ok(()),
        HoldReason::Dispute | HoldReason::Promise => Err(Rejection::new(
            Reason::MalformedField,
            format!(
                "a hold is exempt or manual; {} follows from its own input",
                reason.word()
            ),
        )),
    }
}

/// Sets a hold; one of the same reason is replaced.
pub(crate) fn set(draft: &mut Draft<'_>, body: &HoldSet) -> Result<(), Rejection> {
    check_reason(body.reason)?;
    if body.until.is_some_and(|until| until < draft.today()) {
        return Err(Rejection::new(
            Reason::BadDate,
            "the hold's last day is past already",
        ));
    }
    draft.push(EventBody::HoldNoted(HoldNoted {
        reason: body.reason,
        until: body.until,
    }));
    case::settle(draft, case::Trigger::default());
    Ok(())
}

/// Ends a hold; of one that is not set nothing comes.
pub(crate) fn clear(draft: &mut Draft<'_>, body: &HoldCleared) -> Result<(), Rejection> {
    check_reason(body.reason)?;
    if draft
        .row
        .cold()
        .collections
        .holds
        .iter()
        .any(|hold| hold.reason == body.reason)
    {
        release(draft, body.reason);
    }
    Ok(())
}

/// The timer of holds whose last day is over.
pub(crate) fn end_past(draft: &mut Draft<'_>) {
    let today = draft.today();
    let ended = |hold: &&Hold| hold.until.is_some_and(|until| until < today);
    let collections = &draft.row.cold().collections;
    let reasons: Vec<HoldReason> = collections
        .holds
        .iter()
        .filter(ended)
        .map(|hold| hold.reason)
        .collect();
    for reason in reasons {
        release(draft, reason);
    }
}

fn release(draft: &mut Draft<'_>, reason: HoldReason) {
    draft.push(EventBody::HoldReleased(HoldReleased { reason }));
    let exempt_ended = reason == HoldReason::Exempt;
    case::settle(
        draft,
        case::Trigger {
            exempt_ended,
            ..case::Trigger::default()
        },
    );
}
