//! The steps of a life as inputs of the engine.

use crate::tariff_model::days::{Zone, plus_days};
use crate::tariff_model::life::{Life, Line, Party, Step, Use, What, When, ZONES};
use crate::tariff_model::tariff::{CARDS, CLASSES, TIERS, Tariff, Version};
use crate::tariff_model::text::direction;
use smol_str::SmolStr;
use umbral_model::ids::*;
use umbral_model::input::*;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

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

pub(crate) fn number(key: &InputKey) -> &str {
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
    zone: &Zone,
    step: &Step,
    cycle: chrono::NaiveDate,
) -> Option<Input> {
    let version = &tariff.versions[0];
    let plan_name = |plan: usize| PlanName::new(version.plans[plan].name.clone());
    let effective = |when: When| match when {
        When::Now => Effective::Now,
        When::NextCycle => Effective::NextCycle,
        When::InDays(days) => Effective::On(date(plus_days(zone.date(step.at), days))),
    };
    let until = |days: Option<i64>| days.map(|days| date(plus_days(zone.date(step.at), days)));
    let card_number = |number: usize| SmolStr::from(format!("1000{number}"));
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
            migrate_case: false,
        }),
        What::Tier { tier, days } => Body::TierGranted(TierGranted {
            tier: tier.map(|tier| TIERS[tier].into()),
            until: until(*days),
            ledger: None,
        }),
        What::IssueCard { number, card, days } => Body::CardIssued(CardIssued {
            number: Some(card_number(*number)),
            allocated: false,
            stock: None,
            card_type: CARDS[*card].into(),
            valid_until: until(*days),
        }),
        What::CloseCard { number } => Body::CardClosed(CardClosed {
            number: card_number(*number),
            reason: None,
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
                card: None,
                points_part: None,
                lines: lines.iter().map(|line| bought(version, line)).collect(),
            })
        }
        What::Charge { cents } => Body::ChargeAdded(ChargeAdded {
            amount: Money::from_micros(cents * 10_000),
            code: "c".into(),
        }),
        What::Move { zone } => Body::TimeZoneChanged(TimeZoneChanged {
            time_zone: ZoneName::from(ZONES[*zone].name()),
        }),
        What::Bill { .. } => Body::BillIssued(BillIssued {
            bill: BillId::new(format!("B{}", step.number)),
            cycle_end: date(cycle),
            amount: Money::from_micros(10_000_000),
            due_on: date(plus_days(zone.date(step.at), 30)),
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
