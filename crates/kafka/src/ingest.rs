//! Files into the input topics, each record once: how far a file was read is written in the transaction that has its
//! records, to a compacted topic.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::router::registry::{REGISTRY, is_for_registry};
use crate::sender::{Outgoing, Sender};
use crate::settings::Format;
use crate::tail::{Ends, Start, payload};
use crate::topics::Topic;
use rdkafka::message::Message;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use umbral_intake::reader::Refusal;
use umbral_model::input::{Address, Body, Incoming, IncomingBody};
use umbral_runtime::partitioner::{partition_of, partition_of_account, partition_of_unresolved};

/// Records of one transaction.
const RECORDS: u64 = 10_000;
/// Octets of one transaction.
const BYTES: usize = 8 << 20;

/// How far a file was sent.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct SentFile {
    /// The name that it had.
    pub name: String,
    /// Its records that were sent.
    pub records: u64,
    /// All of it was sent.
    pub done: bool,
}

/// A record of a file.
#[derive(Clone, Copy, Debug)]
pub struct FileRecord<'r> {
    /// What it says, or why it cannot be read.
    pub content: std::result::Result<&'r Incoming, &'r Refusal>,
    /// The record as it came in.
    pub original: &'r [u8],
    /// What its bytes are: `json`, `protobuf`, `csv`, `fixed`.
    pub format: &'r str,
}

/// Sends the records of files.
pub struct Ingestion {
    deployment: Deployment,
    sender: Sender,
    progress: String,
    files: BTreeMap<String, SentFile>,
    records: u64,
    bytes: usize,
}

impl Ingestion {
    /// Takes the place of an earlier run, and reads how far it had come.
    ///
    /// # Errors
    /// Brokers that do not answer.
    pub fn begin(deployment: &Deployment) -> Result<Ingestion> {
        let sender = Sender::begin(deployment, "ingest")?;
        let progress = deployment.settings().topic(Topic::Ingest);
        Ok(Ingestion {
            files: sent_files(deployment, &progress)?,
            deployment: deployment.clone(),
            sender,
            progress,
            records: 0,
            bytes: 0,
        })
    }

    /// How far the file with this content was sent.
    pub fn sent(&self, content_id: &str) -> Option<&SentFile> {
        self.files.get(content_id)
    }

    /// Sends a record to the topic of its kind, in the open transaction.
    ///
    /// # Errors
    /// Brokers that do not take it.
    pub fn send(&mut self, record: &FileRecord<'_>) -> Result<()> {
        self.records += 1;
        self.bytes += record.original.len();
        let Ok(incoming) = record.content else {
            return self.send_unreadable(record);
        };
        let partitions = self.deployment.partitions;
        match (&incoming.body, &incoming.address) {
            (IncomingBody::CatalogActivated(_), _) => self.write(Topic::Catalog, 0, None, record),
            // Every partition has a clock of its own.
            (IncomingBody::Tick, _) => (0..partitions)
                .try_for_each(|partition| self.write(Topic::Customers, partition, None, record)),
            (IncomingBody::Account(body), _) if is_for_registry(body) => {
                self.write(Topic::Inbox, REGISTRY, None, record)
            }
            (IncomingBody::Account(Body::Purchase(_)), None) => {
                self.write(Topic::Inbox, REGISTRY, None, record)
            }
            (IncomingBody::Account(_), Some(Address::Identifier(identifier))) => {
                let key = identifier.value.as_bytes();
                let partition = partition_of(key, partitions).0;
                self.write(Topic::Inbox, partition, Some(key), record)
            }
            (IncomingBody::Account(body), Some(Address::Account(account, _))) => {
                let key = account.as_str().as_bytes();
                let partition = partition_of_account(account, partitions).0;
                self.write(topic_of(body), partition, Some(key), record)
            }
            (IncomingBody::Account(body), None) => {
                let key = Some(&incoming.key);
                let partition = partition_of_unresolved(key, record.original, partitions).0;
                self.write(topic_of(body), partition, None, record)
            }
        }
    }

    /// Whether the open transaction is large enough.
    pub fn is_full(&self) -> bool {
        self.records >= RECORDS || self.bytes >= BYTES
    }

    /// Commits what was sent; with how far the file with this content was sent then, if it has an id.
    ///
    /// # Errors
    /// Brokers that do not take it. Nothing of it counts then, or all; another run finds out.
    pub fn commit(&mut self, position: Option<(&str, SentFile)>) -> Result<()> {
        if let Some((id, file)) = position.filter(|(id, file)| self.sent(id) != Some(file)) {
            let value = position_of(&file)?;
            self.sender.send(Outgoing {
                key: Some(id.as_bytes()),
                ..Outgoing::new(&self.progress, 0, &value)
            })?;
            self.files.insert(id.to_owned(), file);
        }
        (self.records, self.bytes) = (0, 0);
        self.sender.commit()
    }

    /// What cannot be read goes into the quarantine with its bytes.
    fn send_unreadable(&mut self, record: &FileRecord<'_>) -> Result<()> {
        let key = record
            .content
            .err()
            .and_then(|refusal| refusal.key.as_ref());
        let partitions = self.deployment.partitions;
        let partition = partition_of_unresolved(key, record.original, partitions).0;
        let topic = self.deployment.settings().topic(Topic::Usage);
        let outgoing = Outgoing::new(&topic, partition, record.original);
        self.sender.send(outgoing)
    }

    fn write(
        &mut self,
        topic: Topic,
        partition: u16,
        key: Option<&[u8]>,
        record: &FileRecord<'_>,
    ) -> Result<()> {
        let settings = self.deployment.settings();
        let value = value(record, settings.format(topic));
        let topic = settings.topic(topic);
        self.sender.send(Outgoing {
            key,
            ..Outgoing::new(&topic, partition, &value)
        })
    }
}

/// How far a file was sent, as the topic has it.
pub(crate) fn position_of(file: &SentFile) -> Result<Vec<u8>> {
    serde_json::to_vec(file).map_err(|_| Error::Defect)
}

/// As the topic has it: the bytes themselves where they are so already.
pub(crate) fn value<'r>(record: &FileRecord<'r>, format: Format) -> Cow<'r, [u8]> {
    let word = match format {
        Format::Json => "json",
        Format::Protobuf => "protobuf",
    };
    match (record.content, format) {
        (Err(_), _) => Cow::Borrowed(record.original),
        _ if record.format == word && !record.original.is_empty() => Cow::Borrowed(record.original),
        (Ok(incoming), _) => Cow::Owned(encode(incoming, format)),
    }
}

/// An input as a topic of this format has it.
pub(crate) fn encode(incoming: &Incoming, format: Format) -> Vec<u8> {
    match format {
        Format::Json => umbral_wire::json::incoming(incoming).into_bytes(),
        Format::Protobuf => {
            let mut bytes = Vec::new();
            umbral_wire::proto::encode_incoming(incoming, &mut bytes);
            bytes
        }
    }
}

/// The input topic of a kind.
pub(crate) fn topic_of(body: &Body) -> Topic {
    match body {
        Body::Usage(_)
        | Body::UsageCorrected(_)
        | Body::UsageCancelled(_)
        | Body::ChargeAdded(_) => Topic::Usage,
        Body::Purchase(_) => Topic::Purchases,
        Body::BillIssued(_)
        | Body::BillVoided(_)
        | Body::PaymentReceived(_)
        | Body::PaymentReversed(_)
        | Body::CreditNote(_)
        | Body::WriteOff(_)
        | Body::DisputeOpened(_)
        | Body::DisputeResolved(_)
        | Body::PromiseMade(_)
        | Body::PromiseCancelled(_) => Topic::Billing,
        _ => Topic::Customers,
    }
}

/// What the topic says of each file.
fn sent_files(deployment: &Deployment, topic: &str) -> Result<BTreeMap<String, SentFile>> {
    let ends = Ends::new(deployment)?;
    let (first, end) = ends.bounds(topic, 0)?;
    let mut files = BTreeMap::new();
    if first == end {
        return Ok(files);
    }
    ends.wait_until_settled(topic, 0, end, &mut || Ok(()))?;
    let start = Start {
        topic: topic.to_owned(),
        partition: 0,
        offset: first,
    };
    ends.read(std::slice::from_ref(&start), &mut |message| {
        let id = message.key().map(String::from_utf8_lossy);
        let file = serde_json::from_slice(payload(message));
        if let (Some(id), Ok(file)) = (id, file) {
            files.insert(id.into_owned(), file);
        }
        Ok(())
    })?;
    Ok(files)
}
