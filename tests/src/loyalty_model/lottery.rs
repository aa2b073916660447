//! Random programmes, and random lives under them.

use super::life::{ACCOUNTS, Life, Step, instant, money};
use crate::tariff_model::days::{DAY, minute_of};
use crate::tariff_model::random::Random;
use serde_json::{Value, json};

const ZONES: [chrono_tz::Tz; 5] = [
    chrono_tz::Europe::Madrid,
    chrono_tz::America::Sao_Paulo,
    chrono_tz::UTC,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Australia::Lord_Howe,
];
const CATEGORIES: [&str; 4] = ["food", "books", "tobacco", "gift"];
const ITEMS: [&str; 4] = ["I1", "I2", "I3", "I4"];
const PLACES: [&str; 2] = ["L1", "L2"];
const CHANNELS: [&str; 3] = ["shop", "web", "invoice"];
const TYPES: [&str; 3] = ["club", "gold", "store"];
const PHONES: [&str; 3] = ["34600000001", "34600000002", "34600000003"];

fn rules(random: &mut Random) -> Value {
    let mut rules = Vec::new();
    if random.chance(40) {
        rules.push(json!({"match": {"category": ["tobacco", "gift"]}, "exclude": true}));
    }
    if random.chance(20) {
        rules.push(json!({"match": {"member_category": "staff"}, "exclude": true}));
    }
    if random.chance(40) {
        let units = random.within(1, 3);
        rules.push(json!({"match": {"category": "food"}, "points": random.within(1, 5), "per": "7.50", "min_units": units}));
    }
    if random.chance(30) {
        let key = random.pick(&["item", "location", "partner", "method", "card_line"]);
        let value = match key {
            "item" => "I1",
            "location" => "L1",
            "partner" => "parking",
            "method" => "cash",
            _ => "store",
        };
        let (multiplied, qualifying) = (random.chance(50), random.chance(50));
        rules.push(
            json!({"match": {key: value}, "points": random.within(1, 4), "per": "5.00",
            "multiplied": multiplied, "qualifying": qualifying}),
        );
    }
    if random.chance(80) {
        rules.push(json!({"points": 1, "per": random.pick(&["10.00", "3.33", "5.00"])}));
    } else {
        rules.push(json!({"match": {"category": ["food", "books"]}, "points": 2, "per": "10.00"}));
    }
    if random.chance(50) {
        rules.push(json!({"source": "invoice", "points": random.within(1, 3), "per": "10.00"}));
    }
    if random.chance(50) {
        rules.push(
            json!({"source": "visit", "match": {"location": "L1"}, "points": random.within(1, 3),
            "multiplied": random.chance(50), "qualifying": random.chance(70)}),
        );
    }
    json!(rules)
}

fn tiers(random: &mut Random, club: &mut Value) {
    let (silver, gold) = (random.within(5, 30), random.within(31, 80));
    let (low, high) = (random.within(0, 200), random.within(50, 500));
    club["tiers"] = json!([
        {"name": "ordinary", "from": 0},
        {"name": "silver", "from": silver, "retain": money(low * 100), "multiplier_bps": random.pick(&[10_000, 15_000, 12_500])},
        {"name": "gold", "from": gold, "retain": money(high * 100), "multiplier_bps": random.pick(&[10_000, 20_000, 13_333])},
    ]);
    if random.chance(80) {
        club["tier_validity_months"] = json!(random.pick(&[1, 1, 2, 3]));
        club["demotion"] = json!(random.pick(&["one_down", "recompute"]));
        club["tier_correction_days"] = json!(random.pick(&[5, 30]));
        if random.chance(50) {
            club["tier_notice_days"] = json!([random.within(1, 20)]);
        }
    }
    if random.chance(30) {
        club["vip_floor"] = json!({"2": "silver"});
    }
}

fn cards(random: &mut Random, club: &mut Value) {
    for (kind, line) in [("club", "-"), ("gold", "-"), ("store", "store")] {
        let mut card = json!({"line": line});
        if random.chance(25) {
            card["confirm"] = json!(true);
        }
        if random.chance(25) {
            card["code"] = json!(true);
        }
        if random.chance(60) {
            card["validity_months"] = json!(random.pick(&[1, 2, 3]));
            card["freeze_lots"] = json!(random.chance(50));
            card["renew_from"] = json!(random.pick(&["renewal", "old_end"]));
            if random.chance(60) {
                card["renewal_window_days"] = json!(random.pick(&[5, 20, 60]));
            }
        }
        club["card_types"][kind] = card;
    }
}

fn programme(random: &mut Random, opened: i64) -> Value {
    let change = opened + random.within(20, 120) * DAY;
    let mut versions = vec![
        json!({"version": "1", "effective_from": "2000-01-01T00:00:00Z", "rules": rules(random)}),
    ];
    if random.chance(40) {
        versions.push(
            json!({"version": "2", "effective_from": instant(change), "rules": rules(random)}),
        );
    }
    let mut club = json!({"versions": versions, "card_types": {}});
    let is_some = random.chance(75);
    club["expiry"] = match is_some {
        true => {
            json!({"months": random.within(0, 2), "days": random.pick(&[0, 10, 45]), "month_end": random.chance(50)})
        }
        false => Value::Null,
    };
    if club["expiry"]["months"] == 0 && club["expiry"]["days"] == 0 {
        club["expiry"]["days"] = json!(20);
    }
    if random.chance(50) {
        club["expiry_notice_days"] = json!([random.within(1, 20)]);
    }
    if random.chance(40) {
        club["pending_days"] = json!(random.pick(&[1, 5, 14]));
    }
    club["invoice"] = json!(random.pick(&["default", "progressive"]));
    club["refund_policy"] = json!(random.pick(&["debt", "debt", "within_balance", "only_pending"]));
    if club["refund_policy"] == "debt" && random.chance(30) {
        club["max_debt"] = json!(random.within(2, 10));
    }
    if random.chance(30) {
        club["reward_grace_days"] = json!(random.within(1, 20));
    }
    if random.chance(40) {
        club["reward_levels"] = json!([10, 25]);
    }
    club["redemption"] = json!({"catalogue": {"wash": 4, "ticket": 11}});
    if random.chance(40) {
        club["redemption"]["min_points"] = json!(3);
    }
    if random.chance(40) {
        club["redemption"]["timeout_minutes"] = json!(random.pick(&[30, 3_000]));
    }
    if random.chance(50) {
        club["redemption"]["closed_channels"] = json!(["invoice"]);
    }
    if random.chance(70) {
        tiers(random, &mut club);
    }
    if random.chance(40) {
        club["inactive_months"] = json!(random.pick(&[1, 1, 2]));
        club["inactive_notice_days"] = json!([random.within(8, 30), random.within(1, 7)]);
    }
    club["claim_window_days"] = json!(random.pick(&[10, 30]));
    club["correction_days"] = json!(random.pick(&[5, 30]));
    club["refund_horizon_days"] = json!(random.pick(&[5, 30]));
    club["tax"] = json!(random.pick(&["net", "gross"]));
    if random.chance(10) {
        club["default_line"] = Value::Null;
    }
    cards(random, &mut club);
    club
}

/// What a life has so far: how many of everything.
struct Known {
    purchases: Vec<String>,
    redemptions: usize,
    cards: Vec<String>,
    /// Bills with what is left of them, and payments.
    bills: Vec<(Option<&'static str>, i64)>,
    payments: usize,
    refunds: usize,
}

fn lines(random: &mut Random) -> Vec<Value> {
    let count = random.within(1, 3);
    let line = |random: &mut Random| {
        let net = random.within(300, 9_000);
        let mut line = json!({"item": random.pick(&ITEMS), "net": money(net), "category": random.pick(&CATEGORIES)});
        if random.chance(25) {
            line["discount"] = json!(money(random.within(1, net - 1)));
        }
        if random.chance(40) {
            line["tax"] = json!(money(random.within(1, 1_000)));
        }
        line
    };
    (0..count).map(|_| line(random)).collect()
}

fn purchase(random: &mut Random, known: &mut Known, is_known: bool) -> Value {
    let id = format!("P{}", known.purchases.len() + 1);
    let mut body = json!({"purchase_id": id, "lines": lines(random)});
    known.purchases.push(id);
    if random.chance(30) {
        body["method"] = json!(random.pick(&["cash", "card"]));
    }
    if random.chance(30) {
        body["location"] = json!(random.pick(&PLACES));
    }
    if random.chance(15) {
        body["partner"] = json!("parking");
    }
    if is_known && !known.cards.is_empty() && random.chance(40) {
        let card = &known.cards[random.below(known.cards.len())];
        body["identifier"] = json!({"kind": "card", "value": card});
    }
    if is_known && known.redemptions > 0 && random.chance(15) {
        let id = format!("R{}", 1 + random.below(known.redemptions));
        body["points_part"] = json!({"redemption_id": id, "amount": money(random.within(50, 290))});
    }
    body
}

fn refund(random: &mut Random, known: &mut Known) -> Value {
    known.refunds += 1;
    let next = random.below(known.purchases.len() + 2) + 1;
    let mut body =
        json!({"refund_id": format!("F{}", known.refunds), "purchase_id": format!("P{next}")});
    if random.chance(45) {
        body["lines"] =
            json!([{"item": random.pick(&ITEMS), "net": money(random.within(100, 6_000))}]);
    }
    if body["lines"].is_null() {
        body["amount"] = json!(money(random.within(100, 6_000)));
    }
    if random.chance(25) {
        body["points"] = json!(random.within(1, 8));
    }
    body
}

fn redemption(random: &mut Random, known: &mut Known) -> Value {
    known.redemptions += 1;
    let mut body = json!({"redemption_id": format!("R{}", known.redemptions), "channel": random.pick(&CHANNELS)});
    match random.chance(30) {
        true => {
            body["reward"] = json!(random.pick(&["wash", "ticket", "yacht"]));
            if random.chance(30) {
                body["quantity"] = json!(2);
            }
        }
        false => body["points"] = json!(random.within(1, 15)),
    }
    if !known.cards.is_empty() && random.chance(60) {
        body["card"] = json!(known.cards[random.below(known.cards.len())]);
    } else if random.chance(60) {
        body["ledger"] = json!(random.pick(&["club/-", "club/-", "club/store"]));
    }
    if random.chance(60) {
        body["code_confirmed"] = json!(true);
    }
    body
}

fn on_card(random: &mut Random, known: &mut Known) -> (&'static str, Value) {
    if known.cards.is_empty() || random.chance(25) {
        let number = format!("1000{}", known.cards.len() + 1);
        known.cards.push(number.clone());
        return (
            "card_issued",
            json!({"number": number, "type": random.pick(&TYPES)}),
        );
    }
    let number = known.cards[random.below(known.cards.len())].clone();
    match random.below(6) {
        0 => ("card_confirmed", json!({"number": number})),
        1 => ("card_lost_reported", json!({"number": number})),
        2 => {
            let new = format!("1000{}", known.cards.len() + 1);
            known.cards.push(new.clone());
            ("card_replaced", json!({"old": number, "new": new}))
        }
        3 => ("card_closed", json!({"number": number, "reason": "asked"})),
        _ => ("card_renewed", json!({"number": number})),
    }
}

fn billing(
    random: &mut Random,
    known: &mut Known,
    account: &'static str,
    month: String,
) -> (&'static str, Value) {
    let own: Vec<usize> = (0..known.bills.len())
        .filter(|b| known.bills[*b].0 == Some(account))
        .collect();
    if own.is_empty() || random.chance(30) {
        let amount = random.within(20, 200) * 100;
        let id = format!("B{}", known.bills.len() + 1);
        known.bills.push((Some(account), amount));
        let mut body = json!({"bill_id": id, "cycle_end": month, "amount": money(amount), "due_on": "2030-12-31"});
        if random.chance(40) {
            let bought = format!("P{}", random.below(known.purchases.len() + 1));
            body["lines"] = json!([{"item": "I1", "net": money(amount / 4), "purchase_id": bought},
                {"item": "I2", "net": money(amount - amount / 4)}]);
        }
        return ("bill_issued", body);
    }
    let bill = own[random.below(own.len())];
    let id = format!("B{}", bill + 1);
    let left = &mut known.bills[bill].1;
    if *left > 0 && random.chance(75) {
        let part = if random.chance(50) {
            *left
        } else {
            random.within(1, *left)
        };
        *left -= part;
        let amount = money(part);
        if random.chance(80) {
            known.payments += 1;
            let payment = format!("Y{}", known.payments);
            return (
                "payment_received",
                json!({"payment_id": payment, "amount": amount, "method": "cash",
                "allocations": [{"bill_id": id, "amount": amount}]}),
            );
        }
        let kind = random.pick(&["credit_note", "write_off"]);
        return (kind, json!({"bill_id": id, "amount": amount}));
    }
    let payment = format!("Y{}", random.below(known.payments.max(1)) + 1);
    ("payment_reversed", json!({"payment_id": payment}))
}

/// A visit, an enrolment, or something that a clerk does.
fn by_hand(
    random: &mut Random,
    known: &Known,
    account: &'static str,
    day: &str,
) -> (&'static str, Value) {
    match random.below(11) {
        0..3 => {
            let mut body = json!({"location": random.pick(&PLACES)});
            if !known.cards.is_empty() && random.chance(30) {
                body["card"] = json!(known.cards[random.below(known.cards.len())]);
            }
            ("visit", body)
        }
        3..5 => {
            let phone = if account == "A" { PHONES[0] } else { PHONES[1] };
            let with = random.chance(70);
            let body = if with {
                json!({"identifier": {"kind": "msisdn", "value": phone}})
            } else {
                json!({})
            };
            ("enrolled", body)
        }
        5..7 => {
            let points = random.within(1, 12) * random.pick(&[1, 1, -1]);
            let body = json!({"points": points, "reason": "by hand", "ledger": "club/-"});
            ("points_adjusted", body)
        }
        7..9 => {
            let id = format!("P{}", random.below(known.purchases.len() + 1) + 1);
            let by_source = random.chance(60);
            let mut body = json!({"reason": "fraud"});
            match by_source {
                true => body["source_ref"] = json!(id),
                false => {
                    (body["points"], body["ledger"]) = (json!(random.within(1, 9)), json!("club/-"))
                }
            }
            ("points_voided", body)
        }
        _ => {
            let tier = random.pick(&["silver", "gold"]);
            ("tier_granted", json!({"tier": tier, "until": day}))
        }
    }
}

fn step(
    random: &mut Random,
    known: &mut Known,
    day: &str,
) -> (Option<&'static str>, &'static str, Value) {
    let account = if random.chance(85) {
        ACCOUNTS[0]
    } else {
        ACCOUNTS[1]
    };
    let own = |(kind, body): (&'static str, Value)| (Some(account), kind, body);
    match random.below(100) {
        0..30 => own(("purchase", purchase(random, known, true))),
        30..35 => {
            let mut body = purchase(random, known, false);
            if random.chance(60) {
                body["identifier"] = json!({"kind": "msisdn", "value": random.pick(&PHONES)});
            }
            (None, "purchase", body)
        }
        35..39 => {
            let id = format!("P{}", random.below(known.purchases.len() + 1) + 1);
            own(("purchase_claimed", json!({"purchase_id": id})))
        }
        39..51 => own(("refund", refund(random, known))),
        51..62 => own(("redemption_requested", redemption(random, known))),
        62..70 => {
            let id = format!(
                "R{}",
                known.redemptions.max(1) - random.below(known.redemptions.clamp(1, 2))
            );
            let kind = random.pick(&[
                "redemption_committed",
                "redemption_committed",
                "redemption_released",
            ]);
            own((kind, json!({"redemption_id": id})))
        }
        70..80 => own(on_card(random, known)),
        80..87 => own(billing(random, known, account, format!("{}-01", &day[..7]))),
        87..98 => own(by_hand(random, known, account, day)),
        _ => (None, "tick", Value::Null),
    }
}

/// Reversals and repeats that other tests are about, and that the model leaves out.
fn is_left_out(life: &Life, step: &Step) -> bool {
    let has_tiers = !life.club["tiers"].is_null();
    let ids = |kind: &str, key: &str| -> Vec<Value> {
        let steps = life
            .steps
            .iter()
            .filter(|known| known.kind == kind && known.account == step.account);
        steps.map(|known| known.body[key].clone()).collect()
    };
    match step.kind {
        "tier_granted" => !has_tiers,
        "payment_reversed" => {
            let id = &step.body["payment_id"];
            !ids("payment_received", "payment_id").contains(id)
                || ids("payment_reversed", "payment_id").contains(id)
        }
        // The directory takes a claim or enrolment that came too late for the last one.
        "purchase_claimed" => {
            let id = &step.body["purchase_id"];
            let mut bought = life.steps.iter().filter(|known| known.kind == "purchase");
            let bought = bought.find(|known| known.body["purchase_id"] == *id);
            let Some(bought) = bought.filter(|known| known.account.is_none()) else {
                return false;
            };
            let window = life.club["claim_window_days"].as_i64().unwrap() * DAY;
            let asks = |known: &Step| match known.kind {
                "purchase_claimed" => known.body["purchase_id"] == *id,
                "enrolled" => known.body["identifier"] == bought.body["identifier"],
                _ => false,
            };
            let is_late = |known: &&Step| known.occurred - bought.occurred > window - DAY;
            life.steps.iter().filter(is_late).any(asks)
        }
        _ => false,
    }
}

pub(crate) fn life(random: &mut Random) -> Life {
    let opened = minute_of(2018, 9, 1) + random.within(0, 200) * DAY;
    let zone = random.pick(&ZONES);
    let member = |random: &mut Random| {
        let rank = random.pick(&[0, 0, 2, 3]);
        (rank, random.chance(20).then_some("staff"))
    };
    let members = vec![member(random), member(random)];
    let club = programme(random, opened);
    let mut life = Life {
        zone,
        club,
        opened,
        members,
        steps: Vec::new(),
    };
    let mut known = Known {
        purchases: Vec::new(),
        redemptions: 0,
        cards: Vec::new(),
        bills: Vec::new(),
        payments: 0,
        refunds: 0,
    };
    let mut now = opened + DAY;
    for id in 0..random.within(15, 60) as usize {
        now += match random.below(10) {
            0..3 => random.within(1, 200),
            3..9 => random.within(1, 6) * DAY + random.within(-600, 600),
            _ => random.within(1, 40) * DAY,
        };
        let days = random.within(0, 80);
        let until = instant(now + days * DAY);
        let (account, kind, body) = step(random, &mut known, &until[..10]);
        let body = match kind {
            "bill_issued" => with_month(body, now),
            _ => body,
        };
        let late = lateness(random, kind);
        let step = Step {
            id,
            recorded: now,
            occurred: (now - late).max(opened),
            account,
            kind,
            body,
        };
        if !is_left_out(&life, &step) {
            life.steps.push(step);
        }
    }
    let end = Step {
        id: life.steps.len() + 1_000,
        recorded: now + random.within(1, 120) * DAY,
        occurred: now,
        account: None,
        kind: "tick",
        body: Value::Null,
    };
    life.steps.push(end);
    life
}

/// By how many minutes an input comes late. Bills and money come at once, and time never waits.
fn lateness(random: &mut Random, kind: &str) -> i64 {
    let at_once = [
        "bill_issued",
        "payment_received",
        "payment_reversed",
        "credit_note",
        "write_off",
        "tick",
    ];
    match !at_once.contains(&kind) && random.chance(20) {
        true => random.within(1, 40 * DAY),
        false => 0,
    }
}

/// The bill of cycles up to this month.
fn with_month(mut body: Value, now: i64) -> Value {
    body["cycle_end"] = json!(format!("{}-01", &instant(now - DAY)[..7]));
    body
}

/// A purchase and a bill, and the refunds and payments of them that fit in whatever order they come.
pub(crate) fn parts(random: &mut Random, life: &Life) -> ((Vec<Step>, Vec<Step>), i64) {
    let at = life.opened + DAY;
    let step = |id: usize, kind: &'static str, body: Value| Step {
        id,
        recorded: at,
        occurred: at,
        account: Some(ACCOUNTS[0]),
        kind,
        body,
    };
    let nets: Vec<i64> = (0..3).map(|_| random.within(2_000, 9_000)).collect();
    let given = nets.iter().zip(CATEGORIES).zip(ITEMS);
    let lines: Vec<Value> = given
        .map(|((net, category), item)| json!({"item": item, "category": category, "net": money(*net)}))
        .collect();
    let bill = random.within(20, 90) * 100;
    let month = with_month(
        json!({"bill_id": "B1", "amount": money(bill), "due_on": "2030-12-31"}),
        at,
    );
    let first = vec![
        step(0, "purchase", json!({"purchase_id": "P1", "lines": lines})),
        step(1, "bill_issued", month),
    ];
    let mut then = Vec::new();
    for number in 0..5 {
        let mut body = json!({"refund_id": format!("F{number}"), "purchase_id": "P1"});
        let part = nets[number % 3] / 4;
        match random.chance(50) {
            true => body["amount"] = json!(money(part)),
            false => body["lines"] = json!([{"item": ITEMS[number % 3], "net": money(part)}]),
        }
        then.push(step(10 + number, "refund", body));
        let amount = if number == 4 {
            bill - 4 * (bill / 5)
        } else {
            bill / 5
        };
        let paid = json!({"payment_id": format!("Y{number}"), "amount": money(amount), "method": "cash",
            "allocations": [{"bill_id": "B1", "amount": money(amount)}]});
        then.push(step(20 + number, "payment_received", paid));
    }
    ((first, then), at)
}

/// The later ones in a random order, a minute apart.
pub(crate) fn in_turn(
    random: &mut Random,
    steps: &mut (Vec<Step>, Vec<Step>),
    at: &i64,
) -> Vec<Step> {
    let (first, then) = steps;
    for index in (1..then.len()).rev() {
        then.swap(index, random.below(index + 1));
    }
    let later = then.iter().zip(1..).map(|(step, minute)| Step {
        recorded: at + minute,
        occurred: at + minute,
        ..step.clone()
    });
    first.iter().cloned().chain(later).collect()
}
