//! Classes of a broker as Java keeps them once they are loaded: brokers start in half the time with them.

use crate::BrokerError;
use crate::cluster::Files;
use crate::library::Library;
use crate::settings::Settings;
use std::fs;
use std::path::{Path, PathBuf};

/// Lets a broker start once and write down which classes it loaded; takes some seconds, once.
///
/// Without them brokers start all the same: a Java that cannot do it leaves an empty file, and is not asked again.
pub(crate) fn prepare(library: &Library, home: &Path) -> Result<(), BrokerError> {
    let archive = library.archive();
    if archive.exists() {
        return Ok(());
    }
    let partial = archive.with_extension("partial");
    if learn(library, home.join("sharing"), &partial).is_err() || !partial.exists() {
        fs::write(&partial, []).map_err(BrokerError::io("write", &partial))?;
    }
    fs::rename(&partial, &archive).map_err(BrokerError::io("create", &archive))
}

fn learn(library: &Library, folder: PathBuf, partial: &Path) -> Result<(), BrokerError> {
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(BrokerError::io("remove", &folder))?;
    }
    let settings = Settings::one();
    let learning = library.learning(partial);
    let mut files = Files::create(&settings, library, folder)?;
    for node in &mut files.nodes {
        node.start(&learning, settings.heap_megabytes)?;
        node.ready()?;
        node.stop()?;
    }
    Ok(())
}
