//! What of a tariff is at work: charges beside usage by kind, units from allowances, discounts, products, and
//! corrections.

use super::CountedAmount;
use crate::bill::shown;
use serde::Serialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::Charge;
use umbral_model::event::{BoughtLine, ChargeKind, ChargePosted, UsageCorrection, UsageRated};
use umbral_model::ids::{AllowanceNo, DiscountNo, VersionNo};
use umbral_model::money::Money;
use umbral_model::time::NANOS_PER_SECOND;
use umbral_model::units::{Measurement, Quantity};

/// Charges beside usage, by kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Charges {
    /// Fees of plans.
    pub fees: CountedAmount,
    /// Fees given back for unused days: the amount is negative.
    pub fee_credits: CountedAmount,
    /// Purchases on account, of instalments the first.
    pub purchases: CountedAmount,
    /// Later instalments.
    pub instalments: CountedAmount,
    /// Differences for other tiers of the cycle.
    pub tiers: CountedAmount,
    /// Late fees.
    pub late_fees: CountedAmount,
    /// Charges that were priced outside.
    pub others: CountedAmount,
}

/// Units that an allowance gave.
#[derive(Clone, Debug, Serialize)]
pub struct UnitsGiven {
    /// The allowance.
    pub allowance: SmolStr,
    /// Times that it was granted.
    pub grants: u64,
    /// Records of which it took units.
    pub records: u64,
    /// Units taken, in base units.
    pub units: u64,
    /// The same with its unit, in whole seconds where it is time.
    pub quantity: String,
    /// Warnings of which customers are told.
    pub warnings: u64,
}

/// What a discount took off usage.
#[derive(Clone, Debug, Serialize)]
pub struct DiscountGiven {
    /// The discount.
    pub discount: SmolStr,
    /// Records that cost less by it.
    pub records: u64,
    /// What it took off; of several on one record each has its share.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// A product that was sold.
#[derive(Clone, Debug, Serialize)]
pub struct ProductSold {
    /// The product.
    pub product: SmolStr,
    /// How many.
    pub count: u64,
    /// What was paid or charged for them, of instalments the first.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// Corrections of usage.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Corrections {
    /// Records corrected, and what that changed.
    pub corrected: CountedAmount,
    /// Records cancelled, and what that changed.
    pub cancelled: CountedAmount,
    /// Corrections whose record never came.
    pub unclaimed: u64,
}

/// An allowance while the journal is summed up.
#[derive(Clone, Copy, Default)]
struct Given {
    grants: u64,
    records: i64,
    units: i128,
}

/// Sums of what a tariff does.
#[derive(Default)]
pub(super) struct Sold {
    pub(super) charges: Charges,
    pub(super) corrections: Corrections,
    allowances: BTreeMap<(VersionNo, AllowanceNo), Given>,
    // Warnings name the allowance, not its number.
    warned: BTreeMap<SmolStr, u64>,
    discounts: BTreeMap<(VersionNo, DiscountNo), CountedAmount>,
    products: BTreeMap<SmolStr, CountedAmount>,
}

impl Charges {
    fn of(&mut self, kind: &ChargeKind) -> &mut CountedAmount {
        match kind {
            ChargeKind::Fee(fee) if fee.credit => &mut self.fee_credits,
            ChargeKind::Fee(_) => &mut self.fees,
            ChargeKind::Purchase(..) => &mut self.purchases,
            ChargeKind::Instalment { .. } => &mut self.instalments,
            ChargeKind::Volume(_) => &mut self.tiers,
            ChargeKind::LateFee { .. } => &mut self.late_fees,
            ChargeKind::Charge => &mut self.others,
        }
    }

    fn all(&mut self) -> [&mut CountedAmount; 7] {
        [
            &mut self.fees,
            &mut self.fee_credits,
            &mut self.purchases,
            &mut self.instalments,
            &mut self.tiers,
            &mut self.late_fees,
            &mut self.others,
        ]
    }
}

impl Sold {
    /// Usage as it was rated.
    pub(super) fn rate(&mut self, rated: &UsageRated) {
        self.charge(&rated.charge, 1);
    }

    /// What a correction takes back and puts in its place.
    pub(super) fn correct(&mut self, correction: &UsageCorrection) {
        if let Some(before) = &correction.before {
            self.charge(&before.charge, -1);
        }
        let corrections = &mut self.corrections;
        match &correction.after {
            Some(after) => {
                self.charge(&after.charge, 1);
                self.corrections.corrected.more(1, correction.difference);
            }
            None => corrections.cancelled.more(1, correction.difference),
        }
    }

    fn charge(&mut self, charge: &Charge, sign: i64) {
        for covered in &charge.covered {
            let key = (covered.version, covered.allowance);
            let given = self.allowances.entry(key).or_default();
            given.units += i128::from(sign) * i128::from(covered.units);
        }
        for key in distinct(charge) {
            self.allowances.entry(key).or_default().records += sign;
        }
        if !charge.discounts.is_empty() {
            self.discount(charge, sign);
        }
    }

    /// What discounts took off: the charge without them less the charge. Those of what costs nothing do not count.
    fn discount(&mut self, charge: &Charge, sign: i64) {
        let mut whole = charge.clone();
        whole.discount_bps = 0;
        let Ok(whole) = umbral_rating::recompute(&whole) else {
            return;
        };
        let taken = whole - charge.amount;
        if taken == Money::ZERO {
            return;
        }
        let sum: u32 = charge.discounts.iter().map(|(_, bps)| bps).sum();
        let mut left = taken;
        for (index, (number, bps)) in charge.discounts.iter().enumerate() {
            let is_last = index + 1 == charge.discounts.len();
            let share = match is_last {
                true => left,
                false => part(taken, *bps, sum),
            };
            left -= share;
            let given = self.discounts.entry((charge.version, *number)).or_default();
            if sign > 0 {
                given.more(1, share);
            } else {
                given.less(share);
            }
        }
    }

    /// A charge beside usage.
    pub(super) fn post(&mut self, posted: &ChargePosted) {
        self.charges.of(&posted.kind).more(1, posted.amount);
        if let ChargeKind::Purchase(_, lines) = &posted.kind {
            self.buy(lines);
        }
    }

    /// Lines of a purchase.
    pub(super) fn buy(&mut self, lines: &[BoughtLine]) {
        for line in lines.iter().filter(|line| line.product.is_some()) {
            let sold = self.products.entry(line.item.clone()).or_default();
            sold.more(u64::from(line.qty), line.amount);
        }
    }

    /// A grant of an allowance.
    pub(super) fn grant(&mut self, version: VersionNo, allowance: AllowanceNo) {
        self.allowances
            .entry((version, allowance))
            .or_default()
            .grants += 1;
    }

    /// A warning of an allowance.
    pub(super) fn warn(&mut self, allowance: &SmolStr) {
        *self.warned.entry(allowance.clone()).or_default() += 1;
    }

    pub(super) fn add(&mut self, mut other: Sold) {
        for (own, more) in self.charges.all().into_iter().zip(other.charges.all()) {
            own.more(more.count, more.amount);
        }
        let (own, more) = (&mut self.corrections, other.corrections);
        own.corrected
            .more(more.corrected.count, more.corrected.amount);
        own.cancelled
            .more(more.cancelled.count, more.cancelled.amount);
        own.unclaimed += more.unclaimed;
        for (key, more) in other.allowances {
            let own = self.allowances.entry(key).or_default();
            own.grants += more.grants;
            own.records += more.records;
            own.units += more.units;
        }
        for (name, more) in other.warned {
            *self.warned.entry(name).or_default() += more;
        }
        for (key, more) in other.discounts {
            let own = self.discounts.entry(key).or_default();
            own.more(more.count, more.amount);
        }
        for (name, more) in other.products {
            let own = self.products.entry(name).or_default();
            own.more(more.count, more.amount);
        }
    }

    /// Allowances that gave units, by name; those of one name count together.
    pub(super) fn allowances(&self, catalogs: &CatalogSet) -> Vec<UnitsGiven> {
        let mut by_name: BTreeMap<SmolStr, (Measurement, Given)> = BTreeMap::new();
        for ((version, number), given) in &self.allowances {
            let catalog = catalogs.get(*version).map(|version| &version.catalog);
            let Some(allowance) = catalog.and_then(|c| c.allowances.get(number.index())) else {
                continue;
            };
            let (_, sum) = by_name
                .entry(allowance.name.clone())
                .or_insert((allowance.measurement, Given::default()));
            sum.grants += given.grants;
            sum.records += given.records;
            sum.units += given.units;
        }
        let shown = by_name
            .into_iter()
            .map(|(allowance, (measurement, given))| {
                let units = u64::try_from(given.units).unwrap_or_default();
                UnitsGiven {
                    warnings: self.warned.get(&allowance).copied().unwrap_or_default(),
                    allowance,
                    grants: given.grants,
                    records: u64::try_from(given.records).unwrap_or_default(),
                    units,
                    quantity: whole(units, measurement).display(measurement),
                }
            });
        shown.collect()
    }

    /// Discounts by name.
    pub(super) fn discounts(&self, catalogs: &CatalogSet) -> Vec<DiscountGiven> {
        let mut by_name: BTreeMap<SmolStr, CountedAmount> = BTreeMap::new();
        for ((version, number), given) in &self.discounts {
            let catalog = catalogs.get(*version).map(|version| &version.catalog);
            if let Some(discount) = catalog.and_then(|c| c.discounts.get(number.index())) {
                let sum = by_name.entry(discount.name.clone()).or_default();
                sum.more(given.count, given.amount);
            }
        }
        let shown = by_name.into_iter().map(|(discount, given)| DiscountGiven {
            discount,
            records: given.count,
            amount: given.amount,
        });
        shown.collect()
    }

    /// Products by name.
    pub(super) fn products(self) -> Vec<ProductSold> {
        let sold = self.products.into_iter();
        let shown = sold.map(|(product, sold)| ProductSold {
            product,
            count: sold.count,
            amount: sold.amount,
        });
        shown.collect()
    }
}

/// The allowances that took units of a record, each once.
fn distinct(charge: &Charge) -> impl Iterator<Item = (VersionNo, AllowanceNo)> {
    let covered = charge.covered.iter().enumerate();
    covered.filter_map(|(index, part)| {
        let key = (part.version, part.allowance);
        let before = &charge.covered[..index];
        let known = before.iter().any(|one| (one.version, one.allowance) == key);
        (!known).then_some(key)
    })
}

/// A quantity without what is below a second.
fn whole(units: u64, measurement: Measurement) -> Quantity {
    match measurement {
        Measurement::Time => Quantity(units - units % NANOS_PER_SECOND as u64),
        _ => Quantity(units),
    }
}

/// `amount x bps / sum`, rounded down; `sum` is not 0.
fn part(amount: Money, bps: u32, sum: u32) -> Money {
    let micros = i128::from(amount.micros()) * i128::from(bps) / i128::from(sum.max(1));
    Money::from_micros(i64::try_from(micros).unwrap_or_default())
}
