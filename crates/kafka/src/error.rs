//! What can go wrong with a deployment on Kafka. Records never end here: what is wrong with them is a quarantine.

use rdkafka::error::KafkaError;
use umbral_model::ids::PartitionNo;
use umbral_runtime::Failure;
use umbral_runtime::lane::LaneError;

/// Why an instance does not start or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the client library says.
    #[error("cannot {doing}: {source}")]
    Client {
        /// What was tried, beginning with a verb.
        doing: String,
        /// What it says.
        #[source]
        source: KafkaError,
    },
    /// Settings that cannot be used.
    #[error(transparent)]
    Settings(#[from] crate::settings::SettingsError),
    /// Brokers that do not answer, or do not let us in.
    #[error(transparent)]
    Brokers(#[from] crate::admin::AdminError),
    /// Another run of the same command took this one's place.
    #[error(
        "another `umbral {command}` began under the name {name}, and this one was ended by it: one at a time for each \
         instance. What this one had committed counts, and the rest does not: run it again when the other one is done, or \
         give each machine its own `instance` in [kafka]"
    )]
    Replaced {
        /// The command.
        command: &'static str,
        /// What brokers know both by.
        name: String,
    },
    /// A record of the journal that cannot be.
    #[error("the journal topic {topic}, partition {partition}, offset {offset}: {source}")]
    Journal {
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionNo,
        /// Where it is.
        offset: i64,
        /// What is wrong with it.
        #[source]
        source: Box<LaneError>,
    },
    /// Journal and derived topics do not agree.
    #[error(
        "partition {partition} is torn: its journal ends with batch {batch} after {journal} records on {topic}, and \
         {topic} ends with record {found}; {what}. Nothing was changed: see docs/kafka.md, \"Torn transactions\""
    )]
    Torn {
        /// The partition.
        partition: PartitionNo,
        /// The journal's last batch.
        batch: u64,
        /// Records that the journal says are on the topic.
        journal: u64,
        /// The derived topic.
        topic: String,
        /// Number of its last record.
        found: u64,
        /// Which of both lost something.
        what: &'static str,
    },
    /// Inputs that were deleted before they were taken.
    #[error(
        "{topic}/{partition} begins with offset {first}, and was read up to {position}: the records between were deleted \
         before they were taken. Send them again if you can; `skip_lost = true` in [kafka] goes on without them"
    )]
    Gone {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// Where to read on.
        position: i64,
        /// The first that is there.
        first: i64,
    },
    /// Some records of one transaction are there and others are not.
    #[error(
        "a transaction is torn: of {total} journal records that were written in it, {found} are there ({first}). Nothing \
         more is written; see docs/kafka.md, \"Torn transactions\""
    )]
    TornTransaction {
        /// Records of the transaction.
        total: usize,
        /// Of these in the journal.
        found: usize,
        /// The first one that is missing.
        first: String,
    },
    /// Something that had to happen in time did not.
    #[error("{what} within {seconds} s: {hint}")]
    Late {
        /// What did not happen.
        what: String,
        /// How long was waited.
        seconds: u64,
        /// What to look at.
        hint: &'static str,
    },
    /// Two processes have one name.
    #[error(
        "another process runs under this instance's name (worker {worker}): give each instance its own `instance` in \
         [kafka], and end the other one"
    )]
    SameName {
        /// The worker.
        worker: usize,
    },
    /// A partition cannot go on.
    #[error("partition {partition} cannot go on: {failure}")]
    Lane {
        /// Which.
        partition: PartitionNo,
        /// Why.
        failure: Failure,
    },
    /// The mirror of a partition cannot be used.
    #[error("the mirror {}: {source}; it may be deleted, which loses only time", dir.display())]
    Mirror {
        /// Where it is.
        dir: std::path::PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<umbral_journal::JournalError>,
    },
    /// A file of a mirror cannot be used.
    #[error("cannot use {}: {source}; set mirror in [kafka] to a folder that can be written", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A data directory that is to be copied.
    #[error(transparent)]
    Source(Box<umbral_runtime::EngineError>),
    /// A data directory has another number of partitions than the deployment.
    #[error(
        "the data directory has {found} partitions, the deployment {wanted}: umbral copy --partitions {wanted} makes one of \
         as many first"
    )]
    OtherPartitions {
        /// Those of the directory.
        found: u16,
        /// Those of the deployment.
        wanted: u16,
    },
    /// The journal is not there, or has another number of partitions than the deployment.
    #[error(
        "the topic {topic} has {found} partitions, and the configuration says {wanted}: see umbral topics plan"
    )]
    JournalPartitions {
        /// The journal.
        topic: String,
        /// Its partitions; 0 if it is not there.
        found: usize,
        /// Those of the deployment.
        wanted: u16,
    },
    /// A topic that was to be empty is not.
    #[error(
        "{topic} holds something else than what is copied: a copy needs the topics of a new deployment, under another \
         prefix for example, and an instance must not run of it meanwhile"
    )]
    Occupied {
        /// The topic, with a partition where it is about one.
        topic: String,
    },
    /// A thread ended by a defect.
    #[error("a thread stopped by a defect")]
    Defect,
    /// No thread could be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

impl From<umbral_runtime::EngineError> for Error {
    fn from(error: umbral_runtime::EngineError) -> Error {
        Error::Source(Box::new(error))
    }
}

impl Error {
    /// What the client library says, with what was tried.
    pub(crate) fn client(doing: impl Into<String>) -> impl FnOnce(KafkaError) -> Error {
        let doing = doing.into();
        move |source| Error::Client { doing, source }
    }
}

/// What comes of things here.
pub type Result<T> = std::result::Result<T, Error>;
