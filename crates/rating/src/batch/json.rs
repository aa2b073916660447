//! The JSON of a batch line, as far as a record's fields need it.

use super::fields::{Fields, NAMES};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use umbral_model::rejection::{Reason, Rejection};

/// A JSON value as far as a record's fields need it.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    Bool(bool),
    Null,
    List(Vec<Json<'a>>),
    Table(Vec<(Cow<'a, str>, Json<'a>)>),
    /// Negative or fractional numbers.
    Other,
}

/// The fields of a line.
pub(super) fn parse(line: &[u8]) -> Result<Fields<'_>, Rejection> {
    serde_json::from_slice(line).map_err(|error| {
        let detail = format!("not a JSON object on one line: {error}");
        Rejection::new(Reason::Unreadable, detail)
    })
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(Text(name)) = map.next_key()? {
                    let Some(index) = NAMES.iter().position(|known| *known == name) else {
                        map.next_value::<IgnoredAny>()?;
                        fields.unknown.get_or_insert_with(|| name.into_owned());
                        continue;
                    };
                    let value = Some(map.next_value()?);
                    if core::mem::replace(&mut fields.values[index], value).is_some() {
                        fields.twice = Some(NAMES[index]);
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A text, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::Text(text) => Ok(Text(text)),
            _ => Err(serde::de::Error::custom("a key is a text")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
                Ok(Json::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
                Ok(Json::Whole(number))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
                Ok(Json::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
                Ok(Json::Other)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
                Ok(Json::Bool(value))
            }

            fn visit_unit<E>(self) -> Result<Json<'de>, E> {
                Ok(Json::Null)
            }

            fn visit_seq<A>(self, mut list: A) -> Result<Json<'de>, A::Error>
            where
                A: SeqAccess<'de>,
            {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Json::List(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some((Text(key), value)) = map.next_entry()? {
                    entries.push((key, value));
                }
                Ok(Json::Table(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
