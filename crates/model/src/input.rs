//! What comes in: the envelope and the bodies of section 5 of the semantics that this engine takes.

mod loyalty;

pub use loyalty::*;

use crate::ids::*;
use crate::money::{Currency, Money};
use crate::time::{Date, Timestamp, ZoneRules};
use crate::words::worded;
use core::fmt;
use smol_str::SmolStr;

/// What makes a repeat recognisable: the sender and the sender's own id.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub struct InputKey {
    /// The sender.
    pub source: Source,
    /// The sender's id of the input.
    pub event_id: EventId,
}

/// `SOURCE/EVENT_ID`. Timers and visits are named by it for good: it never changes.
impl fmt::Display for InputKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.event_id)
    }
}

/// How an input says whom it concerns, before resolution.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// By account, and by member where only one of them is meant.
    Account(AccountId, Option<MemberId>),
    /// By a number that the directory resolves at `occurred_at`.
    Identifier(Identifier),
}

/// A number or token that stands for a member of an account. Personal data: it appears in identifier
/// inputs only, never in usage, events or state.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub struct Identifier {
    /// Its kind.
    pub kind: IdentifierKind,
    /// Its text, without separators; phone numbers without `+`.
    pub value: SmolStr,
}

worded! {
    /// Kinds of identifiers.
    IdentifierKind {
        /// Phone number of a subscription.
        Msisdn = "msisdn",
        /// SIM identity.
        Imsi = "imsi",
        /// Loyalty or prepaid card number.
        Card = "card",
        /// Contact phone of a customer without a subscription.
        Phone = "phone",
        /// The customer number of another system, for files that carry no account ids.
        External = "external",
    }
}

/// An input as a source sends it: not yet resolved to an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// Sender and id.
    pub key: InputKey,
    /// When it happened, in the world.
    pub occurred_at: Timestamp,
    /// Whom it concerns; none for ticks and catalog activations.
    pub address: Option<Address>,
    /// Currency of its amounts, if it says so.
    pub currency: Option<Currency>,
    /// Who ordered it, for manual commands.
    pub actor: Option<SmolStr>,
    /// Why it was ordered.
    pub reason: Option<SmolStr>,
    /// Taken although it is older than its window or beyond the clock.
    pub forced: bool,
    /// What it says.
    pub body: IncomingBody,
}

impl Incoming {
    /// The input of the account that it names; none for what names no account, or is not of one.
    pub fn into_input(self) -> Option<Input> {
        let (Some(Address::Account(account, member)), IncomingBody::Account(body)) =
            (self.address, self.body)
        else {
            return None;
        };
        Some(Input {
            key: self.key,
            occurred_at: self.occurred_at,
            account,
            member,
            currency: self.currency,
            actor: self.actor,
            reason: self.reason,
            forced: self.forced,
            body,
        })
    }
}

/// Bodies as they come in: those of one account, those about identifiers, and those for all partitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IncomingBody {
    /// Concerns one account.
    Account(Body),
    /// Time passes; `occurred_at` is the instant.
    Tick,
    /// A catalog comes into force.
    CatalogActivated(CatalogActivated),
}

/// An input of one account, resolved; what decide sees and the journal stores.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Input {
    /// Sender and id.
    pub key: InputKey,
    /// When it happened, in the world.
    pub occurred_at: Timestamp,
    /// The account that it changes.
    pub account: AccountId,
    /// The member meant, if only one.
    pub member: Option<MemberId>,
    /// Currency of its amounts, if it says so.
    pub currency: Option<Currency>,
    /// Who ordered it.
    pub actor: Option<SmolStr>,
    /// Why it was ordered.
    pub reason: Option<SmolStr>,
    /// Taken although it is older than its window or beyond the clock.
    pub forced: bool,
    /// What it says.
    pub body: Body,
}

/// A catalog version with everything needed to use it again: files and zone transitions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogActivated {
    /// The version's label; empty means the hash of the content.
    pub version: SmolStr,
    /// In force for usage from this instant on; none means the catalog's own `valid_from`.
    pub effective_from: Option<Timestamp>,
    /// Permits an `effective_from` before the last tick.
    pub retroactive: bool,
    /// Path within the catalog folder (with `/`) and content, in order of path.
    pub files: Vec<(SmolStr, SmolStr)>,
    /// Zones that the catalog uses, filled in by the edge.
    pub zones: Vec<ZoneRules>,
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $word:literal;)*) => {
        /// What an account's input says (section 5 of the semantics).
        #[derive(Clone, PartialEq, Eq, Debug)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub enum Body { $($(#[$doc])* $name($type),)* }

        impl Body {
            /// The words of all kinds.
            pub const KINDS: &'static [&'static str] = &[$($word,)*];

            /// The kind's word in JSON and messages.
            pub const fn kind(&self) -> &'static str {
                match self { $(Body::$name(_) => $word,)* }
            }
        }
    };
}

bodies! {
    /// An account begins.
    CustomerAdded(CustomerAdded) = "customer_added";
    /// A member with identifiers begins.
    MemberAdded(MemberAdded) = "member_added";
    /// A member ends; its identifiers are released.
    MemberRemoved(MemberRemoved) = "member_removed";
    /// A number is given to a member.
    IdentifierAdded(IdentifierChange) = "identifier_added";
    /// A number is taken from a member.
    IdentifierRemoved(IdentifierChange) = "identifier_removed";
    /// The credit class changes.
    ClassChanged(ClassChanged) = "class_changed";
    /// The plan changes.
    PlanChanged(PlanChanged) = "plan_changed";
    /// The account's time zone changes.
    TimeZoneChanged(TimeZoneChanged) = "time_zone_changed";
    /// A limit of its own for this customer.
    LimitOverridden(LimitOverridden) = "limit_overridden";
    /// A deposit raises the exposure limit.
    DepositReceived(DepositReceived) = "deposit_received";
    /// Usage, already consumed.
    Usage(Usage) = "usage";
    /// A usage record was wrong; this is how it should have been.
    UsageCorrected(Box<UsageCorrected>) = "usage_corrected";
    /// A usage record should not have been.
    UsageCancelled(UsageCancelled) = "usage_cancelled";
    /// A charge that was priced outside.
    ChargeAdded(ChargeAdded) = "charge_added";
    /// A purchase.
    Purchase(Purchase) = "purchase";
    /// A bill.
    BillIssued(BillIssued) = "bill_issued";
    /// A bill is taken back.
    BillVoided(BillVoided) = "bill_voided";
    /// Money received.
    PaymentReceived(PaymentReceived) = "payment_received";
    /// Money that went back.
    PaymentReversed(PaymentReversed) = "payment_reversed";
    /// Money credited to a bill.
    CreditNote(CreditNote) = "credit_note";
    /// Money given up on a bill.
    WriteOff(WriteOff) = "write_off";
    /// Part of a bill is disputed.
    DisputeOpened(DisputeOpened) = "dispute_opened";
    /// A dispute ends.
    DisputeResolved(DisputeResolved) = "dispute_resolved";
    /// A promise to pay.
    PromiseMade(PromiseMade) = "promise_made";
    /// A promise is taken back.
    PromiseCancelled(PromiseCancelled) = "promise_cancelled";
    /// Collections stop for a reason.
    HoldSet(HoldSet) = "hold_set";
    /// A hold ends.
    HoldCleared(HoldCleared) = "hold_cleared";
    /// The result of a collection step.
    StepCompleted(StepCompleted) = "step_completed";
    /// A case is closed by command.
    CaseClosedBy(CaseClosedBy) = "case_closed_by";
    /// A service is barred or freed by hand.
    RestrictionChanged(RestrictionChanged) = "restriction_changed";
    /// A loyalty tier by hand.
    TierGranted(TierGranted) = "tier_granted";
    /// Cards were printed, and are nobody's yet.
    CardsStocked(CardsStocked) = "cards_stocked";
    /// A card is given out.
    CardIssued(CardIssued) = "card_issued";
    /// A card is no longer good.
    CardClosed(CardClosed) = "card_closed";
    /// A card's holder was confirmed by a one-time code.
    CardConfirmed(CardNamed) = "card_confirmed";
    /// A card was lost.
    CardLostReported(CardNamed) = "card_lost_reported";
    /// A card takes the place of another.
    CardReplaced(CardReplacement) = "card_replaced";
    /// A card is good for longer, or again.
    CardRenewed(CardRenewal) = "card_renewed";
    /// Whether a card's holder may use it was checked.
    CardChecked(CardCheck) = "card_checked";
    /// Membership in a loyalty programme.
    Enrolled(Enrolled) = "enrolled";
    /// A visit.
    Visit(Visit) = "visit";
    /// A purchase without a known buyer is claimed.
    PurchaseClaimed(PurchaseClaimed) = "purchase_claimed";
    /// Goods or money of a purchase came back.
    Refund(RefundRequest) = "refund";
    /// Points are to be spent: they are reserved.
    RedemptionRequested(RedemptionRequested) = "redemption_requested";
    /// Reserved points are spent.
    RedemptionCommitted(RedemptionNamed) = "redemption_committed";
    /// Reserved points are free again.
    RedemptionReleased(RedemptionNamed) = "redemption_released";
    /// Points given or taken by hand.
    PointsAdjusted(PointsAdjusted) = "points_adjusted";
    /// Points that should not have been.
    PointsVoided(PointsVoided) = "points_voided";
    /// The VIP rank that a source gives changes.
    VipRankChanged(VipRankChanged) = "vip_rank_changed";
    /// How hard it was for the customer to get something done.
    EffortScored(EffortScored) = "effort_scored";
}

/// `customer_added{class, plan, time_zone, cycle_day, vip_rank, member_category?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CustomerAdded {
    /// Credit class.
    pub class: ClassName,
    /// Charging plan; without one no usage can be rated.
    pub plan: Option<PlanName>,
    /// Rating profile `TENANT/CATEGORY/SUBJECT` instead of a plan.
    pub profile: Option<SmolStr>,
    /// IANA zone of the account's local day.
    pub time_zone: ZoneName,
    /// Day of the month on which cycles begin, 1 to 31; 29 to 31 mean the last day of shorter months.
    pub cycle_day: u8,
    /// VIP rank, 0 for none.
    pub vip_rank: u16,
    /// Staff or associate category.
    pub member_category: Option<SmolStr>,
}

/// A member with its first identifiers.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct MemberAdded {
    /// The member.
    pub member: MemberId,
    /// Its plan, if not the account's.
    pub plan: Option<PlanName>,
    /// Its numbers, from `occurred_at` on.
    pub identifiers: Vec<Identifier>,
}

/// A member ends at `occurred_at`.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct MemberRemoved {
    /// The member.
    pub member: MemberId,
}

/// A number given or taken at `occurred_at`.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct IdentifierChange {
    /// The member.
    pub member: MemberId,
    /// The number.
    pub identifier: Identifier,
}

/// When a change of class or plan takes effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Effective {
    /// At `occurred_at`.
    #[default]
    Now,
    /// At the start of the next cycle.
    NextCycle,
    /// At the start of a local day.
    On(Date),
}

/// `effort_scored{score}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct EffortScored {
    /// From 1, easy, to 7, hard.
    pub score: u8,
}

impl EffortScored {
    /// The hardest.
    pub const MOST: u8 = 7;
}

/// `class_changed{class, effective, migrate_case?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct ClassChanged {
    /// The new class.
    pub class: ClassName,
    /// From when.
    pub effective: Effective,
    /// An open case goes on by the new class's schedule; otherwise it keeps the one that it began with.
    pub migrate_case: bool,
}

/// Where a VIP rank comes from, in the order in which they are listed.
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
pub enum VipSource {
    /// Given by hand.
    #[default]
    Assigned,
    /// Paid for.
    Bought,
    /// Reached by spending or loyalty.
    Earned,
}

impl VipSource {
    /// The source's word.
    pub const fn word(self) -> &'static str {
        match self {
            VipSource::Assigned => "assigned",
            VipSource::Bought => "bought",
            VipSource::Earned => "earned",
        }
    }
}

/// `vip_rank_changed{rank, source}`: the highest rank of all sources counts.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct VipRankChanged {
    /// The rank that the source gives from now on; 0 for none.
    pub rank: u16,
    /// The source.
    pub source: VipSource,
}

/// `plan_changed{plan, effective}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PlanChanged {
    /// The new plan.
    pub plan: PlanName,
    /// From when.
    pub effective: Effective,
}

/// `time_zone_changed{time_zone}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct TimeZoneChanged {
    /// The new IANA zone.
    pub time_zone: ZoneName,
}

/// What a limit is about.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub enum Measure {
    /// Everything owed or used and not yet billed; never resets.
    Exposure,
    /// Money of rated usage in the cycle, in a scope.
    CycleUsage,
    /// Usage and charges of the cycle.
    CycleCharges,
}

impl Measure {
    /// The measure's word.
    pub const fn word(self) -> &'static str {
        match self {
            Measure::Exposure => "exposure",
            Measure::CycleUsage => "cycle_usage",
            Measure::CycleCharges => "cycle_charges",
        }
    }

    /// The measure with this word.
    pub fn from_word(word: &str) -> Option<Measure> {
        [
            Measure::Exposure,
            Measure::CycleUsage,
            Measure::CycleCharges,
        ]
        .into_iter()
        .find(|measure| measure.word() == word)
    }
}

/// Which usage a cycle measure counts.
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
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// Calls.
    Voice,
    /// Data, roaming included.
    Data,
    /// Data abroad; counts in `data` and `all` too.
    RoamingData,
}

impl Scope {
    /// All scopes, in order.
    pub const ALL: [Scope; 4] = [Scope::All, Scope::Voice, Scope::Data, Scope::RoamingData];

    /// The scope's word.
    pub const fn word(self) -> &'static str {
        match self {
            Scope::All => "all",
            Scope::Voice => "voice",
            Scope::Data => "data",
            Scope::RoamingData => "roaming_data",
        }
    }

    /// The scope with this word.
    pub fn from_word(word: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// `limit_overridden{measure, scope, amount, until}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct LimitOverridden {
    /// Which limit.
    pub measure: Measure,
    /// Its scope.
    pub scope: Scope,
    /// The new limit; none takes the override away.
    pub amount: Option<Money>,
    /// Last local day on which it holds; none means until further notice.
    pub until: Option<Date>,
}

/// `deposit_received{amount}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct DepositReceived {
    /// Added to the exposure limit.
    pub amount: Money,
}

/// Originating or terminating.
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
pub enum Direction {
    /// Made by the member.
    #[default]
    Originating,
    /// Received by the member.
    Terminating,
}

impl Direction {
    /// The direction's word.
    pub const fn word(self) -> &'static str {
        match self {
            Direction::Originating => "originating",
            Direction::Terminating => "terminating",
        }
    }
}

/// A number that was called or that called: of one longer than eight digits the last four stand apart, so
/// that they can be forgotten; rating never reads them.
#[derive(
    Clone,
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
pub struct PartyNumber {
    /// What rating may read.
    pub head: SmolStr,
    /// The last four digits of a number longer than eight digits; empty otherwise.
    pub tail: SmolStr,
}

impl PartyNumber {
    /// Splits a number as it comes in, without a leading `+` and separators; see [`plain_number`].
    ///
    /// [`plain_number`]: crate::number::plain_number
    pub fn split(text: &str) -> PartyNumber {
        let number = crate::number::plain_number(text).unwrap_or(text.into());
        let all_digits = number.bytes().all(|b| b.is_ascii_digit());
        if all_digits && number.len() > 8 {
            let (head, tail) = number.split_at(number.len() - 4);
            PartyNumber {
                head: head.into(),
                tail: tail.into(),
            }
        } else {
            PartyNumber {
                head: number.into(),
                tail: SmolStr::default(),
            }
        }
    }

    /// Whether there is no number.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }
}

/// A usage record (CDR): already consumed, sent by mediation.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// The service.
    pub service: ServiceName,
    /// Made or received.
    pub direction: Direction,
    /// The other party's number; empty where the service has none.
    pub to: PartyNumber,
    /// The destination zone, where the source names it instead of a number.
    pub zone: Option<SmolStr>,
    /// Serving network (MCC+MNC), where it is not the home network.
    pub network: Option<SmolStr>,
    /// Usage in base units: nanoseconds, octets, events.
    pub quantity: u64,
    /// How long a session lasted, in nanoseconds, where usage is not time.
    pub duration: Option<u64>,
    /// The scope it counts in, where the source says it.
    pub scope: Option<Scope>,
    /// Base units used by earlier legs, for a later leg of a long session.
    pub continued: Option<u64>,
    /// The reservation that it commits.
    pub reservation: Option<SmolStr>,
}

impl Usage {
    /// Whether it counts as used abroad, where records come later: a network is named, or its scope says so.
    pub fn is_abroad(&self) -> bool {
        self.network.is_some() || self.scope == Some(Scope::RoamingData)
    }
}

/// `usage_corrected{corrects, usage}`: `occurred_at` of the input is when the usage began.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct UsageCorrected {
    /// The sender's id of the record, or of an earlier correction of it.
    pub corrects: EventId,
    /// The source of that record, where it is not the input's own.
    pub corrects_source: Option<Source>,
    /// What the record should have said.
    pub usage: Usage,
    /// What was rated for the record; found in the journal by the edge, none while it has not come.
    pub original: Option<Box<RatedRecord>>,
}

/// `usage_cancelled{cancels}`: `occurred_at` of the input is when it was cancelled.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct UsageCancelled {
    /// The sender's id of the record, or of an earlier correction of it.
    pub cancels: EventId,
    /// The source of that record, where it is not the input's own.
    pub cancels_source: Option<Source>,
    /// When the record's usage began, where the sender says it: the record is found sooner.
    pub started_at: Option<Timestamp>,
    /// What was rated for the record; found in the journal by the edge, none while it has not come.
    pub original: Option<Box<RatedRecord>>,
}

/// What stands for a usage record after the record itself or its last correction.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RatedRecord {
    /// Key of the first record: what all its corrections have in common.
    pub root: InputKey,
    /// When the usage began.
    pub occurred_at: Timestamp,
    /// How it was rated; none after it was cancelled.
    pub rated: Option<crate::event::UsageRated>,
}

/// `charge_added{amount, code}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct ChargeAdded {
    /// The charge; negative for a credit.
    pub amount: Money,
    /// The sender's code for it.
    pub code: SmolStr,
}

/// A purchase at a till, shop or invoice.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Purchase {
    /// The seller's number of it.
    pub purchase: PurchaseId,
    /// `on_account` is a charge; any other method was paid at once.
    pub method: SmolStr,
    /// Where.
    pub location: Option<SmolStr>,
    /// Partner programme.
    pub partner: Option<SmolStr>,
    /// The card that was shown.
    pub card: Option<SmolStr>,
    /// The part that was paid in points.
    pub points_part: Option<crate::event::PointsPaid>,
    /// What was bought.
    pub lines: Vec<PurchaseLine>,
}

/// One line of a purchase.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PurchaseLine {
    /// Category of goods.
    pub category: SmolStr,
    /// Item.
    pub item: SmolStr,
    /// How many.
    pub qty: u32,
    /// Total of the line before discount; none for a product of the catalog at the catalog's price.
    pub net: Option<Money>,
    /// Tax on top.
    pub tax: Money,
    /// Discount.
    pub discount: Money,
}

impl PurchaseLine {
    /// Most pieces of a line: more is a slip of a seller's keyboard.
    pub const QTY_MOST: u32 = 1_000_000;
    /// What is said of a line with none, or with more.
    pub const QTY_FORM: &str = "a line has 1 to 1000000 pieces";

    /// What is said of a discount below zero.
    pub const DISCOUNT_FORM: &str =
        "may not be below zero: write what the line is cheaper by, and what it is dearer by as net";

    /// What is owed for the line whose net amount is `net`: less discount, plus tax; `None` beyond the range.
    pub fn owed(&self, net: Money) -> Option<Money> {
        net.checked_add(self.tax)?.checked_sub(self.discount)
    }
}

/// A line of a bill.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct BillLine {
    /// Category.
    pub category: SmolStr,
    /// Item.
    pub item: SmolStr,
    /// Net amount.
    pub net: Money,
    /// The purchase that it bills, if one.
    pub purchase: Option<PurchaseId>,
}

/// `bill_issued{bill_id, cycle_end, amount, due_on, lines, replaces?, keep_due_on?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct BillIssued {
    /// The bill.
    pub bill: BillId,
    /// First day of the cycle after the billed one.
    pub cycle_end: Date,
    /// What is to be paid, whole minor units.
    pub amount: Money,
    /// Last day on which it can be paid in time.
    pub due_on: Date,
    /// Its lines.
    pub lines: Vec<BillLine>,
    /// The voided bill that it replaces.
    pub replaces: Option<BillId>,
    /// Keeps the due date of the replaced bill.
    pub keep_due_on: bool,
}

/// `bill_voided{bill_id}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct BillVoided {
    /// The bill.
    pub bill: BillId,
}

/// A part of a payment meant for one bill.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Allocation {
    /// The bill.
    pub bill: BillId,
    /// The part.
    pub amount: Money,
}

/// `payment_received{payment_id, amount, method, allocations?, pending?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PaymentReceived {
    /// The payment.
    pub payment: PaymentId,
    /// How much, whole minor units, above zero.
    pub amount: Money,
    /// How it was paid.
    pub method: SmolStr,
    /// Which bills it is meant for; empty means oldest due first.
    pub allocations: Vec<Allocation>,
    /// Announced by the bank, not settled yet.
    pub pending: bool,
}

/// `payment_reversed{payment_id}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PaymentReversed {
    /// The payment.
    pub payment: PaymentId,
}

/// `credit_note{bill_id, amount}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CreditNote {
    /// The bill.
    pub bill: BillId,
    /// How much is credited.
    pub amount: Money,
}

/// `write_off{bill_id, amount}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct WriteOff {
    /// The bill.
    pub bill: BillId,
    /// How much is given up.
    pub amount: Money,
}

/// `dispute_opened{dispute_id, bill_id, amount}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct DisputeOpened {
    /// The dispute.
    pub dispute: DisputeId,
    /// The bill.
    pub bill: BillId,
    /// How much of it.
    pub amount: Money,
}

/// `dispute_resolved{dispute_id, accepted_amount}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct DisputeResolved {
    /// The dispute.
    pub dispute: DisputeId,
    /// How much of it the customer was right about.
    pub accepted_amount: Money,
}

/// One instalment of a promise.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Instalment {
    /// How much.
    pub amount: Money,
    /// Last day to pay it.
    pub due_on: Date,
}

/// `promise_made{promise_id, instalments[]}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PromiseMade {
    /// The promise.
    pub promise: PromiseId,
    /// What is promised when, by date.
    pub instalments: Vec<Instalment>,
}

/// `promise_cancelled{promise_id}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PromiseCancelled {
    /// The promise; none means the open one.
    pub promise: Option<PromiseId>,
}

/// Why a case is held by hand.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub enum HoldReason {
    /// A dispute covers what is owed.
    Dispute,
    /// A promise runs.
    Promise,
    /// The customer is exempt.
    Exempt,
    /// By hand.
    Manual,
}

impl HoldReason {
    /// The reason's word.
    pub const fn word(self) -> &'static str {
        match self {
            HoldReason::Dispute => "dispute",
            HoldReason::Promise => "promise",
            HoldReason::Exempt => "exempt",
            HoldReason::Manual => "manual",
        }
    }
}

/// `hold_set{reason, until?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct HoldSet {
    /// `exempt` or `manual`.
    pub reason: HoldReason,
    /// Last local day of the hold.
    pub until: Option<Date>,
}

/// `hold_cleared{reason}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct HoldCleared {
    /// `exempt` or `manual`.
    pub reason: HoldReason,
}

/// `step_completed{case_id, step, result}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StepCompleted {
    /// The case.
    pub case: CaseId,
    /// The step, from 1.
    pub step: u16,
    /// What came of it.
    pub result: SmolStr,
}

/// How a case is closed by command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum CaseOutcome {
    /// Given to an agency.
    Agency,
    /// The customer is exempt.
    Exempted,
    /// Given up.
    WrittenOff,
}

impl CaseOutcome {
    /// The outcome's word.
    pub const fn word(self) -> &'static str {
        match self {
            CaseOutcome::Agency => "agency",
            CaseOutcome::Exempted => "exempted",
            CaseOutcome::WrittenOff => "written_off",
        }
    }
}

/// `case_closed_by{case_id, outcome}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CaseClosedBy {
    /// The case.
    pub case: CaseId,
    /// How.
    pub outcome: CaseOutcome,
}

/// A service barred or freed by hand, or by a fraud system.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RestrictionChanged {
    /// The service.
    pub service: SmolStr,
    /// `manual` or `fraud`.
    pub reason: RestrictionReason,
    /// The command that set it; freeing names the same one.
    pub command: SmolStr,
    /// Barred or freed.
    pub barred: bool,
}

/// Why a service is restricted, in the order in which reasons are listed.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
pub enum RestrictionReason {
    /// A limit is breached.
    Limit,
    /// A collections case.
    Collections,
    /// By hand.
    Manual,
    /// A fraud system.
    Fraud,
}

impl RestrictionReason {
    /// The reason's word.
    pub const fn word(self) -> &'static str {
        match self {
            RestrictionReason::Limit => "limit",
            RestrictionReason::Collections => "collections",
            RestrictionReason::Manual => "manual",
            RestrictionReason::Fraud => "fraud",
        }
    }
}
