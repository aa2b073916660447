//! Reading a table: wanted keys have a type, unknown ones are errors.

use super::node::{Entry, Node, Table, Value};
use super::{At, Spot, not_yet};
use crate::codes;
use crate::problem::Report;
use crate::text::suggest::did_you_mean;
use core::ops::RangeInclusive;
use smol_str::SmolStr;

/// A table that is being read.
pub(crate) struct Fields<'t> {
    table: &'t Table,
    /// What it is, such as `rate national`.
    pub(crate) what: String,
    /// Where it begins.
    pub(crate) spot: Spot,
}

impl<'t> Fields<'t> {
    /// Opens a table and reports keys other than `known`; those of `later` come with a later version.
    pub(crate) fn open(
        node: &'t Node,
        what: impl Into<String>,
        known: &[&str],
        later: &[&str],
        report: &mut Report,
    ) -> Option<Fields<'t>> {
        let what = what.into();
        let Value::Table(table) = &node.value else {
            report
                .error(
                    codes::WRONG_TYPE,
                    node.spot,
                    format!("{what} must be a table"),
                    format!("is {}", node.kind()),
                )
                .note("write its keys in braces: { key = value, ... }");
            return None;
        };
        for entry in &table.entries {
            let key = entry.key.as_str();
            if later.contains(&key) {
                not_yet(entry.spot(), &format!("{key} of {what}"), report);
            } else if !known.contains(&key) {
                let hint = did_you_mean(key, known.iter().copied()).unwrap_or_default();
                report
                    .error(
                        codes::UNKNOWN_KEY,
                        entry.key_spot,
                        format!("{what} has no {key}"),
                        hint,
                    )
                    .note(format!("keys are {}", known.join(", ")));
            }
        }
        Some(Fields {
            table,
            what,
            spot: node.spot,
        })
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'t Entry> {
        self.table.entries.iter().find(|entry| entry.key == key)
    }

    /// Reports that a key is missing.
    pub(crate) fn missing(&self, key: &str, report: &mut Report) {
        report
            .error(
                codes::MISSING_KEY,
                self.spot,
                format!("{} needs {key}", self.what),
                format!("{key} is missing"),
            )
            .note(format!("write {key} = ..., as docs/catalog.md has it"));
    }

    /// Reports that a value is not of the type wanted.
    pub(crate) fn wrong_type(&self, entry: &Entry, wanted: &str, report: &mut Report) {
        let problem = report.error(
            codes::WRONG_TYPE,
            entry.node.spot,
            format!("{} of {} must be {wanted}", entry.key, self.what),
            format!("is {}", entry.node.kind()),
        );
        let number = matches!(entry.node.value, Value::Fraction | Value::Whole(_));
        problem.note(if number && wanted.contains("text") {
            "amounts, prices and units are written in quotes, so that they are exact".to_owned()
        } else {
            format!("write {} as {wanted}", entry.key)
        });
    }

    /// A text.
    pub(crate) fn text(&self, key: &str, report: &mut Report) -> Option<At<SmolStr>> {
        let entry = self.get(key)?;
        match &entry.node.value {
            Value::Text(text) => Some(At::new(text.clone(), entry.node.spot)),
            _ => {
                self.wrong_type(entry, "a text in quotes", report);
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn needed_text(&self, key: &str, report: &mut Report) -> Option<At<SmolStr>> {
        if self.get(key).is_none() {
            self.missing(key, report);
        }
        self.text(key, report)
    }

    /// A text, or a date or time without quotes.
    pub(crate) fn moment(&self, key: &str, report: &mut Report) -> Option<At<SmolStr>> {
        let entry = self.get(key)?;
        match &entry.node.value {
            Value::Text(text) | Value::Moment(text) => Some(At::new(text.clone(), entry.node.spot)),
            _ => {
                self.wrong_type(entry, "a date or time", report);
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
        report: &mut Report,
    ) -> Option<T> {
        let text = self.text(key, report)?;
        let found = words.iter().find(|(word, _)| *word == text.value);
        if found.is_none() {
            let known = || words.iter().map(|(word, _)| *word);
            let hint = did_you_mean(&text.value, known()).unwrap_or_default();
            report
                .error(
                    codes::UNKNOWN_WORD,
                    text.spot,
                    format!("{key} of {} cannot be {}", self.what, text.value),
                    hint,
                )
                .note(format!(
                    "write {}",
                    known().collect::<Vec<_>>().join(" or ")
                ));
        }
        found.map(|(_, value)| *value)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, key: &str, default: bool, report: &mut Report) -> bool {
        let Some(entry) = self.get(key) else {
            return default;
        };
        match entry.node.value {
            Value::Flag(flag) => flag,
            _ => {
                self.wrong_type(entry, "true or false", report);
                default
            }
        }
    }

    /// A whole number of a range.
    pub(crate) fn whole(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        report: &mut Report,
    ) -> Option<i64> {
        let entry = self.get(key)?;
        match entry.node.value {
            Value::Whole(number) if range.contains(&number) => Some(number),
            Value::Whole(number) => {
                report
                    .error(
                        codes::OUT_OF_RANGE,
                        entry.node.spot,
                        format!("{key} of {} cannot be {number}", self.what),
                        "",
                    )
                    .note(format!(
                        "write a number from {} to {}",
                        range.start(),
                        range.end()
                    ));
                None
            }
            _ => {
                self.wrong_type(entry, "a whole number", report);
                None
            }
        }
    }

    /// A list's items; one value alone counts as a list of one.
    pub(crate) fn items(&self, key: &str) -> &'t [Node] {
        match self.get(key).map(|entry| &entry.node) {
            None => &[],
            Some(Node {
                value: Value::List(items),
                ..
            }) => items,
            Some(node) => core::slice::from_ref(node),
        }
    }

    /// A text or a list of texts.
    pub(crate) fn texts(&self, key: &str, report: &mut Report) -> Vec<At<SmolStr>> {
        let mut texts = Vec::new();
        for item in self.items(key) {
            match &item.value {
                Value::Text(text) => texts.push(At::new(text.clone(), item.spot)),
                _ => {
                    report
                        .error(
                            codes::WRONG_TYPE,
                            item.spot,
                            format!("{key} of {} must be a text, or a list of texts", self.what),
                            format!("is {}", item.kind()),
                        )
                        .note(format!(
                            "write {key} = \"...\", or {key} = [\"...\", \"...\"]"
                        ));
                }
            }
        }
        texts
    }

    /// `description = "..."`, or `description.es = "..."` by language.
    pub(crate) fn descriptions(&self, report: &mut Report) -> Vec<(SmolStr, SmolStr)> {
        let Some(entry) = self.get("description") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        match &entry.node.value {
            Value::Text(text) => found.push((SmolStr::default(), text.clone())),
            Value::Table(table) => {
                for entry in &table.entries {
                    match &entry.node.value {
                        Value::Text(text) => found.push((entry.key.clone(), text.clone())),
                        _ => self.wrong_type(entry, "a text in quotes", report),
                    }
                }
            }
            _ => self.wrong_type(entry, "a text in quotes", report),
        }
        found
    }
}
