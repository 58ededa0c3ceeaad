//! What an operator is: its shapes, its float evaluation, its kernel.

use ndarray::{ArrayD, ArrayViewD};

use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::context::LowerContext;
use crate::ir::element_type::ElementType;
use crate::ir::float_functions::RealFunction;
use crate::ir::kernel::Lowered;
use crate::ir::operator_traits::OperatorTraits;
pub(crate) use crate::ir::operator_traits::{Cast, ChannelRole, Saturation};
use crate::ir::products::Products;
use crate::ir::value::Constant;
use crate::limits;

/// The operands of a float evaluation as real numbers; optional ones may be left out.
pub(crate) type RealOperands<'a> = [Option<ArrayViewD<'a, f32>>];

/// A TFLite operator with its attributes.
pub(crate) trait Operator: Send + Sync {
    /// The operator's name, as TFLite has it.
    fn name(&self) -> &'static str;

    /// The facts that the stages ask for.
    fn traits(&self) -> OperatorTraits {
        OperatorTraits::default()
    }

    /// The output's shape, which the file's own is checked against.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// The shapes of all outputs of the file.
    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        alone(self.output_shape(inputs))
    }

    /// The operator in float32: the reference for calibration. Integers and booleans are real
    /// numbers here, too. An operator implements this, or [`Operator::evaluate_all`].
    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        first_of(self.evaluate_all(inputs, &[shape])?, self.name())
    }

    /// The operator in float32 with all of its outputs, what is kept for the next run included.
    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        let first = shapes.first().copied().unwrap_or(&[]);
        alone(self.evaluate(inputs, first))
    }

    /// What one run takes, for tensors of these shapes: multiply-accumulates, or elements
    /// that are read and written.
    fn work(&self, inputs: &[&[usize]], outputs: &[Vec<usize>]) -> u64 {
        elements(inputs, outputs)
    }

    /// What it keeps for the next run without a tensor in the file. Each becomes an operand
    /// behind the others, and a variable.
    fn own_states(&self, _inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(Vec::new())
    }

    /// Chooses the int8 (or, for [`Target::F32`], real-valued) kernel.
    ///
    /// [`Target::F32`]: crate::ir::context::Target::F32
    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered>;

    /// Chooses the kernel of an operator that is kept in float: it reads and writes f32.
    fn lower_float(&self, _: &LowerContext<'_>) -> Result<Lowered> {
        Err(no_float_kernel(self.name()))
    }

    /// What rewrites know of an elementwise operator.
    fn algebra(&self) -> Option<&dyn Algebra> {
        None
    }

    /// What it multiplies and adds up, if its outputs are sums of products with constant weights.
    fn products(&self) -> Option<&dyn Products> {
        None
    }

    /// Takes over what a neighbour does, or another form of its operands; false if it cannot,
    /// and then nothing has changed.
    fn adopt(&mut self, _change: Change) -> bool {
        false
    }
}

// What the methods above do by default. Each operator has its own copy of them, so that the
// work itself is compiled once, here.

fn first_of(outputs: Vec<ArrayD<f32>>, name: &str) -> Result<ArrayD<f32>> {
    let first = outputs.into_iter().next();
    first.ok_or_else(|| Error::internal(format!("{name} has no output")))
}

fn alone<T>(output: Result<T>) -> Result<Vec<T>> {
    Ok(vec![output?])
}

fn elements(inputs: &[&[usize]], outputs: &[Vec<usize>]) -> u64 {
    let outputs = outputs.iter().map(Vec::as_slice);
    let shapes = inputs.iter().copied().chain(outputs);
    limits::sum(shapes.map(|shape| limits::product(shape.iter().copied()))) as u64
}

/// An elementwise operator as a formula.
pub(crate) trait Algebra {
    /// The function of one number that the operator is, given the operands that are one constant
    /// number each; the variable operand is `None`.
    fn function(&self, _constants: &[Option<f32>]) -> Option<RealFunction> {
        None
    }

    /// For `x op constant` (or `constant op x` if `reversed`): the factor and the offset of the
    /// elementwise `x * factor + offset` that it is.
    fn affine(&self, _constant: &ArrayD<f32>, _reversed: bool) -> Option<[ArrayD<f32>; 2]> {
        None
    }

    /// For a division: the multiplication by the reciprocal.
    fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        None
    }
}

/// What an operator may be asked to take over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// The activation that follows the operator.
    Activation(Activation),
    /// Operands are complex numbers, held as pairs along one more last dimension.
    ComplexPairs,
}

impl dyn Operator + '_ {
    /// The function of one number that it is: see [`Algebra::function`].
    pub(crate) fn function(&self, constants: &[Option<f32>]) -> Option<RealFunction> {
        self.algebra()?.function(constants)
    }

    /// The factor and the offset that it is: see [`Algebra::affine`].
    pub(crate) fn affine(
        &self,
        constant: &ArrayD<f32>,
        reversed: bool,
    ) -> Option<[ArrayD<f32>; 2]> {
        self.algebra()?.affine(constant, reversed)
    }

    /// The multiplication that it is: see [`Algebra::by_reciprocal`].
    pub(crate) fn by_reciprocal(&self) -> Option<Box<dyn Operator>> {
        self.algebra()?.by_reciprocal()
    }

    /// Takes over an activation that follows; false if it cannot.
    pub(crate) fn fuse(&mut self, activation: Activation) -> bool {
        self.adopt(Change::Activation(activation))
    }

    /// Takes complex operands; false if it cannot.
    pub(crate) fn take_pairs(&mut self) -> bool {
        self.adopt(Change::ComplexPairs)
    }
}

/// The error about an operator that the user keeps in float, but that has no float kernel.
pub(crate) fn no_float_kernel(name: &str) -> Error {
    Error::model(format!(
        "{name} cannot be kept in float; name a tensor that another operator computes"
    ))
}

/// A variable without a tensor in the file: see [`Operator::own_states`].
pub(crate) struct OwnState {
    /// What is added to the output's name.
    pub name: &'static str,
    pub element: ElementType,
    pub shape: Vec<usize>,
    /// What a fresh one contains; zeros if there is nothing.
    pub initial: Option<Constant>,
}

/// The method of [`Operator`] that takes a following activation over into the
/// field `activation`.
macro_rules! fused_activation {
    () => {
        fn adopt(&mut self, change: crate::ir::operator::Change) -> bool {
            let crate::ir::operator::Change::Activation(next) = change else {
                return false;
            };
            let fused = self.activation.then(next);
            self.activation = fused.unwrap_or(self.activation);
            fused.is_some()
        }
    };
}

pub(crate) use fused_activation;
