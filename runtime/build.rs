//! Tells the back ends what the target has where `target_feature` does not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(niello_dsp)");
    // The DSP extension has no stable feature name; these cores have it.
    let target = std::env::var("TARGET").unwrap_or_default();
    if target.starts_with("thumbv7em") {
        println!("cargo:rustc-cfg=niello_dsp");
    }
}
