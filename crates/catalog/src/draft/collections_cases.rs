//! The catalog's own cases of collections: bills, payments, and the steps that must follow.

use super::amounts::minor_money;
use super::head::Head;
use crate::case::CollectionsCase;
use crate::codes;
use crate::problem::Report;
use crate::source::Source;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node};
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::money::Money;
use umbral_model::time::Date;

const KEYS: [&str; 8] = [
    "name",
    "class",
    "vip_rank",
    "bills",
    "payments",
    "steps",
    "closed_on",
    "until",
];

/// Reads `[[collections_case]]` tables.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<CollectionsCase> {
    let nodes = source.collections_cases.iter().enumerate();
    nodes
        .filter_map(|(index, node)| read_case(node, index + 1, source, head, report))
        .collect()
}

fn read_case(
    node: &Node,
    number: usize,
    source: &Source<'_>,
    head: &Head,
    report: &mut Report,
) -> Option<CollectionsCase> {
    let what = format!("collections case {number}");
    let fields = Fields::open(node, what.as_str(), &KEYS, &[], report)?;
    let name = fields.text("name", report).map(|name| name.value);
    let class = class(&fields, source, report);
    let vip_rank = fields.whole("vip_rank", 0..=i64::from(u16::MAX), report);
    for key in ["bills", "steps"] {
        if fields.get(key).is_none() {
            fields.missing(key, report);
        }
    }
    let bills = amounts(&fields, "bills", "due_on", head, report)?;
    let payments = amounts(&fields, "payments", "on", head, report)?;
    let steps = steps(&fields, report)?;
    let closed_on = date(&fields, "closed_on", report);
    let until = date(&fields, "until", report);
    let spot = fields.get("steps").map_or(fields.spot, Entry::spot);
    let days = steps.iter().map(|(on, _)| *on);
    let last = days
        .chain(bills.iter().chain(&payments).map(|(on, _)| *on))
        .chain(closed_on)
        .max();
    Some(CollectionsCase {
        name: name.unwrap_or_else(|| SmolStr::new(what)),
        class: class?,
        vip_rank: vip_rank.unwrap_or(0) as u16,
        until: until.or(last)?,
        bills,
        payments,
        steps,
        closed_on,
        file: report.file(spot).into(),
        span: spot.range(),
    })
}

fn class(fields: &Fields<'_>, source: &Source<'_>, report: &mut Report) -> Option<SmolStr> {
    let name = fields.needed_text("class", report)?;
    let known = source.of("class");
    if known.iter().any(|class| class.name.value == name.value) {
        return Some(name.value);
    }
    let names = known.iter().map(|class| class.name.value.as_str());
    let hint = did_you_mean(&name.value, names).unwrap_or_default();
    let title = format!("there is no credit class {}", name.value);
    report
        .error(codes::UNKNOWN_CLASS, name.spot, title, hint)
        .note(format!("define it as [class.{}]", name.value));
    None
}

/// A list of `{ DAY = date, amount = "..." }`.
fn amounts(
    fields: &Fields<'_>,
    key: &str,
    day: &str,
    head: &Head,
    report: &mut Report,
) -> Option<Vec<(Date, Money)>> {
    let mut found = Vec::new();
    for item in fields.items(key) {
        let what = format!("one of the {key} of {}", fields.what);
        let fields = Fields::open(item, what.as_str(), &[day, "amount"], &[], report)?;
        let on = needed_date(&fields, day, report);
        let amount = fields.needed_text("amount", report)?;
        let amount = minor_money(&amount, &what, head.currency, report)?;
        found.push((on?, amount));
    }
    found.sort_by_key(|(on, _)| *on);
    Some(found)
}

fn steps(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<(Date, SmolStr)>> {
    let mut found = Vec::new();
    for item in fields.items("steps") {
        let what = format!("a step of {}", fields.what);
        let fields = Fields::open(item, what, &["on", "action"], &[], report)?;
        let on = needed_date(&fields, "on", report);
        let action = fields.needed_text("action", report)?;
        found.push((on?, action.value));
    }
    Some(found)
}

fn needed_date(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Date> {
    if fields.get(key).is_none() {
        fields.missing(key, report);
    }
    date(fields, key, report)
}

fn date(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Date> {
    let text = fields.moment(key, report)?;
    let date = Date::parse(&text.value);
    if date.is_none() {
        let title = format!("{key} of {} is no date", fields.what);
        report
            .error(codes::BAD_DATE, text.spot, title, "")
            .note("write it as 2026-12-25");
    }
    date
}
