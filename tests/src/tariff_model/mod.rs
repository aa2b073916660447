//! Tariffs over cycles against a naive model: days walked one by one, units taken one by one, plain lists. The
//! model is written from the rules and shares no code with the engine; random lives of random accounts under
//! random tariffs are lived in both and compared event by event. `UMBRAL_TEST_QUICK=1` compares fewer;
//! `UMBRAL_TEST_SEEDS=N` or `N-M` lives these seeds only, `UMBRAL_TEST_CATALOG=1` shows the catalog of one that fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod credit;
pub(crate) mod days;
mod events;
mod inputs;
mod life;
mod lottery;
mod model;
mod pair;
mod price;
pub mod properties;
mod purchases;
pub(crate) mod random;
mod rated;
mod records;
mod tariff;
mod text;

pub use pair::Counts;

use pair::{compare, shrunk, world};
use random::Random;

/// Lives under one tariff.
const LIVES: usize = 12;

/// Tariffs that are tried.
fn tariffs() -> u64 {
    match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => 20,
        None => 1_500,
    }
}

/// `UMBRAL_TEST_SEEDS=7` or `UMBRAL_TEST_SEEDS=2000-9000` in place of the usual ones.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let Ok(text) = std::env::var("UMBRAL_TEST_SEEDS") else {
        return 1..=tariffs();
    };
    let (from, to) = text.split_once('-').unwrap_or((&text, &text));
    from.parse().unwrap()..=to.parse().unwrap()
}

/// All lives of a seed.
///
/// # Errors
/// The shortest form of the first life in which engine and model differ.
pub fn live(seed: u64) -> Result<Counts, String> {
    live_many(&mut Random::new(seed), LIVES, &format!("seed {seed}"))
}

/// A tariff and a life that bytes choose: for fuzzers, which find their way by changing them.
///
/// # Errors
/// The life in which engine and model differ.
pub fn live_by(bytes: &[u8]) -> Result<Counts, String> {
    live_many(&mut Random::of_bytes(bytes), 1, "these bytes")
}

fn live_many(random: &mut Random, lives: usize, what: &str) -> Result<Counts, String> {
    let (from, to) = life::span(random);
    let tariff = lottery::tariff(random, from, to);
    let world = world(&tariff).map_err(|why| format!("{what}: {why}"))?;
    let mut counts = Counts::default();
    for number in 0..lives {
        let life = life::life(random, from);
        match compare(&tariff, &world, &life) {
            Ok(more) => counts.add(&more),
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
                    "{what}, life {number}: {} cycle day {} vip {} plan p{} from minute {}\n{}\n{why}\n{}",
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

/// Engine and model agree on many seeds.
///
/// # Panics
/// Where they differ, with the shortest life that shows it.
pub fn engine_and_model_agree() {
    let mut counts = Counts::default();
    let mut failures = Vec::new();
    for seed in seeds() {
        match live(seed) {
            Ok(more) => counts.add(&more),
            Err(why) => failures.push(why),
        }
        if failures.len() >= 3 {
            break;
        }
    }
    println!("compared: {counts:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    let lives = counts.lives;
    let rare = counts.rarer_than(lives / 60);
    assert!(rare.is_empty() || lives < 200, "hardly compared: {rare:?}");
}
