//! Grants of allowances: what plans give for a cycle and products for as long as they hold, and which of them
//! a record may use (rule 8 of the tariff reference).

use super::meters::{Grant, grant_mut};
use crate::account::Row;
use crate::draft::Draft;
use crate::world::World;
use core::cmp::Reverse;
use smallvec::SmallVec;
use umbral_catalog::tables::{Allowance, AllowanceOf, Validity};
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

/// Ends what a plan gave to the holder: nothing of it covers a record that begins at `until` or later.
pub(crate) fn end_of_plan(
    draft: &mut Draft<'_>,
    plan: PlanNo,
    holder: Holder<'_>,
    until: Timestamp,
) {
    let world = draft.world;
    let ends = |row: &Row, grant: &Grant| {
        holder.has(row, grant.member.as_ref()) && grant.plan(world) == Some(plan)
    };
    end(draft, until, ends);
}

/// Ends all that a member has: what its plan gave and what it bought for itself.
pub(crate) fn end_of_member(draft: &mut Draft<'_>, member: &MemberId, until: Timestamp) {
    end(draft, until, |_, grant| {
        grant.member.as_ref() == Some(member)
    });
}

fn end(draft: &mut Draft<'_>, until: Timestamp, ends: impl Fn(&Row, &Grant) -> bool) {
    let world = draft.world;
    let open = draft.row.meters().grants.iter();
    let ended: Vec<AllowanceEnded> = open
        .filter(|grant| grant.until > until && ends(&draft.row, grant))
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
    /// The account, and its members without a plan of their own, to whom its plan gives too.
    Account,
    /// One member.
    Member(&'a MemberId),
}

impl Holder<'_> {
    fn has(self, row: &Row, member: Option<&MemberId>) -> bool {
        match self {
            Holder::Account => member.is_none_or(|id| own_plan_since(row, id).is_none()),
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
    let own_plan_since = member.and_then(|id| own_plan_since(row, id));
    let on_own_plan = own_plan_since.is_some_and(|since| since <= at);
    let mut found: SmallVec<[(Reverse<i64>, Timestamp, Available<'w>); 4]> = SmallVec::new();
    for grant in &row.meters().grants {
        let covers = grant.from <= at
            && at < grant.until
            && grant.left() > 0
            && (grant.member.is_none() || grant.member.as_ref() == member);
        if !covers || (on_own_plan && is_accounts_own(world, grant)) {
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

/// From when on the member has a plan of its own, if it has one.
fn own_plan_since(row: &Row, member: &MemberId) -> Option<Timestamp> {
    let mut members = row.cold().members.iter();
    let known = members.find(|known| known.id == *member)?;
    known.plans.first().map(|(since, _)| *since)
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

/// Whether the account itself has what its plan gives to one holder only: nobody else may spend it.
fn is_accounts_own(world: &World, grant: &Grant) -> bool {
    let is_for_one = |definition: &Allowance| {
        !definition.shared && matches!(definition.of, AllowanceOf::Plan(_))
    };
    grant.member.is_none() && grant.definition(world).is_some_and(is_for_one)
}

/// Whether there is something that the first member on the account's plan takes over.
pub(crate) fn has_own(world: &World, row: &Row, at: Timestamp) -> bool {
    let mut grants = row.meters().grants.iter();
    grants.any(|grant| at < grant.until && is_accounts_own(world, grant))
}

/// The first member on the account's plan takes over what the account had for itself while there was none.
pub(crate) fn hand_to_first_member(world: &World, row: &mut Row, member: &MemberId, at: Timestamp) {
    if !has_own(world, row, at) {
        return;
    }
    for grant in &mut row.meters_mut().grants {
        if at < grant.until && is_accounts_own(world, grant) {
            grant.member = Some(member.clone());
        }
    }
}
