//! ADD, and the integer addition that SUB shares.

use ndarray::{ArrayD, ArrayViewD};
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, Channelwise, Range};
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, Lowered};
use crate::ir::operator::{ChannelRole, Operator, Saturation};
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::elementwise_f32::{FmaFit, Formula};
use crate::tokens::constants::Constants;

pub(crate) struct Add {
    activation: Activation,
}

impl Add {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_add_options();
        Ok(Self {
            activation: match options {
                Some(o) => Activation::parse(o.fused_activation_function())?,
                None => Activation::None,
            },
        })
    }
}

impl Operator for Add {
    fn name(&self) -> &'static str {
        "ADD"
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [a, b] => broadcast::shape(a, b),
            _ => Err(Error::model("it needs two operands")),
        }
    }

    fn evaluate(
        &self,
        inputs: &[Option<ArrayViewD<'_, f32>>],
        shape: &[usize],
    ) -> Result<ArrayD<f32>> {
        broadcast::evaluate(inputs, shape, |a, b| self.activation.apply(a + b))
    }

    fn saturation(&self) -> Option<Saturation> {
        Some(Saturation::Sum)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if context.target == Target::I32 {
            return crate::ops::elementwise::int32::lower(
                context,
                self.activation,
                "add_i32",
                i32::wrapping_add,
            );
        }
        AddKernel::lower(context, self.activation, false)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        crate::ops::shared::float_kernels::binary("ADD", context, self.activation, |a, b| a + b)
    }

    crate::ir::activation::fused_activation!();

    fn channels(&self) -> Option<ChannelRole> {
        Some(ChannelRole::Joins)
    }

    fn affine(&self, constant: &ArrayD<f32>, _reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        (self.activation == Activation::None).then(|| [constant.mapv(|_| 1.0), constant.clone()])
    }
}

/// Both operands are brought to twice the larger scale with more bits (20 for int8, 15 for int16),
/// added (or subtracted) and rescaled.
#[derive(Clone)]
pub(crate) struct AddKernel {
    broadcast: Broadcast,
    offsets: [i32; 2],
    multipliers: [Multiplier; 2],
    output: Multiplier,
    output_offset: i32,
    activation: (i32, i32),
    subtract: bool,
    element: ElementType,
    left_shift: u32,
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
        let left_shift = if element == ElementType::I16 { 15 } else { 20 };
        let larger = a.scale.max(b.scale);
        let unit = f64::from(1 << left_shift);
        let twice = 2.0 * f64::from(larger);
        let factors = [
            f64::from(a.scale) / twice,
            f64::from(b.scale) / twice,
            twice / (unit * f64::from(output.scale)),
        ];
        let kernel = Self {
            broadcast: Broadcast::new(
                &context.input(0)?.value.shape,
                &context.input(1)?.value.shape,
            )?,
            offsets: [-a.zero_point, -b.zero_point],
            multipliers: [Multiplier::new(factors[0]), Multiplier::new(factors[1])],
            output: Multiplier::new(factors[2]),
            output_offset: output.zero_point,
            activation: activation.bounds_in(output, element),
            subtract,
            element,
            left_shift,
        };
        Ok(Lowered {
            kernel: Box::new(kernel),
            sources: vec![source_a, source_b],
        })
    }
}

impl AddKernel {
    /// One output.
    fn output_of(&self, a: i32, b: i32) -> i32 {
        let scaled = |operand: usize, x: i32| {
            let x = (x + self.offsets[operand]) << self.left_shift;
            self.multipliers[operand].apply(x)
        };
        let (x, y) = (scaled(0, a), scaled(1, b));
        let sum = if self.subtract {
            x.wrapping_sub(y)
        } else {
            x.wrapping_add(y)
        };
        let q = self.output.apply(sum).wrapping_add(self.output_offset);
        q.clamp(self.activation.0, self.activation.1)
    }

    /// The same in f32.
    fn linear(&self) -> TokenStream {
        if self.element != ElementType::I8 {
            return quote!(rt::Linear::NONE);
        }
        let exact = |a: i8, b: i8| self.output_of(a.into(), b.into());
        FmaFit::emit(Formula::Sum.find(self.factors(), self.activation, exact))
    }

    /// What both operands are multiplied by, and what is added.
    fn factors(&self) -> [f64; 3] {
        let unit = self.output.real() * f64::from(1 << self.left_shift);
        let sign = if self.subtract { -1.0 } else { 1.0 };
        let first = self.multipliers[0].real() * unit;
        let second = self.multipliers[1].real() * unit * sign;
        let offsets = self.offsets.map(f64::from);
        let shift = offsets[0] * first + offsets[1] * second;
        [first, second, shift + f64::from(self.output_offset)]
    }
}

impl Kernel for AddKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let element =
            |(i, j): (usize, usize)| self.output_of(inputs[0].integer(i), inputs[1].integer(j));
        Buffer::saturated(self.element, self.broadcast.positions().map(element))
    }

    fn addition(&self) -> Option<&AddKernel> {
        let is_plain = !self.subtract && self.element == ElementType::I8;
        (is_plain && self.has_one_shape()).then_some(self)
    }

    fn channelwise(&self) -> Option<&dyn Channelwise> {
        // Terms have 28 bits at most, so this many leave room for a shift to the left.
        let grows = self.output.shift <= 2;
        (self.has_one_shape() && grows && self.element == ElementType::I8).then_some(self)
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        Emitted {
            parameters_type: quote!(Add),
            parameters: self.parameters(),
            function: if self.subtract { "sub" } else { "add" },
        }
    }

    fn in_place(&self, input: usize) -> Option<&'static str> {
        match (input, self.broadcast.is_whole(input), self.subtract) {
            (0, true, false) => Some("add_in_place"),
            (0, true, true) => Some("sub_in_place"),
            _ => None,
        }
    }
}

impl AddKernel {
    fn has_one_shape(&self) -> bool {
        self.broadcast.is_whole(0) && self.broadcast.is_whole(1)
    }

    /// The runtime's `Add`.
    pub(crate) fn parameters(&self) -> TokenStream {
        let broadcast = self.broadcast.emit();
        let [input1, input2] = [0, 1].map(|i| {
            let (offset, multiplier) = (
                crate::tokens::literals::int(self.offsets[i]),
                crate::tokens::literals::multiplier(self.multipliers[i]),
            );
            quote!(rt::AddOperand { offset: #offset, multiplier: #multiplier })
        });
        let output = crate::tokens::literals::multiplier(self.output);
        let offset = crate::tokens::literals::int(self.output_offset);
        let (min, max) = (
            crate::tokens::literals::int(self.activation.0),
            crate::tokens::literals::int(self.activation.1),
        );
        let linear = self.linear();
        quote!(rt::Add {
            broadcast: #broadcast,
            input1: #input1,
            input2: #input2,
            output_multiplier: #output,
            output_offset: #offset,
            activation_min: #min,
            activation_max: #max,
            linear: #linear,
        })
    }

    /// The addition whose first operand is this one's `own`, less its zero point: its
    /// numbers in f32, if there are some.
    pub(crate) fn joined(&self, own: usize) -> Option<(Self, FmaFit)> {
        let mut joined = self.clone();
        if own == 1 {
            joined.offsets.swap(0, 1);
            joined.multipliers.swap(0, 1);
        }
        let [first, second, _] = joined.factors();
        let offset = f64::from(joined.offsets[1]) * second + f64::from(joined.output_offset);
        let exact = |a: i8, b: i8| joined.output_of(a.into(), b.into());
        let formula = Formula::SumFrom(joined.zero_point());
        let numbers = formula.find([first, second, offset], joined.activation, exact)?;
        Some((joined, numbers))
    }

    /// The first operand's zero point.
    pub(crate) fn zero_point(&self) -> i32 {
        -self.offsets[0]
    }
}

/// An int8 addition, or a subtraction; multipliers are significands and shifts. For tests.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs)]
pub struct AdditionNumbers {
    pub offsets: [i32; 2],
    pub multipliers: [[i32; 2]; 2],
    pub output: [i32; 2],
    pub output_offset: i32,
    pub activation: (i32, i32),
}

impl AdditionNumbers {
    fn kernel(self, subtract: bool) -> AddKernel {
        let multiplier = |[multiplier, shift]: [i32; 2]| Multiplier { multiplier, shift };
        AddKernel {
            broadcast: Broadcast::flat(0),
            offsets: self.offsets,
            multipliers: self.multipliers.map(multiplier),
            output: multiplier(self.output),
            output_offset: self.output_offset,
            activation: self.activation,
            subtract,
            element: ElementType::I8,
            left_shift: 20,
        }
    }

    /// Two factors and a constant in f32, if there are some, and if they are right in fused
    /// steps, too.
    #[must_use]
    pub fn linear(self, subtract: bool) -> Option<([f32; 3], bool)> {
        let kernel = self.kernel(subtract);
        let exact = |a: i8, b: i8| kernel.output_of(a.into(), b.into());
        let numbers = Formula::Sum.find(kernel.factors(), self.activation, exact)?;
        Some((numbers.all(), numbers.are_fused()))
    }

    /// The same for a first operand that counts from its zero point.
    #[must_use]
    pub fn joined(self) -> Option<[f32; 3]> {
        let (_, numbers) = self.kernel(false).joined(0)?;
        Some(numbers.all())
    }
}

impl Channelwise for AddKernel {
    fn depth(&self) -> Option<usize> {
        None
    }

    fn ranges(&self, operands: &[&[Range]]) -> Option<Vec<Range>> {
        let [a, b] = operands else { return None };
        let of = |(a, b): (&Range, &Range)| {
            // More of a term is never less of the sum.
            let least = self.output_of(a.min, if self.subtract { b.max } else { b.min });
            let greatest = self.output_of(a.max, if self.subtract { b.min } else { b.max });
            Range {
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
