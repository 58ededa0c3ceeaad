//! x86_64-i8-avx512vnni: depthwise windows of three rows and at most three columns, 64 elements at
//! once. A row of inputs is interleaved once (the bytes of three columns in a word) for the three
//! rows of outputs that see it. See `shared/dwconv.rs` for the layout of weights. Tests:
//! `tests/tests/simd_levels/`.

#![expect(
    clippy::needless_range_loop,
    reason = "registers in arrays need constant indices; closures lose the instruction set"
)]

use core::arch::x86_64::*;

use crate::simd::shared::dwconv::{BLOCK, Plane};
use crate::simd::x86_64::avx512::dwconv_3x3_load::{
    EDGE, EVERY_OTHER, INSIDE, PADDED, Padded, REGISTERS, Strip, Strips, Words,
};
use crate::simd::x86_64::avx512::isa::Avx512;
use crate::simd::x86_64::avx512::requantize::{Requantize, are_truncated, is_truncated};
use crate::simd::x86_64::common::dwconv_3x3::Unpadded;

/// Number of rows of the windows.
const ROWS: usize = 3;

/// Weights, biases and multipliers of a block of 64 elements.
struct Block {
    /// The weights of each row of the window.
    weights: *const Words,
    bias: *const Words,
    output: Requantize<REGISTERS>,
    output_xor: __m512i,
}

/// All outputs of an image as it is in a tensor; false if it has to be padded first.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn try_dwconv_3x3_unpadded(image: &Unpadded<'_>, output: &mut [i8]) -> bool {
    let (plane, [height, width]) = (&image.plane, image.size);
    let &[[_, _, c, last], _, _] = plane.taps else {
        return false;
    };
    // Where every other column is wanted, registers hold whole pixels, or pixels whole
    // registers.
    let columns = match image.stride[1] {
        1 => true,
        _ => image.channels.is_multiple_of(BLOCK) || matches!(image.channels, 4 | 8 | 16 | 32),
    };
    let blocks = plane.period();
    // SAFETY: *Plane* 2: there are four multipliers per block.
    let truncated = unsafe { are_truncated(&plane.scales, REGISTERS * blocks) };
    let fits = last == c
        && columns
        && truncated
        && blocks > 0
        && plane.row > 0
        && plane.inputs.len() >= height * width
        && image.stride.iter().all(|s| matches!(s, 1 | 2));
    if !fits {
        return false;
    }
    for block in 0..blocks {
        // SAFETY: *Enabled*; *Plane* 2; strips read inside of the image, which is as large as it
        // says.
        unsafe {
            if image.stride[1] == 2 && image.channels < BLOCK {
                plane.columns::<EVERY_OTHER>(block, image, output);
            } else {
                plane.columns::<INSIDE>(block, image, output);
                plane.columns::<EDGE>(block, image, output);
            }
        }
    }
    true
}

/// The rows of a depthwise convolution over a padded image.
///
/// # Safety
/// *Enabled*.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(crate) unsafe fn dwconv(plane: Plane<'_>, output: &mut [i8]) {
    // SAFETY: *Enabled*.
    unsafe {
        if !plane.try_3x3(output) {
            plane.run::<Avx512>(output);
        }
    }
}

impl Plane<'_> {
    /// Computes all outputs of 3x3 windows over a padded image; false if the taps are others.
    ///
    /// # Safety
    /// *Enabled*.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn try_3x3(&self, output: &mut [i8]) -> bool {
        let &[[a, b, c, last], second, third] = self.taps else {
            return false;
        };
        let line = second[0].wrapping_sub(a);
        let below = |n: u32| [a, b, c, last].map(|tap| tap.wrapping_add(n.wrapping_mul(line)));
        let alike = last == c && second == below(1) && third == below(2);
        let stride = self.pitch / line.max(1) as usize;
        let fits = alike && self.pitch == stride * line as usize && matches!(stride, 1 | 2);
        if !fits || !self.fits(output.len()) {
            return false;
        }
        for block in 0..self.period() {
            // SAFETY: *Enabled*; *Plane*, as `fits` has said.
            unsafe {
                if !is_truncated(self.scales.of(REGISTERS * block)) {
                    self.block::<Avx512, ROWS>(block, output);
                    continue;
                }
                let padded = Padded {
                    from: self.inputs.as_ptr(),
                    pitch: line as usize,
                    stride,
                    taps: [a, b, c, c].map(|tap| tap as isize),
                };
                self.columns::<PADDED>(block, &padded, output);
            }
        }
        true
    }

    /// Computes the outputs of a block's weights, of the strips that are to be read as `KIND` says;
    /// truncation requantizes them.
    ///
    /// # Safety
    /// *Enabled*. `block` is below [`Self::period`]; `strips` read inside of their image.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn columns<const KIND: u8>(
        &self,
        block: usize,
        strips: &impl Strips,
        output: &mut [i8],
    ) {
        // SAFETY: *Enabled*.
        unsafe {
            match (strips.stride(), self.scales.are_one_sided()) {
                (1, true) => self.rows::<_, KIND, 1, true>(block, strips, output),
                (1, false) => self.rows::<_, KIND, 1, false>(block, strips, output),
                (_, true) => self.rows::<_, KIND, 2, true>(block, strips, output),
                (_, false) => self.rows::<_, KIND, 2, false>(block, strips, output),
            }
        }
    }

    // A function of its own has all registers.
    /// Computes the strips of a block, with `STRIDE` rows from one row of outputs to the next.
    ///
    /// # Safety
    /// *Enabled*. `block` is below [`Self::period`]; `strips` read inside of their image.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    unsafe fn rows<S: Strips, const KIND: u8, const STRIDE: usize, const ONE_SIDED: bool>(
        &self,
        block: usize,
        strips: &S,
        output: &mut [i8],
    ) {
        // SAFETY: 256 weights per group, four biases; *Enabled*.
        unsafe {
            let weights = self.filter.as_ptr().wrapping_add(256 * ROWS * block);
            let bias = self.bias.as_ptr().wrapping_add(REGISTERS * block);
            // There are not registers for all: instructions read these in memory, every time.
            let common =
                Block {
                    weights: core::hint::black_box(weights.cast()),
                    bias: core::hint::black_box(bias.cast()),
                    output: Requantize::new(REGISTERS * block, &self.scales)
                        .with_xor(if ONE_SIDED { self.output_xor } else { 0 }),
                    output_xor: _mm512_set1_epi8(self.output_xor),
                };
            let begin_of_output = core::hint::black_box(output.as_mut_ptr());
            let step = self.period() * BLOCK;
            let rows = output.len() / self.row;
            let mut begin = block * BLOCK;
            while begin < self.row {
                if let Some(strip) = strips.strip::<KIND>(begin) {
                    let count = (self.row - begin).min(BLOCK);
                    let to = begin_of_output.wrapping_add(begin);
                    common.column::<KIND, STRIDE, ONE_SIDED>(strip, [rows, self.row, count], to);
                }
                begin += step;
            }
        }
    }
}

impl Block {
    /// Computes the first `count` outputs of a strip in each of `rows` rows, `pitch` bytes apart.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` outputs in each of `rows` rows; the strip has inputs
    /// for them.
    #[inline(always)]
    unsafe fn column<const KIND: u8, const STRIDE: usize, const ONE_SIDED: bool>(
        &self,
        mut strip: Strip,
        [rows, pitch, count]: [usize; 3],
        mut to: *mut i8,
    ) {
        // SAFETY: *Enabled*, *Covered*.
        unsafe {
            macro_rules! next {
                ($row:ident) => {
                    $row = strip.next::<KIND>();
                };
            }
            macro_rules! store {
                ($($row:ident)*) => {
                    self.store::<ONE_SIDED>([$(&$row),*], to, count);
                    to = to.wrapping_add(pitch);
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
            while left > 0 {
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
                    left -= 2;
                }
            }
        }
    }

    /// Computes and stores the outputs of three rows of inputs.
    ///
    /// # Safety
    /// *Enabled*. *Covered*: `count` outputs, but no more than 64.
    #[inline(always)]
    unsafe fn store<const ONE_SIDED: bool>(&self, rows: [&Words; ROWS], to: *mut i8, count: usize) {
        // SAFETY: *Covered*: `count` bytes; *Enabled*.
        unsafe {
            let mut sums = load(self.bias);
            for y in 0..ROWS {
                let weights = load(self.weights.wrapping_add(y));
                for j in 0..REGISTERS {
                    sums[j] = _mm512_dpbusd_epi32(sums[j], rows[y][j], weights[j]);
                }
            }
            let mut bytes = self.output.requantize::<ONE_SIDED>(sums);
            if !ONE_SIDED {
                bytes = _mm512_xor_si512(bytes, self.output_xor);
            }
            if count == BLOCK {
                _mm512_storeu_si512(to.cast(), bytes);
            } else {
                _mm512_mask_storeu_epi8(to, (1 << count) - 1, bytes);
            }
        }
    }
}

/// Loads four registers: 256 bytes.
///
/// # Safety
/// *Enabled*. *Covered*: 256 bytes.
#[inline(always)]
unsafe fn load(from: *const Words) -> Words {
    let from = from.cast::<i8>();
    // SAFETY: *Covered*: 256 bytes; *Enabled*.
    unsafe {
        [
            _mm512_loadu_si512(from.cast()),
            _mm512_loadu_si512(from.wrapping_add(64).cast()),
            _mm512_loadu_si512(from.wrapping_add(128).cast()),
            _mm512_loadu_si512(from.wrapping_add(192).cast()),
        ]
    }
}
