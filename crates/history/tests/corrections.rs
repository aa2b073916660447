//! Corrections find their records wherever they are: in the same file, in an earlier batch, before a restart;
//! they wait for those that have not come, and everything can be verified afterwards.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use serde_json::Value;
use umbral_history::Selection;
use umbral_runtime::{Engine, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#;

/// A call of so many seconds; 61 cost 0.2415, 121 cost 0.3315.
fn call(id: &str, at: &str, seconds: u32) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A","usage":{{"service":"voice","to":"34910000000","quantity":"{seconds}s"}}}}"#
    )
}

fn corrected(id: &str, of: &str, at: &str, seconds: u32) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A","usage_corrected":{{"corrects":"{of}","usage":{{"service":"voice","to":"34910000000","quantity":"{seconds}s"}}}}}}"#
    )
}

fn cancelled(id: &str, of: &str, at: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A","usage_cancelled":{{"cancels":"{of}"}}}}"#
    )
}

fn tick(id: &str, at: &str) -> String {
    format!(r#"{{"source":"clock","event_id":"{id}","occurred_at":"{at}","tick":{{}}}}"#)
}

fn take(engine: &Engine, lines: &[String]) -> Vec<Verdict> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let receipts = submit(engine, &lines);
    receipts
        .into_iter()
        .map(|receipt| receipt.verdict)
        .collect()
}

/// Differences of all corrections, in order, with the record that each names.
fn differences(place: &Place) -> Vec<(String, String)> {
    let outputs = outputs(&place.dir);
    let parsed = outputs
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    parsed
        .filter_map(|output| {
            let body = output.get("usage_corrected")?.clone();
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            Some((text(&body["record"]["event_id"]), text(&body["difference"])))
        })
        .collect()
}

fn unbilled(place: &Place) -> String {
    let report = place.history().account_at(&"A".into(), None).expect("read");
    report.unbilled.to_string()
}

/// What `replay --verify` finds.
fn verify(place: &Place) -> Option<String> {
    let verified = place.history().verify(&mut |_| {}).expect("verified");
    verified
        .difference
        .map(|difference| format!("{difference:?}"))
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = expected
        .iter()
        .map(|(of, by)| ((*of).to_owned(), (*by).to_owned()));
    owned.collect()
}

#[test]
fn a_correction_finds_its_record_before_and_after_a_restart() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    take(
        &engine,
        &[
            CUSTOMER.to_owned(),
            call("u1", "2026-03-02T09:00:00Z", 61),
            // In the same batch as its record.
            corrected("k1", "u1", "2026-03-02T09:00:00Z", 121),
            call("u2", "2026-03-02T10:00:00Z", 61),
        ],
    );
    take(
        &engine,
        &[corrected("k2", "u2", "2026-03-02T10:00:00Z", 121)],
    );
    engine.stop().expect("stopped");

    let engine = place.engine(event_options());
    let verdicts = take(
        &engine,
        &[
            call("u3", "2026-03-03T10:00:00Z", 61),
            // By the record's own id, and by that of its correction; the usage began an hour later.
            corrected("k3", "u2", "2026-03-02T11:00:00Z", 61),
            cancelled("k4", "k1", "2026-03-03T11:00:00Z"),
            corrected("k3", "u2", "2026-03-02T11:00:00Z", 61),
            cancelled("k5", "u1", "2026-03-03T11:00:00Z"),
        ],
    );
    assert_eq!(
        verdicts[..4],
        [
            Verdict::Applied,
            Verdict::Applied,
            Verdict::Applied,
            Verdict::Duplicate
        ]
    );
    let Verdict::Quarantined(rejection) = &verdicts[4] else {
        unreachable!("{verdicts:?}")
    };
    assert_eq!(
        rejection.reason.code(),
        "U-0055",
        "it was cancelled already"
    );
    engine.stop().expect("stopped");

    let expected = [
        ("u1", "0.09"),
        ("u2", "0.09"),
        ("u2", "-0.09"),
        ("u1", "-0.3315"),
    ];
    assert_eq!(differences(&place), pairs(&expected));
    assert_eq!(unbilled(&place), "0.483", "u2 and u3 at 61 s");
    assert_eq!(verify(&place), None);
}

#[test]
fn a_correction_waits_for_its_record_and_is_given_up_in_the_end() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    take(
        &engine,
        &[
            CUSTOMER.to_owned(),
            corrected("k1", "u1", "2026-03-02T09:00:00Z", 121),
            cancelled("k2", "k1", "2026-03-02T12:00:00Z"),
            cancelled("k3", "never", "2026-03-02T12:00:00Z"),
        ],
    );
    assert_eq!(unbilled(&place), "0.00");
    take(&engine, &[call("u1", "2026-03-02T09:00:00Z", 61)]);
    assert_eq!(
        differences(&place),
        pairs(&[("u1", "0.09"), ("u1", "-0.3315")]),
        "both come with the record"
    );
    assert_eq!(unbilled(&place), "0.00");

    take(&engine, &[tick("t1", "2026-03-09T11:00:00Z")]);
    let waiting = |place: &Place| {
        let found = place.history().quarantine(&Selection::default());
        found.expect("a quarantine")
    };
    assert!(waiting(&place).is_empty(), "it waits for seven days");
    take(&engine, &[tick("t2", "2026-03-09T12:00:00Z")]);
    let given_up = waiting(&place);
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert_eq!(given_up[0].code, "U-0055");

    // The record comes late, and the correction is sent again: its key is free.
    take(&engine, &[call("never", "2026-03-09T11:30:00Z", 61)]);
    let verdicts = take(&engine, &[cancelled("k3", "never", "2026-03-02T12:00:00Z")]);
    assert_eq!(verdicts, [Verdict::Applied]);
    assert_eq!(unbilled(&place), "0.00");
    engine.stop().expect("stopped");
    assert_eq!(verify(&place), None);
}

#[test]
fn corrections_are_the_same_for_any_batch_size_and_restart() {
    let mut text = format!("{CUSTOMER}\n");
    for number in 0..60 {
        let at = format!("2026-03-02T{:02}:{:02}:00Z", 8 + number / 10, number % 10);
        text += &format!("{}\n", call(&format!("u{number}"), &at, 61));
        if number % 3 == 2 {
            let of = format!("u{}", number / 2);
            text += &format!("{}\n", corrected(&format!("k{number}"), &of, &at, 121));
        }
        if number % 7 == 6 {
            let of = format!("u{}", number - 1);
            text += &format!("{}\n", cancelled(&format!("x{number}"), &of, &at));
        }
    }
    let mut seen: Option<Vec<String>> = None;
    for (batch_inputs, restart_after) in [(4096, u64::MAX), (1, 40), (7, 13), (20, 61)] {
        let place = Place::new(4);
        let file = place.file("calls.ndjson", &text);
        let options = || umbral_runtime::Options {
            batch_inputs,
            ..event_options()
        };
        let engine = place.engine(options());
        ingest_until(&engine, &file, restart_after);
        engine.stop().expect("stopped");
        let engine = place.engine(options());
        ingest(&engine, &file);
        assert_adds_up(&engine.stop().expect("stopped"));
        assert_eq!(verify(&place), None);
        let outputs = outputs(&place.dir);
        match &seen {
            None => seen = Some(outputs),
            Some(first) => assert_eq!(*first, outputs, "batches of {batch_inputs}"),
        }
    }
}
