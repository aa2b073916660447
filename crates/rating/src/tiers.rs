//! Prices by how much a cycle has used (rule 7 of the tariff reference): which tier the money units of a record
//! lie in. What a volume rate's earlier units cost more or less then, `volume` says.

use crate::account::Counter;
use crate::segments::{SEGMENTS_MAX, too_many};
use smallvec::SmallVec;
use umbral_catalog::tables::{Tier, TierKind, TierPer, Tiers};
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::{Charge, Segment};
use umbral_model::ids::CounterNo;
use umbral_model::rejection::{Reason, Rejection};

/// Money units of a record by counter.
pub type TierUnits = SmallVec<[(CounterNo, TierPer, u64); 1]>;

/// Lays the money units of segments whose rates have tiers onto them. Where the units of a graduated rate
/// cross a tier's end, the segment is cut in two.
pub(crate) fn lay(
    charge: &mut Charge,
    catalogs: &CatalogSet,
    counters: &[Counter],
) -> Result<(), Rejection> {
    let mut in_record: Option<TierUnits> = None;
    let mut passed: TierUnits = SmallVec::new();
    let mut index = 0;
    while index < charge.segments.len() {
        let segment = charge.segments[index];
        index += 1;
        if segment.tier.is_none() {
            continue;
        }
        let tiers = tiers_of(catalogs, &segment).ok_or(Reason::BadCatalog)?;
        let money = segment.billed - segment.covered;
        let before = used(counters, tiers);
        let earlier = add(&mut passed, tiers, money);
        match tiers.kind {
            TierKind::Volume => {
                let all = in_record.get_or_insert_with(|| tier_units(catalogs, charge));
                let reached = before.saturating_add(units_of(all, tiers));
                let number = tiers.tier_reached(reached);
                set_tier(&mut charge.segments[index - 1], tiers, number)?;
            }
            TierKind::Graduated => {
                let cuts = lay_graduated(charge, index - 1, tiers, before.saturating_add(earlier))?;
                index += cuts;
            }
        }
    }
    Ok(())
}

/// Lays one segment onto the tiers from the counter's `used` units on. Returns how many cuts it got.
fn lay_graduated(
    charge: &mut Charge,
    first: usize,
    tiers: &Tiers,
    mut used: u64,
) -> Result<usize, Rejection> {
    let mut index = first;
    loop {
        let number = tiers.tier_after(used);
        let tier = set_tier(&mut charge.segments[index], tiers, number)?;
        let segment = &mut charge.segments[index];
        let money = segment.billed - segment.covered;
        let room = match tier.up_to {
            u64::MAX => u64::MAX,
            up_to => up_to.saturating_sub(used),
        };
        if money <= room {
            return Ok(index - first);
        }
        // The counter lies before the tier's end, so that every piece but the last has a unit.
        let mut rest = *segment;
        segment.billed = segment.covered + room;
        segment.usage = segment.usage.min(segment.billed);
        rest.offset = rest.offset.saturating_add(segment.billed);
        rest.usage -= segment.usage;
        rest.billed = money - room;
        rest.covered = 0;
        used = tier.up_to;
        index += 1;
        insert(charge, index, rest)?;
    }
}

fn insert(charge: &mut Charge, index: usize, segment: Segment) -> Result<(), Rejection> {
    if charge.segments.len() >= SEGMENTS_MAX {
        return Err(too_many());
    }
    charge.segments.insert(index, segment);
    for covered in charge.covered.iter_mut().rev() {
        if usize::from(covered.segment) < index {
            break;
        }
        covered.segment += 1;
    }
    Ok(())
}

fn set_tier(segment: &mut Segment, tiers: &Tiers, number: usize) -> Result<Tier, Rejection> {
    let found = tiers.tiers.get(number).filter(|tier| tier.unit > 0);
    let (Some(tier), Ok(number)) = (found, u8::try_from(number)) else {
        let detail = "a rate without a tier that applies";
        return Err(Rejection::new(Reason::BadCatalog, detail));
    };
    segment.price = tier.price;
    segment.unit = tier.unit;
    segment.tier = Some(number);
    Ok(*tier)
}

fn tiers_of<'c>(catalogs: &'c CatalogSet, segment: &Segment) -> Option<&'c Tiers> {
    let catalog = &catalogs.get(segment.version)?.catalog;
    catalog.rates.get(segment.rate.index())?.tiers.as_ref()
}

fn used(counters: &[Counter], tiers: &Tiers) -> u64 {
    let ours = |counter: &&Counter| counter.no == tiers.counter && counter.per == tiers.per;
    counters
        .iter()
        .find(ours)
        .map_or(0, |counter| counter.units)
}

fn units_of(units: &TierUnits, tiers: &Tiers) -> u64 {
    let ours =
        |(no, per, _): &&(CounterNo, TierPer, u64)| (*no, *per) == (tiers.counter, tiers.per);
    units.iter().find(ours).map_or(0, |(_, _, units)| *units)
}

/// Adds to the units of a counter; returns what they were.
fn add(units: &mut TierUnits, tiers: &Tiers, more: u64) -> u64 {
    for (no, per, known) in units.iter_mut() {
        if (*no, *per) == (tiers.counter, tiers.per) {
            let before = *known;
            *known = before.saturating_add(more);
            return before;
        }
    }
    units.push((tiers.counter, tiers.per, more));
    0
}

/// The units by which a charge moves the counters of rates with tiers: what was billed for money. One entry
/// for each counter that took part, also where allowances took all of its units.
pub fn tier_units(catalogs: &CatalogSet, charge: &Charge) -> TierUnits {
    let mut units = SmallVec::new();
    for segment in charge.segments.iter().filter(|part| part.tier.is_some()) {
        if let Some(tiers) = tiers_of(catalogs, segment) {
            add(&mut units, tiers, segment.billed - segment.covered);
        }
    }
    units
}
