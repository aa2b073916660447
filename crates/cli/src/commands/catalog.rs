//! `umbral catalog`: catalogs from elsewhere, what changes between two of them, and new versions into a data
//! directory.

mod activate;
mod diff;
mod import;

use crate::failure::{Exit, Failure};
use crate::output::Out;

/// Import, compare and activate catalogs.
#[derive(clap::Subcommand, Debug)]
#[command(after_help = "Examples:
  umbral catalog import-cgrates tariff-folder --out my-tariff
  umbral catalog diff my-tariff my-draft
  umbral catalog activate --data prod my-tariff")]
pub(crate) enum Command {
    /// Turn a tariff folder of CGRateS into a catalog
    ImportCgrates(import::Args),
    /// Say what changes from one catalog to another, and for whom
    Diff(diff::Args),
    /// Bring a catalog into force in a data directory
    Activate(activate::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::ImportCgrates(args) => import::run(args, out),
        Command::Diff(args) => diff::run(args, out),
        Command::Activate(args) => activate::run(args, out),
    }
}
