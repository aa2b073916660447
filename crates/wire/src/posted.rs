//! Charges beside usage: what kind each is, and the lines of purchases.

use crate::charge::{named, percent};
use crate::error::{Result, WireError};
use crate::json::Writer;
use crate::pb::{Raw, Reader, Wire, put_nested};
use crate::table::{messages, written};
use crate::value::{Value, put, put_default, take, take_element, unknown_tag};
use smol_str::SmolStr;
use umbral_model::event::{BoughtLine, ChargeKind, ChargePosted, FeeCharge, VolumeCharge};
use umbral_model::ids::{BillId, PurchaseId};
use umbral_model::time::Date;
use umbral_model::units::{Measurement, Quantity};

/// The open item of a late fee.
struct LateFee {
    item: BillId,
    due_on: Date,
}

/// A later instalment of a purchase.
struct Instalment {
    purchase: PurchaseId,
    product: SmolStr,
    number: u16,
    of: u16,
}

messages! {
    LateFee {
        1 default item "bill_id",
        2 default due_on "due_on",
    }
    Instalment {
        1 default purchase "purchase_id",
        2 default product "product",
        3 default number "number",
        4 default of "of",
    }
}

written! {
    FeeCharge by write_fee => {
        1 default plan "plan",
        2 optional member "member_id",
        3 default fee "fee",
        4 default from "from",
        5 default until "until",
        6 default days_in_cycle "days_in_cycle",
        7 default credit "credit",
        8 default by_day "by_day",
    }
    VolumeCharge by write_volume => {
        1 default rate "rate",
        2 optional member "member_id",
        3 default scope "scope",
        4 default from_tier "from_tier",
        5 default to_tier "to_tier",
        6 default units_before "units_before",
        7 default units_after "units_after",
        8 default from_price "from_price",
        9 default from_unit "from_per",
        10 default to_price "to_price",
        11 default to_unit "to_per",
        12 default own "own",
        13 default discount_bps "discount",
    }
    BoughtLine by write_line => {
        1 default item "item",
        2 default qty "qty",
        3 optional product "version",
        4 default amount "amount",
        5 default instalments "instalments",
        6 optional card "card",
    }
}

fn write_fee(fee: &FeeCharge, out: &mut Writer<'_>) {
    out.field("plan", &fee.plan);
    out.optional("member_id", fee.member.as_ref());
    out.field("fee", &fee.fee);
    out.field("from", &fee.from);
    out.field("until", &fee.until);
    out.field("days_in_cycle", &fee.days_in_cycle);
    out.field("by_day", &fee.by_day);
    out.field("credit", &fee.credit);
}

/// Tiers count from 1 as people count them.
fn write_volume(volume: &VolumeCharge, out: &mut Writer<'_>) {
    let unit = out.names.tiers_of(&volume.rate);
    let quantity = |units| Quantity(units).display(unit.unwrap_or(Measurement::Events));
    out.field("rate", &volume.rate);
    out.optional("member_id", volume.member.as_ref());
    out.field("scope", &volume.scope);
    out.field("from_tier", &(u32::from(volume.from_tier) + 1));
    out.field("to_tier", &(u32::from(volume.to_tier) + 1));
    out.text_field("units_before", &quantity(volume.units_before));
    out.text_field("units_after", &quantity(volume.units_after));
    out.field("from_price", &volume.from_price);
    out.text_field("from_per", &quantity(volume.from_unit));
    out.field("to_price", &volume.to_price);
    out.text_field("to_per", &quantity(volume.to_unit));
    out.field("own", &volume.own);
    if volume.discount_bps > 0 {
        out.text_field("discount", &percent(volume.discount_bps));
    }
}

fn write_line(line: &BoughtLine, out: &mut Writer<'_>) {
    out.field("item", &line.item);
    out.field("qty", &line.qty);
    if let Some(version) = line.product {
        named("catalog_version", out.names.version(version), version, out);
    }
    out.field("amount", &line.amount);
    if line.instalments > 1 {
        out.field("instalments", &line.instalments);
    }
    out.optional("card", line.card.as_ref());
}

/// Numbers of the kinds in the `oneof`.
const PURCHASE: u32 = 4;
const LATE_FEE: u32 = 5;
const FEE: u32 = 6;
const VOLUME: u32 = 7;
const INSTALMENT: u32 = 8;

fn put_kind(kind: &ChargeKind, out: &mut Vec<u8>) {
    match kind {
        ChargeKind::Charge => {}
        ChargeKind::Purchase(purchase, _) => put(PURCHASE, purchase, out),
        ChargeKind::LateFee { item, due_on } => {
            let (item, due_on) = (item.clone(), *due_on);
            put(LATE_FEE, &LateFee { item, due_on }, out);
        }
        ChargeKind::Fee(fee) => put(FEE, fee, out),
        ChargeKind::Volume(volume) => put(VOLUME, volume, out),
        ChargeKind::Instalment {
            purchase,
            product,
            number,
            of,
        } => {
            let instalment = Instalment {
                purchase: purchase.clone(),
                product: product.clone(),
                number: *number,
                of: *of,
            };
            put(INSTALMENT, &instalment, out);
        }
    }
}

fn take_kind(tag: u32, raw: Raw<'_>) -> Result<ChargeKind> {
    Ok(match tag {
        PURCHASE => ChargeKind::Purchase(Value::take(raw)?, Vec::new()),
        LATE_FEE => {
            let LateFee { item, due_on } = Value::take(raw)?;
            ChargeKind::LateFee { item, due_on }
        }
        FEE => ChargeKind::Fee(Value::take(raw)?),
        VOLUME => ChargeKind::Volume(Value::take(raw)?),
        INSTALMENT => {
            let Instalment {
                purchase,
                product,
                number,
                of,
            } = Value::take(raw)?;
            ChargeKind::Instalment {
                purchase,
                product,
                number,
                of,
            }
        }
        _ => return Err(unknown_tag(tag)),
    })
}

/// The kind's word and its fields.
fn write_kind(kind: &ChargeKind, out: &mut Writer<'_>) {
    out.text_field("kind", kind_word(kind));
    match kind {
        ChargeKind::Charge => {}
        ChargeKind::Purchase(purchase, lines) => {
            out.field("purchase_id", purchase);
            out.key("lines");
            out.list(lines);
        }
        ChargeKind::LateFee { item, due_on } => {
            out.field("bill_id", item);
            out.field("due_on", due_on);
        }
        ChargeKind::Fee(fee) => write_fee(fee, out),
        ChargeKind::Volume(volume) => write_volume(volume, out),
        ChargeKind::Instalment {
            purchase,
            product,
            number,
            of,
        } => {
            out.field("purchase_id", purchase);
            out.field("product", product);
            out.field("number", number);
            out.field("of", of);
        }
    }
}

fn kind_word(kind: &ChargeKind) -> &'static str {
    match kind {
        ChargeKind::Charge => "charge",
        ChargeKind::Purchase(..) => "purchase",
        ChargeKind::LateFee { .. } => "late_fee",
        ChargeKind::Fee(_) => "fee",
        ChargeKind::Volume(_) => "volume",
        ChargeKind::Instalment { .. } => "instalment",
    }
}

/// `umbral.v1.ChargePosted`: its kind is a `oneof`, absent for a plain charge; the lines of a purchase stand
/// beside it.
impl Value for ChargePosted {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_default(1, &self.amount, out);
            put_default(2, &self.code, out);
            put_default(3, &self.cycle, out);
            put_kind(&self.kind, out);
            if let ChargeKind::Purchase(_, lines) = &self.kind {
                lines.iter().for_each(|line| put(9, line, out));
            }
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut amount, mut code, mut cycle) = (None, None, None);
        let (mut kind, mut bought) = (ChargeKind::Charge, Vec::new());
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut amount, raw, "amount")?,
                2 => take(&mut code, raw, "code")?,
                3 => take(&mut cycle, raw, "cycle_start")?,
                PURCHASE..=INSTALMENT => kind = take_kind(tag, raw)?,
                9 => take_element(&mut bought, raw, "lines")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        match &mut kind {
            ChargeKind::Purchase(_, lines) => *lines = bought,
            _ if bought.is_empty() => {}
            _ => return Err(WireError::malformed("only a purchase has them").at("lines")),
        }
        Ok(ChargePosted {
            kind,
            amount: amount.unwrap_or_default(),
            code: code.unwrap_or_default(),
            cycle: cycle.unwrap_or_default(),
        })
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            write_kind(&self.kind, out);
            out.field("amount", &self.amount);
            out.field("code", &self.code);
            out.field("cycle_start", &self.cycle);
        });
    }
}
