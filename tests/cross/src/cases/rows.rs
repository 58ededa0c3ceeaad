//! Rows by channels.

use niello::__private as rt;

use super::additions::{Addition, run};
use super::outputs::Outputs;
use super::random::Random;
use super::weights::{ohwi, weights, wide, with_biases};
use crate::{long_pairs, narrowed, rows_of_weights};

/// A random matrix product, rows by channels.
pub(super) fn products(seed: u32) -> Vec<i8> {
    some_products(seed, None)
}

pub(super) fn some_products(seed: u32, addition: Option<&Addition>) -> Vec<i8> {
    let mut r = Random(seed);
    let (rows, depth, channels) = (r.size(1, 30), r.size(1, 80), r.size(1, 150));
    let (groups, blocks) = (depth.div_ceil(4), channels.div_ceil(16));
    let (filter, bias) = weights(&mut r, blocks, depth, 1);
    let outputs = Outputs::random_for(addition, &mut r, blocks, [-12, 1]);
    let wide = wide(seed, &filter, depth, 1);
    let p = rt::Packed16 {
        filter_i16: &wide,
        ..outputs.blocks([depth, channels], 0, &filter, &bias)
    };
    let sizes = [rows * depth, rows * channels, rows * groups * 4];
    run(p, addition, &mut r, sizes)
}

/// Rows, often a single one, of more inputs than kernels have room for at once.
pub(super) fn deep_products(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0xDEE9);
    let (rows, depth) = match r.next() % 2 {
        0 => (1, r.size(4090, 4120)),
        _ => (r.size(2, 6), r.size(1140, 1200)),
    };
    let channels = r.size(1, 40);
    let (groups, blocks) = (depth.div_ceil(4), channels.div_ceil(16));
    let (filter, bias) = weights(&mut r, blocks, depth, 1);
    let outputs = Outputs::random(&mut r, blocks, [-16, -4]);
    let p = outputs.blocks([depth, channels], 0, &filter, &bias);
    let sizes = [rows * depth, rows * channels, rows * groups * 4];
    run(p, None, &mut r, sizes)
}

/// A row with many zeros, or none, or nothing else.
pub(super) fn sparse_rows(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x0FF0);
    let (depth, channels) = (4 * r.size(1, 64), 64 * r.size(1, 5));
    let blocks = channels / 16;
    let mut filter = r.weights(blocks * 16 * depth);
    // All pairs of products fit 16 bits, some do not, or many.
    match r.size(0, 2) {
        0 => filter.iter_mut().for_each(|w| *w = (*w as i8 / 2) as u8),
        1 => (filter.iter_mut().enumerate())
            .filter(|(i, _)| i % 97 > 1)
            .for_each(|(_, w)| *w = (*w as i8 / 2) as u8),
        _ => {}
    }
    let (filter, bias) = with_biases(&mut r, filter, blocks, depth, 1);
    let pairs = long_pairs(&ohwi(&filter, depth), depth);
    let rows = rows_of_weights(&ohwi(&filter, depth), depth);
    let rows: Vec<u8> = rows.into_iter().map(|w| w as u8).collect();
    let mut input = r.bytes(depth);
    let zeros = r.between(0, 8);
    for x in &mut input {
        if r.between(0, 7) < zeros {
            *x = -128;
        }
    }
    if zeros == 0 {
        // One zero in front of whole registers without any.
        input.iter_mut().for_each(|x| *x = (*x).max(-127));
        input[0] = -128;
    }
    let outputs = Outputs::random(&mut r, blocks, [-12, 1]);
    let p = rt::ZeroSkipRow {
        gemm: outputs.blocks([depth, channels], -128, &filter, &bias),
        filter_by_input: &rows,
        saturating_pairs: (r.size(0, 3) > 0).then_some(&pairs),
    };
    let mut output = vec![0; channels];
    rt::fully_connected_zero_skip(&p, &input, &mut output, &mut []);
    // All weights give the same.
    let mut dense = vec![0; channels];
    rt::fully_connected_packed16(&p.gemm, &input, &mut dense, &mut []);
    assert_eq!(output, dense);
    output
}

/// A row by weights some of which need 6 bits only: the first blocks' of each whole strip.
pub(super) fn narrow_rows(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x6666);
    let (depth, blocks) = (16 * r.size(1, 20), r.size(4, 14));
    let mut filter = r.weights(blocks * 16 * depth);
    let strips = blocks / 4;
    let narrow = r.size(0, 4 * strips);
    let offset = r.between(-95, 45) as i8;
    for (i, weight) in filter[..strips * 64 * depth].iter_mut().enumerate() {
        let (strip, block) = (i / (64 * depth), i / 64 % 4);
        let before = |strip: usize| (narrow * strip).div_ceil(strips);
        if block < before(strip + 1) - before(strip) {
            let of_channel = offset + 3 * (i / 4 % 16) as i8;
            *weight = ((*weight as i8 >> 2) + of_channel) as u8;
        }
    }
    let (filter, bias) = with_biases(&mut r, filter, blocks, depth, 1);
    let pairs = long_pairs(&ohwi(&filter, depth), depth);
    let narrow = narrowed(&ohwi(&filter, depth), depth);
    let narrow: Vec<u8> = narrow.into_iter().map(|w| w as u8).collect();
    let channels = blocks * 16 - r.size(0, 15);
    let input = r.bytes(depth);
    let outputs = Outputs::random(&mut r, blocks, [-12, 1]);
    let p = rt::Weights6Row {
        gemm: outputs.blocks([depth, channels], 0, &filter, &bias),
        filter_i6: &narrow,
        saturating_pairs: (r.size(0, 3) > 0).then_some(&pairs),
    };
    let mut output = vec![0; channels];
    rt::fully_connected_w6(&p, &input, &mut output, &mut vec![0; depth]);
    // All weights give the same.
    let mut dense = vec![0; channels];
    rt::fully_connected_packed16(&p.gemm, &input, &mut dense, &mut []);
    assert_eq!(output, dense);
    output
}

/// Sums next to those where a rounding changes: `x * m * 2^shift` near `k + 1/2`.
pub(super) fn close_calls(seed: u32) -> Vec<i8> {
    let mut r = Random(seed ^ 0x5555);
    let (rows, blocks) = (6, r.size(1, 6));
    let shift = r.between(-13, 0);
    let (significands, shifts) = r.multipliers(blocks, shift);
    let mut bias = r.blocks(blocks, -256, 255);
    let factors = significands.iter().flatten().zip(shifts.iter().flatten());
    for (bias, (&m, &shift)) in bias.iter_mut().flatten().zip(factors) {
        let factor = f64::from(m) * f64::from_bits(((1023 + shift - 31) as u64) << 52);
        let x = (f64::from(*bias) + 0.5) / factor;
        *bias = (x.round() as i32).clamp(1 - (1 << 23), (1 << 23) - 1) + r.between(-1, 1);
    }
    let filter = vec![0; blocks * 64];
    let outputs = Outputs::of(&mut r, (significands, shifts));
    let p = outputs.blocks([4, blocks * 16], 0, &filter, &bias);
    let input = r.bytes(rows * 4);
    let mut output = vec![0; rows * blocks * 16];
    rt::fully_connected_packed16(&p, &input, &mut output, &mut vec![0; rows * 4]);
    output
}
