//! What `columns.rs` reads: 64 elements of each row, and their neighbours.

use core::arch::x86_64::*;

use crate::params::layout::{INPUT_XOR, LANES};
use crate::simd::shared::dwconv::{BLOCK, Plane};
use crate::simd::x86_64::avx512::isa::interleave;

/// Sixteen elements per register.
pub(crate) const REGISTERS: usize = BLOCK / LANES;

/// Three columns of 64 elements: words of their bytes, in the order of `depthwise.rs`.
pub(crate) type Words = [__m512i; REGISTERS];

/// Windows of 3x3 neighbours over an image as it lies in a tensor.
#[derive(Clone, Copy)]
pub(crate) struct Unpadded<'a> {
    /// The image as inputs; taps do not count, but in being rows of three.
    pub(crate) plane: Plane<'a>,
    /// Rows of it, and elements of a row.
    pub(crate) size: [usize; 2],
    pub(crate) channels: usize,
    /// Rows and columns from one output to the next, and in front of the image.
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) zero_point: i8,
}

/// Where the inputs of outputs come from.
pub(crate) trait Strips: Copy {
    /// Rows from one row of outputs to the next.
    fn stride(&self) -> usize;
    /// The inputs of 64 elements, from one on, of each row of outputs, if this is how to
    /// read them.
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

/// A padded and shifted image.
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

/// Which of 64 elements lie in a row.
#[inline(always)]
fn inside(begin: isize, width: isize) -> u64 {
    let low = (-begin).clamp(0, 64) as u32;
    let high = (width - begin).clamp(0, 64) as u32;
    let below = |n: u32| if n < 64 { (1 << n) - 1 } else { !0_u64 };
    below(high) & !below(low)
}

/// How a strip's inputs are read: a padded and shifted image.
pub(crate) const PADDED: u8 = 0;
/// Nothing of it is padding.
pub(crate) const INSIDE: u8 = 1;
/// Some of it is.
pub(crate) const EDGE: u8 = 2;
/// Some of it may be; the first and the last taps are even columns, the middle ones odd.
pub(crate) const EVERY_OTHER: u8 = 3;

/// The inputs of 64 elements of each row of outputs.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    from: *const i8,
    /// Bytes of a row.
    pitch: usize,
    /// The next row, and rows that there are.
    next: isize,
    rows: usize,
    /// Where taps begin in a row, and which of their elements lie in it.
    taps: [isize; 4],
    masks: [u64; 4],
    /// What padding consists of.
    fill: i8,
    /// Words of a pixel.
    run: usize,
}

impl Strip {
    /// The next row.
    ///
    /// # Safety
    /// *Enabled*. There is another row, or what is not masked of it is padding.
    #[inline(always)]
    pub(crate) unsafe fn next<const KIND: u8>(&mut self) -> Words {
        let row = self.next;
        self.next += 1;
        // SAFETY: what is read lies in the image; *Enabled*.
        unsafe {
            let shift = _mm512_set1_epi8(INPUT_XOR);
            let fill = _mm512_set1_epi8(self.fill);
            if KIND != PADDED && row as usize >= self.rows {
                return [_mm512_xor_si512(fill, shift); REGISTERS];
            }
            let row = self.from.wrapping_offset(row * self.pitch as isize);
            let at = self.taps.map(|tap| row.wrapping_offset(tap));
            let edge = |k: usize| {
                let x = _mm512_mask_loadu_epi8(fill, self.masks[k], at[k]);
                _mm512_xor_si512(x, shift)
            };
            let inside = |k: usize| _mm512_loadu_si512(at[k].cast());
            let [a, b, c] = match KIND {
                PADDED => [inside(0), inside(1), inside(2)],
                INSIDE => [
                    _mm512_xor_si512(inside(0), shift),
                    _mm512_xor_si512(inside(1), shift),
                    _mm512_xor_si512(inside(2), shift),
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

/// Which of 32 words are of every other run, beginning with a word.
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
