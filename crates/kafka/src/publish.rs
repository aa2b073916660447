//! Sending inputs from outside of the engine: catalogs that come into force.

use crate::client::Role;
use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::secret::Veil;
use crate::tail::Ends;
use crate::watch::Watch;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientContext, config::RDKafkaLogLevel, error::KafkaError};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use umbral_model::input::Incoming;

/// How long a record may take to be durable.
const DELIVERY: Duration = Duration::from_secs(30);

/// Remembers the first record that did not arrive.
pub(crate) struct Sending {
    failed: Mutex<Option<KafkaError>>,
    watch: Watch,
}

impl Sending {
    pub(crate) fn new(veil: &Veil) -> Sending {
        Sending {
            failed: Mutex::default(),
            watch: Watch::new(veil.clone()),
        }
    }

    /// Why a record did not arrive; none if all did since the last time.
    pub(crate) fn take_failure(&self) -> Option<KafkaError> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.take()
    }
}

impl ClientContext for Sending {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ProducerContext for Sending {
    type DeliveryOpaque = ();

    fn delivery(&self, delivered: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = delivered {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert_with(|| error.clone());
        }
    }
}

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
    let producer: BaseProducer<Sending> = deployment
        .client(Role::Sender)?
        .create_with_context(Sending::new(deployment.veil()))
        .map_err(Error::client("make a producer"))?;
    for activation in activations {
        let value = umbral_wire::json::incoming(activation);
        let record = BaseRecord::<(), str>::to(&deployment.names.catalog)
            .partition(0)
            .payload(&value);
        producer
            .send(record)
            .map_err(|(error, _)| failed()(error))?;
    }
    producer.flush(DELIVERY).map_err(failed())?;
    let undelivered = producer.context().take_failure();
    undelivered.map_or(Ok(()), |error| Err(failed()(error)))
}
