//! The calibration cache is believed only where it is whole.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use niello_compiler::testing::item;
use niello_compiler::{Options, Request, compile};
use niello_tests::here;

fn program(cache: &Path) -> String {
    let item = item("model");
    let request = Request {
        model: here().join("models/batch_f32.tflite"),
        dataset: Some(here().join("models/x12")),
        options: Options::default(),
        cache: Some(cache.to_owned()),
    };
    compile(&item, &request).expect("compiles").to_string()
}

fn entry(cache: &Path) -> PathBuf {
    let files = cache.read_dir().expect("a cache").flatten();
    let files = files.map(|file| file.path());
    // Beside it is the outline for editors, which no compilation reads.
    let mut files: Vec<_> = files
        .filter(|f| f.extension().is_some_and(|e| e == "json"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Another content. (A file that is cut and filled anew is written to the disk at once
/// by some file systems, which takes long.)
fn put(file: &Path, content: &[u8]) {
    std::fs::remove_file(file).expect("an entry");
    std::fs::write(file, content).expect("writable");
}

#[test]
fn damage_changes_no_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let right = program(folder.path());
    let file = entry(folder.path());
    let whole = std::fs::read(&file).expect("an entry");
    assert_eq!(program(folder.path()), right);
    for at in 0..whole.len() {
        // Upper and lower case of a digit, another digit, no text at all.
        for change in [0x20, 1, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            put(&file, &damaged);
            assert!(program(folder.path()) == right, "byte {at} ^ {change}");
            // Mended on the way.
            assert!(std::fs::read(&file).expect("an entry") == whole);
        }
    }
    for content in [&whole[..0], &whole[..40], &whole[..whole.len() - 1], b"\n"] {
        put(&file, content);
        assert_eq!(program(folder.path()), right);
    }
    // What cannot be read is no error either.
    std::fs::remove_file(&file).expect("an entry");
    std::fs::create_dir(&file).expect("a folder");
    assert_eq!(program(folder.path()), right);
}
