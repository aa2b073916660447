//! Readers of NDJSON, protobuf and compressed files; reading on; merging; what breaks a file.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{
    Format, Merged, Options, Progress, ReadError, Record, RecordReader, SourceFile,
};
use umbral_model::input::{Body, IncomingBody};
use umbral_model::rejection::Reason;
use umbral_wire::{json, proto};

fn example(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(path)
}

fn all(source: &mut SourceFile) -> Result<Vec<Record>, ReadError> {
    let mut records = Vec::new();
    while let Some(record) = source.next_record(&|_| false)? {
        records.push(record);
    }
    Ok(records)
}

fn open(path: &Path, options: &Options) -> Result<SourceFile, ReadError> {
    SourceFile::open(path.to_str().unwrap(), options)
}

fn written(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}

/// Messages of the NDJSON sample, each behind its length.
fn delimited(ndjson: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in ndjson
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        proto::encode_delimited(&json::parse_incoming(line).unwrap(), &mut out);
    }
    out
}

fn phone() -> Options {
    Options {
        mapping: Some(Arc::new(
            Mapping::load(&example("mappings/phone.toml")).unwrap(),
        )),
        ..Options::default()
    }
}

#[test]
fn every_format_and_compression_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let ndjson = std::fs::read(example("data/usage_sample.ndjson")).unwrap();
    let protobuf = delimited(&ndjson);
    let plain = all(&mut open(&example("data/usage_sample.ndjson"), &Options::default()).unwrap());
    let plain = plain.unwrap();
    assert_eq!(plain.len(), 4);
    let kinds: Vec<&str> = plain
        .iter()
        .map(|record| match &record.content.as_ref().unwrap().body {
            IncomingBody::Account(body) => body.kind(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["customer_added", "member_added", "usage", "usage"]);

    // Two gzip members and two zstd frames one behind the other are one file.
    let (head, tail) = ndjson.split_at(100);
    let twice = |pack: fn(&[u8]) -> Vec<u8>| [pack(head), pack(tail)].concat();
    let cases = [
        ("a.jsonl", ndjson.clone(), "json"),
        ("a.json.gz", gzip(&ndjson), "json"),
        ("b.ndjson.gz", twice(gzip), "json"),
        ("A.NDJSON.ZST", zstd(&ndjson), "json"),
        ("b.ndjson.zst", twice(zstd), "json"),
        ("a.pb", protobuf.clone(), "protobuf"),
        ("a.binpb.gz", gzip(&protobuf), "protobuf"),
        ("a.pb.zst", zstd(&protobuf), "protobuf"),
    ];
    let mut ids = std::collections::BTreeMap::new();
    for (name, content, format) in cases {
        let path = written(folder.path(), name, &content);
        let mut source = open(&path, &Options::default()).unwrap();
        assert_eq!(source.format(), format, "{name}");
        let records = all(&mut source).unwrap();
        let contents = |records: &[Record]| -> Vec<_> {
            records
                .iter()
                .map(|record| record.content.clone())
                .collect()
        };
        assert_eq!(contents(&records), contents(&plain), "{name}");
        let id = source.content_id().unwrap().to_owned();
        assert_eq!(id.len(), 32);
        assert_eq!(
            *ids.entry(format).or_insert_with(|| id.clone()),
            id,
            "{name}"
        );
        let expected = Progress {
            records: 4,
            bytes: content.len() as u64,
            total: Some(content.len() as u64),
        };
        assert_eq!(source.progress(), expected, "{name}");
    }
    assert_ne!(ids["json"], ids["protobuf"]);
}

#[test]
fn bad_messages_are_refused_one_by_one_with_what_they_say_about_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"source":"s","event_id":"3","occurred_at":"2026-03-02T09:00:00Z","tick":{}}"#;
    let unknown = r#"{"source":"s","event_id":"2","occurred_at":"2026-03-01T09:00:00Z","tock":{}}"#;
    let content = format!(
        "not json\n{unknown}\n\n{good}\n{}\n{good}",
        "x".repeat(3000)
    );
    let path = written(folder.path(), "a.ndjson", content.as_bytes());
    let options = Options {
        max_record: 2000,
        ..Options::default()
    };
    let records = all(&mut open(&path, &options).unwrap()).unwrap();
    let refused = |index: usize| records[index].content.as_ref().unwrap_err();
    assert_eq!(refused(0).rejection.reason, Reason::Unreadable);
    assert_eq!(records[0].original, b"not json");
    assert_eq!(refused(1).rejection.reason, Reason::UnknownField);
    assert_eq!(refused(1).key.as_ref().unwrap().event_id.as_str(), "2");
    assert_eq!(
        refused(1).occurred_at.unwrap().to_string(),
        "2026-03-01T09:00:00Z"
    );
    assert_eq!((records[2].row, records[2].line), (3, 4));
    assert!(records[2].content.is_ok());
    assert_eq!(refused(3).rejection.reason, Reason::TooLarge);
    assert!(
        refused(3).rejection.detail.contains("3001 bytes"),
        "{}",
        refused(3).rejection
    );
    assert_eq!(records[3].original.len(), 2000);
    assert!(records[4].content.is_ok());
    assert_eq!(records.len(), 5);
}

#[test]
fn a_cut_protobuf_file_loses_only_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = delimited(&std::fs::read(example("data/usage_sample.ndjson")).unwrap());
    let path = written(folder.path(), "cut.pb", &bytes[..bytes.len() - 3]);
    let records = all(&mut open(&path, &Options::default()).unwrap()).unwrap();
    assert_eq!(records.len(), 4);
    assert!(records[..3].iter().all(|record| record.content.is_ok()));
    let refusal = records[3].content.as_ref().unwrap_err();
    assert_eq!(refusal.rejection.reason, Reason::Unreadable);

    let damaged = [&bytes[..], &[0xff; 12]].concat();
    let path = written(folder.path(), "damaged.pb", &damaged);
    let mut source = open(&path, &Options::default()).unwrap();
    for _ in 0..4 {
        assert!(
            source
                .next_record(&|_| false)
                .unwrap()
                .unwrap()
                .content
                .is_ok()
        );
    }
    let error = source.next_record(&|_| false).unwrap_err();
    assert_eq!(error.code, "I-0023");
    assert!(error.place.ends_with("damaged.pb, record 5"), "{error}");
}

#[test]
fn files_that_cannot_be_read_say_so_before_anything_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let sample = std::fs::read(example("data/usage_sample.ndjson")).unwrap();
    let packed = gzip(&sample);
    let squeezed = zstd(&sample);
    let cut = written(folder.path(), "cut.ndjson.gz", &packed[..packed.len() - 20]);
    let short = written(
        folder.path(),
        "short.ndjson.zst",
        &squeezed[..squeezed.len() / 2],
    );
    let wrong = written(folder.path(), "wrong.ndjson.gz", &sample);
    let csv = written(folder.path(), "a.csv", b"a,b\n");
    let cases = [
        (folder.path().join("none.ndjson"), "I-0020"),
        (folder.path().to_owned(), "I-0021"),
        (csv, "I-0021"),
        (cut, "I-0022"),
        (short, "I-0022"),
        (wrong, "I-0022"),
    ];
    for (path, code) in cases {
        let error = open(&path, &Options::default()).err().unwrap();
        assert_eq!(error.code, code, "{error}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
    }
    let options = Options {
        format: Some(Format::Ndjson),
        ..Options::default()
    };
    assert_eq!(open(folder.path(), &options).err().unwrap().code, "I-0020");
    let small = Options {
        max_held: 50,
        ..phone()
    };
    let error = open(&example("data/phone_sample.csv"), &small)
        .err()
        .unwrap();
    assert_eq!(error.code, "I-0024");
}

#[test]
fn reading_goes_on_where_it_was_broken_off() {
    let folder = tempfile::tempdir().unwrap();
    let csv = std::fs::read(example("data/phone_sample.csv")).unwrap();
    let cases = [
        (example("data/usage_sample.ndjson"), Options::default(), 4),
        (example("data/phone_sample.csv"), phone(), 6),
        (
            written(folder.path(), "phone.csv.zst", &zstd(&csv)),
            phone(),
            6,
        ),
    ];
    for (path, options, count) in cases {
        let whole = all(&mut open(&path, &options).unwrap()).unwrap();
        assert_eq!(whole.len(), count);
        for taken in 0..=count {
            let mut source = open(&path, &options).unwrap();
            assert_eq!(source.skip_records(taken as u64).unwrap(), taken as u64);
            let rest = all(&mut source).unwrap();
            let plain = |records: &[Record]| -> Vec<_> {
                records
                    .iter()
                    .map(|record| (record.row, record.content.clone(), record.original.clone()))
                    .collect()
            };
            assert_eq!(plain(&rest), plain(&whole[taken..]));
            assert_eq!(source.progress().records, count as u64);
        }
        let mut source = open(&path, &options).unwrap();
        assert_eq!(source.skip_records(99).unwrap(), count as u64);
    }
}

#[test]
fn the_same_content_has_the_same_id_however_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let csv = std::fs::read(example("data/phone_sample.csv")).unwrap();
    let unsorted = std::fs::read_to_string(example("mappings/phone.toml"))
        .unwrap()
        .replace("sort = \"occurred_at\"", "");
    let unsorted = Options {
        mapping: Some(Arc::new(Mapping::parse("m.toml", &unsorted).unwrap())),
        ..Options::default()
    };
    let packed = written(folder.path(), "p.csv.gz", &gzip(&csv));
    let id = |path: &Path, options: &Options| {
        open(path, options)
            .unwrap()
            .content_id()
            .unwrap()
            .to_owned()
    };
    let plain = example("data/phone_sample.csv");
    let expected = id(&plain, &phone());
    assert_eq!(id(&plain, &unsorted), expected);
    assert_eq!(id(&packed, &phone()), expected);
    assert_eq!(id(&packed, &unsorted), expected);
}

#[test]
fn several_files_are_merged_by_time() {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: &str, day: u32| {
        format!(
            "{{\"source\":\"s\",\"event_id\":\"{id}\",\"occurred_at\":\"2026-03-{day:02}T00:00:00Z\",\"tick\":{{}}}}\n"
        )
    };
    let first = [
        line("a1", 1),
        line("a4", 4),
        "broken\n".to_owned(),
        line("a9", 9),
    ]
    .concat();
    let second = [line("b2", 2), line("b4", 4), line("b5", 5)].concat();
    let open = |name: &str, content: &str| {
        let path = written(folder.path(), name, content.as_bytes());
        open(&path, &Options::default()).unwrap()
    };
    let sources = vec![open("a.ndjson", &first), open("b.ndjson", &second)];
    let mut merged = Merged::new(sources).unwrap();
    let mut found = Vec::new();
    while let Some((source, record)) = merged.next_record(&|_| false).unwrap() {
        let id = record
            .content
            .map_or("-".to_owned(), |incoming| incoming.key.event_id.to_string());
        found.push((source, id));
    }
    let found: Vec<(usize, &str)> = found.iter().map(|(at, id)| (*at, id.as_str())).collect();
    let expected = [
        (0, "a1"),
        (1, "b2"),
        (0, "a4"),
        (0, "-"),
        (1, "b4"),
        (1, "b5"),
        (0, "a9"),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        merged
            .sources()
            .map(|source| source.progress().records)
            .sum::<u64>(),
        7
    );
}

#[test]
fn messages_can_be_sorted_too() {
    let folder = tempfile::tempdir().unwrap();
    let sample = std::fs::read_to_string(example("data/usage_sample.ndjson")).unwrap();
    let backwards: Vec<&str> = sample.lines().rev().collect();
    let path = written(folder.path(), "b.ndjson", backwards.join("\n").as_bytes());
    let options = Options {
        sorted: true,
        ..Options::default()
    };
    let records = all(&mut open(&path, &options).unwrap()).unwrap();
    let rows: Vec<u64> = records.iter().map(|record| record.row).collect();
    // The customer and its member are of one instant and keep the order of the file.
    assert_eq!(rows, [3, 4, 2, 1]);
    let last = records[3].content.as_ref().unwrap();
    assert!(
        matches!(&last.body, IncomingBody::Account(Body::Usage(usage)) if usage.service.as_str() == "data")
    );
}

/// However a file is cut, the records are the same: one by one, or in chunks of any size.
#[test]
fn chunks_hold_the_records_that_come_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<u8> = (0..1_500usize)
        .flat_map(|number| {
            let length = number * 7_919 % 3_000;
            [vec![b'a' + (number % 26) as u8; length], b"\r\n".to_vec()].concat()
        })
        .collect();
    let messages: Vec<u8> = (0..900usize)
        .flat_map(|number| {
            let length = 200 + number * 7_919 % 3_000;
            let prefix = [length as u8 | 0x80, (length >> 7) as u8];
            [&prefix[..], &vec![number as u8; length]].concat()
        })
        .collect();
    let files = [
        written(
            folder.path(),
            "lines.ndjson",
            &[b"\xef\xbb\xbf", &lines[..]].concat(),
        ),
        written(folder.path(), "packed.ndjson.gz", &gzip(&lines)),
        written(folder.path(), "messages.pb", &messages),
        written(folder.path(), "torn.pb", &messages[..messages.len() - 3]),
    ];
    for (file, max_record) in files.iter().flat_map(|file| [(file, 1 << 20), (file, 700)]) {
        let options = Options {
            max_record,
            ..Options::default()
        };
        let mut expected = Vec::new();
        let mut source = open(file, &options).unwrap();
        while let Some(raw) = source.next_raw().unwrap() {
            expected.push((raw.row, raw.line, raw.bytes, raw.fault));
        }
        assert!(expected.len() > 800);
        for (records, bytes) in [
            (1, 1),
            (7, 1 << 20),
            (1_024, 5_000),
            (usize::MAX, usize::MAX),
        ] {
            let mut source = open(file, &options).unwrap();
            let mut found = Vec::new();
            while let Some(chunk) = source.next_chunk(records.min(4_096), bytes).unwrap() {
                assert!(chunk.records.len() <= records);
                for span in &chunk.records {
                    let bytes = chunk.bytes_of(span).to_vec();
                    found.push((span.row, span.line, bytes, span.fault));
                }
            }
            assert!(
                found == expected,
                "{} by {records}, {bytes}",
                file.display()
            );
        }
    }
}
