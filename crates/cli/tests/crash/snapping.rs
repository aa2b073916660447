//! Killed while it takes snapshots: by itself as a service, and when it is told to. After each kill a start uses the
//! newest snapshot that counts, or the journal where none does, and says which.

use crate::disturb::{
    Seeded, Victim, assert_done, moment, rest, seed, succeed, text, umbral, wanted,
};
use crate::scene::{Form, Inputs, assert_same, checked, init, write_catalog, write_inputs};
use crate::serving::Service;
use crate::starts::{Start, ingest_one};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// What there is of snapshots.
#[derive(PartialEq, Eq, Clone, Default, Debug)]
struct Left {
    /// Number of the newest one that has a manifest; 0 if none has.
    newest: u64,
    /// Files under a temporary name and parts without a manifest, with the time of their last write.
    unfinished: BTreeMap<String, SystemTime>,
}

impl Left {
    fn in_directory(data: &Path) -> Left {
        let mut left = Left::default();
        let folder = data.join("snapshots");
        let Ok(entries) = std::fs::read_dir(&folder) else {
            return left;
        };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(number) = name.strip_suffix(".manifest") {
                left.newest = left.newest.max(number.parse().expect("a number"));
                continue;
            }
            let manifest = name.strip_suffix(".parts");
            let counts = manifest.is_some_and(|number| {
                let manifest = folder.join(format!("{number}.manifest"));
                manifest.is_file()
            });
            // What is renamed or removed just now is seen the next time.
            let written = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok();
            if let Some(written) = written.filter(|_| !counts) {
                left.unfinished.insert(name, written);
            }
        }
        left
    }

    /// Whether a snapshot was begun since then that does not count yet.
    fn has_begun_more(&self, before: &Left) -> bool {
        let is_new = |(name, written): (&String, &SystemTime)| {
            before.unfinished.get(name).is_none_or(|at| at != written)
        };
        self.unfinished.iter().any(is_new)
    }
}

/// What the kills of a test came to.
#[derive(Default, Debug)]
struct Hits {
    kills: u64,
    /// Of these, in the middle of a snapshot: it was begun in that life and does not count.
    unfinished: u64,
    /// Lives that began with a snapshot, and with the journal alone.
    with_snapshot: u64,
    with_journal: u64,
    rounds: u64,
}

/// The snapshot that a life says it began with, 0 for the journal alone; none where it was killed before that.
fn began_with(log: &[u8]) -> Option<u64> {
    let start = Start::told_by(log);
    assert_eq!(
        start.refused,
        [],
        "what a kill leaves counts as a whole or not at all"
    );
    start.snapshot
}

/// One life that is killed, as often as not while a snapshot is written; gives whether it was.
struct Life<'h> {
    data: &'h Path,
    /// How long it may take until a snapshot is begun.
    patience: Duration,
    /// What it must begin with, if it comes to that: the newest snapshot, or the whole journal.
    uses_snapshots: bool,
    hits: &'h mut Hits,
}

impl Life<'_> {
    fn end(self, mut victim: Victim, before: &Left, random: &mut Seeded) -> bool {
        if random.below(4) == 0 {
            victim.work_for(moment(random, self.patience));
        } else {
            let deadline = Instant::now() + self.patience;
            while !Left::in_directory(self.data).has_begun_more(before)
                && Instant::now() < deadline
                && !victim.has_ended()
            {
                rest(Duration::from_micros(50));
            }
            victim.work_for(moment(random, Duration::from_millis(4)));
        }
        let output = victim.kill_or_end();
        let newest = if self.uses_snapshots {
            before.newest
        } else {
            0
        };
        if let Some(began) = began_with(&output.stderr) {
            assert_eq!(began, newest, "a start uses the newest snapshot");
            if began > 0 {
                self.hits.with_snapshot += 1;
            } else {
                self.hits.with_journal += 1;
            }
        }
        if output.status.code().is_some() {
            assert_done(&output, "a life that was not killed");
            return false;
        }
        self.hits.kills += 1;
        let left = Left::in_directory(self.data);
        self.hits.unfinished += u64::from(left.has_begun_more(before));
        true
    }
}

#[test]
fn killed_while_the_service_takes_snapshots_nothing_is_lost_doubled_or_different() {
    let mut random = Seeded::new(seed(20_260_701));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Csv, 20, 50_000, &mut random);
    let calm = Service::new(root, "calm", &inputs).finish(&mut random, &inputs);
    let calm = checked(&calm, &inputs.expected);

    let (kills, unfinished) = (wanted(24), wanted(8));
    let mut hits = Hits::default();
    while hits.kills < kills || hits.unfinished < unfinished {
        let name = format!("snapped-{}", hits.rounds);
        let mut service =
            Service::new(root, &name, &inputs).with("[snapshots]\nevery_megabytes = 1\n");
        let mut lives = 0;
        while lives < 10 && (hits.kills < kills || hits.unfinished < unfinished) {
            // Two files are more than a megabyte of journal, so that a snapshot is due.
            assert!(
                service.drop_next() && service.drop_next(),
                "there are files enough"
            );
            let before = Left::in_directory(&service.data);
            let victim = service.start(&mut random);
            let life = Life {
                data: &service.data,
                patience: Duration::from_millis(2_500),
                uses_snapshots: true,
                hits: &mut hits,
            };
            assert!(
                life.end(victim, &before, &mut random),
                "a service does not end by itself"
            );
            lives += 1;
        }
        let data = service.finish(&mut random, &inputs);
        let what = format!("round {}", hits.rounds);
        assert_same(&calm, &checked(&data, &inputs.expected), &what);
        std::fs::remove_dir_all(&data).expect("clean up");
        hits.rounds += 1;
        assert!(
            hits.rounds < 50,
            "it is never killed while it writes: {hits:?}"
        );
    }
    println!("{hits:?}");
}

fn ingest_whole(data: &Path, file: &Path, random: &mut Seeded) {
    let newest = Left::in_directory(data).newest;
    let output = ingest_one(data, file, random)
        .output()
        .expect("start umbral");
    assert_done(&output, "ingest");
    assert_eq!(began_with(&output.stderr), Some(newest), "{data:?}");
}

/// Files one after the other; kills of `umbral snapshot` after each of them.
fn snapshot_with_kills(data: &Path, inputs: &Inputs, random: &mut Seeded, hits: &mut Hits) {
    for (number, file) in inputs.files.iter().enumerate() {
        ingest_whole(data, file, random);
        for _ in 0..5 {
            let afresh = random.below(2) == 0;
            let mut command = umbral(&["snapshot", "--data", text(data)]);
            command.env("UMBRAL_LOG", "info");
            if afresh {
                // Of a batch that a snapshot may have already: that one is replaced.
                command.arg("--afresh");
            }
            let before = Left::in_directory(data);
            let life = Life {
                data,
                patience: Duration::from_millis(40 + 10 * number as u64),
                uses_snapshots: !afresh,
                hits,
            };
            life.end(Victim::start(command), &before, random);
        }
    }
    succeed(&["snapshot", "--data", text(data), "--afresh"]);
    let left = Left::in_directory(data);
    assert!(
        left.newest > 0 && left.unfinished.is_empty(),
        "the next one clears up: {left:?}"
    );
}

#[test]
fn killed_while_it_is_told_to_take_a_snapshot_nothing_is_lost_doubled_or_different() {
    let mut random = Seeded::new(seed(20_260_702));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Json, 7, 14_000, &mut random);
    let calm = init(root, "calm");
    for file in &inputs.files {
        ingest_whole(&calm, file, &mut random);
    }
    let calm = checked(&calm, &inputs.expected);

    let mut hits = Hits::default();
    while hits.kills < wanted(50) || hits.unfinished < wanted(16) {
        let data = init(root, &format!("told-{}", hits.rounds));
        snapshot_with_kills(&data, &inputs, &mut random, &mut hits);
        let what = format!("round {}", hits.rounds);
        assert_same(&calm, &checked(&data, &inputs.expected), &what);
        std::fs::remove_dir_all(&data).expect("clean up");
        hits.rounds += 1;
        assert!(
            hits.rounds < 50,
            "it is never killed while it writes: {hits:?}"
        );
    }
    assert!(hits.with_snapshot > 0 && hits.with_journal > 0, "{hits:?}");
    println!("{hits:?}");
}
