//! TensorFlow Lite Micro's signal library: custom operators that turn sound into features,
//! in integer arithmetic. uint32 is held as the bits of int32, uint64 as two words, and
//! complex numbers, as in the files, as pairs.
//!
//! What the reference leaves as it was in memory (frames that are not there yet, energies
//! outside of the range) is 0 here.

pub(crate) mod energy;
pub(crate) mod fft;
mod fft_sample;
pub(crate) mod filter_bank;
pub(crate) mod framer;
pub(crate) mod log;
pub(crate) mod overlap_add;
pub(crate) mod pcan;
pub(crate) mod spectral_subtraction;
pub(crate) mod spectrum;
pub(crate) mod window;

use ndarray::ArrayD;

use crate::error::{Error, Result};
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext};
use crate::ir::graph::{Constant, ElementType};
use crate::ir::kernel::{Kernel, Lowered, Source};
use crate::ir::operator::{Operator, OwnState, RealOperands};
use crate::ir::operator_traits::{Arithmetic, IntegerOperands, OperatorTraits};
use crate::ops::shared::operands::evaluate_by_kernel;
use crate::tflite::Attributes;

pub(crate) use energy::Energy;
pub(crate) use fft::{FftAutoScale, Irfft, Rfft};
pub(crate) use filter_bank::{FilterBank, FilterBankSquareRoot};
pub(crate) use framer::{Delay, Framer, Stacker};
pub(crate) use log::FilterBankLog;
pub(crate) use overlap_add::OverlapAdd;
pub(crate) use pcan::Pcan;
pub(crate) use spectral_subtraction::SpectralSubtraction;
pub(crate) use window::Window;

/// The largest number that an attribute may count to.
const MAX_COUNT: i32 = 1 << 20;

/// What sets one such operator apart from another.
pub(crate) trait Signal: Send + Sync {
    fn name(&self) -> &'static str;

    /// The element types of the operands that are computed, which come first.
    fn operands(&self) -> Vec<ElementType>;

    /// The element types of the outputs.
    fn outputs(&self) -> Vec<ElementType>;

    /// The shapes of the outputs.
    fn shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>>;

    /// What it keeps for the next run.
    fn states(&self, _inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        Ok(Vec::new())
    }

    /// Reads the operands, then the states; writes the outputs, then the states.
    fn kernel(&self, inputs: &[&[usize]]) -> Result<Box<dyn Kernel>>;
}

/// Makes a [`Signal`] an [`Operator`].
pub(crate) struct Processing {
    signal: Box<dyn Signal>,
    /// How many states it has.
    states: usize,
}

impl Processing {
    fn new(
        signal: impl Signal + 'static,
        states: usize,
        constants: usize,
        node: &ParseContext<'_>,
    ) -> Result<Self> {
        Self::checked(Box::new(signal), states, constants, node)
    }

    /// Checks the operands' element types; the file has `constants` behind them.
    fn checked(
        signal: Box<dyn Signal>,
        states: usize,
        constants: usize,
        node: &ParseContext<'_>,
    ) -> Result<Self> {
        let elements = signal.operands();
        let count = elements.len() + constants;
        if node.inputs.len() != count || node.outputs != signal.outputs().len() {
            return Err(Error::model(format!(
                "it has {} inputs and {} outputs, expected {count} and {}",
                node.inputs.len(),
                node.outputs,
                signal.outputs().len()
            )));
        }
        for (i, &element) in elements.iter().enumerate() {
            let found = node.input(i)?.element;
            if found != element {
                return Err(Error::model(format!(
                    "input {i} is {}, expected {}",
                    found.name(),
                    element.name()
                )));
            }
        }
        Ok(Self { signal, states })
    }

    fn is_float(&self) -> bool {
        self.signal.operands().contains(&ElementType::F32)
    }
}

impl Operator for Processing {
    fn name(&self) -> &'static str {
        self.signal.name()
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(self.signal.operands().len() + self.states),
            is_joint: true,
            variables: {
                let own = self.signal.operands().len();
                (own..own + self.states).collect()
            },
            integer_operands: IntegerOperands::All,
            takes_unsigned: true,
            arithmetic: if self.is_float() {
                Arithmetic::FloatOnly
            } else {
                Arithmetic::Integers
            },
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(self.output_shapes(inputs)?.swap_remove(0))
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Vec<Vec<usize>>> {
        self.signal.shapes(inputs)
    }

    /// Evaluates real numbers; integers are computed by [`crate::ops::shared::exact_int32`].
    fn evaluate_all(
        &self,
        inputs: &RealOperands<'_>,
        shapes: &[&[usize]],
    ) -> Result<Vec<ArrayD<f32>>> {
        if !self.is_float() {
            return Err(Error::model(
                "its tensors have not the element types that the reference asks for",
            ));
        }
        let count = inputs.iter().flatten().count();
        let dims: Vec<&[usize]> = inputs.iter().flatten().map(|view| view.shape()).collect();
        evaluate_by_kernel(&*self.signal.kernel(&dims)?, inputs, count, shapes)
    }

    fn own_states(&self, inputs: &[&[usize]]) -> Result<Vec<OwnState>> {
        self.signal.states(inputs)
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let written = [context.target].into_iter();
        let written = written.chain(context.other_targets.iter().copied());
        for (i, (target, element)) in written.zip(self.signal.outputs()).enumerate() {
            if target.element() != element.storage_type() {
                return Err(Error::model(format!(
                    "output {i} is not {}",
                    element.name()
                )));
            }
        }
        let mut shapes = Vec::new();
        let mut sources = Vec::new();
        for (i, operand) in context.inputs.iter().enumerate() {
            let value = operand.as_ref().map(|operand| operand.value);
            let value = value.ok_or_else(|| Error::model(format!("input {i} is missing")))?;
            shapes.push(value.shape.as_slice());
            sources.push(match (&value.constant, value.element) {
                (None, _) | (Some(_), ElementType::F32) => Source::Operand(i),
                (Some(constant), _) => {
                    let data = crate::ops::shared::exact_int32::constant(constant);
                    Source::Constant(data.ok_or_else(|| value.too_wide())?)
                }
            });
        }
        let kernel = self.signal.kernel(&shapes)?;
        Ok(Lowered { kernel, sources })
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// The attributes of a node.
pub(super) struct Options<'a>(Attributes<'a>);

impl<'a> Options<'a> {
    pub(super) fn new(node: &ParseContext<'a>) -> Result<Self> {
        let bytes = node.operator.custom_options().map(|o| o.bytes());
        let map = bytes.and_then(Attributes::new);
        map.map(Self)
            .ok_or_else(|| Error::model("its custom options are not a flexbuffer map"))
    }

    /// An attribute from `low` to `high`.
    fn integer(&self, key: &str, low: i32, high: i32) -> Result<i32> {
        let number = self
            .0
            .number(key)
            .ok_or_else(|| Error::model(format!("it has no attribute {key:?}")))?;
        let fits = number.fract() == 0.0 && number >= low.into() && number <= high.into();
        fits.then_some(number as i32).ok_or_else(|| {
            Error::model(format!(
                "its attribute {key:?} is {number}, expected {low} to {high}"
            ))
        })
    }

    /// A count, 1 at least.
    fn count(&self, key: &str) -> Result<usize> {
        Ok(self.integer(key, 1, MAX_COUNT)? as usize)
    }

    fn flag(&self, key: &str) -> bool {
        self.0.number(key).is_some_and(|x| x != 0.0)
    }

    /// The element type that the attribute "T" names.
    fn element(&self, allowed: &[ElementType]) -> Result<ElementType> {
        let number = self.integer("T", 0, 255)?;
        let element = match number {
            0 => ElementType::F32,
            2 => ElementType::I32,
            7 => ElementType::I16,
            _ => ElementType::Bool,
        };
        if allowed.contains(&element) {
            return Ok(element);
        }
        let names: Vec<&str> = allowed.iter().map(|e| e.name()).collect();
        Err(Error::model(format!(
            "its type \"T\" is number {number}; supported are {}",
            names.join(", ")
        )))
    }
}

/// Operand `i`, weights or a table of int16.
fn table(node: &ParseContext<'_>, i: usize, what: &str) -> Result<Vec<i16>> {
    match &node.input(i)?.constant {
        Some(Constant::I16(data)) => Ok(data.iter().copied().collect()),
        Some(_) => Err(Error::model(format!(
            "its {what} (input {i}) are not int16"
        ))),
        None => Err(Error::model(format!(
            "its {what} (input {i}) are computed at run time; only constants are supported"
        ))),
    }
}

/// The only dimension of operand `i`.
fn length(inputs: &[&[usize]], i: usize) -> Result<usize> {
    match inputs.get(i) {
        Some(&&[n]) => Ok(n),
        Some(shape) => Err(Error::model(format!(
            "input {i} has the shape {shape:?}, expected one dimension"
        ))),
        None => Err(Error::model(format!("input {i} is missing"))),
    }
}

/// The last dimension of operand 0, and how many rows there are.
fn rows(inputs: &[&[usize]]) -> Result<(usize, usize)> {
    match inputs.first() {
        Some(&[outer @ .., n]) => Ok((*n, outer.iter().product())),
        _ => Err(Error::model("its input has no dimensions")),
    }
}

/// Bits up to the highest that is set; 32 of 0, as the reference has it.
fn bits(x: u32) -> u32 {
    if x == 0 { 32 } else { 32 - x.leading_zeros() }
}

/// Words as they are held.
fn held(words: impl Iterator<Item = u32>) -> Buffer {
    Buffer::I32(words.map(|x| x as i32).collect())
}

/// Words of a tensor without sign.
fn unsigned(data: &Buffer) -> Vec<u32> {
    data.i32().iter().map(|&x| x as u32).collect()
}
