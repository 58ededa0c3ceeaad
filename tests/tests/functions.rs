//! The runtime's functions of one value and SOFTMAX: every entry of every table, and rows of all
//! lengths, are the reference's, at every level that the CPU has.

use niello::__private as rt;

#[path = "../../macro/numeric/src/simd_models/reference.rs"]
#[allow(dead_code, unreachable_pub, reason = "a file of another crate")]
mod reference;
#[path = "../../macro/numeric/src/arithmetic/sigmoid_lut_i16.rs"]
#[allow(dead_code, unreachable_pub, reason = "a file of another crate")]
mod sigmoid;

#[cfg(target_arch = "x86_64")]
use niello_tests::levels::at_every_level;
use niello_tests::simd_cases::Random;

#[cfg(not(target_arch = "x86_64"))]
fn at_every_level(mut run: impl FnMut(())) {
    run(());
}

/// All 256 bytes at every place of a register, and behind the last whole one.
#[test]
fn tables_of_256_entries() {
    let mut r = Random(1);
    for begin in 0..64 {
        let table: [u8; 256] = std::array::from_fn(|_| r.byte() as u8);
        let input: Vec<i8> = (0..256 + begin).map(|i| (i + begin) as u8 as i8).collect();
        let wanted: Vec<i8> = input
            .iter()
            .map(|&q| table[(i32::from(q) + 128) as usize] as i8)
            .collect();
        at_every_level(|level| {
            let p = rt::Table { table: &table };
            let mut output = vec![0; input.len()];
            rt::table(&p, &input, &mut output);
            assert_eq!(output, wanted, "{level:?}");
            let mut in_place = input.clone();
            rt::table_in_place(&p, &mut in_place);
            assert_eq!(in_place, wanted, "{level:?}, in place");
        });
    }
}

/// All 65536 inputs, by the compiler's formula.
#[test]
fn logistic_and_tanh_of_int16() {
    let input: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let powers = (-6..=6).map(sigmoid::Steps::of_power);
    let scales = (-16..=2).map(|i| sigmoid::Steps::of_scale(1.37 * 2_f32.powi(i)));
    for steps in powers.chain(scales) {
        let p = rt::Steps {
            multiplier: steps.multiplier,
            shift: steps.shift as _,
        };
        let mut output = vec![0; input.len()];
        rt::logistic_i16(&p, &input, &mut output);
        let wanted = input.iter().map(|&x| sigmoid::logistic(x, steps));
        assert!(output.iter().copied().eq(wanted), "{steps:?}");
        rt::tanh_i16(&p, &input, &mut output);
        let wanted = input.iter().map(|&x| sigmoid::tanh(x, steps));
        assert!(output.iter().copied().eq(wanted), "{steps:?}");
    }
}

/// With exponentials from a table and computed ones.
#[test]
fn softmax_of_rows() {
    let mut r = Random(2);
    for case in 0..400 {
        let scale = 2_f64.powi(r.between(-12, 3)) * f64::from(r.between(64, 127)) / 128.0;
        let by = reference::multiplier((scale * f64::from(1 << 26)).min(2_f64.powi(31) - 1.0));
        let radius = reference::radius(5, by.1).min(255);
        let terms: Vec<i32> = (0..=radius)
            .map_while(|d| reference::softmax_term(d, by))
            .collect();
        // Beyond 511 ones, and beyond 4096.
        let depth = r.size(1, [40, 40, 40, 40, 600, 5000][case % 6]);
        let spread = [255, 60, 3, 0][case % 4];
        let row: Vec<i8> = (0..depth)
            .map(|_| r.between(127 - spread, 127) as i8)
            .collect();
        let wanted = reference::softmax(&row, by);
        at_every_level(|level| {
            let mut output = vec![0; depth];
            let tables = rt::Softmax {
                depth,
                exponentials: terms.as_slice(),
            };
            rt::softmax(&tables, &row, &mut output);
            assert_eq!(output, wanted, "{level:?}, {by:?}, depth {depth}");
            let multiplier = rt::Multiplier {
                multiplier: by.0,
                shift: by.1,
            };
            let computed = rt::Softmax {
                depth,
                exponentials: (multiplier, terms.len() as i32 - 1),
            };
            rt::softmax(&computed, &row, &mut output);
            assert_eq!(output, wanted, "{level:?}, {by:?}, depth {depth}");
        });
    }
}
