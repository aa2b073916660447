//! Keys of the inputs that an account took, for as long as a repeat must be recognised: 48 bits of the
//! key's hash and 16 of the body's in one word, grouped by the day on which they may be forgotten.

use hashbrown::HashTable;
use smallvec::SmallVec;
use thin_vec::ThinVec;
use umbral_model::input::{Body, Input, InputKey};
use umbral_model::time::{NANOS_PER_DAY, Timestamp};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

const KEY_MASK: u64 = !0xffff;
/// Above this many keys a table finds them; below, looking through all is faster.
const SCAN_LIMIT: usize = 192;

/// How long repeats are recognised, in whole days of an input's age.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Windows {
    /// Usage at home.
    pub usage_days: u16,
    /// Usage abroad.
    pub roaming_days: u16,
    /// Everything else.
    pub other_days: u16,
}

impl Default for Windows {
    fn default() -> Self {
        Windows {
            usage_days: 7,
            roaming_days: 45,
            other_days: 90,
        }
    }
}

impl Windows {
    /// The window of an input, in days.
    pub fn of(&self, input: &Input) -> u16 {
        match &input.body {
            Body::Usage(usage) => self.of_usage(usage.is_abroad()),
            _ => self.other_days,
        }
    }

    /// The window of usage, in days.
    pub fn of_usage(&self, abroad: bool) -> u16 {
        match abroad {
            true => self.roaming_days,
            false => self.usage_days,
        }
    }

    /// Whether the input is older than its window at `clock`.
    pub fn is_past(&self, input: &Input, clock: Timestamp) -> bool {
        clock.since(input.occurred_at) > i64::from(self.of(input)) * NANOS_PER_DAY
    }
}

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    New,
    Repeat,
    OtherBody,
}

/// The key word of an input: hash of sender and id above, hash of the body below.
pub(crate) fn input_word(key: &InputKey, body_hash: u64) -> u64 {
    key_word(key.source.as_str(), key.event_id.as_str(), body_hash)
}

/// As `input_word`, of the key's two texts.
pub(crate) fn key_word(source: &str, event_id: &str, body_hash: u64) -> u64 {
    word(&[source, event_id], body_hash)
}

/// The key word of a purchase, so that the same purchase under another input key is seen.
pub(crate) fn purchase_word(key: &InputKey, purchase: &str) -> u64 {
    word(&["purchase", key.source.as_str(), purchase], 0)
}

fn word(parts: &[&str], low: u64) -> u64 {
    let mut bytes: SmallVec<[u8; 96]> = SmallVec::new();
    for part in parts {
        bytes.extend_from_slice(part.as_bytes());
        bytes.push(0xff);
    }
    (xxh3_64(&bytes) & KEY_MASK) | (low & !KEY_MASK)
}

/// The keys of one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dedup {
    /// First one word a group: the day after which its keys may be forgotten above, how many below,
    /// ascending by day. Then the keys, group by group.
    words: ThinVec<u64>,
    groups: u32,
    /// Finds keys where there are many.
    table: Option<Box<HashTable<u64>>>,
}

/// A group's word. Days are above zero after 1970, and order as the words do.
fn group_word(day: u32, count: u32) -> u64 {
    u64::from(day) << 32 | u64::from(count)
}

fn day_of_group(word: u64) -> u32 {
    (word >> 32) as u32
}

fn count_of_group(word: u64) -> usize {
    word as u32 as usize
}

impl Dedup {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.words.len() - self.groups as usize
    }

    fn keys(&self) -> &[u64] {
        &self.words[self.groups as usize..]
    }

    /// Reads where the keys are.
    pub(crate) fn touch(&self) -> u64 {
        u64::from(self.groups) ^ u64::from(self.table.is_some())
    }

    /// Reads the first and the last key, so that they are near when they are needed.
    pub(crate) fn touch_keys(&self) -> u64 {
        self.words.first().unwrap_or(&0) ^ self.words.last().unwrap_or(&0)
    }

    /// Whether the key was taken.
    pub(crate) fn check(&self, word: u64) -> Seen {
        let same_key = |known: &u64| (known ^ word) & KEY_MASK == 0;
        let found = match &self.table {
            Some(table) => table.find(spread(word), same_key).copied(),
            None => self.keys().iter().find(|known| same_key(known)).copied(),
        };
        match found {
            None => Seen::New,
            Some(known) if known == word => Seen::Repeat,
            Some(_) => Seen::OtherBody,
        }
    }

    /// Takes a key that is to be kept until the clock passes `keep_until`, and forgets what `clock` passed.
    pub(crate) fn insert(&mut self, word: u64, keep_until: Timestamp, clock: Timestamp) {
        self.forget(day_of(clock));
        let position = self.make_room(day_of(keep_until));
        self.words.insert(position, word);
        if let Some(table) = &mut self.table {
            table.insert_unique(spread(word), word, |known| spread(*known));
        } else if self.keys().len() > SCAN_LIMIT {
            self.build_table();
        }
    }

    /// Counts one more key in the group of a day, and gives the place behind its last key.
    fn make_room(&mut self, day: u32) -> usize {
        let groups = &self.words[..self.groups as usize];
        let at = groups.partition_point(|group| day_of_group(*group) < day);
        let before: usize = groups[..at]
            .iter()
            .map(|group| count_of_group(*group))
            .sum();
        match self.words[..self.groups as usize].get_mut(at) {
            Some(group) if day_of_group(*group) == day => *group += 1,
            _ => {
                self.words.insert(at, group_word(day, 1));
                self.groups += 1;
            }
        }
        self.groups as usize + before + count_of_group(self.words[at]) - 1
    }

    /// Forgets a key, so that its input can come again.
    pub(crate) fn release(&mut self, word: u64) {
        let same_key = |known: &u64| (known ^ word) & KEY_MASK == 0;
        let Some(index) = self.keys().iter().position(same_key) else {
            return;
        };
        let first_key = self.groups as usize;
        let taken = self.words.remove(first_key + index);
        if let Some(table) = &mut self.table
            && let Ok(entry) = table.find_entry(spread(taken), |known| *known == taken)
        {
            entry.remove();
        }
        let mut before = 0;
        let of_key = self.words[..first_key].iter().position(|group| {
            before += count_of_group(*group);
            index < before
        });
        let Some(group) = of_key else { return };
        self.words[group] -= 1;
        if count_of_group(self.words[group]) == 0 {
            self.words.remove(group);
            self.groups -= 1;
        }
    }

    fn forget(&mut self, today: u32) {
        let groups = &self.words[..self.groups as usize];
        let past = groups.partition_point(|group| day_of_group(*group) < today);
        if past == 0 {
            return;
        }
        let keys: usize = groups[..past]
            .iter()
            .map(|group| count_of_group(*group))
            .sum();
        let first_key = self.groups as usize;
        for word in self.words.drain(first_key..first_key + keys) {
            let Some(table) = &mut self.table else {
                continue;
            };
            if let Ok(entry) = table.find_entry(spread(word), |known| *known == word) {
                entry.remove();
            }
        }
        self.words.drain(..past);
        self.groups -= past as u32;
        if self.keys().len() <= SCAN_LIMIT / 2 {
            self.table = None;
        }
    }

    fn build_table(&mut self) {
        let mut table = HashTable::with_capacity(self.keys().len() * 2);
        for word in self.keys() {
            table.insert_unique(spread(*word), *word, |known| spread(*known));
        }
        self.table = Some(Box::new(table));
    }

    /// The words and how many of them are groups: all that is state.
    pub(crate) fn parts(&self) -> (u32, &[u64]) {
        (self.groups, &self.words)
    }

    /// The keys from their parts; none if these cannot be.
    pub(crate) fn from_parts(groups: u32, words: ThinVec<u64>) -> Option<Dedup> {
        let (heads, keys) = words.split_at_checked(groups as usize)?;
        let counted = heads
            .iter()
            .map(|group| count_of_group(*group))
            .sum::<usize>();
        let in_order = heads.is_sorted_by(|a, b| day_of_group(*a) < day_of_group(*b));
        if counted != keys.len() || !in_order {
            return None;
        }
        let mut dedup = Dedup {
            words,
            groups,
            table: None,
        };
        if dedup.keys().len() > SCAN_LIMIT {
            dedup.build_table();
        }
        Some(dedup)
    }

    /// Feeds the keys to a hash of the state.
    pub(crate) fn hash_into(&self, hasher: &mut Xxh3) {
        hasher.update(&self.groups.to_le_bytes());
        for word in &self.words {
            hasher.update(&word.to_le_bytes());
        }
    }
}

/// The key's bits spread over the whole word, as the table's hash.
fn spread(word: u64) -> u64 {
    (word >> 16).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The UTC day; days before 1970 count as its first.
fn day_of(at: Timestamp) -> u32 {
    u32::try_from(at.nanos().div_euclid(NANOS_PER_DAY)).unwrap_or(0)
}

/// Until when a key of an input of that time is kept, with a window of so many days.
pub(crate) fn keep_until(occurred_at: Timestamp, days: u16) -> Timestamp {
    occurred_at.plus_nanos(i64::from(days) * NANOS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use umbral_model::ids::{EventId, Source};

    fn key(id: &str) -> InputKey {
        InputKey {
            source: Source::from("med"),
            event_id: EventId::from(id),
        }
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_nanos(number * NANOS_PER_DAY)
    }

    #[test]
    fn repeats_and_reused_keys_are_told_apart_until_their_day_is_over() {
        let mut dedup = Dedup::default();
        dedup.insert(input_word(&key("a"), 7), day(10), day(3));
        assert_eq!(dedup.check(input_word(&key("a"), 7)), Seen::Repeat);
        assert_eq!(dedup.check(input_word(&key("a"), 8)), Seen::OtherBody);
        assert_eq!(dedup.check(input_word(&key("b"), 7)), Seen::New);
        dedup.insert(input_word(&key("b"), 7), day(17), day(10));
        assert_eq!(
            dedup.check(input_word(&key("a"), 7)),
            Seen::Repeat,
            "its last day is not over"
        );
        dedup.insert(input_word(&key("c"), 7), day(18), day(11));
        assert_eq!(
            dedup.check(input_word(&key("a"), 7)),
            Seen::New,
            "forgotten"
        );
    }

    #[test]
    fn many_keys_of_mixed_windows_are_found_and_forgotten() {
        let mut dedup = Dedup::default();
        for n in 0..2_000i64 {
            let window = if n % 5 == 0 { 90 } else { 7 };
            dedup.insert(
                input_word(&key(&n.to_string()), 1),
                day(n / 10 + window),
                day(n / 10),
            );
        }
        for (n, seen) in [
            (1_999, Seen::Repeat),
            (1_931, Seen::Repeat),
            (1_111, Seen::New),
        ] {
            assert_eq!(
                dedup.check(input_word(&key(&n.to_string()), 1)),
                seen,
                "key {n}"
            );
        }
        assert_eq!(
            dedup.check(input_word(&key("1100"), 1)),
            Seen::Repeat,
            "kept for 90 days"
        );
        assert_eq!(dedup.check(input_word(&key("1100"), 2)), Seen::OtherBody);
        assert_eq!(
            dedup.check(input_word(&key("900"), 1)),
            Seen::New,
            "over 90 days"
        );
    }
}
