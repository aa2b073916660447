//! The compiled catalog: flat tables that rating and credit control read. Look-ups do not grow with the deck.

use crate::packed::Packed;
pub use crate::rules::{RuleLists, Rules};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use umbral_model::ids::{
    AllowanceNo, BandNo, CounterNo, DestinationNo, PlanNo, PrefixNo, ProductNo, RateNo, RuleNo,
    ServiceNo,
};
use umbral_model::input::{Direction, Measure, Scope};
use umbral_model::money::{Currency, Money, Pico, Rounding};
use umbral_model::time::{Date, Timestamp, ZoneRules};
use umbral_model::units::Measurement;

/// One compiled catalog version.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Name of the operator or tariff.
    pub name: SmolStr,
    /// Label of the version: hash of its content unless the activation names one.
    pub label: SmolStr,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// Zone of its time bands and dates.
    pub zone: ZoneRules,
    /// Usage from this instant on is priced by it.
    pub valid_from: Timestamp,
    /// How numbers are matched with prefixes.
    pub numbers: NumberForm,
    /// Services by number.
    pub services: Vec<Service>,
    /// Destination zones by number.
    pub destinations: Vec<SmolStr>,
    /// All prefixes.
    pub deck: Deck,
    /// Named network groups (PLMN codes), for rules with `roaming`.
    pub networks: Vec<NetworkGroup>,
    /// Which network is in which group.
    pub network_index: NetworkIndex,
    /// Numbers that are never charged nor barred, ascending.
    pub emergency: Vec<SmolStr>,
    /// The rule that prices emergency numbers at nothing, in every plan.
    pub emergency_rule: Option<RuleNo>,
    /// Time bands by number.
    pub bands: Vec<Band>,
    /// Rates by number.
    pub rates: Vec<Rate>,
    /// Rules by number, over all plans.
    pub rules: Rules,
    /// Plans of this version. `PlanNo` is the deployment's number, see `version::CatalogSet`.
    pub plans: Vec<Plan>,
    /// Allowances of plans and products by number.
    pub allowances: Vec<Allowance>,
    /// Products by number.
    pub products: Vec<Product>,
    /// Discounts by number.
    pub discounts: Vec<Discount>,
    /// Discounts of a record add up to at most this, in basis points; at most 8000.
    pub discount_cap_bps: u32,
    /// Rating profiles.
    pub profiles: Profiles,
    /// Credit classes.
    pub classes: Vec<CreditClass>,
    /// VIP levels by rank, ascending.
    pub vip_levels: Vec<VipLevel>,
    /// Collection schedules.
    pub schedules: Vec<Schedule>,
    /// Loyalty programmes.
    pub programmes: Vec<crate::loyalty::Programme>,
}

/// How numbers and prefixes are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NumberForm {
    /// International digits without `+`; of numbers longer than eight digits the last four are not read.
    #[default]
    E164,
    /// Character by character, as written (imported tariff folders). Not for a data directory.
    Verbatim,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// `voice`, `sms`, ... or the operator's own.
    pub name: SmolStr,
    /// What it is counted in.
    pub measurement: Measurement,
}

/// A named set of serving networks.
#[derive(Clone, Debug)]
pub struct NetworkGroup {
    /// Its name.
    pub name: SmolStr,
    /// PLMN codes (MCC+MNC) or prefixes of them, ascending; `*` for all that no other group lists.
    pub networks: Vec<SmolStr>,
}

/// Where a serving network is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Whereabouts {
    /// In the operator's own network, or one that counts as such.
    Home,
    /// In a network group, an index into `Catalog::networks`.
    Group(u16),
    /// In a network that no group lists.
    Elsewhere,
}

/// Serving networks by code.
#[derive(Clone, Debug, Default)]
pub struct NetworkIndex {
    /// Codes, or beginnings of them, that count as home, ascending.
    pub home: Vec<SmolStr>,
    /// Group of each code or beginning of one.
    pub groups: FxHashMap<SmolStr, u16>,
    /// The group of all networks that no other group lists.
    pub rest: Option<u16>,
    /// Country calling code (`33`) of each code or beginning of one, where the catalog names it.
    pub countries: FxHashMap<SmolStr, SmolStr>,
}

impl NetworkIndex {
    /// Where a record's serving network is; no network is home.
    pub fn whereabouts(&self, network: Option<&str>) -> Whereabouts {
        let Some(network) = network else {
            return Whereabouts::Home;
        };
        if self
            .home
            .iter()
            .any(|code| network.starts_with(code.as_str()))
        {
            return Whereabouts::Home;
        }
        let group = longest(network).find_map(|code| self.groups.get(code).copied());
        group
            .or(self.rest)
            .map_or(Whereabouts::Elsewhere, Whereabouts::Group)
    }

    /// The calling code of the network's country.
    pub fn country(&self, network: &str) -> Option<&str> {
        longest(network).find_map(|code| self.countries.get(code).map(SmolStr::as_str))
    }
}

/// A code and its beginnings, longest first.
fn longest(network: &str) -> impl Iterator<Item = &str> {
    (1..=network.len())
        .rev()
        .filter_map(|length| network.get(..length))
}

/// A prefix found in the deck, longest first; `shorter` leads to the next shorter one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PrefixEntry {
    /// The set of zones that list this prefix: an index into plans' rule tables.
    pub zone_set: u32,
    /// The next shorter prefix of the deck that is a prefix of this one.
    pub shorter: Option<PrefixNo>,
}

/// All prefixes of a version: longest match in time that depends on the number's length only.
#[derive(Clone, Debug, Default)]
pub struct Deck {
    /// Entries by `PrefixNo`.
    pub entries: Vec<PrefixEntry>,
    /// Text of each prefix.
    pub prefixes: Vec<SmolStr>,
    /// Zones of each zone set, ascending.
    pub zone_sets: Vec<Vec<DestinationNo>>,
    /// Lengths that occur, descending.
    pub lengths: Vec<u8>,
    /// Prefix text to number, by length.
    pub by_text: FxHashMap<SmolStr, PrefixNo>,
    /// Whole numbers, such as short codes: they match nothing longer, and come before every prefix.
    pub exact: FxHashMap<SmolStr, PrefixNo>,
    /// The prefixes once more, to be found fast; none where one of them is not all digits.
    pub packed: Option<Packed>,
}

/// Days and hours in which a rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// Its name.
    pub name: SmolStr,
    /// The stretches of which it consists; it holds when one of them does.
    pub windows: Vec<Window>,
}

/// One stretch of a band: conditions on the local date, and a stretch of the local day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Years, empty for all.
    pub years: Vec<i32>,
    /// Months as bits 1 to 12.
    pub months: u16,
    /// Days of the month as bits 1 to 31.
    pub month_days: u32,
    /// ISO weekdays as bits 1 (Monday) to 7 (Sunday).
    pub weekdays: u8,
    /// What it says about holidays.
    pub holidays: Holidays,
    /// First second of the local day.
    pub from: u32,
    /// Second of the local day at which it ends, up to 86,400. Always above `from`: a window across
    /// midnight is compiled into two.
    pub to: u32,
}

/// Whether a window depends on holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holidays {
    /// It does not.
    Ignored,
    /// Only on these days.
    Only(Vec<Date>),
    /// On all but these days.
    Except(Vec<Date>),
}

/// What a stretch of usage costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Its name.
    pub name: SmolStr,
    /// Charged once, with the first segment.
    pub setup: Pico,
    /// Price steps, by start; the first starts at 0. A rate with tiers has one, with the increment and the
    /// price of the first tier.
    pub steps: Vec<Step>,
    /// Prices by units of the whole cycle, in place of those by units of the record.
    pub tiers: Option<Tiers>,
    /// Least charge of a record, if any.
    pub minimum: Option<Pico>,
    /// Greatest charge of a record, setup fee included, if any.
    pub maximum: Option<Pico>,
    /// The one rounding.
    pub rounding: Rounding,
}

/// A price step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Base units of usage from the start of the record at which it begins.
    pub start: u64,
    /// Price of `unit` base units.
    pub price: Pico,
    /// Base units, above 0.
    pub unit: u64,
    /// Usage is billed in whole increments, above 0.
    pub increment: u64,
}

/// Prices by how much was used in a cycle (rule 7 of the tariff reference). Units covered by allowances do
/// not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    /// How the tiers price.
    pub kind: TierKind,
    /// Whose usage counts.
    pub per: TierPer,
    /// The counter; the deployment's number, see `version::CatalogSet`.
    pub counter: CounterNo,
    /// What its units are: those of the services that the rate prices.
    pub measurement: Measurement,
    /// Tiers, ascending; the last one has no end.
    pub tiers: Vec<Tier>,
}

/// How tiers price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierKind {
    /// Each unit at its tier's price.
    Graduated,
    /// All units of the cycle at the price of the tier reached.
    Volume,
}

/// Whose usage tiers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierPer {
    /// That of the whole account.
    Account,
    /// That of each member by itself.
    Member,
}

/// One tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Base units of the cycle up to which it reaches, inclusive; `u64::MAX` for the last one.
    pub up_to: u64,
    /// Price of `unit` base units.
    pub price: Pico,
    /// Base units, above 0.
    pub unit: u64,
}

impl Tiers {
    /// The tier in which the unit after `used` units lies.
    pub fn tier_after(&self, used: u64) -> usize {
        self.tiers.partition_point(|tier| tier.up_to <= used)
    }

    /// The tier that `used` units of a cycle reach.
    pub fn tier_reached(&self, used: u64) -> usize {
        self.tiers.partition_point(|tier| tier.up_to < used)
    }
}

/// The terms of a charging rule of a plan; its zone is in `Rules`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its plan, an index into `Catalog::plans`.
    pub plan: u32,
    /// Shown in explanations: file, line, and what it is for.
    pub label: SmolStr,
    /// Services that it prices; empty for all.
    pub services: Vec<ServiceNo>,
    /// Direction, if it matters.
    pub direction: Option<Direction>,
    /// Network group, an index into `Catalog::networks`; none for the home network.
    pub roaming: Option<u16>,
    /// Only for numbers of the country of the serving network.
    pub visited: bool,
    /// Time band; none for always.
    pub band: Option<BandNo>,
    /// Higher wins.
    pub priority: i64,
    /// Its rate.
    pub rate: RateNo,
}

/// A plan: what is charged under which rule.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The deployment's number of the plan.
    pub number: PlanNo,
    /// Its name.
    pub name: SmolStr,
    /// A gap between the bands of a prefix is filled by a shorter prefix (imported tariffs only).
    pub fall_through: bool,
    /// Per service (`ServiceNo` as index): the rules in force by zone set.
    pub by_service: Vec<ServiceRules>,
    /// Fee of a cycle, whole minor units, charged in advance.
    pub monthly_fee: Money,
    /// Fee and allowances are counted by the day where the plan begins or ends inside a cycle.
    pub by_day: bool,
    /// Its allowances, ascending.
    pub allowances: Vec<AllowanceNo>,
    /// Descriptions by language, as the catalog gives them.
    pub descriptions: Vec<(SmolStr, SmolStr)>,
}

/// The rules of one service of one plan.
#[derive(Clone, Debug, Default)]
pub struct ServiceRules {
    /// Rules for numbers of the serving network's country, best first; they come before all prefixes.
    pub visited: Vec<RuleNo>,
    /// Rules for a prefix of this zone set, best first (priority, specificity, file order); empty where
    /// no rule names one of its zones. By `PrefixEntry::zone_set`.
    pub by_zone_set: RuleLists,
    /// Rules for a zone that the record names itself. By `DestinationNo`.
    pub by_zone: RuleLists,
    /// Rules without a zone: the empty prefix, for every destination and for none.
    pub anywhere: Vec<RuleNo>,
}

/// Destinations that an allowance or discount is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneFilter {
    /// The zones, ascending; empty for any destination and none.
    pub zones: Vec<DestinationNo>,
    /// Bits by zone set: those with one of the zones. Empty where `zones` is.
    pub zone_sets: Vec<u64>,
}

/// Serving networks that an allowance or discount is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkFilter {
    /// Anywhere: the rest does not matter.
    pub everywhere: bool,
    /// At home.
    pub home: bool,
    /// In these groups, ascending.
    pub groups: Vec<u16>,
}

impl NetworkFilter {
    /// Whether the place is one of them.
    pub fn admits(&self, place: Whereabouts) -> bool {
        self.everywhere
            || match place {
                Whereabouts::Home => self.home,
                Whereabouts::Group(group) => self.groups.binary_search(&group).is_ok(),
                Whereabouts::Elsewhere => false,
            }
    }
}

impl ZoneFilter {
    /// Whether a destination is one of them: by the zone that the record names, or else by the zone set of
    /// its number's longest prefix.
    pub fn admits(&self, zone: Option<DestinationNo>, zone_set: Option<u32>) -> bool {
        if self.zones.is_empty() {
            return true;
        }
        match (zone, zone_set) {
            (Some(zone), _) => self.zones.binary_search(&zone).is_ok(),
            (None, Some(set)) => {
                let word = self.zone_sets.get(set as usize / 64);
                word.is_some_and(|word| word >> (set % 64) & 1 == 1)
            }
            (None, None) => false,
        }
    }
}

/// Included units (rule 8 of the tariff reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Its name, unique within its plan or product.
    pub name: SmolStr,
    /// Who grants it.
    pub of: AllowanceOf,
    /// Units granted, in base units of its services; above 0.
    pub units: u64,
    /// What its services are counted in.
    pub measurement: Measurement,
    /// Services that it covers, ascending.
    pub services: Vec<ServiceNo>,
    /// Destinations that it covers.
    pub zones: ZoneFilter,
    /// Time bands in which it covers, ascending; empty for always.
    pub bands: Vec<BandNo>,
    /// Direction, if it matters.
    pub direction: Option<Direction>,
    /// Serving networks in which it covers.
    pub networks: NetworkFilter,
    /// Of its units, at most so many may be used abroad.
    pub units_abroad: Option<u64>,
    /// Higher is spent first.
    pub priority: i64,
    /// One grant for all members of the account; otherwise each member without a plan of its own has one.
    pub shared: bool,
    /// A record of which it covers a unit has no setup fee.
    pub waives_setup: bool,
    /// How long a grant holds.
    pub valid: Validity,
    /// Warnings by share of the units used, ascending.
    pub warnings: Vec<UnitWarning>,
    /// How far below a warning it is armed again, in basis points of the warning.
    pub margin_bps: u32,
    /// Time in which a warning is not repeated, in nanoseconds.
    pub cooldown: i64,
}

/// Who grants an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowanceOf {
    /// A plan, an index into `Catalog::plans`.
    Plan(u32),
    /// A product.
    Product(ProductNo),
}

/// How long a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// To the end of the cycle in which it begins, and of so many more: 1 where one cycle's leftover rolls over.
    Cycles(u16),
    /// To the end of the local day so many days later; 0 is the day itself.
    Days(u16),
    /// So many nanoseconds.
    Time(i64),
}

/// A warning of an allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitWarning {
    /// Its identity.
    pub id: SmolStr,
    /// Share of the units granted, in basis points, 1 to 10000.
    pub bps: u32,
}

/// Something that is bought by its name (rule 12 of the tariff reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Its name.
    pub name: SmolStr,
    /// Its price, whole minor units.
    pub price: Money,
    /// Category for reports and loyalty.
    pub category: SmolStr,
    /// On account it is paid in so many parts, one a cycle, the first at once.
    pub instalments: u16,
    /// Allowances that it grants, ascending.
    pub allowances: Vec<AllowanceNo>,
    /// The plan that it changes to, an index into `Catalog::plans`.
    pub plan: Option<u32>,
    /// The type of the card that it pays for.
    pub card: Option<SmolStr>,
    /// Descriptions by language.
    pub descriptions: Vec<(SmolStr, SmolStr)>,
}

/// A share taken off the price of a record (rule 9 of the tariff reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// Its name.
    pub name: SmolStr,
    /// The share, in basis points, 1 to the cap.
    pub bps: u32,
    /// Credit classes; empty for all.
    pub classes: Vec<SmolStr>,
    /// Loyalty tiers; empty for all and none.
    pub tiers: Vec<SmolStr>,
    /// Types of cards of which one is enough; empty for all and none.
    pub cards: Vec<SmolStr>,
    /// Least VIP rank.
    pub vip_rank: u16,
    /// Plans, as indexes into `Catalog::plans`, ascending; empty for all.
    pub plans: Vec<u32>,
    /// Services, ascending; empty for all.
    pub services: Vec<ServiceNo>,
    /// Destinations.
    pub zones: ZoneFilter,
    /// Serving networks.
    pub networks: NetworkFilter,
    /// Direction, if it matters.
    pub direction: Option<Direction>,
    /// A promotion from this instant on.
    pub from: Timestamp,
    /// And up to this one, exclusive.
    pub until: Timestamp,
}

/// Rating profiles: `TENANT/CATEGORY/SUBJECT` to plans by activation time.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// Activations of each profile, by time, ascending. `*any` is a subject like any other.
    pub by_name: FxHashMap<SmolStr, Vec<Activation>>,
}

/// From when on a profile uses a plan.
#[derive(Clone, Debug)]
pub struct Activation {
    /// From this instant on.
    pub from: Timestamp,
    /// An index into `Catalog::plans`.
    pub plan: u32,
    /// Profiles tried in order where no rule of the plan holds at the record's start; three levels deep.
    pub fallbacks: Vec<SmolStr>,
}

/// A credit class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditClass {
    /// Its name.
    pub name: SmolStr,
    /// Weight of the disputed part of a bill in exposure, 0 to 10000 basis points.
    pub dispute_weight_bps: u32,
    /// Bars of a case are lifted while a dispute covers all that is overdue.
    pub lift_on_full_dispute: bool,
    /// Bars of a case are lifted while the customer is exempt.
    pub lift_on_exempt: bool,
    /// Name of the collection schedule, if any.
    pub schedule: Option<SmolStr>,
    /// Its limits and warnings, in file order.
    pub measures: Vec<MeasureRule>,
}

/// Limit and warnings of one measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasureRule {
    /// What is measured.
    pub measure: Measure,
    /// Of which usage.
    pub scope: Scope,
    /// The limit; none means warnings on fixed amounts only.
    pub limit: Option<Money>,
    /// Where percentages count from.
    pub floor: Money,
    /// Warnings, in file order.
    pub warnings: Vec<Warning>,
    /// Margin of warnings: absolute, and in basis points of |T|; the larger one counts.
    pub margin: Money,
    /// See `margin`.
    pub margin_bps: u32,
    /// Cooldown of warnings, in nanoseconds.
    pub cooldown: i64,
    /// Margin of the breach, absolute.
    pub breach_margin: Money,
    /// Margin of the breach in basis points of |limit|.
    pub breach_margin_bps: u32,
    /// What is done on breach, in order; `bar SERVICE` restricts a service.
    pub on_breach: Vec<SmolStr>,
}

/// A warning threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its identity.
    pub id: SmolStr,
    /// Where it lies.
    pub at: WarningAt,
}

/// Where a warning lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningAt {
    /// Basis points of the way from floor to limit.
    Bps(u32),
    /// A fixed amount.
    Amount(Money),
}

/// What customers have from a VIP rank on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VipLevel {
    /// Its name.
    pub name: SmolStr,
    /// The least rank.
    pub rank: u16,
    /// Own classes with the class that counts in their place.
    pub classes: Vec<(SmolStr, SmolStr)>,
    /// The loyalty tier of a customer who has none.
    pub tier_floor: Option<SmolStr>,
}

/// A collection schedule (section 3 of the semantics).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: SmolStr,
    /// Its version's name, pinned by a case at entry.
    pub version: SmolStr,
    /// A case opens at U >= this.
    pub entry_amount: Money,
    /// A case closes at U <= this; below the entry amount.
    pub exit_amount: Money,
    /// Days after the anchor.
    pub entry_days: u32,
    /// A case within this many days of a cure starts at `relapse_start`.
    pub relapse_days: u32,
    /// Step at which a relapse starts, from 1.
    pub relapse_start: u16,
    /// Days within which a reversed payment opens the cured case again.
    pub reopen_days: u32,
    /// Days after a dispute before steps go on.
    pub dispute_grace_days: u32,
    /// Days that an announced payment delays severe steps.
    pub pending_grace_days: u32,
    /// Severity from which a step is severe.
    pub severe_from: u16,
    /// Partial payments move the anchor.
    pub rebase: bool,
    /// Permitted days and hours.
    pub calendar: Option<Calendar>,
    /// Steps in order.
    pub steps: Vec<CollectionStep>,
}

impl Schedule {
    /// A step that is harder than this severity, counted from 0 among those that are.
    pub fn harder_step(&self, severity: Option<u16>, index: usize) -> Option<&CollectionStep> {
        let mut harder = self
            .steps
            .iter()
            .filter(|step| severity < Some(step.severity));
        harder.nth(index)
    }
}

/// Permitted days and hours of customer-facing steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// ISO weekdays as bits 1 to 7.
    pub weekdays: u8,
    /// First permitted second of the day.
    pub from: u32,
    /// End of the permitted hours.
    pub to: u32,
    /// Days on which nothing is sent.
    pub holidays: Vec<Date>,
}

/// A collection step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionStep {
    /// What is done; `bar SERVICE` restricts a service, `late_fee` charges `fee`.
    pub action: SmolStr,
    /// Days after the anchor.
    pub offset: u32,
    /// Days at least after the step before.
    pub min_gap: u32,
    /// How hard it is.
    pub severity: u16,
    /// The customer notices it.
    pub customer_facing: bool,
    /// How the customer is to be reached.
    pub channel: Option<SmolStr>,
    /// The fee of a `late_fee` step.
    pub fee: Option<Money>,
}
