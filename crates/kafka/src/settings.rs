//! The section `[kafka]` of `umbral.toml`.

use crate::client;
use crate::oauth::{OAuth, Tokens};
use crate::reach;
use crate::secret::{self, Librdkafka, Secret, Source, Veil, is_secret};
use crate::topics::Topic;
use crate::watch::Access;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use umbral_store::StoreError;

/// How Umbral is to use Kafka.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Addresses of some brokers, with commas between.
    pub bootstrap: String,
    /// What names of topics, of the group and of transactional ids begin with.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// The stable name of this instance; the machine's when absent.
    pub instance: Option<String>,
    /// Copies of the topics that are created.
    #[serde(default = "default_replication")]
    pub replication: u16,
    /// Whether brokers elsewhere may be spoken to without TLS.
    #[serde(default)]
    pub allow_plaintext: bool,
    /// Whether this instance routes records of the inbox as well.
    #[serde(default = "yes")]
    pub router: bool,
    /// Whether to go on where input topics forgot records before they were taken.
    #[serde(default)]
    pub skip_lost: bool,
    /// Partitions of other instances that are followed, to take over faster.
    #[serde(default)]
    pub standby: u16,
    /// The object store of the snapshots: a URL, or the path of a folder.
    pub snapshots: Option<String>,
    /// The folder of the mirrors that commands make of the journal; below the user's cache when absent.
    pub mirror: Option<PathBuf>,
    /// Names of topics where they are not `<prefix>.<word>`.
    #[serde(default)]
    pub topics: BTreeMap<Topic, String>,
    /// Formats of what comes in.
    #[serde(default)]
    pub input: Input,
    /// What goes out, and how.
    #[serde(default)]
    pub output: Output,
    /// When a transaction is committed.
    #[serde(default)]
    pub transaction: Transaction,
    /// Where tokens come from, for OAUTHBEARER.
    pub oauth: Option<OAuth>,
    /// Settings of librdkafka for all clients.
    #[serde(default)]
    pub librdkafka: Librdkafka,
}

/// How records are written.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JSON, as in files.
    #[default]
    Json,
    /// Protobuf, as in `proto/umbral/v1`.
    Protobuf,
}

/// Formats of the input topics.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// Of usage records.
    pub usage: Format,
    /// Of purchases.
    pub purchases: Format,
    /// Of bills and payments.
    pub billing: Format,
    /// Of customers and their numbers.
    pub customers: Format,
    /// Of catalogs.
    pub catalog: Format,
    /// Of records that are keyed by number.
    pub inbox: Format,
}

/// The derived topics.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Output {
    /// How events are written.
    pub format: Format,
    /// Whether there is a topic with a record for each charge.
    pub rated: bool,
    /// Ids of schemas, where records are framed as Confluent's serializers do it.
    pub schema_ids: BTreeMap<Topic, u32>,
}

impl Default for Output {
    fn default() -> Output {
        Output {
            format: Format::Protobuf,
            rated: true,
            schema_ids: BTreeMap::new(),
        }
    }
}

/// When a transaction is committed: at whichever comes first.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Transaction {
    /// Records in it.
    pub records: u32,
    /// Milliseconds since its first record.
    pub milliseconds: u32,
}

impl Default for Transaction {
    fn default() -> Transaction {
        Transaction {
            records: 10_000,
            milliseconds: 20,
        }
    }
}

fn default_prefix() -> String {
    "umbral".to_owned()
}

fn yes() -> bool {
    true
}

fn default_replication() -> u16 {
    3
}

/// A setting that cannot be used.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
#[error("{what}: {mend}")]
pub struct SettingsError {
    /// What is wrong with which one.
    pub what: String,
    /// What to write instead.
    pub mend: String,
}

impl SettingsError {
    pub(crate) fn new(what: impl Into<String>, mend: impl Into<String>) -> SettingsError {
        SettingsError {
            what: what.into(),
            mend: mend.into(),
        }
    }
}

/// Longest transaction, in milliseconds: brokers end those that are much longer.
const TRANSACTION_MILLISECONDS_MAX: u32 = 10_000;

/// Longest name of a topic that Kafka takes.
const NAME_LENGTH_MAX: usize = 249;

impl Settings {
    /// Takes paths as meant from this folder.
    pub fn resolve(&mut self, base: &Path) {
        for (name, source) in &mut self.librdkafka.0 {
            source.resolve(base);
            if let Source::Inline(value) = source
                && is_path(name)
                && value.expose() != "probe"
            {
                let path = base.join(value.expose());
                *source = Source::Inline(Secret::new(path.to_string_lossy()));
            }
        }
        if let Some(oauth) = &mut self.oauth {
            oauth.resolve(base);
        }
        self.mirror = self.mirror.take().map(|mirror| base.join(mirror));
        if let Some(snapshots) = &mut self.snapshots
            && !snapshots.contains("://")
        {
            *snapshots = base.join(&*snapshots).to_string_lossy().into_owned();
        }
    }

    /// Checks everything that can be checked without a broker.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.check_numbers()?;
        self.check_names()?;
        secret::check_names(self.librdkafka.0.keys())?;
        client::check_owned(self.librdkafka.0.keys())?;
        let mut framed = self.output.schema_ids.keys();
        if let Some(topic) = framed.find(|topic| !topic.is_derived()) {
            return Err(SettingsError::new(
                format!("schema_ids of [kafka.output] names {}", topic.word()),
                "only derived topics are framed: credit, collections, loyalty, rated, quarantine",
            ));
        }
        self.check_files()?;
        self.check_oauth()?;
        if let Some(snapshots) = &self.snapshots {
            check_store(snapshots)?;
        }
        reach::check(self)
    }

    /// Files that settings name are there; librdkafka does not say which one is not.
    fn check_files(&self) -> Result<(), SettingsError> {
        for (name, value) in self.values()? {
            let path = value.expose();
            if !is_path(name) || path.is_empty() || path == "probe" {
                continue;
            }
            std::fs::File::open(path).map_err(|error| {
                SettingsError::new(
                    format!("\"{name}\" of [kafka.librdkafka]: cannot read {path}: {error}"),
                    "what it names must be there when the service starts",
                )
            })?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), SettingsError> {
        let wrong = |what: &str, mend: &str| Err(SettingsError::new(what, mend));
        if self.replication == 0 {
            return wrong(
                "replication of [kafka] is 0",
                "give at least 1, or leave it out for 3",
            );
        }
        if self.transaction.records == 0 {
            return wrong(
                "records of [kafka.transaction] is 0",
                "give at least 1, or leave it out for 10000",
            );
        }
        match self.transaction.milliseconds {
            0 => wrong(
                "milliseconds of [kafka.transaction] is 0",
                "give at least 1, or leave it out for 20",
            ),
            TRANSACTION_MILLISECONDS_MAX.. => wrong(
                "milliseconds of [kafka.transaction] is 10000 or more",
                "give less, 20 for example: nothing is visible before its transaction is committed",
            ),
            _ => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), SettingsError> {
        check_name("prefix of [kafka]", &self.prefix)?;
        if let Some(instance) = &self.instance {
            check_name("instance of [kafka]", instance)?;
        }
        let mut seen = BTreeSet::new();
        for topic in Topic::ALL {
            let name = self.topic(topic);
            check_name(&format!("the name of the topic {}", topic.word()), &name)?;
            if !seen.insert(name.clone()) {
                return Err(SettingsError::new(
                    format!("two topics have the name {name}"),
                    "give each its own in [kafka.topics]",
                ));
            }
        }
        Ok(())
    }

    /// Tokens are shown where they are asked for, and come from somewhere.
    fn check_oauth(&self) -> Result<(), SettingsError> {
        let wrong = |what: &str, mend: &str| Err(SettingsError::new(what, mend));
        let is = |name: &str, values: &[&str]| -> Result<bool, SettingsError> {
            let value = self.value(name)?;
            let value = value.as_ref().map_or("", Secret::expose);
            Ok(values.iter().any(|one| one.eq_ignore_ascii_case(value)))
        };
        if is("sasl.oauthbearer.method", &["oidc"])?
            || is("enable.sasl.oauthbearer.unsecure.jwt", &["true"])?
        {
            return wrong(
                "librdkafka of this build gets no tokens by itself (\"sasl.oauthbearer.method\", \"enable.sasl.oauthbearer.unsecure.jwt\")",
                "leave these settings out, and have another program get tokens: token_file or token_command of [kafka.oauth], see docs/kafka.md",
            );
        }
        let bearer = &["OAUTHBEARER"];
        let shows = is("sasl.mechanism", bearer)? || is("sasl.mechanisms", bearer)?;
        let asked = is("security.protocol", &["sasl_ssl", "sasl_plaintext"])?;
        match &self.oauth {
            None if shows => wrong(
                "\"sasl.mechanism\" is OAUTHBEARER, and there is no token to show",
                "say where tokens come from: token_file or token_command of [kafka.oauth], see docs/kafka.md",
            ),
            Some(_) if !shows || !asked => wrong(
                "[kafka.oauth] is for brokers that ask for tokens",
                "set \"sasl.mechanism\" to \"OAUTHBEARER\" and \"security.protocol\" to \"SASL_SSL\" in [kafka.librdkafka], or leave it out",
            ),
            Some(oauth) => oauth.check(),
            None => Ok(()),
        }
    }

    /// What lets clients in; with tokens, the first one is there.
    pub(crate) fn access(&self) -> Result<Access, SettingsError> {
        let veil = self.veil()?;
        let tokens = match &self.oauth {
            None => None,
            Some(oauth) => {
                let tokens = Tokens::new(oauth.clone(), veil.clone());
                tokens.current()?;
                Some(Arc::new(tokens))
            }
        };
        Ok(Access { veil, tokens })
    }

    /// The name of a topic.
    pub fn topic(&self, topic: Topic) -> String {
        match self.topics.get(&topic) {
            Some(name) => name.clone(),
            None => format!("{}.{}", self.prefix, topic.word()),
        }
    }

    /// How the values of an input topic are written.
    pub fn format(&self, topic: Topic) -> Format {
        match topic {
            Topic::Usage => self.input.usage,
            Topic::Purchases => self.input.purchases,
            Topic::Billing => self.input.billing,
            Topic::Inbox => self.input.inbox,
            Topic::Customers => self.input.customers,
            _ => Format::Json,
        }
    }

    /// The stable name of this instance.
    pub fn instance(&self) -> Result<String, SettingsError> {
        let name = self.instance.clone().or_else(client::host_name);
        name.ok_or_else(|| {
            SettingsError::new(
                "this machine has no name",
                "give instance in [kafka] a name that stays the same over restarts",
            )
        })
    }

    /// The value of a setting of librdkafka, if it is given.
    pub(crate) fn value(&self, name: &str) -> Result<Option<Secret>, SettingsError> {
        let source = self.librdkafka.0.get(name);
        source.map(|source| read(name, source)).transpose()
    }

    /// All settings of librdkafka that are given, with their values.
    pub(crate) fn values(&self) -> Result<Vec<(&str, Secret)>, SettingsError> {
        let read = |(name, source): (&'_ String, &Source)| read(name, source);
        let names = self.librdkafka.0.keys().map(String::as_str);
        let values: Result<Vec<_>, _> = self.librdkafka.0.iter().map(read).collect();
        Ok(names.zip(values?).collect())
    }

    /// What covers the secrets of these settings in texts that others wrote.
    pub fn veil(&self) -> Result<Veil, SettingsError> {
        let mut secrets = Vec::new();
        for (name, source) in &self.librdkafka.0 {
            if is_secret(name) || !matches!(source, Source::Inline(_)) {
                secrets.push(read(name, source)?);
            }
        }
        Ok(Veil::new(secrets))
    }
}

fn read(name: &str, source: &Source) -> Result<Secret, SettingsError> {
    source.read().map_err(|why| {
        SettingsError::new(
            format!("\"{name}\" of [kafka.librdkafka]"),
            format!("{why}; what it names must be there when the service starts"),
        )
    })
}

/// Where snapshots may be, as far as that is seen by the address.
fn check_store(snapshots: &str) -> Result<(), SettingsError> {
    const STORES: [&str; 8] = ["file", "s3", "s3a", "gs", "az", "abfs", "abfss", "https"];
    let mend = "give the path of a folder, file:///FOLDER, s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or az://CONTAINER/FOLDER";
    let address = umbral_store::address(snapshots).map_err(|error| {
        // The address itself may have a password in it.
        let what = match error {
            StoreError::Address { what, .. } => what,
            other => other.to_string(),
        };
        SettingsError::new(format!("snapshots of [kafka]: {what}"), mend)
    })?;
    let scheme = address.split(':').next().unwrap_or_default();
    match STORES.contains(&scheme) {
        true => Ok(()),
        false => Err(SettingsError::new(
            format!("snapshots of [kafka] begins with {scheme}:, which is no store of objects"),
            mend,
        )),
    }
}

/// Whether a setting of librdkafka is the path of a file.
fn is_path(name: &str) -> bool {
    name.ends_with(".location") || name == "sasl.kerberos.keytab"
}

/// Names that Kafka takes for topics, and that do not change in messages.
fn check_name(what: &str, name: &str) -> Result<(), SettingsError> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    if name.is_empty() || name == "." || name == ".." {
        return Err(SettingsError::new(
            format!("{what} is {name:?}"),
            "give it a name of letters, digits, dots, dashes and underscores",
        ));
    }
    if let Some(letter) = name.chars().find(|letter| !is_letter(*letter)) {
        return Err(SettingsError::new(
            format!("{what} is {name:?}, with {letter:?} in it"),
            "use letters a-z, digits, dots, dashes and underscores",
        ));
    }
    if name.len() > NAME_LENGTH_MAX {
        return Err(SettingsError::new(
            format!("{what} has {} letters", name.len()),
            "use 249 at most",
        ));
    }
    Ok(())
}
