//! The values that limits are compared with.

use crate::account::Row;
use crate::world::World;
use umbral_model::input::{Measure, Scope};
use umbral_model::money::Money;
use umbral_model::time::Timestamp;

/// The whole weight of a disputed amount, in basis points.
const FULL_WEIGHT_BPS: u32 = 10_000;

/// Unbilled usage and charges, open bills with the disputed part weighted by the class, less credit.
pub(crate) fn exposure(world: &World, row: &Row, now: Timestamp) -> Money {
    let undiscounted = row.unbilled + row.open - row.credit;
    if row.disputed == Money::ZERO {
        return undiscounted;
    }
    let weight = world
        .class(row.class, now)
        .map_or(FULL_WEIGHT_BPS, |class| class.dispute_weight_bps);
    undiscounted - row.disputed + row.disputed.bps_ceil(weight)
}

/// The value of a measure in a scope.
pub(crate) fn value(
    world: &World,
    row: &Row,
    now: Timestamp,
    measure: Measure,
    scope: Scope,
) -> Money {
    match measure {
        Measure::Exposure => exposure(world, row, now),
        Measure::CycleUsage => row.usage[scope as usize],
        Measure::CycleCharges => row.usage[Scope::All as usize] + row.charges,
    }
}
