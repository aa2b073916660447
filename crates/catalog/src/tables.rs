//! The compiled catalog: flat tables that rating and credit control read. Look-ups do not grow with the deck.

use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use umbral_model::ids::{BandNo, DestinationNo, PlanNo, PrefixNo, RateNo, RuleNo, ServiceNo};
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
    /// Time bands by number.
    pub bands: Vec<Band>,
    /// Rates by number.
    pub rates: Vec<Rate>,
    /// Rules by number, over all plans.
    pub rules: Vec<Rule>,
    /// Plans of this version. `PlanNo` is the deployment's number, see `version::CatalogSet`.
    pub plans: Vec<Plan>,
    /// Rating profiles.
    pub profiles: Profiles,
    /// Credit classes.
    pub classes: Vec<CreditClass>,
    /// Collection schedules.
    pub schedules: Vec<Schedule>,
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
    /// PLMN codes (MCC+MNC) or prefixes of them, ascending.
    pub networks: Vec<SmolStr>,
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
    /// Price steps, by start; the first starts at 0.
    pub steps: Vec<Step>,
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

/// A charging rule of a plan.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its plan, an index into `Catalog::plans`.
    pub plan: u32,
    /// Shown in explanations: file, line, and what it is for.
    pub label: SmolStr,
    /// Services that it prices; empty for all.
    pub services: Vec<ServiceNo>,
    /// Destination zone; none for any destination or for services without one.
    pub zone: Option<DestinationNo>,
    /// Direction, if it matters.
    pub direction: Option<Direction>,
    /// Network group, an index into `Catalog::networks`; none for the home network.
    pub roaming: Option<u16>,
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
    /// Monthly fee, whole minor units; charged from the next issue on.
    pub monthly_fee: Money,
    /// Descriptions by language, as the catalog gives them.
    pub descriptions: Vec<(SmolStr, SmolStr)>,
}

/// The rules of one service of one plan.
#[derive(Clone, Debug, Default)]
pub struct ServiceRules {
    /// Rules for a prefix of this zone set, best first (priority, specificity, file order); empty where
    /// no rule names one of its zones. Indexed by `PrefixEntry::zone_set`.
    pub by_zone_set: Vec<Vec<RuleNo>>,
    /// Rules for a zone that the record names itself. Indexed by `DestinationNo`.
    pub by_zone: Vec<Vec<RuleNo>>,
    /// Rules without a zone: the empty prefix, for every destination and for none.
    pub anywhere: Vec<RuleNo>,
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
    /// The fee of a `late_fee` step.
    pub fee: Option<Money>,
}
