//! Instances that share partitions while everything that can fail does: they are killed, paused beyond their session,
//! cut from the brokers; brokers are killed. Afterwards all must be as if nothing had happened.

use super::instance::{Instance, free_port};
use super::proxy::Proxy;
use super::topics::{self, Producing};
use super::{Fed, Feed, demo_catalog, deployment, json, oracle};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::Deployment;

/// Longer than a session lasts.
const BEYOND_SESSION: Duration = Duration::from_millis(7_500);
/// How long the instances may take to catch up when everything works again.
const CATCH_UP: Duration = Duration::from_secs(180);

/// What is to happen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kills of instances.
    pub kills: u32,
    /// Brokers: 1 or 3. Single ones are not killed.
    pub nodes: usize,
    /// Instances.
    pub instances: usize,
    /// Partitions.
    pub partitions: u16,
    /// Subscribers of the operator whose inputs go through.
    pub subscribers: u32,
    /// What looks like chance comes from this.
    pub seed: u64,
}

/// What happened, and what was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Instances killed.
    pub kills: u32,
    /// Instances paused beyond their session.
    pub pauses: u32,
    /// Instances cut from the brokers.
    pub cuts: u32,
    /// Brokers killed.
    pub brokers: u32,
    /// Inputs that went through.
    pub inputs: usize,
    /// Ownerships, over all partitions.
    pub epochs: u32,
    /// Records on derived topics.
    pub published: u64,
    /// What was not as it should be.
    pub problems: Vec<String>,
}

/// Small numbers without a library: a sequence from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn millis(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.below(most))
    }
}

/// Brokers, each behind a proxy for the instances.
struct Brokers {
    cluster: Cluster,
    proxies: Vec<Proxy>,
}

impl Brokers {
    fn start(nodes: usize) -> Brokers {
        let (mut settings, mut proxies) = (
            match nodes {
                1 => Settings::one(),
                _ => Settings::three(),
            },
            Vec::new(),
        );
        settings = settings.with(
            "listener.security.protocol.map",
            "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,CUT:PLAINTEXT",
        );
        for node in 0..nodes {
            let front = TcpListener::bind("127.0.0.1:0").expect("a port");
            let behind = free_port();
            let port = front.local_addr().expect("an address").port();
            let listeners = format!(
                "PLAIN://127.0.0.1:{{clients}},CONTROLLER://127.0.0.1:{{controllers}},CUT://127.0.0.1:{behind}"
            );
            let advertised = format!("PLAIN://127.0.0.1:{{clients}},CUT://127.0.0.1:{port}");
            settings = settings.with_on(node + 1, "listeners", &listeners).with_on(
                node + 1,
                "advertised.listeners",
                &advertised,
            );
            proxies.push(Proxy::on(front, behind));
        }
        Brokers {
            cluster: Cluster::start(&settings).expect("brokers"),
            proxies,
        }
    }

    /// Where instances connect.
    fn bootstrap(&self) -> String {
        let ports = self
            .proxies
            .iter()
            .map(|proxy| format!("127.0.0.1:{}", proxy.port()));
        ports.collect::<Vec<_>>().join(",")
    }

    fn cut(&self, is_cut: bool) {
        self.proxies.iter().for_each(|proxy| proxy.cut(is_cut));
    }
}

/// Lets it all happen, and looks at what came of it. `say` is told what happens.
pub fn run(command: &Path, options: &Options, say: &mut dyn FnMut(&str)) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let mut brokers = Brokers::start(options.nodes);
    let deployment = deployment(
        brokers.cluster.bootstrap(),
        "chaos",
        options.partitions,
        options.nodes as u16,
    );
    topics::create(&deployment);
    let mut feed = Feed::new(options.subscribers, options.seed, options.partitions);
    feed.life = with_loyalty(feed.life, options.partitions);
    let producing = Producing::new(&deployment);
    producing.send("chaos.catalog", 0, b"", &json(&demo_catalog()));
    producing.send_all("chaos.customers", &feed.opening);
    let mut instances = instances(command, folder.path(), options, &brokers);
    instances.iter_mut().for_each(Instance::start);
    let mut report = Report {
        inputs: feed.opening.len() + feed.life.len(),
        ..Report::default()
    };
    wait_for_inputs(&deployment, feed.opening.len(), &mut instances);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| feed_slowly(&producing, &feed.life, &over, options));
        happen(&mut brokers, &mut instances, options, &mut report, say);
        over.store(true, Ordering::SeqCst);
    });
    say("everything works again");
    brokers.cut(false);
    instances.iter_mut().for_each(Instance::start);
    wait_for_inputs(&deployment, report.inputs, &mut instances);
    // One that was started a moment ago must hear a signal before it is told to stop.
    let started = Instant::now();
    while !instances.iter().all(Instance::is_ready) && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(100));
    }
    for instance in &mut instances {
        if !instance.stop() {
            report.problems.push(format!(
                "{} did not end well:\n{}",
                instance.name,
                instance.log()
            ));
        }
    }
    judge(&deployment, &feed, &mut report);
    report
}

/// How many records of life come between two of loyalty.
const BETWEEN_LOYALTY: usize = 12;

/// What a customer does for points, or has done.
const LOYALTY: [&str; 4] = [
    r#""purchase":{"purchase_id":"P{n}","method":"cash","location":"L1","lines":[{"category":"handset","item":"phone","net":"219.00"}]}"#,
    r#""visit":{"location":"L1"}"#,
    r#""actor":"desk","points_adjusted":{"points":50,"reason":"sorry"}"#,
    r#""refund":{"refund_id":"F{n}","purchase_id":"P{before}","amount":"30.00"}"#,
];
/// What nobody known does.
const OF_NOBODY: &str = r#""purchase":{"purchase_id":"N{n}","method":"cash","location":"L1","lines":[{"category":"food","item":"wine","net":"80.00"}]}"#;

/// Now and then the customer of a record does something for points at the same time, or nobody known does.
fn with_loyalty(life: Vec<Fed>, partitions: u16) -> Vec<Fed> {
    let mut all = Vec::with_capacity(life.len() + life.len() / BETWEEN_LOYALTY + 1);
    for (index, fed) in life.into_iter().enumerate() {
        let number = index / BETWEEN_LOYALTY;
        let more = (index % BETWEEN_LOYALTY == 0).then(|| loyalty(number, &fed, partitions));
        all.push(fed);
        all.extend(more);
    }
    all
}

fn loyalty(number: usize, beside: &Fed, partitions: u16) -> Fed {
    let account = beside.account.clone();
    let (address, body) = match &account {
        Some(account) => (
            format!(r#""account_id":"{account}","#),
            LOYALTY[number % LOYALTY.len()],
        ),
        None => (String::new(), OF_NOBODY),
    };
    // A refund names the purchase three before it: another customer's, mostly.
    let body = body
        .replace("{before}", &number.saturating_sub(3).to_string())
        .replace("{n}", &number.to_string());
    let line = format!(
        r#"{{"source":"shop","event_id":"l-{number}","occurred_at":"{}",{address}{body}}}"#,
        beside.incoming.occurred_at,
    );
    let incoming = umbral_wire::json::parse_incoming(line.as_bytes()).expect("an input");
    Fed {
        partition: super::partition(account.as_ref(), &incoming, partitions),
        account,
        incoming,
    }
}

fn instances(command: &Path, folder: &Path, options: &Options, brokers: &Brokers) -> Vec<Instance> {
    let snapshots = folder.join("snapshots");
    let kafka = format!(
        "bootstrap = \"{}\"\nprefix = \"chaos\"\nreplication = {}\nsnapshots = \"{}\"\n[kafka.output]\nformat = \"json\"\n\
         [kafka.transaction]\nrecords = 500\nmilliseconds = 10\n",
        brokers.bootstrap(),
        options.nodes,
        snapshots.display()
    );
    let more = format!(
        "clock = \"event\"\nthreads = 1\npartitions = {}",
        options.partitions
    );
    let names = ["a", "b", "c", "d", "e"]
        .into_iter()
        .take(options.instances);
    names
        .map(|name| Instance::new(command, folder, name, &kafka, &more))
        .collect()
}

/// Sends what happens in small pieces, as long as things fail; then the rest at once.
fn feed_slowly(producing: &Producing, life: &[Fed], over: &AtomicBool, options: &Options) {
    let pieces = (options.kills as usize * 6).max(1);
    for piece in life.chunks(life.len().div_ceil(pieces)) {
        producing.send_all("chaos.usage", piece);
        let rested = Instant::now();
        while rested.elapsed() < Duration::from_millis(250) && !over.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failing {
    Kill,
    Pause,
    Cut,
    Broker,
}

/// Some of everything between the kills, however the dice fall.
const BETWEEN: [Failing; 3] = [Failing::Pause, Failing::Cut, Failing::Broker];
/// Kills between two of them.
const KILLS_BETWEEN: u32 = 8;

fn next(dice: &mut Dice, kills: u32, others: u32) -> Failing {
    if kills / KILLS_BETWEEN > others {
        return BETWEEN[others as usize % BETWEEN.len()];
    }
    match dice.below(30) {
        0 => Failing::Pause,
        1 => Failing::Cut,
        2 => Failing::Broker,
        _ => Failing::Kill,
    }
}

/// One failure after the other.
fn happen(
    brokers: &mut Brokers,
    instances: &mut [Instance],
    options: &Options,
    report: &mut Report,
    say: &mut dyn FnMut(&str),
) {
    let mut dice = Dice(options.seed);
    while report.kills < options.kills {
        std::thread::sleep(Duration::from_millis(100) + dice.millis(900));
        for instance in instances.iter_mut() {
            if instance.has_ended() {
                let problem = format!("{} ended by itself:\n{}", instance.name, instance.log());
                report.problems.push(problem);
                instance.kill();
            }
            instance.start();
        }
        let which = dice.below(instances.len() as u64) as usize;
        let others = report.pauses + report.cuts + report.brokers;
        match next(&mut dice, report.kills, others) {
            Failing::Pause => {
                say(&format!("{} is paused", instances[which].name));
                instances[which].signal("-STOP");
                std::thread::sleep(BEYOND_SESSION);
                instances[which].signal("-CONT");
                report.pauses += 1;
            }
            Failing::Broker if options.nodes == 3 => {
                let node = dice.below(3) as usize + 1;
                say(&format!("broker {node} is killed"));
                brokers.cluster.kill(node).expect("a broker ends");
                std::thread::sleep(dice.millis(3_000));
                brokers.cluster.restart(node).expect("a broker starts");
                report.brokers += 1;
            }
            Failing::Cut | Failing::Broker => {
                say("the network is cut");
                brokers.cut(true);
                std::thread::sleep(Duration::from_secs(1) + dice.millis(8_000));
                brokers.cut(false);
                report.cuts += 1;
            }
            Failing::Kill => {
                instances[which].kill();
                report.kills += 1;
                if report.kills.is_multiple_of(10) {
                    say(&format!("{} kills", report.kills));
                }
                // Mostly the instance is back before its session ends; now and then others take over.
                if dice.below(6) == 0 {
                    std::thread::sleep(BEYOND_SESSION);
                }
            }
        }
    }
}

/// Waits until the journal holds so many inputs.
fn wait_for_inputs(deployment: &Deployment, inputs: usize, instances: &mut [Instance]) {
    let started = Instant::now();
    loop {
        let journals = oracle::journals(deployment);
        let taken: u64 = journals
            .values()
            .map(|journal| journal.inputs.len() as u64)
            .sum();
        if taken >= inputs as u64 {
            return;
        }
        let ended = instances.iter_mut().any(Instance::has_ended);
        let logs = || {
            instances
                .iter()
                .map(Instance::log)
                .collect::<Vec<_>>()
                .join("\n---\n")
        };
        assert!(
            started.elapsed() < CATCH_UP && !ended,
            "{taken} of {inputs} inputs are in the journal:\n{}",
            logs()
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Compares everything with what it must be.
fn judge(deployment: &Deployment, feed: &Feed, report: &mut Report) {
    let journals = oracle::journals(deployment);
    report.epochs = journals.values().map(|journal| journal.epochs).sum();
    report.problems.extend(in_order(feed, &journals));
    let found = oracle::published(deployment);
    report.published = found.values().sum();
    let expected = oracle::expected(&journals, &feed.by_key());
    report
        .problems
        .extend(oracle::difference(&found, &expected));
}

/// Whether every record that was sent is in its partition's journal once, in the order in which it was sent.
fn in_order(feed: &Feed, journals: &BTreeMap<u16, oracle::PartitionJournal>) -> Option<String> {
    let mut sent: BTreeMap<u16, Vec<(String, String)>> = BTreeMap::new();
    for fed in feed.opening.iter().chain(&feed.life) {
        let key = super::key_of(&fed.incoming.key);
        sent.entry(fed.partition.0).or_default().push(key);
    }
    for (partition, sent) in &sent {
        let inputs = journals.get(partition).map(|journal| &journal.inputs);
        let taken: Vec<_> = inputs
            .into_iter()
            .flatten()
            .map(|journaled| super::key_of(&journaled.key))
            .collect();
        if *sent == taken {
            continue;
        }
        let at = sent
            .iter()
            .zip(&taken)
            .position(|(sent, taken)| sent != taken);
        let at = at.unwrap_or(sent.len().min(taken.len()));
        return Some(format!(
            "partition {partition}: {} records were sent and {} taken; record {at} is {:?} instead of {:?}",
            sent.len(),
            taken.len(),
            taken.get(at),
            sent.get(at)
        ));
    }
    None
}
