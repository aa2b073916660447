//! The first question to brokers: who they are, and what topics there are. It is asked until they answer or refuse, or
//! until it is clear that nobody does.

use crate::admin::AdminError;
use crate::watch::{Listens, Watch, Weight};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::metadata::Metadata;
use std::time::{Duration, Instant};

/// Until then brokers have to answer.
pub(crate) const CONNECT_BOUND: Duration = Duration::from_secs(7);
/// How long one question waits; between two, what was reported is looked at. A busy broker has to have the time for its first
/// answer: it may name addresses at which nobody answers a second time.
const SLICE: Duration = Duration::from_millis(1500);
/// How long to wait for reports about what failed.
pub(crate) const REPORTS: Duration = Duration::from_millis(50);

/// What brokers say of themselves and of one topic, or of all.
pub(crate) fn metadata(
    consumer: &BaseConsumer<Watch>,
    bootstrap: &str,
    topic: Option<&str>,
) -> Result<Metadata, AdminError> {
    let end = Instant::now() + CONNECT_BOUND;
    loop {
        let asked = consumer.fetch_metadata(topic, SLICE);
        // A refused connection fails at once: this is the rest before the next try, too.
        while consumer.poll(REPORTS).is_some() {}
        let worst = consumer.context().watch().worst();
        let bootstrap = bootstrap.to_owned();
        match (asked, worst) {
            (Ok(metadata), _) => return Ok(metadata),
            (Err(_), Some(report)) if report.weight == Weight::Refusal => {
                let reason = report.reason;
                return Err(AdminError::Locked { bootstrap, reason });
            }
            (Err(error), worst) if Instant::now() >= end => {
                let reason = worst.map_or_else(|| plain(&error), |report| report.reason);
                return Err(AdminError::Unreachable { bootstrap, reason });
            }
            (Err(_), _) => {}
        }
    }
}

/// The error without what the client library puts around it.
fn plain(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}
