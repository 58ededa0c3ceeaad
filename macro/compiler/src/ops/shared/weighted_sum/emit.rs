//! Weights, biases and output stages as tokens.

use niello_numeric::simd_models::f32_requant::Truncation;
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::ir::graph::ElementType;
use crate::ops::shared::weighted_sum::{Accumulation, OutputStage, Terms};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

impl Accumulation {
    /// The `filter`, `bias` and `output` fields of the runtime's parameters,
    /// and the type arguments that they take.
    pub(crate) fn emit(&self, constants: &mut Constants) -> (TokenStream, TokenStream) {
        let offset = literals::int(self.input_offset);
        let (filter, bias, types) = match &self.terms {
            Terms::I32 { filter, bias } => (
                constants.bytes("FILTER", filter),
                constants.words("BIAS", bias),
                quote!(),
            ),
            Terms::Wide { filter, bias } => (
                constants.int16_bytes("FILTER", filter),
                constants.words("BIAS", bias),
                quote!(, [u8; 2], i32),
            ),
            Terms::I64 { filter, bias } => (
                constants.bytes("FILTER", filter),
                constants.long_words("BIAS", bias),
                quote!(, u8, i64),
            ),
            Terms::F32 { filter, bias } => (
                constants.float_bytes("FILTER", filter),
                constants.floats("BIAS", bias),
                quote!(, [u8; 4], f32),
            ),
        };
        let (output, stage) = self.emit_output(false, constants);
        (
            quote!(input_offset: #offset, filter: #filter, bias: #bias, output: #output),
            quote!(#stage #types),
        )
    }

    /// The output stage of kernels with blocked weights, and its type; `order` lists
    /// the channels as the kernel wants them. Blocks share multipliers that are all the
    /// same, if they can.
    pub(crate) fn emit_blocks(
        &self,
        order: &[usize],
        can_share: bool,
        constants: &mut Constants,
    ) -> (TokenStream, TokenStream) {
        let OutputStage::Requantize {
            multipliers,
            output_offset,
            activation: (min, max),
            ..
        } = &self.output
        else {
            return self.emit_output(false, constants);
        };
        let Some(bounds) = self.bounds().filter(|_| self.is_fast()) else {
            return self.emit_output(false, constants);
        };
        let one_sided = min >= output_offset;
        let largest = bounds.iter().copied().max().unwrap_or(0);
        let truncations: Vec<Option<Truncation>> = match multipliers.first() {
            Some(&first) if multipliers.iter().all(|m| *m == first) => {
                vec![Truncation::find(first, largest, one_sided); multipliers.len()]
            }
            _ => {
                let channels = multipliers.iter().zip(bounds);
                channels
                    .map(|(&m, bound)| Truncation::find(m, bound, one_sided))
                    .collect()
            }
        };
        let ordered: Vec<(Multiplier, Option<Truncation>)> = order
            .iter()
            .filter_map(|&c| Some((*multipliers.get(c)?, *truncations.get(c)?)))
            .collect();
        let is_shared = can_share && ordered.windows(2).all(|two| two[0] == two[1]);
        let listed = if is_shared {
            ordered.len().min(16)
        } else {
            ordered.len()
        };
        let channels = constants.requant_panels(&ordered[..listed]);
        let (offset, min, max) = (
            literals::int(*output_offset),
            literals::int(*min),
            literals::int(*max),
        );
        let stage = quote!(rt::RequantParams {
            channels: #channels,
            output_offset: #offset,
            activation_min: #min,
            activation_max: #max,
        });
        (stage, quote!(rt::RequantParams<'static>))
    }

    /// The output stage and its type; `shares` if the kernel can take one multiplier
    /// that all channels have.
    pub(crate) fn emit_output(
        &self,
        shares: bool,
        constants: &mut Constants,
    ) -> (TokenStream, TokenStream) {
        let bounds = |(min, max): (f32, f32)| {
            let (min, max) = (literals::float(min), literals::float(max));
            quote!(activation_min: #min, activation_max: #max)
        };
        match &self.output {
            OutputStage::Requantize {
                element,
                multipliers,
                rounds_once,
                output_offset,
                activation: (min_q, max_q),
            } => {
                let (offset, min, max) = (
                    literals::int(*output_offset),
                    literals::int(*min_q),
                    literals::int(*max_q),
                );
                if self.is_fast() {
                    let (multiplier, shift) = fast(multipliers, shares);
                    let multiplier = constants.unsigned_words("MULTIPLIER", &multiplier);
                    let shift = constants.int8s("SHIFT", &shift);
                    let shifts_right = multipliers.iter().all(|m| m.shift < 0);
                    let stage = quote!(rt::RequantizeFast {
                        multiplier: #multiplier,
                        shift: #shift,
                        shifts_right: #shifts_right,
                        output_offset: #offset,
                        activation_min: #min,
                        activation_max: #max,
                    });
                    return (stage, quote!(rt::RequantizeFast<'static>));
                }
                let significands: Vec<i32> = multipliers.iter().map(|m| m.multiplier).collect();
                let multiplier = constants.words("MULTIPLIER", &significands);
                let shifts: Vec<i8> = multipliers.iter().map(|m| m.shift as i8).collect();
                let shift = constants.int8s("SHIFT", &shifts);
                let requantize = quote!(rt::Requantize {
                    multiplier: #multiplier,
                    shift: #shift,
                    output_offset: #offset,
                    activation_min: #min,
                    activation_max: #max,
                });
                if *element == ElementType::I16 {
                    (
                        quote!(rt::RequantizeI16(#requantize)),
                        quote!(rt::RequantizeI16<'static>),
                    )
                } else {
                    (requantize, quote!(rt::Requantize<'static, #rounds_once>))
                }
            }
            OutputStage::Rescale { activation } => {
                let scales: Vec<f32> = self.scales.iter().map(|s| *s as f32).collect();
                let scale = constants.floats("SCALE", &scales);
                let bounds = bounds(*activation);
                (
                    quote!(rt::Rescale { scale: #scale, #bounds }),
                    quote!(rt::Rescale<'static>),
                )
            }
            OutputStage::Clamp { activation } => {
                let bounds = bounds(*activation);
                (quote!(rt::Clamp { #bounds }), quote!(rt::Clamp))
            }
        }
    }
}

/// Multipliers and shifts as the runtime's `RequantizeFast` has them: significands
/// without their two highest bits, which say how far a shift is below the shared
/// one, if two bits can say that.
fn fast(multipliers: &[Multiplier], shares: bool) -> (Vec<u32>, Vec<i8>) {
    let largest = multipliers.iter().map(|m| m.shift).max().unwrap_or(0);
    let near = multipliers.iter().all(|m| largest - m.shift <= 3);
    let words = multipliers.iter().map(|m| {
        let below = if near { largest - m.shift } else { 0 };
        (m.multiplier as u32 & 0x3FFF_FFFF) | (below as u32) << 30
    });
    let mut words: Vec<u32> = words.collect();
    if shares && near && words.iter().all(|w| Some(w) == words.first()) {
        words.truncate(1);
    }
    let shifts = if near {
        vec![largest as i8]
    } else {
        multipliers.iter().map(|m| m.shift as i8).collect()
    };
    (words, shifts)
}
