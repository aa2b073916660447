//! Typed identifiers. Every id is an opaque string from outside or a small number of our own.

use core::fmt;
use smol_str::SmolStr;

/// Longest accepted identifier, in bytes; longer ones are refused where they are read.
pub const MAX_ID_BYTES: usize = 128;

macro_rules! string_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub struct $name(SmolStr);

        impl $name {
            /// Wraps a text as this kind of id.
            pub fn new(text: impl Into<SmolStr>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0.as_str())
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    )*};
}

string_ids! {
    /// Who pays: owner of limits, bills, cases.
    AccountId,
    /// A subscription, child account, family member or card holder inside an account.
    MemberId,
    /// The system that sent an input (`med1`, `crm`, `bank`).
    Source,
    /// The sender's own id of an input; unique within its source.
    EventId,
    /// A bill as the billing system numbers it.
    BillId,
    /// A payment as the bank or shop numbers it.
    PaymentId,
    /// A dispute about a bill.
    DisputeId,
    /// A promise to pay.
    PromiseId,
    /// A collections case, `ACCOUNT/N`.
    CaseId,
    /// A purchase at a till, shop or invoice.
    PurchaseId,
    /// A redemption of points.
    RedemptionId,
    /// A refund of a purchase.
    RefundId,
    /// A ledger of points within its account, `PROGRAMME/LINE`.
    LedgerName,
    /// The name of a threshold; the limit itself is `limit`.
    ThresholdId,
    /// A service: `voice`, `sms`, `mms`, `data`, `content` or one of the operator's own.
    ServiceName,
    /// A charging plan.
    PlanName,
    /// A credit class.
    ClassName,
    /// A collection schedule.
    ScheduleName,
    /// An IANA time zone name.
    ZoneName,
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($int:ty)),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        #[derive(serde::Serialize, serde::Deserialize)]
        pub struct $name(pub $int);

        impl $name {
            /// The number as an index into its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

numbers! {
    /// A partition, `0..partition_count`.
    PartitionNo(u16),
    /// A catalog version in the order of activation, from 0.
    VersionNo(u32),
    /// A plan; the same name keeps its number over all versions of a deployment.
    PlanNo(u16),
    /// A credit class; the same name keeps its number over all versions of a deployment.
    ClassNo(u16),
    /// A rate within its catalog version.
    RateNo(u32),
    /// A charging rule within its catalog version.
    RuleNo(u32),
    /// A time band within its catalog version.
    BandNo(u16),
    /// A destination zone within its catalog version.
    DestinationNo(u16),
    /// A prefix of the deck within its catalog version.
    PrefixNo(u32),
    /// A service within its catalog version.
    ServiceNo(u8),
    /// A collection schedule within its catalog version.
    ScheduleNo(u16),
    /// A time zone in the deployment's table of zones.
    ZoneNo(u16),
    /// A discount within its catalog version.
    DiscountNo(u16),
    /// An allowance within its catalog version.
    AllowanceNo(u16),
    /// A product within its catalog version.
    ProductNo(u16),
    /// A rate with tiers over a cycle; the same name keeps its number over all versions of a deployment, so
    /// that its counters outlive a version.
    CounterNo(u16),
    /// A grant of an allowance within its account, from 1.
    GrantNo(u32),
    /// A lot of points within its account, from 1.
    LotNo(u32),
}
