//! A borrowing JSON reader for messages whose fields are known.
//!
//! Values are read straight into their fields: nothing is skipped and nothing is held in between, since
//! an unknown field is an error. Nesting is bounded by the messages themselves.

use crate::error::{Result, WireError, shortened};
use std::borrow::Cow;

/// Longest list in a message.
pub(crate) const MAX_LIST: usize = 65_536;

/// A value that is neither object nor list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scalar<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number, as it is written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`: the same as no field at all.
    Null,
}

/// A position in a JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of a line, which must be UTF-8.
    pub(crate) fn new(line: &'a [u8]) -> Result<Self> {
        let text = core::str::from_utf8(line).map_err(|error| {
            WireError::unreadable(format!("not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        Ok(Reader { text, at: 0 })
    }

    /// Reads an object; `each` takes the value of every key.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<()>,
    ) -> Result<()> {
        if self.peek() != Some(b'{') {
            return Err(self.not_a("an object in braces"));
        }
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.broken("a field's name in quotation marks"));
            }
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.broken("a colon"));
            }
            each(self, &key)?;
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or a closing brace"));
            }
        }
    }

    /// Reads a list; `each` takes every element.
    pub(crate) fn list(
        &mut self,
        mut each: impl FnMut(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        if self.peek() != Some(b'[') {
            return Err(self.not_a("a list in brackets"));
        }
        self.at += 1;
        if self.take(b']') {
            return Ok(());
        }
        for index in 0..MAX_LIST {
            each(self, index).map_err(|error| error.at_index(index))?;
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err(self.broken("a comma or a closing bracket"));
            }
        }
        Err(WireError::too_many(MAX_LIST))
    }

    /// Reads a string; `what` says what it is for, with an example.
    pub(crate) fn text(&mut self, what: &str) -> Result<Cow<'a, str>> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.not_a(what)),
        }
    }

    /// Reads a string, number or word.
    pub(crate) fn scalar(&mut self, what: &str) -> Result<Scalar<'a>> {
        match self.peek() {
            Some(b'"') => self.string().map(Scalar::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Scalar::Number),
            Some(b't') => self.word("true").map(|()| Scalar::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Scalar::Bool(false)),
            Some(b'n') => self.word("null").map(|()| Scalar::Null),
            _ => Err(self.not_a(what)),
        }
    }

    /// Takes a `null`, if there is one.
    pub(crate) fn null(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b'n') => self.word("null").map(|()| true),
            _ => Ok(false),
        }
    }

    /// Accepts the end of the text only.
    pub(crate) fn end(&mut self) -> Result<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.broken("the end of the record; one object a line")),
        }
    }

    /// The first byte of what follows, after spaces.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.broken("a value"))
        }
    }

    /// Reads a string whose opening quotation mark is next.
    fn string(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut end = start;
        loop {
            match bytes.get(end) {
                Some(b'"') => {
                    self.at = end + 1;
                    return Ok(Cow::Borrowed(&self.text[start..end]));
                }
                Some(b'\\') => return self.escaped(start, end),
                Some(0..=0x1f) => {
                    self.at = end;
                    return Err(self.broken("an escape such as \\n; control characters are"));
                }
                Some(_) => end += 1,
                None => {
                    self.at = end;
                    return Err(self.broken("a closing quotation mark"));
                }
            }
        }
    }

    /// The rest of a string with escapes, the first of them at `escape`.
    #[cold]
    fn escaped(&mut self, start: usize, escape: usize) -> Result<Cow<'a, str>> {
        let mut owned = self.text[start..escape].to_owned();
        self.at = escape;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .bytes()
                .take_while(|b| !matches!(b, b'"' | b'\\' | 0..=0x1f))
                .count();
            owned.push_str(&rest[..plain]);
            self.at += plain;
            match rest.as_bytes().get(plain) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(owned));
                }
                Some(b'\\') => owned.push(self.escape()?),
                _ => return Err(self.broken("a closing quotation mark")),
            }
        }
    }

    /// Reads one escape, whose backslash is next.
    fn escape(&mut self) -> Result<char> {
        let kind = self.text.as_bytes().get(self.at + 1).copied();
        self.at += 1;
        let plain = match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.broken("an escape such as \\n or \\u00e9")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// Reads `uXXXX`, or two of them that make one character.
    fn unicode(&mut self) -> Result<char> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff => {
                let low = match self.text.as_bytes().get(self.at) {
                    Some(b'\\') => {
                        self.at += 1;
                        self.hex4()?
                    }
                    _ => 0,
                };
                if !(0xdc00..=0xdfff).contains(&low) {
                    return Err(self.broken("the second half of a surrogate pair"));
                }
                0x10000 + ((first - 0xd800) << 10 | (low - 0xdc00))
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.broken("a character, not half a surrogate pair"))
    }

    /// Reads `u` and four hexadecimal digits.
    fn hex4(&mut self) -> Result<u32> {
        let digits = match self.text.as_bytes().get(self.at..self.at + 5) {
            Some([b'u', digits @ ..]) => digits,
            _ => return Err(self.broken("u and four hexadecimal digits")),
        };
        let value = digits.iter().try_fold(0u32, |value, digit| {
            char::from(*digit)
                .to_digit(16)
                .map(|digit| value << 4 | digit)
        });
        self.at += 5;
        value.ok_or_else(|| self.broken("four hexadecimal digits"))
    }

    /// Reads a number by JSON's grammar, as it is written.
    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += usize::from(self.text.as_bytes()[start] == b'-');
        let whole = self.digits();
        let leading_zero = whole > 1 && self.text.as_bytes()[self.at - whole] == b'0';
        if whole == 0 || leading_zero {
            return Err(self.broken("a number"));
        }
        if self.text.as_bytes().get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.broken("decimals"));
            }
        }
        if let Some(b'e' | b'E') = self.text.as_bytes().get(self.at) {
            self.at += 1;
            let signed = matches!(self.text.as_bytes().get(self.at), Some(b'+' | b'-'));
            self.at += usize::from(signed);
            if self.digits() == 0 {
                return Err(self.broken("an exponent"));
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    /// The text is no JSON here.
    #[cold]
    fn broken(&self, wanted: &str) -> Box<WireError> {
        WireError::unreadable(format!("not JSON: {wanted} expected at byte {}", self.at))
    }

    /// A value is of another type than `wanted`.
    #[cold]
    fn not_a(&mut self, wanted: &str) -> Box<WireError> {
        let found = match self.peek() {
            None => return self.broken(wanted),
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "a list".to_owned(),
            Some(b'"') => match self.string() {
                Ok(text) => format!("the text \"{}\"", shortened(&text)),
                Err(error) => return error,
            },
            Some(b'-' | b'0'..=b'9') => match self.number() {
                Ok(number) => format!("the number {}", shortened(number)),
                Err(error) => return error,
            },
            Some(b't' | b'f' | b'n') => match self.scalar(wanted) {
                Ok(Scalar::Bool(value)) => value.to_string(),
                Ok(_) => "null".to_owned(),
                Err(error) => return error,
            },
            Some(_) => return self.broken(wanted),
        };
        WireError::malformed(format!("must be {wanted}, not {found}"))
    }
}
