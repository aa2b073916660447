//! Time bands at an instant: what the wall clock of the tariff's zone shows, whether a band holds there, and
//! when that may change. Bands follow the wall clock through both changes of the clocks.

use umbral_catalog::tables::{Band, Holidays, Window};
use umbral_model::time::{
    Date, NANOS_PER_DAY, NANOS_PER_SECOND, SECONDS_PER_DAY, Timestamp, ZoneRules,
};

/// Bits 1 to 12, 1 to 31, 1 to 7: a condition that every day meets.
const ALL_MONTHS: u16 = 0x1FFE;
const ALL_MONTH_DAYS: u32 = 0xFFFF_FFFE;
const ALL_WEEKDAYS: u8 = 0xFE;

/// What the clock on the wall shows at an instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    at: Timestamp,
    date: Date,
    nano_of_day: i64,
    /// Seconds east of UTC.
    offset: i32,
    /// When the zone's offset changes next.
    shift: Timestamp,
}

impl WallClock {
    pub(crate) fn at(zone: &ZoneRules, at: Timestamp) -> WallClock {
        let second = at.seconds();
        let past = zone
            .transitions
            .partition_point(|(change, _)| *change <= second);
        let offset = match past {
            0 => zone.initial_offset,
            n => zone.transitions[n - 1].1,
        };
        let shift = match zone.transitions.get(past) {
            Some((change, _)) => Timestamp::from_seconds(*change),
            None => Timestamp::MAX,
        };
        WallClock::with_offset(at, offset, shift)
    }

    /// What it shows at a later instant.
    pub(crate) fn later(&self, zone: &ZoneRules, at: Timestamp) -> WallClock {
        if at < self.shift {
            WallClock::with_offset(at, self.offset, self.shift)
        } else {
            WallClock::at(zone, at)
        }
    }

    fn with_offset(at: Timestamp, offset: i32, shift: Timestamp) -> WallClock {
        let local_second = at.seconds() + i64::from(offset);
        let day = local_second.div_euclid(SECONDS_PER_DAY);
        let second_of_day = local_second - day * SECONDS_PER_DAY;
        let nano = at.nanos().rem_euclid(NANOS_PER_SECOND);
        WallClock {
            at,
            date: Date::from_days(day as i32),
            nano_of_day: second_of_day * NANOS_PER_SECOND + nano,
            offset,
            shift,
        }
    }

    /// Whether `band` holds now.
    pub(crate) fn holds(&self, band: &Band) -> bool {
        let second = (self.nano_of_day / NANOS_PER_SECOND) as u32;
        band.windows
            .iter()
            .any(|w| w.from <= second && second < w.to && meets_date(w, self.date))
    }

    /// The first instant after now at which one of the windows may begin or end: an edge of theirs today,
    /// midnight, or a change of the zone's offset.
    pub(crate) fn next_edge<'w>(&self, windows: impl Iterator<Item = &'w Window>) -> Timestamp {
        let mut edge = NANOS_PER_DAY;
        for window in windows {
            for second in [window.from, window.to] {
                let nanos = i64::from(second) * NANOS_PER_SECOND;
                if nanos > self.nano_of_day && nanos < edge {
                    edge = nanos;
                }
            }
        }
        self.at.plus_nanos(edge - self.nano_of_day).min(self.shift)
    }
}

fn meets_date(window: &Window, date: Date) -> bool {
    if window.weekdays & ALL_WEEKDAYS != ALL_WEEKDAYS
        && window.weekdays & (1 << date.weekday()) == 0
    {
        return false;
    }
    let any_day = window.years.is_empty()
        && window.months & ALL_MONTHS == ALL_MONTHS
        && window.month_days & ALL_MONTH_DAYS == ALL_MONTH_DAYS;
    if !any_day {
        let (year, month, day) = date.ymd();
        let meets = (window.years.is_empty() || window.years.contains(&year))
            && window.months & (1 << month) != 0
            && window.month_days & (1 << day) != 0;
        if !meets {
            return false;
        }
    }
    match &window.holidays {
        Holidays::Ignored => true,
        Holidays::Only(days) => days.contains(&date),
        Holidays::Except(days) => !days.contains(&date),
    }
}
