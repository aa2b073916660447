//! What records cost: for every plan, service, direction, place, destination and hour the rate that wins
//! before against the one that wins after.

use super::destinations::Class;
use super::ladder::{Footing, Rung};
use super::merge::{self, Atom, Relevant, VISITED};
use super::rates::{Aspect, aspects};
use super::{Change, Pair};
use crate::check::almanac::{Times, common, either, is_never, without};
use crate::tables::{Plan, ServiceRules};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::rc::Rc;
use umbral_model::ids::RateNo;
use umbral_model::input::Direction;
use umbral_model::units::Measurement;

const DIRECTIONS: [Direction; 2] = [Direction::Originating, Direction::Terminating];

/// Adds all changes of prices; gives the classes of destinations that have some.
pub(super) fn changes(pair: &Pair<'_>, changes: &mut Vec<Change>) -> FxHashSet<usize> {
    let mut walker = Walker::new(pair);
    for (number, plans) in walker.plans.clone().into_iter().enumerate() {
        for service in 0..walker.services.len() {
            for direction in DIRECTIONS {
                for place in 0..pair.places.len() {
                    walker.walk((number, service, direction, place), plans);
                }
            }
        }
    }
    let touched = walker.touched();
    let Walker {
        plans,
        services,
        kept,
        found,
        relevant,
        ..
    } = walker;
    let scene = merge::Scene {
        pair,
        plans: plans.iter().map(|plans| plans[1].name.clone()).collect(),
        services: services.into_iter().map(|service| service.name).collect(),
        aspects: kept.aspects.items,
        times: kept.times.items,
        relevant,
    };
    changes.extend(scene.changes(&found));
    touched
}

/// A service by its numbers on both sides.
struct Served {
    name: SmolStr,
    numbers: [Option<usize>; 2],
    measurement: Measurement,
}

/// Walks over all records, one class after the other.
struct Walker<'p> {
    pair: &'p Pair<'p>,
    plans: Vec<[&'p Plan; 2]>,
    services: Vec<Served>,
    /// Classes of numbers of the visited country, by place.
    visited: FxHashMap<usize, Rc<Vec<Class>>>,
    kept: Kept,
    relevant: Relevant,
    found: BTreeMap<(usize, usize), Vec<Atom>>,
}

/// What two ladders differ in: numbers of an aspect and of times.
type Compared = Rc<[(usize, usize)]>;

/// The rules on either side, best first, for a service counted so.
type Ladders = ([Vec<Rung>; 2], Measurement);

/// The rates that win on either side; none where no rule holds.
type Rates = [Option<RateNo>; 2];

/// Comparisons that were made, and the numbers of what they found.
#[derive(Default)]
struct Kept {
    aspects: Numbered<Aspect>,
    times: Numbered<Times>,
    rates: FxHashMap<(Rates, Measurement), Rc<[usize]>>,
    ladders: FxHashMap<Ladders, Compared>,
}

/// Things by number, each once.
struct Numbered<T> {
    items: Vec<T>,
    index: FxHashMap<T, usize>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered {
            items: Vec::new(),
            index: FxHashMap::default(),
        }
    }
}

impl<T: Clone + Eq + core::hash::Hash> Numbered<T> {
    fn number(&mut self, item: T) -> usize {
        let items = &mut self.items;
        *self.index.entry(item).or_insert_with_key(|item| {
            items.push(item.clone());
            items.len() - 1
        })
    }
}

impl<'p> Walker<'p> {
    fn new(pair: &'p Pair<'p>) -> Walker<'p> {
        let [from, to] = pair.sides;
        let plans = to.plans.iter().filter_map(|plan| {
            let old = from.plans.iter().find(|old| old.name == plan.name)?;
            Some([old, plan])
        });
        let mut names: Vec<&SmolStr> = Vec::new();
        for service in to.services.iter().chain(&from.services) {
            if !names.contains(&&service.name) {
                names.push(&service.name);
            }
        }
        let services = names.into_iter().filter_map(|name| {
            let numbers = pair
                .sides
                .map(|side| side.services.iter().position(|known| known.name == *name));
            let [old, new] = [0, 1].map(|side| {
                let number: Option<usize> = numbers[side];
                number.and_then(|number| pair.sides[side].services.get(number))
            });
            Some(Served {
                name: name.clone(),
                numbers,
                measurement: new.or(old)?.measurement,
            })
        });
        Walker {
            pair,
            plans: plans.collect(),
            services: services.collect(),
            visited: FxHashMap::default(),
            kept: Kept::default(),
            relevant: Relevant::default(),
            found: BTreeMap::new(),
        }
    }

    /// Compares all destinations of one plan, service, direction and place.
    fn walk(&mut self, key: merge::Key, plans: [&Plan; 2]) {
        let (plan, service, direction, place) = key;
        let (pair, served) = (self.pair, &self.services[service]);
        let (numbers, measurement) = (served.numbers, served.measurement);
        let footings = [0, 1].map(|side| Footing {
            catalog: pair.sides[side],
            plan: plans[side],
            service: numbers[side],
            direction,
            at: pair.places[place].at[side],
        });
        let visited = self.visited(place, &footings);
        let base = pair.destinations.classes.iter().enumerate();
        let visited = visited.iter().map(|class| (VISITED, class));
        let mut sold = Vec::new();
        let mut ladders = (<[Vec<Rung>; 2]>::default(), measurement);
        for (number, class) in base.chain(visited) {
            for (side, rungs) in ladders.0.iter_mut().enumerate() {
                footings[side].ladder(&class.reach[side], rungs);
            }
            if ladders.0.iter().all(Vec::is_empty) || class.is_by_the_way(&footings) {
                continue;
            }
            sold.push(number);
            let compared = self.kept.compare(pair, &ladders);
            for (aspect, times) in compared.iter() {
                let atoms = self.found.entry((*aspect, service)).or_default();
                atoms.push(Atom {
                    plan,
                    direction,
                    place,
                    class: number,
                    times: *times,
                });
            }
        }
        sold.dedup();
        if !sold.is_empty() {
            self.relevant.insert(key, sold);
        }
    }

    /// Classes of numbers of the visited country, where one of the plans has rules for them.
    fn visited(&mut self, place: usize, footings: &[Footing<'_>; 2]) -> Rc<Vec<Class>> {
        let has_rules = |footing: &Footing<'_>| {
            let rules: Option<&ServiceRules> = footing
                .service
                .and_then(|service| footing.plan.by_service.get(service));
            rules.is_some_and(|rules| !rules.visited.is_empty())
        };
        if !footings.iter().any(has_rules) {
            return Rc::default();
        }
        let pair = self.pair;
        let classes = self.visited.entry(place).or_insert_with(|| {
            let countries = &pair.places[place].countries;
            Rc::new(pair.destinations.visited(pair.sides, countries))
        });
        classes.clone()
    }

    /// Classes of destinations with a change.
    fn touched(&self) -> FxHashSet<usize> {
        let atoms = self.found.values().flatten();
        atoms.map(|atom| atom.class).collect()
    }
}

impl Kept {
    fn compare(&mut self, pair: &Pair<'_>, ladders: &Ladders) -> Compared {
        if let Some(known) = self.ladders.get(ladders) {
            return known.clone();
        }
        let mut times: BTreeMap<usize, Times> = BTreeMap::new();
        let [old, new] = [0, 1].map(|side| cells(pair, side, &ladders.0[side]));
        for (from, before) in &old {
            for (to, after) in &new {
                let both = common(before, after);
                if is_never(&both) {
                    continue;
                }
                for aspect in self.aspects_of(pair, [*from, *to], ladders.1).iter() {
                    times
                        .entry(*aspect)
                        .and_modify(|known| *known = either(known, &both))
                        .or_insert_with(|| both.clone());
                }
            }
        }
        let numbered = times
            .into_iter()
            .map(|(aspect, times)| (aspect, self.times.number(times)));
        let compared: Compared = numbered.collect();
        self.ladders.insert(ladders.clone(), compared.clone());
        compared
    }

    fn aspects_of(
        &mut self,
        pair: &Pair<'_>,
        rates: Rates,
        measurement: Measurement,
    ) -> Rc<[usize]> {
        let key = (rates, measurement);
        if let Some(known) = self.rates.get(&key) {
            return known.clone();
        }
        let [from, to] = [0, 1].map(|side| {
            let number: Option<RateNo> = rates[side];
            number.and_then(|number| pair.sides[side].rates.get(number.index()))
        });
        let found = aspects(from, to, measurement);
        let numbers: Rc<[usize]> = found
            .into_iter()
            .map(|aspect| self.aspects.number(aspect))
            .collect();
        self.rates.insert(key, numbers.clone());
        numbers
    }
}

/// When each rate of a ladder wins; none where no rule holds.
fn cells(pair: &Pair<'_>, side: usize, ladder: &[Rung]) -> Vec<(Option<RateNo>, Times)> {
    let mut left = pair.calendar.always();
    let mut cells: Vec<(Option<RateNo>, Times)> = Vec::new();
    for (band, rate) in ladder {
        let Some(band) = band else {
            cells.push((Some(*rate), left));
            return cells;
        };
        let times = pair.calendar.of(side, &[*band]);
        let won = common(&left, &times);
        left = without(&left, &times);
        if !is_never(&won) {
            cells.push((Some(*rate), won));
        }
    }
    if !is_never(&left) {
        cells.push((None, left));
    }
    cells
}
