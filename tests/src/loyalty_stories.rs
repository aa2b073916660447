//! Stories of loyalty in JSON: a configuration, inputs at local instants, what comes out, and how ledgers are in
//! the end. See the README of their folder for the form.

use crate::stage::Stage;
use crate::state;
use crate::stories::{has, lay_over};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use umbral_intake::zones;
use umbral_model::time::{Date, LocalMeaning, LocalTime, Timestamp, ZoneRules};

/// Kinds that a story lists only where it is about them.
const OPTIONAL: [&str; 2] = ["redemption_committed", "enrolled"];
/// Beginnings of such kinds.
const OPTIONAL_OF: &str = "card_";
/// Beginnings of the kinds that stories of loyalty are about; all others belong to credit and billing.
const SHOWN: [&str; 7] = [
    "points_",
    "redemption_",
    "reward_level_",
    "tier_",
    "membership_",
    "quarantined",
    "correction_applied",
];
/// Under every story's configuration: what an account needs.
const GROUND: &str = r#"{"prices": {"voice": "0.05"}, "classes": {"standard": {}}}"#;
/// The configuration that all stories of a folder start from.
const BASE: &str = "base.json";
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * NANOS_PER_SECOND;

/// Whether a folder holds such stories.
pub fn are_in(folder: &Path) -> bool {
    files_in(folder).is_ok_and(|files| !files.is_empty())
}

/// The files of a folder but the configuration, in order.
fn files_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| !path.ends_with(BASE))
        .collect();
    files.sort();
    Ok(files)
}

/// Runs the stories of all files of a folder but `base.json`; gives their number and the failures.
///
/// # Errors
/// A file that cannot be read.
pub fn run_folder(folder: &Path) -> Result<(usize, Vec<String>), String> {
    let base = read(&folder.join(BASE))?;
    let files = files_in(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let (mut count, mut failures) = (0, Vec::new());
    for file in files {
        let stories = read(&file)?;
        for story in stories["scenarios"].as_array().into_iter().flatten() {
            count += 1;
            let name = story["name"].as_str().unwrap_or_default();
            if let Err(why) = run(&base, story) {
                failures.push(format!("{name} ({}): {why}", story["covers"]));
            }
        }
    }
    Ok((count, failures))
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path:?}: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{path:?}: {error}"))
}

/// Runs a story.
///
/// # Errors
/// What differs, or why it cannot be run.
pub fn run(base: &Value, story: &Value) -> Result<(), String> {
    let config = config_of(base, story)?;
    let name = config["time_zone"].as_str().unwrap_or("UTC").to_owned();
    let zone = zones::iana(&name).ok_or_else(|| format!("{name} is no time zone"))?;
    let inputs = inputs_of(story, &zone)?;
    let mut stage = Stage::new(config)?;
    add_accounts(&mut stage, &inputs, &name);
    let refused = stage.take_outputs();
    if let Some(refused) = refused
        .iter()
        .find(|output| output["kind"] == "quarantined")
    {
        return Err(format!("an account cannot be added: {refused}"));
    }
    for (number, input) in inputs.iter().enumerate() {
        stage.tick_at(input.recorded);
        if input.kind != "tick" {
            let at = input.occurred.to_string();
            stage.line(&at, input.line(number));
        }
    }
    let mut report = String::new();
    compare(story, &zone, &stage.take_outputs(), &mut report)?;
    for (account, ledgers) in entries(&story["final"]) {
        let got = stage.account(account).map(|view| state::of(&view));
        let got = got.map_or(Value::Null, |got| got["ledgers"].clone());
        if !has(&got, ledgers) {
            let _ = writeln!(report, "  in the end {account} has {got}, not {ledgers}");
        }
    }
    if stage.account_hashes() != stage.replayed_hashes() {
        report.push_str("  the replayed state is another one\n");
    }
    match report.is_empty() {
        true => Ok(()),
        false => Err(format!("\n{report}")),
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// What the catalog is written from: `config` and `club` over the base.
fn config_of(base: &Value, story: &Value) -> Result<Value, String> {
    let mut config: Value = serde_json::from_str(GROUND).map_err(|error| error.to_string())?;
    lay_over(&mut config, base);
    if let Some(over) = story.get("config") {
        lay_over(&mut config, over);
    }
    if let Some(club) = story.get("club") {
        lay_over(&mut config, &json!({ "programmes": { "club": club } }));
    }
    Ok(config)
}

/// An input of a story.
struct Given {
    recorded: Timestamp,
    occurred: Timestamp,
    account: Option<String>,
    kind: String,
    /// The body by its kind, and fields of the envelope.
    fields: Map<String, Value>,
}

impl Given {
    /// The input as it would come.
    fn line(&self, number: usize) -> String {
        let mut line = Map::new();
        line.insert("source".into(), json!("story"));
        line.insert("event_id".into(), json!(format!("e{number}")));
        line.insert("occurred_at".into(), json!(self.occurred.to_string()));
        if let Some(account) = &self.account {
            line.insert("account_id".into(), json!(account));
        }
        line.extend(self.fields.clone());
        Value::Object(line).to_string()
    }
}

fn inputs_of(story: &Value, zone: &ZoneRules) -> Result<Vec<Given>, String> {
    let inputs = story["inputs"].as_array().into_iter().flatten();
    let read = |input: &Value| {
        let (recorded, occurred) = match &input[0] {
            Value::Array(both) => (instant(&both[0], zone)?, instant(&both[1], zone)?),
            one => (instant(one, zone)?, instant(one, zone)?),
        };
        let mut fields = input[2].as_object().cloned().unwrap_or_default();
        let is_body = |(key, value): &(&String, &Value)| value.is_object() && *key != "identifier";
        let kind = fields.iter().find(is_body).map(|(kind, _)| kind.clone());
        let kind = kind.ok_or_else(|| format!("an input without a body: {input}"))?;
        complete(&mut fields);
        Ok(Given {
            recorded,
            occurred,
            account: input[1].as_str().map(str::to_owned),
            kind,
            fields,
        })
    };
    inputs.map(read).collect()
}

/// Customers of a story have the one plan of its catalog, and a cycle of which no story of loyalty speaks.
fn complete(fields: &mut Map<String, Value>) {
    if let Some(Value::Object(body)) = fields.get_mut("customer_added") {
        body.entry("plan").or_insert(json!(crate::neutral::PLAN));
        body.entry("cycle_day").or_insert(json!(1));
    }
}

/// A local instant; of two that the clock shows the first.
fn instant(text: &Value, zone: &ZoneRules) -> Result<Timestamp, String> {
    let text = text.as_str().ok_or("an instant is a text")?;
    let read = || {
        let (date, time) = text.split_once('T')?;
        let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
        let (hours, minutes) = (parts.next()??, parts.next()??);
        let seconds = parts.next().unwrap_or(Some(0))?;
        let local = LocalTime {
            date: Date::parse(date)?,
            nano_of_day: (hours * 3_600 + minutes * 60 + seconds) * NANOS_PER_SECOND,
        };
        match zone.meaning(local) {
            LocalMeaning::Single(at) | LocalMeaning::Ambiguous(at, _) => Some(at),
            LocalMeaning::Gap(_) => None,
        }
    };
    read().ok_or_else(|| format!("{text} is no local instant"))
}

/// Adds the accounts that a story uses and does not add itself, before all else.
fn add_accounts(stage: &mut Stage, inputs: &[Given], zone: &str) {
    let added = inputs.iter().filter(|input| input.kind == "customer_added");
    let added: BTreeSet<&String> = added.filter_map(|input| input.account.as_ref()).collect();
    let used = inputs.iter().filter_map(|input| input.account.as_ref());
    let used: BTreeSet<&String> = used.filter(|account| !added.contains(account)).collect();
    let Some(first) = inputs.iter().map(|input| input.occurred).min() else {
        return;
    };
    let at = first.plus_nanos(-DAY).to_string();
    for account in used {
        let body = json!({ "class": "standard", "time_zone": zone, "cycle_day": 1 });
        stage.input(
            account,
            &format!("add-{account}"),
            &at,
            "customer_added",
            body,
        );
    }
}

/// An output: instant, kind, fields.
type Told = (String, String, Value);

/// Writes down how outputs differ from those expected, account by account: nothing orders what accounts do among
/// each other at one instant.
fn compare(
    story: &Value,
    zone: &ZoneRules,
    outputs: &[Value],
    report: &mut String,
) -> Result<(), String> {
    let mut expected: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for line in story["expected"].as_array().into_iter().flatten() {
        let at = instant(&line[0], zone)?.to_string();
        let account = line[1].as_str().unwrap_or_default().to_owned();
        let (kind, fields) = entries(&line[2]).next().ok_or("an output without a kind")?;
        let told = (at, kind.clone(), fields.clone());
        expected.entry(account).or_default().push(told);
    }
    let mut got: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for output in outputs {
        let text = |key: &str| output[key].as_str().unwrap_or_default().to_owned();
        let told = (text("at"), text("kind"), output["fields"].clone());
        let listed = expected
            .get(&text("account"))
            .map_or(&[][..], Vec::as_slice);
        if is_shown(&told, listed) {
            got.entry(text("account")).or_default().push(told);
        }
    }
    let accounts: BTreeSet<&String> = expected.keys().chain(got.keys()).collect();
    for account in accounts {
        let of = |told: &'_ BTreeMap<String, Vec<Told>>| told.get(account).cloned();
        let (expected, got) = (of(&expected), of(&got));
        compare_account(
            account,
            &expected.unwrap_or_default(),
            &got.unwrap_or_default(),
            report,
        );
    }
    Ok(())
}

fn is_shown((at, kind, _): &Told, listed: &[Told]) -> bool {
    let is_optional = OPTIONAL.contains(&kind.as_str()) || kind.starts_with(OPTIONAL_OF);
    let is_listed = || {
        listed
            .iter()
            .any(|(when, what, _)| when == at && what == kind)
    };
    match is_optional {
        true => is_listed(),
        false => SHOWN.iter().any(|beginning| kind.starts_with(beginning)),
    }
}

fn compare_account(account: &str, expected: &[Told], got: &[Told], report: &mut String) {
    let is_met = |(expected, got): (&Told, &Told)| {
        expected.0 == got.0 && expected.1 == got.1 && has(&got.2, &expected.2)
    };
    if expected.len() == got.len() && expected.iter().zip(got).all(is_met) {
        return;
    }
    let _ = writeln!(report, "  account {account}");
    let told = |told: Option<&Told>| match told {
        Some((at, kind, fields)) => format!("{at} {kind} {fields}"),
        None => "nothing".to_owned(),
    };
    for index in 0..expected.len().max(got.len()) {
        let pair = (expected.get(index), got.get(index));
        match pair {
            (Some(wanted), Some(came)) if is_met((wanted, came)) => {
                let _ = writeln!(report, "    as expected: {} {}", wanted.0, wanted.1);
            }
            (wanted, came) => {
                let _ = writeln!(report, "    expected: {}", told(wanted));
                let _ = writeln!(report, "    got:      {}", told(came));
            }
        }
    }
}
