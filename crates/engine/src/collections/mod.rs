//! Collections: what is overdue, the one open case, its steps, and what holds it.

pub(crate) mod case;
pub(crate) mod hold;
pub(crate) mod overdue;
pub(crate) mod promise;
pub(crate) mod schedule;
pub(crate) mod step;

use crate::account::Row;
use crate::rare::Nothing;
use smol_str::SmolStr;
use umbral_model::event::{CaseState, Event, EventBody};
use umbral_model::ids::{PaymentId, PromiseId};
use umbral_model::input::{HoldReason, Instalment};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// The collections part of an account.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Collections {
    pub case: Option<Box<Case>>,
    /// The case closed last.
    pub closed: Option<Box<ClosedCase>>,
    /// Local day of the last cure that stands, of whichever case.
    pub cured_on: Option<Date>,
    pub cases_opened: u32,
    /// Local day of the last step that the customer noticed.
    pub last_contact_on: Option<Date>,
    pub promise: Option<Promise>,
    pub holds: Vec<Hold>,
}

impl Nothing for Collections {
    fn nothing() -> &'static Collections {
        static NOTHING: Collections = Collections {
            case: None,
            closed: None,
            cured_on: None,
            cases_opened: 0,
            last_contact_on: None,
            promise: None,
            holds: Vec::new(),
        };
        &NOTHING
    }
}

/// A case: its figures as they were told last, and its history.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Case {
    pub state: CaseState,
    pub done: Vec<DoneStep>,
    pub exhausted: bool,
}

/// A step that was taken.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct DoneStep {
    pub step: u16,
    pub action: SmolStr,
    pub severity: u16,
    pub on: Date,
    pub at: Timestamp,
    /// Position of its event.
    pub seq: u64,
    /// U as it was then: what the step asked for.
    pub asked: Money,
    /// The payment that says that it should not have been taken.
    pub corrected_by: Option<PaymentId>,
    pub result: Option<SmolStr>,
}

/// A closed case, for reopening.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct ClosedCase {
    pub case: Case,
    pub on: Date,
    /// As what: `cured`, `agency`, `exempted` or `written_off`.
    pub reason: SmolStr,
    pub cured_by: Option<PaymentId>,
    /// Local day of the last cure before this case was closed: it counts again if this one is undone.
    pub earlier_cure_on: Option<Date>,
}

/// A promise that runs.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Promise {
    pub id: PromiseId,
    /// Position of the event that noted it: payments after it count.
    pub seq: u64,
    pub instalments: Vec<Instalment>,
    pub paid: Money,
}

/// A hold by hand, or an exemption.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Hold {
    pub reason: HoldReason,
    pub until: Option<Date>,
}

impl DoneStep {
    /// Whether it should not have been taken.
    pub(crate) fn is_corrected(&self) -> bool {
        self.corrected_by.is_some()
    }
}

impl Case {
    /// The number of the last step taken; 0 for none.
    pub(crate) fn last_step(&self) -> u16 {
        self.done.last().map_or(0, |done| done.step)
    }

    /// The numbers of the steps taken.
    pub(crate) fn steps_done(&self) -> Vec<u16> {
        self.done.iter().map(|done| done.step).collect()
    }

    pub(crate) fn is_held(&self) -> bool {
        !self.state.hold_reasons.is_empty()
    }
}

/// Takes an event of collections into the row.
pub(crate) fn apply(row: &mut Row, event: &Event) {
    let collections = &mut row.cold_mut().collections;
    match &event.body {
        EventBody::CaseOpened(state) => {
            collections.cases_opened += 1;
            collections.case = Some(Box::new(Case {
                state: (**state).clone(),
                done: Vec::new(),
                exhausted: false,
            }));
        }
        EventBody::CaseReopened(state) => case::apply_reopened(collections, state),
        EventBody::CaseUpdated(state)
        | EventBody::CaseHeld(state)
        | EventBody::CaseResumed(state) => {
            if let Some(case) = &mut collections.case {
                // By another schedule there may be steps again.
                case.exhausted &= case.state.step_shift == state.step_shift
                    && case.state.schedule == state.schedule;
                case.state = (**state).clone();
            }
        }
        EventBody::CaseClosed(body) => case::apply_closed(row, body),
        EventBody::CaseExhausted(_) => {
            if let Some(case) = &mut collections.case {
                case.exhausted = true;
                case.state.next_step_on = None;
            }
        }
        EventBody::StepDue(body) => step::apply_due(collections, event, body),
        EventBody::StepPostponed(body) => {
            if let Some(case) = &mut collections.case {
                case.state.not_before = case.state.not_before.max(body.not_before);
            }
        }
        EventBody::StepResultNoted(body) => step::apply_result(collections, body),
        EventBody::CorrectionApplied(body) => step::apply_correction(collections, body),
        EventBody::PromiseNoted(body) => {
            collections.promise = Some(Promise {
                id: body.promise.clone(),
                seq: event.account_seq,
                instalments: body.instalments.clone(),
                paid: Money::ZERO,
            });
        }
        EventBody::PromiseWithdrawn(_)
        | EventBody::PromiseKept(_)
        | EventBody::PromiseBroken(_) => collections.promise = None,
        EventBody::HoldNoted(body) => {
            collections.holds.retain(|hold| hold.reason != body.reason);
            collections.holds.push(Hold {
                reason: body.reason,
                until: body.until,
            });
            collections.holds.sort_unstable_by_key(|hold| hold.reason);
        }
        EventBody::HoldReleased(body) => {
            collections.holds.retain(|hold| hold.reason != body.reason);
        }
        _ => {}
    }
}
