//! `umbral account`: a customer as the engine sees him, now or at an instant of the past.

mod holdings;

use super::posted;
use crate::args::instant;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::paint::Paint;
use crate::output::table::{Align, Table};
use crate::output::tree::Tree;
use crate::site::Site;
use crate::text::{in_zone, price};
use serde_json::Value;
use umbral_history::{AccountReport, LatestCharge, MeasureReport};
use umbral_model::ids::AccountId;
use umbral_model::time::Timestamp;

/// Show a customer's balances, allowances, limits, restrictions and latest charges.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral account A1 --data prod
  umbral account A1 --data prod --as-of 2026-03-15T00:00:00+01:00     as it was then
  umbral account A1 --data prod -o json
  umbral account A1 --config umbral.toml                              of a deployment on Kafka")]
pub(crate) struct Args {
    /// The account
    account: String,
    #[command(flatten)]
    site: Site,
    /// As the account was when the clock stood at this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    as_of: Option<Timestamp>,
    /// Show this many of the latest charges, 0 to 10
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(0..=10))]
    charges: u8,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let account = AccountId::new(args.account.as_str());
    let history = args.site.of_account(&account, out)?;
    let mut report = history
        .account_at(&account, args.as_of)
        .map_err(|error| Failure::history(&error))?;
    report.latest_charges.truncate(usize::from(args.charges));
    if out.is_json() {
        out.json(&report)?;
        return Ok(Exit::Done);
    }
    head(&report, out)?;
    holdings::show(&report, out)?;
    measures(&report, out)?;
    restrictions(&report, out)?;
    bills(&report, out)?;
    cases(&report, out)?;
    cycles(&report, out)?;
    charges(&report, out)?;
    Ok(Exit::Done)
}

fn head(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let class = match (&report.own_class, report.vip_rank) {
        (Some(own), rank) => format!("{} (VIP rank {rank}; own class {own})", report.class),
        (None, 0) => report.class.clone(),
        (None, rank) => format!("{} (VIP rank {rank})", report.class),
    };
    let tariff = match (&report.plan, &report.profile) {
        (Some(plan), _) => format!("plan {}", paint.name(plan)),
        (None, Some(profile)) => format!("profile {}", paint.name(profile)),
        (None, None) => "no plan".to_owned(),
    };
    out.line(format!(
        "{} · class {} · {tariff}",
        paint.strong(&format!("Account {}", report.account_id)),
        paint.name(&class),
    ))?;
    out.line(paint.faint(&format!(
        "{}, {}, cycle from day {}, as of {}",
        report.currency,
        report.time_zone,
        report.cycle_day,
        in_zone(report.as_of, &report.time_zone)
    )))?;
    for member in &report.members {
        let plan = member
            .plan
            .as_ref()
            .map(|plan| format!(", plan {plan}"))
            .unwrap_or_default();
        let until = member
            .closed_at
            .as_ref()
            .map(|at| format!(" to {at}"))
            .unwrap_or_default();
        out.line(paint.faint(&format!(
            "member {}{plan}, from {}{until}",
            member.member_id,
            in_zone(member.opened_at, &report.time_zone)
        )))?;
    }
    out.line("")?;
    out.line(format!(
        "exposure {}, of it unbilled {}, credit {}",
        paint.strong(&price(report.exposure, &report.currency)),
        price(report.unbilled, &report.currency),
        price(report.credit, &report.currency),
    ))
}

fn measures(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("limit of", Align::Left),
        ("value", Align::Right),
        ("limit", Align::Right),
        ("standing", Align::Left),
        ("thresholds", Align::Left),
    ]);
    for measure in &report.measures {
        let scope = match measure.scope {
            "all" => String::new(),
            scope => format!(" of {}", scope.replace('_', " ")),
        };
        table.row(&[
            format!("{}{scope}", measure.measure.replace('_', " ")),
            measure.value.to_string(),
            limit(measure),
            standing(measure),
            thresholds(measure),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn limit(measure: &MeasureReport) -> String {
    match (&measure.limit, &measure.own_until) {
        (Some(limit), Some(until)) => format!("{limit} (own, to {until})"),
        (Some(limit), None) => limit.clone(),
        (None, _) => "none".to_owned(),
    }
}

fn standing(measure: &MeasureReport) -> String {
    match measure.standing {
        "warned" => format!("warned ({})", measure.warnings),
        standing => standing.to_owned(),
    }
}

/// Thresholds with a mark at those that were reached.
fn thresholds(measure: &MeasureReport) -> String {
    let marks: Vec<String> = measure
        .latches
        .iter()
        .map(|latch| {
            let mark = if latch.state == "fired" { "●" } else { "○" };
            let name = match latch.bps {
                Some(bps) if latch.threshold_id != "limit" && bps % 100 == 0 => {
                    format!("{} %", bps / 100)
                }
                _ => latch.threshold_id.clone(),
            };
            format!("{mark} {name}")
        })
        .collect();
    marks.join("  ")
}

fn restrictions(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    if !report.restrictions.is_empty() {
        out.line("")?;
    }
    for restriction in &report.restrictions {
        out.line(format!(
            "{} {} because of {}",
            paint.warning("barred"),
            restriction.service,
            restriction.reasons.join(", ")
        ))?;
    }
    Ok(())
}

fn bills(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("open bill", Align::Left),
        ("due on", Align::Left),
        ("amount", Align::Right),
        ("left to pay", Align::Right),
        ("disputed", Align::Right),
    ]);
    for bill in &report.open_bills {
        let fee = if bill.late_fee { " (late fee)" } else { "" };
        table.row(&[
            format!("{}{fee}", bill.bill_id),
            bill.due_on.to_string(),
            bill.amount.to_string(),
            bill.remaining.to_string(),
            bill.disputed.to_string(),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn cases(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    if !report.cases.is_empty() || !report.holds.is_empty() {
        out.line("")?;
    }
    for case in &report.cases {
        let steps = crate::text::count(u64::from(case.step), "step", "steps");
        if let (Some(on), Some(outcome)) = (&case.closed_on, &case.closed_as) {
            out.line(format!(
                "case {} closed on {on}: {}, {steps} done",
                paint.name(&case.case_id),
                outcome.replace('_', " "),
            ))?;
            continue;
        }
        let next = case
            .next_step_on
            .as_ref()
            .map(|day| format!(", next step on {day}"));
        let held = match case.hold_reasons.as_slice() {
            [] => String::new(),
            reasons => format!(" ({})", reasons.join(", ")),
        };
        out.line(format!(
            "case {} {}{held}, overdue {}, {steps} done{}",
            paint.name(&case.case_id),
            case.state,
            price(case.overdue_total, &report.currency),
            next.unwrap_or_default(),
        ))?;
    }
    for hold in &report.holds {
        let until = hold
            .until
            .as_ref()
            .map(|day| format!(" to {day}"))
            .unwrap_or_default();
        out.line(format!("hold {}{until}", hold.reason))?;
    }
    Ok(())
}

fn cycles(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("cycle from", Align::Left),
        ("usage", Align::Right),
        ("calls", Align::Right),
        ("data", Align::Right),
        ("data abroad", Align::Right),
        ("charges", Align::Right),
    ]);
    for cycle in &report.cycles {
        table.row(&[
            cycle.start.to_string(),
            cycle.usage.to_string(),
            cycle.voice.to_string(),
            cycle.data.to_string(),
            cycle.roaming_data.to_string(),
            cycle.charges.to_string(),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn charges(report: &AccountReport, out: &mut Out) -> Result<(), Failure> {
    let latest: Vec<&LatestCharge> = report.latest_charges.iter().collect();
    if latest.is_empty() {
        return Ok(());
    }
    out.line("")?;
    out.line(out.paint().strong("latest charges"))?;
    trees(latest, &report.currency, &report.time_zone, out)
}

/// Charges as trees, each with its instant.
pub(crate) fn trees<'c>(
    charges: impl IntoIterator<Item = &'c LatestCharge>,
    currency: &str,
    time_zone: &str,
    out: &mut Out,
) -> Result<(), Failure> {
    let paint = out.paint();
    for charge in charges {
        let at = paint.faint(&in_zone(charge.at, time_zone));
        let lines = lines_of(charge, currency, paint);
        for (index, line) in lines.into_iter().enumerate() {
            out.line(if index == 0 {
                format!("{line}  {at}")
            } else {
                line
            })?;
        }
    }
    Ok(())
}

/// A charge as the tree that re-computes it.
fn lines_of(charge: &LatestCharge, currency: &str, paint: Paint) -> Vec<String> {
    let code = charge.code.as_deref().filter(|code| *code != charge.kind);
    let kind = charge.kind.replace('_', " ");
    let amount = paint.strong(&price(charge.amount, currency));
    let head = format!("{amount}  {kind} {}", code.unwrap_or_default());
    let Some(Value::Object(explanation)) = &charge.explanation else {
        return vec![head];
    };
    let tree = match charge.kind {
        "usage" => super::rate::show::charge(explanation, paint),
        "correction" => {
            let mut tree = Tree::new(format!("{amount}  correction"));
            posted::correction(explanation, currency, &mut tree, paint);
            tree
        }
        _ => posted::charge(explanation, currency, paint),
    };
    tree.lines(paint)
}
