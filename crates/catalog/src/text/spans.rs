//! Lengths of time by the calendar and by the clock: `12 months`, `30 days`, `45 minutes`.

use crate::loyalty::Expiry;

/// What ends an expiry that lasts to the end of its month.
const MONTH_END: &str = ", to the end of the month";
/// A hundred years: nothing in a programme lasts longer.
const MOST_MONTHS: u64 = 1_200;
const MOST_DAYS: u64 = 36_500;
const MOST_MINUTES: u64 = 525_600;

/// A number of days, from `1 day`, `30 days` or `2 weeks`.
pub(crate) fn days(text: &str) -> Option<u16> {
    of_words(text, &[("day", 1), ("week", 7)], MOST_DAYS).map(|days| days as u16)
}

/// A number of months, from `12 months` or `2 years`; above 0.
pub(crate) fn months(text: &str) -> Option<u16> {
    let months = of_words(text, &[("month", 1), ("year", 12)], MOST_MONTHS)?;
    (months > 0).then_some(months as u16)
}

/// A number of minutes, from `30 minutes`, `2 hours` or `1 day`; above 0.
pub(crate) fn minutes(text: &str) -> Option<u32> {
    let words = [("minute", 1), ("hour", 60), ("day", 1_440)];
    let minutes = of_words(text, &words, MOST_MINUTES)?;
    (minutes > 0).then_some(minutes as u32)
}

/// An expiry, from `12 months`, `90 days` or `1 month and 15 days`, with or without `, to the end of the month`.
pub(crate) fn expiry(text: &str) -> Option<Expiry> {
    let (length, month_end) = match text.strip_suffix(MONTH_END) {
        Some(length) => (length, true),
        None => (text, false),
    };
    let (whole_months, rest) = match length.split_once(" and ") {
        Some((first, second)) => (months(first)?, days(second)?),
        None => match months(length) {
            Some(whole) => (whole, 0),
            None => (0, days(length)?),
        },
    };
    Some(Expiry {
        months: whole_months,
        days: rest,
        month_end,
    })
}

/// An expiry as it is written.
pub(crate) fn shown_expiry(expiry: &Expiry) -> String {
    let length = match (expiry.months, expiry.days) {
        (0, days) => shown_days(days),
        (months, 0) => shown_months(months),
        (months, days) => format!("{} and {}", shown_months(months), shown_days(days)),
    };
    match expiry.month_end {
        true => format!("{length}{MONTH_END}"),
        false => length,
    }
}

/// `1 day`, `30 days`.
pub(crate) fn shown_days(days: u16) -> String {
    counted(u64::from(days), "day")
}

/// `12 months`, `1 month`.
pub(crate) fn shown_months(months: u16) -> String {
    counted(u64::from(months), "month")
}

/// `30 minutes`, `1 minute`.
pub(crate) fn shown_minutes(minutes: u32) -> String {
    counted(u64::from(minutes), "minute")
}

fn counted(number: u64, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// `NUMBER WORD` in the smallest of the words' units, with or without a plural `s`.
fn of_words(text: &str, words: &[(&str, u64)], most: u64) -> Option<u64> {
    let (number, word) = text.split_once(' ')?;
    let word = word.strip_suffix('s').unwrap_or(word);
    let (_, size) = words.iter().find(|(known, _)| *known == word)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    number.checked_mul(*size).filter(|sum| *sum <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_their_words() {
        for (text, expected) in [
            ("1 day", Some(1)),
            ("0 days", Some(0)),
            ("2 weeks", Some(14)),
            ("36500 days", Some(36_500)),
            ("36501 days", None),
            ("30", None),
            ("30days", None),
            ("-3 days", None),
            ("2 months", None),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
        assert_eq!(months("2 years"), Some(24));
        assert_eq!(months("0 months"), None);
        assert_eq!(minutes("2 hours"), Some(120));
        assert_eq!(minutes("2 seconds"), None);
    }

    #[test]
    fn expiries_are_shown_as_they_are_read() {
        for text in [
            "12 months",
            "1 month and 15 days",
            "3 days",
            "12 months, to the end of the month",
        ] {
            let read = expiry(text);
            assert_eq!(read.as_ref().map(shown_expiry).as_deref(), Some(text));
        }
        assert_eq!(expiry("15 days and 1 month"), None);
        assert_eq!(expiry("0 days, at once"), None);
    }
}
