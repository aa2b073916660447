//! Events of collections in words that a collector would use.

use super::record::Record;
use smol_str::SmolStr;
use umbral_model::event::{
    CaseBill, CaseClosed, CaseState, ChargeKind, EventBody, PaymentPosted, Reduction, StepDue,
};
use umbral_model::ids::{BillId, CaseId};
use umbral_model::input::{Allocation, HoldReason, Instalment, RestrictionReason};
use umbral_model::money::Money;

/// An event in words, and what it is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub text: String,
    pub amount: Option<Money>,
    /// Bills that it changed, or that the case asks for.
    pub bills: Vec<BillId>,
    /// The case that it names.
    pub case: Option<CaseId>,
    /// The case begins with it, or begins again.
    pub opens: bool,
    /// The case ends with it.
    pub closes: bool,
    /// A hold of this reason, or a promise, begins or ends.
    pub hold: Option<(&'static str, bool)>,
    /// The case bars a service, or no longer.
    pub bar: Option<(String, bool)>,
}

impl Told {
    fn new(text: impl Into<String>) -> Told {
        Told {
            text: text.into(),
            ..Told::default()
        }
    }

    fn of(mut self, amount: Money) -> Told {
        self.amount = Some(amount);
        self
    }

    fn on(mut self, bill: &BillId) -> Told {
        self.bills.push(bill.clone());
        self
    }

    fn case(mut self, case: &CaseId) -> Told {
        self.case = Some(case.clone());
        self
    }

    fn holds(mut self, reason: &'static str, begins: bool) -> Told {
        self.hold = Some((reason, begins));
        self
    }
}

/// What an event says of collections to who knows the account as it was before it; none where it says nothing.
pub(super) fn told(body: &EventBody, before: &Record) -> Option<Told> {
    let currency = before.currency;
    let money = |amount: Money| format!("{amount} {currency}");
    withdrawn(body, before, &money)
        .or_else(|| of_bills(body, &money))
        .or_else(|| of_disputes(body, &money))
        .or_else(|| of_case(body, &money))
        .or_else(|| of_holds(body, &money))
        .or_else(|| of_account(body, &money))
}

/// An announced payment that will not come.
fn withdrawn(body: &EventBody, before: &Record, money: &dyn Fn(Money) -> String) -> Option<Told> {
    let EventBody::PaymentReturned(returned) = body else {
        return None;
    };
    let amount = before.announced(&returned.payment)?;
    let text = format!(
        "payment {} of {}, which had been announced only, will not come",
        returned.payment,
        money(amount)
    );
    Some(Told::new(text).of(amount))
}

fn of_bills(body: &EventBody, money: &dyn Fn(Money) -> String) -> Option<Told> {
    Some(match body {
        EventBody::BillOpened(opened) => {
            let instead = opened.replaces.as_ref();
            let instead = instead.map(|bill| format!(" in place of {bill}"));
            Told::new(format!(
                "bill {} of {}, due on {}{}",
                opened.bill,
                money(opened.amount),
                opened.due_on,
                instead.unwrap_or_default()
            ))
            .of(opened.amount)
            .on(&opened.bill)
        }
        EventBody::BillWithdrawn(withdrawn) => {
            Told::new(format!("bill {} taken back", withdrawn.bill)).on(&withdrawn.bill)
        }
        EventBody::PaymentPosted(posted) => payment(posted, money),
        EventBody::PaymentReturned(returned) => {
            let amount = total(&returned.allocations) + returned.credit;
            let text = format!(
                "payment {} of {} went back{}",
                returned.payment,
                money(amount),
                spread(&returned.allocations, "open again: ", money)
            );
            with_bills(Told::new(text).of(amount), &returned.allocations)
        }
        EventBody::CreditApplied(applied) => {
            let amount = total(&applied.allocations);
            let text = format!(
                "credit of {} used{}",
                money(amount),
                spread(&applied.allocations, "", money)
            );
            with_bills(Told::new(text).of(amount), &applied.allocations)
        }
        EventBody::BillReduced(reduced) => {
            let what = match reduced.reduction {
                Reduction::CreditNote => "credited",
                Reduction::WriteOff => "written off",
                Reduction::Correction => "taken back, as it was paid in time",
            };
            let amount = reduced.amount + reduced.credit;
            Told::new(format!("{} of {} {what}", money(amount), reduced.bill))
                .of(amount)
                .on(&reduced.bill)
        }
        EventBody::ChargePosted(posted) => match &posted.kind {
            ChargeKind::LateFee { item, .. } => {
                Told::new(format!("late fee of {}", money(posted.amount)))
                    .of(posted.amount)
                    .on(item)
            }
            _ => return None,
        },
        _ => return None,
    })
}

fn of_disputes(body: &EventBody, money: &dyn Fn(Money) -> String) -> Option<Told> {
    Some(match body {
        EventBody::DisputeNoted(dispute) => Told::new(format!(
            "{} of {} disputed ({})",
            money(dispute.amount),
            dispute.bill,
            dispute.dispute
        ))
        .of(dispute.amount)
        .on(&dispute.bill),
        EventBody::DisputeSettled(dispute) => Told::new(format!(
            "dispute {} on {} settled: {}",
            dispute.dispute,
            dispute.bill,
            match dispute.accepted_amount == Money::ZERO {
                true => "lost, nothing accepted".to_owned(),
                false => format!("{} accepted", money(dispute.accepted_amount)),
            }
        ))
        .of(dispute.accepted_amount)
        .on(&dispute.bill),
        _ => return None,
    })
}

fn payment(posted: &PaymentPosted, money: &dyn Fn(Money) -> String) -> Told {
    let credit = match posted.credit > Money::ZERO && !posted.pending {
        true => format!(", {} of it is credit", money(posted.credit)),
        false => String::new(),
    };
    let text = match posted.pending {
        true => format!(
            "payment {} of {} announced by {}, not settled yet",
            posted.payment,
            money(posted.amount),
            posted.method
        ),
        false => format!(
            "payment {} of {} by {}{}{credit}",
            posted.payment,
            money(posted.amount),
            posted.method,
            spread(&posted.allocations, "", money)
        ),
    };
    with_bills(Told::new(text).of(posted.amount), &posted.allocations)
}

fn with_bills(mut told: Told, allocations: &[Allocation]) -> Told {
    told.bills = allocations.iter().map(|part| part.bill.clone()).collect();
    told
}

fn total(allocations: &[Allocation]) -> Money {
    allocations.iter().map(|part| part.amount).sum()
}

/// `: 10.00 EUR on B1, 5.00 EUR on B2`
fn spread(allocations: &[Allocation], what: &str, money: &dyn Fn(Money) -> String) -> String {
    let parts = allocations.iter();
    let parts: Vec<String> = parts
        .map(|part| format!("{} on {}", money(part.amount), part.bill))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(": {what}{}", parts.join(", ")),
    }
}

fn of_case(body: &EventBody, money: &dyn Fn(Money) -> String) -> Option<Told> {
    Some(match body {
        EventBody::CaseOpened(state) => Told {
            opens: true,
            ..figures("case opened", state, money)
        },
        EventBody::CaseReopened(state) => Told {
            opens: true,
            ..figures("case open again", state, money)
        },
        EventBody::CaseUpdated(state) => figures("case goes on", state, money),
        EventBody::CaseResumed(state) => figures("case goes on after a hold", state, money),
        EventBody::CaseHeld(state) => {
            let reasons: Vec<&str> = state.hold_reasons.iter().map(|one| one.word()).collect();
            let what = format!("case held ({})", reasons.join(", "));
            figures(&what, state, money)
        }
        EventBody::StepDue(due) => step(due, money),
        EventBody::StepResultNoted(noted) => {
            Told::new(format!("result of step {}: {}", noted.step, noted.result)).case(&noted.case)
        }
        EventBody::CorrectionApplied(applied) => {
            let back = applied.reversal.as_ref();
            let back = back.map(|action| format!("; {action} is taken back"));
            let (Some(case), Some(step)) = (&applied.case, applied.step) else {
                return None;
            };
            let action = applied.action.clone().unwrap_or_default();
            let payment = applied.payment.clone().unwrap_or_default();
            Told::new(format!(
                "step {step}, {action}, should not have been: {payment} was paid before{}",
                back.unwrap_or_default()
            ))
            .case(case)
        }
        EventBody::StepCancelled(cancelled) => {
            let text = format!(
                "step {} will not come: {}",
                cancelled.step,
                plain(&cancelled.reason)
            );
            Told::new(text).case(&cancelled.case)
        }
        EventBody::CaseExhausted(exhausted) => {
            Told::new("all steps are taken").case(&exhausted.case)
        }
        EventBody::CaseClosed(closed) => case_closed(closed),
        EventBody::RestrictionNoted(noted) if noted.reason == RestrictionReason::Collections => {
            let text = match noted.present {
                true => format!("{} barred by the case", plain(&noted.service)),
                false => format!("{} no longer barred by the case", plain(&noted.service)),
            };
            let mut told = Told::new(text).case(&CaseId::new(noted.source.clone()));
            told.bar = Some((noted.service.to_string(), noted.present));
            told
        }
        _ => return None,
    })
}

/// A word of the catalog as people read it.
fn plain(word: &SmolStr) -> String {
    word.replace('_', " ")
}

fn figures(what: &str, state: &CaseState, money: &dyn Fn(Money) -> String) -> Told {
    let disputed: Money = state.bills.iter().map(|bill| bill.disputed).sum();
    let mut text = format!(
        "{what}: {} overdue on {}",
        money(state.overdue_total),
        match state.bills.as_slice() {
            [one] => one.bill.to_string(),
            many => format!("{} bills", many.len()),
        }
    );
    if disputed > Money::ZERO {
        text += &format!(", {} more disputed", money(disputed));
    }
    if let Some(on) = state.next_step_on {
        text += &format!(", next step on {on}");
    }
    let mut told = Told::new(text).of(state.overdue_total).case(&state.case);
    told.bills = bills(&state.bills);
    told
}

fn bills(bills: &[CaseBill]) -> Vec<BillId> {
    bills.iter().map(|bill| bill.bill.clone()).collect()
}

fn step(due: &StepDue, money: &dyn Fn(Money) -> String) -> Told {
    let mut text = format!(
        "step {}, {}: asks for {}",
        due.step,
        plain(&due.action),
        money(due.amount)
    );
    if due.cure_amount < due.amount {
        text += &format!(" ({} would do)", money(due.cure_amount));
    }
    text += &match (&due.next_action, due.next_step_on) {
        (Some(action), Some(on)) => format!("; {} follows on {on}", plain(action)),
        _ => "; nothing follows".to_owned(),
    };
    let mut told = Told::new(text).of(due.amount).case(&due.case);
    told.bills = bills(&due.bills);
    told
}

fn case_closed(closed: &CaseClosed) -> Told {
    let by = closed.cured_by.as_ref();
    let by = by.map(|payment| format!(" by payment {payment}"));
    let reversed: Vec<String> = closed.reversals.iter().map(plain).collect();
    let reversed = match reversed.is_empty() {
        true => String::new(),
        false => format!("; taken back: {}", reversed.join(", ")),
    };
    let text = format!(
        "case closed: {}{}{reversed}",
        plain(&closed.reason),
        by.unwrap_or_default()
    );
    let mut told = Told::new(text).case(&closed.case);
    told.closes = true;
    told
}

fn of_holds(body: &EventBody, money: &dyn Fn(Money) -> String) -> Option<Told> {
    const PROMISE: &str = HoldReason::Promise.word();
    Some(match body {
        EventBody::HoldNoted(hold) => {
            let until = hold.until.map(|until| format!(" to {until}"));
            let text = format!("hold {}{}", hold.reason.word(), until.unwrap_or_default());
            Told::new(text).holds(hold.reason.word(), true)
        }
        EventBody::HoldReleased(hold) => {
            let text = format!("hold {} ended", hold.reason.word());
            Told::new(text).holds(hold.reason.word(), false)
        }
        EventBody::PromiseNoted(noted) => {
            let part = |one: &Instalment| format!("{} to {}", money(one.amount), one.due_on);
            let parts: Vec<String> = noted.instalments.iter().map(part).collect();
            Told::new(format!("promise {}: {}", noted.promise, parts.join(", ")))
                .holds(PROMISE, true)
        }
        EventBody::PromiseWithdrawn(withdrawn) => {
            Told::new(format!("promise {} cancelled", withdrawn.promise)).holds(PROMISE, false)
        }
        EventBody::PromiseKept(ended) => Told::new(format!(
            "promise {} kept: {} paid",
            ended.promise,
            money(ended.paid)
        ))
        .of(ended.paid)
        .holds(PROMISE, false),
        EventBody::PromiseBroken(ended) => Told::new(format!(
            "promise {} broken: {} missing",
            ended.promise,
            money(ended.missing)
        ))
        .of(ended.missing)
        .holds(PROMISE, false),
        _ => return None,
    })
}

fn of_account(body: &EventBody, money: &dyn Fn(Money) -> String) -> Option<Told> {
    Some(match body {
        EventBody::DepositPosted(posted) => {
            Told::new(format!("deposit of {}", money(posted.amount))).of(posted.amount)
        }
        EventBody::ClassSet(set) => Told::new(format!("class {} in place of {}", set.to, set.from)),
        EventBody::VipRankSet(set) => {
            Told::new(format!("VIP rank {} {}", set.rank, set.source.word()))
        }
        EventBody::EffortNoted(noted) => {
            Told::new(format!("effort scored {} by the customer", noted.score))
        }
        _ => return None,
    })
}
