//! Tells the runtime what the target has where `target_feature` does not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(niello_dsp, niello_vector)");
    let target = std::env::var("TARGET").unwrap_or_default();
    // The DSP extension has no stable feature name; these cores have it.
    if target.starts_with("thumbv7em") {
        println!("cargo:rustc-cfg=niello_dsp");
    }
    // Registers of 128 bits or more, and memory for tiles of them.
    if target.starts_with("x86_64") {
        println!("cargo:rustc-cfg=niello_vector");
    }
}
