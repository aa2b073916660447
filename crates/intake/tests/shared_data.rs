//! The two real files beside the repository, every row: what the mappings make of them against totals
//! counted here with plain text and decimals. Passed over with a message where the folder is absent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{Options, Record, RecordReader, SourceFile};
use umbral_model::input::{Address, Body, IncomingBody, PurchaseLine};
use umbral_model::time::Timestamp;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The file's text and its records through a mapping.
fn read(mapping: &str, file: &str) -> Option<(String, Vec<Record>)> {
    let path = root().join("../shared/data").join(file);
    if !path.exists() {
        eprintln!("passed over: {} is not here", path.display());
        return None;
    }
    let mapping = Mapping::load(&root().join("examples/mappings").join(mapping)).unwrap();
    let options = Options {
        mapping: Some(Arc::new(mapping)),
        ..Options::default()
    };
    let mut source = SourceFile::open(path.to_str().unwrap(), &options).unwrap();
    let mut records = Vec::new();
    while let Some(record) = source.next_record(&|_| false).unwrap() {
        records.push(record);
    }
    Some((std::fs::read_to_string(path).unwrap(), records))
}

fn body(record: &Record) -> &Body {
    match &record.content {
        Ok(incoming) => match &incoming.body {
            IncomingBody::Account(body) => body,
            other => panic!("{other:?}"),
        },
        Err(refusal) => panic!("line {}: {}", record.line, refusal.rejection),
    }
}

fn times(records: &[Record]) -> Vec<Timestamp> {
    records
        .iter()
        .map(|record| record.occurred_at().unwrap())
        .collect()
}

#[test]
fn every_row_of_the_phone_bill_is_usage() {
    let Some((text, records)) = read("phone.toml", "phone_data.csv") else {
        return;
    };
    // (rows, sum of the column) by item and network, as the file writes them.
    let mut expected: BTreeMap<(String, String), (u64, Decimal)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let zone = if columns[6] == "mobile" {
            "mobile"
        } else {
            columns[5]
        };
        let sum = expected
            .entry((columns[3].to_owned(), zone.to_owned()))
            .or_default();
        sum.0 += 1;
        sum.1 += columns[2].parse::<Decimal>().unwrap();
    }
    let mut found: BTreeMap<(String, String), (u64, Decimal)> = BTreeMap::new();
    for record in &records {
        let Body::Usage(usage) = body(record) else {
            panic!("{record:?}")
        };
        let (item, per) = match usage.service.as_str() {
            "voice" => ("call", 1_000_000_000u64),
            "data" => ("data", 1_000_000),
            "sms" => ("sms", 1),
            other => panic!("{other}"),
        };
        let zone = usage.zone.clone().unwrap().to_string();
        let sum = found.entry((item.to_owned(), zone)).or_default();
        sum.0 += 1;
        sum.1 += Decimal::from(usage.quantity) / Decimal::from(per);
    }
    let plain = |sums: &BTreeMap<(String, String), (u64, Decimal)>| -> Vec<_> {
        sums.iter()
            .map(|(key, (rows, sum))| (key.clone(), *rows, sum.normalize()))
            .collect()
    };
    assert_eq!(plain(&found), plain(&expected));
    assert_eq!(records.len(), 830);

    let ids: BTreeSet<&str> = records
        .iter()
        .map(|record| record.content.as_ref().unwrap().key.event_id.as_str())
        .collect();
    assert_eq!(ids.len(), 830);
    assert!(times(&records).is_sorted());
    assert_eq!(
        records
            .iter()
            .filter(|record| record.opening.is_some())
            .count(),
        1
    );
    // The clocks in Dublin went back on 26 October: the first row is an hour off UTC, the last is not.
    assert_eq!(times(&records)[0].to_string(), "2014-10-15T05:58:00Z");
    assert_eq!(times(&records)[829].to_string(), "2015-03-14T00:16:00Z");
    // A cycle that begins on the 15th fits the bill's months best.
    let fitting = |cycle_day: u8| {
        let on_its_bill = |record: &&Record| {
            let original = std::str::from_utf8(&record.original).unwrap();
            let bill = original.split(',').nth(4).unwrap();
            let date = record
                .occurred_at()
                .unwrap()
                .plus_nanos(3_600_000_000_000)
                .utc_date();
            let (.., day) = date.ymd();
            let month = date.plus_months(i32::from(day >= cycle_day));
            month.to_string().starts_with(bill)
        };
        records.iter().filter(on_its_bill).count()
    };
    let best = (1..=28).max_by_key(|day| fitting(*day)).unwrap();
    assert_eq!(best, 15);
}

#[test]
fn every_row_of_the_record_shop_is_a_purchase() {
    let Some((text, records)) = read("cdnow.toml", "cdnow_sample.txt") else {
        return;
    };
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let mut expected: BTreeMap<String, (u64, u64, Decimal)> = BTreeMap::new();
    for row in &rows {
        let sum = expected.entry(format!("CDNOW-{}", row[0])).or_default();
        sum.0 += 1;
        sum.1 += row[3].parse::<u64>().unwrap();
        sum.2 += row[4].parse::<Decimal>().unwrap();
    }
    let mut found: BTreeMap<String, (u64, u64, Decimal)> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for record in &records {
        let incoming = record.content.as_ref().unwrap();
        let Body::Purchase(purchase) = body(record) else {
            panic!("{record:?}")
        };
        let Some(Address::Account(account, None)) = &incoming.address else {
            panic!()
        };
        let sum = found.entry(account.to_string()).or_default();
        sum.0 += 1;
        sum.1 += u64::from(purchase.lines[0].qty);
        let owed = |line: &PurchaseLine| line.owed(line.net.unwrap()).unwrap().micros();
        sum.2 += Decimal::new(purchase.lines.iter().map(owed).sum(), 6);
        ids.insert(incoming.key.clone());
        let row = &rows[record.row as usize - 1];
        let day = incoming
            .occurred_at
            .plus_nanos(-4 * 3_600_000_000_000)
            .utc_date();
        assert_eq!(day.to_string().replace('-', ""), row[2]);
    }
    assert_eq!(found, expected);
    assert_eq!((records.len(), expected.len()), (6_919, 2_357));
    assert_eq!(ids.len(), 6_919, "rows that repeat exactly are kept apart");
    assert!(times(&records).is_sorted());
    assert_eq!(
        records
            .iter()
            .filter(|record| record.opening.is_some())
            .count(),
        2_357
    );
}
