//! Elementwise functions of two operands that broadcast.

use crate::error::Result;
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, QuantRule};
use crate::ir::float_functions::RealFunction;
use crate::ir::graph::ElementType;
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Algebra, Operator, RealOperands, no_float_kernel};
use crate::ir::operator_traits::OperatorTraits;
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::float_kernels;
use crate::ops::shared::function::function_of_one;
use crate::tokens::constants::Constants;
use ndarray::ArrayD;
use niello_numeric::integers;
use proc_macro2::TokenStream;

/// What sets one such function apart from another.
pub(crate) trait Binary: Clone + Send + Sync + 'static {
    const NAME: &'static str;
    /// The runtime's function of f32, if it has one.
    const FLOAT: Option<KernelId> = None;
    /// How the output is quantized.
    const RULE: QuantRule = QuantRule::Observed;

    /// The function of real numbers.
    fn real(&self, a: f32, b: f32) -> f32;

    /// What is applied to the result.
    fn activation(&self) -> Activation {
        Activation::None
    }

    /// The multiplication that a division is: see [`Algebra::by_reciprocal`].
    fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        None
    }

    /// True if the output is not a real number, so that f32 operands need no int8 step.
    fn reads_reals(&self) -> bool {
        false
    }

    /// The kernel that does so.
    fn lower_reals(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(no_float_kernel(Self::NAME))
    }

    /// The integer function, and where the operands come from.
    fn integer(&self, context: &LowerContext<'_>) -> Result<(Box<dyn Integer>, [Source; 2])>;
}

/// An elementwise function of two integers.
pub(crate) trait Integer: Send + Sync {
    fn apply(&self, a: i32, b: i32) -> i32;

    /// The runtime's parameters around `broadcast`, and its function.
    fn emit(&self, broadcast: TokenStream) -> Emitted;

    /// True if the output has the operands' type; else it is int8.
    fn keeps_type(&self) -> bool {
        false
    }
}

/// Makes a [`Binary`] an [`Operator`].
pub(crate) struct Elementwise<B>(pub B);

impl<B: Binary> Operator for Elementwise<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            rule: B::RULE,
            operands: Some(2),
            reads_reals: self.0.reads_reals(),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        broadcast::output_shape(inputs)
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        broadcast::evaluate(inputs, shape, |a, b| self.0.real(a, b))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        if self.0.reads_reals() && context.element(0)? == ElementType::F32 {
            return self.0.lower_reals(context);
        }
        let (function, sources) = self.0.integer(context)?;
        let (a, b) = (context.input(0)?, context.input(1)?);
        let kernel = BinaryKernel {
            broadcast: Broadcast::new(&a.value.shape, &b.value.shape)?,
            function,
        };
        Ok(Lowered::new(kernel, sources.into()))
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let this = self.0.clone();
        let kernel = B::FLOAT.ok_or_else(|| no_float_kernel(B::NAME))?;
        let activation = self.0.activation();
        let function = Box::new(move |a, b| this.real(a, b));
        float_kernels::binary(kernel, context, activation, function)
    }

    fn algebra(&self) -> Option<&dyn Algebra> {
        Some(self)
    }
}

impl<B: Binary> Algebra for Elementwise<B> {
    fn function(&self, constants: &[Option<f32>]) -> Option<RealFunction> {
        let this = self.0.clone();
        function_of_one(move |a, b| this.real(a, b), constants)
    }

    fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        self.0.by_reciprocal()
    }
}

pub(crate) struct BinaryKernel {
    pub broadcast: Broadcast,
    pub function: Box<dyn Integer>,
}

impl Kernel for BinaryKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0], inputs[1]);
        let apply = |a: i32, b: i32| self.function.apply(a, b);
        let positions = self.broadcast.positions();
        let results = integers::zip(&a.integers(), &b.integers(), &positions, &apply).into_iter();
        match a {
            Buffer::I16(_) if self.function.keeps_type() => {
                Buffer::I16(results.map(|x| x as i16).collect())
            }
            Buffer::I32(_) if self.function.keeps_type() => Buffer::I32(results.collect()),
            _ => Buffer::I8(results.map(|x| x as i8).collect()),
        }
    }

    fn emit(&self, _: &mut Constants) -> Emitted {
        self.function.emit(self.broadcast.emit())
    }
}
