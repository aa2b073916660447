//! The hash of a body, by which the same key with another body is seen.

use crate::input::body;
use std::cell::RefCell;
use umbral_model::input::{Body, Input};
use xxhash_rust::xxh3::xxh3_64;

/// Hash of the input's body over its canonical protobuf bytes: the same for the same body in whichever
/// form it came.
pub fn body_hash(input: &Input) -> u64 {
    thread_local! {
        /// One buffer for a thread: this is done for every input.
        static HASHER: RefCell<BodyHasher> = RefCell::default();
    }
    HASHER.with_borrow_mut(|hasher| hasher.hash(&input.body))
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
        match content {
            Body::UsageCorrected(corrected) if corrected.original.is_some() => {
                let mut sent = corrected.clone();
                sent.original = None;
                body::put(&Body::UsageCorrected(sent), &mut self.buffer);
            }
            Body::UsageCancelled(cancelled) if cancelled.original.is_some() => {
                let mut sent = cancelled.clone();
                sent.original = None;
                body::put(&Body::UsageCancelled(sent), &mut self.buffer);
            }
            _ => body::put(content, &mut self.buffer),
        }
        xxh3_64(&self.buffer)
    }
}
