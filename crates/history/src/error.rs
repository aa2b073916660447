//! What a question to the journal can end in.

use umbral_runtime::EngineError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] EngineError),
    /// No such account at that time.
    #[error("there is no account {account}{}", at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default())]
    UnknownAccount {
        /// The account.
        account: String,
        /// The instant that was asked about.
        at: Option<String>,
    },
    /// Nothing of this id.
    #[error(
        "nothing in the journal has the id {id}; give an out_id, or SOURCE/EVENT_ID of an input"
    )]
    UnknownId {
        /// The id.
        id: String,
    },
}

impl HistoryError {
    /// The exit code that fits: 1 for what is not there, 3 for a directory that is not usable.
    pub fn exit_code(&self) -> u8 {
        match self {
            HistoryError::Journal(error) => error.exit_code(),
            _ => 1,
        }
    }
}
