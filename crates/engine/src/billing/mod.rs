//! Bills, payments and disputes: what moves between unbilled, billed, paid and credit.

pub(crate) mod bill;
pub(crate) mod dispute;
pub(crate) mod payment;

use crate::account::{Bill, Row};
use umbral_model::event::{Event, EventBody};
use umbral_model::ids::BillId;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};

/// Takes an event about bills and payments into the row.
pub(crate) fn apply(row: &mut Row, event: &Event) {
    match &event.body {
        EventBody::BillOpened(body) => bill::apply_opened(row, body),
        EventBody::BillWithdrawn(body) => bill::apply_withdrawn(row, body),
        EventBody::BillReduced(body) => bill::apply_reduced(row, body),
        EventBody::PaymentPosted(body) => payment::apply_posted(row, event, body),
        EventBody::PaymentReturned(body) => payment::apply_returned(row, body),
        EventBody::CreditApplied(body) => payment::apply_credit(row, body),
        EventBody::DisputeNoted(body) => dispute::apply_noted(row, body),
        EventBody::DisputeSettled(body) => dispute::apply_settled(row, body),
        _ => {}
    }
    debug_assert!(
        sums_agree(row),
        "the row's sums are those of its bills and payments"
    );
}

/// The bill, unless it was voided.
fn standing_bill<'r>(row: &'r Row, id: &BillId) -> Result<&'r Bill, Rejection> {
    row.bill(id).filter(|bill| !bill.voided).ok_or_else(|| {
        Rejection::new(
            Reason::UnknownBill,
            format!("the account has no bill {id} to change"),
        )
    })
}

/// Changes a bill, and with it the sums over all bills. The disputed part never exceeds what is left.
fn change_bill(row: &mut Row, id: &BillId, change: impl FnOnce(&mut Bill)) {
    let cold = row.cold_mut();
    let claimed: Money = cold
        .billing
        .disputes
        .iter()
        .filter(|dispute| dispute.bill == *id)
        .map(|d| d.amount)
        .sum();
    let Some(bill) = cold.billing.bills.iter_mut().find(|bill| bill.id == *id) else {
        return;
    };
    let (remaining, disputed) = (bill.remaining, bill.disputed);
    change(bill);
    bill.disputed = claimed.min(bill.remaining);
    let (owed, contested) = (bill.remaining - remaining, bill.disputed - disputed);
    row.open += owed;
    row.disputed += contested;
}

/// Adds credit that no payment brought.
fn add_other_credit(row: &mut Row, credit: Money) {
    if credit != Money::ZERO {
        row.cold_mut().billing.other_credit += credit;
        row.credit += credit;
    }
}

fn sums_agree(row: &Row) -> bool {
    let cold = row.cold();
    let open: Money = cold.billing.bills.iter().map(|bill| bill.remaining).sum();
    let disputed: Money = cold.billing.bills.iter().map(|bill| bill.disputed).sum();
    let credit: Money = cold
        .billing
        .payments
        .iter()
        .map(|payment| payment.credit)
        .sum();
    row.open == open && row.disputed == disputed && row.credit == credit + cold.billing.other_credit
}
