//! Tariffs over cycles against a naive model: days walked one by one, units taken one by one, plain lists. The
//! model is written from the rules and shares no code with the engine; random lives of random accounts under
//! random tariffs are lived in both and compared event by event. `UMBRAL_TEST_QUICK=1` compares fewer;
//! `UMBRAL_TEST_SEED=N` lives one seed only.

#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a test that cannot go on fails"
)]

mod account;
mod credit;
mod days;
mod engine;
mod life;
mod lottery;
mod model;
mod pair;
mod price;
mod random;
mod records;
mod tariff;
mod text;

use pair::{Counts, compare, shrunk, world};
use random::Random;

/// Lives under one tariff.
const LIVES: usize = 12;

fn tariffs() -> usize {
    match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => 20,
        None => 2_000,
    }
}

fn seeds() -> std::ops::Range<u64> {
    match std::env::var("UMBRAL_TEST_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 1..tariffs() as u64 + 1,
    }
}

/// All lives of a seed; the shortest life of the first one that differs.
fn live(seed: u64) -> Result<Counts, String> {
    let mut random = Random::new(seed);
    let (from, to) = life::span(&mut random);
    let tariff = lottery::tariff(&mut random, from, to);
    let world = world(&tariff).map_err(|why| format!("seed {seed}: {why}"))?;
    let mut counts = Counts::default();
    for number in 0..LIVES {
        let life = life::life(&mut random, from);
        match compare(&tariff, &world, &life) {
            Ok(more) => counts.add(more),
            Err(_) => {
                let differs = |life: &life::Life| compare(&tariff, &world, life).is_err();
                let life = shrunk(&life, differs);
                let why = compare(&tariff, &world, &life).err().unwrap_or_default();
                let steps: Vec<String> = life.steps.iter().map(|s| format!("  {s:?}")).collect();
                let texts: Vec<String> = tariff
                    .versions
                    .iter()
                    .map(|version| text::toml(&tariff, version))
                    .collect();
                return Err(format!(
                    "seed {seed}, life {number}: {} cycle day {} vip {} plan p{} from minute {}\n{}\n{why}\n{}",
                    life.zone.name(),
                    life.cycle_day,
                    life.vip,
                    life.plan,
                    life.opened,
                    steps.join("\n"),
                    if std::env::var_os("UMBRAL_TEST_CATALOG").is_some() {
                        texts.join("\n---\n")
                    } else {
                        String::new()
                    },
                ));
            }
        }
    }
    Ok(counts)
}

#[test]
fn engine_and_model_agree() {
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for seed in seeds() {
        match live(seed) {
            Ok(more) => counts.add(more),
            Err(why) => failures.push(why),
        }
        if failures.len() >= 3 {
            break;
        }
    }
    println!("compared: {counts:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
