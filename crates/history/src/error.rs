//! What a question to the journal can end in.

use crate::Month;
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
    /// No such plan in any catalog of the journal.
    #[error("there is no plan {plan}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    UnknownPlan {
        /// The plan.
        plan: String,
        /// The plan that was meant, perhaps.
        hint: Option<String>,
    },
    /// No such case in the journal.
    #[error("there is no case {case}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    UnknownCase {
        /// The case.
        case: String,
        /// The cases that there are.
        hint: Option<String>,
    },
    /// Months in which the account did not exist, or that have not begun.
    #[error(
        "account {account} has no {month}: it began in {first}, and the clock stands in {last}"
    )]
    OutsideAccount {
        /// The account.
        account: String,
        /// The month that was asked about.
        month: Month,
        /// The account's first month.
        first: Month,
        /// The month of the clock.
        last: Month,
    },
    /// No purchase, bill, visit or redemption of this name.
    #[error(
        "nothing in the journal is named {source_ref}; give a purchase_id, bill_id or redemption_id"
    )]
    UnknownSource {
        /// The name.
        source_ref: String,
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
