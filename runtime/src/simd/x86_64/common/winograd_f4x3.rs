//! 3x3 convolutions with stride 1 in a quarter of the products: Winograd's minimal filtering
//! F(4x4, 3x3) (A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2015,
//! section 4.3), in integers and exact. Tests: `tests/tests/simd_levels/`.
//!
//! ```text
//! tile of 6x6 inputs d  -- B^T d B -->  36 points of 16 bits
//!                                        times 36 transformed weights, summed over channels
//! 4x4 outputs y         <-- A^T m A --  36 sums m of 32 bits;  y * 576 or a divisor of that
//! ```
//!
//! The transformed inputs fit 16 bits, and so do the weights, which the compiler transforms
//! (`ops/packing/winograd_f4x3.rs` has their layout). All of it is right modulo 2^32, and so is the
//! division by 9, a multiplication. Only the division by a power of two, at most 64, is right only
//! if output sums are below 2^25: the compiler has proved that.

use crate::params::add::Addend;
use crate::params::layout::LANES;
pub(crate) use crate::params::layout::{WINOGRAD_OUTPUTS as OUTPUTS, WINOGRAD_TILES as TILES};
use crate::params::requant::RequantParams;

/// Inputs of a tile in each direction.
pub(crate) const INPUTS: usize = OUTPUTS + 2;

/// Products of a tile, for each input channel.
pub(crate) const POINTS: usize = INPUTS * INPUTS;

/// Bytes of sixteen words of 32 bits.
pub(crate) const VECTOR: usize = 4 * LANES;

/// The bias, which all outputs of a tile have in common, is added this many times to the sums of
/// point (1, 1).
pub(crate) const BIASES: i32 = 36;

/// The inverse of 9 modulo 2^32.
pub(crate) const NINTH: i32 = 0x38E3_8E39;
const _: () = assert!(NINTH.wrapping_mul(9) == 1);

/// Row or column `i` of a tile's outputs is also shifted right by `OUTPUT_SHIFTS[i]`.
pub(crate) const OUTPUT_SHIFTS: [i32; OUTPUTS] = [3, 2, 1, 1];

/// Bytes of a tile's sums of a block after the transformation over rows: four rows of `INPUTS`
/// columns, a register each.
pub(crate) const SUMS: usize = OUTPUTS * INPUTS * VECTOR;

/// A 3x3 convolution with stride 1, in tiles.
#[derive(Clone, Copy)]
pub(crate) struct Tiled<'a> {
    /// The padded image, inputs as [`crate::params::layout::XOR128`] says.
    pub(crate) image: &'a [i8],
    /// Bytes of a row of the padded image.
    pub(crate) pitch: usize,
    /// Number of input channels, a multiple of sixteen.
    pub(crate) depth: usize,
    /// Number of output channels, a multiple of sixteen.
    pub(crate) channels: usize,
    /// Elements from a pixel's outputs to the next one's.
    pub(crate) output_stride: usize,
    /// Rows and columns of the output.
    pub(crate) size: [usize; 2],
    /// The transformed weights: see the compiler's `ops/packing/winograd_f4x3.rs`.
    pub(crate) winograd_filter: &'a [u8],
    /// The biases, less 128 times the sums of weights: see [`crate::params::layout::XOR128`].
    pub(crate) bias: &'a [[i32; LANES]],
    /// Multipliers and the output's range.
    pub(crate) scales: RequantParams<'a>,
    /// The other operand of a fused ADD.
    pub(crate) addend: Option<Addend<'a>>,
}

/// Epilogues from sums to outputs: requantization with two-sided or one-sided scales, or a fused
/// ADD.
pub(crate) const TWO_SIDED: u8 = 0;
pub(crate) const ONE_SIDED: u8 = 1;
pub(crate) const ADDED: u8 = 2;

/// The place of a tile in the image.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Pointer to its first input.
    pub(crate) from: *const i8,
    /// Index of its first output, of the first channel.
    pub(crate) to: usize,
    /// Rows and columns of outputs that remain from its first output on.
    pub(crate) remaining: [usize; 2],
}

/// The steps for `TILES` tiles, which a level implements. Transformed inputs and sums begin at
/// multiples of `VECTOR`.
pub(crate) trait Steps {
    /// Transforms the inputs of all channels; their order is the level's own.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; the places are those of tiles, and `to` has room for all points
    /// of them.
    unsafe fn inputs(tiled: &Tiled<'_>, places: &[Place; TILES], to: *mut i8);
    /// Computes a block's `SUMS` of each tile.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; `from` is what [`Self::inputs`] has written, `to` has room for
    /// `TILES` times `SUMS`.
    unsafe fn products(tiled: &Tiled<'_>, block: usize, from: *const i8, to: *mut i8);
    /// Stores the outputs of a tile and a block; `sums` are their sums.
    ///
    /// # Safety
    /// *Enabled*. *Tiled*; `sums` is what [`Self::products`] has written of the tile, `to`
    /// are the outputs of the image.
    unsafe fn outputs(tiled: &Tiled<'_>, sums: *const i8, place: &Place, block: usize, to: *mut i8);
}

impl Tiled<'_> {
    /// Number of tiles in each direction.
    #[inline(always)]
    fn tiles(&self) -> [usize; 2] {
        self.size.map(|n| n.div_ceil(OUTPUTS))
    }

    /// True if everything is as large as it has to be (*Tiled*): all tiles are in the image, and
    /// there are weights, biases, multipliers, addends and outputs for whole blocks of channels,
    /// and room to work in.
    #[inline(always)]
    pub(crate) fn fits(&self, work: usize, output: usize) -> bool {
        let ([rows, columns], blocks) = (self.tiles(), self.channels / LANES);
        let [height, width] = self.size;
        let last_row = (rows * OUTPUTS + 1) * self.pitch;
        rows * columns > 0
            && blocks > 0
            && self.channels == blocks * LANES
            && self.depth.is_multiple_of(LANES)
            && self.depth > 0
            && self.pitch >= (columns * OUTPUTS + 2) * self.depth
            && self.image.len() >= last_row + (columns * OUTPUTS + 2) * self.depth
            && self.winograd_filter.len() >= POINTS * self.depth * self.channels * 2
            && self.bias.len() >= blocks
            && self.scales.are_for(blocks)
            && self.output_stride >= self.channels
            && output + self.output_stride >= height * width * self.output_stride + self.channels
            && self
                .addend
                .is_none_or(|addend| addend.other.len() >= output)
            && work >= work_bytes(self.depth)
    }

    /// The epilogue: [`ADDED`], [`ONE_SIDED`] or [`TWO_SIDED`].
    #[inline(always)]
    pub(crate) fn epilogue(&self) -> u8 {
        match self.addend {
            Some(_) => ADDED,
            None if self.scales.are_one_sided() => ONE_SIDED,
            None => TWO_SIDED,
        }
    }

    /// Computes all outputs, `TILES` tiles at a time.
    ///
    /// # Safety
    /// *Enabled*. *Tiled* for `work` and `to`.
    #[inline(always)]
    pub(crate) unsafe fn run<K: Steps>(&self, work: &mut [i8], to: *mut i8) {
        let [rows, columns] = self.tiles();
        let begin = work.as_mut_ptr();
        let work = begin.wrapping_add(begin.align_offset(VECTOR) % VECTOR);
        let transformed_inputs = work.wrapping_add(TILES * SUMS);
        let (mut row, mut column) = (0, 0);
        while row < rows {
            let mut places = [Place {
                from: self.image.as_ptr(),
                to: 0,
                remaining: self.size,
            }; TILES];
            let mut count = 0;
            for place in &mut places {
                let (y, x) = (row.min(rows - 1) * OUTPUTS, column * OUTPUTS);
                let [height, width] = self.size;
                *place = Place {
                    from: (self.image.as_ptr()).wrapping_add(y * self.pitch + x * self.depth),
                    to: (y * width + x) * self.output_stride,
                    remaining: [height - y, width - x],
                };
                if row < rows {
                    count += 1;
                    column += 1;
                    if column == columns {
                        (row, column) = (row + 1, 0);
                    }
                }
            }
            // SAFETY: *Enabled*, *Tiled*.
            unsafe {
                K::inputs(self, &places, transformed_inputs);
                for block in 0..self.channels / LANES {
                    K::products(self, block, transformed_inputs, work);
                    for (t, place) in places.iter().enumerate().take(count) {
                        K::outputs(self, work.wrapping_add(t * SUMS), place, block, to);
                    }
                }
            }
        }
    }
}

/// Bytes of working memory: sums and transformed inputs of `TILES` tiles, and alignment.
#[inline(always)]
fn work_bytes(depth: usize) -> usize {
    TILES * (SUMS + POINTS * depth * 2) + VECTOR
}

/// A register of numbers of 16 or of 32 bits.
pub(crate) trait Lanes: Copy {
    /// Adds numbers of 16 bits.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn add_16(self, other: Self) -> Self;
    /// Subtracts numbers of 16 bits.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn sub_16(self, other: Self) -> Self;
    /// Multiplies numbers of 16 bits by four.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn four_times_16(self) -> Self;
    /// Adds numbers of 32 bits.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn add_32(self, other: Self) -> Self;
    /// Subtracts numbers of 32 bits.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn sub_32(self, other: Self) -> Self;
    /// Multiplies numbers of 32 bits by four.
    ///
    /// # Safety
    /// *Enabled*.
    unsafe fn four_times_32(self) -> Self;
}

/// Transforms six inputs by the transposed matrix B.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn transform_inputs<L: Lanes>(d: [L; INPUTS]) -> [L; INPUTS] {
    // SAFETY: *Enabled*.
    unsafe {
        let a = d[4].sub_16(d[2].four_times_16());
        let b = d[3].sub_16(d[1].four_times_16());
        let c = d[4].sub_16(d[2]);
        let e = d[3].sub_16(d[1]);
        let e = e.add_16(e);
        let first = d[0].sub_16(d[2]).four_times_16();
        let last = d[5].sub_16(d[3]).sub_16(e.add_16(e));
        [
            first.add_16(c),
            a.add_16(b),
            a.sub_16(b),
            c.add_16(e),
            c.sub_16(e),
            last,
        ]
    }
}

/// Transforms six sums to four outputs times 24, 12, 6 and 6: the transposed matrix A, and the
/// factors that made the weights integers.
///
/// # Safety
/// *Enabled*.
#[inline(always)]
pub(crate) unsafe fn transform_sums<L: Lanes>(m: [L; INPUTS]) -> [L; OUTPUTS] {
    // SAFETY: *Enabled*.
    unsafe {
        let (s, d) = (m[1].add_32(m[2]), m[1].sub_32(m[2]));
        let (t, u) = (m[3].add_32(m[4]), m[3].sub_32(m[4]));
        let last = m[5].sub_32(d).add_32(u.add_32(u));
        [
            m[0].add_32(t.sub_32(s.four_times_32())),
            u.sub_32(d.add_32(d)),
            t.sub_32(s),
            last,
        ]
    }
}

/// Implements [`Lanes`] for a register type by the intrinsics that are listed.
macro_rules! lanes {
    ($register:ty, $add_16:ident $sub_16:ident $shift_16:ident $add_32:ident $sub_32:ident
     $shift_32:ident) => {
        // SAFETY: callers have enabled the instruction set.
        impl Lanes for $register {
            #[inline(always)]
            unsafe fn add_16(self, other: Self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $add_16(self, other) }
            }
            #[inline(always)]
            unsafe fn sub_16(self, other: Self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $sub_16(self, other) }
            }
            #[inline(always)]
            unsafe fn four_times_16(self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $shift_16::<2>(self) }
            }
            #[inline(always)]
            unsafe fn add_32(self, other: Self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $add_32(self, other) }
            }
            #[inline(always)]
            unsafe fn sub_32(self, other: Self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $sub_32(self, other) }
            }
            #[inline(always)]
            unsafe fn four_times_32(self) -> Self {
                // SAFETY: *Enabled*.
                unsafe { $shift_32::<2>(self) }
            }
        }
    };
}

pub(crate) use lanes;
