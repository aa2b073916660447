//! Plans and their rules, by name.

use super::allowances::{self, DraftAllowance, Grantor};
use super::amounts::minor_money;
use super::head::Head;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Node, Value};
use crate::source::{At, Definition, Source, Spot};
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
    /// Fee of a cycle.
    pub(crate) monthly_fee: Money,
    /// Fee and allowances are counted by the day.
    pub(crate) by_day: bool,
    /// Allowances in file order.
    pub(crate) allowances: Vec<DraftAllowance>,
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
    /// Only for numbers of the country of the serving network; where that is written.
    pub(crate) visited: Option<Spot>,
    /// Priority.
    pub(crate) priority: i64,
    /// Rate; none where it could not be read.
    pub(crate) rate: Option<At<SmolStr>>,
    /// Note.
    pub(crate) note: Option<SmolStr>,
    /// Something in it could not be read.
    pub(crate) broken: bool,
}

const PLAN_KEYS: [&str; 6] = [
    "description",
    "fall_through",
    "rules",
    "monthly_fee",
    "proration",
    "allowances",
];
const RULE_KEYS: [&str; 9] = [
    "service",
    "zone",
    "direction",
    "band",
    "roaming",
    "visited",
    "priority",
    "rate",
    "note",
];
/// Whether fee and allowances are counted by the day.
const PRORATION: [(&str, bool); 2] = [("none", false), ("daily", true)];
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
        monthly_fee: Money::ZERO,
        by_day: false,
        allowances: Vec::new(),
    };
    let Some(fields) = Fields::open(&definition.node, what, &PLAN_KEYS, &[], report) else {
        return plan;
    };
    plan.descriptions = fields.descriptions(report);
    plan.fall_through = fields.flag("fall_through", false, report);
    plan.monthly_fee = monthly_fee(&fields, head, report);
    plan.by_day = fields
        .word("proration", &PRORATION, report)
        .unwrap_or_default();
    plan.allowances = allowances::read(&fields, Grantor::Plan, report);
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

fn monthly_fee(fields: &Fields<'_>, head: &Head, report: &mut Report) -> Money {
    let Some(text) = fields.text("monthly_fee", report) else {
        return Money::ZERO;
    };
    let what = format!("monthly_fee of {}", fields.what);
    minor_money(&text, &what, head.currency, report).unwrap_or(Money::ZERO)
}

fn rule(node: &Node, plan: &str, report: &mut Report) -> Option<DraftRule> {
    let fields = Fields::open(node, format!("a rule of {plan}"), &RULE_KEYS, &[], report)?;
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
    let (visited, visited_fits) = visited(&fields, report);
    let rate = fields.needed_text("rate", report);
    let unread = |key: &str, read: bool| fields.get(key).is_some() && !read;
    let broken = services.is_none()
        || zones.is_none()
        || fields.get("service").is_none()
        || unread("direction", direction.is_some())
        || unread("priority", priority.is_some())
        || unread("band", band.is_some())
        || unread("roaming", roaming.is_some())
        || !visited_fits;
    Some(DraftRule {
        spot: fields.spot,
        services: services.unwrap_or_default(),
        zones: zones.unwrap_or_default(),
        direction,
        band,
        roaming,
        visited,
        priority: priority.unwrap_or(0),
        rate,
        note: fields.text("note", report).map(|note| note.value),
        broken,
    })
}

/// A rule for the visited country is one for networks abroad, and the country stands for the zone. Returns
/// where that is written, and whether it can be so.
fn visited(fields: &Fields<'_>, report: &mut Report) -> (Option<Spot>, bool) {
    let flag = fields.flag("visited", false, report);
    let Some(entry) = fields.get("visited").filter(|_| flag) else {
        return (None, true);
    };
    let spot = entry.spot();
    let mut fits = true;
    let mut wrong = |title: String, mend: &str| {
        fits = false;
        report
            .error(codes::VISITED_RULE, spot, title, "")
            .note(mend);
    };
    if fields.get("roaming").is_none() {
        let title = format!("{} is visited without roaming", fields.what);
        wrong(
            title,
            "name the network group whose countries are meant: roaming = \"eu\"",
        );
    }
    if fields.get("zone").is_some() {
        let title = format!("{} is visited and has a zone", fields.what);
        wrong(
            title,
            "leave the zone out: the country of the serving network stands for it",
        );
    }
    (Some(spot), fits)
}

/// Names of services, zones and the like; empty where `*` is among them or nothing is said, none where unreadable.
pub(crate) fn names(
    fields: &Fields<'_>,
    key: &str,
    report: &mut Report,
) -> Option<Vec<At<SmolStr>>> {
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
