//! A line cut into fields. A line is a row: fields with line breaks inside are not read, so that one stray
//! quote damages one row and not the rest of the file.

use core::ops::Range;
use smallvec::SmallVec;
use std::borrow::Cow;

/// The fields of one row.
pub(super) type Fields<'a> = SmallVec<[Cow<'a, str>; 16]>;

/// Cuts a line at a delimiter; the quote, if there is one, protects delimiters, and doubled stands for itself.
pub(super) fn split_delimited<'a>(
    line: &'a str,
    delimiter: u8,
    quote: Option<u8>,
    fields: &mut Fields<'a>,
) -> Result<(), String> {
    let Some(quote) = quote.filter(|quote| memchr::memchr(*quote, line.as_bytes()).is_some())
    else {
        let mut from = 0;
        for at in memchr::memchr_iter(delimiter, line.as_bytes()) {
            fields.push(Cow::Borrowed(&line[from..at]));
            from = at + 1;
        }
        fields.push(Cow::Borrowed(&line[from..]));
        return Ok(());
    };
    let mut rest = Some(line);
    while let Some(text) = rest {
        rest = if text.as_bytes().first() == Some(&quote) {
            let (field, after) = quoted(&text[1..], delimiter, quote)?;
            fields.push(field);
            after
        } else {
            let (field, after) = match memchr::memchr(delimiter, text.as_bytes()) {
                Some(at) => (&text[..at], Some(&text[at + 1..])),
                None => (text, None),
            };
            fields.push(Cow::Borrowed(field));
            after
        };
    }
    Ok(())
}

/// A field behind its opening quote, and what follows its delimiter.
fn quoted(text: &str, delimiter: u8, quote: u8) -> Result<(Cow<'_, str>, Option<&str>), String> {
    let bytes = text.as_bytes();
    let (mut from, mut whole) = (0, String::new());
    loop {
        let Some(end) = memchr::memchr(quote, &bytes[from..]).map(|at| from + at) else {
            return Err("a quote is opened and not closed on the line".to_owned());
        };
        match bytes.get(end + 1) {
            Some(next) if *next == quote => {
                whole.push_str(&text[from..=end]);
                from = end + 2;
            }
            Some(next) if *next != delimiter => {
                return Err("something follows the closing quote of a field".to_owned());
            }
            next => {
                let after = next.map(|_| &text[end + 2..]);
                if whole.is_empty() {
                    return Ok((Cow::Borrowed(&text[from..end]), after));
                }
                whole.push_str(&text[from..end]);
                return Ok((Cow::Owned(whole), after));
            }
        }
    }
}

/// Cuts a line at ranges of characters. A field that lies wholly behind the line's end is empty; one that
/// the line's end cuts through is an error, for its number may have lost digits.
pub(super) fn split_fixed<'a>(
    line: &'a str,
    ranges: &[Range<usize>],
    fields: &mut Fields<'a>,
) -> Result<(), Range<usize>> {
    let ascii = line.is_ascii();
    let length = if ascii {
        line.len()
    } else {
        line.chars().count()
    };
    let byte_of = |character: usize| match character {
        at if ascii => at.min(line.len()),
        at => line
            .char_indices()
            .nth(at)
            .map_or(line.len(), |(byte, _)| byte),
    };
    for range in ranges {
        let open = range.end == usize::MAX;
        if range.start < length && range.end > length && !open {
            return Err(range.clone());
        }
        let (from, to) = (
            byte_of(range.start.min(length)),
            byte_of(range.end.min(length)),
        );
        fields.push(Cow::Borrowed(
            &line[from..if open { line.len() } else { to }],
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_delimiters_outside_quotes() {
        let cases: [(&str, Result<&[&str], &str>); 12] = [
            ("a,b,c", Ok(&["a", "b", "c"])),
            ("", Ok(&[""])),
            (",", Ok(&["", ""])),
            ("\"a,b\",c", Ok(&["a,b", "c"])),
            ("\"\",x", Ok(&["", "x"])),
            ("x,\"\"", Ok(&["x", ""])),
            ("\"say \"\"no\"\"\",x", Ok(&["say \"no\"", "x"])),
            ("\"\"\"\",x", Ok(&["\"", "x"])),
            ("5\" pipe,x", Ok(&["5\" pipe", "x"])),
            ("\"a\",", Ok(&["a", ""])),
            ("\"a,b", Err("a quote is opened and not closed on the line")),
            (
                "\"a\"b,c",
                Err("something follows the closing quote of a field"),
            ),
        ];
        for (line, expected) in cases {
            let mut fields = Fields::new();
            let got = split_delimited(line, b',', Some(b'"'), &mut fields);
            match expected {
                Ok(expected) => {
                    assert_eq!(got, Ok(()), "{line}");
                    assert_eq!(fields.as_slice(), expected, "{line}");
                }
                Err(why) => assert_eq!(got, Err(why.to_owned()), "{line}"),
            }
        }
    }

    #[test]
    fn fixed_fields_are_counted_in_characters() {
        let ranges = [0..3, 4..6, 6..usize::MAX];
        type Cut = Result<&'static [&'static str], Range<usize>>;
        let cases: [(&str, Cut); 9] = [
            ("abc 12rest", Ok(&["abc", "12", "rest"])),
            (
                "\u{e9}\u{e9}\u{e9} 12\u{e9}",
                Ok(&["\u{e9}\u{e9}\u{e9}", "12", "\u{e9}"]),
            ),
            ("abc 12", Ok(&["abc", "12", ""])),
            // The last field ends with the line, and a character before it has several octets.
            ("\u{e9}bc 12", Ok(&["\u{e9}bc", "12", ""])),
            ("\u{e9}\u{e9}\u{e9}", Ok(&["\u{e9}\u{e9}\u{e9}", "", ""])),
            ("\u{57e}", Err(0..3)),
            ("abc", Ok(&["abc", "", ""])),
            ("abc 1", Err(4..6)),
            ("ab", Err(0..3)),
        ];
        for (line, expected) in cases {
            let mut fields = Fields::new();
            let got = split_fixed(line, &ranges, &mut fields);
            match expected {
                Ok(expected) => {
                    assert_eq!(got, Ok(()), "{line}");
                    assert_eq!(fields.as_slice(), expected, "{line}");
                }
                Err(range) => assert_eq!(got, Err(range), "{line}"),
            }
        }
    }
}
