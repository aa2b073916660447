//! The overdue base U and the day on which it is enough for a case.

use crate::account::{Bill, Row};
use umbral_catalog::tables::Schedule;
use umbral_model::event::CaseBill;
use umbral_model::money::Money;
use umbral_model::time::Date;

/// What is overdue on a day.
pub(crate) struct Overdue {
    /// U: the undisputed rest of all overdue bills, less credit. Below zero where credit is more.
    pub base: Money,
    /// The disputed rest of the same bills.
    pub disputed: Money,
    /// The bills, oldest due first.
    pub bills: Vec<CaseBill>,
    /// Due day of the oldest of them, disputed or not.
    pub oldest_due: Option<Date>,
}

/// Bills that a case may ask for, oldest due first; of the same day in the order in which they were opened.
fn claimable(row: &Row) -> Vec<&Bill> {
    let mut bills: Vec<&Bill> = row
        .cold()
        .billing
        .bills
        .iter()
        .filter(|bill| bill.remaining > Money::ZERO && !bill.handed_over)
        .collect();
    bills.sort_by_key(|bill| bill.due_on);
    bills
}

/// What is overdue on the local day `today`: a bill due today is not.
pub(crate) fn overdue(row: &Row, today: Date) -> Overdue {
    let mut found = Overdue {
        base: -row.credit,
        disputed: Money::ZERO,
        bills: Vec::new(),
        oldest_due: None,
    };
    for bill in claimable(row)
        .into_iter()
        .take_while(|bill| bill.due_on < today)
    {
        found.base += bill.undisputed();
        found.disputed += bill.disputed;
        found.oldest_due = found.oldest_due.or(Some(bill.due_on));
        found.bills.push(CaseBill {
            bill: bill.id.clone(),
            remaining: bill.remaining,
            disputed: bill.disputed,
            due_on: bill.due_on,
        });
    }
    found
}

/// The anchor of a case and the first day on which it may open, as things stand: the anchor is the due day
/// of the bill at which the running sum first reaches the entry amount.
pub(crate) fn entry(row: &Row, schedule: &Schedule) -> Option<(Date, Date)> {
    let mut sum = -row.credit;
    let anchor = claimable(row).into_iter().find_map(|bill| {
        sum += bill.undisputed();
        (sum >= schedule.entry_amount && bill.undisputed() > Money::ZERO).then_some(bill.due_on)
    })?;
    let days = i32::try_from(schedule.entry_days)
        .unwrap_or(i32::MAX)
        .max(1);
    Some((anchor, anchor.plus_days(days)))
}

/// The due day of the next bill that becomes overdue after `day`.
pub(crate) fn next_due_after(row: &Row, day: Date) -> Option<Date> {
    claimable(row)
        .into_iter()
        .map(|bill| bill.due_on)
        .find(|due_on| *due_on >= day)
}
