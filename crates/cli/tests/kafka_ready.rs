//! An instance says that it is not ready while no broker answers, and takes it back when they do again.
#![allow(clippy::expect_used, reason = "a test that cannot go on says why")]

mod common;

use common::{run, stderr};
use std::path::Path;
use std::time::{Duration, Instant};
use umbral_broker::{Cluster, Settings};
use umbral_tests::kafka::instance::Instance;

/// For a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(60);

fn wait_until(instance: &Instance, what: &str, parts: &[&str]) {
    let began = Instant::now();
    loop {
        let answer = instance.readiness().unwrap_or_default();
        if parts.iter().all(|part| answer.contains(part)) {
            return;
        }
        assert!(
            began.elapsed() < BOUND,
            "{what}: {answer}\n{}",
            instance.log()
        );
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

#[test]
fn without_brokers_an_instance_is_not_ready() {
    let settings = Settings::one().with("broker.session.timeout.ms", "3000");
    let mut kafka = Cluster::start(&settings).expect("a broker");
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let section = format!("bootstrap = \"{}\"\nreplication = 1\n", kafka.bootstrap());
    let program = Path::new(env!("CARGO_BIN_EXE_umbral"));
    let mut instance = Instance::new(program, folder, "a", &section, "partitions = 4");
    let config = folder.join("a/umbral.toml");
    let config = common::text(&config);
    let created = run(&["topics", "create", "--config", config]);
    assert_eq!(created.status.code(), Some(0), "{}", stderr(&created));

    instance.start();
    wait_until(
        &instance,
        "no catalog",
        &["HTTP/1.1 503", "not ready: the deployment has no catalog"],
    );
    let catalog = common::catalog(&folder.join("tariff"));
    let activated = run(&["catalog", "activate", "--config", config, &catalog]);
    assert_eq!(activated.status.code(), Some(0), "{}", stderr(&activated));
    wait_until(&instance, "a catalog", &["HTTP/1.1 200", "ready"]);
    kafka.kill(1).expect("killed");
    wait_until(
        &instance,
        "no broker",
        &["HTTP/1.1 503", "not ready: no broker answers: "],
    );
    kafka.restart(1).expect("started again");
    wait_until(&instance, "a broker", &["HTTP/1.1 200", "ready"]);
    assert!(instance.stop(), "{}", instance.log());
}
