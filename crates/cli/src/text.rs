//! Small pieces of text that several commands show.

use crate::output::progress::grouped;
use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};
use umbral_model::money::{Currency, Money};
use umbral_model::time::{NANOS_PER_SECOND, Timestamp};
use umbral_rating::batch::shortened;

/// The wall clock. Only commands read it; what the engine decides by is in the journal.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// An amount with grouped digits and its currency: `1,234.50 EUR`.
pub(crate) fn price(money: Money, currency: &str) -> String {
    let text = money.to_string();
    let (sign, digits) = text
        .strip_prefix('-')
        .map(|digits| ("-", digits))
        .unwrap_or(("", &text));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = match whole.parse() {
        Ok(number) => grouped(number),
        Err(_) => whole.to_owned(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction} {currency}")
}

/// An amount rounded half up to the currency's minor unit, for sums that nobody pays: `1,234.50 EUR`.
pub(crate) fn rounded(money: Money, currency: &str) -> String {
    let decimals = Currency::parse(currency)
        .map(|known| known.minor_decimals())
        .unwrap_or(2);
    let unit = 10i64.pow(6u32.saturating_sub(u32::from(decimals)));
    let units = money.micros().saturating_add(unit / 2).div_euclid(unit);
    price(Money::from_micros(units.saturating_mul(unit)), currency)
}

/// A quantity with its unit as people say it: `3721s` is `1h2m1s`, `12500kB` is `12.5MB`. Parts of a second
/// are cut: shares of allowances have many.
pub(crate) fn humane(quantity: &str) -> String {
    let digits = quantity.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = quantity.split_at(digits);
    let Ok(number) = number.parse::<u64>() else {
        return quantity.to_owned();
    };
    match unit {
        "" => grouped(number),
        "s" => clock(number),
        "B" => octets(number),
        "kB" => octets(number.saturating_mul(1_000)),
        "MB" => octets(number.saturating_mul(1_000_000)),
        "GB" => octets(number.saturating_mul(1_000_000_000)),
        rest if rest.starts_with('.') && rest.ends_with('s') => match number {
            0 => quantity.to_owned(),
            1..60 => format!("{number}{}s", rest.get(..2).unwrap_or_default()),
            _ => clock(number),
        },
        _ => quantity.to_owned(),
    }
}

fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest:02}s"),
        _ => format!("{hours}h{minutes:02}m{rest:02}s"),
    }
}

/// Rounded to three decimals of the largest unit that fits.
fn octets(octets: u64) -> String {
    let units = [
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    let Some((unit, size)) = units.into_iter().find(|(_, size)| octets >= *size) else {
        return format!("{octets}B");
    };
    let thousandths = (octets + size / 2_000) / (size / 1_000);
    let text = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// An instant as the clock of a zone shows it; as it is where the zone is not known.
pub(crate) fn in_zone(at: Timestamp, zone: &str) -> String {
    let Some(rules) = umbral_intake::zones::iana(zone) else {
        return at.to_string();
    };
    let local = rules.local(at);
    let second = local.nano_of_day / NANOS_PER_SECOND;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{} {hour:02}:{minute:02}:{second:02}", local.date)
}

/// A message as a terminal may show it: words of any length are shortened, and control characters, which
/// could move the cursor or hide text, are written as escapes. Line ends stay.
pub(crate) fn tame(message: &str) -> Cow<'_, str> {
    let short = shortened(message);
    let is_wild = |letter: char| letter.is_control() && letter != '\n';
    match short {
        Cow::Borrowed(short) => escaped(short, is_wild),
        Cow::Owned(short) => Cow::Owned(escaped(&short, is_wild).into_owned()),
    }
}

/// A text that stands in one line of a terminal or a cell of a table: control characters, line ends too, are
/// written as escapes.
pub(crate) fn in_line(text: &str) -> Cow<'_, str> {
    escaped(text, char::is_control)
}

/// Lines as they go to a terminal: of control characters only line ends, tabs and colours stay.
pub(crate) fn for_terminal(text: &str) -> Cow<'_, str> {
    let is_wild = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if !text.contains(is_wild) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(is_wild) {
        safe.push_str(&rest[..at]);
        rest = &rest[at..];
        let colour = colour_length(rest);
        safe.push_str(&rest[..colour]);
        rest = &rest[colour..];
        if colour == 0 {
            let mut letters = rest.chars();
            safe.extend(letters.next().into_iter().flat_map(char::escape_default));
            rest = letters.as_str();
        }
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

/// Bytes of the colour that a text begins with, 0 for none: `ESC [ digits m`.
fn colour_length(text: &str) -> usize {
    let Some(codes) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = codes.find(|letter: char| !letter.is_ascii_digit() && letter != ';');
    match end {
        Some(end) if codes[end..].starts_with('m') => end + 3,
        _ => 0,
    }
}

fn escaped(text: &str, is_wild: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_wild) {
        return Cow::Borrowed(text);
    }
    let mut tamed = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match is_wild(letter) {
            true => tamed.extend(letter.escape_default()),
            false => tamed.push(letter),
        }
    }
    Cow::Owned(tamed)
}

/// `1 record`, `2 records`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(number),
        if number == 1 { one } else { many }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_by_thousands() {
        for (micros, text) in [
            (0, "0.00 EUR"),
            (35_200_000, "35.20 EUR"),
            (241_500, "0.2415 EUR"),
            (-1_234_500_000, "-1,234.50 EUR"),
        ] {
            assert_eq!(price(Money::from_micros(micros), "EUR"), text);
        }
    }

    #[test]
    fn messages_neither_move_the_cursor_nor_fill_the_screen() {
        assert_eq!(tame("a\nb ü"), "a\nb ü");
        assert_eq!(tame("x\u{1b}[2Jy\0\u{9b}"), "x\\u{1b}[2Jy\\u{0}\\u{9b}");
        let long = format!("no plan {} here", "ü".repeat(5_000));
        assert_eq!(tame(&long), format!("no plan {}… here", "ü".repeat(200)));
    }

    #[test]
    fn colours_reach_the_terminal_and_nothing_else_that_controls_it() {
        let painted = "\u{1b}[1;31mred\u{1b}[0m\tplain\n";
        assert_eq!(for_terminal(painted), painted);
        assert_eq!(
            for_terminal("a\u{1b}[2Jb\u{1b}]0;c\u{7}\r\u{9b}31m\u{1b}"),
            "a\\u{1b}[2Jb\\u{1b}]0;c\\u{7}\\r\\u{9b}31m\\u{1b}"
        );
        assert_eq!(in_line("a\nb\u{1b}[1m ü"), "a\\nb\\u{1b}[1m ü");
    }

    #[test]
    fn sums_are_rounded_to_minor_units() {
        for (micros, text) in [
            (17_057_301_600, "17,057.30 EUR"),
            (5_000, "0.01 EUR"),
            (-5_001, "-0.01 EUR"),
        ] {
            assert_eq!(rounded(Money::from_micros(micros), "EUR"), text);
        }
    }

    #[test]
    fn quantities_are_said_as_people_say_them() {
        for (quantity, text) in [
            ("61s", "1m01s"),
            ("3721s", "1h02m01s"),
            ("59s", "59s"),
            ("0.5s", "0.5s"),
            ("0.000000001s", "0.000000001s"),
            ("12.345s", "12.3s"),
            ("406.451612903s", "6m46s"),
            ("12500kB", "12.5MB"),
            ("34429000B", "34.429MB"),
            ("999B", "999B"),
            ("1GB", "1GB"),
            ("1234", "1,234"),
        ] {
            assert_eq!(humane(quantity), text);
        }
    }

    #[test]
    fn instants_are_shown_by_the_clock_of_their_zone() {
        let at = Timestamp::parse("2026-03-29T01:00:00Z").unwrap_or_default();
        assert_eq!(in_zone(at, "Europe/Madrid"), "2026-03-29 03:00:00");
        assert_eq!(in_zone(at, "Europe/Atlantis"), "2026-03-29T01:00:00Z");
    }
}
