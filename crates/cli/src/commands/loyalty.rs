//! `umbral loyalty`: a customer's points with their whole story, the programmes' reports, and the proof of a purchase.

mod words;

use crate::args::{date, instant};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::site::Site;
use crate::text::{count, in_zone, price};
use umbral_history::{
    HistoryError, LedgerReport, LoyaltyReport, LoyaltyStory, Proof, loyalty_report,
};
use umbral_model::ids::AccountId;
use umbral_model::time::{Date, Timestamp};

/// What can be asked about points.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum Command {
    Show(Show),
    Report(Report),
    Proof(ProofOf),
}

/// Show a customer's balances, lots with their last days, tier, cards, and the history with reasons.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral loyalty show A1 --data prod
  umbral loyalty show A1 --data prod --as-of 2026-03-15T00:00:00+01:00     as it was then
  umbral loyalty show A1 --data prod --history 0                           balances alone
  umbral loyalty show A1 --config umbral.toml -o json                      of a deployment on Kafka")]
pub(crate) struct Show {
    /// The account
    account: String,
    #[command(flatten)]
    site: Site,
    /// As it was when the clock stood at this instant
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    as_of: Option<Timestamp>,
    /// Show this many of the latest things that happened
    #[arg(long, value_name = "N", default_value_t = 20)]
    history: usize,
}

/// Report on members: growth, who comes back, spend beside other customers, points, rewards, late claims.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral loyalty report --data prod
  umbral loyalty report --data prod --from 2026-01-01 --to 2026-03-31      one quarter
  umbral loyalty report --data prod --top 50 -o json
  umbral loyalty report --config umbral.toml                               of a deployment on Kafka")]
pub(crate) struct Report {
    #[command(flatten)]
    site: Site,
    /// First day that is in it
    #[arg(long, value_name = "DATE", value_parser = date)]
    from: Option<Date>,
    /// Last day that is in it
    #[arg(long, value_name = "DATE", value_parser = date)]
    to: Option<Date>,
    /// How many of the customers who spent most
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
}

/// Find a purchase, bill or redemption, and what came of it.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral loyalty proof P1 --data prod                  where purchase P1 came in and what it earned
  umbral loyalty proof P1 --data prod -o json")]
pub(crate) struct ProofOf {
    /// A purchase_id, bill_id or redemption_id
    source_ref: String,
    #[command(flatten)]
    site: Site,
}

/// Runs the command.
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::Show(args) => show(args, out),
        Command::Report(args) => report(args, out),
        Command::Proof(args) => proof(args, out),
    }
}

fn show(args: &Show, out: &mut Out) -> Result<Exit, Failure> {
    let account = AccountId::new(args.account.as_str());
    let history = args.site.of_account(&account, out)?;
    let mut story = history
        .loyalty_of(&account, args.as_of)
        .map_err(|error| Failure::history(&error))?;
    let older = story.history.len().saturating_sub(args.history);
    story.history.drain(..older);
    if out.is_json() {
        out.json(&story)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    out.line(paint.strong(&format!("Account {}", story.account_id)))?;
    out.line(paint.faint(&format!(
        "{}, as of {}",
        story.time_zone,
        in_zone(story.as_of, &story.time_zone)
    )))?;
    if story.ledgers.is_empty() {
        out.line("no ledger of points: nothing was earned, no card given out")?;
    }
    for ledger in &story.ledgers {
        show_ledger(ledger, &story, out)?;
    }
    show_cards(&story, out)?;
    show_history(&story, older, out)?;
    Ok(Exit::Done)
}

fn show_ledger(ledger: &LedgerReport, story: &LoyaltyStory, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    out.line("")?;
    let tier = ledger.tier.as_ref();
    let tier = tier.map(|tier| format!(" · tier {}", paint.name(tier)));
    let state = match ledger.state {
        "active" => String::new(),
        state => format!(" · {}", paint.warning(state)),
    };
    out.line(format!(
        "{}{}{state}",
        paint.strong(&ledger.ledger),
        tier.unwrap_or_default()
    ))?;
    out.line(format!(
        "{} to spend, {} pending, {} reserved{}",
        paint.strong(&count(ledger.available, "point", "points")),
        ledger.pending,
        ledger.reserved,
        match ledger.debt {
            0 => String::new(),
            debt => format!(", {} owed", paint.warning(&debt.to_string())),
        }
    ))?;
    for line in progress(ledger, &story.currency) {
        out.line(paint.faint(&line))?;
    }
    let mut lots = Table::new(&[
        ("lot", Align::Right),
        ("of", Align::Left),
        ("earned on", Align::Left),
        ("points", Align::Right),
        ("left", Align::Right),
        ("reserved", Align::Right),
        ("state", Align::Left),
        ("last day", Align::Left),
    ]);
    for lot in &ledger.lots {
        let state = match lot.state {
            "pending" => format!("pending to {}", lot.available_on),
            state => state.to_owned(),
        };
        lots.row(&[
            lot.lot_id.clone(),
            lot.source_ref.clone(),
            lot.earned_on.to_string(),
            lot.points.to_string(),
            lot.remaining.to_string(),
            lot.reserved.to_string(),
            state,
            lot.expires_on.clone().unwrap_or("never".to_owned()),
        ]);
    }
    if !lots.is_empty() {
        lots.write(out)?;
    }
    Ok(())
}

/// How far a member is to the next tier, what keeps the tier, and what keeps the membership.
fn progress(ledger: &LedgerReport, currency: &str) -> Vec<String> {
    let bought = ledger.last_purchase_on.as_ref();
    let mut lines = vec![format!(
        "member since {}{}",
        ledger.opened_on,
        bought.map_or(String::new(), |day| format!(", last purchase {day}"))
    )];
    if let (Some(next), Some(points)) = (&ledger.next_tier, ledger.points_to_next) {
        lines.push(format!(
            "{} to {next} ({} count so far)",
            count(points, "point", "points"),
            ledger.counter
        ));
    }
    if let Some(until) = &ledger.valid_until {
        let keeps = ledger.retain.as_ref();
        let keeps = keeps.map(|retain| format!(", {retain} {currency} keep the tier"));
        lines.push(format!(
            "validity from {} to {until}: sales of {}{}",
            ledger.valid_from,
            price(ledger.sales, currency),
            keeps.unwrap_or_default()
        ));
    }
    if let Some(last) = &ledger.ends_on {
        lines.push(format!("membership to {last} without a further purchase"));
    }
    if let Some(day) = &ledger.ended_on {
        lines.push(format!("membership ended on {day}"));
    }
    lines
}

fn show_cards(story: &LoyaltyStory, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("card", Align::Left),
        ("type", Align::Left),
        ("state", Align::Left),
        ("holder", Align::Left),
        ("ledger", Align::Left),
        ("good to", Align::Left),
    ]);
    for card in &story.cards {
        table.row(&[
            card.number.clone().unwrap_or_default(),
            card.card_type.clone(),
            card.state.replace('_', " "),
            card.holder.clone().unwrap_or_default(),
            card.ledger.clone().unwrap_or_default(),
            card.valid_until
                .clone()
                .unwrap_or("further notice".to_owned()),
        ]);
    }
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn show_history(story: &LoyaltyStory, older: usize, out: &mut Out) -> Result<(), Failure> {
    if story.history.is_empty() {
        return Ok(());
    }
    let paint = out.paint();
    out.line("")?;
    out.line(paint.strong("what happened"))?;
    if older > 0 {
        let before = count(older as u64, "thing", "things");
        out.line(paint.faint(&format!("({before} before, see --history)")))?;
    }
    for line in &story.history {
        let at = paint.faint(&in_zone(line.at, &story.time_zone));
        let by = line.actor.as_ref().map(|actor| format!(", by {actor}"));
        let because = paint.faint(&format!("({}{})", line.caused_by, by.unwrap_or_default()));
        out.line(format!("{at}  {} {because}", words::of_line(line)))?;
    }
    Ok(())
}

fn report(args: &Report, out: &mut Out) -> Result<Exit, Failure> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(Failure::usage(format!("--from {from} is after --to {to}")));
    }
    let parts = args.site.parts(out)?;
    let report = loyalty_report(&parts, (args.from, args.to), args.top)
        .map_err(|error| Failure::history(&error))?;
    if out.is_json() {
        out.json(&report)?;
        return Ok(Exit::Done);
    }
    members(&report, out)?;
    months(&report, out)?;
    spend(&report, out)?;
    points(&report, out)?;
    claims(&report, out)?;
    card_stock(&report, out)?;
    Ok(Exit::Done)
}

fn members(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let tiers: Vec<String> = report
        .members_by_tier
        .iter()
        .map(|(tier, members)| format!("{members} {tier}"))
        .collect();
    let tiers = match tiers.is_empty() {
        true => String::new(),
        false => format!(" ({})", tiers.join(", ")),
    };
    out.line(format!(
        "{}{tiers}",
        paint.strong(&count(report.members, "member", "members"))
    ))?;
    if let Some(retention) = &report.retention_percent {
        out.line(format!(
            "{retention} % of those who bought in a month bought again in the next"
        ))?;
    }
    out.line(format!(
        "members hold {} and owe {}",
        count(report.outstanding.points, "point", "points"),
        report.outstanding.debt
    ))?;
    let (scores, sum) = report.effort;
    if let Some(tenths) = (sum * 10).checked_div(scores) {
        out.line(format!(
            "effort {}.{} of 7 in {} (7 is hard)",
            tenths / 10,
            tenths % 10,
            count(scores, "score", "scores")
        ))?;
    }
    Ok(())
}

fn months(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let spent = format!("spent, {}", report.currency);
    let mut table = Table::new(&[
        ("month", Align::Left),
        ("joined", Align::Right),
        ("left", Align::Right),
        ("members", Align::Right),
        ("buying", Align::Right),
        ("came back", Align::Right),
        ("purchases", Align::Right),
        ("visits", Align::Right),
        (&spent, Align::Right),
        ("points earned", Align::Right),
        ("redeemed", Align::Right),
    ]);
    for month in &report.months {
        table.row(&[
            month.month.clone(),
            month.joined.to_string(),
            month.left.to_string(),
            month.members.to_string(),
            month.buying_members.to_string(),
            month.came_back.to_string(),
            month.purchases.to_string(),
            month.visits.to_string(),
            month.spent.to_string(),
            month.earned.to_string(),
            month.redeemed.to_string(),
        ]);
    }
    section(table, out)
}

/// A table with a blank line above it, unless it is empty.
fn section(table: Table, out: &mut Out) -> Result<(), Failure> {
    if table.is_empty() {
        return Ok(());
    }
    out.line("")?;
    table.write(out)
}

fn spend(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("customers", Align::Left),
        ("who bought", Align::Right),
        ("purchases", Align::Right),
        ("visits", Align::Right),
        ("spent", Align::Right),
    ]);
    for (name, group) in [("members", &report.loyal), ("others", &report.others)] {
        table.row(&[
            name.to_owned(),
            group.customers.to_string(),
            group.purchases.to_string(),
            group.visits.to_string(),
            price(group.spent, &report.currency),
        ]);
    }
    section(table, out)?;
    let mut table = Table::new(&[
        ("members who spent most", Align::Left),
        ("purchases", Align::Right),
        ("spent", Align::Right),
    ]);
    for customer in &report.top_customers {
        table.row(&[
            customer.account_id.clone(),
            customer.purchases.to_string(),
            price(customer.spent, &report.currency),
        ]);
    }
    section(table, out)
}

fn points(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("points from", Align::Left),
        ("earned", Align::Right),
        ("taken back", Align::Right),
    ]);
    for source in &report.points_by_source {
        table.row(&[
            source.source.replace('_', " "),
            source.earned.to_string(),
            source.taken_back.to_string(),
        ]);
    }
    section(table, out)?;
    let mut table = Table::new(&[("points went", Align::Left), ("points", Align::Right)]);
    for (how, points) in &report.points_gone {
        table.row(&[(*how).to_owned(), points.to_string()]);
    }
    section(table, out)?;
    let mut table = Table::new(&[
        ("reward", Align::Left),
        ("given", Align::Right),
        ("points", Align::Right),
    ]);
    for reward in &report.rewards {
        table.row(&[
            reward.reward.clone(),
            reward.count.to_string(),
            reward.points.to_string(),
        ]);
    }
    section(table, out)
}

fn card_stock(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("cards from stock", Align::Left),
        ("printed", Align::Right),
        ("given out", Align::Right),
        ("left", Align::Right),
    ]);
    for stock in &report.card_stock {
        table.row(&[
            stock.card_type.clone(),
            stock.printed.to_string(),
            stock.given_out.to_string(),
            stock.left.to_string(),
        ]);
    }
    section(table, out)
}

fn claims(report: &LoyaltyReport, out: &mut Out) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("claimed purchase", Align::Left),
        ("by", Align::Left),
        ("at", Align::Left),
        ("points", Align::Right),
        ("refused", Align::Left),
    ]);
    for claim in &report.late_claims {
        table.row(&[
            claim.purchase_id.clone(),
            claim.account_id.clone(),
            claim.at.to_string(),
            claim.points.to_string(),
            claim.refused.unwrap_or_default().replace('_', " "),
        ]);
    }
    section(table, out)
}

fn proof(args: &ProofOf, out: &mut Out) -> Result<Exit, Failure> {
    let parts = args.site.parts(out)?;
    let mut found: Vec<Proof> = Vec::new();
    let mut unknown = None;
    for part in &parts {
        match part.proof(&args.source_ref) {
            Ok(more) => found.extend(more),
            Err(error @ HistoryError::UnknownSource { .. }) => unknown = Some(error),
            Err(error) => return Err(Failure::history(&error)),
        }
    }
    if let (true, Some(error)) = (found.is_empty(), unknown) {
        return Err(Failure::history(&error));
    }
    found.sort_by_key(|proof| (proof.at, proof.position));
    if out.is_json() {
        out.json(&found)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for proof in &found {
        let who = proof.account_id.as_deref().unwrap_or("nobody known");
        out.line(format!(
            "{}  {}  {} {}",
            paint.faint(&proof.at.to_string()),
            paint.name(who),
            words::of(&proof.kind, &proof.fields),
            paint.faint(&format!("({}, input {})", proof.caused_by, proof.position))
        ))?;
    }
    Ok(Exit::Done)
}
