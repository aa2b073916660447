//! libFuzzer on the target `message` of `umbral_tests::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| umbral_tests::fuzz::call("message", bytes));
