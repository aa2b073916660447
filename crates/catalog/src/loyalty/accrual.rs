//! Points of lines: the arithmetic of accrual, without state. The same lines make the same points, however often
//! and in which order they are counted, so whoever keeps a ledger posts the difference to what was granted.

use super::{AccrualRule, AccrualSource, LineFacts, Programme, Promotion, RuleVersion};
use umbral_model::money::Money;
use umbral_model::time::Date;

/// An exact amount of money: so many micro-units, over a denominator above 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fraction {
    /// Micro-units times the denominator.
    pub numerator: i128,
    /// What they are divided by.
    pub denominator: i128,
}

/// What one line brings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EarnLine {
    /// The rule that decides, an index into the version's rules; none: it earns nothing.
    pub rule: Option<u16>,
    /// Its promotion, an index into the programme's.
    pub promotion: Option<u16>,
    /// Its money; below zero, as of a coupon, it lowers that of its rule.
    pub basis: Fraction,
}

/// What lines earn together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Earned {
    /// Points.
    pub points: u64,
    /// Of these, the ones that count towards a tier.
    pub qualifying: u64,
    /// Some rule had its least number of full units.
    pub units_seen: bool,
}

/// Basis points of a whole.
const WHOLE_BPS: u128 = 10_000;
/// More are never earned at once: changes of ledgers have a sign.
const MOST_POINTS: u128 = i64::MAX as u128;

/// The points of all lines of one source. Lines are summed by their rule before full units are counted, and the
/// shares of all rules and promotions before the one rounding, which is down.
pub fn points(
    version: &RuleVersion,
    promotions: &[Promotion],
    lines: &[EarnLine],
    multiplier_bps: u32,
) -> Earned {
    let (mut all_bps, mut qualifying_bps) = (0_u128, 0_u128);
    let mut units_seen = false;
    for (rule, number) in version.rules.iter().zip(0..) {
        let of_rule = |line: &&EarnLine| line.rule == Some(number);
        let units = units(rule, lines.iter().filter(of_rule));
        if rule.exclude || units == 0 || units < u128::from(rule.min_units) {
            continue;
        }
        units_seen = true;
        let multiplier = match rule.multiplied {
            true => u128::from(multiplier_bps),
            false => WHOLE_BPS,
        };
        let mut bps = units.saturating_mul(multiplier);
        for (promotion, order) in promotions.iter().zip(0..) {
            let promoted = |line: &&EarnLine| of_rule(line) && line.promotion == Some(order);
            let promoted = self::units(rule, lines.iter().filter(promoted));
            bps = bps.saturating_add(promoted.saturating_mul(u128::from(promotion.bonus_bps)));
        }
        let bps = bps.saturating_mul(u128::from(rule.points));
        all_bps = all_bps.saturating_add(bps);
        if rule.qualifying {
            qualifying_bps = qualifying_bps.saturating_add(bps);
        }
    }
    let floored = |bps: u128| (bps / WHOLE_BPS).min(MOST_POINTS) as u64;
    Earned {
        points: floored(all_bps),
        qualifying: floored(qualifying_bps),
        units_seen,
    }
}

/// Full units of some lines: of their money together, or one for each line where the rule has no unit of money.
fn units<'l>(rule: &AccrualRule, lines: impl Iterator<Item = &'l EarnLine>) -> u128 {
    let Some(per) = rule.per else {
        return lines.count() as u128;
    };
    if per <= Money::ZERO {
        return 0;
    }
    let sum = sum(lines).whole().max(0);
    (sum / i128::from(per.micros())) as u128
}

fn sum<'l>(lines: impl Iterator<Item = &'l EarnLine>) -> Fraction {
    lines
        .map(|line| line.basis)
        .fold(Fraction::ZERO, Fraction::plus)
}

/// The money of all lines that some rule decides, in full micro-units: a line below zero lowers that of its rule, and
/// no rule's comes to less than nothing.
pub fn sales(version: &RuleVersion, lines: &[EarnLine]) -> Money {
    let of_rules = (0..version.rules.len() as u16).map(|number| {
        let of_rule = sum(lines.iter().filter(|line| line.rule == Some(number)));
        match of_rule.numerator > 0 {
            true => of_rule,
            false => Fraction::ZERO,
        }
    });
    let all = of_rules.fold(Fraction::ZERO, Fraction::plus);
    Money::from_micros(i64::try_from(all.whole()).unwrap_or(i64::MAX))
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Fraction = Fraction {
        numerator: 0,
        denominator: 1,
    };

    /// An amount that is not divided.
    pub const fn of(amount: Money) -> Fraction {
        Fraction {
            numerator: amount.micros() as i128,
            denominator: 1,
        }
    }

    /// Full micro-units, rounded down.
    pub fn whole(self) -> i128 {
        self.numerator.div_euclid(self.denominator)
    }

    /// The sum. It is exact unless the common denominator leaves 128 bit: then parts of micro-units are lost.
    #[must_use]
    pub fn plus(self, other: Fraction) -> Fraction {
        let (left, right) = (self.reduced(), other.reduced());
        left.exact_sum(right).unwrap_or(Fraction {
            numerator: left.whole().saturating_add(right.whole()),
            denominator: 1,
        })
    }

    fn exact_sum(self, other: Fraction) -> Option<Fraction> {
        let shared = gcd(self.denominator, other.denominator);
        let (own, others) = (self.denominator / shared, other.denominator / shared);
        let left = self.numerator.checked_mul(others)?;
        let right = other.numerator.checked_mul(own)?;
        Some(Fraction {
            numerator: left.checked_add(right)?,
            denominator: self.denominator.checked_mul(others)?,
        })
    }

    fn reduced(self) -> Fraction {
        let shared = gcd(self.numerator, self.denominator);
        Fraction {
            numerator: self.numerator / shared,
            denominator: self.denominator / shared,
        }
    }
}

/// The greatest common divisor; of 0 and a number the number.
fn gcd(left: i128, right: i128) -> i128 {
    let (mut left, mut right) = (left.saturating_abs(), right.saturating_abs());
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left.max(1)
}

impl RuleVersion {
    /// The first rule of a source that is about a line.
    pub fn rule_of(&self, source: AccrualSource, line: &LineFacts<'_>) -> Option<u16> {
        let mut rules = self.rules.iter();
        let found = rules.position(|rule| rule.source == source && rule.matches.covers(line));
        found.map(|index| index as u16)
    }
}

impl Programme {
    /// The first promotion that is about a line of a local day.
    pub fn promotion_of(&self, day: Date, line: &LineFacts<'_>) -> Option<u16> {
        let mut promotions = self.promotions.iter();
        let found = promotions.position(|promotion| {
            (promotion.from..=promotion.until).contains(&day) && promotion.matches.covers(line)
        });
        found.map(|index| index as u16)
    }
}
