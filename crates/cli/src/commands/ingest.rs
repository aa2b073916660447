//! `umbral ingest`: files of usage, purchases and customer changes into a data directory.

use crate::args::threads;
use crate::config::{self, ClockKind};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::{bar, grouped, per_second};
use crate::output::table::{Align, Table};
use crate::service::follow::{self, Came, Folder};
use crate::service::intake::{self, Reading};
use crate::service::send;
use crate::service::signals::Stop;
use crate::site::{Found, OnKafka, Site};
use crate::text::count;
use indicatif::ProgressBar;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use umbral_history::History;
use umbral_intake::reader::Format;
use umbral_model::rejection::Reason;
use umbral_model::units::{Measurement, Quantity};
use umbral_runtime::{Committed, Engine, Go, Ingested, Options, Progress};

/// Take files of usage, purchases and customer changes into a data directory.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral ingest --data prod customers.ndjson usage.ndjson.gz
  umbral ingest --data prod --mapping phone.toml phone_data.csv --clock event
  umbral ingest --data new --catalog my-tariff --clock event history.ndjson.zst
  mediation | umbral ingest --data prod -
  umbral ingest --data prod --follow incoming --mapping cdr.toml
  umbral ingest --config umbral.toml customers.ndjson     to the topics of a deployment on Kafka

NDJSON (.ndjson .jsonl .json), length-delimited protobuf (.pb .binpb), and with a mapping CSV and
fixed-width files; .gz and .zst behind it. A reading that was broken off goes on where it was; a
file that was taken is not taken again. With --clock event several files are merged by time.")]
pub(crate) struct Args {
    #[command(flatten)]
    site: Site,
    /// Files in the order in which they are taken, - for standard input
    #[arg(value_name = "FILE", required_unless_present = "follow")]
    files: Vec<String>,
    /// How the rows of CSV and fixed-width files are read
    #[arg(long, value_name = "M.toml")]
    mapping: Option<PathBuf>,
    /// How records are written, where the file's name does not tell
    #[arg(long, value_enum)]
    format: Option<FormatKind>,
    /// Where time comes from
    #[arg(long, value_enum, default_value_t)]
    clock: ClockKind,
    /// How far one record may move the event clock
    #[arg(long, value_name = "TIME", default_value = "35d", value_parser = duration)]
    max_gap: i64,
    /// Take the records of a file in the order of their time
    #[arg(long)]
    sort: bool,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<u16>,
    /// Most records of one batch [default: 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch: Option<u32>,
    /// Octets after which a file of the log is sealed [default: 268435456]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u64).range(config::SEGMENT_BYTES_MIN..))]
    segment_bytes: Option<u64>,
    /// Keys of inputs that may be kept to recognise repeats [default: 1000000000]
    #[arg(long, value_name = "N", hide_short_help = true, value_parser = clap::value_parser!(u64).range(1..))]
    window_keys: Option<u64>,
    /// End with exit code 1 if a record was quarantined
    #[arg(long)]
    strict: bool,
    /// Create the data directory with this catalog if it is not there
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<PathBuf>,
    /// Go on with the files that come into a folder, until told to stop
    #[arg(long, value_name = "DIR")]
    follow: Option<PathBuf>,
    /// How long a file of that folder has to be unchanged before it is taken
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    rest: i64,
}

/// Formats that a file's name can leave open.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FormatKind {
    /// One JSON object a line
    Ndjson,
    /// Protobuf messages, each behind its length
    Protobuf,
}

fn duration(text: &str) -> Result<i64, String> {
    let parsed = Quantity::parse(text, Measurement::Time).map_err(|error| error.to_string())?;
    i64::try_from(parsed.0).map_err(|error| error.to_string())
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let reading = Reading {
        format: args.format.map(|format| match format {
            FormatKind::Ndjson => Format::Ndjson,
            FormatKind::Protobuf => Format::Protobuf,
        }),
        mapping: args
            .mapping
            .as_deref()
            .map(|path| intake::mapping(path, out))
            .transpose()?,
        sorted: args.sort,
    };
    args.files.iter().try_for_each(|file| reading.check(file))?;
    if let Some(folder) = &args.follow {
        fs::read_dir(folder).map_err(|error| Failure::file("read", folder, &error))?;
    }
    match args.site.find(out)? {
        Found::Data(data) => take(args, &data, reading, out),
        Found::Kafka(found) => send_files(args, &found, &reading, out),
    }
}

/// What is decided where records are taken, and not where they are sent.
fn send_files(
    args: &Args,
    found: &OnKafka,
    reading: &Reading,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let what = if args.follow.is_some() {
        "--follow: send each file when it is whole"
    } else if args.catalog.is_some() {
        "--catalog: umbral catalog activate sends one"
    } else if args.strict {
        "--strict: what comes of the records is known when an instance takes them"
    } else if args.clock == ClockKind::Event {
        "--clock: it is set in umbral.toml, for all instances"
    } else {
        return send::run(found, reading, &args.files, &args.site.option(), out);
    };
    Err(Failure::usage(format!("on Kafka there is no {what}")))
}

/// Takes files into a data directory.
fn take(args: &Args, data: &Path, reading: Reading, out: &mut Out) -> Result<Exit, Failure> {
    create_if_new(args, data, out)?;
    let engine = Engine::open(data, options(args)).map_err(|error| Failure::engine(&error))?;
    let before = engine.committed();
    let started = Instant::now();
    let mut taken = take_files(args, &reading, &engine, out)?;
    if let Some(folder) = &args.follow {
        let folder = Folder {
            path: folder.clone(),
            reading,
            rest: Duration::from_nanos(args.rest.unsigned_abs()),
        };
        follow(&folder, &engine, out, &mut taken)?;
    }
    let after = engine.stop().map_err(|error| Failure::engine(&error))?;
    let summary = Totals {
        taken,
        before,
        after,
        elapsed: started.elapsed(),
    };
    let quarantined = summary.after.counts.quarantined - summary.before.counts.quarantined;
    summary.show(data, out)?;
    Ok(intake::exit(args.strict, quarantined))
}

fn create_if_new(args: &Args, data: &Path, out: &Out) -> Result<(), Failure> {
    let Some(catalog) = &args.catalog else {
        return Ok(());
    };
    let partitions = super::init::PARTITIONS;
    if let Some(label) = super::init::create_where_missing(data, catalog, partitions, out)? {
        out.say(format!("created {} with catalog {label}", data.display()));
    }
    Ok(())
}

fn options(args: &Args) -> Options {
    let mut options = Options::with_clock(args.clock.mode());
    options.max_gap = args.max_gap;
    if let Some(threads) = args.threads {
        options.workers = usize::from(threads);
    }
    if let Some(batch) = args.batch {
        options.batch_inputs = batch as usize;
    }
    options.window_keys = args.window_keys.unwrap_or(options.window_keys);
    if let Some(bytes) = args.segment_bytes {
        options.log.segment_bytes = bytes;
    }
    options
}

/// What was read of one file.
struct Taken {
    name: String,
    records: u64,
    skipped: u64,
}

fn take_files(
    args: &Args,
    reading: &Reading,
    engine: &Engine,
    out: &Out,
) -> Result<Vec<Taken>, Failure> {
    if args.clock == ClockKind::Event && args.files.len() > 1 {
        let name = count(args.files.len() as u64, "file", "files");
        let bar = bar(out, Some(0), "bytes");
        bar.set_prefix(name.clone());
        let mut show = progress_on(&bar);
        let ingested = reading.merged(engine, &args.files, &mut show)?;
        bar.finish_and_clear();
        return Ok(vec![Taken {
            name,
            records: ingested.records,
            skipped: ingested.skipped,
        }]);
    }
    args.files
        .iter()
        .map(|file| take_file(file, reading, engine, out))
        .collect()
}

fn take_file(file: &str, reading: &Reading, engine: &Engine, out: &Out) -> Result<Taken, Failure> {
    let total = fs::metadata(file).ok().map(|metadata| metadata.len());
    let bar = bar(out, total, "bytes");
    bar.set_prefix(file.to_owned());
    let ingested = reading.one(engine, file, &mut progress_on(&bar))?;
    bar.finish_and_clear();
    if ingested.records > 0 && ingested.skipped == ingested.records {
        out.say(format!("{file} was taken before"));
    } else if ingested.skipped > 0 {
        let records = count(ingested.skipped, "record", "records");
        out.say(format!("{file}: went on after {records} taken before"));
    }
    Ok(Taken {
        name: file.to_owned(),
        records: ingested.records,
        skipped: ingested.skipped,
    })
}

/// Shows progress on a bar, with the rate so far.
fn progress_on(bar: &ProgressBar) -> impl FnMut(&Progress) -> Go + use<> {
    let bar = bar.clone();
    let started = Instant::now();
    move |progress| {
        match progress.total_bytes {
            Some(total) => {
                bar.set_length(total);
                bar.set_position(progress.bytes);
            }
            None => bar.set_position(progress.records),
        }
        let rate = per_second(progress.records - progress.skipped, started.elapsed());
        bar.set_message(format!("{} records, {rate}/s", grouped(progress.records)));
        Go::On
    }
}

/// Takes the files that come into a folder until told to stop.
fn follow(
    folder: &Folder,
    engine: &Engine,
    out: &Out,
    taken: &mut Vec<Taken>,
) -> Result<(), Failure> {
    let stop = Stop::listening()
        .map_err(|error| Failure::usage(format!("cannot listen for signals: {error}")))?;
    out.say(format!("following {}; Ctrl-C ends", folder.path.display()));
    follow::follow(folder, engine, &stop, &mut |name, came| match came {
        Came::Taken(Ingested {
            records, skipped, ..
        }) => {
            out.say(format!(
                "{name}: {}",
                count(records - skipped, "record", "records")
            ));
            taken.push(Taken {
                name: name.to_owned(),
                records,
                skipped,
            });
        }
        Came::Refused(told) => out.show_failure(&told),
    })
}

/// What everything came to.
struct Totals {
    taken: Vec<Taken>,
    before: Committed,
    after: Committed,
    elapsed: Duration,
}

impl Totals {
    fn show(&self, data: &Path, out: &mut Out) -> Result<(), Failure> {
        let (before, after) = (&self.before.counts, &self.after.counts);
        let quarantined = after.quarantined - before.quarantined;
        let reasons = match quarantined {
            0 => Vec::new(),
            _ => reasons_after(data, self.before.position)?,
        };
        let inputs = after.inputs - before.inputs;
        if out.is_json() {
            let files: Vec<_> = self
                .taken
                .iter()
                .map(|file| {
                    json!({ "file": file.name, "records": file.records, "skipped": file.skipped })
                })
                .collect();
            let reasons: Vec<_> = reasons
                .iter()
                .map(|(reason, number)| {
                    json!({ "code": reason.code(), "reason": reason.sentence(), "count": number })
                })
                .collect();
            return out.json(&json!({
                "files": files,
                "inputs": inputs,
                "applied": after.applied - before.applied,
                "duplicates": after.duplicates - before.duplicates,
                "quarantined": quarantined,
                "quarantined_by_reason": reasons,
                "seconds": self.elapsed.as_secs_f64(),
            }));
        }
        self.show_table(inputs, quarantined, &reasons, data, out)
    }

    fn show_table(
        &self,
        inputs: u64,
        quarantined: u64,
        reasons: &[(Reason, u64)],
        data: &Path,
        out: &mut Out,
    ) -> Result<(), Failure> {
        let (before, after) = (&self.before.counts, &self.after.counts);
        let mut table = Table::new(&[("", Align::Left), ("records", Align::Right)]);
        table.row(&["applied", &grouped(after.applied - before.applied)]);
        table.row(&[
            "repeats, ignored",
            &grouped(after.duplicates - before.duplicates),
        ]);
        table.row(&["quarantined", &grouped(quarantined)]);
        for (reason, number) in reasons {
            let text = format!("  {} {}", reason.code(), reason.sentence());
            table.row(&[text.as_str(), &grouped(*number)]);
        }
        table.total(&["all", &grouped(inputs)]);
        table.write(out)?;
        out.say(format!(
            "{} in {:.1} s, {} a second",
            count(inputs, "record", "records"),
            self.elapsed.as_secs_f64(),
            per_second(inputs, self.elapsed),
        ));
        if quarantined > 0 {
            out.say(format!(
                "look at them: umbral quarantine list --data {}",
                data.display()
            ));
        }
        Ok(())
    }
}

/// Quarantined records behind a position, by reason, most frequent first.
fn reasons_after(data: &Path, position: u64) -> Result<Vec<(Reason, u64)>, Failure> {
    let reasons = History::open(data)
        .and_then(|history| history.quarantined_after(position))
        .map_err(|error| Failure::history(&error))?;
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, number)| core::cmp::Reverse(*number));
    Ok(reasons)
}
