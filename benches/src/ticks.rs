//! What a tick costs over many accounts: in proportion to what is due, not to the accounts.

use crate::{Row, START, Sizes, catalog, customer};
use anyhow::{Context, Result};
use std::time::Instant;
use umbral_engine::{Decision, Partition, World};
use umbral_intake::zones::{Iana, iana};
use umbral_model::ids::{BillId, EventId, Source};
use umbral_model::input::{BillIssued, Body, Incoming, InputKey};
use umbral_model::money::Money;
use umbral_model::time::{Date, NANOS_PER_SECOND, Timestamp};

/// Prefixes of the catalog: nothing here is rated.
const PREFIXES: usize = 100;
/// One account of so many owes.
const DEBTORS: u64 = 100;
/// Ticks of which nothing is due, a second apart.
const QUIET: u32 = 10_000;
const COLLECTIONS: &str = r#"
[collections.bench]
entry_amount = "20.00"
exit_amount = "5.00"
entry_days = 1
steps = [ { action = "reminder", offset = 3, severity = 10 }, { action = "letter", offset = 8, severity = 20 } ]
"#;

/// What ticks over some accounts cost.
struct Measured {
    /// Nanoseconds of a tick of which nothing is due.
    quiet: f64,
    /// Nanoseconds of the tick that opens cases, for each.
    opening: f64,
    /// Nanoseconds of the tick that takes steps, for each.
    stepping: f64,
}

/// Rows of ticks over all accounts of the full path, one in a hundred of which owes; the floor is the same number
/// of debtors alone.
///
/// # Errors
/// Anything that does not work.
pub fn rows(sizes: &Sizes) -> Result<Vec<Row>> {
    let debtors = sizes.accounts / DEBTORS;
    let alone = measure(debtors, 1)?;
    let among = measure(sizes.accounts, DEBTORS)?;
    Ok(vec![
        Row::time("tick_none_due", among.quiet, "ns", alone.quiet),
        Row::time(
            "tick_1pct_cases_open",
            among.opening,
            "ns/due",
            alone.opening,
        ),
        Row::time(
            "tick_1pct_steps_due",
            among.stepping,
            "ns/due",
            alone.stepping,
        ),
    ])
}

fn world() -> Result<World> {
    let mut files = catalog(PREFIXES);
    let tables = files.iter_mut().find(|(path, _)| path == "tables.toml");
    let (_, tables) = tables.context("the tables of the catalog")?;
    *tables = format!("{tables}collections = \"bench\"\n{COLLECTIONS}").into();
    let compiled = umbral_catalog::load(&files, &Iana)
        .map_err(|problems| anyhow::anyhow!("the catalog has problems: {problems:?}"))?;
    let mut world = World::new();
    world.add_zone(iana("Europe/Madrid").context("a zone")?);
    let valid_from = compiled.catalog.valid_from;
    world.activate(compiled.catalog, valid_from, key("catalog"));
    Ok(world)
}

fn measure(accounts: u64, debtor_each: u64) -> Result<Measured> {
    let world = world()?;
    let mut partition = Partition::new();
    let mut events = Vec::new();
    for account in 0..accounts {
        let [added, _] = customer(account);
        take(&mut partition, &world, added.clone())?;
        if account.is_multiple_of(debtor_each) {
            take(&mut partition, &world, bill(added)?)?;
        }
    }
    let debtors = accounts.div_ceil(debtor_each) as f64;
    let mut tick = |at: Timestamp, wanted: usize| -> Result<f64> {
        events.clear();
        let started = Instant::now();
        partition.tick(&world, at, &mut events);
        let nanos = started.elapsed().as_nanos() as f64;
        anyhow::ensure!(
            events.len() == wanted,
            "{} events, not {wanted}",
            events.len()
        );
        Ok(nanos)
    };
    let noon = "2026-03-05T12:00:00Z";
    let noon = Timestamp::parse(noon).context("an instant")?;
    let mut quiet = 0.0;
    for second in 0..QUIET {
        quiet += tick(noon.plus_nanos(i64::from(second) * NANOS_PER_SECOND), 0)?;
    }
    let opened = Timestamp::parse("2026-03-06T12:00:00Z").context("an instant")?;
    let stepped = Timestamp::parse("2026-03-08T12:00:00Z").context("an instant")?;
    Ok(Measured {
        quiet: quiet / f64::from(QUIET),
        opening: tick(opened, debtors as usize)? / debtors,
        stepping: tick(stepped, debtors as usize)? / debtors,
    })
}

fn take(partition: &mut Partition, world: &World, incoming: Incoming) -> Result<()> {
    let input = incoming.into_input().context("an input of an account")?;
    let mut events = Vec::new();
    match partition.process(world, START, &input, 0, &mut events) {
        Decision::Applied => Ok(()),
        other => Err(anyhow::anyhow!("{other:?}")),
    }
}

/// A bill of the same account.
fn bill(mut incoming: Incoming) -> Result<Incoming> {
    let date = |text: &str| Date::parse(text).context("a day");
    incoming.key = key(&format!("{}-bill", incoming.key.event_id));
    incoming.body = umbral_model::input::IncomingBody::Account(Body::BillIssued(BillIssued {
        bill: BillId::new("B1"),
        cycle_end: date("2026-03-01")?,
        amount: Money::from_micros(35_000_000),
        due_on: date("2026-03-05")?,
        lines: Vec::new(),
        replaces: None,
        keep_due_on: false,
    }));
    Ok(incoming)
}

fn key(id: &str) -> InputKey {
    InputKey {
        source: Source::new("bench"),
        event_id: EventId::new(id),
    }
}
