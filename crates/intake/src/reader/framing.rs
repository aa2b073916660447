//! Cuts bytes into records: lines, or messages behind their length.

use super::Fault;
use std::io::{self, BufRead, ErrorKind};

/// A record's size beyond which a length prefix is taken for damage and not for a large record.
const ABSURD: u64 = 1 << 40;

/// How records are told apart.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// A record a line; empty lines and comments are passed over.
    Lines { comment: Option<String> },
    /// A varint of the length before each record.
    Delimited,
}

/// A record that was cut out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Its number, from 1.
    pub(super) row: u64,
    /// Its line, from 1; 0 where there are no lines.
    pub(super) line: u64,
    /// Why it is not whole.
    pub(super) fault: Option<Fault>,
}

/// Why the next record cannot be found.
#[derive(Debug)]
pub(super) enum Broken {
    Io(io::Error),
    /// A length prefix that is none.
    Length,
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Io(error)
    }
}

/// Cuts a stream into records.
pub(super) struct Framer<B> {
    bytes: B,
    framing: Framing,
    limit: usize,
    row: u64,
    line: u64,
}

impl<B: BufRead> Framer<B> {
    pub(super) fn new(bytes: B, framing: Framing, limit: usize) -> Framer<B> {
        Framer {
            bytes,
            framing,
            limit,
            row: 0,
            line: 0,
        }
    }

    /// Where it stands, for messages.
    pub(super) fn place(&self, name: &str) -> String {
        match self.framing {
            Framing::Lines { .. } => format!("{name}, line {}", self.line + 1),
            Framing::Delimited => format!("{name}, record {}", self.row + 1),
        }
    }

    /// The bytes that it reads from.
    pub(super) fn bytes(&self) -> &B {
        &self.bytes
    }

    /// The first line that is neither empty nor a comment: a header.
    pub(super) fn header(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        let mut bytes = Vec::new();
        let header = self.cut(&mut bytes)?;
        self.row = 0;
        Ok(header.map(|_| bytes))
    }

    /// Appends the next record to `out`; `None` at the end.
    pub(super) fn cut(&mut self, out: &mut Vec<u8>) -> Result<Option<Cut>, Broken> {
        match &self.framing {
            Framing::Lines { .. } => self.cut_line(out),
            Framing::Delimited => self.cut_delimited(out),
        }
    }

    fn cut_line(&mut self, out: &mut Vec<u8>) -> Result<Option<Cut>, Broken> {
        let from = out.len();
        loop {
            out.truncate(from);
            let size = read_line(&mut self.bytes, self.limit, out)?;
            if size == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.line == 1 && out[from..].starts_with(b"\xef\xbb\xbf") {
                out.drain(from..from + 3);
            }
            let kept = out.len() - from;
            let large = size > kept as u64 + 8 && kept >= self.limit;
            while out.len() > from && matches!(out.last(), Some(b'\n' | b'\r')) {
                out.pop();
            }
            let bytes = &out[from..];
            if bytes.iter().all(u8::is_ascii_whitespace) && !large || self.is_comment(bytes) {
                continue;
            }
            let large = large || bytes.len() > self.limit;
            out.truncate(from + self.limit);
            self.row += 1;
            return Ok(Some(Cut {
                row: self.row,
                line: self.line,
                fault: large.then_some(Fault::TooLarge { size }),
            }));
        }
    }

    fn is_comment(&self, bytes: &[u8]) -> bool {
        match &self.framing {
            Framing::Lines {
                comment: Some(comment),
            } => !comment.is_empty() && bytes.starts_with(comment.as_bytes()),
            _ => false,
        }
    }

    fn cut_delimited(&mut self, out: &mut Vec<u8>) -> Result<Option<Cut>, Broken> {
        let Some(size) = self.length()? else {
            return Ok(None);
        };
        let kept = size.min(self.limit as u64);
        let got = take(&mut self.bytes, kept, |chunk| out.extend_from_slice(chunk))?;
        let rest = take(&mut self.bytes, size - kept, |_| {})?;
        let fault = if size > kept {
            Some(Fault::TooLarge { size })
        } else {
            (got + rest < size).then_some(Fault::Truncated)
        };
        self.row += 1;
        Ok(Some(Cut {
            row: self.row,
            line: 0,
            fault,
        }))
    }

    /// The length of the next record; `None` at the end.
    fn length(&mut self) -> Result<Option<u64>, Broken> {
        let mut length = 0u64;
        for shift in (0..63).step_by(7) {
            let mut byte = None;
            take(&mut self.bytes, 1, |chunk| byte = chunk.first().copied())?;
            match byte {
                None if shift == 0 => return Ok(None),
                None => return Err(Broken::Length),
                Some(byte) => {
                    length |= u64::from(byte & 0x7f) << shift;
                    if byte & 0x80 == 0 {
                        let absurd = length > ABSURD;
                        return if absurd {
                            Err(Broken::Length)
                        } else {
                            Ok(Some(length))
                        };
                    }
                }
            }
        }
        Err(Broken::Length)
    }
}

/// Appends a line with its end to `out`, keeping a little more than `limit` bytes of it; how many bytes it has.
fn read_line<B: BufRead>(bytes: &mut B, limit: usize, out: &mut Vec<u8>) -> io::Result<u64> {
    // With room for a byte order mark and the line's end.
    let most = out.len() + limit + 8;
    let mut size = 0u64;
    loop {
        let chunk = match bytes.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = memchr::memchr(b'\n', chunk).map(|at| at + 1);
        let length = end.unwrap_or(chunk.len());
        let room = most - out.len();
        out.extend_from_slice(&chunk[..length.min(room)]);
        bytes.consume(length);
        size += length as u64;
        if end.is_some() || length == 0 {
            return Ok(size);
        }
    }
}

/// Hands on the next `count` bytes, fewer at the end; how many there were.
fn take<B: BufRead>(bytes: &mut B, count: u64, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut left = count;
    while left > 0 {
        let chunk = match bytes.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let length = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        each(&chunk[..length]);
        bytes.consume(length);
        left -= length as u64;
    }
    Ok(count - left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(
        input: &[u8],
        framing: Framing,
        limit: usize,
    ) -> Vec<(u64, u64, Vec<u8>, Option<Fault>)> {
        // A buffer of three bytes, so that every record lies across several.
        let mut framer = Framer::new(io::BufReader::with_capacity(3, input), framing, limit);
        let mut found = Vec::new();
        let mut bytes = b"what stands before it stays".to_vec();
        let before = bytes.len();
        while let Some(cut) = framer.cut(&mut bytes).unwrap() {
            found.push((cut.row, cut.line, bytes.split_off(before), cut.fault));
        }
        found
    }

    #[test]
    fn lines_are_records() {
        let lines = || Framing::Lines {
            comment: Some("#".to_owned()),
        };
        let input = b"\xef\xbb\xbfone\r\n\n# note\n  \ntwo\nlast";
        let expected = vec![
            (1, 1, b"one".to_vec(), None),
            (2, 5, b"two".to_vec(), None),
            (3, 6, b"last".to_vec(), None),
        ];
        assert_eq!(all(input, lines(), 100), expected);

        let long = [b"ab\n".as_slice(), &[b'x'; 50], b"\ncd\n"].concat();
        let expected = vec![
            (1, 1, b"ab".to_vec(), None),
            (2, 2, vec![b'x'; 10], Some(Fault::TooLarge { size: 51 })),
            (3, 3, b"cd".to_vec(), None),
        ];
        assert_eq!(all(&long, lines(), 10), expected);
        let exact = [&[b'x'; 10][..], b"\r\n", &[b'y'; 11][..]].concat();
        let expected = vec![
            (1, 1, vec![b'x'; 10], None),
            (2, 2, vec![b'y'; 10], Some(Fault::TooLarge { size: 11 })),
        ];
        assert_eq!(all(&exact, lines(), 10), expected);
    }

    #[test]
    fn lengths_are_read_and_damage_is_found() {
        let long = [&[3][..], b"abc", &[0, 0x8c, 0x01], &[b'x'; 140], &[2, b'z']].concat();
        let expected = vec![
            (1, 0, b"abc".to_vec(), None),
            (2, 0, Vec::new(), None),
            (3, 0, vec![b'x'; 100], Some(Fault::TooLarge { size: 140 })),
            (4, 0, b"z".to_vec(), Some(Fault::Truncated)),
        ];
        assert_eq!(all(&long, Framing::Delimited, 100), expected);
        for damaged in [
            &[0xff; 12][..],
            &[0x80][..],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f][..],
        ] {
            let mut framer = Framer::new(damaged, Framing::Delimited, 100);
            assert!(
                matches!(framer.cut(&mut Vec::new()), Err(Broken::Length)),
                "{damaged:?}"
            );
        }
    }
}
