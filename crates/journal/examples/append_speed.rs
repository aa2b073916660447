//! Records per second of the log beside a plain file that takes the same bytes, with a sync for each batch:
//! `cargo run --release -p umbral-journal --example append_speed -- [DIRECTORY] [RECORDS]`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use umbral_journal::floor::RawFile;
use umbral_journal::{Creation, DataDir, FrameToAppend, Log, LogOptions};

const RECORD_BYTES: usize = 200;
const RECORDS_PER_FRAME: usize = 1000;
const ROUNDS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = arguments
        .next()
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let records: usize = arguments
        .next()
        .map_or(Ok(4_000_000), |text| text.parse())?;
    let work = root.join(format!("umbral-append-speed-{}", std::process::id()));
    std::fs::create_dir_all(&work)?;
    for frames in [1, 8, 64] {
        compare(&work, frames, records / RECORDS_PER_FRAME / frames)?;
    }
    std::fs::remove_dir_all(&work)?;
    Ok(())
}

fn compare(work: &Path, frames: usize, batches: usize) -> Result<(), Box<dyn Error>> {
    let payload: Vec<u8> = (0..RECORD_BYTES * RECORDS_PER_FRAME)
        .map(|at| (at as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    let bytes = payload.repeat(frames);
    let total = (bytes.len() * batches) as u64;
    let ahead_by_default = LogOptions::default().allocation_bytes;
    let (mut growing, mut zeroed) = (Duration::MAX, Duration::MAX);
    let (mut plain, mut ahead) = (Duration::MAX, Duration::MAX);
    // In turns, and the best of each: the machine may be busy with other things.
    for _ in 0..ROUNDS {
        growing = growing.min(raw(work, &bytes, batches, 0)?);
        zeroed = zeroed.min(raw(work, &bytes, batches, total)?);
        plain = plain.min(journal(work, &payload, frames, batches, 0)?);
        ahead = ahead.min(journal(work, &payload, frames, batches, ahead_by_default)?);
    }
    println!("{frames} frames of {RECORDS_PER_FRAME} records in a batch, {batches} batches:");
    for (name, time) in [
        ("raw file, growing", growing),
        ("raw file, zeros written before", zeroed),
        ("log, growing", plain),
        ("log, zeros ahead (default)", ahead),
    ] {
        let per_second = (frames * batches * RECORDS_PER_FRAME) as f64 / time.as_secs_f64();
        let ratio = growing.as_secs_f64() / time.as_secs_f64();
        println!(
            "  {name:32} {:6.2} M records/s  {ratio:4.2} of the growing file",
            per_second / 1e6
        );
    }
    let payloads = read(work)?;
    let rate = (frames * batches * RECORDS_PER_FRAME) as f64 / payloads.as_secs_f64();
    println!(
        "  {:32} {:6.2} M records/s",
        "log, read and verified",
        rate / 1e6
    );
    Ok(())
}

fn raw(work: &Path, bytes: &[u8], batches: usize, zeros: u64) -> Result<Duration, Box<dyn Error>> {
    let path = work.join("raw");
    let mut file = RawFile::create(&path, zeros)?;
    let began = Instant::now();
    for _ in 0..batches {
        file.append(bytes, true)?;
    }
    let time = began.elapsed();
    std::fs::remove_file(path)?;
    Ok(time)
}

fn journal(
    work: &Path,
    payload: &[u8],
    frames: usize,
    batches: usize,
    allocation_bytes: u64,
) -> Result<Duration, Box<dyn Error>> {
    let path = work.join("data");
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    let creation = Creation {
        partitions: 64,
        created_by: "append_speed".into(),
    };
    let dir = DataDir::create(&path, &creation)?;
    let options = LogOptions {
        allocation_bytes,
        ..LogOptions::default()
    };
    let mut log = Log::open(&dir, dir.lock()?, options)?;
    let batch: Vec<FrameToAppend<'_>> = (0..frames as u16)
        .map(|partition| FrameToAppend {
            partition,
            count: RECORDS_PER_FRAME as u32,
            payload,
        })
        .collect();
    let began = Instant::now();
    for _ in 0..batches {
        log.append_batch(&batch, b"commit")?;
    }
    let time = began.elapsed();
    log.close()?;
    Ok(time)
}

fn read(work: &Path) -> Result<Duration, Box<dyn Error>> {
    let dir = DataDir::open(&work.join("data"))?;
    let began = Instant::now();
    let mut reader = dir.read(0)?;
    let mut octets = 0;
    while let Some(batch) = reader.next_batch()? {
        octets += batch
            .frames()
            .map(|frame| frame.payload.len())
            .sum::<usize>();
    }
    assert!(octets > 0, "nothing was read");
    Ok(began.elapsed())
}
