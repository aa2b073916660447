//! Charges of every kind as people are shown them: allowances, tiers, discounts, fees, products, corrections.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{done, json, text};
use std::path::{Path, PathBuf};

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
allowances = [ { name = "100 MB", service = "data", units = "100MB", per = "cycle" } ]

[product.phone]
price = "240.00"
instalments = 24
card = "club"

[discount.staff]
percent = "10%"
service = "data"
roaming = "eu"
[discount.summer]
percent = "2.5%"
service = "data"
roaming = "eu"

[class.standard]
limit.exposure = "900.00"
"#;

const LINES: &str = r#"
{"source":"crm","event_id":"c","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}
{"source":"med","event_id":"1","occurred_at":"2026-03-11T09:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"120s"}}
{"source":"med","event_id":"2","occurred_at":"2026-03-11T10:00:00Z","account_id":"A","usage":{"service":"voice","to":"34910000000","quantity":"60s"}}
{"source":"med","event_id":"3","occurred_at":"2026-03-12T11:00:00Z","account_id":"A","usage":{"service":"data","quantity":"90MB"}}
{"source":"med","event_id":"k","occurred_at":"2026-03-12T12:00:00Z","account_id":"A","usage_corrected":{"corrects":"4","usage":{"service":"data","network":"20802","quantity":"2GB"}}}
{"source":"med","event_id":"4","occurred_at":"2026-03-12T12:00:00Z","account_id":"A","usage":{"service":"data","network":"20801","quantity":"1GB"}}
{"source":"shop","event_id":"5","occurred_at":"2026-03-13T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"item":"phone"},{"category":"c","item":"case","net":"5.00"}]}}
{"source":"med","event_id":"x","occurred_at":"2026-03-14T12:00:00Z","account_id":"A","usage_cancelled":{"cancels":"99"}}
{"source":"clock","event_id":"t","occurred_at":"2026-04-02T00:00:00Z","tick":{}}
"#;

fn told(root: &Path) -> PathBuf {
    let catalog = root.join("catalog");
    std::fs::create_dir(&catalog).expect("a folder");
    let head = "name = \"Norte\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n";
    std::fs::write(catalog.join("catalog.toml"), head).expect("a file");
    std::fs::write(catalog.join("tariff.toml"), TARIFF).expect("a file");
    let file = root.join("lines.ndjson");
    std::fs::write(&file, LINES).expect("a file");
    let data = root.join("data");
    let data_text = text(&data);
    done(&["init", "--data", data_text, "--catalog", text(&catalog)]);
    let arguments = [
        "ingest", "--data", data_text, "--clock", "event", "--strict",
    ];
    done(&[arguments.as_slice(), &[text(&file)]].concat());
    data
}

fn why(data: &Path, id: &str) -> String {
    done(&["why", id, "--data", text(data)])
}

/// All of the parts are in the text, one behind the other.
fn assert_says(told: &str, parts: &[&str]) {
    let mut rest = told;
    for part in parts {
        let found = rest.split_once(part);
        assert!(
            found.is_some(),
            "{part} is not there, or not in its place:\n{told}"
        );
        rest = found.map_or("", |(_, behind)| behind);
    }
}

#[test]
fn why_shows_allowances_tiers_and_discounts() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let tiers = [
        "usage_rated",
        "60s at rate calls, tier 2",
        "charge_posted",
        "-0.10 EUR",
        "rate calls: tier 2 after tier 1",
        "180s of the cycle at 0.05 per 60s now",
        "less 120s charged at 0.10 per 60s before",
        "less 0.05 of the record itself",
    ];
    assert_says(&why(&data, "med/2"), &tiers);
    let allowance = [
        "90MB, 67741935B of it covered, at rate data",
        "67741935B from 100 MB, 0B left",
    ];
    assert_says(&why(&data, "med/3"), &allowance);
    let discounts = [
        "1GB at rate data",
        "discount staff of 10%",
        "discount summer of 2.5%",
    ];
    assert_says(&why(&data, "med/4"), &discounts);
}

#[test]
fn why_shows_fees_and_products() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let fee = [
        "6.71 EUR",
        "fee 9.90 of plan libre",
        "from 2026-03-11 to before 2026-04-01, 21 of 31 days",
        "allowance_granted",
        "units 67741935B",
    ];
    assert_says(&why(&data, "crm/c"), &fee);
    let bought = [
        "15.00 EUR",
        "purchase P1",
        "10.00  1 phone, product of catalog",
        "the first of 24 instalments, for a card club",
        "5.00  1 case",
    ];
    assert_says(&why(&data, "shop/5"), &bought);
    let cycle = ["fee 9.90", "instalment 2 of 24 for phone, purchase P1"];
    let timer = "timer/fee/2026-04-01/2026-03-31T22:00:00Z";
    assert_says(&why(&data, timer), &cycle);
}

#[test]
fn why_and_the_quarantine_show_corrections() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let corrected = [
        "usage_corrected",
        "0.875 EUR for the record med/4",
        "before 1GB data",
        "0.875 EUR",
        "now 2GB data",
        "1.75 EUR",
        "because of",
        "med/k usage_corrected",
    ];
    assert_says(&why(&data, "med/4"), &corrected);
    let listed = done(&["quarantine", "list", "--data", text(&data)]);
    assert_says(&listed, &["U-0055", "med/x", "med/99"]);
    let list = ["quarantine", "list", "-o", "json", "--data", text(&data)];
    let position = json(&done(&list))["position"].to_string();
    let back = done(&["quarantine", "resubmit", &position, "--data", text(&data)]);
    assert_says(&back, &["1"]);
    let listed = done(&["quarantine", "list", "--data", text(&data)]);
    assert_says(&listed, &["nothing waits"]);
}

#[test]
fn a_bill_has_a_line_for_every_kind_of_charge() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let bill = ["bill", "A", "--month", "2026-03", "--data", text(&data)];
    let shown = done(&bill);
    for line in [
        &["fee", "libre", "6.71"][..],
        &["purchase", "P1", "15.00"],
        &["volume", "calls", "-0.10"],
        &["data", "in 20802", "2GB", "1.75"],
        &["total", "23.632258"],
    ] {
        let found = shown
            .lines()
            .find(|shown| shown.starts_with(line[0]) && shown.contains(line[1]));
        assert_says(found.unwrap_or(&shown), line);
    }
}
