//! Exact sums of `price x units / unit` over possibly different units, discounts, and the one rounding at the end.

use umbral_model::charge::{Charge, Held};
use umbral_model::money::{Money, PICOS_PER_MICRO, Pico, Rounding, RoundingMode};
use umbral_model::rejection::{Reason, Rejection};

/// A whole in basis points.
const BPS: i128 = 10_000;
/// Pico-units below which a sum of amounts that are held to pico-units says nothing.
const DUST: i128 = 100;

/// The sum of a charge's segments and setup fee. Units that allowances covered cost nothing.
pub(crate) fn sum(charge: &Charge) -> Result<Sum, Rejection> {
    let mut sum = Sum::starting_with(charge.setup);
    for segment in &charge.segments {
        let units = segment.billed.saturating_sub(segment.covered);
        sum.add(segment.price, units, segment.unit)?;
    }
    Ok(sum)
}

/// The amount of a charge from its explanation alone: every number is one that the charge holds.
///
/// # Errors
/// What 128 bits do not hold.
pub fn recompute(charge: &Charge) -> Result<Money, Rejection> {
    let exact = held(charge)?.less(charge.discount_bps)?;
    exact.round(charge.rounding)
}

/// What a charge comes to before discounts: its sum, or the bound that it is held at.
fn held(charge: &Charge) -> Result<Exact, Rejection> {
    match charge.held_at {
        Some(Held::Minimum(bound) | Held::Maximum(bound)) => Ok(Exact::exactly(bound)),
        None => Ok(sum(charge)?.exact()),
    }
}

/// What so many basis points take off a charge, to the nearest pico-unit (for show).
pub(crate) fn taken_off(charge: &Charge, bps: u32) -> Option<Pico> {
    if bps == 0 {
        return Some(Pico::ZERO);
    }
    let taken = held(charge).ok()?.share(i128::from(bps))?;
    let upwards = taken.numerator >= taken.denominator - taken.numerator;
    Some(Pico::from_picos(taken.whole + i128::from(upwards)))
}

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

    /// Adds `price x units / unit`, exactly; refuses what 128 bits do not hold.
    pub(crate) fn add(&mut self, price: Pico, units: u64, unit: u64) -> Result<(), Rejection> {
        let unit = i128::from(unit);
        let product = price
            .picos()
            .checked_mul(i128::from(units))
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

    /// The sum itself.
    pub(crate) fn exact(mut self) -> Exact {
        let settled = self.settle();
        Exact {
            whole: self.whole,
            numerator: self.numerator,
            denominator: self.denominator,
            fits: settled.is_some(),
        }
    }

    /// The amount held between `minimum` and `maximum`; the maximum wins where they cross.
    pub(crate) fn hold(
        self,
        minimum: Option<Pico>,
        maximum: Option<Pico>,
    ) -> (Exact, Option<Held>) {
        let exact = self.exact();
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

/// An exact amount before rounding: whole pico-units and the part of one that follows, below 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    whole: i128,
    numerator: i128,
    denominator: i128,
    fits: bool,
}

impl Exact {
    fn exactly(amount: Pico) -> Exact {
        Exact {
            whole: amount.picos(),
            numerator: 0,
            denominator: 1,
            fits: true,
        }
    }

    fn is_above(&self, bound: Pico) -> bool {
        self.whole > bound.picos() || (self.whole == bound.picos() && self.rest())
    }

    /// Whether a part of a pico-unit follows.
    fn rest(&self) -> bool {
        self.numerator != 0
    }

    /// The amount with so many basis points taken off, exactly.
    pub(crate) fn less(self, bps: u32) -> Result<Exact, Rejection> {
        if bps == 0 {
            return Ok(self);
        }
        self.share(BPS - i128::from(bps)).ok_or_else(out_of_range)
    }

    /// `self x kept / 10000`.
    fn share(self, kept: i128) -> Option<Exact> {
        let product = self.whole.checked_mul(kept)?;
        let (whole, rest) = match u64::try_from(product) {
            Ok(small) => (
                i128::from(small / BPS as u64),
                i128::from(small % BPS as u64),
            ),
            Err(_) => (product.div_euclid(BPS), product.rem_euclid(BPS)),
        };
        // The rest is below 10000 and the fraction's part at most 10000, so that at most one unit is carried.
        let denominator = self.denominator.checked_mul(BPS)?;
        let part = self.numerator.checked_mul(kept)?;
        let numerator = rest.checked_mul(self.denominator)?.checked_add(part)?;
        let carry = i128::from(numerator >= denominator);
        Some(Exact {
            whole: whole.checked_add(carry)?,
            numerator: numerator - carry * denominator,
            denominator,
            fits: self.fits,
        })
    }

    /// To the nearest pico-unit, halves up.
    pub(crate) fn nearest_pico(self) -> Result<Pico, Rejection> {
        let doubled = self.numerator.checked_mul(2).ok_or_else(out_of_range)?;
        let upwards = i128::from(doubled >= self.denominator && self.rest());
        let whole = self.whole.checked_add(upwards).filter(|_| self.fits);
        whole.map(Pico::from_picos).ok_or_else(out_of_range)
    }

    /// To the nearest hundred pico-units, halves up: for sums of amounts that are held to pico-units.
    pub(crate) fn without_dust(self) -> Result<Exact, Rejection> {
        let picos = self.nearest_pico()?.picos();
        let hundreds = picos.checked_add(DUST / 2).ok_or_else(out_of_range)?;
        Ok(Exact::exactly(Pico::from_picos(
            hundreds.div_euclid(DUST) * DUST,
        )))
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
        let exact = rest == 0 && !self.rest();
        let above_half = rest > half || (rest == half && self.rest());
        let at_half = rest == half && !self.rest();
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
