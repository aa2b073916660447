//! Deciding and applying: a stream of any inputs in the engine, and lives of accounts in the engine and in the naive
//! models, of tariffs and of credit.

use super::{catalogs, seeds};
use crate::stage::Stage;
use crate::{credit_model, tariff_model};
use std::sync::OnceLock;
use umbral_engine::World;
use umbral_intake::zones::Iana;
use umbral_model::ids::PartitionNo;
use umbral_model::input::IncomingBody;
use umbral_model::journal::{Entry, Frame};
use umbral_model::time::{NANOS_PER_DAY, Timestamp};
use umbral_wire::{frame, json};

/// Inputs of one stream that are decided.
const MOST_INPUTS: usize = 120;
/// As the event clock: what is dated later needs to be forced.
const MAX_GAP: i64 = 35 * NANOS_PER_DAY;

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let (_, text) = catalogs::WHOLE.split_once('\n').expect("a name and a text");
        let files = [("catalog.toml".into(), text.into())];
        let whole = umbral_catalog::load(&files, &Iana).expect("the seed is a catalog");
        let demo =
            umbral_catalog::load(&catalogs::demo(), &Iana).expect("the example is a catalog");
        let mut world = World::new();
        for (number, compiled) in [whole, demo].into_iter().enumerate() {
            let key = umbral_model::input::InputKey {
                source: "catalog".into(),
                event_id: umbral_model::ids::EventId::new(format!("v{number}")),
            };
            let from = Timestamp::from_seconds(1_790_000_000 * number as i64);
            world.activate(compiled.catalog, from, key);
        }
        world
    })
}

/// Plays lines as the event clock would take them.
fn play<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Stage {
    let mut stage = Stage::in_world(world().clone(), 2);
    let mut clock: Option<Timestamp> = None;
    for line in lines.take(MOST_INPUTS) {
        let Ok(incoming) = json::parse_incoming(line) else {
            continue;
        };
        let at = incoming.occurred_at;
        let is_tick = matches!(incoming.body, IncomingBody::Tick);
        if clock.is_some_and(|clock| at.since(clock) > MAX_GAP) && !incoming.forced && !is_tick {
            continue;
        }
        // Centuries of months are due in one step only where somebody asks for them.
        if clock.is_some_and(|clock| at.since(clock) > 40 * MAX_GAP) {
            continue;
        }
        clock = Some(clock.map_or(at, |clock| clock.max(at)));
        stage.tick_at(at);
        if let Some(input) = incoming.into_input() {
            stage.decide(input, String::from_utf8_lossy(line).into_owned());
        }
    }
    stage
}

pub(super) fn entries_of(lines: &[String]) -> Vec<Entry> {
    play(lines.iter().map(String::as_bytes))
        .entries()
        .cloned()
        .collect()
}

pub(super) fn decide(bytes: &[u8]) {
    let stage = play(bytes.split(|byte| *byte == b'\n'));
    assert_eq!(
        stage.account_hashes(),
        stage.replayed_hashes(),
        "a replay comes to the same"
    );
    let mut accounts = std::collections::BTreeSet::new();
    for (account, _) in stage.account_hashes() {
        assert!(
            stage.account(account.as_str()).is_some(),
            "an account can be looked at"
        );
        accounts.insert(account);
    }
    let entries: Vec<Entry> = stage.entries().cloned().collect();
    for output in entries.iter().flat_map(umbral_wire::outputs) {
        let line = json::output(&output);
        serde_json::from_str::<serde_json::Value>(&line).expect("outputs are JSON");
    }
    let written = Frame {
        partition: PartitionNo(0),
        logic_version: 1,
        batch: 1,
        entries,
    };
    let mut out = Vec::new();
    frame::encode(&written, &mut out);
    let read = frame::decode(&out).expect("an own frame is read");
    assert_eq!(read, written, "entries come back from the journal");
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let lines = seeds::lines();
    let some = |numbers: &[usize]| {
        let chosen: Vec<&str> = numbers
            .iter()
            .map(|number| lines[*number].as_str())
            .collect();
        chosen.join("\n").into_bytes()
    };
    vec![
        lines.join("\n").into_bytes(),
        some(&[0, 1, 2, 3, 4, 5, 35, 36, 37]),
        some(&[0, 7, 8, 12, 15, 16, 17, 18, 20, 21, 22, 24, 37]),
        some(&[0, 9, 10, 11, 13, 26, 27, 28, 29, 30, 37]),
    ]
}

pub(super) fn model(bytes: &[u8]) {
    if let Err(why) = tariff_model::live_by(bytes) {
        panic!("engine and model differ: {why}");
    }
}

pub(super) fn credit(bytes: &[u8]) {
    if let Err(why) = credit_model::live_by(bytes) {
        panic!("engine and model differ: {why}");
    }
}

pub(super) fn model_seeds() -> Vec<Vec<u8>> {
    (1..=6).map(choices).collect()
}

/// Bytes that choose, from a seed.
fn choices(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..1_500).map(|_| next()).collect()
}
