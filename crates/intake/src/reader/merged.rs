//! Several sources as one, in the order of `occurred_at`: historical files that cover the same weeks must
//! reach an event clock together.

use super::{RawRecord, ReadError, Record, RecordReader, Refusal, SourceFile};
use umbral_model::ids::AccountId;
use umbral_model::input::Incoming;
use umbral_model::time::Timestamp;

/// Merges sources that are each in order of time. A record whose time cannot be read comes right behind
/// the one before it in its source; at equal times the source named first goes first.
pub struct Merged {
    sources: Vec<Head>,
}

struct Head {
    source: SourceFile,
    next: Option<(RawRecord, Result<Incoming, Refusal>)>,
    at: Timestamp,
}

impl Head {
    fn advance(&mut self) -> Result<(), ReadError> {
        self.next = self.source.next_raw()?.map(|raw| {
            let content = self.source.decoder().decode(&raw);
            (raw, content)
        });
        let at = self.next.as_ref().and_then(|(_, content)| match content {
            Ok(incoming) => Some(incoming.occurred_at),
            Err(refusal) => refusal.occurred_at,
        });
        self.at = at.unwrap_or(self.at);
        Ok(())
    }
}

impl Merged {
    /// Merges sources from where they stand.
    pub fn new(sources: Vec<SourceFile>) -> Result<Merged, ReadError> {
        let mut heads = Vec::with_capacity(sources.len());
        for source in sources {
            let mut head = Head {
                source,
                next: None,
                at: Timestamp::MIN,
            };
            head.advance()?;
            heads.push(head);
        }
        Ok(Merged { sources: heads })
    }

    /// The sources, in the order in which they were named.
    pub fn sources(&self) -> impl Iterator<Item = &dyn RecordReader> {
        self.sources
            .iter()
            .map(|head| &head.source as &dyn RecordReader)
    }

    /// The next record and the number of its source; `None` at the end of all. `known` as in
    /// [`RecordReader::next_record`].
    pub fn next_record(
        &mut self,
        known: &dyn Fn(&AccountId) -> bool,
    ) -> Result<Option<(usize, Record)>, ReadError> {
        let first = self
            .sources
            .iter()
            .enumerate()
            .filter(|(_, head)| head.next.is_some())
            .min_by_key(|(index, head)| (head.at, *index))
            .map(|(index, _)| index);
        let Some(index) = first else { return Ok(None) };
        let head = &mut self.sources[index];
        let Some((raw, content)) = head.next.take() else {
            return Ok(None);
        };
        let record = head.source.finish(raw, content, known);
        head.advance()?;
        Ok(Some((index, record)))
    }
}
