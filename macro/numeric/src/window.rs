//! The sliding window that convolutions and pools share.

/// Pixels at most of an output that may overlap its input: each of them is looked at.
const MOST_PIXELS: usize = 1 << 20;

/// A window over one NHWC input: all sizes are height, width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The number of images.
    pub batches: usize,
    /// The size of an input image.
    pub input: [usize; 2],
    /// The size of an output image.
    pub output: [usize; 2],
    /// The number of taps.
    pub filter: [usize; 2],
    /// How far neighbouring outputs are apart in the input.
    pub stride: [usize; 2],
    /// How far neighbouring taps are apart in the input.
    pub dilation: [usize; 2],
    /// Rows above and columns left of the input.
    pub padding: [usize; 2],
}

impl Window {
    /// A window of single pixels over a column of so many: rows of a matrix.
    pub fn pixels_of_a_column(count: usize) -> Self {
        Self {
            batches: 1,
            input: [count, 1],
            output: [count, 1],
            filter: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [0, 0],
        }
    }

    /// The NHWC shape of an output with so many channels.
    pub fn output_shape(&self, channels: usize) -> Vec<usize> {
        let [height, width] = self.output;
        vec![self.batches, height, width, channels]
    }

    /// True if each output is computed from 3 by 3 neighbouring inputs, and neighbouring outputs
    /// from windows that are one input apart.
    pub fn is_3x3_stride_1(&self) -> bool {
        self.filter == [3, 3] && self.stride == [1, 1] && self.dilation == [1, 1]
    }

    /// How many bytes an int8 input must begin behind an int8 output so that a
    /// kernel that goes through the pixels in order never overwrites what it
    /// still reads; `None` for several images.
    pub fn overlap(&self, input_depth: usize, output_depth: usize) -> Option<usize> {
        if self.batches != 1 || self.output_pixels() > MOST_PIXELS {
            return None;
        }
        let row = |y: usize| (y * self.stride[0]).saturating_sub(self.padding[0]);
        let pitch = self.input[1] * input_depth;
        let mut distance = 0;
        for i in 1..self.output_pixels() {
            let (y, x) = (i / self.output[1], i % self.output[1]);
            let column = (x * self.stride[1]).saturating_sub(self.padding[1]);
            // The lowest address that this pixel or one of the next row reads, when
            // all pixels before it are written.
            let read = (row(y) * pitch + column * input_depth).min(row(y + 1) * pitch);
            distance = distance.max((i * output_depth).saturating_sub(read));
        }
        Some(distance)
    }

    /// Rows and columns of the input with its padding, as far as outputs reach.
    pub fn padded(&self) -> [usize; 2] {
        [0, 1].map(|d| {
            let reach = (self.filter[d] - 1) * self.dilation[d] + 1;
            (self.output[d] - 1) * self.stride[d] + reach
        })
    }

    /// True if some taps lie outside of the input.
    pub fn reaches_outside(&self) -> bool {
        let reach = self.padded();
        (0..2).any(|d| self.padding[d] > 0 || reach[d] > self.input[d])
    }

    /// The window without rows and columns of taps that lie outside of the input for
    /// every output.
    pub fn trimmed(mut self) -> Self {
        for d in 0..2 {
            let last = (self.output[d].max(1) - 1) * self.stride[d];
            // Taps before the input even for the last output, taps behind it for the first.
            let before = self.padding[d].saturating_sub(last);
            let before = before.div_ceil(self.dilation[d]);
            let before = before
                .min(self.padding[d] / self.dilation[d])
                .min(self.filter[d] - 1);
            let end = (self.input[d] + self.padding[d]).div_ceil(self.dilation[d]);
            self.filter[d] = self.filter[d].min(end).max(before + 1) - before;
            self.padding[d] = self.padding[d].saturating_sub(before * self.dilation[d]);
        }
        self
    }

    /// How many taps all outputs of a channel have together, at most.
    pub fn all_taps(&self) -> u64 {
        self.output_pixels()
            .saturating_mul(self.filter[0])
            .saturating_mul(self.filter[1]) as u64
    }

    /// Calls `f(output pixel, filter position, input pixel)` for every tap that
    /// lies inside the input; pixels count over batches, rows and columns.
    pub fn taps(&self, mut f: impl FnMut(usize, usize, usize)) {
        for batch in 0..self.batches {
            for out_y in 0..self.output[0] {
                for out_x in 0..self.output[1] {
                    let out = (batch * self.output[0] + out_y) * self.output[1] + out_x;
                    self.taps_of(batch, out_y, out_x, |tap, pixel| f(out, tap, pixel));
                }
            }
        }
    }

    /// The taps of output pixel `out`, counted over batches, rows and columns.
    pub fn taps_at(&self, out: usize, f: impl FnMut(usize, usize)) {
        let (row, x) = (out / self.output[1], out % self.output[1]);
        self.taps_of(row / self.output[0], row % self.output[0], x, f);
    }

    /// The taps of one output pixel.
    pub fn taps_of(
        &self,
        batch: usize,
        out_y: usize,
        out_x: usize,
        mut f: impl FnMut(usize, usize),
    ) {
        for filter_y in 0..self.filter[0] {
            let y =
                (out_y * self.stride[0] + filter_y * self.dilation[0]).checked_sub(self.padding[0]);
            let Some(y) = y.filter(|&y| y < self.input[0]) else {
                continue;
            };
            for filter_x in 0..self.filter[1] {
                let x = (out_x * self.stride[1] + filter_x * self.dilation[1])
                    .checked_sub(self.padding[1]);
                let Some(x) = x.filter(|&x| x < self.input[1]) else {
                    continue;
                };
                f(
                    filter_y * self.filter[1] + filter_x,
                    (batch * self.input[0] + y) * self.input[1] + x,
                );
            }
        }
    }

    /// The number of output pixels of all images.
    pub fn output_pixels(&self) -> usize {
        self.batches * self.output[0] * self.output[1]
    }
}

/// Functions that reduce the inputs which the window covers to one value for each output pixel and
/// channel.
macro_rules! reduced {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        impl Window {$(
            $(#[$doc])*
            pub fn $name(
                &self,
                channels: usize,
                input: &[$type],
                f: &dyn Fn(&[$type]) -> $type,
            ) -> Vec<$type> {
                let mut output = Vec::with_capacity(self.output_pixels() * channels);
                let mut pixels = Vec::new();
                let mut taps = Vec::new();
                for out in 0..self.output_pixels() {
                    pixels.clear();
                    self.taps_at(out, |_, pixel| pixels.push(pixel));
                    for channel in 0..channels {
                        taps.clear();
                        taps.extend(pixels.iter().map(|p| input[p * channels + channel]));
                        output.push(f(&taps));
                    }
                }
                output
            }
        )*}
    };
}

reduced! {
    /// Reduces real numbers.
    reduced_f32: f32;
    /// Reduces integers.
    reduced_i32: i32;
}
