//! Why bytes are no input: one reason of the model, the field, and what to write instead.

use core::fmt;
use umbral_model::rejection::{Reason, Rejection};

/// A message that cannot be taken as it is written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct WireError {
    /// The reason, with its stable code.
    pub reason: Reason,
    /// The field, from the outside in: `purchase.lines[2].net`; empty for the message itself.
    pub path: String,
    /// What is wrong there and what to write instead.
    pub detail: String,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{}: {}", self.path, self.detail)
        }
    }
}

impl From<WireError> for Rejection {
    fn from(error: WireError) -> Rejection {
        Rejection::new(error.reason, error.to_string())
    }
}

/// Result of reading a form; the error behind a pointer, so that it costs nothing where there is none.
pub(crate) type Result<T> = core::result::Result<T, Box<WireError>>;

impl WireError {
    #[cold]
    fn new(reason: Reason, detail: impl Into<String>) -> Box<WireError> {
        Box::new(WireError {
            reason,
            path: String::new(),
            detail: detail.into(),
        })
    }

    /// Bytes that are no message at all.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Box<WireError> {
        WireError::new(Reason::Unreadable, detail)
    }

    /// A field without the form it must have.
    pub(crate) fn malformed(detail: impl Into<String>) -> Box<WireError> {
        WireError::new(Reason::MalformedField, detail)
    }

    /// A message larger than `limit` bytes.
    pub(crate) fn too_large(limit: usize) -> Box<WireError> {
        WireError::new(
            Reason::TooLarge,
            format!("larger than {limit} bytes, the limit of a record"),
        )
    }

    /// A list longer than `limit` elements.
    pub(crate) fn too_many(limit: usize) -> Box<WireError> {
        WireError::new(
            Reason::TooLarge,
            format!("more than {limit} elements; split the record"),
        )
    }

    /// A field that the message does not have; `known` are those that it has.
    pub(crate) fn unknown(name: &str, known: &[&str]) -> Box<WireError> {
        let mut error = WireError::new(
            Reason::UnknownField,
            format!("no such field; known are {}", known.join(", ")),
        );
        error.path = shortened(name);
        error
    }

    /// A field that the message needs.
    pub(crate) fn missing(name: &str) -> Box<WireError> {
        let mut error = WireError::new(Reason::MissingField, "is missing");
        error.path = name.to_owned();
        error
    }

    /// The same error seen from one level further out.
    #[cold]
    pub(crate) fn at(mut self: Box<Self>, outer: &str) -> Box<WireError> {
        self.path = match self.path.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }

    /// The same error, seen from the list whose element it is about.
    #[cold]
    pub(crate) fn at_index(self: Box<Self>, index: usize) -> Box<WireError> {
        self.at(&format!("[{index}]"))
    }
}

/// Text of the sender in a message: bounded, so that a hostile record cannot fill a log.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
