//! Whole processes: rating a batch through the command line, and taking in a large CSV file.

use crate::embedded::{found, ingest, write_file};
use crate::{Choice, Row, Seeded, Sizes, catalog, customer, restart, usage};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;
use umbral_model::input::{Address, Body, IncomingBody};
use umbral_runtime::Engine;

/// The command, which lies beside this benchmark.
fn umbral() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("umbral");
    anyhow::ensure!(
        path.is_file(),
        "there is no {}: cargo build --release -p umbral",
        path.display()
    );
    Ok(path)
}

/// Seconds that the command takes with these arguments, its output thrown away.
fn seconds_of(arguments: &[&str]) -> Result<f64> {
    let mut command = Command::new(umbral()?);
    command.args(arguments).stdout(Stdio::null());
    let started = Instant::now();
    let status = command.status()?;
    let seconds = started.elapsed().as_secs_f64();
    anyhow::ensure!(status.success(), "umbral {arguments:?} ended with {status}");
    Ok(seconds)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

/// Rows of `umbral rate --batch`, explained and brief, on one thread and on two. The floor is parsing the same
/// lines with serde_json on one thread.
///
/// # Errors
/// Anything that does not work.
pub fn batch_rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let tariff = folder.path().join("catalog");
    for (name, content) in catalog(sizes.prefixes) {
        let path = tariff.join(name.as_str());
        std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        std::fs::write(path, content.as_bytes())?;
    }
    let lines = folder.path().join("lines.ndjson");
    write_lines(&lines, sizes)?;
    let floor = sizes.lines as f64 / parse_lines(&lines)?;
    let mut rows = Vec::new();
    for (brief, words) in [("", [].as_slice()), ("_brief", ["--brief"].as_slice())] {
        for threads in [1, 2] {
            let count = threads.to_string();
            let mut arguments = vec!["rate", "--quiet", "--catalog", text(&tariff)?];
            arguments.extend(["--batch", text(&lines)?, "--threads", &count]);
            arguments.extend(words);
            let rate = sizes.lines as f64 / seconds_of(&arguments)?;
            let more = if threads == 1 { "" } else { "_2_threads" };
            let name = format!("rate_batch_cli{brief}{more}");
            rows.push(Row::rate(
                name,
                rate,
                "records/s",
                floor * f64::from(threads),
            ));
        }
    }
    Ok(rows)
}

/// A usage record with the number that it came from.
struct Line {
    msisdn: String,
    called: String,
    service: String,
    quantity: u64,
    start: String,
}

fn line(number: u64, sizes: &Sizes, choice: Choice, random: &mut Seeded) -> Result<Line> {
    let incoming = usage(number, sizes.accounts, sizes.prefixes, choice, random);
    let (Some(Address::Identifier(identifier)), IncomingBody::Account(Body::Usage(usage))) =
        (&incoming.address, &incoming.body)
    else {
        anyhow::bail!("a usage record with an identifier was expected");
    };
    Ok(Line {
        msisdn: identifier.value.to_string(),
        called: format!("{}{}", usage.to.head, usage.to.tail),
        service: usage.service.as_str().to_owned(),
        quantity: match usage.service.as_str() {
            "voice" => usage.quantity / 1_000_000_000,
            _ => usage.quantity,
        },
        start: incoming.occurred_at.to_string(),
    })
}

fn write_lines(path: &Path, sizes: &Sizes) -> Result<()> {
    let mut random = Seeded::new(5);
    let mut out = BufWriter::new(File::create(path)?);
    for number in 0..sizes.lines {
        let line = line(number, sizes, Choice::Uniform, &mut random)?;
        let Line {
            called,
            service,
            quantity,
            start,
            ..
        } = line;
        writeln!(
            out,
            r#"{{"id":"{number}","plan":"bench","service":"{service}","to":"{called}","start":"{start}","usage":"{quantity}"}}"#
        )?;
    }
    Ok(out.flush()?)
}

/// The fields of a line, as little as a parser can make of them.
#[derive(Deserialize)]
#[allow(dead_code, reason = "only parsing them is measured")]
struct Fields<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    plan: Cow<'a, str>,
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    start: Cow<'a, str>,
    #[serde(borrow)]
    usage: Cow<'a, str>,
}

fn parse_lines(path: &Path) -> Result<f64> {
    let started = Instant::now();
    let mut reader = BufReader::with_capacity(1 << 19, File::open(path)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        std::hint::black_box(serde_json::from_slice::<Fields<'_>>(&line)?);
        line.clear();
    }
    Ok(started.elapsed().as_secs_f64())
}

/// How the rows of the CSV file are read.
const MAPPING: &str = r#"
source = "med"
format = "csv"
event_id = { column = "id" }
identifier = { kind = "msisdn", column = "msisdn" }

[time]
column = "start"
formats = ["rfc3339"]
zone = "Europe/Madrid"

[[record]]
kind = "usage"
service = { column = "service" }
to = { column = "called" }
quantity = { column = "used", unit = { voice = "s", data = "B", sms = "events" } }
"#;

/// The row of `umbral ingest` with a large CSV file: the whole process, from its start to the last synced batch.
/// The floor is reading the same file into records with the csv crate on one thread.
///
/// # Errors
/// Anything that does not work.
pub fn csv_rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let dir = folder.path().join("data");
    found(&dir, crate::catalog(sizes.prefixes))?;
    let engine = Engine::open(&dir, restart::options(2))?;
    let customers = folder.path().join("customers.pb");
    write_file(&customers, (0..sizes.accounts).flat_map(customer))?;
    ingest(&engine, &customers)?;
    engine.snapshot()?;
    engine.stop()?;
    let rows = folder.path().join("rows.csv");
    write_csv(&rows, sizes)?;
    let mapping = folder.path().join("mapping.toml");
    std::fs::write(&mapping, MAPPING)?;
    let floor = sizes.rows as f64 / parse_csv(&rows)?;
    let mut arguments = vec!["ingest", "--quiet", "--strict", "--clock", "event"];
    arguments.extend(["--data", text(&dir)?, "--mapping", text(&mapping)?]);
    arguments.push(text(&rows)?);
    let rate = sizes.rows as f64 / seconds_of(&arguments)?;
    Ok(vec![Row::rate("ingest_csv", rate, "records/s", floor)])
}

fn write_csv(path: &Path, sizes: &Sizes) -> Result<()> {
    let mut random = Seeded::new(9);
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "id,start,msisdn,service,called,used")?;
    for number in 0..sizes.rows {
        let line = line(number, sizes, Choice::Zipf, &mut random)?;
        let Line {
            msisdn,
            called,
            service,
            quantity,
            start,
        } = line;
        writeln!(
            out,
            "u{number},{start},{msisdn},{service},{called},{quantity}"
        )?;
    }
    out.flush()?;
    Ok(out.get_ref().sync_all()?)
}

fn parse_csv(path: &Path) -> Result<f64> {
    let started = Instant::now();
    let mut reader = csv::Reader::from_reader(File::open(path)?);
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        std::hint::black_box(record.len());
    }
    Ok(started.elapsed().as_secs_f64())
}
