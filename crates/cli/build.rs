//! Embeds what the binary carries: the error pages of `docs/errors` and the demo's catalog.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?)
        .join("../..")
        .canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    embed(
        &root.join("docs/errors"),
        &["md"],
        "PAGES",
        &out.join("pages.rs"),
    )?;
    let demo = root.join("examples/catalogs/demo");
    embed(
        &demo,
        &["toml", "csv"],
        "CATALOG",
        &out.join("demo_catalog.rs"),
    )
}

/// Writes a table of (path within `folder`, content) of all files with one of the extensions, by path.
fn embed(folder: &Path, extensions: &[&str], name: &str, target: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    collect(folder, extensions, &mut files)?;
    files.sort();
    let mut code = format!("pub(crate) static {name}: &[(&str, &str)] = &[\n");
    for file in &files {
        let inner = file.strip_prefix(folder).map_err(io::Error::other)?;
        let inner = inner.to_string_lossy().replace('\\', "/");
        writeln!(code, "    ({inner:?}, include_str!({file:?})),").map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    fs::write(target, code)
}

fn collect(folder: &Path, extensions: &[&str], files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, extensions, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
        {
            files.push(path);
        }
    }
    Ok(())
}
