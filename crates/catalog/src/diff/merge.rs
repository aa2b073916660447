//! Equal differences of many records become one change, with the records that it is for.

use super::destinations::Label;
use super::rates::Aspect;
use super::{Change, Kind, Moved, Pair, Where, text};
use crate::check::almanac::Times;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_model::input::Direction;

/// Stands for all classes of numbers of the visited country.
pub(super) const VISITED: usize = usize::MAX;

/// Plan, service, direction, place.
pub(super) type Key = (usize, usize, Direction, usize);
/// Classes of destinations to which something is sold, before or after.
pub(super) type Relevant = FxHashMap<Key, Vec<usize>>;

/// A difference of the records of one class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Atom {
    pub(super) plan: usize,
    pub(super) direction: Direction,
    pub(super) place: usize,
    pub(super) class: usize,
    pub(super) times: usize,
}

/// All of something that matters, or some of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Part {
    All,
    Some(Vec<usize>),
}

impl Part {
    /// `some` of `all`; both ascending.
    fn of(mut some: Vec<usize>, all: &[usize]) -> Part {
        some.sort_unstable();
        some.dedup();
        if some == all {
            Part::All
        } else {
            Part::Some(some)
        }
    }
}

/// What the numbers mean.
pub(super) struct Scene<'p> {
    pub(super) pair: &'p Pair<'p>,
    pub(super) plans: Vec<SmolStr>,
    pub(super) services: Vec<SmolStr>,
    pub(super) aspects: Vec<Aspect>,
    pub(super) times: Vec<Times>,
    pub(super) relevant: Relevant,
}

/// For which records: times, destinations, places, directions, plans.
type Group = (usize, Part, Part, Part, Part);

impl Scene<'_> {
    /// One change for every difference, by aspect and service.
    pub(super) fn changes(&self, found: &BTreeMap<(usize, usize), Vec<Atom>>) -> Vec<Change> {
        let mut groups: BTreeMap<(&Aspect, Group), Vec<usize>> = BTreeMap::new();
        for ((aspect, service), atoms) in found {
            let exact = self.aspects[*aspect].kind == Kind::Sold;
            for group in self.groups(*service, atoms, exact) {
                let services = groups.entry((&self.aspects[*aspect], group)).or_default();
                services.push(*service);
            }
        }
        let mut ordered: Vec<_> = groups.into_iter().collect();
        ordered.sort_by_key(|(_, services)| services.clone());
        let changes = ordered
            .into_iter()
            .map(|((aspect, group), services)| self.change(aspect, &group, services));
        changes.collect()
    }

    /// Joins destinations, then places, directions and plans with the same difference. What is for all that
    /// is sold says so by saying nothing, unless `exact`: then only what is for everything does.
    fn groups(&self, service: usize, atoms: &[Atom], exact: bool) -> Vec<Group> {
        let mut by_class: BTreeMap<(usize, u8, usize, usize), Vec<usize>> = BTreeMap::new();
        for atom in atoms {
            let key = (atom.plan, atom.direction as u8, atom.place, atom.times);
            by_class.entry(key).or_default().push(atom.class);
        }
        let mut by_place: BTreeMap<(usize, u8, usize, Part), Vec<usize>> = BTreeMap::new();
        for ((plan, direction, place, times), classes) in by_class {
            let key = (plan, service, made_or_received(direction), place);
            let all = self.relevant.get(&key).map_or(&[][..], Vec::as_slice);
            // Without rules for any destination, some are not sold at all.
            let all = if exact && all.first() != Some(&0) {
                &[]
            } else {
                all
            };
            let part = Part::of(classes, all);
            let places = by_place.entry((plan, direction, times, part)).or_default();
            places.push(place);
        }
        let mut by_direction: BTreeMap<(usize, usize, Part, Part), Vec<usize>> = BTreeMap::new();
        for ((plan, direction, times, classes), places) in by_place {
            let all = self.places_of(plan, service, direction);
            let key = (plan, times, classes, Part::of(places, &all));
            let directions = by_direction.entry(key).or_default();
            directions.push(usize::from(direction));
        }
        let mut by_plan: BTreeMap<(usize, Part, Part, Part), Vec<usize>> = BTreeMap::new();
        for ((plan, times, classes, places), directions) in by_direction {
            let sold = |direction: &usize| {
                exact || !self.places_of(plan, service, *direction as u8).is_empty()
            };
            let all: Vec<usize> = [0, 1].into_iter().filter(sold).collect();
            let key = (times, classes, places, Part::of(directions, &all));
            by_plan.entry(key).or_default().push(plan);
        }
        let all: Vec<usize> = (0..self.plans.len()).collect();
        let groups = by_plan
            .into_iter()
            .map(|((times, classes, places, directions), plans)| {
                (times, classes, places, directions, Part::of(plans, &all))
            });
        groups.collect()
    }

    /// Places in which a plan sells a service.
    fn places_of(&self, plan: usize, service: usize, direction: u8) -> Vec<usize> {
        let sold = |place: &usize| {
            let key = (plan, service, made_or_received(direction), *place);
            self.relevant.contains_key(&key)
        };
        (0..self.pair.places.len()).filter(sold).collect()
    }

    fn change(&self, aspect: &Aspect, group: &Group, services: Vec<usize>) -> Change {
        let (times, classes, places, directions, plans) = group;
        let named = |part: &Part| match part {
            Part::All => Vec::new(),
            Part::Some(plans) => plans.iter().map(|plan| self.plans[*plan].clone()).collect(),
        };
        let mut at = self.destinations(classes);
        if let Part::Some(some) = directions
            && let [only] = some.as_slice()
        {
            at.direction = Some(made_or_received(*only as u8));
        }
        if let Part::Some(some) = places {
            let names = some
                .iter()
                .map(|place| self.pair.places[*place].name.clone());
            at.places = names.collect();
        }
        let times = &self.times[*times];
        if *times != self.pair.calendar.always() {
            at.times = Some(self.pair.calendar.name(self.pair.sides, times));
        }
        Change {
            plans: named(plans),
            services: services
                .iter()
                .map(|number| self.services[*number].clone())
                .collect(),
            at,
            percent: aspect.percent.clone(),
            ..Change::new(aspect.kind, aspect.what)
                .between(aspect.from.clone(), aspect.to.clone())
                .effect(aspect.effect)
        }
    }

    /// Destinations by the zones in which they are after the change; prefixes that come from elsewhere are
    /// named apart where not all of their new zone is meant.
    fn destinations(&self, classes: &Part) -> Where {
        let mut at = Where::default();
        let Part::Some(numbers) = classes else {
            return at;
        };
        at.some_destinations = true;
        let all = &self.pair.destinations.classes;
        let is_whole = |zones: &[SmolStr]| {
            let inside = all
                .iter()
                .enumerate()
                .filter(|(_, class)| class.label.now() == zones);
            let mut numbers_inside = inside.map(|(number, _)| number);
            numbers_inside.all(|number| numbers.binary_search(&number).is_ok())
        };
        let mut whole: FxHashMap<&[SmolStr], bool> = FxHashMap::default();
        for number in numbers {
            let Some(class) = all.get(*number) else {
                at.visited = true;
                continue;
            };
            match &class.label {
                Label::Zones(zones) => at.zones.extend(zones.iter().cloned()),
                Label::Others => at.others = true,
                Label::Visited => at.visited = true,
                Label::Moved(_, to)
                    if !to.is_empty() && *whole.entry(to).or_insert_with(|| is_whole(to)) =>
                {
                    at.zones.extend(to.iter().cloned());
                }
                Label::Moved(from, to) => {
                    let known = &self.pair.destinations.whole;
                    let (whole, prefixes): (Vec<_>, Vec<_>) = class
                        .texts
                        .iter()
                        .cloned()
                        .partition(|text| known.contains(text));
                    add_moved(&mut at.moved, [from, to], false, prefixes);
                    add_moved(&mut at.moved, [from, to], true, whole);
                }
            }
        }
        at.zones.sort_unstable();
        at.zones.dedup();
        for moved in &mut at.moved {
            moved.prefixes.sort_unstable();
        }
        at
    }
}

fn add_moved(
    list: &mut Vec<Moved>,
    [from, to]: [&Vec<SmolStr>; 2],
    whole: bool,
    prefixes: Vec<SmolStr>,
) {
    if prefixes.is_empty() {
        return;
    }
    let same = |moved: &&mut Moved| moved.from == *from && moved.to == *to && moved.whole == whole;
    match list.iter_mut().find(same) {
        Some(moved) => moved.prefixes.extend(prefixes),
        None => list.push(Moved {
            from: from.clone(),
            to: to.clone(),
            whole,
            prefixes,
        }),
    }
}

fn made_or_received(number: u8) -> Direction {
    match number == Direction::Originating as u8 {
        true => Direction::Originating,
        false => Direction::Terminating,
    }
}

/// For which records, in words.
pub(super) fn words(at: &Where) -> String {
    let mut parts: Vec<String> = Vec::new();
    match at.direction {
        Some(Direction::Originating) => parts.push("made".to_owned()),
        Some(Direction::Terminating) => parts.push("received".to_owned()),
        None => {}
    }
    let mut destinations: Vec<String> = Vec::new();
    if !at.zones.is_empty() {
        destinations.push(text::listed(&at.zones));
    }
    destinations.extend(at.moved.iter().take(MOVES).map(moved_words));
    if let Some(rest) = at.moved.get(MOVES..).filter(|rest| !rest.is_empty()) {
        let prefixes: usize = rest.iter().map(|moved| moved.prefixes.len()).sum();
        let count = text::count(prefixes, "prefix", "prefixes");
        destinations.push(format!("{count} more that moved"));
    }
    if at.others {
        destinations.push("other destinations".to_owned());
    }
    if at.visited {
        destinations.push("numbers of the visited country".to_owned());
    }
    if !destinations.is_empty() {
        parts.push(format!("to {}", destinations.join(", ")));
    }
    if !at.places.is_empty() {
        let places: Vec<String> = at.places.iter().map(|place| place_words(place)).collect();
        parts.push(text::listed(&places));
    }
    parts.extend(at.times.clone());
    parts.join(", ")
}

fn place_words(place: &str) -> String {
    match place {
        "" => "at home".to_owned(),
        place => format!("in {place}"),
    }
}

/// Moves that are said before the rest is counted.
const MOVES: usize = 3;
/// Prefixes that are said as examples.
const EXAMPLES: usize = 5;

/// `3 prefixes from eu to eu_mobile (3367, 3368, 3369)`.
fn moved_words(moved: &Moved) -> String {
    let count = counted(moved);
    let from = text::names_or(&moved.from, "no zone");
    let to = text::names_or(&moved.to, "no zone");
    format!(
        "{count} moved from {from} to {to} ({})",
        examples(&moved.prefixes)
    )
}

/// `3 prefixes`, `1 number`.
pub(super) fn counted(moved: &Moved) -> String {
    match moved.whole {
        true => text::count(moved.prefixes.len(), "number", "numbers"),
        false => text::count(moved.prefixes.len(), "prefix", "prefixes"),
    }
}

/// `3367, 3368, 3369, ...`.
pub(super) fn examples(prefixes: &[SmolStr]) -> String {
    let shown = prefixes
        .iter()
        .take(EXAMPLES)
        .map(|prefix| match prefix.as_str() {
            "" => "every number",
            prefix => prefix,
        });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if prefixes.len() > EXAMPLES {
        text.push_str(", ...");
    }
    text
}
