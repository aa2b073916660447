//! Questions to a journal: what an account was at an instant, what a month cost, why something happened,
//! what is in the quarantine, and whether deciding everything again gives the same. All of it is folded from
//! the journal alone, without a lock, also beside a running engine.

mod account;
mod as_of;
mod bill;
mod books;
mod collections;
mod compare;
mod entries;
mod error;
mod explained;
mod fields;
mod holdings;
mod lines;
mod loyalty;
mod names;
mod quarantine;
mod retold;
mod summary;
mod tail;
mod verify;
mod why;

pub use account::{
    AccountReport, BillReport, CaseReport, CycleReport, HoldReport, LatchReport, LatestCharge,
    MeasureReport, MemberReport, RestrictionReport, VipRankReport,
};
pub use bill::{Bill, BillLine, BillPart, ChargeLine, CoveredUnits, Month};
pub use collections::{
    CaseHold, CasePromise, CaseStanding, CaseStory, CaseTotals, Happening, ListedCase, Moment,
    NextAction, StoryBill, StoryStep, TakenStep, Wanted, WorkList,
};
pub use compare::{Comparison, Cost, MonthCost, MonthSpan, PlanChoice, PlanCost, UnpricedReason};
pub use error::HistoryError;
pub use holdings::{AllowanceReport, FeeReport, InstalmentReport, ParkedReport, TierReport};
pub use loyalty::{
    BySource, CardReport, EarningReport, LateClaim, LedgerReport, LotReport, LoyaltyLine,
    LoyaltyReport, LoyaltyStory, MonthOfClub, Promised, Proof, RedemptionReport, RewardGiven,
    Spenders, TopCustomer, loyalty_report,
};
pub use names::CatalogNames;
pub use quarantine::{QuarantinedRecord, Selection};
pub use summary::{
    Charges, Collected, Corrections, CountedAmount, DiscountGiven, ProductSold, Promises,
    QuarantineReason, Rewarded, ServiceRevenue, Summary, TopSpender, UnitsGiven,
};
pub use tail::{Tail, TailFilter};
pub use verify::{Difference, Verification, VerifyProgress};
pub use why::{LiesThere, Link, Reason};

use std::path::Path;
use umbral_journal::DataDir;
use umbral_model::ids::AccountId;
use umbral_runtime::{EngineError, Scanner};

/// The history of a data directory.
#[derive(Clone)]
pub struct History {
    data: DataDir,
}

impl History {
    /// Opens a data directory for reading; it may be in use.
    pub fn open(dir: &Path) -> Result<History, HistoryError> {
        let data = DataDir::open(dir).map_err(|source| EngineError::Journal {
            dir: dir.to_owned(),
            source,
        })?;
        Ok(History::of(data))
    }

    /// The history of a data directory that is open already.
    pub fn of(data: DataDir) -> History {
        History { data }
    }

    /// Partitions of the deployment.
    pub fn partitions(&self) -> u16 {
        self.data.partitions()
    }

    pub(crate) fn scan(&self) -> Result<Scanner, EngineError> {
        Scanner::on(&self.data)
    }

    pub(crate) fn scan_account(&self, account: &AccountId) -> Result<Scanner, EngineError> {
        Scanner::of_account(&self.data, account)
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        self.data.path()
    }
}

/// Threads for folds over everything: one for each core, no more than partitions.
pub(crate) fn threads(partitions: u16) -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .clamp(1, usize::from(partitions))
}
