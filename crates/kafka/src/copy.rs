//! A data directory into the journal of a deployment that has none yet.
//!
//! The records follow from the directory alone. A copy that was broken off is gone on with when what is in the journal
//! is the beginning of just these records; anything else is left alone.

use crate::deployment::Deployment;
use crate::directory::{Changes, record_of};
use crate::error::{Error, Result};
use crate::ingest::{SentFile, position_of};
use crate::input::SAID;
use crate::journal;
use crate::outputs::Counters;
use crate::publish::activate_catalogs;
use crate::router::registry::{Noted, REGISTRY, is_to_be_noted, purchase_of};
use crate::sender::{Outgoing, Sender};
use crate::tail::{Ends, Start, payload};
use crate::topics::Topic;
use rdkafka::message::{Header, Message, OwnedHeaders};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_journal::{DataDir, RecordChain};
use umbral_model::ids::{PartitionNo, PurchaseId};
use umbral_model::input::{Incoming, IncomingBody};
use umbral_model::journal::{ActivatedCatalog, Counts, SourcePosition};
use umbral_model::time::Timestamp;
use umbral_runtime::lane::LaneError;
use umbral_runtime::{EngineError, Scanner, Split, SplitRecord};

/// Records of one transaction.
const RECORDS: usize = 2_000;
/// Octets of one transaction.
const BYTES: usize = 16 << 20;

/// What a copy came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CopiedOut {
    /// Records of the journal.
    pub records: u64,
    /// Of these, those of an earlier run.
    pub skipped: u64,
    /// Counts of the directory.
    pub counts: Counts,
}

/// What is told of the directory besides its batches.
struct World {
    catalogs: Vec<ActivatedCatalog>,
    files: BTreeMap<SmolStr, SourcePosition>,
    clock: Timestamp,
}

/// Copies a data directory that no process has open into the empty journal of a deployment that no instance runs of.
/// `progress` is told how many inputs are copied.
///
/// # Errors
/// A directory that is not usable or has another number of partitions, topics that hold something else, brokers that do
/// not answer. What was done stays, and the next run goes on with it.
pub fn copy_out(
    deployment: &Deployment,
    data: &DataDir,
    progress: &mut dyn FnMut(u64),
) -> Result<CopiedOut> {
    let of_source = |source| EngineError::Journal {
        dir: data.path().to_owned(),
        source,
    };
    let _lock = data.lock().map_err(of_source)?;
    if data.partitions() != deployment.partitions {
        return Err(Error::OtherPartitions {
            found: data.partitions(),
            wanted: deployment.partitions,
        });
    }
    let mut sender = Sender::begin(deployment, "copy")?;
    let world = world(data)?;
    let there = chains(deployment)?;
    let known = known_catalogs(deployment, &world.catalogs)?;
    let sources = vec![catalog_source(deployment, world.catalogs.len())];
    if there.values().any(|chain| chain.batch > 0) {
        let mut records = Split::new(data, sources.clone())?;
        compare(deployment, &mut records, there.clone())?;
    }
    let mut split = Split::new(data, sources)?;
    let copied = send(deployment, &mut sender, &mut split, &there, progress)?;
    note_files(deployment, &mut sender, &world.files)?;
    // Instances begin when there are catalogs.
    let catalogs: Vec<Incoming> = world
        .catalogs
        .into_iter()
        .map(incoming(world.clock))
        .collect();
    activate_catalogs(deployment, &catalogs[known..])?;
    Ok(copied)
}

/// Catalogs, and how far files are read.
fn world(data: &DataDir) -> Result<World> {
    let mut scanner = Scanner::on(data)?;
    let mut world = World {
        catalogs: Vec::new(),
        files: BTreeMap::new(),
        clock: Timestamp::MIN,
    };
    while let Some(batch) = scanner.next_batch()? {
        world.clock = batch.commit.clock;
        world.catalogs.extend(batch.commit.catalogs);
        for source in batch.commit.sources {
            if !source.id.starts_with("kafka:") {
                world.files.insert(source.id.clone(), source);
            }
        }
    }
    Ok(world)
}

/// The position at which instances go on with the catalog topic: behind the catalogs that the journal has.
fn catalog_source(deployment: &Deployment, catalogs: usize) -> SourcePosition {
    let id = Deployment::source_id(&deployment.names.catalog, PartitionNo(0));
    SourcePosition {
        id: SmolStr::new(&id),
        name: id,
        records: catalogs as u64,
        done: false,
    }
}

/// As it came in, with its label: a repeat of what the journal has.
fn incoming(clock: Timestamp) -> impl Fn(ActivatedCatalog) -> Incoming {
    move |catalog| Incoming {
        key: catalog.key,
        occurred_at: clock.max(Timestamp::from_nanos(0)),
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(catalog.activation),
    }
}

/// Where the journal's partitions stand.
fn chains(deployment: &Deployment) -> Result<BTreeMap<u16, RecordChain>> {
    let topic = &deployment.names.journal;
    let ends = Ends::new(deployment)?;
    let mut chains = BTreeMap::new();
    let mut open = Vec::new();
    for partition in 0..deployment.partitions {
        chains.insert(partition, RecordChain::new(partition));
        let (first, end) = ends.bounds(topic, i32::from(partition))?;
        ends.wait_until_settled(topic, i32::from(partition), end, &mut || Ok(()))?;
        if first < end {
            open.push((partition, first, end));
        }
    }
    ends.read_last(topic, &open, &mut |partition, message| {
        let chain = RecordChain::after(payload(message)).map_err(|_| Error::Occupied {
            topic: format!("{topic}/{partition}"),
        })?;
        chains.insert(partition, chain);
        Ok(true)
    })?;
    Ok(chains)
}

/// Refuses a journal that is not the beginning of these records.
fn compare(
    deployment: &Deployment,
    split: &mut Split,
    mut there: BTreeMap<u16, RecordChain>,
) -> Result<()> {
    there.retain(|_, chain| chain.batch > 0);
    while let Some(records) = split.next_batch()? {
        for SplitRecord {
            partition, chain, ..
        } in records
        {
            if there.get(&partition.0) == Some(&chain) {
                there.remove(&partition.0);
            }
        }
    }
    match there.keys().next() {
        None => Ok(()),
        Some(partition) => Err(Error::Occupied {
            topic: format!("{}/{partition}", deployment.names.journal),
        }),
    }
}

/// Sends what is not there.
fn send(
    deployment: &Deployment,
    sender: &mut Sender,
    split: &mut Split,
    there: &BTreeMap<u16, RecordChain>,
    progress: &mut dyn FnMut(u64),
) -> Result<CopiedOut> {
    let headers = journal::headers(&Counters::default(), sender.name());
    let topic = &deployment.names.journal;
    let mut copied = CopiedOut::default();
    let (mut records, mut bytes) = (0, 0);
    let mut kept = BTreeMap::new();
    while let Some(batch) = split.next_batch()? {
        for record in batch {
            copied.records += 1;
            let changes = changes_of(deployment, &record)?;
            let noted = noted(&changes, &mut kept);
            let known = there.get(&record.partition.0);
            if known.is_some_and(|known| record.chain.batch <= known.batch) {
                copied.skipped += 1;
                continue;
            }
            sender.send(Outgoing {
                headers: headers.clone(),
                ..Outgoing::new(topic, record.partition.0, &record.bytes)
            })?;
            send_directory(deployment, sender, &record, &changes)?;
            send_noted(deployment, sender, &noted)?;
            records += 1;
            bytes += record.bytes.len();
        }
        copied.counts = split.counts();
        progress(copied.counts.inputs);
        if records >= RECORDS || bytes >= BYTES {
            sender.commit()?;
            (records, bytes) = (0, 0);
        }
    }
    sender.commit()?;
    Ok(copied)
}

fn changes_of(deployment: &Deployment, record: &SplitRecord) -> Result<Changes> {
    let unreadable = |source: LaneError| Error::Journal {
        topic: deployment.names.journal.clone(),
        partition: record.partition,
        offset: 0,
        source: Box::new(source),
    };
    let content = RecordChain::content(&record.bytes).map_err(|error| unreadable(error.into()))?;
    let batch = content.batch;
    Changes::of(content.control, content.payload)
        .map_err(|source| unreadable(LaneError::Content { batch, source }))
}

/// Who holds which number from here on.
fn send_directory(
    deployment: &Deployment,
    sender: &mut Sender,
    record: &SplitRecord,
    changes: &Changes,
) -> Result<()> {
    for input in &changes.inputs {
        let (key, value) = record_of(input);
        sender.send(Outgoing {
            key: Some(key.as_bytes()),
            ..Outgoing::new(
                &deployment.names.directory,
                record.partition.0,
                value.as_bytes(),
            )
        })?;
    }
    Ok(())
}

/// What the registry has to know of a record: purchases that wait, what was claimed, cards. `kept` has the purchases by
/// their positions.
fn noted(changes: &Changes, kept: &mut BTreeMap<u64, PurchaseId>) -> Vec<Noted> {
    let mut noted = Vec::new();
    for position in &changes.resubmitted {
        noted.extend(kept.remove(position).map(|id| Noted::forgotten(&id)));
    }
    for (position, purchase) in &changes.kept {
        if let Some(id) = purchase_of(purchase) {
            noted.push(Noted::purchase(id, purchase));
            kept.insert(*position, id.clone());
        }
    }
    let given = changes.inputs.iter().filter(|input| is_to_be_noted(input));
    noted.extend(given.map(Noted::given));
    noted
}

fn send_noted(deployment: &Deployment, sender: &mut Sender, noted: &[Noted]) -> Result<()> {
    let topic = deployment.settings().topic(Topic::Parked);
    for Noted { key, value, said } in noted {
        let mut headers = OwnedHeaders::new();
        if let Some(said) = said {
            headers = headers.insert(Header {
                key: SAID,
                value: Some(said),
            });
        }
        sender.send(Outgoing {
            key: Some(key.as_bytes()),
            headers,
            ..Outgoing::new(
                &topic,
                REGISTRY,
                value.as_deref().unwrap_or_default().as_bytes(),
            )
        })?;
    }
    Ok(())
}

/// What was taken into the directory is not sent again.
fn note_files(
    deployment: &Deployment,
    sender: &mut Sender,
    files: &BTreeMap<SmolStr, SourcePosition>,
) -> Result<()> {
    let topic = deployment.settings().topic(Topic::Ingest);
    for (id, source) in files {
        let file = SentFile {
            name: source.name.clone(),
            records: source.records,
            done: source.done,
        };
        sender.send(Outgoing {
            key: Some(id.as_bytes()),
            ..Outgoing::new(&topic, 0, &position_of(&file)?)
        })?;
    }
    sender.commit()
}

/// How many of these catalogs are on the catalog topic; nothing else may be there.
fn known_catalogs(deployment: &Deployment, catalogs: &[ActivatedCatalog]) -> Result<usize> {
    let topic = &deployment.names.catalog;
    let ends = Ends::new(deployment)?;
    let (first, end) = ends.bounds(topic, 0)?;
    if end == 0 {
        return Ok(0);
    }
    let occupied = || Error::Occupied {
        topic: topic.clone(),
    };
    let start = Start {
        topic: topic.clone(),
        partition: 0,
        offset: first,
    };
    let mut known = 0;
    ends.read(std::slice::from_ref(&start), &mut |message| {
        let found = umbral_wire::json::parse_incoming(payload(message));
        let key = found.map_err(|_| occupied())?.key;
        let same = catalogs
            .get(known)
            .is_some_and(|catalog| catalog.key == key);
        known += 1;
        match same && message.offset() == known as i64 - 1 {
            true => Ok(()),
            false => Err(occupied()),
        }
    })?;
    Ok(known)
}
