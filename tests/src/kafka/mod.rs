//! What tests on a real broker have in common: topics, a synthetic operator's inputs in them, and what must be found in
//! the journal and on the derived topics afterwards.

#![allow(
    clippy::disallowed_methods,
    reason = "brokers and other processes are looked at again after a while"
)]
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

pub mod chaos;
pub mod instance;
pub mod oracle;
pub mod proxy;
pub mod topics;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use umbral_intake::directory::Directory;
use umbral_kafka::{Deployment, Service, Settings};
use umbral_model::ids::{AccountId, EventId, PartitionNo, Source};
use umbral_model::input::{Address, Body, CatalogActivated, Incoming, IncomingBody, InputKey};
use umbral_model::time::{Date, Timestamp};
use umbral_runtime::partitioner::partition_of;
use umbral_workload::{Operator, Parameters};

/// A deployment for a test: JSON on the derived topics, small transactions.
pub fn deployment(bootstrap: &str, prefix: &str, partitions: u16, copies: u16) -> Deployment {
    let text = format!(
        "bootstrap = \"{bootstrap}\"\nprefix = \"{prefix}\"\ninstance = \"a\"\nreplication = {copies}\n[output]\nformat = \"json\"\n\
         [transaction]\nrecords = 2000\nmilliseconds = 20\n"
    );
    let settings: Settings = toml::from_str(&text).expect("settings");
    Deployment::new(settings, partitions).expect("a deployment")
}

/// The same deployment, of which an instance does not route the inbox.
pub fn without_router(deployment: &Deployment) -> Deployment {
    let settings = Settings {
        router: false,
        ..deployment.settings().clone()
    };
    Deployment::new(settings, deployment.partitions).expect("a deployment")
}

/// The files of the demo's catalog as the input that activates it.
pub fn demo_catalog() -> Incoming {
    Incoming {
        key: InputKey {
            source: Source::new("tariffs"),
            event_id: EventId::new("v1"),
        },
        occurred_at: Timestamp::parse("2026-01-01T00:00:00Z").expect("an instant"),
        address: None,
        currency: None,
        actor: None,
        reason: None,
        forced: false,
        body: IncomingBody::CatalogActivated(CatalogActivated {
            version: Default::default(),
            effective_from: None,
            retroactive: false,
            files: crate::fuzz::catalogs::demo(),
            zones: Vec::new(),
        }),
    }
}

/// Waits until an instance committed so many inputs.
pub fn wait_for(service: &Service, inputs: u64) {
    let started = Instant::now();
    while service.standing().counts.inputs < inputs {
        assert!(service.is_running(), "the service stopped");
        let standing = service.standing();
        assert!(started.elapsed() < Duration::from_secs(120), "{standing:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// One input with the partition of its account.
pub struct Fed {
    /// The partition.
    pub partition: PartitionNo,
    /// The account; none if nobody holds its number.
    pub account: Option<AccountId>,
    /// The input.
    pub incoming: Incoming,
}

/// A synthetic operator's inputs: first those that open accounts, then what happens.
pub struct Feed {
    /// Customers and their numbers.
    pub opening: Vec<Fed>,
    /// Everything else, in order of time.
    pub life: Vec<Fed>,
}

impl Feed {
    /// Of so many subscribers, in a month.
    pub fn new(subscribers: u32, seed: u64, partitions: u16) -> Feed {
        let parameters = Parameters {
            subscribers,
            months: 1,
            seed,
            start: Date::from_ymd(2026, 3, 1).expect("a day"),
        };
        let directory = Directory::new();
        let mut feed = Feed {
            opening: Vec::new(),
            life: Vec::new(),
        };
        let operator = Operator::new(parameters).expect("an operator");
        for incoming in operator.filter(|incoming| !is_of_the_router(incoming)) {
            let account = account_of(&directory, &incoming);
            let fed = Fed {
                partition: partition(account.as_ref(), &incoming, partitions),
                account,
                incoming,
            };
            let opens = match &fed.incoming.body {
                IncomingBody::Account(body) => {
                    umbral_runtime::changes_directory(body)
                        || matches!(body, Body::CustomerAdded(_))
                }
                _ => false,
            };
            if let Some(input) = fed.incoming.clone().into_input().filter(|_| opens) {
                directory.apply(&input);
            }
            match opens {
                true => feed.opening.push(fed),
                false => feed.life.push(fed),
            }
        }
        feed
    }

    /// All inputs by key, with what was sent: an exact repeat has the same.
    pub fn by_key(&self) -> BTreeMap<(String, String), &Incoming> {
        let all = self.opening.iter().chain(&self.life);
        all.map(|fed| (key_of(&fed.incoming.key), &fed.incoming))
            .collect()
    }
}

/// What a partition that is a log of its own does not decide alone: cards, enrolments and claims go through the router,
/// which has tests of its own.
fn is_of_the_router(incoming: &Incoming) -> bool {
    let IncomingBody::Account(body) = &incoming.body else {
        return false;
    };
    matches!(
        body,
        Body::Enrolled(_) | Body::CardIssued(_) | Body::CardReplaced(_) | Body::PurchaseClaimed(_)
    )
}

/// A key as texts.
pub fn key_of(key: &InputKey) -> (String, String) {
    (
        key.source.as_str().to_owned(),
        key.event_id.as_str().to_owned(),
    )
}

fn account_of(directory: &Directory, incoming: &Incoming) -> Option<AccountId> {
    match incoming.address.as_ref()? {
        Address::Account(account, _) => Some(account.clone()),
        Address::Identifier(identifier) => directory
            .resolve(identifier, incoming.occurred_at)
            .map(|(account, _)| account),
    }
}

fn partition(account: Option<&AccountId>, incoming: &Incoming, partitions: u16) -> PartitionNo {
    match account {
        Some(account) => partition_of(account.as_str().as_bytes(), partitions),
        None => partition_of(incoming.key.event_id.as_str().as_bytes(), partitions),
    }
}

/// What an input is on a topic.
pub fn json(incoming: &Incoming) -> Vec<u8> {
    umbral_wire::json::incoming(incoming).into_bytes()
}
