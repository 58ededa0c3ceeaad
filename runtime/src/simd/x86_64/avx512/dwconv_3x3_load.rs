//! The inputs of `dwconv_3x3.rs`: 64 elements of each row with their left and right neighbours, from a
//! padded image or from one as it is in a tensor. Tests: `tests/tests/simd_levels/`.

use core::arch::x86_64::*;

use crate::params::layout::{LANES, XOR128};
use crate::simd::shared::dwconv::BLOCK;
use crate::simd::x86_64::avx512::isa::interleave;
use crate::simd::x86_64::common::dwconv_3x3::Unpadded;

/// Registers of a block, sixteen elements in each.
pub(crate) const REGISTERS: usize = BLOCK / LANES;

/// Words of the bytes of three columns of 64 elements, in the order of `shared/dwconv.rs`.
pub(crate) type Words = [__m512i; REGISTERS];

/// An image that strips of 64 elements are read from.
pub(crate) trait Strips: Copy {
    /// Rows of inputs from one row of outputs to the next.
    fn stride(&self) -> usize;
    /// The strip of 64 elements from element `begin` on; none if it is not to be read as `KIND`
    /// says.
    fn strip<const KIND: u8>(&self, begin: usize) -> Option<Strip>;
}

impl Strips for Unpadded<'_> {
    #[inline(always)]
    fn stride(&self) -> usize {
        self.stride[0]
    }

    #[inline(always)]
    fn strip<const KIND: u8>(&self, begin: usize) -> Option<Strip> {
        let (c, width) = (self.channels as isize, self.size[1] as isize);
        let pixel = begin as isize / c;
        let first = (pixel * (self.stride[1] as isize - 1) - self.padding[1] as isize) * c;
        let first = first + begin as isize;
        let taps = if KIND == EVERY_OTHER {
            [first, first + 64, first + 2 * c, first + 2 * c + 64]
        } else {
            [first, first + c, first + 2 * c, first + 2 * c]
        };
        let is_inside = first >= 0 && taps[3] + 64 <= width;
        (KIND == EVERY_OTHER || is_inside == (KIND == INSIDE)).then(|| Strip {
            from: self.plane.inputs.as_ptr(),
            pitch: self.size[1],
            next: -(self.padding[0] as isize),
            rows: self.size[0],
            taps,
            masks: taps.map(|tap| inside(tap, width)),
            fill: self.zero_point,
            run: self.channels / 4,
        })
    }
}

/// A padded image, XORed with `XOR128`.
#[derive(Clone, Copy)]
pub(crate) struct Padded {
    pub(crate) from: *const i8,
    pub(crate) pitch: usize,
    pub(crate) stride: usize,
    pub(crate) taps: [isize; 4],
}

impl Strips for Padded {
    #[inline(always)]
    fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    fn strip<const KIND: u8>(&self, begin: usize) -> Option<Strip> {
        Some(Strip {
            from: self.from.wrapping_add(begin),
            pitch: self.pitch,
            next: 0,
            rows: usize::MAX,
            taps: self.taps,
            masks: [!0; 4],
            fill: 0,
            run: 0,
        })
    }
}

/// A mask of those of 64 elements from `begin` on that are in a row of `width` elements.
#[inline(always)]
fn inside(begin: isize, width: isize) -> u64 {
    let low = (-begin).clamp(0, 64) as u32;
    let high = (width - begin).clamp(0, 64) as u32;
    let below = |n: u32| if n < 64 { (1 << n) - 1 } else { !0_u64 };
    below(high) & !below(low)
}

/// A way to read a strip: from a padded image.
pub(crate) const PADDED: u8 = 0;
/// A way to read a strip: no input is padding.
pub(crate) const INSIDE: u8 = 1;
/// A way to read a strip: some inputs are padding.
pub(crate) const EDGE: u8 = 2;
/// A way to read a strip with a stride of two columns: some inputs may be padding; the first and
/// the last taps are even columns, the middle ones odd.
pub(crate) const EVERY_OTHER: u8 = 3;

/// A strip: the inputs of 64 elements of each row of outputs, row by row.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    from: *const i8,
    /// Bytes of a row of the image.
    pitch: usize,
    /// Number of the next row.
    next: isize,
    /// Number of rows of the image.
    rows: usize,
    /// Offsets of the taps in a row.
    taps: [isize; 4],
    /// For each tap, a mask of its elements that are in the row.
    masks: [u64; 4],
    /// The byte that padding consists of.
    fill: i8,
    /// Words (four bytes) of a pixel.
    run: usize,
}

impl Strip {
    /// Reads the next row of inputs.
    ///
    /// # Safety
    /// *Enabled*. There is another row, or all of it that is not masked is padding.
    #[inline(always)]
    pub(crate) unsafe fn next<const KIND: u8>(&mut self) -> Words {
        let row = self.next;
        self.next += 1;
        // SAFETY: all bytes that are read are in the image; *Enabled*.
        unsafe {
            let xor128 = _mm512_set1_epi8(XOR128);
            let fill = _mm512_set1_epi8(self.fill);
            if KIND != PADDED && row as usize >= self.rows {
                return [_mm512_xor_si512(fill, xor128); REGISTERS];
            }
            let row = self.from.wrapping_offset(row * self.pitch as isize);
            let at = self.taps.map(|tap| row.wrapping_offset(tap));
            let edge = |k: usize| {
                let x = _mm512_mask_loadu_epi8(fill, self.masks[k], at[k]);
                _mm512_xor_si512(x, xor128)
            };
            let inside = |k: usize| _mm512_loadu_si512(at[k].cast());
            let [a, b, c] = match KIND {
                PADDED => [inside(0), inside(1), inside(2)],
                INSIDE => [
                    _mm512_xor_si512(inside(0), xor128),
                    _mm512_xor_si512(inside(1), xor128),
                    _mm512_xor_si512(inside(2), xor128),
                ],
                EDGE => [edge(0), edge(1), edge(2)],
                _ => {
                    let even = every_other(self.run, 0);
                    let odd = every_other(self.run, self.run);
                    let (a, b) = (edge(0), edge(1));
                    [
                        _mm512_permutex2var_epi32(a, even, b),
                        _mm512_permutex2var_epi32(a, odd, b),
                        _mm512_permutex2var_epi32(edge(2), even, edge(3)),
                    ]
                }
            };
            // The fourth tap is the third one again.
            interleave([a, b, c, c])
        }
    }
}

/// Indices, among 32 words, of every other run of `run` words, beginning with word `first`.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
unsafe fn every_other(run: usize, first: usize) -> __m512i {
    // SAFETY: *Enabled*.
    unsafe {
        let words = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        // Each run's number, again.
        let runs = _mm512_and_si512(words, _mm512_set1_epi32(-(run as i32)));
        let all = _mm512_add_epi32(words, runs);
        _mm512_add_epi32(all, _mm512_set1_epi32(first as i32))
    }
}
