//! An explanation as JSON, in the form of `rate --batch`. What does not apply is left out, but for names that
//! every price may have.

use super::{Explained, ExplainedSegment};
use crate::text::{
    push_instant, push_json_string, push_money, push_percent, push_pico, push_quantity, push_u64,
};
use umbral_model::charge::Held;
use umbral_model::money::{Currency, Money, Pico};
use umbral_model::units::Measurement;

impl Explained<'_> {
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
        out.extend_from_slice(b",\"segments\":");
        list(out, &self.segments, |out, segment| {
            self.write_segment(out, segment);
        });
        if !self.allowances.is_empty() {
            out.extend_from_slice(b",\"allowances\":");
            list(out, &self.allowances, |out, allowance| {
                text_member(out, "{\"name\":", Some(allowance.name));
                out.extend_from_slice(b",\"segment\":");
                push_u64(out, allowance.segment as u64);
                quantity_member(out, ",\"units\":\"", allowance.units, self.measurement);
                quantity_member(out, ",\"left\":\"", allowance.left, self.measurement);
                out.push(b'}');
            });
        }
        pico_member(out, ",\"setup\":\"", self.setup);
        match self.held_at {
            None => {}
            Some(Held::Minimum(bound)) => pico_member(out, ",\"minimum\":\"", bound),
            Some(Held::Maximum(bound)) => pico_member(out, ",\"maximum\":\"", bound),
        }
        if !self.discounts.is_empty() {
            self.write_discounts(out);
        }
        out.extend_from_slice(b",\"rounding\":{\"mode\":\"");
        out.extend_from_slice(self.rounding.mode.word().as_bytes());
        out.extend_from_slice(b"\",\"decimals\":");
        push_u64(out, u64::from(self.rounding.decimals));
        out.push(b'}');
    }

    fn write_segment(&self, out: &mut Vec<u8>, explained: &ExplainedSegment<'_>) {
        let (segment, measurement) = (&explained.segment, self.measurement);
        text_member(out, "{\"rate\":", Some(explained.rate));
        text_member(out, ",\"band\":", explained.band);
        out.extend_from_slice(b",\"start\":\"");
        push_instant(
            out,
            explained.start,
            self.time_zone.offset_at(explained.start),
        );
        out.push(b'"');
        quantity_member(out, ",\"usage\":\"", segment.usage, measurement);
        quantity_member(out, ",\"billed\":\"", segment.billed, measurement);
        if segment.covered > 0 {
            quantity_member(out, ",\"covered\":\"", segment.covered, measurement);
        }
        if let Some(tier) = segment.tier {
            out.extend_from_slice(b",\"tier\":");
            push_u64(out, u64::from(tier) + 1);
        }
        quantity_member(out, ",\"increment\":\"", segment.increment, measurement);
        pico_member(out, ",\"price\":\"", segment.price);
        quantity_member(out, ",\"per\":\"", segment.unit, measurement);
        pico_member(out, ",\"amount\":\"", explained.amount());
        out.push(b'}');
    }

    fn write_discounts(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"discounts\":");
        list(out, &self.discounts, |out, discount| {
            text_member(out, "{\"name\":", Some(discount.name));
            percent_member(out, ",\"percent\":\"", discount.bps);
            pico_member(out, ",\"amount\":\"", discount.amount);
            out.push(b'}');
        });
        percent_member(out, ",\"discount\":\"", self.discount_bps);
        pico_member(out, ",\"discount_amount\":\"", self.discount_amount);
    }
}

/// `"amount":"…","currency":"…"`.
pub(crate) fn write_amount(out: &mut Vec<u8>, amount: Money, currency: Currency) {
    out.extend_from_slice(b"\"amount\":\"");
    push_money(out, amount);
    out.extend_from_slice(b"\",\"currency\":\"");
    out.extend_from_slice(currency.code().as_bytes());
    out.push(b'"');
}

fn list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

fn text_member(out: &mut Vec<u8>, key: &str, value: Option<&str>) {
    out.extend_from_slice(key.as_bytes());
    match value {
        Some(text) => push_json_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

/// A key that ends with the quote of its value.
fn quantity_member(out: &mut Vec<u8>, key: &str, units: u64, measurement: Measurement) {
    out.extend_from_slice(key.as_bytes());
    push_quantity(out, units, measurement);
    out.push(b'"');
}

fn pico_member(out: &mut Vec<u8>, key: &str, amount: Pico) {
    out.extend_from_slice(key.as_bytes());
    push_pico(out, amount);
    out.push(b'"');
}

fn percent_member(out: &mut Vec<u8>, key: &str, bps: u32) {
    out.extend_from_slice(key.as_bytes());
    push_percent(out, bps);
    out.push(b'"');
}
