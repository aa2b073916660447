//! Every story must come out as it is written: the repo's own, those of the shared folders where they are
//! present, and those of the folder in `UMBRAL_STORIES`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use umbral_tests::{loyalty_stories, stories};

fn run_all(folder: &Path) {
    let (count, failures) = match loyalty_stories::are_in(folder) {
        true => loyalty_stories::run_folder(folder).unwrap(),
        false => stories::run_folder(folder).unwrap(),
    };
    assert!(count > 0, "{folder:?} holds no story");
    assert!(
        failures.is_empty(),
        "{} of {count} stories of {folder:?} differ:\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn own_stories() {
    run_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stories"));
}

#[test]
fn tariff_stories() {
    run_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/tariffs"));
}

#[test]
fn shared_stories() {
    for inside in ["vectors/credit_stories", "shared/vectors/credit_stories"] {
        if let Some(folder) = stories::find_upwards(inside) {
            run_all(&folder);
        }
    }
}

#[test]
fn loyalty_stories_of_our_own() {
    run_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/loyalty"));
}

#[test]
fn shared_loyalty_stories() {
    for inside in ["vectors/loyalty_stories", "shared/vectors/loyalty_stories"] {
        if let Some(folder) = stories::find_upwards(inside) {
            run_all(&folder);
        }
    }
}

#[test]
fn named_stories() {
    if let Some(folder) = std::env::var_os("UMBRAL_STORIES") {
        run_all(&PathBuf::from(folder));
    }
}
