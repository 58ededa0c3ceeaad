//! DEPTHWISE_CONV_2D of int16 inputs for wide SIMD registers: channels side by side.

use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ops::shared::gemm_i16::emit_output;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::window::{self, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The kernel, and the one for small cores, which defines the outputs.
#[derive(Clone)]
pub(crate) struct DwconvI16<K> {
    reference: K,
    /// Weights in the order 1HWC.
    accumulation: Accumulation,
    window: Window,
}

impl<K: Kernel + Clone + 'static> DwconvI16<K> {
    /// If the sums fit 32 bits; for operators with one output channel per input channel.
    pub(crate) fn boxed(
        reference: &K,
        accumulation: &Accumulation,
        window: Window,
    ) -> Option<Box<dyn Kernel>> {
        accumulation.int16()?;
        Some(Box::new(Self {
            reference: reference.clone(),
            accumulation: accumulation.clone(),
            window,
        }))
    }
}

impl<K: Kernel + Clone + 'static> Kernel for DwconvI16<K> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.reference.simulate(inputs)
    }

    fn macs(&self) -> u64 {
        self.reference.macs()
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let Some(sums) = self.accumulation.int16() else {
            return self.reference.emit(constants);
        };
        let filter = constants.bytes("FILTER", &sums.filter);
        let sizes = literals::fields(&[("channels", sums.bias.len())]);
        let (window, output) = (window::emit(&self.window), emit_output(sums, constants));
        Emitted {
            parameters_type: quote!(DepthwiseI16<'static>),
            parameters: quote!(rt::DepthwiseI16 {
                window: #window,
                #sizes
                filter: #filter,
                #output
            }),
            function: KernelId::new("depthwise_conv_2d_i16"),
        }
    }
}
