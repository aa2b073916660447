//! Destinations, and the rows that give them rates with rounding and maximum.

use super::desk::{Desk, Fault, Named};
use super::rows::Row;
use super::values::decimal;
use crate::codes;
use crate::source::Spot;
use smol_str::SmolStr;
use umbral_model::money::Pico;

/// The destination of everything.
pub(super) const ANY: &str = "*any";

/// A destination: its prefixes, and whether `*any` is among them.
#[derive(Clone, Default, Debug)]
pub(super) struct Destination {
    pub(super) prefixes: Vec<SmolStr>,
    pub(super) any: bool,
}

/// Reads Destinations.
pub(super) fn destinations(rows: &[Row<'_>], desk: &mut Desk<'_>) -> Named<Destination> {
    let mut destinations: Named<Destination> = Named::default();
    for row in rows {
        let (id, prefix) = (row.text(0), row.text(1));
        let destination = destinations.get_or(id, Destination::default);
        if prefix == ANY {
            destination.any = true;
            desk.note(row.spot(1), &format!("destination {id} holds every number"));
        } else if prefix.is_empty()
            || prefix.contains([' ', ';', ','])
            || prefix.contains(char::is_control)
            || prefix.len() > 255
        {
            let title = format!("{prefix:?} is no prefix of destination {id}");
            let mend = "write one prefix in each row, or *any for every number";
            desk.refuse(&Fault::new(codes::IMPORT_VALUE, row.spot(1), title, mend));
        } else {
            destination.prefixes.push(prefix.into());
        }
    }
    destinations
}

/// A row of DestinationRates.
#[derive(Clone, Debug)]
pub(super) struct Priced {
    pub(super) destination: SmolStr,
    pub(super) rate: SmolStr,
    pub(super) terms: Result<Terms, Fault>,
    pub(super) spots: [Spot; 2],
    pub(super) notes: Vec<(Spot, String)>,
}

/// What a row adds to its rate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Terms {
    /// As in a catalog: `up to 4`; empty for the default.
    pub(super) rounding: String,
    /// Maximum charge.
    pub(super) maximum: Option<String>,
}

/// Reads DestinationRates.
pub(super) fn destination_rates(rows: &[Row<'_>]) -> Named<Vec<Priced>> {
    let mut priced: Named<Vec<Priced>> = Named::default();
    for row in rows {
        let mut notes = Vec::new();
        let terms = terms(row, &mut notes);
        priced.get_or(row.text(0), Vec::new).push(Priced {
            destination: row.text(1).into(),
            rate: row.text(2).into(),
            terms,
            spots: [row.spot(1), row.spot(2)],
            notes,
        });
    }
    priced
}

fn terms(row: &Row<'_>, notes: &mut Vec<(Spot, String)>) -> Result<Terms, Fault> {
    Ok(Terms {
        rounding: rounding(row, notes)?,
        maximum: maximum(row, notes)?,
    })
}

fn rounding(row: &Row<'_>, notes: &mut Vec<(Spot, String)>) -> Result<String, Fault> {
    let (method, decimals) = (row.text(3), row.text(4));
    let count: Option<u32> = if decimals.is_empty() {
        Some(0)
    } else {
        decimals.parse().ok()
    };
    let Some(count) = count else {
        let title = format!("the rounding decimals cannot be read: {decimals:?}");
        return Err(Fault::new(
            codes::IMPORT_VALUE,
            row.spot(4),
            title,
            "write a whole number such as 4",
        ));
    };
    let mode = match method {
        "*up" => "up",
        "*down" => "down",
        "*middle" => "half_up",
        "" if count == 0 => "half_up",
        _ => {
            let title = format!("the rounding method {method:?} is not known");
            let mend = "write *up, *down or *middle";
            return Err(Fault::new(codes::IMPORT_VALUE, row.spot(3), title, mend));
        }
    };
    if count == 0 {
        let note = "rounding decimals 0: not rounded but to the six decimals of money, half up";
        notes.push((row.spot(4), note.to_owned()));
        return Ok(String::new());
    }
    if count > 6 {
        notes.push((
            row.spot(4),
            format!("{count} rounding decimals are held at 6"),
        ));
    }
    Ok(format!("{mode} to {}", count.min(6)))
}

fn maximum(row: &Row<'_>, notes: &mut Vec<(Spot, String)>) -> Result<Option<String>, Fault> {
    let (text, strategy) = (row.text(5), row.text(6));
    if !matches!(strategy, "" | "*free" | "*disconnect") {
        let title = format!("the maximum cost strategy {strategy:?} is not known");
        return Err(Fault::new(
            codes::IMPORT_VALUE,
            row.spot(6),
            title,
            "write *free or *disconnect",
        ));
    }
    if text.is_empty() {
        return Ok(None);
    }
    let (plain, value) = decimal(text).map_err(|why| {
        let title = format!("the maximum cost {why}: {text:?}");
        Fault::new(
            codes::IMPORT_VALUE,
            row.spot(5),
            title,
            "write a plain decimal such as 1.50",
        )
    })?;
    if value < Pico::ZERO {
        let title = format!("the maximum cost is below zero: {text}");
        return Err(Fault::new(
            codes::IMPORT_VALUE,
            row.spot(5),
            title,
            "write 0 for no maximum",
        ));
    }
    if value == Pico::ZERO {
        return Ok(None);
    }
    match strategy {
        "*free" => return Ok(Some(plain)),
        "*disconnect" => notes.push((
            row.spot(6),
            format!("*disconnect at {plain} is a matter of authorisation; the price is not held"),
        )),
        _ => notes.push((
            row.spot(5),
            format!("the maximum cost {plain} has no strategy and no effect"),
        )),
    }
    Ok(None)
}
