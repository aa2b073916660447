//! Instants of a row: formats tried in order, and the zone whose wall clock they show.

use super::values::{Row, Shown};
use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, LocalMeaning, LocalTime, NANOS_PER_SECOND, Timestamp, ZoneRules};

/// Years that a record can be dated in; others come of a format that reads the text wrongly.
const YEARS: core::ops::RangeInclusive<i32> = 1970..=2261;

/// How the instant of a row is read.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// Columns that are joined by a blank, among those that the mapping uses.
    pub(super) columns: Vec<usize>,
    /// In the order in which they are tried.
    pub(super) formats: Vec<Format>,
    /// The zone of texts that do not name an offset.
    pub(super) zone: ZoneRules,
}

/// One format.
#[derive(Clone, Debug)]
pub(super) enum Format {
    /// `2026-03-02T10:00:00+01:00`.
    Rfc3339,
    /// strftime.
    Strftime(Vec<Item<'static>>),
}

/// What a text says by one format.
enum Said {
    Instant(Timestamp),
    Local(LocalTime),
}

impl Format {
    /// Reads a format; the error says why it cannot give an instant.
    pub(super) fn parse(text: &str) -> Result<Format, String> {
        if text == "rfc3339" {
            return Ok(Format::Rfc3339);
        }
        let items = StrftimeItems::new(text)
            .parse_to_owned()
            .map_err(|_| "it has a specifier that is not known".to_owned())?;
        let format = Format::Strftime(items);
        format.prove()?;
        Ok(format)
    }

    /// Writes a moment by the format and reads it back: a format that leaves out the day or the minute
    /// fails here and not at the first row.
    fn prove(&self) -> Result<(), String> {
        let Format::Strftime(items) = self else {
            return Ok(());
        };
        let sample = NaiveDate::from_ymd_opt(2015, 12, 31)
            .and_then(|date| date.and_hms_opt(23, 58, 0))
            .map(|moment| moment.and_utc().fixed_offset());
        let written = sample.map(|moment| moment.format_with_items(items.iter()).to_string());
        match written.as_deref().and_then(|text| self.read(text)) {
            Some(_) => Ok(()),
            None => Err("a text written by it does not say day, month and year, and hour with minute or no time at all".to_owned()),
        }
    }

    fn read(&self, text: &str) -> Option<Said> {
        let items = match self {
            Format::Rfc3339 => return Timestamp::parse(text).map(Said::Instant),
            Format::Strftime(items) => items,
        };
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
        if let Some(second) = parsed.timestamp() {
            let nanos = i64::from(parsed.nanosecond().unwrap_or(0));
            let at = second.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)?;
            return Some(Said::Instant(Timestamp::from_nanos(at)));
        }
        let date = parsed.to_naive_date().ok()?;
        if !YEARS.contains(&date.year()) {
            return None;
        }
        let time = match parsed.hour_mod_12() {
            None => NaiveTime::MIN,
            Some(_) => parsed.to_naive_time().ok()?,
        };
        let local = LocalTime {
            date: Date::from_ymd(date.year(), date.month() as u8, date.day() as u8)?,
            nano_of_day: i64::from(time.num_seconds_from_midnight()) * NANOS_PER_SECOND
                + i64::from(time.nanosecond()),
        };
        match parsed.offset() {
            Some(offset) => Some(Said::Instant(at_offset(local, offset)?)),
            None => Some(Said::Local(local)),
        }
    }
}

fn at_offset(local: LocalTime, offset: i32) -> Option<Timestamp> {
    let seconds = i64::from(local.date.days()) * 86_400 - i64::from(offset);
    let nanos = seconds
        .checked_mul(NANOS_PER_SECOND)?
        .checked_add(local.nano_of_day)?;
    Some(Timestamp::from_nanos(nanos))
}

impl Times {
    /// The instant of a row: the earlier of two where clocks went back; refused where they went forward
    /// over it.
    pub(super) fn of(&self, row: &Row<'_>) -> Result<Timestamp, Rejection> {
        if let [column] = self.columns.as_slice() {
            return self.read(row, row.field(*column)?);
        }
        let mut joined = String::new();
        for column in &self.columns {
            if !joined.is_empty() {
                joined.push(' ');
            }
            joined.push_str(row.field(*column)?);
        }
        self.read(row, joined.trim())
    }

    fn read(&self, row: &Row<'_>, text: &str) -> Result<Timestamp, Rejection> {
        let names = || {
            let names: Vec<&str> = self
                .columns
                .iter()
                .map(|column| row.name(*column))
                .collect();
            names.join(" ")
        };
        if text.is_empty() {
            return Err(Rejection::new(
                Reason::MissingField,
                format!("column {} is empty", names()),
            ));
        }
        let local = match self.formats.iter().find_map(|format| format.read(text)) {
            Some(Said::Instant(at)) => return Ok(at),
            Some(Said::Local(local)) => local,
            None => {
                return Err(Rejection::new(
                    Reason::MalformedField,
                    format!(
                        "column {}: `{}` has none of the time formats of the mapping",
                        names(),
                        Shown(text)
                    ),
                ));
            }
        };
        match self.zone.meaning(local) {
            LocalMeaning::Single(at) | LocalMeaning::Ambiguous(at, _) => Ok(at),
            LocalMeaning::Gap(_) => Err(Rejection::new(
                Reason::BadDate,
                format!(
                    "column {}: `{}` did not exist in {}, where clocks went forward over it",
                    names(),
                    Shown(text),
                    self.zone.name
                ),
            )),
        }
    }
}
