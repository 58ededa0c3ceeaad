#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    niello_fuzz::targets::models(bytes);
});
