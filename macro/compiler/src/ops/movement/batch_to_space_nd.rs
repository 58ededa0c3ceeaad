//! BATCH_TO_SPACE_ND: batches become blocks of an image, whose borders are cropped.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::array;
use crate::ir::kernel::{Kernel, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::index_map::{Index, IndexMapKernel};
use crate::ops::shared::operands::owned;

/// The operator BATCH_TO_SPACE_ND: batches become blocks of an image, whose borders are cropped.
pub(crate) struct BatchToSpaceNd {
    blocks: Vec<usize>,
    crops: Vec<[usize; 2]>,
}

/// Block sizes and pairs of numbers at the border, of this operator or its inverse.
pub(crate) fn blocks(node: &ParseContext<'_>) -> Result<(Vec<usize>, Vec<[usize; 2]>)> {
    let blocks = node.integers(1, "block shape")?;
    let pairs = node.integers(2, "borders")?;
    if blocks.iter().any(|&b| b < 1)
        || pairs.iter().any(|&c| c < 0)
        || pairs.len() != 2 * blocks.len()
    {
        return Err(Error::model(format!(
            "blocks {blocks:?} and borders {pairs:?} do not fit"
        )));
    }
    Ok((
        blocks.iter().map(|&b| b as usize).collect(),
        pairs
            .chunks(2)
            .map(|p| [p[0] as usize, p[1] as usize])
            .collect(),
    ))
}

impl BatchToSpaceNd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let (blocks, crops) = blocks(node)?;
        Ok(Self { blocks, crops })
    }

    fn kernel(&self, input: &[usize]) -> Result<(Vec<usize>, IndexMapKernel)> {
        let m = self.blocks.len();
        let bad = || Error::model(format!("blocks {:?} do not fit {input:?}", self.blocks));
        let count: usize = self.blocks.iter().product();
        if input.len() <= m || m > 3 || !input[0].is_multiple_of(count) {
            return Err(bad());
        }
        let inner: usize = input[m + 1..].iter().product();
        let mut shape = vec![input[0] / count];
        // One batch of the input is this far from the next.
        let image: usize = input[1..].iter().product();
        let mut indices = vec![Index::Steps {
            count: shape[0],
            stride: image,
        }];
        let mut stride = image;
        let mut block_stride = image * shape[0] * count;
        for d in 0..m {
            stride /= input[d + 1];
            block_stride /= self.blocks[d];
            let [begin, end] = self.crops[d];
            let full = input[d + 1] * self.blocks[d];
            let size = full
                .checked_sub(begin + end)
                .filter(|&n| n > 0)
                .ok_or_else(bad)?;
            let at = |i: usize| {
                let i = i + begin;
                i / self.blocks[d] * stride + i % self.blocks[d] * block_stride
            };
            indices.push(Index::Table((0..size).map(at).collect()));
            shape.push(size);
        }
        shape.extend_from_slice(&input[m + 1..]);
        Ok((shape, IndexMapKernel { indices, inner }))
    }
}

impl Operator for BatchToSpaceNd {
    fn name(&self) -> &'static str {
        "BATCH_TO_SPACE_ND"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits::moves_one()
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.kernel(inputs.first().copied().unwrap_or(&[]))?.0)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let (_, kernel) = self.kernel(input.shape())?;
        let data = Buffer::F32(input.iter().copied().collect());
        array(shape, kernel.simulate(&[&data]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(
            self.kernel(&context.input(0)?.value.shape)?.1,
        ))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}
