//! Loyalty inputs: tiers and cards, membership, purchases that are claimed or come back, redemptions, points by hand.

use super::{Identifier, InputKey, Purchase};
use crate::ids::*;
use crate::money::Money;
use crate::time::{Date, Timestamp};
use smol_str::{SmolStr, format_smolstr};

/// `tier_granted{tier, until, ledger?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct TierGranted {
    /// The tier; none takes a granted tier away.
    pub tier: Option<SmolStr>,
    /// Last local day on which it holds; none means until further notice.
    pub until: Option<Date>,
    /// The ledger, `PROGRAMME/LINE`; none means every ledger whose programme has the tier.
    pub ledger: Option<LedgerName>,
}

/// `card_issued{number, type, valid_until?}`: an identifier input, so it may carry the number. The holder is
/// the member of the envelope.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardIssued {
    /// The card's number, 5 characters or more; none: the next one of the type's own numbers, filled in by
    /// the edge.
    pub number: Option<SmolStr>,
    /// Its type: what discounts and programmes know it by.
    pub card_type: SmolStr,
    /// Last local day on which it is good; none: by the validity of its type.
    pub valid_until: Option<Date>,
    /// The number was filled in by the edge.
    pub allocated: bool,
    /// What the stock knows of the card; filled in by the edge.
    pub stock: Option<StockedCard>,
}

/// `cards_stocked{type, number, last?, personalised_for?}`: cards that were printed and are nobody's yet; the account
/// of the envelope keeps them. An identifier input.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardsStocked {
    /// Their type.
    pub card_type: SmolStr,
    /// The number of the first one, 5 characters or more.
    pub number: SmolStr,
    /// The number of the last one, of as many digits; none: it is one card.
    pub last: Option<SmolStr>,
    /// The account for which they were printed: no other is given them.
    pub personalised_for: Option<AccountId>,
}

/// What the stock knows of a card.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct StockedCard {
    /// Its type.
    pub card_type: SmolStr,
    /// The account for which it was printed.
    pub personalised_for: Option<AccountId>,
}

/// Why a card from stock cannot be given out so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsuited {
    /// As a card of another type.
    #[error("the card was printed as one of type {printed}, not {wanted}")]
    Type {
        /// Its type.
        printed: SmolStr,
        /// As which it was to be given out.
        wanted: SmolStr,
    },
    /// To another account.
    #[error("the card was printed for another account")]
    Holder,
}

impl StockedCard {
    /// Holds what a card is given out as, and to whom, to what it was printed as.
    ///
    /// # Errors
    /// Another type or account.
    pub fn suits(&self, card_type: &str, account: &AccountId) -> Result<(), Unsuited> {
        if self.card_type != card_type {
            return Err(Unsuited::Type {
                printed: self.card_type.clone(),
                wanted: card_type.into(),
            });
        }
        match &self.personalised_for {
            Some(holder) if holder != account => Err(Unsuited::Holder),
            _ => Ok(()),
        }
    }
}

/// Why the numbers of a `cards_stocked` are none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadRun {
    /// A run of numbers that are not digits alone, or not of one length.
    #[error(
        "a run is of numbers of digits alone, 19 at most, the last one with as many as the first"
    )]
    NotDigits,
    /// The last one comes first.
    #[error("the last number is less than the first")]
    Backwards,
    /// Too many cards at once.
    #[error("a run is of at most {} cards; split it", CardsStocked::MOST)]
    TooMany,
}

impl CardsStocked {
    /// Cards of one input.
    pub const MOST: u64 = 10_000;

    /// The numbers, ascending.
    ///
    /// # Errors
    /// What is no run of numbers.
    pub fn numbers(&self) -> Result<impl ExactSizeIterator<Item = SmolStr>, BadRun> {
        let Some(last) = &self.last else {
            return Ok(Run::One(Some(self.number.clone())));
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let width = self.number.len();
        if width > DIGITS_MOST
            || width != last.len()
            || !is_digits(&self.number)
            || !is_digits(last)
        {
            return Err(BadRun::NotDigits);
        }
        let parse = |text: &str| text.parse::<u64>().map_err(|_| BadRun::NotDigits);
        let (first, last) = (parse(&self.number)?, parse(last)?);
        match last.checked_sub(first) {
            None => Err(BadRun::Backwards),
            Some(more) if more >= CardsStocked::MOST => Err(BadRun::TooMany),
            Some(more) => Ok(Run::Many {
                next: first,
                left: more as usize + 1,
                width,
            }),
        }
    }
}

/// Digits of a number of a run: those of any such number are fewer than 64 bits hold.
const DIGITS_MOST: usize = 19;

/// The numbers of cards that were stocked together.
enum Run {
    One(Option<SmolStr>),
    Many {
        next: u64,
        left: usize,
        width: usize,
    },
}

impl Iterator for Run {
    type Item = SmolStr;

    fn next(&mut self) -> Option<SmolStr> {
        match self {
            Run::One(number) => number.take(),
            Run::Many { left: 0, .. } => None,
            Run::Many { next, left, width } => {
                let width = *width;
                let number = format_smolstr!("{next:0width$}");
                *next += 1;
                *left -= 1;
                Some(number)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match self {
            Run::One(number) => usize::from(number.is_some()),
            Run::Many { left, .. } => *left,
        };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Run {}

/// `card_closed{number, reason?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardClosed {
    /// The card's number.
    pub number: SmolStr,
    /// Why.
    pub reason: Option<SmolStr>,
}

/// `card_confirmed{number}`, `card_lost_reported{number}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardNamed {
    /// The card's number.
    pub number: SmolStr,
}

/// `card_replaced{old, new}`: an identifier input.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardReplacement {
    /// The number that is refused from now on.
    pub old: SmolStr,
    /// The number that takes its place, 5 characters or more.
    pub new: SmolStr,
    /// What the stock knows of the new card; filled in by the edge.
    pub stock: Option<StockedCard>,
}

/// `card_renewed{number, valid_until?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardRenewal {
    /// The card's number; one that was replaced stands for the card in its place.
    pub number: SmolStr,
    /// Last local day on which it is good; none: by the validity of its type.
    pub valid_until: Option<Date>,
}

/// `card_checked{card, result}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct CardCheck {
    /// The card's number.
    pub card: SmolStr,
    /// What the check said: `holder`, `other`, `refused` or a word of the operator's own.
    pub result: SmolStr,
}

/// `enrolled{identifier?, programme?}`: an identifier input. The identifier is the member's from now on.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Enrolled {
    /// A phone or card by which the member is known from now on.
    pub identifier: Option<Identifier>,
    /// The programme; none means all of the catalog in force.
    pub programme: Option<SmolStr>,
    /// Purchases made under that identifier by nobody known; filled in by the edge.
    pub unclaimed: Vec<UnclaimedPurchase>,
    /// Cards that programmes give on enrolling, with their numbers; filled in by the edge.
    pub cards: Vec<CardIssued>,
}

/// A purchase that nobody known made, as it came.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct UnclaimedPurchase {
    /// Its key.
    pub key: InputKey,
    /// When it was made.
    pub occurred_at: Timestamp,
    /// The purchase.
    pub purchase: Purchase,
}

/// `visit{location, card?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Visit {
    /// Where.
    pub location: SmolStr,
    /// The card that was shown.
    pub card: Option<SmolStr>,
}

/// `purchase_claimed{purchase_id, account}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PurchaseClaimed {
    /// The purchase.
    pub purchase: PurchaseId,
    /// Who claims it: the account of the envelope.
    pub account: Option<AccountId>,
    /// The purchase, if nobody known made it; filled in by the edge.
    pub found: Option<Box<UnclaimedPurchase>>,
    /// Somebody else claimed it first; filled in by the edge.
    pub taken: bool,
}

/// What came back of a line.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RefundLine {
    /// The item of the purchase's line.
    pub item: SmolStr,
    /// How much, without tax.
    pub net: Money,
}

/// `refund{refund_id, purchase_id, lines[]?|amount, points?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RefundRequest {
    /// The refund.
    pub refund: RefundId,
    /// The purchase.
    pub purchase: PurchaseId,
    /// What came back by line; empty where only an amount is known.
    pub lines: Vec<RefundLine>,
    /// What came back without naming lines.
    pub amount: Option<Money>,
    /// Points that go back to the lots from which they were spent.
    pub points: Option<u64>,
}

/// `redemption_requested{redemption_id, points|reward, quantity, channel, card?, ledger?, code_confirmed?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RedemptionRequested {
    /// The redemption.
    pub redemption: RedemptionId,
    /// How many points; none where a reward says it.
    pub points: Option<u64>,
    /// A reward of the catalogue.
    pub reward: Option<SmolStr>,
    /// How many of it; 0 stands for 1.
    pub quantity: u32,
    /// Where.
    pub channel: SmolStr,
    /// The card that was shown.
    pub card: Option<SmolStr>,
    /// The ledger, `PROGRAMME/LINE`; none means the card's, or the only one.
    pub ledger: Option<LedgerName>,
    /// The one-time code was right.
    pub code_confirmed: bool,
    /// The partner that gives the reward.
    pub partner: Option<SmolStr>,
}

/// `redemption_committed{redemption_id}`, `redemption_released{redemption_id}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct RedemptionNamed {
    /// The redemption.
    pub redemption: RedemptionId,
}

/// Points that one input may move: more is a slip of a keyboard.
pub const POINTS_MOST: u64 = 1_000_000_000;

/// `points_adjusted{points, reason, ledger?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PointsAdjusted {
    /// Signed, not 0.
    pub points: i64,
    /// Why.
    pub reason: SmolStr,
    /// The ledger; none means the only one.
    pub ledger: Option<LedgerName>,
}

/// `points_voided{source_ref?|lots?|points, reason, ledger?}`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct PointsVoided {
    /// What had earned them.
    pub source_ref: Option<SmolStr>,
    /// Lots, by number.
    pub lots: Vec<LotNo>,
    /// A number of points, in spend order.
    pub points: Option<u64>,
    /// Why.
    pub reason: SmolStr,
    /// The ledger; none means the only one.
    pub ledger: Option<LedgerName>,
}
