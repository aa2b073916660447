//! Time bands and holidays.

use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Source};
use crate::tables::{Band, Holidays, Window};
use crate::text::days;
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::time::Date;

/// A band, or its name alone where it could not be read.
#[derive(Clone, Debug)]
pub(crate) struct DraftBand {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Itself.
    pub(crate) band: Option<Band>,
}

/// Lists of holidays by name.
pub(crate) type HolidayLists = Vec<(SmolStr, Vec<Date>)>;

const CONDITIONS: [&str; 7] = [
    "weekdays", "days", "months", "years", "holidays", "from", "to",
];
const ALL_WEEKDAYS: u8 = 0b1111_1110;
const ALL_MONTHS: u16 = 0b1_1111_1111_1110;
const ALL_DAYS: u32 = 0xFFFF_FFFE;
const DAY: u32 = 86_400;

/// Reads `[holidays]`.
pub(crate) fn holidays(source: &Source<'_>, report: &mut Report) -> HolidayLists {
    let mut lists: HolidayLists = Vec::new();
    for entry in &source.holidays {
        if lists.iter().any(|(name, _)| *name == entry.key) {
            let title = format!("the holidays {} are defined twice", entry.key);
            report
                .error(
                    codes::DEFINED_TWICE,
                    entry.key_spot,
                    title,
                    "second definition",
                )
                .note("put all days into one list, or give one of them another name");
            continue;
        }
        let dates = match &entry.node.value {
            Value::List(items) => dates(items, report),
            _ => {
                let title = format!("the holidays {} must be a list of dates", entry.key);
                report
                    .error(codes::WRONG_TYPE, entry.node.spot, title, "")
                    .note("write [2026-01-06, 2026-12-25]");
                Vec::new()
            }
        };
        lists.push((entry.key.clone(), dates));
    }
    lists
}

/// Reads dates, ascending.
pub(crate) fn dates(items: &[Node], report: &mut Report) -> Vec<Date> {
    let mut dates = Vec::new();
    for item in items {
        let date = match &item.value {
            Value::Text(text) | Value::Moment(text) => Date::parse(text),
            _ => None,
        };
        match date {
            Some(date) => dates.push(date),
            None => {
                report
                    .error(codes::BAD_DATE, item.spot, "this is no date", "")
                    .note("write it as 2026-12-25");
            }
        }
    }
    dates.sort_unstable();
    dates.dedup();
    dates
}

/// Dates of the named lists; of all lists where no name is given.
pub(crate) fn named_holidays(
    names: &str,
    at: &At<SmolStr>,
    lists: &HolidayLists,
    report: &mut Report,
) -> Option<Vec<Date>> {
    let wanted: Vec<&str> = names
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .collect();
    let mut dates = Vec::new();
    for name in &wanted {
        match lists.iter().find(|(known, _)| known == name) {
            Some((_, list)) => dates.extend_from_slice(list),
            None => {
                let known = lists.iter().map(|(name, _)| name.as_str());
                let hint = did_you_mean(name, known).unwrap_or_default();
                let title = format!("there are no holidays {name}");
                report
                    .error(codes::UNKNOWN_HOLIDAYS, at.spot, title, hint)
                    .note("lists of holidays stand in the table [holidays]");
                return None;
            }
        }
    }
    if wanted.is_empty() {
        dates.extend(lists.iter().flat_map(|(_, list)| list));
    }
    dates.sort_unstable();
    dates.dedup();
    Some(dates)
}

/// Reads `[band.NAME]` tables.
pub(crate) fn read(
    source: &Source<'_>,
    lists: &HolidayLists,
    report: &mut Report,
) -> Vec<DraftBand> {
    let mut bands = Vec::new();
    for definition in source.of("band") {
        let what = format!("band {}", definition.name.value);
        let mut known = CONDITIONS.to_vec();
        known.extend(["windows", "description"]);
        let fields = Fields::open(&definition.node, what, &known, &[], report);
        let windows = fields.and_then(|fields| windows(&fields, lists, report));
        let name = definition.name.clone();
        let band = windows.map(|windows| Band {
            name: name.value.clone(),
            windows,
        });
        bands.push(DraftBand { name, band });
    }
    if let Some(extra) = source.of("band").get(60_000) {
        report.error(
            codes::TOO_MANY,
            extra.name.spot,
            "there are more than 60000 bands",
            "",
        );
    }
    bands
}

fn windows(fields: &Fields<'_>, lists: &HolidayLists, report: &mut Report) -> Option<Vec<Window>> {
    fields.descriptions(report);
    let own = CONDITIONS.iter().find_map(|key| fields.get(key));
    let Some(entry) = fields.get("windows") else {
        return window(fields, lists, report);
    };
    let Value::List(items) = &entry.node.value else {
        fields.wrong_type(entry, "a list of windows", report);
        return None;
    };
    if let Some(own) = own {
        windows_or_conditions(own, &fields.what, report);
    }
    if items.is_empty() {
        windows_or_conditions(entry, &fields.what, report);
    }
    let mut all = Vec::new();
    let mut whole = own.is_none() && !items.is_empty();
    for item in items {
        let what = format!("a window of {}", fields.what);
        let read = Fields::open(item, what, &CONDITIONS, &[], report)
            .and_then(|fields| window(&fields, lists, report));
        match read {
            Some(windows) => all.extend(windows),
            None => whole = false,
        }
    }
    whole.then_some(all)
}

fn windows_or_conditions(entry: &Entry, what: &str, report: &mut Report) {
    report
        .error(
            codes::WINDOWS_OR_CONDITIONS,
            entry.spot(),
            format!("{what} must have either conditions or windows"),
            "",
        )
        .note("put every stretch of the band into windows = [ { ... }, { ... } ]");
}

/// One window as written; two where it crosses midnight.
fn window(fields: &Fields<'_>, lists: &HolidayLists, report: &mut Report) -> Option<Vec<Window>> {
    let weekdays = condition(fields, "weekdays", days::weekdays, "Mon-Fri, Sun", report);
    let month_days = condition(fields, "days", days::month_days, "1-15, 31", report);
    let months = condition(fields, "months", days::months, "Jan-Mar, Dec", report);
    let years = condition(fields, "years", days::years, "2026-2028", report);
    let holidays = holiday_condition(fields, lists, report);
    let from = time(fields, "from", 0, report);
    let to = time(fields, "to", DAY, report);
    let (from, to) = (from?, to?);
    let window = Window {
        years: years?.unwrap_or_default(),
        months: months?.unwrap_or(ALL_MONTHS),
        month_days: month_days?.unwrap_or(ALL_DAYS),
        weekdays: weekdays?.unwrap_or(ALL_WEEKDAYS),
        holidays: holidays?,
        from,
        to,
    };
    if from == to || from == DAY {
        let spot = fields
            .get("to")
            .or(fields.get("from"))
            .map_or(fields.spot, Entry::spot);
        report
            .error(
                codes::EMPTY_WINDOW,
                spot,
                format!("{} is empty", fields.what),
                "ends when it begins",
            )
            .note("for the whole day leave out from and to; 24:00 is the end of the day");
        return None;
    }
    if from < to {
        return Some(vec![window]);
    }
    let mut parts = vec![Window {
        to: DAY,
        ..window.clone()
    }];
    if to > 0 {
        parts.insert(0, Window { from: 0, ..window });
    }
    Some(parts)
}

/// `None` where it could not be read, `Some(None)` where it is not there. Lists are joined by commas.
fn condition<T>(
    fields: &Fields<'_>,
    key: &str,
    parse: impl Fn(&str) -> Option<T>,
    example: &str,
    report: &mut Report,
) -> Option<Option<T>> {
    let Some(entry) = fields.get(key) else {
        return Some(None);
    };
    let parts: Option<Vec<String>> = fields
        .items(key)
        .iter()
        .map(|item| match &item.value {
            Value::Text(text) => Some(text.to_string()),
            Value::Whole(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    let value = parts.and_then(|parts| parse(&parts.join(",")));
    if value.is_none() {
        report
            .error(
                codes::BAD_DAYS,
                entry.node.spot,
                format!("{key} of {} cannot be read", fields.what),
                "",
            )
            .note(format!("write it as in {key} = \"{example}\""));
    }
    value.map(Some)
}

fn time(fields: &Fields<'_>, key: &str, default: u32, report: &mut Report) -> Option<u32> {
    if fields.get(key).is_none() {
        return Some(default);
    }
    let text = fields.moment(key, report)?;
    let second = days::time_of_day(&text.value);
    if second.is_none() {
        report
            .error(
                codes::BAD_TIME,
                text.spot,
                format!("{} is no time of day", text.value),
                "",
            )
            .note("write hours and minutes from 00:00 to 24:00, such as \"08:30\"");
    }
    second
}

fn holiday_condition(
    fields: &Fields<'_>,
    lists: &HolidayLists,
    report: &mut Report,
) -> Option<Holidays> {
    let Some(text) = fields.text("holidays", report) else {
        return fields
            .get("holidays")
            .is_none()
            .then_some(Holidays::Ignored);
    };
    let (word, names) = text.value.split_once(' ').unwrap_or((&text.value, ""));
    if word != "only" && word != "except" {
        report
            .error(
                codes::UNKNOWN_WORD,
                text.spot,
                format!("holidays of {} cannot be {}", fields.what, text.value),
                "",
            )
            .note("write \"only\" or \"except\", and after it the names of lists if not all are meant");
        return None;
    }
    let dates = named_holidays(names, &text, lists, report)?;
    Some(if word == "only" {
        Holidays::Only(dates)
    } else {
        Holidays::Except(dates)
    })
}
