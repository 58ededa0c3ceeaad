//! The guide's files, as they stand in it, make a firmware that runs.

use std::path::Path;
use std::process::Command;

use niello_tests::firmware::target_folder;
use niello_tests::{here, tools};

/// Fenced blocks with a file's name behind the language.
fn files(guide: &str) -> Vec<(&str, &str)> {
    let mut files = Vec::new();
    let mut rest = guide;
    while let Some((_, block)) = rest.split_once("\n```") {
        let (info, block) = block.split_once('\n').unwrap_or_default();
        let (content, after) = block.split_once("\n```").unwrap_or_default();
        if let Some((_, name)) = info.split_once(' ') {
            files.push((name, content));
        }
        rest = after;
    }
    files
}

fn write(path: &Path, content: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    std::fs::write(path, content).expect("writable");
}

#[test]
fn the_guide_runs() {
    if !tools::have(&["thumbv7em-none-eabihf", "qemu-system-arm"]) {
        return;
    }
    let guide = std::fs::read_to_string(here().join("../docs/embedded.md")).expect("a guide");
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = here().join("../runtime");
    let files = files(&guide);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "Cargo.toml",
            ".cargo/config.toml",
            "memory.x",
            "src/main.rs"
        ]
    );
    for (name, content) in files {
        let content = content.replace("../niello/runtime", &runtime.display().to_string());
        write(&folder.path().join(name), &(content + "\n"));
    }
    for name in ["digit_pair_f32.tflite", "digit_pair_calibration.npz"] {
        let from = here().join("../examples/models").join(name);
        std::fs::copy(from, folder.path().join(name)).expect("copied");
    }
    // The versions that the test firmware has, so that nothing is built twice.
    let lock = here().join("firmware/Cargo.lock");
    std::fs::copy(lock, folder.path().join("Cargo.lock")).expect("copied");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(folder.path())
        .args(["run", "--release", "--quiet", "--target-dir"])
        .arg(target_folder())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said.lines().find(|line| line.starts_with("sum "));
    let words: Vec<&str> = line.unwrap_or("").split(' ').collect();
    assert!(
        matches!(words[..], ["sum", _, "with", "an", "arena", "of", bytes, "bytes"] if bytes.parse::<u32>().is_ok_and(|b| b < 2048)),
        "{said}"
    );
}
