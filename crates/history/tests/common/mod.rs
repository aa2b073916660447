//! A small operator for the tests: a catalog, a stream of inputs of every kind that the runtime treats in its
//! own way, and helpers to put it through the engine and to look at what came out.

#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use umbral_history::{History, TailFilter};
use umbral_intake::reader::{self, SourceFile};
use umbral_model::input::Incoming;
use umbral_runtime::{
    ClockMode, Committed, Engine, Founding, Go, Ingested, Options, Receipt, init,
};

pub(crate) const CATALOG: &str = r#"
name = "Test operator"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
"#;

pub(crate) const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[zone.france]
prefixes = ["33"]

[rate.national]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
rounding = "half_up to 4"
[rate.abroad]
price = "0.50 per minute"
increments = "60s"
[rate.message]
price = "0.10 per event"
[rate.data]
price = "2.00 per GB"
increments = "10kB"

[plan.basic]
rules = [
  { service = "voice", zone = "national", rate = "national" },
  { service = "voice", zone = "france", rate = "abroad" },
  { service = "sms", rate = "message" },
  { service = "data", rate = "data" },
]

[rate.counted]
tiers = [
  { up_to = "3 events", price = "0.12 per event" },
  { price = "0.07 per event" },
]
tier_kind = "volume"
[rate.slice]
tiers = [ { up_to = "300MB", price = "3.00 per GB" }, { price = "1.50 per GB" } ]
tier_kind = "graduated"
per = "member"
increment = "100kB"

[plan.bundle]
monthly_fee = "9.90"
proration = "daily"
rules = [
  { service = "voice", zone = "national", rate = "national" },
  { service = "voice", zone = "france", rate = "abroad" },
  { service = "sms", rate = "counted" },
  { service = "data", rate = "slice" },
]
allowances = [
  { name = "5 minutes", service = "voice", zone = "national", units = "5m", shared = false, warn_at = ["50%", "100%"] },
  { name = "400 MB", service = "data", units = "400MB", roll_over = "1 cycle", warn_at = ["80%"] },
]

[product.extra]
price = "2.00"
allowances = [ { name = "extra 200 MB", service = "data", units = "200MB", valid = "10 days", priority = 1 } ]
[product.phone]
price = "100.00"
instalments = 3

[discount.vip]
percent = "10%"
class = "vip"

[class.standard]
limit.exposure = "20.00"
warn_at = ["50%", "80%"]
on_breach = ["warn_sms", "bar outgoing"]
[class.vip]
limit.exposure = "500.00"
warn_at = ["80%"]
"#;

/// What is added to the tariff to price calls to Italy.
pub(crate) const ITALY: &str = r#"
[zone.italy]
prefixes = ["39"]
[plan.basic]
rules = [
  { service = "voice", zone = "national", rate = "national" },
  { service = "voice", zone = ["france", "italy"], rate = "abroad" },
  { service = "sms", rate = "message" },
  { service = "data", rate = "data" },
]
"#;

/// The tariff with Italy in it.
pub(crate) fn tariff_with_italy() -> String {
    let start = TARIFF.find("[plan.basic]").expect("the plan");
    let end = TARIFF.find("[class.standard]").expect("the class");
    format!("{}{ITALY}\n{}", &TARIFF[..start], &TARIFF[end..])
}

pub(crate) fn catalog_files(tariff: &str) -> Vec<(smol_str::SmolStr, smol_str::SmolStr)> {
    vec![
        ("catalog.toml".into(), CATALOG.into()),
        ("tariff.toml".into(), tariff.into()),
    ]
}

/// A data directory of its own.
pub(crate) struct Place {
    pub(crate) temp: TempDir,
    pub(crate) dir: PathBuf,
}

impl Place {
    pub(crate) fn new(partitions: u16) -> Place {
        Place::with_tariff(partitions, TARIFF)
    }

    pub(crate) fn with_tariff(partitions: u16, tariff: &str) -> Place {
        let temp = tempfile::tempdir().expect("a directory");
        let dir = temp.path().join("data");
        let founding = Founding {
            partitions,
            catalogs: vec![catalog_files(tariff)],
            at: "2026-01-01T00:00:00Z".parse_instant(),
            created_by: "test".to_owned(),
        };
        init(&dir, founding).expect("a new data directory");
        Place { temp, dir }
    }

    pub(crate) fn engine(&self, options: Options) -> Engine {
        Engine::open(&self.dir, options).expect("an engine")
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.temp.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a name").to_owned()
    }

    pub(crate) fn history(&self) -> History {
        History::open(&self.dir).expect("a history")
    }
}

pub(crate) trait ParseInstant {
    fn parse_instant(&self) -> umbral_model::time::Timestamp;
}

impl ParseInstant for str {
    fn parse_instant(&self) -> umbral_model::time::Timestamp {
        umbral_model::time::Timestamp::parse(self).expect("an instant")
    }
}

pub(crate) fn event_options() -> Options {
    Options {
        workers: 2,
        ..Options::with_clock(ClockMode::Event)
    }
}

pub(crate) fn ingest(engine: &Engine, file: &str) -> Ingested {
    ingest_until(engine, file, u64::MAX)
}

/// Reads until so many records were handed over (by whole chunks).
pub(crate) fn ingest_until(engine: &Engine, file: &str, records: u64) -> Ingested {
    let mut source = SourceFile::open(file, &reader::Options::default()).expect("a source");
    engine
        .ingest(
            &mut source,
            &mut |progress| match progress.records >= records {
                true => Go::Stop,
                false => Go::On,
            },
        )
        .expect("ingested")
}

pub(crate) fn input(line: &str) -> Incoming {
    umbral_wire::json::parse_incoming(line.as_bytes()).unwrap_or_else(|e| panic!("{e}: {line}"))
}

pub(crate) fn submit(engine: &Engine, lines: &[&str]) -> Vec<Receipt> {
    engine
        .submit(lines.iter().map(|line| input(line)).collect())
        .expect("receipts")
}

/// Every output of the journal as JSON, state changes and repeats included.
pub(crate) fn outputs(dir: &Path) -> Vec<String> {
    outputs_of(&History::open(dir).expect("a history"))
}

/// As [`outputs`], of a history that is open already.
pub(crate) fn outputs_of(history: &History) -> Vec<String> {
    let filter = TailFilter {
        internal_too: true,
        ..TailFilter::default()
    };
    let mut lines = Vec::new();
    let mut tail = history.tail(filter).expect("a tail");
    let _ = tail
        .poll(&mut |_, line| {
            lines.push(line.to_owned());
            ControlFlow::Continue(())
        })
        .expect("read");
    lines
}

/// The same, by account; what has no account is left out.
pub(crate) fn outputs_by_account(dir: &Path) -> BTreeMap<String, Vec<String>> {
    let mut accounts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in outputs(dir) {
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        if let Some(account) = value["account_id"].as_str() {
            accounts.entry(account.to_owned()).or_default().push(line);
        }
    }
    accounts
}

pub(crate) fn assert_adds_up(committed: &Committed) {
    assert!(
        umbral_runtime::adds_up(&committed.counts),
        "{:?}",
        committed.counts
    );
}

/// Pseudo-random numbers that are the same on every machine.
pub(crate) struct Lcg(pub u64);

impl Lcg {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A stream in order of time: accounts and numbers, usage of all kinds, money both ways, numbers that change
/// hands, repeats, unknown numbers, bytes that are no records, another catalog half-way.
pub(crate) fn stream(accounts: u64, records: u64) -> String {
    let mut lcg = Lcg(7);
    let mut text = String::new();
    for account in 0..accounts {
        let class = if account % 5 == 0 { "vip" } else { "standard" };
        let zone = ["Europe/Madrid", "Atlantic/Canary", "Europe/Paris"][(account % 3) as usize];
        let at = instant(account);
        let _ = writeln!(
            text,
            r#"{{"source":"crm","event_id":"c-{account}","occurred_at":"{at}","account_id":"A{account}","customer_added":{{"class":"{class}","plan":"{}","time_zone":"{zone}","cycle_day":{},"vip_rank":0}}}}"#,
            ["basic", "bundle"][(account % 2) as usize],
            account % 28 + 1
        );
        let _ = writeln!(
            text,
            r#"{{"source":"crm","event_id":"m-{account}","occurred_at":"{at}","account_id":"A{account}","member_added":{{"member_id":"M1","identifiers":[{{"kind":"msisdn","value":"3460000{account:04}"}}]}}}}"#
        );
    }
    // Up to 40 days, so that cycles end and timers fire.
    let step = 40 * 86_400 / records.max(1);
    let mut previous = String::new();
    for record in 0..records {
        let at = instant(accounts + record * step);
        let line = record_line(&mut lcg, record, accounts, &at);
        if lcg.below(50) == 0 && !previous.is_empty() {
            text.push_str(&previous);
            text.push('\n');
        }
        text.push_str(&line);
        text.push('\n');
        if record == records / 2 {
            text.push_str(&activation(&at));
            text.push('\n');
        }
        previous = line;
    }
    text
}

fn record_line(lcg: &mut Lcg, record: u64, accounts: u64, at: &str) -> String {
    let account = lcg.below(accounts);
    let who = format!(r#""identifier":{{"kind":"msisdn","value":"3460000{account:04}"}}"#);
    let usage = |body: &str| {
        format!(
            r#"{{"source":"med","event_id":"u-{record}","occurred_at":"{at}",{who},"usage":{{{body}}}}}"#
        )
    };
    let of_account = |body: &str| {
        format!(
            r#"{{"source":"ops","event_id":"o-{record}","occurred_at":"{at}","account_id":"A{account}",{body}}}"#
        )
    };
    match lcg.below(28) {
        24 => correction(lcg, record, &who, at),
        25 => of_account(&format!(
            r#""purchase":{{"purchase_id":"P{record}","method":"on_account","lines":[{{"category":"c","item":"{}","qty":1}}]}}"#,
            ["extra", "phone"][(record % 2) as usize],
        )),
        26 => of_account(&format!(
            r#""plan_changed":{{"plan":"{}","effective":"{}"}}"#,
            ["basic", "bundle"][(record % 2) as usize],
            ["now", "next_cycle"][(record / 2 % 2) as usize]
        )),
        0..=8 => usage(&format!(
            r#""service":"voice","to":"3491{:07}","quantity":"{}s""#,
            lcg.below(9_999_999),
            lcg.below(600)
        )),
        9..=10 => usage(&format!(
            r#""service":"voice","to":"331{:08}","quantity":"{}s""#,
            lcg.below(99_999_999),
            lcg.below(300)
        )),
        11..=12 => usage(r#""service":"sms","to":"34910000000","quantity":"1""#),
        13..=15 => usage(&format!(
            r#""service":"data","quantity":"{}kB""#,
            lcg.below(500_000)
        )),
        16 => usage(&format!(
            r#""service":"voice","to":"39{:09}","quantity":"60s""#,
            lcg.below(999_999_999)
        )),
        17 => of_account(&format!(
            r#""purchase":{{"purchase_id":"P{record}","method":"{}","lines":[{{"category":"c","item":"i","qty":1,"net":"{}.50"}}]}}"#,
            ["cash", "on_account"][(record % 2) as usize],
            lcg.below(9)
        )),
        18 => of_account(&format!(
            r#""payment_received":{{"payment_id":"PAY{record}","amount":"{}.00","method":"transfer"}}"#,
            lcg.below(12) + 1
        )),
        19 => of_account(&format!(
            r#""class_changed":{{"class":"{}","effective":"{}"}}"#,
            ["standard", "vip"][(record % 2) as usize],
            ["now", "next_cycle"][(record / 2 % 2) as usize]
        )),
        20 => format!(
            r#"{{"source":"med","event_id":"x-{record}","occurred_at":"{at}","identifier":{{"kind":"msisdn","value":"3469999{account:04}"}},"usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#
        ),
        21 => "this is no record".to_owned(),
        22 => identifier_change(record, account, at),
        _ => of_account(&format!(
            r#""charge_added":{{"amount":"0.{}","code":"fee"}}"#,
            lcg.below(90) + 10
        )),
    }
}

/// A correction or cancellation of an earlier record: of one of another account, or of none, too, which
/// waits in vain.
fn correction(lcg: &mut Lcg, record: u64, who: &str, at: &str) -> String {
    let of = record.saturating_sub(lcg.below(40));
    match lcg.below(2) {
        0 => format!(
            r#"{{"source":"med","event_id":"k-{record}","occurred_at":"{at}",{who},"usage_cancelled":{{"cancels":"u-{of}"}}}}"#
        ),
        _ => format!(
            r#"{{"source":"med","event_id":"k-{record}","occurred_at":"{at}",{who},"usage_corrected":{{"corrects":"u-{of}","usage":{{"service":"voice","to":"34910000000","quantity":"{}s"}}}}}}"#,
            lcg.below(600)
        ),
    }
}

/// A further number: given, used at once, taken away again under its own number.
fn identifier_change(record: u64, account: u64, at: &str) -> String {
    let number = format!("3461{record:07}");
    let line = |id: &str, kind: &str| {
        format!(
            r#"{{"source":"crm","event_id":"{id}-{record}","occurred_at":"{at}","account_id":"A{account}","{kind}":{{"member_id":"M1","identifier":{{"kind":"msisdn","value":"{number}"}}}}}}"#
        )
    };
    let used = format!(
        r#"{{"source":"med","event_id":"n-{record}","occurred_at":"{at}","identifier":{{"kind":"msisdn","value":"{number}"}},"usage":{{"service":"sms","to":"34910000000","quantity":"1"}}}}"#
    );
    [
        line("ia", "identifier_added"),
        used,
        line("ir", "identifier_removed"),
    ]
    .join("\n")
}

fn activation(at: &str) -> String {
    activation_of("v2", &tariff_with_italy(), at, false)
}

/// A catalog activation as a record, in force at once.
pub(crate) fn activation_of(version: &str, tariff: &str, at: &str, retroactive: bool) -> String {
    activation_from(version, tariff, (at, at), retroactive)
}

/// A catalog activation as a record: when it comes, and from when on it is in force.
pub(crate) fn activation_from(
    version: &str,
    tariff: &str,
    (at, from): (&str, &str),
    retroactive: bool,
) -> String {
    let files = [("catalog.toml", CATALOG), ("tariff.toml", tariff)];
    let files: serde_json::Value = files
        .iter()
        .map(|(path, content)| serde_json::json!({"path": path, "content": content}))
        .collect();
    serde_json::json!({
        "source": "tariffs", "event_id": version, "occurred_at": at,
        "catalog_activated": {
            "version": version, "effective_from": from, "retroactive": retroactive, "files": files,
        },
    })
    .to_string()
}

/// Seconds after the first of March 2026 as an instant.
pub(crate) fn instant(seconds: u64) -> String {
    let start = "2026-03-01T00:00:00Z".parse_instant();
    umbral_model::time::Timestamp::from_seconds(start.seconds() + seconds as i64).to_string()
}
