//! The catalog of the demo operator, and a small one with a bit of everything, compiled.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Zones, files};
use smol_str::SmolStr;
use std::fs;
use std::path::Path;
use umbral_catalog::case::Expected;
use umbral_catalog::load;
use umbral_catalog::loyalty::Programme;
use umbral_catalog::tables::{Holidays, WarningAt};
use umbral_model::input::{Measure, Scope};
use umbral_model::money::{Money, Pico};

fn folder(path: &Path, prefix: &str, found: &mut Vec<(SmolStr, SmolStr)>) {
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            folder(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push((
                name.into(),
                fs::read_to_string(entry.path()).unwrap().into(),
            ));
        }
    }
}

#[test]
fn the_demo_catalog_has_no_problems() {
    let mut found = Vec::new();
    folder(Path::new("../../examples/catalogs/demo"), "", &mut found);
    let compiled = load(&found, &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert_eq!(compiled.warnings, []);
    assert!(compiled.cases.len() >= 500);
    let summary = compiled.summary;
    let plans: Vec<&str> = summary
        .plans
        .iter()
        .map(|plan| plan.name.as_str())
        .collect();
    assert_eq!(
        plans,
        [
            "basico",
            "empresa",
            "empresa_volumen",
            "familia",
            "libre",
            "norte_20"
        ]
    );
    let classes: Vec<&str> = summary
        .classes
        .iter()
        .map(|class| class.name.as_str())
        .collect();
    assert_eq!(
        classes,
        [
            "standard", "premium", "vip", "vvip", "prepaid", "business", "staff"
        ]
    );
    assert!(summary.prefixes > 600);
    let voice = &summary.plans[4].services[0];
    assert_eq!((voice.service.as_str(), voice.per), ("voice", "minute"));
    assert_eq!(voice.highest, Pico::parse("7.50").unwrap());
}

#[test]
fn the_club_of_the_demo_keeps_its_cases_and_they_meet_every_rule() {
    let mut found = Vec::new();
    folder(Path::new("../../examples/catalogs/demo"), "", &mut found);
    let compiled = load(&found, &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let judged = compiled.points.iter();
    let failed: Vec<_> = judged
        .filter_map(|case| case.judge(&compiled.catalog))
        .collect();
    assert_eq!(failed, []);
    // Without a rule or promotion, some case is not kept.
    let [club] = compiled.catalog.programmes.as_slice() else {
        panic!("one programme");
    };
    let keeps = |club: &Programme| {
        let mut catalog = compiled.catalog.clone();
        catalog.programmes = vec![club.clone()];
        compiled
            .points
            .iter()
            .all(|case| case.judge(&catalog).is_none())
    };
    for rule in 0..club.versions[0].rules.len() {
        let mut other = club.clone();
        other.versions[0].rules.remove(rule);
        assert!(!keeps(&other), "no case meets rule {}", rule + 1);
    }
    for promotion in 0..club.promotions.len() {
        let mut other = club.clone();
        other.promotions.remove(promotion);
        assert!(!keeps(&other), "no case meets promotion {}", promotion + 1);
    }
}

#[test]
fn everything_in_its_table() {
    let compiled = load(
        &files(&[
            (
                "catalog.toml",
                r#"
name = "T"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-03-01
version = "v1"
[holidays]
a = [2026-12-25, 2026-01-06]
[service.wifi]
measured_in = "octets"
[zone.landline]
[band.night]
from = "20:00"
to = "08:00"
weekdays = "Mon-Fri"
holidays = "except a"
[rate.r]
setup = "0.15"
price = "0.09 per minute"
increments = "30s, then 1s"
maximum = "1.5"
rounding = "up to 2"
[rate.u]
price = "0.002 per 10 units"
increments = "10 units"
[plan.p]
description.es = "hola"
rules = [
  { service = ["voice"], zone = ["landline", "es"], rate = "r", note = "calls" },
  { service = "voice", zone = "es", band = "night", rate = "r" },
  { service = "voice", zone = "es", direction = "terminating", priority = 1, rate = "r" },
  { service = "*", rate = "u" },
]
[class.c]
limit.exposure = "none"
warn_at = ["10.00"]
dispute_weight = "50%"
[[class.d.measure]]
measure = "cycle_usage"
scope = "voice"
limit = "50"
floor = "-10"
warn = [{ id = "x", bps = 5500 }]
margin = "2"
margin_bps = 100
cooldown_hours = 1
[[case]]
plan = "p"
record = { service = "voice", to = "34600", start = "2026-03-29 01:30", usage = "1m", continued = "10s" }
charge = "0.24"
"#,
            ),
            ("zones.csv", "zone,prefix\nes,34\nes,346\n\"n,l\",31\n"),
        ]),
        &Zones,
    )
    .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let catalog = compiled.catalog;
    assert_eq!(catalog.valid_from.to_string(), "2026-02-28T23:00:00Z");
    assert_eq!(catalog.destinations, ["landline", "es", "n,l"]);
    assert_eq!(catalog.services.len(), 6);

    let windows = &catalog.bands[0].windows;
    assert_eq!((windows[0].from, windows[0].to), (0, 28_800));
    assert_eq!((windows[1].from, windows[1].to), (72_000, 86_400));
    assert_eq!(windows[0].weekdays, 0b11_1110);
    assert!(matches!(&windows[0].holidays, Holidays::Except(dates) if dates.len() == 2));

    let steps = &catalog.rates[0].steps;
    assert_eq!((steps[0].start, steps[0].increment), (0, 30_000_000_000));
    assert_eq!(
        (steps[1].start, steps[1].increment),
        (30_000_000_000, 1_000_000_000)
    );
    assert_eq!(steps[1].unit, 60_000_000_000);
    assert_eq!(catalog.rates[1].steps[0].unit, 10);

    // Best first: the one of higher priority, then the banded one, then the plain one.
    let voice = &catalog.plans[0].by_service[0];
    let spain = catalog
        .deck
        .entry(catalog.deck.longest("34911").unwrap())
        .unwrap()
        .zone_set;
    let rules: Vec<u32> = voice
        .by_zone_set
        .get(spain as usize)
        .iter()
        .map(|rule| rule.0)
        .collect();
    assert_eq!(rules, [3, 2, 1]);
    assert_eq!(voice.anywhere.len(), 1);
    assert_eq!(voice.by_zone.get(0).len(), 1);
    assert_eq!(catalog.rules[0].label, "catalog.toml:29 calls");

    assert_eq!(catalog.classes[0].dispute_weight_bps, 5_000);
    let open = &catalog.classes[0].measures[0];
    assert_eq!((open.limit, open.margin_bps), (None, 500));
    assert_eq!(
        open.warnings[0].at,
        WarningAt::Amount(Money::from_micros(10_000_000))
    );
    let full = &catalog.classes[1].measures[0];
    assert_eq!(
        (full.measure, full.scope),
        (Measure::CycleUsage, Scope::Voice)
    );
    assert_eq!(full.warnings[0].at, WarningAt::Bps(5_500));
    assert_eq!((full.margin_bps, full.cooldown), (100, 3_600_000_000_000));
    assert_eq!(full.floor, Money::from_micros(-10_000_000));

    let case = &compiled.cases[0];
    assert_eq!(case.record.start.to_string(), "2026-03-29T00:30:00Z");
    assert_eq!(case.record.continued, Some(10_000_000_000));
    assert!(case.judge(Ok(Money::from_micros(240_000))).is_none());
    let problem = case.judge(Ok(Money::ZERO)).unwrap();
    assert_eq!(problem.code, "C-0164");
    assert_eq!(case.expected, Expected::Charge(Money::from_micros(240_000)));
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let mut found = Vec::new();
    folder(Path::new("../../examples/catalogs/demo"), "", &mut found);
    let first = format!("{:?}", load(&found, &Zones).unwrap().catalog.plans);
    found.reverse();
    assert_eq!(
        first,
        format!("{:?}", load(&found, &Zones).unwrap().catalog.plans)
    );
}

#[test]
fn a_large_deck_loads() {
    let mut deck = String::from("prefix,zone\n");
    for number in 0..100_000 {
        deck += &format!("{},z{}\n", 100_000 + number, number % 200);
    }
    let started = std::time::Instant::now();
    let compiled = load(
        &files(&[
            (
                "catalog.toml",
                "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"UTC\"\nvalid_from = 2026-01-01\n\
                 [rate.r]\nprice = \"1 per minute\"\n\
                 [plan.p]\nrules = [ { service = \"voice\", zone = \"z7\", rate = \"r\" }, { service = \"voice\", rate = \"r\" } ]\n",
            ),
            ("zones.csv", &deck),
        ]),
        &Zones,
    )
    .unwrap_or_else(|problems| panic!("{:#?}", &problems[..3]));
    println!("100,000 prefixes in {:?}", started.elapsed());
    assert_eq!(compiled.summary.prefixes, 100_000);
    assert_eq!(compiled.catalog.deck.prefixes.len(), 100_000);
}
