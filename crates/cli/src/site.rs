//! Where a deployment is that a command is about: in a data directory, or on Kafka, of whose journal the command reads
//! a mirror on this machine.

use crate::commands::topics;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::output::Out;
use crate::output::progress::bar;
use crate::service::kafka;
use clap::Args;
use std::path::{Path, PathBuf};
use umbral_history::History;
use umbral_kafka::{Deployment, Mirrors, Settings};
use umbral_model::ids::{AccountId, PartitionNo};
use umbral_runtime::partitioner::partition_of_account;

/// The deployment that a command is about.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Site {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// In place of --data, the configuration of the service: for a deployment on Kafka
    #[arg(long, value_name = "umbral.toml")]
    pub(crate) config: Option<PathBuf>,
}

/// A deployment that was found.
pub(crate) enum Found {
    /// In a data directory.
    Data(PathBuf),
    /// On Kafka.
    Kafka(Box<OnKafka>),
}

/// A deployment on Kafka.
pub(crate) struct OnKafka {
    /// Its configuration.
    pub(crate) config: Config,
    /// It.
    pub(crate) deployment: Deployment,
}

impl Site {
    /// As it is written on the command line.
    pub(crate) fn option(&self) -> String {
        match (&self.data, &self.config) {
            (Some(data), _) => format!("--data {}", data.display()),
            (None, Some(config)) => format!("--config {}", config.display()),
            (None, None) => String::new(),
        }
    }

    /// Finds out where it is.
    pub(crate) fn find(&self, out: &Out) -> Result<Found, Failure> {
        if let Some(data) = &self.data {
            return Ok(Found::Data(data.clone()));
        }
        let Some(path) = &self.config else {
            return Err(Failure::usage("neither --data nor --config is given"));
        };
        let config = config::read(path, out)?;
        if let Some(data) = config.data {
            return Ok(Found::Data(data));
        }
        on_kafka(config).map(|found| Found::Kafka(Box::new(found)))
    }

    /// The data directory, for what makes no sense on Kafka; `why` says so and what to do there.
    pub(crate) fn data_only(&self, why: &str, out: &Out) -> Result<PathBuf, Failure> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let config = self.config.as_deref();
        let config = config.map(|path| config::read(path, out)).transpose()?;
        config
            .and_then(|config| config.data)
            .ok_or_else(|| Failure::usage(format!("a deployment on Kafka {why}")))
    }

    /// What an account's questions are answered from: of a deployment on Kafka the account's partition.
    pub(crate) fn of_account(&self, account: &AccountId, out: &Out) -> Result<History, Failure> {
        match self.find(out)? {
            Found::Data(data) => open(&data),
            Found::Kafka(found) => {
                let partition = partition_of_account(account, found.deployment.partitions);
                let mirrors = found.mirrors()?;
                extend(&mirrors, &[partition], out)?;
                open(&mirrors.dir(partition))
            }
        }
    }

    /// All of a deployment: on Kafka each partition is a log of its own.
    pub(crate) fn parts(&self, out: &Out) -> Result<Vec<History>, Failure> {
        match self.find(out)? {
            Found::Data(data) => Ok(vec![open(&data)?]),
            Found::Kafka(found) => found.parts(&found.partitions(), out),
        }
    }
}

impl OnKafka {
    /// All partitions.
    pub(crate) fn partitions(&self) -> Vec<PartitionNo> {
        (0..self.deployment.partitions).map(PartitionNo).collect()
    }

    /// Its mirrors.
    pub(crate) fn mirrors(&self) -> Result<Mirrors, Failure> {
        let cache = cache(self.deployment.settings())?;
        Ok(Mirrors::new(self.deployment.clone(), &cache))
    }

    /// The histories of these partitions, up to now.
    pub(crate) fn parts(
        &self,
        partitions: &[PartitionNo],
        out: &Out,
    ) -> Result<Vec<History>, Failure> {
        let mirrors = self.mirrors()?;
        extend(&mirrors, partitions, out)?;
        histories(&mirrors, partitions)
    }
}

/// The deployment on Kafka of a configuration, if its journal is there.
pub(crate) fn on_kafka(config: Config) -> Result<OnKafka, Failure> {
    let Some(settings) = &config.kafka else {
        return Err(Failure::usage("there is no [kafka]"));
    };
    let deployment = kafka::deployment(settings, &config)?;
    if let Err(error) = deployment.check_journal() {
        if !matches!(error, umbral_kafka::Error::Brokers(_)) {
            // Comparing all topics takes more rights, and tells more.
            topics::require(settings, &config)?;
        }
        return Err(kafka::failure(&error));
    }
    Ok(OnKafka { config, deployment })
}

/// Brings mirrors up to date, with a bar.
pub(crate) fn extend(
    mirrors: &Mirrors,
    partitions: &[PartitionNo],
    out: &Out,
) -> Result<(), Failure> {
    let bar = bar(out, Some(0), "records");
    bar.set_prefix("reading the journal");
    let extended = mirrors.extend(partitions, &mut |read, total| {
        bar.set_length(total);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    extended.map_err(|error| kafka::failure(&error))
}

/// The histories in mirrors.
pub(crate) fn histories(
    mirrors: &Mirrors,
    partitions: &[PartitionNo],
) -> Result<Vec<History>, Failure> {
    let dirs = partitions.iter().map(|partition| mirrors.dir(*partition));
    dirs.map(|dir| open(&dir)).collect()
}

/// The history of a data directory.
pub(crate) fn open(data: &Path) -> Result<History, Failure> {
    History::open(data).map_err(|error| Failure::history(&error))
}

/// The folder of the mirrors.
fn cache(settings: &Settings) -> Result<PathBuf, Failure> {
    if let Some(mirror) = &settings.mirror {
        return Ok(mirror.clone());
    }
    let folder = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("umbral")).ok_or_else(|| {
        Failure::usage("there is no folder for the mirror of the journal")
            .note("set mirror in [kafka] to one, or XDG_CACHE_HOME")
    })
}
