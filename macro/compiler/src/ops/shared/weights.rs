//! Int8 weights and biases in steps.

use niello_numeric::channels;

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::graph::{Constant, ElementType, FileQuantization, Value, contiguous};
use crate::ir::rounding::Rounding;

/// Int8 weights with one scale, or one per output channel.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// The weights in the file's order.
    pub data: Vec<i8>,
    pub scales: Vec<f32>,
    /// The one of all; 0 but for old files.
    pub zero_point: i32,
}

/// Weights less their zero point.
pub(crate) enum Centered {
    Narrow(Vec<i8>),
    /// Asymmetric ones take 9 bits.
    Wide(Vec<i16>),
}

impl Weights {
    /// The scale of a channel.
    pub(crate) fn scale(&self, channel: usize) -> f32 {
        self.scales[if self.scales.len() == 1 { 0 } else { channel }]
    }

    /// Less their zero point, in 8 bits if they fit.
    pub(crate) fn centered(&self) -> Centered {
        if self.zero_point == 0 {
            return Centered::Narrow(self.data.clone());
        }
        let all = self.data.iter().map(|&w| i32::from(w) - self.zero_point);
        let narrow = |w: i32| i8::try_from(w).ok().filter(|&w| w != i8::MIN);
        match all.clone().map(narrow).collect() {
            Some(narrow) => Centered::Narrow(narrow),
            None => Centered::Wide(all.map(|w| w as i16).collect()),
        }
    }
}

/// Takes int8 weights as they are and quantizes float ones symmetrically to
/// [-127, 127] along `axis` (8-bit specification, "per-axis").
pub(crate) fn weights(value: &Value, axis: usize, per_channel: bool) -> Result<Weights> {
    let weights = weights_of_scales(value, axis, per_channel, &[], None)?;
    if weights.zero_point != 0 {
        return Err(asymmetric(value));
    }
    Ok(weights)
}

/// The error about weights that have a zero point where none is supported.
pub(crate) fn asymmetric(value: &Value) -> Error {
    let channel = value.channel_zero_points.iter().find(|&&z| z != 0);
    let zero_point = channel.copied().or(value.params().map(|p| p.zero_point));
    Error::model(format!(
        "int8 weights {:?} have zero point {}; the 8-bit specification asks for 0, and \
         LiteRT does not run them either",
        value.name,
        zero_point.unwrap_or(0)
    ))
}

/// Quantizes weights with scales that are not below `least`; where `rounding` has scales that are
/// not, it says how they are rounded.
pub(crate) fn weights_of_scales(
    value: &Value,
    axis: usize,
    per_channel: bool,
    least: &[f32],
    rounding: Option<&Rounding>,
) -> Result<Weights> {
    let channels = value.shape.get(axis).copied();
    let channels = channels
        .ok_or_else(|| Error::model(format!("weights {:?} have no channels", value.name)))?;
    match (&value.constant, &value.quantization) {
        (Some(Constant::I8(data)), Some(FileQuantization::PerChannel { scales, dimension }))
            if *dimension == axis =>
        {
            Ok(Weights {
                data: data.iter().copied().collect(),
                scales: scales.clone(),
                zero_point: 0,
            })
        }
        (Some(Constant::I8(data)), Some(FileQuantization::PerTensor(params))) => Ok(Weights {
            data: data.iter().copied().collect(),
            scales: vec![params.scale],
            zero_point: params.zero_point,
        }),
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
            let view = data.view();
            let real = contiguous(&view);
            let inside: usize = value.shape[axis + 1..].iter().product();
            let mut scales = match simulated {
                // Training simulated this grid; another would lose what it learned.
                Some(FileQuantization::Range { min, max }) => {
                    vec![symmetric_scale(min.abs().max(max.abs()))]
                }
                _ => {
                    let [channels, inside] = if per_channel {
                        [channels, inside]
                    } else {
                        [1, data.len()]
                    };
                    let largest = channels::largest(&real, channels, inside);
                    largest.into_iter().map(symmetric_scale).collect()
                }
            };
            let rounding = rounding.filter(|r| r.fits(data.len(), scales.len()));
            if let Some(rounding) = rounding {
                scales.clone_from(&rounding.scales);
            }
            if let [one] = scales.as_mut_slice() {
                *one = least.iter().fold(*one, |one, least| one.max(*least));
            } else {
                for (scale, least) in scales.iter_mut().zip(least) {
                    *scale = scale.max(*least);
                }
            }
            let mut weights = Weights {
                data: channels::nearest_steps(&real, &scales, inside),
                scales,
                zero_point: 0,
            };
            let Some(rounding) = rounding else {
                return Ok(weights);
            };
            for (i, q) in weights.data.iter_mut().enumerate() {
                let channel = if weights.scales.len() == 1 {
                    0
                } else {
                    i / inside % channels
                };
                if rounding.scales[channel] == weights.scales[channel] {
                    let steps = i32::from(*q) + rounding.beside(i);
                    *q = steps.clamp(-127, 127) as i8;
                }
            }
            Ok(weights)
        }
        (Some(Constant::I16(_)), _) => Err(Error::model(format!(
            "weights {:?} are int16, which TFLite has no kernel for: with activations of int16 (16x8) \
             weights are int8",
            value.name
        ))),
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

/// A scale that maps `max` to 127; channels of zeros get any scale.
pub(crate) fn symmetric_scale(max: f32) -> f32 {
    if max > f32::MIN_POSITIVE * 127.0 {
        max / 127.0
    } else {
        1.0
    }
}

/// The weights' scales below which a float bias would leave the sums' range: 31 bits for int8
/// inputs; for int16 ones 47, beyond which the reference's requantization is not defined.
/// Channels whose weights training has all but removed have such biases: their weights become 0.
pub(crate) fn least_scales(
    bias: Option<&Value>,
    input: QuantParams,
    element: ElementType,
) -> Vec<f32> {
    let most = match element {
        ElementType::I16 => (1_u64 << 46) as f32,
        _ => (1_u64 << 30) as f32,
    };
    let Some(Constant::F32(bias)) = bias.and_then(|b| b.constant.as_ref()) else {
        return Vec::new();
    };
    let least = |b: &f32| b.abs() / (input.scale * most);
    let finite = |scale: f32| if scale.is_finite() { scale } else { 0.0 };
    bias.iter().map(|b| finite(least(b))).collect()
}

/// The bias at scale input x weight, in steps; zeros where the operator has none.
pub(crate) fn bias(
    value: Option<&Value>,
    input: QuantParams,
    weights: &Weights,
    channels: usize,
) -> Result<Vec<i64>> {
    let Some(value) = value else {
        return Ok(vec![0; channels]);
    };
    check_bias(value, channels)?;
    match &value.constant {
        Some(Constant::I32(data)) => Ok(data.iter().map(|&x| x.into()).collect()),
        Some(Constant::I64(data)) => Ok(data.iter().copied().collect()),
        Some(Constant::F32(data)) => Ok(data
            .iter()
            .enumerate()
            .map(|(c, &real)| {
                (f64::from(real) / (f64::from(input.scale) * f64::from(weights.scale(c)))).round()
                    as i64
            })
            .collect()),
        _ => Err(Error::model(format!(
            "bias {:?} is not a constant of float32, int32 or int64",
            value.name
        ))),
    }
}

pub(crate) fn check_bias(value: &Value, channels: usize) -> Result<()> {
    if value.len() == channels {
        return Ok(());
    }
    Err(Error::model(format!(
        "bias {:?} has {} elements, expected {channels}",
        value.name,
        value.len()
    )))
}

/// A bias of so many channels, in steps of one scale.
pub(crate) fn bias_values(value: &Value, scale: f64, channels: usize) -> Result<Vec<i32>> {
    check_bias(value, channels)?;
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

/// The sum of `(x + offset) * w`.
pub(crate) fn weights_dot(x: &[i8], w: &[i8], offset: i32) -> i32 {
    x.iter().zip(w).fold(0, |sum: i32, (&x, &w)| {
        sum.wrapping_add((i32::from(x) + offset) * i32::from(w))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::graph::array;

    fn value(shape: &[usize], data: Vec<f32>) -> Value {
        Value {
            name: "w".into(),
            shape: shape.to_vec(),
            element: crate::ir::graph::ElementType::F32,
            quantization: None,
            unsigned: false,
            channel_zero_points: Vec::new(),
            kept: None,
            trained: false,
            constant: Some(Constant::F32(
                array(shape, data).expect("as many as the shape says"),
            )),
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
    fn biases_fit_into_31_bits() {
        let input = QuantParams {
            scale: 0.5,
            zero_point: 0,
        };
        let bias_value = value(&[2], vec![-3.0, 1.0]);
        let filter = value(&[2, 1], vec![1e-30, 0.25]);
        let least = least_scales(Some(&bias_value), input, ElementType::I8);
        let w = weights_of_scales(&filter, 0, true, &least, None).expect("finite");
        assert_eq!(w.data, [0, 127]);
        let steps = bias(Some(&bias_value), input, &w, 2).expect("as many");
        assert_eq!(steps, [-(1 << 30), 1016]);
    }

    #[test]
    fn weights_that_are_not_finite_are_named() {
        let error = weights(&value(&[1, 1], vec![f32::NAN]), 0, true).expect_err("NaN");
        assert!(error.message.contains("\"w\" contain NaN"));
    }
}
