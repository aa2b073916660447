//! How points are spent.

use super::{MOST_POINTS, check_name, points, span};
use crate::codes;
use crate::loyalty::{RedemptionRules, Reward};
use crate::problem::Report;
use crate::source::Spot;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Value};
use crate::text::spans;

const KEYS: [&str; 4] = ["min_points", "timeout", "closed_channels", "rewards"];

/// The rules of `redeem`.
pub(super) fn redemption(fields: &Fields<'_>, report: &mut Report) -> RedemptionRules {
    let Some(entry) = fields.get("redeem") else {
        return RedemptionRules::default();
    };
    let what = format!("redeem of {}", fields.what);
    let Some(fields) = Fields::open(&entry.node, what, &KEYS, &[], report) else {
        return RedemptionRules::default();
    };
    let minutes = "minutes or hours such as \"30 minutes\"";
    let closed = fields.texts("closed_channels", report);
    let redemption = RedemptionRules {
        min_points: points(&fields, "min_points", 0, report).unwrap_or(0),
        timeout_minutes: span(&fields, "timeout", spans::minutes, minutes, report),
        closed_channels: closed.into_iter().map(|channel| channel.value).collect(),
        rewards: rewards(&fields, report),
    };
    let dearest = redemption.rewards.iter().map(|reward| reward.points).max();
    if let (Some(dearest), Some(entry)) = (dearest, fields.get("min_points"))
        && dearest < redemption.min_points
    {
        let title = format!("no reward of {} has so many points", fields.what);
        never_enough(
            entry.spot(),
            title,
            format!("the dearest one has {dearest}"),
            report,
        );
    }
    redemption
}

fn rewards(fields: &Fields<'_>, report: &mut Report) -> Vec<Reward> {
    let Some(entry) = fields.get("rewards") else {
        return Vec::new();
    };
    let Value::Table(table) = &entry.node.value else {
        fields.wrong_type(entry, "written as { \"car wash\" = 400 }", report);
        return Vec::new();
    };
    let reward = |entry: &Entry, report: &mut Report| match entry.node.value {
        Value::Whole(points @ 1..=MOST_POINTS) => Some(Reward {
            name: entry.key.clone(),
            points: points as u64,
        }),
        Value::Whole(points) => {
            let title = format!("the reward {} cannot be for {points} points", entry.key);
            report
                .error(codes::BAD_REWARD, entry.spot(), title, "")
                .note(format!("write a number of points from 1 to {MOST_POINTS}"));
            None
        }
        _ => {
            fields.wrong_type(entry, "a whole number of points", report);
            None
        }
    };
    let entries = table.entries.iter();
    entries
        .filter_map(|entry| {
            check_name("reward", &entry.key, entry.key_spot, report);
            reward(entry, report)
        })
        .collect()
}

/// Points at which a member is told, ascending.
pub(super) fn levels(
    fields: &Fields<'_>,
    redemption: &RedemptionRules,
    report: &mut Report,
) -> Vec<u64> {
    let cheapest = redemption.rewards.iter().map(|reward| reward.points).min();
    let least = cheapest.unwrap_or(0).max(redemption.min_points);
    let mut levels = Vec::new();
    for item in fields.items("reward_levels") {
        match item.value {
            Value::Whole(level @ 1..=MOST_POINTS) => {
                let level = level as u64;
                if level < least {
                    let title = format!("{level} points of {} are worth no reward", fields.what);
                    let label = format!("the first one is to be had for {least}");
                    never_enough(item.spot, title, label, report);
                }
                levels.push(level);
            }
            _ => {
                let title = format!("reward_levels of {} are numbers of points", fields.what);
                report
                    .error(
                        codes::BAD_REWARD,
                        item.spot,
                        title,
                        format!("is {}", item.kind()),
                    )
                    .note(format!(
                        "write numbers from 1 to {MOST_POINTS}: [500, 1000]"
                    ));
            }
        }
    }
    levels.sort_unstable();
    levels.dedup();
    levels
}

/// Warns of points that cannot be spent.
fn never_enough(spot: Spot, title: String, label: String, report: &mut Report) {
    report
        .warn(codes::REWARD_OUT_OF_REACH, spot, title, label)
        .note("mend the number of points, or the catalogue of rewards");
}
