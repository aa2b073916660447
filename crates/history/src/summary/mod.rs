//! A deployment at a glance, for people who answer for it: records, revenue, what the tariff gives and takes,
//! warnings, breaches, debts, loyalty, the top spenders, and what is in the quarantine.

mod cases;
mod club;
mod sold;

pub use cases::{Collected, Promises};
pub use club::Rewarded;
pub use sold::{Charges, Corrections, DiscountGiven, ProductSold, UnitsGiven};

use crate::bill::shown;
use crate::entries::account_of;
use crate::{History, HistoryError, threads};
use cases::Cases;
use club::Club;
use rustc_hash::FxHashMap;
use serde::Serialize;
use sold::Sold;
use std::collections::BTreeMap;
use umbral_catalog::version::CatalogSet;
use umbral_engine::World;
use umbral_model::event::{EventBody, UsageRated};
use umbral_model::ids::AccountId;
use umbral_model::journal::{Counts, Entry, Outcome};
use umbral_model::money::Money;
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;
use umbral_runtime::{EngineError, FrameFold, ScannedFrame, fold_all};

/// The threshold that is the limit itself.
const LIMIT: &str = "limit";

/// A deployment at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Inputs sequenced.
    pub inputs: u64,
    /// Of these, taken.
    pub applied: u64,
    /// Repeats.
    pub duplicates: u64,
    /// Quarantined.
    pub quarantined: u64,
    /// Accounts that were opened.
    pub accounts: u64,
    /// Events of all accounts.
    pub events: u64,
    /// First `effective_at` of an event.
    pub from: Option<String>,
    /// Last `effective_at` of an event.
    pub to: Option<String>,
    /// Currency of the amounts.
    pub currency: String,
    /// Usage by service.
    pub services: Vec<ServiceRevenue>,
    /// Charges beside usage.
    pub charges: CountedAmount,
    /// Of these, by kind.
    pub charges_by_kind: Charges,
    /// Purchases that were paid at once.
    pub paid_at_once: CountedAmount,
    /// Revenue: usage and charges.
    #[serde(serialize_with = "shown")]
    pub revenue: Money,
    /// Units from allowances.
    pub allowances: Vec<UnitsGiven>,
    /// Discounts on usage.
    pub discounts: Vec<DiscountGiven>,
    /// Products sold.
    pub products: Vec<ProductSold>,
    /// Corrections of usage.
    pub corrections: Corrections,
    /// Warnings of which customers are told.
    pub warnings: u64,
    /// Warnings within a cooldown.
    pub silent_warnings: u64,
    /// Limits breached.
    pub breaches: u64,
    /// Breaches that were cured.
    pub cures: u64,
    /// Services barred.
    pub barred: u64,
    /// What became of debts.
    pub collections: Collected,
    /// What the loyalty programmes came to.
    pub loyalty: Rewarded,
    /// Those who spent most, with amounts.
    pub top_spenders: Vec<TopSpender>,
    /// Quarantined records by reason, those that were taken up again since included, and corrections whose
    /// record never came.
    pub quarantine: Vec<QuarantineReason>,
}

/// Revenue of a service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceRevenue {
    /// The service.
    pub service: String,
    /// Records.
    pub records: u64,
    /// Revenue.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// A number of things and what they came to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CountedAmount {
    /// How many.
    pub count: u64,
    /// What they came to.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// An account that spent much.
#[derive(Clone, Debug, Serialize)]
pub struct TopSpender {
    /// The account.
    pub account_id: String,
    /// Usage and charges.
    #[serde(serialize_with = "shown")]
    pub amount: Money,
}

/// Records in the quarantine for one reason.
#[derive(Clone, Debug, Serialize)]
pub struct QuarantineReason {
    /// Its code.
    pub code: &'static str,
    /// What it means.
    pub reason: &'static str,
    /// How many.
    pub records: u64,
}

impl History {
    /// Sums the whole journal up; `top` is how many top spenders are wanted.
    pub fn summary(&self, top: usize) -> Result<Summary, HistoryError> {
        let mut scanner = self.scan()?;
        let mut counts = Counts::default();
        let folds = (0..threads(self.partitions()))
            .map(|_| Sums::default())
            .collect();
        let (world, folds) = fold_all(&mut scanner, folds, &mut |commit| {
            counts = commit.counts;
            true
        })?;
        let mut sums = Sums::default();
        for fold in folds {
            sums.add(fold);
        }
        Ok(sums.conclude(counts, top, &world.world().catalogs))
    }
}

#[derive(Default)]
struct Sums {
    accounts: u64,
    events: u64,
    span: Option<(Timestamp, Timestamp)>,
    services: BTreeMap<String, CountedAmount>,
    charges: CountedAmount,
    paid_at_once: CountedAmount,
    sold: Sold,
    warnings: u64,
    silent_warnings: u64,
    breaches: u64,
    cures: u64,
    barred: u64,
    cases: Cases,
    club: Club,
    spent: FxHashMap<AccountId, Money>,
    quarantine: BTreeMap<Reason, u64>,
}

impl FrameFold for Sums {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        for entry in frame.decode()?.entries {
            self.take(&frame.world, &entry);
        }
        Ok(())
    }
}

impl CountedAmount {
    fn more(&mut self, count: u64, amount: Money) {
        self.count += count;
        self.amount += amount;
    }

    /// Takes one of them out again.
    fn less(&mut self, amount: Money) {
        self.count = self.count.saturating_sub(1);
        self.amount -= amount;
    }
}

impl Sums {
    fn take(&mut self, world: &World, entry: &Entry) {
        if let Outcome::Quarantined(kept) = &entry.outcome {
            *self.quarantine.entry(kept.reason).or_default() += 1;
        }
        self.club.take(world, entry);
        for event in &entry.events {
            self.events += 1;
            let at = event.event.effective_at;
            self.span = Some(
                self.span
                    .map_or((at, at), |(from, to)| (from.min(at), to.max(at))),
            );
            let Some(account) = account_of(entry, event) else {
                continue;
            };
            self.take_event(world, account, &event.event.body);
        }
    }

    fn take_event(&mut self, world: &World, account: &AccountId, body: &EventBody) {
        match body {
            EventBody::AccountOpened(_) => self.accounts += 1,
            EventBody::UsageRated(rated) => {
                self.count(world, rated, |usage| usage.more(1, rated.charge.amount));
                self.sold.rate(rated);
                self.spend(account, rated.charge.amount);
            }
            EventBody::UsageCorrected(correction) => {
                if let Some(before) = &correction.before {
                    self.count(world, before, |usage| usage.less(before.charge.amount));
                }
                if let Some(after) = &correction.after {
                    self.count(world, after, |usage| usage.more(1, after.charge.amount));
                }
                self.sold.correct(correction);
                self.spend(account, correction.difference);
            }
            EventBody::CorrectionUnclaimed(unclaimed) => {
                self.sold.corrections.unclaimed += 1;
                *self.quarantine.entry(unclaimed.reason).or_default() += 1;
            }
            EventBody::ChargePosted(posted) => {
                self.charges.more(1, posted.amount);
                self.sold.post(posted);
                self.spend(account, posted.amount);
            }
            EventBody::PurchaseRecorded(recorded) => {
                self.paid_at_once.more(1, recorded.total);
                self.sold.buy(&recorded.lines);
            }
            EventBody::AllowanceGranted(granted) => {
                self.sold.grant(granted.version, granted.allowance);
            }
            EventBody::AllowanceCrossed(crossed) if crossed.notify => {
                self.sold.warn(&crossed.name);
            }
            EventBody::ThresholdCrossed(crossed) => {
                let warns = crossed
                    .crossed
                    .iter()
                    .any(|one| one.threshold.as_str() != LIMIT);
                match crossed.notify {
                    true => self.warnings += u64::from(warns),
                    false => self.silent_warnings += u64::from(warns),
                }
            }
            EventBody::LimitBreached(_) => self.breaches += 1,
            EventBody::LimitCured(_) => self.cures += 1,
            EventBody::ServiceRestrictionChanged(changed) => {
                self.barred += u64::from(changed.barred);
            }
            _ => self.cases.take(account, body),
        }
    }

    fn count(
        &mut self,
        world: &World,
        rated: &UsageRated,
        change: impl FnOnce(&mut CountedAmount),
    ) {
        let charge = &rated.charge;
        let version = world.catalogs.get(charge.version);
        let service = version
            .and_then(|version| version.catalog.services.get(charge.service.index()))
            .map_or("", |service| service.name.as_str());
        match self.services.get_mut(service) {
            Some(known) => change(known),
            None => change(self.services.entry(service.to_owned()).or_default()),
        }
    }

    fn spend(&mut self, account: &AccountId, amount: Money) {
        match self.spent.get_mut(account) {
            Some(spent) => *spent += amount,
            None => {
                self.spent.insert(account.clone(), amount);
            }
        }
    }

    fn add(&mut self, other: Sums) {
        self.accounts += other.accounts;
        self.events += other.events;
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, two) => one.or(two),
        };
        for (service, counted) in other.services {
            self.services
                .entry(service)
                .or_default()
                .more(counted.count, counted.amount);
        }
        self.charges.more(other.charges.count, other.charges.amount);
        self.paid_at_once
            .more(other.paid_at_once.count, other.paid_at_once.amount);
        self.sold.add(other.sold);
        self.warnings += other.warnings;
        self.silent_warnings += other.silent_warnings;
        self.breaches += other.breaches;
        self.cures += other.cures;
        self.barred += other.barred;
        self.cases.add(other.cases);
        self.club.add(other.club);
        for (reason, records) in other.quarantine {
            *self.quarantine.entry(reason).or_default() += records;
        }
        // An account lives in one partition, so no account is in two of them.
        self.spent.extend(other.spent);
    }

    fn conclude(self, counts: Counts, top: usize, catalogs: &CatalogSet) -> Summary {
        let mut spent: Vec<(AccountId, Money)> = self.spent.into_iter().collect();
        spent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        spent.truncate(top);
        let usage: Money = self.services.values().map(|service| service.amount).sum();
        Summary {
            inputs: counts.inputs,
            applied: counts.applied,
            duplicates: counts.duplicates,
            quarantined: counts.quarantined,
            accounts: self.accounts,
            events: self.events,
            from: self.span.map(|(from, _)| from.to_string()),
            to: self.span.map(|(_, to)| to.to_string()),
            currency: catalogs
                .latest()
                .map(|version| version.catalog.currency.to_string())
                .unwrap_or_default(),
            services: self
                .services
                .into_iter()
                .map(|(service, counted)| ServiceRevenue {
                    service,
                    records: counted.count,
                    amount: counted.amount,
                })
                .collect(),
            charges: self.charges,
            charges_by_kind: self.sold.charges,
            allowances: self.sold.allowances(catalogs),
            discounts: self.sold.discounts(catalogs),
            corrections: self.sold.corrections,
            products: self.sold.products(),
            paid_at_once: self.paid_at_once,
            revenue: usage + self.charges.amount,
            warnings: self.warnings,
            silent_warnings: self.silent_warnings,
            breaches: self.breaches,
            cures: self.cures,
            barred: self.barred,
            collections: self.cases.conclude(),
            loyalty: self
                .club
                .conclude(spent.first().map(|(account, _)| account)),
            top_spenders: spent
                .into_iter()
                .map(|(account, amount)| TopSpender {
                    account_id: account.to_string(),
                    amount,
                })
                .collect(),
            quarantine: self
                .quarantine
                .into_iter()
                .map(|(reason, records)| QuarantineReason {
                    code: reason.code(),
                    reason: reason.sentence(),
                    records,
                })
                .collect(),
        }
    }
}
