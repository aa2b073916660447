//! Amounts, percentages and lengths of time that are written as text.

use crate::codes;
use crate::problem::Report;
use crate::source::At;
use crate::source::fields::Fields;
use crate::text::units::percent;
use smol_str::SmolStr;
use umbral_model::money::{Currency, DecimalError, Money, Pico};
use umbral_model::units::{Measurement, Quantity};

/// Reads a decimal of six places.
pub(crate) fn money(text: &At<SmolStr>, what: &str, report: &mut Report) -> Option<Money> {
    match Money::parse(&text.value) {
        Ok(amount) => Some(amount),
        Err(error) => {
            bad_amount(text, what, error, report);
            None
        }
    }
}

/// Reads an amount of whole minor units, not negative.
pub(crate) fn minor_money(
    text: &At<SmolStr>,
    what: &str,
    currency: Currency,
    report: &mut Report,
) -> Option<Money> {
    let amount = money(text, what, report)?;
    if amount >= Money::ZERO && currency.is_whole_minor(amount) {
        return Some(amount);
    }
    let label = if amount < Money::ZERO {
        "is negative"
    } else {
        "is too fine"
    };
    report
        .error(
            codes::BAD_LIMIT,
            text.spot,
            format!("{what} cannot be {}", text.value),
            label,
        )
        .note(format!(
            "write an amount of 0 or more in steps of {} {currency}",
            currency.minor_unit()
        ));
    None
}

/// Reads a price of twelve places.
pub(crate) fn pico(text: &At<SmolStr>, what: &str, report: &mut Report) -> Option<Pico> {
    match Pico::parse(&text.value) {
        Ok(amount) => Some(amount),
        Err(error) => {
            bad_amount(text, what, error, report);
            None
        }
    }
}

/// Reports an amount that cannot be read.
pub(crate) fn bad_amount(text: &At<SmolStr>, what: &str, error: DecimalError, report: &mut Report) {
    report
        .error(
            codes::BAD_AMOUNT,
            text.spot,
            format!("{what} is no amount: {}", text.value),
            error.to_string(),
        )
        .note("write a plain decimal with a point, such as \"12.50\"");
}

/// Reads a percentage up to `most` basis points.
pub(crate) fn bps(text: &At<SmolStr>, what: &str, most: u32, report: &mut Report) -> Option<u32> {
    let bps = percent(&text.value).filter(|bps| *bps <= most);
    if bps.is_none() {
        bad_percent(text, what, most, report);
    }
    bps
}

/// Reads a percentage of any size; `most` is only told.
pub(crate) fn any_bps(
    text: &At<SmolStr>,
    what: &str,
    most: u32,
    report: &mut Report,
) -> Option<u32> {
    let bps = percent(&text.value);
    if bps.is_none() {
        bad_percent(text, what, most, report);
    }
    bps
}

fn bad_percent(text: &At<SmolStr>, what: &str, most: u32, report: &mut Report) {
    report
        .error(
            codes::BAD_PERCENT,
            text.spot,
            format!("{what} cannot be {}", text.value),
            "",
        )
        .note(format!(
            "write a percentage up to {}% with at most two decimals, such as \"12.5%\"",
            most / 100
        ));
}

/// Reads a number of basis points, up to `most`.
pub(crate) fn plain_bps(
    fields: &Fields<'_>,
    key: &str,
    most: u32,
    report: &mut Report,
) -> Option<u32> {
    fields
        .whole(key, 0..=i64::from(most), report)
        .map(|bps| bps as u32)
}

/// Reads a stretch of time such as `24h`, in nanoseconds.
pub(crate) fn time(text: &At<SmolStr>, what: &str, report: &mut Report) -> Option<i64> {
    let has_unit = text.value.bytes().any(|b| b.is_ascii_alphabetic());
    let quantity = Quantity::parse(&text.value, Measurement::Time)
        .ok()
        .filter(|_| has_unit);
    if quantity.is_none() {
        report
            .error(
                codes::BAD_UNIT,
                text.spot,
                format!("{what} is no time: {}", text.value),
                "",
            )
            .note("write a number and a unit, such as \"24h\" or \"1h30m\"");
    }
    quantity.map(|quantity| quantity.0 as i64)
}
