//! A small operator whose every charge is one multiplication, and what must be in a data directory at the end.

use crate::disturb::{Seeded, succeed, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) const ACCOUNTS: u64 = 60;
/// Micro-units for a second of a call, a message, and a kilobyte.
const PRICES: [(&str, u64); 3] = [("voice", 1_500), ("sms", 90_000), ("data", 200)];
/// Exposure at which something is said, in micro-units: half, 80 % and all of 40.00.
const THRESHOLDS: [u64; 3] = [20_000_000, 32_000_000, 40_000_000];

const CATALOG: &str = "name = \"Crash\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n";
const PLANS: &str = r#"
[rate.call]
price = "0.0015 per second"
[rate.text]
price = "0.09 per event"
[rate.octets]
price = "0.0002 per kB"
increments = "1kB"
[plan.flat]
rules = [
  { service = "voice", rate = "call" },
  { service = "sms", rate = "text" },
  { service = "data", rate = "octets" },
]
[class.standard]
limit.exposure = "40.00"
warn_at = ["50%", "80%"]
on_breach = ["warn_sms", "bar outgoing"]
"#;

/// How usage is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Json,
    Csv,
}

const MAPPING: &str = r#"
source = "med"
format = "csv"
event_id = { column = "id" }
identifier = { kind = "msisdn", column = "number" }
[time]
column = "at"
formats = ["rfc3339"]
zone = "UTC"
[[record]]
kind = "usage"
service = { column = "service" }
to = { column = "to" }
quantity = { column = "quantity", unit = { voice = "s", sms = "events", data = "kB" } }
"#;

/// What must have come of the inputs, by key.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    /// Account and micro-units of each record that has a price.
    prices: BTreeMap<String, (u64, u64)>,
    /// Keys of records of a number that nobody has.
    strangers: BTreeSet<String>,
    /// Lines that are no record at all.
    broken: u64,
    /// All records, repeats included.
    inputs: u64,
}

/// Files in the order in which they are to be taken.
pub(crate) struct Inputs {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) expected: Expected,
}

impl Inputs {
    /// What the journal counts when everything is taken.
    pub(crate) fn inputs_and_catalog(&self) -> u64 {
        self.expected.inputs + 1
    }
}

pub(crate) fn write_catalog(folder: &Path) {
    std::fs::create_dir_all(folder).expect("catalog folder");
    std::fs::write(folder.join("catalog.toml"), CATALOG).expect("write catalog");
    std::fs::write(folder.join("plans.toml"), PLANS).expect("write catalog");
}

/// Writes a file of customers and `files` files of usage, `records` records in all, by time, and the
/// mapping beside the folder.
pub(crate) fn write_inputs(
    folder: &Path,
    form: Form,
    files: u64,
    records: u64,
    random: &mut Seeded,
) -> Inputs {
    std::fs::create_dir_all(folder).expect("input folder");
    std::fs::write(folder.with_file_name("mapping.toml"), MAPPING).expect("write mapping");
    let mut expected = Expected::default();
    let customers = folder.join("a-customers.ndjson");
    std::fs::write(&customers, customers_text(&mut expected)).expect("write");
    let mut all = vec![customers];
    let mut writer = UsageWriter {
        form,
        recent: Vec::new(),
    };
    for file in 0..files {
        let mut content = match form {
            Form::Json => String::new(),
            Form::Csv => "id,at,number,service,to,quantity\n".to_owned(),
        };
        for number in records * file / files..records * (file + 1) / files {
            writer.record(number, records, random, &mut expected, &mut content);
        }
        let ending = match form {
            Form::Json => "ndjson",
            Form::Csv => "csv",
        };
        let path = folder.join(format!("b-usage-{file:02}.{ending}"));
        std::fs::write(&path, content).expect("write");
        all.push(path);
    }
    Inputs {
        files: all,
        expected,
    }
}

fn customers_text(expected: &mut Expected) -> String {
    let mut content = String::new();
    let at = "2026-03-01T00:00:00Z";
    for account in 0..ACCOUNTS {
        writeln!(content, r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"standard","plan":"flat","time_zone":"Europe/Madrid","cycle_day":1,"vip_rank":0}}}}"#).expect("write");
        writeln!(content, r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{at}","account_id":"A{account}","member_added":{{"member_id":"M","identifiers":[{{"kind":"msisdn","value":"{}"}}]}}}}"#, 34_600_000_000 + account).expect("write");
    }
    expected.inputs += 2 * ACCOUNTS;
    content
}

struct UsageWriter {
    form: Form,
    recent: Vec<String>,
}

impl UsageWriter {
    /// One record at its time; now and then it is a repeat, of a stranger, or broken.
    fn record(
        &mut self,
        number: u64,
        records: u64,
        random: &mut Seeded,
        expected: &mut Expected,
        content: &mut String,
    ) {
        expected.inputs += 1;
        let lot = random.below(100);
        if lot < 3 && !self.recent.is_empty() {
            // Of the last two days or so: what is older than the window of keys is refused.
            let back = 1 + random.below((records / 15 + 1).min(self.recent.len() as u64)) as usize;
            content.push_str(&self.recent[self.recent.len() - back]);
            return;
        }
        if lot == 3 {
            expected.broken += 1;
            content.push_str(match self.form {
                Form::Json => "{\"source\":\"med\",\"event\n",
                Form::Csv => "half,a,row\n",
            });
            return;
        }
        // Thirty days hold all of them, so no cycle ends.
        let second = 60 + number * (30 * 86_400 - 60) / records;
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:{:02}Z",
            1 + second / 86_400,
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60
        );
        let account = random.below(ACCOUNTS);
        let (service, price) = random.pick(&PRICES);
        let quantity = 1 + random.below(600);
        let id = if lot == 4 {
            let id = format!("s-{number}");
            expected.strangers.insert(id.clone());
            id
        } else {
            let id = format!("u-{number}");
            expected
                .prices
                .insert(id.clone(), (account, price * quantity));
            id
        };
        let phone = if lot == 4 {
            34_999_999_999
        } else {
            34_600_000_000 + account
        };
        let line = self.line(&id, &at, phone, service, quantity);
        content.push_str(&line);
        if lot != 4 {
            self.recent.push(line);
        }
    }

    fn line(&self, id: &str, at: &str, phone: u64, service: &str, quantity: u64) -> String {
        let unit = if service == "data" { "kB" } else { "" };
        match self.form {
            Form::Json => format!(
                "{{\"source\":\"med\",\"event_id\":\"{id}\",\"occurred_at\":\"{at}\",\"identifier\":{{\"kind\":\"msisdn\",\"value\":\"{phone}\"}},\"usage\":{{\"service\":\"{service}\",\"to\":\"34911222333\",\"quantity\":\"{quantity}{unit}\"}}}}\n"
            ),
            Form::Csv => format!("{id},{at},{phone},{service},34911222333,{quantity}\n"),
        }
    }
}

/// What a data directory answers.
#[derive(PartialEq, Eq, Clone)]
pub(crate) struct Answers {
    streams: Vec<Vec<String>>,
    state_hash: String,
    inputs: u64,
}

const STREAMS: [&str; 3] = ["rated", "credit", "quarantine"];

pub(crate) fn init(root: &Path, name: &str) -> PathBuf {
    let data = root.join(name);
    let catalog = root.join("catalog");
    let (catalog, path) = (text(&catalog), text(&data));
    succeed(&[
        "init",
        "--data",
        path,
        "--catalog",
        catalog,
        "--partitions",
        "16",
    ]);
    data
}

/// Reads everything back, decides it all again, and holds it against what must be there.
pub(crate) fn checked(data: &Path, expected: &Expected) -> Answers {
    let answers = answers(data);
    check_prices(&answers.streams[0], expected);
    check_thresholds(&answers.streams[1], expected);
    check_quarantine(&answers.streams[2], expected);
    check_accounts(data, expected);
    let inputs = answers.inputs;
    assert_eq!(inputs, expected.inputs + 1, "every input, and the catalog");
    answers
}

/// Reads everything back and decides it all again.
pub(crate) fn answers(data: &Path) -> Answers {
    let streams = STREAMS.iter().map(|name| stream(data, name)).collect();
    let verified = succeed(&["replay", "--verify", "--data", text(data), "-o", "json"]);
    let verified: Value = serde_json::from_str(&verified).expect("JSON");
    assert_eq!(verified["agrees"], true, "{verified}");
    Answers {
        streams,
        state_hash: verified["state_hash"].as_str().expect("a hash").to_owned(),
        inputs: verified["inputs"].as_u64().expect("a count"),
    }
}

/// The same answers as those of a run that nobody disturbed.
pub(crate) fn assert_same(calm: &Answers, found: &Answers, what: &str) {
    for ((name, calm), found) in STREAMS.iter().zip(&calm.streams).zip(&found.streams) {
        let first = calm.iter().zip(found).find(|(a, b)| a != b);
        assert!(first.is_none(), "{what}, stream {name}: {first:#?}");
        assert_eq!(calm.len(), found.len(), "{what}, stream {name}");
    }
    assert!(calm == found, "{what}: another state or count");
}

fn stream(data: &Path, name: &str) -> Vec<String> {
    let tail = succeed(&["tail", "--data", text(data), "--stream", name]);
    let mut lines: Vec<String> = tail.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

fn micros(amount: &Value) -> u64 {
    let amount = amount.as_str().expect("an amount");
    let (whole, fraction) = amount.split_once('.').expect("decimals");
    format!("{whole}{fraction:0<6}").parse().expect("a number")
}

fn check_prices(rated: &[String], expected: &Expected) {
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for line in rated {
        let event = parsed(line);
        let amount = micros(&event["usage_rated"]["amount"]);
        let account = event["account_id"].as_str().expect("an account");
        let account = account[1..].parse().expect("a number");
        let id = event["caused_by"]["event_id"].as_str().expect("an id");
        let before = found.insert(id.to_owned(), (account, amount));
        assert!(before.is_none(), "{id} was rated twice");
    }
    assert!(found == expected.prices, "records lost or at another price");
}

fn totals(expected: &Expected) -> BTreeMap<u64, u64> {
    let mut totals = BTreeMap::new();
    for (account, amount) in expected.prices.values() {
        *totals.entry(*account).or_default() += amount;
    }
    totals
}

/// Exposure only grows here, so each threshold up to the total is crossed once.
fn check_thresholds(credit: &[String], expected: &Expected) {
    let mut found: Vec<(String, u64)> = Vec::new();
    for line in credit {
        let event = parsed(line);
        let account = event["account_id"].as_str().expect("an account");
        for crossed in event["threshold_crossed"]["crossed"]
            .as_array()
            .into_iter()
            .flatten()
        {
            found.push((account.to_owned(), micros(&crossed["amount"])));
        }
    }
    let mut must: Vec<(String, u64)> = Vec::new();
    for (account, total) in totals(expected) {
        let crossed = THRESHOLDS.iter().filter(|threshold| total >= **threshold);
        must.extend(crossed.map(|threshold| (format!("A{account}"), *threshold)));
    }
    found.sort_unstable();
    must.sort_unstable();
    assert_eq!(found, must, "thresholds that were crossed");
}

fn check_quarantine(lines: &[String], expected: &Expected) {
    let mut strangers = BTreeSet::new();
    let mut broken = 0;
    for line in lines {
        let event = parsed(line);
        match event["caused_by"]["event_id"]
            .as_str()
            .filter(|id| id.starts_with("s-"))
        {
            Some(id) => {
                let twice = || {
                    lines
                        .iter()
                        .filter(|line| line.contains(id))
                        .collect::<Vec<_>>()
                };
                assert!(
                    strangers.insert(id.to_owned()),
                    "{id} is there twice: {:#?}",
                    twice()
                );
            }
            None => broken += 1,
        }
    }
    assert_eq!(strangers, expected.strangers, "{:?}", lines.first());
    assert_eq!(broken, expected.broken, "{:?}", lines.first());
}

fn check_accounts(data: &Path, expected: &Expected) {
    let totals = totals(expected);
    for account in [0, ACCOUNTS / 2, ACCOUNTS - 1] {
        let id = format!("A{account}");
        let shown = parsed(&succeed(&[
            "account",
            &id,
            "--data",
            text(data),
            "-o",
            "json",
        ]));
        let total = totals.get(&account).copied().unwrap_or_default();
        assert_eq!(micros(&shown["unbilled"]), total, "{shown}");
    }
}
