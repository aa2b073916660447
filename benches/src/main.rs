//! `cargo xtask bench`: rows of name, value, unit, floor and ratio. A floor is measured in the same run, so
//! that a ratio holds on any machine. Ratios are floor/value for times and value/floor for rates: 1 is the limit.

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use std::io::Write;
use std::path::PathBuf;
use umbral_benches::{Row, Sizes, embedded, kafka, latency, mix, process, rating, restart, ticks};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of whole paths.
#[derive(Parser)]
struct Arguments {
    /// Smaller inputs.
    #[arg(long)]
    quick: bool,
    /// Only one group of rows.
    #[arg(long)]
    only: Option<Group>,
    /// Also what needs a Kafka broker.
    #[arg(long)]
    kafka: bool,
    /// `table` or `json`.
    #[arg(long, default_value = "table")]
    output: String,
    /// Only measure a start on this data directory.
    #[arg(long, hide = true, value_name = "DIR")]
    start_of: Option<PathBuf>,
    /// Only measure restarts, of so many accounts.
    #[arg(long, value_name = "ACCOUNTS")]
    restart: Option<u64>,
    /// Keep the data directory of that, to start on it again.
    #[arg(long, requires = "restart", value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Rows that are measured together.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Group {
    Rating,
    Batch,
    Embedded,
    Mix,
    Latency,
    Ticks,
    Csv,
    Restart,
    Kafka,
}

impl Group {
    fn rows(self, sizes: &Sizes) -> Result<Vec<Row>> {
        match self {
            Group::Rating => rating::rows(sizes),
            Group::Batch => process::batch_rows(sizes),
            Group::Embedded => embedded::rows(sizes),
            Group::Mix => mix::rows(sizes),
            Group::Latency => latency::rows(sizes),
            Group::Ticks => ticks::rows(sizes),
            Group::Csv => process::csv_rows(sizes),
            Group::Restart => restart::rows(sizes),
            Group::Kafka => kafka::rows(sizes),
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(dir) = &arguments.start_of {
        let started = restart::start(dir)?;
        println!("{}", serde_json::to_string(&started)?);
        return Ok(());
    }
    if let Some(accounts) = arguments.restart {
        let folder = tempfile::tempdir().context("make a folder")?;
        let dir = arguments.keep.unwrap_or(folder.path().join("data"));
        return print(&restart::rows_of(&dir, accounts)?, &arguments.output);
    }
    let sizes = if arguments.quick {
        Sizes::quick()
    } else {
        Sizes::full()
    };
    let mut rows = Vec::new();
    let wanted = |group: Group| match arguments.only {
        Some(only) => only == group,
        None => group != Group::Kafka || arguments.kafka,
    };
    for group in Group::value_variants() {
        if wanted(*group) {
            rows.extend(group.rows(&sizes)?);
        }
    }
    print(&rows, &arguments.output)
}

fn print(rows: &[Row], output: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if output == "json" {
        writeln!(out, "{}", serde_json::to_string_pretty(rows)?)?;
        return Ok(());
    }
    writeln!(
        out,
        "{:<38} {:>14} {:<10} {:>14} {:>7}",
        "name", "value", "unit", "floor", "ratio"
    )?;
    for row in rows {
        let show = |number: Option<f64>, decimals: usize| {
            number.map_or_else(String::new, |number| format!("{number:.decimals$}"))
        };
        writeln!(
            out,
            "{:<38} {:>14.2} {:<10} {:>14} {:>7}",
            row.name,
            row.value,
            row.unit,
            show(row.floor, 2),
            show(row.ratio, 3)
        )?;
    }
    Ok(())
}
