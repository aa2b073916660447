//! A price as a tree of lines that re-compute it.

use crate::output::paint::Paint;
use crate::output::tree::Tree;
use serde_json::{Map, Value};

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The tree of a price in its JSON form.
pub(crate) fn charge(price: &Map<String, Value>, paint: Paint) -> Tree {
    let currency = text(price, "currency");
    let mut tree = Tree::new(paint.strong(&format!("{} {currency}", text(price, "amount"))));
    tree.leaf(format!(
        "plan {}, {}",
        paint.name(text(price, "plan")),
        paint.faint(&format!("catalog {}", text(price, "catalog_version")))
    ));
    tree.leaf(format!("rule {}", rule(price, paint)));
    let segments = price.get("segments").and_then(Value::as_array);
    for segment in segments.into_iter().flatten().filter_map(Value::as_object) {
        tree.push(segment_tree(segment, paint));
    }
    if segments.is_none_or(Vec::is_empty) {
        tree.leaf("no usage, no charge");
    }
    let allowances = price.get("allowances").and_then(Value::as_array);
    for taken in allowances
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        let several = segments.is_some_and(|segments| segments.len() > 1);
        tree.leaf(allowance(taken, several, paint));
    }
    if !matches!(text(price, "setup"), "" | "0" | "0.00") {
        tree.leaf(format!("setup fee {}", paint.strong(text(price, "setup"))));
    }
    for (key, words) in [
        ("minimum", "raised to the minimum of"),
        ("maximum", "held at the maximum of"),
    ] {
        if !text(price, key).is_empty() {
            tree.leaf(format!("{words} {}", text(price, key)));
        }
    }
    let discounts = price.get("discounts").and_then(Value::as_array);
    if let Some(discounts) = discounts.filter(|all| !all.is_empty()) {
        tree.leaf(discount(text(price, "discount"), discounts, paint));
    }
    if let Some(rounding) = price.get("rounding").and_then(Value::as_object) {
        let mode = text(rounding, "mode").replace('_', " ");
        let decimals = rounding
            .get("decimals")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        tree.leaf(paint.faint(&format!("rounded once, {mode}, to {decimals} decimals")));
    }
    tree
}

fn rule(price: &Map<String, Value>, paint: Paint) -> String {
    let mut line = paint.name(text(price, "rule"));
    for key in ["prefix", "zone"] {
        match text(price, key) {
            "" => {}
            name => line.push_str(&format!(", {key} {}", paint.name(name))),
        }
    }
    line
}

/// What an allowance took, and of which segment where there are several.
fn allowance(taken: &Map<String, Value>, several: bool, paint: Paint) -> String {
    let number = |key: &str| taken.get(key).and_then(Value::as_u64).unwrap_or_default();
    let segment = match several {
        true => format!(" of segment {}", number("segment")),
        false => String::new(),
    };
    format!(
        "allowance {} covers {}{segment}, {}",
        paint.name(text(taken, "name")),
        text(taken, "units"),
        paint.faint(&format!("{} left", text(taken, "left"))),
    )
}

/// Discounts by name, and what they come to together.
fn discount(together: &str, discounts: &[Value], paint: Paint) -> String {
    let parts: Vec<String> = discounts
        .iter()
        .filter_map(Value::as_object)
        .map(|one| format!("{} {}", paint.name(text(one, "name")), text(one, "percent")))
        .collect();
    format!("less {}: {}", paint.strong(together), parts.join(" + "))
}

/// A stretch of a record. Derived streams carry neither the instant nor the amount of one.
fn segment_tree(segment: &Map<String, Value>, paint: Paint) -> Tree {
    let field = |key: &str| text(segment, key);
    let band = match field("band") {
        "" => String::new(),
        band => format!(" in {}", paint.name(band)),
    };
    let billed = if field("usage") == field("billed") {
        field("usage").to_owned()
    } else {
        format!("{} billed as {}", field("usage"), field("billed"))
    };
    let covered = match field("covered") {
        "" => String::new(),
        covered if covered == field("billed") => ", all of it covered".to_owned(),
        covered => format!(", {covered} of it covered"),
    };
    let tier = match segment.get("tier").and_then(Value::as_u64) {
        Some(tier) => format!(", tier {tier}"),
        None => String::new(),
    };
    let amount = match field("amount") {
        "" => String::new(),
        amount => format!("{}  ", paint.strong(amount)),
    };
    let from = match field("start") {
        "" => String::new(),
        start => format!("from {start}, "),
    };
    let mut tree = Tree::new(format!(
        "{amount}{billed}{covered} at rate {}{tier}{band}",
        paint.name(field("rate"))
    ));
    tree.leaf(paint.faint(&format!(
        "{from}{} per {}, in steps of {}",
        field("price"),
        field("per"),
        field("increment"),
    )));
    tree
}
