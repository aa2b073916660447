//! Names in allowances and discounts, and what plans sell to those that they are for.

use super::names::Names;
use super::rules::ResolvedRule;
use crate::codes;
use crate::draft::Draft;
use crate::problem::Report;
use crate::source::At;
use crate::tables::{Deck, NetworkFilter, PrefixEntry, ZoneFilter};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use umbral_model::ids::{BandNo, DestinationNo, ServiceNo};
use umbral_model::input::Direction;
use umbral_model::money::Pico;

/// Everything that names in allowances and discounts refer to.
pub(crate) struct Filters<'c> {
    /// The draft.
    pub(crate) draft: &'c Draft,
    /// Names of the draft.
    pub(crate) names: &'c Names<'c>,
    /// Prefixes, and which shorter ones stand in for them.
    deck: &'c Deck,
    /// Rules of all plans, in order of plans.
    rules: &'c [ResolvedRule],
    /// Zone sets in which each zone is.
    sets: FxHashMap<u16, Vec<u32>>,
    /// How many zone sets there are.
    set_count: usize,
}

/// Usage that an allowance or discount is for, as far as rules can tell.
pub(crate) struct Usage<'u> {
    /// Direction, if it matters.
    pub(crate) direction: Option<Direction>,
    /// Serving networks.
    pub(crate) networks: &'u NetworkFilter,
}

impl Usage<'_> {
    fn meets(&self, rule: &ResolvedRule) -> bool {
        let same_way = self
            .direction
            .is_none_or(|direction| rule.serves(direction));
        let place = match rule.roaming {
            None => self.networks.home,
            Some(group) => self.networks.groups.contains(&group),
        };
        same_way && (self.networks.everywhere || place)
    }
}

/// Whether usage is sold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sale {
    /// It is.
    Sold,
    /// The service is, but not in this direction or these networks.
    Elsewhere,
    /// The service is not.
    No,
}

impl<'c> Filters<'c> {
    /// Over a draft, its deck and its rules.
    pub(crate) fn new(
        draft: &'c Draft,
        names: &'c Names<'c>,
        deck: &'c Deck,
        rules: &'c [ResolvedRule],
    ) -> Self {
        let mut sets: FxHashMap<u16, Vec<u32>> = FxHashMap::default();
        for (set, zones) in (0..).zip(&deck.zone_sets) {
            for zone in zones {
                sets.entry(zone.0).or_default().push(set);
            }
        }
        Filters {
            draft,
            names,
            deck,
            rules,
            sets,
            set_count: deck.zone_sets.len(),
        }
    }

    /// Services, ascending; none where one is not defined.
    pub(crate) fn services(
        &self,
        names: &[At<SmolStr>],
        report: &mut Report,
    ) -> Option<Vec<ServiceNo>> {
        let found = names
            .iter()
            .filter_map(|name| self.names.service(name, report));
        let found: Vec<ServiceNo> = found.map(ServiceNo).collect();
        all_of(found, names.len())
    }

    /// Bands, ascending; none where one is not defined.
    pub(crate) fn bands(&self, names: &[At<SmolStr>], report: &mut Report) -> Option<Vec<BandNo>> {
        let found = names
            .iter()
            .filter_map(|name| self.names.band(name, report));
        let found: Vec<BandNo> = found.map(BandNo).collect();
        all_of(found, names.len())
    }

    /// Plans, ascending; none where one is not defined.
    pub(crate) fn plans(&self, names: &[At<SmolStr>], report: &mut Report) -> Option<Vec<u32>> {
        let found = names
            .iter()
            .filter_map(|name| self.names.plan(name, report));
        let found: Vec<u32> = found.collect();
        all_of(found, names.len())
    }

    /// Zones and the zone sets that hold one of them; none where one is not defined.
    pub(crate) fn zones(&self, names: &[At<SmolStr>], report: &mut Report) -> Option<ZoneFilter> {
        let found = names
            .iter()
            .filter_map(|name| self.names.zone(name, report));
        let found: Vec<DestinationNo> = found.map(DestinationNo).collect();
        let zones = all_of(found, names.len())?;
        let mut zone_sets = Vec::new();
        if !zones.is_empty() {
            zone_sets = vec![0u64; self.set_count.div_ceil(64)];
        }
        for set in zones.iter().filter_map(|zone| self.sets.get(&zone.0)) {
            for set in set {
                zone_sets[*set as usize / 64] |= 1 << (set % 64);
            }
        }
        Some(ZoneFilter { zones, zone_sets })
    }

    /// Places of `home`, `*` and network groups; none where one is not defined.
    pub(crate) fn networks(
        &self,
        names: &[At<SmolStr>],
        default: NetworkFilter,
        report: &mut Report,
    ) -> Option<NetworkFilter> {
        if names.is_empty() {
            return Some(default);
        }
        let mut filter = NetworkFilter::default();
        let mut whole = true;
        for name in names {
            match name.value.as_str() {
                "*" => filter.everywhere = true,
                "home" => {
                    filter.home = true;
                    self.home_is_no_group(name, report);
                }
                _ => match self.names.network(name, report) {
                    Some(group) => filter.groups.push(group),
                    None => whole = false,
                },
            }
        }
        filter.groups.sort_unstable();
        filter.groups.dedup();
        whole.then_some(filter)
    }

    fn home_is_no_group(&self, name: &At<SmolStr>, report: &mut Report) {
        if self
            .draft
            .networks
            .names
            .iter()
            .any(|group| group == "home")
        {
            let title = "home means the own network here, and a network group is called so too";
            report
                .error(codes::BAD_NAME, name.spot, title, "")
                .note("give the network group another name");
        }
    }

    /// Rules of these plans, no plans for all, that are for the service; and all that could not be read, which
    /// might be.
    fn rules_for(&self, plans: &[u32], service: ServiceNo) -> impl Iterator<Item = &ResolvedRule> {
        let rules = match plans {
            [plan] => {
                let plan = *plan as usize;
                let first = self.rules.partition_point(|rule| rule.plan < plan);
                let last = self.rules.partition_point(|rule| rule.plan <= plan);
                &self.rules[first..last]
            }
            _ => self.rules,
        };
        rules.iter().filter(move |rule| {
            let of_plan = plans.is_empty() || plans.contains(&(rule.plan as u32));
            let serves = rule.services.is_empty() || rule.services.contains(&service.0);
            of_plan && (serves || !rule.sound)
        })
    }

    /// Whether one of the plans sells the service for the usage; no plans are all of them. A rule that could
    /// not be read might.
    pub(crate) fn sale(&self, plans: &[u32], service: ServiceNo, usage: &Usage<'_>) -> Sale {
        let mut sale = Sale::No;
        for rule in self.rules_for(plans, service) {
            if !rule.sound || usage.meets(rule) {
                return Sale::Sold;
            }
            sale = Sale::Elsewhere;
        }
        sale
    }

    /// Whether one of the plans has a price above 0 for the usage.
    pub(crate) fn costs(&self, plans: &[u32], service: ServiceNo, usage: &Usage<'_>) -> bool {
        self.rules_for(plans, service)
            .any(|rule| !rule.sound || (usage.meets(rule) && !self.is_free(rule)))
    }

    fn is_free(&self, rule: &ResolvedRule) -> bool {
        let rate = rule
            .rate
            .and_then(|rate| self.draft.rates.get(rate as usize));
        rate.and_then(|rate| rate.rate.as_ref())
            .is_some_and(|rate| {
                rate.tiers.is_none() && rate.steps.iter().all(|step| step.price <= Pico::ZERO)
            })
    }

    /// Whether one of the plans sells one of the services to the zone: by a rule for it, for any destination,
    /// or for a zone with shorter prefixes that stands in for it.
    pub(crate) fn is_sold_to(
        &self,
        zone: &str,
        plans: &[u32],
        services: &[ServiceNo],
        usage: &Usage<'_>,
    ) -> bool {
        let Some(zone) = self.draft.zones.by_name.get(zone) else {
            return true;
        };
        let fitting = || {
            let rules = services
                .iter()
                .flat_map(|service| self.rules_for(plans, *service));
            rules.filter(|rule| !rule.sound || usage.meets(rule))
        };
        let anywhere =
            |rule: &ResolvedRule| !rule.sound || rule.zones.is_empty() || rule.zones.contains(zone);
        if fitting().any(anywhere) {
            return true;
        }
        let near = self.stand_ins(*zone);
        fitting().any(|rule| rule.zones.iter().any(|zone| near.contains(zone)))
    }

    /// Zones that share a prefix with the zone, or have a shorter one of a prefix of it.
    fn stand_ins(&self, zone: u16) -> FxHashSet<u16> {
        let deck = self.deck;
        let zones_of = |entry: &PrefixEntry| deck.zone_sets.get(entry.zone_set as usize);
        let own = DestinationNo(zone);
        let mut found = FxHashSet::default();
        let of_zone = |entry: &&PrefixEntry| zones_of(entry).is_some_and(|set| set.contains(&own));
        for entry in deck.entries.iter().filter(of_zone) {
            let mut next = Some(*entry);
            while let Some(entry) = next {
                found.extend(zones_of(&entry).into_iter().flatten().map(|zone| zone.0));
                next = entry.shorter.and_then(|prefix| deck.entry(prefix));
            }
        }
        found
    }
}

/// The numbers, ascending, if there are as many as names.
fn all_of<N: Ord>(mut numbers: Vec<N>, names: usize) -> Option<Vec<N>> {
    let whole = numbers.len() == names;
    numbers.sort_unstable();
    numbers.dedup();
    whole.then_some(numbers)
}
