//! Protobuf bytes, written and read without intermediate structures.
//!
//! Writing appends to one buffer; a nested message gets its length when it is complete. Reading borrows
//! from the slice, allocates nothing by itself and ends with an error on any bytes that are not a message.

use crate::error::{Result, WireError};

/// How a field's value stands in the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wire {
    /// Base-128 integer.
    Varint = 0,
    /// Eight bytes, little endian.
    Fixed64 = 1,
    /// A length and that many bytes.
    Bytes = 2,
}

/// A field's value as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raw<'a> {
    /// Base-128 integer.
    Varint(u64),
    /// Eight bytes.
    Fixed64(u64),
    /// Text, bytes, a nested message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Raw<'a> {
    /// The integer; an error for another wire type.
    pub(crate) fn varint(self) -> Result<u64> {
        match self {
            Raw::Varint(value) => Ok(value),
            _ => Err(other_type()),
        }
    }

    /// The eight bytes; an error for another wire type.
    pub(crate) fn fixed64(self) -> Result<u64> {
        match self {
            Raw::Fixed64(value) => Ok(value),
            _ => Err(other_type()),
        }
    }

    /// The bytes; an error for another wire type.
    pub(crate) fn bytes(self) -> Result<&'a [u8]> {
        match self {
            Raw::Bytes(bytes) => Ok(bytes),
            _ => Err(other_type()),
        }
    }

    /// The bytes as text; an error where they are not UTF-8.
    #[inline]
    pub(crate) fn text(self) -> Result<&'a str> {
        core::str::from_utf8(self.bytes()?)
            .map_err(|_| WireError::malformed("must be text in UTF-8"))
    }
}

#[cold]
fn other_type() -> Box<WireError> {
    WireError::malformed("has another protobuf wire type than the schema says")
}

/// Longest base-128 integer.
const MAX_VARINT_BYTES: usize = 10;

/// A position in protobuf bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the fields of one message.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The next field's number and value, in the order of the bytes; none at the end.
    #[inline]
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Raw<'a>)>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let tag = u32::try_from(key >> 3).map_err(|_| broken())?;
        if tag == 0 {
            return Err(broken());
        }
        let raw = match key & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(self.fixed64()?),
            2 => Raw::Bytes(self.delimited()?),
            _ => return Err(broken()),
        };
        Ok(Some((tag, raw)))
    }

    /// What is not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all is read.
    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next base-128 integer.
    #[inline]
    pub(crate) fn varint(&mut self) -> Result<u64> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for (index, byte) in self.rest.iter().take(MAX_VARINT_BYTES).enumerate() {
            if index + 1 == MAX_VARINT_BYTES && *byte > 1 {
                return Err(broken());
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = &self.rest[index + 1..];
                return Ok(value);
            }
        }
        Err(broken())
    }

    /// The next eight bytes.
    pub(crate) fn fixed64(&mut self) -> Result<u64> {
        let (head, rest) = self.rest.split_first_chunk::<8>().ok_or_else(broken)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*head))
    }

    #[inline]
    fn delimited(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(self.varint()?).map_err(|_| broken())?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(broken)?;
        self.rest = rest;
        Ok(head)
    }
}

#[cold]
fn broken() -> Box<WireError> {
    WireError::unreadable("the bytes are no protobuf message, or end too early")
}

/// Appends a base-128 integer.
#[inline]
pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a field's number and wire type.
#[inline]
pub(crate) fn put_key(tag: u32, wire: Wire, out: &mut Vec<u8>) {
    put_varint(u64::from(tag) << 3 | wire as u64, out);
}

/// Appends bytes with their length.
#[inline]
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends a nested message with its length.
#[inline]
pub(crate) fn put_nested(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    let start = begin_nested(out);
    content(out);
    end_nested(start, out);
}

/// Begins a nested message; [`end_nested`] needs what it gives. One byte is kept for the length, as most messages
/// are short; a longer one is moved by the bytes that its length needs more.
#[inline]
pub(crate) fn begin_nested(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len() - 1
}

/// Ends a nested message.
#[inline]
pub(crate) fn end_nested(start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
    } else {
        widen_length(out, start, length);
    }
}

fn widen_length(out: &mut Vec<u8>, start: usize, length: usize) {
    let mut prefix = [0u8; 10];
    let (mut width, mut value) = (0, length);
    while value >= 0x80 {
        prefix[width] = value as u8 | 0x80;
        value >>= 7;
        width += 1;
    }
    prefix[width] = value as u8;
    width += 1;
    out.resize(out.len() + width - 1, 0);
    out.copy_within(start + 1..start + 1 + length, start + width);
    out[start..start + width].copy_from_slice(&prefix[..width]);
}
