//! `umbral snapshot`: a snapshot of a data directory that no service has open.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::grouped;
use crate::site::Site;
use crate::text::count;
use serde_json::json;
use umbral_runtime::{ClockMode, Engine, Options, SnapshotOptions};

/// Take a snapshot, so that the next start is quick.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral snapshot --data prod
  umbral snapshot --data prod --afresh

The service and `ingest` take snapshots by themselves; this is for a directory that is to be moved, or
whose snapshots were deleted. The journal is not changed. Deleting snapshots loses only time.")]
pub(crate) struct Args {
    /// Fold the whole journal, whatever snapshots there are
    #[arg(long)]
    afresh: bool,
    #[command(flatten)]
    site: Site,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    // On the event clock no time passes without records, so nothing is journaled here.
    let options = Options {
        snapshots: SnapshotOptions {
            read: !args.afresh,
            ..SnapshotOptions::ON_DEMAND
        },
        ..Options::with_clock(ClockMode::Event)
    };
    let why = "has snapshots by itself: the instances take them, see snapshots of [kafka]";
    let data = args.site.data_only(why, out)?;
    let engine = Engine::open(&data, options).map_err(|error| Failure::engine(&error))?;
    let taken = engine.snapshot().map_err(|error| Failure::engine(&error))?;
    let committed = engine.stop().map_err(|error| Failure::engine(&error))?;
    if out.is_json() {
        out.json(&json!({
            "taken": taken.is_some(),
            "batch": taken.map_or(committed.batch, |taken| taken.batch),
            "position": committed.position,
            "accounts": taken.map(|taken| taken.accounts),
            "bytes": taken.map(|taken| taken.bytes),
            "seconds": taken.map(|taken| taken.took.as_secs_f64()),
        }))?;
        return Ok(Exit::Done);
    }
    match taken {
        Some(taken) => out.line(format!(
            "snapshot of {} up to input {}: {} bytes in {:.1} s",
            count(taken.accounts, "account", "accounts"),
            grouped(taken.position),
            grouped(taken.bytes),
            taken.took.as_secs_f64(),
        ))?,
        None => out.line(format!(
            "nothing was committed since the newest snapshot, up to input {}",
            grouped(committed.position)
        ))?,
    }
    Ok(Exit::Done)
}
