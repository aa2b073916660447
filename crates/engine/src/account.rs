//! The state of one account: a small flat hot part that every record touches, and the rare things behind a
//! shared pointer that is copied when written.

use crate::collections::Collections;
use crate::dates;
use crate::loyalty::Loyalty;
use crate::rare::{Nothing, Rare};
use crate::tariff::meters::Meters;
use crate::world::World;
use smol_str::SmolStr;
use std::sync::Arc;
use thin_vec::ThinVec;
use umbral_model::event::OutId;
use umbral_model::ids::*;
use umbral_model::input::{
    Input, InputKey, Measure, RatedRecord, RestrictionReason, Scope, VipSource,
};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{Date, Timestamp};

/// Measures of a class whose quiet range is remembered in the row.
pub(crate) const GUARDS: usize = 3;
/// Closed cycles whose totals are kept besides the current one.
pub(crate) const CLOSED_KEPT: usize = 2;

/// One account. Cloning copies the hot part and shares the cold one.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Row {
    pub(crate) id: AccountId,
    /// Position of its last event; 0 before the account opened.
    pub(crate) seq: u64,
    pub(crate) opened_at: Timestamp,
    /// Rated usage and charges that no bill took up yet, over all cycles.
    pub(crate) unbilled: Money,
    /// The current cycle's part of `unbilled`, and what joined it late.
    pub(crate) unbilled_current: Money,
    /// What is left of all open bills and late fees.
    pub(crate) open: Money,
    /// The disputed part of `open`.
    pub(crate) disputed: Money,
    /// Money of the customer that pays no bill yet.
    pub(crate) credit: Money,
    /// Money of the current cycle's rated usage, by scope in the order of `Scope::ALL`.
    pub(crate) usage: [Money; 4],
    /// The current cycle's charges beside usage.
    pub(crate) charges: Money,
    /// First day of the current cycle.
    pub(crate) cycle_start: Date,
    pub(crate) class: ClassNo,
    /// The plan in force since the last change.
    pub(crate) plan: Option<PlanNo>,
    pub(crate) zone: ZoneNo,
    pub(crate) vip_rank: u16,
    pub(crate) cycle_day: u8,
    pub(crate) currency: Currency,
    /// Plans changed, a member has its own, or a profile prices: the cold part decides the tariff.
    pub(crate) tariff_is_cold: bool,
    /// What the current cycle's beginning brings is not charged and granted yet.
    pub(crate) fees_due: bool,
    pub(crate) cold: Option<Arc<Cold>>,
    pub(crate) meters: Option<Arc<Meters>>,
    #[serde(skip)]
    pub(crate) cache: Cache,
}

/// What follows from the rest of the row, the class and the zone; no part of the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cache {
    /// When the next timer is due.
    pub due_at: Timestamp,
    /// First instant of the current cycle.
    pub cycle_from: Timestamp,
    /// First instant after it.
    pub cycle_to: Timestamp,
    /// A catalog version that came into force at this instant is still to be looked at.
    pub config_due: Timestamp,
    /// The latest instant as of which something was decided: which schedule a case would open under.
    pub evaluated_at: Timestamp,
    /// Exposure limit; the largest amount where there is none.
    pub exposure_limit: Money,
    /// Quiet ranges of the class's measures, in the order of the class.
    pub guards: Guards,
    /// How many of `guards` count; `UNKNOWN` until thresholds are compared.
    pub guard_count: u8,
}

/// Values strictly between `low` and `high` cross no threshold either way; by measure of the class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guards {
    pub of: [(Measure, Scope); GUARDS],
    pub low: [Money; GUARDS],
    pub high: [Money; GUARDS],
}

impl Cache {
    /// `guard_count` before thresholds were compared.
    pub(crate) const UNKNOWN: u8 = u8::MAX;

    pub(crate) const EMPTY: Cache = Cache {
        due_at: Timestamp::MAX,
        cycle_from: Timestamp::MIN,
        cycle_to: Timestamp::MAX,
        config_due: Timestamp::MAX,
        evaluated_at: Timestamp::MIN,
        exposure_limit: Money::MAX,
        guards: Guards {
            of: [(Measure::Exposure, Scope::All); GUARDS],
            low: [Money::MAX; GUARDS],
            high: [Money::ZERO; GUARDS],
        },
        guard_count: Cache::UNKNOWN,
    };
}

impl Default for Cache {
    fn default() -> Self {
        Cache::EMPTY
    }
}

/// The rare things of an account. What most accounts come to have stands here itself, what few have behind a
/// word of its own.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cold {
    /// Members in the order in which they were added.
    pub members: ThinVec<Member>,
    /// Fees of the current cycle, by holder.
    pub fees: ThinVec<PaidFee>,
    /// The two cycles before the current one, newest first.
    pub closed: ThinVec<CycleTotals>,
    /// Unbilled money of earlier cycles, by first day, ascending.
    pub buckets: ThinVec<(Date, Money)>,
    /// Cycles that end on this day or before are billed.
    pub billed_to: Option<Date>,
    /// The customer's own limits.
    pub overrides: ThinVec<Override>,
    /// Added to the exposure limit.
    pub deposit: Money,
    /// Latches that are fired or remember a crossing; the others are armed.
    pub latches: ThinVec<Latch>,
    /// Why services are restricted, in the order in which reasons came.
    pub restrictions: ThinVec<Restriction>,
    /// What the tariff depends on beside the plan of the row.
    pub tariff: Rare<TariffHistory>,
    /// Bills, and what became of them.
    pub billing: Rare<Billing>,
    /// Cases, promises, holds.
    pub collections: Rare<Collections>,
    /// Points, cards, and what earns and spends.
    pub loyalty: Rare<Loyalty>,
}

static NO_COLD: Cold = Cold {
    members: ThinVec::new(),
    fees: ThinVec::new(),
    closed: ThinVec::new(),
    buckets: ThinVec::new(),
    billed_to: None,
    overrides: ThinVec::new(),
    deposit: Money::ZERO,
    latches: ThinVec::new(),
    restrictions: ThinVec::new(),
    tariff: Rare::NOTHING,
    billing: Rare::NOTHING,
    collections: Rare::NOTHING,
    loyalty: Rare::NOTHING,
};

/// Profiles, changes of plan and class, tiers, what was bought and what was corrected.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct TariffHistory {
    /// Rating profile instead of a plan.
    pub profile: Option<SmolStr>,
    pub member_category: Option<SmolStr>,
    /// Plans of the account from when on, ascending, once they changed.
    pub plans: ThinVec<(Timestamp, PlanNo)>,
    /// Classes from when on, ascending, once the class changed.
    pub classes: ThinVec<(Timestamp, ClassNo)>,
    /// Loyalty tiers from when on, ascending.
    pub tiers: ThinVec<TierHeld>,
    /// Instalments to come, in the order in which they were agreed.
    pub instalments: ThinVec<Instalments>,
    /// Records that were corrected, with what stands for them now, in the order of their first corrections.
    pub corrected: ThinVec<Corrected>,
    /// Corrections that wait for their records, in the order in which they came.
    pub parked: ThinVec<Parked>,
    /// The class to come.
    pub class_change: Option<ClassChange>,
    /// The account's own class, where its VIP rank chooses another one.
    pub own_class: Option<ClassNo>,
    /// VIP ranks by source, without those of 0.
    pub vip_ranks: ThinVec<VipRank>,
    /// Plans to come.
    pub plan_changes: ThinVec<PlanChange>,
}

impl Nothing for TariffHistory {
    fn nothing() -> &'static TariffHistory {
        static NOTHING: TariffHistory = TariffHistory {
            profile: None,
            member_category: None,
            plans: ThinVec::new(),
            classes: ThinVec::new(),
            tiers: ThinVec::new(),
            instalments: ThinVec::new(),
            corrected: ThinVec::new(),
            parked: ThinVec::new(),
            class_change: None,
            own_class: None,
            vip_ranks: ThinVec::new(),
            plan_changes: ThinVec::new(),
        };
        &NOTHING
    }
}

/// The open items of an account.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Billing {
    /// Bills and late fees in the order in which they were opened.
    pub bills: ThinVec<Bill>,
    /// Payments in the order in which they came.
    pub payments: ThinVec<Payment>,
    /// Credit that came from no payment: negative bills, credit notes.
    pub other_credit: Money,
    /// Open disputes.
    pub disputes: ThinVec<Dispute>,
}

impl Nothing for Billing {
    fn nothing() -> &'static Billing {
        static NOTHING: Billing = Billing {
            bills: ThinVec::new(),
            payments: ThinVec::new(),
            other_credit: Money::ZERO,
            disputes: ThinVec::new(),
        };
        &NOTHING
    }
}

/// A subscription, child account, family member or card holder.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Member {
    pub id: MemberId,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Its own plans from when on, ascending; none: the account's.
    pub plans: ThinVec<(Timestamp, PlanNo)>,
}

/// A loyalty tier from an instant on, or the end of one.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct TierHeld {
    pub from: Timestamp,
    pub tier: Option<SmolStr>,
    /// Last local day.
    pub until: Option<Date>,
    /// The ledger whose tier it is; none: a word of the operator's own.
    pub ledger: Option<LedgerName>,
}

/// What is paid of a plan's fee in the current cycle.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PaidFee {
    pub plan: PlanName,
    /// The member whose own plan it is.
    pub member: Option<MemberId>,
    /// Of a whole cycle.
    pub fee: Money,
    pub from: Date,
    pub until: Date,
    pub days_in_cycle: u16,
    /// Unused days are credited.
    pub by_day: bool,
}

/// Instalments of a purchase that are to come, one a cycle.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Instalments {
    pub purchase: PurchaseId,
    pub product: SmolStr,
    /// Number of the next one.
    pub next: u16,
    pub count: u16,
    pub amount: Money,
    pub last_amount: Money,
}

/// What stands for a record that was corrected.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Corrected {
    /// Keys of its corrections, in order: one of them may be named by the next.
    pub corrections: Vec<InputKey>,
    pub record: Arc<RatedRecord>,
}

/// A correction that waits for its record.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Parked {
    pub of: InputKey,
    pub input: Arc<Input>,
    pub until: Timestamp,
}

/// A class to come.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct ClassChange {
    pub on: Date,
    pub class: ClassNo,
    /// An open case goes on by its schedule.
    pub migrates_case: bool,
}

/// The VIP rank that a source gives.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct VipRank {
    pub source: VipSource,
    pub rank: u16,
}

/// A plan to come.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct PlanChange {
    pub member: Option<MemberId>,
    pub on: Date,
    pub plan: PlanNo,
}

/// What a closed cycle came to.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct CycleTotals {
    pub start: Date,
    pub usage: [Money; 4],
    pub charges: Money,
}

/// A limit of the customer's own.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Override {
    pub measure: Measure,
    pub scope: Scope,
    pub amount: Money,
    pub until: Option<Date>,
}

/// The state of one threshold that is fired, or was.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Latch {
    pub measure: Measure,
    pub scope: Scope,
    pub threshold: ThresholdId,
    pub fired: bool,
    /// The crossing that was published for it, while it is fired.
    pub published: Option<OutId>,
    /// When the customer was last told, by the crossing's `effective_at`.
    pub notified_at: Option<Timestamp>,
}

/// One reason to restrict a service.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Restriction {
    pub service: SmolStr,
    pub reason: RestrictionReason,
    pub source: SmolStr,
}

/// A bill, or the late fee of a collection step.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Bill {
    pub id: BillId,
    /// First day after the billed cycle; none for a late fee.
    pub cycle_end: Option<Date>,
    pub due_on: Date,
    pub amount: Money,
    pub remaining: Money,
    /// The disputed part of `remaining`.
    pub disputed: Money,
    /// Credit notes, write-offs, won disputes.
    pub reduced: Money,
    pub voided: bool,
    /// Closed cases were handed over by command; no later case asks for it.
    pub handed_over: bool,
}

impl Bill {
    /// What may be asked for and is paid first.
    pub(crate) fn undisputed(&self) -> Money {
        self.remaining - self.disputed
    }

    /// What payments and credit paid of it.
    pub(crate) fn paid(&self) -> Money {
        self.amount - self.reduced - self.remaining
    }
}

/// What became of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) enum PaymentState {
    Pending,
    Settled,
    Reversed,
}

/// A payment.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Payment {
    pub id: PaymentId,
    /// Position of the event that posted or settled it.
    pub seq: u64,
    /// When it was made, or settled.
    pub received_at: Timestamp,
    pub received_on: Date,
    pub amount: Money,
    pub state: PaymentState,
    /// What it paid so far, later uses of its credit included.
    pub allocations: Vec<(BillId, Money)>,
    /// What of it pays nothing yet.
    pub credit: Money,
}

/// An open dispute.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Dispute {
    pub id: DisputeId,
    pub bill: BillId,
    pub amount: Money,
}

impl Row {
    /// An account that does not exist yet.
    pub(crate) fn new(id: AccountId) -> Row {
        Row {
            id,
            seq: 0,
            opened_at: Timestamp::MIN,
            unbilled: Money::ZERO,
            unbilled_current: Money::ZERO,
            open: Money::ZERO,
            disputed: Money::ZERO,
            credit: Money::ZERO,
            usage: [Money::ZERO; 4],
            charges: Money::ZERO,
            cycle_start: Date::default(),
            class: ClassNo(0),
            plan: None,
            zone: ZoneNo(0),
            vip_rank: 0,
            cycle_day: 1,
            currency: Currency::default(),
            tariff_is_cold: false,
            fees_due: false,
            cold: None,
            meters: None,
            cache: Cache::EMPTY,
        }
    }

    /// Reads every line of memory of the row, so that they are near when they are needed.
    pub(crate) fn touch(&self) -> u64 {
        let cache = &self.cache;
        self.seq
            ^ self.usage[0].micros() as u64
            ^ self.unbilled.micros() as u64
            ^ self.cycle_start.days() as u64
            ^ cache.due_at.nanos() as u64
            ^ cache.exposure_limit.micros() as u64
            ^ cache.guards.low[0].micros() as u64
            ^ cache.guards.high[GUARDS - 1].micros() as u64
    }

    /// The rare things.
    pub(crate) fn cold(&self) -> &Cold {
        match &self.cold {
            Some(cold) => cold,
            None => &NO_COLD,
        }
    }

    /// The rare things, to be changed: copied if another row shares them.
    pub(crate) fn cold_mut(&mut self) -> &mut Cold {
        Arc::make_mut(self.cold.get_or_insert_with(|| Arc::new(NO_COLD.clone())))
    }

    /// Whether two rows are the same state; what is only remembered of it does not count.
    pub(crate) fn same_state(&self, other: &Row) -> bool {
        crate::hash::of_row(self) == crate::hash::of_row(other)
    }

    /// First day of the cycle after the current one.
    pub(crate) fn next_cycle(&self) -> Date {
        dates::next_cycle(self.cycle_start, self.cycle_day)
    }

    /// First day of the cycle in which `at` falls; what lies after the current cycle counts in it.
    pub(crate) fn cycle_of(&self, world: &World, at: Timestamp) -> Date {
        if at >= self.cache.cycle_from {
            return self.cycle_start;
        }
        let cycle = dates::cycle_of(world.zone(self.zone).local(at).date, self.cycle_day);
        let closed = &self.cold().closed;
        // An account has no cycle before its first, even if its zone's days have moved since it began.
        match closed.len() < CLOSED_KEPT {
            true => cycle.max(closed.last().map_or(self.cycle_start, |first| first.start)),
            false => cycle,
        }
    }

    /// Whether the totals of that cycle are still kept.
    pub(crate) fn keeps_cycle(&self, start: Date) -> bool {
        start == self.cycle_start || self.cold().closed.iter().any(|cycle| cycle.start == start)
    }

    /// Recomputes the instants of the current cycle; due after the cycle or the zone changed.
    pub(crate) fn refresh_cycle(&mut self, world: &World) {
        let zone = world.zone(self.zone);
        self.cache.cycle_from = zone.start_of_day(self.cycle_start);
        self.cache.cycle_to = zone.start_of_day(self.next_cycle());
    }

    /// Forgets the quiet ranges: class, limit or latches changed.
    pub(crate) fn forget_guards(&mut self) {
        self.cache.guard_count = Cache::UNKNOWN;
    }

    pub(crate) fn bill(&self, id: &BillId) -> Option<&Bill> {
        self.cold().billing.bills.iter().find(|bill| bill.id == *id)
    }

    pub(crate) fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.cold()
            .billing
            .payments
            .iter()
            .find(|payment| payment.id == *id)
    }
}
