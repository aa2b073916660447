//! A synthetic operator: customers, a month or more of usage, purchases and products, corrections, changes of
//! plan, top-ups, bills and what becomes of them, and a club with its members, from a seed. The same parameters give the same inputs, byte for byte, on
//! any machine.
//!
//! It belongs to the catalog in `examples/catalogs/demo`: its plans, classes, products, prefixes and networks.
//! Everything is made on the fly; what is kept is a few numbers for each subscriber, the records of two days
//! that will be corrected, and the few purchases that something follows from.
//!
//! ```
//! use umbral_model::time::Date;
//! use umbral_workload::{Operator, Parameters};
//!
//! let start = Date::from_ymd(2026, 3, 1).ok_or("no such day")?;
//! let parameters = Parameters { subscribers: 10, months: 1, seed: 7, start };
//! let inputs: Vec<_> = Operator::new(parameters)?.collect();
//! assert!(inputs.len() > 500);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agenda;
mod calendar;
mod club;
mod corrections;
mod debts;
mod envelope;
mod later;
mod money;
mod numbers;
mod people;
mod plans;
mod random;
mod sequel;
mod shop;
mod text;
mod travel;
mod usage;

use agenda::{Agenda, Appointment};
use calendar::{Minutes, Month};
use corrections::Corrections;
use envelope::Envelope;
use money::Membership;
use people::People;
use random::Random;
use sequel::Sequels;
use umbral_model::input::Incoming;
use umbral_model::time::Date;

/// Most subscribers that there are numbers for.
pub const MAX_SUBSCRIBERS: u32 = 50_000_000;
/// Most months in one run.
pub const MAX_MONTHS: u32 = 120;
/// Calls, messages, sessions and purchases of one subscriber in a month, on average and in sum exactly.
pub const ACTIVITY_PER_MONTH: u64 = 48;

/// What the operator is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Lines in service, 1 to [`MAX_SUBSCRIBERS`]; about one account for 1.3 of them.
    pub subscribers: u32,
    /// Months of activity, 1 to [`MAX_MONTHS`]; the first bills are of the month before.
    pub months: u32,
    /// Everything that looks like chance comes from this.
    pub seed: u64,
    /// The first day, in Spain; months are counted from it.
    pub start: Date,
}

/// Parameters that no operator can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// Too few or too many subscribers.
    #[error("{0} subscribers are not possible; choose 1 to {MAX_SUBSCRIBERS}")]
    Subscribers(u32),
    /// Too few or too many months.
    #[error("{0} months are not possible; choose 1 to {MAX_MONTHS}")]
    Months(u32),
}

/// How many inputs of each kind came out so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All inputs.
    pub inputs: u64,
    /// `customer_added`.
    pub customers: u64,
    /// `member_added`.
    pub members: u64,
    /// `card_issued` and `tier_granted`.
    pub memberships: u64,
    /// `usage`, without the repeats.
    pub usage: u64,
    /// `usage_corrected`.
    pub corrections: u64,
    /// `usage_cancelled`.
    pub cancellations: u64,
    /// `purchase`, without the repeats.
    pub purchases: u64,
    /// Among the purchases: of products of the catalog.
    pub products: u64,
    /// `plan_changed`.
    pub plan_changes: u64,
    /// `payment_received` of prepaid customers.
    pub top_ups: u64,
    /// `bill_issued`.
    pub bills: u64,
    /// `payment_received` for bills, those that are announced first included.
    pub payments: u64,
    /// What else has to do with debts: disputes, promises, returned payments, holds, write-offs, deposits.
    pub dealings: u64,
    /// What members of the club do beside buying: enrolling, cards, visits, refunds, redemptions, claims.
    pub club: u64,
    /// Exact repeats of the input before.
    pub repeats: u64,
    /// Among the usage: of numbers that nobody has.
    pub unknown_numbers: u64,
    /// Among the usage: to destinations that no deck has.
    pub unknown_destinations: u64,
    /// Among the purchases: in another currency.
    pub other_currencies: u64,
    /// Among the purchases: of nobody known.
    pub unidentified: u64,
}

impl Counts {
    /// Inputs that an engine cannot take.
    pub fn to_quarantine(&self) -> u64 {
        self.unknown_numbers + self.unknown_destinations + self.other_currencies + self.unidentified
    }
}

/// The operator: an iterator over its inputs in order of time.
pub struct Operator {
    months_left: u32,
    month: Month,
    minutes: Minutes,
    next_activity: Option<i64>,
    agenda: Agenda,
    phase: Phase,
    repeat: Option<Incoming>,
    /// A purchase whose refund came first.
    late: Option<Incoming>,
    maker: Maker,
}

/// What makes inputs: everything but the time at which they come.
pub(crate) struct Maker {
    pub(crate) people: People,
    pub(crate) random: Random,
    pub(crate) envelope: Envelope,
    pub(crate) corrections: Corrections,
    pub(crate) sequels: Sequels,
    pub(crate) counts: Counts,
}

/// Customers come first, then their members together (they are a barrier), cards and tiers, then what happens.
enum Phase {
    Customers(u32),
    Members(u32),
    Memberships(u32, Membership),
    Life,
}

impl Operator {
    /// An operator at the beginning of its first day.
    pub fn new(parameters: Parameters) -> Result<Operator, ParameterError> {
        let Parameters {
            subscribers,
            months,
            seed,
            start,
        } = parameters;
        if subscribers == 0 || subscribers > MAX_SUBSCRIBERS {
            return Err(ParameterError::Subscribers(subscribers));
        }
        if months == 0 || months > MAX_MONTHS {
            return Err(ParameterError::Months(months));
        }
        let month = Month::first(start);
        let mut people = People::new(subscribers, seed);
        let mut random = Random::new(seed);
        let agenda = Agenda::of_month(&month, &mut people, &mut random);
        let activity = u64::from(subscribers) * ACTIVITY_PER_MONTH;
        let mut operator = Operator {
            months_left: months - 1,
            minutes: Minutes::new(&month, activity),
            month,
            next_activity: None,
            agenda,
            phase: Phase::Customers(0),
            repeat: None,
            late: None,
            maker: Maker {
                people,
                random,
                envelope: Envelope::default(),
                corrections: Corrections::default(),
                sequels: Sequels::default(),
                counts: Counts::default(),
            },
        };
        operator.next_activity = operator.minutes.next(&mut operator.maker.random);
        Ok(operator)
    }

    /// How many inputs of each kind came out so far.
    pub fn counts(&self) -> &Counts {
        &self.maker.counts
    }

    /// About how many inputs there will be, for a progress bar: at most a few per cent off.
    pub fn estimated_inputs(parameters: &Parameters) -> u64 {
        let (lines, months) = (
            u64::from(parameters.subscribers),
            u64::from(parameters.months),
        );
        let joining = lines * 19 / 10;
        let usage = lines * ACTIVITY_PER_MONTH * 96 / 100;
        let each_month =
            lines * ACTIVITY_PER_MONTH + usage / corrections::ONE_OF + lines * 65 / 100;
        let bills = lines * months * 9 / 10;
        joining + each_month * months + bills
    }

    fn next_customer(&mut self, line: u32) -> Option<Incoming> {
        let owner = self.maker.people.owner_from(line)?;
        self.phase = Phase::Customers(owner + 1);
        Some(self.maker.customer(owner, &self.month))
    }

    fn next_member(&mut self, line: u32) -> Option<Incoming> {
        if line >= self.maker.people.lines() {
            return None;
        }
        self.phase = Phase::Members(line + 1);
        Some(self.maker.member(line, &self.month))
    }

    fn next_membership(&mut self, line: u32, kind: Membership) -> Option<Incoming> {
        let people = &self.maker.people;
        let owner = (line..people.lines()).find(|line| {
            let has = match kind {
                Membership::Card => people.has_card(*line),
                Membership::Gold => people.is_gold(*line),
            };
            has && people.owner(*line) == *line
        })?;
        self.phase = Phase::Memberships(owner + 1, kind);
        Some(self.maker.membership(owner, kind, &self.month))
    }

    /// The earliest of what is on the agenda, what was wrong before, what follows from a purchase, and what happens by
    /// itself.
    fn next_of_life(&mut self) -> Option<Incoming> {
        loop {
            let due = self.agenda.next_second();
            let others = [due, self.next_activity].into_iter().flatten().min();
            let others = self.month.begins + others.unwrap_or(self.month.length);
            let noticed = self.maker.corrections.next_second();
            let follows = self.maker.sequels.next_second();
            if follows.is_some_and(|at| at < others.min(noticed.unwrap_or(others))) {
                return self.maker.follow(&self.month);
            }
            if noticed.is_some_and(|at| at < others) {
                return self.maker.correct();
            }
            match (due, self.next_activity) {
                (Some(due), activity) if activity.is_none_or(|second| due <= second) => {
                    let appointment = self.agenda.take()?;
                    return Some(self.keep(&appointment));
                }
                (_, Some(second)) => {
                    self.next_activity = self.minutes.next(&mut self.maker.random);
                    return Some(self.happen(second));
                }
                _ => self.begin_next_month()?,
            }
        }
    }

    fn keep(&mut self, appointment: &Appointment) -> Incoming {
        self.maker.keep(appointment, &self.month)
    }

    fn happen(&mut self, second: i64) -> Incoming {
        let at = self.month.begins + second;
        let input = match self.maker.random.below(1000) {
            0..40 => self.maker.purchase(at, &self.month),
            _ => self.maker.usage(at, &self.month),
        };
        if let Some(refund) = self.maker.refund_before(&input) {
            self.late = Some(input);
            return refund;
        }
        if self.maker.random.below(1000) == 0 {
            self.repeat = Some(input.clone());
        }
        input
    }

    fn begin_next_month(&mut self) -> Option<()> {
        self.months_left = self.months_left.checked_sub(1)?;
        self.month = self.month.next();
        let (people, random) = (&mut self.maker.people, &mut self.maker.random);
        self.agenda = Agenda::of_month(&self.month, people, random);
        let activity = u64::from(people.lines()) * ACTIVITY_PER_MONTH;
        self.minutes = Minutes::new(&self.month, activity);
        self.next_activity = self.minutes.next(random);
        Some(())
    }

    fn produce(&mut self) -> Option<Incoming> {
        if let Some(again) = self.repeat.take() {
            self.maker.counts.repeats += 1;
            return Some(again);
        }
        if let Some(purchase) = self.late.take() {
            return Some(purchase);
        }
        if let Phase::Customers(line) = self.phase {
            match self.next_customer(line) {
                Some(input) => return Some(input),
                None => self.phase = Phase::Members(0),
            }
        }
        if let Phase::Members(line) = self.phase {
            match self.next_member(line) {
                Some(input) => return Some(input),
                None => self.phase = Phase::Memberships(0, Membership::Card),
            }
        }
        while let Phase::Memberships(line, kind) = self.phase {
            match (self.next_membership(line, kind), kind) {
                (Some(input), _) => return Some(input),
                (None, Membership::Card) => self.phase = Phase::Memberships(0, Membership::Gold),
                (None, Membership::Gold) => self.phase = Phase::Life,
            }
        }
        self.next_of_life()
    }
}

impl Iterator for Operator {
    type Item = Incoming;

    fn next(&mut self) -> Option<Incoming> {
        let input = self.produce()?;
        self.maker.counts.inputs += 1;
        Some(input)
    }
}
