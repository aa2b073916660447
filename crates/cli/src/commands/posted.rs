//! Charges beside usage, and corrections of usage, as trees of lines that re-compute them.

use super::rate::show;
use crate::output::paint::Paint;
use crate::output::tree::Tree;
use serde_json::{Map, Value};
use umbral_model::time::Date;

type Fields = Map<String, Value>;

fn text<'a>(fields: &'a Fields, key: &str) -> &'a str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(fields: &Fields, key: &str) -> u64 {
    fields.get(key).and_then(Value::as_u64).unwrap_or_default()
}

/// Source and id of a key.
fn key(fields: &Fields, name: &str) -> String {
    let key = fields.get(name).and_then(Value::as_object);
    key.map(|key| format!("{}/{}", text(key, "source"), text(key, "event_id")))
        .unwrap_or_default()
}

/// The tree of a `charge_posted` in its JSON form.
pub(crate) fn charge(posted: &Fields, currency: &str, paint: Paint) -> Tree {
    let mut tree = Tree::new(paint.strong(&format!("{} {currency}", text(posted, "amount"))));
    match text(posted, "kind") {
        "fee" => fee(posted, &mut tree, paint),
        "volume" => volume(posted, &mut tree, paint),
        "instalment" => {
            tree.leaf(format!(
                "instalment {} of {} for {}, purchase {}",
                number(posted, "number"),
                number(posted, "of"),
                paint.name(text(posted, "product")),
                text(posted, "purchase_id"),
            ));
        }
        "purchase" => {
            tree.leaf(format!("purchase {}", text(posted, "purchase_id")));
            lines(posted, &mut tree, paint);
        }
        "late_fee" => {
            tree.leaf(format!(
                "late fee {}, due on {}",
                text(posted, "bill_id"),
                text(posted, "due_on")
            ));
        }
        _ => {
            tree.leaf(format!("charge {}", paint.name(text(posted, "code"))));
        }
    }
    tree.leaf(paint.faint(&format!("cycle of {}", text(posted, "cycle_start"))));
    tree
}

/// What of a plan's fee is charged or given back, and for which days.
fn fee(posted: &Fields, tree: &mut Tree, paint: Paint) {
    let is_true = |key: &str| posted.get(key).and_then(Value::as_bool) == Some(true);
    let member = match text(posted, "member_id") {
        "" => String::new(),
        member => format!(" for member {member}"),
    };
    tree.leaf(format!(
        "{} {} of plan {}{member}",
        match is_true("credit") {
            true => "given back of the fee",
            false => "fee",
        },
        text(posted, "fee"),
        paint.name(text(posted, "plan")),
    ));
    let (from, until) = (text(posted, "from"), text(posted, "until"));
    let days = match (Date::parse(from), Date::parse(until)) {
        (Some(from), Some(until)) => i64::from(until.days()) - i64::from(from.days()),
        _ => 0,
    };
    let share = match is_true("by_day") {
        true => format!(
            ", {days} of {} days of the cycle",
            number(posted, "days_in_cycle")
        ),
        false => String::new(),
    };
    tree.leaf(paint.faint(&format!("from {from} to before {until}{share}")));
}

/// All units at the price of the tier reached, less what they and the record cost already.
fn volume(posted: &Fields, tree: &mut Tree, paint: Paint) {
    let field = |key: &str| text(posted, key);
    tree.leaf(format!(
        "rate {}: tier {} after tier {}",
        paint.name(field("rate")),
        number(posted, "to_tier"),
        number(posted, "from_tier"),
    ));
    tree.leaf(format!(
        "{} of the cycle at {} per {} now",
        field("units_after"),
        field("to_price"),
        field("to_per")
    ));
    tree.leaf(format!(
        "less {} charged at {} per {} before",
        field("units_before"),
        field("from_price"),
        field("from_per")
    ));
    tree.leaf(format!("less {} of the record itself", field("own")));
    if !field("discount").is_empty() {
        tree.leaf(format!("less {}", paint.strong(field("discount"))));
    }
}

/// Lines of a purchase.
pub(crate) fn lines(purchase: &Fields, tree: &mut Tree, paint: Paint) {
    let lines = purchase.get("lines").and_then(Value::as_array);
    for line in lines.into_iter().flatten().filter_map(Value::as_object) {
        let product = match text(line, "catalog_version") {
            "" => String::new(),
            version => format!(", product of catalog {version}"),
        };
        let parts = match number(line, "instalments") {
            0 | 1 => String::new(),
            parts => format!(", the first of {parts} instalments"),
        };
        let card = match text(line, "card") {
            "" => String::new(),
            card => format!(", for a card {card}"),
        };
        tree.leaf(format!(
            "{}  {} {}{}",
            paint.strong(text(line, "amount")),
            number(line, "qty"),
            paint.name(text(line, "item")),
            paint.faint(&format!("{product}{parts}{card}")),
        ));
    }
}

/// Adds to a tree what a `usage_corrected` changed: the difference, what stood and what stands.
pub(crate) fn correction(corrected: &Fields, currency: &str, tree: &mut Tree, paint: Paint) {
    let difference = paint.strong(&format!("{} {currency}", text(corrected, "difference")));
    let (record, corrects) = (key(corrected, "record"), key(corrected, "corrects"));
    let by = match corrects == record {
        true => String::new(),
        false => format!(", as corrected by {corrects}"),
    };
    tree.leaf(format!("{difference} for the record {record}{by}"));
    for (name, words, nothing) in [
        ("before", "before", "nothing before: it was cancelled"),
        ("after", "now", "cancelled: nothing is owed for it"),
    ] {
        match corrected.get(name).and_then(Value::as_object) {
            Some(rated) => {
                let mut priced = rated.clone();
                priced.insert("currency".to_owned(), currency.into());
                let mut side = Tree::new(format!(
                    "{words} {}",
                    paint.faint(&format!(
                        "{} {}",
                        text(rated, "quantity"),
                        text(rated, "service")
                    ))
                ));
                side.push(show::charge(&priced, paint));
                tree.push(side);
            }
            None => {
                tree.leaf(nothing);
            }
        }
    }
}
