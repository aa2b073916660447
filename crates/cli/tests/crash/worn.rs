//! Snapshots of a real directory that are damaged in every part, cut, gone, foreign or swapped. A start says which
//! it does not use and why, takes the one before or the journal, and comes to the same outputs and state.

use crate::disturb::{Seeded, assert_done, seed, succeed, text, umbral, wanted};
use crate::scene::{
    Answers, Form, Inputs, answers, assert_same, checked, init, write_catalog, write_inputs,
};
use crate::starts::{Start, ingest_one};
use std::path::{Path, PathBuf};

/// A directory with two snapshots and some batches behind each, and the file that comes next.
struct Worn {
    root: PathBuf,
    data: PathBuf,
    inputs: Inputs,
    /// The older snapshot, and the newer one.
    numbers: [u64; 2],
    calm: Answers,
    cases: u64,
}

/// Where the parts of a snapshot lie, read as docs/snapshots.md has it.
struct PartPlace {
    kind: u8,
    /// Where its entry in the manifest begins.
    entry: usize,
    /// Its content in the file of parts.
    offset: usize,
    length: usize,
}

fn number_at(bytes: &[u8], at: usize, width: usize) -> u64 {
    let mut word = [0u8; 8];
    word[..width].copy_from_slice(&bytes[at..at + width]);
    u64::from_le_bytes(word)
}

fn places(manifest: &[u8]) -> Vec<PartPlace> {
    let (chains, parts) = (number_at(manifest, 40, 4), number_at(manifest, 44, 4));
    let first = 64 + 24 * chains as usize;
    let entries = (0..parts as usize).map(|number| first + 32 * number);
    entries
        .map(|entry| PartPlace {
            kind: manifest[entry],
            entry,
            offset: number_at(manifest, entry + 16, 8) as usize,
            length: number_at(manifest, entry + 24, 4) as usize,
        })
        .collect()
}

/// Fields of a manifest's head: where they begin and how long they are.
const HEAD: [(usize, usize); 11] = [
    (0, 8),
    (8, 4),
    (12, 4),
    (16, 8),
    (24, 4),
    (28, 4),
    (32, 8),
    (40, 4),
    (44, 4),
    (48, 8),
    (56, 8),
];
/// Fields of the entry of a part.
const ENTRY: [(usize, usize); 8] = [
    (0, 1),
    (1, 1),
    (2, 2),
    (4, 4),
    (8, 8),
    (16, 8),
    (24, 4),
    (28, 4),
];

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("list") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => std::fs::copy(entry.path(), &target)
                .map(|_| ())
                .expect("copy"),
        }
    }
}

fn ingest(data: &Path, file: &Path, random: &mut Seeded) -> Start {
    let output = ingest_one(data, file, random)
        .output()
        .expect("start umbral");
    assert_done(&output, "ingest");
    Start::told_by(&output.stderr)
}

/// Takes a snapshot; its number is the last batch in it.
fn snapshot(data: &Path) -> u64 {
    let taken = succeed(&["snapshot", "--data", text(data), "-o", "json"]);
    let taken: serde_json::Value = serde_json::from_str(&taken).expect("JSON");
    taken["batch"].as_u64().expect("a number")
}

fn file_of(data: &Path, number: u64, ending: &str) -> PathBuf {
    data.join(format!("snapshots/{number:020}.{ending}"))
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("read");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("write");
}

impl Worn {
    fn new(root: &Path, random: &mut Seeded) -> Worn {
        write_catalog(&root.join("catalog"));
        let inputs = write_inputs(&root.join("in"), Form::Json, 4, 2_400, random);
        let data = init(root, "data");
        let mut numbers = [0; 2];
        for (number, file) in inputs.files.iter().enumerate() {
            if number + 1 == inputs.files.len() {
                break;
            }
            ingest(&data, file, random);
            if number > 0 && number <= numbers.len() {
                numbers[number - 1] = snapshot(&data);
            }
        }
        assert!(0 < numbers[0] && numbers[0] < numbers[1], "{numbers:?}");
        let calm = root.join("calm");
        copy_folder(&data, &calm);
        let last = inputs.files.last().expect("files");
        let start = ingest(&calm, last, random);
        assert_eq!(start.snapshot, Some(numbers[1]));
        let calm = checked(&calm, &inputs.expected);
        Worn {
            root: root.to_owned(),
            data,
            inputs,
            numbers,
            calm,
            cases: 0,
        }
    }

    fn manifest(&self) -> Vec<u8> {
        std::fs::read(file_of(&self.data, self.numbers[1], "manifest")).expect("read")
    }

    /// Damages a copy of the directory and goes on in it: `refused` are not used, what is left is. `at_fault` is the
    /// ending of the file that is named.
    fn case(
        &mut self,
        what: &str,
        damage: impl FnOnce(&Path),
        (used, refused, at_fault): (u64, &[u64], &str),
        random: &mut Seeded,
    ) {
        self.cases += 1;
        let data = self.root.join(format!("case-{}", self.cases));
        copy_folder(&self.data, &data);
        damage(&data);
        let last = self.inputs.files.last().expect("files");
        let start = ingest(&data, last, random);
        assert_eq!(start.snapshot, Some(used), "{what}: {start:?}");
        let numbers: Vec<u64> = start.refused.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, refused, "{what}: {start:?}");
        for (_, file) in &start.refused {
            assert!(file.ends_with(at_fault), "{what}: {start:?}");
        }
        assert_same(&self.calm, &answers(&data), what);
        if self.cases.is_multiple_of(8) {
            // The next one counts, and what was of no use is gone with it.
            let number = snapshot(&data);
            let mut again = umbral(&["snapshot", "--data", text(&data)]);
            let again = again
                .env("UMBRAL_LOG", "info")
                .output()
                .expect("start umbral");
            assert_done(&again, "snapshot");
            let start = Start::told_by(&again.stderr);
            let expected = Start {
                snapshot: Some(number),
                refused: Vec::new(),
            };
            assert_eq!(start, expected, "{what}");
        }
        std::fs::remove_dir_all(&data).expect("clean up");
    }

    /// Flips one bit of a field in the newest snapshot, now and then in both.
    fn flip(&mut self, ending: &str, what: &str, (at, width): (usize, usize), random: &mut Seeded) {
        let [older, newer] = self.numbers;
        let at = at + random.below(width as u64) as usize;
        let bit = random.below(8);
        let flipped = |bytes: &mut Vec<u8>| {
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= 1 << bit;
        };
        let what = format!("{ending}, {what}: bit {bit} of octet {at}");
        if random.below(6) == 0 {
            let both = |data: &Path| {
                change(&file_of(data, older, ending), flipped);
                change(&file_of(data, newer, ending), flipped);
            };
            self.case(&what, both, (0, &[newer, older], ending), random);
        } else {
            let one = |data: &Path| change(&file_of(data, newer, ending), flipped);
            self.case(&what, one, (older, &[newer], ending), random);
        }
    }
}

#[test]
fn a_flipped_bit_in_every_part_of_a_snapshot_costs_time_only() {
    let mut random = Seeded::new(seed(20_260_801));
    let root = tempfile::tempdir().expect("a folder");
    let mut worn = Worn::new(root.path(), &mut random);
    let parts = places(&worn.manifest());
    for (at, width) in HEAD {
        worn.flip("manifest", "head", (at, width), &mut random);
    }
    let heads = parts[0].entry - 64;
    for _ in 0..wanted(8) {
        worn.flip("manifest", "heads of chains", (64, heads), &mut random);
    }
    worn.flip("parts", "magic", (0, 8), &mut random);
    worn.flip("parts", "number", (8, 8), &mut random);
    for kind in 1..=5 {
        let of_kind: Vec<&PartPlace> = parts.iter().filter(|part| part.kind == kind).collect();
        assert!(!of_kind.is_empty(), "the snapshot has parts of kind {kind}");
        for (at, width) in ENTRY {
            let part = random.pick(&of_kind);
            let what = format!("entry of kind {kind}");
            worn.flip("manifest", &what, (part.entry + at, width), &mut random);
        }
        for _ in 0..wanted(8) {
            let part = random.pick(&of_kind);
            let what = format!("part of kind {kind}");
            let all = (part.offset, part.length);
            worn.flip("parts", &what, all, &mut random);
        }
    }
    println!("{} flipped bits", worn.cases);
}

#[test]
fn a_cut_missing_foreign_or_swapped_snapshot_costs_time_only() {
    let mut random = Seeded::new(seed(20_260_802));
    let root = tempfile::tempdir().expect("a folder");
    let root = root.path();
    let mut worn = Worn::new(root, &mut random);
    let [older, newer] = worn.numbers;
    for ending in ["manifest", "parts"] {
        let file = move |data: &Path, number| file_of(data, number, ending);
        let size = std::fs::metadata(file(&worn.data, newer))
            .expect("it is there")
            .len();
        let mut sizes = vec![0, 1, size - 1];
        sizes.extend((0..wanted(4)).map(|_| random.below(size)));
        for size in sizes {
            let cut =
                |data: &Path| change(&file(data, newer), |bytes| bytes.truncate(size as usize));
            let what = format!("{ending}, cut at {size}");
            worn.case(&what, cut, (older, &[newer], ending), &mut random);
        }
        let longer = |data: &Path| change(&file(data, newer), |bytes| bytes.push(0));
        worn.case("longer", longer, (older, &[newer], ending), &mut random);
        let zeroed = |data: &Path| change(&file(data, newer), |bytes| bytes.fill(0));
        worn.case("zeroed", zeroed, (older, &[newer], ending), &mut random);
        // Parts without a manifest are no snapshot, so nothing is said about them.
        let refused: &[u64] = if ending == "parts" { &[newer] } else { &[] };
        let missing = |data: &Path| std::fs::remove_file(file(data, newer)).expect("remove");
        worn.case("missing", missing, (older, refused, ending), &mut random);
        let swapped = |data: &Path| {
            let aside = data.join("snapshots/aside");
            std::fs::rename(file(data, newer), &aside).expect("rename");
            std::fs::rename(file(data, older), file(data, newer)).expect("rename");
            std::fs::rename(&aside, file(data, older)).expect("rename");
        };
        worn.case(
            "swapped",
            swapped,
            (0, &[newer, older], ending),
            &mut random,
        );
    }
    strangers(&mut worn, &mut random);
    println!("{} damaged snapshots", worn.cases);
}

/// Gives a directory the snapshot of another one.
fn lend(from: &Path, number: u64, to: &Path, as_number: u64) {
    for ending in ["parts", "manifest"] {
        let target = file_of(to, as_number, ending);
        std::fs::copy(file_of(from, number, ending), target).expect("copy");
    }
}

/// Files that are of another journal, of another number, of the future, or no snapshots at all.
fn strangers(worn: &mut Worn, random: &mut Seeded) {
    let [older, newer] = worn.numbers;
    let (calm, last) = (worn.root.join("calm"), worn.inputs.files.last().cloned());
    let future = snapshot(&calm);
    let lent = |data: &Path| lend(&calm, future, data, future);
    worn.case("of the future", lent, (newer, &[future], "parts"), random);
    let renamed = |data: &Path| lend(data, newer, data, newer + 1);
    worn.case(
        "another number",
        renamed,
        (newer, &[newer + 1], "manifest"),
        random,
    );

    // As many batches of the same files, but other ones: the last file comes first.
    let other = init(&worn.root, "other");
    ingest(&other, &worn.inputs.files[0], random);
    ingest(&other, &last.expect("files"), random);
    let foreign = snapshot(&other);
    let lent = |data: &Path| {
        std::fs::remove_dir_all(data.join("snapshots")).expect("remove");
        std::fs::create_dir(data.join("snapshots")).expect("a folder");
        lend(&other, foreign, data, foreign);
    };
    worn.case("of another journal", lent, (0, &[foreign], "parts"), random);

    let foreign = |data: &Path| {
        for name in [
            "README",
            "notes.manifest",
            "1.parts.old",
            ".parts",
            "00000000000000000099.parts.tmp",
        ] {
            std::fs::write(data.join("snapshots").join(name), "not a snapshot").expect("write");
        }
    };
    worn.case("strange files", foreign, (newer, &[], ""), random);
    let foreign = |data: &Path| {
        std::fs::write(file_of(data, newer + 7, "manifest"), "not a snapshot").expect("write");
    };
    worn.case(
        "a strange manifest",
        foreign,
        (newer, &[newer + 7], "manifest"),
        random,
    );
    let gone = |data: &Path| std::fs::remove_dir_all(data.join("snapshots")).expect("remove");
    worn.case("no folder", gone, (0, &[], ""), random);
    let kept = |data: &Path| std::fs::remove_file(file_of(data, older, "parts")).expect("remove");
    worn.case("only the older one", kept, (newer, &[], ""), random);
}
