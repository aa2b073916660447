//! Why there is no broker.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no broker.
#[derive(thiserror::Error, Debug)]
pub enum BrokerError {
    /// A program that is needed is not there.
    #[error("{what} is missing: {mend}")]
    Missing {
        /// The program.
        what: &'static str,
        /// How to get it.
        mend: String,
    },
    /// A file or process could not be used.
    #[error("cannot {verb} {}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A program that was run to its end did not do its work.
    #[error("{what} failed; it wrote:\n{output}")]
    Failed {
        /// The program, and for what.
        what: &'static str,
        /// The end of its output.
        output: String,
    },
    /// A broker ended, or was not ready in time.
    #[error("broker {node} {how}; the end of {}:\n{tail}", log.display())]
    NotReady {
        /// Which one, from 1.
        node: usize,
        /// What happened.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        tail: String,
    },
    /// The cluster has no such broker.
    #[error("there is no broker {0}; they are numbered from 1")]
    NoSuchNode(usize),
    /// The broker belongs to somebody else.
    #[error(
        "the broker is the one that KAFKA_BOOTSTRAP names: it is not ours to {0}; unset KAFKA_BOOTSTRAP for this"
    )]
    NotOurs(&'static str),
    /// No port could be had.
    #[error("no free port on 127.0.0.1 between 20000 and 32000")]
    NoPort,
}

impl BrokerError {
    /// For `map_err`: what was tried, with what.
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BrokerError {
        let path = path.to_path_buf();
        move |source| BrokerError::Io { verb, path, source }
    }
}
