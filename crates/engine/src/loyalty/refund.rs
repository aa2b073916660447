//! Refunds: money of a purchase lowers what it should have earned, points go back to the lots from which they were
//! spent. One that comes before its purchase waits for it.

use super::earn::{self, Days, Share, SourceKey};
use super::{Earning, ParkedRefund, redemption};
use crate::account::Row;
use crate::draft::Draft;
use std::sync::Arc;
use umbral_catalog::loyalty::AccrualSource;
use umbral_model::event::*;
use umbral_model::ids::{LedgerName, PurchaseId};
use umbral_model::input::{Input, InputKey, RefundRequest};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::NANOS_PER_DAY;

/// Refunds that an account keeps waiting at a time.
const PARKED_MOST: usize = 100;

/// Takes a refund, or keeps it until its purchase comes.
pub(crate) fn take(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &RefundRequest,
) -> Result<(), Rejection> {
    let loyalty = &draft.row.cold().loyalty;
    if loyalty.purchases(body.purchase.as_str()).next().is_some() {
        return give_back(draft, body);
    }
    let clubs = super::ledger::clubs(draft.world, draft.now);
    let waits = clubs
        .filter(|club| club.programme.accrues(AccrualSource::Purchase))
        .map(|club| club.programme.refund_horizon_days)
        .max();
    let Some(days) = waits else {
        // Nothing earns by purchases: there is nothing to take back.
        push_noted(draft, body);
        return Ok(());
    };
    if loyalty.parked.len() >= PARKED_MOST {
        return Err(Rejection::new(
            Reason::UnknownPurchase,
            format!("{PARKED_MOST} refunds of the account wait for their purchases already"),
        ));
    }
    let wait = i64::from(days) * NANOS_PER_DAY;
    draft.push(EventBody::RefundParked(Box::new(RefundParked {
        key: input.key.clone(),
        occurred_at: input.occurred_at,
        refund: body.clone(),
        until: input.occurred_at.plus_nanos(wait),
    })));
    Ok(())
}

fn push_noted(draft: &mut Draft<'_>, body: &RefundRequest) {
    draft.push(EventBody::RefundNoted(RefundNoted {
        purchase: body.purchase.clone(),
        refund: body.refund.clone(),
        lines: body.lines.clone(),
        amount: body.amount.unwrap_or_default(),
    }));
}

/// Lowers what the purchase should have earned, in every programme; then its points come back.
fn give_back(draft: &mut Draft<'_>, body: &RefundRequest) -> Result<(), Rejection> {
    let source_ref = body.purchase.as_str();
    let loyalty = &draft.row.cold().loyalty;
    let Some(earning) = loyalty.purchases(source_ref).next() else {
        return Ok(());
    };
    check(earning, body)?;
    let paid = earning.points_part.clone();
    match (body.points, &paid) {
        (Some(points), Some(paid)) => {
            redemption::check_refund(draft, &paid.redemption, points)?;
        }
        (Some(_), None) => {
            return Err(bad("no part of the purchase was paid in points".to_owned()));
        }
        (None, _) => {}
    }
    let day = draft.local_date(earning.occurred_at);
    let ledgers = loyalty.purchases(source_ref);
    let ledgers: Vec<LedgerName> = ledgers.map(|earning| earning.ledger.clone()).collect();
    push_noted(draft, body);
    for ledger in &ledgers {
        let key = SourceKey {
            ledger,
            kind: EarningKind::Purchase,
            source_ref,
        };
        earn::settle(draft, key, Share::ALL, Days::of(day));
    }
    if let (Some(points), Some(paid)) = (body.points, paid) {
        redemption::refund(draft, &paid.redemption, points);
    }
    Ok(())
}

fn bad(detail: String) -> Rejection {
    Rejection::new(Reason::BadRefund, detail)
}

/// Whether a refund fits its purchase: it is new, names lines that it has, and gives back no more than is left.
fn check(earning: &Earning, body: &RefundRequest) -> Result<(), Rejection> {
    if earning.refunds.contains(&body.refund) {
        return Err(bad(format!("refund {} was taken already", body.refund)));
    }
    let mut lines = earning.lines.clone();
    for part in &body.lines {
        if part.net <= Money::ZERO {
            return Err(bad(format!(
                "the refund of {} must be above zero",
                part.item
            )));
        }
        if !lines.iter().any(|line| line.item == part.item) {
            return Err(bad(format!(
                "the purchase has no line of item {}",
                part.item
            )));
        }
        let left = spread(&mut lines, part.item.as_str(), part.net);
        if left > Money::ZERO {
            return Err(bad(format!(
                "the refund of {} is {left} more than is left of it",
                part.item
            )));
        }
    }
    let amount = body.amount.unwrap_or_default();
    if amount < Money::ZERO {
        return Err(bad("the refund must be above zero".to_owned()));
    }
    let left: Money = lines.iter().map(|line| line.value - line.refunded).sum();
    let over = earning.refunded - left;
    if !body.lines.is_empty() && over > Money::ZERO {
        return Err(bad(format!(
            "with what was refunded before, the refund is {over} more than the purchase came to"
        )));
    }
    let in_points = earning.points_part.as_ref().map(|paid| paid.amount);
    let left = left - earning.refunded - in_points.unwrap_or_default();
    let over = amount - left.floored_at_zero();
    match over > Money::ZERO {
        true => Err(bad(format!(
            "the refund is {over} more than is left of the purchase"
        ))),
        false => Ok(()),
    }
}

/// Takes a refund off the lines of an item, first to last; gives what none of them could take.
fn spread(lines: &mut [EarningLine], item: &str, net: Money) -> Money {
    let mut left = net;
    for line in lines.iter_mut().filter(|line| line.item == item) {
        let part = left.min((line.value - line.refunded).floored_at_zero());
        line.refunded += part;
        left -= part;
    }
    left
}

/// Takes up what waited for a purchase that has just come, in the order in which it came; each at its own instant.
/// What does not fit is given up.
pub(crate) fn take_up(draft: &mut Draft<'_>, purchase: &PurchaseId) {
    let parked = draft.row.cold().loyalty.parked.iter();
    let waiting: Vec<ParkedRefund> = parked
        .filter(|parked| parked.refund.purchase == *purchase)
        .cloned()
        .collect();
    let instant = draft.effective_at;
    for parked in waiting {
        draft.effective_at = parked.occurred_at;
        if let Err(rejection) = give_back(draft, &parked.refund) {
            give_up(draft, &parked, rejection);
        }
    }
    draft.effective_at = instant;
}

fn give_up(draft: &mut Draft<'_>, parked: &ParkedRefund, rejection: Rejection) {
    draft.push(EventBody::CorrectionUnclaimed(CorrectionUnclaimed {
        key: parked.key.clone(),
        of: InputKey {
            source: parked.key.source.clone(),
            event_id: parked.refund.purchase.as_str().into(),
        },
        reason: rejection.reason,
        detail: rejection.detail,
    }));
}

/// The timer of refunds that have waited long enough.
pub(crate) fn end_waiting(draft: &mut Draft<'_>) {
    let parked = draft.row.cold().loyalty.parked.iter();
    let over: Vec<ParkedRefund> = parked
        .filter(|parked| parked.until <= draft.now)
        .cloned()
        .collect();
    for parked in over {
        let detail = format!(
            "purchase {} did not come in time; resubmit the refund when it has",
            parked.refund.purchase
        );
        give_up(
            draft,
            &parked,
            Rejection::new(Reason::UnknownPurchase, detail),
        );
    }
}

/// Takes a refund into the row. What waited waits no longer.
pub(crate) fn apply_noted(row: &mut Row, body: &RefundNoted) {
    let Some(loyalty) = row.cold_mut().loyalty.get_mut() else {
        return;
    };
    loyalty.parked.retain(|parked| {
        parked.refund.refund != body.refund || parked.refund.purchase != body.purchase
    });
    let source_ref = body.purchase.as_str();
    let is_it = |earning: &&mut Earning| {
        earning.kind == EarningKind::Purchase && earning.source_ref == source_ref
    };
    for earning in loyalty.earnings.iter_mut().filter(is_it) {
        for part in &body.lines {
            spread(&mut earning.lines, part.item.as_str(), part.net);
        }
        earning.refunded += body.amount;
        earning.refunds.push(body.refund.clone());
    }
}

/// Takes a waiting refund into the row.
pub(crate) fn apply_parked(row: &mut Row, body: &RefundParked) {
    row.cold_mut().loyalty.parked.push(ParkedRefund {
        key: body.key.clone(),
        occurred_at: body.occurred_at,
        refund: Arc::new(body.refund.clone()),
        until: body.until,
    });
}

/// A refund that was given up waits no longer.
pub(crate) fn remove(row: &mut Row, key: &InputKey) {
    if let Some(loyalty) = row.cold_mut().loyalty.get_mut() {
        loyalty.parked.retain(|parked| parked.key != *key);
    }
}
