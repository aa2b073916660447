//! What the reference shows is what the grammar takes.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use umbral_catalog::load;

const REFERENCE: &str = include_str!("../../../docs/catalog.md");

/// Blocks of a language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    REFERENCE
        .split(begin.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

#[test]
fn every_example_of_the_reference_can_be_read() {
    let toml = blocks("toml");
    assert!(toml.len() > 10);
    let head = toml[0];
    assert!(head.contains("valid_from"));
    for block in &toml[1..] {
        let problems = match load(&files(&[("catalog.toml", head), ("z.toml", block)]), &Zones) {
            Ok(compiled) => compiled.warnings,
            Err(problems) => problems,
        };
        // Names that other blocks define, and what is missing around a piece, are no fault of the example.
        let about_names = |code: &str| ("C-0030"..="C-0041").contains(&code);
        for problem in problems.iter().filter(|problem| !about_names(problem.code)) {
            let around = ["C-0055", "C-0079", "C-0094"];
            let nobody_sells = problem.code == "C-0110" && !block.contains("[plan.");
            assert!(
                around.contains(&problem.code) || nobody_sells,
                "{block}\n{problem:#?}"
            );
        }
    }
    for block in blocks("csv") {
        let path = match block.split(',').next().unwrap() {
            "prefix" => "zones.csv",
            "network" => "networks.csv",
            _ => "profiles.csv",
        };
        let problems = load(&files(&[("catalog.toml", head), (path, block)]), &Zones);
        let codes: Vec<&str> = problems
            .err()
            .into_iter()
            .flatten()
            .map(|p| p.code)
            .collect();
        assert!(
            codes
                .iter()
                .all(|code| *code == "C-0034" || *code == "C-0039"),
            "{block}{codes:?}"
        );
    }
}
