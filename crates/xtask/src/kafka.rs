//! `cargo xtask kafka`: a real broker, in the background or for the tests that need one.

use crate::{cargo, run};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use std::path::Path;
use umbral_broker::Settings;

/// What to do with brokers.
#[derive(Subcommand)]
pub(crate) enum Kafka {
    /// Starts a real Apache Kafka in the background and prints its address.
    Up {
        /// Brokers: 1 or 3.
        #[arg(long, default_value_t = 1)]
        nodes: usize,
    },
    /// Ends it and removes its data.
    Down,
    /// Only the tests that need a broker; each starts its own.
    Test,
}

/// Runs the command.
pub(crate) fn kafka(root: &Path, command: &Kafka) -> Result<()> {
    match command {
        Kafka::Up { nodes } => up(*nodes),
        Kafka::Down => down(),
        Kafka::Test => test(root),
    }
}

fn up(nodes: usize) -> Result<()> {
    let settings = match nodes {
        1 => Settings::one(),
        3 => Settings::three(),
        other => bail!("--nodes is {other}; 1 and 3 are what there is"),
    };
    let kafka = umbral_broker::up(&settings).context("start a broker")?;
    if kafka.pids.len() != nodes {
        eprintln!(
            "there were {} running already; cargo xtask kafka down ends them",
            kafka.pids.len()
        );
    }
    eprintln!("data and logs in {}", kafka.folder.display());
    println!("{}", kafka.bootstrap);
    Ok(())
}

fn down() -> Result<()> {
    if !umbral_broker::down().context("end the broker")? {
        eprintln!("no broker was running in the background");
    }
    Ok(())
}

fn test(root: &Path) -> Result<()> {
    umbral_broker::prepare().context("prepare the Kafka tests")?;
    let mut command = cargo(root);
    command.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    command.args(["--test", "kafka*"]);
    run(command)
}

/// Says in one line what the Kafka tests got, or lack; they fail by themselves then.
pub(crate) fn announce() {
    match umbral_broker::prepare() {
        Ok(installed) if installed.is_empty() => {}
        Ok(installed) => eprintln!("installed for the Kafka tests: {}", installed.join(", ")),
        Err(error) => eprintln!("the Kafka tests will fail: {error}"),
    }
}
