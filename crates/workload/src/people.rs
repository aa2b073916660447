//! Who there is. What a line and its account are like is a function of the seed and the line's number; only
//! what an account owes and has used in the running month is kept.

use crate::calendar::Month;
use crate::plans::{Plan, Used};
use crate::random::{Random, mix};
use crate::text::Text;
use smol_str::SmolStr;

/// Lines are given out in groups of ten: five single ones, a couple, and either a company of three, a family
/// of three, or three more single ones.
const GROUP: u32 = 10;
const COUPLE: u32 = 5;
const THREE: u32 = 7;

/// A credit class of the demo catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Standard,
    Premium,
    Vip,
    Vvip,
    Prepaid,
    Business,
    Staff,
}

impl Class {
    /// The class's name in the catalog.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Standard => "standard",
            Class::Premium => "premium",
            Class::Vip => "vip",
            Class::Vvip => "vvip",
            Class::Prepaid => "prepaid",
            Class::Business => "business",
            Class::Staff => "staff",
        }
    }

    /// How important its customers are.
    pub(crate) fn vip_rank(self) -> u16 {
        match self {
            Class::Vip => 1,
            Class::Vvip => 2,
            _ => 0,
        }
    }
}

/// Three lines of a group that may belong together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Three {
    Company,
    Family,
    Strangers,
}

/// All lines and accounts. An account goes by the number of its first line, its owner.
pub(crate) struct People {
    lines: u32,
    seed: u64,
    // An odd step without a common divisor with `lines`, so that heavy users are spread over all numbers.
    stride: u64,
    // What each owner owes for the running month and has used in it, about: the billing system's knowledge.
    ledgers: Vec<Ledger>,
}

/// What the billing system knows about an account.
#[derive(Clone, Copy, Default)]
struct Ledger {
    /// About what it owes for the running month, in 10^-4 EUR.
    owed: u32,
    /// About what it has used of its allowances.
    used: Used,
    /// Instalments to come, in months, of 19.99 EUR each.
    instalments: u8,
}

/// An instalment of the phone, in 10^-4 EUR.
const INSTALMENT: u64 = 199_900;

impl People {
    pub(crate) fn new(lines: u32, seed: u64) -> People {
        // Larger than any number of lines and prime, so it divides none.
        const STRIDE: u64 = 2_654_435_761;
        People {
            lines,
            seed: mix(seed),
            stride: STRIDE,
            ledgers: vec![Ledger::default(); lines as usize],
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
            THREE..GROUP if self.three(group) != Three::Strangers => group + THREE,
            _ => line,
        }
    }

    /// The first owner at or after a line.
    pub(crate) fn owner_from(&self, line: u32) -> Option<u32> {
        (line..self.lines).find(|line| self.owner(*line) == *line)
    }

    /// The class of an owner's account.
    pub(crate) fn class(&self, owner: u32) -> Class {
        let three = match owner % GROUP {
            THREE => self.three(owner - THREE),
            _ => Three::Strangers,
        };
        match (three, self.trait_of(owner, 1) % 100) {
            (Three::Company, _) => Class::Business,
            (_, 0..52) => Class::Standard,
            (_, 52..61) => Class::Premium,
            (_, 61..64) => Class::Vip,
            (_, 64..66) => Class::Vvip,
            (_, 66..68) => Class::Staff,
            (Three::Family, _) => Class::Standard,
            _ => Class::Prepaid,
        }
    }

    /// The plan that an owner's account begins with.
    pub(crate) fn first_plan(&self, owner: u32, class: Class) -> Plan {
        let choice = self.trait_of(owner, 4) % 100;
        match (class, owner % GROUP) {
            (Class::Prepaid, _) => Plan::Basico,
            (Class::Business, _) if choice < 50 => Plan::Empresa,
            (Class::Business, _) => Plan::EmpresaVolumen,
            (_, THREE) if self.three(owner - THREE) == Three::Family => Plan::Familia,
            (_, COUPLE) if choice < 50 => Plan::Familia,
            _ if choice < 30 => Plan::Libre,
            _ => Plan::Norte20,
        }
    }

    /// The plan of an owner's account at a second of a month.
    pub(crate) fn plan(&self, owner: u32, class: Class, month: &Month, second: i64) -> Plan {
        let first = self.first_plan(owner, class);
        if first != Plan::Libre {
            return first;
        }
        match self.change(owner) {
            Some((index, from)) if (index, i64::from(from)) <= (month.index, second) => {
                Plan::Norte20
            }
            _ => first,
        }
    }

    /// When one of eight owners with `libre` changes to `norte_20`: month and second of it, a morning.
    pub(crate) fn change(&self, owner: u32) -> Option<(u32, u32)> {
        let habit = self.trait_of(owner, 5);
        let day = 2 + (habit >> 16) % 24;
        let second = day * 86_400 + 9 * 3_600 + (habit >> 24) % 10_800;
        habit
            .is_multiple_of(8)
            .then_some((((habit >> 8) % 4) as u32, second as u32))
    }

    /// Whether an owner has the club's card from the first day on.
    pub(crate) fn has_card(&self, owner: u32) -> bool {
        self.trait_of(owner, 6) % 100 < 12
    }

    /// Whether an owner is of the gold tier from the first day on.
    pub(crate) fn is_gold(&self, owner: u32) -> bool {
        self.trait_of(owner, 7) % 100 < 6
    }

    fn three(&self, group: u32) -> Three {
        match self.trait_of(group, 2) % 100 {
            0..30 => Three::Company,
            30..55 => Three::Family,
            _ => Three::Strangers,
        }
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
        // What costs nothing leaves the memory of others in the cache.
        if amount == 0 {
            return;
        }
        let owed = &mut self.ledgers[owner as usize].owed;
        *owed = owed.saturating_add(amount.min(u64::from(u32::MAX)) as u32);
    }

    /// Takes an amount in 10^-4 EUR off an owner's next bill.
    pub(crate) fn forgive(&mut self, owner: u32, amount: u64) {
        let owed = &mut self.ledgers[owner as usize].owed;
        *owed = owed.saturating_sub(amount.min(u64::from(u32::MAX)) as u32);
    }

    /// A phone that an owner pays in so many further months.
    pub(crate) fn agree(&mut self, owner: u32, months: u8) {
        let known = &mut self.ledgers[owner as usize].instalments;
        *known = known.saturating_add(months);
    }

    /// What an owner has used of its allowances.
    pub(crate) fn used(&mut self, owner: u32) -> &mut Used {
        &mut self.ledgers[owner as usize].used
    }

    /// What an owner owes, in 10^-4 EUR; a month begins with nothing used and the instalment owed.
    pub(crate) fn settle(&mut self, owner: u32) -> u32 {
        let ledger = &mut self.ledgers[owner as usize];
        let owed = std::mem::take(&mut ledger.owed);
        ledger.used = Used::default();
        if ledger.instalments > 0 {
            ledger.instalments -= 1;
            ledger.owed = INSTALMENT as u32;
        }
        owed
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
    fn classes_plans_and_heavy_users_have_their_shares() {
        let people = People::new(100_000, 5);
        let (mut classes, mut plans) = ([0u32; 7], [0u32; 6]);
        for owner in owners(&people) {
            let class = people.class(owner);
            classes[class as usize] += 1;
            plans[people.first_plan(owner, class) as usize] += 1;
        }
        let total: u32 = classes.iter().sum();
        assert!(
            classes.iter().all(|share| share * 80 > total),
            "{classes:?}"
        );
        assert!(plans.iter().all(|share| share * 80 > total), "{plans:?}");

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

    #[test]
    fn a_plan_changes_once_and_for_good() {
        let people = People::new(50_000, 5);
        let start = umbral_model::time::Date::from_ymd(2026, 3, 1).unwrap();
        let mut changed = 0;
        for owner in owners(&people) {
            let class = people.class(owner);
            let mut month = Month::first(start);
            let mut last = people.first_plan(owner, class);
            for _ in 0..5 {
                for second in [0, 1_000_000, month.length - 1] {
                    let plan = people.plan(owner, class, &month, second);
                    changed += u32::from(plan != last);
                    assert!(plan == last || (last, plan) == (Plan::Libre, Plan::Norte20));
                    last = plan;
                }
                month = month.next();
            }
        }
        assert!((400..2000).contains(&changed), "{changed} changes");
    }
}
