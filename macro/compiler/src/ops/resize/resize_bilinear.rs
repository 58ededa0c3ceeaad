//! RESIZE_BILINEAR of an NHWC image.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::resize::resize_bilinear_uint8::{Places, ResizeBilinearUint8Kernel};
use crate::ops::resize::resize_nearest_neighbor::new_size;
use crate::ops::shared::operands::operand;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Rows or columns at most: places in 1/1024 fit into 32 bits.
const MOST: usize = 1 << 20;

/// Rows or columns of images.
const SIDES: std::ops::RangeInclusive<usize> = 1..=MOST;

/// The operator RESIZE_BILINEAR of an NHWC image.
pub(crate) struct ResizeBilinear {
    size: [usize; 2],
    align_corners: bool,
    half_pixel_centers: bool,
}

impl ResizeBilinear {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_resize_bilinear_options();
        Ok(Self {
            size: new_size(node)?,
            align_corners: options.is_some_and(|o| o.align_corners()),
            half_pixel_centers: options.is_some_and(|o| o.half_pixel_centers()),
        })
    }

    /// For each output position: the input positions before and behind it, and
    /// how far it is from the first, in 1/1024.
    fn places(&self, input: usize, output: usize) -> Vec<[i32; 3]> {
        let (n, m) = (input as i32, output as i32);
        let scale = if self.align_corners && m > 1 {
            (1024 * (n - 1) + (m - 1) / 2) / (m - 1)
        } else {
            (1024 * n + m / 2) / m
        };
        let place = |i: i32| {
            let at = if self.half_pixel_centers {
                i * scale + scale / 2 - 512
            } else {
                i * scale
            };
            let lower = (at / 1024).max(0);
            let upper = ((at + 1023) / 1024).min(n - 1);
            [lower, upper, at - 1024 * lower]
        };
        (0..m).map(place).collect()
    }

    /// The neighbours and weights of each output row or column, in real numbers.
    fn real_places(&self, input: usize, output: usize) -> Places {
        let scale = if self.align_corners && output > 1 {
            (input - 1) as f32 / (output - 1) as f32
        } else {
            input as f32 / output as f32
        };
        let place = |i: usize| {
            let at = if self.half_pixel_centers {
                (i as f32 + 0.5) * scale - 0.5
            } else {
                i as f32 * scale
            };
            let lower = at.floor().max(0.0);
            let upper = (at.ceil().max(0.0) as usize).min(input - 1);
            (lower as usize, upper, at - lower)
        };
        (0..output).map(place).collect()
    }
}

impl Operator for ResizeBilinear {
    fn name(&self) -> &'static str {
        "RESIZE_BILINEAR"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(1),
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs.first() {
            Some(&&[_, h, w, _])
                if [[h, w], self.size]
                    .concat()
                    .iter()
                    .any(|n| !SIDES.contains(n)) =>
            {
                Err(Error::model(format!(
                    "it makes {:?} rows and columns of {h} and {w}; supported are 1 to {MOST}",
                    self.size
                )))
            }
            Some(&&[n, _, _, c]) => Ok(vec![n, self.size[0], self.size[1], c]),
            other => Err(Error::model(format!(
                "its input has shape {other:?}, expected NHWC"
            ))),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = operand(inputs, 0)?;
        let rows = self.real_places(input.shape()[1], self.size[0]);
        let columns = self.real_places(input.shape()[2], self.size[1]);
        Ok(ArrayD::from_shape_fn(shape, |i| {
            let ((y0, y1, y), (x0, x1, x)) = (rows[i[1]], columns[i[2]]);
            let at = |y: usize, x: usize| input[[i[0], y, x, i[3]].as_slice()];
            at(y0, x0) * (1.0 - y) * (1.0 - x)
                + at(y1, x0) * y * (1.0 - x)
                + at(y0, x1) * (1.0 - y) * x
                + at(y1, x1) * y * x
        }))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let element = context.element(0)?;
        let has_kernel = matches!(element, ElementType::I8 | ElementType::I16);
        if !has_kernel || element != context.target.element() {
            let (from, to) = (element.name(), context.target.element().name());
            return Err(Error::model(format!(
                "cannot write {to} from {from}; supported are int8 and int16"
            )));
        }
        let shape = &context.input(0)?.value.shape;
        if context.in_uint8 {
            return Ok(Lowered::unary(ResizeBilinearUint8Kernel {
                batches: shape[0],
                input: [shape[1], shape[2]],
                channels: shape[3],
                rows: self.real_places(shape[1], self.size[0]),
                columns: self.real_places(shape[2], self.size[1]),
            }));
        }
        Ok(Lowered::unary(ResizeBilinearKernel {
            element,
            batches: shape[0],
            input: [shape[1], shape[2]],
            channels: shape[3],
            rows: self.places(shape[1], self.size[0]),
            columns: self.places(shape[2], self.size[1]),
        }))
    }
}

struct ResizeBilinearKernel {
    /// int8 or int16.
    element: ElementType,
    batches: usize,
    input: [usize; 2],
    channels: usize,
    rows: Vec<[i32; 3]>,
    columns: Vec<[i32; 3]>,
}

impl Kernel for ResizeBilinearKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut output = Vec::new();
        for batch in 0..self.batches {
            for &[y0, y1, y] in &self.rows {
                for &[x0, x1, x] in &self.columns {
                    for c in 0..self.channels {
                        let at = |row: i32, column: i32| {
                            let row = batch * self.input[0] + row as usize;
                            let pixel = row * self.input[1] + column as usize;
                            i64::from(inputs[0].integer(pixel * self.channels + c))
                        };
                        let [y, x] = [y, x].map(i64::from);
                        let sum = at(y0, x0) * (1024 - y) * (1024 - x)
                            + at(y1, x0) * y * (1024 - x)
                            + at(y0, x1) * (1024 - y) * x
                            + at(y1, x1) * y * x;
                        let half = if sum > 0 { 1 << 19 } else { -(1 << 19) };
                        output.push(((sum + half) / (1 << 20)) as i32);
                    }
                }
            }
        }
        Buffer::saturated(self.element, output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let sizes = literals::fields(&[
            ("batches", self.batches),
            ("input_height", self.input[0]),
            ("input_width", self.input[1]),
            ("channels", self.channels),
        ]);
        let rows = constants.words("ROWS", &self.rows.concat());
        let columns = constants.words("COLUMNS", &self.columns.concat());
        Emitted {
            parameters_type: quote!(ResizeBilinear<'static>),
            parameters: quote!(rt::ResizeBilinear { #sizes rows: #rows, columns: #columns }),
            function: KernelId::new(if self.element == ElementType::I16 {
                "resize_bilinear_i16"
            } else {
                "resize_bilinear"
            }),
        }
    }
}
