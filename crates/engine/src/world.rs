//! What all accounts share and no decision changes: catalog versions and time zones, in the order in which
//! the journal brought them.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::Arc;
use umbral_catalog::loyalty::Programme;
use umbral_catalog::tables::{Catalog, CreditClass, Plan, Schedule, VipLevel};
use umbral_catalog::version::CatalogSet;
use umbral_model::ids::{ClassNo, PlanNo, VersionNo, ZoneNo};
use umbral_model::input::InputKey;
use umbral_model::time::{Timestamp, ZoneRules};

/// Catalog versions and time zones of a deployment.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// All activated catalog versions.
    pub catalogs: CatalogSet,
    /// All time zones that accounts use.
    pub zones: Zones,
    /// Some version has discounts.
    pub(crate) has_discounts: bool,
    /// Who activated each version: the cause of what changes with it.
    activations: Vec<InputKey>,
    /// Versions by (effective_from, number): the last one not after the clock is in force.
    order: Vec<(Timestamp, VersionNo)>,
    /// Per version: index into its classes by `ClassNo`.
    class_index: Vec<Vec<Option<u32>>>,
}

/// Time zones by number, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    by_no: Vec<Arc<ZoneRules>>,
    by_name: FxHashMap<SmolStr, ZoneNo>,
}

impl Zones {
    /// Adds a zone, or gives the number that its name has already; the rules of a known zone are replaced.
    pub fn add(&mut self, rules: ZoneRules) -> ZoneNo {
        if let Some(number) = self.by_name.get(&rules.name) {
            self.by_no[number.index()] = Arc::new(rules);
            return *number;
        }
        let number = ZoneNo(self.by_no.len() as u16);
        self.by_name.insert(rules.name.clone(), number);
        self.by_no.push(Arc::new(rules));
        number
    }

    /// The number of a zone's name.
    pub fn number(&self, name: &str) -> Option<ZoneNo> {
        self.by_name.get(name).copied()
    }

    /// The rules of a zone.
    pub fn rules(&self, number: ZoneNo) -> Option<&Arc<ZoneRules>> {
        self.by_no.get(number.index())
    }

    /// All zones in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ZoneRules>> {
        self.by_no.iter()
    }
}

/// What an account whose zone is not known would be counted in; never reached, because unknown zones are
/// refused where an account opens.
static UTC: ZoneRules = ZoneRules {
    name: SmolStr::new_static("UTC"),
    initial_offset: 0,
    transitions: Vec::new(),
};

impl World {
    /// No catalog and no zone yet.
    pub fn new() -> World {
        World::default()
    }

    /// Adds a catalog version that is in force for usage from `effective_from` on; `key` is the input that
    /// brought it.
    pub fn activate(
        &mut self,
        catalog: Catalog,
        effective_from: Timestamp,
        key: InputKey,
    ) -> VersionNo {
        self.has_discounts |= !catalog.discounts.is_empty();
        let number = self.catalogs.activate(catalog, effective_from);
        let at = self
            .order
            .partition_point(|entry| *entry <= (effective_from, number));
        self.order.insert(at, (effective_from, number));
        self.activations.push(key);
        let index = self.index_classes(number);
        self.class_index.push(index);
        number
    }

    fn index_classes(&self, number: VersionNo) -> Vec<Option<u32>> {
        let mut index = Vec::new();
        let Some(version) = self.catalogs.get(number) else {
            return index;
        };
        for (position, class) in version.catalog.classes.iter().enumerate() {
            let Some(class_no) = self.catalogs.class_no(&class.name) else {
                continue;
            };
            if index.len() <= class_no.index() {
                index.resize(class_no.index() + 1, None);
            }
            index[class_no.index()] = Some(position as u32);
        }
        index
    }

    /// Adds a time zone; see `Zones::add`.
    pub fn add_zone(&mut self, rules: ZoneRules) -> ZoneNo {
        self.zones.add(rules)
    }

    /// The rules of an account's zone.
    pub fn zone(&self, number: ZoneNo) -> &ZoneRules {
        match self.zones.rules(number) {
            Some(rules) => rules,
            None => &UTC,
        }
    }

    /// The version in force at `at`, and from when on.
    pub fn in_force(&self, at: Timestamp) -> Option<(Timestamp, VersionNo)> {
        let next = self.order.partition_point(|(from, _)| *from <= at);
        next.checked_sub(1).map(|index| self.order[index])
    }

    /// The first instant after `at` at which another version comes into force.
    pub fn next_version_at(&self, at: Timestamp) -> Option<Timestamp> {
        let next = self.order.partition_point(|(from, _)| *from <= at);
        self.order.get(next).map(|(from, _)| *from)
    }

    /// Reads what the newest catalog has for the destination of a usage record. Like `Partition::touch_row`
    /// it only brings memory near.
    pub fn touch_destination(&self, number: &str) -> u64 {
        let deck = self.catalogs.latest().map(|version| &version.catalog.deck);
        let found = deck.and_then(|deck| deck.look_up(number, false));
        found.map_or(0, |(_, zone_set)| u64::from(zone_set))
    }

    /// The input that brought the newest activation.
    pub fn latest_activation(&self) -> Option<&InputKey> {
        self.activations.last()
    }

    /// A class as the version in force at `at` has it; of a class that this version dropped, the definition
    /// of the last version before it that had it.
    pub fn class(&self, class: ClassNo, at: Timestamp) -> Option<&CreditClass> {
        self.class_before(class, self.end_of(at))
    }

    /// The class as it was before the version in force at `at` came into force.
    pub fn previous_class(&self, class: ClassNo, at: Timestamp) -> Option<&CreditClass> {
        self.class_before(class, self.end_of(at).saturating_sub(1))
    }

    /// How many versions came into force by `at`. Before all of them the first one counts: a timer may be
    /// due before the first catalog was activated.
    fn end_of(&self, at: Timestamp) -> usize {
        let next = self.order.partition_point(|(from, _)| *from <= at);
        next.max(1).min(self.order.len())
    }

    fn class_before(&self, class: ClassNo, end: usize) -> Option<&CreditClass> {
        self.order[..end]
            .iter()
            .rev()
            .find_map(|(_, number)| self.class_in(class, *number))
    }

    /// A plan as the version in force at `at` has it; of a plan that this version dropped, the definition of
    /// the last version before it that had it.
    pub fn plan(&self, plan: PlanNo, at: Timestamp) -> Option<(VersionNo, &Plan)> {
        self.order[..self.end_of(at)]
            .iter()
            .rev()
            .find_map(|(_, number)| Some((*number, self.catalogs.get(*number)?.plan(plan)?)))
    }

    /// A loyalty programme as the version in force at `at` has it; of one that this version dropped, the
    /// definition of the last version before it that had it.
    pub fn programme(&self, name: &str, at: Timestamp) -> Option<(VersionNo, &Programme)> {
        let versions = self.order[..self.end_of(at)].iter().rev();
        versions.into_iter().find_map(|(_, number)| {
            let programmes = &self.catalogs.get(*number)?.catalog.programmes;
            let found = programmes.iter().find(|programme| programme.name == name)?;
            Some((*number, found))
        })
    }

    /// Numbers that are never barred, as the version in force at `at` has them.
    pub(crate) fn emergency_numbers(&self, at: Timestamp) -> &[SmolStr] {
        let version = self
            .in_force(at)
            .and_then(|(_, number)| self.catalogs.get(number));
        version.map_or(&[], |version| &version.catalog.emergency)
    }

    fn class_in(&self, class: ClassNo, number: VersionNo) -> Option<&CreditClass> {
        let index = (*self.class_index.get(number.index())?.get(class.index())?)?;
        self.catalogs
            .get(number)?
            .catalog
            .classes
            .get(index as usize)
    }

    /// A collection schedule of a version.
    pub fn schedule(&self, version: VersionNo, name: &str) -> Option<&Schedule> {
        self.catalogs
            .get(version)?
            .catalog
            .schedules
            .iter()
            .find(|schedule| schedule.name == name)
    }

    /// The class that a VIP rank chooses in place of an own class, as the version in force at `at` has it: that of
    /// the highest level up to the rank that names the class.
    pub(crate) fn class_of_rank(&self, own: ClassNo, rank: u16, at: Timestamp) -> Option<ClassNo> {
        let name = self.catalogs.class_name(own)?;
        let chosen = self.vip_levels(rank, at).find_map(|level| {
            let (_, chosen) = level.classes.iter().find(|(from, _)| from == name)?;
            Some(chosen)
        })?;
        self.catalogs.class_no(chosen)
    }

    /// The loyalty tier that comes with a VIP rank: that of the highest level up to it that names one.
    pub(crate) fn tier_floor(&self, rank: u16, at: Timestamp) -> Option<&str> {
        self.vip_levels(rank, at)
            .find_map(|level| level.tier_floor.as_deref())
    }

    /// The levels that a VIP rank reaches, highest first.
    fn vip_levels(&self, rank: u16, at: Timestamp) -> impl Iterator<Item = &VipLevel> {
        let version = self.in_force(at).filter(|_| rank > 0);
        let version = version.and_then(|(_, number)| self.catalogs.get(number));
        let levels = version.map_or(&[][..], |version| &version.catalog.vip_levels);
        levels.iter().rev().filter(move |level| level.rank <= rank)
    }

    /// The schedule of a class as of `at`, with the version that it is pinned to.
    pub fn schedule_of(&self, class: ClassNo, at: Timestamp) -> Option<(VersionNo, &Schedule)> {
        let name = self.class(class, at)?.schedule.as_ref()?;
        self.order[..self.end_of(at)]
            .iter()
            .rev()
            .find_map(|(_, number)| Some((*number, self.schedule(*number, name)?)))
    }
}
