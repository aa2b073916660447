//! What comes out: every event touches one account and is the only way its state changes.
//!
//! An event stores what its readers need and nothing that follows from the entry it stands in: sender,
//! clock and catalog version are the entry's (see `journal`), `out_id` is computed from them.

mod collections;
mod loyalty;
mod tariff;

pub use collections::*;
pub use loyalty::*;
pub use tariff::*;

use crate::charge::Charge;
use crate::ids::*;
use crate::input::{Allocation, Measure, RestrictionReason, Scope, VipSource};
use crate::money::{Currency, Money};
use crate::time::{Date, Timestamp};
use smol_str::SmolStr;

/// The derived streams, and `Internal` for events that only change state.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stream {
    /// Rated usage and charges.
    Rated,
    /// Thresholds, limits, restrictions.
    Credit,
    /// Cases and steps.
    Collections,
    /// Points, tiers, cards.
    Loyalty,
    /// Records that could not be taken.
    Quarantine,
    /// State only; not published.
    Internal,
}

impl Stream {
    /// The stream's word.
    pub const fn word(self) -> &'static str {
        match self {
            Stream::Rated => "rated",
            Stream::Credit => "credit",
            Stream::Collections => "collections",
            Stream::Loyalty => "loyalty",
            Stream::Quarantine => "quarantine",
            Stream::Internal => "internal",
        }
    }
}

/// What made an event happen, where it was not the input itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TimerKind {
    /// A cycle ends.
    Cycle,
    /// An override's last day is over.
    OverrideEnd,
    /// A scheduled change of class or plan.
    ClassDate,
    /// Fees, allowances and instalments of a cycle are due.
    Fee,
    /// A parked correction waited long enough.
    Parked,
    /// A catalog version comes into force.
    Config,
    /// An instalment's last day is over.
    Promise,
    /// A hold's last day is over.
    HoldEnd,
    /// The grace after a dispute is over.
    Grace,
    /// A case may open.
    Case,
    /// A collection step is due.
    Step,
    /// Pending points can be spent.
    PointsRelease,
    /// A redemption was not committed in time.
    RedemptionTimeout,
    /// Points expire.
    LotExpiry,
    /// A tier's validity ends.
    TierEnd,
    /// A card's last day is over.
    CardExpiry,
    /// An expired card was not renewed in time.
    CardClosing,
    /// A membership ends for want of purchases.
    Inactivity,
    /// Something of the loyalty programme is to be told in advance.
    LoyaltyNotice,
}

impl TimerKind {
    /// The kind's word.
    pub const fn word(self) -> &'static str {
        match self {
            TimerKind::Cycle => "cycle",
            TimerKind::OverrideEnd => "override_end",
            TimerKind::ClassDate => "class_date",
            TimerKind::Fee => "fee",
            TimerKind::Parked => "parked",
            TimerKind::Config => "config",
            TimerKind::Promise => "promise",
            TimerKind::HoldEnd => "hold_end",
            TimerKind::Grace => "grace",
            TimerKind::Case => "case",
            TimerKind::Step => "step",
            TimerKind::PointsRelease => "points_release",
            TimerKind::RedemptionTimeout => "redemption_timeout",
            TimerKind::LotExpiry => "lot_expiry",
            TimerKind::TierEnd => "tier_end",
            TimerKind::CardExpiry => "card_expiry",
            TimerKind::CardClosing => "card_closing",
            TimerKind::Inactivity => "inactivity",
            TimerKind::LoyaltyNotice => "loyalty_notice",
        }
    }
}

/// A timer that fired: the cause key of the events it caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimerCause {
    /// Its kind.
    pub kind: TimerKind,
    /// Its id within the account (measure, case, promise), often empty.
    pub id: SmolStr,
    /// When it was due.
    pub due_at: Timestamp,
}

/// One event of one account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Position in the account's history, from 1, gapless.
    pub account_seq: u64,
    /// From when it holds: `occurred_at` of the input, or the timer's `due_at`.
    pub effective_at: Timestamp,
    /// The timer that caused it; none when the entry's input did.
    pub timer: Option<TimerCause>,
    /// What happened.
    pub body: EventBody,
}

/// Why a threshold's value or limit moved.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// Rated usage.
    Usage,
    /// A charge, a purchase on account, a bill's variance.
    Charge,
    /// A payment or its reversal.
    Payment,
    /// Credit note, write-off, voided bill.
    Refund,
    /// A reservation.
    Reservation,
    /// Override, its end, deposit.
    LimitChange,
    /// Another credit class.
    ClassChange,
    /// Another catalog version.
    Config,
    /// A dispute opened or resolved.
    Dispute,
    /// A correction of an earlier decision.
    ReplayCorrection,
}

impl Cause {
    /// The cause's word.
    pub const fn word(self) -> &'static str {
        match self {
            Cause::Usage => "usage",
            Cause::Charge => "charge",
            Cause::Payment => "payment",
            Cause::Refund => "refund",
            Cause::Reservation => "reservation",
            Cause::LimitChange => "limit_change",
            Cause::ClassChange => "class_change",
            Cause::Config => "config",
            Cause::Dispute => "dispute",
            Cause::ReplayCorrection => "replay_correction",
        }
    }
}

macro_rules! event_bodies {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $word:literal, $stream:ident;)*) => {
        /// What happened to an account (section 6 of the semantics, and the internal changes of state).
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum EventBody { $($(#[$doc])* $name($type),)* }

        impl EventBody {
            /// The kind's word in JSON and in `out_id`.
            pub const fn kind(&self) -> &'static str {
                match self { $(EventBody::$name(_) => $word,)* }
            }

            /// The derived stream that it is published on.
            pub fn stream(&self) -> Stream {
                match self {
                    // A correction of points is told to those who follow points.
                    EventBody::CorrectionApplied(applied) if applied.reinstated.is_some() => Stream::Loyalty,
                    $(EventBody::$name(_) => streams::$name,)*
                }
            }
        }

        /// The derived stream of every kind, by the name of its variant.
        #[allow(non_upper_case_globals, missing_docs, reason = "each is named after its variant")]
        pub mod streams {
            use super::Stream;
            $(pub const $name: Stream = Stream::$stream;)*
        }
    };
}

event_bodies! {
    /// The account exists from now on.
    AccountOpened(AccountOpened) = "account_opened", Internal;
    /// The account has a further member.
    MemberOpened(MemberOpened) = "member_opened", Internal;
    /// A member ended.
    MemberClosed(MemberClosed) = "member_closed", Internal;
    /// A number was given to or taken from a member (the number itself is in the input).
    IdentifierNoted(IdentifierNoted) = "identifier_noted", Internal;
    /// A change of class is to come.
    ClassChangeScheduled(ClassChangeScheduled) = "class_change_scheduled", Internal;
    /// The class changed.
    ClassSet(ClassSet) = "class_set", Internal;
    /// The VIP rank of a source changed.
    VipRankSet(VipRankSet) = "vip_rank_set", Internal;
    /// A customer said how hard something was.
    EffortNoted(EffortNoted) = "effort_noted", Internal;
    /// A change of plan is to come.
    PlanChangeScheduled(PlanChangeScheduled) = "plan_change_scheduled", Internal;
    /// The plan changed.
    PlanSet(PlanSet) = "plan_set", Internal;
    /// The time zone changed.
    ZoneSet(ZoneSet) = "zone_set", Internal;

    /// Usage was priced.
    UsageRated(UsageRated) = "usage_rated", Rated;
    /// A usage record was corrected or cancelled: the difference is posted.
    UsageCorrected(Box<UsageCorrection>) = "usage_corrected", Rated;
    /// A charge was added.
    ChargePosted(ChargePosted) = "charge_posted", Rated;
    /// A purchase that was paid at once.
    PurchaseRecorded(PurchaseRecorded) = "purchase_recorded", Rated;
    /// Units of an allowance were given.
    AllowanceGranted(AllowanceGranted) = "allowance_granted", Rated;
    /// What a grant had left is gone before its time: its plan or its member ended.
    AllowanceEnded(AllowanceEnded) = "allowance_ended", Rated;
    /// Warnings of an allowance were reached.
    AllowanceCrossed(Box<AllowanceCrossed>) = "allowance_threshold_crossed", Credit;
    /// A warning of an allowance is armed again.
    AllowanceRecovered(AllowanceRecovered) = "allowance_threshold_recovered", Credit;
    /// Instalments of a purchase are to come.
    InstalmentsAgreed(InstalmentsAgreed) = "instalments_agreed", Internal;
    /// What a cycle's beginning brings is charged and granted.
    FeesCharged(FeesCharged) = "fees_charged", Internal;
    /// A correction waits for its record.
    CorrectionParked(Box<CorrectionParked>) = "correction_parked", Internal;
    /// A correction waited in vain.
    CorrectionUnclaimed(CorrectionUnclaimed) = "quarantined", Quarantine;
    /// A loyalty tier holds, or none any more.
    TierSet(TierSet) = "tier_set", Internal;
    /// A cycle ended.
    CycleClosed(CycleClosed) = "cycle_closed", Credit;

    /// A bill is open.
    BillOpened(BillOpened) = "bill_opened", Internal;
    /// A bill was taken back.
    BillWithdrawn(BillWithdrawn) = "bill_withdrawn", Internal;
    /// Money came in.
    PaymentPosted(PaymentPosted) = "payment_posted", Internal;
    /// Money went back.
    PaymentReturned(PaymentReturned) = "payment_returned", Internal;
    /// Credit of the account paid a bill.
    CreditApplied(CreditApplied) = "credit_applied", Internal;
    /// A bill became smaller.
    BillReduced(BillReduced) = "bill_reduced", Internal;
    /// Part of a bill is disputed.
    DisputeNoted(DisputeNoted) = "dispute_noted", Internal;
    /// A dispute ended.
    DisputeSettled(DisputeSettled) = "dispute_settled", Internal;

    /// A limit of the customer's own.
    LimitSet(LimitSet) = "limit_set", Internal;
    /// A deposit raised the limit.
    DepositPosted(DepositPosted) = "deposit_posted", Internal;
    /// A latch took a state without anybody being told.
    LatchSet(LatchSet) = "latch_set", Internal;
    /// Thresholds were crossed.
    ThresholdCrossed(Box<ThresholdCrossed>) = "threshold_crossed", Credit;
    /// A threshold is armed again.
    ThresholdRecovered(ThresholdRecovered) = "threshold_recovered", Credit;
    /// The limit is breached.
    LimitBreached(LimitBreached) = "limit_breached", Credit;
    /// The breach is over.
    LimitCured(LimitCured) = "limit_cured", Credit;
    /// A reason to restrict a service came or went.
    RestrictionNoted(RestrictionNoted) = "restriction_noted", Internal;
    /// A service is barred or free from now on.
    ServiceRestrictionChanged(ServiceRestrictionChanged) = "service_restriction_changed", Credit;

    /// A case opened.
    CaseOpened(Box<CaseState>) = "case_opened", Collections;
    /// A case's figures changed.
    CaseUpdated(Box<CaseState>) = "case_updated", Collections;
    /// A case is held.
    CaseHeld(Box<CaseState>) = "case_held", Collections;
    /// A held case goes on.
    CaseResumed(Box<CaseState>) = "case_resumed", Collections;
    /// A cured case is open again.
    CaseReopened(Box<CaseState>) = "case_reopened", Collections;
    /// A collection step is to be taken.
    StepDue(Box<StepDue>) = "step_due", Collections;
    /// A step's day passed without a tick; it comes later.
    StepPostponed(StepPostponed) = "step_postponed", Internal;
    /// The result of a step.
    StepResultNoted(StepResultNoted) = "step_result_noted", Internal;
    /// A step should not have been taken.
    CorrectionApplied(CorrectionApplied) = "correction_applied", Collections;
    /// A step will not be taken.
    StepCancelled(StepCancelled) = "step_cancelled", Collections;
    /// All steps are taken.
    CaseExhausted(CaseExhausted) = "case_exhausted", Collections;
    /// A case is closed.
    CaseClosed(CaseClosed) = "case_closed", Collections;
    /// A promise to pay runs.
    PromiseNoted(PromiseNoted) = "promise_noted", Internal;
    /// A promise was taken back.
    PromiseWithdrawn(PromiseWithdrawn) = "promise_withdrawn", Internal;
    /// All that was promised is paid.
    PromiseKept(PromiseEnded) = "promise_kept", Collections;
    /// An instalment was not paid in time.
    PromiseBroken(PromiseEnded) = "promise_broken", Collections;
    /// Collections stop for a reason.
    HoldNoted(HoldNoted) = "hold_noted", Internal;
    /// A hold ended.
    HoldReleased(HoldReleased) = "hold_released", Internal;

    /// Points were earned.
    PointsEarned(Box<PointsEarned>) = "points_earned", Loyalty;
    /// Points went because what had earned them came back.
    PointsClawedBack(Box<PointsTaken>) = "points_clawed_back", Loyalty;
    /// Nothing could be taken back, and it is not asked for again.
    PointsForgiven(Box<PointsTaken>) = "points_forgiven", Internal;
    /// Points were cancelled.
    PointsVoided(Box<PointsTaken>) = "points_voided", Loyalty;
    /// Points expired.
    PointsExpired(Box<PointsTaken>) = "points_expired", Loyalty;
    /// Pending points can be spent.
    PointsReleased(Box<PointsReleased>) = "points_released", Loyalty;
    /// Something earned nothing.
    PointsNotEarned(PointsNotEarned) = "points_not_earned", Loyalty;
    /// Points will expire.
    PointsExpiring(PointsExpiring) = "points_expiring", Loyalty;
    /// Something that earns, or will.
    EarningNoted(Box<EarningNoted>) = "earning_noted", Internal;
    /// What was held back counts.
    EarningCredited(EarningCredited) = "earning_credited", Internal;
    /// Sales of a validity changed.
    SalesCounted(SalesCounted) = "sales_counted", Internal;
    /// Late usage changed what a closed cycle came to.
    UsageCounted(UsageCounted) = "usage_counted", Internal;
    /// A purchase was refunded, in part or whole.
    RefundNoted(RefundNoted) = "refund_noted", Internal;
    /// A refund waits for its purchase.
    RefundParked(Box<RefundParked>) = "refund_parked", Internal;
    /// Points are reserved.
    RedemptionAccepted(Box<RedemptionAccepted>) = "redemption_accepted", Loyalty;
    /// Reserved points are spent.
    RedemptionCommitted(Box<RedemptionCommitted>) = "redemption_committed", Loyalty;
    /// A redemption was refused.
    RedemptionRejected(RedemptionRejected) = "redemption_rejected", Loyalty;
    /// Points of a redemption came back.
    RedemptionReversed(Box<RedemptionReversed>) = "redemption_reversed", Loyalty;
    /// A ledger opened.
    MemberEnrolled(MemberEnrolled) = "enrolled", Loyalty;
    /// A reward can be had.
    RewardLevelReached(RewardLevelReached) = "reward_level_reached", Loyalty;
    /// A tier changed.
    TierChanged(Box<TierMoved>) = "tier_changed", Loyalty;
    /// A tier will change unless more is bought.
    TierWillChange(Box<TierMoved>) = "tier_will_change", Loyalty;
    /// A tier that was lost holds again.
    TierRestored(Box<TierMoved>) = "tier_restored", Loyalty;
    /// A tier stays for another validity.
    ValidityRenewed(ValidityRenewed) = "validity_renewed", Internal;
    /// A membership will end.
    MembershipWarned(MembershipWarned) = "membership_warned", Loyalty;
    /// A membership ended.
    MembershipTerminated(MembershipTerminated) = "membership_terminated", Loyalty;
    /// Cards came into stock.
    CardsStocked(Box<StockReceived>) = "cards_stocked", Loyalty;
    /// A card was given out.
    CardIssued(Box<CardEvent>) = "card_issued", Loyalty;
    /// A card's holder was confirmed.
    CardConfirmed(Box<CardEvent>) = "card_confirmed", Loyalty;
    /// A card was lost.
    CardLostReported(Box<CardEvent>) = "card_lost_reported", Loyalty;
    /// A card took the place of another.
    CardReplaced(Box<CardReplaced>) = "card_replaced", Loyalty;
    /// A card is good for longer, or again.
    CardRenewed(Box<CardEvent>) = "card_renewed", Loyalty;
    /// A card's last day is over.
    CardExpired(Box<CardEnded>) = "card_expired", Loyalty;
    /// A card is no longer good.
    CardClosed(Box<CardEnded>) = "card_closed", Loyalty;
    /// A card's holder was checked.
    CardChecked(CardChecked) = "card_checked", Internal;
    /// A notice had nothing to tell.
    NoticePassed(NoticePassed) = "notice_passed", Internal;
    /// A visit: for reports only.
    ContactNoted(ContactNoted) = "contact_noted", Internal;
}

/// Body of `account_opened`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountOpened {
    /// Class.
    pub class: ClassName,
    /// Plan.
    pub plan: Option<PlanName>,
    /// Rating profile.
    pub profile: Option<SmolStr>,
    /// Currency of everything on the account: the catalog's.
    pub currency: Currency,
    /// Time zone.
    pub time_zone: ZoneName,
    /// Cycle day, 1 to 31.
    pub cycle_day: u8,
    /// VIP rank.
    pub vip_rank: u16,
    /// Staff category.
    pub member_category: Option<SmolStr>,
    /// First day of the cycle in which it begins.
    pub cycle_start: Date,
}

/// Body of `member_opened`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberOpened {
    /// The member.
    pub member: MemberId,
    /// Its own plan.
    pub plan: Option<PlanName>,
}

/// Body of `member_closed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberClosed {
    /// The member.
    pub member: MemberId,
}

/// Body of `identifier_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentifierNoted {
    /// The member.
    pub member: MemberId,
    /// Given, or taken.
    pub given: bool,
}

/// Body of `class_change_scheduled`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassChangeScheduled {
    /// The class to come.
    pub class: ClassName,
    /// Local day at whose start it holds.
    pub on: Date,
    /// An open case goes on by the new class's schedule.
    pub migrate_case: bool,
}

/// Body of `class_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassSet {
    /// Before.
    pub from: ClassName,
    /// Now.
    pub to: ClassName,
    /// The account's own class, where its VIP rank chooses another one.
    pub own: Option<ClassName>,
}

/// Body of `effort_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EffortNoted {
    /// From 1, easy, to 7, hard.
    pub score: u8,
}

/// Body of `vip_rank_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VipRankSet {
    /// The source.
    pub source: VipSource,
    /// The rank that it gives.
    pub rank: u16,
}

/// Body of `plan_change_scheduled`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanChangeScheduled {
    /// The member, if not the account.
    pub member: Option<MemberId>,
    /// The plan to come.
    pub plan: PlanName,
    /// Local day at whose start it holds.
    pub on: Date,
}

/// Body of `plan_set`; rates usage from `effective_at` on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlanSet {
    /// The member, if not the account.
    pub member: Option<MemberId>,
    /// Now.
    pub plan: PlanName,
}

/// Body of `zone_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZoneSet {
    /// The zone from now on.
    pub time_zone: ZoneName,
}

/// Body of `usage_rated`.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct UsageRated {
    /// The member whose usage it was.
    pub member: Option<MemberId>,
    /// The narrowest scope it counts in.
    pub scope: Scope,
    /// First day of the cycle it belongs to.
    pub cycle: Date,
    /// Usage in base units.
    pub quantity: u64,
    /// Price and explanation.
    pub charge: Box<Charge>,
    /// How much of exposure is above the limit after it, of what this record added; zero without breach.
    pub over_limit_amount: Money,
}

/// Body of `cycle_closed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CycleClosed {
    /// First day of the closed cycle.
    pub cycle_start: Date,
    /// First day of the next one.
    pub cycle_end: Date,
    /// Money of rated usage per scope, in the order of `Scope::ALL`.
    pub usage: [Money; 4],
    /// Charges beside usage.
    pub charges: Money,
}

/// Body of `bill_opened`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillOpened {
    /// The bill.
    pub bill: BillId,
    /// First day after the billed cycle.
    pub cycle_end: Date,
    /// Amount to pay; negative is credit.
    pub amount: Money,
    /// Last day to pay in time.
    pub due_on: Date,
    /// Unbilled usage and charges that it takes up.
    pub unbilled: Money,
    /// `amount - unbilled`: tax, rounding.
    pub bill_variance: Money,
    /// The voided bill that it replaces.
    pub replaces: Option<BillId>,
}

/// Body of `bill_withdrawn`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillWithdrawn {
    /// The bill.
    pub bill: BillId,
    /// Back to unbilled.
    pub unbilled: Money,
    /// What was paid on it and is credit now.
    pub credit: Money,
}

/// Body of `payment_posted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentPosted {
    /// The payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: SmolStr,
    /// What it paid.
    pub allocations: Vec<Allocation>,
    /// The rest: credit of the account.
    pub credit: Money,
    /// Announced, not settled: nothing is paid yet.
    pub pending: bool,
    /// Local day on which it was received.
    pub received_on: Date,
}

/// Body of `payment_returned`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentReturned {
    /// The payment.
    pub payment: PaymentId,
    /// Back on the bills.
    pub allocations: Vec<Allocation>,
    /// Taken from the account's credit.
    pub credit: Money,
}

/// Body of `credit_applied`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreditApplied {
    /// What it paid.
    pub allocations: Vec<Allocation>,
}

/// Why a bill became smaller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reduction {
    /// Credit note.
    CreditNote,
    /// Write-off.
    WriteOff,
    /// A late fee that a payment came before.
    Correction,
}

/// Body of `bill_reduced`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillReduced {
    /// The bill.
    pub bill: BillId,
    /// Why.
    pub reduction: Reduction,
    /// Off the bill.
    pub amount: Money,
    /// Beyond what was left of it: credit of the account.
    pub credit: Money,
}

/// Body of `dispute_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisputeNoted {
    /// The dispute.
    pub dispute: DisputeId,
    /// The bill.
    pub bill: BillId,
    /// How much, at most what is left of the bill.
    pub amount: Money,
}

/// Body of `dispute_settled`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisputeSettled {
    /// The dispute.
    pub dispute: DisputeId,
    /// The bill.
    pub bill: BillId,
    /// What the customer was right about.
    pub accepted_amount: Money,
    /// The part of it beyond what was left of the bill: credit of the account.
    pub credit: Money,
}

/// Body of `limit_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitSet {
    /// Which limit.
    pub measure: Measure,
    /// Its scope.
    pub scope: Scope,
    /// The customer's own limit; none: the class's again.
    pub amount: Option<Money>,
    /// Last local day on which it holds.
    pub until: Option<Date>,
}

/// Body of `deposit_posted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DepositPosted {
    /// Added to the exposure limit.
    pub amount: Money,
}

/// Body of `latch_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LatchSet {
    /// Measure.
    pub measure: Measure,
    /// Scope.
    pub scope: Scope,
    /// Threshold.
    pub threshold: ThresholdId,
    /// FIRED, or ARMED.
    pub fired: bool,
}

/// One threshold of a crossing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crossed {
    /// Threshold.
    pub threshold: ThresholdId,
    /// Its amount.
    pub amount: Money,
    /// Its share of the limit in basis points; none for a fixed amount.
    pub bps: Option<u32>,
}

/// Body of `threshold_crossed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThresholdCrossed {
    /// Measure.
    pub measure: Measure,
    /// Scope.
    pub scope: Scope,
    /// First day of the cycle, for cycle measures.
    pub epoch: Option<Date>,
    /// All that were crossed, ascending by amount; the limit is last.
    pub crossed: Vec<Crossed>,
    /// The last of them.
    pub highest: ThresholdId,
    /// Value before the group of events.
    pub value_before: Money,
    /// Value after it.
    pub value_after: Money,
    /// The limit.
    pub limit: Option<Money>,
    /// `limit - value_after`.
    pub remaining: Option<Money>,
    /// Why the value or the limit moved.
    pub cause: Cause,
    /// Whether the customer is to be told (false within the cooldown).
    pub notify: bool,
    /// This event's own `out_id`, which the latches keep for `fired_out_id` of their recovery.
    pub out_id: OutId,
}

/// Body of `threshold_recovered`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThresholdRecovered {
    /// Measure.
    pub measure: Measure,
    /// Scope.
    pub scope: Scope,
    /// First day of the cycle, for cycle measures.
    pub epoch: Option<Date>,
    /// Threshold.
    pub threshold: ThresholdId,
    /// `out_id` of the crossing that it ends.
    pub fired_out_id: OutId,
    /// The value now.
    pub value: Money,
    /// Why it moved.
    pub cause: Cause,
}

/// Body of `limit_breached`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitBreached {
    /// Measure.
    pub measure: Measure,
    /// Scope.
    pub scope: Scope,
    /// The value.
    pub exposure: Money,
    /// The limit.
    pub limit: Money,
    /// `exposure - limit`.
    pub over_by: Money,
    /// The class's actions, in order.
    pub actions: Vec<SmolStr>,
}

/// Body of `limit_cured`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitCured {
    /// Measure.
    pub measure: Measure,
    /// Scope.
    pub scope: Scope,
    /// The value.
    pub exposure: Money,
    /// The limit; none when there is none any more.
    pub limit: Option<Money>,
    /// How far the value is over the limit now: not at all.
    pub over_by: Money,
    /// Actions of the breach that end with it: what it barred.
    pub actions: Vec<SmolStr>,
}

/// Body of `restriction_noted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RestrictionNoted {
    /// Service.
    pub service: SmolStr,
    /// Reason.
    pub reason: RestrictionReason,
    /// The measure, case or command.
    pub source: SmolStr,
    /// It came, or went.
    pub present: bool,
}

/// Body of `service_restriction_changed`; only when barred flips.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceRestrictionChanged {
    /// Service.
    pub service: SmolStr,
    /// Barred, or free.
    pub barred: bool,
    /// The reasons that hold now.
    pub reasons: Vec<RestrictionReason>,
    /// Numbers that must work all the same, while it is barred.
    pub never_barred: Vec<SmolStr>,
}

/// `out_id`: the same for the same cause, whatever partition, frame or restart produced it.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct OutId(pub u128);

impl core::fmt::Display for OutId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let digits = self.digits();
        f.write_str(core::str::from_utf8(&digits).map_err(|_| core::fmt::Error)?)
    }
}

/// The cause key of an event.
#[derive(Clone, Copy, Debug)]
pub enum CauseKey<'a> {
    /// An input.
    Input(&'a crate::input::InputKey),
    /// A timer.
    Timer(&'a TimerCause),
}

impl OutId {
    /// Its 32 hexadecimal digits.
    pub fn digits(&self) -> [u8; 32] {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0.to_be_bytes()) {
            for (digit, value) in pair.iter_mut().zip([byte >> 4, byte & 0xf]) {
                *digit = b"0123456789abcdef"[usize::from(value)];
            }
        }
        digits
    }

    /// `hash(kind, account, cause key, ordinal)`; `ordinal` counts the account's events of one cause (the
    /// entry's input, or one timer) from 0, internal ones included, in the order in which they happened; so
    /// a latch that fires again under another cause has another id.
    pub fn of(kind: &str, account: &AccountId, cause: CauseKey<'_>, ordinal: u32) -> OutId {
        match cause {
            CauseKey::Input(key) => {
                let cause = (key.source.as_str(), key.event_id.as_str());
                OutId::of_input(kind, account.as_str(), cause, ordinal)
            }
            CauseKey::Timer(timer) => {
                let mut parts = Parts::of(kind, account.as_str());
                parts.add(timer.kind.word().as_bytes());
                parts.add(timer.id.as_bytes());
                parts.add(&timer.due_at.nanos().to_le_bytes());
                parts.finish(ordinal)
            }
        }
    }

    /// As [`OutId::of`], where the cause is an input: its source and event id.
    pub fn of_input(
        kind: &str,
        account: &str,
        (source, event_id): (&str, &str),
        ordinal: u32,
    ) -> OutId {
        let mut parts = Parts::of(kind, account);
        parts.add(source.as_bytes());
        parts.add(event_id.as_bytes());
        parts.finish(ordinal)
    }
}

/// What an `out_id` is the hash of, each part behind its length.
struct Parts(xxhash_rust::xxh3::Xxh3);

impl Parts {
    fn of(kind: &str, account: &str) -> Parts {
        let mut parts = Parts(xxhash_rust::xxh3::Xxh3::new());
        parts.add(kind.as_bytes());
        parts.add(account.as_bytes());
        parts
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(mut self, ordinal: u32) -> OutId {
        self.add(&ordinal.to_le_bytes());
        OutId(self.0.digest128())
    }
}
