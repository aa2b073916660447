//! How much memory a large compiled catalog holds: 100,000 prefixes in 2,000 zones, 200 plans of 8 rules. All
//! tests of this file are one, so that nobody else allocates meanwhile.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use peak_alloc::PeakAlloc;
use std::time::Instant;
use umbral_catalog::{Compiled, load};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const PREFIXES: usize = 100_000;
const ZONES: usize = 2_000;
const PLANS: usize = 200;
const MOST_BYTES: usize = 64 << 20;

/// Names of every `step`th zone from `first` on, as a list.
fn zones(first: usize, step: usize) -> String {
    let names = (first..ZONES).step_by(step);
    let names: Vec<String> = names.map(|zone| format!("\"z{zone}\"")).collect();
    names.join(", ")
}

/// A catalog whose plans price each zone by so many of their eight rules.
fn catalog(each_zone: usize) -> Vec<(smol_str::SmolStr, smol_str::SmolStr)> {
    let mut deck = String::from("prefix,zone\n");
    for number in 0..PREFIXES {
        deck += &format!("{},z{}\n", 100_000 + number, number % ZONES);
    }
    let mut tables = String::from(
        "[band.peak]\nfrom = \"08:00\"\nto = \"20:00\"\n[band.off_peak]\nfrom = \"20:00\"\nto = \"08:00\"\n\
         [rate.call]\nprice = \"0.10 per minute\"\n[rate.text]\nprice = \"0.10 per event\"\n",
    );
    let slices = 8 / each_zone;
    for plan in 0..PLANS {
        tables += &format!("[plan.plan{plan}]\nmonthly_fee = \"9.90\"\nrules = [\n");
        for slice in 0..slices {
            let zones = zones(slice, slices);
            for rule in 0..each_zone {
                let how = [
                    "service = \"voice\", direction = \"originating\", band = \"peak\", rate = \"call\"",
                    "service = \"voice\", direction = \"originating\", band = \"off_peak\", rate = \"call\"",
                    "service = \"sms\", rate = \"text\"",
                    "service = \"mms\", rate = \"text\"",
                    "service = \"voice\", direction = \"terminating\", band = \"peak\", rate = \"call\"",
                    "service = \"voice\", direction = \"terminating\", band = \"off_peak\", rate = \"call\"",
                    "service = \"content\", direction = \"originating\", rate = \"text\"",
                    "service = \"content\", direction = \"terminating\", rate = \"text\"",
                ][if each_zone == 1 { 2 } else { rule }];
                tables += &format!("  {{ {how}, zone = [{zones}] }},\n");
            }
        }
        tables += "  { service = \"voice\", rate = \"call\" },\n]\nallowances = [ { name = \"5 hours\", service = \"voice\", units = \"5h\", zone = [\"z1\", \"z2\"] } ]\n";
    }
    files(&[
        (
            "catalog.toml",
            "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n",
        ),
        ("plans.toml", &tables),
        ("zones.csv", &deck),
    ])
}

fn compiled(each_zone: usize) -> (Compiled, usize) {
    let all = catalog(each_zone);
    let before = MEMORY.current_usage();
    let started = Instant::now();
    let compiled = load(&all, &Zones).unwrap_or_else(|problems| panic!("{:#?}", &problems[..3]));
    let bytes = MEMORY.current_usage() - before;
    println!(
        "{PREFIXES} prefixes, {PLANS} plans, each zone in {each_zone} rules: {} compiled rules, {:.1} MB, {:?}",
        compiled.catalog.rules.len(),
        bytes as f64 / 1e6,
        started.elapsed()
    );
    (compiled, bytes)
}

#[test]
fn a_large_compiled_catalog_is_small() {
    for each_zone in [1, 4] {
        let (compiled, bytes) = compiled(each_zone);
        assert_eq!(compiled.summary.prefixes, PREFIXES);
        assert_eq!(compiled.catalog.plans.len(), PLANS);
        assert!(
            bytes < MOST_BYTES,
            "{bytes} bytes with each zone in {each_zone} rules"
        );
    }
}
