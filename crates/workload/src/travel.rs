//! Who is abroad, and in which network.

use crate::calendar::Month;
use crate::people::{Class, People};

const TRAVEL_DAYS: u64 = 5;

/// What a country's networks cost, by group of the demo catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Group {
    /// Like at home.
    Europe,
    /// Neighbours: like at home for bundles.
    Near,
    Mediterranean,
    America,
    Asia,
    World,
}

/// A network abroad.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// MCC and MNC.
    pub(crate) code: &'static str,
    /// How mobile numbers of its country begin, and how many digits follow.
    pub(crate) mobile: (&'static str, usize),
    /// Its group.
    pub(crate) group: Group,
}

const fn network(code: &'static str, prefix: &'static str, digits: usize, group: Group) -> Network {
    Network {
        code,
        mobile: (prefix, digits),
        group,
    }
}

const EUROPE: [Network; 16] = [
    network("26801", "3519", 8, Group::Europe),
    network("26803", "3519", 8, Group::Europe),
    network("26806", "3519", 8, Group::Europe),
    network("20801", "336", 8, Group::Europe),
    network("20810", "336", 8, Group::Europe),
    network("20815", "337", 8, Group::Europe),
    network("26201", "4915", 9, Group::Europe),
    network("26202", "4917", 8, Group::Europe),
    network("22201", "393", 9, Group::Europe),
    network("22288", "393", 9, Group::Europe),
    network("20404", "316", 8, Group::Europe),
    network("20601", "3247", 7, Group::Europe),
    network("22610", "407", 8, Group::Europe),
    network("20201", "3069", 8, Group::Europe),
    network("27201", "3538", 8, Group::Europe),
    network("23203", "43676", 7, Group::Europe),
];

const FAR: [Network; 14] = [
    network("23415", "447", 9, Group::Near),
    network("23430", "447", 9, Group::Near),
    network("22801", "4179", 7, Group::Near),
    network("21303", "3763", 5, Group::Near),
    network("60400", "2126", 8, Group::Mediterranean),
    network("60401", "2126", 8, Group::Mediterranean),
    network("28601", "905", 9, Group::Mediterranean),
    network("310260", "1", 10, Group::America),
    network("334020", "52", 10, Group::America),
    network("73001", "569", 8, Group::America),
    network("732101", "573", 9, Group::America),
    network("44010", "8190", 8, Group::Asia),
    network("52003", "668", 8, Group::Asia),
    network("60801", "2217", 8, Group::World),
];

impl Network {
    /// Whether prices differ from those at home.
    pub(crate) fn is_far(self) -> bool {
        self.group != Group::Europe
    }

    /// About what a second of a call home and of one in the country costs, in 10^-6 EUR, and setting either
    /// up, in 10^-4 EUR.
    pub(crate) fn call(self) -> (u64, u64, u64) {
        match self.group {
            Group::Europe => (0, 0, 0),
            Group::Near => (6_667, 4_167, 2_000),
            Group::Mediterranean => (25_000, 12_500, 5_000),
            Group::America => (30_000, 15_000, 5_000),
            Group::Asia => (41_667, 20_000, 5_000),
            Group::World => (58_333, 29_167, 10_000),
        }
    }

    /// About what a second of a received call costs, in 10^-6 EUR.
    pub(crate) fn received(self) -> u64 {
        match self.group {
            Group::Europe => 0,
            Group::Near => 1_667,
            Group::Mediterranean => 10_000,
            Group::America => 13_333,
            Group::Asia => 16_667,
            Group::World => 25_000,
        }
    }

    /// A message, in 10^-4 EUR.
    pub(crate) fn message(self) -> u64 {
        match self.group {
            Group::Europe => 900,
            Group::Near => 2_000,
            Group::Mediterranean => 5_000,
            Group::America | Group::Asia => 6_000,
            Group::World => 10_000,
        }
    }

    /// A megabyte, in 10^-4 EUR.
    pub(crate) fn megabyte(self) -> u64 {
        match self.group {
            Group::Europe => 0,
            Group::Near => 500,
            Group::Mediterranean => 30_000,
            Group::America => 40_000,
            Group::Asia => 50_000,
            Group::World => 80_000,
        }
    }
}

/// One line of 25 travels each month, for some days, to one network; prepaid ones stay in Europe.
pub(crate) fn network_of(
    people: &People,
    line: u32,
    class: Class,
    second: i64,
    month: &Month,
) -> Option<Network> {
    let habit = people.trait_of(line, 16 + u64::from(month.index));
    if !habit.is_multiple_of(25) {
        return None;
    }
    let leaves = (habit >> 8) % (28 - TRAVEL_DAYS);
    if !(leaves..leaves + TRAVEL_DAYS).contains(&month.day_of(second)) {
        return None;
    }
    let far = class != Class::Prepaid && (habit >> 24).is_multiple_of(3);
    let networks: &[Network] = if far { &FAR } else { &EUROPE };
    let pick = (habit >> 32) % networks.len() as u64;
    networks.get(pick as usize).copied()
}
