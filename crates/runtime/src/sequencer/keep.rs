//! Inputs without an account: unreadable, unresolved, or a catalog that is not taken. They are journaled with
//! their bytes in a partition that follows from their key.

use super::{Downstream, Origin, Sequencer};
use crate::message::{Bytes, Counting, Original, RawWork, SourceId, Work};
use crate::partitioner::partition_of_unresolved;
use umbral_intake::reader::Refusal;
use umbral_model::input::{Incoming, InputKey};
use umbral_model::journal::RawInput;
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;

/// What is known of an input that has no account.
pub(super) struct RawParts {
    pub(super) key: Option<InputKey>,
    pub(super) at: Option<Timestamp>,
    pub(super) refused: Option<Rejection>,
    pub(super) bytes: Bytes,
}

impl<D: Downstream> Sequencer<D> {
    pub(super) fn keep_unresolved(
        &mut self,
        incoming: Incoming,
        rejection: Rejection,
        original: &Original,
        origin: &Origin<'_>,
    ) {
        let bytes = match original {
            Original::Made => Bytes::Owned(umbral_wire::json::incoming(&incoming).into_bytes()),
            Original::Span(..) => self.open.bytes(original, origin.bytes),
        };
        let (key, at) = (Some(incoming.key), Some(incoming.occurred_at));
        self.keep(
            RawParts {
                key,
                at,
                refused: Some(rejection),
                bytes,
            },
            origin,
            original,
        );
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
        let raw = RawInput {
            key: parts.key,
            occurred_at: parts.at,
            format: origin.format.clone(),
            place: Self::place_of(origin),
        };
        let RawParts { refused, bytes, .. } = parts;
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
