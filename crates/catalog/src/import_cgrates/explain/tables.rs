//! What the rows of each table became.

use super::{Became, Tables, Teller};
use crate::import_cgrates::desk::Named;
use crate::import_cgrates::plans::band_id;
use crate::import_cgrates::rates::{Rate, Step};
use crate::import_cgrates::timings::window;
use crate::import_cgrates::write::{conditions, rate_names};
use crate::source::Spot;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// Prefixes that are shown of a destination.
const EXAMPLES: usize = 4;
const ANY_DESTINATION: &str = "any destination";

/// Destinations: all rows of an id are one zone.
pub(super) fn destinations(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    let mut rows: Named<Vec<Spot>> = Named::default();
    for row in &tables.folder.destinations {
        rows.get_or(row.text(0), Vec::new).push(row.spot);
    }
    for (id, spots) in rows.iter() {
        let Some(destination) = tables.destinations.get(id) else {
            continue;
        };
        if !tables.plans.uses("destination", id) {
            teller.tell_unused(spots, id);
            continue;
        }
        if destination.prefixes.is_empty() {
            let became = Became::new("rules", "").with("zone", ANY_DESTINATION);
            teller.tell(spots, id.clone(), Some(became));
            continue;
        }
        let count = destination.prefixes.len();
        let mut examples = destination.prefixes[..count.min(EXAMPLES)].join(", ");
        if count > EXAMPLES {
            examples.push_str(", ...");
        }
        let zone = Became::new("zone", tables.plans.known_as("destination", id));
        let zone = zone.with("prefixes", count.to_string());
        let zone = zone.with(
            if count > EXAMPLES {
                "such as"
            } else {
                "namely"
            },
            examples,
        );
        teller.tell(spots, id.clone(), Some(zone));
    }
}

/// Timings: rows of an id that begin at one time of day are one band.
pub(super) fn timings(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    for row in &tables.folder.timings {
        let id = row.text(0);
        let parts = match tables.timings.get(id) {
            Some(Ok(parts)) if tables.plans.uses("timing", id) => parts,
            _ => {
                teller.tell_unused(&[row.spot], id);
                continue;
            }
        };
        let Ok(window) = window(row) else { continue };
        let Some(part) = parts.iter().find(|part| part.from == window.from) else {
            continue;
        };
        let became = if part.is_always() {
            Became::new("rules", "").with("band", "always")
        } else {
            let name = band_id(id, part, parts.len() > 1);
            let mut band = Became::new("band", tables.plans.known_as("band", &name));
            for line in conditions(&window) {
                if let Some((word, value)) = line.split_once(" = ") {
                    let bare = |c: char| matches!(c, '"' | '[' | ']');
                    band = band.with(word, value.replace(bare, ""));
                }
            }
            band
        };
        teller.tell(&[row.spot], id, Some(became));
    }
}

/// Rates: each row is a price step; an id whose rows differ in rounding or maximum is several rates.
pub(super) fn rates(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    let mut called: Named<Vec<SmolStr>> = Named::default();
    for ((id, ..), name) in tables.plans.rates.iter().zip(rate_names(tables.plans)) {
        called.get_or(id, Vec::new).push(name);
    }
    let mut seen: Named<()> = Named::default();
    for row in &tables.folder.rates {
        let id = row.text(0);
        let first = seen.get(id).is_none();
        seen.get_or(id, || ());
        let rate = match tables.rates.get(id) {
            Some(Ok(rate)) if tables.plans.uses("rate", id) => rate,
            _ => {
                teller.tell_unused(&[row.spot], id);
                continue;
            }
        };
        let Some(step) = rate.steps.iter().find(|step| step.spot == row.spot) else {
            continue;
        };
        let names = called.get(id).map(|names| names.join(", "));
        let became = Became::new("rate", names.unwrap_or_default());
        teller.tell(&[row.spot], id, Some(step_facts(became, rate, step, first)));
    }
}

fn step_facts(mut became: Became, rate: &Rate, step: &Step, first: bool) -> Became {
    if let Some(setup) = rate.setup.as_ref().filter(|_| first) {
        became = became.with("setup", setup);
    }
    if rate.steps.len() > 1 {
        became = became.with("from", rate.length(step.start));
    }
    let price = format!("{} per {}", step.price, rate.length(step.unit));
    became
        .with("price", price)
        .with("increment", rate.length(step.increment))
}

/// DestinationRates: each row gives zones a rate, with rounding and maximum.
pub(super) fn destination_rates(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    let names = rate_names(tables.plans);
    for row in &tables.folder.destination_rates {
        let id = row.text(0);
        let sold = tables.plans.sold.get(&row.spot(1).start);
        let (Some((zones, rate)), true) = (sold, tables.plans.uses("destination rate", id)) else {
            teller.tell_unused(&[row.spot], id);
            continue;
        };
        let (_, _, terms) = &tables.plans.rates[*rate];
        let rounding = match terms.rounding.as_str() {
            "" => "half_up to 6",
            rounding => rounding,
        };
        let zones = zones.iter().map(|zone| match zone {
            Some(zone) => zone.as_str(),
            None => ANY_DESTINATION,
        });
        let mut became = Became::new("rate", names[*rate].clone())
            .with("zone", zones.collect::<Vec<_>>().join(", "))
            .with("rounding", rounding);
        if let Some(maximum) = &terms.maximum {
            became = became.with("maximum", maximum);
        }
        teller.tell(&[row.spot], id, Some(became));
    }
}

/// RatingPlans: each row is one or more rules, in one band with one priority.
pub(super) fn rating_plans(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    let rows = tables.folder.rating_plans.iter();
    let ids: FxHashMap<u32, &str> = rows.map(|row| (row.spot.start, row.text(0))).collect();
    for placed in &tables.plans.placed {
        let id = ids.get(&placed.spot.start).copied().unwrap_or_default();
        let band = placed.band.as_deref().unwrap_or("always");
        let became = Became::new("rules", placed.plan.clone())
            .with("rules", placed.rules.to_string())
            .with("zones", placed.zones.to_string())
            .with("band", band)
            .with("priority", placed.priority.to_string());
        teller.tell(&[placed.spot], id, Some(became));
    }
}

/// RatingProfiles: each row is an activation.
pub(super) fn profiles(tables: &Tables<'_>, teller: &mut Teller<'_>) {
    for activation in tables.profiles {
        let mut became = Became::new("profile", activation.profile.as_str())
            .with("from", activation.from.as_str())
            .with("plan", activation.plan.as_str());
        if !activation.fallbacks.is_empty() {
            became = became.with("fallbacks", activation.fallbacks.join(", "));
        }
        let id = SmolStr::new(&activation.profile);
        teller.tell(&[activation.spot], id, Some(became));
    }
}
