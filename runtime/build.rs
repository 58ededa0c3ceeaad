//! Tells the runtime what the target has where `target_feature` does not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(niello_dsp, niello_thumb1, niello_thumb2, niello_vector)");
    let target = std::env::var("TARGET").unwrap_or_default();
    // The DSP extension has no stable feature name; these cores have it.
    let dsp = target.starts_with("thumbv7em");
    if dsp {
        println!("cargo:rustc-cfg=niello_dsp");
    }
    if let (false, Some(thumb)) = (dsp, thumb(&target)) {
        println!("cargo:rustc-cfg={thumb}");
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

/// The routines of cores of Arm without the DSP extension: Armv6-M has instructions of 16 bits, Armv7-M
/// also those of 32 bits; Armv8-M Baseline and Mainline have those of the one and of the other.
fn thumb(target: &str) -> Option<&'static str> {
    let is_one_of = |names: [&str; 2]| names.iter().any(|name| target.starts_with(name));
    if is_one_of(["thumbv6m", "thumbv8m.base"]) {
        Some("niello_thumb1")
    } else if is_one_of(["thumbv7m", "thumbv8m.main"]) {
        Some("niello_thumb2")
    } else {
        None
    }
}
