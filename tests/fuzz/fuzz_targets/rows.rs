//! libFuzzer on the target `rows` of `umbral_tests::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| umbral_tests::fuzz::call("rows", bytes));
