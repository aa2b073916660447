//! What happened to points and cards, in a few words.

use serde_json::Value;
use umbral_history::LoyaltyLine;

/// An event or input in words: what people ask first, from its fields.
pub(super) fn of(kind: &str, fields: &Value) -> String {
    let said = Said(fields);
    points(kind, &said)
        .or_else(|| membership(kind, &said))
        .unwrap_or_else(|| kind.replace('_', " "))
}

/// A line of a customer's history in words. Points that somebody took by hand are no void ones.
pub(super) fn of_line(line: &LoyaltyLine) -> String {
    let said = Said(&line.fields);
    match (line.kind, line.input) {
        ("points_voided", Some("points_adjusted")) => format!(
            "{} points taken by hand ({}): {}",
            said.delta(),
            said.text("reason"),
            said.after()
        ),
        _ => of(line.kind, &line.fields),
    }
}

/// What the fields say.
struct Said<'f>(&'f Value);

impl Said<'_> {
    fn text(&self, key: &str) -> String {
        match self.0.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    /// A card by its number, or by its type where only a hash is left of that.
    fn card(&self) -> String {
        match self.text("number").as_str() {
            "" => format!("card of type {}", self.text("type")),
            number => format!("card {number}"),
        }
    }

    fn words(&self, key: &str) -> String {
        self.text(key).replace('_', " ")
    }

    fn delta(&self) -> String {
        format!("{:+}", self.0["delta"].as_i64().unwrap_or_default())
    }

    fn after(&self) -> String {
        let after = &self.0["balances_after"];
        let available = after["available"].as_u64().unwrap_or_default();
        match after["debt"].as_u64().unwrap_or_default() {
            0 => format!("{available} to spend"),
            debt => format!("{available} to spend, {debt} owed"),
        }
    }
}

/// Points that come, go and are spent.
fn points(kind: &str, said: &Said<'_>) -> Option<String> {
    Some(match kind {
        "points_earned" => format!(
            "{} points for {}: {}",
            said.delta(),
            said.text("source_ref"),
            said.after()
        ),
        "points_clawed_back" => format!(
            "{} points taken back for {}: {}",
            said.delta(),
            said.text("source_ref"),
            said.after()
        ),
        "points_voided" => format!(
            "{} points voided ({}): {}",
            said.delta(),
            said.text("reason"),
            said.after()
        ),
        "points_expired" => format!("{} points expired: {}", said.delta(), said.after()),
        "points_released" => format!("{} points can be spent: {}", said.delta(), said.after()),
        "points_not_earned" => format!(
            "nothing earned for {}: {}",
            said.text("source_ref"),
            said.words("reason")
        ),
        "points_expiring" => format!(
            "{} points will expire after {}",
            said.text("points"),
            said.text("expires_on")
        ),
        "redemption_accepted" => format!(
            "redemption {} of {} points{} accepted: {}",
            said.text("redemption_id"),
            said.text("points"),
            match said.text("reward").as_str() {
                "" => String::new(),
                reward => format!(" for {reward}"),
            },
            said.after()
        ),
        "redemption_committed" => format!("redemption {} committed", said.text("redemption_id")),
        "redemption_rejected" => format!(
            "redemption {} refused: {}",
            said.text("redemption_id"),
            said.words("reason")
        ),
        "redemption_reversed" => format!(
            "redemption {} given back ({}): {}",
            said.text("redemption_id"),
            said.words("reason"),
            said.after()
        ),
        _ => return None,
    })
}

/// Tiers, memberships and cards.
fn membership(kind: &str, said: &Said<'_>) -> Option<String> {
    Some(match kind {
        "enrolled" => format!("membership of {} began", said.text("ledger")),
        "reward_level_reached" => format!("reward level {} reached", said.text("level")),
        "tier_changed" => format!(
            "tier {} to {} ({})",
            said.text("from"),
            said.text("to"),
            said.words("basis")
        ),
        "tier_restored" => format!("tier {} again, was {}", said.text("to"), said.text("from")),
        "tier_will_change" => format!(
            "tier {} will be {} after {}",
            said.text("from"),
            said.text("to"),
            said.text("valid_until")
        ),
        "membership_warned" => format!("membership will end after {}", said.text("ends_on")),
        "membership_terminated" => {
            format!(
                "membership ended, {} points gone",
                said.text("points_forfeited")
            )
        }
        "correction_applied" => format!(
            "corrected for {}: {}",
            said.0["reinstated"]["source_ref"]
                .as_str()
                .unwrap_or_default(),
            "what came late counts as if it had been in time"
        ),
        "cards_stocked" => format!(
            "{} cards of type {} into stock, from {}",
            said.text("count"),
            said.text("type"),
            said.text("number")
        ),
        "card_replaced" => format!(
            "card {} in place of {}, {} points live on",
            said.text("new"),
            said.text("old"),
            said.text("points_carried")
        ),
        "card_closed" => format!(
            "{} closed ({}), {} points gone",
            said.card(),
            said.words("reason"),
            said.text("points_forfeited")
        ),
        "card_expired" => format!("{} expired", said.card()),
        "card_renewed" => format!(
            "card {} good to {}",
            said.text("number"),
            said.text("valid_until")
        ),
        "card_issued" | "card_confirmed" | "card_lost_reported" => {
            let what = kind.trim_start_matches("card_").replace('_', " ");
            format!("card {} {what}", said.text("number"))
        }
        _ => return None,
    })
}
