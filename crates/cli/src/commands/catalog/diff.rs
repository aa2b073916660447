//! `umbral catalog diff`: what changes from one catalog to another, and for whom.

use crate::args::instant;
use crate::catalogs::{self, Loaded};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::text::{count, in_zone};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use umbral_catalog::Compiled;
use umbral_catalog::diff::{self, Change, Effect, Kind};
use umbral_model::time::Timestamp;

/// Say what changes from one catalog to another, and for whom.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral catalog diff my-tariff my-draft
  umbral catalog diff tariffs/2026-01 tariffs/2026-07
  umbral catalog diff tariffs my-draft --at 2026-07-01T00:00:00+02:00
  umbral -o json catalog diff my-tariff my-draft

What records cost is compared, not how the files are written: other names, other order or other
units of the same price are no change. Of several versions the newest is taken.")]
pub(crate) struct Args {
    /// The catalog before
    from: PathBuf,
    /// The catalog after
    to: PathBuf,
    /// Of several versions take the one in force then
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    at: Option<Timestamp>,
}

/// Runs the command.
pub(super) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let from = version(&args.from, args.at, out)?;
    let to = version(&args.to, args.at, out)?;
    let changes = diff::compiled(&from.compiled, &to.compiled);
    if out.is_json() {
        let lines: Vec<Value> = changes.iter().map(change_json).collect();
        out.json(&lines)?;
        return Ok(Exit::Done);
    }
    let paint = out.paint();
    for (word, side) in [("from", &from.compiled), ("to", &to.compiled)] {
        out.line(format!(
            "{word:<4} {} {}",
            paint.strong(&side.summary.name),
            head(side)
        ))?;
    }
    if changes.is_empty() {
        out.line(paint.good("nothing changes"))?;
    }
    for group in changes.chunk_by(|left, right| heading(left.kind) == heading(right.kind)) {
        if let Some(first) = group.first() {
            out.line("")?;
            out.line(paint.strong(heading(first.kind)))?;
        }
        show(group, out)?;
    }
    if !changes.is_empty() {
        out.say(format!(
            "{} in all",
            count(changes.len() as u64, "change", "changes")
        ));
    }
    Ok(Exit::Done)
}

/// The newest version of a folder, or the one in force at an instant.
fn version(folder: &Path, at: Option<Timestamp>, out: &Out) -> Result<Loaded, Failure> {
    let mut versions = catalogs::load(folder, out)?;
    if let Some(at) = at {
        versions.retain(|version| version.compiled.catalog.valid_from <= at);
    }
    versions.pop().ok_or_else(|| {
        let place = folder.display();
        match at {
            Some(at) => Failure::problems(format!("no version of {place} is in force at {at}"))
                .note("name a later instant, or leave --at out"),
            None => Failure::problems(format!("{place} holds no version")),
        }
    })
}

fn head(side: &Compiled) -> String {
    let summary = &side.summary;
    let from = in_zone(summary.valid_from, &summary.time_zone);
    format!("version {}, from {from} on", summary.label)
}

/// Kinds that stand together.
fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Catalog | Kind::Service | Kind::Plan => "catalog",
        Kind::Fee | Kind::Allowance => "fees and allowances",
        Kind::Product => "products",
        Kind::Discount => "discounts",
        Kind::Zone | Kind::Network => "zones and networks",
        Kind::Band => "time bands",
        Kind::Emergency => "emergency numbers",
        Kind::Class | Kind::Collections => "credit",
        Kind::Programme => "loyalty",
        Kind::Profile => "profiles",
        _ => "prices",
    }
}

/// Widest first column.
const WIDEST: usize = 40;

/// Changes of one heading: for whom, and below each what.
fn show(changes: &[Change], out: &mut Out) -> Result<(), Failure> {
    let paint = out.paint();
    let mut last: Option<String> = None;
    for change in changes {
        let whom = whom(change);
        if last.as_ref() != Some(&whom) && !whom.is_empty() {
            out.line(format!("  {}", paint.name(&whom)))?;
        }
        last = Some(whom.clone());
        let indent = if whom.is_empty() { "  " } else { "    " };
        let subject = subject(change);
        let amount = amount(change);
        let amount = match (change.effect, change.kind) {
            (Effect::Dearer, _) => paint.error(&amount),
            (Effect::Cheaper, _) => paint.good(&amount),
            (Effect::Mixed, _) => paint.warning(&amount),
            (Effect::Neutral, Kind::Sold | Kind::Plan) => paint.warning(&amount),
            (Effect::Neutral, _) => amount,
        };
        let width = subject.chars().count();
        if width > WIDEST {
            out.line(format!("{indent}{subject}"))?;
            out.line(format!("{indent}  {amount}"))?;
        } else {
            let gap = " ".repeat(WIDEST + 2 - width);
            out.line(format!("{indent}{subject}{gap}{amount}"))?;
        }
        for note in &change.notes {
            out.line(format!("{indent}  {}", paint.faint(note)))?;
        }
    }
    Ok(())
}

/// The plans, class or nobody in particular.
fn whom(change: &Change) -> String {
    match (&change.class, change.plans.as_slice()) {
        (Some(class), _) if change.kind == Kind::Class => format!("class {class}"),
        (Some(schedule), _) => format!("schedule {schedule}"),
        (None, []) if change.kind.is_of_price() => "all plans".to_owned(),
        (None, [plan]) if change.kind != Kind::Plan => format!("plan {plan}"),
        (None, plans) if change.kind != Kind::Plan && !plans.is_empty() => {
            format!("plans {}", plans.join(", "))
        }
        _ => String::new(),
    }
}

/// What changes, and where.
fn subject(change: &Change) -> String {
    let mut parts: Vec<String> = Vec::new();
    if change.kind.is_of_price() {
        if change.services.is_empty() {
            parts.push("all services".to_owned());
        } else {
            parts.push(change.services.join(", "));
        }
        let place = change.at.words();
        if !place.is_empty() {
            parts.push(place);
        }
        let what = parts.join(", ");
        return match change.kind {
            Kind::Price | Kind::Sold => what,
            _ => format!("{what}: {}", change.what),
        };
    }
    change.what.clone()
}

/// `0.09 -> 0.08 per minute (-11.1%)`.
fn amount(change: &Change) -> String {
    let mut text = match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{} → {to}", shortened(from, to)),
        (None, Some(to)) if to == "there" => "new".to_owned(),
        (Some(from), None) if from == "there" => "removed".to_owned(),
        (None, Some(to)) => format!("new: {to}"),
        (Some(from), None) => format!("removed: {from}"),
        (None, None) => String::new(),
    };
    if let Some(percent) = &change.percent {
        text.push_str(&format!("  {percent}"));
    }
    text
}

/// The value before, without the unit that the value after has too.
fn shortened<'t>(from: &'t str, to: &str) -> &'t str {
    let (Some((amount, unit)), Some((_, other))) =
        (from.split_once(" per "), to.split_once(" per "))
    else {
        return from;
    };
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    if unit == other && plain(amount) {
        amount
    } else {
        from
    }
}

/// A change for programs. `plan` is null where it is for all plans or for none.
fn change_json(change: &Change) -> Value {
    let names = |names: &[smol_str::SmolStr]| match names {
        [] => Value::Null,
        names => names
            .iter()
            .map(|name| Value::from(name.as_str()))
            .collect(),
    };
    json!({
        "kind": change.kind.word(),
        "plan": names(&change.plans),
        "class": change.class,
        "service": names(&change.services),
        "what": change.what,
        "from": change.from,
        "to": change.to,
        "percent": change.percent,
        "effect": change.effect.word(),
        "where": where_json(change),
        "notes": change.notes,
    })
}

/// For which records; null for all.
fn where_json(change: &Change) -> Value {
    let at = &change.at;
    if *at == diff::Where::default() {
        return Value::Null;
    }
    let names = |names: &[smol_str::SmolStr]| -> Value {
        names
            .iter()
            .map(|name| Value::from(name.as_str()))
            .collect()
    };
    let moved = at.moved.iter().map(|moved| {
        json!({
            "from": names(&moved.from),
            "to": names(&moved.to),
            "whole_numbers": moved.whole,
            "prefixes": names(&moved.prefixes),
        })
    });
    let place = |place: &String| Value::from(if place.is_empty() { "home" } else { place });
    json!({
        "words": at.words(),
        "direction": at.direction.map(umbral_model::input::Direction::word),
        "zones": names(&at.zones),
        "moved": moved.collect::<Vec<_>>(),
        "other_destinations": at.others,
        "visited_country": at.visited,
        "networks": at.places.iter().map(place).collect::<Vec<_>>(),
        "times": at.times,
    })
}
