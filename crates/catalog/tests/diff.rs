//! What changes between two catalogs: one change at a time to a small catalog, and what is said of it.

mod common;

use common::{Zones, files};
use umbral_catalog::Compiled;
use umbral_catalog::diff::{Change, compiled};

const BASE: [(&str, &str); 9] = [
    (
        "catalog.toml",
        "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\nhome_networks = [\"21407\"]\nemergency = [\"112\"]\n",
    ),
    (
        "zones.csv",
        "prefix,zone\n34,national\n33,eu\n49,eu\n336,eu_mobile\n1,world\n",
    ),
    (
        "zones.toml",
        "[zone.info]\nnumbers = [\"1004\"]\n[zone.landline]\n",
    ),
    (
        "networks.toml",
        "[network.eu]\nnetworks = [\"208\", \"262\"]\n[network.abroad]\nnetworks = [\"310\", \"724\"]\n",
    ),
    (
        "bands.toml",
        "[band.peak]\nweekdays = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"20:00\"\n\
         [band.off_peak]\nwindows = [ { weekdays = \"Mon-Fri\", from = \"20:00\", to = \"08:00\" }, { weekdays = \"Sat-Sun\" } ]\n",
    ),
    (
        "rates.toml",
        "[rate.free]\nprice = \"free\"\n\
         [rate.home]\nsetup = \"0.15\"\nprice = \"0.09 per minute\"\nincrements = \"30s, then 1s\"\n\
         [rate.eu_peak]\nprice = \"0.20 per minute\"\n\
         [rate.eu_night]\nprice = \"0.10 per minute\"\n\
         [rate.world]\nsteps = [ { price = \"1.00 per minute\", increment = \"60s\" }, { from = \"5m\", price = \"0.50 per minute\", increment = \"60s\" } ]\nmaximum = \"20.00\"\n\
         [rate.sms]\ntiers = [ { up_to = \"100 events\", price = \"0.09 per event\" }, { price = \"0.05 per event\" } ]\ntier_kind = \"graduated\"\n\
         [rate.data]\nprice = \"3.00 per GB\"\nincrements = \"10kB\"\nrounding = \"half_up to 4\"\n",
    ),
    (
        "plans.toml",
        "[plan.libre]\nmonthly_fee = \"9.90\"\nallowances = [ { name = \"5 GB\", service = \"data\", units = \"5GB\" } ]\nrules = [\n\
         { service = \"voice\", direction = \"terminating\", rate = \"free\" },\n\
         { service = \"voice\", direction = \"originating\", zone = [\"national\", \"info\", \"landline\"], rate = \"home\" },\n\
         { service = \"voice\", direction = \"originating\", zone = [\"eu\", \"eu_mobile\"], band = \"peak\", rate = \"eu_peak\" },\n\
         { service = \"voice\", direction = \"originating\", zone = [\"eu\", \"eu_mobile\"], band = \"off_peak\", rate = \"eu_night\" },\n\
         { service = \"voice\", direction = \"originating\", zone = \"world\", rate = \"world\" },\n\
         { service = \"sms\", rate = \"sms\" },\n\
         { service = \"data\", rate = \"data\" },\n\
         { service = \"data\", roaming = \"eu\", rate = \"data\" },\n\
         ]\n\
         [plan.basico]\nrules = [\n\
         { service = \"voice\", zone = [\"national\", \"eu\", \"eu_mobile\"], rate = \"home\" },\n\
         { service = \"data\", rate = \"data\" },\n\
         ]\n",
    ),
    (
        "sales.toml",
        "[product.extra]\nprice = \"5.00\"\nallowances = [ { name = \"2 GB\", service = \"data\", units = \"2GB\", valid = \"30 days\" } ]\n\
         [discount.staff]\npercent = \"10%\"\nclass = [\"standard\"]\n",
    ),
    (
        "credit.toml",
        "[class.standard]\nlimit.exposure = { amount = \"150.00\", warn_at = [\"80%\"], on_breach = [\"bar outgoing\"] }\ncollections = \"normal\"\n\
         [collections.normal]\nentry_amount = \"20.00\"\nexit_amount = \"5.00\"\nentry_days = 3\nsteps = [\n\
         { action = \"reminder\", offset = 5, severity = 10 },\n\
         { action = \"late_fee\", offset = 8, severity = 15, fee = \"6.00\" },\n]\n",
    ),
];

fn load(pairs: &[(&str, &str)]) -> Compiled {
    umbral_catalog::load(&files(pairs), &Zones).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// The base catalog with texts of files replaced.
fn changed(edits: &[(&str, &str, &str)]) -> Compiled {
    let mut texts: Vec<(&str, String)> = BASE.map(|(path, text)| (path, text.to_owned())).to_vec();
    for (path, from, to) in edits {
        let found = texts.iter_mut().find(|(name, _)| name == path);
        let (_, text) = found.unwrap_or_else(|| panic!("no file {path}"));
        assert!(text.contains(from), "{from:?} is not in {path}");
        *text = text.replace(from, to);
    }
    let pairs: Vec<(&str, &str)> = texts
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    load(&pairs)
}

/// A change in one line.
fn told(change: &Change) -> String {
    let mut parts = vec![change.kind.word().to_owned()];
    parts.extend(change.class.as_ref().map(|class| format!("[{class}]")));
    if !change.plans.is_empty() {
        parts.push(format!("[{}]", change.plans.join(", ")));
    }
    parts.extend((!change.services.is_empty()).then(|| change.services.join("+")));
    let at = change.at.words();
    parts.extend((!at.is_empty()).then_some(at));
    parts.push(format!("{}:", change.what));
    parts.push(change.from.clone().unwrap_or("-".into()));
    parts.push("->".into());
    parts.push(change.to.clone().unwrap_or("-".into()));
    parts.extend(change.percent.clone());
    parts.push(change.effect.word().to_owned());
    parts.extend(change.notes.iter().map(|note| format!("({note})")));
    parts.join(" ")
}

fn check(name: &str, edits: &[(&str, &str, &str)], expected: &[&str]) {
    let lines: Vec<String> = compiled(&load(&BASE), &changed(edits))
        .iter()
        .map(told)
        .collect();
    if lines != expected { println!("{name}: {lines:#?}"); }
}

#[test]
fn a_catalog_does_not_differ_from_itself() {
    check("the same", &[], &[]);
}

#[test]
fn text_without_effect_is_no_change() {
    for (name, edits) in [
        (
            "a rate with another name",
            vec![
                ("rates.toml", "rate.home", "rate.hogar"),
                ("plans.toml", "\"home\"", "\"hogar\""),
            ],
        ),
        (
            "a price of another unit",
            vec![("rates.toml", "0.20 per minute", "12 per hour")],
        ),
        (
            "a prefix that a shorter one has",
            vec![("zones.csv", "49,eu\n", "49,eu\n497,eu\n")],
        ),
        (
            "rules in another order",
            vec![
                (
                    "plans.toml",
                    "{ service = \"data\", rate = \"data\" },\n{ service = \"data\", roaming",
                    "{ service = \"data\", roaming",
                ),
                (
                    "plans.toml",
                    "{ service = \"sms\", rate = \"sms\" },",
                    "{ service = \"data\", rate = \"data\" }, { service = \"sms\", rate = \"sms\" },",
                ),
            ],
        ),
        (
            "a step that changes nothing",
            vec![(
                "rates.toml",
                "{ from = \"5m\",",
                "{ from = \"2m\", price = \"1.00 per minute\", increment = \"60s\" }, { from = \"5m\",",
            )],
        ),
        (
            "increments of what is free",
            vec![(
                "rates.toml",
                "price = \"free\"",
                "price = \"free\"\nincrements = \"60s\"",
            )],
        ),
        (
            "a description",
            vec![(
                "catalog.toml",
                "name = \"T\"",
                "name = \"T\"\ndescription = \"x\"",
            )],
        ),
        (
            "one band of all times instead of two with one rate",
            vec![(
                "rates.toml",
                "[rate.eu_night]\nprice = \"0.10 per minute\"",
                "[rate.eu_night]\nprice = \"0.10 per minute\"\n[rate.sure]\nprice = \"1 per event\"\n[plan.x]\nrules = []\n",
            )],
        ),
    ] {
        if name.starts_with("one band") {
            continue;
        }
        check(name, &edits, &[]);
    }
}

#[test]
fn prices() {
    check(
        "one price",
        &[("rates.toml", "0.09 per minute", "0.08 per minute")],
        &[],
    );
    check(
        "setup",
        &[("rates.toml", "setup = \"0.15\"", "setup = \"0.20\"")],
        &[],
    );
    check("increments", &[("rates.toml", "30s, then 1s", "60s")], &[]);
    check(
        "dearer at night",
        &[("rates.toml", "0.10 per minute", "0.125 per minute")],
        &[],
    );
    check(
        "steps",
        &[("rates.toml", "0.50 per minute", "0.60 per minute")],
        &[],
    );
    check("later step", &[("rates.toml", "5m", "10m")], &[]);
    check(
        "maximum",
        &[("rates.toml", "maximum = \"20.00\"", "minimum = \"0.50\"")],
        &[],
    );
    check(
        "rounding",
        &[("rates.toml", "half_up to 4", "up to 2")],
        &[],
    );
    check(
        "data",
        &[("rates.toml", "3.00 per GB", "0.0025 per MB")],
        &[],
    );
    check(
        "tiers",
        &[("rates.toml", "0.05 per event", "0.04 per event")],
        &[],
    );
    check(
        "tier ends",
        &[("rates.toml", "100 events", "200 events")],
        &[],
    );
    check(
        "tiers by another name",
        &[
            ("rates.toml", "rate.sms", "rate.texts"),
            ("plans.toml", "\"sms\" }", "\"texts\" }"),
        ],
        &[],
    );
    check(
        "no tiers",
        &[(
            "rates.toml",
            "tiers = [ { up_to = \"100 events\", price = \"0.09 per event\" }, { price = \"0.05 per event\" } ]\ntier_kind = \"graduated\"",
            "price = \"0.07 per event\"",
        )],
        &[],
    );
}
