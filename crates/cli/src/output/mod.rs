//! What commands print: data on standard output, everything else on standard error.

pub(crate) mod paint;
pub(crate) mod problem;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod tree;

use crate::failure::{Failure, Told};
use crate::text::{for_terminal, tame};
use paint::Paint;
use serde::Serialize;
use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs: one document, or one object a line where the result is a stream.
    Json,
    /// For spreadsheets, where the result is a list
    Csv,
}

/// The two ends of a command's output.
pub(crate) struct Out {
    /// How results are written.
    pub(crate) format: Format,
    quiet: bool,
    stdout: RefCell<BufWriter<io::Stdout>>,
    paint: Paint,
    paint_err: Paint,
}

impl Out {
    /// Looks at terminal and environment once.
    pub(crate) fn new(format: Format, quiet: bool) -> Out {
        Out {
            format,
            quiet,
            stdout: RefCell::new(BufWriter::with_capacity(1 << 16, io::stdout())),
            paint: Paint::when(io::stdout().is_terminal()),
            paint_err: Paint::when(io::stderr().is_terminal()),
        }
    }

    /// Whether results are for programs.
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Colours of standard output.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Colours of standard error.
    pub(crate) fn paint_err(&self) -> Paint {
        self.paint_err
    }

    /// Whether notes and progress are shown.
    pub(crate) fn is_chatty(&self) -> bool {
        !self.quiet
    }

    /// Writes one line of data for people: names from catalogs and records cannot control the terminal.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Result<(), Failure> {
        self.bytes(for_terminal(text.as_ref()).as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes data as it is.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stdout
            .get_mut()
            .write_all(bytes)
            .map_err(|error| Failure::from_stdout(&error))
    }

    /// Writes one JSON document.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(self.stdout.get_mut(), value)
            .map_err(|error| Failure::from_stdout(&io::Error::from(error)))?;
        self.bytes(b"\n")
    }

    /// Writes one JSON object on a line.
    pub(crate) fn json_line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(self.stdout.get_mut(), value)
            .map_err(|error| Failure::from_stdout(&io::Error::from(error)))?;
        self.bytes(b"\n")
    }

    /// Writes rows of CSV, the first one with the names of the columns.
    pub(crate) fn csv<const N: usize>(&mut self, rows: &[[String; N]]) -> Result<(), Failure> {
        for row in rows {
            let cells: Vec<Cow<'_, str>> = row.iter().map(|cell| csv_cell(cell)).collect();
            self.bytes(cells.join(",").as_bytes())?;
            self.bytes(b"\r\n")?;
        }
        Ok(())
    }

    /// Hands everything written so far to the reader.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.stdout
            .get_mut()
            .flush()
            .map_err(|error| Failure::from_stdout(&error))
    }

    /// Says something beside the data, unless `--quiet`.
    pub(crate) fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            // What was said before on the other end stands before it, where both are one terminal.
            self.stdout.borrow_mut().flush().ok();
            complain(text.as_ref());
        }
    }

    /// Shows a failure; not even `--quiet` hides it.
    pub(crate) fn show_failure(&self, told: &Told) {
        let paint = self.paint_err;
        complain(&format!(
            "{} {}",
            paint.error("error:"),
            paint.strong(&tame(&told.message))
        ));
        for note in &told.notes {
            complain(&format!("  {} {}", paint.faint("="), tame(note)));
        }
    }
}

/// A cell of CSV, in quotes where it needs them.
fn csv_cell(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => Cow::Owned(format!("\"{}\"", text.replace('"', "\"\""))),
        false => Cow::Borrowed(text),
    }
}

/// A line on standard error. That nobody reads it is no reason to fail.
pub(crate) fn complain(text: &str) {
    writeln!(io::stderr(), "{}", for_terminal(text)).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        for (text, cell) in [
            ("A1/1", "A1/1"),
            ("bar all, then call", "\"bar all, then call\""),
            ("said \"later\"", "\"said \"\"later\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
