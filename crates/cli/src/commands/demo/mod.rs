//! `umbral demo`: a synthetic operator through the engine, and what a manager would ask about it.

mod tables;

use crate::args::threads;
use crate::failure::{Exit, Failure};
use crate::folder::Files;
use crate::output::Out;
use crate::output::progress::{Heartbeat, per_second};
use crate::service::http;
use crate::text::count;
use serde_json::json;
use smol_str::SmolStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use umbral_history::{History, Summary};
use umbral_model::input::Incoming;
use umbral_model::time::Date;
use umbral_runtime::{Chunk, ClockMode, Committed, Engine, Options};
use umbral_workload::{Operator, Parameters};

include!(concat!(env!("OUT_DIR"), "/demo_catalog.rs"));

/// Where a demo goes unless told otherwise.
const DATA: &str = "umbral-demo";
/// Inputs handed over together.
const CHUNK_INPUTS: usize = 1_024;
/// Top spenders shown.
const TOP: usize = 5;

/// Run a synthetic operator through the engine and sum it up.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral demo                                     100,000 subscribers, one month
  umbral demo --subscribers 1000 --months 3       smaller and longer: debts come to an end
  umbral demo --data /tmp/demo --seed 7 -o json
  umbral demo --subscribers 1000 --serve          stays, with /metrics and /health

Without --data the demo goes into a new folder umbral-demo, umbral-demo-2, ... The same options give
the same records, and the same state, on any machine.")]
pub(crate) struct Args {
    /// Subscribers
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(umbral_workload::MAX_SUBSCRIBERS)))]
    subscribers: u32,
    /// Months of usage and purchases; the first bills are of the month before
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(umbral_workload::MAX_MONTHS)))]
    months: u32,
    /// Everything that looks like chance comes from this
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The data directory, which must not be there yet
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Worker threads [default: one per core]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<u16>,
    /// Stay and answer /metrics and /health until told to stop
    #[arg(long)]
    serve: bool,
    /// Address of /metrics and /health
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:9464",
        requires = "serve"
    )]
    listen: SocketAddr,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let data = args.data.clone().unwrap_or_else(free_folder);
    let endpoint = match args.serve {
        true => Some((http::bind(args.listen)?, super::run::recorder()?)),
        false => None,
    };
    super::init::found(&data, vec![catalog()], super::init::PARTITIONS)?;
    let mut options = Options::with_clock(ClockMode::Event);
    if let Some(threads) = args.threads {
        options.workers = usize::from(threads);
    }
    let engine = Engine::open(&data, options).map_err(|error| Failure::engine(&error))?;
    let parameters = parameters(args)?;
    let started = Instant::now();
    feed(&engine, parameters, out)?;
    let done = Done {
        parameters,
        data,
        elapsed: started.elapsed(),
        committed: engine.committed(),
    };
    match endpoint {
        None => {
            engine.stop().map_err(|error| Failure::engine(&error))?;
            done.show(out)?;
        }
        Some((listener, metrics)) => {
            done.show(out)?;
            out.flush()?;
            out.say(format!(
                "serving http://{}/metrics and /health; Ctrl-C ends",
                args.listen
            ));
            super::run::serve(engine, &[], listener, metrics)?;
        }
    }
    Ok(Exit::Done)
}

/// `umbral-demo`, or the first of `umbral-demo-2`, `umbral-demo-3`, ... that is not there.
fn free_folder() -> PathBuf {
    std::iter::once(PathBuf::from(DATA))
        .chain((2u32..).map(|number| PathBuf::from(format!("{DATA}-{number}"))))
        .find(|path| !path.exists())
        .unwrap_or_else(|| PathBuf::from(DATA))
}

/// The demo's catalog, embedded in the binary.
fn catalog() -> Files {
    CATALOG
        .iter()
        .map(|(path, text)| (SmolStr::new(path), SmolStr::new(text)))
        .collect()
}

fn parameters(args: &Args) -> Result<Parameters, Failure> {
    let start = Date::from_ymd(2026, 3, 1).unwrap_or_default();
    Ok(Parameters {
        subscribers: args.subscribers,
        months: args.months,
        seed: args.seed,
        start,
    })
}

/// Hands all of the operator's records to the engine, and waits until they are durable.
fn feed(engine: &Engine, parameters: Parameters, out: &Out) -> Result<(), Failure> {
    let mut operator =
        Operator::new(parameters).map_err(|error| Failure::usage(error.to_string()))?;
    let mut heartbeat = Heartbeat::new(out, Operator::estimated_inputs(&parameters), "demo");
    loop {
        let inputs: Vec<Incoming> = operator.by_ref().take(CHUNK_INPUTS).collect();
        let ended = inputs.len() < CHUNK_INPUTS;
        engine
            .offer(Chunk::made(inputs))
            .map_err(|error| Failure::engine(&error))?;
        let committed = engine.committed();
        heartbeat.beat(committed.counts.inputs, committed.events);
        if ended {
            break;
        }
    }
    let finished = engine.flush().map_err(|error| Failure::engine(&error));
    heartbeat.end();
    finished
}

/// A demo that ran.
struct Done {
    parameters: Parameters,
    data: PathBuf,
    elapsed: Duration,
    committed: Committed,
}

impl Done {
    fn show(&self, out: &mut Out) -> Result<(), Failure> {
        let history = History::open(&self.data).map_err(|error| Failure::history(&error))?;
        let summary = history
            .summary(TOP)
            .map_err(|error| Failure::history(&error))?;
        if out.is_json() {
            return out.json(&json!({
                "data": self.data.to_string_lossy(),
                "subscribers": self.parameters.subscribers,
                "months": self.parameters.months,
                "seed": self.parameters.seed,
                "seconds": self.elapsed.as_secs_f64(),
                "records_per_second": rate(self.committed.counts.inputs, self.elapsed),
                "events_per_second": rate(self.committed.events, self.elapsed),
                "summary": summary,
            }));
        }
        self.head(&summary, out)?;
        tables::all(&summary, out)?;
        self.next(&summary, out)
    }

    fn head(&self, summary: &Summary, out: &mut Out) -> Result<(), Failure> {
        let paint = out.paint();
        let Parameters {
            subscribers,
            months,
            seed,
            ..
        } = self.parameters;
        out.line(format!(
            "{} {}",
            paint.strong("A synthetic operator"),
            paint.faint(&format!(
                "{}, {}, {}, seed {seed}",
                count(u64::from(subscribers), "subscriber", "subscribers"),
                count(summary.accounts, "account", "accounts"),
                count(u64::from(months), "month", "months"),
            ))
        ))?;
        out.line(format!(
            "{} in {:.1} s: {} records and {} events a second, all durable in {}",
            count(summary.inputs, "record", "records"),
            self.elapsed.as_secs_f64(),
            paint.strong(&per_second(self.committed.counts.inputs, self.elapsed)),
            paint.strong(&per_second(self.committed.events, self.elapsed)),
            self.data.display(),
        ))
    }

    /// Commands to try next on the data directory.
    fn next(&self, summary: &Summary, out: &mut Out) -> Result<(), Failure> {
        let paint = out.paint();
        let program = program();
        let data = self.data.display();
        let collected = &summary.collections;
        let debtor = collected.richest_case.as_ref();
        let worth = [
            (
                "account",
                summary.top_spenders.first().map(|top| &top.account_id),
                "who spent most, and on what",
            ),
            (
                "collections show",
                debtor.or(collected.hardest_case.as_ref()),
                "a case in which much happened",
            ),
            (
                "loyalty show",
                summary.loyalty.richest_member.as_ref(),
                "a member of the club to whom much happened",
            ),
        ];
        let accounts = worth.into_iter().filter_map(|(command, whose, what)| {
            let command = format!("{program} {command} {} --data {data}", whose?);
            Some((command, what))
        });
        let debts = collected.hardest_case.iter().flat_map(|case| {
            [
                (
                    format!("{program} collections --data {data} --limit 10"),
                    "who owes, and what is next",
                ),
                (
                    format!("{program} collections show {case} --data {data}"),
                    "the hardest case, from the first bill on",
                ),
            ]
        });
        let others = [
            (
                format!("{program} loyalty report --data {data}"),
                "members and others, points by source, who comes back",
            ),
            (
                format!("{program} tail --data {data} --stream credit | head"),
                "warnings and limits as they came",
            ),
            (
                format!("{program} replay --verify --data {data}"),
                "everything again from the journal",
            ),
        ];
        out.line("")?;
        out.line(paint.strong("Accounts worth a look"))?;
        lines(accounts, out)?;
        out.line("")?;
        out.line(paint.strong("Try next"))?;
        lines(debts.chain(others), out)
    }
}

/// Commands, each with what it is for.
fn lines(
    commands: impl Iterator<Item = (String, &'static str)>,
    out: &mut Out,
) -> Result<(), Failure> {
    let paint = out.paint();
    for (command, what) in commands {
        out.line(format!("  {}", paint.name(&command)))?;
        out.line(format!("      {}", paint.faint(what)))?;
    }
    Ok(())
}

fn rate(number: u64, elapsed: Duration) -> u64 {
    number.saturating_mul(1000)
        / u64::try_from(elapsed.as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
}

/// How this program was called, for commands that can be typed again.
fn program() -> String {
    let called = std::env::args().next().unwrap_or_default();
    if Path::new(&called).components().count() > 1 {
        called
    } else {
        "umbral".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalog_has_no_errors() {
        let compiled = crate::catalogs::compile(&catalog());
        assert!(compiled.is_ok_and(|versions| !versions.is_empty()));
    }
}
