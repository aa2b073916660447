//! All days that bands can tell apart, exactly: every day of the years that a band or a holiday names, and
//! for all other years every combination of month, day and weekday. Days on which the same windows hold
//! form one class, so that all questions are answered for a handful of classes instead of centuries.

use crate::draft::bands::DraftBand;
use crate::tables::{Band, Holidays, Window};
use rustc_hash::FxHashMap;
use umbral_model::time::{Date, days_in_month};

/// Hours of a day: ascending stretches `[from, to)` in seconds that do not touch.
pub(crate) type Hours = Vec<(u32, u32)>;
/// Hours for each class of days.
pub(crate) type Times = Vec<Hours>;

const DAY: u32 = 86_400;

/// A day that bands may tell from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Day {
    /// Any such day of a year that nobody names.
    Any { month: u8, day: u8, weekday: u8 },
    /// This day.
    Exact(Date),
}

/// Days, their classes, and the hours in which each band holds.
#[derive(Debug)]
pub(crate) struct Almanac {
    /// All days; those of unnamed years first, by month, day, weekday.
    pub(crate) days: Vec<Day>,
    /// Class of each day.
    pub(crate) class_of: Vec<u32>,
    /// Hours by class and band.
    hours: Vec<Vec<Hours>>,
}

impl Almanac {
    /// The days from `first_day` on, as these bands see them.
    pub(crate) fn new(bands: &[DraftBand], first_day: Date) -> Almanac {
        let bands: Vec<Option<&Band>> = bands.iter().map(|draft| draft.band.as_ref()).collect();
        Almanac::of(&bands, first_day)
    }

    /// The days from `first_day` on, as these bands see them; none for a band that could not be read.
    pub(crate) fn of(bands: &[Option<&Band>], first_day: Date) -> Almanac {
        let windows: Vec<(usize, &Window)> = bands
            .iter()
            .enumerate()
            .flat_map(|(index, band)| band.iter().map(move |band| (index, band)))
            .flat_map(|(index, band)| band.windows.iter().map(move |window| (index, window)))
            .collect();
        let days = days(&windows, first_day);
        let mut classes: FxHashMap<Vec<u64>, u32> = FxHashMap::default();
        let mut hours = Vec::new();
        let mut class_of = Vec::with_capacity(days.len());
        for day in &days {
            let signature = signature(&windows, *day);
            let next = classes.len() as u32;
            let class = *classes.entry(signature).or_insert_with(|| {
                hours.push(hours_of(&windows, *day, bands.len()));
                next
            });
            class_of.push(class);
        }
        Almanac {
            days,
            class_of,
            hours,
        }
    }

    /// When one of the bands holds.
    pub(crate) fn union(&self, bands: &[u16]) -> Times {
        self.hours
            .iter()
            .map(|by_band| {
                merge(
                    bands
                        .iter()
                        .flat_map(|band| by_band[*band as usize].iter().copied())
                        .collect(),
                )
            })
            .collect()
    }

    /// When none of the bands holds.
    pub(crate) fn missing(&self, bands: &[u16]) -> Times {
        self.union(bands).iter().map(complement).collect()
    }

    /// When both bands hold; no band holds always.
    pub(crate) fn both(&self, left: Option<u16>, right: Option<u16>) -> Times {
        let times =
            |band: Option<u16>| band.map_or_else(|| self.always(), |band| self.union(&[band]));
        common(&times(left), &times(right))
    }

    /// All times.
    pub(crate) fn always(&self) -> Times {
        vec![vec![(0, DAY)]; self.hours.len()]
    }

    /// Whether the band holds only when one of the others does.
    pub(crate) fn covered(&self, band: Option<u16>, by: &[u16]) -> bool {
        let own = self.both(band, None);
        own.iter()
            .zip(&self.missing(by))
            .all(|(own, missing)| intersect(own, missing).is_empty())
    }
}

/// Times in both.
pub(crate) fn common(left: &Times, right: &Times) -> Times {
    let pairs = left.iter().zip(right);
    pairs.map(|(left, right)| intersect(left, right)).collect()
}

/// Times in the left one and not in the right one.
pub(crate) fn without(left: &Times, right: &Times) -> Times {
    let pairs = left.iter().zip(right);
    pairs
        .map(|(left, right)| intersect(left, &complement(right)))
        .collect()
}

/// Times in one of them.
pub(crate) fn either(left: &Times, right: &Times) -> Times {
    let pairs = left.iter().zip(right);
    pairs
        .map(|(left, right)| merge(left.iter().chain(right).copied().collect()))
        .collect()
}

/// Whether there is any time in it.
pub(crate) fn is_never(times: &Times) -> bool {
    times.iter().all(Vec::is_empty)
}

fn days(windows: &[(usize, &Window)], first_day: Date) -> Vec<Day> {
    let mut years: Vec<i32> = Vec::new();
    for (_, window) in windows {
        years.extend(&window.years);
        if let Holidays::Only(dates) | Holidays::Except(dates) = &window.holidays {
            years.extend(dates.iter().map(|date| date.ymd().0));
        }
    }
    years.retain(|year| *year >= first_day.ymd().0);
    years.sort_unstable();
    years.dedup();
    let mut days = Vec::new();
    for month in 1..=12 {
        for day in 1..=days_in_month(2024, month) {
            days.extend((1..=7).map(|weekday| Day::Any {
                month,
                day,
                weekday,
            }));
        }
    }
    for year in years {
        for month in 1..=12 {
            let exact = (1..=days_in_month(year, month))
                .filter_map(|day| Date::from_ymd(year, month, day))
                .filter(|date| *date >= first_day);
            days.extend(exact.map(Day::Exact));
        }
    }
    days
}

/// Bits of the windows whose conditions hold on the day.
fn signature(windows: &[(usize, &Window)], day: Day) -> Vec<u64> {
    let mut bits = vec![0u64; windows.len().div_ceil(64)];
    for (index, (_, window)) in windows.iter().enumerate() {
        if holds_on(window, day) {
            bits[index / 64] |= 1 << (index % 64);
        }
    }
    bits
}

fn hours_of(windows: &[(usize, &Window)], day: Day, bands: usize) -> Vec<Hours> {
    let mut hours = vec![Hours::new(); bands];
    for (band, window) in windows.iter().filter(|(_, window)| holds_on(window, day)) {
        hours[*band].push((window.from, window.to));
    }
    hours.into_iter().map(merge).collect()
}

fn holds_on(window: &Window, day: Day) -> bool {
    let (month, month_day, weekday, date) = match day {
        Day::Any {
            month,
            day,
            weekday,
        } => (month, day, weekday, None),
        Day::Exact(date) => {
            let (_, month, month_day) = date.ymd();
            (month, month_day, date.weekday(), Some(date))
        }
    };
    let year =
        window.years.is_empty() || date.is_some_and(|date| window.years.contains(&date.ymd().0));
    let listed = |dates: &[Date]| date.is_some_and(|date| dates.binary_search(&date).is_ok());
    let holiday = match &window.holidays {
        Holidays::Ignored => true,
        Holidays::Only(dates) => listed(dates),
        Holidays::Except(dates) => !listed(dates),
    };
    year && holiday
        && window.months & 1 << month != 0
        && window.month_days & 1 << month_day != 0
        && window.weekdays & 1 << weekday != 0
}

fn merge(mut hours: Hours) -> Hours {
    hours.sort_unstable();
    let mut merged = Hours::new();
    for (from, to) in hours {
        match merged.last_mut() {
            Some(last) if last.1 >= from => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn complement(hours: &Hours) -> Hours {
    let mut rest = Hours::new();
    let mut at = 0;
    for (from, to) in hours {
        if *from > at {
            rest.push((at, *from));
        }
        at = *to;
    }
    if at < DAY {
        rest.push((at, DAY));
    }
    rest
}

fn intersect(left: &Hours, right: &Hours) -> Hours {
    let both = left.iter().flat_map(|(from, to)| {
        right
            .iter()
            .map(move |(other_from, other_to)| (*from.max(other_from), *to.min(other_to)))
    });
    both.filter(|(from, to)| from < to).collect()
}
