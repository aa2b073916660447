//! What usage is counted in. Time is counted in nanoseconds, data in octets, the rest in events.

use core::fmt;

/// What a service is measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Measurement {
    /// Nanoseconds (`voice`).
    Time,
    /// Octets (`data`).
    Octets,
    /// Events (`sms`, `mms`, `content`).
    Events,
}

/// An amount of usage in the base unit of its service: nanoseconds, octets or events.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Quantity(pub u64);

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is not a quantity of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Nothing, or a unit without a number.
    #[error("a quantity is missing")]
    Empty,
    /// Not a number with a known unit.
    #[error("not a quantity: write a time such as 1m30s, octets such as 10kB, or a plain count")]
    Malformed,
    /// A time where octets are counted, or the reverse.
    #[error(
        "the unit does not belong to the service: time for calls, octets for data, counts for events"
    )]
    WrongUnit,
    /// Not a whole number of base units.
    #[error("finer than the service's base unit (nanosecond, octet, event)")]
    NotWhole,
    /// Beyond the range of 2^63 base units.
    #[error("the quantity is too large")]
    TooLarge,
}

const TIME_UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const OCTET_UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl Quantity {
    /// Reads a quantity of a service measured in `measurement`.
    ///
    /// Times add up (`1m30s`); decimals are exact or refused (`1.5s` is 1,500,000,000 ns); a plain count is
    /// seconds, octets or events. The result is below 2^63.
    pub fn parse(text: &str, measurement: Measurement) -> Result<Quantity, QuantityError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let total = match (measurement, plain) {
            (Measurement::Time, true) => scaled(text, 1_000_000_000)?,
            (_, true) => scaled(text, 1)?,
            (Measurement::Time, false) => time_sum(text)?,
            (Measurement::Octets, false) => with_unit(text, &OCTET_UNITS, &TIME_UNITS)?,
            (Measurement::Events, false) => return Err(other_unit(text)),
        };
        if total > i64::MAX as u64 {
            Err(QuantityError::TooLarge)
        } else {
            Ok(Quantity(total))
        }
    }

    /// Writes the quantity with its unit: `90s`, `0.5s`, `10kB`, `3`.
    pub fn display(self, measurement: Measurement) -> String {
        match measurement {
            Measurement::Time => display_time(self.0),
            Measurement::Octets => display_octets(self.0),
            Measurement::Events => self.0.to_string(),
        }
    }
}

fn other_unit(text: &str) -> QuantityError {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let known = TIME_UNITS
        .iter()
        .chain(&OCTET_UNITS)
        .any(|(name, _)| *name == unit);
    if known {
        QuantityError::WrongUnit
    } else {
        QuantityError::Malformed
    }
}

fn split_number(text: &str) -> Result<(&str, &str), QuantityError> {
    let end = text
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .count();
    if end == 0 {
        Err(QuantityError::Malformed)
    } else {
        Ok(text.split_at(end))
    }
}

fn scaled(number: &str, unit: u64) -> Result<u64, QuantityError> {
    let value = crate::money::parse_scaled(number, 9).map_err(|error| match error {
        crate::money::DecimalError::TooLarge => QuantityError::TooLarge,
        crate::money::DecimalError::TooPrecise => QuantityError::NotWhole,
        _ => QuantityError::Malformed,
    })?;
    let product = value
        .checked_mul(i128::from(unit))
        .ok_or(QuantityError::TooLarge)?;
    if product % 1_000_000_000 != 0 {
        return Err(QuantityError::NotWhole);
    }
    u64::try_from(product / 1_000_000_000).map_err(|_| QuantityError::TooLarge)
}

fn with_unit(
    text: &str,
    units: &[(&str, u64)],
    foreign: &[(&str, u64)],
) -> Result<u64, QuantityError> {
    let (number, unit) = split_number(text)?;
    match units.iter().find(|(name, _)| *name == unit.trim()) {
        Some((_, size)) => scaled(number, *size),
        None if foreign.iter().any(|(name, _)| *name == unit) => Err(QuantityError::WrongUnit),
        None => Err(QuantityError::Malformed),
    }
}

fn time_sum(text: &str) -> Result<u64, QuantityError> {
    let (mut rest, mut total) = (text, 0u64);
    while !rest.is_empty() {
        let (_, tail) = split_number(rest)?;
        let unit_len = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let part_len = rest.len() - tail.len() + unit_len;
        let part = with_unit(&rest[..part_len], &TIME_UNITS, &OCTET_UNITS)?;
        total = total.checked_add(part).ok_or(QuantityError::TooLarge)?;
        rest = &rest[part_len..];
    }
    Ok(total)
}

fn display_time(nanos: u64) -> String {
    let (seconds, fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if fraction == 0 {
        return format!("{seconds}s");
    }
    let decimals = format!("{fraction:09}");
    format!("{seconds}.{}s", decimals.trim_end_matches('0'))
}

fn display_octets(octets: u64) -> String {
    let whole = OCTET_UNITS[..5]
        .iter()
        .rev()
        .find(|(_, size)| octets >= *size && octets.is_multiple_of(*size));
    match whole {
        Some((unit, size)) => format!("{}{unit}", octets / size),
        None => format!("{octets}B"),
    }
}
