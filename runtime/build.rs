//! Tells the runtime what the target has where `target_feature` does not.

#[path = "build/dsp.rs"]
mod dsp;

use dsp::{Build, Dsp};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build/dsp.rs");
    println!(
        "cargo:rustc-check-cfg=cfg(niello_dsp, niello_dsp_of_core, niello_helium, niello_vector)"
    );
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let features = variable("CARGO_CFG_TARGET_FEATURE");
    let build = Build {
        target: &variable("TARGET"),
        reported: &features,
        flags: &variable("CARGO_ENCODED_RUSTFLAGS"),
        abi: &variable("CARGO_CFG_TARGET_ABI"),
        is_asked: std::env::var_os("CARGO_FEATURE_DSP").is_some(),
    };
    match dsp::decide(build) {
        Ok(Dsp::No) => {}
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
