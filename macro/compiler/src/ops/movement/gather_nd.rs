//! GATHER_ND: slices by index vectors, known now or at run time.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits, Origin};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Elements of an index vector.
const MAX_DEPTH: usize = 6;

/// The operator GATHER_ND: slices by index vectors, known now or at run time.
pub(crate) struct GatherNd;

impl GatherNd {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

fn kernel(data: &[usize], indices: &[usize]) -> Result<GatherNdKernel> {
    let depth = indices.last().copied().unwrap_or(0);
    if depth == 0 || depth > data.len() || depth > MAX_DEPTH {
        return Err(Error::model(format!(
            "index vectors of {depth} elements do not fit {data:?}"
        )));
    }
    Ok(GatherNdKernel {
        dims: data[..depth].to_vec(),
        inner: data[depth..].iter().product(),
    })
}

impl Operator for GatherNd {
    fn name(&self) -> &'static str {
        "GATHER_ND"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            integer_operands: IntegerOperands::One(1),
            origin: Origin::Moved,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[data, indices] = inputs else {
            return Err(Error::model("it needs data and indices"));
        };
        let depth = kernel(data, indices)?.dims.len();
        Ok([&indices[..indices.len() - 1], &data[depth..]].concat())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (data, indices) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = kernel(data.shape(), indices.shape())?;
        let data = Buffer::F32(data.iter().copied().collect());
        let indices = Buffer::I32(indices.iter().map(|&x| x as i32).collect());
        let out = kernel.simulate(&[&data, &indices]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let kernel = kernel(
            &context.input(0)?.value.shape,
            &context.input(1)?.value.shape,
        )?;
        let data = crate::ir::context::constant_source(context, 0)?;
        Ok(Lowered::new(kernel, vec![data, Source::Operand(1)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Index vectors outside of the data give zeros.
struct GatherNdKernel {
    /// The data's dimensions that an index vector names.
    dims: Vec<usize>,
    inner: usize,
}

impl Kernel for GatherNdKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let slices = inputs[1].i32().chunks(self.dims.len()).map(|vector| {
            vector.iter().zip(&self.dims).try_fold(0, |at, (&i, &n)| {
                let i = usize::try_from(i).ok().filter(|&i| i < n)?;
                Some(at * n + i)
            })
        });
        let positions = slices.flat_map(|slice| {
            (0..self.inner).map(move |k| slice.map(|slice| slice * self.inner + k))
        });
        inputs[0].pick(positions, 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let mut dims = vec![1; MAX_DEPTH - self.dims.len()];
        dims.extend_from_slice(&self.dims);
        let dims = literals::usizes(&dims);
        let fields = literals::fields(&[("depth", self.dims.len()), ("inner", self.inner)]);
        Emitted {
            parameters_type: quote!(GatherNd),
            parameters: quote!(rt::GatherNd { dims: [#dims], #fields }),
            function: KernelId::new("gather_nd"),
        }
    }
}
