//! Months, hours and how busy they are.

use crate::random::Random;
use umbral_model::time::{Date, SECONDS_PER_DAY};

/// How busy each hour of the local day is, from midnight on.
const HOURS: [u64; 24] = [
    8, 4, 2, 2, 2, 4, 12, 30, 52, 66, 74, 80, 84, 86, 72, 62, 64, 74, 86, 94, 98, 84, 54, 24,
];
/// How busy each day of the week is, from Monday on.
const WEEKDAYS: [u64; 7] = [20, 20, 21, 22, 25, 19, 16];
const MINUTE: i64 = 60;

/// A month of activity, from the first day on; instants are in seconds since 1970 in UTC.
#[derive(Clone, Copy)]
pub(crate) struct Month {
    /// The very first day.
    start: Date,
    /// Months since then.
    pub(crate) index: u32,
    /// First local midnight.
    pub(crate) begins: i64,
    /// Seconds until the next month.
    pub(crate) length: i64,
    /// First local day.
    pub(crate) first_day: Date,
}

impl Month {
    pub(crate) fn first(start: Date) -> Month {
        Month::numbered(start, 0)
    }

    pub(crate) fn next(&self) -> Month {
        Month::numbered(self.start, self.index + 1)
    }

    fn numbered(start: Date, index: u32) -> Month {
        let first_day = start.plus_months(index as i32);
        let begins = local_midnight(first_day);
        Month {
            start,
            index,
            begins,
            length: local_midnight(start.plus_months(index as i32 + 1)) - begins,
            first_day,
        }
    }

    /// Day of the month on which cycles begin.
    pub(crate) fn cycle_day(&self) -> u8 {
        self.start.ymd().2
    }

    /// Local day, from the month's first, of a second of the month.
    pub(crate) fn day_of(&self, second: i64) -> u64 {
        (second.max(0) / SECONDS_PER_DAY) as u64
    }
}

/// Seconds east of UTC in Spain: summer time from the last Sunday of March to that of October, 01:00 UTC.
fn offset_at(second: i64) -> i64 {
    let (year, _, _) = Date::from_days(second.div_euclid(SECONDS_PER_DAY) as i32).ymd();
    let change = |month| {
        let last = Date::from_ymd(year, month, 31).unwrap_or_default();
        let sunday = last.plus_days(-i32::from(last.weekday() % 7));
        i64::from(sunday.days()) * SECONDS_PER_DAY + 3600
    };
    let summer = (change(3)..change(10)).contains(&second);
    if summer { 7200 } else { 3600 }
}

fn local_midnight(day: Date) -> i64 {
    let midnight = i64::from(day.days()) * SECONDS_PER_DAY;
    midnight - offset_at(midnight - 3600)
}

/// Spreads a month's activity over its minutes: exactly as much as there is, by the hour and the weekday.
pub(crate) struct Minutes {
    begins: i64,
    minutes: i64,
    activity: u64,
    weight: u64,
    total_weight: u64,
    given: u64,
    // The minute being filled, how many fall into it, and how many of them are given.
    minute: i64,
    in_minute: u64,
    given_in_minute: u64,
}

impl Minutes {
    pub(crate) fn new(month: &Month, activity: u64) -> Minutes {
        let minutes = month.length / MINUTE;
        let weights = (0..minutes).map(|minute| weight_at(month.begins + minute * MINUTE));
        Minutes {
            begins: month.begins,
            minutes,
            activity,
            weight: 0,
            total_weight: weights.sum(),
            given: 0,
            minute: -1,
            in_minute: 0,
            given_in_minute: 0,
        }
    }

    /// Second of the month of the next activity; seconds never fall.
    pub(crate) fn next(&mut self, random: &mut Random) -> Option<i64> {
        while self.given_in_minute == self.in_minute {
            self.begin_minute()?;
        }
        let within = (self.given_in_minute * 60 + random.below(60)) / self.in_minute;
        self.given_in_minute += 1;
        self.given += 1;
        Some(self.minute * MINUTE + within as i64)
    }

    fn begin_minute(&mut self) -> Option<()> {
        self.minute += 1;
        if self.minute >= self.minutes {
            debug_assert_eq!(self.given, self.activity);
            return None;
        }
        self.weight += weight_at(self.begins + self.minute * MINUTE);
        let due =
            u128::from(self.activity) * u128::from(self.weight) / u128::from(self.total_weight);
        self.in_minute = due as u64 - self.given;
        self.given_in_minute = 0;
        Some(())
    }
}

fn weight_at(second: i64) -> u64 {
    let local = second + offset_at(second);
    let day = Date::from_days(local.div_euclid(SECONDS_PER_DAY) as i32);
    let hour = local.rem_euclid(SECONDS_PER_DAY) / 3600;
    HOURS[hour as usize] * WEEKDAYS[usize::from(day.weekday() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u8, day: u8) -> Date {
        Date::from_ymd(year, month, day).unwrap()
    }

    #[test]
    fn midnights_follow_summer_time() {
        for (date, expected) in [
            (day(2026, 3, 1), "2026-02-28T23:00:00Z"),
            (day(2026, 3, 29), "2026-03-28T23:00:00Z"),
            (day(2026, 3, 30), "2026-03-29T22:00:00Z"),
            (day(2026, 10, 25), "2026-10-24T22:00:00Z"),
            (day(2026, 10, 26), "2026-10-25T23:00:00Z"),
        ] {
            let at = umbral_model::time::Timestamp::from_seconds(local_midnight(date));
            assert_eq!(at.to_string(), expected);
        }
    }

    #[test]
    fn months_of_any_first_day_join() {
        for first in [day(2026, 1, 1), day(2026, 1, 31), day(2027, 12, 15)] {
            let mut month = Month::first(first);
            for _ in 0..30 {
                let next = month.next();
                assert_eq!(next.begins, month.begins + month.length);
                assert!((27 * SECONDS_PER_DAY..33 * SECONDS_PER_DAY).contains(&month.length));
                month = next;
            }
        }
    }

    #[test]
    fn every_activity_falls_into_the_month_and_evenings_are_busier_than_nights() {
        let month = Month::first(day(2026, 3, 1));
        for activity in [1, 59, 100_000] {
            let (mut minutes, mut random) = (Minutes::new(&month, activity), Random::new(1));
            let (mut count, mut last, mut night, mut evening) = (0, 0, 0, 0);
            while let Some(second) = minutes.next(&mut random) {
                assert!(second >= last && second < month.length);
                let hour = (month.begins + second + offset_at(month.begins + second)) / 3600 % 24;
                night += u64::from(hour == 3);
                evening += u64::from(hour == 20);
                (count, last) = (count + 1, second);
            }
            assert_eq!(count, activity);
            assert!(activity < 1000 || evening > 20 * night);
        }
    }
}
