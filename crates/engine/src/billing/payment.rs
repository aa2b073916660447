//! Payments: settled, announced, reversed; and credit that waits for a bill.

use super::change_bill;
use crate::account::{Payment, PaymentState, Row};
use crate::collections::case::{self, Trigger};
use crate::collections::{promise, step};
use crate::credit::latch;
use crate::decide::positive_minor;
use crate::draft::Draft;
use umbral_model::event::{Cause, CreditApplied, Event, EventBody, PaymentPosted, PaymentReturned};
use umbral_model::ids::BillId;
use umbral_model::input::{Allocation, Input, PaymentReceived, PaymentReversed};
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

/// Takes a payment: as instructed, else the undisputed part of the oldest bill due first; the rest is credit.
pub(crate) fn receive(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &PaymentReceived,
) -> Result<(), Rejection> {
    positive_minor(draft.row.currency, body.amount, "a payment")?;
    match draft.row.payment(&body.payment).map(|known| known.state) {
        None => {}
        Some(PaymentState::Pending) if !body.pending => {}
        Some(_) => {
            return Err(Rejection::new(
                Reason::PaymentExists,
                format!("payment {} was taken already", body.payment),
            ));
        }
    }
    check_allocations(&draft.row, body)?;
    if !body.pending {
        case::correct_later_steps(draft, input.occurred_at, body);
        use_credit(draft);
    }
    let (allocations, credit) = match body.pending {
        true => (Vec::new(), Money::ZERO),
        false => allocate(&draft.row, body),
    };
    let received_on = draft.local_date(input.occurred_at);
    draft.push(EventBody::PaymentPosted(PaymentPosted {
        payment: body.payment.clone(),
        amount: body.amount,
        method: body.method.clone(),
        allocations,
        credit,
        pending: body.pending,
        received_on,
    }));
    latch::compare(draft, Cause::Payment);
    let promise_ended = promise::end_if_kept(draft);
    let payment = (!body.pending).then(|| body.payment.clone());
    case::settle(
        draft,
        Trigger {
            rebase: !body.pending,
            payment,
            promise_ended,
            ..Trigger::default()
        },
    );
    Ok(())
}

fn check_allocations(row: &Row, body: &PaymentReceived) -> Result<(), Rejection> {
    let refuse = |why: String| Err(Rejection::new(Reason::BadAllocation, why));
    let mut total = Money::ZERO;
    for part in &body.allocations {
        if row.bill(&part.bill).is_none_or(|bill| bill.voided) {
            return refuse(format!("the account has no bill {} to pay", part.bill));
        }
        if part.amount <= Money::ZERO {
            return refuse(format!(
                "the part for bill {} must be above zero",
                part.bill
            ));
        }
        total += part.amount;
    }
    if total > body.amount {
        return refuse(format!(
            "the parts add up to {total}, the payment is {}",
            body.amount
        ));
    }
    Ok(())
}

/// What is left to pay of a bill while a payment is spread.
struct Open<'r> {
    bill: &'r BillId,
    remaining: Money,
    undisputed: Money,
    paid: Money,
}

/// Open bills, oldest due first; of the same day in the order in which they were opened.
fn open_bills(row: &Row) -> Vec<Open<'_>> {
    let mut open: Vec<_> = row
        .cold()
        .billing
        .bills
        .iter()
        .filter(|bill| bill.remaining > Money::ZERO)
        .collect();
    open.sort_by_key(|bill| bill.due_on);
    open.into_iter()
        .map(|bill| Open {
            bill: &bill.id,
            remaining: bill.remaining,
            undisputed: bill.undisputed(),
            paid: Money::ZERO,
        })
        .collect()
}

impl Open<'_> {
    /// Pays up to `amount` of what is undisputed, or of everything; gives what was paid.
    fn pay(&mut self, amount: Money, with_disputed: bool) -> Money {
        let paid = amount.min(if with_disputed {
            self.remaining
        } else {
            self.undisputed
        });
        self.remaining -= paid;
        self.undisputed = (self.undisputed - paid).floored_at_zero();
        self.paid += paid;
        paid
    }
}

/// The parts of a payment, and what is left over as credit.
fn allocate(row: &Row, body: &PaymentReceived) -> (Vec<Allocation>, Money) {
    let mut open = open_bills(row);
    let mut left = body.amount;
    for part in &body.allocations {
        if let Some(bill) = open.iter_mut().find(|bill| *bill.bill == part.bill) {
            left -= bill.pay(part.amount, true);
        }
    }
    for bill in &mut open {
        left -= bill.pay(left, false);
    }
    (paid_parts(open), left)
}

fn paid_parts(open: Vec<Open<'_>>) -> Vec<Allocation> {
    open.into_iter()
        .filter(|bill| bill.paid > Money::ZERO)
        .map(|bill| Allocation {
            bill: bill.bill.clone(),
            amount: bill.paid,
        })
        .collect()
}

/// Lets credit pay what is open and undisputed; it never lies beside such a bill.
pub(crate) fn use_credit(draft: &mut Draft<'_>) {
    let mut left = draft.row.credit;
    if left <= Money::ZERO {
        return;
    }
    let mut open = open_bills(&draft.row);
    for bill in &mut open {
        left -= bill.pay(left, false);
    }
    let allocations = paid_parts(open);
    if !allocations.is_empty() {
        draft.push(EventBody::CreditApplied(CreditApplied { allocations }));
    }
}

/// Money that went back: what it paid is open again.
pub(crate) fn reverse(draft: &mut Draft<'_>, body: &PaymentReversed) -> Result<(), Rejection> {
    let known = draft
        .row
        .payment(&body.payment)
        .filter(|known| known.state != PaymentState::Reversed);
    let Some(payment) = known else {
        return Err(Rejection::new(
            Reason::UnknownPayment,
            format!("the account has no payment {} to reverse", body.payment),
        ));
    };
    let allocations = payment
        .allocations
        .iter()
        .map(|(bill, amount)| Allocation {
            bill: bill.clone(),
            amount: *amount,
        })
        .collect();
    let returned = PaymentReturned {
        payment: body.payment.clone(),
        allocations,
        credit: payment.credit,
    };
    draft.push(EventBody::PaymentReturned(returned));
    use_credit(draft);
    latch::compare(draft, Cause::Payment);
    let promise_ended = promise::end_if_broken(draft);
    case::settle(
        draft,
        Trigger {
            reversed: Some(body.payment.clone()),
            promise_ended,
            ..Trigger::default()
        },
    );
    Ok(())
}

/// Takes a payment into the row.
pub(crate) fn apply_posted(row: &mut Row, event: &Event, body: &PaymentPosted) {
    let state = if body.pending {
        PaymentState::Pending
    } else {
        PaymentState::Settled
    };
    let payment = Payment {
        id: body.payment.clone(),
        seq: event.account_seq,
        received_at: event.effective_at,
        received_on: body.received_on,
        amount: body.amount,
        state,
        allocations: body
            .allocations
            .iter()
            .map(|part| (part.bill.clone(), part.amount))
            .collect(),
        credit: body.credit,
    };
    let cold = row.cold_mut();
    match cold
        .billing
        .payments
        .iter_mut()
        .find(|known| known.id == body.payment)
    {
        Some(known) => *known = payment,
        None => cold.billing.payments.push(payment),
    }
    if !body.pending {
        promise::count(&mut cold.collections, body.amount);
    }
    row.credit += body.credit;
    for part in &body.allocations {
        change_bill(row, &part.bill, |bill| bill.remaining -= part.amount);
    }
}

/// Takes a returned payment into the row.
pub(crate) fn apply_returned(row: &mut Row, body: &PaymentReturned) {
    let cold = row.cold_mut();
    if let Some(payment) = cold
        .billing
        .payments
        .iter_mut()
        .find(|known| known.id == body.payment)
    {
        let was_settled = payment.state == PaymentState::Settled;
        payment.state = PaymentState::Reversed;
        payment.allocations.clear();
        payment.credit = Money::ZERO;
        if was_settled && promise::is_after(&cold.collections, payment.seq) {
            promise::count(&mut cold.collections, -payment.amount);
        }
    }
    if let Some(collections) = cold.collections.get_mut() {
        step::undo_corrections(collections, &body.payment);
    }
    row.credit -= body.credit;
    for part in &body.allocations {
        change_bill(row, &part.bill, |bill| bill.remaining += part.amount);
    }
}

/// Takes the use of credit into the row: the credit of the oldest payments goes first.
pub(crate) fn apply_credit(row: &mut Row, body: &CreditApplied) {
    for part in &body.allocations {
        let mut left = part.amount;
        let cold = row.cold_mut();
        for payment in cold
            .billing
            .payments
            .iter_mut()
            .filter(|known| known.credit > Money::ZERO)
        {
            let used = left.min(payment.credit);
            if used > Money::ZERO {
                payment.credit -= used;
                left -= used;
                payment.allocations.push((part.bill.clone(), used));
            }
        }
        cold.billing.other_credit -= left;
        row.credit -= part.amount;
        change_bill(row, &part.bill, |bill| bill.remaining -= part.amount);
    }
}

/// Makes credit of what payments paid on a bill that is no more; gives the sum.
pub(crate) fn free_allocations(row: &mut Row, bill: &BillId) -> Money {
    let mut freed = Money::ZERO;
    for payment in &mut row.cold_mut().billing.payments {
        let of_bill: Money = payment
            .allocations
            .iter()
            .filter(|(id, _)| id == bill)
            .map(|(_, a)| *a)
            .sum();
        payment.allocations.retain(|(id, _)| id != bill);
        payment.credit += of_bill;
        freed += of_bill;
    }
    freed
}
