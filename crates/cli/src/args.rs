//! The command line: one enum of commands, and the kinds of values that several of them take.

use crate::commands;
use crate::output::Format;
use clap::{Parser, Subcommand};
use umbral_history::Month;
use umbral_model::time::{Date, Timestamp};
use umbral_rating::batch::{INSTANT_RANGE, is_out_of_range};

/// Most threads that a command starts for its work; more than any machine has cores for.
pub(crate) const MAX_THREADS: u16 = 256;

/// Rates usage, keeps customers within their limits, and remembers why.
#[derive(Parser, Debug)]
#[command(
    name = "umbral",
    version,
    disable_help_subcommand = true,
    after_help = "Examples:
  umbral demo                                  a synthetic operator through the engine
  umbral check my-tariff/                      what is wrong with a catalog, and what it sells
  umbral ingest --data prod usage.ndjson.gz    usage and purchases into a data directory
  umbral account A1 --data prod                balances, limits, restrictions of a customer

Exit codes: 0 done, 1 the input has problems, 2 wrong usage, 3 the data directory or the broker
is not usable, 4 a verification found a difference. Logs: UMBRAL_LOG=info. Colours: NO_COLOR=1 turns them off."
)]
pub(crate) struct Cli {
    /// How results are written
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        display_order = 900
    )]
    pub(crate) output: Format,
    /// Say nothing beside results and errors
    #[arg(short, long, global = true, display_order = 901)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What umbral can do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a synthetic operator through the engine and sum it up
    Demo(commands::demo::Args),
    /// Report every problem of a catalog, run its own cases, and say what it sells
    Check(commands::check::Args),
    /// Price one usage record, or a file of them
    Rate(Box<commands::rate::Args>),
    /// Import and activate catalogs
    #[command(subcommand)]
    Catalog(commands::catalog::Command),
    /// Create a data directory
    Init(commands::init::Args),
    /// Take files of usage, purchases and customer changes into a data directory
    Ingest(commands::ingest::Args),
    /// Run the service until it is told to stop
    Run(commands::run::Args),
    /// Show a customer's balances, allowances, limits, restrictions and latest charges
    Account(commands::account::Args),
    /// Show the chain of events behind a charge, a warning or a restriction
    Why(commands::why::Args),
    /// Show what a month cost, or would have cost under other plans
    Bill(commands::bill::Args),
    /// List the collection cases to work on, or tell the story of one
    Collections(commands::collections::Args),
    /// Points, tiers and cards: a customer's, all members', and the proof of a purchase
    #[command(subcommand)]
    Loyalty(commands::loyalty::Command),
    /// Print a derived stream, one JSON object a line
    Tail(commands::tail::Args),
    /// List, show and resubmit records that could not be taken
    #[command(subcommand)]
    Quarantine(commands::quarantine::Command),
    /// Rebuild the state from the journal
    Replay(commands::replay::Args),
    /// Take a snapshot, so that the next start is quick
    Snapshot(commands::snapshot::Args),
    /// Take the inputs of a data directory into a new one
    Copy(commands::copy::Args),
    /// Move sealed segments of the journal into an object store, or show what is where
    Archive(commands::archive::Args),
    /// Compare the topics of a broker with what they have to be, and create what is missing
    #[command(subcommand)]
    Topics(commands::topics::Command),
    /// Explain an error code
    Explain(commands::explain::Args),
    /// Write completions for a shell
    Completions(commands::completions::Args),
}

impl Command {
    /// Whether the result can be written as CSV.
    pub(crate) fn writes_csv(&self) -> bool {
        match self {
            Command::Collections(args) => args.writes_csv(),
            _ => false,
        }
    }
}

/// Reads a day such as `2026-05-04`.
pub(crate) fn date(text: &str) -> Result<Date, String> {
    Date::parse(text)
        .ok_or_else(|| "not a day: write year, month and day, such as 2026-05-04".to_owned())
}

/// Reads an instant such as `2026-03-02T10:00:00+01:00`.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        if is_out_of_range(text) {
            return INSTANT_RANGE.to_owned();
        }
        "not an instant: write RFC 3339 with an offset, such as 2026-03-02T10:00:00+01:00"
            .to_owned()
    })
}

/// Reads a number of threads.
pub(crate) fn threads(text: &str) -> Result<u16, String> {
    text.parse()
        .ok()
        .filter(|threads| (1..=MAX_THREADS).contains(threads))
        .ok_or_else(|| format!("give 1 to {MAX_THREADS} threads, or leave it out for one per core"))
}

/// Reads a month such as `2026-03`.
pub(crate) fn month(text: &str) -> Result<Month, String> {
    Month::parse(text)
        .ok_or_else(|| "not a month: write year and month, such as 2026-03".to_owned())
}

/// One month, or all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MonthChoice {
    /// Every month that has something to show.
    All,
    /// This one.
    One(Month),
}

/// Reads a month such as `2026-03`, or `all`.
pub(crate) fn month_or_all(text: &str) -> Result<MonthChoice, String> {
    match text {
        "all" => Ok(MonthChoice::All),
        _ => month(text).map(MonthChoice::One),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn months_and_instants_have_one_form() {
        assert_eq!(
            month("2026-03").map(|month| month.to_string()),
            Ok("2026-03".into())
        );
        for wrong in ["2026-3", "2026-13", "March", "2026-03-01"] {
            assert!(month(wrong).is_err(), "{wrong}");
        }
        assert!(instant("2026-03-02T10:00:00+01:00").is_ok());
        assert!(
            instant("2026-03-02T10:00:00").is_err(),
            "an instant needs an offset"
        );
    }
}
