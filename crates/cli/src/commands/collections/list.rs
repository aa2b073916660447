//! The work list of a day.

use super::When;
use crate::failure::{Exit, Failure};
use crate::output::table::{Align, Table};
use crate::output::{Format, Out};
use crate::site::Site;
use crate::text::{count, price};
use umbral_history::{CaseStanding, History, ListedCase, Wanted, WorkList};
use umbral_model::money::Money;

/// List the cases to work on.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    #[command(flatten)]
    site: Site,
    #[command(flatten)]
    when: When,
    /// Only this credit class, may be given several times
    #[arg(long, value_name = "CLASS")]
    class: Vec<String>,
    /// Only cases of which a step of this severity or above was taken
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_severity: u16,
    /// Only cases with at least this much overdue
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    min_amount: Option<Money>,
    /// Only cases that stand so, may be given several times
    #[arg(long, value_name = "STATE", value_parser = standing)]
    state: Vec<CaseStanding>,
    /// Only cases of which a step was taken on the day itself
    #[arg(long)]
    due: bool,
    /// Show this many at most; the totals are of all
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

fn amount(text: &str) -> Result<Money, String> {
    Money::parse(text).map_err(|_| "not an amount: write it as 35.20".to_owned())
}

fn standing(text: &str) -> Result<CaseStanding, String> {
    let listed = || {
        let all = CaseStanding::ALL.into_iter();
        all.filter(|standing| *standing != CaseStanding::Closed)
    };
    listed()
        .find(|standing| standing.word() == text)
        .ok_or_else(|| {
            let words: Vec<&str> = listed().map(CaseStanding::word).collect();
            format!("write one of {}", words.join(", "))
        })
}

/// Runs the command.
pub(super) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let wanted = Wanted {
        moment: args.when.moment(),
        classes: args.class.clone(),
        min_severity: args.min_severity,
        standings: args.state.clone(),
        due: args.due,
        min_amount: args.min_amount,
    };
    let parts = args.site.parts(out)?;
    let mut list =
        History::work_list_of(&parts, &wanted).map_err(|error| Failure::history(&error))?;
    let all = list.cases.len();
    list.cases.truncate(args.limit.unwrap_or(all));
    match out.format {
        Format::Json => out.json(&list)?,
        Format::Csv => csv(&list, out)?,
        Format::Table => table(&list, all, out)?,
    }
    Ok(Exit::Done)
}

fn table(list: &WorkList, all: usize, out: &mut Out) -> Result<(), Failure> {
    if list.cases.is_empty() {
        return out.line("no case to work on");
    }
    let mut table = Table::new(&[
        ("case", Align::Left),
        ("class", Align::Left),
        ("vip", Align::Right),
        ("severity", Align::Right),
        ("overdue", Align::Right),
        ("to cure", Align::Right),
        ("oldest due", Align::Left),
        ("last step", Align::Left),
        ("next step", Align::Left),
        ("held by", Align::Left),
    ]);
    for case in &list.cases {
        table.row(&[
            case.case_id.clone(),
            case.class.clone(),
            rank(case.vip_rank),
            case.severity.to_string(),
            price(case.amount, &case.currency),
            price(case.cure_amount, &case.currency),
            case.oldest_due_on.clone().unwrap_or_default(),
            last_step(case),
            next_step(case),
            held_by(case),
        ]);
    }
    table.write(out)?;
    if list.cases.len() < all {
        let hidden = (all - list.cases.len()) as u64;
        out.line(format!("and {}", count(hidden, "case more", "cases more")))?;
    }
    out.line("")?;
    for total in &list.totals {
        out.line(format!(
            "{}: {} overdue, {} would cure all; {} held, {} with all steps taken",
            out.paint().strong(&count(total.cases, "case", "cases")),
            price(total.amount, &total.currency),
            price(total.cure_amount, &total.currency),
            total.held,
            total.exhausted,
        ))?;
    }
    Ok(())
}

fn rank(rank: u16) -> String {
    match rank {
        0 => String::new(),
        rank => rank.to_string(),
    }
}

fn last_step(case: &ListedCase) -> String {
    let step = case.last_step.as_ref();
    step.map_or_else(String::new, |step| format!("{} {}", step.on, step.action))
}

fn next_step(case: &ListedCase) -> String {
    match &case.next_step {
        None => "none left".to_owned(),
        Some(step) => match &step.on {
            Some(on) => format!("{on} {}", step.action),
            None => format!("then {}", step.action),
        },
    }
}

/// Why it is held, and until when as far as that is known.
fn held_by(case: &ListedCase) -> String {
    let reasons = case.hold_reasons.iter().map(|reason| {
        let hold = case.holds.iter().find(|hold| hold.reason == *reason);
        let promise = case.promise.as_ref().filter(|_| *reason == "promise");
        let until = hold
            .and_then(|hold| hold.until.as_ref())
            .or(promise.and_then(|promise| promise.due_on.as_ref()));
        match until {
            Some(until) => format!("{reason} to {until}"),
            None => (*reason).to_owned(),
        }
    });
    reasons.collect::<Vec<_>>().join(", ")
}

const COLUMNS: [&str; 24] = [
    "case_id",
    "account_id",
    "class",
    "vip_rank",
    "state",
    "severity",
    "amount",
    "cure_amount",
    "disputed",
    "currency",
    "bills",
    "oldest_bill_id",
    "oldest_due_on",
    "last_step",
    "last_action",
    "last_step_on",
    "last_result",
    "next_step",
    "next_action",
    "next_step_on",
    "hold_reasons",
    "promise_due_on",
    "promise_missing",
    "opened_on",
];

fn csv(list: &WorkList, out: &mut Out) -> Result<(), Failure> {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(list.cases.iter().map(row));
    out.csv(&rows)
}

fn row(case: &ListedCase) -> [String; COLUMNS.len()] {
    let last = case.last_step.as_ref();
    let next = case.next_step.as_ref();
    let promise = case.promise.as_ref();
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    [
        case.case_id.clone(),
        case.account_id.clone(),
        case.class.clone(),
        case.vip_rank.to_string(),
        case.state.to_owned(),
        case.severity.to_string(),
        case.amount.to_string(),
        case.cure_amount.to_string(),
        case.disputed.to_string(),
        case.currency.clone(),
        case.bills.to_string(),
        text(case.oldest_bill_id.as_ref()),
        text(case.oldest_due_on.as_ref()),
        last.map_or_else(String::new, |step| step.step.to_string()),
        text(last.map(|step| &step.action)),
        last.map_or_else(String::new, |step| step.on.to_string()),
        text(last.and_then(|step| step.result.as_ref())),
        next.map_or_else(String::new, |step| step.step.to_string()),
        text(next.map(|step| &step.action)),
        text(next.and_then(|step| step.on.as_ref())),
        case.hold_reasons.join(" "),
        text(promise.and_then(|promise| promise.due_on.as_ref())),
        promise.map_or_else(String::new, |promise| promise.missing.to_string()),
        case.opened_on.to_string(),
    ]
}
