//! Where usage goes: destinations that have the same prefixes and zones in either catalog are one class.

use super::ladder::Footing;
use crate::tables::{Catalog, Deck};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use umbral_model::ids::PrefixNo;

/// How rules see the destinations of a class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Reach {
    /// By number: the zone sets of its prefixes, longest first.
    Number {
        /// The zone sets.
        sets: Vec<u32>,
        /// The number is of the country in which the member is.
        visited: bool,
    },
    /// By the zone that the record names.
    Zone(usize),
    /// A zone that the catalog does not know.
    Unknown,
}

/// What people call the destinations of a class.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Label {
    /// These zones, before and after.
    Zones(Vec<SmolStr>),
    /// Other zones than before; empty for none.
    Moved(Vec<SmolStr>, Vec<SmolStr>),
    /// No zone.
    Others,
    /// Numbers of the country in which the member is.
    Visited,
}

impl Label {
    /// Zones after the change.
    pub(super) fn now(&self) -> &[SmolStr] {
        match self {
            Label::Zones(zones) | Label::Moved(_, zones) => zones,
            Label::Others | Label::Visited => &[],
        }
    }
}

/// Destinations that are alike.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// How the rules of either catalog see them.
    pub(super) reach: [Reach; 2],
    pub(super) label: Label,
    /// Their prefixes and whole numbers, ascending.
    pub(super) texts: Vec<SmolStr>,
}

impl Class {
    /// A zone that only one catalog has, and that no rule there names: what becomes of it is told by the zone.
    pub(super) fn is_by_the_way(&self, footings: &[Footing<'_>; 2]) -> bool {
        let any = Reach::Number {
            sets: Vec::new(),
            visited: false,
        };
        [0, 1].into_iter().any(|side| {
            let (own, footing) = (&self.reach[side], &footings[side]);
            if self.reach[1 - side] != Reach::Unknown {
                return false;
            }
            let (mut named, mut unnamed) = (Vec::new(), Vec::new());
            footing.ladder(own, &mut named);
            footing.ladder(&any, &mut unnamed);
            named == unnamed
        })
    }
}

/// All destinations of two catalogs.
pub(super) struct Destinations {
    pub(super) classes: Vec<Class>,
    /// Zones of the old catalog that have another name now, and nothing else.
    pub(super) renamed: FxHashMap<SmolStr, SmolStr>,
    /// Texts of `Class::texts` that are whole numbers.
    pub(super) whole: FxHashSet<SmolStr>,
    /// All prefixes, ascending.
    prefixes: Vec<SmolStr>,
}

impl Destinations {
    /// Sorts the destinations of two catalogs into classes.
    pub(super) fn new(from: &Catalog, to: &Catalog) -> Destinations {
        let sides = [from, to];
        let collect = |texts: fn(&Deck) -> Vec<SmolStr>| {
            let mut all: Vec<SmolStr> = sides.iter().flat_map(|side| texts(&side.deck)).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let prefixes = collect(|deck| deck.by_text.keys().cloned().collect());
        let mut numbers = collect(|deck| deck.exact.keys().cloned().collect());
        // Emergency numbers have no price, and lines of their own.
        numbers.retain(|number| sides.iter().all(|side| !side.emergency.contains(number)));
        let mut destinations = Destinations {
            classes: Vec::new(),
            renamed: FxHashMap::default(),
            whole: numbers.iter().cloned().collect(),
            prefixes,
        };
        destinations.sort(sides, &numbers);
        destinations
    }

    fn sort(&mut self, sides: [&Catalog; 2], numbers: &[SmolStr]) {
        let mut index: FxHashMap<[Vec<u32>; 2], usize> = FxHashMap::default();
        let mut classes: Vec<([Vec<u32>; 2], Vec<SmolStr>)> = Vec::new();
        let mut add = |chains: [Vec<u32>; 2], text: Option<&SmolStr>| {
            let number = *index.entry(chains.clone()).or_insert_with(|| {
                classes.push((chains, Vec::new()));
                classes.len() - 1
            });
            classes[number].1.extend(text.cloned());
        };
        add(Default::default(), None);
        for text in &self.prefixes {
            add(
                sides.map(|side| chain(&side.deck, side.deck.beginning(text))),
                Some(text),
            );
        }
        for text in numbers {
            add(
                sides.map(|side| chain(&side.deck, side.deck.longest(text))),
                Some(text),
            );
        }
        self.find_renamed(sides, &classes);
        for (chains, texts) in classes {
            let label = self.label(sides, &chains);
            let [from, to] = chains.map(|sets| Reach::Number {
                sets,
                visited: false,
            });
            let reach = [from, to];
            self.classes.push(Class {
                reach,
                label,
                texts,
            });
        }
        self.named_zones(sides);
    }

    /// A zone of the old catalog is renamed if every number of it is in one zone now that was not there before,
    /// which has no other numbers.
    fn find_renamed(&mut self, sides: [&Catalog; 2], classes: &[([Vec<u32>; 2], Vec<SmolStr>)]) {
        let mut partners: [FxHashMap<SmolStr, Vec<Vec<SmolStr>>>; 2] = Default::default();
        for (chains, _) in classes {
            let zones = [0, 1].map(|side| zones(sides[side], &chains[side]));
            for side in [0, 1] {
                for zone in &zones[side] {
                    let known = partners[side].entry(zone.clone()).or_default();
                    if !known.contains(&zones[1 - side]) {
                        known.push(zones[1 - side].clone());
                    }
                }
            }
        }
        for old in &sides[0].destinations {
            let only = |side: usize, zone: &SmolStr| match partners[side].get(zone)?.as_slice() {
                [one] => match one.as_slice() {
                    [partner] => Some(partner.clone()),
                    _ => None,
                },
                _ => None,
            };
            let Some(new) = only(0, old) else { continue };
            let fresh = !sides[0].destinations.contains(&new);
            let gone = !sides[1].destinations.contains(old);
            if fresh && gone && only(1, &new).as_ref() == Some(old) {
                self.renamed.insert(old.clone(), new);
            }
        }
    }

    /// The name of a zone of the old catalog in the new one.
    pub(super) fn now(&self, zone: &SmolStr) -> SmolStr {
        self.renamed.get(zone).unwrap_or(zone).clone()
    }

    fn label(&self, sides: [&Catalog; 2], chains: &[Vec<u32>; 2]) -> Label {
        let old = zones(sides[0], &chains[0]);
        let new = zones(sides[1], &chains[1]);
        let mut now: Vec<SmolStr> = old.iter().map(|zone| self.now(zone)).collect();
        now.sort_unstable();
        match (now == new, new.is_empty()) {
            (true, true) => Label::Others,
            (true, false) => Label::Zones(new),
            (false, _) => Label::Moved(old, new),
        }
    }

    /// Zones that records name themselves. One that only one of the catalogs has counts where it has no
    /// prefixes: otherwise its prefixes tell what becomes of it.
    fn named_zones(&mut self, sides: [&Catalog; 2]) {
        let mut names: Vec<&SmolStr> = sides.iter().flat_map(|side| &side.destinations).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let find = |side: &Catalog| side.destinations.iter().position(|zone| zone == name);
            let found = sides.map(find);
            let one_sided = found.iter().any(Option::is_none);
            let listed = [0, 1]
                .into_iter()
                .any(|side| found[side].is_some_and(|zone| has_prefixes(sides[side], zone)));
            if one_sided && listed {
                continue;
            }
            let reach = found.map(|zone| zone.map_or(Reach::Unknown, Reach::Zone));
            let label = Label::Zones(vec![name.clone()]);
            let texts = Vec::new();
            self.classes.push(Class {
                reach,
                label,
                texts,
            });
        }
    }

    /// Classes of numbers of the country in which the member is, for networks of these countries.
    pub(super) fn visited(
        &self,
        sides: [&Catalog; 2],
        countries: &[[Option<SmolStr>; 2]],
    ) -> Vec<Class> {
        let mut reaches: Vec<[Reach; 2]> = Vec::new();
        for codes in countries {
            for code in codes.iter().flatten() {
                let from = self.prefixes.partition_point(|text| text < code);
                let longer = self.prefixes[from..].iter();
                let longer = longer.take_while(|text| text.starts_with(code.as_str()));
                for text in core::iter::once(code).chain(longer) {
                    let reach = [0, 1].map(|side| {
                        let deck = &sides[side].deck;
                        let here = codes[side].as_ref();
                        Reach::Number {
                            sets: chain(deck, deck.beginning(text)),
                            visited: here.is_some_and(|code| text.starts_with(code.as_str())),
                        }
                    });
                    if !reaches.contains(&reach) {
                        reaches.push(reach);
                    }
                }
            }
        }
        let class = |reach| Class {
            reach,
            label: Label::Visited,
            texts: Vec::new(),
        };
        reaches.into_iter().map(class).collect()
    }
}

/// Zone sets of a prefix and of those shorter than it, longest first.
fn chain(deck: &Deck, longest: Option<PrefixNo>) -> Vec<u32> {
    let entries = core::iter::successors(longest.and_then(|prefix| deck.entry(prefix)), |entry| {
        entry.shorter.and_then(|prefix| deck.entry(prefix))
    });
    entries.map(|entry| entry.zone_set).collect()
}

/// Names of the zones of the longest prefix, ascending.
fn zones(catalog: &Catalog, chain: &[u32]) -> Vec<SmolStr> {
    let set = chain
        .first()
        .and_then(|set| catalog.deck.zone_sets.get(*set as usize));
    let numbers = set.into_iter().flatten();
    let mut names: Vec<SmolStr> = numbers
        .filter_map(|zone| catalog.destinations.get(zone.index()).cloned())
        .collect();
    names.sort_unstable();
    names
}

fn has_prefixes(catalog: &Catalog, zone: usize) -> bool {
    let mut sets = catalog.deck.zone_sets.iter();
    sets.any(|set| set.iter().any(|member| member.index() == zone))
}
