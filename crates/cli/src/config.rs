//! `umbral.toml`: what the service is told.

use crate::args::MAX_THREADS;
use crate::failure::Failure;
use crate::output::Out;
use crate::output::complain;
use crate::output::problem::{Place, Problem};
use crate::service::follow::REST;
use serde::Deserialize;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use umbral_runtime::{ArchiveOptions, ClockMode, SnapshotOptions};

/// Fewer octets of a file of the log are not taken: each begins with a header of some pages.
pub(crate) const SEGMENT_BYTES_MIN: u64 = 1 << 14;

/// The service's configuration. Paths are relative to the file's folder.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The data directory; not with Kafka.
    pub(crate) data: Option<PathBuf>,
    /// The brokers; not with a data directory.
    pub(crate) kafka: Option<umbral_kafka::Settings>,
    /// The catalog with which a new data directory begins.
    pub(crate) catalog: Option<PathBuf>,
    /// Partitions of a new data directory, or of the topics.
    pub(crate) partitions: Option<u16>,
    /// Where time comes from.
    #[serde(default)]
    pub(crate) clock: ClockKind,
    /// Worker threads; the machine's cores when absent.
    pub(crate) threads: Option<usize>,
    /// Most records of one batch.
    pub(crate) batch: Option<usize>,
    /// Octets after which a file of the log is sealed.
    pub(crate) segment_bytes: Option<u64>,
    /// Keys of inputs that may be kept to recognise repeats.
    pub(crate) window_keys: Option<u64>,
    /// Address of `/metrics` and `/health`.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// When snapshots are taken.
    #[serde(default)]
    pub(crate) snapshots: Snapshots,
    /// Where sealed segments of the journal go.
    pub(crate) archive: Option<Archive>,
    /// Drop folders.
    #[serde(default)]
    pub(crate) follow: Vec<Follow>,
    /// The file that it was read from.
    #[serde(skip)]
    pub(crate) path: PathBuf,
}

/// Where sealed segments of the journal go.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    /// A URL, or the path of a folder.
    url: String,
    /// Newest sealed segments that stay in the log all the same.
    #[serde(default)]
    keep: usize,
}

impl Archive {
    /// As the engine takes it.
    pub(crate) fn options(&self) -> ArchiveOptions {
        ArchiveOptions {
            url: self.url.clone(),
            keep: self.keep,
        }
    }
}

/// Where time comes from.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClockKind {
    /// The machine's clock
    #[default]
    Wall,
    /// The records themselves, for historical files
    Event,
}

impl ClockKind {
    /// As the engine takes it.
    pub(crate) fn mode(self) -> ClockMode {
        match self {
            ClockKind::Wall => ClockMode::wall(),
            ClockKind::Event => ClockMode::Event,
        }
    }
}

/// A folder into which files are dropped.
#[derive(Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Follow {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// How its files are read, for CSV and fixed-width files.
    pub(crate) mapping: Option<PathBuf>,
    /// For how many seconds a file has to be unchanged before it is taken.
    rest_seconds: Option<u32>,
}

impl Follow {
    /// How long a file has to rest before it is taken.
    pub(crate) fn rest(&self) -> Duration {
        self.rest_seconds
            .map_or(REST, |seconds| Duration::from_secs(seconds.into()))
    }
}

/// When snapshots are taken, and whether one is used.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshots {
    /// Minutes between two.
    every_minutes: Option<u32>,
    /// Megabytes of journal between two.
    every_megabytes: Option<u32>,
    /// Whether one is taken when the service stops.
    at_stop: Option<bool>,
    /// Whether a start uses the newest one.
    #[serde(rename = "use")]
    used: Option<bool>,
}

impl Snapshots {
    /// As the engine takes it.
    pub(crate) fn options(self) -> SnapshotOptions {
        let mut options = SnapshotOptions::default();
        if let Some(minutes) = self.every_minutes {
            options.every = Duration::from_secs(60 * u64::from(minutes));
        }
        if let Some(megabytes) = self.every_megabytes {
            options.every_bytes = u64::from(megabytes) << 20;
        }
        if self.at_stop == Some(false) {
            options.stop_bytes = u64::MAX;
        }
        options.read = self.used.unwrap_or(options.read);
        options
    }

    fn has_zero(self) -> bool {
        self.every_minutes == Some(0) || self.every_megabytes == Some(0)
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9464))
}

/// Reads and checks a configuration file.
pub(crate) fn read(path: &Path, out: &Out) -> Result<Config, Failure> {
    let text = crate::folder::read_text(path)?;
    let mut config: Config = toml::from_str(&text).map_err(|error| {
        let problem = Problem {
            code: None,
            is_warning: false,
            title: error
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            place: error
                .span()
                .map(|span| Place::new(&path.to_string_lossy(), &veiled(&text), span, "")),
            notes: vec![format!(
                "the settings are described in {}",
                described(&text, error.span())
            )],
        };
        complain(&problem.render(out.paint_err()));
        Failure::usage(format!("{} cannot be used", path.display()))
    })?;
    path.clone_into(&mut config.path);
    check(&config, path)?;
    let base = path.parent().unwrap_or(Path::new(""));
    config.data = config.data.map(|data| base.join(data));
    if let Some(kafka) = &mut config.kafka {
        kafka.resolve(base);
        let checked = kafka.check();
        checked.map_err(|wrong| Failure::usage(format!("{}: {wrong}", path.display())))?;
    }
    config.catalog = config.catalog.map(|catalog| base.join(catalog));
    if let Some(archive) = &mut config.archive
        && !archive.url.contains("://")
    {
        archive.url = base.join(&archive.url).to_string_lossy().into_owned();
    }
    for follow in &mut config.follow {
        follow.folder = base.join(&follow.folder);
        follow.mapping = follow.mapping.as_ref().map(|mapping| base.join(mapping));
    }
    Ok(config)
}

/// The page about the settings around a place.
fn described(text: &str, place: Option<std::ops::Range<usize>>) -> &'static str {
    let before = place.and_then(|place| text.get(..place.end));
    let mut lines = before.unwrap_or_default().lines().rev();
    let header = lines.find(|line| is_header(line)).unwrap_or_default();
    let table = header.trim().trim_start_matches('[').trim_start();
    match table.starts_with("kafka") {
        true => "docs/kafka.md",
        false => "docs/cli.md",
    }
}

/// The text with stars in place of values that may be secrets, of the same length up to there.
fn veiled(text: &str) -> String {
    const SECRET: [&str; 5] = ["password", "passphrase", "secret", "token", "pem"];
    let (mut is_free, mut is_in_text) = (false, false);
    let lines = text.split_inclusive('\n').map(|line| {
        let is_header = is_header(line);
        if is_header {
            is_free = line.contains("librdkafka") || line.contains("oauth");
        }
        let name = line.to_ascii_lowercase();
        let is_secret = SECRET.iter().any(|word| name.contains(word));
        // Somebody may have put name and password before an address.
        let is_secret = is_secret || name.contains('@');
        let hides = is_free || is_secret || is_in_text || name.contains("librdkafka");
        let shown = if is_in_text { 0 } else { name_length(line) };
        let marks = line.matches("\"\"\"").count() + line.matches("'''").count();
        is_in_text ^= marks % 2 == 1;
        match hides && !is_header {
            true => Cow::Owned(format!("{}{}", &line[..shown], starred(&line[shown..]))),
            false => Cow::Borrowed(line),
        }
    });
    lines.collect()
}

/// How many octets of a line are a name and its sign, if it has them.
fn name_length(line: &str) -> usize {
    let Some(sign) = line.find('=') else {
        return 0;
    };
    let name = &line[..sign];
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || "_-.\"' ".contains(letter);
    let quotes = name.matches(['"', '\'']).count();
    match name.chars().all(is_of_names) && quotes <= 2 {
        true => sign + 1,
        false => 0,
    }
}

/// Whether a line begins a table; texts of several lines may have brackets, too.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let is_of_names = |letter: char| letter.is_ascii_alphanumeric() || "_-.\"' []".contains(letter);
    line.starts_with('[') && line.ends_with(']') && line.chars().all(is_of_names)
}

/// As many octets as before, so that places stay where they are; how many were secret is not to be seen.
fn starred(value: &str) -> String {
    let line_end = if value.ends_with('\n') { "\n" } else { "" };
    let width = value.len() - line_end.len();
    format!("{:<width$}{line_end}", &" ***"[..width.min(4)])
}

fn check(config: &Config, path: &Path) -> Result<(), Failure> {
    let wrong = if config.data.is_none() && config.kafka.is_none() {
        "neither data nor [kafka]: give the data directory, or the brokers"
    } else if config.data.is_some() && config.kafka.is_some() {
        "both data and [kafka]: a deployment is in a data directory or on Kafka; leave one out"
    } else if config.threads == Some(0) {
        "threads is 0: give at least one, or leave it out for one per core"
    } else if config.threads > Some(usize::from(MAX_THREADS)) {
        "threads is more than 256: give fewer, or leave it out for one per core"
    } else if config.batch == Some(0) {
        "batch is 0: give at least 1, or leave it out"
    } else if config
        .segment_bytes
        .is_some_and(|bytes| bytes < SEGMENT_BYTES_MIN)
    {
        "segment_bytes is less than 16384: give more, or leave it out for 256 MiB"
    } else if config.window_keys == Some(0) {
        "window_keys is 0: give more, or leave it out for 1000000000"
    } else if config.partitions == Some(0) {
        "partitions is 0: give at least 1, or leave it out for 64"
    } else if config.snapshots.has_zero() {
        "every_minutes or every_megabytes of snapshots is 0: give at least 1, or leave it out"
    } else {
        return Ok(());
    };
    Err(Failure::usage(format!("{}: {wrong}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> bool {
        toml::from_str::<Config>(text).is_err()
    }

    #[test]
    fn a_deployment_is_in_one_place() {
        let kafka = "[kafka]\nbootstrap = \"localhost:9092\"\n";
        for (text, expected) in [
            ("data = \"d\"\n".to_owned(), None),
            (kafka.to_owned(), None),
            ("threads = 2\n".to_owned(), Some("neither data nor [kafka]")),
            (format!("data = \"d\"\n{kafka}"), Some("leave one out")),
        ] {
            let config = toml::from_str(&text).expect("known settings");
            let wrong = match check(&config, Path::new("u.toml")) {
                Err(Failure::Told(told)) => Some(told.message),
                _ => None,
            };
            assert_eq!(wrong.is_some(), expected.is_some(), "{text}");
            assert!(
                wrong
                    .unwrap_or_default()
                    .contains(expected.unwrap_or_default()),
                "{text}"
            );
        }
    }

    #[test]
    fn excerpts_show_no_secrets() {
        let text = "data = \"d\"\n[kafka]\nprefix = 5\n\"sasl.password\" = \"zebra1\"\nlibrdkafka = { a = \"zebra2\" }\n\
                    [kafka.librdkafka] # ours\n\"ssl.key.pem\" = \"\"\"\nzebra3ü==\nzebra5=\n\"\"\"\nx = \"zebra4\"\ny: \"zebra6=\"\n[archive]\nurl = \"u\"\n";
        let veiled = veiled(text);
        assert!(!veiled.contains("zebra"), "{veiled}");
        assert_eq!(veiled.len(), text.len());
        assert!(veiled.contains("prefix = 5\n") && veiled.contains("url = \"u\"\n"));
        assert!(veiled.contains("\"sasl.password\" = *** "), "{veiled}");
    }

    #[test]
    fn only_known_settings_are_taken() {
        let full = "data = \"d\"\ncatalog = \"c\"\nclock = \"event\"\nthreads = 2\nbatch = 10\n\
                    segment_bytes = 65536\nwindow_keys = 1000\n\
                    listen = \"127.0.0.1:1\"\n[snapshots]\nevery_minutes = 5\nuse = false\n[archive]\nurl = \"file:///a\"\nkeep = 2\n[[follow]]\nfolder = \"in\"\nmapping = \"m.toml\"\n";
        assert!(!refused(full));
        assert!(refused("data = \"d\"\nthread = 2\n"), "a misspelt key");
        assert!(refused("data = \"d\"\n[snapshots]\nevery = 5\n"), "no unit");
        assert!(
            refused("data = \"d\"\nclock = \"moon\"\n"),
            "an unknown clock"
        );
        assert!(
            refused("data = \"d\"\nlisten = \"9464\"\n"),
            "an address without host"
        );
        assert!(
            refused("data = \"d\"\n[[follow]]\nfolders = \"in\"\n"),
            "a misspelt key below"
        );
    }
}
