//! Kernels and models give the bytes of this machine on AArch64, with the dot product
//! extension and without (QEMU), and in WebAssembly (Node).

use std::path::{Path, PathBuf};
use std::process::Command;

use niello_tests::firmware::target_folder;
use niello_tests::{simd_cases as cases, tools};

#[path = "../cross/src/models.rs"]
#[allow(unreachable_pub, reason = "a file of another crate")]
mod models;

/// Runs a module with WASI's interface.
const NODE: &str = "
    const { readFileSync } = require('node:fs');
    const { WASI } = require('node:wasi');
    const wasi = new WASI({ version: 'preview1', args: [], env: {} });
    const module = new WebAssembly.Module(readFileSync(process.argv[1]));
    wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
";

fn crate_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cross")
}

fn output(command: &mut Command) -> String {
    let done = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}\n{text}{errors}");
    text
}

/// Builds the crate for a target; gives what it made.
fn build(target: &str, flags: &str, file: &str) -> PathBuf {
    let target_folder = target_folder();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--quiet", "--target", target])
        .arg("--target-dir")
        .arg(&target_folder)
        .current_dir(crate_folder())
        .env("CARGO_ENCODED_RUSTFLAGS", flags)
        .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld");
    output(&mut cargo);
    target_folder.join(target).join("release").join(file)
}

/// Asserts that each level printed what comes out here.
fn same_as_here(text: &str, levels: &[&str]) {
    let mut wanted = Vec::new();
    for (kind, case) in cases::KINDS {
        wanted.push((kind, cases::checksum(case)));
    }
    for (model, checksum) in models::own().into_iter().chain(models::shared()) {
        wanted.push((model, checksum()));
    }
    let mut lines = text.lines();
    for level in levels {
        for (name, sum) in &wanted {
            let line = format!("{level}\t{name}\t{sum}");
            assert_eq!(lines.next(), Some(line.as_str()));
        }
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn aarch64() {
    if !tools::have(&["aarch64-unknown-linux-musl", "qemu-aarch64"]) {
        return;
    }
    let program = build("aarch64-unknown-linux-musl", "", "niello-cross");
    // The oldest core has no SDOT.
    for (cpu, levels) in [
        ("max", &["Generic", "Neon", "DotProd"][..]),
        ("cortex-a53", &["Generic", "Neon"][..]),
    ] {
        let mut qemu = Command::new("qemu-aarch64");
        let text = output(qemu.args(["-cpu", cpu]).arg(&program));
        same_as_here(&text, levels);
    }
}

#[test]
fn wasm32() {
    if !tools::have(&["wasm32-wasip1", "node"]) {
        return;
    }
    let flags = "-Ctarget-feature=+simd128";
    let module = build("wasm32-wasip1", flags, "niello-cross.wasm");
    let mut node = Command::new("node");
    let text = output(node.args(["--no-warnings", "-e", NODE]).arg(&module));
    same_as_here(&text, &["Generic", "Simd128"]);
}
