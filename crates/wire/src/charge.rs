//! Charges: small integers in the journal, names in JSON where the reader has them.

use crate::error::{Result, WireError};
use crate::json::Writer;
use crate::names::Names;
use crate::pb::{Raw, Reader, Wire, put_key, put_nested};
use crate::table::{messages, written};
use crate::value::{Value, put, put_default, put_optional, take, unknown_tag};
use core::fmt::Display;
use smol_str::SmolStr;
use umbral_model::charge::{Charge, Covered, Held, Segment};
use umbral_model::event::UsageRated;
use umbral_model::ids::DiscountNo;
use umbral_model::money::{Pico, Rounding};
use umbral_model::units::{Measurement, Quantity};

messages! {
    Rounding {
        1 default mode "mode",
        2 default decimals "decimals",
    }
}

written! {
    Covered by write_covered => {
        1 default segment "segment",
        2 default grant "grant",
        3 default version "version",
        4 default allowance "allowance",
        5 default units "units",
        6 default left "left",
    }
}

/// `umbral.v1.Segment`.
impl Value for Segment {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_default(1, &self.version, out);
            put_default(2, &self.rule, out);
            put_default(3, &self.rate, out);
            put_optional(4, self.band.as_ref(), out);
            put_default(5, &self.offset, out);
            put_default(6, &self.usage, out);
            put_default(7, &self.billed, out);
            put_default(8, &self.increment, out);
            put_default(9, &self.price, out);
            put_default(10, &self.unit, out);
            put_default(11, &self.covered, out);
            put_optional(12, self.tier.as_ref(), out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut segment = Segment {
            version: Default::default(),
            rule: Default::default(),
            rate: Default::default(),
            band: None,
            offset: 0,
            usage: 0,
            billed: 0,
            covered: 0,
            tier: None,
            increment: 0,
            price: Pico::ZERO,
            unit: 0,
        };
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => segment.version = Value::take(raw)?,
                2 => segment.rule = Value::take(raw)?,
                3 => segment.rate = Value::take(raw)?,
                4 => segment.band = Some(Value::take(raw)?),
                5 => segment.offset = raw.varint()?,
                6 => segment.usage = raw.varint()?,
                7 => segment.billed = raw.varint()?,
                8 => segment.increment = raw.varint()?,
                9 => segment.price = Value::take(raw)?,
                10 => segment.unit = raw.varint()?,
                11 => segment.covered = raw.varint()?,
                12 => segment.tier = Some(Value::take(raw)?),
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok(segment)
    }

    fn write(&self, out: &mut Writer<'_>) {
        write_segment(self, Measurement::Events, out);
    }
}

/// `umbral.v1.Charge`.
impl Value for Charge {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_default(1, &self.amount, out);
            put_default(2, &self.version, out);
            put_default(3, &self.plan, out);
            put_default(4, &self.service, out);
            put_default(5, &self.rule, out);
            put_optional(6, self.prefix.as_ref(), out);
            put_optional(7, self.zone.as_ref(), out);
            for segment in &self.segments {
                put(8, segment, out);
            }
            put_default(9, &self.setup, out);
            match &self.held_at {
                None => {}
                Some(Held::Minimum(price)) => put(10, price, out),
                Some(Held::Maximum(price)) => put(11, price, out),
            }
            put(12, &self.rounding, out);
            for covered in &self.covered {
                put(13, covered, out);
            }
            for (discount, bps) in &self.discounts {
                put_key(14, Wire::Bytes, out);
                put_discount(*discount, *bps, out);
            }
            put_default(15, &self.discount_bps, out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut charge = Charge {
            amount: Default::default(),
            version: Default::default(),
            plan: Default::default(),
            service: Default::default(),
            rule: Default::default(),
            prefix: None,
            zone: None,
            segments: Default::default(),
            covered: Default::default(),
            setup: Pico::ZERO,
            held_at: None,
            discounts: Default::default(),
            discount_bps: 0,
            rounding: Rounding::default(),
        };
        let mut rounding = None;
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => charge.amount = Value::take(raw)?,
                2 => charge.version = Value::take(raw)?,
                3 => charge.plan = Value::take(raw)?,
                4 => charge.service = Value::take(raw)?,
                5 => charge.rule = Value::take(raw)?,
                6 => charge.prefix = Some(Value::take(raw)?),
                7 => charge.zone = Some(Value::take(raw)?),
                8 => charge.segments.push(Value::take(raw)?),
                9 => charge.setup = Value::take(raw)?,
                10 => charge.held_at = Some(Held::Minimum(Value::take(raw)?)),
                11 => charge.held_at = Some(Held::Maximum(Value::take(raw)?)),
                12 => take(&mut rounding, raw, "rounding")?,
                13 => charge.covered.push(Value::take(raw)?),
                14 => charge.discounts.push(take_discount(raw)?),
                15 => charge.discount_bps = Value::take(raw)?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        charge.rounding = rounding.ok_or_else(|| WireError::missing("rounding"))?;
        Ok(charge)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| write_charge(self, out));
    }
}

/// Appends `umbral.v1.AppliedDiscount`.
fn put_discount(discount: DiscountNo, bps: u32, out: &mut Vec<u8>) {
    put_nested(out, |out| {
        put_default(1, &discount, out);
        put_default(2, &bps, out);
    });
}

fn take_discount(raw: Raw<'_>) -> Result<(DiscountNo, u32)> {
    let mut reader = Reader::new(raw.bytes()?);
    let (mut discount, mut bps) = (DiscountNo::default(), 0);
    while let Some((tag, raw)) = reader.field()? {
        match tag {
            1 => discount = Value::take(raw)?,
            2 => bps = Value::take(raw)?,
            _ => return Err(unknown_tag(tag)),
        }
    }
    Ok((discount, bps))
}

/// `umbral.v1.UsageRated`.
impl Value for UsageRated {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_optional(1, self.member.as_ref(), out);
            put_default(2, &self.scope, out);
            put_default(3, &self.cycle, out);
            put_default(4, &self.quantity, out);
            put(5, &self.charge, out);
            put_default(6, &self.over_limit_amount, out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut member, mut scope, mut cycle) = (None, None, None);
        let (mut quantity, mut charge, mut over_limit_amount) = (None, None, None);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut member, raw, "member_id")?,
                2 => take(&mut scope, raw, "scope")?,
                3 => take(&mut cycle, raw, "cycle_start")?,
                4 => take(&mut quantity, raw, "quantity")?,
                5 => take(&mut charge, raw, "charge")?,
                6 => take(&mut over_limit_amount, raw, "over_limit_amount")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok(UsageRated {
            member,
            scope: scope.unwrap_or_default(),
            cycle: cycle.unwrap_or_default(),
            quantity: quantity.unwrap_or_default(),
            charge: charge.ok_or_else(|| WireError::missing("charge"))?,
            over_limit_amount: over_limit_amount.unwrap_or_default(),
        })
    }

    /// The charge's fields stand beside those of the usage.
    fn write(&self, out: &mut Writer<'_>) {
        let unit = unit_of(&self.charge, out.names);
        out.object(|out| {
            out.optional("member_id", self.member.as_ref());
            out.field("scope", &self.scope);
            out.field("cycle_start", &self.cycle);
            out.text_field("quantity", &Quantity(self.quantity).display(unit));
            out.field("over_limit_amount", &self.over_limit_amount);
            write_charge(&self.charge, out);
        });
    }
}

fn unit_of(charge: &Charge, names: &dyn Names) -> Measurement {
    let service = names.service(charge.version, charge.service);
    service.map_or(Measurement::Events, |(_, measurement)| measurement)
}

/// A name, or the number that it is missing for.
pub(crate) fn named(key: &str, name: Option<SmolStr>, number: impl Display, out: &mut Writer<'_>) {
    match name {
        Some(name) => out.text_field(key, &name),
        None => out.text_field(key, &number.to_string()),
    }
}

fn write_charge(charge: &Charge, out: &mut Writer<'_>) {
    let (names, version) = (out.names, charge.version);
    let unit = unit_of(charge, names);
    out.field("amount", &charge.amount);
    named("catalog_version", names.version(version), version, out);
    named("plan", names.plan(charge.plan), charge.plan, out);
    let service = names.service(version, charge.service).map(|(name, _)| name);
    named("service", service, charge.service, out);
    named("rule", names.rule(version, charge.rule), charge.rule, out);
    if let Some(prefix) = charge.prefix {
        named("prefix", names.prefix(version, prefix), prefix, out);
    }
    if let Some(zone) = charge.zone {
        named("zone", names.zone(version, zone), zone, out);
    }
    out.key("segments");
    out.each(&charge.segments, |segment, out| {
        write_segment(segment, unit, out)
    });
    if !charge.covered.is_empty() {
        out.key("allowances");
        out.list(&charge.covered);
    }
    out.field("setup", &charge.setup);
    match &charge.held_at {
        None => {}
        Some(Held::Minimum(price)) => out.field("minimum", price),
        Some(Held::Maximum(price)) => out.field("maximum", price),
    }
    if !charge.discounts.is_empty() {
        out.key("discounts");
        out.each(&charge.discounts, |(discount, bps), out| {
            out.object(|out| {
                named("name", names.discount(version, *discount), discount, out);
                out.text_field("percent", &percent(*bps));
            });
        });
        out.text_field("discount", &percent(charge.discount_bps));
    }
    out.field("rounding", &charge.rounding);
}

/// What one grant took: segments count from 1 as people count them.
fn write_covered(covered: &Covered, out: &mut Writer<'_>) {
    let allowance = out.names.allowance(covered.version, covered.allowance);
    let unit = allowance
        .as_ref()
        .map_or(Measurement::Events, |known| known.1);
    named(
        "name",
        allowance.map(|known| known.0),
        covered.allowance,
        out,
    );
    out.field("segment", &(u32::from(covered.segment) + 1));
    out.field("grant", &covered.grant);
    for (key, units) in [("units", covered.units), ("left", covered.left)] {
        out.text_field(key, &Quantity(units).display(unit));
    }
}

/// Basis points as a percentage: `10%`, `12.5%`.
pub(crate) fn percent(bps: u32) -> String {
    let (whole, rest) = (bps / 100, bps % 100);
    match rest {
        0 => format!("{whole}%"),
        _ if rest % 10 == 0 => format!("{whole}.{}%", rest / 10),
        _ => format!("{whole}.{rest:02}%"),
    }
}

fn write_segment(segment: &Segment, unit: Measurement, out: &mut Writer<'_>) {
    let (names, version) = (out.names, segment.version);
    out.object(|out| {
        named("rate", names.rate(version, segment.rate), segment.rate, out);
        if let Some(band) = segment.band {
            named("band", names.band(version, band), band, out);
        }
        named("catalog_version", names.version(version), version, out);
        named("rule", names.rule(version, segment.rule), segment.rule, out);
        let quantities = [
            ("offset", Some(segment.offset)),
            ("usage", Some(segment.usage)),
            ("billed", Some(segment.billed)),
            ("covered", Some(segment.covered).filter(|units| *units > 0)),
            ("increment", Some(segment.increment)),
            ("per", Some(segment.unit)),
        ];
        for (key, quantity) in quantities {
            if let Some(quantity) = quantity {
                out.text_field(key, &Quantity(quantity).display(unit));
            }
        }
        out.field("price", &segment.price);
        if let Some(tier) = segment.tier {
            out.field("tier", &(u32::from(tier) + 1));
        }
    });
}
