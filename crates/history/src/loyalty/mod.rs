//! Loyalty for people: a customer's ledgers with their whole story, the programme's reports, and the proof of a
//! purchase. Everything is folded from the journal.

mod ledger;
mod proof;
mod report;
mod show;

pub use ledger::{CardReport, EarningReport, LedgerReport, LotReport, RedemptionReport};
pub use proof::Proof;
pub use report::{
    BySource, LateClaim, LoyaltyReport, MonthOfClub, Promised, RewardGiven, Spenders, TopCustomer,
    loyalty_report,
};
pub use show::{LoyaltyLine, LoyaltyStory};

pub(crate) use ledger::{card_of, ledger_of};
pub(crate) use report::Sums as LoyaltySums;
