//! The protobuf form of inputs and outputs, one by one or length-delimited in a stream.

use crate::MAX_MESSAGE_BYTES;
use crate::envelope::{Envelope, Parts};
use crate::error::WireError;
use crate::identity::Identity;
use crate::output::OutputEvent;
use crate::pb::put_nested;
use crate::usage_view::UsageView;
use std::io::{self, BufRead};
use umbral_model::input::Incoming;

/// Reads one `umbral.v1.Input`.
///
/// # Errors
/// `Unreadable` where the bytes are no protobuf message, otherwise the reason with the field's path and
/// the mend. A field that the schema does not have is refused, as in JSON.
pub fn decode_incoming(message: &[u8]) -> Result<Incoming, WireError> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(*WireError::too_large(MAX_MESSAGE_BYTES));
    }
    if let Some(incoming) = UsageView::of(message).and_then(UsageView::into_incoming) {
        return Ok(incoming);
    }
    Envelope::take(message)
        .and_then(Envelope::into_incoming)
        .map_err(|error| *error)
}

/// What can be told about a message that `decode_incoming` refused: sender, id, instant.
pub fn identify(message: &[u8]) -> Identity {
    Identity::of_protobuf(message)
}

/// Appends an input as `umbral.v1.Input`.
pub fn encode_incoming(incoming: &Incoming, out: &mut Vec<u8>) {
    Parts::of_incoming(incoming).put(out);
}

/// Appends an input with its length before it, as files and streams carry them.
pub fn encode_delimited(incoming: &Incoming, out: &mut Vec<u8>) {
    put_nested(out, |out| encode_incoming(incoming, out));
}

/// Appends an output as `umbral.v1.Output`.
pub fn encode_output(output: &OutputEvent<'_>, out: &mut Vec<u8>) {
    output.put(out);
}

/// Why a stream of length-delimited messages cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The source failed.
    #[error("the stream cannot be read at byte {offset}")]
    Io {
        /// Where the message begins.
        offset: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The stream ends inside a message.
    #[error("the stream ends inside the message that begins at byte {offset}")]
    Truncated {
        /// Where the message begins.
        offset: u64,
    },
    /// A length that no message may have, or bytes that are no length: what follows cannot be found.
    #[error(
        "no message of at most {limit} bytes begins at byte {offset}: the file is not length-delimited \
         protobuf, or is damaged there"
    )]
    BadLength {
        /// Where the message begins.
        offset: u64,
        /// Longest message allowed.
        limit: usize,
    },
}

/// Splits a stream into its length-delimited messages; holds one message at a time.
#[derive(Debug)]
pub struct DelimitedReader<R> {
    source: R,
    limit: usize,
    offset: u64,
    message: Vec<u8>,
}

impl<R: BufRead> DelimitedReader<R> {
    /// Reads messages of at most `limit` bytes.
    pub fn new(source: R, limit: usize) -> Self {
        DelimitedReader {
            source,
            limit,
            offset: 0,
            message: Vec::new(),
        }
    }

    /// The next message; none at the end of the stream.
    ///
    /// # Errors
    /// After an error the stream has no further messages that could be found.
    pub fn next_message(&mut self) -> Result<Option<&[u8]>, StreamError> {
        let Some((length, prefix)) = self.length()? else {
            return Ok(None);
        };
        self.message.clear();
        self.message.resize(length, 0);
        let offset = self.offset;
        self.source
            .read_exact(&mut self.message)
            .map_err(|source| match source.kind() {
                io::ErrorKind::UnexpectedEof => StreamError::Truncated { offset },
                _ => StreamError::Io { offset, source },
            })?;
        self.offset += prefix + length as u64;
        Ok(Some(&self.message))
    }

    /// Byte at which the next message begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next message's length and the bytes that the length itself takes; none at the end.
    fn length(&mut self) -> Result<Option<(usize, u64)>, StreamError> {
        let (mut length, mut prefix) = (0u64, 0);
        loop {
            let Some(byte) = self.byte()? else {
                return match prefix {
                    0 => Ok(None),
                    _ => Err(StreamError::Truncated {
                        offset: self.offset,
                    }),
                };
            };
            if prefix == 9 {
                return Err(self.bad_length());
            }
            length |= u64::from(byte & 0x7f) << (7 * prefix);
            prefix += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        match usize::try_from(length) {
            Ok(length) if length <= self.limit => Ok(Some((length, prefix))),
            _ => Err(self.bad_length()),
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, StreamError> {
        let offset = self.offset;
        let buffer = self
            .source
            .fill_buf()
            .map_err(|source| StreamError::Io { offset, source })?;
        let byte = buffer.first().copied();
        self.source.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    fn bad_length(&self) -> StreamError {
        StreamError::BadLength {
            offset: self.offset,
            limit: self.limit,
        }
    }
}
