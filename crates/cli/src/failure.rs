//! How a command ends: exit codes, and failures that name the place and the mend.

use std::io;
use std::path::Path;
use umbral_history::HistoryError;
use umbral_intake::reader::ReadError;
use umbral_runtime::EngineError;

/// Exit codes, the same for every command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The input has problems: a bad catalog, quarantined records where `--strict`.
    Problems = 1,
    /// Wrong usage.
    Usage = 2,
    /// The data directory or the broker is not usable.
    Unusable = 3,
    /// A verification found a difference.
    Difference = 4,
}

/// Why a command could not be done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads standard output any more: no error.
    ClosedPipe,
    /// To be shown to the user.
    Told(Told),
}

/// A failure as the user sees it.
#[derive(Debug)]
pub(crate) struct Told {
    /// The exit code.
    pub(crate) exit: Exit,
    /// One line: what is wrong, and where.
    pub(crate) message: String,
    /// What to do, one line each.
    pub(crate) notes: Vec<String>,
}

impl Failure {
    /// The input has problems.
    pub(crate) fn problems(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Problems, message)
    }

    /// The command line or a configuration file is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    /// A verification found a difference.
    pub(crate) fn difference(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Difference, message)
    }

    /// The data directory or the broker cannot be used.
    pub(crate) fn unusable(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Unusable, message)
    }

    fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure::Told(Told {
            exit,
            message: message.into(),
            notes: Vec::new(),
        })
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Failure {
        if let Failure::Told(told) = &mut self {
            told.notes.push(note.into());
        }
        self
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(verb: &str, path: &Path, error: &io::Error) -> Failure {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the path",
            io::ErrorKind::PermissionDenied => "check the permissions",
            io::ErrorKind::StorageFull => "make room on the disk and run the command again",
            _ => "",
        };
        let failure = Failure::usage(format!(
            "cannot {verb} {}: {}",
            path.display(),
            plain(error)
        ));
        if hint.is_empty() {
            failure
        } else {
            failure.note(hint)
        }
    }

    /// A failure while writing to standard output.
    pub(crate) fn from_stdout(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::usage(format!("cannot write to standard output: {}", plain(error))),
        }
    }
}

/// The error in words, without the number of the operating system.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

/// An error with everything that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

impl Failure {
    /// A failure of the engine or of a data directory.
    pub(crate) fn engine(error: &EngineError) -> Failure {
        let text = match error {
            EngineError::Journal { source, .. } => chain(source),
            EngineError::Refused(rejection) => {
                return Failure::problems(format!("{rejection}"))
                    .note(format!("umbral explain {}", rejection.reason.code()));
            }
            other => chain(other),
        };
        // Messages of the journal name the place first, then the mend.
        let mut parts = text.split("; ");
        let failure = Failure::unusable(parts.next().unwrap_or_default());
        parts.fold(failure, Failure::note)
    }

    /// A question to the journal that has no answer.
    pub(crate) fn history(error: &HistoryError) -> Failure {
        match error {
            HistoryError::Journal(error) => Failure::engine(error),
            HistoryError::UnknownAccount { at: None, .. } => Failure::problems(chain(error)).note(
                "accounts are named as customer_added named them, letter by letter; umbral tail shows whose events there are",
            ),
            other => Failure::problems(chain(other)),
        }
    }

    /// A source of records that cannot be read, or not to its end.
    pub(crate) fn source(error: &ReadError) -> Failure {
        let cause = error
            .cause
            .as_ref()
            .map(|cause| format!(": {}", plain(cause)));
        let message = format!(
            "{}: {}{}",
            error.place,
            error.what,
            cause.unwrap_or_default()
        );
        let is_missing = error
            .cause
            .as_ref()
            .is_some_and(|cause| cause.kind() == io::ErrorKind::NotFound);
        let failure = if is_missing {
            Failure::usage(message)
        } else {
            Failure::problems(message)
        };
        failure
            .note(error.mend.clone())
            .note(format!("umbral explain {}", error.code))
    }
}
