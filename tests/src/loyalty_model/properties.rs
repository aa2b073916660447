//! What holds in every life, whatever the model says.

use super::life::{Life, Step};
use super::lottery;
use super::pair::{give, is_compared, opened};
use crate::state;
use crate::tariff_model::random::Random;
use serde_json::Value;

/// Lives of each property.
const LIVES: u64 = 150;

fn tick(at: i64) -> Step {
    Step {
        id: 0,
        recorded: at,
        occurred: at,
        account: None,
        kind: "tick",
        body: Value::Null,
    }
}

/// Outputs of account A, and its hash in the end.
fn outputs(life: &Life, ticks: impl Fn(i64, i64) -> Vec<i64>) -> (Vec<String>, String) {
    let mut stage = opened(life).unwrap();
    let mut before = life.opened;
    for step in &life.steps {
        for at in ticks(before, step.recorded) {
            give(&mut stage, &tick(at));
        }
        give(&mut stage, step);
        before = step.recorded;
    }
    let all = stage.take_outputs();
    let told = all.iter().filter(|o| is_compared(o) && o["account"] == "A");
    let hash = format!("{:?}", stage.account_hashes());
    (told.map(Value::to_string).collect(), hash)
}

/// Ticks in any batching give the same events and states.
///
/// # Panics
/// Where they do not.
pub fn ticks_in_any_batching_give_the_same_events() {
    for seed in 1..=LIVES {
        let life = lottery::life(&mut Random::new(seed));
        let few = outputs(&life, |_, _| Vec::new());
        let many = outputs(&life, |from, to| {
            (from..to)
                .step_by(600 + (seed as usize % 7) * 211)
                .collect()
        });
        assert_eq!(few, many, "seed {seed}: {}", life.told());
    }
}

/// Going on after a replay of all entries, or from a copy of all rows, changes nothing.
///
/// # Panics
/// Where it does.
pub fn restarts_change_nothing() {
    for seed in 1..=LIVES {
        let life = lottery::life(&mut Random::new(seed));
        let (whole, hash) = outputs(&life, |_, _| Vec::new());
        let mut stage = opened(&life).unwrap();
        for (number, step) in life.steps.iter().enumerate() {
            give(&mut stage, step);
            match number % 5 {
                1 => stage.restart(),
                3 => {
                    stage.begin_copy();
                    stage.restart_from_copy();
                }
                _ => {}
            }
        }
        let all = stage.take_outputs();
        let told = all.iter().filter(|o| is_compared(o) && o["account"] == "A");
        let told: Vec<String> = told.map(Value::to_string).collect();
        assert_eq!(whole, told, "seed {seed}: {}", life.told());
        assert_eq!(
            hash,
            format!("{:?}", stage.account_hashes()),
            "seed {seed}: {}",
            life.told()
        );
    }
}

/// Refunds of a purchase, and payments of a bill, come to the same in any order.
///
/// # Panics
/// Where they do not.
pub fn refunds_and_payments_come_to_the_same_in_any_order() {
    for seed in 1..=LIVES {
        let random = &mut Random::new(seed);
        let mut life = lottery::life(random);
        life.steps.clear();
        life.club["refund_policy"] = "debt".into();
        for key in [
            "max_debt",
            "inactive_months",
            "reward_levels",
            "default_line",
            "expiry",
        ] {
            life.club.as_object_mut().unwrap().remove(key);
        }
        let (mut steps, last) = lottery::parts(random, &life);
        let mut ends: Vec<Value> = Vec::new();
        for _ in 0..4 {
            life.steps = lottery::in_turn(random, &mut steps, &last);
            let mut stage = opened(&life).unwrap();
            life.steps.iter().for_each(|step| give(&mut stage, step));
            let view = state::of(&stage.account("A").unwrap());
            // The tier is the highest that was reached on the way.
            let mut ledgers = view["ledgers"].clone();
            ledgers["club/-"]["tier"].take();
            ends.push(ledgers);
        }
        assert!(
            ends.iter().all(|end| *end == ends[0]),
            "seed {seed}: {ends:?}\n{}",
            life.told()
        );
    }
}
