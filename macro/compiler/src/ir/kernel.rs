//! What operators become: a kernel and where its operands come from.

use niello_numeric::addition::AddParams;
use proc_macro2::TokenStream;
use quote::IdentFragment;

use crate::arithmetic::convert::truncate_i64;
use crate::ir::buffer::Buffer;
use crate::ir::channelwise::{Channels, IntRange};
use crate::ir::element_type::ElementType;
use crate::tokens::constants::Constants;

/// Where a kernel's operand comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The graph operand with this number.
    Operand(usize),
    /// A constant tensor with these elements.
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

/// A function of the runtime's `emitted_api`, which emitted code calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KernelId {
    name: &'static str,
    /// It takes all inputs as one array of slices.
    pub gathers_inputs: bool,
}

impl KernelId {
    /// A function that takes its inputs one by one.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            gathers_inputs: false,
        }
    }

    /// A function that takes all inputs as one array of slices.
    pub(crate) const fn gathering(name: &'static str) -> Self {
        Self {
            name,
            gathers_inputs: true,
        }
    }
}

impl std::fmt::Display for KernelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl IdentFragment for KernelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The emitted form of a kernel.
pub(crate) struct Emitted {
    /// The parameter struct, without the runtime's path.
    pub parameters_type: TokenStream,
    /// The literal of the parameter struct.
    pub parameters: TokenStream,
    /// The runtime function: `(&parameters, inputs.., output)`.
    pub function: KernelId,
}

/// How the memory of operand 0 and the output may overlap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Overlap {
    /// How many bytes the operand must begin behind the output at least.
    pub distance: usize,
    /// The runtime function: `(&parameters, memory, scratch.., operand's place)`.
    pub function: KernelId,
}

/// The biases of a kernel with weights, in the type of its sums.
pub(crate) enum Biases<'a> {
    I32(&'a mut [i32]),
    I64(&'a mut [i64]),
}

impl Biases<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::I32(bias) => bias.len(),
            Self::I64(bias) => bias.len(),
        }
    }

    /// The largest number that a correction may add: below 2^30 in sums of 32 bits, below 2^46
    /// in those of 64.
    pub(crate) fn largest_correction(&self) -> f64 {
        match self {
            Self::I32(_) => 1e9,
            Self::I64(_) => 6e13,
        }
    }

    /// Adds `more` to the bias of a channel, saturating.
    pub(crate) fn add(&mut self, channel: usize, more: i64) {
        match self {
            Self::I32(bias) => {
                let sum = i64::from(bias[channel]).saturating_add(more);
                bias[channel] = sum.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
            }
            Self::I64(bias) => bias[channel] = bias[channel].saturating_add(more),
        }
    }
}

/// The accumulators of a kernel with weights.
pub(crate) struct Accumulators<'a> {
    pub bias: Biases<'a>,
    /// Real value of one accumulator step, per channel.
    pub scales: Vec<f64>,
}

impl Accumulators<'_> {
    /// Adds the steps nearest to a real number to the bias of a channel, and says how many.
    pub(crate) fn correct(&mut self, channel: usize, real: f64) -> i64 {
        let most = self.bias.largest_correction();
        let step = self.scales[channel].max(f64::MIN_POSITIVE);
        let steps = truncate_i64((real / step).round().clamp(-most, most));
        self.bias.add(channel, steps);
        steps
    }
}

/// The weights of a kernel in steps, as a file holds them.
#[cfg(feature = "export")]
pub(crate) struct StoredWeights<'a> {
    /// In the order of the file's weights.
    pub filter: &'a [i8],
    /// One scale, or one for each output channel.
    pub scales: &'a [f32],
    pub bias: StoredBias<'a>,
}

/// The biases of a kernel in steps, which the sums' type sets.
#[cfg(feature = "export")]
pub(crate) enum StoredBias<'a> {
    I32(&'a [i32]),
    I64(&'a [i64]),
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

/// What a kernel does, if a neighbour could do it as well.
pub(crate) enum Role<'a> {
    /// Something that only this kernel does.
    Own,
    /// It surrounds the rows and columns of an NHWC input.
    Padding(Frame),
    /// It adds two int8 tensors of one shape.
    Addition {
        /// The numbers of the addition.
        params: &'a AddParams,
        /// How many elements each tensor has.
        elements: usize,
    },
    /// It puts rows of its operands side by side.
    Concatenation {
        /// How many elements one row of each operand has.
        widths: &'a [usize],
        /// The size of an element.
        element_bytes: usize,
        /// There is one row: the operands themselves lie side by side.
        is_one_row: bool,
    },
}

/// What a kernel may be asked to do besides its own work.
#[derive(Clone, Copy)]
pub(crate) enum Fusion<'a> {
    /// To find the frame by itself: values outside of its input are the input's zero point.
    Padding(&'a Frame),
    /// To add its output, operand `own` of the addition, and a second operand.
    Addition {
        /// The numbers of the addition.
        params: &'a AddParams,
        /// How many elements each tensor has.
        elements: usize,
        /// Which operand of the addition its output is.
        own: usize,
    },
    /// To store the channels of each pixel `stride` elements apart.
    OutputStride {
        /// The channels that it has.
        channels: usize,
        /// From one pixel to the next one.
        stride: usize,
    },
    /// To write `x ^ 0x80`, as kernels for x86-64 read their inputs.
    OutputXor128,
    /// To read a first operand that is `x ^ 0x80` already.
    InputXor128,
}

/// Compiled once, while each kernel has its own copy of the methods below.
fn alone(output: Buffer) -> Vec<Buffer> {
    vec![output]
}

/// A lowered operator: its parameters, its meaning and its emission.
///
/// `simulate` is written for clarity, by the specification; the runtime's
/// kernels are compared with it byte for byte.
pub(crate) trait Kernel: Send + Sync {
    /// Runs the kernel by plain loops. A kernel implements this, or [`Kernel::simulate_all`].
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        self.simulate_all(inputs).swap_remove(0)
    }

    /// Runs the kernel by plain loops and gives all outputs, scratch memory left out.
    fn simulate_all(&self, inputs: &[&Buffer]) -> Vec<Buffer> {
        alone(self.simulate(inputs))
    }

    /// The runtime call: the function and its parameters.
    fn emit(&self, constants: &mut Constants) -> Emitted;

    /// Memory that it needs while it runs: further outputs that nothing reads.
    fn scratch(&self) -> Vec<(ElementType, usize)> {
        Vec::new()
    }

    /// The number of multiply-accumulates in one run.
    fn macs(&self) -> u64 {
        0
    }

    /// The runtime function that overwrites input `i`, for inputs that the output may replace:
    /// `(&parameters, in_out, other inputs..)`.
    fn in_place(&self, _input: usize) -> Option<KernelId> {
        None
    }

    /// How its output may overlap its first operand, if it may be written while that is read.
    fn overlap(&self) -> Option<Overlap> {
        None
    }

    /// The kernel that targets with wide SIMD registers take instead.
    fn vectorized(&self) -> Option<Box<dyn Kernel>> {
        None
    }

    /// What a neighbour could do in its place.
    fn role(&self) -> Role<'_> {
        Role::Own
    }

    /// The kernel that does a neighbour's work, too, if there is one.
    fn fused(&self, _fusion: Fusion<'_>) -> Option<Box<dyn Kernel>> {
        None
    }

    /// What it knows of single channels.
    fn channelwise(&self) -> Option<&dyn Channelwise> {
        None
    }

    /// Weights and biases in steps, if it has any.
    #[cfg(feature = "export")]
    fn weights(&self) -> Option<StoredWeights<'_>> {
        None
    }

    /// The int32 accumulators, for bias correction.
    fn accumulators(&mut self) -> Option<Accumulators<'_>> {
        None
    }
}

/// Questions about neighbours, for the passes that fuse kernels and place tensors.
impl dyn Kernel + '_ {
    /// What it puts around the rows and columns of an NHWC input, if that is all it does.
    pub(crate) fn frame(&self) -> Option<Frame> {
        match self.role() {
            Role::Padding(frame) => Some(frame),
            _ => None,
        }
    }

    /// Elements of one row of each int8 operand, if it puts several rows of them side by side.
    pub(crate) fn parts(&self) -> Option<&[usize]> {
        match self.role() {
            Role::Concatenation {
                widths,
                element_bytes: 1,
                is_one_row: false,
            } => Some(widths),
            _ => None,
        }
    }

    /// Where each operand begins in the output, in bytes, if the output is nothing but the
    /// operands, side by side.
    pub(crate) fn joins(&self) -> Option<Vec<usize>> {
        let Role::Concatenation {
            widths,
            element_bytes,
            is_one_row: true,
        } = self.role()
        else {
            return None;
        };
        let begins = widths.iter().scan(0, |end, width| {
            let begin = *end;
            *end += width * element_bytes;
            Some(begin)
        });
        Some(begins.collect())
    }
}

/// A kernel whose operands and output have channels.
pub(crate) trait Channelwise {
    /// How many channels operand 0 has, where nothing else tells.
    fn depth(&self) -> Option<usize>;

    /// The ranges of the output's channels, from those of the operands; `None` if the
    /// kernel reads them as something else than channels.
    fn ranges(&self, operands: &[&[IntRange]]) -> Option<Vec<IntRange>>;

    /// Which channels of operand 0 make a difference to those of the output that are
    /// kept. `None` if the kernel does not mix channels: all operands have the output's.
    fn needs(&self, _input: &[IntRange], _output: &[bool]) -> Option<Vec<bool>> {
        None
    }

    /// An order of the output's channels that makes the kernel faster, of those in `kept`.
    fn better_order(&self, _kept: &[usize], _vectorized: bool) -> Option<Vec<usize>> {
        None
    }

    /// How many of the output's channels kernels take at once.
    fn unit(&self, vectorized: bool) -> usize {
        if vectorized { 16 } else { 4 }
    }

    /// The kernel with the channels that are kept. The others of the input are constant,
    /// or there are no weights for them.
    fn with(&self, input: &Channels, output: &Channels) -> Box<dyn Kernel>;
}
