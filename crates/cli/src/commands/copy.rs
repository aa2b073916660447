//! `umbral copy`: the inputs of a data directory into a new one, with as many partitions as one likes; or a deployment
//! from a data directory to Kafka, and back.

use crate::args::threads;
use crate::config::{self, SEGMENT_BYTES_MIN};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::{bar, grouped, per_second};
use crate::service::kafka;
use crate::site::{self, OnKafka};
use crate::text::count;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use umbral_journal::LogOptions;
use umbral_runtime::{Copied, CopyError, Copying, EngineError};

/// Take the inputs of a data directory into a new one, or to Kafka and back.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral copy --data prod --to bigger --partitions 256
  umbral copy --data prod --to bigger            goes on with a copy that was broken off
  umbral copy --data prod --to kafka --config umbral.toml     to the new topics of a deployment on Kafka
  umbral copy --config umbral.toml --to dir      from Kafka into a new data directory

Stop the service first: nobody may write to the source meanwhile. Every input is decided again and must
come to what the source holds; accounts, events, their out_ids, catalogs, quarantine and how far files
are read are the same. The copy counts as published: umbral tail --new leaves it out. To and from Kafka inputs
keep what was decided, and get other numbers.")]
pub(crate) struct Args {
    /// The data directory that is copied
    #[arg(long, value_name = "DIR", required_unless_present = "config")]
    data: Option<PathBuf>,
    /// The deployment on Kafka, that is copied to or from
    #[arg(long, value_name = "umbral.toml")]
    config: Option<PathBuf>,
    /// The new data directory, or `kafka`
    #[arg(long, value_name = "DIR2")]
    to: PathBuf,
    /// Its partitions, fixed for good [default: as many as the source has]
    #[arg(long, value_name = "N", conflicts_with = "config", value_parser = clap::value_parser!(u16).range(1..=4096))]
    partitions: Option<u16>,
    /// Threads that decide [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<u16>,
    /// Octets after which a file of the new log is sealed
    #[arg(long, value_name = "N", hide = true, value_parser = clap::value_parser!(u64).range(SEGMENT_BYTES_MIN..))]
    segment_bytes: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let is_to_kafka = args.to.as_os_str() == "kafka";
    match (&args.data, &args.config) {
        (Some(data), Some(config)) if is_to_kafka => to_kafka(data, config, out),
        (Some(data), None) if !is_to_kafka => to_dir(args, data, out),
        (None, Some(config)) if !is_to_kafka => from_kafka(args, config, out),
        (Some(_), Some(_)) => Err(Failure::usage("--data and --config are given, and --to is a directory")
            .note("to Kafka: --to kafka; from Kafka: leave --data out; between directories: leave --config out")),
        _ => Err(Failure::usage("--to kafka needs --data DIR and --config umbral.toml")
            .note("a directory of the name kafka: --to ./kafka")),
    }
}

/// The deployment on Kafka that a configuration names.
fn deployed(path: &Path, out: &Out) -> Result<OnKafka, Failure> {
    let config = config::read(path, out)?;
    if config.kafka.is_none() {
        let title = format!("{} has no [kafka]", path.display());
        return Err(Failure::usage(title).note("between data directories: --data DIR --to DIR2"));
    }
    site::on_kafka(config)
}

/// A data directory to new topics.
fn to_kafka(data: &Path, config: &Path, out: &mut Out) -> Result<Exit, Failure> {
    let found = deployed(config, out)?;
    let source = open(data)?;
    let started = Instant::now();
    let bar = bar(out, None, "inputs");
    bar.set_prefix("copying");
    let copied = umbral_kafka::copy_out(&found.deployment, &source, &mut |inputs| {
        bar.set_position(inputs);
        bar.set_message(format!("{}/s", per_second(inputs, started.elapsed())));
    });
    bar.finish_and_clear();
    let copied = copied.map_err(|error| kafka::failure(&error))?;
    let journal = &found.deployment.names.journal;
    if out.is_json() {
        out.json(&json!({
            "topic": journal,
            "partitions": found.deployment.partitions,
            "records": copied.records,
            "resumed_from_record": copied.skipped,
            "inputs": copied.counts.inputs,
            "applied": copied.counts.applied,
            "duplicates": copied.counts.duplicates,
            "quarantined": copied.counts.quarantined,
            "seconds": started.elapsed().as_secs_f64(),
        }))?;
        return Ok(Exit::Done);
    }
    out.line(format!(
        "{} {} to {journal} in {:.1} s",
        out.paint().good("copied"),
        count(copied.counts.inputs, "input", "inputs"),
        started.elapsed().as_secs_f64(),
    ))?;
    if copied.skipped > 0 {
        let skipped = count(copied.skipped, "record", "records");
        out.say(format!("went on behind {skipped}"));
    }
    let (config, data) = (config.display(), data.display());
    out.say(format!(
        "next: umbral replay --verify --config {config}, then umbral run --config {config}; keep {data} until you are sure"
    ));
    Ok(Exit::Done)
}

/// A deployment on Kafka into a new data directory.
fn from_kafka(args: &Args, config: &Path, out: &mut Out) -> Result<Exit, Failure> {
    let found = deployed(config, out)?;
    let (mirrors, partitions) = (found.mirrors()?, found.partitions());
    site::extend(&mirrors, &partitions, out)?;
    let dirs = partitions.iter().map(|partition| mirrors.dir(*partition));
    let parts = dirs.map(|dir| open(&dir)).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    let bar = bar(out, None, "inputs");
    bar.set_prefix("copying");
    let copied = umbral_runtime::merge(&parts, &args.to, &copying(args), &mut |copied| {
        bar.set_position(copied.position);
        let rate = per_second(copied.position, started.elapsed());
        bar.set_message(format!("{rate}/s"));
    });
    bar.finish_and_clear();
    match copied {
        Ok(copied) => show(args, &config.display().to_string(), copied, started, out),
        Err(CopyError::Engine(error)) => Err(Failure::engine(&error)),
        Err(error) => Err(Failure::unusable(error.to_string())),
    }
}

fn open(dir: &Path) -> Result<umbral_journal::DataDir, Failure> {
    umbral_journal::DataDir::open(dir).map_err(|source| {
        let dir = dir.to_owned();
        Failure::engine(&EngineError::Journal { dir, source })
    })
}

/// A data directory into a new one.
fn to_dir(args: &Args, source: &Path, out: &mut Out) -> Result<Exit, Failure> {
    let data = open(source)?;
    let started = Instant::now();
    let bar = bar(out, None, "inputs");
    bar.set_prefix("copying");
    let copied = umbral_runtime::copy(&data, &args.to, &copying(args), &mut |copied| {
        bar.set_position(copied.position);
        bar.set_message(format!(
            "{}/s",
            per_second(copied.position, started.elapsed())
        ));
    });
    bar.finish_and_clear();
    match copied {
        Ok(copied) => show(args, &source.display().to_string(), copied, started, out),
        Err(CopyError::Engine(error)) => Err(Failure::engine(&error)),
        Err(CopyError::Defect) => Err(Failure::unusable(CopyError::Defect.to_string())),
        Err(CopyError::Differs {
            position,
            what,
            source_has,
            copy_has,
        }) => {
            out.say(format!("  source  {source_has}"));
            out.say(format!("  copy    {copy_has}"));
            Err(Failure::difference(format!(
                "input {} comes out otherwise than in the source: {what}",
                grouped(position)
            ))
            .note("the source was written by other rules under the same version, or was changed")
            .note(format!(
                "umbral replay --verify --data {} tells more",
                source.display()
            )))
        }
    }
}

fn copying(args: &Args) -> Copying {
    let mut log = LogOptions::default();
    if let Some(bytes) = args.segment_bytes {
        log.segment_bytes = bytes;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Copying {
        partitions: args.partitions,
        workers: args.threads.map_or(cores, usize::from),
        log,
        created_by: super::init::created_by(),
    }
}

fn show(
    args: &Args,
    source: &str,
    copied: Copied,
    started: Instant,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let to = args.to.display();
    if out.is_json() {
        out.json(&json!({
            "data": args.to.to_string_lossy(),
            "partitions": copied.partitions,
            "batches": copied.batch,
            "resumed_from_batch": copied.resumed_from,
            "inputs": copied.counts.inputs,
            "applied": copied.counts.applied,
            "duplicates": copied.counts.duplicates,
            "quarantined": copied.counts.quarantined,
            "seconds": started.elapsed().as_secs_f64(),
        }))?;
        return Ok(Exit::Done);
    }
    out.line(format!(
        "{} {} into {to} with {} in {:.1} s, every one with the same outcome and events",
        out.paint().good("copied"),
        count(copied.counts.inputs, "input", "inputs"),
        count(copied.partitions.into(), "partition", "partitions"),
        started.elapsed().as_secs_f64(),
    ))?;
    if copied.resumed_from > 0 {
        out.say(format!(
            "went on behind batch {}",
            grouped(copied.resumed_from)
        ));
    }
    out.say(format!(
        "next: let the service run on {to}, and keep {source} until you are sure"
    ));
    Ok(Exit::Done)
}
