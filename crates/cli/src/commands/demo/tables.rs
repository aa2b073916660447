//! The tables of `umbral demo`.

use crate::failure::Failure;
use crate::output::Out;
use crate::output::progress::grouped;
use crate::output::table::{Align, Table};
use crate::text::{count, humane, rounded};
use umbral_history::Summary;

/// All of them, in the order in which a manager would ask.
pub(super) fn all(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    records(summary, out)?;
    revenue(summary, out)?;
    allowances(summary, out)?;
    products(summary, out)?;
    discounts(summary, out)?;
    corrections(summary, out)?;
    credit(summary, out)?;
    collections(summary, out)?;
    loyalty(summary, out)?;
    spenders(summary, out)?;
    quarantine(summary, out)
}

fn records(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[("records", Align::Left), ("", Align::Right)]);
    table.row(&["taken", &grouped(summary.applied)]);
    table.row(&["repeats, ignored", &grouped(summary.duplicates)]);
    table.row(&["quarantined", &grouped(summary.quarantined)]);
    table.total(&["all", &grouped(summary.inputs)]);
    out.line("")?;
    table.write(out)
}

fn revenue(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let currency = summary.currency.as_str();
    let mut table = Table::new(&[
        ("revenue", Align::Left),
        ("records", Align::Right),
        ("amount", Align::Right),
    ]);
    for service in &summary.services {
        table.row(&[
            &service.service,
            &grouped(service.records),
            &rounded(service.amount, currency),
        ]);
    }
    let kinds = &summary.charges_by_kind;
    for (what, charges) in [
        ("monthly fees", kinds.fees),
        ("fees given back", kinds.fee_credits),
        ("purchases on account", kinds.purchases),
        ("instalments", kinds.instalments),
        ("other tiers of the cycle", kinds.tiers),
        ("late fees", kinds.late_fees),
        ("other charges", kinds.others),
    ] {
        if charges.count > 0 {
            table.row(&[
                what,
                &grouped(charges.count),
                &rounded(charges.amount, currency),
            ]);
        }
    }
    let usage = summary.services.iter().map(|service| service.records);
    let records = usage.sum::<u64>() + summary.charges.count;
    table.total(&[
        "all",
        &grouped(records),
        &rounded(summary.revenue, currency),
    ]);
    out.line("")?;
    table.write(out)?;
    let paid = &summary.paid_at_once;
    if paid.count > 0 {
        out.line(format!(
            "and {} paid at once, {}",
            count(paid.count, "purchase", "purchases"),
            rounded(paid.amount, currency)
        ))?;
    }
    Ok(())
}

fn allowances(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("from allowances", Align::Left),
        ("granted", Align::Right),
        ("records", Align::Right),
        ("units", Align::Right),
        ("warnings", Align::Right),
    ]);
    for given in &summary.allowances {
        table.row(&[
            given.allowance.as_str(),
            &grouped(given.grants),
            &grouped(given.records),
            &humane(&given.quantity),
            &grouped(given.warnings),
        ]);
    }
    shown(table, out)
}

fn products(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("products", Align::Left),
        ("sold", Align::Right),
        ("amount", Align::Right),
    ]);
    for sold in &summary.products {
        table.row(&[
            sold.product.as_str(),
            &grouped(sold.count),
            &rounded(sold.amount, &summary.currency),
        ]);
    }
    shown(table, out)
}

fn discounts(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("discounts", Align::Left),
        ("records", Align::Right),
        ("taken off", Align::Right),
    ]);
    for given in &summary.discounts {
        table.row(&[
            given.discount.as_str(),
            &grouped(given.records),
            &rounded(given.amount, &summary.currency),
        ]);
    }
    shown(table, out)
}

fn corrections(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("corrections", Align::Left),
        ("records", Align::Right),
        ("difference", Align::Right),
    ]);
    let corrections = &summary.corrections;
    for (what, changed) in [
        ("corrected", corrections.corrected),
        ("cancelled", corrections.cancelled),
    ] {
        if changed.count > 0 {
            table.row(&[
                what,
                &grouped(changed.count),
                &rounded(changed.amount, &summary.currency),
            ]);
        }
    }
    shown(table, out)
}

/// A table after an empty line; nothing where it has no row.
fn shown(table: Table, out: &mut Out) -> Result<(), Failure> {
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn credit(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[("credit", Align::Left), ("", Align::Right)]);
    for (what, number) in [
        ("warnings sent", summary.warnings),
        (
            "warnings kept back, too soon after another",
            summary.silent_warnings,
        ),
        ("limits breached", summary.breaches),
        ("of them cured", summary.cures),
        ("services barred", summary.barred),
    ] {
        table.row(&[what, &grouped(number)]);
    }
    out.line("")?;
    table.write(out)
}

fn collections(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let collected = &summary.collections;
    if collected.opened == 0 {
        return Ok(());
    }
    let currency = summary.currency.as_str();
    let mut table = Table::new(&[
        ("collections", Align::Left),
        ("", Align::Right),
        ("amount", Align::Right),
    ]);
    let mut row = |what: &str, count: u64, amount: String| {
        if count > 0 {
            table.row(&[what, &grouped(count), &amount]);
        }
    };
    row("cases opened", collected.opened, String::new());
    for (reason, count) in &collected.closed {
        let amount = match reason.as_str() {
            "cured" => rounded(collected.cured_amount, currency),
            _ => String::new(),
        };
        row(
            &format!("closed: {}", reason.replace('_', " ")),
            *count,
            amount,
        );
    }
    row(
        "open again, as a payment went back",
        collected.reopened,
        String::new(),
    );
    row("with all steps taken", collected.exhausted, String::new());
    row(
        "open",
        collected.open,
        rounded(collected.open_amount, currency),
    );
    for (action, count) in &collected.steps {
        row(
            &format!("step: {}", action.replace('_', " ")),
            *count,
            String::new(),
        );
    }
    row("promises made", collected.promises.made, String::new());
    row("of them kept", collected.promises.kept, String::new());
    row("of them broken", collected.promises.broken, String::new());
    row("disputes", collected.disputes, String::new());
    row(
        "of them won by the customer",
        collected.disputes_won,
        String::new(),
    );
    row(
        "payments that went back",
        collected.returned_payments,
        String::new(),
    );
    shown(table, out)
}

fn loyalty(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let loyalty = &summary.loyalty;
    let mut table = Table::new(&[
        ("loyalty", Align::Left),
        ("", Align::Right),
        ("points", Align::Right),
    ]);
    let mut row = |what: &str, count: Option<u64>, points: Option<u64>| {
        if count.or(points).is_some_and(|number| number > 0) {
            let shown = |number: Option<u64>| number.map(grouped).unwrap_or_default();
            table.row(&[what, &shown(count), &shown(points)]);
        }
    };
    row("members", Some(loyalty.members), None);
    for (tier, members) in &loyalty.members_by_tier {
        row(&format!("of them {tier}"), Some(*members), None);
    }
    row("raised to a higher tier", Some(loyalty.promotions), None);
    for source in &loyalty.points_by_source {
        let (earned, taken) = match source.source {
            "by_hand" => ("given by hand".to_owned(), "taken by hand".to_owned()),
            what => (
                format!("earned by {what}"),
                format!("taken back for {what}"),
            ),
        };
        row(&earned, None, Some(source.earned));
        row(&taken, None, Some(source.taken_back));
    }
    for given in &loyalty.rewards {
        let what = format!("redeemed: {}", given.reward.replace('_', " "));
        row(&what, Some(given.count), Some(given.points));
    }
    row(
        "redemptions given up or timed out",
        Some(loyalty.reversed),
        None,
    );
    row("redemptions refused", Some(loyalty.refused), None);
    for (how, points) in &loyalty.points_gone {
        row(how, None, Some(*points));
    }
    row("held by members", None, Some(loyalty.outstanding.points));
    row("owed by members", None, Some(loyalty.outstanding.debt));
    row("purchases claimed later", Some(loyalty.claims), None);
    row("cards given out", Some(loyalty.cards_issued), None);
    row("cards lost", Some(loyalty.cards_lost), None);
    row("of them replaced", Some(loyalty.cards_replaced), None);
    shown(table, out)
}

fn spenders(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[("top spenders", Align::Left), ("amount", Align::Right)]);
    for spender in &summary.top_spenders {
        table.row(&[
            &spender.account_id,
            &rounded(spender.amount, &summary.currency),
        ]);
    }
    shown(table, out)
}

fn quarantine(summary: &Summary, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("quarantine", Align::Left),
        ("records", Align::Right),
        ("because", Align::Left),
    ]);
    for reason in &summary.quarantine {
        table.row(&[reason.code, &grouped(reason.records), reason.reason]);
    }
    shown(table, out)
}
