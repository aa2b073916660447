//! Records of the quarantine, sent again under their own key: a header says which entry each takes up.

use crate::deployment::Deployment;
use crate::error::Result;
use crate::ingest::{FileRecord, topic_of, value};
use crate::input::{FORCED, RESUBMITS};
use crate::sender::{Outgoing, Sender};
use crate::topics::Topic;
use rdkafka::message::{Header, OwnedHeaders};
use umbral_model::input::{Address, IncomingBody};
use umbral_runtime::Resubmission;
use umbral_runtime::partitioner::{partition_of, partition_of_account};

/// Sends records again, in one transaction: to the partition of their account, to the router where they name a number only,
/// or to the partition of their entry where they name nobody. With `forced` they are taken although they are older than their window or beyond the clock.
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
    if let Some(Address::Identifier(identifier)) = &incoming.address {
        return to_router(deployment, sender, record, identifier.value.as_bytes());
    }
    let topic = match &incoming.body {
        IncomingBody::Account(body) => topic_of(body),
        IncomingBody::Tick | IncomingBody::CatalogActivated(_) => Topic::Customers,
    };
    let settings = deployment.settings();
    let content = FileRecord {
        content: Ok(incoming),
        original: &record.original,
        format: &record.format,
    };
    let value = value(&content, settings.format(topic));
    let position = record.position.to_string();
    let mut headers = OwnedHeaders::new().insert(Header {
        key: RESUBMITS,
        value: Some(&position),
    });
    if forced {
        headers = headers.insert(Header {
            key: FORCED,
            value: Some("1"),
        });
    }
    let account = match &incoming.address {
        Some(Address::Account(account, _)) => Some(account),
        Some(Address::Identifier(_)) | None => None,
    };
    let partitions = deployment.partitions;
    let partition = match account {
        Some(account) => partition_of_account(account, partitions).0,
        // Positions are strided: the partition is in them.
        None => (record.position.saturating_sub(1) % u64::from(partitions)) as u16,
    };
    sender.send(Outgoing {
        key: account.map(|account| account.as_str().as_bytes()),
        headers,
        ..Outgoing::new(&settings.topic(topic), partition, &value)
    })
}

/// Sends a record that names a number to the router, which knows by now whose it is, or parks it. Its entry is settled when
/// it is taken under its key.
fn to_router(
    deployment: &Deployment,
    sender: &mut Sender,
    record: &Resubmission,
    number: &[u8],
) -> Result<()> {
    let content = FileRecord {
        content: Ok(&record.incoming),
        original: &record.original,
        format: &record.format,
    };
    let settings = deployment.settings();
    let value = value(&content, settings.format(Topic::Inbox));
    let partition = partition_of(number, deployment.partitions).0;
    sender.send(Outgoing {
        key: Some(number),
        ..Outgoing::new(&settings.topic(Topic::Inbox), partition, &value)
    })
}
