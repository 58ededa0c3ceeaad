//! Tells the runtime what the target has where `target_feature` does not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(niello_dsp, niello_thumb1, niello_thumb2, niello_vector)");
    let target = std::env::var("TARGET").unwrap_or_default();
    // The DSP extension has no stable feature name; these cores have it.
    if target.starts_with("thumbv7em") {
        println!("cargo:rustc-cfg=niello_dsp");
    }
    // Cores of Arm without it: with 16-bit instructions only, and with those of 32 bits.
    if target.starts_with("thumbv6m") || target.starts_with("thumbv8m.base") {
        println!("cargo:rustc-cfg=niello_thumb1");
    }
    if target.starts_with("thumbv7m") {
        println!("cargo:rustc-cfg=niello_thumb2");
    }
    // Registers of 128 bits or more, and memory for tiles of them.
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let simd128 = features.split(',').any(|f| f == "simd128");
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let little = std::env::var("CARGO_CFG_TARGET_ENDIAN").is_ok_and(|e| e == "little");
    if arch == "x86_64" || arch == "aarch64" && little || arch == "wasm32" && simd128 {
        println!("cargo:rustc-cfg=niello_vector");
    }
}
