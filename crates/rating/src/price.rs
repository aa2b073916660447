//! Exact sums of `price x billed / unit` over possibly different units, and the one rounding at the end.

use umbral_model::charge::Held;
use umbral_model::money::{Money, PICOS_PER_MICRO, Pico, Rounding, RoundingMode};
use umbral_model::rejection::{Reason, Rejection};

/// An exact amount: `whole + numerator / denominator` pico-units, the denominator above 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sum {
    whole: i128,
    numerator: i128,
    denominator: i128,
}

impl Sum {
    /// A sum of which `setup` is the first part.
    pub(crate) fn starting_with(setup: Pico) -> Sum {
        Sum {
            whole: setup.picos(),
            numerator: 0,
            denominator: 1,
        }
    }

    /// Adds `price x billed / unit`, exactly; refuses what 128 bits do not hold.
    pub(crate) fn add(&mut self, price: Pico, billed: u64, unit: u64) -> Result<(), Rejection> {
        let unit = i128::from(unit);
        let product = price
            .picos()
            .checked_mul(i128::from(billed))
            .ok_or_else(out_of_range)?;
        if self.numerator == 0 {
            (self.numerator, self.denominator) = (product, unit);
        } else if unit == self.denominator {
            self.numerator = self
                .numerator
                .checked_add(product)
                .ok_or_else(out_of_range)?;
        } else {
            self.add_fraction(product, unit).ok_or_else(out_of_range)?;
        }
        Ok(())
    }

    /// Different units: whole parts are set apart first, so that only true fractions meet.
    fn add_fraction(&mut self, product: i128, unit: i128) -> Option<()> {
        self.settle()?;
        self.whole = self.whole.checked_add(product.div_euclid(unit))?;
        let rest = product.rem_euclid(unit);
        let common = gcd(self.denominator, unit);
        let left = self.numerator.checked_mul(unit / common)?;
        let right = rest.checked_mul(self.denominator / common)?;
        self.denominator = (self.denominator / common).checked_mul(unit)?;
        self.numerator = left.checked_add(right)?;
        Some(())
    }

    /// Moves whole pico-units out of the fraction: `0 <= numerator < denominator` afterwards.
    fn settle(&mut self) -> Option<()> {
        let (numerator, denominator) = (self.numerator, self.denominator);
        // Usual amounts fit 64 bits, where division is many times cheaper.
        let (quotient, rest) = match (u64::try_from(numerator), u64::try_from(denominator)) {
            (Ok(n), Ok(d)) => (i128::from(n / d), i128::from(n % d)),
            _ => {
                let quotient = numerator.div_euclid(denominator);
                (quotient, numerator - quotient * denominator)
            }
        };
        self.whole = self.whole.checked_add(quotient)?;
        self.numerator = rest;
        Some(())
    }

    /// The amount held between `minimum` and `maximum`; the maximum wins where they cross.
    pub(crate) fn hold(
        mut self,
        minimum: Option<Pico>,
        maximum: Option<Pico>,
    ) -> (Exact, Option<Held>) {
        let settled = self.settle();
        let exact = Exact {
            whole: self.whole,
            rest: self.numerator != 0,
            fits: settled.is_some(),
        };
        match (minimum, maximum) {
            (_, Some(maximum)) if exact.is_above(maximum) => {
                (Exact::exactly(maximum), Some(Held::Maximum(maximum)))
            }
            (Some(minimum), _) if exact.whole < minimum.picos() => {
                (Exact::exactly(minimum), Some(Held::Minimum(minimum)))
            }
            _ => (exact, None),
        }
    }
}

/// An exact amount before rounding: whole pico-units, and whether a part of one follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    whole: i128,
    rest: bool,
    fits: bool,
}

impl Exact {
    fn exactly(amount: Pico) -> Exact {
        Exact {
            whole: amount.picos(),
            rest: false,
            fits: true,
        }
    }

    fn is_above(&self, bound: Pico) -> bool {
        self.whole > bound.picos() || (self.whole == bound.picos() && self.rest)
    }

    /// The one rounding.
    pub(crate) fn round(self, rounding: Rounding) -> Result<Money, Rejection> {
        let decimals = u32::from(rounding.decimals.min(6));
        let quantum = 10i128.pow(12 - decimals);
        let (floor, rest) = match u64::try_from(self.whole) {
            Ok(whole) => {
                let quantum = quantum as u64;
                (i128::from(whole / quantum), i128::from(whole % quantum))
            }
            Err(_) => {
                let floor = self.whole.div_euclid(quantum);
                (floor, self.whole - floor * quantum)
            }
        };
        let half = quantum / 2;
        let exact = rest == 0 && !self.rest;
        let above_half = rest > half || (rest == half && self.rest);
        let at_half = rest == half && !self.rest;
        let upwards = match rounding.mode {
            RoundingMode::Up => !exact,
            RoundingMode::Down => false,
            RoundingMode::HalfUp => above_half || (at_half && self.whole >= 0),
            RoundingMode::HalfEven => above_half || (at_half && floor % 2 != 0),
        };
        let micros = (floor + i128::from(upwards)).checked_mul(quantum / PICOS_PER_MICRO);
        match micros
            .and_then(|micros| i64::try_from(micros).ok())
            .filter(|_| self.fits)
        {
            Some(micros) => Ok(Money::from_micros(micros)),
            None => Err(out_of_range()),
        }
    }
}

fn out_of_range() -> Rejection {
    Reason::PriceOutOfRange.into()
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
