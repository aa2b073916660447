//! Charges with the amounts of their parts: what the journal holds in small numbers, worked out and named.

use serde_json::{Map, Value};
use umbral_catalog::version::CatalogSet;
use umbral_model::event::{EventBody, UsageRated};
use umbral_model::input::{Body, Input};
use umbral_model::journal::{Entry, JournaledInput};
use umbral_model::time::Timestamp;
use umbral_rating::explanation::{Explained, Usage};

/// The record of an entry, as it is explained.
pub(crate) fn usage_of(entry: &Entry) -> Option<Usage> {
    let JournaledInput::Account(input) = &entry.input else {
        return None;
    };
    let Input {
        body: Body::Usage(usage),
        occurred_at,
        ..
    } = &**input
    else {
        return None;
    };
    Some(Usage {
        start: *occurred_at,
        quantity: usage.quantity,
        duration: usage.duration,
    })
}

/// A charge with the amounts of its parts, as `umbral rate` gives it.
pub(crate) fn explained(catalogs: &CatalogSet, rated: &UsageRated, usage: Usage) -> Option<Value> {
    let explained = Explained::of(catalogs, &rated.charge, usage)?;
    let mut json = vec![b'{'];
    explained.write_json(&mut json);
    json.push(b'}');
    serde_json::from_slice(&json).ok()
}

/// Adds the amounts of the parts to the fields of an event.
pub(crate) fn add_amounts(
    catalogs: &CatalogSet,
    entry: &Entry,
    body: &EventBody,
    fields: &mut Value,
) {
    let Value::Object(fields) = fields else {
        return;
    };
    match body {
        EventBody::UsageRated(rated) => {
            let usage = usage_of(entry);
            add(catalogs, rated, usage, fields);
        }
        EventBody::UsageCorrected(correction) => {
            let sides = [
                ("before", &correction.before, correction.occurred_at),
                ("after", &correction.after, correction.started_at),
            ];
            for (key, rated, start) in sides {
                if let (Some(rated), Some(Value::Object(told))) = (rated, fields.get_mut(key)) {
                    add(catalogs, rated, Some(usage_at(rated, start)), told);
                }
            }
        }
        _ => {}
    }
}

/// How long a corrected session lasted is not kept; only the instants of later segments depend on it.
fn usage_at(rated: &UsageRated, start: Timestamp) -> Usage {
    Usage {
        start,
        quantity: rated.quantity,
        duration: None,
    }
}

fn add(
    catalogs: &CatalogSet,
    rated: &UsageRated,
    usage: Option<Usage>,
    told: &mut Map<String, Value>,
) {
    let worked_out = usage.and_then(|usage| explained(catalogs, rated, usage));
    if let Some(Value::Object(worked_out)) = worked_out {
        told.extend(worked_out);
    }
}
