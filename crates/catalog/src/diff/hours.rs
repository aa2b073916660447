//! Days and hours, as the bands of both catalogs tell them apart, by the wall clock.

use super::{Change, Kind, Pair};
use crate::check::almanac::{Almanac, Day, Times, is_never, without};
use crate::check::words;
use crate::tables::{Band, Catalog};
use rustc_hash::FxHashMap;
use umbral_model::ids::BandNo;
use umbral_model::time::Date;

/// All bands of two catalogs on one calendar.
pub(super) struct Calendar {
    almanac: Almanac,
    /// Bands of the first catalog; those of the second one follow.
    first: usize,
}

impl Calendar {
    /// From the first day on which both are in force: what was before does not change.
    pub(super) fn new(from: &Catalog, to: &Catalog) -> Calendar {
        let day = |catalog: &Catalog| catalog.zone.local(catalog.valid_from).date;
        let bands: Vec<Option<&Band>> = from.bands.iter().chain(&to.bands).map(Some).collect();
        Calendar {
            almanac: Almanac::of(&bands, day(from).max(day(to))),
            first: from.bands.len(),
        }
    }

    /// All times.
    pub(super) fn always(&self) -> Times {
        self.almanac.always()
    }

    /// When one of the bands of a side holds; no bands hold always.
    pub(super) fn of(&self, side: usize, bands: &[BandNo]) -> Times {
        if bands.is_empty() {
            return self.always();
        }
        let before = if side == 0 { 0 } else { self.first };
        let numbers = bands.iter().map(|band| (before + band.index()) as u16);
        self.almanac.union(&numbers.collect::<Vec<_>>())
    }

    /// Times in words: `on Mon-Fri 08:00-20:00`; `at no time` where there are none.
    pub(super) fn words(&self, times: &Times) -> String {
        if is_never(times) {
            return "at no time".to_owned();
        }
        let mut words = words::times(&self.almanac, times);
        let left_out = self.left_out(times);
        if let Some(first) = left_out.first() {
            let rest = match left_out.len() - 1 {
                0 => String::new(),
                1 => " and 1 more day".to_owned(),
                rest => format!(" and {rest} more days"),
            };
            words.push_str(&format!(", not on {first}{rest}"));
        }
        words
    }

    /// Days without these times, in years that have others, though the same day of other years has some.
    fn left_out(&self, times: &Times) -> Vec<Date> {
        let hours = |index: usize| &times[self.almanac.class_of[index] as usize];
        let usual: FxHashMap<(u8, u8, u8), bool> = self
            .almanac
            .days
            .iter()
            .enumerate()
            .filter_map(|(index, day)| match day {
                Day::Any {
                    month,
                    day,
                    weekday,
                } => Some(((*month, *day, *weekday), !hours(index).is_empty())),
                Day::Exact(_) => None,
            })
            .collect();
        let exact = self.almanac.days.iter().enumerate();
        let exact = exact.filter_map(|(index, day)| match day {
            Day::Exact(date) => Some((*date, hours(index).is_empty())),
            Day::Any { .. } => None,
        });
        let exact: Vec<(Date, bool)> = exact.collect();
        let of_year = exact.chunk_by(|left, right| left.0.ymd().0 == right.0.ymd().0);
        let some = of_year.filter(|year| year.iter().any(|(_, empty)| !empty));
        let empty = some
            .flatten()
            .filter(|(_, empty)| *empty)
            .map(|(date, _)| *date);
        let missed = empty.filter(|date| {
            let (_, month, day) = date.ymd();
            usual.get(&(month, day, date.weekday())) == Some(&true)
        });
        missed.collect()
    }

    /// The band that holds at exactly these times in both catalogs, or the times in words.
    pub(super) fn name(&self, sides: [&Catalog; 2], times: &Times) -> String {
        let bands = sides[1].bands.iter().enumerate();
        let known = bands.filter(|(index, _)| self.of(1, &[BandNo(*index as u16)]) == *times);
        let mut lasting = known.filter(|(_, band)| {
            let old = sides[0].bands.iter().position(|old| old.name == band.name);
            old.is_some_and(|old| self.of(0, &[BandNo(old as u16)]) == *times)
        });
        match lasting.next() {
            Some((_, band)) => format!("in {}", band.name),
            None => self.words(times),
        }
    }
}

/// Bands of one name that hold at other times, where rules or allowances name them.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    for (index, band) in to.bands.iter().enumerate() {
        let Some(old) = from.bands.iter().position(|old| old.name == band.name) else {
            continue;
        };
        let (old, new) = (BandNo(old as u16), BandNo(index as u16));
        let times = [pair.calendar.of(0, &[old]), pair.calendar.of(1, &[new])];
        if times[0] != times[1] && (is_used(from, old) || is_used(to, new)) {
            changes.push(change(pair, &band.name, &times));
        }
    }
}

fn change(pair: &Pair<'_>, band: &str, [old, new]: &[Times; 2]) -> Change {
    let words = |times: &Times| pair.calendar.words(times);
    let mut change =
        Change::new(Kind::Band, format!("band {band}")).between(words(old), words(new));
    for (times, word) in [
        (without(new, old), "now too"),
        (without(old, new), "not any more"),
    ] {
        if !is_never(&times) {
            change = change.note(format!("{word}: {}", words(&times)));
        }
    }
    change
}

fn is_used(catalog: &Catalog, band: BandNo) -> bool {
    catalog.rules.iter().any(|rule| rule.band == Some(band))
        || catalog
            .allowances
            .iter()
            .any(|allowance| allowance.bands.contains(&band))
}
