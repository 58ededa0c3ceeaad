//! The files of a crate and the modules that each of them names, read from the text: `crate::`
//! and `super::` paths, alone or in lists in braces.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One source file of a crate.
pub struct Source {
    /// Its path below `src`, e.g. `ops/shared/window.rs`.
    pub path: String,
    /// Its module below the crate's root, e.g. `["ops", "shared", "window"]`.
    pub module: Vec<String>,
    /// What it names of the same crate, as modules below the crate's root; each path is cut
    /// after the last module that is a file.
    pub imports: BTreeSet<Vec<String>>,
}

impl Source {
    /// The folder of the file below `src`; a file that lies in `src` itself stands for itself.
    pub fn folder(&self) -> String {
        match self.path.rsplit_once('/') {
            Some((folder, _)) => folder.to_owned(),
            None => self.path.clone(),
        }
    }

    /// True for `mod.rs` and `lib.rs`, which list the parts of their folder.
    pub fn is_list(&self) -> bool {
        ["mod.rs", "lib.rs"].contains(&self.path.rsplit('/').next().unwrap_or(&self.path))
    }
}

/// All source files below a folder `src`, with what they name outside of comments and of
/// their tests.
///
/// # Panics
/// If a file cannot be read.
pub fn sources(src: &Path) -> Vec<Source> {
    let mut files = Vec::new();
    rust_files(src, &mut files);
    let mut texts = BTreeMap::new();
    for file in files {
        let path = file.strip_prefix(src).expect("a file of the folder");
        let path = path.to_str().expect("a name in UTF-8").replace('\\', "/");
        let text = fs::read_to_string(&file).expect("a text");
        texts.insert(module_of(&path), (path, text));
    }
    let modules: BTreeSet<Vec<String>> = texts.keys().cloned().collect();
    texts
        .into_iter()
        .map(|(module, (path, text))| {
            let paths = paths(&code(&text), &module);
            let files = paths.into_iter().filter_map(|p| file_of(p, &modules));
            Source {
                imports: files.filter(|m| *m != module).collect(),
                path,
                module,
            }
        })
        .collect()
}

/// All files below a folder that end in `.rs`.
///
/// # Panics
/// If a folder cannot be read.
pub fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The module of a file: `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module_of(path: &str) -> Vec<String> {
    let mut module: Vec<String> = path
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    if module == ["lib"] {
        module.clear();
    }
    module
}

/// The module that is a file and holds the item of a path; none if that is the crate's root.
fn file_of(mut path: Vec<String>, modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    while !path.is_empty() && !modules.contains(&path) {
        path.pop();
    }
    (!path.is_empty()).then_some(path)
}

/// A file's text without comments and without the tests at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or("");
    let lines = text.lines().map(|l| l.split("//").next().unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}

/// The paths that begin with `crate::` or `super::`, from the crate's root on.
fn paths(code: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let before = &code[..at];
            // The middle of `super::super::`, a longer word, or the scope of `pub(in ..)`.
            let is_inside = before.ends_with(|c: char| c == ':' || c == '_' || c.is_alphanumeric());
            if is_inside || before.ends_with("(in ") {
                continue;
            }
            let mut base = Vec::new();
            let mut rest = &code[at..];
            if let Some(after) = rest.strip_prefix("crate::") {
                rest = after;
            } else {
                base = module.to_vec();
                while let Some(after) = rest.strip_prefix("super::") {
                    rest = after;
                    base.pop();
                }
            }
            tree(rest, base, &mut found);
        }
    }
    found
}

/// Reads `a::b`, `a::{b, c::d}` or `{a, b}` below `base`; gives what follows it.
fn tree<'a>(text: &'a str, base: Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let mut text = text.trim_start();
    if let Some(list) = text.strip_prefix('{') {
        text = list;
        loop {
            text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
            if text.is_empty() {
                return text;
            }
            if let Some(after) = text.strip_prefix('}') {
                return after;
            }
            text = tree(text, base.clone(), found);
            // `as name`
            text = text.trim_start_matches(|c| c != ',' && c != '}');
        }
    }
    let end = text.find(|c: char| c != '_' && !c.is_alphanumeric());
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let mut path = base;
    if !word.is_empty() && word != "self" {
        path.push(word.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) if !word.is_empty() => tree(rest, path, found),
        _ => {
            found.push(path);
            rest.strip_prefix('*').unwrap_or(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<String> {
        let module = ["ops".to_owned(), "conv".to_owned(), "conv_2d".to_owned()];
        let mut paths: Vec<String> = (paths(code, &module).iter().map(|p| p.join("::"))).collect();
        paths.sort();
        paths
    }

    #[test]
    fn paths_are_found() {
        assert_eq!(found("use crate::ir::graph::Graph;"), ["ir::graph::Graph"]);
        assert_eq!(
            found("use crate::{error::{self, Result as R}, ops, tokens::*};"),
            ["error", "error::Result", "ops", "tokens"]
        );
        assert_eq!(
            found("super::depthwise::plan(super::super::pool::X, $crate::a::b())"),
            ["a::b", "ops::conv::depthwise::plan", "ops::pool::X"]
        );
        assert_eq!(found("pub(in crate::ops) fn is_crate()"), [""; 0]);
    }

    #[test]
    fn modules_are_files() {
        assert_eq!(module_of("ops/conv/mod.rs"), ["ops", "conv"]);
        assert_eq!(module_of("error.rs"), ["error"]);
        assert!(module_of("lib.rs").is_empty());
    }

    #[test]
    fn comments_and_tests_are_no_code() {
        let text = "a(); // crate::b\n#[cfg(test)]\nmod tests { use crate::c; }";
        assert_eq!(code(text), "a(); ");
    }
}
