//! Days of the week, months, times of day, dates and instants.

use umbral_model::time::{Date, LocalMeaning, LocalTime, Timestamp, ZoneRules};

/// Names of weekdays, Monday first.
pub(crate) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// Names of months.
pub(crate) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// ISO weekdays as bits 1 to 7, from `Mon-Fri, Sun`.
pub(crate) fn weekdays(text: &str) -> Option<u8> {
    let number = |word: &str| named(word, &WEEKDAYS);
    ranges(text, 7, true, number).map(|bits| bits as u8)
}

/// Months as bits 1 to 12, from `Jan-Mar, 12`.
pub(crate) fn months(text: &str) -> Option<u16> {
    let number = |word: &str| named(word, &MONTHS).or_else(|| word.parse().ok());
    ranges(text, 12, true, number).map(|bits| bits as u16)
}

/// Days of the month as bits 1 to 31, from `1-15, 31`.
pub(crate) fn month_days(text: &str) -> Option<u32> {
    ranges(text, 31, false, |word| word.parse().ok())
}

/// Years from `2026-2028, 2030`, ascending.
pub(crate) fn years(text: &str) -> Option<Vec<i32>> {
    let year = |word: &str| -> Option<i32> {
        word.trim()
            .parse()
            .ok()
            .filter(|year| (1970..=2262).contains(year))
    };
    let mut found: Vec<i32> = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (year(first)?, year(last)?);
        if first > last {
            return None;
        }
        found.extend(first..=last);
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

fn named(word: &str, names: &[&str]) -> Option<u32> {
    let index = names
        .iter()
        .position(|name| name.eq_ignore_ascii_case(word))?;
    Some(index as u32 + 1)
}

fn ranges(text: &str, last: u32, wraps: bool, number: impl Fn(&str) -> Option<u32>) -> Option<u32> {
    let number = |word: &str| number(word.trim()).filter(|n| (1..=last).contains(n));
    let mut bits = 0u32;
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (number(from)?, number(to)?);
        if from > to && !wraps {
            return None;
        }
        let mut day = from;
        loop {
            bits |= 1 << day;
            if day == to {
                break;
            }
            day = if day == last { 1 } else { day + 1 };
        }
    }
    Some(bits)
}

/// Second of the day, from `08:00` or `08:00:30`, up to `24:00`.
pub(crate) fn time_of_day(text: &str) -> Option<u32> {
    let mut parts = text.trim().split(':').map(|part| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| digits)
    });
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let total = hour * 3600 + minute * 60 + second;
    (parts.next().is_none() && minute < 60 && second < 60 && total <= 86_400).then_some(total)
}

/// Why a text is no instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InstantError {
    /// It is not written as one.
    Malformed,
    /// Clocks skip this local time.
    Skipped,
    /// Its year is not one of `INSTANT_YEARS`.
    OutOfReach,
}

/// Years that instants reach in full: nanoseconds from 1970 are held in 64 bits.
pub(crate) const INSTANT_YEARS: core::ops::RangeInclusive<i32> = 1678..=2261;

/// Reads an RFC 3339 instant, a local date and time, or a date (its midnight). Of an ambiguous local time
/// the earlier one is meant.
pub(crate) fn instant(text: &str, zone: &ZoneRules) -> Result<Timestamp, InstantError> {
    let text = text.trim();
    let day = text.get(..10).and_then(Date::parse);
    if day.is_some_and(|day| !INSTANT_YEARS.contains(&day.ymd().0)) {
        return Err(InstantError::OutOfReach);
    }
    if let Some(date) = Date::parse(text) {
        return Ok(zone.start_of_day(date));
    }
    let (Some(date), Some(rest)) = (text.get(..10).and_then(Date::parse), text.get(11..)) else {
        return Err(InstantError::Malformed);
    };
    if let Some(at) = Timestamp::parse(&format!("{date}T{rest}")) {
        return Ok(at);
    }
    let second = time_of_day(rest)
        .filter(|s| *s < 86_400)
        .ok_or(InstantError::Malformed)?;
    let local = LocalTime {
        date,
        nano_of_day: i64::from(second) * 1_000_000_000,
    };
    match zone.meaning(local) {
        LocalMeaning::Single(at) | LocalMeaning::Ambiguous(at, _) => Ok(at),
        LocalMeaning::Gap(_) => Err(InstantError::Skipped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(weekdays("Mon-Fri"), Some(0b0011_1110));
        assert_eq!(weekdays("Fri-Mon"), Some(0b1110_0010));
        assert_eq!(weekdays("sat, Sun"), Some(0b1100_0000));
        assert_eq!(weekdays("Mon-Fry"), None);
        assert_eq!(months("Nov-Jan"), Some(1 << 11 | 1 << 12 | 1 << 1));
        assert_eq!(month_days("30-2"), None);
        assert_eq!(month_days("0"), None);
        assert_eq!(years("2026-2028, 2027"), Some(vec![2026, 2027, 2028]));
        assert_eq!(time_of_day("24:00"), Some(86_400));
        assert_eq!(time_of_day("24:01"), None);
        assert_eq!(time_of_day("8"), None);
    }

    #[test]
    fn instants() {
        let utc = ZoneRules::utc();
        let at = Timestamp::parse("2026-03-02T10:00:00Z").ok_or(InstantError::Malformed);
        for text in [
            "2026-03-02T11:00:00+01:00",
            "2026-03-02 10:00",
            "2026-03-02T10:00:00",
            "2026-03-02 10:00:00Z",
        ] {
            assert_eq!(instant(text, &utc), at, "{text}");
        }
        assert_eq!(instant("2026-02-30", &utc), Err(InstantError::Malformed));
        assert_eq!(instant("tomorrow", &utc), Err(InstantError::Malformed));
    }
}
