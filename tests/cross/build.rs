//! Tells which models are there.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(shared)");
    println!("cargo::rerun-if-changed=../../../shared/models");
    if std::path::Path::new("../../../shared/models").is_dir() {
        println!("cargo::rustc-cfg=shared");
    }
}
