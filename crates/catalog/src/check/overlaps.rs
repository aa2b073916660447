//! Rules of equal rank that hold at the same time.

use super::almanac::is_never;
use super::rules::{Rank, ResolvedRule};
use super::{Scene, words};
use crate::codes;
use crate::problem::{Report, Severity};
use rustc_hash::{FxHashMap, FxHashSet};

/// Reports each pair of rules once.
pub(crate) fn check(scene: &Scene<'_>, report: &mut Report) {
    let mut told: FxHashSet<(u32, u32)> = FxHashSet::default();
    let mut known: FxHashMap<(Option<u16>, Option<u16>), Option<String>> = FxHashMap::default();
    for group in scene.groups {
        let mut by_rank: FxHashMap<(Rank, Option<u16>), Vec<u32>> = FxHashMap::default();
        for number in &group.rules {
            let rule = &scene.rules[*number as usize];
            let peers = by_rank.entry((rule.rank(), rule.roaming)).or_default();
            for first in peers.iter() {
                let other = &scene.rules[*first as usize];
                if !meet(other, rule) || told.contains(&(*first, *number)) {
                    continue;
                }
                let times = known.entry((other.band, rule.band)).or_insert_with(|| {
                    let both = scene.almanac.both(other.band, rule.band);
                    (!is_never(&both)).then(|| words::times(scene.almanac, &both))
                });
                if let Some(times) = times {
                    told.insert((*first, *number));
                    overlap(scene, other, rule, times, report);
                }
            }
            peers.push(*number);
        }
    }
}

fn meet(left: &ResolvedRule, right: &ResolvedRule) -> bool {
    let same_way =
        left.direction.is_none() || right.direction.is_none() || left.direction == right.direction;
    left.sound && right.sound && same_way
}

fn overlap(
    scene: &Scene<'_>,
    first: &ResolvedRule,
    second: &ResolvedRule,
    times: &str,
    report: &mut Report,
) {
    let title = format!("two rules of plan {} overlap", scene.plan_name());
    let label = format!("holds together with rule {}", first.ordinal);
    let problem = report.error(codes::OVERLAP, second.band_spot, title, label);
    problem.note(format!(
        "rules {} and {} both hold {times}",
        first.ordinal, second.ordinal
    ));
    if scene.verbatim() {
        problem.severity = Severity::Warning;
        problem.note("the first one in the file is used");
    } else {
        problem.note("mend the bands, or give the rule that is to win a priority");
    }
}
