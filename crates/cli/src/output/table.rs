//! Calm tables: a header, a thin line, columns apart by space; numbers to the right.

use super::Out;
use crate::failure::Failure;
use crate::text::in_line;
use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, TableComponent};

/// Where a column's text stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Longest rule below a header, in columns, where the width of the terminal is not known.
const RULE_MOST: usize = 140;

/// A table in the making.
pub(crate) struct Table {
    inner: comfy_table::Table,
    align: Vec<Align>,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Table {
        let mut inner = comfy_table::Table::new();
        inner.load_preset(comfy_table::presets::NOTHING);
        inner.set_style(TableComponent::HeaderLines, '─');
        inner.set_style(TableComponent::MiddleHeaderIntersections, '─');
        inner.set_header(
            columns
                .iter()
                .map(|(title, align)| cell(title, *align).add_attribute(Attribute::Bold)),
        );
        Table {
            inner,
            align: columns.iter().map(|(_, align)| *align).collect(),
        }
    }

    /// Adds a row; as many cells as there are columns.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        debug_assert_eq!(cells.len(), self.align.len(), "a cell for every column");
        self.inner.add_row(
            cells
                .iter()
                .zip(&self.align)
                .map(|(text, align)| cell(text.as_ref(), *align)),
        );
    }

    /// Adds a last row that adds up the others.
    pub(crate) fn total<T: AsRef<str>>(&mut self, cells: &[T]) {
        self.inner.add_row(
            cells
                .iter()
                .zip(&self.align)
                .map(|(text, align)| cell(text.as_ref(), *align).add_attribute(Attribute::Bold)),
        );
    }

    /// Whether it has rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.inner.row_count() == 0
    }

    /// Writes the table to standard output.
    pub(crate) fn write(mut self, out: &mut Out) -> Result<(), Failure> {
        if out.paint().is_on() {
            self.inner.enforce_styling();
            // Narrower than this, broken lines are easier to read than broken cells.
            if self.inner.width().is_some_and(|columns| columns >= 60) {
                self.inner
                    .set_content_arrangement(ContentArrangement::Dynamic);
            }
        } else {
            self.inner.force_no_tty();
        }
        if let Some(first) = self.inner.column_mut(0) {
            first.set_padding((0, 1));
        }
        let width = self.inner.width().map_or(RULE_MOST, usize::from);
        for line in self.inner.lines() {
            out.line(cut_rule(line.trim_end(), width))?;
        }
        Ok(())
    }
}

/// The line, if it is a rule no longer than this: rows of long texts may go over the edge of a terminal, but a
/// rule that does would look like several.
fn cut_rule(line: &str, width: usize) -> &str {
    let is_rule = line.chars().all(|letter| letter == '─');
    match line.char_indices().nth(width) {
        Some((end, _)) if is_rule => &line[..end],
        _ => line,
    }
}

fn cell(text: &str, align: Align) -> Cell {
    Cell::new(in_line(text)).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_cut_and_rows_are_not() {
        assert_eq!(cut_rule(&"─".repeat(300), 120), "─".repeat(120));
        assert_eq!(cut_rule("───", 120), "───");
        let row = format!("─ {}", "x".repeat(300));
        assert_eq!(cut_rule(&row, 120), row);
    }
}
