//! The story of one case: how it stands, everything that led to it and happened in it, and what comes next.

use super::list::{ListedCase, account_of_case, listed};
use super::record::{CaseRecord, Moment, Record};
use super::words::{self, Told};
use crate::as_of::AccountFold;
use crate::bill::shown;
use crate::entries::{Walk, seen_by};
use crate::{History, HistoryError};
use core::ops::ControlFlow;
use serde::Serialize;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::ids::{AccountId, BillId, CaseId};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};
use umbral_wire::{OutputBody, outputs};

/// The story of a case.
#[derive(Clone, Debug, Serialize)]
pub struct CaseStory {
    /// The clock of the last thing that is in it.
    #[serde(serialize_with = "shown")]
    pub as_of: Timestamp,
    /// How it stands.
    #[serde(flatten)]
    pub case: ListedCase,
    /// Its schedule.
    pub schedule: String,
    /// Local day on which it was closed.
    pub closed_on: Option<String>,
    /// As what it was closed: `cured`, `written_off`, `exempted` or `agency`.
    pub closed_as: Option<String>,
    /// Days that do not count because it was held.
    pub held_days: u32,
    /// Overdue bills, oldest first.
    pub overdue_bills: Vec<StoryBill>,
    /// Steps that were taken.
    pub steps_done: Vec<StoryStep>,
    /// Steps to come if nothing is paid; none while it is held.
    pub steps_to_come: Vec<StoryStep>,
    /// Services that its steps bar now.
    pub barred: Vec<String>,
    /// What happened, oldest first.
    pub timeline: Vec<Happening>,
}

/// What a case asks for on one bill.
#[derive(Clone, Debug, Serialize)]
pub struct StoryBill {
    /// The bill.
    pub bill_id: String,
    /// Last day to pay it in time.
    #[serde(serialize_with = "shown")]
    pub due_on: Date,
    /// What is left of it.
    #[serde(serialize_with = "shown")]
    pub remaining: Money,
    /// Of that, disputed.
    #[serde(serialize_with = "shown")]
    pub disputed: Money,
}

/// A step of a case.
#[derive(Clone, Debug, Serialize)]
pub struct StoryStep {
    /// Its number.
    pub step: u16,
    /// What it does.
    pub action: String,
    /// How hard it is.
    pub severity: u16,
    /// Its local day.
    #[serde(serialize_with = "shown")]
    pub on: Date,
    /// What came of it.
    pub result: Option<String>,
    /// It should not have been taken.
    pub corrected: bool,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Happening {
    /// The local day.
    #[serde(serialize_with = "shown")]
    pub day: Date,
    /// The instant.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// The kind of its event.
    pub kind: &'static str,
    /// What happened, in words.
    pub text: String,
    /// The amount that it is about.
    pub amount: Option<String>,
    /// The input that caused it, `SOURCE/EVENT_ID`; of a timer `timer/KIND/ID/DUE`.
    pub caused_by: String,
    /// Who ordered it.
    pub actor: Option<String>,
    /// Why it was ordered.
    pub reason: Option<String>,
    /// The input's number.
    pub position: u64,
}

impl History {
    /// The story of a case.
    pub fn case_story(&self, case: &str, moment: Moment) -> Result<CaseStory, HistoryError> {
        let unknown = |hint: Option<String>| HistoryError::UnknownCase {
            case: case.to_owned(),
            hint,
        };
        let id = CaseId::new(case);
        let account = account_of_case(&id).ok_or_else(|| unknown(None))?;
        let mut walk = Walk::of(self, &account)?;
        let mut told = Teller::new(account.clone(), moment);
        walk.go(|walked| {
            told.take(walked.world, &walked.entries);
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        let ids = || {
            told.record
                .cases
                .iter()
                .map(|case| case.state.case.as_str())
        };
        match ids().any(|known| known == case) {
            true => told.conclude(&id).ok_or_else(|| unknown(None)),
            false => Err(unknown(cases_of(&account, &ids().collect::<Vec<_>>()))),
        }
    }

    /// The account that a case is of.
    pub fn account_of_case(case: &str) -> Option<AccountId> {
        account_of_case(&CaseId::new(case))
    }
}

fn cases_of(account: &AccountId, known: &[&str]) -> Option<String> {
    match known {
        [] => None,
        [one] => Some(format!("account {account} has {one} only")),
        many => Some(format!("account {account} has {}", many.join(", "))),
    }
}

/// Something that happened, and what it is about.
struct Noted {
    happening: Happening,
    told: Told,
}

/// Follows one account.
struct Teller {
    account: AccountId,
    moment: Moment,
    world: Arc<World>,
    record: Record,
    fold: AccountFold,
    noted: Vec<Noted>,
}

impl Teller {
    fn new(account: AccountId, moment: Moment) -> Teller {
        Teller {
            fold: AccountFold::new(account.clone()),
            account,
            moment,
            world: Arc::default(),
            record: Record::default(),
            noted: Vec::new(),
        }
    }

    fn take(&mut self, world: &Arc<World>, entries: &[(umbral_model::ids::PartitionNo, Entry)]) {
        self.world = Arc::clone(world);
        self.fold.enter(world);
        for (_, entry) in entries {
            let zone = self.record.rules(&self.world);
            if !self.moment.includes(entry.clock, zone) {
                continue;
            }
            if let Some(own) = seen_by(entry, &self.account) {
                self.note(&own);
                self.fold.take(entry);
            }
        }
    }

    fn note(&mut self, entry: &Entry) {
        let input = match &entry.input {
            JournaledInput::Account(input) => Some(input),
            _ => None,
        };
        for output in outputs(entry) {
            let OutputBody::Event(body) = output.body else {
                continue;
            };
            let told = words::told(body, &self.record);
            self.record.take(body);
            let Some(told) = told else {
                continue;
            };
            let at = output.effective_at;
            let by_input = input.filter(|input| output.caused_by == input.key);
            let order = |text: Option<&smol_str::SmolStr>| text.map(ToString::to_string);
            self.noted.push(Noted {
                happening: Happening {
                    day: self.record.rules(&self.world).local(at).date,
                    at,
                    kind: body.kind(),
                    text: told.text.clone(),
                    amount: told.amount.map(|amount| amount.to_string()),
                    caused_by: output.caused_by.to_string(),
                    actor: order(by_input.and_then(|input| input.actor.as_ref())),
                    reason: order(by_input.and_then(|input| input.reason.as_ref())),
                    position: entry.position,
                },
                told,
            });
        }
    }

    fn conclude(self, id: &CaseId) -> Option<CaseStory> {
        let case = self.record.cases.iter();
        let case = case.clone().find(|case| case.state.case == *id)?;
        let is_last = self
            .record
            .open_case()
            .is_some_and(|open| open.state.case == *id);
        let view = self.fold.view()?;
        let to_come = view.case.filter(|_| is_last).map(|case| case.steps_to_come);
        let barred = self.noted.iter().fold(Vec::new(), |mut barred, noted| {
            if let Some((service, present)) = &noted.told.bar
                && noted.told.case.as_ref() == Some(id)
            {
                barred.retain(|known| known != service);
                barred.extend(present.then(|| service.clone()));
            }
            barred
        });
        let mut header = listed(&self.world, &self.account, &self.record, case);
        if !is_last {
            (header.promise, header.holds) = (None, Vec::new());
        }
        Some(CaseStory {
            as_of: self.fold.clock(),
            case: header,
            schedule: case.state.schedule.to_string(),
            closed_on: case.closed.as_ref().map(|(on, _)| on.to_string()),
            closed_as: case.closed.as_ref().map(|(_, reason)| reason.to_string()),
            held_days: case.state.held_days,
            overdue_bills: overdue_bills(case),
            steps_done: steps_done(case),
            steps_to_come: to_come
                .unwrap_or_default()
                .into_iter()
                .map(step_of)
                .collect(),
            barred,
            timeline: select(self.noted, id),
        })
    }
}

fn overdue_bills(case: &CaseRecord) -> Vec<StoryBill> {
    let bills = case.state.bills.iter();
    bills
        .map(|bill| StoryBill {
            bill_id: bill.bill.to_string(),
            due_on: bill.due_on,
            remaining: bill.remaining,
            disputed: bill.disputed,
        })
        .collect()
}

fn steps_done(case: &CaseRecord) -> Vec<StoryStep> {
    let done = case.done.iter();
    done.map(|done| StoryStep {
        step: done.step,
        action: done.action.to_string(),
        severity: done.severity,
        on: done.on,
        result: done.result.as_ref().map(ToString::to_string),
        corrected: done.corrected,
    })
    .collect()
}

fn step_of(view: umbral_engine::StepView) -> StoryStep {
    StoryStep {
        step: view.step,
        action: view.action.to_string(),
        severity: view.severity,
        on: view.on,
        result: view.result.map(|result| result.to_string()),
        corrected: view.corrected,
    }
}

/// What belongs to a case: everything of the account while it was open; before it what happened to its bills,
/// and the holds that it began under; after it what names it.
fn select(noted: Vec<Noted>, id: &CaseId) -> Vec<Happening> {
    let mut bills: Vec<BillId> = Vec::new();
    for of_case in noted
        .iter()
        .filter(|noted| noted.told.case.as_ref() == Some(id))
    {
        let fresh = of_case
            .told
            .bills
            .iter()
            .filter(|bill| !bills.contains(*bill));
        let fresh: Vec<BillId> = fresh.cloned().collect();
        bills.extend(fresh);
    }
    let is_own = |noted: &Noted| noted.told.case.as_ref() == Some(id);
    let opened = noted
        .iter()
        .position(|noted| is_own(noted) && noted.told.opens);
    let closed = noted
        .iter()
        .rposition(|noted| is_own(noted) && noted.told.closes);
    let reopened = noted
        .iter()
        .rposition(|noted| is_own(noted) && noted.told.opens);
    let opened = opened.unwrap_or_default();
    let closed = closed.filter(|closed| reopened.is_none_or(|opened| opened < *closed));
    let under = holds_before(&noted[..opened]);
    let is_part = |index: usize, one: &Noted| {
        let names_bill = one.told.bills.iter().any(|bill| bills.contains(bill));
        if one.told.case.as_ref().is_some_and(|case| case != id) {
            return false;
        }
        match index < opened {
            true => (names_bill && one.told.case.is_none()) || under.contains(&index),
            false => is_own(one) || closed.is_none_or(|closed| index <= last_with(&noted, closed)),
        }
    };
    let parts: Vec<bool> = noted
        .iter()
        .enumerate()
        .map(|(index, one)| is_part(index, one))
        .collect();
    let chosen = noted.into_iter().zip(parts).filter(|(_, is_part)| *is_part);
    chosen.map(|(one, _)| one.happening).collect()
}

/// The last thing that came with the one at `index`: of one input.
fn last_with(noted: &[Noted], index: usize) -> usize {
    let position = noted[index].happening.position;
    let same = |one: &Noted| one.happening.position == position;
    noted.iter().rposition(same).unwrap_or(index)
}

/// Where holds and promises began that had not ended.
fn holds_before(noted: &[Noted]) -> Vec<usize> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    for (index, one) in noted.iter().enumerate() {
        let Some((hold, begins)) = &one.told.hold else {
            continue;
        };
        open.retain(|(known, _)| known != hold);
        if *begins {
            open.push((hold, index));
        }
    }
    open.into_iter().map(|(_, index)| index).collect()
}
