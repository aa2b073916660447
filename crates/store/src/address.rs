//! Addresses of stores as people write them, and as they are written down.

use crate::StoreError;
use std::path::{Path, PathBuf};
use url::Url;

/// The absolute form of an address: that of a path is `file:///…`.
///
/// # Errors
/// What is no address, or holds a password.
pub fn address(text: &str) -> Result<String, StoreError> {
    let refused = |what: &str| StoreError::Address {
        url: text.to_owned(),
        what: what.to_owned(),
    };
    if !text.contains("://") {
        if text.is_empty() {
            return Err(refused("it is empty; give a folder or a URL"));
        }
        let path = std::path::absolute(text).map_err(|_| refused("it is no path"))?;
        let url = Url::from_directory_path(path).map_err(|()| refused("it is no path"))?;
        return Ok(trimmed(&url));
    }
    let url =
        Url::parse(text).map_err(|error| refused(&format!("{error}; write file:///FOLDER")))?;
    if url.password().is_some() || url.query().is_some() {
        return Err(refused(
            "keys do not belong in an address; give them in the environment",
        ));
    }
    if url.scheme() == "file" && url.to_file_path().is_err() {
        return Err(refused("write file:///FOLDER, with three slashes"));
    }
    Ok(trimmed(&url))
}

fn trimmed(url: &Url) -> String {
    match url.as_str().trim_end_matches('/') {
        // The root has no other name.
        "file:" => "file:///".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// The folder of an address of one; none for a cloud's.
pub fn folder(url: &str) -> Option<PathBuf> {
    let url = Url::parse(url).ok()?;
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

/// Creates the folder of an address that is one's; what was created lasts.
pub(crate) fn create_folder(url: &str) -> Result<(), StoreError> {
    let Some(folder) = folder(url) else {
        return Ok(());
    };
    let failed = |source: std::io::Error| StoreError::Failed {
        doing: "create",
        url: url.to_owned(),
        name: "the folder".to_owned(),
        source: source.into(),
    };
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let mut made: Option<&Path> = Some(&folder);
    while let Some(parent) = made.and_then(Path::parent) {
        sync_folder(parent).map_err(failed)?;
        made = Some(parent);
    }
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    match std::fs::File::open(folder) {
        // One that may not be read was not made here.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        opened => opened?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        let cases = [
            ("file:///a/b", Some("file:///a/b")),
            ("file:///a/b/", Some("file:///a/b")),
            ("/a/b/", Some("file:///a/b")),
            ("/", Some("file:///")),
            ("file:///", Some("file:///")),
            ("s3://bucket/in/it/", Some("s3://bucket/in/it")),
            ("", None),
            ("file://a/b", None),
            ("s3://key:secret@bucket", None),
            ("az://container?sig=1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(address(text).ok().as_deref(), expected, "{text}");
        }
        let relative = address("archive").unwrap();
        assert!(relative.starts_with("file:///") && relative.ends_with("/archive"));
    }
}
