//! `umbral`: the command line of the rating and credit engine.
//!
//! `args` is what people type, `commands` has one file per command, `output` is how it looks, `failure`
//! how it ends. Everything that decides anything lives in the other crates.

mod args;
mod catalogs;
mod commands;
mod config;
mod failure;
mod folder;
mod logging;
mod output;
mod pages;
mod service;
mod site;
mod text;

use args::{Cli, Command};
use clap::Parser;
use failure::{Exit, Failure};
use output::{Format, Out};
use std::ffi::OsString;
use std::process::ExitCode;

/// Records are made on one thread and dropped on another, which this allocator is good at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let mut out = Out::new(cli.output, cli.quiet);
    let ended = run(cli.command, &mut out).and_then(|exit| out.flush().map(|()| exit));
    let exit = match ended {
        Ok(exit) => exit,
        Err(Failure::ClosedPipe) => Exit::Done,
        Err(Failure::Told(told)) => {
            // Results that were ready before the failure still belong to the reader.
            out.flush().ok();
            out.show_failure(&told);
            told.exit
        }
    };
    ExitCode::from(exit as u8)
}

/// Ends with what is wrong with the command line; its values are echoed tamely.
fn refuse(error: &clap::Error) -> ! {
    let shown = error.render();
    let is_wild = |argument: OsString| {
        let argument = argument.to_string_lossy();
        text::tame(&argument) != argument
    };
    if std::env::args_os().any(is_wild) && error.use_stderr() {
        output::complain(text::tame(&shown.to_string()).trim_end());
        std::process::exit(error.exit_code());
    }
    error.exit()
}

fn run(command: Command, out: &mut Out) -> Result<Exit, Failure> {
    logging::start(if matches!(command, Command::Run(_)) {
        "info"
    } else {
        "warn"
    })?;
    if out.format == Format::Csv && !command.writes_csv() {
        return Err(Failure::usage("this command writes no CSV")
            .note("leave --output out, or write --output json; umbral collections writes CSV"));
    }
    match command {
        Command::Demo(args) => commands::demo::run(&args, out),
        Command::Check(args) => commands::check::run(&args, out),
        Command::Rate(args) => commands::rate::run(&args, out),
        Command::Catalog(command) => commands::catalog::run(&command, out),
        Command::Init(args) => commands::init::run(&args, out),
        Command::Ingest(args) => commands::ingest::run(&args, out),
        Command::Run(args) => commands::run::run(&args, out),
        Command::Account(args) => commands::account::run(&args, out),
        Command::Why(args) => commands::why::run(&args, out),
        Command::Bill(args) => commands::bill::run(&args, out),
        Command::Collections(args) => commands::collections::run(&args, out),
        Command::Loyalty(command) => commands::loyalty::run(&command, out),
        Command::Tail(args) => commands::tail::run(&args, out),
        Command::Quarantine(command) => commands::quarantine::run(&command, out),
        Command::Replay(args) => commands::replay::run(&args, out),
        Command::Snapshot(args) => commands::snapshot::run(&args, out),
        Command::Copy(args) => commands::copy::run(&args, out),
        Command::Archive(args) => commands::archive::run(&args, out),
        Command::Topics(command) => commands::topics::run(&command, out),
        Command::Explain(args) => commands::explain::run(&args, out),
        Command::Completions(args) => commands::completions::run(&args, out),
    }
}
