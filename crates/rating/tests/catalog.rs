//! A catalog in the grammar of `docs/catalog.md`, loaded and rated: its own cases hold, and a case that does
//! not is told.

#![allow(clippy::unwrap_used)]

mod common;

use smol_str::SmolStr;
use umbral_catalog::ZoneSource;
use umbral_catalog::version::CatalogSet;
use umbral_model::time::ZoneRules;
use umbral_rating::batch::{Detail, rate_line};
use umbral_rating::cases::run;
use umbral_rating::explanation::{Explained, Usage};

struct Zones;

impl ZoneSource for Zones {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        name.parse().ok().map(common::zone_rules)
    }
}

const CATALOG: &str = r#"
name = "Sur"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
version = "sur-1"

[zone.national]
prefixes = ["34"]

[zone.mobile]
prefixes = ["346", "347"]

[zone.landline]

[network.near]
networks = ["208", "26801"]

[band.day]
weekdays = "Mon-Fri"
from = "08:00"
to = "20:00"
holidays = "except"

[band.rest]
windows = [
  { weekdays = "Mon-Fri", from = "20:00", to = "08:00", holidays = "except" },
  { weekdays = "Sat-Sun", holidays = "except" },
  { holidays = "only" },
]

[holidays]
all = [2026-05-01]

[rate.talk]
setup = "0.11"
price = "0.06 per minute"
increments = "20s, then 5s"
rounding = "half_up to 4"

[rate.mobile_day]
price = "0.18 per minute"
maximum = "2.50"

[rate.mobile_rest]
price = "0.09 per minute"
minimum = "0.02"

[rate.bytes]
price = "4.00 per GB"
increments = "10kB"
rounding = "up to 2"

[rate.text]
price = "0.08 per message"

[rate.heard]
price = "free"

[plan.casa]
rules = [
  { service = "voice", zone = "national", rate = "talk" },
  { service = "voice", zone = "mobile", band = "day", rate = "mobile_day" },
  { service = "voice", zone = "mobile", band = "rest", rate = "mobile_rest", note = "cheap" },
  { service = "voice", zone = "landline", rate = "talk" },
  { service = "voice", direction = "terminating", zone = "*", rate = "heard" },
  { service = ["sms", "mms"], rate = "text" },
  { service = "data", rate = "bytes" },
  { service = "data", roaming = "near", rate = "bytes" },
]

[[case]]
name = "by twenty seconds, then by five"
plan = "casa"
record = { service = "voice", to = "34910001122", start = "2026-03-02T10:00:00+01:00", usage = "41s" }
charge = "0.155"

[[case]]
name = "a zone named by the record"
plan = "casa"
record = { service = "voice", zone = "landline", start = "2026-03-02T10:00:00+01:00", usage = "20s" }
charge = "0.13"

[[case]]
name = "into the evening"
plan = "casa"
record = { service = "voice", to = "+34600112233", start = "2026-03-02T19:59:00+01:00", usage = "2m" }
charge = "0.27"

[[case]]
name = "a holiday"
plan = "casa"
record = { service = "voice", to = "34600112233", start = "2026-05-01T12:00:00+02:00", usage = "1s" }
charge = "0.02"

[[case]]
name = "capped"
plan = "casa"
record = { service = "voice", to = "34600112233", start = "2026-03-02T10:00:00+01:00", usage = "1h" }
charge = "2.50"

[[case]]
name = "received"
plan = "casa"
record = { service = "voice", direction = "terminating", to = "4915", start = "2026-03-02T10:00:00+01:00", usage = "1h" }
charge = "0.00"

[[case]]
name = "abroad"
plan = "casa"
record = { service = "data", network = "20810", start = "2026-03-02T10:00:00+01:00", usage = "1MB", duration = "1h" }
charge = "0.01"

[[case]]
name = "too far"
plan = "casa"
record = { service = "data", network = "310", start = "2026-03-02T10:00:00+01:00", usage = "1MB" }
refused = "U-0032"

[[case]]
name = "nowhere"
plan = "casa"
record = { service = "voice", to = "4915", start = "2026-03-02T10:00:00+01:00", usage = "1h" }
refused = "U-0032"
"#;

fn load(text: &str) -> (CatalogSet, Vec<umbral_catalog::case::CatalogCase>) {
    let files: Vec<(SmolStr, SmolStr)> = vec![("catalog.toml".into(), text.into())];
    let compiled =
        umbral_catalog::load(&files, &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut set = CatalogSet::new();
    let from = compiled.catalog.valid_from;
    set.activate(compiled.catalog, from);
    (set, compiled.cases)
}

#[test]
fn the_cases_of_a_catalog_hold() {
    let (catalogs, cases) = load(CATALOG);
    assert_eq!(cases.len(), 9);
    assert_eq!(run(&catalogs, &cases), []);
}

#[test]
fn a_case_that_does_not_hold_is_told() {
    let wrong = CATALOG
        .replace("charge = \"0.155\"", "charge = \"0.1549\"")
        .replace(
            "refused = \"U-0032\"\n\n[[case]]",
            "charge = \"0.01\"\n\n[[case]]",
        );
    let (catalogs, cases) = load(&wrong);
    let problems = run(&catalogs, &cases);
    let told: Vec<_> = problems
        .iter()
        .map(|problem| (problem.code, problem.title.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "C-0164",
                "the catalog does not keep by twenty seconds, then by five"
            ),
            ("C-0164", "the catalog does not keep too far"),
        ]
    );
    assert!(problems[0].label.contains("0.155"), "{}", problems[0].label);
    assert!(
        problems[1].label.contains("U-0032"),
        "{}",
        problems[1].label
    );
}

#[test]
fn the_explanation_of_a_charge_names_everything() {
    let (catalogs, _) = load(CATALOG);
    let line = r#"{"id":"é\"1","plan":"casa","service":"voice","to":"34600112233","start":"2026-03-02T19:59:00+01:00","usage":"2m"}"#;
    let mut out = Vec::new();
    assert!(rate_line(
        &catalogs,
        line.as_bytes(),
        Detail::Full,
        &mut out
    ));
    let answer: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let segment = |rate: &str, band: &str, start: &str, price: &str, amount: &str| {
        serde_json::json!({
            "rate": rate, "band": band, "start": start, "usage": "60s", "billed": "60s",
            "increment": "1s", "price": price, "per": "60s", "amount": amount,
        })
    };
    let rule = answer["rule"].as_str().unwrap();
    assert!(rule.starts_with("catalog.toml:"), "{rule}");
    assert_eq!(
        answer,
        serde_json::json!({
            "id": "é\"1", "amount": "0.27", "currency": "EUR", "catalog_version": "sur-1", "plan": "casa",
            "service": "voice", "rule": rule, "prefix": "346", "zone": "mobile",
            "segments": [
                segment("mobile_day", "day", "2026-03-02T19:59:00+01:00", "0.18", "0.18"),
                segment("mobile_rest", "rest", "2026-03-02T20:00:00+01:00", "0.09", "0.09"),
            ],
            "setup": "0.00", "rounding": {"mode": "half_up", "decimals": 6},
        })
    );
}

#[test]
fn the_tree_is_for_people() {
    let (catalogs, cases) = load(CATALOG);
    let tree = |name: &str| {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let record = umbral_rating::Record {
            service: &case.record.service,
            direction: case.record.direction,
            to: "3491",
            whole: true,
            zone: None,
            network: None,
            start: case.record.start,
            quantity: case.record.quantity,
            duration: None,
            continued: None,
        };
        let plan = umbral_rating::Tariff::Plan(catalogs.plan_no("casa").unwrap());
        let charge = umbral_rating::rate(&catalogs, plan, &record).unwrap();
        let usage = Usage {
            start: record.start,
            quantity: record.quantity,
            duration: None,
        };
        Explained::of(&catalogs, &charge, usage).unwrap().tree()
    };
    let lines = tree("by twenty seconds, then by five");
    assert_eq!(lines[0], "0.155 EUR  41s of voice");
    assert_eq!(lines[1], "├─ plan casa, catalog sur-1");
    assert!(
        lines[2].ends_with(", prefix 34, zone national"),
        "{}",
        lines[2]
    );
    assert_eq!(
        lines[3..],
        [
            "├─ 2026-03-02T10:00:00+01:00  rate talk: 20s billed as 20s (by 20s) at 0.06 per 60s = 0.02",
            "├─ 2026-03-02T10:00:20+01:00  rate talk: 21s billed as 25s (by 5s) at 0.06 per 60s = 0.025",
            "├─ setup 0.11",
            "└─ rounded half_up to 4 decimals",
        ]
    );
}

#[test]
fn the_tree_names_allowances_tiers_and_discounts() {
    let tariff = r#"
[rate.text]
tiers = [ { up_to = "10", price = "0.10 per event" }, { price = "0.05 per event" } ]
tier_kind = "graduated"
[plan.p]
rules = [ { service = "sms", rate = "text" } ]
allowances = [ { name = "texts", service = "sms", units = "100" } ]
[discount.a]
percent = "60%"
[discount.b]
percent = "40%"
"#;
    let catalogs = common::written::catalogs(&[("2026-01-01", "version = \"v\"\n", tariff)]);
    let record = umbral_rating::Record {
        service: "sms",
        direction: Default::default(),
        to: "",
        whole: true,
        zone: None,
        network: None,
        start: umbral_model::time::Timestamp::parse("2026-03-02T10:00:00Z").unwrap(),
        quantity: 14,
        duration: None,
        continued: None,
    };
    let grant = umbral_rating::Available {
        grant: umbral_model::ids::GrantNo(1),
        version: catalogs.latest().unwrap(),
        allowance: umbral_model::ids::AllowanceNo(0),
        left: 2,
        left_abroad: None,
    };
    let account = umbral_rating::Account {
        allowances: &[grant],
        ..umbral_rating::Account::default()
    };
    let plan = umbral_rating::Tariff::Plan(catalogs.plan_no("p").unwrap());
    let charge = umbral_rating::rate_for(&catalogs, plan, &record, &account).unwrap();
    let usage = Usage {
        start: record.start,
        quantity: record.quantity,
        duration: None,
    };
    assert_eq!(
        Explained::of(&catalogs, &charge, usage).unwrap().tree(),
        [
            "0.22 EUR  14 of sms",
            "├─ plan p, catalog v",
            "├─ rule tariff.toml:6",
            "├─ 2026-03-02T11:00:00+01:00  rate text, tier 1 of the cycle: 12 billed as 12 (by 1), 10 of it charged at 0.10 per 1 = 1.00",
            "├─ 2 from texts, 0 left",
            "├─ 2026-03-02T11:00:00+01:00  rate text, tier 2 of the cycle: 2 billed as 2 (by 1) at 0.05 per 1 = 0.10",
            "├─ less 0.66, discount a of 60%",
            "├─ less 0.22, discount b of 40%",
            "├─ discounts held at 80% in all",
            "└─ rounded half_up to 6 decimals",
        ]
    );
}
