//! What the importer refuses and notes: one change at a time to a small folder that is in order.

mod common;

use common::Zones;
use smol_str::SmolStr;
use umbral_catalog::import_cgrates::explain::Explained;
use umbral_catalog::import_cgrates::{Imported, Options, import};
use umbral_catalog::problem::Problem;

const FOLDER: [(&str, &str); 6] = [
    ("Destinations.csv", "#Id,Prefix\nDST_A,12\nDST_B,34\n"),
    (
        "Timings.csv",
        "#Id,Years,Months,MonthDays,WeekDays,Time\nTM_DAY,*any,*any,*any,1;2;3;4;5,08:00:00\n",
    ),
    (
        "Rates.csv",
        "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nRT_A,0,0.11,60s,1s,0s\n",
    ),
    (
        "DestinationRates.csv",
        "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\nDR_A,DST_A,RT_A,*up,4,0,\nDR_A,DST_B,RT_A,*up,4,0,\n",
    ),
    (
        "RatingPlans.csv",
        "#Id,DestinationRatesId,TimingTag,Weight\nRP_A,DR_A,*any,10\nRP_A,DR_A,TM_DAY,20\n",
    ),
    (
        "RatingProfiles.csv",
        "#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject\nt,call,*any,2026-01-01T00:00:00Z,RP_A,\n",
    ),
];

/// Imports the folder with one text of one file changed (an empty file name changes nothing).
fn changed(file: &str, from: &str, to: &str) -> Result<Imported, Vec<Problem>> {
    let files: Vec<(SmolStr, SmolStr)> = FOLDER
        .iter()
        .map(|(path, text)| {
            let name = *path == format!("{file}.csv");
            assert!(!name || text.contains(from), "{from} is not in {path}");
            (
                SmolStr::new(path),
                if name {
                    text.replace(from, to).into()
                } else {
                    SmolStr::new(text)
                },
            )
        })
        .collect();
    import(&files, &Options::default())
}

#[test]
fn what_cannot_be_expressed_is_refused_with_file_and_line() {
    for (file, from, to, code, line, words) in [
        // References.
        (
            "RatingPlans",
            "DR_A,*any",
            "DR_B,*any",
            "C-0183",
            2,
            "destination rate DR_B",
        ),
        (
            "RatingPlans",
            "TM_DAY",
            "TM_NIGHT",
            "C-0183",
            3,
            "timing TM_NIGHT",
        ),
        (
            "RatingPlans",
            "TM_DAY",
            "*monthly",
            "C-0183",
            3,
            "timing *monthly",
        ),
        (
            "DestinationRates",
            "DST_B",
            "DST_C",
            "C-0183",
            3,
            "destination DST_C",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A",
            "DST_A,*any",
            "C-0183",
            2,
            "rate *any",
        ),
        (
            "RatingProfiles",
            "RP_A",
            "RP_B",
            "C-0183",
            2,
            "rating plan RP_B",
        ),
        // Rows.
        ("Rates", ",0s\n", "\n", "C-0181", 2, "5 fields"),
        ("Rates", ",0s\n", ",0s,*up,4\n", "C-0181", 2, "\"*up\""),
        ("Destinations", "DST_A,12", "DST_A", "C-0181", 2, "1 fields"),
        (
            "Destinations",
            "DST_A,12",
            "DST_A,\"12",
            "C-0181",
            2,
            "quote",
        ),
        (
            "Destinations",
            "DST_A,12",
            ",12",
            "C-0181",
            2,
            "Id is empty",
        ),
        (
            "RatingPlans",
            "RP_A,DR_A,*any,10",
            "RP_A;DR_A;*any;10",
            "C-0181",
            2,
            "1 fields",
        ),
        // Values.
        ("Destinations", "DST_A,12", "DST_A,", "C-0182", 2, "prefix"),
        (
            "Destinations",
            "DST_A,12",
            "DST_A,12;13",
            "C-0182",
            2,
            "prefix",
        ),
        ("Timings", "1;2;3;4;5", "1-5", "C-0182", 2, "weekdays"),
        ("Timings", "1;2;3;4;5", "8", "C-0182", 2, "weekdays"),
        (
            "Timings",
            "TM_DAY,*any,*any,*any",
            "TM_DAY,*any,*any,32",
            "C-0182",
            2,
            "days of the month",
        ),
        (
            "Timings",
            "TM_DAY,*any,*any",
            "TM_DAY,*any,Jan",
            "C-0182",
            2,
            "months",
        ),
        ("Timings", "TM_DAY,*any", "TM_DAY,26", "C-0182", 2, "years"),
        (
            "Timings",
            "08:00:00",
            "*asap",
            "C-0182",
            2,
            "time of timing TM_DAY",
        ),
        (
            "Timings",
            "08:00:00",
            "25:00:00",
            "C-0182",
            2,
            "time of timing TM_DAY",
        ),
        (
            "Timings",
            "08:00:00",
            "24:00:00",
            "C-0182",
            2,
            "time of timing TM_DAY",
        ),
        ("Rates", "0,0.11", "x,0.11", "C-0182", 2, "connect fee"),
        ("Rates", "0.11", "", "C-0182", 2, "price"),
        (
            "Rates",
            "0.11",
            "0.0000000000000000000000001",
            "C-0182",
            2,
            "twelve decimals",
        ),
        (
            "Rates",
            "0.11,60s",
            "0.000000000000000000001,10000s",
            "C-0182",
            2,
            "twelve decimals",
        ),
        ("Rates", "60s", "1kB", "C-0182", 2, "unit"),
        ("Rates", "60s", "0", "C-0182", 2, "unit of rate RT_A is 0"),
        (
            "Rates",
            "60s,1s",
            "60s,0s",
            "C-0182",
            2,
            "increment of rate RT_A is 0",
        ),
        ("Rates", "1s,0s", "1s,60s", "C-0182", 2, "beginning"),
        (
            "Rates",
            "1s,0s",
            "1s,-5s",
            "C-0182",
            2,
            "group interval start",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up",
            "DST_A,RT_A,*nearest",
            "C-0182",
            2,
            "*nearest",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up",
            "DST_A,RT_A,",
            "C-0182",
            2,
            "rounding method",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up,4",
            "DST_A,RT_A,*up,-1",
            "C-0182",
            2,
            "decimals",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up,4,0",
            "DST_A,RT_A,*up,4,-2",
            "C-0182",
            2,
            "below zero",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up,4,0,",
            "DST_A,RT_A,*up,4,1,*halt",
            "C-0182",
            2,
            "*halt",
        ),
        (
            "RatingPlans",
            "*any,10",
            "*any,heavy",
            "C-0182",
            2,
            "weight",
        ),
        (
            "RatingProfiles",
            "2026-01-01T00:00:00Z",
            "*monthly",
            "C-0182",
            2,
            "activation time",
        ),
        (
            "RatingProfiles",
            "2026-01-01T00:00:00Z",
            "9999-12-31",
            "C-0182",
            2,
            "after 2261",
        ),
        (
            "RatingProfiles",
            "call,*any",
            "call,4\t5",
            "C-0182",
            2,
            "subject",
        ),
        (
            "Destinations",
            "DST_A,12",
            "DST_A,1\t2",
            "C-0182",
            2,
            "prefix",
        ),
        ("RatingProfiles", "t,call", "t,,", "C-0182", 2, "category"),
        (
            "RatingProfiles",
            "t,call",
            "t/u,call",
            "C-0182",
            2,
            "tenant",
        ),
        ("RatingProfiles", "t,call", "*in,t,call", "C-0182", 2, "*in"),
        (
            "RatingProfiles",
            "RP_A,\n",
            "RP_A,\nt,call,*any,*now,RP_A,\n",
            "C-0182",
            3,
            "*now",
        ),
        // Contradictions.
        (
            "Rates",
            "RT_A,0",
            "RT_A,0,0.2,60s,1s,0s\nRT_A,0",
            "C-0184",
            3,
            "same group interval start",
        ),
        (
            "RatingProfiles",
            "RP_A,\n",
            "RP_A,\nt,call,*any,2026-01-01T00:00:00Z,RP_A,x\n",
            "C-0184",
            3,
            "two activations",
        ),
    ] {
        let problems = match changed(file, from, to) {
            Ok(imported) => panic!("{file}: {to} was imported: {imported:#?}"),
            Err(problems) => problems,
        };
        let problem = &problems[0];
        let text = FOLDER
            .iter()
            .find(|(path, _)| *path == format!("{file}.csv"))
            .map(|(_, text)| text.replace(from, to));
        let found = problem.line_and_column(&text.unwrap_or_default()).0;
        assert_eq!(
            (problem.code, problem.file.as_str(), found),
            (code, format!("{file}.csv").as_str(), line),
            "{to}: {problem:#?}"
        );
        assert!(problem.title.contains(words), "{to}: {}", problem.title);
        assert!(
            !problem.notes.is_empty(),
            "{to}: a problem says how to mend it"
        );
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let mut files: Vec<(SmolStr, SmolStr)> = FOLDER
        .iter()
        .map(|(path, text)| (SmolStr::new(path), SmolStr::new(text)))
        .collect();
    files[1].1 = files[1].1.replace("08:00:00", "late").into();
    files[2].1 = files[2].1.replace("0.11", "cheap").into();
    files[4].1 = files[4].1.replace("10\n", "10,x\n").into();
    let problems = import(&files, &Options::default())
        .err()
        .unwrap_or_default();
    let places: Vec<&str> = problems
        .iter()
        .map(|problem| problem.file.as_str())
        .collect();
    assert_eq!(places, ["Timings.csv", "Rates.csv", "RatingPlans.csv"]);
}

#[test]
fn missing_tables() {
    for (file, required) in [
        ("Destinations.csv", false),
        ("Timings.csv", false),
        ("Rates.csv", true),
        ("DestinationRates.csv", true),
        ("RatingPlans.csv", true),
        ("RatingProfiles.csv", false),
    ] {
        let mut files: Vec<(SmolStr, SmolStr)> = FOLDER
            .iter()
            .filter(|(path, _)| *path != file)
            .map(|(path, text)| {
                (
                    SmolStr::new(path),
                    text.replace("TM_DAY", "*any")
                        .replace("DST_A", "*any")
                        .replace("DST_B", "*any")
                        .into(),
                )
            })
            .collect();
        files.retain(|(path, _)| path != "Timings.csv" || file == "Destinations.csv");
        let outcome = import(&files, &Options::default());
        match outcome {
            Ok(imported) => {
                assert!(!required, "{file}");
                assert_eq!(
                    imported
                        .files
                        .iter()
                        .any(|(path, _)| path == "profiles.csv"),
                    file != "RatingProfiles.csv"
                );
            }
            Err(problems) => {
                assert!(required, "{file}: {problems:#?}");
                assert!(
                    problems
                        .iter()
                        .any(|p| p.code == "C-0180" && p.title.contains(file)),
                    "{problems:#?}"
                );
            }
        }
    }
    let old = [(
        SmolStr::new("DestinationRateTimings.csv"),
        SmolStr::new("x,y,z,10\n"),
    )];
    let problems = import(&old, &Options::default()).err().unwrap_or_default();
    assert!(
        problems
            .iter()
            .any(|problem| problem.notes[0].contains("old version")),
        "{problems:#?}"
    );
}

#[test]
fn forms_that_are_taken() {
    for (file, from, to, name, part) in [
        (
            "",
            "",
            "",
            "plans.toml",
            "zone = [\"DST_A\", \"DST_B\"], band = \"TM_DAY\", priority = 1",
        ),
        (
            "RatingPlans",
            "\n",
            "\r\n",
            "plans.toml",
            "band = \"TM_DAY\"",
        ),
        (
            "RatingPlans",
            "RP_A,DR_A,TM_DAY,20",
            "\"RP_A\" , DR_A ,TM_DAY, 20 ,,",
            "plans.toml",
            "band = \"TM_DAY\"",
        ),
        ("RatingPlans", "#Id", "Id", "plans.toml", "[plan.RP_A]\n"),
        (
            "RatingPlans",
            "RP_A,DR_A,TM_DAY",
            "*any,DR_A,TM_DAY",
            "plans.toml",
            "[plan.\"*any\"]\n",
        ),
        (
            "RatingPlans",
            "TM_DAY,20",
            "TM_DAY,9.5",
            "plans.toml",
            "zone = [\"DST_A\", \"DST_B\"], priority = 1",
        ),
        (
            "Timings",
            "1;2;3;4;5",
            "0;6",
            "bands.toml",
            "weekdays = \"Sat, Sun\"",
        ),
        (
            "Timings",
            "1;2;3;4;5",
            "7;0",
            "bands.toml",
            "weekdays = \"Sun\"",
        ),
        (
            "Timings",
            "1;2;3;4;5,08:00:00",
            "*any,8:00",
            "bands.toml",
            "[band.TM_DAY]\nfrom = \"08:00\"\n",
        ),
        (
            "Timings",
            "08:00:00",
            "08:00:00;18:30:00",
            "bands.toml",
            "from = \"08:00\"\nto = \"18:30\"\n",
        ),
        (
            "Timings",
            "1;2;3;4;5,08:00:00",
            "*any,00:00:00",
            "plans.toml",
            "zone = [\"DST_A\", \"DST_B\"], priority = 1, rate",
        ),
        (
            "Rates",
            "0,0.11,60s",
            ".5,-1e-2,1h",
            "rates.toml",
            "allow_negative = true\nsetup = \"0.5\"\nprice = \"-0.01 per 3600s\"",
        ),
        (
            "Rates",
            "60s,1s,0s",
            "10000,10000,0",
            "rates.toml",
            "price = \"0.11 per 10000 units\"\nincrements = \"10000 units\"",
        ),
        // Finer than a catalog's prices: the same price of a larger unit.
        (
            "Rates",
            "0.11,60s",
            "0.0000000000015,1000",
            "rates.toml",
            "price = \"0.000000000015 per 10000 units\"",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up,4",
            "DST_A,RT_A,*middle,20",
            "rates.toml",
            "[rate.\"RT_A half_up 6\"]",
        ),
        (
            "DestinationRates",
            "DST_A,RT_A,*up,4,0,",
            "*any,RT_A,*up,4,2.5,*free",
            "rates.toml",
            "maximum = \"2.5\"",
        ),
        (
            "Timings",
            "08:00:00",
            "*any",
            "bands.toml",
            "[band.TM_DAY]\nweekdays = \"Mon-Fri\"\n\n",
        ),
        (
            "Timings",
            "08:00:00",
            "",
            "bands.toml",
            "[band.TM_DAY]\nweekdays = \"Mon-Fri\"\n\n",
        ),
        (
            "RatingProfiles",
            "2026-01-01T00:00:00Z",
            "1600-01-01T00:00:00Z",
            "profiles.csv",
            "t/call/*any,1970-01-01T00:00:00Z,RP_A,",
        ),
        (
            "RatingProfiles",
            "t,call,*any",
            "t,call,*out,*any",
            "profiles.csv",
            "t/call/*any,2026-01-01T00:00:00Z,RP_A,",
        ),
        (
            "RatingProfiles",
            "t,call,*any",
            "t,call,a/b:c",
            "profiles.csv",
            "t/call/a/b:c,",
        ),
        (
            "RatingProfiles",
            "2026-01-01T00:00:00Z",
            "1767225600",
            "profiles.csv",
            "t/call/*any,2026-01-01T00:00:00Z,RP_A,",
        ),
    ] {
        let imported =
            changed(file, from, to).unwrap_or_else(|problems| panic!("{to}: {problems:#?}"));
        let found = imported.files.iter().find(|(path, _)| path == name);
        let text = found.map(|(_, text)| text.as_str()).unwrap_or_default();
        assert!(text.contains(part), "{to}: {part:?} is not in {text}");
    }
}

#[test]
fn long_names_are_shortened_and_stay_apart() {
    let long = "RP_".repeat(30);
    let imported = changed(
        "RatingPlans",
        "RP_A,DR_A,TM_DAY",
        &format!("{long},DR_A,TM_DAY"),
    );
    let imported = imported.unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(
        imported.notes.iter().any(|note| note.contains(&long)),
        "{:?}",
        imported.notes
    );
    let plans = imported
        .files
        .iter()
        .find(|(path, _)| path == "plans.toml")
        .map(|(_, text)| text.as_str());
    assert_eq!(plans.unwrap_or_default().matches("[plan.").count(), 2);
    assert!(!plans.unwrap_or_default().contains(&long));
}

/// The folder with these texts changed in every file.
fn renamed(from: &str, to: &str) -> Imported {
    let files: Vec<(SmolStr, SmolStr)> = FOLDER
        .iter()
        .map(|(path, text)| (SmolStr::new(path), text.replace(from, to).into()))
        .collect();
    import(&files, &Options::default()).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn ids_that_are_no_names_are_renamed_and_the_catalog_loads() {
    let long = "N".repeat(70);
    for id in ["RT_A", "DR_A", "DST_A", "TM_DAY", "RP_A"] {
        for (to, reason) in [
            ("*", "* means everything"),
            ("a\tb", "no control characters"),
            (long.as_str(), "at most 64 bytes"),
        ] {
            let imported = renamed(id, to);
            let loaded = umbral_catalog::load(&imported.files, &Zones);
            assert!(loaded.is_ok(), "{id} as {to:?}: {:#?}", loaded.err());
            let told = imported.notes.iter().any(|note| note.contains(reason));
            // Ids of destination rates are in no catalog.
            assert_eq!(told, id != "DR_A", "{id} as {to:?}: {:?}", imported.notes);
        }
    }
}

#[test]
fn options_that_no_catalog_takes_are_refused() {
    let ok = Options::default();
    for (options, title) in [
        (
            Options {
                currency: "euros".into(),
                ..ok.clone()
            },
            "\"euros\" is no currency",
        ),
        (
            Options {
                currency: "eur".into(),
                ..ok.clone()
            },
            "\"eur\" is no currency",
        ),
        (
            Options {
                time_zone: "".into(),
                ..ok.clone()
            },
            "\"\" is no time zone",
        ),
        (
            Options {
                time_zone: "Madrid time".into(),
                ..ok.clone()
            },
            "\"Madrid time\" is no time zone",
        ),
        (
            Options {
                name: " ".into(),
                ..ok
            },
            "the catalog's name is empty",
        ),
    ] {
        let files: Vec<(SmolStr, SmolStr)> = FOLDER
            .iter()
            .map(|(path, text)| (SmolStr::new(path), SmolStr::new(text)))
            .collect();
        let problems = import(&files, &options).err().unwrap_or_default();
        let found: Vec<_> = problems
            .iter()
            .map(|p| (p.code, p.title.as_str()))
            .collect();
        assert_eq!(found, [("C-0185", title)]);
    }
}

#[test]
fn an_empty_folder_and_hints() {
    let problems = import(&[], &Options::default()).err().unwrap_or_default();
    let titles: Vec<&str> = problems.iter().map(|p| p.title.as_str()).collect();
    assert_eq!(titles, ["the tariff folder holds no CSV files"]);
    let problems = changed("DestinationRates", "DST_A,RT_A", "DST_A,RT_B").err();
    assert_eq!(
        problems.unwrap_or_default()[0].notes,
        ["define it, or mend the name here; did you mean RT_A?"]
    );
}

#[test]
fn every_row_is_explained() {
    let files: Vec<(SmolStr, SmolStr)> = [
        (
            "Destinations.csv",
            "#Id,Prefix\nA,12\nA,13\nB,34\nA,14\nA,15\nA,16\nANY,*any\nX,99\nB,34\n",
        ),
        (
            "Timings.csv",
            "DAY,*any,*any,*any,1;2;3;4;5,08:00:00\nTWICE,*any,12,24;25,*any,00:00:00\n\
             TWICE,*any,*any,*any,0,21:00:00\nALL,*any,*any,*any,*any,00:00:00\nX,*any,*any,*any,*any,*asap\n",
        ),
        (
            "Rates.csv",
            "R1,0.1,0.11,60s,30s,0s\nR1,0.1,0.05,60s,1s,60s\nR2,0,0.004,1024,1024,0\nX,0,1,1s,1s,0s\n",
        ),
        (
            "DestinationRates.csv",
            "D1,A,R1,*up,4,2.50,*free\nD1,B,R1,*up,9,1,*disconnect\nD2,ANY,R2,,,,\nX,X,X,*up,4,0,\n",
        ),
        (
            "RatingPlans.csv",
            "P,D1,DAY,10\nP,D1,TWICE,20\nP,D2,ALL,5\n",
        ),
        (
            "RatingProfiles.csv",
            "t,call,*any,2026-01-01T00:00:00Z,P,\nt,call,ana,,P,*any\n",
        ),
        ("Actions.csv", "A,*topup\n"),
        ("AccountActions.csv", "t,1001\n"),
        ("SharedGroups.csv", "S\n"),
        ("Notes.csv", "x\n"),
    ]
    .map(|(path, text)| (SmolStr::new(path), SmolStr::new(text)))
    .to_vec();
    let imported = import(&files, &Options::default()).unwrap_or_else(|found| panic!("{found:#?}"));
    let lines: Vec<String> = imported.explained.iter().map(told).collect();
    let expected = [
        "Destinations.csv:2-3, 5-7 A: zone A, prefixes 5, such as 12, 13, 14, 15, ...",
        "Destinations.csv:4 B: zone B, prefixes 1, namely 34",
        "Destinations.csv:8 ANY: rules , zone any destination; destination ANY holds every number",
        "Destinations.csv:9 X: -; in no rating plan, left out",
        "Destinations.csv:10 : -; a row that Destinations.csv has already; taken once",
        "Timings.csv:1 DAY: band DAY, weekdays Mon-Fri, from 08:00",
        "Timings.csv:2 TWICE: band TWICE 00:00, months Dec, days 24, 25",
        "Timings.csv:3 TWICE: band TWICE 21:00, weekdays Sun, from 21:00",
        "Timings.csv:4 ALL: rules , band always",
        "Timings.csv:5 X: -; in no rating plan, left out",
        "Rates.csv:1 R1: rate R1 up 4 max 2.50, R1 up 6, setup 0.1, from 0s, price 0.11 per 60s, increment 30s",
        "Rates.csv:2 R1: rate R1 up 4 max 2.50, R1 up 6, from 60s, price 0.05 per 60s, increment 1s",
        "Rates.csv:3 R2: rate R2, price 0.004 per 1024 units, increment 1024 units",
        "Rates.csv:4 X: -; in no rating plan, left out",
        "DestinationRates.csv:1 D1: rate R1 up 4 max 2.50, zone A, rounding up to 4, maximum 2.50",
        "DestinationRates.csv:2 D1: rate R1 up 6, zone B, rounding up to 6; 9 rounding decimals are held at 6; \
         *disconnect at 1 is a matter of authorisation; the price is not held",
        "DestinationRates.csv:3 D2: rate R2, zone any destination, rounding half_up to 6; rounding decimals 0: \
         not rounded but to the six decimals of money, half up",
        "DestinationRates.csv:4 X: -; in no rating plan, left out",
        "RatingPlans.csv:1 P: rules P, rules 2, zones 2, band DAY, priority 1",
        "RatingPlans.csv:2 P: rules P, rules 2, zones 2, band TWICE 00:00, priority 2",
        "RatingPlans.csv:2 P: rules P, rules 2, zones 2, band TWICE 21:00, priority 3",
        "RatingPlans.csv:3 P: rules P, rules 1, zones 1, band always, priority 0",
        "RatingProfiles.csv:1 t/call/*any: profile t/call/*any, from 2026-01-01T00:00:00Z, plan P",
        "RatingProfiles.csv:2 t/call/ana: profile t/call/ana, from 1970-01-01T00:00:00Z, plan P, \
         fallbacks t/call/*any; no activation time: holds from the beginning",
        "Actions.csv : -; not imported: actions on accounts",
        "AccountActions.csv : -; not imported: accounts and their first balances",
        "SharedGroups.csv : -; not imported: balances that accounts share",
        "Notes.csv : -; not imported: it is none of the six rating tables",
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}\ninstead of\n{expected}");
    }
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
}

/// A row of the explanation in one line.
fn told(row: &Explained) -> String {
    let became = row.became.as_ref().map_or("-".to_owned(), |became| {
        let facts = became.facts.iter();
        let facts: String = facts
            .map(|(word, value)| format!(", {word} {value}"))
            .collect();
        format!("{} {}{facts}", became.kind, became.name)
    });
    let notes: String = row.notes.iter().map(|note| format!("; {note}")).collect();
    format!("{} {}: {became}{notes}", row.place(), row.id)
}
