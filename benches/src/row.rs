//! What a benchmark prints, and what it prints it about.

use serde::Serialize;

/// One result. A ratio is floor/value for times and value/floor for rates: 1 is the limit.
#[derive(Serialize, Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// How much, in `unit`.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What the same machine did in the same run with as little as possible.
    pub floor: Option<f64>,
    /// How much of the floor is left.
    pub ratio: Option<f64>,
}

impl Row {
    /// A rate, which is at best its floor.
    pub fn rate(name: impl Into<String>, value: f64, unit: &'static str, floor: f64) -> Row {
        Row {
            floor: Some(floor),
            ratio: Some(value / floor),
            ..Row::plain(name, value, unit)
        }
    }

    /// A time, which is at best its floor.
    pub fn time(name: impl Into<String>, value: f64, unit: &'static str, floor: f64) -> Row {
        Row {
            floor: Some(floor),
            ratio: Some(floor / value),
            ..Row::plain(name, value, unit)
        }
    }

    /// A figure without a floor.
    pub fn plain(name: impl Into<String>, value: f64, unit: &'static str) -> Row {
        Row {
            name: name.into(),
            value,
            unit,
            floor: None,
            ratio: None,
        }
    }
}

/// How much of everything.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Accounts of the full path.
    pub accounts: u64,
    /// Accounts of each restart.
    pub restarted: Vec<u64>,
    /// Usage records of the full path.
    pub records: u64,
    /// Subscribers of the operator whose full mix is measured.
    pub subscribers: u32,
    /// Prefixes of the catalog, where only one number is wanted.
    pub prefixes: usize,
    /// Repetitions of what takes nanoseconds.
    pub repeats: u32,
    /// Lines of a batch that is rated through the command line.
    pub lines: u64,
    /// Rows of the CSV file.
    pub rows: u64,
    /// Seconds of load whose latency is measured.
    pub seconds: u64,
    /// Records that go through Kafka.
    pub kafka_records: u64,
}

impl Sizes {
    /// What a full run takes.
    pub fn full() -> Sizes {
        Sizes {
            accounts: 1_000_000,
            restarted: vec![1_000_000, 10_000_000],
            records: 4_000_000,
            subscribers: 100_000,
            prefixes: 100_000,
            repeats: 2_000_000,
            lines: 2_000_000,
            rows: 10_000_000,
            seconds: 30,
            kafka_records: 3_000_000,
        }
    }

    /// A taste of it, for a look while something is changed.
    pub fn quick() -> Sizes {
        Sizes {
            accounts: 20_000,
            restarted: vec![200_000],
            records: 300_000,
            subscribers: 5_000,
            prefixes: 100_000,
            repeats: 200_000,
            lines: 200_000,
            rows: 300_000,
            seconds: 3,
            kafka_records: 200_000,
        }
    }
}
