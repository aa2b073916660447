//! Where members are: serving networks that both catalogs treat alike are one place.

use super::{Change, Kind, Pair};
use crate::tables::{Catalog, NetworkIndex, Whereabouts};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// Networks that are in the same place before, and in the same place after.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where they are in either catalog.
    pub(super) at: [Whereabouts; 2],
    /// Their calling codes in either catalog, each pair once; none where a catalog does not say.
    pub(super) countries: Vec<[Option<SmolStr>; 2]>,
    /// What people call it; empty for home.
    pub(super) name: String,
}

/// A code of a network, or a beginning of codes that no longer code divides.
struct Code {
    text: SmolStr,
    at: [Whereabouts; 2],
    countries: [Option<SmolStr>; 2],
}

/// All places, home first.
pub(super) fn places(pair: &Pair<'_>) -> Vec<Place> {
    let codes = codes(pair);
    let mut places: Vec<Place> = vec![Place {
        at: [Whereabouts::Home; 2],
        countries: Vec::new(),
        name: String::new(),
    }];
    let mut members: BTreeMap<[Whereabouts; 2], Vec<&Code>> = BTreeMap::new();
    for code in &codes {
        members.entry(code.at).or_default().push(code);
        if !places.iter().any(|place| place.at == code.at) {
            places.push(Place {
                at: code.at,
                countries: Vec::new(),
                name: String::new(),
            });
        }
    }
    places.retain(|place| place.at != [Whereabouts::Elsewhere; 2]);
    for place in &mut places {
        let inside = members.get(&place.at).map_or(&[][..], Vec::as_slice);
        place.name = name(pair, place.at, inside);
        for code in inside {
            if !place.countries.contains(&code.countries) {
                place.countries.push(code.countries.clone());
            }
        }
    }
    places[1..].sort_by(|left, right| left.name.cmp(&right.name));
    places
}

/// Every code that one of the catalogs names, and the empty one for all others.
fn codes(pair: &Pair<'_>) -> Vec<Code> {
    let mut texts: Vec<SmolStr> = vec![SmolStr::default()];
    for index in pair.sides.map(|catalog| &catalog.network_index) {
        let named = index.groups.keys().chain(index.countries.keys());
        texts.extend(index.home.iter().chain(named).cloned());
    }
    texts.sort_unstable();
    texts.dedup();
    let coded = texts.into_iter().map(|text| {
        let of = |catalog: &Catalog| catalog.network_index.whereabouts(Some(&text));
        let country = |index: &NetworkIndex| index.country(&text).map(SmolStr::new);
        Code {
            at: pair.sides.map(of),
            countries: pair.sides.map(|catalog| country(&catalog.network_index)),
            text,
        }
    });
    coded.collect()
}

/// What a catalog calls a place.
fn called(catalog: &Catalog, at: Whereabouts) -> String {
    match at {
        Whereabouts::Home => "home".to_owned(),
        Whereabouts::Elsewhere => "no group".to_owned(),
        Whereabouts::Group(index) => {
            let group = catalog.networks.get(usize::from(index));
            group.map_or_else(String::new, |group| group.name.to_string())
        }
    }
}

/// A group of the old catalog that is now a group of another name, with the same networks.
fn is_renamed(pair: &Pair<'_>, at: [Whereabouts; 2]) -> bool {
    let [Whereabouts::Group(old), Whereabouts::Group(new)] = at else {
        return false;
    };
    let group = |side: usize, index: u16| pair.sides[side].networks.get(usize::from(index));
    let (Some(old), Some(new)) = (group(0, old), group(1, new)) else {
        return false;
    };
    let has = |side: usize, name: &str| pair.sides[side].networks.iter().any(|g| g.name == name);
    old.networks == new.networks && !has(0, &new.name) && !has(1, &old.name)
}

/// What a group of a side is called now.
pub(super) fn group_now(pair: &Pair<'_>, side: usize, group: u16) -> SmolStr {
    let count = pair.sides[1].networks.len() as u16;
    let here = Whereabouts::Group(group);
    let renamed = |new: &u16| side == 0 && is_renamed(pair, [here, Whereabouts::Group(*new)]);
    match (0..count).find(renamed) {
        Some(new) => called(pair.sides[1], Whereabouts::Group(new)).into(),
        None => called(pair.sides[side], here).into(),
    }
}

fn name(pair: &Pair<'_>, at: [Whereabouts; 2], codes: &[&Code]) -> String {
    let names = [0, 1].map(|side| called(pair.sides[side], at[side]));
    if at == [Whereabouts::Home; 2] {
        return String::new();
    }
    if names[0] == names[1] || is_renamed(pair, at) {
        return names[1].clone();
    }
    format!("{} ({}, before {})", networks(codes), names[1], names[0])
}

/// `networks 20801, 20810`, or all that are not named.
fn networks(codes: &[&Code]) -> String {
    let named: Vec<&str> = codes.iter().map(|code| code.text.as_str()).collect();
    match named.as_slice() {
        [""] => "all networks that no group lists".to_owned(),
        [only] => format!("network {only}"),
        [.., _] if named.contains(&"") => {
            let named: Vec<&str> = named.into_iter().filter(|name| !name.is_empty()).collect();
            let all = "and all that no group lists";
            format!("networks {} {all}", super::text::listed(&named))
        }
        named => format!("networks {}", super::text::listed(named)),
    }
}

/// Networks that move from one group to another, and new calling codes.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) {
    let codes = codes(pair);
    let mut told: Vec<[Whereabouts; 2]> = Vec::new();
    for code in &codes {
        let names = [0, 1].map(|side| called(pair.sides[side], code.at[side]));
        if names[0] == names[1] || told.contains(&code.at) {
            continue;
        }
        told.push(code.at);
        let inside: Vec<&Code> = codes.iter().filter(|other| other.at == code.at).collect();
        let what = match is_renamed(pair, code.at) {
            true => "name of the group".to_owned(),
            false => networks(&inside),
        };
        let [from, to] = names;
        changes.push(Change::new(Kind::Network, what).between(from, to));
    }
    let mut told: Vec<&[Option<SmolStr>; 2]> = Vec::new();
    for code in &codes {
        let [from, to] = &code.countries;
        if from == to || told.contains(&&code.countries) {
            continue;
        }
        told.push(&code.countries);
        let same = |other: &&Code| other.countries == code.countries;
        let inside: Vec<&Code> = codes.iter().filter(same).collect();
        let what = format!("calling code of {}", networks(&inside));
        let named = |code: &Option<SmolStr>| code.as_deref().unwrap_or("none").to_owned();
        changes.push(Change::new(Kind::Network, what).between(named(from), named(to)));
    }
}
