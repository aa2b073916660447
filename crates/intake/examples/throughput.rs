//! Rows per second of each reader on one thread, over files that it makes up:
//! `cargo run --release -p umbral-intake --example throughput -- [ROWS]`.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{Options, RecordReader, SourceFile};
use umbral_wire::{json, proto};

const CSV: &str = r#"source = "bench"
format = "csv"
event_id = { column = "id" }
identifier = { kind = "msisdn", column = "from" }
[time]
column = "at"
formats = ["%d/%m/%Y %H:%M:%S"]
zone = "Europe/Madrid"
[[record]]
kind = "usage"
service = { column = "item", values = { call = "voice", data = "data", sms = "sms" } }
quantity = { column = "amount", unit = { voice = "s", data = "MB", sms = "events" } }
to = { column = "to" }
"#;

type Anything = Box<dyn std::error::Error>;

fn main() -> Result<(), Anything> {
    let rows: u64 = std::env::args()
        .nth(1)
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let csv = folder.path().join("usage.csv");
    let ndjson = folder.path().join("usage.ndjson");
    let protobuf = folder.path().join("usage.pb");
    write_csv(&csv, rows)?;
    write_messages(&ndjson, &protobuf, rows)?;
    let mapping = Mapping::parse("bench.toml", CSV).map_err(|problems| format!("{problems:?}"))?;
    let mapped = Options {
        mapping: Some(Arc::new(mapping)),
        ..Options::default()
    };
    let sorted = Options {
        sorted: true,
        ..mapped.clone()
    };
    measure("csv", &csv, &mapped, rows)?;
    measure("csv, sorted", &csv, &sorted, rows)?;
    measure("ndjson", &ndjson, &Options::default(), rows)?;
    measure("protobuf", &protobuf, &Options::default(), rows)?;
    Ok(())
}

fn measure(name: &str, path: &Path, options: &Options, rows: u64) -> Result<(), Anything> {
    let start = Instant::now();
    let mut source = SourceFile::open(path.to_str().ok_or("path")?, options)?;
    let opened = start.elapsed();
    let mut good = 0;
    while let Some(record) = source.next_record(&|_| true)? {
        good += u64::from(record.content.is_ok());
    }
    let all = start.elapsed();
    if good != rows {
        return Err(format!("{name}: {good} of {rows} rows were read").into());
    }
    println!(
        "{name:12} {:>9.0} rows/s, {:.3} s of which {:.3} s to open and hash",
        rows as f64 / all.as_secs_f64(),
        all.as_secs_f64(),
        opened.as_secs_f64()
    );
    Ok(())
}

fn write_csv(path: &Path, rows: u64) -> Result<(), Anything> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    writeln!(out, "id,at,from,item,amount,to")?;
    for row in 0..rows {
        let (second, minute, hour) = (row % 60, row / 60 % 60, row / 3600 % 24);
        let from = 34_600_000_000 + row % 100_000;
        let day = 1 + row / 86_400 % 28;
        let (item, amount) = kind(row);
        writeln!(
            out,
            "u-{row},{day:02}/03/2026 {hour:02}:{minute:02}:{second:02},{from},{item},{amount},34911{:06}",
            row % 999_983
        )?;
    }
    Ok(out.flush()?)
}

fn kind(row: u64) -> (&'static str, String) {
    match row % 10 {
        0..5 => ("call", (row % 600).to_string()),
        5..8 => ("data", format!("{}.{:03}", row % 50, row % 1000)),
        _ => ("sms", "1".to_owned()),
    }
}

fn write_messages(ndjson: &Path, protobuf: &Path, rows: u64) -> Result<(), Anything> {
    let mut lines = BufWriter::new(std::fs::File::create(ndjson)?);
    let mut messages = BufWriter::new(std::fs::File::create(protobuf)?);
    for row in 0..rows {
        let (second, minute, hour) = (row % 60, row / 60 % 60, row / 3600 % 24);
        let line = format!(
            "{{\"source\":\"med1\",\"event_id\":\"u-{row}\",\"occurred_at\":\"2026-03-02T{hour:02}:{minute:02}:{second:02}Z\",\"identifier\":{{\"kind\":\"msisdn\",\"value\":\"{}\"}},\"usage\":{{\"service\":\"voice\",\"direction\":\"originating\",\"to\":\"34911{:06}\",\"quantity\":\"{}s\"}}}}",
            34_600_000_000u64 + row % 100_000,
            row % 999_983,
            row % 600
        );
        writeln!(lines, "{line}")?;
        let incoming = json::parse_incoming(line.as_bytes())?;
        let mut message = Vec::new();
        proto::encode_delimited(&incoming, &mut message);
        messages.write_all(&message)?;
    }
    lines.flush()?;
    Ok(messages.flush()?)
}
