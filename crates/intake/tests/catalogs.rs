//! The example catalogs are without problems, and sell what the example mappings send.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use smol_str::SmolStr;
use std::path::{Path, PathBuf};
use umbral_catalog::{Compiled, load};
use umbral_intake::mapping::Mapping;
use umbral_intake::zones::Iana;

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn files(folder: &Path, prefix: &str, found: &mut Vec<(SmolStr, SmolStr)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            found.push((name.into(), text.into()));
        }
    }
}

fn compiled(name: &str) -> Compiled {
    let mut found = Vec::new();
    files(&examples().join("catalogs").join(name), "", &mut found);
    let compiled = load(&found, &Iana).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
    assert_eq!(compiled.warnings, [], "{name}");
    compiled
}

#[test]
fn the_catalogs_have_what_the_mappings_name() {
    for (name, cases) in [("phone", 15), ("cdnow", 0)] {
        let compiled = compiled(name);
        assert_eq!(compiled.cases.len(), cases, "{name}");
        let mut points = compiled.points.iter();
        assert!(points.all(|case| case.judge(&compiled.catalog).is_none()));
        let file = examples().join(format!("mappings/{name}.toml"));
        let mapping = Mapping::load(&file).unwrap();
        let added = mapping.new_accounts().unwrap();
        let catalog = &compiled.catalog;
        let classes = catalog.classes.iter().map(|class| class.name.as_str());
        assert!(
            classes
                .into_iter()
                .any(|class| class == added.class.as_str()),
            "{name}"
        );
        if let Some(plan) = &added.plan {
            let plans = catalog.plans.iter().map(|known| known.name.as_str());
            assert!(
                plans.into_iter().any(|known| known == plan.as_str()),
                "{name}"
            );
        }
    }
}
