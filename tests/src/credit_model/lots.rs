//! A life from bytes.

use super::{Happening, What};
use crate::tariff_model::random::Random;

/// Things that happen in one life.
const MOST: usize = 120;
/// Octets of which one thing is chosen, or more.
const OCTETS: usize = 10;

/// What bytes choose; the longer they are, the more happens.
pub(super) fn happenings(bytes: &[u8]) -> Vec<Happening> {
    let mut random = Random::of_bytes(bytes);
    let count = (bytes.len() / OCTETS).clamp(1, MOST);
    (0..count).map(|_| happening(&mut random)).collect()
}

fn happening(random: &mut Random) -> Happening {
    let after = match random.chance(50) {
        true => random.within(1, 4_000),
        false => 60 * random.within(1, 60),
    };
    Happening {
        after,
        late: random.maybe(33, |r| r.within(0, 8_000)).unwrap_or(0),
        what: what(random),
    }
}

/// Any amount in cents, or one of a coarse grid on which thresholds and their margins lie. None is zero.
fn amount(random: &mut Random, from: i64, to: i64) -> i64 {
    let cents = match random.chance(50) {
        true => random.within(from, to),
        false => random.within(from / 700, to / 700) * 700,
    };
    if cents == 0 { to } else { cents }
}

fn what(random: &mut Random) -> What {
    match random.below(49) {
        0..=5 => What::Voice(random.within(1, 900).cast_unsigned()),
        6..=8 => What::Voice(100 * random.within(1, 9).cast_unsigned()),
        9..=13 => What::Data(random.within(1, 20_000).cast_unsigned(), random.chance(50)),
        14..=16 => What::Sms(random.within(1, 200).cast_unsigned()),
        17..=22 => What::Charge(amount(random, -9_000, 12_000)),
        23..=26 => What::Bill {
            cents: amount(random, -2_000, 20_000),
            months_back: random.pick(&[0, 1, 2]),
            due: random.within(0, 30),
        },
        27 => What::Void(random.below(8)),
        28..=33 => What::Pay {
            cents: amount(random, 1, 25_000),
            instructed: random.maybe(50, |r| r.below(8)),
        },
        34..=35 => What::Reverse(random.below(8)),
        36..=37 => What::CreditNote(random.below(8), amount(random, 1, 9_000)),
        38 => What::WriteOff(random.below(8), amount(random, 1, 9_000)),
        39..=41 => What::Dispute(random.below(8), amount(random, 1, 15_000)),
        42..=44 => What::Resolve(random.below(8), random.within(0, 15_000)),
        45 => What::OwnLimit(random.maybe(50, |r| r.within(0, 60_000))),
        46..=47 => What::Deposit(amount(random, 1, 10_000)),
        _ => What::Tick,
    }
}
