//! Writing numbers, quantities, instants and JSON strings into a byte buffer, without allocation and with the
//! same text as their `Display` in `umbral-model`.

use umbral_model::money::{Money, Pico};
use umbral_model::time::{Date, NANOS_PER_SECOND, SECONDS_PER_DAY, Timestamp};
use umbral_model::units::Measurement;

/// A whole number.
pub(crate) fn push_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn push_padded(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[..width]);
}

/// A count of `10^-decimals` with two decimals at least and no trailing zeros beyond them.
fn push_scaled(out: &mut Vec<u8>, value: i128, decimals: u32) {
    if value < 0 {
        out.push(b'-');
    }
    let one = 10u64.pow(decimals);
    let magnitude = value.unsigned_abs();
    let mut fraction = match u64::try_from(magnitude) {
        Ok(small) => {
            push_u64(out, small / one);
            small % one
        }
        Err(_) => {
            out.extend_from_slice((magnitude / u128::from(one)).to_string().as_bytes());
            (magnitude % u128::from(one)) as u64
        }
    };
    let mut width = decimals as usize;
    while width > 2 && fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    out.push(b'.');
    push_padded(out, fraction, width);
}

/// An amount, as `Money` displays it.
pub(crate) fn push_money(out: &mut Vec<u8>, amount: Money) {
    push_scaled(out, i128::from(amount.micros()), 6);
}

/// A price, as `Pico` displays it.
pub(crate) fn push_pico(out: &mut Vec<u8>, price: Pico) {
    push_scaled(out, price.picos(), 12);
}

/// Basis points as a percentage: `10%`, `12.5%`.
pub(crate) fn push_percent(out: &mut Vec<u8>, bps: u32) {
    push_u64(out, u64::from(bps / 100));
    let (mut rest, mut width) = (u64::from(bps % 100), 2);
    if rest != 0 {
        out.push(b'.');
        if rest.is_multiple_of(10) {
            (rest, width) = (rest / 10, 1);
        }
        push_padded(out, rest, width);
    }
    out.push(b'%');
}

/// A quantity with its unit, as `Quantity` displays it.
pub(crate) fn push_quantity(out: &mut Vec<u8>, units: u64, measurement: Measurement) {
    match measurement {
        Measurement::Events => push_u64(out, units),
        Measurement::Octets => {
            const UNITS: [(u64, &str); 4] = [
                (1_000_000_000_000, "TB"),
                (1_000_000_000, "GB"),
                (1_000_000, "MB"),
                (1_000, "kB"),
            ];
            let whole = UNITS
                .iter()
                .find(|(size, _)| units >= *size && units.is_multiple_of(*size));
            let (size, unit) = whole.copied().unwrap_or((1, "B"));
            push_u64(out, units / size);
            out.extend_from_slice(unit.as_bytes());
        }
        Measurement::Time => {
            let second = NANOS_PER_SECOND as u64;
            push_u64(out, units / second);
            push_fraction(out, units % second);
            out.push(b's');
        }
    }
}

fn push_fraction(out: &mut Vec<u8>, mut nanos: u64) {
    if nanos == 0 {
        return;
    }
    let mut width = 9;
    while nanos.is_multiple_of(10) {
        nanos /= 10;
        width -= 1;
    }
    out.push(b'.');
    push_padded(out, nanos, width);
}

/// An instant as the clock of an offset shows it, in RFC 3339; offset 0 is written `Z`.
pub(crate) fn push_instant(out: &mut Vec<u8>, at: Timestamp, offset_seconds: i32) {
    let local = at.seconds() + i64::from(offset_seconds);
    let day = local.div_euclid(SECONDS_PER_DAY);
    let second_of_day = (local - day * SECONDS_PER_DAY) as u64;
    let (year, month, day) = Date::from_days(day as i32).ymd();
    push_padded(out, u64::from(year.unsigned_abs()), 4);
    out.push(b'-');
    push_padded(out, u64::from(month), 2);
    out.push(b'-');
    push_padded(out, u64::from(day), 2);
    out.push(b'T');
    push_clock(out, second_of_day);
    push_fraction(out, at.nanos().rem_euclid(NANOS_PER_SECOND) as u64);
    if offset_seconds == 0 {
        out.push(b'Z');
        return;
    }
    out.push(if offset_seconds < 0 { b'-' } else { b'+' });
    let minutes = u64::from(offset_seconds.unsigned_abs() / 60);
    push_padded(out, minutes / 60, 2);
    out.push(b':');
    push_padded(out, minutes % 60, 2);
}

fn push_clock(out: &mut Vec<u8>, second_of_day: u64) {
    push_padded(out, second_of_day / 3600, 2);
    out.push(b':');
    push_padded(out, second_of_day / 60 % 60, 2);
    out.push(b':');
    push_padded(out, second_of_day % 60, 2);
}

/// A JSON string with its quotes.
pub(crate) fn push_json_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut clean_from = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[clean_from..index]);
        clean_from = index + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[clean_from..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use umbral_model::units::Quantity;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_written_as_the_model_displays_them() {
        for micros in [
            0,
            1,
            -1,
            10,
            150_000,
            1_000_000,
            -241_500,
            9_999_999,
            i64::MAX,
            i64::MIN,
        ] {
            let amount = Money::from_micros(micros);
            assert_eq!(text(|out| push_money(out, amount)), amount.to_string());
        }
        for picos in [
            0,
            1,
            -90_000_000_000,
            5_000_000_000_000,
            1i128 << 80,
            -(1i128 << 100),
        ] {
            let price = Pico::from_picos(picos);
            assert_eq!(text(|out| push_pico(out, price)), price.to_string());
        }
    }

    #[test]
    fn percentages_have_no_trailing_zeros() {
        for (bps, written) in [
            (0, "0%"),
            (1, "0.01%"),
            (10, "0.1%"),
            (1000, "10%"),
            (1250, "12.5%"),
            (8001, "80.01%"),
        ] {
            assert_eq!(text(|out| push_percent(out, bps)), written);
        }
    }

    #[test]
    fn quantities_are_written_as_the_model_displays_them() {
        let units = [
            0,
            1,
            999,
            1000,
            1024,
            1500,
            2_000_000,
            61_000_000_000,
            1_500_000_001,
            u64::MAX,
        ];
        for measurement in [Measurement::Time, Measurement::Octets, Measurement::Events] {
            for unit in units {
                let shown = text(|out| push_quantity(out, unit, measurement));
                assert_eq!(shown, Quantity(unit).display(measurement));
            }
        }
    }

    #[test]
    fn instants_are_written_as_the_model_displays_them() {
        for written in [
            "2026-03-02T09:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "2024-02-29T00:00:00.000000001Z",
        ] {
            let at = Timestamp::parse(written).unwrap();
            assert_eq!(text(|out| push_instant(out, at, 0)), written);
            let local = text(|out| push_instant(out, at, -12_600));
            assert_eq!(Timestamp::parse(&local), Some(at), "{local}");
        }
    }

    #[test]
    fn json_strings_are_escaped() {
        let text = text(|out| push_json_string(out, "a\"b\\c\nd\u{1}é"));
        assert_eq!(text, "\"a\\\"b\\\\c\\nd\\u0001é\"");
        assert_eq!(
            serde_json::from_str::<String>(&text).unwrap(),
            "a\"b\\c\nd\u{1}é"
        );
    }
}
