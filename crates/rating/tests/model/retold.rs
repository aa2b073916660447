//! A charge computed anew from nothing but its explanation in JSON, with decimals.

use crate::naive::{COMMON, WHOLE, round};
use rust_decimal::Decimal;
use serde_json::Value;
use umbral_model::money::{Rounding, RoundingMode};

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

fn amount(value: &Value, key: &str) -> Decimal {
    text(value, key).parse().unwrap()
}

/// Base units of a quantity: `61s`, `0.5s`, `10kB`, `3`; none is nothing.
fn units(value: &Value, key: &str) -> u64 {
    let Some(text) = value.get(key).map(|value| value.as_str().unwrap()) else {
        return 0;
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let size: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "s" | "GB" => 1_000_000_000,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "TB" => 1_000_000_000_000,
        other => panic!("{other}"),
    };
    let number: Decimal = digits.parse().unwrap();
    u64::try_from(number * Decimal::from(size)).unwrap()
}

fn percent(value: &Value, key: &str) -> u64 {
    let number: Decimal = text(value, key).trim_end_matches('%').parse().unwrap();
    u64::try_from(number * Decimal::ONE_HUNDRED).unwrap()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).map_or(&[], |list| list.as_array().unwrap())
}

/// The amount in micro-units, once as computed and once as written. What the parts show adds up on the way.
pub fn retell(json: &[u8]) -> (i64, i64) {
    let price: Value = serde_json::from_slice(json).unwrap();
    let (common, whole) = (Decimal::from(COMMON), Decimal::from(WHOLE));
    let mut total = amount(&price, "setup") * common;
    let mut shown = amount(&price, "setup");
    for (number, segment) in (1..).zip(list(&price, "segments")) {
        let covered = units(segment, "covered");
        let money = units(segment, "billed") - covered;
        let times = u128::from(money) * u128::from(COMMON) / u128::from(units(segment, "per"));
        total += amount(segment, "price") * Decimal::from(times);
        shown += amount(segment, "amount");
        let parts = list(&price, "allowances").iter();
        let of_segment = parts.filter(|part| part["segment"] == number);
        let taken: u64 = of_segment.map(|part| units(part, "units")).sum();
        assert_eq!(taken, covered, "{price}");
    }
    for bound in ["minimum", "maximum"] {
        if price.get(bound).is_some() {
            total = amount(&price, bound) * common;
            shown = amount(&price, bound);
        }
    }
    let mut off = 0;
    if price.get("discount").is_some() {
        off = percent(&price, "discount");
        let discounts = list(&price, "discounts");
        let sum: u64 = discounts.iter().map(|part| percent(part, "percent")).sum();
        assert!(sum >= off && sum > 0, "{price}");
        let amounts = discounts.iter().map(|part| amount(part, "amount"));
        let taken = amount(&price, "discount_amount");
        assert_eq!(amounts.sum::<Decimal>(), taken, "{price}");
        shown -= taken;
    }
    total *= whole - Decimal::from(off);
    // What is shown is rounded to pico-units, part by part.
    let exact = total / common / whole;
    let most = Decimal::new(list(&price, "segments").len() as i64 + 2, 12);
    assert!((shown - exact).abs() <= most, "{shown} {exact} {price}");
    let mode = match text(&price["rounding"], "mode") {
        "up" => RoundingMode::Up,
        "down" => RoundingMode::Down,
        "half_up" => RoundingMode::HalfUp,
        "half_even" => RoundingMode::HalfEven,
        other => panic!("{other}"),
    };
    let rounding = Rounding {
        mode,
        decimals: price["rounding"]["decimals"].as_u64().unwrap() as u8,
    };
    let written = amount(&price, "amount") * Decimal::from(1_000_000);
    (
        round(total, COMMON * WHOLE, rounding),
        i64::try_from(written).unwrap(),
    )
}
