#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| stackgen_fuzz::run("source", data));
