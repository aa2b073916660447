//! Problems in files, as people see them: code, what is wrong, file and line, caret, what to write instead.

use super::paint::Paint;
use crate::text::tame;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents,
};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A problem at a place in a file.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Its code, if it has a page.
    pub(crate) code: Option<String>,
    /// A warning does not keep anybody from going on.
    pub(crate) is_warning: bool,
    /// What is wrong.
    pub(crate) title: String,
    /// Where: file, its text, the bytes meant, and what they are.
    pub(crate) place: Option<Place>,
    /// What to write instead.
    pub(crate) notes: Vec<String>,
}

/// A place in a file.
#[derive(Debug)]
pub(crate) struct Place {
    file: String,
    text: String,
    span: SourceSpan,
    label: Option<String>,
}

impl Place {
    /// A place; a range beyond the text means its end.
    pub(crate) fn new(file: &str, text: &str, span: Range<usize>, label: &str) -> Place {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let (start, end) = (shown_length(text, start), shown_length(text, end));
        let mut text = shown(text).into_owned();
        let mut end = end;
        let at_end = text[start..].is_empty() || text[start..].starts_with('\n');
        if !label.is_empty() && at_end && end <= start + 1 {
            // There is nothing to mark at the end of a line: the mark stands behind its last character.
            text.insert(start, ' ');
            end = start + 1;
        }
        Place {
            file: file.to_owned(),
            text,
            span: SourceSpan::from(start..end),
            label: (!label.is_empty()).then(|| label.to_owned()),
        }
    }

    /// Line and column, from 1.
    fn line_and_column(&self) -> (usize, usize) {
        let before = &self.text[..self.span.offset()];
        let line_start = before.rfind('\n').map(|at| at + 1).unwrap_or(0);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

/// Shows the lines of the span whole, and no others.
impl SourceCode for Place {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        context_lines_before: usize,
        _context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (line, column) = self.line_and_column();
        // Asked for no context, miette wants the position of the span itself for the headline.
        let (from, to, column) = if context_lines_before == 0 {
            (start, end, column - 1)
        } else {
            let from = self.text[..start].rfind('\n').map(|at| at + 1).unwrap_or(0);
            let rest = self.text[end..].find('\n').unwrap_or(self.text.len() - end);
            (from, end + rest, 0)
        };
        let data = &self.text.as_bytes()[from..to];
        let lines = self.text[from..to].matches('\n').count() + 1;
        let shown = SourceSpan::from(from..to);
        let name = tame(&self.file).into_owned();
        Ok(Box::new(MietteSpanContents::new_named(
            name,
            data,
            shown,
            line - 1,
            column,
            lines,
        )))
    }
}

/// A text as its excerpts show it: every line end is `\n`, and other control characters are pictures of
/// themselves, so that none reaches the terminal.
fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_wild) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            '\r' => shown.push('\n'),
            wild if is_wild(wild) => shown.push(picture(wild)),
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// How long the first `at` bytes of a text are when they are shown.
fn shown_length(text: &str, at: usize) -> usize {
    let (before, after) = text.split_at(at);
    // Between the two characters of a line end is before it.
    let before = match before.strip_suffix('\r') {
        Some(line) if after.starts_with('\n') => line,
        _ => before,
    };
    shown(before).len()
}

fn is_wild(letter: char) -> bool {
    letter.is_control() && letter != '\n' && letter != '\t'
}

/// The sign that Unicode has for a control character.
fn picture(letter: char) -> char {
    match u32::from(letter) {
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

/// The largest character boundary not after `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A problem for programs.
#[derive(Serialize)]
pub(crate) struct ProblemJson<'a> {
    code: Option<&'a str>,
    severity: &'static str,
    title: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    label: Option<&'a str>,
    notes: &'a [String],
}

impl Problem {
    /// The problem for programs.
    pub(crate) fn to_json(&self) -> ProblemJson<'_> {
        let place = self.place.as_ref();
        let position = place.map(Place::line_and_column);
        ProblemJson {
            code: self.code.as_deref(),
            severity: self.severity_word(),
            title: &self.title,
            file: place.map(|place| place.file.as_str()),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            label: place.and_then(|place| place.label.as_deref()),
            notes: &self.notes,
        }
    }

    fn severity_word(&self) -> &'static str {
        if self.is_warning { "warning" } else { "error" }
    }

    /// The problem for people, several lines.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let mut theme = if paint.is_on() {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let word = match &self.code {
            Some(code) => format!("{}[{code}]:", self.severity_word()),
            None => format!("{}:", self.severity_word()),
        };
        theme.characters.error = word.clone();
        theme.characters.warning = word;
        (theme.characters.ltop, theme.characters.lbot) = ('┌', '└');
        (theme.characters.mtop, theme.characters.mbot) = ('┌', '└');
        let mut text = String::new();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(110)
            .with_context_lines(1)
            .without_syntax_highlighting()
            .with_links(false);
        match handler.render_report(&mut text, self) {
            Ok(()) => text.trim_end().to_owned(),
            Err(_) => format!("{}: {self}", self.severity_word()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tame(&self.title))
    }
}

impl std::error::Error for Problem {}

impl miette::Diagnostic for Problem {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.is_warning {
            miette::Severity::Warning
        } else {
            miette::Severity::Error
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let explain = self
            .code
            .as_ref()
            .map(|code| format!("umbral explain {code}"));
        let lines: Vec<&str> = self
            .notes
            .iter()
            .map(String::as_str)
            .chain(explain.as_deref())
            .collect();
        (!lines.is_empty())
            .then(|| Box::new(tame(&lines.join("\n")).into_owned()) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| place as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let label = place.label.as_deref().map(|label| tame(label).into_owned());
        let label = LabeledSpan::new_with_span(label, place.span);
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_code_file_line_caret_and_mend() {
        let text = "a = 1\nprice = \"x\"\n";
        let problem = Problem {
            code: Some("C-0001".into()),
            is_warning: false,
            title: "the price is no number".into(),
            place: Some(Place::new("rates.toml", text, 14..17, "this one")),
            notes: vec!["write a number".into()],
        };
        let shown = problem.render(Paint::when(false));
        for part in [
            "error[C-0001]: the price is no number",
            "rates.toml:2:9",
            "price = \"x\"",
            "this one",
            "write a number",
            "umbral explain C-0001",
        ] {
            assert!(shown.contains(part), "{part:?} is missing in\n{shown}");
        }
        let json = serde_json::to_value(problem.to_json()).unwrap_or_default();
        assert_eq!(
            (json["line"].as_u64(), json["column"].as_u64()),
            (Some(2), Some(9))
        );
    }

    #[test]
    fn the_end_of_a_line_has_a_mark_and_its_words() {
        for (text, at) in [
            ("[rate.x\nprice = 1\n", 7..7),
            ("[rate.x\nprice = 1\n", 7..8),
            ("[rate.x\r\nprice = 1\n", 7..7),
            ("[rate.x", 7..7),
        ] {
            let problem = Problem {
                code: None,
                is_warning: false,
                title: "the file is not TOML".into(),
                place: Some(Place::new("r.toml", text, at, "unclosed table")),
                notes: Vec::new(),
            };
            let shown = problem.render(Paint::when(false));
            assert!(
                shown.contains("r.toml:1:8") && shown.contains("unclosed table"),
                "{shown}"
            );
        }
    }

    fn problem(text: &str, found: &str) -> Problem {
        let start = text.find(found).unwrap();
        Problem {
            code: None,
            is_warning: false,
            title: "wrong".into(),
            place: Some(Place::new(
                "x.toml",
                text,
                start..start + found.len(),
                "this",
            )),
            notes: Vec::new(),
        }
    }

    #[test]
    fn line_ends_of_any_kind_show_the_same_excerpt() {
        let lines = ["a = 1", "b = 2", "c = wrong", "d = 4", ""];
        let shown = problem(&lines.join("\n"), "wrong").render(Paint::when(false));
        assert!(
            shown.contains("x.toml:3:5") && shown.contains("3 │ c = wrong"),
            "{shown}"
        );
        for end in ["\r\n", "\r"] {
            let other = problem(&lines.join(end), "wrong").render(Paint::when(false));
            assert_eq!(other, shown, "{end:?}");
        }
        let over = Place::new("x", "a\r\nb", 0..2, "");
        assert_eq!((over.span.offset(), over.span.len()), (0, 1));
        let lone = Place::new("x", "a\rb", 2..3, "");
        assert_eq!(lone.line_and_column(), (2, 1));
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let mut problem = problem("a = \u{1b}[2J\0wrong\u{9b}\n", "wrong");
        problem.title = "no \u{1b}[31m".into();
        problem.notes = vec!["not \u{7}".into()];
        let shown = problem.render(Paint::when(false));
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{shown:?}"
        );
        assert!(
            shown.contains("␛[2J␀wrong") && shown.contains("x.toml:1:10"),
            "{shown}"
        );
    }

    #[test]
    fn a_place_beyond_the_text_is_its_end() {
        assert_eq!(
            Place::new("x", "ab\n", 90..95, "").line_and_column(),
            (2, 1)
        );
    }
}
