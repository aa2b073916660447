//! The canonical hash of an account's state: the same whatever partition, thread count or restart led to it.
//! Every field is fed in a fixed order, texts and lists with their length.

use crate::account::*;
use crate::collections::{Case, ClosedCase, Collections, DoneStep, Hold, Promise};
use crate::dedup::Dedup;
use crate::loyalty::{
    Card, CountedPoints, CountedSales, Earning, Ending, Gap, Ledger, Lot, Loyalty, Notice,
    ParkedRefund, Previous, Redemption, RedemptionState,
};
use crate::rare::{Nothing, Rare};
use crate::tariff::meters::{Counted, Grant, Meters, UnitLatch};
use smallvec::SmallVec;
use smol_str::SmolStr;
use thin_vec::ThinVec;
use umbral_model::event::{
    CaseBill, CaseState, EarningKind, EarningLine, LotSpent, NotEarned, OutId, PointsPaid,
};
use umbral_model::ids::*;
use umbral_model::input::{
    HoldReason, InputKey, Instalment, Measure, RestrictionReason, Scope, VipSource,
};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp};
use xxhash_rust::xxh3::Xxh3;

/// The hash of an account with its deduplication keys.
pub(crate) fn of_account(row: &Row, dedup: &Dedup) -> u128 {
    let mut hasher = Xxh3::new();
    row.feed(&mut hasher);
    dedup.hash_into(&mut hasher);
    hasher.digest128()
}

/// The hash of a row alone.
pub(crate) fn of_row(row: &Row) -> u128 {
    let mut hasher = Xxh3::new();
    row.feed(&mut hasher);
    hasher.digest128()
}

/// The hash of several accounts: a sum, so that it is the same however they are spread over partitions.
pub(crate) fn of_all(accounts: impl Iterator<Item = u128>) -> u128 {
    accounts.fold(0, u128::wrapping_add)
}

trait Feed {
    fn feed(&self, hasher: &mut Xxh3);
}

macro_rules! feed_integers {
    ($($type:ty),*) => {$(
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                hasher.update(&self.to_le_bytes());
            }
        }
    )*};
}

macro_rules! feed_words {
    ($($type:ty),*) => {$(
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                self.word().feed(hasher);
            }
        }
    )*};
}

macro_rules! feed_ids {
    ($($type:ty),*) => {$(
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                self.as_str().feed(hasher);
            }
        }
    )*};
}

macro_rules! feed_numbers {
    ($($type:ty),*) => {$(
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                self.0.feed(hasher);
            }
        }
    )*};
}

macro_rules! feed_fields {
    ($type:ty { $($($field:ident).+),* $(,)? }) => {
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                $(self.$($field).+.feed(hasher);)*
            }
        }
    };
}

feed_integers!(u8, u16, u32, u64, u128, i32, i64);
feed_words!(
    Measure,
    Scope,
    RestrictionReason,
    HoldReason,
    EarningKind,
    NotEarned,
    VipSource
);
feed_ids!(
    SmolStr,
    AccountId,
    MemberId,
    BillId,
    PaymentId,
    DisputeId,
    PromiseId,
    CaseId,
    ThresholdId,
    ScheduleName,
    PlanName,
    PurchaseId,
    RedemptionId,
    RefundId,
    LedgerName,
    Source,
    EventId
);
feed_numbers!(
    PlanNo,
    ClassNo,
    ZoneNo,
    VersionNo,
    OutId,
    GrantNo,
    AllowanceNo,
    CounterNo,
    LotNo
);

impl Feed for str {
    fn feed(&self, hasher: &mut Xxh3) {
        (self.len() as u64).feed(hasher);
        hasher.update(self.as_bytes());
    }
}

impl Feed for bool {
    fn feed(&self, hasher: &mut Xxh3) {
        u8::from(*self).feed(hasher);
    }
}

impl Feed for Money {
    fn feed(&self, hasher: &mut Xxh3) {
        self.micros().feed(hasher);
    }
}

impl Feed for Date {
    fn feed(&self, hasher: &mut Xxh3) {
        self.days().feed(hasher);
    }
}

impl Feed for Timestamp {
    fn feed(&self, hasher: &mut Xxh3) {
        self.nanos().feed(hasher);
    }
}

impl Feed for Currency {
    fn feed(&self, hasher: &mut Xxh3) {
        self.code().feed(hasher);
    }
}

macro_rules! feed_variants {
    ($($type:ty),*) => {$(
        impl Feed for $type {
            fn feed(&self, hasher: &mut Xxh3) {
                (*self as u8).feed(hasher);
            }
        }
    )*};
}

feed_variants!(PaymentState, RedemptionState, Ending, Notice);

impl<T: Feed> Feed for Option<T> {
    fn feed(&self, hasher: &mut Xxh3) {
        self.is_some().feed(hasher);
        if let Some(value) = self {
            value.feed(hasher);
        }
    }
}

impl<T: Feed + ?Sized> Feed for Box<T> {
    fn feed(&self, hasher: &mut Xxh3) {
        (**self).feed(hasher);
    }
}

impl<T: Feed + Nothing> Feed for Rare<T> {
    fn feed(&self, hasher: &mut Xxh3) {
        (**self).feed(hasher);
    }
}

impl<T: Feed> Feed for [T] {
    fn feed(&self, hasher: &mut Xxh3) {
        (self.len() as u64).feed(hasher);
        for item in self {
            item.feed(hasher);
        }
    }
}

impl<T: Feed> Feed for Vec<T> {
    fn feed(&self, hasher: &mut Xxh3) {
        self.as_slice().feed(hasher);
    }
}

impl<T: Feed> Feed for ThinVec<T> {
    fn feed(&self, hasher: &mut Xxh3) {
        self.as_slice().feed(hasher);
    }
}

impl<T: Feed> Feed for SmallVec<[T; 1]> {
    fn feed(&self, hasher: &mut Xxh3) {
        self.as_slice().feed(hasher);
    }
}

/// What waits is known by its key: its content is in the journal.
impl Feed for Parked {
    fn feed(&self, hasher: &mut Xxh3) {
        self.of.feed(hasher);
        self.input.key.feed(hasher);
        self.input.occurred_at.feed(hasher);
        self.until.feed(hasher);
    }
}

/// What stands for a corrected record is known by what it costs and takes; the rest is in the journal.
impl Feed for Corrected {
    fn feed(&self, hasher: &mut Xxh3) {
        self.corrections.feed(hasher);
        self.record.root.feed(hasher);
        self.record.occurred_at.feed(hasher);
        let rated = self.record.rated.as_ref();
        rated.map(|rated| rated.charge.amount).feed(hasher);
        rated.map(|rated| rated.cycle).feed(hasher);
    }
}

impl<T: Feed, const N: usize> Feed for [T; N] {
    fn feed(&self, hasher: &mut Xxh3) {
        for item in self {
            item.feed(hasher);
        }
    }
}

impl<A: Feed, B: Feed> Feed for (A, B) {
    fn feed(&self, hasher: &mut Xxh3) {
        self.0.feed(hasher);
        self.1.feed(hasher);
    }
}

impl<A: Feed, B: Feed, C: Feed> Feed for (A, B, C) {
    fn feed(&self, hasher: &mut Xxh3) {
        self.0.feed(hasher);
        self.1.feed(hasher);
        self.2.feed(hasher);
    }
}

/// A refund that waits is known by its key: its content is in the journal.
impl Feed for ParkedRefund {
    fn feed(&self, hasher: &mut Xxh3) {
        self.key.feed(hasher);
        self.occurred_at.feed(hasher);
        self.until.feed(hasher);
    }
}

impl Feed for Row {
    fn feed(&self, hasher: &mut Xxh3) {
        self.id.feed(hasher);
        self.seq.feed(hasher);
        self.opened_at.feed(hasher);
        self.unbilled.feed(hasher);
        self.unbilled_current.feed(hasher);
        self.open.feed(hasher);
        self.disputed.feed(hasher);
        self.credit.feed(hasher);
        self.usage.feed(hasher);
        self.charges.feed(hasher);
        self.cycle_start.feed(hasher);
        self.class.feed(hasher);
        self.plan.feed(hasher);
        self.zone.feed(hasher);
        self.vip_rank.feed(hasher);
        self.cycle_day.feed(hasher);
        self.currency.feed(hasher);
        self.tariff_is_cold.feed(hasher);
        self.fees_due.feed(hasher);
        self.cold().feed(hasher);
        self.meters().feed(hasher);
    }
}

feed_fields!(Cold {
    tariff.profile,
    tariff.member_category,
    tariff.plans,
    members,
    tariff.classes,
    tariff.tiers,
    fees,
    tariff.instalments,
    tariff.corrected,
    tariff.parked,
    tariff.class_change,
    tariff.own_class,
    tariff.vip_ranks,
    tariff.plan_changes,
    closed,
    buckets,
    billed_to,
    overrides,
    deposit,
    latches,
    restrictions,
    billing.bills,
    billing.payments,
    billing.other_credit,
    billing.disputes,
    collections,
    loyalty,
});
feed_fields!(Member {
    id,
    opened_at,
    closed_at,
    plans
});
feed_fields!(TierHeld {
    from,
    tier,
    until,
    ledger
});
feed_fields!(PaidFee {
    plan,
    member,
    fee,
    from,
    until,
    days_in_cycle,
    by_day
});
feed_fields!(Instalments {
    purchase,
    product,
    next,
    count,
    amount,
    last_amount
});
feed_fields!(InputKey { source, event_id });
feed_fields!(Meters {
    grants,
    counters,
    last_grant
});
feed_fields!(Grant {
    no,
    version,
    allowance,
    member,
    units,
    used,
    units_abroad,
    used_abroad,
    from,
    until,
    cycle,
    latches
});
feed_fields!(UnitLatch {
    threshold,
    published,
    notified_at
});
feed_fields!(Counted {
    cycle,
    counter,
    member,
    units
});
feed_fields!(PlanChange { member, on, plan });
feed_fields!(ClassChange {
    on,
    class,
    migrates_case
});
feed_fields!(VipRank { source, rank });
feed_fields!(CycleTotals {
    start,
    usage,
    charges
});
feed_fields!(Override {
    measure,
    scope,
    amount,
    until
});
feed_fields!(Latch {
    measure,
    scope,
    threshold,
    fired,
    published,
    notified_at
});
feed_fields!(Restriction {
    service,
    reason,
    source
});
feed_fields!(Bill {
    id,
    cycle_end,
    due_on,
    amount,
    remaining,
    disputed,
    reduced,
    voided,
    handed_over
});
feed_fields!(Payment {
    id,
    seq,
    received_at,
    received_on,
    amount,
    state,
    allocations,
    credit
});
feed_fields!(Dispute { id, bill, amount });
feed_fields!(Collections {
    case,
    closed,
    cured_on,
    cases_opened,
    last_contact_on,
    promise,
    holds
});
feed_fields!(Case {
    state,
    done,
    exhausted
});
feed_fields!(ClosedCase {
    case,
    on,
    reason,
    cured_by,
    earlier_cure_on
});
feed_fields!(DoneStep {
    step,
    action,
    severity,
    on,
    at,
    seq,
    asked,
    corrected_by,
    result
});
feed_fields!(Promise {
    id,
    seq,
    instalments,
    paid
});
feed_fields!(Hold { reason, until });
feed_fields!(Instalment { amount, due_on });
feed_fields!(CaseBill {
    bill,
    remaining,
    disputed,
    due_on
});
feed_fields!(CaseState {
    case,
    schedule_version,
    anchor_on,
    overdue_total,
    bills,
    step,
    next_step_on,
    held_days,
    hold_reasons,
    schedule,
    pinned_version,
    first_step,
    day,
    not_before,
    severe_not_before,
    held_since,
    grace_until,
    step_shift,
    severity_passed,
});
feed_fields!(Loyalty {
    ledgers,
    cards,
    earnings,
    redemptions,
    parked,
    last_lot
});
feed_fields!(Ledger {
    name,
    opened_on,
    ended,
    lots,
    debt,
    tier,
    base_tier,
    base_on,
    counter,
    validity_from,
    valid_until,
    sales,
    previous,
    granted,
    active_on,
    frozen_on,
    gaps,
    ages,
    told
});
feed_fields!(Gap { from, to, reason });
feed_fields!(Previous {
    tier,
    base_tier,
    base_on,
    counter,
    from,
    until,
    sales
});
feed_fields!(Lot {
    no,
    source,
    source_ref,
    points,
    remaining,
    reserved,
    gone,
    pending,
    earned_on,
    available_on,
    expires_on
});
feed_fields!(Earning {
    ledger,
    kind,
    source_ref,
    occurred_at,
    version,
    rule_version,
    multiplier_bps,
    lines,
    points_part,
    refunded,
    refunds,
    held_back,
    used_before_report,
    card,
    written_off,
    voided,
    granted,
    points,
    sales
});
feed_fields!(CountedPoints { base, points });
feed_fields!(CountedSales { validity, sales });
feed_fields!(EarningLine {
    item,
    value,
    rule,
    promotion,
    refunded
});
feed_fields!(PointsPaid { redemption, amount });
feed_fields!(LotSpent { lot, points });
feed_fields!(Redemption {
    id,
    ledger,
    state,
    allocations,
    until,
    at
});
feed_fields!(Card {
    card,
    card_type,
    from,
    holder,
    unconfirmed,
    lost_at,
    replaced,
    closed_at,
    valid_until,
    expired,
    gaps
});
