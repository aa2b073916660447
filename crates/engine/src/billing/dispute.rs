//! Disputes: part of a bill is contested, and what becomes of it.

use super::{add_other_credit, change_bill, payment, standing_bill};
use crate::account::{Dispute, Row};
use crate::collections::case::{self, Trigger};
use crate::credit::latch;
use crate::decide::{positive_minor, whole_minor};
use crate::draft::Draft;
use umbral_model::event::{Cause, DisputeNoted, DisputeSettled, EventBody};
use umbral_model::input::{DisputeOpened, DisputeResolved};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

/// Notes a dispute, of at most what is left of the bill and not disputed yet.
pub(crate) fn open(draft: &mut Draft<'_>, body: &DisputeOpened) -> Result<(), Rejection> {
    positive_minor(draft.row.currency, body.amount, "a dispute")?;
    if draft
        .row
        .cold()
        .billing
        .disputes
        .iter()
        .any(|known| known.id == body.dispute)
    {
        return Err(Rejection::new(
            Reason::DisputeExists,
            format!("dispute {} is open already", body.dispute),
        ));
    }
    let undisputed = standing_bill(&draft.row, &body.bill)?.undisputed();
    let amount = body.amount.min(undisputed);
    if amount == Money::ZERO {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!(
                "nothing is left of bill {} that could be disputed",
                body.bill
            ),
        ));
    }
    draft.push(EventBody::DisputeNoted(DisputeNoted {
        dispute: body.dispute.clone(),
        bill: body.bill.clone(),
        amount,
    }));
    latch::compare(draft, Cause::Dispute);
    case::settle(draft, Trigger::default());
    Ok(())
}

/// Ends a dispute: what the customer was right about is credited to the bill, the rest is owed again.
pub(crate) fn resolve(draft: &mut Draft<'_>, body: &DisputeResolved) -> Result<(), Rejection> {
    let known = draft
        .row
        .cold()
        .billing
        .disputes
        .iter()
        .find(|known| known.id == body.dispute);
    let Some(dispute) = known.cloned() else {
        return Err(Rejection::new(
            Reason::UnknownDispute,
            format!("the account has no open dispute {}", body.dispute),
        ));
    };
    whole_minor(
        draft.row.currency,
        body.accepted_amount,
        "an accepted amount",
    )?;
    if body.accepted_amount < Money::ZERO || body.accepted_amount > dispute.amount {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!("accept between 0 and the disputed {}", dispute.amount),
        ));
    }
    let remaining = draft
        .row
        .bill(&dispute.bill)
        .map_or(Money::ZERO, |bill| bill.remaining);
    draft.push(EventBody::DisputeSettled(DisputeSettled {
        dispute: body.dispute.clone(),
        bill: dispute.bill,
        accepted_amount: body.accepted_amount,
        credit: (body.accepted_amount - remaining).floored_at_zero(),
    }));
    payment::use_credit(draft);
    latch::compare(draft, Cause::Dispute);
    case::settle(
        draft,
        Trigger {
            rebase: body.accepted_amount > Money::ZERO,
            dispute_resolved: true,
            ..Trigger::default()
        },
    );
    Ok(())
}

/// Takes a dispute into the row.
pub(crate) fn apply_noted(row: &mut Row, body: &DisputeNoted) {
    row.cold_mut().billing.disputes.push(Dispute {
        id: body.dispute.clone(),
        bill: body.bill.clone(),
        amount: body.amount,
    });
    change_bill(row, &body.bill, |_| {});
}

/// Takes the end of a dispute into the row.
pub(crate) fn apply_settled(row: &mut Row, body: &DisputeSettled) {
    row.cold_mut()
        .billing
        .disputes
        .retain(|known| known.id != body.dispute);
    change_bill(row, &body.bill, |bill| {
        bill.remaining -= body.accepted_amount - body.credit;
        bill.reduced += body.accepted_amount;
    });
    add_other_credit(row, body.credit);
}
