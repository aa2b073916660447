//! Rules that can never match, because others always come first.

use super::Scene;
use crate::codes;
use crate::problem::{Report, Severity};
use rustc_hash::FxHashMap;
use umbral_model::input::Direction;

/// Reports each rule that no record can meet.
pub(crate) fn check(scene: &Scene<'_>, report: &mut Report) {
    let mut seen: FxHashMap<u32, Seen> = FxHashMap::default();
    let mut known: FxHashMap<(Option<u16>, Vec<u16>), bool> = FxHashMap::default();
    for group in scene.groups {
        for number in &group.rules {
            let reached = [Direction::Originating, Direction::Terminating]
                .into_iter()
                .filter(|direction| scene.rules[*number as usize].serves(*direction))
                .any(|direction| reached(scene, &group.rules, *number, direction, &mut known));
            let entry = seen.entry(*number).or_insert(Seen {
                reached: false,
                before: 0,
            });
            entry.reached |= reached;
            if !reached {
                entry.before = first_before(scene, &group.rules, *number);
            }
        }
    }
    let mut never: Vec<(u32, usize)> = seen
        .iter()
        .filter(|(_, seen)| !seen.reached)
        .map(|(rule, seen)| (*rule, seen.before))
        .collect();
    never.sort_unstable();
    for (number, before) in never {
        let rule = &scene.rules[number as usize];
        let title = format!("a rule of plan {} can never match", scene.plan_name());
        let problem = report.error(
            codes::UNREACHABLE_RULE,
            rule.spot,
            title,
            format!("rule {before} always comes first"),
        );
        problem.note("a rule wins by its priority, then by naming more (roaming, band, direction)");
        problem.note("leave this rule out, or give it a higher priority");
        if scene.verbatim() {
            problem.severity = Severity::Warning;
        }
    }
}

struct Seen {
    reached: bool,
    /// Ordinal of a rule that comes before it.
    before: usize,
}

/// Rules of higher rank that a record of this direction meets before `number`.
fn before<'s>(
    scene: &'s Scene<'_>,
    group: &'s [u32],
    number: u32,
) -> impl Iterator<Item = u32> + 's {
    let own = &scene.rules[number as usize];
    group.iter().copied().filter(move |other| {
        let rule = &scene.rules[*other as usize];
        *other != number && rule.roaming == own.roaming && rule.rank() > own.rank()
    })
}

fn first_before(scene: &Scene<'_>, group: &[u32], number: u32) -> usize {
    before(scene, group, number)
        .map(|rule| scene.ordinal(rule))
        .next()
        .unwrap_or(0)
}

fn reached(
    scene: &Scene<'_>,
    group: &[u32],
    number: u32,
    direction: Direction,
    known: &mut FxHashMap<(Option<u16>, Vec<u16>), bool>,
) -> bool {
    let own = &scene.rules[number as usize];
    if !own.sound {
        return true;
    }
    let mut bands = Vec::new();
    for other in before(scene, group, number) {
        let rule = &scene.rules[other as usize];
        if !rule.serves(direction) || !rule.sound {
            continue;
        }
        match rule.band {
            None => return false,
            Some(band) => bands.push(band),
        }
    }
    if bands.is_empty() {
        return true;
    }
    bands.sort_unstable();
    bands.dedup();
    !*known
        .entry((own.band, bands))
        .or_insert_with_key(|(band, bands)| scene.almanac.covered(*band, bands))
}
