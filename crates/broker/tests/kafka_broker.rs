//! Brokers come, are killed, come back, and never outlive who started them.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use umbral_broker::{BrokerError, Cluster, Settings};

const HOLDER: &str = "UMBRAL_BROKER_HOLDER";

/// So that the broker is one of ours, whatever `KAFKA_BOOTSTRAP` says.
fn own() -> Settings {
    Settings::one().with("num.io.threads", "4")
}

fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

fn is_gone(pid: u32) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while Path::new(&format!("/proc/{pid}")).exists() {
        if Instant::now() > end {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    true
}

#[test]
fn a_killed_broker_comes_back_at_its_address() {
    let mut kafka = Cluster::start(&own()).expect("a broker");
    let address = kafka.bootstrap().to_owned();
    let pid = kafka.pid(1).expect("its process");
    assert!(answers(&address));
    kafka.kill(1).expect("killed");
    assert!(is_gone(pid));
    assert!(!answers(&address));
    kafka.restart(1).expect("started again");
    assert!(answers(&address));
    assert!(matches!(kafka.kill(2), Err(BrokerError::NoSuchNode(2))));
    kafka.stop();
    assert!(!answers(&address), "a stopped broker is gone");
}

#[test]
fn a_broker_that_cannot_start_says_why() {
    let broken = own().with("log.segment.bytes", "many");
    let Err(error) = Cluster::start(&broken) else {
        panic!("no number, and started all the same");
    };
    let text = error.to_string();
    assert!(text.contains("log.segment.bytes"), "{text}");
}

/// The process that is killed below; by itself no test.
#[test]
fn holder() {
    if std::env::var_os(HOLDER).is_none() {
        return;
    }
    let kafka = Cluster::start(&own()).expect("a broker");
    println!("\npid={}", kafka.pid(1).expect("its process"));
    loop {
        std::thread::park();
    }
}

#[test]
fn a_broker_ends_with_the_process_that_started_it() {
    let mut holder = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "holder", "--nocapture"])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the holder");
    let lines = BufReader::new(holder.stdout.take().expect("its output")).lines();
    let mut pids = lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("pid=")?.parse::<u32>().ok());
    let pid = pids.next().expect("the broker's process");
    assert!(Path::new(&format!("/proc/{pid}")).exists());
    holder.kill().expect("killed");
    holder.wait().expect("gone");
    assert!(is_gone(pid), "the broker lives on");
}

#[test]
fn three_brokers_start_and_lose_one() {
    let mut kafka = Cluster::start(&Settings::three()).expect("three brokers");
    let addresses: Vec<String> = kafka.bootstrap().split(',').map(str::to_owned).collect();
    assert_eq!(addresses.len(), 3);
    kafka.kill(2).expect("killed");
    let alive: Vec<bool> = addresses.iter().map(|address| answers(address)).collect();
    assert_eq!(alive, [true, false, true]);
    kafka.restart(2).expect("started again");
    assert!(answers(&addresses[1]));
}
