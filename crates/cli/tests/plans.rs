//! What a plan gives and costs, as people are shown it: bills with allowances, discounts and fees, an account
//! with all that it has, months under other plans. The screens are compared letter by letter.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{done, json, run, stderr, text};
use std::path::{Path, PathBuf};

const HEAD: &str = r#"name = "Norte"
version = "2026"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
"#;

const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[network.eu]
networks = ["208"]

[rate.calls]
tiers = [ { up_to = "1m", price = "0.30 per minute" }, { price = "0.12 per minute" } ]
tier_kind = "graduated"
per = "member"
increment = "1s"
[rate.data]
price = "1.00 per GB"
increments = "1MB"

[plan.libre]
monthly_fee = "12.40"
proration = "daily"
rules = [
  { service = "voice", zone = "national", rate = "calls" },
  { service = "data", rate = "data" },
  { service = "data", roaming = "eu", rate = "data" },
]
allowances = [
  { name = "10 minutes", service = "voice", zone = "national", units = "10m", shared = false, warn_at = ["50%", "100%"] },
  { name = "1 GB", service = "data", units = "1GB", roaming = "*", units_abroad = "200MB", roll_over = "1 cycle" },
]

[product.extra]
price = "3.00"
allowances = [ { name = "500 MB extra", service = "data", units = "500MB", valid = "30 days", priority = 1 } ]
[product.phone]
price = "240.00"
instalments = 24

[discount.club]
percent = "10%"
card = "club"
service = "voice"

[class.standard]
limit.exposure = "900.00"
"#;

/// A customer with a member, a card and a loyalty tier; calls and data beyond what is included; purchases; a
/// cancellation that waits.
const LINES: &str = r#"
{"source":"crm","event_id":"c","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}
{"source":"crm","event_id":"m","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","member_added":{"member_id":"M1","identifiers":[{"kind":"msisdn","value":"34600000001"}]}}
{"source":"crm","event_id":"t","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","tier_granted":{"tier":"gold"}}
{"source":"crm","event_id":"k","occurred_at":"2026-03-10T23:00:00Z","account_id":"A","card_issued":{"type":"club","number":"9724001"}}
{"source":"med","event_id":"1","occurred_at":"2026-03-11T09:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"voice","to":"34910000000","quantity":"500s"}}
{"source":"med","event_id":"2","occurred_at":"2026-03-11T10:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"data","quantity":"300MB"}}
{"source":"med","event_id":"3","occurred_at":"2026-03-12T10:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"data","network":"20801","quantity":"250MB"}}
{"source":"shop","event_id":"4","occurred_at":"2026-03-13T12:00:00Z","account_id":"A","purchase":{"purchase_id":"P1","method":"on_account","lines":[{"item":"phone"},{"item":"extra","qty":2}]}}
{"source":"med","event_id":"5","occurred_at":"2026-03-14T10:00:00Z","identifier":{"kind":"msisdn","value":"34600000001"},"usage":{"service":"data","quantity":"100MB"}}
{"source":"med","event_id":"x","occurred_at":"2026-03-14T12:00:00Z","account_id":"A","usage_cancelled":{"cancels":"99"}}
"#;

fn told(root: &Path) -> PathBuf {
    let catalog = root.join("catalog");
    std::fs::create_dir(&catalog).expect("a folder");
    std::fs::write(catalog.join("catalog.toml"), HEAD).expect("a file");
    std::fs::write(catalog.join("tariff.toml"), TARIFF).expect("a file");
    let lines = root.join("lines.ndjson");
    std::fs::write(&lines, LINES).expect("a file");
    let data = root.join("data");
    done(&["init", "--data", text(&data), "--catalog", text(&catalog)]);
    ingest(&data, &[text(&lines)]);
    data
}

fn ingest(data: &Path, file: &[&str]) {
    let usual = [
        "ingest",
        "--data",
        text(data),
        "--clock",
        "event",
        "--strict",
    ];
    done(&[usual.as_slice(), file].concat());
}

fn example(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    text(&root.join("examples").join(name)).to_owned()
}

/// The sample of a phone bill, as in the README.
fn phone(root: &Path) -> PathBuf {
    let data = root.join("phone");
    done(&[
        "init",
        "--data",
        text(&data),
        "--catalog",
        &example("catalogs/phone"),
    ]);
    let (mapping, file) = (
        example("mappings/phone.toml"),
        example("data/phone_sample.csv"),
    );
    ingest(&data, &["--mapping", &mapping, &file]);
    data
}

#[test]
fn a_bill_says_what_was_covered_taken_off_and_charged_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let shown = done(&["bill", "A", "--data", text(&data), "--month", "2026-03"]);
    assert_eq!(shown, BILL);
    let brief = done(&[
        "bill",
        "A",
        "--data",
        text(&data),
        "--month",
        "2026-03",
        "--brief",
    ]);
    assert!(
        !brief.contains("covered") && brief.contains("24.844903"),
        "{brief}"
    );
    let bill = json(&done(&[
        "bill",
        "A",
        "--data",
        text(&data),
        "--month",
        "2026-03",
        "-o",
        "json",
    ]));
    let voice = &bill["usage"][2];
    assert_eq!(voice["covered"][0]["allowance"], "10 minutes");
    assert_eq!(voice["covered"][0]["base_units"], 406_451_612_903_u64);
    assert_eq!(voice["discounts"][0], "club");
    assert_eq!(
        bill["charges"][0]["details"][0],
        "2026-03-11 to 2026-03-31, 21 of 31 days"
    );
}

const BILL: &str = "\
2026-03 of account A Europe/Madrid, EUR
service    zone        priced by                                 records         usage      amount
───────────────────────────────────────────────────────────────────────────────────────────────────
data                   libre: data                                     2         400MB        0.00
                       of which covered by 1 GB                                · 300MB
                       of which covered by 500 MB extra                        · 100MB
data       in 20801    libre: data                                     1         250MB    0.114516
                       of which covered by 1 GB                            · 135.484MB
voice      national    libre: calls                                    1         8m20s    0.330387
                       of which covered by 10 minutes                          · 6m46s
                       taken off by club                                                 (0.03671)
fee        libre       2026-03-11 to 2026-03-31, 21 of 31 days         1                      8.40
purchase   P1          phone, 2 extra                                  1                     16.00
total                                                                  6                 24.844903
of it usage 0.444903 EUR, charges 24.40 EUR
discounts took off 0.03671 EUR
";

#[test]
fn an_account_shows_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = told(folder.path());
    let shown = done(&["account", "A", "--data", text(&data), "--charges", "3"]);
    assert_eq!(shown, ACCOUNT);
    let account = json(&done(&[
        "account",
        "A",
        "--data",
        text(&data),
        "-o",
        "json",
    ]));
    let minutes = &account["allowances"][1];
    for (key, expected) in [
        ("name", "10 minutes"),
        ("of", "libre"),
        ("member_id", "M1"),
        ("granted", "406.451612903s"),
        ("left", "0s"),
        ("from", "2026-03-10T23:00:00Z"),
        ("until", "2026-03-31T22:00:00Z"),
    ] {
        assert_eq!(minutes[key], expected, "{key}");
    }
    assert_eq!(minutes["warned"], json(r#"["50","100"]"#));
    assert!(minutes.get("left_abroad").is_none());
    assert_eq!(account["allowances"][2]["left_abroad"], "0B");
    assert_eq!(account["tiers"][0]["tier"], 2);
    assert_eq!(account["fees"][0]["fee"], "12.40");
    assert_eq!(account["instalments"][0]["remaining"], "230.00");
    assert_eq!(account["loyalty_tiers"], json(r#"["gold"]"#));
    assert_eq!(account["cards"], json(r#"["club"]"#));
    assert_eq!(account["parked"][0]["record"], "med/99");
    assert_eq!(
        account["latest_charges"][1]["explanation"]["kind"],
        "purchase"
    );
}

const ACCOUNT: &str = "\
Account A · class standard · plan libre
EUR, Europe/Madrid, cycle from day 1, as of 2026-03-14 13:00:00
member M1, from 2026-03-11 00:00:00

exposure 24.844903 EUR, of it unbilled 24.844903 EUR, credit 0.00 EUR
loyalty tier gold, card club

allowance      given by                                    left          of   from                  until                 warned
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
500 MB extra   extra          █████████░                  900MB         1GB   2026-03-13 13:00:00   2026-04-13 00:00:00
10 minutes     libre for M1   ░░░░░░░░░░                     0s       6m46s   2026-03-11 00:00:00   2026-04-01 00:00:00   ● 50 %  ● 100 %
1 GB           libre          ████░░░░░░   241.935MB, 0B abroad   677.419MB   2026-03-11 00:00:00   2026-05-01 00:00:00

rate with tiers   units of the cycle   tier of the next   which reaches
────────────────────────────────────────────────────────────────────────
calls for M1                   1m33s                  2          no end

fee paid of plan   a cycle   from         to
─────────────────────────────────────────────────────
libre                12.40   2026-03-11   2026-03-31

instalments for   purchase   next      still to come
─────────────────────────────────────────────────────
phone             P1         2 of 24          230.00

correction   waits for record   until
────────────────────────────────────────────────────
med/x        med/99             2026-03-21 13:00:00

limit of       value    limit   standing   thresholds
──────────────────────────────────────────────────────
exposure   24.844903   900.00   ok         ○ limit

cycle from      usage      calls       data   data abroad   charges
────────────────────────────────────────────────────────────────────
2026-03-01   0.444903   0.330387   0.114516      0.114516     24.40

latest charges
0.00 EUR  2026-03-14 11:00:00
├─ plan libre, catalog 2026
├─ rule tariff.toml:21
├─ 0.00  100MB, all of it covered, at rate data
│  ├─ 100MB from 500 MB extra, 900MB left
│  └─ from 2026-03-14T11:00:00+01:00, 1.00 per 1GB, in steps of 1MB
└─ rounded once, half up, to 6 decimals
16.00 EUR  2026-03-13 13:00:00
├─ purchase P1
├─ 10.00  1 phone, product of catalog 2026, the first of 24 instalments
├─ 6.00  2 extra, product of catalog 2026
└─ cycle of 2026-03-01
0.114516 EUR  2026-03-12 11:00:00
├─ plan libre, catalog 2026
├─ rule tariff.toml:22
├─ 0.11451613  250MB, 135483870B of it covered, at rate data
│  ├─ 135483870B from 1 GB, 241935484B left
│  └─ from 2026-03-12T11:00:00+01:00, 1.00 per 1GB, in steps of 1MB
└─ rounded once, half up, to 6 decimals
";

#[test]
fn a_month_under_other_plans() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = phone(folder.path());
    let ask = |more: &[&str]| {
        let usual = ["bill", "PHONE-1", "--data", text(&data)];
        run(&[usual.as_slice(), more].concat())
    };
    let shown = ask(&["--month", "2019-06", "--compare", "bundle,graduated,volume"]);
    assert_eq!(common::stdout(&shown), COMPARED);
    let all = ask(&["--compare", "all"]);
    assert_eq!(common::stdout(&all), COMPARED, "all plans, all months");
    let value = json(&common::stdout(&ask(&[
        "--compare",
        "volume",
        "-o",
        "json",
    ])));
    assert_eq!(value["plans"][0]["plan"], "talk");
    assert_eq!(value["plans"][0]["cheapest"], true);
    assert_eq!(value["plans"][1]["total"], "9.0732");
    assert_eq!(value["plans"][1]["difference"], "8.1762");
    assert_eq!(value["plans"][1]["months"][0]["fee"], "7.80");
    for (more, exit, says) in [
        (
            &["--compare", "bundel"] as &[&str],
            1,
            "did you mean bundle?",
        ),
        (&["--compare", "nope"], 1, "the catalog has bundle, "),
        (
            &["--compare", "all", "--month", "2019-05"],
            1,
            "it began in 2019-06",
        ),
        (
            &["--from", "2019-07", "--to", "2019-06"],
            2,
            "is after --to 2019-06",
        ),
        (&["--compare", "all", "--brief"], 2, "cannot be used with"),
    ] {
        let refused = ask(more);
        assert_eq!(refused.status.code(), Some(exit), "{more:?}");
        assert!(
            stderr(&refused).contains(says),
            "{more:?}: {}",
            stderr(&refused)
        );
    }
}

const COMPARED: &str = "\
2019-06 of account PHONE-1 Europe/Dublin, EUR
plan          fee    usage   other    total   difference
───────────────────────────────────────────────────────────────────────────────
talk         0.00    0.897    0.00    0.897                as it was, cheapest
graduated    0.00    1.385    0.00    1.385       +0.488
volume       7.80   1.2732    0.00   9.0732      +8.1762
bundle      44.39     0.20    0.00    44.59      +43.693
no other plan costs less than talk
2019-06 is not over: this is as of 2019-06-15 00:10:00
";
