//! Depthwise windows of three rows and at most three columns, with AVX-512: what rows of
//! inputs look like side by side (three columns' bytes in a word) is made once for the
//! three rows of outputs that see them.

// Arrays of registers stay in registers if indices are constants.
#![expect(clippy::needless_range_loop)]

use core::arch::x86_64::*;

use super::avx512::{Avx512, Requantize};
use super::depthwise::{BLOCK, Plane};
use super::isa::LANES;

/// Rows of the windows.
const ROWS: usize = 3;

/// Sixteen elements per register.
const REGISTERS: usize = BLOCK / LANES;

/// Three columns of 64 elements: words of their bytes, in the order of `depthwise.rs`.
type Words = [__m512i; REGISTERS];

/// What all outputs of a block of elements have in common.
struct Block {
    weights: [Words; ROWS],
    bias: Words,
    output: Requantize<REGISTERS>,
}

impl Plane<'_> {
    /// All outputs, if this is the way to get them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) unsafe fn by_rows_is_done(&self, output: &mut [i8]) -> bool {
        let &[[a, b, c, last], second, third] = self.taps else {
            return false;
        };
        let line = second[0].wrapping_sub(a);
        let below = |n: u32| [a, b, c, last].map(|tap| tap.wrapping_add(n.wrapping_mul(line)));
        let alike = last == c && second == below(1) && third == below(2);
        let stride = self.pitch / line.max(1) as usize;
        if !alike || self.pitch != stride * line as usize || !self.fits(output.len()) {
            return false;
        }
        for block in 0..self.period() {
            // SAFETY: there are four multipliers, weights and biases per block; all windows
            // lie in the image.
            unsafe {
                match (Requantize::of(REGISTERS * block, &self.scales), stride) {
                    (Some(by), 1) if by.is_one_sided() => self.rows::<1, true>(block, by, output),
                    (Some(by), 1) => self.rows::<1, false>(block, by, output),
                    (Some(by), 2) if by.is_one_sided() => self.rows::<2, true>(block, by, output),
                    (Some(by), 2) => self.rows::<2, false>(block, by, output),
                    _ => self.block::<Avx512, ROWS>(block, output),
                }
            }
        }
        true
    }

    /// The outputs that a block's weights make, column by column.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn rows<const STRIDE: usize, const ONE_SIDED: bool>(
        &self,
        block: usize,
        requantize: Requantize<REGISTERS>,
        output: &mut [i8],
    ) {
        let [taps, below, _] = self.taps else {
            return;
        };
        let line = (below[0] - taps[0]) as usize;
        let taps = [taps[0], taps[1], taps[2]].map(|tap| tap as usize);
        // SAFETY: 256 weights per group, four biases; the caller's promises.
        unsafe {
            let weights = self.filter.as_ptr().wrapping_add(256 * ROWS * block);
            let bias = self.bias.as_ptr().wrapping_add(REGISTERS * block);
            let common = Block {
                weights: [
                    load(weights),
                    load(weights.wrapping_add(256)),
                    load(weights.wrapping_add(512)),
                ],
                bias: load(bias.cast()),
                output: requantize,
            };
            let rows = output.len() / self.row;
            let mut begin = block * BLOCK;
            while begin < self.row {
                let count = (self.row - begin).min(BLOCK);
                let mut from = self.inputs.as_ptr().wrapping_add(begin);
                let mut to = output.as_mut_ptr().wrapping_add(begin);
                macro_rules! next {
                    ($row:ident) => {
                        $row = words(from, taps);
                        from = from.wrapping_add(line);
                    };
                }
                macro_rules! store {
                    ($($row:ident)*) => {
                        common.store::<ONE_SIDED>([$(&$row),*], to, count);
                        to = to.wrapping_add(self.row);
                    };
                }
                let (mut a, mut b);
                next!(a);
                b = a;
                if STRIDE == 1 {
                    next!(b);
                }
                let mut c;
                // As registers do not move, the rows take turns.
                let mut left = rows;
                loop {
                    if STRIDE == 1 {
                        next!(c);
                        store!(a b c);
                        if left == 1 {
                            break;
                        }
                        next!(a);
                        store!(b c a);
                        if left == 2 {
                            break;
                        }
                        next!(b);
                        store!(c a b);
                        if left == 3 {
                            break;
                        }
                        left -= 3;
                    } else {
                        next!(b);
                        next!(c);
                        store!(a b c);
                        if left == 1 {
                            break;
                        }
                        next!(b);
                        next!(a);
                        store!(c b a);
                        if left == 2 {
                            break;
                        }
                        left -= 2;
                    }
                }
                begin += self.period() * BLOCK;
            }
        }
    }
}

impl Block {
    #[inline(always)]
    unsafe fn store<const ONE_SIDED: bool>(&self, rows: [&Words; ROWS], to: *mut i8, count: usize) {
        // SAFETY: `count` bytes are the caller's; the features are enabled.
        unsafe {
            let mut sums = self.bias;
            for y in 0..ROWS {
                for j in 0..REGISTERS {
                    sums[j] = _mm512_dpbusd_epi32(sums[j], rows[y][j], self.weights[y][j]);
                }
            }
            let bytes = self.output.requantize::<ONE_SIDED>(sums, 0);
            if count == BLOCK {
                _mm512_storeu_si512(to.cast(), bytes);
            } else {
                _mm512_mask_storeu_epi8(to, (1 << count) - 1, bytes);
            }
        }
    }
}

/// Four registers.
#[inline(always)]
unsafe fn load(from: *const u8) -> Words {
    let mut words = [from; REGISTERS];
    for j in 0..REGISTERS {
        words[j] = from.wrapping_add(64 * j);
    }
    // SAFETY: 256 bytes; the features are enabled.
    unsafe {
        [
            _mm512_loadu_si512(words[0].cast()),
            _mm512_loadu_si512(words[1].cast()),
            _mm512_loadu_si512(words[2].cast()),
            _mm512_loadu_si512(words[3].cast()),
        ]
    }
}

/// The bytes of three columns side by side, the last one's twice.
#[inline(always)]
unsafe fn words(from: *const i8, taps: [usize; 3]) -> Words {
    // SAFETY: 64 bytes lie at each tap; the features are enabled.
    unsafe {
        let a = _mm512_loadu_si512(from.wrapping_add(taps[0]).cast());
        let b = _mm512_loadu_si512(from.wrapping_add(taps[1]).cast());
        let c = _mm512_loadu_si512(from.wrapping_add(taps[2]).cast());
        let (ab, cc) = (_mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(c, c));
        let (ab_high, cc_high) = (_mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(c, c));
        [
            _mm512_unpacklo_epi16(ab, cc),
            _mm512_unpackhi_epi16(ab, cc),
            _mm512_unpacklo_epi16(ab_high, cc_high),
            _mm512_unpackhi_epi16(ab_high, cc_high),
        ]
    }
}
