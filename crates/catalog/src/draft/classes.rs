//! Credit classes.

use super::amounts::{bps, plain_bps};
use super::head::Head;
use super::measures::{SETTINGS, Settings, Target, limit, named};
use super::services::DraftService;
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::source::{At, Definition, Source};
use crate::tables::{CreditClass, MeasureRule};
use crate::text::suggest::did_you_mean;
use smol_str::SmolStr;
use umbral_model::input::{Measure, Scope};

const KEYS: [&str; 8] = [
    "limit",
    "measure",
    "collections",
    "dispute_weight",
    "dispute_weight_bps",
    "lift_on_full_dispute",
    "lift_on_exempt",
    "description",
];
const LIMITS: [&str; 6] = [
    "exposure",
    "cycle_usage",
    "cycle_charges",
    "voice",
    "data",
    "roaming_data",
];
const MEASURES: [(&str, Measure); 3] = [
    ("exposure", Measure::Exposure),
    ("cycle_usage", Measure::CycleUsage),
    ("cycle_charges", Measure::CycleCharges),
];
const SCOPES: [(&str, Scope); 4] = [
    ("all", Scope::All),
    ("voice", Scope::Voice),
    ("data", Scope::Data),
    ("roaming_data", Scope::RoamingData),
];

/// Reads `[class.NAME]` tables.
pub(crate) fn read(
    source: &Source<'_>,
    head: &Head,
    services: &[DraftService],
    report: &mut Report,
) -> Vec<CreditClass> {
    let bars: Vec<SmolStr> = services
        .iter()
        .map(|service| service.name.clone())
        .collect();
    let reader = Reader { source, head, bars };
    source
        .of("class")
        .iter()
        .filter_map(|definition| reader.class(definition, report))
        .collect()
}

struct Reader<'s> {
    source: &'s Source<'s>,
    head: &'s Head,
    bars: Vec<SmolStr>,
}

impl Reader<'_> {
    fn class(&self, definition: &Definition, report: &mut Report) -> Option<CreditClass> {
        let what = format!("class {}", definition.name.value);
        let known: Vec<&str> = KEYS.iter().chain(&SETTINGS).copied().collect();
        let fields = Fields::open(&definition.node, what, &known, &[], report)?;
        fields.descriptions(report);
        let settings = Settings::read(&fields, self.head, &self.bars, report);
        let mut measures = self.limits(&fields, &settings, report);
        for node in fields.items("measure") {
            if let Some((rule, spot)) = self.measure(node, &fields, &settings, report) {
                add(&mut measures, rule, spot, &fields.what, report);
            }
        }
        self.one_meaning(&settings, measures.len(), &fields, report);
        settings_of_nothing(&fields, report);
        Some(CreditClass {
            name: definition.name.value.clone(),
            dispute_weight_bps: self.dispute_weight(&fields, report),
            lift_on_full_dispute: fields.flag("lift_on_full_dispute", false, report),
            lift_on_exempt: fields.flag("lift_on_exempt", false, report),
            schedule: self.schedule(&fields, report),
            measures,
        })
    }

    fn dispute_weight(&self, fields: &Fields<'_>, report: &mut Report) -> u32 {
        let what = format!("dispute_weight of {}", fields.what);
        let share = fields.text("dispute_weight", report);
        share
            .and_then(|text| bps(&text, &what, 10_000, report))
            .or_else(|| plain_bps(fields, "dispute_weight_bps", 10_000, report))
            .unwrap_or(10_000)
    }

    fn schedule(&self, fields: &Fields<'_>, report: &mut Report) -> Option<SmolStr> {
        let name = fields.text("collections", report)?;
        let known = self.source.of("collections");
        if !known
            .iter()
            .any(|schedule| schedule.name.value == name.value)
        {
            let names = known.iter().map(|schedule| schedule.name.value.as_str());
            let hint = did_you_mean(&name.value, names).unwrap_or_default();
            let title = format!("there is no collection schedule {}", name.value);
            report
                .error(codes::UNKNOWN_SCHEDULE, name.spot, title, hint)
                .note(format!(
                    "define it as [collections.{}], or leave collections out",
                    name.value
                ));
        }
        Some(name.value)
    }

    fn limits(
        &self,
        fields: &Fields<'_>,
        class: &Settings,
        report: &mut Report,
    ) -> Vec<MeasureRule> {
        let mut measures = Vec::new();
        let Some(entry) = fields.get("limit") else {
            return measures;
        };
        let Value::Table(table) = &entry.node.value else {
            fields.wrong_type(entry, "written as limit.exposure = \"150.00\"", report);
            return measures;
        };
        for entry in &table.entries {
            let Some((measure, scope)) = named(entry) else {
                let hint = did_you_mean(&entry.key, LIMITS).unwrap_or_default();
                let title = format!("there is no limit on {}", entry.key);
                report
                    .error(codes::UNKNOWN_KEY, entry.key_spot, title, hint)
                    .note(format!("limits are on {}", LIMITS.join(", ")));
                continue;
            };
            let what = format!("limit {} of {}", entry.key, fields.what);
            if let Some((limit, own)) = self.limit_entry(entry, &what, report) {
                let target = Target {
                    measure,
                    scope,
                    limit,
                    what,
                    spot: entry.spot(),
                };
                let rule = own.rule(class, &target, report);
                add(&mut measures, rule, entry.spot(), &fields.what, report);
            }
        }
        measures
    }

    /// A limit with the settings of its own.
    fn limit_entry(
        &self,
        entry: &Entry,
        what: &str,
        report: &mut Report,
    ) -> Option<(Option<umbral_model::money::Money>, Settings)> {
        if let Value::Text(text) = &entry.node.value {
            let text = At::new(text.clone(), entry.node.spot);
            return Some((
                limit(&text, what, self.head.currency, report)?,
                Settings::default(),
            ));
        }
        if !matches!(entry.node.value, Value::Table(_)) {
            let title = format!("{what} must be an amount in quotes");
            let label = format!("is {}", entry.node.kind());
            report
                .error(codes::WRONG_TYPE, entry.node.spot, title, label)
                .note("write \"150.00\", \"none\", or { amount = \"150.00\", warn_at = [...] }");
            return None;
        }
        let known: Vec<&str> = ["amount"].iter().chain(&SETTINGS).copied().collect();
        let fields = Fields::open(&entry.node, what, &known, &[], report)?;
        let settings = Settings::read(&fields, self.head, &self.bars, report);
        let text = fields.needed_text("amount", report)?;
        Some((limit(&text, what, self.head.currency, report)?, settings))
    }

    /// The full form.
    fn measure(
        &self,
        node: &Node,
        class: &Fields<'_>,
        settings: &Settings,
        report: &mut Report,
    ) -> Option<(MeasureRule, crate::source::Spot)> {
        let known: Vec<&str> = ["measure", "scope", "limit"]
            .iter()
            .chain(&SETTINGS)
            .copied()
            .collect();
        let fields = Fields::open(
            node,
            format!("a measure of {}", class.what),
            &known,
            &[],
            report,
        )?;
        if fields.get("measure").is_none() {
            fields.missing("measure", report);
        }
        let measure = fields.word("measure", &MEASURES, report);
        let scope = fields.word("scope", &SCOPES, report);
        let own = Settings::read(&fields, self.head, &self.bars, report);
        let what = format!("measure {} of {}", measure?.word(), class.what);
        let limit = match fields.get("limit") {
            None => None,
            Some(_) => limit(
                &fields.text("limit", report)?,
                &what,
                self.head.currency,
                report,
            )?,
        };
        let scope = scope.unwrap_or_default();
        if scope != Scope::All && measure? != Measure::CycleUsage {
            let spot = fields.get("scope").map_or(fields.spot, Entry::spot);
            report
                .error(
                    codes::SCOPE_DOES_NOT_FIT,
                    spot,
                    format!("{what} has no scope"),
                    "",
                )
                .note("only cycle_usage is measured by scope");
        }
        let target = Target {
            measure: measure?,
            scope,
            limit,
            what,
            spot: fields.spot,
        };
        Some((own.rule(settings, &target, report), fields.spot))
    }

    /// A fixed amount of the class must not be taken for several limits.
    fn one_meaning(
        &self,
        settings: &Settings,
        measures: usize,
        fields: &Fields<'_>,
        report: &mut Report,
    ) {
        if measures < 2 {
            return;
        }
        for warning in settings.fixed_amounts() {
            let title = format!(
                "the warning {} would count for all limits of {}",
                warning.value.id, fields.what
            );
            report
                .error(codes::AMBIGUOUS_WARNING, warning.spot, title, "")
                .note("write it into the limit that it is for: limit.exposure = { amount = \"...\", warn_at = [...] }");
        }
    }
}

/// Settings of a class without any limit would have no effect.
fn settings_of_nothing(fields: &Fields<'_>, report: &mut Report) {
    if fields.get("limit").is_some() || fields.get("measure").is_some() {
        return;
    }
    let written = SETTINGS.iter().filter(|key| **key != "description");
    for entry in written.filter_map(|key| fields.get(key)) {
        let title = format!(
            "{} has no limit that its {} could be for",
            fields.what, entry.key
        );
        report
            .error(
                codes::PERCENT_OF_NOTHING,
                entry.spot(),
                title,
                "would have no effect",
            )
            .note("write a limit, or limit.exposure = \"none\" for warnings at fixed amounts only");
    }
}

fn add(
    measures: &mut Vec<MeasureRule>,
    rule: MeasureRule,
    spot: crate::source::Spot,
    class: &str,
    report: &mut Report,
) {
    let same = |known: &&MeasureRule| known.measure == rule.measure && known.scope == rule.scope;
    if measures.iter().find(same).is_some() {
        let title = format!(
            "{class} has two limits on {} of {}",
            rule.measure.word(),
            rule.scope.word()
        );
        report
            .error(codes::DUPLICATE_MEASURE, spot, title, "second one")
            .note("leave one of them out");
        return;
    }
    measures.push(rule);
}
