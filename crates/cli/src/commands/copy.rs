//! `umbral copy`: the inputs of a data directory into a new one, with as many partitions as one likes.

use crate::args::{DataDir, threads};
use crate::config::SEGMENT_BYTES_MIN;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::{bar, grouped, per_second};
use crate::text::count;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use umbral_journal::LogOptions;
use umbral_runtime::{Copied, CopyError, Copying, EngineError};

/// Take the inputs of a data directory into a new one.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral copy --data prod --to bigger --partitions 256
  umbral copy --data prod --to bigger            goes on with a copy that was broken off

Stop the service first: nobody may write to the source meanwhile. Every input is decided again and must
come to what the source holds; accounts, events, their out_ids, catalogs, quarantine and how far files
are read are the same. The copy counts as published: umbral tail --new leaves it out.")]
pub(crate) struct Args {
    #[command(flatten)]
    data: DataDir,
    /// The new data directory
    #[arg(long, value_name = "DIR2")]
    to: PathBuf,
    /// Its partitions, fixed for good [default: as many as the source has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
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
    let source = &args.data.data;
    let data = umbral_journal::DataDir::open(source).map_err(|cause| {
        let dir = source.clone();
        Failure::engine(&EngineError::Journal { dir, source: cause })
    })?;
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
        Ok(copied) => show(args, copied, started, out),
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

fn show(args: &Args, copied: Copied, started: Instant, out: &mut Out) -> Result<Exit, Failure> {
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
        "next: let the service run on {to}, and keep {} until you are sure",
        args.data.data.display()
    ));
    Ok(Exit::Done)
}
