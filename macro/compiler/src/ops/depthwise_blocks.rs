//! DEPTHWISE_CONV_2D for wide SIMD registers: rows are runs of elements, weights
//! repeat with the channels.

use proc_macro2::TokenStream;
use quote::quote;

use super::accumulation::Accumulation;
use super::window::Window;
use super::{Buffer, Emitted, Kernel};
use crate::emit::{self, Constants};
use crate::graph::ElementType;

/// Elements of a block.
const BLOCK: usize = 64;

/// Blocks after which weights repeat, at most.
const MOST_BLOCKS: usize = 24;

/// Taps at most.
const MOST_TAPS: usize = 128;

/// The kernel, and what it was before.
pub(super) struct DepthwiseBlocks<K> {
    original: K,
    /// Weights of each channel side by side.
    accumulation: Accumulation,
    window: Window,
    channels: usize,
}

impl<K> DepthwiseBlocks<K> {
    /// If it applies to an operator of one output channel per input channel.
    pub(super) fn new(
        original: K,
        accumulation: &Accumulation,
        window: &Window,
        channels: usize,
    ) -> Option<Self> {
        let accumulation = accumulation.simplified().by_channel();
        let kernel = Self {
            original,
            window: *window,
            channels,
            accumulation,
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

    /// Where each tap begins in the padded image, in groups of four.
    fn taps(&self) -> Vec<usize> {
        let w = &self.window;
        let columns = self.window.padded()[1];
        let mut taps = Vec::new();
        for y in 0..w.filter[0] {
            for x in 0..w.filter[1] {
                let column = x * w.dilation[1];
                let place = match w.stride[1] {
                    1 => column,
                    _ => column % 2 * columns.div_ceil(2) + column / 2,
                };
                taps.push((y * w.dilation[0] * columns + place) * self.channels);
            }
        }
        taps
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
        let groups = taps.len().div_ceil(4);
        let weight = |channel: usize, tap: usize| {
            let inside = tap < taps.len();
            if inside {
                filter[channel * taps.len() + tap]
            } else {
                0
            }
        };
        let mut blocked = Vec::new();
        for block in order.chunks(BLOCK) {
            for group in 0..groups {
                for &channel in block {
                    blocked.extend((0..4).map(|i| weight(channel, 4 * group + i)));
                }
            }
        }
        let totals: Vec<i32> = filter
            .chunks(taps.len())
            .map(|weights| weights.iter().map(|&w| i32::from(w)).sum())
            .collect();
        let folded = |c: usize| bias[c].wrapping_sub(totals[c].wrapping_mul(zero_point));
        let biases: Vec<i32> = order.iter().map(|&c| folded(c)).collect();
        let totals: Vec<i32> = order.iter().map(|&c| totals[c]).collect();
        let offsets = (0..groups).map(|group| {
            let four = (0..4).map(|i| taps.get(4 * group + i).copied().unwrap_or(0));
            let four = four.map(|tap| emit::int(tap as i32));
            quote!([#(#four),*])
        });
        let offsets: Vec<TokenStream> = offsets.collect();
        let filter = constants.bytes("FILTER", &blocked);
        let bias = constants.folded(&biases, &totals);
        let (output, _) = self.accumulation.emit_blocks(&order, false, constants);
        let (window, fill) = (self.window.emit(), emit::int(zero_point));
        let [rows, columns] = self.window.padded();
        let sizes = emit::fields(&[("channels", self.channels)]);
        Some(quote!(rt::BlocksDepthwise {
            window: #window,
            #sizes
            padded: [#rows, #columns],
            zero_point: #fill,
            taps: &[#(#offsets),*],
            filter: #filter,
            bias: #bias,
            output: #output,
        }))
    }
}

impl<K: Kernel> Kernel for DepthwiseBlocks<K> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.original.simulate(inputs)
    }

    fn macs(&self) -> u64 {
        self.original.macs()
    }

    fn scratch(&self) -> Vec<(ElementType, usize)> {
        let [rows, columns] = self.window.padded();
        vec![(ElementType::I8, rows * columns * self.channels + BLOCK)]
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        match self.parameters(constants) {
            None => self.original.emit(constants),
            Some(parameters) => Emitted {
                parameters_type: quote!(BlocksDepthwise<'static>),
                parameters,
                function: "depthwise_blocks",
            },
        }
    }
}
