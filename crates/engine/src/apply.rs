//! The only way an account changes: one event at a time, without a question left open. What an event means
//! for the state is written in the room that decides it; here is only who is asked.

use crate::account::Row;
use crate::world::World;
use crate::{billing, collections, credit, customer, loyalty, tariff, usage, vip};
use umbral_model::event::{Event, EventBody};

/// Takes the event into the row. The row must be the one that the event was made for: its `account_seq` is
/// the row's next.
pub(crate) fn apply(world: &World, row: &mut Row, event: &Event) {
    debug_assert_eq!(
        row.seq + 1,
        event.account_seq,
        "events of an account are gapless"
    );
    row.seq = event.account_seq;
    if changes_nothing(&event.body) {
        return;
    }
    match &event.body {
        EventBody::UsageRated(body) => usage::apply_usage(world, row, body),
        EventBody::ChargePosted(body) => usage::apply_charge(row, body),
        EventBody::UsageCorrected(_)
        | EventBody::AllowanceGranted(_)
        | EventBody::AllowanceEnded(_)
        | EventBody::AllowanceCrossed(_)
        | EventBody::AllowanceRecovered(_)
        | EventBody::FeesCharged(_)
        | EventBody::InstalmentsAgreed(_)
        | EventBody::CorrectionParked(_)
        | EventBody::CorrectionUnclaimed(_) => tariff::apply(world, row, event),
        EventBody::AccountOpened(_)
        | EventBody::MemberOpened(_)
        | EventBody::MemberClosed(_)
        | EventBody::ClassChangeScheduled(_)
        | EventBody::ClassSet(_)
        | EventBody::PlanChangeScheduled(_)
        | EventBody::PlanSet(_)
        | EventBody::ZoneSet(_)
        | EventBody::CycleClosed(_) => customer::apply(world, row, event),
        EventBody::VipRankSet(body) => vip::apply(row, body),
        EventBody::BillOpened(_)
        | EventBody::BillWithdrawn(_)
        | EventBody::PaymentPosted(_)
        | EventBody::PaymentReturned(_)
        | EventBody::CreditApplied(_)
        | EventBody::BillReduced(_)
        | EventBody::DisputeNoted(_)
        | EventBody::DisputeSettled(_) => billing::apply(row, event),
        EventBody::LimitSet(_)
        | EventBody::DepositPosted(_)
        | EventBody::LatchSet(_)
        | EventBody::ThresholdCrossed(_)
        | EventBody::ThresholdRecovered(_)
        | EventBody::RestrictionNoted(_) => credit::apply(row, event),
        EventBody::CaseOpened(_)
        | EventBody::CaseUpdated(_)
        | EventBody::CaseHeld(_)
        | EventBody::CaseResumed(_)
        | EventBody::CaseReopened(_)
        | EventBody::StepDue(_)
        | EventBody::StepPostponed(_)
        | EventBody::StepResultNoted(_)
        | EventBody::CaseExhausted(_)
        | EventBody::CaseClosed(_)
        | EventBody::PromiseNoted(_)
        | EventBody::PromiseWithdrawn(_)
        | EventBody::PromiseKept(_)
        | EventBody::PromiseBroken(_)
        | EventBody::HoldNoted(_)
        | EventBody::HoldReleased(_) => collections::apply(row, event),
        EventBody::CorrectionApplied(body) => match body.reinstated {
            Some(_) => loyalty::apply(world, row, event),
            None => collections::apply(row, event),
        },
        // What is left is loyalty's, whose own list has it.
        _ => loyalty::apply(world, row, event),
    }
}

/// What is told, and changes no state.
fn changes_nothing(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::PurchaseRecorded(_)
            | EventBody::PointsNotEarned(_)
            | EventBody::RedemptionRejected(_)
            | EventBody::RewardLevelReached(_)
            | EventBody::CardChecked(_)
            | EventBody::CardsStocked(_)
            | EventBody::ContactNoted(_)
            | EventBody::IdentifierNoted(_)
            | EventBody::LimitBreached(_)
            | EventBody::LimitCured(_)
            | EventBody::ServiceRestrictionChanged(_)
            | EventBody::EffortNoted(_)
            | EventBody::StepCancelled(_)
    )
}
