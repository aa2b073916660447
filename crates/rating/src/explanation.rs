//! A charge with its numbers resolved to names: as JSON for programs, as a tree for people.

use crate::record::Axis;
use crate::text::{push_instant, push_json_string, push_money, push_pico, push_quantity, push_u64};
use smallvec::SmallVec;
use umbral_catalog::version::CatalogSet;
use umbral_model::charge::{Charge, Held, Segment};
use umbral_model::money::{Currency, Money, Pico, Rounding};
use umbral_model::time::{Timestamp, ZoneRules};
use umbral_model::units::Measurement;

/// What of the usage record an explanation needs besides the charge.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// When it began.
    pub start: Timestamp,
    /// Usage in base units.
    pub quantity: u64,
    /// How long a session lasted, in nanoseconds, where usage is not time.
    pub duration: Option<u64>,
}

/// A charge in names. Everything is borrowed from the catalogs that priced it.
#[derive(Clone, Debug)]
pub struct Explained<'c> {
    /// What is owed.
    pub amount: Money,
    /// Its currency.
    pub currency: Currency,
    /// Label of the catalog version in force at the record's start.
    pub catalog_version: &'c str,
    /// The plan.
    pub plan: &'c str,
    /// The service.
    pub service: &'c str,
    /// What it is measured in.
    pub measurement: Measurement,
    /// Usage in base units.
    pub quantity: u64,
    /// The rule of the first segment.
    pub rule: &'c str,
    /// The prefix that matched.
    pub prefix: Option<&'c str>,
    /// The destination zone of the rule.
    pub zone: Option<&'c str>,
    /// Segments in order of time.
    pub segments: SmallVec<[ExplainedSegment<'c>; 2]>,
    /// Setup fee that was charged.
    pub setup: Pico,
    /// Minimum or maximum that took effect.
    pub held_at: Option<Held>,
    /// The one rounding.
    pub rounding: Rounding,
    /// Zone in which times are shown to people.
    pub time_zone: &'c ZoneRules,
}

/// A segment in names.
#[derive(Clone, Copy, Debug)]
pub struct ExplainedSegment<'c> {
    /// Its rule.
    pub rule: &'c str,
    /// Its rate.
    pub rate: &'c str,
    /// Its time band; none where the rule always holds.
    pub band: Option<&'c str>,
    /// When it began.
    pub start: Timestamp,
    /// The numbers.
    pub segment: Segment,
}

impl ExplainedSegment<'_> {
    /// `price x billed / unit`, to the nearest pico-unit (for show; the charge adds exact fractions).
    pub fn amount(&self) -> Pico {
        let Segment {
            price,
            billed,
            unit,
            ..
        } = self.segment;
        let Some(product) = price.picos().checked_mul(i128::from(billed)) else {
            return Pico::from_picos(i128::MAX);
        };
        let quotient = match u64::try_from(product) {
            Ok(small) => i128::from(small / unit) + i128::from(small % unit >= unit.div_ceil(2)),
            Err(_) => (product + i128::from(unit / 2)).div_euclid(i128::from(unit)),
        };
        Pico::from_picos(quotient)
    }
}

impl<'c> Explained<'c> {
    /// Resolves the names of a charge; `None` if the charge is not of these catalogs.
    pub fn of(catalogs: &'c CatalogSet, charge: &Charge, usage: Usage) -> Option<Explained<'c>> {
        let version = catalogs.get(charge.version)?;
        let catalog = &*version.catalog;
        let service = catalog.services.get(charge.service.index())?;
        let axis = Axis::new(
            usage.start,
            usage.quantity,
            usage.duration,
            service.measurement,
        );
        let mut segments = SmallVec::new();
        for segment in &charge.segments {
            let catalog = match segment.version == charge.version {
                true => catalog,
                false => &*catalogs.get(segment.version)?.catalog,
            };
            let band = match segment.band {
                Some(number) => Some(catalog.bands.get(number.index())?.name.as_str()),
                None => None,
            };
            segments.push(ExplainedSegment {
                rule: &catalog.rules.get(segment.rule.index())?.label,
                rate: &catalog.rates.get(segment.rate.index())?.name,
                band,
                start: axis.instant(segment.offset),
                segment: *segment,
            });
        }
        let prefix = charge
            .prefix
            .and_then(|number| catalog.deck.prefixes.get(number.index()));
        let zone = charge
            .zone
            .and_then(|number| catalog.destinations.get(number.index()));
        Some(Explained {
            amount: charge.amount,
            currency: catalog.currency,
            catalog_version: &catalog.label,
            plan: catalogs.plan_name(charge.plan)?,
            service: &service.name,
            measurement: service.measurement,
            quantity: usage.quantity,
            rule: &catalog.rules.get(charge.rule.index())?.label,
            prefix: prefix.map(|text| text.as_str()),
            zone: zone.map(|name| name.as_str()),
            segments,
            setup: charge.setup,
            held_at: charge.held_at,
            rounding: charge.rounding,
            time_zone: &catalog.zone,
        })
    }

    /// `"amount":"…","currency":"…"`, without braces: the brief form.
    pub fn write_brief(&self, out: &mut Vec<u8>) {
        write_amount(out, self.amount, self.currency);
    }

    /// The members of the JSON object from `amount` on, without braces. Keys are those of `rate --batch`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_brief(out);
        text_member(out, ",\"catalog_version\":", Some(self.catalog_version));
        text_member(out, ",\"plan\":", Some(self.plan));
        text_member(out, ",\"service\":", Some(self.service));
        text_member(out, ",\"rule\":", Some(self.rule));
        text_member(out, ",\"prefix\":", self.prefix);
        text_member(out, ",\"zone\":", self.zone);
        out.extend_from_slice(b",\"segments\":[");
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.write_segment(out, segment);
        }
        out.extend_from_slice(b"],\"setup\":\"");
        push_pico(out, self.setup);
        match self.held_at {
            None => {}
            Some(Held::Minimum(bound)) => {
                out.extend_from_slice(b"\",\"minimum\":\"");
                push_pico(out, bound);
            }
            Some(Held::Maximum(bound)) => {
                out.extend_from_slice(b"\",\"maximum\":\"");
                push_pico(out, bound);
            }
        }
        out.extend_from_slice(b"\",\"rounding\":{\"mode\":\"");
        out.extend_from_slice(self.rounding.mode.word().as_bytes());
        out.extend_from_slice(b"\",\"decimals\":");
        push_u64(out, u64::from(self.rounding.decimals));
        out.push(b'}');
    }

    fn write_segment(&self, out: &mut Vec<u8>, explained: &ExplainedSegment<'_>) {
        let segment = &explained.segment;
        text_member(out, "{\"rate\":", Some(explained.rate));
        text_member(out, ",\"band\":", explained.band);
        out.extend_from_slice(b",\"start\":\"");
        push_instant(
            out,
            explained.start,
            self.time_zone.offset_at(explained.start),
        );
        for (key, units) in [
            ("\",\"usage\":\"", segment.usage),
            ("\",\"billed\":\"", segment.billed),
            ("\",\"increment\":\"", segment.increment),
        ] {
            out.extend_from_slice(key.as_bytes());
            push_quantity(out, units, self.measurement);
        }
        out.extend_from_slice(b"\",\"price\":\"");
        push_pico(out, segment.price);
        out.extend_from_slice(b"\",\"per\":\"");
        push_quantity(out, segment.unit, self.measurement);
        out.extend_from_slice(b"\",\"amount\":\"");
        push_pico(out, explained.amount());
        out.extend_from_slice(b"\"}");
    }

    /// The explanation for people, a tree of text lines.
    pub fn tree(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "{} {}  {} of {}",
            self.amount,
            self.currency,
            quantity(self.quantity, self.measurement),
            self.service
        )];
        let mut branches = vec![format!(
            "plan {}, catalog {}",
            self.plan, self.catalog_version
        )];
        let mut rule = format!("rule {}", self.rule);
        for (word, name) in [("prefix", self.prefix), ("zone", self.zone)] {
            if let Some(name) = name {
                rule.push_str(&format!(", {word} {name}"));
            }
        }
        branches.push(rule);
        branches.extend(
            self.segments
                .iter()
                .map(|segment| self.segment_line(segment)),
        );
        if self.segments.is_empty() {
            branches.push("no usage, no charge".to_owned());
        }
        if self.setup != Pico::ZERO {
            branches.push(format!("setup {}", self.setup));
        }
        match self.held_at {
            Some(Held::Minimum(bound)) => {
                branches.push(format!("raised to the minimum of {bound}"))
            }
            Some(Held::Maximum(bound)) => branches.push(format!("held at the maximum of {bound}")),
            None => {}
        }
        let Rounding { mode, decimals } = self.rounding;
        branches.push(format!("rounded {} to {decimals} decimals", mode.word()));
        let last = branches.len() - 1;
        lines.extend(branches.into_iter().enumerate().map(|(index, branch)| {
            format!("{} {branch}", if index == last { "└─" } else { "├─" })
        }));
        lines
    }

    fn segment_line(&self, explained: &ExplainedSegment<'_>) -> String {
        let segment = &explained.segment;
        let mut start = Vec::new();
        push_instant(
            &mut start,
            explained.start,
            self.time_zone.offset_at(explained.start),
        );
        let [usage, billed, increment, unit] = [
            segment.usage,
            segment.billed,
            segment.increment,
            segment.unit,
        ]
        .map(|units| quantity(units, self.measurement));
        let band = explained
            .band
            .map(|band| format!(" in {band}"))
            .unwrap_or_default();
        format!(
            "{}  rate {}{band}: {usage} billed as {billed} (by {increment}) at {} per {unit} = {}",
            String::from_utf8_lossy(&start),
            explained.rate,
            segment.price,
            explained.amount(),
        )
    }
}

fn quantity(units: u64, measurement: Measurement) -> String {
    umbral_model::units::Quantity(units).display(measurement)
}

pub(crate) fn write_amount(out: &mut Vec<u8>, amount: Money, currency: Currency) {
    out.extend_from_slice(b"\"amount\":\"");
    push_money(out, amount);
    out.extend_from_slice(b"\",\"currency\":\"");
    out.extend_from_slice(currency.code().as_bytes());
    out.push(b'"');
}

fn text_member(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    out.extend_from_slice(key.as_bytes());
    match value {
        Some(text) => push_json_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}
