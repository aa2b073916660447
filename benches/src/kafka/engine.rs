//! The engine on Kafka: records a second exactly once, latency at half of that, and how long a takeover takes.

use super::clients::send_packed;
use super::{PARTITIONS, Packing, Stand, TRANSACTION_RECORDS, TRANSACTION_TIME};
use crate::{Row, Sizes, catalog, customer};
use anyhow::{Context, Result};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use umbral_journal::RecordChain;
use umbral_kafka::topics::wanted;
use umbral_kafka::{Admin, Deployment, Role, Service, Settings, SnapshotSettings};
use umbral_model::input::Incoming;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::partitioner::partition_of_account;
use umbral_runtime::{ClockMode, Founding};
use umbral_wire::{Entries, json};

/// Workers, as many as the pass-through has.
const WORKERS: usize = 2;
/// Prefixes of the catalog.
const PREFIXES: usize = 1_000;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the engine is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A deployment with accounts, and how many inputs that took.
pub(super) struct Prepared {
    deployment: Deployment,
    inputs: u64,
}

fn settings(bootstrap: &str, prefix: &str, instance: &str, more: &str) -> Result<Settings> {
    let text = format!(
        "bootstrap = \"{bootstrap}\"\nprefix = \"{prefix}\"\ninstance = \"{instance}\"\nreplication = 1\nrouter = false\n\
         {more}\n[input]\nusage = \"protobuf\"\n[output]\nrated = false\n[transaction]\nrecords = {TRANSACTION_RECORDS}\n\
         milliseconds = {}\n",
        TRANSACTION_TIME.as_millis()
    );
    toml::from_str(&text).context("read settings")
}

impl Prepared {
    /// Makes topics, sends the catalog and the customers, and has the engine take them.
    pub(super) fn new(stand: &Stand, name: &str, accounts: u64) -> Result<Prepared> {
        let prefix = stand.named(name);
        let settings = settings(stand.bootstrap(), &prefix, "a", "")?;
        let partitions = u16::try_from(PARTITIONS).context("count partitions")?;
        let wanted = wanted(&settings, partitions);
        Admin::connect(&settings)?.create(&wanted.iter().collect::<Vec<_>>())?;
        let deployment = Deployment::new(settings, partitions)?;
        let founding = Founding {
            partitions,
            catalogs: vec![catalog(PREFIXES)],
            at: umbral_model::time::Timestamp::from_nanos(0),
            created_by: "bench".to_owned(),
        };
        let (activations, _) = founding.activations()?;
        umbral_kafka::activate_catalogs(&deployment, &activations)?;
        let inputs = send_customers(&deployment, accounts)? + u64::from(partitions);
        let prepared = Prepared { deployment, inputs };
        let service = prepared.start(&SnapshotSettings::default())?;
        wait_for(&service, prepared.inputs)?;
        service.stop()?;
        Ok(prepared)
    }

    fn start(&self, snapshots: &SnapshotSettings) -> Result<Service> {
        let options = LaneOptions::with_clock(ClockMode::Event);
        Ok(Service::start(
            self.deployment.clone(),
            &options,
            snapshots,
            WORKERS,
        )?)
    }

    fn usage(&self) -> String {
        format!("{}.usage", self.deployment.settings().prefix)
    }

    /// Records a second from the input topic to the committed journal, from the first commit to the last.
    pub(super) fn throughput(&self, stand: &Stand, packing: Packing) -> Result<f64> {
        let producer: BaseProducer = self.deployment.client(Role::Sender)?.create()?;
        let usage = self.usage();
        stand.load.messages(packing, |partition, message| {
            producer.poll(Duration::ZERO);
            send_packed(&producer, &usage, partition, message, packing)
        })?;
        producer.flush(PATIENCE)?;
        let service = self.start(&SnapshotSettings::default())?;
        let began = wait_for(&service, 1)?;
        let started = Instant::now();
        let ended = wait_for(&service, stand.load.records())?;
        let seconds = started.elapsed().as_secs_f64();
        let standing = service.stop()?;
        anyhow::ensure!(
            standing.counts.applied == stand.load.records(),
            "not all records were applied: {:?}",
            standing.counts
        );
        Ok((ended - began) as f64 / seconds)
    }
}

/// Waits until an instance committed so many inputs; how many it committed then.
fn wait_for(service: &Service, inputs: u64) -> Result<u64> {
    let started = Instant::now();
    loop {
        let committed = service.standing().counts.inputs;
        if committed >= inputs {
            return Ok(committed);
        }
        anyhow::ensure!(service.is_running(), "the instance stopped");
        anyhow::ensure!(
            started.elapsed() < PATIENCE,
            "{committed} of {inputs} inputs"
        );
        thread::park_timeout(LOOK);
    }
}

/// Sends what opens the accounts; how many inputs that were.
fn send_customers(deployment: &Deployment, accounts: u64) -> Result<u64> {
    let producer: BaseProducer = deployment.client(Role::Sender)?.create()?;
    let topic = format!("{}.customers", deployment.settings().prefix);
    let mut sent = 0;
    for account in 0..accounts {
        for input in customer(account) {
            let partition = i32::from(partition_of(&input, deployment.partitions).0);
            let line = json::incoming(&input);
            super::clients::send(&producer, &topic, partition, line.as_bytes())?;
            sent += 1;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE)?;
    Ok(sent)
}

fn partition_of(input: &Incoming, partitions: u16) -> umbral_model::ids::PartitionNo {
    match &input.address {
        Some(umbral_model::input::Address::Account(account, _)) => {
            partition_of_account(account, partitions)
        }
        _ => umbral_model::ids::PartitionNo(0),
    }
}

/// Milliseconds from a record's sending to its being readable in the journal, at so many records a second: the median
/// and what one in a hundred exceeds.
pub(super) fn latency(
    stand: &Stand,
    prepared: &Prepared,
    rate: f64,
    seconds: u64,
) -> Result<[f64; 2]> {
    let deployment = &prepared.deployment;
    let order = stand.load.order()?;
    let service = prepared.start(&SnapshotSettings::default())?;
    let reader = follow_journal(deployment)?;
    let wanted = ((rate * seconds as f64) as u64).min(stand.load.records());
    let begun = Instant::now();
    while service.standing().owned() < PARTITIONS as usize {
        anyhow::ensure!(
            service.is_running() && begun.elapsed() < PATIENCE,
            "no partitions"
        );
        thread::park_timeout(LOOK);
    }
    let (sender, usage) = (deployment.client(Role::Sender)?, prepared.usage());
    let begun = Instant::now();
    let mut taken: Vec<f64> = thread::scope(|scope| {
        let paced = scope.spawn(|| -> Result<()> {
            let producer: BaseProducer = sender.create()?;
            let mut sent = 0u64;
            stand.load.messages(Packing::Single, |partition, message| {
                if sent >= wanted {
                    return Ok(());
                }
                let due = Duration::from_secs_f64(sent as f64 / rate);
                while begun.elapsed() < due {
                    producer.poll(Duration::from_micros(200));
                }
                let at = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
                sent += 1;
                let record = BaseRecord::<(), [u8]>::to(&usage).partition(partition);
                producer
                    .send(record.payload(message).timestamp(at))
                    .map_err(|(error, _)| error)
                    .context("send a record")
            })?;
            producer.flush(PATIENCE)?;
            Ok(())
        });
        let read = read_arrivals(&reader, &order, begun, rate, wanted);
        paced
            .join()
            .map_err(|_| anyhow::anyhow!("the sender broke"))??;
        read
    })?;
    service.stop()?;
    taken.sort_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    Ok([at(0.5), at(0.99)])
}

fn follow_journal(deployment: &Deployment) -> Result<BaseConsumer> {
    let reader: BaseConsumer = deployment.reader().create()?;
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(&deployment.names.journal, partition, Offset::End)?;
    }
    reader.assign(&list)?;
    Ok(reader)
}

/// When each record was there, in milliseconds after it was due. Records are numbered in the order of sending.
fn read_arrivals(
    reader: &BaseConsumer,
    order: &HashMap<String, u64>,
    begun: Instant,
    rate: f64,
    wanted: u64,
) -> Result<Vec<f64>> {
    let mut taken = Vec::with_capacity(wanted as usize);
    let mut last = Instant::now();
    while (taken.len() as u64) < wanted {
        anyhow::ensure!(
            last.elapsed() < Duration::from_secs(60),
            "records are missing"
        );
        let Some(message) = reader.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message?;
        let now = begun.elapsed().as_secs_f64();
        last = Instant::now();
        let record = RecordChain::content(message.payload().unwrap_or_default())?;
        for entry in Entries::of(record.payload) {
            let entry = entry?;
            let Some(usage) = entry.usage() else { continue };
            let sent = order
                .get(usage.event_id)
                .context("a record that nobody sent")?;
            taken.push((now - *sent as f64 / rate) * 1e3);
        }
    }
    Ok(taken)
}

/// Seconds from the kill of one of two instances until the other one has caught up with its partitions.
pub(super) fn takeover(stand: &Stand, prepared: &Prepared, with_snapshots: bool) -> Result<f64> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let url = folder.path().join("snapshots");
    let snapshots = match with_snapshots {
        true => SnapshotSettings::in_store(umbral_store::create(&url.to_string_lossy())?),
        false => SnapshotSettings::default(),
    };
    if with_snapshots {
        // One start takes over everything, and leaves a snapshot of each partition when it stops.
        let service = prepared.start(&SnapshotSettings {
            every_bytes: 0,
            ..snapshots.clone()
        })?;
        owned(&service, PARTITIONS as usize)?;
        service.stop()?;
    }
    let mut other = spawn(
        stand,
        prepared,
        folder.path(),
        with_snapshots.then_some(url.as_path()),
    )?;
    let deployment = Deployment::new(
        settings(
            stand.bootstrap(),
            &prepared.deployment.settings().prefix,
            "a",
            "",
        )?,
        prepared.deployment.partitions,
    )?;
    let options = LaneOptions::with_clock(ClockMode::Event);
    let service = Service::start(deployment, &options, &snapshots, 1)?;
    let shared = owned(&service, PARTITIONS as usize / 2);
    if shared.is_err() {
        let _ = other.kill();
    }
    shared?;
    // The other one has to have its half, too.
    thread::park_timeout(Duration::from_secs(10));
    other.kill().context("kill an instance")?;
    let killed = Instant::now();
    other.wait()?;
    owned(&service, PARTITIONS as usize)?;
    let seconds = killed.elapsed().as_secs_f64();
    service.stop()?;
    Ok(seconds)
}

/// Waits until an instance drives exactly so many partitions.
fn owned(service: &Service, partitions: usize) -> Result<()> {
    let started = Instant::now();
    loop {
        let standing = service.standing();
        let awaited: usize = standing.workers.values().map(|worker| worker.awaited).sum();
        if standing.owned() == partitions && awaited == 0 {
            return Ok(());
        }
        anyhow::ensure!(service.is_running(), "the instance stopped");
        anyhow::ensure!(started.elapsed() < PATIENCE, "{standing:?}");
        thread::park_timeout(LOOK);
    }
}

/// The command as another instance.
fn spawn(
    stand: &Stand,
    prepared: &Prepared,
    folder: &Path,
    snapshots: Option<&Path>,
) -> Result<Child> {
    let snapshots = snapshots.map_or(String::new(), |url| {
        format!("snapshots = \"{}\"", url.display())
    });
    let config = format!(
        "clock = \"event\"\nthreads = 1\npartitions = {PARTITIONS}\nlisten = \"127.0.0.1:0\"\n[kafka]\nbootstrap = \"{}\"\n\
         prefix = \"{}\"\ninstance = \"b\"\nreplication = 1\nrouter = false\n{snapshots}\n[kafka.input]\nusage = \"protobuf\"\n\
         [kafka.output]\nrated = false\n",
        stand.bootstrap(),
        prepared.deployment.settings().prefix
    );
    let path = folder.join("umbral.toml");
    std::fs::write(&path, config)?;
    let here = std::env::current_exe().context("find this command")?;
    Command::new(here.with_file_name("umbral"))
        .args(["run", "--config"])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("start the command")
}

/// Rows of the engine, held against passing through.
pub(super) fn rows(stand: &Stand, sizes: &Sizes, passed: [f64; 2]) -> Result<Vec<Row>> {
    let unit = "records/s";
    let single = Prepared::new(stand, "engine-single", sizes.accounts)?;
    let through = single.throughput(stand, Packing::Single)?;
    let packed = Prepared::new(stand, "engine-packed", sizes.accounts)?;
    let through_packed = packed.throughput(stand, Packing::Packed)?;
    let paced = Prepared::new(stand, "engine-paced", sizes.accounts)?;
    let [median, worst] = latency(stand, &paced, through / 2.0, sizes.seconds)?;
    let without = takeover(stand, &paced, false)?;
    let with = takeover(stand, &paced, true)?;
    Ok(vec![
        Row::rate("kafka_exactly_once", through, unit, passed[0]),
        Row::rate("kafka_exactly_once_packed", through_packed, unit, passed[1]),
        Row::plain("kafka_latency_p50_ms", median, "ms"),
        Row::plain("kafka_latency_p99_ms", worst, "ms"),
        Row::plain("kafka_takeover_seconds", with, "s"),
        Row::plain("kafka_takeover_without_snapshot_seconds", without, "s"),
    ])
}
