//! The hash of a body, by which the same key with another body is seen.

use crate::input::body;
use umbral_model::input::{Body, Input};
use xxhash_rust::xxh3::xxh3_64;

/// Hash of the input's body over its canonical protobuf bytes: the same for the same body in whichever
/// form it came.
pub fn body_hash(input: &Input) -> u64 {
    BodyHasher::default().hash(&input.body)
}

/// Hashes bodies one after the other in one buffer.
#[derive(Clone, Debug, Default)]
pub struct BodyHasher {
    buffer: Vec<u8>,
}

impl BodyHasher {
    /// Hash of a body: see `body_hash`. What the edge looked up for a correction is not part of it, so that
    /// a repeat is the same body although the record stands otherwise by then.
    pub fn hash(&mut self, content: &Body) -> u64 {
        self.buffer.clear();
        match without_original(content) {
            Some(sent) => body::put(&sent, &mut self.buffer),
            None => body::put(content, &mut self.buffer),
        }
        xxh3_64(&self.buffer)
    }
}

/// A correction as it was sent; none for a body that is so already.
fn without_original(content: &Body) -> Option<Body> {
    match content {
        Body::UsageCorrected(corrected) if corrected.original.is_some() => {
            let mut sent = corrected.clone();
            sent.original = None;
            Some(Body::UsageCorrected(sent))
        }
        Body::UsageCancelled(cancelled) if cancelled.original.is_some() => {
            let mut sent = cancelled.clone();
            sent.original = None;
            Some(Body::UsageCancelled(sent))
        }
        _ => None,
    }
}
