//! Timings: when a rule holds. A timing has a start and holds to midnight of its day.

use super::desk::{Fault, Named};
use super::rows::Row;
use super::values::{numbers, time_of_day};
use crate::codes;

/// One row of a timing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) years: Vec<i32>,
    pub(super) months: Vec<i32>,
    pub(super) month_days: Vec<i32>,
    /// 1 is Monday, 7 is Sunday.
    pub(super) weekdays: Vec<i32>,
    /// Second of the day.
    pub(super) from: u32,
    /// Second of the day at which it ends, 86,400 unless a timing names an end.
    pub(super) to: u32,
}

impl Window {
    pub(super) fn is_every_day(&self) -> bool {
        let lists = [&self.years, &self.months, &self.month_days, &self.weekdays];
        lists.iter().all(|list| list.is_empty())
    }

    fn is_always(&self) -> bool {
        self.is_every_day() && self.from == 0 && self.to == 86_400
    }
}

/// The rows of a timing that begin at one time of day; of equal weight the later beginning wins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Part {
    pub(super) from: u32,
    pub(super) windows: Vec<Window>,
}

impl Part {
    /// Whether it holds at all times.
    pub(super) fn is_always(&self) -> bool {
        self.windows.iter().any(Window::is_always)
    }
}

/// A timing, by beginnings, ascending; or why it cannot be expressed.
pub(super) type Timing = Result<Vec<Part>, Fault>;

/// Reads the table. `*any` is there unless the table defines it.
pub(super) fn read(rows: &[Row<'_>]) -> Named<Timing> {
    let mut timings: Named<Timing> = Named::default();
    for row in rows {
        let timing = timings.get_or(row.text(0), || Ok(Vec::new()));
        match (window(row), timing.as_mut()) {
            (Ok(window), Ok(parts)) => add(parts, window),
            (Err(fault), Ok(_)) => *timing = Err(fault),
            (_, Err(_)) => {}
        }
    }
    let always = Window {
        years: vec![],
        months: vec![],
        month_days: vec![],
        weekdays: vec![],
        from: 0,
        to: 86_400,
    };
    timings.get_or("*any", || {
        Ok(vec![Part {
            from: 0,
            windows: vec![always],
        }])
    });
    timings
}

fn add(parts: &mut Vec<Part>, window: Window) {
    match parts.binary_search_by_key(&window.from, |part| part.from) {
        Ok(index) => parts[index].windows.push(window),
        Err(index) => parts.insert(
            index,
            Part {
                from: window.from,
                windows: vec![window],
            },
        ),
    }
}

/// Reads one row.
pub(super) fn window(row: &Row<'_>) -> Result<Window, Fault> {
    let id = row.text(0);
    let list = |column: usize, what: &str, range: core::ops::RangeInclusive<i32>| {
        numbers(row.text(column), range.clone()).ok_or_else(|| {
            let title = format!(
                "{what} of timing {id} cannot be read: {:?}",
                row.text(column)
            );
            let mend = format!(
                "write *any, or numbers from {} to {} with ; between them",
                range.start(),
                range.end()
            );
            Fault::new(codes::IMPORT_VALUE, row.spot(column), title, mend)
        })
    };
    let years = list(1, "the years", 1970..=2261)?;
    let months = list(2, "the months", 1..=12)?;
    let month_days = list(3, "the days of the month", 1..=31)?;
    let mut weekdays = list(4, "the weekdays", 0..=7)?;
    if weekdays.first() == Some(&0) {
        weekdays.remove(0);
        if !weekdays.contains(&7) {
            weekdays.push(7);
        }
    }
    let (from, to) = match row.text(5).split_once(';') {
        None if matches!(row.text(5), "" | "*any") => (Some(0), Some(86_400)),
        Some((from, to)) if !to.is_empty() => (time_of_day(from), time_of_day(to)),
        Some((from, _)) => (time_of_day(from), Some(86_400)),
        None => (time_of_day(row.text(5)), Some(86_400)),
    };
    match (from, to) {
        (Some(from), Some(to)) if from < to => Ok(Window {
            years,
            months,
            month_days,
            weekdays,
            from,
            to,
        }),
        _ => {
            let title = format!("the time of timing {id} cannot be read: {:?}", row.text(5));
            let mend = "write the start as 08:00:00; a timing holds from there to midnight";
            Err(Fault::new(codes::IMPORT_VALUE, row.spot(5), title, mend))
        }
    }
}
