//! What can go wrong with a data directory or a running engine. Records never end here: what is wrong with
//! them is a quarantine.

use crate::snapshot::SnapshotFailure;
use std::path::PathBuf;
use umbral_model::ids::PartitionNo;

/// Exit code of a process whose data directory is not usable.
pub const EXIT_UNUSABLE: u8 = 3;

/// Why an engine does not start or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The directory, its lock or the log.
    #[error("the data directory {} is not usable", dir.display())]
    Journal {
        /// The directory.
        dir: PathBuf,
        /// What the journal says.
        #[source]
        source: umbral_journal::JournalError,
    },
    /// A committed frame that cannot be read back.
    #[error(
        "frame of partition {partition} in batch {batch} cannot be read: written by another version?"
    )]
    Frame {
        /// Whose it is.
        partition: PartitionNo,
        /// Its batch.
        batch: u64,
        /// What is wrong with it.
        #[source]
        source: umbral_wire::WireError,
    },
    /// A catalog that was activated, and does not compile any more.
    #[error("catalog version {version} of the journal does not compile with this build: {problem}")]
    Catalog {
        /// Its number.
        version: u32,
        /// The first problem.
        problem: String,
    },
    /// A catalog that cannot start a deployment.
    #[error("{0}")]
    Refused(umbral_model::rejection::Rejection),
    /// A station ended: the reason.
    #[error("{0}")]
    Stopped(Failure),
    /// A snapshot was not taken.
    #[error(transparent)]
    Snapshot(#[from] SnapshotFailure),
    /// No thread could be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

impl EngineError {
    /// The exit code that fits.
    pub fn exit_code(&self) -> u8 {
        match self {
            EngineError::Refused(_) => 1,
            _ => EXIT_UNUSABLE,
        }
    }
}

/// Why the engine stopped by itself.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Failure {
    /// The log could not be written: nothing after that is known to be durable.
    #[error("the log could not be written: {0}")]
    Log(String),
    /// No more keys may be kept by which repeats are recognised.
    #[error(
        "{keys} keys of inputs are kept to recognise repeats, and {most} may be: nothing more is taken, for a key that is \
         forgotten too early lets a record count twice. Give the machine more \
         memory and raise window_keys; everything taken so far stays"
    )]
    Window {
        /// Keys that are kept.
        keys: u64,
        /// Keys that may be.
        most: u64,
    },
    /// A thread ended by a defect of the engine.
    #[error("the {station} stopped by a defect: {detail}")]
    Defect {
        /// Which station.
        station: &'static str,
        /// What it said.
        detail: String,
    },
    /// It was stopped.
    #[error("the engine was stopped")]
    Closed,
}
