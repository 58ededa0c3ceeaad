//! EMBEDDING_LOOKUP: rows of a table, by indices at run time.

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::array;
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{FloatKernel, OperatorTraits, Origin};
use crate::ops::movement::gather::GatherKernel;
use crate::ops::shared::operands::owned;

/// The operator EMBEDDING_LOOKUP: rows of a table, by indices at run time.
pub(crate) struct EmbeddingLookup;

impl EmbeddingLookup {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

fn kernel(ids: &[usize], table: &[usize]) -> GatherKernel {
    GatherKernel {
        batches: 1,
        outer: 1,
        axis: table.first().copied().unwrap_or(0),
        indices: ids.iter().product(),
        inner: table.iter().skip(1).product(),
    }
}

impl Operator for EmbeddingLookup {
    fn name(&self) -> &'static str {
        "EMBEDDING_LOOKUP"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            origin: Origin::Moved,
            float_kernel: FloatKernel::Missing,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [ids, table] if !table.is_empty() => Ok([*ids, &table[1..]].concat()),
            _ => Err(Error::model("it needs indices and a table of rows")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (ids, table) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = kernel(ids.shape(), table.shape());
        let ids = Buffer::I32(ids.iter().map(|&x| x as i32).collect());
        let table = Buffer::F32(table.iter().copied().collect());
        let out = kernel.simulate(&[&table, &ids]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (ids, table) = (context.input(0)?, context.input(1)?);
        let kernel = kernel(&ids.value.shape, &table.value.shape);
        let table = crate::ir::context::constant_source(context, 1)?;
        Ok(Lowered::new(kernel, vec![table, Source::Operand(0)]))
    }
}
