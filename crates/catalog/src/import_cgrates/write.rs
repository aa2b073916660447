//! The imported catalog as files that a person reads and goes on with.

use super::Options;
use super::destinations::Terms;
use super::plans::{Plans, Rule, beginning, clock, why_renamed};
use super::profiles::Activation;
use super::rates::Rate;
use super::timings::{Part, Window};
use crate::load::Files;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Zones on one line of a rule.
const ZONES_PER_LINE: usize = 8;

/// What is written.
pub(super) struct Catalog<'i> {
    pub(super) options: &'i Options,
    pub(super) plans: &'i Plans,
    pub(super) profiles: &'i [Activation],
    pub(super) notes: &'i [String],
}

impl Catalog<'_> {
    /// The files; tables without content have none.
    pub(super) fn files(&self) -> Files {
        let names = rate_names(self.plans);
        let files = [
            ("catalog.toml", self.head()),
            ("zones.csv", self.zones()),
            ("bands.toml", self.bands()),
            ("rates.toml", self.rates(&names)),
            ("plans.toml", self.all_plans(&names)),
            ("profiles.csv", self.all_profiles()),
            ("IMPORT.md", self.import_notes()),
        ];
        let written = files.into_iter().filter(|(_, text)| !text.is_empty());
        written
            .map(|(path, text)| (path.into(), text.into()))
            .collect()
    }

    fn head(&self) -> String {
        let Options {
            name,
            currency,
            time_zone,
        } = self.options;
        format!(
            "# Imported from a tariff folder of CGRateS; IMPORT.md says what was adjusted.\n\
             name = {}\ncurrency = {}\ntime_zone = {}\nvalid_from = 1970-01-01\n\
             numbers = \"verbatim\"\n",
            quoted(name),
            quoted(currency),
            quoted(time_zone)
        )
    }

    fn zones(&self) -> String {
        let mut text = String::new();
        for (name, destination) in self.plans.zones.iter() {
            for prefix in &destination.prefixes {
                text.push_str(&format!("{},{}\n", cell(prefix), cell(name)));
            }
        }
        if text.is_empty() {
            text
        } else {
            format!("prefix,zone\n{text}")
        }
    }

    fn bands(&self) -> String {
        let mut text = String::new();
        for (name, part) in self.plans.bands.iter() {
            text.push_str(&format!("[band.{}]\n{}\n", key(name), band(part)));
        }
        text
    }

    fn rates(&self, names: &[SmolStr]) -> String {
        let mut text = String::new();
        for ((_, rate, terms), name) in self.plans.rates.iter().zip(names) {
            text.push_str(&format!(
                "[rate.{}]\n{}\n",
                key(name),
                rate_text(rate, terms)
            ));
        }
        text
    }

    fn all_plans(&self, names: &[SmolStr]) -> String {
        let mut text = String::new();
        for (name, rules) in &self.plans.rules {
            text.push_str(&format!(
                "[plan.{}]\nfall_through = true\nrules = [\n",
                key(name)
            ));
            for rule in rules {
                text.push_str(&rule_text(rule, &names[rule.rate]));
            }
            text.push_str("]\n\n");
        }
        text
    }

    fn all_profiles(&self) -> String {
        let mut text = String::new();
        for Activation {
            profile,
            from,
            plan,
            fallbacks,
            ..
        } in self.profiles
        {
            let fallbacks = fallbacks.join(";");
            let cells = [profile.as_str(), from, plan, &fallbacks].map(cell);
            text.push_str(&format!("{}\n", cells.join(",")));
        }
        if text.is_empty() {
            text
        } else {
            format!("profile,from,plan,fallbacks\n{text}")
        }
    }

    fn import_notes(&self) -> String {
        let mut text = "# What the import adjusted or left out\n\n".to_owned();
        if self.notes.is_empty() {
            text.push_str("Nothing.\n");
        }
        for note in self.notes {
            text.push_str(&format!("- {note}\n"));
        }
        text
    }
}

/// A rate whose rows differ in rounding or maximum becomes several, named after both.
pub(super) fn rate_names(plans: &Plans) -> Vec<SmolStr> {
    let mut variants: FxHashMap<&str, usize> = FxHashMap::default();
    for (id, ..) in &plans.rates {
        *variants.entry(id).or_default() += 1;
    }
    let mut taken: Vec<SmolStr> = plans
        .rates
        .iter()
        .map(|(id, ..)| id.clone())
        .filter(|id| variants.get(id.as_str()) == Some(&1) && why_renamed(id).is_none())
        .collect();
    let mut names = Vec::new();
    for (id, _, terms) in &plans.rates {
        if variants.get(id.as_str()) == Some(&1) && why_renamed(id).is_none() {
            names.push(id.clone());
            continue;
        }
        let rounding = if terms.rounding.is_empty() {
            "unrounded"
        } else {
            &terms.rounding
        };
        let mut name = format!("{id} {}", rounding.replace(" to ", " "));
        if let Some(maximum) = &terms.maximum {
            name.push_str(&format!(" max {maximum}"));
        }
        let mut unique = SmolStr::new(&name);
        let mut number = 1;
        while why_renamed(&unique).is_some() || taken.contains(&unique) {
            unique = smol_str::format_smolstr!("{}~{number}", beginning(&name));
            number += 1;
        }
        taken.push(unique.clone());
        names.push(unique);
    }
    names
}

fn band(part: &Part) -> String {
    match part.windows.as_slice() {
        [window] => conditions(window)
            .iter()
            .map(|line| format!("{line}\n"))
            .collect(),
        windows => {
            let rows = windows
                .iter()
                .map(|window| format!("  {{ {} }},\n", conditions(window).join(", ")));
            format!("windows = [\n{}]\n", rows.collect::<String>())
        }
    }
}

pub(super) fn conditions(window: &Window) -> Vec<String> {
    let words = |numbers: &[i32], names: &[&str]| {
        let names = numbers
            .iter()
            .filter_map(|number| names.get(*number as usize - 1).copied());
        names.collect::<Vec<_>>().join(", ")
    };
    let list = |numbers: &[i32]| {
        numbers
            .iter()
            .map(i32::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut lines = Vec::new();
    if !window.years.is_empty() {
        lines.push(format!("years = [{}]", list(&window.years)));
    }
    if !window.months.is_empty() {
        lines.push(format!("months = \"{}\"", words(&window.months, &MONTHS)));
    }
    if !window.month_days.is_empty() {
        lines.push(format!("days = [{}]", list(&window.month_days)));
    }
    if !window.weekdays.is_empty() {
        let days = match window.weekdays.as_slice() {
            [1, 2, 3, 4, 5] => "Mon-Fri".to_owned(),
            days => words(days, &WEEKDAYS),
        };
        lines.push(format!("weekdays = \"{days}\""));
    }
    if window.from > 0 || (window.is_every_day() && window.to == 86_400) {
        lines.push(format!("from = \"{}\"", clock(window.from)));
    }
    if window.to < 86_400 {
        lines.push(format!("to = \"{}\"", clock(window.to)));
    }
    lines
}

fn rate_text(rate: &Rate, terms: &Terms) -> String {
    let mut text = String::new();
    if rate.negative {
        text.push_str("allow_negative = true\n");
    }
    if let Some(setup) = &rate.setup {
        text.push_str(&format!("setup = \"{setup}\"\n"));
    }
    let length = |units: u64| rate.length(units);
    match rate.steps.as_slice() {
        [step] => text.push_str(&format!(
            "price = \"{} per {}\"\nincrements = \"{}\"\n",
            step.price,
            length(step.unit),
            length(step.increment)
        )),
        steps => {
            text.push_str("steps = [\n");
            for step in steps {
                let from = match step.start {
                    0 => String::new(),
                    start => format!("from = \"{}\", ", length(start)),
                };
                text.push_str(&format!(
                    "  {{ {from}price = \"{} per {}\", increment = \"{}\" }},\n",
                    step.price,
                    length(step.unit),
                    length(step.increment)
                ));
            }
            text.push_str("]\n");
        }
    }
    if let Some(maximum) = &terms.maximum {
        text.push_str(&format!("maximum = \"{maximum}\"\n"));
    }
    if !terms.rounding.is_empty() {
        text.push_str(&format!("rounding = \"{}\"\n", terms.rounding));
    }
    text
}

fn rule_text(rule: &Rule, rate: &str) -> String {
    let zones = match rule.zones.as_slice() {
        [] => "\"*\"".to_owned(),
        [zone] => quoted(zone),
        zones if zones.len() <= ZONES_PER_LINE => format!("[{}]", list(zones)),
        zones => {
            let lines = zones
                .chunks(ZONES_PER_LINE)
                .map(|line| format!("    {},\n", list(line)));
            format!("[\n{}  ]", lines.collect::<String>())
        }
    };
    let mut text = format!("  {{ service = \"*\", zone = {zones}");
    if let Some(band) = &rule.band {
        text.push_str(&format!(", band = {}", quoted(band)));
    }
    if rule.priority > 0 {
        text.push_str(&format!(", priority = {}", rule.priority));
    }
    text.push_str(&format!(
        ", rate = {}, note = {} }},\n",
        quoted(rate),
        quoted(&rule.note)
    ));
    text
}

fn list(names: &[SmolStr]) -> String {
    names
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A TOML key: bare where it can be.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A TOML text.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A CSV field: quoted where a comma, a quote or a beginning `#` asks for it.
fn cell(text: &str) -> String {
    if text.contains([',', '"']) || text.starts_with('#') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
