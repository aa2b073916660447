//! CSV files with the place of every field: a header, commas, quotes, `#` comments.

use super::{Deck, Spot};
use crate::codes;
use crate::problem::Report;
use std::borrow::Cow;

/// A row: its fields in the order of the columns that were asked for.
pub(crate) struct Row<'f> {
    /// The whole line.
    pub(crate) spot: Spot,
    fields: Vec<Option<Field<'f>>>,
}

/// A field and its place.
#[derive(Clone)]
pub(crate) struct Field<'f> {
    /// Its text, without quotes and without blanks at its ends.
    pub(crate) text: Cow<'f, str>,
    /// Its place, with quotes.
    pub(crate) spot: Spot,
}

impl<'f> Row<'f> {
    /// The field of the nth column that was asked for; empty where the file does not have the column.
    pub(crate) fn field(&self, column: usize) -> Field<'f> {
        let missing = Field {
            text: Cow::Borrowed(""),
            spot: self.spot,
        };
        self.fields
            .get(column)
            .cloned()
            .flatten()
            .unwrap_or(missing)
    }
}

/// Reads a file with these columns, the first `needed` of which must be there, and hands over its rows.
pub(crate) fn read<'f>(
    deck: Deck<'f>,
    columns: &[&str],
    needed: usize,
    report: &mut Report,
    mut take: impl FnMut(Row<'f>, &mut Report),
) {
    let mut order: Option<Vec<Option<usize>>> = None;
    for (start, line) in lines(deck.text) {
        let spot = Spot::new(deck.file, start..start + line.len());
        let fields = match split(deck.file, start, line) {
            Ok(fields) => fields,
            Err(message) => {
                report
                    .error(codes::CSV_ROW, spot, "the row cannot be read", message)
                    .note("put a text that holds a comma or a quote in quotes, and write a quote in it twice");
                continue;
            }
        };
        let Some(order) = &order else {
            let found = header(&fields, columns, needed, spot, report);
            if found.is_none() {
                return;
            }
            order = found;
            continue;
        };
        if fields.len() != order.len() {
            let title = format!(
                "the row has {} fields, the header {}",
                fields.len(),
                order.len()
            );
            report
                .error(codes::CSV_ROW, spot, title, "")
                .note("put a text that holds a comma in quotes");
            continue;
        }
        let mut row = Row {
            spot,
            fields: vec![None; columns.len()],
        };
        for (field, column) in fields.into_iter().zip(order) {
            if let Some(column) = column {
                row.fields[*column] = Some(field);
            }
        }
        take(row, report);
    }
    if order.is_none() {
        let spot = Spot {
            file: deck.file,
            ..Spot::default()
        };
        report
            .error(codes::CSV_HEADER, spot, "the file has no header", "")
            .note(format!(
                "begin it with the line {}",
                columns[..needed].join(",")
            ));
    }
}

/// Lines that are neither empty nor comments, with their places.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let mut at = start;
        start += line.len();
        let mut line = line.trim_end_matches(['\n', '\r']);
        if at == 0 && line.starts_with('\u{feff}') {
            at = '\u{feff}'.len_utf8();
            line = &line[at..];
        }
        (!line.trim().is_empty() && !line.starts_with('#')).then_some((at, line))
    })
}

fn header(
    fields: &[Field<'_>],
    columns: &[&str],
    needed: usize,
    spot: Spot,
    report: &mut Report,
) -> Option<Vec<Option<usize>>> {
    let mut order = Vec::new();
    for field in fields {
        let column = columns.iter().position(|column| *column == field.text);
        if column.is_none() || order.contains(&column) {
            let known = columns.iter().copied();
            let hint = crate::text::suggest::did_you_mean(&field.text, known);
            let title = match column {
                None => format!("{} is no column here", field.text),
                Some(_) => format!("the column {} is there twice", field.text),
            };
            report
                .error(
                    codes::CSV_HEADER,
                    field.spot,
                    title,
                    hint.unwrap_or_default(),
                )
                .note(format!("columns are {}", columns.join(", ")));
        }
        order.push(column);
    }
    let missing: Vec<&str> = (0..needed)
        .filter(|column| !order.contains(&Some(*column)))
        .map(|column| columns[column])
        .collect();
    if missing.is_empty() {
        return Some(order);
    }
    report
        .error(
            codes::CSV_HEADER,
            spot,
            format!("the header lacks {}", missing.join(", ")),
            "taken as the header",
        )
        .note(format!("columns are {}", columns.join(", ")));
    None
}

pub(crate) fn split(file: u32, start: usize, line: &str) -> Result<Vec<Field<'_>>, &'static str> {
    let mut fields = Vec::with_capacity(4);
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let blanks = rest.len() - rest.trim_start().len();
        let (text, length) = match rest[blanks..].strip_prefix('"') {
            Some(quoted) => {
                let (text, length) = unquote(quoted)?;
                let after = &rest[blanks + length..];
                let tail = after.len() - after.trim_start().len();
                (text, blanks + length + tail)
            }
            None => {
                let length = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(rest[..length].trim()), length)
            }
        };
        fields.push(Field {
            text,
            spot: Spot::new(file, start + at..start + at + length),
        });
        at += length;
        match line.as_bytes().get(at) {
            None => return Ok(fields),
            Some(b',') => at += 1,
            Some(_) => return Err("a closing quote must be followed by a comma"),
        }
    }
}

/// The text of a quoted field, and its length with both quotes.
fn unquote(quoted: &str) -> Result<(Cow<'_, str>, usize), &'static str> {
    let mut end = 0;
    loop {
        let Some(quote) = quoted[end..].find('"') else {
            return Err("a quote is not closed in its line");
        };
        end += quote;
        if quoted[end + 1..].starts_with('"') {
            end += 2;
            continue;
        }
        let text = &quoted[..end];
        let text = if text.contains('"') {
            Cow::Owned(text.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(text)
        };
        return Ok((text, end + 2));
    }
}
