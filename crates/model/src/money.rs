//! Exact money: a count of 10^-6 currency units, and prices as counts of 10^-12.

use core::fmt;

/// Micro-units in one currency unit.
pub const MICROS_PER_UNIT: i64 = 1_000_000;
/// Pico-units in one currency unit.
pub const PICOS_PER_UNIT: i128 = 1_000_000_000_000;
/// Pico-units in one micro-unit.
pub const PICOS_PER_MICRO: i128 = 1_000_000;

/// An amount in 10^-6 of its account's currency unit; range about +-9.2 * 10^12 units.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount.
    pub const MAX: Money = Money(i64::MAX);

    /// An amount from its count of micro-units.
    pub const fn from_micros(micros: i64) -> Self {
        Money(micros)
    }

    /// The count of micro-units.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Sum; `None` when it leaves the range.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).map(Money)
    }

    /// Difference; `None` when it leaves the range.
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        self.0.checked_sub(other.0).map(Money)
    }

    /// The amount, or zero if it is negative.
    pub fn floored_at_zero(self) -> Money {
        Money(self.0.max(0))
    }

    /// `self * bps / 10000`, rounded up (towards positive infinity); the range of the product is 128 bit.
    pub fn bps_ceil(self, bps: u32) -> Money {
        let product = i128::from(self.0) * i128::from(bps);
        Money(clamp_i64(-((-product).div_euclid(10_000))))
    }

    /// `self * bps / 10000`, rounded half away from zero.
    pub fn bps_half_up(self, bps: u32) -> Money {
        let product = i128::from(self.0) * i128::from(bps);
        let half = if product < 0 { -5_000 } else { 5_000 };
        Money(clamp_i64((product + half) / 10_000))
    }

    /// Reads a decimal such as `-12.50`, exactly; at most six decimals.
    pub fn parse(text: &str) -> Result<Money, DecimalError> {
        let scaled = parse_scaled(text, 6)?;
        i64::try_from(scaled)
            .map(Money)
            .map_err(|_| DecimalError::TooLarge)
    }
}

fn clamp_i64(value: i128) -> i64 {
    value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

impl core::ops::Add for Money {
    type Output = Money;
    /// Saturates: amounts are bounded where they enter (see `Money::checked_add`).
    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl core::ops::Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl core::ops::Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl core::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl core::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl core::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, core::ops::Add::add)
    }
}

impl fmt::Display for Money {
    /// Two decimals at least, no trailing zeros beyond them: `7900.00`, `0.2415`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_scaled(f, i128::from(self.0), 6)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

/// A price or an unrounded amount in 10^-12 currency units.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Pico(i128);

impl Pico {
    /// Nothing.
    pub const ZERO: Pico = Pico(0);

    /// From a count of pico-units.
    pub const fn from_picos(picos: i128) -> Self {
        Pico(picos)
    }

    /// The count of pico-units.
    pub const fn picos(self) -> i128 {
        self.0
    }

    /// Reads a decimal exactly; at most twelve decimals and at most 10^12 units.
    pub fn parse(text: &str) -> Result<Pico, DecimalError> {
        let scaled = parse_scaled(text, 12)?;
        if scaled.unsigned_abs() > PICOS_PER_UNIT.unsigned_abs().pow(2) {
            return Err(DecimalError::TooLarge);
        }
        Ok(Pico(scaled))
    }
}

impl From<Money> for Pico {
    fn from(amount: Money) -> Pico {
        Pico(i128::from(amount.micros()) * PICOS_PER_MICRO)
    }
}

impl fmt::Display for Pico {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_scaled(f, self.0, 12)
    }
}

impl fmt::Debug for Pico {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pico({self})")
    }
}

/// Why a text is not an exact decimal of the wanted scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Empty, or a sign without digits.
    #[error("a number is missing")]
    Empty,
    /// A character that is not part of a plain decimal (exponents and separators are not read).
    #[error("not a plain decimal number such as 12.50")]
    NotDecimal,
    /// More decimals than the scale holds exactly.
    #[error("more decimals than can be held exactly")]
    TooPrecise,
    /// Beyond the range.
    #[error("the number is too large")]
    TooLarge,
}

/// Reads `[-+]digits[.digits]` as a count of `10^-decimals`, exactly.
pub fn parse_scaled(text: &str, decimals: u32) -> Result<i128, DecimalError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(DecimalError::Empty);
    }
    if whole.is_empty() || (digits.contains('.') && fraction.is_empty()) {
        return Err(DecimalError::NotDecimal);
    }
    let significant = fraction.trim_end_matches('0');
    if fraction.bytes().any(|b| !b.is_ascii_digit()) {
        return Err(DecimalError::NotDecimal);
    }
    if significant.len() > decimals as usize {
        return Err(DecimalError::TooPrecise);
    }
    let mut value: i128 = 0;
    for byte in whole.bytes().chain(significant.bytes()) {
        if !byte.is_ascii_digit() {
            return Err(DecimalError::NotDecimal);
        }
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i128::from(byte - b'0')))
            .ok_or(DecimalError::TooLarge)?;
    }
    let missing = decimals - significant.len() as u32;
    let scaled = value
        .checked_mul(10i128.pow(missing))
        .ok_or(DecimalError::TooLarge)?;
    Ok(if negative { -scaled } else { scaled })
}

/// Writes a scaled count as a decimal with at least two decimals and no exponent; of at most 19 decimals.
pub fn fmt_scaled(f: &mut impl fmt::Write, value: i128, decimals: u32) -> fmt::Result {
    let one = 10u64.pow(decimals);
    let magnitude = value.unsigned_abs();
    // Division of 128 bits takes many times as long, and nearly all amounts need fewer.
    let (whole, mut fraction) = match u64::try_from(magnitude) {
        Ok(magnitude) => (u128::from(magnitude / one), magnitude % one),
        Err(_) => {
            let one = u128::from(one);
            (magnitude / one, (magnitude % one) as u64)
        }
    };
    let mut width = decimals as usize;
    while width > 2 && fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    let sign = if value < 0 { "-" } else { "" };
    match u64::try_from(whole) {
        Ok(whole) => write!(f, "{sign}{whole}.{fraction:0width$}"),
        Err(_) => write!(f, "{sign}{whole}.{fraction:0width$}"),
    }
}

/// How an exact amount becomes one with fewer decimals.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum RoundingMode {
    /// Towards positive infinity.
    Up,
    /// Towards negative infinity.
    Down,
    /// To the nearest, halves away from zero.
    #[default]
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
}

impl RoundingMode {
    /// The mode's word in catalogs and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            RoundingMode::Up => "up",
            RoundingMode::Down => "down",
            RoundingMode::HalfUp => "half_up",
            RoundingMode::HalfEven => "half_even",
        }
    }
}

/// The one rounding of a charge: mode and decimals (0 to 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Rounding {
    /// Direction.
    pub mode: RoundingMode,
    /// Decimals kept, 0 to 6.
    pub decimals: u8,
}

impl Default for Rounding {
    /// The money's own six decimals, half up.
    fn default() -> Self {
        Rounding {
            mode: RoundingMode::HalfUp,
            decimals: 6,
        }
    }
}

/// An ISO 4217 currency code with the number of decimals of its minor unit.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads three ASCII capitals; `None` for anything else.
    pub fn parse(text: &str) -> Option<Currency> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes
            .iter()
            .all(u8::is_ascii_uppercase)
            .then_some(Currency(bytes))
    }

    /// The code, such as `EUR`.
    pub fn code(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Decimals of the minor unit (ISO 4217): 2 for most, 0 or 3 for some.
    pub fn minor_decimals(&self) -> u8 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }

    /// Micro-units in one minor unit.
    pub fn minor_unit(&self) -> Money {
        Money(10i64.pow(6 - u32::from(self.minor_decimals())))
    }

    /// Whether the amount is a whole number of minor units, as bills, payments and limits must be.
    pub fn is_whole_minor(&self, amount: Money) -> bool {
        amount.0 % self.minor_unit().0 == 0
    }
}

impl Default for Currency {
    fn default() -> Self {
        Currency(*b"XXX")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
