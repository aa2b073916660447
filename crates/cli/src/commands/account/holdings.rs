//! What an account has of its tariff, as tables: allowances, tiers, fees, instalments, corrections that wait.

use crate::failure::Failure;
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::text::{count, humane, in_zone};
use umbral_history::{AccountReport, AllowanceReport};

/// Marks in a bar.
const BAR: u32 = 10;

/// Shows all of it; what an account has nothing of is left out.
pub(super) fn show(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    customer(report, out)?;
    for table in [
        allowances(report),
        tiers(report),
        fees(report),
        instalments(report),
        parked(report),
    ] {
        if !table.is_empty() {
            out.line("")?;
            table.write(out)?;
        }
    }
    Ok(())
}

/// Loyalty tiers, cards and points.
fn customer(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let tiers = report.loyalty_tiers.iter();
    let mut words: Vec<String> = tiers
        .map(|tier| format!("loyalty tier {}", paint.name(tier)))
        .collect();
    words.extend(
        report
            .cards
            .iter()
            .map(|card| format!("card {}", paint.name(card))),
    );
    words.extend(report.ledgers.iter().map(|ledger| {
        let points = count(ledger.available, "point", "points");
        format!("{points} in {}", paint.name(&ledger.ledger))
    }));
    match words.is_empty() {
        true => Ok(()),
        false => out.line(words.join(", ")),
    }
}

fn allowances(report: &AccountReport) -> Table {
    let mut table = Table::new(&[
        ("allowance", Align::Left),
        ("given by", Align::Left),
        ("", Align::Left),
        ("left", Align::Right),
        ("of", Align::Right),
        ("from", Align::Left),
        ("until", Align::Left),
        ("warned", Align::Left),
    ]);
    for allowance in &report.allowances {
        table.row(&[
            allowance.name.clone(),
            holder(&allowance.of, allowance.member_id.as_deref()),
            bar(allowance),
            left(allowance),
            humane(&allowance.granted),
            in_zone(allowance.from, &report.time_zone),
            in_zone(allowance.until, &report.time_zone),
            warned(allowance),
        ]);
    }
    table
}

/// What gave it, and to whom if not to the account.
fn holder(of: &str, member: Option<&str>) -> String {
    match member {
        Some(member) => format!("{of} for {member}"),
        None => of.to_owned(),
    }
}

/// One mark for each begun tenth that is left.
fn bar(allowance: &AllowanceReport) -> String {
    let full = (allowance.left_bps * BAR).div_ceil(10_000);
    let marks = |mark: &str, count: u32| mark.repeat(count as usize);
    format!("{}{}", marks("█", full), marks("░", BAR - full))
}

fn left(allowance: &AllowanceReport) -> String {
    match &allowance.left_abroad {
        Some(abroad) => format!("{}, {} abroad", humane(&allowance.left), humane(abroad)),
        None => humane(&allowance.left),
    }
}

fn warned(allowance: &AllowanceReport) -> String {
    let reached = allowance.warned.iter().map(|id| match id.parse::<u32>() {
        Ok(percent) => format!("● {percent} %"),
        Err(_) => format!("● {id}"),
    });
    reached.collect::<Vec<_>>().join("  ")
}

fn tiers(report: &AccountReport) -> Table {
    let mut table = Table::new(&[
        ("rate with tiers", Align::Left),
        ("units of the cycle", Align::Right),
        ("tier of the next", Align::Right),
        ("which reaches", Align::Right),
    ]);
    for tier in &report.tiers {
        let up_to = tier.up_to.as_deref().map(humane);
        table.row(&[
            holder(&tier.rate, tier.member_id.as_deref()),
            humane(&tier.units),
            tier.tier.to_string(),
            up_to.unwrap_or_else(|| "no end".to_owned()),
        ]);
    }
    table
}

fn fees(report: &AccountReport) -> Table {
    let mut table = Table::new(&[
        ("fee paid of plan", Align::Left),
        ("a cycle", Align::Right),
        ("from", Align::Left),
        ("to", Align::Left),
    ]);
    for fee in &report.fees {
        table.row(&[
            holder(&fee.plan, fee.member_id.as_deref()),
            fee.fee.to_string(),
            fee.from.to_string(),
            fee.until.plus_days(-1).to_string(),
        ]);
    }
    table
}

fn instalments(report: &AccountReport) -> Table {
    let mut table = Table::new(&[
        ("instalments for", Align::Left),
        ("purchase", Align::Left),
        ("next", Align::Left),
        ("still to come", Align::Right),
    ]);
    for instalment in &report.instalments {
        table.row(&[
            instalment.product.clone(),
            instalment.purchase_id.clone(),
            format!("{} of {}", instalment.next, instalment.count),
            instalment.remaining.to_string(),
        ]);
    }
    table
}

fn parked(report: &AccountReport) -> Table {
    let mut table = Table::new(&[
        ("correction", Align::Left),
        ("waits for record", Align::Left),
        ("until", Align::Left),
    ]);
    for parked in &report.parked {
        table.row(&[
            parked.correction.clone(),
            parked.record.clone(),
            in_zone(parked.until, &report.time_zone),
        ]);
    }
    table
}
