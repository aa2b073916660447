//! What a shop and a member centre look at: members and their growth, who comes back, what members spend beside
//! other customers, where points come from and go, and which purchases were claimed late.

use crate::bill::{Month, shown};
use crate::entries::account_of;
use crate::{History, HistoryError, threads};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use umbral_engine::World;
use umbral_model::event::{Balances, ChargeKind, EarningKind, EventBody, RefundNoted};
use umbral_model::ids::{AccountId, LedgerName};
use umbral_model::input::{Body, IncomingBody, Purchase};
use umbral_model::journal::{Entry, JournaledInput, Outcome};
use umbral_model::money::Money;
use umbral_model::rejection::Reason;
use umbral_model::time::{Date, Timestamp};
use umbral_runtime::{EngineError, FrameFold, ScannedFrame, fold_all};

/// The programmes of a deployment at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct LoyaltyReport {
    /// First local day that is in it.
    pub from: Option<String>,
    /// Last one.
    pub to: Option<String>,
    /// Currency of the amounts.
    pub currency: String,
    /// Members at the end of the period.
    pub members: u64,
    /// Members at the end of the period, by tier.
    pub members_by_tier: BTreeMap<String, u64>,
    /// Months, oldest first.
    pub months: Vec<MonthOfClub>,
    /// Members of a month who bought in the month before and again in it, in per cent of those who bought in the
    /// month before; over all months.
    pub retention_percent: Option<String>,
    /// What members spent.
    pub loyal: Spenders,
    /// What everybody else spent.
    pub others: Spenders,
    /// Members who spent most.
    pub top_customers: Vec<TopCustomer>,
    /// Points by what earned them.
    pub points_by_source: Vec<BySource>,
    /// Points that went, and how.
    pub points_gone: BTreeMap<&'static str, u64>,
    /// Rewards given.
    pub rewards: Vec<RewardGiven>,
    /// Points that members hold and owe.
    pub outstanding: Promised,
    /// Purchases that were claimed, with what came of it.
    pub late_claims: Vec<LateClaim>,
    /// Cards that were printed before anybody had them, by type.
    pub card_stock: Vec<CardStock>,
    /// Scores of effort, 1 (easy) to 7 (hard): how many, and their sum.
    pub effort: (u64, u64),
}

/// The printed cards of a type.
#[derive(Clone, Debug, Serialize)]
pub struct CardStock {
    /// The type.
    #[serde(rename = "type")]
    pub card_type: String,
    /// Cards that came into stock until the end of the period.
    pub printed: u64,
    /// Those of them that somebody has or had.
    pub given_out: u64,
    /// Those that lie there.
    pub left: u64,
}

/// A month of the programmes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MonthOfClub {
    /// The month.
    pub month: String,
    /// Members who joined.
    pub joined: u64,
    /// Members who left.
    pub left: u64,
    /// Members at its end.
    pub members: u64,
    /// Members who bought something.
    pub buying_members: u64,
    /// Of those who bought in the month before, how many bought again.
    pub came_back: u64,
    /// Purchases of members.
    pub purchases: u64,
    /// Visits of members.
    pub visits: u64,
    /// What members spent, less what came back in the month.
    #[serde(serialize_with = "shown")]
    pub spent: Money,
    /// Points earned, less those taken back.
    pub earned: i64,
    /// Points redeemed.
    pub redeemed: u64,
}

/// What a group of customers spent.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Spenders {
    /// Customers who bought something; purchases of nobody known count as one customer each.
    pub customers: u64,
    /// Purchases.
    pub purchases: u64,
    /// Visits that were counted.
    pub visits: u64,
    /// What was spent, less what came back.
    #[serde(serialize_with = "shown")]
    pub spent: Money,
}

/// A member who spent much.
#[derive(Clone, Debug, Serialize)]
pub struct TopCustomer {
    /// The account.
    pub account_id: String,
    /// Purchases.
    pub purchases: u64,
    /// What was spent, less what came back.
    #[serde(serialize_with = "shown")]
    pub spent: Money,
}

/// Points of one kind of source.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BySource {
    /// `purchase`, `invoice`, `usage`, `visit` or `by_hand`.
    pub source: &'static str,
    /// Points earned.
    pub earned: u64,
    /// Points taken back or voided.
    pub taken_back: u64,
}

/// A reward that was given.
#[derive(Clone, Debug, Serialize)]
pub struct RewardGiven {
    /// Its name; `points` where no reward was named.
    pub reward: String,
    /// How many.
    pub count: u64,
    /// Points spent on it.
    pub points: u64,
}

/// What members hold and owe.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Promised {
    /// Points that can be spent, now or later.
    pub points: u64,
    /// Points owed.
    pub debt: u64,
}

/// A purchase that was claimed.
#[derive(Clone, Debug, Serialize)]
pub struct LateClaim {
    /// Who claimed it.
    pub account_id: String,
    /// The purchase.
    pub purchase_id: String,
    /// When it was claimed.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// Points that it earned.
    pub points: u64,
    /// Why it earned none.
    pub refused: Option<&'static str>,
}

/// Reports on the programmes of a deployment, whose journal may have several parts: what happened from `from` to
/// `to`; both days are in it.
///
/// # Errors
/// A journal that cannot be read.
pub fn loyalty_report(
    parts: &[History],
    (from, to): (Option<Date>, Option<Date>),
    top: usize,
) -> Result<LoyaltyReport, HistoryError> {
    let fold = || Sums {
        from,
        to,
        ..Sums::default()
    };
    let (mut sums, mut currency) = (fold(), String::new());
    for part in parts {
        let mut scanner = part.scan()?;
        let folds = (0..threads(part.partitions())).map(|_| fold()).collect();
        let (world, folds) = fold_all(&mut scanner, folds, &mut |_| true)?;
        for other in folds {
            sums.add(other);
        }
        if let Some(version) = world.world().catalogs.latest() {
            currency = version.catalog.currency.to_string();
        }
    }
    Ok(sums.conclude(currency, top))
}

/// A member on its way through the journal.
#[derive(Default)]
struct Customer {
    /// Tier by open ledger; empty where the programme has none.
    ledgers: BTreeMap<String, String>,
    purchases: u64,
    spent: Money,
    months: BTreeSet<Month>,
    bought_as_other: bool,
    balances: BTreeMap<String, (u64, u64)>,
    redemptions: FxHashMap<String, String>,
}

/// What is counted of some partitions.
#[derive(Default)]
pub(crate) struct Sums {
    from: Option<Date>,
    to: Option<Date>,
    customers: FxHashMap<AccountId, Customer>,
    months: BTreeMap<Month, MonthOfClub>,
    loyal: Spenders,
    others: Spenders,
    sources: BTreeMap<&'static str, (u64, u64)>,
    gone: BTreeMap<&'static str, u64>,
    rewards: BTreeMap<String, (u64, u64)>,
    claims: Vec<LateClaim>,
    effort: (u64, u64),
    /// Cards that came into stock, and that were given out of it, by type.
    stock: BTreeMap<String, (u64, u64)>,
    /// Purchases of nobody known that have a buyer by now, and what they came to.
    claimed: (u64, Money),
}

impl FrameFold for Sums {
    fn fold(&mut self, frame: &ScannedFrame) -> Result<(), EngineError> {
        for entry in frame.decode()?.entries {
            self.take(&frame.world, &entry);
        }
        Ok(())
    }
}

/// Where and when an event happened.
struct Scene<'a> {
    account: &'a AccountId,
    month: Month,
    /// It lies in the period that is reported.
    counts: bool,
}

impl Sums {
    pub(crate) fn take(&mut self, world: &World, entry: &Entry) {
        if let Outcome::Quarantined(kept) = &entry.outcome
            && kept.reason == Reason::UnidentifiedPurchase
        {
            self.others.customers += 1;
            self.others.purchases += 1;
            self.others.spent += paid_by_nobody_known(&kept.original);
        }
        // What makes a customer a member is a member's: what was bought comes after all else that the input did.
        let events = entry.events.iter();
        let (bought, rest): (Vec<_>, Vec<_>) = events
            .filter(|event| !is_usage(&event.event.body))
            .partition(|event| is_spending(&event.event.body));
        for event in rest.into_iter().chain(bought) {
            let Some(account) = account_of(entry, event) else {
                continue;
            };
            let day = day_of(world, event.event.effective_at);
            if self.to.is_some_and(|to| day > to) {
                continue;
            }
            let scene = Scene {
                account,
                month: Month::of(day),
                counts: self.from.is_none_or(|from| day >= from),
            };
            self.take_event(&scene, &event.event.body);
        }
        self.take_claim(world, entry);
    }

    fn take_event(&mut self, scene: &Scene<'_>, body: &EventBody) {
        match body {
            EventBody::MemberEnrolled(body) => {
                let tier = body.tier.clone().unwrap_or_default();
                self.join(scene, body.ledger.to_string(), tier.to_string());
            }
            EventBody::MembershipTerminated(body) => {
                self.leave(scene, body.ledger.as_str());
                self.go(scene, "forfeited", body.points_forfeited);
                self.hold(scene, body.ledger.as_str(), 0, None);
            }
            EventBody::CardClosed(body) => {
                if let Some(ledger) = body.ledger.as_ref().filter(|_| body.was_last) {
                    self.leave(scene, ledger.as_str());
                    self.hold(scene, ledger.as_str(), 0, None);
                }
                self.go(scene, "forfeited", body.points_forfeited);
            }
            EventBody::TierChanged(body) | EventBody::TierRestored(body) => {
                let customer = self.customer(scene);
                if let Some(tier) = customer.ledgers.get_mut(body.ledger.as_str()) {
                    *tier = body.to.to_string();
                }
            }
            EventBody::PurchaseRecorded(body) => self.buy(scene, body.total),
            EventBody::ChargePosted(body) => {
                if let ChargeKind::Purchase(..) = &body.kind {
                    self.buy(scene, body.amount);
                }
            }
            EventBody::RefundNoted(body) => self.give_back(scene, came_back(body)),
            EventBody::CardsStocked(body) => {
                self.stock_of(&body.card_type).0 += u64::from(body.count);
            }
            EventBody::CardIssued(body) if body.from_stock => {
                self.stock_of(&body.card_type).1 += 1;
            }
            EventBody::CardReplaced(body) => {
                if let Some(card_type) = &body.from_stock {
                    self.stock_of(card_type).1 += 1;
                }
            }
            EventBody::ContactNoted(_) => self.visit(scene),
            EventBody::EffortNoted(body) if scene.counts => {
                self.effort.0 += 1;
                self.effort.1 += u64::from(body.score);
            }
            _ => self.take_points(scene, body),
        }
    }

    fn take_points(&mut self, scene: &Scene<'_>, body: &EventBody) {
        match body {
            EventBody::PointsEarned(body) => {
                self.source(scene, body.source, body.delta, true);
                self.hold_after(scene, &body.ledger, body.balances_after);
            }
            EventBody::PointsClawedBack(body) | EventBody::PointsVoided(body) => {
                self.source(scene, body.source, -body.delta, false);
                self.hold_after(scene, &body.ledger, body.balances_after);
            }
            EventBody::PointsExpired(body) => {
                self.go(scene, "expired", body.delta.unsigned_abs());
                self.hold_after(scene, &body.ledger, body.balances_after);
            }
            EventBody::RedemptionAccepted(body) => {
                let reward = body.reward.clone().unwrap_or("points".into());
                let customer = self.customer(scene);
                customer
                    .redemptions
                    .insert(body.redemption.to_string(), reward.to_string());
            }
            EventBody::RedemptionCommitted(body) => {
                let points: u64 = body.allocations.iter().map(|part| part.points).sum();
                let id = body.redemption.as_str();
                let customer = self.customer(scene);
                let reward = customer.redemptions.remove(id).unwrap_or_default();
                self.hold_after(scene, &body.ledger, body.balances_after);
                if scene.counts {
                    let given = self.rewards.entry(reward).or_default();
                    given.0 += 1;
                    given.1 += points;
                    *self.gone.entry("redeemed").or_default() += points;
                    self.month(scene).redeemed += points;
                }
            }
            _ => {}
        }
    }

    fn customer(&mut self, scene: &Scene<'_>) -> &mut Customer {
        self.customers.entry(scene.account.clone()).or_default()
    }

    /// Cards of a type that came into stock, and that were given out of it.
    fn stock_of(&mut self, card_type: &str) -> &mut (u64, u64) {
        self.stock.entry(card_type.to_owned()).or_default()
    }

    fn month(&mut self, scene: &Scene<'_>) -> &mut MonthOfClub {
        self.months.entry(scene.month).or_default()
    }

    fn join(&mut self, scene: &Scene<'_>, ledger: String, tier: String) {
        let customer = self.customer(scene);
        let was_member = !customer.ledgers.is_empty();
        customer.ledgers.insert(ledger, tier);
        if !was_member {
            self.month(scene).joined += 1;
        }
    }

    fn leave(&mut self, scene: &Scene<'_>, ledger: &str) {
        let customer = self.customer(scene);
        let left = customer.ledgers.remove(ledger).is_some() && customer.ledgers.is_empty();
        if left {
            self.month(scene).left += 1;
        }
    }

    fn buy(&mut self, scene: &Scene<'_>, amount: Money) {
        if !scene.counts {
            return;
        }
        let month = scene.month;
        let customer = self.customer(scene);
        if customer.ledgers.is_empty() {
            let is_new = !std::mem::replace(&mut customer.bought_as_other, true);
            self.others.customers += u64::from(is_new);
            self.others.purchases += 1;
            self.others.spent += amount;
            return;
        }
        let is_new = customer.purchases == 0;
        customer.purchases += 1;
        customer.spent += amount;
        let first_of_month = customer.months.insert(month);
        self.loyal.customers += u64::from(is_new);
        self.loyal.purchases += 1;
        self.loyal.spent += amount;
        let of_month = self.month(scene);
        of_month.purchases += 1;
        of_month.spent += amount;
        of_month.buying_members += u64::from(first_of_month);
    }

    /// Money of a purchase came back: whoever it was spent less, in the month in which it came.
    fn give_back(&mut self, scene: &Scene<'_>, amount: Money) {
        if !scene.counts || amount == Money::ZERO {
            return;
        }
        let customer = self.customer(scene);
        if customer.ledgers.is_empty() {
            self.others.spent -= amount;
            return;
        }
        customer.spent -= amount;
        self.loyal.spent -= amount;
        self.month(scene).spent -= amount;
    }

    fn visit(&mut self, scene: &Scene<'_>) {
        if !scene.counts {
            return;
        }
        if self.customer(scene).ledgers.is_empty() {
            self.others.visits += 1;
            return;
        }
        self.loyal.visits += 1;
        self.month(scene).visits += 1;
    }

    fn source(&mut self, scene: &Scene<'_>, kind: Option<EarningKind>, points: i64, earned: bool) {
        if !scene.counts {
            return;
        }
        let word = kind.map_or("by_hand", EarningKind::word);
        let source = self.sources.entry(word).or_default();
        let month = self.months.entry(scene.month).or_default();
        match earned {
            true => {
                source.0 += points.unsigned_abs();
                month.earned += points;
            }
            false => {
                source.1 += points.unsigned_abs();
                month.earned -= points;
            }
        }
    }

    fn go(&mut self, scene: &Scene<'_>, how: &'static str, points: u64) {
        if scene.counts && points > 0 {
            *self.gone.entry(how).or_default() += points;
        }
    }

    /// What a ledger holds and owes after an event that tells it.
    fn hold_after(&mut self, scene: &Scene<'_>, ledger: &LedgerName, after: Balances) {
        let held = after.pending + after.available + after.reserved;
        self.hold(scene, ledger.as_str(), held, Some(after.debt));
    }

    /// What a ledger holds and owes now; the debt stays where it is not told.
    fn hold(&mut self, scene: &Scene<'_>, ledger: &str, points: u64, debt: Option<u64>) {
        let customer = self.customer(scene);
        let held = customer.balances.entry(ledger.to_owned()).or_default();
        *held = (points, debt.unwrap_or(held.1));
    }

    fn take_claim(&mut self, world: &World, entry: &Entry) {
        let JournaledInput::Account(input) = &entry.input else {
            return;
        };
        if let (Body::Enrolled(enrolled), Outcome::Applied) = (&input.body, &entry.outcome) {
            for found in &enrolled.unclaimed {
                self.move_to_members(world, &input.account, &found.purchase, found.occurred_at);
            }
        }
        let (Body::PurchaseClaimed(claim), Outcome::Applied) = (&input.body, &entry.outcome) else {
            return;
        };
        let source_ref = claim.purchase.as_str();
        let (mut points, mut refused) = (0, None);
        for event in &entry.events {
            match &event.event.body {
                EventBody::PointsEarned(body) if body.source_ref == source_ref => {
                    points += body.delta.unsigned_abs();
                }
                EventBody::PointsNotEarned(body) if body.source_ref == source_ref => {
                    refused = Some(body.reason.word());
                }
                _ => {}
            }
        }
        if let Some(found) = claim.found.as_ref().filter(|_| points > 0) {
            self.move_to_members(world, &input.account, &found.purchase, found.occurred_at);
        }
        self.claims.push(LateClaim {
            account_id: input.account.to_string(),
            purchase_id: source_ref.to_owned(),
            at: input.occurred_at,
            points,
            refused: refused.filter(|_| points == 0),
        });
    }

    /// A purchase of nobody known has a buyer now, who is a member.
    fn move_to_members(
        &mut self,
        world: &World,
        account: &AccountId,
        purchase: &Purchase,
        at: Timestamp,
    ) {
        let day = day_of(world, at);
        let amount = paid(purchase);
        let scene = Scene {
            account,
            month: Month::of(day),
            counts: self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to),
        };
        if scene.counts {
            self.claimed.0 += 1;
            self.claimed.1 += amount;
        }
        self.buy(&scene, amount);
    }

    pub(crate) fn add(&mut self, other: Sums) {
        self.claimed.0 += other.claimed.0;
        self.claimed.1 += other.claimed.1;
        // An account lives in one partition, so no account is in two of them.
        self.customers.extend(other.customers);
        for (month, of) in other.months {
            let own = self.months.entry(month).or_default();
            own.joined += of.joined;
            own.left += of.left;
            own.buying_members += of.buying_members;
            own.purchases += of.purchases;
            own.visits += of.visits;
            own.spent += of.spent;
            own.earned += of.earned;
            own.redeemed += of.redeemed;
        }
        for (own, of) in [
            (&mut self.loyal, other.loyal),
            (&mut self.others, other.others),
        ] {
            own.customers += of.customers;
            own.purchases += of.purchases;
            own.visits += of.visits;
            own.spent += of.spent;
        }
        for (source, (earned, taken)) in other.sources {
            let own = self.sources.entry(source).or_default();
            own.0 += earned;
            own.1 += taken;
        }
        for (how, points) in other.gone {
            *self.gone.entry(how).or_default() += points;
        }
        for (reward, (count, points)) in other.rewards {
            let own = self.rewards.entry(reward).or_default();
            own.0 += count;
            own.1 += points;
        }
        for (card_type, (printed, given_out)) in other.stock {
            let own = self.stock.entry(card_type).or_default();
            own.0 += printed;
            own.1 += given_out;
        }
        self.claims.extend(other.claims);
        self.effort.0 += other.effort.0;
        self.effort.1 += other.effort.1;
    }

    pub(crate) fn conclude(mut self, currency: String, top: usize) -> LoyaltyReport {
        self.others.customers = self.others.customers.saturating_sub(self.claimed.0);
        self.others.purchases = self.others.purchases.saturating_sub(self.claimed.0);
        self.others.spent -= self.claimed.1;
        self.claims
            .sort_by(|a, b| (a.at, &a.purchase_id).cmp(&(b.at, &b.purchase_id)));
        let (came_back, bought_before) = self.count_returns();
        let (months, members) = self.take_months();
        let open = self
            .customers
            .values()
            .filter(|customer| !customer.ledgers.is_empty());
        let mut members_by_tier: BTreeMap<String, u64> = BTreeMap::new();
        for tier in open.flat_map(|customer| customer.ledgers.values()) {
            *members_by_tier.entry(tier.clone()).or_default() += 1;
        }
        members_by_tier.remove("");
        let mut outstanding = Promised::default();
        for (points, debt) in self.customers.values().flat_map(|c| c.balances.values()) {
            outstanding.points += points;
            outstanding.debt += debt;
        }
        LoyaltyReport {
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            currency,
            members,
            members_by_tier,
            months,
            retention_percent: percent(came_back, bought_before),
            loyal: self.loyal,
            others: self.others,
            top_customers: self.top(top),
            points_by_source: self
                .sources
                .iter()
                .map(|(source, (earned, taken_back))| BySource {
                    source,
                    earned: *earned,
                    taken_back: *taken_back,
                })
                .collect(),
            points_gone: self.gone,
            rewards: self
                .rewards
                .into_iter()
                .map(|(reward, (count, points))| RewardGiven {
                    reward,
                    count,
                    points,
                })
                .collect(),
            outstanding,
            late_claims: self.claims,
            card_stock: self
                .stock
                .into_iter()
                .map(|(card_type, (printed, given_out))| CardStock {
                    card_type,
                    printed,
                    given_out,
                    left: printed.saturating_sub(given_out),
                })
                .collect(),
            effort: self.effort,
        }
    }

    /// The months of the period, and the members at the end of the last one.
    fn take_months(&mut self) -> (Vec<MonthOfClub>, u64) {
        let mut members = 0;
        let mut months = Vec::with_capacity(self.months.len());
        for (month, of) in std::mem::take(&mut self.months) {
            members += of.joined;
            members -= of.left.min(members);
            let counts = self.from.is_none_or(|from| Month::of(from) <= month);
            if counts {
                months.push(MonthOfClub {
                    month: month.to_string(),
                    members,
                    ..of
                });
            }
        }
        (months, members)
    }

    /// Notes in each month how many bought again; gives the sum, and how many could have.
    fn count_returns(&mut self) -> (u64, u64) {
        let (mut came_back, mut bought_before) = (0, 0);
        let last: FxHashSet<Month> = self
            .months
            .keys()
            .next_back()
            .copied()
            .into_iter()
            .collect();
        for customer in self.customers.values() {
            for month in customer.months.iter().filter(|month| !last.contains(month)) {
                bought_before += 1;
                if customer.months.contains(&month.next()) {
                    came_back += 1;
                    self.months.entry(month.next()).or_default().came_back += 1;
                }
            }
        }
        (came_back, bought_before)
    }

    fn top(&self, most: usize) -> Vec<TopCustomer> {
        let mut buyers: Vec<(&AccountId, &Customer)> = self
            .customers
            .iter()
            .filter(|(_, customer)| customer.purchases > 0)
            .collect();
        buyers.sort_by(|a, b| b.1.spent.cmp(&a.1.spent).then_with(|| a.0.cmp(b.0)));
        buyers.truncate(most);
        let top = buyers.into_iter().map(|(account, customer)| TopCustomer {
            account_id: account.to_string(),
            purchases: customer.purchases,
            spent: customer.spent,
        });
        top.collect()
    }
}

/// Most events are of usage, and tell a programme nothing.
fn is_usage(body: &EventBody) -> bool {
    matches!(body, EventBody::UsageRated(_))
}

/// Purchases and visits: they may open the ledger of whom they are.
fn is_spending(body: &EventBody) -> bool {
    match body {
        EventBody::PurchaseRecorded(_) | EventBody::ContactNoted(_) => true,
        EventBody::ChargePosted(body) => matches!(body.kind, ChargeKind::Purchase(..)),
        _ => false,
    }
}

/// What came back of a purchase.
fn came_back(refund: &RefundNoted) -> Money {
    let lines: Money = refund.lines.iter().map(|line| line.net).sum();
    lines + refund.amount
}

/// What a purchase came to.
fn paid(purchase: &Purchase) -> Money {
    let lines = purchase.lines.iter();
    lines
        .filter_map(|line| line.owed(line.net?))
        .fold(Money::ZERO, |sum, amount| sum + amount)
}

/// What a purchase of nobody known came to; nothing where its bytes are in another form than JSON.
fn paid_by_nobody_known(original: &[u8]) -> Money {
    let incoming = umbral_wire::json::parse_incoming(original).ok();
    match incoming.map(|incoming| incoming.body) {
        Some(IncomingBody::Account(Body::Purchase(purchase))) => paid(&purchase),
        _ => Money::ZERO,
    }
}

/// A share in per cent with one decimal, rounded down.
fn percent(part: u64, whole: u64) -> Option<String> {
    let tenths = (part * 1_000).checked_div(whole)?;
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

/// The day of an instant in the catalog's zone.
fn day_of(world: &World, at: Timestamp) -> Date {
    match world.catalogs.latest() {
        Some(version) => version.catalog.zone.local(at).date,
        None => at.utc_date(),
    }
}
