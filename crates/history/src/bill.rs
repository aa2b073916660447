//! What a month cost: usage by service and zone with the rates that priced it, and charges. Every line is a
//! sum of committed charges, and the totals are sums of the lines.

use crate::books::Books;
use crate::entries::Walk;
use crate::{History, HistoryError};
use core::fmt;
use core::ops::ControlFlow;
use serde::{Serialize, Serializer};
use umbral_model::event::{ChargeKind, ChargePosted, FeeCharge};
use umbral_model::ids::AccountId;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month {
    /// Year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
}

impl Month {
    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Month> {
        if text.len() != 7 {
            return None;
        }
        let date = Date::parse(&format!("{text}-01"))?;
        Some(Month::of(date))
    }

    /// The month of a day.
    pub fn of(date: Date) -> Month {
        let (year, month, _) = date.ymd();
        Month { year, month }
    }

    /// Its first day.
    pub fn first(self) -> Option<Date> {
        Date::from_ymd(self.year, self.month, 1)
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Month {
        Month::of(self.first().unwrap_or_default().plus_months(1))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a month cost.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// The account.
    pub account_id: String,
    /// The month, in the account's time zone.
    pub month: Month,
    /// That zone.
    pub time_zone: String,
    /// Its first instant.
    #[serde(serialize_with = "shown")]
    pub from: Timestamp,
    /// The first instant after it.
    #[serde(serialize_with = "shown")]
    pub to: Timestamp,
    /// Currency of all amounts.
    pub currency: String,
    /// Usage by service, zone and network.
    pub usage: Vec<BillLine>,
    /// Charges by code.
    pub charges: Vec<ChargeLine>,
    /// Sum of `usage`.
    #[serde(serialize_with = "shown")]
    pub usage_total: Money,
    /// Sum of `charges`.
    #[serde(serialize_with = "shown")]
    pub charges_total: Money,
    /// Sum of both.
    #[serde(serialize_with = "shown")]
    pub total: Money,
    /// What discounts took off the lines of usage; the totals are without it.
    #[serde(serialize_with = "shown")]
    pub discounted: Money,
    /// Purchases that were paid at once; no part of the total.
    #[serde(serialize_with = "shown")]
    pub paid_at_once: Money,
    /// Number of those purchases.
    pub purchases_paid_at_once: u64,
}

/// Usage of one service to one zone.
#[derive(Clone, Debug, Serialize)]
pub struct BillLine {
    /// The service.
    pub service: String,
    /// The destination zone; none where the service has none.
    pub zone: Option<String>,
    /// The serving network, where it was not the home network.
    pub network: Option<String>,
    /// Records.
    pub records: u64,
    /// Usage with its unit.
    pub quantity: String,
    /// Usage in base units: nanoseconds, octets, events.
    pub base_units: u64,
    /// What it cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// The same by plan, rate and time band.
    pub parts: Vec<BillPart>,
    /// Units of it that allowances covered, by allowance; as they were billed, so in whole increments.
    pub covered: Vec<CoveredUnits>,
    /// Discounts that some of the records had.
    pub discounts: Vec<String>,
    /// What they took off; the amount is what is left.
    #[serde(serialize_with = "shown")]
    pub discounted: Money,
}

/// Units that an allowance covered.
#[derive(Clone, Debug, Serialize)]
pub struct CoveredUnits {
    /// The allowance.
    pub allowance: String,
    /// Units that it covered, with their unit.
    pub quantity: String,
    /// The same in base units: nanoseconds, octets, events.
    pub base_units: u64,
}

/// Usage that one rate priced.
#[derive(Clone, Debug, Serialize)]
pub struct BillPart {
    /// Label of the catalog version.
    pub catalog_version: String,
    /// The plan.
    pub plan: String,
    /// The rule of the first segment.
    pub rule: String,
    /// The rate of the first segment; none for zero usage.
    pub rate: Option<String>,
    /// Its time band; none where the rule always holds.
    pub band: Option<String>,
    /// Records.
    pub records: u64,
    /// What they cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// Charges of one code.
#[derive(Clone, Debug, Serialize)]
pub struct ChargeLine {
    /// `charge`, `purchase`, `late_fee`, `fee`, `fee_credit`, `volume`, `instalment`, or `correction` for usage
    /// of another month that was corrected in this one.
    pub kind: &'static str,
    /// The sender's code, the purchase, the bill, the plan of a fee, the rate of a volume charge, the product
    /// of an instalment (`PURCHASE/PRODUCT`), the service of a correction.
    pub code: String,
    /// How many.
    pub count: u64,
    /// What they cost.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
    /// The particulars of each, where there is more to say: days of a fee, tiers, which instalment, what was
    /// bought.
    pub details: Vec<String>,
}

/// The kind of a charge in words, and the name under which it is shown.
pub(crate) fn kind_and_code(posted: &ChargePosted) -> (&'static str, String) {
    match &posted.kind {
        ChargeKind::Charge => ("charge", posted.code.to_string()),
        ChargeKind::Purchase(purchase, _) => ("purchase", purchase.to_string()),
        ChargeKind::LateFee { item, .. } => ("late_fee", item.to_string()),
        ChargeKind::Fee(fee) if fee.credit => ("fee_credit", fee.plan.to_string()),
        ChargeKind::Fee(fee) => ("fee", fee.plan.to_string()),
        ChargeKind::Volume(volume) => ("volume", volume.rate.to_string()),
        ChargeKind::Instalment {
            purchase, product, ..
        } => ("instalment", format!("{purchase}/{product}")),
    }
}

/// What there is to say of a charge beside its code.
pub(crate) fn detail_of(posted: &ChargePosted) -> Option<String> {
    match &posted.kind {
        ChargeKind::Charge | ChargeKind::LateFee { .. } => None,
        ChargeKind::Purchase(_, lines) => {
            let lines = lines.iter().map(|line| match line.qty {
                1 => line.item.to_string(),
                many => format!("{many} {}", line.item),
            });
            Some(lines.collect::<Vec<_>>().join(", "))
        }
        ChargeKind::Fee(fee) => Some(days_of(fee)),
        ChargeKind::Volume(volume) => Some(format!(
            "tier {} after tier {}",
            volume.to_tier + 1,
            volume.from_tier + 1
        )),
        ChargeKind::Instalment { number, of, .. } => Some(format!("{number} of {of}")),
    }
}

/// The days that a fee is for, and whose it is.
fn days_of(fee: &FeeCharge) -> String {
    let days = fee.until.days() - fee.from.days();
    let share = match days == i32::from(fee.days_in_cycle) {
        true => String::new(),
        false => format!(", {days} of {} days", fee.days_in_cycle),
    };
    let member = fee.member.as_ref();
    let member = member.map(|member| format!(" for {member}"));
    let last = fee.until.plus_days(-1);
    format!(
        "{} to {last}{share}{}",
        fee.from,
        member.unwrap_or_default()
    )
}

pub(crate) fn shown<T: fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

impl History {
    /// What a month cost, by the account's calendar; a month without records is a bill of zero.
    pub fn bill(&self, account: &AccountId, month: Month) -> Result<Bill, HistoryError> {
        let books = self.books(account, Some(month))?;
        Ok(books.bill(month))
    }

    /// All months of an account that have something to show, in order.
    pub fn bills(&self, account: &AccountId) -> Result<Vec<Bill>, HistoryError> {
        let books = self.books(account, None)?;
        Ok(books.months().map(|month| books.bill(month)).collect())
    }

    fn books(&self, account: &AccountId, only: Option<Month>) -> Result<Books, HistoryError> {
        let mut books = Books::new(account.clone(), only);
        let mut walk = Walk::of(self, account)?;
        walk.go(|walked| {
            books.take(walked);
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        if books.is_known() {
            return Ok(books);
        }
        Err(HistoryError::UnknownAccount {
            account: account.to_string(),
            at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly() {
        let cases = [
            (
                "2026-03",
                Some(Month {
                    year: 2026,
                    month: 3,
                }),
            ),
            ("2026-13", None),
            ("2026-3", None),
            ("2026-03-01", None),
            ("March", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Month::parse(text), expected, "{text}");
        }
        assert_eq!(
            Month {
                year: 2026,
                month: 3
            }
            .to_string(),
            "2026-03"
        );
    }
}
