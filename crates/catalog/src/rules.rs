//! Rules by number, and lists of them, without saying anything twice: a rule for a thousand zones is a
//! thousand numbers, but its terms are kept once.

use crate::tables::Rule;
use core::ops::Index;
use std::sync::Arc;
use umbral_model::ids::{DestinationNo, RuleNo};

/// Zones are fewer than this number.
const NO_ZONE: u16 = u16::MAX;

/// All rules by number. A rule for several zones has a number for each, in a row.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    terms: Vec<Rule>,
    /// Index into `terms` by number.
    terms_of: Vec<u32>,
    /// Zone by number, `NO_ZONE` for none.
    zones: Vec<u16>,
}

impl Rules {
    /// Adds a rule for one zone, or for none.
    pub fn push(&mut self, rule: Rule, zone: Option<DestinationNo>) -> RuleNo {
        let number = RuleNo(self.zones.len() as u32);
        self.add(zone.map_or(NO_ZONE, |zone| zone.0));
        self.terms.push(rule);
        number
    }

    /// Adds a rule for each of these zones, and returns the number of the first one.
    pub fn push_for_zones(&mut self, rule: Rule, zones: &[DestinationNo]) -> RuleNo {
        let first = RuleNo(self.zones.len() as u32);
        zones.iter().for_each(|zone| self.add(zone.0));
        self.terms.push(rule);
        first
    }

    fn add(&mut self, zone: u16) {
        self.terms_of.push(self.terms.len() as u32);
        self.zones.push(zone);
    }

    /// The terms of the rule with this number.
    pub fn get(&self, number: usize) -> Option<&Rule> {
        self.terms.get(*self.terms_of.get(number)? as usize)
    }

    /// The zone of the rule with this number, if it has one.
    pub fn zone(&self, number: RuleNo) -> Option<DestinationNo> {
        let zone = self.zones.get(number.index()).copied();
        zone.filter(|zone| *zone != NO_ZONE).map(DestinationNo)
    }

    /// The terms of each number in order; those of a rule for several zones come once for each.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.terms_of
            .iter()
            .map(|terms| &self.terms[*terms as usize])
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.zones.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.zones.is_empty()
    }

    /// Terms of all rules in order of numbers, those for several zones once.
    pub fn terms(&self) -> &[Rule] {
        &self.terms
    }

    /// Gives back what is not needed once all rules are there.
    pub(crate) fn shrink(&mut self) {
        self.terms.shrink_to_fit();
        self.terms_of.shrink_to_fit();
        self.zones.shrink_to_fit();
    }
}

impl Index<usize> for Rules {
    type Output = Rule;

    fn index(&self, number: usize) -> &Rule {
        &self.terms[self.terms_of[number] as usize]
    }
}

/// Lists of rules by number of a zone or zone set, without a hole in memory. Several tables may share them.
#[derive(Clone, Debug, Default)]
pub struct RuleLists {
    lists: Arc<Lists>,
    /// Which list each key has.
    list_of: Arc<[u32]>,
}

#[derive(Debug, Default)]
struct Lists {
    /// Where each list begins in `rules`; one more than there are lists.
    starts: Vec<u32>,
    rules: Vec<RuleNo>,
}

impl RuleLists {
    /// Packs lists; the key of each is its index.
    pub fn pack(lists: &[Vec<RuleNo>]) -> RuleLists {
        let entries = || {
            (0..)
                .zip(lists)
                .flat_map(|(key, list)| list.iter().map(move |rule| (key, *rule)))
        };
        RuleLists::of_entries(lists.len(), (0..lists.len() as u32).collect(), entries)
    }

    /// Packs entries of list and rule, given twice in the same order, into so many lists.
    pub(crate) fn of_entries<E: Iterator<Item = (u32, RuleNo)>>(
        count: usize,
        list_of: Arc<[u32]>,
        entries: impl Fn() -> E,
    ) -> RuleLists {
        let mut starts = vec![0u32; count + 1];
        for (list, _) in entries() {
            starts[list as usize + 1] += 1;
        }
        for list in 0..count {
            starts[list + 1] += starts[list];
        }
        let mut rules = vec![RuleNo(0); starts[count] as usize];
        let mut next = starts.clone();
        for (list, rule) in entries() {
            let at = &mut next[list as usize];
            rules[*at as usize] = rule;
            *at += 1;
        }
        RuleLists {
            lists: Arc::new(Lists { starts, rules }),
            list_of,
        }
    }

    /// The same lists under other keys.
    pub(crate) fn keyed(&self, list_of: Arc<[u32]>) -> RuleLists {
        RuleLists {
            lists: Arc::clone(&self.lists),
            list_of,
        }
    }

    /// The list with this key; empty where there is none.
    pub fn get(&self, key: usize) -> &[RuleNo] {
        let Some(list) = self.list_of.get(key).map(|list| *list as usize) else {
            return &[];
        };
        let lists = &*self.lists;
        match (lists.starts.get(list), lists.starts.get(list + 1)) {
            (Some(from), Some(to)) => &lists.rules[*from as usize..*to as usize],
            _ => &[],
        }
    }

    /// The lists in order of keys.
    pub fn iter(&self) -> impl Iterator<Item = &[RuleNo]> {
        (0..self.list_of.len()).map(|key| self.get(key))
    }

    /// Whether no list has a rule.
    pub fn is_empty(&self) -> bool {
        self.lists.rules.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_lists_are_the_lists() {
        let lists = [vec![], vec![RuleNo(3), RuleNo(1)], vec![], vec![RuleNo(7)]];
        let packed = RuleLists::pack(&lists);
        let back: Vec<Vec<RuleNo>> = packed.iter().map(<[RuleNo]>::to_vec).collect();
        assert_eq!(back, lists);
        assert_eq!(packed.get(1), [RuleNo(3), RuleNo(1)]);
        assert!(packed.get(4).is_empty());
        assert!(!packed.is_empty());
        assert!(RuleLists::pack(&[vec![], vec![]]).is_empty());
        assert!(RuleLists::default().get(0).is_empty());
        let other = packed.keyed([3, 0].into());
        assert_eq!((other.get(0), other.get(1)), (&[RuleNo(7)][..], &[][..]));
        assert_eq!(other.iter().count(), 2);
    }

    #[test]
    fn a_rule_for_several_zones_has_a_number_for_each() {
        let rule = |label: &str| Rule {
            plan: 0,
            label: label.into(),
            services: Vec::new(),
            direction: None,
            roaming: None,
            visited: false,
            band: None,
            priority: 0,
            rate: umbral_model::ids::RateNo(0),
        };
        let mut rules = Rules::default();
        rules.push(rule("a"), None);
        let first = rules.push_for_zones(rule("b"), &[DestinationNo(9), DestinationNo(4)]);
        rules.push(rule("c"), Some(DestinationNo(1)));
        assert_eq!((first, rules.len()), (RuleNo(1), 4));
        let told = |number: u32| {
            let rule = rules.get(number as usize)?;
            Some((rule.label.as_str(), rules.zone(RuleNo(number))))
        };
        assert_eq!(told(0), Some(("a", None)));
        assert_eq!(told(1), Some(("b", Some(DestinationNo(9)))));
        assert_eq!(told(2), Some(("b", Some(DestinationNo(4)))));
        assert_eq!(told(3), Some(("c", Some(DestinationNo(1)))));
        assert_eq!(told(4), None);
        assert_eq!(rules.terms().len(), 3);
        let labels: Vec<&str> = rules.iter().map(|rule| rule.label.as_str()).collect();
        assert_eq!(labels, ["a", "b", "b", "c"]);
    }
}
