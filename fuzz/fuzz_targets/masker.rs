//! Feeds the property of this name in `leaks/src/property.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(
    init: leaks::property::write_seeds("masker"),
    |input: &[u8]| leaks::property::check("masker", input)
);
