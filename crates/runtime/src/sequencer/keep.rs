//! Inputs without an account: unreadable, unresolved, or a catalog that is not taken. They are journaled with
//! their bytes in a partition that follows from their key.

use super::{Downstream, Origin, Sequencer};
use crate::message::{Bytes, Counting, Original, RawWork, SourceId, Work};
use crate::partitioner::partition_of_unresolved;
use smol_str::SmolStr;
use umbral_intake::directory::KeptPurchase;
use umbral_intake::reader::Refusal;
use umbral_model::input::{Incoming, InputKey};
use umbral_model::journal::RawInput;
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;

const JSON: &str = "json";

/// What is known of an input that has no account.
pub(super) struct RawParts {
    pub(super) key: Option<InputKey>,
    pub(super) at: Option<Timestamp>,
    pub(super) refused: Option<Rejection>,
    pub(super) bytes: Bytes,
    /// What the bytes are.
    pub(super) format: SmolStr,
}

impl<D: Downstream> Sequencer<D> {
    pub(super) fn keep_unresolved(
        &mut self,
        incoming: Incoming,
        rejection: Rejection,
        original: &Original,
        origin: &Origin<'_>,
    ) {
        // A purchase that waits for its buyer is read again from its bytes alone.
        let waits = rejection.reason == Reason::UnidentifiedPurchase;
        let is_alone = !waits || matches!(origin.format.as_str(), JSON | "protobuf");
        let (bytes, format) = match original {
            Original::Span(..) if is_alone => (
                self.open.bytes(original, origin.bytes),
                origin.format.clone(),
            ),
            _ => {
                let written = umbral_wire::json::incoming(&incoming).into_bytes();
                let format = match waits {
                    true => SmolStr::new_static(JSON),
                    false => origin.format.clone(),
                };
                (Bytes::Owned(written), format)
            }
        };
        let parts = RawParts {
            key: Some(incoming.key.clone()),
            at: Some(incoming.occurred_at),
            refused: Some(rejection),
            bytes,
            format,
        };
        self.keep(parts, origin, original);
        if waits && self.sees_all() {
            let kept = KeptPurchase::of(self.position, incoming);
            kept.into_iter().for_each(|kept| self.pending.keep(kept));
        }
    }

    pub(super) fn keep_unreadable(
        &mut self,
        bad: Refusal,
        original: &Original,
        origin: &Origin<'_>,
    ) {
        let bytes = self.open.bytes(original, origin.bytes);
        let (key, at) = (bad.key, bad.occurred_at);
        self.keep(
            RawParts {
                key,
                at,
                refused: Some(bad.rejection),
                bytes,
                format: origin.format.clone(),
            },
            origin,
            original,
        );
    }

    pub(super) fn keep(&mut self, parts: RawParts, origin: &Origin<'_>, original: &Original) {
        let position = self.number();
        let known = match (&parts.bytes, original) {
            (Bytes::Owned(bytes), _) => bytes.as_slice(),
            (_, Original::Span(from, to)) => origin
                .bytes
                .get(*from as usize..*to as usize)
                .unwrap_or_default(),
            _ => &[],
        };
        let partition = self
            .numbering
            .own()
            .unwrap_or_else(|| partition_of_unresolved(parts.key.as_ref(), known, self.partitions));
        let RawParts {
            key,
            at,
            refused,
            bytes,
            format,
        } = parts;
        let raw = RawInput {
            key,
            occurred_at: at,
            format,
            place: Self::place_of(origin),
        };
        let watched = origin.watched;
        let work = Work::Raw(Box::new(RawWork {
            partition,
            raw,
            refused,
            bytes,
            watched,
        }));
        self.push(partition, position, work);
    }

    pub(super) fn place_of(origin: &Origin<'_>) -> String {
        if let Some(position) = origin.resubmits {
            return format!("resubmitted from {position}");
        }
        let name = origin.source.map(SourceId::short_name).unwrap_or_default();
        let is_log = origin
            .source
            .is_some_and(|source| source.counting == Counting::Rows);
        match (origin.line, origin.row) {
            (_, row) if is_log => format!("{name}, offset {}", row - 1),
            (0, 0) => name,
            (0, row) => format!("{name}, record {row}"),
            (line, _) => format!("{name}, line {line}"),
        }
    }
}
