//! What librdkafka reports about its connections, without the secrets in it.

use crate::oauth::Tokens;
use crate::secret::Veil;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long librdkafka may take to ask for the first token.
const ASKS: Duration = Duration::from_secs(2);

/// What lets clients in, and what must not be shown of it.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) veil: Veil,
    /// Where brokers are shown tokens.
    pub(crate) tokens: Option<Arc<Tokens>>,
}

impl Access {
    /// A listener for a new client.
    pub(crate) fn watch(&self) -> Watch {
        Watch {
            tokens: self.tokens.clone(),
            ..Watch::new(self.veil.clone())
        }
    }
}

/// A context of a client that listens.
pub(crate) trait Listens {
    /// What listens.
    fn watch(&self) -> &Watch;
}

/// Listens to what librdkafka reports, logs it without secrets, and remembers what says most about a failure.
#[derive(Default)]
pub struct Watch {
    veil: Veil,
    tokens: Option<Arc<Tokens>>,
    /// librdkafka asked for a token.
    was_asked: AtomicBool,
    worst: Mutex<Option<Report>>,
}

/// What librdkafka said about a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    /// How much it tells about why nothing works.
    pub(crate) weight: Weight,
    /// Its words.
    pub(crate) reason: String,
}

/// How much a report tells about why nothing works.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Weight {
    /// That nothing works.
    Symptom,
    /// A connection that did not come about.
    Connection,
    /// The broker, or the way to it, refused us: trying again does not help.
    Refusal,
}

impl Watch {
    /// A listener that covers these secrets.
    pub fn new(veil: Veil) -> Watch {
        Watch {
            veil,
            ..Watch::default()
        }
    }

    /// Has librdkafka given the first token, where there are any. It asks by an event, as soon as there is a client; one
    /// that is only asked questions would never look at its events.
    pub(crate) fn give_token(&self, mut poll: impl FnMut(Duration)) {
        let end = Instant::now() + ASKS;
        while self.tokens.is_some()
            && !self.was_asked.load(Ordering::SeqCst)
            && Instant::now() < end
        {
            poll(Duration::from_millis(5));
        }
    }

    /// Has librdkafka given a newer token if it asks for one, of a client that is asked questions only.
    pub(crate) fn renew_token(&self, poll: impl FnOnce(Duration)) {
        if self.tokens.is_some() {
            poll(Duration::from_millis(1));
        }
    }

    /// What says most about a failure, of what came last.
    pub(crate) fn worst(&self) -> Option<Report> {
        let worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
        worst.clone()
    }

    /// What came before is over.
    pub(crate) fn forget(&self) {
        *self.worst.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn note(&self, weight: Weight, reason: String) {
        let mut worst = self.worst.lock().unwrap_or_else(PoisonError::into_inner);
        if worst.as_ref().is_none_or(|known| known.weight <= weight) {
            *worst = Some(Report { weight, reason });
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.veil)
    }
}

impl Listens for Watch {
    fn watch(&self) -> &Watch {
        self
    }
}

impl ClientContext for Watch {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(
        &self,
        _: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.was_asked.store(true, Ordering::SeqCst);
        let tokens = self.tokens.as_ref().ok_or("there is no [kafka.oauth]")?;
        tokens.current().map_err(|error| {
            tracing::warn!(%error, "There is no token for the brokers.");
            error.into()
        })
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let message = self.veil.cover(message);
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::info!(facility, %message, "librdkafka failed"),
            // Every client is told of settings that only others have.
            RDKafkaLogLevel::Warning if facility == "CONFWARN" => {}
            RDKafkaLogLevel::Warning => tracing::info!(facility, %message, "librdkafka warned"),
            _ => tracing::debug!(facility, %message, "librdkafka"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That a reader came to an end is what it wanted to know.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        let reason = self.veil.cover(reason).into_owned();
        tracing::info!(
            error = error.rdkafka_error_code().map(tracing::field::debug),
            reason,
            "librdkafka failed"
        );
        self.note(weight(error.rdkafka_error_code()), reason);
    }
}

impl ConsumerContext for Watch {}

fn weight(code: Option<RDKafkaErrorCode>) -> Weight {
    match code {
        Some(
            RDKafkaErrorCode::Authentication
            | RDKafkaErrorCode::SSL
            | RDKafkaErrorCode::SaslAuthenticationFailed
            | RDKafkaErrorCode::UnsupportedSASLMechanism
            | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ) => Weight::Refusal,
        Some(RDKafkaErrorCode::AllBrokersDown | RDKafkaErrorCode::OperationTimedOut) | None => {
            Weight::Symptom
        }
        Some(_) => Weight::Connection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_refusal_outweighs_what_follows_from_it() {
        let watch = Watch::new(Veil::new([Secret::new("hunter2")]));
        watch.error(
            KafkaError::Global(RDKafkaErrorCode::BrokerTransportFailure),
            "no way",
        );
        watch.error(
            KafkaError::Global(RDKafkaErrorCode::Authentication),
            "hunter2 is wrong",
        );
        watch.error(
            KafkaError::Global(RDKafkaErrorCode::AllBrokersDown),
            "1/1 brokers are down",
        );
        let worst = watch.worst().expect("a report");
        assert_eq!(worst.weight, Weight::Refusal);
        assert_eq!(worst.reason, "*** is wrong");
    }
}
