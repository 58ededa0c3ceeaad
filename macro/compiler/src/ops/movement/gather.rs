//! GATHER: slices along an axis, by indices known now or at run time.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::Constant;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits, Origin};
use crate::ops::shared::index_map::{Choice, IndexMapKernel};
use crate::ops::shared::operands::owned;
use crate::ops::shared::strided::axis;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator GATHER: slices along an axis, by indices known now or at run time.
pub(crate) struct Gather {
    axis: i32,
    batch_dims: i32,
}

impl Gather {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_gather_options();
        Ok(Self {
            axis: options.map_or(0, |o| o.axis()),
            batch_dims: options.map_or(0, |o| o.batch_dims()),
        })
    }

    /// Batches, outer, axis, indices per batch, inner.
    fn sizes(&self, data: &[usize], indices: &[usize]) -> Result<GatherKernel> {
        let axis = axis(self.axis, data.len())?;
        let batch = if self.batch_dims < 0 {
            self.batch_dims + indices.len() as i32
        } else {
            self.batch_dims
        };
        let batch = usize::try_from(batch)
            .ok()
            .filter(|&b| b <= axis && b <= indices.len() && data[..b] == indices[..b])
            .ok_or_else(|| Error::model(format!("batch_dims {} does not fit", self.batch_dims)))?;
        Ok(GatherKernel {
            batches: data[..batch].iter().product(),
            outer: data[batch..axis].iter().product(),
            axis: data[axis],
            indices: indices[batch..].iter().product(),
            inner: data[axis + 1..].iter().product(),
        })
    }
}

impl Operator for Gather {
    fn name(&self) -> &'static str {
        "GATHER"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(2),
            integer_operands: IntegerOperands::One(1),
            origin: Origin::Moved,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[data, indices] = inputs else {
            return Err(Error::model("it needs data and indices"));
        };
        self.sizes(data, indices)?;
        let axis = axis(self.axis, data.len())?;
        let batch = if self.batch_dims < 0 {
            (self.batch_dims + indices.len() as i32) as usize
        } else {
            self.batch_dims as usize
        };
        let parts = [&data[..axis], &indices[batch..], &data[axis + 1..]];
        Ok(parts.concat())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (data, indices) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = self.sizes(data.shape(), indices.shape())?;
        let data = Buffer::F32(data.iter().copied().collect());
        let indices = Buffer::I32(indices.iter().map(|&x| x as i32).collect());
        let out = kernel.simulate(&[&data, &indices]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (data, indices) = (context.input(0)?, context.input(1)?);
        let kernel = self.sizes(&data.value.shape, &indices.value.shape)?;
        let source = crate::ir::context::constant_source(context, 0)?;
        if let (Some(Constant::I32(list)), 1) = (&indices.value.constant, kernel.batches) {
            let n = kernel.axis as i32;
            let list = list.iter().map(|&i| if i < 0 { i + n } else { i } as usize);
            let choice = Choice {
                dims: vec![None, Some(list.collect()), None],
            };
            let (indices, inner) = choice.plan(&[kernel.outer, kernel.axis, kernel.inner])?;
            return Ok(Lowered::new(
                IndexMapKernel { indices, inner },
                vec![source],
            ));
        }
        Ok(Lowered::new(kernel, vec![source, Source::Operand(1)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Indices outside of the axis give zeros.
pub(crate) struct GatherKernel {
    pub batches: usize,
    pub outer: usize,
    pub axis: usize,
    pub indices: usize,
    pub inner: usize,
}

impl Kernel for GatherKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let indices = inputs[1].i32();
        let total = self.batches * self.outer * self.indices * self.inner;
        let positions = (0..total).map(|i| {
            let (rest, inner) = (i / self.inner, i % self.inner);
            let (rest, k) = (rest / self.indices, rest % self.indices);
            let batch = rest / self.outer;
            let index = usize::try_from(*indices.get(batch * self.indices + k)?).ok()?;
            (index < self.axis).then_some((rest * self.axis + index) * self.inner + inner)
        });
        inputs[0].pick(positions, 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let fields = literals::fields(&[
            ("batches", self.batches),
            ("outer", self.outer),
            ("axis", self.axis),
            ("indices", self.indices),
            ("inner", self.inner),
        ]);
        Emitted {
            parameters_type: quote!(Gather),
            parameters: quote!(rt::Gather { #fields }),
            function: KernelId::new("gather"),
        }
    }
}
