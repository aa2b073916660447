//! Numbers that are given, taken and change hands: the only thing by which one account's inputs depend on
//! another's.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_model::rejection::Reason;
use umbral_runtime::{Options, Receipt, Verdict};

fn customer(account: &str, day: u8) -> String {
    format!(
        r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-03-{day:02}T00:00:00Z","account_id":"{account}","customer_added":{{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#
    )
}

fn member(account: &str, member: &str, number: &str, day: u8) -> String {
    format!(
        r#"{{"source":"crm","event_id":"m-{account}-{member}","occurred_at":"2026-03-{day:02}T00:00:00Z","account_id":"{account}","member_added":{{"member_id":"{member}","identifiers":[{{"kind":"msisdn","value":"{number}"}}]}}}}"#
    )
}

fn change(id: &str, kind: &str, account: &str, number: &str, day: u8) -> String {
    format!(
        r#"{{"source":"crm","event_id":"{id}","occurred_at":"2026-03-{day:02}T12:00:00Z","account_id":"{account}","{kind}":{{"member_id":"M","identifier":{{"kind":"msisdn","value":"{number}"}}}}}}"#
    )
}

fn sms(id: &str, number: &str, at: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","identifier":{{"kind":"msisdn","value":"{number}"}},"usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#
    )
}

fn reason_of(receipt: &Receipt) -> Option<Reason> {
    match &receipt.verdict {
        Verdict::Quarantined(rejection) => Some(rejection.reason),
        Verdict::Applied | Verdict::Duplicate => None,
    }
}

/// Who was charged for each message, by event id.
fn payers(place: &Place) -> Vec<(String, String)> {
    outputs(&place.dir)
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|output| output.get("usage_rated").is_some())
        .map(|output| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&output["caused_by"]["event_id"]),
                text(&output["account_id"]),
            )
        })
        .collect()
}

#[test]
fn a_number_charges_whoever_held_it_then() {
    for (batch_inputs, workers) in [(8_192, 2), (8_192, 1), (1, 2)] {
        let place = Place::new(8);
        let engine = place.engine(Options {
            batch_inputs,
            workers,
            ..event_options()
        });
        let number = "34600000001";
        let lines = [
            customer("A", 1),
            customer("B", 1),
            member("A", "M", number, 1),
            sms("1", number, "2026-03-02T00:00:00Z"),
            change("taken", "identifier_removed", "A", number, 3),
            sms("nobody", number, "2026-03-04T00:00:00Z"),
            member("B", "M", "34600000002", 4),
            change("given", "identifier_added", "B", number, 5),
            sms("2", number, "2026-03-06T00:00:00Z"),
            // Late records still find the holder of their time.
            sms("late", number, "2026-03-02T12:00:00Z"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let receipts = submit(&engine, &lines);
        let refused: Vec<Option<Reason>> = receipts.iter().map(reason_of).collect();
        let mut expected = vec![None; lines.len()];
        expected[5] = Some(Reason::UnknownIdentifier);
        assert_eq!(refused, expected, "batches of {batch_inputs}");
        engine.stop().expect("stopped");
        let expected =
            [("1", "A"), ("2", "B"), ("late", "A")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(payers(&place), expected, "batches of {batch_inputs}");
    }
}

#[test]
fn a_number_that_is_held_cannot_be_given_to_another() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    let number = "34600000001";
    let lines = [
        customer("A", 1),
        customer("B", 1),
        member("A", "M", number, 1),
        member("B", "M", number, 2),
        // The refused member does not exist.
        change("x", "identifier_added", "B", "34600000009", 3),
        change("not held", "identifier_removed", "A", "34600000008", 3),
        // A repeat is a repeat, whoever holds the number by now.
        member("A", "M", number, 1),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let receipts = submit(&engine, &lines);
    let refused: Vec<Option<Reason>> = receipts.iter().map(reason_of).collect();
    assert_eq!(
        refused,
        [
            None,
            None,
            None,
            Some(Reason::IdentifierTaken),
            Some(Reason::UnknownMember),
            Some(Reason::UnknownIdentifier),
            None,
        ]
    );
    assert_eq!(receipts[6].verdict, Verdict::Duplicate);
    assert_adds_up(&engine.stop().expect("stopped"));
}

#[test]
fn a_repeat_of_an_addition_is_a_repeat_after_the_number_changed_hands() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    let number = "34600000001";
    let first = member("A", "M", number, 1);
    let lines = [
        customer("A", 1),
        customer("B", 1),
        first.clone(),
        change("taken", "identifier_removed", "A", number, 2),
        member("B", "M", number, 3),
        first,
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let receipts = submit(&engine, &lines);
    assert_eq!(receipts[4].verdict, Verdict::Applied);
    assert_eq!(receipts[5].verdict, Verdict::Duplicate);
    engine.stop().expect("stopped");
    let found = place.history().verify(&mut |_| {}).expect("verified");
    assert_eq!(found.difference, None);
}

#[test]
fn the_directory_is_there_again_after_a_restart() {
    let place = Place::new(8);
    let number = "34600000001";
    let engine = place.engine(event_options());
    submit(
        &engine,
        &[
            &customer("A", 1),
            &member("A", "M", number, 1),
            &customer("B", 1),
        ],
    );
    submit(
        &engine,
        &[&change("taken", "identifier_removed", "A", number, 2)],
    );
    engine.stop().expect("stopped");
    let engine = place.engine(event_options());
    submit(&engine, &[&member("B", "M", number, 3)]);
    engine.stop().expect("stopped");
    let engine = place.engine(Options {
        workers: 1,
        ..event_options()
    });
    let receipts = submit(
        &engine,
        &[
            &sms("1", number, "2026-03-01T12:00:00Z"),
            &sms("2", number, "2026-03-03T12:00:00Z"),
        ],
    );
    assert_eq!(receipts.iter().filter_map(reason_of).count(), 0);
    engine.stop().expect("stopped");
    let expected = [("1", "A"), ("2", "B")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(payers(&place), expected);
}
