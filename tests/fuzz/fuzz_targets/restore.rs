//! libFuzzer on the target `restore` of `umbral_tests::fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| umbral_tests::fuzz::call("restore", bytes));
