//! Enums: their numbers in protobuf and their words in JSON.

use crate::error::{WireError, shortened};
use crate::table::words;
use umbral_model::event::{
    Cause, EarningKind, NotEarned, RedemptionRefused, Reduction, ReversalReason, TierBasis,
    TimerKind,
};
use umbral_model::input::{
    CaseOutcome, Direction, HoldReason, IdentifierKind, Measure, RestrictionReason, Scope,
    VipSource,
};
use umbral_model::money::RoundingMode;
use umbral_model::units::Measurement;

/// An enum with words.
pub(crate) trait Words {
    /// All words, in the order of the numbers.
    const ALL: &'static [&'static str];

    /// The number in protobuf.
    fn number(&self) -> u64;

    /// The word in JSON.
    fn word(&self) -> &'static str;
}

words! {
    IdentifierKind {
        Msisdn = 1 "msisdn",
        Imsi = 2 "imsi",
        Card = 3 "card",
        Phone = 4 "phone",
        External = 5 "external",
    }
    Direction {
        Originating = 0 "originating",
        Terminating = 1 "terminating",
    }
    Scope {
        All = 0 "all",
        Voice = 1 "voice",
        Data = 2 "data",
        RoamingData = 3 "roaming_data",
    }
    Measure {
        Exposure = 1 "exposure",
        CycleUsage = 2 "cycle_usage",
        CycleCharges = 3 "cycle_charges",
    }
    HoldReason {
        Dispute = 1 "dispute",
        Promise = 2 "promise",
        Exempt = 3 "exempt",
        Manual = 4 "manual",
    }
    CaseOutcome {
        Agency = 1 "agency",
        Exempted = 2 "exempted",
        WrittenOff = 3 "written_off",
    }
    RestrictionReason {
        Limit = 1 "limit",
        Collections = 2 "collections",
        Manual = 3 "manual",
        Fraud = 4 "fraud",
    }
    VipSource {
        Assigned = 0 "assigned",
        Bought = 1 "bought",
        Earned = 2 "earned",
    }
    Cause {
        Usage = 1 "usage",
        Charge = 2 "charge",
        Payment = 3 "payment",
        Refund = 4 "refund",
        Reservation = 5 "reservation",
        LimitChange = 6 "limit_change",
        ClassChange = 7 "class_change",
        Config = 8 "config",
        Dispute = 9 "dispute",
        ReplayCorrection = 10 "replay_correction",
    }
    TimerKind {
        Cycle = 1 "cycle",
        OverrideEnd = 2 "override_end",
        ClassDate = 3 "class_date",
        Config = 4 "config",
        Promise = 5 "promise",
        HoldEnd = 6 "hold_end",
        Grace = 7 "grace",
        Case = 8 "case",
        Step = 9 "step",
        Fee = 10 "fee",
        Parked = 11 "parked",
        PointsRelease = 12 "points_release",
        RedemptionTimeout = 13 "redemption_timeout",
        LotExpiry = 14 "lot_expiry",
        TierEnd = 15 "tier_end",
        CardExpiry = 16 "card_expiry",
        CardClosing = 17 "card_closing",
        Inactivity = 18 "inactivity",
        LoyaltyNotice = 19 "loyalty_notice",
    }
    NotEarned {
        BelowUnit = 1 "below_unit",
        Excluded = 2 "excluded",
        Unidentified = 3 "unidentified",
        CardState = 4 "card_state",
        ClaimWindow = 5 "claim_window",
        AlreadyCredited = 6 "already_credited",
        NotEnrolled = 7 "not_enrolled",
    }
    EarningKind {
        Purchase = 1 "purchase",
        Invoice = 2 "invoice",
        Usage = 3 "usage",
        Visit = 4 "visit",
    }
    RedemptionRefused {
        Catalogue = 1 "catalogue",
        Channel = 2 "channel",
        CardState = 3 "card_state",
        Unconfirmed = 4 "unconfirmed",
        MinPoints = 5 "min_points",
        Insufficient = 6 "insufficient",
    }
    ReversalReason {
        Released = 1 "released",
        Timeout = 2 "timeout",
        Refund = 3 "refund",
    }
    TierBasis {
        Points = 1 "points",
        Sales = 2 "sales",
        Grant = 3 "grant",
        Void = 4 "void",
    }
    Reduction {
        CreditNote = 1 "credit_note",
        WriteOff = 2 "write_off",
        Correction = 3 "correction",
    }
    Measurement {
        Time = 1 "time",
        Octets = 2 "octets",
        Events = 3 "events",
    }
    RoundingMode {
        HalfUp = 0 "half_up",
        Up = 1 "up",
        Down = 2 "down",
        HalfEven = 3 "half_even",
    }
}

/// A word that the enum does not have.
#[cold]
pub(crate) fn unknown_word(word: &str, all: &[&str]) -> Box<WireError> {
    WireError::malformed(format!(
        "\"{}\" is not one of {}",
        shortened(word),
        all.join(", ")
    ))
}

/// A number that the enum does not have; 0 is what a sender writes that sets nothing.
#[cold]
pub(crate) fn unknown_number(number: u64, all: &[&str]) -> Box<WireError> {
    WireError::malformed(format!(
        "enum value {number} is not one of {}",
        all.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_variant_are_those_of_the_model() {
        macro_rules! same {
            ($($type:ident)*) => {$(
                for (value, word) in $type::WORDS {
                    assert_eq!(Words::word(&value), word);
                }
            )*};
        }
        same!(IdentifierKind NotEarned EarningKind RedemptionRefused ReversalReason TierBasis);
    }

    /// The words of this table are those of the model.
    #[test]
    fn words_are_those_of_the_model() {
        for scope in Scope::ALL {
            assert_eq!(Words::word(&scope), scope.word());
        }
        for word in <Measure as Words>::ALL {
            assert_eq!(
                Measure::from_word(word).map(|measure| Words::word(&measure)),
                Some(*word)
            );
        }
        assert_eq!(
            Words::word(&Direction::Terminating),
            Direction::Terminating.word()
        );
        assert_eq!(Words::word(&HoldReason::Exempt), HoldReason::Exempt.word());
        assert_eq!(
            Words::word(&CaseOutcome::WrittenOff),
            CaseOutcome::WrittenOff.word()
        );
        assert_eq!(
            Words::word(&RestrictionReason::Fraud),
            RestrictionReason::Fraud.word()
        );
        assert_eq!(
            Words::word(&Cause::ReplayCorrection),
            Cause::ReplayCorrection.word()
        );
        assert_eq!(
            Words::word(&TimerKind::OverrideEnd),
            TimerKind::OverrideEnd.word()
        );
        assert_eq!(Words::word(&TimerKind::Fee), TimerKind::Fee.word());
        assert_eq!(
            Words::word(&TimerKind::LoyaltyNotice),
            TimerKind::LoyaltyNotice.word()
        );
        assert_eq!(
            Words::word(&RoundingMode::HalfEven),
            RoundingMode::HalfEven.word()
        );
    }
}
