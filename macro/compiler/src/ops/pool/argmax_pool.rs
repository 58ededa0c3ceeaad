//! MaxPoolingWithArgmax2D, which also says where the maxima are, and MaxUnpooling2D,
//! which puts them back there.

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, QuantRule, Target, constant_source};
use crate::ir::graph::ElementType;
use crate::ir::graph::array;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::{IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::{evaluate_by_kernel, operand, owned};
use crate::ops::shared::window::{self, Stepping, Window};
use crate::tflite::{Attributes, Padding};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator MaxPoolingWithArgmax2D, which also says where the maxima are, and MaxUnpooling2D,
/// which puts them back there.
pub(crate) struct MaxPoolingWithArgmax {
    stepping: Stepping,
    size: [usize; 2],
}

impl MaxPoolingWithArgmax {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let bytes = node.operator.custom_options().map(|o| o.bytes());
        let attributes = bytes
            .and_then(Attributes::new)
            .ok_or_else(|| Error::model("its custom options are not a flexbuffer map"))?;
        let pair = |key: &str| match attributes.integers(key).as_deref() {
            Some(&[1, height, width, 1]) => Ok([height as i32, width as i32]),
            other => Err(Error::model(format!(
                "its attribute {key:?} is {other:?}, expected [1, height, width, 1]"
            ))),
        };
        let padding = match attributes.text("padding") {
            Some("SAME") => Padding::SAME,
            Some("VALID") => Padding::VALID,
            other => return Err(Error::model(format!("its padding is {other:?}"))),
        };
        if attributes.number("include_batch_in_index").unwrap_or(0.0) != 0.0 {
            return Err(Error::model(
                "its indices count over batches, which the reference does not support either",
            ));
        }
        if node.outputs != 2 {
            return Err(Error::model("it has not 2 outputs"));
        }
        // As strides are: at least 1.
        let size = Stepping::parse(padding, pair("ksize")?, [1, 1])?.stride;
        Ok(Self {
            stepping: Stepping::parse(padding, pair("strides")?, [1, 1])?,
            size,
        })
    }

    fn kernel(&self, input: &[usize]) -> Result<PoolKernel> {
        let window = self.stepping.over(input, self.size)?.trimmed();
        Ok(PoolKernel {
            window,
            channels: input[3],
        })
    }
}

impl Operator for MaxPoolingWithArgmax {
    fn name(&self) -> &'static str {
        "MaxPoolingWithArgmax2D"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            is_joint: true,
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let kernel = self.kernel(inputs.first().copied().unwrap_or(&[]))?;
        Ok(kernel.window.output_shape(kernel.channels))
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        let shape = self.output_shape(inputs)?;
        Ok(vec![shape.clone(), shape])
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let kernel = self.kernel(inputs.first().copied().unwrap_or(&[]));
        kernel.map_or(0, |k| k.window.all_taps().saturating_mul(k.channels as u64))
    }

    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let kernel = self.kernel(operand(inputs, 0)?.shape())?;
        evaluate_by_kernel(&kernel, inputs, 1, shapes)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        Ok(Lowered::unary(self.kernel(&context.input(0)?.value.shape)?))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

struct PoolKernel {
    window: Window,
    channels: usize,
}

impl Kernel for PoolKernel {
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        let pixels = self.window.input[0] * self.window.input[1];
        let mut best: Vec<Option<usize>> = vec![None; self.window.output_pixels() * self.channels];
        self.window.taps(|out, _, pixel| {
            for channel in 0..self.channels {
                let at = pixel * self.channels + channel;
                let best = &mut best[out * self.channels + channel];
                if best.is_none_or(|b| inputs[0].number(at) > inputs[0].number(b)) {
                    *best = Some(at);
                }
            }
        });
        let within = |at: &Option<usize>| at.map_or(0, |at| (at % (pixels * self.channels)) as i32);
        let indices = Buffer::I32(best.iter().map(within).collect());
        vec![inputs[0].pick(best.into_iter(), 0.0), indices]
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let window = window::emit(&self.window);
        let channels = literals::fields(&[("channels", self.channels)]);
        Emitted {
            parameters_type: quote!(ArgmaxPool),
            parameters: quote!(rt::ArgmaxPool { window: #window, #channels }),
            function: KernelId::new("max_pool_2d_with_argmax"),
        }
    }
}

pub(crate) struct MaxUnpooling {
    padding: Padding,
    stride: [usize; 2],
    size: [usize; 2],
}

impl MaxUnpooling {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        // TFLite's C structure: padding, strides and sizes, each width before height.
        let bytes = node
            .operator
            .custom_options()
            .map_or(&[][..], |o| o.bytes());
        let word = |i: usize| {
            let word = bytes.get(4 * i..4 * i + 4)?;
            Some(i32::from_le_bytes(word.try_into().ok()?))
        };
        let size = |i: usize| {
            let n = word(i).and_then(|n| usize::try_from(n).ok());
            n.filter(|n| (1..1 << 16).contains(n))
                .ok_or_else(|| Error::model("its custom options are not the parameters of a pool"))
        };
        Ok(Self {
            padding: match word(0) {
                Some(1) => Padding::SAME,
                Some(2) => Padding::VALID,
                _ => {
                    return Err(Error::model(
                        "its custom options are not the parameters of a pool",
                    ));
                }
            },
            stride: [size(2)?, size(1)?],
            size: [size(4)?, size(3)?],
        })
    }
}

impl Operator for MaxUnpooling {
    fn name(&self) -> &'static str {
        "MaxUnpooling2D"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: QuantRule::SameAsInput,
            integer_operands: IntegerOperands::One(1),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match *inputs {
            [&[batches, height, width, channels], indices] if inputs[0] == indices => {
                let side = |n: usize, d: usize| {
                    if self.padding == Padding::SAME {
                        n * self.stride[d]
                    } else {
                        n.saturating_sub(1) * self.stride[d] + self.size[d]
                    }
                };
                Ok(vec![batches, side(height, 0), side(width, 1), channels])
            }
            _ => Err(Error::model(format!(
                "its operands have shapes {inputs:?}, expected the same of 4 dimensions"
            ))),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (input, indices) = (owned(inputs, 0)?, owned(inputs, 1)?);
        let batches = shape.first().copied().unwrap_or(1).max(1);
        let kernel = UnpoolKernel {
            batches,
            output: shape.iter().product::<usize>() / batches,
            zero: 0,
            element: ElementType::F32,
        };
        let data = Buffer::F32(input.iter().copied().collect());
        let indices = Buffer::I32(indices.iter().map(|&x| x as i32).collect());
        array(shape, kernel.simulate(&[&data, &indices]).f32().to_vec())
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let batches = context.output.shape.first().copied().unwrap_or(1).max(1);
        let kernel = UnpoolKernel {
            batches,
            output: context.output.len() / batches,
            zero: match context.target {
                Target::I8(params) | Target::I16(params) => params.zero_point,
                _ => 0,
            },
            element: context.target.element(),
        };
        let data = constant_source(context, 0)?;
        Ok(Lowered::new(kernel, vec![data, Source::Operand(1)]))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// Indices outside of an image are left out.
struct UnpoolKernel {
    batches: usize,
    /// Elements of one image of the output.
    output: usize,
    zero: i32,
    element: ElementType,
}

impl Kernel for UnpoolKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let mut from: Vec<Option<usize>> = vec![None; self.batches * self.output];
        let image = inputs[0].len() / self.batches;
        for (i, &index) in inputs[1].i32().iter().enumerate() {
            let index = usize::try_from(index)
                .ok()
                .filter(|&index| index < self.output);
            if let Some(index) = index {
                from[i / image * self.output + index] = Some(i);
            }
        }
        inputs[0].pick(from, self.zero.into())
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let element = literals::ident(self.element.name());
        let zero = match self.element {
            ElementType::F32 => literals::float(0.0),
            _ => literals::int(self.zero),
        };
        let sizes = literals::fields(&[("batches", self.batches), ("output", self.output)]);
        Emitted {
            parameters_type: quote!(MaxUnpool<#element>),
            parameters: quote!(rt::MaxUnpool { #sizes zero: #zero }),
            function: KernelId::new("max_unpool_2d"),
        }
    }
}
