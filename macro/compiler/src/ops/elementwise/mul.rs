//! MUL.

use ndarray::ArrayD;
use niello_numeric::integers;
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered};
use crate::ir::operator::ChannelRole;
use crate::ops::elementwise::fused_activation::{Arithmetic, WithActivation};
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::elementwise_f32::{self, FmaFit, Formula};
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator MUL: `clamp(a * b)`.
pub(crate) struct Mul;

impl Mul {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<WithActivation<Self>> {
        let options = node.operator.builtin_options_as_mul_options();
        let code = options.map(|o| o.fused_activation_function());
        Ok(WithActivation::new(Activation::of_options(code)?))
    }
}

impl Arithmetic for Mul {
    const NAME: &'static str = "MUL";
    const FLOAT: KernelId = KernelId::new("float_mul");
    const INT32: (&'static str, fn(i32, i32) -> i32) = ("mul_i32", i32::wrapping_mul);
    const CHANNELS: Option<ChannelRole> = Some(ChannelRole::Multiplies);

    fn real(a: f32, b: f32) -> f32 {
        a * b
    }

    fn lower(context: &LowerContext<'_>, activation: Activation) -> Result<Lowered> {
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let (output, element) = (context.params_of_output()?, context.target.element());
        let factor = f64::from(a.scale) * f64::from(b.scale) / f64::from(output.scale);
        Ok(Lowered {
            kernel: Box::new(MulKernel {
                broadcast: Broadcast::new(
                    &context.input(0)?.value.shape,
                    &context.input(1)?.value.shape,
                )?,
                offsets: [-a.zero_point, -b.zero_point],
                output: Multiplier::new(factor),
                output_offset: output.zero_point,
                activation: activation.bounds_in(output, element),
                element,
            }),
            sources: vec![source_a, source_b],
        })
    }

    fn affine(constant: &ArrayD<f32>, _reversed: bool) -> [ArrayD<f32>; 2] {
        [constant.clone(), constant.mapv(|_| 0.0)]
    }
}

struct MulKernel {
    broadcast: Broadcast,
    offsets: [i32; 2],
    output: Multiplier,
    output_offset: i32,
    activation: (i32, i32),
    element: ElementType,
}

impl MulKernel {
    /// The quantized output for two quantized operands.
    fn output_of(&self, a: i32, b: i32) -> i32 {
        let product = (a + self.offsets[0]).wrapping_mul(b + self.offsets[1]);
        let q = self.output.apply(product).wrapping_add(self.output_offset);
        q.clamp(self.activation.0, self.activation.1)
    }

    /// The literal of the runtime's `Linear`: the product in f32, if that gives the same outputs.
    fn linear(&self) -> TokenStream {
        if self.element != ElementType::I8 {
            return quote!(rt::Linear::NONE);
        }
        elementwise_f32::emit(self.numbers())
    }

    fn numbers(&self) -> Option<FmaFit> {
        let numbers = [self.output.real(), 0.0, self.output_offset.into()];
        let exact = |a: i8, b: i8| self.output_of(a.into(), b.into());
        Formula::Product(self.offsets).find(numbers, self.activation, &exact)
    }
}

/// The factor and the constant of an int8 product in f32, if there are some; its multiplier
/// is a significand and a shift. For tests.
#[must_use]
pub fn linear_product(
    offsets: [i32; 2],
    [multiplier, shift]: [i32; 2],
    output_offset: i32,
    activation: (i32, i32),
) -> Option<[f32; 3]> {
    let kernel = MulKernel {
        broadcast: Broadcast::flat(0),
        offsets,
        output: Multiplier { multiplier, shift },
        output_offset,
        activation,
        element: ElementType::I8,
    };
    Some(kernel.numbers()?.all())
}

impl Kernel for MulKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].integers(), inputs[1].integers());
        let positions = self.broadcast.positions();
        let outputs = integers::zip(&a, &b, &positions, &|a, b| self.output_of(a, b));
        Buffer::saturated(self.element, outputs)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        let broadcast = self.broadcast.emit();
        let [offset1, offset2] = self.offsets.map(literals::int);
        let output = literals::multiplier(self.output);
        let offset = literals::int(self.output_offset);
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        let linear = self.linear();
        Emitted {
            parameters_type: quote!(Mul),
            parameters: quote!(rt::Mul {
                broadcast: #broadcast,
                input1_offset: #offset1,
                input2_offset: #offset2,
                output_multiplier: #output,
                output_offset: #offset,
                activation_min: #min,
                activation_max: #max,
                linear: #linear,
            }),
            function: KernelId::new("mul"),
        }
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        (input == 0 && self.broadcast.is_whole(0)).then_some(KernelId::new("mul_in_place"))
    }
}
