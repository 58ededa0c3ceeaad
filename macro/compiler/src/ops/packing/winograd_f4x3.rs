//! Weights of 3x3 convolutions for transformed inputs: Winograd's minimal filtering
//! F(4x4, 3x3) in integers (A. Lavin and S. Gray, "Fast Algorithms for Convolutional
//! Neural Networks", 2015, section 4.3). The runtime's `simd/x86_64/common/winograd_f4x3.rs` says
//! what becomes of them.

use crate::ops::packing::layout::{LANES, WINOGRAD_OUTPUTS as OUTPUTS, WINOGRAD_TILES as TILES};

/// Inputs of a tile in each direction.
const INPUTS: usize = OUTPUTS + 2;

/// Products of a tile, for each input channel.
const POINTS: usize = INPUTS * INPUTS;

/// The matrix G, each row times what makes it integers.
const ROWS: [[i32; 3]; INPUTS] = [
    [6, 0, 0],
    [1, 1, 1],
    [1, -1, 1],
    [1, 2, 4],
    [1, -2, 4],
    [0, 0, 6],
];

/// Larger weights would not stay in caches, where fewer products are no gain.
const LARGEST: usize = 512 * 1024;

/// A convolution whose inputs are worth to be transformed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Winograd {
    depth: usize,
    channels: usize,
    /// Rows and columns of the image, filled up to whole tiles.
    pub padded: [usize; 2],
}

/// The OHWI weights of a 3x3 convolution as kernels want them for transformed inputs,
/// and how many bytes such a kernel works in. Channels come by sixteen. For tests and
/// benchmarks of the runtime.
#[must_use]
pub fn transformed(filter: &[i8], depth: usize, channels: usize) -> (Vec<i8>, usize) {
    let winograd = Winograd {
        depth,
        channels,
        padded: [0; 2],
    };
    (winograd.weights(filter), winograd.work())
}

impl Winograd {
    /// A 3x3 convolution with stride 1 and so many output rows and columns, if there is a
    /// kernel for it. No sum's magnitude is more than `bound`.
    pub(crate) fn new(
        output: [usize; 2],
        depth: usize,
        channels: usize,
        bound: i64,
    ) -> Option<Self> {
        let are_whole = depth.is_multiple_of(LANES) && channels.is_multiple_of(LANES);
        let tiles = output.map(|n| n.div_ceil(OUTPUTS));
        // Tiles that are hardly filled, or not there, make up for what is won.
        let computed = (tiles[0] * tiles[1]).next_multiple_of(TILES) * OUTPUTS * OUTPUTS;
        let filled = output[0] * output[1] * 4 >= computed * 3;
        let winograd = Self {
            depth,
            channels,
            padded: tiles.map(|n| n * OUTPUTS + 2),
        };
        let is_small = winograd.bytes() <= LARGEST && winograd.bytes() > 0;
        (are_whole && filled && is_small && bound < 1 << 25).then_some(winograd)
    }

    /// The size of the transformed weights in bytes.
    fn bytes(&self) -> usize {
        POINTS * self.depth * self.channels * 2
    }

    /// Bytes of the kernel's working memory.
    pub(crate) fn work(&self) -> usize {
        TILES * (OUTPUTS * INPUTS * 64 + POINTS * self.depth * 2) + 64
    }

    /// OHWI weights transformed: blocks of sixteen channels; in a block column by column
    /// of the points, two input channels after the other, row by row, both of each output
    /// channel side by side, 16 bits each.
    pub(crate) fn weights(&self, filter: &[i8]) -> Vec<i8> {
        let points: Vec<Vec<[i16; POINTS]>> = (filter.chunks(9 * self.depth))
            .map(|taps| {
                (0..self.depth)
                    .map(|c| transform(taps, self.depth, c))
                    .collect()
            })
            .collect();
        let mut weights = Vec::with_capacity(self.bytes());
        for block in points.chunks(LANES) {
            for column in 0..INPUTS {
                for pair in 0..self.depth / 2 {
                    for row in 0..INPUTS {
                        for channel in block {
                            for c in [2 * pair, 2 * pair + 1] {
                                let point = channel[c][row * INPUTS + column];
                                weights.extend(point.to_le_bytes().map(|b| b as i8));
                            }
                        }
                    }
                }
            }
        }
        weights
    }
}

/// The taps of one input channel: G times them times the transposed G. Row sums of G
/// are at most 7, so that magnitudes are at most 49 * 128.
fn transform(taps: &[i8], depth: usize, channel: usize) -> [i16; POINTS] {
    let tap = |y: usize, x: usize| i32::from(taps[(y * 3 + x) * depth + channel]);
    std::array::from_fn(|point| {
        let (rows, columns) = (ROWS[point / INPUTS], ROWS[point % INPUTS]);
        let sum: i32 = (0..3)
            .flat_map(|y| (0..3).map(move |x| (y, x)))
            .map(|(y, x)| rows[y] * columns[x] * tap(y, x))
            .sum();
        sum as i16
    })
}
