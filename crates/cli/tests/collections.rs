//! The work list and the story of a case as people and programs get them; cases of collections in a catalog.

#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{done, json, run, stderr, stdout, text, umbral};
use std::path::{Path, PathBuf};
use std::process::Stdio;

const CATALOG: &str = r#"
name = "Norte"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01

[class.standard]
collections = "standard"

[class.calm]
collections = "calm"

[vip.star]
rank = 1
class.standard = "calm"

[collections.standard]
version = "standard-1"
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 3
steps = [
  { action = "reminder, by \"mail\"", offset = 5, severity = 10 },
  { action = "terminate", offset = 20, severity = 90 },
]

[collections.calm]
version = "calm-1"
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 10
steps = [ { action = "call", offset = 15, severity = 10 } ]

[[collections_case]]
name = "never pays"
class = "standard"
bills = [ { due_on = 2026-04-15, amount = "35.20" } ]
steps = [ { on = 2026-04-20, action = "reminder, by \"mail\"" }, { on = 2026-05-05, action = "terminate" } ]

[[collections_case]]
name = "is a star, and pays"
class = "standard"
vip_rank = 3
bills = [ { due_on = 2026-04-15, amount = "35.20" } ]
payments = [ { on = 2026-05-02, amount = "35.20" } ]
steps = [ { on = 2026-04-30, action = "call" } ]
closed_on = 2026-05-02
"#;

fn folder(root: &Path, catalog: &str) -> PathBuf {
    let folder = root.join("catalog");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("catalog.toml"), catalog).expect("write");
    folder
}

/// Two customers who owe, and one who does not.
fn inputs() -> String {
    let mut lines = Vec::new();
    for (account, amount) in [("A1", "35.20"), ("A2", "99.00"), ("A3", "")] {
        lines.push(format!(
            r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"2026-04-01T00:00:00Z","account_id":"{account}","customer_added":{{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}}}}"#
        ));
        if !amount.is_empty() {
            lines.push(format!(
                r#"{{"source":"billing","event_id":"b-{account}","occurred_at":"2026-04-02T00:00:00Z","account_id":"{account}","bill_issued":{{"bill_id":"B-{account}","cycle_end":"2026-04-01","amount":"{amount}","due_on":"2026-04-15"}}}}"#
            ));
        }
    }
    lines.push(
        r#"{"source":"clock","event_id":"t1","occurred_at":"2026-04-20T10:00:00Z","tick":{}}"#
            .to_owned(),
    );
    lines.push(r#"{"source":"crm","event_id":"h","occurred_at":"2026-04-21T10:00:00Z","account_id":"A1","actor":"maria","reason":"in hospital","hold_set":{"reason":"manual","until":"2026-05-10"}}"#.to_owned());
    lines.join("\n") + "\n"
}

fn begun(root: &Path) -> String {
    let catalog = folder(root, CATALOG);
    let (data, file) = (root.join("data"), root.join("inputs.ndjson"));
    std::fs::write(&file, inputs()).expect("write");
    let data = text(&data).to_owned();
    done(&[
        "init",
        "--data",
        &data,
        "--catalog",
        text(&catalog),
        "--partitions",
        "4",
    ]);
    done(&["ingest", "--data", &data, "--clock", "event", text(&file)]);
    data
}

#[test]
fn the_work_list_is_for_people_programs_and_spreadsheets() {
    let root = tempfile::tempdir().expect("a folder");
    let data = begun(root.path());
    let table = done(&["collections", "--data", &data]);
    let first = table.lines().nth(2).expect("a case");
    assert!(
        first.starts_with("A2/1") && first.contains("99.00 EUR"),
        "{table}"
    );
    assert!(table.contains("manual to 2026-05-10"), "{table}");
    assert!(
        table.contains("2 cases: 134.20 EUR overdue, 124.20 EUR would cure all; 1 held"),
        "{table}"
    );

    let list = json(&done(&[
        "collections",
        "--data",
        &data,
        "-o",
        "json",
        "--state",
        "held",
    ]));
    let case = &list["cases"][0];
    assert_eq!(
        (&case["case_id"], &case["amount"]),
        (&"A1/1".into(), &"35.20".into())
    );
    assert_eq!(
        (&case["currency"], &case["next_step"]["on"]),
        (&"EUR".into(), &serde_json::Value::Null)
    );

    let csv = done(&["collections", "--data", &data, "-o", "csv"]);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("case_id,account_id,class,"), "{csv}");
    assert_eq!(lines.len(), 4, "a header, two cases, the end: {csv}");
    assert!(csv.contains("\"reminder, by \"\"mail\"\"\""), "{csv}");

    let none = done(&["collections", "--data", &data, "--class", "calm"]);
    assert_eq!(none, "no case to work on\n");
    let early = json(&done(&[
        "collections",
        "--data",
        &data,
        "--day",
        "2026-04-18",
        "-o",
        "json",
    ]));
    assert_eq!(early["cases"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_case_is_told_and_one_that_is_not_there_is_nearly_found() {
    let root = tempfile::tempdir().expect("a folder");
    let data = begun(root.path());
    let story = done(&["collections", "show", "A1/1", "--data", &data]);
    for part in [
        "Case A1/1 · held (manual)",
        "schedule standard-1",
        "overdue 35.20 EUR, to cure 30.20 EUR",
        "bill B-A1 of 35.20 EUR, due on 2026-04-15",
        "hold manual to 2026-05-10",
        "crm/h (maria: in hospital)",
    ] {
        assert!(story.contains(part), "{part}\n{story}");
    }
    let planned = done(&["collections", "show", "A2/1", "--data", &data]);
    assert!(
        planned.contains("2026-05-05") && planned.contains("to come, if nothing is paid"),
        "{planned}"
    );
    let json = json(&done(&[
        "collections",
        "show",
        "A2/1",
        "--data",
        &data,
        "-o",
        "json",
    ]));
    assert_eq!(json["steps_to_come"][0]["action"], "terminate");

    for (case, hint) in [
        ("A1/2", "account A1 has A1/1 only"),
        ("A4/1", "did you mean A1/1?"),
        ("nobody", "there is no case nobody"),
    ] {
        let output = run(&["collections", "show", case, "--data", &data]);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error_and_csv_is_for_lists() {
    let root = tempfile::tempdir().expect("a folder");
    let data = begun(root.path());
    let mut child = umbral(&["collections", "--data", &data, "-o", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("umbral starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("umbral ends").success());
    for wrong in [
        vec!["account", "A1", "--data", &data, "-o", "csv"],
        vec!["collections", "show", "A1/1", "--data", &data, "-o", "csv"],
    ] {
        let output = run(&wrong);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("writes no CSV"),
            "{}",
            stderr(&output)
        );
    }
    assert_eq!(
        run(&["collections"]).status.code(),
        Some(2),
        "it needs a deployment"
    );
    assert_eq!(
        run(&["collections", "--data", &data, "--state", "cured"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_catalog_keeps_its_cases_of_collections_or_says_what_comes_instead() {
    let root = tempfile::tempdir().expect("a folder");
    let catalog = folder(root.path(), CATALOG);
    let checked = done(&["check", text(&catalog)]);
    assert!(checked.contains("2 cases kept"), "{checked}");
    let catalog = folder(
        root.path(),
        &CATALOG.replace("on = 2026-05-05", "on = 2026-05-06"),
    );
    let output = run(&["check", text(&catalog)]);
    assert_eq!(output.status.code(), Some(1));
    let told = stdout(&output);
    assert!(
        told.contains("C-0149") && told.contains("2026-05-05 terminate"),
        "{told}"
    );
    assert!(told.contains("1 of 2 cases kept"), "{told}");
}
