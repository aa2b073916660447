//! Amounts, percentages, lengths and lists in words.

use smol_str::SmolStr;
use umbral_model::money::{Money, Pico};
use umbral_model::units::{Measurement, Quantity};

/// How many names of a list are said before the rest is counted.
const LISTED: usize = 8;

/// `0.09 per minute`: the price of `unit` base units, of a usual length where that is exact.
pub(super) fn price(price: Pico, unit: u64, usual: u64, measurement: Measurement) -> String {
    if price == Pico::ZERO {
        return "free".to_owned();
    }
    match exchanged(price, unit, usual) {
        Some(price) => format!("{price} per {}", unit_word(usual, measurement)),
        None => format!("{price} per {}", unit_word(unit, measurement)),
    }
}

/// The price of `to` base units, if it is exact.
fn exchanged(price: Pico, from: u64, to: u64) -> Option<Pico> {
    let product = price.picos().checked_mul(i128::from(to))?;
    let from = i128::from(from.max(1));
    (product % from == 0).then(|| Pico::from_picos(product / from))
}

/// The length that prices are compared by: that of both if they agree on one that people use, otherwise a
/// usual one.
pub(super) fn usual_unit(left: u64, right: u64, measurement: Measurement) -> u64 {
    let least = match measurement {
        Measurement::Time => 1_000_000_000,
        Measurement::Octets => 1_000,
        Measurement::Events => 1,
    };
    if left == right && left >= least {
        return left;
    }
    match measurement {
        Measurement::Time => 60_000_000_000,
        Measurement::Octets if left.max(right) >= 1_000_000_000 => 1_000_000_000,
        Measurement::Octets => 1_000_000,
        Measurement::Events => 1,
    }
}

/// `minute`, `GB`, `event`, `100kB`.
pub(super) fn unit_word(unit: u64, measurement: Measurement) -> String {
    let known = match (measurement, unit) {
        (Measurement::Time, 1_000_000_000) => "second",
        (Measurement::Time, 60_000_000_000) => "minute",
        (Measurement::Time, 3_600_000_000_000) => "hour",
        (Measurement::Events, 1) => "event",
        (Measurement::Octets, 1) => "B",
        (Measurement::Octets, 1_000) => "kB",
        (Measurement::Octets, 1_000_000) => "MB",
        (Measurement::Octets, 1_000_000_000) => "GB",
        _ => return length(unit, measurement),
    };
    known.to_owned()
}

/// `30s`, `5m`, `10kB`, `100 events`.
pub(super) fn length(units: u64, measurement: Measurement) -> String {
    let minute = 60_000_000_000;
    match measurement {
        Measurement::Time if units >= 2 * minute && units.is_multiple_of(60 * minute) => {
            format!("{}h", units / (60 * minute))
        }
        Measurement::Time if units >= 2 * minute && units.is_multiple_of(minute) => {
            format!("{}m", units / minute)
        }
        Measurement::Events if units == 1 => "1 event".to_owned(),
        Measurement::Events => format!("{units} events"),
        _ => Quantity(units).display(measurement),
    }
}

/// `+12.5%`, `-10%`: from one amount to the other, to a tenth; none from nothing, and where it would say less
/// than the amounts.
pub(super) fn percent(from: i128, to: i128) -> Option<String> {
    if from <= 0 || to < 0 {
        return None;
    }
    let tenths = to.checked_sub(from)?.checked_mul(1_000)?;
    let half = if tenths < 0 { -from / 2 } else { from / 2 };
    let tenths = tenths.checked_add(half)? / from;
    if tenths == 0 {
        return None;
    }
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    let sign = if to < from { "-" } else { "+" };
    Some(match tenth {
        0 => format!("{sign}{whole}%"),
        _ => format!("{sign}{whole}.{tenth}%"),
    })
}

/// `12.5%`, from basis points.
pub(super) fn bps(bps: u32) -> String {
    match bps % 100 {
        0 => format!("{}%", bps / 100),
        rest if rest % 10 == 0 => format!("{}.{}%", bps / 100, rest / 10),
        rest => format!("{}.{rest:02}%", bps / 100),
    }
}

/// `9.90`, or `none`.
pub(super) fn or_none(amount: Option<Money>) -> String {
    amount.map_or_else(|| "none".to_owned(), |amount| amount.to_string())
}

/// Names with commas, the rest counted where there are many.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let shown = names.iter().take(LISTED).map(AsRef::as_ref);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

/// `1 prefix`, `3 prefixes`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `yes` or `no`.
pub(super) fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// A list of names, or what stands for all of them.
pub(super) fn names_or(names: &[SmolStr], all: &str) -> String {
    match names {
        [] => all.to_owned(),
        names => listed(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        for (from, to, expected) in [
            (200, 180, Some("-10%")),
            (9, 8, Some("-11.1%")),
            (8, 9, Some("+12.5%")),
            (3, 4, Some("+33.3%")),
            (6, 4, Some("-33.3%")),
            (10_000, 10_001, None),
            (5, 0, Some("-100%")),
            (0, 5, None),
            (-5, 5, None),
        ] {
            assert_eq!(percent(from, to).as_deref(), expected, "{from} to {to}");
        }
        assert_eq!([bps(1050), bps(1000), bps(1)], ["10.5%", "10%", "0.01%"]);
    }

    #[test]
    fn prices_of_usual_lengths() {
        let pico = |text: &str| Pico::parse(text).unwrap_or_default();
        let (second, minute) = (1_000_000_000, 60_000_000_000);
        for (amount, unit, usual, expected) in [
            ("0.09", minute, minute, "0.09 per minute"),
            ("0.002", second, minute, "0.12 per minute"),
            ("0.1", 7 * second, minute, "0.10 per 7s"),
            ("0", 7 * second, minute, "free"),
        ] {
            assert_eq!(
                price(pico(amount), unit, usual, Measurement::Time),
                expected
            );
        }
        let lengths = [
            (300_000_000_000, Measurement::Time, "5m"),
            (7_200_000_000_000, Measurement::Time, "2h"),
            (90_000_000_000, Measurement::Time, "90s"),
            (10_000, Measurement::Octets, "10kB"),
            (100, Measurement::Events, "100 events"),
        ];
        for (units, measurement, expected) in lengths {
            assert_eq!(length(units, measurement), expected);
        }
    }
}
