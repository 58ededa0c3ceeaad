//! What a build script compiles is what the macro expands to.

use niello_build_script::{expanded, scripted};

#[test]
fn both_ways_make_one_program() {
    use expanded::tabular_mixture as macros;
    use scripted::tabular_mixture as script;
    assert_eq!(script::ARENA_PICTURE, macros::ARENA_PICTURE);
    assert_eq!(script::WEIGHT_BYTES, macros::WEIGHT_BYTES);
    assert_eq!(script::OUTPUT_NAMES, macros::OUTPUT_NAMES);
    assert_eq!(script::STEP_NAMES, macros::STEP_NAMES);
}

#[test]
fn a_file_gives_the_function_its_name() {
    let x: Vec<i8> = (-20..20).collect();
    let y = scripted::relu(&x).expect("its length");
    assert!(y.is_sorted() && y[0] < y[39]);
    assert_eq!(scripted::relu(&x[1..]), None);
}
