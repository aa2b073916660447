//! Who sent a message that could not be read: best effort, so that a quarantined record can be found.

use crate::pb::Reader;
use serde::Deserialize;
use std::borrow::Cow;
use umbral_model::ids::MAX_ID_BYTES;
use umbral_model::input::InputKey;
use umbral_model::time::Timestamp;

/// What a damaged message still says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    /// Sender and id, if both can be read and are no longer than ids may be.
    pub key: Option<InputKey>,
    /// When it happened, if that can be read.
    pub occurred_at: Option<Timestamp>,
}

/// The fields wanted of a JSON object; all others are passed over.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    occurred_at: Option<Cow<'a, str>>,
}

impl Identity {
    pub(crate) fn of_json(line: &[u8]) -> Identity {
        let Ok(fields) = serde_json::from_slice::<Fields<'_>>(line) else {
            return Identity::default();
        };
        Identity {
            key: key(fields.source.as_deref(), fields.event_id.as_deref()),
            occurred_at: fields.occurred_at.and_then(|text| Timestamp::parse(&text)),
        }
    }

    pub(crate) fn of_protobuf(message: &[u8]) -> Identity {
        let mut reader = Reader::new(message);
        let (mut source, mut event_id, mut occurred_at) = (None, None, None);
        while let Ok(Some((tag, raw))) = reader.field() {
            match tag {
                1 => source = raw.text().ok(),
                2 => event_id = raw.text().ok(),
                3 => occurred_at = raw.fixed64().ok(),
                _ => {}
            }
        }
        Identity {
            key: key(source, event_id),
            occurred_at: occurred_at.map(|nanos| Timestamp::from_nanos(nanos as i64)),
        }
    }
}

fn key(source: Option<&str>, event_id: Option<&str>) -> Option<InputKey> {
    let (source, event_id) = (source?, event_id?);
    let fits = |text: &str| (1..=MAX_ID_BYTES).contains(&text.len());
    (fits(source) && fits(event_id)).then(|| InputKey {
        source: source.into(),
        event_id: event_id.into(),
    })
}
