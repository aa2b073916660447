//! Stores behind the `object_store` crate.

use crate::{Content, Objects, Sink, StoreError, address};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// Octets of one piece: what is held in memory, and what clouds take as a part of an upload.
const PIECE_BYTES: usize = 8 << 20;

/// A store with the runtime that its requests run on.
struct Remote {
    url: String,
    store: Box<dyn ObjectStore>,
    folder: Path,
    runtime: Runtime,
}

/// Opens the store at an absolute address.
pub(crate) fn open(url: &str) -> Result<Arc<dyn Objects>, StoreError> {
    let refused = |what: String| StoreError::Address {
        url: url.to_owned(),
        what,
    };
    let (store, folder): (Box<dyn ObjectStore>, Path) = match address::folder(url) {
        Some(path) if !path.is_dir() => {
            return Err(refused(
                "there is no such folder; mount it, or put it back".to_owned(),
            ));
        }
        Some(path) => {
            let store = LocalFileSystem::new_with_prefix(path);
            let store = store.map_err(|error| refused(error.to_string()))?;
            (Box::new(store.with_fsync(true)), Path::default())
        }
        None => cloud(url, &refused)?,
    };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| refused(error.to_string()))?;
    Ok(Arc::new(Remote {
        url: url.to_owned(),
        store,
        folder,
        runtime,
    }))
}

fn cloud(
    url: &str,
    refused: &dyn Fn(String) -> StoreError,
) -> Result<(Box<dyn ObjectStore>, Path), StoreError> {
    let parsed = Url::parse(url).map_err(|error| refused(error.to_string()))?;
    if parsed.scheme() == "memory" {
        return Err(refused(
            "what is in memory is gone with the process".to_owned(),
        ));
    }
    if !cfg!(feature = "cloud")
        && matches!(
            parsed.scheme(),
            "s3" | "s3a" | "gs" | "az" | "abfs" | "abfss" | "https"
        )
    {
        return Err(refused(
            "this build knows folders only; build umbral with `--features cloud`".to_owned(),
        ));
    }
    object_store::parse_url_opts(&parsed, std::env::vars())
        .map_err(|error| refused(error.to_string()))
}

impl Remote {
    fn path(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    fn failed(&self, doing: &'static str, name: &str, error: object_store::Error) -> StoreError {
        let (url, name) = (self.url.clone(), name.to_owned());
        match error {
            object_store::Error::NotFound { .. } => StoreError::Missing { url, name },
            error => StoreError::Failed {
                doing,
                url,
                name,
                source: error.into(),
            },
        }
    }

    /// The pieces of an object that has more than one: the store shows it when it is whole.
    async fn put_pieces(
        &self,
        upload: &mut dyn MultipartUpload,
        name: &str,
        first: Vec<u8>,
        content: &mut Content<'_>,
    ) -> Result<(), StoreError> {
        let mut piece = first;
        while !piece.is_empty() {
            let put = upload.put_part(piece.into()).await;
            put.map_err(|error| self.failed("put", name, error))?;
            piece = next_piece(content)?;
        }
        let completed = upload.complete().await;
        completed.map_err(|error| self.failed("put", name, error))?;
        Ok(())
    }
}

/// The next piece of exactly [`PIECE_BYTES`] octets, less at the end only.
fn next_piece(content: &mut Content<'_>) -> Result<Vec<u8>, StoreError> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    let mut more = Vec::new();
    while piece.len() < PIECE_BYTES {
        more.clear();
        more.reserve(PIECE_BYTES - piece.len());
        content(&mut more).map_err(StoreError::Caller)?;
        if more.is_empty() {
            break;
        }
        piece.extend_from_slice(&more);
    }
    Ok(piece)
}

impl Objects for Remote {
    fn url(&self) -> &str {
        &self.url
    }

    fn put(&self, name: &str, content: &mut Content<'_>) -> Result<(), StoreError> {
        let path = self.path(name);
        let first = next_piece(content)?;
        self.runtime.block_on(async {
            if first.len() < PIECE_BYTES {
                let put = self.store.put(&path, first.into()).await;
                return match put {
                    Ok(_) => Ok(()),
                    Err(error) => Err(self.failed("put", name, error)),
                };
            }
            let upload = self.store.put_multipart(&path).await;
            let mut upload = upload.map_err(|error| self.failed("put", name, error))?;
            let put = self.put_pieces(upload.as_mut(), name, first, content).await;
            if put.is_err() {
                // What is left of it is no object; the store's own rules take it away.
                let _ = upload.abort().await;
            }
            put
        })
    }

    fn get(&self, name: &str, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let path = self.path(name);
        let Some(size) = self.size(name)? else {
            return Err(StoreError::Missing {
                url: self.url.clone(),
                name: name.to_owned(),
            });
        };
        let mut at = 0;
        while at < size {
            let end = size.min(at + PIECE_BYTES as u64);
            let read = self.runtime.block_on(self.store.get_range(&path, at..end));
            let read = read.map_err(|error| self.failed("read", name, error))?;
            if read.is_empty() {
                break;
            }
            sink(&read).map_err(StoreError::Caller)?;
            at += read.len() as u64;
        }
        Ok(())
    }

    fn size(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let head = self.runtime.block_on(self.store.head(&self.path(name)));
        match head {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("look for", name, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_any_size_are_read_as_they_were_put() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("a/b");
        let url = folder.to_str().unwrap();
        assert!(crate::open(url).is_err(), "a folder that is not there");
        let store = crate::create(url).unwrap();
        for size in [
            0,
            1,
            PIECE_BYTES - 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            3 * PIECE_BYTES,
        ] {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
            store.put_bytes("one", &bytes).unwrap();
            assert_eq!(store.size("one").unwrap(), Some(size as u64));
            assert!(store.get_bytes("one").unwrap() == bytes, "{size}");
        }
        assert!(
            crate::open(store.url())
                .unwrap()
                .size("one")
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn what_cannot_be_put_or_read_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let store = crate::create(temp.path().to_str().unwrap()).unwrap();
        assert!(matches!(
            store.get_bytes("none"),
            Err(StoreError::Missing { .. })
        ));
        assert_eq!(store.size("none").unwrap(), None);
        for pieces in [1, 20] {
            let mut left = pieces;
            let put = store.put("half", &mut |piece| {
                left -= 1;
                piece.resize(1 << 20, 7);
                if left == 0 {
                    return Err(std::io::Error::other("the disk is gone"));
                }
                Ok(())
            });
            assert!(matches!(put, Err(StoreError::Caller(_))));
            assert_eq!(store.size("half").unwrap(), None, "half an object");
        }
        assert!(crate::open("memory:///").is_err());
        assert!(crate::open("nonsense://x").is_err());
    }
}
