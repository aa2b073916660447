//! Bodies of events about tariffs: rated and corrected usage, charges, allowances, instalments, and what
//! discounts ask of a customer.

use super::{Cause, OutId, UsageRated};
use crate::ids::*;
use crate::input::{Input, InputKey, Scope};
use crate::money::{Money, Pico};
use crate::rejection::Reason;
use crate::time::{Date, Timestamp};
use crate::units::Measurement;
use smol_str::SmolStr;

/// Body of `usage_corrected`: what stood for the record before, what stands for it now, and the difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageCorrection {
    /// The record.
    pub root: InputKey,
    /// What was corrected or cancelled: the record, or an earlier correction of it.
    pub corrects: InputKey,
    /// The correction itself: the input, or one that was parked until the input brought its record.
    pub correction: InputKey,
    /// When the usage had begun, as it stood before.
    pub occurred_at: Timestamp,
    /// When it began, as it stands now.
    pub started_at: Timestamp,
    /// What stood for it; none after a cancellation.
    pub before: Option<UsageRated>,
    /// What stands for it now; none for a cancellation.
    pub after: Option<UsageRated>,
    /// What is owed now less what was owed before.
    pub difference: Money,
}

/// What a posted charge is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ChargeKind {
    /// `charge_added`.
    Charge,
    /// A purchase on account, with its lines.
    Purchase(PurchaseId, Vec<BoughtLine>),
    /// The late fee of a collection step: an open item of its own, not billed again.
    LateFee {
        /// The item's id.
        item: BillId,
        /// Last day to pay it in time: the day of its step.
        due_on: Date,
    },
    /// A plan's fee, or the credit for its unused days.
    Fee(FeeCharge),
    /// All units of the cycle cost another price, because another tier is reached.
    Volume(Box<VolumeCharge>),
    /// A later instalment of a purchase.
    Instalment {
        /// The purchase.
        purchase: PurchaseId,
        /// The product.
        product: SmolStr,
        /// Which one, from 2.
        number: u16,
        /// How many there are.
        of: u16,
    },
}

/// A plan's fee: `fee x days / days_in_cycle`, half up to minor units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeeCharge {
    /// The plan.
    pub plan: PlanName,
    /// The member, where the plan is its own.
    pub member: Option<MemberId>,
    /// The fee of a whole cycle.
    pub fee: Money,
    /// First day that it is for.
    pub from: Date,
    /// First day that it is not for any more.
    pub until: Date,
    /// Days of the whole cycle.
    pub days_in_cycle: u16,
    /// Counted by the day where the plan begins or ends inside the cycle; otherwise whole.
    pub by_day: bool,
    /// Given back for unused days: the amount is negative.
    pub credit: bool,
}

/// The difference for units of the cycle that were charged at another tier's price than the one reached:
/// `units_after x to_price / to_unit - units_before x from_price / from_unit - own`, less the discount, rounded as
/// the rate says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VolumeCharge {
    /// Name of the rate.
    pub rate: SmolStr,
    /// The member, where its usage counts by itself.
    pub member: Option<MemberId>,
    /// The narrowest scope it counts in.
    pub scope: Scope,
    /// Tier before, from 0.
    pub from_tier: u8,
    /// Tier now.
    pub to_tier: u8,
    /// Units of the cycle before the record, in base units.
    pub units_before: u64,
    /// Units of the cycle after it.
    pub units_after: u64,
    /// Price before, of `from_unit` base units.
    pub from_price: Pico,
    /// See `from_price`.
    pub from_unit: u64,
    /// Price now, of `to_unit` base units.
    pub to_price: Pico,
    /// See `to_price`.
    pub to_unit: u64,
    /// What the record itself costs under the rate, less what a correction took back.
    pub own: Pico,
    /// The record's discount, which the difference has too, in basis points.
    pub discount_bps: u32,
}

/// A line of a purchase as it was priced; the lines add up to the charge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoughtLine {
    /// The item.
    pub item: SmolStr,
    /// How many.
    pub qty: u32,
    /// It is a product of this catalog version.
    pub product: Option<VersionNo>,
    /// What is owed for it now, discount and tax included; of instalments the first.
    pub amount: Money,
    /// Number of instalments, 1 for none.
    pub instalments: u16,
    /// Type of the card that it pays for.
    pub card: Option<SmolStr>,
}

/// Body of `charge_posted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChargePosted {
    /// What it is.
    pub kind: ChargeKind,
    /// How much.
    pub amount: Money,
    /// The sender's code, or the kind's.
    pub code: SmolStr,
    /// First day of the cycle it belongs to.
    pub cycle: Date,
}

/// Body of `purchase_recorded`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PurchaseRecorded {
    /// The purchase.
    pub purchase: PurchaseId,
    /// How it was paid.
    pub method: SmolStr,
    /// Its total.
    pub total: Money,
    /// First day of the cycle it belongs to.
    pub cycle: Date,
    /// Its lines.
    pub lines: Vec<BoughtLine>,
}

/// Why units of an allowance were given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GrantCause {
    /// A plan gives them for a cycle, or the rest of one.
    Plan,
    /// A product of this purchase gives them.
    Purchase(PurchaseId),
}

/// Body of `allowance_granted`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowanceGranted {
    /// Number of the grant within the account.
    pub grant: GrantNo,
    /// Name of the allowance.
    pub name: SmolStr,
    /// Catalog version whose definition holds for the grant.
    pub version: VersionNo,
    /// The allowance, in `version`.
    pub allowance: AllowanceNo,
    /// Whose it is: a member's, or the account's.
    pub member: Option<MemberId>,
    /// Units, in base units of its services.
    pub units: u64,
    /// Of them, at most so many abroad.
    pub units_abroad: Option<u64>,
    /// Covers records that begin from here on,
    pub from: Timestamp,
    /// and before here.
    pub until: Timestamp,
    /// First day of the cycle in which it was given.
    pub cycle: Date,
    /// Why.
    pub cause: GrantCause,
}

/// Body of `allowance_ended`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowanceEnded {
    /// The grant.
    pub grant: GrantNo,
    /// Name of the allowance.
    pub name: SmolStr,
    /// Units that it had left.
    pub left: u64,
    /// What it is counted in.
    pub measurement: Measurement,
    /// It covers records that begin before here only.
    pub until: Timestamp,
}

/// One warning of a crossing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrossedUnits {
    /// The warning.
    pub threshold: ThresholdId,
    /// Its units.
    pub units: u64,
    /// Its share of the units granted, in basis points.
    pub bps: u32,
}

/// Body of `allowance_threshold_crossed`: the latch rules of money, on units used of one grant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowanceCrossed {
    /// The grant.
    pub grant: GrantNo,
    /// Name of the allowance.
    pub name: SmolStr,
    /// Whose it is: a member's, or the account's.
    pub member: Option<MemberId>,
    /// What it is counted in.
    pub measurement: Measurement,
    /// All that were crossed, ascending.
    pub crossed: Vec<CrossedUnits>,
    /// The last of them.
    pub highest: ThresholdId,
    /// Units used before the group of events.
    pub used_before: u64,
    /// Units used after it.
    pub used_after: u64,
    /// Units granted.
    pub granted: u64,
    /// `granted - used_after`.
    pub remaining: u64,
    /// It covers nothing from here on.
    pub until: Timestamp,
    /// Why it moved.
    pub cause: Cause,
    /// Whether the customer is to be told (false within the cooldown).
    pub notify: bool,
    /// This event's own `out_id`.
    pub out_id: OutId,
}

/// Body of `allowance_threshold_recovered`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AllowanceRecovered {
    /// The grant.
    pub grant: GrantNo,
    /// Name of the allowance.
    pub name: SmolStr,
    /// Whose it is.
    pub member: Option<MemberId>,
    /// What it is counted in.
    pub measurement: Measurement,
    /// The warning.
    pub threshold: ThresholdId,
    /// `out_id` of the crossing that it ends.
    pub fired_out_id: OutId,
    /// Units used now.
    pub used: u64,
    /// Why it moved.
    pub cause: Cause,
}

/// Body of `fees_charged`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeesCharged {
    /// First day of the cycle.
    pub cycle: Date,
}

/// Body of `instalments_agreed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstalmentsAgreed {
    /// The purchase.
    pub purchase: PurchaseId,
    /// The product.
    pub product: SmolStr,
    /// How many there are, the first included.
    pub count: u16,
    /// What each but the last comes to.
    pub amount: Money,
    /// What the last one comes to: the rest.
    pub last_amount: Money,
}

/// Body of `correction_parked`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionParked {
    /// The record that it waits for.
    pub of: InputKey,
    /// The correction.
    pub input: Input,
    /// It waits until here.
    pub until: Timestamp,
}

/// Body of `quarantined`, of an input that waited for another in vain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CorrectionUnclaimed {
    /// Key of the correction.
    pub key: InputKey,
    /// The record that it waited for.
    pub of: InputKey,
    /// Why it is given up.
    pub reason: Reason,
    /// The particulars.
    pub detail: String,
}

/// Body of `tier_set`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TierSet {
    /// The tier; none: no longer one.
    pub tier: Option<SmolStr>,
    /// Last local day on which it holds.
    pub until: Option<Date>,
    /// The ledger; none means all.
    pub ledger: Option<LedgerName>,
}
