//! A charge with its numbers resolved to names: as JSON for programs, as a tree for people.

mod json;
mod tree;

use crate::price::taken_off;
use crate::record::Axis;
use smallvec::SmallVec;
use umbral_catalog::tables::Catalog;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::{Charge, Held, Segment};
use umbral_model::money::{Currency, Money, Pico, Rounding};
use umbral_model::time::{Timestamp, ZoneRules};
use umbral_model::units::Measurement;

pub(crate) use json::write_amount;

/// What of the usage record an explanation needs besides the charge.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// When it began.
    pub start: Timestamp,
    /// Usage in base units.
    pub quantity: u64,
    /// How long a session lasted, in nanoseconds, where usage is not time.
    pub duration: Option<u64>,
}

/// A charge in names. Everything is borrowed from the catalogs that priced it.
#[derive(Clone, Debug)]
pub struct Explained<'c> {
    /// What is owed.
    pub amount: Money,
    /// Its currency.
    pub currency: Currency,
    /// Label of the catalog version in force at the record's start.
    pub catalog_version: &'c str,
    /// The plan.
    pub plan: &'c str,
    /// The service.
    pub service: &'c str,
    /// What it is measured in.
    pub measurement: Measurement,
    /// Usage in base units.
    pub quantity: u64,
    /// The rule of the first segment.
    pub rule: &'c str,
    /// The prefix that matched.
    pub prefix: Option<&'c str>,
    /// The destination zone of the rule.
    pub zone: Option<&'c str>,
    /// Segments in order of time.
    pub segments: SmallVec<[ExplainedSegment<'c>; 2]>,
    /// What allowances took, in the order in which they took it.
    pub allowances: SmallVec<[ExplainedAllowance<'c>; 1]>,
    /// Setup fee that was charged.
    pub setup: Pico,
    /// Minimum or maximum that took effect.
    pub held_at: Option<Held>,
    /// Discounts in the order of the catalog.
    pub discounts: SmallVec<[ExplainedDiscount<'c>; 1]>,
    /// Their sum in basis points, held at the cap.
    pub discount_bps: u32,
    /// What they take off, to the nearest pico-unit.
    pub discount_amount: Pico,
    /// The one rounding.
    pub rounding: Rounding,
    /// Zone in which times are shown to people.
    pub time_zone: &'c ZoneRules,
}

/// A segment in names.
#[derive(Clone, Copy, Debug)]
pub struct ExplainedSegment<'c> {
    /// Its rule.
    pub rule: &'c str,
    /// Its rate.
    pub rate: &'c str,
    /// Its time band; none where the rule always holds.
    pub band: Option<&'c str>,
    /// When it began.
    pub start: Timestamp,
    /// The numbers.
    pub segment: Segment,
}

/// What one grant of an allowance took of a segment.
#[derive(Clone, Copy, Debug)]
pub struct ExplainedAllowance<'c> {
    /// The allowance.
    pub name: &'c str,
    /// The segment, from 1.
    pub segment: usize,
    /// Units that it took, in base units.
    pub units: u64,
    /// Units that the grant has left afterwards.
    pub left: u64,
}

/// A discount of a charge.
#[derive(Clone, Copy, Debug)]
pub struct ExplainedDiscount<'c> {
    /// Its name.
    pub name: &'c str,
    /// Its share in basis points.
    pub bps: u32,
    /// What it takes off, to the nearest pico-unit. Where the sum is held at the cap, the discounts take their
    /// shares in order, as far as the cap goes.
    pub amount: Pico,
}

impl ExplainedSegment<'_> {
    /// `price x (billed - covered) / unit`, to the nearest pico-unit (for show; the charge adds exact
    /// fractions).
    pub fn amount(&self) -> Pico {
        let Segment {
            price,
            billed,
            covered,
            unit,
            ..
        } = self.segment;
        let units = billed.saturating_sub(covered);
        let Some(product) = price.picos().checked_mul(i128::from(units)) else {
            return Pico::from_picos(i128::MAX);
        };
        let quotient = match u64::try_from(product) {
            Ok(small) => i128::from(small / unit) + i128::from(small % unit >= unit.div_ceil(2)),
            Err(_) => (product + i128::from(unit / 2)).div_euclid(i128::from(unit)),
        };
        Pico::from_picos(quotient)
    }
}

impl<'c> Explained<'c> {
    /// Resolves the names of a charge; `None` if the charge is not of these catalogs.
    pub fn of(catalogs: &'c CatalogSet, charge: &Charge, usage: Usage) -> Option<Explained<'c>> {
        let version = catalogs.get(charge.version)?;
        let catalog = &*version.catalog;
        let service = catalog.services.get(charge.service.index())?;
        let axis = Axis::new(
            usage.start,
            usage.quantity,
            usage.duration,
            service.measurement,
        );
        let prefix = charge
            .prefix
            .and_then(|number| catalog.deck.prefixes.get(number.index()));
        let zone = charge
            .zone
            .and_then(|number| catalog.destinations.get(number.index()));
        Some(Explained {
            amount: charge.amount,
            currency: catalog.currency,
            catalog_version: &catalog.label,
            plan: catalogs.plan_name(charge.plan)?,
            service: &service.name,
            measurement: service.measurement,
            quantity: usage.quantity,
            rule: &catalog.rules.get(charge.rule.index())?.label,
            prefix: prefix.map(|text| text.as_str()),
            zone: zone.map(|name| name.as_str()),
            segments: segments(catalogs, charge, &axis)?,
            allowances: allowances(catalogs, charge)?,
            setup: charge.setup,
            held_at: charge.held_at,
            discounts: discounts(catalog, charge)?,
            discount_bps: charge.discount_bps,
            discount_amount: taken_off(charge, charge.discount_bps)?,
            rounding: charge.rounding,
            time_zone: &catalog.zone,
        })
    }
}

fn segments<'c>(
    catalogs: &'c CatalogSet,
    charge: &Charge,
    axis: &Axis,
) -> Option<SmallVec<[ExplainedSegment<'c>; 2]>> {
    let mut segments = SmallVec::new();
    for segment in &charge.segments {
        let catalog = &*catalogs.get(segment.version)?.catalog;
        let band = match segment.band {
            Some(number) => Some(catalog.bands.get(number.index())?.name.as_str()),
            None => None,
        };
        segments.push(ExplainedSegment {
            rule: &catalog.rules.get(segment.rule.index())?.label,
            rate: &catalog.rates.get(segment.rate.index())?.name,
            band,
            start: axis.instant(segment.offset),
            segment: *segment,
        });
    }
    Some(segments)
}

fn allowances<'c>(
    catalogs: &'c CatalogSet,
    charge: &Charge,
) -> Option<SmallVec<[ExplainedAllowance<'c>; 1]>> {
    let named = charge.covered.iter().map(|covered| {
        let catalog = &*catalogs.get(covered.version)?.catalog;
        Some(ExplainedAllowance {
            name: &catalog.allowances.get(covered.allowance.index())?.name,
            segment: usize::from(covered.segment) + 1,
            units: covered.units,
            left: covered.left,
        })
    });
    named.collect()
}

fn discounts<'c>(
    catalog: &'c Catalog,
    charge: &Charge,
) -> Option<SmallVec<[ExplainedDiscount<'c>; 1]>> {
    let (mut sum_bps, mut taken) = (0u32, Pico::ZERO);
    let mut discounts = SmallVec::new();
    for (number, bps) in &charge.discounts {
        sum_bps = sum_bps.saturating_add(*bps).min(charge.discount_bps);
        let with_this = taken_off(charge, sum_bps)?;
        discounts.push(ExplainedDiscount {
            name: &catalog.discounts.get(number.index())?.name,
            bps: *bps,
            amount: Pico::from_picos(with_this.picos() - taken.picos()),
        });
        taken = with_this;
    }
    Some(discounts)
}
