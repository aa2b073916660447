//! Cards and what they allow (the table of section 4): a ledger freezes or ends only when the last live card of its
//! line goes, and a replacement moves nothing, because points are the customer's.

use super::ledger::{self, Club, find as find_ledger, name_of};
use super::{Card, Ending, Ledger, member, stock};
use crate::account::Row;
use crate::dates::end_of_day;
use crate::draft::Draft;
use crate::world::World;
use smol_str::SmolStr;
use umbral_catalog::loyalty::{CardType, RenewFrom};
use umbral_model::event::*;
use umbral_model::ids::LedgerName;
use umbral_model::input::*;
use umbral_model::money::Money;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::{Date, Timestamp, ZoneRules};
use xxhash_rust::xxh3::xxh3_64;

/// Cards that an account may have had.
const CARDS_MOST: usize = 50;
/// Shortest card number, in characters.
const NUMBER_LEAST: usize = 5;
/// Code of the charge for a card.
const CARD_FEE: &str = "card_fee";
/// What a check says of a card in other hands.
const OTHER_HOLDER: &str = "other";

/// How a card stands at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CardState {
    NotYet,
    Unconfirmed,
    Active,
    Lost,
    Expired,
    Replaced,
    Closed,
}

/// Whether a purchase with a card earns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MayEarn {
    Yes,
    /// The card is lost, and was used before that was reported.
    BeforeItsLoss,
    No,
}

pub(crate) fn hash_of(number: &str) -> u64 {
    xxh3_64(number.as_bytes())
}

/// The account's card of a number.
pub(crate) fn find<'r>(row: &'r Row, number: &str) -> Option<&'r Card> {
    by_hash(row, hash_of(number))
}

fn by_hash(row: &Row, card: u64) -> Option<&Card> {
    let mut cards = row.cold().loyalty.cards.iter();
    cards.find(|known| known.card == card)
}

/// The card that stands for a number: the last one that took its place.
fn live(row: &Row, card: u64) -> Option<&Card> {
    let mut found = by_hash(row, card)?;
    while let Some((_, next)) = found.replaced {
        found = by_hash(row, next)?;
    }
    Some(found)
}

/// Whether a card that held a purchase back, or the one in its place, lets it be claimed now.
pub(crate) fn is_good_again(draft: &Draft<'_>, card: u64) -> bool {
    let zone = draft.world.zone(draft.row.zone);
    let state = live(&draft.row, card).map(|found| found.state_at(zone, draft.effective_at));
    matches!(state, Some(CardState::Active | CardState::Unconfirmed))
}

impl Card {
    /// How it stood at `at`.
    pub(crate) fn state_at(&self, zone: &ZoneRules, at: Timestamp) -> CardState {
        let by = |since: Option<Timestamp>| since.is_some_and(|since| since <= at);
        let day = zone.local(at).date;
        let in_gap = |gap: &(Date, Date)| gap.0 <= day && day < gap.1;
        let over = |last: Date| end_of_day(zone, last) <= at;
        match () {
            () if at < self.from => CardState::NotYet,
            () if by(self.closed_at) => CardState::Closed,
            () if by(self.replaced.map(|(since, _)| since)) => CardState::Replaced,
            () if by(self.lost_at) => CardState::Lost,
            () if self.valid_until.is_some_and(over) || self.gaps.iter().any(in_gap) => {
                CardState::Expired
            }
            () if self.unconfirmed => CardState::Unconfirmed,
            () => CardState::Active,
        }
    }
}

/// Whether a purchase of an instant earns with a card.
pub(crate) fn may_earn(zone: &ZoneRules, card: &Card, at: Timestamp) -> MayEarn {
    match card.state_at(zone, at) {
        CardState::Active | CardState::Unconfirmed => match card.lost_at {
            Some(_) => MayEarn::BeforeItsLoss,
            None => MayEarn::Yes,
        },
        _ => MayEarn::No,
    }
}

/// Whether points can be spent with a card.
pub(crate) fn may_spend(
    draft: &Draft<'_>,
    card: &Card,
    at: Timestamp,
    code_confirmed: bool,
) -> Result<(), RedemptionRefused> {
    let zone = draft.world.zone(draft.row.zone);
    let needs_code = card_type(draft, &card.card_type).is_some_and(|(_, found)| found.code);
    match card.state_at(zone, at) {
        CardState::Active if needs_code && !code_confirmed => Err(RedemptionRefused::Unconfirmed),
        CardState::Active => Ok(()),
        CardState::Unconfirmed => Err(RedemptionRefused::Unconfirmed),
        _ => Err(RedemptionRefused::CardState),
    }
}

/// Whether points can be spent without showing a card: as with the best card of the line, if it has any.
pub(crate) fn ledger_may_spend(
    draft: &Draft<'_>,
    name: &LedgerName,
    at: Timestamp,
    code_confirmed: bool,
) -> Result<(), RedemptionRefused> {
    let cards = kept_cards(draft, name);
    let answers = cards.map(|card| may_spend(draft, card, at, code_confirmed));
    answers.reduce(better).unwrap_or(Ok(()))
}

/// The better of two answers; of refusals the one that is looked at last, which a confirmation would mend.
fn better(
    one: Result<(), RedemptionRefused>,
    other: Result<(), RedemptionRefused>,
) -> Result<(), RedemptionRefused> {
    match (one, other) {
        (Ok(()), _) | (_, Ok(())) => Ok(()),
        (Err(RedemptionRefused::Unconfirmed), _) => one,
        _ => other,
    }
}

/// A type of cards with its programme.
pub(super) fn card_type<'w>(draft: &Draft<'w>, name: &str) -> Option<(Club<'w>, &'w CardType)> {
    card_type_at(draft.world, name, draft.now)
}

fn card_type_at<'w>(
    world: &'w World,
    name: &str,
    at: Timestamp,
) -> Option<(Club<'w>, &'w CardType)> {
    let mut clubs = ledger::clubs(world, at);
    clubs.find_map(|club| Some((club, club.programme.card_type(name)?)))
}

/// The ledger of a type of cards.
pub(crate) fn ledger_name(draft: &Draft<'_>, name: &str) -> Option<LedgerName> {
    ledger_of_type(draft.world, name, draft.now)
}

/// The ledger of a type of cards, by the version in force at `at`.
pub(crate) fn ledger_of_type(world: &World, name: &str, at: Timestamp) -> Option<LedgerName> {
    let (club, found) = card_type_at(world, name, at)?;
    Some(name_of(&club.programme.name, &found.line))
}

pub(super) fn bad(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::BadCard, detail)
}

/// Holds the number of a card to its least length.
pub(super) fn check_length(number: &str) -> Result<(), Rejection> {
    match number.chars().count() < NUMBER_LEAST {
        true => Err(bad(format!(
            "a card's number has {NUMBER_LEAST} characters or more"
        ))),
        false => Ok(()),
    }
}

fn check_new(draft: &Draft<'_>, number: &str) -> Result<u64, Rejection> {
    check_length(number)?;
    if find(&draft.row, number).is_some() {
        return Err(bad(
            "the account had this card already; numbers are never used again",
        ));
    }
    if draft.row.cold().loyalty.cards.len() >= CARDS_MOST {
        return Err(bad(format!(
            "the account has had {CARDS_MOST} cards, which is the most"
        )));
    }
    Ok(hash_of(number))
}

fn check_last_day(draft: &Draft<'_>, last: Option<Date>) -> Result<(), Rejection> {
    match last.is_some_and(|last| last < draft.today()) {
        true => Err(Rejection::new(
            Reason::BadDate,
            "the card's last day is past already",
        )),
        false => Ok(()),
    }
}

/// Gives out a card: it opens the ledger of its line, and costs its fee.
pub(crate) fn issue(
    draft: &mut Draft<'_>,
    input: &Input,
    body: &CardIssued,
) -> Result<(), Rejection> {
    let Some(number) = &body.number else {
        return Err(bad(format!(
            "the number is missing, and cards of type {} have no numbers of their own; give one",
            body.card_type
        )));
    };
    let card = check_new(draft, number)?;
    check_last_day(draft, body.valid_until)?;
    stock::check(draft, &body.card_type, body.stock.as_ref())?;
    let found = card_type(draft, &body.card_type);
    let day = draft.local_date(draft.effective_at);
    let months = found.and_then(|(_, found)| found.validity_months);
    let by_type = months.map(|months| day.plus_months(i32::from(months)));
    let mut ledger = None;
    if let Some((club, found)) = found {
        check_spend(draft, club, found)?;
        ledger = Some(member::open_line(
            draft,
            club,
            &found.line,
            draft.effective_at,
        ));
    }
    draft.push(EventBody::CardIssued(Box::new(CardEvent {
        number: number.clone(),
        card,
        card_type: body.card_type.clone(),
        frozen_days: frozen_days(draft, ledger.as_ref()),
        ledger,
        holder: input.member.clone(),
        valid_until: body.valid_until.or(by_type),
        pending_confirmation: found.is_some_and(|(_, found)| found.confirm),
        from_stock: body.stock.is_some(),
    })));
    if let Some(fee) = found
        .and_then(|(_, found)| found.fee)
        .filter(|fee| *fee > Money::ZERO)
    {
        let cycle = draft.row.cycle_start;
        draft.push(EventBody::ChargePosted(ChargePosted {
            kind: ChargeKind::Charge,
            amount: fee,
            code: SmolStr::new_static(CARD_FEE),
            cycle,
        }));
        crate::credit::latch::compare(draft, Cause::Charge);
    }
    Ok(())
}

/// A card that is asked for by spend, and not by a fee, needs that spend.
fn check_spend(draft: &Draft<'_>, club: Club<'_>, found: &CardType) -> Result<(), Rejection> {
    let Some(least) = found.min_spend.filter(|_| found.fee.is_none()) else {
        return Ok(());
    };
    let ledgers = draft.row.cold().loyalty.ledgers.iter();
    let own = ledgers.filter(|ledger| ledger.programme() == club.programme.name);
    let spent: Money = own.map(|ledger| ledger.sales).sum();
    match spent >= least {
        true => Ok(()),
        false => Err(bad(format!(
            "a card of type {} is for customers who spent {least}; this one spent {spent}",
            found.name
        ))),
    }
}

/// What all steps of a card tell of it.
fn told(draft: &Draft<'_>, number: &SmolStr, known: &Card) -> CardEvent {
    CardEvent {
        number: number.clone(),
        card: known.card,
        card_type: known.card_type.clone(),
        ledger: ledger_name(draft, &known.card_type),
        holder: known.holder.clone(),
        valid_until: known.valid_until,
        pending_confirmation: known.unconfirmed,
        frozen_days: 0,
        from_stock: false,
    }
}

fn known(draft: &Draft<'_>, number: &str) -> Result<Card, Rejection> {
    find(&draft.row, number)
        .cloned()
        .ok_or_else(|| bad("the account has no such card"))
}

/// The holder proved to be reachable.
pub(crate) fn confirm(draft: &mut Draft<'_>, body: &CardNamed) -> Result<(), Rejection> {
    let card = known(draft, &body.number)?;
    if !card.unconfirmed {
        return Err(bad("the card waits for no confirmation"));
    }
    let told = CardEvent {
        pending_confirmation: false,
        ..told(draft, &body.number, &card)
    };
    draft.push(EventBody::CardConfirmed(Box::new(told)));
    Ok(())
}

/// The card is lost: it neither earns nor spends until another takes its place.
pub(crate) fn report_lost(draft: &mut Draft<'_>, body: &CardNamed) -> Result<(), Rejection> {
    let card = known(draft, &body.number)?;
    if card.lost_at.is_some() || card.replaced.is_some() || card.closed_at.is_some() {
        return Err(bad("the card is lost, replaced or closed already"));
    }
    let told = told(draft, &body.number, &card);
    draft.push(EventBody::CardLostReported(Box::new(told)));
    Ok(())
}

/// Another card takes the place of one that is live.
pub(crate) fn replace(draft: &mut Draft<'_>, body: &CardReplacement) -> Result<(), Rejection> {
    let old = known(draft, &body.old)?;
    if old.replaced.is_some() || old.closed_at.is_some() {
        return Err(bad("the card was replaced or closed already"));
    }
    let new_card = check_new(draft, &body.new)?;
    stock::check(draft, &old.card_type, body.stock.as_ref())?;
    let ledger = ledger_name(draft, &old.card_type);
    let found = ledger
        .as_ref()
        .and_then(|name| find_ledger(&draft.row, name));
    let points_carried = found.map_or(0, Ledger::to_forfeit);
    draft.push(EventBody::CardReplaced(Box::new(CardReplaced {
        old: body.old.clone(),
        new: body.new.clone(),
        old_card: old.card,
        new_card,
        ledger,
        points_carried,
        from_stock: body.stock.as_ref().map(|stock| stock.card_type.clone()),
    })));
    Ok(())
}

/// The card, or the one in its place, is good for longer or again.
pub(crate) fn renew(draft: &mut Draft<'_>, body: &CardRenewal) -> Result<(), Rejection> {
    let Some(card) = live(&draft.row, hash_of(&body.number)).cloned() else {
        return Err(bad("the account has no such card"));
    };
    if card.closed_at.is_some() {
        return Err(bad("the card is closed: issue another one"));
    }
    check_last_day(draft, body.valid_until)?;
    let today = draft.local_date(draft.effective_at);
    let by_type = card_type(draft, &card.card_type).and_then(|(_, found)| {
        let months = i32::from(found.validity_months?);
        let from = match (found.renew_from, card.valid_until) {
            (RenewFrom::OldEnd, Some(old)) => old,
            _ => today,
        };
        Some(from.plus_months(months))
    });
    let Some(valid_until) = body.valid_until.or(by_type) else {
        return Err(bad(
            "cards of this type have no last day: give valid_until to set one",
        ));
    };
    let told = told(draft, &body.number, &card);
    let told = CardEvent {
        valid_until: Some(valid_until),
        frozen_days: frozen_days(draft, told.ledger.as_ref()),
        ..told
    };
    draft.push(EventBody::CardRenewed(Box::new(told)));
    Ok(())
}

/// Days for which the lots of a ledger did not age, where a card brings it back now.
fn frozen_days(draft: &Draft<'_>, name: Option<&LedgerName>) -> u32 {
    let ledger = name.and_then(|name| find_ledger(&draft.row, name));
    let since = ledger
        .filter(|ledger| !ledger.ages)
        .and_then(|ledger| ledger.frozen_on);
    let today = draft.local_date(draft.effective_at);
    since.map_or(0, |since| (today.days() - since.days()).max(0) as u32)
}

/// Ends a card.
pub(crate) fn close(draft: &mut Draft<'_>, body: &CardClosed) -> Result<(), Rejection> {
    let card = find(&draft.row, &body.number)
        .filter(|known| known.closed_at.is_none() && known.replaced.is_none());
    let Some(card) = card.cloned() else {
        return Err(bad("the account has no such card to close"));
    };
    let reason = body.reason.clone();
    let reason = reason.unwrap_or(SmolStr::new_static("closed"));
    push_closed(draft, &card, Some(body.number.clone()), reason);
    Ok(())
}

fn push_closed(draft: &mut Draft<'_>, card: &Card, number: Option<SmolStr>, reason: SmolStr) {
    let ledger = ledger_name(draft, &card.card_type);
    let last_of = ledger
        .as_ref()
        .filter(|name| is_last(draft, name, card.card));
    let points = last_of.and_then(|name| find_ledger(&draft.row, name));
    let waiting = ledger
        .as_ref()
        .and_then(|name| last_to_renew(draft, name, card.card));
    draft.push(EventBody::CardClosed(Box::new(CardEnded {
        number,
        card: card.card,
        card_type: card.card_type.clone(),
        was_last: last_of.is_some(),
        points_forfeited: points.map_or(0, Ledger::to_forfeit),
        freezes: waiting.is_some(),
        lots_freeze: waiting.is_some_and(|waiting| freezes_lots(draft, waiting)),
        ledger,
        reason,
    })));
}

/// Of a ledger that is not frozen yet, where only cards are left whose last day is over: the one that was good
/// longest.
fn last_to_renew<'d>(draft: &'d Draft<'_>, name: &LedgerName, card: u64) -> Option<&'d Card> {
    let ledger = find_ledger(&draft.row, name)?;
    let others: Vec<&Card> = others(draft, name, card).collect();
    let is_open = ledger.frozen_on.is_none() && !others.iter().any(|other| is_good(draft, other));
    let mut over = others.into_iter().filter(|_| is_open);
    let first = over.next()?;
    Some(over.fold(first, |last, other| {
        match other.valid_until > last.valid_until {
            true => other,
            false => last,
        }
    }))
}

/// Whether the last day of a card is to come.
fn is_good(draft: &Draft<'_>, card: &Card) -> bool {
    let zone = draft.world.zone(draft.row.zone);
    let last = card.valid_until;
    last.is_none_or(|last| end_of_day(zone, last) > draft.now)
}

fn freezes_lots(draft: &Draft<'_>, card: &Card) -> bool {
    card_type(draft, &card.card_type).is_some_and(|(_, found)| found.freeze_lots)
}

/// Whether no other card of the ledger is alive, in whatever state.
fn is_last(draft: &Draft<'_>, name: &LedgerName, card: u64) -> bool {
    others(draft, name, card).next().is_none()
}

/// Other cards of a ledger that are neither replaced nor closed.
fn others<'d, 'w>(
    draft: &'d Draft<'w>,
    name: &LedgerName,
    card: u64,
) -> impl Iterator<Item = &'d Card> + use<'d, 'w> {
    kept_cards(draft, name).filter(move |other| other.card != card)
}

/// Cards of a ledger that are neither replaced nor closed.
fn kept_cards<'d, 'w>(
    draft: &'d Draft<'w>,
    name: &LedgerName,
) -> impl Iterator<Item = &'d Card> + use<'d, 'w> {
    let name = name.clone();
    let cards = draft.row.cold().loyalty.cards.iter();
    cards.filter(move |card| {
        card.closed_at.is_none()
            && card.replaced.is_none()
            && ledger_name(draft, &card.card_type).as_ref() == Some(&name)
    })
}

/// A check that finds a card which may not be handed on in other hands blocks it.
pub(crate) fn check(draft: &mut Draft<'_>, body: &CardCheck) -> Result<(), Rejection> {
    let card = known(draft, &body.card)?;
    draft.push(EventBody::CardChecked(CardChecked {
        card: card.card,
        result: body.result.clone(),
    }));
    let transferable =
        card_type(draft, &card.card_type).is_some_and(|(_, found)| found.transferable);
    let is_live = card.lost_at.is_none() && card.replaced.is_none() && card.closed_at.is_none();
    if body.result == OTHER_HOLDER && !transferable && is_live {
        let told = told(draft, &body.card, &card);
        draft.push(EventBody::CardLostReported(Box::new(told)));
    }
    Ok(())
}

/// The timer of cards whose last day is over.
pub(crate) fn expire(draft: &mut Draft<'_>) {
    let zone = draft.world.zone(draft.row.zone);
    let cards = draft.row.cold().loyalty.cards.iter();
    let is_over = |card: &&Card| expires_at(zone, card).is_some_and(|due_at| due_at <= draft.now);
    let over: Vec<Card> = cards.filter(is_over).cloned().collect();
    for card in over {
        let ledger = ledger_name(draft, &card.card_type);
        let last_of = ledger
            .as_ref()
            .filter(|name| !others(draft, name, card.card).any(|other| is_good(draft, other)));
        draft.push(EventBody::CardExpired(Box::new(CardEnded {
            number: None,
            card: card.card,
            card_type: card.card_type.clone(),
            was_last: last_of.is_some(),
            lots_freeze: freezes_lots(draft, &card),
            freezes: false,
            ledger,
            reason: SmolStr::new_static("expired"),
            points_forfeited: 0,
        })));
    }
}

/// When a card expires, if it will.
pub(crate) fn expires_at(zone: &ZoneRules, card: &Card) -> Option<Timestamp> {
    let alive = !card.expired && card.closed_at.is_none() && card.replaced.is_none();
    let last = card.valid_until.filter(|_| alive)?;
    Some(end_of_day(zone, last))
}

/// When an expired card is closed, if it will be.
pub(crate) fn closes_at(
    world: &World,
    row: &Row,
    card: &Card,
    now: Timestamp,
) -> Option<Timestamp> {
    let waits = card.expired && card.closed_at.is_none() && card.replaced.is_none();
    let last = card.valid_until.filter(|_| waits)?;
    let mut clubs = ledger::clubs(world, now);
    let days = clubs.find_map(|club| {
        club.programme
            .card_type(&card.card_type)?
            .renewal_window_days
    });
    Some(end_of_day(
        world.zone(row.zone),
        last.plus_days(i32::from(days?)),
    ))
}

/// The timer of cards that were not renewed in time.
pub(crate) fn close_unrenewed(draft: &mut Draft<'_>) {
    let cards = draft.row.cold().loyalty.cards.iter();
    let is_due = |card: &&Card| {
        closes_at(draft.world, &draft.row, card, draft.now).is_some_and(|at| at <= draft.now)
    };
    let due: Vec<Card> = cards.filter(is_due).cloned().collect();
    for card in due {
        push_closed(draft, &card, None, SmolStr::new_static("not_renewed"));
    }
}

fn card_mut(row: &mut Row, card: u64) -> Option<&mut Card> {
    let cards = &mut row.cold_mut().loyalty.cards;
    cards.iter_mut().find(|known| known.card == card)
}

/// Takes a card into the row.
pub(crate) fn apply_issued(world: &World, row: &mut Row, at: Timestamp, body: &CardEvent) {
    let today = world.zone(row.zone).local(at).date;
    let cards = &mut row.cold_mut().loyalty.cards;
    cards.push(Card {
        card: body.card,
        card_type: body.card_type.clone(),
        from: at,
        holder: body.holder.clone(),
        unconfirmed: body.pending_confirmation,
        lost_at: None,
        replaced: None,
        closed_at: None,
        valid_until: body.valid_until,
        expired: false,
        gaps: Default::default(),
    });
    if let Some(name) = &body.ledger {
        thaw(row, name, (today, body.frozen_days));
    }
}

/// Takes a confirmation into the row.
pub(crate) fn apply_confirmed(row: &mut Row, body: &CardEvent) {
    if let Some(card) = card_mut(row, body.card) {
        card.unconfirmed = false;
    }
}

/// Takes a loss into the row.
pub(crate) fn apply_lost(row: &mut Row, at: Timestamp, body: &CardEvent) {
    if let Some(card) = card_mut(row, body.card) {
        card.lost_at = Some(at);
    }
}

/// Takes a replacement into the row: the new card is as the old one was before it was lost.
pub(crate) fn apply_replaced(row: &mut Row, at: Timestamp, body: &CardReplaced) {
    let Some(old) = card_mut(row, body.old_card) else {
        return;
    };
    let new = Card {
        card: body.new_card,
        from: at,
        lost_at: None,
        ..old.clone()
    };
    old.replaced = Some((at, body.new_card));
    row.cold_mut().loyalty.cards.push(new);
}

/// Takes a renewal into the row.
pub(crate) fn apply_renewed(world: &World, row: &mut Row, at: Timestamp, body: &CardEvent) {
    let today = world.zone(row.zone).local(at).date;
    if let Some(card) = card_mut(row, body.card) {
        if let Some(last) = card.valid_until.filter(|_| card.expired) {
            card.gaps.push((last.plus_days(1), today));
        }
        card.valid_until = body.valid_until;
        card.expired = false;
    }
    if let Some(name) = &body.ledger {
        thaw(row, name, (today, body.frozen_days));
    }
}

/// A ledger is alive again; its lots live as many days longer as they were frozen.
fn thaw(row: &mut Row, name: &LedgerName, (today, frozen_days): (Date, u32)) {
    let Some(ledger) = row.cold_mut().loyalty.ledger_mut(name) else {
        return;
    };
    let since = ledger.frozen_on.take();
    ledger.ages = true;
    if let Some(since) = since {
        ledger.end_gap(since, today, NotEarned::CardState);
    }
    // Spent ones, too: points may come back to them.
    let were_good = ledger.lots.iter_mut().filter(|lot| lot.expires_on >= since);
    for lot in were_good {
        let last = lot.expires_on;
        lot.expires_on = last.map(|last| last.plus_days(frozen_days as i32));
    }
}

/// Takes an expiry into the row.
pub(crate) fn apply_expired(world: &World, row: &mut Row, at: Timestamp, body: &CardEnded) {
    let today = world.zone(row.zone).local(at).date;
    if let Some(card) = card_mut(row, body.card) {
        card.expired = true;
    }
    if let Some(name) = body.ledger.as_ref().filter(|_| body.was_last)
        && let Some(ledger) = row.cold_mut().loyalty.ledger_mut(name)
    {
        ledger.freeze(today, body.lots_freeze);
    }
}

/// Takes the end of a card into the row; with the last one its ledger ends, with the last good one it freezes.
pub(crate) fn apply_closed(world: &World, row: &mut Row, at: Timestamp, body: &CardEnded) {
    let day = world.zone(row.zone).local(at).date;
    if let Some(card) = card_mut(row, body.card) {
        card.closed_at = Some(at);
    }
    let name = body.ledger.as_ref();
    let ledger = name.and_then(|name| row.cold_mut().loyalty.ledger_mut(name));
    match ledger {
        Some(ledger) if body.was_last => member::forfeit(ledger, day, Ending::Closed),
        Some(ledger) if body.freezes => ledger.freeze(day, body.lots_freeze),
        _ => {}
    }
}
