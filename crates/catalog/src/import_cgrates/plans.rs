//! Rating plans: which rate holds for which destination and timing, and which of several wins.

use super::desk::{Desk, Fault, Named};
use super::destinations::{ANY, Destination, Priced, Terms};
use super::rates::{self, Rate};
use super::rows::Row;
use super::timings::{Part, Timing};
use crate::codes;
use crate::source::Spot;
use crate::text::suggest::did_you_mean;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use umbral_model::money::parse_scaled;

/// Longest name that a catalog takes.
const NAME_BYTES: usize = 64;

/// A rule of an imported plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rule {
    /// Zones; empty for any.
    pub(super) zones: Vec<SmolStr>,
    pub(super) band: Option<SmolStr>,
    /// Index into `Plans::rates`.
    pub(super) rate: usize,
    pub(super) priority: usize,
    /// Where it comes from.
    pub(super) note: String,
}

/// What a row of RatingPlans became, at one beginning of its timing.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// The row.
    pub(super) spot: Spot,
    pub(super) plan: SmolStr,
    pub(super) band: Option<SmolStr>,
    pub(super) priority: usize,
    /// Rules that it added.
    pub(super) rules: usize,
    /// Destinations that they price.
    pub(super) zones: usize,
}

/// What a row of DestinationRates became: its zones (none for any destination), and a rate of `Plans::rates`.
pub(super) type Sold = (Vec<Option<SmolStr>>, usize);

/// Everything that the plans hold, by the names of our catalog.
#[derive(Default)]
pub(super) struct Plans {
    /// Our names of the plans, by id.
    pub(super) names: Named<SmolStr>,
    pub(super) rules: Vec<(SmolStr, Vec<Rule>)>,
    /// Rates in use with the terms of their rows: id, rate, terms.
    pub(super) rates: Vec<(SmolStr, Rate, Terms)>,
    rate_index: FxHashMap<(SmolStr, Terms), usize>,
    pub(super) bands: Named<Part>,
    pub(super) zones: Named<Destination>,
    /// What became of the rows of RatingPlans, in their order.
    pub(super) placed: Vec<Placed>,
    /// What became of rows of DestinationRates, by where their second field begins.
    pub(super) sold: FxHashMap<u32, Sold>,
    used: FxHashSet<(&'static str, SmolStr)>,
    short: Named<SmolStr>,
}

/// Resolves the rows of RatingPlans.
pub(super) fn build(
    rows: &[Row<'_>],
    priced: &Named<Vec<Priced>>,
    destinations: &Named<Destination>,
    rates: &Named<rates::Defined>,
    timings: &Named<Timing>,
    desk: &mut Desk<'_>,
) -> Plans {
    let mut by_id: Named<Vec<&Row<'_>>> = Named::default();
    for row in rows {
        by_id.get_or(row.text(0), Vec::new).push(row);
    }
    let tables = Tables {
        priced,
        destinations,
        rates,
        timings,
    };
    let mut plans = Plans::default();
    for (id, rows) in by_id.iter() {
        let name = plans.name("plan", id, rows[0].spot, desk);
        plans.names.get_or(id, || name.clone());
        let rules = plans.plan(&name, rows, &tables, desk);
        plans.rules.push((name, rules));
    }
    plans
}

struct Tables<'t> {
    priced: &'t Named<Vec<Priced>>,
    destinations: &'t Named<Destination>,
    rates: &'t Named<rates::Defined>,
    timings: &'t Named<Timing>,
}

/// A row of a plan at one beginning of its timing.
struct Slot<'t> {
    rank: (i128, u32),
    band: Option<SmolStr>,
    priced: &'t [Priced],
    spot: Spot,
}

impl Plans {
    /// Rules of one plan. Higher weight wins, of equal weight the later start: both become a priority.
    fn plan(
        &mut self,
        name: &SmolStr,
        rows: &[&Row<'_>],
        tables: &Tables<'_>,
        desk: &mut Desk<'_>,
    ) -> Vec<Rule> {
        let mut slots = Vec::new();
        for row in rows {
            self.slots(row, tables, &mut slots, desk);
        }
        let mut ranks: Vec<(i128, u32)> = slots.iter().map(|slot| slot.rank).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let mut rules: Vec<Rule> = Vec::new();
        for slot in &slots {
            let first = rules.len();
            let priority = ranks.binary_search(&slot.rank).unwrap_or(0);
            let mut count = 0;
            for priced in slot.priced {
                let Some((zones, rate)) = self.resolve(priced, tables, desk) else {
                    continue;
                };
                count += zones.len();
                for zone in zones {
                    let joined = rules[first..].last_mut().filter(|rule| {
                        rule.rate == rate && rule.zones.is_empty() == zone.is_none()
                    });
                    match (joined, zone) {
                        (Some(rule), Some(zone)) => rule.zones.push(zone),
                        (Some(_), None) => {}
                        (None, zone) => rules.push(Rule {
                            zones: zone.into_iter().collect(),
                            band: slot.band.clone(),
                            rate,
                            priority,
                            note: desk.place(slot.spot),
                        }),
                    }
                }
            }
            self.placed.push(Placed {
                spot: slot.spot,
                plan: name.clone(),
                band: slot.band.clone(),
                priority,
                rules: rules.len() - first,
                zones: count,
            });
        }
        rules
    }

    fn slots<'t>(
        &mut self,
        row: &Row<'_>,
        tables: &Tables<'t>,
        slots: &mut Vec<Slot<'t>>,
        desk: &mut Desk<'_>,
    ) {
        let (id, timing_id, weight) = (row.text(1), row.text(2), row.text(3));
        let priced = tables.priced.get(id);
        match priced {
            Some(_) => drop(self.used.insert(("destination rate", id.into()))),
            None => unknown(
                "destination rate",
                id,
                row.spot(1),
                tables.priced.ids(),
                desk,
            ),
        }
        let weight = match weight {
            "" => 0,
            text => parse_scaled(text, 9).unwrap_or_else(|_| {
                let title = format!("the weight cannot be read: {text:?}");
                let mend = "write a number such as 10";
                desk.refuse(&Fault::new(codes::IMPORT_VALUE, row.spot(3), title, mend));
                0
            }),
        };
        self.used.insert(("timing", timing_id.into()));
        let parts = match tables.timings.get(timing_id) {
            Some(Ok(parts)) => Some(parts.as_slice()),
            Some(Err(fault)) => {
                desk.refuse(fault);
                None
            }
            None => {
                unknown("timing", timing_id, row.spot(2), tables.timings.ids(), desk);
                None
            }
        };
        let Some(priced) = priced else { return };
        let mut slot = |rank, band| {
            slots.push(Slot {
                rank,
                band,
                priced,
                spot: row.spot,
            })
        };
        // Without its timing the row cannot be imported, but what it names is looked at all the same.
        let Some(parts) = parts else {
            return slot((weight, 0), None);
        };
        for part in parts {
            let band = self.band(timing_id, part, parts.len() > 1, row.spot(2), desk);
            slot((weight, part.from), band);
        }
    }

    /// The band of a part of a timing; none where it always holds.
    fn band(
        &mut self,
        timing: &str,
        part: &Part,
        several: bool,
        spot: Spot,
        desk: &mut Desk<'_>,
    ) -> Option<SmolStr> {
        if part.is_always() {
            return None;
        }
        let id = band_id(timing, part, several);
        let name = self.name("band", &id, spot, desk);
        self.bands.get_or(&name, || part.clone());
        Some(name)
    }

    /// Zones and rate of a row of DestinationRates; a zone of none is any destination.
    fn resolve(
        &mut self,
        priced: &Priced,
        tables: &Tables<'_>,
        desk: &mut Desk<'_>,
    ) -> Option<(Vec<Option<SmolStr>>, usize)> {
        let [destination_spot, rate_spot] = priced.spots;
        let mut zones = Vec::new();
        let id = priced.destination.as_str();
        match tables.destinations.get(id) {
            Some(destination) => {
                self.used.insert(("destination", id.into()));
                let name = self.name("destination", id, destination_spot, desk);
                if !destination.prefixes.is_empty() {
                    self.zones.get_or(&name, || destination.clone());
                    zones.push(Some(name));
                }
                zones.extend(destination.any.then_some(None));
            }
            None if id == ANY => zones.push(None),
            None => unknown(
                "destination",
                id,
                destination_spot,
                tables.destinations.ids(),
                desk,
            ),
        }
        let rate = match tables.rates.get(&priced.rate) {
            Some(Ok(rate)) => Some(rate),
            Some(Err(fault)) => {
                desk.refuse(fault);
                None
            }
            None => {
                unknown("rate", &priced.rate, rate_spot, tables.rates.ids(), desk);
                None
            }
        };
        self.used.insert(("rate", priced.rate.clone()));
        let terms = match &priced.terms {
            Ok(terms) => Some(terms),
            Err(fault) => {
                desk.refuse(fault);
                None
            }
        };
        let (rate, terms) = (rate?, terms?);
        if let Some(reason) = why_renamed(&priced.rate) {
            let shown = priced.rate.escape_debug();
            desk.note(
                rate_spot,
                &format!("rate {shown} gets another name: {reason}"),
            );
        }
        for (spot, note) in rate.notes.iter().chain(&priced.notes) {
            desk.note(*spot, note);
        }
        let rates = &mut self.rates;
        let key = (priced.rate.clone(), terms.clone());
        let index = *self.rate_index.entry(key).or_insert_with(|| {
            rates.push((priced.rate.clone(), rate.clone(), terms.clone()));
            rates.len() - 1
        });
        self.sold
            .insert(destination_spot.start, (zones.clone(), index));
        Some((zones, index))
    }

    /// The name of something in our catalog: its id, shortened where it is too long for a name.
    fn name(&mut self, kind: &str, id: &str, spot: Spot, desk: &mut Desk<'_>) -> SmolStr {
        let Some(reason) = why_renamed(id) else {
            return id.into();
        };
        let number = self.short.ids().count() + 1;
        let name = self.short.get_or(&format!("{kind} {id}"), || {
            smol_str::format_smolstr!("{}~{number}", beginning(id))
        });
        let name = name.clone();
        let shown = id.escape_debug();
        desk.note(spot, &format!("{kind} {shown} is named {name}: {reason}"));
        name
    }

    /// The name that an id of this kind got.
    pub(super) fn known_as(&self, kind: &str, id: &str) -> SmolStr {
        let short = self.short.get(&format!("{kind} {id}"));
        short.cloned().unwrap_or_else(|| id.into())
    }

    /// Whether a plan uses the thing of this kind with this id.
    pub(super) fn uses(&self, kind: &'static str, id: &str) -> bool {
        self.used.contains(&(kind, id.into()))
    }

    /// Notes what no plan uses: it is left out.
    pub(super) fn note_unused(
        &self,
        priced: &Named<Vec<Priced>>,
        destinations: &Named<Destination>,
        rates: &Named<rates::Defined>,
        timings: &Named<Timing>,
        desk: &mut Desk<'_>,
    ) {
        let kinds: [(&'static str, Vec<&str>); 4] = [
            ("destination rate", priced.ids().collect()),
            ("destination", destinations.ids().collect()),
            ("rate", rates.ids().collect()),
            ("timing", timings.ids().filter(|id| *id != ANY).collect()),
        ];
        for (kind, ids) in kinds {
            let unused: Vec<&str> = ids.into_iter().filter(|id| !self.uses(kind, id)).collect();
            if !unused.is_empty() {
                let list = unused.join(", ");
                desk.note_folder(format!("in no rating plan, left out: {kind} {list}"));
            }
        }
    }
}

/// The id of the band of a part of a timing: one that begins at several times of day becomes several bands.
pub(super) fn band_id(timing: &str, part: &Part, several: bool) -> String {
    match several {
        false => timing.to_owned(),
        true => format!("{timing} {}", clock(part.from)),
    }
}

/// Why an id cannot be a name in a catalog; none where it can.
pub(super) fn why_renamed(id: &str) -> Option<&'static str> {
    if id == "*" {
        Some("* means everything in a catalog and is no name")
    } else if id.contains(char::is_control) {
        Some("names hold no control characters")
    } else if id.len() > NAME_BYTES {
        Some("names have at most 64 bytes")
    } else {
        None
    }
}

/// The beginning of an id, short enough for a name with a number behind it.
pub(super) fn beginning(id: &str) -> String {
    let plain = id.chars().filter(|c| !c.is_control());
    plain.take(NAME_BYTES / 4 - 2).collect()
}

fn unknown<'i>(
    kind: &str,
    id: &str,
    spot: Spot,
    known: impl Iterator<Item = &'i str>,
    desk: &mut Desk<'_>,
) {
    let hint = did_you_mean(id, known).map(|hint| format!("; {hint}"));
    let title = format!("there is no {kind} {id}");
    let mend = format!(
        "define it, or mend the name here{}",
        hint.unwrap_or_default()
    );
    desk.refuse(&Fault::new(codes::IMPORT_UNKNOWN, spot, title, mend));
}

/// `08:00`, with seconds where there are some.
pub(super) fn clock(second: u32) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}
