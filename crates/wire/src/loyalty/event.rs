//! Bodies of loyalty events: one line a field, with its number in `event.proto` and its name in JSON.

use crate::table::messages;
use umbral_model::event::*;

messages! {
    Balances {
        1 default pending "pending",
        2 default available "available",
        3 default reserved "reserved",
        4 default debt "debt",
    }
    LotMoved {
        1 default lot "lot_id",
        2 default delta "delta",
        3 optional expires_on "expires_on",
    }
    LotSpent {
        1 default lot "lot_id",
        2 default points "points",
    }
    PointsEarned {
        1 default ledger "ledger",
        2 default delta "delta",
        3 repeated lots "lots",
        4 default source_ref "source_ref",
        5 optional rule_version "rule_version",
        6 required balances_after "balances_after",
        7 default used_before_report "used_before_report",
        8 default earned_on "earned_on",
        9 default available_on "available_on",
        10 state counter_delta "counter_delta",
        11 state counts_for_previous "counts_for_previous",
        12 optional source "source",
        13 default pending "pending",
        14 state counts_for_none "counts_for_none",
    }
    PointsTaken {
        1 default ledger "ledger",
        2 default delta "delta",
        3 repeated lots "lots",
        4 default source_ref "source_ref",
        5 optional rule_version "rule_version",
        6 optional reason "reason",
        7 required balances_after "balances_after",
        8 default forgiven "forgiven",
        9 state counter_delta "counter_delta",
        10 state counts_for_previous "counts_for_previous",
        11 optional source "source",
        12 state previous_delta "previous_delta",
        13 state past_delta "past_delta",
        14 state_optional lot "lot",
    }
    PointsReleased {
        1 default ledger "ledger",
        2 default delta "delta",
        3 repeated lots "lots",
        4 required balances_after "balances_after",
    }
    PointsNotEarned {
        1 optional ledger "ledger",
        2 default source_ref "source_ref",
        3 required reason "reason",
    }
    PointsExpiring {
        1 default ledger "ledger",
        2 default expires_on "expires_on",
        3 default points "points",
        4 default notice_day "notice_day",
    }
    EarningLine {
        1 default item "item",
        2 default value "value",
        3 optional rule "rule",
        4 default refunded "refunded",
        5 optional promotion "promotion",
    }
    EarningNoted {
        1 default ledger "ledger",
        2 required kind "kind",
        3 default source_ref "source_ref",
        4 default occurred_at "occurred_at",
        5 state version "version",
        6 default rule_version "rule_version",
        7 default multiplier_bps "multiplier_bps",
        8 repeated lines "lines",
        9 optional points_part "points_part",
        10 optional held_back "held_back",
        11 default is_activity "is_activity",
        12 default used_before_report "used_before_report",
        13 state_optional card "card",
    }
    EarningCredited {
        1 default ledger "ledger",
        2 default source_ref "source_ref",
    }
    SalesCounted {
        1 default ledger "ledger",
        2 default source_ref "source_ref",
        3 default sales "sales",
        4 default delta "delta",
        5 state of_previous "of_previous",
        6 state of_none "of_none",
        7 required kind "kind",
    }
    RefundNoted {
        1 default purchase "purchase_id",
        2 default refund "refund_id",
        3 repeated lines "lines",
        4 default amount "amount",
    }
    RefundParked {
        1 required key "key",
        2 default occurred_at "occurred_at",
        3 required refund "refund",
        4 default until "until",
    }
    RedemptionAccepted {
        1 default redemption "redemption_id",
        2 default ledger "ledger",
        3 default points "points",
        4 optional reward "reward",
        5 default quantity "quantity",
        6 default channel "channel",
        7 optional partner "partner",
        8 repeated allocations "allocations",
        9 optional until "until",
        10 required balances_after "balances_after",
        11 default used_before_report "used_before_report",
    }
    RedemptionCommitted {
        1 default redemption "redemption_id",
        2 default ledger "ledger",
        3 repeated allocations "allocations",
        4 required balances_after "balances_after",
    }
    RedemptionRejected {
        1 default redemption "redemption_id",
        2 default ledger "ledger",
        3 default points "points",
        4 required reason "reason",
        5 default available "available",
    }
    RedemptionReversed {
        1 default redemption "redemption_id",
        2 default ledger "ledger",
        3 repeated allocations "allocations",
        4 required reason "reason",
        5 optional grace_until "grace_until",
        6 required balances_after "balances_after",
        7 state_repeated graced "graced",
    }
    MemberEnrolled {
        1 default ledger "ledger",
        2 optional tier "tier",
        3 optional valid_until "valid_until",
        4 default from "from",
        5 state quiet "quiet",
    }
    RewardLevelReached {
        1 default ledger "ledger",
        2 default level "level",
        3 default available "available",
    }
    TierMoved {
        1 default ledger "ledger",
        2 default from "from",
        3 default to "to",
        4 required basis "basis",
        5 default counter "counter",
        6 default sales "sales",
        7 default needed "needed",
        8 optional valid_until "valid_until",
        9 state rebased "rebased",
        10 optional notice_day "notice_day",
    }
    ValidityRenewed {
        1 default ledger "ledger",
        2 default valid_until "valid_until",
    }
    MembershipWarned {
        1 default ledger "ledger",
        2 default ends_on "ends_on",
        3 default notice_day "notice_day",
        4 default points "points",
    }
    MembershipTerminated {
        1 default ledger "ledger",
        2 default points_forfeited "points_forfeited",
        3 default day "day",
    }
    Reinstated {
        1 default ledger "ledger",
        2 default source_ref "source_ref",
        3 repeated lots "lots",
        4 default membership "membership",
        5 required balances_after "balances_after",
    }
    CardEvent {
        1 default number "number",
        2 state card "card",
        3 default card_type "type",
        4 optional ledger "ledger",
        5 optional holder "holder",
        6 optional valid_until "valid_until",
        7 default pending_confirmation "pending_confirmation",
        8 state frozen_days "frozen_days",
        9 state from_stock "from_stock",
    }
    StockReceived {
        1 default card_type "type",
        2 default number "number",
        3 optional last "last",
        4 default count "count",
        5 optional personalised_for "personalised_for",
    }
    CardReplaced {
        1 default old "old",
        2 default new "new",
        3 state old_card "old_card",
        4 state new_card "new_card",
        5 optional ledger "ledger",
        6 default points_carried "points_carried",
        7 state_optional from_stock "from_stock",
    }
    CardEnded {
        1 optional number "number",
        2 state card "card",
        3 optional ledger "ledger",
        4 default reason "reason",
        5 default points_forfeited "points_forfeited",
        6 default card_type "type",
        7 state was_last "was_last",
        8 state lots_freeze "lots_freeze",
        9 state freezes "freezes",
    }
    CardChecked {
        1 state card "card",
        2 default result "result",
    }
    ContactNoted {
        1 default kind "kind",
        2 default value "value",
    }
    NoticePassed {
        1 default ledger "ledger",
        2 default valid_until "valid_until",
        3 default notice_day "notice_day",
    }
    UsageCounted {
        1 default ledger "ledger",
        2 default source_ref "source_ref",
        3 repeated values "values",
    }
}
