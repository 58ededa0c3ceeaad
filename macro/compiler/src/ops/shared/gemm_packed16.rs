//! The kernels with weights for wide SIMD registers: sixteen channels side by side.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Fusion, Kernel, KernelId};
use crate::limits;
use crate::ops::packing::layout::LANES;
use crate::ops::packing::packed16::{blocked, rows_of_weights, widened};
use crate::ops::packing::saturating_pairs;
use crate::ops::packing::winograd_f4x3::Winograd;
use crate::ops::shared::addition::FusedAdd;
use crate::ops::shared::gemm_inputs::Inputs;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::window::{self, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The largest number of output pixels (M) for which 16-bit weights are emitted, for AVX2: for
/// more pixels, kernels that want 16 bits widen the weights, which takes a few pixels' time.
const MOST_WIDE_PIXELS: usize = 64;

/// The largest number of weights that are emitted in 16 bits: more come from memory, where 8 bits
/// are better.
const MOST_WIDE: usize = 64 * 1024;

/// A matrix product or convolution with packed weights. The accumulation has the weights in OHWI
/// order; emission packs them for strips of 64, 32 or 16 output channels, inputs in groups of four:
///
/// ```text
/// c0 c0 c0 c0  c1 c1 c1 c1  ...  c63 c63 c63 c63   inputs 0 to 3 of a strip
/// c0 c0 c0 c0  c1 c1 c1 c1  ...  c63 c63 c63 c63   inputs 4 to 7
/// ```
#[derive(Clone)]
pub(crate) struct Packed16<K> {
    /// The kernel for small cores, which defines the outputs.
    pub reference: K,
    /// Weights, biases and output stage.
    pub accumulation: Accumulation,
    /// The number of products in one sum (K).
    pub depth: usize,
    /// The inputs of the sums.
    pub inputs: Inputs,
    /// How to transform the inputs, if that is worth it.
    pub winograd: Option<Winograd>,
    /// The distance of neighbouring pixels' outputs in elements, if other channels lie between
    /// them.
    pub output_stride: Option<usize>,
    /// The addition of its outputs and a second operand.
    pub addition: Option<FusedAdd>,
}

impl<K: Kernel + Clone + 'static> Packed16<K> {
    /// Nothing if the padded image is larger than an arena.
    pub(crate) fn that_fits(self) -> Option<Box<dyn Kernel>> {
        let scratch = self.scratch().into_iter().map(|(_, bytes)| bytes);
        (limits::sum(scratch) <= limits::ARENA_BYTES).then(|| Box::new(self) as _)
    }
}

impl<K> Packed16<K> {
    /// Rows and columns of the padded image.
    fn padded(&self, window: &Window) -> [usize; 2] {
        self.winograd
            .map_or_else(|| window.padded(), |winograd| winograd.padded)
    }

    /// True if weights should be there in 16 bits, too: those of few pixels.
    fn is_worth_widening(&self) -> bool {
        let pixels = match &self.inputs {
            Inputs::Rows(rows) | Inputs::Xor128Rows(rows) => *rows,
            Inputs::Window(window, _) if self.winograd.is_none() => window.output_pixels(),
            _ => 1,
        };
        let weights = self.depth * self.accumulation.channels();
        (2..=MOST_WIDE_PIXELS).contains(&pixels) && weights <= MOST_WIDE
    }

    /// Runs of neighbouring inputs: where they begin in an image of so many columns,
    /// and their length.
    fn segments(&self, columns: usize) -> (Vec<usize>, usize) {
        let Inputs::Window(w, depth) = &self.inputs else {
            return (vec![0], self.depth);
        };
        let rows = (0..w.filter[0]).map(|y| y * w.dilation[0] * columns * depth);
        if w.dilation[1] == 1 {
            return (rows.collect(), w.filter[1] * depth);
        }
        let taps =
            rows.flat_map(|row| (0..w.filter[1]).map(move |x| row + x * w.dilation[1] * depth));
        (taps.collect(), *depth)
    }

    /// The weights for transformed inputs, or none.
    fn transformed(&self, constants: &mut Constants) -> TokenStream {
        let accumulation = self.accumulation.simplified();
        match (self.winograd, accumulation.int8()) {
            (Some(winograd), Some((filter, ..))) => {
                let weights = constants.bytes("TRANSFORMED", &winograd.weights(filter));
                quote!(rt::only_on_x86_64(#weights))
            }
            _ => quote!(&[]),
        }
    }

    /// The runtime's `Packed16` and its type argument.
    fn parameters(&self, constants: &mut Constants) -> Option<(TokenStream, TokenStream)> {
        let accumulation = self.accumulation.simplified();
        let (filter, bias, zero_point) = accumulation.int8()?;
        let totals: Vec<i32> = filter
            .chunks(self.depth.max(1))
            .map(|weights| weights.iter().map(|&w| i32::from(w)).sum())
            .collect();
        let bias: Vec<i32> = bias
            .iter()
            .zip(&totals)
            .map(|(bias, total)| bias.wrapping_sub(total.wrapping_mul(zero_point)))
            .collect();
        let order: Vec<usize> = (0..accumulation.channels()).collect();
        // Each run is filled up to groups of four.
        let run = self.segments(0).1.max(1);
        let runs: Vec<Vec<i8>> = filter
            .chunks(run)
            .map(|weights| {
                let mut filled = weights.to_vec();
                filled.resize(run.next_multiple_of(4), 0);
                filled
            })
            .collect();
        let wide = if self.is_worth_widening() {
            let wide = constants.bytes("WIDE", &widened(filter, self.depth, run));
            quote!(rt::only_on_x86_64(#wide))
        } else {
            quote!(&[])
        };
        let depth = self.depth / run * run.next_multiple_of(4);
        let filter = constants.bytes("FILTER", &blocked(&runs.concat(), depth));
        let filter = match &self.inputs {
            Inputs::ZeroSkipRow(None) => quote!(rt::except_on_x86_64(#filter)),
            _ => filter,
        };
        let bias = constants.folded(&bias, &totals);
        let (output, stage) = accumulation.emit_blocks(&order, true, constants);
        let channels = accumulation.channels();
        let sizes = literals::fields(&[
            ("depth", self.depth),
            ("channels", channels),
            ("output_stride", self.output_stride.unwrap_or(channels)),
        ]);
        let zero_point = literals::int(zero_point);
        let gemm = quote!(rt::Packed16 {
            #sizes
            zero_point: #zero_point,
            filter: #filter,
            filter_i16: #wide,
            bias: #bias,
            output: #output,
        });
        Some((gemm, stage))
    }
}

impl<K: Kernel + Clone + 'static> Kernel for Packed16<K> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        match &self.addition {
            Some(addition) => {
                let own = self.reference.simulate(&inputs[..1]);
                addition.simulate(&own, inputs[1])
            }
            None => self.reference.simulate(inputs),
        }
    }

    fn macs(&self) -> u64 {
        self.reference.macs()
    }

    fn fused(&self, fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        let mut fused = self.clone();
        match fusion {
            Fusion::OutputStride { channels, stride } => {
                self.sums_with_epilogue()
                    .filter(|sums| sums.channels() == channels)?;
                fused.output_stride = Some(stride);
            }
            Fusion::Addition {
                params,
                elements,
                own,
            } => {
                let sums = self.sums_with_epilogue()?;
                let addition = FusedAdd::new(params, elements, own)?;
                if sums.output_zero_point() != Some(addition.zero_point()) {
                    return None;
                }
                fused.addition = Some(addition);
            }
            Fusion::InputXor128 => match self.inputs {
                Inputs::Rows(rows @ 2..) if self.depth.is_multiple_of(4) => {
                    fused.inputs = Inputs::Xor128Rows(rows);
                }
                _ => return None,
            },
            Fusion::Padding(_) | Fusion::OutputXor128 => return None,
        }
        Some(Box::new(fused))
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        match &self.inputs {
            Inputs::ZeroSkipRow(_) | Inputs::Xor128Rows(_) => vec![(ElementType::I8, 0)],
            Inputs::Weights6Row(..) => vec![(ElementType::I8, self.depth)],
            Inputs::Rows(rows) => {
                // The kernel reads a single row where it is.
                let is_single = *rows == 1 && self.depth.is_multiple_of(4);
                let row = self.depth.next_multiple_of(4);
                vec![(ElementType::I8, if is_single { 0 } else { rows * row })]
            }
            // The kernel reads single pixels where they are.
            Inputs::Window(w, depth)
                if w.filter == [1, 1] && w.padding == [0, 0] && depth.is_multiple_of(4) =>
            {
                vec![(ElementType::I8, 0)]
            }
            Inputs::Window(window, depth) => {
                let [rows, columns] = self.padded(window);
                let work = self.winograd.map_or(0, |winograd| winograd.work());
                let image = limits::product([rows, columns, *depth]);
                vec![(ElementType::I8, limits::sum([image, 4 * LANES, work]))]
            }
        }
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let Some((gemm, stage)) = self.parameters(constants) else {
            return self.reference.emit(constants);
        };
        let product = self.emit_product(gemm, stage, constants);
        match &self.addition {
            Some(addition) => self.emit_fused_add(product, addition),
            None => product,
        }
    }
}

impl<K> Packed16<K> {
    /// The sums, if what follows on them can be done by the kernel.
    fn sums_with_epilogue(&self) -> Option<Accumulation> {
        let accumulation = self.accumulation.simplified();
        let takes = matches!(
            self.inputs,
            Inputs::Rows(2..) | Inputs::Xor128Rows(_) | Inputs::Window(..)
        );
        let is_plain = self.addition.is_none() && self.output_stride.is_none();
        let fits = takes && is_plain && accumulation.int8().is_some() && accumulation.is_fast();
        fits.then_some(accumulation)
    }

    /// The call of a product and the addition behind it.
    fn emit_fused_add(&self, product: Emitted, addition: &FusedAdd) -> Emitted {
        let (ty, product_parameters) = (product.parameters_type, product.parameters);
        let [add, linear] = addition.emit();
        Emitted {
            parameters_type: quote!(FusedAdd<rt::#ty>),
            parameters: quote!(rt::FusedAdd {
                product: #product_parameters,
                add: #add,
                linear: #linear,
            }),
            function: KernelId::new(match self.inputs {
                Inputs::Rows(_) => "fully_connected_packed16_add",
                Inputs::Xor128Rows(_) => "fully_connected_xor128_add",
                _ => "conv_2d_packed16_add",
            }),
        }
    }

    /// The call, without an addition.
    fn emit_product(
        &self,
        gemm: TokenStream,
        stage: TokenStream,
        constants: &mut Constants,
    ) -> Emitted {
        match &self.inputs {
            Inputs::Rows(_) => Emitted {
                parameters_type: quote!(Packed16<'static, #stage>),
                parameters: gemm,
                function: KernelId::new("fully_connected_packed16"),
            },
            Inputs::Xor128Rows(_) => Emitted {
                parameters_type: quote!(Packed16<'static, #stage>),
                parameters: gemm,
                function: KernelId::new("fully_connected_xor128"),
            },
            Inputs::ZeroSkipRow(pairs) => {
                let accumulation = self.accumulation.simplified();
                let filter = accumulation.int8().map_or(&[][..], |(filter, ..)| filter);
                let rows = constants.bytes("ROWS", &rows_of_weights(filter, self.depth));
                let pairs = saturating_pairs::emit(pairs.as_ref());
                Emitted {
                    parameters_type: quote!(ZeroSkipRow<'static, #stage>),
                    parameters: quote!(rt::ZeroSkipRow {
                        gemm: #gemm,
                        filter_by_input: rt::only_on_x86_64(#rows),
                        saturating_pairs: #pairs,
                    }),
                    function: KernelId::new("fully_connected_zero_skip"),
                }
            }
            Inputs::Weights6Row(narrow, pairs) => {
                let narrow = constants.bytes("NARROW", narrow);
                let pairs = saturating_pairs::emit(pairs.as_ref());
                Emitted {
                    parameters_type: quote!(Weights6Row<'static, #stage>),
                    parameters: quote!(rt::Weights6Row {
                        gemm: #gemm,
                        filter_i6: rt::only_on_x86_64(#narrow),
                        saturating_pairs: #pairs,
                    }),
                    function: KernelId::new("fully_connected_w6"),
                }
            }
            Inputs::Window(window, input_depth) => {
                let [rows, columns] = self.padded(window);
                let transformed = self.transformed(constants);
                let (segments, run) = self.segments(columns);
                let segments = segments.iter().map(|&s| literals::int(s as i32));
                let window = window::emit(window);
                let sizes = literals::fields(&[("input_depth", *input_depth), ("run", run)]);
                Emitted {
                    parameters_type: quote!(Packed16Conv2d<'static, #stage>),
                    parameters: quote!(rt::Packed16Conv2d {
                        window: #window,
                        #sizes
                        padded: [#rows, #columns],
                        segments: &[#(#segments),*],
                        gemm: #gemm,
                        winograd_filter: #transformed,
                    }),
                    function: KernelId::new("conv_2d_packed16"),
                }
            }
        }
    }
}
