//! Indexes of sealed segments: with them, without them, or with damaged ones every question has the same answer,
//! and with them little of the journal is read.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::path::PathBuf;
use umbral_history::{Month, Reason};
use umbral_journal::DataDir;
use umbral_model::ids::AccountId;
use umbral_runtime::{Engine, Options, Scanner, index_segment};

/// A deployment with many small segments.
fn made() -> Place {
    let place = Place::new(16);
    let file = place.file("stream.ndjson", &stream(40, 3_000));
    let mut options = Options {
        batch_inputs: 20,
        ..event_options()
    };
    options.log.segment_bytes = 64 << 10;
    let engine = place.engine(options);
    ingest(&engine, &file);
    engine.stop().expect("stopped");
    place
}

fn answers(place: &Place) -> Vec<String> {
    let history = place.history();
    let mut answers = Vec::new();
    for number in [0, 1, 7, 22, 39] {
        let account = AccountId::new(format!("A{number}"));
        let as_of = instant(20 * 86_400).as_str().parse_instant();
        let month = Month::parse("2026-03").expect("a month");
        for at in [None, Some(as_of)] {
            let report = history.account_at(&account, at).expect("an account");
            answers.push(serde_json::to_string(&report).expect("JSON"));
        }
        let bill = history.bill(&account, month).expect("a bill");
        answers.push(serde_json::to_string(&bill).expect("JSON"));
        let charges = history.charges_of_month(&account, month).expect("charges");
        answers.push(format!("{charges:?}"));
    }
    let outputs = outputs(&place.dir);
    let named = |line: &String| -> Option<Reason> {
        let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        value["account_id"].as_str()?;
        Reason::parse(value["out_id"].as_str()?)
    };
    let of_timer = outputs
        .iter()
        .find(|line| line.contains(r#""source":"timer""#));
    let some = outputs.iter().step_by(outputs.len() / 12).chain(of_timer);
    let mut reasons: Vec<Reason> = some.filter_map(named).collect();
    reasons.extend(
        ["med/u-5", "crm/c-3", "tariffs/v2"].map(|text| Reason::parse(text).expect("a reason")),
    );
    for reason in reasons {
        let links = history.why(&reason).map_err(|error| error.to_string());
        answers.push(format!("{links:?}"));
    }
    answers
}

fn index_files(place: &Place) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.dir.join("log")).expect("listed");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|name| name == "index"))
        .collect();
    paths.sort();
    paths
}

fn index_all(place: &Place) -> usize {
    let data = DataDir::open(&place.dir).expect("a directory");
    let sealed = data.sealed_segments().expect("sealed");
    for number in &sealed {
        index_segment(&data, *number).expect("indexed");
        let index = data.segment_index(*number).expect("there");
        assert!(index.next_batch() > 1 && index.time(index.next_batch()).is_none());
        assert!(index.time(index.next_batch() - 1).is_some());
    }
    sealed.len()
}

#[test]
fn answers_are_the_same_with_any_index_or_none() {
    let place = made();
    for path in index_files(&place) {
        std::fs::remove_file(path).expect("removed");
    }
    let expected = answers(&place);
    let sealed = index_all(&place);
    assert!(sealed > 5, "{sealed} sealed segments");
    let files = index_files(&place);
    assert_eq!(files.len(), sealed);
    assert!(answers(&place) == expected, "with indexes");
    // A later one is missing, an early one is damaged at each of some places, or another segment's.
    std::fs::remove_file(&files[4]).expect("removed");
    assert!(answers(&place) == expected, "one is missing");
    let whole = std::fs::read(&files[1]).expect("read");
    let data = DataDir::open(&place.dir).expect("a directory");
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        std::fs::write(&files[1], flipped).expect("written");
        assert!(data.segment_index(2).is_none(), "octet {at}");
    }
    for content in [
        &whole[..40],
        &[][..],
        &std::fs::read(&files[2]).expect("read"),
    ] {
        std::fs::write(&files[1], content).expect("written");
        assert!(data.segment_index(2).is_none());
    }
    assert!(answers(&place) == expected, "one is damaged");
    // It is made again.
    index_all(&place);
    assert!(std::fs::read(&files[1]).expect("read") == whole);
    assert!(answers(&place) == expected, "made again");
}

#[test]
fn an_account_needs_its_own_batches_only() {
    let place = made();
    index_all(&place);
    let data = DataDir::open(&place.dir).expect("a directory");
    let account = AccountId::new("A7");
    let mut own = Scanner::of_account(&data, &account).expect("a scanner");
    let (mut batches, mut frames) = (0, 0);
    while let Some(batch) = own.next_batch().expect("read") {
        batches += 1;
        frames += batch.frames.len();
    }
    let mut all = Scanner::open(&place.dir).expect("a scanner");
    let (mut all_batches, mut all_frames) = (0, 0);
    while let Some(batch) = all.next_batch().expect("read") {
        all_batches += 1;
        all_frames += batch.frames.len();
    }
    assert!(
        batches * 4 < all_batches * 3,
        "{batches} of {all_batches} batches"
    );
    assert!(frames * 4 < all_frames, "{frames} of {all_frames} frames");
}

#[test]
fn a_running_engine_indexes_what_was_sealed() {
    let place = made();
    for path in index_files(&place) {
        std::fs::remove_file(path).expect("removed");
    }
    let data = DataDir::open(&place.dir).expect("a directory");
    let sealed = data.sealed_segments().expect("sealed");
    let engine = Engine::open(&place.dir, event_options()).expect("an engine");
    let started = std::time::Instant::now();
    while sealed
        .iter()
        .any(|number| data.segment_index(*number).is_none())
    {
        assert!(started.elapsed().as_secs() < 60, "not indexed");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    engine.stop().expect("stopped");
}
