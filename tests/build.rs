//! Tells the tests whether the models beside the repository are there.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(shared, shared_cases)");
    println!("cargo::rerun-if-changed=../../shared/models");
    if std::path::Path::new("../../shared/models").is_dir() {
        println!("cargo::rustc-cfg=shared");
    }
    println!("cargo::rerun-if-changed=../../shared/cases/levels");
    if std::path::Path::new("../../shared/cases/levels").is_dir() {
        println!("cargo::rustc-cfg=shared_cases");
    }
}
