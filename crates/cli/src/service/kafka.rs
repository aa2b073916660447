//! The service as an instance of a deployment on Kafka.

use super::http::{self, Facts, Readiness};
use super::signals::Stop;
use crate::catalogs;
use crate::commands::{init, run, topics};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use std::time::Duration;
use umbral_kafka::{Deployment, Service, Settings, SnapshotSettings};
use umbral_runtime::lane::LaneOptions;

/// Time between two looks at how the instance stands.
const WATCH: Duration = Duration::from_millis(200);

/// Runs until it is told to stop.
pub(crate) fn run(config: &Config, out: &mut Out) -> Result<Exit, Failure> {
    let Some(settings) = &config.kafka else {
        return Err(Failure::usage("there is no [kafka]"));
    };
    refuse_what_is_embedded(config)?;
    let listener = http::bind(config.listen)?;
    topics::require(settings, config)?;
    let deployment = deployment(settings, config)?;
    found(&deployment, config, out)?;
    let metrics = run::recorder()?;
    let snapshots = snapshots(settings, config)?;
    let workers = config
        .threads
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let service = Service::start(deployment, &options(config), &snapshots, workers);
    let service = service.map_err(|error| failure(&error))?;
    serve(service, listener, metrics)
}

/// What only a data directory has.
fn refuse_what_is_embedded(config: &Config) -> Result<(), Failure> {
    let what = if !config.follow.is_empty() {
        "[[follow]]: send files with `umbral ingest --config`"
    } else if config.archive.is_some() {
        "[archive]: brokers keep the journal, see their tiered storage"
    } else if config.segment_bytes.is_some() {
        "segment_bytes: brokers cut their logs themselves"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!(
        "a deployment on Kafka has no {what}"
    )))
}

/// The deployment of a configuration.
pub(crate) fn deployment(settings: &Settings, config: &Config) -> Result<Deployment, Failure> {
    let partitions = config.partitions.unwrap_or(init::PARTITIONS);
    Deployment::new(settings.clone(), partitions).map_err(|error| Failure::usage(error.to_string()))
}

/// Gives a deployment without a catalog its first one.
fn found(deployment: &Deployment, config: &Config, out: &Out) -> Result<(), Failure> {
    let known = umbral_kafka::catalogs(deployment).map_err(|error| failure(&error))?;
    let Some(catalog) = config.catalog.as_ref().filter(|_| known == 0) else {
        return Ok(());
    };
    let versions = catalogs::load(catalog, out)?;
    let files = versions.into_iter().map(|version| version.files).collect();
    let founding = init::founding(files, deployment.partitions);
    let (activations, labels) = founding
        .activations()
        .map_err(|error| Failure::engine(&error))?;
    umbral_kafka::activate_catalogs(deployment, &activations).map_err(|error| failure(&error))?;
    tracing::info!(?labels, "sent the deployment its first catalog");
    Ok(())
}

fn options(config: &Config) -> LaneOptions {
    let mut options = LaneOptions::with_clock(config.clock.mode());
    options.batch_inputs = config.batch.unwrap_or(options.batch_inputs);
    options.window_keys = config.window_keys.unwrap_or(options.window_keys);
    options
}

fn snapshots(settings: &Settings, config: &Config) -> Result<SnapshotSettings, Failure> {
    let Some(url) = &settings.snapshots else {
        return Ok(SnapshotSettings::default());
    };
    let store = umbral_store::create(url).map_err(|error| Failure::unusable(error.to_string()))?;
    let mut snapshots = SnapshotSettings::in_store(store);
    let options = config.snapshots.options();
    if config.snapshots != crate::config::Snapshots::default() {
        snapshots.every = options.every;
        snapshots.every_bytes =
            options.every_bytes / u64::from(config.partitions.unwrap_or(init::PARTITIONS));
        snapshots.read = options.read;
        snapshots.at_stop = options.stop_bytes < u64::MAX;
    }
    Ok(snapshots)
}

/// Serves until told to stop, or until the instance stops by itself.
fn serve(
    service: Service,
    listener: std::net::TcpListener,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("cannot start the service: {error}")))?;
    let stop = Stop::default();
    let facts = Facts {
        metrics,
        ready: Readiness::default(),
    };
    facts.ready.set(service.standing().why_not_ready());
    runtime.spawn(stop.clone().listen());
    runtime.spawn(http::serve(listener, facts.clone()));
    while !stop.is_asked() && service.is_running() {
        facts.ready.set(service.standing().why_not_ready());
        facts.metrics.run_upkeep();
        stop.rest(WATCH);
    }
    facts.ready.set(Some("the instance stops".to_owned()));
    let standing = service.stop().map_err(|error| failure(&error))?;
    tracing::info!(inputs = standing.counts.inputs, "stopped");
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(Exit::Done)
}

/// What went wrong with brokers and topics.
pub(crate) fn failure(error: &umbral_kafka::Error) -> Failure {
    match error {
        umbral_kafka::Error::Settings(_) => Failure::usage(error.to_string()),
        umbral_kafka::Error::Brokers(error) => topics::told(error),
        _ => Failure::unusable(error.to_string()),
    }
}
