//! Types of cards of a programme.

use super::{DAYS, months, span, tables, under, without_effect};
use crate::codes;
use crate::draft::amounts::minor_money;
use crate::draft::head::Head;
use crate::loyalty::{CardType, RenewFrom};
use crate::problem::Report;
use crate::source::At;
use crate::source::fields::Fields;
use crate::source::node::Entry;
use crate::text::spans;
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::money::Money;

const KEYS: [&str; 13] = [
    "line",
    "confirm",
    "code",
    "validity",
    "renewal_window",
    "freeze_lots",
    "renew_from",
    "transferable",
    "fee",
    "min_spend",
    "numbers_from",
    "stock",
    "description",
];
const RENEWALS: [(&str, RenewFrom); 2] = [
    ("renewal", RenewFrom::Renewal),
    ("old end", RenewFrom::OldEnd),
];
/// The least number of five characters.
const LEAST_NUMBER: i64 = 10_000;
/// Types of cards are numbered with 16 bits.
const MOST_TYPES: usize = 1_000;

/// The types of cards of a programme, in file order.
pub(super) fn read(fields: &Fields<'_>, head: &Head, report: &mut Report) -> Vec<CardType> {
    let entries = tables(fields, "card", report);
    if let Some(extra) = entries.get(MOST_TYPES) {
        let title = format!("{} has more than {MOST_TYPES} types of cards", fields.what);
        report.error(codes::TOO_MANY, extra.key_spot, title, "");
    }
    entries
        .iter()
        .filter_map(|entry| card_type(entry, &fields.what, head, report))
        .collect()
}

fn card_type(entry: &Entry, programme: &str, head: &Head, report: &mut Report) -> Option<CardType> {
    let what = format!("card {} of {programme}", entry.key);
    let fields = Fields::open(&entry.node, what, &KEYS, &[], report)?;
    fields.descriptions(report);
    let line = fields.needed_text("line", report);
    if fields.get("validity").is_none() {
        let of_validity = ["renewal_window", "freeze_lots", "renew_from"];
        for entry in of_validity.iter().filter_map(|key| fields.get(key)) {
            let title = format!("{} is good for ever", fields.what);
            let mend = format!("write validity = \"24 months\", or leave {} out", entry.key);
            without_effect(entry, title, mend, report);
        }
    }
    let mut amount = |key: &str| -> Option<Money> {
        let text = fields.text(key, report)?;
        let what = format!("{key} of {}", fields.what);
        minor_money(&text, &what, head.currency, report)
    };
    let (fee, min_spend) = (amount("fee"), amount("min_spend"));
    let numbers_from = fields.whole("numbers_from", LEAST_NUMBER..=i64::MAX, report);
    let from_stock = fields.flag("stock", false, report);
    if let (true, Some(entry)) = (from_stock, fields.get("numbers_from")) {
        let title = format!(
            "{} is given out from stock, by the numbers printed on it",
            fields.what
        );
        let mend = "leave numbers_from out, or write stock = false".to_owned();
        without_effect(entry, title, mend, report);
    }
    Some(CardType {
        name: entry.key.clone(),
        line: line?.value,
        confirm: fields.flag("confirm", false, report),
        code: fields.flag("code", false, report),
        validity_months: months(&fields, "validity", report),
        renewal_window_days: span(&fields, "renewal_window", spans::days, DAYS, report),
        freeze_lots: fields.flag("freeze_lots", false, report),
        renew_from: fields
            .word("renew_from", &RENEWALS, report)
            .unwrap_or_default(),
        transferable: fields.flag("transferable", false, report),
        fee,
        min_spend,
        numbers_from: numbers_from.map(|number| number as u64),
        from_stock,
    })
}

/// Types of cards that have numbers of their own, with the first one and its place.
pub(super) fn numbers(fields: &Fields<'_>, types: &[CardType]) -> Vec<(SmolStr, At<u64>)> {
    let place = |card: &CardType| {
        let entry = under(under(fields.get("card")?, &card.name)?, "numbers_from")?;
        Some((card.name.clone(), At::new(card.numbers_from?, entry.spot())))
    };
    types.iter().filter_map(place).collect()
}

/// The type of the card that a member gets on enrolling.
pub(super) fn auto_issue(
    fields: &Fields<'_>,
    types: &[CardType],
    report: &mut Report,
) -> Option<u16> {
    let name = fields.text("auto_issue", report)?;
    let found = types.iter().position(|card| card.name == name.value);
    if found.is_none() {
        let known = types.iter().map(|card| card.name.as_str());
        let hint = did_you_mean(&name.value, known).unwrap_or_default();
        let title = format!("{} has no card {}", fields.what, name.value);
        report
            .error(codes::UNKNOWN_CARD, name.spot, title, hint)
            .note("define it as [programme.NAME.card.CARD]");
    }
    let numbered = found.filter(|index| types[*index].numbers_from.is_some());
    if let (Some(index), None) = (found, numbered) {
        let title = format!(
            "card {} has no numbers to be given out on enrolling",
            types[index].name
        );
        let mend = "add numbers_from, the first number that is given out";
        report.error(codes::UNKNOWN_CARD, name.spot, title, mend);
    }
    numbered.map(|index| index as u16)
}
