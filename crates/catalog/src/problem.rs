//! What is wrong with a catalog: code, place, cause and mend.

use crate::codes;
use crate::source::Spot;
use core::ops::Range;
use smol_str::SmolStr;

/// Whether a problem keeps the catalog from being used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The catalog cannot be used.
    Error,
    /// It can, but somebody should look.
    Warning,
}

impl Severity {
    /// The severity's word.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One problem of a catalog. `code` has a page, see `codes::page`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The stable code, `C-dddd`.
    pub code: &'static str,
    /// Whether the catalog may be used in spite of it.
    pub severity: Severity,
    /// One line that says what is wrong, without a full stop.
    pub title: String,
    /// The file, as it was named to `load`.
    pub file: SmolStr,
    /// Bytes of the file that are meant; may be empty.
    pub span: Range<usize>,
    /// Stands beside the caret.
    pub label: String,
    /// Further lines: particulars, and what to write instead.
    pub notes: Vec<String>,
}

impl Problem {
    /// An error without notes.
    pub fn error(
        code: &'static str,
        file: impl Into<SmolStr>,
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            title: title.into(),
            file: file.into(),
            span,
            label: label.into(),
            notes: Vec::new(),
        }
    }

    /// Adds a line.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }

    /// Line and column of the span's start, both from 1, in the file's `content`; columns count characters.
    pub fn line_and_column(&self, content: &str) -> (usize, usize) {
        let start = self.span.start.min(content.len());
        let before = content.get(..start).unwrap_or(content);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// What may be untrue where a TOML file was not read, and with it definitions and uses of names.
const FROM_TOML: [&str; 24] = [
    codes::UNKNOWN_SERVICE,
    codes::UNKNOWN_ZONE,
    codes::UNKNOWN_BAND,
    codes::UNKNOWN_RATE,
    codes::UNKNOWN_PLAN,
    codes::UNKNOWN_SCHEDULE,
    codes::UNKNOWN_CALENDAR,
    codes::UNKNOWN_HOLIDAYS,
    codes::UNKNOWN_NETWORK,
    codes::UNKNOWN_PROFILE,
    codes::UNKNOWN_BAR,
    codes::UNUSED_ZONE,
    codes::UNUSED_RATE,
    codes::UNUSED_BAND,
    codes::NEVER_HOLDS,
    codes::UNKNOWN_CLASS,
    codes::UNKNOWN_ALLOWANCE,
    codes::ALLOWANCE_NOT_SOLD,
    codes::DISCOUNT_NEVER,
    codes::EMPTY_NETWORK,
    codes::UNKNOWN_TIER,
    codes::UNKNOWN_CARD,
    codes::UNKNOWN_CARD_LINE,
    codes::UNKNOWN_PROGRAMME,
];
/// What may be untrue where the form of numbers, the currency and the time zone are not known.
const FROM_HEAD: [&str; 9] = [
    codes::BAD_PREFIX,
    codes::LONG_PREFIX,
    codes::DUPLICATE_PREFIX,
    codes::UNREACHABLE_RULE,
    codes::OVERLAP,
    codes::BAD_LIMIT,
    codes::BAD_DATE,
    codes::DISCOUNT_OVER_CAP,
    codes::DISCOUNT_NEVER,
];
/// What may be untrue where rows of a CSV file were not read.
const FROM_CSV: [&str; 5] = [
    codes::UNKNOWN_ZONE,
    codes::UNKNOWN_NETWORK,
    codes::UNKNOWN_PROFILE,
    codes::EMPTY_NETWORK,
    codes::VISITED_COUNTRY,
];

/// Collects problems while a catalog is read and checked.
#[derive(Debug)]
pub(crate) struct Report {
    files: Vec<SmolStr>,
    problems: Vec<Problem>,
}

impl Report {
    /// An empty report over these files.
    pub(crate) fn new(files: Vec<SmolStr>) -> Self {
        Report {
            files,
            problems: Vec::new(),
        }
    }

    /// Adds an error; notes may be added to what is returned.
    pub(crate) fn error(
        &mut self,
        code: &'static str,
        at: Spot,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Problem {
        let file = self
            .files
            .get(at.file as usize)
            .cloned()
            .unwrap_or_default();
        let problem = Problem::error(code, file, at.range(), title, label);
        self.problems.push(problem);
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// Adds a warning.
    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        at: Spot,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Problem {
        let problem = self.error(code, at, title, label);
        problem.severity = Severity::Warning;
        problem
    }

    /// Name of a file.
    pub(crate) fn file(&self, at: Spot) -> &str {
        self.files.get(at.file as usize).map_or("", SmolStr::as_str)
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// Drops what only follows from files that could not be parsed: what seems to be missing may stand there.
    pub(crate) fn drop_consequences(&mut self) {
        let of = |code: &str| -> Vec<SmolStr> {
            let broken = self.problems.iter().filter(|problem| problem.code == code);
            broken.map(|problem| problem.file.clone()).collect()
        };
        let unparsed = of(codes::SYNTAX);
        let rows_lost = !of(codes::CSV_HEADER).is_empty() || !of(codes::CSV_ROW).is_empty();
        let is_head = |path: &SmolStr| path.rsplit('/').next() == Some("catalog.toml");
        let no_head = unparsed.iter().any(is_head);
        self.problems.retain(|problem| {
            let code = problem.code;
            let follows = (!unparsed.is_empty() && FROM_TOML.contains(&code))
                || (no_head && FROM_HEAD.contains(&code))
                || (rows_lost && FROM_CSV.contains(&code));
            let of_parsed = !unparsed.contains(&problem.file);
            code == codes::SYNTAX || (of_parsed && !follows)
        });
    }

    /// All problems, by file and place.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        let files = self.files;
        let order = |name: &str| files.iter().position(|file| file == name);
        self.problems.sort_by_cached_key(|problem| {
            (
                order(&problem.file),
                problem.span.start,
                problem.code,
                problem.title.clone(),
            )
        });
        self.problems
    }
}
