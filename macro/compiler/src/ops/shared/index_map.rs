//! Operators that choose, along each dimension on its own, which input elements
//! they take: `output[i, j, ..] = input[f(i) + g(j) + ..]`.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::LowerContext;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::operands::owned;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Dimensions that the kernel loops over, beside the innermost run.
const MAX_DIMS: usize = 4;

/// The input offsets along one output dimension.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Index {
    /// 0, stride, 2 * stride ..
    Steps {
        count: usize,
        stride: usize,
    },
    Table(Vec<usize>),
}

impl Index {
    fn len(&self) -> usize {
        match self {
            Index::Steps { count, .. } => *count,
            Index::Table(table) => table.len(),
        }
    }

    fn at(&self, i: usize) -> usize {
        match self {
            Index::Steps { stride, .. } => i * stride,
            Index::Table(table) => table[i],
        }
    }
}

/// Which elements an output takes: indices along each dimension.
pub(crate) struct Choice {
    /// By output dimension: the input's dimension `d` and the indices in it, or
    /// `None` for all.
    pub dims: Vec<Option<Vec<usize>>>,
}

impl Choice {
    /// Offsets into an input of shape `input`, and the length of the innermost run.
    pub(crate) fn plan(&self, input: &[usize]) -> Result<(Vec<Index>, usize)> {
        let mut stride = 1;
        let mut inner = 1;
        let mut running = true;
        let mut indices: Vec<Index> = Vec::new();
        for (choice, &n) in self.dims.iter().zip(input).rev() {
            match choice {
                None if running => inner *= n,
                None => match indices.last_mut() {
                    _ if n == 1 => {}
                    // Neighbours that are walked whole are one walk.
                    Some(Index::Steps { count, stride: s }) if *s * *count == stride => *count *= n,
                    _ => indices.push(Index::Steps { count: n, stride }),
                },
                Some(list) => {
                    running = false;
                    if list.iter().any(|&i| i >= n) {
                        return Err(Error::model(format!("an index is outside of {n} elements")));
                    }
                    indices.push(Index::Table(list.iter().map(|i| i * stride).collect()));
                }
            }
            stride *= n;
        }
        if indices.len() > MAX_DIMS {
            return Err(Error::model(format!(
                "it chooses along {} dimensions; supported are {MAX_DIMS}",
                indices.len()
            )));
        }
        indices.reverse();
        Ok((indices, inner))
    }

    /// The shape of the output.
    pub(crate) fn shape(&self, input: &[usize]) -> Vec<usize> {
        let size =
            |(choice, &n): (&Option<Vec<usize>>, &usize)| choice.as_ref().map_or(n, Vec::len);
        self.dims.iter().zip(input).map(size).collect()
    }
}

/// What sets one such operator apart from another.
pub(crate) trait Choosing: Send + Sync {
    const NAME: &'static str;

    /// The choice from an input of this shape.
    fn choice(&self, input: &[usize]) -> Result<Choice>;

    /// The output's shape, where it is not the choice's own.
    fn shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        Ok(self.choice(input)?.shape(input))
    }
}

/// Makes a [`Choosing`] an [`Operator`].
pub(crate) struct Chosen<C>(pub C);

impl<C: Choosing> Operator for Chosen<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits::moves_one()
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        self.0.choice(input)?.plan(input)?;
        self.0.shape(input)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = owned(inputs, 0)?;
        let (indices, inner) = self.0.choice(input.shape())?.plan(input.shape())?;
        let kernel = IndexMapKernel { indices, inner };
        let data = Buffer::F32(input.iter().copied().collect());
        array(shape, kernel.simulate(&[&data]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let input = &context.input(0)?.value.shape;
        let (indices, inner) = self.0.choice(input)?.plan(input)?;
        Ok(Lowered::new(
            IndexMapKernel { indices, inner },
            vec![Source::Operand(0)],
        ))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Copies runs of elements of any type.
pub(crate) struct IndexMapKernel {
    pub indices: Vec<Index>,
    pub inner: usize,
}

impl Kernel for IndexMapKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let runs: usize = self.indices.iter().map(Index::len).product();
        let positions = (0..runs).flat_map(|mut run| {
            let mut at = 0;
            for index in self.indices.iter().rev() {
                at += index.at(run % index.len());
                run /= index.len();
            }
            (at..at + self.inner).map(Some)
        });
        inputs[0].pick(positions, 0.0)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let mut indices = vec![
            quote!(rt::Index::Steps {
                count: 1,
                stride: 0
            });
            MAX_DIMS - self.indices.len()
        ];
        for index in &self.indices {
            indices.push(match index {
                Index::Steps { count, stride } => {
                    let fields = literals::fields(&[("count", *count), ("stride", *stride)]);
                    quote!(rt::Index::Steps { #fields })
                }
                Index::Table(table) => {
                    let words: Vec<i32> = table.iter().map(|&i| i as i32).collect();
                    let table = constants.words("INDICES", &words);
                    quote!(rt::Index::Table(#table))
                }
            });
        }
        let inner = literals::fields(&[("inner", self.inner)]);
        Emitted {
            parameters_type: quote!(IndexMap<'static>),
            parameters: quote!(rt::IndexMap { indices: [#(#indices),*], #inner }),
            function: KernelId::new("index_map"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_chosen_on_their_own() {
        let choice = Choice {
            dims: vec![None, Some(vec![2, 0]), Some(vec![1]), None],
        };
        let (indices, inner) = choice.plan(&[2, 3, 2, 4]).expect("fits");
        assert_eq!((indices.len(), inner), (3, 4));
        let data = Buffer::I32((0..48).collect());
        let out = IndexMapKernel { indices, inner }.simulate(&[&data]);
        let rows: Vec<i32> = out.i32().iter().step_by(4).copied().collect();
        assert_eq!(rows, [20, 4, 44, 28]);
        let outside = Choice {
            dims: vec![Some(vec![3])],
        };
        assert!(outside.plan(&[3]).is_err());
    }
}
