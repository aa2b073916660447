//! Times in words: `Mon-Fri 20:00-08:00 and on Sat-Sun`.

use super::almanac::{Almanac, Day, Hours, Times};
use crate::text::days::{MONTHS, WEEKDAYS};
use umbral_model::time::Date;

const DAY: u32 = 86_400;
/// Different dates that are listed before the rest is counted.
const LISTED: usize = 3;

/// The times in words that follow "rule for X", such as `on Mon-Fri 20:00-08:00 and on Sat-Sun`.
pub(crate) fn times(almanac: &Almanac, times: &Times) -> String {
    let teller = Teller { almanac, times };
    let mut parts = teller.usual();
    let covered = teller.years_without();
    if !parts.is_empty() && !covered.is_empty() {
        let years: Vec<String> = covered.iter().map(i32::to_string).collect();
        parts.push(format!("in all years but {}", years.join(", ")));
        return parts.join(", ");
    }
    parts.extend(teller.special());
    parts.join(" and ")
}

struct Teller<'a> {
    almanac: &'a Almanac,
    times: &'a Times,
}

impl Teller<'_> {
    fn hours(&self, index: usize) -> &Hours {
        &self.times[self.almanac.class_of[index] as usize]
    }

    /// Days of unnamed years by month, day and weekday.
    fn any(&self) -> impl Iterator<Item = (u8, u8, u8, &Hours)> {
        self.almanac
            .days
            .iter()
            .enumerate()
            .filter_map(|(index, day)| match day {
                Day::Any {
                    month,
                    day,
                    weekday,
                } => Some((*month, *day, *weekday, self.hours(index))),
                Day::Exact(_) => None,
            })
    }

    fn any_index(&self, month: u8, day: u8, weekday: u8) -> usize {
        let before: usize = (1..month)
            .map(|month| umbral_model::time::days_in_month(2024, month) as usize)
            .sum();
        (before + day as usize - 1) * 7 + weekday as usize - 1
    }

    /// What holds in years that nobody names.
    fn usual(&self) -> Vec<String> {
        let week: Vec<&Hours> = (1..=7)
            .map(|weekday| self.hours(self.any_index(1, 1, weekday)))
            .collect();
        if self
            .any()
            .all(|(_, _, weekday, hours)| hours == week[weekday as usize - 1])
        {
            return week_words(&week);
        }
        let by_month = |month: u8| -> Vec<&Hours> {
            (1..=7)
                .map(|weekday| self.hours(self.any_index(month, 1, weekday)))
                .collect()
        };
        let by_date = self
            .any()
            .all(|(month, day, _, hours)| hours == self.hours(self.any_index(month, day, 1)));
        if by_date {
            return self.date_words();
        }
        let monthly = self
            .any()
            .all(|(month, _, weekday, hours)| hours == by_month(month)[weekday as usize - 1]);
        if monthly {
            let parts = (1..=12).filter_map(|month| {
                let words = week_words(&by_month(month));
                (!words.is_empty())
                    .then(|| format!("in {} {}", MONTHS[month as usize - 1], words.join(" and ")))
            });
            return parts.collect();
        }
        let example = self.any().find(|(.., hours)| !hours.is_empty());
        example
            .map(|(month, day, weekday, hours)| {
                let name = WEEKDAYS[weekday as usize - 1];
                let date = format!("{name} {day} {}", MONTHS[month as usize - 1]);
                format!(
                    "on certain days, for example on {}",
                    with_hours(&date, hours)
                )
            })
            .into_iter()
            .collect()
    }

    /// Where only the date matters: stretches of dates with the same hours.
    fn date_words(&self) -> Vec<String> {
        let days: Vec<(u8, u8, &Hours)> = self
            .any()
            .filter(|(_, _, weekday, _)| *weekday == 1)
            .map(|(month, day, _, hours)| (month, day, hours))
            .collect();
        let mut parts = Vec::new();
        for run in days.chunk_by(|left, right| left.2 == right.2) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else {
                continue;
            };
            if first.2.is_empty() {
                continue;
            }
            let name = |day: &(u8, u8, &Hours)| format!("{} {}", day.1, MONTHS[day.0 as usize - 1]);
            let dates = match run.len() {
                1 => format!("on {}", name(first)),
                _ => format!("from {} to {}", name(first), name(last)),
            };
            parts.push(with_hours(&dates, first.2));
        }
        shorten(parts)
    }

    /// Years that a band names, in which there is nothing.
    fn years_without(&self) -> Vec<i32> {
        let mut years: Vec<(i32, bool)> = Vec::new();
        for (index, day) in self.almanac.days.iter().enumerate() {
            let Day::Exact(date) = day else { continue };
            let (year, empty) = (date.ymd().0, self.hours(index).is_empty());
            match years.last_mut() {
                Some((known, all)) if *known == year => *all &= empty,
                _ => years.push((year, empty)),
            }
        }
        years
            .into_iter()
            .filter(|(_, all)| *all)
            .map(|(year, _)| year)
            .collect()
    }

    /// Single days that differ from the same day of other years.
    fn special(&self) -> Vec<String> {
        let mut parts: Vec<(Date, Date, &Hours)> = Vec::new();
        for (index, day) in self.almanac.days.iter().enumerate() {
            let Day::Exact(date) = day else { continue };
            let (_, month, month_day) = date.ymd();
            let usual = self.hours(self.any_index(month, month_day, date.weekday()));
            let hours = self.hours(index);
            if hours.is_empty() || hours == usual {
                continue;
            }
            match parts.last_mut() {
                Some((_, last, known)) if *known == hours && last.plus_days(1) == *date => {
                    *last = *date;
                }
                _ => parts.push((*date, *date, hours)),
            }
        }
        let words = parts
            .iter()
            .map(|(first, last, hours)| match first == last {
                true => with_hours(&format!("on {first}"), hours),
                false => with_hours(&format!("from {first} to {last}"), hours),
            });
        shorten(words.collect())
    }
}

fn shorten(mut parts: Vec<String>) -> Vec<String> {
    if parts.len() > LISTED {
        let rest = parts.len() - LISTED;
        parts.truncate(LISTED);
        parts.push(format!("{rest} more times"));
    }
    parts
}

/// Weekdays with the same hours together.
fn week_words(week: &[&Hours]) -> Vec<String> {
    let mut parts = Vec::new();
    let mut told = [false; 7];
    for first in 0..7 {
        if told[first] || week[first].is_empty() {
            continue;
        }
        let same: Vec<usize> = (first..7).filter(|day| week[*day] == week[first]).collect();
        same.iter().for_each(|day| told[*day] = true);
        if same.len() == 7 {
            let always = week[first].as_slice() == [(0, DAY)];
            let text = if always {
                "at all times".into()
            } else {
                with_hours("every day", week[first])
            };
            parts.push(text);
            continue;
        }
        let names: Vec<String> = same
            .chunk_by(|left, right| left + 1 == *right)
            .map(|run| match run {
                [day] => WEEKDAYS[*day].to_owned(),
                [first, .., last] => format!("{}-{}", WEEKDAYS[*first], WEEKDAYS[*last]),
                [] => String::new(),
            })
            .collect();
        parts.push(with_hours(&format!("on {}", names.join(", ")), week[first]));
    }
    parts
}

fn with_hours(days: &str, hours: &Hours) -> String {
    if hours.as_slice() == [(0, DAY)] {
        return days.to_owned();
    }
    let mut hours = hours.clone();
    // A night is told as one stretch, as bands write it.
    if let [(0, morning), .., (evening, DAY)] = hours.as_slice() {
        let night = (*evening, *morning);
        hours.pop();
        hours.remove(0);
        hours.insert(0, night);
    }
    let words: Vec<String> = hours
        .iter()
        .map(|(from, to)| format!("{}-{}", clock(*from), clock(*to)))
        .collect();
    format!("{days} {}", words.join(", "))
}

fn clock(second: u32) -> String {
    let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
    if rest == 0 {
        format!("{hour:02}:{minute:02}")
    } else {
        format!("{hour:02}:{minute:02}:{rest:02}")
    }
}
