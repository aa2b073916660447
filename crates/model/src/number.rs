//! Forms of the numbers in a usage record: the other party's, as people write it, and the serving network's.

use std::borrow::Cow;

/// What is said of a number with control characters.
pub const CONTROL_CHARACTERS: &str =
    "has control characters; write the number as digits, such as 34600111222";
/// What is said of a text that is no network code.
pub const NETWORK_FORM: &str = "is no network code: write MCC and MNC as five or six digits, such as 20801, or the \
     MCC alone as three; leave it out at home";

/// The other party's number without a leading `+` and without the separators that people write (blank, `-`,
/// `.`, `/`, brackets), if nothing but digits is left; any other text as it is. None for a text with control
/// characters: nothing that a person or a switch writes has them.
#[inline]
pub fn plain_number(text: &str) -> Option<Cow<'_, str>> {
    let number = text.strip_prefix('+').unwrap_or(text);
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Cow::Borrowed(number));
    }
    written_number(text, number)
}

fn written_number<'a>(text: &'a str, number: &'a str) -> Option<Cow<'a, str>> {
    if text.chars().any(char::is_control) {
        return None;
    }
    let mut bare: String = text.chars().filter(|c| !is_separator(*c)).collect();
    if bare.starts_with('+') {
        bare.remove(0);
    }
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    Some(if is_number {
        Cow::Owned(bare)
    } else {
        Cow::Borrowed(number)
    })
}

/// Whether people write it between the digits of a number.
pub fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '/' | '(' | ')')
}

/// Whether a text is the code of a serving network: MCC and MNC, or the MCC alone. One digit behind the MNC is
/// let through, as some switches write it: catalogs match the beginnings of codes.
#[inline]
pub fn is_network(text: &str) -> bool {
    matches!(text.len(), 3 | 5..=7) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (written, plain) in [
            ("", ""),
            ("112", "112"),
            ("112 ", "112"),
            (" 112", "112"),
            ("1-1-2", "112"),
            ("+112", "112"),
            ("(112)", "112"),
            ("+34 600.111/222", "34600111222"),
            ("(+34) 600-111-222", "34600111222"),
            ("34600111222", "34600111222"),
            ("+34600111222", "34600111222"),
            ("0034 600", "0034600"),
            // Not numbers: as they are, but for the sign that was dropped always.
            ("ANON", "ANON"),
            ("+ANON", "ANON"),
            ("CST_49 X", "CST_49 X"),
            ("*100#", "*100#"),
            ("++34", "+34"),
            ("-", "-"),
            ("+", ""),
            ("٣٤", "٣٤"),
        ] {
            assert_eq!(plain_number(written).as_deref(), Some(plain), "{written:?}");
        }
        for refused in ["\0", "112\0", "1\t12", "112\n", "\u{7f}", "AB\u{85}"] {
            assert_eq!(plain_number(refused), None, "{refused:?}");
        }
        assert!(matches!(plain_number("+346"), Some(Cow::Borrowed("346"))));
    }

    #[test]
    fn networks_are_codes_of_digits() {
        for good in ["310", "21407", "334020", "2141901"] {
            assert!(is_network(good), "{good}");
        }
        let bad = [
            "", "21", "2140", "abc", "20a01", "+21407", " 21407", "214-07",
        ];
        for bad in bad
            .iter()
            .chain(&["208019999999", "21407999", "2140\0", "٣٤"])
        {
            assert!(!is_network(bad), "{bad}");
        }
    }
}
