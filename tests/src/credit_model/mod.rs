//! Exposure, cycle measures, thresholds, bills and payments against a naive model: decimals, plain lists,
//! everything counted anew after every input. The model shares no code with the engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lots;
mod model;
mod pair;

use pair::{Pair, normalized};
use rust_decimal::Decimal;

/// 2026-01-01T00:00:00Z, in minutes since the epoch.
const START: i64 = 29_453_760;
const DAY: i64 = 1_440;
/// First days of the months of 2026 and January 2027, in days of the year.
const MONTHS: [i64; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];
const LIMIT: &str = "limit";

/// Something that happens, `after` so many minutes.
#[derive(Clone, Debug)]
pub struct Happening {
    /// Minutes since what happened before.
    pub after: i64,
    /// Minutes by which a record comes late.
    pub late: i64,
    /// What it is.
    pub what: What,
}

/// What can happen. Amounts are in cents; bills, payments and disputes are named by their number.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is named after its input")]
pub enum What {
    Voice(u64),
    Data(u64, bool),
    Sms(u64),
    Charge(i64),
    Bill {
        cents: i64,
        months_back: u8,
        due: i64,
    },
    Void(usize),
    Pay {
        cents: i64,
        instructed: Option<usize>,
    },
    Reverse(usize),
    CreditNote(usize, i64),
    WriteOff(usize, i64),
    Dispute(usize, i64),
    Resolve(usize, i64),
    OwnLimit(Option<i64>),
    Deposit(i64),
    Tick,
}

/// Lets one thing after the other happen to the engine and to the model.
///
/// # Errors
/// The first input after which they say different things.
///
/// # Panics
/// Where values, latches or open bills differ.
pub fn live(happenings: &[Happening]) -> Result<(), String> {
    let mut pair = Pair::new();
    for (number, happening) in happenings.iter().enumerate() {
        let Some((expected, got)) = pair.happen(happening) else {
            break;
        };
        let (expected, got) = (normalized(expected), normalized(got));
        if expected != got {
            return Err(format!(
                "input {number} {happening:?}: the model says {expected:?}, the engine {got:?}"
            ));
        }
        pair.check_state();
    }
    Ok(())
}

/// A life that bytes choose: for fuzzers, which find their way by changing them.
///
/// # Errors
/// As [`live`], with the whole life.
pub fn live_by(bytes: &[u8]) -> Result<(), String> {
    let happenings = lots::happenings(bytes);
    live(&happenings).map_err(|why| format!("{why}\n{happenings:#?}"))
}

fn cents(amount: i64) -> Decimal {
    Decimal::new(amount, 2)
}

fn month_of(minute: i64) -> usize {
    let day = (minute - START).div_euclid(DAY);
    MONTHS.iter().rposition(|first| *first <= day).unwrap_or(0)
}

fn date_text(day_of_year: i64) -> String {
    let month = MONTHS
        .iter()
        .rposition(|first| *first <= day_of_year)
        .unwrap_or(0);
    let (year, month_number) = if month == 12 {
        (2027, 1)
    } else {
        (2026, month + 1)
    };
    format!(
        "{year}-{month_number:02}-{:02}",
        day_of_year - MONTHS[month] + 1
    )
}

fn instant_text(minute: i64) -> String {
    let day = (minute - START).div_euclid(DAY);
    let of_day = (minute - START).rem_euclid(DAY);
    format!(
        "{}T{:02}:{:02}:00Z",
        date_text(day),
        of_day / 60,
        of_day % 60
    )
}
