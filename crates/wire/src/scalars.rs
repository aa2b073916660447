//! The values that are no messages: numbers, amounts, prices, dates, instants, texts.

use crate::error::{Result, WireError, shortened};
use crate::json::{Reader as Json, Scalar, Writer};
use crate::pb::{self, Raw, Reader, Wire};
use crate::value::{FromJson, Value, put_default, unknown_tag};
use smol_str::SmolStr;
use umbral_model::event::OutId;
use umbral_model::ids::*;
use umbral_model::money::{Currency, DecimalError, Money, PICOS_PER_UNIT, Pico};
use umbral_model::time::{Date, Timestamp};

/// Longest free text of an input (a reason, a method, a code), in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 4_096;

macro_rules! integers {
    ($($type:ty: $to:expr, $from:expr;)*) => {$(
        impl Value for $type {
            const WIRE: Wire = Wire::Varint;

            fn is_default(&self) -> bool {
                *self == <$type>::default()
            }

            fn put(&self, out: &mut Vec<u8>) {
                pb::put_varint(u64::from($to(*self)), out);
            }

            fn take(raw: Raw<'_>) -> Result<Self> {
                raw.varint()?.try_into().map($from).map_err(|_| number_too_large())
            }

            fn write(&self, out: &mut Writer<'_>) {
                out.bare($to(*self));
            }
        }

        impl FromJson for $type {
            fn read(json: &mut Json<'_>) -> Result<Self> {
                unsigned(json)?.try_into().map($from).map_err(|_| number_too_large())
            }
        }
    )*};
}

integers! {
    u8: |n| n, |n| n;
    u16: |n| n, |n| n;
    u32: |n| n, |n| n;
    u64: |n: u64| n, |n: u64| n;
    PartitionNo: |n: PartitionNo| n.0, PartitionNo;
    VersionNo: |n: VersionNo| n.0, VersionNo;
    PlanNo: |n: PlanNo| n.0, PlanNo;
    ServiceNo: |n: ServiceNo| n.0, ServiceNo;
    RuleNo: |n: RuleNo| n.0, RuleNo;
    RateNo: |n: RateNo| n.0, RateNo;
    BandNo: |n: BandNo| n.0, BandNo;
    PrefixNo: |n: PrefixNo| n.0, PrefixNo;
    DestinationNo: |n: DestinationNo| n.0, DestinationNo;
    AllowanceNo: |n: AllowanceNo| n.0, AllowanceNo;
    DiscountNo: |n: DiscountNo| n.0, DiscountNo;
    GrantNo: |n: GrantNo| n.0, GrantNo;
}

fn number_too_large() -> Box<WireError> {
    WireError::malformed("the number is too large for this field")
}

/// A whole number from a JSON number or, as proto3 JSON allows, a string.
fn unsigned(json: &mut Json<'_>) -> Result<u64> {
    const WHAT: &str = "a whole number such as 1";
    let text = match json.scalar(WHAT)? {
        Scalar::Number(number) => number.into(),
        Scalar::Text(text) => text,
        other => {
            return Err(WireError::malformed(format!(
                "must be {WHAT}, not {other:?}"
            )));
        }
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(WireError::malformed(format!(
            "must be {WHAT}, not {}",
            shortened(&text)
        )));
    }
    text.parse().map_err(|_| number_too_large())
}

macro_rules! signed {
    ($($type:ty)*) => {$(
        impl Value for $type {
            const WIRE: Wire = Wire::Varint;

            fn is_default(&self) -> bool {
                *self == 0
            }

            fn put(&self, out: &mut Vec<u8>) {
                pb::put_varint(i64::from(*self) as u64, out);
            }

            fn take(raw: Raw<'_>) -> Result<Self> {
                <$type>::try_from(raw.varint()? as i64).map_err(|_| number_too_large())
            }

            fn write(&self, out: &mut Writer<'_>) {
                out.bare(self);
            }
        }

        impl FromJson for $type {
            fn read(json: &mut Json<'_>) -> Result<Self> {
                const WHAT: &str = "a whole number such as -3600";
                match json.scalar(WHAT)? {
                    Scalar::Number(number) => number.parse(),
                    Scalar::Text(text) => text.parse(),
                    _ => return Err(WireError::malformed(format!("must be {WHAT}"))),
                }
                .map_err(|_| WireError::malformed(format!("must be {WHAT}")))
            }
        }
    )*};
}

signed! { i32 i64 }

/// A lot of points. In JSON its number is a text, as ids are.
impl Value for LotNo {
    const WIRE: Wire = Wire::Varint;

    fn is_default(&self) -> bool {
        self.0 == 0
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        u32::take(raw).map(LotNo)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self.0);
    }
}

impl FromJson for LotNo {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        u32::read(json).map(LotNo)
    }
}

impl Value for bool {
    const WIRE: Wire = Wire::Varint;

    fn is_default(&self) -> bool {
        !self
    }

    fn put(&self, out: &mut Vec<u8>) {
        pb::put_varint(u64::from(*self), out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Ok(raw.varint()? != 0)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.bare(self);
    }
}

impl FromJson for bool {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        match json.scalar("true or false")? {
            Scalar::Bool(value) => Ok(value),
            _ => Err(WireError::malformed(
                "must be true or false, without quotation marks",
            )),
        }
    }
}

impl Value for Money {
    const WIRE: Wire = Wire::Varint;

    fn is_default(&self) -> bool {
        *self == Money::ZERO
    }

    fn put(&self, out: &mut Vec<u8>) {
        pb::put_varint(self.micros() as u64, out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Ok(Money::from_micros(raw.varint()? as i64))
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl FromJson for Money {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        const WHAT: &str = "an amount as a string such as \"35.20\"";
        match json.scalar(WHAT)? {
            Scalar::Text(text) => Money::parse(&text).map_err(|error| amount_error(&text, error)),
            Scalar::Number(number) => Err(WireError::malformed(format!(
                "amounts are strings, so that they stay exact: write \"{0}\" instead of {0}",
                shortened(number)
            ))),
            _ => Err(WireError::malformed(format!("must be {WHAT}"))),
        }
    }
}

fn amount_error(text: &str, error: DecimalError) -> Box<WireError> {
    let text = shortened(text);
    WireError::malformed(match error {
        DecimalError::TooPrecise => {
            format!("\"{text}\" has more than six decimals, the finest amount")
        }
        DecimalError::TooLarge => format!("\"{text}\" is too large for an amount"),
        DecimalError::Empty => "the amount is empty; write one such as \"35.20\"".to_owned(),
        DecimalError::NotDecimal => {
            format!("\"{text}\" is no amount; write a plain decimal such as \"35.20\"")
        }
    })
}

/// A message of whole units and the rest in 10^-12 units, both of the price's sign.
impl Value for Pico {
    const WIRE: Wire = Wire::Bytes;

    fn is_default(&self) -> bool {
        *self == Pico::ZERO
    }

    fn put(&self, out: &mut Vec<u8>) {
        let range = i128::from(i64::MIN)..=i128::from(i64::MAX);
        let units = self.picos() / PICOS_PER_UNIT;
        debug_assert!(
            range.contains(&units),
            "prices are bounded where they are read"
        );
        let units = units.clamp(*range.start(), *range.end()) as i64;
        let rest = (self.picos() % PICOS_PER_UNIT) as i64;
        pb::put_nested(out, |out| {
            put_default(1, &Money::from_micros(units), out);
            put_default(2, &Money::from_micros(rest), out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut units, mut rest) = (0, 0);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => units = raw.varint()? as i64,
                2 => rest = raw.varint()? as i64,
                _ => return Err(unknown_tag(tag)),
            }
        }
        let rest = i128::from(rest);
        if rest.abs() >= PICOS_PER_UNIT {
            return Err(WireError::malformed(
                "the rest of a price must be below one unit",
            ));
        }
        Ok(Pico::from_picos(i128::from(units) * PICOS_PER_UNIT + rest))
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl Value for Date {
    const WIRE: Wire = Wire::Varint;

    fn is_default(&self) -> bool {
        self.days() == 0
    }

    fn put(&self, out: &mut Vec<u8>) {
        self.days().put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        i32::take(raw).map(Date::from_days)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl FromJson for Date {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        let text = json.text("a date such as \"2026-04-15\"")?;
        Date::parse(&text).ok_or_else(|| {
            WireError::malformed(format!(
                "\"{}\" is no date; write one such as 2026-04-15",
                shortened(&text)
            ))
        })
    }

    /// Years 0 to 9999, which the JSON form can say.
    fn check(&self) -> Result<()> {
        match self.ymd().0 {
            0..=9999 => Ok(()),
            _ => Err(WireError::malformed(
                "the date is not within the years 0 to 9999",
            )),
        }
    }
}

impl Value for Timestamp {
    const WIRE: Wire = Wire::Fixed64;

    fn is_default(&self) -> bool {
        self.nanos() == 0
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nanos().to_le_bytes());
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Ok(Timestamp::from_nanos(raw.fixed64()? as i64))
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl FromJson for Timestamp {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        let text = json.text("an instant such as \"2026-03-02T09:00:00Z\"")?;
        Timestamp::parse(&text).ok_or_else(|| {
            WireError::malformed(format!(
                "\"{}\" is no instant; write one with its offset such as 2026-03-02T09:00:00Z",
                shortened(&text)
            ))
        })
    }
}

macro_rules! texts {
    ($($type:ty: $limit:expr, $may_be_empty:literal;)*) => {$(
        impl Value for $type {
            const WIRE: Wire = Wire::Bytes;

            fn is_default(&self) -> bool {
                text_of(self).is_empty()
            }

            fn put(&self, out: &mut Vec<u8>) {
                pb::put_bytes(text_of(self).as_bytes(), out);
            }

            fn take(raw: Raw<'_>) -> Result<Self> {
                raw.text().map(<$type>::from)
            }

            fn write(&self, out: &mut Writer<'_>) {
                out.text(text_of(self));
            }
        }

        impl FromJson for $type {
            fn read(json: &mut Json<'_>) -> Result<Self> {
                json.text("a string").map(|text| <$type>::from(&*text))
            }

            fn check(&self) -> Result<()> {
                check_text(text_of(self), $limit, $may_be_empty)
            }
        }
    )*};
}

texts! {
    SmolStr: MAX_TEXT_BYTES, true;
    String: usize::MAX, true;
    AccountId: MAX_ID_BYTES, false;
    MemberId: MAX_ID_BYTES, false;
    Source: MAX_ID_BYTES, false;
    EventId: MAX_ID_BYTES, false;
    BillId: MAX_ID_BYTES, false;
    PaymentId: MAX_ID_BYTES, false;
    DisputeId: MAX_ID_BYTES, false;
    PromiseId: MAX_ID_BYTES, false;
    CaseId: MAX_ID_BYTES, false;
    PurchaseId: MAX_ID_BYTES, false;
    RedemptionId: MAX_ID_BYTES, false;
    RefundId: MAX_ID_BYTES, false;
    LedgerName: MAX_ID_BYTES, false;
    ThresholdId: MAX_ID_BYTES, false;
    ServiceName: MAX_ID_BYTES, false;
    PlanName: MAX_ID_BYTES, false;
    ClassName: MAX_ID_BYTES, false;
    ScheduleName: MAX_ID_BYTES, false;
    ZoneName: MAX_ID_BYTES, false;
}

/// A type that is a text.
trait Text {
    fn as_text(&self) -> &str;
}

macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Text for $type {
            fn as_text(&self) -> &str {
                self.as_str()
            }
        }
    )*};
}

as_text!(
    SmolStr,
    String,
    AccountId,
    MemberId,
    Source,
    EventId,
    BillId,
    PaymentId,
    DisputeId,
    PromiseId,
    CaseId,
    PurchaseId,
    RedemptionId,
    RefundId,
    LedgerName,
    ThresholdId,
    ServiceName,
    PlanName,
    ClassName,
    ScheduleName,
    ZoneName
);

fn text_of(value: &impl Text) -> &str {
    value.as_text()
}

/// Holds an id or name to its length; an id may not be empty.
pub(crate) fn check_text(text: &str, limit: usize, may_be_empty: bool) -> Result<()> {
    if text.is_empty() && !may_be_empty {
        return Err(WireError::malformed("may not be empty"));
    }
    if text.len() > limit {
        return Err(WireError::malformed(format!(
            "is {} bytes long; at most {limit} are allowed",
            text.len()
        )));
    }
    Ok(())
}

impl Value for Currency {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        pb::put_bytes(self.code().as_bytes(), out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        raw.text().and_then(currency)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl FromJson for Currency {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        currency(&json.text("a currency code such as \"EUR\"")?)
    }
}

fn currency(text: &str) -> Result<Currency> {
    Currency::parse(text).ok_or_else(|| {
        WireError::malformed(format!(
            "\"{}\" is no currency code; write three capitals such as EUR",
            shortened(text)
        ))
    })
}

impl Value for OutId {
    const WIRE: Wire = Wire::Bytes;

    fn is_default(&self) -> bool {
        *self == OutId::default()
    }

    fn put(&self, out: &mut Vec<u8>) {
        pb::put_bytes(&self.digits(), out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let text = raw.text()?;
        let hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(id) if hexadecimal => Ok(OutId(id)),
            _ => Err(WireError::malformed("must be 32 hexadecimal digits")),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(self);
    }
}

impl Value for Vec<u8> {
    const WIRE: Wire = Wire::Bytes;

    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn put(&self, out: &mut Vec<u8>) {
        pb::put_bytes(self, out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        raw.bytes().map(<[u8]>::to_vec)
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.quoted(crate::json::base64(self));
    }
}
