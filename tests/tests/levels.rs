//! Every instruction set that the CPU has gives the bytes of the plain one: kernels of
//! generated shapes, and whole models.
#![cfg(target_arch = "x86_64")]

use std::sync::Mutex;

use niello::__private as rt;
use niello_compiler::{
    joined_addition, long_pairs, narrowed, rows_of_weights, transformed, truncation, widened,
};

#[path = "../elsewhere/src/cases/mod.rs"]
#[allow(unreachable_pub, dead_code)]
mod cases;
#[path = "../elsewhere/src/models.rs"]
#[allow(unreachable_pub)]
mod models;

/// The level is the whole process's.
static LEVEL: Mutex<()> = Mutex::new(());

/// Asserts that all levels, from the plain one on, have one result.
fn same_on_all_levels<T: PartialEq + std::fmt::Debug>(name: &str, mut run: impl FnMut() -> T) {
    let _guard = LEVEL.lock();
    let mut results = rt::levels().map(|level| {
        rt::force(level);
        (level, run())
    });
    let (lowest, wanted) = results.next().expect("the lowest level");
    for (level, result) in results {
        assert_eq!(result, wanted, "{name}: {level:?} is not {lowest:?}");
    }
    rt::force(rt::available());
}

#[test]
fn generated_kernels() {
    for (name, case) in cases::KINDS {
        for seed in 0..cases::CASES {
            same_on_all_levels(&format!("{name}, case {seed}"), || case(seed));
        }
    }
}

#[test]
fn whole_models() {
    for (name, checksum) in models::own().into_iter().chain(models::shared()) {
        same_on_all_levels(name, checksum);
    }
}
