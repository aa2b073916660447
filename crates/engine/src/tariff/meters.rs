//! What is counted in units: grants of allowances, and usage under rates with tiers. Apart from the rare
//! things of the row, because many records change it.

use crate::account::Row;
use crate::world::World;
use smallvec::SmallVec;
use std::sync::Arc;
use umbral_catalog::tables::{Allowance, AllowanceOf, TierPer};
use umbral_model::charge::Charge;
use umbral_model::event::{OutId, UsageRated};
use umbral_model::ids::{
    AllowanceNo, CounterNo, GrantNo, MemberId, PlanNo, ThresholdId, VersionNo,
};
use umbral_model::time::{Date, Timestamp};

/// The meters of an account.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Meters {
    /// Grants that a record of a kept cycle may still meet, ascending by number.
    pub grants: Vec<Grant>,
    /// Units of kept cycles, ascending.
    pub counters: Vec<Counted>,
    /// Number of the last grant.
    pub last_grant: u32,
}

/// Units given by a plan or a product.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Grant {
    pub no: GrantNo,
    /// The definition that holds for it.
    pub version: VersionNo,
    pub allowance: AllowanceNo,
    /// Whose it is, if not the account's.
    pub member: Option<MemberId>,
    pub units: u64,
    pub used: u64,
    /// Of the units, at most so many abroad.
    pub units_abroad: Option<u64>,
    pub used_abroad: u64,
    pub from: Timestamp,
    pub until: Timestamp,
    /// First day of the cycle in which it was given.
    pub cycle: Date,
    /// Warnings that are fired, or were, ascending by id.
    pub latches: SmallVec<[UnitLatch; 1]>,
}

/// The state of a warning that is fired, or was.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct UnitLatch {
    pub threshold: ThresholdId,
    /// The crossing that was published for it, while it is fired.
    pub published: Option<OutId>,
    /// When the customer was last told.
    pub notified_at: Option<Timestamp>,
}

/// Units charged under a rate with tiers in a cycle.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Counted {
    pub cycle: Date,
    pub counter: CounterNo,
    /// The member, where each counts by itself.
    pub member: Option<MemberId>,
    pub units: u64,
}

impl Grant {
    /// Units that it has left.
    pub(crate) fn left(&self) -> u64 {
        self.units.saturating_sub(self.used)
    }

    /// Units that it has left for use abroad; none where that does not matter.
    pub(crate) fn left_abroad(&self) -> Option<u64> {
        let most = self.units_abroad?;
        Some(most.saturating_sub(self.used_abroad).min(self.left()))
    }

    /// The definition that holds for it.
    pub(crate) fn definition<'w>(&self, world: &'w World) -> Option<&'w Allowance> {
        let version = world.catalogs.get(self.version)?;
        version.catalog.allowances.get(self.allowance.index())
    }

    /// The plan that gave it; none for a product.
    pub(crate) fn plan(&self, world: &World) -> Option<PlanNo> {
        let version = world.catalogs.get(self.version)?;
        match version.catalog.allowances.get(self.allowance.index())?.of {
            AllowanceOf::Plan(index) => {
                let plan = version.catalog.plans.get(index as usize)?;
                Some(plan.number)
            }
            AllowanceOf::Product(_) => None,
        }
    }
}

static NO_METERS: Meters = Meters {
    grants: Vec::new(),
    counters: Vec::new(),
    last_grant: 0,
};

impl Row {
    /// The meters.
    pub(crate) fn meters(&self) -> &Meters {
        match &self.meters {
            Some(meters) => meters,
            None => &NO_METERS,
        }
    }

    /// The meters, to be changed: copied if another row shares them.
    pub(crate) fn meters_mut(&mut self) -> &mut Meters {
        Arc::make_mut(self.meters.get_or_insert_with(Arc::default))
    }
}

impl Meters {
    /// Units of a counter in a cycle.
    pub(crate) fn counted(
        &self,
        cycle: Date,
        counter: CounterNo,
        member: Option<&MemberId>,
    ) -> u64 {
        let key = (cycle, counter, member);
        let found = self
            .counters
            .iter()
            .find(|known| (known.cycle, known.counter, known.member.as_ref()) == key);
        found.map_or(0, |known| known.units)
    }

    fn counted_mut(
        &mut self,
        cycle: Date,
        counter: CounterNo,
        member: Option<&MemberId>,
    ) -> &mut u64 {
        let found = self.counters.binary_search_by(|known| {
            (known.cycle, known.counter, known.member.as_ref()).cmp(&(cycle, counter, member))
        });
        let index = found.unwrap_or_else(|index| {
            let fresh = Counted {
                cycle,
                counter,
                member: member.cloned(),
                units: 0,
            };
            self.counters.insert(index, fresh);
            index
        });
        &mut self.counters[index].units
    }

    fn grant_mut(&mut self, number: GrantNo) -> Option<&mut Grant> {
        let found = self.grants.binary_search_by_key(&number, |grant| grant.no);
        found.ok().map(|index| &mut self.grants[index])
    }
}

/// The member whose usage a counter counts.
pub(crate) fn counts_for(per: TierPer, member: Option<&MemberId>) -> Option<&MemberId> {
    match per {
        TierPer::Account => None,
        TierPer::Member => member,
    }
}

/// The grant with this number, to be changed.
pub(crate) fn grant_mut(row: &mut Row, number: GrantNo) -> Option<&mut Grant> {
    row.meters_mut().grant_mut(number)
}

/// Whether a charge was for usage abroad: rules say where they hold.
pub(crate) fn is_abroad(world: &World, charge: &Charge) -> bool {
    let rules = world.catalogs.get(charge.version);
    let rule = rules.and_then(|version| version.catalog.rules.get(charge.rule.index()));
    rule.is_some_and(|rule| rule.roaming.is_some())
}

/// Whether a charge moved a meter.
pub(crate) fn touches(charge: &Charge) -> bool {
    !charge.covered.is_empty() || charge.segments.iter().any(|segment| segment.tier.is_some())
}

/// Takes what a record used from grants and adds it to counters.
pub(crate) fn use_units(world: &World, row: &mut Row, rated: &UsageRated) {
    if touches(&rated.charge) {
        move_units(world, row, rated, u64::saturating_add);
    }
}

/// Gives back what a record used.
pub(crate) fn return_units(world: &World, row: &mut Row, rated: &UsageRated) {
    if touches(&rated.charge) {
        move_units(world, row, rated, u64::saturating_sub);
    }
}

fn move_units(world: &World, row: &mut Row, rated: &UsageRated, change: fn(u64, u64) -> u64) {
    let abroad = is_abroad(world, &rated.charge);
    let keeps_cycle = row.keeps_cycle(rated.cycle);
    let meters = row.meters_mut();
    for covered in &rated.charge.covered {
        let Some(grant) = meters.grant_mut(covered.grant) else {
            continue;
        };
        grant.used = change(grant.used, covered.units);
        if abroad {
            grant.used_abroad = change(grant.used_abroad, covered.units);
        }
        debug_assert!(grant.used <= grant.units, "a grant gives what it has");
    }
    if !keeps_cycle {
        return;
    }
    for (counter, per, units) in umbral_rating::tier_units(&world.catalogs, &rated.charge) {
        let member = counts_for(per, rated.member.as_ref());
        let counted = meters.counted_mut(rated.cycle, counter, member);
        *counted = change(*counted, units);
    }
}

/// Forgets what no record of a kept cycle can meet.
pub(crate) fn forget(row: &mut Row, oldest_cycle: Date, before: Timestamp) {
    let meters = row.meters();
    let is_past = |grant: &Grant| grant.until <= before;
    let idle = meters.counters.iter().all(|c| c.cycle >= oldest_cycle);
    if idle && !meters.grants.iter().any(is_past) {
        return;
    }
    let meters = row.meters_mut();
    meters.grants.retain(|grant| !is_past(grant));
    meters
        .counters
        .retain(|counted| counted.cycle >= oldest_cycle);
}
