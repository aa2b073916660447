//! Bodies of inputs: one line a field, with its number in `input.proto` and its name in JSON.

use crate::error::{Result, WireError};
use crate::json::{Reader as Json, Writer};
use crate::pb::{Raw, Reader, Wire};
use crate::table::{bodies, inputs};
use crate::value::{self, FromJson, Value, unknown_tag};
use umbral_model::input::*;
use umbral_model::time::Date;

inputs! {
    Identifier {
        1 required kind "kind",
        2 required value "value",
    }
    CustomerAdded {
        1 required class "class",
        2 optional plan "plan",
        3 optional profile "profile",
        4 required time_zone "time_zone",
        5 required cycle_day "cycle_day",
        6 default vip_rank "vip_rank",
        7 optional member_category "member_category",
    }
    MemberAdded {
        1 required member "member_id",
        2 optional plan "plan",
        3 repeated identifiers "identifiers",
    }
    MemberRemoved {
        1 required member "member_id",
    }
    IdentifierChange {
        1 required member "member_id",
        2 required identifier "identifier",
    }
    ClassChanged {
        1 required class "class",
        2 default effective "effective",
        3 default migrate_case "migrate_case",
    }
    VipRankChanged {
        1 default rank "rank",
        2 default source "source",
    }
    PlanChanged {
        1 required plan "plan",
        2 default effective "effective",
    }
    TimeZoneChanged {
        1 required time_zone "time_zone",
    }
    LimitOverridden {
        1 required measure "measure",
        2 default scope "scope",
        3 optional amount "amount",
        4 optional until "until",
    }
    DepositReceived {
        1 required amount "amount",
    }
    ChargeAdded {
        1 required amount "amount",
        2 required code "code",
    }
    BillLine {
        1 default category "category",
        2 default item "item",
        3 required net "net",
        4 optional purchase "purchase_id",
    }
    BillIssued {
        1 required bill "bill_id",
        2 required cycle_end "cycle_end",
        3 required amount "amount",
        4 required due_on "due_on",
        5 repeated lines "lines",
        6 optional replaces "replaces",
        7 default keep_due_on "keep_due_on",
    }
    BillVoided {
        1 required bill "bill_id",
    }
    Allocation {
        1 required bill "bill_id",
        2 required amount "amount",
    }
    PaymentReceived {
        1 required payment "payment_id",
        2 required amount "amount",
        3 required method "method",
        4 repeated allocations "allocations",
        5 default pending "pending",
    }
    PaymentReversed {
        1 required payment "payment_id",
    }
    CreditNote {
        1 required bill "bill_id",
        2 required amount "amount",
    }
    WriteOff {
        1 required bill "bill_id",
        2 required amount "amount",
    }
    DisputeOpened {
        1 required dispute "dispute_id",
        2 required bill "bill_id",
        3 required amount "amount",
    }
    DisputeResolved {
        1 required dispute "dispute_id",
        2 required accepted_amount "accepted_amount",
    }
    Instalment {
        1 required amount "amount",
        2 required due_on "due_on",
    }
    PromiseMade {
        1 required promise "promise_id",
        2 repeated instalments "instalments",
    }
    PromiseCancelled {
        1 optional promise "promise_id",
    }
    HoldSet {
        1 required reason "reason",
        2 optional until "until",
    }
    HoldCleared {
        1 required reason "reason",
    }
    StepCompleted {
        1 required case "case_id",
        2 required step "step",
        3 required result "result",
    }
    CaseClosedBy {
        1 required case "case_id",
        2 required outcome "outcome",
    }
    RestrictionChanged {
        1 required service "service",
        2 required reason "reason",
        3 required command "command",
        4 required barred "barred",
    }
    TierGranted {
        1 optional tier "tier",
        2 optional until "until",
        3 optional ledger "ledger",
    }
}

/// The kinds of `Body`, as `oneof` of `umbral.v1.Input`.
pub(crate) mod body {
    use super::*;

    /// The numbers of `usage`, `purchase` and `usage_corrected`, which the envelope reads itself.
    pub(crate) const USAGE_TAG: u32 = 11;
    pub(crate) const PURCHASE_TAG: u32 = 12;
    pub(crate) const USAGE_CORRECTED_TAG: u32 = 60;

    bodies! { Body {
        11 Usage "usage",
        12 Purchase "purchase",
        13 ChargeAdded "charge_added",
        14 PaymentReceived "payment_received",
        15 BillIssued "bill_issued",
        18 CustomerAdded "customer_added",
        19 MemberAdded "member_added",
        20 MemberRemoved "member_removed",
        21 IdentifierAdded "identifier_added",
        22 IdentifierRemoved "identifier_removed",
        23 ClassChanged "class_changed",
        24 PlanChanged "plan_changed",
        25 TimeZoneChanged "time_zone_changed",
        26 LimitOverridden "limit_overridden",
        27 DepositReceived "deposit_received",
        28 BillVoided "bill_voided",
        29 PaymentReversed "payment_reversed",
        30 CreditNote "credit_note",
        31 WriteOff "write_off",
        32 DisputeOpened "dispute_opened",
        33 DisputeResolved "dispute_resolved",
        34 PromiseMade "promise_made",
        35 PromiseCancelled "promise_cancelled",
        36 HoldSet "hold_set",
        37 HoldCleared "hold_cleared",
        38 StepCompleted "step_completed",
        39 CaseClosedBy "case_closed_by",
        40 RestrictionChanged "restriction_changed",
        41 PurchaseClaimed "purchase_claimed",
        42 Refund "refund",
        43 RedemptionRequested "redemption_requested",
        44 RedemptionCommitted "redemption_committed",
        45 RedemptionReleased "redemption_released",
        46 PointsAdjusted "points_adjusted",
        47 PointsVoided "points_voided",
        48 CardIssued "card_issued",
        49 CardConfirmed "card_confirmed",
        50 CardLostReported "card_lost_reported",
        51 CardReplaced "card_replaced",
        52 CardRenewed "card_renewed",
        53 CardClosed "card_closed",
        54 TierGranted "tier_granted",
        55 Visit "visit",
        56 Enrolled "enrolled",
        57 CardChecked "card_checked",
        58 EffortScored "effort_scored",
        60 UsageCorrected "usage_corrected",
        62 UsageCancelled "usage_cancelled",
        63 VipRankChanged "vip_rank_changed",
        64 CardsStocked "cards_stocked",
    } }

    macro_rules! dispatch {
        ($($variant:ident $word:literal,)*) => {
            /// Reads the JSON body of the kind with this key; none if there is no such kind. Usage, its
            /// corrections and purchases are read by the envelope, which takes whom they name inside.
            pub(crate) fn read(key: &str, json: &mut Json<'_>) -> Result<Option<Body>> {
                let body = match key {
                    $($word => FromJson::read(json)
                        .map(Body::$variant)
                        .map_err(|error| error.at($word))?,)*
                    _ => return Ok(None),
                };
                Ok(Some(body))
            }

            /// What an input may not hold, although its form is right.
            pub(crate) fn check(body: &Body) -> Result<()> {
                match body {
                    Body::Usage(usage) => crate::usage::check(usage),
                    Body::UsageCorrected(corrected) => crate::correction::check(corrected),
                    Body::Purchase(purchase) => crate::purchase::check(purchase),
                    $(Body::$variant(value) => value.check(),)*
                }
                .and_then(|()| super::check_range(body))
                .map_err(|error| error.at(body.kind()))
            }
        };
    }

    dispatch! {
        ChargeAdded "charge_added",
        PaymentReceived "payment_received",
        BillIssued "bill_issued",
        CustomerAdded "customer_added",
        MemberAdded "member_added",
        MemberRemoved "member_removed",
        IdentifierAdded "identifier_added",
        IdentifierRemoved "identifier_removed",
        ClassChanged "class_changed",
        PlanChanged "plan_changed",
        TimeZoneChanged "time_zone_changed",
        LimitOverridden "limit_overridden",
        DepositReceived "deposit_received",
        BillVoided "bill_voided",
        PaymentReversed "payment_reversed",
        CreditNote "credit_note",
        WriteOff "write_off",
        DisputeOpened "dispute_opened",
        DisputeResolved "dispute_resolved",
        PromiseMade "promise_made",
        PromiseCancelled "promise_cancelled",
        HoldSet "hold_set",
        HoldCleared "hold_cleared",
        StepCompleted "step_completed",
        CaseClosedBy "case_closed_by",
        RestrictionChanged "restriction_changed",
        UsageCancelled "usage_cancelled",
        TierGranted "tier_granted",
        CardsStocked "cards_stocked",
        CardIssued "card_issued",
        CardClosed "card_closed",
        CardConfirmed "card_confirmed",
        CardLostReported "card_lost_reported",
        CardReplaced "card_replaced",
        CardRenewed "card_renewed",
        CardChecked "card_checked",
        Enrolled "enrolled",
        Visit "visit",
        PurchaseClaimed "purchase_claimed",
        Refund "refund",
        RedemptionRequested "redemption_requested",
        RedemptionCommitted "redemption_committed",
        RedemptionReleased "redemption_released",
        PointsAdjusted "points_adjusted",
        PointsVoided "points_voided",
        VipRankChanged "vip_rank_changed",
        EffortScored "effort_scored",
    }
}

/// Ranges that hold whatever the state of the account; what depends on it is refused by the engine.
fn check_range(body: &Body) -> Result<()> {
    match body {
        Body::CustomerAdded(added) => check_customer(added),
        Body::MemberAdded(added) => {
            added
                .identifiers
                .iter()
                .enumerate()
                .try_for_each(|(index, identifier)| {
                    check_identifier(identifier)
                        .map_err(|error| error.at_index(index).at("identifiers"))
                })
        }
        Body::IdentifierAdded(change) | Body::IdentifierRemoved(change) => {
            check_identifier(&change.identifier).map_err(|error| error.at("identifier"))
        }
        Body::PromiseMade(promise) if promise.instalments.is_empty() => {
            Err(WireError::missing("instalments"))
        }
        Body::HoldSet(HoldSet { reason, .. }) | Body::HoldCleared(HoldCleared { reason }) => {
            match reason {
                HoldReason::Exempt | HoldReason::Manual => Ok(()),
                _ => Err(set_by_engine("exempt, manual").at("reason")),
            }
        }
        Body::RestrictionChanged(changed) => match changed.reason {
            RestrictionReason::Manual | RestrictionReason::Fraud => Ok(()),
            _ => Err(set_by_engine("manual, fraud").at("reason")),
        },
        _ => crate::loyalty::check_range(body),
    }
}

fn check_customer(added: &CustomerAdded) -> Result<()> {
    if !(1..=31).contains(&added.cycle_day) {
        let detail = format!("{} is no day of the month; write 1 to 31", added.cycle_day);
        return Err(WireError::malformed(detail).at("cycle_day"));
    }
    if added.plan.is_some() && added.profile.is_some() {
        return Err(WireError::malformed("give a plan or a profile, not both").at("profile"));
    }
    Ok(())
}

fn set_by_engine(allowed: &str) -> Box<WireError> {
    WireError::malformed(format!(
        "a command may name one of {allowed}; the rest is set by rules"
    ))
}

/// An identifier without value resolves to nobody; separators would make two of one number.
pub(crate) fn check_identifier(identifier: &Identifier) -> Result<()> {
    let value = identifier.value.as_str();
    crate::scalars::check_text(value, umbral_model::ids::MAX_ID_BYTES, false)
        .map_err(|error| error.at("value"))?;
    let is_number = matches!(
        identifier.kind,
        IdentifierKind::Msisdn | IdentifierKind::Imsi | IdentifierKind::Phone
    );
    if is_number && !value.bytes().all(|byte| byte.is_ascii_digit()) {
        let detail = "must be digits only, without + and separators, such as 34600000001";
        return Err(WireError::malformed(detail).at("value"));
    }
    Ok(())
}

/// Protobuf: a message that is absent for `now`. JSON: `"now"`, `"next_cycle"` or a date.
impl Value for Effective {
    const WIRE: Wire = Wire::Bytes;

    fn is_default(&self) -> bool {
        *self == Effective::Now
    }

    fn put(&self, out: &mut Vec<u8>) {
        crate::pb::put_nested(out, |out| match self {
            Effective::Now => {}
            Effective::NextCycle => value::put(1, &true, out),
            Effective::On(date) => value::put(2, date, out),
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut effective = Effective::Now;
        while let Some((tag, raw)) = reader.field()? {
            effective = match tag {
                1 if bool::take(raw)? => Effective::NextCycle,
                1 => Effective::Now,
                2 => Effective::On(Date::take(raw)?),
                _ => return Err(unknown_tag(tag)),
            };
        }
        Ok(effective)
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Effective::Now => out.text("now"),
            Effective::NextCycle => out.text("next_cycle"),
            Effective::On(date) => date.write(out),
        }
    }
}

impl FromJson for Effective {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        let text = json.text("\"now\", \"next_cycle\" or a date")?;
        match (&*text, Date::parse(&text)) {
            ("now", _) => Ok(Effective::Now),
            ("next_cycle", _) => Ok(Effective::NextCycle),
            (_, Some(date)) => Ok(Effective::On(date)),
            _ => Err(WireError::malformed(format!(
                "\"{}\" is not one of now, next_cycle, or a date such as 2026-04-15",
                crate::error::shortened(&text)
            ))),
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Effective::On(date) => date.check(),
            _ => Ok(()),
        }
    }
}
