//! What librdkafka is told, for each thing that a client is for.

use crate::settings::{Settings, SettingsError};
use rdkafka::ClientConfig;

/// What a client is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Reads inputs as a member of the group: the consumer of a worker.
    Member {
        /// The worker, from 0.
        worker: u16,
    },
    /// Writes journal, outputs and positions in transactions: the producer of a worker.
    Writer {
        /// The worker, from 0.
        worker: u16,
    },
    /// Reads the inbox as a member of the routers' group.
    Router,
    /// Writes what was routed, in transactions.
    RouterWriter,
    /// Writes records in transactions from outside of the engine: the producer of a command.
    Command(&'static str),
    /// Reads partitions that it chooses itself, committed records only.
    Reader,
    /// Writes outside of transactions.
    Sender,
    /// Asks for and creates topics.
    Admin,
}

/// What Umbral sets where nothing else is given.
const DEFAULTS: [(&str, &str); 4] = [
    ("linger.ms", "1"),
    ("socket.nagle.disable", "true"),
    ("reconnect.backoff.max.ms", "1000"),
    ("topic.metadata.propagation.max.ms", "5000"),
];

/// Of clients that read.
const READ_DEFAULTS: [(&str, &str); 5] = [
    // The default of a second leaves a fast reader waiting most of the time.
    ("fetch.queue.backoff.ms", "2"),
    ("fetch.wait.max.ms", "50"),
    ("fetch.message.max.bytes", "8388608"),
    ("session.timeout.ms", "6000"),
    ("heartbeat.interval.ms", "1500"),
];

/// Of clients that write.
const WRITE_DEFAULTS: [(&str, &str); 4] = [
    ("message.max.bytes", "33554432"),
    ("compression.type", "lz4"),
    ("transaction.timeout.ms", "15000"),
    ("queue.buffering.max.messages", "1000000"),
];

/// Settings that are Umbral's own, and why.
const OWNED: [(&str, &str); 22] = [
    ("bootstrap.servers", "the brokers are bootstrap of [kafka]"),
    (
        "metadata.broker.list",
        "the brokers are bootstrap of [kafka]",
    ),
    ("client.id", "it is made of instance of [kafka]"),
    ("group.id", "the group has the name of prefix of [kafka]"),
    ("group.instance.id", "it is made of instance of [kafka]"),
    (
        "transactional.id",
        "it is made of prefix and instance of [kafka], one for each worker",
    ),
    ("enable.idempotence", "nothing counts once without it"),
    ("acks", "only what all replicas in sync have is durable"),
    (
        "request.required.acks",
        "only what all replicas in sync have is durable",
    ),
    (
        "enable.auto.commit",
        "positions are committed with what follows from the records",
    ),
    (
        "auto.commit.enable",
        "positions are committed with what follows from the records",
    ),
    (
        "auto.commit.interval.ms",
        "positions are committed with what follows from the records",
    ),
    (
        "enable.auto.offset.store",
        "positions are committed with what follows from the records",
    ),
    (
        "auto.offset.reset",
        "where to read from stands in the journal",
    ),
    ("isolation.level", "only committed records are read"),
    (
        "partition.assignment.strategy",
        "partition n of every topic belongs to one worker",
    ),
    (
        "group.protocol",
        "partition n of every topic belongs to one worker",
    ),
    (
        "group.remote.assignor",
        "partition n of every topic belongs to one worker",
    ),
    (
        "partitioner",
        "records go to the partition of their account",
    ),
    (
        "allow.auto.create.topics",
        "topics are created by umbral topics create",
    ),
    (
        "enable.partition.eof",
        "the readers of the journal need it as they set it",
    ),
    (
        "log.queue",
        "logs are taken by Umbral, which covers secrets in them",
    ),
];

/// Refuses settings that are Umbral's own.
pub(crate) fn check_owned<'a>(
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), SettingsError> {
    for name in names {
        let owned = OWNED
            .iter()
            .find(|(owned, _)| owned.eq_ignore_ascii_case(name));
        if let Some((owned, why)) = owned {
            return Err(SettingsError::new(
                format!("\"{owned}\" of [kafka.librdkafka] is not free to set"),
                format!("{why}; leave it out"),
            ));
        }
    }
    Ok(())
}

impl Settings {
    /// What librdkafka is told for a client of this role. It holds secrets: it is for creating the client, not for
    /// showing.
    pub fn client(&self, role: Role) -> Result<ClientConfig, SettingsError> {
        let mut config = ClientConfig::new();
        let mut defaults = DEFAULTS.to_vec();
        match role {
            Role::Member { .. } | Role::Router | Role::Reader => defaults.extend(READ_DEFAULTS),
            Role::Writer { .. } | Role::RouterWriter | Role::Command(_) | Role::Sender => {
                defaults.extend(WRITE_DEFAULTS)
            }
            Role::Admin => {}
        }
        if matches!(role, Role::Member { .. }) {
            defaults.push(("statistics.interval.ms", "5000"));
        }
        for (name, value) in defaults {
            config.set(name, value);
        }
        for (name, value) in self.values()? {
            config.set(name, value.expose());
        }
        for (name, value) in self.owned(role)? {
            config.set(name, value);
        }
        Ok(config)
    }

    /// What is Umbral's own, for this role.
    fn owned(&self, role: Role) -> Result<Vec<(&'static str, String)>, SettingsError> {
        let instance = self.instance()?;
        let mut owned = vec![
            ("bootstrap.servers", self.bootstrap.clone()),
            ("client.id", format!("umbral-{instance}")),
        ];
        let mut set = |name, value: &str| owned.push((name, value.to_owned()));
        match role {
            Role::Member { worker } => {
                set("group.id", &self.group());
                set("group.instance.id", &format!("{instance}-{worker}"));
                set("partition.assignment.strategy", "range");
                set("auto.offset.reset", "error");
            }
            Role::Router => {
                set("group.id", &format!("{}.router", self.prefix));
                set("group.instance.id", &format!("{instance}-router"));
                set("auto.offset.reset", "error");
            }
            Role::RouterWriter => {
                let id = format!("{}-{instance}-router", self.prefix);
                set("transactional.id", &id);
                set("enable.idempotence", "true");
            }
            // librdkafka asks every consumer for a group, also one that joins none.
            Role::Reader => {
                set("group.id", &self.group());
                set("auto.offset.reset", "error");
            }
            Role::Writer { worker } => {
                let id = format!("{}-{instance}-{worker}", self.prefix);
                set("transactional.id", &id);
                set("enable.idempotence", "true");
            }
            Role::Command(command) => {
                let id = format!("{}-{instance}-{command}", self.prefix);
                set("transactional.id", &id);
                set("enable.idempotence", "true");
            }
            Role::Sender => set("enable.idempotence", "true"),
            Role::Admin => {}
        }
        if matches!(role, Role::Member { .. } | Role::Router | Role::Reader) {
            set("enable.auto.commit", "false");
            set("enable.auto.offset.store", "false");
            set("isolation.level", "read_committed");
            set("allow.auto.create.topics", "false");
        }
        Ok(owned)
    }

    /// The consumer group of all instances.
    pub fn group(&self) -> String {
        self.prefix.clone()
    }
}

/// The name of this machine, as far as it may stand in names.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| {
            let output = std::process::Command::new("hostname").output().ok()?;
            String::from_utf8(output.stdout).ok()
        })?;
    let plain = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "._-".contains(letter) => letter,
        _ => '-',
    };
    let name: String = name.trim().chars().map(plain).collect();
    (!name.is_empty()).then_some(name)
}
