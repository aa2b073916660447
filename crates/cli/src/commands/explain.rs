//! `umbral explain`: what an error code means and what to do.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::pages;
use serde_json::json;

/// Explain an error code.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral explain U-0021      what it means, the likely cause, what to do
  umbral explain             all codes")]
pub(crate) struct Args {
    /// The code, such as U-0021 or C-0107; all codes when absent
    code: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    match &args.code {
        Some(code) => explain(code, out),
        None => list(out),
    }
}

fn explain(code: &str, out: &mut Out) -> Result<Exit, Failure> {
    let Some(page) = pages::page(code) else {
        return Err(Failure::usage(format!("there is no code {code}"))
            .note(format!(
                "codes that look like it: {}",
                pages::nearest(code).join(", ")
            ))
            .note("umbral explain lists all codes"));
    };
    if out.is_json() {
        out.json(&json!({ "code": code.to_ascii_uppercase(), "page": page }))?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            out.line(paint.strong(title))?;
        } else if let Some(heading) = line.strip_prefix("## ") {
            out.line(paint.name(heading))?;
        } else {
            for row in wrapped(line, 96) {
                out.line(if row.is_empty() {
                    row
                } else {
                    format!("  {row}")
                })?;
            }
        }
    }
    Ok(Exit::Done)
}

fn list(out: &mut Out) -> Result<Exit, Failure> {
    if out.is_json() {
        let codes: Vec<_> = pages::all()
            .map(|(code, title)| json!({ "code": code, "title": title }))
            .collect();
        out.json(&codes)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&[("code", Align::Left), ("what it says", Align::Left)]);
    for (code, title) in pages::all() {
        table.row(&[code, title]);
    }
    table.write(out)?;
    Ok(Exit::Done)
}

/// Breaks a paragraph into rows; code blocks keep their line breaks because each is its own line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if text.starts_with("    ") || text.starts_with('|') {
        return vec![text.to_owned()];
    }
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let last = rows.len() - 1;
        if !rows[last].is_empty() && rows[last].chars().count() + 1 + word.chars().count() > width {
            rows.push(word.to_owned());
        } else {
            if !rows[last].is_empty() {
                rows[last].push(' ');
            }
            rows[last].push_str(word);
        }
    }
    rows
}
