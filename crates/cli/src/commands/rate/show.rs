//! A price as a tree of lines that re-compute it.

use crate::output::paint::Paint;
use crate::output::tree::Tree;
use serde_json::{Map, Value};
use umbral_model::money::parse_scaled;

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
    let mut segments = objects(price, "segments").peekable();
    if segments.peek().is_none() {
        tree.leaf("no usage, no charge");
    }
    for (number, segment) in (1..).zip(segments) {
        let of_segment = |part: &&Map<String, Value>| {
            part.get("segment").and_then(Value::as_u64) == Some(number)
        };
        let parts = objects(price, "allowances").filter(of_segment);
        tree.push(segment_tree(segment, parts, paint));
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
    discounts(price, paint, &mut tree);
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

fn objects<'a>(
    object: &'a Map<String, Value>,
    key: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let list = object.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// A line for each discount, and one where they are held at the cap. Derived streams carry no amounts of them.
fn discounts(price: &Map<String, Value>, paint: Paint, tree: &mut Tree) {
    let bps = |percent: &str| parse_scaled(percent.trim_end_matches('%'), 2).unwrap_or_default();
    let mut sum = 0;
    for discount in objects(price, "discounts") {
        let share = text(discount, "percent");
        let less = match text(discount, "amount") {
            "" => String::new(),
            amount => format!("less {}  ", paint.strong(amount)),
        };
        let name = paint.name(text(discount, "name"));
        tree.leaf(format!("{less}discount {name} of {share}"));
        sum += bps(share);
    }
    let held = text(price, "discount");
    if sum > bps(held) {
        tree.leaf(format!("discounts held at {held} in all"));
    }
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

/// A stretch of a record. Derived streams carry neither the instant nor the amount of one.
fn segment_tree<'a>(
    segment: &Map<String, Value>,
    allowances: impl Iterator<Item = &'a Map<String, Value>>,
    paint: Paint,
) -> Tree {
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
    let amount = match field("amount") {
        "" => String::new(),
        amount => format!("{}  ", paint.strong(amount)),
    };
    let from = match field("start") {
        "" => String::new(),
        start => format!("from {start}, "),
    };
    let covered = match field("covered") {
        "" => String::new(),
        all if all == field("billed") => ", all of it covered,".to_owned(),
        part => format!(", {part} of it covered,"),
    };
    let tier = match segment.get("tier").and_then(Value::as_u64) {
        None => String::new(),
        Some(tier) => format!(", tier {tier} of the cycle"),
    };
    let mut tree = Tree::new(format!(
        "{amount}{billed}{covered} at rate {}{band}{tier}",
        paint.name(field("rate"))
    ));
    for part in allowances {
        let [units, name, left] = ["units", "name", "left"].map(|key| text(part, key));
        tree.leaf(format!("{units} from {}, {left} left", paint.name(name)));
    }
    let price = match field("price") {
        "0.00" => "free of charge".to_owned(),
        price => format!("{price} per {}", field("per")),
    };
    let steps = match field("usage") == field("billed") && field("price") == "0.00" {
        true => String::new(),
        false => format!(", in steps of {}", field("increment")),
    };
    tree.leaf(paint.faint(&format!("{from}{price}{steps}")));
    tree
}
