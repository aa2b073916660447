//! Cases that a catalog carries: a record and what it must cost. Whoever can rate runs them.

use crate::codes;
use crate::problem::Problem;
pub use crate::text::units::measured;
use core::ops::Range;
use smol_str::SmolStr;
use umbral_model::input::Direction;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};

/// A case of `[[case]]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogCase {
    /// Its name, or `case N`.
    pub name: SmolStr,
    /// Who is charged.
    pub tariff: CaseTariff,
    /// For what.
    pub record: CaseRecord,
    /// Units that allowances have left, by their names: those of the plan, or `PRODUCT/NAME`. Others have
    /// none.
    pub left: Vec<(SmolStr, u64)>,
    /// Units of the cycle that were charged before, by rate with tiers.
    pub so_far: Vec<(SmolStr, u64)>,
    /// The customer's class, for discounts.
    pub class: Option<SmolStr>,
    /// The customer's loyalty tier.
    pub tier: Option<SmolStr>,
    /// Types of the customer's cards.
    pub cards: Vec<SmolStr>,
    /// The customer's VIP rank.
    pub vip_rank: u16,
    /// What must come out.
    pub expected: Expected,
    /// The file that it stands in.
    pub file: SmolStr,
    /// Where the expectation stands there, in bytes.
    pub span: Range<usize>,
}

/// By which plan a case is rated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CaseTariff {
    /// By this plan.
    Plan(SmolStr),
    /// By the plan that this profile has at the record's start.
    Profile(SmolStr),
}

/// A usage record of a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseRecord {
    /// Service.
    pub service: SmolStr,
    /// Direction.
    pub direction: Direction,
    /// The number as written; empty for none.
    pub to: SmolStr,
    /// Zone, where the record names it.
    pub zone: Option<SmolStr>,
    /// Serving network.
    pub network: Option<SmolStr>,
    /// When it began.
    pub start: Timestamp,
    /// Usage in base units.
    pub quantity: u64,
    /// Duration in nanoseconds.
    pub duration: Option<u64>,
    /// Base units before this leg, for a later leg.
    pub continued: Option<u64>,
}

/// What must come out of a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// This charge.
    Charge(Money),
    /// A refusal for this reason.
    Refused(Reason),
}

impl CatalogCase {
    /// Compares what came out; the problem says what differs, if anything does.
    pub fn judge(&self, result: Result<Money, Rejection>) -> Option<Problem> {
        let got = match (&self.expected, &result) {
            (Expected::Charge(wanted), Ok(charge)) if wanted == charge => return None,
            (Expected::Refused(wanted), Err(got)) if *wanted == got.reason => return None,
            (_, Ok(charge)) => format!("the catalog charges {charge}"),
            (_, Err(rejection)) => format!("the catalog refuses it: {rejection}"),
        };
        let title = format!("the catalog does not keep {}", self.name);
        let mut problem = Problem::error(
            codes::CASE_FAILED,
            self.file.clone(),
            self.span.clone(),
            title,
            got,
        );
        problem.note("mend the tariff, or what the case expects; umbral rate explains the charge");
        Some(problem)
    }
}

/// A case of `[[collections_case]]`: bills and payments, and what must follow. Whoever can decide runs them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CollectionsCase {
    /// Its name, or `collections case N`.
    pub name: SmolStr,
    /// The customer's own class.
    pub class: SmolStr,
    /// The customer's VIP rank.
    pub vip_rank: u16,
    /// Due days and amounts.
    pub bills: Vec<(Date, Money)>,
    /// Days and amounts, in order; each comes at noon.
    pub payments: Vec<(Date, Money)>,
    /// Days and actions that must come out, in order.
    pub steps: Vec<(Date, SmolStr)>,
    /// The day on which the case must be closed; none: it must be open in the end, or never have been.
    pub closed_on: Option<Date>,
    /// The last day that counts.
    pub until: Date,
    /// The file that it stands in.
    pub file: SmolStr,
    /// Where the expected steps stand there, in bytes.
    pub span: Range<usize>,
}

/// What became of the account of such a case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Followed {
    /// Days and actions of the steps, in order.
    pub steps: Vec<(Date, SmolStr)>,
    /// The day on which the case was closed.
    pub closed_on: Option<Date>,
}

impl CollectionsCase {
    /// Compares what came out; the problem says what differs, if anything does.
    pub fn judge(&self, result: &Result<Followed, Rejection>) -> Option<Problem> {
        let notes = match result {
            Ok(got) if got.steps == self.steps && got.closed_on == self.closed_on => return None,
            Ok(got) => self.differences(got),
            Err(rejection) => vec![format!("the engine refuses it: {rejection}")],
        };
        let title = format!("the catalog does not keep {}", self.name);
        let mut problem = Problem::error(
            codes::COLLECTIONS_CASE_FAILED,
            self.file.clone(),
            self.span.clone(),
            title,
            "comes out otherwise",
        );
        for note in notes {
            problem.note(note);
        }
        problem.note("mend the schedule, or what the case expects");
        Some(problem)
    }

    fn differences(&self, got: &Followed) -> Vec<String> {
        let words = |steps: &[(Date, SmolStr)]| -> String {
            let steps = steps.iter().map(|(on, action)| format!("{on} {action}"));
            match steps.collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => "no step".to_owned(),
                some => some,
            }
        };
        let closed =
            |on: Option<Date>| on.map_or("not closed".to_owned(), |on| format!("closed on {on}"));
        vec![
            format!(
                "expected {}; {}",
                words(&self.steps),
                closed(self.closed_on)
            ),
            format!("got {}; {}", words(&got.steps), closed(got.closed_on)),
        ]
    }
}
