//! Prices, units, increments, percentages.

use umbral_model::money::{DecimalError, Pico, Rounding, RoundingMode, parse_scaled};
use umbral_model::units::{Measurement, Quantity};

/// What a length of usage is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Nanoseconds.
    Time,
    /// Octets.
    Octets,
    /// Events.
    Events,
    /// Base units of whatever service asks.
    Plain,
}

impl Kind {
    /// Its word in messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::Time => "time",
            Kind::Octets => "octets",
            Kind::Events => "events",
            Kind::Plain => "plain units",
        }
    }

    /// Whether a service that is measured so can be priced in it.
    pub(crate) fn fits(self, measurement: Measurement) -> bool {
        match self {
            Kind::Plain => true,
            Kind::Time => measurement == Measurement::Time,
            Kind::Octets => measurement == Measurement::Octets,
            Kind::Events => measurement == Measurement::Events,
        }
    }

    /// What a service is measured in that is priced in it; none for plain units.
    pub(crate) const fn measurement(self) -> Option<Measurement> {
        match self {
            Kind::Plain => None,
            Kind::Time => Some(Measurement::Time),
            Kind::Octets => Some(Measurement::Octets),
            Kind::Events => Some(Measurement::Events),
        }
    }

    /// Base units billed at least, where nothing is said: a second, an octet, an event, a unit.
    pub(crate) const fn default_increment(self) -> u64 {
        match self {
            Kind::Time => 1_000_000_000,
            _ => 1,
        }
    }
}

/// A length of usage in base units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Length {
    /// Base units.
    pub(crate) units: u64,
    /// Of which kind; none for 0, which is of any.
    pub(crate) kind: Option<Kind>,
}

const WORDS: [(&str, u64, Kind); 16] = [
    ("second", 1_000_000_000, Kind::Time),
    ("seconds", 1_000_000_000, Kind::Time),
    ("minute", 60_000_000_000, Kind::Time),
    ("minutes", 60_000_000_000, Kind::Time),
    ("hour", 3_600_000_000_000, Kind::Time),
    ("hours", 3_600_000_000_000, Kind::Time),
    ("day", 86_400_000_000_000, Kind::Time),
    ("days", 86_400_000_000_000, Kind::Time),
    ("event", 1, Kind::Events),
    ("events", 1, Kind::Events),
    ("message", 1, Kind::Events),
    ("messages", 1, Kind::Events),
    ("item", 1, Kind::Events),
    ("items", 1, Kind::Events),
    ("unit", 1, Kind::Plain),
    ("units", 1, Kind::Plain),
];

/// Reads `30s`, `10 kB`, `minute`, `3 events`, `10 units`, `1`.
pub(crate) fn length(text: &str) -> Option<Length> {
    let text = text.trim();
    let digits = text
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b'.')
        .count();
    let (number, unit) = (&text[..digits], text[digits..].trim());
    let found = match WORDS.iter().find(|(word, ..)| *word == unit) {
        Some((_, size, kind)) => (scaled(number, *size)?, *kind),
        None if unit.is_empty() => (scaled(number, 1).filter(|_| digits > 0)?, Kind::Events),
        None => with_unit(&if digits == 0 {
            format!("1{unit}")
        } else {
            compact(text)
        })?,
    };
    let kind = (found.0 > 0).then_some(found.1);
    (found.0 <= i64::MAX as u64).then_some(Length {
        units: found.0,
        kind,
    })
}

/// Reads units of a service that is measured in `measurement`: as in prices, or as usage is written.
pub fn measured(text: &str, measurement: Measurement) -> Option<u64> {
    let fitting = |length: &Length| length.kind.is_none_or(|kind| kind.fits(measurement));
    let length = length(text).filter(fitting).map(|length| length.units);
    length.or_else(|| {
        Quantity::parse(text, measurement)
            .ok()
            .map(|quantity| quantity.0)
    })
}

/// A decimal number of units, or one unit where no number is written.
fn scaled(number: &str, size: u64) -> Option<u64> {
    if number.is_empty() {
        return Some(size);
    }
    let nano = parse_scaled(number, 9)
        .ok()?
        .checked_mul(i128::from(size))?;
    (nano % 1_000_000_000 == 0)
        .then(|| u64::try_from(nano / 1_000_000_000).ok())
        .flatten()
}

fn with_unit(text: &str) -> Option<(u64, Kind)> {
    let parse = |measurement| {
        Quantity::parse(text, measurement)
            .ok()
            .map(|quantity| quantity.0)
    };
    parse(Measurement::Time)
        .map(|units| (units, Kind::Time))
        .or_else(|| parse(Measurement::Octets).map(|units| (units, Kind::Octets)))
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| *c != ' ').collect()
}

/// A price and what it is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Price {
    /// Price of `per`.
    pub(crate) price: Pico,
    /// Usage that it is for; above 0 unless somebody wrote 0.
    pub(crate) per: Length,
}

/// Why a text is no price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PriceError {
    /// There is no `per UNIT`.
    NoUnit,
    /// The amount is none.
    Amount(DecimalError),
    /// The unit is none.
    Unit,
}

/// Reads `0.09 per minute`, `free`.
pub(crate) fn price(text: &str) -> Result<Price, PriceError> {
    if text.trim() == "free" {
        return Ok(Price {
            price: Pico::ZERO,
            per: Length {
                units: 1,
                kind: None,
            },
        });
    }
    let (amount, unit) = text.split_once(" per ").ok_or(PriceError::NoUnit)?;
    let price = Pico::parse(amount.trim()).map_err(PriceError::Amount)?;
    let per = length(unit).ok_or(PriceError::Unit)?;
    Ok(Price { price, per })
}

/// Reads `30s, then 1s`: lengths in order, the last one repeats.
pub(crate) fn increments(text: &str) -> Option<Vec<Length>> {
    text.split(',')
        .enumerate()
        .map(|(index, part)| {
            let part = part.trim();
            let part = if index == 0 {
                part
            } else {
                part.strip_prefix("then ").unwrap_or(part)
            };
            length(part)
        })
        .collect()
}

/// Reads `half_up to 4`.
pub(crate) fn rounding(text: &str) -> Option<Rounding> {
    let (mode, decimals) = text.split_once(" to ")?;
    let mode = [
        RoundingMode::Up,
        RoundingMode::Down,
        RoundingMode::HalfUp,
        RoundingMode::HalfEven,
    ]
    .into_iter()
    .find(|known| known.word() == mode.trim())?;
    let decimals: u8 = decimals.trim().parse().ok()?;
    (decimals <= 6).then_some(Rounding { mode, decimals })
}

/// Reads `12.5%` as basis points.
pub(crate) fn percent(text: &str) -> Option<u32> {
    let scaled = parse_scaled(text.trim().strip_suffix('%')?.trim_end(), 2).ok()?;
    u32::try_from(scaled).ok()
}

/// Writes basis points: `80%`, `12.5%`.
pub(crate) fn shown_percent(bps: u32) -> String {
    match (bps / 100, bps % 100) {
        (whole, 0) => format!("{whole}%"),
        (whole, part) if part.is_multiple_of(10) => format!("{whole}.{}%", part / 10),
        (whole, part) => format!("{whole}.{part:02}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let cases = [
            ("30s", 30_000_000_000, Kind::Time),
            ("minute", 60_000_000_000, Kind::Time),
            ("1m30s", 90_000_000_000, Kind::Time),
            ("60 s", 60_000_000_000, Kind::Time),
            ("0.5 hour", 1_800_000_000_000, Kind::Time),
            ("GB", 1_000_000_000, Kind::Octets),
            ("MiB", 1 << 20, Kind::Octets),
            ("100 kB", 100_000, Kind::Octets),
            ("1", 1, Kind::Events),
            ("10 messages", 10, Kind::Events),
            ("10 units", 10, Kind::Plain),
        ];
        for (text, units, kind) in cases {
            assert_eq!(
                length(text),
                Some(Length {
                    units,
                    kind: Some(kind)
                }),
                "{text}"
            );
        }
        for text in [
            "",
            "per",
            "10 pounds",
            "1.5 units",
            "-1s",
            "1e3s",
            "99999999999h",
        ] {
            assert_eq!(length(text), None, "{text}");
        }
        assert_eq!(
            length("0s"),
            Some(Length {
                units: 0,
                kind: None
            })
        );
    }

    #[test]
    fn small_texts() {
        assert_eq!(percent("12.5%"), Some(1250));
        assert_eq!(percent("12.555%"), None);
        assert_eq!(percent("-1%"), None);
        for text in ["80%", "12.5%", "0.05%", "100%"] {
            assert_eq!(percent(text).map(shown_percent).as_deref(), Some(text));
        }
        assert_eq!(
            increments("30s, then 10s, 1s").map(|list| list.len()),
            Some(3)
        );
        assert_eq!(price("0.09"), Err(PriceError::NoUnit));
        assert_eq!(rounding("half_up to 7"), None);
        assert_eq!(
            rounding("up to 0"),
            Some(Rounding {
                mode: RoundingMode::Up,
                decimals: 0
            })
        );
    }
}
