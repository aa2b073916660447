//! A loyalty programme of a neutral configuration in our own TOML.

use super::{entries, write_scalar};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Keys of a number of days, months or minutes, and what they are called here.
const SPANS: [(&str, &str, &str); 9] = [
    ("pending_days", "pending", "days"),
    ("reward_grace_days", "reward_grace", "days"),
    ("claim_window_days", "claim_window", "days"),
    ("correction_days", "correction_window", "days"),
    ("refund_horizon_days", "refund_horizon", "days"),
    ("inactive_months", "inactive_after", "months"),
    ("tier_validity_months", "tier_validity", "months"),
    ("validity_months", "validity", "months"),
    ("renewal_window_days", "renewal_window", "days"),
];

/// Writes the programme. What nothing could act on is left out, because our catalog refuses it.
pub(super) fn write(out: &mut String, name: &str, programme: &Value) {
    let _ = writeln!(out, "[programme.{name}]");
    match programme.get("default_line") {
        Some(Value::Null) => out.push_str("default_line = \"none\"\n"),
        Some(line) => write_scalar(out, "default_line", line),
        None => {}
    }
    write_scalar(out, "basis", &programme["tax"]);
    write_expiry(out, &programme["expiry"]);
    write_spans(out, programme);
    write_words(
        out,
        "invoices",
        &programme["invoice"],
        &[("default", "when paid")],
    );
    write_words(out, "refunds", &programme["refund_policy"], &[]);
    write_scalar(out, "max_debt", &programme["max_debt"]);
    write_scalar(out, "reward_levels", &programme["reward_levels"]);
    if !programme["expiry"].is_null() {
        write_notices(out, "expiry_notices", &programme["expiry_notice_days"]);
    }
    if !programme["inactive_months"].is_null() {
        write_notices(out, "inactive_notices", &programme["inactive_notice_days"]);
    }
    write_tier_settings(out, programme);
    match programme["versions"].as_array() {
        Some(versions) => {
            for version in versions {
                write_version(out, name, version);
            }
        }
        None => write_rules(out, &programme["rules"]),
    }
    write_tiers(out, name, programme);
    for (card, settings) in entries(&programme["card_types"]) {
        write_card(out, name, card, settings);
    }
    write_redemption(out, name, &programme["redemption"]);
}

/// Settings that only tiers, and most of them only tiers with a validity, could have.
fn write_tier_settings(out: &mut String, programme: &Value) {
    if programme["tiers"].as_array().is_none_or(Vec::is_empty) {
        return;
    }
    let floors: Vec<String> = entries(&programme["vip_floor"])
        .map(|(rank, tier)| format!("{rank} = {tier}"))
        .collect();
    if !floors.is_empty() {
        let _ = writeln!(out, "vip_floor = {{ {} }}", floors.join(", "));
    }
    if programme["tier_validity_months"].is_null() {
        return;
    }
    write_words(out, "demotion", &programme["demotion"], &[]);
    if let Some(days) = programme["tier_correction_days"].as_u64() {
        let _ = writeln!(out, "tier_correction = \"{days} days\"");
    }
    write_notices(out, "tier_notices", &programme["tier_notice_days"]);
}

fn write_spans(out: &mut String, table: &Value) {
    let has_tiers = table["tiers"]
        .as_array()
        .is_some_and(|tiers| !tiers.is_empty());
    for (key, own, unit) in SPANS {
        let acts = key != "tier_validity_months" || has_tiers;
        if let Some(number) = table[key].as_u64().filter(|_| acts) {
            let _ = writeln!(out, "{own} = \"{number} {unit}\"");
        }
    }
}

fn write_expiry(out: &mut String, expiry: &Value) {
    if expiry.is_null() {
        return;
    }
    let number = |key: &str| expiry[key].as_u64().unwrap_or_default();
    let length = match (number("months"), number("days")) {
        (0, days) => format!("{days} days"),
        (months, 0) => format!("{months} months"),
        (months, days) => format!("{months} months and {days} days"),
    };
    let end = match expiry["month_end"].as_bool() {
        Some(true) => ", to the end of the month",
        _ => "",
    };
    let _ = writeln!(out, "expiry = \"{length}{end}\"");
}

/// A word in which our catalog has blanks, or another word.
fn write_words(out: &mut String, key: &str, value: &Value, others: &[(&str, &str)]) {
    if let Some(word) = value.as_str() {
        let other = others.iter().find(|(neutral, _)| *neutral == word);
        let word = other.map_or_else(|| word.replace('_', " "), |(_, own)| (*own).to_owned());
        let _ = writeln!(out, "{key} = \"{word}\"");
    }
}

fn write_notices(out: &mut String, key: &str, days: &Value) {
    if let Some(days) = days.as_array() {
        let days: Vec<String> = days.iter().map(|days| format!("\"{days} days\"")).collect();
        let _ = writeln!(out, "{key} = [{}]", days.join(", "));
    }
}

fn write_version(out: &mut String, programme: &str, version: &Value) {
    let _ = writeln!(out, "\n[[programme.{programme}.version]]");
    write_scalar(out, "name", &version["version"]);
    write_scalar(out, "from", &version["effective_from"]);
    write_rules(out, &version["rules"]);
}

fn write_rules(out: &mut String, rules: &Value) {
    out.push_str("earn = [\n");
    for rule in rules.as_array().into_iter().flatten() {
        let mut fields: Vec<String> = entries(&rule["match"])
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        for (key, own) in [
            ("source", "on"),
            ("points", "points"),
            ("per", "per"),
            ("min_units", "min_units"),
            ("multiplied", "multiplied"),
            ("qualifying", "qualifying"),
        ] {
            // What earns nothing has no points.
            let value = &rule[key];
            if !value.is_null() && (key == "source" || rule["exclude"] != json!(true)) {
                fields.push(format!("{own} = {value}"));
            }
        }
        if rule["exclude"] == json!(true) {
            fields.push("earns = \"nothing\"".to_owned());
        }
        let _ = writeln!(out, "  {{ {} }},", fields.join(", "));
    }
    out.push_str("]\n");
}

fn write_tiers(out: &mut String, programme: &str, settings: &Value) {
    let has_validity = !settings["tier_validity_months"].is_null();
    for tier in settings["tiers"].as_array().into_iter().flatten() {
        let name = &tier["name"];
        let _ = writeln!(out, "\n[programme.{programme}.tier.{name}]");
        write_scalar(out, "from", &tier["from"]);
        if has_validity {
            write_scalar(out, "retain", &tier["retain"]);
        }
        if let Some(bps) = tier["multiplier_bps"].as_u64() {
            let _ = writeln!(
                out,
                "multiplier = \"{}.{:04}x\"",
                bps / 10_000,
                bps % 10_000
            );
        }
    }
}

fn write_card(out: &mut String, programme: &str, name: &str, card: &Value) {
    let _ = writeln!(out, "\n[programme.{programme}.card.{name}]");
    for key in ["line", "confirm", "code"] {
        write_scalar(out, key, &card[key]);
    }
    if card["validity_months"].is_null() {
        return;
    }
    write_spans(out, card);
    write_scalar(out, "freeze_lots", &card["freeze_lots"]);
    write_words(out, "renew_from", &card["renew_from"], &[]);
}

fn write_redemption(out: &mut String, programme: &str, redemption: &Value) {
    if redemption.is_null() {
        return;
    }
    let _ = writeln!(out, "\n[programme.{programme}.redeem]");
    write_scalar(out, "min_points", &redemption["min_points"]);
    if let Some(minutes) = redemption["timeout_minutes"].as_u64() {
        let _ = writeln!(out, "timeout = \"{minutes} minutes\"");
    }
    write_scalar(out, "closed_channels", &redemption["closed_channels"]);
    let rewards: Vec<String> = entries(&redemption["catalogue"])
        .map(|(reward, points)| format!("{} = {points}", json!(reward)))
        .collect();
    if !rewards.is_empty() {
        let _ = writeln!(out, "rewards = {{ {} }}", rewards.join(", "));
    }
}
