//! The catalog that says the same as a neutral configuration in JSON, written in our own TOML.

mod programme;

use serde_json::{Value, json};
use smol_str::SmolStr;
use std::fmt::Write as _;

/// The one plan of such a catalog.
pub const PLAN: &str = "story";

/// The catalog's files.
///
/// # Errors
/// A weekday that is none.
pub fn catalog_files(config: &Value) -> Result<Vec<(SmolStr, SmolStr)>, String> {
    let mut out = String::new();
    let currency = config["currency"].as_str().unwrap_or("EUR");
    let zone = config["time_zone"].as_str().unwrap_or("UTC");
    let _ = writeln!(
        out,
        "name = \"story\"\ncurrency = \"{currency}\"\ntime_zone = \"{zone}\"\nvalid_from = 1970-01-01\n"
    );
    write_prices(&mut out, &config["prices"]);
    for (name, calendar) in entries(&config["calendars"]) {
        write_calendar(&mut out, name, calendar)?;
    }
    for (name, schedule) in entries(&config["schedules"]) {
        write_schedule(&mut out, name, schedule);
    }
    for (name, class) in entries(&config["classes"]) {
        write_class(&mut out, name, class);
    }
    for (name, level) in entries(&config["vip"]) {
        write_vip(&mut out, name, level);
    }
    for (name, settings) in entries(&config["programmes"]) {
        programme::write(&mut out, name, settings);
        out.push('\n');
    }
    Ok(vec![("catalog.toml".into(), out.into())])
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn write_prices(out: &mut String, prices: &Value) {
    let mut rules = String::new();
    for (service, price) in entries(prices) {
        let unit = match service.as_str() {
            "voice" => "second",
            "data" => "B",
            _ => "event",
        };
        if !["voice", "data", "sms", "mms", "content"].contains(&service.as_str()) {
            let _ = writeln!(out, "[service.{service}]\nmeasured_in = \"events\"\n");
        }
        let price = price.as_str().unwrap_or_default();
        let _ = writeln!(out, "[rate.{service}]\nprice = \"{price} per {unit}\"\n");
        let _ = writeln!(
            rules,
            "  {{ service = \"{service}\", rate = \"{service}\" }},"
        );
    }
    let _ = writeln!(out, "[plan.{PLAN}]\nrules = [\n{rules}]\n");
}

fn write_calendar(out: &mut String, name: &str, calendar: &Value) -> Result<(), String> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let _ = writeln!(out, "[calendar.{name}]");
    if let Some(weekdays) = calendar["weekdays"].as_array() {
        let names: Option<Vec<&str>> = weekdays
            .iter()
            .map(|day| DAYS.get(day.as_u64()?.checked_sub(1)? as usize).copied())
            .collect();
        let names = names.ok_or_else(|| format!("weekdays of {name} are 1 to 7"))?;
        let _ = writeln!(out, "weekdays = {}", json!(names));
    }
    if let [from, to] = calendar["hours"].as_array().map_or(&[][..], Vec::as_slice) {
        let _ = writeln!(out, "hours = \"{}:00-{}:00\"", hour(from), hour(to));
    }
    if let Some(holidays) = calendar["holidays"].as_array() {
        let _ = writeln!(out, "holidays = {}", json!(holidays));
    }
    out.push('\n');
    Ok(())
}

fn hour(value: &Value) -> String {
    format!("{:02}", value.as_u64().unwrap_or_default())
}

fn write_schedule(out: &mut String, name: &str, schedule: &Value) {
    let _ = writeln!(out, "[collections.{name}]");
    for (key, value) in entries(schedule).filter(|(key, _)| *key != "steps") {
        write_scalar(out, key, value);
    }
    let _ = writeln!(out, "steps = [");
    for step in schedule["steps"].as_array().into_iter().flatten() {
        let fields: Vec<String> = entries(step)
            .map(|(key, value)| format!("{key} = {value}"))
            .collect();
        let _ = writeln!(out, "  {{ {} }},", fields.join(", "));
    }
    let _ = writeln!(out, "]\n");
}

fn write_class(out: &mut String, name: &str, class: &Value) {
    let _ = writeln!(out, "[class.{name}]");
    for (key, value) in entries(class).filter(|(key, _)| *key != "measures") {
        write_scalar(
            out,
            if key == "schedule" {
                "collections"
            } else {
                key
            },
            value,
        );
    }
    out.push('\n');
    for measure in class["measures"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "[[class.{name}.measure]]");
        for (key, value) in entries(measure).filter(|(key, _)| *key != "warn") {
            write_scalar(out, key, value);
        }
        if measure["limit"].is_null() {
            let _ = writeln!(out, "limit = \"none\"");
        }
        // A percentage of no limit means nothing; our catalog refuses what cannot act.
        let acts = |warning: &&Value| !measure["limit"].is_null() || warning["bps"].is_null();
        let listed = measure["warn"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(acts);
        let warnings = listed.map(|warning| {
            let fields: Vec<String> = entries(warning)
                .map(|(key, value)| format!("{key} = {value}"))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        });
        let warnings: Vec<String> = warnings.collect();
        let _ = writeln!(out, "warn = [{}]\n", warnings.join(", "));
    }
}

fn write_vip(out: &mut String, name: &str, level: &Value) {
    let _ = writeln!(out, "[vip.{name}]");
    for (key, value) in entries(level).filter(|(key, _)| *key != "class") {
        write_scalar(out, key, value);
    }
    for (own, chosen) in entries(&level["class"]) {
        write_scalar(out, &format!("class.{own}"), chosen);
    }
    out.push('\n');
}

/// A key with a text, number, flag or list, which are written alike in JSON and TOML.
fn write_scalar(out: &mut String, key: &str, value: &Value) {
    if !value.is_null() {
        let _ = writeln!(out, "{key} = {value}");
    }
}
