//! Shares that are taken off prices, and their cap.

use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, text};
use crate::tables::{Catalog, Discount};
use umbral_model::time::Timestamp;

/// Adds the changes of discounts.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    let cap = |catalog: &Catalog| {
        [Field::new("", text::bps(catalog.discount_cap_bps)).scaled(
            0,
            catalog.discount_cap_bps.into(),
            Effect::Cheaper,
        )]
    };
    let what = "most that the discounts of a record add up to";
    changes.extend(fields::changes(Kind::Discount, what, &cap(from), &cap(to)));
    for discounts in fields::paired(&from.discounts, &to.discounts, |discount| &discount.name) {
        let named = |discount: &Discount| format!("discount {}", discount.name);
        match discounts {
            (Some(old), Some(new)) => {
                let (before, after) = (facts(pair, 0, old), facts(pair, 1, new));
                changes.extend(fields::changes(
                    Kind::Discount,
                    &named(new),
                    &before,
                    &after,
                ));
            }
            (Some(old), None) => {
                let mut change = Change::new(Kind::Discount, named(old)).effect(Effect::Dearer);
                change.from = Some(summary(pair, 0, old));
                changes.push(change);
            }
            (None, Some(new)) => {
                let mut change = Change::new(Kind::Discount, named(new)).effect(Effect::Cheaper);
                change.to = Some(summary(pair, 1, new));
                changes.push(change);
            }
            (None, None) => {}
        }
    }
}

fn facts(pair: &Pair<'_>, side: usize, discount: &Discount) -> Vec<Field> {
    let catalog = pair.sides[side];
    let rank = match discount.vip_rank {
        0 => "any".to_owned(),
        rank => format!("{rank} or above"),
    };
    vec![
        Field::new("percent", text::bps(discount.bps)).scaled(
            0,
            discount.bps.into(),
            Effect::Cheaper,
        ),
        Field::new("classes", text::names_or(&discount.classes, "all classes"))
            .exactly(discount.classes.join(",")),
        Field::new(
            "tiers",
            text::names_or(&discount.tiers, "with or without tier"),
        )
        .exactly(discount.tiers.join(",")),
        Field::new(
            "cards",
            text::names_or(&discount.cards, "with or without card"),
        )
        .exactly(discount.cards.join(",")),
        Field::new("VIP rank", rank),
        Field::new("plans", fields::plans(catalog, &discount.plans)),
        Field::new("services", fields::services(catalog, &discount.services)),
        fields::zones(pair, side, "destinations", &discount.zones),
        fields::networks(pair, side, "where", &discount.networks),
        Field::new("direction", fields::direction(discount.direction)),
        Field::new("from", from(catalog, discount)),
        Field::new("until", until(catalog, discount)),
    ]
}

fn from(catalog: &Catalog, discount: &Discount) -> String {
    match discount.from {
        Timestamp::MIN => "the beginning".to_owned(),
        from => fields::moment(catalog, from),
    }
}

/// The last day, as it is written; an instant that is no midnight as it is.
fn until(catalog: &Catalog, discount: &Discount) -> String {
    if discount.until == Timestamp::MAX {
        return "further notice".to_owned();
    }
    let local = catalog.zone.local(discount.until);
    match local.nano_of_day {
        0 => format!("the end of {}", local.date.plus_days(-1)),
        _ => fields::moment(catalog, discount.until),
    }
}

/// The percentage and every condition.
fn summary(pair: &Pair<'_>, side: usize, discount: &Discount) -> String {
    let catalog = pair.sides[side];
    let mut parts = vec![text::bps(discount.bps)];
    for (word, names) in [
        ("class", &discount.classes),
        ("tier", &discount.tiers),
        ("card", &discount.cards),
    ] {
        if !names.is_empty() {
            parts.push(format!("{word} {}", text::listed(names)));
        }
    }
    if discount.vip_rank > 0 {
        parts.push(format!("VIP rank {} or above", discount.vip_rank));
    }
    if !discount.plans.is_empty() {
        parts.push(format!("plan {}", fields::plans(catalog, &discount.plans)));
    }
    if !discount.services.is_empty() {
        parts.push(fields::services(catalog, &discount.services));
    }
    if discount.from != Timestamp::MIN {
        parts.push(format!("from {}", from(catalog, discount)));
    }
    if discount.until != Timestamp::MAX {
        parts.push(format!("until {}", until(catalog, discount)));
    }
    parts.join(", ")
}
