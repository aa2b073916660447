//! The engine as a service: the wall clock, the lock, reading beside it, stopping.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::sync::Arc;
use umbral_model::rejection::Reason;
use umbral_runtime::{ClockMode, Engine, EngineError, ManualTime, Options, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"UTC","cycle_day":1,"vip_rank":0}}"#;

fn wall(at: &str) -> (Arc<ManualTime>, Options) {
    let time = Arc::new(ManualTime::new(at.parse_instant()));
    let options = Options::with_clock(ClockMode::Wall(Arc::<ManualTime>::clone(&time)));
    (
        time,
        Options {
            workers: 2,
            ..options
        },
    )
}

fn sms(id: &str, at: &str, more: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A"{more},"usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#
    )
}

#[test]
fn records_from_the_future_are_quarantined_unless_forced() {
    let place = Place::new(4);
    let (_time, options) = wall("2026-03-01T12:00:00Z");
    let engine = place.engine(options);
    submit(&engine, &[CUSTOMER]);
    let cases = [
        (sms("1", "2026-03-01T13:00:00Z", ""), None),
        (
            sms("2", "2026-03-01T13:00:01Z", ""),
            Some(Reason::FromTheFuture),
        ),
        (sms("2", "2026-03-01T13:00:01Z", r#","forced":true"#), None),
        // A repeat of a forced one is a repeat.
        (sms("2", "2026-03-01T13:00:01Z", ""), None),
    ];
    for (line, expected) in &cases {
        let receipts = submit(&engine, &[line]);
        let reason = match &receipts[0].verdict {
            Verdict::Quarantined(rejection) => Some(rejection.reason),
            _ => None,
        };
        assert_eq!(reason, *expected, "{line}");
    }
    assert_adds_up(&engine.stop().expect("stopped"));
    assert_eq!(
        place
            .history()
            .verify(&mut |_| {})
            .expect("verified")
            .difference,
        None
    );
}

#[test]
fn the_wall_clock_fires_timers_without_any_input() {
    let place = Place::new(4);
    let (time, options) = wall("2026-03-01T12:00:00Z");
    let engine = place.engine(options);
    submit(&engine, &[CUSTOMER]);
    let before = engine.committed();
    time.set("2026-04-01T00:00:05Z".parse_instant());
    // The tick comes within the sequencer's idle time; the event is the sign of it.
    while engine.committed().events == before.events {
        std::thread::yield_now();
    }
    let committed = engine.stop().expect("stopped");
    assert_eq!(committed.position, before.position, "a tick is no input");
    let closed: Vec<String> = outputs(&place.dir)
        .into_iter()
        .filter(|line| line.contains("cycle_closed"))
        .collect();
    assert_eq!(closed.len(), 1);
    assert!(
        closed[0].contains(r#""effective_at":"2026-04-01T00:00:00Z""#),
        "{}",
        closed[0]
    );
    assert!(
        closed[0].contains(r#""recorded_at":"2026-04-01T00:00:05Z""#),
        "{}",
        closed[0]
    );
}

#[test]
fn a_second_engine_is_refused_and_reading_goes_on() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    submit(&engine, &[CUSTOMER]);
    let second = Engine::open(&place.dir, event_options());
    match second.map(|_| ()) {
        Err(error @ EngineError::Journal { .. }) => assert_eq!(error.exit_code(), 3),
        other => panic!("{other:?}"),
    }
    let account = "A".into();
    let report = place
        .history()
        .account_at(&account, None)
        .expect("an account");
    assert_eq!(report.class, "standard");
    submit(&engine, &[&sms("1", "2026-03-02T00:00:00Z", "")]);
    let report = place
        .history()
        .account_at(&account, None)
        .expect("an account");
    assert_eq!(report.unbilled.to_string(), "0.10");
    engine.stop().expect("stopped");
    place.engine(event_options()).stop().expect("free again");
}

#[test]
fn what_is_no_data_directory_is_refused_with_the_mend() {
    let temp = tempfile::tempdir().expect("a directory");
    let error = Engine::open(temp.path(), event_options())
        .map(|_| ())
        .expect_err("refused");
    assert_eq!(error.exit_code(), 3);
    let source = std::error::Error::source(&error)
        .expect("a cause")
        .to_string();
    assert!(source.contains("umbral init"), "{source}");
}

#[test]
fn a_catalog_with_problems_creates_nothing() {
    let temp = tempfile::tempdir().expect("a directory");
    let dir = temp.path().join("data");
    let founding = umbral_runtime::Founding {
        partitions: 4,
        catalogs: vec![catalog_files("[plan.x]\nrules = 7\n")],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    let error = umbral_runtime::init(&dir, founding).expect_err("refused");
    assert_eq!(error.exit_code(), 1);
    assert!(!dir.exists());
}

#[test]
fn versions_in_two_currencies_create_nothing_and_none_is_activated() {
    let temp = tempfile::tempdir().expect("a directory");
    let dir = temp.path().join("data");
    let euros = catalog_files("");
    let mut dollars = euros.clone();
    dollars[0].1 = dollars[0].1.replace("\"EUR\"", "\"USD\"").into();
    let founding = umbral_runtime::Founding {
        partitions: 4,
        catalogs: vec![euros, dollars.clone()],
        at: "2026-01-01T00:00:00Z".parse_instant(),
        created_by: "test".to_owned(),
    };
    let error = umbral_runtime::init(&dir, founding).expect_err("refused");
    let told = error.to_string();
    for part in ["C-0171", "in USD", "in EUR"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!dir.exists());

    let place = Place::new(4);
    let engine = place.engine(event_options());
    let files: Vec<String> = dollars
        .iter()
        .map(|(path, content)| format!(r#"{{"path":{path:?},"content":{content:?}}}"#))
        .collect();
    let line = format!(
        r#"{{"source":"desk","event_id":"usd","occurred_at":"2026-01-02T00:00:00Z","catalog_activated":{{"version":"usd","retroactive":true,"files":[{}]}}}}"#,
        files.join(",")
    );
    let refused = submit(&engine, &[&line]);
    assert!(
        matches!(&refused[0].verdict, Verdict::Quarantined(why) if why.reason == Reason::BadCatalog
            && why.detail.contains("C-0171")),
        "{refused:?}"
    );
    engine.stop().expect("stopped");
}

#[test]
fn the_clock_gap_is_refused_unless_a_tick_comes_before() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let later = sms("1", "2026-06-01T00:00:00Z", "");
    let tick =
        r#"{"source":"clock","event_id":"t","occurred_at":"2026-05-31T00:00:00Z","tick":{}}"#;
    submit(&engine, &[CUSTOMER]);
    let refused = submit(&engine, &[&later]);
    assert!(
        matches!(&refused[0].verdict, Verdict::Quarantined(why) if why.reason == Reason::ClockGap),
        "{refused:?}"
    );
    assert_eq!(submit(&engine, &[tick])[0].verdict, Verdict::Applied);
    assert_eq!(submit(&engine, &[&later])[0].verdict, Verdict::Applied);
    let committed = engine.stop().expect("stopped");
    assert_eq!(
        committed.counts.inputs, 5,
        "the catalog, and what was submitted"
    );
    assert_adds_up(&committed);
    let closed = outputs(&place.dir)
        .iter()
        .filter(|line| line.contains("cycle_closed"))
        .count();
    assert_eq!(closed, 3, "April, May and June began");
    assert_eq!(
        place
            .history()
            .verify(&mut |_| {})
            .expect("verified")
            .difference,
        None
    );
}
