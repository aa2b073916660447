//! Second station: gives every input its number, its clock and its account, and hands it to the worker
//! that owns the account's partition. What it decides itself is what only one place can decide: time,
//! identifiers, zones and catalogs.

mod activation;
mod batch;
mod copy;
mod downstream;
mod keep;
mod pending;
mod resolve;
mod time;
mod waiters;

pub use activation::Catalogs;
pub(crate) use activation::{JournaledZones, activation_hash, check_catalogs, compile};
pub(crate) use downstream::{Downstream, Lines, Numbering};
pub use pending::changes_directory;
pub use time::is_version_tick;

use crate::clock::Clock;
use crate::error::Failure;
use crate::fold::{WorldFold, WorldRecord};
use crate::index::BatchIndex;
use crate::message::*;
use crate::metrics;
use crate::options::Options;
use crate::originals::{Found, Originals, embed, wanted_by};
use crate::partitioner::partition_of_account;
use activation::Activations;
use batch::OpenBatch;
use copy::Copying;
use crossbeam_channel::{RecvTimeoutError, Sender};
use pending::Pending;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::clock_key;
use umbral_engine::World;
use umbral_intake::directory::{Directory, reason_of};
use umbral_journal::BatchPlace;
use umbral_model::ids::PartitionNo;
use umbral_model::input::*;
use umbral_model::journal::{Commit, SourcePosition};
use umbral_model::rejection::{Reason, Rejection};
use umbral_model::time::Timestamp;
use waiters::Waiters;

/// Records whose identifiers are looked up before they are sequenced.
const WARMED: usize = 32;
/// Longest sleep of an idle sequencer: how late a tick of the wall clock may be.
const IDLE: Duration = Duration::from_millis(100);

/// Where the sequencer goes on: folded from the journal at the start.
pub(crate) struct Resumed {
    /// The last committed batch; its clock, position and number.
    pub last: Commit,
    /// Catalogs and zones.
    pub world: Arc<World>,
    /// The directory.
    pub directory: Arc<Directory>,
    /// How far every source is read.
    pub sources: FxHashMap<SmolStr, SourcePosition>,
    /// Keys of catalog activations, by version, with a hash of each activation.
    pub activations: Vec<(InputKey, u64)>,
    /// Control records that made the world.
    pub world_records: Vec<WorldRecord>,
    /// When the next timer is due, by worker.
    pub standing: Vec<Standing>,
    /// Records that corrections name.
    pub originals: Originals,
    /// Partitions of the deployment.
    pub partitions: u16,
}

/// The sequencer of all partitions, or of one that is a log of its own.
pub(crate) struct Sequencer<D> {
    lines: D,
    numbering: Numbering,
    options: Options,
    clock: Clock,
    /// Number of the last sequenced input.
    position: u64,
    batch: u64,
    in_flight: usize,
    world: Arc<World>,
    directory: Arc<Directory>,
    pending: Pending,
    open: OpenBatch,
    opened_at: Instant,
    sources: FxHashMap<SmolStr, SourcePosition>,
    activations: Activations,
    /// How the partitions of each worker stood after the last batch that is durable.
    standing: Vec<Standing>,
    waiters: Waiters,
    originals: Originals,
    partitions: u16,
    known_accounts: Option<Arc<KnownAccounts>>,
    /// What snapshots need.
    copying: Copying,
    /// Memory for inputs, of batches that are durable.
    #[allow(clippy::vec_box, reason = "the boxes themselves are handed on")]
    spare: Vec<Box<Input>>,
    /// Memory for frames, as many as the batches under way have at most.
    spare_payloads: Vec<Vec<u8>>,
}

impl<D: Downstream> Sequencer<D> {
    pub(crate) fn new(lines: D, options: Options, resumed: Resumed) -> Sequencer<D> {
        let workers = lines.workers();
        let numbering = lines.numbering();
        let clock = Clock::new(options.clock.clone(), options.max_gap, resumed.last.clock);
        let copying = Copying::new(&resumed.last, resumed.world_records);
        let activations = Activations::new(resumed.activations, &resumed.world, clock.last());
        let mut sequencer = Sequencer {
            lines,
            numbering,
            options,
            clock,
            position: resumed.last.position,
            batch: resumed.last.batch,
            in_flight: 0,
            world: resumed.world,
            directory: resumed.directory,
            pending: Pending::default(),
            open: OpenBatch::new(workers, 0),
            opened_at: Instant::now(),
            sources: resumed.sources,
            activations,
            standing: resumed.standing,
            waiters: Waiters::default(),
            originals: resumed.originals,
            partitions: resumed.partitions,
            known_accounts: None,
            copying,
            spare: Vec::new(),
            spare_payloads: Vec::new(),
        };
        sequencer.open = sequencer.new_batch();
        sequencer
    }

    pub(crate) fn take(&mut self, chunk: Chunk, watched: bool) -> Result<(), Failure> {
        self.has_room_for_keys()?;
        let Chunk {
            sources,
            format,
            bytes,
            records,
        } = chunk;
        let mut records = records.into_iter();
        while !records.as_slice().is_empty() {
            self.warm(records.as_slice());
            for record in records.by_ref().take(WARMED) {
                let source = record
                    .source
                    .and_then(|index| sources.get(usize::from(index)));
                let origin = Origin {
                    source: source.map(Arc::as_ref),
                    format: source.map_or(&format, |source| &source.format),
                    bytes: &bytes,
                    row: record.row,
                    line: record.line,
                    resubmits: record.resubmits,
                    watched,
                };
                self.take_one(record, &origin)?;
            }
        }
        Ok(())
    }

    /// A key that is forgotten too early could let a record count twice: rather nothing is taken any more.
    fn has_room_for_keys(&self) -> Result<(), Failure> {
        let keys = self.standing.iter().map(|standing| standing.keys).sum();
        match self.options.window_keys {
            most if keys < most => Ok(()),
            most => Err(Failure::Window { keys, most }),
        }
    }

    /// Lets memory answer for the identifiers of the next records at once.
    fn warm(&self, records: &[Record]) {
        let addresses = records.iter().take(WARMED).filter_map(|record| {
            let incoming = record.content.as_ref().ok()?;
            incoming.address.as_ref()
        });
        let identifiers = addresses.filter_map(|address| match address {
            Address::Identifier(identifier) => Some(identifier),
            Address::Account(..) => None,
        });
        self.directory.warm(identifiers);
    }

    fn take_one(&mut self, record: Record, origin: &Origin<'_>) -> Result<(), Failure> {
        let bytes = record.original.bytes();
        self.sequence(record, origin)?;
        self.open.original_bytes += bytes;
        if let Some(again) = origin.resubmits {
            self.open.commit.resubmitted.push(again);
            self.pending.take_up(self.position, again);
        }
        if let Some(source) = origin.source {
            self.count_record(source, origin.row);
        }
        // A catalog's batch ends with it, and holds how far its source is read.
        let is_catalogs = !self.open.commit.catalogs.is_empty();
        if is_catalogs || self.open.is_full(self.options.batch_inputs) {
            self.flush()?;
        }
        Ok(())
    }

    fn count_record(&mut self, source: &SourceId, row: u64) {
        if !self.sources.contains_key(&source.id) {
            let (id, name) = (source.id.clone(), source.name.clone());
            let fresh = SourcePosition {
                id,
                name,
                records: 0,
                done: false,
            };
            self.sources.insert(source.id.clone(), fresh);
        }
        if let Some(position) = self.sources.get_mut(&source.id) {
            position.records = match source.counting {
                Counting::Records => position.records + 1,
                Counting::Rows => row,
            };
            self.open.source(position);
        }
    }

    /// Sequences one record. Anything that makes it wait comes before anything that it changes, so that a
    /// batch which closes meanwhile holds whole inputs only.
    fn sequence(&mut self, record: Record, origin: &Origin<'_>) -> Result<(), Failure> {
        let Record {
            content, original, ..
        } = record;
        match content {
            Err(refusal) => self.keep_unreadable(refusal, &original, origin),
            Ok(incoming) => match &incoming.body {
                IncomingBody::Tick => self.take_tick(&incoming, origin),
                IncomingBody::CatalogActivated(_) => self.activate(incoming, &original, origin)?,
                IncomingBody::Account(_) => self.sequence_input(incoming, &original, origin)?,
            },
        }
        Ok(())
    }

    fn sequence_input(
        &mut self,
        incoming: Incoming,
        original: &Original,
        origin: &Origin<'_>,
    ) -> Result<(), Failure> {
        let again = origin.resubmits.is_some();
        let admitted = match (incoming.forced, again) {
            (true, _) => Ok(()),
            (false, true) => self.clock.admit_again(incoming.occurred_at),
            (false, false) => self.clock.admit(incoming.occurred_at),
        };
        let resolved = self.resolve(incoming.address.as_ref(), incoming.occurred_at)?;
        let (account, member) = match resolved {
            Ok(found) => found,
            Err(unresolved) => {
                let catalog = self.catalog_at(incoming.occurred_at);
                let unresolved = reason_of(&incoming, catalog, unresolved);
                let rejection = admitted.as_ref().err().cloned().unwrap_or(unresolved);
                if admitted.is_ok() {
                    self.follow_new(incoming.occurred_at, again);
                }
                self.keep_unresolved(incoming, rejection, original, origin);
                return Ok(());
            }
        };
        if let Some(misplaced) = self.numbering.misplaced(&account, self.partitions) {
            self.keep_unresolved(incoming, misplaced, original, origin);
            return Ok(());
        }
        let IncomingBody::Account(body) = incoming.body else {
            return Ok(());
        };
        let found = match wanted_by(&incoming.key, incoming.occurred_at, &account, &body) {
            Some(wanted) => self.find_original(&wanted)?,
            None => Found::Nothing,
        };
        let mut input = self.boxed(Input {
            key: incoming.key,
            occurred_at: incoming.occurred_at,
            account,
            member,
            currency: incoming.currency,
            actor: incoming.actor,
            reason: incoming.reason,
            forced: incoming.forced,
            body,
        });
        embed(&mut input, found);
        let changes = admitted.is_ok() && changes_directory(&input.body);
        let refused = match admitted {
            Ok(()) if changes => self.check_identifiers(&mut input)?,
            Ok(()) => None,
            Err(rejection) => Some(rejection),
        };
        if refused
            .as_ref()
            .is_none_or(|rejection| !is_of_clock(rejection.reason))
        {
            self.follow_new(input.occurred_at, again);
        }
        self.know_zone_of(&input.body);
        if let (Some(known), Body::CustomerAdded(_)) = (&self.known_accounts, &input.body) {
            known.note(input.account.clone());
        }
        self.push_input(input, refused, changes, original, origin);
        Ok(())
    }

    /// Moves the event clock to a new record's time. A record that is taken up again does not move it: what
    /// lay in the quarantine, forced or not, must not fire everybody's timers.
    fn follow_new(&mut self, occurred_at: Timestamp, again: bool) {
        if !again || self.clock.last() == Timestamp::MIN {
            self.follow(occurred_at);
        }
    }

    fn push_input(
        &mut self,
        input: Box<Input>,
        refused: Option<Rejection>,
        changes: bool,
        original: &Original,
        origin: &Origin<'_>,
    ) {
        let position = self.number();
        if changes && refused.is_none() {
            self.pending.note(position, &input);
        }
        self.pending.forget_if_settled();
        let partition = partition_of_account(&input.account, self.partitions);
        let bytes = self.open.bytes(original, origin.bytes);
        let watched = origin.watched || changes;
        let work = Work::Input(InputWork {
            partition,
            input,
            refused,
            bytes,
            watched,
        });
        self.push(partition, position, work);
    }

    fn boxed(&mut self, input: Input) -> Box<Input> {
        match self.spare.pop() {
            Some(mut spare) => {
                *spare = input;
                spare
            }
            None => Box::new(input),
        }
    }

    fn push(&mut self, partition: PartitionNo, position: u64, work: Work) {
        let clock = self.clock.last();
        self.open.push(
            partition,
            Item {
                position,
                clock,
                work,
            },
        );
    }

    /// The number of the input that is being sequenced.
    fn number(&mut self) -> u64 {
        self.position = self.numbering.after(self.position);
        self.open.counts.inputs += 1;
        self.position
    }

    /// Closes the open batch and hands it on, if it has anything in it.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        if self.open.is_empty() {
            return Ok(());
        }
        while self.in_flight >= self.options.batches_in_flight.max(1) {
            self.wait_for_ack()?;
        }
        self.batch += 1;
        self.open.commit.batch = self.batch;
        self.open.commit.position = self.position;
        self.open.commit.clock = self.clock.last();
        self.copying.closed(&self.open.commit);
        let next = self.new_batch();
        let (header, mut shares) = std::mem::replace(&mut self.open, next).close(&self.world);
        tracing::trace!(
            batch = self.batch,
            position = self.position,
            inputs = header.counts.inputs,
            shares = shares.len(),
            "batch closed"
        );
        self.in_flight += 1;
        metrics::record_in_flight(self.in_flight);
        let each = usize::from(self.partitions).div_ceil(self.lines.workers());
        for (_, share) in &mut shares {
            let kept = self.spare_payloads.len().saturating_sub(each);
            share.payloads = self.spare_payloads.split_off(kept);
        }
        self.lines.hand_on(header, &self.world, shares)
    }

    fn new_batch(&mut self) -> OpenBatch {
        self.opened_at = Instant::now();
        OpenBatch::new(self.lines.workers(), self.open.most_items())
    }

    fn wait_for_ack(&mut self) -> Result<(), Failure> {
        let ack = self.lines.ack()?;
        self.settle(ack);
        Ok(())
    }

    pub(crate) fn drain(&mut self) -> Result<(), Failure> {
        while self.in_flight > 0 {
            self.wait_for_ack()?;
        }
        Ok(())
    }

    /// A batch is durable: the directory follows it, and whoever waits for it is answered.
    fn settle(&mut self, ack: Ack) {
        self.in_flight -= 1;
        self.originals.note(&ack);
        self.copying.settle(&ack);
        for (position, verdict) in &ack.verdicts {
            if let Some(input) = self.pending.settle(*position)
                && *verdict == Verdict::Applied
            {
                self.directory.apply(&input);
                self.lines.followed(input);
            }
        }
        self.pending.settle_kept(ack.position, &self.directory);
        self.directory.forget_old(ack.clock);
        for (worker, standing) in &ack.standing {
            self.standing[*worker] = *standing;
        }
        self.waiters.settle(&ack);
        let Spent { inputs, payloads } = ack.spent;
        self.spare.extend(inputs.into_iter().flatten());
        self.spare_payloads.extend(payloads);
    }
}

impl<D: Downstream> Sequencer<D> {
    /// The stations after it.
    pub(crate) fn lines(&mut self) -> &mut D {
        &mut self.lines
    }

    /// The stations after it.
    pub(crate) fn lines_ref(&self) -> &D {
        &self.lines
    }

    /// How far a source is read.
    pub(crate) fn source(&self, id: &str) -> Option<&SourcePosition> {
        self.sources.get(id)
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Position, clock and counts after the last batch that is done.
    pub(crate) fn settled(&self) -> &Commit {
        self.copying.settled()
    }

    /// Control records with catalogs or zones, in order.
    pub(crate) fn world_records(&self) -> &[WorldRecord] {
        self.copying.records()
    }

    /// How far all sources are read, by id.
    pub(crate) fn all_sources(&self) -> Vec<SourcePosition> {
        let mut sources: Vec<SourcePosition> = self.sources.values().cloned().collect();
        sources.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        sources
    }

    /// Places of the batches whose place is known.
    pub(crate) fn index(&self) -> &BatchIndex {
        self.originals.index()
    }

    /// Has `fold` follow what came of catalogs and zones here, and goes on in its world.
    pub(crate) fn follow_world(&mut self, fold: &mut WorldFold) {
        fold.follow_made(&self.world, self.copying.records(), self.activations.keys());
        self.world = Arc::clone(fold.world());
    }

    /// The oldest batch whose place was not known is durable there.
    pub(crate) fn placed(&mut self, batch: u64, place: BatchPlace) {
        self.originals.placed(batch, place);
    }

    /// Ends, after [`Sequencer::drain`]: what another one begins with, and the stations.
    pub(crate) fn end(self) -> (D, Resumed) {
        let (last, world_records) = self.copying.into_parts();
        let resumed = Resumed {
            last,
            world: self.world,
            directory: self.directory,
            sources: self.sources,
            activations: self.activations.into_keys(),
            world_records,
            standing: self.standing,
            originals: self.originals,
            partitions: self.partitions,
        };
        (self.lines, resumed)
    }
}

impl Sequencer<Lines> {
    /// Runs until it is told to stop, or another station has gone.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        loop {
            self.follow_wall_clock()?;
            match self.next_command()? {
                Some(Command::Stop) => break,
                Some(command) => self.obey(command)?,
                None => {}
            }
            while let Ok(ack) = self.lines.acks.try_recv() {
                self.settle(ack);
            }
            let idle = self.opened_at.elapsed() >= self.options.batch_idle;
            if idle && self.lines.commands.is_empty() {
                self.flush()?;
            }
        }
        self.flush()?;
        self.drain()
    }

    /// The next command, after any acknowledgements; none when it is time to look after the batch or clock.
    fn next_command(&mut self) -> Result<Option<Command>, Failure> {
        let patience = if self.open.is_empty() {
            IDLE
        } else {
            self.options.batch_idle
        };
        if self.in_flight > 0 {
            crossbeam_channel::select! {
                recv(self.lines.acks) -> ack => {
                    let ack = ack.map_err(|_| Failure::Closed)?;
                    self.settle(ack);
                    return Ok(None);
                }
                recv(self.lines.commands) -> command => return Ok(Some(command.unwrap_or(Command::Stop))),
                default(patience) => return Ok(None),
            }
        }
        match self.lines.commands.recv_timeout(patience) {
            Ok(command) => Ok(Some(command)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Command::Stop)),
        }
    }

    fn obey(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Records(chunk) => self.take(chunk, false),
            Command::Submit(chunk, reply) => {
                if chunk.records.is_empty() {
                    let _ = reply.send(Vec::new());
                    return Ok(());
                }
                self.waiters
                    .submitter(self.position + 1, chunk.records.len(), reply);
                self.take(chunk, true)
            }
            Command::EndOfSources(sources, reply) => {
                self.end_sources(&sources);
                self.answer_when_durable(reply)
            }
            Command::ListAccounts(known, reply) => self.list_accounts(known, reply),
            Command::Flush(reply) => self.answer_when_durable(reply),
            Command::Copy(order) => self.begin_copy(order),
            Command::Mark(order) => self.pass_mark(order),
            Command::Stop => Ok(()),
        }
    }

    fn answer_when_durable(&mut self, reply: Sender<()>) -> Result<(), Failure> {
        self.flush()?;
        if self.in_flight == 0 {
            let _ = reply.send(());
        } else {
            self.waiters.flush(self.batch, reply);
        }
        Ok(())
    }

    /// Has every worker note its accounts, after all that is sequenced; new ones are noted here.
    fn list_accounts(
        &mut self,
        known: Arc<KnownAccounts>,
        reply: Sender<()>,
    ) -> Result<(), Failure> {
        self.flush()?;
        for line in &self.lines.workers {
            let message = WorkerMessage::ListAccounts(Arc::clone(&known), reply.clone());
            line.send(message).map_err(|_| Failure::Closed)?;
        }
        self.known_accounts = Some(known);
        Ok(())
    }

    /// All of some sources is sequenced: accounts whose timers are due by now are told.
    fn end_sources(&mut self, sources: &[Arc<SourceId>]) {
        if self.clock.is_event() && self.clock.last() != Timestamp::MIN {
            self.tell_time(&clock_key(self.clock.last()));
        }
        for source in sources {
            let (id, name) = (source.id.clone(), source.name.clone());
            let known = self.sources.entry(id.clone()).or_insert(SourcePosition {
                id,
                name,
                records: 0,
                done: false,
            });
            known.done = true;
            self.open.source(known);
        }
    }
}

/// Where a record came from.
struct Origin<'a> {
    source: Option<&'a SourceId>,
    format: &'a SmolStr,
    bytes: &'a Arc<Vec<u8>>,
    row: u64,
    line: u64,
    resubmits: Option<u64>,
    watched: bool,
}

fn is_of_clock(reason: Reason) -> bool {
    matches!(reason, Reason::FromTheFuture | Reason::ClockGap)
}

/// Whether the sequencer refused an account's input, so that deciding it again cannot show it: the reasons
/// that depend on clock mode and directory.
pub fn decided_by_sequencer(reason: Reason, body: &Body) -> bool {
    match reason {
        Reason::FromTheFuture | Reason::ClockGap => true,
        Reason::IdentifierTaken | Reason::UnknownIdentifier | Reason::MalformedField => {
            changes_directory(body)
        }
        // No number could be given to it.
        Reason::BadCard => matches!(body, Body::CardIssued(CardIssued { number: None, .. })),
        _ => false,
    }
}
