//! `umbral bill`: what a month cost, by service and zone, with totals that add up.

mod compare;

use crate::args::{MonthChoice, month, month_or_all};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::progress::grouped;
use crate::output::table::{Align, Table};
use crate::site::Site;
use crate::text::{count, humane, price};
use umbral_history::{Bill, BillLine, BillPart, History, Month, MonthSpan};
use umbral_model::ids::AccountId;
use umbral_model::money::Money;

/// Show what a month cost, by service and zone, or would have cost under other plans.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral bill A1 --data prod --month 2026-03
  umbral bill A1 --data prod                    every month that has something to show
  umbral bill A1 --data prod --month 2026-03 -o json
  umbral bill A1 --data prod --month 2026-03 --explain     every charge with its reasons
  umbral bill A1 --data prod --month 2026-03 --compare libre,libre_plus
  umbral bill A1 --data prod --from 2026-01 --to 2026-12 --compare all     cheapest over the year

Months are those of the account's time zone. Every line is a sum of committed charges.
With --compare the account's inputs are decided again from its beginning, as if it had always had
the other plan: fees, allowances, roll-over and tiers count as they would have. Members keep plans
of their own.")]
pub(crate) struct Args {
    /// The account
    account: String,
    #[command(flatten)]
    site: Site,
    /// The month, or `all`; all months when absent
    #[arg(long, value_name = "YYYY-MM", value_parser = month_or_all)]
    month: Option<MonthChoice>,
    /// The first month of several
    #[arg(long, value_name = "YYYY-MM", value_parser = month, conflicts_with = "month")]
    from: Option<Month>,
    /// The last month of several
    #[arg(long, value_name = "YYYY-MM", value_parser = month, conflicts_with = "month")]
    to: Option<Month>,
    /// Show what it would have cost under these plans; `all` for every plan of the catalog
    #[arg(
        long,
        value_name = "PLAN,...",
        value_delimiter = ',',
        conflicts_with = "brief"
    )]
    compare: Vec<String>,
    /// Leave out plans, rates and time bands below each line
    #[arg(long)]
    brief: bool,
    /// Show every charge of the month as the tree that re-computes it
    #[arg(long, conflicts_with_all = ["compare", "from", "to"], requires = "month")]
    explain: bool,
}

impl Args {
    /// The months that are meant.
    fn span(&self) -> Result<MonthSpan, Failure> {
        let (from, to) = match self.month {
            Some(MonthChoice::One(month)) => (Some(month), Some(month)),
            Some(MonthChoice::All) | None => (self.from, self.to),
        };
        match (from, to) {
            (Some(from), Some(to)) if from > to => {
                Err(Failure::usage(format!("--from {from} is after --to {to}"))
                    .note("give the earlier month first"))
            }
            _ => Ok(MonthSpan { from, to }),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let span = args.span()?;
    let account = AccountId::new(args.account.as_str());
    let history = args.site.of_account(&account, out)?;
    if !args.compare.is_empty() {
        return compare::run(&history, &account, span, &args.compare, out);
    }
    if let Some(MonthChoice::One(month)) = args.month {
        let bill = history.bill(&account, month);
        let bill = bill.map_err(|error| Failure::history(&error))?;
        if args.explain {
            return explain(&history, &account, &bill, out);
        }
        match out.is_json() {
            true => out.json(&bill)?,
            false => show(&bill, args.brief, out)?,
        }
        return Ok(Exit::Done);
    }
    let bills = history.bills(&account);
    let mut bills = bills.map_err(|error| Failure::history(&error))?;
    bills.retain(|bill| {
        span.from.is_none_or(|from| from <= bill.month) && span.to.is_none_or(|to| bill.month <= to)
    });
    if out.is_json() {
        out.json(&bills)?;
        return Ok(Exit::Done);
    }
    for (index, bill) in bills.iter().enumerate() {
        if index > 0 {
            out.line("")?;
        }
        show(bill, args.brief, out)?;
    }
    if bills.is_empty() {
        out.say("the account has neither usage nor charges in these months");
    }
    Ok(Exit::Done)
}

/// The bill, and every charge of it as a tree.
fn explain(
    history: &History,
    account: &AccountId,
    bill: &Bill,
    out: &mut Out,
) -> Result<Exit, Failure> {
    let charges = history.charges_of_month(account, bill.month);
    let charges = charges.map_err(|error| Failure::history(&error))?;
    if out.is_json() {
        for charge in &charges {
            out.json(charge)?;
        }
        return Ok(Exit::Done);
    }
    show(bill, false, out)?;
    out.line("")?;
    super::account::trees(&charges, &bill.currency, &bill.time_zone, out)?;
    Ok(Exit::Done)
}

fn show(bill: &Bill, brief: bool, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let title = format!("{} of account {}", bill.month, bill.account_id);
    out.line(format!(
        "{} {}",
        paint.strong(&title),
        paint.faint(&format!("{}, {}", bill.time_zone, bill.currency))
    ))?;
    let mut table = Table::new(&[
        ("service", Align::Left),
        ("zone", Align::Left),
        ("priced by", Align::Left),
        ("records", Align::Right),
        ("usage", Align::Right),
        ("amount", Align::Right),
    ]);
    for line in &bill.usage {
        usage_rows(line, brief, &mut table);
    }
    for line in &bill.charges {
        let kind = line.kind.replace('_', " ");
        let details = match brief {
            true => String::new(),
            false => line.details.join("; "),
        };
        table.row(&[
            &kind,
            &line.code,
            &details,
            &grouped(line.count),
            "",
            &line.amount.to_string(),
        ]);
    }
    let records = bill.usage.iter().map(|line| line.records).sum::<u64>()
        + bill.charges.iter().map(|line| line.count).sum::<u64>();
    table.total(&[
        "total",
        "",
        "",
        &grouped(records),
        "",
        &bill.total.to_string(),
    ]);
    table.write(out)?;
    if !bill.usage.is_empty() && !bill.charges.is_empty() {
        out.line(format!(
            "of it usage {}, charges {}",
            price(bill.usage_total, &bill.currency),
            price(bill.charges_total, &bill.currency)
        ))?;
    }
    if bill.discounted != Money::ZERO {
        out.line(format!(
            "discounts took off {}",
            price(bill.discounted, &bill.currency)
        ))?;
    }
    if bill.purchases_paid_at_once > 0 {
        out.line(format!(
            "paid at once and no part of it: {}, {}",
            count(bill.purchases_paid_at_once, "purchase", "purchases"),
            price(bill.paid_at_once, &bill.currency)
        ))?;
    }
    Ok(())
}

/// A line, and the rates that make it up below it where there are several.
fn usage_rows(line: &BillLine, brief: bool, table: &mut Table) {
    let abroad = line
        .network
        .as_ref()
        .map(|network| format!("in {network} "));
    let place = format!(
        "{}{}",
        abroad.unwrap_or_default(),
        line.zone.as_deref().unwrap_or("")
    );
    let (records, amount) = (grouped(line.records), line.amount.to_string());
    let only = match line.parts.as_slice() {
        [part] if !brief => part_text(part),
        _ => String::new(),
    };
    table.row(&[
        &line.service,
        &place,
        &only,
        &records,
        &humane(&line.quantity),
        &amount,
    ]);
    if brief {
        return;
    }
    for part in line.parts.iter().filter(|_| line.parts.len() > 1) {
        let (records, amount) = (grouped(part.records), part.amount.to_string());
        table.row(&[
            "",
            "",
            &part_text(part),
            &format!("· {records}"),
            "",
            &format!("· {amount}"),
        ]);
    }
    for covered in &line.covered {
        let by = format!("of which covered by {}", covered.allowance);
        let units = format!("· {}", humane(&covered.quantity));
        table.row(&["", "", &by, "", &units, ""]);
    }
    if !line.discounts.is_empty() {
        let by = format!("taken off by {}", line.discounts.join(", "));
        let amount = format!("({})", line.discounted);
        table.row(&["", "", &by, "", "", &amount]);
    }
}

/// What priced a part of a line: plan, rate, band.
fn part_text(part: &BillPart) -> String {
    let rate = part
        .rate
        .as_deref()
        .map(|rate| format!(": {rate}"))
        .unwrap_or_default();
    let band = part
        .band
        .as_deref()
        .map(|band| format!(" in {band}"))
        .unwrap_or_default();
    format!("{}{rate}{band}", part.plan)
}
