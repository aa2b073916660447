//! The topics of a deployment: what each has to be like, and how that compares with what is there.

use crate::settings::Settings;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A topic, by what is in it.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Usage records.
    Usage,
    /// Purchases.
    Purchases,
    /// Bills and payments.
    Billing,
    /// Customers and their numbers.
    Customers,
    /// Catalogs.
    Catalog,
    /// Records that are keyed by number, for the router.
    Inbox,
    /// Inputs and events of all accounts: the truth.
    Journal,
    /// Warnings, limits, restrictions.
    Credit,
    /// Cases and steps.
    Collections,
    /// Points, tiers and cards.
    Loyalty,
    /// Charges, one record each.
    Rated,
    /// Records that could not be taken.
    Quarantine,
    /// Who holds which number.
    Directory,
    /// Records of numbers that nobody holds yet.
    Parked,
    /// How far files were sent.
    Ingest,
}

/// Who uses a topic for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Input,
    Catalog,
    Journal,
    Derived,
    Compacted,
    Progress,
}

impl Topic {
    /// All of them.
    pub const ALL: [Topic; 15] = [
        Topic::Usage,
        Topic::Purchases,
        Topic::Billing,
        Topic::Customers,
        Topic::Catalog,
        Topic::Inbox,
        Topic::Journal,
        Topic::Credit,
        Topic::Collections,
        Topic::Loyalty,
        Topic::Rated,
        Topic::Quarantine,
        Topic::Directory,
        Topic::Parked,
        Topic::Ingest,
    ];

    /// Its word in configurations and, after the prefix, in its name.
    pub fn word(self) -> &'static str {
        match self {
            Topic::Usage => "usage",
            Topic::Purchases => "purchases",
            Topic::Billing => "billing",
            Topic::Customers => "customers",
            Topic::Catalog => "catalog",
            Topic::Inbox => "inbox",
            Topic::Journal => "journal",
            Topic::Credit => "credit",
            Topic::Collections => "collections",
            Topic::Loyalty => "loyalty",
            Topic::Rated => "rated",
            Topic::Quarantine => "quarantine",
            Topic::Directory => "directory",
            Topic::Parked => "parked",
            Topic::Ingest => "ingest",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Topic::Usage | Topic::Purchases | Topic::Billing | Topic::Customers | Topic::Inbox => {
                Kind::Input
            }
            Topic::Catalog => Kind::Catalog,
            Topic::Journal => Kind::Journal,
            Topic::Credit
            | Topic::Collections
            | Topic::Loyalty
            | Topic::Rated
            | Topic::Quarantine => Kind::Derived,
            Topic::Directory | Topic::Parked => Kind::Compacted,
            Topic::Ingest => Kind::Progress,
        }
    }

    /// Whether it holds what follows from inputs, for others to read.
    pub fn is_derived(self) -> bool {
        self.kind() == Kind::Derived
    }
}

/// What a topic has to be like.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Which one.
    pub topic: Topic,
    /// Its name.
    pub name: String,
    /// Its partitions, for good.
    pub partitions: u16,
    /// Copies of each.
    pub replication: u16,
    /// Settings of the topic, by the broker's names.
    pub settings: BTreeMap<&'static str, String>,
}

/// Name of the setting for how many copies must have a record before it counts as written.
const IN_SYNC: &str = "min.insync.replicas";
const CLEANUP: &str = "cleanup.policy";
const RETENTION: &str = "retention.ms";
const RETENTION_BYTES: &str = "retention.bytes";
const LARGEST: &str = "max.message.bytes";
const COMPRESSION: &str = "compression.type";

const FOREVER: &str = "-1";
const SEVEN_DAYS: &str = "604800000";
const MEBIBYTES_8: &str = "8388608";
const MEBIBYTES_32: &str = "33554432";

/// Every topic of a deployment.
pub fn wanted(settings: &Settings, partitions: u16) -> Vec<Wanted> {
    Topic::ALL
        .into_iter()
        .filter(|topic| *topic != Topic::Rated || settings.output.rated)
        .map(|topic| one(settings, partitions, topic))
        .collect()
}

fn one(settings: &Settings, partitions: u16, topic: Topic) -> Wanted {
    let kind = topic.kind();
    let is_forever = matches!(kind, Kind::Journal | Kind::Catalog);
    let cleanup = match kind {
        Kind::Compacted | Kind::Progress => "compact",
        _ => "delete",
    };
    let largest = match kind {
        Kind::Journal | Kind::Catalog => MEBIBYTES_32,
        _ => MEBIBYTES_8,
    };
    let mut of_topic = BTreeMap::from([
        (CLEANUP, cleanup.to_owned()),
        (LARGEST, largest.to_owned()),
        // What clients compressed stays as it is.
        (COMPRESSION, "producer".to_owned()),
        (
            IN_SYNC,
            settings.replication.saturating_sub(1).max(1).to_string(),
        ),
    ]);
    if !matches!(kind, Kind::Compacted | Kind::Progress) {
        let retention = if is_forever { FOREVER } else { SEVEN_DAYS };
        of_topic.insert(RETENTION, retention.to_owned());
    }
    if is_forever {
        of_topic.insert(RETENTION_BYTES, FOREVER.to_owned());
    }
    Wanted {
        topic,
        name: settings.topic(topic),
        partitions: match kind {
            Kind::Catalog | Kind::Progress => 1,
            _ => partitions,
        },
        replication: settings.replication,
        settings: of_topic,
    }
}

/// What a broker says of a topic.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Its partitions.
    pub partitions: usize,
    /// The fewest copies that any of them has.
    pub replication: usize,
    /// Its settings, with what it has from the broker's defaults.
    pub settings: BTreeMap<String, String>,
}

/// A topic as it should be, beside what is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compared {
    /// As it should be.
    pub wanted: Wanted,
    /// How it is.
    pub state: State,
}

/// How a topic is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// It is not there.
    Missing,
    /// It is there; where it differs, if anywhere.
    There(Vec<Difference>),
}

/// Where a topic is not as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What differs: `partitions`, `replication`, or a setting by the broker's name.
    pub setting: String,
    /// As it should be.
    pub wanted: String,
    /// As it is.
    pub found: String,
    /// Whether Umbral cannot work with it.
    pub is_fatal: bool,
    /// What does without touching the topic, if anything does.
    pub instead: Option<String>,
    /// What an operator would run, with `<topic>` in place of the name.
    template: String,
    /// What has to be known before.
    pub note: Option<String>,
}

impl Difference {
    /// What an operator would run for this topic.
    pub fn command(&self, topic: &str) -> String {
        self.template.replace("<topic>", topic)
    }
}

impl Compared {
    /// Its differences.
    pub fn differences(&self) -> &[Difference] {
        match &self.state {
            State::Missing => &[],
            State::There(differences) => differences,
        }
    }

    /// Whether it is not there.
    pub fn is_missing(&self) -> bool {
        self.state == State::Missing
    }

    /// Whether Umbral cannot work with it as it is.
    pub fn is_unusable(&self) -> bool {
        self.differences()
            .iter()
            .any(|difference| difference.is_fatal)
    }
}

/// Compares what should be with what there is; the bootstrap is for the commands that are named.
pub fn compare(
    wanted: Vec<Wanted>,
    found: &BTreeMap<String, Found>,
    bootstrap: &str,
) -> Vec<Compared> {
    wanted
        .into_iter()
        .map(|wanted| {
            let state = match found.get(&wanted.name) {
                None => State::Missing,
                Some(found) => State::There(differences(&wanted, found, bootstrap)),
            };
            Compared { wanted, state }
        })
        .collect()
}

fn differences(wanted: &Wanted, found: &Found, bootstrap: &str) -> Vec<Difference> {
    let mut all = Vec::new();
    if found.partitions != usize::from(wanted.partitions) {
        all.push(Difference {
            setting: "partitions".to_owned(),
            wanted: wanted.partitions.to_string(),
            found: found.partitions.to_string(),
            is_fatal: true,
            instead: Some(match wanted.topic.kind() {
                Kind::Catalog | Kind::Progress => {
                    "give another prefix in [kafka], or another name in [kafka.topics]: the topic is somebody else's".to_owned()
                }
                _ => format!(
                    "set partitions = {} in the configuration, or another prefix in [kafka]: accounts stay where they are",
                    found.partitions
                ),
            }),
            template: format!("kafka-topics.sh --bootstrap-server {bootstrap} --delete --topic <topic>"),
            note: Some("deletes all that is there: only while nothing was ever written; then umbral topics create".to_owned()),
        });
    }
    if found.replication < usize::from(wanted.replication) {
        all.push(Difference {
            setting: "replication".to_owned(),
            wanted: wanted.replication.to_string(),
            found: found.replication.to_string(),
            // Then nothing can be written.
            is_fatal: copies_in_sync(found) > found.replication,
            instead: None,
            template: format!("kafka-reassign-partitions.sh --bootstrap-server {bootstrap} --execute --reassignment-json-file FILE"),
            note: Some(format!("FILE names {} replicas for each partition", wanted.replication)),
        });
    }
    for (name, value) in &wanted.settings {
        let there = found.settings.get(*name).map(String::as_str);
        if let Some(is_fatal) = judge(wanted, found, name, value, there) {
            all.push(Difference {
                setting: (*name).to_owned(),
                wanted: value.clone(),
                found: there.unwrap_or("unknown").to_owned(),
                is_fatal,
                instead: None,
                template: format!("kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name <topic> --add-config {name}={value}"),
                note: None,
            });
        }
    }
    all
}

/// How many copies must have a record before it counts as written.
fn copies_in_sync(found: &Found) -> usize {
    let in_sync = found.settings.get(IN_SYNC);
    in_sync.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Whether the value of a setting differs so that it matters, and then whether Umbral cannot work with it.
fn judge(
    wanted: &Wanted,
    found: &Found,
    name: &str,
    value: &str,
    there: Option<&str>,
) -> Option<bool> {
    let there = there?;
    let number = |text: &str| text.parse::<i64>().unwrap_or(i64::MAX);
    let is_journal = wanted.topic == Topic::Journal;
    match name {
        IN_SYNC => {
            // With more than there are copies nothing can be written, with fewer a broker's loss loses records.
            let is_fatal =
                number(there) < number(value) || copies_in_sync(found) > found.replication;
            (there != value).then_some(is_fatal)
        }
        CLEANUP => (there != value).then_some(true),
        RETENTION | RETENTION_BYTES => {
            let is_shorter =
                there != FOREVER && (value == FOREVER || number(there) < number(value));
            is_shorter.then_some(is_journal)
        }
        LARGEST => (number(there) < number(value)).then_some(is_journal),
        _ => (there != value).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        toml::from_str(&format!("bootstrap = \"localhost:9092\"\n{text}")).expect("settings")
    }

    /// A topic as it should be.
    fn perfect(wanted: &Wanted) -> Found {
        let settings = wanted.settings.iter();
        Found {
            partitions: wanted.partitions.into(),
            replication: wanted.replication.into(),
            settings: settings
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        }
    }

    #[test]
    fn the_plan_of_a_deployment() {
        let lines: Vec<String> = wanted(&settings("prefix = \"p\"\n[topics]\nusage = \"cdr\""), 8)
            .iter()
            .map(|wanted| {
                let of = |name| wanted.settings.get(name).map_or("", String::as_str);
                format!(
                    "{} {} x{} {} {} {} {}",
                    wanted.name,
                    wanted.partitions,
                    wanted.replication,
                    of(CLEANUP),
                    of(RETENTION),
                    of(LARGEST),
                    of(IN_SYNC)
                )
            })
            .collect();
        let expected = [
            "cdr 8 x3 delete 604800000 8388608 2",
            "p.purchases 8 x3 delete 604800000 8388608 2",
            "p.billing 8 x3 delete 604800000 8388608 2",
            "p.customers 8 x3 delete 604800000 8388608 2",
            "p.catalog 1 x3 delete -1 33554432 2",
            "p.inbox 8 x3 delete 604800000 8388608 2",
            "p.journal 8 x3 delete -1 33554432 2",
            "p.credit 8 x3 delete 604800000 8388608 2",
            "p.collections 8 x3 delete 604800000 8388608 2",
            "p.loyalty 8 x3 delete 604800000 8388608 2",
            "p.rated 8 x3 delete 604800000 8388608 2",
            "p.quarantine 8 x3 delete 604800000 8388608 2",
            "p.directory 8 x3 compact  8388608 2",
            "p.parked 8 x3 compact  8388608 2",
            "p.ingest 1 x3 compact  8388608 2",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn without_rated_records_there_is_no_topic_for_them() {
        let settings = settings("replication = 1\n[output]\nrated = false");
        let all = wanted(&settings, 8);
        assert!(all.iter().all(|wanted| wanted.topic != Topic::Rated));
        assert!(all.iter().all(|wanted| wanted.settings[IN_SYNC] == "1"));
    }

    #[test]
    fn differences_are_judged() {
        // Topic, what is found there, and whether that is nothing, harmless or fatal.
        let cases = [
            (Topic::Journal, CLEANUP, "compact", Some(true)),
            (Topic::Journal, CLEANUP, "compact,delete", Some(true)),
            (Topic::Journal, RETENTION, "604800000", Some(true)),
            (Topic::Journal, RETENTION_BYTES, "1073741824", Some(true)),
            (Topic::Journal, LARGEST, "1048588", Some(true)),
            (Topic::Journal, LARGEST, "67108864", None),
            (Topic::Journal, IN_SYNC, "1", Some(true)),
            (Topic::Journal, IN_SYNC, "3", Some(false)),
            (Topic::Journal, IN_SYNC, "4", Some(true)),
            (Topic::Journal, COMPRESSION, "zstd", Some(false)),
            (Topic::Usage, RETENTION, "86400000", Some(false)),
            (Topic::Usage, RETENTION, "864000000", None),
            (Topic::Usage, RETENTION, "-1", None),
            (Topic::Usage, CLEANUP, "compact", Some(true)),
            (Topic::Usage, LARGEST, "1048588", Some(false)),
            (Topic::Catalog, RETENTION, "604800000", Some(false)),
            (Topic::Directory, CLEANUP, "delete", Some(true)),
        ];
        let plan = wanted(&settings(""), 8);
        for (topic, name, value, expected) in cases {
            let wanted = plan
                .iter()
                .find(|wanted| wanted.topic == topic)
                .expect("in the plan");
            let mut found = perfect(wanted);
            assert_eq!(differences(wanted, &found, "b"), []);
            found.settings.insert(name.to_owned(), value.to_owned());
            let judged: Vec<_> = differences(wanted, &found, "b")
                .iter()
                .map(|difference| {
                    (
                        difference.setting.clone(),
                        difference.found.clone(),
                        difference.is_fatal,
                    )
                })
                .collect();
            let expected = expected.map(|is_fatal| (name.to_owned(), value.to_owned(), is_fatal));
            assert_eq!(judged, Vec::from_iter(expected), "{topic:?} {name} {value}");
        }
    }

    #[test]
    fn partitions_and_copies_are_compared() {
        let plan = wanted(&settings(""), 8);
        let journal = plan
            .iter()
            .find(|wanted| wanted.topic == Topic::Journal)
            .expect("in the plan");
        for (partitions, replication, expected) in [
            (8, 3, vec![]),
            (8, 5, vec![]),
            (16, 3, vec![("partitions", true)]),
            (8, 2, vec![("replication", false)]),
            (4, 1, vec![("partitions", true), ("replication", true)]),
        ] {
            let found = Found {
                partitions,
                replication,
                ..perfect(journal)
            };
            let differences = differences(journal, &found, "broker:1");
            let judged: Vec<_> = differences
                .iter()
                .map(|difference| (difference.setting.as_str(), difference.is_fatal))
                .collect();
            assert_eq!(judged, expected, "{partitions} {replication}");
            assert!(
                differences
                    .iter()
                    .all(|difference| difference.command("t").contains("broker:1"))
            );
        }
        let compared = compare(plan.clone(), &BTreeMap::new(), "b");
        assert!(compared.iter().all(Compared::is_missing));
    }
}
