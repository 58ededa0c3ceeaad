//! Sums of products with constant weights, and the step from them to outputs.

use ndarray::ArrayD;
use proc_macro2::TokenStream;
use quote::quote;

use super::channelwise::{Channels, Range};
use super::truncation::Truncation;
use super::weights::{bias, check_bias, least_scales, weights_of_scales};
use super::{Activation, Buffer, LowerContext, Reference, Target};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};
use crate::graph::{Constant, ElementType, Value};
use crate::quantize::arithmetic::Multiplier;

/// From accumulator to output, per channel.
#[derive(Clone, Debug)]
pub(crate) enum OutputStage {
    /// int8 or int16, by a fixed-point multiplier per channel.
    Requantize {
        element: ElementType,
        multipliers: Vec<Multiplier>,
        /// LiteRT's fully connected layers round once.
        rounds_once: bool,
        output_offset: i32,
        activation: (i32, i32),
    },
    /// Real values, for an f32 output.
    Rescale { activation: (f32, f32) },
    /// Real values of an operator that is kept in float.
    Clamp { activation: (f32, f32) },
}

/// Weights and biases, in what they are added up in.
#[derive(Clone, Debug)]
enum Terms {
    /// int8 inputs, or int16 ones of a model that asks for it.
    I32 { filter: Vec<i8>, bias: Vec<i32> },
    /// int16 inputs.
    I64 { filter: Vec<i8>, bias: Vec<i64> },
    /// An operator that is kept in float.
    F32 { filter: Vec<f32>, bias: Vec<f32> },
}

/// What convolutions and fully connected layers have in common: weights, bias
/// and output stage, with the input's zero point.
#[derive(Clone, Debug)]
pub(crate) struct Accumulation {
    input_offset: i32,
    terms: Terms,
    /// Real value of one accumulator step, per channel.
    scales: Vec<f64>,
    output: OutputStage,
    /// The weights' channels are their last dimension, else the first.
    channels_last: bool,
}

/// How TensorFlow Lite Micro multiplies the scales of per-tensor weights.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ScaleProduct {
    /// In double precision: convolutions, and anything per channel.
    Double,
    /// In single precision if there is one weight scale: fully connected.
    SingleIfPerTensor,
}

/// An operator whose outputs are sums of products with constant weights.
pub(crate) trait Weighted {
    /// All sums, biases included, channels last.
    fn sums<X: Copy, W: Copy, A: Accumulate<X, W>>(&self, terms: &Sum<'_, X, W, A>) -> Vec<A>;
}

/// What is added up.
pub(crate) struct Sum<'a, X, W, A> {
    pub input: &'a [X],
    pub offset: i32,
    pub filter: &'a [W],
    pub bias: &'a [A],
}

impl<X: Copy, W: Copy, A: Accumulate<X, W>> Sum<'_, X, W, A> {
    /// The biases of `pixels` outputs: where every sum begins.
    pub(crate) fn begin(&self, pixels: usize) -> Vec<A> {
        let all = pixels * self.bias.len();
        self.bias.iter().copied().cycle().take(all).collect()
    }

    /// `acc` and the products of input and weights from these positions on.
    pub(crate) fn dot(&self, acc: A, input: usize, filter: usize, depth: usize) -> A {
        let x = &self.input[input..][..depth];
        let w = &self.filter[filter..][..depth];
        let pairs = x.iter().zip(w);
        pairs.fold(acc, |acc, (&x, &w)| acc.add_product(x, w, self.offset))
    }
}

/// What inputs (`X`) and weights (`W`) are added up in.
pub(crate) trait Accumulate<X, W>: Copy {
    /// `self + (x + offset) * w`.
    fn add_product(self, x: X, w: W, offset: i32) -> Self;
}

impl Accumulate<i8, i8> for i32 {
    fn add_product(self, x: i8, w: i8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w))
    }
}

impl Accumulate<i16, i8> for i32 {
    fn add_product(self, x: i16, w: i8, offset: i32) -> Self {
        self.wrapping_add((i32::from(x) + offset) * i32::from(w))
    }
}

impl Accumulate<i16, i8> for i64 {
    fn add_product(self, x: i16, w: i8, offset: i32) -> Self {
        self.wrapping_add(((i32::from(x) + offset) * i32::from(w)).into())
    }
}

impl Accumulate<f32, f32> for f32 {
    fn add_product(self, x: f32, w: f32, _: i32) -> Self {
        self + x * w
    }
}

impl Accumulation {
    /// Quantizes operands 1 (weights) and 2 (bias) for operand 0.
    pub(crate) fn new(
        context: &LowerContext<'_>,
        axis: usize,
        activation: Activation,
        product: ScaleProduct,
    ) -> Result<Self> {
        Self::of([0, 1, 2], context, axis, activation, product)
    }

    /// The same of an operator that has input, weights and bias elsewhere.
    pub(crate) fn of(
        [input, filter, bias_input]: [usize; 3],
        context: &LowerContext<'_>,
        axis: usize,
        activation: Activation,
        product: ScaleProduct,
    ) -> Result<Self> {
        let filter = context.input(filter)?.value;
        let channels = filter.shape.get(axis).copied().unwrap_or(0);
        let bias_value = context
            .inputs
            .get(bias_input)
            .and_then(Option::as_ref)
            .map(|o| o.value);
        let element = context.element(input)?;
        if element == ElementType::F32 {
            return Self::real(filter, bias_value, channels, activation);
        }
        let input = context.params(input)?;
        // int16 operators have biases of 64 bits.
        let least = match element {
            ElementType::I8 => least_scales(bias_value, input),
            _ => Vec::new(),
        };
        let weights = weights_of_scales(filter, axis, context.per_channel, &least)?;
        let bias = bias(bias_value, input, &weights, channels)?;
        let scales: Vec<f64> = (0..channels)
            .map(|c| {
                if product == ScaleProduct::SingleIfPerTensor && weights.scales.len() == 1 {
                    f64::from(input.scale * weights.scale(c))
                } else {
                    f64::from(input.scale) * f64::from(weights.scale(c))
                }
            })
            .collect();
        let output = match context.target {
            Target::I8(output) | Target::I16(output) if context.target.element() == element => {
                OutputStage::Requantize {
                    element,
                    multipliers: scales
                        .iter()
                        .map(|scale| Multiplier::new(scale / f64::from(output.scale)))
                        .collect(),
                    rounds_once: element == ElementType::I8
                        && product == ScaleProduct::SingleIfPerTensor
                        && context.reference == Reference::LiteRt,
                    output_offset: output.zero_point,
                    activation: activation.bounds_in(output, element),
                }
            }
            Target::F32 if element == ElementType::I8 => OutputStage::Rescale {
                activation: activation.bounds(),
            },
            other => {
                let (from, to) = (element.name(), other.element().name());
                return Err(Error::model(format!("cannot write {to} from {from}")));
            }
        };
        // A 16x8 model may ask for 32-bit sums, by its biases' type.
        let narrow = bias_value.is_some_and(|b| matches!(b.constant, Some(Constant::I32(_))));
        let filter = weights.data;
        let terms = if element == ElementType::I16 && !narrow {
            Terms::I64 { filter, bias }
        } else {
            let bias = bias.into_iter().map(saturated).collect();
            Terms::I32 { filter, bias }
        };
        Ok(Self {
            input_offset: -input.zero_point,
            terms,
            scales,
            output,
            channels_last: axis > 0,
        })
    }

    /// In float.
    fn real(
        filter: &Value,
        bias: Option<&Value>,
        channels: usize,
        activation: Activation,
    ) -> Result<Self> {
        let real = |value: &Value| {
            value.real().ok_or_else(|| {
                Error::model(format!(
                    "weights {:?} are computed at run time; in float they must be constant",
                    value.name
                ))
            })
        };
        let bias = match bias {
            Some(value) => {
                check_bias(value, channels)?;
                real(value)?.iter().copied().collect()
            }
            None => vec![0.0; channels],
        };
        Ok(Self {
            input_offset: 0,
            terms: Terms::F32 {
                filter: real(filter)?.iter().copied().collect(),
                bias,
            },
            scales: Vec::new(),
            output: OutputStage::Clamp {
                activation: activation.bounds(),
            },
            channels_last: false,
        })
    }

    /// The number of output channels.
    pub(super) fn channels(&self) -> usize {
        match &self.terms {
            Terms::I32 { bias, .. } => bias.len(),
            Terms::I64 { bias, .. } => bias.len(),
            Terms::F32 { bias, .. } => bias.len(),
        }
    }

    /// True if the outputs are int8.
    pub(super) fn is_int8_out(&self) -> bool {
        matches!(
            self.output,
            OutputStage::Requantize {
                element: ElementType::I8,
                ..
            }
        )
    }

    /// The number of weights.
    pub(crate) fn weights(&self) -> usize {
        match &self.terms {
            Terms::I32 { filter, .. } | Terms::I64 { filter, .. } => filter.len(),
            Terms::F32 { filter, .. } => filter.len(),
        }
    }

    /// Runs an operator by plain loops.
    pub(crate) fn simulate(&self, operator: &impl Weighted, input: &Buffer) -> Buffer {
        let offset = self.input_offset;
        macro_rules! sums {
            ($input:expr, $filter:expr, $bias:expr) => {
                operator.sums(&Sum {
                    input: $input,
                    offset,
                    filter: $filter,
                    bias: $bias,
                })
            };
        }
        match (&self.terms, input) {
            (Terms::I32 { filter, bias }, Buffer::I16(x)) => {
                self.finish(&sums!(x, filter, bias), Multiplier::apply)
            }
            (Terms::I32 { filter, bias }, x) => {
                let once = matches!(
                    self.output,
                    OutputStage::Requantize {
                        rounds_once: true,
                        ..
                    }
                );
                let scaled = if once {
                    Multiplier::apply_once
                } else {
                    Multiplier::apply
                };
                self.finish(&sums!(x.i8(), filter, bias), scaled)
            }
            (Terms::I64 { filter, bias }, x) => {
                self.finish(&sums!(x.i16(), filter, bias), Multiplier::apply_i64)
            }
            (Terms::F32 { filter, bias }, x) => match self.output {
                OutputStage::Clamp {
                    activation: (min, max),
                } => Buffer::F32(
                    sums!(x.f32(), filter, bias)
                        .into_iter()
                        .map(|sum| sum.max(min).min(max))
                        .collect(),
                ),
                _ => Buffer::F32(Vec::new()),
            },
        }
    }

    /// Turns integer sums into the output.
    fn finish<A: Copy + Real>(&self, sums: &[A], scaled: impl Fn(Multiplier, A) -> i32) -> Buffer {
        let channels = self.scales.len().max(1);
        let with_channel = sums.iter().enumerate().map(|(i, sum)| (i % channels, *sum));
        match &self.output {
            OutputStage::Requantize {
                element,
                multipliers,
                output_offset,
                activation: (min, max),
                ..
            } => {
                let q = with_channel.map(|(c, sum)| {
                    let q = scaled(multipliers[c], sum).wrapping_add(*output_offset);
                    q.clamp(*min, *max)
                });
                if *element == ElementType::I16 {
                    Buffer::I16(q.map(|q| q as i16).collect())
                } else {
                    Buffer::I8(q.map(|q| q as i8).collect())
                }
            }
            OutputStage::Rescale {
                activation: (min, max),
            }
            | OutputStage::Clamp {
                activation: (min, max),
            } => Buffer::F32(
                with_channel
                    .map(|(c, sum)| (sum.real() * self.scales[c] as f32).max(*min).min(*max))
                    .collect(),
            ),
        }
    }

    /// What bias correction may change: int8 operators have it.
    pub(crate) fn accumulators(&mut self) -> Option<super::Accumulators<'_>> {
        match &mut self.terms {
            Terms::I32 { bias, .. } => Some(super::Accumulators {
                scales: self.scales.clone(),
                bias,
            }),
            _ => None,
        }
    }

    /// The `filter`, `bias` and `output` fields of the runtime's parameters,
    /// and the type arguments that they take.
    pub(crate) fn emit(&self, constants: &mut Constants) -> (TokenStream, TokenStream) {
        let offset = emit::int(self.input_offset);
        let (filter, bias, types) = match &self.terms {
            Terms::I32 { filter, bias } => (
                constants.bytes("FILTER", filter),
                constants.words("BIAS", bias),
                quote!(),
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

    /// The weights, biases and input zero point of an int8 operator; other kernels
    /// than the packed ones take the rest.
    pub(super) fn int8(&self) -> Option<(&[i8], &[i32], i32)> {
        let narrow = !matches!(
            self.output,
            OutputStage::Requantize {
                element: ElementType::I16,
                ..
            }
        );
        match &self.terms {
            Terms::I32 { filter, bias } if narrow => Some((filter, bias, -self.input_offset)),
            _ => None,
        }
    }

    /// The same with the weights of each channel side by side.
    pub(super) fn by_channel(&self) -> Self {
        let mut turned = self.clone();
        if let (true, Terms::I32 { filter, bias }) = (self.channels_last, &mut turned.terms) {
            let channels = bias.len().max(1);
            let all = (0..channels).flat_map(|c| filter.iter().skip(c).step_by(channels));
            *filter = all.copied().collect();
            turned.channels_last = false;
        }
        turned
    }

    /// The same with channels whose output does not depend on the input made
    /// constant. Converters give dead channels biases of 2^30, which need more than
    /// 32 bits on the way.
    pub(super) fn simplified(&self) -> Self {
        let mut simple = self.clone();
        let OutputStage::Requantize {
            element: ElementType::I8,
            multipliers,
            rounds_once: false,
            output_offset,
            ..
        } = &mut simple.output
        else {
            return simple;
        };
        let Terms::I32 { filter, bias } = &mut simple.terms else {
            return simple;
        };
        let reaches = self.reaches(filter);
        let mut is_constant = vec![false; bias.len()];
        for (channel, (bias, multiplier)) in bias.iter_mut().zip(multipliers).enumerate() {
            let sums = [-reaches[channel], reaches[channel]].map(|r| i64::from(*bias) + r);
            if let Some(q) = self.outputs_of(channel, sums).constant() {
                *bias = (q - *output_offset) << 8;
                *multiplier = Multiplier {
                    multiplier: 1 << 30,
                    shift: -7,
                };
                is_constant[channel] = true;
            }
        }
        let channel_of = self.channel_of(filter.len());
        for (i, weight) in filter.iter_mut().enumerate() {
            if is_constant.get(channel_of(i)) == Some(&true) {
                *weight = 0;
            }
        }
        simple
    }

    /// The int8 outputs of a channel whose sums lie between these two.
    pub(super) fn outputs_of(&self, channel: usize, sums: [i64; 2]) -> Range {
        let OutputStage::Requantize {
            element: ElementType::I8,
            multipliers,
            rounds_once,
            output_offset,
            activation: (min, max),
        } = &self.output
        else {
            return Range::FULL;
        };
        let is_one = sums[0] == sums[1];
        let output = |sum: i64| {
            let multiplier = *multipliers.get(channel)?;
            let sum = i32::try_from(sum).ok()?;
            let shifted = i64::from(sum) << multiplier.shift.max(0);
            // Within 32 bits, more is never less; one sum has one output in any case.
            let grows = multiplier.multiplier >= 0 && i32::try_from(shifted).is_ok();
            let q = multiplier.apply(sum).checked_add(*output_offset)?;
            (!rounds_once && (is_one || grows)).then(|| q.clamp(*min, *max))
        };
        match sums.map(output) {
            [Some(least), Some(greatest)] => Range {
                min: least,
                max: greatest,
            },
            _ => Range {
                min: *min,
                max: *max,
            },
        }
    }

    /// The same of some output channels, which have these int8 weights and biases.
    pub(super) fn of_channels(&self, channels: &Channels, filter: Vec<i8>, bias: Vec<i32>) -> Self {
        let mut some = self.clone();
        some.terms = Terms::I32 { filter, bias };
        some.scales = channels.keep(&some.scales);
        if let OutputStage::Requantize { multipliers, .. } = &mut some.output {
            *multipliers = channels.keep(multipliers);
        }
        some
    }

    /// The largest magnitude that each channel's sums can have.
    fn bounds(&self) -> Option<Vec<i64>> {
        let (filter, bias, _) = self.int8()?;
        let bounds = bias.iter().zip(self.reaches(filter));
        Some(
            bounds
                .map(|(b, reach)| i64::from(*b).abs() + reach)
                .collect(),
        )
    }

    /// The output channel of each weight.
    fn channel_of(&self, weights: usize) -> impl Fn(usize) -> usize + use<> {
        let channels = self.channels().max(1);
        let (per_channel, last) = ((weights / channels).max(1), self.channels_last);
        move |i| if last { i % channels } else { i / per_channel }
    }

    /// The largest magnitude that the sums of each channel's products can have.
    fn reaches(&self, filter: &[i8]) -> Vec<i64> {
        let mut reaches = vec![0; self.channels()];
        let channel_of = self.channel_of(filter.len());
        for (i, w) in filter.iter().enumerate() {
            if let Some(reach) = reaches.get_mut(channel_of(i)) {
                *reach += i64::from(*w).abs() * 255;
            }
        }
        reaches
    }

    /// True if no sum leaves 32 bits where it is shifted left by one more than its
    /// multiplier asks for: then few instructions give the reference's rounding.
    fn is_small(&self, multipliers: &[Multiplier]) -> bool {
        let Some(bounds) = self.bounds() else {
            return false;
        };
        bounds.iter().zip(multipliers).all(|(&bound, m)| {
            (-31..=15).contains(&m.shift)
                && m.multiplier >= 1 << 30
                && bound << (1 + m.shift.max(0)) < 1 << 31
        })
    }

    /// True if the few-instruction stage applies.
    pub(super) fn is_fast(&self) -> bool {
        match &self.output {
            OutputStage::Requantize {
                element: ElementType::I8,
                multipliers,
                rounds_once: false,
                ..
            } => self.is_small(multipliers),
            _ => false,
        }
    }

    /// The output stage of kernels with blocked weights, and its type; `order` lists
    /// the channels as the kernel wants them. Blocks share multipliers that are all the
    /// same, if they can.
    pub(super) fn emit_blocks(
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
        if !self.is_fast() {
            return self.emit_output(false, constants);
        }
        let one_sided = min >= output_offset;
        let bounds = self.bounds().unwrap_or_default();
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
        let channels = constants.ready(&ordered[..listed], *output_offset);
        let (offset, min, max) = (emit::int(*output_offset), emit::int(*min), emit::int(*max));
        let stage = quote!(rt::Scales {
            channels: #channels,
            output_offset: #offset,
            activation_min: #min,
            activation_max: #max,
        });
        (stage, quote!(rt::Scales<'static>))
    }

    /// The largest magnitude of a sum, if outputs are int8 by few instructions.
    pub(super) fn fast_bound(&self) -> Option<i64> {
        let simplified = self.simplified();
        simplified
            .is_fast()
            .then(|| simplified.bounds())??
            .into_iter()
            .max()
    }

    /// The output stage and its type; `shares` if the kernel can take one multiplier
    /// that all channels have.
    pub(super) fn emit_output(
        &self,
        shares: bool,
        constants: &mut Constants,
    ) -> (TokenStream, TokenStream) {
        let bounds = |(min, max): (f32, f32)| {
            let (min, max) = (emit::float(min), emit::float(max));
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
                    emit::int(*output_offset),
                    emit::int(*min_q),
                    emit::int(*max_q),
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

/// Sums as real numbers.
trait Real {
    fn real(self) -> f32;
}

impl Real for i32 {
    fn real(self) -> f32 {
        self as f32
    }
}

impl Real for i64 {
    fn real(self) -> f32 {
        self as f32
    }
}

fn saturated(x: i64) -> i32 {
    x.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// Float weights with the bias added: the shared end of the float evaluators.
pub(crate) fn add_bias(
    output: &mut ArrayD<f32>,
    bias: Option<&ndarray::ArrayViewD<'_, f32>>,
    activation: Activation,
) {
    let channels = output.shape().last().copied().unwrap_or(1).max(1);
    let bias: Option<Vec<f32>> = bias.map(|b| b.iter().copied().collect());
    for (i, x) in output.iter_mut().enumerate() {
        let b = bias
            .as_ref()
            .map_or(0.0, |b| b.get(i % channels).copied().unwrap_or(0.0));
        *x = activation.apply(*x + b);
    }
}
