//! ADD, and the integer addition that SUB shares.

use ndarray::ArrayD;
use niello_numeric::addition::AddParams;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Channelwise, Emitted, Kernel, KernelId, Lowered, Role};
use crate::ir::operator::{ChannelRole, Saturation};
use crate::ops::elementwise::fused_activation::{Arithmetic, WithActivation};
use crate::ops::shared::addition;
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::tokens::constants::Constants;

/// The operator ADD: `clamp(a + b)`.
pub(crate) struct Add;

impl Add {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<WithActivation<Self>> {
        let options = node.operator.builtin_options_as_add_options();
        let code = options.map(|o| o.fused_activation_function());
        Ok(WithActivation::new(Activation::of_options(code)?))
    }
}

impl Arithmetic for Add {
    const NAME: &'static str = "ADD";
    const FLOAT: KernelId = KernelId::new("float_add");
    const INT32: (&'static str, fn(i32, i32) -> i32) = ("add_i32", i32::wrapping_add);
    const SATURATION: Option<Saturation> = Some(Saturation::Sum);
    const CHANNELS: Option<ChannelRole> = Some(ChannelRole::Joins);

    fn real(a: f32, b: f32) -> f32 {
        a + b
    }

    fn lower(context: &LowerContext<'_>, activation: Activation) -> Result<Lowered> {
        AddKernel::lower(context, activation, false)
    }

    fn affine(constant: &ArrayD<f32>, _reversed: bool) -> [ArrayD<f32>; 2] {
        [constant.mapv(|_| 1.0), constant.clone()]
    }
}

/// ADD or SUB of int8 or int16 tensors, which may be broadcast.
#[derive(Clone)]
pub(crate) struct AddKernel {
    broadcast: Broadcast,
    params: AddParams,
}

impl AddKernel {
    pub(crate) fn lower(
        context: &LowerContext<'_>,
        activation: Activation,
        subtract: bool,
    ) -> Result<Lowered> {
        let (a, source_a) = broadcast::operand(context, 0)?;
        let (b, source_b) = broadcast::operand(context, 1)?;
        let (output, element) = (context.params_of_output()?, context.target.element());
        let left_shift = match element {
            ElementType::I16 => AddParams::INT16,
            _ => AddParams::INT8,
        };
        let larger = a.scale.max(b.scale);
        let unit = f64::from(1 << left_shift);
        let twice = 2.0 * f64::from(larger);
        let factors = [
            f64::from(a.scale) / twice,
            f64::from(b.scale) / twice,
            twice / (unit * f64::from(output.scale)),
        ];
        let params = AddParams {
            offsets: [-a.zero_point, -b.zero_point],
            multipliers: [Multiplier::new(factors[0]), Multiplier::new(factors[1])],
            output: Multiplier::new(factors[2]),
            output_offset: output.zero_point,
            activation: activation.bounds_in(output, element),
            subtract,
            left_shift,
        };
        let broadcast = Broadcast::new(
            &context.input(0)?.value.shape,
            &context.input(1)?.value.shape,
        )?;
        Ok(Lowered {
            kernel: Box::new(Self { broadcast, params }),
            sources: vec![source_a, source_b],
        })
    }
}

impl Kernel for AddKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].integers(), inputs[1].integers());
        let outputs = self.params.outputs(&a, &b, &self.broadcast.positions());
        Buffer::saturated(inputs[0].element(), outputs)
    }

    fn role(&self) -> Role<'_> {
        let is_plain = !self.params.subtract && self.params.is_int8();
        if !is_plain || !self.has_one_shape() {
            return Role::Own;
        }
        Role::Addition {
            params: &self.params,
            elements: self.broadcast.dims.iter().product(),
        }
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        // Terms have 28 bits at most, so this many leave room for a shift to the left.
        let grows = self.params.output.shift <= 2;
        (self.has_one_shape() && grows && self.params.is_int8()).then_some(self)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Add),
            parameters: addition::emit(&self.params, &self.broadcast),
            function: KernelId::new(if self.params.subtract { "sub" } else { "add" }),
        }
    }

    fn in_place(&self, input: usize) -> Option<KernelId> {
        match (input, self.broadcast.is_whole(input), self.params.subtract) {
            (0, true, false) => Some(KernelId::new("add_in_place")),
            (0, true, true) => Some(KernelId::new("sub_in_place")),
            _ => None,
        }
    }
}

impl AddKernel {
    /// True if both operands have the shape of the output.
    fn has_one_shape(&self) -> bool {
        self.broadcast.is_whole(0) && self.broadcast.is_whole(1)
    }
}

impl Channelwise for AddKernel {
    fn depth(&self) -> Option<usize> {
        None
    }

    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>> {
        let [a, b] = operands else { return None };
        let of = |(a, b): (&IntRange, &IntRange)| {
            // More of a term is never less of the sum.
            let least = self
                .params
                .output_of(a.min, if self.params.subtract { b.max } else { b.min });
            let greatest = self
                .params
                .output_of(a.max, if self.params.subtract { b.min } else { b.max });
            IntRange {
                min: least,
                max: greatest,
            }
        };
        (a.len() == b.len()).then(|| a.iter().zip(*b).map(of).collect())
    }

    fn with(&self, _: &Channels, output: &Channels) -> Box<dyn Kernel> {
        let elements = output.of(self.broadcast.dims.iter().product());
        Box::new(Self {
            broadcast: Broadcast::flat(elements),
            ..self.clone()
        })
    }
}
