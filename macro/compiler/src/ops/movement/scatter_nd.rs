//! SCATTER_ND: slices added to zeros, at index vectors known now or at run time.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, Target, constant_source};
use crate::ir::graph::ElementType;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Elements of an index vector.
const MAX_DEPTH: usize = 6;

/// The operator SCATTER_ND: slices added to zeros, at index vectors known now or at run time.
pub(crate) struct ScatterNd {
    shape: Vec<usize>,
}

impl ScatterNd {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let size = |n: i32| {
            usize::try_from(n).map_err(|_| Error::model(format!("a size of its shape is {n}")))
        };
        let shape = node.integers(2, "shape")?;
        let shape: Vec<usize> = shape.into_iter().map(size).collect::<Result<_>>()?;
        let elements = shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
        if elements.is_none_or(|n| n > 1 << 31) {
            return Err(Error::model(format!("its shape {shape:?} is too large")));
        }
        Ok(Self { shape })
    }

    fn kernel(&self, indices: &[usize], updates: &[usize]) -> Result<ScatterNdKernel> {
        let depth = indices.last().copied().unwrap_or(0);
        let fits = depth > 0 && depth <= self.shape.len().min(MAX_DEPTH);
        let expected = [
            &indices[..indices.len().saturating_sub(1)],
            &self.shape[depth.min(self.shape.len())..],
        ];
        if !fits || updates != expected.concat() {
            return Err(Error::model(format!(
                "indices of shape {indices:?} do not put updates of shape {updates:?} into {:?}",
                self.shape
            )));
        }
        Ok(ScatterNdKernel {
            dims: self.shape[..depth].to_vec(),
            inner: self.shape[depth..].iter().product(),
            element: ElementType::F32,
            zero: 0,
            wraps: false,
        })
    }
}

impl Operator for ScatterNd {
    fn name(&self) -> &'static str {
        "SCATTER_ND"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            operands: Some(2),
            integer_operands: IntegerOperands::One(0),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[indices, updates] = inputs else {
            return Err(Error::model("it needs indices and updates"));
        };
        self.kernel(indices, updates)?;
        Ok(self.shape.clone())
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (indices, updates) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let kernel = self.kernel(indices.shape(), updates.shape())?;
        let indices = Buffer::I32(indices.iter().map(|&x| x as i32).collect());
        let updates = Buffer::F32(updates.iter().copied().collect());
        let out = kernel.simulate(&[&indices, &updates]);
        array(shape, out.f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let shape = |i: usize| Ok::<_, Error>(&context.input(i)?.value.shape);
        let mut kernel = self.kernel(shape(0)?, shape(1)?)?;
        kernel.element = context.target.element();
        match context.target {
            // The reference adds bytes, whatever their zero point.
            Target::I8(_) | Target::I16(_) if !context.in_float => kernel.wraps = true,
            Target::I8(params) | Target::I16(params) => kernel.zero = params.zero_point,
            _ => {}
        }
        let updates = constant_source(context, 1)?;
        Ok(Lowered::new(kernel, vec![Source::Operand(0), updates]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Index vectors outside of the output are left out.
struct ScatterNdKernel {
    /// The output's dimensions that an index vector names.
    dims: Vec<usize>,
    inner: usize,
    element: ElementType,
    /// The quantized value that stands for 0.
    zero: i32,
    /// Sums keep their low bits; else they saturate.
    wraps: bool,
}

impl Kernel for ScatterNdKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let slices = inputs[0].i32().chunks(self.dims.len()).map(|vector| {
            vector.iter().zip(&self.dims).try_fold(0, |at, (&i, &n)| {
                let i = usize::try_from(i).ok().filter(|&i| i < n)?;
                Some(at * n + i)
            })
        });
        let total = self.dims.iter().product::<usize>() * self.inner;
        let pairs = slices.enumerate().flat_map(|(update, slice)| {
            (0..self.inner)
                .filter_map(move |k| Some((slice? * self.inner + k, update * self.inner + k)))
        });
        if let Buffer::F32(updates) = inputs[1] {
            let mut output = vec![0.0; total];
            for (to, from) in pairs {
                output[to] += updates[from];
            }
            return Buffer::F32(output);
        }
        let mut output = vec![self.zero; total];
        for (to, from) in pairs {
            let sum = output[to].wrapping_add(inputs[1].integer(from).wrapping_sub(self.zero));
            output[to] = match (self.element, self.wraps) {
                (ElementType::I8, true) => i32::from(sum as i8),
                (ElementType::I16, true) => i32::from(sum as i16),
                (ElementType::I8, false) => sum.clamp(-128, 127),
                (ElementType::I16, false) => sum.clamp(-32768, 32767),
                _ => sum,
            };
        }
        Buffer::saturated(self.element, output)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let mut dims = vec![1; MAX_DEPTH - self.dims.len()];
        dims.extend_from_slice(&self.dims);
        let dims = literals::usizes(&dims);
        let fields = literals::fields(&[("depth", self.dims.len()), ("inner", self.inner)]);
        let (zero, wraps) = (literals::int(self.zero), self.wraps);
        Emitted {
            parameters_type: quote!(ScatterNd),
            parameters: quote!(rt::ScatterNd {
                dims: [#dims],
                #fields
                zero: #zero,
                wraps: #wraps,
            }),
            function: KernelId::new("scatter_nd"),
        }
    }
}
