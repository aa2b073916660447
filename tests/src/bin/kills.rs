//! Kills instances of the command on three brokers for as long as one likes, and looks at what came of it.
//! `cargo xtask soak --kills N` calls it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use umbral_tests::kafka::chaos::{Options, run};

const USAGE: &str = "kills COMMAND KILLS SEED";
/// Kills of one round: each has brokers and topics of its own.
const ROUND: u32 = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers = arguments.get(1..3).map(|some| {
        let numbers: Vec<u64> = some.iter().filter_map(|text| text.parse().ok()).collect();
        numbers
    });
    let (Some(command), Some([kills, seed])) = (arguments.first(), numbers.as_deref()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let (started, mut done, mut round) = (Instant::now(), 0u64, 0u64);
    while done < *kills {
        let options = Options {
            kills: u32::try_from(kills - done).unwrap_or(ROUND).min(ROUND),
            nodes: 3,
            instances: 3,
            partitions: 6,
            subscribers: 1_200,
            seed: seed + round,
        };
        println!("round {} with seed {}", round + 1, options.seed);
        let report = run(Path::new(command), &options, &mut |_| {});
        done += u64::from(report.kills);
        round += 1;
        println!(
            "{done} kills, in this round {} pauses, {} cuts, {} brokers killed; {} inputs, {} ownerships, {} records published; {} s",
            report.pauses,
            report.cuts,
            report.brokers,
            report.inputs,
            report.epochs,
            report.published,
            started.elapsed().as_secs()
        );
        if !report.problems.is_empty() {
            println!("{}", report.problems.join("\n"));
            return ExitCode::FAILURE;
        }
    }
    println!("everything once, in order, as an undisturbed embedded engine has it");
    ExitCode::SUCCESS
}
