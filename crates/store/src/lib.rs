//! Objects by name, outside of any data directory: in a folder, or in an object store of a cloud.
//!
//! What is in an object is not known here. The only crate that knows the `object_store` crate and its runtime;
//! everything is called from plain threads and returns when it is done.

mod address;
mod remote;

pub use address::{address, folder};

use std::error::Error;
use std::io;
use std::sync::Arc;

/// The content of an object to be put, piece by piece: each call fills the empty buffer with the next piece,
/// and leaves it empty at the end.
pub type Content<'a> = dyn FnMut(&mut Vec<u8>) -> io::Result<()> + 'a;

/// Takes the content of an object, piece by piece.
pub type Sink<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// Octets that are handed to a store at once, where the content is at hand.
const PIECE_BYTES: usize = 1 << 20;

/// Where objects are.
pub trait Objects: Send + Sync {
    /// Its address: absolute, without secrets.
    fn url(&self) -> &str;

    /// Puts an object. It is there wholly or not at all, and lasts when this returns; an older one of that
    /// name is replaced.
    ///
    /// # Errors
    /// What the store says, or what `content` says.
    fn put(&self, name: &str, content: &mut Content<'_>) -> Result<(), StoreError>;

    /// Reads an object from its beginning to its end.
    ///
    /// # Errors
    /// [`StoreError::Missing`], what the store says, or what `sink` says.
    fn get(&self, name: &str, sink: &mut Sink<'_>) -> Result<(), StoreError>;

    /// Puts an object whose content is at hand.
    ///
    /// # Errors
    /// As [`Objects::put`].
    fn put_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let mut pieces = bytes.chunks(PIECE_BYTES);
        self.put(name, &mut |piece| {
            piece.extend_from_slice(pieces.next().unwrap_or_default());
            Ok(())
        })
    }

    /// The whole content of an object.
    ///
    /// # Errors
    /// As [`Objects::get`].
    fn get_bytes(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.get(name, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Octets of an object; none if it is not there.
    ///
    /// # Errors
    /// What the store says.
    fn size(&self, name: &str) -> Result<Option<u64>, StoreError>;
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none, or of a kind that this build does not know.
    #[error("{url:?} cannot be used: {what}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it, and what to do.
        what: String,
    },
    /// There is no such object.
    #[error("{name} is not in {url}")]
    Missing {
        /// Where.
        url: String,
        /// Its name.
        name: String,
    },
    /// The store failed.
    #[error("cannot {doing} {name} in {url}")]
    Failed {
        /// A verb.
        doing: &'static str,
        /// Where.
        url: String,
        /// The object.
        name: String,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The caller's side failed: what was to be put could not be read, or what was read not be kept.
    #[error(transparent)]
    Caller(io::Error),
}

/// Opens the store at an address: `file:///folder`, the path of a folder, or with the feature `cloud`
/// `s3://bucket/folder`, `gs://bucket/folder`, `az://container/folder`.
///
/// Keys, regions and endpoints of clouds come from the environment, under the names that their own tools use.
///
/// # Errors
/// An address that this build cannot use, or a folder that is not there.
pub fn open(url: &str) -> Result<Arc<dyn Objects>, StoreError> {
    remote::open(&address(url)?)
}

/// As [`open`]; a folder that is not there is created.
///
/// # Errors
/// As [`open`], or a folder that cannot be created.
pub fn create(url: &str) -> Result<Arc<dyn Objects>, StoreError> {
    let url = address(url)?;
    address::create_folder(&url)?;
    remote::open(&url)
}
