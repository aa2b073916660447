//! The real binary, as people run it: help, usage errors, catalogs, prices.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says why"
)]

mod common;

use common::{catalog, done, json, run, run_with, stderr, stdout, text, umbral};
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

/// All commands, with those below others.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["check"],
    &["rate"],
    &["catalog"],
    &["catalog", "import-cgrates"],
    &["catalog", "diff"],
    &["catalog", "activate"],
    &["init"],
    &["ingest"],
    &["run"],
    &["account"],
    &["why"],
    &["bill"],
    &["collections"],
    &["collections", "show"],
    &["loyalty", "show"],
    &["loyalty", "report"],
    &["loyalty", "proof"],
    &["tail"],
    &["quarantine"],
    &["quarantine", "list"],
    &["quarantine", "show"],
    &["quarantine", "resubmit"],
    &["replay"],
    &["snapshot"],
    &["archive"],
    &["topics"],
    &["topics", "plan"],
    &["topics", "create"],
    &["copy"],
    &["explain"],
    &["completions"],
];

const RECORD: &str = r#"{"id":"1","plan":"libre","service":"voice","to":"34600111222","start":"2026-03-02T10:00:00+01:00","usage":"61s"}"#;

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in COMMANDS {
        let arguments = [*command, &["--help"]].concat();
        let help = done(&arguments);
        assert!(
            help.contains("Examples:\n  "),
            "umbral {arguments:?} has no example"
        );
        let example = format!("  umbral {}", command.join(" "));
        assert!(
            help.contains(example.trim_end()),
            "umbral {arguments:?} shows another command"
        );
        assert!(
            help.lines().all(|line| line.chars().count() <= 110),
            "{arguments:?} is too wide"
        );
    }
}

#[test]
fn the_list_of_commands_is_complete() {
    let help = done(&["--help"]);
    let listed = help
        .split("Commands:")
        .nth(1)
        .expect("a list")
        .split("Options:")
        .next();
    let names = listed.expect("a list").lines().filter_map(|line| {
        line.strip_prefix("  ")
            .and_then(|line| line.split_whitespace().next())
    });
    for name in names.filter(|name| name.chars().next().is_some_and(char::is_lowercase)) {
        assert!(
            COMMANDS
                .iter()
                .any(|command| command.first() == Some(&name)),
            "{name}"
        );
    }
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(&folder.path().join("catalog"));
    let missing = folder.path().join("missing");
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage"),
        (&["nonsense"], "nonsense"),
        (&["explain", "U-9999"], "U-"),
        (&["check"], "CATALOG"),
        (&["check", text(&missing)], "check the path"),
        (&["rate", "--catalog", &catalog], "--plan"),
        (
            &["rate", "--catalog", &catalog, "--batch", text(&missing)],
            "check the path",
        ),
        (
            &["bill", "A1", "--data", text(&missing), "--month", "march"],
            "2026-03",
        ),
        (
            &[
                "account",
                "A1",
                "--data",
                text(&missing),
                "--as-of",
                "2026-03-02",
            ],
            "RFC 3339",
        ),
        (
            &["tail", "--data", text(&missing), "--stream", "rumours"],
            "rated",
        ),
        (&["-o", "xml", "explain"], "json"),
    ];
    for (arguments, words) in cases {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "umbral {arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(words),
            "umbral {arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            output.stdout.is_empty(),
            "umbral {arguments:?} wrote results"
        );
    }
}

#[test]
fn the_price_of_one_record_is_exact_and_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let mut arguments = vec![
        "rate",
        "--catalog",
        &catalog,
        "--plan",
        "libre",
        "--service",
        "voice",
        "--to",
        "34600111222",
        "--start",
        "2026-03-02T10:00:00+01:00",
        "--usage",
        "61s",
    ];
    let tree = done(&arguments);
    for part in ["0.2415 EUR", "0.045", "0.0465", "0.15", "31s", "national"] {
        assert!(tree.contains(part), "{part} is missing in\n{tree}");
    }
    arguments.extend(["-o", "json"]);
    let price = json(&done(&arguments));
    assert_eq!(price["amount"], "0.2415");
    assert_eq!(price["segments"][1]["amount"], "0.0465");

    arguments.extend(["--zone", "moon"]);
    let refused = run(&arguments);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(json(&stdout(&refused))["code"], "U-0039");
}

#[test]
fn a_batch_answers_every_line_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let many: Vec<String> = (0..20_000)
        .map(|number| match number % 1000 {
            7 => format!(r#"{{"id":"{number}","plan":"libre"}}"#),
            _ => RECORD.replace(r#""id":"1""#, &format!(r#""id":"{number}""#)),
        })
        .collect();
    let input = many.join("\n");
    let output = run_with(
        &[
            "rate",
            "--catalog",
            &catalog,
            "--batch",
            "-",
            "--threads",
            "3",
        ],
        &input,
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answers = stdout(&output);
    assert_eq!(answers.lines().count(), many.len());
    for (number, line) in answers.lines().enumerate() {
        let answer = json(line);
        assert_eq!(answer["id"], number.to_string());
        match number % 1000 {
            7 => assert_eq!(answer["code"], "U-0003"),
            _ => assert_eq!(answer["amount"], "0.2415"),
        }
    }
}

#[test]
fn an_answer_has_the_keys_of_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let output = run_with(&["rate", "--catalog", &catalog, "--batch", "-"], RECORD);
    let answer = json(&stdout(&output));
    for key in [
        "id",
        "amount",
        "currency",
        "catalog_version",
        "rule",
        "segments",
        "setup",
        "rounding",
    ] {
        assert!(answer.get(key).is_some(), "{key} is missing: {answer}");
    }
    let first = &answer["segments"][0];
    for (key, value) in [
        ("usage", "30s"),
        ("billed", "30s"),
        ("increment", "30s"),
        ("price", "0.09"),
        ("per", "60s"),
        ("rate", "national"),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert_eq!(answer["setup"], "0.15");
    assert_eq!(answer["rounding"]["mode"], "half_up");
    assert_eq!(answer["rounding"]["decimals"], 4);

    let brief = run_with(
        &["rate", "--catalog", &catalog, "--batch", "-", "--brief"],
        RECORD,
    );
    assert_eq!(
        stdout(&brief),
        "{\"id\":\"1\",\"amount\":\"0.2415\",\"currency\":\"EUR\"}\n"
    );
}

#[test]
fn a_line_that_is_no_record_is_answered_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let input = format!("{RECORD}\n\nnot json\n{}\n", RECORD.replace("plan", "plam"));
    let output = run_with(&["rate", "--catalog", &catalog, "--batch", "-"], &input);
    assert_eq!(output.status.code(), Some(0));
    let answers: Vec<_> = stdout(&output).lines().map(json).collect();
    assert_eq!(answers.len(), 3, "an empty line is no record");
    assert_eq!(
        (&answers[1]["code"], &answers[1]["line"]),
        (&"U-0001".into(), &3.into())
    );
    assert_eq!(
        (&answers[2]["code"], &answers[2]["id"]),
        (&"U-0002".into(), &"1".into())
    );
    let strict = run_with(
        &["rate", "--catalog", &catalog, "--batch", "-", "--strict"],
        &input,
    );
    assert_eq!(strict.status.code(), Some(1));
}

#[test]
fn a_line_that_is_too_long_is_answered_and_the_batch_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    for length in [(1 << 20) + 1, 1_400_000, 5_000_000] {
        let input = format!("{RECORD}\n{}\n{RECORD}\nnot json\n", "x".repeat(length));
        let output = run_with(&["rate", "--catalog", &catalog, "--batch", "-"], &input);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let answers: Vec<_> = stdout(&output).lines().map(json).collect();
        assert_eq!(answers.len(), 4, "{length}");
        assert_eq!(
            (&answers[1]["code"], &answers[1]["line"], &answers[1]["id"]),
            (&"U-0005".into(), &2.into(), &serde_json::Value::Null)
        );
        assert_eq!(answers[2]["amount"], "0.2415");
        assert_eq!(answers[3]["line"], 4, "lines are still counted");
    }
    // The last line may be the one that is too long.
    let input = format!("{RECORD}\n{}", "x".repeat(3_000_000));
    let output = run_with(&["rate", "--catalog", &catalog, "--batch", "-"], &input);
    let last = stdout(&output).lines().last().map(json).expect("answers");
    assert_eq!(
        (&last["code"], &last["line"]),
        (&"U-0005".into(), &2.into())
    );
}

#[test]
fn a_batch_may_begin_with_a_byte_order_mark_but_not_be_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let output = run_with(
        &["rate", "--catalog", &catalog, "--batch", "-"],
        &format!("\u{feff}{RECORD}\n"),
    );
    assert_eq!(json(&stdout(&output))["amount"], "0.2415");
    for name in ["records.ndjson.gz", "records.zst"] {
        let file = folder.path().join(name);
        std::fs::write(&file, "").expect("write");
        let output = run(&["rate", "--catalog", &catalog, "--batch", text(&file)]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("compressed"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn the_number_of_threads_is_bounded() {
    for number in ["0", "257", "100000"] {
        for arguments in [
            [
                "rate",
                "--catalog",
                "c",
                "--batch",
                "-",
                "--threads",
                number,
            ]
            .as_slice(),
            &["demo", "--threads", number],
            &["ingest", "--data", "d", "x", "--threads", number],
        ] {
            let output = run(arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(stderr(&output).contains("1 to 256"), "{}", stderr(&output));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("umbral.toml");
    std::fs::write(&config, "data = \"d\"\nthreads = 100000\n").expect("write");
    let output = run(&["run", "--config", text(&config)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("256"), "{}", stderr(&output));
}

#[test]
fn an_instant_out_of_range_is_told_the_range() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    for start in ["9999-01-01T00:00:00Z", "1600-01-01T00:00:00"] {
        let line = RECORD.replace("2026-03-02T10:00:00+01:00", start);
        let output = run_with(&["rate", "--catalog", &catalog, "--batch", "-"], &line);
        let reason = json(&stdout(&output))["reason"].to_string();
        assert!(reason.contains("1678 to 2261"), "{reason}");
    }
    let wrong = [
        "account",
        "A1",
        "--data",
        "d",
        "--as-of",
        "9999-01-01T00:00:00Z",
    ];
    assert!(stderr(&run(&wrong)).contains("1678 to 2261"));
}

/// A small tariff folder of CGRateS.
fn tariff(folder: &Path) {
    let files = [
        ("Destinations.csv", "#Id,Prefix\nDST,49\n"),
        (
            "Timings.csv",
            "#Id,Years,Months,MonthDays,WeekDays,Time\nALWAYS,*any,*any,*any,*any,00:00:00\n",
        ),
        (
            "Rates.csv",
            "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nRT,0,0.1,60s,1s,0s\n",
        ),
        (
            "DestinationRates.csv",
            "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\nDR,DST,RT,*up,4,0,\n",
        ),
        (
            "RatingPlans.csv",
            "#Id,DestinationRatesId,TimingTag,Weight\nRP,DR,ALWAYS,10\n",
        ),
        (
            "RatingProfiles.csv",
            "#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject\ncgrates.org,call,*any,2014-01-14T00:00:00Z,RP,\n",
        ),
    ];
    std::fs::create_dir_all(folder).expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.join(name), content).expect("write");
    }
}

#[test]
fn an_import_is_checked_before_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    tariff(&from);
    let import = ["catalog", "import-cgrates", text(&from), "--out", text(&to)];
    for (option, value, words) in [
        ("--currency", "eur", "three capitals"),
        ("--time-zone", "Europe/Atlantis", "IANA"),
        ("--name", " ", "needs a name"),
        ("--currency", "\u{1b}[2J", "three capitals"),
    ] {
        let output = run(&[&import[..], &[option, value]].concat());
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert!(!output.stderr.contains(&0x1b), "{option}");
        assert!(!to.exists());
    }
    done(&import);
    done(&["check", text(&to)]);
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_files_of_a_catalog_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let from = folder.path().join("from");
    tariff(&from);
    let made = std::process::Command::new("mkfifo")
        .arg(from.join("Actions.csv"))
        .status();
    assert!(made.expect("mkfifo").success());
    let to = folder.path().join("to");
    for arguments in [
        ["catalog", "import-cgrates", text(&from), "--out", text(&to)].as_slice(),
        &["check", text(&from)],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1));
        let shown = stderr(&output);
        assert!(
            shown.contains("Actions.csv is not a regular file"),
            "{shown}"
        );
    }
}

#[test]
fn check_says_what_a_catalog_sells_and_runs_its_cases() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let summary = done(&["check", &catalog]);
    for part in ["Norte", "EUR", "libre", "standard", "1 case"] {
        assert!(summary.contains(part), "{part} is missing in\n{summary}");
    }
    let report = json(&done(&["check", &catalog, "-o", "json"]));
    assert_eq!(report["problems"], serde_json::json!([]));
}

#[test]
fn check_shows_loyalty_programmes_and_judges_what_purchases_earn() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let club = |points: u32| {
        let text = format!(
            "[programme.club]\nearn = [ {{ points = 1, per = \"10.00\" }} ]\n\
             [programme.club.redeem]\nrewards = {{ \"car wash\" = 400 }}\n\
             [[case]]\nprogramme = \"club\"\npurchase = \"21.90\"\npoints = {points}\n"
        );
        std::fs::write(folder.path().join("loyalty.toml"), text).expect("the programme");
    };
    club(2);
    let summary = done(&["check", &catalog]);
    let wanted = [
        "1 loyalty programme",
        "1 point per 10.00 of purchases",
        "car wash",
        "2 cases kept",
    ];
    for part in wanted {
        assert!(summary.contains(part), "{part} is missing in\n{summary}");
    }
    let report = json(&done(&["check", &catalog, "-o", "json"]));
    let programmes = &report["versions"][0]["programmes"];
    assert_eq!(
        programmes[0]["rewards"],
        serde_json::json!({ "car wash": 400 })
    );
    club(3);
    let output = run(&["check", &catalog]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stdout(&output);
    for part in ["C-0164", "loyalty.toml:8", "the programme gives 2"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn check_names_code_file_and_line_of_every_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let tariff = folder.path().join("tariff.toml");
    let content = std::fs::read_to_string(&tariff).expect("the tariff");
    let broken = content
        .replace(
            "zone = \"national\", rate = \"national\"",
            "zone = \"natonal\", rate = \"nationl\"",
        )
        .replace("\"0.2415\"", "\"0.24\"");
    let line = broken
        .lines()
        .position(|line| line.contains("natonal"))
        .expect("the line")
        + 1;
    std::fs::write(&tariff, broken).expect("write");
    let output = run(&["check", &catalog]);
    assert_eq!(output.status.code(), Some(1));
    let shown = format!("{}{}", stdout(&output), stderr(&output));
    for part in [
        "error[C-",
        "natonal",
        "nationl",
        &format!("tariff.toml:{line}:"),
        "umbral explain C-",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let report = run(&["check", &catalog, "-o", "json"]);
    let problems = json(&stdout(&report))["problems"].clone();
    assert!(
        problems.as_array().is_some_and(|all| all.len() >= 2),
        "{problems}"
    );
    let lines = problems
        .as_array()
        .into_iter()
        .flatten()
        .map(|problem| &problem["line"]);
    assert!(lines.into_iter().any(|found| *found == line), "{problems}");
}

#[test]
fn a_file_in_another_encoding_is_one_problem_among_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = catalog(folder.path());
    std::fs::write(
        folder.path().join("more.toml"),
        b"# Tarifa m\xf3vil\n[rate.other]\nprice = \"1 per pound\"\n",
    )
    .expect("write");
    let output = run(&["check", &path]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stdout(&output);
    for part in [
        "error[C-0013]",
        "more.toml:1:11",
        "error[C-0070]",
        "2 errors",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
    let output = run(&[
        "rate",
        "--catalog",
        &path,
        "--plan",
        "libre",
        "--service",
        "sms",
        "--start",
        "2026-03-02",
        "--usage",
        "1",
    ]);
    assert!(stderr(&output).contains("C-0013"), "{}", stderr(&output));
    tariff(&folder.path().join("tables"));
    let tables = folder.path().join("tables");
    std::fs::write(tables.join("Actions.csv"), b"ACT_\xf3,*topup\n").expect("write");
    let to = folder.path().join("to");
    let output = run(&[
        "catalog",
        "import-cgrates",
        text(&tables),
        "--out",
        text(&to),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("error[C-0013]"),
        "{}",
        stderr(&output)
    );
    assert!(!to.exists());
}

#[test]
fn what_is_shown_cannot_control_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = catalog(folder.path());
    let head = folder.path().join("catalog.toml");
    let content = std::fs::read_to_string(&head).expect("read");
    let content = content.replace("\"Norte\"", "\"No\\u001b[2Jrte\"\nversion = \"1\\u0007\"");
    std::fs::write(&head, content).expect("write");
    let shown = done(&["check", &path]);
    assert!(shown.contains("No\\u{1b}[2Jrte"), "{shown}");
    assert!(
        !shown.contains(|c: char| c.is_control() && c != '\n'),
        "{shown:?}"
    );
}

#[test]
fn tiers_of_a_rate_that_nothing_uses_are_shown_as_they_are_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = catalog(folder.path());
    let rate = "[rate.tiered]\ntier_kind = \"graduated\"\ntiers = [ { up_to = \"600m\", price = \"0.10 per minute\" }, { price = \"0.05 per minute\" } ]\n";
    std::fs::write(folder.path().join("more.toml"), rate).expect("write");
    let shown = done(&["check", &path]);
    assert!(
        shown.contains("0.10 per minute up to 600 minutes"),
        "{shown}"
    );
}

#[test]
fn a_record_before_the_catalog_is_told_both_dates() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = catalog(folder.path());
    let tariff = folder.path().join("tariff.toml");
    let content = std::fs::read_to_string(&tariff).expect("read");
    std::fs::write(&tariff, content.replace("2026-03-02T10", "2025-03-02T10")).expect("write");
    let output = run(&["check", &path]);
    let shown = stdout(&output);
    for part in ["C-0164", "2025-03-02T09:00:00Z", "2025-12-31T23:00:00Z"] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn a_case_of_the_catalog_that_gives_another_price_is_a_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let tariff = folder.path().join("tariff.toml");
    let content = std::fs::read_to_string(&tariff).expect("the tariff");
    std::fs::write(&tariff, content.replace("\"0.2415\"", "\"0.24\"")).expect("write");
    let output = run(&["check", &catalog]);
    assert_eq!(output.status.code(), Some(1));
    let shown = format!("{}{}", stdout(&output), stderr(&output));
    assert!(
        shown.contains("0.2415") && shown.contains("tariff.toml:"),
        "{shown}"
    );
}

#[test]
fn nobody_reading_the_output_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let catalog = catalog(folder.path());
    let file = folder.path().join("many.ndjson");
    std::fs::write(&file, format!("{RECORD}\n").repeat(50_000)).expect("write");
    let mut child = umbral(&["rate", "--catalog", &catalog, "--batch", text(&file)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("umbral starts");
    let mut first = [0u8; 10];
    child
        .stdout
        .take()
        .expect("standard output")
        .read_exact(&mut first)
        .expect("some output");
    let output = child.wait_with_output().expect("umbral ends");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
}

#[test]
fn colours_are_for_terminals_only() {
    let output = umbral(&["explain", "U-0021"])
        .env("NO_COLOR", "1")
        .output()
        .expect("starts");
    assert!(!output.stdout.contains(&0x1b));
    assert!(
        !run(&["explain", "U-0021"]).stdout.contains(&0x1b),
        "a pipe is no terminal"
    );
    assert!(
        !run(&["explain", "U-9"]).stderr.contains(&0x1b),
        "a pipe is no terminal"
    );
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&["completions", shell]);
        assert!(
            script.contains("quarantine") && script.contains("ingest"),
            "{shell}"
        );
    }
}

const STRANGER: &str = r#"{"source":"med","event_id":"x-1","occurred_at":"2026-03-02T10:00:00Z","identifier":{"kind":"msisdn","value":"34699999999"},"usage":{"service":"sms","to":"34911222333","quantity":"1"}}
"#;

#[test]
fn files_that_are_merged_go_on_behind_what_was_taken() {
    let temp = tempfile::tempdir().expect("a folder");
    let catalog = catalog(&temp.path().join("catalog"));
    let data = temp.path().join("data");
    let (first, second) = (temp.path().join("1.ndjson"), temp.path().join("2.ndjson"));
    std::fs::write(&first, STRANGER).expect("write");
    std::fs::write(&second, STRANGER.replace("x-1", "x-2")).expect("write");
    let data = text(&data);
    let common = [
        "ingest",
        "--data",
        data,
        "--catalog",
        &catalog,
        "--clock",
        "event",
        "-o",
        "json",
    ];
    let taken = |files: &[&str]| json(&done(&[&common[..], files].concat()));
    let (first, second) = (text(&first), text(&second));
    assert_eq!(taken(&[first])["quarantined"], 1);
    let merged = taken(&[first, second]);
    assert_eq!(
        (&merged["inputs"], &merged["quarantined"]),
        (&1.into(), &1.into()),
        "{merged}"
    );
    let again = taken(&[second, first]);
    assert_eq!(again["inputs"], 0, "{again}");
}

#[test]
fn a_data_directory_whose_making_was_broken_off_gets_its_catalog() {
    let temp = tempfile::tempdir().expect("a folder");
    let catalog = catalog(&temp.path().join("catalog"));
    let data = temp.path().join("data");
    // As a kill leaves it between umbral.json and the first batch.
    let creation = umbral_journal::Creation {
        partitions: 64,
        created_by: "test".to_owned(),
    };
    umbral_journal::DataDir::create(&data, &creation).expect("created");
    let file = temp.path().join("1.ndjson");
    std::fs::write(&file, STRANGER).expect("write");
    let common = [
        "ingest",
        "--data",
        text(&data),
        "--catalog",
        &catalog,
        "--clock",
        "event",
    ];
    done(&[&common[..], &[text(&file)]].concat());
    let verified = json(&done(&[
        "replay",
        "--verify",
        "--data",
        text(&data),
        "-o",
        "json",
    ]));
    assert_eq!(
        verified["inputs"], 2,
        "the catalog and the record: {verified}"
    );
    done(&[&common[..], &[text(&file)]].concat());
}
