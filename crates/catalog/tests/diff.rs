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
    assert_eq!(lines, expected, "{name}");
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
    ] {
        check(name, &edits, &[]);
    }
}

#[test]
fn two_bands_of_one_price_are_one_rule() {
    let night = ("rates.toml", "0.10 per minute", "0.20 per minute");
    let two = changed(&[night]);
    let one = changed(&[
        night,
        ("plans.toml", "band = \"peak\", rate", "rate"),
        (
            "plans.toml",
            "{ service = \"voice\", direction = \"originating\", zone = [\"eu\", \"eu_mobile\"], band = \"off_peak\", rate = \"eu_night\" },\n",
            "",
        ),
    ]);
    for (from, to) in [(&two, &one), (&one, &two)] {
        assert_eq!(compiled(from, to), []);
    }
}

#[test]
fn many_zones_and_plans_with_one_difference_are_one_line() {
    let catalog = |price: &str| {
        let zones: Vec<String> = (10..60)
            .map(|n| format!("[zone.z{n}]\nprefixes = [\"{n}\"]\n"))
            .collect();
        let names: Vec<String> = (10..50).map(|n| format!("\"z{n}\"")).collect();
        let plan = |name: &str| {
            format!(
                "[plan.{name}]\nrules = [\n{{ service = \"voice\", zone = [{}], rate = \"r\" }},\n{{ service = [\"voice\", \"sms\"], rate = \"x\" }},\n]\n",
                names.join(", ")
            )
        };
        let rest = format!(
            "[rate.r]\nprice = \"{price} per unit\"\n[rate.x]\nprice = \"1 per unit\"\n{}{}",
            plan("a"),
            plan("b")
        );
        load(&[
            ("catalog.toml", BASE[0].1),
            ("zones.toml", &zones.concat()),
            ("rest.toml", &rest),
        ])
    };
    let lines = compiled(&catalog("0.000000000001"), &catalog("0.000000000002"));
    let [line] = lines.as_slice() else {
        panic!("{lines:#?}")
    };
    assert_eq!(
        (line.plans.len(), line.at.zones.len()),
        (0, 40),
        "{line:#?}"
    );
    assert_eq!(line.from.as_deref(), Some("0.06 per minute"));
    assert_eq!(line.percent.as_deref(), Some("+100%"));
}

#[test]
fn prices() {
    check(
        "one price",
        &[("rates.toml", "0.09 per minute", "0.08 per minute")],
        &[
            "price [basico] voice price: 0.09 per minute -> 0.08 per minute -11.1% cheaper",
            "price [libre] voice made, to info, landline, national price: 0.09 per minute -> 0.08 per minute -11.1% cheaper",
        ],
    );
    check(
        "setup",
        &[("rates.toml", "setup = \"0.15\"", "setup = \"0.20\"")],
        &[
            "setup [basico] voice setup fee: 0.15 -> 0.20 +33.3% dearer",
            "setup [libre] voice made, to info, landline, national setup fee: 0.15 -> 0.20 +33.3% dearer",
        ],
    );
    check(
        "increments",
        &[("rates.toml", "30s, then 1s", "60s")],
        &[
            "increments [basico] voice increments: 30s, then 1s -> 60s dearer",
            "increments [libre] voice made, to info, landline, national increments: 30s, then 1s -> 60s dearer",
        ],
    );
    check(
        "dearer at night",
        &[("rates.toml", "0.10 per minute", "0.125 per minute")],
        &[
            "price [libre] voice made, to eu, eu_mobile, in off_peak price: 0.10 per minute -> 0.125 per minute +25% dearer",
        ],
    );
    check(
        "steps",
        &[("rates.toml", "0.50 per minute", "0.60 per minute")],
        &[
            "price [libre] voice made, to world price: 1.00 per minute, from 5m 0.50 per minute -> 1.00 per minute, from 5m 0.60 per minute dearer",
        ],
    );
    check(
        "later step",
        &[("rates.toml", "5m", "10m")],
        &[
            "price [libre] voice made, to world price: 1.00 per minute, from 5m 0.50 per minute -> 1.00 per minute, from 10m 0.50 per minute dearer",
        ],
    );
    check(
        "maximum",
        &[("rates.toml", "maximum = \"20.00\"", "minimum = \"0.50\"")],
        &[
            "minimum [libre] voice made, to world minimum: none -> 0.50 dearer",
            "maximum [libre] voice made, to world maximum: 20.00 -> none dearer",
        ],
    );
    check(
        "rounding",
        &[("rates.toml", "half_up to 4", "up to 2")],
        &["rounding data rounding: half_up to 4 -> up to 2 neutral"],
    );
    check(
        "data",
        &[("rates.toml", "3.00 per GB", "0.0025 per MB")],
        &["price data price: 3.00 per GB -> 2.50 per GB -16.7% cheaper"],
    );
    check(
        "tiers",
        &[("rates.toml", "0.05 per event", "0.04 per event")],
        &[
            "tiers [libre] sms tiers: graduated by account: 0.09 per event up to 100 events, then 0.05 per event -> graduated by account: 0.09 per event up to 100 events, then 0.04 per event cheaper",
        ],
    );
    check(
        "tier ends",
        &[("rates.toml", "100 events", "200 events")],
        &[
            "tiers [libre] sms tiers: graduated by account: 0.09 per event up to 100 events, then 0.05 per event -> graduated by account: 0.09 per event up to 200 events, then 0.05 per event dearer",
        ],
    );
    check(
        "tiers by another name",
        &[
            ("rates.toml", "rate.sms", "rate.texts"),
            ("plans.toml", "\"sms\" }", "\"texts\" }"),
        ],
        &[
            "tiers [libre] sms count of units, which begins anew: that of rate sms -> that of rate texts neutral",
        ],
    );
    check(
        "no tiers",
        &[(
            "rates.toml",
            "tiers = [ { up_to = \"100 events\", price = \"0.09 per event\" }, { price = \"0.05 per event\" } ]\ntier_kind = \"graduated\"",
            "price = \"0.07 per event\"",
        )],
        &[
            "tiers [libre] sms tiers: graduated by account: 0.09 per event up to 100 events, then 0.05 per event -> 0.07 per event mixed",
        ],
    );
}

#[test]
fn zones_networks_and_hours() {
    check(
        "moved prefix",
        &[(
            "zones.csv",
            "336,eu_mobile\n",
            "336,eu_mobile\n4915,eu_mobile\n4916,eu_mobile\n",
        )],
        &[
            "zone to 2 prefixes moved from eu to eu_mobile (4915, 4916) 2 prefixes (4915, 4916): eu -> eu_mobile neutral (at the same price in every plan)",
        ],
    );
    check(
        "moved to dearer",
        &[("zones.csv", "49,eu\n", "49,world\n")],
        &[
            "sold [basico] voice to 1 prefix moved from eu to world (49) offer: 0.09 per minute by 30s, then 1s, setup fee 0.15 -> not sold neutral",
            "price [libre] voice made, to 1 prefix moved from eu to world (49), in off_peak price: 0.10 per minute -> 1.00 per minute, from 5m 0.50 per minute dearer",
            "price [libre] voice made, to 1 prefix moved from eu to world (49), in peak price: 0.20 per minute -> 1.00 per minute, from 5m 0.50 per minute dearer",
            "increments [libre] voice made, to 1 prefix moved from eu to world (49) increments: 1s -> 60s dearer",
            "maximum [libre] voice made, to 1 prefix moved from eu to world (49) maximum: none -> 20.00 cheaper",
            "zone to 1 prefix moved from eu to world (49) 1 prefix (49): eu -> world neutral",
        ],
    );
    check(
        "new prefix",
        &[("zones.csv", "1,world\n", "1,world\n52,world\n55,world\n")],
        &[
            "sold [libre] voice made, to 2 prefixes moved from no zone to world (52, 55) offer: not sold -> 1.00 per minute, from 5m 0.50 per minute by 60s, at most 20.00 neutral",
            "zone to 2 prefixes moved from no zone to world (52, 55) 2 prefixes (52, 55): no zone -> world neutral",
        ],
    );
    check(
        "lost prefix",
        &[
            ("zones.csv", "34,national\n", "34,national\n350,national\n"),
            ("zones.csv", "33,eu\n", ""),
        ],
        &[
            "sold [basico] voice to 1 prefix moved from eu to no zone (33) offer: 0.09 per minute by 30s, then 1s, setup fee 0.15 -> not sold neutral",
            "sold [basico] voice to 1 prefix moved from no zone to national (350) offer: not sold -> 0.09 per minute by 30s, then 1s, setup fee 0.15 neutral",
            "sold [libre] voice made, to 1 prefix moved from eu to no zone (33), in off_peak offer: 0.10 per minute by 1s -> not sold neutral",
            "sold [libre] voice made, to 1 prefix moved from eu to no zone (33), in peak offer: 0.20 per minute by 1s -> not sold neutral",
            "sold [libre] voice made, to 1 prefix moved from no zone to national (350) offer: not sold -> 0.09 per minute by 30s, then 1s, setup fee 0.15 neutral",
            "zone to 1 prefix moved from no zone to national (350) 1 prefix (350): no zone -> national neutral",
            "zone to 1 prefix moved from eu to no zone (33) 1 prefix (33): eu -> no zone neutral",
        ],
    );
    check(
        "renamed zone",
        &[
            ("zones.csv", ",eu\n", ",europe\n"),
            (
                "plans.toml",
                "\"eu\", \"eu_mobile\"",
                "\"europe\", \"eu_mobile\"",
            ),
        ],
        &[
            "zone name of the zone: eu -> europe neutral (its numbers are the same; records that name the old zone are refused)",
        ],
    );
    check(
        "new zone",
        &[
            (
                "zones.csv",
                "336,eu_mobile\n",
                "336,eu_mobile\n4915,german\n",
            ),
            (
                "plans.toml",
                "zone = \"world\"",
                "zone = [\"world\", \"german\"]",
            ),
        ],
        &[
            "price [libre] voice made, to german, in off_peak price: 0.10 per minute -> 1.00 per minute, from 5m 0.50 per minute dearer",
            "price [libre] voice made, to german, in peak price: 0.20 per minute -> 1.00 per minute, from 5m 0.50 per minute dearer",
            "increments [libre] voice made, to german increments: 1s -> 60s dearer",
            "maximum [libre] voice made, to german maximum: none -> 20.00 cheaper",
            "zone zone german: - -> there neutral",
            "zone to 1 prefix moved from eu to german (4915) 1 prefix (4915): eu -> german neutral",
        ],
    );
    check(
        "number gone",
        &[
            ("zones.toml", "[zone.info]\nnumbers = [\"1004\"]\n", ""),
            ("plans.toml", ", \"info\"", ""),
        ],
        &[
            "price [libre] voice made, to 1 number moved from info to world (1004) price: 0.09 per minute -> 1.00 per minute, from 5m 0.50 per minute dearer",
            "setup [libre] voice made, to 1 number moved from info to world (1004) setup fee: 0.15 -> none -100% cheaper",
            "increments [libre] voice made, to 1 number moved from info to world (1004) increments: 30s, then 1s -> 60s dearer",
            "maximum [libre] voice made, to 1 number moved from info to world (1004) maximum: none -> 20.00 cheaper",
            "zone zone info: there -> - neutral (records that name it are refused)",
            "zone to 1 number moved from info to world (1004) 1 number (1004): info -> world neutral",
        ],
    );
    check(
        "named zone gone",
        &[
            ("zones.toml", "[zone.landline]\n", ""),
            ("plans.toml", ", \"landline\"", ""),
        ],
        &[
            "sold [libre] voice made, to landline offer: 0.09 per minute by 30s, then 1s, setup fee 0.15 -> not sold neutral",
            "zone zone landline: there -> - neutral (records that name it are refused)",
        ],
    );
    check(
        "network moves",
        &[
            ("networks.toml", "\"310\", \"724\"", "\"310\""),
            (
                "networks.toml",
                "\"208\", \"262\"",
                "\"208\", \"262\", \"724\"",
            ),
        ],
        &[
            "sold [libre] data in network 724 (eu, before abroad) offer: not sold -> 3.00 per GB by 10kB neutral",
            "network network 724: abroad -> eu neutral",
        ],
    );
    check(
        "new network",
        &[(
            "networks.toml",
            "\"208\", \"262\"",
            "\"208\", \"262\", \"222\"",
        )],
        &[
            "sold [libre] data in network 222 (eu, before no group) offer: not sold -> 3.00 per GB by 10kB neutral",
            "network network 222: no group -> eu neutral",
        ],
    );
    check(
        "group renamed",
        &[
            ("networks.toml", "network.eu", "network.europe"),
            ("plans.toml", "roaming = \"eu\"", "roaming = \"europe\""),
        ],
        &["network name of the group: eu -> europe neutral"],
    );
    check(
        "home network",
        &[("catalog.toml", "[\"21407\"]", "[\"21407\", \"20801\"]")],
        &[
            "sold [basico] voice to eu, eu_mobile, national, in network 20801 (home, before eu) offer: not sold -> 0.09 per minute by 30s, then 1s, setup fee 0.15 neutral",
            "sold [basico] data in network 20801 (home, before eu) offer: not sold -> 3.00 per GB by 10kB neutral",
            "sold [libre] voice made, to info, landline, national, in network 20801 (home, before eu) offer: not sold -> 0.09 per minute by 30s, then 1s, setup fee 0.15 neutral",
            "sold [libre] voice made, to eu, eu_mobile, in network 20801 (home, before eu), in off_peak offer: not sold -> 0.10 per minute by 1s neutral",
            "sold [libre] voice made, to eu, eu_mobile, in network 20801 (home, before eu), in peak offer: not sold -> 0.20 per minute by 1s neutral",
            "sold [libre] voice made, to world, in network 20801 (home, before eu) offer: not sold -> 1.00 per minute, from 5m 0.50 per minute by 60s, at most 20.00 neutral",
            "sold [libre] voice received, in network 20801 (home, before eu) offer: not sold -> free neutral",
            "sold [libre] sms in network 20801 (home, before eu) offer: not sold -> graduated by account: 0.09 per event up to 100 events, then 0.05 per event by 1 event neutral",
            "network network 20801: eu -> home neutral",
        ],
    );
    check(
        "country code",
        &[(
            "networks.toml",
            "networks = [\"208\", \"262\"]",
            "networks = [\"208\", \"262\"]\ncountry_code = \"33\"",
        )],
        &["network calling code of networks 208, 262: none -> 33 neutral"],
    );
    check(
        "visited",
        &[
            (
                "networks.toml",
                "networks = [\"208\", \"262\"]",
                "networks = [\"208\", \"262\"]\ncountry_code = \"33\"",
            ),
            (
                "plans.toml",
                "{ service = \"sms\", rate = \"sms\" },",
                "{ service = \"sms\", rate = \"sms\" }, { service = \"voice\", roaming = \"eu\", visited = true, rate = \"home\" },",
            ),
        ],
        &[
            "sold [libre] voice to numbers of the visited country, in eu offer: not sold -> 0.09 per minute by 30s, then 1s, setup fee 0.15 neutral",
            "network calling code of networks 208, 262: none -> 33 neutral",
        ],
    );
    check(
        "peak longer",
        &[
            ("bands.toml", "to = \"20:00\"", "to = \"21:00\""),
            ("bands.toml", "from = \"20:00\"", "from = \"21:00\""),
        ],
        &[
            "price [libre] voice made, to eu, eu_mobile, on Mon-Fri 20:00-21:00 price: 0.10 per minute -> 0.20 per minute +100% dearer",
            "band band peak: on Mon-Fri 08:00-20:00 -> on Mon-Fri 08:00-21:00 neutral (now too: on Mon-Fri 20:00-21:00)",
            "band band off_peak: on Mon-Fri 20:00-08:00 and on Sat-Sun -> on Mon-Fri 21:00-08:00 and on Sat-Sun neutral (not any more: on Mon-Fri 20:00-21:00)",
        ],
    );
    check(
        "holidays",
        &[
            (
                "bands.toml",
                "[band.peak]\n",
                "[holidays]\nn = [2026-05-01]\n[band.peak]\nholidays = \"except\"\n",
            ),
            (
                "bands.toml",
                "{ weekdays = \"Sat-Sun\" }",
                "{ weekdays = \"Sat-Sun\" }, { weekdays = \"Mon-Fri\", holidays = \"only\" }",
            ),
            (
                "bands.toml",
                "to = \"08:00\" }",
                "to = \"08:00\", holidays = \"except\" }",
            ),
        ],
        &[
            "price [libre] voice made, to eu, eu_mobile, on 2026-05-01 08:00-20:00 price: 0.20 per minute -> 0.10 per minute -50% cheaper",
            "band band peak: on Mon-Fri 08:00-20:00 -> on Mon-Fri 08:00-20:00, not on 2026-05-01 neutral (not any more: on 2026-05-01 08:00-20:00)",
            "band band off_peak: on Mon-Fri 20:00-08:00 and on Sat-Sun -> on Mon-Fri 20:00-08:00 and on Sat-Sun and on 2026-05-01 neutral (now too: on 2026-05-01 08:00-20:00)",
        ],
    );
    check(
        "one rate",
        &[("plans.toml", "rate = \"eu_night\"", "rate = \"eu_peak\"")],
        &[
            "price [libre] voice made, to eu, eu_mobile, in off_peak price: 0.10 per minute -> 0.20 per minute +100% dearer",
        ],
    );
}

#[test]
fn rules_and_plans() {
    check(
        "rule gone",
        &[(
            "plans.toml",
            "{ service = \"data\", roaming = \"eu\", rate = \"data\" },\n",
            "",
        )],
        &["sold [libre] data in eu offer: 3.00 per GB by 10kB -> not sold neutral"],
    );
    check(
        "rule new",
        &[(
            "plans.toml",
            "{ service = \"data\", rate = \"data\" },\n]\n",
            "{ service = \"data\", rate = \"data\" },\n{ service = \"sms\", zone = \"world\", rate = \"sms\" },\n]\n",
        )],
        &[
            "sold [basico] sms to world offer: not sold -> graduated by account: 0.09 per event up to 100 events, then 0.05 per event by 1 event neutral",
        ],
    );
    check(
        "priority",
        &[
            (
                "plans.toml",
                "{ service = \"data\", rate = \"data\" },\n]\n",
                "{ service = \"data\", rate = \"data\" }, { service = \"data\", priority = 1, band = \"off_peak\", rate = \"free\" },\n]\n",
            ),
            (
                "rates.toml",
                "[rate.free]\nprice = \"free\"",
                "[rate.free]\nprice = \"free\"\n",
            ),
        ],
        &[
            "price [basico] data in off_peak price: 3.00 per GB -> free -100% cheaper",
            "rounding [basico] data in off_peak rounding: half_up to 4 -> half_up to 6 neutral",
        ],
    );
    check(
        "plan gone",
        &[("plans.toml", "plan.basico", "plan.nuevo")],
        &[
            "plan [nuevo] plan nuevo: - -> voice, data neutral",
            "plan [basico] plan basico: voice, data -> - neutral (who has it keeps it as it was)",
        ],
    );
    check(
        "fee",
        &[(
            "plans.toml",
            "monthly_fee = \"9.90\"",
            "monthly_fee = \"10.90\"\nproration = \"daily\"",
        )],
        &[
            "fee [libre] monthly fee: 9.90 -> 10.90 +10.1% dearer",
            "fee [libre] proration: none -> by the day neutral",
        ],
    );
    check(
        "no fee",
        &[("plans.toml", "monthly_fee = \"9.90\"", "")],
        &["fee [libre] monthly fee: 9.90 -> none -100% cheaper"],
    );
    check(
        "service",
        &[
            (
                "zones.toml",
                "[zone.landline]",
                "[service.wifi]\nmeasured_in = \"octets\"\n[zone.landline]",
            ),
            (
                "plans.toml",
                "{ service = \"data\", rate",
                "{ service = [\"wifi\", \"data\"], rate",
            ),
        ],
        &[
            "service wifi service wifi: - -> counted in octets neutral",
            "sold wifi offer: not sold -> 3.00 per GB by 10kB neutral",
        ],
    );
}

#[test]
fn allowances_products_discounts() {
    check(
        "units",
        &[("plans.toml", "5GB", "6GB")],
        &["allowance [libre] allowance 5 GB, units: 5GB -> 6GB +20% cheaper"],
    );
    check(
        "more",
        &[(
            "plans.toml",
            "units = \"5GB\"",
            "units = \"5GB\", roll_over = \"1 cycle\", roaming = [\"home\", \"eu\"], units_abroad = \"1GB\", shared = false, priority = 2, waive_setup = true, warn_at = [\"80%\"]",
        )],
        &[
            "allowance [libre] allowance 5 GB, where: home -> home, eu neutral",
            "allowance [libre] allowance 5 GB, units abroad: all -> 1GB dearer",
            "allowance [libre] allowance 5 GB, validity: to the end of the cycle -> to the end of the next cycle cheaper",
            "allowance [libre] allowance 5 GB, priority: 0 -> 2 neutral",
            "allowance [libre] allowance 5 GB, shared by the members: yes -> no neutral",
            "allowance [libre] allowance 5 GB, waives the setup fee: no -> yes cheaper",
            "allowance [libre] allowance 5 GB, warnings: none -> 80% neutral",
        ],
    );
    check(
        "band",
        &[(
            "plans.toml",
            "units = \"5GB\"",
            "units = \"5GB\", band = \"off_peak\"",
        )],
        &["allowance [libre] allowance 5 GB, times: at all times -> in off_peak neutral"],
    );
    check(
        "renamed",
        &[("plans.toml", "5 GB", "cinco")],
        &["allowance [libre] allowance 5 GB, name: 5 GB -> cinco neutral"],
    );
    check(
        "gone",
        &[(
            "plans.toml",
            "allowances = [ { name = \"5 GB\", service = \"data\", units = \"5GB\" } ]\n",
            "",
        )],
        &["allowance [libre] allowance 5 GB: 5GB of data, to the end of the cycle -> - dearer"],
    );
    check(
        "minutes",
        &[(
            "plans.toml",
            "units = \"5GB\" }",
            "units = \"5GB\" }, { name = \"100\", service = \"voice\", zone = [\"national\", \"eu\"], units = \"100m\" }",
        )],
        &["allowance [libre] allowance 100: - -> 100m of voice, to the end of the cycle cheaper"],
    );
    check(
        "product",
        &[
            ("sales.toml", "5.00", "4.50"),
            ("sales.toml", "30 days", "15 days"),
            ("sales.toml", "2GB", "3GB"),
        ],
        &[
            "product product extra, price: 5.00 -> 4.50 -10% cheaper",
            "product product extra, allowance 2 GB, units: 2GB -> 3GB +50% cheaper",
            "product product extra, allowance 2 GB, validity: 30 days -> 15 days dearer",
        ],
    );
    check(
        "product instalments",
        &[(
            "sales.toml",
            "price = \"5.00\"",
            "price = \"5.00\"\ninstalments = 12\nplan = \"basico\"\ncard = \"club\"",
        )],
        &[
            "product product extra, paid on account: at once -> in 12 instalments neutral",
            "product product extra, plan that it changes to: none -> basico neutral",
            "product product extra, card that it pays for: none -> club neutral",
        ],
    );
    check(
        "product gone",
        &[("sales.toml", "product.extra", "product.more")],
        &[
            "product product more: - -> 5.00; 2GB of data, 30 days neutral",
            "product product extra: 5.00; 2GB of data, 30 days -> - neutral",
        ],
    );
    check(
        "discount",
        &[
            ("sales.toml", "10%", "15%"),
            (
                "sales.toml",
                "class = [\"standard\"]",
                "tier = [\"gold\"]\nservice = \"voice\"\nroaming = \"home\"\nuntil = 2026-08-31",
            ),
        ],
        &[
            "discount discount staff, percent: 10% -> 15% cheaper",
            "discount discount staff, classes: standard -> all classes neutral",
            "discount discount staff, tiers: with or without tier -> gold neutral",
            "discount discount staff, services: all services -> voice neutral",
            "discount discount staff, where: everywhere -> home neutral",
            "discount discount staff, until: further notice -> the end of 2026-08-31 neutral",
        ],
    );
    check(
        "discount new",
        &[(
            "sales.toml",
            "[discount.staff]",
            "[discount.summer]\npercent = \"5%\"\nfrom = 2026-06-01\nuntil = 2026-08-31\n[discount.staff]",
        )],
        &[
            "discount discount summer: - -> 5%, from 2026-06-01, until the end of 2026-08-31 cheaper",
        ],
    );
    check(
        "cap",
        &[("catalog.toml", "name =", "discount_cap = \"50%\"\nname =")],
        &["discount most that the discounts of a record add up to: 80% -> 50% dearer"],
    );
}

#[test]
fn credit_and_the_whole() {
    check(
        "limit",
        &[
            ("credit.toml", "150.00", "200.00"),
            ("credit.toml", "\"80%\"", "\"50%\", \"80%\""),
            (
                "credit.toml",
                "\"bar outgoing\"",
                "\"manual_review\", \"bar outgoing\"",
            ),
        ],
        &[
            "class [standard] limit of exposure: 150.00 -> 200.00 +33.3% neutral",
            "class [standard] limit of exposure, warnings: 80% -> 50%, 80% neutral",
            "class [standard] limit of exposure, actions on breach: bar outgoing -> manual_review, bar outgoing neutral",
        ],
    );
    check(
        "another limit",
        &[(
            "credit.toml",
            "collections = \"normal\"\n",
            "collections = \"normal\"\nlimit.roaming_data = \"60.50\"\ndispute_weight = \"0%\"\nlift_on_exempt = true\n",
        )],
        &[
            "class [standard] weight of disputes: 100% -> 0% neutral",
            "class [standard] bars lifted while exempt: no -> yes neutral",
            "class [standard] limit of cycle usage of roaming data: - -> 60.50, warnings none, on breach none neutral",
        ],
    );
    check(
        "class gone",
        &[
            ("credit.toml", "class.standard", "class.normal"),
            ("sales.toml", "standard", "normal"),
        ],
        &[
            "discount discount staff, classes: standard -> normal neutral",
            "class [normal] class normal: - -> there neutral",
            "class [standard] class standard: there -> - neutral",
        ],
    );
    check(
        "collection steps",
        &[
            ("credit.toml", "offset = 8", "offset = 10"),
            ("credit.toml", "6.00", "7.00"),
            (
                "credit.toml",
                "{ action = \"reminder\", offset = 5, severity = 10 },\n",
                "{ action = \"letter\", offset = 6 },",
            ),
        ],
        &[
            "collections [normal] step letter: - -> 6 days after neutral",
            "collections [normal] step late_fee, days after: 8 -> 10 neutral",
            "collections [normal] step late_fee, fee: 6.00 -> 7.00 +16.7% dearer",
            "collections [normal] step reminder: 5 days after -> - neutral (cases that are open keep the schedule with which they began)",
        ],
    );
    check(
        "calendar",
        &[
            (
                "credit.toml",
                "entry_days = 3",
                "entry_days = 4\ncalendar = \"office\"",
            ),
            (
                "credit.toml",
                "[class.standard]",
                "[calendar.office]\nweekdays = \"Mon-Fri\"\nhours = \"09:00-20:00\"\nholidays = [2026-05-01]\n[class.standard]",
            ),
        ],
        &[
            "collections [normal] days after the due day: 3 days -> 4 days neutral",
            "collections [normal] permitted hours: all -> Mon, Tue, Wed, Thu, Fri 09:00-20:00 but for 1 holiday neutral (cases that are open keep the schedule with which they began)",
        ],
    );
    check(
        "head",
        &[
            ("catalog.toml", "2026-01-01", "2026-07-01"),
            ("catalog.toml", "Europe/Madrid", "UTC"),
            ("catalog.toml", "\"EUR\"", "\"USD\"\namounts = \"net\""),
            ("catalog.toml", "\"T\"", "\"U\""),
        ],
        &[
            "catalog amounts: with tax -> without tax neutral",
            "catalog name: T -> U neutral",
            "catalog valid from: 2026-01-01 -> 2026-07-01 neutral",
            "catalog currency: EUR -> USD neutral (amounts of the two are compared as numbers)",
            "catalog time zone: Europe/Madrid -> UTC neutral (days and hours are those of the new zone's clock)",
        ],
    );
    check(
        "emergency",
        &[("catalog.toml", "[\"112\"]", "[\"112\", \"061\"]")],
        &["emergency emergency numbers 061: like others -> never charged nor barred neutral"],
    );
    check(
        "no emergency",
        &[("catalog.toml", "emergency = [\"112\"]\n", "")],
        &["emergency emergency numbers 112: never charged nor barred -> like others neutral"],
    );
}
