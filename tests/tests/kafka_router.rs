//! Records that know a number and not the account: the router finds it, once, and keeps those of unknown numbers until
//! somebody holds them. What must be decided once for all partitions: who gets a purchase, who has which card.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "brokers are looked at again after a while"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_kafka::{Deployment, Service, SnapshotSettings};
use umbral_model::ids::AccountId;
use umbral_model::input::{Address, Body, CatalogActivated, Incoming, IncomingBody};
use umbral_model::time::Timestamp;
use umbral_runtime::ClockMode;
use umbral_runtime::lane::LaneOptions;
use umbral_runtime::partitioner::{partition_of, partition_of_account};
use umbral_tests::kafka::topics::{Producing, create};
use umbral_tests::kafka::{self, Fed, Feed, key_of, oracle};

const PARTITIONS: u16 = 4;

fn start(deployment: &Deployment) -> Service {
    let options = LaneOptions::with_clock(ClockMode::Event);
    Service::start(
        deployment.clone(),
        &options,
        &SnapshotSettings::default(),
        1,
    )
    .unwrap()
}

type Keys = BTreeSet<(String, String)>;

/// How often each key was applied, and which ever came into the quarantine.
fn outcomes(deployment: &Deployment) -> (BTreeMap<(String, String), u32>, Keys) {
    let (mut applied, mut refused) = (BTreeMap::new(), Keys::new());
    for journal in oracle::journals(deployment).values() {
        for input in &journal.inputs {
            let key = key_of(&input.key);
            match input.outcome {
                oracle::Came::Quarantined => {
                    refused.insert(key);
                }
                oracle::Came::Applied => *applied.entry(key).or_default() += 1,
                oracle::Came::Repeat => {}
            }
        }
    }
    (applied, refused)
}

fn wait_until(
    deployment: &Deployment,
    service: &Service,
    what: &str,
    is_so: impl Fn(&BTreeMap<(String, String), u32>, &Keys) -> bool,
) {
    let started = Instant::now();
    loop {
        let (applied, refused) = outcomes(deployment);
        if is_so(&applied, &refused) {
            return;
        }
        assert!(service.is_running(), "the service stopped");
        let (applied, refused) = (applied.len(), refused.len());
        assert!(
            started.elapsed() < Duration::from_secs(90),
            "{what}: {applied} applied, {refused} refused"
        );
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn records_find_their_accounts_once_and_wait_for_unknown_numbers() {
    let cluster = Cluster::start(&Settings::one()).unwrap();
    let deployment = kafka::deployment(cluster.bootstrap(), "route", PARTITIONS, 1);
    create(&deployment);
    let producing = Producing::new(&deployment);
    producing.send(
        "route.catalog",
        0,
        b"",
        &kafka::json(&kafka::demo_catalog()),
    );
    let feed = Feed::new(120, 5, PARTITIONS);
    let is_member = |fed: &&Fed| {
        matches!(
            fed.incoming.body,
            IncomingBody::Account(Body::MemberAdded(_))
        )
    };
    let members: Vec<&Fed> = feed.opening.iter().filter(is_member).collect();
    let late: BTreeSet<_> = members
        .iter()
        .rev()
        .take(15)
        .map(|fed| key_of(&fed.incoming.key))
        .collect();
    let is_late = |fed: &&Fed| late.contains(&key_of(&fed.incoming.key));
    producing.send_all(
        "route.customers",
        feed.opening.iter().filter(|fed| !is_late(fed)),
    );

    let until = Timestamp::parse("2026-03-06T00:00:00Z").unwrap();
    let mut sent = Keys::new();
    let usage = feed
        .life
        .iter()
        .filter(|fed| fed.incoming.occurred_at < until);
    for fed in usage {
        let (Some(Address::Identifier(identifier)), IncomingBody::Account(Body::Usage(_))) =
            (&fed.incoming.address, &fed.incoming.body)
        else {
            continue;
        };
        let key = identifier.value.as_bytes();
        let partition = i32::from(partition_of(key, PARTITIONS).0);
        if sent.insert(key_of(&fed.incoming.key)) {
            producing.send("route.inbox", partition, key, &kafka::json(&fed.incoming));
        }
    }
    producing.flush();
    assert!(sent.len() > 300, "{} records", sent.len());

    let service = start(&deployment);
    wait_until(
        &deployment,
        &service,
        "all are somewhere",
        |applied, refused| {
            sent.iter()
                .all(|key| applied.contains_key(key) || refused.contains(key))
        },
    );
    service.stop().unwrap();
    let (_, refused) = outcomes(&deployment);
    let service = start(&deployment);
    producing.send_all("route.customers", feed.opening.iter().filter(is_late));
    let by_key = feed.by_key();
    let is_nobodys = |key: &(String, String)| {
        feed.life
            .iter()
            .any(|fed| key_of(&fed.incoming.key) == *key && fed.account.is_none())
    };
    let waiting: Keys = refused
        .iter()
        .filter(|key| sent.contains(*key) && !is_nobodys(key))
        .cloned()
        .collect();
    assert!(waiting.len() > 20, "{} records wait", waiting.len());
    wait_until(
        &deployment,
        &service,
        "what waited is applied",
        |applied, _| {
            let missing = waiting.iter().filter(|key| !applied.contains_key(*key));
            missing.filter(|key| !is_unrated(by_key[*key])).count() == 0
        },
    );
    service.stop().unwrap();
    let (applied, _) = outcomes(&deployment);
    let twice: Vec<_> = applied
        .iter()
        .filter(|(key, times)| sent.contains(*key) && **times > 1)
        .collect();
    assert_eq!(twice, Vec::new(), "applied more than once");
}

/// Usage to destinations that no plan has stays in the quarantine, whoever holds the number.
fn is_unrated(incoming: &umbral_model::input::Incoming) -> bool {
    let IncomingBody::Account(Body::Usage(usage)) = &incoming.body else {
        return false;
    };
    usage.to.head.starts_with("388")
}

const CLUB: &str = r#"
name = "Club"
currency = "EUR"
time_zone = "Europe/Madrid"
valid_from = 2026-01-01

[class.standard]
limit.exposure = "500.00"

[programme.club]
expiry = "12 months"
earn = [{ points = 1, per = "10.00" }]

[programme.club.card.club]
line = "-"
numbers_from = 10001
"#;

/// A deployment with a club, and customers in each partition.
struct Club {
    _cluster: Cluster,
    deployment: Deployment,
    producing: Producing,
    sent: Keys,
}

impl Club {
    fn begin(prefix: &str) -> Club {
        let cluster = Cluster::start(&Settings::one()).unwrap();
        let deployment = kafka::deployment(cluster.bootstrap(), prefix, PARTITIONS, 1);
        create(&deployment);
        let producing = Producing::new(&deployment);
        let catalog = Incoming {
            body: IncomingBody::CatalogActivated(CatalogActivated {
                version: Default::default(),
                effective_from: None,
                retroactive: false,
                files: vec![("catalog.toml".into(), CLUB.into())],
                zones: Vec::new(),
            }),
            ..kafka::demo_catalog()
        };
        producing.send(&deployment.names.catalog, 0, b"", &kafka::json(&catalog));
        let mut club = Club {
            _cluster: cluster,
            deployment,
            producing,
            sent: Keys::new(),
        };
        for number in 0..4 * PARTITIONS {
            let (account, body) = (
                customer(number % PARTITIONS, number / PARTITIONS),
                r#""customer_added":{"class":"standard","time_zone":"Europe/Madrid","cycle_day":1}"#,
            );
            let id = format!("c-{number}");
            club.direct(&account, &line(&id, "01T08:00", Some(&account), body));
        }
        club
    }

    /// Past the router, to the partition of the account.
    fn direct(&mut self, account: &str, line: &str) {
        let partition = i32::from(partition_of_account(&AccountId::new(account), PARTITIONS).0);
        self.send("customers", partition, line);
    }

    fn send(&mut self, topic: &str, partition: i32, line: &str) {
        let topic = format!("{}.{topic}", self.deployment.settings().prefix);
        let incoming = umbral_wire::json::parse_incoming(line.as_bytes()).unwrap();
        self.sent.insert(key_of(&incoming.key));
        self.producing.send(&topic, partition, b"", line.as_bytes());
    }

    /// Lets an instance run until all that was sent came to something.
    fn run(&self) {
        self.producing.flush();
        let service = start(&self.deployment);
        let is_somewhere = |applied: &BTreeMap<(String, String), u32>, refused: &Keys| {
            let mut sent = self.sent.iter();
            sent.all(|key| applied.contains_key(key) || refused.contains(key))
        };
        wait_until(
            &self.deployment,
            &service,
            "all are somewhere",
            is_somewhere,
        );
        service.stop().unwrap();
    }

    /// Account and body of the events of a kind on a topic; an empty account for none.
    fn events(&self, stream: &str, kind: &str) -> Vec<(String, serde_json::Value)> {
        let mut events = Vec::new();
        for ((of, line), times) in oracle::published(&self.deployment) {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
            if of == stream && !line[kind].is_null() {
                let account = line["account_id"].as_str().unwrap_or_default().to_owned();
                let one = (account, line[kind].clone());
                events.extend(std::iter::repeat_n(one, times as usize));
            }
        }
        events
    }

    /// What was not earned for this reason: accounts and purchases.
    fn not_earned(&self, reason: &str) -> Vec<(String, String)> {
        let events = self.events("loyalty", "points_not_earned").into_iter();
        let mut found: Vec<_> = events
            .filter(|(_, event)| event["reason"] == reason)
            .map(|(account, event)| (account, text(&event["source_ref"])))
            .collect();
        found.sort();
        found
    }

    /// Accounts and the purchases that they earned points with.
    fn earned(&self) -> Vec<(String, String)> {
        let events = self.events("loyalty", "points_earned").into_iter();
        let mut found: Vec<_> = events
            .map(|(account, event)| (account, text(&event["source_ref"])))
            .collect();
        found.sort();
        found
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A name whose partition is this one.
fn customer(partition: u16, number: u16) -> String {
    let names = (0..).map(|letter| format!("A{letter}"));
    let mut here = names.filter(|name| {
        partition_of_account(&AccountId::new(name.as_str()), PARTITIONS).0 == partition
    });
    here.nth(usize::from(number)).unwrap()
}

fn line(id: &str, at: &str, account: Option<&str>, body: &str) -> String {
    let account = account.map_or(String::new(), |account| {
        format!(r#""account_id":"{account}","#)
    });
    format!(
        r#"{{"source":"shop","event_id":"{id}","occurred_at":"2026-03-{at}:00Z",{account}{body}}}"#
    )
}

fn purchase(id: &str, at: &str, by: Option<(&str, &str)>) -> String {
    let by = by.map_or(String::new(), |(kind, value)| {
        format!(r#""identifier":{{"kind":"{kind}","value":"{value}"}},"#)
    });
    let body = format!(
        r#""purchase":{{"purchase_id":"{id}",{by}"method":"cash","location":"L1","lines":[{{"category":"food","item":"wine","net":"80.00"}}]}}"#
    );
    line(&format!("bought-{id}"), at, None, &body)
}

fn claim(id: &str, at: &str, account: &str) -> String {
    let body = format!(r#""purchase_claimed":{{"purchase_id":"{id}","account":"{account}"}}"#);
    line(&format!("{account}-claims-{id}"), at, Some(account), &body)
}

fn card(id: &str, at: &str, account: &str, number: Option<&str>) -> String {
    let number = number.map_or(String::new(), |number| format!(r#""number":"{number}","#));
    let body = format!(r#""card_issued":{{{number}"type":"club"}}"#);
    line(id, at, Some(account), &body)
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
    let mut owned: Vec<_> = owned.collect();
    owned.sort();
    owned
}

#[test]
fn what_nobody_known_bought_is_one_claimants_over_all_partitions() {
    let mut club = Club::begin("claims");
    let [a, b, c, d] = [1, 2, 3, 0].map(|partition| customer(partition, 0));
    club.send("inbox", 2, &purchase("P1", "02T09:00", None));
    for id in ["P2", "P3"] {
        let by = Some(("phone", "34600111222"));
        club.send("inbox", 1, &purchase(id, "02T10:00", by));
    }
    club.send("inbox", 3, &purchase("P4", "02T11:00", None));
    club.run();
    let nobodys = pairs(&[("", "P1"), ("", "P2"), ("", "P3"), ("", "P4")]);
    assert_eq!(club.not_earned("unidentified"), nobodys);
    assert_eq!(club.earned(), []);

    // Two claim at once, in partitions that two routers could have; one enrols.
    club.send("inbox", 3, &claim("P1", "03T09:00", &a));
    club.send("inbox", 1, &claim("P1", "03T09:00", &b));
    let enrolled = r#""enrolled":{"identifier":{"kind":"phone","value":"34600111222"}}"#;
    club.send("inbox", 2, &line("e-1", "03T10:00", Some(&c), enrolled));
    club.run();
    let earned = club.earned();
    let of_p1: Vec<&str> = [&a, &b]
        .into_iter()
        .filter(|who| earned.contains(&((*who).clone(), "P1".to_owned())))
        .map(String::as_str)
        .collect();
    let [winner] = of_p1[..] else {
        panic!("{earned:?}");
    };
    let loser = if winner == a { &b } else { &a };
    assert_eq!(earned, pairs(&[(winner, "P1"), (&c, "P2"), (&c, "P3")]));
    assert_eq!(club.not_earned("already_credited"), pairs(&[(loser, "P1")]));

    // Another router remembers all of it.
    club.send("inbox", 0, &claim("P1", "04T09:00", &d));
    club.send("inbox", 1, &claim("P2", "04T09:00", &a));
    club.send("inbox", 2, &claim("P4", "04T09:00", &d));
    club.run();
    let earned = pairs(&[(winner, "P1"), (&c, "P2"), (&c, "P3"), (&d, "P4")]);
    assert_eq!(club.earned(), earned);
    assert_eq!(
        club.not_earned("already_credited"),
        pairs(&[(loser, "P1"), (&d, "P1"), (&a, "P2")])
    );
    assert_eq!(club.not_earned("unidentified"), nobodys);
}

#[test]
fn numbers_of_cards_are_used_once_over_all_partitions() {
    let mut club = Club::begin("cards");
    // What came past the router is not given out again.
    let first = customer(3, 3);
    club.direct(&first, &card("own", "02T09:00", &first, Some("10002")));
    club.run();
    for number in 0..2 * PARTITIONS {
        let account = customer(number % PARTITIONS, number / PARTITIONS);
        let id = format!("k-{number}");
        let inbox = i32::from((number + 1) % PARTITIONS);
        club.send("inbox", inbox, &card(&id, "02T10:00", &account, None));
        if number == PARTITIONS {
            club.run();
        }
    }
    // Two want one number; and one wants the number of a card past the router.
    let (a, b) = (customer(1, 2), customer(2, 2));
    club.send("inbox", 1, &card("a", "02T11:00", &a, Some("20001")));
    club.send("inbox", 2, &card("b", "02T11:00", &b, Some("20001")));
    club.send("inbox", 3, &card("late", "02T12:00", &b, Some("10002")));
    // A repeat gets what it had.
    let again = card("k-0", "02T10:00", &customer(0, 0), None);
    club.send("inbox", 1, &again);
    club.run();
    let issued = club.events("loyalty", "card_issued");
    let mut numbers: Vec<String> = issued
        .iter()
        .map(|(_, event)| text(&event["number"]))
        .collect();
    numbers.sort();
    let mut expected = vec!["10001", "10002"];
    let more: Vec<String> = (10_003..=10_009).map(|number| number.to_string()).collect();
    expected.extend(more.iter().map(String::as_str));
    expected.push("20001");
    assert_eq!(numbers, expected);
    let (_, refused) = outcomes(&club.deployment);
    let of_20001 = ["a", "b"].map(|id| refused.contains(&("shop".to_owned(), id.to_owned())));
    assert!(of_20001[0] != of_20001[1], "{refused:?}");
    assert!(
        refused.contains(&("shop".to_owned(), "late".to_owned())),
        "{refused:?}"
    );
    assert_eq!(refused.len(), 2, "{refused:?}");

    // Cards are found.
    let (holder, event) = &issued[0];
    let number = text(&event["number"]);
    let shown = Some(("card", number.as_str()));
    club.send("inbox", 2, &purchase("P1", "03T09:00", shown));
    club.run();
    assert_eq!(club.earned(), pairs(&[(holder, "P1")]));
}
