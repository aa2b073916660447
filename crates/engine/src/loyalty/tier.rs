//! Tiers: points lift a member at once, the end of a validity keeps or lowers (section 4, section 4b, 1 and 2).

use super::ledger::{club, find};
use super::{Ledger, Previous};
use crate::account::{Row, TierHeld};
use crate::dates::end_of_day;
use crate::draft::Draft;
use crate::world::World;
use smol_str::{SmolStr, ToSmolStr};
use thin_vec::ThinVec;
use umbral_catalog::loyalty::{Demotion, LoyaltyTier, Programme};
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::input::TierGranted;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp};

/// The number of the ledger's tier; of one that the programme no longer has, the first.
fn number(programme: &Programme, tier: &str) -> usize {
    programme.tier(tier).unwrap_or(0)
}

/// The least tier of a member: by VIP rank, or by hand.
pub(crate) fn floor(draft: &Draft<'_>, programme: &Programme, ledger: &Ledger) -> usize {
    let today = draft.today();
    let holds = |granted: &&(SmolStr, Option<Date>)| granted.1.is_none_or(|until| today <= until);
    let granted = ledger.granted.as_ref().filter(holds);
    let granted = granted.map_or(0, |(tier, _)| number(programme, tier));
    granted.max(floor_of_rank(draft, programme))
}

/// The least tier that comes with the VIP rank: by the programme, or by the rank's own level.
pub(crate) fn floor_of_rank(draft: &Draft<'_>, programme: &Programme) -> usize {
    let rank = draft.row.vip_rank;
    let by_level = draft.world.tier_floor(rank, draft.now);
    let by_level = by_level.map_or(0, |tier| number(programme, tier));
    by_level.max(programme.floor_of_rank(rank))
}

/// The VIP rank changed: a higher floor lifts at once.
pub(crate) fn look_at_all(draft: &mut Draft<'_>) {
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let open = ledgers.filter(|ledger| ledger.ended.is_none());
    let names: Vec<LedgerName> = open.map(|ledger| ledger.name.clone()).collect();
    for name in names {
        look(draft, &name, TierBasis::Grant);
    }
}

/// Looks whether points, a grant or a void change the tier, or a late purchase restores it.
pub(crate) fn look(draft: &mut Draft<'_>, name: &LedgerName, basis: TierBasis) {
    let (Some(ledger), Some(club)) = (find(&draft.row, name), club(draft.world, name, draft.now))
    else {
        return;
    };
    let programme = club.programme;
    if programme.tiers.is_empty() {
        return;
    }
    let current = number(programme, &ledger.tier);
    let reached = number(programme, &ledger.base_tier)
        .max(programme.tier_of_points(ledger.counter))
        .max(floor(draft, programme, ledger));
    let to = match basis {
        TierBasis::Void => reached,
        _ => reached.max(current),
    };
    if to != current {
        let moved = moved(programme, ledger, to, basis, ledger.valid_until);
        draft.push(EventBody::TierChanged(Box::new(moved)));
    }
    restore(draft, name);
}

/// A late purchase may show that the standard of the tier before the last demotion was met after all.
fn restore(draft: &mut Draft<'_>, name: &LedgerName) {
    let (Some(ledger), Some(club)) = (find(&draft.row, name), club(draft.world, name, draft.now))
    else {
        return;
    };
    let programme = club.programme;
    let Some(previous) = &ledger.previous else {
        return;
    };
    let last = previous
        .until
        .plus_days(1 + i32::from(programme.tier_correction_days));
    let to = number(programme, &previous.tier);
    let met = programme
        .tiers
        .get(to)
        .is_some_and(|tier| previous.sales >= tier.retain);
    if met && draft.today() <= last && to > number(programme, &ledger.tier) {
        let of_then = Ledger {
            counter: previous.counter,
            sales: previous.sales,
            ..ledger.clone()
        };
        let needed = programme.tiers[to].retain.to_smolstr();
        let moved = TierMoved {
            needed,
            ..moved(
                programme,
                &of_then,
                to,
                TierBasis::Sales,
                ledger.valid_until,
            )
        };
        draft.push(EventBody::TierRestored(Box::new(moved)));
        // The points of both bases are together again, and may reach a further step.
        look(draft, name, TierBasis::Points);
    }
}

fn moved(
    programme: &Programme,
    ledger: &Ledger,
    to: usize,
    basis: TierBasis,
    valid_until: Option<Date>,
) -> TierMoved {
    let name = |tier: Option<&LoyaltyTier>| tier.map_or_else(SmolStr::default, |t| t.name.clone());
    let needed = match (basis, programme.tiers.get(to + 1)) {
        (TierBasis::Sales, _) => {
            let own = programme.tier(&ledger.tier);
            own.map(|own| programme.tiers[own].retain.to_smolstr())
        }
        (_, Some(next)) => Some(next.from.to_smolstr()),
        (_, None) => None,
    };
    TierMoved {
        ledger: ledger.name.clone(),
        from: ledger.tier.clone(),
        to: name(programme.tiers.get(to)),
        basis,
        counter: ledger.counter,
        sales: ledger.sales,
        needed: needed.unwrap_or_default(),
        valid_until,
        rebased: false,
        notice_day: None,
    }
}

/// The tier that a validity ending now leads to.
fn after_validity(draft: &Draft<'_>, programme: &Programme, ledger: &Ledger) -> usize {
    let current = number(programme, &ledger.tier);
    let meets = |tier: &LoyaltyTier| ledger.sales >= tier.retain;
    if current == 0 || programme.tiers.get(current).is_some_and(meets) {
        return current;
    }
    let lower = match programme.demotion {
        Demotion::OneDown => current - 1,
        Demotion::Recompute => {
            let mut below = programme.tiers[..current].iter();
            below.rposition(meets).unwrap_or(0)
        }
    };
    lower.max(floor(draft, programme, ledger)).min(current)
}

/// The timer of a validity whose last day is over.
pub(crate) fn end_validities(draft: &mut Draft<'_>) {
    for name in due(draft) {
        let (Some(ledger), Some(club)) =
            (find(&draft.row, &name), club(draft.world, &name, draft.now))
        else {
            continue;
        };
        let programme = club.programme;
        let Some(old_end) = ledger.valid_until else {
            continue;
        };
        let months = i32::from(programme.tier_validity_months.unwrap_or(12).max(1));
        let valid_until = old_end.plus_months(months);
        let to = after_validity(draft, programme, ledger);
        if to == number(programme, &ledger.tier) {
            draft.push(EventBody::ValidityRenewed(ValidityRenewed {
                ledger: name,
                valid_until,
            }));
        } else {
            let moved = TierMoved {
                rebased: true,
                ..moved(programme, ledger, to, TierBasis::Sales, Some(valid_until))
            };
            draft.push(EventBody::TierChanged(Box::new(moved)));
        }
    }
}

fn due(draft: &Draft<'_>) -> Vec<LedgerName> {
    let zone = draft.world.zone(draft.row.zone);
    let over = |last: Date| end_of_day(zone, last) <= draft.now;
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    ledgers
        .filter(|ledger| ledger.ended.is_none() && ledger.valid_until.is_some_and(over))
        .map(|ledger| ledger.name.clone())
        .collect()
}

/// The tier that a validity would lead to if it ended as it stands; none if it would be kept.
pub(crate) fn will_change(draft: &Draft<'_>, ledger: &Ledger) -> Option<TierMoved> {
    let club = club(draft.world, &ledger.name, draft.now)?;
    let to = after_validity(draft, club.programme, ledger);
    let changes = to != number(club.programme, &ledger.tier);
    changes.then(|| {
        moved(
            club.programme,
            ledger,
            to,
            TierBasis::Sales,
            ledger.valid_until,
        )
    })
}

/// Grants a tier by hand, or takes it away. In a programme it is the least tier of the member; a tier that no
/// programme has is a word for discounts alone.
pub(crate) fn grant(draft: &mut Draft<'_>, body: &TierGranted) -> Result<(), Rejection> {
    if body.until.is_some_and(|until| until < draft.today()) {
        return Err(Rejection::new(
            Reason::BadDate,
            "the tier's last day is past already",
        ));
    }
    let ledgers = match (&body.ledger, &body.tier) {
        (Some(name), _) => vec![super::ledger::named_or_open(draft, Some(name))?],
        (None, Some(tier)) => ledgers_with(draft, tier),
        (None, None) => Vec::new(),
    };
    let set = |ledger| {
        EventBody::TierSet(TierSet {
            tier: body.tier.clone(),
            until: body.until.filter(|_| body.tier.is_some()),
            ledger,
        })
    };
    if ledgers.is_empty() {
        draft.push(set(None));
    }
    for name in ledgers {
        draft.push(set(Some(name.clone())));
        look(draft, &name, TierBasis::Grant);
    }
    Ok(())
}

/// The next tier, and the points that are missing for it.
pub(crate) fn next(programme: &Programme, ledger: &Ledger) -> Option<(SmolStr, u64)> {
    let next = programme.tiers.get(programme.tier(&ledger.tier)? + 1)?;
    let counter = ledger.counter.max(0).unsigned_abs();
    Some((next.name.clone(), next.from.saturating_sub(counter)))
}

/// The ledgers whose programme has a tier; the default ledger is opened where there is none.
fn ledgers_with(draft: &mut Draft<'_>, tier: &str) -> Vec<LedgerName> {
    let (world, now) = (draft.world, draft.now);
    let has = |name: &LedgerName| {
        club(world, name, now).is_some_and(|club| club.programme.tier(tier).is_some())
    };
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let open = ledgers.filter(|ledger| ledger.ended.is_none());
    let found: Vec<LedgerName> = open.map(|ledger| ledger.name.clone()).filter(has).collect();
    if !found.is_empty() {
        return found;
    }
    let default = super::ledger::default_name(draft).filter(has);
    if let Some(name) = &default {
        super::ledger::open_named(draft, name);
    }
    default.into_iter().collect()
}

/// The multiplier of the tier that a ledger had at an instant, in basis points.
pub(crate) fn multiplier_at(
    row: &Row,
    programme: &Programme,
    name: &LedgerName,
    at: Timestamp,
) -> u32 {
    let held = row.cold().tariff.tiers.iter();
    let mut own = held.filter(|held| held.ledger.as_ref() == Some(name) && held.from <= at);
    let tier = own.next_back().and_then(|held| held.tier.as_deref());
    let tier = programme
        .tiers
        .get(tier.map_or(0, |tier| number(programme, tier)));
    tier.map_or(10_000, |tier| tier.multiplier_bps)
}

/// Remembers from when on a ledger has a tier. A change that a late input makes stands for all that was thought to
/// come after it.
pub(crate) fn remember(row: &mut Row, name: &LedgerName, at: Timestamp, tier: SmolStr) {
    let tiers = &mut row.cold_mut().tariff.tiers;
    tiers.retain(|held| held.ledger.as_ref() != Some(name) || held.from <= at);
    let held = TierHeld {
        from: at,
        tier: (!tier.is_empty()).then_some(tier),
        until: None,
        ledger: Some(name.clone()),
    };
    hold(tiers, held);
}

fn hold(tiers: &mut ThinVec<TierHeld>, held: TierHeld) {
    let index = tiers.partition_point(|known| known.from <= held.from);
    tiers.insert(index, held);
}

/// Takes a grant into its ledger, or a word for discounts into the history; no tier at all takes all grants away.
pub(crate) fn apply_granted(row: &mut Row, at: Timestamp, body: &TierSet) {
    let cold = row.cold_mut();
    if let Some(loyalty) = cold.loyalty.get_mut() {
        let is_meant = |ledger: &&mut Ledger| match &body.ledger {
            Some(name) => ledger.name == *name,
            None => body.tier.is_none(),
        };
        for ledger in loyalty.ledgers.iter_mut().filter(is_meant) {
            ledger.granted = body.tier.clone().map(|tier| (tier, body.until));
        }
    }
    if body.ledger.is_none() {
        let held = TierHeld {
            from: at,
            tier: body.tier.clone(),
            until: body.until,
            ledger: None,
        };
        hold(&mut cold.tariff.tiers, held);
    }
}

/// Takes another tier into the row.
pub(crate) fn apply_changed(world: &World, row: &mut Row, at: Timestamp, body: &TierMoved) {
    let boundary = world.zone(row.zone).local(at).date;
    if let Some(ledger) = row.cold_mut().loyalty.ledger_mut(&body.ledger) {
        ledger.tier = body.to.clone();
        if body.rebased {
            ledger.previous = Some(Box::new(Previous {
                tier: body.from.clone(),
                base_tier: ledger.base_tier.clone(),
                base_on: ledger.base_on,
                counter: ledger.counter,
                from: ledger.validity_from,
                until: boundary.plus_days(-1),
                sales: ledger.sales,
            }));
            ledger.base_tier = body.to.clone();
            ledger.base_on = Some(boundary);
            ledger.counter = 0;
            begin_validity(ledger, boundary, body.valid_until);
        }
    }
    remember(row, &body.ledger, at, body.to.clone());
}

fn begin_validity(ledger: &mut Ledger, from: Date, until: Option<Date>) {
    ledger.sales = Money::ZERO;
    ledger.validity_from = from;
    ledger.valid_until = until;
}

/// Takes a restored tier into the row: it is as if it had been kept.
pub(crate) fn apply_restored(row: &mut Row, at: Timestamp, body: &TierMoved) {
    let loyalty = &mut *row.cold_mut().loyalty;
    let ledger = loyalty
        .ledgers
        .iter_mut()
        .find(|ledger| ledger.name == body.ledger);
    if let Some(ledger) = ledger
        && let Some(previous) = ledger.previous.take()
    {
        let base = std::mem::replace(&mut ledger.base_on, previous.base_on);
        ledger.tier = body.to.clone();
        ledger.base_tier = previous.base_tier;
        ledger.counter += previous.counter;
        let of_ledger = loyalty
            .earnings
            .iter_mut()
            .filter(|e| e.ledger == body.ledger);
        for earning in of_ledger {
            earning.move_points(base, previous.base_on);
        }
    }
    remember(row, &body.ledger, at, body.to.clone());
}

/// Takes another validity into the row.
pub(crate) fn apply_renewed(row: &mut Row, body: &ValidityRenewed) {
    if let Some(ledger) = row.cold_mut().loyalty.ledger_mut(&body.ledger) {
        let from = ledger
            .valid_until
            .map_or(ledger.validity_from, |last| last.plus_days(1));
        begin_validity(ledger, from, Some(body.valid_until));
    }
}
