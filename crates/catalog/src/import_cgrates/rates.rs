//! Rates: connect fee and price steps ("group intervals").

use super::desk::{Fault, Named};
use super::rows::Row;
use super::values::{coarser, decimal, quantity};
use crate::codes;
use crate::source::Spot;
use umbral_model::money::Pico;
use umbral_model::units::{Measurement, Quantity};

/// A price step in base units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Step {
    pub(super) start: u64,
    pub(super) price: String,
    pub(super) unit: u64,
    pub(super) increment: u64,
    pub(super) spot: Spot,
}

/// A rate of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rate {
    /// Connect fee of the first row; none where it is 0.
    pub(super) setup: Option<String>,
    /// By start, the first at 0.
    pub(super) steps: Vec<Step>,
    /// All lengths are times; otherwise they are written in plain units.
    pub(super) timed: bool,
    /// A price or fee is below zero.
    pub(super) negative: bool,
    /// What was adjusted.
    pub(super) notes: Vec<(Spot, String)>,
}

impl Rate {
    /// A length as it is written in a catalog.
    pub(super) fn length(&self, units: u64) -> String {
        match self.timed {
            true => Quantity(units).display(Measurement::Time),
            false => format!("{units} units"),
        }
    }
}

/// A rate, or why it cannot be expressed.
pub(super) type Defined = Result<Rate, Fault>;

/// Reads the table.
pub(super) fn read(rows: &[Row<'_>]) -> Named<Defined> {
    let mut by_id: Named<Vec<&Row<'_>>> = Named::default();
    for row in rows {
        by_id.get_or(row.text(0), Vec::new).push(row);
    }
    let mut rates = Named::default();
    for (id, rows) in by_id.iter() {
        rates.get_or(id, || rate(id, rows));
    }
    rates
}

fn rate(id: &str, rows: &[&Row<'_>]) -> Defined {
    let mut rate = Rate {
        setup: None,
        steps: Vec::new(),
        timed: false,
        negative: false,
        notes: Vec::new(),
    };
    let (mut timed, mut plain) = (false, false);
    for (index, row) in rows.iter().enumerate() {
        fee(&mut rate, id, row, index == 0)?;
        let step = step(&mut rate, id, row, &mut timed, &mut plain)?;
        rate.steps.push(step);
    }
    rate.timed = timed && !plain;
    if timed && plain {
        let text = format!("rate {id} has times and plain units; written in units (1s = 10^9)");
        rate.notes.push((rows[0].spot, text));
    }
    rate.steps.sort_by_key(|step| step.start);
    if let Some(pair) = rate
        .steps
        .windows(2)
        .find(|pair| pair[0].start == pair[1].start)
    {
        let title = format!("two rows of rate {id} begin at the same group interval start");
        let mend = "leave one of them out; CGRateS does not load such a plan";
        return Err(Fault::new(
            codes::IMPORT_CONFLICT,
            pair[1].spot,
            title,
            mend,
        ));
    }
    match rate.steps.first() {
        Some(first) if first.start > 0 => {
            let title = format!("rate {id} has no price for the beginning of a record");
            let mend = "the table does not say what the beginning costs, and CGRateS reckons with a price of -1 \
                        there; add a row whose group interval start is 0s, with the price 0 if it is free";
            Err(Fault::new(codes::IMPORT_VALUE, first.spot, title, mend))
        }
        _ => Ok(rate),
    }
}

fn amount(id: &str, row: &Row<'_>, column: usize, what: &str) -> Result<(String, Pico), Fault> {
    decimal(row.text(column)).map_err(|why| {
        let title = format!("{what} of rate {id} {why}: {:?}", row.text(column));
        let mend = "write a plain decimal of at most twelve decimals, such as 0.05";
        Fault::new(codes::IMPORT_VALUE, row.spot(column), title, mend)
    })
}

/// The price as it is written, its value, and by how much its unit is to grow: a price too fine for a catalog
/// is that of a larger unit.
fn price(id: &str, row: &Row<'_>) -> Result<(String, Pico, u64), Fault> {
    if let Some(coarser) = coarser(row.text(2)) {
        return Ok(coarser);
    }
    let (text, value) = amount(id, row, 2, "the price")?;
    Ok((text, value, 1))
}

fn too_fine(id: &str, row: &Row<'_>) -> Fault {
    let title = format!(
        "the price of rate {id} has more than twelve decimals: {:?}",
        row.text(2)
    );
    let mend = "write the price of a unit that is as many times larger";
    Fault::new(codes::IMPORT_VALUE, row.spot(2), title, mend)
}

/// The first row has the fee; fees of later rows are never charged.
fn fee(rate: &mut Rate, id: &str, row: &Row<'_>, first: bool) -> Result<(), Fault> {
    if row.text(1).is_empty() {
        return Ok(());
    }
    let (text, value) = amount(id, row, 1, "the connect fee")?;
    if first && value != Pico::ZERO {
        rate.negative |= value < Pico::ZERO;
        rate.setup = Some(text);
    } else if value != Pico::ZERO && rate.setup.as_ref() != Some(&text) {
        let note = format!(
            "the connect fee {text} is not charged: the first row of rate {id} has the fee"
        );
        rate.notes.push((row.spot(1), note));
    }
    Ok(())
}

fn step(
    rate: &mut Rate,
    id: &str,
    row: &Row<'_>,
    timed: &mut bool,
    plain: &mut bool,
) -> Result<Step, Fault> {
    let (price, value, finer) = price(id, row)?;
    rate.negative |= value < Pico::ZERO;
    let mut length = |column: usize, what: &str| match quantity(row.text(column)) {
        Some((units, as_time)) => {
            *timed |= as_time;
            *plain |= units > 0 && !as_time;
            Ok(units)
        }
        None => {
            let title = format!("{what} of rate {id} cannot be read: {:?}", row.text(column));
            let mend = "write a time such as 60s, or a plain number of units";
            Err(Fault::new(
                codes::IMPORT_VALUE,
                row.spot(column),
                title,
                mend,
            ))
        }
    };
    let unit = length(3, "the unit")?;
    let increment = length(4, "the increment")?;
    let start = length(5, "the group interval start")?;
    for (column, what, units) in [(3, "unit", unit), (4, "increment", increment)] {
        if units > 0 {
            continue;
        }
        if value != Pico::ZERO {
            let title = format!("the {what} of rate {id} is 0");
            let mend = format!(
                "write the {what} that the price of {price} is meant for: CGRateS takes one second, 10^9 \
                 units, where it takes 0 at all"
            );
            return Err(Fault::new(
                codes::IMPORT_VALUE,
                row.spot(column),
                title,
                mend,
            ));
        }
        let note = format!("the {what} 0 of rate {id} is taken as one: its price is 0");
        rate.notes.push((row.spot(column), note));
    }
    // Of price 0 any length will do; one that suits the others of the row reads best.
    let one = if *timed && !*plain { 1_000_000_000 } else { 1 };
    let or_one = |units: u64| if units == 0 { one } else { units };
    let unit = or_one(unit).checked_mul(finer);
    let Some(unit) = unit.filter(|unit| *unit <= i64::MAX as u64) else {
        return Err(too_fine(id, row));
    };
    if finer > 1 {
        let text = format!(
            "the price of rate {id} has more than twelve decimals; written as that of {finer} times the unit, which is the same"
        );
        rate.notes.push((row.spot(2), text));
    }
    Ok(Step {
        start,
        price,
        unit,
        increment: or_one(increment),
        spot: row.spot,
    })
}
