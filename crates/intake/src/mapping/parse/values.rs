//! Texts, amounts and quantities of a record: constants or columns.

use super::Builder;
use crate::codes;
use crate::mapping::problem::Problems;
use crate::mapping::records::{Amount, Quantity};
use crate::mapping::toml_walk::{Section, Value, bad, number_of, text_of};
use crate::mapping::units::{Unit, measurement_of};
use crate::mapping::values::Text;
use core::ops::Range;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use umbral_model::money::Money;

impl Builder {
    /// A text: a constant in quotes, or a table with a column.
    pub(super) fn text(
        &mut self,
        value: Value<'_>,
        key: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Text> {
        if let Some(text) = value.get_ref().as_str() {
            if text.is_empty() {
                bad(problems, value, key, "a text that is not empty");
                return None;
            }
            return Some(Text::Constant(text.into()));
        }
        if value.get_ref().as_table().is_none() {
            bad(
                problems,
                value,
                key,
                "a text in quotes, or a column such as { column = \"name\" }",
            );
            return None;
        }
        let section = Section::of(value, key, problems)?;
        self.column_text(section, problems)
    }

    pub(super) fn column_text(
        &mut self,
        mut section: Section<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Text> {
        let key = section.path("column");
        let column = section
            .need("column", "column = \"name\"", problems)
            .and_then(|value| self.column(value, &key, problems));
        let prefix = section.text("prefix", problems).map(|(text, _)| text);
        let values = section.take("values").and_then(|value| {
            let table = Section::of(value, section.path("values"), problems)?;
            let pairs = table.entries().filter_map(|(from, _, to)| {
                Some((
                    SmolStr::new(from),
                    text_of(to, &table.path(from), problems)?,
                ))
            });
            Some(pairs.collect::<FxHashMap<_, _>>())
        });
        let otherwise = section.text("otherwise", problems);
        if let (None, Some((_, span))) = (&values, &otherwise) {
            let what = format!("{} without values", section.path("otherwise"));
            let mend = "write values = { theirs = \"ours\" } beside it, or leave it out";
            problems.add(codes::CONTRADICTION, span.clone(), what, mend);
        }
        section.finish(problems);
        Some(Text::Column {
            column: column?,
            prefix: prefix.unwrap_or_default(),
            values,
            otherwise: otherwise.map(|(text, _)| text),
        })
    }

    pub(super) fn needed(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        example: &str,
        problems: &mut Problems<'_>,
    ) -> Option<Text> {
        let value = section.need(key, example, problems)?;
        self.text(value, &section.path(key), problems)
    }

    pub(super) fn optional(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Text> {
        let value = section.take(key)?;
        self.text(value, &section.path(key), problems)
    }

    /// A text that becomes one of a few words; constants and translations are checked here.
    pub(super) fn word<T>(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        words: &[(&str, T)],
        problems: &mut Problems<'_>,
    ) -> Option<Text> {
        let value = section.take(key)?;
        let text = self.text(value, &section.path(key), problems)?;
        let known = |word: &SmolStr| words.iter().any(|(known, _)| known == word);
        for word in meanings(&text).into_iter().filter(|word| !known(word)) {
            let what = format!("{} becomes {word:?}", section.path(key));
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let mend = format!("write one of: {}", words.join(", "));
            problems.add(codes::BAD_VALUE, value.span(), what, mend);
        }
        Some(text)
    }

    pub(super) fn amount(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        needed: bool,
        problems: &mut Problems<'_>,
    ) -> Option<Amount> {
        let value = if needed {
            section.need(key, &format!("{key} = {{ column = \"amount\" }}"), problems)?
        } else {
            section.take(key)?
        };
        let name = section.path(key);
        if let Some(text) = value.get_ref().as_str() {
            let money = Money::parse(text).ok();
            if money.is_none() {
                bad(
                    problems,
                    value,
                    &name,
                    "an amount such as \"12.50\", or { column = \"amount\" }",
                );
            }
            return money.map(Amount::Constant);
        }
        let mut table = Section::of(value, &name, problems)?;
        let column = table
            .need("column", "column = \"amount\"", problems)
            .and_then(|value| self.column(value, &format!("{name}.column"), problems));
        table.finish(problems);
        column.map(Amount::Column)
    }

    pub(super) fn quantity(
        &mut self,
        value: Value<'_>,
        name: &str,
        service: Option<&Text>,
        problems: &mut Problems<'_>,
    ) -> Option<Quantity> {
        if let Some(events) = number_of(value) {
            return Some(Quantity::Constant(events));
        }
        let mut table = Section::of(value, name, problems)?;
        let column = table
            .need("column", "column = \"duration\"", problems)
            .and_then(|value| self.column(value, &format!("{name}.column"), problems));
        let unit = table.need("unit", "unit = \"s\"", problems);
        table.finish(problems);
        let unit = unit?;
        if unit.get_ref().as_table().is_none() {
            let one = one_unit(unit, &format!("{name}.unit"), problems);
            let services = service.map(meanings).unwrap_or_default();
            for service in services {
                belongs(&service, one?, unit.span(), problems);
            }
            return Some(Quantity::Column {
                column: column?,
                unit: one?,
            });
        }
        let by_service = Section::of(unit, format!("{name}.unit"), problems)?;
        let mut units = FxHashMap::default();
        for (service, _, value) in by_service.entries() {
            let unit = one_unit(value, &by_service.path(service), problems);
            if let Some(unit) = unit {
                belongs(service, unit, value.span(), problems);
                units.insert(SmolStr::new(service), unit);
            }
        }
        for service in service.map(meanings).unwrap_or_default() {
            if by_service.entries().all(|(known, ..)| known != service) {
                let what = format!("{name}.unit has no unit for {service}");
                let mend = format!("add {service} = \"...\", one of: {}", Unit::words());
                problems.add(codes::MISSING_KEY, unit.span(), what, mend);
            }
        }
        Some(Quantity::ByService {
            column: column?,
            units,
        })
    }
}

/// What a text can become, as far as the mapping says it.
fn meanings(text: &Text) -> Vec<SmolStr> {
    match text {
        Text::Constant(text) => vec![text.clone()],
        Text::Column {
            values, otherwise, ..
        } => {
            let mut all: Vec<SmolStr> = values
                .iter()
                .flat_map(|values| values.values())
                .chain(otherwise)
                .cloned()
                .collect();
            all.sort();
            all.dedup();
            all
        }
    }
}

fn one_unit(value: Value<'_>, name: &str, problems: &mut Problems<'_>) -> Option<Unit> {
    let unit = value.get_ref().as_str().and_then(Unit::from_word);
    if unit.is_none() {
        bad(problems, value, name, &format!("one of: {}", Unit::words()));
    }
    unit
}

fn belongs(service: &str, unit: Unit, span: Range<usize>, problems: &mut Problems<'_>) {
    let Some(measurement) = measurement_of(service) else {
        return;
    };
    if measurement != unit.measurement {
        let what = format!("{service} is not counted in this unit");
        let mend = "calls are counted in time, data in octets, messages and content in events; write unit = { voice = \"s\", data = \"MB\" } where a column has several";
        problems.add(codes::WRONG_UNIT, span, what, mend);
    }
}
