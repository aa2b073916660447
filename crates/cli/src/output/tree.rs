//! A tree of short lines, as explanations are shown.

use super::paint::Paint;

/// A line with lines below it.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    text: String,
    below: Vec<Tree>,
}

impl Tree {
    /// A line.
    pub(crate) fn new(text: impl Into<String>) -> Tree {
        Tree {
            text: text.into(),
            below: Vec::new(),
        }
    }

    /// Adds a line below.
    pub(crate) fn push(&mut self, branch: Tree) -> &mut Tree {
        self.below.push(branch);
        self
    }

    /// Adds a line without anything below it.
    pub(crate) fn leaf(&mut self, text: impl Into<String>) -> &mut Tree {
        self.push(Tree::new(text))
    }

    /// All lines, with the strokes that join them.
    pub(crate) fn lines(&self, paint: Paint) -> Vec<String> {
        let mut lines = vec![self.text.clone()];
        self.lines_below("", paint, &mut lines);
        lines
    }

    fn lines_below(&self, indent: &str, paint: Paint, lines: &mut Vec<String>) {
        for (index, branch) in self.below.iter().enumerate() {
            let last = index + 1 == self.below.len();
            let (stroke, further) = if last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            lines.push(format!(
                "{}{}",
                paint.faint(&format!("{indent}{stroke}")),
                branch.text.replace('\n', "\\n")
            ));
            branch.lines_below(&format!("{indent}{further}"), paint, lines);
        }
    }
}
