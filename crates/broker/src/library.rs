//! The broker's libraries: fetched by Maven once, kept below the target directory.

use crate::BrokerError;
use crate::{home, share, tools};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POM: &str = include_str!("pom.xml");
const LOGGING: &str = include_str!("log4j2.xml");

/// What a broker is started from.
pub(crate) struct Library {
    folder: PathBuf,
    sharing: Option<String>,
}

impl Library {
    /// A `java` with the broker's libraries, up to the class.
    pub(crate) fn java(&self, heap_megabytes: u32) -> Vec<String> {
        let logging = self.folder.join("log4j2.xml");
        let mut java = vec!["java".to_owned()];
        java.extend(self.sharing.clone());
        java.extend([
            format!("-Xmx{heap_megabytes}m"),
            format!("-Dlog4j2.configurationFile={}", logging.display()),
            "-cp".to_owned(),
            format!("{}/*", self.folder.display()),
        ]);
        java
    }

    fn new(folder: PathBuf) -> Library {
        Library {
            folder,
            sharing: None,
        }
    }

    /// Where the classes are that brokers begin with.
    pub(crate) fn archive(&self) -> PathBuf {
        self.folder.join("classes.jsa")
    }

    /// The same, of which a broker writes its classes there when it ends.
    pub(crate) fn learning(&self, archive: &Path) -> Library {
        let sharing = Some(format!("-XX:ArchiveClassesAtExit={}", archive.display()));
        Library {
            folder: self.folder.clone(),
            sharing,
        }
    }

    /// With the classes that are there.
    fn shared(mut self) -> Library {
        let archive = self.archive();
        let bytes = fs::metadata(&archive).map_or(0, |metadata| metadata.len());
        if bytes > 0 {
            self.sharing = Some(format!("-XX:SharedArchiveFile={}", archive.display()));
        }
        self
    }
}

/// Makes sure that brokers can be started: Java, and the libraries. The packages that had to be installed for it.
pub fn prepare() -> Result<Vec<&'static str>, BrokerError> {
    Ok(find()?.1)
}

/// The libraries; fetched first where they are not there yet.
pub(crate) fn library() -> Result<Library, BrokerError> {
    Ok(find()?.0)
}

fn find() -> Result<(Library, Vec<&'static str>), BrokerError> {
    let home = home();
    fs::create_dir_all(&home).map_err(BrokerError::io("create", &home))?;
    let folder = home.join(format!("libraries-{}", name()));
    // Of several processes that begin at once, one installs and fetches; the others find it done.
    let lock = home.join("lock");
    let file = File::create(&lock).map_err(BrokerError::io("open", &lock))?;
    file.lock().map_err(BrokerError::io("lock", &lock))?;
    let mut installed = Vec::new();
    installed.extend(tools::java()?);
    if !folder.is_dir() {
        installed.extend(tools::maven()?);
        fetch(&home, &folder)?;
    }
    let library = Library::new(folder);
    share::prepare(&library, &home)?;
    Ok((library.shared(), installed))
}

/// Changes with what is fetched, so that another list of libraries is another folder.
fn name() -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in POM.bytes().chain(LOGGING.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// The folder appears under its name when everything is in it.
fn fetch(home: &Path, folder: &Path) -> Result<(), BrokerError> {
    let partial = home.join("fetching");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(BrokerError::io("remove", &partial))?;
    }
    fs::create_dir_all(&partial).map_err(BrokerError::io("create", &partial))?;
    for (name, text) in [("pom.xml", POM), ("log4j2.xml", LOGGING)] {
        let path = partial.join(name);
        fs::write(&path, text).map_err(BrokerError::io("write", &path))?;
    }
    eprintln!(
        "fetching Apache Kafka from Maven Central into {}",
        folder.display()
    );
    let mut maven = Command::new("mvn");
    maven.args([
        "-q",
        "-B",
        "dependency:copy-dependencies",
        "-DoutputDirectory=.",
    ]);
    maven.arg("-DincludeScope=runtime").current_dir(&partial);
    let output = maven
        .stdin(Stdio::null())
        .output()
        .map_err(BrokerError::io("run", Path::new("mvn")))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        return Err(BrokerError::Failed {
            what: "fetching Apache Kafka with mvn",
            output: tail(&String::from_utf8_lossy(&text)),
        });
    }
    fs::rename(&partial, folder).map_err(BrokerError::io("create", folder))
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    const LINES: usize = 30;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
