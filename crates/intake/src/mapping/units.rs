//! Units in which files count usage, made into base units exactly.

use umbral_model::money::{DecimalError, parse_scaled};
use umbral_model::units::Measurement;

/// A unit of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// What it counts.
    pub(super) measurement: Measurement,
    /// Base units in it: nanoseconds, octets, events.
    pub(super) size: u64,
}

/// Decimals that a column's number may have.
const DECIMALS: u32 = 12;

const UNITS: [(&str, Measurement, u64); 18] = [
    ("ns", Measurement::Time, 1),
    ("us", Measurement::Time, 1_000),
    ("ms", Measurement::Time, 1_000_000),
    ("s", Measurement::Time, 1_000_000_000),
    ("min", Measurement::Time, 60_000_000_000),
    ("h", Measurement::Time, 3_600_000_000_000),
    ("d", Measurement::Time, 86_400_000_000_000),
    ("B", Measurement::Octets, 1),
    ("kB", Measurement::Octets, 1_000),
    ("MB", Measurement::Octets, 1_000_000),
    ("GB", Measurement::Octets, 1_000_000_000),
    ("TB", Measurement::Octets, 1_000_000_000_000),
    ("KiB", Measurement::Octets, 1 << 10),
    ("MiB", Measurement::Octets, 1 << 20),
    ("GiB", Measurement::Octets, 1 << 30),
    ("TiB", Measurement::Octets, 1 << 40),
    ("events", Measurement::Events, 1),
    ("event", Measurement::Events, 1),
];

impl Unit {
    /// The unit with this word.
    pub(super) fn from_word(word: &str) -> Option<Unit> {
        UNITS
            .iter()
            .find(|(name, ..)| *name == word)
            .map(|(_, measurement, size)| Unit {
                measurement: *measurement,
                size: *size,
            })
    }

    /// All words, for messages.
    pub(super) fn words() -> String {
        UNITS.map(|(word, ..)| word).join(", ")
    }

    /// A number of this unit in base units: exact, or the reason why not. Below 2^63.
    pub(super) fn base_units(self, number: &str) -> Result<u64, String> {
        let scaled = parse_scaled(number, DECIMALS).map_err(|error| match error {
            DecimalError::TooPrecise => finer(self),
            other => other.to_string(),
        })?;
        if scaled < 0 {
            return Err("usage cannot be negative".to_owned());
        }
        let product = scaled
            .checked_mul(i128::from(self.size))
            .ok_or_else(too_large)?;
        let one = 10i128.pow(DECIMALS);
        if product % one != 0 {
            return Err(finer(self));
        }
        i64::try_from(product / one)
            .map(i64::unsigned_abs)
            .map_err(|_| too_large())
    }
}

fn too_large() -> String {
    "the quantity is too large".to_owned()
}

fn finer(unit: Unit) -> String {
    let base = match unit.measurement {
        Measurement::Time => "nanosecond",
        Measurement::Octets => "octet",
        Measurement::Events => "event",
    };
    format!("finer than one {base}")
}

/// What the services that every catalog has are measured in; `None` for an operator's own.
pub(super) fn measurement_of(service: &str) -> Option<Measurement> {
    match service {
        "voice" => Some(Measurement::Time),
        "data" => Some(Measurement::Octets),
        "sms" | "mms" | "content" => Some(Measurement::Events),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_base_units_exactly_or_not_at_all() {
        let cases = [
            ("34.429", "MB", Ok(34_429_000)),
            ("602", "s", Ok(602_000_000_000)),
            ("1.5", "min", Ok(90_000_000_000)),
            ("0", "events", Ok(0)),
            ("0.5", "KiB", Ok(512)),
            ("1.0", "event", Ok(1)),
            ("0.0000001", "MB", Err("finer than one octet")),
            ("1.5", "events", Err("finer than one event")),
            ("0.0000000000001", "h", Err("finer than one nanosecond")),
            ("-1", "s", Err("usage cannot be negative")),
            ("9223372036854775807", "B", Ok(i64::MAX as u64)),
            ("9223372036854775808", "B", Err("the quantity is too large")),
            (
                "99999999999999999999",
                "TiB",
                Err("the quantity is too large"),
            ),
            ("1e3", "s", Err("not a plain decimal number such as 12.50")),
            ("", "s", Err("a number is missing")),
        ];
        for (number, unit, expected) in cases {
            let got = Unit::from_word(unit).unwrap().base_units(number);
            assert_eq!(got, expected.map_err(str::to_owned), "{number} {unit}");
        }
    }
}
