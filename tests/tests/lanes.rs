//! A partition that is a log of its own: folding its records, going on from a snapshot, and being parked in between all
//! come to the same state.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use umbral_journal::BatchPlace;
use umbral_model::ids::PartitionNo;
use umbral_runtime::lane::{Lane, LaneOptions, LaneRecord, LaneState};
use umbral_runtime::{Chunk, ClockMode, FrameAt};
use umbral_tests::kafka::{Feed, demo_catalog};

const PARTITIONS: u16 = 3;
const OWN: PartitionNo = PartitionNo(1);

/// Records by offset, as a topic would have them.
#[derive(Clone, Default)]
struct Topic(Arc<std::sync::Mutex<Vec<LaneRecord>>>);

impl FrameAt for Topic {
    fn frame_at(&mut self, place: BatchPlace, _: PartitionNo) -> Result<Option<Vec<u8>>, String> {
        let records = self.0.lock().unwrap();
        let record = records.get(place.offset as usize).ok_or("no such offset")?;
        Ok(Some(record.frame().to_vec()))
    }
}

impl Topic {
    /// Makes durable what the lane decided.
    fn commit(&self, lane: &mut Lane) {
        for record in lane.close().unwrap() {
            let mut records = self.0.lock().unwrap();
            lane.durable(&record, records.len() as u64, 1);
            records.push(record);
        }
    }

    fn fold(&self, mut state: LaneState, from: usize) -> LaneState {
        for (offset, record) in self.0.lock().unwrap().iter().enumerate().skip(from) {
            state.fold(&record.bytes, offset as u64).unwrap();
        }
        state
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn options() -> LaneOptions {
    LaneOptions {
        batch_inputs: 100,
        ..LaneOptions::with_clock(ClockMode::Event)
    }
}

/// What must be the same whatever way led to it: hash of the accounts, counts, clock, chain.
fn seen(state: LaneState, topic: &Topic) -> (u128, String) {
    let lane = state.resume(&options(), Box::new(topic.clone()));
    let state = lane.park();
    let last = state.last();
    let text = format!(
        "{:?} {} {:?} {}",
        last.counts,
        last.clock,
        state.chain().hash,
        state.directory().len()
    );
    (state.accounts().unwrap().state_hash(), text)
}

#[test]
fn every_way_to_a_state_leads_to_the_same() {
    let topic = Topic::default();
    let feed = Feed::new(150, 11, PARTITIONS);
    let own: Vec<_> = feed
        .opening
        .iter()
        .chain(&feed.life)
        .filter(|fed| fed.partition == OWN)
        .collect();
    let begin = || LaneState::new(OWN, PARTITIONS);
    let mut lane = begin().resume(&options(), Box::new(topic.clone()));
    lane.take(Chunk::made(vec![demo_catalog()])).unwrap();
    topic.commit(&mut lane);
    let (mut snapshots, mut parked) = (Vec::new(), 0);
    for (number, some) in own.chunks(150).enumerate() {
        let inputs = some.iter().map(|fed| fed.incoming.clone()).collect();
        lane.take(Chunk::made(inputs)).unwrap();
        topic.commit(&mut lane);
        match number % 4 {
            1 => snapshots.push((topic.len(), lane.write_snapshot(topic.len() as u64 - 1))),
            3 => {
                lane = lane.park().resume(&options(), Box::new(topic.clone()));
                parked += 1;
            }
            _ => {}
        }
    }
    assert!(snapshots.len() > 2 && parked > 2 && topic.len() > 20);
    let counts = lane.last().counts;
    assert!(
        counts.applied > 1_000 && counts.quarantined > 0,
        "{counts:?}"
    );
    let expected = seen(lane.park(), &topic);
    assert_eq!(
        seen(topic.fold(begin(), 0), &topic),
        expected,
        "folded from the beginning"
    );
    for (from, bytes) in &snapshots {
        let (state, offset) = LaneState::read_snapshot(bytes, OWN, PARTITIONS).unwrap();
        assert_eq!(offset as usize + 1, *from);
        assert_eq!(
            seen(topic.fold(state, *from), &topic),
            expected,
            "from the snapshot at {from}"
        );
    }
    refuses_what_is_not_whole(&snapshots[0].1);
}

fn refuses_what_is_not_whole(snapshot: &[u8]) {
    let read = |bytes: &[u8]| {
        LaneState::read_snapshot(bytes, OWN, PARTITIONS)
            .err()
            .map(|error| error.to_string())
    };
    for length in (0..snapshot.len()).step_by(997) {
        assert!(read(&snapshot[..length]).is_some(), "cut at {length}");
    }
    for at in (0..snapshot.len()).step_by(1_009) {
        let mut flipped = snapshot.to_vec();
        flipped[at] ^= 4;
        assert!(read(&flipped).is_some(), "octet {at} of {}", snapshot.len());
    }
    let of_another = LaneState::read_snapshot(snapshot, PartitionNo(0), PARTITIONS).err();
    assert!(
        of_another
            .unwrap()
            .to_string()
            .contains("another partition")
    );
}

#[test]
fn a_record_of_another_partition_is_refused() {
    let topic = Topic::default();
    let mut lane = LaneState::new(OWN, PARTITIONS).resume(&options(), Box::new(topic.clone()));
    lane.take(Chunk::made(vec![demo_catalog()])).unwrap();
    let feed = Feed::new(20, 1, PARTITIONS);
    let stray = feed
        .opening
        .iter()
        .find(|fed| fed.partition != OWN)
        .unwrap();
    lane.take(Chunk::made(vec![stray.incoming.clone()]))
        .unwrap();
    let records = lane.close().unwrap();
    let frame = umbral_wire::frame::decode(records.last().unwrap().frame()).unwrap();
    let outcome = format!("{:?}", frame.entries[0].outcome);
    assert!(outcome.contains("WrongPartition"), "{outcome}");
    let position = frame.entries[0].position;
    assert_eq!((position - 1) % u64::from(PARTITIONS), u64::from(OWN.0));
}
