//! Grants of allowances: what plans give for a cycle and products for as long as they hold, and which of them
//! a record may use (rule 8 of the tariff reference).

use super::meters::{Grant, grant_mut};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use core::cmp::Reverse;
use smallvec::SmallVec;
use umbral_catalog::tables::{Allowance, Validity};
use umbral_model::event::{AllowanceEnded, AllowanceGranted, EventBody, GrantCause};
use umbral_model::ids::{AllowanceNo, GrantNo, MemberId, PlanNo, VersionNo};
use umbral_model::time::{Date, Timestamp};
use umbral_rating::Available;

/// Grants that an account may hold at a time; a purchase beyond it is refused.
pub(crate) const GRANTS_MOST: usize = 200;

/// A share of a cycle in days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Days that count.
    pub days: i32,
    /// Days of the whole cycle.
    pub of: i32,
}

impl Share {
    /// The whole of something.
    pub(crate) const WHOLE: Share = Share { days: 1, of: 1 };

    /// `units x days / days of the cycle`, floored.
    fn floor(self, units: u64) -> u64 {
        let product = u128::from(units) * self.days.max(0) as u128;
        u64::try_from(product / self.of.max(1) as u128).unwrap_or(u64::MAX)
    }
}

/// What is to be granted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub version: VersionNo,
    pub number: AllowanceNo,
    pub allowance: &'a Allowance,
    pub member: Option<&'a MemberId>,
    /// Of the units.
    pub share: Share,
    /// How often.
    pub times: u32,
    pub from: Timestamp,
}

/// Grants an allowance; a share too small for one unit gives nothing.
pub(crate) fn grant(draft: &mut Draft<'_>, offer: Offer<'_>, cause: GrantCause) {
    let give = |units: u64| {
        offer
            .share
            .floor(units)
            .saturating_mul(u64::from(offer.times))
    };
    let units = give(offer.allowance.units);
    if units == 0 {
        return;
    }
    let cycle = draft.row.cycle_of(draft.world, offer.from);
    let granted = AllowanceGranted {
        grant: GrantNo(draft.row.meters().last_grant + 1),
        name: offer.allowance.name.clone(),
        version: offer.version,
        allowance: offer.number,
        member: offer.member.cloned(),
        units,
        units_abroad: offer.allowance.units_abroad.map(give),
        from: offer.from,
        until: end_of(draft, offer.allowance.valid, offer.from, cycle),
        cycle,
        cause,
    };
    draft.push(EventBody::AllowanceGranted(granted));
}

/// The instant from which on a grant covers nothing more.
fn end_of(draft: &Draft<'_>, valid: Validity, from: Timestamp, cycle: Date) -> Timestamp {
    let zone = draft.world.zone(draft.row.zone);
    match valid {
        Validity::Time(nanos) => from.plus_nanos(nanos),
        Validity::Days(days) => {
            let last = zone.local(from).date.plus_days(i32::from(days));
            crate::dates::end_of_day(zone, last)
        }
        Validity::Cycles(more) => {
            let day = draft.row.cycle_day;
            let first = crate::dates::next_cycle(cycle, day);
            let end = (0..more).fold(first, |start, _| crate::dates::next_cycle(start, day));
            zone.start_of_day(end)
        }
    }
}

/// Ends what a plan gave to the holder: nothing of it covers a record that begins at `until` or later. The
/// account's plan gives to members too, where each has units of its own.
pub(crate) fn end_of_plan(
    draft: &mut Draft<'_>,
    plan: PlanNo,
    holder: Holder<'_>,
    until: Timestamp,
) {
    let world = draft.world;
    let ended: Vec<AllowanceEnded> = draft
        .row
        .meters()
        .grants
        .iter()
        .filter(|grant| grant.until > until && holder.has(grant.member.as_ref()))
        .filter(|grant| grant.plan(world) == Some(plan))
        .filter_map(|grant| {
            let definition = grant.definition(world)?;
            Some(AllowanceEnded {
                grant: grant.no,
                name: definition.name.clone(),
                left: grant.left(),
                measurement: definition.measurement,
                until: until.max(grant.from),
            })
        })
        .collect();
    for grant in ended {
        draft.push(EventBody::AllowanceEnded(grant));
    }
}

/// Whose grants are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holder<'a> {
    /// All that the plan gave.
    Anybody,
    /// One member.
    Member(&'a MemberId),
}

impl Holder<'_> {
    fn has(self, member: Option<&MemberId>) -> bool {
        match self {
            Holder::Anybody => true,
            Holder::Member(own) => member == Some(own),
        }
    }
}

/// The grants that a record of the member may use, in the order in which they are spent: by priority, then by
/// their end, then by number. Which they are is decided at the record's start.
pub(crate) fn usable<'w>(
    draft: &Draft<'w>,
    row: &Row,
    member: Option<&MemberId>,
    at: Timestamp,
) -> SmallVec<[Available<'w>; 4]> {
    let world = draft.world;
    let has_members = !row.cold().members.is_empty();
    let mut found: SmallVec<[(Reverse<i64>, Timestamp, Available<'w>); 4]> = SmallVec::new();
    for grant in &row.meters().grants {
        let covers = grant.from <= at
            && at < grant.until
            && grant.left() > 0
            && (grant.member.is_none() || grant.member.as_ref() == member)
            && !(has_members && member.is_some() && is_of_nobody(world, grant));
        if !covers {
            continue;
        }
        let Some(version) = world.catalogs.get(grant.version) else {
            continue;
        };
        let Some(definition) = version.catalog.allowances.get(grant.allowance.index()) else {
            continue;
        };
        let available = Available {
            grant: grant.no,
            version,
            allowance: grant.allowance,
            left: grant.left(),
            left_abroad: grant.left_abroad(),
        };
        found.push((Reverse(definition.priority), grant.until, available));
    }
    found.sort_unstable_by_key(|(priority, until, available)| (*priority, *until, available.grant));
    found.into_iter().map(|(.., available)| available).collect()
}

/// Takes a grant into the row.
pub(crate) fn apply_granted(row: &mut Row, body: &AllowanceGranted) {
    let meters = row.meters_mut();
    meters.last_grant = body.grant.0;
    meters.grants.push(Grant {
        no: body.grant,
        version: body.version,
        allowance: body.allowance,
        member: body.member.clone(),
        units: body.units,
        used: 0,
        units_abroad: body.units_abroad,
        used_abroad: 0,
        from: body.from,
        until: body.until,
        cycle: body.cycle,
        latches: SmallVec::new(),
    });
}

/// Takes an early end into the row.
pub(crate) fn apply_ended(row: &mut Row, body: &AllowanceEnded) {
    if let Some(grant) = grant_mut(row, body.grant) {
        grant.until = body.until;
    }
}

/// Whether a grant of a plan is for one member alone, and stands with the account because no member without a
/// plan of its own was there to have it.
fn is_of_nobody(world: &World, grant: &Grant) -> bool {
    grant.member.is_none()
        && grant.plan(world).is_some()
        && grant
            .definition(world)
            .is_some_and(|definition| !definition.shared)
}

/// Whether a member without a plan of its own takes something over (see [`hand_to_first_member`]).
pub(crate) fn has_some_of_nobody(world: &World, row: &Row) -> bool {
    let mut grants = row.meters().grants.iter();
    grants.any(|grant| is_of_nobody(world, grant))
}

/// The first member without a plan of its own takes over what the account's plan gives to each of them.
pub(crate) fn hand_to_first_member(world: &World, row: &mut Row, member: &MemberId) {
    if !has_some_of_nobody(world, row) {
        return;
    }
    for grant in &mut row.meters_mut().grants {
        if is_of_nobody(world, grant) {
            grant.member = Some(member.clone());
        }
    }
}
