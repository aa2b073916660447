//! Instances of the command on three brokers, while instances are killed and paused, brokers are killed, and the network
//! is cut: everything once, in order, and what an undisturbed embedded engine publishes.

use std::path::Path;
use umbral_tests::kafka::chaos::{Options, run};

#[test]
fn kills_pauses_cuts_and_lost_brokers_change_nothing() {
    let quick = std::env::var_os("UMBRAL_TEST_QUICK").is_some();
    let options = Options {
        kills: if quick { 10 } else { 50 },
        nodes: 3,
        instances: 3,
        partitions: 6,
        subscribers: 600,
        seed: 2,
    };
    let command = Path::new(env!("CARGO_BIN_EXE_umbral"));
    let report = run(command, &options, &mut |what| eprintln!("{what}"));
    eprintln!("{report:#?}");
    assert!(report.problems.is_empty(), "{}", report.problems.join("\n"));
    assert!(report.kills >= options.kills && report.pauses > 0);
    assert!(
        report.epochs > u32::from(options.partitions),
        "partitions changed hands"
    );
    assert!(report.published as usize > report.inputs / 2);
}
