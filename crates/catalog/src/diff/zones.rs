//! Zones that come, go, get another name, gain or lose prefixes.

use super::destinations::Label;
use super::merge::{counted, examples};
use super::{Change, Kind, Moved, Pair, text};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Zones before, and after, and whether these are whole numbers.
type Move = (Vec<SmolStr>, Vec<SmolStr>, bool);

/// Adds the changes of zones; `touched` are classes of destinations whose price changes too.
pub(super) fn changes(pair: &Pair<'_>, touched: &FxHashSet<usize>, changes: &mut Vec<Change>) {
    let mut moves: BTreeMap<Move, (Vec<SmolStr>, bool)> = BTreeMap::new();
    for (number, class) in pair.destinations.classes.iter().enumerate() {
        let Label::Moved(from, to) = &class.label else {
            continue;
        };
        for text in &class.texts {
            let whole = pair.destinations.whole.contains(text);
            let key = (from.clone(), to.clone(), whole);
            let entry = moves.entry(key).or_default();
            entry.0.push(text.clone());
            entry.1 |= touched.contains(&number);
        }
    }
    changes.extend(names(pair));
    for ((from, to, whole), (mut prefixes, priced)) in moves {
        prefixes.sort_unstable();
        let moved = Moved {
            from,
            to,
            whole,
            prefixes,
        };
        changes.push(change(moved, priced));
    }
}

/// Zones that come, go, or get another name.
fn names(pair: &Pair<'_>) -> Vec<Change> {
    let [from, to] = pair.sides.map(|side| &side.destinations);
    let renamed = &pair.destinations.renamed;
    let mut found = Vec::new();
    for old in from {
        match renamed.get(old) {
            Some(new) => {
                let change = Change::new(Kind::Zone, "name of the zone");
                let note = "its numbers are the same; records that name the old zone are refused";
                found.push(change.between(old.as_str(), new.as_str()).note(note));
            }
            None if !to.contains(old) => {
                let mut change = Change::new(Kind::Zone, format!("zone {old}"));
                change.from = Some("there".to_owned());
                found.push(change.note("records that name it are refused"));
            }
            None => {}
        }
    }
    let is_new =
        |zone: &&SmolStr| !from.contains(zone) && !renamed.values().any(|new| new == *zone);
    for new in to.iter().filter(is_new) {
        let mut change = Change::new(Kind::Zone, format!("zone {new}"));
        change.to = Some("there".to_owned());
        found.push(change);
    }
    found
}

fn change(moved: Moved, priced: bool) -> Change {
    let what = format!("{} ({})", counted(&moved), examples(&moved.prefixes));
    let zone = |zones: &[SmolStr]| text::names_or(zones, "no zone");
    let mut change = Change::new(Kind::Zone, what).between(zone(&moved.from), zone(&moved.to));
    if !priced {
        change = change.note("at the same price in every plan");
    }
    change.at.some_destinations = true;
    change.at.moved = vec![moved];
    change
}
