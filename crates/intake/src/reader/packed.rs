//! Messages of a stream that hold one record or several, cut as files are.

use super::framing::{Cut, Framer, Framing};
use super::{Fault, RawChunk};

/// How a message holds records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// It is one record.
    Single,
    /// A record a line.
    Lines,
    /// A varint of the length before each record.
    Delimited,
}

impl RawChunk {
    /// Appends the records of a message, all with the message's own number; of each at most `limit` bytes. A message
    /// without a record adds none. Where a length is damaged, what follows is one record with a fault.
    pub fn unpack(&mut self, message: &[u8], packing: Packing, row: u64, limit: usize) {
        let framing = match packing {
            Packing::Single => return self.add_single(message, row, limit),
            Packing::Lines => Framing::Lines { comment: None },
            Packing::Delimited => Framing::Delimited,
        };
        let mut framer = Framer::new(message, framing, limit);
        loop {
            let (from, left) = (self.bytes.len(), *framer.bytes());
            let fault = match framer.cut(&mut self.bytes) {
                Ok(None) => return,
                Ok(Some(cut)) => fault_within(cut.fault, packing, left.len()),
                Err(_) => {
                    self.bytes.truncate(from);
                    self.bytes.extend_from_slice(&left[..left.len().min(limit)]);
                    Some(Fault::NoLength)
                }
            };
            self.push(
                Cut {
                    row,
                    line: 0,
                    fault,
                },
                from,
            );
            if fault == Some(Fault::NoLength) {
                return;
            }
        }
    }

    fn add_single(&mut self, message: &[u8], row: u64, limit: usize) {
        let from = self.bytes.len();
        let kept = message.len().min(limit);
        self.bytes.extend_from_slice(&message[..kept]);
        let size = message.len() as u64;
        let fault = (kept < message.len()).then_some(Fault::TooLarge { size });
        self.push(
            Cut {
                row,
                line: 0,
                fault,
            },
            from,
        );
    }
}

/// A length beyond the end of its message is damage, however large the record would be.
fn fault_within(fault: Option<Fault>, packing: Packing, left: usize) -> Option<Fault> {
    match fault {
        Some(Fault::TooLarge { size }) if packing == Packing::Delimited && size > left as u64 => {
            Some(Fault::Truncated)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Records = Vec<(Vec<u8>, Option<Fault>)>;

    fn cut(message: &[u8], packing: Packing) -> Records {
        let mut chunk = RawChunk {
            bytes: b"what stands before it stays".to_vec(),
            records: Vec::new(),
        };
        chunk.unpack(message, packing, 7, 10);
        assert!(
            chunk
                .records
                .iter()
                .all(|span| (span.row, span.line) == (7, 0))
        );
        let records = chunk.records.iter();
        records
            .map(|span| (chunk.bytes_of(span).to_vec(), span.fault))
            .collect()
    }

    #[test]
    fn messages_are_cut_as_files_are() {
        let good = |text: &[u8]| (text.to_vec(), None);
        let bad = |text: &[u8], fault| (text.to_vec(), Some(fault));
        let size = |size| Fault::TooLarge { size };
        use Packing::{Delimited, Lines, Single};
        let cases: [(&[u8], Packing, Records); 14] = [
            (b"", Single, vec![good(b"")]),
            (b"one\ntwo", Single, vec![good(b"one\ntwo")]),
            (b"elevenbytes", Single, vec![bad(b"elevenbyte", size(11))]),
            (b"", Lines, vec![]),
            (b" \n\r\n", Lines, vec![]),
            (b"one", Lines, vec![good(b"one")]),
            (
                b"one\r\n\n# two\n",
                Lines,
                vec![good(b"one"), good(b"# two")],
            ),
            (
                b"\xef\xbb\xbfone\nelevenbytesandmore",
                Lines,
                vec![good(b"one"), bad(b"elevenbyte", size(18))],
            ),
            (b"", Delimited, vec![]),
            (
                b"\x03one\x00\x01z",
                Delimited,
                vec![good(b"one"), good(b""), good(b"z")],
            ),
            (
                b"\x03one\x04tw",
                Delimited,
                vec![good(b"one"), bad(b"tw", Fault::Truncated)],
            ),
            (
                b"\x03one\x7ftwo",
                Delimited,
                vec![good(b"one"), bad(b"two", Fault::Truncated)],
            ),
            (
                b"\x0belevenbytes\x01z",
                Delimited,
                vec![bad(b"elevenbyte", size(11)), good(b"z")],
            ),
            (
                b"\x03one\xff\xff",
                Delimited,
                vec![good(b"one"), bad(b"\xff\xff", Fault::NoLength)],
            ),
        ];
        for (message, packing, expected) in cases {
            assert_eq!(
                cut(message, packing),
                expected,
                "{message:?} as {packing:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_kept_to_the_limit() {
        let expected = vec![(vec![0xff; 10], Some(Fault::NoLength))];
        assert_eq!(cut(&[0xff; 40], Packing::Delimited), expected);
    }
}
