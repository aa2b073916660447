//! Local days and cycles, counted the slow way. Instants are minutes since 1970.

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike};
use chrono_tz::Tz;
use std::cell::RefCell;
use std::collections::BTreeMap;

pub(crate) const DAY: i64 = 1_440;

/// A time zone in which days begin when its clocks say so.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: Tz,
    starts: RefCell<BTreeMap<NaiveDate, i64>>,
}

impl Zone {
    pub(crate) fn new(zone: Tz) -> Zone {
        Zone {
            zone,
            starts: RefCell::default(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.zone.name()
    }

    fn local(&self, minute: i64) -> DateTime<Tz> {
        DateTime::from_timestamp(minute * 60, 0)
            .unwrap()
            .with_timezone(&self.zone)
    }

    pub(crate) fn date(&self, minute: i64) -> NaiveDate {
        self.local(minute).date_naive()
    }

    pub(crate) fn hour(&self, minute: i64) -> u32 {
        self.local(minute).hour()
    }

    /// The first minute of a local day: walks until the calendar shows it.
    pub(crate) fn start_of(&self, date: NaiveDate) -> i64 {
        if let Some(start) = self.starts.borrow().get(&date) {
            return *start;
        }
        let midnight = date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() / 60;
        let mut minute = midnight - 16 * 60;
        while self.date(minute) < date {
            minute += 15;
        }
        self.starts.borrow_mut().insert(date, minute);
        minute
    }
}

/// The cycle day of a month; of a shorter month its last day.
fn boundary(year: i32, month: u32, cycle_day: u32) -> NaiveDate {
    (1..=cycle_day)
        .rev()
        .find_map(|day| NaiveDate::from_ymd_opt(year, month, day))
        .unwrap()
}

/// First day of the cycle in which a day lies: walks back to a boundary.
pub(crate) fn cycle_of(date: NaiveDate, cycle_day: u32) -> NaiveDate {
    let mut day = date;
    while boundary(day.year(), day.month(), cycle_day) != day {
        day = day.pred_opt().unwrap();
    }
    day
}

/// First day of the next cycle: walks forward to a boundary.
pub(crate) fn next_cycle(start: NaiveDate, cycle_day: u32) -> NaiveDate {
    let mut day = start.succ_opt().unwrap();
    while boundary(day.year(), day.month(), cycle_day) != day {
        day = day.succ_opt().unwrap();
    }
    day
}

/// How many days there are from one day up to another, which does not count.
pub(crate) fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days().max(0)
}

pub(crate) fn plus_days(date: NaiveDate, days: i64) -> NaiveDate {
    date.checked_add_days(Days::new(days as u64)).unwrap()
}

pub(crate) fn minute_of(year: i32, month: u32, day: u32) -> i64 {
    let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    date.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() / 60
}
