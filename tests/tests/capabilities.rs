//! `docs/capabilities.md` names commands, stories and tests that are there, and leaves none of its rows empty.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// A row of a table: id, what, place, what shows it.
struct Row {
    id: String,
    place: String,
    shown_by: String,
}

fn rows() -> Vec<Row> {
    let page = read("docs/capabilities.md").unwrap();
    let cells = page.lines().filter_map(|line| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        (cells.len() == 4 && cells[0] != "id").then_some(cells)
    });
    cells
        .map(|cells| Row {
            id: cells[0].to_owned(),
            place: cells[2].to_owned(),
            shown_by: cells[3].to_owned(),
        })
        .collect()
}

/// Why what is named cannot be found; none if it is there.
fn missing(named: &str) -> Option<String> {
    let Some((kind, name)) = named.split_once(' ') else {
        return Some(format!("{named} names nothing"));
    };
    let name = name.trim_matches('`');
    let found = match kind {
        "story" => ["", "tariffs/", "loyalty/"]
            .iter()
            .any(|folder| read(&format!("tests/stories/{folder}{name}.txt")).is_some()),
        "command" => read("docs/cli.md").unwrap().contains(&format!("`{name} ")),
        "test" => name.split_once("::").is_some_and(|(file, function)| {
            let text = read(file).unwrap_or_default();
            text.contains(&format!("fn {function}("))
        }),
        _ => false,
    };
    (!found).then(|| format!("there is no {kind} {name}"))
}

#[test]
fn what_shows_a_capability_is_there() {
    let mut wrong = Vec::new();
    for row in rows() {
        let named: Vec<&str> = row.shown_by.split(" · ").collect();
        wrong.extend(
            named
                .iter()
                .filter_map(|named| missing(named))
                .map(|why| format!("{}: {why}", row.id)),
        );
        if !["core", "query", "outside"].contains(&row.place.as_str()) {
            wrong.push(format!("{}: no such place as {}", row.id, row.place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_capability_is_left_out() {
    let ids: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    let credit = (1..=13).map(|number| format!("C{number}"));
    // There is no P16 and no R6.
    let points = (1..=19).filter(|number| *number != 16);
    let points = points.map(|number| format!("P{number}"));
    let cards = (1..=16).map(|number| format!("K{number}"));
    let tiers = (1..=9).map(|number| format!("T{number}"));
    let reports = (1..=12).filter(|number| *number != 6);
    let reports = reports.map(|number| format!("R{number}"));
    let left_out: Vec<String> = credit
        .chain(points)
        .chain(cards)
        .chain(tiers)
        .chain(reports)
        .filter(|id| !ids.contains(id))
        .collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len(), "each once: {ids:?}");
}
