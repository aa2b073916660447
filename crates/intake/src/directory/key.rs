//! Identifiers as small keys: kind and up to seventeen digits in eight bytes, other texts as they are.

use smol_str::SmolStr;
use umbral_model::ids::MAX_ID_BYTES;
use umbral_model::input::{Identifier, IdentifierKind};
use umbral_model::number::is_separator;

/// Longest digit text that is packed: a leading 1 keeps its zeros, and 2 x 10^17 is below 2^58.
const PACKED_DIGITS: usize = 17;
/// Where the kind stands in a packed key.
const KIND_SHIFT: u32 = 58;

/// An identifier as the directory holds it, normalised.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Key {
    /// Kind, and digits behind a leading 1.
    Packed(u64),
    /// Anything else.
    Text(Box<Identifier>),
}

/// A text that cannot be an identifier of its kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadIdentifier {
    /// Nothing is left without separators.
    #[error("the identifier is empty")]
    Empty,
    /// Something other than digits and separators where only those may stand.
    #[error("the identifier has characters other than digits; write it as 34600111222")]
    NotDigits,
    /// Longer than an id may be.
    #[error("the identifier is longer than 128 bytes")]
    TooLong,
}

impl Key {
    /// The key of an identifier; its text may have separators, and a phone number a leading `+`.
    pub fn of(identifier: &Identifier) -> Result<Key, BadIdentifier> {
        let bare = packed(identifier.kind, &identifier.value);
        if let Some(key) = bare.filter(|_| !identifier.value.is_empty()) {
            return Ok(Key::Packed(key));
        }
        let value = normalise(identifier.kind, &identifier.value)?;
        match packed(identifier.kind, &value) {
            Some(key) => Ok(Key::Packed(key)),
            None => Ok(Key::Text(Box::new(Identifier {
                kind: identifier.kind,
                value,
            }))),
        }
    }
}

fn packed(kind: IdentifierKind, value: &str) -> Option<u64> {
    if value.len() > PACKED_DIGITS {
        return None;
    }
    let digits = value.bytes().try_fold(1u64, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })?;
    Some((kind as u64) << KIND_SHIFT | digits)
}

/// An identifier's text in the form in which it is compared: phone numbers without `+`, and numbers without
/// the separators that people write (blank, `-`, `.`, `/`, brackets). Nothing else is changed: `0034...`
/// and `34...` are two numbers, because only the network knows which it is.
pub fn normalise(kind: IdentifierKind, text: &str) -> Result<SmolStr, BadIdentifier> {
    let text = text.trim();
    if text.len() > MAX_ID_BYTES {
        return Err(BadIdentifier::TooLong);
    }
    let phone = matches!(kind, IdentifierKind::Msisdn | IdentifierKind::Phone);
    let number = if phone {
        text.strip_prefix('+').unwrap_or(text)
    } else {
        text
    };
    if number.is_empty() {
        return Err(BadIdentifier::Empty);
    }
    if kind == IdentifierKind::External || number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(number.into());
    }
    let bare: String = number.chars().filter(|c| !is_separator(*c)).collect();
    let card = kind == IdentifierKind::Card;
    if bare.is_empty() {
        Err(BadIdentifier::Empty)
    } else if card || bare.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(bare.into())
    } else {
        Err(BadIdentifier::NotDigits)
    }
}
