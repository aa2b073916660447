//! Events of the engine as the model's short texts.

use crate::stage::Stage;
use crate::tariff_model::inputs::number;
use crate::tariff_model::rated::{Shown, pieces_text};
use std::fmt::Write as _;
use umbral_model::charge::Charge;
use umbral_model::event::*;
use umbral_model::ids::{MemberId, ThresholdId};
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::money::Pico;
use umbral_model::time::Timestamp;

const MINUTE: i64 = 60_000_000_000;
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
            format!(
                "g{} {} {} recovered {} {} {}",
                recovered.grant,
                recovered.name,
                who(&recovered.member),
                bps_of(&recovered.threshold),
                recovered.used,
                recovered.cause.word()
            )
        }
        _ => return None,
    })
}

/// The share that a warning of an allowance is called by, in hundredths of a percent.
fn bps_of(threshold: &ThresholdId) -> String {
    let (whole, fraction) = threshold
        .as_str()
        .split_once('.')
        .unwrap_or((threshold.as_str(), ""));
    let bps = format!("{whole}{fraction:0<2}");
    bps.trim_start_matches('0').to_owned()
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
