//! `umbral collections`: the work list of a day, and the story of one case.

mod list;
mod show;

use crate::args::{date, instant};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use umbral_history::Moment;
use umbral_model::time::{Date, Timestamp};

/// List the cases to work on, or tell the story of one.
#[derive(clap::Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  umbral collections --data prod                              all open cases, hardest first
  umbral collections --data prod --day 2026-05-04 --due       what that day brought
  umbral collections --data prod --class standard --min-severity 50
  umbral collections --data prod --state held -o json
  umbral collections --data prod -o csv > cases.csv
  umbral collections show A1/1 --data prod                    the whole story of a case
  umbral collections --config umbral.toml                     of a deployment on Kafka"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::Args,
}

/// What there is besides the list.
#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Tell the whole story of a case
    Show(show::Args),
}

/// As of when.
#[derive(clap::Args, Debug)]
#[group(multiple = false)]
struct When {
    /// As it was when the clock stood at this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    as_of: Option<Timestamp>,
    /// As it was at the end of this day of each account
    #[arg(long, value_name = "DATE", value_parser = date)]
    day: Option<Date>,
}

impl When {
    fn moment(&self) -> Moment {
        match (self.as_of, self.day) {
            (Some(instant), _) => Moment::Instant(instant),
            (None, Some(day)) => Moment::Day(day),
            (None, None) => Moment::Now,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    match &args.command {
        Some(Command::Show(args)) => show::run(args, out),
        None => list::run(&args.list, out),
    }
}

impl Args {
    /// Whether the result can be written as CSV.
    pub(crate) fn writes_csv(&self) -> bool {
        self.command.is_none()
    }
}
