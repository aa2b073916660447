//! Events of allowances: quantities in base units in protobuf, with their unit in JSON.

use crate::charge::{named, percent};
use crate::error::Result;
use crate::json::Writer;
use crate::pb::{Raw, Reader, Wire, put_nested};
use crate::table::written;
use crate::value::{Value, put_default, put_optional, take, unknown_tag};
use umbral_model::event::{
    AllowanceCrossed, AllowanceEnded, AllowanceGranted, AllowanceRecovered, CrossedUnits,
    GrantCause,
};
use umbral_model::ids::PurchaseId;
use umbral_model::units::{Measurement, Quantity};

written! {
    AllowanceEnded by write_ended => {
        1 default grant "grant",
        2 default name "name",
        3 default left "left",
        4 required measurement "measurement",
        5 default until "until",
    }
    CrossedUnits by |crossed, out| write_warning(crossed, Measurement::Events, out) => {
        1 default threshold "threshold_id",
        2 default units "units",
        3 default bps "percent",
    }
    AllowanceCrossed by write_crossed => {
        1 default grant "grant",
        2 default name "name",
        3 optional member "member_id",
        4 required measurement "measurement",
        5 repeated crossed "crossed",
        6 default highest "highest",
        7 default used_before "used_before",
        8 default used_after "used_after",
        9 default granted "granted",
        10 default remaining "remaining",
        11 default until "until",
        12 required cause "cause",
        13 default notify "notify",
        14 default out_id "out_id",
    }
    AllowanceRecovered by write_recovered => {
        1 default grant "grant",
        2 default name "name",
        3 optional member "member_id",
        4 required measurement "measurement",
        5 default threshold "threshold_id",
        6 default fired_out_id "fired_out_id",
        7 default used "used",
        8 required cause "cause",
    }
}

fn quantity(key: &str, units: u64, unit: Measurement, out: &mut Writer<'_>) {
    out.text_field(key, &Quantity(units).display(unit));
}

fn write_ended(ended: &AllowanceEnded, out: &mut Writer<'_>) {
    out.field("grant", &ended.grant);
    out.field("name", &ended.name);
    quantity("left", ended.left, ended.measurement, out);
    out.field("until", &ended.until);
}

fn write_warning(crossed: &CrossedUnits, unit: Measurement, out: &mut Writer<'_>) {
    out.field("threshold_id", &crossed.threshold);
    quantity("units", crossed.units, unit, out);
    out.text_field("percent", &percent(crossed.bps));
}

fn write_crossed(crossed: &AllowanceCrossed, out: &mut Writer<'_>) {
    let unit = crossed.measurement;
    out.field("grant", &crossed.grant);
    out.field("name", &crossed.name);
    out.optional("member_id", crossed.member.as_ref());
    out.key("crossed");
    out.each(&crossed.crossed, |warning, out| {
        out.object(|out| write_warning(warning, unit, out));
    });
    out.field("highest", &crossed.highest);
    quantity("used_before", crossed.used_before, unit, out);
    quantity("used_after", crossed.used_after, unit, out);
    quantity("granted", crossed.granted, unit, out);
    quantity("remaining", crossed.remaining, unit, out);
    out.field("until", &crossed.until);
    out.field("cause", &crossed.cause);
    out.field("notify", &crossed.notify);
}

fn write_recovered(recovered: &AllowanceRecovered, out: &mut Writer<'_>) {
    out.field("grant", &recovered.grant);
    out.field("name", &recovered.name);
    out.optional("member_id", recovered.member.as_ref());
    out.field("threshold_id", &recovered.threshold);
    out.field("fired_out_id", &recovered.fired_out_id);
    quantity("used", recovered.used, recovered.measurement, out);
    out.field("cause", &recovered.cause);
}

/// `umbral.v1.AllowanceGranted`: a plan gives it, unless it names a purchase.
impl Value for AllowanceGranted {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_default(1, &self.grant, out);
            put_default(2, &self.name, out);
            put_default(3, &self.version, out);
            put_default(4, &self.allowance, out);
            put_optional(5, self.member.as_ref(), out);
            put_default(6, &self.units, out);
            put_optional(7, self.units_abroad.as_ref(), out);
            put_default(8, &self.from, out);
            put_default(9, &self.until, out);
            put_default(10, &self.cycle, out);
            if let GrantCause::Purchase(purchase) = &self.cause {
                crate::value::put(11, purchase, out);
            }
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut granted = AllowanceGranted {
            grant: Default::default(),
            name: Default::default(),
            version: Default::default(),
            allowance: Default::default(),
            member: None,
            units: 0,
            units_abroad: None,
            from: Default::default(),
            until: Default::default(),
            cycle: Default::default(),
            cause: GrantCause::Plan,
        };
        let mut purchase: Option<PurchaseId> = None;
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => granted.grant = Value::take(raw)?,
                2 => granted.name = Value::take(raw)?,
                3 => granted.version = Value::take(raw)?,
                4 => granted.allowance = Value::take(raw)?,
                5 => take(&mut granted.member, raw, "member_id")?,
                6 => granted.units = raw.varint()?,
                7 => take(&mut granted.units_abroad, raw, "units_abroad")?,
                8 => granted.from = Value::take(raw)?,
                9 => granted.until = Value::take(raw)?,
                10 => granted.cycle = Value::take(raw)?,
                11 => take(&mut purchase, raw, "purchase_id")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        if let Some(purchase) = purchase {
            granted.cause = GrantCause::Purchase(purchase);
        }
        Ok(granted)
    }

    fn write(&self, out: &mut Writer<'_>) {
        let (names, version) = (out.names, self.version);
        let known = names.allowance(version, self.allowance);
        let unit = known.map_or(Measurement::Events, |(_, unit)| unit);
        out.object(|out| {
            out.field("grant", &self.grant);
            out.field("name", &self.name);
            named("catalog_version", names.version(version), version, out);
            out.optional("member_id", self.member.as_ref());
            quantity("units", self.units, unit, out);
            if let Some(abroad) = self.units_abroad {
                quantity("units_abroad", abroad, unit, out);
            }
            out.field("from", &self.from);
            out.field("until", &self.until);
            out.field("cycle_start", &self.cycle);
            match &self.cause {
                GrantCause::Plan => out.text_field("cause", "plan"),
                GrantCause::Purchase(purchase) => {
                    out.text_field("cause", "purchase");
                    out.field("purchase_id", purchase);
                }
            }
        });
    }
}
