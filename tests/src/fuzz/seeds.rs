//! Inputs and records of the journal that are valid: one of every kind.

use super::decide;
use umbral_model::ids::PartitionNo;
use umbral_model::input::Incoming;
use umbral_model::journal::{Commit, Counts, Frame, SourcePosition};
use umbral_model::time::Timestamp;
use umbral_wire::{frame, json as text, proto};

/// Bodies with the fields that they need.
const BODIES: [&str; 58] = [
    r#""customer_added":{"class":"standard","plan":"basic","time_zone":"Europe/Madrid","cycle_day":5,"vip_rank":1}"#,
    r#""member_added":{"member_id":"M1","identifiers":[{"kind":"msisdn","value":"34600000001"}]}"#,
    r#""usage":{"service":"voice","direction":"originating","to":"34600111222","quantity":"61s"}"#,
    r#""usage":{"service":"sms","to":"34600111222","quantity":"40"}"#,
    r#""usage":{"service":"data","quantity":"350MB","duration":"2h"}"#,
    r#""usage":{"service":"data","quantity":"1GB","network":"20801","scope":"roaming_data"}"#,
    r#""usage":{"service":"voice","direction":"terminating","to":"33600111222","quantity":"9223372036"}"#,
    r#""charge_added":{"amount":"9223372036854.775807","code":"x"}"#,
    r#""charge_added":{"amount":"-3.50","code":"y"}"#,
    r#""purchase":{"purchase_id":"P1","method":"card","location":"L","lines":[{"category":"c","item":"i","qty":2,"net":"21.90","tax":"1.00"}]}"#,
    r#""purchase":{"purchase_id":"P2","method":"on_account","lines":[{"category":"product","item":"extra","qty":1,"net":"2.00"}]}"#,
    r#""purchase":{"purchase_id":"P3","method":"on_account","lines":[{"category":"product","item":"phone","qty":1,"net":"100.00"}]}"#,
    r#""bill_issued":{"bill_id":"B1","cycle_end":"2026-03-05","amount":"35.20","due_on":"2026-03-15"}"#,
    r#""bill_issued":{"bill_id":"B2","cycle_end":"2026-04-05","amount":"9223372036854.77","due_on":"2026-04-15"}"#,
    r#""bill_voided":{"bill_id":"B1"}"#,
    r#""payment_received":{"payment_id":"PAY1","amount":"35.20","method":"transfer"}"#,
    r#""payment_received":{"payment_id":"PAY2","amount":"5.00","method":"card","pending":true,"allocations":[{"bill_id":"B1","amount":"5.00"}]}"#,
    r#""payment_reversed":{"payment_id":"PAY1"}"#,
    r#""credit_note":{"bill_id":"B1","amount":"1.00"}"#,
    r#""write_off":{"bill_id":"B1","amount":"1.00"}"#,
    r#""dispute_opened":{"dispute_id":"D1","bill_id":"B1","amount":"10.00"}"#,
    r#""dispute_resolved":{"dispute_id":"D1","accepted_amount":"4.00"}"#,
    r#""promise_made":{"promise_id":"Q1","instalments":[{"amount":"10.00","due_on":"2026-03-20"}]}"#,
    r#""promise_cancelled":{}"#,
    r#""hold_set":{"reason":"manual","until":"2026-03-25"}"#,
    r#""hold_cleared":{"reason":"manual"}"#,
    r#""class_changed":{"class":"vip","effective":"next_cycle"}"#,
    r#""plan_changed":{"plan":"basic","effective":"now"}"#,
    r#""time_zone_changed":{"time_zone":"UTC"}"#,
    r#""limit_overridden":{"measure":"exposure","amount":"70.00","until":"2026-04-01"}"#,
    r#""deposit_received":{"amount":"10.00"}"#,
    r#""member_removed":{"member_id":"M1"}"#,
    r#""tier_granted":{"tier":"gold","until":"2026-12-31"}"#,
    r#""card_issued":{"number":"CARD01","type":"club","valid_until":"2026-12-31"}"#,
    r#""card_closed":{"number":"CARD01","reason":"handed back"}"#,
    r#""card_issued":{"type":"club"}"#,
    r#""card_confirmed":{"number":"CARD01"}"#,
    r#""card_lost_reported":{"number":"CARD01"}"#,
    r#""card_replaced":{"old":"CARD01","new":"CARD02"}"#,
    r#""card_renewed":{"number":"CARD02","valid_until":"2027-12-31"}"#,
    r#""card_checked":{"card":"CARD02","result":"holder"}"#,
    r#""enrolled":{"identifier":{"kind":"phone","value":"34600000002"},"programme":"club"}"#,
    r#""visit":{"location":"L","card":"CARD02"}"#,
    r#""purchase":{"purchase_id":"P4","method":"cash","identifier":{"kind":"card","value":"CARD02"},"points_part":{"redemption_id":"R1","amount":"2.00"},"lines":[{"item":"i","net":"21.90"}]}"#,
    r#""purchase_claimed":{"purchase_id":"P5"}"#,
    r#""refund":{"refund_id":"RF1","purchase_id":"P1","lines":[{"item":"i","net":"5.00"}]}"#,
    r#""refund":{"refund_id":"RF2","purchase_id":"P1","amount":"1.00","points":3}"#,
    r#""redemption_requested":{"redemption_id":"R1","points":100,"channel":"till","code_confirmed":true}"#,
    r#""redemption_requested":{"redemption_id":"R2","reward":"parking","quantity":2,"channel":"app","ledger":"club/main"}"#,
    r#""redemption_committed":{"redemption_id":"R1"}"#,
    r#""redemption_released":{"redemption_id":"R2"}"#,
    r#""points_adjusted":{"points":-5,"reason":"mistake"},"actor":"ops""#,
    r#""points_voided":{"source_ref":"P1","reason":"fraud"},"actor":"ops""#,
    r#""points_voided":{"lots":["1","2"],"reason":"fraud"},"actor":"ops""#,
    r#""effort_scored":{"score":6}"#,
    r#""usage_corrected":{"corrects":"e2","usage":{"service":"voice","to":"34600111222","quantity":"30s"}}"#,
    r#""usage_cancelled":{"cancels":"e3"}"#,
    r#""tick":{}"#,
];

/// All bodies as lines, each an hour after the one before.
pub(super) fn lines() -> Vec<String> {
    let line = |(number, body): (usize, &&str)| {
        let (day, hour) = (1 + number / 24, number % 24);
        format!(
            r#"{{"source":"test","event_id":"e{number}","occurred_at":"2026-03-{day:02}T{hour:02}:00:00Z","account_id":"A{}",{body}}}"#,
            number % 40 / 39,
        )
    };
    BODIES.iter().enumerate().map(line).collect()
}

pub(super) fn json() -> Vec<Vec<u8>> {
    lines().into_iter().map(String::into_bytes).collect()
}

fn inputs() -> Vec<Incoming> {
    let lines = lines();
    let parsed = lines
        .iter()
        .filter_map(|line| text::parse_incoming(line.as_bytes()).ok());
    parsed.collect()
}

pub(super) fn protobuf() -> Vec<Vec<u8>> {
    let encoded = |incoming: &Incoming| {
        let mut out = Vec::new();
        proto::encode_incoming(incoming, &mut out);
        out
    };
    inputs().iter().map(encoded).collect()
}

pub(super) fn delimited() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for incoming in inputs() {
        proto::encode_delimited(&incoming, &mut all);
    }
    vec![all]
}

pub(super) fn frames() -> Vec<Vec<u8>> {
    let entries = decide::entries_of(&lines());
    let framed = entries.chunks(7).enumerate().map(|(batch, entries)| {
        let frame = Frame {
            partition: PartitionNo(3),
            logic_version: 1,
            batch: batch as u64 + 1,
            entries: entries.to_vec(),
        };
        let mut out = Vec::new();
        frame::encode(&frame, &mut out);
        out
    });
    framed.collect()
}

pub(super) fn commits() -> Vec<Vec<u8>> {
    let source = SourcePosition {
        id: "0123456789abcdef".into(),
        name: "file.ndjson".to_owned(),
        records: 1_000,
        done: true,
    };
    let commit = Commit {
        batch: 7,
        position: 1_000,
        clock: Timestamp::from_seconds(1_770_000_000),
        counts: Counts {
            inputs: 1_000,
            applied: 900,
            duplicates: 60,
            quarantined: 40,
        },
        sources: vec![source],
        resubmitted: vec![4, 5, 6],
        ..Commit::default()
    };
    let mut out = Vec::new();
    frame::encode_commit(&commit, &mut out);
    vec![out]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_an_input() {
        for line in lines() {
            let parsed = text::parse_incoming(line.as_bytes());
            assert!(parsed.is_ok(), "{parsed:?}: {line}");
        }
    }
}
