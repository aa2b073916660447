//! Ledgers, lots and cards in words and plain numbers.

use crate::bill::shown;
use serde::Serialize;
use umbral_engine::{CardView, EarningView, LedgerView, LotView, RedemptionView};
use umbral_model::event::EarningKind;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// A ledger of points.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerReport {
    /// `PROGRAMME/LINE`.
    pub ledger: String,
    /// `active`, `frozen`, `terminated` or `closed`.
    pub state: &'static str,
    /// Points that cannot be spent yet.
    pub pending: u64,
    /// Points that can be spent.
    pub available: u64,
    /// Points locked by redemptions under way.
    pub reserved: u64,
    /// Points owed.
    pub debt: u64,
    /// The tier.
    pub tier: Option<String>,
    /// The next tier.
    pub next_tier: Option<String>,
    /// Points that are missing for it.
    pub points_to_next: Option<u64>,
    /// Qualifying points since the base.
    pub counter: i64,
    /// Sales of the validity that runs.
    #[serde(serialize_with = "shown")]
    pub sales: Money,
    /// Sales that keep the tier.
    pub retain: Option<String>,
    /// First local day of the validity.
    #[serde(serialize_with = "shown")]
    pub valid_from: Date,
    /// Last one.
    pub valid_until: Option<String>,
    /// Local day on which the membership began.
    #[serde(serialize_with = "shown")]
    pub opened_on: Date,
    /// Local day on which it ended.
    pub ended_on: Option<String>,
    /// Local day of the last purchase; of the beginning where there is none yet.
    #[serde(serialize_with = "shown")]
    pub active_on: Date,
    /// Local day of the last purchase, where there is one.
    pub last_purchase_on: Option<String>,
    /// Last local day of the membership without a further purchase.
    pub ends_on: Option<String>,
    /// Lots in the order in which they are spent.
    pub lots: Vec<LotReport>,
    /// What earned, oldest first.
    pub earnings: Vec<EarningReport>,
    /// Redemptions, oldest first.
    pub redemptions: Vec<RedemptionReport>,
}

/// A lot of points.
#[derive(Clone, Debug, Serialize)]
pub struct LotReport {
    /// Its number within the account.
    pub lot_id: String,
    /// `pending` or `available`.
    pub state: &'static str,
    /// What earned it.
    pub source_ref: String,
    /// What was earned.
    pub points: u64,
    /// What can still be spent of it.
    pub remaining: u64,
    /// What of it is reserved.
    pub reserved: u64,
    /// Local day on which it was earned.
    #[serde(serialize_with = "shown")]
    pub earned_on: Date,
    /// First local day on which it can be spent.
    #[serde(serialize_with = "shown")]
    pub available_on: Date,
    /// Last one.
    pub expires_on: Option<String>,
}

/// Something that earned.
#[derive(Clone, Debug, Serialize)]
pub struct EarningReport {
    /// `purchase`, `invoice`, `usage` or `visit`.
    pub kind: &'static str,
    /// The purchase, bill, cycle or visit.
    pub source_ref: String,
    /// When it happened.
    #[serde(serialize_with = "shown")]
    pub occurred_at: Timestamp,
    /// Version of the rules.
    pub rule_version: String,
    /// Points granted for it so far.
    pub points: u64,
    /// What it counts as sales.
    #[serde(serialize_with = "shown")]
    pub sales: Money,
    /// Why nothing was credited.
    pub held_back: Option<&'static str>,
}

/// A redemption.
#[derive(Clone, Debug, Serialize)]
pub struct RedemptionReport {
    /// The redemption.
    pub redemption_id: String,
    /// `reserved`, `committed` or `reversed`.
    pub state: &'static str,
    /// When it was asked for.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// Points that were spent, less those that came back.
    pub points: u64,
}

/// A card.
#[derive(Clone, Debug, Serialize)]
pub struct CardReport {
    /// Its number, where the journal still tells it.
    pub number: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub card_type: String,
    /// `pending_confirmation`, `active`, `lost`, `expired`, `replaced` or `closed`.
    pub state: &'static str,
    /// Its ledger.
    pub ledger: Option<String>,
    /// The member that holds it.
    pub holder: Option<String>,
    /// When it was given out.
    #[serde(serialize_with = "shown")]
    pub issued_at: Timestamp,
    /// Last local day on which it is good.
    pub valid_until: Option<String>,
}

pub(crate) fn ledger_of(view: LedgerView) -> LedgerReport {
    let last_purchase_on = has_bought(&view).then(|| view.active_on.to_string());
    let (next_tier, points_to_next) = view.next_tier.unzip();
    LedgerReport {
        ledger: view.ledger.to_string(),
        state: view.state,
        pending: view.balances.pending,
        available: view.balances.available,
        reserved: view.balances.reserved,
        debt: view.balances.debt,
        tier: view.tier.map(Into::into),
        next_tier: next_tier.map(Into::into),
        points_to_next,
        counter: view.counter,
        sales: view.sales,
        retain: view.retain.map(|retain| retain.to_string()),
        valid_from: view.validity.0,
        valid_until: view.validity.1.map(|last| last.to_string()),
        opened_on: view.opened_on,
        ended_on: view.ended_on.map(|day| day.to_string()),
        active_on: view.active_on,
        last_purchase_on,
        ends_on: view.ends_on.map(|day| day.to_string()),
        lots: view.lots.into_iter().map(lot_of).collect(),
        earnings: view.earnings.into_iter().map(earning_of).collect(),
        redemptions: view.redemptions.into_iter().map(redemption_of).collect(),
    }
}

/// Whether anything was bought since the membership began: inactivity counts from that day until something is.
fn has_bought(view: &LedgerView) -> bool {
    let is_activity = |earning: &EarningView| {
        matches!(earning.kind, EarningKind::Purchase | EarningKind::Invoice)
            && earning.held_back.is_none()
            && (earning.granted > 0 || earning.sales > Money::ZERO)
    };
    view.active_on > view.opened_on || view.earnings.iter().any(is_activity)
}

fn lot_of(view: LotView) -> LotReport {
    LotReport {
        lot_id: view.lot.to_string(),
        state: if view.pending { "pending" } else { "available" },
        source_ref: view.source_ref.into(),
        points: view.points,
        remaining: view.remaining,
        reserved: view.reserved,
        earned_on: view.earned_on,
        available_on: view.available_on,
        expires_on: view.expires_on.map(|last| last.to_string()),
    }
}

fn earning_of(view: EarningView) -> EarningReport {
    EarningReport {
        kind: view.kind.word(),
        source_ref: view.source_ref.into(),
        occurred_at: view.occurred_at,
        rule_version: view.rule_version.into(),
        points: view.granted,
        sales: view.sales,
        held_back: view.held_back.map(|reason| reason.word()),
    }
}

fn redemption_of(view: RedemptionView) -> RedemptionReport {
    RedemptionReport {
        redemption_id: view.redemption.to_string(),
        state: view.state,
        at: view.at,
        points: view.allocations.iter().map(|part| part.points).sum(),
    }
}

/// A card with its number, where that is known.
pub(crate) fn card_of(view: CardView, number: Option<String>) -> CardReport {
    CardReport {
        number,
        card_type: view.card_type.into(),
        state: view.state,
        ledger: view.ledger.map(|name| name.to_string()),
        holder: view.holder.map(|member| member.to_string()),
        issued_at: view.issued_at,
        valid_until: view.valid_until.map(|last| last.to_string()),
    }
}
