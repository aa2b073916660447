//! What an account would have cost under other plans: its inputs are decided again under each of them, and
//! the months added up as bills add them up.

use crate::bill::{Bill, Month, shown};
use crate::books::Books;
use crate::entries::{Walk, partition_of, seen_by};
use crate::retold::{Roots, Told, Unpriced, note_price};
use crate::{History, HistoryError};
use core::ops::ControlFlow;
use serde::Serialize;
use std::collections::BTreeMap;
use umbral_model::event::EventBody;
use umbral_model::ids::{AccountId, PlanName};
use umbral_model::input::InputKey;
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::money::Money;
use umbral_model::rejection::Reason;
use umbral_model::time::Timestamp;

/// The plans that an account is compared under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanChoice {
    /// All that the catalog sells at the end of the months compared.
    All,
    /// These.
    Named(Vec<String>),
}

/// The months that are compared, both included; all that the account has where an end is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MonthSpan {
    /// The first one.
    pub from: Option<Month>,
    /// The last one.
    pub to: Option<Month>,
}

/// What months cost under the plan that the account has, and what they would have cost under others.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The account.
    pub account_id: String,
    /// First month.
    pub from: Month,
    /// Last month.
    pub to: Month,
    /// Time zone of the months.
    pub time_zone: String,
    /// Currency of all amounts.
    pub currency: String,
    /// The clock: what came later is not in it.
    #[serde(serialize_with = "shown")]
    pub as_of: Timestamp,
    /// As it was, then the others by what they cost.
    pub plans: Vec<PlanCost>,
    /// Records that none of these plans has a price for; they count against none.
    pub unpriced: Vec<UnpricedReason>,
}

/// What the months cost under one plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanCost {
    /// The plan; as it was: the plans that the account had, in order.
    pub plan: String,
    /// As it was.
    pub present: bool,
    /// All months together.
    #[serde(flatten)]
    pub cost: Cost,
    /// Total less the total as it was.
    #[serde(serialize_with = "shown")]
    pub difference: Money,
    /// No other plan that prices as much costs less.
    pub cheapest: bool,
    /// Records with a price.
    pub records: u64,
    /// Records without a price that other plans have a price for.
    pub unpriced: Vec<UnpricedReason>,
    /// Each month.
    pub months: Vec<MonthCost>,
}

impl PlanCost {
    /// Records without a price that other plans have a price for.
    pub fn missing(&self) -> u64 {
        self.unpriced.iter().map(|reason| reason.records).sum()
    }
}

/// What a month cost under one plan.
#[derive(Clone, Debug, Serialize)]
pub struct MonthCost {
    /// The month.
    pub month: Month,
    /// What it came to.
    #[serde(flatten)]
    pub cost: Cost,
    /// No other plan that prices as much of this month costs less.
    pub cheapest: bool,
    /// Records of the month without a price that other plans have a price for.
    pub missing: u64,
}

/// Parts of a total.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Cost {
    /// Fees of plans, less what was credited of them.
    #[serde(serialize_with = "shown")]
    pub fee: Money,
    /// Usage beyond allowances, after discounts, with differences between tiers and corrections.
    #[serde(serialize_with = "shown")]
    pub usage: Money,
    /// Purchases, instalments, late fees, other charges.
    #[serde(serialize_with = "shown")]
    pub other: Money,
    /// Sum of the three: the total of the bill.
    #[serde(serialize_with = "shown")]
    pub total: Money,
}

/// Records without a price, by reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnpricedReason {
    /// Its code.
    pub code: &'static str,
    /// What it means.
    pub reason: &'static str,
    /// How many.
    pub records: u64,
    /// The particulars of the first of them.
    pub example: String,
}

impl Cost {
    fn of(bill: &Bill) -> Cost {
        let mut cost = Cost {
            usage: bill.usage_total,
            total: bill.total,
            ..Cost::default()
        };
        for line in &bill.charges {
            match line.kind {
                "fee" | "fee_credit" => cost.fee += line.amount,
                "volume" | "correction" => cost.usage += line.amount,
                _ => cost.other += line.amount,
            }
        }
        debug_assert_eq!(cost.fee + cost.usage + cost.other, cost.total);
        cost
    }

    fn plus(self, more: Cost) -> Cost {
        Cost {
            fee: self.fee + more.fee,
            usage: self.usage + more.usage,
            other: self.other + more.other,
            total: self.total + more.total,
        }
    }
}

impl History {
    /// What the account cost in these months, and what it would have cost under other plans.
    pub fn compare(
        &self,
        account: &AccountId,
        span: MonthSpan,
        plans: &PlanChoice,
    ) -> Result<Comparison, HistoryError> {
        let past = Past::read(self, account)?;
        let months = past.months(account, span)?;
        let others = past.others(months, plans)?;
        let mut runs = vec![Run {
            plan: past.plans_held(months),
            books: &past.books,
            unpriced: &past.unpriced,
        }];
        let retold: Vec<_> = others
            .into_iter()
            .map(|plan| (past.told.under(&PlanName::new(&plan)), plan))
            .collect();
        runs.extend(retold.iter().map(|(retold, plan)| Run {
            plan: plan.clone(),
            books: &retold.books,
            unpriced: &retold.unpriced,
        }));
        Ok(comparison(&past, months, &runs))
    }
}

/// An account as it was.
struct Past {
    told: Told,
    books: Books,
    unpriced: Unpriced,
    roots: Roots,
    opened_at: Timestamp,
    /// Plans of the account, or the profile that it began with, from when on.
    held: Vec<(Timestamp, String)>,
    /// It began with a profile instead of a plan.
    has_profile: bool,
}

impl Past {
    fn read(history: &History, account: &AccountId) -> Result<Past, HistoryError> {
        let mut past = Past {
            told: Told::new(account.clone()),
            books: Books::new(account.clone(), None),
            unpriced: Unpriced::new(),
            roots: Roots::default(),
            opened_at: Timestamp::MIN,
            held: Vec::new(),
            has_profile: false,
        };
        let mut walk = Walk::new(history, Some(partition_of(history, account)))?;
        walk.go(|walked| {
            past.told.note_batch(walked.world, walked.clock);
            let own = walked.entries.iter();
            for entry in own.filter_map(|(_, entry)| seen_by(entry, account)) {
                past.books.take_entry(walked.world, &entry);
                past.told.note(&entry);
                past.note(&entry);
            }
            Ok(ControlFlow::<()>::Continue(()))
        })?;
        match past.books.is_known() {
            true => Ok(past),
            false => Err(HistoryError::UnknownAccount {
                account: account.to_string(),
                at: None,
            }),
        }
    }

    fn note(&mut self, entry: &Entry) {
        for event in &entry.events {
            let at = event.event.effective_at;
            match &event.event.body {
                EventBody::AccountOpened(opened) => {
                    self.opened_at = at;
                    self.has_profile = opened.profile.is_some();
                    let plan = opened.plan.as_ref().map(ToString::to_string);
                    let profile = opened.profile.as_ref().map(ToString::to_string);
                    self.held.extend(plan.or(profile).map(|name| (at, name)));
                }
                EventBody::PlanSet(set) if set.member.is_none() => {
                    self.held.push((at, set.plan.to_string()));
                }
                _ => {}
            }
        }
        let JournaledInput::Account(input) = &entry.input else {
            return;
        };
        let refused = match &entry.outcome {
            Outcome::Applied => None,
            Outcome::DuplicateIgnored => return,
            Outcome::Quarantined(kept) => Some((kept.reason, kept.detail.as_str())),
        };
        if let Some(root) = self.roots.of(input) {
            note_price(&mut self.unpriced, root, input, refused, &entry.events);
        }
    }

    /// The months asked for, within those that the account has.
    fn months(&self, account: &AccountId, span: MonthSpan) -> Result<(Month, Month), HistoryError> {
        let first = self.books.month_of(self.opened_at);
        let last = self.books.month_of(self.told.clock()).max(first);
        let (from, to) = (span.from.unwrap_or(first), span.to.unwrap_or(last));
        let outside = match () {
            () if to < first => Some(to),
            () if from > last => Some(from),
            () => None,
        };
        match outside {
            None => Ok((from.max(first), to.min(last))),
            Some(month) => Err(HistoryError::OutsideAccount {
                account: account.to_string(),
                month,
                first,
                last,
            }),
        }
    }

    /// The plans to compare with: each once, and not what the account had all the time.
    fn others(
        &self,
        months: (Month, Month),
        choice: &PlanChoice,
    ) -> Result<Vec<String>, HistoryError> {
        let mut plans = match choice {
            PlanChoice::All => self.sold(months.1),
            PlanChoice::Named(names) => names.clone(),
        };
        let catalogs = &self.told.world().catalogs;
        if let Some(unknown) = plans.iter().find(|plan| catalogs.plan_no(plan).is_none()) {
            let sold = self.sold(months.1);
            return Err(HistoryError::UnknownPlan {
                hint: umbral_catalog::did_you_mean(unknown, sold.iter().map(String::as_str))
                    .or_else(|| listed(&sold)),
                plan: unknown.clone(),
            });
        }
        let had_always = match self.held.as_slice() {
            [(_, plan)] if !self.has_profile => Some(plan.clone()),
            _ => None,
        };
        plans.sort_unstable();
        plans.dedup();
        plans.retain(|plan| had_always.as_ref() != Some(plan));
        Ok(plans)
    }

    /// The plans of the catalog in force at the end of a month, or now if that is earlier.
    fn sold(&self, month: Month) -> Vec<String> {
        let end = self.books.starts_at(month.next()).plus_nanos(-1);
        let world = self.told.world();
        let version = world.catalogs.in_force(end.min(self.told.clock()));
        let plans = version.map_or(&[][..], |version| &version.catalog.plans);
        plans.iter().map(|plan| plan.name.to_string()).collect()
    }

    /// What the account had in these months, in order.
    fn plans_held(&self, (from, to): (Month, Month)) -> String {
        let (start, end) = (self.books.starts_at(from), self.books.starts_at(to.next()));
        let first = self.held.iter().rposition(|(at, _)| *at <= start);
        let within = self.held.iter().skip(first.unwrap_or(0));
        let mut names: Vec<&str> = within
            .filter(|(at, _)| *at < end)
            .map(|(_, name)| name.as_str())
            .collect();
        names.dedup();
        match names.is_empty() {
            true => "no plan".to_owned(),
            false => names.join(", "),
        }
    }
}

/// The account's months under a plan, or as they were.
struct Run<'a> {
    plan: String,
    books: &'a Books,
    unpriced: &'a Unpriced,
}

fn comparison(past: &Past, (from, to): (Month, Month), runs: &[Run<'_>]) -> Comparison {
    let months: Vec<Month> = std::iter::successors(Some(from), |month| Some(month.next()))
        .take_while(|month| *month <= to)
        .collect();
    let within = |at| (from..=to).contains(&past.books.month_of(at));
    let by_none = |key: &InputKey| runs.iter().all(|run| run.unpriced.contains_key(key));
    let mut plans: Vec<PlanCost> = runs
        .iter()
        .map(|run| plan_cost(run, &months, |key| !by_none(key)))
        .collect();
    let as_it_was = plans.first().map_or(Money::ZERO, |plan| plan.cost.total);
    for (index, plan) in plans.iter_mut().enumerate() {
        plan.present = index == 0;
        plan.difference = plan.cost.total - as_it_was;
    }
    mark_cheapest(&mut plans, &months);
    plans.sort_by(|a, b| {
        let order = |plan: &PlanCost| (!plan.present, plan.cost.total);
        order(a).cmp(&order(b)).then_with(|| a.plan.cmp(&b.plan))
    });
    let bill = past.books.bill(from);
    Comparison {
        account_id: bill.account_id,
        from,
        to,
        time_zone: bill.time_zone,
        currency: bill.currency,
        as_of: past.told.clock(),
        plans,
        unpriced: reasons(past.unpriced.iter().filter_map(|(key, without)| {
            (within(without.at) && by_none(key)).then_some((without.reason, &*without.detail))
        })),
    }
}

/// One plan's row; `counts` says which records without a price count against it.
fn plan_cost(run: &Run<'_>, months: &[Month], counts: impl Fn(&InputKey) -> bool) -> PlanCost {
    let missing: Vec<_> = run
        .unpriced
        .iter()
        .filter(|(key, _)| counts(key))
        .map(|(_, without)| (run.books.month_of(without.at), without))
        .filter(|(month, _)| months.contains(month))
        .collect();
    let bills: Vec<Bill> = months.iter().map(|month| run.books.bill(*month)).collect();
    let months: Vec<MonthCost> = bills
        .iter()
        .map(|bill| MonthCost {
            month: bill.month,
            cost: Cost::of(bill),
            cheapest: false,
            missing: missing.iter().filter(|(at, _)| *at == bill.month).count() as u64,
        })
        .collect();
    let lines = bills.iter().flat_map(|bill| &bill.usage);
    PlanCost {
        plan: run.plan.clone(),
        present: false,
        cost: months
            .iter()
            .fold(Cost::default(), |sum, month| sum.plus(month.cost)),
        difference: Money::ZERO,
        cheapest: false,
        records: lines.map(|line| line.records).sum(),
        unpriced: reasons(
            missing
                .iter()
                .map(|(_, without)| (without.reason, &*without.detail)),
        ),
        months,
    }
}

/// Marks the plans that cost least among those that leave no record without a price.
fn mark_cheapest(plans: &mut [PlanCost], months: &[Month]) {
    let whole = plans.iter().filter(|plan| plan.missing() == 0);
    let least = whole.map(|plan| plan.cost.total).min();
    for plan in plans.iter_mut() {
        plan.cheapest = plan.missing() == 0 && Some(plan.cost.total) == least;
    }
    for index in 0..months.len() {
        let of_month = plans.iter().filter_map(|plan| plan.months.get(index));
        let whole = of_month.filter(|month| month.missing == 0);
        let least = whole.map(|month| month.cost.total).min();
        let of_month = plans
            .iter_mut()
            .filter_map(|plan| plan.months.get_mut(index));
        for month in of_month {
            month.cheapest = month.missing == 0 && Some(month.cost.total) == least;
        }
    }
}

/// Counts records by reason.
fn reasons<'a>(records: impl Iterator<Item = (Reason, &'a str)>) -> Vec<UnpricedReason> {
    let mut counted: BTreeMap<Reason, UnpricedReason> = BTreeMap::new();
    for (reason, detail) in records {
        let known = counted.entry(reason).or_insert_with(|| UnpricedReason {
            code: reason.code(),
            reason: reason.sentence(),
            records: 0,
            example: detail.to_owned(),
        });
        known.records += 1;
    }
    counted.into_values().collect()
}
/// What the catalog sells, as much of it as a message should have.
fn listed(sold: &[String]) -> Option<String> {
    const MOST: usize = 8;
    let first: Vec<&str> = sold.iter().take(MOST).map(String::as_str).collect();
    let more = if sold.len() > MOST { " and others" } else { "" };
    (!first.is_empty()).then(|| format!("the catalog has {}{more}", first.join(", ")))
}
