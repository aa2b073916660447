//! The price of one record, without anything around it.

use crate::{FullCall, Row, Sizes, catalog, compile};
use anyhow::{Context, Result, anyhow};
use std::time::Instant;
use umbral_model::input::Direction;
use umbral_rating::{Record, Tariff, rate};

/// Nanoseconds of one explained charge; the floor is one `i128` product and division.
///
/// # Errors
/// A catalog or a record that is refused.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let started = Instant::now();
    let files = catalog(sizes.prefixes);
    let made = started.elapsed();
    let set = compile(&files)?;
    let check = started.elapsed() - made;
    let plan = set
        .plan_no("bench")
        .context("the plan of the bench catalog")?;
    let floor = nanoseconds(sizes.repeats, |number| {
        i128::from(number) * 90_000_000_000 / i128::from(60_000_000_000u64 | (number & 1))
    });
    let named = format!("check_{}k_prefixes_seconds", sizes.prefixes / 1_000);
    let mut rows = vec![Row::plain(named, check.as_secs_f64(), "s")];
    for (name, service, quantity) in [
        ("rate_call_ns", "voice", 61_000_000_000),
        ("rate_message_ns", "sms", 1),
        ("rate_1gb_record_ns", "data", 1_000_000_000),
    ] {
        let numbers: Vec<String> = (0..1024)
            .map(|index| crate::prefix(index * 97 % sizes.prefixes))
            .collect();
        let mut failed = 0u32;
        let value = nanoseconds(sizes.repeats, |number| {
            let record = Record {
                service,
                direction: Direction::Originating,
                to: if service == "data" {
                    ""
                } else {
                    &numbers[number as usize % 1024]
                },
                whole: false,
                zone: None,
                network: None,
                start: crate::START.plus_nanos((number % 100_000) as i64 * 1_000_000_000),
                quantity,
                duration: None,
                continued: None,
            };
            match rate(&set, Tariff::Plan(plan), &record) {
                Ok(charge) => i128::from(charge.amount.micros()),
                Err(_) => {
                    failed += 1;
                    0
                }
            }
        });
        anyhow::ensure!(failed == 0, "{failed} records of {name} were not rated");
        rows.push(Row::time(name, value, "ns", floor));
    }
    rows.push(full_call(sizes, floor)?);
    Ok(rows)
}

/// A call through a plan with allowances, tiers, roaming and discounts.
fn full_call(sizes: &Sizes, floor: f64) -> Result<Row> {
    let full = FullCall::new(sizes.prefixes)?;
    let charge = full.rate(0).map_err(|rejection| anyhow!("{rejection}"))?;
    anyhow::ensure!(
        charge.segments.len() == 2 && charge.covered.len() == 1 && charge.discounts.len() == 2,
        "the call does not go through everything: {charge:?}"
    );
    let value = nanoseconds(sizes.repeats, |number| {
        let charge = full.rate(number);
        charge.map_or(0, |charge| i128::from(charge.amount.micros()))
    });
    Ok(Row::time("rate_full_call_ns", value, "ns", floor))
}

fn nanoseconds(repeats: u32, mut work: impl FnMut(u64) -> i128) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let sum = (0..u64::from(repeats)).fold(0i128, |sum, number| sum.wrapping_add(work(number)));
        std::hint::black_box(sum);
        best = best.min(started.elapsed().as_nanos() as f64 / f64::from(repeats));
    }
    best
}
