//! One value in its forms: protobuf both ways, JSON out, and for inputs JSON in.
//!
//! The model's own types are the values; there are no structures in between. Reading a form checks only
//! the form, so that the journal can be read whatever it holds; `FromJson::check` adds what holds for
//! inputs, in whichever form they came.

use crate::error::{Result, WireError};
use crate::json::{MAX_LIST, Reader as Json, Writer};
use crate::pb::{self, Raw, Reader, Wire};

/// A value in protobuf, and as JSON text.
pub(crate) trait Value: Sized {
    /// How it stands in protobuf bytes.
    const WIRE: Wire;

    /// Whether it is what an absent field of proto3 means.
    fn is_default(&self) -> bool {
        false
    }

    /// Appends its protobuf bytes, without the field's key.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads it from protobuf.
    fn take(raw: Raw<'_>) -> Result<Self>;

    /// Appends it as JSON.
    fn write(&self, out: &mut Writer<'_>);
}

/// A value of an input: read from JSON, and held to the rules for inputs.
pub(crate) trait FromJson: Value {
    /// Reads it from JSON.
    fn read(json: &mut Json<'_>) -> Result<Self>;

    /// What an input may not hold, although its form is right.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Appends a field.
#[inline]
pub(crate) fn put<V: Value>(tag: u32, value: &V, out: &mut Vec<u8>) {
    pb::put_key(tag, V::WIRE, out);
    value.put(out);
}

/// Appends a field, unless it has its default value.
#[inline]
pub(crate) fn put_default<V: Value>(tag: u32, value: &V, out: &mut Vec<u8>) {
    if !value.is_default() {
        put(tag, value, out);
    }
}

/// Appends a field, if it has a value.
#[inline]
pub(crate) fn put_optional<V: Value>(tag: u32, value: Option<&V>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        put(tag, value, out);
    }
}

/// Appends a list of numbers as one packed field.
pub(crate) fn put_packed<V: Value>(tag: u32, values: &[V], out: &mut Vec<u8>) {
    if !values.is_empty() {
        pb::put_key(tag, Wire::Bytes, out);
        pb::put_nested(out, |out| values.iter().for_each(|value| value.put(out)));
    }
}

/// Reads a field that may appear once.
#[inline]
pub(crate) fn take<V: Value>(slot: &mut Option<V>, raw: Raw<'_>, name: &str) -> Result<()> {
    if slot.is_some() {
        return Err(twice(name));
    }
    *slot = Some(V::take(raw).map_err(|error| error.at(name))?);
    Ok(())
}

/// Reads one element of a list.
pub(crate) fn take_element<V: Value>(list: &mut Vec<V>, raw: Raw<'_>, name: &str) -> Result<()> {
    let index = list.len();
    if index == 0 {
        // Most lists in the journal have one element; growing by itself a list begins with four.
        list.reserve_exact(1);
    }
    list.push(V::take(raw).map_err(|error| error.at_index(index).at(name))?);
    Ok(())
}

/// Reads packed numbers, or one that is not packed.
pub(crate) fn take_packed<V: Value>(list: &mut Vec<V>, raw: Raw<'_>, name: &str) -> Result<()> {
    let Raw::Bytes(bytes) = raw else {
        return take_element(list, raw, name);
    };
    let mut reader = Reader::new(bytes);
    while !reader.is_done() {
        let raw = match V::WIRE {
            Wire::Fixed64 => Raw::Fixed64(reader.fixed64()?),
            _ => Raw::Varint(reader.varint()?),
        };
        take_element(list, raw, name)?;
    }
    Ok(())
}

/// Reads a field that may appear once; `null` is the same as no field.
#[inline]
pub(crate) fn read<V: FromJson>(
    slot: &mut Option<V>,
    json: &mut Json<'_>,
    name: &str,
) -> Result<()> {
    if slot.is_some() {
        return Err(twice(name));
    }
    if !json.null()? {
        *slot = Some(V::read(json).map_err(|error| error.at(name))?);
    }
    Ok(())
}

/// Reads a list.
pub(crate) fn read_list<V: FromJson>(
    list: &mut Vec<V>,
    json: &mut Json<'_>,
    name: &str,
) -> Result<()> {
    if !list.is_empty() {
        return Err(twice(name));
    }
    if json.null()? {
        return Ok(());
    }
    json.list(|json, _| {
        list.push(V::read(json)?);
        Ok(())
    })
    .map_err(|error| error.at(name))
}

/// Checks the length of a list and all its elements.
pub(crate) fn check_list<V: FromJson>(list: &[V], name: &str) -> Result<()> {
    if list.len() > MAX_LIST {
        return Err(WireError::too_many(MAX_LIST).at(name));
    }
    list.iter().enumerate().try_for_each(|(index, value)| {
        value
            .check()
            .map_err(|error| error.at_index(index).at(name))
    })
}

/// A field that appears a second time.
#[cold]
pub(crate) fn twice(name: &str) -> Box<WireError> {
    WireError::malformed("appears twice").at(name)
}

/// Holds a field that only the journal has to being absent.
pub(crate) fn check_absent(is_absent: bool, name: &str) -> Result<()> {
    match is_absent {
        true => Ok(()),
        false => Err(filled_in(name)),
    }
}

/// A field in an input that is not its sender's to fill in.
#[cold]
pub(crate) fn filled_in(name: &str) -> Box<WireError> {
    WireError::malformed("is filled in where the record is taken; leave it out").at(name)
}

impl<V: Value> Value for Box<V> {
    const WIRE: Wire = V::WIRE;

    fn is_default(&self) -> bool {
        (**self).is_default()
    }

    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        V::take(raw).map(Box::new)
    }

    fn write(&self, out: &mut Writer<'_>) {
        (**self).write(out);
    }
}

/// A field number that the message does not have.
#[cold]
pub(crate) fn unknown_tag(tag: u32) -> Box<WireError> {
    let mut error = WireError::unknown("", &["those of proto/umbral/v1"]);
    error.path = format!("field {tag}");
    error
}
