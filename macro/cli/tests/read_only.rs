//! A cache or a crate that cannot be written to costs time, and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::SystemTime;

use niello_compiler::testing::item;
use niello_compiler::{Options, Request, compile, outline};

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models")
}

/// A folder that nobody can make, root neither: its parent is a file.
fn impossible(folder: &Path) -> PathBuf {
    let file = folder.join("a_file");
    std::fs::write(&file, "").expect("writable");
    file.join("cache")
}

/// What the macro expands to.
fn expansion(cache: Option<PathBuf>) -> [String; 2] {
    let item = item("digits");
    let request = Request {
        model: models().join("digit_pair_f32.tflite"),
        dataset: Some(models().join("digit_pair_calibration.npz")),
        options: Options {
            samples: Some(10),
            ..Options::default()
        },
        cache,
    };
    let whole = compile(&item, &request).expect("compiles").to_string();
    let outline = outline(&item, &request).expect("an outline").to_string();
    [whole, outline]
}

#[test]
fn the_macro_expands_to_the_same_without_a_cache() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kept = expansion(Some(folder.path().join("cache")));
    assert!(folder.path().join("cache").is_dir());
    let without = expansion(Some(impossible(folder.path())));
    assert_eq!(kept[0], without[0]);
    // Without a compilation's outline, that of the model alone: of the same interface.
    assert!(without[1].contains("digits"));
}

/// Runs `cargo niello` in a folder.
fn run(folder: &Path, cache: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-niello"))
        .arg("niello")
        .args(arguments)
        .env("NIELLO_CACHE", cache)
        .current_dir(folder)
        .output()
        .expect("the program runs")
}

/// All files and folders below a folder, each with the time of its last change.
fn tree(folder: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let changed = |path: &Path| path.metadata().and_then(|m| m.modified()).expect("a time");
        all.insert(folder.clone(), changed(&folder));
        for entry in folder.read_dir().expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.clone(), changed(&path));
            }
        }
    }
    all
}

/// Lets nobody write to a folder and its files; root is not held by that.
fn set_read_only(folder: &Path, read_only: bool) {
    for path in tree(folder).keys() {
        let mut permissions = path.metadata().expect("there").permissions();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let writable = if path.is_dir() { 0o755 } else { 0o644 };
            let mode = if read_only {
                writable & 0o555
            } else {
                writable
            };
            permissions.set_mode(mode);
        }
        #[cfg(not(unix))]
        permissions.set_readonly(read_only);
        std::fs::set_permissions(path, permissions).expect("the owner may");
    }
}

#[test]
fn the_tool_works_on_a_crate_that_it_cannot_write_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = impossible(folder.path());
    let package = folder.path().join("package");
    std::fs::create_dir_all(package.join("src")).expect("writable");
    let write = |name: &str, text: &str| {
        std::fs::write(package.join(name), text).expect("writable");
    };
    write(
        "Cargo.toml",
        "[package]\nname = \"some\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    write(
        "src/lib.rs",
        "niello::include_model! { fn digits = \"digits.tflite\", dataset = \"samples.npz\", samples = 10 }\n",
    );
    for (from, to) in [
        ("digit_pair_f32.tflite", "digits.tflite"),
        ("digit_pair_calibration.npz", "samples.npz"),
    ] {
        std::fs::copy(models().join(from), package.join(to)).expect("a copy");
    }
    let summary = folder.path().join("niello.toml").display().to_string();
    let part = folder.path().join("part.tflite").display().to_string();
    set_read_only(&package, true);
    let before = tree(&package);
    for arguments in [
        &["inspect"][..],
        &["report"],
        &["compare", "--setting", "calibration = minmax"],
        &["sensitivity", "--measure", "2"],
        &["check", "--write", "--summary", &summary],
        &["check", "--summary", &summary],
        &["export", "-o", &part],
        &["cut", "--from", "left", "right", "--to", "sum", "-o", &part],
    ] {
        let output = run(&package, &cache, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    }
    assert_eq!(
        tree(&package),
        before,
        "nothing is written beside the crate"
    );
    // What is asked for and cannot be written is an error with the path.
    let nowhere = cache.join("part.tflite").display().to_string();
    for arguments in [
        &["export", "-o", &nowhere][..],
        &["check", "--write", "--summary", &nowhere],
        &["report", "--html", &nowhere],
        &[
            "cut", "--from", "left", "right", "--to", "sum", "-o", &nowhere,
        ],
    ] {
        let output = run(&package, &cache, arguments);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {message}");
        assert!(message.contains("part.tflite"), "{arguments:?}: {message}");
    }
    set_read_only(&package, false);
}
