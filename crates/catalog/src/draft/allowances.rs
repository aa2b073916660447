//! Allowances of plans and products, by name.

use super::amounts::{any_bps, bps, time};
use super::plans::{DIRECTIONS, names};
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Node, Value};
use crate::source::{At, Spot};
use crate::tables::{UnitWarning, Validity};
use smol_str::SmolStr;
use umbral_model::input::Direction;
use umbral_model::units::{Measurement, Quantity};

/// An allowance by names.
#[derive(Clone, Debug)]
pub(crate) struct DraftAllowance {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Where it stands.
    pub(crate) spot: Spot,
    /// Services.
    pub(crate) services: Vec<At<SmolStr>>,
    /// Zones; empty for anywhere.
    pub(crate) zones: Vec<At<SmolStr>>,
    /// Bands; empty for always.
    pub(crate) bands: Vec<At<SmolStr>>,
    /// Direction.
    pub(crate) direction: Option<Direction>,
    /// `home`, `*` and network groups; empty where nothing is said.
    pub(crate) roaming: Vec<At<SmolStr>>,
    /// Units, as written.
    pub(crate) units: Option<At<SmolStr>>,
    /// Units abroad, as written.
    pub(crate) units_abroad: Option<At<SmolStr>>,
    /// Priority.
    pub(crate) priority: i64,
    /// One for the account and its members.
    pub(crate) shared: bool,
    /// No setup fee where it covers.
    pub(crate) waives_setup: bool,
    /// How long a grant holds; none where it could not be read.
    pub(crate) valid: Option<Validity>,
    /// Warnings, ascending.
    pub(crate) warnings: Vec<UnitWarning>,
    /// Margin of the warnings.
    pub(crate) margin_bps: u32,
    /// Cooldown of the warnings.
    pub(crate) cooldown: i64,
    /// Something in it could not be read.
    pub(crate) broken: bool,
}

/// Who grants allowances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Grantor {
    /// A plan, in every cycle.
    Plan,
    /// A product, once.
    Product,
}

const KEYS: [&str; 15] = [
    "name",
    "service",
    "units",
    "zone",
    "band",
    "direction",
    "roaming",
    "units_abroad",
    "priority",
    "shared",
    "waive_setup",
    "warn_at",
    "margin",
    "cooldown",
    "description",
];
const OF_PLANS: [&str; 2] = ["per", "roll_over"];
const OF_PRODUCTS: [&str; 1] = ["valid"];
const ROLL_OVER: [(&str, u16); 2] = [("none", 0), ("1 cycle", 1)];
const DEFAULT_MARGIN_BPS: u32 = 500;
const DEFAULT_COOLDOWN: i64 = 24 * 3_600_000_000_000;
const WHOLE: u32 = 10_000;
const MOST_CYCLES: u16 = 120;
const MOST_DAYS: u16 = 3_650;

/// Reads the `allowances` of a plan or product.
pub(crate) fn read(
    fields: &Fields<'_>,
    grantor: Grantor,
    report: &mut Report,
) -> Vec<DraftAllowance> {
    let Some(entry) = fields.get("allowances") else {
        return Vec::new();
    };
    let Value::List(items) = &entry.node.value else {
        fields.wrong_type(entry, "a list of allowances", report);
        return Vec::new();
    };
    let mut allowances: Vec<DraftAllowance> = Vec::new();
    for item in items {
        let Some(allowance) = allowance(item, &fields.what, grantor, report) else {
            continue;
        };
        let name = &allowance.name;
        if allowances
            .iter()
            .any(|known| known.name.value == name.value)
        {
            let title = format!("{} has two allowances {}", fields.what, name.value);
            report
                .error(codes::DUPLICATE_ALLOWANCE, name.spot, title, "second one")
                .note("give it a name of its own: customers see it, and cases name it");
            continue;
        }
        allowances.push(allowance);
    }
    allowances
}

fn allowance(
    item: &Node,
    of: &str,
    grantor: Grantor,
    report: &mut Report,
) -> Option<DraftAllowance> {
    let own: &[&str] = match grantor {
        Grantor::Plan => &OF_PLANS,
        Grantor::Product => &OF_PRODUCTS,
    };
    let known: Vec<&str> = KEYS.iter().chain(own).copied().collect();
    let what = format!("an allowance of {of}");
    let mut fields = Fields::open(item, what, &known, &[], report)?;
    fields.descriptions(report);
    let name = fields.needed_text("name", report);
    if let Some(name) = &name {
        fields.what = format!("the allowance {} of {of}", name.value);
        check_name(name, report);
    }
    let services = services(&fields, report);
    let zones = names(&fields, "zone", report);
    let bands = names(&fields, "band", report);
    let direction = fields.word("direction", &DIRECTIONS, report);
    let roaming = places(&fields, report);
    let broken = services.is_none()
        || zones.is_none()
        || bands.is_none()
        || roaming.is_none()
        || (direction.is_none() && fields.get("direction").is_some());
    Some(DraftAllowance {
        spot: fields.spot,
        services: services.unwrap_or_default(),
        zones: zones.unwrap_or_default(),
        bands: bands.unwrap_or_default(),
        direction,
        roaming: roaming.unwrap_or_default(),
        units: fields.needed_text("units", report),
        units_abroad: fields.text("units_abroad", report),
        priority: fields
            .whole("priority", i64::MIN..=i64::MAX, report)
            .unwrap_or(0),
        shared: fields.flag("shared", true, report),
        waives_setup: fields.flag("waive_setup", false, report),
        valid: match grantor {
            Grantor::Plan => cycles(&fields, report),
            Grantor::Product => validity(&fields, report),
        },
        warnings: warnings(&fields, report),
        margin_bps: margin(&fields, report),
        cooldown: cooldown(&fields, report),
        broken,
        name: name?,
    })
}

fn check_name(name: &At<SmolStr>, report: &mut Report) {
    let text = name.value.as_str();
    if text.is_empty() || text.len() > 64 || text.trim() != text || text.contains(char::is_control)
    {
        report
            .error(
                codes::BAD_NAME,
                name.spot,
                "this is no name for an allowance",
                "",
            )
            .note("a name has 1 to 64 bytes and no blanks at its ends");
    }
}

/// Services are named one by one: those of one allowance are counted alike, and all together never are.
fn services(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<At<SmolStr>>> {
    if fields.get("service").is_none() {
        fields.missing("service", report);
        return None;
    }
    let services = names(fields, "service", report)?;
    if services.is_empty() {
        let spot = fields
            .get("service")
            .map_or(fields.spot, |entry| entry.node.spot);
        let title = format!("{} cannot be for all services", fields.what);
        report
            .error(codes::ALLOWANCE_MIXED, spot, title, "are not counted alike")
            .note(
                "name the services that share these units, such as \"data\" or [\"sms\", \"mms\"]",
            );
        return None;
    }
    Some(services)
}

/// Names of `roaming`; none where they cannot be read.
pub(crate) fn places(fields: &Fields<'_>, report: &mut Report) -> Option<Vec<At<SmolStr>>> {
    let places = fields.texts("roaming", report);
    if places.len() < fields.items("roaming").len() {
        return None;
    }
    if let (Some(entry), true) = (fields.get("roaming"), places.is_empty()) {
        let title = format!("roaming of {} is an empty list", fields.what);
        report
            .error(codes::MISSING_KEY, entry.spot(), title, "")
            .note("name network groups, \"home\", or \"*\" for everywhere");
        return None;
    }
    Some(places)
}

/// Plans grant by the cycle.
fn cycles(fields: &Fields<'_>, report: &mut Report) -> Option<Validity> {
    fields.word("per", &[("cycle", ())], report);
    let roll_over = fields.word("roll_over", &ROLL_OVER, report);
    Some(Validity::Cycles(roll_over.unwrap_or(0)))
}

fn validity(fields: &Fields<'_>, report: &mut Report) -> Option<Validity> {
    if fields.get("valid").is_none() {
        fields.missing("valid", report);
    }
    let text = fields.text("valid", report)?;
    let valid = read_validity(&text.value);
    if valid.is_none() {
        let title = format!("valid of {} cannot be {}", fields.what, text.value);
        report
            .error(codes::BAD_VALIDITY, text.spot, title, "")
            .note("write \"30 days\" (to the end of the day 30 days later), \"24h\" (so long), \"1 cycle\" (to the end of the current one) or more cycles, such as \"2 cycles\" (and one more)");
    }
    valid
}

/// `30 days`, `24h`, `1 cycle`, `2 cycles`.
fn read_validity(text: &str) -> Option<Validity> {
    let text = text.trim();
    if let Some((number, word)) = text.split_once(' ')
        && let Ok(number) = number.parse::<u16>()
    {
        return match word.trim() {
            "day" | "days" if (1..=MOST_DAYS).contains(&number) => Some(Validity::Days(number)),
            "cycle" | "cycles" if (1..=MOST_CYCLES).contains(&number) => {
                Some(Validity::Cycles(number - 1))
            }
            _ => None,
        };
    }
    let has_unit = text.bytes().any(|b| b.is_ascii_alphabetic());
    let time = Quantity::parse(text, Measurement::Time)
        .ok()
        .filter(|time| has_unit && time.0 > 0 && time.0 <= u64::from(MOST_DAYS) * DAY)?;
    Some(Validity::Time(time.0 as i64))
}

const DAY: u64 = 86_400_000_000_000;

/// Warnings by share of the units, ascending.
fn warnings(fields: &Fields<'_>, report: &mut Report) -> Vec<UnitWarning> {
    let mut warnings: Vec<UnitWarning> = Vec::new();
    for item in fields.items("warn_at") {
        let Some(warning) = warning(fields, item, report) else {
            continue;
        };
        if warnings.iter().any(|known| known.id == warning.id) {
            let title = format!("{} has two warnings {}", fields.what, warning.id);
            report
                .error(
                    codes::DUPLICATE_WARNING,
                    item.spot,
                    title,
                    "is there already",
                )
                .note("give the warning an id of its own: { id = \"second\", at = \"80%\" }");
            continue;
        }
        warnings.push(warning);
    }
    warnings.sort_by_key(|warning| warning.bps);
    warnings
}

fn warning(fields: &Fields<'_>, item: &Node, report: &mut Report) -> Option<UnitWarning> {
    let what = format!("a warning of {}", fields.what);
    if let Value::Text(text) = &item.value {
        let text = At::new(text.clone(), item.spot);
        let id = text.value.trim().trim_end_matches('%').trim_end();
        return Some(UnitWarning {
            id: id.into(),
            bps: share(&text, &what, report)?,
        });
    }
    let fields = Fields::open(item, what.clone(), &["id", "at"], &[], report)?;
    let id = fields.needed_text("id", report);
    let at = fields.needed_text("at", report);
    let bps = share(&at?, &what, report)?;
    Some(UnitWarning { id: id?.value, bps })
}

/// A share of the units, above 0 and at most all of them.
fn share(text: &At<SmolStr>, what: &str, report: &mut Report) -> Option<u32> {
    let share = any_bps(text, what, WHOLE, report)?;
    if share == 0 || share > WHOLE {
        report
            .error(
                codes::WARNING_OUT_OF_RANGE,
                text.spot,
                format!("{what} lies at {}", text.value),
                "",
            )
            .note("warn above 0% and at most at 100% of the units");
        return None;
    }
    Some(share)
}

fn margin(fields: &Fields<'_>, report: &mut Report) -> u32 {
    let text = fields.text("margin", report);
    let what = format!("margin of {}", fields.what);
    text.and_then(|text| bps(&text, &what, WHOLE, report))
        .unwrap_or(DEFAULT_MARGIN_BPS)
}

fn cooldown(fields: &Fields<'_>, report: &mut Report) -> i64 {
    let text = fields.text("cooldown", report);
    let what = format!("cooldown of {}", fields.what);
    text.and_then(|text| time(&text, &what, report))
        .unwrap_or(DEFAULT_COOLDOWN)
}
