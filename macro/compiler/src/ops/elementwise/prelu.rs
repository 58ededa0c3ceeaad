//! PRELU: x for x >= 0, alpha * x below, with a constant alpha per element.

use ndarray::ArrayD;
use niello_numeric::integers;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::{ChannelRole, Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator PRELU: x for x >= 0, alpha * x below, with a constant alpha per element.
pub(crate) struct Prelu;

impl Prelu {
    pub(crate) fn parse(_: &ParseContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

impl Operator for Prelu {
    fn name(&self) -> &'static str {
        "PRELU"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            channels: Some(ChannelRole::Through),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [a, b] => broadcast::shape(a, b),
            _ => Err(Error::model("it needs an input and alpha")),
        }
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        broadcast::evaluate(
            inputs,
            shape,
            |x: f32, alpha: f32| if x >= 0.0 { x } else { x * alpha },
        )
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let (input, source) = broadcast::operand(context, 0)?;
        let (alpha, alpha_source) = broadcast::operand_of_type(context, 1, ElementType::I8)?;
        let output = context.params_of_output()?;
        let element = context.target.element();
        if context.element(0)? != element || context.element(1)? != ElementType::I8 {
            return Err(Error::model(format!(
                "its input is {}, its alpha {} and its output {}; supported are int8, and int16 with an \
                 alpha of int8",
                context.element(0)?.name(),
                context.element(1)?.name(),
                element.name()
            )));
        }
        let identity = f64::from(input.scale) / f64::from(output.scale);
        let slope = f64::from(input.scale) * f64::from(alpha.scale) / f64::from(output.scale);
        Ok(Lowered {
            kernel: Box::new(PreluKernel {
                broadcast: Broadcast::new(
                    &context.input(0)?.value.shape,
                    &context.input(1)?.value.shape,
                )?,
                input_offset: -input.zero_point,
                alpha_offset: -alpha.zero_point,
                identity: Multiplier::new(identity),
                slope: Multiplier::new(slope),
                output_offset: output.zero_point,
                element,
            }),
            sources: vec![source, alpha_source],
        })
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let function = |x: f32, alpha: f32| if x >= 0.0 { x } else { x * alpha };
        crate::ops::shared::float_kernels::binary(
            KernelId::new("float_prelu"),
            context,
            crate::ir::activation::Activation::None,
            Box::new(function),
        )
    }
}

struct PreluKernel {
    broadcast: Broadcast,
    input_offset: i32,
    alpha_offset: i32,
    identity: Multiplier,
    slope: Multiplier,
    output_offset: i32,
    /// The type of input and output; alpha is int8.
    element: ElementType,
}

impl Kernel for PreluKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (input, alpha) = (inputs[0].integers(), inputs[1].integers());
        let element = |input: i32, alpha: i32| {
            let x = input + self.input_offset;
            let y = if x >= 0 {
                self.identity.apply(x)
            } else {
                self.slope.apply(x * (alpha + self.alpha_offset))
            };
            y.wrapping_add(self.output_offset)
        };
        let outputs = integers::zip(&input, &alpha, &self.broadcast.positions(), &element);
        Buffer::saturated(self.element, outputs)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let broadcast = self.broadcast.emit();
        let (input, alpha) = (
            literals::int(self.input_offset),
            literals::int(self.alpha_offset),
        );
        let (identity, slope) = (
            literals::multiplier(self.identity),
            literals::multiplier(self.slope),
        );
        let output = literals::int(self.output_offset);
        Emitted {
            parameters_type: quote!(Prelu),
            parameters: quote!(rt::Prelu {
                broadcast: #broadcast,
                input_offset: #input,
                alpha_offset: #alpha,
                identity: #identity,
                slope: #slope,
                output_offset: #output,
            }),
            function: KernelId::new(match self.element {
                ElementType::I16 => "prelu_i16",
                _ => "prelu",
            }),
        }
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        let fits = input == 0 && self.broadcast.is_whole(0) && self.element == ElementType::I8;
        fits.then_some(KernelId::new("prelu_in_place"))
    }
}
