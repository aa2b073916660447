//! What happened to points and cards, in a few words.

use serde_json::Value;

/// An event or input in words: what people ask first, from its fields.
pub(super) fn of(kind: &str, fields: &Value) -> String {
    let text = |key: &str| match fields.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let said = |key: &str| text(key).replace('_', " ");
    let signed = || format!("{:+}", fields["delta"].as_i64().unwrap_or_default());
    let after = || {
        let after = &fields["balances_after"];
        let available = after["available"].as_u64().unwrap_or_default();
        match after["debt"].as_u64().unwrap_or_default() {
            0 => format!("{available} to spend"),
            debt => format!("{available} to spend, {debt} owed"),
        }
    };
    match kind {
        "points_earned" => format!(
            "{} points for {}: {}",
            signed(),
            text("source_ref"),
            after()
        ),
        "points_clawed_back" => format!(
            "{} points taken back for {}: {}",
            signed(),
            text("source_ref"),
            after()
        ),
        "points_voided" => format!(
            "{} points voided ({}): {}",
            signed(),
            text("reason"),
            after()
        ),
        "points_expired" => format!("{} points expired: {}", signed(), after()),
        "points_released" => format!("{} points can be spent: {}", signed(), after()),
        "points_not_earned" => format!(
            "nothing earned for {}: {}",
            text("source_ref"),
            said("reason")
        ),
        "points_expiring" => format!(
            "{} points will expire after {}",
            text("points"),
            text("expires_on")
        ),
        "redemption_accepted" => format!(
            "redemption {} of {} points{} accepted: {}",
            text("redemption_id"),
            text("points"),
            match text("reward").as_str() {
                "" => String::new(),
                reward => format!(" for {reward}"),
            },
            after()
        ),
        "redemption_committed" => format!("redemption {} committed", text("redemption_id")),
        "redemption_rejected" => format!(
            "redemption {} refused: {}",
            text("redemption_id"),
            said("reason")
        ),
        "redemption_reversed" => format!(
            "redemption {} given back ({}): {}",
            text("redemption_id"),
            said("reason"),
            after()
        ),
        "enrolled" => format!("membership of {} began", text("ledger")),
        "reward_level_reached" => format!("reward level {} reached", text("level")),
        "tier_changed" => format!(
            "tier {} to {} ({})",
            text("from"),
            text("to"),
            said("basis")
        ),
        "tier_restored" => format!("tier {} again, was {}", text("to"), text("from")),
        "tier_will_change" => format!(
            "tier {} will be {} after {}",
            text("from"),
            text("to"),
            text("valid_until")
        ),
        "membership_warned" => format!("membership will end after {}", text("ends_on")),
        "membership_terminated" => {
            format!("membership ended, {} points gone", text("points_forfeited"))
        }
        "correction_applied" => format!(
            "corrected for {}: {}",
            fields["reinstated"]["source_ref"]
                .as_str()
                .unwrap_or_default(),
            "what came late counts as if it had been in time"
        ),
        "card_replaced" => format!(
            "card {} in place of {}, {} points live on",
            text("new"),
            text("old"),
            text("points_carried")
        ),
        "card_closed" => format!(
            "card {} closed ({}), {} points gone",
            text("number"),
            said("reason"),
            text("points_forfeited")
        ),
        "card_expired" => "card expired".to_owned(),
        "card_renewed" => format!("card {} good to {}", text("number"), text("valid_until")),
        "card_issued" | "card_confirmed" | "card_lost_reported" => {
            let what = kind.trim_start_matches("card_").replace('_', " ");
            format!("card {} {what}", text("number"))
        }
        _ => kind.replace('_', " "),
    }
}
