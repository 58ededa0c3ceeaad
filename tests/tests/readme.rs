//! What the docs say about operators is what the code has.

use std::collections::HashSet;
use std::path::Path;

use niello_compiler::model::{Model, operators};
use niello_compiler::{Options, SUPPORT_COLUMNS, SUPPORTED, Support, operators_page, support};
use niello_tests::cases::{self, Case, request};
use niello_tests::here;

#[test]
fn readme_links_the_page_of_operators() {
    let readme = std::fs::read_to_string(here().join("../README.md")).expect("a README");
    let section = readme.split("## Operators\n").nth(1).expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    assert!(section.contains("(docs/operators.md)"));
    assert!(section.contains(&format!("{} operators", SUPPORTED.len())));
    assert!(section.contains(&format!("{} operator cases", cases::all().len())));
}

#[test]
fn page_of_operators_is_current() {
    let path = here().join("../docs/operators.md");
    if std::env::var("NIELLO_BLESS").is_ok() {
        std::fs::write(&path, operators_page()).expect("writable");
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    let hint = "docs/operators.md is not current: run with NIELLO_BLESS=1";
    assert!(current == operators_page(), "{hint}");
}

#[test]
fn types_of_operators_are_those_that_compile() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut problems = Vec::new();
    // Operators with the types that they read, and those that are known at compile time.
    let (mut seen, mut gone) = (HashSet::new(), HashSet::new());
    for case in cases::all() {
        let files = [Some(&case.quantized), case.float.as_ref()];
        for file in files.into_iter().flatten() {
            let typed = compiled(&case, file, folder.path()).unwrap_or_else(|error| {
                problems.push(format!("{}: {error}", file.display()));
                Vec::new()
            });
            let names = operators(&std::fs::read(file).expect("a file")).expect("a model");
            gone.extend(names.into_iter().filter(|n| typed.iter().all(|t| t.0 != n)));
            for (name, element) in typed {
                let is_said = support(name, element) == Support::Runs { tested: true };
                if seen.insert((name, element)) && !is_said {
                    let element = element.name();
                    problems.push(format!("{name} of {element} compiles, and is not \"yes\""));
                }
            }
        }
    }
    for &name in SUPPORTED {
        for (element, column) in SUPPORT_COLUMNS {
            let is_shown = match support(name, element) {
                Support::Runs { tested: true } => {
                    let resolved = RESOLVED.contains(&name) && gone.contains(name);
                    seen.contains(&(name, element)) || resolved
                }
                Support::Folded { tested: true } => gone.contains(name),
                _ => true,
            };
            if !is_shown {
                problems.push(format!("no model shows {name} of {column}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Variables, which become the state, and what becomes another operator.
const RESOLVED: &[&str] = &[
    "ASSIGN_VARIABLE",
    "CONV_3D_TRANSPOSE",
    "READ_VARIABLE",
    "VAR_HANDLE",
];

/// The operators of a file that compiles; four samples calibrate a float one, or so many
/// that they take all branches.
fn compiled(
    case: &Case,
    file: &Path,
    folder: &Path,
) -> Result<Vec<(&'static str, niello_compiler::ElementType)>, String> {
    let model = Model::read(file, &Options::default()).map_err(|e| e.to_string())?;
    let dataset = (Some(file) == case.float.as_deref()).then(|| {
        let path = folder.join(format!("{}.npz", case.name));
        let branches = ["if_", "while_"].iter().any(|p| case.name.starts_with(p));
        let samples = if branches { 40 } else { 4 };
        case.write_samples(&model, &path, 0..samples);
        path
    });
    let request = request(file, dataset.as_deref());
    model.quantize(&request).map_err(|e| e.to_string())?;
    model
        .typed_operators(&Options::default())
        .map_err(|e| e.to_string())
}
