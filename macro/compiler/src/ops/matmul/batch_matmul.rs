//! BATCH_MATMUL, and the product of two computed matrices that FULLY_CONNECTED
//! with weights of run time shares.

use ndarray::ArrayD;
use niello_numeric::matmul::Stacks;
use niello_numeric::outputs::{self, Requantization};
use proc_macro2::TokenStream;
use quote::quote;

use crate::arithmetic::fixed_point::Multiplier;
use crate::error::{Error, Result};
use crate::ir::activation::Activation;
use crate::ir::buffer::Buffer;
use crate::ir::context::{LowerContext, ParseContext, Target};
use crate::ir::graph::{ElementType, Value, array, contiguous};
use crate::ir::kernel::{Emitted, Kernel, KernelId, Lowered, Source};
use crate::ir::operator::{Operator, RealOperands};
use crate::ir::operator_traits::OperatorTraits;
use crate::limits;
use crate::ops::shared::broadcast;
use crate::ops::shared::broadcast::Broadcast;
use crate::ops::shared::operands::operand;
use crate::ops::shared::weights::bias_values;
use crate::tokens::constants::Constants;
use crate::tokens::literals;

/// The operator BATCH_MATMUL, and the product of two computed matrices that FULLY_CONNECTED with
/// weights of run time shares.
pub(crate) struct BatchMatmul {
    adjoint: [bool; 2],
}

impl BatchMatmul {
    pub(crate) fn parse(node: &ParseContext<'_>) -> Result<Self> {
        let options = node.operator.builtin_options_as_batch_mat_mul_options();
        Ok(Self {
            adjoint: options.map_or([false; 2], |o| [o.adj_x(), o.adj_y()]),
        })
    }

    fn sizes(&self, a: &[usize], b: &[usize]) -> Result<Sizes> {
        let (Some((outer_a, &[rows, depth])), Some((outer_b, &[depth_b, columns]))) =
            (a.split_last_chunk::<2>(), b.split_last_chunk::<2>())
        else {
            return Err(Error::model("its operands are not matrices"));
        };
        let [adjoint_a, adjoint_b] = self.adjoint;
        let (rows, depth) = if adjoint_a {
            (depth, rows)
        } else {
            (rows, depth)
        };
        let (depth_b, columns) = if adjoint_b {
            (columns, depth_b)
        } else {
            (depth_b, columns)
        };
        if depth != depth_b {
            return Err(Error::model(format!(
                "{a:?} and {b:?} cannot be multiplied"
            )));
        }
        Ok(Sizes {
            broadcast: Broadcast::new(outer_a, outer_b)?,
            batches: broadcast::shape(outer_a, outer_b)?,
            rows,
            depth,
            columns,
            // Row and depth step of a, depth and column step of b.
            strides_a: if adjoint_a { [1, rows] } else { [depth, 1] },
            strides_b: if adjoint_b { [1, depth] } else { [columns, 1] },
        })
    }
}

/// The sizes of two stacks of matrices.
pub(crate) struct Sizes {
    pub broadcast: Broadcast,
    pub batches: Vec<usize>,
    pub rows: usize,
    pub depth: usize,
    pub columns: usize,
    pub strides_a: [usize; 2],
    pub strides_b: [usize; 2],
}

impl Sizes {
    /// The products of these pairs of matrices.
    fn stacks<'a>(&self, pairs: &'a [(usize, usize)]) -> Stacks<'a> {
        Stacks {
            pairs,
            rows: self.rows,
            depth: self.depth,
            columns: self.columns,
            strides_a: self.strides_a,
            strides_b: self.strides_b,
        }
    }
}

impl Operator for BatchMatmul {
    fn name(&self) -> &'static str {
        "BATCH_MATMUL"
    }

    fn traits(&self) -> OperatorTraits {
        OperatorTraits {
            operands: Some(2),
            ..OperatorTraits::default()
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let &[a, b] = inputs else {
            return Err(Error::model("it needs two operands"));
        };
        let sizes = self.sizes(a, b)?;
        Ok([sizes.batches.as_slice(), &[sizes.rows, sizes.columns]].concat())
    }

    fn work(&self, inputs: &[&[usize]], _: &[Vec<usize>]) -> u64 {
        let sizes = match *inputs {
            [a, b] => self.sizes(a, b).ok(),
            _ => None,
        };
        sizes.map_or(0, |s| {
            let inner = [s.rows, s.depth, s.columns];
            limits::product(s.batches.into_iter().chain(inner)) as u64
        })
    }

    fn evaluate(&self, inputs: &RealOperands<'_>, shape: &[usize]) -> Result<ArrayD<f32>> {
        let (a, b) = (operand(inputs, 0)?, operand(inputs, 1)?);
        let sizes = self.sizes(a.shape(), b.shape())?;
        let pairs = sizes.broadcast.positions();
        let operands = [&*contiguous(a), &*contiguous(b)];
        array(shape, sizes.stacks(&pairs).f32(operands, &[]))
    }

    fn lower(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        let sizes = self.sizes(
            &context.input(0)?.value.shape,
            &context.input(1)?.value.shape,
        )?;
        lower(context, sizes, None, Activation::None, false)
    }

    fn lower_float(&self, context: &LowerContext<'_>) -> Result<Lowered> {
        self.lower(context)
    }
}

/// The kernel of two matrices; the bias, if there is one, is at scale a x b.
pub(crate) fn lower(
    context: &LowerContext<'_>,
    sizes: Sizes,
    bias: Option<usize>,
    activation: Activation,
    rounds_once: bool,
) -> Result<Lowered> {
    let bias_operand = bias
        .and_then(|i| context.inputs.get(i))
        .and_then(Option::as_ref);
    if context.target == Target::F32 {
        return lower_float(sizes, bias_operand.map(|o| o.value), activation);
    }
    let (a, source_a) = broadcast::operand(context, 0)?;
    let (b, source_b) = broadcast::operand(context, 1)?;
    let (output, element) = (context.params_of_output()?, context.target.element());
    check_elements(context, element)?;
    // The reference multiplies the scales in single precision, LiteRT in double.
    let product = if rounds_once {
        f64::from(a.scale) * f64::from(b.scale)
    } else {
        f64::from(a.scale * b.scale)
    };
    let factor = product / f64::from(output.scale);
    let bias = match bias_operand {
        Some(operand) => bias_values(operand.value, product, sizes.columns)?,
        None => vec![0; sizes.columns],
    };
    let kernel = BatchMatmulKernel {
        sizes,
        offsets: [-a.zero_point, -b.zero_point],
        bias,
        output: if rounds_once {
            Multiplier::once(factor)
        } else {
            Multiplier::new(factor)
        },
        rounds_once,
        output_offset: output.zero_point,
        activation: activation.bounds_in(output, element),
        element,
    };
    Ok(Lowered::new(kernel, vec![source_a, source_b]))
}

/// Refuses a quantized operand of another type than `element`: int8 matrices are multiplied by
/// int8 ones, and int16 by int16.
fn check_elements(context: &LowerContext<'_>, element: ElementType) -> Result<()> {
    for i in 0..2 {
        let value = context.input(i)?.value;
        let is_quantized = [ElementType::I8, ElementType::I16].contains(&value.element);
        if is_quantized && value.element != element {
            return Err(Error::model(format!(
                "its operand {:?} is {}, but the product is of {}; make all \
                 of them one type",
                value.name,
                value.element.name(),
                element.name()
            )));
        }
    }
    Ok(())
}

struct BatchMatmulKernel {
    sizes: Sizes,
    offsets: [i32; 2],
    /// The bias of each output column.
    bias: Vec<i32>,
    output: Multiplier,
    rounds_once: bool,
    output_offset: i32,
    activation: (i32, i32),
    element: ElementType,
}

impl BatchMatmulKernel {
    /// How the sums of products become integer outputs.
    fn requantization(&self) -> Requantization<'_> {
        Requantization {
            multipliers: std::slice::from_ref(&self.output),
            rounds_once: self.rounds_once,
            offset: self.output_offset,
            activation: self.activation,
        }
    }

    /// The product of int16 matrices, with sums of 64 bits and TFLite's rounding of them.
    fn simulate_i16(&self, a: &[i16], b: &[i16]) -> Buffer {
        let pairs = self.sizes.broadcast.positions();
        let sums = self.sizes.stacks(&pairs);
        let sums = sums.i16([a, b], self.offsets, &self.bias);
        Buffer::saturated(ElementType::I16, self.requantization().of_i64(&sums))
    }
}

impl Kernel for BatchMatmulKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        if let [Buffer::I16(a), Buffer::I16(b)] = inputs {
            return self.simulate_i16(a, b);
        }
        let (a, b) = (inputs[0].i8(), inputs[1].i8());
        let pairs = self.sizes.broadcast.positions();
        let sums = self.sizes.stacks(&pairs);
        let sums = sums.i8([a, b], self.offsets, &self.bias);
        Buffer::saturated(ElementType::I8, self.requantization().of_i32(&sums))
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let matrices = self.sizes.emit();
        let [offset1, offset2] = self.offsets.map(literals::int);
        let bias = constants.words("BIAS", &self.bias);
        let (output, offset) = (
            literals::multiplier(self.output),
            literals::int(self.output_offset),
        );
        let (min, max) = (
            literals::int(self.activation.0),
            literals::int(self.activation.1),
        );
        let rounds_once = self.rounds_once;
        Emitted {
            parameters_type: quote!(BatchMatmul<'static>),
            parameters: quote!(rt::BatchMatmul {
                matrices: #matrices,
                input1_offset: #offset1,
                input2_offset: #offset2,
                bias: #bias,
                output_multiplier: #output,
                rounds_once: #rounds_once,
                output_offset: #offset,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new(if self.element == ElementType::I16 {
                "batch_matmul_i16"
            } else {
                "batch_matmul"
            }),
        }
    }

    fn macs(&self) -> u64 {
        self.sizes.macs()
    }
}

impl Sizes {
    fn emit(&self) -> TokenStream {
        let broadcast = self.broadcast.emit();
        let sizes = literals::fields(&[
            ("rows", self.rows),
            ("depth", self.depth),
            ("columns", self.columns),
        ]);
        let (strides1, strides2) = (
            literals::usizes(&self.strides_a),
            literals::usizes(&self.strides_b),
        );
        quote!(rt::Matrices {
            broadcast: #broadcast,
            #sizes
            strides1: [#strides1],
            strides2: [#strides2],
        })
    }

    fn macs(&self) -> u64 {
        (self.batches.iter().product::<usize>() * self.rows * self.depth * self.columns) as u64
    }
}

/// The kernel of an operator that is kept in float.
fn lower_float(sizes: Sizes, bias: Option<&Value>, activation: Activation) -> Result<Lowered> {
    let bias = match bias {
        Some(value) => value
            .real()
            .ok_or_else(|| Error::model("its bias is computed at run time"))?
            .iter()
            .copied()
            .collect(),
        None => vec![0.0; sizes.columns],
    };
    let kernel = FloatBatchMatmulKernel {
        sizes,
        bias,
        activation: activation.bounds(),
    };
    let sources = vec![Source::Operand(0), Source::Operand(1)];
    Ok(Lowered::new(kernel, sources))
}

struct FloatBatchMatmulKernel {
    sizes: Sizes,
    bias: Vec<f32>,
    activation: (f32, f32),
}

impl Kernel for FloatBatchMatmulKernel {
    fn simulate(&self, inputs: &[&Buffer]) -> Buffer {
        let (a, b) = (inputs[0].f32(), inputs[1].f32());
        let pairs = self.sizes.broadcast.positions();
        let mut output = self.sizes.stacks(&pairs).f32([a, b], &self.bias);
        outputs::clamp(&mut output, self.activation);
        Buffer::F32(output)
    }

    fn emit(&self, constants: &mut Constants) -> Emitted {
        let matrices = self.sizes.emit();
        let bias = constants.floats("BIAS", &self.bias);
        let (min, max) = (
            literals::float(self.activation.0),
            literals::float(self.activation.1),
        );
        Emitted {
            parameters_type: quote!(FloatBatchMatmul<'static>),
            parameters: quote!(rt::FloatBatchMatmul {
                matrices: #matrices,
                bias: #bias,
                activation_min: #min,
                activation_max: #max,
            }),
            function: KernelId::new("float_batch_matmul"),
        }
    }

    fn macs(&self) -> u64 {
        self.sizes.macs()
    }
}
