//! The engine between the JSON form of the wire and what comes out of it, on the event clock: one catalog
//! written from a neutral configuration or in files of its own, any number of partitions, every entry kept.

use crate::edge;
use crate::neutral::{PLAN, catalog_files};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use umbral_engine::{AccountView, Decision, Partition, Portion, World};
use umbral_intake::directory::Directory;
use umbral_intake::zones;
use umbral_model::event::Stream;
use umbral_model::ids::{AccountId, EventId, Source};
use umbral_model::input::{Body, Incoming, Input, InputKey};
use umbral_model::journal::{AccountEvent, Entry, JournaledInput, Outcome, Quarantined, RawInput};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use umbral_wire::{OutputBody, OutputEvent, json as wire_json};

/// Fields that a body may hold for short and that belong to the envelope.
const ENVELOPE: [&str; 7] = [
    "source",
    "event_id",
    "currency",
    "account_id",
    "member_id",
    "forced",
    "actor",
];

/// A running engine.
pub struct Stage {
    /// Catalogs and zones.
    pub world: World,
    partitions: Vec<Partition>,
    clock: Timestamp,
    outputs: Vec<Value>,
    /// Whether outputs are written in their JSON form.
    is_heard: bool,
    entries: Vec<(usize, Entry, u64)>,
    directory: Directory,
    copy: Option<Copy>,
}

/// A copy of all rows, made piece by piece while inputs go on, as a snapshot makes it.
struct Copy {
    /// Entries before it.
    begun: usize,
    /// The row to come, by partition.
    next: Vec<usize>,
    /// Partition, entries that it holds, rows.
    pieces: Vec<(usize, u64, Vec<u8>)>,
}

impl Stage {
    /// One partition with the catalog of a configuration.
    ///
    /// # Errors
    /// The problems of the catalog.
    pub fn new(config: Value) -> Result<Stage, String> {
        Stage::with_partitions(config, 1)
    }

    /// Several partitions with the catalog of a configuration.
    ///
    /// # Errors
    /// The problems of the catalog.
    pub fn with_partitions(config: Value, count: usize) -> Result<Stage, String> {
        let mut stage = Stage::empty(count);
        stage.load(&catalog_files(&config)?, Timestamp::from_seconds(0))?;
        Ok(stage)
    }

    /// Several partitions with a catalog of these files.
    ///
    /// # Errors
    /// The problems of the catalog.
    pub fn with_files(files: &[(SmolStr, SmolStr)], count: usize) -> Result<Stage, String> {
        let mut stage = Stage::empty(count);
        stage.load(files, Timestamp::from_seconds(0))?;
        Ok(stage)
    }

    /// Several partitions in a world that has its catalogs already. Outputs are not written: whoever asks
    /// reads the entries.
    pub fn in_world(world: World, count: usize) -> Stage {
        Stage {
            world,
            is_heard: false,
            ..Stage::empty(count)
        }
    }

    fn empty(count: usize) -> Stage {
        Stage {
            world: World::new(),
            partitions: vec![Partition::new(); count],
            clock: Timestamp::MIN,
            outputs: Vec::new(),
            is_heard: true,
            entries: Vec::new(),
            directory: Directory::new(),
            copy: None,
        }
    }

    /// All entries so far.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator + Clone {
        self.entries.iter().map(|(_, entry, _)| entry)
    }

    /// Activates the catalog of another configuration from an instant on.
    ///
    /// # Errors
    /// The problems of the catalog.
    pub fn activate(&mut self, config: &Value, from: &str) -> Result<(), String> {
        self.activate_files(&catalog_files(config)?, from)
    }

    /// Activates a catalog of other files from an instant on.
    ///
    /// # Errors
    /// The problems of the catalog.
    pub fn activate_files(
        &mut self,
        files: &[(SmolStr, SmolStr)],
        from: &str,
    ) -> Result<(), String> {
        let from = Timestamp::parse(from).ok_or_else(|| format!("{from} is no instant"))?;
        self.load(files, from)?;
        for index in 0..self.partitions.len() {
            let mut events = Vec::new();
            self.partitions[index].config_changed(&self.world, self.clock, &mut events);
            if !events.is_empty() {
                let input = JournaledInput::ConfigChanged(self.activation_key(0));
                self.give(index, input, 0, Outcome::Applied, events);
            }
        }
        Ok(())
    }

    fn load(&mut self, files: &[(SmolStr, SmolStr)], from: Timestamp) -> Result<(), String> {
        let compiled = umbral_catalog::load(files, &zones::Iana).map_err(|problems| {
            let lines: Vec<String> = problems
                .iter()
                .map(|p| format!("{} {}: {}", p.code, p.file, p.title))
                .collect();
            let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
            format!(
                "the catalog has problems: {}\n{}",
                lines.join("; "),
                texts.join("\n")
            )
        })?;
        let key = self.activation_key(1);
        self.world.activate(compiled.catalog, from, key);
        Ok(())
    }

    /// The key of the activation so far, or of the one after it.
    fn activation_key(&self, later: usize) -> InputKey {
        key(
            "catalog",
            &format!("v{}", self.world.catalogs.iter().count() + later),
        )
    }

    /// Lets the clock come to an instant, if it is not earlier.
    pub fn tick(&mut self, at: &str) {
        if let Some(at) = Timestamp::parse(at) {
            self.tick_at(at);
        }
    }

    /// Lets the clock come to an instant, if it is not earlier.
    pub fn tick_at(&mut self, at: Timestamp) {
        if at < self.clock {
            return;
        }
        self.clock = at;
        for index in 0..self.partitions.len() {
            let mut events = Vec::new();
            self.partitions[index].tick(&self.world, at, &mut events);
            if !events.is_empty() {
                let input = JournaledInput::Tick(key("clock", &at.to_string()));
                self.give(index, input, 0, Outcome::Applied, events);
            }
        }
    }

    /// Decides an input; the clock is its own instant if that is later. Fields of the envelope may stand in
    /// the body.
    pub fn input(&mut self, account: &str, id: &str, at: &str, kind: &str, body: Value) {
        self.line(at, input_line(account, id, at, kind, body));
    }

    /// Decides an input as a line of JSON; `at` is its instant, for what cannot be read.
    pub fn line(&mut self, at: &str, line: String) {
        let incoming = match wire_json::parse_incoming(line.as_bytes()) {
            Ok(incoming) => incoming,
            Err(error) => {
                let fields = json!({ "code": error.reason.code(), "reason": error.to_string() });
                self.outputs
                    .push(json!({ "kind": "quarantined", "at": at, "fields": fields }));
                return;
            }
        };
        match edge::resolve(&self.directory, &self.world, incoming) {
            Ok(input) => self.decide(input, line),
            Err(unresolved) => self.keep(unresolved.0, unresolved.1, line),
        }
    }

    /// Puts what concerns nobody known into the quarantine.
    fn keep(&mut self, incoming: Incoming, why: Rejection, line: String) {
        self.clock = self.clock.max(incoming.occurred_at);
        let raw = RawInput {
            key: Some(incoming.key.clone()),
            occurred_at: Some(incoming.occurred_at),
            format: SmolStr::new_static("json"),
            place: String::new(),
        };
        let outcome = Outcome::Quarantined(Quarantined {
            reason: why.reason,
            detail: why.detail,
            original: line.into_bytes(),
        });
        self.give(0, JournaledInput::Raw(raw), 0, outcome, Vec::new());
        if why.reason == Reason::UnidentifiedPurchase {
            edge::keep(&self.directory, self.entries.len() as u64, incoming);
        }
    }

    /// Decides an input as it comes from the wire; of a correction the edge looks up what stands for its
    /// record.
    pub fn decide(&mut self, mut input: Input, line: String) {
        self.know_zone(&input);
        self.clock = self.clock.max(input.occurred_at);
        let index = self.partition_of(&input.account);
        let mut events = Vec::new();
        let hash = umbral_wire::body_hash(&input);
        edge::look_up(self.entries.iter().map(|(_, entry, _)| entry), &mut input);
        let partition = &mut self.partitions[index];
        let decision = match edge::fill_in(&self.directory, &self.world, &mut input) {
            Err(_) if partition.is_repeat(&input, hash) => Decision::Duplicate,
            Err(refused) => Decision::Refused(refused),
            Ok(()) => partition.process(&self.world, self.clock, &input, hash, &mut events),
        };
        if matches!(decision, Decision::Applied) {
            self.directory.apply(&input);
        }
        let outcome = match decision {
            Decision::Applied => Outcome::Applied,
            Decision::Duplicate => Outcome::DuplicateIgnored,
            Decision::Refused(rejection) => Outcome::Quarantined(Quarantined {
                reason: rejection.reason,
                detail: rejection.detail,
                original: line.into_bytes(),
            }),
        };
        self.give(
            index,
            JournaledInput::Account(Box::new(input)),
            hash,
            outcome,
            events,
        );
    }

    fn partition_of(&self, account: &AccountId) -> usize {
        let sum: usize = account.as_str().bytes().map(usize::from).sum();
        sum % self.partitions.len()
    }

    /// Zones are known to the world before an input that names them is decided.
    fn know_zone(&mut self, input: &Input) {
        let name = match &input.body {
            Body::CustomerAdded(body) => &body.time_zone,
            Body::TimeZoneChanged(body) => &body.time_zone,
            _ => return,
        };
        if let Some(rules) = zones::iana(name.as_str()) {
            self.world.add_zone(rules);
        }
    }

    fn give(
        &mut self,
        partition: usize,
        input: JournaledInput,
        hash: u64,
        outcome: Outcome,
        events: Vec<AccountEvent>,
    ) {
        let position = self.entries.len() as u64 + 1;
        let entry = Entry {
            position,
            clock: self.clock,
            version: None,
            input,
            outcome,
            events,
        };
        if self.is_heard {
            let outputs = umbral_wire::outputs(&entry);
            self.outputs.extend(outputs.iter().filter_map(value_of));
        }
        self.entries.push((partition, entry, hash));
    }

    /// What came out since the last call: `{kind, account, at, out_id, fields}` of all published kinds.
    pub fn take_outputs(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.outputs)
    }

    /// An account as it is now.
    pub fn account(&self, id: &str) -> Option<AccountView> {
        let id = AccountId::from(id);
        self.partitions[self.partition_of(&id)].account(&self.world, self.clock, &id)
    }

    /// The hash of every account, in the order of their ids, whatever the partitions.
    pub fn account_hashes(&self) -> Vec<(AccountId, u128)> {
        let mut hashes: Vec<_> = self
            .partitions
            .iter()
            .flat_map(Partition::account_hashes)
            .collect();
        hashes.sort();
        hashes
    }

    /// The hashes after the entries so far are replayed from nothing.
    pub fn replayed_hashes(&self) -> Vec<(AccountId, u128)> {
        let mut partitions = vec![Partition::new(); self.partitions.len()];
        for (index, entry, hash) in &self.entries {
            partitions[*index].replay(&self.world, entry, *hash);
        }
        let mut hashes: Vec<_> = partitions
            .iter()
            .flat_map(Partition::account_hashes)
            .collect();
        hashes.sort();
        hashes
    }

    /// Goes on with partitions that were replayed from nothing, as after a restart.
    pub fn restart(&mut self) {
        let mut partitions = vec![Partition::new(); self.partitions.len()];
        for (index, entry, hash) in &self.entries {
            partitions[*index].replay(&self.world, entry, *hash);
        }
        self.go_on_with(partitions);
    }

    fn go_on_with(&mut self, mut partitions: Vec<Partition>) {
        for partition in &mut partitions {
            partition.resume(&self.world, self.clock);
        }
        self.partitions = partitions;
    }

    /// All rows as bytes, partition by partition.
    pub fn rows(&self) -> Vec<u8> {
        let (mut bytes, all) = (
            Vec::new(),
            Portion {
                rows: usize::MAX,
                bytes: usize::MAX,
            },
        );
        for partition in &self.partitions {
            partition.write_rows(0, &all, &mut bytes);
        }
        bytes
    }

    /// Begins a copy of all rows.
    pub fn begin_copy(&mut self) {
        self.copy = Some(Copy {
            begun: self.entries.len(),
            next: vec![0; self.partitions.len()],
            pieces: Vec::new(),
        });
    }

    /// Copies up to `rows` further rows of each partition; says whether there were any.
    pub fn copy_some(&mut self, rows: usize) -> bool {
        let Some(copy) = &mut self.copy else {
            return false;
        };
        let (portion, before) = (
            Portion {
                rows,
                bytes: 1 << 20,
            },
            copy.pieces.len(),
        );
        for (index, partition) in self.partitions.iter().enumerate() {
            let mut bytes = Vec::new();
            let next = partition.write_rows(copy.next[index], &portion, &mut bytes);
            if next > copy.next[index] {
                copy.next[index] = next;
                copy.pieces.push((index, self.entries.len() as u64, bytes));
            }
        }
        copy.pieces.len() > before
    }

    /// Ends the copy, and goes on with the rows that were copied and the entries since it began.
    pub fn restart_from_copy(&mut self) {
        while self.copy_some(usize::MAX) {}
        let Some(copy) = self.copy.take() else {
            return;
        };
        let mut partitions = vec![Partition::new(); self.partitions.len()];
        for (index, as_of, bytes) in &copy.pieces {
            let read = partitions[*index].read_rows(bytes, *as_of);
            assert!(read.is_ok(), "{read:?}");
        }
        for (index, entry, hash) in &self.entries[copy.begun..] {
            partitions[*index].replay_of(&self.world, entry.position, entry, *hash);
        }
        self.go_on_with(partitions);
    }

    /// All events of an account in order, the internal ones included.
    pub fn history(&self, id: &str) -> Vec<umbral_model::event::Event> {
        let id = AccountId::from(id);
        let own = |entry: &Entry| match &entry.input {
            JournaledInput::Account(input) => Some(input.account.clone()),
            _ => None,
        };
        self.entries
            .iter()
            .flat_map(|(_, entry, _)| {
                entry
                    .events
                    .iter()
                    .map(move |event| (event.account.clone().or(own(entry)), event))
            })
            .filter(|(account, _)| account.as_ref() == Some(&id))
            .map(|(_, event)| event.event.clone())
            .collect()
    }
}

fn key(source: &str, id: &str) -> InputKey {
    InputKey {
        source: Source::from(source),
        event_id: EventId::from(id),
    }
}

/// An output as a value; none for what is not published.
fn value_of(output: &OutputEvent<'_>) -> Option<Value> {
    let is_public = match (&output.body, output.body.stream()) {
        (OutputBody::DuplicateIgnored, _) => true,
        (_, stream) => stream != Stream::Internal,
    };
    if !is_public {
        return None;
    }
    let written: Value = serde_json::from_str(&wire_json::output(output)).ok()?;
    let kind = output.body.kind();
    Some(json!({
        "kind": kind,
        "account": written["account_id"],
        "at": written["effective_at"],
        "out_id": written["out_id"],
        "fields": written[kind],
    }))
}

/// The input as a line of JSON: body fields that belong to the envelope move there.
fn input_line(account: &str, id: &str, at: &str, kind: &str, body: Value) -> String {
    let mut envelope = Map::new();
    envelope.insert("source".into(), json!("test"));
    envelope.insert("event_id".into(), json!(id));
    envelope.insert("occurred_at".into(), json!(at));
    envelope.insert("account_id".into(), json!(account));
    let Value::Object(mut body) = body else {
        return String::new();
    };
    for field in ENVELOPE {
        // A member that is added, and who gives a rank, are what the body is about.
        let is_of_body = matches!(
            (field, kind),
            ("member_id", "member_added" | "member_removed") | ("source", "vip_rank_changed")
        );
        if is_of_body {
            continue;
        }
        match body.remove(field) {
            // Whom it concerns is left to the identifier that it names.
            Some(Value::Null) => envelope.remove(field),
            Some(value) => envelope.insert(field.into(), value),
            None => None,
        };
    }
    if kind == "customer_added" && !body.contains_key("plan") {
        body.insert("plan".into(), json!(PLAN));
    }
    envelope.insert(kind.to_owned(), Value::Object(body));
    Value::Object(envelope).to_string()
}
