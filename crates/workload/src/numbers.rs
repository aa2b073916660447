//! Numbers that people call, with prefixes of the demo catalog.

use crate::random::Random;
use crate::text::Text;
use umbral_model::input::PartyNumber;

/// How a number begins, and how many digits follow.
pub(crate) type Begin = (&'static str, usize);

/// Fixed lines and mobiles of Europe.
pub(crate) const EUROPE: [Begin; 8] = [
    ("336", 8),
    ("4915", 9),
    ("3519", 8),
    ("393", 9),
    ("40", 9),
    ("31", 9),
    ("48", 9),
    ("3906", 8),
];
/// Latin America.
pub(crate) const LATIN: [Begin; 7] = [
    ("573", 9),
    ("5939", 8),
    ("519", 8),
    ("549", 10),
    ("5917", 7),
    ("58414", 7),
    ("55119", 8),
];
/// Elsewhere.
pub(crate) const WORLD: [Begin; 8] = [
    ("2126", 8),
    ("380", 9),
    ("86", 11),
    ("91", 10),
    ("221", 9),
    ("447", 9),
    ("1", 10),
    ("923", 9),
];
/// Free numbers.
pub(crate) const FREE: [Begin; 2] = [("34900", 6), ("34800", 6)];
/// Prefixes that no deck has.
pub(crate) const NOWHERE: [Begin; 3] = [("999", 8), ("888", 8), ("388", 8)];
/// Emergency numbers.
pub(crate) const EMERGENCY: [&str; 6] = ["112", "112", "112", "061", "091", "016"];

/// Some number that begins so.
pub(crate) fn other(random: &mut Random, (prefix, digits): Begin) -> PartyNumber {
    let rest = random.below(10u64.pow(digits as u32));
    PartyNumber::split(Text::new(prefix).number(rest, digits).as_str())
}

/// Some number that begins like one of these.
pub(crate) fn one_of(random: &mut Random, begins: &[Begin]) -> PartyNumber {
    let pick = random.below(begins.len() as u64) as usize;
    other(random, begins[pick])
}

/// A short number.
pub(crate) fn whole(number: &'static str) -> PartyNumber {
    PartyNumber::split(number)
}
