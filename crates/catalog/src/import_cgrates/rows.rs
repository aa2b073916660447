//! The six tables of a folder as rows of fields with their places.

use super::desk::{Desk, Fault};
use crate::codes;
use crate::source::Spot;
use crate::source::csv::{Field, lines, split};
use smol_str::SmolStr;
use std::borrow::Cow;

/// A row of a table; it has as many fields as the table has columns.
#[derive(Clone)]
pub(super) struct Row<'f> {
    pub(super) spot: Spot,
    fields: Vec<Field<'f>>,
}

impl Row<'_> {
    pub(super) fn text(&self, column: usize) -> &str {
        self.fields.get(column).map_or("", |field| &field.text)
    }

    pub(super) fn spot(&self, column: usize) -> Spot {
        self.fields
            .get(column)
            .map_or(self.spot, |field| field.spot)
    }

    /// Whether all fields are those of the other row.
    pub(super) fn same_as(&self, other: &Row<'_>) -> bool {
        (0..self.fields.len().max(other.fields.len())).all(|c| self.text(c) == other.text(c))
    }
}

/// How a table looks.
pub(super) struct Layout {
    pub(super) file: &'static str,
    columns: &'static [&'static str],
    /// So many columns must be there; the others may be left out at the end of a row.
    needed: usize,
}

const DESTINATIONS: Layout = Layout {
    file: "Destinations.csv",
    columns: &["Id", "Prefix"],
    needed: 2,
};
const TIMINGS: Layout = Layout {
    file: "Timings.csv",
    columns: &["Id", "Years", "Months", "MonthDays", "WeekDays", "Time"],
    needed: 6,
};
const RATES: Layout = Layout {
    file: "Rates.csv",
    columns: &[
        "Id",
        "ConnectFee",
        "Rate",
        "RateUnit",
        "RateIncrement",
        "GroupIntervalStart",
    ],
    needed: 6,
};
const DESTINATION_RATES: Layout = Layout {
    file: "DestinationRates.csv",
    columns: &[
        "Id",
        "DestinationId",
        "RatesTag",
        "RoundingMethod",
        "RoundingDecimals",
        "MaxCost",
        "MaxCostStrategy",
    ],
    needed: 5,
};
const RATING_PLANS: Layout = Layout {
    file: "RatingPlans.csv",
    columns: &["Id", "DestinationRatesId", "TimingTag", "Weight"],
    needed: 3,
};
const RATING_PROFILES: Layout = Layout {
    file: "RatingProfiles.csv",
    columns: &[
        "Tenant",
        "Category",
        "Subject",
        "ActivationTime",
        "RatingPlanId",
        "RatesFallbackSubject",
        "CdrStatQueueIds",
    ],
    needed: 5,
};
/// Other names that columns have had, for headers that are not commented out.
const OTHER_HEADINGS: [&str; 8] = [
    "tag",
    "destinationid",
    "destinationstag",
    "ratestag",
    "rateid",
    "ratingplanid",
    "timingid",
    "direction",
];

/// The tables of a folder. Rows that come twice are there once.
pub(super) struct Folder<'f> {
    pub(super) destinations: Vec<Row<'f>>,
    pub(super) timings: Vec<Row<'f>>,
    pub(super) rates: Vec<Row<'f>>,
    pub(super) destination_rates: Vec<Row<'f>>,
    pub(super) rating_plans: Vec<Row<'f>>,
    pub(super) rating_profiles: Vec<Row<'f>>,
}

impl<'f> Folder<'f> {
    pub(super) fn read(files: &'f [(SmolStr, SmolStr)], desk: &mut Desk<'_>) -> Folder<'f> {
        outside(files, desk);
        if files.is_empty() {
            let title = "the tariff folder holds no CSV files";
            let mend = "name the folder with Rates.csv, DestinationRates.csv and RatingPlans.csv";
            desk.refuse(&Fault::new(
                codes::IMPORT_FILE,
                Spot::default(),
                title,
                mend,
            ));
        }
        let required = !files.is_empty();
        let mut table =
            |layout: &Layout, needed: bool| read(files, layout, needed && required, desk);
        Folder {
            destinations: table(&DESTINATIONS, false),
            timings: table(&TIMINGS, false),
            rates: table(&RATES, true),
            destination_rates: table(&DESTINATION_RATES, true),
            rating_plans: table(&RATING_PLANS, true),
            rating_profiles: table(&RATING_PROFILES, false),
        }
    }
}

pub(super) const LAYOUTS: [&Layout; 6] = [
    &DESTINATIONS,
    &TIMINGS,
    &RATES,
    &DESTINATION_RATES,
    &RATING_PLANS,
    &RATING_PROFILES,
];

pub(super) fn is_named(path: &str, file: &str) -> bool {
    path.rsplit(['/', '\\'])
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(file))
}

/// Notes the files that no rating table is in.
fn outside(files: &[(SmolStr, SmolStr)], desk: &mut Desk<'_>) {
    let others: Vec<&str> = files
        .iter()
        .map(|(path, _)| path.as_str())
        .filter(|path| !LAYOUTS.iter().any(|layout| is_named(path, layout.file)))
        .collect();
    if !others.is_empty() {
        let list = others.join(", ");
        desk.note_folder(format!(
            "outside of the six rating tables, not imported: {list}"
        ));
    }
}

fn read<'f>(
    files: &'f [(SmolStr, SmolStr)],
    layout: &Layout,
    required: bool,
    desk: &mut Desk<'_>,
) -> Vec<Row<'f>> {
    let mut rows: Vec<Row<'f>> = Vec::new();
    let mut found = files
        .iter()
        .enumerate()
        .filter(|(_, (path, _))| is_named(path, layout.file));
    let Some((number, (_, text))) = found.next() else {
        if required {
            missing(layout, files, desk);
        }
        return rows;
    };
    for (other, _) in found {
        let spot = Spot::new(other as u32, 0..0);
        let title = format!("there are two files {}", layout.file);
        desk.refuse(&Fault::new(
            codes::IMPORT_ROW,
            spot,
            title,
            "import one folder at a time",
        ));
    }
    let mut seen = rustc_hash::FxHashSet::default();
    let mut empty = true;
    for (start, line) in lines(text) {
        empty = false;
        let spot = Spot::new(number as u32, start..start + line.len());
        match row(number as u32, start, line, spot, layout, desk) {
            Err(fault) => desk.refuse(&fault),
            Ok(row) if rows.is_empty() && is_heading(&row, layout) => {
                desk.note(spot, "taken as a heading, not as data");
            }
            Ok(row) => {
                let cells = (0..layout.columns.len()).map(|column| row.text(column));
                let key = cells.collect::<Vec<_>>().join("\n");
                if seen.insert(key) {
                    rows.push(row);
                } else {
                    desk.note(
                        spot,
                        &format!("a row that {} has already; taken once", layout.file),
                    );
                }
            }
        }
    }
    if empty && required {
        let spot = Spot::new(number as u32, 0..0);
        let title = format!("{} has no rows", layout.file);
        desk.refuse(&Fault::new(
            codes::IMPORT_FILE,
            spot,
            title,
            "a tariff needs at least one",
        ));
    }
    rows
}

fn missing(layout: &Layout, files: &[(SmolStr, SmolStr)], desk: &mut Desk<'_>) {
    let old = files
        .iter()
        .position(|(path, _)| is_named(path, "DestinationRateTimings.csv"));
    let older = old.filter(|_| layout.file == RATING_PLANS.file);
    let spot = Spot::new(older.unwrap_or(0) as u32, 0..0);
    let mend = match older {
        Some(_) => {
            "this folder has the layout of an old version; migrate it to RatingPlans.csv first"
        }
        None => "name the folder that holds the CSV files of the tariff plan",
    };
    let title = format!("the folder has no {}", layout.file);
    desk.refuse(&Fault::new(codes::IMPORT_FILE, spot, title, mend));
}

fn row<'f>(
    file: u32,
    start: usize,
    line: &'f str,
    spot: Spot,
    layout: &Layout,
    desk: &mut Desk<'_>,
) -> Result<Row<'f>, Fault> {
    let columns = layout.columns;
    let mend = format!("columns are {}", columns.join(","));
    let mut fields = split(file, start, line).map_err(|why| {
        Fault::new(
            codes::IMPORT_ROW,
            spot,
            format!("the row cannot be read: {why}"),
            &mend,
        )
    })?;
    for field in &mut fields {
        if field.text.trim().len() != field.text.len() {
            field.text = Cow::Owned(field.text.trim().to_owned());
        }
    }
    if layout.file == RATING_PROFILES.file {
        drop_direction(&mut fields, spot, desk)?;
    }
    while fields.len() > columns.len() && fields.last().is_some_and(|field| field.text.is_empty()) {
        fields.pop();
    }
    let count = fields.len();
    if count < layout.needed {
        let title = format!(
            "the row has {count} fields, {} needs {}",
            layout.file, layout.needed
        );
        return Err(Fault::new(codes::IMPORT_ROW, spot, title, mend));
    }
    if let Some(extra) = fields.get(columns.len()) {
        let title = format!("{} has no column for {:?}", layout.file, extra.text);
        return Err(Fault::new(codes::IMPORT_ROW, extra.spot, title, mend));
    }
    if fields[0].text.is_empty() {
        let title = format!("{} is empty", columns[0]);
        return Err(Fault::new(codes::IMPORT_ROW, spot, title, mend));
    }
    Ok(Row { spot, fields })
}

/// Older profiles have a direction, first or after tenant or category; only `*out` was ever priced.
fn drop_direction(
    fields: &mut Vec<Field<'_>>,
    spot: Spot,
    desk: &mut Desk<'_>,
) -> Result<(), Fault> {
    let at = fields
        .iter()
        .take(3)
        .position(|field| matches!(field.text.as_ref(), "*out" | "*in"));
    let Some(at) = at.filter(|_| fields.len() > 5) else {
        return Ok(());
    };
    if fields[at].text == "*in" {
        let title = "a profile for direction *in";
        let mend =
            "a profile holds for both directions, and only *out was ever priced; leave the row out";
        return Err(Fault::new(
            codes::IMPORT_VALUE,
            fields[at].spot,
            title,
            mend,
        ));
    }
    fields.remove(at);
    let first = Spot {
        start: 0,
        end: 0,
        ..spot
    };
    desk.note(
        first,
        "the column with direction *out is left out; profiles hold for both directions",
    );
    Ok(())
}

fn is_heading(row: &Row<'_>, layout: &Layout) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .collect::<String>()
            .to_lowercase()
    };
    let known: Vec<String> = layout.columns.iter().map(|column| plain(column)).collect();
    let is_known = |text: &str| {
        let text = plain(text);
        known.contains(&text) || OTHER_HEADINGS.contains(&text.as_str())
    };
    row.fields.iter().all(|field| is_known(&field.text))
}
