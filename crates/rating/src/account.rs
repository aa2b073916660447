//! What rating must know of the account that is charged: who it is, what its allowances have left, and how
//! much its cycle has used under rates with tiers.

use smol_str::SmolStr;
use umbral_catalog::tables::TierPer;
use umbral_catalog::version::Version;
use umbral_model::ids::{AllowanceNo, CounterNo, GrantNo};

/// The account that a record is charged to. Without one nobody in particular is charged: nothing is left of
/// any allowance and nothing was used under rates with tiers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account<'a> {
    /// Who it is, for discounts.
    pub customer: Customer<'a>,
    /// Grants that hold at the record's start, in the order in which they are spent.
    pub allowances: &'a [Available<'a>],
    /// Units of the record's cycle; a counter that is not among them stands at 0.
    pub counters: &'a [Counter],
}

/// A customer as discounts see one, at the record's start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Customer<'a> {
    /// Credit class.
    pub class: Option<&'a str>,
    /// Loyalty tiers: one for each card line.
    pub tiers: &'a [SmolStr],
    /// Types of the cards that it holds.
    pub cards: &'a [SmolStr],
    /// VIP rank, 0 for none.
    pub vip_rank: u16,
}

/// A grant of an allowance, and what it has left before the record.
#[derive(Clone, Copy, Debug)]
pub struct Available<'a> {
    /// The grant.
    pub grant: GrantNo,
    /// The catalog version whose definition holds for it.
    pub version: &'a Version,
    /// The allowance, in `version`.
    pub allowance: AllowanceNo,
    /// Units left, in base units.
    pub left: u64,
    /// Of them, at most so many may be used abroad; none for all.
    pub left_abroad: Option<u64>,
}

/// Units that a cycle was charged for under one rate with tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// The rate's counter.
    pub no: CounterNo,
    /// Whose usage it counts.
    pub per: TierPer,
    /// Base units, those that allowances covered left out.
    pub units: u64,
}
