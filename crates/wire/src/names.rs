//! Names for the small numbers that events hold. Readers that have the catalog versions at hand give
//! them; without names the numbers themselves are written.

use smol_str::SmolStr;
use umbral_model::ids::{
    AllowanceNo, BandNo, DestinationNo, DiscountNo, PlanNo, PrefixNo, RateNo, RuleNo, ServiceNo,
    VersionNo,
};
use umbral_model::units::Measurement;

/// Gives names; `None` where a number is not known.
pub trait Names {
    /// The label of a catalog version.
    fn version(&self, _: VersionNo) -> Option<SmolStr> {
        None
    }

    /// A plan's name.
    fn plan(&self, _: PlanNo) -> Option<SmolStr> {
        None
    }

    /// A service's name, and what it is measured in.
    fn service(&self, _: VersionNo, _: ServiceNo) -> Option<(SmolStr, Measurement)> {
        None
    }

    /// A charging rule's label.
    fn rule(&self, _: VersionNo, _: RuleNo) -> Option<SmolStr> {
        None
    }

    /// A rate's name.
    fn rate(&self, _: VersionNo, _: RateNo) -> Option<SmolStr> {
        None
    }

    /// A time band's name.
    fn band(&self, _: VersionNo, _: BandNo) -> Option<SmolStr> {
        None
    }

    /// The digits of a prefix.
    fn prefix(&self, _: VersionNo, _: PrefixNo) -> Option<SmolStr> {
        None
    }

    /// A destination zone's name.
    fn zone(&self, _: VersionNo, _: DestinationNo) -> Option<SmolStr> {
        None
    }

    /// An allowance's name, and what it is counted in.
    fn allowance(&self, _: VersionNo, _: AllowanceNo) -> Option<(SmolStr, Measurement)> {
        None
    }

    /// A discount's name.
    fn discount(&self, _: VersionNo, _: DiscountNo) -> Option<SmolStr> {
        None
    }

    /// What the units of a rate of this name are counted in, where it has tiers over a cycle.
    fn tiers_of(&self, _rate: &str) -> Option<Measurement> {
        None
    }
}

/// No names: numbers are written as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl Names for NoNames {}
