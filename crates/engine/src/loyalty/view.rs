//! Ledgers, cards and redemptions as people look at them.

use super::card::CardState;
use super::{Card, Earning, Ledger, Lot, Redemption, RedemptionState, ledger, member, tier};
use crate::account::Row;
use crate::world::World;
use smol_str::SmolStr;
use umbral_model::event::{Balances, EarningKind, LotSpent, NotEarned};
use umbral_model::ids::{LedgerName, LotNo, MemberId, RedemptionId};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// A ledger of points.
#[derive(Clone, PartialEq, Debug)]
pub struct LedgerView {
    /// `PROGRAMME/LINE`.
    pub ledger: LedgerName,
    /// `active`, `frozen`, or how it ended: `terminated`, `closed`.
    pub state: &'static str,
    /// Local day on which the membership began.
    pub opened_on: Date,
    /// Local day on which it ended.
    pub ended_on: Option<Date>,
    /// What it holds.
    pub balances: Balances,
    /// The tier, where the programme has tiers.
    pub tier: Option<SmolStr>,
    /// The next tier, and the points that are missing for it.
    pub next_tier: Option<(SmolStr, u64)>,
    /// Qualifying points since the base.
    pub counter: i64,
    /// Sales of the validity that runs.
    pub sales: Money,
    /// Sales that keep the tier.
    pub retain: Option<Money>,
    /// First local day of that validity, and the last one.
    pub validity: (Date, Option<Date>),
    /// A tier by hand with its last local day.
    pub granted: Option<(SmolStr, Option<Date>)>,
    /// Local day of the last purchase.
    pub active_on: Date,
    /// Last local day of the membership without a further purchase.
    pub ends_on: Option<Date>,
    /// Lots that hold something, in the order in which they are spent.
    pub lots: Vec<LotView>,
    /// What earned, newest last.
    pub earnings: Vec<EarningView>,
    /// Redemptions, newest last.
    pub redemptions: Vec<RedemptionView>,
}

/// A lot of points.
#[derive(Clone, PartialEq, Debug)]
pub struct LotView {
    /// Its number within the account.
    pub lot: LotNo,
    /// What earned it.
    pub source_ref: SmolStr,
    /// What was earned.
    pub points: u64,
    /// What is left of it.
    pub remaining: u64,
    /// What of it is reserved.
    pub reserved: u64,
    /// It cannot be spent yet.
    pub pending: bool,
    /// Local day on which it was earned.
    pub earned_on: Date,
    /// First local day on which it can be spent.
    pub available_on: Date,
    /// Last one.
    pub expires_on: Option<Date>,
}

/// Something that earned, or will.
#[derive(Clone, PartialEq, Debug)]
pub struct EarningView {
    /// What it comes from.
    pub kind: EarningKind,
    /// The purchase, bill, visit or cycle.
    pub source_ref: SmolStr,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Version of the programme's rules.
    pub rule_version: SmolStr,
    /// Points granted for it so far.
    pub granted: u64,
    /// What it counts as sales.
    pub sales: Money,
    /// Why nothing was credited.
    pub held_back: Option<NotEarned>,
}

/// A redemption.
#[derive(Clone, PartialEq, Debug)]
pub struct RedemptionView {
    /// The redemption.
    pub redemption: RedemptionId,
    /// `reserved`, `committed` or `reversed`.
    pub state: &'static str,
    /// When it was asked for.
    pub at: Timestamp,
    /// What each lot gives, less what came back.
    pub allocations: Vec<LotSpent>,
}

/// A card. Its number is not kept: here stands a hash of it.
#[derive(Clone, PartialEq, Debug)]
pub struct CardView {
    /// Hash of the number.
    pub card: u64,
    /// Its type.
    pub card_type: SmolStr,
    /// `pending_confirmation`, `active`, `lost`, `expired`, `replaced` or `closed`.
    pub state: &'static str,
    /// Its ledger, where its type is in a programme.
    pub ledger: Option<LedgerName>,
    /// When it was given out.
    pub issued_at: Timestamp,
    /// The member that holds it.
    pub holder: Option<MemberId>,
    /// Last local day on which it is good.
    pub valid_until: Option<Date>,
}

/// All ledgers, in the order in which they opened.
pub(crate) fn ledgers(world: &World, clock: Timestamp, row: &Row) -> Vec<LedgerView> {
    let ledgers = row.cold().loyalty.ledgers.iter();
    ledgers
        .map(|ledger| ledger_view(world, clock, row, ledger))
        .collect()
}

fn ledger_view(world: &World, clock: Timestamp, row: &Row, ledger: &Ledger) -> LedgerView {
    let programme = ledger::club(world, &ledger.name, clock).map(|club| club.programme);
    let own = programme.and_then(|programme| programme.tiers.get(programme.tier(&ledger.tier)?));
    let loyalty = &row.cold().loyalty;
    let earnings = loyalty.earnings.iter();
    let redemptions = loyalty.redemptions.iter();
    LedgerView {
        ledger: ledger.name.clone(),
        state: match (ledger.ended, ledger.frozen_on) {
            (Some((_, super::Ending::Inactive)), _) => "terminated",
            (Some((_, super::Ending::Closed)), _) => "closed",
            (None, Some(_)) => "frozen",
            (None, None) => "active",
        },
        opened_on: ledger.opened_on,
        ended_on: ledger.ended.map(|(day, _)| day),
        balances: ledger.balances(),
        tier: own.map(|tier| tier.name.clone()),
        next_tier: programme.and_then(|programme| tier::next(programme, ledger)),
        counter: ledger.counter,
        sales: ledger.sales,
        retain: own
            .map(|tier| tier.retain)
            .filter(|retain| *retain > Money::ZERO),
        validity: (ledger.validity_from, ledger.valid_until),
        granted: ledger.granted.clone(),
        active_on: ledger.active_on,
        ends_on: member::ends_on(programme.and_then(|p| p.inactive_months), ledger),
        lots: ledger
            .in_spend_order()
            .into_iter()
            .filter(|lot| lot.remaining + lot.reserved > 0)
            .map(lot_view)
            .collect(),
        earnings: earnings
            .filter(|earning| earning.ledger == ledger.name)
            .map(earning_view)
            .collect(),
        redemptions: redemptions
            .filter(|known| known.ledger == ledger.name)
            .map(redemption_view)
            .collect(),
    }
}

fn lot_view(lot: &Lot) -> LotView {
    LotView {
        lot: lot.no,
        source_ref: lot.source_ref.clone(),
        points: lot.points,
        remaining: lot.remaining,
        reserved: lot.reserved,
        pending: lot.pending,
        earned_on: lot.earned_on,
        available_on: lot.available_on,
        expires_on: lot.expires_on,
    }
}

fn earning_view(earning: &Earning) -> EarningView {
    EarningView {
        kind: earning.kind,
        source_ref: earning.source_ref.clone(),
        occurred_at: earning.occurred_at,
        rule_version: earning.rule_version.clone(),
        granted: earning.granted,
        sales: earning.sales(),
        held_back: earning.held_back,
    }
}

fn redemption_view(known: &Redemption) -> RedemptionView {
    RedemptionView {
        redemption: known.id.clone(),
        state: match known.state {
            RedemptionState::Reserved => "reserved",
            RedemptionState::Committed => "committed",
            RedemptionState::Reversed => "reversed",
        },
        at: known.at,
        allocations: known.allocations.iter().cloned().collect(),
    }
}

/// All cards, in the order in which they were given out.
pub(crate) fn cards(world: &World, clock: Timestamp, row: &Row) -> Vec<CardView> {
    let zone = world.zone(row.zone);
    let view = |card: &Card| CardView {
        card: card.card,
        card_type: card.card_type.clone(),
        state: match card.state_at(zone, clock) {
            CardState::Unconfirmed => "pending_confirmation",
            CardState::NotYet | CardState::Active => "active",
            CardState::Lost => "lost",
            CardState::Expired => "expired",
            CardState::Replaced => "replaced",
            CardState::Closed => "closed",
        },
        ledger: super::card::ledger_of_type(world, &card.card_type, clock),
        issued_at: card.from,
        holder: card.holder.clone(),
        valid_until: card.valid_until,
    };
    row.cold().loyalty.cards.iter().map(view).collect()
}
