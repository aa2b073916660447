//! Credit classes and collection schedules.

use super::allowances::{list, nanos};
use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, text};
use crate::tables::{
    Calendar, CollectionStep, CreditClass, MeasureRule, Schedule, VipLevel, Warning, WarningAt,
};
use crate::text::days::WEEKDAYS;
use smol_str::SmolStr;

/// Adds the changes of classes and schedules.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    for classes in fields::paired(&from.classes, &to.classes, |class| &class.name) {
        match classes {
            (Some(old), Some(new)) => changes.extend(class(old, new)),
            (old, new) => {
                let found = old.or(new).map(|class| (&class.name, "class"));
                changes.extend(come_or_gone(Kind::Class, found, new.is_some()));
            }
        }
    }
    for levels in fields::paired(&from.vip_levels, &to.vip_levels, |level| &level.name) {
        match levels {
            (Some(old), Some(new)) => changes.extend(level(old, new)),
            (old, new) => {
                let found = old.or(new).map(|level| (&level.name, "vip"));
                changes.extend(come_or_gone(Kind::Class, found, new.is_some()));
            }
        }
    }
    for schedules in fields::paired(&from.schedules, &to.schedules, |schedule| &schedule.name) {
        match schedules {
            (Some(old), Some(new)) => changes.extend(schedule(old, new)),
            (old, new) => {
                let found = old.or(new).map(|schedule| (&schedule.name, "schedule"));
                changes.extend(come_or_gone(Kind::Collections, found, new.is_some()));
            }
        }
    }
}

fn level(old: &VipLevel, new: &VipLevel) -> Vec<Change> {
    let facts = |level: &VipLevel| {
        let classes = level.classes.iter();
        let classes = classes.map(|(own, chosen)| format!("{chosen} for {own}"));
        [
            Field::new("rank", level.rank.to_string()),
            Field::new("classes", list(classes)),
            Field::new("tier", level.tier_floor.as_deref().unwrap_or("none")),
        ]
    };
    let name = format!("vip {}", new.name);
    fields::changes(Kind::Class, &name, &facts(old), &facts(new))
}

fn come_or_gone(kind: Kind, found: Option<(&SmolStr, &str)>, come: bool) -> Option<Change> {
    let (name, word) = found?;
    let mut change = Change::new(kind, format!("{word} {name}")).of_class(name);
    let there = Some("there".to_owned());
    if come {
        change.to = there;
    } else {
        change.from = there;
    }
    Some(change)
}

fn class(old: &CreditClass, new: &CreditClass) -> Vec<Change> {
    let facts = |class: &CreditClass| {
        [
            Field::new("weight of disputes", text::bps(class.dispute_weight_bps)),
            Field::new(
                "bars lifted while all is disputed",
                text::yes(class.lift_on_full_dispute),
            ),
            Field::new("bars lifted while exempt", text::yes(class.lift_on_exempt)),
            Field::new("collections", class.schedule.as_deref().unwrap_or("none")),
        ]
    };
    let mut changes = fields::changes(Kind::Class, "", &facts(old), &facts(new));
    let key = |rule: &MeasureRule| (rule.measure, rule.scope);
    let find = |rules: &[MeasureRule], wanted: &MeasureRule| {
        rules.iter().position(|rule| key(rule) == key(wanted))
    };
    for rule in &new.measures {
        match find(&old.measures, rule) {
            Some(before) => {
                let before = limit(&old.measures[before]);
                let found = fields::changes(Kind::Class, &measure(rule), &before, &limit(rule));
                changes.extend(found);
            }
            None => {
                let mut change = Change::new(Kind::Class, measure(rule));
                change.to = Some(limit_words(rule));
                changes.push(change);
            }
        }
    }
    for rule in &old.measures {
        if find(&new.measures, rule).is_none() {
            let mut change = Change::new(Kind::Class, measure(rule));
            change.from = Some(limit_words(rule));
            changes.push(change);
        }
    }
    changes
        .into_iter()
        .map(|change| change.of_class(&new.name))
        .collect()
}

/// `limit of cycle usage of roaming data`.
fn measure(rule: &MeasureRule) -> String {
    let measure = rule.measure.word().replace('_', " ");
    match rule.scope.word() {
        "all" => format!("limit of {measure}"),
        scope => format!("limit of {measure} of {}", scope.replace('_', " ")),
    }
}

fn limit(rule: &MeasureRule) -> Vec<Field> {
    vec![
        Field::new("", text::or_none(rule.limit)).amount(
            rule.limit.map_or(i128::MAX, |limit| limit.micros().into()),
            Effect::Neutral,
        ),
        Field::new("floor", rule.floor.to_string()),
        Field::new("warnings", list(rule.warnings.iter().map(warning))),
        Field::new("margin of warnings", rule.margin.to_string()),
        Field::new("margin of warnings by share", text::bps(rule.margin_bps)),
        Field::new("pause between warnings", nanos(rule.cooldown)),
        Field::new("margin of the breach", rule.breach_margin.to_string()),
        Field::new(
            "margin of the breach by share",
            text::bps(rule.breach_margin_bps),
        ),
        Field::new(
            "actions on breach",
            list(rule.on_breach.iter().map(SmolStr::to_string)),
        ),
    ]
}

fn limit_words(rule: &MeasureRule) -> String {
    let warnings = list(rule.warnings.iter().map(warning));
    let actions = list(rule.on_breach.iter().map(SmolStr::to_string));
    let limit = text::or_none(rule.limit);
    format!("{limit}, warnings {warnings}, on breach {actions}")
}

/// `80%`, `10.00`, or with a name of its own `soon at 80%`.
fn warning(warning: &Warning) -> String {
    let at = match warning.at {
        WarningAt::Bps(bps) => text::bps(bps),
        WarningAt::Amount(amount) => amount.to_string(),
    };
    match warning.id == at.trim_end_matches('%') {
        true => at,
        false => format!("{} at {at}", warning.id),
    }
}

fn schedule(old: &Schedule, new: &Schedule) -> Vec<Change> {
    let mut changes = fields::changes(Kind::Collections, "", &terms(old), &terms(new));
    changes.extend(steps(&old.steps, &new.steps));
    if !changes.is_empty() {
        // An open case goes on by the schedule with which it began.
        let pinned = "cases that are open keep the schedule with which they began";
        let last = changes.len() - 1;
        changes[last].notes.push(pinned.to_owned());
    }
    changes
        .into_iter()
        .map(|change| change.of_class(&new.name))
        .collect()
}

fn terms(schedule: &Schedule) -> Vec<Field> {
    let days = |days: u32| text::count(days as usize, "day", "days");
    vec![
        Field::new(
            "amount at which a case opens",
            schedule.entry_amount.to_string(),
        ),
        Field::new(
            "amount at which a case closes",
            schedule.exit_amount.to_string(),
        ),
        Field::new("days after the due day", days(schedule.entry_days)),
        Field::new("days of a relapse", days(schedule.relapse_days)),
        Field::new("step of a relapse", schedule.relapse_start.to_string()),
        Field::new("days in which a cure is undone", days(schedule.reopen_days)),
        Field::new("pause after a dispute", days(schedule.dispute_grace_days)),
        Field::new(
            "delay by an announced payment",
            days(schedule.pending_grace_days),
        ),
        Field::new("severe from", schedule.severe_from.to_string()),
        Field::new(
            "partial payments move the anchor",
            text::yes(schedule.rebase),
        ),
        calendar(schedule.calendar.as_ref()),
    ]
}

fn calendar(calendar: Option<&Calendar>) -> Field {
    let Some(calendar) = calendar else {
        return Field::new("permitted hours", "all");
    };
    let days = (1..=7).filter(|day| calendar.weekdays & 1 << day != 0);
    let days: Vec<&str> = days.map(|day| WEEKDAYS[day - 1]).collect();
    let clock = |second: u32| format!("{:02}:{:02}", second / 3_600, second / 60 % 60);
    let holidays = text::count(calendar.holidays.len(), "holiday", "holidays");
    let words = format!(
        "{} {}-{} but for {holidays}",
        days.join(", "),
        clock(calendar.from),
        clock(calendar.to)
    );
    Field::new("permitted hours", words).exactly(format!("{:?}", calendar.holidays))
}

/// Steps by what they do; those that do the same by their order.
fn steps(old: &[CollectionStep], new: &[CollectionStep]) -> Vec<Change> {
    let mut changes = Vec::new();
    let numbered = |steps: &[CollectionStep]| -> Vec<(String, CollectionStep)> {
        let mut seen: Vec<&str> = Vec::new();
        let mut named = Vec::with_capacity(steps.len());
        for step in steps {
            seen.push(&step.action);
            let times = seen.iter().filter(|action| **action == step.action).count();
            let name = match times {
                1 => format!("step {}", step.action),
                times => format!("step {} for time {times}", step.action),
            };
            named.push((name, step.clone()));
        }
        named
    };
    let (old, new) = (numbered(old), numbered(new));
    for steps in fields::paired(&old, &new, |step| &step.0) {
        match steps {
            (Some((_, old)), Some((name, new))) => {
                let (before, after) = (step(old), step(new));
                changes.extend(fields::changes(Kind::Collections, name, &before, &after));
            }
            (old, new) => {
                let Some((name, _)) = old.or(new) else {
                    continue;
                };
                let words = |step: &CollectionStep| {
                    let days = text::count(step.offset as usize, "day", "days");
                    match step.fee {
                        Some(fee) => format!("{days} after, {fee}"),
                        None => format!("{days} after"),
                    }
                };
                let mut change = Change::new(Kind::Collections, name.clone());
                change.from = old.map(|(_, step)| words(step));
                change.to = new.map(|(_, step)| words(step));
                changes.push(change);
            }
        }
    }
    changes
}

fn step(step: &CollectionStep) -> Vec<Field> {
    let fee = step.fee.map_or(0, |fee| fee.micros().into());
    vec![
        Field::new("days after", step.offset.to_string()),
        Field::new("days after the step before", step.min_gap.to_string()),
        Field::new("severity", step.severity.to_string()),
        Field::new("customer notices it", text::yes(step.customer_facing)),
        Field::new("channel", step.channel.as_deref().unwrap_or("any")),
        Field::new("fee", text::or_none(step.fee)).amount(fee, Effect::Dearer),
    ]
}
