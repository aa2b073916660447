//! Numbers that look like chance and come from the seed: splitmix64, in integers only.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of numbers.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(mix(seed ^ 0x756d_6272_616c))
    }

    /// Any 64-bit number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number from 0 to `end - 1`; `end` is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        scale(self.next(), end)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// A number from 0 to `end - 1`, small ones far more often: as many of them below a quarter of a rank as
    /// between it and the rank.
    pub(crate) fn skewed_below(&mut self, end: u64) -> u64 {
        let number = self.next();
        scale(scale(number, number), end)
    }
}

/// The same number for the same input, without a stream: what a line is like.
pub(crate) fn mix(input: u64) -> u64 {
    let mut word = input.wrapping_add(STEP);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn scale(number: u64, end: u64) -> u64 {
    ((u128::from(number) * u128::from(end)) >> 64) as u64
}
