//! Volume tiers: all units of a cycle cost the price of the tier reached. When a record or a correction moves
//! the counter, what earlier units were charged too much or too little is posted beside it.

use super::meters::{self, counts_for};
use crate::draft::Draft;
use crate::world::World;
use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_catalog::tables::{Rate, TierKind, Tiers};
use umbral_model::charge::Charge;
use umbral_model::event::*;
use umbral_model::ids::{CounterNo, MemberId};
use umbral_model::money::{Money, Pico};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Date;

/// Code of the difference.
const VOLUME: &str = "volume";

/// What a record was rated as before and after, where one of them may be missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub before: Option<&'a UsageRated>,
    pub after: Option<&'a UsageRated>,
}

impl<'a> Change<'a> {
    /// A record that was rated for the first time.
    pub(crate) fn new(after: &'a UsageRated) -> Change<'a> {
        Change {
            before: None,
            after: Some(after),
        }
    }

    fn sides(self) -> impl Iterator<Item = &'a UsageRated> {
        self.before.into_iter().chain(self.after)
    }
}

/// A counter of a cycle that a change moved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Moved {
    cycle: Date,
    counter: CounterNo,
    /// The member, where each counts by itself.
    member: Option<MemberId>,
}

impl Moved {
    /// The counters that a rated record is in, with its units.
    fn of<'a>(world: &'a World, rated: &'a UsageRated) -> impl Iterator<Item = (Moved, u64)> + 'a {
        let units = umbral_rating::tier_units(&world.catalogs, &rated.charge).into_iter();
        units.map(|(counter, per, units)| {
            let member = counts_for(per, rated.member.as_ref()).cloned();
            let moved = Moved {
                cycle: rated.cycle,
                counter,
                member,
            };
            (moved, units)
        })
    }

    /// Units that a rated record, or none, has in the counter; none where it is not in it.
    fn units(&self, world: &World, rated: Option<&UsageRated>) -> Option<u64> {
        let found = Moved::of(world, rated?).find(|(moved, _)| moved == self);
        found.map(|(_, units)| units)
    }
}

/// Posts the differences for all counters that the change moved; the draft's row has the units already.
pub(crate) fn post(draft: &mut Draft<'_>, change: Change<'_>) -> Result<(), Rejection> {
    if !change.sides().any(|rated| meters::touches(&rated.charge)) {
        return Ok(());
    }
    let world = draft.world;
    let mut moved: SmallVec<[Moved; 2]> = change
        .sides()
        .flat_map(|rated| Moved::of(world, rated))
        .map(|(moved, _)| moved)
        .collect();
    moved.sort_unstable();
    moved.dedup();
    for moved in moved {
        if draft.row.keeps_cycle(moved.cycle) {
            post_counter(draft, change, &moved)?;
        }
    }
    Ok(())
}

fn post_counter(draft: &mut Draft<'_>, change: Change<'_>, moved: &Moved) -> Result<(), Rejection> {
    let world = draft.world;
    let (old, new) = (
        moved.units(world, change.before),
        moved.units(world, change.after),
    );
    let newest = change.after.filter(|_| new.is_some()).or(change.before);
    let Some((rate, tiers)) =
        newest.and_then(|rated| tiers_of(world, &rated.charge, moved.counter))
    else {
        return Ok(());
    };
    let Some(rated) = newest.filter(|_| tiers.kind == TierKind::Volume) else {
        return Ok(());
    };
    let member = moved.member.as_ref();
    let units_after = draft
        .row
        .meters()
        .counted(moved.cycle, moved.counter, member);
    // Other parts of the decision may have moved the counter too: before the change is without it.
    let units_before = units_after
        .saturating_add(old.unwrap_or_default())
        .saturating_sub(new.unwrap_or_default());
    let (from_tier, to_tier) = (
        tiers.tier_reached(units_before),
        tiers.tier_reached(units_after),
    );
    let (Some(from), Some(to)) = (tiers.tiers.get(from_tier), tiers.tiers.get(to_tier)) else {
        return Err(Rejection::new(
            Reason::BadCatalog,
            format!(
                "the tiers of rate {} end before {units_after} units",
                rate.name
            ),
        ));
    };
    let volume = VolumeCharge {
        rate: rate.name.clone(),
        member: member.cloned(),
        scope: rated.scope,
        from_tier: from_tier as u8,
        to_tier: to_tier as u8,
        units_before,
        units_after,
        from_price: from.price,
        from_unit: from.unit,
        to_price: to.price,
        to_unit: to.unit,
        own: own_money(world, change, moved)?,
        discount_bps: rated.charge.discount_bps,
    };
    let amount = umbral_rating::volume_amount(&volume, rate.rounding)?;
    crate::decide::in_range(amount, "the difference between tiers")?;
    if amount != Money::ZERO {
        draft.push(EventBody::ChargePosted(ChargePosted {
            kind: ChargeKind::Volume(Box::new(volume)),
            amount,
            code: SmolStr::new_static(VOLUME),
            cycle: moved.cycle,
        }));
    }
    Ok(())
}

/// What the record costs under the counter's rate, less what it cost before.
fn own_money(world: &World, change: Change<'_>, moved: &Moved) -> Result<Pico, Rejection> {
    let money = |rated: Option<&UsageRated>| match rated {
        Some(rated) if moved.units(world, Some(rated)).is_some() => {
            umbral_rating::tier_money(&world.catalogs, &rated.charge, moved.counter)
        }
        _ => Ok(Pico::ZERO),
    };
    let (before, after) = (money(change.before)?, money(change.after)?);
    Ok(Pico::from_picos(after.picos() - before.picos()))
}

/// The rate with this counter that priced a part of the charge.
fn tiers_of<'w>(
    world: &'w World,
    charge: &Charge,
    counter: CounterNo,
) -> Option<(&'w Rate, &'w Tiers)> {
    charge.segments.iter().find_map(|segment| {
        let catalog = &world.catalogs.get(segment.version)?.catalog;
        let rate = catalog.rates.get(segment.rate.index())?;
        let tiers = rate.tiers.as_ref()?;
        (tiers.counter == counter).then_some((rate, tiers))
    })
}
