//! The shared table of worked cases: each tariff goes through the importer, the loader and `rate --batch`,
//! and every row must give its exact cost. Skipped where the folder is absent.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use umbral_catalog::ZoneSource;
use umbral_catalog::import_cgrates::{Options, import};
use umbral_catalog::version::CatalogSet;
use umbral_model::time::ZoneRules;
use umbral_model::units::{Measurement, Quantity};
use umbral_rating::batch::{Detail, rate_line};

const ROWS: usize = 73;

struct Utc;

impl ZoneSource for Utc {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        (name == "UTC").then(ZoneRules::utc)
    }
}

/// `shared/vectors` beside the repository or above it.
fn vectors() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = here.ancestors().map(|folder| folder.join("shared/vectors"));
    folders.find(|folder| folder.is_dir())
}

fn table(tariff: &Value, name: &str) -> SmolStr {
    let rows = tariff[name].as_array().unwrap().iter().map(|row| {
        let cells: Vec<&str> = row
            .as_array()
            .unwrap()
            .iter()
            .map(|cell| cell.as_str().unwrap())
            .collect();
        cells.join(",")
    });
    let mut text = "#a comment line\n".to_owned();
    rows.for_each(|row| text += &format!("{row}\n"));
    text.into()
}

fn catalogs(name: &str, tariff: &Value) -> CatalogSet {
    let files: Vec<(SmolStr, SmolStr)> = [
        ("Destinations.csv", "destinations"),
        ("Timings.csv", "timings"),
        ("Rates.csv", "rates"),
        ("DestinationRates.csv", "destination_rates"),
        ("RatingPlans.csv", "rating_plans"),
        ("RatingProfiles.csv", "rating_profiles"),
    ]
    .map(|(file, key)| (file.into(), table(tariff, key)))
    .to_vec();
    let imported = import(&files, &Options::default())
        .unwrap_or_else(|problems| panic!("{name} is not imported: {problems:#?}"));
    let compiled = umbral_catalog::load(&imported.files, &Utc)
        .unwrap_or_else(|problems| panic!("{name}: {problems:#?}\n{:#?}", imported.files));
    let from = compiled.catalog.valid_from;
    let mut set = CatalogSet::new();
    set.activate(compiled.catalog, from);
    set
}

/// A row's call as a line of `rate --batch`.
fn line(row: &Value) -> String {
    let call = &row["call"];
    let field = |name: &str| call[name].as_str().unwrap();
    let service = match (field("category"), field("tor")) {
        ("data", _) => "data",
        ("sms", _) => "sms",
        (_, tor) => tor.trim_start_matches('*'),
    };
    // A time of data is that many plain units: 1 s is 10^9.
    let usage = match Quantity::parse(field("usage"), Measurement::Time) {
        Ok(nanos) if service != "voice" && field("usage").ends_with('s') => nanos.0.to_string(),
        _ => field("usage").to_owned(),
    };
    let profile = format!(
        "{}/{}/{}",
        field("tenant"),
        field("category"),
        field("subject")
    );
    serde_json::json!({
        "id": row["id"],
        "profile": profile,
        "service": service,
        "to": field("destination"),
        "start": field("time_start"),
        "usage": usage,
        "continued": call["loop_index"].as_u64().is_some_and(|index| index > 0),
    })
    .to_string()
}

#[test]
fn every_row_of_the_shared_table_gives_its_exact_cost() {
    let Some(folder) = vectors() else {
        println!("skipped: there is no folder shared/vectors above this crate");
        return;
    };
    let text = std::fs::read_to_string(folder.join("rating_cases.json")).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let tariffs: BTreeMap<&String, CatalogSet> = cases["tariffs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, tariff)| (name, catalogs(name, tariff)))
        .collect();
    let rows = cases["rating"].as_array().unwrap();
    assert_eq!(rows.len(), ROWS);
    let mut wrong = Vec::new();
    for row in rows {
        let catalogs = &tariffs[&row["tariff"].as_str().unwrap().to_owned()];
        for detail in [Detail::Full, Detail::Brief] {
            let mut out = Vec::new();
            rate_line(catalogs, line(row).as_bytes(), detail, &mut out);
            let answer: Value = serde_json::from_slice(&out).unwrap();
            let cost = answer["amount"].as_str().map(decimal);
            let expected = row["expected"]["cost_exact"].as_str().map(decimal);
            let refused = answer["code"].is_string();
            if cost != expected || refused != row["expected"]["error"].is_string() {
                wrong.push(format!(
                    "{}: {answer} instead of {:?}",
                    line(row),
                    row["expected"]
                ));
            }
            let spans = row["expected"]["spans"]
                .as_array()
                .filter(|_| detail == Detail::Full);
            let apart = row["span_count_cgrates_merged"].is_null() && row["id"] != "E23";
            if let Some(spans) = spans.filter(|_| apart) {
                assert_eq!(
                    answer["segments"].as_array().unwrap().len(),
                    spans.len(),
                    "{answer}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn decimal(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}
