//! What a usage record costs, exactly: rules 1 to 10 of the tariff reference.
//!
//! A record walks one way: `resolve` finds the version, the plan and the rules of the longest prefix;
//! `segments` cuts the record where the price changes; `allowances` take what they cover; `tiers` say what the
//! rest costs where that depends on the cycle; `price` adds up, takes `discounts` off and rounds once;
//! `explanation` gives the numbers of a charge their names. The work depends on the number of price steps,
//! grants and boundaries inside the record, never on the number of increments. Pure: no I/O, clock or float.

pub mod batch;
pub mod cases;
pub mod explanation;
pub mod record;

mod account;
mod allowances;
mod assumed;
mod band;
mod discounts;
mod emergency;
mod price;
mod profile;
mod resolve;
mod segments;
mod text;
mod tiers;
mod view;
mod volume;

pub use account::{Account, Available, Counter, Customer};
pub use price::recompute;
pub use record::{Record, Tariff};
pub use tiers::{TierUnits, tier_units};
pub use volume::{tier_money, volume_amount};

use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::rejection::Rejection;

/// The price of one record for nobody in particular: beyond all allowances, the first of a cycle, without the
/// discounts of any class, tier or card.
///
/// # Errors
/// See [`rate_for`].
pub fn rate(
    catalogs: &CatalogSet,
    tariff: Tariff<'_>,
    record: &Record<'_>,
) -> Result<Charge, Rejection> {
    rate_for(catalogs, tariff, record, &Account::default())
}

/// The price of one record for an account, with all that re-computes it (see [`recompute`]).
///
/// Zero usage costs nothing and names its rule all the same.
///
/// # Errors
/// A record that no rule prices is rejected, with the plan, service, number and instant in the detail; it is
/// never priced at zero. So is one whose price 128 bits do not hold.
pub fn rate_for(
    catalogs: &CatalogSet,
    tariff: Tariff<'_>,
    record: &Record<'_>,
    account: &Account<'_>,
) -> Result<Charge, Rejection> {
    let mut charge = segments::blank();
    let walk = segments::cut(catalogs, tariff, record, &mut charge)?;
    if charge.segments.is_empty() || walk.free {
        return Ok(charge);
    }
    if !account.allowances.is_empty() {
        allowances::cover(&mut charge, &walk, record, account.allowances)?;
    }
    if charge.segments.iter().any(|segment| segment.tier.is_some()) {
        tiers::lay(&mut charge, catalogs, account.counters)?;
    }
    if !walk.version.catalog.discounts.is_empty() {
        discounts::apply(&mut charge, &walk, record, &account.customer);
    }
    // What an allowance paid for in part has no minimum.
    let minimum = walk.rate.minimum.filter(|_| charge.covered.is_empty());
    let (exact, held_at) = price::sum(&charge)?.hold(minimum, walk.rate.maximum);
    charge.held_at = held_at;
    charge.amount = exact.less(charge.discount_bps)?.round(charge.rounding)?;
    Ok(charge)
}
