//! The bytes of rows in snapshots: their layout changes with its version only, and bytes that are no rows are an
//! error and never a panic. `UMBRAL_TEST_BLESS=1` writes the golden file of a new version.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use smol_str::SmolStr;
use std::path::PathBuf;
use umbral_engine::{Partition, Portion, STATE_LAYOUT};
use umbral_model::journal::Outcome;
use umbral_tests::stage::Stage;

const TARIFF: &str = r#"
[zone.national]
prefixes = ["34"]
[rate.counted]
tiers = [ { up_to = "3 events", price = "0.12 per event" }, { price = "0.07 per event" } ]
tier_kind = "volume"
[rate.call]
price = "0.10 per minute"
[plan.bundle]
monthly_fee = "9.90"
proration = "daily"
rules = [
  { service = "voice", zone = "national", rate = "call" },
  { service = "sms", rate = "counted" },
]
allowances = [
  { name = "5 minutes", service = "voice", zone = "national", units = "5m", shared = false, warn_at = ["50%", "100%"] },
]
[product.phone]
price = "100.00"
instalments = 3
[class.standard]
limit.exposure = "20.00"
warn_at = ["50%", "80%"]
on_breach = ["warn_sms", "bar outgoing"]
"#;

/// An account in which as much as possible has happened with its tariff.
fn tariff_stage() -> Stage {
    let head = "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\nvalid_from = 2026-01-01\n";
    let files: [(SmolStr, SmolStr); 2] = [
        ("catalog.toml".into(), head.into()),
        ("tariff.toml".into(), TARIFF.into()),
    ];
    let mut stage = Stage::with_files(&files, 1).unwrap();
    let at = |hour: u32| format!("2026-03-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
    let opened = json!({"class": "standard", "plan": "bundle", "time_zone": "Europe/Madrid", "cycle_day": 5, "vip_rank": 2});
    let call =
        json!({"member_id": "M1", "service": "voice", "to": "34911222333", "quantity": "200s"});
    let steps: [(&str, Value); 12] = [
        ("customer_added", opened),
        (
            "member_added",
            json!({"member_id": "M1", "identifiers": [{"kind": "msisdn", "value": "34600000001"}]}),
        ),
        ("usage", call.clone()),
        ("usage", call),
        (
            "usage",
            json!({"service": "sms", "to": "34911222333", "quantity": "5"}),
        ),
        (
            "usage_corrected",
            json!({"member_id": "M1", "corrects": "t2", "usage": {"service": "voice", "to": "34911222333", "quantity": "90s"}}),
        ),
        ("usage_cancelled", json!({"cancels": "never"})),
        (
            "purchase",
            json!({"purchase_id": "P", "method": "on_account", "lines": [{"category": "c", "item": "phone", "qty": 1}]}),
        ),
        (
            "tier_granted",
            json!({"tier": "gold", "until": "2026-06-30"}),
        ),
        (
            "card_issued",
            json!({"number": "7000111", "type": "blue", "valid_until": "2027-02-28"}),
        ),
        (
            "plan_changed",
            json!({"plan": "bundle", "effective": "next_cycle"}),
        ),
        ("charge_added", json!({"amount": "15.00", "code": "x"})),
    ];
    for (number, (kind, body)) in steps.into_iter().enumerate() {
        stage.tick(&at(number as u32));
        stage.input("T", &format!("t{number}"), &at(number as u32), kind, body);
    }
    stage.tick(&at(6 * 24));
    stage
}

/// Accounts in which as much as possible has happened with their debts.
fn credit_stage() -> Stage {
    let config = json!({
        "currency": "EUR", "prices": {"sms": "0.50"},
        "classes": {
            "one": {"schedule": "quick", "measures": [
                {"measure": "exposure", "limit": "40", "on_breach": ["bar outgoing"],
                 "warn": [{"id": "half", "bps": 5000}]}]},
            "two": {"measures": []}},
        "schedules": {"quick": {"version": "q1", "entry_amount": "10.00", "exit_amount": "2.00", "entry_days": 1,
            "steps": [{"action": "sms", "offset": 2, "severity": 10}, {"action": "bar data", "offset": 9, "severity": 50}]}},
    });
    let mut stage = Stage::with_partitions(config, 2).unwrap();
    let at = |day: u32| format!("2026-03-{:02}T10:00:00Z", 1 + day);
    let bill = |id: &str, due: &str| json!({"bill_id": id, "amount": "30.00", "due_on": due, "cycle_end": "2026-03-05"});
    let steps: [(u32, &str, Value); 14] = [
        (
            0,
            "customer_added",
            json!({"class": "one", "time_zone": "UTC", "cycle_day": 5}),
        ),
        (0, "usage", json!({"service": "sms", "quantity": "30"})),
        (4, "bill_issued", bill("B1", "2026-03-06")),
        (
            4,
            "payment_received",
            json!({"payment_id": "P1", "amount": "3.00", "method": "m", "pending": true}),
        ),
        (
            5,
            "payment_received",
            json!({"payment_id": "P2", "amount": "5.00", "method": "m"}),
        ),
        (
            5,
            "limit_overridden",
            json!({"measure": "exposure", "amount": "20.00", "until": "2026-03-30"}),
        ),
        (5, "deposit_received", json!({"amount": "1.00"})),
        (
            9,
            "promise_made",
            json!({"promise_id": "Q", "instalments": [{"amount": "4.00", "due_on": "2026-03-12"}]}),
        ),
        (
            10,
            "dispute_opened",
            json!({"dispute_id": "D", "bill_id": "B1", "amount": "6.00"}),
        ),
        (
            10,
            "hold_set",
            json!({"reason": "manual", "until": "2026-03-12"}),
        ),
        (
            13,
            "restriction_changed",
            json!({"service": "data", "barred": true, "source": "fraud"}),
        ),
        (
            14,
            "class_changed",
            json!({"class": "two", "effective": "2026-03-30"}),
        ),
        (
            14,
            "credit_note",
            json!({"bill_id": "B1", "amount": "1.00"}),
        ),
        (20, "usage", json!({"service": "sms", "quantity": "3"})),
    ];
    for (number, (day, kind, body)) in steps.into_iter().enumerate() {
        stage.tick(&at(day));
        for account in ["C", "D"] {
            stage.input(account, &format!("c{number}"), &at(day), kind, body.clone());
        }
    }
    stage
}

#[test]
fn everything_that_was_to_happen_happened() {
    for (stage, kinds) in [
        (
            tariff_stage(),
            "usage_corrected correction_parked instalments_agreed tier_set card_issued allowance_threshold_crossed",
        ),
        (
            credit_stage(),
            "case_opened step_due promise_noted promise_broken hold_noted dispute_noted limit_set deposit_posted restriction_noted class_change_scheduled threshold_crossed",
        ),
    ] {
        let refused: Vec<_> = stage
            .entries()
            .filter(|entry| entry.outcome != Outcome::Applied)
            .collect();
        assert!(refused.is_empty(), "{refused:?}");
        let happened: Vec<&str> = stage
            .entries()
            .flat_map(|entry| &entry.events)
            .map(|event| event.event.body.kind())
            .collect();
        for kind in kinds.split(' ') {
            assert!(happened.contains(&kind), "{kind} is not in {happened:?}");
        }
    }
}

fn golden() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden");
    folder.join(format!("rows-{STATE_LAYOUT}.bin"))
}

/// The rows once read, as bytes again.
fn again(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut partition = Partition::new();
    partition.read_rows(bytes, 1).map_err(|bad| bad.0)?;
    let all = Portion {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
    let mut written = Vec::new();
    partition.write_rows(0, &all, &mut written);
    Ok(written)
}

#[test]
fn the_layout_of_rows_changes_with_its_version_only() {
    if std::env::var_os("UMBRAL_TEST_BLESS").is_some() {
        std::fs::create_dir_all(golden().parent().unwrap()).unwrap();
        let rows = [tariff_stage().rows(), credit_stage().rows()].concat();
        std::fs::write(golden(), rows).unwrap();
    }
    let rows = std::fs::read(golden());
    let rows = rows.expect(
        "tests/golden holds rows of this STATE_LAYOUT; write them with UMBRAL_TEST_BLESS=1",
    );
    assert!(
        again(&rows) == Ok(rows),
        "types of the state were changed: count STATE_LAYOUT up, and write new rows with UMBRAL_TEST_BLESS=1"
    );
}

#[test]
fn rows_that_are_written_are_read_as_they_were() {
    for stage in [tariff_stage(), credit_stage()] {
        let rows = stage.rows();
        assert_eq!(again(&rows), Ok(rows.clone()));
        let mut partition = Partition::new();
        partition.read_rows(&rows, 1).unwrap();
        let mut hashes = partition.account_hashes();
        hashes.sort();
        assert_eq!(hashes, stage.account_hashes());
    }
}

#[test]
fn bytes_that_are_no_rows_are_refused() {
    let rows = [tariff_stage().rows(), credit_stage().rows()].concat();
    let mut seed = 1u64;
    let mut random = move |bound: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % bound
    };
    let mut refused = 0;
    let rounds = 30_000;
    for _ in 0..rounds {
        let mut bytes = rows.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = 0xff,
                2 => bytes.truncate(at + 1),
                _ => {
                    bytes.remove(at);
                    bytes.push(0);
                }
            }
        }
        let mut partition = Partition::new();
        match partition.read_rows(&bytes, 1) {
            Ok(_) => {
                std::hint::black_box(partition.state_hash());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > rounds / 4, "{refused} of {rounds} were refused");
}
