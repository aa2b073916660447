//! The story of one case.

use super::When;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::site::Site;
use crate::text::{count, price};
use umbral_catalog::did_you_mean;
use umbral_history::{CaseStory, Happening, History, HistoryError, StoryStep};

/// Tell the whole story of a case.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral collections show A1/1 --data prod
  umbral collections show A1/1 --data prod --day 2026-05-04     as it stood at the end of that day
  umbral collections show A1/1 --data prod -o json

A case goes by its account and a number: the first case of account A1 is A1/1.")]
pub(crate) struct Args {
    /// The case
    case: String,
    #[command(flatten)]
    site: Site,
    #[command(flatten)]
    when: When,
}

/// Runs the command.
pub(super) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let story = story(args, out)?;
    if out.is_json() {
        out.json(&story)?;
        return Ok(Exit::Done);
    }
    head(&story, out)?;
    bills(&story, out)?;
    steps(&story, out)?;
    timeline(&story, out)?;
    Ok(Exit::Done)
}

fn story(args: &Args, out: &Out) -> Result<CaseStory, Failure> {
    let unknown = || HistoryError::UnknownCase {
        case: args.case.clone(),
        hint: None,
    };
    let found = match History::account_of_case(&args.case) {
        None => Err(unknown()),
        Some(account) => args
            .site
            .of_account(&account, out)?
            .case_story(&args.case, args.when.moment()),
    };
    match found {
        Err(HistoryError::UnknownCase { hint: None, .. }) => Err(not_there(args, out)?),
        other => other.map_err(|error| Failure::history(&error)),
    }
}

/// What to say of a case of which nothing is known: the nearest one that there is.
fn not_there(args: &Args, out: &Out) -> Result<Failure, Failure> {
    let parts = args.site.parts(out)?;
    let ids = History::case_ids_of(&parts).map_err(|error| Failure::history(&error))?;
    let hint = did_you_mean(&args.case, ids.iter().map(String::as_str));
    let error = HistoryError::UnknownCase {
        case: args.case.clone(),
        hint,
    };
    Ok(Failure::history(&error).note(format!(
        "umbral collections {} lists the cases that are open",
        args.site.option()
    )))
}

fn head(story: &CaseStory, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let case = &story.case;
    let vip = match case.vip_rank {
        0 => String::new(),
        rank => format!(", VIP rank {rank}"),
    };
    out.line(format!(
        "{} · {} · account {}, class {}{vip}",
        paint.strong(&format!("Case {}", case.case_id)),
        standing(story),
        paint.name(&case.account_id),
        paint.name(&case.class),
    ))?;
    out.line(paint.faint(&format!(
        "schedule {}, opened on {}, days count from {}{}, {}",
        case.schedule_version,
        case.opened_on,
        case.anchor_on,
        match story.held_days {
            0 => String::new(),
            held => format!(", without {} held", count(u64::from(held), "day", "days")),
        },
        case.time_zone
    )))?;
    if story.closed_on.is_none() {
        out.line("")?;
        out.line(format!(
            "overdue {}, to cure {}",
            paint.strong(&price(case.amount, &case.currency)),
            price(case.cure_amount, &case.currency)
        ))?;
    }
    for service in &story.barred {
        out.line(format!("{} {service}", paint.warning("barred")))?;
    }
    holds(story, out)
}

fn standing(story: &CaseStory) -> String {
    match (&story.closed_as, &story.closed_on) {
        (Some(reason), Some(on)) => format!("closed on {on}: {}", reason.replace('_', " ")),
        _ if story.case.hold_reasons.is_empty() => story.case.state.to_owned(),
        _ => format!("held ({})", story.case.hold_reasons.join(", ")),
    }
}

fn holds(story: &CaseStory, out: &mut Out) -> Result<(), Failure> {
    for hold in &story.case.holds {
        let until = hold.until.as_ref().map(|until| format!(" to {until}"));
        out.line(format!("hold {}{}", hold.reason, until.unwrap_or_default()))?;
    }
    let Some(promise) = &story.case.promise else {
        return Ok(());
    };
    let next = promise.due_on.as_ref().map(|on| {
        let missing = price(promise.missing, &story.case.currency);
        format!(", {missing} to come by {on}")
    });
    out.line(format!(
        "promise {}: {} paid{}",
        promise.promise_id,
        price(promise.paid, &story.case.currency),
        next.unwrap_or_default()
    ))
}

fn bills(story: &CaseStory, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("overdue bill", Align::Left),
        ("due on", Align::Left),
        ("left to pay", Align::Right),
        ("disputed", Align::Right),
    ]);
    for bill in story
        .overdue_bills
        .iter()
        .filter(|_| story.closed_on.is_none())
    {
        table.row(&[
            bill.bill_id.clone(),
            bill.due_on.to_string(),
            price(bill.remaining, &story.case.currency),
            price(bill.disputed, &story.case.currency),
        ]);
    }
    shown(table, out)
}

fn steps(story: &CaseStory, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("step", Align::Right),
        ("action", Align::Left),
        ("severity", Align::Right),
        ("on", Align::Left),
        ("", Align::Left),
    ]);
    let mut row = |step: &StoryStep, remark: &str| {
        table.row(&[
            step.step.to_string(),
            step.action.clone(),
            step.severity.to_string(),
            step.on.to_string(),
            remark.to_owned(),
        ]);
    };
    for step in &story.steps_done {
        let result = step.result.as_deref().unwrap_or("done");
        row(step, if step.corrected { "taken back" } else { result });
    }
    for step in &story.steps_to_come {
        row(step, "to come, if nothing is paid");
    }
    shown(table, out)
}

fn timeline(story: &CaseStory, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("day", Align::Left),
        ("what happened", Align::Left),
        ("because of", Align::Left),
    ]);
    let mut last = None;
    for happening in &story.timeline {
        let day = match last == Some(happening.day) {
            true => String::new(),
            false => happening.day.to_string(),
        };
        last = Some(happening.day);
        table.row(&[day, happening.text.clone(), because(happening)]);
    }
    shown(table, out)
}

/// The input, or who ordered it and why; time needs no mention.
fn because(happening: &Happening) -> String {
    let order = [&happening.actor, &happening.reason];
    let order: Vec<&str> = order.into_iter().filter_map(Option::as_deref).collect();
    let cause = match happening.caused_by.starts_with("timer/") {
        true => "time",
        false => &happening.caused_by,
    };
    match order.is_empty() {
        true => cause.to_owned(),
        false => format!("{cause} ({})", order.join(": ")),
    }
}

/// A table after an empty line; nothing where it has no row.
fn shown(table: Table, out: &mut Out) -> Result<(), Failure> {
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}
