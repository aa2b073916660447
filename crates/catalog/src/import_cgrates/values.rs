//! What stands in fields: decimals, quantities, lists of numbers, times of day, instants.

use crate::text::days::INSTANT_YEARS;
use umbral_model::money::{DecimalError, Pico};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::{Measurement, Quantity};

/// A decimal without exponent, and its value; `.5`, `5.` and `1e-3` are taken too.
pub(super) fn decimal(text: &str) -> Result<(String, Pico), &'static str> {
    let plain = without_exponent(text).ok_or("is no decimal number")?;
    match Pico::parse(&plain) {
        Ok(value) => Ok((plain, value)),
        Err(DecimalError::TooPrecise) => Err("has more than twelve decimals"),
        Err(DecimalError::TooLarge) => Err("is too large"),
        Err(_) => Err("is no decimal number"),
    }
}

/// Decimals that a price may have beyond the twelve of a catalog.
const FINER: usize = 12;

/// A price with more than twelve decimals, as that of a larger unit: the price and by how much the unit grows.
/// `0.0000000000015` of a unit is `0.000000000015` of ten units.
pub(super) fn coarser(text: &str) -> Option<(String, Pico, u64)> {
    let plain = without_exponent(text)?;
    let (_, fraction) = plain.split_once('.')?;
    let finer = fraction.trim_end_matches('0').len().checked_sub(12)?;
    if finer > FINER {
        return None;
    }
    let plain = without_exponent(&format!("{plain}e{finer}"))?;
    let (whole, fraction) = plain.split_once('.')?;
    let plain = format!("{whole}.{}", fraction.trim_end_matches('0'));
    let value = Pico::parse(&plain).ok()?;
    Some((plain, value, 10u64.pow(finer as u32)))
}

fn without_exponent(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) || exponent.abs() > 40 {
        return None;
    }
    let point = whole.len() as i32 + exponent;
    let (whole, fraction) = if point <= 0 {
        (
            "0".to_owned(),
            format!("{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        )
    } else {
        let padded = format!("{digits:0<width$}", width = point as usize);
        let (whole, fraction) = padded.split_at(point as usize);
        (whole.to_owned(), fraction.to_owned())
    };
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// A length of usage: base units, and whether it was written as a time. A plain number is that many units.
pub(super) fn quantity(text: &str) -> Option<(u64, bool)> {
    if text.is_empty() {
        return Some((0, false));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let units = text
            .parse()
            .ok()
            .filter(|units| *units <= i64::MAX as u64)?;
        return Some((units, false));
    }
    let text = text.replace("µs", "us").replace("μs", "us");
    let timed = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let quantity = Quantity::parse(&text, Measurement::Time)
        .ok()
        .filter(|_| timed)?;
    Some((quantity.0, quantity.0 > 0))
}

/// A list such as `1;2;3`: empty for `*any` and for nothing.
pub(super) fn numbers(text: &str, range: core::ops::RangeInclusive<i32>) -> Option<Vec<i32>> {
    if text.is_empty() || text == "*any" {
        return Some(Vec::new());
    }
    let mut list = Vec::new();
    for part in text.trim_end_matches(';').split(';') {
        list.push(
            part.trim()
                .parse()
                .ok()
                .filter(|number| range.contains(number))?,
        );
    }
    list.sort_unstable();
    list.dedup();
    Some(list)
}

/// `08:30:00` as a second of the day; 24:00:00 is the day's end.
pub(super) fn time_of_day(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let mut part = |limit: u32| -> Option<u32> {
        let text = parts.next()?;
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| digits && *number <= limit)
    };
    let (hour, minute, second) = (part(24)?, part(59)?, part(59).unwrap_or(u32::MAX));
    let second = if second == u32::MAX {
        (text.matches(':').count() == 1).then_some(0)?
    } else {
        second
    };
    let total = hour * 3600 + minute * 60 + second;
    (parts.next().is_none() && total <= 86_400).then_some(total)
}

/// An activation time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moment {
    /// An instant.
    At(Timestamp),
    /// A wall clock without offset, as `YYYY-MM-DDTHH:MM:SS`.
    Local(Timestamp),
    /// From the beginning: empty, or before everything that can be written.
    Beginning,
    /// Before what can be held: from the beginning.
    TooEarly,
    /// After what can be held.
    TooLate,
    /// `*now`: when the tariff is loaded.
    Now,
}

/// Reads the forms that activation times have: RFC 3339, the same without offset or with a blank, Unix
/// seconds and milliseconds, `YYYYMMDDhhmmss`, `*now`, nothing.
pub(super) fn moment(text: &str) -> Option<Moment> {
    match text {
        "" => return Some(Moment::Beginning),
        "*now" => return Some(Moment::Now),
        _ => {}
    }
    if text.starts_with("0001-01-01") {
        return Some(Moment::Beginning);
    }
    if let Some(outside) = outside(text) {
        return Some(outside);
    }
    if let Some(at) = Timestamp::parse(text) {
        return Some(Moment::At(at));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            10 if number > LAST_SECOND => Some(Moment::TooLate),
            13 if number / 1_000 > LAST_SECOND => Some(Moment::TooLate),
            9 | 10 => Some(Moment::At(Timestamp::from_seconds(number))),
            13 => Some(Moment::At(Timestamp::from_nanos(
                number.checked_mul(1_000_000)?,
            ))),
            14 => {
                let (date, clock) = text.split_at(8);
                let written = format!(
                    "{}-{}-{}T{}:{}:{}Z",
                    &date[..4],
                    &date[4..6],
                    &date[6..],
                    &clock[..2],
                    &clock[2..4],
                    &clock[4..]
                );
                Timestamp::parse(&written).map(Moment::Local)
            }
            _ => None,
        };
    }
    if let Some(date) = Date::parse(text) {
        return Timestamp::parse(&format!("{date}T00:00:00Z")).map(Moment::Local);
    }
    Timestamp::parse(&format!("{text}Z")).map(Moment::Local)
}

/// The last second of 2261.
const LAST_SECOND: i64 = 9_214_646_399;

/// Whether a date lies in a year that instants do not reach; none if it is no date, or within.
fn outside(text: &str) -> Option<Moment> {
    let date = match text.get(..8).filter(|_| text.len() == 14) {
        Some(packed) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{}-{}-{}", &packed[..4], &packed[4..6], &packed[6..])
        }
        _ => text.get(..10)?.to_owned(),
    };
    let year = Date::parse(&date)?.ymd().0;
    if year < *INSTANT_YEARS.start() {
        Some(Moment::TooEarly)
    } else {
        (year > *INSTANT_YEARS.end()).then_some(Moment::TooLate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_lose_their_exponent_and_nothing_else() {
        for (text, plain) in [
            ("0.15", Ok("0.15")),
            ("007", Ok("7")),
            (".5", Ok("0.5")),
            ("5.", Ok("5")),
            ("1e-3", Ok("0.001")),
            ("12.5E2", Ok("1250")),
            ("-0.02", Ok("-0.02")),
            ("+3", Ok("3")),
            ("0", Ok("0")),
            ("", Err("is no decimal number")),
            ("1,5", Err("is no decimal number")),
            ("-", Err("is no decimal number")),
            ("1e-13", Err("has more than twelve decimals")),
            ("1e30", Err("is too large")),
        ] {
            assert_eq!(
                decimal(text).map(|(plain, _)| plain),
                plain.map(str::to_owned),
                "{text}"
            );
        }
    }

    #[test]
    fn finer_prices_are_those_of_larger_units() {
        for (text, expected) in [
            ("0.0000000000015", Some(("0.000000000015", 10))),
            ("-1.5e-13", Some(("-0.000000000015", 100))),
            ("0.10000000000010", Some(("1.000000000001", 10))),
            ("1e-24", Some(("0.000000000001", 1_000_000_000_000))),
            ("1e-25", None),
            ("0.5", None),
            ("x", None),
        ] {
            let found = coarser(text).map(|(plain, _, by)| (plain, by));
            let expected = expected.map(|(plain, by)| (plain.to_owned(), by));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn quantities_are_times_or_units() {
        for (text, expected) in [
            ("60s", Some((60_000_000_000, true))),
            ("1m30s", Some((90_000_000_000, true))),
            ("1h0m0s", Some((3_600_000_000_000, true))),
            ("500ms", Some((500_000_000, true))),
            ("20µs", Some((20_000, true))),
            ("1024", Some((1024, false))),
            ("0", Some((0, false))),
            ("0s", Some((0, false))),
            ("", Some((0, false))),
            ("-1", None),
            ("1.5", None),
            ("10kB", None),
            ("s", None),
        ] {
            assert_eq!(quantity(text), expected, "{text}");
        }
    }

    #[test]
    fn lists_and_times_of_day() {
        assert_eq!(numbers("*any", 1..=12), Some(vec![]));
        assert_eq!(numbers("6;7;6", 0..=7), Some(vec![6, 7]));
        assert_eq!(numbers("1;2;", 1..=12), Some(vec![1, 2]));
        assert_eq!(numbers("1;13", 1..=12), None);
        assert_eq!(numbers("*any;1", 1..=12), None);
        for (text, expected) in [
            ("00:00:00", Some(0)),
            ("8:05:09", Some(29_109)),
            ("19:00", Some(68_400)),
            ("24:00:00", Some(86_400)),
            ("24:00:01", None),
            ("12:60:00", None),
            ("12", None),
            ("12:00:00:00", None),
            ("12:00:", None),
            ("*asap", None),
            ("", None),
        ] {
            assert_eq!(time_of_day(text), expected, "{text}");
        }
    }

    #[test]
    fn activation_times_have_many_forms() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        for (text, expected) in [
            (
                "2014-01-14T00:00:00Z",
                Some(Moment::At(at("2014-01-14T00:00:00Z"))),
            ),
            (
                "2014-01-14T02:00:00+02:00",
                Some(Moment::At(at("2014-01-14T00:00:00Z"))),
            ),
            (
                "2014-01-14 00:00:00",
                Some(Moment::Local(at("2014-01-14T00:00:00Z"))),
            ),
            (
                "2014-01-14T00:00:00",
                Some(Moment::Local(at("2014-01-14T00:00:00Z"))),
            ),
            (
                "2014-01-14",
                Some(Moment::Local(at("2014-01-14T00:00:00Z"))),
            ),
            ("1389657600", Some(Moment::At(at("2014-01-14T00:00:00Z")))),
            (
                "1389657600000",
                Some(Moment::At(at("2014-01-14T00:00:00Z"))),
            ),
            (
                "20140114000000",
                Some(Moment::Local(at("2014-01-14T00:00:00Z"))),
            ),
            ("", Some(Moment::Beginning)),
            ("0001-01-01T00:00:00Z", Some(Moment::Beginning)),
            ("*now", Some(Moment::Now)),
            ("1677-12-31T23:00:00Z", Some(Moment::TooEarly)),
            ("16000101000000", Some(Moment::TooEarly)),
            (
                "1678-01-01",
                Some(Moment::Local(at("1678-01-01T00:00:00Z"))),
            ),
            (
                "2261-12-31T00:00:00Z",
                Some(Moment::At(at("2261-12-31T00:00:00Z"))),
            ),
            ("9214646399", Some(Moment::At(at("2261-12-31T23:59:59Z")))),
            ("9214646400", Some(Moment::TooLate)),
            ("9999999999999", Some(Moment::TooLate)),
            ("9999-12-31", Some(Moment::TooLate)),
            ("22620101000000", Some(Moment::TooLate)),
            ("2262-01-01T00:00:00+02:00", Some(Moment::TooLate)),
            ("*monthly", None),
            ("tomorrow", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }
}
