//! The work list: all cases that are not over, hardest first.

use super::CaseStanding;
pub use super::record::Moment;
use super::record::{CaseRecord, Record};
use crate::bill::shown;
use crate::entries::account_of;
use crate::{History, HistoryError, threads};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use umbral_engine::World;
use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, CaseId};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};
use umbral_runtime::{EngineError, FrameFold, ScannedFrame, fold_all};

/// Which cases are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// As they stood then.
    pub moment: Moment,
    /// Only of these classes.
    pub classes: Vec<String>,
    /// Only of at least this severity.
    pub min_severity: u16,
    /// Only those that stand so.
    pub standings: Vec<CaseStanding>,
    /// Only those of which a step was taken on the day itself.
    pub due: bool,
    /// Only with at least this much overdue.
    pub min_amount: Option<Money>,
}

/// The cases that are not over.
#[derive(Clone, Debug, Serialize)]
pub struct WorkList {
    /// The clock of the last thing that is in it.
    pub as_of: Option<String>,
    /// The cases, hardest first.
    pub cases: Vec<ListedCase>,
    /// What they come to.
    pub totals: Vec<CaseTotals>,
}

/// A case as the work list has it.
#[derive(Clone, Debug, Serialize)]
pub struct ListedCase {
    /// The case.
    pub case_id: String,
    /// Its account.
    pub account_id: String,
    /// Credit class.
    pub class: String,
    /// VIP rank.
    pub vip_rank: u16,
    /// `open`, `held` or `exhausted`.
    pub state: &'static str,
    /// Severity of the hardest step that was taken.
    pub severity: u16,
    /// Overdue base.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// What would cure the case.
    #[serde(serialize_with = "shown")]
    pub cure_amount: Money,
    /// The disputed part of the overdue bills, which is not in the amount.
    #[serde(serialize_with = "shown")]
    pub disputed: Money,
    /// Currency of all amounts.
    pub currency: String,
    /// Overdue bills.
    pub bills: usize,
    /// The oldest of them.
    pub oldest_bill_id: Option<String>,
    /// Its due day.
    pub oldest_due_on: Option<String>,
    /// The step taken last.
    pub last_step: Option<TakenStep>,
    /// The next step.
    pub next_step: Option<NextAction>,
    /// Why it is held now.
    pub hold_reasons: Vec<&'static str>,
    /// Holds by hand and exemptions.
    pub holds: Vec<CaseHold>,
    /// The promise that runs.
    pub promise: Option<CasePromise>,
    /// Local day on which it was opened.
    #[serde(serialize_with = "shown")]
    pub opened_on: Date,
    /// The day from which steps count.
    #[serde(serialize_with = "shown")]
    pub anchor_on: Date,
    /// Schedule and version it is pinned to.
    pub schedule_version: String,
    /// Time zone of the account's days.
    pub time_zone: String,
}

/// A step that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct TakenStep {
    /// Its number.
    pub step: u16,
    /// What was done.
    pub action: String,
    /// How hard it is.
    pub severity: u16,
    /// Its local day.
    #[serde(serialize_with = "shown")]
    pub on: Date,
    /// What came of it.
    pub result: Option<String>,
}

/// A step to come.
#[derive(Clone, Debug, Serialize)]
pub struct NextAction {
    /// Its number.
    pub step: u16,
    /// What it does.
    pub action: String,
    /// How hard it is.
    pub severity: u16,
    /// Its local day; none while the case is held.
    pub on: Option<String>,
}

/// A hold.
#[derive(Clone, Debug, Serialize)]
pub struct CaseHold {
    /// Why.
    pub reason: &'static str,
    /// Last day.
    pub until: Option<String>,
}

/// A promise that runs.
#[derive(Clone, Debug, Serialize)]
pub struct CasePromise {
    /// The promise.
    pub promise_id: String,
    /// Last day of the next instalment.
    pub due_on: Option<String>,
    /// What is missing up to it.
    #[serde(serialize_with = "shown")]
    pub missing: Money,
    /// Paid since it was made.
    #[serde(serialize_with = "shown")]
    pub paid: Money,
}

/// What the listed cases come to, in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct CaseTotals {
    /// Cases.
    pub cases: u64,
    /// Of them, held.
    pub held: u64,
    /// Of them, exhausted.
    pub exhausted: u64,
    /// Overdue.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// What would cure all of them.
    #[serde(serialize_with = "shown")]
    pub cure_amount: Money,
    /// Currency of the amounts.
    pub currency: String,
}

impl History {
    /// The work list over the parts of a deployment.
    pub fn work_list_of(parts: &[History], wanted: &Wanted) -> Result<WorkList, HistoryError> {
        let mut cases = Vec::new();
        let mut clock: Option<Timestamp> = None;
        for part in parts {
            let (found, reached) = part.listed_cases(wanted.moment)?;
            cases.extend(found);
            clock = clock.max(reached);
        }
        let today = |case: &ListedCase| match (wanted.moment, clock) {
            (Moment::Day(day), _) => Some(day),
            (_, Some(clock)) => Some(day_in(case, clock)),
            (_, None) => None,
        };
        cases.retain(|case| is_wanted(case, wanted, today(case)));
        cases.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(WorkList {
            as_of: clock.map(|clock| clock.to_string()),
            totals: totals(&cases),
            cases,
        })
    }

    /// The ids of all cases that there ever were, over the parts of a deployment.
    pub fn case_ids_of(parts: &[History]) -> Result<Vec<String>, HistoryError> {
        let mut ids = Vec::new();
        for part in parts {
            let (_, watches) = part.watch(Moment::Now)?;
            let records = watches.iter().flat_map(|watch| watch.records.values());
            let cases = records.flat_map(|record| &record.cases);
            ids.extend(cases.map(|case| case.state.case.to_string()));
        }
        Ok(ids)
    }

    fn watch(&self, moment: Moment) -> Result<(Arc<World>, Vec<Watch>), HistoryError> {
        let mut scanner = self.scan()?;
        let mut over = false;
        let watches = (0..threads(self.partitions()))
            .map(|_| Watch::new(moment))
            .collect();
        let (world, watches) = fold_all(&mut scanner, watches, &mut |commit| {
            // A batch whose clock is beyond the moment may begin before it; the one after it does not.
            let goes_on = !over;
            over = moment.is_over(commit.clock);
            goes_on
        })?;
        Ok((Arc::clone(world.world()), watches))
    }

    fn listed_cases(
        &self,
        moment: Moment,
    ) -> Result<(Vec<ListedCase>, Option<Timestamp>), HistoryError> {
        let (world, watches) = self.watch(moment)?;
        let mut cases = Vec::new();
        let mut clock = None;
        for watch in &watches {
            clock = clock.max(watch.clock);
            for (account, record) in &watch.records {
                let open = record.open_case();
                cases.extend(open.map(|case| listed(&world, account, record, case)));
            }
        }
        Ok((cases, clock))
    }
}

/// Watches the accounts of some partitions.
struct Watch {
    moment: Moment,
    records: FxHashMap<AccountId, Record>,
    clock: Option<Timestamp>,
}

impl Watch {
    fn new(moment: Moment) -> Watch {
        Watch {
            moment,
            records: FxHashMap::default(),
            clock: None,
        }
    }

    fn take(&mut self, world: &World, account: &AccountId, clock: Timestamp, body: &EventBody) {
        let record = match self.records.get_mut(account) {
            Some(known) => known,
            None => self.records.entry(account.clone()).or_default(),
        };
        if self.moment.includes(clock, record.rules(world)) {
            self.clock = self.clock.max(Some(clock));
            record.take(body);
        }
    }
}

impl FrameFold for Watch {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        for entry in frame.decode()?.entries {
            for event in &entry.events {
                if matches!(event.event.body, EventBody::UsageRated(_)) {
                    continue;
                }
                if let Some(account) = account_of(&entry, event) {
                    self.take(&frame.world, account, entry.clock, &event.event.body);
                }
            }
        }
        Ok(())
    }
}

/// A case as the work list has it.
pub(super) fn listed(
    world: &World,
    account: &AccountId,
    record: &Record,
    case: &CaseRecord,
) -> ListedCase {
    let oldest = case.state.bills.first();
    let next_on = case.state.next_step_on;
    ListedCase {
        case_id: case.state.case.to_string(),
        account_id: account.to_string(),
        class: record.class.to_string(),
        vip_rank: record.vip_rank(),
        state: case.standing().word(),
        severity: case.severity(),
        amount: case.state.overdue_total,
        cure_amount: case.cure_amount(world),
        disputed: case.state.bills.iter().map(|bill| bill.disputed).sum(),
        currency: record.currency.to_string(),
        bills: case.state.bills.len(),
        oldest_bill_id: oldest.map(|bill| bill.bill.to_string()),
        oldest_due_on: oldest.map(|bill| bill.due_on.to_string()),
        last_step: case.done.last().map(|done| TakenStep {
            step: done.step,
            action: done.action.to_string(),
            severity: done.severity,
            on: done.on,
            result: done.result.as_ref().map(ToString::to_string),
        }),
        next_step: case.next_step(world).map(|(step, planned)| NextAction {
            step,
            action: planned.action.to_string(),
            severity: planned.severity,
            on: next_on.map(|on| on.to_string()),
        }),
        hold_reasons: reasons(case),
        holds: holds(record),
        promise: promise(record),
        opened_on: case.opened_on,
        anchor_on: case.state.anchor_on,
        schedule_version: case.state.schedule_version.to_string(),
        time_zone: record.zone.to_string(),
    }
}

fn reasons(case: &CaseRecord) -> Vec<&'static str> {
    let reasons = case.state.hold_reasons.iter();
    reasons.map(|reason| reason.word()).collect()
}

fn holds(record: &Record) -> Vec<CaseHold> {
    let holds = record.holds.iter();
    holds
        .map(|(reason, until)| CaseHold {
            reason: reason.word(),
            until: until.map(|until| until.to_string()),
        })
        .collect()
}

fn promise(record: &Record) -> Option<CasePromise> {
    record.promise.as_ref().map(|promise| {
        let next = promise.next();
        CasePromise {
            promise_id: promise.id.to_string(),
            due_on: next.map(|(on, _)| on.to_string()),
            missing: next.map_or(Money::ZERO, |(_, missing)| missing),
            paid: promise.paid(),
        }
    })
}

/// Hardest first, then what comes next, then the largest amount.
fn order(case: &ListedCase) -> (Reverse<u16>, bool, Option<&str>, Reverse<Money>, &str) {
    let next = case.next_step.as_ref().and_then(|next| next.on.as_deref());
    (
        Reverse(case.severity),
        next.is_none(),
        next,
        Reverse(case.amount),
        &case.case_id,
    )
}

fn is_wanted(case: &ListedCase, wanted: &Wanted, today: Option<Date>) -> bool {
    let is_class = wanted.classes.is_empty() || wanted.classes.contains(&case.class);
    let standings = &wanted.standings;
    let stands = standings.is_empty() || standings.iter().any(|one| one.word() == case.state);
    let last_on = case.last_step.as_ref().map(|step| step.on);
    let due = !wanted.due || (last_on.is_some() && last_on == today);
    let is_enough = wanted.min_amount.is_none_or(|least| case.amount >= least);
    is_class && stands && due && is_enough && case.severity >= wanted.min_severity
}

/// The local day of a clock for a case's account.
fn day_in(case: &ListedCase, clock: Timestamp) -> Date {
    match umbral_intake::zones::iana(&case.time_zone) {
        Some(zone) => zone.local(clock).date,
        None => clock.utc_date(),
    }
}

fn totals(cases: &[ListedCase]) -> Vec<CaseTotals> {
    let mut totals: BTreeMap<&str, CaseTotals> = BTreeMap::new();
    for case in cases {
        let total = totals.entry(&case.currency).or_insert_with(|| CaseTotals {
            cases: 0,
            held: 0,
            exhausted: 0,
            amount: Money::ZERO,
            cure_amount: Money::ZERO,
            currency: case.currency.clone(),
        });
        total.cases += 1;
        total.held += u64::from(case.state == CaseStanding::Held.word());
        total.exhausted += u64::from(case.state == CaseStanding::Exhausted.word());
        total.amount += case.amount;
        total.cure_amount += case.cure_amount;
    }
    totals.into_values().collect()
}

/// The account of a case: its id is that of the account and a number.
pub(super) fn account_of_case(case: &CaseId) -> Option<AccountId> {
    let (account, number) = case.as_str().rsplit_once('/')?;
    number.parse::<u32>().ok()?;
    Some(AccountId::new(account))
}
