//! What the README says about operators is what the code has.

use niello_tests::here;

#[test]
fn operators_of_the_readme_are_the_supported_ones() {
    let readme = std::fs::read_to_string(here().join("../README.md")).expect("a README");
    let section = readme.split("## Operators\n").nth(1).expect("a section");
    let list = section.split("\n\nwith fused").next().expect("a list");
    let named: Vec<&str> = list
        .split([',', '\n'])
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .collect();
    assert_eq!(named, niello_compiler::SUPPORTED);
}
