//! Cycles and local days.

use umbral_model::time::{Date, Timestamp, ZoneRules, days_in_month};

/// The day of that month on which a cycle begins: `cycle_day`, or the last day of a shorter month.
fn cycle_day_in(year: i32, month: u8, cycle_day: u8) -> Date {
    let day = cycle_day.clamp(1, days_in_month(year, month));
    Date::from_ymd(year, month, day).unwrap_or_default()
}

/// First day of the cycle in which `date` falls.
pub(crate) fn cycle_of(date: Date, cycle_day: u8) -> Date {
    let (year, month, _) = date.ymd();
    let this_month = cycle_day_in(year, month, cycle_day);
    if this_month <= date {
        return this_month;
    }
    match month {
        1 => cycle_day_in(year - 1, 12, cycle_day),
        _ => cycle_day_in(year, month - 1, cycle_day),
    }
}

/// First day of the cycle after the one that begins on `start`.
pub(crate) fn next_cycle(start: Date, cycle_day: u8) -> Date {
    let (year, month, _) = start.ymd();
    match month {
        12 => cycle_day_in(year + 1, 1, cycle_day),
        _ => cycle_day_in(year, month + 1, cycle_day),
    }
}

/// The first instant after a last usable day.
pub(crate) fn end_of_day(zone: &ZoneRules, last_day: Date) -> Timestamp {
    zone.start_of_day(last_day.plus_days(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn cycles_follow_their_day_through_short_months() {
        for (day, within, cycle_day, next) in [
            ("2026-01-01", "2026-01-31", 1, "2026-02-01"),
            ("2026-01-31", "2026-02-27", 31, "2026-02-28"),
            ("2026-02-28", "2026-03-30", 31, "2026-03-31"),
            ("2028-02-29", "2028-03-29", 30, "2028-03-30"),
            ("2025-12-15", "2026-01-14", 15, "2026-01-15"),
        ] {
            assert_eq!(
                cycle_of(date(within), cycle_day),
                date(day),
                "cycle of {within}"
            );
            assert_eq!(next_cycle(date(day), cycle_day), date(next), "after {day}");
        }
    }
}
