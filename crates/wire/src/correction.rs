//! Corrections of usage: the inputs, whose original only the journal holds, and the events.

use crate::error::{Result, WireError};
use crate::json::{Reader as Json, Writer};
use crate::pb::{Raw, Reader};
use crate::table::{messages, written};
use crate::usage;
use crate::value::{self, FromJson, take, unknown_tag};
use umbral_model::event::{CorrectionParked, CorrectionUnclaimed, UsageCorrection};
use umbral_model::ids::{EventId, MemberId, Source};
use umbral_model::input::{RatedRecord, UsageCancelled, UsageCorrected};

messages! {
    RatedRecord {
        1 required root "record",
        2 default occurred_at "occurred_at",
        3 optional rated "rated",
    }
    UsageCorrected {
        1 required corrects "corrects",
        2 optional corrects_source "source",
        3 required usage "usage",
        4 state_optional original "original",
    }
    UsageCancelled {
        1 required cancels "cancels",
        2 optional cancels_source "source",
        3 state_optional original "original",
        4 optional started_at "started_at",
    }
    UsageCorrection {
        1 required corrects "corrects",
        2 required root "record",
        3 required correction "correction",
        4 default occurred_at "occurred_at",
        5 default started_at "started_at",
        6 default difference "difference",
        7 optional before "before",
        8 optional after "after",
    }
    CorrectionParked {
        1 required of "record",
        2 required input "input",
        3 default until "until",
    }
}

written! {
    CorrectionUnclaimed by write_unclaimed => {
        1 required reason "code",
        2 default detail "detail",
        3 required key "correction",
        4 required of "record",
    }
}

/// As a quarantined record is written, with the correction's key in place of its bytes.
fn write_unclaimed(unclaimed: &CorrectionUnclaimed, out: &mut Writer<'_>) {
    out.field("code", &unclaimed.reason);
    out.text_field("reason", unclaimed.reason.sentence());
    out.field("detail", &unclaimed.detail);
    out.field("correction", &unclaimed.key);
    out.field("record", &unclaimed.of);
}

/// A correction as it comes in: its usage may name the member itself, beside the envelope.
#[derive(Default)]
pub(crate) struct Form {
    corrects: Option<EventId>,
    source: Option<Source>,
    usage: Option<usage::Form>,
    original: Option<Box<RatedRecord>>,
}

impl Form {
    /// Reads the fields of `umbral.v1.UsageCorrected`.
    pub(crate) fn take(raw: Raw<'_>) -> Result<Form> {
        let mut reader = Reader::new(raw.bytes()?);
        let mut form = Form::default();
        while let Some((tag, raw)) = reader.field()? {
            match tag {
                1 => take(&mut form.corrects, raw, "corrects")?,
                2 => take(&mut form.source, raw, "source")?,
                3 if form.usage.is_some() => return Err(value::twice("usage")),
                3 => {
                    let usage = usage::Form::take(raw).map_err(|error| error.at("usage"))?;
                    form.usage = Some(usage);
                }
                4 => take(&mut form.original, raw, "original")?,
                _ => return Err(unknown_tag(tag)),
            }
        }
        Ok(form)
    }

    /// Reads the JSON object.
    pub(crate) fn read(json: &mut Json<'_>) -> Result<Form> {
        let mut form = Form::default();
        json.object(|json, key| match key {
            "corrects" => value::read(&mut form.corrects, json, "corrects"),
            "source" => value::read(&mut form.source, json, "source"),
            "usage" if form.usage.is_some() => Err(value::twice("usage")),
            "usage" => {
                let usage = usage::Form::read(json).map_err(|error| error.at("usage"))?;
                form.usage = Some(usage);
                Ok(())
            }
            _ => Err(WireError::unknown(key, &["corrects", "source", "usage"])),
        })?;
        Ok(form)
    }

    /// The correction, and the member that its usage names.
    pub(crate) fn finish(self) -> Result<(UsageCorrected, Option<MemberId>)> {
        let usage = self.usage.ok_or_else(|| WireError::missing("usage"))?;
        let (usage, member) = usage.finish().map_err(|error| error.at("usage"))?;
        let corrected = UsageCorrected {
            corrects: self
                .corrects
                .ok_or_else(|| WireError::missing("corrects"))?,
            corrects_source: self.source,
            usage,
            original: self.original,
        };
        Ok((corrected, member))
    }
}

/// What a correction may not hold, although its form is right.
pub(crate) fn check(corrected: &UsageCorrected) -> Result<()> {
    corrected
        .corrects
        .check()
        .map_err(|error| error.at("corrects"))?;
    check_source(corrected.corrects_source.as_ref())?;
    usage::check(&corrected.usage).map_err(|error| error.at("usage"))?;
    check_original(corrected.original.is_some())
}

impl FromJson for UsageCancelled {
    fn read(json: &mut Json<'_>) -> Result<Self> {
        let (mut cancels, mut cancels_source, mut started_at) = (None, None, None);
        json.object(|json, key| match key {
            "cancels" => value::read(&mut cancels, json, "cancels"),
            "source" => value::read(&mut cancels_source, json, "source"),
            "started_at" => value::read(&mut started_at, json, "started_at"),
            _ => Err(WireError::unknown(
                key,
                &["cancels", "source", "started_at"],
            )),
        })?;
        Ok(UsageCancelled {
            cancels: cancels.ok_or_else(|| WireError::missing("cancels"))?,
            cancels_source,
            started_at,
            original: None,
        })
    }

    fn check(&self) -> Result<()> {
        self.cancels.check().map_err(|error| error.at("cancels"))?;
        check_source(self.cancels_source.as_ref())?;
        check_original(self.original.is_some())
    }
}

fn check_source(source: Option<&Source>) -> Result<()> {
    source
        .map_or(Ok(()), FromJson::check)
        .map_err(|error| error.at("source"))
}

/// What stood before is looked up, never taken from a sender.
fn check_original(there: bool) -> Result<()> {
    if there {
        let detail = "is looked up in the journal; leave it out";
        return Err(WireError::malformed(detail).at("original"));
    }
    Ok(())
}
