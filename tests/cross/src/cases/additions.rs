//! Outputs that are operands: of ADD, of CONCATENATION.

use std::sync::OnceLock;

use niello::__private as rt;

use super::elementwise::{addition, flat, numbers};
use super::random::Random;
use super::rows::some_products;
use super::windows::{some_tiles, some_windows};

/// Rows, windows and tiles, whose outputs are an operand of ADD.
pub(super) fn additions(seed: u32) -> Vec<i8> {
    let all = some_additions();
    let addition = all.get(seed as usize / 3 % all.len());
    match seed % 3 {
        0 => some_products(seed, addition),
        1 => some_windows(seed, addition),
        _ => some_tiles(seed, addition),
    }
}

/// An addition of outputs and another operand.
pub(super) struct Addition {
    pub(super) add: rt::Add,
    /// Numbers in f32, if there are some.
    linear: Option<rt::Linear>,
}

/// Some additions; their numbers take a while to find.
fn some_additions() -> &'static [Addition] {
    static ALL: OnceLock<Vec<Addition>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut r = Random(0xADD);
        let all = (0..8).map(|_| {
            let add = addition(&mut r, 0);
            let found = numbers(&add).joined();
            let linear = found
                .map(|[first, second, constant]| rt::Linear::new(first, second, constant, true));
            Addition { add, linear }
        });
        let all: Vec<Addition> = all.collect();
        // Most have numbers.
        let mut with_numbers = all.iter().filter(|a| a.linear.is_some());
        assert!(cfg!(not(target_arch = "x86_64")) || with_numbers.nth(4).is_some());
        all
    })
}

/// A kernel with an addition.
type Both<P> = fn(&rt::FusedAdd<P>, &[i8], &[i8], &mut [i8], &mut [i8]);

/// Kernels that can also add, and write among other channels.
pub(super) trait Product: Copy + rt::WritesChannels {
    /// The sums of outputs and the second operand.
    const ADD: Both<Self>;

    fn channels(&self) -> usize;

    /// Its pixels lie so many elements apart.
    fn with_output_stride(self, output_stride: usize) -> Self;
}

impl Product for rt::Packed16<'_, rt::RequantParams<'_>> {
    const ADD: Both<Self> = rt::fully_connected_packed16_add;

    fn channels(&self) -> usize {
        self.channels
    }

    fn with_output_stride(self, output_stride: usize) -> Self {
        Self {
            output_stride,
            ..self
        }
    }
}

impl Product for rt::Packed16Conv2d<'_, rt::RequantParams<'_>> {
    const ADD: Both<Self> = rt::conv_2d_packed16_add;

    fn channels(&self) -> usize {
        self.gemm.channels
    }

    fn with_output_stride(self, output_stride: usize) -> Self {
        let gemm = self.gemm.with_output_stride(output_stride);
        Self { gemm, ..self }
    }
}

/// The outputs of a kernel, or the sums with another operand: the same in one call and in
/// two.
pub(super) fn run<P: Product>(
    p: P,
    addition: Option<&Addition>,
    r: &mut Random,
    [input, output, scratch]: [usize; 3],
) -> Vec<i8> {
    let input = r.bytes(input);
    let (mut outputs, mut scratch) = (vec![0; output], vec![0; scratch]);
    p.write(&input, &mut outputs, &mut scratch);
    let Some(&Addition { add, linear }) = addition else {
        assert_eq!(among_others(p, r, &input, output, &mut scratch), outputs);
        return outputs;
    };
    let other = r.bytes(output);
    let add = rt::Add {
        broadcast: flat(output),
        ..add
    };
    let p = rt::FusedAdd {
        product: p,
        add,
        linear: linear.unwrap_or(rt::Linear::NONE),
    };
    let mut sums = vec![0; output];
    P::ADD(&p, &input, &other, &mut sums, &mut scratch);
    rt::add_in_place(&add, &mut outputs, &other);
    assert_eq!(sums, outputs);
    sums
}

/// As many outputs, written among other channels, which stay.
fn among_others<P: Product>(
    p: P,
    r: &mut Random,
    input: &[i8],
    count: usize,
    scratch: &mut [i8],
) -> Vec<i8> {
    let (channels, begin, behind) = (p.channels(), r.size(0, 40), r.size(0, 40));
    let step = begin + channels + behind;
    let mut all = vec![77; count / channels * step];
    let p = rt::ConcatSlice {
        product: p.with_output_stride(step),
        begin,
    };
    rt::concat_slice_in_place(&p, &mut all, scratch, input);
    let is_part = |i: usize| (begin..begin + channels).contains(&(i % step));
    let (parts, others): (Vec<_>, Vec<_>) =
        all.into_iter().enumerate().partition(|(i, _)| is_part(*i));
    assert!(others.iter().all(|(_, x)| *x == 77));
    parts.into_iter().map(|(_, x)| x).collect()
}
