//! What is wrong with a mapping: code, place, and what to write instead.

use crate::codes;
use core::fmt;
use core::ops::Range;
use umbral_catalog::problem::Problem as Shown;

/// One problem of a mapping. All problems of a file are reported at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// `I-dddd`.
    pub code: &'static str,
    /// The mapping file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the file that it is about.
    pub span: Range<usize>,
    /// What is wrong there.
    pub what: String,
    /// What to write instead.
    pub mend: String,
}

impl Problem {
    /// The code's title.
    pub fn title(&self) -> &'static str {
        codes::ALL
            .iter()
            .find(|code| code.code == self.code)
            .map_or("", |code| code.title)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: error[{}]: {}\n  = {}",
            self.file, self.line, self.column, self.code, self.what, self.mend
        )
    }
}

impl std::error::Error for Problem {}

/// Problems of mappings are shown as those of catalogs are.
impl From<Problem> for Shown {
    fn from(problem: Problem) -> Shown {
        let (title, span) = (problem.title(), problem.span.clone());
        let mut shown = Shown::error(problem.code, problem.file, span, title, problem.what);
        shown.note(problem.mend);
        shown
    }
}

/// The problems found so far in one file.
pub(super) struct Problems<'a> {
    file: &'a str,
    text: &'a str,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Problems<'a> {
        Problems {
            file,
            text,
            found: Vec::new(),
        }
    }

    pub(super) fn add(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.found.push(Problem {
            code,
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            span,
            what: what.into(),
            mend: mend.into(),
        });
    }

    /// All problems in the order of the file, or the value if there are none.
    pub(super) fn unless<T>(mut self, value: Option<T>) -> Result<T, Vec<Problem>> {
        self.found
            .sort_by(|a, b| (a.span.start, a.code).cmp(&(b.span.start, b.code)));
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}
