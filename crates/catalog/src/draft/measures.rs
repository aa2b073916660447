//! Limits and warnings of one measure.

use super::amounts::{bps, minor_money, money, plain_bps, time};
use super::head::Head;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Spot};
use crate::tables::{MeasureRule, Warning, WarningAt};
use smol_str::SmolStr;
use umbral_model::input::{Measure, Scope};
use umbral_model::money::{Currency, Money};

/// Keys of the settings, in the class, in a limit's own table and in the full form.
pub(crate) const SETTINGS: [&str; 11] = [
    "warn_at",
    "warn",
    "on_breach",
    "floor",
    "margin",
    "margin_bps",
    "cooldown",
    "cooldown_hours",
    "breach_margin",
    "breach_margin_bps",
    "description",
];
const NANOS_PER_HOUR: i64 = 3_600_000_000_000;
const WHOLE: u32 = 10_000;

/// Settings that were written; what is not there comes from the class, or has a default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    warnings: Option<Vec<At<Warning>>>,
    on_breach: Option<Vec<SmolStr>>,
    floor: Option<At<Money>>,
    margin: Option<Money>,
    margin_bps: Option<u32>,
    cooldown: Option<i64>,
    breach_margin: Option<Money>,
    breach_margin_bps: Option<u32>,
}

impl Settings {
    /// Reads the settings of a table.
    pub(crate) fn read(
        fields: &Fields<'_>,
        head: &Head,
        known_bars: &[SmolStr],
        report: &mut Report,
    ) -> Settings {
        let mut settings = Settings {
            warnings: warnings(fields, head.currency, report),
            on_breach: actions(fields, known_bars, report),
            ..Settings::default()
        };
        if let Some(text) = fields.text("floor", report) {
            let floor = money(&text, &format!("floor of {}", fields.what), report);
            settings.floor = floor.map(|floor| At::new(floor, text.spot));
        }
        let hours = fields.whole("cooldown_hours", 0..=87_600, report);
        settings.cooldown = hours.map(|hours| hours * NANOS_PER_HOUR);
        if let Some(text) = fields.text("cooldown", report) {
            settings.cooldown = time(&text, &format!("cooldown of {}", fields.what), report);
        }
        (settings.margin, settings.margin_bps) = margin(fields, "margin", head.currency, report);
        (settings.breach_margin, settings.breach_margin_bps) =
            margin(fields, "breach_margin", head.currency, report);
        if let Some(bps) = plain_bps(fields, "margin_bps", WHOLE, report) {
            settings.margin_bps = Some(bps);
        }
        if let Some(bps) = plain_bps(fields, "breach_margin_bps", WHOLE, report) {
            settings.breach_margin_bps = Some(bps);
        }
        settings
    }

    /// Fixed amounts among the warnings.
    pub(crate) fn fixed_amounts(&self) -> impl Iterator<Item = &At<Warning>> {
        let all = self.warnings.iter().flatten();
        all.filter(|warning| matches!(warning.value.at, WarningAt::Amount(_)))
    }

    /// The rule of a measure: own settings, then those of the class, then defaults.
    pub(crate) fn rule(
        self,
        class: &Settings,
        target: &Target,
        report: &mut Report,
    ) -> MeasureRule {
        let floor = self.floor.or_else(|| class.floor.clone());
        let own = self.warnings.is_some();
        let warnings = self
            .warnings
            .or_else(|| class.warnings.clone())
            .unwrap_or_default();
        let checked = Checked {
            target,
            floor: floor.as_ref(),
            warnings: &warnings,
            own,
        };
        checked.check(report);
        MeasureRule {
            measure: target.measure,
            scope: target.scope,
            limit: target.limit,
            floor: floor.map_or(Money::ZERO, |floor| floor.value),
            warnings: warnings.into_iter().map(|warning| warning.value).collect(),
            margin: self.margin.or(class.margin).unwrap_or_default(),
            margin_bps: self.margin_bps.or(class.margin_bps).unwrap_or(500),
            cooldown: self
                .cooldown
                .or(class.cooldown)
                .unwrap_or(24 * NANOS_PER_HOUR),
            breach_margin: self
                .breach_margin
                .or(class.breach_margin)
                .unwrap_or_default(),
            breach_margin_bps: self
                .breach_margin_bps
                .or(class.breach_margin_bps)
                .unwrap_or(0),
            on_breach: self
                .on_breach
                .or_else(|| class.on_breach.clone())
                .unwrap_or_default(),
        }
    }
}

/// What a limit is on.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Measure.
    pub(crate) measure: Measure,
    /// Scope.
    pub(crate) scope: Scope,
    /// Limit.
    pub(crate) limit: Option<Money>,
    /// Its name in messages.
    pub(crate) what: String,
    /// Where it is written.
    pub(crate) spot: Spot,
}

struct Checked<'a> {
    target: &'a Target,
    floor: Option<&'a At<Money>>,
    warnings: &'a [At<Warning>],
    /// The warnings are written for this limit alone.
    own: bool,
}

impl Checked<'_> {
    fn check(&self, report: &mut Report) {
        let floor = self.floor.map_or(Money::ZERO, |floor| floor.value);
        if let (Some(limit), Some(at)) = (self.target.limit, self.floor)
            && floor > limit
        {
            let title = format!("the floor of {} is above its limit", self.target.what);
            report
                .error(
                    codes::FLOOR_ABOVE_LIMIT,
                    at.spot,
                    title,
                    format!("above {limit}"),
                )
                .note("percentages count from the floor up to the limit");
        }
        for warning in self.warnings {
            match (warning.value.at, self.target.limit) {
                (WarningAt::Bps(_), None) => self.percent_of_nothing(warning, report),
                (WarningAt::Amount(amount), Some(limit)) if self.own && amount > limit => {
                    let title = format!(
                        "the warning {} of {} lies above the limit",
                        warning.value.id, self.target.what
                    );
                    report
                        .error(
                            codes::WARNING_OUT_OF_RANGE,
                            warning.spot,
                            title,
                            format!("above {limit}"),
                        )
                        .note("warn below the limit, or at it");
                }
                _ => {}
            }
        }
    }

    fn percent_of_nothing(&self, warning: &At<Warning>, report: &mut Report) {
        let spot = if self.own {
            warning.spot
        } else {
            self.target.spot
        };
        let title = format!(
            "{} has no limit to take {}% of",
            self.target.what, warning.value.id
        );
        report
            .error(codes::PERCENT_OF_NOTHING, spot, title, "")
            .note("without a limit write warn_at with fixed amounts, such as [\"100.00\"]");
    }
}

fn warnings(
    fields: &Fields<'_>,
    currency: Currency,
    report: &mut Report,
) -> Option<Vec<At<Warning>>> {
    if fields.get("warn_at").is_none() && fields.get("warn").is_none() {
        return None;
    }
    let mut warnings: Vec<At<Warning>> = Vec::new();
    for item in fields.items("warn_at").iter().chain(fields.items("warn")) {
        let Some(warning) = warning(fields, item, currency, report) else {
            continue;
        };
        let twice = warnings.iter().any(|known| known.value.id == warning.id);
        if twice || warning.id == "limit" {
            let title = format!("{} cannot have a warning {}", fields.what, warning.id);
            let label = if twice {
                "is there already"
            } else {
                "is the limit itself"
            };
            report
                .error(codes::DUPLICATE_WARNING, item.spot, title, label)
                .note("give the warning an id of its own: { id = \"second\", at = \"80%\" }");
            continue;
        }
        warnings.push(At::new(warning, item.spot));
    }
    Some(warnings)
}

fn warning(
    fields: &Fields<'_>,
    item: &Node,
    currency: Currency,
    report: &mut Report,
) -> Option<Warning> {
    let what = format!("a warning of {}", fields.what);
    if let Value::Text(text) = &item.value {
        let text = At::new(text.clone(), item.spot);
        let at = threshold(&text, &what, currency, report)?;
        let id = text.value.trim().trim_end_matches('%').trim_end();
        return Some(Warning { id: id.into(), at });
    }
    let fields = Fields::open(
        item,
        what.clone(),
        &["id", "at", "bps", "amount"],
        &[],
        report,
    )?;
    let id = fields.needed_text("id", report);
    let given = ["at", "bps", "amount"]
        .iter()
        .filter(|key| fields.get(key).is_some())
        .count();
    if given != 1 {
        let title = format!("{what} needs one of at, bps and amount");
        report
            .error(codes::MISSING_KEY, fields.spot, title, "")
            .note("write { id = \"soon\", at = \"80%\" }");
        return None;
    }
    let at = match (
        fields
            .text("at", report)
            .or_else(|| fields.text("amount", report)),
        plain_bps(&fields, "bps", 10_000, report),
    ) {
        (Some(text), _) => threshold(&text, &what, currency, report)?,
        (None, Some(bps)) => WarningAt::Bps(above_zero(bps, fields.spot, &what, report)?),
        (None, None) => return None,
    };
    Some(Warning { id: id?.value, at })
}

fn above_zero(bps: u32, spot: Spot, what: &str, report: &mut Report) -> Option<u32> {
    if bps == 0 || bps > WHOLE {
        report
            .error(
                codes::WARNING_OUT_OF_RANGE,
                spot,
                format!("{what} lies at {}%", bps / 100),
                "",
            )
            .note("warn above 0% and at most at 100%");
        return None;
    }
    Some(bps)
}

fn threshold(
    text: &At<SmolStr>,
    what: &str,
    currency: Currency,
    report: &mut Report,
) -> Option<WarningAt> {
    if text.value.contains('%') {
        let bps = bps(text, what, 100 * WHOLE, report)?;
        return Some(WarningAt::Bps(above_zero(bps, text.spot, what, report)?));
    }
    // Below zero lies credit: a prepaid customer is warned before it is used up.
    match Money::parse(&text.value) {
        Ok(amount) if amount < Money::ZERO && currency.is_whole_minor(amount) => {
            Some(WarningAt::Amount(amount))
        }
        _ => minor_money(text, what, currency, report).map(WarningAt::Amount),
    }
}

/// An amount, a percentage, or a list of both.
fn margin(
    fields: &Fields<'_>,
    key: &str,
    currency: Currency,
    report: &mut Report,
) -> (Option<Money>, Option<u32>) {
    let (mut amount, mut share) = (None, None);
    let what = format!("{key} of {}", fields.what);
    for text in fields.texts(key, report) {
        if text.value.contains('%') {
            share = bps(&text, &what, WHOLE, report);
        } else {
            amount = minor_money(&text, &what, currency, report);
        }
    }
    (amount, share)
}

fn actions(
    fields: &Fields<'_>,
    known_bars: &[SmolStr],
    report: &mut Report,
) -> Option<Vec<SmolStr>> {
    fields.get("on_breach")?;
    let actions = fields.texts("on_breach", report);
    for action in &actions {
        check_action(action, known_bars, report);
    }
    Some(actions.into_iter().map(|action| action.value).collect())
}

/// What can be barred besides the services.
const BARS: [&str; 7] = [
    "all",
    "outgoing",
    "incoming",
    "international",
    "roaming",
    "roaming_data",
    "premium",
];

/// Warns of a bar on something that is no service, and refuses one on nothing.
pub(crate) fn check_action(action: &At<SmolStr>, services: &[SmolStr], report: &mut Report) {
    if action.value.trim() == "bar" {
        let title = "bar does not say what to bar";
        report
            .error(codes::UNKNOWN_BAR, action.spot, title, "")
            .note("write \"bar outgoing\", \"bar all\", or bar and a service of the catalog");
        return;
    }
    let Some(barred) = action.value.strip_prefix("bar ") else {
        return;
    };
    if barred == "emergency" {
        let title = "emergency numbers are never barred";
        report
            .error(codes::UNKNOWN_BAR, action.spot, title, "")
            .note("leave it out, or bar something else");
        return;
    }
    let known = || BARS.into_iter().chain(services.iter().map(SmolStr::as_str));
    if !known().any(|name| name == barred) {
        let hint = crate::text::suggest::did_you_mean(barred, known()).unwrap_or_default();
        report
            .warn(
                codes::UNKNOWN_BAR,
                action.spot,
                format!("{barred} is no service to bar"),
                hint,
            )
            .note(format!(
                "services are {}",
                known().collect::<Vec<_>>().join(", ")
            ));
    }
}

/// The limit that is written in an entry: an amount, or `none`.
pub(crate) fn limit(
    text: &At<SmolStr>,
    what: &str,
    currency: Currency,
    report: &mut Report,
) -> Option<Option<Money>> {
    if text.value == "none" {
        return Some(None);
    }
    minor_money(text, what, currency, report).map(Some)
}

/// The measure and scope of a name after `limit.`.
pub(crate) fn named(entry: &Entry) -> Option<(Measure, Scope)> {
    let found = match entry.key.as_str() {
        "exposure" => (Measure::Exposure, Scope::All),
        "cycle_usage" => (Measure::CycleUsage, Scope::All),
        "cycle_charges" => (Measure::CycleCharges, Scope::All),
        name => {
            let scope = Scope::ALL.into_iter().find(|scope| scope.word() == name)?;
            (scope != Scope::All).then_some((Measure::CycleUsage, scope))?
        }
    };
    Some(found)
}
