//! The fields of events, as on the streams.

use crate::CatalogNames;
use serde_json::Value;
use umbral_wire::{OutputBody, OutputEvent, json};

/// The fields of an event; none of what is no event.
pub(crate) fn fields_of(output: &OutputEvent<'_>, names: &CatalogNames<'_>) -> Option<Value> {
    let OutputBody::Event(body) = &output.body else {
        return None;
    };
    let told = json::output_with(output, names);
    let mut told: Value = serde_json::from_str(&told).ok()?;
    Some(told.get_mut(body.kind())?.take())
}
