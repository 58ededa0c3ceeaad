//! Blocks whose place is computed at run time: SLICE and DYNAMIC_UPDATE_SLICE.

use proc_macro2::TokenStream;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Dimensions that the kernels loop over.
const MAX_DIMS: usize = 6;

/// A block within a tensor. One that would begin outside is moved inside.
#[derive(Clone)]
pub(crate) struct Block {
    tensor: [usize; MAX_DIMS],
    sizes: [usize; MAX_DIMS],
    rank: usize,
}

impl Block {
    pub(crate) fn new(tensor: &[usize], sizes: &[usize], begin: &[usize]) -> Result<Self> {
        let rank = tensor.len();
        let fits = sizes.len() == rank && tensor.iter().zip(sizes).all(|(n, size)| size <= n);
        if !fits || begin != [rank] || rank > MAX_DIMS {
            return Err(Error::model(format!(
                "a block of shape {sizes:?} in {tensor:?} at indices of shape {begin:?}; up to \
                 {MAX_DIMS} dimensions are supported"
            )));
        }
        let mut block = Self {
            tensor: [1; MAX_DIMS],
            sizes: [1; MAX_DIMS],
            rank,
        };
        block.tensor[MAX_DIMS - rank..].copy_from_slice(tensor);
        block.sizes[MAX_DIMS - rank..].copy_from_slice(sizes);
        Ok(block)
    }

    /// Where the block's elements lie, in its order.
    pub(crate) fn positions(&self, begin: &[i32]) -> Vec<usize> {
        let skip = MAX_DIMS - self.rank;
        let mut first = [0; MAX_DIMS];
        for (d, &at) in begin.iter().enumerate().take(self.rank) {
            let last = self.tensor[skip + d] - self.sizes[skip + d];
            first[skip + d] = usize::try_from(at).unwrap_or(0).min(last);
        }
        let position = |mut i: usize| {
            let (mut at, mut stride) = (0, 1);
            for d in (0..MAX_DIMS).rev() {
                at += (first[d] + i % self.sizes[d]) * stride;
                i /= self.sizes[d];
                stride *= self.tensor[d];
            }
            at
        };
        (0..self.sizes.iter().product()).map(position).collect()
    }

    fn emit(&self) -> TokenStream {
        let (tensor, sizes) = (
            literals::usizes(&self.tensor),
            literals::usizes(&self.sizes),
        );
        let rank = literals::fields(&[("rank", self.rank)]);
        quote!(rt::Block { tensor: [#tensor], sizes: [#sizes], #rank })
    }
}

/// Reads a block: the tensor, where it begins.
pub(crate) struct SliceKernel(pub Block);

impl Kernel for SliceKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let positions = self.0.positions(inputs[1].i32());
        inputs[0].pick(positions.into_iter().map(Some), 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Block),
            parameters: self.0.emit(),
            function: KernelId::new("dynamic_slice"),
        }
    }
}

/// Overwrites a block: the tensor, the block, where it begins.
pub(crate) struct UpdateKernel(pub Block);

impl Kernel for UpdateKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let len = inputs[0].len();
        let mut from: Vec<usize> = (0..len).collect();
        for (i, at) in self.0.positions(inputs[2].i32()).into_iter().enumerate() {
            from[at] = len + i;
        }
        let both = inputs[0].clone().joined(inputs[1]);
        both.pick(from.into_iter().map(Some), 0.0)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Block),
            parameters: self.0.emit(),
            function: KernelId::new("dynamic_update_slice"),
        }
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        (input == 0).then_some(KernelId::new("dynamic_update_slice_in_place"))
    }
}
