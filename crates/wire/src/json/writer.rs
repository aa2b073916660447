//! JSON text, appended to one string, in the order of the message's fields.

use crate::names::Names;
use crate::value::Value;
use core::fmt::{Display, Write};

/// A JSON text in the making, with the names for the numbers in it.
pub(crate) struct Writer<'n> {
    out: String,
    /// Names of what events hold as numbers.
    pub(crate) names: &'n dyn Names,
}

impl<'n> Writer<'n> {
    /// An empty text.
    pub(crate) fn new(names: &'n dyn Names) -> Self {
        Writer::on(String::with_capacity(512), names)
    }

    /// Goes on behind a text.
    pub(crate) fn on(out: String, names: &'n dyn Names) -> Self {
        Writer { out, names }
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// An object; `fields` writes its fields.
    pub(crate) fn object(&mut self, fields: impl FnOnce(&mut Self)) {
        self.out.push('{');
        fields(self);
        self.out.push('}');
    }

    /// A list of values.
    pub(crate) fn list<V: Value>(&mut self, values: &[V]) {
        self.each(values, Value::write);
    }

    /// A list; `write` appends each element.
    pub(crate) fn each<T>(&mut self, elements: &[T], write: impl Fn(&T, &mut Self)) {
        self.out.push('[');
        for element in elements {
            self.separate('[');
            write(element, self);
        }
        self.out.push(']');
    }

    /// A field's name; its value comes next.
    pub(crate) fn key(&mut self, name: &str) {
        self.separate('{');
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A field.
    pub(crate) fn field<V: Value>(&mut self, name: &str, value: &V) {
        self.key(name);
        value.write(self);
    }

    /// A field, if it has a value.
    pub(crate) fn optional<V: Value>(&mut self, name: &str, value: Option<&V>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// A field whose value is a text.
    pub(crate) fn text_field(&mut self, name: &str, text: &str) {
        self.key(name);
        self.text(text);
    }

    /// A string value.
    pub(crate) fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(needs_escape) {
            let (plain, escaped) = rest.split_at(at);
            self.out.push_str(plain);
            self.escape(escaped.as_bytes()[0]);
            rest = &escaped[1..];
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.out.push_str("\\\""),
            b'\\' => self.out.push_str("\\\\"),
            b'\n' => self.out.push_str("\\n"),
            b'\r' => self.out.push_str("\\r"),
            b'\t' => self.out.push_str("\\t"),
            other => self.bare(format_args!("\\u{other:04x}")),
        }
    }

    /// A string value that needs no escapes, such as an amount or an instant.
    pub(crate) fn quoted(&mut self, value: impl Display) {
        self.bare(format_args!("\"{value}\""));
    }

    /// A number or word.
    pub(crate) fn bare(&mut self, value: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.out, "{value}");
    }

    /// A comma, unless this is the first after `opening`.
    fn separate(&mut self, opening: char) {
        if !self.out.ends_with(opening) {
            self.out.push(',');
        }
    }
}

/// Whether a string cannot hold a byte as it is; such a byte is a character of its own.
fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f)
}
