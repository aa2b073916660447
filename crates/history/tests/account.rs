//! What an account was, what a month cost and why something happened, all from the journal.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_history::{HistoryError, Month, Reason};

/// One customer over two months: calls, data, a charge, purchases both ways, a bill, a payment.
const LINES: [&str; 11] = [
    r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"med","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"61s"}}"#,
    r#"{"source":"med","event_id":"2","occurred_at":"2026-03-02T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"33910000000","quantity":"61s"}}"#,
    r#"{"source":"med","event_id":"3","occurred_at":"2026-03-03T10:00:00Z","account_id":"A","usage":{"service":"data","quantity":"4GB"}}"#,
    r#"{"source":"ops","event_id":"4","occurred_at":"2026-03-04T10:00:00Z","account_id":"A","charge_added":{"amount":"3.00","code":"setup"}}"#,
    r#"{"source":"shop","event_id":"5","occurred_at":"2026-03-05T10:00:00Z","account_id":"A","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"category":"c","item":"i","qty":1,"net":"2.00"}]}}"#,
    r#"{"source":"shop","event_id":"6","occurred_at":"2026-03-05T11:00:00Z","account_id":"A","purchase":{"purchase_id":"P2","method":"cash","lines":[{"category":"c","item":"i","qty":1,"net":"7.00"}]}}"#,
    // 23:30 UTC on the last of March is April in Madrid.
    r#"{"source":"med","event_id":"7","occurred_at":"2026-03-31T23:30:00Z","account_id":"A","usage":{"service":"sms","to":"34910000000","quantity":"1"}}"#,
    r#"{"source":"med","event_id":"8","occurred_at":"2026-04-01T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"33910000000","quantity":"15m"}}"#,
    r#"{"source":"billing","event_id":"9","occurred_at":"2026-04-02T00:00:00Z","account_id":"A","bill_issued":{"bill_id":"B1","cycle_end":"2026-04-01","amount":"15.00","due_on":"2026-04-15"}}"#,
    r#"{"source":"bank","event_id":"10","occurred_at":"2026-04-10T00:00:00Z","account_id":"A","payment_received":{"payment_id":"PAY","amount":"15.00","method":"transfer"}}"#,
];

fn told() -> Place {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    for (line, receipt) in LINES.iter().zip(submit(&engine, &LINES)) {
        assert_eq!(receipt.verdict, umbral_runtime::Verdict::Applied, "{line}");
    }
    engine.stop().expect("stopped");
    place
}

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

#[test]
fn a_month_adds_up() {
    let place = told();
    let history = place.history();
    let account = "A".into();
    let march = history.bill(&account, month("2026-03")).expect("a bill");
    let lines: Vec<(&str, Option<&str>, u64, String)> = march
        .usage
        .iter()
        .map(|line| {
            (
                line.service.as_str(),
                line.zone.as_deref(),
                line.records,
                line.amount.to_string(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("data", None, 1, "8.00".to_owned()),
            ("voice", Some("france"), 1, "1.00".to_owned()),
            ("voice", Some("national"), 1, "0.2415".to_owned()),
        ]
    );
    assert_eq!(march.usage_total.to_string(), "9.2415");
    assert_eq!(march.charges_total.to_string(), "5.00");
    assert_eq!(march.total.to_string(), "14.2415");
    assert_eq!(march.paid_at_once.to_string(), "7.00");
    assert_eq!(march.from.to_string(), "2026-02-28T23:00:00Z");
    assert_eq!(march.to.to_string(), "2026-03-31T22:00:00Z");
    for line in &march.usage {
        assert_eq!(
            line.parts.iter().map(|part| part.records).sum::<u64>(),
            line.records
        );
        assert!(
            line.parts.iter().all(|part| part.rate.is_some()),
            "{line:?}"
        );
    }
    let april = history.bill(&account, month("2026-04")).expect("a bill");
    assert_eq!(april.total.to_string(), "7.60");
    let all: Vec<String> = history
        .bills(&account)
        .expect("bills")
        .iter()
        .map(|bill| bill.month.to_string())
        .collect();
    assert_eq!(all, ["2026-03", "2026-04"]);
    let empty = history.bill(&account, month("2027-01")).expect("a bill");
    assert_eq!(
        (empty.usage.len(), empty.total.to_string().as_str()),
        (0, "0.00")
    );
}

#[test]
fn an_account_is_shown_as_it_was() {
    let place = told();
    let history = place.history();
    let account = "A".into();
    let cases = [
        ("2026-03-02T09:30:00Z", "0.2415", "ok", 0),
        ("2026-03-04T12:00:00Z", "12.2415", "warned", 0),
        ("2026-04-01T12:00:00Z", "21.8415", "breached", 0),
        ("2026-04-05T00:00:00Z", "22.60", "breached", 1),
    ];
    for (at, exposure, standing, bills) in cases {
        let report = history
            .account_at(&account, Some(at.parse_instant()))
            .expect("an account");
        let measure = &report.measures[0];
        assert_eq!(measure.value.to_string(), exposure, "{at}");
        assert_eq!(measure.standing, standing, "{at}");
        assert_eq!(report.open_bills.len(), bills, "{at}");
    }
    let now = history.account_at(&account, None).expect("an account");
    assert_eq!(now.exposure.to_string(), "7.60");
    assert_eq!(now.restrictions.len(), 0, "the limit is cured");
    assert_eq!(now.latest_charges[0].amount.to_string(), "7.50");
    let explanation = now.latest_charges[0]
        .explanation
        .as_ref()
        .expect("an explanation");
    assert_eq!(explanation["segments"][0]["rate"], "abroad");
    let explanation = now.latest_charges[0]
        .explanation
        .as_ref()
        .expect("explained");
    assert!(
        explanation["segments"][0]["amount"].is_string(),
        "{explanation}"
    );
    let json = serde_json::to_value(&now).expect("JSON");
    for key in [
        "account_id",
        "class",
        "plan",
        "currency",
        "measures",
        "restrictions",
        "unbilled",
    ] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(json["measures"][0]["latches"][0]["threshold_id"], "50");

    let before = history.account_at(&account, Some("2026-02-01T00:00:00Z".parse_instant()));
    assert!(matches!(before, Err(HistoryError::UnknownAccount { .. })));
    let unknown = history.account_at(&"B".into(), None).expect_err("unknown");
    assert_eq!(unknown.exit_code(), 1);
}

#[test]
fn why_leads_from_a_recovery_back_to_the_usage() {
    let place = told();
    let recovered = outputs(&place.dir)
        .into_iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(&line).expect("JSON"))
        .find(|output| output.get("threshold_recovered").is_some())
        .expect("a recovery");
    let id = recovered["out_id"].as_str().expect("an id");
    let history = place.history();
    let links = history
        .why(&Reason::parse(id).expect("a reason"))
        .expect("a chain");
    let inputs: Vec<&str> = links
        .iter()
        .filter_map(|link| link.input.as_ref()?["event_id"].as_str())
        .collect();
    assert_eq!(inputs[0], "10", "the payment recovered it");
    assert!(inputs.contains(&"3") || inputs.contains(&"8"), "{inputs:?}");
    let by_input = history
        .why(&Reason::parse("med/8").expect("a reason"))
        .expect("a chain");
    assert!(
        by_input[0]
            .events
            .iter()
            .any(|event| event.get("limit_breached").is_some())
    );
    assert!(
        history
            .why(&Reason::parse("med/nothing").expect("a reason"))
            .is_err()
    );
}

#[test]
fn the_summary_agrees_with_the_bills() {
    let place = told();
    let history = place.history();
    let summary = history.summary(3).expect("a summary");
    let billed: umbral_model::money::Money = history
        .bills(&"A".into())
        .expect("bills")
        .iter()
        .map(|bill| bill.total)
        .sum();
    assert_eq!(summary.revenue, billed);
    assert_eq!(
        (summary.accounts, summary.breaches, summary.cures),
        (1, 1, 1)
    );
    assert_eq!(summary.top_spenders[0].account_id, "A");
    assert_eq!(summary.inputs, LINES.len() as u64 + 1, "and the catalog");
    assert_eq!(summary.quarantine.len(), 0);
}
