//! Who holds which number, over all partitions: each partition's directory as its engine has it, and an index that says
//! in which partitions a number is known at all.

use crate::deployment::Deployment;
use crate::error::{Error, Result};
use crate::tail::{Ends, Start, assign, is_passing, payload};
use crate::topics::Topic;
use crate::watch::Watch;
use dashmap::DashMap;
use rdkafka::consumer::BaseConsumer;
use rdkafka::message::{BorrowedMessage, Message};
use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;
use std::time::Duration;
use umbral_intake::directory::{Directory, Key, given_by, stocked_by};
use umbral_model::input::{Address, Identifier, Incoming, Input};
use umbral_model::rejection::Rejection;
use umbral_model::time::Timestamp;
use umbral_runtime::partitioner::partition_of_account;
use umbral_wire::json;

/// Partitions in which a number is known: mostly one.
pub(super) type Partitions = SmallVec<[u16; 2]>;

/// Whose a number is.
pub(super) enum Found {
    /// Of one account.
    One(Address),
    /// Nobody's, as far as is known.
    Nobody,
    /// Claimed by accounts of these partitions, none of which knows of the others.
    Several(Partitions),
}

/// The directory of the whole deployment.
pub(super) struct Routes {
    consumer: BaseConsumer<Watch>,
    directories: Vec<Directory>,
    known: DashMap<Key, Partitions, FxBuildHasher>,
}

impl Routes {
    /// Reads the directory topic to its end, and follows it.
    pub(super) fn open(deployment: &Deployment) -> Result<Routes> {
        let topic = deployment.settings().topic(Topic::Directory);
        let ends = Ends::new(deployment)?;
        let mut starts = Vec::new();
        let mut ahead = Vec::new();
        for partition in 0..i32::from(deployment.partitions) {
            let (first, end) = ends.bounds(&topic, partition)?;
            ends.wait_until_settled(&topic, partition, end, &mut || Ok(()))?;
            let start = Start {
                topic: topic.clone(),
                partition,
                offset: first,
            };
            if first < end {
                ahead.push(start.clone());
            }
            starts.push(start);
        }
        let routes = Routes {
            consumer: deployment.reading(None)?,
            directories: (0..deployment.partitions)
                .map(|_| Directory::new())
                .collect(),
            known: DashMap::default(),
        };
        ends.read(&ahead, &mut |message| {
            routes.learn(message);
            let start = usize::try_from(message.partition()).ok();
            if let Some(start) = start.and_then(|partition| starts.get_mut(partition)) {
                start.offset = message.offset() + 1;
            }
            Ok(())
        })?;
        assign(&routes.consumer, &starts)?;
        Ok(routes)
    }

    /// Takes what came since; says whether anything did. Never waits.
    pub(super) fn follow(&self) -> Result<bool> {
        let mut learnt = false;
        loop {
            let Some(polled) = self.consumer.poll(Duration::ZERO) else {
                return Ok(learnt);
            };
            match polled {
                Ok(message) => {
                    self.learn(&message);
                    learnt = true;
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(Error::client("follow the directory")(error)),
            }
        }
    }

    /// Follows an input by which identifiers changed hands.
    fn learn(&self, message: &BorrowedMessage<'_>) {
        let Some(input) = json::parse_incoming(payload(message))
            .ok()
            .and_then(Incoming::into_input)
        else {
            let offset = message.offset();
            return tracing::warn!(offset, "a record of the directory topic is none of ours");
        };
        let partition = u16::try_from(message.partition()).unwrap_or(u16::MAX);
        let Some(directory) = self.directories.get(usize::from(partition)) else {
            return;
        };
        directory.apply(&input);
        for identifier in given_by(&input) {
            let Ok(key) = Key::of(&identifier) else {
                continue;
            };
            let mut partitions = self.known.entry(key).or_default();
            if !partitions.contains(&partition) {
                partitions.push(partition);
            }
        }
    }

    /// Where a number is known.
    fn partitions_of(&self, identifier: &Identifier) -> Partitions {
        let known = Key::of(identifier)
            .ok()
            .and_then(|key| self.known.get(&key));
        known.map(|known| known.clone()).unwrap_or_default()
    }

    /// Who holds a number at an instant.
    pub(super) fn find(&self, identifier: &Identifier, at: Timestamp) -> Found {
        let mut holder = None;
        let mut claiming = Partitions::new();
        for partition in self.partitions_of(identifier) {
            let directory = self.directories.get(usize::from(partition));
            if let Some(found) = directory.and_then(|known| known.resolve(identifier, at)) {
                holder = Some(found);
                claiming.push(partition);
            }
        }
        match holder {
            Some(_) if claiming.len() > 1 => Found::Several(claiming),
            Some((account, member)) => Found::One(Address::Account(account, member)),
            None => Found::Nobody,
        }
    }

    /// Whether anybody has or had a number.
    pub(super) fn is_known(&self, identifier: &Identifier) -> bool {
        !self.partitions_of(identifier).is_empty()
    }

    /// Whether accounts of other partitions stand against an input.
    pub(super) fn check(&self, input: &Input) -> core::result::Result<(), Rejection> {
        let own = partition_of_account(&input.account, self.directories.len() as u16).0;
        for identifier in given_by(input).into_iter().chain(stocked_by(input)) {
            let others = self.partitions_of(&identifier);
            for partition in others.into_iter().filter(|partition| *partition != own) {
                let directory = self.directories.get(usize::from(partition));
                directory.map_or(Ok(()), |directory| directory.check(input))?;
            }
        }
        Ok(())
    }
}
