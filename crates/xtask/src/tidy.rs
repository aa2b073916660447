//! Habits of the code that the compiler does not check: documentation of every file, short functions and
//! files, and a core without clocks, floats or random iteration order.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const MAX_FUNCTION_LINES: usize = 70;
const MAX_FILE_LINES: usize = 1000;

/// Folders whose code decides about money.
const PURE: [&str; 4] = [
    "crates/model/src",
    "crates/catalog/src",
    "crates/rating/src",
    "crates/engine/src",
];

/// What must not appear there, with the reason.
const BANNED_IN_PURE: [(&str, &str); 9] = [
    ("f32", "floats are not exact"),
    ("f64", "floats are not exact"),
    ("std::time::", "the core has no clock"),
    ("SystemTime", "the core has no clock"),
    ("std::env", "the core does not read the environment"),
    ("std::fs", "the core does no I/O"),
    ("std::net", "the core does no I/O"),
    (
        "std::collections::HashMap",
        "its order differs from run to run",
    ),
    (
        "std::collections::HashSet",
        "its order differs from run to run",
    ),
];

/// Every broken habit, with file and line.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for folder in ["crates", "benches", "tests"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    files.sort();
    for file in files {
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .display()
            .to_string();
        problems.extend(check_file(&name, &text));
    }
    Ok(problems)
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push(format!(
            "{name}:1: begins without a `//!` line that says what it is for"
        ));
    }
    if lines.len() > MAX_FILE_LINES {
        problems.push(format!(
            "{name}: {} lines; split it below {MAX_FILE_LINES}",
            lines.len()
        ));
    }
    // A table of cases is one long literal, and reads best as one.
    if !name.contains("tests/") {
        problems.extend(long_functions(name, &lines));
    }
    if PURE.iter().any(|folder| name.starts_with(folder)) {
        problems.extend(impurities(name, &lines));
    }
    problems
}

fn impurities(name: &str, lines: &[&str]) -> Vec<String> {
    let end = lines
        .iter()
        .position(|line| line.contains("#[cfg(test)]"))
        .unwrap_or(lines.len());
    let mut problems = Vec::new();
    for (index, line) in lines[..end].iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (word, reason) in BANNED_IN_PURE {
            // A reader of JSON names the type to refuse it.
            if contains_word(code, word) && !code.contains("fn visit_f64") {
                problems.push(format!(
                    "{name}:{}: `{word}` in the core: {reason}",
                    index + 1
                ));
            }
        }
    }
    problems
}

fn contains_word(code: &str, word: &str) -> bool {
    let boundary = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        let after = code[at + word.len()..].chars().next();
        boundary(code[..at].chars().next_back()) && (word.ends_with(':') || boundary(after))
    })
}

fn long_functions(name: &str, lines: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        if is_function(code) {
            open = (!line.trim_end().ends_with(['}', ';'])).then(|| (index, format!("{indent}}}")));
        } else if let Some((start, end)) = &open
            && line.starts_with(end.as_str())
        {
            let length = index - start + 1;
            if length > MAX_FUNCTION_LINES {
                problems.push(format!(
                    "{name}:{}: a function of {length} lines; split it below {MAX_FUNCTION_LINES}",
                    start + 1
                ));
            }
            open = None;
        }
    }
    problems
}

fn is_function(code: &str) -> bool {
    let mut words = code.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || matches!(*word, "const" | "async" | "unsafe" | "extern")
    });
    words.next() == Some("fn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_habits_are_named() {
        let long = format!("//! Doc.\nfn f() {{\n{}}}\n", "    a();\n".repeat(80));
        let cases = [
            ("crates/x/src/a.rs", "fn f() {}\n", "begins without a `//!`"),
            ("crates/x/src/a.rs", long.as_str(), "a function of 82 lines"),
            (
                "crates/engine/src/a.rs",
                "//! Doc.\nfn f(x: f64) {}\n",
                "`f64` in the core",
            ),
            (
                "crates/rating/src/a.rs",
                "//! Doc.\nuse std::time::Instant;\n",
                "`std::time::`",
            ),
        ];
        for (name, text, expected) in cases {
            let problems = check_file(name, text);
            assert!(
                problems.iter().any(|p| p.contains(expected)),
                "{expected}: {problems:?}"
            );
        }
    }

    #[test]
    fn good_code_passes() {
        let text = "//! Doc.\n/// 64 bits: not the type f64.\nfn f() {}\n";
        assert_eq!(
            check_file("crates/engine/src/a.rs", text),
            Vec::<String>::new()
        );
    }
}
