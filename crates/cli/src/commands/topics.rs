//! `umbral topics`: what the topics of a broker have to be like, what is there, and what is missing.

use crate::config::{self, Config};
use crate::failure::{Exit, Failure};
use crate::output::Out;
use crate::output::table::{Align, Table};
use crate::text::count;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use umbral_kafka::topics::{Compared, Difference, compare, wanted};
use umbral_kafka::{Admin, AdminError, Settings};

/// Compare the topics of a broker with what they have to be, and create what is missing.
#[derive(clap::Subcommand, Debug)]
#[command(after_help = "Examples:
  umbral topics plan --config umbral.toml
  umbral topics create --config umbral.toml")]
pub(crate) enum Command {
    /// Show every topic, and what is missing or different on the broker; nothing is changed
    #[command(after_help = "Examples:
  umbral topics plan --config umbral.toml
  umbral topics plan --config umbral.toml -o json

Exit code 3: a topic that is there cannot be used as it is, or no broker answers.")]
    Plan(Args),
    /// Create the topics that are missing; what is there is never changed
    #[command(after_help = "Examples:
  umbral topics create --config umbral.toml

A topic that is there and cannot be used as it is ends this with exit code 3, before anything is created:
the number of partitions, a journal that forgets, too few copies in sync. What an operator can do about it is
named. Other differences are warnings.")]
    Create(Args),
}

/// Where the brokers are.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// The configuration file, with [kafka]
    #[arg(long, value_name = "umbral.toml")]
    config: PathBuf,
}

/// Runs the command.
pub(crate) fn run(command: &Command, out: &mut Out) -> Result<Exit, Failure> {
    match command {
        Command::Plan(args) => plan(args, out),
        Command::Create(args) => create(args, out),
    }
}

fn plan(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let (admin, topics) = look(args, out)?;
    show(&admin, &topics, &[], args, out)?;
    if topics.iter().any(Compared::is_unusable) {
        return Err(unusable(&topics));
    }
    Ok(Exit::Done)
}

fn create(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let (admin, topics) = look(args, out)?;
    if topics.iter().any(Compared::is_unusable) {
        return Err(unusable(&topics));
    }
    let missing: Vec<_> = topics.iter().filter(|topic| topic.is_missing()).collect();
    let created: Vec<_> = missing.iter().map(|topic| &topic.wanted).collect();
    if !created.is_empty() {
        admin.create(&created).map_err(|error| told(&error))?;
    }
    let names: Vec<_> = created.iter().map(|topic| topic.name.as_str()).collect();
    show(&admin, &topics, &names, args, out)?;
    Ok(Exit::Done)
}

/// Whether all topics are there and can be used; says what to do if not.
pub(crate) fn require(kafka: &Settings, config: &Config) -> Result<(), Failure> {
    let (_, topics) = look_at(kafka, config)?;
    if topics.iter().any(Compared::is_unusable) {
        return Err(unusable(&topics));
    }
    let missing: Vec<_> = topics.iter().filter(|topic| topic.is_missing()).collect();
    if let Some(first) = missing.first() {
        let title = match missing.len() {
            1 => format!("topic {} is missing", first.wanted.name),
            count => format!(
                "{count} topics are missing, {} for example",
                first.wanted.name
            ),
        };
        return Err(Failure::unusable(title).note(creating(&config.path)));
    }
    Ok(())
}

/// The command that creates topics.
fn creating(config: &Path) -> String {
    format!("umbral topics create --config {}", config.display())
}

/// Connects, and compares what should be with what there is.
fn look(args: &Args, out: &Out) -> Result<(Admin, Vec<Compared>), Failure> {
    let config = config::read(&args.config, out)?;
    let Some(kafka) = &config.kafka else {
        let title = format!("{} has no [kafka]", args.config.display());
        return Err(
            Failure::usage(title).note("topics are of deployments on Kafka, see docs/kafka.md")
        );
    };
    look_at(kafka, &config)
}

fn look_at(kafka: &Settings, config: &Config) -> Result<(Admin, Vec<Compared>), Failure> {
    let partitions = config.partitions.unwrap_or(super::init::PARTITIONS);
    let wanted = wanted(kafka, partitions);
    let admin = Admin::connect(kafka).map_err(|error| told(&error))?;
    let found = admin.found(&wanted).map_err(|error| told(&error))?;
    let compared = compare(wanted, &found, admin.bootstrap());
    Ok((admin, compared))
}

/// Why brokers could not be asked, with what to look at.
pub(crate) fn told(error: &AdminError) -> Failure {
    let text = error.to_string();
    match error {
        AdminError::Settings(_) | AdminError::Refused { .. } => Failure::usage(text),
        AdminError::Unreachable { .. } => Failure::unusable(text)
            .note("check bootstrap in [kafka], and that the broker advertises an address that can be reached from here"),
        AdminError::Locked { .. } => {
            Failure::unusable(text).note("check \"security.protocol\", \"sasl.*\" and \"ssl.*\" in [kafka.librdkafka]")
        }
        AdminError::Request { .. } => Failure::unusable(text),
    }
}

/// Topics that differ in the same.
struct Group<'a> {
    one: &'a Difference,
    names: Vec<&'a str>,
}

impl Group<'_> {
    /// Which topics, what there is and what is wanted.
    fn sentence(&self) -> String {
        let topics = if self.names.len() > 1 {
            "topics"
        } else {
            "topic"
        };
        let Difference {
            setting,
            found,
            wanted,
            ..
        } = self.one;
        let names = self.names.join(", ");
        format!("{setting} is {found}, wanted is {wanted}: {topics} {names}")
    }

    /// What does without touching topics, what an operator would run, and what has to be known of that.
    fn mends(&self) -> Vec<String> {
        let command = match self.names[..] {
            [name] => self.one.command(name),
            _ => {
                let command = self.one.command("$topic");
                format!("for topic in {}; do {command}; done", self.names.join(" "))
            }
        };
        let instead = self.one.instead.clone().into_iter();
        instead
            .chain([command])
            .chain(self.one.note.clone())
            .collect()
    }
}

/// Differences with which Umbral can work, or with which it cannot.
fn groups(topics: &[Compared], is_fatal: bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for topic in topics {
        let differences = topic.differences().iter();
        for one in differences.filter(|one| one.is_fatal == is_fatal) {
            match groups.iter_mut().find(|group| group.one == one) {
                Some(group) => group.names.push(&topic.wanted.name),
                None => groups.push(Group {
                    one,
                    names: vec![&topic.wanted.name],
                }),
            }
        }
    }
    groups
}

/// What keeps Umbral from working with topics as they are, each with what to do.
fn unusable(topics: &[Compared]) -> Failure {
    let groups = groups(topics, true);
    let mut lines = groups.iter().flat_map(|group| {
        let sentence = [group.sentence()].into_iter();
        sentence.chain(group.mends())
    });
    let failure = Failure::unusable(lines.next().unwrap_or_default());
    lines.fold(failure, Failure::note)
}

/// How a topic is, in a word.
fn state(topic: &Compared, created: &[&str]) -> &'static str {
    match topic {
        topic if created.contains(&topic.wanted.name.as_str()) => "created",
        topic if topic.is_missing() => "missing",
        topic if topic.is_unusable() => "UNUSABLE",
        topic if topic.differences().is_empty() => "there",
        _ => "differs",
    }
}

fn show(
    admin: &Admin,
    topics: &[Compared],
    created: &[&str],
    args: &Args,
    out: &mut Out,
) -> Result<(), Failure> {
    if out.is_json() {
        let topics: Vec<_> = topics
            .iter()
            .map(|topic| document(topic, created))
            .collect();
        return out.json(&json!({ "bootstrap": admin.bootstrap(), "topics": topics }));
    }
    let mut table = Table::new(&[
        ("topic", Align::Left),
        ("partitions", Align::Right),
        ("copies", Align::Right),
        ("in sync", Align::Right),
        ("cleanup", Align::Left),
        ("kept", Align::Right),
        ("largest", Align::Right),
        ("state", Align::Left),
    ]);
    for topic in topics {
        let wanted = &topic.wanted;
        let of = |name| wanted.settings.get(name).map_or("", String::as_str);
        table.row(&[
            wanted.name.clone(),
            wanted.partitions.to_string(),
            wanted.replication.to_string(),
            of("min.insync.replicas").to_owned(),
            of("cleanup.policy").to_owned(),
            days(of("retention.ms")),
            mebibytes(of("max.message.bytes")),
            state(topic, created).to_owned(),
        ]);
    }
    table.write(out)?;
    warn(topics, out);
    let missing = topics.iter().filter(|topic| topic.is_missing()).count() - created.len();
    if missing > 0 {
        let are = count(missing as u64, "topic is missing", "topics are missing");
        out.say(format!("{are}; next: {}", creating(&args.config)));
    }
    Ok(())
}

/// Says what differs and can be worked with.
fn warn(topics: &[Compared], out: &Out) {
    let paint = out.paint_err();
    for group in groups(topics, false) {
        out.say(format!(
            "{} {}",
            paint.warning("warning:"),
            group.sentence()
        ));
        for mend in group.mends() {
            out.say(format!("  {} {mend}", paint.faint("=")));
        }
    }
}

fn document(topic: &Compared, created: &[&str]) -> Value {
    let differences = topic.differences().iter().map(|one| {
        json!({
            "setting": one.setting,
            "wanted": one.wanted,
            "found": one.found,
            "usable": !one.is_fatal,
            "instead": one.instead,
            "command": one.command(&topic.wanted.name),
            "note": one.note,
        })
    });
    json!({
        "topic": topic.wanted.topic.word(),
        "name": topic.wanted.name,
        "partitions": topic.wanted.partitions,
        "replication": topic.wanted.replication,
        "settings": topic.wanted.settings,
        "state": state(topic, created).to_lowercase(),
        "differences": differences.collect::<Vec<_>>(),
    })
}

/// Milliseconds as days.
fn days(milliseconds: &str) -> String {
    match milliseconds.parse::<i64>() {
        Ok(-1) => "for good".to_owned(),
        Ok(milliseconds) => count((milliseconds / 86_400_000).unsigned_abs(), "day", "days"),
        Err(_) => String::new(),
    }
}

fn mebibytes(octets: &str) -> String {
    let octets: u64 = octets.parse().unwrap_or_default();
    format!("{} MiB", octets >> 20)
}
