//! What reductions share: their axes, merged into loops.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use proc_macro2::TokenStream;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Alternations of kept and reduced dimensions that kernels loop over.
pub(crate) const MAX_DIMS: usize = 4;

/// The axes of a reduction.
#[derive(Clone)]
pub(crate) struct Axes {
    axes: Vec<i32>,
    keep_dims: bool,
}

/// Size and whether it is reduced, outermost first.
pub(crate) type Dims = [(usize, bool); MAX_DIMS];

impl Axes {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_reducer_options();
        Ok(Self {
            axes: node.integers(1, "axes")?,
            keep_dims: options.is_some_and(|o| o.keep_dims()),
        })
    }

    /// Which dimensions are reduced away.
    pub(crate) fn reduced(&self, rank: usize) -> Result<Vec<bool>> {
        let mut reduced = vec![false; rank];
        for &axis in &self.axes {
            reduced[crate::ops::shared::strided::axis(axis, rank)?] = true;
        }
        Ok(reduced)
    }

    pub(crate) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let reduced = self.reduced(input.len())?;
        self.dims(input)?;
        Ok(input
            .iter()
            .zip(reduced)
            .filter_map(|(&n, reduced)| match (reduced, self.keep_dims) {
                (true, false) => None,
                (true, true) => Some(1),
                _ => Some(n),
            })
            .collect())
    }

    /// Reduces one lane after the other.
    pub(crate) fn evaluate(
        &self,
        input: &ArrayViewD<'_, f32>,
        shape: &[usize],
        f: impl Fn(ArrayViewD<'_, f32>, Axis) -> ArrayD<f32>,
    ) -> Result<ArrayD<f32>> {
        let mut result = input.to_owned();
        let reduced = self.reduced(input.ndim())?;
        for axis in (0..reduced.len()).rev().filter(|&a| reduced[a]) {
            result = f(result.view(), Axis(axis));
        }
        result
            .into_shape_with_order(IxDyn(shape))
            .map_err(Error::internal)
    }

    /// Neighbouring dimensions of one kind are one loop.
    pub(crate) fn dims(&self, shape: &[usize]) -> Result<Dims> {
        let mut merged: Vec<(usize, bool)> = Vec::new();
        for (&n, reduced) in shape.iter().zip(self.reduced(shape.len())?) {
            match merged.last_mut() {
                _ if n == 1 => {}
                Some(last) if last.1 == reduced => last.0 *= n,
                _ => merged.push((n, reduced)),
            }
        }
        if merged.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "its axes alternate more than {MAX_DIMS} times"
            )));
        }
        let mut dims = [(1, false); MAX_DIMS];
        dims[MAX_DIMS - merged.len()..].copy_from_slice(&merged);
        Ok(dims)
    }
}

/// How int32 elements become one; what leaves 32 bits wraps.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Integers {
    Sum,
    /// The mean, its fraction cut off.
    Mean,
    Product,
}

/// SUM, MEAN and REDUCE_PROD of int32 tensors.
pub(crate) struct IntegersKernel {
    dims: Dims,
    kind: Integers,
}

impl IntegersKernel {
    pub(crate) fn lower(
        context: &LowerContext<'_>,
        axes: &Axes,
        kind: Integers,
    ) -> Result<Lowered> {
        let dims = axes.dims(&context.input(0)?.value.shape)?;
        Ok(Lowered::unary(Self { dims, kind }))
    }
}

impl Kernel for IntegersKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let mut all = vec![i64::from(self.kind == Integers::Product); total];
        for (at, &x) in outputs(&self.dims).zip(inputs[0].i32()) {
            all[at] = match self.kind {
                Integers::Product => all[at].wrapping_mul(x.into()),
                _ => all[at].wrapping_add(x.into()),
            };
        }
        if self.kind == Integers::Mean {
            let count = count(&self.dims).max(1) as i64;
            all.iter_mut().for_each(|x| *x /= count);
        }
        Buffer::I32(all.into_iter().map(|x| x as i32).collect())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Reduce),
            parameters: emit(&self.dims),
            function: KernelId::new(match self.kind {
                Integers::Sum => "sum_i32",
                Integers::Mean => "mean_i32",
                Integers::Product => "product_i32",
            }),
        }
    }
}

/// The literal of the runtime's `Reduce`.
pub(crate) fn emit(dims: &Dims) -> TokenStream {
    let sizes = literals::usizes(&dims.map(|d| d.0));
    let reduced = dims.map(|d| d.1);
    quote!(rt::Reduce { dims: [#sizes], reduced: [#(#reduced),*] })
}

/// How many elements become one.
pub(crate) fn count(dims: &Dims) -> usize {
    dims.iter().filter(|d| d.1).map(|d| d.0).product()
}

/// For each input element in order, the output element that it belongs to.
pub(crate) fn outputs(dims: &Dims) -> impl Iterator<Item = usize> + '_ {
    (0..dims.iter().map(|d| d.0).product::<usize>()).map(|mut rest| {
        let (mut at, mut stride) = (0, 1);
        for &(size, reduced) in dims.iter().rev() {
            if !reduced {
                at += rest % size * stride;
                stride *= size;
            }
            rest /= size;
        }
        at
    })
}
