//! What cannot be taken is kept with its bytes, listed until something is done about it, and can be taken up
//! again when the cause is mended.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_history::{History, QuarantinedRecord, Selection};
use umbral_intake::reader::RecordReader;
use umbral_runtime::{Engine, Receipt, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#;
const MEMBER: &str = r#"{"source":"crm","event_id":"m","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","member_added":{"member_id":"M","identifiers":[{"kind":"msisdn","value":"34600000001"}]}}"#;
const CALL: &str = r#"{"source":"med","event_id":"u","occurred_at":"2026-03-02T00:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"voice","to":"34910000000","quantity":"61s"}}"#;
const TO_ITALY: &str = r#"{"source":"med","event_id":"it","occurred_at":"2026-03-02T00:00:00Z","account_id":"A","usage":{"service":"voice","to":"390600000000","quantity":"60s"}}"#;

fn open(place: &Place) -> Vec<QuarantinedRecord> {
    place
        .history()
        .quarantine(&Selection::default())
        .expect("a quarantine")
}

fn resubmit(engine: &Engine, records: &[QuarantinedRecord]) -> Vec<Verdict> {
    let back: Vec<_> = records
        .iter()
        .map(|record| record.resubmission(None).expect("readable"))
        .collect();
    let receipts: Vec<Receipt> = engine.resubmit(back, false).expect("receipts");
    receipts
        .into_iter()
        .map(|receipt| receipt.verdict)
        .collect()
}

#[test]
fn a_record_of_the_future_does_not_take_the_clock_with_it() {
    let far = r#"{"source":"shop","event_id":"far","occurred_at":"2027-03-01T00:00:00Z","account_id":"A","charge_added":{"amount":"1.00","code":"x"}}"#;
    let place = Place::new(4);
    let engine = place.engine(event_options());
    submit(&engine, &[CUSTOMER, MEMBER, CALL]);
    let clock = engine.committed().clock;
    assert!(matches!(
        submit(&engine, &[far])[0].verdict,
        Verdict::Quarantined(_)
    ));
    let waiting = open(&place);
    let refused = resubmit(&engine, &waiting);
    let Verdict::Quarantined(rejection) = &refused[0] else {
        unreachable!("{refused:?}")
    };
    assert_eq!(rejection.reason.code(), "U-0010");
    assert_eq!(engine.committed().clock, clock);

    let back = open(&place)[0].resubmission(None).expect("readable");
    let taken = engine.resubmit(vec![back], true).expect("receipts");
    assert_eq!(taken[0].verdict, Verdict::Applied);
    assert_eq!(engine.committed().clock, clock, "the clock stays");
    assert_adds_up(&engine.stop().expect("stopped"));
}

#[test]
fn a_later_record_settles_an_earlier_one_of_its_key_in_the_same_batch() {
    let (mut text, pairs) = (format!("{CUSTOMER}\n{MEMBER}\n"), 12);
    for number in 0..pairs {
        for amount in ["many", "1.00"] {
            text.push_str(&format!(
                r#"{{"source":"shop","event_id":"k{number}","occurred_at":"2026-03-02T00:00:00Z","account_id":"A","charge_added":{{"amount":"{amount}","code":"x"}}}}"#
            ));
            text.push('\n');
        }
    }
    let place = Place::new(8);
    let file = place.file("pairs.ndjson", &text);
    let engine = place.engine(event_options());
    ingest(&engine, &file);
    let committed = engine.stop().expect("stopped");
    assert_eq!(committed.counts.quarantined, pairs);
    assert_eq!(open(&place), []);
}

#[test]
fn a_record_of_nobody_finds_its_account_when_it_is_there() {
    let place = Place::new(8);
    let file = place.file("calls.ndjson", &format!("{CALL}\n"));
    let engine = place.engine(event_options());
    ingest(&engine, &file);
    let listed = open(&place);
    assert_eq!(listed.len(), 1);
    let record = &listed[0];
    assert_eq!((record.code, record.original.as_str()), ("U-0021", CALL));
    assert_eq!(record.event_id.as_deref(), Some("u"));
    let place_text = record.place.as_deref().unwrap_or_default();
    assert!(place_text.starts_with("calls.ndjson ("), "{place_text}");
    assert!(place_text.ends_with("), line 1"), "{place_text}");

    // Too early: it stands there anew, and the old entry is settled.
    assert!(matches!(
        resubmit(&engine, &listed)[0],
        Verdict::Quarantined(_)
    ));
    let again = open(&place);
    assert_eq!(again.len(), 1);
    assert!(again[0].position > record.position);
    assert_eq!(again[0].original, CALL);

    submit(&engine, &[CUSTOMER, MEMBER]);
    assert_eq!(resubmit(&engine, &again), [Verdict::Applied]);
    assert_eq!(open(&place), []);
    // It was taken under its own key: a repeat of it is one.
    assert_eq!(submit(&engine, &[CALL])[0].verdict, Verdict::Duplicate);
    assert_adds_up(&engine.stop().expect("stopped"));
    let all = Selection {
        settled_too: true,
        ..Selection::default()
    };
    assert_eq!(place.history().quarantine(&all).expect("all").len(), 2);
}

#[test]
fn a_record_without_a_price_is_rated_when_the_catalog_is_mended() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    submit(&engine, &[CUSTOMER]);
    let refused = submit(&engine, &[TO_ITALY]);
    assert!(
        matches!(&refused[0].verdict, Verdict::Quarantined(why) if why.reason.code() == "U-0032"),
        "{refused:?}"
    );
    assert_eq!(open(&place)[0].account_id.as_deref(), Some("A"));

    let activation = activation_of("v2", &tariff_with_italy(), "2026-03-01T00:00:00Z", true);
    assert_eq!(submit(&engine, &[&activation])[0].verdict, Verdict::Applied);
    assert_eq!(resubmit(&engine, &open(&place)), [Verdict::Applied]);
    assert_eq!(open(&place), []);
    engine.stop().expect("stopped");
    let rated: Vec<String> = outputs(&place.dir)
        .into_iter()
        .filter(|line| line.contains("usage_rated"))
        .collect();
    assert_eq!(rated.len(), 1);
    assert!(rated[0].contains(r#""amount":"0.50""#), "{}", rated[0]);
}

#[test]
fn a_record_that_comes_again_by_itself_settles_the_entry() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    submit(&engine, &[CALL]);
    assert_eq!(open(&place).len(), 1);
    submit(&engine, &[CUSTOMER, MEMBER, CALL]);
    assert_eq!(open(&place), []);
}

#[test]
fn bytes_that_are_no_record_are_kept_as_they_are() {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    let bad = "{\"source\":\"x\"\u{7}";
    let unknown = r#"{"source":"s","event_id":"1","occurred_at":"2026-03-02T00:00:00Z","account_id":"A","usage":{"servize":"sms"}}"#;
    let file = place.file("bad.ndjson", &format!("{bad}\n{unknown}\n"));
    let ingested = ingest(&engine, &file);
    assert_eq!(ingested.after.counts.quarantined, 2);
    let listed = open(&place);
    assert_eq!(listed[0].original_bytes, bad.as_bytes());
    assert_eq!(listed[1].code, "U-0002");
    assert_eq!(listed[1].event_id.as_deref(), Some("1"));
    assert!(
        listed[0].resubmission(None).is_err(),
        "it cannot be read now either"
    );
}

#[test]
fn a_bad_catalog_is_quarantined_and_nothing_changes() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    submit(&engine, &[CUSTOMER, MEMBER, CALL]);
    let cases = [
        (
            activation_of("bad", "[plan.x]\nrules = [", "2026-04-01T00:00:00Z", false),
            "tariff.toml",
        ),
        (
            activation_of("late", TARIFF, "2026-01-05T00:00:00Z", false),
            "retroactive",
        ),
    ];
    for (activation, detail) in cases {
        let receipts = submit(&engine, &[&activation]);
        match &receipts[0].verdict {
            Verdict::Quarantined(why) => {
                assert_eq!(why.reason.code(), "U-0060");
                assert!(why.detail.contains(detail), "{}", why.detail);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_adds_up(&engine.stop().expect("stopped"));
    assert_eq!(open(&place).len(), 2);
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
fn rows_of_mapped_files_are_read_again_with_their_mapping() {
    let mapping = r#"
format = "csv"
source = "switch"
event_id = { column = "id" }
identifier = { kind = "msisdn", column = "from" }
[time]
column = "at"
formats = ["rfc3339"]
zone = "UTC"
[[record]]
kind = "usage"
service = "voice"
quantity = { column = "seconds", unit = "s" }
to = { column = "to" }
"#;
    let mapping = umbral_intake::mapping::Mapping::parse("m.toml", mapping).expect("a mapping");
    let place = Place::new(4);
    let file = place.file(
        "calls.csv",
        "id,at,from,to,seconds\n7,2026-03-02T00:00:00Z,34600000001,34910000000,61\n",
    );
    let options = umbral_intake::reader::Options {
        mapping: Some(std::sync::Arc::new(mapping)),
        ..umbral_intake::reader::Options::default()
    };
    let source = || umbral_intake::reader::SourceFile::open(&file, &options).expect("a source");
    let engine = place.engine(event_options());
    engine
        .ingest(&mut source(), &mut |_| umbral_runtime::Go::On)
        .expect("ingested");
    submit(&engine, &[CUSTOMER, MEMBER]);
    let listed = open(&place);
    assert_eq!(listed[0].format.as_deref(), Some("csv"));
    assert!(listed[0].resubmission(None).is_err());
    let again = source();
    assert_eq!(again.format(), "csv");
    let back = listed[0]
        .resubmission(Some(&again.decoder()))
        .expect("readable");
    let receipts = engine.resubmit(vec![back], false).expect("receipts");
    assert_eq!(receipts[0].verdict, Verdict::Applied);
}

#[test]
fn a_count_by_reason_is_that_of_the_list() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    ingest(&engine, &place.file("stream.ndjson", &stream(40, 3_000)));
    let last = engine.stop().expect("stopped").position;
    let all = Selection {
        settled_too: true,
        ..Selection::default()
    };
    let listed = place.history().quarantine(&all).expect("a list");
    let given_up = listed.iter().filter(|record| record.code == "U-0055");
    for after in [0, last / 3, last - 10, last] {
        let mut expected = std::collections::BTreeMap::new();
        for record in listed.iter().filter(|record| record.position > after) {
            *expected.entry(record.code).or_insert(0u64) += 1;
        }
        let counted = place.history().quarantined_after(after).expect("counts");
        let counted = counted.into_iter();
        let counted: std::collections::BTreeMap<_, _> = counted
            .map(|(reason, number)| (reason.code(), number))
            .collect();
        assert_eq!(counted, expected, "after {after}");
    }
    assert!(given_up.count() > 0, "corrections that were given up count");
}

#[test]
fn what_another_log_of_the_deployment_took_waits_no_more() {
    let (stray, right) = (Place::new(4), Place::new(4));
    let engine = stray.engine(event_options());
    submit(&engine, &[CALL, TO_ITALY]);
    engine.stop().expect("stopped");
    let of_both = || {
        let parts = [stray.history(), right.history()];
        let listed = History::quarantine_of(&parts, &Selection::default()).expect("a quarantine");
        let ids = listed.into_iter().filter_map(|record| record.event_id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(of_both().len(), 2, "nobody took them");
    let engine = right.engine(event_options());
    submit(&engine, &[TO_ITALY]);
    engine.stop().expect("stopped");
    assert_eq!(of_both().len(), 3, "refused there, too: both wait");
    let engine = right.engine(event_options());
    submit(&engine, &[CUSTOMER, MEMBER, CALL]);
    engine.stop().expect("stopped");
    assert_eq!(of_both(), ["it", "it"], "the call was taken");
}
