//! Loyalty: ledgers and their lots, tiers, redemptions, cards (sections 4, 4b and 6 of the semantics).

use crate::ids::*;
use crate::input::{RefundLine, RefundRequest};
use crate::money::Money;
use crate::time::{Date, Timestamp};
use crate::words::worded;
use smol_str::SmolStr;

/// What a ledger holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Balances {
    /// Points that cannot be spent yet.
    pub pending: u64,
    /// Points that can be spent now: those of available lots less what is reserved.
    pub available: u64,
    /// Points that are locked by redemptions under way.
    pub reserved: u64,
    /// Points that were taken back after they were spent; new points repay it first.
    pub debt: u64,
}

/// A lot's part of a movement.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct LotMoved {
    /// The lot, numbered within the account.
    pub lot: LotNo,
    /// Signed change of what it holds.
    pub delta: i64,
    /// Last local day on which its points can be spent; none: they never expire.
    pub expires_on: Option<Date>,
}

/// Body of `points_earned`: a new lot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsEarned {
    /// The ledger, `PROGRAMME/LINE`.
    pub ledger: LedgerName,
    /// What was earned, the part that repays debt included.
    pub delta: i64,
    /// The new lot with its own part of it.
    pub lots: Vec<LotMoved>,
    /// What kind of source earned it; none: somebody's hand.
    pub source: Option<EarningKind>,
    /// The purchase, bill, visit, cycle or input that earned it.
    pub source_ref: SmolStr,
    /// Version of the programme's rules; none where no rule decided.
    pub rule_version: Option<SmolStr>,
    /// The ledger afterwards.
    pub balances_after: Balances,
    /// The lost card was used before its loss was reported.
    pub used_before_report: bool,
    /// Local day that the lot's dates count from.
    pub earned_on: Date,
    /// First local day on which its points can be spent.
    pub available_on: Date,
    /// That day has not come.
    pub pending: bool,
    /// What of it counts towards a tier from now on.
    pub counter_delta: i64,
    /// It counts towards the tier before the last demotion.
    pub counts_for_previous: bool,
    /// It is too late to count towards any.
    pub counts_for_none: bool,
}

/// Body of `points_clawed_back`, `points_voided` and `points_expired`: points that went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsTaken {
    /// The ledger.
    pub ledger: LedgerName,
    /// Signed change, the part that becomes debt included; what is forgiven is not in it.
    pub delta: i64,
    /// What each lot gave.
    pub lots: Vec<LotMoved>,
    /// What kind of source had earned them; none where it is not one source's.
    pub source: Option<EarningKind>,
    /// What had earned them, or the input that took them.
    pub source_ref: SmolStr,
    /// Version of the rules that decided.
    pub rule_version: Option<SmolStr>,
    /// Why, where somebody ordered it.
    pub reason: Option<SmolStr>,
    /// The ledger afterwards.
    pub balances_after: Balances,
    /// What a policy or the cap of the debt forgave: never asked for again.
    pub forgiven: u64,
    /// What of it no longer counts towards a tier.
    pub counter_delta: i64,
    /// That counted towards the tier before the last demotion, as events of earlier versions say it.
    pub counts_for_previous: bool,
    /// What no longer counts towards the tier before the last demotion.
    pub previous_delta: i64,
    /// What of it counted towards none any more.
    pub past_delta: i64,
    /// The lot that was voided whole, what was spent of it too.
    pub lot: Option<LotNo>,
}

/// Body of `points_released`: pending points can be spent from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsReleased {
    /// The ledger.
    pub ledger: LedgerName,
    /// How many, the part that repays debt included.
    pub delta: i64,
    /// The lots with what they hold now.
    pub lots: Vec<LotMoved>,
    /// The ledger afterwards.
    pub balances_after: Balances,
}

worded! {
    /// Why something earned nothing.
    NotEarned {
        /// The basis is below a full unit, or below the rule's least number of units.
        BelowUnit = "below_unit",
        /// A rule excludes it, or none covers it.
        Excluded = "excluded",
        /// Nobody known made the purchase.
        Unidentified = "unidentified",
        /// The card cannot earn.
        CardState = "card_state",
        /// It was claimed too late.
        ClaimWindow = "claim_window",
        /// It was credited already.
        AlreadyCredited = "already_credited",
        /// The membership ended.
        NotEnrolled = "not_enrolled",
    }
}

/// Body of `points_not_earned`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsNotEarned {
    /// The ledger; none where no card line is concerned.
    pub ledger: Option<LedgerName>,
    /// The purchase.
    pub source_ref: SmolStr,
    /// Why.
    pub reason: NotEarned,
}

/// Body of `points_expiring`: told once for all lots of a day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointsExpiring {
    /// The ledger.
    pub ledger: LedgerName,
    /// Last local day on which they can be spent.
    pub expires_on: Date,
    /// How many.
    pub points: u64,
    /// How many days before.
    pub notice_day: u16,
}

worded! {
    /// What an earning comes from.
    EarningKind {
        /// A purchase.
        Purchase = "purchase",
        /// A bill, as it is paid.
        Invoice = "invoice",
        /// Usage of a cycle.
        Usage = "usage",
        /// A visit.
        Visit = "visit",
    }
}

/// A line that may earn, with the rule that decides about it.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct EarningLine {
    /// Item, which refunds name.
    pub item: SmolStr,
    /// Value: net less discount, with tax where the programme says so.
    pub value: Money,
    /// The rule, an index into its version's rules; none where a rule excludes it or none covers it.
    pub rule: Option<u16>,
    /// The promotion, an index into the programme's promotions.
    pub promotion: Option<u16>,
    /// What refunds of this line took.
    pub refunded: Money,
}

/// Body of `earning_noted`: something that earns, or will when it is paid or claimed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EarningNoted {
    /// The ledger.
    pub ledger: LedgerName,
    /// What it comes from.
    pub kind: EarningKind,
    /// The purchase, bill, visit or cycle.
    pub source_ref: SmolStr,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Catalog version of its rules.
    pub version: VersionNo,
    /// Version of the programme's rules.
    pub rule_version: SmolStr,
    /// The tier's multiplier when it happened, in basis points.
    pub multiplier_bps: u32,
    /// Its lines.
    pub lines: Vec<EarningLine>,
    /// The part of a purchase that was paid in points.
    pub points_part: Option<PointsPaid>,
    /// Why nothing was credited; what holds back a claim to come.
    pub held_back: Option<NotEarned>,
    /// It counts as activity of the member.
    pub is_activity: bool,
    /// Its card is lost, and was used before its loss was reported.
    pub used_before_report: bool,
    /// Hash of the number of the card that held it back.
    pub card: Option<u64>,
}

/// A part of a purchase that was paid in points.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PointsPaid {
    /// The redemption.
    pub redemption: RedemptionId,
    /// What it paid.
    pub amount: Money,
}

/// Body of `earning_credited`: what was held back counts from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EarningCredited {
    /// The ledger.
    pub ledger: LedgerName,
    /// The purchase.
    pub source_ref: SmolStr,
}

/// Body of `sales_counted`: what an earning adds to the sales of a validity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SalesCounted {
    /// The ledger.
    pub ledger: LedgerName,
    /// What kind of source.
    pub kind: EarningKind,
    /// The purchase or bill.
    pub source_ref: SmolStr,
    /// What it counts now, in all.
    pub sales: Money,
    /// Signed change of the sales.
    pub delta: Money,
    /// It belongs to the validity before the last demotion; otherwise to the one that runs.
    pub of_previous: bool,
    /// It belongs to a validity that is over for good.
    pub of_none: bool,
}

/// Body of `refund_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundNoted {
    /// The purchase.
    pub purchase: PurchaseId,
    /// The refund.
    pub refund: RefundId,
    /// What each line gave back, by item.
    pub lines: Vec<RefundLine>,
    /// What was given back without naming lines.
    pub amount: Money,
}

/// Body of `refund_parked`: its purchase has not come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefundParked {
    /// Key of the refund.
    pub key: crate::input::InputKey,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The refund.
    pub refund: RefundRequest,
    /// It waits until then.
    pub until: Timestamp,
}

/// A lot's part of a redemption.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct LotSpent {
    /// The lot.
    pub lot: LotNo,
    /// How many of its points.
    pub points: u64,
}

/// Body of `redemption_accepted`: its points are reserved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedemptionAccepted {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The ledger.
    pub ledger: LedgerName,
    /// How many points.
    pub points: u64,
    /// The reward, where one was asked for.
    pub reward: Option<SmolStr>,
    /// How many of it.
    pub quantity: u32,
    /// Where.
    pub channel: SmolStr,
    /// The partner that gives the reward.
    pub partner: Option<SmolStr>,
    /// What each lot gives.
    pub allocations: Vec<LotSpent>,
    /// Without a commit the points are free again at this instant.
    pub until: Option<Timestamp>,
    /// The ledger afterwards.
    pub balances_after: Balances,
    /// The lost card was used before its loss was reported.
    pub used_before_report: bool,
}

/// Body of `redemption_committed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedemptionCommitted {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The ledger.
    pub ledger: LedgerName,
    /// What each lot gave.
    pub allocations: Vec<LotSpent>,
    /// The ledger afterwards.
    pub balances_after: Balances,
}

worded! {
    /// Why a redemption was refused, in the order in which it is looked at (section 4b, 3).
    RedemptionRefused {
        /// The reward is not in the catalogue.
        Catalogue = "catalogue",
        /// Points cannot be redeemed there.
        Channel = "channel",
        /// The card cannot spend.
        CardState = "card_state",
        /// The card is not confirmed, or the one-time code is missing.
        Unconfirmed = "unconfirmed",
        /// Fewer points than the programme's least.
        MinPoints = "min_points",
        /// Fewer points are available.
        Insufficient = "insufficient",
    }
}

/// Body of `redemption_rejected`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedemptionRejected {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The ledger.
    pub ledger: LedgerName,
    /// How many points it asked for; 0 where the reward is not known.
    pub points: u64,
    /// Why.
    pub reason: RedemptionRefused,
    /// What could be spent.
    pub available: u64,
}

worded! {
    /// Why points of a redemption came back.
    ReversalReason {
        /// It was released.
        Released = "released",
        /// It was not committed in time.
        Timeout = "timeout",
        /// What was bought with it came back.
        Refund = "refund",
    }
}

/// Body of `redemption_reversed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedemptionReversed {
    /// The redemption.
    pub redemption: RedemptionId,
    /// The ledger.
    pub ledger: LedgerName,
    /// What each lot gets back.
    pub allocations: Vec<LotSpent>,
    /// Why.
    pub reason: ReversalReason,
    /// Lots that would have expired live up to this local day (grace of a refunded reward).
    pub grace_until: Option<Date>,
    /// The ledger afterwards.
    pub balances_after: Balances,
    /// These lots; events of earlier versions name none and mean all of theirs.
    pub graced: Vec<LotNo>,
}

/// Body of `enrolled`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberEnrolled {
    /// The ledger that opens.
    pub ledger: LedgerName,
    /// The tier in which it begins, where the programme has tiers.
    pub tier: Option<SmolStr>,
    /// Last local day of its validity, where there is one.
    pub valid_until: Option<Date>,
    /// Local day on which membership begins.
    pub from: Date,
    /// It opens quietly, with a card or a first purchase: nobody enrolled.
    pub quiet: bool,
}

/// Body of `reward_level_reached`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RewardLevelReached {
    /// The ledger.
    pub ledger: LedgerName,
    /// The level, in points.
    pub level: u64,
    /// What can be spent now.
    pub available: u64,
}

worded! {
    /// What decided about a tier.
    TierBasis {
        /// Points since the base.
        Points = "points",
        /// Sales of the validity that ended.
        Sales = "sales",
        /// A grant by hand, or the VIP rank.
        Grant = "grant",
        /// Points were voided.
        Void = "void",
    }
}

/// Body of `tier_changed`, `tier_will_change` and `tier_restored`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TierMoved {
    /// The ledger.
    pub ledger: LedgerName,
    /// Before.
    pub from: SmolStr,
    /// After.
    pub to: SmolStr,
    /// What decided.
    pub basis: TierBasis,
    /// Points that count towards a tier.
    pub counter: i64,
    /// Sales of the validity.
    pub sales: Money,
    /// Points that the next tier begins at, or sales that would keep the tier.
    pub needed: SmolStr,
    /// Last local day of the validity.
    pub valid_until: Option<Date>,
    /// A new validity begins, and points count from nothing.
    pub rebased: bool,
    /// Of a notice: how many days before.
    pub notice_day: Option<u16>,
}

/// Body of `validity_renewed`: the tier stays, a new validity begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ValidityRenewed {
    /// The ledger.
    pub ledger: LedgerName,
    /// Its last local day.
    pub valid_until: Date,
}

/// Body of `membership_warned`: told before a membership ends for want of purchases.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MembershipWarned {
    /// The ledger.
    pub ledger: LedgerName,
    /// Last local day of the membership.
    pub ends_on: Date,
    /// Days before.
    pub notice_day: u16,
    /// Points that would be forfeited.
    pub points: u64,
}

/// Body of `membership_terminated`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MembershipTerminated {
    /// The ledger.
    pub ledger: LedgerName,
    /// Points that are gone.
    pub points_forfeited: u64,
    /// Local day on which it ended.
    pub day: Date,
}

/// Points that a correction brought back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reinstated {
    /// The ledger.
    pub ledger: LedgerName,
    /// The redemption or purchase that came to be known late.
    pub source_ref: SmolStr,
    /// What each lot holds again.
    pub lots: Vec<LotMoved>,
    /// The membership is alive again.
    pub membership: bool,
    /// The ledger afterwards.
    pub balances_after: Balances,
}

/// A card's step, told with its number: the number itself is in the inputs, so readers of `card_*` may have it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardEvent {
    /// Its number.
    pub number: SmolStr,
    /// Hash of the number, by which the account knows it.
    pub card: u64,
    /// Its type.
    pub card_type: SmolStr,
    /// The ledger of its line; none for a type that is in no programme.
    pub ledger: Option<LedgerName>,
    /// The member that holds it.
    pub holder: Option<MemberId>,
    /// Last local day on which it is good.
    pub valid_until: Option<Date>,
    /// It waits for its confirmation.
    pub pending_confirmation: bool,
    /// Days for which the lots of its ledger were frozen, added to their last days.
    pub frozen_days: u32,
    /// It came from stock.
    pub from_stock: bool,
}

/// Body of `cards_stocked`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StockReceived {
    /// Their type.
    pub card_type: SmolStr,
    /// The number of the first one.
    pub number: SmolStr,
    /// The number of the last one; none: it is one card.
    pub last: Option<SmolStr>,
    /// How many.
    pub count: u32,
    /// The account for which they were printed.
    pub personalised_for: Option<AccountId>,
}

/// Body of `card_replaced`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardReplaced {
    /// The old number.
    pub old: SmolStr,
    /// The new one.
    pub new: SmolStr,
    /// Hash of the old number.
    pub old_card: u64,
    /// Hash of the new one.
    pub new_card: u64,
    /// The ledger.
    pub ledger: Option<LedgerName>,
    /// Points that live on under the new number; they are the customer's, and do not move.
    pub points_carried: u64,
    /// The type of the new card, where it came from stock.
    pub from_stock: Option<SmolStr>,
}

/// Body of `card_closed` and `card_expired`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardEnded {
    /// Its number; none where only its hash is known.
    pub number: Option<SmolStr>,
    /// Hash of the number.
    pub card: u64,
    /// Its type.
    pub card_type: SmolStr,
    /// The ledger.
    pub ledger: Option<LedgerName>,
    /// Why.
    pub reason: SmolStr,
    /// Points that are gone: the last live card of its line went.
    pub points_forfeited: u64,
    /// It was the last live card of its line: the ledger ends, or is frozen while it is expired.
    pub was_last: bool,
    /// Lots do not age while the ledger is frozen.
    pub lots_freeze: bool,
    /// The last good card of its line was closed, and others can still be renewed: the ledger is frozen until then.
    pub freezes: bool,
}

/// Body of `card_checked`: whether the holder is who may use it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardChecked {
    /// Hash of the number.
    pub card: u64,
    /// What the check said.
    pub result: SmolStr,
}

/// Body of `contact_noted`: what changes nothing, and counts in reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactNoted {
    /// `visit`.
    pub kind: SmolStr,
    /// The location.
    pub value: SmolStr,
}

/// Body of `notice_passed`: the moment of a notice came, and there was nothing to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoticePassed {
    /// The ledger.
    pub ledger: LedgerName,
    /// The last day of the validity that it was about.
    pub valid_until: Date,
    /// How many days before.
    pub notice_day: u16,
}

/// Body of `usage_counted`: late usage changed what a closed cycle came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageCounted {
    /// The ledger.
    pub ledger: LedgerName,
    /// First day of the cycle.
    pub source_ref: SmolStr,
    /// The value of each of its lines now.
    pub values: Vec<Money>,
}
