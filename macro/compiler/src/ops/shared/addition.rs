//! The int8 addition as tokens, and as the epilogue of a weighted sum.

use niello_numeric::addition::AddParams;
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::ir::buffer::Buffer;
use crate::ir::graph::ElementType;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::elementwise_f32::{self, FmaFit, Formula};
use crate::tokens::literals::{int, multiplier};

/// The literal of the runtime's `Add`.
pub(crate) fn emit(params: &AddParams, broadcast: &Broadcast) -> TokenStream {
    let broadcast = broadcast.emit();
    let [input1, input2] = [0, 1].map(|i| {
        let (offset, multiplier) = (int(params.offsets[i]), multiplier(params.multipliers[i]));
        quote!(rt::AddOperand { offset: #offset, multiplier: #multiplier })
    });
    let output = multiplier(params.output);
    let offset = int(params.output_offset);
    let (min, max) = (int(params.activation.0), int(params.activation.1));
    let linear = linear(params);
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

/// The literal of the runtime's `Linear`: the addition in f32, if that gives the same int8
/// outputs.
fn linear(params: &AddParams) -> TokenStream {
    if !params.is_int8() {
        return quote!(rt::Linear::NONE);
    }
    let exact = |a: i8, b: i8| params.output_of(a.into(), b.into());
    elementwise_f32::emit(Formula::Sum.find(params.factors(), params.activation, &exact))
}

/// An int8 addition whose first operand is the output of the kernel that also adds:
/// `kernel(x) + other`.
#[derive(Clone)]
pub(crate) struct FusedAdd {
    /// The kernel's output is operand 0.
    params: AddParams,
    broadcast: Broadcast,
    fit: FmaFit,
}

impl FusedAdd {
    /// Fuses an addition of two tensors of so many elements; the kernel's output is operand
    /// `own` of it. `None` if no numbers in f32 give the outputs of the reference.
    pub(crate) fn new(params: &AddParams, elements: usize, own: usize) -> Option<Self> {
        let mut params = params.clone();
        if own == 1 {
            params.offsets.swap(0, 1);
            params.multipliers.swap(0, 1);
        }
        Some(Self {
            fit: fit(&params)?,
            broadcast: Broadcast::new(&[elements], &[elements]).ok()?,
            params,
        })
    }

    /// The zero point that the kernel's output must have.
    pub(crate) fn zero_point(&self) -> i32 {
        self.params.zero_point()
    }

    /// The sums of the kernel's outputs and the other operand.
    pub(crate) fn simulate(&self, own: &Buffer, other: &Buffer) -> Buffer {
        let pairs = own.i8().iter().zip(other.i8());
        let sums = pairs.map(|(&a, &b)| self.params.output_of(a.into(), b.into()));
        Buffer::saturated(ElementType::I8, sums)
    }

    /// The literals of the runtime's `Add` and `Linear`.
    pub(crate) fn emit(&self) -> [TokenStream; 2] {
        [
            emit(&self.params, &self.broadcast),
            elementwise_f32::emit(Some(self.fit)),
        ]
    }
}

/// The addition in f32 of a first operand less its zero point, if that gives the outputs of the
/// reference.
fn fit(params: &AddParams) -> Option<FmaFit> {
    let [first, second, _] = params.factors();
    let offset = f64::from(params.offsets[1]) * second + f64::from(params.output_offset);
    let exact = |a: i8, b: i8| params.output_of(a.into(), b.into());
    let formula = Formula::SumFrom(params.zero_point());
    formula.find([first, second, offset], params.activation, &exact)
}

/// An int8 addition, or a subtraction; multipliers are significands and shifts. For tests.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields of `AddParams`")]
pub struct AdditionNumbers {
    pub offsets: [i32; 2],
    pub multipliers: [[i32; 2]; 2],
    pub output: [i32; 2],
    pub output_offset: i32,
    pub activation: (i32, i32),
}

impl AdditionNumbers {
    fn params(self, subtract: bool) -> AddParams {
        let multiplier = |[multiplier, shift]: [i32; 2]| Multiplier { multiplier, shift };
        AddParams {
            offsets: self.offsets,
            multipliers: self.multipliers.map(multiplier),
            output: multiplier(self.output),
            output_offset: self.output_offset,
            activation: self.activation,
            subtract,
            left_shift: AddParams::INT8,
        }
    }

    /// Two factors and a constant in f32, if there are some, and if they are right in fused
    /// steps, too.
    #[must_use]
    pub fn linear(self, subtract: bool) -> Option<([f32; 3], bool)> {
        let params = self.params(subtract);
        let exact = |a: i8, b: i8| params.output_of(a.into(), b.into());
        let numbers = Formula::Sum.find(params.factors(), self.activation, &exact)?;
        Some((numbers.all(), numbers.are_fused()))
    }

    /// Two factors and a constant in f32, if there are some, for a first operand that counts
    /// from its zero point.
    #[must_use]
    pub fn joined(self) -> Option<[f32; 3]> {
        fit(&self.params(false)).map(FmaFit::all)
    }
}
