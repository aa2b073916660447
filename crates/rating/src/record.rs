//! The usage record as rating sees it, and the tariff it is priced by.

use umbral_catalog::tables::NumberForm;
use umbral_model::ids::PlanNo;
use umbral_model::input::Direction;
use umbral_model::time::Timestamp;
use umbral_model::units::Measurement;

/// One usage record: a call, message, data session or content event.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Name of the service.
    pub service: &'a str,
    /// Made or received.
    pub direction: Direction,
    /// What rating may read of the other party's number (see [`readable`]); empty where there is none.
    pub to: &'a str,
    /// Whether `to` is the whole number (see [`is_whole`]): the beginning of a longer number is no short code.
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

/// The part of a number that rating may read: in E.164 catalogs without `+` and, of more than eight digits,
/// without the last four; in imported catalogs all of it.
pub fn readable(number: &str, form: NumberForm) -> &str {
    if form == NumberForm::Verbatim {
        return number;
    }
    let digits = number.strip_prefix('+').unwrap_or(number);
    if digits.len() > 8 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        &digits[..digits.len() - 4]
    } else {
        digits
    }
}

/// Whether [`readable`] gives the whole of a number.
pub fn is_whole(number: &str, form: NumberForm) -> bool {
    form == NumberForm::Verbatim
        || readable(number, form).len() == number.strip_prefix('+').unwrap_or(number).len()
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
            "+34600111222",
            "34600111222",
            "12345678",
            "123456789",
            "abc",
            "+1",
        ] {
            assert_eq!(
                readable(number, NumberForm::E164),
                PartyNumber::split(number).head,
                "{number}"
            );
            assert_eq!(
                is_whole(number, NumberForm::E164),
                PartyNumber::split(number).tail.is_empty(),
                "{number}"
            );
        }
        assert_eq!(
            readable("+34600111222", NumberForm::Verbatim),
            "+34600111222"
        );
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
