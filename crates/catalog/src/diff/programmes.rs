//! Loyalty programmes: what earns, how long it lives, tiers, cards and rewards.

use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, text};
use crate::loyalty::{AccrualRule, Demotion, Programme, RedemptionRules, RuleVersion, words};
use crate::tables::Catalog;
use crate::text::spans::{shown_days, shown_expiry, shown_minutes, shown_months};
use smol_str::SmolStr;

/// Adds the changes of programmes.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    let programmes = fields::paired(&from.programmes, &to.programmes, |programme| {
        &programme.name
    });
    for (old, new) in programmes {
        let Some(name) = old
            .or(new)
            .map(|programme| format!("programme {}", programme.name))
        else {
            continue;
        };
        match (old, new) {
            (Some(old), Some(new)) => {
                let facts = [facts(old), facts(new)];
                changes.extend(fields::changes(
                    Kind::Programme,
                    &name,
                    &facts[0],
                    &facts[1],
                ));
                changes.extend(versions(pair, &name, old, new));
                changes.extend(parts(&name, old, new));
            }
            (old, new) => {
                let mut change = Change::new(Kind::Programme, name);
                change.from = old.map(summary);
                change.to = new.map(summary);
                changes.push(change);
            }
        }
    }
}

fn facts(programme: &Programme) -> Vec<Field> {
    let levels = programme.reward_levels.iter();
    let levels: Vec<String> = levels.map(u64::to_string).collect();
    let mut facts = vec![
        Field::new(
            "card line without a card",
            words::default_line(programme.default_line.as_ref()),
        ),
        Field::new(
            "money that counts",
            if programme.with_tax {
                "with tax"
            } else {
                "without tax"
            },
        ),
        Field::new(
            "points live",
            or(programme.expiry.as_ref().map(shown_expiry), "for ever"),
        ),
        Field::new(
            "notices of expiry",
            words::notices(&programme.expiry_notice_days),
        ),
        days("points wait", programme.pending_days),
        Field::new("invoices earn", programme.invoice.words()),
        Field::new("points of refunds", programme.refund_policy.words()),
        Field::new(
            "most debt",
            or(programme.max_debt.map(words::points), "not limited"),
        ),
        days("returned rewards live again", programme.reward_grace_days),
        Field::new("reward levels", text::names_or(&names(&levels), "none")),
    ];
    facts.extend(membership(programme));
    facts.extend(redemption(&programme.redemption));
    facts
}

fn days(what: &'static str, days: u16) -> Field {
    Field::new(what, shown_days(days))
}

fn or(text: Option<String>, none: &str) -> String {
    text.unwrap_or_else(|| none.to_owned())
}

/// How tiers and memberships are kept.
fn membership(programme: &Programme) -> Vec<Field> {
    let demotion = match programme.demotion {
        Demotion::OneDown => "to the next lower tier",
        Demotion::Recompute => "to the highest tier whose standard is met",
    };
    let issued = programme
        .auto_issue
        .and_then(|index| programme.card_types.get(usize::from(index)))
        .map(|card| card.name.to_string());
    let tier = |index: u16| {
        programme
            .tiers
            .get(usize::from(index))
            .map(|tier| &tier.name)
    };
    let floors = programme.vip_floor.iter();
    let floors: Vec<String> = floors
        .filter_map(|(rank, index)| Some(format!("{} from rank {rank} on", tier(*index)?)))
        .collect();
    vec![
        Field::new(
            "a tier holds",
            or(programme.tier_validity_months.map(shown_months), "for ever"),
        ),
        Field::new("demotion", demotion),
        days(
            "late purchases restore a tier",
            programme.tier_correction_days,
        ),
        Field::new(
            "notices of demotion",
            words::notices(&programme.tier_notice_days),
        ),
        Field::new(
            "least tiers of VIPs",
            text::names_or(&names(&floors), "none"),
        ),
        Field::new(
            "membership ends without purchases",
            or(programme.inactive_months.map(shown_months), "never"),
        ),
        Field::new(
            "notices of its end",
            words::notices(&programme.inactive_notice_days),
        ),
        days("claims within", programme.claim_window_days),
        days("corrections within", programme.correction_days),
        days("refunds wait for purchases", programme.refund_horizon_days),
        Field::new("card on enrolling", or(issued, "none")),
    ]
}

fn redemption(rules: &RedemptionRules) -> [Field; 3] {
    let timeout = rules.timeout_minutes.map(shown_minutes);
    [
        Field::new("least points of a redemption", rules.min_points.to_string()),
        Field::new(
            "a reservation holds",
            timeout.unwrap_or_else(|| "for ever".to_owned()),
        ),
        Field::new(
            "channels closed to redemption",
            text::names_or(&rules.closed_channels, "none"),
        )
        .exactly(rules.closed_channels.join(",")),
    ]
}

fn names(texts: &[String]) -> Vec<SmolStr> {
    texts.iter().map(SmolStr::new).collect()
}

/// What earns points, version by version. A version that both have under different names is no change.
fn versions(pair: &Pair<'_>, name: &str, old: &Programme, new: &Programme) -> Vec<Change> {
    let [from, to] = pair.sides;
    let sides = [told(from, old), told(to, new)];
    let pairs = fields::paired(&sides[0], &sides[1], |(from, _)| from);
    let mut changes = Vec::new();
    for (before, after) in pairs {
        let Some((from, _)) = before.or(after) else {
            continue;
        };
        let words = |side: Option<&(String, String)>| side.map(|(_, rules)| rules.clone());
        let (before, after) = (words(before), words(after));
        if before == after {
            continue;
        }
        let what = match from.as_str() {
            ALWAYS => format!("{name}, earns"),
            from => format!("{name}, earns from {from} on"),
        };
        let mut change = Change::new(Kind::Programme, what);
        (change.from, change.to) = (before, after);
        changes.push(change);
    }
    changes
}

/// From when on the rules count that have no first instant.
const ALWAYS: &str = "always";

/// First instant and rules of each version.
fn told(catalog: &Catalog, programme: &Programme) -> Vec<(String, String)> {
    let rules = |rules: &[AccrualRule]| {
        let words: Vec<String> = rules.iter().map(words::rule).collect();
        words.join("; ")
    };
    let of = |version: &RuleVersion| (fields::moment(catalog, version.from), rules(&version.rules));
    programme.versions.iter().map(of).collect()
}

/// Promotions, tiers, cards and rewards by name.
fn parts(name: &str, old: &Programme, new: &Programme) -> Vec<Change> {
    let all = |programme: &Programme| {
        let mut parts: Vec<(String, String)> = Vec::new();
        let mut add = |kind: &str, name: &SmolStr, words: String| {
            parts.push((format!("{kind} {name}"), words));
        };
        for promotion in &programme.promotions {
            add("promotion", &promotion.name, words::promotion(promotion));
        }
        for tier in &programme.tiers {
            add("tier", &tier.name, words::tier(tier));
        }
        for card in &programme.card_types {
            add("card", &card.name, words::card(card));
        }
        for reward in &programme.redemption.rewards {
            add("reward", &reward.name, words::points(reward.points));
        }
        parts
    };
    let sides = [all(old), all(new)];
    let pairs = fields::paired(&sides[0], &sides[1], |(part, _)| part);
    let differing = pairs.into_iter().filter(|(old, new)| old != new);
    let changes = differing.filter_map(|(old, new)| {
        let (part, _) = old.or(new)?;
        let mut change = Change::new(Kind::Programme, format!("{name}, {part}"));
        change.from = old.map(|(_, words)| words.clone());
        change.to = new.map(|(_, words)| words.clone());
        Some(change.effect(Effect::Neutral))
    });
    let mut changes: Vec<Change> = changes.collect();
    changes.extend(order(name, old, new));
    changes
}

/// Promotions that both have, in another order: the first that matches counts.
fn order(name: &str, old: &Programme, new: &Programme) -> Option<Change> {
    let names = |programme: &Programme, other: &Programme| -> Vec<SmolStr> {
        let kept = programme.promotions.iter().filter(|promotion| {
            let mut others = other.promotions.iter();
            others.any(|known| known.name == promotion.name)
        });
        kept.map(|promotion| promotion.name.clone()).collect()
    };
    let (before, after) = (names(old, new), names(new, old));
    let what = format!("{name}, order of promotions");
    (before != after).then(|| {
        Change::new(Kind::Programme, what).between(text::listed(&before), text::listed(&after))
    })
}

/// A programme in a line.
fn summary(programme: &Programme) -> String {
    let rules = programme.versions.iter().map(|version| version.rules.len());
    let parts = [
        (rules.sum::<usize>(), "rule", "rules"),
        (programme.tiers.len(), "tier", "tiers"),
        (programme.card_types.len(), "card", "cards"),
        (programme.redemption.rewards.len(), "reward", "rewards"),
    ];
    let told = parts.iter().filter(|(number, ..)| *number > 0);
    let told: Vec<String> = told
        .map(|(number, one, many)| text::count(*number, one, many))
        .collect();
    told.join(", ")
}
