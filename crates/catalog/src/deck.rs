//! The prefix deck: building it, and the longest prefix of a number.

use crate::packed::Packed;
use crate::tables::{Deck, PrefixEntry};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use umbral_model::ids::{DestinationNo, PrefixNo};

impl Deck {
    /// A deck of prefixes and the zones that list them. A prefix that comes twice belongs to the zones of
    /// both. Prefixes are numbered in order of first appearance.
    pub fn build(listed: impl IntoIterator<Item = (SmolStr, DestinationNo)>) -> Deck {
        let mut deck = Deck::default();
        let mut zones_of: Vec<Vec<DestinationNo>> = Vec::new();
        for (text, zone) in listed {
            let number = *deck.by_text.entry(text).or_insert_with_key(|text| {
                deck.prefixes.push(text.clone());
                zones_of.push(Vec::new());
                PrefixNo(deck.prefixes.len() as u32 - 1)
            });
            zones_of[number.index()].push(zone);
        }
        deck.lengths = deck
            .prefixes
            .iter()
            .map(|text| text.len().min(255) as u8)
            .collect();
        deck.lengths.sort_unstable_by(|a, b| b.cmp(a));
        deck.lengths.dedup();
        let mut set_numbers: FxHashMap<Vec<DestinationNo>, u32> = FxHashMap::default();
        for (index, mut zones) in zones_of.into_iter().enumerate() {
            zones.sort_unstable();
            zones.dedup();
            let next = deck.zone_sets.len() as u32;
            let zone_set = *set_numbers.entry(zones).or_insert_with_key(|zones| {
                deck.zone_sets.push(zones.clone());
                next
            });
            let text = &deck.prefixes[index];
            let shorter = text
                .len()
                .checked_sub(1)
                .and_then(|len| deck.within(text, len));
            deck.entries.push(PrefixEntry { zone_set, shorter });
        }
        let zone_sets = deck.entries.iter().map(|entry| entry.zone_set);
        let prefixes = deck.prefixes.iter().map(SmolStr::as_str).zip(zone_sets);
        deck.packed = Packed::of(prefixes);
        deck
    }

    /// Adds whole numbers and their zones; a number that is there already keeps its zone. They lead to no
    /// shorter prefix: a short code is no beginning of an international number.
    pub fn add_exact(&mut self, listed: impl IntoIterator<Item = (SmolStr, DestinationNo)>) {
        let mut alone: FxHashMap<DestinationNo, u32> = FxHashMap::default();
        for (set, zones) in (0..).zip(&self.zone_sets) {
            if let [zone] = zones.as_slice() {
                alone.insert(*zone, set);
            }
        }
        for (text, zone) in listed {
            if self.exact.contains_key(&text) {
                continue;
            }
            let zone_set = *alone.entry(zone).or_insert_with(|| {
                self.zone_sets.push(vec![zone]);
                self.zone_sets.len() as u32 - 1
            });
            let number = PrefixNo(self.entries.len() as u32);
            self.entries.push(PrefixEntry {
                zone_set,
                shorter: None,
            });
            self.prefixes.push(text.clone());
            self.exact.insert(text, number);
        }
    }

    /// The longest prefix that `number` begins with. The empty prefix matches every number.
    pub fn longest(&self, number: &str) -> Option<PrefixNo> {
        Some(self.look_up(number, true)?.0)
    }

    /// The longest prefix of a number of which only the beginning is known, so that it is no whole number.
    pub fn beginning(&self, number: &str) -> Option<PrefixNo> {
        Some(self.look_up(number, false)?.0)
    }

    /// The longest prefix that `number` begins with, or the number itself if it is `whole` and one of the
    /// deck; and its zone set.
    pub fn look_up(&self, number: &str, whole: bool) -> Option<(PrefixNo, u32)> {
        if whole
            && !self.exact.is_empty()
            && let Some(exact) = self.exact.get(number)
        {
            return Some((*exact, self.entry(*exact)?.zone_set));
        }
        match &self.packed {
            Some(packed) => packed.within(number, number.len()),
            None => {
                let prefix = self.within(number, number.len())?;
                Some((prefix, self.entry(prefix)?.zone_set))
            }
        }
    }

    /// The next shorter prefix that a prefix begins with, and its zone set.
    pub fn shorter(&self, prefix: PrefixNo) -> Option<(PrefixNo, u32)> {
        let shorter = self.entry(prefix)?.shorter?;
        Some((shorter, self.entry(shorter)?.zone_set))
    }

    /// The entry of a prefix.
    pub fn entry(&self, prefix: PrefixNo) -> Option<PrefixEntry> {
        self.entries.get(prefix.index()).copied()
    }

    /// The longest prefix of `number` of at most `longest` bytes.
    fn within(&self, number: &str, longest: usize) -> Option<PrefixNo> {
        self.lengths
            .iter()
            .map(|length| usize::from(*length))
            .filter(|length| *length <= longest)
            .filter_map(|length| number.get(..length))
            .find_map(|beginning| self.by_text.get(beginning).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_prefixes_are_those_of_the_texts() {
        let listed = |step: u64| {
            (0..3_000u64).map(move |n| (n * n * step % 10u64.pow(1 + (n % 12) as u32)).to_string())
        };
        let short = ["", "0", "00", "3", "34", "1"].map(str::to_owned);
        let texts = listed(7).chain(short);
        let deck = Deck::build(texts.map(|text| (text.into(), DestinationNo(0))));
        assert!(deck.packed.is_some());
        let others = [
            "",
            "0",
            "9",
            "12",
            "+34",
            "3é",
            "34a",
            "00000000000000000000000001",
        ];
        let numbers = listed(11).chain(listed(7).map(|text| text + "55"));
        for number in numbers.chain(others.map(str::to_owned)) {
            let by_text = deck.within(&number, number.len());
            assert_eq!(deck.beginning(&number), by_text, "{number}");
        }
        let lettered = Deck::build([("a1".into(), DestinationNo(0))]);
        assert!(lettered.packed.is_none() && lettered.beginning("a12").is_some());
    }

    fn text(deck: &Deck, number: Option<PrefixNo>) -> Option<&str> {
        number.map(|number| deck.prefixes[number.index()].as_str())
    }

    #[test]
    fn the_longest_prefix_wins_and_leads_to_the_shorter_ones() {
        let listed = [
            ("34", 0),
            ("346", 1),
            ("34600", 2),
            ("", 3),
            ("+49", 4),
            ("346", 5),
        ];
        let deck = Deck::build(listed.map(|(prefix, zone)| (prefix.into(), DestinationNo(zone))));
        for (number, expected) in [
            ("34600111", "34600"),
            ("3461", "346"),
            ("349", "34"),
            ("3", ""),
            ("", ""),
            ("+4915", "+49"),
            ("é", ""),
        ] {
            assert_eq!(
                text(&deck, deck.longest(number)),
                Some(expected),
                "{number}"
            );
        }
        let chain: Vec<_> = std::iter::successors(deck.longest("346001"), |prefix| {
            deck.entry(*prefix).and_then(|entry| entry.shorter)
        })
        .map(|prefix| deck.prefixes[prefix.index()].as_str())
        .collect();
        assert_eq!(chain, ["34600", "346", "34", ""]);
        let entry = deck.entry(deck.longest("346").unwrap()).unwrap();
        assert_eq!(
            deck.zone_sets[entry.zone_set as usize],
            [DestinationNo(1), DestinationNo(5)]
        );
    }

    #[test]
    fn a_deck_without_the_empty_prefix_may_match_nothing() {
        let deck = Deck::build([("34".into(), DestinationNo(0))]);
        assert_eq!(deck.longest("35"), None);
        assert_eq!(deck.longest(""), None);
    }
}
