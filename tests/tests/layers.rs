//! The order of folders that `ARCHITECTURE.md` states, checked against the paths in the
//! code: a file names only what lies in its own layer or in a lower one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The layers of one crate: the names in backticks of the table below `heading`, with the
/// number of their row.
fn layers(heading: &str) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, rest) = text.split_once(heading).expect("the heading is there");
    let rows = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let mut layers = BTreeMap::new();
    for (row, line) in rows.enumerate() {
        let names = line.split('|').nth(2).unwrap_or_default();
        for name in names.split('`').skip(1).step_by(2) {
            let name = name.trim_end_matches('/').trim_end_matches(".rs");
            layers.insert(name.to_string(), row);
        }
    }
    layers
}

/// All Rust files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file without comments and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|l| l.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The names of the crate's modules that a file names: what follows `crate::`, alone or as
/// a list in braces.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| -> String {
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
            text[..end.unwrap_or(text.len())].to_string()
        };
        let Some(list) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        // The first words of a list's items.
        let (mut depth, mut begins) = (0, true);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                c if begins && !c.is_whitespace() => {
                    names.push(word(&list[i..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// Every import against the order, and every folder that the table lacks.
fn violations(source: &str, heading: &str) -> Vec<String> {
    let layers = layers(heading);
    let folder = root().join(source);
    let mut all = Vec::new();
    files(&folder, &mut all);
    assert!(all.len() > 20, "{source} has {} files", all.len());
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for path in all {
        let inside = path.strip_prefix(&folder).unwrap();
        let top = inside.iter().next().unwrap().to_str().unwrap();
        let own = top.trim_end_matches(".rs");
        if own == "lib" {
            continue;
        }
        let Some(&layer) = layers.get(own) else {
            wrong.push(format!("`{own}` is in no row of the table of {source}"));
            continue;
        };
        for name in named(&code(&path)) {
            let Some(&other) = layers.get(&name) else {
                continue; // An item of the crate's root.
            };
            checked += 1;
            if other > layer {
                wrong.push(format!(
                    "{} names crate::{name}, which lies above `{own}`",
                    inside.display()
                ));
            }
        }
    }
    assert!(checked > 50, "{source}: only {checked} paths were found");
    wrong.sort();
    wrong.dedup();
    wrong
}

#[test]
fn the_compiler_keeps_its_layers() {
    let wrong = violations("macro/compiler/src", "### Layers of the compiler");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_runtime_keeps_its_layers() {
    let wrong = violations("runtime/src", "### Layers of the runtime");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn paths_are_found() {
    let code = "use crate::ir::graph::Graph;\nuse crate::{error::{Error, Result}, ops};";
    assert_eq!(named(code), ["ir", "error", "ops"]);
}
