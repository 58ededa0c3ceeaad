//! Prints a checksum of each kind of cases and of each model at every level.

mod cases;
mod models;

use niello::__private as rt;

/// Stands in for `niello_compiler::testing::truncation`, which only x86-64 needs.
fn truncation(_: i32, _: i32, _: i64, _: bool) -> [i8; 3] {
    [i8::MIN, 0, 0]
}

/// Stands in for `niello_compiler::testing::transformed`, which only x86-64 needs.
fn transformed(_: &[i8], _: usize, _: usize) -> (Vec<i8>, usize) {
    (Vec::new(), 0)
}

/// Stands in for `niello_compiler::testing::rows_of_weights`, which only x86-64 needs.
fn rows_of_weights(_: &[i8], _: usize) -> Vec<i8> {
    Vec::new()
}

/// Stands in for `niello_compiler::testing::narrowed`, which only x86-64 needs.
fn narrowed(_: &[i8], _: usize) -> Vec<i8> {
    Vec::new()
}

/// Stands in for `niello_compiler::testing::saturating_pairs`, which only x86-64 needs.
fn saturating_pairs(_: &[i8], _: usize) -> Vec<[u16; 2]> {
    Vec::new()
}

/// Stands in for `niello_compiler::testing::widened`, which only x86-64 needs.
fn widened(_: &[i8], _: usize, _: usize) -> Vec<i8> {
    Vec::new()
}

/// Stands in for `niello_compiler::testing::AdditionNumbers`, which only x86-64 needs.
struct AdditionNumbers {
    offsets: [i32; 2],
    multipliers: [[i32; 2]; 2],
    output: [i32; 2],
    output_offset: i32,
    activation: (i32, i32),
}

impl AdditionNumbers {
    fn linear(&self, _: bool) -> Option<([f32; 3], bool)> {
        let Self {
            offsets,
            multipliers,
            output,
            output_offset,
            activation,
        } = self;
        let _ = (offsets, multipliers, output, output_offset, activation);
        None
    }

    fn joined(&self) -> Option<[f32; 3]> {
        self.linear(false).map(|(numbers, _)| numbers)
    }
}

/// Stands in for `niello_compiler::testing::linear_product`, which only x86-64 needs.
fn linear_product(_: [i32; 2], _: [i32; 2], _: i32, _: (i32, i32)) -> Option<[f32; 3]> {
    None
}

fn main() {
    for level in rt::levels() {
        rt::force(level);
        for (kind, case) in cases::KINDS {
            println!("{level:?}\t{kind}\t{}", cases::checksum(case));
        }
        for (model, checksum) in models::own().into_iter().chain(models::shared()) {
            println!("{level:?}\t{model}\t{}", checksum());
        }
    }
}
