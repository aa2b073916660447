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
    let mut met: BTreeMap<(u8, Place), Vec<u32>> = BTreeMap::new();
    for (number, rule) in rules
        .iter()
        .enumerate()
        .filter(|(_, rule)| rule.plan == plan)
    {
        let all: Vec<u8> = (0..service_count as u8).collect();
        let services = if rule.services.is_empty() {
            &all
        } else {
            &rule.services
        };
        let places: Vec<Place> = if rule.visited.is_some() {
            vec![Place::Visited]
        } else if rule.zones.is_empty() {
            vec![Place::Anywhere]
        } else {
            let sets = rule
                .zones
                .iter()
                .flat_map(|zone| &sets.of_zone[*zone as usize]);
            sets.map(|set| Place::ZoneSet(*set)).collect()
        };
        for service in services {
            for place in &places {
                let list = met.entry((*service, *place)).or_default();
                if list.last() != Some(&(number as u32)) {
                    list.push(number as u32);
                }
            }
        }
    }
    let mut groups: BTreeMap<Vec<u32>, (Vec<u8>, Vec<Place>)> = BTreeMap::new();
    for ((service, place), rules) in met {
        let (services, places) = groups.entry(rules).or_default();
        if !services.contains(&service) {
            services.push(service);
        }
        if places.last() != Some(&place) && !places.contains(&place) {
            places.push(place);
        }
    }
    groups
        .into_iter()
        .map(|(rules, (services, places))| Group {
            rules,
            services,
            places,
        })
        .collect()
}
