//! DEPTHWISE_CONV_2D for wide SIMD registers: rows are runs of elements, weights
//! repeat with the channels.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Fusion, Kernel, KernelId};
use crate::ops::packing::layout::DEPTHWISE_BLOCK as BLOCK;
use crate::ops::shared::weighted_sum::Accumulation;
use crate::ops::shared::window::{self, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// Blocks after which weights repeat, at most.
const MOST_BLOCKS: usize = 24;

/// Taps at most.
const MOST_TAPS: usize = 128;

/// The kernel, and what it was before.
#[derive(Clone)]
pub(crate) struct DwconvPacked16<K> {
    reference: K,
    /// Weights of each channel side by side.
    accumulation: Accumulation,
    window: Window,
    channels: usize,
    writes_xor128: bool,
}

impl<K> DwconvPacked16<K> {
    /// If it applies to an operator of one output channel per input channel.
    pub(crate) fn new(
        reference: K,
        accumulation: &Accumulation,
        window: &Window,
        channels: usize,
    ) -> Option<Self> {
        let accumulation = accumulation.simplified().by_channel();
        let kernel = Self {
            reference,
            window: *window,
            channels,
            accumulation,
            writes_xor128: false,
        };
        let fits = kernel.accumulation.is_fast()
            && [1, 2].contains(&window.stride[1])
            && channels > 0
            && window.filter[0] * window.filter[1] <= MOST_TAPS
            && kernel.period() <= MOST_BLOCKS;
        fits.then_some(kernel)
    }

    fn period(&self) -> usize {
        let common = 1 << self.channels.trailing_zeros().min(BLOCK.trailing_zeros());
        self.channels / common
    }

    /// In groups of four: where each tap begins in the padded image, and its number. Rows
    /// of three taps are filled up by one without a number, so that groups are rows: some
    /// kernels share what rows of outputs have in common.
    fn taps(&self) -> Vec<[(usize, Option<usize>); 4]> {
        let w = &self.window;
        let columns = self.window.padded()[1];
        let place = |tap: usize| {
            let (y, x) = (tap / w.filter[1], tap % w.filter[1]);
            let column = x * w.dilation[1];
            let place = match w.stride[1] {
                1 => column,
                _ => column % 2 * columns.div_ceil(2) + column / 2,
            };
            (y * w.dilation[0] * columns + place) * self.channels
        };
        let group = if w.filter[1] == 3 { 3 } else { 4 };
        let taps: Vec<usize> = (0..w.filter[0] * w.filter[1]).collect();
        let groups = taps.chunks(group).map(|group| {
            let last = group[group.len() - 1];
            std::array::from_fn(|i| (place(*group.get(i).unwrap_or(&last)), group.get(i).copied()))
        });
        groups.collect()
    }

    /// By block: the channel of each element, in the order of the kernel.
    fn order(&self) -> Vec<usize> {
        let element = |at: usize| {
            let (j, l, i) = (at / 16, at / 4 % 4, at % 4);
            16 * l + 4 * j + i
        };
        (0..self.period() * BLOCK)
            .map(|at| (at / BLOCK * BLOCK + element(at % BLOCK)) % self.channels)
            .collect()
    }

    fn parameters(&self, constants: &mut Constants) -> Option<TokenStream> {
        let (filter, bias, zero_point) = self.accumulation.int8()?;
        let (taps, order) = (self.taps(), self.order());
        let count = self.window.filter[0] * self.window.filter[1];
        let weight =
            |channel: usize, tap: Option<usize>| tap.map_or(0, |tap| filter[channel * count + tap]);
        let mut blocked = Vec::new();
        for block in order.chunks(BLOCK) {
            for group in &taps {
                for &channel in block {
                    blocked.extend(group.map(|(_, tap)| weight(channel, tap)));
                }
            }
        }
        let totals: Vec<i32> = filter
            .chunks(count)
            .map(|weights| weights.iter().map(|&w| i32::from(w)).sum())
            .collect();
        let folded = |c: usize| bias[c].wrapping_sub(totals[c].wrapping_mul(zero_point));
        let biases: Vec<i32> = order.iter().map(|&c| folded(c)).collect();
        let totals: Vec<i32> = order.iter().map(|&c| totals[c]).collect();
        let offsets = taps.iter().map(|group| {
            let four = group.map(|(place, _)| literals::int(place as i32));
            quote!([#(#four),*])
        });
        let offsets: Vec<TokenStream> = offsets.collect();
        let filter = constants.bytes("FILTER", &blocked);
        let bias = constants.folded(&biases, &totals);
        let (output, _) = self.accumulation.emit_blocks(&order, false, constants);
        let (window, fill) = (window::emit(&self.window), literals::int(zero_point));
        let [rows, columns] = self.window.padded();
        let sizes = literals::fields(&[("channels", self.channels)]);
        let writes_xor128 = self.writes_xor128;
        Some(quote!(rt::Packed16Depthwise {
            window: #window,
            #sizes
            padded: [#rows, #columns],
            zero_point: #fill,
            taps: &[#(#offsets),*],
            filter: #filter,
            bias: #bias,
            output: #output,
            writes_xor128: #writes_xor128,
        }))
    }
}

impl<K: Kernel + Clone + 'static> Kernel for DwconvPacked16<K> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.reference.simulate(inputs)
    }

    fn macs(&self) -> u64 {
        self.reference.macs()
    }

    fn fused(&self, fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        let Fusion::OutputXor128 = fusion else {
            return None;
        };
        Some(Box::new(Self {
            writes_xor128: true,
            ..self.clone()
        }))
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        let [rows, columns] = self.window.padded();
        vec![(ElementType::I8, rows * columns * self.channels + BLOCK)]
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        match self.parameters(constants) {
            None => self.reference.emit(constants),
            Some(parameters) => Emitted {
                parameters_type: quote!(Packed16Depthwise<'static>),
                parameters,
                function: KernelId::new("depthwise_packed16"),
            },
        }
    }
}
