//! What a token says of itself, if it is a JSON Web Token. Nothing is verified: that is for whom it is shown to.

use serde_json::Value;

/// What is read of a token.
#[derive(Default)]
pub(super) struct Claims {
    /// Whose it is.
    pub(super) subject: Option<String>,
    /// When it is over, in milliseconds of the epoch.
    pub(super) expires_ms: Option<i64>,
}

/// What a token says; nothing if it is of another kind.
pub(super) fn claims(token: &str) -> Claims {
    let Some(Value::Object(payload)) = payload(token) else {
        return Claims::default();
    };
    let subject = payload.get("sub").and_then(Value::as_str);
    Claims {
        subject: subject
            .filter(|name| !name.contains('\0'))
            .map(str::to_owned),
        expires_ms: payload
            .get("exp")
            .and_then(seconds)
            .map(|at| at.saturating_mul(1000)),
    }
}

/// The part between the two dots.
fn payload(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&decode(payload)?).ok()
}

/// Whole seconds of a number that may have more.
fn seconds(number: &Value) -> Option<i64> {
    let text = number.as_number()?.to_string();
    text.split('.').next()?.parse().ok()
}

/// The octets that a text in base64url without padding stands for.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_base64url() {
        for (text, octets) in [
            ("", Some(&b""[..])),
            ("Zg", Some(b"f")),
            ("Zm9v", Some(b"foo")),
            ("-_8", Some(&[0xfb, 0xff])),
            ("Zg==", None),
        ] {
            assert_eq!(decode(text).as_deref(), octets, "{text}");
        }
    }

    #[test]
    fn other_tokens_say_nothing() {
        for token in ["opaque", "a.b", "a.b.c", "a.W10.c", "a.e30.c.d.e"] {
            let claims = claims(token);
            assert!(
                claims.subject.is_none() && claims.expires_ms.is_none(),
                "{token}"
            );
        }
    }
}
