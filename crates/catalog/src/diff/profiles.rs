//! Rating profiles: which plan subjects use, and since when.

use super::{Change, Kind, Pair, fields, text};
use crate::tables::{Activation, Catalog};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Adds the changes of profiles; those that change alike are one change.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides.map(|side| &side.profiles.by_name);
    let mut names: Vec<&SmolStr> = from.keys().chain(to.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut alike: BTreeMap<[Option<String>; 2], Vec<&SmolStr>> = BTreeMap::new();
    for name in names {
        let [old, new] = [0, 1].map(|side| {
            let catalog = pair.sides[side];
            let found = catalog.profiles.by_name.get(name);
            found.map(|activations| words(catalog, activations))
        });
        if old != new {
            alike.entry([old, new]).or_default().push(name);
        }
    }
    for ([old, new], names) in alike {
        let word = if names.len() == 1 {
            "profile"
        } else {
            "profiles"
        };
        let mut change = Change::new(Kind::Profile, format!("{word} {}", text::listed(&names)));
        (change.from, change.to) = (old, new);
        changes.push(change);
    }
}

/// `plan night from 2026-01-01, fallbacks a, b; plan day from 2026-06-01`.
fn words(catalog: &Catalog, activations: &[Activation]) -> String {
    let parts = activations.iter().map(|activation| {
        let plan = catalog.plans.get(activation.plan as usize);
        let plan = plan.map_or("?", |plan| plan.name.as_str());
        let mut text = format!(
            "plan {plan} from {}",
            fields::moment(catalog, activation.from)
        );
        if !activation.fallbacks.is_empty() {
            text.push_str(&format!(", fallbacks {}", activation.fallbacks.join(", ")));
        }
        text
    });
    parts.collect::<Vec<_>>().join("; ")
}
