//! What became of debts: cases, steps, promises, and the cases that are worth a look.

use crate::bill::shown;
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::collections::BTreeMap;
use umbral_model::event::{CaseState, EventBody};
use umbral_model::ids::{AccountId, CaseId};
use umbral_model::money::Money;

/// What became of debts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Collected {
    /// Cases opened.
    pub opened: u64,
    /// Cures that were undone by a returned payment.
    pub reopened: u64,
    /// Cases of which all steps were taken.
    pub exhausted: u64,
    /// Cases closed, by what they were closed as.
    pub closed: BTreeMap<String, u64>,
    /// Cases that are open still.
    pub open: u64,
    /// Overdue in them.
    #[serde(serialize_with = "shown")]
    pub open_amount: Money,
    /// What cured cases asked for at most.
    #[serde(serialize_with = "shown")]
    pub cured_amount: Money,
    /// Steps taken, by action.
    pub steps: BTreeMap<String, u64>,
    /// Promises made, kept and broken.
    pub promises: Promises,
    /// Disputes opened.
    pub disputes: u64,
    /// Of them, such that something was accepted.
    pub disputes_won: u64,
    /// Payments that went back.
    pub returned_payments: u64,
    /// The open case with the hardest step, and the most overdue.
    pub hardest_case: Option<String>,
    /// The case in which most kinds of things happened.
    pub richest_case: Option<String>,
}

/// Promises.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Promises {
    /// Made.
    pub made: u64,
    /// Kept.
    pub kept: u64,
    /// Broken.
    pub broken: u64,
}

/// A case as far as it is told apart from others.
struct Sketch {
    case: CaseId,
    overdue: Money,
    most: Money,
    severity: u16,
    is_open: bool,
    /// Kinds of things that happened: a bit each.
    kinds: u8,
}

/// Follows the cases of some partitions.
#[derive(Default)]
pub(super) struct Cases {
    sums: Collected,
    /// The last case of each account that has had one.
    sketches: FxHashMap<AccountId, Sketch>,
}

const HELD: u8 = 1;
const PROMISED: u8 = 2;
const DISPUTED: u8 = 4;
const REOPENED: u8 = 8;
const BARRED: u8 = 16;
const PAID: u8 = 32;

impl Cases {
    pub(super) fn take(&mut self, account: &AccountId, body: &EventBody) {
        match body {
            EventBody::CaseOpened(state) => {
                self.sums.opened += 1;
                self.sketches.insert(account.clone(), Sketch::of(state));
            }
            EventBody::CaseReopened(state) => {
                self.sums.reopened += 1;
                self.sums.count_closed("cured", -1);
                if let Some(sketch) = self.sketches.get_mut(account) {
                    self.sums.cured_amount -= sketch.most;
                    sketch.is_open = true;
                    sketch.update(state, REOPENED);
                }
            }
            EventBody::CaseHeld(state) => self.update(account, state, HELD),
            EventBody::CaseUpdated(state) | EventBody::CaseResumed(state) => {
                self.update(account, state, 0);
            }
            EventBody::StepDue(due) => {
                *self.sums.steps.entry(due.action.to_string()).or_default() += 1;
                if let Some(sketch) = self.sketches.get_mut(account) {
                    sketch.severity = sketch.severity.max(due.severity);
                    sketch.kinds |= if due.reversible_by.is_some() {
                        BARRED
                    } else {
                        0
                    };
                }
            }
            EventBody::CaseExhausted(_) => self.sums.exhausted += 1,
            EventBody::CaseClosed(closed) => {
                self.sums.count_closed(&closed.reason, 1);
                if let Some(sketch) = self.sketches.get_mut(account) {
                    sketch.is_open = false;
                    if closed.reason == "cured" {
                        self.sums.cured_amount += sketch.most;
                    }
                }
            }
            EventBody::PromiseNoted(_) => {
                self.sums.promises.made += 1;
                self.mark(account, PROMISED);
            }
            EventBody::PromiseKept(_) => self.sums.promises.kept += 1,
            EventBody::PromiseBroken(_) => self.sums.promises.broken += 1,
            EventBody::DisputeNoted(_) => {
                self.sums.disputes += 1;
                self.mark(account, DISPUTED);
            }
            EventBody::DisputeSettled(settled) => {
                self.sums.disputes_won += u64::from(settled.accepted_amount > Money::ZERO);
            }
            EventBody::PaymentPosted(_) => self.mark(account, PAID),
            EventBody::PaymentReturned(_) => self.sums.returned_payments += 1,
            _ => {}
        }
    }

    fn update(&mut self, account: &AccountId, state: &CaseState, kind: u8) {
        if let Some(sketch) = self.sketches.get_mut(account) {
            sketch.update(state, kind);
        }
    }

    fn mark(&mut self, account: &AccountId, kind: u8) {
        let sketch = self.sketches.get_mut(account);
        if let Some(sketch) = sketch.filter(|sketch| sketch.is_open) {
            sketch.kinds |= kind;
        }
    }

    pub(super) fn add(&mut self, other: Cases) {
        let (sums, more) = (&mut self.sums, other.sums);
        sums.opened += more.opened;
        sums.reopened += more.reopened;
        sums.exhausted += more.exhausted;
        sums.cured_amount += more.cured_amount;
        sums.promises.made += more.promises.made;
        sums.promises.kept += more.promises.kept;
        sums.promises.broken += more.promises.broken;
        sums.disputes += more.disputes;
        sums.disputes_won += more.disputes_won;
        sums.returned_payments += more.returned_payments;
        for (reason, count) in more.closed {
            *sums.closed.entry(reason).or_default() += count;
        }
        for (action, count) in more.steps {
            *sums.steps.entry(action).or_default() += count;
        }
        // An account lives in one partition, so no account is in two of them.
        self.sketches.extend(other.sketches);
    }

    pub(super) fn conclude(self) -> Collected {
        let mut sums = self.sums;
        let open = || self.sketches.values().filter(|sketch| sketch.is_open);
        sums.open = open().count() as u64;
        sums.open_amount = open().map(|sketch| sketch.overdue).sum();
        // Of equals the one whose id comes first.
        let hardest = open().max_by(|a, b| {
            let rank = |sketch: &Sketch| (sketch.severity, sketch.overdue);
            rank(a).cmp(&rank(b)).then_with(|| b.case.cmp(&a.case))
        });
        sums.hardest_case = hardest.map(|sketch| sketch.case.to_string());
        let others = self
            .sketches
            .values()
            .filter(|sketch| Some(&sketch.case) != hardest.map(|hardest| &hardest.case));
        let richest = others.max_by(|a, b| {
            let rank = |sketch: &Sketch| (sketch.kinds.count_ones(), sketch.severity, sketch.most);
            rank(a).cmp(&rank(b)).then_with(|| b.case.cmp(&a.case))
        });
        sums.richest_case = richest.map(|sketch| sketch.case.to_string());
        sums
    }
}

impl Collected {
    fn count_closed(&mut self, reason: &str, more: i64) {
        let count = self.closed.entry(reason.to_owned()).or_default();
        *count = count.saturating_add_signed(more);
    }
}

impl Sketch {
    fn of(state: &CaseState) -> Sketch {
        Sketch {
            case: state.case.clone(),
            overdue: state.overdue_total,
            most: state.overdue_total,
            severity: 0,
            is_open: true,
            kinds: if state.hold_reasons.is_empty() {
                0
            } else {
                HELD
            },
        }
    }

    fn update(&mut self, state: &CaseState, kind: u8) {
        self.overdue = state.overdue_total;
        self.most = self.most.max(state.overdue_total);
        self.kinds |= kind;
    }
}
