//! The layers of the crates: who may depend on whom, and what the core may never see.

use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Each crate of the workspace with the crates of the workspace that it may use.
const LAYERS: [(&str, &[&str]); 16] = [
    ("umbral-model", &[]),
    ("umbral-catalog", &["umbral-model"]),
    ("umbral-rating", &["umbral-model", "umbral-catalog"]),
    (
        "umbral-engine",
        &["umbral-model", "umbral-catalog", "umbral-rating"],
    ),
    ("umbral-wire", &["umbral-model"]),
    ("umbral-store", &[]),
    ("umbral-journal", &["umbral-store"]),
    (
        "umbral-intake",
        &["umbral-model", "umbral-catalog", "umbral-wire"],
    ),
    ("umbral-workload", &["umbral-model", "umbral-wire"]),
    (
        "umbral-runtime",
        &[
            "umbral-model",
            "umbral-catalog",
            "umbral-rating",
            "umbral-engine",
            "umbral-wire",
            "umbral-journal",
            "umbral-intake",
        ],
    ),
    (
        "umbral-history",
        &[
            "umbral-model",
            "umbral-catalog",
            "umbral-rating",
            "umbral-engine",
            "umbral-wire",
            "umbral-journal",
            "umbral-intake",
            "umbral-runtime",
        ],
    ),
    (
        "umbral-kafka",
        &[
            "umbral-model",
            "umbral-engine",
            "umbral-wire",
            "umbral-store",
            "umbral-intake",
            "umbral-runtime",
            "umbral-history",
        ],
    ),
    ("umbral-broker", &[]),
    ("xtask", &["umbral-broker"]),
    ("umbral-benches", &["*"]),
    ("umbral-tests", &["*"]),
];

/// Crates whose decisions must be the same on any machine.
const CORE: [&str; 4] = [
    "umbral-model",
    "umbral-catalog",
    "umbral-rating",
    "umbral-engine",
];

/// What the core must not reach, by any path.
const FORBIDDEN_IN_CORE: [&str; 10] = [
    "tokio",
    "rdkafka",
    "axum",
    "hyper",
    "chrono",
    "chrono-tz",
    "rand",
    "getrandom",
    "time",
    "dashmap",
];

/// Packages that only one crate may use.
const ONE_HOME: [(&str, &str); 4] = [
    ("rdkafka", "umbral-kafka, umbral-benches"),
    ("axum", "umbral-http"),
    ("object_store", "umbral-store"),
    ("csv", "umbral-intake, umbral-catalog, umbral-benches"),
];

/// Packages and what each depends on directly (builds and tests left out).
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Reads the graph from cargo.
pub(crate) fn read(root: &Path) -> Result<Graph> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("run cargo metadata")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).context("read cargo metadata")?;
    Ok(graph(&metadata))
}

fn graph(metadata: &Value) -> Graph {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, String> = list(&metadata["packages"])
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])))
        .collect();
    let name = |id: &Value| names.get(&text(id)).cloned().unwrap_or_default();
    let normal = |dependency: &Value| {
        list(&dependency["dep_kinds"])
            .iter()
            .any(|kind| kind["kind"].is_null())
    };
    let mut graph = Graph::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let used = list(&node["deps"])
            .iter()
            .filter(|d| normal(d))
            .map(|d| name(&d["pkg"]))
            .collect::<Vec<_>>();
        graph.entry(name(&node["id"])).or_default().extend(used);
    }
    graph
}

/// Every broken rule, in words.
pub(crate) fn check(graph: &Graph) -> Vec<String> {
    let mut problems = Vec::new();
    for (package, dependencies) in graph.iter().filter(|(name, _)| is_ours(name)) {
        problems.extend(wrong_ways(package, dependencies));
        for (outside, home) in ONE_HOME {
            if dependencies.contains(outside) && !home.split(", ").any(|name| name == package) {
                problems.push(format!("{package} uses {outside}; only {home} may"));
            }
        }
    }
    for package in CORE {
        for forbidden in FORBIDDEN_IN_CORE {
            if let Some(path) = path_to(graph, package, forbidden) {
                problems.push(format!(
                    "the core must not reach {forbidden}: {}",
                    path.join(" -> ")
                ));
            }
        }
    }
    problems
}

fn is_ours(name: &str) -> bool {
    name == "umbral" || name == "xtask" || name.starts_with("umbral-")
}

fn wrong_ways(package: &str, dependencies: &BTreeSet<String>) -> Vec<String> {
    if package == "umbral" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package) else {
        return vec![format!(
            "{package} has no place in the layers (crates/xtask/src/layers.rs)"
        )];
    };
    dependencies
        .iter()
        .filter(|used| {
            is_ours(used) && !allowed.contains(&"*") && !allowed.contains(&used.as_str())
        })
        .map(|used| format!("{package} must not import {used}"))
        .collect()
}

fn path_to(graph: &Graph, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut paths = vec![vec![from.to_owned()]];
    while let Some(path) = paths.pop() {
        let last = path.last()?;
        if last == to {
            return Some(path);
        }
        for next in graph.get(last).into_iter().flatten() {
            if seen.insert(next.clone()) {
                let mut longer = path.clone();
                longer.push(next.clone());
                paths.push(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph_of(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    }

    #[test]
    fn broken_layers_are_named() {
        let cases: [(&[(&str, &str)], &str); 5] = [
            (
                &[("umbral-engine", "tokio")],
                "must not reach tokio: umbral-engine -> tokio",
            ),
            (
                &[("umbral-engine", "smallvec"), ("smallvec", "rdkafka")],
                "must not reach rdkafka: umbral-engine -> smallvec -> rdkafka",
            ),
            (
                &[("umbral-model", "umbral-engine")],
                "umbral-model must not import umbral-engine",
            ),
            (
                &[("umbral-journal", "umbral-model")],
                "umbral-journal must not import umbral-model",
            ),
            (&[("umbral-runtime", "axum")], "umbral-runtime uses axum"),
        ];
        for (edges, expected) in cases {
            let problems = check(&graph_of(edges));
            assert!(
                problems.iter().any(|p| p.contains(expected)),
                "{expected}: {problems:?}"
            );
        }
    }

    #[test]
    fn the_workspace_keeps_its_layers() {
        let root = crate::workspace_root().expect("workspace root");
        let problems = check(&read(&root).expect("cargo metadata"));
        assert_eq!(problems, Vec::<String>::new());
    }
}
