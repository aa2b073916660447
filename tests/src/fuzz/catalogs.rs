//! Catalog folders, tariff folders of CGRateS, and lines of a batch to be rated. A folder is one text: each file
//! behind a line `=== NAME`.

use smol_str::SmolStr;
use std::path::Path;
use std::sync::OnceLock;
use umbral_catalog::problem::Problem;
use umbral_catalog::version::CatalogSet;
use umbral_catalog::{Compiled, Files, diff, import_cgrates};
use umbral_intake::zones::Iana;
use umbral_model::time::Timestamp;
use umbral_rating::batch::{self, Detail};
use umbral_rating::cases;

const MARK: &str = "=== ";

fn folder(bytes: &[u8]) -> Files {
    let text = String::from_utf8_lossy(bytes);
    let mut files = Files::new();
    let mut name = "catalog.toml";
    let mut content = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix(MARK) {
            Some(next) => {
                files.push((name.into(), std::mem::take(&mut content).into()));
                name = next.trim_end();
            }
            None => content.push_str(line),
        }
    }
    files.push((name.into(), content.into()));
    files.retain(|(_, content)| !content.is_empty());
    files
}

fn written(files: &[(SmolStr, SmolStr)]) -> Vec<u8> {
    let mut text = String::new();
    for (name, content) in files {
        text.push_str(&format!("{MARK}{name}\n{content}\n"));
    }
    text.into_bytes()
}

/// Every problem has words and a place in its file.
fn check_problems(problems: &[Problem], files: &[(SmolStr, SmolStr)]) {
    assert!(!problems.is_empty(), "a refusal says why");
    for problem in problems {
        assert!(!problem.title.is_empty());
        if let Some((_, content)) = files.iter().find(|(name, _)| *name == problem.file) {
            let _ = problem.line_and_column(content);
        }
    }
}

/// The catalog that seeds begin with, compiled: what others are compared with.
fn first() -> &'static Compiled {
    static FIRST: OnceLock<Compiled> = OnceLock::new();
    FIRST.get_or_init(|| umbral_catalog::load(&phone(), &Iana).expect("the example is a catalog"))
}

pub(super) fn catalog(bytes: &[u8]) {
    let files = folder(bytes);
    if let Err(problems) = umbral_catalog::load_series(&files, &Iana) {
        check_problems(&problems, &files);
    }
    let compiled = match umbral_catalog::load(&files, &Iana) {
        Ok(compiled) => compiled,
        Err(problems) => return check_problems(&problems, &files),
    };
    for change in diff::compiled(first(), &compiled) {
        drop(format!("{change:?}"));
    }
    assert!(
        diff::compiled(&compiled, &compiled).is_empty(),
        "it is what it is"
    );
    let from = compiled.catalog.valid_from;
    let mut set = CatalogSet::new();
    set.activate(compiled.catalog, from);
    drop(cases::run(&set, &compiled.cases));
    let mut out = Vec::new();
    for line in rate_line_seeds() {
        batch::rate_line(&set, &line, Detail::Full, &mut out);
    }
}

pub(super) fn cgrates(bytes: &[u8]) {
    let files = folder(bytes);
    match import_cgrates::import(&files, &import_cgrates::Options::default()) {
        Ok(imported) => {
            let loaded = umbral_catalog::load(&imported.files, &Iana);
            if let Err(problems) = loaded {
                panic!(
                    "an imported catalog is none: {problems:#?}\n{:#?}",
                    imported.files
                );
            }
        }
        Err(problems) => check_problems(&problems, &files),
    }
}

pub(super) fn rate_line(bytes: &[u8]) {
    static WORLD: OnceLock<CatalogSet> = OnceLock::new();
    let set = WORLD.get_or_init(|| {
        let mut set = CatalogSet::new();
        set.activate(first().catalog.clone(), Timestamp::from_seconds(0));
        set
    });
    let mut out = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        for detail in [Detail::Full, Detail::Brief] {
            out.clear();
            let priced = batch::rate_line(set, line, detail, &mut out);
            assert_eq!(
                out.iter().filter(|byte| **byte == b'\n').count(),
                1,
                "one line a line"
            );
            let answer: serde_json::Value =
                serde_json::from_slice(&out).expect("the answer is JSON");
            assert_eq!(priced, answer.get("amount").is_some());
            assert_ne!(priced, answer.get("code").is_some());
        }
    }
}

/// The files of an example of the repository.
fn example(name: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples/catalogs")
        .join(name);
    let mut files = Files::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".toml") || name.ends_with(".csv") {
                files.push((name.into(), std::fs::read_to_string(&path).unwrap().into()));
            }
        }
    }
    files.sort();
    files
}

fn phone() -> Files {
    example("phone")
}

/// The catalog of the demonstration.
pub(crate) fn demo() -> Files {
    example("demo")
}

/// A small catalog that has some of everything.
pub(super) const WHOLE: &str = r#"=== catalog.toml
name = "Whole"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01
home_networks = ["21407"]
emergency = ["112"]
[zone.national]
prefixes = ["34"]
[zone.france]
prefixes = ["33"]
[network.eu]
networks = ["208"]
[band.day]
from = "08:00"
to = "20:00"
[band.night]
from = "20:00"
to = "08:00"
[rate.national]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
rounding = "half_up to 4"
[rate.cheap]
price = "0.05 per minute"
[rate.message]
price = "0.10 per event"
[rate.data]
price = "2.00 per GB"
increments = "10kB"
[rate.slice]
tiers = [ { up_to = "300MB", price = "3.00 per GB" }, { price = "1.50 per GB" } ]
tier_kind = "graduated"
increment = "100kB"
[plan.basic]
monthly_fee = "9.90"
proration = "daily"
rules = [
  { service = "voice", zone = "national", band = "day", rate = "national" },
  { service = "voice", zone = "national", band = "night", rate = "cheap" },
  { service = "voice", zone = "*", rate = "national" },
  { service = "data", roaming = "eu", rate = "data" },
  { service = "sms", rate = "message" },
  { service = "data", rate = "slice" },
]
allowances = [
  { name = "5 minutes", service = "voice", zone = "national", units = "5m", shared = false, warn_at = ["50%"] },
  { name = "400 MB", service = "data", units = "400MB", roll_over = "1 cycle", warn_at = ["80%"] },
]
[product.extra]
price = "2.00"
allowances = [ { name = "extra", service = "data", units = "200MB", valid = "10 days", priority = 1 } ]
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
[[case]]
plan = "basic"
record = { service = "sms", to = "34600111222", start = "2026-03-02T10:00:00+01:00", usage = "1" }
charge = "0.10"
"#;

pub(super) fn catalog_seeds() -> Vec<Vec<u8>> {
    vec![
        WHOLE.as_bytes().to_vec(),
        written(&phone()),
        WHOLE.as_bytes().to_vec(),
    ]
}

pub(super) fn cgrates_seeds() -> Vec<Vec<u8>> {
    let files = [
        (
            "Destinations.csv",
            "#Id,Prefix\nDST_A,12\nDST_B,34\nDST_B,3491\n",
        ),
        (
            "Timings.csv",
            "#Id,Years,Months,MonthDays,WeekDays,Time\nTM_DAY,*any,*any,*any,1;2;3;4;5,08:00:00\nTM_NIGHT,*any,*any,*any,*any,20:00:00\n",
        ),
        (
            "Rates.csv",
            "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nRT_A,0,0.11,60s,1s,0s\nRT_B,0.2,0.4,60s,30s,0s\nRT_B,0,0.2,60s,1s,60s\n",
        ),
        (
            "DestinationRates.csv",
            "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\nDR_A,DST_A,RT_A,*up,4,0,\nDR_A,DST_B,RT_B,*middle,4,0,\n",
        ),
        (
            "RatingPlans.csv",
            "#Id,DestinationRatesId,TimingTag,Weight\nRP_A,DR_A,*any,10\nRP_A,DR_A,TM_DAY,20\nRP_A,DR_A,TM_NIGHT,20\n",
        ),
        (
            "RatingProfiles.csv",
            "#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject\nt,call,*any,2026-01-01T00:00:00Z,RP_A,\n",
        ),
    ];
    let files: Files = files
        .map(|(name, text)| (name.into(), text.into()))
        .to_vec();
    vec![written(&files)]
}

pub(super) fn rate_line_seeds() -> Vec<Vec<u8>> {
    [
        r#"{"id":"1","plan":"talk","service":"voice","zone":"mobile","start":"2026-03-02T10:00:00+01:00","usage":"61s"}"#,
        r#"{"id":"2","plan":"basic","service":"voice","to":"34600111222","start":"2026-03-29T01:59:00+01:00","usage":"1h","continued":true}"#,
        r#"{"id":"3","plan":"volume","service":"data","start":"2026-03-02T10:00:00Z","usage":"1GB","duration":"1h","left":{"10 GB":"3MB"}}"#,
        r#"{"id":"4","plan":"graduated","service":"sms","zone":"world","start":"2026-03-02T10:00:00Z","usage":"3","class":"vip","vip_rank":1}"#,
        r#"{"id":"5","profile":"t/call/x","service":"voice","from":"34600111222","direction":"terminating","network":"20801","start":"2026-03-02T10:00:00Z","usage":"1m30s"}"#,
    ]
    .map(|line| line.as_bytes().to_vec())
    .to_vec()
}
