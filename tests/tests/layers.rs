//! The order of folders that the tables of `ARCHITECTURE.md` give, checked against the paths in
//! the code: a file names only modules of its own row or of an earlier row, and no folders name
//! each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use niello_tests::sources::{Source, sources};

/// The folder of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table below a heading: each name in backticks of the second cell (or of the
/// first, in a table of folders alone) with the number of its row.
fn layers(heading: &str) -> BTreeMap<Vec<String>, usize> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a text");
    let (_, rest) = text
        .split_once(&format!("{heading}\n"))
        .unwrap_or_else(|| panic!("ARCHITECTURE.md lacks {heading:?}"));
    let rows = rest
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let mut layers = BTreeMap::new();
    for (row, line) in rows.enumerate() {
        let cells: Vec<&str> = line.split('|').collect();
        let cell = [1, 2].map(|i| cells.get(i).copied().unwrap_or_default());
        // The cell of names is the first one that holds a folder or a file.
        let is_name = |name: &&str| name.ends_with('/') || name.ends_with(".rs");
        let names = cell.map(|c| c.split('`').skip(1).step_by(2).filter(is_name));
        let [first, second] = names.map(Iterator::collect::<Vec<_>>);
        for name in if first.is_empty() { second } else { first } {
            let name = name.trim_end_matches('/').trim_end_matches(".rs");
            layers.insert(name.split('/').map(str::to_owned).collect(), row);
        }
    }
    assert!(layers.len() > 3, "{heading}: a table without names");
    layers
}

/// The row of a module: that of the longest name which it begins with.
fn layer<'a>(
    layers: &'a BTreeMap<Vec<String>, usize>,
    module: &[String],
) -> Option<(&'a [String], usize)> {
    (1..=module.len()).rev().find_map(|n| {
        let (name, row) = layers.get_key_value(&module[..n])?;
        Some((name.as_slice(), *row))
    })
}

/// Every import against the order of a table, and every folder below `parent` that the table
/// lacks (in the crate's root, every file, too). Parts of one row may name each other in the
/// table of a crate, but not in that of a folder.
fn violations(all: &[Source], heading: &str, parent: &[&str]) -> Vec<String> {
    let layers = layers(heading);
    let (mut wrong, mut checked) = (BTreeSet::new(), 0);
    for file in all {
        let is_below =
            file.module.len() > parent.len() && file.module.iter().zip(parent).all(|(a, b)| a == b);
        if !is_below {
            continue;
        }
        let found = layer(&layers, &file.module);
        let is_in_a_folder = file.module.len() > parent.len() + 1;
        let is_missing = found.is_none_or(|(name, _)| name.len() == parent.len());
        if is_missing && (is_in_a_folder || parent.is_empty()) {
            wrong.insert(format!("{} is in no row of {heading:?}", file.path));
        }
        let Some((own, row)) = found else {
            continue;
        };
        for import in &file.imports {
            let Some((other, other_row)) = layer(&layers, import) else {
                continue;
            };
            checked += 1;
            let is_beside = other_row == row && other != own && !parent.is_empty();
            if other_row > row || is_beside {
                let (import, other, own) = (import.join("::"), other.join("/"), own.join("/"));
                let where_ = if is_beside {
                    "the same row as"
                } else {
                    "a later row than"
                };
                let problem = format!("`{other}` is in {where_} `{own}`");
                wrong.insert(format!("{} names crate::{import}: {problem}", file.path));
            }
        }
    }
    assert!(checked > 50, "{heading}: only {checked} paths were found");
    wrong.into_iter().collect()
}

/// Folders that name each other in a circle, with the imports that make it one. A `mod.rs` may
/// name what lies in its own folder, because it lists it.
fn circles(all: &[Source]) -> Vec<String> {
    let by_module: BTreeMap<&[String], &Source> =
        all.iter().map(|f| (f.module.as_slice(), f)).collect();
    let mut edges: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for file in all.iter().filter(|file| file.path != "lib.rs") {
        for import in &file.imports {
            let Some(other) = by_module.get(import.as_slice()) else {
                continue;
            };
            let (from, to) = (file.folder(), other.folder());
            // `x/mod.rs`, or `x.rs` beside the folder `x`, lists what is in there.
            let own = match file.is_list() {
                true => from.as_str(),
                false => file.path.trim_end_matches(".rs"),
            };
            let lists_it = format!("{to}/").starts_with(&format!("{own}/"));
            let are_files = from.ends_with(".rs") && to.ends_with(".rs");
            if from != to && !lists_it && !are_files {
                let line = format!("  {} names crate::{}", file.path, import.join("::"));
                edges.entry((from, to)).or_default().push(line);
            }
        }
    }
    let reaches = |from: &str, to: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(folder) = open.pop() {
            for (_, next) in edges.keys().filter(|(a, _)| a == folder) {
                if next == to {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    };
    let mut wrong = Vec::new();
    for ((from, to), lines) in &edges {
        if reaches(to, from) {
            let more = lines.len().saturating_sub(3);
            let shown = lines[..lines.len() - more].join("\n");
            let rest = if more > 0 {
                format!("\n  and {more} more")
            } else {
                String::new()
            };
            wrong.push(format!("{from} -> {to}\n{shown}{rest}"));
        }
    }
    wrong
}

fn compiler() -> Vec<Source> {
    sources(&root().join("macro/compiler/src"))
}

fn runtime() -> Vec<Source> {
    sources(&root().join("runtime/src"))
}

fn none(wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{} in all:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_compiler_keeps_its_layers() {
    none(&violations(&compiler(), "### Layers of the compiler", &[]));
}

#[test]
fn the_runtime_keeps_its_layers() {
    none(&violations(&runtime(), "### Layers of the runtime", &[]));
}

#[test]
fn folders_of_operators_keep_their_layers() {
    none(&violations(
        &compiler(),
        "### Folders of operators",
        &["ops"],
    ));
}

#[test]
fn folders_of_simd_kernels_keep_their_layers() {
    let folders = &["simd"];
    none(&violations(
        &runtime(),
        "### Folders of SIMD kernels",
        folders,
    ));
}

#[test]
fn no_folders_of_the_compiler_form_a_circle() {
    none(&circles(&compiler()));
}

#[test]
fn no_folders_of_the_runtime_form_a_circle() {
    none(&circles(&runtime()));
}

#[test]
fn a_circle_is_found() {
    let file = |path: &str, module: &[&str], imports: &[&[&str]]| {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let imports = imports.iter().map(|i| owned(i)).collect();
        let (path, module) = (path.to_owned(), owned(module));
        Source {
            path,
            module,
            imports,
        }
    };
    let list = file("a/mod.rs", &["a"], &[&["a", "b", "c"]]);
    let part = file("a/b/c.rs", &["a", "b", "c"], &[&["a", "d"]]);
    let shared = file("a/d.rs", &["a", "d"], &[]);
    assert!(circles(&[list, part, shared]).is_empty());
    let part = file("a/b/c.rs", &["a", "b", "c"], &[&["a", "d"]]);
    let shared = file("a/d.rs", &["a", "d"], &[&["a", "b", "c"]]);
    assert_eq!(circles(&[part, shared]).len(), 2);
}
