//! A tariff folder with numbers of its own (`tests/cgrates`): imported, loaded and rated.

#![allow(clippy::unwrap_used)]

use smol_str::SmolStr;
use std::path::Path;
use umbral_catalog::ZoneSource;
use umbral_catalog::import_cgrates::{Imported, Options, import};
use umbral_catalog::version::CatalogSet;
use umbral_model::time::ZoneRules;
use umbral_rating::batch::{Detail, rate_line};

struct Utc;

impl ZoneSource for Utc {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        (name == "UTC").then(ZoneRules::utc)
    }
}

fn imported() -> Imported {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cgrates");
    let mut files: Vec<(SmolStr, SmolStr)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().to_str().unwrap().into(), text.into())
        })
        .collect();
    files.sort();
    import(&files, &Options::default()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn catalogs(imported: &Imported) -> CatalogSet {
    let compiled = umbral_catalog::load(&imported.files, &Utc)
        .unwrap_or_else(|problems| panic!("{problems:#?}\n{:#?}", imported.files));
    let mut set = CatalogSet::new();
    let from = compiled.catalog.valid_from;
    set.activate(compiled.catalog, from);
    set
}

#[test]
fn records_cost_what_the_tables_say() {
    let catalogs = catalogs(&imported());
    // (subject, service, number, start, usage, cost or code)
    for (profile, service, to, start, usage, cost) in [
        // Monday, 09:00: 0.08 + 90 s at 0.24 a minute by 30 s, then by the second at 0.12; rounded up.
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "20s",
            "0.20",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "100s",
            "0.46",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "101s",
            "0.462",
        ),
        // The longer prefixes of the same destination; the fee of a first row that is empty is 0.
        (
            "lisbon/call/zoe",
            "voice",
            "35192",
            "2026-03-02T09:00:00Z",
            "7s",
            "0.0525",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35191",
            "2026-03-02T09:00:00Z",
            "7s",
            "0.0525",
        ),
        // At night there is no rule for mobiles: the shorter prefix fills the gap.
        (
            "lisbon/call/zoe",
            "voice",
            "35191",
            "2026-03-02T03:00:00Z",
            "7s",
            "0.007",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T21:00:00Z",
            "61s",
            "0.061",
        ),
        // The price is held at 1.10 where the strategy is *free, and not where it is *disconnect.
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T22:00:00Z",
            "1h",
            "1.10",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "#21#5",
            "2026-03-02T22:00:00Z",
            "1h",
            "3.60",
        ),
        // No rule of these hours: NIGHT at 00:00 holds to midnight, but DAY begins later and wins for 351.
        (
            "lisbon/call/zoe",
            "voice",
            "#21#5",
            "2026-03-02T09:00:00Z",
            "10s",
            "0.01",
        ),
        // Into the day at 07:30: 60 s of night rate at 0.06, then 24 s of day rate by 30 s.
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T07:29:00Z",
            "84s",
            "0.18",
        ),
        // Sunday written as 0, and Saturday; a heavier timing on a Tuesday of February.
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-01T12:00:00Z",
            "10s",
            "0.01",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-02-28T12:00:00Z",
            "10s",
            "0.01",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-02-17T12:00:00Z",
            "10s",
            "0.01",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2028-02-17T12:00:00Z",
            "10s",
            "0.20",
        ),
        // Ana's own plan, with the fallback for what it does not price; from June on the plan of all.
        (
            "lisbon/call/ana",
            "voice",
            "+7001",
            "2026-03-02T09:00:00Z",
            "1h",
            "0.25",
        ),
        (
            "lisbon/call/ana",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "20s",
            "0.20",
        ),
        (
            "lisbon/call/ana",
            "voice",
            "+7001",
            "2026-07-02T09:00:00Z",
            "1h",
            "U-0032",
        ),
        (
            "lisbon/call/ana",
            "voice",
            "4420",
            "2026-03-02T09:00:00Z",
            "1h",
            "U-0032",
        ),
        // Times and plain units in one rate: 0.5 for 10 s by the second.
        (
            "lisbon/call/ana",
            "voice",
            "+7001",
            "2026-02-16T09:00:00Z",
            "2500ms",
            "0.15",
        ),
        // Before the first activation.
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2025-12-31T23:59:59Z",
            "20s",
            "U-0034",
        ),
        (
            "porto/call/zoe",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "20s",
            "U-0034",
        ),
        // Plain units, with and without a number.
        (
            "lisbon/data/x",
            "data",
            "",
            "2026-03-02T09:00:00Z",
            "1025B",
            "0.008",
        ),
        (
            "lisbon/data/x",
            "data",
            "",
            "1999-03-02T09:00:00Z",
            "1MiB",
            "4.096",
        ),
        (
            "lisbon/sms/x",
            "sms",
            "351",
            "2026-03-02T09:00:00Z",
            "3",
            "0.21",
        ),
        (
            "lisbon/sms/x",
            "sms",
            "",
            "2026-03-02T09:00:00Z",
            "1",
            "0.07",
        ),
        (
            "lisbon/call/zoe",
            "voice",
            "35121",
            "2026-03-02T09:00:00Z",
            "0",
            "0.00",
        ),
    ] {
        let line = format!(
            r#"{{"id":"1","profile":"{profile}","service":"{service}","to":"{to}","start":"{start}","usage":"{usage}"}}"#
        );
        let mut out = Vec::new();
        rate_line(&catalogs, line.as_bytes(), Detail::Brief, &mut out);
        let answer = String::from_utf8(out).unwrap();
        let expected = match cost.starts_with("U-") {
            true => format!(r#""code":"{cost}""#),
            false => format!(r#""amount":"{cost}","#),
        };
        assert!(
            answer.contains(&expected),
            "{line}: {answer} instead of {cost}"
        );
    }
}

#[test]
fn what_is_adjusted_or_left_out_is_noted() {
    let imported = imported();
    let expected = [
        "outside of the six rating tables, not imported: Actions.csv",
        "in no rating plan, left out: destination rate DR_UNUSED",
        "in no rating plan, left out: destination DST_UNUSED",
        "in no rating plan, left out: rate RT_BROKEN",
        "in no rating plan, left out: timing ASAP",
        "Destinations.csv:7: a row that Destinations.csv has already; taken once",
        "RatingPlans.csv:6: a row that RatingPlans.csv has already; taken once",
        "RatingProfiles.csv:1: the column with direction *out is left out; profiles hold for both directions",
        "Destinations.csv:8: destination DST_EVERY holds every number",
        "Rates.csv:3: the connect fee 0.05 is not charged: the first row of rate RT_PT has the fee",
        "DestinationRates.csv:5: *disconnect at 1.10 is a matter of authorisation; the price is not held",
        "DestinationRates.csv:6: 9 rounding decimals are held at 6",
        "Rates.csv:6: the unit 0 of rate RT_FEE_ONLY is taken as one: its price is 0",
        "DestinationRates.csv:7: rounding decimals 0: not rounded but to the six decimals of money, half up",
        "Rates.csv:9: rate RT_MIXED has times and plain units; written in units (1s = 10^9)",
        "RatingProfiles.csv:3: fallback nobody has no profile lisbon/call/nobody and is left out",
        "RatingProfiles.csv:3: statistics queues lie outside of rating; left out",
        "RatingProfiles.csv:4: no offset: taken as wall clock of the catalog's time zone",
        "RatingProfiles.csv:5: no activation time: holds from the beginning",
        "RatingProfiles.csv:6: *now is not a date of the tariff: holds from the beginning",
    ];
    assert_eq!(imported.notes, expected);
    let (_, written) = imported
        .files
        .iter()
        .find(|(path, _)| path == "IMPORT.md")
        .unwrap();
    for note in expected {
        assert!(written.contains(note), "{note}");
    }
}

#[test]
fn the_written_catalog_reads_like_one_of_ours() {
    let imported = imported();
    let file = |name: &str| {
        let found = imported.files.iter().find(|(path, _)| path == name);
        found.map(|(_, text)| text.as_str()).unwrap()
    };
    for (name, part) in [
        (
            "zones.csv",
            "prefix,zone\n351,DST_PT\n3519,DST_PT_MOBILE\n35192,DST_PT_MOBILE\n\"#21#\",DST_SERVICE\n",
        ),
        (
            "bands.toml",
            "[band.DAY]\nweekdays = \"Mon-Fri\"\nfrom = \"07:30\"\n",
        ),
        (
            "bands.toml",
            "[band.\"NIGHT 21:00\"]\nweekdays = \"Mon-Fri\"\nfrom = \"21:00\"\n",
        ),
        (
            "bands.toml",
            "[band.CARNIVAL]\nyears = [2026, 2027]\nmonths = \"Feb\"\ndays = [16, 17]\n",
        ),
        (
            "rates.toml",
            "[rate.\"RT_CHEAP down 4 max 1.10\"]\nprice = \"0.06 per 60s\"\nincrements = \"1s\"\nmaximum = \"1.10\"\nrounding = \"down to 4\"\n",
        ),
        (
            "rates.toml",
            "{ from = \"90s\", price = \"0.12 per 60s\", increment = \"1s\" },",
        ),
        (
            "rates.toml",
            "price = \"0.004 per 1024 units\"\nincrements = \"1024 units\"\n",
        ),
        (
            "plans.toml",
            "zone = \"DST_PT\", band = \"DAY\", priority = 1, rate = \"RT_PT\", note = \"RatingPlans.csv:2\"",
        ),
        (
            "profiles.csv",
            "lisbon/call/ana,2026-06-01T00:00:00,RP_HOME,\n",
        ),
    ] {
        assert!(file(name).contains(part), "{part:?} in {}", file(name));
    }
}
