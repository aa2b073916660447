//! Looking at a broker's topics, and creating what is missing.

use crate::ask::{self, CONNECT_BOUND, REPORTS};
use crate::client::Role;
use crate::secret::Veil;
use crate::settings::{Settings, SettingsError};
use crate::topics::{Found, Wanted};
use crate::watch::Watch;
use crate::{oauth, reach};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Until then an answer has to be there.
const REQUEST_BOUND: Duration = Duration::from_secs(20);

/// Why a broker could not be asked.
#[derive(thiserror::Error, Debug)]
pub enum AdminError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// librdkafka does not take the settings.
    #[error("librdkafka refuses [kafka.librdkafka]: {reason}")]
    Refused {
        /// What it says.
        reason: String,
    },
    /// No broker answers.
    #[error("no broker of {bootstrap} answers: {reason}")]
    Unreachable {
        /// The addresses that were tried.
        bootstrap: String,
        /// What librdkafka reported.
        reason: String,
    },
    /// The broker does not take who we are, or we do not take who it is.
    #[error("no way into {bootstrap}: {reason}")]
    Locked {
        /// The addresses that were tried.
        bootstrap: String,
        /// What librdkafka reported.
        reason: String,
    },
    /// A request failed.
    #[error("the broker cannot {verb} {what}: {reason}")]
    Request {
        /// What was asked for.
        verb: &'static str,
        /// Of what.
        what: String,
        /// Its answer.
        reason: String,
    },
}

/// A connection to brokers, for what operators do.
pub struct Admin {
    client: AdminClient<DefaultClientContext>,
    consumer: BaseConsumer<Watch>,
    veil: Veil,
    bootstrap: String,
}

impl Admin {
    /// Connects; returns within ten seconds, with or without.
    pub fn connect(settings: &Settings) -> Result<Admin, AdminError> {
        settings.check()?;
        let access = settings.access()?;
        let veil = access.veil.clone();
        let refused = |error: KafkaError| AdminError::Refused {
            reason: refusal(&veil, &error),
        };
        let reader = settings.client(Role::Reader)?;
        let consumer: BaseConsumer<Watch> = reader
            .create_with_context(access.watch())
            .map_err(refused)?;
        let watch = consumer.context();
        watch.give_token(|wait| drop(consumer.poll(wait)));
        let client: AdminClient<DefaultClientContext> =
            settings.client(Role::Admin)?.create().map_err(refused)?;
        if let Some(tokens) = &access.tokens {
            let handed = oauth::hand_over(client.inner(), &tokens.current()?);
            handed.map_err(|reason| AdminError::Refused { reason })?;
        }
        let admin = Admin {
            client,
            consumer,
            veil,
            bootstrap: settings.bootstrap.clone(),
        };
        let metadata = admin.metadata()?;
        for broker in metadata.brokers() {
            reach::may_speak(settings, broker.host())?;
        }
        Ok(admin)
    }

    fn metadata(&self) -> Result<Metadata, AdminError> {
        ask::metadata(&self.consumer, &self.bootstrap, None)
    }

    /// What there is of these topics, by name.
    pub fn found(&self, wanted: &[Wanted]) -> Result<BTreeMap<String, Found>, AdminError> {
        let metadata = self.metadata()?;
        let mut found: BTreeMap<String, Found> = metadata
            .topics()
            .iter()
            .filter(|topic| wanted.iter().any(|wanted| wanted.name == topic.name()))
            .map(|topic| (topic.name().to_owned(), shape(topic)))
            .collect();
        if found.is_empty() {
            return Ok(found);
        }
        let resources: Vec<_> = found
            .keys()
            .map(|name| ResourceSpecifier::Topic(name))
            .collect();
        let asked = block_on(self.client.describe_configs(&resources, &options()));
        let described = asked.map_err(|error| self.failed("describe", "the topics", &error))?;
        let names: Vec<String> = found.keys().cloned().collect();
        for (name, described) in names.iter().zip(described) {
            let resource = described
                .map_err(|code| self.failed("describe", name, &KafkaError::AdminOp(code)))?;
            if let Some(found) = found.get_mut(name) {
                found.settings = of_topic(resource);
            }
        }
        Ok(found)
    }

    /// Creates topics, and waits until brokers show them.
    pub fn create(&self, wanted: &[&Wanted]) -> Result<(), AdminError> {
        let topics: Vec<NewTopic<'_>> = wanted.iter().map(|wanted| new_topic(wanted)).collect();
        let options = options().operation_timeout(Some(REQUEST_BOUND));
        let asked = block_on(self.client.create_topics(&topics, &options));
        let created = asked.map_err(|error| self.failed("create", "the topics", &error))?;
        for result in created {
            match result {
                // Somebody else was faster; the next look shows what it is like.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(self.failed("create", &name, &KafkaError::AdminOp(code)));
                }
            }
        }
        self.shown(wanted)
    }

    /// Brokers learn of a topic a little later than whoever created it.
    fn shown(&self, wanted: &[&Wanted]) -> Result<(), AdminError> {
        let end = Instant::now() + CONNECT_BOUND;
        loop {
            let metadata = self.metadata()?;
            let is_there = |wanted: &&Wanted| {
                let mut topics = metadata.topics().iter();
                let topic = topics.find(|topic| topic.name() == wanted.name);
                topic.is_some_and(has_leaders)
            };
            let Some(unseen) = wanted.iter().find(|wanted| !is_there(wanted)) else {
                return Ok(());
            };
            if Instant::now() >= end {
                return Err(AdminError::Request {
                    verb: "show",
                    what: unseen.name.clone(),
                    reason: "it was created, and has no leader yet".to_owned(),
                });
            }
            self.consumer.poll(REPORTS);
        }
    }

    /// The addresses that were given.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    fn failed(&self, verb: &'static str, what: &str, error: &KafkaError) -> AdminError {
        AdminError::Request {
            verb,
            what: what.to_owned(),
            reason: self.veil.cover(&plain(error)).into_owned(),
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST_BOUND))
}

fn new_topic(wanted: &Wanted) -> NewTopic<'_> {
    let replication = TopicReplication::Fixed(wanted.replication.into());
    let mut topic = NewTopic::new(&wanted.name, wanted.partitions.into(), replication);
    topic.config = wanted
        .settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    topic
}

fn shape(topic: &MetadataTopic) -> Found {
    let copies = topic
        .partitions()
        .iter()
        .map(|partition| partition.replicas().len());
    Found {
        partitions: topic.partitions().len(),
        replication: copies.min().unwrap_or_default(),
        settings: BTreeMap::new(),
    }
}

/// Whether every partition is led by some broker.
fn has_leaders(topic: &MetadataTopic) -> bool {
    let mut partitions = topic.partitions().iter();
    !topic.partitions().is_empty() && partitions.all(|partition| partition.leader() >= 0)
}

fn of_topic(resource: ConfigResource) -> BTreeMap<String, String> {
    let entries = resource.entries.into_iter();
    entries
        .filter_map(|entry| Some((entry.name, entry.value?)))
        .collect()
}

/// What librdkafka does not like of its settings: it repeats their values.
fn refusal(veil: &Veil, error: &KafkaError) -> String {
    let text = match error {
        KafkaError::ClientConfig(_, description, _, _) => description.clone(),
        KafkaError::ClientCreation(description) => description.clone(),
        other => plain(other),
    };
    veil.cover(&text).into_owned()
}

/// The error in words.
fn plain(error: &KafkaError) -> String {
    let code = match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    };
    match code {
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
            | RDKafkaErrorCode::ClusterAuthorizationFailed,
        ) => "it is not allowed to; docs/kafka.md lists the rights that are needed".to_owned(),
        Some(RDKafkaErrorCode::InvalidReplicationFactor) => {
            "there are fewer brokers than copies; set replication in [kafka]".to_owned()
        }
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}

/// Waits on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
