//! The passes over the int8 program, in order, for each kind of target.
//!
//! ```text
//! lowered --SHARED--> program --prune_channels--> program --MCU---> program for small cores
//!                                             --> program --SIMD--> program for wide SIMD registers
//! ```
//!
//! One analysis of the channels serves both kinds of target. Scratch memory comes last: it is that of the kernels that are left. Tests can look at the
//! program after each pass: [`crate::testing::passes`].

use crate::ir::quant_graph::{QuantGraph, QuantTensor};

/// One pass: a program in, another with the same outputs out, byte for byte.
pub(crate) struct Pass {
    pub name: &'static str,
    pub run: fn(QuantGraph) -> QuantGraph,
}

/// The passes of all targets.
pub(crate) const SHARED: &[Pass] = &[Pass {
    name: "fold_padding",
    run: QuantGraph::fold_padding,
}];

/// The passes of targets without wide SIMD registers.
pub(crate) const MCU: &[Pass] = &[ADD_SCRATCH];

/// The passes of targets with wide SIMD registers.
pub(crate) const SIMD: &[Pass] = &[
    Pass {
        name: "use_simd_kernels",
        run: use_simd_kernels,
    },
    Pass {
        name: "fuse_add",
        run: QuantGraph::fuse_add,
    },
    Pass {
        name: "concat_in_place",
        run: QuantGraph::concat_in_place,
    },
    Pass {
        name: "keep_u8_layout",
        run: QuantGraph::keep_u8_layout,
    },
    ADD_SCRATCH,
];

const ADD_SCRATCH: Pass = Pass {
    name: "add_scratch",
    run: add_scratch,
};

/// Applies a list of passes in order.
pub(crate) fn apply(passes: &[Pass], program: QuantGraph) -> QuantGraph {
    passes
        .iter()
        .fold(program, |program, pass| (pass.run)(program))
}

impl QuantGraph {
    /// The program for targets without wide SIMD registers alone.
    #[cfg(feature = "analysis")]
    pub(crate) fn for_small_cores(self) -> Self {
        let [mcu, _] = apply(SHARED, self).prune_channels();
        apply(MCU, mcu)
    }

    /// The program for targets without wide SIMD registers, and the one for targets with
    /// them, if that is another one.
    pub(crate) fn for_targets(self) -> (Self, Option<Self>) {
        let [mcu, simd] = apply(SHARED, self).prune_channels();
        let simd = apply(SIMD, simd);
        (apply(MCU, mcu), simd.vectorized.then_some(simd))
    }
}

/// Exchanges kernels for those that use wide SIMD registers, where there are any.
fn use_simd_kernels(mut program: QuantGraph) -> QuantGraph {
    for step in &mut program.steps {
        if let Some(kernel) = step.kernel.vectorized() {
            step.kernel = kernel.into();
            program.vectorized = true;
        }
    }
    program
}

/// Gives every step the scratch memory that its kernel needs.
fn add_scratch(mut program: QuantGraph) -> QuantGraph {
    for step in &mut program.steps {
        for (element, len) in step.kernel.scratch() {
            step.outputs.push(program.tensors.len());
            program.tensors.push(QuantTensor {
                name: "scratch".to_owned(),
                len,
                element,
                params: None,
                constant: None,
                value: None,
            });
        }
    }
    program
}
