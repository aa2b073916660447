//! Single words: instants, dates, amounts, quantities. What is read is written and read again, the same.

use umbral_model::money::{Currency, Money, Pico};
use umbral_model::time::{Date, Timestamp};
use umbral_model::units::{Measurement, Quantity};

pub(super) fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for word in text.split('\n') {
        one(word);
    }
}

fn one(word: &str) {
    if let Some(at) = Timestamp::parse(word) {
        assert_eq!(Timestamp::parse(&at.to_string()), Some(at), "{word}");
    }
    if let Some(date) = Date::parse(word) {
        assert_eq!(Date::parse(&date.to_string()), Some(date), "{word}");
        let (year, month, day) = date.ymd();
        assert_eq!(Date::from_ymd(year, month, day), Some(date), "{word}");
    }
    if let Ok(money) = Money::parse(word) {
        assert_eq!(Money::parse(&money.to_string()), Ok(money), "{word}");
        let _ = (
            money.bps_ceil(10_000),
            money.bps_half_up(3_333),
            money.floored_at_zero(),
        );
    }
    let _ = Pico::parse(word);
    if let Some(currency) = Currency::parse(word) {
        let _ = (currency.minor_decimals(), currency.minor_unit());
    }
    for measurement in [Measurement::Time, Measurement::Octets, Measurement::Events] {
        if let Ok(quantity) = Quantity::parse(word, measurement) {
            let written = quantity.display(measurement);
            let again = Quantity::parse(&written, measurement).map(|quantity| quantity.0);
            assert_eq!(again.ok(), Some(quantity.0), "{word} is {written}");
        }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [
        "2026-03-02T10:00:00+01:00",
        "2026-03-02T09:00:00.123456789Z",
        "1970-01-01T00:00:00Z",
        "2026-02-28",
        "2000-02-29",
        "35.20",
        "-0.000001",
        "9223372036854.775807",
        "EUR",
        "JPY",
        "61s",
        "1m30s",
        "500ms",
        "1h",
        "1GB",
        "1GiB",
        "10kB",
        "1500B",
        "7",
        "1.5h",
        "0",
    ]
    .map(|word| word.as_bytes().to_vec())
    .to_vec()
}
