//! `umbral run`: the service on the embedded journal.

use crate::config::{self, Archive, Config};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::service::follow::{self, Came, Folder};
use crate::service::http::{self, Facts, Readiness};
use crate::service::intake::{self, Reading};
use crate::service::kafka;
use crate::service::signals::Stop;
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use umbral_runtime::{Engine, Options};

/// Time between two looks at the engine's health.
const WATCH: Duration = Duration::from_millis(500);

/// Run the service until it is told to stop.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral run --config umbral.toml
  UMBRAL_LOG=debug umbral run --config umbral.toml

A configuration:
  data = \"prod\"                  # the data directory
  catalog = \"my-tariff\"          # a new data directory begins with it
  listen = \"127.0.0.1:9464\"      # /metrics, /health/livez, /health/readyz
  [archive]                      # sealed segments go there once they are below both snapshots
  url = \"file:///mnt/archive\"
  [[follow]]                     # files that come into a folder are taken
  folder = \"incoming\"
  mapping = \"cdr.toml\"

With [kafka] in place of data it is one of several instances that share the partitions of the topics;
docs/kafka.md is about that.

Ctrl-C or SIGTERM stops it after everything taken is durable; a second one ends it at once, which
loses nothing either.")]
pub(crate) struct Args {
    /// The configuration file
    #[arg(long, value_name = "umbral.toml")]
    config: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let config = config::read(&args.config, out)?;
    let folders = folders(&config, out)?;
    let Some(data) = &config.data else {
        return kafka::run(&config, out);
    };
    let listener = http::bind(config.listen)?;
    if let Some(catalog) = &config.catalog {
        let partitions = config.partitions.unwrap_or(super::init::PARTITIONS);
        let created = super::init::create_where_missing(data, catalog, partitions, out)?;
        if let Some(label) = created {
            tracing::info!(data = %data.display(), %label, "created the data directory");
        }
    }
    let metrics = recorder()?;
    let engine = Engine::open(data, options(&config)).map_err(|error| Failure::engine(&error))?;
    serve(engine, &folders, listener, metrics)?;
    Ok(Exit::Done)
}

/// Installs the recorder of metrics.
pub(crate) fn recorder() -> Result<metrics_exporter_prometheus::PrometheusHandle, Failure> {
    let handle = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Failure::usage(format!("cannot record metrics: {error}")))?;
    umbral_runtime::metrics::describe();
    umbral_journal::metrics::describe();
    umbral_kafka::metrics::describe();
    Ok(handle)
}

fn options(config: &Config) -> Options {
    let mut options = Options::with_clock(config.clock.mode());
    if let Some(threads) = config.threads {
        options.workers = threads;
    }
    if let Some(batch) = config.batch {
        options.batch_inputs = batch;
    }
    options.snapshots = config.snapshots.options();
    options.archive = config.archive.as_ref().map(Archive::options);
    options.window_keys = config.window_keys.unwrap_or(options.window_keys);
    if let Some(bytes) = config.segment_bytes {
        options.log.segment_bytes = bytes;
    }
    options
}

/// The folders to be followed; everything wrong with them is told before anything starts.
fn folders(config: &Config, out: &Out) -> Result<Vec<Folder>, Failure> {
    let mut folders = Vec::with_capacity(config.follow.len());
    for follow in &config.follow {
        std::fs::read_dir(&follow.folder)
            .map_err(|error| Failure::file("read", &follow.folder, &error))?;
        let mapping = follow
            .mapping
            .as_deref()
            .map(|path| intake::mapping(path, out))
            .transpose()?;
        folders.push(Folder {
            path: follow.folder.clone(),
            reading: Reading {
                mapping,
                ..Reading::default()
            },
            rest: follow.rest(),
        });
    }
    Ok(folders)
}

/// Serves until told to stop, or until the engine stops by itself.
pub(crate) fn serve(
    engine: Engine,
    folders: &[Folder],
    listener: TcpListener,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("cannot start the service: {error}")))?;
    let address = listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_default();
    let stop = Stop::default();
    let ready = Readiness::default();
    let facts = Facts {
        metrics,
        ready: ready.clone(),
    };
    runtime.spawn(stop.clone().listen());
    runtime.spawn(http::serve(listener, facts.clone()));
    tracing::info!(address, folders = folders.len(), "serving");
    let ended = thread::scope(|scope| {
        let followers: Vec<_> = folders
            .iter()
            .map(|folder| {
                let (engine, stop) = (&engine, &stop);
                scope.spawn(move || {
                    follow::follow(folder, engine, stop, &mut log_came).inspect_err(|_| stop.ask())
                })
            })
            .collect();
        let watched = watch(&engine, &stop, &facts);
        ready.set(Some("the service stops".to_owned()));
        followers.into_iter().fold(watched, |ended, follower| {
            let followed = follower
                .join()
                .unwrap_or_else(|_| Err(Failure::unusable("following a folder failed")));
            ended.and(followed)
        })
    });
    let committed = engine.stop().map_err(|error| Failure::engine(&error))?;
    tracing::info!(inputs = committed.counts.inputs, "stopped");
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Returns when the process is told to stop, or with the reason why the engine did.
fn watch(engine: &Engine, stop: &Stop, facts: &Facts) -> Result<(), Failure> {
    while !stop.is_asked() {
        if let Err(error) = engine.flush() {
            stop.ask();
            return Err(Failure::engine(&error));
        }
        facts.metrics.run_upkeep();
        stop.rest(WATCH);
    }
    Ok(())
}

fn log_came(name: &str, came: Came) {
    match came {
        Came::Taken(ingested) => {
            let new = ingested.records - ingested.skipped;
            tracing::info!(
                file = name,
                records = new,
                done = ingested.done,
                "took a file"
            );
        }
        Came::Refused(told) => {
            tracing::warn!(file = name, reason = told.message, "cannot read a file");
        }
    }
}
