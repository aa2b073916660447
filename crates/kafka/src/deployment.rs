//! What every part of an instance knows of its deployment.

use crate::ask;
use crate::client::Role;
use crate::error::{Error, Result};
use crate::group::Membership;
use crate::input::{InputFormat, InputTopic};
use crate::outputs::{self, STREAMS};
use crate::settings::{Format, Settings, SettingsError};
use crate::topics::Topic;
use crate::transaction::Delivering;
use crate::watch::{Access, Listens, Watch};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};
use std::time::Duration;
use umbral_model::event::Stream;
use umbral_model::ids::PartitionNo;

/// The topics of a deployment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// Inputs keyed by account; all have the same number of partitions.
    pub inputs: Vec<InputTopic>,
    /// Catalogs, in one partition.
    pub catalog: String,
    /// The journal.
    pub journal: String,
    /// Who holds which number.
    pub directory: String,
    /// Derived topics in the order of [`STREAMS`]; none where a stream is not published.
    pub derived: [Option<String>; STREAMS.len()],
}

/// When a transaction is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    /// Messages after which it is.
    pub messages: usize,
    /// Time after which it is.
    pub wait: Duration,
}

/// What every part of an instance knows.
#[derive(Clone)]
pub struct Deployment {
    settings: Settings,
    access: Access,
    reader: ClientConfig,
    /// Its topics.
    pub names: Names,
    /// Partitions of the journal and of every input topic.
    pub partitions: u16,
    /// How derived records are written.
    pub output: outputs::Settings,
    pub(crate) limits: Limits,
}

/// The input topics whose records are keyed by account.
const INPUTS: [Topic; 4] = [
    Topic::Customers,
    Topic::Usage,
    Topic::Purchases,
    Topic::Billing,
];

impl Deployment {
    /// The deployment of these settings.
    ///
    /// # Errors
    /// Settings that cannot be used, or secrets that are not where they should be.
    pub fn new(
        settings: Settings,
        partitions: u16,
    ) -> std::result::Result<Deployment, SettingsError> {
        settings.check()?;
        Ok(Deployment {
            access: settings.access()?,
            reader: settings.client(Role::Reader)?,
            names: Names::of(&settings),
            partitions,
            output: output(&settings),
            limits: Limits {
                messages: settings.transaction.records as usize,
                wait: Duration::from_millis(settings.transaction.milliseconds.into()),
            },
            settings,
        })
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The source that a partition of a topic is in the journal.
    pub fn source_id(topic: &str, partition: PartitionNo) -> String {
        format!("kafka:{topic}/{partition}")
    }

    /// Settings of a consumer that reads what is committed, and of no group.
    pub fn reader(&self) -> ClientConfig {
        self.reader.clone()
    }

    /// A consumer that reads what is committed, and is of no group; with one setting more.
    pub(crate) fn reading(&self, more: Option<(&str, &str)>) -> Result<BaseConsumer<Watch>> {
        let mut config = self.reader();
        if let Some((name, value)) = more {
            config.set(name, value);
        }
        consumer(&config, self.access.watch())
    }

    /// A consumer that is a member of its group, and follows how partitions of this topic are given to it.
    pub(crate) fn member(
        &self,
        config: &ClientConfig,
        topic: &str,
    ) -> Result<BaseConsumer<Membership>> {
        consumer(config, Membership::new(topic, self.access.watch()))
    }

    /// A producer of these settings.
    pub(crate) fn producer(
        &self,
        config: &ClientConfig,
    ) -> std::result::Result<BaseProducer<Delivering>, KafkaError> {
        let context = Delivering::new(self.access.watch());
        let producer: BaseProducer<Delivering> = config.create_with_context(context)?;
        let watch = producer.context().watch();
        watch.give_token(|wait| producer.poll(wait));
        Ok(producer)
    }

    /// The topic of records that are keyed by number.
    pub(crate) fn inbox(&self) -> InputTopic {
        InputTopic {
            name: self.settings.topic(Topic::Inbox),
            format: self.input_format(Topic::Inbox),
        }
    }

    /// How the records of an input topic are written.
    pub(crate) fn input_format(&self, topic: Topic) -> InputFormat {
        input_format(&self.settings, topic)
    }

    /// Whether the journal is there, with as many partitions as the deployment has.
    ///
    /// # Errors
    /// What is wrong with it, or brokers that do not answer.
    pub fn check_journal(&self) -> Result<()> {
        let topic = &self.names.journal;
        let consumer = self.reading(None)?;
        let metadata = ask::metadata(&consumer, &self.settings.bootstrap, Some(topic))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        match found.map_or(0, |found| found.partitions().len()) {
            found if found == usize::from(self.partitions) => Ok(()),
            found => Err(Error::JournalPartitions {
                topic: topic.clone(),
                found,
                wanted: self.partitions,
            }),
        }
    }

    /// Settings of a client for a role.
    ///
    /// # Errors
    /// A secret that is not there any more.
    pub fn client(&self, role: Role) -> std::result::Result<ClientConfig, SettingsError> {
        self.settings.client(role)
    }
}

fn consumer<C: ConsumerContext + Listens>(
    config: &ClientConfig,
    context: C,
) -> Result<BaseConsumer<C>> {
    let consumer: BaseConsumer<C> = config
        .create_with_context(context)
        .map_err(Error::client("make a consumer"))?;
    // It has nothing assigned yet: there are events, and no records.
    let watch = consumer.context().watch();
    watch.give_token(|wait| drop(consumer.poll(wait)));
    Ok(consumer)
}

impl Names {
    fn of(settings: &Settings) -> Names {
        let published = |stream: Stream| stream != Stream::Rated || settings.output.rated;
        Names {
            inputs: INPUTS
                .into_iter()
                .map(|topic| InputTopic {
                    name: settings.topic(topic),
                    format: input_format(settings, topic),
                })
                .collect(),
            catalog: settings.topic(Topic::Catalog),
            journal: settings.topic(Topic::Journal),
            directory: settings.topic(Topic::Directory),
            derived: STREAMS.map(|stream| {
                let topic = derived_topic(stream).filter(|_| published(stream))?;
                Some(settings.topic(topic))
            }),
        }
    }
}

fn input_format(settings: &Settings, topic: Topic) -> InputFormat {
    match settings.format(topic) {
        Format::Json => InputFormat::Json,
        Format::Protobuf => InputFormat::Protobuf,
    }
}

/// The topic of a stream that is published.
fn derived_topic(stream: Stream) -> Option<Topic> {
    Some(match stream {
        Stream::Credit => Topic::Credit,
        Stream::Collections => Topic::Collections,
        Stream::Loyalty => Topic::Loyalty,
        Stream::Rated => Topic::Rated,
        Stream::Quarantine => Topic::Quarantine,
        Stream::Internal => return None,
    })
}

fn output(settings: &Settings) -> outputs::Settings {
    let output = &settings.output;
    outputs::Settings {
        format: match output.format {
            Format::Json => outputs::Format::Json,
            Format::Protobuf => outputs::Format::Protobuf,
        },
        rated: output.rated,
        schema_ids: STREAMS.map(|stream| output.schema_ids.get(&derived_topic(stream)?).copied()),
        source: format!("umbral/{}", settings.prefix),
    }
}
