//! Codes of everything that can be wrong with a mapping or a file as a whole. Each has a page in
//! `docs/errors/`; single records that cannot be taken have the `U-` codes of the quarantine.

/// A code with its title and its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `I-dddd`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Markdown: what it means, likely cause, what to do.
    pub page: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// All codes of this crate, ascending.
        pub const ALL: &[Code] = &[$(Code {
            code: $code,
            title: $title,
            page: include_str!(concat!("../../../docs/errors/", $code, ".md")),
        },)*];
    };
}

codes! {
    /// Not TOML.
    NOT_TOML = "I-0001", "the mapping is not TOML";
    /// A key that no mapping has.
    UNKNOWN_KEY = "I-0002", "the mapping has a key that is not known";
    /// A key that is needed.
    MISSING_KEY = "I-0003", "the mapping lacks a key";
    /// A value of another form.
    BAD_VALUE = "I-0004", "a value of the mapping does not have its form";
    /// A column that is not there.
    UNKNOWN_COLUMN = "I-0005", "the mapping names a column that is not there";
    /// A zone that the IANA database does not have.
    UNKNOWN_ZONE = "I-0006", "the mapping names a time zone that is not known";
    /// A time format that cannot give an instant.
    BAD_TIME_FORMAT = "I-0007", "a time format of the mapping cannot give an instant";
    /// A unit that does not belong to its service.
    WRONG_UNIT = "I-0008", "a unit of the mapping does not belong to its service";
    /// Keys that contradict each other.
    CONTRADICTION = "I-0009", "keys of the mapping contradict each other";
    /// A file that cannot be opened or read.
    UNREADABLE_FILE = "I-0020", "the file cannot be read";
    /// A file whose format is not known.
    UNKNOWN_FORMAT = "I-0021", "the format of the file is not known";
    /// Compressed data that is damaged.
    DAMAGED = "I-0022", "the compressed file is damaged";
    /// A stream that cannot be cut into records.
    NO_RECORDS = "I-0023", "the stream cannot be cut into records";
    /// More than may be held in memory.
    TOO_LARGE_TO_HOLD = "I-0024", "the file is too large to be held in memory";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page_and_they_ascend() {
        for (before, after) in ALL.iter().zip(&ALL[1..]) {
            assert!(before.code < after.code, "{}", after.code);
        }
        for code in ALL {
            let first = code.page.lines().next().unwrap();
            assert_eq!(first, format!("# {}: {}", code.code, code.title));
            for heading in ["## What it means", "## Likely cause", "## What to do"] {
                assert!(code.page.contains(heading), "{} lacks {heading}", code.code);
            }
        }
    }
}
