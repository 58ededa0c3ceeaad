//! Tables in place of fixed-point functions: every entry is what the reference computes, for
//! scales of all sizes. `NIELLO_THRESHOLDS` is how many tables there are of each kind, times 100.

use niello_numeric::random::Random;

use crate::arithmetic::quant_params::QuantParams;
use crate::ir::buffer::Buffer;
use crate::ir::kernel::Kernel;
use crate::ops::elementwise::hard_swish::HardSwish;
use crate::ops::elementwise::leaky_relu::LeakyRelu;
use crate::ops::elementwise::logistic::Logistic;
use crate::ops::elementwise::tanh::Tanh;
use crate::ops::elementwise::unary::Unary;
use crate::ops::normalization::softmax::SoftmaxKernel;
use crate::ops::shared::lookup_table::TableKernel;

#[path = "../../../numeric/src/simd_models/reference.rs"]
#[expect(unreachable_pub, reason = "tests of other crates include this file")]
mod reference;

/// Tables of each kind, without the variable.
const TABLES: usize = 1000;

fn tables() -> usize {
    let count = std::env::var("NIELLO_THRESHOLDS").ok();
    count.map_or(TABLES, |n| n.parse::<usize>().expect("a number") / 100)
}

fn params(r: &mut Random, low: f64, high: f64) -> QuantParams {
    QuantParams {
        scale: r.scale(low, high) as f32,
        zero_point: r.between(-128, 127) as i32,
    }
}

/// Compares the entries of a table, from that of -128 on.
fn compare(table: &TableKernel, what: &str, reference: impl Fn(i32) -> i32) {
    for (&entry, q) in table.table.iter().zip(-128..) {
        let wanted = reference(q).clamp(-128, 127);
        assert_eq!(i32::from(entry), wanted, "{what}, {q}");
    }
}

#[test]
fn logistic_and_tanh() {
    let mut r = Random(1);
    for _ in 0..tables() {
        let input = params(&mut r, 1e-5, 4.0);
        let real = f64::from(input.scale) * f64::from(1 << 27);
        let (by, what) = (reference::multiplier(real), format!("{input:?}"));
        let radius = reference::radius(4, by.1);
        let of = |q: i32, bits: u32, zero_point: i32, f: fn(i32) -> i32| {
            let x = q - input.zero_point;
            match x {
                x if x <= -radius => -128,
                x if x >= radius => 127,
                x => reference::halved(f(reference::scaled(x, by)), 31 - bits) + zero_point,
            }
        };
        let output = |zero_point: i32, scale: f32| QuantParams { scale, zero_point };
        let table = Logistic.table(input, output(-128, 1.0 / 256.0));
        compare(&table, &what, |q| of(q, 8, -128, reference::logistic));
        let table = Tanh.table(input, output(0, 1.0 / 128.0));
        compare(&table, &what, |q| of(q, 7, 0, reference::tanh));
    }
}

#[test]
fn two_slopes_and_other_scales() {
    let mut r = Random(2);
    for _ in 0..tables() {
        let (input, output) = (params(&mut r, 1e-5, 4.0), params(&mut r, 1e-5, 4.0));
        let what = format!("{input:?} {output:?}");
        let real = f64::from(input.scale) / f64::from(output.scale);
        // Ratios above 1e5 overflow and do not occur in networks.
        if real > 1e5 {
            continue;
        }
        let by = reference::multiplier(real);
        compare(&TableKernel::requantize(input, output), &what, |q| {
            reference::scaled(q - input.zero_point, by).saturating_add(output.zero_point)
        });
        let alpha = (r.scale(0.01, 2.0)
            * if r.next().is_multiple_of(4) {
                -1.0
            } else {
                1.0
            }) as f32;
        let single = |x: f32| reference::multiplier(f64::from(x));
        let above = single(input.scale / output.scale);
        let below = single((input.scale * alpha / output.scale).abs());
        let table = LeakyRelu { alpha }.table(input, output);
        compare(&table, &format!("{what} {alpha}"), |q| {
            let x = q - input.zero_point;
            let y = match x {
                0.. => reference::scaled(x, above),
                _ if alpha < 0.0 => -reference::scaled(x, below),
                _ => reference::scaled(x, below),
            };
            y.saturating_add(output.zero_point)
        });
    }
}

/// The reference computes in 16 bits: each entry is within a step of the real function, and entries
/// are monotonic where the function is.
#[test]
fn hard_swish_is_near_the_real_function() {
    let mut r = Random(3);
    for _ in 0..tables() {
        let input = params(&mut r, 1e-3, 0.2);
        let output = params(&mut r, f64::from(input.scale) * 0.25, 0.3);
        compare_near(&HardSwish.table(input, output), input, output);
    }
}

fn compare_near(table: &TableKernel, input: QuantParams, output: QuantParams) {
    for (&entry, q) in table.table.iter().zip(-128..) {
        let x = f64::from(input.scale) * f64::from(q - input.zero_point);
        let y = x * (x + 3.0).clamp(0.0, 6.0) / 6.0 / f64::from(output.scale);
        let wanted = (y + f64::from(output.zero_point)).clamp(-128.0, 127.0);
        // 15 bits of the relu, of an input of 15 bits.
        let unit = 1.0 + (x / f64::from(output.scale)).abs() / 2_f64.powi(13);
        let error = (f64::from(entry) - wanted).abs();
        assert!(error <= unit, "{input:?} {output:?} {q}: {entry}, {wanted}");
    }
}

/// All differences to a row's maximum, and rows that sum them up.
#[test]
fn softmax() {
    let mut r = Random(4);
    for round in 0..tables() {
        // From steps of 16 on, the reference shifts by more than it can.
        let (scale, beta) = (r.scale(1e-4, 4.0) as f32, r.scale(0.1, 4.0) as f32);
        let real = f64::from(beta) * f64::from(scale) * f64::from(1 << 26);
        let by = reference::multiplier(real.min(2_f64.powi(31) - 1.0));
        let depth = r.between(1, if round % 50 == 0 { 4000 } else { 40 }) as usize;
        let kernel = SoftmaxKernel::int8(beta, scale, depth).expect("a scale that is large enough");
        for d in 0..256 {
            let got = kernel.exponential(d as usize);
            assert_eq!(got, reference::softmax_term(d, by), "{scale} {beta} {d}");
        }
        let spread = r.between(1, 255);
        let low = r.between(-128, 127 - spread);
        let row: Vec<i8> = (0..depth)
            .map(|_| r.between(low, low + spread) as i8)
            .collect();
        let got = kernel.simulate(&[&Buffer::I8(row.clone())]);
        assert_eq!(got.i8(), reference::softmax(&row, by), "{scale} {beta}");
    }
}
