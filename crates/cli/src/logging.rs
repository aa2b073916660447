//! Logs on standard error: pretty on a terminal, JSON otherwise. `UMBRAL_LOG` chooses what is logged.

use crate::failure::Failure;
use std::io::{self, IsTerminal};
use tracing_subscriber::EnvFilter;

/// Name of the environment variable, with the syntax of `RUST_LOG`.
const VARIABLE: &str = "UMBRAL_LOG";

/// Sets logging up, with `default` where the environment says nothing.
pub(crate) fn start(default: &str) -> Result<(), Failure> {
    let directives = std::env::var(VARIABLE).unwrap_or_else(|_| default.to_owned());
    let filter = EnvFilter::builder().parse(&directives).map_err(|error| {
        Failure::usage(format!("{VARIABLE} is not a filter: {error}"))
            .note("write a level such as info, or umbral_runtime=debug,warn")
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let colours = crate::output::paint::Paint::when(io::stderr().is_terminal()).is_on();
    let started = if io::stderr().is_terminal() {
        builder.with_ansi(colours).with_target(false).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    };
    started.map_err(|error| Failure::usage(format!("cannot start logging: {error}")))
}
