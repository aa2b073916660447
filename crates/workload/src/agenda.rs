//! What is due at a certain moment of a month: top-ups, changes of plan, bills and what becomes of them, and what
//! members of the club do.

use crate::calendar::Month;
use crate::people::{Class, People};
use crate::plans::Plan;
use crate::random::Random;
use crate::{club, debts};
use umbral_model::time::SECONDS_PER_DAY;

pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = SECONDS_PER_DAY as u64;
/// Days until a bill is to be paid.
pub(crate) const DAYS_TO_PAY: i32 = 14;

/// What is due. Numbers tell bills, and payments of one bill, apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Errand {
    TopUp,
    PlanChange,
    Bill,
    OldBill(u8),
    Payment(u8),
    Announced(u8),
    Returned(u8),
    Dispute,
    Verdict,
    CreditNote,
    WriteOff(u8),
    Promise,
    Hold,
    HoldEnd,
    Called,
    Handover,
    Rank,
    Deposit,
    Effort,
    Enrolment,
    FirstCard,
    GoldCard,
    Confirmation,
    Loss,
    Replacement,
    Visit,
}

/// An errand of an account at a second of the month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Appointment {
    pub(crate) second: u32,
    pub(crate) owner: u32,
    pub(crate) errand: Errand,
    /// Amount in cents.
    pub(crate) cents: u32,
}

/// A month's appointments in order of time.
pub(crate) struct Agenda {
    appointments: Vec<Appointment>,
    taken: usize,
}

impl Agenda {
    pub(crate) fn of_month(month: &Month, people: &mut People, random: &mut Random) -> Agenda {
        let mut appointments = Vec::new();
        for owner in 0..people.lines() {
            if people.owner(owner) != owner {
                continue;
            }
            let class = people.class(owner);
            let owed = people.settle(owner);
            club::plan(&mut appointments, month, (owner, class), people);
            if class == Class::Prepaid {
                plan_top_ups(&mut appointments, month, owner, random);
                continue;
            }
            debts::plan(&mut appointments, month, (owner, class), owed, people);
            plan_change(&mut appointments, month, (owner, class), people);
        }
        appointments.retain(|appointment| i64::from(appointment.second) < month.length);
        appointments.sort_unstable();
        Agenda {
            appointments,
            taken: 0,
        }
    }

    /// When the next one is due.
    pub(crate) fn next_second(&self) -> Option<i64> {
        let next = self.appointments.get(self.taken)?;
        Some(i64::from(next.second))
    }

    /// The next one.
    pub(crate) fn take(&mut self) -> Option<Appointment> {
        let next = self.appointments.get(self.taken).copied()?;
        self.taken += 1;
        Some(next)
    }
}

/// The fee of the month, and a change of plan with the fee of the rest of it.
fn plan_change(
    appointments: &mut Vec<Appointment>,
    month: &Month,
    (owner, class): (u32, Class),
    people: &mut People,
) {
    people.owe(owner, people.plan(owner, class, month, 0).fee());
    let changes = people.first_plan(owner, class) == Plan::Libre;
    let change = people.change(owner).filter(|_| changes);
    if let Some((_, second)) = change.filter(|(index, _)| *index == month.index) {
        let fee = Plan::Norte20.fee();
        let rest = (month.length - i64::from(second)).max(0);
        people.owe(owner, fee * rest as u64 / month.length as u64);
        appointments.push(Appointment {
            second,
            owner,
            errand: Errand::PlanChange,
            cents: 0,
        });
    }
}

/// At the beginning (the first thing of all, for new customers), and for some again in mid-month.
fn plan_top_ups(
    appointments: &mut Vec<Appointment>,
    month: &Month,
    owner: u32,
    random: &mut Random,
) {
    let first = if month.index == 0 {
        0
    } else {
        random.below(3 * DAY)
    };
    let second = DAY * 10 + random.below(12 * DAY);
    let again = random.below(3) == 0;
    for at in [Some(first), again.then_some(second)].into_iter().flatten() {
        appointments.push(Appointment {
            second: at as u32,
            owner,
            errand: Errand::TopUp,
            cents: [500, 1000, 1000, 1500, 2000, 3000][random.below(6) as usize],
        });
    }
}
