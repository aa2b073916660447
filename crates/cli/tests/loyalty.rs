//! Loyalty from the outside: what `umbral loyalty` shows, and the record shop's purchases against a calculation of
//! their own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod common;

use common::{done, json, run, stderr, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use umbral_model::time::Date;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

const CATALOG: &str = r#"
name = "Club"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01

[class.standard]
limit.exposure = "500.00"

[programme.club]
expiry = "12 months"
tier_validity = "2 years"
earn = [
  { category = "gift_card", earns = "nothing" },
  { on = "visit", points = 5 },
  { points = 1, per = "10.00" },
]

[programme.club.tier.ordinary]
from = 0

[programme.club.tier.silver]
from = 20
retain = "100.00"

[programme.club.card.club]
line = "-"

[programme.club.redeem]
rewards = { coffee = 4 }
"#;

/// A member who buys, returns, redeems and loses a card; a customer who is none; a purchase of nobody, claimed later.
const INPUTS: &str = r#"
{"source":"crm","event_id":"c-1","occurred_at":"2026-03-01T08:00:00Z","account_id":"A1","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}
{"source":"crm","event_id":"c-2","occurred_at":"2026-03-01T08:00:00Z","account_id":"A2","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}
{"source":"crm","event_id":"k-1","occurred_at":"2026-03-01T09:00:00Z","account_id":"A1","card_issued":{"number":"10001","type":"club"}}
{"source":"shop","event_id":"s-1","occurred_at":"2026-03-02T10:00:00Z","purchase":{"purchase_id":"P1","identifier":{"kind":"card","value":"10001"},"method":"cash","location":"L1","lines":[{"category":"food","item":"bread","net":"219.00"}]}}
{"source":"shop","event_id":"s-2","occurred_at":"2026-03-03T10:00:00Z","purchase":{"purchase_id":"P2","method":"cash","location":"L1","lines":[{"category":"food","item":"wine","net":"80.00"}]}}
{"source":"shop","event_id":"v-1","occurred_at":"2026-03-03T11:00:00Z","account_id":"A1","visit":{"location":"L1"}}
{"source":"shop","event_id":"f-1","occurred_at":"2026-03-04T10:00:00Z","account_id":"A1","refund":{"refund_id":"F1","purchase_id":"P1","amount":"30.00"}}
{"source":"shop","event_id":"r-1","occurred_at":"2026-03-05T10:00:00Z","account_id":"A1","redemption_requested":{"redemption_id":"R1","card":"10001","reward":"coffee","channel":"shop"}}
{"source":"shop","event_id":"r-2","occurred_at":"2026-03-05T10:01:00Z","account_id":"A1","redemption_committed":{"redemption_id":"R1"}}
{"source":"crm","event_id":"k-2","occurred_at":"2026-03-06T10:00:00Z","account_id":"A1","actor":"desk","card_lost_reported":{"number":"10001"}}
{"source":"crm","event_id":"k-3","occurred_at":"2026-03-06T11:00:00Z","account_id":"A1","actor":"desk","card_replaced":{"old":"10001","new":"10002"}}
{"source":"crm","event_id":"p-1","occurred_at":"2026-03-10T10:00:00Z","account_id":"A1","purchase_claimed":{"purchase_id":"P2","account":"A1"}}
{"source":"crm","event_id":"p-2","occurred_at":"2026-03-11T10:00:00Z","account_id":"A2","purchase_claimed":{"purchase_id":"P2","account":"A2"}}
"#;

/// Somebody who becomes a member by a purchase, comes by, brings a part of it back, and has points taken by hand; a
/// customer without a ledger who comes by; a number that nobody has; a card that expires.
const FIRST_PURCHASE: &str = r#"
{"source":"crm","event_id":"c-1","occurred_at":"2026-03-01T08:00:00Z","account_id":"A1","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}
{"source":"crm","event_id":"c-2","occurred_at":"2026-03-01T08:00:00Z","account_id":"A2","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}
{"source":"crm","event_id":"c-3","occurred_at":"2026-03-01T08:00:00Z","account_id":"A3","customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}
{"source":"shop","event_id":"s-1","occurred_at":"2026-03-02T10:00:00Z","account_id":"A1","purchase":{"purchase_id":"P1","method":"cash","lines":[{"category":"food","item":"bread","net":"60.00"},{"category":"food","item":"wine","net":"40.00"}]}}
{"source":"shop","event_id":"v-1","occurred_at":"2026-03-03T10:00:00Z","account_id":"A1","visit":{"location":"L1"}}
{"source":"shop","event_id":"v-2","occurred_at":"2026-03-03T11:00:00Z","account_id":"A2","visit":{"location":"L2"}}
{"source":"shop","event_id":"f-1","occurred_at":"2026-03-04T10:00:00Z","account_id":"A1","refund":{"refund_id":"F1","purchase_id":"P1","lines":[{"item":"wine","net":"25.00"}]}}
{"source":"desk","event_id":"a-1","occurred_at":"2026-03-05T10:00:00Z","account_id":"A1","actor":"agent-4","points_adjusted":{"points":-2,"reason":"typed twice"}}
{"source":"crm","event_id":"k-1","occurred_at":"2026-03-06T10:00:00Z","account_id":"A3","card_issued":{"number":"10001","type":"club","valid_until":"2026-03-10"}}
{"source":"clock","event_id":"t-1","occurred_at":"2026-03-12T10:00:00Z","tick":{}}
{"source":"shop","event_id":"s-2","occurred_at":"2026-03-12T11:00:00Z","purchase":{"purchase_id":"P2","identifier":{"kind":"phone","value":"34600000009"},"method":"cash","lines":[{"category":"food","item":"tea","net":"12.00"}]}}
{"source":"med","event_id":"u-1","occurred_at":"2026-03-12T12:00:00Z","identifier":{"kind":"msisdn","value":"34600000008"},"charge_added":{"amount":"1.00","code":"x"}}
"#;

struct Club {
    _root: tempfile::TempDir,
    data: PathBuf,
}

impl Club {
    fn begun() -> Club {
        let (club, summary) = Club::of(CATALOG, INPUTS);
        assert_eq!(summary["quarantined"], 1, "only P2 is of nobody: {summary}");
        club
    }

    /// The customers of [`FIRST_PURCHASE`]; only visits to one place earn.
    fn of_first_purchase() -> Club {
        let catalog = CATALOG.replace("on = \"visit\"", "on = \"visit\", location = \"L1\"");
        let (club, summary) = Club::of(&catalog, FIRST_PURCHASE);
        assert_eq!(summary["quarantined"], 2, "{summary}");
        club
    }

    fn of(tariff: &str, inputs: &str) -> (Club, Value) {
        let root = tempfile::tempdir().unwrap();
        let catalog = root.path().join("catalog");
        std::fs::create_dir(&catalog).unwrap();
        std::fs::write(catalog.join("catalog.toml"), tariff).unwrap();
        let (data, file) = (root.path().join("data"), root.path().join("inputs.ndjson"));
        std::fs::write(&file, inputs.trim_start()).unwrap();
        done(&["init", "--data", text(&data), "--catalog", text(&catalog)]);
        let taken = [
            "ingest",
            "--data",
            text(&data),
            "--clock",
            "event",
            text(&file),
            "-o",
            "json",
        ];
        let summary = json(&done(&taken));
        (Club { _root: root, data }, summary)
    }

    fn ask(&self, question: &[&str]) -> String {
        let mut arguments = vec!["loyalty"];
        arguments.extend(question);
        arguments.extend(["--data", text(&self.data)]);
        done(&arguments)
    }
}

#[test]
fn a_customers_points_are_shown_with_their_story() {
    let club = Club::begun();
    let story = json(&club.ask(&["show", "A1", "-o", "json"]));
    let ledger = &story["ledgers"][0];
    // 21 of P1 less 3 of its refund, 5 for the visit, 8 of the claimed P2, 4 spent.
    for (key, value) in [
        ("ledger", Value::from("club/-")),
        ("available", 27.into()),
        ("debt", 0.into()),
        ("tier", "silver".into()),
        ("counter", 31.into()),
        ("state", "active".into()),
    ] {
        assert_eq!(ledger[key], value, "{key} of {ledger}");
    }
    let cards: Vec<(&str, &str)> = story["cards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|card| {
            (
                card["number"].as_str().unwrap(),
                card["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(cards, [("10001", "replaced"), ("10002", "active")]);
    let shown = club.ask(&["show", "A1"]);
    for words in [
        "27 points to spend",
        "+21 points for P1",
        "-3 points taken back for P1",
        "tier ordinary to silver (points)",
        "redemption R1 of 4 points for coffee accepted",
        "card 10002 in place of 10001",
        "by desk",
        "+8 points for P2",
    ] {
        assert!(shown.contains(words), "{words:?} is missing:\n{shown}");
    }
    let before = json(&club.ask(&[
        "show",
        "A1",
        "--as-of",
        "2026-03-02T23:00:00Z",
        "-o",
        "json",
    ]));
    assert_eq!(before["ledgers"][0]["available"], 21);
}

#[test]
fn a_proof_tells_where_a_purchase_came_in_and_who_has_it() {
    let club = Club::begun();
    let proof = json(&club.ask(&["proof", "P2", "-o", "json"]));
    let told: Vec<(Option<&str>, &str)> = proof
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["account_id"].as_str(), one["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            (None, "purchase"),
            (Some("A1"), "purchase_claimed"),
            (Some("A1"), "points_earned"),
            (Some("A2"), "purchase_claimed"),
            (Some("A2"), "points_not_earned"),
        ]
    );
    let unknown = run(&["loyalty", "proof", "P9", "--data", text(&club.data)]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(stderr(&unknown).contains("nothing in the journal is named P9"));
}

#[test]
fn the_report_sets_members_beside_others() {
    let club = Club::begun();
    let report = json(&club.ask(&["report", "-o", "json"]));
    for (key, value) in [
        ("/members", Value::from(1)),
        ("/members_by_tier/silver", 1.into()),
        ("/loyal/purchases", 2.into()),
        ("/loyal/spent", "269.00".into()),
        ("/loyal/visits", 1.into()),
        ("/others/purchases", 0.into()),
        ("/points_gone/redeemed", 4.into()),
        ("/rewards/0/reward", "coffee".into()),
        ("/outstanding/points", 27.into()),
        ("/late_claims/0/points", 8.into()),
        ("/late_claims/1/refused", "already_credited".into()),
    ] {
        assert_eq!(report.pointer(key), Some(&value), "{key} of {report:#}");
    }
    let wrong = run(&[
        "loyalty",
        "report",
        "--data",
        text(&club.data),
        "--from",
        "2026-04-01",
        "--to",
        "2026-03-01",
    ]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_purchase_that_makes_a_member_is_a_members() {
    let club = Club::of_first_purchase();
    let report = json(&club.ask(&["report", "-o", "json"]));
    for (key, value) in [
        ("/members", Value::from(2)),
        ("/loyal/customers", 1.into()),
        ("/loyal/purchases", 1.into()),
        // 100.00 less the wine that came back.
        ("/loyal/spent", "75.00".into()),
        ("/top_customers/0/spent", "75.00".into()),
        ("/months/0/spent", "75.00".into()),
        ("/loyal/visits", 1.into()),
        ("/others/visits", 1.into()),
        ("/months/0/visits", 1.into()),
        // The tea of nobody known.
        ("/others/purchases", 1.into()),
        ("/others/spent", "12.00".into()),
    ] {
        assert_eq!(report.pointer(key), Some(&value), "{key} of {report:#}");
    }
    let table = club.ask(&["report"]);
    assert!(table.contains("spent, EUR"), "{table}");
}

#[test]
fn a_story_says_taken_and_names_its_cards() {
    let club = Club::of_first_purchase();
    let shown = club.ask(&["show", "A1"]);
    for words in [
        "-2 points taken by hand (typed twice)",
        "last purchase 2026-03-02",
    ] {
        assert!(shown.contains(words), "{words:?} is missing:\n{shown}");
    }
    let shown = club.ask(&["show", "A3"]);
    assert!(shown.contains("card 10001 expired"), "{shown}");
    assert!(!shown.contains("last purchase"), "{shown}");
}

#[test]
fn why_finds_what_found_no_account() {
    let club = Club::of_first_purchase();
    let why = |id: &str| done(&["why", id, "--data", text(&club.data)]);
    for (id, words) in [
        ("shop/s-2", ["U-0057", "purchase", "umbral quarantine show"]),
        (
            "med/u-1",
            ["U-0021", "charge_added", "umbral quarantine show"],
        ),
    ] {
        let shown = why(id);
        for word in words {
            assert!(shown.contains(word), "{word:?} is missing:\n{shown}");
        }
    }
    let links = json(&done(&[
        "why",
        "shop/s-2",
        "--data",
        text(&club.data),
        "-o",
        "json",
    ]));
    assert_eq!(links[0]["quarantine"]["code"], "U-0057", "{links}");
    assert_eq!(
        links[0]["input"]["purchase"]["purchase_id"], "P2",
        "{links}"
    );
    let unknown = run(&["why", "shop/s-9", "--data", text(&club.data)]);
    assert_eq!(unknown.status.code(), Some(1));
}

/// A customer of the record shop, worked out without the engine.
#[derive(Default, Debug, PartialEq, Eq)]
struct Expected {
    points: i64,
    /// Day and tier of each change.
    tiers: Vec<(Date, &'static str)>,
}

const TIERS: [(&str, i64, i64); 3] = [
    ("ordinary", 0, 0),
    ("silver", 10_000, 50_000),
    ("gold", 50_000, 250_000),
];
const LAST_DAY: &str = "2001-06-30";

/// Ten points for each full dollar; silver at 10,000, gold at 50,000; two years, then one down unless sales kept it.
fn expected(purchases: &[(Date, i64)]) -> Expected {
    let mut found = Expected::default();
    let Some((first, _)) = purchases.first() else {
        return found;
    };
    let (mut tier, mut counter, mut sales) = (0, 0, 0);
    let mut until = first.plus_months(24);
    let mut left = purchases.iter().peekable();
    let last = Date::parse(LAST_DAY).unwrap();
    loop {
        while let Some((day, cents)) = left.next_if(|(day, _)| *day <= until) {
            let points = cents / 100 * 10;
            found.points += points;
            counter += points;
            sales += cents;
            let reached = TIERS
                .iter()
                .rposition(|(_, from, _)| counter >= *from)
                .unwrap();
            if reached > tier {
                tier = reached;
                found.tiers.push((*day, TIERS[tier].0));
            }
        }
        let boundary = until.plus_days(1);
        if boundary > last {
            return found;
        }
        if tier > 0 && sales < TIERS[tier].2 {
            tier -= 1;
            counter = 0;
            found.tiers.push((boundary, TIERS[tier].0));
        }
        sales = 0;
        until = until.plus_months(24);
    }
}

/// Purchases by customer, in the order of their days, of a file of the record shop.
fn purchases(file: &Path) -> BTreeMap<String, Vec<(Date, i64)>> {
    let mut customers: BTreeMap<String, Vec<(Date, i64)>> = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (day, dollars) = (fields[2], fields[4]);
        let day = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
        let (whole, cents) = dollars.split_once('.').unwrap();
        let cents = whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap();
        let customer = format!("CDNOW-{}", fields[0]);
        let of = customers.entry(customer).or_default();
        of.push((Date::parse(&day).unwrap(), cents));
    }
    for purchases in customers.values_mut() {
        purchases.sort_by_key(|(day, _)| *day);
    }
    customers
}

/// The shop's whole file where it is present, its first customers otherwise.
fn shop_file() -> PathBuf {
    let beside = root().canonicalize().unwrap();
    let found = beside
        .ancestors()
        .map(|folder| folder.join("shared/data/cdnow_sample.txt"))
        .find(|file| file.exists());
    found.unwrap_or_else(|| root().join("examples/data/shop_sample.txt"))
}

#[test]
fn points_and_tiers_of_the_record_shop_agree_with_a_calculation_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (data, tick) = (
        folder.path().join("data"),
        folder.path().join("tick.ndjson"),
    );
    let file = shop_file();
    let catalog = root().join("examples/catalogs/cdnow");
    let mapping = root().join("examples/mappings/cdnow.toml");
    std::fs::write(
        &tick,
        r#"{"source":"clock","event_id":"t","occurred_at":"2001-06-30T12:00:00Z","tick":{}}"#,
    )
    .unwrap();
    done(&[
        "init",
        "--data",
        text(&data),
        "--catalog",
        text(&catalog),
        "--partitions",
        "4",
    ]);
    let ingest = ["ingest", "--data", text(&data), "--clock", "event"];
    let taken = [&ingest[..], &["--mapping", text(&mapping), text(&file)]].concat();
    done(&taken);
    done(&[&ingest[..], &[text(&tick)]].concat());
    let mut found: BTreeMap<String, (i64, Vec<(String, String)>)> = BTreeMap::new();
    for line in done(&["tail", "--data", text(&data), "--stream", "loyalty"]).lines() {
        let output = json(line);
        let account = output["account_id"].as_str().unwrap().to_owned();
        let of = found.entry(account).or_default();
        of.0 += output["points_earned"]["delta"].as_i64().unwrap_or(0);
        if let Some(to) = output["tier_changed"]["to"].as_str() {
            let at = output["effective_at"].as_str().unwrap();
            of.1.push((at[..10].to_owned(), to.to_owned()));
        }
    }
    let customers = purchases(&file);
    assert_eq!(found.len(), customers.len(), "every customer has a ledger");
    for (customer, purchases) in &customers {
        let expected = expected(purchases);
        let (points, tiers) = &found[customer];
        assert_eq!(*points, expected.points, "points of {customer}");
        // A day begins in New York at four or five o'clock in UTC, on the same date.
        let tiers_expected = expected.tiers.iter();
        let tiers_expected: Vec<(String, String)> = tiers_expected
            .map(|(day, tier)| (day.to_string(), (*tier).to_owned()))
            .collect();
        assert_eq!(*tiers, tiers_expected, "tiers of {customer}");
    }
    if customers.len() > 2_000 {
        let ups = customers.values().map(|purchases| expected(purchases));
        let changes: usize = ups.map(|expected| expected.tiers.len()).sum();
        assert_eq!(
            changes, 39,
            "20 times somebody rose, and 19 times somebody fell"
        );
    }
}
