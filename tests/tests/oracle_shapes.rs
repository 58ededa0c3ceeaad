//! More generated shapes: kernels of two operands, of windows and of indices
//! against naive ones.

use niello::__private as rt;
use proptest::prelude::*;

/// A factor of one, exactly.
const ONE: rt::Multiplier = rt::Multiplier {
    multiplier: 1 << 30,
    shift: 1,
};

/// Sizes, and which dimensions operand 1 and 2 have.
fn broadcast() -> impl Strategy<Value = (Vec<usize>, [Vec<bool>; 2])> {
    prop::collection::vec((1..4_usize, any::<bool>(), any::<bool>()), 1..5).prop_map(|dims| {
        (
            dims.iter().map(|d| d.0).collect(),
            // What the output has, one of them has.
            [
                dims.iter().map(|d| d.1 || !d.2).collect(),
                dims.iter().map(|d| d.2).collect(),
            ],
        )
    })
}

/// Where an output element's operands are, by NumPy's rule.
fn positions(
    sizes: &[usize],
    has: &[Vec<bool>; 2],
) -> (rt::Broadcast, [usize; 2], Vec<[usize; 2]>) {
    let mut p = rt::Broadcast {
        dims: [1; 6],
        strides1: [0; 6],
        strides2: [0; 6],
    };
    let mut lens = [1, 1];
    for (d, &n) in sizes.iter().enumerate().rev() {
        let at = 6 - sizes.len() + d;
        p.dims[at] = n;
        for (operand, has) in has.iter().enumerate() {
            if has[d] {
                [&mut p.strides1, &mut p.strides2][operand][at] = lens[operand];
                lens[operand] *= n;
            }
        }
    }
    let total: usize = sizes.iter().product();
    let places = (0..total)
        .map(|i| {
            let mut at = [0, 0];
            for (operand, at) in at.iter_mut().enumerate() {
                let (mut rest, mut step) = (i, 1);
                for (d, &n) in sizes.iter().enumerate().rev() {
                    if has[operand][d] {
                        *at += rest % n * step;
                        step *= n;
                    }
                    rest /= n;
                }
            }
            at
        })
        .collect();
    (p, lens, places)
}

fn bytes(seed: u64, len: usize) -> Vec<i8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as i8
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operands_meet_by_numpys_rule((sizes, has) in broadcast(), seed in any::<u64>()) {
        let (p, lens, places) = positions(&sizes, &has);
        let (a, b) = (bytes(seed, lens[0]), bytes(!seed, lens[1]));
        let mut got = vec![0; places.len()];
        rt::maximum(&p, &a, &b, &mut got);
        for (got, [i, j]) in got.iter().zip(&places) {
            prop_assert_eq!(*got, a[*i].max(b[*j]));
        }
        let mul = rt::Mul {
            broadcast: p, input1_offset: 3, input2_offset: -5, output_multiplier: ONE, output_offset: 2,
            activation_min: -100, activation_max: 90, linear: rt::Linear::NONE,
        };
        rt::mul(&mul, &a, &b, &mut got);
        for (got, [i, j]) in got.iter().zip(&places) {
            let product = (i32::from(a[*i]) + 3) * (i32::from(b[*j]) - 5) + 2;
            prop_assert_eq!(i32::from(*got), product.clamp(-100, 90));
        }
        // Scales 1/2, 1 and 1: a sum of reals, rounded.
        let operand = |shift| rt::AddOperand { offset: 0, multiplier: rt::Multiplier { multiplier: 1 << 30, shift } };
        let add = rt::Add {
            broadcast: p, input1: operand(-1), input2: operand(0),
            output_multiplier: rt::Multiplier { multiplier: 1 << 30, shift: -18 }, output_offset: 0,
            activation_min: -128, activation_max: 127, linear: rt::Linear::NONE,
        };
        for (sign, kernel) in [(1.0, rt::add as fn(&rt::Add, &[i8], &[i8], &mut [i8])), (-1.0, rt::sub)] {
            kernel(&add, &a, &b, &mut got);
            for (got, [i, j]) in got.iter().zip(&places) {
                let real = f64::from(a[*i]) * 0.5 + sign * f64::from(b[*j]);
                prop_assert!((f64::from(*got) - real.clamp(-128.0, 127.0)).abs() <= 0.5);
            }
        }
    }

    #[test]
    fn batch_matmul(
        batches in 1..4_usize, rows in 1..5_usize, depth in 1..6_usize, columns in 1..5_usize,
        transposed in any::<bool>(), shared in any::<bool>(), seed in any::<u64>(),
    ) {
        let stacks = if shared { 1 } else { batches };
        let (a, b) = (bytes(seed, batches * rows * depth), bytes(!seed, stacks * depth * columns));
        let p = rt::BatchMatmul {
            matrices: rt::Matrices {
                broadcast: rt::Broadcast {
                    dims: [1, 1, 1, 1, 1, batches],
                    strides1: [0, 0, 0, 0, 0, 1],
                    strides2: [0, 0, 0, 0, 0, usize::from(!shared)],
                },
                rows, depth, columns,
                strides1: [depth, 1],
                strides2: if transposed { [1, depth] } else { [columns, 1] },
            },
            input1_offset: 1, input2_offset: -2, bias: &vec![7; columns], output_multiplier: ONE,
            rounds_once: seed % 2 == 0, output_offset: 0, activation_min: -128, activation_max: 127,
        };
        let mut got = vec![0; batches * rows * columns];
        rt::batch_matmul(&p, &a, &b, &mut got);
        for (i, got) in got.iter().enumerate() {
            let (n, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            let stack = if shared { 0 } else { n };
            let sum: i32 = (0..depth).map(|k| {
                let at = if transposed { column * depth + k } else { k * columns + column };
                (i32::from(a[(n * rows + row) * depth + k]) + 1) * (i32::from(b[stack * depth * columns + at]) - 2)
            }).sum();
            prop_assert_eq!(i32::from(*got), (sum + 7).clamp(-128, 127));
        }
    }

    /// Every input pixel adds its weights to the outputs that it reaches.
    #[test]
    fn transpose_conv(
        (height, width) in (1..5_usize, 1..5_usize), (filter_height, filter_width) in (1..4_usize, 1..4_usize),
        (stride_height, stride_width) in (1..4_usize, 1..4_usize), depth in 1..4_usize, channels in 1..4_usize,
        padding in 0..2_usize, seed in any::<u64>(),
    ) {
        let size = |n: usize, filter: usize, stride: usize| ((n - 1) * stride + filter).saturating_sub(padding).max(1);
        let (out_height, out_width) = (size(height, filter_height, stride_height), size(width, filter_width, stride_width));
        let window = rt::Window {
            batches: 1, input_height: out_height, input_width: out_width, output_height: height, output_width: width,
            filter_height, filter_width, stride_height, stride_width, dilation_height: 1, dilation_width: 1,
            padding_top: padding, padding_left: padding,
        };
        let input = bytes(seed, height * width * depth);
        let filter = bytes(!seed, channels * filter_height * filter_width * depth);
        let mut sums = vec![5_i32; out_height * out_width * channels];
        for (i, x) in input.iter().enumerate() {
            let (y, column, d) = (i / depth / width, i / depth % width, i % depth);
            for (j, w) in filter.iter().enumerate() {
                let (tap, e) = (j / depth, j % depth);
                let (c, ty, tx) = (tap / (filter_height * filter_width), tap / filter_width % filter_height, tap % filter_width);
                let (row, column) = ((y * stride_height + ty).checked_sub(padding), (column * stride_width + tx).checked_sub(padding));
                if let (Some(row), Some(column), true) = (row, column, d == e)
                    && row < out_height && column < out_width {
                    sums[(row * out_width + column) * channels + c] += (i32::from(*x) - 4) * i32::from(*w);
                }
            }
        }
        let unsigned: Vec<u8> = filter.iter().map(|&w| w as u8).collect();
        let (multiplier, shift) = (vec![ONE.multiplier; channels], vec![1_i8; channels]);
        let p = rt::Conv2d {
            window, input_depth: depth, input_offset: -4, filter: &unsigned, bias: &vec![5; channels],
            output: rt::Requantize::<false> { multiplier: &multiplier, shift: &shift, output_offset: 0, activation_min: -128, activation_max: 127 },
        };
        let mut got = vec![0; sums.len()];
        rt::transpose_conv(&p, &input, &mut got);
        let want: Vec<i8> = sums.iter().map(|&s| s.clamp(-128, 127) as i8).collect();
        prop_assert_eq!(got, want);
    }

    #[test]
    fn slices_are_gathered(
        (outer, axis, inner) in (1..4_usize, 1..6_usize, 1..4_usize),
        indices in prop::collection::vec(-1..7_i32, 1..6), seed in any::<u64>(),
    ) {
        let data = bytes(seed, outer * axis * inner);
        let p = rt::Gather { batches: 1, outer, axis, indices: indices.len(), inner };
        let mut got = vec![99; outer * indices.len() * inner];
        rt::gather(&p, &data, &indices, &mut got);
        for (i, got) in got.iter().enumerate() {
            let (o, index, k) = (i / (indices.len() * inner), indices[i / inner % indices.len()], i % inner);
            let inside = index >= 0 && (index as usize) < axis;
            let want = if inside { data[(o * axis + index as usize) * inner + k] } else { 0 };
            prop_assert_eq!(*got, want);
        }
    }

    #[test]
    fn rows_are_joined(rows in 1..5_usize, widths in prop::array::uniform3(1..5_usize), seed in any::<u64>()) {
        let data = widths.map(|w| bytes(seed ^ w as u64, rows * w));
        let total: usize = widths.iter().sum();
        let mut got = vec![0; rows * total];
        let p = rt::Concatenation { widths };
        rt::concatenation(&p, [&data[0], &data[1], &data[2]], &mut got);
        let want: Vec<i8> = (0..rows)
            .flat_map(|row| widths.iter().zip(&data).flat_map(move |(&w, data)| data[row * w..][..w].to_vec()))
            .collect();
        prop_assert_eq!(got, want);
    }

    #[test]
    fn pixels_are_interpolated((height, width) in (1..5_usize, 1..5_usize), (rows, columns) in (1..9_usize, 1..9_usize), seed in any::<u64>()) {
        // Places in 1/1024 of a pixel, as the compiler makes them.
        let places = |n: usize, from: usize| -> Vec<i32> {
            (0..n).flat_map(|i| {
                let at = (i * from * 1024 / n) as i32;
                let first = (at / 1024).min(from as i32 - 1);
                [first, (first + 1).min(from as i32 - 1), at - first * 1024]
            }).collect()
        };
        let (row, column) = (places(rows, height), places(columns, width));
        let data = bytes(seed, height * width);
        let p = rt::ResizeBilinear { batches: 1, input_height: height, input_width: width, channels: 1, rows: &row, columns: &column };
        let mut got = vec![0; rows * columns];
        rt::resize_bilinear(&p, &data, &mut got);
        for (i, got) in got.iter().enumerate() {
            let (y, x) = (&row[i / columns * 3..][..3], &column[i % columns * 3..][..3]);
            let at = |y: i32, x: i32| f64::from(data[y as usize * width + x as usize]);
            let (fy, fx) = (f64::from(y[2]) / 1024.0, f64::from(x[2]) / 1024.0);
            let top = at(y[0], x[0]) * (1.0 - fx) + at(y[0], x[1]) * fx;
            let bottom = at(y[1], x[0]) * (1.0 - fx) + at(y[1], x[1]) * fx;
            let real = top * (1.0 - fy) + bottom * fy;
            prop_assert!((f64::from(*got) - real).abs() <= 0.5, "{} {}", got, real);
        }
    }
}
