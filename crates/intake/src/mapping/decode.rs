//! From the bytes of a row to an input.

use super::fields::{Fields, split_delimited, split_fixed};
use super::values::Row;
use super::{EventIds, Layout, Mapping, Place, Whom};
use crate::codes;
use crate::directory::normalise;
use crate::reader::{ReadError, Refusal};
use core::ops::Range;
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_model::ids::{AccountId, EventId, MAX_ID_BYTES, MemberId};
use umbral_model::input::{Address, Identifier, Incoming, IncomingBody, InputKey};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

/// A mapping tied to the columns of one file.
#[derive(Clone, Debug)]
pub struct Rows {
    mapping: Arc<Mapping>,
    /// Of each column that the mapping uses: its position among the fields of a row.
    places: Vec<usize>,
    /// Of each field of a fixed-width row: its characters.
    ranges: Vec<Range<usize>>,
    /// Fields that every row has, where a header says it.
    width: Option<usize>,
    content_id: SmolStr,
}

impl Rows {
    pub(super) fn new(
        mapping: Arc<Mapping>,
        file: &str,
        header: Option<&str>,
        content_id: Option<&str>,
    ) -> Result<Rows, ReadError> {
        let names = match (&mapping.layout, header) {
            (
                Layout::Csv {
                    delimiter,
                    quote,
                    header: true,
                },
                Some(line),
            ) => {
                let mut fields = Fields::new();
                split_delimited(line, *delimiter, *quote, &mut fields)
                    .map_err(|why| bad_header(file, &mapping, &why))?;
                Some(fields)
            }
            _ => None,
        };
        let mut rows = Rows {
            places: Vec::new(),
            ranges: Vec::new(),
            width: names.as_ref().map(|names| names.len()),
            content_id: content_id.unwrap_or_default().into(),
            mapping: Arc::clone(&mapping),
        };
        let mut missing = Vec::new();
        for column in &mapping.columns {
            match &column.place {
                Place::Number(number) => rows.places.push(*number),
                Place::Characters(range) => {
                    rows.places.push(rows.ranges.len());
                    rows.ranges.push(range.clone());
                }
                Place::Header => match position(names.as_ref(), &column.name) {
                    Some(place) => rows.places.push(place),
                    None => missing.push(column.name.as_str()),
                },
            }
        }
        if missing.is_empty() {
            Ok(rows)
        } else {
            let why = format!("not, or more than once, in it: {}", missing.join(", "));
            Err(bad_header(file, &mapping, &why))
        }
    }

    /// The mapping.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The input of a row; `row` is its number in the file, from 1. Refusals carry key and time as far as
    /// they could be read.
    pub fn decode(&self, row: u64, line: &[u8]) -> Result<Incoming, Refusal> {
        self.with_row(line, |cut| {
            let mapping = &*self.mapping;
            let key = self.event_id(row, cut).map(|event_id| InputKey {
                source: mapping.source.clone(),
                event_id,
            });
            let occurred_at = mapping.times.of(cut);
            let known = (
                key.as_ref().ok().cloned(),
                occurred_at.as_ref().ok().copied(),
            );
            let refuse = |rejection| Refusal {
                rejection,
                key: known.0.clone(),
                occurred_at: known.1,
            };
            let key = key.map_err(refuse)?;
            let occurred_at = occurred_at.map_err(refuse)?;
            let address = self.address(cut).map_err(refuse)?;
            let mut body = self.body(cut, &key.event_id).map_err(refuse)?;
            umbral_wire::fill_in(&mut body, Some(&address));
            Ok(Incoming {
                key,
                occurred_at,
                address: Some(address),
                currency: mapping.currency,
                actor: None,
                reason: None,
                forced: false,
                body: IncomingBody::Account(body),
            })
        })
        .unwrap_or_else(|rejection| Err(Refusal::from(rejection)))
    }

    /// When a row happened, if that can be read.
    pub(crate) fn occurred_at(&self, line: &[u8]) -> Option<Timestamp> {
        self.with_row(line, |cut| self.mapping.times.of(cut).ok())
            .ok()
            .flatten()
    }

    /// The same rows with another content id.
    pub(crate) fn with_content_id(mut self, content_id: &str) -> Rows {
        self.content_id = content_id.into();
        self
    }

    fn with_row<T>(&self, line: &[u8], then: impl FnOnce(&Row<'_>) -> T) -> Result<T, Rejection> {
        let line = std::str::from_utf8(line).map_err(|error| {
            let detail = format!(
                "not UTF-8 from byte {} on; convert the file",
                error.valid_up_to()
            );
            Rejection::new(Reason::Unreadable, detail)
        })?;
        let mut fields = Fields::new();
        match &self.mapping.layout {
            Layout::Csv { delimiter, quote, .. } => {
                split_delimited(line, *delimiter, *quote, &mut fields)
                    .map_err(|why| Rejection::new(Reason::Unreadable, why))?;
            }
            Layout::Fixed => split_fixed(line, &self.ranges, &mut fields).map_err(|range| {
                let detail = format!(
                    "the line ends inside characters {}-{}; write {}- if the last column may be shorter",
                    range.start + 1, range.end, range.start + 1
                );
                Rejection::new(Reason::Unreadable, detail)
            })?,
        }
        self.check_width(fields.len())?;
        Ok(then(&Row {
            fields: &fields,
            places: &self.places,
            columns: &self.mapping.columns,
            decimal_comma: self.mapping.decimal_comma,
        }))
    }

    /// Whether a row has the columns that the header has, or those that the mapping uses: a row with others
    /// may be shifted, and is not guessed at.
    fn check_width(&self, found: usize) -> Result<(), Rejection> {
        let needed = self.places.iter().max().map_or(0, |last| last + 1);
        let detail = match self.width {
            Some(width) if width != found => {
                format!("{found} columns where the header has {width}")
            }
            None if found < needed => format!("{found} columns where the mapping needs {needed}"),
            _ => return Ok(()),
        };
        Err(Rejection::new(Reason::Unreadable, detail))
    }

    fn event_id(&self, row: u64, cut: &Row<'_>) -> Result<EventId, Rejection> {
        match &self.mapping.event_id {
            EventIds::Row => Ok(EventId::new(format!("{}/{row}", self.content_id))),
            EventIds::Text(text) => Ok(EventId::new(short_enough(text.need(cut)?)?)),
        }
    }

    fn address(&self, cut: &Row<'_>) -> Result<Address, Rejection> {
        match &self.mapping.whom {
            Whom::Account { account, member } => {
                let account = AccountId::new(short_enough(account.need(cut)?)?);
                let member = match member {
                    Some(member) => member.get(cut)?.map(short_enough).transpose()?,
                    None => None,
                };
                Ok(Address::Account(account, member.map(MemberId::new)))
            }
            Whom::Identifier { kind, value } => {
                let value = normalise(*kind, &value.need(cut)?)
                    .map_err(|error| Rejection::new(Reason::MalformedField, error.to_string()))?;
                Ok(Address::Identifier(Identifier { kind: *kind, value }))
            }
        }
    }

    fn body(
        &self,
        cut: &Row<'_>,
        event_id: &EventId,
    ) -> Result<umbral_model::input::Body, Rejection> {
        for record in &self.mapping.records {
            if record.takes(cut)? {
                return record.body(cut, event_id);
            }
        }
        Err(Rejection::new(
            Reason::UnknownField,
            "no [[record]] of the mapping takes this row; add one for its kind",
        ))
    }
}

fn position(names: Option<&Fields<'_>>, wanted: &str) -> Option<usize> {
    let mut found = names?
        .iter()
        .enumerate()
        .filter(|(_, name)| name.trim() == wanted);
    match (found.next(), found.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

fn bad_header(file: &str, mapping: &Mapping, why: &str) -> ReadError {
    ReadError::new(
        codes::UNKNOWN_COLUMN,
        file,
        format!(
            "the header does not fit the mapping {}: {why}",
            mapping.file
        ),
        "use the mapping that belongs to the file, or write the names of its columns into it",
    )
}

fn short_enough(id: SmolStr) -> Result<SmolStr, Rejection> {
    if id.len() <= MAX_ID_BYTES {
        Ok(id)
    } else {
        Err(Rejection::new(
            Reason::MalformedField,
            format!(
                "an id of {} bytes; ids have at most {MAX_ID_BYTES}",
                id.len()
            ),
        ))
    }
}
