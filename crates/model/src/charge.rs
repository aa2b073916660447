//! What a rated record costs, with everything that re-computes it in small integers. Names are resolved
//! on reading, through the catalog version that the charge names.

use crate::ids::{
    AllowanceNo, BandNo, DestinationNo, DiscountNo, GrantNo, PlanNo, PrefixNo, RateNo, RuleNo,
    ServiceNo, VersionNo,
};
use crate::money::{Money, Pico, Rounding};
use smallvec::SmallVec;

/// The price of one usage record (rules 4 and 10 of the tariff reference).
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Charge {
    /// What is owed, after the one rounding.
    pub amount: Money,
    /// Catalog version in force at the record's start; it decides rule, zone and setup fee.
    pub version: VersionNo,
    /// The plan that priced the record (the fallback's, where a profile fell back).
    pub plan: PlanNo,
    /// The service, in `version`.
    pub service: ServiceNo,
    /// The rule of the first segment.
    pub rule: RuleNo,
    /// The prefix that matched, if the rule asks for one.
    pub prefix: Option<PrefixNo>,
    /// The zone of that prefix.
    pub zone: Option<DestinationNo>,
    /// The parts of the record, in time order. Empty for zero usage.
    pub segments: SmallVec<[Segment; 2]>,
    /// What allowances took of the record's billed units, in the order in which they took it.
    pub covered: SmallVec<[Covered; 1]>,
    /// Setup fee of the first segment's rate; zero for zero usage, for continued records and where an
    /// allowance waives it.
    pub setup: Pico,
    /// The minimum or maximum charge that replaced the sum, if one did.
    pub held_at: Option<Held>,
    /// Discounts of `version` that apply, in the order of the catalog, each with its basis points.
    pub discounts: SmallVec<[(DiscountNo, u32); 1]>,
    /// Their sum in basis points, held at the catalog's cap; 0 without a discount.
    pub discount_bps: u32,
    /// The one rounding at the end.
    pub rounding: Rounding,
}

/// What one grant of an allowance took of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Covered {
    /// The segment, an index into `Charge::segments`.
    pub segment: u16,
    /// The grant.
    pub grant: GrantNo,
    /// Catalog version of the grant.
    pub version: VersionNo,
    /// The allowance, in `version`.
    pub allowance: AllowanceNo,
    /// Billed units that it took, in base units; above 0.
    pub units: u64,
    /// Units that the grant has left afterwards.
    pub left: u64,
}

/// A minimum or maximum charge that took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Held {
    /// The sum was below the rate's minimum.
    Minimum(Pico),
    /// The sum was above the rate's maximum.
    Maximum(Pico),
}

/// One stretch of a record at one price step of one rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Segment {
    /// Catalog version that priced the stretch.
    pub version: VersionNo,
    /// Its rule.
    pub rule: RuleNo,
    /// Its rate.
    pub rate: RateNo,
    /// Its time band; none when the rule holds at all times.
    pub band: Option<BandNo>,
    /// Where it begins, in base units of usage from the start of this record.
    pub offset: u64,
    /// Usage that falls into it, in base units.
    pub usage: u64,
    /// Usage billed: `usage` lengthened to a multiple of `increment`. Of a rate with tiers, the part of that
    /// which lies in one tier.
    pub billed: u64,
    /// The part of `billed` that allowances took; the rest costs money.
    pub covered: u64,
    /// The tier of the cycle that `billed` lies in, from 0; none for a rate without tiers.
    pub tier: Option<u8>,
    /// Increment, in base units.
    pub increment: u64,
    /// Price of `unit` base units.
    pub price: Pico,
    /// Base units that `price` is for.
    pub unit: u64,
}
