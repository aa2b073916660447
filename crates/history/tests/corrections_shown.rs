//! Corrected and cancelled usage as it is told afterwards: in bills, in the quarantine, in the chain of reasons.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_history::{Bill, Month, QuarantinedRecord, Reason, Selection};
use umbral_runtime::{Engine, Verdict};

const CUSTOMER: &str = r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#;
const CALL: &str = r#"{"source":"med","event_id":"u1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"61s"}}"#;

/// The call, sent so late that it needs to be forced.
fn late_call() -> String {
    CALL.replacen('{', r#"{"forced":true,"#, 1)
}

/// A correction that says when the call began, whom it went to and how long it took.
fn corrected(id: &str, corrects: &str, (at, to, quantity): (&str, &str, &str)) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A","usage_corrected":{{"corrects":"{corrects}","usage":{{"service":"voice","to":"{to}","quantity":"{quantity}"}}}}}}"#
    )
}

fn cancelled(id: &str, cancels: &str, at: &str) -> String {
    format!(
        r#"{{"source":"med","event_id":"{id}","occurred_at":"{at}","account_id":"A","usage_cancelled":{{"cancels":"{cancels}"}}}}"#
    )
}

fn tick(at: &str) -> String {
    format!(r#"{{"source":"clock","event_id":"{at}","occurred_at":"{at}","tick":{{}}}}"#)
}

fn apply(engine: &Engine, lines: &[&str]) {
    for (line, receipt) in lines.iter().zip(submit(engine, lines)) {
        assert_eq!(receipt.verdict, Verdict::Applied, "{line}");
    }
}

fn bill(place: &Place, month: &str) -> Bill {
    let month = Month::parse(month).expect("a month");
    let of_all = place.history().bills(&"A".into()).expect("bills");
    let bill = place.history().bill(&"A".into(), month).expect("a bill");
    if let Some(found) = of_all.iter().find(|bill| bill.month == month) {
        assert_eq!(lines(found), lines(&bill), "one month, or all of them");
        assert_eq!(charges(found), charges(&bill));
    }
    bill
}

/// Service, zone, network, records, usage, amount.
type Line = (String, Option<String>, Option<String>, u64, String, String);

fn lines(bill: &Bill) -> Vec<Line> {
    let lines = bill.usage.iter().map(|line| {
        assert_eq!(
            line.parts.iter().map(|part| part.records).sum::<u64>(),
            line.records
        );
        (
            line.service.clone(),
            line.zone.clone(),
            line.network.clone(),
            line.records,
            line.quantity.clone(),
            line.amount.to_string(),
        )
    });
    lines.collect()
}

fn charges(bill: &Bill) -> Vec<(&'static str, String, u64, String)> {
    let charges = bill.charges.iter().map(|line| {
        (
            line.kind,
            line.code.clone(),
            line.count,
            line.amount.to_string(),
        )
    });
    charges.collect()
}

fn voice(zone: &str, quantity: &str, amount: &str) -> Line {
    let zone = Some(zone.to_owned());
    (
        "voice".into(),
        zone,
        None,
        1,
        quantity.into(),
        amount.into(),
    )
}

/// What all months came to is what the account was charged.
fn assert_adds_up_to_the_account(place: &Place) {
    let history = place.history();
    let bills = history.bills(&"A".into()).expect("bills");
    let billed: umbral_model::money::Money = bills.iter().map(|bill| bill.total).sum();
    let account = history.account_at(&"A".into(), None).expect("an account");
    assert_eq!(billed, account.unbilled);
    assert_eq!(history.summary(1).expect("a summary").revenue, billed);
}

const MORNING: &str = "2026-03-02T09:00:00Z";

#[test]
fn in_its_own_month_a_corrected_record_counts_as_it_stands_now() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(&engine, &[CUSTOMER, &first]);
    assert_eq!(lines(&bill(&place, "2026-03")), [], "it waits");

    apply(&engine, &[CALL]);
    let stands = [voice("national", "120s", "0.33")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    assert_adds_up_to_the_account(&place);

    // A correction of the correction, by its own key, to another country.
    let second = corrected("k2", "k1", (MORNING, "33910000000", "60s"));
    apply(&engine, &[&second]);
    let stands = [voice("france", "60s", "0.50")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);

    apply(&engine, &[&cancelled("k3", "u1", "2026-03-03T00:00:00Z")]);
    let march = bill(&place, "2026-03");
    assert_eq!((lines(&march), charges(&march)), (vec![], vec![]));
    assert_adds_up_to_the_account(&place);

    // It can be put right again after it was cancelled.
    let fourth = corrected("k4", "u1", (MORNING, "34910000000", "61s"));
    apply(&engine, &[&fourth]);
    let stands = [voice("national", "61s", "0.2415")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    assert_adds_up_to_the_account(&place);
    engine.stop().expect("stopped");
}

/// The usual way round: the record is there, and a correction in a later month finds it in the journal.
#[test]
fn a_record_of_the_journal_is_corrected_where_it_stands() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    apply(&engine, &[CUSTOMER, CALL]);
    let first = corrected("k1", "u1", (MORNING, "33910000000", "60s"));
    apply(&engine, &[&first]);
    let march = bill(&place, "2026-03");
    assert_eq!(lines(&march), [voice("france", "60s", "0.50")]);
    assert_eq!(charges(&march), []);
    apply(&engine, &[&tick("2026-05-02T08:00:00Z")]);
    apply(&engine, &[&cancelled("k2", "u1", "2026-05-02T07:00:00Z")]);
    assert_eq!(lines(&bill(&place, "2026-03")), lines(&march));
    let line = ("correction", "voice".to_owned(), 1, "-0.50".to_owned());
    assert_eq!(charges(&bill(&place, "2026-05")), [line]);
    assert_adds_up_to_the_account(&place);
    engine.stop().expect("stopped");
}

#[test]
fn what_is_corrected_in_a_later_month_is_a_line_of_that_month() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(&engine, &[CUSTOMER, &first, CALL]);
    apply(&engine, &[&tick("2026-04-01T08:00:00Z")]);
    let second = corrected("k2", "u1", (MORNING, "34910000000", "30s"));
    apply(&engine, &[&second]);

    let stands = [voice("national", "120s", "0.33")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands, "as it was billed");
    let line =
        |count, amount: &str| vec![("correction", "voice".to_owned(), count, amount.to_owned())];
    let april = bill(&place, "2026-04");
    assert_eq!(
        (lines(&april), charges(&april)),
        (vec![], line(1, "-0.135"))
    );
    assert_adds_up_to_the_account(&place);

    // Moved into April by a correction, it stays beside the lines of April.
    let third = corrected("k3", "u1", ("2026-04-01T07:00:00Z", "34910000000", "30s"));
    let fourth = cancelled("k4", "u1", "2026-04-01T08:00:00Z");
    apply(&engine, &[&third, &fourth]);
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    let april = bill(&place, "2026-04");
    assert_eq!((lines(&april), charges(&april)), (vec![], line(3, "-0.33")));
    assert_adds_up_to_the_account(&place);
    engine.stop().expect("stopped");
}

/// The record of March comes in April and brings a correction that waited for it.
#[test]
fn a_correction_that_waited_counts_with_its_record() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(
        &engine,
        &[
            CUSTOMER,
            &tick("2026-04-01T08:00:00Z"),
            &first,
            &late_call(),
        ],
    );
    let stands = [voice("national", "120s", "0.33")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    let april = bill(&place, "2026-04");
    assert_eq!((lines(&april), charges(&april)), (vec![], vec![]));
    assert_adds_up_to_the_account(&place);
    engine.stop().expect("stopped");
}

fn open(place: &Place) -> Vec<QuarantinedRecord> {
    let all = Selection::default();
    place.history().quarantine(&all).expect("a quarantine")
}

#[test]
fn a_correction_that_waited_in_vain_can_be_taken_up_again() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(&engine, &[CUSTOMER]);
    let sent = submit(&engine, &[&first])[0].clone();
    assert_eq!(open(&place), [], "it waits");
    // A repeat while it waits settles nothing.
    assert_eq!(submit(&engine, &[&first])[0].verdict, Verdict::Duplicate);
    apply(&engine, &[&tick("2026-03-12T00:00:00Z")]);

    let listed = open(&place);
    assert_eq!(listed.len(), 1);
    let record = &listed[0];
    assert_eq!(record.position, sent.position);
    assert_eq!(
        (record.code, record.kind),
        ("U-0055", Some("usage_corrected"))
    );
    assert_eq!(
        (record.source.as_deref(), record.event_id.as_deref()),
        (Some("med"), Some("k1"))
    );
    assert_eq!(record.account_id.as_deref(), Some("A"));
    assert_eq!(record.occurred_at.as_deref(), Some(MORNING));
    assert!(record.detail.contains("med/u1"), "{}", record.detail);
    assert_eq!(record.original_bytes, record.original.as_bytes());

    let resubmit = |record: &QuarantinedRecord| {
        let back = record.resubmission(None).expect("readable");
        engine.resubmit(vec![back], false).expect("receipts")[0].clone()
    };
    let again = resubmit(record);
    assert_eq!(again.verdict, Verdict::Applied, "it waits anew");
    assert_eq!(open(&place), []);
    apply(&engine, &[&tick("2026-03-21T00:00:00Z")]);
    let listed = open(&place);
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].position, again.position);

    // This time the record comes while it waits.
    assert_eq!(resubmit(&listed[0]).verdict, Verdict::Applied);
    apply(&engine, &[&late_call()]);
    assert_eq!(open(&place), []);
    assert_eq!(
        lines(&bill(&place, "2026-03")),
        [voice("national", "120s", "0.33")]
    );
    let settled = Selection {
        settled_too: true,
        ..Selection::default()
    };
    let all = place.history().quarantine(&settled).expect("all");
    assert_eq!(all.len(), 2);
    let summary = place.history().summary(1).expect("a summary");
    let unclaimed: Vec<_> = summary
        .quarantine
        .iter()
        .map(|r| (r.code, r.records))
        .collect();
    assert_eq!(unclaimed, [("U-0055", 2)]);
    assert_adds_up(&engine.stop().expect("stopped"));
    let verified = place.history().verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None);
}

/// The record came when the correction had been given up: taken up again, it finds it in the journal.
#[test]
fn a_correction_taken_up_again_finds_the_record_that_came_since() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(&engine, &[CUSTOMER, &first, &tick("2026-03-12T00:00:00Z")]);
    apply(&engine, &[&late_call()]);
    let stands = [voice("national", "61s", "0.2415")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    let back = open(&place)[0].resubmission(None).expect("readable");
    let receipts = engine.resubmit(vec![back], false).expect("receipts");
    assert_eq!(receipts[0].verdict, Verdict::Applied);
    assert_eq!(open(&place), []);
    let stands = [voice("national", "120s", "0.33")];
    assert_eq!(lines(&bill(&place, "2026-03")), stands);
    assert_adds_up_to_the_account(&place);
    assert_adds_up(&engine.stop().expect("stopped"));
    let verified = place.history().verify(&mut |_| {}).expect("verified");
    assert_eq!(verified.difference, None);
}

/// One that was sent again after it was given up settles the entry as well.
#[test]
fn a_correction_that_comes_again_by_itself_settles_the_entry() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    apply(&engine, &[CUSTOMER, &first, &tick("2026-03-12T00:00:00Z")]);
    assert_eq!(open(&place).len(), 1);
    apply(&engine, &[&first]);
    assert_eq!(open(&place), []);
    engine.stop().expect("stopped");
}

#[test]
fn a_correction_leads_back_to_what_it_corrects() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let first = corrected("k1", "u1", (MORNING, "34910000000", "120s"));
    let second = corrected("k2", "k1", (MORNING, "33910000000", "60s"));
    apply(&engine, &[CUSTOMER, &first, CALL, &second]);
    engine.stop().expect("stopped");
    let links = place
        .history()
        .why(&Reason::Input("med".into(), "k2".into()))
        .expect("a chain");
    let keys: Vec<&str> = links
        .iter()
        .filter_map(|link| link.input.as_ref()?["event_id"].as_str())
        .collect();
    assert_eq!(keys, ["k2", "u1", "k1"]);
    let corrected = &links[0].events[0]["usage_corrected"];
    assert_eq!(corrected["difference"], "0.17");
    assert_eq!(corrected["before"]["amount"], "0.33");
    assert_eq!(corrected["after"]["zone"], "france");
}
