//! What must hold under any tariff: ticks in any batching, restarts at any point, everything cancelled, corrections
//! in any order, corrections before or after their record.

use crate::stage::Stage;
use crate::tariff_model::days::DAY;
use crate::tariff_model::inputs::{self, ACCOUNT, instant};
use crate::tariff_model::life::{Life, Step, What};
use crate::tariff_model::lottery;
use crate::tariff_model::pair::{Pair, world};
use crate::tariff_model::random::Random;
use crate::tariff_model::tariff::Tariff;
use umbral_engine::{AccountView, World};
use umbral_intake::zones;
use umbral_model::event::{ChargeKind, EventBody};
use umbral_model::input::Input;

fn count() -> u64 {
    match std::env::var_os("UMBRAL_TEST_QUICK") {
        Some(_) => 30,
        None => 400,
    }
}

/// Runs a property on random tariffs and lives, and says which seed it does not hold for.
fn holds(name: &str, property: impl Fn(&mut Random) -> Result<(), String>) {
    for seed in 1..=count() {
        let mut random = Random::new(seed ^ 0x7a21_0000);
        if let Err(why) = property(&mut random) {
            panic!("{name} does not hold for seed {seed}: {why}");
        }
    }
}

/// A tariff and a life under it.
fn drawn(random: &mut Random, plain: impl Fn(&mut Tariff)) -> (Tariff, World, Life) {
    let (from, to) = crate::tariff_model::life::span(random);
    let mut tariff = lottery::tariff(random, from, to);
    plain(&mut tariff);
    let world = world(&tariff).unwrap();
    let life = crate::tariff_model::life::life(random, from);
    (tariff, world, life)
}

/// How a life is played: minutes between further ticks, and inputs before which everything is replayed.
#[derive(Clone, Default)]
struct Manner {
    every: Option<i64>,
    restarts: Vec<usize>,
    /// Inputs before which a copy of the account begins, is made, and is gone on with.
    copy: Option<(usize, usize, usize)>,
}

/// The engine alone, on inputs as they arrive.
fn play(
    world: &World,
    opening: Input,
    zone: &str,
    inputs: &[(i64, Input)],
    manner: &Manner,
) -> Stage {
    let mut world = world.clone();
    world.add_zone(zones::iana(zone).unwrap());
    let mut minute = opening.occurred_at.nanos() / 60_000_000_000;
    let mut stage = Stage::in_world(world, 1);
    stage.decide(opening, String::new());
    let last = inputs.last().map_or(minute, |(arrives, _)| *arrives);
    let ends = inputs
        .iter()
        .map(|(arrives, input)| (*arrives, Some(input)));
    for (index, (arrives, input)) in ends.chain([(last + 40 * DAY, None)]).enumerate() {
        while let Some(next) = manner
            .every
            .map(|every| minute + every)
            .filter(|next| *next < arrives)
        {
            minute = next;
            stage.tick_at(instant(minute));
        }
        minute = arrives;
        stage.tick_at(instant(arrives));
        if manner.restarts.contains(&index) {
            stage.restart();
        }
        if let Some((begin, make, go_on)) = manner.copy {
            if index == begin {
                stage.begin_copy();
            }
            if index == make {
                stage.copy_some(1);
            }
            if index == go_on {
                stage.restart_from_copy();
            }
        }
        if let Some(input) = input {
            stage.decide(input.clone(), String::new());
        }
    }
    stage
}

/// A life's inputs, as a life beside the model finds them.
fn played(tariff: &Tariff, world: &World, life: &Life) -> Result<Vec<(i64, Input)>, String> {
    let mut pair = Pair::new(tariff, world, life)?;
    for step in &life.steps {
        pair.step(step)?;
    }
    Ok(pair.played)
}

fn same_histories(one: &Stage, other: &Stage) -> Result<(), String> {
    let (one, other) = (one.history(ACCOUNT), other.history(ACCOUNT));
    for (left, right) in one.iter().zip(&other) {
        if left != right {
            return Err(format!("\n  {left:?}\n  {right:?}"));
        }
    }
    match one.len() == other.len() {
        true => Ok(()),
        false => Err(format!("{} events and {}", one.len(), other.len())),
    }
}

/// Ticks in any batching give the same events.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn ticks_in_any_batching_give_the_same_events() {
    holds("the same by any ticks", |random| {
        let (tariff, world, life) = drawn(random, |_| {});
        let inputs = played(&tariff, &world, &life)?;
        let opening = inputs::opening(&tariff, &life);
        let play = |every: Option<i64>| {
            let manner = Manner {
                every,
                ..Manner::default()
            };
            play(&world, opening.clone(), life.zone.name(), &inputs, &manner)
        };
        let seldom = play(None);
        for every in [random.within(20, 600), random.within(DAY, 20 * DAY)] {
            same_histories(&seldom, &play(Some(every)))?;
        }
        Ok(())
    });
}

/// Restarts at any point change nothing.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn restarts_change_nothing() {
    holds("the same after restarts", |random| {
        let (tariff, world, life) = drawn(random, |_| {});
        let inputs = played(&tariff, &world, &life)?;
        let opening = inputs::opening(&tariff, &life);
        let restarts = (0..3).map(|_| random.below(inputs.len() + 1)).collect();
        let play =
            |manner: Manner| play(&world, opening.clone(), life.zone.name(), &inputs, &manner);
        let through = play(Manner::default());
        let restarted = play(Manner {
            restarts,
            ..Manner::default()
        });
        same_histories(&through, &restarted)?;
        match (
            through.account_hashes(),
            through.replayed_hashes(),
            restarted.account_hashes(),
        ) {
            (one, two, three) if one == two && one == three => Ok(()),
            _ => Err("the state is another one".to_owned()),
        }
    });
}

#[test]
fn going_on_from_a_copy_changes_nothing() {
    holds("the same from a copy", |random| {
        let (tariff, world, life) = drawn(random, |_| {});
        let inputs = played(&tariff, &world, &life)?;
        let opening = inputs::opening(&tariff, &life);
        let mut at: Vec<usize> = (0..3).map(|_| random.below(inputs.len() + 1)).collect();
        at.sort_unstable();
        let play =
            |manner: Manner| play(&world, opening.clone(), life.zone.name(), &inputs, &manner);
        let through = play(Manner::default());
        let copied = play(Manner {
            copy: Some((at[0], at[1], at[2])),
            ..Manner::default()
        });
        same_histories(&through, &copied)?;
        match through.account_hashes() == copied.account_hashes() {
            true => Ok(()),
            false => Err("the state is another one".to_owned()),
        }
    });
}

/// No discounts, one version, fine roundings: what moves between tiers comes out even, to a millionth a charge.
fn even(tariff: &mut Tariff) {
    tariff.versions.truncate(1);
    for version in &mut tariff.versions {
        version.discounts.clear();
        version.rates.iter_mut().for_each(|rate| rate.decimals = 6);
    }
}

/// Steps within two months, so that all cycles are kept.
fn shorten(life: &mut Life) {
    let end = life.opened + 50 * DAY;
    life.steps
        .retain(|step| step.arrives < end && !matches!(step.what, What::Move { .. }));
}

fn volume_charges(stage: &Stage) -> i64 {
    let is_volume = |body: &EventBody| matches!(body, EventBody::ChargePosted(posted) if matches!(posted.kind, ChargeKind::Volume(_)));
    stage
        .history(ACCOUNT)
        .iter()
        .filter(|event| is_volume(&event.body))
        .count() as i64
}

fn view(stage: &Stage) -> AccountView {
    stage.account(ACCOUNT).unwrap()
}

/// The numbers of records for which something stands.
fn standing(pair: &Pair<'_>) -> Vec<usize> {
    let records = pair.model.records.iter();
    records
        .filter(|(_, record)| record.rated.is_some())
        .map(|(number, _)| *number)
        .collect()
}

fn cancellation(number: usize, of: usize, minute: i64) -> Step {
    Step {
        number,
        arrives: minute,
        at: minute,
        what: What::Cancel { of },
    }
}

fn shuffled(random: &mut Random, mut list: Vec<usize>) -> Vec<usize> {
    for index in (1..list.len()).rev() {
        list.swap(index, random.below(index + 1));
    }
    list
}

/// Lives a life and cancels these records in this order.
fn cancelled<'t>(
    tariff: &'t Tariff,
    world: &World,
    life: &'t Life,
    order: &[usize],
) -> Result<Pair<'t>, String> {
    let mut pair = Pair::new(tariff, world, life)?;
    for step in &life.steps {
        pair.step(step)?;
    }
    let minute = life.steps.last().map_or(life.opened, |step| step.arrives);
    for (index, of) in order.iter().enumerate() {
        pair.step(&cancellation(1_000 + index, *of, minute))?;
    }
    pair.compare_state()?;
    Ok(pair)
}

/// Cancelling every record gives everything back.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn cancelling_every_record_gives_everything_back() {
    holds("everything comes back", |random| {
        let (tariff, world, mut life) = drawn(random, even);
        shorten(&mut life);
        let all = standing(&cancelled(&tariff, &world, &life, &[])?);
        let order = shuffled(random, all);
        let pair = cancelled(&tariff, &world, &life, &order)?;
        let (view, dust) = (view(&pair.stage), volume_charges(&pair.stage));
        for cycle in &view.cycles {
            // All and voice: a rate for data at home and abroad counts its differences in either scope.
            if cycle.usage[..2]
                .iter()
                .any(|money| money.micros().abs() > dust)
            {
                return Err(format!("usage of {} is {:?}", cycle.start, cycle.usage));
            }
        }
        if let Some(grant) = view
            .allowances
            .iter()
            .find(|grant| grant.left != grant.granted)
        {
            return Err(format!("{} of {} are left", grant.left, grant.granted));
        }
        match view.tiers.iter().find(|tier| tier.units > 0) {
            Some(tier) => Err(format!("{} units under {}", tier.units, tier.rate)),
            None => Ok(()),
        }
    });
}

/// Cancellations come to the same in any order.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn cancellations_come_to_the_same_in_any_order() {
    holds("any order of cancellations", |random| {
        let (tariff, world, mut life) = drawn(random, even);
        shorten(&mut life);
        let all = standing(&cancelled(&tariff, &world, &life, &[])?);
        let some: Vec<usize> = all.into_iter().filter(|_| random.chance(60)).collect();
        let (one, other) = (shuffled(random, some.clone()), shuffled(random, some));
        let one = cancelled(&tariff, &world, &life, &one)?.stage;
        let other = cancelled(&tariff, &world, &life, &other)?.stage;
        let dust = volume_charges(&one) + volume_charges(&other);
        let (one, other) = (view(&one), view(&other));
        let money = one.unbilled.micros() - other.unbilled.micros();
        let lefts = |view: &AccountView| {
            view.allowances
                .iter()
                .map(|grant| grant.left)
                .collect::<Vec<u64>>()
        };
        let same = lefts(&one) == lefts(&other) && one.tiers == other.tiers;
        match money.abs() <= dust && same {
            true => Ok(()),
            false => Err(format!("{} or {}", one.unbilled, other.unbilled)),
        }
    });
}

/// No units in common: neither allowances nor graduated tiers. Nothing is held at a bound, for a record that is
/// held has not the price of its tier.
fn independent(tariff: &mut Tariff) {
    even(tariff);
    for version in &mut tariff.versions {
        version
            .plans
            .iter_mut()
            .for_each(|plan| plan.allowances.clear());
        version
            .products
            .iter_mut()
            .for_each(|product| product.allowances.clear());
        for rate in &mut version.rates {
            rate.tiers.take_if(|tiers| !tiers.volume);
            (rate.minimum, rate.maximum) = (None, None);
        }
    }
}

/// Independent corrections come to the same in any order.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn independent_corrections_come_to_the_same_in_any_order() {
    holds("any order of corrections", |random| {
        let (tariff, world, mut life) = drawn(random, independent);
        shorten(&mut life);
        let all = standing(&cancelled(&tariff, &world, &life, &[])?);
        let minute = life.steps.last().map_or(life.opened, |step| step.arrives);
        let corrections: Vec<Step> = all
            .into_iter()
            .enumerate()
            .map(|(index, of)| Step {
                number: 1_000 + index,
                arrives: minute,
                at: minute - random.within(0, 10 * DAY),
                what: What::Correct {
                    of,
                    member: None,
                    usage: crate::tariff_model::life::usage(random),
                },
            })
            .collect();
        let mut stages = Vec::new();
        for _ in 0..2 {
            let mut pair = cancelled(&tariff, &world, &life, &[])?;
            for index in shuffled(random, (0..corrections.len()).collect()) {
                pair.step(&corrections[index])?;
            }
            stages.push(pair.stage);
        }
        let dust: i64 = stages.iter().map(volume_charges).sum();
        let (one, other) = (view(&stages[0]), view(&stages[1]));
        let money = one.unbilled.micros() - other.unbilled.micros();
        match money.abs() <= dust && one.tiers == other.tiers {
            true => Ok(()),
            false => Err(format!("{} or {}", one.unbilled, other.unbilled)),
        }
    });
}

/// Corrections before or after their record come to the same.
///
/// # Panics
/// Where it does not hold, with the seed.
pub fn corrections_before_or_after_their_record_come_to_the_same() {
    holds("before or after", |random| {
        let (tariff, world, life) = drawn(random, |_| {});
        let (mut after, mut before) = (Vec::new(), Vec::new());
        let mut numbers = std::collections::BTreeSet::new();
        for step in &life.steps {
            let is_record = matches!(step.what, What::Use { .. });
            let what = match random.below(3) {
                0 => What::Cancel { of: step.number },
                _ => What::Correct {
                    of: step.number,
                    member: None,
                    usage: crate::tariff_model::life::usage(random),
                },
            };
            let correction = Step {
                number: 1_000 + step.number,
                what,
                ..step.clone()
            };
            let names_record = matches!(step.what, What::Correct { .. } | What::Cancel { .. });
            if names_record || !numbers.insert(step.number) {
                continue;
            }
            let corrected = is_record && random.chance(40);
            before.extend(corrected.then(|| correction.clone()));
            before.push(step.clone());
            after.push(step.clone());
            after.extend(corrected.then_some(correction));
        }
        let live = |steps: Vec<Step>| -> Result<Stage, String> {
            let life = Life {
                steps,
                ..life.clone()
            };
            let mut pair = Pair::new(&tariff, &world, &life)?;
            for step in &life.steps {
                pair.step(step)?;
            }
            Ok(pair.stage)
        };
        let (one, other) = (view(&live(after)?), view(&live(before)?));
        let lefts = |view: &AccountView| {
            let grants = view.allowances.iter();
            grants
                .map(|grant| (grant.grant, grant.left, grant.left_abroad))
                .collect::<Vec<_>>()
        };
        let same = one.unbilled == other.unbilled
            && one.exposure == other.exposure
            && one.cycles == other.cycles
            && one.tiers == other.tiers
            && lefts(&one) == lefts(&other);
        match same {
            true => Ok(()),
            false => Err(format!("{} or {}", one.unbilled, other.unbilled)),
        }
    });
}
