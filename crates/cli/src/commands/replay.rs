//! `umbral replay --verify`: the state from nothing, every input decided again.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::{bar, grouped, per_second};
use crate::site::Site;
use crate::text::count;
use serde_json::json;
use std::time::Instant;
use umbral_history::{Difference, Verification};

/// Rebuild the state from the journal.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral replay --verify --data prod
  umbral replay --verify --data prod -o json
  umbral replay --verify --config umbral.toml        of a deployment on Kafka, every partition

Folds the journal's events into a state from nothing, decides every input again beside it, and
compares outcomes, events and the final state. Ends with 4 at the first difference, by position.")]
pub(crate) struct Args {
    /// Decide every input again and compare
    #[arg(long, required = true)]
    verify: bool,
    #[command(flatten)]
    site: Site,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let parts = args.site.parts(out)?;
    let bar = bar(out, None, "inputs");
    bar.set_prefix("verifying");
    let started = Instant::now();
    let mut all: Option<Verification> = None;
    for part in parts {
        let before = all.as_ref().map_or(0, |all| all.inputs);
        let verified = part.verify(&mut |progress| {
            let inputs = before + progress.inputs;
            bar.set_position(inputs);
            bar.set_message(format!("{}/s", per_second(inputs, started.elapsed())));
        });
        let verified = verified.map_err(|error| Failure::history(&error))?;
        all = Some(match all {
            Some(all) => all.and(verified),
            None => verified,
        });
    }
    bar.finish_and_clear();
    let Some(verified) = all else {
        return Ok(Exit::Done);
    };
    if out.is_json() {
        out.json(&document(&verified))?;
    } else {
        show(&verified, started, out)?;
    }
    Ok(if verified.difference.is_some() {
        Exit::Difference
    } else {
        Exit::Done
    })
}

fn document(verified: &Verification) -> serde_json::Value {
    let difference = verified.difference.as_ref().map(|difference| {
        json!({
            "partition": difference.partition.0,
            "position": difference.position,
            "what": difference.what,
            "journaled": difference.journaled,
            "decided": difference.decided,
        })
    });
    json!({
        "agrees": verified.difference.is_none(),
        "inputs": verified.inputs,
        "entries": verified.entries,
        "decided": verified.decided,
        "events": verified.events,
        "state_hash": format!("{:032x}", verified.state_hash()),
        "difference": difference,
    })
}

fn show(verified: &Verification, started: Instant, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let elapsed = started.elapsed();
    out.line(format!(
        "replayed {} with {} in {:.1} s, {} a second",
        count(verified.inputs, "input", "inputs"),
        count(verified.events, "event", "events"),
        elapsed.as_secs_f64(),
        per_second(verified.inputs, elapsed),
    ))?;
    out.line(format!("state hash {:032x}", verified.state_hash()))?;
    match &verified.difference {
        None => out.line(format!(
            "{} {} decided again, every outcome, event and the state are the same",
            paint.good("agrees:"),
            count(verified.decided, "input", "inputs"),
        )),
        Some(difference) => show_difference(difference, out),
    }
}

fn show_difference(difference: &Difference, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    out.line(format!(
        "{} at input {} in partition {}: {}",
        paint.error("differs"),
        grouped(difference.position),
        difference.partition,
        difference.what
    ))?;
    out.line(format!("  journal  {}", difference.journaled))?;
    out.line(format!("  decided  {}", difference.decided))?;
    out.line("  the journal was written by other rules under the same version, or was changed")
}
