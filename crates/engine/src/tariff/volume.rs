//! Volume tiers: all units of a cycle cost the price of the tier reached. When a record or a correction moves
//! the counter, what earlier units were charged too much or too little is posted beside it.

use super::meters::{self, counts_for};
use crate::draft::Draft;
use crate::world::World;
use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_catalog::tables::{Rate, TierKind, TierPer, Tiers};
use umbral_model::charge::Charge;
use umbral_model::event::*;
use umbral_model::ids::CounterNo;
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

/// Posts the differences for all counters that the change moved; the draft's row has the units already.
pub(crate) fn post(draft: &mut Draft<'_>, change: Change<'_>) -> Result<(), Rejection> {
    if !change.sides().any(|rated| meters::touches(&rated.charge)) {
        return Ok(());
    }
    let world = draft.world;
    let mut cycles: SmallVec<[Date; 2]> = change.sides().map(|rated| rated.cycle).collect();
    cycles.dedup();
    for cycle in cycles {
        if !draft.row.keeps_cycle(cycle) {
            continue;
        }
        let mut counters: SmallVec<[(CounterNo, TierPer); 2]> = change
            .sides()
            .filter(|rated| rated.cycle == cycle)
            .flat_map(|rated| umbral_rating::tier_units(&world.catalogs, &rated.charge))
            .map(|(counter, per, _)| (counter, per))
            .collect();
        counters.sort_by_key(|(counter, _)| *counter);
        counters.dedup();
        for (counter, per) in counters {
            post_counter(draft, change, cycle, counter, per)?;
        }
    }
    Ok(())
}

fn post_counter(
    draft: &mut Draft<'_>,
    change: Change<'_>,
    cycle: Date,
    counter: CounterNo,
    per: TierPer,
) -> Result<(), Rejection> {
    let world = draft.world;
    let newest = change.after.or(change.before);
    let Some((rate, tiers)) = newest.and_then(|rated| tiers_of(world, &rated.charge, counter))
    else {
        return Ok(());
    };
    let Some(rated) = newest.filter(|_| tiers.kind == TierKind::Volume) else {
        return Ok(());
    };
    let member = counts_for(per, rated.member.as_ref());
    let units_after = draft.row.meters().counted(cycle, counter, member);
    let moved = |rated: Option<&UsageRated>| units_of(world, rated, cycle, counter);
    let units_before = (units_after + moved(change.before)).saturating_sub(moved(change.after));
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
        own: own_money(world, change, cycle, counter)?,
        discount_bps: rated.charge.discount_bps,
    };
    let amount = umbral_rating::volume_amount(&volume, rate.rounding)?;
    crate::decide::in_range(amount, "the difference between tiers")?;
    if amount != Money::ZERO {
        draft.push(EventBody::ChargePosted(ChargePosted {
            kind: ChargeKind::Volume(volume),
            amount,
            code: SmolStr::new_static(VOLUME),
            cycle,
        }));
    }
    Ok(())
}

/// Units of a counter that a record moved in a cycle.
fn units_of(world: &World, rated: Option<&UsageRated>, cycle: Date, counter: CounterNo) -> u64 {
    let Some(rated) = rated.filter(|rated| rated.cycle == cycle) else {
        return 0;
    };
    let units = umbral_rating::tier_units(&world.catalogs, &rated.charge);
    let own = units.into_iter().filter(|(known, ..)| *known == counter);
    own.map(|(.., units)| units).sum()
}

/// What the record costs under the counter's rate, less what it cost before.
fn own_money(
    world: &World,
    change: Change<'_>,
    cycle: Date,
    counter: CounterNo,
) -> Result<Pico, Rejection> {
    let money = |rated: Option<&UsageRated>| match rated.filter(|rated| rated.cycle == cycle) {
        Some(rated) => umbral_rating::tier_money(&world.catalogs, &rated.charge, counter),
        None => Ok(Pico::ZERO),
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
