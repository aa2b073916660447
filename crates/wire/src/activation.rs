//! Catalog activations: files and time zones, which both the input and the journal hold whole.

use crate::error::{Result, WireError};
use crate::json::{Reader as Json, Writer};
use crate::pb::{Raw, Reader, Wire, put_nested};
use crate::scalars::{MAX_TEXT_BYTES, check_text};
use crate::table::inputs;
use crate::value::{self, FromJson, Value, put_default, take, unknown_tag};
use smol_str::SmolStr;
use umbral_model::input::CatalogActivated;
use umbral_model::time::{Timestamp, ZoneRules};

inputs! {
    CatalogActivated {
        1 default version "version",
        2 optional effective_from "effective_from",
        3 default retroactive "retroactive",
        4 repeated files "files",
        5 repeated zones "zones",
    }
}

/// A file of a catalog: path and content. A content may be of any length within its message.
impl Value for (SmolStr, SmolStr) {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        put_nested(out, |out| {
            put_default(1, &self.0, out);
            put_default(2, &self.1, out);
        });
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        let mut reader = Reader::new(raw.bytes()?);
        let (mut path, mut content) = (None, None);
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut path, raw, "path")?,
                2 => take(&mut content, raw, "content")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok((path.unwrap_or_default(), content.unwrap_or_default()))
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.object(|out| {
            out.field("path", &self.0);
            out.field("content", &self.1);
        });
    }
}

impl FromJson for (SmolStr, SmolStr) {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        let (mut path, mut content) = (None, None);
        json.object(|json, key| match key {
            "path" => value::read(&mut path, json, "path"),
            "content" => value::read(&mut content, json, "content"),
            _ => Err(WireError::unknown(key, &["path", "content"])),
        })?;
        let path = path.ok_or_else(|| WireError::missing("path"))?;
        Ok((path, content.ok_or_else(|| WireError::missing("content"))?))
    }

    fn check(&self) -> Result<()> {
        check_text(&self.0, MAX_TEXT_BYTES, false).map_err(|error| error.at("path"))
    }
}

/// One change of a zone's offset: UTC second of the change, seconds east of UTC from then on.
struct Transition {
    at: Timestamp,
    offset_seconds: i32,
}

/// A time zone with its changes one by one, as JSON shows them.
struct Zone {
    name: SmolStr,
    initial_offset_seconds: i32,
    transitions: Vec<Transition>,
}

inputs! {
    Transition {
        1 required at "at",
        2 default offset_seconds "offset_seconds",
    }
    Zone {
        1 required name "name",
        2 default initial_offset_seconds "initial_offset_seconds",
        3 repeated transitions "transitions",
    }
}

impl From<&ZoneRules> for Zone {
    fn from(rules: &ZoneRules) -> Zone {
        let transition = |(second, offset_seconds): &(i64, i32)| Transition {
            at: Timestamp::from_seconds(*second),
            offset_seconds: *offset_seconds,
        };
        Zone {
            name: rules.name.clone(),
            initial_offset_seconds: rules.initial_offset,
            transitions: rules.transitions.iter().map(transition).collect(),
        }
    }
}

impl From<Zone> for ZoneRules {
    fn from(zone: Zone) -> ZoneRules {
        let pair = |change: &Transition| (change.at.seconds(), change.offset_seconds);
        ZoneRules {
            name: zone.name,
            initial_offset: zone.initial_offset_seconds,
            transitions: zone.transitions.iter().map(pair).collect(),
        }
    }
}

impl Value for ZoneRules {
    const WIRE: Wire = Wire::Bytes;

    fn put(&self, out: &mut Vec<u8>) {
        Zone::from(self).put(out);
    }

    fn take(raw: Raw<'_>) -> Result<Self> {
        Zone::take(raw).map(ZoneRules::from)
    }

    fn write(&self, out: &mut Writer<'_>) {
        Zone::from(self).write(out);
    }
}

impl FromJson for ZoneRules {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        Zone::read(json).map(ZoneRules::from)
    }

    fn check(&self) -> Result<()> {
        Zone::from(self).check()
    }
}
