//! Tariffs written as catalogs, and records as lines of a batch: what comes out, in few words.

use super::zone_rules;
use serde_json::Value;
use umbral_catalog::ZoneSource;
use umbral_catalog::version::CatalogSet;
use umbral_model::time::ZoneRules;
use umbral_rating::batch::{Detail, rate_line};

struct Zones;

impl ZoneSource for Zones {
    fn rules(&self, name: &str) -> Option<ZoneRules> {
        name.parse().ok().map(zone_rules)
    }
}

const HEAD: &str = "name = \"T\"\ncurrency = \"EUR\"\ntime_zone = \"Europe/Madrid\"\n";

/// Catalogs in order of `valid_from`, each with what else its `catalog.toml` says.
pub fn catalogs(versions: &[(&str, &str, &str)]) -> CatalogSet {
    let mut set = CatalogSet::new();
    for (valid_from, head, tariff) in versions {
        let head = format!("{HEAD}valid_from = {valid_from}\n{head}");
        let files = [
            ("catalog.toml".into(), head.into()),
            ("tariff.toml".into(), (*tariff).into()),
        ];
        let compiled = umbral_catalog::load(&files, &Zones);
        let catalog = compiled
            .unwrap_or_else(|problems| panic!("{problems:#?}"))
            .catalog;
        let from = catalog.valid_from;
        set.activate(catalog, from);
    }
    set
}

/// The answer to a line with these fields.
pub fn answer(catalogs: &CatalogSet, fields: &str) -> Value {
    let mut out = Vec::new();
    let line = format!("{{\"id\":\"1\",{fields}}}");
    rate_line(catalogs, line.as_bytes(), Detail::Full, &mut out);
    serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// `AMOUNT: SEGMENT ...`; a segment is `RATE BILLED`, `-COVERED` where allowances took some, `tN` in a tier;
/// `+ SETUP` where there is one. Or the code of a refusal.
pub fn told(answer: &Value) -> String {
    if answer.get("code").is_some() {
        return text(answer, "code").to_owned();
    }
    let mut words = vec![format!("{}:", text(answer, "amount"))];
    for segment in list(answer, "segments") {
        let mut word = format!("{} {}", text(segment, "rate"), text(segment, "billed"));
        if segment.get("covered").is_some() {
            word.push_str(&format!("-{}", text(segment, "covered")));
        }
        if let Some(tier) = segment.get("tier") {
            word.push_str(&format!(" t{tier}"));
        }
        words.push(word);
    }
    match text(answer, "setup") {
        "" | "0.00" => {}
        setup => words.push(format!("+ {setup}")),
    }
    words.join(" ")
}

/// What allowances took: `NAME UNITS (LEFT left)`, in order.
pub fn taken(answer: &Value) -> String {
    let parts = list(answer, "allowances").map(|part| {
        let [name, units, left] = ["name", "units", "left"].map(|key| text(part, key));
        format!("{name} {units} ({left} left)")
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The discounts: `NAME PERCENT ...= SUM`.
pub fn discounted(answer: &Value) -> String {
    let parts = list(answer, "discounts").map(|part| {
        let [name, percent] = ["name", "percent"].map(|key| text(part, key));
        format!("{name} {percent}")
    });
    let parts = parts.collect::<Vec<_>>().join(" + ");
    match text(answer, "discount") {
        "" => parts,
        sum => format!("{parts} = {sum}"),
    }
}
