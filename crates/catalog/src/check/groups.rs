//! Rules that meet: those of one plan among which a record of a service and a zone set chooses.

use super::rules::ResolvedRule;
use crate::tables::Deck;
use std::collections::BTreeMap;

/// Where a record goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    /// To a number of the country of the serving network.
    Visited,
    /// To a prefix of this zone set, or to the zone that the record names.
    ZoneSet(u32),
    /// Anywhere else.
    Anywhere,
}

/// Rules that meet, and for which services and places they do.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Rules, in file order.
    pub(crate) rules: Vec<u32>,
    /// Services, ascending.
    pub(crate) services: Vec<u8>,
    /// Places, ascending.
    pub(crate) places: Vec<Place>,
}

/// Zone sets of prefixes, and those of zones without prefixes after them.
#[derive(Debug)]
pub(crate) struct ZoneSets {
    /// Zones of each set.
    pub(crate) zones: Vec<Vec<u16>>,
    /// Sets in which each zone is.
    of_zone: Vec<Vec<u32>>,
}

/// The sets of zones that a record can meet.
pub(crate) fn zone_sets(deck: &Deck, zone_count: usize) -> ZoneSets {
    let mut zones: Vec<Vec<u16>> = deck
        .zone_sets
        .iter()
        .map(|set| set.iter().map(|zone| zone.0).collect())
        .collect();
    let mut of_zone: Vec<Vec<u32>> = vec![Vec::new(); zone_count];
    for (set, members) in zones.iter().enumerate() {
        for zone in members {
            of_zone[*zone as usize].push(set as u32);
        }
    }
    for (zone, sets) in of_zone.iter_mut().enumerate() {
        if sets.is_empty() {
            sets.push(zones.len() as u32);
            zones.push(vec![zone as u16]);
        }
    }
    ZoneSets { zones, of_zone }
}

/// The groups of a plan.
pub(crate) fn of_plan(
    plan: usize,
    rules: &[ResolvedRule],
    sets: &ZoneSets,
    service_count: usize,
) -> Vec<Group> {
    // Rules stand in order of their plans, so those of one plan are a stretch.
    let first = rules.partition_point(|rule| rule.plan < plan);
    let last = rules.partition_point(|rule| rule.plan <= plan);
    let mut groups: BTreeMap<Vec<u32>, (Vec<u8>, Vec<Place>)> = BTreeMap::new();
    let mut met = Met::new(sets);
    for service in 0..service_count as u8 {
        met.clear();
        for (number, rule) in (first as u32..).zip(&rules[first..last]) {
            if rule.services.is_empty() || rule.services.contains(&service) {
                met.add(number, rule, sets);
            }
        }
        for (place, rules) in met.places() {
            if !groups.contains_key(rules) {
                groups.insert(rules.to_vec(), Default::default());
            }
            if let Some((services, places)) = groups.get_mut(rules) {
                if services.last() != Some(&service) {
                    services.push(service);
                }
                places.push(place);
            }
        }
    }
    let group = |(rules, (services, mut places)): (_, (_, Vec<Place>))| {
        places.sort_unstable();
        places.dedup();
        Group {
            rules,
            services,
            places,
        }
    };
    groups.into_iter().map(group).collect()
}

/// Rules of one service by place.
struct Met {
    visited: Vec<u32>,
    of_sets: Vec<Vec<u32>>,
    anywhere: Vec<u32>,
}

impl Met {
    fn new(sets: &ZoneSets) -> Met {
        Met {
            visited: Vec::new(),
            of_sets: vec![Vec::new(); sets.zones.len()],
            anywhere: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.visited.clear();
        self.anywhere.clear();
        self.of_sets.iter_mut().for_each(Vec::clear);
    }

    fn add(&mut self, number: u32, rule: &ResolvedRule, sets: &ZoneSets) {
        if rule.visited.is_some() {
            return self.visited.push(number);
        }
        if rule.zones.is_empty() {
            return self.anywhere.push(number);
        }
        for zone in &rule.zones {
            for set in &sets.of_zone[usize::from(*zone)] {
                let list = &mut self.of_sets[*set as usize];
                if list.last() != Some(&number) {
                    list.push(number);
                }
            }
        }
    }

    /// Places with rules, ascending.
    fn places(&self) -> impl Iterator<Item = (Place, &[u32])> {
        let sets = (0..).map(Place::ZoneSet).zip(&self.of_sets);
        let all = core::iter::once((Place::Visited, &self.visited))
            .chain(sets)
            .chain([(Place::Anywhere, &self.anywhere)]);
        all.filter(|(_, rules)| !rules.is_empty())
            .map(|(place, rules)| (place, rules.as_slice()))
    }
}
