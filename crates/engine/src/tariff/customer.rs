//! What discounts ask of a customer: credit class, loyalty tier, cards, VIP rank, as they were at the record's
//! start (section 7 of the semantics: class and discount count from their effective instant).

use crate::account::{Card, Row, TierHeld};
use crate::dates::end_of_day;
use crate::draft::Draft;
use crate::world::World;
use smallvec::SmallVec;
use smol_str::SmolStr;
use umbral_model::event::{CardNoted, EventBody, TierSet};
use umbral_model::input::{CardClosed, CardIssued, TierGranted};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_rating::Customer;
use xxhash_rust::xxh3::xxh3_64;

/// Cards that an account may have at a time.
const CARDS_MOST: usize = 50;
/// Shortest card number, in characters.
const CARD_NUMBER_LEAST: usize = 5;

/// Types of an account's cards at an instant.
pub(crate) type CardTypes = SmallVec<[SmolStr; 2]>;

/// The types of the cards that are good at `at`.
pub(crate) fn cards_at(world: &World, row: &Row, at: Timestamp) -> CardTypes {
    let zone = world.zone(row.zone);
    let is_good = |card: &&Card| {
        card.from <= at
            && card.closed_at.is_none_or(|closed| at < closed)
            && card
                .valid_until
                .is_none_or(|last| at < end_of_day(zone, last))
    };
    let cards = row.cold().tariff.cards.iter();
    cards
        .filter(is_good)
        .map(|card| card.card_type.clone())
        .collect()
}

/// The loyalty tier that holds at `at`; without one, that which comes with the VIP rank.
pub(crate) fn tier_at<'a>(world: &'a World, row: &'a Row, at: Timestamp) -> Option<&'a str> {
    granted_tier(world, row, at).or_else(|| world.tier_floor(row.vip_rank, at))
}

fn granted_tier<'a>(world: &World, row: &'a Row, at: Timestamp) -> Option<&'a str> {
    let tiers = &row.cold().tariff.tiers;
    let past = tiers.partition_point(|held| held.from <= at);
    let held = tiers.get(past.checked_sub(1)?)?;
    let zone = world.zone(row.zone);
    let holds = held.until.is_none_or(|last| at < end_of_day(zone, last));
    held.tier.as_deref().filter(|_| holds)
}

/// The customer at `at`, with the cards found before.
pub(crate) fn at<'a>(
    world: &'a World,
    row: &'a Row,
    at: Timestamp,
    cards: &'a CardTypes,
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
    let tier = tier_at(world, row, at);
    Customer {
        class: world.catalogs.class_name(class),
        tier,
        cards,
        vip_rank: row.vip_rank,
    }
}

/// Grants a loyalty tier by hand, or takes it away.
pub(crate) fn grant_tier(draft: &mut Draft<'_>, body: &TierGranted) -> Result<(), Rejection> {
    if body.until.is_some_and(|until| until < draft.today()) {
        return Err(Rejection::new(
            Reason::BadDate,
            "the tier's last day is past already",
        ));
    }
    draft.push(EventBody::TierSet(TierSet {
        tier: body.tier.clone(),
        until: body.until.filter(|_| body.tier.is_some()),
    }));
    Ok(())
}

fn card_hash(number: &str) -> u64 {
    xxh3_64(number.as_bytes())
}

fn bad_card(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::BadCard, detail)
}

/// Gives out a card.
pub(crate) fn issue_card(draft: &mut Draft<'_>, body: &CardIssued) -> Result<(), Rejection> {
    if body.number.chars().count() < CARD_NUMBER_LEAST {
        return Err(bad_card(format!(
            "a card's number has {CARD_NUMBER_LEAST} characters or more"
        )));
    }
    if body.valid_until.is_some_and(|until| until < draft.today()) {
        return Err(Rejection::new(
            Reason::BadDate,
            "the card's last day is past already",
        ));
    }
    let card = card_hash(&body.number);
    let cards = &draft.row.cold().tariff.cards;
    if cards.iter().any(|known| known.card == card) {
        return Err(bad_card(
            "the account had this card already; numbers are never used again",
        ));
    }
    if cards.len() >= CARDS_MOST {
        return Err(bad_card(format!(
            "the account has {CARDS_MOST} cards, which is the most"
        )));
    }
    draft.push(EventBody::CardNoted(CardNoted {
        card,
        card_type: body.card_type.clone(),
        valid_until: body.valid_until,
        good: true,
    }));
    Ok(())
}

/// Ends a card.
pub(crate) fn close_card(draft: &mut Draft<'_>, body: &CardClosed) -> Result<(), Rejection> {
    let card = card_hash(&body.number);
    let cards = &draft.row.cold().tariff.cards;
    let known = cards
        .iter()
        .find(|known| known.card == card && known.closed_at.is_none());
    let Some(known) = known else {
        return Err(bad_card("the account has no such card to close"));
    };
    let noted = CardNoted {
        card,
        card_type: known.card_type.clone(),
        valid_until: known.valid_until,
        good: false,
    };
    draft.push(EventBody::CardNoted(noted));
    Ok(())
}

/// Takes a tier into the row.
pub(crate) fn apply_tier(row: &mut Row, at: Timestamp, body: &TierSet) {
    let tiers = &mut row.cold_mut().tariff.tiers;
    let held = TierHeld {
        from: at,
        tier: body.tier.clone(),
        until: body.until,
    };
    match tiers.binary_search_by_key(&at, |held| held.from) {
        Ok(index) => tiers[index] = held,
        Err(index) => tiers.insert(index, held),
    }
}

/// Takes a card into the row, or its end.
pub(crate) fn apply_card(row: &mut Row, at: Timestamp, body: &CardNoted) {
    let cards = &mut row.cold_mut().tariff.cards;
    if body.good {
        cards.push(Card {
            card: body.card,
            card_type: body.card_type.clone(),
            from: at,
            closed_at: None,
            valid_until: body.valid_until,
        });
    } else if let Some(card) = cards.iter_mut().find(|known| known.card == body.card) {
        card.closed_at = Some(at);
    }
}
