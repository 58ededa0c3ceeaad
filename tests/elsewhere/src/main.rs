//! Prints a checksum of each kind of cases and of each model at every level.

mod cases;
mod models;

use niello::__private as rt;

/// Nothing that these processors' kernels need: see `niello_compiler::testing::truncation`.
fn truncation(_: i32, _: i32, _: i64, _: bool) -> [i8; 3] {
    [i8::MIN, 0, 0]
}

/// The same: see `niello_compiler::testing::transformed`.
fn transformed(_: &[i8], _: usize, _: usize) -> (Vec<i8>, usize) {
    (Vec::new(), 0)
}

/// The same: see `niello_compiler::testing::rows_of_weights`.
fn rows_of_weights(_: &[i8], _: usize) -> Vec<i8> {
    Vec::new()
}

/// The same: see `niello_compiler::testing::narrowed`.
fn narrowed(_: &[i8], _: usize) -> Vec<i8> {
    Vec::new()
}

/// The same: see `niello_compiler::testing::long_pairs`.
fn long_pairs(_: &[i8], _: usize) -> Vec<[u16; 2]> {
    Vec::new()
}

/// The same: see `niello_compiler::testing::widened`.
fn widened(_: &[i8], _: usize, _: usize) -> Vec<i8> {
    Vec::new()
}

/// The same: see `niello_compiler::testing::AdditionNumbers`.
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

/// The same: see `niello_compiler::testing::linear_product`.
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
