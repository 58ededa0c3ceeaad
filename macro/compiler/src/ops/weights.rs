//! Int8 weights, int32 biases and the step from accumulator to output.

use ndarray::{ArrayD, Axis};
use proc_macro2::TokenStream;
use quote::quote;

use super::{Activation, Buffer, LowerContext, Reference, Target};
use crate::emit::{self, Constants};
use crate::error::{Error, Result};
use crate::graph::{Constant, QuantParams, Quantization, Value};
use crate::quantize::arithmetic::Multiplier;

/// Int8 weights with one scale, or one per output channel; zero point 0.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// In the file's order.
    pub data: Vec<i8>,
    pub scales: Vec<f32>,
}

impl Weights {
    /// The scale of a channel.
    pub(crate) fn scale(&self, channel: usize) -> f32 {
        self.scales[if self.scales.len() == 1 { 0 } else { channel }]
    }
}

/// Takes int8 weights as they are and quantizes float ones symmetrically to
/// [-127, 127] along `axis` (8-bit specification, "per-axis").
pub(crate) fn weights(value: &Value, axis: usize, per_channel: bool) -> Result<Weights> {
    let channels = value.shape.get(axis).copied().unwrap_or(0);
    match (&value.constant, &value.quantization) {
        (Some(Constant::I8(data)), Some(Quantization::PerChannel { scales, dimension }))
            if *dimension == axis =>
        {
            Ok(Weights {
                data: data.iter().copied().collect(),
                scales: scales.clone(),
            })
        }
        (Some(Constant::I8(data)), Some(Quantization::PerTensor(params))) => {
            if params.zero_point != 0 {
                return Err(Error::model(format!(
                    "weights {:?} have zero point {}; the 8-bit specification asks for 0",
                    value.name, params.zero_point
                )));
            }
            Ok(Weights {
                data: data.iter().copied().collect(),
                scales: vec![params.scale],
            })
        }
        (Some(Constant::I8(_)), _) => Err(Error::model(format!(
            "int8 weights {:?} have no scales along dimension {axis}",
            value.name
        ))),
        (Some(Constant::F32(data)), simulated) => {
            if let Some(bad) = data.iter().find(|x| !x.is_finite()) {
                return Err(Error::model(format!(
                    "weights {:?} contain {bad}",
                    value.name
                )));
            }
            let scales = match simulated {
                // Training simulated this grid; another would lose what it learned.
                Some(Quantization::Range { min, max }) => {
                    vec![symmetric_scale(min.abs().max(max.abs()))]
                }
                _ if per_channel => data
                    .axis_iter(Axis(axis))
                    .map(|slice| symmetric_scale(max_abs(slice.iter())))
                    .collect(),
                _ => vec![symmetric_scale(max_abs(data.iter()))],
            };
            let mut weights = Weights {
                data: vec![0; data.len()],
                scales,
            };
            let inner: usize = value.shape[axis + 1..].iter().product();
            for (i, (q, &real)) in weights.data.iter_mut().zip(data).enumerate() {
                let scale = weights.scales[if weights.scales.len() == 1 {
                    0
                } else {
                    i / inner % channels
                }];
                *q = (real / scale).round().clamp(-127.0, 127.0) as i8;
            }
            Ok(weights)
        }
        (Some(_), _) => Err(Error::model(format!(
            "weights {:?} are integers; expected int8, float16 or float32",
            value.name
        ))),
        (None, _) => Err(Error::model(format!(
            "weights {:?} are computed at run time; only constant weights are supported yet",
            value.name
        ))),
    }
}

fn max_abs<'a>(values: impl Iterator<Item = &'a f32>) -> f32 {
    values.fold(0.0, |m: f32, x| m.max(x.abs()))
}

/// A scale that maps `max` to 127; channels of zeros get any scale.
fn symmetric_scale(max: f32) -> f32 {
    if max > f32::MIN_POSITIVE * 127.0 {
        max / 127.0
    } else {
        1.0
    }
}

/// The int32 bias at scale input x weight; zeros where the operator has none.
fn bias(
    value: Option<&Value>,
    input: QuantParams,
    weights: &Weights,
    channels: usize,
) -> Result<Vec<i32>> {
    let Some(value) = value else {
        return Ok(vec![0; channels]);
    };
    if value.len() != channels {
        return Err(Error::model(format!(
            "bias {:?} has {} elements, expected {channels}",
            value.name,
            value.len()
        )));
    }
    match &value.constant {
        Some(Constant::I32(data)) => Ok(data.iter().copied().collect()),
        Some(Constant::F32(data)) => Ok(data
            .iter()
            .enumerate()
            .map(|(c, &real)| {
                (f64::from(real) / (f64::from(input.scale) * f64::from(weights.scale(c)))).round()
                    as i32
            })
            .collect()),
        _ => Err(Error::model(format!(
            "bias {:?} is neither a float nor an int32 constant",
            value.name
        ))),
    }
}

/// A bias at one scale.
pub(crate) fn bias_values(value: &Value, scale: f64) -> Result<Vec<i32>> {
    let steps = |real: &f32| (f64::from(*real) / scale).round() as i32;
    match &value.constant {
        Some(Constant::I32(data)) => Ok(data.iter().copied().collect()),
        Some(Constant::F32(data)) => Ok(data.iter().map(steps).collect()),
        _ => Err(Error::model(format!(
            "bias {:?} is neither a float nor an int32 constant",
            value.name
        ))),
    }
}

/// From accumulator to output, per channel.
#[derive(Clone, Debug)]
pub(crate) enum OutputStage {
    /// int8, by a fixed-point multiplier per channel.
    Requantize {
        multipliers: Vec<Multiplier>,
        /// LiteRT's fully connected layers round once.
        rounds_once: bool,
        output_offset: i32,
        activation: (i32, i32),
    },
    /// Real values, for an f32 output.
    Rescale { activation: (f32, f32) },
}

/// What convolutions and fully connected layers have in common: weights, bias
/// and output stage, with the input's zero point.
#[derive(Clone, Debug)]
pub(crate) struct Accumulation {
    pub input_offset: i32,
    pub filter: Vec<i8>,
    pub bias: Vec<i32>,
    /// Real value of one accumulator step, per channel.
    pub scales: Vec<f64>,
    pub output: OutputStage,
}

/// How TensorFlow Lite Micro multiplies the scales of per-tensor weights.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ScaleProduct {
    /// In double precision: convolutions, and anything per channel.
    Double,
    /// In single precision if there is one weight scale: fully connected.
    SingleIfPerTensor,
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
        let input = context.params(input)?;
        let filter = context.input(filter)?.value;
        let channels = filter.shape.get(axis).copied().unwrap_or(0);
        let weights = weights(filter, axis, context.per_channel)?;
        let bias_value = context
            .inputs
            .get(bias_input)
            .and_then(Option::as_ref)
            .map(|o| o.value);
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
            Target::I8(output) => OutputStage::Requantize {
                multipliers: scales
                    .iter()
                    .map(|scale| Multiplier::new(scale / f64::from(output.scale)))
                    .collect(),
                rounds_once: product == ScaleProduct::SingleIfPerTensor
                    && context.reference == Reference::LiteRt,
                output_offset: output.zero_point,
                activation: activation.quantized_bounds(output),
            },
            Target::F32 => OutputStage::Rescale {
                activation: activation.bounds(),
            },
            other => {
                let name = other.element().name();
                return Err(Error::model(format!("cannot write {name} from int8")));
            }
        };
        Ok(Self {
            input_offset: -input.zero_point,
            filter: weights.data,
            bias,
            scales,
            output,
        })
    }

    /// Turns accumulators (bias included, channels last) into the output.
    pub(crate) fn finish(&self, accumulators: &[i32]) -> Buffer {
        let channels = self.bias.len();
        let with_channel = accumulators
            .iter()
            .enumerate()
            .map(|(i, acc)| (i % channels, *acc));
        match &self.output {
            OutputStage::Requantize {
                multipliers,
                rounds_once,
                output_offset,
                activation: (min, max),
            } => Buffer::I8(
                with_channel
                    .map(|(c, acc)| {
                        let m = multipliers[c];
                        let scaled = if *rounds_once {
                            m.apply_once(acc)
                        } else {
                            m.apply(acc)
                        };
                        scaled.wrapping_add(*output_offset).clamp(*min, *max) as i8
                    })
                    .collect(),
            ),
            OutputStage::Rescale {
                activation: (min, max),
            } => Buffer::F32(
                with_channel
                    .map(|(c, acc)| (acc as f32 * self.scales[c] as f32).max(*min).min(*max))
                    .collect(),
            ),
        }
    }

    pub(crate) fn accumulators(&mut self) -> super::Accumulators<'_> {
        super::Accumulators {
            scales: self.scales.clone(),
            bias: &mut self.bias,
        }
    }

    /// The `filter`, `bias` and `output` fields of the runtime's parameters,
    /// and the type argument that the output stage gives them.
    pub(crate) fn emit(&self, constants: &mut Constants) -> (TokenStream, TokenStream) {
        let filter = constants.bytes("FILTER", &self.filter);
        let bias = constants.words("BIAS", &self.bias);
        let offset = emit::int(self.input_offset);
        let (output, stage) = match &self.output {
            OutputStage::Requantize {
                multipliers,
                rounds_once,
                output_offset,
                activation: (min, max),
            } => {
                let significands: Vec<i32> = multipliers.iter().map(|m| m.multiplier).collect();
                let shifts: Vec<i8> = multipliers.iter().map(|m| m.shift as i8).collect();
                let multiplier = constants.words("MULTIPLIER", &significands);
                let shift = constants.int8s("SHIFT", &shifts);
                let (offset, min, max) =
                    (emit::int(*output_offset), emit::int(*min), emit::int(*max));
                (
                    quote!(rt::Requantize {
                        multiplier: #multiplier,
                        shift: #shift,
                        output_offset: #offset,
                        activation_min: #min,
                        activation_max: #max,
                    }),
                    quote!(rt::Requantize<'static, #rounds_once>),
                )
            }
            OutputStage::Rescale {
                activation: (min, max),
            } => {
                let scales: Vec<f32> = self.scales.iter().map(|s| *s as f32).collect();
                let scale = constants.floats("SCALE", &scales);
                let (min, max) = (emit::float(*min), emit::float(*max));
                (
                    quote!(rt::Rescale { scale: #scale, activation_min: #min, activation_max: #max }),
                    quote!(rt::Rescale<'static>),
                )
            }
        };
        (
            quote!(input_offset: #offset, filter: #filter, bias: #bias, output: #output),
            stage,
        )
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::array;

    fn value(shape: &[usize], data: Vec<f32>) -> Value {
        Value {
            name: "w".into(),
            shape: shape.to_vec(),
            element: crate::graph::ElementType::F32,
            quantization: None,
            constant: Some(Constant::F32(array(shape, data))),
        }
    }

    #[test]
    fn float_weights_get_symmetric_scales_per_channel() {
        let w = weights(&value(&[2, 2], vec![1.27, -0.635, 0.0, 0.0]), 0, true).expect("finite");
        assert_eq!(w.data, [127, -64, 0, 0]);
        assert_eq!(w.scales, [0.01, 1.0]);
        let last = weights(&value(&[1, 2, 2], vec![1.0, 2.0, -1.0, 4.0]), 2, true).expect("finite");
        assert_eq!(last.data, [127, 64, -127, 127]);
        let one = weights(&value(&[2, 1], vec![1.0, 2.0]), 0, false).expect("finite");
        assert_eq!((one.data, one.scales.len()), (vec![64, 127], 1));
    }

    #[test]
    fn weights_that_are_not_finite_are_named() {
        let error = weights(&value(&[1, 1], vec![f32::NAN]), 0, true).expect_err("NaN");
        assert!(error.message.contains("\"w\" contain NaN"));
    }
}
