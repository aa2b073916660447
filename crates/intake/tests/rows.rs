//! Rows through mappings: what they become, and why they are refused.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use umbral_intake::mapping::Mapping;
use umbral_intake::reader::{Options, Record, RecordReader, SourceFile};
use umbral_model::ids::{AccountId, MemberId};
use umbral_model::input::{
    Address, Body, CardsStocked, Direction, Identifier, IdentifierKind, Incoming, IncomingBody,
    PartyNumber,
};
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;

fn read_text(mapping: &str, content: &[u8]) -> (String, Vec<Record>) {
    let mapping =
        Mapping::parse("m.toml", mapping).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let options = Options {
        mapping: Some(Arc::new(mapping)),
        ..Options::default()
    };
    let mut source = SourceFile::open(file.path().to_str().unwrap(), &options).unwrap();
    let mut records = Vec::new();
    while let Some(record) = source.next_record(&|_| false).unwrap() {
        records.push(record);
    }
    (source.content_id().unwrap().to_owned(), records)
}

fn body(record: &Record) -> &Body {
    match &record.content.as_ref().unwrap().body {
        IncomingBody::Account(body) => body,
        other => panic!("{other:?}"),
    }
}

fn example(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(path)
}

fn read_example(mapping: &str, data: &str) -> (String, Vec<Record>) {
    let mapping = std::fs::read_to_string(example(mapping)).unwrap();
    read_text(&mapping, &std::fs::read(example(data)).unwrap())
}

fn accepted(record: &Record) -> &Incoming {
    record.content.as_ref().unwrap()
}

#[test]
fn the_phone_sample_becomes_usage_in_order_of_time() {
    let (_, records) = read_example("mappings/phone.toml", "data/phone_sample.csv");
    #[rustfmt::skip]
    let expected = [
        // row, line, event id, instant (Irish summer time), service, base units, zone
        (1, 2, "0", "2019-06-03T07:15:00Z", "data", 12_500_000, "data"),
        (2, 3, "1", "2019-06-03T07:40:00Z", "voice", 61_000_000_000, "mobile"),
        (3, 4, "2", "2019-06-09T20:05:00Z", "sms", 1, "mobile"),
        (5, 6, "4", "2019-06-10T06:02:00Z", "voice", 35_000_000_000, "voicemail"),
        (4, 5, "3", "2019-06-11T12:30:00Z", "voice", 245_000_000_000, "landline"),
        (6, 7, "5", "2019-06-14T23:10:00Z", "sms", 1, "world"),
    ];
    let found: Vec<_> = records
        .iter()
        .map(|record| {
            let incoming = accepted(record);
            let Body::Usage(usage) = body(record) else {
                panic!("{record:?}")
            };
            assert_eq!(
                incoming.address,
                Some(Address::Account("PHONE-1".into(), None))
            );
            assert_eq!(incoming.currency.unwrap().code(), "EUR");
            assert_eq!(incoming.key.source.as_str(), "phone");
            (
                record.row,
                record.line,
                incoming.key.event_id.as_str(),
                incoming.occurred_at,
                usage.service.as_str(),
                usage.quantity,
                usage.zone.as_deref().unwrap(),
            )
        })
        .collect();
    let expected = expected.map(|(row, line, id, at, service, quantity, zone)| {
        (
            row,
            line,
            id,
            Timestamp::parse(at).unwrap(),
            service,
            quantity,
            zone,
        )
    });
    assert_eq!(found, expected);

    let openings: Vec<_> = records
        .iter()
        .filter_map(|record| record.opening.as_ref())
        .collect();
    assert_eq!(openings.len(), 1);
    let opening = openings[0];
    assert_eq!(records[0].opening.as_ref(), Some(opening));
    assert_eq!(opening.key.event_id.as_str(), "account/PHONE-1");
    assert_eq!(opening.occurred_at, accepted(&records[0]).occurred_at);
    let IncomingBody::Account(Body::CustomerAdded(added)) = &opening.body else {
        panic!()
    };
    assert_eq!((added.class.as_str(), added.cycle_day), ("residential", 15));
}

#[test]
fn the_shop_sample_becomes_purchases_whose_id_is_the_row() {
    let (id, records) = read_example("mappings/cdnow.toml", "data/shop_sample.txt");
    #[rustfmt::skip]
    let expected = [
        // row, account, instant (midnight in New York), units, dollars
        (3, "CDNOW-10031", "2001-01-04T05:00:00Z", 1, "15.00"),
        (4, "CDNOW-10031", "2001-01-04T05:00:00Z", 1, "15.00"),
        (1, "CDNOW-10007", "2001-01-05T05:00:00Z", 2, "31.50"),
        (5, "CDNOW-10044", "2001-02-08T05:00:00Z", 10, "118.40"),
        (2, "CDNOW-10007", "2001-03-12T05:00:00Z", 1, "12.25"),
    ];
    assert_eq!(records.len(), expected.len());
    for (record, (row, account, at, units, dollars)) in records.iter().zip(expected) {
        let incoming = accepted(record);
        let Body::Purchase(purchase) = body(record) else {
            panic!("{record:?}")
        };
        assert_eq!(record.row, row);
        assert_eq!(incoming.key.event_id.as_str(), format!("{id}/{row}"));
        assert_eq!(purchase.purchase.as_str(), format!("{id}/{row}"));
        assert_eq!(
            incoming.address,
            Some(Address::Account(account.into(), None))
        );
        assert_eq!(incoming.occurred_at, Timestamp::parse(at).unwrap());
        assert_eq!(purchase.method, "card");
        assert_eq!(purchase.lines[0].qty, units);
        assert_eq!(purchase.lines[0].net.unwrap().to_string(), dollars);
        assert!(!record.original.ends_with(b"\r"));
    }
    let opened: Vec<bool> = records
        .iter()
        .map(|record| record.opening.is_some())
        .collect();
    assert_eq!(opened, [true, false, true, true, false]);
}

const RICH: &str = r##"source = "med"
format = "csv"
header = false
delimiter = ";"
decimal = ","
comment = "#"
event_id = { column = "id", prefix = "x-" }
identifier = { kind = "msisdn", column = "a_number" }
[columns]
id = 1
day = 2
clock = 3
a_number = 4
kind = 5
value = 6
b_number = 7
network = 8
way = 9
[time]
column = ["day", "clock"]
formats = ["%Y%m%d %H:%M:%S%.f", "%Y%m%d %H:%M:%S%z", "rfc3339"]
zone = "Europe/Madrid"
[[record]]
when = { column = "kind", is = ["TEL", "MSG"] }
kind = "usage"
service = { column = "kind", values = { TEL = "voice" }, otherwise = "sms" }
quantity = { column = "value", unit = { voice = "min", sms = "events" } }
to = { column = "b_number" }
network = { column = "network" }
direction = { column = "way", values = { O = "originating", T = "terminating" } }
[[record]]
when = { column = "kind", is = "FEE" }
kind = "charge_added"
amount = { column = "value" }
code = "fee"
[[record]]
when = { column = "kind", is = "PAY" }
kind = "payment_received"
amount = { column = "value" }
method = "transfer"
"##;

#[test]
fn a_rich_mapping_makes_several_kinds() {
    let content = "# a comment\n\
        1;20260302;10:00:00.5;+34 600-000-001;TEL;1,5;+34 600-111-222;21407;O\n\
        2;20260302;10:00:00+0300;34600000001;MSG;1;;;T\n\
        3;20261025;02:30:00;34600000001;FEE;\"12,50\";;;\n\
        4;2026-03-02T10:00:00Z;;34600000001;PAY;20;;;\n";
    let (_, records) = read_text(RICH, content.as_bytes());
    let number = Identifier {
        kind: IdentifierKind::Msisdn,
        value: "34600000001".into(),
    };
    let instants = [
        "2026-03-02T09:00:00.5Z",
        "2026-03-02T07:00:00Z",
        // 02:30 came twice that night: the earlier one, still summer time.
        "2026-10-25T00:30:00Z",
        "2026-03-02T10:00:00Z",
    ];
    for (record, at) in records.iter().zip(instants) {
        let incoming = accepted(record);
        assert_eq!(incoming.address, Some(Address::Identifier(number.clone())));
        assert_eq!(incoming.occurred_at.to_string(), at);
        assert_eq!(incoming.key.event_id.as_str(), format!("x-{}", record.row));
        assert_eq!(record.line, record.row + 1);
    }
    let Body::Usage(call) = body(&records[0]) else {
        panic!()
    };
    assert_eq!(
        (call.service.as_str(), call.quantity),
        ("voice", 90_000_000_000)
    );
    assert_eq!(call.to, PartyNumber::split("34600111222"));
    assert_eq!(call.network.as_deref(), Some("21407"));
    assert_eq!(call.direction, Direction::Originating);
    let Body::Usage(message) = body(&records[1]) else {
        panic!()
    };
    assert_eq!((message.service.as_str(), message.quantity), ("sms", 1));
    assert!(message.to.is_empty());
    assert_eq!(
        (message.network.as_ref(), message.direction),
        (None, Direction::Terminating)
    );
    let Body::ChargeAdded(charge) = body(&records[2]) else {
        panic!()
    };
    assert_eq!(
        (charge.amount.to_string().as_str(), charge.code.as_str()),
        ("12.50", "fee")
    );
    let Body::PaymentReceived(payment) = body(&records[3]) else {
        panic!()
    };
    assert_eq!(
        (
            payment.payment.as_str(),
            payment.amount.to_string().as_str()
        ),
        ("x-4", "20.00")
    );
}

#[test]
fn bad_rows_are_refused_with_place_and_reason() {
    #[rustfmt::skip]
    let cases: &[(&[u8], Reason, &str)] = &[
        (b"1;20260302;10:00:00;34600000001;TEL;1", Reason::Unreadable, "6 columns where the mapping needs 9"),
        (b"1;20260302;10:00:00;34600000001;TEL;1;\"34;;", Reason::Unreadable, "quote"),
        (b"1;20260302;10:00:00;34600000001;TEL;\xff;;;", Reason::Unreadable, "UTF-8 from byte 36"),
        (b";20260302;10:00:00;34600000001;TEL;1;;;", Reason::MissingField, "column id"),
        (b"1;;;34600000001;TEL;1;;;", Reason::MissingField, "column day clock"),
        (b"1;02/03/2026;10:00:00;34600000001;TEL;1;;;", Reason::MalformedField, "none of the time formats"),
        (b"1;20260230;10:00:00;34600000001;TEL;1;;;", Reason::MalformedField, "none of the time formats"),
        (b"1;00260302;10:00:00;34600000001;TEL;1;;;", Reason::MalformedField, "none of the time formats"),
        (b"1;20260329;02:30:00;34600000001;TEL;1;;;", Reason::BadDate, "did not exist in Europe/Madrid"),
        (b"1;20260302;10:00:00;;TEL;1;;;", Reason::MissingField, "column a_number"),
        (b"1;20260302;10:00:00;lucia;TEL;1;;;", Reason::MalformedField, "34600111222"),
        (b"1;20260302;10:00:00;34600000001;FAX;1;;;", Reason::UnknownField, "[[record]]"),
        (b"1;20260302;10:00:00;34600000001;TEL;;;;", Reason::MissingField, "column value"),
        (b"1;20260302;10:00:00;34600000001;TEL;1.5;;;", Reason::MalformedField, "column value: `1.5`"),
        (b"1;20260302;10:00:00;34600000001;TEL;-2;;;", Reason::MalformedField, "negative"),
        (b"1;20260302;10:00:00;34600000001;MSG;1,5;;;", Reason::MalformedField, "finer than one event"),
        (b"1;20260302;10:00:00;34600000001;TEL;1;;;X", Reason::MalformedField, "no translation of `X`"),
        (b"1;20260302;10:00:00;34600000001;TEL;1;;abc;", Reason::MalformedField, "network (column network): \"abc\" is no network code"),
        (b"1;20260302;10:00:00;34600000001;TEL;1;;208019999999;", Reason::MalformedField, "five or six digits"),
        (b"1;20260302;10:00:00;34600000001;TEL;1;1\x0012;;", Reason::MalformedField, "to (column b_number): has control characters"),
        (b"1;20260302;10:00:00;34600000001;FEE;abc;;;", Reason::MalformedField, "column value: `abc`"),
        (b"1;20260302;10:00:00;34600000001;FEE;;;;", Reason::MissingField, "column value"),
    ];
    for (line, reason, part) in cases {
        let shown = String::from_utf8_lossy(line);
        let (_, records) = read_text(RICH, line);
        let refusal = records[0].content.as_ref().expect_err(&shown);
        assert_eq!(
            refusal.rejection.reason, *reason,
            "{shown}: {}",
            refusal.rejection
        );
        assert!(
            refusal.rejection.detail.contains(part),
            "{shown}: {}",
            refusal.rejection
        );
        assert_eq!(records[0].original, *line);
        assert!(records[0].opening.is_none());
    }
    // What could be read goes with the refusal.
    let (_, records) = read_text(RICH, b"7;20260302;10:00:00;lucia;TEL;1;;;");
    let refusal = records[0].content.as_ref().unwrap_err();
    assert_eq!(refusal.key.as_ref().unwrap().event_id.as_str(), "x-7");
    assert_eq!(
        refusal.occurred_at.unwrap().to_string(),
        "2026-03-02T09:00:00Z"
    );
}

#[test]
fn a_header_must_fit_and_so_must_every_row() {
    let mapping = "source = \"s\"\nformat = \"csv\"\nevent_id = { column = \"id\" }\naccount = \"A\"\n\
        member = { column = \"line\" }\n[time]\ncolumn = \"at\"\nformats = [\"rfc3339\"]\nzone = \"UTC\"\n\
        [[record]]\nkind = \"usage\"\nservice = \"sms\"\nquantity = 1\n";
    let good = b"\xef\xbb\xbfline,\"at\", id \nM1,2026-01-01T00:00:00Z,1\nM1,2026-01-01T00:00:00Z\n,2026-01-01T00:00:00Z,3,\n";
    let (_, records) = read_text(mapping, good);
    let address = Address::Account(AccountId::new("A"), Some(MemberId::new("M1")));
    assert_eq!(accepted(&records[0]).address, Some(address));
    for record in &records[1..] {
        let refusal = record.content.as_ref().unwrap_err();
        assert!(
            refusal.rejection.detail.contains("header has 3"),
            "{}",
            refusal.rejection
        );
    }
    for header in ["line,at", "line,at,ID", "line,at,id,id", "", "line;at;id"] {
        let mapping = Arc::new(Mapping::parse("m.toml", mapping).unwrap());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(header.as_bytes()).unwrap();
        let options = Options {
            mapping: Some(mapping),
            ..Options::default()
        };
        let error = SourceFile::open(file.path().to_str().unwrap(), &options).err();
        assert_eq!(error.expect(header).code, "I-0005", "{header}");
    }
}

#[test]
fn accounts_that_are_known_are_not_created() {
    let mapping = std::fs::read_to_string(example("mappings/cdnow.toml")).unwrap();
    let options = Options {
        mapping: Some(Arc::new(Mapping::parse("m.toml", &mapping).unwrap())),
        ..Options::default()
    };
    let path = example("data/shop_sample.txt");
    let mut source = SourceFile::open(path.to_str().unwrap(), &options).unwrap();
    // Taken up again behind the first record: its account is known, the second one is new.
    assert_eq!(source.skip_records(1).unwrap(), 1);
    let known = |account: &AccountId| account.as_str() == "CDNOW-10031";
    let mut opened = Vec::new();
    while let Some(record) = source.next_record(&known).unwrap() {
        opened.extend(
            record
                .opening
                .map(|opening| opening.key.event_id.to_string()),
        );
    }
    assert_eq!(opened, ["account/CDNOW-10007", "account/CDNOW-10044"]);
    assert_eq!(source.progress().records, 5);
}

#[test]
fn a_list_of_printed_cards_goes_into_stock() {
    let mapping = "source = \"printer\"\nformat = \"csv\"\nevent_id = { column = \"box\" }\naccount = \"SHOP\"\n[time]\n\
        column = \"date\"\nformats = [\"rfc3339\"]\nzone = \"UTC\"\n[[record]]\nkind = \"cards_stocked\"\ntype = \"club\"\n\
        number = { column = \"from\" }\nlast = { column = \"to\" }\npersonalised_for = { column = \"for\" }\n";
    let content = "box,date,from,to,for\nb1,2026-03-02T10:00:00Z,20001,20500,\nb2,2026-03-02T10:00:00Z,30001,,A1\n";
    let (_, records) = read_text(mapping, content.as_bytes());
    let body = |number: &str, last: Option<&str>, holder: Option<&str>| {
        IncomingBody::Account(Body::CardsStocked(CardsStocked {
            card_type: "club".into(),
            number: number.into(),
            last: last.map(Into::into),
            personalised_for: holder.map(Into::into),
        }))
    };
    assert_eq!(
        accepted(&records[0]).body,
        body("20001", Some("20500"), None)
    );
    assert_eq!(accepted(&records[1]).body, body("30001", None, Some("A1")));
}
