//! Sending inputs from outside of the engine: catalogs that come into force.

use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::tail::Ends;
use crate::transaction::{DELIVERY, NOT_JOURNAL};
use rdkafka::producer::{BaseRecord, Producer};
use umbral_model::input::Incoming;

/// How many records the catalog topic has had, marks of transactions included; 0 before a deployment's first catalog.
///
/// # Errors
/// Brokers that do not answer.
pub fn catalogs(deployment: &Deployment) -> Result<u64> {
    let (_, end) = Ends::new(deployment)?.bounds(&deployment.names.catalog, 0)?;
    Ok(end.unsigned_abs())
}

/// Puts catalog activations on the catalog topic, in this order; returns when they are durable. Each partition takes
/// them when it has decided what it had read before.
///
/// # Errors
/// Brokers that do not take them. Some may have been taken: activations that are sent again are repeats.
pub fn activate_catalogs(deployment: &Deployment, activations: &[Incoming]) -> Result<()> {
    let failed = || Error::client("send a catalog");
    let producer = deployment
        .producer(&deployment.client(Role::Sender)?)
        .map_err(Error::client("make a producer"))?;
    for activation in activations {
        let value = umbral_wire::json::incoming(activation);
        let record =
            BaseRecord::<(), str, usize>::with_opaque_to(&deployment.names.catalog, NOT_JOURNAL)
                .partition(0)
                .payload(&value);
        producer
            .send(record)
            .map_err(|(error, _)| failed()(error))?;
    }
    producer.flush(DELIVERY).map_err(failed())?;
    producer.context().take().map_err(failed())?;
    Ok(())
}
