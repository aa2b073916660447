//! Loyalty (sections 4 and 4b of the semantics): ledgers of points, their lots, what earns and what spends them,
//! tiers, cards. Every file holds both sides of its own events.

pub(crate) mod card;
pub(crate) mod claw;
pub(crate) mod count;
pub(crate) mod earn;
pub(crate) mod invoice;
pub(crate) mod ledger;
pub(crate) mod manual;
pub(crate) mod member;
pub(crate) mod notice;
pub(crate) mod purchase;
pub(crate) mod redemption;
pub(crate) mod refund;
pub(crate) mod rules;
pub(crate) mod stock;
pub(crate) mod tier;
pub(crate) mod timers;
pub(crate) mod usage;
pub(crate) mod view;

use crate::account::Row;
use crate::rare::Nothing;
use crate::world::World;
use smol_str::SmolStr;
use std::sync::Arc;
use thin_vec::ThinVec;
use umbral_model::event::*;
use umbral_model::ids::*;
use umbral_model::input::{InputKey, RefundRequest};
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// Points, and what earns and spends them.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Loyalty {
    /// Ledgers in the order in which they opened.
    pub ledgers: ThinVec<Ledger>,
    /// Cards in the order in which they were given out.
    pub cards: ThinVec<Card>,
    /// What earned, or will, in the order in which it came.
    pub earnings: ThinVec<Earning>,
    /// Redemptions in the order in which they were accepted.
    pub redemptions: ThinVec<Redemption>,
    /// Refunds that wait for their purchases, in the order in which they came.
    pub parked: ThinVec<ParkedRefund>,
    /// Number of the newest lot.
    pub last_lot: LotNo,
}

impl Nothing for Loyalty {
    fn nothing() -> &'static Loyalty {
        static NOTHING: Loyalty = Loyalty {
            ledgers: ThinVec::new(),
            cards: ThinVec::new(),
            earnings: ThinVec::new(),
            redemptions: ThinVec::new(),
            parked: ThinVec::new(),
            last_lot: LotNo(0),
        };
        &NOTHING
    }
}

/// Points of one card line of a programme.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Ledger {
    /// `PROGRAMME/LINE`.
    pub name: LedgerName,
    /// Local day on which the membership began.
    pub opened_on: Date,
    /// Local day on which it ended, and how.
    pub ended: Option<(Date, Ending)>,
    /// Lots in the order in which they were earned.
    pub lots: ThinVec<Lot>,
    pub debt: u64,
    /// The tier; empty where the programme has none.
    pub tier: SmolStr,
    /// The tier at the base.
    pub base_tier: SmolStr,
    /// Local day from which on points count; none: all of them.
    pub base_on: Option<Date>,
    /// Qualifying points since the base.
    pub counter: i64,
    /// First local day of the validity that runs.
    pub validity_from: Date,
    /// Its last one; none: it never ends.
    pub valid_until: Option<Date>,
    /// Sales of that validity.
    pub sales: Money,
    /// What was before the last demotion.
    pub previous: Option<Box<Previous>>,
    /// A tier by hand with its last local day.
    pub granted: Option<(SmolStr, Option<Date>)>,
    /// Local day of the last purchase.
    pub active_on: Date,
    /// Local day on which its last live card expired: nothing is earned or spent until one is renewed.
    pub frozen_on: Option<Date>,
    /// Stretches in which nobody took part and that are over.
    pub gaps: ThinVec<Gap>,
    /// Its lots expire.
    pub ages: bool,
    /// Notices that were given: what about, and how many days before.
    pub told: ThinVec<(Notice, Date, u16)>,
}

/// Local days on which nobody took part in a ledger.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Gap {
    pub from: Date,
    /// The day on which somebody did again.
    pub to: Date,
    /// Why a purchase of these days earns nothing.
    pub reason: NotEarned,
}

/// How a membership ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Ending {
    /// For want of purchases: a late one brings it back.
    Inactive,
    /// The last card of its line was closed.
    Closed,
}

/// What a notice was about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum Notice {
    /// Lots of a last day.
    Lots,
    /// The validity's last day.
    Tier,
    /// The membership's last day.
    Membership,
}

/// A ledger's tier before its last demotion.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Previous {
    pub tier: SmolStr,
    pub base_tier: SmolStr,
    pub base_on: Option<Date>,
    pub counter: i64,
    pub from: Date,
    pub until: Date,
    pub sales: Money,
}

/// Points earned together.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Lot {
    pub no: LotNo,
    /// What kind of source earned it; none: somebody's hand.
    pub source: Option<EarningKind>,
    pub source_ref: SmolStr,
    /// What was earned, the part that repaid debt included.
    pub points: u64,
    /// Neither spent, reserved, taken nor gone.
    pub remaining: u64,
    pub reserved: u64,
    /// What expired or was forfeited; a correction may bring it back.
    pub gone: u64,
    pub pending: bool,
    pub earned_on: Date,
    pub available_on: Date,
    /// Last local day on which it can be spent.
    pub expires_on: Option<Date>,
}

/// Something that earns, with what was granted for it.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Earning {
    pub ledger: LedgerName,
    pub kind: EarningKind,
    pub source_ref: SmolStr,
    pub occurred_at: Timestamp,
    pub version: VersionNo,
    pub rule_version: SmolStr,
    pub multiplier_bps: u32,
    pub lines: Vec<EarningLine>,
    pub points_part: Option<PointsPaid>,
    /// Refunded without naming lines.
    pub refunded: Money,
    /// Refunds that were taken.
    pub refunds: ThinVec<RefundId>,
    pub held_back: Option<NotEarned>,
    pub used_before_report: bool,
    /// Hash of the number of the card that held it back.
    pub card: Option<u64>,
    /// A bill that was written off in part or whole earns nothing.
    pub written_off: bool,
    /// Somebody voided what it had earned: nothing is posted for it any more.
    pub voided: bool,
    /// Points granted so far, less those taken back or forgiven.
    pub granted: u64,
    /// What of them counts towards a tier, by the base in which it does.
    pub points: ThinVec<CountedPoints>,
    /// What it counts as sales, by the validity in which it does.
    pub sales: ThinVec<CountedSales>,
}

/// Points that count towards a tier.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct CountedPoints {
    /// First local day of the base in which they do, if in one; that of the first base is none.
    pub base: Option<Option<Date>>,
    pub points: i64,
}

/// Sales of a validity.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct CountedSales {
    /// First local day of the validity in which they count, if in one.
    pub validity: Option<Date>,
    pub sales: Money,
}

/// How a redemption stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum RedemptionState {
    Reserved,
    Committed,
    Reversed,
}

/// A redemption.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Redemption {
    pub id: RedemptionId,
    pub ledger: LedgerName,
    pub state: RedemptionState,
    /// What each lot gives, less what came back.
    pub allocations: ThinVec<LotSpent>,
    /// Without a commit it ends then.
    pub until: Option<Timestamp>,
    pub at: Timestamp,
}

/// A refund that waits for its purchase.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct ParkedRefund {
    pub key: InputKey,
    pub occurred_at: Timestamp,
    pub refund: Arc<RefundRequest>,
    pub until: Timestamp,
}

/// A card; its number is not kept.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Card {
    /// Hash of the number.
    pub card: u64,
    pub card_type: SmolStr,
    pub from: Timestamp,
    pub holder: Option<MemberId>,
    /// It waits for its confirmation.
    pub unconfirmed: bool,
    pub lost_at: Option<Timestamp>,
    /// When another took its place, and which.
    pub replaced: Option<(Timestamp, u64)>,
    pub closed_at: Option<Timestamp>,
    /// Last local day.
    pub valid_until: Option<Date>,
    /// Its last day is over, and that was told.
    pub expired: bool,
    /// Local days on which it was not good, renewals exclusive.
    pub gaps: ThinVec<(Date, Date)>,
}

impl Loyalty {
    pub(crate) fn ledger(&self, name: &LedgerName) -> Option<&Ledger> {
        self.ledgers.iter().find(|ledger| ledger.name == *name)
    }

    pub(crate) fn ledger_mut(&mut self, name: &LedgerName) -> Option<&mut Ledger> {
        self.ledgers.iter_mut().find(|ledger| ledger.name == *name)
    }

    /// A ledger with one of its sources, if that is one, to be changed together.
    pub(crate) fn ledger_with_earning(
        &mut self,
        name: &LedgerName,
        kind: Option<EarningKind>,
        source_ref: &str,
    ) -> Option<(&mut Ledger, Option<&mut Earning>)> {
        let ledger = self
            .ledgers
            .iter_mut()
            .find(|ledger| ledger.name == *name)?;
        let earning = kind.and_then(|kind| {
            let mut earnings = self.earnings.iter_mut();
            earnings.find(|earning| earning.is(name, kind, source_ref))
        });
        Some((ledger, earning))
    }

    /// A lot with the ledger that it is of.
    pub(crate) fn lot(&self, no: LotNo) -> Option<(&Ledger, &Lot)> {
        self.ledgers.iter().find_map(|ledger| {
            let mut lots = ledger.lots.iter();
            Some((ledger, lots.find(|lot| lot.no == no)?))
        })
    }

    pub(crate) fn earning(
        &self,
        ledger: &LedgerName,
        kind: EarningKind,
        source_ref: &str,
    ) -> Option<&Earning> {
        let mut earnings = self.earnings.iter();
        earnings.find(|earning| earning.is(ledger, kind, source_ref))
    }

    /// What earned under this name in a ledger, whatever its kind: purchases before bills.
    pub(crate) fn source(&self, ledger: &LedgerName, source_ref: &str) -> Option<&Earning> {
        let of = |kind| self.earning(ledger, kind, source_ref);
        let kinds = EarningKind::WORDS.iter();
        kinds.map(|(kind, _)| *kind).find_map(of)
    }

    pub(crate) fn redemption(&self, id: &RedemptionId) -> Option<&Redemption> {
        self.redemptions
            .iter()
            .find(|redemption| redemption.id == *id)
    }

    /// A purchase that is known, in the order of its programmes.
    pub(crate) fn purchases<'l>(&'l self, id: &'l str) -> impl Iterator<Item = &'l Earning> {
        let earnings = self.earnings.iter();
        earnings.filter(move |earning| {
            earning.kind == EarningKind::Purchase && earning.source_ref == id
        })
    }
}

impl Earning {
    pub(crate) fn is(&self, ledger: &LedgerName, kind: EarningKind, source_ref: &str) -> bool {
        self.ledger == *ledger && self.kind == kind && self.source_ref == source_ref
    }
}

/// Takes an event of this room into the row.
pub(crate) fn apply(world: &World, row: &mut Row, event: &Event) {
    match &event.body {
        EventBody::PointsEarned(body) => earn::apply_earned(row, body),
        EventBody::PointsClawedBack(body) | EventBody::PointsForgiven(body) => {
            claw::apply_taken(row, body, claw::Taken::Clawed)
        }
        EventBody::PointsVoided(body) => claw::apply_taken(row, body, claw::Taken::Voided),
        EventBody::PointsExpired(body) => claw::apply_taken(row, body, claw::Taken::Expired),
        EventBody::PointsReleased(body) => earn::apply_released(row, body),
        EventBody::EarningNoted(body) => earn::apply_noted(world, row, body),
        EventBody::EarningCredited(body) => earn::apply_credited(world, row, body),
        EventBody::SalesCounted(body) => count::apply_sales(world, row, event.effective_at, body),
        EventBody::UsageCounted(body) => usage::apply_counted(row, body),
        EventBody::RefundNoted(body) => refund::apply_noted(row, body),
        EventBody::RefundParked(body) => refund::apply_parked(row, body),
        EventBody::RedemptionAccepted(body) => {
            redemption::apply_accepted(row, event.effective_at, body);
        }
        EventBody::RedemptionCommitted(body) => redemption::apply_committed(row, body),
        EventBody::RedemptionReversed(body) => redemption::apply_reversed(row, body),
        EventBody::MemberEnrolled(body) => member::apply_enrolled(row, event.effective_at, body),
        EventBody::MembershipTerminated(body) => member::apply_terminated(row, body),
        EventBody::CorrectionApplied(body) => member::apply_reinstated(row, body),
        EventBody::TierSet(body) => tier::apply_granted(row, event.effective_at, body),
        EventBody::TierChanged(body) => tier::apply_changed(world, row, event.effective_at, body),
        EventBody::TierRestored(body) => tier::apply_restored(row, event.effective_at, body),
        EventBody::ValidityRenewed(body) => tier::apply_renewed(row, body),
        EventBody::PointsExpiring(_)
        | EventBody::TierWillChange(_)
        | EventBody::MembershipWarned(_)
        | EventBody::NoticePassed(_) => notice::apply(row, &event.body),
        EventBody::CardIssued(body) => card::apply_issued(world, row, event.effective_at, body),
        EventBody::CardConfirmed(body) => card::apply_confirmed(row, body),
        EventBody::CardLostReported(body) => card::apply_lost(row, event.effective_at, body),
        EventBody::CardReplaced(body) => card::apply_replaced(row, event.effective_at, body),
        EventBody::CardRenewed(body) => card::apply_renewed(world, row, event.effective_at, body),
        EventBody::CardExpired(body) => card::apply_expired(world, row, event.effective_at, body),
        EventBody::CardClosed(body) => card::apply_closed(world, row, event.effective_at, body),
        _ => {}
    }
}

/// Drops what nothing can change any more: earnings, redemptions and spent lots of days before `before`. Lots stay as
/// long as a redemption may give points back to them.
pub(crate) fn forget(row: &mut Row, before: Date, oldest: Timestamp) {
    if row.cold().loyalty.ledgers.is_empty() {
        return;
    }
    let loyalty = &mut *row.cold_mut().loyalty;
    loyalty
        .earnings
        .retain(|earning| earning.occurred_at >= oldest);
    loyalty.redemptions.retain(|redemption| {
        redemption.at >= oldest || redemption.state == RedemptionState::Reserved
    });
    let redemptions = loyalty.redemptions.iter();
    let parts = redemptions.flat_map(|redemption| redemption.allocations.iter());
    let named: Vec<LotNo> = parts.map(|part| part.lot).collect();
    for ledger in &mut loyalty.ledgers {
        let is_needed = |lot: &Lot| {
            lot.remaining + lot.reserved > 0
                || named.contains(&lot.no)
                || lot.earned_on >= before
                || lot.expires_on.is_some_and(|last| last >= before)
        };
        ledger.lots.retain(is_needed);
        ledger.told.retain(|(_, day, _)| *day >= before);
    }
}
