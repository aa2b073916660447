//! The wall clock jumps back and forth. Time never goes back for the engine: a clock set back stands still until it has
//! caught up, one set forward makes due what lies between, once. Nothing is lost or doubled.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use std::sync::Arc;
use umbral_runtime::{ClockMode, Engine, ManualTime, Options, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"UTC","cycle_day":1,"vip_rank":0}}"#;

fn options(time: &Arc<ManualTime>) -> Options {
    Options {
        workers: 2,
        ..Options::with_clock(ClockMode::Wall(Arc::<ManualTime>::clone(time)))
    }
}

fn sms(id: usize, at: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"u-{id}","occurred_at":"{at}","account_id":"A","usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#
    )
}

/// Shows the clock a time, and waits until the engine has looked at it: it does so between two commands.
fn show(engine: &Engine, time: &ManualTime, at: &str) {
    time.set(at.parse_instant());
    for _ in 0..2 {
        engine.flush().expect("flushed");
    }
}

/// One message at each of the instants; `before` each the clock may jump, and it is right again for the message.
fn run(instants: &[&str], back: &[&str], restarts: bool) -> Vec<String> {
    let place = Place::new(4);
    let time = Arc::new(ManualTime::new("2026-03-01T00:00:00Z".parse_instant()));
    let mut engine = place.engine(options(&time));
    submit(&engine, &[CUSTOMER]);
    for (number, at) in instants.iter().enumerate() {
        show(&engine, &time, at);
        for wrong in back {
            show(&engine, &time, wrong);
        }
        if restarts {
            // The next process starts under a wrong clock, which is set right while it runs.
            engine.stop().expect("stopped");
            engine = place.engine(options(&time));
            show(&engine, &time, at);
        }
        let line = sms(number, at);
        let receipts = submit(&engine, &[&line, &line]);
        assert_eq!(receipts[0].verdict, Verdict::Applied, "{at}");
        assert_eq!(receipts[1].verdict, Verdict::Duplicate, "{at}");
    }
    let committed = engine.stop().expect("stopped");
    assert_adds_up(&committed);
    let history = place.history();
    let verified = history.verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None);
    outputs(&place.dir)
}

const INSTANTS: [&str; 5] = [
    "2026-03-02T10:00:00Z",
    "2026-03-05T23:59:59Z",
    "2026-03-31T12:00:00Z",
    "2026-04-01T00:00:01Z",
    "2026-05-02T00:00:00Z",
];

#[test]
fn a_clock_that_is_set_back_changes_nothing() {
    let calm = run(&INSTANTS, &[], false);
    assert_eq!(
        calm.iter()
            .filter(|line| line.contains("usage_rated"))
            .count(),
        5
    );
    let back = [
        "2026-02-20T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2026-03-01T00:00:01Z",
    ];
    assert_eq!(run(&INSTANTS, &back, false), calm);
    assert_eq!(run(&INSTANTS, &back, true), calm, "with restarts");
}

#[test]
fn a_clock_that_is_set_forward_and_back_makes_everything_due_once() {
    let place = Place::new(4);
    let time = Arc::new(ManualTime::new("2026-03-01T00:00:00Z".parse_instant()));
    let engine = place.engine(options(&time));
    submit(&engine, &[CUSTOMER]);
    show(&engine, &time, "2026-03-02T10:00:00Z");
    // Set to June for a moment: three cycles end, and the clock stands until June has come.
    show(&engine, &time, "2026-06-01T00:00:10Z");
    time.set("2026-03-02T10:00:05Z".parse_instant());
    let early = submit(&engine, &[&sms(1, "2026-05-30T00:00:00Z")]);
    assert_eq!(
        early[0].verdict,
        Verdict::Applied,
        "what is now and what was shown are in reach"
    );
    engine.stop().expect("stopped");
    let engine = place.engine(options(&time));
    for at in ["2026-04-01T00:00:10Z", "2026-06-01T00:00:10Z"] {
        show(&engine, &time, at);
    }
    show(&engine, &time, "2026-06-02T00:00:00Z");
    assert_adds_up(&engine.stop().expect("stopped"));
    let lines = outputs(&place.dir);
    let of = |kind: &str| lines.iter().filter(|line| line.contains(kind)).count();
    assert_eq!(of("\"cycle_closed\""), 3, "March, April and May, once each");
    assert_eq!(of("usage_rated"), 1);
    let verified = place.history().verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None);
}
