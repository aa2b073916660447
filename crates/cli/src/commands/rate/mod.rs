//! `umbral rate`: what one record costs and why, or what many cost.

mod account;
mod batch;
pub(crate) mod show;

use crate::args::threads;
use crate::catalogs;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::per_second;
use crate::text::count;
use serde_json::{Map, Value};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;
use umbral_catalog::version::CatalogSet;
use umbral_rating::batch::{Detail, rate_line};

/// Price one usage record, or a file of them.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral rate --catalog my-tariff --plan libre --service voice --to 34600111222 \\
      --start 2026-03-02T10:00:00+01:00 --usage 61s
  umbral rate --catalog my-tariff --plan libre --service data --network 20801 \\
      --start 2026-03-02T10:00:00Z --usage 1GB --duration 1h -o json
  umbral rate --catalog my-tariff --plan libre --service data \\
      --start 2026-03-02T10:00:00Z --usage 5MB --left '10 GB=3MB' --class vip
  umbral rate --catalog my-tariff --plan company --service sms --to 34600111222 \\
      --start 2026-03-02T10:00:00Z --usage 10 --so-far business_sms=95
  umbral rate --catalog my-tariff --batch records.ndjson > prices.ndjson
  zcat records.ndjson.gz | umbral rate --catalog my-tariff --batch - --brief

A batch has one record a line:
  {\"id\":\"1\",\"plan\":\"libre\",\"service\":\"voice\",\"to\":\"34600111222\",
   \"start\":\"2026-03-02T10:00:00+01:00\",\"usage\":\"61s\"}
of an account also \"left\":{\"10 GB\":\"3MB\"}, \"so_far\":{\"business_sms\":\"95\"}, \"class\",
\"tier\", \"card\" (a text or a list), \"vip_rank\";
and gives one answer a line, in the same order: a price with its explanation, or code and reason.")]
pub(crate) struct Args {
    /// The catalog folder
    #[arg(long, value_name = "CATALOG")]
    catalog: PathBuf,
    #[command(flatten)]
    record: Record,
    #[command(flatten)]
    account: account::Account,
    /// Price every line of a file, - for standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Answer with amount and currency only
    #[arg(long, requires = "batch")]
    brief: bool,
    /// End with exit code 1 if a line of the batch has no price
    #[arg(long, requires = "batch")]
    strict: bool,
    /// Threads of a batch [default: one per core]
    #[arg(long, requires = "batch", value_name = "N", value_parser = threads)]
    threads: Option<u16>,
}

/// One record. The fields are those of a batch line.
#[derive(clap::Args, Debug)]
#[group(skip)]
struct Record {
    /// The plan that prices it
    #[arg(long, conflicts_with_all = ["batch", "profile"], required_unless_present_any = ["batch", "profile"])]
    plan: Option<String>,
    /// The profile in place of a plan
    #[arg(long, conflicts_with = "batch", value_name = "TENANT/CATEGORY/SUBJECT")]
    profile: Option<String>,
    /// The service: voice, sms, mms, data, content or one of the catalog
    #[arg(long, conflicts_with = "batch", required_unless_present = "batch")]
    service: Option<String>,
    /// When the usage began
    #[arg(
        long,
        conflicts_with = "batch",
        required_unless_present = "batch",
        value_name = "INSTANT"
    )]
    start: Option<String>,
    /// How much was used: 61s, 1m30s, 10kB, 1GiB or a plain count
    #[arg(
        long,
        conflicts_with = "batch",
        required_unless_present = "batch",
        value_name = "QUANTITY"
    )]
    usage: Option<String>,
    /// The number that was called
    #[arg(long, conflicts_with = "batch", value_name = "NUMBER")]
    to: Option<String>,
    /// The number that called, of a terminating record
    #[arg(long, conflicts_with_all = ["batch", "to"], value_name = "NUMBER")]
    from: Option<String>,
    /// The destination zone, where no number tells it
    #[arg(long, conflicts_with = "batch")]
    zone: Option<String>,
    /// Serving network (MCC+MNC), where it is not the home network
    #[arg(long, conflicts_with = "batch", value_name = "PLMN")]
    network: Option<String>,
    /// Made or received
    #[arg(long, conflicts_with = "batch", value_parser = ["originating", "terminating"])]
    direction: Option<String>,
    /// Length of a session where usage is not time
    #[arg(long, conflicts_with = "batch", value_name = "TIME")]
    duration: Option<String>,
    /// A later leg of a long session, after USED if that is known
    #[arg(long, conflicts_with = "batch", value_name = "USED", num_args = 0..=1, default_missing_value = "")]
    continued: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let catalogs = catalogs::load_for_rating(&args.catalog, out)?;
    match &args.batch {
        Some(file) => rate_batch(args, file, &catalogs, out),
        None => rate_one(args, &catalogs, out),
    }
}

fn rate_one(args: &Args, catalogs: &CatalogSet, out: &mut Out) -> Result<Exit, Failure> {
    let mut line = args.record.to_line();
    args.account.add_to(&mut line)?;
    let line = Value::Object(line).to_string();
    let mut answer = Vec::new();
    let priced = rate_line(catalogs, line.as_bytes(), Detail::Full, &mut answer);
    let mut answer: Map<String, Value> = serde_json::from_slice(&answer)
        .map_err(|error| Failure::problems(format!("the answer cannot be shown: {error}")))?;
    answer.shift_remove("id");
    if !priced {
        return refused(&answer, out);
    }
    if out.is_json() {
        out.json(&answer)?;
    } else {
        for line in show::charge(&answer, out.paint()).lines(out.paint()) {
            out.line(line)?;
        }
    }
    Ok(Exit::Done)
}

/// A record without a price: on standard output for programs, as an error for people.
fn refused(answer: &Map<String, Value>, out: &mut Out) -> Result<Exit, Failure> {
    if out.is_json() {
        out.json(answer)?;
        return Ok(Exit::Problems);
    }
    let text = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let code = text("code");
    let mut failure = Failure::problems(format!("{code}: {}", text("reason")));
    // Codes of rating; with the others the question itself cannot be understood.
    if code.starts_with("U-003") {
        failure = failure.note(
            "the record has no price; it would go to the quarantine, never be priced at zero",
        );
    }
    Err(failure.note(format!("umbral explain {code}")))
}

impl Record {
    /// The record as a line of a batch.
    fn to_line(&self) -> Map<String, Value> {
        let mut line = Map::new();
        line.insert("id".to_owned(), "1".into());
        let fields = [
            ("plan", &self.plan),
            ("profile", &self.profile),
            ("service", &self.service),
            ("start", &self.start),
            ("usage", &self.usage),
            ("to", &self.to),
            ("from", &self.from),
            ("zone", &self.zone),
            ("network", &self.network),
            ("direction", &self.direction),
            ("duration", &self.duration),
        ];
        for (name, value) in fields {
            if let Some(text) = value {
                line.insert(name.to_owned(), text.as_str().into());
            }
        }
        if self.from.is_some() && self.direction.is_none() {
            line.insert("direction".to_owned(), "terminating".into());
        }
        if let Some(used) = &self.continued {
            let value = if used.is_empty() {
                Value::Bool(true)
            } else {
                used.as_str().into()
            };
            line.insert("continued".to_owned(), value);
        }
        line
    }
}

/// Compressed records would only be refused line by line.
fn refuse_compressed(file: &Path) -> Result<(), Failure> {
    let extension = file.extension().and_then(|ending| ending.to_str());
    let unpack = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("gz" | "gzip") => "zcat",
        Some("zst" | "zstd") => "zstdcat",
        _ => return Ok(()),
    };
    let name = file.display();
    Err(
        Failure::usage(format!("{name} is compressed: --batch reads plain lines"))
            .note(format!("{unpack} {name} | umbral rate ... --batch -")),
    )
}

fn rate_batch(
    args: &Args,
    file: &Path,
    catalogs: &CatalogSet,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let detail = if args.brief {
        Detail::Brief
    } else {
        Detail::Full
    };
    let threads = match args.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism()
            .map(usize::from)
            .unwrap_or(1),
    };
    let started = Instant::now();
    let totals = if file == Path::new("-") {
        batch::run(
            io::stdin(),
            "standard input",
            catalogs,
            detail,
            threads,
            out,
        )?
    } else {
        refuse_compressed(file)?;
        let input = File::open(file).map_err(|error| Failure::file("read", file, &error))?;
        batch::run(
            input,
            &file.to_string_lossy(),
            catalogs,
            detail,
            threads,
            out,
        )?
    };
    out.flush()?;
    out.say(format!(
        "{} priced, {} refused, {} a second",
        count(totals.records - totals.refused, "record", "records"),
        totals.refused,
        per_second(totals.records, started.elapsed()),
    ));
    Ok(if args.strict && totals.refused > 0 {
        Exit::Problems
    } else {
        Exit::Done
    })
}
