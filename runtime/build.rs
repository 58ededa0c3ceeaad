//! Tells the runtime what the target has where `target_feature` does not.

#[path = "build/dsp.rs"]
mod dsp;

use dsp::{Build, Dsp};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/dsp.rs");
    println!(
        "cargo:rustc-check-cfg=cfg(niello_dsp, niello_dsp_of_core, niello_helium, niello_thumb1, \
         niello_thumb2, niello_vector)"
    );
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let target = variable("TARGET");
    let build = Build {
        target: &target,
        reported: &features,
        flags: &variable("CARGO_ENCODED_RUSTFLAGS"),
        abi: &variable("CARGO_CFG_TARGET_ABI"),
        is_asked: std::env::var_os("CARGO_FEATURE_DSP").is_some(),
    };
    match dsp::decide(build) {
        Ok(Dsp::No) => {
            if let Some(thumb) = thumb(&target) {
                println!("cargo:rustc-cfg={thumb}");
            }
        }
        Ok(Dsp::OfTarget) => println!("cargo:rustc-cfg=niello_dsp"),
        Ok(dsp @ (Dsp::OfCore | Dsp::Helium)) => {
            println!("cargo:rustc-cfg=niello_dsp");
            println!("cargo:rustc-cfg=niello_dsp_of_core");
            if dsp == Dsp::Helium {
                println!("cargo:rustc-cfg=niello_helium");
            }
        }
        Err(error) => println!("cargo::error={error}"),
    }
    // Registers of 128 bits or more, and memory for tiles of them.
    let simd128 = features.split(',').any(|f| f == "simd128");
    let arch = variable("CARGO_CFG_TARGET_ARCH");
    let little = variable("CARGO_CFG_TARGET_ENDIAN") == "little";
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
