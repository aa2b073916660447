//! Zones and their prefixes.

use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::{At, Deck, Definition, NAME_FORM, Source, Spot, csv, is_name};
use crate::tables::NumberForm;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A prefix of a zone.
#[derive(Clone, Debug)]
pub(crate) struct DraftPrefix {
    /// Its text.
    pub(crate) text: SmolStr,
    /// Its zone.
    pub(crate) zone: u16,
    /// Its place.
    pub(crate) spot: Spot,
}

/// All zones in order of appearance.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    /// Their names, and where each appears first.
    pub(crate) names: Vec<At<SmolStr>>,
    /// Numbers by name.
    pub(crate) by_name: FxHashMap<SmolStr, u16>,
    /// All prefixes in order of files and lines.
    pub(crate) prefixes: Vec<DraftPrefix>,
    /// Whole numbers, in the same order.
    pub(crate) numbers: Vec<DraftPrefix>,
}

/// Longest prefix of international digits: four of at most fifteen are not read.
const LONGEST_PREFIX: usize = 11;
/// Longest whole number: of longer ones the last four digits are not read.
const LONGEST_NUMBER: usize = 8;
const MOST_ZONES: usize = 60_000;

impl Zones {
    fn number(&mut self, name: &str, spot: Spot, report: &mut Report) -> Option<u16> {
        if let Some(number) = self.by_name.get(name) {
            return Some(*number);
        }
        if self.names.len() == MOST_ZONES {
            report.error(
                codes::TOO_MANY,
                spot,
                format!("there are more than {MOST_ZONES} zones"),
                "",
            );
        }
        if self.names.len() >= MOST_ZONES {
            return None;
        }
        let number = self.names.len() as u16;
        let name = SmolStr::new(name);
        self.names.push(At::new(name.clone(), spot));
        self.by_name.insert(name, number);
        Some(number)
    }
}

/// Reads `[zone.NAME]` tables and prefix decks.
pub(crate) fn read(source: &Source<'_>, numbers: NumberForm, report: &mut Report) -> Zones {
    let mut zones = Zones::default();
    for definition in source.of("zone") {
        read_table(&mut zones, definition, numbers, report);
    }
    for deck in &source.zones {
        read_deck(&mut zones, *deck, numbers, report);
    }
    zones
}

fn read_table(
    zones: &mut Zones,
    definition: &Definition,
    numbers: NumberForm,
    report: &mut Report,
) {
    let name = &definition.name;
    let what = format!("zone {}", name.value);
    let known = ["description", "prefixes", "numbers"];
    let Some(zone) = zones.number(&name.value, name.spot, report) else {
        return;
    };
    let Some(fields) = Fields::open(&definition.node, what, &known, &[], report) else {
        return;
    };
    fields.descriptions(report);
    for text in fields.texts("prefixes", report) {
        if numbers == NumberForm::Verbatim || is_prefix(&text.value, text.spot, report) {
            zones.prefixes.push(DraftPrefix {
                text: text.value,
                zone,
                spot: text.spot,
            });
        }
    }
    for text in fields.texts("numbers", report) {
        if is_whole_number(&text.value, text.spot, report) {
            zones.numbers.push(DraftPrefix {
                text: text.value,
                zone,
                spot: text.spot,
            });
        }
    }
}

fn read_deck(zones: &mut Zones, deck: Deck<'_>, numbers: NumberForm, report: &mut Report) {
    let columns = ["prefix", "zone", "description"];
    csv::read(deck, &columns, 2, report, |row, report| {
        let (prefix, zone) = (row.field(0), row.field(1));
        if !is_name(&zone.text) {
            let title = match zone.text.is_empty() {
                true => "the row has no zone",
                false => "this is no name for a zone",
            };
            report
                .error(codes::BAD_NAME, row.spot, title, "")
                .note(NAME_FORM);
            return;
        }
        let Some(number) = zones.number(&zone.text, zone.spot, report) else {
            return;
        };
        if numbers == NumberForm::Verbatim || is_prefix(&prefix.text, prefix.spot, report) {
            let text = SmolStr::new(&prefix.text);
            zones.prefixes.push(DraftPrefix {
                text,
                zone: number,
                spot: prefix.spot,
            });
        }
    });
}

/// Reports a text that is no whole number, such as a short code.
pub(crate) fn is_whole_number(text: &str, spot: Spot, report: &mut Report) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.len() <= LONGEST_NUMBER {
        return true;
    }
    let label = match (digits, text.len()) {
        (true, length) => format!("has {length} digits"),
        (false, 0) => "is empty".to_owned(),
        (false, _) => "digits only".to_owned(),
    };
    let title = format!("{text} is no whole number");
    report
        .error(codes::BAD_WHOLE_NUMBER, spot, title, label)
        .note("write the digits that are dialled, at most 8, such as \"1004\"; of longer numbers the last four are not read, so list a prefix");
    false
}

fn is_prefix(text: &str, spot: Spot, report: &mut Report) -> bool {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        let problem = report.error(
            codes::BAD_PREFIX,
            spot,
            format!("{text} is no prefix"),
            "digits only",
        );
        match text.strip_prefix('+') {
            Some(digits) => problem.note(format!("write {digits}, without +")),
            None => problem
                .note("write the international digits, without + and blanks, such as 34 for Spain"),
        };
        return false;
    }
    if text.len() > LONGEST_PREFIX {
        report
            .error(
                codes::LONG_PREFIX,
                spot,
                format!("the prefix {text} can never match"),
                format!("has {} digits", text.len()),
            )
            .note(format!(
                "of a number at most {LONGEST_PREFIX} digits are read, the last four never"
            ));
        return false;
    }
    true
}
