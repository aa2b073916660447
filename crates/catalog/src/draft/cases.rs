//! The catalog's own test cases.

use super::head::{Head, moment};
use super::plans::DIRECTIONS;
use super::services::DraftService;
use crate::case::{CaseRecord, CaseTariff, CatalogCase, Expected};
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Node, Value};
use crate::source::{At, Source, Spot};
use smol_str::SmolStr;
use umbral_model::number::is_network;
use umbral_model::rejection::Reason;
use umbral_model::units::{Measurement, Quantity, QuantityError};

/// A case, and the names in it with their places: those are checked whatever else is wrong with it.
#[derive(Clone, Debug)]
pub(crate) struct DraftCase {
    /// Itself, if all of it could be read.
    pub(crate) case: Option<CatalogCase>,
    /// By which plan or profile it is rated, and where that is named.
    pub(crate) tariff: Option<(CaseTariff, Spot)>,
    /// The zone that the record names.
    pub(crate) zone: Option<At<SmolStr>>,
    /// The customer's class.
    pub(crate) class: Option<At<SmolStr>>,
    /// Names of allowances and the units left of them, as written.
    pub(crate) left: Vec<(At<SmolStr>, At<SmolStr>)>,
    /// Names of rates and the units charged before, as written.
    pub(crate) so_far: Vec<(At<SmolStr>, At<SmolStr>)>,
}

const KEYS: [&str; 12] = [
    "name", "plan", "profile", "record", "charge", "refused", "left", "so_far", "class", "tier",
    "card", "vip_rank",
];

const RECORD_KEYS: [&str; 9] = [
    "service",
    "to",
    "start",
    "usage",
    "zone",
    "direction",
    "network",
    "duration",
    "continued",
];

/// Reads `[[case]]` tables.
pub(crate) fn read(
    source: &Source<'_>,
    head: &Head,
    services: &[DraftService],
    report: &mut Report,
) -> Vec<DraftCase> {
    let mut cases = Vec::new();
    for (node, number) in source.cases.iter().zip(1..) {
        if !is_of_points(node) {
            cases.extend(read_case(node, number, head, services, report));
        }
    }
    cases
}

/// Whether a case is of points: those name a programme.
pub(crate) fn is_of_points(node: &Node) -> bool {
    match &node.value {
        Value::Table(table) => table.entries.iter().any(|entry| entry.key == "programme"),
        _ => false,
    }
}

fn read_case(
    node: &Node,
    number: usize,
    head: &Head,
    services: &[DraftService],
    report: &mut Report,
) -> Option<DraftCase> {
    let fields = Fields::open(node, format!("case {number}"), &KEYS, &[], report)?;
    let name = fields.text("name", report).map(|name| name.value);
    let tariff = tariff(&fields, report);
    let expected = expected(&fields, report);
    let left = texts_by_name(&fields, "left", report);
    let so_far = texts_by_name(&fields, "so_far", report);
    let class = fields.text("class", report);
    let tier = fields.text("tier", report);
    let cards = fields.texts("card", report);
    let vip_rank = fields.whole("vip_rank", 0..=i64::from(u16::MAX), report);
    let (record, zone) = record_of(&fields, number, head, services, report);
    let case = record.zip(tariff.clone()).zip(expected);
    let case = case.map(|((record, (tariff, _)), (expected, spot))| CatalogCase {
        name: name.unwrap_or_else(|| SmolStr::new(format!("case {number}"))),
        tariff,
        record,
        left: Vec::new(),
        so_far: Vec::new(),
        class: class.as_ref().map(|class| class.value.clone()),
        tier: tier.map(|tier| tier.value),
        cards: cards.into_iter().map(|card| card.value).collect(),
        vip_rank: vip_rank.unwrap_or(0) as u16,
        expected,
        file: report.file(spot).into(),
        span: spot.range(),
    });
    Some(DraftCase {
        case,
        tariff,
        zone,
        class,
        left,
        so_far,
    })
}

/// The record of a case as far as it can be read, and the zone that it names.
fn record_of(
    fields: &Fields<'_>,
    number: usize,
    head: &Head,
    services: &[DraftService],
    report: &mut Report,
) -> (Option<CaseRecord>, Option<At<SmolStr>>) {
    let Some(entry) = fields.get("record") else {
        fields.missing("record", report);
        return (None, None);
    };
    let what = format!("the record of case {number}");
    let Some(fields) = Fields::open(&entry.node, what, &RECORD_KEYS, &[], report) else {
        return (None, None);
    };
    let zone = fields.text("zone", report);
    (record(&fields, zone.as_ref(), head, services, report), zone)
}

/// A table of texts, such as `{ "10 GB" = "500MB" }`.
fn texts_by_name(
    fields: &Fields<'_>,
    key: &str,
    report: &mut Report,
) -> Vec<(At<SmolStr>, At<SmolStr>)> {
    let mut found = Vec::new();
    let Some(entry) = fields.get(key) else {
        return found;
    };
    let Value::Table(table) = &entry.node.value else {
        fields.wrong_type(entry, "written as { \"NAME\" = \"UNITS\" }", report);
        return found;
    };
    for entry in &table.entries {
        match &entry.node.value {
            Value::Text(text) => found.push((
                At::new(entry.key.clone(), entry.key_spot),
                At::new(text.clone(), entry.node.spot),
            )),
            _ => fields.wrong_type(entry, "a text in quotes", report),
        }
    }
    found
}

fn tariff(fields: &Fields<'_>, report: &mut Report) -> Option<(CaseTariff, Spot)> {
    match (fields.text("plan", report), fields.text("profile", report)) {
        (Some(plan), None) => Some((CaseTariff::Plan(plan.value), plan.spot)),
        (None, Some(profile)) => Some((CaseTariff::Profile(profile.value), profile.spot)),
        (plan, _) => {
            let unread = fields.get("plan").is_some() || fields.get("profile").is_some();
            if plan.is_some() || !unread {
                let title = format!("{} needs either a plan or a profile", fields.what);
                report
                    .error(codes::CASE_TARIFF, fields.spot, title, "")
                    .note("write plan = \"NAME\", or profile = \"TENANT/CATEGORY/SUBJECT\"");
            }
            None
        }
    }
}

fn expected(fields: &Fields<'_>, report: &mut Report) -> Option<(Expected, Spot)> {
    match (fields.get("charge"), fields.get("refused")) {
        (Some(entry), None) => {
            let text = fields.text("charge", report)?;
            let what = format!("charge of {}", fields.what);
            let charge = super::amounts::money(&text, &what, report)?;
            Some((Expected::Charge(charge), entry.spot()))
        }
        (None, Some(entry)) => {
            let code = fields.text("refused", report)?;
            let reason = Reason::from_code(&code.value);
            if reason.is_none() {
                report
                    .error(
                        codes::UNKNOWN_REFUSAL,
                        code.spot,
                        format!("no record is refused with {}", code.value),
                        "",
                    )
                    .note(
                        "write a code such as \"U-0032\"; umbral explain U-0032 says what it means",
                    );
            }
            Some((Expected::Refused(reason?), entry.spot()))
        }
        _ => {
            let title = format!("{} needs either a charge or a refusal", fields.what);
            report
                .error(codes::CASE_EXPECTATION, fields.spot, title, "")
                .note("write charge = \"0.2415\" or refused = \"U-0032\"");
            None
        }
    }
}

fn record(
    fields: &Fields<'_>,
    zone: Option<&At<SmolStr>>,
    head: &Head,
    services: &[DraftService],
    report: &mut Report,
) -> Option<CaseRecord> {
    let service = fields.needed_text("service", report);
    if fields.get("start").is_none() {
        fields.missing("start", report);
    }
    let start = fields.moment("start", report);
    let start = start.and_then(|text| moment(&text, "start", &head.zone, report));
    let usage = fields.needed_text("usage", report);
    let measurement = service
        .as_ref()
        .and_then(|name| measurement(name, services, report));
    let usage = usage.zip(measurement);
    let quantity = usage.and_then(|(text, m)| quantity(&text, m, "usage", report));
    let duration = fields.text("duration", report);
    let length = duration.and_then(|text| quantity_of_time(&text, report));
    let direction = fields
        .word("direction", &DIRECTIONS, report)
        .unwrap_or_default();
    let continued = continued(fields, measurement, report);
    let network = network(fields, report);
    let to = fields.text("to", report);
    Some(CaseRecord {
        service: service?.value,
        direction,
        to: to.map(|to| to.value).unwrap_or_default(),
        zone: zone.map(|zone| zone.value.clone()),
        network,
        start: start?,
        quantity: quantity?,
        duration: length,
        continued,
    })
}

/// The serving network of the record.
fn network(fields: &Fields<'_>, report: &mut Report) -> Option<SmolStr> {
    let code = fields.text("network", report)?;
    if !is_network(&code.value) {
        let title = format!("{:?} is no network code", code.value);
        report.error(codes::BAD_NETWORK, code.spot, title, "").note(
            "write MCC and MNC as five or six digits, such as \"20801\"; leave network out at home",
        );
    }
    Some(code.value)
}

fn measurement(
    name: &At<SmolStr>,
    services: &[DraftService],
    report: &mut Report,
) -> Option<Measurement> {
    let found = services.iter().find(|service| service.name == name.value);
    if found.is_none() {
        crate::check::names::unknown_service(name, services, report);
    }
    found?.measurement
}

fn continued(
    fields: &Fields<'_>,
    measurement: Option<Measurement>,
    report: &mut Report,
) -> Option<u64> {
    match &fields.get("continued")?.node.value {
        Value::Flag(flag) => flag.then_some(0),
        _ => quantity(
            &fields.text("continued", report)?,
            measurement?,
            "continued",
            report,
        ),
    }
}

fn quantity_of_time(text: &At<SmolStr>, report: &mut Report) -> Option<u64> {
    quantity(text, Measurement::Time, "duration", report)
}

fn quantity(
    text: &At<SmolStr>,
    measurement: Measurement,
    key: &str,
    report: &mut Report,
) -> Option<u64> {
    let read: Result<Quantity, QuantityError> = Quantity::parse(&text.value, measurement);
    match read {
        Ok(quantity) => Some(quantity.0),
        Err(error) => {
            let title = format!("{key} cannot be {}", text.value);
            report
                .error(codes::BAD_USAGE, text.spot, title, error.to_string())
                .note(format!("write {}", example(measurement)));
            None
        }
    }
}

/// Usage as it is written in cases.
pub(crate) fn example(measurement: Measurement) -> &'static str {
    match measurement {
        Measurement::Time => "a time such as \"61s\" or \"1m30s\"",
        Measurement::Octets => "octets such as \"500MB\"",
        Measurement::Events => "a count such as \"95\"",
    }
}
