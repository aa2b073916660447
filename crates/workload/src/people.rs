//! Who there is. What a line and its account are like is a function of the seed and the line's number; only
//! what an account owes is kept.

use crate::random::{Random, mix};
use crate::text::Text;
use smol_str::SmolStr;

/// Lines are given out in groups of ten: five single ones, a couple, and either a company of three or
/// three more single ones.
const GROUP: u32 = 10;
const COUPLE: u32 = 5;
const COMPANY: u32 = 7;

/// A credit class of the demo catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Standard,
    Vip,
    Prepaid,
    Business,
}

/// All lines and accounts. An account goes by the number of its first line, its owner.
pub(crate) struct People {
    lines: u32,
    seed: u64,
    // An odd step without a common divisor with `lines`, so that heavy users are spread over all numbers.
    stride: u64,
    // About what each owner owes for the running month, in 10^-4 EUR: the billing system's knowledge.
    owed: Vec<u32>,
}

impl People {
    pub(crate) fn new(lines: u32, seed: u64) -> People {
        // Larger than any number of lines and prime, so it divides none.
        const STRIDE: u64 = 2_654_435_761;
        People {
            lines,
            seed: mix(seed),
            stride: STRIDE,
            owed: vec![0; lines as usize],
        }
    }

    pub(crate) fn lines(&self) -> u32 {
        self.lines
    }

    /// The owner of a line's account.
    pub(crate) fn owner(&self, line: u32) -> u32 {
        let in_group = line % GROUP;
        let group = line - in_group;
        match in_group {
            COUPLE | 6 => group + COUPLE,
            COMPANY..GROUP if self.has_company(group) => group + COMPANY,
            _ => line,
        }
    }

    /// The first owner at or after a line.
    pub(crate) fn owner_from(&self, line: u32) -> Option<u32> {
        (line..self.lines).find(|line| self.owner(*line) == *line)
    }

    /// The class of an owner's account.
    pub(crate) fn class(&self, owner: u32) -> Class {
        if owner % GROUP == COMPANY && self.has_company(owner - COMPANY) {
            return Class::Business;
        }
        match self.trait_of(owner, 1) % 100 {
            0..62 => Class::Standard,
            62..66 => Class::Vip,
            _ => Class::Prepaid,
        }
    }

    fn has_company(&self, group: u32) -> bool {
        self.trait_of(group, 2) % 100 < 30
    }

    /// A number that a line has for good: one for each `kind`.
    pub(crate) fn trait_of(&self, line: u32, kind: u64) -> u64 {
        mix(self.seed ^ (u64::from(line) << 8) ^ kind)
    }

    /// Who acts: two of three times anybody, else by rank, the first ones far more than the rest.
    pub(crate) fn somebody(&self, random: &mut Random) -> u32 {
        let lines = u64::from(self.lines);
        let line = if random.below(3) < 2 {
            random.below(lines)
        } else {
            random.skewed_below(lines) * self.stride % lines
        };
        line as u32
    }

    /// Puts an amount in 10^-4 EUR on an owner's next bill.
    pub(crate) fn owe(&mut self, owner: u32, amount: u64) {
        let owed = &mut self.owed[owner as usize];
        *owed = owed.saturating_add(amount.min(u64::from(u32::MAX)) as u32);
    }

    /// What an owner owes, in 10^-4 EUR, and begins anew.
    pub(crate) fn settle(&mut self, owner: u32) -> u32 {
        std::mem::take(&mut self.owed[owner as usize])
    }
}

/// The account's id.
pub(crate) fn account_id(owner: u32) -> SmolStr {
    Text::new("A").number(u64::from(owner) + 1, 7).into_smol()
}

/// A member's id; unique over all accounts.
pub(crate) fn member_id(line: u32) -> SmolStr {
    Text::new("M").number(u64::from(line) + 1, 7).into_smol()
}

/// A line's number: 346 and eight digits.
pub(crate) fn msisdn(line: u32) -> SmolStr {
    Text::new("346").number(u64::from(line), 8).into_smol()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(people: &People) -> Vec<u32> {
        let lines = 0..people.lines();
        lines.filter(|line| people.owner(*line) == *line).collect()
    }

    #[test]
    fn every_line_has_an_owner_that_owns_itself() {
        for lines in [1, 6, 9, 10, 1234] {
            let people = People::new(lines, 5);
            let mut count = 0;
            for line in 0..lines {
                let owner = people.owner(line);
                assert!(owner <= line && people.owner(owner) == owner);
                count += u32::from(owner == line);
            }
            assert_eq!(owners(&people).len() as u32, count);
            let mut walked = 0;
            let mut at = 0;
            while let Some(owner) = people.owner_from(at) {
                (walked, at) = (walked + 1, owner + 1);
            }
            assert_eq!(walked, count);
        }
    }

    #[test]
    fn classes_and_heavy_users_have_their_shares() {
        let people = People::new(100_000, 5);
        let mut shares = [0u32; 4];
        for owner in owners(&people) {
            shares[people.class(owner) as usize] += 1;
        }
        let total: u32 = shares.iter().sum();
        assert!(shares.iter().all(|share| share * 50 > total), "{shares:?}");

        let mut random = Random::new(3);
        let mut acts = vec![0u32; 100_000];
        for _ in 0..1_000_000 {
            acts[people.somebody(&mut random) as usize] += 1;
        }
        acts.sort_unstable_by(|a, b| b.cmp(a));
        let top: u32 = acts[..1000].iter().sum();
        assert!(
            (30_000..100_000).contains(&top),
            "the top 1 % act {top} times"
        );
    }
}
