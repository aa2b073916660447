//! Loyalty programmes.

mod cards;
mod rewards;
mod rules;
mod tiers;

use super::head::Head;
use crate::codes;
use crate::loyalty::{Demotion, Expiry, InvoiceAccrual, Programme, RedemptionRules, RefundPolicy};
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Definition, NAME_FORM, Source, Spot, is_name};
use crate::text::spans;
pub(crate) use rules::USAGE_WORDS;
use smol_str::SmolStr;

/// A programme with the places of what other checks look at.
#[derive(Clone, Debug)]
pub(crate) struct DraftProgramme {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// What it says; stand-ins for what could not be read.
    pub(crate) programme: Programme,
    /// Where its rules stand, by version.
    pub(crate) rules: Vec<Vec<Spot>>,
    /// Where its promotions stand.
    pub(crate) promotions: Vec<Spot>,
    /// Card lines that rules and promotions name.
    pub(crate) card_lines: Vec<At<SmolStr>>,
    /// Types of cards with the first of their own numbers.
    pub(crate) card_numbers: Vec<(SmolStr, At<u64>)>,
}

const KEYS: [&str; 28] = [
    "description",
    "default_line",
    "basis",
    "expiry",
    "expiry_notices",
    "pending",
    "earn",
    "version",
    "promotion",
    "invoices",
    "refunds",
    "max_debt",
    "reward_grace",
    "redeem",
    "reward_levels",
    "tier",
    "tier_validity",
    "tier_correction",
    "tier_notices",
    "demotion",
    "vip_floor",
    "inactive_after",
    "inactive_notices",
    "claim_window",
    "correction_window",
    "refund_horizon",
    "card",
    "auto_issue",
];
const BASES: [(&str, bool); 2] = [("net", false), ("gross", true)];
const INVOICES: [(&str, InvoiceAccrual); 2] = [
    ("when paid", InvoiceAccrual::WhenPaid),
    ("progressive", InvoiceAccrual::Progressive),
];
const REFUNDS: [(&str, RefundPolicy); 3] = [
    ("debt", RefundPolicy::Debt),
    ("within balance", RefundPolicy::WithinBalance),
    ("only pending", RefundPolicy::OnlyPending),
];
const DEMOTIONS: [(&str, Demotion); 2] = [
    ("one down", Demotion::OneDown),
    ("recompute", Demotion::Recompute),
];
/// The card line of purchases without a card, where a programme does not name another one.
const DEFAULT_LINE: &str = "-";
/// In place of a card line: purchases without a card earn nothing.
const NO_LINE: &str = "none";
/// Days of claims, corrections and waiting refunds where a programme does not say others.
const WINDOW_DAYS: u16 = 30;
/// Days before the end of a membership on which it is told.
const INACTIVE_NOTICES: [u16; 2] = [30, 7];
/// More points than this have no place in a programme.
const MOST_POINTS: i64 = 1_000_000_000_000;
/// Least days of a month.
const MONTH_DAYS: u32 = 28;

/// Reads `[programme.NAME]` tables.
pub(crate) fn read(source: &Source<'_>, head: &Head, report: &mut Report) -> Vec<DraftProgramme> {
    let definitions = source.of("programme").iter();
    definitions
        .filter_map(|definition| programme(definition, head, report))
        .collect()
}

fn programme(definition: &Definition, head: &Head, report: &mut Report) -> Option<DraftProgramme> {
    let name = definition.name.clone();
    let what = format!("programme {}", name.value);
    let fields = Fields::open(&definition.node, what, &KEYS, &[], report)?;
    fields.descriptions(report);
    let mut rules = rules::Reader::new(head);
    let versions = rules.versions(&fields, &name.value, report);
    let promotions = rules.promotions(&fields, report);
    let mut programme = Programme {
        name: name.value.clone(),
        versions,
        promotions,
        default_line: default_line(&fields, report),
        with_tax: fields.word("basis", &BASES, report).unwrap_or(false),
        expiry: expiry(&fields, report),
        pending_days: days(&fields, "pending", 0, report),
        expiry_notice_days: Vec::new(),
        invoice: fields
            .word("invoices", &INVOICES, report)
            .unwrap_or_default(),
        refund_policy: fields.word("refunds", &REFUNDS, report).unwrap_or_default(),
        max_debt: points(&fields, "max_debt", 0, report),
        reward_grace_days: days(&fields, "reward_grace", 0, report),
        redemption: RedemptionRules::default(),
        reward_levels: Vec::new(),
        tiers: tiers::read(&fields, head, report),
        tier_validity_months: months(&fields, "tier_validity", report),
        demotion: fields
            .word("demotion", &DEMOTIONS, report)
            .unwrap_or_default(),
        tier_correction_days: days(&fields, "tier_correction", WINDOW_DAYS, report),
        tier_notice_days: Vec::new(),
        vip_floor: Vec::new(),
        inactive_months: months(&fields, "inactive_after", report),
        inactive_notice_days: INACTIVE_NOTICES.to_vec(),
        claim_window_days: days(&fields, "claim_window", WINDOW_DAYS, report),
        correction_days: days(&fields, "correction_window", WINDOW_DAYS, report),
        refund_horizon_days: days(&fields, "refund_horizon", WINDOW_DAYS, report),
        card_types: cards::read(&fields, head, report),
        auto_issue: None,
    };
    programme.redemption = rewards::redemption(&fields, report);
    programme.reward_levels = rewards::levels(&fields, &programme.redemption, report);
    all_notices(&fields, &mut programme, report);
    programme.vip_floor = tiers::vip_floor(&fields, &programme.tiers, report);
    programme.auto_issue = cards::auto_issue(&fields, &programme.card_types, report);
    tiers::check(&fields, &programme, report);
    Some(DraftProgramme {
        name,
        rules: rules.rule_spots,
        promotions: rules.promotion_spots,
        card_lines: rules.card_lines,
        card_numbers: cards::numbers(&fields, &programme.card_types),
        programme,
    })
}

fn default_line(fields: &Fields<'_>, report: &mut Report) -> Option<SmolStr> {
    match fields.text("default_line", report) {
        Some(line) if line.value == NO_LINE => None,
        Some(line) => Some(line.value),
        None => Some(SmolStr::new_static(DEFAULT_LINE)),
    }
}

fn expiry(fields: &Fields<'_>, report: &mut Report) -> Option<Expiry> {
    let wanted = "\"90 days\", \"12 months\" or \"12 months, to the end of the month\"";
    span(fields, "expiry", spans::expiry, wanted, report)
}

/// A length of time that is written in words.
fn span<T>(
    fields: &Fields<'_>,
    key: &str,
    read: impl Fn(&str) -> Option<T>,
    wanted: &str,
    report: &mut Report,
) -> Option<T> {
    let text = fields.text(key, report)?;
    let found = read(&text.value);
    if found.is_none() {
        bad_span(fields, key, &text, wanted, report);
    }
    found
}

fn bad_span(fields: &Fields<'_>, key: &str, text: &At<SmolStr>, wanted: &str, report: &mut Report) {
    let title = format!("{key} of {} cannot be {}", fields.what, text.value);
    report
        .error(codes::BAD_SPAN, text.spot, title, "")
        .note(format!("write {wanted}"));
}

/// How days are written.
const DAYS: &str = "days such as \"30 days\"";

fn days(fields: &Fields<'_>, key: &str, default: u16, report: &mut Report) -> u16 {
    span(fields, key, spans::days, DAYS, report).unwrap_or(default)
}

fn months(fields: &Fields<'_>, key: &str, report: &mut Report) -> Option<u16> {
    let wanted = "months or years such as \"12 months\"";
    span(fields, key, spans::months, wanted, report)
}

/// A number of points.
fn points(fields: &Fields<'_>, key: &str, least: i64, report: &mut Report) -> Option<u64> {
    fields
        .whole(key, least..=MOST_POINTS, report)
        .map(|points| points as u64)
}

/// Reads all lists of notices; each belongs to a period that has an end.
fn all_notices(fields: &Fields<'_>, programme: &mut Programme, report: &mut Report) {
    let of_months = |months: u16| u32::from(months) * MONTH_DAYS;
    let lots = programme
        .expiry
        .map(|expiry| of_months(expiry.months) + u32::from(expiry.days));
    let tiers = programme.tier_validity_months.map(of_months);
    let members = programme.inactive_months.map(of_months);
    for (key, ends, period, list) in [
        (
            "expiry_notices",
            "expiry",
            lots,
            &mut programme.expiry_notice_days,
        ),
        (
            "tier_notices",
            "tier_validity",
            tiers,
            &mut programme.tier_notice_days,
        ),
        (
            "inactive_notices",
            "inactive_after",
            members,
            &mut programme.inactive_notice_days,
        ),
    ] {
        let Some(entry) = fields.get(key) else {
            continue;
        };
        if period.is_none() && fields.get(ends).is_none() {
            let title = format!("{} tells an end that never comes", fields.what);
            let mend = format!("write {ends}, or leave {key} out");
            without_effect(entry, title, mend, report);
        }
        *list = notices(fields, key, period, report);
    }
}

/// Days before an end, descending.
fn notices(fields: &Fields<'_>, key: &str, period: Option<u32>, report: &mut Report) -> Vec<u16> {
    let mut list = Vec::new();
    for text in fields.texts(key, report) {
        let Some(days) = spans::days(&text.value) else {
            bad_span(fields, key, &text, DAYS, report);
            continue;
        };
        if period.is_some_and(|period| u32::from(days) >= period) {
            let title = format!(
                "a notice of {} comes before there is anything to tell",
                fields.what
            );
            let label = "as long as the whole period";
            report
                .warn(codes::NOTICE_TOO_EARLY, text.spot, title, label)
                .note(format!(
                    "shorten it, or lengthen the period that {key} is about"
                ));
        }
        list.push(days);
    }
    list.sort_unstable_by(|left, right| right.cmp(left));
    list.dedup();
    list
}

/// Reports a setting that nothing could act on.
fn without_effect(entry: &Entry, title: String, mend: impl Into<String>, report: &mut Report) {
    report
        .error(
            codes::PROGRAMME_SETTING,
            entry.spot(),
            title,
            "would have no effect",
        )
        .note(mend);
}

/// An entry of a table.
fn under<'t>(entry: &'t Entry, key: &str) -> Option<&'t Entry> {
    match &entry.node.value {
        Value::Table(table) => table.entries.iter().find(|entry| entry.key == key),
        _ => None,
    }
}

/// Named tables below a key, such as those of `tier`.
fn tables<'t>(fields: &Fields<'t>, key: &str, report: &mut Report) -> &'t [Entry] {
    match fields.get(key).map(|entry| (entry, &entry.node.value)) {
        None => &[],
        Some((_, Value::Table(table))) => {
            for entry in &table.entries {
                check_name(key, &entry.key, entry.key_spot, report);
            }
            &table.entries
        }
        Some((entry, _)) => {
            fields.wrong_type(entry, "a table", report);
            &[]
        }
    }
}

/// Reports a name that cannot be one.
fn check_name(kind: &str, name: &str, spot: Spot, report: &mut Report) {
    if !is_name(name) {
        let title = format!("this is no name for a {kind}");
        report
            .error(codes::BAD_NAME, spot, title, "")
            .note(NAME_FORM);
    }
}

/// A list of tables below a key, such as those of `earn`.
fn list<'t>(fields: &Fields<'t>, key: &str, wanted: &str, report: &mut Report) -> &'t [Node] {
    match fields.get(key).map(|entry| (entry, &entry.node.value)) {
        None => &[],
        Some((_, Value::List(items))) => items,
        Some((entry, _)) => {
            fields.wrong_type(entry, wanted, report);
            &[]
        }
    }
}
