//! Operands of CONCATENATION that are written where its result has them: kernels that write
//! some of the channels of a tensor. The first one of a tensor leaves the others undefined,
//! each further one takes the tensor with what is there.

use std::sync::Arc;

use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Fusion, Kernel, KernelId};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Writes the channels from `begin` on, `channels` of `output_stride`.
#[derive(Clone)]
pub(crate) struct ConcatSliceKernel {
    /// Makes the channels; none copies them.
    pub product: Option<Arc<dyn Kernel>>,
    pub begin: usize,
    pub channels: usize,
    pub output_stride: usize,
    pub pixels: usize,
    /// The tensor with the other channels is its second operand.
    pub continues: bool,
    /// Its first operand is XORed with 0x80.
    pub is_xor128: bool,
}

impl ConcatSliceKernel {
    fn copied(&self) -> Emitted {
        let sizes = literals::fields(&[
            ("channels", self.channels),
            ("output_stride", self.output_stride),
        ]);
        Emitted {
            parameters_type: quote!(Copied),
            parameters: quote!(rt::Copied { #sizes }),
            function: KernelId::new(""),
        }
    }
}

impl Kernel for ConcatSliceKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let made = match &self.product {
            Some(product) => product.simulate(&inputs[..1]),
            None => inputs[0].clone(),
        };
        let mut all = match inputs.get(1) {
            Some(others) => others.i8().to_vec(),
            None => vec![0; self.pixels * self.output_stride],
        };
        let pixels = all.chunks_mut(self.output_stride);
        for (pixel, made) in pixels.zip(made.i8().chunks(self.channels)) {
            pixel[self.begin..][..self.channels].copy_from_slice(made);
        }
        Buffer::I8(all)
    }

    fn fused(&self, fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        let Fusion::InputXor128 = fusion else {
            return None;
        };
        let product = self.product.as_ref()?.fused(fusion)?;
        Some(Box::new(Self {
            product: Some(product.into()),
            is_xor128: true,
            ..self.clone()
        }))
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        let product = self.product.as_ref();
        product.map_or_else(|| vec![(ElementType::I8, 0)], |product| product.scratch())
    }

    fn macs(&self) -> u64 {
        self.product.as_ref().map_or(0, |product| product.macs())
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        (input == 1).then_some(KernelId::new("concat_slice_in_place"))
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let product = match &self.product {
            Some(product) => product.emit(constants),
            None => self.copied(),
        };
        let (ty, parameters) = (product.parameters_type, product.parameters);
        let (ty, parameters) = if self.is_xor128 {
            (
                quote!(Xor128Rows<rt::#ty>),
                quote!(rt::Xor128Rows(#parameters)),
            )
        } else {
            (ty, parameters)
        };
        let begin = literals::fields(&[("begin", self.begin)]);
        Emitted {
            parameters_type: quote!(ConcatSlice<rt::#ty>),
            parameters: quote!(rt::ConcatSlice { product: #parameters, #begin }),
            function: KernelId::new(if self.continues {
                "concat_slice_copy"
            } else {
                "concat_slice"
            }),
        }
    }
}
