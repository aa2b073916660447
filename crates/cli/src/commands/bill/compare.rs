//! `umbral bill --compare`: what months would have cost under other plans.

use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::text::{count, in_zone, price};
use umbral_history::{
    Comparison, History, MonthCost, MonthSpan, PlanChoice, PlanCost, UnpricedReason,
};
use umbral_model::ids::AccountId;
use umbral_model::money::Money;

/// The word for every plan of the catalog.
const ALL: &str = "all";

/// Compares, and shows what came of it.
pub(super) fn run(
    history: &History,
    account: &AccountId,
    span: MonthSpan,
    plans: &[String],
    out: &mut Out,
) -> Result<Exit, Failure> {
    let choice = match plans {
        [one] if one == ALL => PlanChoice::All,
        named => PlanChoice::Named(named.to_vec()),
    };
    let comparison = history
        .compare(account, span, &choice)
        .map_err(|error| Failure::history(&error))?;
    if out.is_json() {
        out.json(&comparison)?;
        return Ok(Exit::Done);
    }
    plans_table(&comparison, out)?;
    verdict(&comparison, out)?;
    without_price(&comparison, out)?;
    months_table(&comparison, out)?;
    unfinished(&comparison, out)?;
    Ok(Exit::Done)
}

fn plans_table(comparison: &Comparison, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let months = match comparison.from == comparison.to {
        true => comparison.from.to_string(),
        false => format!("{} to {}", comparison.from, comparison.to),
    };
    let title = format!("{months} of account {}", comparison.account_id);
    out.line(format!(
        "{} {}",
        paint.strong(&title),
        paint.faint(&format!(
            "{}, {}",
            comparison.time_zone, comparison.currency
        ))
    ))?;
    let mut table = Table::new(&[
        ("plan", Align::Left),
        ("fee", Align::Right),
        ("usage", Align::Right),
        ("other", Align::Right),
        ("total", Align::Right),
        ("difference", Align::Right),
        ("", Align::Left),
    ]);
    for plan in &comparison.plans {
        let cost = plan.cost;
        table.row(&[
            plan.plan.clone(),
            cost.fee.to_string(),
            cost.usage.to_string(),
            cost.other.to_string(),
            cost.total.to_string(),
            difference(plan),
            remarks(plan),
        ]);
    }
    table.write(out)
}

fn difference(plan: &PlanCost) -> String {
    match plan.difference {
        _ if plan.present => String::new(),
        more if more > Money::ZERO => format!("+{more}"),
        less => less.to_string(),
    }
}

fn remarks(plan: &PlanCost) -> String {
    let mut remarks = Vec::new();
    if plan.present {
        remarks.push("as it was".to_owned());
    }
    if plan.cheapest {
        remarks.push("cheapest".to_owned());
    }
    if plan.missing() > 0 {
        remarks.push(format!("without {}", records(plan.missing())));
    }
    remarks.join(", ")
}

fn records(number: u64) -> String {
    count(number, "record", "records")
}

/// What to make of it, in a sentence.
fn verdict(comparison: &Comparison, out: &mut Out) -> Result<(), Failure> {
    let Some(present) = comparison.plans.first() else {
        return Ok(());
    };
    let cheapest: Vec<&str> = comparison
        .plans
        .iter()
        .filter(|plan| plan.cheapest)
        .map(|plan| plan.plan.as_str())
        .collect();
    let least = comparison.plans.iter().find(|plan| plan.cheapest);
    out.line(match least {
        _ if comparison.plans.len() == 1 => "there is no other plan to compare with".to_owned(),
        None => "no plan has a price for all records, so none is called cheapest".to_owned(),
        Some(least) if least.present => format!("no other plan costs less than {}", least.plan),
        Some(least) if least.difference < Money::ZERO => format!(
            "{} would have cost {} less than {}",
            cheapest.join(" or "),
            price(-least.difference, &comparison.currency),
            present.plan
        ),
        Some(least) => format!(
            "of the plans with a price for all records {} costs least",
            least.plan
        ),
    })
}

/// Records without a price: what they would have cost is in no total.
fn without_price(comparison: &Comparison, out: &mut Out) -> Result<(), Failure> {
    for plan in comparison.plans.iter().filter(|plan| plan.missing() > 0) {
        let title = format!(
            "{} has no price for {}; what they would cost is not in its total",
            plan.plan,
            records(plan.missing())
        );
        reasons(&title, &plan.unpriced, out)?;
    }
    let under_none = comparison.unpriced.iter().map(|reason| reason.records);
    match under_none.sum() {
        0 => Ok(()),
        number => {
            let title = format!("none of these plans has a price for {}", records(number));
            reasons(&title, &comparison.unpriced, out)
        }
    }
}

fn reasons(title: &str, reasons: &[UnpricedReason], out: &mut Out) -> Result<(), Failure> {
    out.line("")?;
    out.line(title)?;
    let mut table = Table::new(&[
        ("code", Align::Left),
        ("records", Align::Right),
        ("because", Align::Left),
        ("for example", Align::Left),
    ]);
    for reason in reasons {
        table.row(&[
            reason.code,
            &reason.records.to_string(),
            reason.reason,
            &reason.example,
        ]);
    }
    table.write(out)
}

/// Totals by month and plan, where there are several months.
fn months_table(comparison: &Comparison, out: &mut Out) -> Result<(), Failure> {
    let Some(months) = comparison.plans.first().map(|plan| &plan.months) else {
        return Ok(());
    };
    if months.len() < 2 || comparison.plans.len() < 2 {
        return Ok(());
    }
    let names = comparison.plans.iter();
    let columns: Vec<(&str, Align)> = std::iter::once(("month", Align::Left))
        .chain(names.map(|plan| (plan.plan.as_str(), Align::Right)))
        .collect();
    let mut table = Table::new(&columns);
    for (index, month) in months.iter().enumerate() {
        let of_month = comparison
            .plans
            .iter()
            .filter_map(|plan| plan.months.get(index));
        let cells: Vec<String> = std::iter::once(month.month.to_string())
            .chain(of_month.map(month_cell))
            .collect();
        table.row(&cells);
    }
    out.line("")?;
    table.write(out)?;
    out.line(out.paint().faint("✓ cheapest of the month"))
}

fn month_cell(month: &MonthCost) -> String {
    let mark = if month.cheapest { "✓ " } else { "" };
    match month.missing {
        0 => format!("{mark}{}", month.cost.total),
        missing => format!("{} without {missing}", month.cost.total),
    }
}

/// A month that is not over cannot be compared to its end.
fn unfinished(comparison: &Comparison, out: &mut Out) -> Result<(), Failure> {
    let clock = in_zone(comparison.as_of, &comparison.time_zone);
    if !clock.starts_with(&comparison.to.to_string()) {
        return Ok(());
    }
    out.line(out.paint().faint(&format!(
        "{} is not over: this is as of {clock}",
        comparison.to
    )))
}
