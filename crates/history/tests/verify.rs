//! Deciding every input of a journal again gives what is in it; a journal in which something else stands is
//! found out, with the place.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::path::Path;
use umbral_journal::{Creation, DataDir, FrameToAppend, Log, LogOptions};
use umbral_model::event::EventBody;
use umbral_model::money::Money;
use umbral_runtime::{Options, Scanner};
use umbral_wire::frame;

#[test]
fn a_journal_of_every_kind_of_input_is_verified() {
    let text = stream(40, 4_000);
    let place = Place::new(8);
    let file = place.file("stream.ndjson", &text);
    let options = Options {
        batch_inputs: 300,
        ..event_options()
    };
    let engine = place.engine(options.clone());
    ingest_until(&engine, &file, 2_000);
    engine.stop().expect("stopped");
    let engine = place.engine(options);
    ingest(&engine, &file);
    let (committed, hashes) = engine.stop_with_hashes().expect("stopped");

    let mut seen = 0;
    let found = place
        .history()
        .verify(&mut |progress| seen = progress.position)
        .expect("verified");
    assert_eq!(found.difference, None);
    assert_eq!(
        found.partition_hashes, hashes,
        "the fold is the running engine's state"
    );
    assert_eq!(
        (seen, found.inputs),
        (committed.position, committed.position)
    );
    assert!(found.decided > 3_000, "{}", found.decided);
    assert!(found.events > found.decided, "{} events", found.events);
}

/// Copies a journal byte for byte, but for the first usage charge at or after a position.
fn falsified(from: &Path, to: &Path, position: u64) -> u64 {
    let mut scanner = Scanner::open(from).expect("a journal");
    let creation = Creation {
        partitions: scanner.partitions(),
        created_by: "test".to_owned(),
    };
    let data = DataDir::create(to, &creation).expect("a directory");
    let lock = data.lock().expect("the lock");
    let mut log = Log::open(&data, lock, LogOptions::default()).expect("a log");
    let mut changed = 0;
    while let Some(batch) = scanner.next_batch().expect("a batch") {
        let frames: Vec<(u16, u32, Vec<u8>)> = batch
            .frames
            .iter()
            .map(|(partition, payload)| {
                let mut decoded = frame::decode(payload).expect("a frame");
                for entry in decoded
                    .entries
                    .iter_mut()
                    .filter(|entry| entry.position >= position)
                {
                    for event in &mut entry.events {
                        if let (EventBody::UsageRated(rated), 0) = (&mut event.event.body, changed)
                        {
                            rated.charge.amount += Money::from_micros(1);
                            changed = entry.position;
                        }
                    }
                }
                let mut bytes = Vec::new();
                frame::encode(&decoded, &mut bytes);
                (partition.0, decoded.entries.len() as u32, bytes)
            })
            .collect();
        let to_append: Vec<FrameToAppend<'_>> = frames
            .iter()
            .map(|(partition, count, payload)| FrameToAppend {
                partition: *partition,
                count: *count,
                payload,
            })
            .collect();
        let mut control = Vec::new();
        frame::encode_commit(&batch.commit, &mut control);
        log.append_batch(&to_append, &control).expect("appended");
    }
    log.close().expect("closed");
    changed
}

#[test]
fn a_false_charge_is_found_at_its_place() {
    let place = Place::new(4);
    let file = place.file("stream.ndjson", &stream(10, 500));
    let engine = place.engine(event_options());
    ingest(&engine, &file);
    engine.stop().expect("stopped");
    let dir = place.temp.path().join("false");
    let position = falsified(&place.dir, &dir, 200);
    assert!(position >= 200);
    let history = umbral_history::History::open(&dir).expect("a history");
    let found = history.verify(&mut |_| {}).expect("verified");
    let difference = found.difference.expect("a difference");
    assert_eq!(difference.position, position);
    assert!(
        difference.what.starts_with("event 1 of"),
        "{}",
        difference.what
    );
    assert_ne!(difference.journaled, difference.decided);
}
