//! Tiers of a rate: prices by how much was used in a cycle.

use super::rates::Reader;
use crate::codes;
use crate::problem::Report;
use crate::source::Spot;
use crate::source::fields::Fields;
use crate::source::node::{Entry, Node, Value};
use crate::tables::{Step, Tier, TierKind, TierPer, Tiers};
use crate::text::units::Kind;
use umbral_model::ids::CounterNo;
use umbral_model::units::Measurement;

const TIER_KEYS: [&str; 2] = ["up_to", "price"];
/// Keys that say how the tiers of a rate are meant.
const SETTINGS: [&str; 3] = ["tier_kind", "per", "increment"];
const KINDS: [(&str, TierKind); 2] = [
    ("graduated", TierKind::Graduated),
    ("volume", TierKind::Volume),
];
const PER: [(&str, TierPer); 2] = [("account", TierPer::Account), ("member", TierPer::Member)];
/// Tiers of one rate; a charge numbers them in a byte.
const MOST_TIERS: usize = 200;

impl Reader<'_> {
    /// The tiers, and the one step of a rate that has them.
    pub(super) fn tiers(
        &mut self,
        entry: &Entry,
        report: &mut Report,
    ) -> (Vec<Step>, Option<Tiers>) {
        let Value::List(items) = &entry.node.value else {
            self.whole = false;
            self.fields.wrong_type(entry, "a list of tiers", report);
            return (Vec::new(), None);
        };
        let tiers = self.list(items, entry.spot(), report);
        if self.fields.get("tier_kind").is_none() {
            let what = &self.fields.what;
            report
                .error(codes::MISSING_KEY, self.fields.spot, format!("{what} needs tier_kind"), "tier_kind is missing")
                .note("write \"graduated\" (each unit at its tier's price) or \"volume\" (all units of the cycle at the price of the tier reached)");
        }
        let kind = self.fields.word("tier_kind", &KINDS, report);
        let per = match self.fields.get("per") {
            None => Some(TierPer::Account),
            Some(_) => self.fields.word("per", &PER, report),
        };
        let increment = match self.fields.text("increment", report) {
            Some(text) => self.length(&text, "increment", false, report),
            None => Some(self.kind.map_or(1, Kind::default_increment)),
        };
        let (Some(kind), Some(per), Some(increment), Some(first)) =
            (kind, per, increment, tiers.first().copied())
        else {
            self.whole = false;
            return (Vec::new(), None);
        };
        let step = Step {
            start: 0,
            price: first.price,
            unit: first.unit,
            increment,
        };
        let tiers = Tiers {
            kind,
            per,
            counter: CounterNo::default(),
            measurement: self
                .kind
                .and_then(Kind::measurement)
                .unwrap_or(Measurement::Events),
            tiers,
        };
        (vec![step], Some(tiers))
    }

    fn list(&mut self, items: &[Node], spot: Spot, report: &mut Report) -> Vec<Tier> {
        if items.is_empty() {
            self.not_closed(spot, "is empty", report);
        }
        if items.len() > MOST_TIERS {
            self.whole = false;
            let title = format!("{} has more than {MOST_TIERS} tiers", self.fields.what);
            report.error(codes::TOO_MANY, spot, title, "");
        }
        let mut tiers: Vec<Tier> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let last = index + 1 == items.len();
            match self.tier(item, index + 1, last, &tiers, report) {
                Some(tier) => tiers.push(tier),
                None => self.whole = false,
            }
        }
        tiers
    }

    fn tier(
        &mut self,
        item: &Node,
        number: usize,
        last: bool,
        before: &[Tier],
        report: &mut Report,
    ) -> Option<Tier> {
        let what = format!("tier {number} of {}", self.fields.what);
        let fields = Fields::open(item, what, &TIER_KEYS, &[], report)?;
        let price = fields.needed_text("price", report);
        let price = price.and_then(|text| self.price(&text, report));
        let up_to = match (fields.get("up_to"), last) {
            (Some(entry), true) => {
                self.not_closed(entry.spot(), "the last tier has an end", report);
                let _ = self.up_to(&fields, report);
                None
            }
            (None, false) => {
                self.not_closed(fields.spot, "has no up_to and is not the last", report);
                None
            }
            (None, true) => Some(u64::MAX),
            (Some(_), false) => self.up_to(&fields, report),
        };
        let (price, up_to) = (price?, up_to?);
        if up_to == 0 || before.last().is_some_and(|tier| tier.up_to >= up_to) {
            self.tiers_out_of_order(&fields, number, report);
        }
        Some(Tier {
            up_to,
            price: price.price,
            unit: price.per.units,
        })
    }

    fn up_to(&mut self, fields: &Fields<'_>, report: &mut Report) -> Option<u64> {
        let text = fields.text("up_to", report)?;
        self.length(&text, "up_to", true, report)
    }

    fn not_closed(&mut self, spot: Spot, label: &str, report: &mut Report) {
        self.whole = false;
        let title = format!("the tiers of {} are not closed", self.fields.what);
        report
            .error(codes::TIERS_NOT_CLOSED, spot, title, label)
            .note("every tier but the last says up to where it reaches; the last one has no up_to, so that all usage has a price");
    }

    fn tiers_out_of_order(&mut self, fields: &Fields<'_>, number: usize, report: &mut Report) {
        self.whole = false;
        let spot = fields.get("up_to").map_or(fields.spot, Entry::spot);
        let title = format!("the tiers of {} are out of order", self.fields.what);
        report
            .error(
                codes::TIERS_OUT_OF_ORDER,
                spot,
                title,
                format!("tier {number}"),
            )
            .note("each tier reaches further than the one before it, the first one beyond 0");
    }

    /// Without tiers their settings would have no effect.
    pub(super) fn nothing_of_tiers(&mut self, report: &mut Report) {
        for entry in SETTINGS.iter().filter_map(|key| self.fields.get(key)) {
            self.whole = false;
            let title = format!(
                "{} has no tiers that {} could be for",
                self.fields.what, entry.key
            );
            let problem =
                report.error(codes::NO_TIERS, entry.spot(), title, "would have no effect");
            problem.note(match entry.key.as_str() {
                "increment" => "write increments = \"1s\" beside a price, and increment inside a step",
                _ => "write tiers = [ { up_to = \"100 events\", price = \"0.09 per event\" }, { price = \"0.07 per event\" } ], or leave it out",
            });
        }
    }
}
