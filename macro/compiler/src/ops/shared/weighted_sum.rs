//! Sums of products with constant weights, and the step from them to outputs.

pub(crate) mod bounds;
pub(crate) mod channels;
pub(crate) mod emit;
mod int16;

pub(crate) use int16::Int16Sums;
use ndarray::{ArrayD, ArrayViewD};
use niello_numeric::float_sums;
use niello_numeric::outputs::{self, Requantization};
use niello_numeric::products::{Accumulate, Factors, Walk};

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, Operand, Reference, Target};
use crate::ir::graph::{Constant, ElementType, Value, array};
use crate::ir::kernel::{Accumulators, Biases};
#[cfg(feature = "export")]
use crate::ir::kernel::{StoredBias, StoredWeights};
use crate::ops::shared::operands::flat;
use crate::ops::shared::weights::{
    Centered, asymmetric, bias, check_bias, least_scales, weights_of_scales,
};

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
    /// int8 inputs, and weights that take 9 bits less their zero point.
    Wide { filter: Vec<i16>, bias: Vec<i32> },
    /// int16 inputs, whose sums need 64 bits.
    I64 { filter: Vec<i8>, bias: Vec<i64> },
    /// An operator that is kept in float.
    F32 { filter: Vec<f32>, bias: Vec<f32> },
}

/// What the sums of an operator are added up in.
enum Sums {
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
}

/// What convolutions and fully connected layers have in common: weights, bias
/// and output stage, with the input's zero point.
#[derive(Clone, Debug)]
pub(crate) struct Accumulation {
    /// The type of the input's elements.
    input: ElementType,
    input_offset: i32,
    terms: Terms,
    /// Real value of one accumulator step, per channel.
    scales: Vec<f64>,
    /// Real value of one step of the weights: one, or one per channel.
    #[cfg(feature = "export")]
    weight_scales: Vec<f32>,
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

impl ScaleProduct {
    /// True if the reference multiplies in single precision; LiteRT has it the other way
    /// round in part.
    fn is_single(self, context: &LowerContext<'_>) -> bool {
        match (self, context.reference) {
            (Self::Double, _) => context.in_uint8,
            (Self::SingleIfPerTensor, reference) => reference == Reference::TfliteMicro,
        }
    }

    /// True if zero points of weights count: kernels for int8 convolutions read over them.
    fn has_zero_points(self, context: &LowerContext<'_>) -> bool {
        self == Self::SingleIfPerTensor || context.in_uint8 || context.in_float
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

    /// Quantizes weights and bias of an operator that has input, weights and bias in these places.
    pub(crate) fn of(
        [input, filter, bias_input]: [usize; 3],
        context: &LowerContext<'_>,
        axis: usize,
        activation: Activation,
        product: ScaleProduct,
    ) -> Result<Self> {
        let &Operand {
            value: filter,
            rounding,
            ..
        } = context.input(filter)?;
        let channels = filter.shape.get(axis).copied();
        let channels = channels.ok_or_else(|| Error::model("its weights have no channels"))?;
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
        let least = least_scales(bias_value, input, element);
        let mut weights = weights_of_scales(filter, axis, context.per_channel, &least, rounding)?;
        if !product.has_zero_points(context) {
            weights.zero_point = 0;
        }
        let bias = bias(bias_value, input, &weights, channels)?;
        let scales: Vec<f64> = (0..channels)
            .map(|c| {
                if product.is_single(context) && weights.scales.len() == 1 {
                    f64::from(input.scale * weights.scale(c))
                } else {
                    f64::from(input.scale) * f64::from(weights.scale(c))
                }
            })
            .collect();
        let output = match context.target {
            // The sums are the same, whichever of the two types the output has.
            Target::I8(output) | Target::I16(output) => {
                let rounds_once = [element, context.target.element()] == [ElementType::I8; 2]
                    && product == ScaleProduct::SingleIfPerTensor
                    && context.reference == Reference::LiteRt;
                let multiplier = if rounds_once {
                    Multiplier::once
                } else {
                    Multiplier::new
                };
                let factors = scales.iter().map(|scale| scale / f64::from(output.scale));
                let element = context.target.element();
                OutputStage::Requantize {
                    element,
                    multipliers: factors.map(multiplier).collect(),
                    rounds_once,
                    output_offset: output.zero_point,
                    activation: activation.bounds_in(output, element),
                }
            }
            Target::F32 => OutputStage::Rescale {
                activation: activation.bounds(),
            },
            other => {
                let (from, to) = (element.name(), other.element().name());
                return Err(Error::model(format!("cannot write {to} from {from}")));
            }
        };
        // A 16x8 model may ask for 32-bit sums, by its biases' type.
        let narrow = bias_value.is_some_and(|b| matches!(b.constant, Some(Constant::I32(_))));
        let terms = match weights.centered() {
            Centered::Narrow(filter) if element == ElementType::I16 && !narrow => {
                Terms::I64 { filter, bias }
            }
            Centered::Narrow(filter) => Terms::I32 {
                filter,
                bias: bias.into_iter().map(saturated).collect(),
            },
            Centered::Wide(_) if element == ElementType::I16 => return Err(asymmetric(filter)),
            Centered::Wide(filter) => Terms::Wide {
                filter,
                bias: bias.into_iter().map(saturated).collect(),
            },
        };
        Ok(Self {
            input: element,
            input_offset: -input.zero_point,
            terms,
            scales,
            #[cfg(feature = "export")]
            weight_scales: weights.scales,
            output,
            channels_last: axis > 0,
        })
    }

    /// The sums of an operator that is kept in float.
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
            input: ElementType::F32,
            input_offset: 0,
            terms: Terms::F32 {
                filter: real(filter)?.iter().copied().collect(),
                bias,
            },
            scales: Vec::new(),
            #[cfg(feature = "export")]
            weight_scales: Vec::new(),
            output: OutputStage::Clamp {
                activation: activation.bounds(),
            },
            channels_last: false,
        })
    }

    /// The number of output channels.
    pub(crate) fn channels(&self) -> usize {
        match &self.terms {
            Terms::I32 { bias, .. } | Terms::Wide { bias, .. } => bias.len(),
            Terms::I64 { bias, .. } => bias.len(),
            Terms::F32 { bias, .. } => bias.len(),
        }
    }

    /// True if the outputs are int8.
    pub(crate) fn is_int8_out(&self) -> bool {
        matches!(
            self.output,
            OutputStage::Requantize {
                element: ElementType::I8,
                ..
            }
        )
    }

    /// How many weights there are.
    pub(crate) fn weights(&self) -> usize {
        match &self.terms {
            Terms::I32 { filter, .. } | Terms::I64 { filter, .. } => filter.len(),
            Terms::Wide { filter, .. } => filter.len(),
            Terms::F32 { filter, .. } => filter.len(),
        }
    }

    /// Runs an operator by plain loops.
    pub(crate) fn simulate(&self, walk: &Walk, input: &Buffer) -> Buffer {
        let sums = self.sums(walk, input);
        let (element, to) = match &self.output {
            OutputStage::Requantize {
                element,
                multipliers,
                rounds_once,
                output_offset,
                activation,
            } => {
                let to = Requantization {
                    multipliers,
                    rounds_once: *rounds_once && matches!(input, Buffer::I8(_)),
                    offset: *output_offset,
                    activation: *activation,
                };
                (*element, to)
            }
            OutputStage::Rescale { activation } | OutputStage::Clamp { activation } => {
                return Buffer::F32(match sums {
                    Sums::I32(sums) => outputs::rescale_i32(&sums, &self.scales, *activation),
                    Sums::I64(sums) => outputs::rescale_i64(&sums, &self.scales, *activation),
                    Sums::F32(mut sums) => {
                        outputs::clamp(&mut sums, *activation);
                        sums
                    }
                });
            }
        };
        match sums {
            Sums::I32(sums) => Buffer::saturated(element, to.of_i32(&sums)),
            Sums::I64(sums) => Buffer::saturated(element, to.of_i64(&sums)),
            Sums::F32(_) => Buffer::F32(Vec::new()),
        }
    }

    /// The sums of all outputs, biases included.
    fn sums(&self, walk: &Walk, input: &Buffer) -> Sums {
        let offset = self.input_offset;
        macro_rules! sums {
            ($input:expr, $filter:expr, $bias:expr) => {
                Accumulate::sums(
                    walk,
                    &Factors {
                        input: $input,
                        offset,
                        filter: $filter,
                        bias: $bias,
                    },
                )
            };
        }
        match (&self.terms, input) {
            (Terms::I32 { filter, bias }, Buffer::I16(x)) => {
                Sums::I32(sums!(x.as_slice(), filter, bias.as_slice()))
            }
            (Terms::I32 { filter, bias }, x) => Sums::I32(sums!(x.i8(), filter, bias.as_slice())),
            (Terms::Wide { filter, bias }, x) => Sums::I32(sums!(x.i8(), filter, bias.as_slice())),
            (Terms::I64 { filter, bias }, x) => Sums::I64(sums!(x.i16(), filter, bias.as_slice())),
            (Terms::F32 { filter, bias }, x) => Sums::F32(sums!(x.f32(), filter, bias.as_slice())),
        }
    }

    /// What bias correction may change: operators with 8-bit weights have it.
    pub(crate) fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        let bias = match &mut self.terms {
            Terms::I32 { bias, .. } => Biases::I32(bias),
            Terms::I64 { bias, .. } => Biases::I64(bias),
            Terms::Wide { .. } | Terms::F32 { .. } => return None,
        };
        Some(Accumulators {
            bias,
            scales: self.scales.clone(),
        })
    }

    /// Weights and biases as a file holds them: not for 9 bits, nor in float.
    #[cfg(feature = "export")]
    pub(crate) fn stored(&self) -> Option<StoredWeights<'_>> {
        let (filter, bias) = match &self.terms {
            Terms::I32 { filter, bias } => (filter, StoredBias::I32(bias)),
            Terms::I64 { filter, bias } => (filter, StoredBias::I64(bias)),
            Terms::Wide { .. } | Terms::F32 { .. } => return None,
        };
        Some(StoredWeights {
            filter,
            scales: &self.weight_scales,
            bias,
        })
    }

    /// The weights, biases and input zero point of an int8 operator; other kernels
    /// than the packed ones take the rest.
    pub(crate) fn int8(&self) -> Option<(&[i8], &[i32], i32)> {
        let is_int8 = self.input == ElementType::I8;
        match &self.terms {
            Terms::I32 { filter, bias } if is_int8 => Some((filter, bias, -self.input_offset)),
            _ => None,
        }
    }
}

fn saturated(x: i64) -> i32 {
    x.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// The output of a float evaluation: sums of products in the order of an operator, with its bias
/// and activation.
pub(crate) fn evaluate(
    walk: &Walk,
    [input, filter]: [&ArrayViewD<'_, f32>; 2],
    bias: Option<&ArrayViewD<'_, f32>>,
    activation: Activation,
    shape: &[usize],
) -> Result<ArrayD<f32>> {
    let channels = shape.last().copied().unwrap_or(1).max(1);
    let bias: Vec<f32> = match bias {
        Some(bias) => bias.iter().copied().collect(),
        None => vec![0.0; channels],
    };
    if bias.len() != channels {
        return Err(Error::model(format!(
            "its bias has {} elements, its output {channels} channels",
            bias.len()
        )));
    }
    let (input, filter) = (input.as_standard_layout(), filter.as_standard_layout());
    let sums = float_sums::sums(walk, channels, flat(&input)?, flat(&filter)?);
    let mut sums = sums.map_err(Error::internal)?;
    outputs::add_bias(&mut sums, &bias, activation.bounds());
    array(shape, sums)
}
