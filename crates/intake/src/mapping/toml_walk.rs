//! Tables of a mapping file, walked key by key: each key is taken once, what is left over is unknown.

use super::problem::Problems;
use crate::codes;
use core::ops::Range;
use smol_str::SmolStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place.
pub(super) type Value<'a> = &'a Spanned<DeValue<'a>>;

/// One table of the file.
pub(super) struct Section<'a> {
    table: &'a DeTable<'a>,
    span: Range<usize>,
    name: String,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(table: &'a DeTable<'a>) -> Section<'a> {
        Section {
            table,
            span: 0..0,
            name: String::new(),
            asked: Vec::new(),
        }
    }

    /// A value that must be a table; `name` is what it is called in messages.
    pub(super) fn of(
        value: Value<'a>,
        name: impl Into<String>,
        problems: &mut Problems<'_>,
    ) -> Option<Section<'a>> {
        let name = name.into();
        let Some(table) = value.get_ref().as_table() else {
            bad(problems, value, &name, "a table");
            return None;
        };
        Some(Section {
            table,
            span: value.span(),
            name,
            asked: Vec::new(),
        })
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What it is called in messages, with a key of it.
    pub(super) fn path(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// The value of a key, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    /// The value of a key that must be there; `example` shows how it is written.
    pub(super) fn need(
        &mut self,
        key: &'static str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Value<'a>> {
        let found = self.take(key);
        if found.is_none() {
            problems.add(
                codes::MISSING_KEY,
                self.span(),
                format!("{} is missing", self.path(key)),
                format!("write it, such as: {example}"),
            );
        }
        found
    }

    /// A text.
    pub(super) fn text(
        &mut self,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<(SmolStr, Range<usize>)> {
        let value = self.take(key)?;
        let text = text_of(value, &self.path(key), problems)?;
        Some((text, value.span()))
    }

    /// A text that must be there.
    pub(super) fn needed_text(
        &mut self,
        key: &'static str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<(SmolStr, Range<usize>)> {
        let value = self.need(key, example, problems)?;
        let text = text_of(value, &self.path(key), problems)?;
        Some((text, value.span()))
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            bad(problems, value, &self.path(key), "true or false");
        }
        flag
    }

    /// A whole number in a range.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: Range<u64>,
        problems: &mut Problems<'_>,
    ) -> Option<u64> {
        let value = self.take(key)?;
        let number = number_of(value).filter(|number| range.contains(number));
        if number.is_none() {
            let form = format!("a whole number from {} to {}", range.start, range.end - 1);
            bad(problems, value, &self.path(key), &form);
        }
        number
    }

    /// All keys with their values, for tables whose keys are the author's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Range<usize>, Value<'a>)> {
        self.table
            .iter()
            .map(|(name, value)| (name.get_ref().as_ref(), name.span(), value))
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, problems: &mut Problems<'_>) {
        for (key, span, _) in self.entries() {
            if !self.asked.contains(&key) {
                problems.add(
                    codes::UNKNOWN_KEY,
                    span,
                    format!("{} is not known", self.path(key)),
                    format!("known here: {}", self.asked.join(", ")),
                );
            }
        }
    }
}

/// The text of a value, or a problem.
pub(super) fn text_of(
    value: Value<'_>,
    name: &str,
    problems: &mut Problems<'_>,
) -> Option<SmolStr> {
    let text = value.get_ref().as_str().map(SmolStr::new);
    if text.is_none() {
        bad(problems, value, name, "a text in quotes");
    }
    text
}

/// The whole number of a value, if it is one.
pub(super) fn number_of(value: Value<'_>) -> Option<u64> {
    let integer = value.get_ref().as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Reports a value of another form.
pub(super) fn bad(problems: &mut Problems<'_>, value: Value<'_>, name: &str, form: &str) {
    problems.add(
        codes::BAD_VALUE,
        value.span(),
        format!("{name} is {}", kind_of(value)),
        format!("write {form}"),
    );
}

fn kind_of(value: Value<'_>) -> String {
    match value.get_ref() {
        DeValue::String(text) => format!("the text {text:?}"),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        other => format!("a {}", other.type_str()),
    }
}
