//! Placeholder root.
fn main() {}
