//! `umbral quarantine`: records that could not be taken, with code, reason and original bytes.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::grouped;
use crate::output::table::{Align, Table};
use crate::service::intake::{self, Reading};
use crate::service::kafka;
use crate::site::{Found, OnKafka, Site};
use crate::text::count;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_history::{History, QuarantinedRecord, Selection};
use umbral_intake::reader::Decoder;
use umbral_model::input::IncomingBody;
use umbral_model::rejection::{Reason, Rejection};
use umbral_runtime::{ClockMode, Engine, Options, Receipt, Resubmission, Verdict};

/// List, show and resubmit records that could not be taken.
#[derive(clap::Subcommand, Debug)]
#[command(after_help = "Examples:
  umbral quarantine list --data prod
  umbral quarantine show 4711 --data prod
  umbral quarantine resubmit --data prod --code U-0021")]
pub(crate) enum Command {
    /// List what waits in the quarantine
    List(ListArgs),
    /// Show one record with its original bytes
    Show(ShowArgs),
    /// Take records up again, after the cause is mended
    Resubmit(ResubmitArgs),
}

/// List what waits in the quarantine.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral quarantine list --data prod
  umbral quarantine list --data prod --code U-0032
  umbral quarantine list --data prod --all -o json      settled ones too, with their bytes")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    site: Site,
    /// Only this code
    #[arg(long, value_name = "CODE", value_parser = code)]
    code: Option<Reason>,
    /// Also those that were settled since
    #[arg(long)]
    all: bool,
    /// Show this many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
}

/// Show one record with its original bytes.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral quarantine show 4711 --data prod
  umbral quarantine show 4711 --data prod --raw > record.bin     the bytes as they came in")]
pub(crate) struct ShowArgs {
    /// The number that list shows
    position: u64,
    #[command(flatten)]
    site: Site,
    /// Only the original bytes
    #[arg(long)]
    raw: bool,
}

/// Take records up again, after the cause is mended.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral quarantine resubmit 4711 4712 --data prod
  umbral quarantine resubmit --code U-0032 --data prod       all of a code
  umbral quarantine resubmit --all --data prod
  umbral quarantine resubmit 4711 --data prod --force        although too old or too early
  umbral quarantine resubmit --code U-0004 --data prod --mapping cdr.toml --file cdr.csv
  umbral quarantine resubmit --all --config umbral.toml      to the instances of a deployment on Kafka

Records keep order and key, are resolved again at their own time, and pass the check for repeats.")]
pub(crate) struct ResubmitArgs {
    /// The numbers that list shows
    #[arg(required_unless_present_any = ["code", "all"])]
    positions: Vec<u64>,
    #[command(flatten)]
    site: Site,
    /// All with this code
    #[arg(long, value_name = "CODE", value_parser = code, conflicts_with = "positions")]
    code: Option<Reason>,
    /// All that wait
    #[arg(long, conflicts_with_all = ["positions", "code"])]
    all: bool,
    /// Take them although they are older than their window or beyond the clock
    #[arg(long)]
    force: bool,
    /// The mapping of rows that could not be read
    #[arg(long, value_name = "M.toml", requires = "file")]
    mapping: Option<PathBuf>,
    /// The file that those rows came from
    #[arg(long, value_name = "FILE", requires = "mapping")]
    file: Option<String>,
    /// End with exit code 1 if a record was refused again
    #[arg(long)]
    strict: bool,
}

fn code(text: &str) -> Result<Reason, String> {
    Reason::from_code(&text.to_ascii_uppercase()).ok_or_else(|| {
        format!(
            "no such code; near it are {}",
            crate::pages::nearest(text).join(", ")
        )
    })
}

/// Runs the command.
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(args, out),
        Command::Show(args) => show(args, out),
        Command::Resubmit(args) => resubmit(args, out),
    }
}

fn records(
    site: &Site,
    selection: &Selection,
    out: &Out,
) -> Result<Vec<QuarantinedRecord>, Failure> {
    let parts = site.parts(out)?;
    History::quarantine_of(&parts, selection).map_err(|error| Failure::history(&error))
}

/// The record of one position. On Kafka any partition may have taken it up again, so all of them are asked.
fn record_at(site: &Site, position: u64, out: &Out) -> Result<Option<QuarantinedRecord>, Failure> {
    let selection = Selection {
        positions: vec![position],
        settled_too: true,
        ..Selection::default()
    };
    Ok(records(site, &selection, out)?.into_iter().next())
}

fn list(args: &ListArgs, out: &mut Out) -> Result<Exit, Failure> {
    let selection = Selection {
        reason: args.code,
        settled_too: args.all,
        ..Selection::default()
    };
    let records = records(&args.site, &selection, out)?;
    if out.is_json() {
        for record in &records {
            out.json_line(record)?;
        }
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        out.line(out.paint().good("nothing waits in the quarantine"))?;
        return Ok(Exit::Done);
    }
    by_code(&records).write(out)?;
    out.line("")?;
    let mut table = Table::new(&[
        ("number", Align::Right),
        ("code", Align::Left),
        ("of", Align::Left),
        ("happened", Align::Left),
        ("because", Align::Left),
    ]);
    for record in records.iter().take(args.limit) {
        table.row(&[
            record.position.to_string().as_str(),
            record.code,
            &whose(record),
            record.occurred_at.as_deref().unwrap_or(""),
            &record.detail,
        ]);
    }
    table.write(out)?;
    if records.len() > args.limit {
        let more = count(
            (records.len() - args.limit) as u64,
            "further record",
            "further records",
        );
        out.say(format!("{more}; --limit {} shows them", records.len()));
    }
    out.say(format!(
        "one of them: umbral quarantine show {} {}",
        records[0].position,
        args.site.option()
    ));
    Ok(Exit::Done)
}

/// How many records each code has, most frequent first.
pub(crate) fn by_code(records: &[QuarantinedRecord]) -> Table {
    let mut codes: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for record in records {
        codes.entry(record.code).or_insert((0, record.reason)).0 += 1;
    }
    let mut rows: Vec<_> = codes.into_iter().collect();
    rows.sort_by_key(|(_, (number, _))| core::cmp::Reverse(*number));
    let mut table = Table::new(&[
        ("code", Align::Left),
        ("records", Align::Right),
        ("what it means", Align::Left),
    ]);
    for (code, (number, reason)) in rows {
        table.row(&[code, &grouped(number), reason]);
    }
    table
}

/// Sender and id, or where the record stood.
fn whose(record: &QuarantinedRecord) -> String {
    match (&record.source, &record.event_id) {
        (Some(source), Some(event_id)) => format!("{source}/{event_id}"),
        _ => record.place.clone().unwrap_or_default(),
    }
}

fn show(args: &ShowArgs, out: &mut Out) -> Result<Exit, Failure> {
    let Some(record) = record_at(&args.site, args.position, out)? else {
        return Err(
            Failure::problems(format!("input {} is not in the quarantine", args.position))
                .note(format!("umbral quarantine list {}", args.site.option())),
        );
    };
    if args.raw {
        out.bytes(&record.original_bytes)?;
        return Ok(Exit::Done);
    }
    if out.is_json() {
        out.json(&record)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    out.line(format!("{} {}", paint.strong(record.code), record.reason))?;
    out.line(format!("  {}", record.detail))?;
    out.line("")?;
    for (name, value) in [
        ("of", Some(whose(&record))),
        ("stood at", record.place.clone()),
        ("happened", record.occurred_at.clone()),
        ("came", Some(record.recorded_at.clone())),
        ("account", record.account_id.clone()),
        ("kind", record.kind.map(str::to_owned)),
        (
            "settled",
            (!record.open).then(|| "yes, by a later input".to_owned()),
        ),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            out.line(format!("  {} {value}", paint.faint(&format!("{name:<9}"))))?;
        }
    }
    out.line("")?;
    out.line(paint.faint("  as it came in"))?;
    out.line(format!("  {}", record.original))?;
    out.line("")?;
    out.say(format!("what to do: umbral explain {}", record.code));
    Ok(Exit::Done)
}

fn resubmit(args: &ResubmitArgs, out: &mut Out) -> Result<Exit, Failure> {
    let selection = Selection {
        positions: args.positions.clone(),
        reason: args.code,
        settled_too: false,
    };
    let records = records(&args.site, &selection, out)?;
    let absent: Vec<String> = args
        .positions
        .iter()
        .filter(|position| records.iter().all(|record| record.position != **position))
        .map(u64::to_string)
        .collect();
    if !absent.is_empty() {
        return Err(Failure::problems(format!(
            "not waiting in the quarantine: {}",
            absent.join(", ")
        ))
        .note(format!("umbral quarantine list {}", args.site.option())));
    }
    let decoder = decoder(args, out)?;
    let read: Vec<(u64, Result<Resubmission, Rejection>)> = records
        .iter()
        .map(|record| (record.position, record.resubmission(decoder.as_deref())))
        .collect();
    let data = match args.site.find(out)? {
        Found::Data(data) => data,
        Found::Kafka(found) => return send(args, &found, &read, out),
    };
    let receipts = submit(args, &data, &read)?;
    let refused = report(&read, &receipts, out)?;
    Ok(intake::exit(args.strict, refused))
}

fn decoder(args: &ResubmitArgs, out: &Out) -> Result<Option<Arc<Decoder>>, Failure> {
    let (Some(mapping), Some(file)) = (&args.mapping, &args.file) else {
        return Ok(None);
    };
    let reading = Reading {
        mapping: Some(intake::mapping(mapping, out)?),
        ..Reading::default()
    };
    reading.decoder(file).map(Some)
}

/// Hands over what can be read; nothing is opened for writing if nothing can.
fn submit(
    args: &ResubmitArgs,
    data: &Path,
    read: &[(u64, Result<Resubmission, Rejection>)],
) -> Result<Vec<Receipt>, Failure> {
    let ready: Vec<Resubmission> = read
        .iter()
        .filter_map(|(_, one)| one.as_ref().ok().cloned())
        .collect();
    if ready.is_empty() {
        return Ok(Vec::new());
    }
    // What is taken up again does not move the clock, so this holds for either kind of directory.
    let options = Options::with_clock(ClockMode::Event);
    let engine = Engine::open(data, options).map_err(|error| Failure::engine(&error))?;
    let receipts = engine
        .resubmit(ready, args.force)
        .map_err(|error| Failure::engine(&error))?;
    engine.stop().map_err(|error| Failure::engine(&error))?;
    Ok(receipts)
}

/// Sends what can be read to the instances, which decide it.
fn send(
    args: &ResubmitArgs,
    found: &OnKafka,
    read: &[(u64, Result<Resubmission, Rejection>)],
    out: &mut Out,
) -> Result<Exit, Failure> {
    let mut ready = Vec::new();
    let mut refused = 0;
    for (position, one) in read {
        let refusal = match one {
            Ok(record) if !matches!(record.incoming.body, IncomingBody::Account(_)) => Some(
                "a catalog or a tick is of no single partition: umbral catalog activate sends one"
                    .to_owned(),
            ),
            Ok(record) => {
                ready.push(record.clone());
                None
            }
            Err(rejection) => Some(rejection.to_string()),
        };
        refused += u64::from(refusal.is_some());
        if out.is_json() {
            let word = if refusal.is_some() {
                "refused_again"
            } else {
                "sent"
            };
            out.json_line(&json!({ "position": position, "outcome": word, "reason": refusal }))?;
        } else if let Some(reason) = refusal {
            out.line(format!("{position} refused again: {reason}"))?;
        }
    }
    let sent = umbral_kafka::resubmit(&found.deployment, &ready, args.force);
    sent.map_err(|error| kafka::failure(&error))?;
    if !out.is_json() {
        out.line(format!("{} sent", grouped(ready.len() as u64)))?;
        let option = args.site.option();
        out.say(format!(
            "the instances take them; what waits then: umbral quarantine list {option}"
        ));
    }
    Ok(intake::exit(args.strict, refused))
}

/// Shows what came of each record; gives how many were refused again.
fn report(
    read: &[(u64, Result<Resubmission, Rejection>)],
    receipts: &[Receipt],
    out: &mut Out,
) -> Result<u64, Failure> {
    let mut receipts = receipts.iter();
    let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
    for (position, one) in read {
        let (word, rejection) = match one {
            Err(rejection) => ("refused again", Some(rejection)),
            Ok(_) => match receipts.next().map(|receipt| &receipt.verdict) {
                Some(Verdict::Quarantined(rejection)) => ("refused again", Some(rejection)),
                Some(Verdict::Duplicate) => ("known already", None),
                _ => ("taken", None),
            },
        };
        *numbers.entry(word).or_default() += 1;
        if out.is_json() {
            out.json_line(&json!({
                "position": position,
                "outcome": word.replace(' ', "_"),
                "code": rejection.map(|rejection| rejection.reason.code()),
                "reason": rejection.map(|rejection| rejection.detail.as_str()),
            }))?;
        } else if let Some(rejection) = rejection {
            out.line(format!("{position} {word}: {rejection}"))?;
        }
    }
    if !out.is_json() {
        let words: Vec<String> = numbers
            .iter()
            .map(|(word, number)| format!("{} {word}", grouped(*number)))
            .collect();
        let line = if words.is_empty() {
            "nothing to take up".to_owned()
        } else {
            words.join(", ")
        };
        out.line(line)?;
    }
    Ok(numbers.get("refused again").copied().unwrap_or_default())
}
