//! Words that a reader can understand: doc comments are sentences that can be read alone, and
//! names of files and functions say what is in them.

use std::fs;

use niello_tests::here;
use niello_tests::sources::rust_files;
use niello_tests::words::docs;

/// Source folders of the repository.
const FOLDERS: &[&str] = &[
    "benches",
    "examples",
    "macro/cli/src",
    "macro/cli/tests",
    "macro/compiler/src",
    "macro/numeric/src",
    "macro/src",
    "macro/build/src",
    "runtime/src",
    "tests/build_script",
    "tests/cross/src",
    "tests/firmware/src",
    "tests/fuzz/src",
    "tests/logging/src",
    "tests/src",
    "tests/tests",
    "tests/ui/pass",
];

/// Names of files that say nothing to someone who has not read the file.
const RIDDLES: &[&str] = &[
    "blocks",
    "blocks_add",
    "columns",
    "damage",
    "depthwise_blocks",
    "doubt",
    "elsewhere",
    "f32_end",
    "few",
    "four",
    "here",
    "narrow",
    "one",
    "part",
    "plain",
    "private",
    "ready",
    "strips",
    "tail",
    "whole",
    "widely",
];

#[test]
fn docs_can_be_read_alone() {
    let mut problems = Vec::new();
    for folder in FOLDERS {
        let root = here().join("..").join(folder);
        let mut files = Vec::new();
        rust_files(&root, &mut files);
        assert!(!files.is_empty(), "{folder} has no files");
        for file in files {
            let text = fs::read_to_string(&file).expect("a text");
            let name = file.strip_prefix(&root).expect("a file of the folder");
            for doc in docs(&text) {
                let Some(problem) = doc.problem() else {
                    continue;
                };
                let place = format!("{folder}/{}", name.display());
                problems.push(format!("{place}:{}: {problem}", doc.line));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn names_are_no_riddles() {
    let mut problems = Vec::new();
    for folder in FOLDERS {
        let root = here().join("..").join(folder);
        let mut files = Vec::new();
        rust_files(&root, &mut files);
        for file in files {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            if RIDDLES.contains(&&*stem) {
                problems.push(format!("{} is a riddle", file.display()));
            }
            let text = fs::read_to_string(&file).expect("a text");
            for name in ["is_done", "are_done"] {
                if text.contains(&format!("fn {name}(")) {
                    problems.push(format!("{}: try_run instead of {name}", file.display()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
