//! `umbral catalog activate`: a new version into a data directory.

use crate::args::instant;
use crate::catalogs::{self, Loaded};
use crate::config::ClockKind;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::service::kafka;
use crate::site::{Found, OnKafka, Site};
use crate::text::now;
use serde_json::json;
use smol_str::SmolStr;
use std::path::{Path, PathBuf};
use umbral_model::ids::{EventId, Source};
use umbral_model::input::{CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;
use umbral_runtime::{ClockMode, Engine, Options, Scanner, Verdict};

/// Bring a catalog into force in a data directory.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral catalog activate --data prod my-tariff
  umbral catalog activate --data prod my-tariff --effective-from 2026-07-01T00:00:00+02:00
  umbral catalog activate --data prod mended --retroactive   prices what waits in the quarantine
  umbral catalog activate --config umbral.toml my-tariff     in a deployment on Kafka

Usage before the instant keeps the price of the version that was in force then.")]
pub(crate) struct Args {
    /// The catalog folder
    catalog: PathBuf,
    #[command(flatten)]
    site: Site,
    /// From when on it prices usage [default: the catalog's valid_from]
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    effective_from: Option<Timestamp>,
    /// Permit an instant before the last tick
    #[arg(long)]
    retroactive: bool,
}

/// Runs the command.
pub(super) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let versions = catalogs::load(&args.catalog, out)?;
    if args.effective_from.is_some() && versions.len() > 1 {
        return Err(
            Failure::usage("--effective-from is for one version, and there are several")
                .note("name the folder of one version, or let each begin at its valid_from"),
        );
    }
    let data = match args.site.find(out)? {
        Found::Data(data) => data,
        Found::Kafka(found) => return send_all(args, &found, versions, out),
    };
    let activated = activate_all(&data, versions, args.effective_from, args.retroactive)?;
    if out.is_json() {
        let versions: Vec<_> = activated
            .iter()
            .map(|version| {
                json!({
                    "catalog_version": version.label,
                    "effective_from": version.from.to_string(),
                    "new": version.is_new,
                })
            })
            .collect();
        out.json(&versions)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for version in &activated {
        let word = if version.is_new {
            "activated"
        } else {
            "active already:"
        };
        out.line(format!(
            "{} version {}, in force for usage from {} on",
            paint.good(word),
            paint.name(&version.label),
            version.from
        ))?;
    }
    Ok(Exit::Done)
}

/// A version that is active now.
struct Activated {
    label: SmolStr,
    from: Timestamp,
    is_new: bool,
}

/// Activates versions in the order given.
fn activate_all(
    data: &Path,
    versions: Vec<Loaded>,
    effective_from: Option<Timestamp>,
    retroactive: bool,
) -> Result<Vec<Activated>, Failure> {
    let engine = Engine::open(data, Options::with_clock(ClockMode::Event))
        .map_err(|error| Failure::engine(&error))?;
    let clock = engine.committed().clock;
    // An activation must not move the clock of a data directory that lives in the past.
    let at = if clock == Timestamp::MIN {
        now()
    } else {
        clock
    };
    let mut activated = Vec::with_capacity(versions.len());
    for version in versions {
        let catalog = &version.compiled.catalog;
        let from = effective_from.unwrap_or(catalog.valid_from);
        let label = catalog.label.clone();
        let key = format!("catalog/{label}@{from}");
        let activation = CatalogActivated {
            version: SmolStr::default(),
            effective_from,
            retroactive,
            files: version.files,
            zones: Vec::new(),
        };
        let receipts = engine
            .submit(vec![input(key, at, activation)])
            .map_err(|error| Failure::engine(&error))?;
        let is_new = match receipts.into_iter().next().map(|receipt| receipt.verdict) {
            Some(Verdict::Quarantined(rejection)) => return Err(refused(&rejection, &activated)),
            Some(Verdict::Duplicate) => false,
            _ => true,
        };
        activated.push(Activated {
            label,
            from,
            is_new,
        });
    }
    engine.stop().map_err(|error| Failure::engine(&error))?;
    Ok(activated)
}

/// Sends versions to the instances, which bring them into force in each partition.
fn send_all(
    args: &Args,
    found: &OnKafka,
    versions: Vec<Loaded>,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let failed = |error| kafka::failure(&error);
    let is_first = umbral_kafka::catalogs(&found.deployment).map_err(failed)? == 0;
    let at = match found.config.clock {
        ClockKind::Wall => now(),
        ClockKind::Event => earliest_clock(found, out)?.unwrap_or_else(now),
    };
    let mut inputs = Vec::with_capacity(versions.len());
    let mut labels = Vec::with_capacity(versions.len());
    for version in versions {
        let catalog = &version.compiled.catalog;
        let from = args.effective_from.unwrap_or(catalog.valid_from);
        let label = catalog.label.clone();
        if from < at && !is_first && !args.retroactive {
            return Err(Failure::problems(format!(
                "version {label} would be in force from {from} on, which is before the last tick"
            ))
            .note("name a later instant, --effective-from, or permit it, --retroactive"));
        }
        let activation = CatalogActivated {
            version: SmolStr::default(),
            effective_from: args.effective_from,
            retroactive: args.retroactive,
            files: version.files,
            zones: Vec::new(),
        };
        inputs.push(input(format!("catalog/{label}@{from}"), at, activation));
        labels.push((label, from));
    }
    umbral_kafka::activate_catalogs(&found.deployment, &inputs).map_err(failed)?;
    show_sent(&labels, &args.site, out)
}

fn show_sent(labels: &[(SmolStr, Timestamp)], site: &Site, out: &mut Out) -> Result<Exit, Failure> {
    if out.is_json() {
        let versions: Vec<_> = labels
            .iter()
            .map(|(label, from)| {
                json!({ "catalog_version": label, "effective_from": from.to_string(), "sent": true })
            })
            .collect();
        out.json(&versions)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for (label, from) in labels {
        out.line(format!(
            "{} version {}, in force for usage from {from} on",
            paint.good("sent"),
            paint.name(label),
        ))?;
    }
    out.say(format!(
        "each partition takes it; one that does not has it in: umbral quarantine list {}",
        site.option()
    ));
    Ok(Exit::Done)
}

/// The clock of the partition that is behind all others, of those that have one.
fn earliest_clock(found: &OnKafka, out: &Out) -> Result<Option<Timestamp>, Failure> {
    let mut earliest = None;
    for part in found.parts(&found.partitions(), out)? {
        let failed = |error| Failure::engine(&error);
        let mut scanner = Scanner::open(part.dir()).map_err(failed)?;
        let mut last = Timestamp::MIN;
        while let Some(batch) = scanner.next_batch().map_err(failed)? {
            last = batch.commit.clock;
        }
        let known = (last != Timestamp::MIN).then_some(last);
        earliest = match (earliest, known) {
            (Some(one), Some(other)) => Some(std::cmp::min(one, other)),
            (one, other) => one.or(other),
        };
    }
    Ok(earliest)
}

/// A version that is not taken; those before it are in force all the same.
fn refused(rejection: &Rejection, before: &[Activated]) -> Failure {
    let mut failure = Failure::problems(rejection.to_string());
    for version in before {
        let Activated { label, from, .. } = version;
        failure = failure.note(format!(
            "version {label} is active, in force from {from} on"
        ));
    }
    // A problem of the catalog has a page of its own, which says more than that of the refusal.
    let code = rejection.detail.split(' ').next();
    let code = code.filter(|word| umbral_catalog::codes::page(word).is_some());
    failure.note(format!(
        "umbral explain {}",
        code.unwrap_or(rejection.reason.code())
    ))
}

fn input(event_id: String, occurred_at: Timestamp, activation: CatalogActivated) -> Incoming {
    Incoming {
        key: InputKey {
            source: Source::new("umbral"),
            event_id: EventId::new(event_id),
        },
        occurred_at,
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(activation),
    }
}
