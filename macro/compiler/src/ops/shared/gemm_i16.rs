//! CONV_2D and FULLY_CONNECTED of int16 inputs for wide SIMD registers: sixteen channels side by
//! side, inputs in pairs.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId};
use crate::limits;
use crate::ops::packing::layout::LANES;
use crate::ops::packing::packed16::pairs;
use crate::ops::shared::gemm_packed2::emit_factors;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::weighted_sum::Int16Sums;
use crate::ops::shared::window::{self, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The kernel, and the one for small cores, which defines the outputs.
#[derive(Clone)]
pub(crate) struct GemmI16<K> {
    reference: K,
    /// Weights in OHWI order.
    accumulation: Accumulation,
    window: Window,
    input_depth: usize,
}

impl<K: Kernel + Clone + 'static> GemmI16<K> {
    /// If the sums fit 32 bits, and the padded image an arena.
    pub(crate) fn boxed(
        reference: &K,
        accumulation: &Accumulation,
        window: Window,
        input_depth: usize,
    ) -> Option<Box<dyn Kernel>> {
        accumulation.int16()?;
        let kernel = Self {
            reference: reference.clone(),
            accumulation: accumulation.clone(),
            window,
            input_depth,
        };
        (2 * kernel.scratch_len() <= limits::ARENA_BYTES).then(|| Box::new(kernel) as _)
    }
}

impl<K> GemmI16<K> {
    /// Inputs that lie side by side under a window.
    fn run(&self) -> usize {
        if self.window.dilation[1] == 1 {
            self.window.filter[1] * self.input_depth
        } else {
            self.input_depth
        }
    }

    /// Where windows are read from the input, nothing; else rows and columns of the padded image.
    /// The last pair of an odd run reads an element more than the run has.
    fn padded(&self) -> Option<[usize; 2]> {
        let reads_input = !self.window.reaches_outside() && self.run().is_multiple_of(2);
        (!reads_input).then(|| {
            let reach = self.window.padded();
            let inside = [0, 1].map(|d| self.window.padding[d] + self.window.input[d]);
            // Whole rows of the input are copied.
            [0, 1].map(|d| reach[d].max(inside[d]))
        })
    }

    fn scratch_len(&self) -> usize {
        self.padded().map_or(0, |[rows, columns]| {
            limits::sum([limits::product([rows, columns, self.input_depth]), 1])
        })
    }

    /// Where runs begin, from a window's first input.
    fn segments(&self) -> Vec<usize> {
        let w = &self.window;
        let columns = self.padded().map_or(w.input[1], |[_, columns]| columns);
        let rows = (0..w.filter[0]).map(|y| y * w.dilation[0] * columns * self.input_depth);
        if w.dilation[1] == 1 {
            return rows.collect();
        }
        let taps = (0..w.filter[1]).map(|x| x * w.dilation[1] * self.input_depth);
        rows.flat_map(|row| taps.clone().map(move |tap| row + tap))
            .collect()
    }
}

/// The fields `bias` and `output` of the runtime's parameters, filled up to whole blocks.
pub(super) fn emit_output(mut sums: Int16Sums, constants: &mut Constants) -> TokenStream {
    let whole = sums.bias.len().next_multiple_of(LANES);
    sums.bias.resize(whole, 0);
    sums.factors.resize(whole, 0);
    let bias = constants.words("BIAS", &sums.bias);
    let output = emit_factors(&sums, constants);
    quote!(bias: #bias, output: #output,)
}

impl<K: Kernel + Clone + 'static> Kernel for GemmI16<K> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.reference.simulate(inputs)
    }

    fn macs(&self) -> u64 {
        self.reference.macs()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        vec![(ElementType::I16, self.scratch_len())]
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let Some(sums) = self.accumulation.int16() else {
            return self.reference.emit(constants);
        };
        let depth = sums.filter.len() / sums.bias.len().max(1);
        let filter = constants.bytes("FILTER", &pairs(&sums.filter, depth, self.run()));
        let segments: Vec<_> = (self.segments().into_iter())
            .map(literals::usize_literal)
            .collect();
        let padded = match self.padded() {
            Some([rows, columns]) => quote!(Some([#rows, #columns])),
            None => quote!(None),
        };
        let sizes = literals::fields(&[("channels", sums.bias.len()), ("run", self.run())]);
        let depth = literals::fields(&[("input_depth", self.input_depth)]);
        let (window, output) = (window::emit(&self.window), emit_output(sums, constants));
        Emitted {
            parameters_type: quote!(Conv2dI16<'static>),
            parameters: quote!(rt::Conv2dI16 {
                window: #window,
                #depth
                padded: #padded,
                gemm: rt::GemmI16 {
                    #sizes
                    segments: &[#(#segments),*],
                    filter: #filter,
                    #output
                },
            }),
            function: KernelId::new("conv_2d_i16"),
        }
    }
}
