//! Catalogs from elsewhere, compared, and brought into force.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{catalog, done, json, run, run_with, stderr, text};
use serde_json::{Value, json as value};
use std::path::{Path, PathBuf};

/// The tests' catalog with texts of its files replaced, without its cases.
fn draft(folder: &Path, edits: &[(&str, &str, &str)]) -> String {
    catalog(folder);
    let tariff = folder.join("tariff.toml");
    let content = std::fs::read_to_string(&tariff).expect("read");
    let content = content.split("[[case]]").next().unwrap_or_default();
    std::fs::write(&tariff, content).expect("write");
    for (file, from, to) in edits {
        let path = folder.join(file);
        let content = std::fs::read_to_string(&path).expect("read");
        assert!(content.contains(from), "{from} is not in {file}");
        std::fs::write(&path, content.replace(from, to)).expect("write");
    }
    text(folder).to_owned()
}

#[test]
fn import_explains_what_every_row_became() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::create_dir(&from).expect("a folder");
    for (name, content) in [
        ("Destinations.csv", "DST,34\nDST,35\n"),
        ("Timings.csv", "DAY,*any,*any,*any,1;2;3;4;5,08:00:00\n"),
        ("Rates.csv", "RT,0.1,0.2,60s,1s,0s\n"),
        ("DestinationRates.csv", "DR,DST,RT,*up,9,2.50,*free\n"),
        ("RatingPlans.csv", "RP,DR,DAY,10\n"),
        (
            "RatingProfiles.csv",
            "t,call,*any,2026-01-01T00:00:00Z,RP,\n",
        ),
        ("Actions.csv", "ACT,*topup\n"),
        ("SharedGroups.csv", "SG,*any\n"),
    ] {
        std::fs::write(from.join(name), content).expect("write");
    }
    let import = [
        "catalog",
        "import-cgrates",
        text(&from),
        "--explain",
        "--out",
        text(&to),
    ];
    let shown = done(&import);
    for part in [
        "zone DST",
        "prefixes 2, namely 34, 35",
        "weekdays Mon-Fri, from 08:00",
        "rate RT",
        "setup 0.1, 0.2 per 60s, increment 1s",
        "zone DST, rounding up to 6, maximum 2.50",
        "rules 1, zones 1, band DAY, priority 0",
        "9 rounding decimals are held at 6",
        "Actions.csv not imported: actions on accounts",
        "SharedGroups.csv not imported: balances that accounts share",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let to = folder.path().join("again");
    let import = [
        "catalog",
        "import-cgrates",
        text(&from),
        "--explain",
        "--out",
        text(&to),
        "-o",
        "json",
    ];
    let report = json(&done(&import));
    let rows = report["explained"].as_array().expect("a list");
    assert_eq!(rows.len(), 8, "{report:#}");
    assert_eq!(
        rows[0],
        value!({
            "file": "Destinations.csv", "lines": "1-2", "id": "DST",
            "became": { "kind": "zone", "name": "DST", "with": { "prefixes": "2", "namely": "34, 35" } },
            "notes": [],
        })
    );
    assert_eq!(
        (&rows[6]["became"], &rows[6]["lines"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn diff_says_what_changes_and_for_whom() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let old = draft(&root.join("old"), &[]);
    let same = draft(
        &root.join("same"),
        &[("tariff.toml", "0.09 per minute", "0.0015 per second")],
    );
    let new = draft(
        &root.join("new"),
        &[
            ("catalog.toml", "2026-01-01", "2026-07-01"),
            ("tariff.toml", "0.09 per minute", "0.08 per minute"),
            ("tariff.toml", "\"1.00\"", "\"2.00\""),
        ],
    );
    assert!(done(&["catalog", "diff", &old, &same]).contains("nothing changes"));
    let shown = done(&["catalog", "diff", &old, &new]);
    for part in [
        "valid from",
        "2026-01-01 → 2026-07-01",
        "all plans",
        "voice",
        "0.09 → 0.08 per minute  -11.1%",
        "class standard",
        "limit of exposure",
        "1.00 → 2.00",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let changes = json(&done(&["-o", "json", "catalog", "diff", &old, &new]));
    assert_eq!(
        changes[1],
        value!({
            "kind": "price", "plan": null, "class": null, "service": ["voice"], "what": "price",
            "from": "0.09 per minute", "to": "0.08 per minute", "percent": "-11.1%",
            "effect": "cheaper", "where": null, "notes": [],
        })
    );
    // A folder of versions: the newest one, or the one in force then.
    let series = root.join("series");
    std::fs::create_dir(&series).expect("a folder");
    for name in ["old", "new"] {
        std::fs::rename(root.join(name), series.join(name)).expect("move");
    }
    let series = text(&series);
    assert!(done(&["catalog", "diff", &same, series]).contains("0.08 per minute"));
    let at = ["--at", "2026-03-01T00:00:00Z"];
    let shown = done(&[&["catalog", "diff", &same, series][..], &at].concat());
    assert!(shown.contains("nothing changes"), "{shown}");
    let early = run(&[
        "catalog",
        "diff",
        &same,
        series,
        "--at",
        "2025-03-01T00:00:00Z",
    ]);
    assert_eq!(early.status.code(), Some(1), "{}", stderr(&early));
    let broken = draft(
        &root.join("broken"),
        &[("tariff.toml", "rate = \"message\"", "rate = \"mesage\"")],
    );
    let refused = run(&["catalog", "diff", &same, &broken]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("tariff.toml:"),
        "{}",
        stderr(&refused)
    );
}

/// A data directory with a customer, and what is in it.
struct Shop {
    root: tempfile::TempDir,
    data: PathBuf,
}

impl Shop {
    fn opened() -> Shop {
        let root = tempfile::tempdir().expect("a folder");
        let catalog = draft(&root.path().join("catalog"), &[]);
        let data = root.path().join("data");
        done(&[
            "init",
            "--data",
            text(&data),
            "--catalog",
            &catalog,
            "--partitions",
            "4",
        ]);
        let shop = Shop { root, data };
        shop.ingest(&[
            r#"{"source":"crm","event_id":"c-1","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","customer_added":{"class":"standard","plan":"libre","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}"#.to_owned(),
            r#"{"source":"crm","event_id":"c-2","occurred_at":"2026-03-01T00:00:00Z","account_id":"A1","member_added":{"member_id":"M1","identifiers":[{"kind":"msisdn","value":"34600000001"}]}}"#.to_owned(),
        ]);
        shop
    }

    fn data(&self) -> &str {
        text(&self.data)
    }

    fn ingest(&self, lines: &[String]) {
        let arguments = ["ingest", "--data", self.data(), "--clock", "event", "-"];
        let output = run_with(&arguments, &(lines.join("\n") + "\n"));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }

    /// A draft of the next version.
    fn draft(&self, name: &str, edits: &[(&str, &str, &str)]) -> String {
        draft(&self.root.path().join(name), edits)
    }

    fn activate(&self, catalog: &str, more: &[&str]) -> std::process::Output {
        let usual = ["catalog", "activate", "--data", self.data(), catalog];
        run(&[&usual[..], more].concat())
    }

    /// What the rated records cost, ascending.
    fn prices(&self) -> Vec<String> {
        let stream = done(&["tail", "--data", self.data(), "--stream", "rated"]);
        let events = stream.lines().map(json);
        let amounts = events.filter_map(|event| {
            let amount = &event["usage_rated"]["amount"];
            amount.as_str().map(str::to_owned)
        });
        let mut prices: Vec<String> = amounts.collect();
        prices.sort();
        prices
    }
}

/// A call of 61 seconds.
fn call(id: &str, to: &str, start: &str) -> String {
    format!(
        r#"{{"source":"med1","event_id":"{id}","occurred_at":"{start}","identifier":{{"kind":"msisdn","value":"34600000001"}},"usage":{{"service":"voice","direction":"originating","to":"{to}","quantity":"61s"}}}}"#
    )
}

#[test]
fn a_draft_with_problems_is_refused_whole_and_the_running_version_stays() {
    let shop = Shop::opened();
    let wrong = shop.draft(
        "wrong",
        &[
            ("tariff.toml", "\"0.15\"", "\"0.25\""),
            ("tariff.toml", "rate = \"message\"", "rate = \"mesage\""),
            ("tariff.toml", "half_up to 4", "half_up to 9"),
        ],
    );
    let refused = shop.activate(&wrong, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let shown = stderr(&refused);
    assert_eq!(
        shown.matches("error[C-").count(),
        2,
        "all problems at once:\n{shown}"
    );
    assert!(
        shown.contains("mesage") && shown.contains("tariff.toml:"),
        "{shown}"
    );
    // Tariff folders that are imported are compared by character: a data directory does not take them.
    let verbatim = shop.draft(
        "verbatim",
        &[(
            "catalog.toml",
            "currency",
            "numbers = \"verbatim\"\ncurrency",
        )],
    );
    let refused = shop.activate(&verbatim, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("e164"), "{}", stderr(&refused));
    // Money of one deployment is in one currency.
    let dollars = shop.draft("dollars", &[("catalog.toml", "EUR", "USD")]);
    let refused = shop.activate(&dollars, &["--retroactive"]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let shown = stderr(&refused);
    for part in ["C-0171", "in USD", "in EUR", "umbral explain C-0171"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    shop.ingest(&[call("u-1", "34600111222", "2026-03-02T09:00:00Z")]);
    assert_eq!(shop.prices(), ["0.2415"]);
    done(&["replay", "--verify", "--data", shop.data()]);
}

#[test]
fn a_draft_for_a_later_day_prices_from_that_day_on() {
    let shop = Shop::opened();
    shop.ingest(&[call("u-1", "34600111222", "2026-03-02T09:00:00Z")]);
    let next = shop.draft("next", &[("tariff.toml", "\"0.15\"", "\"0.25\"")]);
    let from = ["--effective-from", "2026-03-10T00:00:00+01:00"];
    let done_once = shop.activate(&next, &from);
    assert_eq!(done_once.status.code(), Some(0), "{}", stderr(&done_once));
    let shown = common::stdout(&done_once);
    assert!(
        shown.contains("activated version") && shown.contains("2026-03-09T23:00:00Z"),
        "{shown}"
    );
    let again = shop.activate(&next, &from);
    assert!(
        common::stdout(&again).contains("active already"),
        "{}",
        stderr(&again)
    );
    shop.ingest(&[
        call("u-2", "34600111222", "2026-03-09T22:00:00Z"),
        call("u-3", "34600111222", "2026-03-09T23:00:00Z"),
    ]);
    assert_eq!(shop.prices(), ["0.2415", "0.2415", "0.3415"]);
    done(&["replay", "--verify", "--data", shop.data()]);
}

#[test]
fn an_instant_that_is_past_needs_the_word_and_prices_only_what_waits() {
    let shop = Shop::opened();
    // A call that is rated, and one to a country that is not sold.
    shop.ingest(&[
        call("u-1", "34600111222", "2026-03-02T09:00:00Z"),
        call("u-2", "33600111222", "2026-03-02T09:05:00Z"),
        call("u-3", "34600111222", "2026-03-05T09:00:00Z"),
    ]);
    assert_eq!(shop.prices(), ["0.2415", "0.2415"]);
    let mended = shop.draft(
        "mended",
        &[
            ("zones.csv", "34,national\n", "34,national\n33,national\n"),
            ("tariff.toml", "\"0.15\"", "\"0.25\""),
        ],
    );
    let refused = shop.activate(&mended, &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("retroactive"),
        "{}",
        stderr(&refused)
    );
    let taken = shop.activate(&mended, &["--retroactive"]);
    assert_eq!(taken.status.code(), Some(0), "{}", stderr(&taken));
    done(&[
        "quarantine",
        "resubmit",
        "--data",
        shop.data(),
        "--code",
        "U-0032",
    ]);
    assert_eq!(shop.prices(), ["0.2415", "0.2415", "0.3415"]);
    done(&["replay", "--verify", "--data", shop.data()]);
}
