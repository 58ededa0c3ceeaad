//! TOPK_V2: the k largest of every row and their indices; of equal ones, the first.

use std::cmp::Ordering;

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator TOPK_V2: the k largest of every row and their indices; of equal ones, the first.
pub(crate) struct TopkV2 {
    k: usize,
}

impl TopkV2 {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let k = usize::try_from(node.integer(1, "k")?).unwrap_or(0);
        let depth = node.input(0)?.shape.last().copied().unwrap_or(0);
        if k == 0 || k > depth || node.outputs != 2 {
            return Err(Error::model(format!(
                "cannot give the {k} largest of {depth}"
            )));
        }
        Ok(Self { k })
    }
}

impl Operator for TopkV2 {
    fn name(&self) -> &'static str {
        "TOPK_V2"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(1),
            is_joint: true,
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let mut shape = inputs.first().copied().unwrap_or(&[]).to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.k;
        }
        Ok(shape)
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let shape = self.output_shape(inputs)?;
        Ok(vec![shape.clone(), shape])
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let input = owned(inputs, 0)?;
        let data: Vec<f32> = input.iter().copied().collect();
        let depth = input.shape().last().copied().unwrap_or(1);
        let indices = largest(data.len(), depth, self.k, &|a, b| {
            data[a].partial_cmp(&data[b])
        });
        let values = indices
            .iter()
            .enumerate()
            .map(|(i, &at)| data[i / self.k * depth + at]);
        Ok(vec![
            array(shapes[0], values.collect())?,
            array(shapes[0], indices.iter().map(|&i| i as f32).collect())?,
        ])
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let depth = context.input(0)?.value.shape.last().copied().unwrap_or(1);
        Ok(Lowered::unary(TopkKernel { depth, k: self.k }))
    }
}

/// The indices of the k largest of each row, by `compare` of two positions among all `count`.
fn largest(
    count: usize,
    depth: usize,
    k: usize,
    compare: &dyn Fn(usize, usize) -> Option<Ordering>,
) -> Vec<usize> {
    let row = |first: usize| {
        let mut order: Vec<usize> = (first..count.min(first + depth)).collect();
        order.sort_by(|&a, &b| compare(b, a).unwrap_or(Ordering::Equal));
        order.into_iter().take(k).map(move |at| at - first)
    };
    (0..count).step_by(depth).flat_map(row).collect()
}

struct TopkKernel {
    depth: usize,
    k: usize,
}

impl Kernel for TopkKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let data = inputs[0];
        let compare = |a, b| Some(data.integer(a).cmp(&data.integer(b)));
        let indices = largest(data.len(), self.depth, self.k, &compare);
        let positions = indices
            .iter()
            .enumerate()
            .map(|(i, &at)| Some(i / self.k * self.depth + at));
        vec![
            inputs[0].pick(positions, 0.0),
            Buffer::I32(indices.iter().map(|&i| i as i32).collect()),
        ]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[("depth", self.depth), ("k", self.k)]);
        Emitted {
            parameters_type: quote!(TopK),
            parameters: quote!(rt::TopK { #fields }),
            function: KernelId::new("top_k"),
        }
    }
}
