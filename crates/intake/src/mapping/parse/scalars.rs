//! Keys of the top of a mapping that take one plain value.

use crate::codes;
use crate::mapping::problem::Problems;
use crate::mapping::times::Format;
use crate::mapping::toml_walk::{Section, Value, bad, text_of};
use core::ops::Range;
use umbral_model::money::Currency;

pub(super) fn formats(value: Value<'_>, problems: &mut Problems<'_>) -> Option<Vec<Format>> {
    let Some(list) = value.get_ref().as_array().filter(|list| !list.is_empty()) else {
        bad(
            problems,
            value,
            "time.formats",
            "a list such as [\"%d/%m/%Y %H:%M\"]",
        );
        return None;
    };
    let mut formats = Vec::new();
    for value in list.iter() {
        let Some(text) = text_of(value, "time.formats", problems) else {
            continue;
        };
        match Format::parse(&text) {
            Ok(format) => formats.push(format),
            Err(why) => {
                let mend = "write day, month and year, and hour with minute if there is a time: \"%d/%m/%Y %H:%M\", \"%Y%m%d\", \"rfc3339\"";
                problems.add(
                    codes::BAD_TIME_FORMAT,
                    value.span(),
                    format!("{text:?}: {why}"),
                    mend,
                );
            }
        }
    }
    Some(formats)
}

pub(super) fn currency(root: &mut Section<'_>, problems: &mut Problems<'_>) -> Option<Currency> {
    let (text, span) = root.text("currency", problems)?;
    let currency = Currency::parse(&text);
    if currency.is_none() {
        let what = format!("currency is {text:?}");
        problems.add(
            codes::BAD_VALUE,
            span,
            what,
            "write three letters such as \"EUR\"",
        );
    }
    currency
}

pub(super) fn decimal_comma(root: &mut Section<'_>, problems: &mut Problems<'_>) -> bool {
    match root.text("decimal", problems) {
        None => false,
        Some((text, _)) if text == "." => false,
        Some((text, _)) if text == "," => true,
        Some((text, span)) => {
            let what = format!("decimal is {text:?}");
            problems.add(codes::BAD_VALUE, span, what, "write \".\" or \",\"");
            false
        }
    }
}

pub(super) fn sorted(root: &mut Section<'_>, problems: &mut Problems<'_>) -> bool {
    match root.text("sort", problems) {
        None => false,
        Some((text, _)) if text == "occurred_at" => true,
        Some((text, span)) => {
            let what = format!("sort is {text:?}");
            let mend = "write \"occurred_at\", or leave it out for the order of the file";
            problems.add(codes::BAD_VALUE, span, what, mend);
            false
        }
    }
}

/// One ASCII character, or none for an empty text.
pub(super) fn character(
    root: &mut Section<'_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<(Option<u8>, Range<usize>)> {
    let (text, span) = root.text(key, problems)?;
    match text.as_bytes() {
        [] if key == "quote" => Some((None, span)),
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some((Some(*byte), span)),
        _ => {
            let what = format!("{key} is {text:?}");
            problems.add(codes::BAD_VALUE, span, what, "write one ASCII character");
            None
        }
    }
}

/// `24-31`, `24-` or `24`, counted from 1.
pub(super) fn characters(text: &str) -> Option<Range<usize>> {
    let number = |text: &str| {
        text.parse::<usize>()
            .ok()
            .filter(|n| (1..=100_000).contains(n))
    };
    let (from, to) = match text.split_once('-') {
        Some((from, "")) => (number(from)?, usize::MAX),
        Some((from, to)) => (number(from)?, number(to)?),
        None => (number(text)?, number(text)?),
    };
    (from <= to).then_some(from - 1..to)
}

pub(super) fn unknown_zone(name: &str, span: Range<usize>, problems: &mut Problems<'_>) {
    let what = format!("the time zone {name:?} is not known");
    let mend = "write an IANA name such as \"Europe/Madrid\" or \"UTC\"";
    problems.add(codes::UNKNOWN_ZONE, span, what, mend);
}
