//! Where the account of a hash is: open addressing with the slot's number and a part of the hash in one word,
//! so that a look-up costs one line of memory before the account itself. Accounts are never taken out.

/// A word of the table: the upper half of the hash, then the slot.
const EMPTY: u64 = u64::MAX;
const SMALLEST: usize = 16;

/// A table from hashes to slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// A power of two of words, or none.
    words: Vec<u64>,
    count: usize,
}

impl Index {
    /// The slot with this hash for which `is_it` holds.
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.words.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        loop {
            let word = self.words[at];
            if word == EMPTY {
                return None;
            }
            if tag(word) == tag(hash) && is_it(slot(word)) {
                return Some(slot(word));
            }
            at = (at + 1) & (self.words.len() - 1);
        }
    }

    /// The slot with this hash, as far as the table alone knows.
    pub(crate) fn likely(&self, hash: u64) -> Option<u32> {
        self.find(hash, |_| true)
    }

    /// Adds a slot that is not in the table; `hash_of` gives the hash of one that is.
    pub(crate) fn insert(&mut self, hash: u64, slot: u32, hash_of: impl Fn(u32) -> u64) {
        self.reserve(1, hash_of);
        self.put(hash, slot);
        self.count += 1;
    }

    /// Makes room for so many slots more: a quarter of the words is kept free.
    pub(crate) fn reserve(&mut self, slots: usize, hash_of: impl Fn(u32) -> u64) {
        let needed = (self.count + slots).div_ceil(3) * 4;
        if needed <= self.words.len() {
            return;
        }
        let room = needed.next_power_of_two().max(SMALLEST);
        let old = std::mem::replace(&mut self.words, vec![EMPTY; room]);
        for word in old.into_iter().filter(|word| *word != EMPTY) {
            let slot = slot(word);
            self.put(hash_of(slot), slot);
        }
    }

    fn put(&mut self, hash: u64, slot: u32) {
        let mut at = self.home(hash);
        while self.words[at] != EMPTY {
            at = (at + 1) & (self.words.len() - 1);
        }
        self.words[at] = u64::from(tag(hash)) << 32 | u64::from(slot);
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize & self.words.len().wrapping_sub(1)
    }
}

fn tag(word: u64) -> u32 {
    (word >> 32) as u32
}

fn slot(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_whatever_their_hashes_share() {
        for shift in [0, 20, 32, 50] {
            let hash = |slot: u32| (u64::from(slot) / 3) << shift;
            let mut index = Index::default();
            assert_eq!(index.find(7, |_| true), None);
            assert_eq!(index.likely(7), None);
            for slot in 0..1_000 {
                index.insert(hash(slot), slot, hash);
            }
            for wanted in 0..1_000 {
                assert_eq!(
                    index.find(hash(wanted), |slot| slot == wanted),
                    Some(wanted)
                );
            }
            assert_eq!(index.find(hash(2_000), |slot| slot == 2_000), None);
        }
    }
}
