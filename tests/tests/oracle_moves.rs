//! Kernels that move, choose and reduce, against naive ones, over random shapes.

use niello::__private as rt;
use proptest::prelude::*;

/// A shape of up to four dimensions with data in it.
fn tensor() -> impl Strategy<Value = (Vec<usize>, Vec<i8>)> {
    prop::collection::vec(1..5_usize, 1..5).prop_flat_map(|shape| {
        let len: usize = shape.iter().product();
        (Just(shape), prop::collection::vec(any::<i8>(), len))
    })
}

/// Steps of each dimension in a dense tensor.
fn steps(shape: &[usize]) -> Vec<usize> {
    (0..shape.len())
        .map(|d| shape[d + 1..].iter().product())
        .collect()
}

proptest! {
    #[test]
    fn strided_reverses_and_permutes((shape, data) in tensor(), seed in any::<u32>(), flips in any::<u8>()) {
        // A permutation by rotating and swapping.
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order.rotate_left(seed as usize % shape.len());
        let last = shape.len() - 1;
        order.swap(0, (seed as usize / 7) % (last + 1));
        let step = steps(&shape);
        let mut p = rt::Strided { dims: [1; 6], strides: [0; 6], offset: 0 };
        for (i, &d) in order.iter().enumerate() {
            let at = 6 - order.len() + i;
            p.dims[at] = shape[d];
            p.strides[at] = step[d] as isize;
            if flips >> d & 1 == 1 {
                p.strides[at] = -(step[d] as isize);
                p.offset += (shape[d] - 1) * step[d];
            }
        }
        let mut got = vec![0; data.len()];
        rt::strided(&p, &data, &mut got);
        let permuted: Vec<usize> = order.iter().map(|&d| shape[d]).collect();
        let out = steps(&permuted);
        for (i, got) in got.iter().enumerate() {
            let mut at = 0;
            for (k, &d) in order.iter().enumerate() {
                let index = i / out[k] % permuted[k];
                let index = if flips >> d & 1 == 1 { shape[d] - 1 - index } else { index };
                at += index * step[d];
            }
            prop_assert_eq!(*got, data[at]);
        }
    }

    #[test]
    fn the_largest_come_in_order((shape, data) in tensor(), k in 1..5_usize) {
        let depth = shape[shape.len() - 1];
        let k = k.min(depth);
        let rows = data.len() / depth;
        let (mut values, mut indices) = (vec![0; rows * k], vec![0; rows * k]);
        rt::top_k(&rt::TopK { depth, k }, &data, &mut values, &mut indices);
        for (row, data) in data.chunks(depth).enumerate() {
            let mut order: Vec<usize> = (0..depth).collect();
            order.sort_by_key(|&i| std::cmp::Reverse(data[i]));
            for j in 0..k {
                prop_assert_eq!(values[row * k + j], data[order[j]]);
                prop_assert_eq!(indices[row * k + j] as usize, order[j]);
            }
        }
    }

    #[test]
    fn extremes_and_their_indices((shape, data) in tensor(), axis in 0..4_usize) {
        let axis = axis % shape.len();
        let outer: usize = shape[..axis].iter().product();
        let (depth, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let lanes = outer * inner;
        let reduce = rt::Reduce { dims: [1, outer, depth, inner], reduced: [false, false, true, false] };
        let (mut max, mut min) = (vec![0; lanes], vec![0; lanes]);
        rt::reduce_max(&reduce, &data, &mut max);
        rt::reduce_min(&reduce, &data, &mut min);
        let p = rt::ArgMax { outer, depth, inner };
        let (mut first_max, mut first_min) = (vec![0; lanes], vec![0; lanes]);
        rt::arg_max(&p, &data, &mut first_max);
        rt::arg_min(&p, &data, &mut first_min);
        for lane in 0..lanes {
            let (o, i) = (lane / inner, lane % inner);
            let all: Vec<i8> = (0..depth).map(|d| data[(o * depth + d) * inner + i]).collect();
            let (low, high) = (all.iter().min().copied(), all.iter().max().copied());
            prop_assert_eq!(Some(max[lane]), high);
            prop_assert_eq!(Some(min[lane]), low);
            prop_assert_eq!(all.iter().position(|x| Some(*x) == high), Some(first_max[lane] as usize));
            prop_assert_eq!(all.iter().position(|x| Some(*x) == low), Some(first_min[lane] as usize));
        }
    }

    #[test]
    fn padding_surrounds((shape, data) in tensor(), before in 0..3_usize, after in 0..3_usize, axis in 0..4_usize) {
        let axis = axis % shape.len();
        let outer: usize = shape[..axis].iter().product();
        let (depth, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
        let p = rt::Pad {
            input: [1, 1, 1, outer, depth, inner],
            before: [0, 0, 0, 0, before, 0],
            after: [0, 0, 0, 0, after, 0],
            value: 7_i8,
        };
        let full = before + depth + after;
        let mut got = vec![0; outer * full * inner];
        rt::pad(&p, &data, &mut got);
        for (i, got) in got.iter().enumerate() {
            let (o, d, k) = (i / (full * inner), i / inner % full, i % inner);
            let inside = (before..before + depth).contains(&d);
            let want = if inside { data[(o * depth + d - before) * inner + k] } else { 7 };
            prop_assert_eq!(*got, want);
        }
    }
}
