//! Programmes in words, for summaries and comparisons.

use super::{
    AccrualRule, AccrualSource, CardType, InvoiceAccrual, LineFilter, LoyaltyTier, Promotion,
    RefundPolicy, RenewFrom,
};
use crate::text::spans::{shown_days, shown_months};
use crate::text::units::shown_percent;
use smol_str::SmolStr;
use umbral_model::money::{Money, fmt_scaled};
use umbral_model::time::Date;

impl InvoiceAccrual {
    /// Its words in catalogs.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            InvoiceAccrual::WhenPaid => "when paid",
            InvoiceAccrual::Progressive => "progressive",
        }
    }
}

impl RefundPolicy {
    /// Its words in catalogs.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            RefundPolicy::Debt => "debt",
            RefundPolicy::WithinBalance => "within balance",
            RefundPolicy::OnlyPending => "only pending",
        }
    }
}

/// `1 point per 10.00 of purchases, category food, from 3 units on`.
pub(crate) fn rule(rule: &AccrualRule) -> String {
    let source = match rule.source {
        AccrualSource::Purchase => "purchases",
        AccrualSource::Invoice => "paid invoices",
        AccrualSource::Usage => "usage",
        AccrualSource::Visit => "visits",
    };
    let points = points(rule.points);
    let first = match (rule.exclude, rule.per) {
        (true, _) => format!("nothing for {source}"),
        (false, None) => format!("{points} each for {source}"),
        (false, Some(per)) => format!("{points} per {per} of {source}"),
    };
    let mut parts = vec![first];
    parts.extend(filter(&rule.matches));
    if rule.min_units > 1 {
        parts.push(format!("from {} units on", rule.min_units));
    }
    if !rule.multiplied {
        parts.push("without the tier's multiplier".to_owned());
    }
    if !rule.qualifying {
        parts.push("not towards a tier".to_owned());
    }
    parts.join(", ")
}

/// `1 point`, `3 points`.
pub(crate) fn points(number: u64) -> String {
    format!("{number} point{}", if number == 1 { "" } else { "s" })
}

/// Conditions of a line, each in a few words.
fn filter(filter: &LineFilter) -> Vec<String> {
    let lists = [
        ("category", &filter.categories),
        ("item", &filter.items),
        ("partner", &filter.partners),
        ("location", &filter.locations),
        ("paid by", &filter.methods),
        ("members of category", &filter.member_categories),
        ("card line", &filter.card_lines),
    ];
    let named = lists.iter().filter(|(_, list)| !list.is_empty());
    named
        .map(|(what, list)| format!("{what} {}", list.join(" or ")))
        .collect()
}

/// `100% more, from 2026-06-01 to 2026-06-30, category food`.
pub(crate) fn promotion(promotion: &Promotion) -> String {
    let mut parts = vec![format!("{} more", shown_percent(promotion.bonus_bps))];
    let first = (promotion.from.days() > i32::MIN).then_some(promotion.from);
    let last = (promotion.until.days() < i32::MAX).then_some(promotion.until);
    parts.extend(days(first, last));
    parts.extend(filter(&promotion.matches));
    parts.join(", ")
}

fn days(first: Option<Date>, last: Option<Date>) -> Option<String> {
    match (first, last) {
        (None, None) => None,
        (Some(first), None) => Some(format!("from {first} on")),
        (None, Some(last)) => Some(format!("to {last}")),
        (Some(first), Some(last)) if first == last => Some(format!("on {first}")),
        (Some(first), Some(last)) => Some(format!("from {first} to {last}")),
    }
}

/// `from 10000 points, kept by sales of 500.00, points 1.5x`.
pub(crate) fn tier(tier: &LoyaltyTier) -> String {
    let mut parts = vec![format!("from {}", points(tier.from))];
    if tier.retain > Money::ZERO {
        parts.push(format!("kept by sales of {}", tier.retain));
    }
    if tier.multiplier_bps != 10_000 {
        parts.push(format!("points {}", multiplier(tier.multiplier_bps)));
    }
    parts.join(", ")
}

/// `1.5x`, from basis points.
pub(crate) fn multiplier(bps: u32) -> String {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = fmt_scaled(&mut text, i128::from(bps), 4);
    format!("{}x", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `line -, good for 24 months, fee 20.00`.
pub(crate) fn card(card: &CardType) -> String {
    let mut parts = vec![format!("line {}", card.line)];
    if let Some(months) = card.validity_months {
        parts.push(format!("good for {}", shown_months(months)));
    }
    if let Some(days) = card.renewal_window_days {
        parts.push(format!("renewed within {}", shown_days(days)));
    }
    if card.renew_from == RenewFrom::OldEnd {
        parts.push("from the old end".to_owned());
    }
    parts.extend(card.fee.map(|fee| format!("fee {fee}")));
    parts.extend(
        card.min_spend
            .map(|least| format!("from sales of {least} on")),
    );
    for (holds, words) in [
        (card.confirm, "confirmed before points are spent"),
        (card.code, "a code for each redemption"),
        (card.freeze_lots, "points do not age while it is expired"),
        (card.transferable, "may be handed on"),
        (card.from_stock, "from stock"),
    ] {
        if holds {
            parts.push(words.to_owned());
        }
    }
    let first = card.numbers_from;
    parts.extend(first.map(|number| format!("numbers from {number}")));
    parts.join(", ")
}

/// Days before an end, such as `30 and 7 days before`.
pub(crate) fn notices(days: &[u16]) -> String {
    match days {
        [] => "none".to_owned(),
        days => {
            let words: Vec<String> = days.iter().map(u16::to_string).collect();
            format!("{} days before", words.join(" and "))
        }
    }
}

/// The line of purchases without a card.
pub(crate) fn default_line(line: Option<&SmolStr>) -> String {
    line.map_or_else(|| "nothing without a card".to_owned(), SmolStr::to_string)
}
