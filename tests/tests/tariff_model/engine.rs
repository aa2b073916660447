//! The engine beside the model: the same steps as inputs, its events as the model's short texts.

use crate::days::plus_days;
use crate::life::{Life, Line, Party, Step, Use, What, When};
use crate::price::{Shown, pieces_text};
use crate::tariff::*;
use crate::text::direction;
use std::fmt::Write as _;
use umbral_model::charge::Charge;
use umbral_model::event::*;
use umbral_model::ids::*;
use umbral_model::input::*;
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::money::{Money, Pico};
use umbral_model::time::{Date, Timestamp};
use umbral_tests::stage::Stage;

const MINUTE: i64 = 60_000_000_000;
pub(crate) const ACCOUNT: &str = "A";

pub(crate) fn instant(minute: i64) -> Timestamp {
    Timestamp::from_nanos(minute * MINUTE)
}

fn key(number: usize) -> InputKey {
    InputKey {
        source: Source::from("t"),
        event_id: EventId::new(number.to_string()),
    }
}

fn number(key: &InputKey) -> &str {
    key.event_id.as_str()
}

fn date(date: chrono::NaiveDate) -> Date {
    Date::parse(&date.to_string()).unwrap()
}

fn member_id(member: usize) -> MemberId {
    MemberId::new(format!("M{member}"))
}

fn envelope(number: usize, at: i64, member: Option<usize>, body: Body) -> Input {
    Input {
        key: key(number),
        occurred_at: instant(at),
        account: AccountId::from(ACCOUNT),
        member: member.map(member_id),
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body,
    }
}

/// The input with which an account begins.
pub(crate) fn opening(tariff: &Tariff, life: &Life) -> Input {
    let body = Body::CustomerAdded(CustomerAdded {
        class: ClassName::from(CLASSES[0]),
        plan: Some(PlanName::new(
            tariff.versions[0].plans[life.plan].name.clone(),
        )),
        profile: None,
        time_zone: ZoneName::from(life.zone.name()),
        cycle_day: life.cycle_day as u8,
        vip_rank: life.vip,
        member_category: None,
    });
    envelope(0, life.opened, None, body)
}

/// A step as an input; none for a tick.
pub(crate) fn input(
    tariff: &Tariff,
    life: &Life,
    step: &Step,
    cycle: chrono::NaiveDate,
) -> Option<Input> {
    let version = &tariff.versions[0];
    let plan_name = |plan: usize| PlanName::new(version.plans[plan].name.clone());
    let effective = |when: When| match when {
        When::Now => Effective::Now,
        When::NextCycle => Effective::NextCycle,
        When::InDays(days) => Effective::On(date(plus_days(life.zone.date(step.at), days))),
    };
    let until = |days: Option<i64>| days.map(|days| date(plus_days(life.zone.date(step.at), days)));
    let card_number = |number: usize| format!("1000{number}").into();
    let mut whose = None;
    let body = match &step.what {
        What::Tick => return None,
        What::AddMember { member, plan } => Body::MemberAdded(MemberAdded {
            member: member_id(*member),
            plan: plan.map(plan_name),
            identifiers: Vec::new(),
        }),
        What::RemoveMember { member } => Body::MemberRemoved(MemberRemoved {
            member: member_id(*member),
        }),
        What::ChangePlan { member, plan, when } => {
            whose = *member;
            Body::PlanChanged(PlanChanged {
                plan: plan_name(*plan),
                effective: effective(*when),
            })
        }
        What::ChangeClass { class, when } => Body::ClassChanged(ClassChanged {
            class: ClassName::from(CLASSES[*class]),
            effective: effective(*when),
        }),
        What::Tier { tier, days } => Body::TierGranted(TierGranted {
            tier: tier.map(|tier| TIERS[tier].into()),
            until: until(*days),
        }),
        What::IssueCard { number, card, days } => Body::CardIssued(CardIssued {
            number: card_number(*number),
            card_type: CARDS[*card].into(),
            valid_until: until(*days),
        }),
        What::CloseCard { number } => Body::CardClosed(CardClosed {
            number: card_number(*number),
        }),
        What::Use {
            member,
            usage: used,
        } => {
            whose = *member;
            Body::Usage(usage(used))
        }
        What::Correct {
            of,
            member,
            usage: used,
        } => {
            whose = *member;
            Body::UsageCorrected(Box::new(UsageCorrected {
                corrects: key(*of).event_id,
                corrects_source: None,
                usage: usage(used),
                original: None,
            }))
        }
        What::Cancel { of } => Body::UsageCancelled(UsageCancelled {
            cancels: key(*of).event_id,
            cancels_source: None,
            started_at: None,
            original: None,
        }),
        What::Buy {
            member,
            on_account,
            lines,
        } => {
            whose = *member;
            let method = if *on_account { "on_account" } else { "cash" };
            Body::Purchase(Purchase {
                purchase: PurchaseId::new(format!("S{}", step.number)),
                method: method.into(),
                location: None,
                partner: None,
                lines: lines.iter().map(|line| bought(version, line)).collect(),
            })
        }
        What::Charge { cents } => Body::ChargeAdded(ChargeAdded {
            amount: Money::from_micros(cents * 10_000),
            code: "c".into(),
        }),
        What::Bill { .. } => Body::BillIssued(BillIssued {
            bill: BillId::new(format!("B{}", step.number)),
            cycle_end: date(cycle),
            amount: Money::from_micros(10_000_000),
            due_on: date(plus_days(life.zone.date(step.at), 30)),
            lines: Vec::new(),
            replaces: None,
            keep_due_on: false,
        }),
    };
    Some(envelope(step.number, step.at, whose, body))
}

fn bought(version: &Version, line: &Line) -> PurchaseLine {
    let item = line
        .product
        .map_or("unknown", |product| &version.products[product].name);
    PurchaseLine {
        category: "c".into(),
        item: item.into(),
        qty: line.count as u32,
        net: line.net.map(|cents| Money::from_micros(cents * 10_000)),
        tax: Money::ZERO,
        discount: Money::from_micros(line.discount * 10_000),
    }
}

fn usage(usage: &Use) -> Usage {
    let units = (usage.quantity / usage.service.unit()) as u64;
    let direction = match direction(usage.made) {
        "terminating" => Direction::Terminating,
        _ => Direction::Originating,
    };
    Usage {
        service: ServiceName::from(usage.service.word()),
        direction,
        to: match usage.party {
            Party::None => PartyNumber::default(),
            party => PartyNumber::split(party.number()),
        },
        zone: None,
        network: usage.network.map(Into::into),
        quantity: usage.quantity as u64,
        duration: usage
            .timed
            .then_some(units * MINUTE as u64)
            .filter(|nanos| *nanos > 0),
        scope: None,
        continued: None,
        reservation: None,
    }
}

/// What an entry says, in the model's short texts.
pub(crate) fn texts(stage: &Stage, entry: &Entry) -> Vec<String> {
    let mut out: Vec<String> = entry
        .events
        .iter()
        .filter_map(|event| text(stage, entry, &event.event.body))
        .collect();
    match &entry.outcome {
        Outcome::Quarantined(_) => out.push("refused".to_owned()),
        Outcome::DuplicateIgnored => out.push("repeated".to_owned()),
        Outcome::Applied => {}
    }
    out
}

fn own(entry: &Entry) -> &str {
    match &entry.input {
        JournaledInput::Account(input) => number(&input.key),
        _ => "",
    }
}

pub(crate) fn who(member: &Option<MemberId>) -> String {
    member
        .as_ref()
        .map_or("-".to_owned(), |member| member.as_str().to_owned())
}

fn minute(at: Timestamp) -> i64 {
    assert_eq!(at.nanos() % MINUTE, 0, "{at} is no whole minute");
    at.nanos() / MINUTE
}

fn text(stage: &Stage, entry: &Entry, body: &EventBody) -> Option<String> {
    Some(match body {
        EventBody::ChargePosted(posted) => posted_text(posted),
        EventBody::PurchaseRecorded(paid) => {
            let lines = lines_text(&paid.lines);
            let (purchase, cycle) = (&paid.purchase, paid.cycle);
            format!("paid {purchase} {cycle} {lines} = {}", paid.total.micros())
        }
        EventBody::UsageRated(rated) => {
            let over = rated.over_limit_amount.micros();
            format!(
                "rated #{} {} over{over}",
                own(entry),
                rated_text(stage, rated)
            )
        }
        EventBody::UsageCorrected(corrected) => {
            let text = |rated: &Option<UsageRated>| match rated {
                Some(rated) => rated_text(stage, rated),
                None => "nothing".to_owned(),
            };
            format!(
                "corrected #{} by #{} ({}) to ({}) {}",
                number(&corrected.root),
                number(&corrected.correction),
                text(&corrected.before),
                text(&corrected.after),
                corrected.difference.micros()
            )
        }
        EventBody::CorrectionParked(parked) => {
            let (own, of) = (number(&parked.input.key), number(&parked.of));
            format!("parked #{own} for #{of} until {}", minute(parked.until))
        }
        EventBody::CorrectionUnclaimed(given_up) => format!("unclaimed #{}", number(&given_up.key)),
        EventBody::BillOpened(bill) => {
            format!("bill {} {}", bill.cycle_end, bill.unbilled.micros())
        }
        EventBody::CycleClosed(closed) => {
            let usage = closed.usage.map(|money| money.micros());
            format!(
                "closed {} {usage:?} {}",
                closed.cycle_start,
                closed.charges.micros()
            )
        }
        body => return allowance_text(body).or_else(|| credit_text(body)),
    })
}

fn allowance_text(body: &EventBody) -> Option<String> {
    Some(match body {
        EventBody::AllowanceGranted(grant) => {
            let abroad = grant
                .units_abroad
                .map_or("-".to_owned(), |units| units.to_string());
            format!(
                "grant g{} {} {} {}/{abroad} {}..{}",
                grant.grant,
                grant.name,
                who(&grant.member),
                grant.units,
                minute(grant.from),
                minute(grant.until)
            )
        }
        EventBody::AllowanceEnded(ended) => {
            let until = minute(ended.until);
            format!(
                "ended g{} {} {} {until}",
                ended.grant, ended.name, ended.left
            )
        }
        EventBody::AllowanceCrossed(crossed) => {
            let list: Vec<String> = crossed
                .crossed
                .iter()
                .map(|one| one.bps.to_string())
                .collect();
            format!(
                "g{} {} {} crossed {} {}>{} {} {}",
                crossed.grant,
                crossed.name,
                who(&crossed.member),
                list.join("+"),
                crossed.used_before,
                crossed.used_after,
                crossed.cause.word(),
                crossed.notify
            )
        }
        EventBody::AllowanceRecovered(recovered) => {
            let shares = recovered
                .threshold
                .as_str()
                .parse::<f64>()
                .unwrap_or_default()
                * 100.0;
            format!(
                "g{} {} {} recovered {} {} {}",
                recovered.grant,
                recovered.name,
                who(&recovered.member),
                shares.round() as i64,
                recovered.used,
                recovered.cause.word()
            )
        }
        _ => return None,
    })
}

fn credit_text(body: &EventBody) -> Option<String> {
    Some(match body {
        EventBody::ThresholdCrossed(crossed) => {
            let list: Vec<&str> = crossed
                .crossed
                .iter()
                .map(|one| one.threshold.as_str())
                .collect();
            format!(
                "{} crossed {} {}>{} {} {}",
                crossed.measure.word(),
                list.join("+"),
                crossed.value_before.micros(),
                crossed.value_after.micros(),
                crossed.cause.word(),
                crossed.notify
            )
        }
        EventBody::ThresholdRecovered(recovered) => format!(
            "{} recovered {} {} {}",
            recovered.measure.word(),
            recovered.threshold,
            recovered.value.micros(),
            recovered.cause.word()
        ),
        EventBody::LimitBreached(breached) => {
            format!(
                "{} breached {}",
                breached.measure.word(),
                breached.exposure.micros()
            )
        }
        EventBody::LimitCured(cured) => {
            format!("{} cured {}", cured.measure.word(), cured.exposure.micros())
        }
        _ => return None,
    })
}

fn posted_text(posted: &ChargePosted) -> String {
    let (amount, cycle) = (posted.amount.micros(), posted.cycle);
    match &posted.kind {
        ChargeKind::Charge => format!("charge {cycle} {amount}"),
        ChargeKind::Purchase(purchase, lines) => {
            format!("bought {purchase} {cycle} {} = {amount}", lines_text(lines))
        }
        ChargeKind::LateFee { .. } => format!("late fee {amount}"),
        ChargeKind::Fee(fee) => {
            let word = if fee.credit { "credit" } else { "fee" };
            format!(
                "{word} {} {} {}..{} of {} = {amount}",
                fee.plan,
                who(&fee.member),
                fee.from,
                fee.until,
                fee.days_in_cycle
            )
        }
        ChargeKind::Volume(volume) => format!(
            "volume {} {} {cycle} t{}>{} {}>{} = {amount}",
            volume.rate,
            who(&volume.member),
            volume.from_tier,
            volume.to_tier,
            volume.units_before,
            volume.units_after
        ),
        ChargeKind::Instalment {
            purchase,
            product,
            number,
            of,
        } => {
            format!("instalment {purchase} {product} {number}/{of} = {amount}")
        }
    }
}

fn lines_text(lines: &[BoughtLine]) -> String {
    let line = |line: &BoughtLine| {
        format!(
            "{}x{}={}/{}",
            line.item,
            line.qty,
            line.amount.micros(),
            line.instalments
        )
    };
    lines.iter().map(line).collect::<Vec<_>>().join(" ")
}

fn micros(amount: Pico) -> i128 {
    assert_eq!(
        amount.picos() % 1_000_000,
        0,
        "{amount} has more than six decimals"
    );
    amount.picos() / 1_000_000
}

fn rated_text(stage: &Stage, rated: &UsageRated) -> String {
    let charge = &rated.charge;
    assert_eq!(
        umbral_rating::recompute(charge).unwrap(),
        charge.amount,
        "a charge re-computes from itself"
    );
    let mut out = format!(
        "{} {} {} q{} = {}",
        who(&rated.member),
        rated.scope.word(),
        rated.cycle,
        rated.quantity,
        charge.amount.micros()
    );
    out.push_str(&segments_text(stage, charge));
    let mut by_grant = std::collections::BTreeMap::new();
    for covered in &charge.covered {
        let entry: &mut (u64, u64) = by_grant.entry(covered.grant).or_default();
        *entry = (entry.0 + covered.units, covered.left);
    }
    for (grant, (units, left)) in by_grant {
        let _ = write!(out, " g{grant}:{units}>{left}");
    }
    let _ = write!(
        out,
        " setup{} bps{}",
        micros(charge.setup),
        charge.discount_bps
    );
    out
}

fn segments_text(stage: &Stage, charge: &Charge) -> String {
    let catalog = &stage.world.catalogs.get(charge.version).unwrap().catalog;
    if catalog.emergency_rule == Some(charge.rule) {
        return String::new();
    }
    let pieces = charge.segments.iter().map(|segment| {
        let catalog = &stage.world.catalogs.get(segment.version).unwrap().catalog;
        Shown {
            rate: catalog.rates[segment.rate.index()].name.as_str(),
            price: micros(segment.price),
            tier: segment.tier.map(usize::from),
            billed: segment.billed.into(),
            covered: segment.covered.into(),
        }
    });
    pieces_text(pieces)
}
