//! What discounts ask of a customer: credit class, loyalty tier, cards, VIP rank, as they were at the record's
//! start (section 7 of the semantics: class and discount count from their effective instant).

use crate::account::{Row, TierHeld};
use crate::dates::end_of_day;
use crate::loyalty::Card;
use crate::loyalty::card::CardState;
use crate::world::World;
use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_model::time::Timestamp;
use umbral_rating::Customer;

/// What discounts may ask for beside class and rank.
#[derive(Default)]
pub(crate) struct Holdings {
    /// Types of the cards that are good.
    pub cards: SmallVec<[SmolStr; 2]>,
    /// Loyalty tiers.
    pub tiers: SmallVec<[SmolStr; 2]>,
}

impl Holdings {
    /// What the account held at `at`.
    pub(crate) fn at(world: &World, row: &Row, at: Timestamp) -> Holdings {
        Holdings {
            cards: cards_at(world, row, at),
            tiers: tiers_at(world, row, at),
        }
    }
}

fn cards_at(world: &World, row: &Row, at: Timestamp) -> SmallVec<[SmolStr; 2]> {
    let zone = world.zone(row.zone);
    let is_good = |card: &&Card| {
        matches!(
            card.state_at(zone, at),
            CardState::Active | CardState::Unconfirmed
        )
    };
    let cards = row.cold().loyalty.cards.iter();
    cards
        .filter(is_good)
        .map(|card| card.card_type.clone())
        .collect()
}

/// The tiers that hold at `at`: the last one of each ledger, the last one that belongs to none, and that which
/// comes with the VIP rank where there is no other.
fn tiers_at(world: &World, row: &Row, at: Timestamp) -> SmallVec<[SmolStr; 2]> {
    let zone = world.zone(row.zone);
    let held = &row.cold().tariff.tiers;
    let past = &held[..held.partition_point(|held| held.from <= at)];
    let is_last = |index: usize, held: &TierHeld| {
        let later = &past[index + 1..];
        later.iter().all(|other| other.ledger != held.ledger)
    };
    let holds = |held: &TierHeld| held.until.is_none_or(|last| at < end_of_day(zone, last));
    let last = past.iter().enumerate();
    let last = last.filter(|(index, held)| is_last(*index, held) && holds(held));
    let mut tiers: SmallVec<[SmolStr; 2]> =
        last.filter_map(|(_, held)| held.tier.clone()).collect();
    if tiers.is_empty() {
        tiers.extend(world.tier_floor(row.vip_rank, at).map(SmolStr::new));
    }
    tiers
}

/// The customer at `at`, with what was found before.
pub(crate) fn at<'a>(
    world: &'a World,
    row: &'a Row,
    at: Timestamp,
    holdings: &'a Holdings,
) -> Customer<'a> {
    let cold = row.cold();
    let past = cold.tariff.classes.partition_point(|(from, _)| *from <= at);
    let class = match past
        .checked_sub(1)
        .or((!cold.tariff.classes.is_empty()).then_some(0))
    {
        Some(index) => cold.tariff.classes[index].1,
        None => row.class,
    };
    Customer {
        class: world.catalogs.class_name(class),
        tiers: &holdings.tiers,
        cards: &holdings.cards,
        vip_rank: row.vip_rank,
    }
}
