//! Plans and their rules, by name.

use super::amounts::minor_money;
use super::head::Head;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Definition, Source, Spot, not_yet};
use smol_str::SmolStr;
use umbral_model::input::Direction;
use umbral_model::money::Money;

/// A plan.
#[derive(Clone, Debug)]
pub(crate) struct DraftPlan {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// A shorter prefix fills gaps.
    pub(crate) fall_through: bool,
    /// Descriptions by language.
    pub(crate) descriptions: Vec<(SmolStr, SmolStr)>,
    /// Rules in file order.
    pub(crate) rules: Vec<DraftRule>,
}

/// A rule by names.
#[derive(Clone, Debug)]
pub(crate) struct DraftRule {
    /// Where it stands.
    pub(crate) spot: Spot,
    /// Services; empty for all.
    pub(crate) services: Vec<At<SmolStr>>,
    /// Zones; empty for anywhere.
    pub(crate) zones: Vec<At<SmolStr>>,
    /// Direction.
    pub(crate) direction: Option<Direction>,
    /// Band.
    pub(crate) band: Option<At<SmolStr>>,
    /// Network group.
    pub(crate) roaming: Option<At<SmolStr>>,
    /// Priority.
    pub(crate) priority: i64,
    /// Rate; none where it could not be read.
    pub(crate) rate: Option<At<SmolStr>>,
    /// Note.
    pub(crate) note: Option<SmolStr>,
    /// Something in it could not be read.
    pub(crate) broken: bool,
}

const PLAN_KEYS: [&str; 4] = ["description", "fall_through", "rules", "monthly_fee"];
const PLAN_LATER: [&str; 4] = ["allowances", "discounts", "products", "proration"];
const RULE_KEYS: [&str; 8] = [
    "service",
    "zone",
    "direction",
    "band",
    "roaming",
    "priority",
    "rate",
    "note",
];
const RULE_LATER: [&str; 2] = ["visited", "calling_zone"];
/// The two directions.
pub(crate) const DIRECTIONS: [(&str, Direction); 2] = [
    ("originating", Direction::Originating),
    ("terminating", Direction::Terminating),
];

/// Reads `[plan.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftPlan> {
    if let Some(extra) = source.of("plan").get(60_000) {
        report.error(
            codes::TOO_MANY,
            extra.name.spot,
            "there are more than 60000 plans",
            "",
        );
    }
    source
        .of("plan")
        .iter()
        .map(|definition| plan(definition, head, report))
        .collect()
}

fn plan(definition: &Definition, head: &Head, report: &mut Report) -> DraftPlan {
    let name = definition.name.clone();
    let what = format!("plan {}", name.value);
    let mut plan = DraftPlan {
        name,
        fall_through: false,
        descriptions: Vec::new(),
        rules: Vec::new(),
    };
    let Some(fields) = Fields::open(&definition.node, what, &PLAN_KEYS, &PLAN_LATER, report) else {
        return plan;
    };
    plan.descriptions = fields.descriptions(report);
    plan.fall_through = fields.flag("fall_through", false, report);
    monthly_fee(&fields, head, report);
    if let Some(entry) = fields.get("rules") {
        match &entry.node.value {
            Value::List(items) => {
                plan.rules = items
                    .iter()
                    .filter_map(|item| rule(item, &fields.what, report))
                    .collect();
                if items.is_empty() {
                    no_rules(entry.spot(), &fields.what, report);
                }
            }
            _ => fields.wrong_type(entry, "a list of rules", report),
        }
    } else {
        no_rules(fields.spot, &fields.what, report);
    }
    plan
}

fn no_rules(spot: Spot, what: &str, report: &mut Report) {
    report
        .error(
            codes::NO_RULES,
            spot,
            format!("{what} has no rules"),
            "sells nothing",
        )
        .note("add rules = [ { service = \"voice\", rate = \"...\" } ]");
}

/// A fee is not charged by this version, so none but 0 is taken.
fn monthly_fee(fields: &Fields<'_>, head: &Head, report: &mut Report) {
    let Some(text) = fields.text("monthly_fee", report) else {
        return;
    };
    let what = format!("monthly_fee of {}", fields.what);
    let fee = minor_money(&text, &what, head.currency, report);
    if fee.is_some_and(|fee| fee != Money::ZERO) {
        let spot = fields.get("monthly_fee").map_or(text.spot, Entry::spot);
        not_yet(spot, &what, report);
    }
}

fn rule(node: &Node, plan: &str, report: &mut Report) -> Option<DraftRule> {
    let fields = Fields::open(
        node,
        format!("a rule of {plan}"),
        &RULE_KEYS,
        &RULE_LATER,
        report,
    )?;
    let direction = fields.word("direction", &DIRECTIONS, report);
    let priority = fields.whole("priority", i64::MIN..=i64::MAX, report);
    let services = names(&fields, "service", report);
    if fields.get("service").is_none() {
        fields.missing("service", report);
    }
    let zones = names(&fields, "zone", report);
    let mut band = fields.text("band", report);
    if let (Some(band), Some(entry)) = (&mut band, fields.get("band")) {
        band.spot = entry.spot();
    }
    let roaming = fields.text("roaming", report);
    let rate = fields.needed_text("rate", report);
    let unread = |key: &str, read: bool| fields.get(key).is_some() && !read;
    let broken = services.is_none()
        || zones.is_none()
        || fields.get("service").is_none()
        || unread("direction", direction.is_some())
        || unread("priority", priority.is_some())
        || unread("band", band.is_some())
        || unread("roaming", roaming.is_some());
    Some(DraftRule {
        spot: fields.spot,
        services: services.unwrap_or_default(),
        zones: zones.unwrap_or_default(),
        direction,
        band,
        roaming,
        priority: priority.unwrap_or(0),
        rate,
        note: fields.text("note", report).map(|note| note.value),
        broken,
    })
}

/// Names of services or zones; empty where `*` is among them or nothing is said, none where unreadable.
fn names(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<Vec<At<SmolStr>>> {
    let names = fields.texts(key, report);
    let entry = fields.get(key);
    if names.len() < fields.items(key).len() {
        return None;
    }
    if let (Some(entry), true) = (entry, names.is_empty()) {
        let title = format!("{key} of {} is an empty list", fields.what);
        report
            .error(codes::MISSING_KEY, entry.spot(), title, "")
            .note(format!("name a {key}, or write \"*\" for all"));
        return None;
    }
    if names.iter().any(|name| name.value == "*") {
        return Some(Vec::new());
    }
    Some(names)
}
