//! The JSON form: one object a line, with the fields' own snake_case names, instants as RFC 3339, dates
//! as `YYYY-MM-DD` and amounts as decimal strings. An unknown field is an error.

mod reader;
mod writer;

pub(crate) use reader::{MAX_LIST, Reader, Scalar};
pub(crate) use writer::Writer;

use crate::MAX_MESSAGE_BYTES;
use crate::envelope::{Envelope, Parts};
use crate::error::WireError;
use crate::identity::Identity;
use crate::names::{Names, NoNames};
use crate::output::OutputEvent;
use umbral_model::input::{Incoming, Input};

/// Reads one line. Spaces around it do not count.
///
/// # Errors
/// `Unreadable` where the line is no JSON object, otherwise the reason with the field's path and the mend.
pub fn parse_incoming(line: &[u8]) -> Result<Incoming, WireError> {
    if line.len() > MAX_MESSAGE_BYTES {
        return Err(*WireError::too_large(MAX_MESSAGE_BYTES));
    }
    read_line(line).map_err(|error| *error)
}

fn read_line(line: &[u8]) -> crate::error::Result<Incoming> {
    let mut reader = Reader::new(line)?;
    let envelope = Envelope::read(&mut reader)?;
    reader.end()?;
    envelope.into_incoming()
}

/// What can be told about a line that `parse_incoming` refused: sender, id, instant.
pub fn identify(line: &[u8]) -> Identity {
    Identity::of_json(line)
}

/// Writes an input that is resolved, as it could have come in.
pub fn input(input: &Input) -> String {
    written(&Parts::of_input(input))
}

/// Writes an input as it comes in.
pub fn incoming(incoming: &Incoming) -> String {
    written(&Parts::of_incoming(incoming))
}

fn written(parts: &Parts<'_>) -> String {
    let mut out = Writer::new(&NoNames);
    parts.write(&mut out);
    out.finish()
}

/// Writes an output of a derived stream, with numbers where an event holds numbers.
pub fn output(output: &OutputEvent<'_>) -> String {
    output_with(output, &NoNames)
}

/// Writes an output of a derived stream with the names that `names` gives.
pub fn output_with(output: &OutputEvent<'_>, names: &dyn Names) -> String {
    let mut text = String::with_capacity(512);
    append_output(output, names, &mut text);
    text
}

/// As [`output_with`], appended to a text.
pub fn append_output(output: &OutputEvent<'_>, names: &dyn Names, text: &mut String) {
    let mut out = Writer::on(core::mem::take(text), names);
    output.write(&mut out);
    *text = out.finish();
}

/// Bytes as base 64 with padding, as proto3 JSON writes them.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}
