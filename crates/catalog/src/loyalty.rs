//! Loyalty programmes as the engine reads them (sections 4 and 4b of the semantics). All lists are in the order
//! in which they decide.

pub mod accrual;
pub mod case;
pub(crate) mod words;

use smol_str::SmolStr;
use umbral_model::money::Money;
use umbral_model::time::{Date, Timestamp};

/// A loyalty programme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Programme {
    /// Its name.
    pub name: SmolStr,
    /// Versions of its rules, ascending by `from`, one at least. Purchases before the first take the first.
    pub versions: Vec<RuleVersion>,
    /// Promotions; of those that match a line and its day the first counts.
    pub promotions: Vec<Promotion>,
    /// The card line of purchases without a card; none: nothing without a card.
    pub default_line: Option<SmolStr>,
    /// The basis of a line includes its tax.
    pub with_tax: bool,
    /// How long lots live; none: for ever.
    pub expiry: Option<Expiry>,
    /// Days before new points can be spent.
    pub pending_days: u16,
    /// Days before the last day of lots on which it is told, descending.
    pub expiry_notice_days: Vec<u16>,
    /// When bills earn.
    pub invoice: InvoiceAccrual,
    /// What happens when points that were spent are taken back.
    pub refund_policy: RefundPolicy,
    /// Debt never grows beyond this.
    pub max_debt: Option<u64>,
    /// Days for which expired lots live again when a reward comes back; 0: they die at once.
    pub reward_grace_days: u16,
    /// How points are spent.
    pub redemption: RedemptionRules,
    /// Points that can be spent at which a member is told, ascending.
    pub reward_levels: Vec<u64>,
    /// Tiers ascending, the first from 0 points; empty: no tiers.
    pub tiers: Vec<LoyaltyTier>,
    /// Months of a validity; none: tiers hold for ever.
    pub tier_validity_months: Option<u16>,
    /// What becomes of a tier whose sales were too low.
    pub demotion: Demotion,
    /// Days after a demotion within which a late purchase may restore the tier.
    pub tier_correction_days: u16,
    /// Days before a validity's last day on which a coming demotion is told, descending.
    pub tier_notice_days: Vec<u16>,
    /// The least tier by VIP rank: the highest rank that the customer has counts; ascending by rank.
    pub vip_floor: Vec<(u16, u16)>,
    /// Months without a purchase after which membership ends; none: never.
    pub inactive_months: Option<u16>,
    /// Days before that on which it is told, descending.
    pub inactive_notice_days: Vec<u16>,
    /// Days after a purchase within which it can be claimed, inclusive.
    pub claim_window_days: u16,
    /// Days after an expiry or the end of a membership within which what came before and is known later corrects it.
    pub correction_days: u16,
    /// Days that a refund waits for its purchase.
    pub refund_horizon_days: u16,
    /// Types of cards.
    pub card_types: Vec<CardType>,
    /// The type of the card that a member gets on enrolling.
    pub auto_issue: Option<u16>,
}

/// One version of a programme's rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleVersion {
    /// Its name, told with every point.
    pub name: SmolStr,
    /// It counts for purchases from this instant on.
    pub from: Timestamp,
    /// The first rule that matches a line decides; a line without a rule earns nothing.
    pub rules: Vec<AccrualRule>,
}

/// What a rule is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccrualSource {
    /// Lines of purchases.
    Purchase,
    /// Lines of bills, once paid.
    Invoice,
    /// Rated usage, summed per cycle.
    Usage,
    /// Visits.
    Visit,
}

/// A rule of accrual.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccrualRule {
    /// What it is about.
    pub source: AccrualSource,
    /// Which lines.
    pub matches: LineFilter,
    /// They earn nothing.
    pub exclude: bool,
    /// Points for each full unit.
    pub points: u64,
    /// The unit of money; none: once for each visit.
    pub per: Option<Money>,
    /// Fewer full units than this earn nothing.
    pub min_units: u32,
    /// The tier's multiplier counts.
    pub multiplied: bool,
    /// The points count towards a tier.
    pub qualifying: bool,
}

/// Which lines a rule or promotion is about. An empty list stands for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LineFilter {
    /// Categories; of usage the words of the scopes.
    pub categories: Vec<SmolStr>,
    /// Items.
    pub items: Vec<SmolStr>,
    /// Partners.
    pub partners: Vec<SmolStr>,
    /// Locations.
    pub locations: Vec<SmolStr>,
    /// Methods of payment.
    pub methods: Vec<SmolStr>,
    /// Member categories (staff and the like).
    pub member_categories: Vec<SmolStr>,
    /// Card lines.
    pub card_lines: Vec<SmolStr>,
}

/// Extra points on lines that a rule lets earn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promotion {
    /// Its name.
    pub name: SmolStr,
    /// Which lines.
    pub matches: LineFilter,
    /// First local day.
    pub from: Date,
    /// Last local day.
    pub until: Date,
    /// Extra share of the rule's points, in basis points: 10000 doubles them. Tier multipliers do not apply to it.
    pub bonus_bps: u32,
}

/// How long points live: so many months and days after the day on which they were earned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Expiry {
    /// Months.
    pub months: u16,
    /// Days on top.
    pub days: u16,
    /// To the end of that month.
    pub month_end: bool,
}

/// When bills earn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InvoiceAccrual {
    /// When nothing of the bill is left to pay.
    #[default]
    WhenPaid,
    /// By what is paid so far.
    Progressive,
}

/// What is taken when points come back that were spent already.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RefundPolicy {
    /// All of them: what is missing becomes debt.
    #[default]
    Debt,
    /// What the ledger holds.
    WithinBalance,
    /// What of the lot is pending.
    OnlyPending,
}

/// What becomes of a tier whose validity ended with too low sales.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Demotion {
    /// The next lower one.
    #[default]
    OneDown,
    /// The highest one whose standard the sales meet.
    Recompute,
}

/// How points are spent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RedemptionRules {
    /// Least points of a redemption.
    pub min_points: u64,
    /// Minutes after which a reservation that was not committed is over; none: never.
    pub timeout_minutes: Option<u32>,
    /// Channels on which points cannot be spent.
    pub closed_channels: Vec<SmolStr>,
    /// The catalogue of rewards.
    pub rewards: Vec<Reward>,
}

/// A reward of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reward {
    /// Its name.
    pub name: SmolStr,
    /// Points of one.
    pub points: u64,
}

/// A tier of a programme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoyaltyTier {
    /// Its name.
    pub name: SmolStr,
    /// Points since the base at which it is reached.
    pub from: u64,
    /// Sales of a validity that keep it.
    pub retain: Money,
    /// Points of purchases count so many basis points.
    pub multiplier_bps: u32,
}

/// From when on a renewed card is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RenewFrom {
    /// The day of the renewal.
    #[default]
    Renewal,
    /// The old last day.
    OldEnd,
}

/// A type of cards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardType {
    /// Its name.
    pub name: SmolStr,
    /// Its card line: cards of one line share a ledger.
    pub line: SmolStr,
    /// Cards wait for a confirmation before points can be spent with them.
    pub confirm: bool,
    /// A one-time code is needed for each redemption.
    pub code: bool,
    /// Months for which a card is good; none: for ever.
    pub validity_months: Option<u16>,
    /// Days after its last day within which it can be renewed; none: for ever.
    pub renewal_window_days: Option<u16>,
    /// Lots do not age while the last card of the line is expired.
    pub freeze_lots: bool,
    /// From when on a renewed card is good.
    pub renew_from: RenewFrom,
    /// It may be handed on; otherwise a check that finds another holder blocks it, as if it were lost.
    pub transferable: bool,
    /// A fee that is charged when it is issued, whole minor units.
    pub fee: Option<Money>,
    /// Sales of the running validity that are asked for before it is issued; a fee stands for them where there is
    /// one (whole minor units).
    pub min_spend: Option<Money>,
    /// The first of the numbers that are given out where an input names none.
    pub numbers_from: Option<u64>,
    /// Cards are printed beforehand: only those in stock are given out.
    pub from_stock: bool,
}

impl CardType {
    /// Whether a card can be given out of which no number is known.
    pub fn has_numbers(&self) -> bool {
        self.numbers_from.is_some() || self.from_stock
    }
}

impl Programme {
    /// The number of the version of its rules that counts at `at`.
    pub fn version_at(&self, at: Timestamp) -> usize {
        let past = self.versions.partition_point(|version| version.from <= at);
        past.saturating_sub(1)
    }

    /// A version of its rules by name; the first one where there is none of that name.
    pub fn version(&self, name: &str) -> Option<&RuleVersion> {
        let mut versions = self.versions.iter();
        versions.find(|version| version.name == name)
    }

    /// A type of cards by name.
    pub fn card_type(&self, name: &str) -> Option<&CardType> {
        self.card_types
            .iter()
            .find(|card_type| card_type.name == name)
    }

    /// The number of a tier by name.
    pub fn tier(&self, name: &str) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.name == name)
    }

    /// The highest tier that `points` reach.
    pub fn tier_of_points(&self, points: i64) -> usize {
        let reached = |tier: &&LoyaltyTier| i128::from(tier.from) <= i128::from(points.max(0));
        self.tiers
            .iter()
            .take_while(reached)
            .count()
            .saturating_sub(1)
    }

    /// The least tier of a VIP rank.
    pub fn floor_of_rank(&self, rank: u16) -> usize {
        let past = self.vip_floor.partition_point(|(least, _)| *least <= rank);
        past.checked_sub(1)
            .map_or(0, |index| usize::from(self.vip_floor[index].1))
    }

    /// Its card lines: that of purchases without a card, and those of cards; a line of several types once for each.
    pub fn lines(&self) -> Vec<&SmolStr> {
        let cards = self.card_types.iter().map(|card| &card.line);
        self.default_line.iter().chain(cards).collect()
    }

    /// Whether some rule is about this source.
    pub fn accrues(&self, source: AccrualSource) -> bool {
        let rules = self.versions.iter().flat_map(|version| &version.rules);
        rules
            .into_iter()
            .any(|rule| rule.source == source && !rule.exclude)
    }
}

impl LineFilter {
    /// Whether a line is meant.
    pub fn covers(&self, line: &LineFacts<'_>) -> bool {
        let has = |list: &[SmolStr], word: Option<&str>| {
            list.is_empty() || word.is_some_and(|word| list.iter().any(|listed| listed == word))
        };
        has(&self.categories, Some(line.category))
            && has(&self.items, Some(line.item))
            && has(&self.partners, line.partner)
            && has(&self.locations, line.location)
            && has(&self.methods, line.method)
            && has(&self.member_categories, line.member_category)
            && has(&self.card_lines, Some(line.card_line))
    }
}

/// What rules and promotions know about a line.
#[derive(Clone, Copy, Debug)]
pub struct LineFacts<'a> {
    /// Category of goods.
    pub category: &'a str,
    /// Item.
    pub item: &'a str,
    /// Partner.
    pub partner: Option<&'a str>,
    /// Location.
    pub location: Option<&'a str>,
    /// Method of payment.
    pub method: Option<&'a str>,
    /// The customer's member category.
    pub member_category: Option<&'a str>,
    /// The card line.
    pub card_line: &'a str,
}
