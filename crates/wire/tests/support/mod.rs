//! Arbitrary values of the model, from a seed: every field of every kind of input, event and entry.
#![allow(dead_code, clippy::expect_used)]

use smol_str::SmolStr;
use umbral_model::charge::{Charge, Covered, Held, Segment};
use umbral_model::event::*;
use umbral_model::ids::*;
use umbral_model::input::*;
use umbral_model::journal::*;
use umbral_model::money::{Currency, Money, Pico, Rounding, RoundingMode};
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp, ZoneRules};
use umbral_model::units::Measurement;

/// A small generator (SplitMix64): the same values for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Small numbers as often as large ones.
    pub(crate) fn any_size(&mut self) -> u64 {
        let shift = self.below(64);
        self.next() >> shift
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

/// A value at random.
pub(crate) trait Arbitrary: Sized {
    fn arbitrary(dice: &mut Dice) -> Self;
}

pub(crate) fn any<T: Arbitrary>(dice: &mut Dice) -> T {
    T::arbitrary(dice)
}

impl Arbitrary for SmolStr {
    fn arbitrary(dice: &mut Dice) -> Self {
        const PARTS: [&str; 12] = [
            "a",
            "Z9",
            "-",
            " ",
            "\"",
            "\\",
            "\n",
            "\u{1}",
            "é",
            "€",
            "😀",
            "long enough to leave the stack",
        ];
        let mut text = String::new();
        for _ in 0..=dice.below(5) {
            let part = dice.pick(&PARTS);
            // A longer id would be refused.
            if text.len() + part.len() <= MAX_ID_BYTES {
                text.push_str(part);
            }
        }
        text.into()
    }
}

impl Arbitrary for String {
    fn arbitrary(dice: &mut Dice) -> Self {
        SmolStr::arbitrary(dice).to_string()
    }
}

macro_rules! texts {
    ($($type:ty),*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(dice: &mut Dice) -> Self {
                <$type>::new(SmolStr::arbitrary(dice))
            }
        }
    )*};
}

texts!(
    AccountId,
    MemberId,
    Source,
    EventId,
    BillId,
    PaymentId,
    DisputeId,
    PromiseId,
    CaseId,
    PurchaseId,
    RedemptionId,
    RefundId,
    LedgerName,
    ThresholdId,
    PlanName,
    ClassName,
    ScheduleName,
    ZoneName
);

macro_rules! numbers {
    ($($type:ty: $make:expr;)*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(dice: &mut Dice) -> Self {
                $make(dice.any_size())
            }
        }
    )*};
}

numbers! {
    u8: |n| n as u8;
    u16: |n| n as u16;
    u32: |n| n as u32;
    i32: |n| n as u32 as i32;
    u64: |n| n >> 1;
    bool: |n| n & 1 == 1;
    PartitionNo: |n| PartitionNo(n as u16);
    VersionNo: |n| VersionNo(n as u32);
    PlanNo: |n| PlanNo(n as u16);
    ServiceNo: |n| ServiceNo(n as u8);
    RuleNo: |n| RuleNo(n as u32);
    RateNo: |n| RateNo(n as u32);
    BandNo: |n| BandNo(n as u16);
    PrefixNo: |n| PrefixNo(n as u32);
    DestinationNo: |n| DestinationNo(n as u16);
    AllowanceNo: |n| AllowanceNo(n as u16);
    DiscountNo: |n| DiscountNo(n as u16);
    GrantNo: |n| GrantNo(n as u32);
    LotNo: |n| LotNo(n as u32);
}

/// Signed, of any size.
fn signed(dice: &mut Dice) -> i64 {
    let magnitude = (dice.any_size() >> 2) as i64;
    if bool::arbitrary(dice) {
        magnitude
    } else {
        -magnitude
    }
}

impl Arbitrary for i64 {
    fn arbitrary(dice: &mut Dice) -> Self {
        signed(dice)
    }
}

impl Arbitrary for Money {
    fn arbitrary(dice: &mut Dice) -> Self {
        Money::from_micros(signed(dice))
    }
}

impl Arbitrary for Pico {
    fn arbitrary(dice: &mut Dice) -> Self {
        Pico::from_picos(i128::from(signed(dice)) * i128::from(dice.below(1_000_000)))
    }
}

impl Arbitrary for Date {
    fn arbitrary(dice: &mut Dice) -> Self {
        Date::from_days(dice.below(3_000_000) as i32 - 700_000)
    }
}

impl Arbitrary for Timestamp {
    fn arbitrary(dice: &mut Dice) -> Self {
        Timestamp::from_nanos(signed(dice))
    }
}

impl Arbitrary for ServiceName {
    fn arbitrary(dice: &mut Dice) -> Self {
        ServiceName::new(dice.pick(&["voice", "data", "sms", "content", "satellite"]))
    }
}

impl Arbitrary for PartyNumber {
    fn arbitrary(dice: &mut Dice) -> Self {
        PartyNumber::split(dice.pick(&["", "112", "34600111222", "12345678", "123456789", "ANON"]))
    }
}

impl Arbitrary for Usage {
    fn arbitrary(dice: &mut Dice) -> Self {
        Usage {
            service: any(dice),
            direction: any(dice),
            to: any(dice),
            zone: any(dice),
            network: dice
                .pick(&[None, Some("310"), Some("20801"), Some("334020")])
                .map(SmolStr::new),
            quantity: any(dice),
            duration: any(dice),
            scope: any(dice),
            continued: any(dice),
            reservation: any(dice),
        }
    }
}

/// The id of a corrected record: never that of the correction itself, which would be refused.
fn id_of_another(dice: &mut Dice) -> EventId {
    EventId::new(format!("record-{}", dice.any_size()))
}

impl Arbitrary for UsageCorrected {
    fn arbitrary(dice: &mut Dice) -> Self {
        UsageCorrected {
            corrects: id_of_another(dice),
            corrects_source: any(dice),
            usage: any(dice),
            original: any(dice),
        }
    }
}

impl Arbitrary for UsageCancelled {
    fn arbitrary(dice: &mut Dice) -> Self {
        UsageCancelled {
            cancels: id_of_another(dice),
            cancels_source: any(dice),
            started_at: any(dice),
            original: any(dice),
        }
    }
}

impl Arbitrary for PurchaseLine {
    fn arbitrary(dice: &mut Dice) -> Self {
        PurchaseLine {
            category: any(dice),
            item: any(dice),
            qty: dice.pick(&[1, 2, 300, PurchaseLine::QTY_MOST]),
            net: any(dice),
            tax: any(dice),
            discount: any(dice),
        }
    }
}

impl Arbitrary for Currency {
    fn arbitrary(dice: &mut Dice) -> Self {
        Currency::parse(dice.pick(&["EUR", "JPY", "KWD"])).expect("a currency")
    }
}

impl Arbitrary for OutId {
    fn arbitrary(dice: &mut Dice) -> Self {
        OutId(u128::from(dice.next()) << 64 | u128::from(dice.any_size()))
    }
}

impl Arbitrary for Identifier {
    fn arbitrary(dice: &mut Dice) -> Self {
        let kind = dice.pick(&IdentifierKind::WORDS).0;
        Identifier {
            kind,
            value: dice
                .pick(&["34600000001", "214070000000001", "10001"])
                .into(),
        }
    }
}

impl Arbitrary for Effective {
    fn arbitrary(dice: &mut Dice) -> Self {
        let day = any(dice);
        dice.pick(&[Effective::Now, Effective::NextCycle, Effective::On(day)])
    }
}

impl Arbitrary for ZoneRules {
    fn arbitrary(dice: &mut Dice) -> Self {
        let transition = |dice: &mut Dice| (signed(dice) / 1_000_000_000, signed(dice) as i32);
        ZoneRules {
            name: any(dice),
            initial_offset: signed(dice) as i32,
            transitions: (0..dice.below(4)).map(|_| transition(dice)).collect(),
        }
    }
}

impl Arbitrary for (SmolStr, SmolStr) {
    fn arbitrary(dice: &mut Dice) -> Self {
        (any(dice), any(dice))
    }
}

impl Arbitrary for [Money; 4] {
    fn arbitrary(dice: &mut Dice) -> Self {
        [any(dice), any(dice), Money::ZERO, any(dice)]
    }
}

impl<T: Arbitrary> Arbitrary for Option<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        bool::arbitrary(dice).then(|| any(dice))
    }
}

impl<T: Arbitrary> Arbitrary for Vec<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        (0..dice.below(4)).map(|_| any(dice)).collect()
    }
}

impl<T: Arbitrary> Arbitrary for Box<T> {
    fn arbitrary(dice: &mut Dice) -> Self {
        Box::new(any(dice))
    }
}

macro_rules! variants {
    ($($type:ident: $($variant:ident)*;)*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(dice: &mut Dice) -> Self {
                dice.pick(&[$($type::$variant),*])
            }
        }
    )*};
}

variants! {
    Direction: Originating Terminating;
    Scope: All Voice Data RoamingData;
    Measure: Exposure CycleUsage CycleCharges;
    VipSource: Assigned Bought Earned;
    HoldReason: Dispute Promise Exempt Manual;
    CaseOutcome: Agency Exempted WrittenOff;
    RestrictionReason: Limit Collections Manual Fraud;
    Cause: Usage Charge Payment Refund Reservation LimitChange ClassChange Config Dispute ReplayCorrection;
    TimerKind: Cycle OverrideEnd ClassDate Fee Parked Config Promise HoldEnd Grace Case Step PointsRelease
        RedemptionTimeout LotExpiry TierEnd CardExpiry CardClosing Inactivity LoyaltyNotice;
    Reduction: CreditNote WriteOff Correction;
    Measurement: Time Octets Events;
    RoundingMode: HalfUp Up Down HalfEven;
}

macro_rules! structures {
    ($($type:ident { $($field:ident)* })*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(dice: &mut Dice) -> Self {
                $type { $($field: any(dice)),* }
            }
        }
    )*};
}

mod loyalty;

structures! {
    InputKey { source event_id }
    CatalogActivated { version effective_from retroactive files zones }
    CustomerAdded { class plan profile time_zone cycle_day vip_rank member_category }
    MemberAdded { member plan identifiers }
    MemberRemoved { member }
    IdentifierChange { member identifier }
    ClassChanged { class effective migrate_case }
    VipRankChanged { rank source }
    PlanChanged { plan effective }
    TimeZoneChanged { time_zone }
    LimitOverridden { measure scope amount until }
    DepositReceived { amount }
    ChargeAdded { amount code }
    BillLine { category item net purchase }
    BillIssued { bill cycle_end amount due_on lines replaces keep_due_on }
    BillVoided { bill }
    Allocation { bill amount }
    PaymentReceived { payment amount method allocations pending }
    PaymentReversed { payment }
    CreditNote { bill amount }
    WriteOff { bill amount }
    DisputeOpened { dispute bill amount }
    DisputeResolved { dispute accepted_amount }
    Instalment { amount due_on }
    PromiseMade { promise instalments }
    PromiseCancelled { promise }
    HoldSet { reason until }
    HoldCleared { reason }
    StepCompleted { case step result }
    CaseClosedBy { case outcome }
    RestrictionChanged { service reason command barred }
    RatedRecord { root occurred_at rated }
    Segment { version rule rate band offset usage billed covered tier increment price unit }
    Covered { segment grant version allowance units left }
    Rounding { mode decimals }
    TimerCause { kind id due_at }
    AccountOpened { class plan profile currency time_zone cycle_day vip_rank member_category cycle_start }
    MemberOpened { member plan }
    MemberClosed { member }
    IdentifierNoted { member given }
    ClassChangeScheduled { class on migrate_case }
    ClassSet { from to own }
    VipRankSet { source rank }
    EffortNoted { score }
    PlanChangeScheduled { member plan on }
    PlanSet { member plan }
    ZoneSet { time_zone }
    UsageRated { member scope cycle quantity charge over_limit_amount }
    ChargePosted { kind amount code cycle }
    UsageCorrection { root corrects correction occurred_at started_at before after difference }
    FeeCharge { plan member fee from until days_in_cycle by_day credit }
    VolumeCharge {
        rate member scope from_tier to_tier units_before units_after from_price from_unit to_price to_unit own discount_bps
    }
    FeesCharged { cycle }
    BoughtLine { item qty product amount instalments card }
    PurchaseRecorded { purchase method total cycle lines }
    AllowanceGranted {
        grant name version allowance member units units_abroad from until cycle cause
    }
    AllowanceEnded { grant name left measurement until }
    CrossedUnits { threshold units bps }
    AllowanceCrossed {
        grant name member measurement crossed highest used_before used_after granted remaining until cause
        notify out_id
    }
    AllowanceRecovered { grant name member measurement threshold fired_out_id used cause }
    InstalmentsAgreed { purchase product count amount last_amount }
    CorrectionParked { of input until }
    CorrectionUnclaimed { key of reason detail }
    TierSet { tier until ledger }
    CycleClosed { cycle_start cycle_end usage charges }
    BillOpened { bill cycle_end amount due_on unbilled bill_variance replaces }
    BillWithdrawn { bill unbilled credit }
    PaymentPosted { payment amount method allocations credit pending received_on }
    PaymentReturned { payment allocations credit }
    CreditApplied { allocations }
    BillReduced { bill reduction amount credit }
    DisputeNoted { dispute bill amount }
    DisputeSettled { dispute bill accepted_amount credit }
    LimitSet { measure scope amount until }
    DepositPosted { amount }
    LatchSet { measure scope threshold fired }
    Crossed { threshold amount bps }
    ThresholdCrossed {
        measure scope epoch crossed highest value_before value_after limit remaining cause notify out_id
    }
    ThresholdRecovered { measure scope epoch threshold fired_out_id value cause }
    LimitBreached { measure scope exposure limit over_by actions }
    LimitCured { measure scope exposure limit over_by actions }
    RestrictionNoted { service reason source present }
    ServiceRestrictionChanged { service barred reasons never_barred }
    CaseBill { bill remaining disputed due_on }
    CaseState {
        case schedule_version anchor_on overdue_total bills step next_step_on held_days hold_reasons
        schedule pinned_version first_step day not_before severe_not_before held_since grace_until
        step_shift severity_passed
    }
    StepDue {
        case step action severity amount cure_amount due_on next_step_on reversible_by customer_facing
        bills next_action channel
    }
    StepPostponed { case step not_before }
    StepResultNoted { case step result }
    CorrectionApplied { case step action payment reversal reinstated }
    StepCancelled { case step reason }
    CaseExhausted { case steps_done }
    CaseClosed { case reason steps_done reversals cured_by day handed_over }
    PromiseNoted { promise instalments }
    PromiseWithdrawn { promise }
    PromiseEnded { promise paid missing }
    HoldNoted { reason until }
    HoldReleased { reason }
    Event { account_seq effective_at timer body }
    AccountEvent { account event }
    RawInput { key occurred_at format place }
    Entry { position clock version input outcome events }
    Frame { partition logic_version batch entries }
    SourcePosition { id name records done }
    ActivatedCatalog { number key activation }
    Counts { inputs applied duplicates quarantined }
    Commit { batch position clock sources catalogs zones resubmitted counts copied }
    Input { key occurred_at account member currency actor reason forced body }
    Incoming { key occurred_at address currency actor reason forced body }
}

impl Arbitrary for Charge {
    fn arbitrary(dice: &mut Dice) -> Self {
        let price = any(dice);
        Charge {
            amount: any(dice),
            version: any(dice),
            plan: any(dice),
            service: any(dice),
            rule: any(dice),
            prefix: any(dice),
            zone: any(dice),
            segments: Vec::arbitrary(dice).into(),
            covered: Vec::arbitrary(dice).into(),
            setup: any(dice),
            held_at: dice.pick(&[None, Some(Held::Minimum(price)), Some(Held::Maximum(price))]),
            discounts: (0..dice.below(3)).map(|_| (any(dice), any(dice))).collect(),
            discount_bps: any(dice),
            rounding: any(dice),
        }
    }
}

impl Arbitrary for GrantCause {
    fn arbitrary(dice: &mut Dice) -> Self {
        match bool::arbitrary(dice) {
            true => GrantCause::Plan,
            false => GrantCause::Purchase(any(dice)),
        }
    }
}

impl Arbitrary for Reason {
    fn arbitrary(dice: &mut Dice) -> Self {
        dice.pick(Reason::ALL)
    }
}

impl Arbitrary for ChargeKind {
    fn arbitrary(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => ChargeKind::Charge,
            1 => ChargeKind::Purchase(any(dice), any(dice)),
            2 => ChargeKind::Fee(any(dice)),
            3 => ChargeKind::Volume(any(dice)),
            4 => ChargeKind::Instalment {
                purchase: any(dice),
                product: any(dice),
                number: any(dice),
                of: any(dice),
            },
            _ => ChargeKind::LateFee {
                item: any(dice),
                due_on: any(dice),
            },
        }
    }
}

impl Arbitrary for JournaledInput {
    fn arbitrary(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => JournaledInput::Tick(any(dice)),
            1 => JournaledInput::ConfigChanged(any(dice)),
            2 => JournaledInput::Raw(any(dice)),
            _ => JournaledInput::Account(any(dice)),
        }
    }
}

impl Arbitrary for Outcome {
    fn arbitrary(dice: &mut Dice) -> Self {
        match dice.below(4) {
            0 => Outcome::DuplicateIgnored,
            1 => Outcome::Quarantined(Quarantined {
                reason: dice.pick(Reason::ALL),
                detail: any(dice),
                original: Vec::arbitrary(dice),
            }),
            _ => Outcome::Applied,
        }
    }
}

impl Arbitrary for Address {
    fn arbitrary(dice: &mut Dice) -> Self {
        match bool::arbitrary(dice) {
            true => Address::Account(any(dice), any(dice)),
            false => Address::Identifier(any(dice)),
        }
    }
}

/// Bodies of inputs in a row, so that each kind comes as often as the others.
pub(crate) const INPUT_KINDS: u64 = 50;

impl Arbitrary for Body {
    fn arbitrary(dice: &mut Dice) -> Self {
        let kind = dice.below(INPUT_KINDS);
        body_of_kind(kind, dice)
    }
}

/// A body that an input may have: within the ranges that hold whatever the account's state.
pub(crate) fn body_of_kind(kind: u64, dice: &mut Dice) -> Body {
    let mut body = match kind {
        0 => Body::CustomerAdded(any(dice)),
        1 => Body::MemberAdded(any(dice)),
        2 => Body::MemberRemoved(any(dice)),
        3 => Body::IdentifierAdded(any(dice)),
        4 => Body::IdentifierRemoved(any(dice)),
        5 => Body::ClassChanged(any(dice)),
        6 => Body::PlanChanged(any(dice)),
        7 => Body::TimeZoneChanged(any(dice)),
        8 => Body::LimitOverridden(any(dice)),
        9 => Body::DepositReceived(any(dice)),
        10 => Body::ChargeAdded(any(dice)),
        11 => Body::Purchase(any(dice)),
        12 => Body::BillIssued(any(dice)),
        13 => Body::BillVoided(any(dice)),
        14 => Body::PaymentReceived(any(dice)),
        15 => Body::PaymentReversed(any(dice)),
        16 => Body::CreditNote(any(dice)),
        17 => Body::WriteOff(any(dice)),
        18 => Body::DisputeOpened(any(dice)),
        19 => Body::DisputeResolved(any(dice)),
        20 => Body::PromiseMade(any(dice)),
        21 => Body::PromiseCancelled(any(dice)),
        22 => Body::HoldSet(any(dice)),
        23 => Body::HoldCleared(any(dice)),
        24 => Body::StepCompleted(any(dice)),
        25 => Body::CaseClosedBy(any(dice)),
        26 => Body::RestrictionChanged(any(dice)),
        27 => Body::UsageCorrected(any(dice)),
        28 => Body::UsageCancelled(any(dice)),
        29 => Body::Usage(any(dice)),
        30 => Body::VipRankChanged(any(dice)),
        _ => loyalty::body_of_kind(kind - 31, dice),
    };
    match &mut body {
        Body::CustomerAdded(added) => {
            added.cycle_day = 1 + added.cycle_day % 31;
            added.profile = added.profile.take().filter(|_| added.plan.is_none());
        }
        Body::PromiseMade(promise) => promise.instalments.push(any(dice)),
        Body::UsageCorrected(corrected) => corrected.original = None,
        Body::UsageCancelled(cancelled) => cancelled.original = None,
        Body::HoldSet(HoldSet { reason, .. }) | Body::HoldCleared(HoldCleared { reason }) => {
            *reason = dice.pick(&[HoldReason::Exempt, HoldReason::Manual]);
        }
        Body::RestrictionChanged(changed) => {
            changed.reason = dice.pick(&[RestrictionReason::Manual, RestrictionReason::Fraud]);
        }
        other => loyalty::make_valid(other, dice),
    }
    body
}

/// How many kinds of events `event_of_kind` makes.
pub(crate) const EVENT_KINDS: u64 = 97;

impl Arbitrary for EventBody {
    fn arbitrary(dice: &mut Dice) -> Self {
        let kind = dice.below(EVENT_KINDS);
        event_of_kind(kind, dice)
    }
}

/// An event of a kind.
pub(crate) fn event_of_kind(kind: u64, dice: &mut Dice) -> EventBody {
    match kind {
        0 => EventBody::AccountOpened(any(dice)),
        1 => EventBody::MemberOpened(any(dice)),
        2 => EventBody::MemberClosed(any(dice)),
        3 => EventBody::IdentifierNoted(any(dice)),
        4 => EventBody::ClassChangeScheduled(any(dice)),
        5 => EventBody::ClassSet(any(dice)),
        6 => EventBody::PlanChangeScheduled(any(dice)),
        7 => EventBody::PlanSet(any(dice)),
        8 => EventBody::ZoneSet(any(dice)),
        9 => EventBody::ChargePosted(any(dice)),
        10 => EventBody::PurchaseRecorded(any(dice)),
        11 => EventBody::CycleClosed(any(dice)),
        12 => EventBody::BillOpened(any(dice)),
        13 => EventBody::BillWithdrawn(any(dice)),
        14 => EventBody::PaymentPosted(any(dice)),
        15 => EventBody::PaymentReturned(any(dice)),
        16 => EventBody::CreditApplied(any(dice)),
        17 => EventBody::BillReduced(any(dice)),
        18 => EventBody::DisputeNoted(any(dice)),
        19 => EventBody::DisputeSettled(any(dice)),
        20 => EventBody::LimitSet(any(dice)),
        21 => EventBody::DepositPosted(any(dice)),
        22 => EventBody::LatchSet(any(dice)),
        23 => EventBody::ThresholdCrossed(any(dice)),
        24 => EventBody::ThresholdRecovered(any(dice)),
        25 => EventBody::LimitBreached(any(dice)),
        26 => EventBody::LimitCured(any(dice)),
        27 => EventBody::RestrictionNoted(any(dice)),
        28 => EventBody::ServiceRestrictionChanged(any(dice)),
        29 => EventBody::CaseOpened(any(dice)),
        30 => EventBody::CaseUpdated(any(dice)),
        31 => EventBody::CaseHeld(any(dice)),
        32 => EventBody::CaseResumed(any(dice)),
        33 => EventBody::CaseReopened(any(dice)),
        34 => EventBody::StepDue(any(dice)),
        35 => EventBody::StepPostponed(any(dice)),
        36 => EventBody::StepResultNoted(any(dice)),
        37 => EventBody::CorrectionApplied(any(dice)),
        38 => EventBody::StepCancelled(any(dice)),
        39 => EventBody::CaseExhausted(any(dice)),
        40 => EventBody::CaseClosed(any(dice)),
        41 => EventBody::PromiseNoted(any(dice)),
        42 => EventBody::PromiseWithdrawn(any(dice)),
        43 => EventBody::PromiseKept(any(dice)),
        44 => EventBody::PromiseBroken(any(dice)),
        45 => EventBody::HoldNoted(any(dice)),
        46 => EventBody::HoldReleased(any(dice)),
        47 => EventBody::UsageCorrected(any(dice)),
        48 => EventBody::AllowanceGranted(any(dice)),
        49 => EventBody::AllowanceEnded(any(dice)),
        50 => EventBody::AllowanceCrossed(any(dice)),
        51 => EventBody::AllowanceRecovered(any(dice)),
        52 => EventBody::InstalmentsAgreed(any(dice)),
        53 => EventBody::CorrectionParked(any(dice)),
        54 => EventBody::CorrectionUnclaimed(any(dice)),
        55 => EventBody::TierSet(any(dice)),
        56 => EventBody::UsageRated(any(dice)),
        57 => EventBody::FeesCharged(any(dice)),
        58 => EventBody::VipRankSet(any(dice)),
        59 => EventBody::EffortNoted(any(dice)),
        _ => loyalty::event_of_kind(kind - 60, dice),
    }
}

impl Arbitrary for IncomingBody {
    fn arbitrary(dice: &mut Dice) -> Self {
        IncomingBody::Account(any(dice))
    }
}

/// An input as it may come in: ticks and catalogs without address, the rest with one.
pub(crate) fn incoming_of_kind(kind: u64, dice: &mut Dice) -> Incoming {
    let mut incoming: Incoming = any(dice);
    incoming.body = match kind {
        0..INPUT_KINDS => IncomingBody::Account(body_of_kind(kind, dice)),
        INPUT_KINDS => IncomingBody::Tick,
        _ => IncomingBody::CatalogActivated(any(dice)),
    };
    incoming.address = match incoming.body {
        IncomingBody::Account(_) => Some(any(dice)),
        _ => None,
    };
    if let (IncomingBody::Account(body), Some(address)) = (&mut incoming.body, &incoming.address) {
        loyalty::fit(body, address);
        if matches!(body, Body::PointsAdjusted(_) | Body::PointsVoided(_)) {
            incoming.actor.get_or_insert_with(|| any(dice));
        }
    }
    incoming
}
