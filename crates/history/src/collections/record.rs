//! What collections know of an account, as its events tell it.

use super::CaseStanding;
use smol_str::SmolStr;
use umbral_catalog::tables::{CollectionStep, Schedule};
use umbral_engine::World;
use umbral_model::event::{CaseState, CorrectionApplied, EventBody};
use umbral_model::ids::{PaymentId, PromiseId, ZoneName};
use umbral_model::input::{HoldReason, Instalment, VipSource};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp, ZoneRules};

/// An account with all its cases.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub class: SmolStr,
    pub currency: Currency,
    pub zone: ZoneName,
    /// By source.
    vip_ranks: Vec<(VipSource, u16)>,
    /// In the order in which they were opened.
    pub cases: Vec<CaseRecord>,
    pub promise: Option<Promised>,
    /// Payments that are announced and not settled.
    announced: Vec<(PaymentId, Money)>,
    pub holds: Vec<(HoldReason, Option<Date>)>,
}

/// One case.
#[derive(Clone, Debug)]
pub(super) struct CaseRecord {
    /// Its figures as they were told last; none once it is closed.
    pub state: CaseState,
    pub done: Vec<Taken>,
    pub exhausted: bool,
    pub opened_on: Date,
    /// When it was closed, and as what.
    pub closed: Option<(Date, SmolStr)>,
}

/// A step that was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub step: u16,
    pub action: SmolStr,
    pub severity: u16,
    pub on: Date,
    pub result: Option<SmolStr>,
    pub corrected: bool,
}

/// A promise that runs, with the payments since it was made.
#[derive(Clone, Debug)]
pub(super) struct Promised {
    pub id: PromiseId,
    pub instalments: Vec<Instalment>,
    payments: Vec<(PaymentId, Money)>,
}

impl Record {
    /// The highest rank of all sources.
    pub(super) fn vip_rank(&self) -> u16 {
        let ranks = self.vip_ranks.iter().map(|(_, rank)| *rank);
        ranks.max().unwrap_or(0)
    }

    /// The case that is not over.
    pub(super) fn open_case(&self) -> Option<&CaseRecord> {
        self.cases.last().filter(|case| case.closed.is_none())
    }

    /// The rules of its zone.
    pub(super) fn rules<'w>(&self, world: &'w World) -> &'w ZoneRules {
        let number = world.zones.number(self.zone.as_str());
        world.zone(number.unwrap_or_default())
    }

    /// The amount of a payment that is announced and not settled.
    pub(super) fn announced(&self, payment: &PaymentId) -> Option<Money> {
        let mut announced = self.announced.iter();
        let known = announced.find(|(id, _)| id == payment)?;
        Some(known.1)
    }

    /// Takes an event of the account.
    pub(super) fn take(&mut self, body: &EventBody) {
        self.take_announced(body);
        match body {
            EventBody::AccountOpened(opened) => {
                self.class = opened.class.as_str().into();
                self.currency = opened.currency;
                self.zone = opened.time_zone.clone();
                self.vip_ranks = vec![(VipSource::Assigned, opened.vip_rank)];
            }
            EventBody::ClassSet(set) => self.class = set.to.as_str().into(),
            EventBody::ZoneSet(set) => self.zone = set.time_zone.clone(),
            EventBody::VipRankSet(set) => {
                self.vip_ranks.retain(|(source, _)| *source != set.source);
                self.vip_ranks.push((set.source, set.rank));
            }
            EventBody::HoldNoted(hold) => {
                self.holds.retain(|(reason, _)| *reason != hold.reason);
                self.holds.push((hold.reason, hold.until));
            }
            EventBody::HoldReleased(hold) => {
                self.holds.retain(|(reason, _)| *reason != hold.reason);
            }
            EventBody::PromiseNoted(noted) => {
                self.promise = Some(Promised {
                    id: noted.promise.clone(),
                    instalments: noted.instalments.clone(),
                    payments: Vec::new(),
                });
            }
            EventBody::PromiseKept(_)
            | EventBody::PromiseBroken(_)
            | EventBody::PromiseWithdrawn(_) => self.promise = None,
            EventBody::PaymentPosted(posted) if !posted.pending => {
                if let Some(promise) = &mut self.promise {
                    let payment = (posted.payment.clone(), posted.amount);
                    promise.payments.push(payment);
                }
            }
            EventBody::PaymentReturned(returned) => {
                if let Some(promise) = &mut self.promise {
                    promise.payments.retain(|(id, _)| *id != returned.payment);
                }
            }
            _ => self.take_of_case(body),
        }
    }

    fn take_announced(&mut self, body: &EventBody) {
        let payment = match body {
            EventBody::PaymentPosted(posted) => &posted.payment,
            EventBody::PaymentReturned(returned) => &returned.payment,
            _ => return,
        };
        self.announced.retain(|(id, _)| id != payment);
        if let EventBody::PaymentPosted(posted) = body
            && posted.pending
        {
            self.announced.push((posted.payment.clone(), posted.amount));
        }
    }

    fn take_of_case(&mut self, body: &EventBody) {
        if let EventBody::CaseOpened(state) = body {
            self.cases.push(CaseRecord {
                state: (**state).clone(),
                done: Vec::new(),
                exhausted: false,
                opened_on: state.day,
                closed: None,
            });
            return;
        }
        let named = match body {
            EventBody::CaseReopened(state)
            | EventBody::CaseUpdated(state)
            | EventBody::CaseHeld(state)
            | EventBody::CaseResumed(state) => &state.case,
            EventBody::StepDue(due) => &due.case,
            EventBody::StepResultNoted(noted) => &noted.case,
            EventBody::CorrectionApplied(CorrectionApplied {
                case: Some(case), ..
            }) => case,
            EventBody::CaseExhausted(exhausted) => &exhausted.case,
            EventBody::CaseClosed(closed) => &closed.case,
            _ => return,
        };
        let mut cases = self.cases.iter_mut();
        if let Some(case) = cases.find(|case| case.state.case == *named) {
            case.take(body);
        }
    }
}

impl CaseRecord {
    fn take(&mut self, body: &EventBody) {
        match body {
            EventBody::CaseReopened(state) => {
                self.closed = None;
                self.state = (**state).clone();
            }
            EventBody::CaseUpdated(state)
            | EventBody::CaseHeld(state)
            | EventBody::CaseResumed(state) => {
                self.exhausted &= self.state.schedule_version == state.schedule_version;
                self.state = (**state).clone();
            }
            EventBody::StepDue(due) => {
                self.state.step = due.step;
                self.state.next_step_on = due.next_step_on;
                self.done.push(Taken {
                    step: due.step,
                    action: due.action.clone(),
                    severity: due.severity,
                    on: due.due_on,
                    result: None,
                    corrected: false,
                });
            }
            EventBody::StepResultNoted(noted) => {
                if let Some(done) = self.step(noted.step) {
                    done.result = Some(noted.result.clone());
                }
            }
            EventBody::CorrectionApplied(applied) => {
                if let Some(done) = applied.step.and_then(|step| self.step(step)) {
                    done.corrected = true;
                }
            }
            EventBody::CaseExhausted(_) => {
                self.exhausted = true;
                self.state.next_step_on = None;
            }
            EventBody::CaseClosed(closed) => {
                self.state.next_step_on = None;
                self.state.overdue_total = Money::ZERO;
                self.state.bills.clear();
                self.state.hold_reasons.clear();
                self.closed = Some((closed.day, closed.reason.clone()));
            }
            _ => {}
        }
    }

    fn step(&mut self, number: u16) -> Option<&mut Taken> {
        self.done.iter_mut().find(|done| done.step == number)
    }

    /// How it stands.
    pub(super) fn standing(&self) -> CaseStanding {
        match (&self.closed, self.state.hold_reasons.is_empty()) {
            (Some(_), _) => CaseStanding::Closed,
            (None, false) => CaseStanding::Held,
            (None, true) if self.exhausted => CaseStanding::Exhausted,
            (None, true) => CaseStanding::Open,
        }
    }

    /// Severity of the hardest step that was taken and stands; 0 for none.
    pub(super) fn severity(&self) -> u16 {
        let standing = self.done.iter().filter(|done| !done.corrected);
        standing.map(|done| done.severity).max().unwrap_or(0)
    }

    /// The schedule that it is pinned to.
    pub(super) fn schedule<'w>(&self, world: &'w World) -> Option<&'w Schedule> {
        world.schedule(self.state.pinned_version, self.state.schedule.as_str())
    }

    /// What would cure it.
    pub(super) fn cure_amount(&self, world: &World) -> Money {
        let exit = self.schedule(world).map(|known| known.exit_amount);
        (self.state.overdue_total - exit.unwrap_or_default()).floored_at_zero()
    }

    /// The step after those taken, whenever it comes.
    pub(super) fn next_step<'w>(&self, world: &'w World) -> Option<(u16, &'w CollectionStep)> {
        if self.exhausted || self.closed.is_some() {
            return None;
        }
        let last = self.done.last().map_or(0, |done| done.step);
        let number = (last + 1).max(self.state.first_step);
        let index = i32::from(number) - 1 - self.state.step_shift;
        let index = usize::try_from(index).ok()?;
        let step = self
            .schedule(world)?
            .harder_step(self.state.severity_passed, index)?;
        Some((number, step))
    }
}

impl Promised {
    /// Paid since it was made.
    pub(super) fn paid(&self) -> Money {
        self.payments.iter().map(|(_, amount)| *amount).sum()
    }

    /// The first instalment that payments do not cover: its last day, and what is missing up to it.
    pub(super) fn next(&self) -> Option<(Date, Money)> {
        let paid = self.paid();
        let mut sum = Money::ZERO;
        self.instalments.iter().find_map(|instalment| {
            sum += instalment.amount;
            (sum > paid).then(|| (instalment.due_on, sum - paid))
        })
    }
}

/// As of when something is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Moment {
    /// Whenever it happened.
    #[default]
    Now,
    /// When the clock stood there.
    Instant(Timestamp),
    /// At the end of this day of the account.
    Day(Date),
}

impl Moment {
    /// Whether what happened at this clock lies before it, for an account in this zone.
    pub(super) fn includes(self, clock: Timestamp, zone: &ZoneRules) -> bool {
        match self {
            Moment::Now => true,
            Moment::Instant(instant) => clock <= instant,
            Moment::Day(day) => zone.local(clock).date <= day,
        }
    }

    /// Whether everything from this clock on comes after it, in whatever zone.
    pub(super) fn is_over(self, clock: Timestamp) -> bool {
        match self {
            Moment::Now => false,
            Moment::Instant(instant) => clock > instant,
            Moment::Day(day) => clock.utc_date() > day.plus_days(1),
        }
    }
}
