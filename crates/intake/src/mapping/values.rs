//! Texts of a row: constants, or columns with a prefix and a translation.

use super::Column;
use core::fmt;
use rustc_hash::FxHashMap;
use smol_str::{SmolStr, SmolStrBuilder};
use std::borrow::Cow;
use umbral_model::rejection::{Reason, Rejection};

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// The same in every row.
    Constant(SmolStr),
    /// From a column.
    Column {
        /// Which, among the columns that the mapping uses.
        column: usize,
        /// Put before what the column says.
        prefix: SmolStr,
        /// What the texts of the column mean; those not listed are refused unless `otherwise` is given.
        values: Option<FxHashMap<SmolStr, SmolStr>>,
        /// What texts mean that are not listed.
        otherwise: Option<SmolStr>,
    },
}

impl Text {
    /// The text of a row; `None` if the column is empty there.
    pub(super) fn get(&self, row: &Row<'_>) -> Result<Option<SmolStr>, Rejection> {
        let (column, prefix, values, otherwise) = match self {
            Text::Constant(text) => return Ok(Some(text.clone())),
            Text::Column {
                column,
                prefix,
                values,
                otherwise,
            } => (*column, prefix, values, otherwise),
        };
        let text = row.field(column)?;
        let text = match values {
            _ if text.is_empty() => return Ok(None),
            None => text,
            Some(values) => match values.get(text).or(otherwise.as_ref()) {
                Some(meaning) => meaning,
                None => return Err(untranslated(row.name(column), text)),
            },
        };
        if prefix.is_empty() {
            return Ok(Some(text.into()));
        }
        let mut whole = SmolStrBuilder::new();
        whole.push_str(prefix);
        whole.push_str(text);
        Ok(Some(whole.finish()))
    }

    /// The text of a row, which must have one.
    pub(super) fn need(&self, row: &Row<'_>) -> Result<SmolStr, Rejection> {
        self.get(row)?.ok_or_else(|| row.empty(self.column()))
    }

    /// The column that it comes from, `usize::MAX` for none.
    pub(super) fn column(&self) -> usize {
        match self {
            Text::Constant(_) => usize::MAX,
            Text::Column { column, .. } => *column,
        }
    }
}

fn untranslated(column: &str, text: &str) -> Rejection {
    Rejection::new(
        Reason::MalformedField,
        format!(
            "column {column}: the mapping has no translation of `{}`; add it to its values",
            Shown(text)
        ),
    )
}

/// One row, cut into fields, with the columns that the mapping uses.
pub(super) struct Row<'a> {
    pub(super) fields: &'a [Cow<'a, str>],
    pub(super) places: &'a [usize],
    pub(super) columns: &'a [Column],
    pub(super) decimal_comma: bool,
}

impl Row<'_> {
    /// What a used column says, without blanks around it.
    pub(super) fn field(&self, column: usize) -> Result<&str, Rejection> {
        self.places
            .get(column)
            .and_then(|place| self.fields.get(*place))
            .map(|field| field.trim())
            .ok_or_else(|| {
                let name = self.name(column);
                Rejection::new(
                    Reason::Unreadable,
                    format!("the row ends before column {name}"),
                )
            })
    }

    /// A decimal number of a column with a point, whatever the file writes.
    pub(super) fn decimal<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Rejection> {
        let text = self.field(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        let result = if self.decimal_comma {
            read(&text.replace('.', "?").replace(',', "."))
        } else {
            read(text)
        };
        result.map(Some).map_err(|why| {
            let name = self.name(column);
            Rejection::new(
                Reason::MalformedField,
                format!("column {name}: `{}`: {why}", Shown(text)),
            )
        })
    }

    /// As messages call a column.
    pub(super) fn name(&self, column: usize) -> &str {
        self.columns
            .get(column)
            .map_or("?", |column| column.name.as_str())
    }

    /// The refusal of a row whose column is empty.
    pub(super) fn empty(&self, column: usize) -> Rejection {
        let name = self.name(column);
        Rejection::new(Reason::MissingField, format!("column {name} is empty"))
    }
}

/// A text of the file in a message: bounded, so that a hostile row cannot fill a log.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(40) {
            Some((end, _)) => write!(f, "{}...", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}
