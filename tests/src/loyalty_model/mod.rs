//! Lives of loyalty accounts against a naive model: all facts are kept, what a source should have earned is computed
//! anew as an exact fraction, timers are found by looking at everything. The model is written from the rules and shares
//! no code with the engine; random lives under random programmes are lived in both and compared output by output.
//! `UMBRAL_TEST_LOYALTY_LIVES=N` lives so many; `UMBRAL_TEST_SEEDS=N` or `N-M` lives these only.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod buy;
mod earn;
mod facts;
mod life;
mod lottery;
mod member;
mod model;
mod pair;
pub mod properties;
mod spend;

pub use pair::Counts;

use crate::tariff_model::random::Random;
use life::Life;
use pair::compare;

/// Lives that are lived where nothing else is asked for.
const LIVES: u64 = 2_000;
/// Differences that are shown at most.
const FAILURES_MOST: usize = 3;

fn seeds() -> std::ops::RangeInclusive<u64> {
    if let Ok(text) = std::env::var("UMBRAL_TEST_SEEDS") {
        let (from, to) = text.split_once('-').unwrap_or((&text, &text));
        return from.parse().unwrap()..=to.parse().unwrap();
    }
    let lives = std::env::var("UMBRAL_TEST_LOYALTY_LIVES");
    1..=lives.map_or(LIVES, |lives| lives.parse().unwrap())
}

/// A life with as few inputs as possible in which something still differs.
fn shrunk(life: &Life, differs: impl Fn(&Life) -> bool) -> Life {
    let mut life = life.clone();
    let mut size = life.steps.len();
    while size > 0 {
        let mut from = 0;
        while from < life.steps.len() {
            let mut shorter = life.clone();
            shorter
                .steps
                .drain(from..(from + size).min(life.steps.len()));
            if differs(&shorter) {
                life = shorter;
            } else {
                from += size;
            }
        }
        size /= 2;
    }
    plainer(life, differs)
}

/// The same under a programme with as few settings as possible.
fn plainer(mut life: Life, differs: impl Fn(&Life) -> bool) -> Life {
    let keys: Vec<String> = life.club.as_object().unwrap().keys().cloned().collect();
    let needed = ["versions", "card_types", "claim_window_days"];
    for key in keys.iter().filter(|key| !needed.contains(&key.as_str())) {
        let mut plain = life.clone();
        plain.club.as_object_mut().unwrap().remove(key);
        if differs(&plain) {
            life = plain;
        }
    }
    life
}

/// Lives the life of a seed in both.
///
/// # Errors
/// The shortest form of the life, and how they differ.
pub fn live(seed: u64) -> Result<Counts, String> {
    let life = lottery::life(&mut Random::new(seed));
    compare(&life).map_err(|why| told_shortest(&life, seed, &why, |life| compare(life).map(|_| ())))
}

fn told_shortest(
    life: &Life,
    seed: u64,
    why: &str,
    check: impl Fn(&Life) -> Result<(), String>,
) -> String {
    let kind = |why: &str| why.starts_with("the catalog");
    let differs = |life: &Life| check(life).is_err_and(|other| kind(&other) == kind(why));
    let life = shrunk(life, differs);
    let why = check(&life).err().unwrap_or_default();
    format!("seed {seed}: {}\n{why}", life.told())
}

/// Engine and model agree on many lives.
///
/// # Panics
/// Where they differ, with the shortest life that shows it.
pub fn engine_and_model_agree() {
    let (mut counts, mut failures) = (Counts::default(), Vec::new());
    for seed in seeds() {
        match live(seed) {
            Ok(more) => counts.add(&more),
            Err(why) => failures.push(why),
        }
        if failures.len() >= FAILURES_MOST {
            break;
        }
    }
    println!("compared: {counts:#?}");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
