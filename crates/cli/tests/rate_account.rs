//! `umbral rate` for an account that is described: what it has left, what it used, and who it is.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{done, run, run_with, stderr, stdout, text};
use std::path::Path;

const HEAD: &str = "name = \"Norte\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\nemergency = [\"112\"]\n";
const TARIFF: &str = r#"
[rate.data]
price = "2.00 per GB"
increments = "1MB"
[rate.business_sms]
tiers = [ { up_to = "100", price = "0.09 per event" }, { price = "0.07 per event" } ]
tier_kind = "graduated"
[rate.call]
price = "0.06 per minute"
[plan.libre]
rules = [
  { service = "data", rate = "data" },
  { service = "sms", rate = "business_sms" },
  { service = "voice", rate = "call" },
]
allowances = [ { name = "10 GB", service = "data", units = "10GB" } ]
[product.more]
price = "5.00"
allowances = [ { name = "1 GB", service = "data", units = "1GB", valid = "30 days", priority = 1 } ]
[discount.vip]
percent = "10%"
class = "vip"
service = ["data", "sms"]
[discount.gold]
percent = "5%"
tier = "gold"
service = ["data", "sms"]
[discount.club]
percent = "2.5%"
card = "club"
service = ["data", "sms"]
[discount.rank]
percent = "80%"
vip_rank = 2
service = ["data", "sms"]
[class.vip]
[class.standard]
"#;

fn tariff(root: &Path) -> String {
    let catalog = root.join("catalog");
    std::fs::create_dir(&catalog).expect("a folder");
    std::fs::write(catalog.join("catalog.toml"), HEAD).expect("a file");
    std::fs::write(catalog.join("tariff.toml"), TARIFF).expect("a file");
    text(&catalog).to_owned()
}

fn arguments<'a>(catalog: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let start = "2026-03-02T10:00:00+01:00";
    let one = [
        "rate",
        "--catalog",
        catalog,
        "--plan",
        "libre",
        "--start",
        start,
    ];
    [one.as_slice(), more].concat()
}

#[test]
fn the_tree_adds_up_to_the_price() {
    let root = tempfile::tempdir().expect("a folder");
    let catalog = tariff(root.path());
    for (more, lines) in [
        (
            &[
                "--service",
                "data",
                "--usage",
                "5MB",
                "--left",
                "10 GB=3MB",
                "--left",
                "more/1 GB=1MB",
            ][..],
            &[
                "0.002 EUR",
                "├─ 0.002  5MB, 4MB of it covered, at rate data",
                "│  ├─ 1MB from 1 GB, 0B left",
                "│  ├─ 3MB from 10 GB, 0B left",
                "│  └─ from 2026-03-02T10:00:00+01:00, 2.00 per 1GB, in steps of 1MB",
                "└─ rounded once, half up, to 6 decimals",
            ][..],
        ),
        (
            &["--service", "data", "--usage", "5MB", "--left", "10 GB=1GB"],
            &[
                "0.00 EUR",
                "├─ 0.00  5MB, all of it covered, at rate data",
                "│  ├─ 5MB from 10 GB, 995MB left",
            ],
        ),
        (
            &[
                "--service",
                "sms",
                "--usage",
                "10",
                "--so-far",
                "business_sms=95",
            ],
            &[
                "0.80 EUR",
                "├─ 0.45  5 at rate business_sms, tier 1 of the cycle",
                "│  └─ from 2026-03-02T10:00:00+01:00, 0.09 per 1, in steps of 1",
                "├─ 0.35  5 at rate business_sms, tier 2 of the cycle",
            ],
        ),
        (
            &[
                "--service",
                "data",
                "--usage",
                "1GB",
                "--class",
                "vip",
                "--tier",
                "gold",
                "--card",
                "blue",
                "--card",
                "club",
                "--vip-rank",
                "3",
            ],
            &[
                "0.40 EUR",
                "├─ 2.00  1GB at rate data",
                "├─ less 0.20  discount vip of 10%",
                "├─ less 0.10  discount gold of 5%",
                "├─ less 0.05  discount club of 2.5%",
                "├─ less 1.25  discount rank of 80%",
                "├─ discounts held at 80% in all",
            ],
        ),
        (
            &["--service", "voice", "--to", "112", "--usage", "5m"],
            &[
                "0.00 EUR",
                "├─ 0.00  300s at rate emergency numbers",
                "│  └─ from 2026-03-02T10:00:00+01:00, free of charge",
            ],
        ),
    ] {
        let told = done(&arguments(&catalog, more));
        let mut rest = told.lines();
        for line in lines {
            assert!(
                rest.any(|told| told == *line),
                "{line} is not there:\n{told}"
            );
        }
    }
}

#[test]
fn what_the_catalog_does_not_know_is_refused_with_a_mend() {
    let root = tempfile::tempdir().expect("a folder");
    let catalog = tariff(root.path());
    let data = ["--service", "data", "--usage", "5MB"];
    for (more, code, parts) in [
        (
            ["--left", "10GB=3MB"],
            1,
            &[
                "U-0004",
                "libre has no allowance \"10GB\"",
                "\"10 GB\"",
                "PRODUCT/NAME",
            ][..],
        ),
        (
            ["--left", "10 GB=3m"],
            1,
            &[
                "U-0004",
                "left of \"10 GB\" \"3m\": the unit does not belong to the service",
            ],
        ),
        (["--left", "10 GB"], 2, &["'10 GB=3MB'"]),
        (
            ["--so-far", "sms=95"],
            1,
            &["U-0004", "no such rate", "\"business_sms\""],
        ),
        (
            ["--so-far", "data=95"],
            1,
            &["U-0004", "the rate has no tiers", "\"business_sms\""],
        ),
        (
            ["--class", "gold"],
            1,
            &["U-0027", "no class \"gold\"", "\"vip\", \"standard\""],
        ),
        (["--vip-rank", "70000"], 2, &["70000"]),
    ] {
        let output = run(&arguments(&catalog, &[data.as_slice(), &more].concat()));
        assert_eq!(output.status.code(), Some(code), "{more:?}");
        let told = stderr(&output);
        for part in parts {
            assert!(told.contains(part), "{part} is not there: {told}");
        }
        assert!(!told.contains("quarantine"), "it is no record yet: {told}");
    }
    let twice = ["--left", "10 GB=1MB", "--left", "10 GB=2MB"];
    let output = run(&arguments(&catalog, &[data.as_slice(), &twice].concat()));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--left names \"10 GB\" twice"));
}

#[test]
fn lines_of_a_batch_say_the_same_of_an_account() {
    let root = tempfile::tempdir().expect("a folder");
    let catalog = tariff(root.path());
    let input = [
        r#"{"id":"1","plan":"libre","service":"data","start":"2026-03-02T10:00:00Z","usage":"5MB","left":{"10 GB":"3MB"}}"#,
        r#"{"id":"2","plan":"libre","service":"sms","start":"2026-03-02T10:00:00Z","usage":"10","so_far":{"business_sms":95},"card":"club"}"#,
        r#"{"id":"3","plan":"libre","service":"sms","start":"2026-03-02T10:00:00Z","usage":"10","card":["blue","club"],"tier":"gold","class":"vip","vip_rank":1}"#,
        r#"{"id":"4","plan":"libre","service":"data","start":"2026-03-02T10:00:00Z","usage":"5MB","left":{"10 GB":"1MB","10 GB":"2MB"}}"#,
    ]
    .join("\n");
    let output = run_with(
        &["rate", "--catalog", &catalog, "--batch", "-", "--brief"],
        &input,
    );
    let told = stdout(&output);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(
        lines[..3],
        [
            r#"{"id":"1","amount":"0.004","currency":"EUR"}"#,
            r#"{"id":"2","amount":"0.78","currency":"EUR"}"#,
            r#"{"id":"3","amount":"0.7425","currency":"EUR"}"#,
        ]
    );
    assert!(
        lines[3].contains(r#""code":"U-0004""#) && lines[3].contains("twice"),
        "{}",
        lines[3]
    );
}
