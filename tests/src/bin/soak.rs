//! Fuzzing for as long as one likes: so many bytes into each decoder, without a panic, a hang, or memory that grows.
//! `cargo xtask soak --fuzz` calls it.

use peak_alloc::PeakAlloc;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use umbral_tests::fuzz::{TARGETS, Target, find, made, run};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// An input that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// What may be live more at the end than after the first tenth: tables that fill up, and no more.
const GROWTH_MAX: usize = 64 << 20;
/// What may be live at once for inputs of at most 64 KiB.
const PEAK_MAX: usize = 1 << 30;
/// The models compare lives at thousands of bytes a second, and an engine starts some hundred times a second: they
/// get a share of what decoders get.
const SHARES: [(&str, u64); 4] = [
    ("model", 2_000),
    ("restore", 200),
    ("credit", 200),
    ("decide", 50),
];

const USAGE: &str =
    "soak [--bytes 1G] [--seed N] [--target NAME]... [--only NUMBER] [--corpus DIR]";

struct Options {
    bytes: u64,
    seed: u64,
    targets: Vec<&'static Target>,
    only: Option<u64>,
    corpus: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if let Some(folder) = &options.corpus {
        return match write_corpus(folder, &options.targets) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write {}: {error}", folder.display());
                ExitCode::FAILURE
            }
        };
    }
    println!("seed {}", options.seed);
    if let Some(number) = options.only {
        for target in &options.targets {
            (target.run)(&made(target, options.seed, number));
            println!("{}: input {number} holds", target.name);
        }
        return ExitCode::SUCCESS;
    }
    std::thread::spawn(watch);
    let failed: Vec<&str> = options
        .targets
        .iter()
        .filter(|target| !soak(target, &options))
        .map(|target| target.name)
        .collect();
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("failed: {}", failed.join(", "));
    ExitCode::FAILURE
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        bytes: 1_000_000_000,
        seed: 1,
        targets: Vec::new(),
        only: None,
        corpus: None,
    };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{name} needs a value"));
        let number = |text: String| text.parse().map_err(|_| format!("{text} is no number"));
        match name.as_str() {
            "--bytes" => options.bytes = bytes(&value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--only" => options.only = Some(number(value()?)?),
            "--corpus" => options.corpus = Some(value()?.into()),
            "--target" => {
                let wanted = value()?;
                let target = find(&wanted).ok_or(format!("there is no target {wanted}"))?;
                options.targets.push(target);
            }
            _ => return Err(format!("{name} is not known")),
        }
    }
    if options.targets.is_empty() {
        options.targets = TARGETS.iter().collect();
    }
    Ok(options)
}

/// `1G`, `250M`, `64k`, or plain bytes.
fn bytes(text: &str) -> Result<u64, String> {
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'G') => (&text[..text.len() - 1], 1_000_000_000),
        Some(b'M') => (&text[..text.len() - 1], 1_000_000),
        Some(b'k') => (&text[..text.len() - 1], 1_000),
        _ => (text, 1),
    };
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text} is no number of bytes; write 1G, 250M or 64k"))?;
    number
        .checked_mul(factor)
        .ok_or(format!("{text} is too much"))
}

/// What the watch looks at: the target, and the input that it is at.
static AT: Mutex<(&str, Option<Instant>)> = Mutex::new(("", None));
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Ends the process when one input takes too long.
fn watch() {
    loop {
        std::thread::park_timeout(Duration::from_secs(1));
        let (name, since) = *AT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if since.is_some_and(|since| since.elapsed() > LONGEST) {
            let number = NUMBER.load(Ordering::SeqCst);
            eprintln!("target {name} hangs at input {number}");
            std::process::exit(1);
        }
    }
}

fn begin(name: &'static str, number: u64) {
    NUMBER.store(number, Ordering::SeqCst);
    *AT.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (name, Some(Instant::now()));
}

/// Puts a target through; says whether it held.
fn soak(target: &'static Target, options: &Options) -> bool {
    let share = SHARES.iter().find(|(name, _)| *name == target.name);
    let share = share.map_or(1, |(_, share)| *share);
    let bytes = (options.bytes / share).max(1);
    MEMORY.reset_peak_usage();
    let started = Instant::now();
    let (mut early, mut said) = (None, Instant::now());
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(target, options.seed, bytes, &mut |number, so_far| {
            begin(target.name, number);
            if so_far >= bytes / 10 {
                early.get_or_insert_with(|| MEMORY.current_usage());
            }
            if said.elapsed() > Duration::from_secs(5) {
                said = Instant::now();
                let percent = so_far as u128 * 100 / u128::from(bytes);
                eprint!("\r{:>10} {percent:>3} %  {number} inputs", target.name);
                let _ = std::io::stderr().flush();
            }
        })
    }));
    *AT.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = ("", None);
    let Ok(report) = done else { return false };
    let (live, peak) = (MEMORY.current_usage(), MEMORY.peak_usage());
    let growth = live.saturating_sub(early.unwrap_or(live));
    println!(
        "\r{:>10}  {:>11} inputs  {:>5} MB  {:>7.1} s  peak {:>6.1} MB  growth {:>5.1} MB",
        target.name,
        report.inputs,
        report.bytes / 1_000_000,
        started.elapsed().as_secs_f64(),
        peak as f64 / 1e6,
        growth as f64 / 1e6,
    );
    growth <= GROWTH_MAX && peak <= PEAK_MAX
}

/// Writes the examples of every target as files, for libFuzzer to begin with.
fn write_corpus(folder: &std::path::Path, targets: &[&Target]) -> std::io::Result<()> {
    for target in targets {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
    }
    Ok(())
}
