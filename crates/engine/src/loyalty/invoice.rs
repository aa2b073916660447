//! Bills that earn as they are paid: an invoice's target follows from what is paid of it, so payments, their
//! reversals, credit notes and write-offs end at the same number in any order.

use super::earn::{self, Days, Share, SourceKey};
use super::ledger::{self, Club, find};
use super::rules::{self, SourceRules};
use super::{Earning, member};
use crate::account::{Bill, Row};
use crate::draft::Draft;
use smol_str::SmolStr;
use umbral_catalog::loyalty::{AccrualSource, InvoiceAccrual, LineFacts};
use umbral_model::event::*;
use umbral_model::ids::{BillId, LedgerName};
use umbral_model::input::{BillIssued, BillLine, Body};
use umbral_model::money::Money;

/// Notes a bill in every programme whose invoices earn.
pub(crate) fn note(draft: &mut Draft<'_>, body: &BillIssued) {
    let at = draft.effective_at;
    let earning = |club: &Club<'_>| club.programme.accrues(AccrualSource::Invoice);
    let clubs: Vec<Club<'_>> = ledger::clubs(draft.world, at).filter(earning).collect();
    for club in clubs {
        let Some(line) = &club.programme.default_line else {
            continue;
        };
        let rules = SourceRules::at(draft, club, EarningKind::Invoice, at);
        let lines = lines(draft, rules, line, body);
        if lines.iter().all(|line| line.rule.is_none()) {
            continue;
        }
        let name = member::open_line(draft, club, line, at);
        // A frozen ledger may be back when the bill is paid.
        if find(&draft.row, &name).is_some_and(|ledger| ledger.ended.is_some()) {
            continue;
        }
        let noted = rules.noted(draft, name, SmolStr::new(body.bill.as_str()), lines);
        earn::note(draft, club, noted);
    }
}

/// The lines of a bill that may earn: all of it where it has none, without what was credited as a purchase.
fn lines(
    draft: &Draft<'_>,
    rules: SourceRules<'_>,
    card_line: &str,
    body: &BillIssued,
) -> Vec<EarningLine> {
    let whole = [BillLine {
        category: SmolStr::default(),
        item: SmolStr::default(),
        net: body.amount,
        purchase: None,
    }];
    let lines = match body.lines.is_empty() {
        true => &whole[..],
        false => &body.lines,
    };
    let loyalty = &draft.row.cold().loyalty;
    let is_credited = |line: &BillLine| {
        let purchase = line.purchase.as_ref();
        purchase.is_some_and(|id| loyalty.purchases(id.as_str()).next().is_some())
    };
    let own = lines.iter().filter(|line| !is_credited(line));
    own.map(|line| {
        let facts = LineFacts {
            category: &line.category,
            item: &line.item,
            ..rules::facts_of_all(draft, card_line)
        };
        rules.line(&facts, line.item.clone(), line.net)
    })
    .collect()
}

/// The days by which an input about bills counts: what goes back was earned on the day of its payment.
pub(crate) fn days_of(draft: &Draft<'_>, body: &Body) -> Days {
    let day = draft.local_date(draft.effective_at);
    let returned = match body {
        Body::PaymentReversed(returned) => draft.row.payment(&returned.payment),
        _ => None,
    };
    Days {
        earned: day,
        lost: returned.map_or(day, |payment| payment.received_on),
    }
}

/// Posts what the account's bills should have earned by now.
pub(crate) fn settle(draft: &mut Draft<'_>, days: Days) {
    let earnings = draft.row.cold().loyalty.earnings.iter();
    let of_bills = earnings.filter(|earning| earning.kind == EarningKind::Invoice);
    let bills: Vec<(LedgerName, BillId, Share)> = of_bills
        .filter_map(|earning| {
            let id = BillId::new(earning.source_ref.clone());
            let bill = draft.row.bill(&id)?;
            let club = ledger::club(draft.world, &earning.ledger, draft.now)?;
            let share = share(club.programme.invoice, bill, earning);
            Some((earning.ledger.clone(), id, share))
        })
        .collect();
    for (name, bill, share) in bills {
        let key = SourceKey {
            ledger: &name,
            kind: EarningKind::Invoice,
            source_ref: bill.as_str(),
        };
        earn::settle(draft, key, share, days);
    }
}

/// What part of a bill earns. Lines that come to more than the bill earn for no more than is paid of it.
fn share(accrual: InvoiceAccrual, bill: &Bill, earning: &Earning) -> Share {
    if bill.voided || bill.amount <= Money::ZERO {
        return Share::NOTHING;
    }
    let part = match accrual {
        InvoiceAccrual::Progressive => bill.paid(),
        InvoiceAccrual::WhenPaid if bill.remaining > Money::ZERO => return Share::NOTHING,
        InvoiceAccrual::WhenPaid => bill.amount - bill.reduced,
    };
    let lines: Money = earning.lines.iter().map(|line| line.value).sum();
    Share {
        part,
        whole: bill.amount.max(lines),
    }
}

/// A bill that was given up, in part or whole, earns nothing.
pub(crate) fn apply_written_off(row: &mut Row, bill: &BillId) {
    let Some(loyalty) = row.cold_mut().loyalty.get_mut() else {
        return;
    };
    let is_it = |earning: &&mut Earning| {
        earning.kind == EarningKind::Invoice && earning.source_ref == bill.as_str()
    };
    for earning in loyalty.earnings.iter_mut().filter(is_it) {
        earning.written_off = true;
    }
}
