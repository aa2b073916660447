//! A real phone bill under the plans of the sample catalog: what `umbral bill --compare` says agrees, month by
//! month and to the micro-unit, with a plain model that walks the rows of the file itself. The model shares
//! no code with the engine; cycles, fees, allowances, tiers and rounding are written out here once more.
//! Passed over with a message where the file is absent.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use rust_decimal::{Decimal, RoundingStrategy};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_history::{Comparison, History, MonthSpan, PlanChoice};
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{self, SourceFile};
use umbral_model::time::Timestamp;
use umbral_runtime::{ClockMode, Engine, Founding, Go, Options, init};

/// Year and month.
type Month = (i32, u8);

/// A row of the file.
#[derive(Clone, Debug)]
struct Row {
    /// Year, month, day, hour and minute by the clock of the place.
    at: (i32, u8, u8, u8, u8),
    item: Item,
    zone: String,
    /// Seconds, octets, messages.
    usage: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Item {
    Call,
    Data,
    Message,
}

impl Row {
    fn month(&self) -> Month {
        (self.at.0, self.at.1)
    }

    /// Cycles begin on the 15th; a cycle is known by the month in which it begins.
    fn cycle(&self) -> Month {
        match self.at {
            (year, month, day, ..) if day >= 15 => (year, month),
            (year, 1, ..) => (year - 1, 12),
            (year, month, ..) => (year, month - 1),
        }
    }
}

/// What the months come to: fees, and everything.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Total {
    fee: Decimal,
    all: Decimal,
}

type Totals = BTreeMap<Month, Total>;

fn money(text: &str) -> Decimal {
    text.parse().expect("an amount")
}

fn rounded(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// `15/10/14 06:58` or `1/12/2014 8:30`.
fn instant(text: &str) -> (i32, u8, u8, u8, u8) {
    let (date, time) = text.split_once(' ').expect("date and time");
    let date: Vec<i32> = date
        .split('/')
        .map(|n| n.parse().expect("a number"))
        .collect();
    let (hour, minute) = time.split_once(':').expect("hour and minute");
    let year = if date[2] < 100 {
        2000 + date[2]
    } else {
        date[2]
    };
    let number = |text: &str| text.parse().expect("a number");
    (
        year,
        date[1] as u8,
        date[0] as u8,
        number(hour),
        number(minute),
    )
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = text
        .lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split(',').collect();
            let (item, per) = match columns[3] {
                "call" => (Item::Call, 1),
                "data" => (Item::Data, 1_000_000),
                "sms" => (Item::Message, 1),
                other => panic!("{other}"),
            };
            let usage = money(columns[2]) * Decimal::from(per);
            let zone = if columns[6] == "mobile" {
                "mobile"
            } else {
                columns[5]
            };
            Row {
                at: instant(columns[1]),
                item,
                zone: zone.to_owned(),
                usage: usage.normalize().to_string().parse().expect("whole units"),
            }
        })
        .collect();
    rows.sort_by_key(|row| row.at);
    rows
}

/// All cycles from the first row's to the last row's, in order.
fn cycles(rows: &[Row]) -> Vec<Month> {
    let mut cycles: Vec<Month> = rows.iter().map(Row::cycle).collect();
    cycles.dedup();
    for pair in cycles.windows(2) {
        assert_eq!(pair[1], after(pair[0]), "no cycle without a row");
    }
    cycles
}

fn after((year, month): Month) -> Month {
    match month {
        12 => (year + 1, 1),
        _ => (year, month + 1),
    }
}

/// A price per record: setup fee, price of so many units, the first step and the further ones, decimals.
struct Rate {
    setup: &'static str,
    price: &'static str,
    per: u64,
    first: u64,
    then: u64,
    decimals: u32,
}

const fn rate(
    setup: &'static str,
    price: &'static str,
    per: u64,
    steps: (u64, u64),
    decimals: u32,
) -> Rate {
    let (first, then) = steps;
    Rate {
        setup,
        price,
        per,
        first,
        then,
        decimals,
    }
}

fn talk(row: &Row) -> Rate {
    match (row.item, row.zone.as_str()) {
        (Item::Call, "mobile") => rate("0.02", "0.12", 60, (30, 1), 4),
        (Item::Call, "landline") => rate("0.02", "0.06", 60, (1, 1), 4),
        (Item::Call, "voicemail") => rate("0", "0.05", 60, (60, 1), 4),
        (Item::Call, "world") => rate("0.10", "0.45", 60, (60, 60), 4),
        (Item::Message, "mobile" | "landline") => rate("0", "0.09", 1, (1, 1), 6),
        (Item::Message, "world") => rate("0", "0.20", 1, (1, 1), 6),
        (Item::Message, "special") => rate("0", "0.60", 1, (1, 1), 6),
        (Item::Data, "data") => rate("0", "0.012", 1_000_000, (10_000, 10_000), 4),
        other => panic!("{other:?}"),
    }
}

/// Units that are billed: whole steps.
fn billed(usage: u64, first: u64, then: u64) -> u64 {
    let rest = usage.saturating_sub(first);
    first + rest.div_ceil(then) * then
}

impl Rate {
    /// What a record costs of which so many units cost nothing; one with such units has no setup fee.
    fn amount(&self, usage: u64, free: impl FnOnce(u64) -> u64) -> Decimal {
        if usage == 0 {
            return Decimal::ZERO;
        }
        let units = billed(usage, self.first, self.then);
        let free = free(units);
        let setup = if free > 0 {
            Decimal::ZERO
        } else {
            money(self.setup)
        };
        let paid = Decimal::from(units - free) * money(self.price) / Decimal::from(self.per);
        rounded(setup + paid, self.decimals)
    }
}

fn add(totals: &mut Totals, month: Month, amount: Decimal) {
    totals.entry(month).or_default().all += amount;
}

fn add_fees(totals: &mut Totals, rows: &[Row], fee: &str) {
    for cycle in cycles(rows) {
        totals.entry(cycle).or_default().fee += money(fee);
        add(totals, cycle, money(fee));
    }
}

fn under_talk(rows: &[Row]) -> Totals {
    let mut totals = Totals::new();
    for row in rows {
        add(&mut totals, row.month(), talk(row).amount(row.usage, |_| 0));
    }
    totals
}

/// 200 minutes, 50 messages, 1 GB in a cycle; what is left of them is spent first in the next one, and then gone.
fn under_bundle(rows: &[Row]) -> Totals {
    let mut totals = Totals::new();
    add_fees(&mut totals, rows, "32");
    let included = [
        (Item::Call, 200 * 60),
        (Item::Message, 50),
        (Item::Data, 1_000_000_000),
    ];
    let mut cycle = None;
    let mut old: BTreeMap<Item, u64> = BTreeMap::new();
    let mut new: BTreeMap<Item, u64> = BTreeMap::new();
    for row in rows {
        if cycle != Some(row.cycle()) {
            cycle = Some(row.cycle());
            old = std::mem::replace(&mut new, included.into());
        }
        let covers = !matches!(row.zone.as_str(), "world" | "special");
        let mut take = |units: u64| {
            let mut taken = 0;
            for left in [&mut old, &mut new] {
                let left = left.entry(row.item).or_default();
                let part = (units - taken).min(*left);
                *left -= part;
                taken += part;
            }
            taken
        };
        let amount = talk(row).amount(row.usage, |units| if covers { take(units) } else { 0 });
        add(&mut totals, row.month(), amount);
    }
    totals
}

/// A rate with tiers: units of the cycle up to which each reaches, and its price per `per` units.
struct Tiered {
    tiers: &'static [(u64, &'static str)],
    per: u64,
    step: u64,
    decimals: u32,
}

const END: u64 = u64::MAX;

const MINUTES_GRADUATED: Tiered = Tiered {
    tiers: &[(60 * 60, "0.15"), (240 * 60, "0.11"), (END, "0.05")],
    per: 60,
    step: 1,
    decimals: 4,
};
const MESSAGES_GRADUATED: Tiered = Tiered {
    tiers: &[(20, "0.12"), (END, "0.06")],
    per: 1,
    step: 1,
    decimals: 6,
};
const DATA_GRADUATED: Tiered = Tiered {
    tiers: &[
        (250_000_000, "0.020"),
        (1_000_000_000, "0.012"),
        (END, "0.004"),
    ],
    per: 1_000_000,
    step: 10_000,
    decimals: 4,
};
const MINUTES_VOLUME: Tiered = Tiered {
    tiers: &[(120 * 60, "0.14"), (360 * 60, "0.11"), (END, "0.09")],
    per: 60,
    step: 1,
    decimals: 4,
};
const DATA_VOLUME: Tiered = Tiered {
    tiers: &[
        (500_000_000, "0.015"),
        (1_000_000_000, "0.012"),
        (END, "0.008"),
    ],
    per: 1_000_000,
    step: 10_000,
    decimals: 4,
};

impl Tiered {
    /// Price of the unit with this number, counted from 1.
    fn price_of(&self, unit: u64) -> Decimal {
        let (_, price) = self
            .tiers
            .iter()
            .find(|(end, _)| unit <= *end)
            .expect("a tier");
        money(price)
    }

    fn over_per(&self, amount: Decimal) -> Decimal {
        rounded(amount / Decimal::from(self.per), self.decimals)
    }

    /// Every unit at the price of its tier, one step after the other.
    fn graduated(&self, usage: u64, so_far: &mut u64) -> Decimal {
        let mut sum = Decimal::ZERO;
        for _ in 0..usage.div_ceil(self.step) {
            *so_far += self.step;
            sum += self.price_of(*so_far) * Decimal::from(self.step);
        }
        self.over_per(sum)
    }

    /// All units of the cycle at the price of the last one; what earlier ones cost more or less comes beside.
    fn volume(&self, usage: u64, so_far: &mut u64) -> Decimal {
        let before = *so_far;
        let units = usage.div_ceil(self.step) * self.step;
        *so_far += units;
        let price = self.price_of((*so_far).max(1));
        let moved = price - self.price_of(before.max(1));
        self.over_per(price * Decimal::from(units)) + self.over_per(moved * Decimal::from(before))
    }
}

fn under_graduated(rows: &[Row]) -> Totals {
    let mut totals = Totals::new();
    let mut so_far: BTreeMap<(Month, Item), u64> = BTreeMap::new();
    for row in rows {
        let so_far = so_far.entry((row.cycle(), row.item)).or_default();
        let amount = match (row.item, row.zone.as_str()) {
            (Item::Call, "mobile" | "landline") => MINUTES_GRADUATED.graduated(row.usage, so_far),
            (Item::Message, "mobile" | "landline") => {
                MESSAGES_GRADUATED.graduated(row.usage, so_far)
            }
            (Item::Data, _) => DATA_GRADUATED.graduated(row.usage, so_far),
            _ => talk(row).amount(row.usage, |_| 0),
        };
        add(&mut totals, row.month(), amount);
    }
    totals
}

fn under_volume(rows: &[Row]) -> Totals {
    let mut totals = Totals::new();
    add_fees(&mut totals, rows, "3.90");
    let mut so_far: BTreeMap<(Month, Item), u64> = BTreeMap::new();
    for row in rows {
        let so_far = so_far.entry((row.cycle(), row.item)).or_default();
        let amount = match (row.item, row.zone.as_str()) {
            (Item::Call, "mobile" | "landline" | "voicemail") => {
                MINUTES_VOLUME.volume(row.usage, so_far)
            }
            (Item::Data, _) => DATA_VOLUME.volume(row.usage, so_far),
            _ => talk(row).amount(row.usage, |_| 0),
        };
        add(&mut totals, row.month(), amount);
    }
    totals
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The file beside the repository, or above it.
fn phone_data() -> Option<PathBuf> {
    let root = root().canonicalize().expect("the repository");
    let found = root
        .ancestors()
        .map(|folder| folder.join("shared/data/phone_data.csv"))
        .find(|path| path.exists());
    if found.is_none() {
        eprintln!("passed over: shared/data/phone_data.csv is not here");
    }
    found
}

fn files(folder: &Path, prefix: &str, found: &mut Vec<(SmolStr, SmolStr)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = format!(
            "{prefix}{}",
            path.file_name()
                .and_then(|name| name.to_str())
                .expect("a name")
        );
        if path.is_dir() {
            files(&path, &format!("{name}/"), found);
        } else {
            let text = std::fs::read_to_string(&path).expect("a text");
            found.push((name.into(), text.into()));
        }
    }
}

/// The file through its mapping into a data directory of its own, in which the account has plan `talk`.
fn compared(file: &Path) -> Comparison {
    let temp = tempfile::tempdir().expect("a folder");
    let dir = temp.path().join("data");
    let mut catalog = Vec::new();
    files(&root().join("examples/catalogs/phone"), "", &mut catalog);
    let founding = Founding {
        partitions: 4,
        catalogs: vec![catalog],
        at: Timestamp::from_seconds(0),
        created_by: "test".to_owned(),
    };
    init(&dir, founding).expect("a data directory");
    let engine = Engine::open(&dir, Options::with_clock(ClockMode::Event)).expect("an engine");
    let mapping = Mapping::load(&root().join("examples/mappings/phone.toml")).expect("a mapping");
    let options = reader::Options {
        mapping: Some(Arc::new(mapping)),
        ..reader::Options::default()
    };
    let mut source = SourceFile::open(file.to_str().expect("a name"), &options).expect("a source");
    engine
        .ingest(&mut source, &mut |_| Go::On)
        .expect("ingested");
    engine.stop().expect("stopped");
    let history = History::open(&dir).expect("a history");
    history
        .compare(&"PHONE-1".into(), MonthSpan::default(), &PlanChoice::All)
        .expect("a comparison")
}

#[test]
fn a_phone_bill_under_three_plans_agrees_with_a_plain_model() {
    let Some(file) = phone_data() else { return };
    let rows = rows(&std::fs::read_to_string(&file).expect("the file"));
    assert_eq!(rows.len(), 830);
    let expected = BTreeMap::from([
        ("talk", under_talk(&rows)),
        ("bundle", under_bundle(&rows)),
        ("graduated", under_graduated(&rows)),
        ("volume", under_volume(&rows)),
    ]);
    let comparison = compared(&file);
    let decimal = |amount: umbral_model::money::Money| money(&amount.to_string());
    assert_eq!(comparison.plans.len(), expected.len());
    assert_eq!(comparison.unpriced, []);
    for plan in &comparison.plans {
        let model = &expected[plan.plan.as_str()];
        assert_eq!(plan.records, 830, "{}", plan.plan);
        assert_eq!(plan.present, plan.plan == "talk");
        let months: Totals = plan
            .months
            .iter()
            .map(|month| {
                let at = (month.month.year, month.month.month);
                let (fee, all) = (decimal(month.cost.fee), decimal(month.cost.total));
                (at, Total { fee, all })
            })
            .collect();
        assert_eq!(&months, model, "{}", plan.plan);
        let all: Decimal = model.values().map(|total| total.all).sum();
        assert_eq!(decimal(plan.cost.total), all, "{}", plan.plan);
    }
    let totals = expected.iter().map(|(name, model)| {
        let all: Decimal = model.values().map(|total| total.all).sum();
        (all, *name)
    });
    let (_, cheapest) = totals.min().expect("plans");
    let marked: Vec<&str> = comparison
        .plans
        .iter()
        .filter(|plan| plan.cheapest)
        .map(|plan| plan.plan.as_str())
        .collect();
    assert_eq!(marked, [cheapest]);
    // The plans differ where it matters: each of them is the best one of some month.
    let best = |name: &str| {
        let mut plans = comparison.plans.iter().filter(|plan| plan.plan == name);
        plans.any(|plan| plan.months.iter().any(|month| month.cheapest))
    };
    assert!(best("talk") && best("bundle") && best("volume"));
}
