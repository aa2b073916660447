//! As many keys are kept as may be: nothing more is taken, nothing is forgotten, and with more room it goes on.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_runtime::{Engine, EngineError, Failure, Options, Receipt, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"UTC","cycle_day":1,"vip_rank":0}}"#;
const MOST: u64 = 25;
const RECORDS: usize = 100;

fn sms(number: usize) -> String {
    format!(
        r#"{{"source":"med","event_id":"u-{number}","occurred_at":"2026-03-02T10:{:02}:{:02}Z","account_id":"A","usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#,
        number / 60,
        number % 60
    )
}

fn narrow() -> Options {
    Options {
        window_keys: MOST,
        ..event_options()
    }
}

fn take(engine: &Engine, line: &str) -> Result<Vec<Receipt>, EngineError> {
    engine.submit(vec![input(line)])
}

/// The keys that the refusal names.
fn keys_of(refused: Result<Vec<Receipt>, EngineError>) -> u64 {
    match refused {
        Err(EngineError::Stopped(Failure::Window { keys, most: MOST })) => keys,
        other => panic!("the window is full, but: {other:?}"),
    }
}

#[test]
fn with_a_full_window_nothing_is_taken_and_nothing_forgotten() {
    let place = Place::new(4);
    let engine = place.engine(narrow());
    take(&engine, CUSTOMER).expect("taken");
    let taken = (0..RECORDS)
        .position(|number| take(&engine, &sms(number)).is_err())
        .expect("a full window");
    assert_eq!(taken as u64 + 1, MOST, "one key is the customer's");
    let keys = keys_of(take(&engine, &sms(taken)));
    drop(engine);

    // A start counts the same keys, from the journal and from a snapshot.
    let engine = place.engine(event_options());
    engine.snapshot().expect("a snapshot");
    engine.stop().expect("stopped");
    for _ in 0..2 {
        let engine = place.engine(narrow());
        assert_eq!(keys_of(take(&engine, &sms(taken))), keys);
        drop(engine);
        std::fs::remove_dir_all(place.dir.join("snapshots")).ok();
    }

    let engine = place.engine(event_options());
    for number in 0..RECORDS {
        let receipts = take(&engine, &sms(number)).expect("room");
        let expected = match number < taken {
            true => Verdict::Duplicate,
            false => Verdict::Applied,
        };
        assert_eq!(receipts[0].verdict, expected, "record {number}");
    }
    assert_adds_up(&engine.stop().expect("stopped"));
}
