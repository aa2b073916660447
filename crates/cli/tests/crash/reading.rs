//! Killed while it reads files: one file, several that are merged by time, rows through a mapping.

use crate::disturb::{Seeded, Tally, Victim, assert_done, moment, seed, text, umbral, wanted};
use crate::scene::{Form, Inputs, assert_same, checked, init, write_catalog, write_inputs};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// An ingest of everything, with options that change no result.
fn ingest(data: &Path, root: &Path, inputs: &Inputs, random: &mut Seeded) -> Command {
    let mapping = root.join("mapping.toml");
    let (threads, batch) = (
        random.pick(&["1", "2", "3"]),
        random.pick(&["32", "100", "512"]),
    );
    let segment = random.pick(&["16384", "32768", "65536", "1000000"]);
    let mut command = umbral(&[
        "ingest",
        "--data",
        text(data),
        "--clock",
        "event",
        "--quiet",
        "--mapping",
        text(&mapping),
        "--threads",
        threads,
        "--batch",
        batch,
        "--segment-bytes",
        segment,
    ]);
    command.args(&inputs.files);
    command
}

/// Kills until the process came to its end by itself, `most` times at most.
fn ingest_with_kills(
    data: &Path,
    root: &Path,
    inputs: &Inputs,
    random: &mut Seeded,
    (whole, most): (Duration, u64),
    tally: &mut Tally,
) {
    for _ in 0..most {
        let mut victim = Victim::start(ingest(data, root, inputs, random));
        victim.work_for(moment(random, whole));
        if !victim.kill("ingest") {
            return;
        }
        tally.count(data);
    }
    Victim::start(ingest(data, root, inputs, random)).finish("ingest");
}

fn kill_often(form: Form, files: u64, kills: u64, random: &mut Seeded) -> Tally {
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), form, files, 9_000, random);
    let calm = init(root, "calm");
    let started = Instant::now();
    let output = ingest(&calm, root, &inputs, random)
        .output()
        .expect("start umbral");
    assert_done(&output, "ingest");
    let whole = started.elapsed();
    let calm = checked(&calm, &inputs.expected);

    let mut tally = Tally::default();
    while tally.kills < kills {
        let data = init(root, &format!("killed-{}", tally.rounds));
        // Short lives kill often in one directory, long ones come to its end.
        let share = random.pick(&[1, 2, 6]);
        let most = (kills - tally.kills).min(14);
        ingest_with_kills(
            &data,
            root,
            &inputs,
            random,
            (whole / share, most),
            &mut tally,
        );
        let what = format!("round {}", tally.rounds);
        assert_same(&calm, &checked(&data, &inputs.expected), &what);
        std::fs::remove_dir_all(&data).expect("clean up");
        tally.rounds += 1;
        assert!(
            tally.rounds < 1_000,
            "the process is never killed while it works"
        );
    }
    println!("{form:?}, {files} files: {tally:?} within {whole:?}");
    tally
}

#[test]
fn killed_while_it_reads_nothing_is_lost_doubled_or_different() {
    let mut random = Seeded::new(seed(20_260_302));
    kill_often(Form::Json, 1, wanted(60), &mut random);
    kill_often(Form::Json, 3, wanted(20), &mut random);
    kill_often(Form::Csv, 2, wanted(30), &mut random);
}
