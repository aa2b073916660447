//! Bodies of events: one line a field, with its number in `event.proto` and its name in JSON.

use crate::error::{Result, WireError};
use crate::json::Writer;
use crate::pb::{Raw, Reader, Wire, put_nested};
use crate::table::{bodies, messages};
use crate::value::{Value, put_default, put_optional, take, unknown_tag};
use umbral_model::event::*;
use umbral_model::ids::AccountId;
use umbral_model::input::Scope;
use umbral_model::journal::AccountEvent;
use umbral_model::money::Money;

messages! {
    AccountOpened {
        1 default class "class",
        2 optional plan "plan",
        3 optional profile "profile",
        4 required currency "currency",
        5 default time_zone "time_zone",
        6 default cycle_day "cycle_day",
        7 default vip_rank "vip_rank",
        8 optional member_category "member_category",
        9 default cycle_start "cycle_start",
    }
    MemberOpened {
        1 default member "member_id",
        2 optional plan "plan",
    }
    MemberClosed {
        1 default member "member_id",
    }
    IdentifierNoted {
        1 default member "member_id",
        2 default given "given",
    }
    ClassChangeScheduled {
        1 default class "class",
        2 default on "on",
        3 default migrate_case "migrate_case",
    }
    ClassSet {
        1 default from "from",
        2 default to "to",
        3 optional own "own",
    }
    VipRankSet {
        1 default source "source",
        2 default rank "rank",
    }
    EffortNoted {
        1 default score "score",
    }
    PlanChangeScheduled {
        1 optional member "member_id",
        2 default plan "plan",
        3 default on "on",
    }
    PlanSet {
        1 optional member "member_id",
        2 default plan "plan",
    }
    ZoneSet {
        1 default time_zone "time_zone",
    }
    PurchaseRecorded {
        1 default purchase "purchase_id",
        2 default method "method",
        3 default total "total",
        4 default cycle "cycle_start",
        5 repeated lines "lines",
    }
    InstalmentsAgreed {
        1 default purchase "purchase_id",
        2 default product "product",
        3 default count "count",
        4 default amount "amount",
        5 default last_amount "last_amount",
    }
    FeesCharged {
        1 default cycle "cycle_start",
    }
    TierSet {
        1 optional tier "tier",
        2 optional until "until",
        3 optional ledger "ledger",
    }
    CycleClosed {
        1 default cycle_start "cycle_start",
        2 default cycle_end "cycle_end",
        3 default usage "usage",
        4 default charges "charges",
    }
    BillOpened {
        1 default bill "bill_id",
        2 default cycle_end "cycle_end",
        3 default amount "amount",
        4 default due_on "due_on",
        5 default unbilled "unbilled",
        6 default bill_variance "bill_variance",
        7 optional replaces "replaces",
    }
    BillWithdrawn {
        1 default bill "bill_id",
        2 default unbilled "unbilled",
        3 default credit "credit",
    }
    PaymentPosted {
        1 default payment "payment_id",
        2 default amount "amount",
        3 default method "method",
        4 repeated allocations "allocations",
        5 default credit "credit",
        6 default pending "pending",
        7 default received_on "received_on",
    }
    PaymentReturned {
        1 default payment "payment_id",
        2 repeated allocations "allocations",
        3 default credit "credit",
    }
    CreditApplied {
        1 repeated allocations "allocations",
    }
    BillReduced {
        1 default bill "bill_id",
        2 required reduction "reduction",
        3 default amount "amount",
        4 default credit "credit",
    }
    DisputeNoted {
        1 default dispute "dispute_id",
        2 default bill "bill_id",
        3 default amount "amount",
    }
    DisputeSettled {
        1 default dispute "dispute_id",
        2 default bill "bill_id",
        3 default accepted_amount "accepted_amount",
        4 default credit "credit",
    }
    LimitSet {
        1 required measure "measure",
        2 default scope "scope",
        3 optional amount "amount",
        4 optional until "until",
    }
    DepositPosted {
        1 default amount "amount",
    }
    LatchSet {
        1 required measure "measure",
        2 default scope "scope",
        3 default threshold "threshold_id",
        4 default fired "fired",
    }
    Crossed {
        1 default threshold "threshold_id",
        2 default amount "amount",
        3 optional bps "bps",
    }
    ThresholdCrossed {
        1 required measure "measure",
        2 default scope "scope",
        3 optional epoch "epoch",
        4 repeated crossed "crossed",
        5 default highest "highest",
        6 default value_before "value_before",
        7 default value_after "value_after",
        8 optional limit "limit",
        9 optional remaining "remaining",
        10 required cause "cause",
        11 default notify "notify",
        12 state out_id "out_id",
    }
    ThresholdRecovered {
        1 required measure "measure",
        2 default scope "scope",
        3 optional epoch "epoch",
        4 default threshold "threshold_id",
        5 default fired_out_id "fired_out_id",
        6 default value "value",
        7 required cause "cause",
    }
    LimitBreached {
        1 required measure "measure",
        2 default scope "scope",
        3 default exposure "exposure",
        4 default limit "limit",
        5 default over_by "over_by",
        6 repeated actions "actions",
    }
    LimitCured {
        1 required measure "measure",
        2 default scope "scope",
        3 default exposure "exposure",
        4 optional limit "limit",
        5 default over_by "over_by",
        6 repeated actions "actions",
    }
    RestrictionNoted {
        1 default service "service",
        2 required reason "reason",
        3 default source "source",
        4 default present "present",
    }
    ServiceRestrictionChanged {
        1 default service "service",
        2 default barred "barred",
        3 packed reasons "reasons",
        4 repeated never_barred "never_barred",
    }
    CaseBill {
        1 default bill "bill_id",
        2 default remaining "remaining",
        3 default disputed "disputed",
        4 default due_on "due_on",
    }
    CaseState {
        1 default case "case_id",
        2 default schedule_version "schedule_version",
        3 default anchor_on "anchor_on",
        4 default overdue_total "overdue_total",
        5 repeated bills "bills",
        6 default step "step",
        7 optional next_step_on "next_step_on",
        8 default held_days "held_days",
        9 packed hold_reasons "hold_reasons",
        10 state schedule "schedule",
        11 state pinned_version "pinned_version",
        12 state first_step "first_step",
        13 state day "day",
        14 state not_before "not_before",
        15 state_optional severe_not_before "severe_not_before",
        16 state_optional held_since "held_since",
        17 state_optional grace_until "grace_until",
        18 state step_shift "step_shift",
        19 state_optional severity_passed "severity_passed",
    }
    StepDue {
        1 default case "case_id",
        2 default step "step",
        3 default action "action",
        4 default severity "severity",
        5 default amount "amount",
        6 default cure_amount "cure_amount",
        7 default due_on "due_on",
        8 optional next_step_on "next_step_on",
        9 optional reversible_by "reversible_by",
        10 default customer_facing "customer_facing",
        11 repeated bills "bills",
        12 optional next_action "next_action",
        13 optional channel "channel",
    }
    StepPostponed {
        1 default case "case_id",
        2 default step "step",
        3 default not_before "not_before",
    }
    StepResultNoted {
        1 default case "case_id",
        2 default step "step",
        3 default result "result",
    }
    CorrectionApplied {
        1 optional case "case_id",
        2 optional step "step",
        3 optional action "action",
        4 optional payment "payment_id",
        5 optional reversal "reversal",
        6 optional reinstated "reinstated",
    }
    StepCancelled {
        1 default case "case_id",
        2 default step "step",
        3 default reason "reason",
    }
    CaseExhausted {
        1 default case "case_id",
        2 packed steps_done "steps_done",
    }
    CaseClosed {
        1 default case "case_id",
        2 default reason "reason",
        3 packed steps_done "steps_done",
        4 repeated reversals "reversals",
        5 state_optional cured_by "cured_by",
        6 state day "day",
        7 state_repeated handed_over "handed_over",
    }
    PromiseNoted {
        1 default promise "promise_id",
        2 repeated instalments "instalments",
    }
    PromiseWithdrawn {
        1 default promise "promise_id",
    }
    PromiseEnded {
        1 default promise "promise_id",
        2 default paid "paid",
        3 default missing "missing",
    }
    HoldNoted {
        1 required reason "reason",
        2 optional until "until",
    }
    HoldReleased {
        1 required reason "reason",
    }
    TimerCause {
        1 required kind "kind",
        2 default id "id",
        3 default due_at "due_at",
    }
}

/// The kinds of `EventBody`, as `oneof` of `umbral.v1.Event` and `umbral.v1.Output`.
pub(crate) mod body {
    use super::*;

    bodies! { EventBody in streams {
        16 UsageRated "usage_rated",
        17 ChargePosted "charge_posted",
        18 PurchaseRecorded "purchase_recorded",
        19 CycleClosed "cycle_closed",
        20 ThresholdCrossed "threshold_crossed",
        21 ThresholdRecovered "threshold_recovered",
        22 LimitBreached "limit_breached",
        23 LimitCured "limit_cured",
        24 ServiceRestrictionChanged "service_restriction_changed",
        25 CaseOpened "case_opened",
        26 CaseUpdated "case_updated",
        27 CaseHeld "case_held",
        28 CaseResumed "case_resumed",
        29 CaseReopened "case_reopened",
        30 StepDue "step_due",
        31 StepCancelled "step_cancelled",
        32 CorrectionApplied "correction_applied",
        33 CaseExhausted "case_exhausted",
        34 CaseClosed "case_closed",
        35 PromiseKept "promise_kept",
        36 PromiseBroken "promise_broken",
        37 UsageCorrected "usage_corrected",
        38 AllowanceGranted "allowance_granted",
        39 AllowanceEnded "allowance_ended",
        40 PointsEarned "points_earned",
        41 PointsClawedBack "points_clawed_back",
        42 PointsVoided "points_voided",
        43 PointsExpired "points_expired",
        44 PointsReleased "points_released",
        45 PointsNotEarned "points_not_earned",
        46 PointsExpiring "points_expiring",
        47 RedemptionAccepted "redemption_accepted",
        48 RedemptionCommitted "redemption_committed",
        49 RedemptionRejected "redemption_rejected",
        50 RedemptionReversed "redemption_reversed",
        51 MemberEnrolled "enrolled",
        52 RewardLevelReached "reward_level_reached",
        53 TierChanged "tier_changed",
        54 TierWillChange "tier_will_change",
        55 TierRestored "tier_restored",
        56 MembershipWarned "membership_warned",
        57 MembershipTerminated "membership_terminated",
        60 AccountOpened "account_opened",
        61 MemberOpened "member_opened",
        62 MemberClosed "member_closed",
        63 IdentifierNoted "identifier_noted",
        64 ClassChangeScheduled "class_change_scheduled",
        65 ClassSet "class_set",
        66 PlanChangeScheduled "plan_change_scheduled",
        67 PlanSet "plan_set",
        68 ZoneSet "zone_set",
        69 BillOpened "bill_opened",
        70 BillWithdrawn "bill_withdrawn",
        71 PaymentPosted "payment_posted",
        72 PaymentReturned "payment_returned",
        73 CreditApplied "credit_applied",
        74 BillReduced "bill_reduced",
        75 DisputeNoted "dispute_noted",
        76 DisputeSettled "dispute_settled",
        77 LimitSet "limit_set",
        78 DepositPosted "deposit_posted",
        79 LatchSet "latch_set",
        80 RestrictionNoted "restriction_noted",
        81 StepPostponed "step_postponed",
        82 StepResultNoted "step_result_noted",
        83 PromiseNoted "promise_noted",
        84 PromiseWithdrawn "promise_withdrawn",
        85 HoldNoted "hold_noted",
        86 HoldReleased "hold_released",
        87 InstalmentsAgreed "instalments_agreed",
        88 FeesCharged "fees_charged",
        89 CorrectionParked "correction_parked",
        90 TierSet "tier_set",
        92 AllowanceCrossed "allowance_threshold_crossed",
        93 AllowanceRecovered "allowance_threshold_recovered",
        94 CorrectionUnclaimed "quarantined",
        95 VipRankSet "vip_rank_set",
        96 EffortNoted "effort_noted",
        102 CardIssued "card_issued",
        103 CardConfirmed "card_confirmed",
        104 CardLostReported "card_lost_reported",
        105 CardReplaced "card_replaced",
        106 CardRenewed "card_renewed",
        107 CardExpired "card_expired",
        108 CardClosed "card_closed",
        109 CardsStocked "cards_stocked",
        120 EarningNoted "earning_noted",
        121 EarningCredited "earning_credited",
        122 SalesCounted "sales_counted",
        123 RefundNoted "refund_noted",
        124 RefundParked "refund_parked",
        125 ValidityRenewed "validity_renewed",
        126 CardChecked "card_checked",
        127 ContactNoted "contact_noted",
        128 NoticePassed "notice_passed",
        129 UsageCounted "usage_counted",
        130 PointsForgiven "points_forgiven",
    } }
}

/// `umbral.v1.Event`: an event, with its account where it is not the entry's own.
impl Value for AccountEvent {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_optional(1, self.account.as_ref(), out);
            put_default(2, &self.event.account_seq, out);
            put_default(3, &self.event.effective_at, out);
            put_optional(4, self.event.timer.as_ref(), out);
            body::put(&self.event.body, out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut account: Option<AccountId> = None;
        let (mut account_seq, mut effective_at) = (None, None);
        let (mut timer, mut event_body) = (None, None);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut account, raw, "account_id")?,
                2 => take(&mut account_seq, raw, "account_seq")?,
                3 => take(&mut effective_at, raw, "effective_at")?,
                4 => take(&mut timer, raw, "timer")?,
                _ if event_body.is_some() => return Err(WireError::malformed("two bodies")),
                _ => match body::take(tag, raw)? {
                    None => return Err(unknown_tag(tag)),
                    some => event_body = some,
                },
            }
        }
        let event = Event {
            account_seq: account_seq.unwrap_or_default(),
            effective_at: effective_at.unwrap_or_default(),
            timer,
            body: event_body.ok_or_else(|| WireError::missing("body"))?,
        };
        Ok(AccountEvent { account, event })
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.optional("account_id", self.account.as_ref());
            out.field("account_seq", &self.event.account_seq);
            out.field("effective_at", &self.event.effective_at);
            out.optional("timer", self.event.timer.as_ref());
            body::write(&self.event.body, out);
        });
    }
}

/// `umbral.v1.ScopeAmounts`: an amount for each scope, in the order of `Scope::ALL`.
impl Value for [Money; 4] {
    const WIRE: Wire = Wire::Bytes;

    fn is_default(&self) -> bool {
        self.iter().all(Value::is_default)
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            (1..)
                .zip(self)
                .for_each(|(tag, amount)| put_default(tag, amount, out));
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut amounts = [Money::ZERO; 4];
        while let Some((tag, raw)) = reader.field()? {
            let amount = amounts
                .get_mut(tag as usize - 1)
                .ok_or_else(|| unknown_tag(tag))?;
            *amount = Money::take(raw)?;
        }
        Ok(amounts)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            for (scope, amount) in Scope::ALL.iter().zip(self) {
                out.field(scope.word(), amount);
            }
        });
    }
}
