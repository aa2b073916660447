//! The catalog as a whole: dates, currency, time zone, services, emergency numbers.

use super::{Change, Kind, Pair, fields};
use crate::tables::{Catalog, NumberForm};
use smol_str::SmolStr;
use umbral_model::units::Measurement;

/// Adds what changes for everybody.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    let facts = |catalog: &Catalog| {
        [
            ("name", catalog.name.to_string(), ""),
            (
                "valid from",
                fields::moment(catalog, catalog.valid_from),
                "",
            ),
            (
                "currency",
                catalog.currency.to_string(),
                "amounts of the two are compared as numbers",
            ),
            (
                "time zone",
                catalog.zone.name.to_string(),
                "days and hours are those of the new zone's clock",
            ),
            (
                "form of numbers",
                match catalog.numbers {
                    NumberForm::E164 => "e164".to_owned(),
                    NumberForm::Verbatim => "verbatim".to_owned(),
                },
                "",
            ),
        ]
    };
    for ((what, old, note), (_, new, _)) in facts(from).into_iter().zip(facts(to)) {
        if old != new {
            let change = Change::new(Kind::Catalog, what).between(old, new);
            changes.push(if note.is_empty() {
                change
            } else {
                change.note(note)
            });
        }
    }
    services(pair, changes);
    emergency(pair, changes);
}

fn services(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    let counted = |measurement: Measurement| match measurement {
        Measurement::Time => "counted in time",
        Measurement::Octets => "counted in octets",
        Measurement::Events => "counted in events",
    };
    for pair in fields::paired(&from.services, &to.services, |service| &service.name) {
        let named = pair.0.or(pair.1).map(|service| service.name.clone());
        let [old, new] = [pair.0, pair.1].map(|side| side.map(|side| counted(side.measurement)));
        if old == new {
            continue;
        }
        let name = named.unwrap_or_default();
        let mut change = Change::new(Kind::Service, format!("service {name}"));
        (change.from, change.to) = (old.map(str::to_owned), new.map(str::to_owned));
        change.services = vec![name];
        changes.push(change);
    }
}

fn emergency(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides.map(|side| &side.emergency);
    let only = |left: &[SmolStr], right: &[SmolStr]| -> Vec<SmolStr> {
        let gone = left.iter().filter(|number| !right.contains(number));
        gone.cloned().collect()
    };
    let (new, old) = (only(to, from), only(from, to));
    for (numbers, before, after) in [
        (new, "like others", "never charged nor barred"),
        (old, "never charged nor barred", "like others"),
    ] {
        if !numbers.is_empty() {
            let what = format!("emergency numbers {}", numbers.join(", "));
            changes.push(Change::new(Kind::Emergency, what).between(before, after));
        }
    }
}
