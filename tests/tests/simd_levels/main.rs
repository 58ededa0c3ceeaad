//! Every instruction set that the CPU has gives the bytes of the plain one: kernels of
//! generated shapes. Models at every level: `operators` and `conformance.rs`.
#![cfg(target_arch = "x86_64")]

use std::io::Write;

use niello::__private as rt;
use niello_compiler::testing::{requant_panel_numbers, truncation};
use niello_tests::levels::{at_every_level, on_all_cores};
use niello_tests::simd_cases as cases;

#[cfg(target_os = "linux")]
mod fence;

#[test]
fn generated_kernels() {
    let all: Vec<_> = (cases::KINDS.iter())
        .flat_map(|kind| (0..cases::CASES).map(move |seed| (kind, seed)))
        .collect();
    let mut lowest = None;
    at_every_level(|level| {
        let results = on_all_cores(&all, |((_, case), seed)| case(*seed));
        let (lowest, wanted) = lowest.get_or_insert_with(|| (level, results.clone()));
        for ((((name, _), seed), got), wanted) in all.iter().zip(&results).zip(&*wanted) {
            assert_eq!(
                got, wanted,
                "{name}, case {seed}: {level:?} is not {lowest:?}"
            );
        }
    });
}

/// Neither operands nor outputs, weights or scratch memory are left, at any level: each is an
/// allocation of its own, whose first or last byte lies at a protected page. An access beyond
/// ends the process, which says which kind of kernel it was. That this works was tried with a
/// kernel that read one byte too many on purpose.
#[cfg(target_os = "linux")]
#[test]
fn generated_kernels_stay_inside() {
    use niello_tests::guard::{SIDES, announce};

    // A quarter of them: pages cost more than kernels.
    let seeds = 0..cases::CASES / 4;
    let all: Vec<_> = (cases::KINDS.iter())
        .flat_map(|kind| seeds.clone().map(move |seed| (kind, seed)))
        .collect();
    let mut outputs: Vec<Vec<i8>> = Vec::new();
    at_every_level(|level| {
        for &side in SIDES {
            for (i, ((name, case), seed)) in all.iter().enumerate() {
                announce(name, level, side);
                let got = fence::fenced(side, || case(*seed));
                match outputs.get(i) {
                    Some(wanted) => assert_eq!(&got, wanted, "{name}, case {seed}: {level:?}"),
                    None => outputs.push(got),
                }
            }
        }
    });
}

/// Says which levels the other tests did without, also where they pass.
#[test]
fn levels_of_this_machine() {
    let there: Vec<rt::Level> = rt::levels().collect();
    let all = rt::all_levels().iter();
    let missing: Vec<_> = all.filter(|level| !there.contains(level)).collect();
    let mut to = std::io::stderr();
    let _ = writeln!(
        to,
        "levels that were run: {there:?}; that this machine lacks: {missing:?}"
    );
    assert_eq!(there.first(), Some(&rt::Level::Generic));
}

/// What AVX-512 and AVX2 multiply by is what the compiler has proven, on any machine.
#[test]
fn numbers_are_those_of_the_compiler() {
    let mut r = cases::Random(7);
    let mut numbers = 0;
    for shift in -31..=15 {
        for i in 0..400 {
            let bits = r
                .bytes(4)
                .into_iter()
                .fold(0, |sum, b| sum << 8 | i32::from(b as u8));
            let mut multiplier = bits & 0x3FFF_FFFF | 0x4000_0000;
            if i % 2 == 0 {
                // Halfway between two f32 numbers.
                multiplier = multiplier & !0x7F | 0x40;
            }
            let bytes = truncation(multiplier, shift, 1 << 20, i % 4 < 2);
            let units = bytes.map(|unit| unit as u8);
            let blocks = ([[multiplier; 16]], [[shift; 16]]);
            let [ready] = rt::pack_requant(blocks.0, blocks.1, &units);
            let wanted = requant_panel_numbers(multiplier, shift, bytes);
            let wanted = if bytes[0] == i8::MIN {
                [wanted[0], wanted[1], 0.0, 0.0, 0.0]
            } else {
                numbers += 1;
                wanted
            };
            assert_eq!(ready.numbers(0), wanted, "{multiplier} {shift} {bytes:?}");
        }
    }
    assert!(numbers > 4000, "{numbers}");
}
