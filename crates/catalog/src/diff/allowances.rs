//! Included units of plans.

use super::fields::{self, Field};
use super::{Change, Effect, Kind, Pair, text};
use crate::tables::{Allowance, Catalog, Validity};
use smol_str::SmolStr;
use umbral_model::ids::AllowanceNo;
use umbral_model::units::Measurement;

/// Adds the changes of the allowances of plans that both catalogs have.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let [from, to] = pair.sides;
    for new in &to.plans {
        let Some(old) = from.plans.iter().find(|old| old.name == new.name) else {
            continue;
        };
        let lists = [&old.allowances, &new.allowances];
        let found = compared(pair, Kind::Allowance, "", lists.map(Vec::as_slice));
        changes.extend(found.into_iter().map(|change| change.of_plan(&new.name)));
    }
}

/// What differs between the allowances of a plan or product, by their names.
pub(super) fn compared(
    pair: &Pair<'_>,
    kind: Kind,
    of: &str,
    numbers: [&[AllowanceNo]; 2],
) -> Vec<Change> {
    let [old, new] = [0, 1].map(|side| {
        let numbers = numbers[side].iter();
        let catalog: &Catalog = pair.sides[side];
        let found = numbers.filter_map(|number| catalog.allowances.get(number.index()));
        found.collect::<Vec<_>>()
    });
    let mut changes = Vec::new();
    let mut pairs = fields::paired(&old, &new, |allowance| &allowance.name);
    join_renamed(pair, &mut pairs);
    for (old, new) in pairs {
        let name = |name: &SmolStr| match of {
            "" => format!("allowance {name}"),
            of => format!("{of}, allowance {name}"),
        };
        let summed = |side: usize, of: Option<&&Allowance>| of.map(|of| summary(pair, side, of));
        match (old, new) {
            (Some(old), Some(new)) => {
                if old.name != new.name {
                    let what = name(&old.name) + ", name";
                    let change = Change::new(kind, what);
                    changes.push(change.between(old.name.as_str(), new.name.as_str()));
                }
                let (before, after) = (facts(pair, 0, old), facts(pair, 1, new));
                changes.extend(fields::changes(kind, &name(&new.name), &before, &after));
            }
            (old, new) => {
                let Some(either) = old.or(new) else { continue };
                let effect = if new.is_some() {
                    Effect::Cheaper
                } else {
                    Effect::Dearer
                };
                let mut change = Change::new(kind, name(&either.name)).effect(effect);
                (change.from, change.to) = (summed(0, old), summed(1, new));
                changes.push(change);
            }
        }
    }
    changes
}

/// An allowance before and after.
type Twins<'p, 'c> = (Option<&'p &'c Allowance>, Option<&'p &'c Allowance>);

/// One that is gone and one that is new and the same but for its name belong together.
fn join_renamed(pair: &Pair<'_>, pairs: &mut Vec<Twins<'_, '_>>) {
    let mut index = 0;
    while index < pairs.len() {
        let (None, Some(new)) = pairs[index] else {
            index += 1;
            continue;
        };
        let same = |twins: &Twins<'_, '_>| match twins {
            (Some(old), None) => {
                let (before, after) = (facts(pair, 0, old), facts(pair, 1, new));
                fields::changes(Kind::Allowance, "", &before, &after).is_empty()
            }
            _ => false,
        };
        if let Some(gone) = pairs.iter().position(same) {
            pairs[index].0 = pairs[gone].0;
            pairs.remove(gone);
        }
        index += 1;
    }
}

fn facts(pair: &Pair<'_>, side: usize, allowance: &Allowance) -> Vec<Field> {
    let catalog = pair.sides[side];
    let length = |units: u64| text::length(units, allowance.measurement);
    let warnings = allowance
        .warnings
        .iter()
        .map(|warning| match text::bps(warning.bps) {
            at if warning.id == at.trim_end_matches('%') => at,
            at => format!("{} at {at}", warning.id),
        });
    let abroad = allowance.units_abroad;
    vec![
        Field::new("units", length(allowance.units))
            .amount(allowance.units.into(), Effect::Cheaper),
        Field::new("services", fields::services(catalog, &allowance.services)),
        fields::zones(pair, side, "destinations", &allowance.zones),
        fields::bands(pair, side, "times", &allowance.bands),
        Field::new("direction", fields::direction(allowance.direction)),
        fields::networks(pair, side, "where", &allowance.networks),
        Field::new(
            "units abroad",
            abroad.map_or_else(|| "all".to_owned(), length),
        )
        .scaled(0, abroad.unwrap_or(allowance.units).into(), Effect::Cheaper),
        valid(allowance.valid),
        Field::new("priority", allowance.priority.to_string()),
        Field::new("shared by the members", text::yes(allowance.shared)),
        Field::new("waives the setup fee", text::yes(allowance.waives_setup)).scaled(
            0,
            allowance.waives_setup.into(),
            Effect::Cheaper,
        ),
        Field::new("warnings", list(warnings)),
        Field::new("margin of warnings", text::bps(allowance.margin_bps)),
        Field::new("pause between warnings", nanos(allowance.cooldown)),
    ]
}

/// Texts with commas, or none.
pub(super) fn list(texts: impl Iterator<Item = String>) -> String {
    match texts.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none".to_owned(),
        some => some,
    }
}

/// A length of time.
pub(super) fn nanos(nanos: i64) -> String {
    text::length(nanos.unsigned_abs(), Measurement::Time)
}

fn valid(valid: Validity) -> Field {
    let (scale, amount) = match valid {
        Validity::Cycles(more) => (0, i128::from(more)),
        Validity::Days(days) => (1, i128::from(days)),
        Validity::Time(nanos) => (2, i128::from(nanos)),
    };
    Field::new("validity", valid_words(valid)).scaled(scale, amount, Effect::Cheaper)
}

fn valid_words(valid: Validity) -> String {
    match valid {
        Validity::Cycles(0) => "to the end of the cycle".to_owned(),
        Validity::Cycles(1) => "to the end of the next cycle".to_owned(),
        Validity::Cycles(more) => format!("to the end of the cycle and of {more} more"),
        Validity::Days(0) => "to the end of the day".to_owned(),
        Validity::Days(1) => "1 day".to_owned(),
        Validity::Days(days) => format!("{days} days"),
        Validity::Time(time) => nanos(time),
    }
}

/// `10GB of data, to the end of the cycle, home`.
pub(super) fn summary(pair: &Pair<'_>, side: usize, allowance: &Allowance) -> String {
    let units = text::length(allowance.units, allowance.measurement);
    let services = fields::services(pair.sides[side], &allowance.services);
    format!("{units} of {services}, {}", valid_words(allowance.valid))
}
