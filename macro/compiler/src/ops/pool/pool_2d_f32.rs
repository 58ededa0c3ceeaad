//! Pools of operators that the user keeps in float.

use quote::quote;

use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ops::shared::float_kernels::bounds;
use crate::ops::shared::window::{self, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Reduces the taps of a window to one value for each channel, in f32.
pub(crate) struct PoolF32Kernel {
    pub window: Window,
    pub channels: usize,
    pub activation: Activation,
    pub reduction: fn(&[f32]) -> f32,
    pub runtime: &'static str,
}

impl Kernel for PoolF32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let of = |taps: &[f32]| self.activation.apply((self.reduction)(taps));
        Buffer::F32(self.window.reduced_f32(self.channels, inputs[0].f32(), &of))
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let window = window::emit(&self.window);
        let channels = literals::fields(&[("channels", self.channels)]);
        let bounds = bounds(self.activation.bounds());
        Emitted {
            parameters_type: quote!(FloatPool2d),
            parameters: quote!(rt::FloatPool2d { window: #window, #channels #bounds }),
            function: KernelId::new(self.runtime),
        }
    }
}
