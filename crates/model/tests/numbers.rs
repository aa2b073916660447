//! Money, prices and quantities: exact reading and writing, and what is refused.

use umbral_model::money::{Currency, DecimalError, Money, Pico};
use umbral_model::units::{Measurement, Quantity, QuantityError};

#[test]
fn money_is_read_exactly_or_not_at_all() {
    let good = [
        ("0", 0),
        ("12.50", 12_500_000),
        ("-0.000001", -1),
        ("+3", 3_000_000),
        ("9223372036854.775807", i64::MAX),
        ("1.1000000000", 1_100_000),
    ];
    for (text, micros) in good {
        assert_eq!(Money::parse(text), Ok(Money::from_micros(micros)), "{text}");
    }
    let bad = [
        ("", DecimalError::Empty),
        ("-", DecimalError::Empty),
        (".5", DecimalError::NotDecimal),
        ("5.", DecimalError::NotDecimal),
        ("1e3", DecimalError::NotDecimal),
        ("1,000", DecimalError::NotDecimal),
        ("0x10", DecimalError::NotDecimal),
        ("--1", DecimalError::NotDecimal),
        ("١", DecimalError::NotDecimal),
        ("0.0000001", DecimalError::TooPrecise),
        ("9223372036854.775808", DecimalError::TooLarge),
        (
            "99999999999999999999999999999999999999999",
            DecimalError::TooLarge,
        ),
    ];
    for (text, error) in bad {
        assert_eq!(Money::parse(text), Err(error), "{text}");
    }
}

#[test]
fn money_is_written_with_two_decimals_at_least() {
    let cases = [
        (0, "0.00"),
        (240_000, "0.24"),
        (241_500, "0.2415"),
        (-1, "-0.000001"),
        (-4_500_000, "-4.50"),
    ];
    for (micros, text) in cases {
        assert_eq!(Money::from_micros(micros).to_string(), text);
    }
    assert_eq!(
        Pico::parse("0.000000000001").map(|p| p.to_string()),
        Ok("0.000000000001".to_owned())
    );
    assert_eq!(Pico::parse("1000000000001"), Err(DecimalError::TooLarge));
}

#[test]
fn shares_of_money_round_as_their_name_says() {
    let cases = [
        (10_000_000, 8_000, 8_000_000, 8_000_000),
        (1, 5_000, 1, 1),
        (1, 4_999, 1, 0),
        (-1, 5_000, 0, -1),
        (-3, 5_000, -1, -2),
    ];
    for (micros, bps, ceil, half_up) in cases {
        let amount = Money::from_micros(micros);
        assert_eq!(amount.bps_ceil(bps).micros(), ceil, "{micros} x {bps} up");
        assert_eq!(
            amount.bps_half_up(bps).micros(),
            half_up,
            "{micros} x {bps} half up"
        );
    }
}

#[test]
fn minor_units_follow_the_currency() {
    let cases = [
        ("EUR", "0.01", true),
        ("EUR", "0.001", false),
        ("JPY", "0.50", false),
        ("KWD", "0.001", true),
    ];
    for (code, amount, whole) in cases {
        let currency = Currency::parse(code).expect("a currency");
        let amount = Money::parse(amount).expect("an amount");
        assert_eq!(currency.is_whole_minor(amount), whole, "{code} {amount}");
    }
    assert_eq!(Currency::parse("eur"), None);
    assert_eq!(Currency::parse("EURO"), None);
}

#[test]
fn quantities_are_read_in_the_unit_of_the_service() {
    use Measurement::{Events, Octets, Time};
    let good = [
        ("61s", Time, 61_000_000_000, "61s"),
        ("1m30s", Time, 90_000_000_000, "90s"),
        ("500ms", Time, 500_000_000, "0.5s"),
        ("1h", Time, 3_600_000_000_000, "3600s"),
        ("61", Time, 61_000_000_000, "61s"),
        ("0.000000001", Time, 1, "0.000000001s"),
        ("1GB", Octets, 1_000_000_000, "1GB"),
        ("1GiB", Octets, 1 << 30, "1073741824B"),
        ("34.429MB", Octets, 34_429_000, "34429kB"),
        ("10kB", Octets, 10_000, "10kB"),
        ("1500B", Octets, 1_500, "1500B"),
        ("7", Events, 7, "7"),
    ];
    for (text, measurement, base, shown) in good {
        let quantity = Quantity::parse(text, measurement);
        assert_eq!(quantity, Ok(Quantity(base)), "{text}");
        assert_eq!(
            quantity.map(|q| q.display(measurement)),
            Ok(shown.to_owned())
        );
    }
    let bad = [
        ("", Time, QuantityError::Empty),
        ("s", Time, QuantityError::Malformed),
        ("-5s", Time, QuantityError::Malformed),
        ("1m30", Time, QuantityError::Malformed),
        ("10kB", Time, QuantityError::WrongUnit),
        ("61s", Octets, QuantityError::WrongUnit),
        ("61s", Events, QuantityError::WrongUnit),
        ("3 pieces", Events, QuantityError::Malformed),
        ("1.5", Octets, QuantityError::NotWhole),
        ("0.5B", Octets, QuantityError::NotWhole),
        ("9223372036854775808", Octets, QuantityError::TooLarge),
        ("99999999999h", Time, QuantityError::TooLarge),
    ];
    for (text, measurement, error) in bad {
        assert_eq!(
            Quantity::parse(text, measurement),
            Err(error),
            "{text} of {measurement:?}"
        );
    }
}
