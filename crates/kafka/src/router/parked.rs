//! Records whose number nobody holds yet, kept in a compacted topic: by key, until they are sent.

use super::registry::{REGISTRY, Reading, Registry};
use crate::deployment::Deployment;
use crate::error::Result;
use crate::tail::{Ends, Start, payload};
use crate::topics::Topic;
use rdkafka::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use umbral_model::input::{Incoming, InputKey};
use umbral_wire::json;

/// Records of one partition that may be parked. What comes beyond stays in the quarantine only, and is sent again with
/// `umbral quarantine resubmit`.
const MOST: usize = 100_000;

/// A record as it is parked.
pub(super) struct ParkedRecord {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    incoming: Incoming,
}

impl ParkedRecord {
    pub(super) fn of(incoming: &Incoming) -> ParkedRecord {
        ParkedRecord {
            key: key_of(&incoming.key),
            value: json::incoming(incoming).into_bytes(),
            incoming: incoming.clone(),
        }
    }
}

/// Under which key a record is parked.
pub(super) fn key_of(key: &InputKey) -> Vec<u8> {
    key.to_string().into_bytes()
}

/// The parked records of a partition of the inbox.
#[derive(Default)]
pub(super) struct Parked(BTreeMap<Vec<u8>, Incoming>);

impl Parked {
    /// All of them.
    pub(super) fn records(&self) -> impl Iterator<Item = (&Vec<u8>, &Incoming)> {
        self.0.iter()
    }

    pub(super) fn put(&mut self, record: ParkedRecord) {
        if self.0.len() < MOST {
            self.0.insert(record.key, record.incoming);
        }
    }

    pub(super) fn free(&mut self, key: &[u8]) {
        self.0.remove(key);
    }
}

/// Reads what is parked in these partitions, and the registry if it is in one of them.
pub(super) fn load(
    deployment: &Deployment,
    ends: &Ends,
    partitions: &BTreeSet<u16>,
) -> Result<(BTreeMap<u16, Parked>, Option<Registry>)> {
    let topic = deployment.settings().topic(Topic::Parked);
    let mut all: BTreeMap<u16, Parked> = BTreeMap::new();
    let mut starts = Vec::new();
    let mut registry = Reading::default();
    for partition in partitions {
        all.insert(*partition, Parked::default());
        let number = i32::from(*partition);
        let (first, end) = ends.bounds(&topic, number)?;
        if first < end {
            ends.wait_until_settled(&topic, number, end, &mut || Ok(()))?;
            starts.push(Start {
                topic: topic.clone(),
                partition: number,
                offset: first,
            });
        }
    }
    ends.read(&starts, &mut |message| {
        if message.partition() == i32::from(REGISTRY) && registry.take(message) {
            return Ok(());
        }
        let parked = u16::try_from(message.partition()).ok();
        let parked = parked.and_then(|partition| all.get_mut(&partition));
        if let (Some(parked), Some(key)) = (parked, message.key()) {
            match json::parse_incoming(payload(message)) {
                Ok(incoming) if message.payload().is_some() => {
                    parked.0.insert(key.to_vec(), incoming);
                }
                _ => parked.free(key),
            }
        }
        Ok(())
    })?;
    let registry = partitions
        .contains(&REGISTRY)
        .then(|| Registry::new(registry));
    Ok((all, registry))
}
