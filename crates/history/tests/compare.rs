//! What an account would have cost under other plans: the same as if it had really had them, whatever came in
//! between; and records that a plan has no price for are not passed over in silence.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use serde_json::Value;
use umbral_history::{Comparison, History, HistoryError, Month, MonthSpan, PlanChoice, PlanCost};
use umbral_model::ids::AccountId;
use umbral_model::money::Money;

const ACCOUNTS: u64 = 12;

fn compare(history: &History, account: &str, plans: &PlanChoice) -> Comparison {
    history
        .compare(&account.into(), MonthSpan::default(), plans)
        .expect("a comparison")
}

fn row<'c>(comparison: &'c Comparison, plan: &str) -> &'c PlanCost {
    let mut rows = comparison.plans.iter();
    rows.find(|row| row.plan == plan).expect("the plan")
}

fn named(plans: &[&str]) -> PlanChoice {
    PlanChoice::Named(plans.iter().map(ToString::to_string).collect())
}

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

/// Everything of a row but how it compares with others.
fn alone(row: &PlanCost) -> Value {
    let mut value = serde_json::to_value(row).expect("JSON");
    for key in ["present", "difference", "cheapest"] {
        assert!(
            value
                .as_object_mut()
                .expect("an object")
                .remove(key)
                .is_some()
        );
    }
    for month in value["months"].as_array_mut().expect("months") {
        month.as_object_mut().expect("an object").remove("cheapest");
    }
    value
}

fn ingested(text: &str) -> Place {
    let place = Place::new(8);
    let engine = place.engine(event_options());
    ingest(&engine, &place.file("stream.ndjson", text));
    engine.stop().expect("stopped");
    place
}

/// The stream as if all accounts had one plan and never changed it; the clock goes as before.
fn with_one_plan(stream: &str, plan: &str) -> String {
    let line = |line: &str| {
        let Ok(mut value) = serde_json::from_str::<Value>(line) else {
            return line.to_owned();
        };
        if let Some(added) = value.get_mut("customer_added") {
            added["plan"] = plan.into();
        }
        let fields = value.as_object_mut().expect("an object");
        if fields.remove("plan_changed").is_some() {
            fields.remove("account_id");
            fields.insert("tick".to_owned(), serde_json::json!({}));
        }
        value.to_string()
    };
    stream.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_comparison_says_what_another_plan_would_really_have_come_to() {
    let stream = stream(ACCOUNTS, 4_000);
    let mixed = ingested(&stream);
    let plans = ["basic", "bundle"];
    let pure = plans.map(|plan| ingested(&with_one_plan(&stream, plan)));
    let (mut unpriced, mut differences) = (0, 0);
    for number in 0..ACCOUNTS {
        let account = format!("A{number}");
        let asked = compare(&mixed.history(), &account, &named(&plans));
        assert_eq!(
            asked.plans[0].cost.total,
            total(&mixed, &account),
            "as it was"
        );
        for (plan, place) in plans.iter().zip(&pure) {
            let real = compare(&place.history(), &account, &named(&plans));
            assert!(real.plans[0].present && real.plans[0].plan == *plan);
            assert_eq!(
                real.plans[0].cost.total,
                total(place, &account),
                "as it was"
            );
            assert_eq!(by_none(&real), by_none(&asked), "{account}");
            for known in &real.plans {
                let told = alone(row(&asked, &known.plan));
                assert_eq!(told, alone(known), "{account} under {}", known.plan);
            }
            unpriced += real.plans.iter().map(PlanCost::missing).sum::<u64>();
            let moved = |row: &&PlanCost| row.difference != Money::ZERO;
            differences += real.plans.iter().filter(moved).count();
        }
    }
    assert!(unpriced > 0, "only one plan prices calls to Italy");
    assert!(differences > 0, "the plans cost differently");
}

/// Codes and numbers of records that no plan has a price for.
fn by_none(comparison: &Comparison) -> Vec<(&'static str, u64)> {
    let reasons = comparison.unpriced.iter();
    reasons
        .map(|reason| (reason.code, reason.records))
        .collect()
}

/// What all bills of an account come to.
fn total(place: &Place, account: &str) -> Money {
    let bills = place.history().bills(&AccountId::new(account));
    let bills = bills.expect("bills");
    bills.iter().map(|bill| bill.total).sum()
}

const RECORDS: [&str; 6] = [
    r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-01T00:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"local","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"med","event_id":"1","occurred_at":"2026-03-02T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}"#,
    r#"{"source":"med","event_id":"2","occurred_at":"2026-03-03T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}"#,
    r#"{"source":"med","event_id":"3","occurred_at":"2026-03-04T09:00:00Z","account_id":"A","usage":{"service":"sms","to":"33910000000","quantity":"1"}}"#,
    r#"{"source":"med","event_id":"4","occurred_at":"2026-03-05T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"99910000000","quantity":"60s"}}"#,
    r#"{"source":"clock","event_id":"t","occurred_at":"2026-04-10T00:00:00Z","tick":{}}"#,
];

const PLANS: &str = r#"
[zone.national]
prefixes = ["34"]
[rate.call]
price = "0.30 per minute"
[rate.cheap]
price = "0.10 per minute"
[rate.message]
price = "0.05 per event"
[plan.local]
rules = [
  { service = "voice", zone = "national", rate = "call" },
  { service = "sms", rate = "message" },
]
[plan.calls]
rules = [ { service = "voice", zone = "national", rate = "cheap" } ]
[plan.all]
monthly_fee = "0.25"
rules = [
  { service = "voice", zone = "national", rate = "cheap" },
  { service = "sms", rate = "message" },
]
[product.switch]
price = "1.00"
plan = "all"
[class.standard]
limit.exposure = "900.00"
"#;

fn told(lines: &[&str]) -> Place {
    let place = Place::with_tariff(4, PLANS);
    let engine = place.engine(event_options());
    submit(&engine, lines);
    engine.stop().expect("stopped");
    place
}

#[test]
fn a_plan_that_leaves_records_without_a_price_is_not_called_cheapest() {
    let place = told(&RECORDS);
    let comparison = compare(&place.history(), "A", &PlanChoice::All);
    let rows: Vec<_> = comparison
        .plans
        .iter()
        .map(|row| {
            let total = row.cost.total.to_string();
            (
                row.plan.as_str(),
                total,
                row.records,
                row.missing(),
                row.cheapest,
            )
        })
        .collect();
    // The fees of two cycles; the call that no plan has a price for counts against none.
    assert_eq!(
        rows,
        [
            ("local", "0.65".to_owned(), 3, 0, true),
            ("calls", "0.20".to_owned(), 2, 1, false),
            ("all", "0.75".to_owned(), 3, 0, false),
        ]
    );
    let without = &row(&comparison, "calls").unpriced;
    assert_eq!((without[0].code, without[0].records), ("U-0031", 1));
    assert!(without[0].example.contains("sms"), "{without:?}");
    assert_eq!(by_none(&comparison), [("U-0032", 1)]);

    let march = MonthSpan {
        from: Some(month("2026-03")),
        to: Some(month("2026-03")),
    };
    let march = place
        .history()
        .compare(&"A".into(), march, &named(&["all"]));
    let march = march.expect("a comparison");
    assert_eq!(row(&march, "all").cost.total.to_string(), "0.50");
    assert!(row(&march, "all").cheapest);
    let april = &row(&comparison, "calls").months[1];
    assert_eq!(
        (april.missing, april.cheapest),
        (0, true),
        "nothing is missing in April"
    );
}

#[test]
fn neither_a_change_nor_a_product_that_changes_the_plan_counts_under_another() {
    let switch = r#"{"source":"shop","event_id":"p","occurred_at":"2026-03-02T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P","method":"on_account","lines":[{"item":"switch"}]}}"#;
    let change = r#"{"source":"crm","event_id":"x","occurred_at":"2026-03-03T12:00:00Z","account_id":"A","plan_changed":{"plan":"calls"}}"#;
    let mut lines = RECORDS[..2].to_vec();
    lines.extend([switch, RECORDS[2], change, RECORDS[3], RECORDS[5]]);
    let place = told(&lines);
    let comparison = compare(&place.history(), "A", &PlanChoice::All);
    let rows: Vec<_> = comparison
        .plans
        .iter()
        .map(|row| {
            let cost = row.cost;
            let parts = [cost.fee, cost.usage, cost.other].map(|part| part.to_string());
            (row.plan.as_str(), parts.join(" "), row.missing())
        })
        .collect();
    // As it was: a call, the fee of the plan that was bought, another call; then no price for the message.
    assert_eq!(
        rows,
        [
            ("local, all, calls", "0.25 0.40 1.00".to_owned(), 1),
            ("calls", "0.00 0.20 1.00".to_owned(), 1),
            ("local", "0.00 0.65 1.00".to_owned(), 0),
            ("all", "0.50 0.25 1.00".to_owned(), 0),
        ]
    );
}

#[test]
fn a_plan_that_came_later_prices_what_it_can() {
    let place = Place::new(4);
    let engine = place.engine(event_options());
    let later = activation_of(
        "v2",
        &format!(
            "{TARIFF}\n[plan.late]\nrules = [ {{ service = \"sms\", rate = \"message\" }} ]\n"
        ),
        "2026-03-03T12:00:00Z",
        false,
    );
    let added = RECORDS[0].replace("local", "basic");
    let first = RECORDS[3].replace("03-04", "03-02");
    let second = RECORDS[3].replace("\"3\"", "\"5\"");
    submit(&engine, &[&added, &first]);
    submit(&engine, &[&later]);
    submit(&engine, &[&second]);
    engine.stop().expect("stopped");
    let comparison = compare(&place.history(), "A", &named(&["late"]));
    let late = row(&comparison, "late");
    assert_eq!((late.records, late.missing()), (1, 1));
    assert_eq!(late.cost.total.to_string(), "0.10");
    assert!(!late.cheapest);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let place = told(&RECORDS);
    let history = place.history();
    let ask = |account: &str, from: Option<&str>, to: Option<&str>, plan: &str| {
        let span = MonthSpan {
            from: from.map(month),
            to: to.map(month),
        };
        history.compare(&account.into(), span, &named(&[plan]))
    };
    let unknown = ask("A", None, None, "locla").expect_err("unknown");
    assert_eq!(
        unknown.to_string(),
        "there is no plan locla; did you mean local?"
    );
    assert!(matches!(
        ask("B", None, None, "all"),
        Err(HistoryError::UnknownAccount { .. })
    ));
    let early = ask("A", None, Some("2026-02"), "all").expect_err("before the account");
    assert_eq!(
        early.to_string(),
        "account A has no 2026-02: it began in 2026-03, and the clock stands in 2026-04"
    );
    assert!(ask("A", Some("2026-05"), None, "all").is_err(), "not begun");
    let wide = ask("A", Some("2025-01"), Some("2027-01"), "all").expect("a comparison");
    assert_eq!((wide.from, wide.to), (month("2026-03"), month("2026-04")));
    let own = ask("A", None, None, "local").expect("a comparison");
    assert_eq!(own.plans.len(), 1, "the plan that it has is there already");
}
