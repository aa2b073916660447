//! The operator's stream: the same from the same seed, in order of time, and as it counts itself.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use umbral_model::input::{Address, Body, IdentifierKind, Incoming, IncomingBody};
use umbral_model::money::Money;
use umbral_model::time::Date;
use umbral_workload::{ACTIVITY_PER_MONTH, Counts, Operator, ParameterError, Parameters};

fn parameters(subscribers: u32, months: u32, seed: u64) -> Parameters {
    Parameters {
        subscribers,
        months,
        seed,
        start: Date::from_ymd(2026, 3, 1).unwrap(),
    }
}

fn all(parameters: Parameters) -> (Vec<Incoming>, Counts) {
    let mut operator = Operator::new(parameters).unwrap();
    let inputs: Vec<Incoming> = operator.by_ref().collect();
    (inputs, *operator.counts())
}

fn body(input: &Incoming) -> &Body {
    match &input.body {
        IncomingBody::Account(body) => body,
        other => panic!("an operator sends no {other:?}"),
    }
}

#[test]
fn the_same_seed_gives_the_same_stream_and_another_one_another() {
    let first = all(parameters(300, 2, 11)).0;
    assert!(first == all(parameters(300, 2, 11)).0);
    assert!(first != all(parameters(300, 2, 12)).0);
}

#[test]
fn times_never_fall_and_stay_within_the_months() {
    for (subscribers, months) in [(1, 1), (7, 3), (2000, 2)] {
        let (inputs, _) = all(parameters(subscribers, months, 5));
        // A correction happened when its usage did.
        let fresh = inputs
            .iter()
            .filter(|input| !matches!(body(input), Body::UsageCorrected(_)));
        let times = fresh.map(|input| input.occurred_at);
        assert!(times.is_sorted(), "{subscribers} subscribers");
        let last = inputs.last().unwrap().occurred_at.utc_date();
        let end = Date::from_ymd(2026, 3 + months as u8, 1).unwrap();
        assert!(last < end && last > end.plus_days(-3), "{last}");
    }
}

#[test]
fn counts_add_up_and_are_those_of_the_stream() {
    let (inputs, counts) = all(parameters(3000, 3, 9));
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for input in &inputs {
        *kinds.entry(body(input).kind()).or_default() += 1;
    }
    assert_eq!(counts.inputs, inputs.len() as u64);
    assert_eq!(counts.members, 3000);
    assert_eq!(
        counts.usage + counts.purchases,
        3000 * ACTIVITY_PER_MONTH * 3
    );
    assert_eq!(kinds["customer_added"], counts.customers);
    assert_eq!(kinds["member_added"], counts.members);
    assert_eq!(kinds["usage_corrected"], counts.corrections);
    assert_eq!(kinds["usage_cancelled"], counts.cancellations);
    assert_eq!(kinds["plan_changed"], counts.plan_changes);
    assert!(kinds["card_issued"] + kinds["tier_granted"] > counts.memberships);
    assert_eq!(kinds["bill_issued"], counts.bills);
    assert_eq!(kinds["payment_received"], counts.payments + counts.top_ups);
    assert_eq!(
        kinds["usage"] + kinds["purchase"],
        counts.usage + counts.purchases + counts.repeats
    );
    let sum = counts.customers
        + counts.members
        + counts.memberships
        + counts.usage
        + counts.corrections
        + counts.cancellations
        + counts.plan_changes
        + counts.purchases
        + counts.top_ups
        + counts.bills
        + counts.payments
        + counts.dealings
        + counts.club
        + counts.repeats;
    assert_eq!(sum, counts.inputs);
    let estimate = Operator::estimated_inputs(&parameters(3000, 3, 9));
    assert!(
        estimate.abs_diff(sum) * 20 < sum,
        "{estimate} estimated, {sum} came"
    );
}

#[test]
fn keys_repeat_only_as_exact_repeats_of_the_input_before() {
    let (inputs, counts) = all(parameters(2000, 1, 3));
    let mut keys = BTreeSet::new();
    let mut repeats = 0;
    for (index, input) in inputs.iter().enumerate() {
        if !keys.insert(&input.key) {
            assert!(inputs[index - 1] == *input);
            repeats += 1;
        }
    }
    assert_eq!(repeats, counts.repeats);
    assert!((50..200).contains(&repeats), "{repeats} repeats");
}

#[test]
fn everything_is_sent_to_somebody_who_exists_but_for_the_few_that_are_counted() {
    let (inputs, counts) = all(parameters(5000, 1, 4));
    let (mut accounts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let (mut cards, mut phones) = (BTreeSet::new(), BTreeSet::new());
    let (mut nobody, mut nowhere, mut foreign, mut nameless) = (0, 0, 0, 0);
    for pair in inputs.windows(2) {
        let (input, is_repeat) = (&pair[1], pair[0] == pair[1]);
        let Some(address) = &input.address else {
            assert!(matches!(body(input), Body::Purchase(_)), "{input:?}");
            nameless += u64::from(!is_repeat);
            continue;
        };
        match (address, body(input)) {
            (Address::Account(account, _), Body::CustomerAdded(_)) => {
                assert!(accounts.insert(account.clone()));
            }
            (Address::Account(account, _), Body::MemberAdded(member)) => {
                assert!(accounts.contains(account) || account.as_str() == "A0000001");
                assert!(numbers.insert(member.identifiers[0].value.clone()));
            }
            (Address::Account(account, _), body) => {
                assert!(accounts.contains(account) || account.as_str() == "A0000001");
                match body {
                    Body::CardIssued(issued) => cards.extend(issued.number.clone()),
                    Body::CardReplaced(replaced) => {
                        assert!(cards.remove(&replaced.old) && cards.insert(replaced.new.clone()));
                    }
                    Body::Enrolled(enrolled) => {
                        phones.extend(enrolled.identifier.clone().map(|phone| phone.value));
                    }
                    _ => {}
                }
            }
            (Address::Identifier(card), Body::Purchase(purchase))
                if card.kind == IdentifierKind::Card =>
            {
                assert_eq!(purchase.card.as_ref(), Some(&card.value));
                assert!(cards.contains(&card.value), "{card:?}");
            }
            (Address::Identifier(phone), Body::Purchase(_))
                if phone.kind == IdentifierKind::Phone =>
            {
                let is_known = phones.contains(&phone.value);
                nameless += u64::from(!is_known && !is_repeat);
            }
            (Address::Identifier(number), _) => {
                nobody += u64::from(!numbers.contains(&number.value) && !is_repeat);
            }
        }
        if let (Body::Usage(usage), false) = (body(input), is_repeat) {
            let head = usage.to.head.as_str();
            nowhere += u64::from(["999", "888", "388"].iter().any(|no| head.starts_with(no)));
        }
        let currency = input.currency.map(|currency| currency.code().to_owned());
        foreign += u64::from(currency.as_deref() == Some("USD") && !is_repeat);
    }
    assert_eq!(nobody, counts.unknown_numbers);
    assert_eq!(nowhere, counts.unknown_destinations);
    assert_eq!(foreign, counts.other_currencies);
    assert_eq!(nameless, counts.unidentified);
    let quarantine = counts.to_quarantine();
    assert!(
        (100..500).contains(&quarantine),
        "{quarantine} of {}",
        counts.inputs
    );
}

#[test]
fn bills_are_paid_by_most_and_prepaid_customers_top_up() {
    let (inputs, counts) = all(parameters(4000, 2, 8));
    assert!(counts.bills > 3000, "{counts:?}");
    assert!(counts.payments * 100 > counts.bills * 90, "{counts:?}");
    assert!(counts.payments * 100 < counts.bills * 105, "{counts:?}");
    assert!(counts.top_ups > 1000);
    for input in &inputs {
        match body(input) {
            Body::BillIssued(bill) => {
                assert!(bill.cycle_end <= Date::from_ymd(2026, 4, 1).unwrap());
                assert_eq!(bill.due_on, bill.cycle_end.plus_days(14));
                assert!(bill.amount.micros() > 0 && bill.amount.micros() % 10_000 == 0);
            }
            Body::PaymentReceived(payment) => assert!(payment.amount.micros() > 0),
            _ => {}
        }
    }
}

#[test]
fn some_customers_dispute_promise_and_are_handed_over() {
    let (inputs, counts) = all(parameters(40_000, 2, 8));
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut payments = BTreeSet::new();
    for input in &inputs {
        *kinds.entry(body(input).kind()).or_default() += 1;
        match body(input) {
            Body::PaymentReceived(payment) => {
                payments.insert(payment.payment.clone());
            }
            Body::PaymentReversed(reversed) => assert!(payments.contains(&reversed.payment)),
            Body::HoldSet(_) | Body::WriteOff(_) | Body::CaseClosedBy(_) => {
                assert!(input.actor.is_some() && input.reason.is_some(), "{input:?}");
            }
            _ => {}
        }
    }
    let of_debts = [
        "payment_reversed",
        "dispute_opened",
        "dispute_resolved",
        "credit_note",
        "write_off",
        "promise_made",
        "hold_set",
        "hold_cleared",
        "step_completed",
        "case_closed_by",
        "vip_rank_changed",
        "deposit_received",
        "effort_scored",
    ];
    for kind in of_debts {
        assert!(
            kinds.get(kind).is_some_and(|count| *count > 3),
            "{kind}: {kinds:?}"
        );
    }
    let sum: u64 = of_debts.iter().map(|kind| kinds[kind]).sum();
    assert_eq!(sum, counts.dealings);
    assert!(counts.dealings * 10 < counts.bills, "{counts:?}");
}

#[test]
fn members_do_what_members_do_and_usage_stays_the_most() {
    let (inputs, counts) = all(parameters(2_000, 3, 8));
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for input in &inputs {
        let body = body(input);
        *kinds.entry(body.kind()).or_default() += 1;
        if matches!(body, Body::PointsAdjusted(_) | Body::PointsVoided(_)) {
            assert!(input.actor.is_some() && input.reason.is_some(), "{input:?}");
        }
    }
    let of_the_club = [
        "enrolled",
        "card_issued",
        "card_confirmed",
        "card_lost_reported",
        "card_replaced",
        "visit",
        "refund",
        "redemption_requested",
        "redemption_committed",
        "redemption_released",
        "purchase_claimed",
        "points_adjusted",
        "points_voided",
    ];
    for kind in of_the_club {
        assert!(
            kinds.get(kind).is_some_and(|count| *count >= 3),
            "{kind}: {kinds:?}"
        );
    }
    let sum: u64 = of_the_club.iter().map(|kind| kinds[kind]).sum();
    assert_eq!(
        sum + kinds["tier_granted"],
        counts.club + counts.memberships
    );
    let forgotten = kinds["redemption_requested"]
        - kinds["redemption_committed"]
        - kinds["redemption_released"];
    assert!(forgotten > 0, "{kinds:?}");
    assert!(kinds["usage"] * 100 > counts.inputs * 88, "{counts:?}");
    assert!(counts.club * 100 < counts.inputs, "{counts:?}");
}

#[test]
fn refunds_give_back_no_more_than_was_paid_and_some_come_first() {
    let (inputs, _) = all(parameters(4_000, 2, 8));
    let (mut bought, mut back) = (BTreeMap::new(), BTreeMap::new());
    let (mut before, mut by_line, mut twice) = (0, 0, 0);
    let mut keys = BTreeSet::new();
    for input in inputs.iter().filter(|input| keys.insert(&input.key)) {
        match body(input) {
            Body::Purchase(purchase) => {
                let lines = purchase.lines.iter();
                let paid: Money = lines.map(|line| line.net.unwrap_or_default()).sum();
                assert!(bought.insert(purchase.purchase.clone(), paid).is_none());
            }
            Body::Refund(refund) => {
                let lines: Money = refund.lines.iter().map(|line| line.net).sum();
                let amount = lines + refund.amount.unwrap_or_default();
                assert!(amount > Money::ZERO, "{refund:?}");
                by_line += u64::from(lines > Money::ZERO);
                before += u64::from(!bought.contains_key(&refund.purchase));
                let so_far = back.entry(refund.purchase.clone()).or_insert(Money::ZERO);
                twice += u64::from(*so_far > Money::ZERO);
                *so_far += amount;
            }
            _ => {}
        }
    }
    for (purchase, amount) in &back {
        assert!(*amount <= bought[purchase], "{purchase}");
    }
    assert!(
        before > 3 && by_line > 30 && twice > 10,
        "{before}, {by_line}, {twice}"
    );
}

#[test]
fn corrections_are_of_records_that_came_before_and_say_less() {
    let (inputs, counts) = all(parameters(3000, 1, 6));
    let mut usage = BTreeMap::new();
    let (mut corrected, mut cancelled) = (0, 0);
    for input in &inputs {
        match body(input) {
            Body::Usage(record) => {
                usage.insert(input.key.event_id.clone(), (input, record.clone()));
            }
            Body::UsageCorrected(correction) => {
                let (original, record) = &usage[&correction.corrects];
                assert_eq!(original.occurred_at, input.occurred_at);
                assert_eq!(original.address, input.address);
                let now = &correction.usage;
                assert!((1..=record.quantity).contains(&now.quantity));
                assert_eq!((&now.to, &now.network), (&record.to, &record.network));
                corrected += 1;
            }
            Body::UsageCancelled(cancellation) => {
                let (original, _) = &usage[&cancellation.cancels];
                assert_eq!(cancellation.started_at, Some(original.occurred_at));
                assert!(input.occurred_at > original.occurred_at);
                assert_eq!(original.address, input.address);
                cancelled += 1;
            }
            _ => {}
        }
    }
    assert_eq!(
        (corrected, cancelled),
        (counts.corrections, counts.cancellations)
    );
    assert!(corrected > 20 && cancelled > 20, "{counts:?}");
}

#[test]
fn everything_that_it_names_is_in_the_demo_catalog() {
    let demo = |path: &str| {
        let path = format!("../../examples/catalogs/demo/{path}");
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let (classes, products) = (demo("classes.toml"), demo("products.toml"));
    let club = demo("loyalty.toml");
    let networks: String = ["eu", "near", "mediterranean", "america", "asia", "world"]
        .map(|group| demo(&format!("networks/{group}.csv")))
        .concat();
    let (inputs, counts) = all(parameters(20_000, 2, 2));
    let (mut sold, mut places, mut plans) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut rewards = BTreeSet::new();
    for input in &inputs {
        match body(input) {
            Body::CustomerAdded(added) => {
                let class = format!("[class.{}]\n", added.class);
                assert!(classes.contains(&class), "{class}");
                plans.insert(added.plan.clone().unwrap());
            }
            Body::PlanChanged(changed) => {
                plans.insert(changed.plan.clone());
            }
            Body::Purchase(purchase) => {
                let at_list_price = purchase.lines.iter().filter(|line| line.net.is_none());
                sold.extend(at_list_price.map(|line| line.item.clone()));
            }
            Body::Usage(usage) => places.extend(usage.network.clone()),
            Body::CardIssued(issued) => {
                let card = format!("[programme.club.card.{}]\n", issued.card_type);
                assert!(club.contains(&card), "{card}");
            }
            Body::RedemptionRequested(requested) => {
                let reward = requested.reward.iter();
                rewards.extend(reward.map(|reward| format!(" {reward} = ")));
            }
            _ => {}
        }
    }
    for reward in &rewards {
        assert!(club.contains(reward), "{reward}");
    }
    for plan in &plans {
        assert!(demo(&format!("plans/{plan}.toml")).starts_with(&format!("[plan.{plan}]\n")));
    }
    for product in &sold {
        assert!(
            products.contains(&format!("[product.{product}]\n")),
            "{product}"
        );
    }
    for network in &places {
        assert!(networks.contains(&format!("\n{network},")), "{network}");
    }
    assert_eq!((plans.len(), sold.len(), places.len()), (6, 11, 30));
    assert_eq!(rewards.len(), 3, "{rewards:?}");
    assert!(counts.products * 10 > counts.purchases, "{counts:?}");
    assert!(counts.plan_changes > 50, "{counts:?}");
}

#[test]
fn impossible_parameters_are_refused() {
    let refused = |subscribers, months| Operator::new(parameters(subscribers, months, 1)).err();
    assert_eq!(refused(0, 1), Some(ParameterError::Subscribers(0)));
    assert_eq!(
        refused(50_000_001, 1),
        Some(ParameterError::Subscribers(50_000_001))
    );
    assert_eq!(refused(1, 0), Some(ParameterError::Months(0)));
    assert_eq!(refused(1, 121), Some(ParameterError::Months(121)));
}
