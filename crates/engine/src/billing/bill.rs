//! Bills: issued, voided, made smaller.

use super::{add_other_credit, change_bill, payment, standing_bill};
use crate::account::{Bill, Row};
use crate::collections::case::{self, Trigger};
use crate::credit::latch;
use crate::dates;
use crate::decide::{positive_minor, whole_minor};
use crate::draft::Draft;
use crate::loyalty::invoice;
use umbral_model::event::*;
use umbral_model::ids::BillId;
use umbral_model::input::{BillIssued, BillVoided, CreditNote, WriteOff};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Date;

/// Opens a bill in place of the unbilled money up to its cycle's end.
pub(crate) fn issue(draft: &mut Draft<'_>, body: &BillIssued) -> Result<(), Rejection> {
    whole_minor(draft.row.currency, body.amount, "a bill")?;
    if draft.row.bill(&body.bill).is_some() {
        return Err(Rejection::new(
            Reason::BillExists,
            format!("the account has bill {} already", body.bill),
        ));
    }
    let due_on = due_day(draft, body)?;
    let unbilled = unbilled_up_to(&draft.row, body.cycle_end);
    draft.push(EventBody::BillOpened(BillOpened {
        bill: body.bill.clone(),
        cycle_end: body.cycle_end,
        amount: body.amount,
        due_on,
        unbilled,
        bill_variance: body.amount - unbilled,
        replaces: body.replaces.clone(),
    }));
    payment::use_credit(draft);
    latch::compare(draft, Cause::Charge);
    case::settle(draft, Trigger::default());
    Ok(())
}

/// The due day of a bill: its own, or that of the voided bill that it replaces.
fn due_day(draft: &Draft<'_>, body: &BillIssued) -> Result<Date, Rejection> {
    let Some(replaced) = &body.replaces else {
        return Ok(body.due_on);
    };
    match draft.row.bill(replaced) {
        Some(bill) if bill.voided && body.keep_due_on => Ok(bill.due_on),
        Some(bill) if bill.voided => Ok(body.due_on),
        Some(_) => Err(Rejection::new(
            Reason::UnknownBill,
            format!("bill {replaced} is not voided; void it before it is replaced"),
        )),
        None => Err(Rejection::new(
            Reason::UnknownBill,
            format!("the account has no bill {replaced} to replace"),
        )),
    }
}

/// Unbilled money of all cycles that end on `cycle_end` or before.
fn unbilled_up_to(row: &Row, cycle_end: Date) -> Money {
    let earlier: Money = row
        .cold()
        .buckets
        .iter()
        .filter(|(start, _)| dates::next_cycle(*start, row.cycle_day) <= cycle_end)
        .map(|(_, amount)| *amount)
        .sum();
    if row.next_cycle() <= cycle_end {
        earlier + row.unbilled_current
    } else {
        earlier
    }
}

/// Takes a bill back: its amount is unbilled again, what was paid on it is credit.
pub(crate) fn void(draft: &mut Draft<'_>, body: &BillVoided) -> Result<(), Rejection> {
    let bill = standing_bill(&draft.row, &body.bill)?;
    if bill.cycle_end.is_none() {
        return Err(Rejection::new(
            Reason::UnknownBill,
            format!("{} is a late fee; write a credit note for it", body.bill),
        ));
    }
    let withdrawn = BillWithdrawn {
        bill: body.bill.clone(),
        unbilled: bill.amount - bill.reduced,
        credit: bill.paid(),
    };
    draft.push(EventBody::BillWithdrawn(withdrawn));
    payment::use_credit(draft);
    latch::compare(draft, Cause::Refund);
    case::settle(draft, Trigger::default());
    Ok(())
}

/// Credits money to a bill; what is beyond its rest is credit of the account.
pub(crate) fn credit(draft: &mut Draft<'_>, body: &CreditNote) -> Result<(), Rejection> {
    positive_minor(draft.row.currency, body.amount, "a credit note")?;
    let bill = standing_bill(&draft.row, &body.bill)?;
    let most = bill.amount - bill.reduced;
    if body.amount > most {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!(
                "a credit note of {} is above the bill's {most}",
                body.amount
            ),
        ));
    }
    let amount = body.amount.min(bill.remaining);
    draft.push(EventBody::BillReduced(BillReduced {
        bill: body.bill.clone(),
        reduction: Reduction::CreditNote,
        amount,
        credit: body.amount - amount,
    }));
    payment::use_credit(draft);
    latch::compare(draft, Cause::Refund);
    case::settle(
        draft,
        Trigger {
            rebase: true,
            ..Trigger::default()
        },
    );
    Ok(())
}

/// Gives money up on a bill.
pub(crate) fn write_off(draft: &mut Draft<'_>, body: &WriteOff) -> Result<(), Rejection> {
    positive_minor(draft.row.currency, body.amount, "a write-off")?;
    let remaining = standing_bill(&draft.row, &body.bill)?.remaining;
    if body.amount > remaining {
        return Err(Rejection::new(
            Reason::BadAmount,
            format!(
                "a write-off of {} is above what is left, {remaining}",
                body.amount
            ),
        ));
    }
    draft.push(EventBody::BillReduced(BillReduced {
        bill: body.bill.clone(),
        reduction: Reduction::WriteOff,
        amount: body.amount,
        credit: Money::ZERO,
    }));
    latch::compare(draft, Cause::Refund);
    case::settle(
        draft,
        Trigger {
            rebase: true,
            written_off: true,
            ..Trigger::default()
        },
    );
    Ok(())
}

/// Takes back a late fee that should not have been charged.
pub(crate) fn withdraw_fee(draft: &mut Draft<'_>, item: &BillId) {
    let Some(fee) = draft.row.bill(item).filter(|fee| fee.amount > fee.reduced) else {
        return;
    };
    let (amount, credit) = (fee.remaining, fee.paid());
    draft.push(EventBody::BillReduced(BillReduced {
        bill: item.clone(),
        reduction: Reduction::Correction,
        amount,
        credit,
    }));
}

/// Takes an opened bill into the row; a negative one is credit.
pub(crate) fn apply_opened(row: &mut Row, body: &BillOpened) {
    if row.next_cycle() <= body.cycle_end {
        row.unbilled_current = Money::ZERO;
    }
    row.unbilled -= body.unbilled;
    let cycle_day = row.cycle_day;
    let cold = row.cold_mut();
    cold.buckets
        .retain(|(start, _)| dates::next_cycle(*start, cycle_day) > body.cycle_end);
    cold.billed_to = cold.billed_to.max(Some(body.cycle_end));
    let remaining = body.amount.floored_at_zero();
    cold.billing.bills.push(Bill {
        id: body.bill.clone(),
        cycle_end: Some(body.cycle_end),
        due_on: body.due_on,
        amount: body.amount,
        remaining,
        disputed: Money::ZERO,
        reduced: Money::ZERO,
        voided: false,
        handed_over: false,
    });
    row.open += remaining;
    add_other_credit(row, remaining - body.amount);
}

/// Takes a late fee into the row: an open item that is not billed again.
pub(crate) fn open_fee(row: &mut Row, item: &BillId, due_on: Date, amount: Money) {
    row.open += amount;
    row.cold_mut().billing.bills.push(Bill {
        id: item.clone(),
        cycle_end: None,
        due_on,
        amount,
        remaining: amount,
        disputed: Money::ZERO,
        reduced: Money::ZERO,
        voided: false,
        handed_over: false,
    });
}

/// Takes a withdrawn bill into the row.
pub(crate) fn apply_withdrawn(row: &mut Row, body: &BillWithdrawn) {
    row.cold_mut()
        .billing
        .disputes
        .retain(|dispute| dispute.bill != body.bill);
    let cycle_end = row.bill(&body.bill).and_then(|bill| bill.cycle_end);
    change_bill(row, &body.bill, |bill| {
        bill.voided = true;
        bill.remaining = Money::ZERO;
        bill.reduced = bill.amount;
    });
    let returned = payment::free_allocations(row, &body.bill);
    row.credit += returned;
    add_other_credit(row, body.credit - returned);
    let last_day = cycle_end.unwrap_or(row.cycle_start).plus_days(-1);
    add_back(row, dates::cycle_of(last_day, row.cycle_day), body.unbilled);
}

fn add_back(row: &mut Row, cycle: Date, amount: Money) {
    row.unbilled += amount;
    if cycle >= row.cycle_start {
        row.unbilled_current += amount;
        return;
    }
    let buckets = &mut row.cold_mut().buckets;
    match buckets.binary_search_by_key(&cycle, |(start, _)| *start) {
        Ok(index) => buckets[index].1 += amount,
        Err(index) => buckets.insert(index, (cycle, amount)),
    }
}

/// Takes a smaller bill into the row.
pub(crate) fn apply_reduced(row: &mut Row, body: &BillReduced) {
    change_bill(row, &body.bill, |bill| {
        bill.remaining -= body.amount;
        bill.reduced += body.amount + body.credit;
    });
    add_other_credit(row, body.credit);
    if body.reduction == Reduction::WriteOff {
        invoice::apply_written_off(row, &body.bill);
    }
}
