//! RESIZE_BILINEAR of uint8, which LiteRT computes in float32.

use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// For each row or column of the output: those of the input before and behind it, and how
/// far it is from the first.
pub(crate) type Places = Vec<(usize, usize, f32)>;

pub(crate) struct ResizeBilinearUint8Kernel {
    pub batches: usize,
    pub input: [usize; 2],
    pub channels: usize,
    pub rows: Places,
    pub columns: Places,
}

impl Kernel for ResizeBilinearUint8Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let input = inputs[0].i8();
        let mut output = Vec::new();
        for batch in 0..self.batches {
            for &(y0, y1, y) in &self.rows {
                for &(x0, x1, x) in &self.columns {
                    for c in 0..self.channels {
                        let at = |row: usize, column: usize| {
                            let row = batch * self.input[0] + row;
                            let pixel = row * self.input[1] + column;
                            (i32::from(input[pixel * self.channels + c]) + 128) as f32
                        };
                        let sum = at(y0, x0) * (1.0 - y) * (1.0 - x)
                            + at(y1, x0) * y * (1.0 - x)
                            + at(y0, x1) * (1.0 - y) * x
                            + at(y1, x1) * y * x
                            + 0.5;
                        output.push((i32::from(sum as u8) - 128) as i8);
                    }
                }
            }
        }
        Buffer::I8(output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let sizes = literals::fields(&[
            ("batches", self.batches),
            ("input_height", self.input[0]),
            ("input_width", self.input[1]),
            ("channels", self.channels),
        ]);
        let mut places = |hint: &str, places: &Places| {
            let between = places.iter().flat_map(|&(a, b, _)| [a as i32, b as i32]);
            let between = constants.words(hint, &between.collect::<Vec<_>>());
            let distances: Vec<f32> = places.iter().map(|&(.., distance)| distance).collect();
            let distances = constants.floats(&format!("{hint}_DISTANCES"), &distances);
            quote!(rt::Places { between: #between, distances: #distances })
        };
        let rows = places("ROWS", &self.rows);
        let columns = places("COLUMNS", &self.columns);
        Emitted {
            parameters_type: quote!(ResizeBilinearUint8<'static>),
            parameters: quote!(rt::ResizeBilinearUint8 { #sizes rows: #rows, columns: #columns }),
            function: KernelId::new("resize_bilinear_uint8"),
        }
    }
}
