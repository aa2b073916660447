//! What an account has of its tariff: allowances, tiers of the cycle, fees that are paid, instalments to come,
//! corrections that wait.

use crate::bill::shown;
use serde::Serialize;
use umbral_engine::{FeeView, GrantView, InstalmentView, TierView};
use umbral_model::input::InputKey;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::Quantity;

/// A grant of an allowance.
#[derive(Clone, Debug, Serialize)]
pub struct AllowanceReport {
    /// The allowance.
    pub name: String,
    /// The plan or product that gave it.
    pub of: String,
    /// Whose it is, if not the account's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<String>,
    /// Units given, with their unit.
    pub granted: String,
    /// Units left.
    pub left: String,
    /// Of them, left for use abroad, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_abroad: Option<String>,
    /// What is left in basis points of what was given, rounded down.
    #[serde(skip)]
    pub left_bps: u32,
    /// It covers usage that begins from here on,
    #[serde(serialize_with = "shown")]
    pub from: Timestamp,
    /// and before here.
    #[serde(serialize_with = "shown")]
    pub until: Timestamp,
    /// Warnings that are reached.
    pub warned: Vec<String>,
}

/// Units of the cycle under a rate with tiers.
#[derive(Clone, Debug, Serialize)]
pub struct TierReport {
    /// The rate.
    pub rate: String,
    /// The member, where each counts by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<String>,
    /// Units so far, with their unit.
    pub units: String,
    /// The tier in which the next unit lies, from 1.
    pub tier: usize,
    /// Units up to which it reaches; none for the last.
    pub up_to: Option<String>,
}

/// A fee that is paid for the current cycle.
#[derive(Clone, Debug, Serialize)]
pub struct FeeReport {
    /// The plan.
    pub plan: String,
    /// The member whose own plan it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_id: Option<String>,
    /// Of a whole cycle.
    #[serde(serialize_with = "shown")]
    pub fee: Money,
    /// First day that it is paid for.
    #[serde(serialize_with = "shown")]
    pub from: Date,
    /// First day that it is not paid for any more.
    #[serde(serialize_with = "shown")]
    pub until: Date,
}

/// Instalments of a purchase that are to come.
#[derive(Clone, Debug, Serialize)]
pub struct InstalmentReport {
    /// The purchase.
    pub purchase_id: String,
    /// The product.
    pub product: String,
    /// Number of the next one.
    pub next: u16,
    /// How many there are.
    pub count: u16,
    /// What they still come to.
    #[serde(serialize_with = "shown")]
    pub remaining: Money,
}

/// A correction that waits for its record.
#[derive(Clone, Debug, Serialize)]
pub struct ParkedReport {
    /// The correction, as `SOURCE/EVENT_ID`.
    pub correction: String,
    /// The record, alike.
    pub record: String,
    /// It waits until here.
    #[serde(serialize_with = "shown")]
    pub until: Timestamp,
}

pub(crate) fn allowance_of(view: GrantView) -> AllowanceReport {
    let units = |units: u64| Quantity(units).display(view.measurement);
    let mut warned: Vec<String> = view.warned.iter().map(ToString::to_string).collect();
    // `80` before `100`.
    warned.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let share = u128::from(view.left) * 10_000 / u128::from(view.granted.max(1));
    AllowanceReport {
        granted: units(view.granted),
        left: units(view.left),
        left_abroad: view.left_abroad.map(units),
        left_bps: share.min(10_000) as u32,
        name: view.name.to_string(),
        of: view.of.to_string(),
        member_id: view.member.map(|member| member.to_string()),
        from: view.from,
        until: view.until,
        warned,
    }
}

pub(crate) fn tier_of(view: TierView) -> TierReport {
    let units = |units: u64| Quantity(units).display(view.measurement);
    TierReport {
        units: units(view.units),
        up_to: view.up_to.map(units),
        rate: view.rate.to_string(),
        member_id: view.member.map(|member| member.to_string()),
        tier: view.tier,
    }
}

pub(crate) fn fee_of(view: FeeView) -> FeeReport {
    FeeReport {
        plan: view.plan.to_string(),
        member_id: view.member.map(|member| member.to_string()),
        fee: view.fee,
        from: view.from,
        until: view.until,
    }
}

pub(crate) fn instalment_of(view: InstalmentView) -> InstalmentReport {
    InstalmentReport {
        purchase_id: view.purchase.to_string(),
        product: view.product.to_string(),
        next: view.next,
        count: view.count,
        remaining: view.remaining,
    }
}

pub(crate) fn parked_of(
    (correction, record, until): (InputKey, InputKey, Timestamp),
) -> ParkedReport {
    ParkedReport {
        correction: correction.to_string(),
        record: record.to_string(),
        until,
    }
}
