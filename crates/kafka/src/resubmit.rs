//! Records of the quarantine, sent again under their own key: a header says which entry each takes up.

use crate::deployment::Deployment;
use crate::error::Result;
use crate::ingest::{FileRecord, topic_of, value};
use crate::input::{FORCED, RESUBMITS};
use crate::router::registry::{REGISTRY, is_for_registry};
use crate::sender::{Outgoing, Sender};
use crate::topics::Topic;
use rdkafka::message::{Header, OwnedHeaders};
use umbral_model::input::{Address, Body, IncomingBody};
use umbral_runtime::Resubmission;
use umbral_runtime::partitioner::{partition_of, partition_of_account};

/// Sends records again, in one transaction: to the partition of their account, to the router where they name a number only
/// or where the registry decides, or to the partition of their entry where they name nobody. With `forced` they are taken although they are older than their window or beyond the clock.
///
/// # Errors
/// Brokers that do not take them; none of them counts then.
pub fn resubmit(deployment: &Deployment, records: &[Resubmission], forced: bool) -> Result<()> {
    let mut sender = Sender::begin(deployment, "resubmit")?;
    for record in records {
        send(deployment, &mut sender, record, forced)?;
    }
    sender.commit()
}

fn send(
    deployment: &Deployment,
    sender: &mut Sender,
    record: &Resubmission,
    forced: bool,
) -> Result<()> {
    let incoming = &record.incoming;
    let partitions = deployment.partitions;
    let account = match &incoming.address {
        Some(Address::Account(account, _)) => Some(account),
        Some(Address::Identifier(_)) | None => None,
    };
    let account_key = account.map(|account| account.as_str().as_bytes());
    let (topic, key, partition) = match (&incoming.body, &incoming.address) {
        (IncomingBody::Account(body), _) if is_for_registry(body) => {
            (Topic::Inbox, account_key, REGISTRY)
        }
        (IncomingBody::Account(Body::Purchase(_)), _) if account.is_none() => {
            (Topic::Inbox, None, REGISTRY)
        }
        (_, Some(Address::Identifier(identifier))) => {
            let number = identifier.value.as_bytes();
            (
                Topic::Inbox,
                Some(number),
                partition_of(number, partitions).0,
            )
        }
        (body, _) => {
            let topic = match body {
                IncomingBody::Account(body) => topic_of(body),
                IncomingBody::Tick | IncomingBody::CatalogActivated(_) => Topic::Customers,
            };
            // Positions are strided: the partition is in them.
            let of_entry = (record.position.saturating_sub(1) % u64::from(partitions)) as u16;
            let partition = account.map(|account| partition_of_account(account, partitions).0);
            (topic, account_key, partition.unwrap_or(of_entry))
        }
    };
    let settings = deployment.settings();
    let content = FileRecord {
        content: Ok(incoming),
        original: &record.original,
        format: &record.format,
    };
    let value = value(&content, settings.format(topic));
    // An entry whose account only the router finds is settled when the record is taken under its key: it may be another
    // partition's.
    let is_found_later = topic == Topic::Inbox && account.is_none();
    let mut headers = OwnedHeaders::new();
    if !is_found_later {
        headers = headers.insert(Header {
            key: RESUBMITS,
            value: Some(&record.position.to_string()),
        });
    }
    if forced {
        headers = headers.insert(Header {
            key: FORCED,
            value: Some("1"),
        });
    }
    sender.send(Outgoing {
        key,
        headers,
        ..Outgoing::new(&settings.topic(topic), partition, &value)
    })
}
