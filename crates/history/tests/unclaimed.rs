//! Purchases that nobody known made, and numbers of cards: what the edge keeps, finds and gives out is the same in
//! batches of any size, after a start from the journal, after one from a snapshot, and decided again.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use serde_json::Value;
use umbral_history::{Selection, loyalty_report};
use umbral_model::rejection::Reason;
use umbral_runtime::{Engine, Options, Receipt, SnapshotOptions, Verdict};

const CLUB: &str = r#"
[programme.club]
earn = [ { points = 1, per = "1.00" } ]
[programme.club.card.plain]
line = "main"
numbers_from = 10001
[programme.club.card.stock]
line = "main"
[programme.club.card.printed]
line = "main"
stock = true
[programme.club.card.rich]
line = "main"
stock = true
min_spend = "20.00"
"#;

fn place() -> Place {
    Place::with_tariff(8, &format!("{TARIFF}{CLUB}"))
}

fn line(id: &str, at: &str, rest: &str) -> String {
    format!(r#"{{"source":"s","event_id":"{id}","occurred_at":"2026-03-{at}:00:00Z",{rest}}}"#)
}

fn customer(account: &str) -> String {
    let body = r#""customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1}"#;
    line(
        &format!("c-{account}"),
        "01T00",
        &format!(r#""account_id":"{account}",{body}"#),
    )
}

/// A purchase under a phone number, or under none.
fn bought(id: &str, at: &str, phone: Option<&str>) -> String {
    let identifier = phone.map_or(String::new(), |phone| {
        format!(r#""identifier":{{"kind":"phone","value":"{phone}"}},"#)
    });
    let body = format!(
        r#""purchase":{{"purchase_id":"{id}","method":"cash",{identifier}"lines":[{{"item":"i","net":"21.90"}}]}}"#
    );
    line(&format!("p-{id}"), at, &body)
}

fn claimed(key: &str, account: &str, id: &str, at: &str) -> String {
    let body = format!(r#""account_id":"{account}","purchase_claimed":{{"purchase_id":"{id}"}}"#);
    line(key, at, &body)
}

fn enrolled(key: &str, account: &str, phone: &str, at: &str) -> String {
    let body = format!(
        r#""account_id":"{account}","enrolled":{{"identifier":{{"kind":"phone","value":"{phone}"}}}}"#
    );
    line(key, at, &body)
}

fn issued(key: &str, account: &str, fields: &str, at: &str) -> String {
    line(
        key,
        at,
        &format!(r#""account_id":"{account}","card_issued":{{{fields}}}"#),
    )
}

fn give(engine: &Engine, lines: &[String]) -> Vec<Option<Reason>> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let reason = |receipt: &Receipt| match &receipt.verdict {
        Verdict::Quarantined(rejection) => Some(rejection.reason),
        Verdict::Applied | Verdict::Duplicate => None,
    };
    submit(engine, &lines).iter().map(reason).collect()
}

/// Account, purchase, and the points or the reason why there were none, in order.
fn credited(place: &Place) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let told = |line: &String| {
        let output: Value = serde_json::from_str(line).expect("JSON");
        let (body, what) = match (&output["points_earned"], &output["points_not_earned"]) {
            (Value::Null, Value::Null) => return None,
            (Value::Null, not_earned) => (not_earned, text(&not_earned["reason"])),
            (earned, _) => (earned, earned["delta"].to_string()),
        };
        Some((text(&output["account_id"]), text(&body["source_ref"]), what))
    };
    outputs(&place.dir).iter().filter_map(told).collect()
}

fn owned(told: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let owned = |(account, id, what): &(&str, &str, &str)| {
        ((*account).to_owned(), (*id).to_owned(), (*what).to_owned())
    };
    told.iter().map(owned).collect()
}

fn assert_decided_again(place: &Place) {
    let found = place.history().verify(&mut |_| {}).expect("verified");
    assert_eq!(found.difference, None);
}

/// Purchases that are open in the quarantine.
fn open(place: &Place) -> Vec<String> {
    let found = place.history().quarantine(&Selection::default());
    let ids = found.expect("the quarantine").into_iter();
    ids.filter_map(|record| record.event_id).collect()
}

fn options(batch_inputs: usize, workers: usize) -> Options {
    Options {
        batch_inputs,
        workers,
        snapshots: SnapshotOptions::ON_DEMAND,
        ..event_options()
    }
}

#[test]
fn a_purchase_of_nobody_known_waits_for_its_buyer() {
    for (batch_inputs, workers) in [(8_192, 2), (1, 1)] {
        let place = place();
        let engine = place.engine(options(batch_inputs, workers));
        let refused = give(
            &engine,
            &[
                customer("A"),
                customer("B"),
                bought("1", "02T10", None),
                bought("2", "02T11", Some("34600000001")),
                bought("3", "02T09", Some("34600000001")),
                bought("4", "02T12", Some("34600000002")),
                claimed("k1", "A", "1", "03T10"),
                // Somebody else has it: that is said, and nothing is credited.
                claimed("k2", "B", "1", "03T11"),
                enrolled("e", "B", "34600000001", "03T12"),
                // From now on the number is known.
                bought("5", "03T13", Some("34600000001")),
                // The same claim again, after it was credited.
                claimed("k1", "A", "1", "03T10"),
            ],
        );
        let unknown = Some(Reason::UnidentifiedPurchase);
        let mut expected = vec![None, None, unknown, unknown, unknown, unknown];
        expected.extend([None; 5]);
        assert_eq!(refused, expected, "batches of {batch_inputs}");
        assert_adds_up(&engine.stop().expect("stopped"));
        let told = owned(&[
            ("-", "1", "unidentified"),
            ("-", "2", "unidentified"),
            ("-", "3", "unidentified"),
            ("-", "4", "unidentified"),
            ("A", "1", "21"),
            ("B", "1", "already_credited"),
            ("B", "3", "21"),
            ("B", "2", "21"),
            ("B", "5", "21"),
        ]);
        assert_eq!(credited(&place), told, "batches of {batch_inputs}");
        assert_eq!(open(&place), ["p-4"]);
        assert_decided_again(&place);
    }
}

/// Without a programme nothing could be earned: the record is refused as any other of nobody.
#[test]
fn without_a_programme_it_is_a_record_of_nobody() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    let refused = give(
        &engine,
        &[
            bought("1", "02T10", None),
            bought("2", "02T11", Some("34600000001")),
        ],
    );
    let expected = [Some(Reason::MissingField), Some(Reason::UnknownIdentifier)];
    assert_eq!(refused, expected);
    engine.stop().expect("stopped");
    assert_eq!(credited(&place), []);
}

/// What was taken up from the quarantine is no longer there to be claimed.
#[test]
fn what_is_resubmitted_cannot_be_claimed() {
    let place = place();
    let engine = place.engine(event_options());
    give(
        &engine,
        &[
            customer("A"),
            customer("B"),
            bought("1", "02T10", Some("34600000001")),
            line(
                "m",
                "02T00",
                r#""account_id":"A","member_added":{"member_id":"M","identifiers":[{"kind":"phone","value":"34600000001"}]}"#,
            ),
        ],
    );
    engine.stop().expect("stopped");
    let engine = place.engine(event_options());
    let records = place.history().quarantine(&Selection::default());
    let again = records
        .expect("the quarantine")
        .into_iter()
        .map(|record| record.resubmission(None).expect("it can be read"));
    engine
        .resubmit(again.collect(), false)
        .expect("resubmitted");
    assert_eq!(give(&engine, &[claimed("k", "B", "1", "03T10")]), [None]);
    engine.stop().expect("stopped");
    let told = [
        ("-", "1", "unidentified"),
        ("A", "1", "21"),
        ("B", "1", "already_credited"),
    ];
    assert_eq!(credited(&place), owned(&told));
    let engine = place.engine(event_options());
    assert_eq!(give(&engine, &[claimed("k2", "B", "1", "03T11")]), [None]);
    engine.stop().expect("stopped");
    assert_eq!(credited(&place).last(), owned(&told).last());
    assert_decided_again(&place);
}

#[test]
fn a_card_gives_its_number_to_the_account_for_good() {
    for batch_inputs in [8_192, 1] {
        let place = place();
        let engine = place.engine(options(batch_inputs, 2));
        let shown = |id: &str, number: &str, at: &str| {
            let body = format!(
                r#""purchase":{{"purchase_id":"{id}","identifier":{{"kind":"card","value":"{number}"}},"lines":[{{"item":"i","net":"10.00"}}]}}"#
            );
            line(&format!("p-{id}"), at, &body)
        };
        let refused = give(
            &engine,
            &[
                customer("A"),
                customer("B"),
                issued("i1", "A", r#""number":"55551","type":"stock""#, "02T10"),
                shown("1", "55551", "02T11"),
                line(
                    "r",
                    "03T10",
                    r#""account_id":"A","card_replaced":{"old":"55551","new":"55552"}"#,
                ),
                shown("2", "55552", "03T11"),
                // The old number is the account's still: that is why it is refused.
                shown("3", "55551", "03T12"),
                issued("i2", "B", r#""number":"55551","type":"stock""#, "04T10"),
                issued("i3", "B", r#""number":"55552","type":"stock""#, "04T11"),
                enrolled("e1", "A", "34600000001", "04T12"),
                enrolled("e2", "B", "34600000001", "04T13"),
                issued("i4", "B", r#""type":"stock""#, "04T14"),
            ],
        );
        let taken = Some(Reason::IdentifierTaken);
        let mut expected = vec![None; 7];
        expected.extend([taken, taken, None, taken, Some(Reason::BadCard)]);
        assert_eq!(refused, expected, "batches of {batch_inputs}");
        engine.stop().expect("stopped");
        let told = owned(&[("A", "1", "10"), ("A", "2", "10"), ("A", "3", "card_state")]);
        assert_eq!(credited(&place), told);
        assert_decided_again(&place);
    }
}

/// Numbers that cards got, by the event that issued them.
fn numbers(place: &Place) -> Vec<String> {
    let outputs = outputs(&place.dir);
    let issued = outputs.iter().filter_map(|line| {
        let output: Value = serde_json::from_str(line).expect("JSON");
        output["card_issued"]["number"].as_str().map(str::to_owned)
    });
    issued.collect()
}

#[test]
fn a_type_gives_out_numbers_of_its_own() {
    for batch_inputs in [8_192, 1] {
        let place = place();
        let engine = place.engine(options(batch_inputs, 2));
        let lines = [
            customer("A"),
            customer("B"),
            issued("i1", "A", r#""type":"plain""#, "02T10"),
            issued("i2", "B", r#""number":"10002","type":"plain""#, "02T11"),
            issued("i3", "A", r#""type":"plain""#, "02T12"),
            // A repeat is one, whatever number would be next.
            issued("i1", "A", r#""type":"plain""#, "02T10"),
        ];
        assert_eq!(give(&engine, &lines), vec![None; lines.len()]);
        engine.snapshot().expect("a snapshot");
        engine.stop().expect("stopped");
        let engine = place.engine(options(batch_inputs, 1));
        give(&engine, &[issued("i4", "B", r#""type":"plain""#, "02T13")]);
        engine.stop().expect("stopped");
        let expected = ["10001", "10002", "10003", "10004"];
        assert_eq!(numbers(&place), expected, "batches of {batch_inputs}");
        assert_decided_again(&place);
    }
}

fn stocked(key: &str, fields: &str, at: &str) -> String {
    let body = format!(r#""account_id":"SHOP","cards_stocked":{{"type":"printed",{fields}}}"#);
    line(key, at, &body)
}

/// Printed cards are nobody's until they are given out, each as what it was printed as, once, and to whom it was
/// printed for; also within one batch, after a start from a snapshot, and decided again.
#[test]
fn printed_cards_are_given_out_of_stock() {
    let printed = |key: &str, account: &str, fields: &str, at: &str| {
        issued(key, account, &format!(r#"{fields}"type":"printed""#), at)
    };
    for batch_inputs in [8_192, 1] {
        let place = place();
        let engine = place.engine(options(batch_inputs, 2));
        let (bad, taken) = (Some(Reason::BadCard), Some(Reason::IdentifierTaken));
        let steps = [
            (customer("SHOP"), None),
            (customer("A"), None),
            (customer("B"), None),
            // Nothing is in stock yet.
            (printed("i1", "A", "", "02T09"), bad),
            (printed("i2", "A", r#""number":"900001","#, "02T09"), bad),
            (
                stocked("s1", r#""number":"900001","last":"900004""#, "02T10"),
                None,
            ),
            (
                stocked("s2", r#""number":"800001","personalised_for":"B""#, "02T10"),
                None,
            ),
            // Some are there already, or are somebody's.
            (
                stocked("s3", r#""number":"900004","last":"900005""#, "02T10"),
                taken,
            ),
            (
                issued("i3", "A", r#""number":"55555","type":"stock""#, "02T10"),
                None,
            ),
            (
                stocked("s4", r#""number":"55550","last":"55560""#, "02T10"),
                taken,
            ),
            // A type that is not printed beforehand.
            (
                line(
                    "s7",
                    "02T10",
                    r#""account_id":"SHOP","cards_stocked":{"type":"plain","number":"70000"}"#,
                ),
                bad,
            ),
            // The next one, a certain one, and the one that bears her name before others.
            (printed("i4", "A", "", "02T11"), None),
            (printed("i5", "B", r#""number":"900003","#, "02T11"), None),
            (printed("i6", "B", "", "02T11"), None),
            (printed("i7", "A", "", "02T11"), None),
            // As another type, to somebody else, a second time, or as a mere identifier.
            (
                issued("i8", "A", r#""number":"900004","type":"plain""#, "02T12"),
                bad,
            ),
            (printed("i9", "A", r#""number":"900003","#, "02T12"), taken),
            (
                line(
                    "m",
                    "02T12",
                    r#""account_id":"A","member_added":{"member_id":"M","identifiers":[{"kind":"card","value":"900004"}]}"#,
                ),
                taken,
            ),
            // A repeat is one.
            (
                stocked("s1", r#""number":"900001","last":"900004""#, "02T10"),
                None,
            ),
        ];
        let (lines, expected): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        assert_eq!(give(&engine, &lines), expected, "batches of {batch_inputs}");
        engine.snapshot().expect("a snapshot");
        engine.stop().expect("stopped");
        let engine = place.engine(options(batch_inputs, 1));
        let steps = [
            (
                stocked("s8", r#""number":"800002","personalised_for":"B""#, "02T13"),
                None,
            ),
            (printed("i10", "A", r#""number":"800002","#, "02T13"), bad),
            // The last one takes the place of a card of hers; then there is no other.
            (
                line(
                    "r",
                    "02T13",
                    r#""account_id":"B","card_replaced":{"old":"900003","new":"900004"}"#,
                ),
                None,
            ),
            (printed("i11", "A", "", "02T14"), bad),
        ];
        let (lines, expected): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        assert_eq!(give(&engine, &lines), expected, "batches of {batch_inputs}");
        engine.stop().expect("stopped");
        let expected = ["55555", "900001", "900003", "800001", "900002"];
        assert_eq!(numbers(&place), expected, "batches of {batch_inputs}");
        let report = loyalty_report(&[place.history()], (None, None), 0).expect("a report");
        let [stock] = report.card_stock.as_slice() else {
            panic!("one type: {:?}", report.card_stock);
        };
        let counted = (
            stock.card_type.as_str(),
            stock.printed,
            stock.given_out,
            stock.left,
        );
        assert_eq!(counted, ("printed", 6, 5, 1));
        assert_decided_again(&place);
    }
}

/// What lies in stock is no number of another type's own; a card that was refused to one customer is there for the next;
/// and a card that somebody got out of stock is his, also to enrol with.
#[test]
fn cards_in_stock_are_kept_for_whom_they_are() {
    let of = |account: &str, body: &str| format!(r#""account_id":"{account}",{body}"#);
    for batch_inputs in [8_192, 1] {
        let place = place();
        let engine = place.engine(options(batch_inputs, 2));
        let rich = r#""cards_stocked":{"type":"rich","number":"700001"}"#;
        let bought = r#""purchase":{"purchase_id":"1","method":"cash","lines":[{"item":"i","net":"21.90"}]}"#;
        let enrolled = r#""enrolled":{"identifier":{"kind":"card","value":"700001"}}"#;
        let first = of("B", r#""card_issued":{"number":"77777","type":"stock"}"#);
        let shown = r#""purchase":{"purchase_id":"2","method":"cash","identifier":{"kind":"card","value":"77777"},"lines":[{"item":"i","net":"21.90"}]}"#;
        let steps = [
            (customer("SHOP"), None),
            (customer("A"), None),
            (customer("B"), None),
            (stocked("s1", r#""number":"10001""#, "02T09"), None),
            (issued("i1", "A", r#""type":"plain""#, "02T09"), None),
            (line("s2", "02T10", &of("SHOP", rich)), None),
            (line("i2", "02T10", &first), None),
            (line("p1", "02T10", &of("B", bought)), None),
            (line("p2", "02T10", shown), None),
            (
                issued("i3", "A", r#""type":"rich""#, "02T11"),
                Some(Reason::BadCard),
            ),
            (issued("i4", "B", r#""type":"rich""#, "02T11"), None),
            (line("e1", "02T12", &of("B", enrolled)), None),
        ];
        let (lines, expected): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        assert_eq!(give(&engine, &lines), expected, "batches of {batch_inputs}");
        engine.stop().expect("stopped");
        assert_eq!(numbers(&place), ["10002", "77777", "700001"]);
        assert_decided_again(&place);
    }
}

/// Purchases wait through a restart, from the journal and from a snapshot alike.
#[test]
fn purchases_wait_through_a_restart() {
    for from_snapshot in [false, true] {
        let place = place();
        let engine = place.engine(options(8_192, 2));
        give(
            &engine,
            &[
                customer("A"),
                customer("B"),
                bought("1", "02T10", None),
                bought("2", "02T11", Some("34600000001")),
                bought("3", "02T12", None),
                claimed("k0", "B", "3", "03T09"),
            ],
        );
        if from_snapshot {
            let taken = engine.snapshot().expect("a snapshot");
            assert!(taken.is_some());
        }
        give(&engine, &[bought("4", "03T10", Some("34600000001"))]);
        engine.stop().expect("stopped");
        let engine = place.engine(Options {
            snapshots: SnapshotOptions {
                read: from_snapshot,
                ..SnapshotOptions::ON_DEMAND
            },
            ..options(1, 1)
        });
        give(
            &engine,
            &[
                claimed("k1", "A", "1", "04T10"),
                claimed("k2", "A", "3", "04T11"),
                enrolled("e", "B", "34600000001", "04T12"),
            ],
        );
        engine.stop().expect("stopped");
        let told = owned(&[
            ("B", "3", "21"),
            ("-", "4", "unidentified"),
            ("A", "1", "21"),
            ("A", "3", "already_credited"),
            ("B", "2", "21"),
            ("B", "4", "21"),
        ]);
        assert_eq!(credited(&place)[3..], told, "snapshot: {from_snapshot}");
        assert_eq!(open(&place), [""; 0]);
        assert_decided_again(&place);
    }
}
