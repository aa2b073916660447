//! What a usage record costs, exactly: rules 1 to 6 and 10 of the tariff reference.
//!
//! A record walks one way: `resolve` finds the version, the plan and the rules of the longest prefix;
//! `segments` cuts the record where the price changes; `price` adds the segments up and rounds once;
//! `explanation` gives the numbers of a charge their names. The work depends on the number of price steps
//! and boundaries inside the record, never on the number of increments. Pure: no I/O, clock or float.

pub mod batch;
pub mod cases;
pub mod explanation;
pub mod record;

mod band;
mod price;
mod profile;
mod resolve;
mod segments;
mod text;

pub use record::{Record, Tariff};

use price::Sum;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::rejection::Rejection;

/// The price of one record with all that re-computes it.
///
/// Zero usage costs nothing and names its rule all the same. A record that no rule prices is rejected, with
/// the plan, service, number and instant in the detail; it is never priced at zero.
pub fn rate(
    catalogs: &CatalogSet,
    tariff: Tariff<'_>,
    record: &Record<'_>,
) -> Result<Charge, Rejection> {
    let mut walk = segments::cut(catalogs, tariff, record)?;
    let charge = &mut walk.charge;
    if charge.segments.is_empty() {
        return Ok(walk.charge);
    }
    let mut sum = Sum::starting_with(charge.setup);
    for segment in &charge.segments {
        sum.add(segment.price, segment.billed, segment.unit)?;
    }
    let (exact, held_at) = sum.hold(walk.minimum, walk.maximum);
    charge.held_at = held_at;
    charge.amount = exact.round(charge.rounding)?;
    Ok(walk.charge)
}
