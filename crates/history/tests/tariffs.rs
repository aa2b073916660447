//! Fees, tiers, allowances and products as they are told afterwards: every charge is a line of its own kind,
//! in names and with units.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod common;

use common::*;
use umbral_history::{Bill, Month};
use umbral_model::money::Money;
use umbral_runtime::Verdict;

const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[network.eu]
networks = ["208"]

[rate.calls]
tiers = [ { up_to = "2m", price = "0.10 per minute" }, { price = "0.05 per minute" } ]
tier_kind = "volume"
increment = "1s"
[rate.data]
price = "1.00 per GB"
increments = "1MB"

[plan.libre]
monthly_fee = "9.90"
proration = "daily"
rules = [
  { service = "voice", zone = "national", rate = "calls" },
  { service = "data", rate = "data" },
  { service = "data", roaming = "eu", rate = "data" },
]
allowances = [ { name = "100 MB", service = "data", units = "100MB", per = "cycle", warn_at = ["80%"] } ]

[plan.plus]
monthly_fee = "19.90"
proration = "daily"
rules = [
  { service = "voice", zone = "national", rate = "calls" },
  { service = "data", rate = "data" },
]

[product.phone]
price = "240.00"
instalments = 24

[discount.staff]
percent = "10%"
service = "data"
roaming = "eu"

[class.standard]
limit.exposure = "900.00"
"#;

const LINES: [&str; 12] = [
    r#"{"source":"crm","event_id":"c","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#,
    r#"{"source":"med","event_id":"1","occurred_at":"2026-03-11T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}"#,
    r#"{"source":"med","event_id":"2","occurred_at":"2026-03-11T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}"#,
    r#"{"source":"med","event_id":"3","occurred_at":"2026-03-11T11:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}"#,
    r#"{"source":"med","event_id":"4","occurred_at":"2026-03-12T11:00:00Z","account_id":"A","usage":{"service":"data","quantity":"60MB"}}"#,
    r#"{"source":"med","event_id":"k","occurred_at":"2026-03-12T12:00:00Z","account_id":"A","usage_corrected":{"corrects":"5","usage":{"service":"data","network":"20802","quantity":"2GB"}}}"#,
    r#"{"source":"med","event_id":"5","occurred_at":"2026-03-12T12:00:00Z","account_id":"A","usage":{"service":"data","network":"20801","quantity":"1GB"}}"#,
    r#"{"source":"shop","event_id":"6","occurred_at":"2026-03-13T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"item":"phone"},{"category":"c","item":"case","net":"5.00"}]}}"#,
    r#"{"source":"shop","event_id":"7","occurred_at":"2026-03-13T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P2","method":"cash","lines":[{"item":"phone"}]}}"#,
    r#"{"source":"crm","event_id":"8","occurred_at":"2026-03-20T23:00:00Z","account_id":"A","plan_changed":{"plan":"plus"}}"#,
    r#"{"source":"ops","event_id":"9","occurred_at":"2026-03-21T10:00:00Z","account_id":"A","charge_added":{"amount":"3.00","code":"setup"}}"#,
    r#"{"source":"clock","event_id":"t","occurred_at":"2026-04-02T00:00:00Z","tick":{}}"#,
];

fn told() -> Place {
    let place = Place::with_tariff(8, TARIFF);
    let engine = place.engine(event_options());
    for (line, receipt) in LINES.iter().zip(submit(&engine, &LINES)) {
        assert_eq!(receipt.verdict, Verdict::Applied, "{line}");
    }
    engine.stop().expect("stopped");
    place
}

fn charges(bill: &Bill) -> Vec<(&'static str, &str, u64, String)> {
    let lines = bill.charges.iter();
    lines
        .map(|line| {
            (
                line.kind,
                line.code.as_str(),
                line.count,
                line.amount.to_string(),
            )
        })
        .collect()
}

fn bill(place: &Place, month: &str) -> Bill {
    let month = Month::parse(month).expect("a month");
    place.history().bill(&"A".into(), month).expect("a bill")
}

#[test]
fn every_charge_is_a_line_of_its_own_kind() {
    let place = told();
    let march = bill(&place, "2026-03");
    let line = |kind, code, count, amount: &str| (kind, code, count, amount.to_owned());
    assert_eq!(
        charges(&march),
        [
            line("charge", "setup", 1, "3.00"),
            line("fee", "libre", 1, "6.71"),
            line("fee", "plus", 1, "7.06"),
            line("fee_credit", "libre", 1, "-3.51"),
            line("purchase", "P1", 1, "15.00"),
            line("volume", "calls", 1, "-0.10"),
        ]
    );
    let usage: Vec<_> = march
        .usage
        .iter()
        .map(|line| {
            (
                line.service.as_str(),
                line.network.as_deref(),
                line.records,
                line.amount.to_string(),
            )
        })
        .collect();
    assert_eq!(
        usage,
        [
            ("data", None, 1, "0.00".to_owned()),
            ("data", Some("20802"), 1, "1.80".to_owned()),
            ("voice", None, 3, "0.25".to_owned()),
        ]
    );
    let april = bill(&place, "2026-04");
    assert_eq!(
        charges(&april),
        [
            line("fee", "plus", 1, "19.90"),
            line("instalment", "P1/phone", 1, "10.00"),
        ]
    );
    let history = place.history();
    let totals = history.bills(&"A".into()).expect("bills");
    let billed: Money = totals.iter().map(|bill| bill.total).sum();
    let account = history.account_at(&"A".into(), None).expect("an account");
    assert_eq!(account.unbilled, billed);
    assert_eq!(history.summary(1).expect("a summary").revenue, billed);
    let latest: Vec<(&str, &str, String)> = account
        .latest_charges
        .iter()
        .map(|charge| {
            let code = charge.code.as_deref().unwrap_or_default();
            (charge.kind, code, charge.amount.to_string())
        })
        .collect();
    let expected = [
        ("instalment", "P1/phone", "10.00"),
        ("fee", "plus", "19.90"),
        ("charge", "setup", "3.00"),
        ("fee", "plus", "7.06"),
        ("fee_credit", "libre", "-3.51"),
        ("purchase", "purchase", "15.00"),
        ("correction", "med/5", "0.90"),
        ("usage", "", "0.90"),
        ("usage", "", "0.00"),
        ("volume", "calls", "-0.10"),
    ];
    let expected = expected.map(|(kind, code, amount)| (kind, code, amount.to_owned()));
    assert_eq!(latest, expected);
}

#[test]
fn streams_name_what_events_hold_as_numbers() {
    let place = told();
    let bodies: Vec<serde_json::Value> = outputs(&place.dir)
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |kind: &'static str| bodies.iter().filter_map(move |line| line.get(kind));
    let covered = of("usage_rated").find_map(|rated| rated.get("allowances"));
    let expected = serde_json::json!([
        {"name": "100 MB", "segment": 1, "grant": 1, "units": "60MB", "left": "7741935B"}
    ]);
    assert_eq!(covered, Some(&expected));
    let discounts = of("usage_rated").find_map(|rated| rated.get("discounts"));
    let expected = serde_json::json!([{"name": "staff", "percent": "10%"}]);
    assert_eq!(discounts, Some(&expected));
    let granted = of("allowance_granted").next().expect("a grant");
    assert_eq!(granted["units"], "67741935B");
    let volume = of("charge_posted").find(|posted| posted["kind"] == "volume");
    let volume = volume.expect("a volume charge");
    let told = ["units_before", "units_after", "from_per"].map(|key| &volume[key]);
    assert_eq!(told, ["120s", "180s", "60s"]);
}
