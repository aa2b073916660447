//! Compiles `proto/umbral/v1` without protoc.

use std::error::Error;

const FILES: [&str; 6] = [
    "umbral/v1/common.proto",
    "umbral/v1/charge.proto",
    "umbral/v1/input.proto",
    "umbral/v1/event.proto",
    "umbral/v1/loyalty.proto",
    "umbral/v1/journal.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../proto";
    println!("cargo::rerun-if-changed={root}");
    let descriptors = protox::compile(FILES, [root])?;
    prost_build::Config::new().compile_fds(descriptors)?;
    Ok(())
}
