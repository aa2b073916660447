//! The catalog of the demo operator: its cases hold, and between them they meet every rule, allowance, tier
//! and discount that it has.

#![allow(clippy::unwrap_used)]

mod common;

use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use umbral_catalog::version::CatalogSet;
use umbral_catalog::{Compiled, ZoneSource};
use umbral_model::time::ZoneRules;
use umbral_rating::cases;

struct Zones;

impl ZoneSource for Zones {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        name.parse().ok().map(common::zone_rules)
    }
}

fn folder(path: &Path, prefix: &str, found: &mut Vec<(SmolStr, SmolStr)>) {
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            folder(&entry.path(), &format!("{name}/"), found);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            found.push((name.into(), text.into()));
        }
    }
}

fn demo() -> Compiled {
    let mut found = Vec::new();
    folder(Path::new("../../examples/catalogs/demo"), "", &mut found);
    umbral_catalog::load(&found, &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn every_case_holds() {
    let compiled = demo();
    let mut catalogs = CatalogSet::new();
    let from = compiled.catalog.valid_from;
    catalogs.activate(compiled.catalog, from);
    let failed: Vec<String> = cases::run(&catalogs, &compiled.cases)
        .into_iter()
        .map(|problem| format!("{}: {}", problem.title, problem.label))
        .collect();
    assert_eq!(failed, Vec::<String>::new());
}

#[test]
fn the_cases_meet_everything_in_it() {
    let compiled = demo();
    let mut catalogs = CatalogSet::new();
    let from = compiled.catalog.valid_from;
    let number = catalogs.activate(compiled.catalog, from);
    let catalog = &catalogs.get(number).unwrap().catalog;

    let mut rules: BTreeSet<usize> = (0..catalog.rules.len()).collect();
    let mut allowances: BTreeSet<usize> = (0..catalog.allowances.len()).collect();
    let mut discounts: BTreeSet<usize> = (0..catalog.discounts.len()).collect();
    let mut tiers = BTreeSet::new();
    for (number, rate) in catalog.rates.iter().enumerate() {
        let count = rate.tiers.as_ref().map_or(0, |tiers| tiers.tiers.len());
        tiers.extend((0..count).map(|tier| (number, tier as u8)));
    }
    for case in &compiled.cases {
        let Ok(charge) = cases::charge(&catalogs, case) else {
            continue;
        };
        rules.remove(&charge.rule.index());
        for segment in &charge.segments {
            rules.remove(&segment.rule.index());
            if let Some(tier) = segment.tier {
                tiers.remove(&(segment.rate.index(), tier));
            }
        }
        for covered in &charge.covered {
            allowances.remove(&covered.allowance.index());
        }
        for (discount, _) in &charge.discounts {
            discounts.remove(&discount.index());
        }
    }
    let unmet: Vec<&SmolStr> = rules
        .iter()
        .map(|rule| &catalog.rules[*rule].label)
        .collect();
    assert_eq!(unmet, Vec::<&SmolStr>::new());
    let unmet: Vec<&SmolStr> = allowances
        .iter()
        .map(|allowance| &catalog.allowances[*allowance].name)
        .collect();
    assert_eq!(unmet, Vec::<&SmolStr>::new());
    assert_eq!(discounts, BTreeSet::new());
    assert_eq!(tiers, BTreeSet::new());
}
