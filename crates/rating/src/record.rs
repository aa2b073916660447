//! The usage record as rating sees it, and the tariff it is priced by.

use std::borrow::Cow;
use umbral_catalog::tables::NumberForm;
use umbral_model::ids::PlanNo;
use umbral_model::input::Direction;
use umbral_model::number::{CONTROL_CHARACTERS, NETWORK_FORM, is_network, plain_number};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_model::units::Measurement;

/// One usage record: a call, message, data session or content event.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Name of the service.
    pub service: &'a str,
    /// Made or received.
    pub direction: Direction,
    /// What rating may read of the other party's number ; empty where there is none.
    pub to: &'a str,
    /// Whether `to` is the whole number : the beginning of a longer number is no short code.
    pub whole: bool,
    /// The destination zone, where the record names it instead of a number.
    pub zone: Option<&'a str>,
    /// Serving network (MCC+MNC), where it is not the home network.
    pub network: Option<&'a str>,
    /// When usage began.
    pub start: Timestamp,
    /// Usage in base units: nanoseconds, octets, events; below 2^63.
    pub quantity: u64,
    /// How long a session lasted, in nanoseconds, where usage is not time.
    pub duration: Option<u64>,
    /// A later leg of a longer session: base units used before it, 0 where that is not known.
    pub continued: Option<u64>,
}

/// What a record is priced by.
#[derive(Clone, Copy, Debug)]
pub enum Tariff<'a> {
    /// One plan.
    Plan(PlanNo),
    /// Changes of plan, by instant, ascending; the record is cut at a change inside it.
    Plans(&'a [(Timestamp, PlanNo)]),
    /// A rating profile, `TENANT/CATEGORY/SUBJECT`.
    Profile(&'a str),
}

/// A number as its catalog compares it: in E.164 catalogs without `+` and separators (see [`plain_number`]),
/// in imported catalogs as it is.
///
/// # Errors
/// A number with control characters is malformed.
pub(crate) fn compared<'n>(
    field: &str,
    number: &'n str,
    form: NumberForm,
) -> Result<Cow<'n, str>, Rejection> {
    let Some(plain) = plain_number(number) else {
        let detail = format!("{field} {CONTROL_CHARACTERS}");
        return Err(Rejection::new(Reason::MalformedField, detail));
    };
    Ok(match form {
        NumberForm::Verbatim => Cow::Borrowed(number),
        NumberForm::E164 => plain,
    })
}

/// The part of a compared number that rating may read, and whether that is all of it: in E.164 catalogs, of
/// more than eight digits, without the last four; in imported catalogs all of it.
pub(crate) fn readable(number: &str, form: NumberForm) -> (&str, bool) {
    let hidden = form == NumberForm::E164
        && number.len() > 8
        && number.bytes().all(|byte| byte.is_ascii_digit());
    match hidden {
        true => (&number[..number.len() - 4], false),
        false => (number, true),
    }
}

/// Refuses a serving network that is no network code.
pub(crate) fn check_network(network: Option<&str>) -> Result<(), Rejection> {
    let Some(code) = network.filter(|code| !is_network(code)) else {
        return Ok(());
    };
    let detail = format!("network {code:?} {NETWORK_FORM}");
    Err(Rejection::new(Reason::MalformedField, detail))
}

/// Where each unit of usage lies in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    start: Timestamp,
    quantity: u64,
    spread: Spread,
}

#[derive(Clone, Copy, Debug)]
enum Spread {
    /// Usage is time.
    Time,
    /// Units are spread evenly over so many nanoseconds, above 0.
    Evenly(u64),
    /// All units fall at the start: the record has no duration.
    AtStart,
}

impl Axis {
    pub(crate) fn new(
        start: Timestamp,
        quantity: u64,
        duration: Option<u64>,
        measurement: Measurement,
    ) -> Axis {
        let spread = match (measurement, duration) {
            (Measurement::Time, _) => Spread::Time,
            (_, Some(nanos)) if nanos > 0 && quantity > 0 => Spread::Evenly(nanos),
            _ => Spread::AtStart,
        };
        Axis {
            start,
            quantity,
            spread,
        }
    }

    /// The instant at which the unit after `offset` units begins, rounded down to a nanosecond.
    pub(crate) fn instant(&self, offset: u64) -> Timestamp {
        let nanos = match self.spread {
            Spread::Time => offset,
            Spread::Evenly(nanos) => {
                let product = u128::from(offset) * u128::from(nanos);
                u64::try_from(product / u128::from(self.quantity)).unwrap_or(u64::MAX)
            }
            Spread::AtStart => 0,
        };
        self.start
            .plus_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// How many units begin before `at`, which is not before the record's start.
    pub(crate) fn units_before(&self, at: Timestamp) -> u64 {
        let nanos = u64::try_from(at.since(self.start)).unwrap_or(0);
        match self.spread {
            Spread::Time => nanos,
            Spread::Evenly(whole) => {
                let product = u128::from(nanos) * u128::from(self.quantity);
                u64::try_from(product.div_ceil(u128::from(whole))).unwrap_or(u64::MAX)
            }
            Spread::AtStart => u64::MAX,
        }
    }

    /// The same for an edge that may never come, which is `Timestamp::MAX`.
    pub(crate) fn units_until(&self, edge: Timestamp) -> u64 {
        match edge {
            Timestamp::MAX => u64::MAX,
            edge => self.units_before(edge),
        }
    }

    /// The end of the record's stretch of time.
    pub(crate) fn end(&self) -> Timestamp {
        self.instant(self.quantity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use umbral_model::input::PartyNumber;

    #[test]
    fn readable_is_the_head_of_a_party_number() {
        for number in [
            "",
            "112",
            "112 ",
            "1-1-2",
            "+34600111222",
            "+34 600 111 222",
            "34600111222",
            "12345678",
            "123456789",
            "abc",
            "+1",
        ] {
            let compared = compared("to", number, NumberForm::E164).unwrap();
            let (head, whole) = readable(&compared, NumberForm::E164);
            let split = PartyNumber::split(number);
            assert_eq!(head, split.head, "{number}");
            assert_eq!(whole, split.tail.is_empty(), "{number}");
        }
        let verbatim = compared("to", "+34 600111222", NumberForm::Verbatim).unwrap();
        assert_eq!(
            readable(&verbatim, NumberForm::Verbatim),
            ("+34 600111222", true)
        );
        for form in [NumberForm::E164, NumberForm::Verbatim] {
            let refused = compared("from", "112\0", form).unwrap_err();
            assert_eq!(refused.reason, Reason::MalformedField);
            assert!(refused.detail.starts_with("from has control"), "{refused}");
        }
    }

    #[test]
    fn a_unit_lies_before_a_boundary_if_it_begins_before_it() {
        let start = Timestamp::from_seconds(1000);
        for (quantity, nanos) in [(10, 3), (3, 10), (7, 7), (1, 5), (1_000_000, 17)] {
            let axis = Axis::new(start, quantity, Some(nanos), Measurement::Octets);
            for boundary in 1..=nanos as i64 {
                let units = axis.units_before(start.plus_nanos(boundary));
                let begun = (0..quantity)
                    .filter(|unit| {
                        u128::from(*unit) * u128::from(nanos)
                            < boundary as u128 * u128::from(quantity)
                    })
                    .count();
                assert_eq!(
                    units, begun as u64,
                    "{quantity} units over {nanos} ns, boundary {boundary}"
                );
            }
        }
    }
}
