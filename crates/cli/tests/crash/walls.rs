//! Walls that a process runs into: a full disk, a directory that may not be written, a damaged log. It says what
//! to do, ends with 3, and nothing is lost.

#![cfg(unix)]

use crate::disturb::{Seeded, assert_done, seed, succeed, text, umbral};
use crate::scene::{Form, Inputs, checked, init, write_catalog, write_inputs};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

fn ingest_arguments(data: &Path, inputs: &Inputs) -> Vec<String> {
    let mut arguments: Vec<String> = ["ingest", "--data", text(data), "--clock", "event"]
        .map(str::to_owned)
        .to_vec();
    arguments.extend(["--quiet", "--batch", "64"].map(str::to_owned));
    arguments.extend(inputs.files.iter().map(|file| text(file).to_owned()));
    arguments
}

fn ingest(data: &Path, inputs: &Inputs) -> Output {
    let arguments = ingest_arguments(data, inputs);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    umbral(&arguments).output().expect("start umbral")
}

fn assert_unusable(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is not in:\n{told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn a_disk_that_fills_up_again_and_again_loses_nothing() {
    let mut random = Seeded::new(seed(20_260_601));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Json, 1, 6_000, &mut random);
    let data = init(root, "data");
    // No file grows beyond so many blocks; without a handler for the signal the write fails, as on a full disk.
    let script = "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"";
    let mut blocks = 40;
    let mut full = 0;
    loop {
        let output = Command::new("sh")
            .args(["-c", script, "sh", &blocks.to_string()])
            .arg(env!("CARGO_BIN_EXE_umbral"))
            .args(ingest_arguments(&data, &inputs))
            .stdin(Stdio::null())
            .output()
            .expect("start sh");
        if output.status.success() {
            break;
        }
        assert_unusable(&output, &["the disk is full", "free some space"]);
        full += 1;
        // Readers need no space.
        succeed(&["replay", "--verify", "--data", text(&data)]);
        blocks += 100 + random.below(400);
        assert!(blocks < 1 << 20, "the journal takes more than it should");
    }
    assert!(full >= 3, "the disk was full {full} times only");
    assert_done(&ingest(&data, &inputs), "ingest");
    checked(&data, &inputs.expected);
}

/// Gives everything below a folder these rights: with write or without.
fn permit(path: &Path, writing: bool) {
    let metadata = std::fs::metadata(path).expect("it is there");
    let mode = match (metadata.is_dir(), writing) {
        (true, true) => 0o755,
        (true, false) => 0o555,
        (false, true) => 0o644,
        (false, false) => 0o444,
    };
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("rights");
    if metadata.is_dir() {
        for entry in std::fs::read_dir(path).expect("list") {
            permit(&entry.expect("an entry").path(), writing);
        }
    }
}

/// The binary as a user whom rights bind: nobody, where the test runs as root.
struct Bound {
    binary: PathBuf,
    is_root: bool,
}

impl Bound {
    fn new(root: &Path) -> Bound {
        let binary = root.join("umbral-of-nobody");
        std::fs::copy(env!("CARGO_BIN_EXE_umbral"), &binary).expect("copy");
        std::fs::set_permissions(&binary, PermissionsExt::from_mode(0o755)).expect("rights");
        std::fs::set_permissions(root, PermissionsExt::from_mode(0o755)).expect("rights");
        let probe = root.join("probe");
        std::fs::create_dir(&probe).expect("a folder");
        std::fs::set_permissions(&probe, PermissionsExt::from_mode(0o555)).expect("rights");
        let is_root = std::fs::write(probe.join("file"), "").is_ok();
        Bound { binary, is_root }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .env("NO_COLOR", "1");
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        loop {
            match command.output() {
                // Another test that forks holds the copy open for writing, for a moment.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {}
                output => return output.expect("start umbral"),
            }
        }
    }
}

#[test]
fn a_directory_that_may_not_be_written_is_said_so_and_still_read() {
    let mut random = Seeded::new(seed(20_260_602));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Json, 1, 300, &mut random);
    let data = init(root, "data");
    assert_done(&ingest(&data, &inputs), "ingest");
    permit(&data, false);
    permit(&root.join("in"), false);
    permit(&root.join("catalog"), false);
    let bound = Bound::new(root);

    let arguments = ingest_arguments(&data, &inputs);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let refused = bound.run(&arguments);
    assert_unusable(
        &refused,
        &["not permitted", "give this user the right", text(&data)],
    );
    let (new, catalog) = (data.join("new"), root.join("catalog"));
    let refused = bound.run(&["init", "--data", text(&new), "--catalog", text(&catalog)]);
    assert_unusable(&refused, &["not permitted", text(&new)]);
    for question in [
        vec!["tail", "--stream", "rated"],
        vec!["account", "A1"],
        vec!["replay", "--verify"],
    ] {
        let mut question = question;
        question.extend(["--data", text(&data)]);
        assert_done(&bound.run(&question), &format!("{question:?}"));
    }

    permit(&data, true);
    assert_done(&ingest(&data, &inputs), "ingest");
    checked(&data, &inputs.expected);
}

#[test]
fn a_damaged_log_is_refused_by_every_command_with_file_and_offset() {
    let mut random = Seeded::new(seed(20_260_603));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    write_catalog(&root.join("catalog"));
    let inputs = write_inputs(&root.join("in"), Form::Json, 1, 500, &mut random);
    let data = init(root, "data");
    assert_done(&ingest(&data, &inputs), "ingest");
    let segment = data.join("log/0000000001.segment");
    let whole = std::fs::read(&segment).expect("read");
    for _ in 0..12 {
        let mut flipped = whole.clone();
        let at = 4_096 + random.below(whole.len() as u64 - 4_096) as usize;
        flipped[at] ^= 1 << random.below(8);
        std::fs::write(&segment, &flipped).expect("write");
        let words = [text(&segment), "offset", "restore the file from a backup"];
        assert_unusable(&ingest(&data, &inputs), &words);
        for question in [&["tail"][..], &["account", "A1"], &["replay", "--verify"]] {
            let mut question = question.to_vec();
            question.extend(["--data", text(&data)]);
            let output = umbral(&question).output().expect("start umbral");
            assert_unusable(&output, &words);
        }
        let left = std::fs::read(&segment).expect("read");
        assert!(left == flipped, "a refusal changes nothing");
    }
    std::fs::write(&segment, &whole).expect("write");
    assert_done(&ingest(&data, &inputs), "ingest");
    checked(&data, &inputs.expected);
}
