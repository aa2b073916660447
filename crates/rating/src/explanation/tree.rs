//! An explanation for people: a tree of text lines whose amounts add up to the charge.

use super::{Explained, ExplainedSegment};
use crate::text::{push_instant, push_percent};
use umbral_model::charge::Held;
use umbral_model::money::{Pico, Rounding};
use umbral_model::units::{Measurement, Quantity};

impl Explained<'_> {
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
        for (index, segment) in self.segments.iter().enumerate() {
            branches.push(self.segment_line(segment));
            branches.extend(self.allowance_lines(index + 1));
        }
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
        branches.extend(self.discount_lines());
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
        let band = explained.band.map(|band| format!(" in {band}"));
        let tier = segment
            .tier
            .map(|tier| format!(", tier {} of the cycle", u32::from(tier) + 1));
        let left = segment.billed.saturating_sub(segment.covered);
        let charged = match segment.covered {
            0 => String::new(),
            _ => format!(", {} of it charged", quantity(left, self.measurement)),
        };
        format!(
            "{}  rate {}{}{}: {usage} billed as {billed} (by {increment}){charged} at {} per {unit} = {}",
            String::from_utf8_lossy(&start),
            explained.rate,
            band.unwrap_or_default(),
            tier.unwrap_or_default(),
            segment.price,
            explained.amount(),
        )
    }

    /// What allowances took of a segment, which is counted from 1.
    fn allowance_lines(&self, segment: usize) -> impl Iterator<Item = String> {
        let parts = self.allowances.iter();
        let parts = parts.filter(move |part| part.segment == segment);
        parts.map(|part| {
            let [units, left] = [part.units, part.left].map(|n| quantity(n, self.measurement));
            format!("{units} from {}, {left} left", part.name)
        })
    }

    fn discount_lines(&self) -> Vec<String> {
        let line = |discount: &super::ExplainedDiscount<'_>| {
            let (name, share) = (discount.name, percent(discount.bps));
            format!("less {}, discount {name} of {share}", discount.amount)
        };
        let mut lines: Vec<String> = self.discounts.iter().map(line).collect();
        let sum: u64 = self.discounts.iter().map(|part| u64::from(part.bps)).sum();
        if sum > u64::from(self.discount_bps) {
            let cap = percent(self.discount_bps);
            lines.push(format!("discounts held at {cap} in all"));
        }
        lines
    }
}

fn quantity(units: u64, measurement: Measurement) -> String {
    Quantity(units).display(measurement)
}

fn percent(bps: u32) -> String {
    let mut text = Vec::new();
    push_percent(&mut text, bps);
    String::from_utf8_lossy(&text).into_owned()
}
