//! MEAN and SUM of operators that the user keeps in float.

use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::ops::reduce::reduction::{Dims, outputs};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// `factor * sum(x)` in f32: SUM with a factor of 1, else MEAN.
pub(crate) struct MeanF32Kernel {
    pub dims: Dims,
    pub factor: f32,
}

impl Kernel for MeanF32Kernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let total = self.dims.iter().filter(|d| !d.1).map(|d| d.0).product();
        let mut sums = vec![0.0; total];
        for (at, x) in outputs(&self.dims).zip(inputs[0].f32()) {
            sums[at] += x;
        }
        sums.iter_mut().for_each(|sum| *sum *= self.factor);
        Buffer::F32(sums)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let sizes = literals::usizes(&self.dims.map(|d| d.0));
        let reduced = self.dims.map(|d| d.1);
        let factor = literals::float(self.factor);
        Emitted {
            parameters_type: quote!(FloatMean),
            parameters: quote!(rt::FloatMean {
                reduce: rt::Reduce { dims: [#sizes], reduced: [#(#reduced),*] },
                factor: #factor,
            }),
            function: KernelId::new("float_mean"),
        }
    }
}
