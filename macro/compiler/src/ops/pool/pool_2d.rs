//! What AVERAGE_POOL_2D and MAX_POOL_2D share: a window over each channel.

use std::marker::PhantomData;

use ndarray::ArrayD;
use quote::quote;

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext, QuantRule};
use crate::ir::graph::array;
use crate::ir::kernel::{Channelwise, Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{ChannelRole, Operator, RealOperands, Saturation};
use crate::ir::operator_traits::{Arithmetic, OperatorTraits, Origin};
use crate::ops::shared::operands::{flat, operand};
use crate::ops::shared::window::{self, Stepping, Window};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// What sets one pool apart from the other: how the taps inside the input, of
/// which there is at least one, become one value.
pub(crate) trait Reduction: Send + Sync + 'static {
    const NAME: &'static str;
    /// The runtime's function of integers.
    const FUNCTION: &'static str;
    /// The runtime's function of f32.
    const FLOAT_FUNCTION: &'static str;
    const IS_MAXIMUM: bool = false;
    /// It has no integer arithmetic.
    const IS_FLOAT_ONLY: bool = false;

    /// What it is in uint8.
    type Uint8: Reduction;

    fn real(taps: &[f32]) -> f32;

    fn quantized(taps: &[i32]) -> i32;
}

pub(crate) struct Pool<R> {
    stepping: Stepping,
    filter: [usize; 2],
    activation: Activation,
    reduction: PhantomData<R>,
}

impl<R: Reduction> Pool<R> {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node
            .operator
            .builtin_options_as_pool_2_doptions()
            .ok_or_else(|| Error::model("it has no Pool2DOptions"))?;
        let size = |n: i32| {
            usize::try_from(n)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(|| Error::model(format!("its filter size is {n}, expected at least 1")))
        };
        Ok(Self {
            stepping: Stepping::parse(
                options.padding(),
                [options.stride_h(), options.stride_w()],
                [1, 1],
            )?,
            filter: [
                size(options.filter_height())?,
                size(options.filter_width())?,
            ],
            activation: Activation::parse(options.fused_activation_function())?,
            reduction: PhantomData,
        })
    }

    /// The window over an input, without what lies beside it: files may ask for any size.
    fn window(&self, input: &[usize]) -> Result<Window> {
        Ok(self.stepping.over(input, self.filter)?.trimmed())
    }
}

impl<R: Reduction> Operator for Pool<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: if R::IS_FLOAT_ONLY {
                QuantRule::Observed
            } else {
                QuantRule::SameAsInput
            },
            saturation: R::IS_MAXIMUM.then_some(Saturation::BelowOutput),
            channels: (!R::IS_FLOAT_ONLY).then_some(ChannelRole::Through),
            arithmetic: if R::IS_FLOAT_ONLY {
                Arithmetic::FloatOnly
            } else {
                Arithmetic::Quantized
            },
            origin: if R::IS_MAXIMUM {
                Origin::Selected
            } else {
                Origin::Computed
            },
            clips: Some(self.activation),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = inputs.first().copied().unwrap_or(&[]);
        let window = self.window(input)?;
        Ok(window.output_shape(input[3]))
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let input = inputs.first().copied().unwrap_or(&[]);
        let channels = input.last().copied().unwrap_or(0) as u64;
        let window = self.window(input);
        window.map_or(0, |window| window.all_taps().saturating_mul(channels))
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let input = operand(inputs, 0)?;
        let window = self.window(input.shape())?;
        let input = input.as_standard_layout();
        let data = window.reduced_f32(shape[3], flat(&input)?, &|taps| {
            self.activation.apply(R::real(taps))
        });
        array(shape, data)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if R::IS_FLOAT_ONLY {
            return self.lower_float(context);
        }
        let input = &context.input(0)?.value.shape;
        let output = context.params_of_output()?;
        let own = context.params(0)?;
        // LiteRT takes scales for the same that differ by their last digits.
        let near = (own.scale - output.scale).abs() <= 1e-6 * own.scale.max(output.scale).min(1.0);
        if !near || own.zero_point != output.zero_point {
            return Err(Error::model(
                "its input and output have different scales or zero points",
            ));
        }
        let window = self.window(input)?;
        let activation = self.activation.bounds_in(output, context.target.element());
        Ok(if context.in_uint8 {
            Lowered::unary(PoolKernel::<R::Uint8>::new(window, input[3], activation))
        } else {
            Lowered::unary(PoolKernel::<R>::new(window, input[3], activation))
        })
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let input = &context.input(0)?.value.shape;
        Ok(Lowered::unary(
            crate::ops::pool::pool_2d_f32::PoolF32Kernel {
                window: self.window(input)?,
                channels: input[3],
                activation: self.activation,
                reduction: R::real,
                runtime: R::FLOAT_FUNCTION,
            },
        ))
    }

    crate::ir::operator::fused_activation!();
}

struct PoolKernel<R> {
    window: Window,
    channels: usize,
    activation: (i32, i32),
    reduction: PhantomData<R>,
}

impl<R> PoolKernel<R> {
    fn new(window: Window, channels: usize, activation: (i32, i32)) -> Self {
        Self {
            window,
            channels,
            activation,
            reduction: PhantomData,
        }
    }
}

impl<R: Reduction> Kernel for PoolKernel<R> {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (min, max) = self.activation;
        let of = |taps: &[i32]| R::quantized(taps).clamp(min, max);
        let input = inputs[0].integers();
        let output = self.window.reduced_i32(self.channels, &input, &of);
        Buffer::saturated(inputs[0].element(), output)
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        Some(self)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let window = window::emit(&self.window);
        let channels = literals::fields(&[("channels", self.channels)]);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(Pool2d),
            parameters: quote!(rt::Pool2d {
                window: #window,
                #channels
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new(R::FUNCTION),
        }
    }
}

impl<R: Reduction> Channelwise for PoolKernel<R> {
    fn depth(&self) -> Option<usize> {
        Some(self.channels)
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        let input = operands.first().filter(|i| i.len() == self.channels)?;
        let (min, max) = self.activation;
        let of = |range: &IntRange| IntRange {
            min: range.min.clamp(min, max),
            max: range.max.clamp(min, max),
        };
        Some(input.iter().map(of).collect())
    }

    fn with(&self, _: &Channels, output: &Channels) -> Box<dyn Kernel> {
        let channels = output.of(self.channels);
        Box::new(Self::new(self.window, channels, self.activation))
    }
}
