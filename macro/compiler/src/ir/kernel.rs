//! What operators become: a kernel and where its operands come from.

use proc_macro2::TokenStream;

use crate::ir::add_params::AddParams;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::Channelwise;
use crate::ir::graph::ElementType;
use crate::tokens::constants::Constants;

/// Where a kernel's operand comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The graph operand with this number.
    Operand(usize),
    /// A constant tensor.
    Constant(Buffer),
}

/// An operator made ready to run.
pub(crate) struct Lowered {
    pub kernel: Box<dyn Kernel>,
    pub sources: Vec<Source>,
}

impl Lowered {
    /// A kernel of one computed tensor.
    pub(crate) fn unary(kernel: impl Kernel + 'static) -> Self {
        Self::new(kernel, vec![Source::Operand(0)])
    }

    pub(crate) fn new(kernel: impl Kernel + 'static, sources: Vec<Source>) -> Self {
        Self {
            kernel: Box::new(kernel),
            sources,
        }
    }
}

/// The emitted form of a kernel.
pub(crate) struct Emitted {
    /// The parameter struct, without the runtime's path.
    pub parameters_type: TokenStream,
    /// Its literal.
    pub parameters: TokenStream,
    /// The runtime function: `(&parameters, inputs.., output)`.
    pub function: &'static str,
}

/// How the memory of operand 0 and the output may overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overlap {
    /// How many bytes the operand must begin behind the output at least.
    pub distance: usize,
    /// The runtime function: `(&parameters, memory, scratch.., operand's place)`.
    pub function: &'static str,
}

/// The int32 accumulators of a kernel with weights.
pub(crate) struct Accumulators<'a> {
    pub bias: &'a mut Vec<i32>,
    /// Real value of one accumulator step, per channel.
    pub scales: Vec<f64>,
}

/// Rows and columns around an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Height and width of what is inside.
    pub input: [usize; 2],
    /// Rows above and columns left of it.
    pub before: [usize; 2],
    /// What they are filled with.
    pub value: f64,
}

/// A lowered operator: its parameters, its meaning and its emission.
///
/// `simulate` is written for clarity, by the specification; the runtime's
/// kernels are compared with it byte for byte.
pub(crate) trait Kernel: Send + Sync {
    /// Runs the kernel by plain loops.
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer;

    /// The same for all outputs, scratch memory left out.
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        vec![self.simulate(inputs)]
    }

    /// The kernel that targets with wide SIMD registers take instead.
    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        None
    }

    /// What it knows of single channels.
    fn channelwise(&self) -> Option<&dyn Channelwise> {
        None
    }

    /// What it puts around the rows and columns of an NHWC input, if that is all it does.
    fn frame(&self) -> Option<Frame> {
        None
    }

    /// The kernel that finds the frame by itself: values outside of its input are the
    /// input's zero point.
    fn without_frame(&self, _frame: &Frame) -> Option<Box<dyn Kernel>> {
        None
    }

    /// The addition, if that is all it does, of two int8 tensors of one shape, and how many
    /// elements they have.
    fn addition(&self) -> Option<(&AddParams, usize)> {
        None
    }

    /// Of a vectorized kernel of one operand: the same one, with the addition of its output,
    /// operand `own` of `addition`, and a second operand.
    fn adding(&self, _addition: (&AddParams, usize), _own: usize) -> Option<Box<dyn Kernel>> {
        None
    }

    /// Elements of one row of each operand, if its rows are those of int8 operands, side by
    /// side, and there are several.
    fn parts(&self) -> Option<&[usize]> {
        None
    }

    /// Of a vectorized kernel with so many int8 channels: the same one, with other channels
    /// between those of one pixel and the next one's, `step` elements apart.
    fn with_output_stride(&self, _channels: usize, _step: usize) -> Option<Box<dyn Kernel>> {
        None
    }

    /// Of a vectorized kernel: the same one, which writes its output shifted, as vectorized
    /// kernels take their inputs.
    fn writing_shifted(&self) -> Option<Box<dyn Kernel>> {
        None
    }

    /// The same one, whose first operand is shifted already.
    fn reading_shifted(&self) -> Option<Box<dyn Kernel>> {
        None
    }

    /// Memory that it needs while it runs: further outputs that nothing reads.
    fn scratch(&self) -> Vec<(ElementType, usize)> {
        Vec::new()
    }

    /// True if the runtime function takes all inputs as one array of slices.
    fn gathers_inputs(&self) -> bool {
        false
    }

    /// The runtime call.
    fn emit(&self, constants: &mut Constants) -> Emitted;

    /// Multiply-accumulates of one run.
    fn macs(&self) -> u64 {
        0
    }

    /// The runtime function that overwrites input `i`, for inputs that the
    /// output may replace: `(&parameters, in_out, other inputs..)`.
    fn in_place(&self, _input: usize) -> Option<&'static str> {
        None
    }

    /// For kernels that may write into their first operand's memory while they
    /// read it.
    fn overlap(&self) -> Option<Overlap> {
        None
    }

    /// Where each operand begins in the output, in bytes, if the output is nothing
    /// but the operands, side by side.
    fn joins(&self) -> Option<Vec<usize>> {
        None
    }

    /// For bias correction.
    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        None
    }
}
