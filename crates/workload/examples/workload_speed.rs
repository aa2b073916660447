//! Inputs per second that one thread makes:
//! `cargo run --release -p umbral-workload --example workload_speed -- [SUBSCRIBERS]`.

use std::error::Error;
use std::time::Instant;
use umbral_model::time::Date;
use umbral_workload::{Operator, Parameters};

fn main() -> Result<(), Box<dyn Error>> {
    let subscribers = std::env::args()
        .nth(1)
        .map_or(Ok(100_000), |text| text.parse())?;
    let mut operator = Operator::new(Parameters {
        subscribers,
        months: 1,
        seed: 1,
        start: Date::from_ymd(2026, 3, 1).ok_or("no such day")?,
    })?;
    let began = Instant::now();
    let inputs = operator.by_ref().count();
    let seconds = began.elapsed().as_secs_f64();
    println!("{inputs} inputs, {:.2} M/s", inputs as f64 / seconds / 1e6);
    println!("{:#?}", operator.counts());
    Ok(())
}
