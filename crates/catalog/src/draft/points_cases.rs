//! The catalog's own cases of points.

use super::amounts::money;
use super::cases::is_of_points;
use super::head::{Head, moment};
use crate::codes;
use crate::loyalty::AccrualSource;
use crate::loyalty::case::{CaseLine, PointsCase};
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Source};
use smol_str::SmolStr;
use umbral_model::money::Money;

/// A case, and the names in it with their places: those are checked whatever else is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct DraftPointsCase {
    /// Itself, if all of it could be read.
    pub(crate) case: Option<PointsCase>,
    /// Its programme.
    pub(crate) programme: Option<At<SmolStr>>,
    /// The customer's tier.
    pub(crate) tier: Option<At<SmolStr>>,
    /// The card line.
    pub(crate) card_line: Option<At<SmolStr>>,
}

const KEYS: [&str; 14] = [
    "name",
    "programme",
    "on",
    "purchase",
    "invoice",
    "usage",
    "visit",
    "partner",
    "location",
    "method",
    "member_category",
    "card_line",
    "tier",
    "points",
];
const SOURCES: [(&str, AccrualSource); 4] = [
    ("purchase", AccrualSource::Purchase),
    ("invoice", AccrualSource::Invoice),
    ("usage", AccrualSource::Usage),
    ("visit", AccrualSource::Visit),
];
const LINE_KEYS: [&str; 5] = ["category", "item", "net", "tax", "discount"];

/// Reads the `[[case]]` tables that name a programme.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftPointsCase> {
    let numbered = source.cases.iter().zip(1..);
    numbered
        .filter(|(node, _)| is_of_points(node))
        .filter_map(|(node, number)| read_case(node, number, head, report))
        .collect()
}

fn read_case(
    node: &Node,
    number: usize,
    head: &Head,
    report: &mut Report,
) -> Option<DraftPointsCase> {
    let fields = Fields::open(node, format!("case {number}"), &KEYS, &[], report)?;
    let name = fields.text("name", report).map(|name| name.value);
    let programme = fields.text("programme", report);
    let tier = fields.text("tier", report);
    let card_line = fields.text("card_line", report);
    let text = |key: &str, report: &mut Report| fields.text(key, report).map(|text| text.value);
    let (partner, method) = (text("partner", report), text("method", report));
    let (location, member_category) = (text("location", report), text("member_category", report));
    let at = match fields.get("on") {
        None => Some(head.valid_from),
        Some(_) => fields
            .moment("on", report)
            .and_then(|text| moment(&text, "on", &head.zone, report)),
    };
    if fields.get("points").is_none() {
        fields.missing("points", report);
    }
    let expected = fields.whole("points", 0..=i64::MAX, report);
    let bought = bought(&fields, report);
    let spot = fields.get("points").map_or(fields.spot, Entry::spot);
    let value = |text: &Option<At<SmolStr>>| text.as_ref().map(|text| text.value.clone());
    let read = bought.zip(at).zip(expected).zip(value(&programme));
    let case = read.map(
        |((((source, lines), at), expected), programme)| PointsCase {
            name: name.unwrap_or_else(|| SmolStr::new(format!("case {number}"))),
            programme,
            source,
            at,
            lines,
            partner,
            location,
            method,
            member_category,
            card_line: value(&card_line),
            tier: value(&tier),
            expected: expected as u64,
            file: report.file(spot).into(),
            span: spot.range(),
        },
    );
    Some(DraftPointsCase {
        case,
        programme,
        tier,
        card_line,
    })
}

/// What was bought; a visit has a line of no money.
fn bought(fields: &Fields<'_>, report: &mut Report) -> Option<(AccrualSource, Vec<CaseLine>)> {
    let written: Vec<_> = SOURCES
        .iter()
        .filter_map(|(key, source)| Some((fields.get(key)?, *source)))
        .collect();
    let [(entry, source)] = written.as_slice() else {
        let title = format!(
            "{} needs one of purchase, invoice, usage and visit",
            fields.what
        );
        report
            .error(codes::POINTS_CASE, fields.spot, title, "")
            .note("write purchase = \"21.90\", purchase = [ { category = \"food\", net = \"21.90\" } ], or visit = true");
        return None;
    };
    if *source == AccrualSource::Visit {
        let visited = fields.flag("visit", false, report);
        return visited.then(|| (*source, vec![CaseLine::default()]));
    }
    let items = match &entry.node.value {
        Value::Text(_) => core::slice::from_ref(&entry.node),
        Value::List(items) if !items.is_empty() => items.as_slice(),
        _ => {
            fields.wrong_type(entry, "an amount in quotes, or a list of lines", report);
            return None;
        }
    };
    let lines: Vec<Option<CaseLine>> = items
        .iter()
        .map(|item| line(item, &entry.key, &fields.what, report))
        .collect();
    let lines: Option<Vec<CaseLine>> = lines.into_iter().collect();
    Some((*source, lines?))
}

fn line(item: &Node, key: &str, case: &str, report: &mut Report) -> Option<CaseLine> {
    let what = format!("a line of {key} of {case}");
    if let Value::Text(text) = &item.value {
        let net = money(&At::new(text.clone(), item.spot), &what, report)?;
        return Some(CaseLine {
            net,
            ..CaseLine::default()
        });
    }
    let fields = Fields::open(item, what, &LINE_KEYS, &[], report)?;
    let mut word = |key: &str| fields.text(key, report).map(|text| text.value);
    let (category, item) = (word("category"), word("item"));
    if fields.get("net").is_none() {
        fields.missing("net", report);
    }
    let mut amount = |key: &str| match fields.get(key) {
        None => Some(Money::ZERO),
        Some(_) => {
            let text = fields.text(key, report)?;
            money(&text, &format!("{key} of {}", fields.what), report)
        }
    };
    let (net, tax, discount) = (amount("net"), amount("tax"), amount("discount"));
    Some(CaseLine {
        category: category.unwrap_or_default(),
        item: item.unwrap_or_default(),
        net: net?,
        tax: tax?,
        discount: discount?,
    })
}
