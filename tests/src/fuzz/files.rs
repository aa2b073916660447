//! Files as they come in: rows through mappings, compressed files, mappings themselves.

use std::io::Write;
use std::sync::{Arc, OnceLock};
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{Format, Options, RecordReader, SourceFile};

const CSV: &str = r##"
source = "med"
format = "csv"
comment = "#"
event_id = { column = "id" }
identifier = { kind = "msisdn", column = "number" }
[time]
column = "at"
formats = ["rfc3339", "%d/%m/%y %H:%M", "%s"]
zone = "Europe/Madrid"
[[record]]
when = { column = "service", is = ["voice", "sms", "data"] }
kind = "usage"
service = { column = "service" }
to = { column = "to" }
quantity = { column = "quantity", unit = { voice = "s", sms = "events", data = "MB" } }
[[record]]
kind = "purchase"
method = "card"
category = { column = "service", values = { shop = "music" }, otherwise = "other" }
net = { column = "quantity" }
"##;

const CSV_ROWS: &str = "id,at,number,service,to,quantity\n\
    1,2026-03-02T10:00:00Z,34600000001,voice,34911222333,61\n\
    # a remark\n\
    2,02/03/26 10:00,34600000002,data,,1.5\n\
    3,1772445600,\"34600000003\",sms,\"34,91\",1\n\
    4,2026-03-29T02:30:00Z,34600000004,shop,x,12.99\n";

const FIXED: &str = r#"
source = "shop"
format = "fixed"
currency = "USD"
sort = "occurred_at"
event_id = "row"
account = { column = "customer", prefix = "C-" }
[columns]
customer = "2-6"
date = "13-20"
units = "22-23"
dollars = "24-31"
[time]
column = "date"
formats = ["%Y%m%d"]
zone = "America/New_York"
[[record]]
kind = "purchase"
method = "card"
category = "music"
item = "CD"
qty = { column = "units" }
net = { column = "dollars" }
[create_accounts]
class = "shop"
time_zone = "America/New_York"
cycle_day = 1
"#;

const FIXED_ROWS: &str = " 00004 0001 19970101  2   29.33\r\n 00004 0001 19970118  2   29.73\r\n 00021 0002 19970101  3   63.34\r\n";

fn parsed(text: &'static str) -> Arc<Mapping> {
    Arc::new(Mapping::parse("m.toml", text).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

/// Reads bytes as a file to its end; how many records it has.
fn read(bytes: &[u8], suffix: &str, mapping: Option<Arc<Mapping>>) -> u64 {
    let mut file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let options = Options {
        format: mapping.is_some().then_some(Format::Mapped),
        mapping,
        max_record: 8 << 10,
        max_held: 1 << 20,
        ..Options::default()
    };
    let name = file.path().to_str().unwrap();
    let Ok(mut source) = SourceFile::open(name, &options) else {
        return 0;
    };
    let mut records = 0;
    while let Ok(Some(record)) = source.next_record(&|account| account.as_str().len() > 9) {
        records += 1;
        assert!(record.original.len() <= 8 << 10, "records are bounded");
    }
    // What was read once is skipped alike.
    if let Ok(mut again) = SourceFile::open(name, &options) {
        assert_eq!(again.content_id(), source.content_id());
        let _ = again.skip_records(records / 2);
    }
    records
}

pub(super) fn csv(bytes: &[u8]) {
    static MAPPING: OnceLock<Arc<Mapping>> = OnceLock::new();
    let mapping = MAPPING.get_or_init(|| parsed(CSV));
    read(bytes, ".csv", Some(Arc::clone(mapping)));
}

pub(super) fn fixed(bytes: &[u8]) {
    static MAPPING: OnceLock<Arc<Mapping>> = OnceLock::new();
    let mapping = MAPPING.get_or_init(|| parsed(FIXED));
    read(bytes, ".txt", Some(Arc::clone(mapping)));
}

/// Files without a mapping, compressed ones too: the first byte says which.
pub(super) fn packed(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else {
        return;
    };
    let suffixes = [
        ".ndjson",
        ".pb",
        ".ndjson.gz",
        ".ndjson.zst",
        ".pb.gz",
        ".pb.zst",
    ];
    read(content, suffixes[usize::from(*kind) % suffixes.len()], None);
}

/// A mapping, and rows that are read through it if it is one.
pub(super) fn mapping(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Mapping::parse("m.toml", &text) {
        Ok(mapping) => {
            let mapping = Arc::new(mapping);
            read(CSV_ROWS.as_bytes(), ".csv", Some(Arc::clone(&mapping)));
            read(FIXED_ROWS.as_bytes(), ".txt", Some(mapping));
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "a refusal says why");
            for problem in problems {
                let span = problem.span.clone();
                assert!(
                    text.get(span.clone()).is_some(),
                    "{span:?} is a place in the text"
                );
                assert!(!problem.title().is_empty());
            }
        }
    }
}

pub(super) fn csv_seeds() -> Vec<Vec<u8>> {
    vec![
        CSV_ROWS.as_bytes().to_vec(),
        CSV_ROWS.replace('\n', "\r\n").into_bytes(),
    ]
}

pub(super) fn fixed_seeds() -> Vec<Vec<u8>> {
    vec![FIXED_ROWS.as_bytes().to_vec()]
}

pub(super) fn mapping_seeds() -> Vec<Vec<u8>> {
    vec![CSV.as_bytes().to_vec(), FIXED.as_bytes().to_vec()]
}

pub(super) fn packed_seeds() -> Vec<Vec<u8>> {
    let lines = super::seeds::lines().join("\n").into_bytes();
    let messages = super::seeds::delimited().concat();
    let gzip = |bytes: &[u8]| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let files = [
        lines.clone(),
        messages.clone(),
        gzip(&lines),
        zstd(&lines),
        gzip(&messages),
        zstd(&messages),
    ];
    let marked = (0u8..).zip(files).map(|(kind, mut file)| {
        file.insert(0, kind);
        file
    });
    marked.collect()
}
