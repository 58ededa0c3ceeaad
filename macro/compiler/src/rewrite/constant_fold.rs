//! Operators on constants: computed at compile time.

use ndarray::{ArrayD, Axis, IxDyn};

use crate::arithmetic::quant_params::QuantParams;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::QuantRule;
use crate::ir::graph::{Constant, ElementType, FileQuantization, Graph, Node, Value, array};
use crate::ir::operator::Cast;
use crate::ops::shared::exact_int32;

/// True if all that `node` reads is known.
pub(crate) fn is_known(graph: &Graph, node: &Node) -> bool {
    let known = |v: &Option<usize>| v.is_none_or(|v| graph.values[v].constant.is_some());
    node.op.variables().is_empty()
        && (node.op.is_static() || !node.inputs.is_empty() && node.inputs.iter().all(known))
}

/// Computes `node` if all that it reads is known; false if not.
pub(crate) fn fold(graph: &mut Graph, node: &Node) -> Result<bool> {
    if !is_known(graph, node) {
        return Ok(false);
    }
    let input = node.inputs.first().copied().flatten();
    let from = input.map(|v| graph.values[v].clone());
    match (node.op.cast(), &from) {
        // A bias may have a scale that is not its operator's, weights a zero point by channel.
        (Some(Cast::Dequantize), Some(from))
            if from.element == ElementType::I32 || !from.channel_zero_points.is_empty() =>
        {
            graph.values[node.output()].constant = from.real().map(Constant::F32);
            return Ok(true);
        }
        // float16 was widened by the reader; int8 weights stay int8.
        (Some(Cast::Dequantize), Some(from)) => {
            let output = &mut graph.values[node.output()];
            output.constant = from.constant.clone();
            output.quantization = from.quantization.clone();
            output.element = from.element;
            output.trained = from.trained;
            return Ok(true);
        }
        (_, Some(from)) if node.op.is_view() && !is_per_channel(from) => {
            let output = &mut graph.values[node.output()];
            let shape = IxDyn(&output.shape);
            output.constant = from
                .constant
                .clone()
                .map(|c| reshaped(c, shape))
                .transpose()?;
            output.quantization = from.quantization.clone();
            output.element = from.element;
            output.trained = from.trained;
            return Ok(true);
        }
        _ => {}
    }
    if let Some(results) = integers(graph, node) {
        for (data, &output) in results.into_iter().zip(&node.outputs) {
            let output = &mut graph.values[output];
            let shape = output.shape.as_slice();
            output.constant = Some(match data {
                Buffer::I32(data) => Constant::I32(array(shape, data)?),
                Buffer::I16(data) => Constant::I16(array(shape, data)?),
                Buffer::F32(data) => Constant::F32(array(shape, data)?),
                other => Constant::I8(array(shape, other.i8().to_vec())?),
            });
        }
        return Ok(true);
    }
    let constants: Vec<_> = node
        .inputs
        .iter()
        .map(|v| v.and_then(|v| graph.values[v].real()))
        .collect();
    let views: Vec<_> = constants
        .iter()
        .map(|c| c.as_ref().map(|c| c.view()))
        .collect();
    let shapes: Vec<&[usize]> = node
        .outputs
        .iter()
        .map(|&v| graph.values[v].shape.as_slice())
        .collect();
    let results = node.op.evaluate_all(&views, &shapes)?;
    if !node.op.is_static() && is_rounded(graph, node, &results) {
        return Err(Error::model(format!(
            "it computes integers beyond {}, which is not supported at compile time",
            exact_int32::LARGEST
        )));
    }
    for (data, &output) in results.into_iter().zip(&node.outputs) {
        let output = &mut graph.values[output];
        match node.op.cast() {
            Some(Cast::FakeQuant { min, max }) => {
                output.quantization = Some(FileQuantization::Range { min, max });
            }
            Some(Cast::Quantize) => output.trained = true,
            _ => {}
        }
        // Weights that are moved keep their grid.
        let moves = node.op.rule() == QuantRule::SameAsInput
            && output.element == ElementType::F32
            && output.quantization.is_none();
        let moved = from.as_ref().filter(|_| moves);
        if let Some((from, (data, quantization))) =
            moved.and_then(|from| Some((from, on_grid(from, &data)?)))
        {
            output.element = ElementType::I8;
            output.constant = Some(Constant::I8(data));
            output.quantization = Some(quantization);
            output.trained = from.trained;
        } else {
            let simulated = moved.and_then(|from| from.quantization.clone());
            if let Some(range @ FileQuantization::Range { .. }) = simulated {
                output.quantization = Some(range);
            }
            output.constant = Some(constant(output, data)?);
        }
    }
    Ok(true)
}

/// The results of an operator on integers alone.
fn integers(graph: &Graph, node: &Node) -> Option<Vec<Buffer>> {
    let mut inputs = Vec::new();
    for input in &node.inputs {
        inputs.push(match input {
            Some(v) => {
                let value = &graph.values[*v];
                Some((value, exact_int32::constant(value.constant.as_ref()?)?))
            }
            None => None,
        });
    }
    let outputs: Vec<&Value> = node.outputs.iter().map(|&v| &graph.values[v]).collect();
    exact_int32::results(node.op.as_ref(), &inputs, &outputs)
}

/// True if integers went into `results` that f32 does not hold.
fn is_rounded(graph: &Graph, node: &Node, results: &[ArrayD<f32>]) -> bool {
    let is_integer = |v: usize| graph.values[v].element == ElementType::I32;
    let wide = |x: &f32| x.abs() > exact_int32::LARGEST as f32;
    let mut written = node.outputs.iter().zip(results);
    let inputs = node.inputs.iter().flatten().filter(|&&v| is_integer(v));
    let mut read = inputs.filter_map(|&v| graph.values[v].real()).peekable();
    // What real numbers become is as exact as they are.
    read.peek().is_some()
        && node.outputs.iter().any(|&v| is_integer(v))
        && (read.any(|data| data.iter().any(wide))
            || written.any(|(&v, data)| is_integer(v) && data.iter().any(wide)))
}

fn is_per_channel(value: &Value) -> bool {
    matches!(
        value.quantization,
        Some(FileQuantization::PerChannel { .. })
    )
}

/// The scale of each element of an array with scales per channel.
fn grid(quantization: &FileQuantization, shape: &[usize]) -> Option<ArrayD<QuantParams>> {
    let unit = |scale| QuantParams {
        scale,
        zero_point: 0,
    };
    match quantization {
        FileQuantization::PerChannel { scales, dimension } => {
            let mut all = ArrayD::from_elem(shape, unit(0.0));
            if shape.get(*dimension) != Some(&scales.len()) {
                return None;
            }
            for (mut slice, &scale) in all.axis_iter_mut(Axis(*dimension)).zip(scales) {
                slice.fill(unit(scale));
            }
            Some(all)
        }
        FileQuantization::PerTensor(_) | FileQuantization::Range { .. } => None,
    }
}

/// Real values as int8 with the scales of `from`, whose elements they are, if int8 holds them all:
/// per-channel scales along the dimension where they are now.
fn on_grid(from: &Value, data: &ArrayD<f32>) -> Option<(ArrayD<i8>, FileQuantization)> {
    if from.element != ElementType::I8 {
        return None;
    }
    let candidates = match from.quantization.as_ref()? {
        FileQuantization::PerChannel { scales, .. } => (0..data.ndim())
            .map(|dimension| FileQuantization::PerChannel {
                scales: scales.clone(),
                dimension,
            })
            .collect(),
        other => vec![other.clone()],
    };
    candidates.into_iter().find_map(|quantization| {
        if let FileQuantization::PerTensor(params) = quantization {
            let steps = data.mapv(|x| params.quantize(x));
            let pairs = || steps.iter().zip(data);
            let exact = pairs().all(|(q, x)| params.dequantize(*q) == *x);
            return exact.then_some((steps, quantization));
        }
        let grid = grid(&quantization, data.shape())?;
        let steps = ndarray::Zip::from(data)
            .and(&grid)
            .map_collect(|x, params| params.quantize(*x));
        let exact = steps
            .iter()
            .zip(&grid)
            .zip(data)
            .all(|((q, params), x)| params.dequantize(*q) == *x);
        exact.then_some((steps, quantization))
    })
}

/// Real values in the element type of the tensor that they belong to.
pub(crate) fn constant(value: &Value, data: ArrayD<f32>) -> Result<Constant> {
    let unit = QuantParams {
        scale: 1.0,
        zero_point: 0,
    };
    // Arrays of scales take twice the memory of what they scale.
    let whole = match &value.quantization {
        Some(FileQuantization::PerTensor(params)) => Some(*params),
        None => Some(unit),
        Some(_) if value.element == ElementType::F32 => Some(unit),
        Some(_) => None,
    };
    let channels = match (whole, &value.quantization) {
        (None, Some(q)) => Some(grid(q, data.shape()).ok_or_else(|| {
            Error::internal(format!("{q:?} does not fit constant {:?}", value.name))
        })?),
        _ => None,
    };
    let all = whole.unwrap_or(unit);
    Ok(match value.element {
        ElementType::I8 | ElementType::U8 => Constant::I8(match channels {
            Some(grid) => {
                let steps = ndarray::Zip::from(&data).and(&grid);
                steps.map_collect(|x, params| params.quantize(*x))
            }
            None => data.mapv(|x| all.quantize(x)),
        }),
        ElementType::I16 => Constant::I16(match channels {
            Some(grid) => {
                let steps = ndarray::Zip::from(&data).and(&grid);
                steps.map_collect(|x, params| params.quantize_i16(*x))
            }
            None => data.mapv(|x| all.quantize_i16(x)),
        }),
        ElementType::Bool => Constant::I8(data.mapv(|x| i8::from(x != 0.0))),
        ElementType::I32 => Constant::I32(data.mapv(|x| x as i32)),
        ElementType::U32 => Constant::I32(data.mapv(|x| x as u32 as i32)),
        ElementType::F32 => Constant::F32(data),
    })
}

fn reshaped(constant: Constant, shape: IxDyn) -> Result<Constant> {
    Ok(match constant {
        Constant::F32(data) => Constant::F32(reshape(data, shape)?),
        Constant::I8(data) => Constant::I8(reshape(data, shape)?),
        Constant::I16(data) => Constant::I16(reshape(data, shape)?),
        Constant::I32(data) => Constant::I32(reshape(data, shape)?),
        Constant::I64(data) => Constant::I64(reshape(data, shape)?),
    })
}

fn reshape<T: Clone>(data: ArrayD<T>, shape: IxDyn) -> Result<ArrayD<T>> {
    data.into_shape_with_order(shape).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    fn value(element: ElementType, quantization: Option<FileQuantization>) -> Value {
        Value {
            name: "w".into(),
            shape: vec![2, 3],
            element,
            quantization,
            constant: None,
            unsigned: false,
            channel_zero_points: Vec::new(),
            kept: None,
            trained: false,
        }
    }

    #[test]
    fn constants_have_a_scale_per_channel() {
        let per_channel = FileQuantization::PerChannel {
            scales: vec![0.5, 2.0],
            dimension: 0,
        };
        let mut weights = value(ElementType::I8, Some(per_channel));
        let real = arr2(&[[0.5, -1.0, 63.5], [2.0, 254.0, -254.0]]).into_dyn();
        let steps = constant(&weights, real.clone()).expect("a grid");
        let Constant::I8(data) = &steps else {
            panic!("{steps:?}")
        };
        let want = arr2(&[[1, -2, 127], [1, 127, -127]]).into_dyn();
        assert_eq!(*data, want);
        weights.constant = Some(steps);
        assert_eq!(weights.real(), Some(real.clone()));
        // Transposed, they lie along the other dimension.
        let moved = real.clone().reversed_axes();
        let (data, quantization) = on_grid(&weights, &moved).expect("a grid");
        assert_eq!(data, want.reversed_axes());
        let along = FileQuantization::PerChannel {
            scales: vec![0.5, 2.0],
            dimension: 1,
        };
        assert_eq!(quantization, along);
        assert!(on_grid(&weights, &(moved + 0.1)).is_none());
    }
}
