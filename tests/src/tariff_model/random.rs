//! Random choices from a seed, or from bytes while there are some.

/// A stream of numbers that a seed fixes (SplitMix64), behind bytes that choose as long as they last.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
    bytes: std::vec::IntoIter<u8>,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            bytes: Vec::new().into_iter(),
        }
    }

    /// Two bytes a choice; what comes behind them follows from all of them.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Random {
        let add = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Random {
            bytes: Vec::from(bytes).into_iter(),
            ..Random::new(bytes.iter().fold(0xcbf2_9ce4_8422_2325, add))
        }
    }

    fn next(&mut self) -> u64 {
        if let (Some(low), high) = (self.bytes.next(), self.bytes.next()) {
            return u64::from(low) | u64::from(high.unwrap_or(0)) << 8;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` up to `to`, both possible.
    pub(crate) fn within(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1) as u64) as i64
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// True so often in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn maybe<T>(
        &mut self,
        percent: u64,
        make: impl FnOnce(&mut Random) -> T,
    ) -> Option<T> {
        self.chance(percent).then(|| make(self))
    }
}
