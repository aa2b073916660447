//! Rates: setup fee, price steps or tiers, minimum, maximum, rounding.

use super::amounts::{bad_amount, pico};
use crate::codes;
use crate::problem::Report;
use crate::source::fields::Fields;
use crate::source::node::Value;
use crate::source::{At, Definition, Source, Spot};
use crate::tables::{NumberForm, Rate, Step, Tiers};
use crate::text::units::{self, Kind, Length, Price, PriceError};
use smol_str::SmolStr;
use umbral_model::money::{Pico, Rounding};

/// A rate, or its name alone where it could not be read.
#[derive(Clone, Debug)]
pub(crate) struct DraftRate {
    /// Its name.
    pub(crate) name: At<SmolStr>,
    /// Itself.
    pub(crate) rate: Option<Rate>,
    /// What its units are counted in; none for a rate without any unit of its own.
    pub(crate) kind: Option<Kind>,
}

const KEYS: [&str; 13] = [
    "setup",
    "price",
    "increments",
    "steps",
    "tiers",
    "tier_kind",
    "per",
    "increment",
    "minimum",
    "maximum",
    "rounding",
    "description",
    "allow_negative",
];
const STEP_KEYS: [&str; 3] = ["from", "price", "increment"];

/// Reads `[rate.NAME]` tables.
pub(crate) fn read(
    source: &Source<'_>,
    numbers: NumberForm,
    report: &mut Report,
) -> Vec<DraftRate> {
    source
        .of("rate")
        .iter()
        .map(|definition| rate(definition, numbers, report))
        .collect()
}

fn rate(definition: &Definition, numbers: NumberForm, report: &mut Report) -> DraftRate {
    let name = definition.name.clone();
    let what = format!("rate {}", name.value);
    let mut draft = DraftRate {
        name,
        rate: None,
        kind: None,
    };
    let Some(fields) = Fields::open(&definition.node, what, &KEYS, &[], report) else {
        return draft;
    };
    fields.descriptions(report);
    let negative = fields.flag("allow_negative", false, report);
    let mut reader = Reader {
        fields,
        negative,
        numbers,
        kind: None,
        whole: true,
    };
    let (steps, tiers) = reader.prices(report);
    let setup = reader.amount("setup", report);
    let minimum = reader.amount("minimum", report);
    let maximum = reader.amount("maximum", report);
    let rounding = reader.rounding(report);
    reader.minimum_below_maximum(minimum, maximum, report);
    draft.kind = reader.kind;
    draft.rate = reader.whole.then(|| Rate {
        name: draft.name.value.clone(),
        setup: setup.unwrap_or_default(),
        steps,
        tiers,
        minimum,
        maximum,
        rounding,
    });
    draft
}

pub(super) struct Reader<'t> {
    pub(super) fields: Fields<'t>,
    negative: bool,
    numbers: NumberForm,
    /// Kind of all lengths so far.
    pub(super) kind: Option<Kind>,
    /// Nothing was unreadable.
    pub(super) whole: bool,
}

impl Reader<'_> {
    fn amount(&mut self, key: &str, report: &mut Report) -> Option<Pico> {
        self.fields.get(key)?;
        let what = format!("{key} of {}", self.fields.what);
        let text = self.fields.text(key, report);
        let amount = text.as_ref().and_then(|text| pico(text, &what, report));
        self.whole &= amount.is_some();
        if let (Some(text), Some(amount)) = (&text, amount) {
            self.not_negative(amount, text.spot, &what, report);
        }
        amount
    }

    fn not_negative(&mut self, amount: Pico, spot: Spot, what: &str, report: &mut Report) {
        if amount < Pico::ZERO && !self.negative {
            report
                .error(
                    codes::NEGATIVE_PRICE,
                    spot,
                    format!("{what} is negative"),
                    "below zero",
                )
                .note("if that is meant, write allow_negative = true in the rate");
        }
    }

    fn rounding(&mut self, report: &mut Report) -> Rounding {
        let Some(text) = self.fields.text("rounding", report) else {
            return Rounding::default();
        };
        units::rounding(&text.value).unwrap_or_else(|| {
            self.whole = false;
            report
                .error(codes::BAD_ROUNDING, text.spot, format!("{} is no rounding", text.value), "")
                .note("write up, down, half_up or half_even, and the decimals kept, 0 to 6: \"half_up to 4\"");
            Rounding::default()
        })
    }

    fn minimum_below_maximum(&self, min: Option<Pico>, max: Option<Pico>, report: &mut Report) {
        let (Some(min), Some(max), Some(entry)) = (min, max, self.fields.get("minimum")) else {
            return;
        };
        if min > max {
            let title = format!("the minimum of {} is above its maximum", self.fields.what);
            report
                .error(
                    codes::MINIMUM_ABOVE_MAXIMUM,
                    entry.spot(),
                    title,
                    format!("above {max}"),
                )
                .note("lower the minimum, or raise the maximum");
        }
    }

    /// Steps, or tiers and the one step that stands for them.
    fn prices(&mut self, report: &mut Report) -> (Vec<Step>, Option<Tiers>) {
        let Some(entry) = self.fields.get("tiers") else {
            self.nothing_of_tiers(report);
            return (self.steps(report), None);
        };
        let beside = ["price", "steps", "increments"];
        for other in beside.iter().filter_map(|key| self.fields.get(key)) {
            self.whole = false;
            let title = format!("{} has tiers, so no {}", self.fields.what, other.key);
            report
                .error(codes::PRICE_OR_STEPS, other.spot(), title, "beside tiers")
                .note("write the prices into the tiers, and the increment of all of them as increment = \"1 event\"");
        }
        self.tiers(entry, report)
    }

    fn steps(&mut self, report: &mut Report) -> Vec<Step> {
        match (self.fields.get("price"), self.fields.get("steps")) {
            (Some(_), None) => self.short_form(report),
            (None, Some(entry)) => {
                if let Some(extra) = self.fields.get("increments") {
                    self.whole = false;
                    report
                        .error(
                            codes::PRICE_OR_STEPS,
                            extra.spot(),
                            format!(
                                "{} has steps, so no increments of its own",
                                self.fields.what
                            ),
                            "",
                        )
                        .note("write increment in every step");
                }
                match &entry.node.value {
                    Value::List(_) => self.long_form(report),
                    _ => {
                        self.whole = false;
                        self.fields.wrong_type(entry, "a list of steps", report);
                        Vec::new()
                    }
                }
            }
            (both, _) => {
                self.whole = false;
                let (spot, title, label) = match both {
                    Some(entry) => (entry.spot(), "has both a price and steps", "beside steps"),
                    None => (self.fields.spot, "has no price", "price is missing"),
                };
                report
                    .error(codes::PRICE_OR_STEPS, spot, format!("{} {title}", self.fields.what), label)
                    .note("write price = \"0.09 per minute\", or steps or tiers = [ { price = ... }, ... ]");
                Vec::new()
            }
        }
    }

    /// `price` and `increments`: each increment but the last is taken once.
    fn short_form(&mut self, report: &mut Report) -> Vec<Step> {
        let price = self.fields.text("price", report);
        let price = price.and_then(|text| self.price(&text, report));
        let increments = match self.fields.text("increments", report) {
            Some(text) => self.increments(&text, report),
            None => Vec::new(),
        };
        let Some(price) = price else {
            self.whole = false;
            return Vec::new();
        };
        let increments = match increments.as_slice() {
            [] => vec![self.kind.map_or(1, Kind::default_increment)],
            given => given.to_vec(),
        };
        let mut start = 0u64;
        let mut steps = Vec::new();
        for increment in increments {
            steps.push(Step {
                start,
                price: price.price,
                unit: price.per.units,
                increment,
            });
            start = start.saturating_add(increment);
        }
        steps
    }

    fn long_form(&mut self, report: &mut Report) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (index, item) in self.fields.items("steps").iter().enumerate() {
            let what = format!("step {} of {}", index + 1, self.fields.what);
            let Some(fields) = Fields::open(item, what, &STEP_KEYS, &[], report) else {
                self.whole = false;
                continue;
            };
            let from = match fields.text("from", report) {
                Some(text) => self.length(&text, "from", true, report).unwrap_or(u64::MAX),
                None => 0,
            };
            let price = fields.needed_text("price", report);
            let price = price.and_then(|text| self.price(&text, report));
            let increment = fields.text("increment", report);
            let given = increment.is_some();
            let increment =
                increment.and_then(|text| self.length(&text, "increment", false, report));
            let default = self.kind.map_or(1, Kind::default_increment);
            let (Some(price), true) = (price, increment.is_some() || !given) else {
                self.whole = false;
                continue;
            };
            let in_order = if index == 0 {
                from == 0
            } else {
                steps.last().is_none_or(|s| s.start < from)
            };
            if !in_order && from != u64::MAX {
                self.out_of_order(&fields, index, report);
            }
            let increment = increment.unwrap_or(default);
            steps.push(Step {
                start: from,
                price: price.price,
                unit: price.per.units,
                increment,
            });
        }
        if steps.is_empty() && self.whole {
            self.whole = false;
            let title = format!("{} has no price", self.fields.what);
            report
                .error(
                    codes::PRICE_OR_STEPS,
                    self.fields.spot,
                    title,
                    "steps is empty",
                )
                .note("write steps = [ { price = \"0.09 per minute\" } ]");
        }
        steps
    }

    fn out_of_order(&mut self, fields: &Fields<'_>, index: usize, report: &mut Report) {
        self.whole = false;
        let spot = fields.get("from").map_or(fields.spot, |entry| entry.spot());
        let problem = report.error(
            codes::STEPS_OUT_OF_ORDER,
            spot,
            format!("the steps of {} are out of order", self.fields.what),
            format!("step {}", index + 1),
        );
        problem.note(if index == 0 {
            "the first step begins at 0: leave its from out"
        } else {
            "each step begins after the one before it; say so in from"
        });
    }

    pub(super) fn price(&mut self, text: &At<SmolStr>, report: &mut Report) -> Option<Price> {
        let what = format!("the price of {}", self.fields.what);
        match units::price(&text.value) {
            Ok(price) => {
                self.not_negative(price.price, text.spot, &what, report);
                self.combine(price.per, text, true, report).map(|()| price)
            }
            Err(PriceError::Amount(error)) => {
                bad_amount(text, &what, error, report);
                None
            }
            Err(error) => {
                let label = match error {
                    PriceError::NoUnit => "no unit",
                    _ => "no such unit",
                };
                report
                    .error(codes::BAD_PRICE, text.spot, format!("{what} cannot be {}", text.value), label)
                    .note("write \"0.09 per minute\", \"2.00 per GB\", \"0.10 per event\", \"0.5 per 10 units\" or \"free\"");
                None
            }
        }
    }

    fn increments(&mut self, text: &At<SmolStr>, report: &mut Report) -> Vec<u64> {
        let Some(lengths) = units::increments(&text.value) else {
            self.bad_unit(text, "increments", report);
            return Vec::new();
        };
        let mut increments = Vec::new();
        for length in lengths {
            if self.combine(length, text, true, report).is_none() {
                self.whole = false;
                return Vec::new();
            }
            increments.push(length.units);
        }
        increments
    }

    pub(super) fn length(
        &mut self,
        text: &At<SmolStr>,
        key: &str,
        may_be_zero: bool,
        report: &mut Report,
    ) -> Option<u64> {
        let Some(length) = units::length(&text.value) else {
            self.bad_unit(text, key, report);
            return None;
        };
        let combined = self.combine(length, text, !may_be_zero, report);
        self.whole &= combined.is_some();
        combined.map(|()| length.units)
    }

    fn bad_unit(&mut self, text: &At<SmolStr>, key: &str, report: &mut Report) {
        self.whole = false;
        let title = format!("{key} of {} cannot be {}", self.fields.what, text.value);
        report
            .error(codes::BAD_UNIT, text.spot, title, "")
            .note("write a number and a unit: \"30s\", \"10kB\", \"1 event\", \"10 units\"");
    }

    /// All lengths of a rate are of one kind; imported folders count everything in plain numbers.
    fn combine(
        &mut self,
        length: Length,
        text: &At<SmolStr>,
        above_zero: bool,
        report: &mut Report,
    ) -> Option<()> {
        if above_zero && length.units == 0 {
            let title = format!("{} has a unit or increment of 0", self.fields.what);
            report
                .error(codes::ZERO_UNIT, text.spot, title, "must be above 0")
                .note("write the least stretch that is billed, such as \"1s\" or \"1B\"");
            return None;
        }
        let Some(kind) = length.kind else {
            return Some(());
        };
        match self.kind {
            None => self.kind = Some(kind),
            Some(known) if known == kind => {}
            Some(_) if self.numbers == NumberForm::Verbatim => self.kind = Some(Kind::Plain),
            Some(known) => {
                let title = format!(
                    "{} mixes {} and {}",
                    self.fields.what,
                    known.word(),
                    kind.word()
                );
                report
                    .error(
                        codes::MIXED_UNITS,
                        text.spot,
                        title,
                        format!("is {}", kind.word()),
                    )
                    .note("write price, increments and steps of a rate in units of one kind");
                return None;
            }
        }
        Some(())
    }
}
