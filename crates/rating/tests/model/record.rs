//! Random records of a world, and the accounts that they are charged to.

use crate::dice::Dice;
use crate::world::{CARDS, CLASSES, SECOND, TIERS, World};
use umbral_catalog::tables::TierPer;
use umbral_model::ids::VersionNo;

pub const NUMBERS: [&str; 14] = [
    "", "3", "34", "34600", "346", "71", "8", "9112", "33", "334", "49", "112", "1004", "346001",
];
const PLMNS: [&str; 7] = ["20801", "20810", "26201", "21407", "21419", "208", "99999"];

/// A grant that a record may use, as base units of one version's allowance.
#[derive(Clone, Debug)]
pub struct Grant {
    pub version: usize,
    pub allowance: usize,
    pub left: u64,
    pub left_abroad: Option<u64>,
}

/// A record and the account that it is charged to.
#[derive(Clone, Debug)]
pub struct Drawn {
    pub start: i64,
    pub usage: u64,
    pub duration: Option<u64>,
    pub continued: Option<u64>,
    pub number: &'static str,
    pub whole: bool,
    pub zone: Option<usize>,
    pub network: Option<&'static str>,
    pub terminating: bool,
    pub class: Option<&'static str>,
    pub tier: Option<&'static str>,
    pub cards: Vec<&'static str>,
    pub vip_rank: u16,
    pub grants: Vec<Grant>,
    /// Units by rate and by whose usage it counts.
    pub counters: Vec<(usize, TierPer, u64)>,
}

impl World {
    pub fn record(&self, dice: &mut Dice) -> Drawn {
        let quanta = match dice.below(10) {
            0 => 0,
            1..=6 => 1 + dice.below(20),
            _ => 1 + dice.below(90),
        };
        let at_once = self.service == 0 || self.quantum > 1;
        let duration = (!at_once && !dice.once_in(4)).then(|| (1 + dice.below(40_000)) * SECOND);
        let spread = match self.service {
            0 => quanta as i64 * self.grid,
            _ => duration.unwrap_or(0) as i64 / self.grid * self.grid,
        };
        let back = dice.within(0, spread / self.grid + 2) * self.grid;
        let number = *dice.pick(&NUMBERS);
        Drawn {
            start: self.instant(dice) - back,
            usage: quanta * self.quantum,
            duration,
            continued: match dice.below(6) {
                0 => Some(dice.below(50) * self.quantum),
                _ => None,
            },
            number,
            whole: !dice.once_in(8),
            zone: dice.once_in(8).then(|| dice.below(4) as usize),
            network: dice.once_in(3).then(|| *dice.pick(&PLMNS)),
            terminating: dice.once_in(3),
            class: (!dice.once_in(3)).then(|| *dice.pick(&CLASSES)),
            tier: dice.once_in(2).then(|| *dice.pick(&TIERS)),
            cards: dice.some_of(&CARDS, 3),
            vip_rank: dice.below(4) as u16,
            grants: self.grants(dice),
            counters: self.counters(dice),
        }
    }

    fn grants(&self, dice: &mut Dice) -> Vec<Grant> {
        let mut grants = Vec::new();
        if dice.once_in(4) {
            return grants;
        }
        for _ in 0..1 + dice.below(5) {
            let version = dice.below(self.versions.len() as u64) as usize;
            let allowances = self.versions[version].1.allowances.len() as u64;
            if allowances == 0 {
                continue;
            }
            let most = *dice.pick(&[2, 10, 100]);
            let quanta = dice.below(most);
            let abroad = dice.once_in(3).then(|| dice.below(10));
            grants.push(Grant {
                version,
                allowance: dice.below(allowances) as usize,
                left: quanta * self.quantum,
                left_abroad: abroad.map(|quanta| quanta * self.quantum),
            });
        }
        grants
    }

    fn counters(&self, dice: &mut Dice) -> Vec<(usize, TierPer, u64)> {
        let mut counters = Vec::new();
        for rate in 0..5 {
            for per in [TierPer::Account, TierPer::Member] {
                if dice.once_in(2) {
                    counters.push((rate, per, dice.below(60) * self.quantum));
                }
            }
        }
        counters
    }
}

impl Grant {
    pub fn version_no(&self) -> VersionNo {
        VersionNo(self.version as u32)
    }
}
