//! Whether brokers are there. librdkafka reports that it lost them, and tries again for ever; whoever asks whether an
//! instance is ready wants to know it, also when nothing is to be read or written.

use crate::deployment::Deployment;
use crate::error::Result;
use crate::pause::pause;
use crate::status::Status;
use crate::watch::{Listens, Watch};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};

/// Time between two questions.
const BETWEEN: Duration = Duration::from_secs(2);
/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(3);
/// How soon it is seen that the instance stops.
const LOOK: Duration = Duration::from_millis(100);

/// Asks until the instance stops.
pub(crate) fn follow(deployment: &Deployment, status: &Status) -> Result<()> {
    let consumer = deployment.reading(None)?;
    while !status.is_stopping() {
        status.reaches(ask(&consumer, &deployment.names.journal));
        let asked = Instant::now();
        while asked.elapsed() < BETWEEN && !status.is_stopping() {
            pause(LOOK);
        }
    }
    Ok(())
}

/// Why nobody answers; nothing if somebody does.
fn ask(consumer: &BaseConsumer<Watch>, journal: &str) -> Option<String> {
    // Events wait to be looked at: what failed, or that a token is to be renewed.
    let watch = consumer.context().watch();
    while consumer.poll(Duration::from_millis(1)).is_some() {}
    let Err(error) = consumer.fetch_metadata(Some(journal), ANSWER) else {
        watch.forget();
        return None;
    };
    while consumer.poll(Duration::from_millis(1)).is_some() {}
    Some(
        watch
            .worst()
            .map_or_else(|| error.to_string(), |report| report.reason),
    )
}
