//! SPACE_TO_BATCH_ND: blocks of a padded image become batches.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator SPACE_TO_BATCH_ND: blocks of a padded image become batches.
pub(crate) struct SpaceToBatchNd {
    blocks: Vec<usize>,
    paddings: Vec<[usize; 2]>,
}

impl SpaceToBatchNd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let (blocks, paddings) = crate::ops::movement::batch_to_space_nd::blocks(node)?;
        Ok(Self { blocks, paddings })
    }

    fn kernel(&self, input: &[usize]) -> Result<SpaceToBatchNdKernel> {
        let m = self.blocks.len();
        let bad = || Error::model(format!("blocks {:?} do not fit {input:?}", self.blocks));
        if input.len() <= m || m == 0 || m > 2 {
            return Err(bad());
        }
        // One spatial dimension is an image of height 1.
        let mut kernel = SpaceToBatchNdKernel {
            batches: input[0],
            input: [1; 2],
            output: [1; 2],
            block: [1; 2],
            padding: [0; 2],
            inner: input[m + 1..].iter().product(),
            fill: 0,
            element: ElementType::I8,
        };
        for d in 0..m {
            let k = 2 - m + d;
            let [begin, end] = self.paddings[d];
            let padded = input[d + 1] + begin + end;
            if !padded.is_multiple_of(self.blocks[d]) {
                return Err(bad());
            }
            kernel.input[k] = input[d + 1];
            kernel.output[k] = padded / self.blocks[d];
            kernel.block[k] = self.blocks[d];
            kernel.padding[k] = begin;
        }
        Ok(kernel)
    }
}

impl Operator for SpaceToBatchNd {
    fn name(&self) -> &'static str {
        "SPACE_TO_BATCH_ND"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits::moves_one()
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        let kernel = self.kernel(input)?;
        let m = self.blocks.len();
        let batches = input[0] * self.blocks.iter().product::<usize>();
        Ok([&[batches], &kernel.output[2 - m..], &input[m + 1..]].concat())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let kernel = self.kernel(input.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        array(shape, kernel.simulate(&[&data]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let mut kernel = self.kernel(&context.input(0)?.value.shape)?;
        kernel.fill = context.target.params().map_or(0, |p| p.zero_point);
        kernel.element = context.target.element();
        Ok(Lowered::unary(kernel))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

struct SpaceToBatchNdKernel {
    batches: usize,
    input: [usize; 2],
    output: [usize; 2],
    block: [usize; 2],
    padding: [usize; 2],
    inner: usize,
    fill: i32,
    element: ElementType,
}

impl Kernel for SpaceToBatchNdKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let [bh, bw] = self.block;
        let total = self.batches * bh * bw * self.output[0] * self.output[1];
        let positions = (0..total).flat_map(|i| {
            let (rest, x) = (i / self.output[1], i % self.output[1]);
            let (rest, y) = (rest / self.output[0], rest % self.output[0]);
            let (offset, batch) = (rest / self.batches, rest % self.batches);
            let y = (y * bh + offset / bw).checked_sub(self.padding[0]);
            let x = (x * bw + offset % bw).checked_sub(self.padding[1]);
            let pixel = y
                .zip(x)
                .filter(|&(y, x)| y < self.input[0] && x < self.input[1]);
            let pixel = pixel.map(|(y, x)| (batch * self.input[0] + y) * self.input[1] + x);
            (0..self.inner).map(move |k| pixel.map(|p| p * self.inner + k))
        });
        inputs[0].pick(positions, self.fill.into())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[("batches", self.batches), ("inner", self.inner)]);
        let [input, output, block, padding] =
            [self.input, self.output, self.block, self.padding].map(|pair| literals::usizes(&pair));
        let element = literals::ident(self.element.name());
        let fill = match self.element {
            ElementType::F32 => literals::float(self.fill as f32),
            _ => literals::int(self.fill),
        };
        Emitted {
            parameters_type: quote!(SpaceToBatchNd<#element>),
            parameters: quote!(rt::SpaceToBatchNd {
                #fields
                input: [#input],
                output: [#output],
                block: [#block],
                padding: [#padding],
                fill: #fill,
            }),
            function: KernelId::new("space_to_batch_nd"),
        }
    }
}
